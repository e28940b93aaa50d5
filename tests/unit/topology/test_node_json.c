/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "topology/node_json.h"

#include <string.h>

static const char good[] =
    "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\","
    "\"metadata\":{\"name\":\"node-a\",\"labels\":{\"rack\":\"r1\",\"pdu\":\"p2\"}},"
    "\"spec\":{\"source\":\"hwloc-xml\",\"product\":\"box\",\"bootID\":\"b-1\","
    "\"cpuVendor\":\"GenuineIntel\",\"cpuModel\":\"Intel(R) Xeon(R) Platinum 8358\","
    "\"topologyManager\":{\"policy\":\"restricted\",\"scope\":\"pod\","
    "\"options\":{\"preferClosestNuma\":true,\"maxAllowableNuma\":16}},\"objects\":["
    "{\"type\":\"Machine\"},"
    "{\"type\":\"Package\",\"parent\":0,\"index\":0},"
    "{\"type\":\"NUMANode\",\"parent\":1,\"index\":0,\"memoryMiB\":262144},"
    "{\"type\":\"HostBridge\",\"parent\":2,\"pci\":\"0000:16\",\"buses\":\"16-1b\"},"
    "{\"type\":\"Bridge\",\"parent\":3,\"pci\":\"0000:16:02.0\",\"id\":\"8086:347a\","
    "\"class\":\"0604\",\"buses\":\"17-17\",\"linkGBps\":31.508},"
    "{\"type\":\"PCIDev\",\"parent\":4,\"pci\":\"0000:17:00.0\",\"class\":\"1200\","
    "\"id\":\"19e5:d802\",\"subsystem\":\"19e5:3000\",\"linkGBps\":31.508,"
    "\"maxLinkGBps\":31.508,\"width\":16,\"maxWidth\":16,\"name\":\"npu0\",\"uuid\":\"u-0\","
    "\"driver\":\"drv\"},"
    "{\"type\":\"PCIDev\",\"parent\":3,\"pci\":\"0000:16:04.0\",\"class\":\"0302\","
    "\"id\":\"10de:20b5\",\"driver\":\"\"},"
    "{\"type\":\"PCIDev\",\"parent\":3,\"pci\":\"0000:16:05.0\",\"class\":\"0108\","
    "\"id\":\"144d:a824\"}],"
    "\"links\":[{\"a\":\"0000:17:00.0\",\"b\":\"0000:16:04.0\",\"type\":\"HCCS\",\"gbps\":28.0}]},"
    "\"status\":{\"mode\":\"exact\",\"observedTime\":\"2026-11-22T13:09:00Z\",\"devices\":["
    "{\"pci\":\"0000:17:00.0\",\"unit\":0,\"held\":500,\"holders\":[{\"namespace\":\"ml\","
    "\"name\":\"job-0\",\"uid\":\"a-b\",\"container\":\"main\"}],\"healthy\":false,"
    "\"reason\":\"ECC\",\"capWatts\":350}],"
    "\"power\":{\"limitWatts\":6000,\"baseWatts\":800.5}}}";

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

/* The good document with the first `find` replaced. */
static void edit(const char *find, const char *replace, struct sy_str *ret)
{
    const char *at = strstr(good, find);
    ck_assert_msg(at != NULL, "'%s' is not in the document", find);
    sy_str_init(ret, (size_t)1 << 22);
    sy_str_append_n(ret, good, (size_t)(at - good));
    sy_str_append(ret, replace);
    sy_str_append(ret, at + strlen(find));
    ck_assert(!sy_str_failed(ret));
}

