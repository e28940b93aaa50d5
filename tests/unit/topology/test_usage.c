/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "tests/golden/show.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "topology/json_private.h"
#include "topology/node_json.h"
#include "topology/usage.h"

#include <stdio.h>
#include <string.h>

static struct sy_catalogue *catalogue;

static void setup(void)
{
    struct sy_err err = {0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
}

static void teardown(void)
{
    sy_catalogue_unref(catalogue);
}

/* A golden machine with another status. */
static struct sy_node *load(const char *machine, const char *status)
{
    char path[1024];
    sy_autofree char *data = NULL;
    size_t len;
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    (void)snprintf(path, sizeof path, SY_SOURCE_DIR "/tests/golden/nodes/%s.json", machine);
    ck_assert_msg(sy_file_read(path, SY_NODE_JSON_MAX, &data, &len, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_node_from_bytes(data, len, status, strlen(status), NULL, catalogue, &node,
                                     &err) == SY_OK,
                  "%s", err.text);
    ck_assert_msg(sy_node_check(node, &err) == SY_OK, "%s", err.text);
    return node;
}

static const char *show(const struct sy_devset *set)
{
    static char text[512];
    (void)sy_devset_format(set, text, sizeof text);
    return text;
}

/* virtual-functions: physical 0 with virtual 1-4, physical 5 with virtual 6-7, 8-9 of a hidden one.
 * mi250x-cards: dies 0-1 and 2-3. */
static const struct {
    const char *description, *machine, *status, *free;
} cases[] = {
    {"all free", "virtual-functions", "{\"status\":{}}", "0-9"},
    {"a virtual function held", "virtual-functions",
     "{\"status\":{\"devices\":[{\"pci\":\"0000:19:00.3\",\"held\":1000}]}}", "1,3-9"},
    {"a part of one held", "virtual-functions",
     "{\"status\":{\"devices\":[{\"pci\":\"0000:19:00.3\",\"held\":1}]}}", "1,3-9"},
    {"the physical function held", "virtual-functions",
     "{\"status\":{\"devices\":[{\"pci\":\"0000:19:00.0\",\"held\":1000}]}}", "5-9"},
    {"a sliver of the physical function held", "virtual-functions",
     "{\"status\":{\"devices\":[{\"pci\":\"0000:19:00.0\",\"held\":1}]}}", "5-9"},
    {"unhealthy", "virtual-functions",
     "{\"status\":{\"devices\":[{\"pci\":\"0000:19:00.0\",\"healthy\":false}]}}", "1-9"},
    {"one die of a card", "mi250x-cards",
     "{\"status\":{\"devices\":[{\"pci\":\"0000:c6:00.0\",\"held\":1000}]}}", "0,2-3"},
    {"half a die", "mi250x-cards",
     "{\"status\":{\"devices\":[{\"pci\":\"0000:c6:00.0\",\"held\":500}]}}", "0,2-3"},
    {"named by the management function", "alveo-functions",
     "{\"status\":{\"devices\":[{\"pci\":\"0000:17:00.0\",\"held\":1000}]}}", ""},
};

START_TEST(free_set)
{
    struct sy_node *node = load(cases[_i].machine, cases[_i].status);
    ck_assert_msg(strcmp(show(&node->usage->free), cases[_i].free) == 0, "%s: expected %s, got %s",
                  cases[_i].description, cases[_i].free, show(&node->usage->free));
    sy_node_unref(node);
}
END_TEST

static const char two_pods[] =
    "{\"status\":{\"devices\":["
    "{\"pci\":\"0000:11:00.0\",\"holders\":[{\"namespace\":\"a\",\"name\":\"p\",\"uid\":\"1\","
    "\"container\":\"x\"}]},"
    "{\"pci\":\"0000:12:00.0\",\"holders\":[{\"namespace\":\"a\",\"name\":\"q\",\"uid\":\"2\"}]},"
    "{\"pci\":\"0000:13:00.0\",\"holders\":[{\"namespace\":\"a\",\"name\":\"p\",\"uid\":\"1\","
    "\"container\":\"y\"},{\"namespace\":\"a\",\"name\":\"q\",\"uid\":\"2\"}]},"
    "{\"pci\":\"0000:14:00.0\",\"holders\":[{\"namespace\":\"a\",\"name\":\"p\",\"uid\":\"9\"}]},"
    "{\"pci\":\"0000:15:00.0\",\"held\":1000}]}}";

START_TEST(units_of_one_pod)
{
    struct sy_node *node = load("link-states", two_pods);
    const struct sy_usage *usage = node->usage;
    ck_assert_uint_eq(usage->nholder, 5);
    ck_assert_uint_eq(usage->unit[0].holder, usage->unit[2].holder);
    ck_assert_uint_ne(usage->unit[0].holder, usage->unit[1].holder);
    ck_assert_uint_ne(usage->unit[0].holder, usage->unit[3].holder); /* another uid */
    ck_assert_uint_eq(usage->unit[2].holder_count, 2);
    ck_assert_str_eq(usage->holder[usage->unit[2].holder_first].container, "y");
    ck_assert_uint_eq(usage->unit[4].holder, 0);
    ck_assert_uint_eq(usage->unit[5].holder, 0);
    sy_node_unref(node);
}
END_TEST

START_TEST(digest_reads_what_placement_reads)
{
    static const struct {
        const char *status;
        bool same;
    } other[] = {
        /* The same groups under other names, at another time. */
        {"{\"status\":{\"observedTime\":\"2026-01-01T00:00:00Z\",\"devices\":["
         "{\"pci\":\"0000:12:00.0\",\"holders\":[{\"namespace\":\"b\",\"name\":\"z\"}]},"
         "{\"pci\":\"0000:11:00.0\",\"holders\":[{\"namespace\":\"b\",\"name\":\"z\"}]}]}}",
         true},
        {"{\"status\":{\"devices\":["
         "{\"pci\":\"0000:11:00.0\",\"holders\":[{\"namespace\":\"b\",\"name\":\"z\"}]},"
         "{\"pci\":\"0000:12:00.0\",\"holders\":[{\"namespace\":\"b\",\"name\":\"y\"}]}]}}",
         false},
        {"{\"status\":{\"mode\":\"predicted\",\"devices\":["
         "{\"pci\":\"0000:11:00.0\",\"holders\":[{\"namespace\":\"b\",\"name\":\"z\"}]},"
         "{\"pci\":\"0000:12:00.0\",\"holders\":[{\"namespace\":\"b\",\"name\":\"z\"}]}]}}",
         false},
        /* The node's own limit enters as room, node by node. */
        {"{\"status\":{\"power\":{\"limitWatts\":1},\"devices\":["
         "{\"pci\":\"0000:11:00.0\",\"holders\":[{\"namespace\":\"b\",\"name\":\"z\"}]},"
         "{\"pci\":\"0000:12:00.0\",\"holders\":[{\"namespace\":\"b\",\"name\":\"z\"}]}]}}",
         true},
    };
    struct sy_node *base =
        load("link-states",
             "{\"status\":{\"devices\":["
             "{\"pci\":\"0000:11:00.0\",\"holders\":[{\"namespace\":\"a\",\"name\":\"p\"}]},"
             "{\"pci\":\"0000:12:00.0\",\"holders\":[{\"namespace\":\"a\",\"name\":\"p\"}]}"
             "]}}");
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        struct sy_node *node = load("link-states", other[i].status);
        ck_assert_msg(sy_digest_equal(node->usage->digest, base->usage->digest) == other[i].same,
                      "status %zu", i);
        ck_assert_msg(sy_digest_equal(node->state, base->state) == other[i].same, "status %zu", i);
        sy_node_unref(node);
    }
    sy_node_unref(base);
}
END_TEST

static struct sy_devset set_of(const char *text)
{
    struct sy_devset set;
    ck_assert_int_eq(sy_devset_parse(text, &set, NULL), SY_OK);
    return set;
}

START_TEST(change)
{
    struct sy_err err = {0};
    struct sy_usage *freed = NULL, *back = NULL;
    struct sy_node *node = load("link-states", two_pods), *changed = NULL;
    ck_assert_str_eq(show(&node->usage->free), "5-9");
    ck_assert_int_eq(
        sy_usage_change(node->fabric, node->usage, set_of("0,2"), set_of("9"), &freed, &err),
        SY_OK);
    ck_assert_str_eq(show(&freed->free), "0,2,5-8");
    ck_assert_int_eq(sy_node_new("c", node->fabric, freed, NULL, 0, &changed, &err), SY_OK);
    ck_assert_msg(sy_node_check(changed, &err) == SY_OK, "%s", err.text);
    ck_assert(!sy_digest_equal(freed->digest, node->usage->digest));
    /* Changing nothing gives the same state. */
    ck_assert_int_eq(
        sy_usage_change(node->fabric, node->usage, SY_DEVSET_EMPTY, SY_DEVSET_EMPTY, &back, &err),
        SY_OK);
    ck_assert(sy_digest_equal(back->digest, node->usage->digest));
    sy_node_unref(node); /* what was copied must not lean on it */
    ck_assert_str_eq(freed->holder[1].name, "q");
    sy_usage_unref(back);
    sy_usage_unref(freed);
    sy_node_unref(changed);
}
END_TEST

/* One device fell off the bus: what the report says of the others holds, and nothing else is lost.
 */
START_TEST(stray_devices)
{
    static const char status[] =
        "{\"status\":{\"devices\":["
        "{\"pci\":\"0000:11:00.0\",\"held\":1000},"
        "{\"pci\":\"0000:99:00.0\",\"unit\":7,\"holders\":[{\"namespace\":\"a\",\"name\":\"p\"}]},"
        "{\"pci\":\"0000:98:00.0\",\"healthy\":false},"
        "{\"pci\":\"0000:12:00.0\",\"holders\":[{\"namespace\":\"a\",\"name\":\"q\"}]}]}}";
    static const char without[] =
        "{\"status\":{\"devices\":["
        "{\"pci\":\"0000:11:00.0\",\"held\":1000},"
        "{\"pci\":\"0000:12:00.0\",\"holders\":[{\"namespace\":\"a\",\"name\":\"q\"}]}]}}";
    struct sy_err err = {0};
    struct sy_usage *changed = NULL;
    struct sy_node *node = load("link-states", status), *same = load("link-states", without);
    ck_assert_uint_eq(node->usage->stray, 2);
    ck_assert_str_eq(node->usage->stray_first, "0000:99:00.0");
    ck_assert_uint_eq(same->usage->stray, 0);
    ck_assert_ptr_null(same->usage->stray_first);
    ck_assert_uint_eq(node->usage->nholder, 1);
    ck_assert_str_eq(show(&node->usage->free), "2-9");
    ck_assert(sy_digest_equal(node->state, same->state));
    sy_expect_round_trip(node, catalogue);
    ck_assert_int_eq(
        sy_usage_change(node->fabric, node->usage, set_of("0"), SY_DEVSET_EMPTY, &changed, &err),
        SY_OK);
    node->usage->stray_first = NULL;
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "2 stray devices, the first without an address");
    sy_node_unref(node);
    sy_node_unref(same);
    ck_assert_uint_eq(changed->stray, 2); /* and must not lean on the node */
    ck_assert_str_eq(changed->stray_first, "0000:99:00.0");
    sy_usage_unref(changed);
}
END_TEST

