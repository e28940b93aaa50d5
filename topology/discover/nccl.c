/* SPDX-License-Identifier: Apache-2.0 */
/* NCCL's tree is smaller than the machine's: a <pci> of class 0604 is the upstream port of a
 * switch, its downstream ports and all root ports are left out, and endpoints of a switch hang
 * directly below it. What is below a <cpu> keeps no word of host bridges: each bus there gets a
 * host bridge of its own, so two switches of one CPU are NODE to each other, never PHB by
 * assumption. A <cpu> is one NUMA node; which of them share a socket is not in the file, so each
 * has its own package. */
#include "topology/discover/nccl.h"

#include "base/str.h"
#include "topology/discover/build.h"
#include "topology/discover/link_speed.h"
#include "topology/discover/rules.h"
#include "topology/discover/xml.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_MAX (8u * 1024u * 1024u)
#define NUMA_MAX 4095u /* the kernel numbers no more */
/* Some files name switches that are not visible in the machine ffff:ff:NN.0. */
#define VIRTUAL_DOMAIN 0xffffu
#define VIRTUAL_BUS 0xffu
/* Host bridges whose own address is taken or unknown get one beyond what machines have. */
#define MADE_DOMAIN 0x80000000u

enum elem { ELEM_OTHER, ELEM_SYSTEM, ELEM_CPU, ELEM_PCI, ELEM_GPU, ELEM_NIC };

struct frame {
    enum elem elem;
    uint16_t obj; /* of a <cpu> or <pci>, or of the one around it */
};

/* <nvlink> or <xgmi>: its other end may come later in the file. */
struct wire {
    uint16_t from;
    uint8_t type;
    bool to_switch;
    struct sy_pci_addr target;
};

struct reader {
    struct sy_xml xml;
    struct sy_build build;
    struct frame frame[SY_XML_DEPTH_MAX + 1]; /* by depth; 0 stands above the root */
    uint32_t made;                            /* host bridges with a made domain */
    size_t nwire, wire_size;
    struct wire *wire;
    const char *cpu_vendor;
};

/* "0x10de" */
static uint16_t hex_attr(const struct reader *r, const char *name, unsigned shift)
{
    const char *text = sy_xml_attr(&r->xml, name);
    if (text == NULL)
        return 0;
    return (uint16_t)(strtoul(text, NULL, 16) >> shift);
}

/* A vendor or device id; 0xffff stands for unknown in files made by hand. */
static uint16_t id_attr(const struct reader *r, const char *name)
{
    uint16_t id = hex_attr(r, name, 0);
    return id == 0xffff ? 0 : id;
}

static enum sy_code add_cpu(struct reader *r, struct frame *frame, struct sy_err *err)
{
    const char *numaid = sy_xml_attr(&r->xml, "numaid");
    const char *vendor = sy_xml_attr(&r->xml, "vendor");
    uint64_t number = 0;
    if (r->cpu_vendor == NULL && vendor != NULL) {
        enum sy_code code = sy_build_text(&r->build, vendor, &r->cpu_vendor, err);
        if (code != SY_OK)
            return code;
    }
    frame->obj = 0;
    if (numaid == NULL || strcmp(numaid, "-1") == 0)
        return SY_OK; /* locality unknown: below the Machine */
    if (!sy_rule_uint(numaid, NUMA_MAX, &number))
        return sy_xml_fail(&r->xml, SY_EINVAL, err, "numaid \"%.20s\" is not a number up to %u",
                           numaid, NUMA_MAX);
    for (size_t i = 0; i < r->build.nobj; i++) {
        if (r->build.obj[i].type == SY_OBJ_NUMA && r->build.obj[i].os_index == number) {
            frame->obj = (uint16_t)i;
            return SY_OK;
        }
    }
    struct sy_obj obj = {.type = SY_OBJ_PACKAGE, .os_index = (uint32_t)number};
    enum sy_code code = sy_build_obj(&r->build, &obj, &obj.parent, err);
    obj.type = SY_OBJ_NUMA;
    return code == SY_OK ? sy_build_obj(&r->build, &obj, &frame->obj, err) : code;
}