START_TEST(everything_is_read)
{
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    ck_assert_msg(sy_node_from_bytes(good, strlen(good), NULL, 0, NULL, catalogue, &node, &err) ==
                      SY_OK,
                  "%s", err.text);
    ck_assert_msg(sy_node_check(node, &err) == SY_OK, "%s", err.text);
    const struct sy_inventory *inv = &node->fabric->inv;
    ck_assert_str_eq(node->name, "node-a");
    ck_assert_str_eq(sy_node_label(node, "rack"), "r1");
    ck_assert_str_eq(sy_node_label(node, "pdu"), "p2");
    ck_assert_ptr_null(sy_node_label(node, "row"));
    ck_assert_str_eq(inv->product, "box");
    ck_assert_str_eq(inv->boot_id, "b-1");
    ck_assert_str_eq(inv->cpu_model, "Intel(R) Xeon(R) Platinum 8358");
    ck_assert_uint_eq(inv->topology_manager.policy, SY_TOPOLOGY_POLICY_RESTRICTED);
    ck_assert_uint_eq(inv->topology_manager.scope, SY_TOPOLOGY_SCOPE_POD);
    ck_assert(inv->topology_manager.prefer_closest);
    ck_assert_uint_eq(inv->topology_manager.max_numa, 16);
    ck_assert_uint_eq(inv->obj[2].memory_mib, 262144);
    ck_assert_uint_eq(inv->obj[4].cur_link_mbps, 31508);
    ck_assert_uint_eq(inv->obj[4].bus_last, 0x17);
    const struct sy_obj *npu = &inv->obj[5];
    ck_assert_uint_eq(npu->id.class_id, 0x1200);
    ck_assert_uint_eq(npu->id.subdevice, 0x3000);
    ck_assert_uint_eq(npu->max_width, 16);
    ck_assert_str_eq(npu->uuid, "u-0");
    ck_assert(npu->driver_known && strcmp(npu->driver, "drv") == 0);
    ck_assert(inv->obj[6].driver_known && inv->obj[6].driver == NULL);
    ck_assert(!inv->obj[7].driver_known);
    ck_assert_uint_eq(inv->nlink, 1);
    ck_assert_uint_eq(inv->link[0].a, 5);
    ck_assert_uint_eq(inv->link[0].mbps, 28000);
    const struct sy_usage *usage = node->usage;
    int npu_unit = sy_fabric_unit_find(node->fabric, npu->addr, 0);
    ck_assert_int_eq(npu_unit, 1);
    ck_assert_uint_eq(usage->unit[1].held, 500);
    ck_assert_str_eq(usage->holder[usage->unit[1].holder - 1].name, "job-0");
    ck_assert(usage->unit[1].unhealthy);
    ck_assert_str_eq(usage->unit[1].reason, "ECC");
    ck_assert_int_eq(usage->unit[1].cap_mw, 350000);
    ck_assert_int_eq(usage->limit_mw, 6000000);
    ck_assert_int_eq(usage->base_mw, 800500);
    ck_assert_int_eq(usage->observed_us, INT64_C(1795352940000000));
    ck_assert_uint_eq(usage->mode, SY_MODE_EXACT);
    sy_node_unref(node);
}
END_TEST

