/* SPDX-License-Identifier: Apache-2.0 */
/* Operators' files: what is refused, and in which words. */
#include "base/file.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "topology/catalogue_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "apiVersion: switchyard.dev/v1alpha1\nkind: DeviceCatalogue\nsources: {s: text}\n"
/* From line 4 on: a resource and a device that later entries can be wrong about. */
#define RES "resources: [{name: x.y/z, source: s, chooser: {value: arbitrary, source: s}}]\n"
#define DEV "  - name: a\n    model: A\n    kind: NPU\n    ids: [{value: '1234:0001', source: s}]\n"

static const struct {
    const char *what, *text;
    bool with_builtin;
    enum sy_code code;
    const char *message;
} cases[] = {
    /* the document */
    {"empty", "", false, SY_EPARSE, "op.yaml:1:1: no document"},
    {"not a map", "[1, 2]\n", false, SY_EINVAL, "op.yaml:1:1: expected a map, got a list"},
    {"not YAML", "a: [1\nb: }\n", false, SY_EPARSE,
     "op.yaml:2:2: while parsing a flow sequence did not find expected ',' or ']'"},
    {"twice a key", HEAD "devices: []\ndevices: []\n", false, SY_EPARSE,
     "op.yaml:5:1: key 'devices' repeats the one at 4:1"},
    {"no header", "devices: []\n", false, SY_EINVAL,
     "op.yaml:1:1: 'apiVersion: switchyard.dev/v1alpha1' is missing"},
    {"no kind", "apiVersion: switchyard.dev/v1alpha1\n", false, SY_EINVAL,
     "op.yaml:1:1: 'kind: DeviceCatalogue' is missing"},
    {"other version", "apiVersion: switchyard.dev/v9\nkind: DeviceCatalogue\n", false, SY_EINVAL,
     "op.yaml:1:13: apiVersion 'switchyard.dev/v9': expected 'switchyard.dev/v1alpha1'"},
    {"other kind", "apiVersion: switchyard.dev/v1alpha1\nkind: Policy\n", false, SY_EINVAL,
     "op.yaml:2:7: kind 'Policy': expected 'DeviceCatalogue'"},
    {"unknown list", HEAD "device: []\n", false, SY_EINVAL,
     "op.yaml:4:1: unknown key 'device' (known: apiVersion, kind, sources, resources, devices, "
     "ignored, interconnects, bridges)"},
    {"devices is no list", HEAD "devices: {a: 1}\n", false, SY_EINVAL,
     "op.yaml:4:10: expected a list, got a map"},
    {"sources is no map",
     "apiVersion: switchyard.dev/v1alpha1\nkind: DeviceCatalogue\nsources: 1\n", false, SY_EINVAL,
     "op.yaml:3:10: expected a map, got a single value"},
    {"empty source text",
     "apiVersion: switchyard.dev/v1alpha1\nkind: DeviceCatalogue\nsources: {s: ''}\n", false,
     SY_EINVAL, "op.yaml:3:14: must not be empty"},
    /* devices */
    {"entry is no map", HEAD "devices: [7]\n", false, SY_EINVAL,
     "op.yaml:4:11: expected a map, got a single value"},
    {"no name", HEAD "devices:\n  - model: A\n", false, SY_EINVAL,
     "op.yaml:5:5: 'name' is missing"},
    {"odd name", HEAD "devices:\n  - name: Up Case\n", false, SY_EINVAL,
     "op.yaml:5:11: name 'Up Case': lower-case letters, digits, '-' and '.' only"},
    {"unknown field", HEAD "devices:\n" DEV "    tdp: 5\n", false, SY_EINVAL,
     "op.yaml:9:5: unknown key 'tdp' (known: name, model, kind, generic, vf, needsUserFunction, "
     "unitsPerCard, unitsPerFunction, ids, companions, memoryType, memoryMiB, memoryGBps, "
     "linkGBps, tdpWatts, idleWatts, overlays, resources, noResource)"},
    {"new without model", HEAD "devices:\n  - name: a\n    kind: NPU\n", false, SY_EINVAL,
     "op.yaml:5:5: device 'a' is new and needs 'model'"},
    {"new without ids", HEAD "devices:\n  - name: a\n    kind: NPU\n    model: A\n", false,
     SY_EINVAL, "op.yaml:5:5: device 'a' is new and needs 'ids'"},
    {"unknown kind", HEAD "devices:\n  - name: a\n    model: A\n    kind: TPU\n    ids: []\n",
     false, SY_EINVAL, "op.yaml:7:11: 'TPU' is none of NPU, GPU, FPGA, NIC"},
    {"twice", HEAD "devices:\n" DEV DEV, false, SY_ECONFLICT,
     "op.yaml:9:5: device 'a' stands twice in this file (first at line 5)"},
    {"bare number", HEAD "devices:\n" DEV "    tdpWatts: 300\n", false, SY_EINVAL,
     "op.yaml:9:15: expected {value: ..., source: KEY} or {value: ..., unverified: \"why\"}"},
    {"no source", HEAD "devices:\n" DEV "    tdpWatts: {value: 300}\n", false, SY_EINVAL,
     "op.yaml:9:15: needs one of 'source: KEY' and 'unverified: \"why\"'"},
    {"two sources", HEAD "devices:\n" DEV "    tdpWatts: {value: 300, source: s, unverified: b}\n",
     false, SY_EINVAL, "op.yaml:9:15: needs one of 'source: KEY' and 'unverified: \"why\"'"},
    {"unknown source", HEAD "devices:\n" DEV "    tdpWatts: {value: 300, source: nowhere}\n", false,
     SY_EINVAL,
     "op.yaml:9:36: source 'nowhere' is not a key of 'sources' here or in an earlier file"},
    {"empty why", HEAD "devices:\n" DEV "    tdpWatts: {value: 300, unverified: ''}\n", false,
     SY_EINVAL, "op.yaml:9:40: must not be empty"},
    {"no value", HEAD "devices:\n" DEV "    tdpWatts: {source: s}\n", false, SY_EINVAL,
     "op.yaml:9:15: 'value' is missing"},
    {"value's other key", HEAD "devices:\n" DEV "    tdpWatts: {value: 1, source: s, unit: W}\n",
     false, SY_EINVAL, "op.yaml:9:37: unknown key 'unit' (known: value, source, unverified)"},
    {"text for a number", HEAD "devices:\n" DEV "    tdpWatts: {value: '300', source: s}\n", false,
     SY_EINVAL, "op.yaml:9:23: expected a number, got the text '300'"},
    {"unit in the number", HEAD "devices:\n" DEV "    tdpWatts: {value: 300W, source: s}\n", false,
     SY_EINVAL, "op.yaml:9:23: expected a number, got '300W'"},
    {"negative", HEAD "devices:\n" DEV "    tdpWatts: {value: -1, source: s}\n", false, SY_ELIMIT,
     "op.yaml:9:23: -1 is not within 0.001..100000"},
    {"not a number", HEAD "devices:\n" DEV "    tdpWatts: {value: .nan, source: s}\n", false,
     SY_EINVAL, "op.yaml:9:23: expected a number, got '.nan'"},
    {"too large", HEAD "devices:\n" DEV "    memoryMiB: {value: 99999999999, source: s}\n", false,
     SY_ELIMIT, "op.yaml:9:24: 99999999999 is not within 1..268435456"},
    {"fraction of a MiB", HEAD "devices:\n" DEV "    memoryMiB: {value: 1.5, source: s}\n", false,
     SY_EINVAL, "op.yaml:9:24: expected an integer, got '1.5'"},
    {"flag", HEAD "devices:\n" DEV "    vf: maybe\n", false, SY_EINVAL,
     "op.yaml:9:9: expected true or false, got 'maybe'"},
    {"no units", HEAD "devices:\n" DEV "    unitsPerCard: {value: 0, source: s}\n", false,
     SY_ELIMIT, "op.yaml:9:27: 0 is not within 1..16"},
    {"idle above full",
     HEAD "devices:\n" DEV
          "    tdpWatts: {value: 70, source: s}\n    idleWatts: {value: 80, source: s}\n",
     false, SY_EINVAL, "op.yaml:5:5: device 'a': idleWatts (80.000) above tdpWatts (70.000)"},
    /* identities */
    {"short id",
     HEAD "devices:\n  - {name: a, model: A, kind: NPU, ids: [{value: '10de:1', source: s}]}\n",
     false, SY_EINVAL,
     "op.yaml:5:50: PCI identity '10de:1': expected VENDOR:DEVICE, "
     "VENDOR:DEVICE/SUBVENDOR:SUBDEVICE or VENDOR:class-CLASS (four lower-case hexadecimal digits "
     "each)"},
    {"upper case id",
     HEAD "devices:\n  - {name: a, model: A, kind: NPU, ids: [{value: '10DE:1234', source: s}]}\n",
     false, SY_EINVAL,
     "op.yaml:5:50: PCI identity '10DE:1234': expected VENDOR:DEVICE, "
     "VENDOR:DEVICE/SUBVENDOR:SUBDEVICE or VENDOR:class-CLASS (four lower-case hexadecimal digits "
     "each)"},
    {"trailing id",
     HEAD "devices:\n  - {name: a, model: A, kind: NPU, ids: [{value: '10de:1234 ', source: s}]}\n",
     false, SY_EINVAL,
     "op.yaml:5:50: PCI identity '10de:1234 ': expected VENDOR:DEVICE, "
     "VENDOR:DEVICE/SUBVENDOR:SUBDEVICE or VENDOR:class-CLASS (four lower-case hexadecimal digits "
     "each)"},
    {"wild device",
     HEAD "devices:\n  - {name: a, model: A, kind: NPU, ids: [{value: '10de:12xx', source: s}]}\n",
     false, SY_EINVAL,
     "op.yaml:5:50: PCI identity '10de:12xx': expected VENDOR:DEVICE, "
     "VENDOR:DEVICE/SUBVENDOR:SUBDEVICE or VENDOR:class-CLASS (four lower-case hexadecimal digits "
     "each)"},
    {"vendor 0",
     HEAD "devices:\n  - {name: a, model: A, kind: NPU, ids: [{value: '0000:1234', source: s}]}\n",
     false, SY_EINVAL,
     "op.yaml:5:50: PCI identity '0000:1234': expected VENDOR:DEVICE, "
     "VENDOR:DEVICE/SUBVENDOR:SUBDEVICE or VENDOR:class-CLASS (four lower-case hexadecimal digits "
     "each)"},
    {"id taken",
     HEAD "devices:\n" DEV
          "  - {name: b, model: B, kind: GPU, ids: [{value: '1234:0001', source: s}]}\n",
     false, SY_ECONFLICT,
     "op.yaml:9:50: 1234:0001 of 'b' is already an identity of 'a' (op.yaml:8:19)"},
    {"id twice in one",
     HEAD "devices:\n  - {name: b, model: B, kind: GPU, ids: [{value: '1234:0001', source: s}, "
          "{value: '1234:0001', source: s}]}\n",
     false, SY_ECONFLICT,
     "op.yaml:5:83: 1234:0001 of 'b' is already an identity of 'b' (op.yaml:5:50)"},
    {"companion is a unit",
     HEAD "devices:\n" DEV "    companions: [{value: '1234:0001', source: s}]\n", false,
     SY_ECONFLICT, "op.yaml:9:26: 1234:0001 of 'a' is already an identity of 'a' (op.yaml:8:19)"},
    {"class taken",
     HEAD
     "devices:\n  - {name: b, model: B, kind: GPU, ids: [{value: '10de:class-0302', source: s}]}\n",
     true, SY_ECONFLICT,
     "op.yaml:5:50: 10de:class-0302 of 'b' is already an identity of 'nvidia-gpu' (built-in "
     "devices.yaml:"},
    {"built-in id taken",
     HEAD "devices:\n  - {name: b, model: B, kind: GPU, ids: [{value: '10de:20b0', source: s}]}\n",
     true, SY_ECONFLICT,
     "op.yaml:5:50: 10de:20b0 of 'b' is already an identity of 'nvidia-a100-sxm4-40' (built-in "
     "devices.yaml:"},
    {"ignored and a device", HEAD "ignored: [{value: '10de:20b0', source: s}]\n", true,
     SY_ECONFLICT,
     "op.yaml:4:19: 10de:20b0 of '(ignored)' is already an identity of 'nvidia-a100-sxm4-40' "
     "(built-in devices.yaml:"},
    {"subsystem taken",
     HEAD "devices:\n  - {name: b, model: B, kind: GPU, ids: [{value: '19e5:d500/19e5:0110', "
          "source: s}]}\n",
     true, SY_ECONFLICT,
     "op.yaml:5:50: 19e5:d500/19e5:0110 of 'b' is already an identity of 'ascend-310p-duo' "
     "(built-in devices.yaml:"},
    /* overlays */
    {"three overlays", HEAD "devices:\n" DEV "    overlays: [{}, {}, {}]\n", false, SY_ELIMIT,
     "op.yaml:9:15: 3 overlays, at most 2"},
    {"overlay unsourced", HEAD "devices:\n" DEV "    overlays: [{type: NVL, form: mesh}]\n", false,
     SY_EINVAL, "op.yaml:9:16: needs one of 'source: KEY' and 'unverified: \"why\"'"},
    {"overlay without type", HEAD "devices:\n" DEV "    overlays: [{form: mesh, source: s}]\n",
     false, SY_EINVAL, "op.yaml:9:16: 'type' is missing"},
    {"overlay type", HEAD "devices:\n" DEV "    overlays: [{type: PCIE, form: mesh, source: s}]\n",
     false, SY_EINVAL, "op.yaml:9:23: 'PCIE' is none of NVL, XGMI, HCCS, SIO, XELINK, OTHER"},
    {"overlay type none",
     HEAD "devices:\n" DEV "    overlays: [{type: '', form: mesh, source: s}]\n", false, SY_EINVAL,
     "op.yaml:9:23: '' is none of NVL, XGMI, HCCS, SIO, XELINK, OTHER"},
    {"overlay form", HEAD "devices:\n" DEV "    overlays: [{type: NVL, form: star, source: s}]\n",
     false, SY_EINVAL, "op.yaml:9:34: 'star' is none of none, mesh, rings, card"},
    {"rings of what", HEAD "devices:\n" DEV "    overlays: [{type: NVL, form: rings, source: s}]\n",
     false, SY_EINVAL, "op.yaml:9:16: form rings needs 'group'"},
    {"ring of one",
     HEAD "devices:\n" DEV "    overlays: [{type: NVL, form: rings, group: 1, source: s}]\n", false,
     SY_ELIMIT, "op.yaml:9:48: 1 is not within 2..256"},
    {"card of one", HEAD "devices:\n" DEV "    overlays: [{type: SIO, form: card, source: s}]\n",
     false, SY_EINVAL,
     "op.yaml:5:5: device 'a': an overlay of form card needs unitsPerCard or unitsPerFunction "
     "above 1"},
    /* resources */
    {"unknown resource", HEAD "devices:\n" DEV "    resources: [no.such/name]\n", false, SY_EINVAL,
     "op.yaml:9:17: device 'a' names the unknown resource 'no.such/name' (add it to 'resources')"},
    {"resources and a reason",
     HEAD RES "devices:\n" DEV "    resources: [x.y/z]\n    noResource: none\n", false,
     SY_ECONFLICT, "op.yaml:11:17: 'noResource' beside 'resources'"},
    {"unknown device",
     HEAD "resources: [{name: x.y/z, source: s, chooser: {value: arbitrary, source: s}, devices: "
          "[b]}]\n",
     false, SY_EINVAL, "op.yaml:4:88: resource 'x.y/z' names the unknown device 'b'"},
    {"resource twice",
     HEAD "resources:\n  - {name: x.y/z, source: s, chooser: {value: arbitrary, source: s}}\n  - "
          "{name: x.y/z}\n",
     false, SY_ECONFLICT,
     "op.yaml:6:5: resource 'x.y/z' stands twice in this file (first at line 5)"},
    {"resource name",
     HEAD "resources: [{name: gpu, source: s, chooser: {value: arbitrary, source: s}}]\n", false,
     SY_EINVAL, "op.yaml:4:20: resource name 'gpu': expected DOMAIN/NAME, or DOMAIN/PREFIX*"},
    {"star inside",
     HEAD "resources: [{name: 'x.y/a*b', source: s, chooser: {value: arbitrary, source: s}}]\n",
     false, SY_EINVAL,
     "op.yaml:4:20: resource name 'x.y/a*b': expected DOMAIN/NAME, or DOMAIN/PREFIX*"},
    {"star alone",
     HEAD "resources: [{name: 'x.y/*', source: s, chooser: {value: arbitrary, source: s}}]\n",
     false, SY_EINVAL,
     "op.yaml:4:20: resource name 'x.y/*': expected DOMAIN/NAME, or DOMAIN/PREFIX*"},
    {"no chooser", HEAD "resources: [{name: x.y/z, source: s}]\n", false, SY_EINVAL,
     "op.yaml:4:13: resource 'x.y/z' is new and needs 'chooser'"},
    {"unknown chooser",
     HEAD "resources: [{name: x.y/z, source: s, chooser: {value: random, source: s}}]\n", false,
     SY_EINVAL, "op.yaml:4:55: 'random' is none of arbitrary, preferred, steered"},
    {"resource unsourced",
     HEAD "resources: [{name: x.y/z, chooser: {value: arbitrary, source: s}}]\n", false, SY_EINVAL,
     "op.yaml:4:13: needs one of 'source: KEY' and 'unverified: \"why\"'"},
    {"resource field", HEAD "resources: [{name: x.y/z, addDevices: []}]\n", false, SY_EINVAL,
     "op.yaml:4:27: unknown key 'addDevices' (known: name, chooser, requestSizes, devices, source, "
     "unverified)"},
    {"sizes descend",
     HEAD "resources: [{name: x.y/z, source: s, chooser: {value: arbitrary, source: s}, "
          "requestSizes: {value: [2, 1], source: s}}]\n",
     false, SY_EINVAL, "op.yaml:4:104: request sizes must ascend"},
    {"size 0",
     HEAD "resources: [{name: x.y/z, source: s, chooser: {value: arbitrary, source: s}, "
          "requestSizes: {value: [0], source: s}}]\n",
     false, SY_ELIMIT, "op.yaml:4:101: 0 is not within 1..256"},
    {"17 sizes",
     HEAD "resources: [{name: x.y/z, source: s, chooser: {value: arbitrary, source: s}, "
          "requestSizes: {value: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17], source: s}}]\n",
     false, SY_ELIMIT, "op.yaml:4:100: 17 request sizes, at most 16"},
    /* bridges and processors */
    {"bridge role", HEAD "bridges: [{name: b, role: switch, ids: []}]\n", false, SY_EINVAL,
     "op.yaml:4:27: 'switch' is none of plain, card-internal, same-chip"},
    {"new bridge", HEAD "bridges: [{name: b, role: same-chip}]\n", false, SY_EINVAL,
     "op.yaml:4:11: bridge 'b' is new and needs 'role' and 'ids'"},
    {"bridge twice", HEAD "bridges: [{name: b, role: plain, ids: []}, {name: b}]\n", false,
     SY_ECONFLICT, "op.yaml:4:44: bridge 'b' stands twice in this file (first at line 4)"},
    {"bridge class",
     HEAD "bridges: [{name: b, role: plain, ids: [{value: '1000:class-0604', source: s}]}]\n",
     false, SY_EINVAL,
     "op.yaml:4:48: PCI identity '1000:class-0604': expected VENDOR:DEVICE or "
     "VENDOR:DEVICE/SUBVENDOR:SUBDEVICE (four lower-case hexadecimal digits each, x for any but in "
     "VENDOR)"},
    {"bridge vendor",
     HEAD "bridges: [{name: b, role: plain, ids: [{value: 'xxxx:c010', source: s}]}]\n", false,
     SY_EINVAL,
     "op.yaml:4:48: PCI identity 'xxxx:c010': expected VENDOR:DEVICE or "
     "VENDOR:DEVICE/SUBVENDOR:SUBDEVICE (four lower-case hexadecimal digits each, x for any but in "
     "VENDOR)"},
    {"bridges overlap",
     HEAD "bridges:\n  - {name: b, role: plain, ids: [{value: '1000:c0x0', source: s}]}\n  - "
          "{name: c, role: card-internal, ids: [{value: '1000:c01x', source: s}]}\n",
     false, SY_ECONFLICT,
     "op.yaml:6:50: this bridge identity and the one at op.yaml:5:42 are equally specific and fit "
     "the same bridge"},
    {"no rate", HEAD "interconnects: [{name: i, cpuVendor: X}]\n", false, SY_EINVAL,
     "op.yaml:4:17: interconnect 'i' is new and needs 'pairGBps'"},
    {"interconnect twice",
     HEAD "interconnects: [{name: i, pairGBps: {value: 1, source: s}}, {name: i}]\n", false,
     SY_ECONFLICT, "op.yaml:4:61: interconnect 'i' stands twice in this file (first at line 4)"},
    {"two defaults",
     HEAD "interconnects: [{name: i, pairGBps: {value: 1, source: s}}, {name: j, pairGBps: {value: "
          "2, source: s}}]\n",
     false, SY_ECONFLICT,
     "op.yaml:4:61: interconnect 'j' is for the same CPUs (vendor any, model any) as the one at "
     "op.yaml:4:17"},
    {"same processor",
     HEAD "interconnects: [{name: i, cpuVendor: V, cpuModels: {value: [M, M], source: s}, "
          "pairGBps: {value: 1, source: s}}]\n",
     false, SY_ECONFLICT,
     "op.yaml:4:17: interconnect 'i' is for the same CPUs (vendor V, model M) as the one at "
     "op.yaml:4:17"},
    /* hostile text in messages */
    {"control characters", HEAD "devices:\n" DEV "    kind2: 1\n", false, SY_EINVAL,
     "op.yaml:9:5: unknown key 'kind2' (known: name, model, kind, generic, vf, needsUserFunction, "
     "unitsPerCard, unitsPerFunction, ids, companions, memoryType, memoryMiB, memoryGBps, "
     "linkGBps, tdpWatts, idleWatts, overlays, resources, noResource)"},
    {"quoted back", HEAD "devices:\n  - {name: \"a\\x1b[31m'\", model: A}\n", false, SY_EINVAL,
     "op.yaml:5:12: name 'a\\x1B[31m\\x27': lower-case letters, digits, '-' and '.' only"},
};

