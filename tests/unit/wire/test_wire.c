/* SPDX-License-Identifier: Apache-2.0 */
/* kube-scheduler's wire: what is accepted, what is refused and with which text, and the bytes of
 * every answer. */
#include "base/str.h"
#include "scoring/wire/slices.h"
#include "scoring/wire/wire.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

#include <stdio.h>
#include <string.h>

static const struct test_node nodes[] = {{.name = "free", .mode = "exact"},
                                         {.name = "held", .mode = "exact", .held = "aabaa."},
                                         {.name = "silent"}};

static struct test_world w;

static void setup(void)
{
    test_world_make(&w, nodes, 3, NULL);
}

static void teardown(void)
{
    test_world_free(&w);
}

#define POD                                                                                        \
    "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"resources\":{\"limits\":"         \
    "{" TEST_LIMITS_2_1 "}}}]}}"

#define POD_OF(annotations)                                                                        \
    "{\"metadata\":{\"name\":\"p\",\"annotations\":{" annotations                                  \
    "}},\"spec\":{\"containers\":[{\"resources\":{\"limits\":{" TEST_LIMITS_2_1 "}}}]}}"

static enum sy_code parse(const char *body, struct sy_args *ret, struct sy_err *err)
{
    return sy_args_parse(body, strlen(body), w.cluster, w.catalogue, w.arena, ret, err);
}

enum verb { FILTER, PRIORITIZE };

