/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/document.h"
#include "base/yaml.h"
#include "base/yaml_dump.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/agent/world.h"
#include "topology/node_json.h"

#include <stdio.h>
#include <string.h>

#define OBSERVED INT64_C(1795363200123456) /* 2026-11-22T16:00:00.123456Z */

static struct sy_arena *arena;
static struct sy_fabric *fabric;
static struct sy_report_unit unit[SY_UNIT_MAX];
static struct sy_power power;
static struct sy_holdings holdings;
static struct sy_holding holding[4];
static struct sy_offer offer[1] = {{"nvidia.com/gpu", 1}};
static struct sy_report report;

static void setup(void)
{
    struct sy_inventory inv;
    arena = sy_arena_new((size_t)16 << 20);
    world_machine(arena, "boot-1", NULL, &inv);
    fabric = world_fabric(&inv);
    memset(unit, 0, sizeof unit);
    memset(&power, 0, sizeof power);
    memset(&holdings, 0, sizeof holdings);
    int gpu = world_unit(fabric, "0000:91:00.0"), npu = world_unit(fabric, "0000:19:00.0");
    for (uint16_t u = 0; u < SY_UNIT_MAX; u++)
        power.unit[u] = (struct sy_unit_power){.mw = -1, .cap_mw = -1};
    power.unit[gpu] = (struct sy_unit_power){.mw = 212500, .cap_mw = 300000, .source = "NVML"};
    power.limit_mw = 5600000;
    power.limit_source = "flag";
    power.base_mw = -1;
    power.mw = 3100400;
    power.source = "hwmon power_meter";
    unit[npu].reason = "lost: not on the bus since 2026-11-22T15:00:00Z";
    unit[gpu] =
        (struct sy_report_unit){.mbps = 31508, .width = 8, .max_width = 16, .degraded = true};
    holding[0] = (struct sy_holding){(uint16_t)npu, "a", "b", "c", NULL};
    holding[1] = (struct sy_holding){(uint16_t)gpu, "a", "b", "c", "u-1"};
    holdings.nholding = npu < gpu ? 2 : 0;
    holdings.held[gpu] = 500;
    holdings.held[npu] = 1000;
    holdings.holding = holding;
    holdings.noffer = 1;
    holdings.offer = offer;
    holdings.knows_offered = true;
    report = (struct sy_report){.node = "n1",
                                .version = "9.8.7",
                                .fabric = fabric,
                                .unit = unit,
                                .holdings = &holdings,
                                .power = &power,
                                .observed_us = OBSERVED,
                                .heartbeat_us = OBSERVED + 1000000};
}

static void teardown(void)
{
    sy_fabric_unref(fabric);
    sy_arena_free(arena);
}

static json_t *status_of(bool steady)
{
    json_t *status = NULL;
    struct sy_err err = {0};
    ck_assert_msg(sy_document_status(&report, steady, &status, &err) == SY_OK, "%s", err.text);
    return status;
}

/* The text of a status, compact. */
static char *text_of(bool steady)
{
    sy_autojson json_t *status = status_of(steady);
    char *text = NULL;
    size_t len;
    ck_assert_int_eq(sy_json_dump(status, false, &text, &len, NULL), SY_OK);
    return text;
}

static const json_t *device(const json_t *status, const char *pci)
{
    const json_t *devices = json_object_get(status, "devices");
    for (size_t i = 0; i < json_array_size(devices); i++) {
        const json_t *one = json_array_get(devices, i);
        if (strcmp(json_string_value(json_object_get(one, "pci")), pci) == 0)
            return one;
    }
    return NULL;
}

static void check_part(const json_t *value, const char *expected)
{
    sy_autofree char *text = NULL;
    size_t len;
    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(sy_json_dump(value, false, &text, &len, NULL), SY_OK);
    ck_assert_str_eq(text, expected);
}

