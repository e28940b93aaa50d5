/* SPDX-License-Identifier: Apache-2.0 */
/* States from files: what is read, what is said of it, and what is refused, with its place. */
#define _GNU_SOURCE
#include "planner/state/state_private.h"
#include "scoring/policy.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/planner_state/files.h"
#include "topology/node_json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE SY_SOURCE_DIR "/deploy/examples/planner/snapshot.json"
#define LIST(items) "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[" items "]}"
#define NODE(name, more)                                                                           \
    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"" name "\"}" more "}"
#define POD(name, more)                                                                            \
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name "\"}" more "}"
#define SPEC                                                                                       \
    "\"spec\":{\"objects\":[{\"type\":\"Machine\"},{\"type\":\"HostBridge\",\"parent\":0,\"pci\":" \
    "\"0000:10\"},{\"type\":\"PCIDev\",\"parent\":1,\"pci\":\"0000:10:01.0\",\"class\":\"0302\","  \
    "\"id\":\"10de:20b5\"},{\"type\":\"PCIDev\",\"parent\":1,\"pci\":\"0000:10:02.0\",\"class\":"  \
    "\"0302\",\"id\":\"10de:20b5\"}]}"
#define FABRIC(name, more)                                                                         \
    "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\",\"metadata\":{\"name\":"  \
    "\"" name "\"}," SPEC more "}"
#define HELD(time, pod)                                                                            \
    ",\"status\":{\"observedTime\":\"" time "\",\"devices\":[{\"pci\":\"0000:10:01.0\","           \
    "\"holders\":[{\"namespace\":\"default\",\"name\":\"" pod "\"}]}]}"

static enum sy_code load(const char *const *path, size_t n, int64_t now_us, struct sy_state **ret,
                         struct sy_err *err)
{
    const struct sy_state_options options = {.path = path, .npath = n, .now_us = now_us};
    const struct sy_cli cli = {.verbose = false};
    return sy_state_load(&options, &cli, ret, err);
}