/* The host bridge above a <pci> that stands directly below a <cpu>. */
static enum sy_code add_host(struct reader *r, uint16_t cpu, struct sy_obj *obj, struct sy_err *err)
{
    bool known = obj->addr.domain != VIRTUAL_DOMAIN || obj->addr.bus != VIRTUAL_BUS;
    if (known) {
        enum sy_code code =
            sy_build_host(&r->build, cpu, obj->addr.domain, obj->addr.bus, &obj->parent, err);
        if (code != SY_OK || r->build.obj[obj->parent].parent == cpu)
            return code;
    }
    return sy_build_host(&r->build, cpu, MADE_DOMAIN + r->made++, 0, &obj->parent, err);
}

/* Files with downstream ports taken for upstream ones name one switch several times, in places that
 * cannot be one: another device number of the same bus tells them apart. */
static enum sy_code free_address(struct reader *r, struct sy_obj *obj, struct sy_err *err)
{
    char text[SY_PCI_ADDR_TEXT];
    struct sy_pci_addr want = obj->addr;
    if (sy_build_find(&r->build, want) < 0)
        return SY_OK;
    for (unsigned n = 1; n < 256 && obj->type == SY_OBJ_BRIDGE; n++) {
        obj->addr.dev = (uint8_t)((want.dev + n) % 32);
        obj->addr.func = (uint8_t)((want.func + n / 32) % 8);
        if (sy_build_find(&r->build, obj->addr) < 0)
            return SY_OK;
    }
    return sy_xml_fail(&r->xml, SY_EINVAL, err, "busid %s was already used",
                       sy_pci_addr_format(want, text));
}

static enum sy_code read_pci(struct reader *r, struct sy_obj *obj, struct sy_err *err)
{
    char text[64];
    const char *busid = sy_xml_attr(&r->xml, "busid");
    const char *speed = sy_xml_attr(&r->xml, "link_speed");
    const char *width = sy_xml_attr(&r->xml, "link_width");
    if (busid == NULL)
        return sy_xml_fail(&r->xml, SY_EINVAL, err, "<pci> without busid");
    if (!sy_rule_busid(busid, &obj->addr))
        return sy_xml_fail(&r->xml, SY_EINVAL, err, "busid \"%s\" is not a PCI address",
                           sy_quote(text, sizeof text, busid, strlen(busid)));
    obj->id = (struct sy_pci_id){.class_id = hex_attr(r, "class", 8),
                                 .vendor = id_attr(r, "vendor"),
                                 .device = id_attr(r, "device"),
                                 .subvendor = id_attr(r, "subsystem_vendor"),
                                 .subdevice = id_attr(r, "subsystem_device")};
    obj->type = obj->id.class_id == 0x0604 ? SY_OBJ_BRIDGE : SY_OBJ_DEVICE;
    /* NCCL writes the lower of what the device and its port are capable of. */
    obj->max_width = width != NULL ? sy_link_width(width) : 0;
    if (speed != NULL)
        obj->max_link_mbps = sy_pci_link_mbps(sy_link_mtps(speed), obj->max_width);
    return SY_OK;
}

static enum sy_code add_pci(struct reader *r, const struct frame *up, struct frame *frame,
                            struct sy_err *err)
{
    struct sy_obj obj = {.parent = up->obj};
    struct sy_obj *parent = &r->build.obj[up->obj];
    enum sy_code code = read_pci(r, &obj, err);
    if (code == SY_OK)
        code = free_address(r, &obj, err);
    if (code != SY_OK)
        return code;
    if (up->elem == ELEM_PCI && parent->type == SY_OBJ_DEVICE && parent->id.class_id == 0) {
        parent->type = SY_OBJ_BRIDGE; /* a switch whose class nobody wrote down */
        parent->id.class_id = 0x0604;
    }
    if (up->elem == ELEM_PCI && parent->type == SY_OBJ_DEVICE)
        return sy_xml_fail(&r->xml, SY_EINVAL, err, "<pci> below one of class 0x%04x",
                           parent->id.class_id);
    if (up->elem == ELEM_CPU)
        code = add_host(r, up->obj, &obj, err);
    return code == SY_OK ? sy_build_obj(&r->build, &obj, &frame->obj, err) : code;
}