/* What people and power read of a report; placement does not. */
START_TEST(facts_of_the_status)
{
    static const char status[] =
        "{\"status\":{\"observedTime\":\"2026-11-22T16:00:00.123456Z\","
        "\"heartbeatTime\":\"2026-11-22T16:00:30Z\","
        "\"agent\":{\"version\":\"0.1.0\"},\"summary\":{\"unhealthy\":1},"
        "\"kubelet\":{\"reachable\":false,\"message\":\"connect: refused\"},"
        "\"unmapped\":{\"count\":3,\"first\":\"vendor.com/x id-7: no such device\"},"
        "\"power\":{\"limitWatts\":5600,\"watts\":3100.5},\"devices\":["
        "{\"pci\":\"0000:11:00.0\",\"kind\":\"NPU\",\"model\":\"m\",\"held\":0,\"watts\":0},"
        "{\"pci\":\"0000:12:00.0\",\"watts\":212.25,\"link\":{\"gbps\":31.5}}]}}";
    struct sy_err err = {0};
    struct sy_usage *changed = NULL;
    struct sy_node *node = load("link-states", status),
                   *plain = load("link-states", "{\"status\":{}}");
    ck_assert_int_eq(node->usage->observed_us, INT64_C(1795363200123456));
    ck_assert_int_eq(node->usage->heartbeat_us, INT64_C(1795363230000000));
    ck_assert_int_eq(node->usage->observed_mw, 3100500);
    ck_assert_int_eq(node->usage->base_mw, SY_UNKNOWN_MW);
    ck_assert_int_eq(node->usage->unit[0].observed_mw, 0); /* zero is known */
    ck_assert_int_eq(node->usage->unit[1].observed_mw, 212250);
    ck_assert_int_eq(node->usage->unit[2].observed_mw, SY_UNKNOWN_MW);
    ck_assert(sy_digest_equal(node->state, plain->state));
    ck_assert_ptr_null(plain->usage->kubelet_message);
    ck_assert_ptr_null(plain->usage->unmapped_first);
    ck_assert_int_eq(plain->usage->observed_mw, SY_UNKNOWN_MW);
    sy_expect_round_trip(node, catalogue);
    ck_assert_int_eq(
        sy_usage_change(node->fabric, node->usage, set_of("0"), SY_DEVSET_EMPTY, &changed, &err),
        SY_OK);
    sy_node_unref(plain);
    sy_node_unref(node); /* the copy must not lean on it */
    ck_assert_str_eq(changed->kubelet_message, "connect: refused");
    ck_assert_uint_eq(changed->unmapped, 3);
    ck_assert_str_eq(changed->unmapped_first, "vendor.com/x id-7: no such device");
    ck_assert_int_eq(changed->heartbeat_us, INT64_C(1795363230000000));
    ck_assert_int_eq(changed->observed_mw, 3100500);
    ck_assert_int_eq(changed->unit[1].observed_mw, 212250);
    sy_usage_unref(changed);
}
END_TEST