/* What was understood, in a line. */
static void describe(const struct sy_state *state, char *text, size_t size)
{
    text[0] = '\0';
#define SAY(...) (void)snprintf(text + strlen(text), size - strlen(text), __VA_ARGS__)
    for (size_t i = 0; i < state->nnode; i++) {
        const struct sy_state_node *node = &state->node[i];
        SAY("%s%s", i > 0 ? " " : "", node->name);
        if (node->node != NULL)
            SAY("=%s%u", sy_mode_name(node->node->usage->mode),
                (unsigned)sy_devset_count(&node->node->usage->free));
    }
    SAY("|");
    for (size_t i = 0; i < state->npod; i++)
        SAY("%s%s/%s", i > 0 ? " " : "", state->pod[i].namespace_, state->pod[i].name);
    SAY("|");
    for (size_t i = 0; i < json_array_size(state->others); i++)
        SAY("%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(state->others, i)));
    for (size_t i = 0; i < state->nnote; i++)
        SAY("|%s", state->note[i]);
#undef SAY
}

#define NO_PODS "|the input lists no pods: who runs where is known from the nodes' reports alone"
#define BARE(name) "|1 node has no NodeFabric, its devices are not known: " name
#define UNTOLD(name) "|1 node has no report of who holds what, pods are only counted there: " name

static const struct {
    const char *description, *text, *expected;
} good[] = {
    {"nothing", LIST(""), "|||the input holds no node"},
    {"items null", "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":null}",
     "|||the input holds no node"},
    {"a document", FABRIC("a", ""), "a=counts2||" UNTOLD("a") NO_PODS},
    {"a document with a report", FABRIC("a", HELD("2026-01-01T00:00:00Z", "p")),
     "a=exact1||" NO_PODS},
    {"a node alone", NODE("a", ""), "a||" BARE("a") NO_PODS},
    {"documents one behind the other", FABRIC("b", "") "\n" FABRIC("a", ""),
     "a=counts2 b=counts2|||2 nodes have no report of who holds what, pods are only counted there: "
     "a, b" NO_PODS},
    {"nodes, fabrics and pods",
     LIST(NODE("a", "") "," FABRIC("a", HELD("2026-01-01T00:00:00Z", "p")) "," POD(
         "p", ",\"spec\":{\"nodeName\":\"a\"}")),
     "a=exact1|default/p|"},
    {"a fabric whose node is gone", LIST(NODE("a", "") "," FABRIC("b", "")),
     "a|||1 NodeFabric without its Node is left out: b" BARE("a") NO_PODS},
    {"a list of one kind, whose items do not say theirs",
     "{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"items\":[{\"metadata\":{\"name\":\"a\"}}]}",
     "a||" BARE("a") NO_PODS},
    {"a list in a list", LIST(LIST(NODE("a", "")) "," LIST("")), "a||" BARE("a") NO_PODS},
    {"said twice alike", LIST(NODE("a", "") "," NODE("a", "")), "a||" BARE("a") NO_PODS},
    {"a snapshot of documents alone",
     "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"Snapshot\",\"metadata\":{\"lists\":["
     "\"NodeFabric\",\"Thing\"]},\"items\":[" FABRIC("a", "") "]}",
     "a=counts2||" UNTOLD("a") NO_PODS},
    {"a snapshot that does not say what it lists",
     "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"Snapshot\",\"items\":[" FABRIC(
         "a", "") "]}",
     "a=counts2||" UNTOLD("a")},
    {"a snapshot of no nodes",
     "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"Snapshot\",\"metadata\":{\"lists\":["
     "\"Node\",\"Pod\"]},\"items\":[" FABRIC("a", "") "]}",
     "||"
     "|the input holds no node|1 NodeFabric without its Node is left out: a"},
    {"kinds of others",
     LIST(
         "{\"apiVersion\":\"v1\",\"kind\":\"Service\"},{\"apiVersion\":\"v1\",\"kind\":\"Service\"}"
         ",{\"apiVersion\":\"x.io/v2\",\"kind\":\"Node\"}"),
     "||Node: 1, Service: 2|the input holds no node"},
    {"finished pods", LIST(POD("p", ",\"status\":{\"phase\":\"Succeeded\"}") "," POD("q", "")),
     "|default/q|Pod (finished): 1|the input holds no node"},
    {"pods bound elsewhere", LIST(NODE("a", "") "," POD("p", ",\"spec\":{\"nodeName\":\"b\"}")),
     "a|default/p|" BARE("a") "|1 pod is bound to a node that the input does not have: default/p"},
    {"a cordon with an error",
     LIST("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"a\",\"annotations\":{"
          "\"switchyard.dev/cordon\":\"0000:10:01.0=fan; x\"}}}," FABRIC(
              "a", HELD("2026-01-01T00:00:00Z", "p"))),
     "a=exact1|||node a: annotation switchyard.dev/cordon: 'x' is no PCI address "
     "(dddd:bb:dd.f)" NO_PODS},
    {"a template that cannot be read",
     LIST("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"a\",\"annotations\":{"
          "\"switchyard.dev/fabric\":\"{}\"}}}"),
     "a|||node a: annotation switchyard.dev/fabric: /apiVersion: required" BARE("a") NO_PODS},
    {"YAML",
     "# kubectl get nodes -o yaml\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: "
     "Node\n  metadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
     "a|default/p|" BARE("a")},
    {"the service's own ledger",
     "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabricList\",\"metadata\":{"
     "\"resourceVersion\":\"7\"},\"items\":[" FABRIC(
         "a", ",\"status\":{\"mode\":\"predicted\",\"observedTime\":\"2020-01-01T00:00:00Z\","
              "\"devices\":["
              "{\"pci\":\"0000:10:02.0\",\"held\":1000}]},\"ledger\":{\"pods\":[{\"namespace\":"
              "\"ns\","
              "\"name\":\"p\",\"uid\":\"u\",\"cover\":\"predicted\",\"devices\":[\"0000:10:02.0\"]}"
              "]}") "]}",
     "a=predicted1|ns/p||of 1 pods the service's ledger tells which devices they hold, and nothing "
     "else"},
};

