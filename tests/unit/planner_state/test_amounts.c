/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities, and what pods ask for in all. */
#include "planner/state/state_private.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    int64_t milli, whole;
} quantities[] = {
    {"0", 0, 0},
    {"1", 1000, 1},
    {"+1", 1000, 1},
    {"-1", -1000, -1},
    {"0.1", 100, 1},
    {".5", 500, 1},
    {"5.", 5000, 5},
    {"100m", 100, 1},
    {"-100m", -100, -1},
    {"1500m", 1500, 2},
    {"0.0001", 1, 1},
    {"1n", 1, 1},
    {"1u", 1, 1},
    {"0.1n", 1, 1},
    {"1000000n", 1, 1},
    {"1000001n", 2, 1},
    {"1e3", 1000000, 1000},
    {"1E3", 1000000, 1000},
    {"1e-3", 1, 1},
    {"1.5e1", 15000, 15},
    {"1E", INT64_MAX, INT64_C(1000000000000000000)},
    {"1k", 1000000, 1000},
    {"1M", 1000000000, 1000000},
    {"1Ki", 1024000, 1024},
    {"1.5Gi", INT64_C(1610612736000), INT64_C(1610612736)},
    {"0.5Ki", 512000, 512},
    {"0.001Ki", 1024, 2},
    {"7Ei", INT64_MAX, INT64_C(8070450532247928832)},
    {"12Ei", INT64_MAX, INT64_MAX},
    {"12E", INT64_MAX, INT64_MAX},
    {"9223372036854775807", INT64_MAX, INT64_MAX},
    {"9223372036854775808", INT64_MAX, INT64_MAX},
    {"9223372036854775.807", INT64_MAX, INT64_C(9223372036854776)},
    {"-12Ei", INT64_MIN + 0, -INT64_MAX},
    {"1e99999999999", INT64_MAX, INT64_MAX},
    {"1e-99999999999", 1, 1},
    {"0e99999999999", 0, 0},
    {"00000000000000000000000000000000000000000000000000000000001", 1000, 1},
    {"0.00000000000000000000000000000000000000000000000000000000001", 1, 1},
    {"123456789012345678901234567890", INT64_MAX, INT64_MAX},
    {"1234567890123456789012345678901234567890e-30", INT64_C(1234567890124), INT64_C(1234567891)},
};