START_TEST(parts)
{
    sy_autojson json_t *status = status_of(false);
    check_part(json_object_get(status, "mode"), "\"exact\"");
    check_part(json_object_get(status, "observedTime"), "\"2026-11-22T16:00:00.123456Z\"");
    check_part(json_object_get(status, "heartbeatTime"), "\"2026-11-22T16:00:01.123456Z\"");
    check_part(json_object_get(status, "agent"), "{\"version\":\"9.8.7\",\"bootID\":\"boot-1\"}");
    check_part(json_object_get(status, "kubelet"), "{\"reachable\":true,\"message\":\"\"}");
    check_part(device(status, "0000:91:00.0"),
               "{\"pci\":\"0000:91:00.0\",\"kind\":\"GPU\",\"model\":\"A100 PCIe 80GB\","
               "\"held\":500,\"holders\":[{\"namespace\":\"a\",\"name\":\"b\",\"uid\":\"u-1\","
               "\"container\":\"c\"}],\"healthy\":true,\"capWatts\":300,\"watts\":212.5,"
               "\"link\":{\"gbps\":31.508,\"width\":8,\"maxWidth\":16,\"degraded\":true}}");
    check_part(device(status, "0000:19:00.0"),
               "{\"pci\":\"0000:19:00.0\",\"kind\":\"NPU\",\"model\":\"Ascend 910B\","
               "\"held\":1000,\"holders\":[{\"namespace\":\"a\",\"name\":\"b\","
               "\"container\":\"c\"}],\"healthy\":false,"
               "\"reason\":\"lost: not on the bus since 2026-11-22T15:00:00Z\"}");
    check_part(json_object_get(status, "resources"),
               "[{\"name\":\"nvidia.com/gpu\",\"allocatable\":1}]");
    check_part(json_object_get(status, "power"),
               "{\"limitWatts\":5600,\"watts\":3100.4,\"sources\":{\"limit\":\"flag\","
               "\"watts\":\"hwmon power_meter\",\"devices\":\"NVML\"}}");
    check_part(json_object_get(status, "summary"),
               "{\"devices\":\"2 NPU, 1 GPU, 1 FPGA, 3 NIC\",\"free\":\"1 NPU, 1 FPGA, 3 NIC\","
               "\"unhealthy\":1,\"watts\":\"3100/5600\"}");
    ck_assert_ptr_null(json_object_get(status, "unmapped"));
}
END_TEST

START_TEST(what_is_unknown_is_left_out)
{
    report.holdings = NULL;
    report.kubelet_message = "no such \"socket\"";
    power.limit_mw = power.mw = -1;
    power.limit_source = power.source = NULL;
    power.unit[world_unit(fabric, "0000:91:00.0")].source = NULL;
    sy_autojson json_t *status = status_of(false);
    check_part(json_object_get(status, "mode"), "\"counts\"");
    ck_assert_ptr_null(json_object_get(status, "observedTime"));
    ck_assert_ptr_null(json_object_get(status, "resources"));
    ck_assert_ptr_null(json_object_get(status, "power"));
    ck_assert_ptr_null(json_object_get(device(status, "0000:91:00.0"), "held"));
    check_part(json_object_get(json_object_get(status, "summary"), "free"), "\"unknown\"");
    check_part(json_object_get(status, "kubelet"),
               "{\"reachable\":false,\"message\":\"no such \\\"socket\\\"\"}");
}
END_TEST

START_TEST(unmapped)
{
    holdings.unmapped = 2;
    holdings.unmapped_first = "x y: \x01why";
    sy_autojson json_t *status = status_of(false);
    check_part(json_object_get(status, "unmapped"), "{\"count\":2,\"first\":\"x y: \\\\x01why\"}");
}
END_TEST

/* What another said, and what people read of it. */
static const struct {
    const char *said, *shown;
} messages[] = {
    {"", ""},
    {"'x' of a \"y\"", "'x' of a \"y\""},
    {"''", "''"},
    {"Ger\xc3\xa4t '\xe2\x82\xac'", "Ger\xc3\xa4t '\xe2\x82\xac'"},
    {"a\nb\x1b[31m'\x7f", "a\\x0Ab\\x1B[31m'\\x7F"},
    {"\xff'\xc3'", "\\xFF'\\xC3'"},
};