START_TEST(loads)
{
    SY_AUTO(sy_state) struct sy_state *state = NULL;
    struct sy_err err = {0};
    char text[2000];
    const char *path = files_write("in.txt", good[_i].text);
    ck_assert_msg(load(&path, 1, INT64_C(1767225600000000), &state, &err) == SY_OK, "%s: %s",
                  good[_i].description, err.text);
    describe(state, text, sizeof text);
    ck_assert_msg(strcmp(text, good[_i].expected) == 0, "%s: %s", good[_i].description, text);
    for (size_t i = 0; i < state->nnode; i++)
        ck_assert(state->node[i].node == NULL || sy_node_check(state->node[i].node, &err) == SY_OK);
}
END_TEST

static const struct {
    const char *text;
    enum sy_code code;
    const char *message; /* behind the file's name */
} bad[] = {
    {"", SY_EPARSE, ":1:1: no document"},
    {"[]", SY_EPARSE, NULL},
    {"{\"kind\":\"List\",\"items\":[]}", SY_EINVAL, ": /apiVersion: required"},
    {"{\"apiVersion\":\"v1\",\"items\":[]}", SY_EINVAL, ": /kind: required"},
    {"{\"apiVersion\":\"v1\",\"kind\":\"List\"}", SY_EINVAL, ": /items: required"},
    {"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":{}}", SY_EPARSE,
     ":1:42: items: expected a list"},
    {"{\"apiVersion\":\"switchyard.dev/v2\",\"kind\":\"Snapshot\",\"items\":[]}", SY_EUNSUPPORTED,
     ": /apiVersion: 'switchyard.dev/v2' of a Snapshot is not supported, switchyard.dev/v1alpha1 "
     "is"},
    {"{\"apiVersion\":\"switchyard.dev/v2\",\"kind\":\"Snapshot\",\"things\":[]}", SY_EUNSUPPORTED,
     ": /apiVersion: 'switchyard.dev/v2' of a Snapshot is not supported, switchyard.dev/v1alpha1 "
     "is"},
    {"{\"apiVersion\":\"switchyard.dev/"
     "v1alpha1\",\"kind\":\"Snapshot\",\"metadata\":{\"takenTime\":"
     "\"yesterday\"},\"items\":[]}",
     SY_EINVAL, ": /metadata/takenTime: expected a time such as 2026-01-31T12:00:00Z"},
    {LIST("{\"apiVersion\":\"v1beta1\",\"kind\":\"Node\"}"), SY_EUNSUPPORTED,
     ": items/0: /apiVersion: 'v1beta1' of a Node is not supported, v1 is"},
    {LIST("{\"apiVersion\":\"switchyard.dev/v9\",\"kind\":\"Thing\"}"), SY_EUNSUPPORTED,
     ": items/0: /apiVersion: 'switchyard.dev/v9' of a Thing is not supported, "
     "switchyard.dev/v1alpha1 is"},
    {LIST("{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"PodDisruptionBudget\"}"), SY_EUNSUPPORTED,
     ": items/0: /apiVersion: 'policy/v1beta1' of a PodDisruptionBudget is not supported, "
     "policy/v1 "
     "is"},
    {LIST("null"), SY_EINVAL, ": items/0: /: expected object, got null"},
    {LIST("{\"apiVersion\":\"v1\",\"kind\":\"Node\"}"), SY_EINVAL,
     ": items/0: /metadata: required"},
    {LIST("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"\"}}"), SY_EINVAL,
     ": items/0: /metadata/name: empty"},
    {LIST(NODE("a", ",\"spec\":{\"taints\":[1]}")), SY_EINVAL,
     ": items/0: /spec/taints/0: expected object, got integer"},
    {LIST(NODE("a", "") "," NODE("a", ",\"spec\":{\"unschedulable\":true}")), SY_ECONFLICT, NULL},
    {LIST(FABRIC("a", "") "," FABRIC("a", HELD("2026-01-01T00:00:00Z", "p"))), SY_ECONFLICT, NULL},
    {LIST("{\"apiVersion\":\"switchyard.dev/"
          "v1alpha1\",\"kind\":\"NodeFabric\",\"metadata\":{\"name\":"
          "\"a\"}}"),
     SY_EINVAL, ": items/0: /spec: required"},
    {LIST(FABRIC("a", ",\"status\":{\"devices\":[{}]}")), SY_EINVAL,
     ": items/0: /status/devices/0/pci: required"},
    {LIST(POD(
         "p",
         ",\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"nvidia.com/gpu\":\"0.5\"}}}]}")),
     SY_EINVAL, NULL},
    {LIST("{\"apiVersion\":\"policy/"
          "v1\",\"kind\":\"PodDisruptionBudget\",\"metadata\":{\"name\":\"b\"},"
          "\"spec\":{\"minAvailable\":\"half\"}}"),
     SY_EINVAL, ": items/0: /spec/minAvailable: expected a number of pods or a percentage"},
    {"{\"apiVersion\":\"v1\",\n \"kind\":NaN}", SY_EPARSE, ":2:9: expected a value"},
    {"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"kind\":", SY_EPARSE,
     ":1:50: the stream ends within a document"},
    {"kind: &x Node\n", SY_EPARSE, ":1:7: anchors are not allowed"},
    {"apiVersion: v1\nkind: List\nitems:\n- kind: Node\n  apiVersion: v1\n  metadata: 7\n",
     SY_EINVAL, ":4: /metadata: expected object, got integer"},
};