START_TEST(quantity)
{
    struct sy_err err = {0};
    int64_t milli = 7, whole = 7;
    ck_assert_msg(sy_amount_milli(quantities[_i].text, &milli, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_amount_whole(quantities[_i].text, &whole, &err) == SY_OK, "%s", err.text);
    int64_t expected = quantities[_i].milli;
    ck_assert_msg(milli == expected, "%s: %lld", quantities[_i].text, (long long)milli);
    ck_assert_msg(whole == quantities[_i].whole, "%s: %lld", quantities[_i].text, (long long)whole);
}
END_TEST

static const char *const no_quantities[] = {
    "",    " ",   "x",     "m",    "Gi",  "1 Gi", "1gi",   "1KI",  "1K",
    "1e",  "1e+", "1e1.5", "1ee3", "--1", "+-1",  "1.2.3", "0x10", "1_000",
    "inf", "nan", "1mi",   "1mm",  ".",   "-",    "1Zi",   "½",
};

START_TEST(no_quantity)
{
    struct sy_err err = {0};
    int64_t value = 7;
    ck_assert_msg(sy_amount_whole(no_quantities[_i], &value, &err) == SY_EINVAL, "'%s'",
                  no_quantities[_i]);
    ck_assert_int_eq(value, 7);
    ck_assert_msg(strstr(err.text, "' is not a quantity") != NULL, "%s", err.text);
}
END_TEST

#define R(text) "\"resources\":{\"requests\":{" text "}}"
#define CPU(n) "\"cpu\":\"" n "\""

static const struct {
    const char *description, *spec;
    int64_t cpu, memory, nonzero_cpu, nonzero_memory_mib;
    const char *other;
} pods[] = {
    {"nothing", "{}", 0, 0, 0, 0, ""},
    {"a container without requests", "{\"containers\":[{\"name\":\"a\"}]}", 0, 0, 100, 200, ""},
    {"two, one asks for nothing", "{\"containers\":[{" R(CPU("1")) "},{}]}", 1000, 0, 1100, 400,
     ""},
    {"zero is something", "{\"containers\":[{" R(CPU("0") ",\"memory\":0") "}]}", 0, 0, 0, 0, ""},
    {"summed before rounding", "{\"containers\":[{" R(CPU("0.5m")) "},{" R(CPU("500u")) "}]}", 1, 0,
     1, 400, ""},
    {"numbers", "{\"containers\":[{" R("\"cpu\":0.1,\"memory\":1048576") "}]}", 100, 1048576, 100,
     1, ""},
    {"limits stand in",
     "{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":\"2\",\"a.b/c\":3},\"requests\":{"
     "\"cpu\":\"1\"}}}]}",
     1000, 0, 1000, 200, "a.b/c=3"},
    {"init containers run alone",
     "{\"initContainers\":[{" R(CPU("4")) "},{" R(CPU("3")) "}],\"containers\":[{" R(
         CPU("2")) "}]}",
     4000, 0, 4000, 200, ""},
    {"sidecars stay",
     "{\"initContainers\":[{\"restartPolicy\":\"Always\"," R(CPU("1")) "},{" R(CPU(
         "4")) "},{\"restartPolicy\":\"Always\"," R(CPU("1")) "}],\"containers\":[{" R(CPU("2")) "}"
                                                                                                 "]"
                                                                                                 "}",
     5000, 0, 5000, 600, ""},
    {"a sidecar behind does not count for the one before",
     "{\"initContainers\":[{" R(CPU("4")) "},{\"restartPolicy\":\"Always\"," R(
         CPU("1")) "}],\"containers\":[{" R(CPU("2")) "}]}",
     4000, 0, 4000, 400, ""},
    {"overhead",
     "{\"containers\":[{" R(CPU("1")) "}],\"overhead\":{\"cpu\":\"250m\",\"memory\":\"1Mi\"}}",
     1250, 1048576, 1250, 201, ""},
    {"the pod as a whole",
     "{\"containers\":[{" R(
         CPU("1") ",\"x.y/z\":1") "},{}],\"resources\":{\"requests\":{\"cpu\":\"3\"}}}",
     3000, 0, 3000, 400, "x.y/z=1"},
    {"the pod as a whole does not ask for devices",
     "{\"containers\":[{}],\"resources\":{\"requests\":{\"x.y/z\":3}}}", 0, 0, 100, 200, ""},
    {"a limit of the pod as a whole",
     "{\"containers\":[{" R(
         CPU("1")) "}],\"resources\":{\"limits\":{\"cpu\":\"5\",\"memory\":\"1Mi\"}}}",
     1000, 1048576, 1000, 1, ""},
    {"the pod as a whole, with overhead",
     "{\"containers\":[{" R(
         CPU("9")) "}],\"resources\":{\"requests\":{\"cpu\":\"3\",\"hugepages-2Mi\":\"4Mi\"}},"
                   "\"overhead\":{\"cpu\":1}}",
     4000, 0, 4000, 200, "hugepages-2Mi=4194304"},
    {"others in order",
     "{\"containers\":[{" R("\"z/a\":1,\"b/a\":2,\"ephemeral-storage\":\"1Ki\"") "}]}", 0, 0, 100,
     200, "b/a=2,z/a=1"},
    {"past every number", "{\"containers\":[{" R(CPU("9E")) "},{" R(CPU("9E")) "}]}", INT64_MAX, 0,
     INT64_MAX, 400, ""},
};

static enum sy_code read_spec(const char *text, struct sy_arena *arena, struct sy_state_pod *pod,
                              struct sy_err *err)
{
    static const struct sy_json_limits limits = {.max_bytes = 1 << 20, .max_depth = 32};
    sy_autojson json_t *spec = NULL;
    enum sy_code code = sy_json_parse(text, strlen(text), &limits, &spec, err);
    return code == SY_OK ? sy_state_pod_requests(spec, SY_PATH_KEY(NULL, "spec"), arena, pod, err)
                         : code;
}

START_TEST(requests)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 20);
    struct sy_state_pod pod = {0};
    struct sy_err err = {0};
    char other[200] = "";
    ck_assert_msg(read_spec(pods[_i].spec, arena, &pod, &err) == SY_OK, "%s: %s",
                  pods[_i].description, err.text);
    for (size_t i = 0; i < pod.requests.n; i++)
        (void)snprintf(other + strlen(other), sizeof other - strlen(other), "%s%s=%lld",
                       i > 0 ? "," : "", pod.requests.other[i].name,
                       (long long)pod.requests.other[i].value);
    ck_assert_msg(pod.requests.cpu_milli == pods[_i].cpu &&
                      pod.requests.memory_bytes == pods[_i].memory &&
                      pod.nonzero_cpu_milli == pods[_i].nonzero_cpu &&
                      pod.nonzero_memory_bytes == pods[_i].nonzero_memory_mib * 1048576,
                  "%s: %lld %lld, %lld %lld", pods[_i].description,
                  (long long)pod.requests.cpu_milli, (long long)pod.requests.memory_bytes,
                  (long long)pod.nonzero_cpu_milli, (long long)pod.nonzero_memory_bytes);
    ck_assert_str_eq(other, pods[_i].other);
}
END_TEST

