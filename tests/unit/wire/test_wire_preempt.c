/* SPDX-License-Identifier: Apache-2.0 */
/* /preempt: both forms of victims in, one form out; a node left out is vetoed. */
#include "scoring/wire/wire.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

#include <stdio.h>
#include <string.h>

static const struct test_node nodes[] = {
    {.name = "held", .mode = "exact", .held = "aabaa."},
    {.name = "split", .mode = "exact", .held = "a...b."},
    {.name = "no-uid", .mode = "exact", .held = "A...B."},
    {.name = "foreseen", .mode = "predicted", .held = "aabaa."},
};

static struct test_world w;

static void setup(void)
{
    test_world_make(&w, nodes, sizeof nodes / sizeof nodes[0], NULL);
}

static void teardown(void)
{
    test_world_free(&w);
}

#define POD_OF(limits, annotations)                                                                \
    "{\"metadata\":{\"annotations\":{" annotations "}},\"spec\":{\"containers\":[{\"resources\":{" \
    "\"limits\":{" limits "}}}]}}"
#define STRICT "\"switchyard.dev/require\":\"switch\""
#define SLOT "\"switchyard.dev/require\":\"slot\""
#define WHOLE(letter)                                                                              \
    "{\"Pods\":[{\"metadata\":{\"namespace\":\"ns\",\"name\":\"pod-" letter                        \
    "\",\"uid\":\"uid-" letter "\"}}],\"NumPDBViolations\":0}"
#define META(uid) "{\"Pods\":[{\"UID\":\"" uid "\"}],\"NumPDBViolations\":0}"

static const struct {
    const char *what, *body, *answer;
} answers[] = {
    {"victims make room",
     "{\"Pod\":" POD_OF(TEST_LIMITS_2_1,
                        "") ",\"NodeNameToVictims\":null,"
                            "\"NodeNameToMetaVictims\":{\"held\":" META("uid-a") "}}",
     "{\"NodeNameToMetaVictims\":{\"held\":" META("uid-a") "}}"},
    {"too little room",
     "{\"Pod\":" POD_OF(TEST_LIMITS_2_1, "") ",\"NodeNameToMetaVictims\":{"
                                             "\"held\":" META("uid-b") "}}",
     "{\"NodeNameToMetaVictims\":{}}"},
    {"a requirement that they would not meet",
     "{\"Pod\":" POD_OF("\"" TEST_NPU "\":2", STRICT) ",\"NodeNameToMetaVictims\":{\"split\":" META(
         "uid-z") ",\"held\":" META("uid-a") "}}",
     "{\"NodeNameToMetaVictims\":{\"held\":" META("uid-a") "}}"},
    {"unknown nodes are kept",
     "{\"Pod\":" POD_OF(
         TEST_LIMITS_2_1,
         "") ",\"NodeNameToMetaVictims\":{"
             "\"x\":{\"Pods\":[{\"UID\":\"u1\"},{\"UID\":\"u2\"}],\"NumPDBViolations\":-3}}}",
     "{\"NodeNameToMetaVictims\":{\"x\":{\"Pods\":[{\"UID\":\"u1\"},{\"UID\":\"u2\"}],"
     "\"NumPDBViolations\":-3}}}"},
    {"whole pods",
     "{\"Pod\":" POD_OF(
         TEST_LIMITS_2_1,
         "") ",\"NodeNameToVictims\":{\"held\":{"
             "\"Pods\":[{\"metadata\":{\"uid\":\"uid-a\",\"name\":\"v\"},\"spec\":{}}],"
             "\"NumPDBViolations\":1}},\"NodeNameToMetaVictims\":null}",
     "{\"NodeNameToMetaVictims\":{\"held\":{\"Pods\":[{\"UID\":\"uid-a\"}],"
     "\"NumPDBViolations\":1}}}"},
    {"holders without uid are known by their names",
     "{\"Pod\":" POD_OF("\"" TEST_NPU "\":2",
                        STRICT) ",\"NodeNameToVictims\":{\"no-uid\":" WHOLE("a") "}}",
     "{\"NodeNameToMetaVictims\":{\"no-uid\":" META("uid-a") "}}"},
    {"so one who is not among the victims stays",
     "{\"Pod\":" POD_OF("\"" TEST_NPU "\":2",
                        STRICT) ",\"NodeNameToVictims\":{\"no-uid\":" WHOLE("z") "}}",
     "{\"NodeNameToMetaVictims\":{}}"},
    {"uids alone do not tell",
     "{\"Pod\":" POD_OF("\"" TEST_NPU "\":2",
                        STRICT) ",\"NodeNameToMetaVictims\":{\"no-uid\":" META("uid-z") "}}",
     "{\"NodeNameToMetaVictims\":{\"no-uid\":" META("uid-z") "}}"},
    {"a name that is no text is none",
     "{\"Pod\":" POD_OF(
         "\"" TEST_NPU "\":2",
         STRICT) ",\"NodeNameToVictims\":{\"no-uid\":{\"Pods\":[{\"metadata\":{\"uid\":\"uid-z\","
                 "\"name\":\"a\\u0000\",\"namespace\":7}}]}}}",
     "{\"NodeNameToMetaVictims\":{\"no-uid\":" META("uid-z") "}}"},
    {"what can never be is dropped in any mode",
     "{\"Pod\":" POD_OF("\"" TEST_NPU "\":2", SLOT) ",\"NodeNameToMetaVictims\":{\"no-uid\":" META(
         "uid-a") ","
                  "\"foreseen\":" META("uid-a") ",\"held\":" META("uid-b") "}}",
     "{\"NodeNameToMetaVictims\":{}}"},
    {"lower case",
     "{\"pod\":" POD_OF(TEST_LIMITS_2_1,
                        "") ",\"nodenametometavictims\":{\"held\":{"
                            "\"pods\":[{\"uid\":\"uid-a\"}],\"numpdbviolations\":2}}}",
     "{\"NodeNameToMetaVictims\":{\"held\":{\"Pods\":[{\"UID\":\"uid-a\"}],"
     "\"NumPDBViolations\":2}}}"},
    {"a malformed pod never fits",
     "{\"Pod\":" POD_OF(TEST_LIMITS_2_1,
                        "\"switchyard.dev/require\":\"x\"") ",\"NodeNameToMetaVictims\":{"
                                                            "\"held\":" META("uid-a") "}}",
     "{\"NodeNameToMetaVictims\":{}}"},
    {"but what it says means nothing without devices",
     "{\"Pod\":{\"metadata\":{\"annotations\":{\"switchyard.dev/require\":\"x\"}}},"
     "\"NodeNameToMetaVictims\":{\"held\":" META("uid-b") "}}",
     "{\"NodeNameToMetaVictims\":{\"held\":" META("uid-b") "}}"},
    {"nothing of ours", "{\"Pod\":{},\"NodeNameToMetaVictims\":{\"held\":" META("uid-b") "}}",
     "{\"NodeNameToMetaVictims\":{\"held\":" META("uid-b") "}}"},
    {"no nodes", "{\"Pod\":{}}", "{\"NodeNameToMetaVictims\":{}}"},
    {"null victims", "{\"Pod\":{},\"NodeNameToMetaVictims\":{\"x\":null}}",
     "{\"NodeNameToMetaVictims\":{\"x\":{\"Pods\":[],\"NumPDBViolations\":0}}}"},
};