START_TEST(refuses)
{
    struct sy_state *state = NULL;
    struct sy_err err = {0};
    const char *path = files_write("in.txt", bad[_i].text);
    enum sy_code code = load(&path, 1, 0, &state, &err);
    ck_assert_msg(code == bad[_i].code, "%s: %d %s", bad[_i].text, (int)code, err.text);
    ck_assert_ptr_null(state);
    ck_assert_msg(strncmp(err.text, path, strlen(path)) == 0, "%s", err.text);
    if (bad[_i].message != NULL)
        ck_assert_str_eq(err.text + strlen(path), bad[_i].message);
}
END_TEST

START_TEST(the_sample)
{
    SY_AUTO(sy_state) struct sy_state *state = NULL;
    struct sy_err err = {0};
    const char *path = SAMPLE;
    ck_assert_msg(load(&path, 1, 0, &state, &err) == SY_OK, "%s", err.text);
    ck_assert_uint_eq(state->nnode, 12);
    ck_assert_uint_eq(state->npod, 19);
    ck_assert_uint_eq(state->nbudget, 1);
    ck_assert_uint_eq(state->cluster->n, 11);
    ck_assert_int_eq(state->now_us, INT64_C(1795348800000000));
    int64_t i = sy_state_find_node(state, "gpu-c1");
    ck_assert_int_ge(i, 0);
    const struct sy_state_node *node = &state->node[i];
    ck_assert_int_eq(node->allocatable.cpu_milli, 128000);
    ck_assert_int_eq(node->allocatable.pods, 110);
    ck_assert_str_eq(node->allocatable.other[1].name, "nvidia.com/gpu");
    ck_assert_int_eq(node->allocatable.other[1].value, 8);
    ck_assert_str_eq(node->taint[0].key, "nvidia.com/gpu");
    ck_assert_uint_eq(node->node->usage->mode, SY_MODE_PREDICTED);
    i = sy_state_find_pod(state, "vision", "resnet-0");
    ck_assert_int_ge(i, 0);
    ck_assert_uint_eq(state->pod[i].charge.cover, SY_COVER_PREDICTED);
    ck_assert_uint_eq(sy_devset_count(&state->pod[i].charge.units), 4);
    ck_assert_str_eq(state->pod[i].owner_kind, "Job");
    ck_assert_int_eq(sy_state_find_pod(state, "vision", "resnet"), -1);
    ck_assert_int_eq(sy_state_find_node(state, "zzz"), -1);
    ck_assert_int_eq(state->budget[0].allowed, 1);
    ck_assert_int_eq(json_integer_value(state->budget[0].min_available), 3);
    ck_assert(state->node[sy_state_find_node(state, "fpga-d2")].unschedulable);
}
END_TEST