static const struct {
    const char *find, *replace;
    enum sy_code code;
    const char *message; /* the whole text */
} bad[] = {
    {"v1alpha1", "v2", SY_EUNSUPPORTED,
     "/apiVersion: expected 'switchyard.dev/v1alpha1', got 'switchyard.dev/v2'"},
    {"\"kind\":\"NodeFabric\",", "", SY_EINVAL, "/kind: required"},
    {"\"node-a\"", "7", SY_EINVAL, "/metadata/name: expected string, got integer"},
    {"\"node-a\"", "\"\"", SY_EINVAL, "/metadata/name: empty"},
    {"\"name\":\"node-a\",", "", SY_EINVAL, "/metadata/name: required"},
    {"\"r1\"", "1", SY_EINVAL, "/metadata/labels/rack: expected string, got integer"},
    {"\"spec\":", "\"sepc\":", SY_EINVAL, "/spec: required"},
    {"\"topologyManager\":{", "\"topologyManager\":[],\"x\":{", SY_EINVAL,
     "/spec/topologyManager: expected object, got array"},
    {"\"restricted\"", "1", SY_EINVAL,
     "/spec/topologyManager/policy: expected string, got integer"},
    {"\"scope\":\"pod\"", "\"scope\":true", SY_EINVAL,
     "/spec/topologyManager/scope: expected string, got boolean"},
    {"\"options\":{", "\"options\":\"\",\"x\":{", SY_EINVAL,
     "/spec/topologyManager/options: expected object, got string"},
    {"\"preferClosestNuma\":true", "\"preferClosestNuma\":\"true\"", SY_EINVAL,
     "/spec/topologyManager/options/preferClosestNuma: expected boolean, got string"},
    {"\"maxAllowableNuma\":16", "\"maxAllowableNuma\":65536", SY_ELIMIT,
     "/spec/topologyManager/options/maxAllowableNuma: 65536 is not within 0..65535"},
    {"{\"type\":\"Machine\"}", "5", SY_EINVAL, "/spec/objects/0: expected object, got integer"},
    {"{\"type\":\"Machine\"}", "{\"type\":\"Group\"}", SY_EINVAL,
     "/spec/objects/0/type: the first object must be Machine"},
    {"\"type\":\"Package\",\"parent\":0", "\"type\":\"Package\"", SY_EINVAL,
     "/spec/objects/1/parent: required"},
    {"\"type\":\"Package\",\"parent\":0", "\"type\":\"Package\",\"parent\":1", SY_ELIMIT,
     "/spec/objects/1/parent: 1 is not within 0..0"},
    {"\"parent\":4", "\"parent\":4.0", SY_EINVAL,
     "/spec/objects/5/parent: expected integer, got real"},
    {"\"0000:16\"", "\"0000:16:00.0\"", SY_EPARSE,
     "/spec/objects/3/pci: expected domain and root bus as 0000:16"},
    {"\"16-1b\"", "\"16..1b\"", SY_EPARSE, "/spec/objects/3/buses: expected a bus range as 17-1b"},
    {"\"16-1b\"", "\"16-1\"", SY_EPARSE, "/spec/objects/3/buses: expected a bus range as 17-1b"},
    {"\"0000:17:00.0\"", "\"17:0\"", SY_EPARSE,
     "/spec/objects/5/pci: PCI address '17:0': expected dddd:bb:dd.f"},
    {"\"pci\":\"0000:17:00.0\",\"class\"", "\"class\"", SY_EINVAL, "/spec/objects/5/pci: required"},
    {"\"1200\"", "\"12000\"", SY_EPARSE, "/spec/objects/5/class: expected 4 hex digits"},
    {"\"19e5:d802\"", "\"19e5-d802\"", SY_EPARSE,
     "/spec/objects/5/id: expected vendor:device as 8086:347a"},
    {"\"19e5:3000\"", "3000", SY_EINVAL, "/spec/objects/5/subsystem: expected string, got integer"},
    {"\"memoryMiB\":262144", "\"memoryMiB\":-1", SY_ELIMIT,
     "/spec/objects/2/memoryMiB: -1 is not within 0..4294967295"},
    {"\"linkGBps\":31.508", "\"linkGBps\":-0.5", SY_ELIMIT,
     "/spec/objects/4/linkGBps: -0.5 is not within 0..100000"},
    {"\"linkGBps\":31.508", "\"linkGBps\":1e300", SY_ELIMIT,
     "/spec/objects/4/linkGBps: 1e+300 is not within 0..100000"},
    {"\"linkGBps\":31.508", "\"linkGBps\":\"fast\"", SY_EINVAL,
     "/spec/objects/4/linkGBps: expected number, got string"},
    {"\"width\":16", "\"width\":65", SY_ELIMIT, "/spec/objects/5/width: 65 is not within 0..64"},
    {"\"name\":\"npu0\"", "\"vf\":1", SY_EINVAL,
     "/spec/objects/5/vf: expected boolean, got integer"},
    {"\"name\":\"npu0\"", "\"physfn\":\"x\"", SY_EPARSE,
     "/spec/objects/5/physfn: PCI address 'x': expected dddd:bb:dd.f"},
    {"\"parent\":3,\"pci\":\"0000:16:02.0\"", "\"parent\":1,\"pci\":\"0000:16:02.0\"", SY_EINVAL,
     "/spec: object 4 (Bridge 0000:16:02.0): cannot hang below object 1 (Package)"},
    {"\"a\":\"0000:17:00.0\"", "\"a\":\"0000:17:00.7\"", SY_EINVAL,
     "/spec/links/0/a: no device 0000:17:00.7 among the objects"},
    {"\"a\":\"0000:17:00.0\"", "\"a\":\"0000:16:04.0\"", SY_EINVAL,
     "/spec/links/0: joins a device with itself"},
    {"\"links\":[", "\"links\":[{\"a\":\"0000:16:04.0\",\"b\":\"0000:17:00.0\",\"type\":\"NVL\"},",
     SY_EINVAL, "/spec/links: two links join 0000:17:00.0 and 0000:16:04.0"},
    {"\"gbps\":28.0", "\"gbps\":100001", SY_ELIMIT,
     "/spec/links/0/gbps: 100001 is not within 0..100000"},
    {"\"mode\":\"exact\"", "\"mode\":1", SY_EINVAL, "/status/mode: expected string, got integer"},
    {"2026-11-22T13:09:00Z", "yesterday", SY_EPARSE,
     "/status/observedTime: time 'yesterday': expected RFC 3339, as 2026-01-31T12:00:00Z"},
    {"2026-11-22T13:09:00Z", "1969-12-31T23:59:59Z", SY_EPARSE,
     "/status/observedTime: time '1969-12-31T23:59:59Z': before 1970"},
    {"{\"pci\":\"0000:17:00.0\",\"unit\":0", "{\"pci\":\"0000:99:00.8\",\"unit\":0", SY_EPARSE,
     "/status/devices/0/pci: PCI address '0000:99:00.8': expected dddd:bb:dd.f"},
    {"\"unit\":0", "\"unit\":1", SY_EINVAL, "/status/devices/0/unit: 0000:17:00.0 has no unit 1"},
    {"\"unit\":0", "\"unit\":256", SY_ELIMIT, "/status/devices/0/unit: 256 is not within 0..255"},
    {"\"held\":500", "\"held\":1001", SY_ELIMIT,
     "/status/devices/0/held: 1001 is not within 0..1000"},
    {"\"held\":500", "\"held\":0", SY_EINVAL, "/status/devices/0/held: 0, yet there are holders"},
    {"\"namespace\":\"ml\",", "", SY_EINVAL, "/status/devices/0/holders/0/namespace: required"},
    {"\"devices\":[", "\"devices\":[{\"pci\":\"0000:17:00.0\"},", SY_EINVAL,
     "/status/devices/1/pci: device 0000:17:00.0 is listed twice"},
    {"\"devices\":[", "\"devices\":[null,", SY_EINVAL,
     "/status/devices/0: expected object, got null"},
    {"\"healthy\":false", "\"healthy\":\"no\"", SY_EINVAL,
     "/status/devices/0/healthy: expected boolean, got string"},
    {"\"capWatts\":350", "\"capWatts\":10000001", SY_ELIMIT,
     "/status/devices/0/capWatts: 10000001 is not within 0..10000000"},
    {"\"limitWatts\":6000", "\"limitWatts\":-1", SY_ELIMIT,
     "/status/power/limitWatts: -1 is not within 0..10000000"},
    {"\"power\":{", "\"power\":[],\"x\":{", SY_EINVAL, "/status/power: expected object, got array"},
};

