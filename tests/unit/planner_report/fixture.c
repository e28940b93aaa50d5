/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/planner_report/fixture.h"

#include "tests/lib/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE SY_SOURCE_DIR "/deploy/examples/planner/"
#define GPU(up, addr)                                                                              \
    "{\"type\":\"PCIDev\",\"parent\":" up ",\"pci\":\"" addr                                       \
    "\",\"class\":\"0302\",\"id\":\"10de:20b5\",\"subsystem\":\"10de:1533\","                      \
    "\"linkGBps\":31.507,\"maxLinkGBps\":31.507}"
#define PORT(addr, bus)                                                                            \
    "{\"type\":\"Bridge\",\"parent\":5,\"pci\":\"" addr                                            \
    "\",\"id\":\"1000:c010\",\"class\":\"0604\",\"buses\":\"" bus "\",\"linkGBps\":31.507}"
#define HELD(addr)                                                                                 \
    "{\"pci\":\"" addr "\",\"held\":1000,\"holders\":[{\"namespace\":\"a\",\"name\":\"train-0\","  \
    "\"uid\":\"u1\"}]}"

const char fixture_fabric[] =
    "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\",\"metadata\":"
    "{\"name\":\"n1\"},\"spec\":{\"source\":\"document\",\"objects\":["
    "{\"type\":\"Machine\"},{\"type\":\"Package\",\"parent\":0,\"index\":0},"
    "{\"type\":\"NUMANode\",\"parent\":1,\"index\":0},"
    "{\"type\":\"HostBridge\",\"parent\":2,\"pci\":\"0000:10\",\"buses\":\"10-16\"},"
    "{\"type\":\"Bridge\",\"parent\":3,\"pci\":\"0000:10:01.0\",\"id\":\"8086:347a\","
    "\"class\":\"0604\",\"linkGBps\":31.507,\"buses\":\"11-16\"},"
    "{\"type\":\"Bridge\",\"parent\":4,\"pci\":\"0000:11:00.0\",\"id\":\"1000:c010\","
    "\"class\":\"0604\",\"linkGBps\":31.507,\"buses\":\"12-16\"}," PORT("0000:12:00.0", "13-13") "," GPU("6", "0000:13:00.0") "," PORT("0000:12:04.0", "14-14") "," GPU("8", "0000:14:00.0") "," PORT(
        "0000:12:08.0",
        "15-15") "," GPU("10",
                         "0000:15:00.0") "," PORT("0000:12:0c.0",
                                                  "16-16") "," GPU("12",
                                                                   "0000:16:"
                                                                   "00.0") "]},\"status\":{"
                                                                           "\"mode\":\"exact\","
                                                                           "\"observedTime\":"
                                                                           "\"2026-11-22T11:59:"
                                                                           "40Z\","
                                                                           "\"heartbeatTime\":"
                                                                           "\"2026-11-22T11:59:"
                                                                           "40Z\",\"devices\":"
                                                                           "[" HELD("0000:13:00.0") "," HELD(
                                                                               "0000:14:00.0") ",{"
                                                                                               "\"p"
                                                                                               "ci"
                                                                                               "\":"
                                                                                               "\"0"
                                                                                               "000"
                                                                                               ":15"
                                                                                               ":00"
                                                                                               ".0"
                                                                                               "\","
                                                                                               "\"h"
                                                                                               "eal"
                                                                                               "thy"
                                                                                               "\":"
                                                                                               "fal"
                                                                                               "se,"
                                                                                               "\"r"
                                                                                               "eas"
                                                                                               "on"
                                                                                               "\":"
                                                                                               "\"X"
                                                                                               "ID "
                                                                                               "79"
                                                                                               "\"}"
                                                                                               "],"
                                                                                               "\"p"
                                                                                               "owe"
                                                                                               "r\""
                                                                                               ":{"
                                                                                               "\"l"
                                                                                               "imi"
                                                                                               "tWa"
                                                                                               "tts"
                                                                                               "\":"
                                                                                               "200"
                                                                                               "0,"
                                                                                               "\"b"
                                                                                               "ase"
                                                                                               "Wat"
                                                                                               "ts"
                                                                                               "\":"
                                                                                               "500"
                                                                                               ",\""
                                                                                               "wat"
                                                                                               "ts"
                                                                                               "\":"
                                                                                               "900"
                                                                                               "}}"
                                                                                               "}";

