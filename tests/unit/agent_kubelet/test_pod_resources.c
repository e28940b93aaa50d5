/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/kubelet/pod_resources.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/agent_kubelet/grpc_server.h"
#include "tests/unit/agent_kubelet/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIST "/v1.PodResourcesLister/List"
#define ALLOCATABLE "/v1.PodResourcesLister/GetAllocatableResources"

static char folder[64], path[96];
static struct sy_arena *arena;
static struct message list, allocatable;

static void set_up(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/switchyard-pods-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/kubelet.sock", folder);
    arena = sy_arena_new((size_t)32 << 20);
    ck_assert_ptr_nonnull(arena);
    message_usual_list(&list);
    message_usual_allocatable(&allocatable);
}

static void tear_down(void)
{
    sy_arena_free(arena);
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void check_device(const struct sy_pod_device *device, const char *container,
                         const char *resource, const char *id, int numa)
{
    ck_assert_str_eq(device->holder.namespace_, "a");
    ck_assert_str_eq(device->holder.pod, "trainer");
    ck_assert_str_eq(device->holder.container, container);
    ck_assert_str_eq(device->resource, resource);
    ck_assert_str_eq(device->device_id, id);
    ck_assert_uint_eq(device->numa.n, numa < 0 ? 0 : 1);
    if (numa >= 0)
        ck_assert_int_eq(device->numa.id[0], numa);
}

static void check_usual(const struct sy_pod_resources *got)
{
    ck_assert_uint_eq(got->ndevice, 4);
    check_device(&got->device[0], "main", "nvidia.com/gpu", "GPU-1", 0);
    check_device(&got->device[1], "main", "nvidia.com/gpu", "GPU-2", 0);
    check_device(&got->device[2], "main", "nvidia.com/rdma", "0000:3b:00.1", -1);
    check_device(&got->device[3], "sidecar", "nvidia.com/gpu", "GPU-1", 0);
    ck_assert_uint_eq(got->nclaim, 2);
    const struct sy_pod_claim *claim = &got->claim[1];
    ck_assert_str_eq(got->claim[0].device, "gpu-3");
    ck_assert_str_eq(claim->holder.namespace_, "b");
    ck_assert_str_eq(claim->holder.pod, "server");
    ck_assert_str_eq(claim->holder.container, "main");
    ck_assert_str_eq(claim->claim_namespace, "b");
    ck_assert_str_eq(claim->claim, "server-gpus");
    ck_assert_str_eq(claim->driver, "gpu.nvidia.com");
    ck_assert_str_eq(claim->pool, "node-1");
    ck_assert_str_eq(claim->device, "gpu-4");
    ck_assert(got->has_allocatable);
    ck_assert_uint_eq(got->nallocatable, 4);
    ck_assert_str_eq(got->allocatable[2].resource, "nvidia.com/gpu");
    ck_assert_str_eq(got->allocatable[2].device_id, "GPU-3");
    ck_assert(got->allocatable[2].numa.n == 1 && got->allocatable[2].numa.id[0] == 0);
    ck_assert_uint_eq(got->allocatable[3].numa.n, 0); /* -1: not known */
}

START_TEST(usual)
{
    struct sy_pod_resources got;
    struct sy_err err = {0};
    ck_assert_msg(sy_pod_resources_parse(list.data, list.len, allocatable.data, allocatable.len,
                                         arena, &got, &err) == SY_OK,
                  "%s", err.text);
    check_usual(&got);
}
END_TEST

START_TEST(nothing)
{
    struct sy_pod_resources got;
    struct sy_err err = {0};
    ck_assert_msg(sy_pod_resources_parse("", 0, NULL, 0, arena, &got, &err) == SY_OK, "%s",
                  err.text);
    ck_assert(got.ndevice == 0 && got.nclaim == 0 && got.nallocatable == 0);
    ck_assert(!got.has_allocatable);
    ck_assert_msg(sy_pod_resources_parse("", 0, "", 0, arena, &got, &err) == SY_OK, "%s", err.text);
    ck_assert(got.has_allocatable && got.nallocatable == 0);
}
END_TEST

/* Every beginning of a good answer is refused or holds whole entries of it: never a crash. */
START_TEST(cut_anywhere)
{
    unsigned refused = 0;
    for (size_t len = 0; len < list.len; len++) {
        struct sy_pod_resources got = {.ndevice = 99};
        struct sy_err err = {0};
        unsigned char *exact = sy_malloc(len > 0 ? len : 1);
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, list.data, len);
        enum sy_code code = sy_pod_resources_parse(exact, len, NULL, 0, arena, &got, &err);
        sy_free(exact);
        sy_arena_reset(arena);
        if (code == SY_OK)
            continue;
        char wanted[80];
        (void)snprintf(wanted, sizeof wanted, "the list of pods of %zu bytes: malformed protobuf",
                       len);
        ck_assert_int_eq(code, SY_EPARSE);
        ck_assert_str_eq(err.text, wanted);
        ck_assert_uint_eq(got.ndevice, 99);
        refused++;
    }
    ck_assert_uint_gt(refused, list.len / 2);
}
END_TEST