/* <gpu>: where nobody wrote ids down, it is AMD's when it has a gcn, else NVIDIA's. */
static void read_gpu(struct reader *r, struct sy_obj *obj)
{
    bool amd = sy_xml_attr(&r->xml, "gcn") != NULL;
    if (obj->id.vendor == 0 && (amd || sy_xml_attr(&r->xml, "sm") != NULL))
        obj->id.vendor = amd ? 0x1002 : 0x10de;
    if (obj->id.class_id == 0)
        obj->id.class_id = 0x0302;
}

static enum sy_code add_wire(struct reader *r, const struct frame *gpu, struct sy_err *err)
{
    const char *target = sy_xml_attr(&r->xml, "target");
    struct wire wire = {.from = gpu->obj,
                        .type = strcmp(r->xml.name, "xgmi") == 0 ? SY_LINK_XGMI : SY_LINK_NVL,
                        .to_switch = hex_attr(r, "tclass", 8) == 0x0680 &&
                                     (hex_attr(r, "tclass", 0) & 0xff) == 0};
    /* An NVSwitch may have no address in a virtual machine: "fffffff:ffff:ff". */
    if (!wire.to_switch && (target == NULL || !sy_rule_busid(target, &wire.target)))
        return SY_OK;
    if (r->nwire == r->wire_size) {
        size_t size = r->wire_size == 0 ? 64 : r->wire_size * 2;
        struct wire *grown = sy_realloc(r->wire, size * sizeof *grown);
        if (grown == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        r->wire = grown;
        r->wire_size = size;
    }
    r->wire[r->nwire++] = wire;
    return SY_OK;
}

/* Elements that other versions of NCCL have beside these are passed over. */
static enum elem elem_of(const struct reader *r, const struct frame *up)
{
    static const struct {
        const char *name;
        enum elem elem;
        unsigned parents;
    } known[] = {
        {"system", ELEM_SYSTEM, 1u << ELEM_OTHER},
        {"cpu", ELEM_CPU, 1u << ELEM_SYSTEM},
        {"pci", ELEM_PCI, 1u << ELEM_CPU | 1u << ELEM_PCI},
        {"gpu", ELEM_GPU, 1u << ELEM_PCI},
        {"nic", ELEM_NIC, 1u << ELEM_PCI},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, r->xml.name) == 0 && (known[i].parents >> up->elem & 1) != 0)
            return known[i].elem;
    return ELEM_OTHER;
}

static enum sy_code on_start(struct reader *r, struct sy_err *err)
{
    struct frame *frame = &r->frame[r->xml.depth], *up = &r->frame[r->xml.depth - 1];
    const char *name = r->xml.name;
    *frame = (struct frame){.elem = elem_of(r, up), .obj = up->obj};
    if (frame->elem == ELEM_OTHER && strcmp(name, "pci") == 0)
        return sy_xml_fail(&r->xml, SY_EINVAL, err, "<pci> stands below <cpu> or <pci> only");
    if (frame->elem == ELEM_CPU)
        return add_cpu(r, frame, err);
    if (frame->elem == ELEM_PCI)
        return add_pci(r, up, frame, err);
    struct sy_obj *obj = &r->build.obj[up->obj];
    if (frame->elem == ELEM_GPU && obj->type == SY_OBJ_DEVICE)
        read_gpu(r, obj);
    if (up->elem == ELEM_NIC && strcmp(name, "net") == 0 && obj->name == NULL)
        return sy_build_text(&r->build, sy_xml_attr(&r->xml, "name"), &obj->name, err);
    if (up->elem == ELEM_GPU && obj->type == SY_OBJ_DEVICE &&
        (strcmp(name, "nvlink") == 0 || strcmp(name, "xgmi") == 0))
        return add_wire(r, up, err);
    return SY_OK;
}

/* The file does not say how many GB/s a link has: rate 0, the catalogue knows the device's. */
static enum sy_code connect(struct reader *r, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < r->nwire; i++) {
        const struct wire *a = &r->wire[i];
        int to = a->to_switch ? -1 : sy_build_find(&r->build, a->target);
        if (code == SY_OK && to >= 0 && r->build.obj[to].type == SY_OBJ_DEVICE)
            code =
                sy_build_link(&r->build, a->from, (uint16_t)to, (enum sy_link_type)a->type, 0, err);
        /* All that reach NVSwitches reach each other. */
        for (size_t j = 0; a->to_switch && j < i && code == SY_OK; j++)
            if (r->wire[j].to_switch)
                code = sy_build_link(&r->build, a->from, r->wire[j].from, SY_LINK_NVL, 0, err);
    }
    return code;
}

