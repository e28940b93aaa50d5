/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/kubelet/device_ids.h"

#include "agent/kubelet/device_sysfs.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define ID_SIZE 256u /* of an id that is looked at */

struct sy_device_ids {
    const struct sy_fabric *fabric;
    struct sy_device_vendor vendor;
    int root;
    size_t ngpu, nkfd;
    struct sy_gpu gpu[SY_GPU_MAX];
    struct sy_kfd_node kfd[SY_KFD_NODE_MAX];
    uint16_t parts[SY_UNIT_MAX]; /* that plugins offer of each unit, 0 = not known */
};

/* What an id was found to be. */
struct finding {
    struct sy_device_place place;
    uint8_t index;  /* unit behind the function … */
    bool any_index; /* … or not known which */
    bool part;      /* of the unit, by a plugin's own division */
};

const char *sy_device_way_name(unsigned way)
{
    static const char *const names[] = {
#define X(id, text) text,
        SY_DEVICE_WAYS(X)
#undef X
    };
    return way < SY_DEVICE_WAY_COUNT ? names[way] : "unknown";
}

__attribute__((format(printf, 2, 3))) static void say(struct finding *f, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(f->place.why, sizeof f->place.why, fmt, args);
    va_end(args);
}

/* A number that is the whole text. */
static bool parse_number(const char *text, unsigned *ret)
{
    unsigned value = 0, digits = 0;
    for (; *text >= '0' && *text <= '9' && digits < 6; text++, digits++)
        value = value * 10 + (unsigned)(*text - '0');
    if (digits == 0 || *text != '\0')
        return false;
    *ret = value;
    return true;
}

