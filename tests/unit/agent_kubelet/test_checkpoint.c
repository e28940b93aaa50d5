/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/kubelet/checkpoint.h"
#include "base/str.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As a kubelet of today writes it: ids by NUMA node, a pod's answers of the plugin in base64. */
static const char usual[] =
    "{\"Data\":{\"PodDeviceEntries\":["
    "{\"PodUID\":\"u-2\",\"ContainerName\":\"main\",\"ResourceName\":\"nvidia.com/gpu\","
    "\"DeviceIDs\":{\"-1\":[\"GPU-3\"],\"0\":[\"GPU-1\",\"GPU-2\"]},\"AllocResp\":\"CgIIAQ==\"},"
    "{\"PodUID\":\"u-1\",\"ContainerName\":\"main\",\"ResourceName\":\"nvidia.com/gpu\","
    "\"DeviceIDs\":{\"1\":[\"GPU-4\"]},\"AllocResp\":\"\"},"
    "{\"PodUID\":\"u-1\",\"ContainerName\":\"sidecar\",\"ResourceName\":\"nvidia.com/gpu\","
    "\"DeviceIDs\":{\"1\":[\"GPU-4\"]},\"AllocResp\":\"\"},"
    "{\"PodUID\":\"u-1\",\"ContainerName\":\"main\",\"ResourceName\":\"rdma/hca\","
    "\"DeviceIDs\":{\"0\":null},\"AllocResp\":null}],"
    "\"RegisteredDevices\":{\"nvidia.com/gpu\":[\"GPU-1\"]}},\"Checksum\":3254231}";

static struct sy_arena *arena;

static void set_up(void)
{
    arena = sy_arena_new((size_t)32 << 20);
    ck_assert_ptr_nonnull(arena);
}

static void tear_down(void)
{
    sy_arena_free(arena);
}

static struct sy_checkpoint parsed(const char *text)
{
    struct sy_checkpoint got = {0};
    struct sy_err err = {0};
    ck_assert_msg(sy_checkpoint_parse("f", text, strlen(text), arena, &got, &err) == SY_OK, "%s",
                  err.text);
    return got;
}

START_TEST(look_up)
{
    const struct sy_checkpoint c = parsed(usual);
    ck_assert_uint_eq(c.n, 5);
    ck_assert_str_eq(sy_checkpoint_pod_uid(&c, "nvidia.com/gpu", "GPU-1", "main"), "u-2");
    ck_assert_str_eq(sy_checkpoint_pod_uid(&c, "nvidia.com/gpu", "GPU-3", "main"), "u-2");
    ck_assert_str_eq(sy_checkpoint_pod_uid(&c, "nvidia.com/gpu", "GPU-4", "main"), "u-1");
    ck_assert_str_eq(sy_checkpoint_pod_uid(&c, "nvidia.com/gpu", "GPU-4", "sidecar"), "u-1");
    ck_assert_ptr_null(sy_checkpoint_pod_uid(&c, "nvidia.com/gpu", "GPU-1", "sidecar"));
    ck_assert_ptr_null(sy_checkpoint_pod_uid(&c, "nvidia.com/gpu", "GPU-9", "main"));
    ck_assert_ptr_null(sy_checkpoint_pod_uid(&c, "amd.com/gpu", "GPU-1", "main"));
    ck_assert_ptr_null(sy_checkpoint_pod_uid(&c, "zzz", "GPU-1", "main"));
}
END_TEST

#define ENTRIES(text) "{\"Data\":{\"PodDeviceEntries\":[" text "]}}"
#define ENTRY(uid, ids)                                                                            \
    "{\"PodUID\":\"" uid "\",\"ContainerName\":\"c\",\"ResourceName\":\"r\",\"DeviceIDs\":" ids "}"

START_TEST(older_form)
{
    const struct sy_checkpoint c = parsed(ENTRIES(ENTRY("u", "[\"a\",\"b\"]")));
    ck_assert_uint_eq(c.n, 2);
    ck_assert_str_eq(sy_checkpoint_pod_uid(&c, "r", "b", "c"), "u");
}
END_TEST