/* Bus ranges of switches that hold switches, where the file's buses allow it: the secondary bus is
 * the one after the switch's own, the last is the highest below it. A switch on another bus than
 * that first one is then another chip, not a port of this one. */
static enum sy_code guess_buses(struct sy_build *build, struct sy_err *err)
{
    sy_autofree uint8_t *last = sy_calloc(build->nobj, 1); /* 0: the buses do not fit */
    sy_autofree bool *unfit = sy_calloc(build->nobj, sizeof *unfit);
    sy_autofree bool *holds = sy_calloc(build->nobj, sizeof *holds);
    if (last == NULL || unfit == NULL || holds == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = build->nobj; i-- > 1;) {
        struct sy_obj *obj = &build->obj[i];
        const struct sy_obj *up = &build->obj[obj->parent];
        uint8_t highest = last[i] > obj->addr.bus ? last[i] : obj->addr.bus;
        if (obj->type == SY_OBJ_BRIDGE && holds[i] && !unfit[i]) {
            obj->bus_first = (uint8_t)(obj->addr.bus + 1);
            obj->bus_last = last[i];
        }
        if (up->type != SY_OBJ_BRIDGE)
            continue;
        holds[obj->parent] = holds[obj->parent] || obj->type == SY_OBJ_BRIDGE;
        unfit[obj->parent] = unfit[obj->parent] || unfit[i] || obj->addr.bus <= up->addr.bus ||
                             obj->addr.domain != up->addr.domain;
        last[obj->parent] = highest > last[obj->parent] ? highest : last[obj->parent];
    }
    return SY_OK;
}

static enum sy_code read_events(struct reader *r, struct sy_err *err)
{
    enum sy_xml_event event = SY_XML_DONE;
    enum sy_code code;
    do {
        code = sy_xml_next(&r->xml, &event, err);
        if (code == SY_OK && event == SY_XML_START)
            code = on_start(r, err);
        if (code == SY_OK && event == SY_XML_TEXT)
            return sy_xml_fail(&r->xml, SY_EPARSE, err, "text where only elements can stand");
    } while (code == SY_OK && event != SY_XML_DONE);
    return code;
}

static enum sy_code read_all(struct reader *r, struct sy_arena *arena, struct sy_inventory *ret,
                             struct sy_err *err)
{
    enum sy_code code = sy_build_init(&r->build, arena, err);
    if (code == SY_OK)
        code = read_events(r, err);
    if (code == SY_OK)
        code = connect(r, err);
    if (code != SY_OK)
        return code;
    code = guess_buses(&r->build, err);
    if (code != SY_OK)
        return code;
    struct sy_inventory made = {.source = "nccl-xml", .cpu_vendor = r->cpu_vendor};
    code = sy_build_finish(&r->build, &made, err);
    if (code == SY_OK)
        *ret = made;
    return code;
}

enum sy_code sy_nccl_read(const char *file, const char *data, size_t len, struct sy_arena *arena,
                          struct sy_inventory *ret, struct sy_err *err)
{
    struct sy_err why = {.code = SY_OK};
    struct reader *r = sy_calloc(1, sizeof *r);
    if (r == NULL)
        return sy_fail(err, SY_ENOMEM, "%s: out of memory", file);
    enum sy_code code = sy_xml_open(&r->xml, file, data, len, false, &why);
    if (code == SY_OK)
        code = read_all(r, arena, ret, &why);
    /* What is wrong with the whole has no line, and no file name yet. */
    bool named = strncmp(why.text, file, strlen(file)) == 0;
    if (code != SY_OK)
        (void)sy_fail(err, code, "%s%s%.400s", named ? "" : file, named ? "" : ": ", why.text);
    sy_build_done(&r->build);
    sy_free(r->wire);
    sy_free(r);
    return code;
}

enum sy_code sy_nccl_validate(const char *file, const char *data, size_t len, struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    struct sy_inventory inv;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_nccl_read(file, data, len, arena, &inv, err);
}
