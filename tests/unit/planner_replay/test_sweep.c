/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a sweep, joined, print what one run prints, byte for byte; parts that do not belong
 * together are refused by name. Through the commands, as a user would. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/str.h"
#include "planner/replay/command.h"
#include "small.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct sy_command *const commands[] = {&sy_command_replay, &sy_command_replay_merge};

struct said {
    char *out, *err;
    size_t out_len, err_len;
    int status;
};

/* `line`: arguments separated by blanks. */
static struct said say(const char *line)
{
    struct said said = {0};
    char copy[4096], *argv[64] = {(char *)(uintptr_t) "switchyard"}, *save = NULL;
    int argc = 1;
    (void)snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    FILE *out = open_memstream(&said.out, &said.out_len);
    FILE *err = open_memstream(&said.err, &said.err_len);
    said.status = sy_cli_main(commands, 2, argc, argv, out, err);
    (void)fclose(out);
    (void)fclose(err);
    return said;
}

static void forget(struct said *said)
{
    free(said->out);
    free(said->err);
}

static char folder[] = "/tmp/replay-sweep-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static int at;
    at = (at + 1) % 4;
    (void)snprintf(path[at], sizeof path[at], "%s/%s", folder, name);
    return path[at];
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

#define PODS                                                                                       \
    "p,4000,4096,1,500,\np,8000,8192,1,1000,\np,2000,1024,0,0,\np,16000,4096,2,1000,\n"            \
    "p,4000,4096,1,300,T4\n"

static void set_up(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/replay-sweep-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_file("nodes.csv", SMALL_NODES_HEAD "a,32000,32768,2,T4\nb,32000,32768,4,G2\n"
                                             "c,16000,8192,1,Odd\n");
    write_file("pods.csv", SMALL_PODS_HEAD PODS);
    write_file("more.csv", SMALL_PODS_HEAD PODS PODS "p,1,1,1,100,\n");
    write_file("order.pods", "0\n1\n2\n3\n4\n3\n3\n1\n");
    write_file("ties.nodes", "2\n0\n1\n");
}

