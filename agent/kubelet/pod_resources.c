/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kubelet/pod_resources.h"

#include "base/json.h"

#include <podresources.pb-c.h>
#include <string.h>

/* Memory of one decoded answer. Short messages grow when decoded (two bytes become a hundred), so
 * the answer's own length does not bound it. */
#define DECODED_MAX ((size_t)64 * 1024 * 1024)

typedef Podresources__ListResponse list_response;
typedef Podresources__AllocatableResponse allocatable_response;
typedef Podresources__Pod pod_message;
typedef Podresources__Container container_message;
typedef Podresources__Devices devices_message;
typedef Podresources__DynamicResource claim_message;

/* What protobuf-c allocates comes from an arena and goes with it. */
struct decoder {
    struct sy_arena *arena;
    bool full, no_memory;
    ProtobufCAllocator allocator;
};

static void *decoder_alloc(void *data, size_t size)
{
    struct decoder *d = data;
    if (size > DECODED_MAX - sy_arena_used(d->arena)) {
        d->full = true;
        return NULL;
    }
    void *ptr = sy_arena_calloc(d->arena, 1, size);
    d->no_memory = d->no_memory || ptr == NULL;
    return ptr;
}

static void decoder_free(void *data, void *ptr)
{
    (void)data;
    (void)ptr;
}

static enum sy_code decoder_init(struct decoder *d, struct sy_err *err)
{
    *d = (struct decoder){
        .allocator = {.alloc = decoder_alloc, .free = decoder_free, .allocator_data = d}};
    d->arena = sy_arena_new(DECODED_MAX);
    return d->arena != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

/* Why a message could not be decoded. */
static enum sy_code decoder_fail(const struct decoder *d, size_t len, const char *name,
                                 struct sy_err *err)
{
    if (d->full)
        return sy_fail(err, SY_ELIMIT, "%s of %zu bytes: needs more than %zu bytes when decoded",
                       name, len, DECODED_MAX);
    if (d->no_memory)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_fail(err, SY_EPARSE, "%s of %zu bytes: malformed protobuf", name, len);
}

/* Where the result is made. */
struct maker {
    struct sy_arena *arena;
    struct sy_err *err;
    struct sy_pod_device *device;
    size_t ndevice;
    struct sy_pod_claim *claim;
    size_t nclaim;
    struct sy_allocatable_device *allocatable;
    size_t nallocatable;
};

static enum sy_code copy_text(const struct maker *m, const ProtobufCBinaryData *text,
                              const struct sy_path *at, const char **ret)
{
    if (text->len > SY_POD_RESOURCES_TEXT_MAX)
        return sy_json_fail(at, SY_ELIMIT, m->err, "%zu bytes, at most %u", text->len,
                            SY_POD_RESOURCES_TEXT_MAX);
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20 || text->data[i] > 0x7e)
            return sy_json_fail(at, SY_EINVAL, m->err, "byte %zu is 0x%02x, no printable ASCII", i,
                                text->data[i]);
    }
    const char *copy =
        text->len == 0 ? "" : sy_arena_strndup(m->arena, (const char *)text->data, text->len);
    if (copy == NULL)
        return sy_fail(m->err, SY_ENOMEM, "out of memory");
    *ret = copy;
    return SY_OK;
}

static enum sy_code copy_numa(const struct maker *m, const Podresources__Topology *topology,
                              const struct sy_path *at, struct sy_numa_list *ret)
{
    *ret = (struct sy_numa_list){0};
    if (topology == NULL || topology->n_nodes == 0)
        return SY_OK;
    if (topology->n_nodes > SY_POD_RESOURCES_NUMA_MAX)
        return sy_json_fail(at, SY_ELIMIT, m->err, "%zu NUMA nodes, at most %u", topology->n_nodes,
                            SY_POD_RESOURCES_NUMA_MAX);
    uint16_t *id = sy_arena_calloc(m->arena, topology->n_nodes, sizeof *id);
    if (id == NULL)
        return sy_fail(m->err, SY_ENOMEM, "out of memory");
    uint16_t n = 0;
    for (size_t i = 0; i < topology->n_nodes; i++) {
        int64_t number = topology->nodes[i]->id;
        if (number > (int64_t)SY_POD_RESOURCES_NUMA_ID_MAX)
            return sy_json_fail(at, SY_ELIMIT, m->err, "NUMA node %lld, at most %u",
                                (long long)number, SY_POD_RESOURCES_NUMA_ID_MAX);
        if (number >= 0)
            id[n++] = (uint16_t)number;
    }
    *ret = (struct sy_numa_list){.n = n, .id = id};
    return SY_OK;
}