/* The whole of a call; the arena is the caller's. */
static enum sy_code answer(enum verb verb, const char *body, size_t len, struct sy_arena *arena,
                           struct sy_str *out, struct sy_err *err)
{
    struct sy_args args;
    enum sy_code code = sy_args_parse(body, len, w.cluster, w.catalogue, arena, &args, err);
    if (code != SY_OK)
        return code;
    struct sy_verdict *verdict = sy_arena_calloc(arena, args.n, sizeof *verdict);
    if (verdict == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    else if (verb == FILTER)
        code =
            sy_engine_filter(&w.world, &args.request, args.candidate, args.n, arena, verdict, err);
    else
        code = sy_engine_prioritize(&w.world, &args.request, args.candidate, args.n, arena, verdict,
                                    err);
    if (code == SY_OK)
        code = verb == FILTER ? sy_wire_filter(&args, verdict, out, err)
                              : sy_wire_prioritize(&args, verdict, out, err);
    sy_args_done(&args);
    return code;
}

#define HELD "switchyard busy: too few free devices"
static const struct {
    const char *what;
    enum verb verb;
    const char *body, *answer;
} answers[] = {
    {"names", FILTER, "{\"Pod\":" POD ",\"Nodes\":null,\"NodeNames\":[\"silent\",\"held\",\"x\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"silent\",\"x\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":{\"held\":\"" HELD "\"},\"Error\":\"\"}"},
    {"all pass", FILTER, "{\"Pod\":" POD ",\"NodeNames\":[\"free\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"free\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"none passes", FILTER, "{\"Pod\":" POD ",\"NodeNames\":[\"held\"]}",
     "{\"Nodes\":null,\"NodeNames\":[],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":{\"held\":\"" HELD "\"},\"Error\":\"\"}"},
    {"no candidates", FILTER, "{\"Pod\":" POD ",\"Nodes\":null,\"NodeNames\":null}",
     "{\"Nodes\":null,\"NodeNames\":[],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"empty names", FILTER, "{\"Pod\":" POD ",\"NodeNames\":[]}",
     "{\"Nodes\":null,\"NodeNames\":[],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"lower case", FILTER, "{\"pod\":" POD ",\"nodes\":null,\"nodenames\":[\"free\",\"held\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"free\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":{\"held\":\"" HELD "\"},\"Error\":\"\"}"},
    {"camel case", FILTER, "{\"pod\":" POD ",\"nodeNames\":[\"free\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"free\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"of repeated keys the last counts", FILTER,
     "{\"Pod\":7,\"NodeNames\":[\"held\"],\"Pod\":" POD ",\"NodeNames\":[\"free\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"free\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"unknown keys mean nothing", FILTER,
     "{\"Extra\":{\"a\":[1.5,null]},\"Pod\":" POD ",\"NodeNames\":[\"free\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"free\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"names are escaped", FILTER, "{\"Pod\":" POD ",\"NodeNames\":[\"a\\\"\\u0001\\\\/\\u00e9\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"a\\\"\\u0001\\\\/\xC3\xA9\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"whole nodes go back byte for byte", FILTER,
     "{ \"Pod\" : " POD " , \"Nodes\" : { \"metadata\": {} , \"items\" : [ "
     "{\"z\":1.0,\"metadata\":{\"name\":\"free\",\"b\":1,\"a\":2},\"y\":[1e3,-0,9007199254740993,"
     "9223372036854775807,\"]}\\\"\\u0041\"] } , "
     "{\"metadata\":{\"name\":\"held\"}}\n,\t{\"metadata\":{\"name\":\"x\"},\"k\": "
     "\"\\ud83d\\ude00\"}"
     " ] } }",
     "{\"Nodes\":{\"metadata\":{},\"items\":[{\"z\":1.0,\"metadata\":{\"name\":\"free\",\"b\":1,"
     "\"a\":2},\"y\":[1e3,-0,9007199254740993,9223372036854775807,\"]}\\\"\\u0041\"] },"
     "{\"metadata\":{\"name\":\"x\"},\"k\": \"\\ud83d\\ude00\"}]},\"NodeNames\":null,"
     "\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":{\"held\":\"" HELD "\"},\"Error\":\"\"}"},
    {"keys of nodes in escapes and twice", FILTER,
     "{\"Pod\":" POD ",\"Nodes\":{\"items\":[]},\"Nod\\u0065s\":{\"items\":[{}],\"item\\u0073\":["
     "{\"metadata\":{\"name\":\"free\"}}]}}",
     "{\"Nodes\":{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"free\"}}]},\"NodeNames\":"
     "null,"
     "\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"no items", FILTER, "{\"Pod\":" POD ",\"Nodes\":{\"items\":null},\"NodeNames\":null}",
     "{\"Nodes\":{\"metadata\":{},\"items\":[]},\"NodeNames\":null,\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"names win over nodes", FILTER,
     "{\"Pod\":" POD ",\"Nodes\":{\"items\":[{\"metadata\":{\"name\":\"held\"}}]},"
     "\"NodeNames\":[\"free\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"free\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"a pod without devices", FILTER, "{\"Pod\":{},\"NodeNames\":[\"held\",\"x\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"held\",\"x\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"a malformed annotation is said in full", FILTER,
     "{\"Pod\":" POD_OF(
         "\"switchyard.dev/require\":\"ra\\u0001\\\"ck\"") ",\"NodeNames\":[\"held\"]}",
     "{\"Nodes\":null,\"NodeNames\":[],\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":{"
     "\"held\":"
     "\"switchyard never: switchyard.dev/require 'ra\\\\x01\\\\x22ck': 'ra\\\\x01\\\\x22ck' is not "
     "one of "
     "slot, switch, root, numa, socket, any\"},\"Error\":\"\"}"},
    {"a profile that the policy lacks as well", FILTER,
     "{\"Pod\":" POD_OF("\"switchyard.dev/profile\":\"fast\"") ",\"NodeNames\":[\"x\"]}",
     "{\"Nodes\":null,\"NodeNames\":[],\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":{\"x\":"
     "\"switchyard never: switchyard.dev/profile 'fast': the policy has no such profile\"},"
     "\"Error\":\"\"}"},
    {"what no set of all its devices meets is never, full or not", FILTER,
     "{\"Pod\":" POD_OF("\"switchyard.dev/require\":\"slot\"") ",\"NodeNames\":[\"held\",\"x\"]}",
     "{\"Nodes\":null,\"NodeNames\":[],\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":{"
     "\"held\":"
     "\"switchyard never: no devices meet require\",\"x\":\"switchyard busy: require cannot be "
     "shown, "
     "the node's topology is unknown\"},\"Error\":\"\"}"},
    {"a pod without devices passes whatever its annotations say", FILTER,
     "{\"Pod\":{\"metadata\":{\"annotations\":{\"switchyard.dev/require\":\"npu=rack\","
     "\"switchyard.dev/profile\":\"fast\"}}},\"NodeNames\":[\"held\",\"x\"]}",
     "{\"Nodes\":null,\"NodeNames\":[\"held\",\"x\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"every node is prioritized", PRIORITIZE, "{\"Pod\":" POD ",\"NodeNames\":[\"held\",\"free\"]}",
     "[{\"Host\":\"held\",\"Score\":0},{\"Host\":\"free\",\"Score\":10}]"},
    {"unknown hosts as well", PRIORITIZE, "{\"Pod\":" POD ",\"NodeNames\":[\"x\\n\"]}",
     "[{\"Host\":\"x\\n\",\"Score\":10}]"},
    {"none to prioritize", PRIORITIZE, "{\"Pod\":" POD "}", "[]"},
    {"one score for pods without devices", PRIORITIZE,
     "{\"Pod\":{},\"NodeNames\":[\"held\",\"free\"]}",
     "[{\"Host\":\"held\",\"Score\":10},{\"Host\":\"free\",\"Score\":10}]"},
};

START_TEST(answered)
{
    struct sy_str out;
    struct sy_err err = {0};
    sy_str_init(&out, 65536);
    enum sy_code code =
        answer(answers[_i].verb, answers[_i].body, strlen(answers[_i].body), w.arena, &out, &err);
    ck_assert_msg(code == SY_OK, "%s: %s", answers[_i].what, err.text);
    ck_assert_str_eq(out.data, answers[_i].answer);
    sy_str_done(&out);
}
END_TEST

static const struct {
    const char *what, *body;
    enum sy_code code;
    const char *message;
} refused[] = {
    {"nothing", "", SY_EPARSE, NULL},
    {"truncated", "{\"Pod\":{\"spec\":{", SY_EPARSE, NULL},
    {"two documents", "{\"Pod\":{}} {}", SY_EPARSE, NULL},
    {"invalid UTF-8", "{\"Pod\":{},\"NodeNames\":[\"\xFF\xFE\"]}", SY_EPARSE, NULL},
    {"a list", "[]", SY_EINVAL, "/: expected object, got array"},
    {"a number", "3", SY_EINVAL, "/: expected object, got integer"},
    {"no pod", "{\"NodeNames\":[]}", SY_EINVAL, "/Pod: required"},
    {"null pod", "{\"Pod\":null,\"NodeNames\":[]}", SY_EINVAL, "/Pod: required"},
    {"pod", "{\"Pod\":[]}", SY_EINVAL, "/Pod: expected object, got array"},
    {"names", "{\"Pod\":{},\"NodeNames\":{}}", SY_EINVAL, "/NodeNames: expected array, got object"},
    {"names of a number", "{\"Pod\":{},\"NodeNames\":1}", SY_EINVAL,
     "/NodeNames: expected array, got integer"},
    {"a name", "{\"Pod\":{},\"NodeNames\":[\"a\",1.0]}", SY_EINVAL,
     "/NodeNames/1: expected string, got real"},
    {"a null name", "{\"Pod\":{},\"NodeNames\":[null]}", SY_EINVAL,
     "/NodeNames/0: expected string, got null"},
    {"a name with NUL", "{\"Pod\":{},\"NodeNames\":[\"a\\u0000b\"]}", SY_EINVAL,
     "/NodeNames/0: holds a NUL byte"},
    {"nodes", "{\"Pod\":{},\"Nodes\":[]}", SY_EINVAL, "/Nodes: expected object, got array"},
    {"items", "{\"Pod\":{},\"Nodes\":{\"items\":{}}}", SY_EINVAL,
     "/Nodes/items: expected array, got object"},
    {"a node", "{\"Pod\":{},\"Nodes\":{\"items\":[3]}}", SY_EINVAL,
     "/Nodes/items/0: expected object, got integer"},
    {"a node without metadata", "{\"Pod\":{},\"Nodes\":{\"items\":[{}]}}", SY_EINVAL,
     "/Nodes/items/0/metadata: required"},
    {"a node without name", "{\"Pod\":{},\"Nodes\":{\"items\":[{\"metadata\":{}}]}}", SY_EINVAL,
     "/Nodes/items/0/metadata/name: required"},
    {"quantity",
     "{\"Pod\":{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"nvidia.com/gpu\":[]}}}]}}}",
     SY_EINVAL,
     "/Pod/spec/containers/0/resources/limits/nvidia.com~1gpu: expected string or integer, got "
     "array"},
    {"a huge integer", "{\"Pod\":{\"x\":99999999999999999999}}", SY_EPARSE, NULL},
    {"a huge real", "{\"Pod\":{\"x\":1e999}}", SY_EPARSE, NULL},
};

START_TEST(errors)
{
    struct sy_args args;
    struct sy_err err = {0};
    ck_assert_msg(parse(refused[_i].body, &args, &err) == refused[_i].code, "%s: %s",
                  refused[_i].what, err.text);
    ck_assert_str_ne(err.text, "");
    if (refused[_i].message != NULL)
        ck_assert_str_eq(err.text, refused[_i].message);
}
END_TEST

START_TEST(too_deep)
{
    char body[512];
    struct sy_args args;
    struct sy_err err = {0};
    memset(body, '[', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    memcpy(body, "{\"Pod\":", 7);
    ck_assert_int_eq(parse(body, &args, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "line 1, column 71: nested more than 64 deep");
}
END_TEST

START_TEST(too_many_names)
{
    struct sy_str body;
    struct sy_args args;
    struct sy_err err = {0};
    sy_str_init(&body, 1 << 20);
    sy_str_append(&body, "{\"Pod\":{},\"NodeNames\":[\"\"");
    for (unsigned i = 0; i < SY_WIRE_NAMES_MAX; i++)
        sy_str_append(&body, ",\"\"");
    sy_str_append(&body, "]}");
    ck_assert_int_eq(parse(body.data, &args, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "/NodeNames: 100001 names, more than 100000");
    sy_str_done(&body);
}
END_TEST

START_TEST(too_long_a_name)
{
    char body[2048], name[1100];
    struct sy_args args;
    struct sy_err err = {0};
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    (void)snprintf(body, sizeof body, "{\"Pod\":{},\"NodeNames\":[\"%s\"]}", name);
    ck_assert_int_eq(parse(body, &args, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "/NodeNames/0: 1099 bytes long, more than 1024");
}
END_TEST

/* Every prefix of a good body is an error, never more. */
START_TEST(truncated_anywhere)
{
    const char *body = answers[10].body;
    size_t len = strlen(body);
    for (size_t cut = 0; cut < len; cut++) {
        struct sy_args args;
        struct sy_err err = {0};
        char *copy = sy_strndup(body, cut); /* so that a read past the end is seen */
        enum sy_code code = sy_args_parse(copy, cut, w.cluster, w.catalogue, w.arena, &args, &err);
        ck_assert_msg(code == SY_EPARSE, "cut at %zu: %s", cut, err.text);
        sy_free(copy);
    }
}
END_TEST

/* "switchyard.dev/fabric" of a node that the cluster does not know. */
static char *body_with_template(const char *annotation)
{
    sy_autojson json_t *text = json_string(annotation);
    char *quoted;
    size_t len;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_json_dump(text, false, &quoted, &len, &err), SY_OK);
    char *body = sy_arena_printf(w.arena,
                                 "{\"Pod\":" POD ",\"Nodes\":{\"items\":[{\"metadata\":{\"name\":"
                                 "\"t\",\"annotations\":{\"switchyard.dev/fabric\":%s}}}]}}",
                                 quoted);
    sy_free(quoted);
    ck_assert_ptr_nonnull(body);
    return body;
}

START_TEST(templates)
{
    static const struct test_node fit = {.name = "t", .mode = "exact"};
    static const struct test_node full = {.name = "t", .mode = "exact", .held = "aabaa."};
    char *text = test_node_document(&fit);
    struct sy_args args;
    struct sy_err err = {0};
    ck_assert_msg(parse(body_with_template(text), &args, &err) == SY_OK, "%s", err.text);
    sy_free(text);
    ck_assert(!args.names_mode);
    ck_assert_uint_eq(args.ntemplate, 1);
    ck_assert_int_eq(args.candidate[0].index, -1);
    ck_assert_ptr_nonnull(args.candidate[0].template_);
    struct sy_verdict verdict;
    ck_assert_int_eq(
        sy_engine_prioritize(&w.world, &args.request, args.candidate, 1, w.arena, &verdict, &err),
        SY_OK);
    ck_assert_int_eq(verdict.reason, SY_REASON_FITS);
    ck_assert_int_eq(verdict.mode, SY_MODE_EXACT);
    ck_assert_uint_gt(verdict.score, w.policy->unknown_node_score);
    sy_args_done(&args);
    text = test_node_document(&full);
    ck_assert_int_eq(parse(body_with_template(text), &args, &err), SY_OK);
    sy_free(text);
    ck_assert_int_eq(
        sy_engine_filter(&w.world, &args.request, args.candidate, 1, w.arena, &verdict, &err),
        SY_OK);
    ck_assert_int_eq(verdict.reason, SY_REASON_HELD);
    sy_args_done(&args);
}
END_TEST

START_TEST(unreadable_templates)
{
    struct sy_args args;
    struct sy_err err = {0};
    ck_assert_msg(parse(body_with_template("{\"spec\":"), &args, &err) == SY_OK, "%s", err.text);
    ck_assert_ptr_null(args.candidate[0].template_);
    ck_assert_ptr_nonnull(strstr(args.candidate[0].template_error, "switchyard.dev/fabric: "));
    sy_args_done(&args);
    const char *body = "{\"Pod\":{},\"Nodes\":{\"items\":[{\"metadata\":{\"name\":\"t\","
                       "\"annotations\":{\"switchyard.dev/fabric\":7}}}]}}";
    ck_assert_int_eq(parse(body, &args, &err), SY_OK);
    ck_assert_str_eq(args.candidate[0].template_error,
                     "switchyard.dev/fabric: expected string, got integer");
    sy_args_done(&args);
}
END_TEST

START_TEST(error_answer)
{
    struct sy_str out;
    struct sy_err err = {0};
    sy_str_init(&out, 4096);
    ck_assert_int_eq(sy_wire_filter_error("a \"b\"", &out, &err), SY_OK);
    ck_assert_str_eq(out.data, "{\"Nodes\":null,\"NodeNames\":null,\"FailedNodes\":null,"
                               "\"FailedAndUnresolvableNodes\":null,\"Error\":\"a \\\"b\\\"\"}");
    sy_str_done(&out);
}
END_TEST

START_TEST(answer_past_its_limit)
{
    struct sy_str out;
    struct sy_err err = {0};
    const char *body = answers[0].body;
    sy_str_init(&out, 100);
    ck_assert_int_eq(answer(FILTER, body, strlen(body), w.arena, &out, &err), SY_ENOMEM);
    ck_assert_str_eq(err.text, "no memory for the answer, or more than 100 bytes");
    sy_str_done(&out);
}
END_TEST

#define POD_MALFORMED                                                                              \
    "{\"Pod\":" POD_OF("\"switchyard.dev/profile\":\"fast\"") ",\"NodeNames\":[\"free\"]}"

struct sweep {
    enum verb verb;
    const char *body;
};

static enum sy_code answer_under_fault(void *data, struct sy_err *err)
{
    const struct sweep *sweep = data;
    struct sy_str out;
    struct sy_arena *arena = sy_arena_new((size_t)64 << 20);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    sy_memo_clear(w.memo);
    sy_str_init(&out, 65536);
    enum sy_code code = answer(sweep->verb, sweep->body, strlen(sweep->body), arena, &out, err);
    sy_str_done(&out);
    sy_arena_free(arena);
    return code;
}

START_TEST(memory_may_fail_anywhere)
{
    static const struct test_node fit = {.name = "t", .mode = "exact", .small = true};
    char *text = test_node_document(&fit);
    struct sweep sweeps[] = {{FILTER, answers[0].body},
                             {FILTER, answers[11].body},
                             {FILTER, body_with_template(text)},
                             {FILTER, POD_MALFORMED},
                             {PRIORITIZE, answers[0].body}};
    (void)sy_fault_sweep(answer_under_fault, &sweeps[_i], 0);
    sy_free(text);
}
END_TEST

#define ADD(test, table) tcase_add_loop_test(tc, test, 0, sizeof table / sizeof table[0])

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *tc = tcase_create("wire");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    ADD(answered, answers);
    ADD(errors, refused);
    tcase_add_test(tc, too_deep);
    tcase_add_test(tc, too_many_names);
    tcase_add_test(tc, too_long_a_name);
    tcase_add_test(tc, truncated_anywhere);
    tcase_add_test(tc, templates);
    tcase_add_test(tc, unreadable_templates);
    tcase_add_test(tc, error_answer);
    tcase_add_test(tc, answer_past_its_limit);
    tcase_add_loop_test(tc, memory_may_fail_anywhere, 0, 5);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