/* How a kubelet's state and unmapped ids are read, as "MESSAGE|COUNT|FIRST". */
static const struct {
    const char *status, *shown;
} facts[] = {
    {"{}", "-|0|-"},
    {"{\"kubelet\":{\"reachable\":true,\"message\":\"slow\"}}", "-|0|-"},
    {"{\"kubelet\":{\"reachable\":false}}", "not reachable|0|-"},
    {"{\"kubelet\":{\"reachable\":false,\"message\":\"\"}}", "not reachable|0|-"},
    {"{\"kubelet\":{\"reachable\":false,\"message\":\"no socket\"}}", "no socket|0|-"},
    {"{\"kubelet\":{\"message\":\"no socket\"}}", "-|0|-"},
    {"{\"unmapped\":{\"count\":0,\"first\":\"x\"}}", "-|0|-"},
    {"{\"unmapped\":{\"count\":1000000}}", "-|1000000|-"},
    {"{\"unmapped\":{\"first\":\"x\"}}", "-|0|-"},
};

START_TEST(facts_read)
{
    char status[256], shown[256];
    (void)snprintf(status, sizeof status, "{\"status\":%s}", facts[_i].status);
    struct sy_node *node = load("link-states", status);
    const struct sy_usage *u = node->usage;
    (void)snprintf(shown, sizeof shown, "%s|%u|%s",
                   u->kubelet_message != NULL ? u->kubelet_message : "-", u->unmapped,
                   u->unmapped_first != NULL ? u->unmapped_first : "-");
    ck_assert_str_eq(shown, facts[_i].shown);
    sy_expect_round_trip(node, catalogue);
    sy_node_unref(node);
}
END_TEST