/* Files in a folder, several inputs, ages by `now`. */
START_TEST(joined)
{
    static const int64_t seen_us = INT64_C(1767225600000000); /* 2026-01-01 */
    static const struct {
        int64_t after_s;
        enum sy_report_age age;
        enum sy_mode mode;
    } ages[] = {{-100, SY_REPORT_FRESH, SY_MODE_EXACT},
                {90, SY_REPORT_FRESH, SY_MODE_EXACT},
                {91, SY_REPORT_OLD, SY_MODE_PREDICTED},
                {300, SY_REPORT_OLD, SY_MODE_PREDICTED},
                {301, SY_REPORT_EXPIRED, SY_MODE_COUNTS}};
    struct sy_err err = {0};
    files_clear();
    const char *one = files_write("b.json", FABRIC("a", HELD("2026-01-01T00:00:00Z", "p")));
    const char *other =
        files_write("a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {nodeName: a, "
                              "containers: [{resources: {limits: {nvidia.com/gpu: 1}}}]}\n");
    (void)files_write("ignored.txt", "no object");
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        SY_AUTO(sy_state) struct sy_state *state = NULL;
        const char *paths[] = {one, other}, *folder = files_folder();
        ck_assert_msg(load(i % 2 == 0 ? paths : &folder, i % 2 == 0 ? 2 : 1,
                           seen_us + ages[i].after_s * 1000000, &state, &err) == SY_OK,
                      "%s", err.text);
        ck_assert_uint_eq(state->node[0].age, ages[i].age);
        ck_assert_uint_eq(state->node[0].node->usage->mode, ages[i].mode);
        ck_assert_uint_eq(state->pod[0].node, 0);
    }
    SY_AUTO(sy_state) struct sy_state *state = NULL;
    ck_assert_int_eq(load(&one, 1, 0, &state, &err), SY_OK);
    ck_assert_int_eq(state->now_us, seen_us);
    files_clear();
    const char *folder = files_folder();
    struct sy_state *none = NULL;
    ck_assert_int_eq(load(&folder, 1, 0, &none, &err), SY_EINVAL);
    ck_assert_msg(strstr(err.text, "no .json, .yaml or .yml file") != NULL, "%s", err.text);
}
END_TEST

/* --- Wrong types everywhere: each value of the sample in turn becomes each of these. */

static const char *const wrong_values[] = {"null", "7",     "-1",       "\"x\"",  "\"\"",
                                           "[]",   "{}",    "true",     "[null]", "[[]]",
                                           "[{}]", "1e300", "{\"x\":1}"};

struct sweep {
    json_t *root, *other;
    struct sy_catalogue *catalogue;
    struct sy_policy *policy;
    unsigned tried, passed;
};

static void try_it(struct sweep *s)
{
    struct sy_state *state = NULL;
    struct sy_err err = {0};
    char *text = json_dumps(s->root, JSON_COMPACT | JSON_ENCODE_ANY);
    enum sy_code code = sy_state_from_bytes("f.json", text, strlen(text), s->catalogue, s->policy,
                                            0, NULL, &state, &err);
    ck_assert_msg((code == SY_OK) == (state != NULL), "%s", text);
    ck_assert_msg(code == SY_OK || strncmp(err.text, "f.json", 6) == 0, "%s: %s", err.text, text);
    s->tried++;
    s->passed += code == SY_OK;
    for (size_t i = 0; state != NULL && i < state->nnode; i++)
        ck_assert(state->node[i].node == NULL || sy_node_check(state->node[i].node, NULL) == SY_OK);
    sy_state_free(state);
    sy_free(text);
}