static bool starts(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

static bool found(struct finding *f, enum sy_device_way way, struct sy_pci_addr addr)
{
    f->place.way = (uint8_t)way;
    f->place.addr = addr;
    return true;
}

/* Each of the functions that follow knows some forms of ids. True: the id has such a form; it was
 * found, or else `why` is said. */

/* "0000:3b:00.1", "0000:3b:00.1-2" */
static bool by_address(const struct sy_device_ids *ids, const char *id, struct finding *f)
{
    char text[SY_PCI_ADDR_TEXT];
    struct sy_pci_addr addr;
    (void)ids;
    size_t len = strcspn(id, "-");
    const char *colon = strchr(id, ':');
    if (len >= sizeof text || colon == NULL || memchr(colon + 1, ':', strlen(colon + 1)) == NULL)
        return false;
    memcpy(text, id, len);
    text[len] = '\0';
    if (sy_pci_addr_parse(text, &addr, NULL) != SY_OK)
        return false;
    f->part = f->part || id[len] == '-';
    return found(f, SY_DEVICE_WAY_ADDRESS, addr);
}

static bool known_uuid(const struct sy_device_ids *ids, const char *uuid, struct finding *f)
{
    const struct sy_inventory *inv = &ids->fabric->inv;
    for (uint16_t i = 0; i < inv->nobj; i++) {
        const struct sy_obj *obj = &inv->obj[i];
        if (obj->type == SY_OBJ_DEVICE && obj->uuid != NULL && strcasecmp(obj->uuid, uuid) == 0)
            return found(f, SY_DEVICE_WAY_UUID, obj->addr);
    }
    for (size_t i = 0; i < ids->ngpu; i++) {
        if (strcasecmp(ids->gpu[i].uuid, uuid) == 0)
            return found(f, SY_DEVICE_WAY_UUID, ids->gpu[i].addr);
    }
    return false;
}

static bool ask_nvidia(const struct sy_device_ids *ids, const char *uuid, struct finding *f)
{
    struct sy_pci_addr addr;
    uint16_t share = 0;
    const struct sy_device_vendor *vendor = &ids->vendor;
    if (vendor->nvidia_find == NULL || !vendor->nvidia_find(vendor->data, uuid, &addr, &share))
        return false;
    f->place.share = f->part && share <= SY_WHOLE ? share : 0;
    return found(f, SY_DEVICE_WAY_UUID, addr);
}

/* "MIG-<uuid>"; drivers before 470 wrote "MIG-GPU-<uuid of the GPU>/<instance>/<instance>". */
static bool by_mig(const struct sy_device_ids *ids, const char *id, struct finding *f)
{
    char gpu[ID_SIZE];
    if (!starts(id, "MIG-"))
        return false;
    (void)snprintf(gpu, sizeof gpu, "%.*s", (int)strcspn(id + 4, "/"), id + 4);
    f->part = true;
    if (!ask_nvidia(ids, id, f) && !(starts(gpu, "GPU-") && known_uuid(ids, gpu, f)))
        say(f, "only NVIDIA's library knows which GPU a MIG device is a part of, and %s",
            ids->vendor.nvidia_find == NULL ? "it is not at hand" : "it does not know this one");
    return true;
}

static bool by_uuid(const struct sy_device_ids *ids, const char *id, struct finding *f)
{
    if (known_uuid(ids, id, f))
        return true;
    if (!starts(id, "GPU-"))
        return false;
    if (!ask_nvidia(ids, id, f))
        say(f, "neither the inventory nor NVIDIA's driver knows this GPU");
    return true;
}

static bool known_name(const struct sy_device_ids *ids, const char *name, struct finding *f)
{
    const struct sy_inventory *inv = &ids->fabric->inv;
    for (uint16_t i = 0; i < inv->nobj; i++) {
        const struct sy_obj *obj = &inv->obj[i];
        if (obj->type == SY_OBJ_DEVICE && obj->name != NULL && strcmp(obj->name, name) == 0)
            return found(f, SY_DEVICE_WAY_NAME, obj->addr);
    }
    return false;
}

static void find_davinci(const struct sy_device_ids *ids, unsigned number, struct finding *f)
{
    const struct sy_device_vendor *vendor = &ids->vendor;
    struct sy_pci_addr addr;
    char name[32];
    if (vendor->ascend_find != NULL &&
        vendor->ascend_find(vendor->data, number, &addr, &f->index)) {
        (void)found(f, SY_DEVICE_WAY_NUMBER, addr);
        return;
    }
    f->any_index = true;
    if (sy_device_davinci(ids->root, number, &addr)) {
        (void)found(f, SY_DEVICE_WAY_SYSFS, addr);
        return;
    }
    (void)snprintf(name, sizeof name, "davinci%u", number);
    if (known_name(ids, name, f))
        return;
    (void)snprintf(name, sizeof name, "npu%u", number);
    if (!known_name(ids, name, f))
        say(f, "only Huawei's library knows the address of davinci%u, and %s", number,
            vendor->ascend_find == NULL ? "it is not at hand" : "it does not tell");
}

/* "Ascend910-3", "npu-3" and "davinci3"; a part is "Ascend910-2c-100-3": the chip stands last. */
static bool by_ascend(const struct sy_device_ids *ids, const char *id, struct finding *f)
{
    unsigned number;
    const char *first = strchr(id, '-'), *last = strrchr(id, '-');
    if (starts(id, "davinci")) {
        if (!parse_number(id + strlen("davinci"), &number))
            return false;
    } else {
        if ((!starts(id, "Ascend") && !starts(id, "npu-")) || last == NULL ||
            !parse_number(last + 1, &number))
            return false;
        f->part = f->part || first != last;
    }
    find_davinci(ids, number, f);
    return true;
}

/* Intel's GPU plugin: "card1-0", the second number being that of the share. */
static bool by_drm(const struct sy_device_ids *ids, const char *id, struct finding *f)
{
    char card[16];
    unsigned number, share;
    struct sy_pci_addr addr;
    size_t len = strcspn(id, "-");
    if (strncmp(id, "card", 4) != 0 || len >= sizeof card)
        return false;
    (void)snprintf(card, sizeof card, "%.*s", (int)len, id);
    if (!parse_number(card + 4, &number) || (id[len] == '-' && !parse_number(id + len + 1, &share)))
        return false;
    f->part = f->part || id[len] == '-';
    if (sy_device_drm(ids->root, number, &addr))
        (void)found(f, SY_DEVICE_WAY_SYSFS, addr);
    else
        say(f, "there is no PCI function behind sys/class/drm/%s", card);
    return true;
}

/* A partition of an AMD GPU; its first partition goes by the address of the GPU. */
static bool by_xcp(const struct sy_device_ids *ids, const char *id, struct finding *f)
{
    unsigned number;
    if (!starts(id, "amdgpu_xcp_") || !parse_number(id + strlen("amdgpu_xcp_"), &number))
        return false;
    for (size_t i = 0; i < ids->nkfd; i++) {
        if (sy_device_xcp_has(ids->root, number, ids->kfd[i].render_minor))
            return found(f, SY_DEVICE_WAY_SYSFS, ids->kfd[i].addr);
    }
    say(f, "no node of sys/class/kfd has the render device of %s", id);
    return true;
}

static bool by_fpga(const struct sy_device_ids *ids, const char *id, struct finding *f)
{
    static const char *const kinds[] = {"intel-fpga-port.", "intel-fpga-fme.", "dfl-port.",
                                        "dfl-fme."};
    unsigned number;
    struct sy_pci_addr addr;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(id, kinds[i], strlen(kinds[i])) != 0 ||
            !parse_number(id + strlen(kinds[i]), &number))
            continue;
        if (sy_device_fpga(ids->root, id, &addr))
            (void)found(f, SY_DEVICE_WAY_SYSFS, addr);
        else
            say(f, "there is no PCI function above %s in sys/", id);
        return true;
    }
    return false;
}

/* The id as the plugin's device goes by, without NVIDIA's "::N" of a replica. */
static void identify(const struct sy_device_ids *ids, const char *resource, const char *device_id,
                     struct finding *f)
{
    static bool (*const forms[])(const struct sy_device_ids *, const char *, struct finding *) = {
        by_address, by_mig, by_uuid, by_ascend, by_drm, by_xcp, by_fpga, known_name};
    char id[ID_SIZE], shown[48], name[64];
    unsigned replica;
    size_t len = strlen(device_id);
    const char *colons = strstr(device_id, "::");
    if (colons != NULL && parse_number(colons + 2, &replica)) {
        len = (size_t)(colons - device_id);
        f->part = true;
    }
    if (len >= sizeof id) {
        say(f, "an id of %zu bytes, at most %u are looked at", len, ID_SIZE - 1);
        return;
    }
    memcpy(id, device_id, len);
    id[len] = '\0';
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i](ids, id, f))
            return;
    }
    say(f, "'%s' of %s is in no form that is known", sy_quote(shown, sizeof shown, id, len),
        sy_quote(name, sizeof name, resource, strlen(resource)));
}