static const struct {
    const char *status, *message;
} refused[] = {
    {"{\"heartbeatTime\":\"today\"}", "/status/heartbeatTime: "},
    {"{\"heartbeatTime\":5}", "/status/heartbeatTime: expected string, got integer"},
    {"{\"heartbeatTime\":\"1969-12-31T23:59:59Z\"}",
     "/status/heartbeatTime: time '1969-12-31T23:59:59Z': before 1970"},
    {"{\"kubelet\":\"gone\"}", "/status/kubelet: expected object, got string"},
    {"{\"kubelet\":{\"reachable\":\"no\"}}",
     "/status/kubelet/reachable: expected boolean, got string"},
    {"{\"kubelet\":{\"message\":[]}}", "/status/kubelet/message: expected string, got array"},
    {"{\"unmapped\":[]}", "/status/unmapped: expected object, got array"},
    {"{\"unmapped\":{\"count\":-1}}", "/status/unmapped/count: -1 is not within 0..1000000"},
    {"{\"unmapped\":{\"count\":1000001}}",
     "/status/unmapped/count: 1000001 is not within 0..1000000"},
    {"{\"unmapped\":{\"first\":1}}", "/status/unmapped/first: expected string, got integer"},
    {"{\"power\":{\"watts\":-1}}", "/status/power/watts: "},
    {"{\"devices\":[{\"pci\":\"0000:11:00.0\",\"watts\":1e9}]}", "/status/devices/0/watts: "},
};

