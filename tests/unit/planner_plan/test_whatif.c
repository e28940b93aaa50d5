/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard whatif -f`: whole command lines with their exact output, and what is wrong with
 * scenario files. Outputs: outcomes/NAME.txt. */
#include "base/file.h"
#include "planner/whatif/scenario.h"
#include "planner/whatif/scenario_answer.h"
#include "planner/whatif/scenario_command.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXAMPLES "deploy/examples/planner/"
#define OUTCOMES SY_SOURCE_DIR "/tests/unit/planner_plan/outcomes/"
#define OUTPUT_MAX ((size_t)4 << 20)
#define ARGS_MAX 32

/* Run a command line (words apart by blanks) in the repository's root; what it printed is given
 * back, both streams one after the other. */
static int run_line(const char *line, char **ret_out)
{
    static const struct sy_command *const commands[] = {&sy_command_whatif};
    char *copy = strdup(line), *rest = NULL, *argv[ARGS_MAX] = {(char *)"switchyard"};
    int argc = 1;
    size_t len = 0;
    ck_assert_int_eq(chdir(SY_SOURCE_DIR), 0);
    for (char *at = strtok_r(copy, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
        ck_assert_int_lt(argc, ARGS_MAX - 1);
        argv[argc++] = at;
    }
    FILE *out = open_memstream(ret_out, &len);
    ck_assert_ptr_nonnull(out);
    int status = sy_cli_main(commands, 1, argc, argv, out, out);
    ck_assert_int_eq(fclose(out), 0);
    free(copy);
    return status;
}

struct example {
    const char *name, *line;
    int status;
};
#define WHATIF                                                                                     \
    "whatif --snapshot " EXAMPLES "snapshot.json --policy " EXAMPLES "policy.yaml -f " EXAMPLES
static const struct example examples[] = {
    {"add-rack", WHATIF "add-rack.yaml", 0},
    {"maintenance", WHATIF "maintenance.yaml", 0},
    {"maintenance-json", WHATIF "maintenance.yaml -o json", 0},
    {"lose-rack", WHATIF "lose-rack.yaml -o wide", 1},
    {"tighter-feed", WHATIF "tighter-feed.yaml --diff " EXAMPLES "policy-absolute.yaml", 1},
};

START_TEST(examples_are_exact)
{
    const struct example *example = &examples[_i];
    char path[1024], *out = NULL;
    sy_autofree char *expected = NULL;
    size_t len;
    struct sy_err err = {0};
    int status = run_line(example->line, &out);
    (void)snprintf(path, sizeof path, OUTCOMES "%s.txt", example->name);
    if (sy_file_read(path, OUTPUT_MAX, &expected, &len, &err) != SY_OK ||
        strcmp(out, expected) != 0) {
        (void)snprintf(path, sizeof path, "%s.txt.new", example->name);
        (void)chdir(SY_BINARY_DIR);
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        (void)fputs(out, file);
        (void)fclose(file);
        ck_abort_msg("%s: the output is another one, see " SY_BINARY_DIR "/%s", example->name,
                     path);
    }
    ck_assert_int_eq(status, example->status);
    free(out);
}
END_TEST

START_TEST(the_same_again)
{
    char *one = NULL, *other = NULL;
    (void)run_line(examples[_i].line, &one);
    (void)run_line(examples[_i].line, &other);
    ck_assert_str_eq(one, other);
    free(one);
    free(other);
}
END_TEST

#define HEAD "apiVersion: switchyard.dev/v1alpha1\nkind: Scenario\n"
struct wrong {
    const char *what, *text;
    const char *error; /* behind "switchyard whatif: FILE" */
    int status;
};
static const struct wrong wrongs[] = {
    {"empty", "", ":1:1: no document", 65},
    {"no head", "steps: []\n", ":1:1: 'apiVersion': expected switchyard.dev/v1alpha1", 65},
    {"another kind", "apiVersion: switchyard.dev/v1alpha1\nkind: Policy\nsteps: []\n",
     ":2:7: 'kind': expected Scenario", 65},
    {"unknown key", HEAD "stepz: []\n",
     ":3:1: unknown key 'stepz' (known: apiVersion, kind, metadata, templates, shapes, steps)", 65},
    {"no steps", HEAD, ":1:1: 'steps': expected a list of at most 1000 steps", 65},
    {"steps that are a map", HEAD "steps: {}\n",
     ":3:8: 'steps': expected a list of at most 1000 steps", 65},
    {"unknown step", HEAD "steps:\n- explode: x\n",
     ":4:3: unknown key 'explode' (known: submit, deletePods, addNodes, drain, cordon, uncordon, "
     "remove, failNode, failDevice, degradeLink, cap, policy)",
     65},
    {"two in one step", HEAD "steps:\n- drain: {node: a}\n  cordon: {node: b}\n",
     ":4:3: a step has one key, this has 2", 65},
    {"a step that is none", HEAD "steps:\n- 7\n", ":4:3: expected a map, got '7'", 65},
    {"nothing submitted", HEAD "steps:\n- submit: {count: 2}\n",
     ":4:11: expected one of 'file' and 'manifest'", 65},
    {"too many", HEAD "steps:\n- submit: {file: x, count: 10001}\n",
     ":4:28: 10001 is not within 0..10000", 65},
    {"a manifest that is none", HEAD "steps:\n- submit: {manifest: 7}\n",
     ":4:22: 'manifest': expected a Kubernetes object", 65},
    {"two ways to nodes", HEAD "steps:\n- drain: {node: a, domain: b}\n",
     ":4:10: expected one of 'node', 'selector' and 'domain'", 65},
    {"no such template", HEAD "steps:\n- addNodes: {template: x}\n",
     ":4:24: 'template': there is none of that name in 'templates'", 65},
    {"a template of nothing", HEAD "templates: {x: {price: 1}}\nsteps: []\n",
     ":3:16: expected one of 'like', 'file' and 'topology'", 65},
    {"amounts of a copy", HEAD "templates: {x: {like: a, allocatable: {cpu: 1}}}\nsteps: []\n",
     ":3:39: 'allocatable': expected a map, beside 'topology'", 65},
    {"a price below zero", HEAD "templates: {x: {like: a, price: -1}}\nsteps: []\n",
     ":3:33: -1 is not within 0..1000000000000", 65},
    {"labels that are a list", HEAD "templates: {x: {like: a, labels: [b]}}\nsteps: []\n",
     ":3:34: 'labels': expected a map of at most 64 labels", 65},
    {"no device", HEAD "steps:\n- failDevice: {node: a}\n", ":4:15: 'device' is required", 65},
    {"no rate", HEAD "steps:\n- degradeLink: {node: a, device: b}\n", ":4:16: 'gbps' is required",
     65},
    {"a cap of nothing", HEAD "steps:\n- cap: {watts: 7}\n",
     ":4:8: expected 'domain', or 'node' with or without 'device'", 65},
    {"a cap of a device of a domain", HEAD "steps:\n- cap: {watts: 7, domain: a, device: b}\n",
     ":4:8: expected 'domain', or 'node' with or without 'device'", 65},
    {"an empty name", HEAD "steps:\n- drain: {node: ''}\n", ":4:17: 'node': is empty", 65},
    {"an alias", HEAD "steps:\n- drain: {node: &a b}\n", ":4:17: anchors are not allowed", 65},
    /* Found when it is run */
    {"no such node", HEAD "steps:\n- drain: {node: nowhere}\n",
     ":4:3: drain: no node 'nowhere' in the cluster", 66},
    {"no such domain", HEAD "steps:\n- cap: {domain: moon, watts: 5}\n",
     ":4:3: cap: the policy has no power domain 'moon'", 65},
    {"no such device", HEAD "steps:\n- failDevice: {node: gpu-c2, device: gpu99}\n",
     ":4:3: failDevice: node 'gpu-c2' has no device 'gpu99' (a PCI address or its name)", 66},
    {"no such pods", HEAD "steps:\n- deletePods: {namespace: moon}\n",
     ":4:3: deletePods: no such pod in namespace 'moon'", 66},
    {"a kind without pods", HEAD "steps:\n- submit: {manifest: {kind: Service, apiVersion: v1}}\n",
     ":4:3: submit: manifest: kind Service: no pod template is known for it (known: Pod, "
     "PodTemplate, ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, "
     "CronJob, JobSet, LeaderWorkerSet, PyTorchJob, TFJob, MPIJob, JAXJob, PaddleJob, XGBoostJob, "
     "RayCluster, RayJob, RayService, Job, Workload; --workloads)",
     65},
    {"no such node to copy",
     HEAD "templates: {x: {like: moon}}\nsteps:\n- addNodes: {template: x}\n",
     ":5:3: addNodes: no node 'moon' in the cluster", 66},
    {"a domain without selector",
     HEAD "templates: {x: {like: gpu-c2}}\nsteps:\n- addNodes: {template: x, domain: feed-1}\n",
     ":5:3: addNodes: power domain 'feed-1' has no node selector to go by", 65},
};

static void write_scenario(char *path, const char *text)
{
    strcpy(path, "/tmp/sy-scenario-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

START_TEST(says_what_is_wrong)
{
    const struct wrong *row = &wrongs[_i];
    char path[64], line[512], expected[1024], *out = NULL;
    write_scenario(path, row->text);
    (void)snprintf(
        line, sizeof line,
        "whatif --snapshot " EXAMPLES "snapshot.json --policy " EXAMPLES "policy.yaml -f %s", path);
    (void)snprintf(expected, sizeof expected, "switchyard whatif: %s%s\n", path, row->error);
    int status = run_line(line, &out);
    (void)unlink(path);
    ck_assert_msg(strcmp(out, expected) == 0, "%s:\n%.1500s", row->what, out);
    ck_assert_int_eq(status, row->status);
    free(out);
}
END_TEST

#define ONE_NPU                                                                                    \
    "{apiVersion: v1, kind: Pod, metadata: {name: n, namespace: d}, spec: {nodeSelector: "         \
    "{kubernetes.io/hostname: npu-b2}, containers: [{name: c, resources: {limits: {cpu: 1, "       \
    "npu.huawei.com/ascend910b: 1}}}]}}"
static const struct {
    const char *text, *part;
    int status;
} said[] = {
    /* Three NPUs of npu-b2 are well and free, kube-scheduler counts four. */
    {HEAD "metadata: {name: vain}\nsteps:\n- submit: {count: 5, manifest: " ONE_NPU "}\n",
     "vain: 5 pods asked for, 3 placed, 2 pending; 2 of the cluster's own wait too\n", 1},
    {HEAD "metadata: {name: vain}\nsteps:\n- submit: {count: 5, manifest: " ONE_NPU "}\n",
     "   1  d          n-4              1  kube-scheduler would bind it to npu-b2, where by our "
     "count too few healthy devices are free: the kubelet would refuse it\n",
     1},
    /* index-0 runs on cpu-d4, of which no device is known. */
    {HEAD "steps:\n- failNode: {domain: rack-d}\n", "   1  genomics   index-0     cpu-d4  npu-b2",
     2},
};

START_TEST(says_it)
{
    char path[64], line[512], *out = NULL;
    write_scenario(path, said[_i].text);
    (void)snprintf(
        line, sizeof line,
        "whatif --snapshot " EXAMPLES "snapshot.json --policy " EXAMPLES "policy.yaml -f %s", path);
    int status = run_line(line, &out);
    (void)unlink(path);
    ck_assert_msg(strstr(out, said[_i].part) != NULL, "no '%s' in\n%.3000s", said[_i].part, out);
    ck_assert_int_eq(status, said[_i].status);
    free(out);
}
END_TEST

START_TEST(usage_is_checked)
{
    static const char *const lines[][2] = {
        {"whatif --snapshot " EXAMPLES "snapshot.json",
         "switchyard whatif: expected one -f FILE, a scenario\n"},
        {"whatif --snapshot " EXAMPLES "snapshot.json -f x y",
         "switchyard whatif: unexpected argument 'y'\n"},
        {"whatif --snapshot " EXAMPLES "snapshot.json -f x --diff 1 --diff 2 --diff 3 --diff 4 "
         "--diff 5",
         "switchyard whatif: --diff: at most 4 policies\n"},
    };
    char *out = NULL;
    ck_assert_int_eq(run_line(lines[_i][0], &out), 64);
    ck_assert_str_eq(out, lines[_i][1]);
    free(out);
}
END_TEST

struct ending {
    const char *what, *steps;
    int status;
};
#define POD(name, gpus)                                                                            \
    "- submit: {manifest: {apiVersion: v1, kind: Pod, metadata: {name: " name                      \
    "}, spec: {tolerations: [{operator: Exists}], containers: [{name: c, resources: {limits: "     \
    "{nvidia.com/gpu: " gpus "}}}]}}}\n"
static const struct ending endings[] = {
    {"nothing is asked", "", 0},
    {"it fits", POD("a", "1"), 0},
    {"not now", POD("a", "8"), 1},
    {"never", POD("a", "9"), 2},
    {"never is worse than not now", POD("a", "8") POD("b", "99"), 2},
    {"an eviction is forbidden",
     "- cordon: {selector: example.com/rack!=c}\n- drain: {selector: example.com/rack=c}\n"
     "- uncordon: {selector: example.com/rack}\n",
     1},
    {"who is deleted asks for nothing", POD("a", "99") "- deletePods: {namespace: default}\n", 0},
};

START_TEST(ends_as_it_should)
{
    const struct ending *row = &endings[_i];
    char path[64], line[512], text[2048], *out = NULL;
    (void)snprintf(text, sizeof text, HEAD "steps:%s%s", row->steps[0] != '\0' ? "\n" : " []\n",
                   row->steps);
    write_scenario(path, text);
    (void)snprintf(line, sizeof line, "whatif --snapshot " EXAMPLES "snapshot.json -f %s", path);
    int status = run_line(line, &out);
    (void)unlink(path);
    ck_assert_msg(status == row->status, "%s: %d\n%.1500s", row->what, status, out);
    free(out);
}
END_TEST

/* Nodes of a topology file, with what a Node of it would have; and kinds that users add. */
START_TEST(reads_files_beside_it)
{
    static const char text[] = HEAD
        "templates:\n"
        "  trio: {topology: " SY_SOURCE_DIR
        "/deploy/examples/cluster/trio-1.json, allocatable: {cpu: 64, "
        "memory: 256Gi, pods: 20, npu.huawei.com/ascend910b: 4, nvidia.com/gpu: 2}}\n"
        "steps:\n"
        "- cordon: {selector: kubernetes.io/hostname}\n"
        "- addNodes: {template: trio, count: 2}\n"
        "- submit: {manifest: {apiVersion: example.com/v1, kind: Farm, metadata: {name: f}, spec: "
        "{n: 2, t: {spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: "
        "2}}}]}}}}}\n";
    char path[64], kinds[64], line[512], *out = NULL;
    write_scenario(path, text);
    write_scenario(kinds, "kinds:\n- {kind: Farm, group: example.com, sets: [{template: spec.t, "
                          "count: [spec.n]}]}\n");
    (void)snprintf(line, sizeof line,
                   "whatif --snapshot " EXAMPLES "snapshot.json -f %s --workloads %s", path, kinds);
    int status = run_line(line, &out);
    (void)unlink(path);
    (void)unlink(kinds);
    ck_assert_msg(status == 0, "%.1500s", out);
    ck_assert_ptr_nonnull(strstr(out, "f-0         -     trio-new-1"));
    ck_assert_ptr_nonnull(strstr(out, "f-1         -     trio-new-2"));
    free(out);
}
END_TEST

struct small {
    struct world *w;
    const char *text;
};

/* A whole run, its tally, its capacity and its answer. */
static enum sy_code run_small(void *data, struct sy_err *err)
{
    const struct small *small = data;
    static const struct sy_plan_options options = {.weight = 10};
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)64 << 20);
    SY_AUTO(sy_arena) struct sy_arena *scratch = sy_arena_new((size_t)64 << 20);
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    struct sy_cli cli = {.out = stdout, .err = stderr};
    struct sy_question q = {
        .cli = &cli, .state = &small->w->state, .arena = arena, .scratch = scratch};
    struct sy_scenario scenario = {0};
    struct sy_run run = {0};
    struct sy_tally tally;
    struct sy_before_after capacity;
    const struct sy_workload_table *table = NULL;
    q.notes = json_array();
    json_t *answer = json_object();
    enum sy_code code = arena != NULL && scratch != NULL && q.notes != NULL && answer != NULL
                            ? sy_plan_new(&small->w->state, &options, &plan, err)
                            : sy_fail(err, SY_ENOMEM, "out of memory");
    if (code == SY_OK)
        code = sy_workload_table_load(NULL, arena, &table, err);
    if (code == SY_OK)
        code = sy_scenario_parse("f", small->text, strlen(small->text), arena, &scenario, err);
    if (code == SY_OK)
        code = sy_run_scenario(&q, plan, &scenario, table, &run, err);
    if (code == SY_OK)
        code = sy_run_tally(&run, &tally, err);
    if (code == SY_OK)
        code = sy_run_capacity(&run, plan, &capacity, err);
    if (code == SY_OK)
        code = sy_run_answer(&run, &tally, &capacity, answer, err);
    if (run.scenario != NULL)
        sy_run_done(&run);
    sy_scenario_done(&scenario);
    json_decref(q.notes);
    json_decref(answer);
    return code;
}

START_TEST(runs_survive_failing_allocations)
{
    static const char text[] = HEAD
        "steps:\n- submit: {manifest: {apiVersion: batch.volcano.sh/v1alpha1, kind: Job, metadata: "
        "{name: g}, spec: {tasks: [{name: w, replicas: 2, template: {spec: {containers: [{name: c, "
        "resources: {limits: {nvidia.com/gpu: 2}}}]}}}]}}}\n"
        "- drain: {node: a}\n";
    struct world w;
    world_open(&w, NULL);
    for (unsigned i = 0; i < 2; i++)
        world_add_node(&w, &(struct world_node){
                               i == 0 ? "a" : "b", "trio-1", "{\"mode\":\"exact\",\"devices\":[]}",
                               "cpu=9 memory=9Gi pods=9 nvidia.com/gpu=2", NULL, NULL});
    world_ready(&w);
    struct small small = {&w, text};
    ck_assert_int_gt(sy_fault_sweep(run_small, &small, 0), 500);
    world_close(&w);
}
END_TEST

/* The schema tells of every kind of step, and of no other. */
START_TEST(schema_knows_the_steps)
{
    sy_autojson json_t *schema =
        json_load_file(SY_SOURCE_DIR "/deploy/schemas/scenario.schema.json", 0, NULL);
    const json_t *steps = json_object_get(json_object_get(schema, "properties"), "steps");
    const json_t *known = json_object_get(json_object_get(steps, "items"), "properties");
    ck_assert_uint_eq(json_object_size(known), SY_STEP_COUNT);
    for (unsigned i = 0; i < SY_STEP_COUNT; i++)
        ck_assert_ptr_nonnull(json_object_get(known, sy_step_key((enum sy_step_kind)i)));
}
END_TEST

static enum sy_code parse_once(void *data, struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)64 << 20);
    struct sy_scenario scenario;
    const char *text = data;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_scenario_parse("f", text, strlen(text), arena, &scenario, err);
    if (code == SY_OK)
        sy_scenario_done(&scenario);
    return code;
}

START_TEST(parsing_survives_failing_allocations)
{
    static char text[] =
        HEAD "templates: {t: {topology: a.xml, allocatable: {cpu: 8}, labels: {a: b}}}\n"
             "shapes: [a.yaml]\n"
             "steps:\n- addNodes: {template: t, labels: {a: b}}\n"
             "- submit: {manifest: {kind: Pod, a: [1, 2.5, x, true, ~]}}\n- policy: p.yaml\n";
    ck_assert_int_gt(sy_fault_sweep(parse_once, text, 0), 20);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])

int main(void)
{
    Suite *suite = suite_create("planner_whatif_scenario");
    TCase *tcase = tcase_create("scenario");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, examples_are_exact, 0, COUNT(examples));
    tcase_add_loop_test(tcase, the_same_again, 0, COUNT(examples));
    tcase_add_loop_test(tcase, says_what_is_wrong, 0, COUNT(wrongs));
    tcase_add_test(tcase, reads_files_beside_it);
    tcase_add_test(tcase, runs_survive_failing_allocations);
    tcase_add_test(tcase, schema_knows_the_steps);
    tcase_add_test(tcase, parsing_survives_failing_allocations);
    tcase_add_loop_test(tcase, says_it, 0, sizeof said / sizeof said[0]);
    tcase_add_loop_test(tcase, usage_is_checked, 0, 3);
    tcase_add_loop_test(tcase, ends_as_it_should, 0, COUNT(endings));
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