static const struct {
    const char *spec, *message;
} bad_pods[] = {
    {"{\"containers\":7}", "/spec/containers: expected array, got integer"},
    {"{\"containers\":[7]}", "/spec/containers/0: expected object, got integer"},
    {"{\"containers\":[{\"resources\":[]}]}",
     "/spec/containers/0/resources: expected object, got array"},
    {"{\"containers\":[{" R(CPU("one")) "}]}",
     "/spec/containers/0/resources/requests/cpu: 'one' is not a quantity"},
    {"{\"containers\":[{" R("\"cpu\":true") "}]}",
     "/spec/containers/0/resources/requests/cpu: expected quantity, got boolean"},
    {"{\"containers\":[{" R(CPU("-1")) "}]}",
     "/spec/containers/0/resources/requests/cpu: a quantity that is negative"},
    {"{\"initContainers\":[{\"restartPolicy\":1}]}",
     "/spec/initContainers/0/restartPolicy: expected string, got integer"},
    {"{\"overhead\":1}", "/spec/overhead: expected object, got integer"},
    {"{\"resources\":{\"limits\":{\"cpu\":\"\"}}}",
     "/spec/resources/limits/cpu: '' is not a quantity"},
};

START_TEST(no_requests)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 20);
    struct sy_state_pod pod = {0};
    struct sy_err err = {0};
    ck_assert_int_eq(read_spec(bad_pods[_i].spec, arena, &pod, &err), SY_EINVAL);
    ck_assert_str_eq(err.text, bad_pods[_i].message);
}
END_TEST

START_TEST(too_many_resources)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 20);
    struct sy_state_pod pod = {0};
    struct sy_err err = {0};
    struct sy_str text;
    sy_str_init(&text, 10000);
    sy_str_append(&text, "{\"overhead\":{");
    for (unsigned i = 0; i <= SY_AMOUNTS_MAX; i++)
        sy_str_printf(&text, "%s\"a/%u\":1", i > 0 ? "," : "", i);
    sy_str_append(&text, "}}");
    ck_assert_int_eq(read_spec(text.data, arena, &pod, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "/spec/overhead: more than 128 different resources");
    sy_str_done(&text);
}
END_TEST

static enum sy_code one_run(void *data, struct sy_err *err)
{
    (void)data;
    struct sy_state_pod pod = {0};
    struct sy_arena *arena = sy_arena_new((size_t)1 << 20);
    enum sy_code code = arena != NULL ? read_spec(pods[8].spec, arena, &pod, err)
                                      : sy_fail(err, SY_ENOMEM, "out of memory");
    sy_arena_free(arena);
    return code;
}

START_TEST(no_memory)
{
    ck_assert_int_gt(sy_fault_sweep(one_run, NULL, 0), 5);
}
END_TEST

#define LOOP(test, table)                                                                          \
    tcase_add_loop_test(tcase, test, 0, (int)(sizeof(table) / sizeof(table)[0]))
int main(void)
{
    Suite *suite = suite_create("planner amounts");
    TCase *tcase = tcase_create("amounts");
    LOOP(quantity, quantities);
    LOOP(no_quantity, no_quantities);
    LOOP(requests, pods);
    LOOP(no_requests, bad_pods);
    tcase_add_test(tcase, too_many_resources);
    tcase_add_test(tcase, no_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