START_TEST(facts_refused)
{
    struct sy_err err = {0};
    struct sy_usage *usage = NULL;
    sy_autojson json_t *status = NULL;
    const struct sy_json_limits limits = {.max_bytes = 4096, .max_depth = 16};
    struct sy_node *node = load("link-states", "{\"status\":{}}");
    ck_assert_int_eq(
        sy_json_parse(refused[_i].status, strlen(refused[_i].status), &limits, &status, &err),
        SY_OK);
    ck_assert_int_ne(
        sy_usage_from_json(status, node->fabric, SY_PATH_KEY(NULL, "status"), &usage, &err), SY_OK);
    ck_assert_msg(strncmp(err.text, refused[_i].message, strlen(refused[_i].message)) == 0,
                  "expected '%s', got '%s'", refused[_i].message, err.text);
    sy_node_unref(node);
}
END_TEST

/* Each new invariant, broken by hand. */
START_TEST(checker_sees_facts)
{
    struct sy_err err = {0};
    struct sy_node *node = load("mi250x-cards", "{\"status\":{}}");
    struct sy_usage *usage = node->usage;
    usage->heartbeat_us = -1;
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "mode 0, observed at 0, written at -1");
    usage->heartbeat_us = 0;
    usage->unmapped_first = "x";
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "no unmapped ids, yet a first one: x");
    usage->unmapped_first = NULL;
    usage->kubelet_message = "";
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "empty message of the kubelet");
    usage->kubelet_message = NULL;
    usage->observed_mw = -2;
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "negative power of the node");
    usage->observed_mw = 0;
    usage->unit[1].observed_mw = -2;
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "unit 1: negative power");
    sy_node_unref(node);
}
END_TEST

static const struct {
    const char *description, *status;
    const char *back; /* what is written again, NULL = nothing; or the message when it is refused */
    bool refused;
} counts[] = {
    {"two resources, ascending",
     "\"mode\":\"counts\",\"counted\":[{\"resource\":\"rdma/hca\","
     "\"count\":2},{\"resource\":\"nvidia.com/gpu\",\"count\":1}]",
     "[{\"resource\":\"nvidia.com/gpu\",\"count\":1},{\"resource\":\"rdma/hca\",\"count\":2}]",
     false},
    {"one name twice: the sum",
     "\"mode\":\"counts\",\"counted\":[{\"resource\":\"nvidia.com/gpu\","
     "\"count\":256},{\"resource\":\"nvidia.com/gpu\",\"count\":256}]",
     "[{\"resource\":\"nvidia.com/gpu\",\"count\":257}]", false},
    {"not ours, and none of this node",
     "\"mode\":\"counts\",\"counted\":[{\"resource\":\"cpu\","
     "\"count\":1},{\"resource\":\"amd.com/gpu\",\"count\":1}]",
     NULL, false},
    {"in a mode that knows better",
     "\"mode\":\"exact\",\"counted\":[{\"resource\":"
     "\"nvidia.com/gpu\",\"count\":1}]",
     NULL, false},
    {"empty", "\"mode\":\"counts\",\"counted\":[]", NULL, false},
    {"no array", "\"counted\":{}", "/status/counted: expected array, got object", true},
    {"no object", "\"counted\":[1]", "/status/counted/0: expected object, got integer", true},
    {"no name", "\"counted\":[{\"count\":1}]", "/status/counted/0/resource: required", true},
    {"no count", "\"counted\":[{\"resource\":\"cpu\"}]", "/status/counted/0/count: required", true},
    {"none", "\"counted\":[{\"resource\":\"cpu\",\"count\":0}]",
     "/status/counted/0/count: 0 is not within 1..257", true},
    {"too many", "\"counted\":[{\"resource\":\"cpu\",\"count\":258}]",
     "/status/counted/0/count: 258 is not within 1..257", true},
};