/* Makers of hostile answers. */
static void long_id(struct message *m)
{
    char id[SY_POD_RESOURCES_TEXT_MAX + 2];
    const char *const ids[] = {"ok", id};
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    message_devices(m, 1, "r", ids, 2, 0);
}
static void longest_id(struct message *m)
{
    char id[SY_POD_RESOURCES_TEXT_MAX + 1];
    const char *const ids[] = {id};
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    message_devices(m, 1, "r", ids, 1, 0);
}
static void nul_in_resource(struct message *m)
{
    struct message devices = {0};
    message_bytes(&devices, 1, "nvidia.com/gpu\0x", 16);
    message_nested(m, 1, &devices);
}
static void newline_in_id(struct message *m)
{
    const char *const ids[] = {"a\nb"};
    message_devices(m, 1, "r", ids, 1, 0);
}
static void absurd_numa(struct message *m)
{
    const char *const ids[] = {"a"};
    message_devices(m, 1, "r", ids, 1, INT64_MAX);
}
static void many_numa(struct message *m)
{
    struct message devices = {0}, topology = {0}, node = {0};
    message_number(&node, 1, 3);
    for (unsigned i = 0; i <= SY_POD_RESOURCES_NUMA_MAX; i++)
        message_nested(&topology, 1, &node);
    message_nested(&devices, 3, &topology);
    message_nested(m, 1, &devices);
}
static void wrong_type(struct message *m)
{
    message_number(m, 1, 7); /* a number where a message belongs: unknown to the decoder */
}
static void unknown_fields(struct message *m)
{
    message_text(m, 1000, "new");
    message_number(m, 536870911, -1);
}

static const struct {
    const char *description;
    void (*make)(struct message *m);
    enum sy_code code;
    const char *message;
} hostile[] = {
    {"long id", long_id, SY_ELIMIT, "/devices/0/device_ids/1: 1025 bytes, at most 1024"},
    {"longest id", longest_id, SY_OK, ""},
    {"NUL", nul_in_resource, SY_EINVAL,
     "/devices/0/resource_name: byte 14 is 0x00, no printable ASCII"},
    {"new line", newline_in_id, SY_EINVAL,
     "/devices/0/device_ids/0: byte 1 is 0x0a, no printable ASCII"},
    {"absurd NUMA node", absurd_numa, SY_ELIMIT,
     "/devices/0/topology: NUMA node 9223372036854775807, at most 4095"},
    {"many NUMA nodes", many_numa, SY_ELIMIT, "/devices/0/topology: 65 NUMA nodes, at most 64"},
    {"wrong type", wrong_type, SY_EPARSE,
     "the list of allocatable devices of 2 bytes: malformed protobuf"},
    {"fields of a newer kubelet", unknown_fields, SY_OK, ""},
};

START_TEST(refused)
{
    struct message m = {0};
    struct sy_pod_resources got = {.nclaim = 99};
    struct sy_err err = {0};
    hostile[_i].make(&m);
    enum sy_code code = sy_pod_resources_parse("", 0, m.data, m.len, arena, &got, &err);
    ck_assert_str_eq(err.text, hostile[_i].message);
    ck_assert_int_eq(code, hostile[_i].code);
    ck_assert_uint_eq(got.nclaim, code == SY_OK ? 0 : 99);
}
END_TEST

/* Where in a deep answer something is wrong. */
START_TEST(place_in_message)
{
    struct sy_pod_resources got;
    struct sy_err err = {0};
    struct message m = {0}, pod = {0}, container = {0}, dynamic = {0}, resource = {0};
    message_text(&resource, 4, "gpu\x7f");
    message_nested(&dynamic, 4, &resource);
    message_nested(&container, 5, &dynamic);
    message_nested(&pod, 3, &container);
    message_nested(&m, 1, &pod);
    ck_assert_int_eq(sy_pod_resources_parse(m.data, m.len, NULL, 0, arena, &got, &err), SY_EINVAL);
    ck_assert_str_eq(err.text,
                     "/pod_resources/0/containers/0/dynamic_resources/0/claim_resources/0/"
                     "device_name: byte 3 is 0x7f, no printable ASCII");
}
END_TEST

