/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies that a real kube-scheduler sent (tests/cluster/recorded): each is read, and the answer
 * to it keeps the wire's rules. What another world than ours answered is not compared. */
#include "base/file.h"
#include "scoring/wire/wire.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define FOLDER SY_SOURCE_DIR "/tests/cluster/recorded"

static const struct test_node nodes[] = {{.name = "node-a", .mode = "exact"},
                                         {.name = "node-b", .mode = "exact", .held = "aabaa."},
                                         {.name = "node-c"}};
static struct test_world w;

static json_t *reread(const struct sy_str *out)
{
    const struct sy_json_limits limits = {
        .max_bytes = 1 << 24, .max_depth = 64, .reject_duplicates = true};
    json_t *root;
    struct sy_err err = {0};
    ck_assert_msg(sy_json_parse(out->data, out->len, &limits, &root, &err) == SY_OK, "%s",
                  err.text);
    return root;
}

static void check_filter(const struct sy_args *args, const struct sy_str *out)
{
    json_t *root = reread(out);
    static const char *const keys[] = {"Nodes", "NodeNames", "FailedNodes",
                                       "FailedAndUnresolvableNodes", "Error"};
    ck_assert_uint_eq(json_object_size(root), 5);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_ptr_nonnull(json_object_get(root, keys[i]));
    ck_assert(json_is_null(json_object_get(root, "FailedNodes")));
    ck_assert_str_eq(json_string_value(json_object_get(root, "Error")), "");
    const json_t *names = json_object_get(root, "NodeNames");
    const json_t *items = json_object_get(json_object_get(root, "Nodes"), "items");
    size_t failed = json_object_size(json_object_get(root, "FailedAndUnresolvableNodes"));
    size_t passed = args->names_mode ? json_array_size(names) : json_array_size(items);
    ck_assert_uint_eq(passed + failed, args->n);
    const json_t *sent = json_object_get(json_object_get(args->root, "Nodes"), "items");
    for (size_t i = 0, k = 0; !args->names_mode && i < passed; i++, k++) {
        while (k < args->n && !json_equal(json_array_get(sent, k), json_array_get(items, i)))
            k++;
        ck_assert_uint_lt(k, args->n); /* echoed, in the order asked */
    }
    json_decref(root);
}

static void check_prioritize(const struct sy_args *args, const struct sy_str *out)
{
    json_t *root = reread(out);
    ck_assert_uint_eq(json_array_size(root), args->n);
    for (size_t i = 0; i < args->n; i++) {
        const json_t *one = json_array_get(root, i);
        json_int_t score = json_integer_value(json_object_get(one, "Score"));
        ck_assert_str_eq(json_string_value(json_object_get(one, "Host")), args->candidate[i].name);
        ck_assert(json_is_integer(json_object_get(one, "Score")) && score >= 0 && score <= 10);
    }
    json_decref(root);
}

static void check_call(const char *name, const char *body, size_t len)
{
    struct sy_args args;
    struct sy_err err = {0};
    struct sy_str out;
    ck_assert_msg(sy_args_parse(body, len, w.cluster, w.catalogue, w.arena, &args, &err) == SY_OK,
                  "%s: %s", name, err.text);
    ck_assert(args.n > 0 && args.request.malformed == NULL && args.request.nentry > 0);
    ck_assert_int_gt(args.request.created_us, 0);
    struct sy_verdict *verdict = sy_arena_calloc(w.arena, args.n, sizeof *verdict);
    sy_str_init(&out, 1 << 24);
    bool filter = strncmp(name, "filter", 6) == 0;
    enum sy_code code = filter ? sy_engine_filter(&w.world, &args.request, args.candidate, args.n,
                                                  w.arena, verdict, &err)
                               : sy_engine_prioritize(&w.world, &args.request, args.candidate,
                                                      args.n, w.arena, verdict, &err);
    ck_assert_msg(code == SY_OK, "%s: %s", name, err.text);
    code = filter ? sy_wire_filter(&args, verdict, &out, &err)
                  : sy_wire_prioritize(&args, verdict, &out, &err);
    ck_assert_msg(code == SY_OK, "%s: %s", name, err.text);
    if (filter)
        check_filter(&args, &out);
    else
        check_prioritize(&args, &out);
    sy_str_done(&out);
    sy_args_done(&args);
}

static void check_preempt(const char *name, const char *body, size_t len)
{
    struct sy_err err = {0};
    struct sy_str out;
    sy_str_init(&out, 1 << 24);
    ck_assert_msg(sy_wire_preempt(body, len, &w.world, w.catalogue, w.arena, &out, &err) == SY_OK,
                  "%s: %s", name, err.text);
    json_t *root = reread(&out);
    ck_assert(json_is_object(json_object_get(root, "NodeNameToMetaVictims")));
    json_decref(root);
    sy_str_done(&out);
}

START_TEST(recorded)
{
    DIR *folder = opendir(FOLDER);
    if (folder == NULL) {
        sy_skip("no recorded bodies");
        return;
    }
    test_world_make(&w, nodes, 3, NULL);
    unsigned seen = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const char *name = entry->d_name;
        if (strstr(name, ".request.json") == NULL)
            continue;
        char path[1024], *body;
        size_t len;
        struct sy_err err = {0};
        (void)snprintf(path, sizeof path, FOLDER "/%s", name);
        ck_assert_msg(sy_file_read(path, 1 << 24, &body, &len, &err) == SY_OK, "%s", err.text);
        if (strncmp(name, "preempt", 7) == 0)
            check_preempt(name, body, len);
        else
            check_call(name, body, len);
        sy_free(body);
        seen++;
    }
    (void)closedir(folder);
    test_world_free(&w);
    ck_assert_uint_gt(seen, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire_recorded");
    TCase *tc = tcase_create("wire_recorded");
    tcase_add_test(tc, recorded);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