START_TEST(counted)
{
    char text[512];
    struct sy_err err = {0};
    struct sy_usage *usage = NULL, *changed = NULL;
    struct sy_node *node = load("broadcom-two-level", "{\"status\":{}}");
    const struct sy_json_limits limits = {.max_bytes = 4096, .max_depth = 16};
    const struct sy_path at = {.key = "status"};
    sy_autojson json_t *status = NULL, *back = NULL, *expected = NULL;
    int n = snprintf(text, sizeof text, "{%s}", counts[_i].status);
    ck_assert_int_eq(sy_json_parse(text, (size_t)n, &limits, &status, &err), SY_OK);
    enum sy_code code = sy_usage_from_json(status, node->fabric, &at, &usage, &err);
    if (counts[_i].refused) {
        ck_assert_msg(code == err.code && code != SY_OK && strcmp(err.text, counts[_i].back) == 0,
                      "%s: %s", counts[_i].description, err.text);
        sy_node_unref(node);
        return;
    }
    ck_assert_msg(code == SY_OK, "%s: %s", counts[_i].description, err.text);
    ck_assert_int_eq(sy_usage_change(node->fabric, usage, set_of("0"), set_of("1"), &changed, &err),
                     SY_OK);
    ck_assert_int_eq(sy_usage_to_json(node->fabric, changed, &back, &err), SY_OK);
    if (counts[_i].back != NULL)
        ck_assert_int_eq(
            sy_json_parse(counts[_i].back, strlen(counts[_i].back), &limits, &expected, &err),
            SY_OK);
    ck_assert_msg(expected != NULL ? json_equal(json_object_get(back, "counted"), expected)
                                   : json_object_get(back, "counted") == NULL,
                  "%s", counts[_i].description);
    sy_usage_unref(usage);
    sy_usage_unref(changed);
    sy_node_unref(node);
}
END_TEST

/* It decides, so nodes that differ in it are of two classes; and the checker sees what is wrong. */
START_TEST(counted_is_read_by_placement)
{
    static const char one[] = "{\"status\":{\"mode\":\"counts\",\"counted\":[{\"resource\":"
                              "\"nvidia.com/gpu\",\"count\":1}]}}";
    struct sy_err err = {0};
    struct sy_node *none = load("broadcom-two-level", "{\"status\":{\"mode\":\"counts\"}}");
    struct sy_node *node = load("broadcom-two-level", one);
    ck_assert(!sy_digest_equal(none->state, node->state));
    node->usage->mode = SY_MODE_PREDICTED;
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "1 resources are counted in mode predicted");
    node->usage->mode = SY_MODE_COUNTS;
    ((struct sy_counted *)(uintptr_t)node->usage->counted)->count = 258;
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_ptr_nonnull(strstr(err.text, "counted 0: 258 of resource "));
    sy_node_unref(none);
    sy_node_unref(node);
}
END_TEST