/* Called with each id of a Devices message. */
typedef void device_fn(struct maker *m, const char *resource, const char *id,
                       struct sy_numa_list numa, const struct sy_pod_ref *holder);

static void add_held(struct maker *m, const char *resource, const char *id,
                     struct sy_numa_list numa, const struct sy_pod_ref *holder)
{
    m->device[m->ndevice++] = (struct sy_pod_device){
        .holder = *holder, .resource = resource, .device_id = id, .numa = numa};
}

static void add_allocatable(struct maker *m, const char *resource, const char *id,
                            struct sy_numa_list numa, const struct sy_pod_ref *holder)
{
    (void)holder;
    m->allocatable[m->nallocatable++] =
        (struct sy_allocatable_device){.resource = resource, .device_id = id, .numa = numa};
}

static enum sy_code take_devices(struct maker *m, const devices_message *devices,
                                 const struct sy_path *at, const struct sy_pod_ref *holder,
                                 device_fn *add)
{
    const char *resource = NULL, *id = NULL;
    struct sy_numa_list numa = {0};
    enum sy_code code =
        copy_text(m, &devices->resource_name, SY_PATH_KEY(at, "resource_name"), &resource);
    if (code == SY_OK)
        code = copy_numa(m, devices->topology, SY_PATH_KEY(at, "topology"), &numa);
    const struct sy_path *ids = SY_PATH_KEY(at, "device_ids");
    for (size_t i = 0; i < devices->n_device_ids && code == SY_OK; i++) {
        code = copy_text(m, &devices->device_ids[i], SY_PATH_AT(ids, i), &id);
        if (code == SY_OK)
            add(m, resource, id, numa, holder);
    }
    return code;
}

static enum sy_code take_claim(struct maker *m, const claim_message *claim,
                               const struct sy_path *at, const struct sy_pod_ref *holder)
{
    struct sy_pod_claim made = {.holder = *holder};
    enum sy_code code =
        copy_text(m, &claim->claim_name, SY_PATH_KEY(at, "claim_name"), &made.claim);
    if (code == SY_OK)
        code = copy_text(m, &claim->claim_namespace, SY_PATH_KEY(at, "claim_namespace"),
                         &made.claim_namespace);
    const struct sy_path *list = SY_PATH_KEY(at, "claim_resources");
    for (size_t i = 0; i < claim->n_claim_resources && code == SY_OK; i++) {
        const Podresources__ClaimResource *from = claim->claim_resources[i];
        const struct sy_path *here = SY_PATH_AT(list, i);
        code = copy_text(m, &from->driver_name, SY_PATH_KEY(here, "driver_name"), &made.driver);
        if (code == SY_OK)
            code = copy_text(m, &from->pool_name, SY_PATH_KEY(here, "pool_name"), &made.pool);
        if (code == SY_OK)
            code = copy_text(m, &from->device_name, SY_PATH_KEY(here, "device_name"), &made.device);
        if (code == SY_OK)
            m->claim[m->nclaim++] = made;
    }
    return code;
}

static enum sy_code take_container(struct maker *m, const container_message *container,
                                   const struct sy_path *at, struct sy_pod_ref *holder)
{
    enum sy_code code = copy_text(m, &container->name, SY_PATH_KEY(at, "name"), &holder->container);
    const struct sy_path *devices = SY_PATH_KEY(at, "devices");
    for (size_t i = 0; i < container->n_devices && code == SY_OK; i++)
        code = take_devices(m, container->devices[i], SY_PATH_AT(devices, i), holder, add_held);
    const struct sy_path *claims = SY_PATH_KEY(at, "dynamic_resources");
    for (size_t i = 0; i < container->n_dynamic_resources && code == SY_OK; i++)
        code = take_claim(m, container->dynamic_resources[i], SY_PATH_AT(claims, i), holder);
    return code;
}

static enum sy_code take_pod(struct maker *m, const pod_message *pod, const struct sy_path *at)
{
    struct sy_pod_ref holder;
    enum sy_code code = copy_text(m, &pod->name, SY_PATH_KEY(at, "name"), &holder.pod);
    if (code == SY_OK)
        code = copy_text(m, &pod->namespace_, SY_PATH_KEY(at, "namespace"), &holder.namespace_);
    const struct sy_path *list = SY_PATH_KEY(at, "containers");
    for (size_t i = 0; i < pod->n_containers && code == SY_OK; i++)
        code = take_container(m, pod->containers[i], SY_PATH_AT(list, i), &holder);
    return code;
}

