/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: written, read and written again; with other names. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/yaml_dump.h"
#include "planner/state/snapshot.h"
#include "scoring/engine.h"
#include "scoring/policy.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE SY_SOURCE_DIR "/deploy/examples/planner/snapshot.json"

static struct sy_catalogue *catalogue;
static struct sy_policy *policy;

static void setup(void)
{
    ck_assert_int_eq(sy_catalogue_load(NULL, 0, &catalogue, NULL), SY_OK);
    ck_assert_int_eq(sy_policy_load(NULL, &policy, NULL), SY_OK);
}

static void teardown(void)
{
    sy_catalogue_unref(catalogue);
    sy_policy_unref(policy);
}

static json_t *snapshot_of(const char *text, size_t len)
{
    struct sy_intake intake = {0};
    struct sy_state *state = NULL;
    struct sy_err err = {0};
    json_t *snapshot = NULL;
    ck_assert_msg(
        sy_state_from_bytes("f", text, len, catalogue, policy, 0, &intake, &state, &err) == SY_OK,
        "%s", err.text);
    ck_assert_msg(sy_snapshot_write(&intake, state->now_us, &snapshot, &err) == SY_OK, "%s",
                  err.text);
    sy_intake_done(&intake);
    sy_state_free(state);
    return snapshot;
}

static char *dump(const json_t *json)
{
    return json_dumps(json, JSON_INDENT(2));
}

static char *sample(size_t *ret_len)
{
    char *text = NULL;
    ck_assert_int_eq(sy_file_read(SAMPLE, SIZE_MAX / 2, &text, ret_len, NULL), SY_OK);
    return text;
}

START_TEST(the_same_bytes)
{
    size_t len;
    sy_autofree char *text = sample(&len);
    sy_autojson json_t *first = snapshot_of(text, len);
    sy_autofree char *one = dump(first);
    sy_autojson json_t *again = snapshot_of(one, strlen(one));
    sy_autofree char *two = dump(again);
    ck_assert_str_eq(one, two);
    /* It says what the file said, which was written by hand in the same form. */
    sy_autojson json_t *raw = json_loads(text, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(raw, "items")),
                      json_array_size(json_object_get(first, "items")));
    struct sy_str yaml;
    sy_str_init(&yaml, SIZE_MAX);
    ck_assert_int_eq(sy_yaml_dump(first, &yaml, NULL), SY_OK);
    sy_autojson json_t *third = snapshot_of(yaml.data, yaml.len);
    sy_autofree char *three = dump(third);
    ck_assert_str_eq(one, three);
    sy_str_done(&yaml);
}
END_TEST