#define N(array) (sizeof(array) / sizeof(array)[0])

/* The built-in file's own lines move: a message that ends in its name is compared up to there. */
static bool same_message(const char *text, const char *expected)
{
    static const char end[] = "(built-in devices.yaml:";
    size_t len = strlen(expected), tail = strlen(end);
    if (len > tail && strcmp(expected + len - tail, end) == 0)
        return strncmp(text, expected, len) == 0;
    return strcmp(text, expected) == 0;
}

START_TEST(refused)
{
    struct sy_err err = {0};
    struct sy_catalogue *cat = NULL;
    const struct sy_text_file file = {"op.yaml", cases[_i].text, strlen(cases[_i].text)};
    enum sy_code code = sy_catalogue_parse(&file, 1, cases[_i].with_builtin, &cat, &err);
    ck_assert_msg(code == cases[_i].code, "%s: expected '%s', got '%s' (%s)", cases[_i].what,
                  sy_code_text(cases[_i].code), sy_code_text(code), err.text);
    ck_assert_msg(same_message(err.text, cases[_i].message), "%s: expected\n%s\ngot\n%s",
                  cases[_i].what, cases[_i].message, err.text);
    ck_assert_ptr_null(cat);
}
END_TEST

/* `n` resources named x.y/r<i> after HEAD; the caller frees. */
static char *many_resources(int n)
{
    size_t size = strlen(HEAD) + 32 + (size_t)n * 80;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    size_t len = (size_t)snprintf(text, size, "%sresources:\n", HEAD);
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, size - len,
                                "- {name: x.y/r%d, source: s, "
                                "chooser: {value: arbitrary, source: s}}\n",
                                i);
    return text;
}