static enum sy_code answer(const char *body, struct sy_arena *arena, struct sy_str *out,
                           struct sy_err *err)
{
    return sy_wire_preempt(body, strlen(body), &w.world, w.catalogue, arena, out, err);
}

START_TEST(answered)
{
    struct sy_str out;
    struct sy_err err = {0};
    sy_str_init(&out, 65536);
    ck_assert_msg(answer(answers[_i].body, w.arena, &out, &err) == SY_OK, "%s: %s",
                  answers[_i].what, err.text);
    ck_assert_str_eq(out.data, answers[_i].answer);
    sy_str_done(&out);
}
END_TEST

#define VICTIMS "/NodeNameToMetaVictims"
static const struct {
    const char *body, *message;
} refused[] = {
    {"[]", "/: expected object, got array"},
    {"{}", "/Pod: required"},
    {"{\"Pod\":1}", "/Pod: expected object, got integer"},
    {"{\"Pod\":{},\"NodeNameToMetaVictims\":[]}", VICTIMS ": expected object, got array"},
    {"{\"Pod\":{},\"NodeNameToVictims\":3}", "/NodeNameToVictims: expected object, got integer"},
    {"{\"Pod\":{},\"NodeNameToMetaVictims\":{\"n\":[]}}", VICTIMS "/n: expected object, got array"},
    {"{\"Pod\":{},\"NodeNameToMetaVictims\":{\"n\":{\"Pods\":{}}}}",
     VICTIMS "/n/Pods: expected array, got object"},
    {"{\"Pod\":{},\"NodeNameToMetaVictims\":{\"n\":{\"Pods\":[7]}}}",
     VICTIMS "/n/Pods/0: expected object, got integer"},
    {"{\"Pod\":{},\"NodeNameToMetaVictims\":{\"n\":{\"Pods\":[{}]}}}",
     VICTIMS "/n/Pods/0/UID: expected string, got nothing"},
    {"{\"Pod\":{},\"NodeNameToMetaVictims\":{\"n\":{\"Pods\":[{\"UID\":1}]}}}",
     VICTIMS "/n/Pods/0/UID: expected string, got integer"},
    {"{\"Pod\":{},\"NodeNameToMetaVictims\":{\"n\":{\"NumPDBViolations\":1.0}}}",
     VICTIMS "/n/NumPDBViolations: expected integer, got real"},
    {"{\"Pod\":{},\"NodeNameToVictims\":{\"n\":{\"Pods\":[{\"metadata\":{}}]}}}",
     "/NodeNameToVictims/n/Pods/0/metadata/uid: expected string, got nothing"},
};

START_TEST(errors)
{
    struct sy_str out;
    struct sy_err err = {0};
    sy_str_init(&out, 65536);
    ck_assert_int_eq(answer(refused[_i].body, w.arena, &out, &err), SY_EINVAL);
    ck_assert_str_eq(err.text, refused[_i].message);
    sy_str_done(&out);
}
END_TEST

static enum sy_code answer_under_fault(void *data, struct sy_err *err)
{
    struct sy_str out;
    struct sy_arena *arena = sy_arena_new((size_t)64 << 20);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    sy_str_init(&out, 65536);
    enum sy_code code = answer(data, arena, &out, err);
    sy_str_done(&out);
    sy_arena_free(arena);
    return code;
}

START_TEST(memory_may_fail_anywhere)
{
    char body[1024];
    (void)snprintf(body, sizeof body, "%s", answers[2].body);
    (void)sy_fault_sweep(answer_under_fault, body, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire_preempt");
    TCase *tc = tcase_create("wire_preempt");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, answered, 0, sizeof answers / sizeof answers[0]);
    tcase_add_loop_test(tc, errors, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tc, memory_may_fail_anywhere);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