static enum sy_code read_and_change(void *data, struct sy_err *err)
{
    static const char text[] =
        "{\"mode\":\"counts\",\"counted\":[{\"resource\":\"nvidia.com/gpu\",\"count\":1}],"
        "\"kubelet\":{\"reachable\":false,\"message\":\"m\"},\"unmapped\":{\"count\":1,"
        "\"first\":\"x\"},\"devices\":[{\"pci\":\"0000:11:00.0\",\"healthy\":false,\"reason\":"
        "\"r\","
        "\"holders\":[{\"namespace\":\"a\",\"name\":\"p\",\"uid\":\"u\",\"container\":\"c\"}]}]}";
    const struct sy_node *node = data;
    const struct sy_json_limits limits = {.max_bytes = 4096, .max_depth = 16};
    sy_autojson json_t *status = NULL, *back = NULL;
    struct sy_usage *usage = NULL, *changed = NULL;
    enum sy_code code = sy_json_parse(text, sizeof text - 1, &limits, &status, err);
    if (code == SY_OK)
        code = sy_usage_from_json(status, node->fabric, NULL, &usage, err);
    if (code == SY_OK)
        code =
            sy_usage_change(node->fabric, usage, SY_DEVSET_EMPTY, SY_DEVSET_EMPTY, &changed, err);
    if (code == SY_OK)
        code = sy_usage_to_json(node->fabric, changed, &back, err);
    sy_usage_unref(usage);
    sy_usage_unref(changed);
    return code;
}

START_TEST(facts_without_memory)
{
    struct sy_node *node = load("link-states", "{\"status\":{}}");
    ck_assert_int_gt(sy_fault_sweep(read_and_change, node, 0), 10);
    sy_node_unref(node);
}
END_TEST

START_TEST(unreported)
{
    struct sy_err err = {0};
    struct sy_usage *usage = NULL;
    struct sy_node *node = load("alveo-functions", "{\"status\":{}}");
    ck_assert_int_eq(sy_usage_new_unreported(node->fabric, &usage, &err), SY_OK);
    ck_assert_uint_eq(usage->mode, SY_MODE_COUNTS);
    ck_assert_str_eq(show(&usage->free), "0"); /* the broken ones are not */
    ck_assert_int_eq(usage->limit_mw, SY_UNKNOWN_MW);
    ck_assert_int_eq(usage->unit[0].cap_mw, SY_UNKNOWN_MW);
    sy_usage_unref(usage);
    sy_node_unref(node);
}
END_TEST

/* The checker must see what is broken: each invariant of a usage, broken by hand. */
START_TEST(checker_sees)
{
    struct sy_node *node = load("mi250x-cards", "{\"status\":{}}");
    struct sy_usage *usage = node->usage;
    struct sy_err err = {0};
    usage->unit[1].held = 1000;
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "unit 1: wrongly free, or wrongly not");
    sy_devset_del(&usage->free, 1);
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "usage digest is not of its content");
    usage->digest = sy_usage_digest(usage);
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "state digest is not of fabric and usage");
    node->fabric->pair[1].mbps++;
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_node_check(node, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "units 0 and 1: not symmetric");
    sy_node_unref(node);
}
END_TEST

START_TEST(modes)
{
    ck_assert_str_eq(sy_mode_name(SY_MODE_EXACT), "exact");
    ck_assert_str_eq(sy_mode_name(SY_MODE_PREDICTED), "predicted");
    ck_assert_str_eq(sy_mode_name(SY_MODE_COUNTS), "counts");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("usage");
    TCase *tcase = tcase_create("usage");
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, free_set, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, units_of_one_pod);
    tcase_add_test(tcase, digest_reads_what_placement_reads);
    tcase_add_test(tcase, change);
    tcase_add_test(tcase, stray_devices);
    tcase_add_test(tcase, facts_of_the_status);
    tcase_add_loop_test(tcase, facts_read, 0, (int)(sizeof facts / sizeof *facts));
    tcase_add_loop_test(tcase, facts_refused, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(tcase, checker_sees_facts);
    tcase_add_test(tcase, facts_without_memory);
    tcase_add_loop_test(tcase, counted, 0, sizeof counts / sizeof counts[0]);
    tcase_add_test(tcase, counted_is_read_by_placement);
    tcase_add_test(tcase, unreported);
    tcase_add_test(tcase, checker_sees);
    tcase_add_test(tcase, modes);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