START_TEST(resource_limit)
{
    char *text = many_resources((int)SY_RESOURCE_MAX);
    struct sy_text_file files[] = {
        {"one.yaml", text, strlen(text)},
        {"two.yaml",
         HEAD "resources:\n"
              "- {name: x.y/r1, chooser: {value: steered, source: s}}\n"
              "- {name: x.y/more, source: s, chooser: {value: steered, source: s}}\n",
         0},
    };
    files[1].len = strlen(files[1].data);
    struct sy_err err = {0};
    struct sy_catalogue *cat = NULL;
    ck_assert_int_eq(sy_catalogue_parse(files, 1, false, &cat, &err), SY_OK);
    ck_assert_uint_eq(sy_catalogue_resource_count(cat), SY_RESOURCE_MAX);
    for (int i = 0; i < (int)SY_RESOURCE_MAX; i++)
        ck_assert_int_eq(
            sy_catalogue_resource_find(cat, sy_catalogue_resource(cat, (size_t)i)->name), i);
    sy_catalogue_unref(cat);
    cat = NULL;
    ck_assert_int_eq(sy_catalogue_parse(files, 2, false, &cat, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "two.yaml:6:3: more than 256 resource names");
    ck_assert_ptr_null(cat);
    free(text);
}
END_TEST

/* Conflicts are told at the later file, whatever the order of names. */
START_TEST(conflict_across_files)
{
    static const char a[] = HEAD "\n\n\ndevices:\n" DEV;
    static const char b[] = HEAD
        "devices:\n  - {name: b, model: B, kind: NIC, ids: [{value: '1234:0001', source: s}]}\n";
    const struct sy_text_file ab[] = {{"a.yaml", a, strlen(a)}, {"b.yaml", b, strlen(b)}};
    const struct sy_text_file ba[] = {ab[1], ab[0]};
    struct sy_err err = {0};
    struct sy_catalogue *cat = NULL;
    ck_assert_int_eq(sy_catalogue_parse(ab, 2, false, &cat, &err), SY_ECONFLICT);
    ck_assert_str_eq(err.text,
                     "b.yaml:5:50: 1234:0001 of 'b' is already an identity of 'a' (a.yaml:11:19)");
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_catalogue_parse(ba, 2, false, &cat, &err), SY_ECONFLICT);
    ck_assert_str_eq(err.text,
                     "a.yaml:11:19: 1234:0001 of 'a' is already an identity of 'b' (b.yaml:5:50)");
}
END_TEST