static enum sy_code check_count(size_t n, const char *what, struct sy_err *err)
{
    if (n > SY_POD_RESOURCES_DEVICES_MAX)
        return sy_fail(err, SY_ELIMIT, "%zu %s, at most %u", n, what, SY_POD_RESOURCES_DEVICES_MAX);
    return SY_OK;
}

/* Count what will be made, check it and make room for it. */
static enum sy_code make_room(struct maker *m, const list_response *list)
{
    size_t ndevice = 0, nclaim = 0;
    for (size_t p = 0; p < list->n_pod_resources; p++) {
        const pod_message *pod = list->pod_resources[p];
        for (size_t c = 0; c < pod->n_containers; c++) {
            const container_message *container = pod->containers[c];
            for (size_t i = 0; i < container->n_devices; i++)
                ndevice += container->devices[i]->n_device_ids;
            for (size_t i = 0; i < container->n_dynamic_resources; i++)
                nclaim += container->dynamic_resources[i]->n_claim_resources;
        }
    }
    enum sy_code code = check_count(ndevice, "device ids held", m->err);
    if (code == SY_OK)
        code = check_count(nclaim, "claimed devices", m->err);
    if (code != SY_OK)
        return code;
    m->device = sy_arena_calloc(m->arena, ndevice, sizeof *m->device);
    m->claim = sy_arena_calloc(m->arena, nclaim, sizeof *m->claim);
    if (m->device == NULL || m->claim == NULL)
        return sy_fail(m->err, SY_ENOMEM, "out of memory");
    return SY_OK;
}

static enum sy_code take_list(struct maker *m, const void *data, size_t len)
{
    struct decoder d;
    enum sy_code code = decoder_init(&d, m->err);
    if (code != SY_OK)
        return code;
    const list_response *list = podresources__list_response__unpack(&d.allocator, len, data);
    code = list == NULL ? decoder_fail(&d, len, "the list of pods", m->err) : make_room(m, list);
    const struct sy_path *at = SY_PATH_KEY(NULL, "pod_resources");
    for (size_t i = 0; code == SY_OK && i < list->n_pod_resources; i++)
        code = take_pod(m, list->pod_resources[i], SY_PATH_AT(at, i));
    sy_arena_free(d.arena);
    return code;
}

static enum sy_code take_offered(struct maker *m, const allocatable_response *offered)
{
    size_t n = 0;
    for (size_t i = 0; i < offered->n_devices; i++)
        n += offered->devices[i]->n_device_ids;
    enum sy_code code = check_count(n, "allocatable device ids", m->err);
    if (code != SY_OK)
        return code;
    m->allocatable = sy_arena_calloc(m->arena, n, sizeof *m->allocatable);
    if (m->allocatable == NULL)
        return sy_fail(m->err, SY_ENOMEM, "out of memory");
    const struct sy_path *at = SY_PATH_KEY(NULL, "devices");
    for (size_t i = 0; i < offered->n_devices && code == SY_OK; i++)
        code = take_devices(m, offered->devices[i], SY_PATH_AT(at, i), NULL, add_allocatable);
    return code;
}

static enum sy_code take_allocatable(struct maker *m, const void *data, size_t len)
{
    struct decoder d;
    enum sy_code code = decoder_init(&d, m->err);
    if (code != SY_OK)
        return code;
    const allocatable_response *offered =
        podresources__allocatable_response__unpack(&d.allocator, len, data);
    code = offered == NULL ? decoder_fail(&d, len, "the list of allocatable devices", m->err)
                           : take_offered(m, offered);
    sy_arena_free(d.arena);
    return code;
}

enum sy_code sy_pod_resources_parse(const void *list, size_t list_len, const void *allocatable,
                                    size_t allocatable_len, struct sy_arena *arena,
                                    struct sy_pod_resources *ret, struct sy_err *err)
{
    struct maker m = {.arena = arena, .err = err};
    enum sy_code code = take_list(&m, list, list_len);
    if (code == SY_OK && allocatable != NULL)
        code = take_allocatable(&m, allocatable, allocatable_len);
    if (code != SY_OK)
        return code;
    *ret = (struct sy_pod_resources){
        .ndevice = m.ndevice,
        .device = m.device,
        .nclaim = m.nclaim,
        .claim = m.claim,
        .has_allocatable = allocatable != NULL,
        .nallocatable = m.nallocatable,
        .allocatable = m.allocatable,
    };
    return SY_OK;
}