/* `n` empty messages or texts of field `field`, two bytes each. */
static unsigned char *many(unsigned char field, size_t n)
{
    unsigned char *data = sy_malloc(n * 2);
    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < n; i++) {
        data[i * 2] = (unsigned char)(field << 3 | 2);
        data[i * 2 + 1] = 0;
    }
    return data;
}

/* Short answers that would be huge when decoded: memory is bounded, and said. */
START_TEST(grows_when_decoded)
{
    struct sy_pod_resources got;
    struct sy_err err = {0}, ids = {0};
    unsigned char *data = many(1, SY_POD_RESOURCES_MAX_BYTES / 2);
    ck_assert_int_eq(
        sy_pod_resources_parse(data, SY_POD_RESOURCES_MAX_BYTES, NULL, 0, arena, &got, &err),
        SY_ELIMIT);
    ck_assert_str_eq(err.text, "the list of pods of 16777216 bytes: needs more than 67108864 bytes "
                               "when decoded");
    sy_free(data);
    /* one Devices message of more ids than are accepted */
    size_t n = SY_POD_RESOURCES_DEVICES_MAX + 1, len = n * 2;
    const unsigned char prefix[] = {0x0a, (unsigned char)(len | 0x80),
                                    (unsigned char)(len >> 7 | 0x80), (unsigned char)(len >> 14)};
    data = many(2, n + 2);
    memcpy(data, prefix, sizeof prefix);
    ck_assert_int_eq(sy_pod_resources_parse("", 0, data, len + 4, arena, &got, &ids), SY_ELIMIT);
    ck_assert_str_eq(ids.text, "65537 allocatable device ids, at most 65536");
    sy_free(data);
}
END_TEST

START_TEST(small_arena)
{
    struct sy_pod_resources got;
    struct sy_err err = {0};
    SY_AUTO(sy_arena) struct sy_arena *small = sy_arena_new(64);
    ck_assert_int_eq(sy_pod_resources_parse(list.data, list.len, NULL, 0, small, &got, &err),
                     SY_ENOMEM);
    ck_assert_str_eq(err.text, "out of memory");
}
END_TEST