static void tear_down(void)
{
    static const char *const names[] = {"nodes.csv",  "pods.csv", "more.csv", "order.pods",
                                        "ties.nodes", "1.json",   "2.json",   "3.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(in_folder(names[i]));
    (void)rmdir(folder);
}

static void line_of(char line[2048], const char *more)
{
    (void)snprintf(line, 2048, "replay --nodes %s/nodes.csv --pods %s/pods.csv %s", folder, folder,
                   more);
}

static struct said replay(const char *more)
{
    char line[2048];
    line_of(line, more);
    return say(line);
}

static const char *const sweeps[] = {
    "--policy fgd --seeds 1-4",
    "--policy fgd,pwr-fgd:500,best-fit --seeds 7-8 --arrivals 90",
    "--policy fgd,random --no-baselines --seeds 3",
    "--policy packing --seed 5",
    "--policy fgd,dot-product --seed 5",
};
static const char *const formats[] = {"json", "table", "wide", "csv", "yaml"};

/* Three parts of every sweep, given in another order. */
START_TEST(joined)
{
    char more[512];
    const char *sweep = sweeps[_i / 5], *format = formats[_i % 5];
    (void)snprintf(more, sizeof more, "--pods %s/more.csv %s", folder,
                   strstr(sweep, "--seed ") != NULL ? "--seeds 5-6 --policy fgd" : sweep);
    const char *options = strstr(sweep, "--seed ") != NULL ? sweep : more;
    for (int part = 1; part <= 3; part++) {
        char line[2048], name[24];
        (void)snprintf(line, sizeof line, "%s --shard %d/3", options, part);
        (void)snprintf(name, sizeof name, "%d.json", part);
        struct said said = replay(line);
        ck_assert_msg(said.status == 0, "%s", said.err);
        write_file(name, said.out);
        forget(&said);
    }
    char line[2048];
    (void)snprintf(line, sizeof line, "%s -o %s", options, format);
    struct said whole = replay(line);
    (void)snprintf(line, sizeof line, "replay merge %s %s %s -o %s", in_folder("3.json"),
                   in_folder("1.json"), in_folder("2.json"), format);
    struct said parts = say(line);
    ck_assert_msg(whole.status == 0 && parts.status == 0, "%s%s", whole.err, parts.err);
    ck_assert_uint_gt(whole.out_len, 200);
    ck_assert_str_eq(parts.out, whole.out);
    forget(&whole);
    forget(&parts);
}
END_TEST

/* {shard of the first file, its options}, the same of the second; what merge says. */
static const struct {
    const char *first, *second, *error;
} strangers[] = {
    {"--seeds 1-2 --shard 1/2", "--seeds 1-2 --shard 1/2", "part 1 of 2 twice: "},
    {"--seeds 1-2 --shard 1/3", "--seeds 1-2 --shard 3/3", "part 2 of 3 is missing"},
    {"--seeds 1-2 --shard 1/2", "--seeds 1-2 --shard 2/3", "a part of 3, but "},
    {"--seeds 1-2 --shard 1/2", "--seeds 1-3 --shard 2/2", "a part of another sweep than "},
    {"--seeds 1-2 --shard 1/2", "--seeds 1-2 --shard 2/2 --no-baselines",
     "a part of another sweep than "},
    {"--seeds 1-2 --shard 1/2", "--seeds 1-2 --shard 2/2 --typical-percent 50",
     "a part of another sweep than "},
    {"--seeds 1-2 --shard 1/2", "--seeds 1-2", "'Replay' is not a part of a sweep"},
};

START_TEST(not_joined)
{
    char line[1024];
    for (int i = 0; i < 2; i++) {
        (void)snprintf(line, sizeof line, "--policy fgd -o json %s",
                       i == 0 ? strangers[_i].first : strangers[_i].second);
        struct said said = replay(line);
        ck_assert_msg(said.status == 0, "%s", said.err);
        write_file(i == 0 ? "1.json" : "2.json", said.out);
        forget(&said);
    }
    (void)snprintf(line, sizeof line, "replay merge %s %s", in_folder("1.json"),
                   in_folder("2.json"));
    struct said said = say(line);
    ck_assert_int_eq(said.status, 65);
    ck_assert_str_eq(said.out, "");
    ck_assert_msg(strstr(said.err, strangers[_i].error) != NULL, "expected '%s' in '%s'",
                  strangers[_i].error, said.err);
    forget(&said);
}
END_TEST

/* A part of which something was changed: what stands there and what is said. */
static const struct {
    const char *from, *to, *error;
} broken[] = {
    {"\"pods\": 5", "\"pods\": \"5\"", "expected integer, got string"},
    {"\"seedTo\": 1", "\"seedTo\": 99999999", "seeds 1-99999999: not 1..10000 of them"},
    {"\"cell\": 0", "\"cell\": 7", "/cells/0: run 7 does not belong here"},
    {"\"of\": 1", "\"of\": 0", "/shard/of: 0 "},
    {"\"jobs\": [", "\"jobs\": [1,", "/bins/jobs: "},
    {"\"failedPodsByKind\"", "\"failed\"", "/cells/0/failedPodsByKind: required"},
    {"{", "{{", "1.json: "},
};

START_TEST(hostile_parts)
{
    char line[512];
    struct said said = replay("--policy fgd --no-baselines --seeds 1-1 --shard 1/1");
    ck_assert_msg(said.status == 0, "%s", said.err);
    char *place = strstr(said.out, broken[_i].from);
    ck_assert_msg(place != NULL, "no %s", broken[_i].from);
    struct sy_str text;
    sy_str_init(&text, 1u << 20);
    sy_str_append_n(&text, said.out, (size_t)(place - said.out));
    sy_str_append(&text, broken[_i].to);
    sy_str_append(&text, place + strlen(broken[_i].from));
    write_file("1.json", text.data);
    sy_str_done(&text);
    forget(&said);
    (void)snprintf(line, sizeof line, "replay merge %s", in_folder("1.json"));
    said = say(line);
    ck_assert_int_eq(said.status, 65);
    ck_assert_msg(strstr(said.err, broken[_i].error) != NULL, "expected '%s' in '%s'",
                  broken[_i].error, said.err);
    forget(&said);
}
END_TEST

static const struct {
    const char *options;
    int status;
    const char *error;
} usage[] = {
    {"", 64, "switchyard replay: expected --policy NAME[,NAME ...]\n"},
    {"--policy fgd,fgd", 64, "switchyard replay: --policy: 'fgd' twice\n"},
    {"--policy nope", 64, "switchyard replay: unknown policy 'nope' (known: "},
    {"--policy fgd --seeds 9-3", 64, "switchyard replay: --seeds '9-3': expected A-B, as in 42-51"},
    {"--policy fgd --seeds 1-99999", 64, "switchyard replay: --seeds 1-99999: more than 10000"},
    {"--policy fgd --seeds x", 64, "switchyard replay: --seeds 'x': expected A-B"},
    {"--policy fgd --seeds 1-2 --seed 1", 64,
     "switchyard replay: --seed and --seeds: expected one of them"},
    {"--policy fgd --shard 3/2", 64, "switchyard replay: --shard '3/2': expected I/N"},
    {"--policy fgd --shard 0/2", 64, "switchyard replay: --shard '0/2': expected I/N"},
    {"--policy fgd --shard 1/2 -o table", 64,
     "switchyard replay: --shard gives JSON: not -o table"},
    {"--policy fgd --arrivals 0", 64, "switchyard replay: --arrivals '0': "},
    {"--policy pwr-fgd", 64, "switchyard replay: policy 'pwr-fgd' needs the weight of power"},
    {"--policy fgd --order /nonexistent", 66, "switchyard replay: /nonexistent: not found\n"},
    {"--policy fgd --power /nonexistent", 66, "switchyard replay: /nonexistent: not found\n"},
    {"--policy fgd --seeds 1-2 --order /x", 64,
     "switchyard replay: --order is of one trace, run once: not with --seeds\n"},
    {"--policy fgd surplus", 64, "switchyard replay: unexpected argument 'surplus'\n"},
};

START_TEST(misuse)
{
    struct said said = replay(usage[_i].options);
    ck_assert_msg(said.status == usage[_i].status &&
                      strncmp(said.err, usage[_i].error, strlen(usage[_i].error)) == 0,
                  "%s: expected %d '%s', got %d '%s'", usage[_i].options, usage[_i].status,
                  usage[_i].error, said.status, said.err);
    ck_assert_str_eq(said.out, "");
    forget(&said);
}
END_TEST

/* The contract's keys of one run in a given order, and the baselines beside it. */
START_TEST(keys)
{
    char line[512];
    (void)snprintf(line, sizeof line, "--policy fgd -o json --order %s --ties %s",
                   in_folder("order.pods"), in_folder("ties.nodes"));
    struct said said = replay(line);
    ck_assert_msg(said.status == 0, "%s", said.err);
    ck_assert_str_eq(said.err, "switchyard: note: pods: no power known, counted as 0 W: Odd\n");
    json_t *json = json_loads(said.out, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(json, "kind")), "Replay");
    ck_assert_str_eq(json_string_value(json_object_get(json, "policy")), "fgd");
    ck_assert_int_eq(json_integer_value(json_object_get(json, "pods")), 8);
    ck_assert_int_gt(json_integer_value(json_object_get(json, "usedMilliGpu")), 3000);
    ck_assert(json_is_integer(json_object_get(json, "failedPods")));
    ck_assert(json_is_number(json_object_get(json, "fragmentMilli")));
    const json_t *curve = json_object_get(json, "allocation");
    const json_t *last = json_array_get(curve, json_array_size(curve) - 1);
    ck_assert(json_is_number(json_object_get(last, "arrivedPercent")));
    ck_assert(json_is_number(json_object_get(last, "allocatedPercent")));
    ck_assert(json_is_number(json_object_get(last, "powerWatts")));
    const json_t *baselines = json_object_get(json, "baselines");
    ck_assert_uint_eq(json_array_size(baselines), 2);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(baselines, 1), "policy")),
                     "kube-default");
    json_decref(json);
    forget(&said);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    struct said said = replay(data);
    enum sy_code code = said.status == 0    ? SY_OK
                        : said.status == 71 ? sy_fail(err, SY_ENOMEM, "%s", said.err)
                                            : sy_fail(err, SY_EINTERNAL, "%s", said.err);
    forget(&said);
    return code;
}