START_TEST(what_is_wrong_is_named)
{
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    struct sy_str text;
    edit(bad[_i].find, bad[_i].replace, &text);
    enum sy_code code =
        sy_node_from_bytes(text.data, text.len, NULL, 0, NULL, catalogue, &node, &err);
    ck_assert_str_eq(err.text, bad[_i].message);
    ck_assert_int_eq(code, bad[_i].code);
    ck_assert_ptr_null(node);
    sy_str_done(&text);
}
END_TEST

/* Neighbouring versions meet during an upgrade. */
static const struct {
    const char *find, *replace;
} lenient[] = {
    {"\"source\"", "\"newField\":{\"a\":[1]},\"source\""},
    {"\"type\":\"HCCS\"", "\"type\":\"QUANTUM\""},
    {"\"mode\":\"exact\"", "\"mode\":\"guessed\""},
    {"\"linkGBps\":31.508", "\"linkGBps\":null"},
    {"\"pci\":\"0000:17:00.0\",\"unit\":0", "\"pci\":\"0000:16:05.0\",\"unit\":0"},
    {"\"source\":\"hwloc-xml\",", ""},
    {"\"restricted\"", "\"strictest\""},
    {"\"scope\":\"pod\"", "\"scope\":\"namespace\""},
    {"\"options\":{", "\"options\":null,\"x\":{"},
    {"\"policy\":\"restricted\",", ""},
    {"\"topologyManager\":{", "\"topologyManager\":null,\"x\":{"},
};

