/* SPDX-License-Identifier: Apache-2.0 */
/* What each container of a pod asks for, as the kubelet will admit them. */
#include "scoring/request.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <string.h>

#define NPU "\"npu.huawei.com/ascend910b\""
#define GPU "\"nvidia.com/gpu\""
#define LIMITS(list) "{\"resources\":{\"limits\":{" list "}}}"
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

#define CPU_AND_MEMORY "\"cpu\":2,\"memory\":\"1Gi\""
#define INIT(init, main) "{\"spec\":{\"initContainers\":[" init "],\"containers\":[" main "]}}"
#define SIDECAR(lists) "{\"restartPolicy\":\"Always\",\"resources\":{\"limits\":{" lists "}}}"

/* Per container its type and counts in the order of the entries; '?': not known; '*': others may
 * have a say. */
static const struct {
    const char *what, *pod, *asks;
} asked[] = {
    {"nothing", "{}", "*"},
    {"one container", SPEC(LIMITS(GPU ":2")), "m2"},
    {"only those that ask", SPEC(LIMITS(GPU ":2") ",{}," LIMITS(GPU ":1")), "m2m1"},
    {"init containers first, in order",
     INIT(LIMITS(GPU ":3") "," SIDECAR(GPU ":1") "," LIMITS(GPU ":2"), LIMITS(GPU ":1")),
     "i3s1i2m1"},
    {"another restart policy",
     INIT("{\"restartPolicy\":\"Never\",\"resources\":{\"limits\":{" GPU ":1}}}", LIMITS(GPU ":1")),
     "i1m1"},
    {"two resources, as the entries stand", SPEC(LIMITS(GPU ":1," NPU ":2") "," LIMITS(GPU ":3")),
     "m21m03"},
    {"more than any node has", SPEC(LIMITS(GPU ":70000")), "m257"},
    {"overhead is no container's",
     "{\"spec\":{\"containers\":[" LIMITS(GPU ":1") "],\"overhead\":{" GPU ":\"1\"}}}", "m1"},
    {"a count of zero", SPEC(LIMITS(GPU ":1") "," LIMITS(GPU ":0")), "?"},
    {"two names of one resource",
     SPEC(LIMITS("\"xilinx.com/fpga-xilinx_u280_a\":1,\"xilinx.com/fpga-xilinx_u280_b\":2")), "?"},
    {"a device that is not ours", SPEC(LIMITS(GPU ":1,\"example.com/x\":1")), "*m1"},
    {"limits of CPU and memory", SPEC(LIMITS(GPU ":1," CPU_AND_MEMORY)), "*m1"},
    {"of CPU alone", SPEC(LIMITS(GPU ":1,\"cpu\":2")), "m1"},
    {"not of all containers", SPEC(LIMITS(GPU ":1," CPU_AND_MEMORY) ",{}"), "m1"},
    {"not of the init container", INIT("{}", LIMITS(GPU ":1," CPU_AND_MEMORY)), "m1"},
    {"of the pod",
     "{\"spec\":{\"resources\":{\"limits\":{" CPU_AND_MEMORY
     "}},\"containers\":[" LIMITS(GPU ":1") "]}}",
     "*m1"},
};

static void asks_text(const struct sy_request *request, char *buf, size_t size)
{
    size_t at = 0;
    buf[0] = '\0';
    if (!request->asks_known)
        at += (size_t)snprintf(buf + at, size - at, "?");
    else if (request->other_hints)
        at += (size_t)snprintf(buf + at, size - at, "*");
    for (unsigned i = 0; i < request->nask; i++) {
        at += (size_t)snprintf(buf + at, size - at, "%c", "ism"[request->ask[i].type]);
        for (unsigned e = 0; e < request->nentry; e++)
            at += (size_t)snprintf(buf + at, size - at, "%u", request->ask[i].count[e]);
    }
}

START_TEST(asks)
{
    struct sy_request request;
    struct sy_err err = {0};
    char text[256];
    ck_assert_msg(read_pod(asked[_i].pod, &request, &err) == SY_OK, "%s: %s", asked[_i].what,
                  err.text);
    asks_text(&request, text, sizeof text);
    ck_assert_msg(strcmp(text, asked[_i].asks) == 0, "%s: %s, not %s", asked[_i].what, text,
                  asked[_i].asks);
}
END_TEST

START_TEST(many_asks)
{
    for (unsigned n = SY_ASK_MAX; n <= SY_ASK_MAX + 1; n++) {
        char text[8192], *at = text, *end = text + sizeof text;
        struct sy_request request;
        struct sy_err err = {0};
        at += snprintf(at, (size_t)(end - at), "{\"spec\":{\"containers\":[{}");
        for (unsigned i = 0; i < n; i++)
            at += snprintf(at, (size_t)(end - at), "," LIMITS(GPU ":1"));
        (void)snprintf(at, (size_t)(end - at), "]}}");
        ck_assert_msg(read_pod(text, &request, &err) == SY_OK, "%s", err.text);
        ck_assert_uint_eq(request.entry[0].count, n);
        ck_assert_int_eq(request.asks_known, n == SY_ASK_MAX);
        ck_assert_uint_eq(request.nask, n == SY_ASK_MAX ? n : 0);
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
    const char *text = INIT(LIMITS(GPU ":1"), LIMITS(GPU ":1," NPU ":2"));
    struct sy_err err = {0};
    ck_assert_int_eq(sy_json_parse(text, strlen(text), &limits, &pod, &err), SY_OK);
    (void)sy_fault_sweep(read_under_fault, pod, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request_asks");
    TCase *tc = tcase_create("request_asks");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, asks, 0, sizeof asked / sizeof asked[0]);
    tcase_add_test(tc, many_asks);
    tcase_add_test(tc, memory_may_fail_anywhere);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
