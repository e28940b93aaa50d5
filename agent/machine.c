/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine.h"

#include "agent/kubelet/kubelet_config.h"
#include "agent/observe.h"
#include "topology/discover/discover.h"
#include "topology/discover/sysfs_file.h"
#include "topology/node_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARENA_LIMIT ((size_t)32 << 20) /* of one scan */
#define UUID_MAX 96

enum sy_code sy_machine_init(struct sy_machine *machine, const struct sy_agent_config *config,
                             struct sy_vendor *vendor, struct sy_err *err)
{
    *machine = (struct sy_machine){.config = config, .vendor = vendor};
    machine->root = open(config->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (machine->root < 0)
        return sy_fail(err, errno == ENOENT ? SY_ENOENT : SY_EIO, "%s: %s", config->root,
                       strerror(errno));
    return sy_catalogue_load(config->catalogue, config->ncatalogue, &machine->catalogue, err);
}

void sy_machine_done(struct sy_machine *machine)
{
    sy_device_ids_free(machine->ids);
    sy_fabric_unref(machine->fabric);
    sy_catalogue_unref(machine->catalogue);
    sy_links_done(&machine->links);
    sy_arena_free(machine->restored_arena);
    if (machine->root >= 0)
        (void)close(machine->root);
}

static bool is_unsettled(const struct sy_links *links)
{
    for (size_t i = 0; i < links->n; i++)
        if (links->end[i].next_scans > 0)
            return true;
    return false;
}

bool sy_machine_changed(struct sy_machine *machine)
{
    struct sy_digest tree;
    if (machine->fabric == NULL || machine->failed || is_unsettled(&machine->links))
        return true;
    return sy_observe_digest(machine->root, &tree, NULL) != SY_OK ||
           !sy_digest_equal(tree, machine->tree);
}

/* "GPU UUID: \t GPU-…" of the driver's list; where the library is not at hand. */
static bool read_uuid(int root, struct sy_pci_addr addr, char *buf, size_t size)
{
    char path[SY_SYSFS_PATH], text[2048], shown[SY_PCI_ADDR_TEXT];
    size_t len;
    (void)snprintf(path, sizeof path, "proc/driver/nvidia/gpus/%s/information",
                   sy_pci_addr_format(addr, shown));
    if (!sy_sysfs_bytes(root, path, text, sizeof text, &len))
        return false;
    const char *at = strstr(text, "GPU UUID:");
    if (at == NULL)
        return false;
    at += strlen("GPU UUID:");
    at += strspn(at, " \t");
    size_t n = strcspn(at, " \t\n");
    if (n == 0 || n >= size || strspn(at, "GPU-0123456789abcdefABCDEF") < n)
        return false; /* "GPU-????…" while the GPU sleeps */
    memcpy(buf, at, n);
    buf[n] = '\0';
    return true;
}

static enum sy_code add_uuids(const struct sy_machine *machine, struct sy_arena *arena,
                              struct sy_inventory *inv, struct sy_err *err)
{
    for (uint16_t i = 1; i < inv->nobj; i++) {
        struct sy_obj *obj = &inv->obj[i];
        char uuid[UUID_MAX];
        if (obj->type != SY_OBJ_DEVICE || obj->id.vendor != SY_VENDOR_NVIDIA || obj->is_vf ||
            (!sy_vendor_uuid(machine->vendor, obj->addr, uuid, sizeof uuid) &&
             !read_uuid(machine->root, obj->addr, uuid, sizeof uuid)))
            continue;
        obj->uuid = sy_arena_strndup(arena, uuid, strlen(uuid));
        if (obj->uuid == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    return SY_OK;
}

/* Unknown where it cannot be read. */
static struct sy_topology_manager read_manager(struct sy_machine *machine)
{
    struct sy_topology_manager manager = {0};
    struct sy_err err = {0};
    const struct sy_agent_config *config = machine->config;
    if (config->kubelet_config == NULL && config->kubelet_config_dir == NULL)
        return manager;
    bool read = sy_kubelet_config_read(config->kubelet_config, config->kubelet_config_dir, &manager,
                                       &err) == SY_OK;
    sy_agent_say(&machine->said_kubelet, SY_LEVEL_WARN,
                 "Topology Manager unknown: the kubelet's configuration cannot be read",
                 read ? NULL : err.text, "the kubelet's configuration was read");
    return read ? manager : (struct sy_topology_manager){0};
}

static enum sy_code discover(struct sy_machine *machine, struct sy_arena *arena,
                             struct sy_inventory *ret, struct sy_err *err)
{
    bool live = strcmp(machine->config->root, "/") == 0;
    enum sy_code code = live ? sy_discover_live(arena, ret, err)
                             : sy_discover_sysfs(machine->config->root, arena, ret, err);
    if (code == SY_OK)
        code = add_uuids(machine, arena, ret, err);
    if (code != SY_OK)
        return code;
    ret->topology_manager = read_manager(machine);
    return sy_links_settle(&machine->links, ret, err);
}

/* With what was lost; without it where that no longer fits into the tree. */
static enum sy_code merge(struct sy_machine *machine, const struct sy_inventory *scan,
                          struct sy_arena *arena, struct sy_inventory *ret, struct sy_lost *lost,
                          struct sy_err *err)
{
    struct sy_err why = {0};
    const struct sy_inventory *before = machine->fabric != NULL ? &machine->fabric->inv : NULL;
    if (machine->restored_arena != NULL)
        before = &machine->restored;
    enum sy_code code = sy_keep_merge(before, scan, machine->catalogue, arena, ret, lost, &why);
    bool again = code == SY_EINVAL && before != NULL;
    sy_agent_say(&machine->said_merge, SY_LEVEL_WARN,
                 "lost devices are forgotten: they do not fit into the tree any more",
                 again ? why.text : NULL, NULL);
    if (again)
        return sy_keep_merge(NULL, scan, machine->catalogue, arena, ret, lost, err);
    return code == SY_OK ? SY_OK : sy_fail(err, code, "%s", why.text);
}

static enum sy_code digest_of(const struct sy_inventory *inv, struct sy_digest *ret,
                              struct sy_err *err)
{
    sy_autojson json_t *spec = NULL;
    sy_autofree char *text = NULL;
    size_t len = 0;
    enum sy_code code = sy_inventory_to_json(inv, &spec, err);
    if (code == SY_OK)
        code = sy_json_dump(spec, false, &text, &len, err);
    if (code != SY_OK)
        return code;
    *ret = sy_digest_begin();
    sy_digest_bytes(ret, text, len);
    return SY_OK;
}

/* Make fabric and ids of the inventory the machine's. */
static enum sy_code take(struct sy_machine *machine, const struct sy_inventory *inv,
                         struct sy_err *err)
{
    struct sy_fabric *fabric = NULL;
    struct sy_device_ids *ids = NULL;
    enum sy_code code = sy_fabric_build(inv, machine->catalogue, &fabric, err);
    if (code == SY_OK) {
        struct sy_device_ids_options options = {.fabric = fabric,
                                                .root = machine->config->root,
                                                .vendor = sy_vendor_ids(machine->vendor)};
        code = sy_device_ids_new(&options, &ids, err);
    }
    if (code != SY_OK) {
        sy_fabric_unref(fabric);
        return code;
    }
    sy_device_ids_free(machine->ids);
    sy_fabric_unref(machine->fabric);
    machine->fabric = fabric;
    machine->ids = ids;
    return SY_OK;
}

enum sy_code sy_machine_scan(struct sy_machine *machine, bool *ret_changed, struct sy_err *err)
{
    struct sy_inventory scan, inv;
    struct sy_lost lost;
    struct sy_digest tree, content;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_LIMIT);
    machine->failed = true; /* until it has succeeded */
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for a scan");
    /* Before the scan: what changes meanwhile is seen at the next look. */
    enum sy_code code = sy_observe_digest(machine->root, &tree, err);
    if (code == SY_OK)
        code = discover(machine, arena, &scan, err);
    if (code == SY_OK)
        code = merge(machine, &scan, arena, &inv, &lost, err);
    if (code == SY_OK)
        code = digest_of(&inv, &content, err);
    if (code != SY_OK)
        return code;
    bool changed = machine->fabric == NULL || !sy_digest_equal(content, machine->content);
    if (changed)
        code = take(machine, &inv, err);
    if (code != SY_OK)
        return code;
    machine->failed = false;
    machine->content = content;
    machine->tree = tree;
    machine->lost = lost;
    sy_arena_free(SY_TAKE(machine->restored_arena));
    *ret_changed = changed;
    return SY_OK;
}

void sy_machine_restore(struct sy_machine *machine, const struct sy_inventory *inv,
                        struct sy_arena *arena)
{
    sy_arena_free(machine->restored_arena);
    machine->restored_arena = arena;
    machine->restored = *inv;
}