static enum sy_code parse_again(void *data, struct sy_err *err)
{
    struct sy_pod_resources got;
    (void)data;
    SY_AUTO(sy_arena) struct sy_arena *own = sy_arena_new((size_t)32 << 20);
    if (own == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_pod_resources_parse(list.data, list.len, allocatable.data, allocatable.len, own, &got,
                                  err);
}

START_TEST(memory_runs_out)
{
    ck_assert_int_ge(sy_fault_sweep(parse_again, NULL, 0), 4);
}
END_TEST

/* Over the socket. */

static struct message list_frame, allocatable_frame;

static struct grpc_script good_script(const char *method)
{
    bool is_list = strcmp(method, LIST) == 0;
    const struct message *m = is_list ? &list_frame : &allocatable_frame;
    message_frame(&list, &list_frame);
    message_frame(&allocatable, &allocatable_frame);
    return (struct grpc_script){
        .path = method, .body = m->data, .len = m->len, .grpc_status = "0", .piece = 50};
}

START_TEST(read_both)
{
    struct sy_pod_resources got;
    struct sy_err err = {0};
    struct grpc_seen seen;
    const struct grpc_script scripts[] = {good_script(LIST), good_script(ALLOCATABLE)};
    struct grpc_server *server = grpc_server_start(path, scripts, 2);
    ck_assert_msg(sy_pod_resources_read(path, 0, arena, &got, &err) == SY_OK, "%s", err.text);
    grpc_server_stop(server, &seen);
    check_usual(&got);
    ck_assert_uint_eq(seen.calls, 2);
    ck_assert_uint_eq(seen.len, 5);
    ck_assert_mem_eq(seen.body, "\0\0\0\0\0", 5);
}
END_TEST

static const struct {
    const char *description;
    struct grpc_script list, allocatable; /* path NULL: the good one */
    enum sy_code code;
    const char *message; /* after the socket's path */
} calls[] = {
    {"no allocatable",
     {0},
     {.path = ALLOCATABLE,
      .trailers_only = true,
      .grpc_status = "12",
      .grpc_message = "unknown method GetAllocatableResources"},
     SY_OK,
     ""},
    {"allocatable switched off",
     {0},
     {.path = ALLOCATABLE,
      .trailers_only = true,
      .grpc_status = "2",
      .grpc_message = "Pod Resources API GetAllocatableResources disabled"},
     SY_OK,
     ""},
    {"allocatable fails",
     {0},
     {.path = ALLOCATABLE, .trailers_only = true, .grpc_status = "2", .grpc_message = "no"},
     SY_EIO,
     " " ALLOCATABLE ": UNKNOWN: no"},
    {"rate limit",
     {.path = LIST,
      .trailers_only = true,
      .grpc_status = "8",
      .grpc_message = "rejected by rate limit"},
     {0},
     SY_EIO,
     " " LIST ": RESOURCE_EXHAUSTED: rejected by rate limit"},
    {"another server",
     {.path = LIST, .trailers_only = true, .grpc_status = "12", .grpc_message = "unknown service"},
     {0},
     SY_EIO,
     " " LIST ": UNIMPLEMENTED: unknown service"},
    {"garbage",
     {.path = LIST, .body = "\0\0\0\0\3\x0a\x7fx", .len = 8, .grpc_status = "0"},
     {0},
     SY_EPARSE,
     ": the list of pods of 3 bytes: malformed protobuf"},
    {"too long",
     {.path = LIST, .body = "\0\x7f\0\0\0", .len = 5, .grpc_status = "0"},
     {0},
     SY_ELIMIT,
     " " LIST ": an answer of 2130706432 bytes, at most 16777216 are read"},
    {"second answer hangs",
     {0},
     {.path = ALLOCATABLE, .silent = true},
     SY_EIO,
     " " ALLOCATABLE ": no answer within "},
};

START_TEST(read_cases)
{
    struct sy_pod_resources got = {.nclaim = 99};
    struct sy_err err = {0};
    char wanted[300];
    const struct grpc_script scripts[] = {
        calls[_i].list.path != NULL ? calls[_i].list : good_script(LIST),
        calls[_i].allocatable.path != NULL ? calls[_i].allocatable : good_script(ALLOCATABLE)};
    bool hangs = scripts[1].silent;
    time_t from = time(NULL);
    struct grpc_server *server = grpc_server_start(path, scripts, 2);
    enum sy_code code = sy_pod_resources_read(path, hangs ? 400 : 30000, arena, &got, &err);
    grpc_server_stop(server, NULL);
    ck_assert(!hangs || time(NULL) - from < 4); /* the time granted is of both calls */
    ck_assert_msg(code == calls[_i].code, "%s: %s", calls[_i].description, err.text);
    if (code == SY_OK) {
        ck_assert_uint_eq(got.ndevice, 4);
        ck_assert(!got.has_allocatable && got.nallocatable == 0);
        return;
    }
    (void)snprintf(wanted, sizeof wanted, "%s%s", path, calls[_i].message);
    ck_assert_msg(strncmp(err.text, wanted, strlen(wanted) + (hangs ? 0 : 1)) == 0, "%s", err.text);
    ck_assert_uint_eq(got.nclaim, 99);
}
END_TEST

START_TEST(no_kubelet)
{
    struct sy_pod_resources got;
    struct sy_err err = {0};
    char wanted[300];
    ck_assert_int_eq(sy_pod_resources_read(path, 100, arena, &got, &err), SY_ENOENT);
    (void)snprintf(wanted, sizeof wanted, "%s " LIST ": no such socket", path);
    ck_assert_str_eq(err.text, wanted);
}
END_TEST

static enum sy_code read_again(void *data, struct sy_err *err)
{
    struct sy_pod_resources got;
    (void)data;
    SY_AUTO(sy_arena) struct sy_arena *own = sy_arena_new((size_t)32 << 20);
    if (own == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_pod_resources_read(path, 30000, own, &got, err);
}

START_TEST(memory_runs_out_reading)
{
    const struct grpc_script scripts[] = {good_script(LIST), good_script(ALLOCATABLE)};
    struct grpc_server *server = grpc_server_start(path, scripts, 2);
    ck_assert_int_ge(sy_fault_sweep(read_again, NULL, 0), 8);
    grpc_server_stop(server, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/kubelet/pod_resources");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, usual);
    tcase_add_test(tcase, nothing);
    tcase_add_test(tcase, cut_anywhere);
    tcase_add_loop_test(tcase, refused, 0, sizeof hostile / sizeof hostile[0]);
    tcase_add_test(tcase, place_in_message);
    tcase_add_test(tcase, grows_when_decoded);
    tcase_add_test(tcase, small_arena);
    tcase_add_test(tcase, memory_runs_out);
    tcase_add_test(tcase, read_both);
    tcase_add_loop_test(tcase, read_cases, 0, sizeof calls / sizeof calls[0]);
    tcase_add_test(tcase, no_kubelet);
    tcase_add_test(tcase, memory_runs_out_reading);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