START_TEST(failing_allocations)
{
    static char *const lines[] = {
        (char *)(uintptr_t) "--policy best-fit --no-baselines --arrivals 2",
        (char *)(uintptr_t) "--policy best-fit --no-baselines --arrivals 2 "
                            "--seeds 1-2 -o csv",
        (char *)(uintptr_t) "--policy best-fit --no-baselines --arrivals 2 "
                            "--shard 1/1"};
    ck_assert_int_gt(sy_fault_sweep(sweep, lines[_i], 0), 20);
}
END_TEST

static enum sy_code merge(void *data, struct sy_err *err)
{
    struct said said = say(data);
    enum sy_code code = said.status == 0    ? SY_OK
                        : said.status == 71 ? sy_fail(err, SY_ENOMEM, "%s", said.err)
                                            : sy_fail(err, SY_EINTERNAL, "%s", said.err);
    forget(&said);
    return code;
}

START_TEST(failing_allocations_of_merge)
{
    char line[256];
    struct said said = replay("--policy best-fit --no-baselines --arrivals 2 --shard 1/1");
    ck_assert_msg(said.status == 0, "%s", said.err);
    write_file("1.json", said.out);
    forget(&said);
    (void)snprintf(line, sizeof line, "replay merge %s", in_folder("1.json"));
    ck_assert_int_gt(sy_fault_sweep(merge, line, 0), 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_sweep");
    TCase *tc = tcase_create("sweep");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, joined, 0, 25);
    tcase_add_loop_test(tc, not_joined, 0, sizeof strangers / sizeof strangers[0]);
    tcase_add_loop_test(tc, hostile_parts, 0, sizeof broken / sizeof broken[0]);
    tcase_add_loop_test(tc, misuse, 0, sizeof usage / sizeof usage[0]);
    tcase_add_test(tc, keys);
    tcase_add_loop_test(tc, failing_allocations, 0, 3);
    tcase_add_test(tc, failing_allocations_of_merge);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