/* The entry of a pod that ended may still be there: of two, nobody knows which one it is. */
START_TEST(ambiguous)
{
    const struct sy_checkpoint c = parsed(ENTRIES(ENTRY("u", "[\"a\",\"b\"]") "," ENTRY(
        "w", "{\"0\":[\"a\"]}") "," ENTRY("u", "[\"b\",\"b\"]")));
    ck_assert_uint_eq(c.n, 3);
    ck_assert_ptr_null(sy_checkpoint_pod_uid(&c, "r", "a", "c"));
    ck_assert_str_eq(sy_checkpoint_pod_uid(&c, "r", "b", "c"), "u");
}
END_TEST

static const struct {
    const char *description, *text;
    enum sy_code code;
    const char *message;
} documents[] = {
    {"nobody holds anything", "{\"Data\":{\"PodDeviceEntries\":null},\"Checksum\":1}", SY_OK, ""},
    {"no entries", ENTRIES(""), SY_OK, ""},
    {"nothing", "", SY_EPARSE, "f: line 1, column 0: "},
    {"cut off", "{\"Data\":{\"PodDev", SY_EPARSE, "f: line 1, column 16: "},
    {"a list", "[]", SY_EINVAL, "f: /: expected object, got array"},
    {"another file", "{\"Checksum\":1}", SY_EINVAL, "f: /Data: required"},
    {"another form", "{\"Data\":{\"Entries\":[]}}", SY_EINVAL,
     "f: /Data/PodDeviceEntries: required"},
    {"entries by UID", "{\"Data\":{\"PodDeviceEntries\":{}}}", SY_EINVAL,
     "f: /Data/PodDeviceEntries: expected array, got object"},
    {"an entry that is none", ENTRIES("7"), SY_EINVAL,
     "f: /Data/PodDeviceEntries/0: expected object, got integer"},
    {"no UID", ENTRIES("{\"ContainerName\":\"c\"}"), SY_EINVAL,
     "f: /Data/PodDeviceEntries/0/PodUID: required"},
    {"no ids", ENTRIES("{\"PodUID\":\"u\",\"ContainerName\":\"c\",\"ResourceName\":\"r\"}"),
     SY_EINVAL, "f: /Data/PodDeviceEntries/0/DeviceIDs: required"},
    {"ids as text", ENTRIES(ENTRY("u", "\"a\"")), SY_EINVAL,
     "f: /Data/PodDeviceEntries/0/DeviceIDs: expected array, got string"},
    {"ids as numbers", ENTRIES(ENTRY("u", "{\"0\":[1]}")), SY_EINVAL,
     "f: /Data/PodDeviceEntries/0/DeviceIDs/0/0: expected string, got integer"},
    {"a list below a node", ENTRIES(ENTRY("u", "{\"0\":{}}")), SY_EINVAL,
     "f: /Data/PodDeviceEntries/0/DeviceIDs/0: expected array, got object"},
    {"control character", ENTRIES(ENTRY("u", "[\"a\\n\"]")), SY_EINVAL,
     "f: /Data/PodDeviceEntries/0/DeviceIDs/0: byte 1 is 0x0a, no printable ASCII"},
    {"NUL in an id", ENTRIES(ENTRY("u", "[\"a\\u0000\"]")), SY_EINVAL,
     "f: /Data/PodDeviceEntries/0/DeviceIDs/0: a text must not hold a NUL byte"},
    {"letters in a UID", ENTRIES(ENTRY("\xc3\xbc", "[\"a\"]")), SY_EINVAL,
     "f: /Data/PodDeviceEntries/0/PodUID: byte 0 is 0xc3, no printable ASCII"},
};