const char fixture_node[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\",\"labels\":"
    "{\"topology.kubernetes.io/rack\":\"r1\"}},\"status\":{\"allocatable\":{\"cpu\":\"32\","
    "\"memory\":\"128Gi\",\"pods\":\"110\",\"nvidia.com/gpu\":\"3\"}}}";

const char fixture_pods[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"train-0\",\"namespace\":"
    "\"a\",\"uid\":\"u1\",\"creationTimestamp\":\"2026-11-22T10:00:00Z\",\"ownerReferences\":["
    "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"name\":\"train\",\"uid\":\"j1\","
    "\"controller\":true}]},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"m\","
    "\"resources\":{\"requests\":{\"cpu\":\"8\",\"nvidia.com/gpu\":\"2\"},\"limits\":"
    "{\"nvidia.com/gpu\":\"2\"}}}]},\"status\":{\"phase\":\"Running\"}},"
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"wait\",\"namespace\":\"b\","
    "\"uid\":\"u2\",\"creationTimestamp\":\"2026-11-22T11:00:00Z\"},\"spec\":{\"containers\":["
    "{\"name\":\"m\",\"resources\":{\"requests\":{\"cpu\":\"4\",\"nvidia.com/gpu\":\"1\"},"
    "\"limits\":{\"nvidia.com/gpu\":\"1\"}}}]},\"status\":{\"phase\":\"Pending\"}}";

const char fixture_empty[] = "";

static void put_file(char *path, const char *const *item)
{
    int fd = mkstemps(path, 5);
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "w");
    ck_assert_ptr_nonnull(file);
    (void)fprintf(file, "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"Snapshot\","
                        "\"metadata\":{\"takenTime\":\"2026-11-22T12:00:00Z\"},\"items\":[");
    for (size_t i = 0, n = 0; item[i] != NULL; i++) {
        if (*item[i] == '\0')
            continue;
        (void)fprintf(file, "%s%s", n++ > 0 ? "," : "", item[i]);
    }
    (void)fprintf(file, "]}\n");
    ck_assert_int_eq(fclose(file), 0);
}

static enum sy_code load(const char *path, const char *policy, struct sy_state **ret,
                         struct sy_err *err)
{
    struct sy_cli cli = {.out = stdout, .err = stderr};
    const struct sy_state_options options = {
        .path = &path, .npath = 1, .namespace_ = "default", .policy = policy, .kube_minor = 36};
    return sy_state_load(&options, &cli, ret, err);
}

enum sy_code fixture_state(const char *const *item, const char *policy, struct sy_state **ret,
                           struct sy_err *err)
{
    char path[] = "/tmp/sy_report_XXXXXX.json";
    put_file(path, item);
    enum sy_code code = load(path, policy, ret, err);
    (void)unlink(path);
    return code;
}

enum sy_code fixture_sample(struct sy_state **ret, struct sy_err *err)
{
    return load(SAMPLE "snapshot.json", SAMPLE "policy.yaml", ret, err);
}

void fixture_tables(const json_t *report, enum sy_format format, size_t top, const char *section,
                    struct sy_str *ret)
{
    struct sy_result result;
    struct sy_err err = {0};
    char *text = NULL;
    size_t len = 0;
    sy_result_init(&result);
    ck_assert_int_eq(
        sy_report_tables(report, format, top, &section, section != NULL, &result, &err), SY_OK);
    FILE *out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(sy_result_print(&result, format, true, out, &err), SY_OK);
    (void)fclose(out);
    sy_str_init(ret, (size_t)1 << 24);
    sy_str_append_n(ret, text, len);
    free(text);
    sy_result_done(&result);
}