#define BUSY                                                                                       \
    "{\"items\":["                                                                                 \
    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"spec\":{\"containers\":[{\"image\":\"secret-"       \
    "image\","                                                                                     \
    "\"env\":[{\"name\":\"PASSWORD\",\"value\":\"secret-env\"}],\"args\":[\"secret-arg\"],"        \
    "\"name\":\"secret-c\","                                                                       \
    "\"ports\":[{\"containerPort\":80,\"hostPort\":81,\"hostIP\":\"10.9.8.7\"}]}],"                \
    "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"secret-s\"}},{\"name\":\"w\","      \
    "\"persistentVolumeClaim\":{\"claimName\":\"secret-claim\"}}],\"nodeName\":\"secret-n1\","     \
    "\"schedulerName\":\"default-scheduler\",\"priorityClassName\":\"secret-class\",\"priority\":" \
    "3,"                                                                                           \
    "\"nodeSelector\":{\"secret.io/rack\":\"secret-r1\",\"kubernetes.io/"                          \
    "hostname\":\"secret-n1\"},"                                                                   \
    "\"tolerations\":[{\"key\":\"secret.io/"                                                       \
    "taint\",\"value\":\"secret-t\",\"effect\":\"NoSchedule\"}],"                                  \
    "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"         \
    "\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"secret.io/"                          \
    "gen\",\"operator\":\"Gt\","                                                                   \
    "\"values\":[\"4\"]},{\"key\":\"secret.io/"                                                    \
    "rack\",\"operator\":\"In\",\"values\":[\"secret-r1\"]}],"                                     \
    "\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"secret-n1\"]}]" \
    "}]}},"                                                                                        \
    "\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"labelSelector\":" \
    "{"                                                                                            \
    "\"matchLabels\":{\"app\":\"secret-app\"}},\"namespaces\":[\"secret-ns\"],\"topologyKey\":"    \
    "\"secret.io/"                                                                                 \
    "rack\"}]}}},\"metadata\":{\"namespace\":\"secret-ns\",\"name\":\"secret-p\",\"uid\":"         \
    "\"secret-u\",\"managedFields\":[{\"manager\":\"secret-m\"}],\"labels\":{\"app\":\"secret-"    \
    "app\"},"                                                                                      \
    "\"annotations\":{\"secret.io/note\":\"secret-note\",\"switchyard.dev/require\":\"numa\"},"    \
    "\"ownerReferences\":[{\"apiVersion\":\"secret.io/"                                            \
    "v1\",\"kind\":\"SecretJob\",\"name\":\"secret-o\","                                           \
    "\"uid\":\"secret-ou\",\"controller\":true}]},\"status\":{\"phase\":\"Running\",\"hostIP\":"   \
    "\"10.1.1.1\"}},"                                                                              \
    "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"secret-n1\",\"labels\":{"   \
    "\"secret.io/rack\":\"secret-r1\",\"secret.io/gen\":\"5\",\"kubernetes.io/"                    \
    "hostname\":\"secret-n1\","                                                                    \
    "\"nvidia.com/gpu.product\":\"A100\"},\"annotations\":{\"switchyard.dev/cordon\":"             \
    "\"0000:10:01.0=secret reason; "                                                               \
    "0000:10:02.0\"}},\"spec\":{\"podCIDR\":\"10.0.0.0/8\",\"taints\":["                           \
    "{\"key\":\"secret.io/"                                                                        \
    "taint\",\"value\":\"secret-t\",\"effect\":\"NoSchedule\"}]},\"status\":{"                     \
    "\"addresses\":[{\"address\":\"10.2.2.2\"}],\"images\":[{\"names\":[\"secret-image\"]}],"      \
    "\"allocatable\":{\"cpu\":4},\"conditions\":[{\"type\":\"DiskPressure\",\"status\":\"False\"}" \
    "]}},"                                                                                         \
    "{\"kind\":\"NodeFabric\",\"apiVersion\":\"switchyard.dev/v1alpha1\",\"metadata\":{\"name\":"  \
    "\"secret-n1\"},\"spec\":{\"bootId\":\"secret-boot\",\"objects\":[{\"type\":\"Machine\"},{"    \
    "\"type\":"                                                                                    \
    "\"HostBridge\",\"parent\":0,\"pci\":\"0000:10\"},{\"type\":\"PCIDev\",\"parent\":1,\"pci\":"  \
    "\"0000:10:01.0\",\"class\":\"0302\",\"id\":\"10de:20b5\",\"uuid\":\"secret-uuid\"}]},"        \
    "\"status\":{"                                                                                 \
    "\"kubelet\":{\"reachable\":false,\"message\":\"secret message\"},\"devices\":[{\"pci\":"      \
    "\"0000:10:01.0\",\"holders\":[{\"namespace\":\"secret-ns\",\"name\":\"secret-p\",\"uid\":"    \
    "\"secret-u\","                                                                                \
    "\"container\":\"secret-c\"}]}]}},"                                                            \
    "{\"kind\":\"PodDisruptionBudget\",\"apiVersion\":\"policy/"                                   \
    "v1\",\"metadata\":{\"name\":\"secret-b\","                                                    \
    "\"namespace\":\"secret-ns\"},\"spec\":{\"minAvailable\":1,\"selector\":{"                     \
    "\"matchExpressions\":[{"                                                                      \
    "\"key\":\"app\",\"operator\":\"In\",\"values\":[\"secret-app\"]}]}}}"                         \
    "],\"kind\":\"List\",\"apiVersion\":\"v1\"}"

START_TEST(only_what_is_read)
{
    static const char *const gone[] = {
        "secret-image", "secret-env", "secret-arg", "secret-m\"", "secret-note", "secret-boot",
        "secret-uuid",  "secret-s\"", "10.1.1.1",   "10.2.2.2",   "podCIDR",     "DiskPressure"};
    sy_autojson json_t *snapshot = snapshot_of(BUSY, strlen(BUSY));
    sy_autofree char *text = dump(snapshot);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        ck_assert_msg(strstr(text, gone[i]) == NULL, "%s in %s", gone[i], text);
    ck_assert_ptr_nonnull(strstr(text, "secret-claim"));
    ck_assert_ptr_nonnull(strstr(text, "\"hostPort\": 81"));
}
END_TEST

START_TEST(no_secret_name)
{
    static const char *const seeds[] = {NULL, "salt"};
    const struct sy_anonymize_options options = {.seed = seeds[_i]};
    sy_autojson json_t *snapshot = snapshot_of(BUSY, strlen(BUSY));
    sy_autojson json_t *renamed = NULL, *again = NULL;
    ck_assert_int_eq(sy_anonymize(snapshot, &options, &renamed, NULL), SY_OK);
    ck_assert_int_eq(sy_anonymize(snapshot, &options, &again, NULL), SY_OK);
    sy_autofree char *text = dump(renamed), *same = dump(again);
    ck_assert_str_eq(text, same);
    ck_assert_msg(strcasestr(text, "secret") == NULL, "%s", strcasestr(text, "secret"));
    ck_assert_ptr_null(strstr(text, "10.9.8.7"));
    ck_assert_ptr_nonnull(strstr(text, "A100"));
    ck_assert_ptr_nonnull(strstr(text, "0000:10:01.0; 0000:10:02.0"));
    if (_i == 1)
        return;
    ck_assert_ptr_nonnull(strstr(text, "\"nodeName\": \"node-1\""));
    ck_assert_ptr_nonnull(strstr(text, "\"kubernetes.io/hostname\": \"node-1\""));
    ck_assert_ptr_nonnull(strstr(text, "\"kind\": \"Workload\""));
    ck_assert_ptr_nonnull(strstr(text, "\"4\"")); /* compared as a number */
    ck_assert_ptr_nonnull(strstr(text, "\"5\""));
}
END_TEST