START_TEST(what_is_newer_passes)
{
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    struct sy_str text;
    edit(lenient[_i].find, lenient[_i].replace, &text);
    ck_assert_msg(sy_node_from_bytes(text.data, text.len, NULL, 0, NULL, catalogue, &node, &err) ==
                      SY_OK,
                  "%s", err.text);
    ck_assert_msg(sy_node_check(node, &err) == SY_OK, "%s", err.text);
    if (_i == 1)
        ck_assert_uint_eq(node->fabric->inv.link[0].type, SY_LINK_OTHER);
    if (_i == 2)
        ck_assert_uint_eq(node->usage->mode, SY_MODE_COUNTS);
    if (_i == 4) /* a device of the node that we do not allocate: its state is nobody's */
        ck_assert_uint_eq(sy_devset_count(&node->usage->free), 2);
    const struct sy_topology_manager *manager = &node->fabric->inv.topology_manager;
    ck_assert_int_eq(manager->policy == SY_TOPOLOGY_POLICY_UNKNOWN, _i == 6 || _i == 9 || _i == 10);
    ck_assert_int_eq(manager->scope == SY_TOPOLOGY_SCOPE_UNKNOWN, _i == 7 || _i == 10);
    ck_assert_int_eq(manager->max_numa == 0, _i == 8 || _i == 10);
    sy_node_unref(node);
    sy_str_done(&text);
}
END_TEST

/* What the two digests of a fabric read: `shape` what placement does, `digest` names too. */
static const struct {
    const char *find, *replace;
    bool shape, digest; /* the same as of the good document */
} reads[] = {
    {"\"product\":\"box\"", "\"product\":\"crate\"", true, true},
    {"\"bootID\":\"b-1\"", "\"bootID\":\"b-2\"", true, true},
    {"\"source\":\"hwloc-xml\"", "\"source\":\"live\"", true, true},
    {"\"node-a\"", "\"node-b\"", true, true},
    {"\"name\":\"npu0\"", "\"name\":\"npu7\"", true, false},
    {"\"uuid\":\"u-0\"", "\"uuid\":\"u-1\"", true, false},
    {"\"driver\":\"drv\"", "\"driver\":\"vfio-pci\"", false, false},
    {",\"driver\":\"drv\"", "", false, false},
    {"Platinum 8358", "Platinum 8458", false, false},
    {"\"memoryMiB\":262144", "\"memoryMiB\":262145", false, false},
    {"\"linkGBps\":31.508", "\"linkGBps\":31.507", false, false},
    {"\"maxWidth\":16", "\"maxWidth\":8", false, false},
    {"19e5:3000", "19e5:3001", false, false},
    {"\"gbps\":28.0", "\"gbps\":28.001", false, false},
    {"\"type\":\"HCCS\"", "\"type\":\"NVL\"", false, false},
    {"\"restricted\"", "\"none\"", false, false},
    {"\"scope\":\"pod\"", "\"scope\":\"container\"", false, false},
    {"\"preferClosestNuma\":true,", "", false, false},
    {"\"maxAllowableNuma\":16", "\"maxAllowableNuma\":17", false, false},
    {"\"name\":\"npu0\"", "\"name\":\"npu0\",\"vf\":true", false, false},
    {"\"name\":\"npu0\"", "\"name\":\"npu0\",\"physfn\":\"0000:17:00.0\"", false, false},
};