static void sweep(struct sweep *s, json_t *value)
{
    const char *key;
    json_t *member;
    void *next;
    if (json_is_object(value)) {
        json_object_foreach_safe(value, next, key, member)
        {
            (void)json_incref(member);
            (void)json_object_set(value, key, s->other);
            try_it(s);
            (void)json_object_set_new(value, key, member);
            sweep(s, json_object_get(value, key));
        }
    }
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++) {
        member = json_incref(json_array_get(value, i));
        (void)json_array_set(value, i, s->other);
        try_it(s);
        (void)json_array_set_new(value, i, member);
        sweep(s, json_array_get(value, i));
    }
}

#define RICH                                                                                       \
    "{\"apiVersion\":\"switchyard.dev/"                                                            \
    "v1alpha1\",\"kind\":\"Snapshot\",\"metadata\":{\"takenTime\":"                                \
    "\"2026-01-01T00:00:00Z\",\"resourceVersion\":\"4\"},\"items\":["                              \
    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"a\",\"uid\":\"n\","         \
    "\"labels\":{\"x\":"                                                                           \
    "\"y\"},\"annotations\":{\"switchyard.dev/cordon\":\"0000:10:01.0\"}},\"spec\":{\"taints\":[{" \
    "\"key\":\"k\",\"value\":\"v\",\"effect\":\"NoSchedule\"}],\"unschedulable\":true},"           \
    "\"status\":{"                                                                                 \
    "\"allocatable\":{\"cpu\":\"1\",\"pods\":7},\"conditions\":[{\"type\":\"Ready\",\"status\":"   \
    "\"True\"}]}}," FABRIC(                                                                        \
        "a",                                                                                       \
        ",\"status\":{\"mode\":\"exact\",\"observedTime\":\"2026-01-01T00:00:00Z\",\"power\":{"    \
        "\"limitWatts\":900},\"devices\":[{\"pci\":\"0000:10:01.0\",\"held\":1000,\"holders\":[{"  \
        "\"namespace\":\"s\",\"name\":\"p\",\"uid\":\"u\"}]}]}") ",{\"apiVersion\":\"v1\","        \
                                                                 "\"kind\":\"Pod\",\"metadata\":{" \
                                                                 "\"name\":\"p\",\"namespace\":"   \
                                                                 "\"s\",\"uid\":\"u\","            \
                                                                 "\"creationTimestamp\":\"2026-"   \
                                                                 "01-01T00:00:00Z\","              \
                                                                 "\"annotations\":{\"switchyard."  \
                                                                 "dev/require\":"                  \
                                                                 "\"numa\",\"huawei.com/"          \
                                                                 "AscendReal\":\"Ascend910-1\"},"  \
                                                                 "\"ownerReferences\":[{\"kind\":" \
                                                                 "\"Job\",\"name\":"               \
                                                                 "\"j\",\"controller\":true}]},"   \
                                                                 "\"spec\":{\"nodeName\":\"a\","   \
                                                                 "\"priority\":7,\"containers\":[" \
                                                                 "{\"name\":"                      \
                                                                 "\"c\",\"resources\":{"           \
                                                                 "\"requests\":{\"cpu\":\"1\"},"   \
                                                                 "\"limits\":{\"nvidia.com/"       \
                                                                 "gpu\":1}}}],"                    \
                                                                 "\"initContainers\":[{"           \
                                                                 "\"restartPolicy\":\"Always\"}]," \
                                                                 "\"overhead\":{\"cpu\":1},"       \
                                                                 "\"resources\":{"                 \
                                                                 "\"requests\":{\"cpu\":\"2\"}}}," \
                                                                 "\"status\":{\"phase\":"          \
                                                                 "\"Running\",\"conditions\":[{"   \
                                                                 "\"type\":"                       \
                                                                 "\"PodScheduled\",\"status\":"    \
                                                                 "\"True\","                       \
                                                                 "\"lastTransitionTime\":\"2026-"  \
                                                                 "01-01T00:00:00Z\"}]}},"          \
                                                                 "{\"apiVersion\":\"policy/"       \
                                                                 "v1\",\"kind\":"                  \
                                                                 "\"PodDisruptionBudget\","        \
                                                                 "\"metadata\":{\"name\":\"b\"},"  \
                                                                 "\"spec\":{"                      \
                                                                 "\"selector\":{\"matchLabels\":{" \
                                                                 "}},\"minAvailable\":\"50%\"},"   \
                                                                 "\"status\":{"                    \
                                                                 "\"disruptionsAllowed\":1}}]}"