START_TEST(messages_are_for_people)
{
    report.kubelet_message = messages[_i].said;
    sy_autojson json_t *status = status_of(false);
    const json_t *kubelet = json_object_get(status, "kubelet");
    ck_assert_str_eq(json_string_value(json_object_get(kubelet, "message")), messages[_i].shown);
}
END_TEST

/* Cut, and never within a character; `fill` stands for the whole text. */
START_TEST(long_messages_are_cut)
{
    static const char *const fills[] = {"x", "'", "\xc3\xa4", "\xe2\x82\xac", "\x01", "a'"};
    static char said[2000];
    said[0] = '\0';
    for (size_t n = strlen(fills[_i]); strlen(said) + n < sizeof said;)
        strcat(said, fills[_i]);
    report.kubelet_message = said;
    sy_autojson json_t *status = status_of(false);
    const json_t *kubelet = json_object_get(status, "kubelet");
    const char *shown = json_string_value(json_object_get(kubelet, "message"));
    ck_assert_ptr_nonnull(shown);
    ck_assert_uint_ge(strlen(shown), 490);
    ck_assert_uint_lt(strlen(shown), 500);
    ck_assert_str_eq(shown + strlen(shown) - 3, "...");
}
END_TEST

/* Times, watts and rates are no reason to write; all else is. */
START_TEST(the_steady_part)
{
    int gpu = world_unit(fabric, "0000:91:00.0");
    sy_autofree char *before = text_of(true);
    report.observed_us += 5;
    report.heartbeat_us += 5;
    power.mw = 1;
    power.unit[gpu].mw = -1;
    unit[gpu].mbps = 4000;
    sy_autofree char *same = text_of(true);
    ck_assert_str_eq(before, same);
    unit[gpu].width = 4;
    sy_autofree char *width = text_of(true);
    ck_assert_str_ne(same, width);
    holdings.held[gpu] = 750;
    sy_autofree char *held = text_of(true);
    ck_assert_str_ne(width, held);
    unit[gpu].reason = "x";
    sy_autofree char *reason = text_of(true);
    ck_assert_str_ne(held, reason);
    power.limit_mw = 1;
    sy_autofree char *limit = text_of(true);
    ck_assert_str_ne(reason, limit);
}
END_TEST

static json_t *whole(void)
{
    json_t *spec = NULL, *status = status_of(false), *object = NULL;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_document_spec(&report, &spec, &err), SY_OK);
    ck_assert_int_eq(sy_document_object("n1", spec, status, &object, &err), SY_OK);
    json_decref(spec);
    json_decref(status);
    return object;
}

