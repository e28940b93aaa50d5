/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the kubelet's two answers: refused with a text, or all that comes out keeps what the
 * header promises, and each device id is mapped or has a reason. */
#include "agent/kubelet/device_ids.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sy_device_ids *ids;
static struct sy_catalogue *catalogue;
static struct sy_fabric *fabric;

/* A host bridge, an NPU and a GPU below a root that holds no devices. */
static void make_world(void)
{
    if (ids != NULL)
        return;
    struct sy_obj *obj = sy_calloc(4, sizeof *obj);
    assert(obj != NULL);
    obj[1] = (struct sy_obj){.type = SY_OBJ_HOST_BRIDGE, .addr = {0, 1, 0, 0}};
    obj[2] = (struct sy_obj){.parent = 1,
                             .type = SY_OBJ_DEVICE,
                             .addr = {0, 1, 0, 0},
                             .id = {0x1200, 0x19e5, 0xd802, 0, 0},
                             .name = "davinci0"};
    obj[3] = (struct sy_obj){.parent = 1,
                             .type = SY_OBJ_DEVICE,
                             .addr = {0, 1, 1, 0},
                             .id = {0x0302, 0x10de, 0x20b0, 0, 0},
                             .uuid = "GPU-1"};
    const struct sy_inventory inv = {.source = "document", .nobj = 4, .obj = obj};
    enum sy_code code = sy_catalogue_load(NULL, 0, &catalogue, NULL);
    if (code == SY_OK)
        code = sy_fabric_build(&inv, catalogue, &fabric, NULL);
    const struct sy_device_ids_options options = {.fabric = fabric, .root = "/usr"};
    if (code == SY_OK)
        code = sy_device_ids_new(&options, &ids, NULL);
    assert(code == SY_OK && fabric->nunit == 2);
    sy_free(obj);
}

static void check_text(const char *text)
{
    assert(text != NULL && strlen(text) <= SY_POD_RESOURCES_TEXT_MAX);
    for (; *text != '\0'; text++)
        assert(*text >= ' ' && *text <= '~');
}

static void check_numa(struct sy_numa_list numa)
{
    assert(numa.n <= SY_POD_RESOURCES_NUMA_MAX);
    for (unsigned i = 0; i < numa.n; i++)
        assert(numa.id[i] <= SY_POD_RESOURCES_NUMA_ID_MAX);
}

static void check_id(const char *resource, const char *device_id)
{
    struct sy_device_place place;
    check_text(resource);
    check_text(device_id);
    sy_device_ids_find(ids, resource, device_id, &place);
    assert(strnlen(place.why, sizeof place.why) < sizeof place.why);
    assert(place.unit < (int)fabric->nunit && place.share <= SY_WHOLE);
    assert((place.way != SY_DEVICE_WAY_NONE && place.unit >= 0) == (place.why[0] == '\0'));
}

static void check_holder(const struct sy_pod_ref *holder)
{
    check_text(holder->namespace_);
    check_text(holder->pod);
    check_text(holder->container);
}

static void check_result(const struct sy_pod_resources *got)
{
    assert(got->ndevice <= SY_POD_RESOURCES_DEVICES_MAX &&
           got->nclaim <= SY_POD_RESOURCES_DEVICES_MAX &&
           got->nallocatable <= SY_POD_RESOURCES_DEVICES_MAX);
    sy_device_ids_learn(ids, got);
    for (size_t i = 0; i < got->ndevice; i++) {
        check_holder(&got->device[i].holder);
        check_id(got->device[i].resource, got->device[i].device_id);
        check_numa(got->device[i].numa);
    }
    for (size_t i = 0; i < got->nclaim; i++) {
        const struct sy_pod_claim *claim = &got->claim[i];
        const char *const texts[] = {claim->claim_namespace, claim->claim, claim->driver,
                                     claim->pool, claim->device};
        check_holder(&claim->holder);
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
            check_text(texts[k]);
    }
    for (size_t i = 0; i < got->nallocatable; i++) {
        check_id(got->allocatable[i].resource, got->allocatable[i].device_id);
        check_numa(got->allocatable[i].numa);
    }
}

static void try_parse(const void *list, size_t list_len, const void *offered, size_t offered_len)
{
    struct sy_pod_resources got;
    struct sy_err err = {0};
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)32 << 20);
    assert(arena != NULL);
    enum sy_code code =
        sy_pod_resources_parse(list, list_len, offered, offered_len, arena, &got, &err);
    assert((code == SY_OK) == (err.text[0] == '\0'));
    assert(code != SY_ENOMEM);
    if (code == SY_OK)
        check_result(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_world();
    try_parse(data, size, NULL, 0);
    try_parse("", 0, size > 0 ? (const void *)data : "", size);
    return 0;
}