START_TEST(wrong_types)
{
    struct sweep s = {.root = json_loads(RICH, 0, NULL)};
    ck_assert_int_eq(sy_catalogue_load(NULL, 0, &s.catalogue, NULL), SY_OK);
    ck_assert_int_eq(sy_policy_load(NULL, &s.policy, NULL), SY_OK);
    ck_assert_ptr_nonnull(s.root);
    s.other = json_loads(wrong_values[_i], JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(s.other);
    sweep(&s, s.root);
    ck_assert_uint_gt(s.tried, 100);
    ck_assert_uint_gt(s.passed, 3);
    ck_assert_uint_lt(s.passed, s.tried);
    sy_catalogue_unref(s.catalogue);
    sy_policy_unref(s.policy);
    json_decref(s.root);
    json_decref(s.other);
}
END_TEST

/* Whatever it is cut to. */
START_TEST(cut_short)
{
    struct sy_catalogue *catalogue = NULL;
    struct sy_policy *policy = NULL;
    struct sy_state *state = NULL;
    ck_assert_int_eq(sy_catalogue_load(NULL, 0, &catalogue, NULL), SY_OK);
    ck_assert_int_eq(sy_policy_load(NULL, &policy, NULL), SY_OK);
    for (size_t n = 0; n < strlen(RICH); n++) {
        struct sy_err err = {0};
        char *text = strndup(RICH, n); /* its end is the end of the memory */
        enum sy_code code =
            sy_state_from_bytes("f.json", text, n, catalogue, policy, 0, NULL, &state, &err);
        ck_assert_msg(code == SY_EPARSE, "%zu: %s", n, err.text);
        ck_assert_msg(strncmp(err.text, "f.json:", 7) == 0, "%s", err.text);
        free(text);
    }
    sy_catalogue_unref(catalogue);
    sy_policy_unref(policy);
}
END_TEST

START_TEST(too_deep)
{
    struct sy_str text;
    struct sy_err err = {0};
    struct sy_state *state = NULL;
    sy_str_init(&text, 1000000);
    sy_str_append(&text, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"a\":");
    for (unsigned i = 0; i < 100000; i++)
        sy_str_append(&text, "[");
    const char *path = files_write("deep.json", text.data);
    ck_assert_int_eq(load(&path, 1, 0, &state, &err), SY_ELIMIT);
    ck_assert_msg(strstr(err.text, "nested more than") != NULL, "%s", err.text);
    sy_str_done(&text);
}
END_TEST

struct known {
    struct sy_catalogue *catalogue;
    struct sy_policy *policy;
};

static enum sy_code one_run(void *data, struct sy_err *err)
{
    const struct known *known = data;
    struct sy_state *state = NULL;
    enum sy_code code = sy_state_from_bytes("f.json", RICH, strlen(RICH), known->catalogue,
                                            known->policy, 0, NULL, &state, err);
    sy_state_free(state);
    return code;
}

START_TEST(no_memory)
{
    struct known known;
    ck_assert_int_eq(sy_catalogue_load(NULL, 0, &known.catalogue, NULL), SY_OK);
    ck_assert_int_eq(sy_policy_load(NULL, &known.policy, NULL), SY_OK);
    ck_assert_int_gt(sy_fault_sweep(one_run, &known, 0), 100);
    sy_catalogue_unref(known.catalogue);
    sy_policy_unref(known.policy);
}
END_TEST

/* The way over files and options, few of whose allocations are not the catalogue's. */
static enum sy_code one_load(void *data, struct sy_err *err)
{
    struct sy_state *state = NULL;
    const char *path = data;
    enum sy_code code = load(&path, 1, 0, &state, err);
    sy_state_free(state);
    return code;
}

START_TEST(no_memory_for_a_file)
{
    const char *path = files_write("rich.json", RICH);
    for (long granted = 0; granted < 4000; granted += granted < 40 ? 1 : 97) {
        struct sy_err err = {0};
        sy_fault_set(granted);
        enum sy_code code = one_load((void *)(uintptr_t)path, &err);
        bool failed = sy_fault_clear();
        ck_assert_msg(code == SY_OK || (failed && code == SY_ENOMEM), "%s", err.text);
    }
}
END_TEST

static enum sy_code options_of(int argc, char *const *argv, struct sy_state_options *ret,
                               struct sy_err *err)
{
    struct sy_options *options = NULL;
    enum sy_code code = sy_options_parse(&sy_cli_state, 1, (size_t)argc, argv, &options, err);
    const struct sy_cli cli = {.options = options};
    if (code == SY_OK)
        code = sy_state_options_of(&cli, ret, err);
    sy_options_free(options);
    return code;
}

static const struct {
    const char *argument[5];
    const char *message; /* "" = good */
} lines[] = {
    {{"--snapshot", "a", "-s", "b"}, ""},
    {{"--kube-scheduler-version", "1.35", "--now", "2026-01-31T12:00:00Z"}, ""},
    {{"--now", "noon"}, "--now 'noon': expected a time such as 2026-01-31T12:00:00Z"},
    {{"-s", "a", "--kubeconfig", "b"},
     "--snapshot and a live cluster (--kubeconfig, --context, --in-cluster): one of the two"},
    {{"--in-cluster", "--context", "b"}, "--in-cluster and --kubeconfig or --context: one of them"},
    {{"-n", ""}, "--namespace: empty"},
};

START_TEST(command_lines)
{
    struct sy_state_options options = {0};
    struct sy_err err = {0};
    int n = 0;
    while (n < 5 && lines[_i].argument[n] != NULL)
        n++;
    enum sy_code code = options_of(n, (char *const *)(uintptr_t)lines[_i].argument, &options, &err);
    ck_assert_str_eq(err.text, lines[_i].message);
    ck_assert_int_eq(code, lines[_i].message[0] == '\0' ? SY_OK : SY_EUSAGE);
    if (_i == 1)
        ck_assert_uint_eq(options.kube_minor, 35);
}
END_TEST

#define LOOP(test, table)                                                                          \
    tcase_add_loop_test(tcase, test, 0, (int)(sizeof(table) / sizeof(table)[0]))
int main(void)
{
    Suite *suite = suite_create("planner state");
    TCase *tcase = tcase_create("load");
    tcase_set_timeout(tcase, 100);
    LOOP(loads, good);
    LOOP(refuses, bad);
    tcase_add_test(tcase, the_sample);
    tcase_add_test(tcase, joined);
    LOOP(wrong_types, wrong_values);
    tcase_add_test(tcase, cut_short);
    tcase_add_test(tcase, too_deep);
    tcase_add_test(tcase, no_memory);
    tcase_add_test(tcase, no_memory_for_a_file);
    LOOP(command_lines, lines);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