/* What is written is what the extender reads. */
START_TEST(reads_back)
{
    sy_autojson json_t *object = whole();
    sy_autofree char *text = NULL;
    size_t len = 0;
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    struct sy_catalogue *cat = world_catalogue();
    ck_assert_int_eq(sy_document_bytes(object, &text, &len, &err), SY_OK);
    enum sy_code code = sy_node_from_bytes(text, len, NULL, 0, "n1", cat, &node, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    ck_assert_msg(sy_node_check(node, &err) == SY_OK, "%s", err.text);
    int gpu = world_unit(node->fabric, "0000:91:00.0");
    ck_assert_uint_eq(node->usage->unit[gpu].held, 500);
    ck_assert_int_eq(node->usage->unit[gpu].cap_mw, 300000);
    ck_assert(node->usage->unit[world_unit(node->fabric, "0000:19:00.0")].unhealthy);
    ck_assert_int_eq(node->usage->observed_us, OBSERVED);
    ck_assert_int_eq(node->usage->limit_mw, 5600000);
    ck_assert_int_eq(node->usage->mode, SY_MODE_EXACT);
    sy_node_unref(node);
    sy_catalogue_unref(cat);
}
END_TEST

START_TEST(yaml_reads_back)
{
    sy_autojson json_t *object = whole();
    struct sy_str out;
    struct sy_yaml *root = NULL;
    struct sy_err err = {0};
    sy_str_init(&out, 1 << 20);
    ck_assert_int_eq(sy_yaml_dump(object, &out, &err), SY_OK);
    ck_assert_msg(sy_yaml_parse(arena, "f", out.data, out.len, 1 << 20, &root, &err) == SY_OK, "%s",
                  err.text);
    const struct sy_yaml *devices = sy_yaml_get(sy_yaml_get(root, "status"), "devices");
    ck_assert_uint_eq(devices->count, fabric->nunit);
    ck_assert(sy_yaml_get(devices->item[0], "pci")->quoted);
    sy_str_done(&out);
}
END_TEST

/* A full machine: 16 devices of 64 characters' names, every one held. The limit is the issue's. */
START_TEST(sixteen_devices_are_small)
{
    static struct sy_holding many[SY_UNIT_MAX];
    static const char *const name =
        "a-training-job-with-quite-a-long-name-worker-0-of-many-workers-x";
    for (uint16_t u = 0; u < fabric->nunit; u++) {
        many[u] = (struct sy_holding){u, "a-namespace-of-some-team", name, "main",
                                      "00000000-0000-0000-0000-000000000000"};
        holdings.held[u] = 1000;
        unit[u] = (struct sy_report_unit){.mbps = 31508, .width = 16, .max_width = 16};
        power.unit[u] = (struct sy_unit_power){.mw = 212345, .cap_mw = 400000, .source = "NVML"};
    }
    holdings.holding = many;
    holdings.nholding = fabric->nunit;
    sy_autojson json_t *object = whole();
    sy_autofree char *text = NULL;
    size_t len = 0;
    ck_assert_int_eq(sy_document_bytes(object, &text, &len, NULL), SY_OK);
    ck_assert_uint_gt(fabric->nunit, 6);
    ck_assert_uint_lt(len * 16 / fabric->nunit, 32768);
}
END_TEST

START_TEST(too_long)
{
    sy_autojson json_t *object = json_object();
    static char big[SY_DOCUMENT_MAX + 1];
    memset(big, 'x', sizeof big - 1);
    json_object_set_new(object, "x", json_string(big));
    char *text = NULL;
    size_t len;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_document_bytes(object, &text, &len, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "the object has 1048584 bytes, the limit is 1048576");
}
END_TEST

static enum sy_code write_once(void *data, struct sy_err *err)
{
    json_t *spec = NULL, *status = NULL, *object = NULL;
    char *text = NULL;
    size_t len;
    (void)data;
    enum sy_code code = sy_document_spec(&report, &spec, err);
    if (code == SY_OK)
        code = sy_document_status(&report, false, &status, err);
    if (code == SY_OK)
        code = sy_document_object("n1", spec, status, &object, err);
    if (code == SY_OK)
        code = sy_document_bytes(object, &text, &len, err);
    sy_free(text);
    json_decref(object);
    json_decref(status);
    json_decref(spec);
    return code;
}

START_TEST(out_of_memory)
{
    ck_assert_int_gt(sy_fault_sweep(write_once, NULL, 0), 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("document");
    TCase *tcase = tcase_create("document");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, parts);
    tcase_add_test(tcase, what_is_unknown_is_left_out);
    tcase_add_test(tcase, unmapped);
    tcase_add_loop_test(tcase, messages_are_for_people, 0, sizeof messages / sizeof messages[0]);
    tcase_add_loop_test(tcase, long_messages_are_cut, 0, 6);
    tcase_add_test(tcase, the_steady_part);
    tcase_add_test(tcase, reads_back);
    tcase_add_test(tcase, yaml_reads_back);
    tcase_add_test(tcase, sixteen_devices_are_small);
    tcase_add_test(tcase, too_long);
    tcase_add_test(tcase, out_of_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