START_TEST(files_on_disk)
{
    const char *const missing[] = {"/nonexistent/catalogue.yaml"};
    const char *const folder[] = {SY_SOURCE_DIR};
    struct sy_err err = {0};
    struct sy_catalogue *cat = NULL;
    ck_assert_int_eq(sy_catalogue_load(missing, 1, &cat, &err), SY_ENOENT);
    ck_assert_msg(strncmp(err.text, missing[0], strlen(missing[0])) == 0, "%s", err.text);
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_catalogue_load(folder, 1, &cat, &err), SY_EINVAL);
    ck_assert_ptr_null(cat);
    /* The built-in file read as an operator's: it restates everything and changes nothing. */
    const char *const same[] = {SY_SOURCE_DIR "/topology/catalogue/devices.yaml"};
    struct sy_catalogue *once = NULL, *again = NULL;
    err = (struct sy_err){0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &once, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_catalogue_load(same, 1, &again, &err) == SY_OK, "%s", err.text);
    ck_assert(sy_digest_equal(sy_catalogue_digest(once), sy_catalogue_digest(again)));
    sy_catalogue_unref(once);
    sy_catalogue_unref(again);
}
END_TEST

static enum sy_code parse_alone(void *data, struct sy_err *err)
{
    struct sy_catalogue *cat = NULL;
    enum sy_code code = sy_catalogue_parse(data, 1, false, &cat, err);
    sy_catalogue_unref(cat);
    return code;
}