START_TEST(labels_that_stay)
{
    static const char *const keep[] = {"secret.io/rack"};
    const struct sy_anonymize_options options = {.keep = keep, .nkeep = 1};
    sy_autojson json_t *snapshot = snapshot_of(BUSY, strlen(BUSY));
    sy_autojson json_t *renamed = NULL;
    ck_assert_int_eq(sy_anonymize(snapshot, &options, &renamed, NULL), SY_OK);
    sy_autofree char *text = dump(renamed);
    ck_assert_ptr_nonnull(strstr(text, "\"secret.io/rack\": \"secret-r1\""));
    ck_assert_ptr_null(strstr(text, "secret.io/gen"));
}
END_TEST

/* Every pod's verdicts on every node, as numbers, in the order of the nodes. */
static char *verdicts(const char *text)
{
    SY_AUTO(sy_state) struct sy_state *state = NULL;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)256 << 20);
    struct sy_err err = {0};
    struct sy_power *power = NULL;
    struct sy_str out;
    sy_str_init(&out, SIZE_MAX);
    ck_assert_msg(sy_state_from_bytes("f", text, strlen(text), catalogue, policy, 0, NULL, &state,
                                      &err) == SY_OK,
                  "%s", err.text);
    ck_assert_int_eq(sy_power_new(state->cluster, policy, &power, &err), SY_OK);
    const struct sy_world world = {.cluster = state->cluster,
                                   .power = power,
                                   .policy = policy,
                                   .catalogue = catalogue,
                                   .now_us = state->now_us};
    struct sy_candidate *candidate = sy_arena_calloc(arena, state->cluster->n, sizeof *candidate);
    struct sy_verdict *verdict = sy_arena_calloc(arena, state->cluster->n, sizeof *verdict);
    for (uint32_t i = 0; i < state->cluster->n; i++)
        candidate[i] = (struct sy_candidate){.name = state->cluster->node[i]->name,
                                             .len = state->cluster->node[i]->name_len,
                                             .index = (int64_t)i};
    for (size_t p = 0; p < state->npod; p++) {
        const struct sy_state_pod *pod = &state->pod[p];
        sy_str_printf(&out, "%zu on %d has %u %u:", p, (int)pod->node, pod->charge.cover,
                      (unsigned)sy_devset_count(&pod->charge.units));
        ck_assert_int_eq(sy_engine_explain(&world, &pod->request, candidate, state->cluster->n,
                                           arena, verdict, &err),
                         SY_OK);
        for (uint32_t i = 0; i < state->cluster->n; i++)
            sy_str_printf(&out, " %u/%u", verdict[i].reason, verdict[i].score);
        sy_str_append(&out, "\n");
    }
    sy_power_unref(power);
    return sy_str_take(&out, &(size_t){0});
}

START_TEST(the_same_decisions)
{
    const struct sy_anonymize_options options = {.seed = NULL};
    size_t len;
    sy_autofree char *text = sample(&len);
    sy_autojson json_t *snapshot = snapshot_of(text, len);
    sy_autojson json_t *renamed = NULL;
    ck_assert_int_eq(sy_anonymize(snapshot, &options, &renamed, NULL), SY_OK);
    sy_autofree char *new = dump(renamed);
    sy_autofree char *before = verdicts(text), *after = verdicts(new);
    ck_assert_str_eq(before, after);
    ck_assert_uint_gt(strlen(before), 1000);
}
END_TEST

static enum sy_code one_run(void *data, struct sy_err *err)
{
    const struct sy_anonymize_options options = {.seed = NULL};
    struct sy_intake intake = {0};
    struct sy_state *state = NULL;
    json_t *snapshot = NULL, *renamed = NULL;
    (void)data;
    enum sy_code code =
        sy_state_from_bytes("f", BUSY, strlen(BUSY), catalogue, policy, 0, &intake, &state, err);
    if (code != SY_OK)
        return code;
    code = sy_snapshot_write(&intake, state->now_us, &snapshot, err);
    if (code == SY_OK)
        code = sy_anonymize(snapshot, &options, &renamed, err);
    json_decref(snapshot);
    json_decref(renamed);
    sy_intake_done(&intake);
    sy_state_free(state);
    return code;
}

START_TEST(no_memory)
{
    ck_assert_int_gt(sy_fault_sweep(one_run, NULL, 0), 500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner snapshots");
    TCase *tcase = tcase_create("snapshots");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, the_same_bytes);
    tcase_add_test(tcase, only_what_is_read);
    tcase_add_loop_test(tcase, no_secret_name, 0, 2);
    tcase_add_test(tcase, labels_that_stay);
    tcase_add_test(tcase, the_same_decisions);
    tcase_add_test(tcase, no_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