START_TEST(document)
{
    struct sy_checkpoint got = {.n = 99};
    struct sy_err err = {0};
    const char *text = documents[_i].text, *wanted = documents[_i].message;
    enum sy_code code = sy_checkpoint_parse("f", text, strlen(text), arena, &got, &err);
    ck_assert_msg(code == documents[_i].code, "%s: %s", documents[_i].description, err.text);
    /* what the parser says after the place is its own */
    size_t len = strlen(wanted) + (code == SY_EPARSE ? 0 : 1);
    ck_assert_msg(strncmp(err.text, wanted, len) == 0, "%s", err.text);
    ck_assert_uint_eq(got.n, code == SY_OK ? 0 : 99);
}
END_TEST

START_TEST(limits)
{
    struct sy_checkpoint got;
    struct sy_err err = {0}, many = {0};
    char *long_id = sy_malloc(4096);
    ck_assert_ptr_nonnull(long_id);
    int len = snprintf(long_id, 4096, ENTRIES(ENTRY("u", "[\"%01025d\"]")), 1);
    ck_assert_int_eq(sy_checkpoint_parse("f", long_id, (size_t)len, arena, &got, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "f: /Data/PodDeviceEntries/0/DeviceIDs/0: 1025 bytes, at most 1024");
    sy_free(long_id);
    struct sy_str text;
    sy_str_init(&text, (size_t)1 << 20);
    sy_str_append(&text,
                  "{\"Data\":{\"PodDeviceEntries\":[{\"PodUID\":\"u\",\"ContainerName\":\"c\","
                  "\"ResourceName\":\"r\",\"DeviceIDs\":[\"a\"");
    for (unsigned i = 0; i < SY_CHECKPOINT_ENTRIES_MAX; i++)
        sy_str_append(&text, ",\"a\"");
    sy_str_append(&text, "]}]}}");
    ck_assert(!sy_str_failed(&text));
    ck_assert_int_eq(sy_checkpoint_parse("f", text.data, text.len, arena, &got, &many), SY_ELIMIT);
    ck_assert_str_eq(many.text, "f: more than 65536 device ids");
    sy_str_done(&text);
}
END_TEST

START_TEST(files)
{
    char path[] = "/tmp/switchyard-checkpoint-XXXXXX", wanted[128];
    struct sy_checkpoint got;
    struct sy_err err = {0}, none = {0};
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, usual, strlen(usual)), (ssize_t)strlen(usual));
    ck_assert_msg(sy_checkpoint_read(path, arena, &got, &err) == SY_OK, "%s", err.text);
    ck_assert_uint_eq(got.n, 5);
    ck_assert_int_eq(ftruncate(fd, 40), 0); /* half written */
    (void)close(fd);
    ck_assert_int_eq(sy_checkpoint_read(path, arena, &got, &err), SY_EPARSE);
    (void)snprintf(wanted, sizeof wanted, "%s: line 1, column ", path);
    ck_assert_msg(strncmp(err.text, wanted, strlen(wanted)) == 0, "%s", err.text);
    (void)unlink(path);
    ck_assert_int_eq(sy_checkpoint_read(path, arena, &got, &none), SY_ENOENT);
    (void)snprintf(wanted, sizeof wanted, "%s: not found", path);
    ck_assert_str_eq(none.text, wanted);
}
END_TEST

static enum sy_code parse_again(void *data, struct sy_err *err)
{
    struct sy_checkpoint got;
    (void)data;
    SY_AUTO(sy_arena) struct sy_arena *own = sy_arena_new((size_t)1 << 20);
    if (own == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_checkpoint_parse("f", usual, strlen(usual), own, &got, err);
}

START_TEST(memory_runs_out)
{
    struct sy_checkpoint got;
    struct sy_err err = {0};
    ck_assert_int_ge(sy_fault_sweep(parse_again, NULL, 0), 10);
    SY_AUTO(sy_arena) struct sy_arena *small = sy_arena_new(64);
    ck_assert_int_eq(sy_checkpoint_parse("f", usual, strlen(usual), small, &got, &err), SY_ENOMEM);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/kubelet/checkpoint");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, look_up);
    tcase_add_test(tcase, older_form);
    tcase_add_test(tcase, ambiguous);
    tcase_add_loop_test(tcase, document, 0, sizeof documents / sizeof documents[0]);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, files);
    tcase_add_test(tcase, memory_runs_out);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
