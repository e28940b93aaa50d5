/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod asks for: counts as kube-scheduler computes them, annotations, and every refusal's
 * text. */
#include "base/str.h"
#include "scoring/request.h"
#include "scoring/request_private.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "topology/node.h"

#include <stdio.h>
#include <string.h>

#define NPU "\"npu.huawei.com/ascend910b\""
#define GPU "\"nvidia.com/gpu\""
#define LIMITS(list) "{\"resources\":{\"limits\":{" list "}}}"
#define REQUESTS(list) "{\"resources\":{\"requests\":{" list "}}}"
#define SPEC(containers) "{\"spec\":{\"containers\":[" containers "]}}"

static struct sy_catalogue *catalogue;
static struct sy_arena *arena;

static void setup(void)
{
    struct sy_err err = {0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
    arena = sy_arena_new(1 << 20);
    ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
    sy_arena_free(arena);
    sy_catalogue_unref(catalogue);
}

static enum sy_code read_pod(const char *text, struct sy_request *ret, struct sy_err *err)
{
    const struct sy_json_limits limits = {.max_bytes = 1 << 20, .max_depth = 64};
    sy_autojson json_t *pod = NULL;
    enum sy_code code = sy_json_parse(text, strlen(text), &limits, &pod, err);
    if (code != SY_OK)
        return code;
    return sy_request_from_pod(pod, catalogue, &(struct sy_path){.key = "Pod"}, arena, ret, err);
}

/* "name=count name=count", by name. */
static const char *entries_text(const struct sy_request *request, char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = '\0';
    for (unsigned i = 0; i < request->nentry && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s=%u", i > 0 ? " " : "",
                                 request->entry[i].name, request->entry[i].count);
    return buf;
}

static const struct {
    const char *what, *pod, *entries;
} counted[] = {
    {"nothing", "{}", ""},
    {"null spec", "{\"spec\":null}", ""},
    {"null containers", "{\"spec\":{\"containers\":null,\"initContainers\":null}}", ""},
    {"null resources and lists", SPEC("{\"resources\":null},{\"resources\":{\"limits\":null}}"),
     ""},
    {"null quantity", SPEC(LIMITS(GPU ":null")), ""},
    {"limits alone", SPEC(LIMITS(GPU ":\"2\"")), "nvidia.com/gpu=2"},
    {"requests alone", SPEC(REQUESTS(GPU ":\"2\"")), "nvidia.com/gpu=2"},
    {"requests win",
     SPEC("{\"resources\":{\"limits\":{" GPU ":\"4\"},\"requests\":{" GPU ":\"2\"}}}"),
     "nvidia.com/gpu=2"},
    {"limits stand in for the name that requests lack",
     SPEC("{\"resources\":{\"limits\":{" GPU ":\"4\"},\"requests\":{" NPU ":\"2\"}}}"),
     "npu.huawei.com/ascend910b=2 nvidia.com/gpu=4"},
    {"containers add up", SPEC(LIMITS(GPU ":1") "," LIMITS(GPU ":\"2\"," NPU ":1")),
     "npu.huawei.com/ascend910b=1 nvidia.com/gpu=3"},
    {"not ours", SPEC(LIMITS("\"cpu\":\"100m\",\"memory\":\"1.5Gi\",\"example.com/x\":\"0.5\"")),
     ""},
    {"zero is nothing", SPEC(LIMITS(GPU ":\"0\"")), ""},
    {"init containers: the largest",
     "{\"spec\":{\"containers\":[" LIMITS(GPU ":1") "],\"initContainers\":[" LIMITS(
         GPU ":3") "," LIMITS(GPU ":2") "]}}",
     "nvidia.com/gpu=3"},
    {"containers more than init containers",
     "{\"spec\":{\"containers\":[" LIMITS(GPU ":4") "],\"initContainers\":[" LIMITS(GPU ":3") "]}}",
     "nvidia.com/gpu=4"},
    {"a sidecar stays beside the containers",
     "{\"spec\":{\"containers\":[" LIMITS(GPU ":1") "],\"initContainers\":[{\"restartPolicy\":"
                                                    "\"Always\",\"resources\":{\"limits\":{" GPU
                                                    ":2}}}]}}",
     "nvidia.com/gpu=3"},
    {"an init container after a sidecar runs beside it, one before does not",
     "{\"spec\":{\"containers\":[" LIMITS(GPU ":1") "],\"initContainers\":[" LIMITS(
         GPU ":4") ",{\"restartPolicy\":\"Always\",\"resources\":{\"limits\":{" GPU
                   ":2}}}," LIMITS(GPU ":3") "]}}",
     "nvidia.com/gpu=5"},
    {"overhead is added",
     "{\"spec\":{\"containers\":[" LIMITS(GPU ":1") "],\"overhead\":{" GPU ":\"1\"}}}",
     "nvidia.com/gpu=2"},
    {"pod-level resources name no devices",
     "{\"spec\":{\"resources\":{\"limits\":{" GPU
     ":\"8\"}},\"containers\":[" LIMITS(GPU ":1") "]}}",
     "nvidia.com/gpu=1"},
    {"two names of one pattern add up",
     SPEC(LIMITS("\"xilinx.com/fpga-xilinx_u280_a\":1,\"xilinx.com/fpga-xilinx_u280_b\":2")),
     "xilinx.com/fpga-xilinx_u280_a=3"},
    {"more than any node has", SPEC(LIMITS(GPU ":\"70000\"")), "nvidia.com/gpu=257"},
};

START_TEST(counts)
{
    struct sy_request request;
    struct sy_err err = {0};
    char text[256];
    ck_assert_msg(read_pod(counted[_i].pod, &request, &err) == SY_OK, "%s: %s", counted[_i].what,
                  err.text);
    /* Entries are in catalogue order: compare what the table says as a set. */
    (void)entries_text(&request, text, sizeof text);
    size_t expected = 0;
    char list[256];
    (void)snprintf(list, sizeof list, "%s", counted[_i].entries);
    for (char *save, *one = strtok_r(list, " ", &save); one != NULL;
         one = strtok_r(NULL, " ", &save)) {
        ck_assert_msg(strstr(text, one) != NULL, "%s: %s not in %s", counted[_i].what, one, text);
        expected++;
    }
    ck_assert_msg(request.nentry == expected, "%s: %s", counted[_i].what, text);
    for (unsigned i = 1; i < request.nentry; i++)
        ck_assert(request.entry[i - 1].resource < request.entry[i].resource);
    for (unsigned i = 0; i < request.nentry; i++)
        ck_assert(request.asked[i] == request.entry[i].count || request.asked[i] > SY_COUNT_MAX);
}
END_TEST

static const struct {
    const char *what, *pod, *message;
} refused[] = {
    {"a list", "[]", "/Pod: expected object, got array"},
    {"spec", "{\"spec\":7}", "/Pod/spec: expected object, got integer"},
    {"containers", "{\"spec\":{\"containers\":{}}}",
     "/Pod/spec/containers: expected array, got object"},
    {"a container", SPEC("null"), "/Pod/spec/containers/0: expected object, got null"},
    {"resources", SPEC("{\"resources\":[]}"),
     "/Pod/spec/containers/0/resources: expected object, got array"},
    {"limits", SPEC("{\"resources\":{\"limits\":\"x\"}}"),
     "/Pod/spec/containers/0/resources/limits: expected object, got string"},
    {"a boolean", SPEC(LIMITS(GPU ":true")),
     "/Pod/spec/containers/0/resources/limits/nvidia.com~1gpu: expected string or integer, got "
     "boolean"},
    {"a real", SPEC(LIMITS(GPU ":1.0")),
     "/Pod/spec/containers/0/resources/limits/nvidia.com~1gpu: expected string or integer, got "
     "real"},
    {"a fraction", SPEC(LIMITS(GPU ":\"1.5\"")),
     "/Pod/spec/containers/0/resources/limits/nvidia.com~1gpu: '1.5' is not a whole number"},
    {"no number", SPEC(LIMITS(GPU ":\"two\"")),
     "/Pod/spec/containers/0/resources/limits/nvidia.com~1gpu: 'two' is not a quantity"},
    {"NUL", SPEC(LIMITS(GPU ":\"2\\u0000\"")),
     "/Pod/spec/containers/0/resources/limits/nvidia.com~1gpu: '2\\x00' is not a quantity"},
    {"a negative text", SPEC(REQUESTS(GPU ":\"-1\"")),
     "/Pod/spec/containers/0/resources/requests/nvidia.com~1gpu: '-1' is negative"},
    {"a negative number", SPEC(REQUESTS(GPU ":-1")),
     "/Pod/spec/containers/0/resources/requests/nvidia.com~1gpu: -1 is negative"},
    {"init container", "{\"spec\":{\"initContainers\":[{\"restartPolicy\":1}]}}",
     "/Pod/spec/initContainers/0/restartPolicy: expected string, got integer"},
    {"overhead", "{\"spec\":{\"overhead\":[]}}", "/Pod/spec/overhead: expected object, got array"},
    {"metadata", "{\"metadata\":[]}", "/Pod/metadata: expected object, got array"},
    {"annotations", "{\"metadata\":{\"annotations\":[]}}",
     "/Pod/metadata/annotations: expected object, got array"},
    {"an annotation of ours", "{\"metadata\":{\"annotations\":{\"switchyard.dev/require\":3}}}",
     "/Pod/metadata/annotations/switchyard.dev~1require: expected string, got integer"},
    {"uid", "{\"metadata\":{\"uid\":1}}", "/Pod/metadata/uid: expected string, got integer"},
    {"time", "{\"metadata\":{\"creationTimestamp\":\"yesterday\"}}",
     "/Pod/metadata/creationTimestamp: expected a time such as 2026-01-31T12:00:00Z"},
    {"no such day", "{\"metadata\":{\"creationTimestamp\":\"2023-02-30T00:00:00Z\"}}",
     "/Pod/metadata/creationTimestamp: expected a time such as 2026-01-31T12:00:00Z"},
};

START_TEST(errors)
{
    struct sy_request request, before;
    memset(&request, 0x5A, sizeof request);
    memcpy(&before, &request, sizeof request);
    struct sy_err err = {0};
    enum sy_code code = read_pod(refused[_i].pod, &request, &err);
    ck_assert_str_eq(err.text, refused[_i].message);
    ck_assert_int_eq(code, SY_EINVAL);
    ck_assert_mem_eq(&request, &before, sizeof request);
}
END_TEST

START_TEST(too_many)
{
    struct sy_str pod;
    sy_str_init(&pod, 65536);
    sy_str_append(&pod, "{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{");
    for (unsigned i = 0; i < 65; i++)
        sy_str_printf(&pod, "%s\"amd.com/xilinx_u200_%u\":1", i > 0 ? "," : "", i);
    sy_str_append(&pod, "}}}]}}");
    struct sy_request request;
    struct sy_err err = {0};
    ck_assert_int_eq(read_pod(pod.data, &request, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "/Pod/spec/containers/0/resources/limits/amd.com~1xilinx_u200_64: "
                               "more than 64 resource names in one pod");
    sy_str_done(&pod);
}
END_TEST

static const struct {
    const char *text;
    int64_t value; /* -1: no quantity, -2: not whole, -3: negative */
} quantities[] = {
    {"2", 2},
    {"+2", 2},
    {"2.0", 2},
    {"2.", 2},
    {"1e1", 10},
    {"1E1", 10},
    {"20e-1", 2},
    {"2k", 2000},
    {"2000m", 2},
    {"1Ki", 1024},
    {"0.5Ki", 512},
    {"0.0", 0},
    {"-0", 0},
    {"1E", 1000000000000000000},
    {"10E", INT64_MAX},
    {"1e99999", INT64_MAX},
    {"0e99999", 0},
    {"8Ei", INT64_MAX},
    {"7Ei", INT64_C(7) << 60},
    {"000000000000000000000000000002", 2},
    {"9223372036854775807", INT64_MAX},
    {"99999999999999999999999", INT64_MAX},
    {"2.00000000000000000000000", 2},
    {"", -1},
    {".", -1},
    {"e1", -1},
    {"1e", -1},
    {"1 ", -1},
    {" 1", -1},
    {"0x2", -1},
    {"1kk", -1},
    {"1K", -1},
    {"--1", -1},
    {"1e1e1", -1},
    {"inf", -1},
    {"1.2.3", -1},
    {"1e+", -1},
    {"1.5", -2},
    {"1500m", -2},
    {"0.3Ki", -2},
    {"1e-1", -2},
    {"1n", -2},
    {"0.00000000000000000000001", -2},
    {"-1", -3},
    {"-1e1", -3},
};

START_TEST(quantity)
{
    const struct sy_path at = {.key = "q"};
    int64_t value = -7;
    struct sy_err err = {0};
    sy_autojson json_t *json = json_string(quantities[_i].text);
    enum sy_code code = sy_quantity_whole(json, &at, &value, &err);
    char expected[128];
    static const char *const why[] = {"is not a quantity", "is not a whole number", "is negative"};
    if (quantities[_i].value >= 0) {
        ck_assert_msg(code == SY_OK, "%s", err.text);
        ck_assert_int_eq(value, quantities[_i].value);
        return;
    }
    (void)snprintf(expected, sizeof expected, "/q: '%s' %s", quantities[_i].text,
                   why[-1 - quantities[_i].value]);
    ck_assert_int_eq(code, SY_EINVAL);
    ck_assert_str_eq(err.text, expected);
    ck_assert_int_eq(value, -7);
}
END_TEST

static const struct {
    const char *text;
    int64_t us; /* -1: refused */
} durations[] =
    {
        {"90s", 90000000},
        {"5m", 300000000},
        {"1h30m", INT64_C(5400000000)},
        {"1.5h", INT64_C(5400000000)},
        {"250ms", 250000},
        {"3us", 3},
        {"3\xC2\xB5s", 3},
        {"999ns", 0},
        {"0", 0},
        {"+1s", 1000000},
        {".5s", 500000},
        {"", -1},
        {"5", -1},
        {"s", -1},
        {"-1s", -1},
        {"1d", -1},
        {"1h 1m", -1},
        {"99999999999h", -1},
        {".s", -1},
},
  decimals[] = {
      {"25", 25000}, {"25.5", 25500},  {"0.125", 125},    {"1.", -1},
      {".5", -1},    {"1.2345", -1},   {"-1", -1},        {"1e3", -1},
      {"", -1},      {"4000.001", -1}, {"4000", 4000000}, {"99999999999999999999", -1},
      {"1.2.3", -1}, {"25 ", -1},
};

START_TEST(duration_text)
{
    int64_t us = -1;
    ck_assert_int_eq(sy_pod_duration_parse(durations[_i].text, &us), durations[_i].us >= 0);
    ck_assert_int_eq(us, durations[_i].us);
}
END_TEST

START_TEST(decimal_text)
{
    int64_t value = -1;
    ck_assert_int_eq(sy_thousandths_parse(decimals[_i].text, 4000000, &value),
                     decimals[_i].us >= 0);
    ck_assert_int_eq(value, decimals[_i].us);
}
END_TEST

#define SCOPES "is not one of slot, switch, root, numa, socket, any"
static const struct {
    const char *key, *text, *malformed;
} annotations[] = {
    {"require", "switch", NULL},
    {"require", " numa ", NULL},
    {"require", "any", NULL},
    {"require", "npu=switch,nvidia.com/gpu=numa", NULL},
    {"require", "NPU=any, GPU=socket", NULL},
    {"require", "\\tnpu = switch , nvidia.com/gpu =\\tnuma\\n", NULL},
    {"require", "switch\\r\\n", NULL},
    {"require", " = numa",
     "switchyard.dev/require '= numa': '= numa' is not KIND=SCOPE or RESOURCE=SCOPE"},
    {"require", "", "switchyard.dev/require '': '' " SCOPES},
    {"require", "Switch", "switchyard.dev/require 'Switch': 'Switch' " SCOPES},
    {"require", "switch,npu=numa",
     "switchyard.dev/require 'switch,npu=numa': 'switch' is not KIND=SCOPE or RESOURCE=SCOPE"},
    {"require", "npu=rack", "switchyard.dev/require 'npu=rack': 'rack' " SCOPES},
    {"require", "npu=", "switchyard.dev/require 'npu=': '' " SCOPES},
    {"require", "npu=numa,",
     "switchyard.dev/require 'npu=numa,': '' is not KIND=SCOPE or "
     "RESOURCE=SCOPE"},
    {"require", "=numa",
     "switchyard.dev/require '=numa': '=numa' is not KIND=SCOPE or "
     "RESOURCE=SCOPE"},
    {"require", "fpga=numa", "switchyard.dev/require 'fpga=numa': the pod asks for no 'fpga'"},
    {"require", "amd.com/gpu=numa",
     "switchyard.dev/require 'amd.com/gpu=numa': the pod asks for no 'amd.com/gpu'"},
    {"require", "npu=numa,npu=switch",
     "switchyard.dev/require 'npu=numa,npu=switch': 'npu' stands twice"},
    {"require", "a\\nb", "switchyard.dev/require 'a\\x0Ab': 'a\\x0Ab' " SCOPES},
    {"require-guaranteed", "true", NULL},
    {"require-guaranteed", "false", NULL},
    {"require-guaranteed", "yes",
     "switchyard.dev/require-guaranteed 'yes': expected true or false"},
    {"require-for", " 90s ", NULL},
    {"require-for", "90s", NULL},
    {"require-for", "soon",
     "switchyard.dev/require-for 'soon': expected a duration such as 90s, 5m or 1h30m"},
    {"require-for", "0s", "switchyard.dev/require-for '0s': expected more than 0"},
    {"min-bandwidth", "25.5", NULL},
    {"min-bandwidth", "0",
     "switchyard.dev/min-bandwidth '0': expected GB/s, more than 0 and up to "
     "4000, with at most 3 decimals"},
    {"min-bandwidth", "25GB",
     "switchyard.dev/min-bandwidth '25GB': expected GB/s, more than 0 and "
     "up to 4000, with at most 3 decimals"},
    {"expected-watts", "700", NULL},
    {"expected-watts", "0",
     "switchyard.dev/expected-watts '0': expected watts, more than 0 and up to "
     "1000000000, with at most 3 decimals"},
    {"expected-watts", "-1",
     "switchyard.dev/expected-watts '-1': expected watts, more than 0 and up to "
     "1000000000, with at most 3 decimals"},
    {"profile", "training-sync", NULL},
    {"profile", " training-sync ", NULL},
    {"profile", "", "switchyard.dev/profile '': expected the name of a profile"},
};

static enum sy_code annotated(const char *key, const char *text, struct sy_request *ret,
                              struct sy_err *err)
{
    char pod[512];
    (void)snprintf(pod, sizeof pod,
                   "{\"metadata\":{\"annotations\":{\"switchyard.dev/%s\":\"%s\"}},\"spec\":"
                   "{\"containers\":[" LIMITS(GPU ":1," NPU ":2") "]}}",
                   key, text);
    return read_pod(pod, ret, err);
}

START_TEST(annotation)
{
    struct sy_request request;
    struct sy_err err = {0};
    enum sy_code code = annotated(annotations[_i].key, annotations[_i].text, &request, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    if (annotations[_i].malformed == NULL)
        ck_assert_msg(request.malformed == NULL, "%s", request.malformed);
    else
        ck_assert_str_eq(request.malformed, annotations[_i].malformed);
    ck_assert_int_eq(request.nentry, 2);
}
END_TEST

START_TEST(annotation_values)
{
    struct sy_request request;
    struct sy_err err = {0};
    ck_assert_int_eq(annotated("require", "npu=switch,nvidia.com/gpu=numa", &request, &err), SY_OK);
    ck_assert_int_eq(request.nrequire, 2);
    ck_assert_int_eq(request.require[0].match, 1);
    ck_assert_int_eq(request.require[0].kind, SY_KIND_NPU);
    ck_assert_int_eq(request.require[0].scope, SY_SCOPE_SWITCH);
    ck_assert_int_eq(request.require[1].match, 2);
    ck_assert_str_eq(request.entry[request.require[1].entry].name, "nvidia.com/gpu");
    ck_assert_int_eq(request.require[1].scope, SY_SCOPE_NUMA);
    ck_assert_int_eq(annotated("require", "NPU=any, GPU=socket", &request, &err), SY_OK);
    ck_assert_int_eq(request.nrequire, 1); /* any is no requirement */
    ck_assert_int_eq(annotated("require", "socket", &request, &err), SY_OK);
    ck_assert_int_eq(request.require[0].match, 0);
    ck_assert_int_eq(annotated("require", " npu = switch , gpu = numa ", &request, &err), SY_OK);
    ck_assert_int_eq(request.require[1].scope, SY_SCOPE_NUMA);
    ck_assert_int_eq(annotated("min-bandwidth", "25.5", &request, &err), SY_OK);
    ck_assert_int_eq(request.min_mbps, 25500);
    ck_assert_int_eq(request.expected_mw, SY_UNKNOWN_MW);
    ck_assert_int_eq(annotated("expected-watts", "700", &request, &err), SY_OK);
    ck_assert_int_eq(request.expected_mw, 700000);
    ck_assert_int_eq(annotated("profile", "io-heavy", &request, &err), SY_OK);
    ck_assert_str_eq(request.profile, "io-heavy");
    ck_assert_int_eq(annotated("require-for", "1m", &request, &err), SY_OK);
    ck_assert_int_eq(request.require_for_us, 60000000);
    ck_assert_int_eq(request.nnote, 1);
    ck_assert_str_eq(request.note[0],
                     "switchyard.dev/require-for has no effect without a requirement");
}
END_TEST

START_TEST(unknown_annotations_are_noted)
{
    struct sy_request request;
    struct sy_err err = {0};
    ck_assert_int_eq(annotated("requires", "switch", &request, &err), SY_OK);
    ck_assert_ptr_null(request.malformed);
    ck_assert_int_eq(request.nnote, 1);
    ck_assert_str_eq(request.note[0], "unknown annotation 'switchyard.dev/requires'");
    ck_assert_int_eq(read_pod("{\"metadata\":{\"annotations\":{\"other/x\":7,"
                              "\"switchyard.dev/require\":\"numa\"}}}",
                              &request, &err),
                     SY_OK);
    ck_assert_int_eq(request.nnote, 1);
    ck_assert_str_eq(request.note[0],
                     "switchyard.dev/require has no effect: the pod asks for no device");
}
END_TEST

/* The first is the refusal; explain lists the others too. */
START_TEST(several_malformed)
{
    struct sy_request request;
    struct sy_err err = {0};
    const char *pod = "{\"metadata\":{\"annotations\":{\"switchyard.dev/profile\":\"\","
                      "\"switchyard.dev/a\":\"\",\"switchyard.dev/b\":\"\",\"switchyard.dev/c\":"
                      "\"\",\"switchyard.dev/d\":\"\",\"switchyard.dev/expected-watts\":\"x\","
                      "\"switchyard.dev/min-bandwidth\":\"x\",\"switchyard.dev/require-for\":"
                      "\"x\",\"switchyard.dev/require-guaranteed\":\"x\","
                      "\"switchyard.dev/require\":\"x=y,z\"}},\"spec\":{\"containers\":[" LIMITS(
                          GPU ":\"70000\"") "]}}";
    static const char *const notes[] = {"-guaranteed 'x': ", "-for 'x': ", "min-bandwidth 'x': ",
                                        "expected-watts 'x': ", "profile '': "};
    ck_assert_msg(read_pod(pod, &request, &err) == SY_OK, "%s", err.text);
    ck_assert_str_eq(request.malformed, "switchyard.dev/require 'x=y,z': 'y' " SCOPES);
    ck_assert_int_eq(request.nnote, SY_NOTE_MAX);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_msg(strstr(request.note[i], notes[i]) != NULL, "%s", request.note[i]);
    ck_assert_int_eq(request.entry[0].count, SY_COUNT_MAX + 1);
    ck_assert_int_eq(request.asked[0], 70000);
}
END_TEST

START_TEST(names_and_times)
{
    struct sy_request request;
    struct sy_err err = {0};
    const char *pod = "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"a\",\"uid\":\"u-1\","
                      "\"creationTimestamp\":\"2023-11-14T22:13:20Z\",\"annotations\":{"
                      "\"switchyard.dev/require\":\"numa\","
                      "\"switchyard.dev/require-for\":\"10s\"}},\"spec\":{\"containers\":[" LIMITS(
                          GPU ":1") "]}}";
    ck_assert_msg(read_pod(pod, &request, &err) == SY_OK, "%s", err.text);
    ck_assert_str_eq(request.namespace_, "ns");
    ck_assert_str_eq(request.name, "a");
    ck_assert_str_eq(request.uid, "u-1");
    int64_t born_us = INT64_C(1700000000000000);
    ck_assert_int_eq(request.created_us, born_us);
    ck_assert(sy_request_strict(&request, born_us));
    ck_assert(sy_request_strict(&request, born_us + 9999999));
    ck_assert(!sy_request_strict(&request, born_us + 10000000));
    request.created_us = 0;
    ck_assert(sy_request_strict(&request, born_us + 10000000));
    request.created_us = born_us;
    request.require_for_us = INT64_MAX;
    ck_assert(sy_request_strict(&request, INT64_MAX));
}
END_TEST

START_TEST(no_creation_time)
{
    static const char *const pods[] = {
        "{}", "{\"metadata\":{\"creationTimestamp\":null}}",
        "{\"metadata\":{\"creationTimestamp\":\"0001-01-01T00:00:00Z\"}}"}; /* Go's zero time */
    struct sy_request request;
    struct sy_err err = {0};
    ck_assert_msg(read_pod(pods[_i], &request, &err) == SY_OK, "%s", err.text);
    ck_assert_int_eq(request.created_us, 0);
}
END_TEST

START_TEST(digest_tells_requests_apart)
{
    static const char *const pods[][2] = {{"require", "numa"},       {"require", "socket"},
                                          {"require", "npu=socket"}, {"min-bandwidth", "3"},
                                          {"expected-watts", "9"},   {"profile", "io-heavy"}};
    struct sy_digest seen[6];
    for (unsigned i = 0; i < 6; i++) {
        struct sy_request request;
        struct sy_err err = {0};
        ck_assert_int_eq(annotated(pods[i][0], pods[i][1], &request, &err), SY_OK);
        seen[i] = sy_request_digest(&request, true);
        for (unsigned k = 0; k < i; k++)
            ck_assert(!sy_digest_equal(seen[i], seen[k]));
        /* Requirements that are not in force make no difference. */
        struct sy_digest lax = sy_request_digest(&request, false);
        ck_assert(!sy_digest_equal(lax, seen[i]));
        if (i > 0 && i < 4)
            ck_assert(sy_digest_equal(lax, seen[0]));
        if (i == 0)
            seen[0] = lax;
    }
}
END_TEST

static enum sy_code read_under_fault(void *data, struct sy_err *err)
{
    struct sy_arena *own = sy_arena_new(1 << 20);
    if (own == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_request request;
    enum sy_code code =
        sy_request_from_pod(data, catalogue, &(struct sy_path){.key = "Pod"}, own, &request, err);
    sy_arena_free(own);
    return code;
}

START_TEST(memory_may_fail_anywhere)
{
    sy_autojson json_t *pod = NULL;
    const struct sy_json_limits limits = {.max_bytes = 1 << 20, .max_depth = 64};
    const char *text =
        "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"switchyard.dev/require\":"
        "\"npu=rack\",\"switchyard.dev/no\":\"\"}},\"spec\":{\"containers\":[" LIMITS(
            GPU ":1," NPU ":2") "]}}";
    struct sy_err err = {0};
    ck_assert_int_eq(sy_json_parse(text, strlen(text), &limits, &pod, &err), SY_OK);
    (void)sy_fault_sweep(read_under_fault, pod, 0);
}
END_TEST

#define ADD(test, table) tcase_add_loop_test(tc, test, 0, sizeof table / sizeof table[0])

int main(void)
{
    Suite *suite = suite_create("request");
    TCase *tc = tcase_create("request");
    tcase_add_checked_fixture(tc, setup, teardown);
    ADD(counts, counted);
    ADD(errors, refused);
    tcase_add_test(tc, too_many);
    ADD(quantity, quantities);
    ADD(duration_text, durations);
    ADD(decimal_text, decimals);
    ADD(annotation, annotations);
    tcase_add_test(tc, annotation_values);
    tcase_add_test(tc, unknown_annotations_are_noted);
    tcase_add_test(tc, several_malformed);
    tcase_add_test(tc, names_and_times);
    tcase_add_loop_test(tc, no_creation_time, 0, 3);
    tcase_add_test(tc, digest_tells_requests_apart);
    tcase_add_test(tc, memory_may_fail_anywhere);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