START_TEST(digests)
{
    struct sy_err err = {0};
    struct sy_node *base = NULL, *node = NULL;
    struct sy_str text;
    edit(reads[_i].find, reads[_i].replace, &text);
    ck_assert_int_eq(sy_node_from_bytes(good, strlen(good), NULL, 0, NULL, catalogue, &base, &err),
                     SY_OK);
    ck_assert_msg(sy_node_from_bytes(text.data, text.len, NULL, 0, NULL, catalogue, &node, &err) ==
                      SY_OK,
                  "%s", err.text);
    ck_assert(sy_digest_equal(node->fabric->shape, base->fabric->shape) == reads[_i].shape);
    ck_assert(sy_digest_equal(node->fabric->digest, base->fabric->digest) == reads[_i].digest);
    ck_assert(sy_digest_equal(node->state, base->state) == reads[_i].shape);
    sy_node_unref(base);
    sy_node_unref(node);
    sy_str_done(&text);
}
END_TEST

/* An object of an unknown type is left out; what hangs below it moves up. */
START_TEST(unknown_object)
{
    static const char text[] =
        "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\","
        "\"metadata\":{\"name\":\"n\"},\"spec\":{\"objects\":[{\"type\":\"Machine\"},"
        "{\"type\":\"Package\",\"parent\":0},{\"type\":\"Die\",\"parent\":1,\"pci\":7},"
        "{\"type\":\"Tile\",\"parent\":2},{\"type\":\"NUMANode\",\"parent\":3},"
        "{\"type\":\"HostBridge\",\"parent\":4,\"pci\":\"0000:10\"},"
        "{\"type\":\"PCIDev\",\"parent\":5,\"pci\":\"0000:10:01.0\",\"id\":\"10de:20b5\"}]}}";
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    ck_assert_msg(sy_node_from_bytes(text, strlen(text), NULL, 0, NULL, catalogue, &node, &err) ==
                      SY_OK,
                  "%s", err.text);
    ck_assert_uint_eq(node->fabric->inv.nobj, 5);
    ck_assert_uint_eq(node->fabric->inv.obj[2].parent, 1);
    ck_assert_uint_eq(node->fabric->inv.obj[4].parent, 3);
    sy_node_unref(node);
}
END_TEST

static const struct {
    const char *description, *status, *name;
    enum sy_code code;
    const char *message;
} separate[] = {
    {"wins", "{\"status\":{\"devices\":[]}}", NULL, SY_OK, ""},
    {"whole frame",
     "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\","
     "\"metadata\":{\"name\":\"node-a\"},\"status\":{}}",
     "node-a", SY_OK, ""},
    {"not JSON", "{", NULL, SY_EPARSE, NULL},
    {"no status", "{}", NULL, SY_EINVAL, "status document: /status: required"},
    {"other kind", "{\"kind\":\"Pod\",\"status\":{}}", NULL, SY_EUNSUPPORTED,
     "status document: /kind: expected 'NodeFabric', got 'Pod'"},
    {"other node", "{\"metadata\":{\"name\":\"b\"},\"status\":{}}", NULL, SY_ECONFLICT,
     "status document: /metadata/name: 'b', yet the node is 'node-a'"},
    {"wrong inside", "{\"status\":{\"devices\":[{\"pci\":\"0000:01\"}]}}", NULL, SY_EPARSE,
     "status document: /status/devices/0/pci: PCI address '0000:01': expected dddd:bb:dd.f"},
    {"a device that is gone", "{\"status\":{\"devices\":[{\"pci\":\"0000:01:00.0\"}]}}", NULL,
     SY_OK, ""},
    {"other name given", "{\"status\":{}}", "node-b", SY_ECONFLICT,
     "/metadata/name: 'node-a', yet the node is 'node-b'"},
};