static const struct sy_obj *object_at(const struct sy_fabric *fabric, struct sy_pci_addr addr)
{
    for (uint16_t i = 0; i < fabric->inv.nobj; i++) {
        const struct sy_obj *obj = &fabric->inv.obj[i];
        if (obj->type == SY_OBJ_DEVICE && sy_pci_addr_cmp(obj->addr, addr) == 0)
            return obj;
    }
    return NULL;
}

/* The unit that a function belongs to; a virtual function that is no unit is a part of the unit of
 * its physical function. */
static void locate(const struct sy_device_ids *ids, struct finding *f)
{
    char text[SY_PCI_ADDR_TEXT];
    const struct sy_obj *obj = object_at(ids->fabric, f->place.addr);
    struct sy_pci_addr physfn;
    int unit = sy_fabric_unit_find(ids->fabric, f->place.addr, f->index);
    if (unit < 0) {
        bool is_vf = obj != NULL && obj->has_physfn;
        if (is_vf)
            physfn = obj->physfn;
        if (is_vf || sy_device_physfn(ids->root, f->place.addr, &physfn))
            unit = sy_fabric_unit_find(ids->fabric, physfn, 0);
        f->part = f->part || unit >= 0;
    }
    if (unit < 0)
        say(f, "%s is %s", sy_pci_addr_format(f->place.addr, text),
            obj != NULL ? "no device that the catalogue knows" : "not in the inventory");
    else if (f->any_index && ids->fabric->unit[unit].model != NULL &&
             ids->fabric->unit[unit].model->units_per_function > 1) {
        say(f, "which of the %u chips behind %s it is is not known",
            ids->fabric->unit[unit].model->units_per_function,
            sy_pci_addr_format(f->place.addr, text));
        unit = -1;
    }
    f->place.unit = (int16_t)unit;
}

/* Nodes of AMD's driver behind one function: more than one are its partitions. */
static uint16_t kfd_parts(const struct sy_device_ids *ids, struct sy_pci_addr addr)
{
    uint16_t n = 0;
    for (size_t i = 0; i < ids->nkfd; i++)
        n = (uint16_t)(n + (sy_pci_addr_cmp(ids->kfd[i].addr, addr) == 0));
    return n;
}

static void map(const struct sy_device_ids *ids, const char *resource, const char *device_id,
                struct finding *f)
{
    *f = (struct finding){.place = {.unit = -1}};
    identify(ids, resource, device_id, f);
    if (f->place.way == SY_DEVICE_WAY_NONE)
        return;
    locate(ids, f);
    uint16_t parts = kfd_parts(ids, f->place.addr);
    if (!f->part)
        f->place.share = (uint16_t)(parts > 1 ? SY_WHOLE / parts : SY_WHOLE);
}

void sy_device_ids_find(const struct sy_device_ids *ids, const char *resource,
                        const char *device_id, struct sy_device_place *ret)
{
    struct finding f;
    map(ids, resource, device_id, &f);
    if (f.part && f.place.share == 0 && f.place.unit >= 0 && ids->parts[f.place.unit] > 0)
        f.place.share = (uint16_t)(SY_WHOLE / ids->parts[f.place.unit]);
    *ret = f.place;
}

void sy_device_ids_learn(struct sy_device_ids *ids, const struct sy_pod_resources *offered)
{
    struct finding f;
    memset(ids->parts, 0, sizeof ids->parts);
    for (size_t i = 0; i < offered->nallocatable; i++) {
        map(ids, offered->allocatable[i].resource, offered->allocatable[i].device_id, &f);
        if (f.part && f.place.unit >= 0 && ids->parts[f.place.unit] < SY_WHOLE)
            ids->parts[f.place.unit]++;
    }
}

enum sy_code sy_device_ids_new(const struct sy_device_ids_options *options,
                               struct sy_device_ids **ret, struct sy_err *err)
{
    struct sy_device_ids *ids = sy_calloc(1, sizeof *ids);
    if (ids == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    ids->fabric = options->fabric;
    ids->vendor = options->vendor;
    ids->root = -1;
    enum sy_code code = sy_device_root(options->root, &ids->root, err);
    if (code == SY_OK)
        code = sy_device_gpus(ids->root, ids->gpu, &ids->ngpu, err);
    if (code != SY_OK) {
        sy_device_ids_free(ids);
        return code;
    }
    ids->nkfd = sy_device_kfd_nodes(ids->root, ids->kfd);
    *ret = ids;
    return SY_OK;
}

void sy_device_ids_free(struct sy_device_ids *ids)
{
    if (ids == NULL)
        return;
    if (ids->root >= 0)
        (void)close(ids->root);
    sy_free(ids);
}