static enum sy_code load_over_builtin(void *data, struct sy_err *err)
{
    const char *const paths[] = {data};
    struct sy_catalogue *cat = NULL;
    enum sy_code code = sy_catalogue_load(paths, 1, &cat, err);
    sy_catalogue_unref(cat);
    return code;
}

/* Each allocation fails once: in a file with every field, and in the built-in one with a second. */
START_TEST(no_memory)
{
    static const char path[] = SY_SOURCE_DIR "/tests/fuzz/corpus/catalogue/";
    char full[sizeof path + 16], small[sizeof path + 16];
    (void)snprintf(full, sizeof full, "%sfull.yaml", path);
    (void)snprintf(small, sizeof small, "%ssriov.yaml", path);
    struct sy_err err = {0};
    char *data = NULL;
    size_t len = 0;
    ck_assert_msg(sy_file_read(full, SY_CAT_FILE_BYTES, &data, &len, &err) == SY_OK, "%s",
                  err.text);
    struct sy_text_file file = {"full.yaml", data, len};
    (void)sy_fault_sweep(parse_alone, &file, 0);
    sy_free(data);
    (void)sy_fault_sweep(load_over_builtin, small, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("catalogue_files");
    TCase *tc = tcase_create("files");
    tcase_set_timeout(tc, 100);
    tcase_add_loop_test(tc, refused, 0, (int)N(cases));
    tcase_add_test(tc, resource_limit);
    tcase_add_test(tc, conflict_across_files);
    tcase_add_test(tc, files_on_disk);
    tcase_add_test(tc, no_memory);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