START_TEST(separate_status)
{
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    enum sy_code code =
        sy_node_from_bytes(good, strlen(good), separate[_i].status, strlen(separate[_i].status),
                           separate[_i].name, catalogue, &node, &err);
    if (separate[_i].message != NULL)
        ck_assert_str_eq(err.text, separate[_i].message);
    ck_assert_int_eq(code, separate[_i].code);
    if (code == SY_OK) {
        ck_assert_uint_eq(sy_devset_count(&node->usage->free), 2);
        sy_node_unref(node);
    }
}
END_TEST

static enum sy_code load_and_write(void *data, struct sy_err *err)
{
    (void)data;
    struct sy_node *node = NULL;
    sy_autojson json_t *root = NULL;
    sy_autofree char *text = NULL;
    size_t len;
    static const char status[] =
        "{\"status\":{\"devices\":[{\"pci\":\"0000:17:00.0\"},{\"pci\":\"0000:99:00.0\"}]}}";
    enum sy_code code =
        sy_node_from_bytes(good, strlen(good), status, strlen(status), NULL, catalogue, &node, err);
    if (code != SY_OK)
        return code;
    struct sy_devset one = SY_DEVSET_EMPTY;
    struct sy_usage *usage = NULL;
    sy_devset_add(&one, 0);
    code = sy_usage_change(node->fabric, node->usage, SY_DEVSET_EMPTY, one, &usage, err);
    if (code == SY_OK)
        code = sy_node_to_json(node, &root, err);
    if (code == SY_OK)
        code = sy_json_dump(root, false, &text, &len, err);
    sy_usage_unref(usage);
    sy_node_unref(node);
    return code;
}

/* Nothing that a decision or an answer reads is lost by writing. */
START_TEST(written_and_read_again)
{
    struct sy_err err = {0};
    struct sy_node *node = NULL, *again = NULL;
    struct sy_str text;
    json_t *root = NULL;
    char *written = NULL;
    size_t len;
    edit(reads[_i].find, reads[_i].replace, &text);
    ck_assert_int_eq(sy_node_from_bytes(text.data, text.len, NULL, 0, NULL, catalogue, &node, &err),
                     SY_OK);
    ck_assert_int_eq(sy_node_to_json(node, &root, &err), SY_OK);
    ck_assert_int_eq(sy_json_dump(root, false, &written, &len, &err), SY_OK);
    ck_assert_msg(sy_node_from_bytes(written, len, NULL, 0, NULL, catalogue, &again, &err) == SY_OK,
                  "%s", err.text);
    ck_assert(sy_digest_equal(node->fabric->digest, again->fabric->digest));
    ck_assert(sy_digest_equal(node->state, again->state));
    sy_node_unref(node);
    sy_node_unref(again);
    json_decref(root);
    sy_free(written);
    sy_str_done(&text);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    long n = sy_fault_sweep(load_and_write, NULL, 0);
    ck_assert_int_gt(n, 100);
}
END_TEST

START_TEST(too_long)
{
    struct sy_str text;
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    sy_str_init(&text, (size_t)1 << 22);
    sy_str_append(&text, good);
    for (size_t i = text.len; i <= SY_NODE_JSON_MAX; i++)
        sy_str_append(&text, " ");
    ck_assert_int_eq(sy_node_from_bytes(text.data, text.len, NULL, 0, NULL, catalogue, &node, &err),
                     SY_ELIMIT);
    ck_assert_str_eq(err.text, "1048577 bytes long, more than 1048576");
    sy_str_done(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("node_json");
    TCase *tcase = tcase_create("node_json");
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, everything_is_read);
    tcase_add_loop_test(tcase, what_is_wrong_is_named, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_loop_test(tcase, what_is_newer_passes, 0, (int)(sizeof lenient / sizeof *lenient));
    tcase_add_loop_test(tcase, digests, 0, (int)(sizeof reads / sizeof *reads));
    tcase_add_loop_test(tcase, written_and_read_again, 0, (int)(sizeof reads / sizeof *reads));
    tcase_add_test(tcase, unknown_object);
    tcase_add_loop_test(tcase, separate_status, 0, (int)(sizeof separate / sizeof *separate));
    tcase_add_test(tcase, every_allocation_may_fail);
    tcase_add_test(tcase, too_long);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
