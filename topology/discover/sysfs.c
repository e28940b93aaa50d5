/* SPDX-License-Identifier: Apache-2.0 */
/* The PCI side of sysfs: /sys/bus/pci/devices/ADDR is a link to
 * …/pciDDDD:BB/ADDR/ADDR/…, whose last pciDDDD:BB is the root bus and each ADDR a function above
 * the next. (A VMD controller has a root bus of its own behind it, in a domain of its own.) */
#include "topology/discover/build.h"
#include "topology/discover/discover.h"
#include "topology/discover/link_speed.h"
#include "topology/discover/names.h"
#include "topology/discover/rules.h"
#include "topology/discover/sysfs_cpu.h"
#include "topology/discover/sysfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PCI_FOLDER "sys/bus/pci/devices"

/* One function, as its link tells it. */
struct function {
    struct sy_pci_addr addr, up;
    unsigned depth;  /* functions above it */
    uint32_t domain; /* of the root bus … */
    uint8_t bus;     /* … and the bus */
    bool has_children;
    int64_t numa;    /* -1 = unknown */
    char folder[64]; /* sys/bus/pci/devices/ADDR */
};

struct reader {
    int root;
    struct sy_build build;
    struct sy_cpu_side side;
    size_t n;
    struct function *function;
};

/* "pci0000:16", "pci10000:00" */
static bool parse_root_bus(const char *text, size_t len, struct function *f)
{
    char name[32];
    if (len < 6 || len >= sizeof name || strncmp(text, "pci", 3) != 0)
        return false;
    (void)snprintf(name, sizeof name, "%.*s:00.0", (int)(len - 3), text + 3);
    struct sy_pci_addr addr;
    if (!sy_rule_busid(name, &addr))
        return false;
    f->domain = addr.domain;
    f->bus = addr.bus;
    return true;
}

static void parse_link(const char *link, struct function *f)
{
    f->domain = f->addr.domain; /* what cannot be read: its own bus stands in for the root's */
    f->bus = f->addr.bus;
    f->depth = 0;
    struct sy_pci_addr last = f->addr;
    for (const char *p = link; *p != '\0';) {
        char name[32];
        size_t len = strcspn(p, "/");
        (void)snprintf(name, sizeof name, "%.*s", len < sizeof name ? (int)len : 0, p);
        struct sy_pci_addr addr;
        if (parse_root_bus(p, len, f)) {
            f->depth = 0;
            last = f->addr;
        } else if (sy_rule_busid(name, &addr) && sy_pci_addr_cmp(addr, f->addr) != 0) {
            last = addr;
            f->depth++;
        }
        p += len + (p[len] == '/');
    }
    f->up = last;
}

static int function_cmp(const void *left, const void *right)
{
    const struct function *a = left, *b = right;
    if (a->depth != b->depth)
        return a->depth < b->depth ? -1 : 1;
    return sy_pci_addr_cmp(a->addr, b->addr);
}

static void path_of(const struct function *f, const char *name, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%s/%s", f->folder, name);
}

static int64_t attr_number(const struct reader *r, const struct function *f, const char *name,
                           int64_t unknown)
{
    char path[SY_SYSFS_PATH];
    int64_t value;
    path_of(f, name, path, sizeof path);
    return sy_sysfs_number(r->root, path, &value) ? value : unknown;
}

static enum sy_code read_functions(struct reader *r, struct sy_err *err)
{
    struct sy_names names;
    enum sy_code code = sy_sysfs_list(r->root, PCI_FOLDER, SY_OBJ_MAX, &names, err);
    if (code != SY_OK)
        return code;
    r->function = sy_calloc(names.n + 1, sizeof *r->function);
    if (r->function == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < names.n && code == SY_OK; i++) {
        struct function *f = &r->function[r->n];
        char link[SY_SYSFS_PATH] = "";
        if (!sy_rule_busid(names.name[i], &f->addr))
            continue;
        (void)snprintf(f->folder, sizeof f->folder, PCI_FOLDER "/%.32s", names.name[i]);
        (void)sy_sysfs_link(r->root, f->folder, link, sizeof link);
        parse_link(link, f);
        f->numa = attr_number(r, f, "numa_node", -1);
        r->n++;
    }
    sy_names_done(&names);
    if (code != SY_OK || r->n == 0)
        return code;
    qsort(r->function, r->n, sizeof *r->function, function_cmp);
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < i && r->function[i].depth > 0; k++)
            if (sy_pci_addr_cmp(r->function[k].addr, r->function[i].up) == 0)
                r->function[k].has_children = true;
    return code;
}

static void read_link_state(const struct reader *r, const struct function *f, const char *which,
                            uint8_t *ret_width, uint32_t *ret_mbps)
{
    char path[SY_SYSFS_PATH], name[32], text[64];
    (void)snprintf(name, sizeof name, "%s_link_width", which);
    path_of(f, name, path, sizeof path);
    *ret_width = sy_sysfs_line(r->root, path, text, sizeof text) ? sy_link_width(text) : 0;
    (void)snprintf(name, sizeof name, "%s_link_speed", which);
    path_of(f, name, path, sizeof path);
    *ret_mbps = sy_sysfs_line(r->root, path, text, sizeof text)
                    ? sy_pci_link_mbps(sy_link_mtps(text), *ret_width)
                    : 0;
}

/* Secondary and subordinate bus: files of newer kernels, or bytes of the configuration header. */
static void read_buses(const struct reader *r, const struct function *f, struct sy_obj *obj)
{
    char path[SY_SYSFS_PATH], config[65];
    size_t len = 0;
    int64_t first = attr_number(r, f, "secondary_bus_number", -1);
    int64_t last = attr_number(r, f, "subordinate_bus_number", -1);
    path_of(f, "config", path, sizeof path);
    if ((first < 0 || last < 0) && sy_sysfs_bytes(r->root, path, config, sizeof config, &len) &&
        len >= 0x1b) {
        first = (uint8_t)config[0x19];
        last = (uint8_t)config[0x1a];
    }
    if (first > 0 && first <= last && last <= 255) {
        obj->bus_first = (uint8_t)first;
        obj->bus_last = (uint8_t)last;
    }
}

/* Names that the kernel gives the function's devices: "mlx5_0", "card0". */
static enum sy_code read_name(struct reader *r, const struct function *f, struct sy_obj *obj,
                              struct sy_err *err)
{
    static const char *const classes[] = {"infiniband", "accel", "drm", "net"};
    unsigned best = SY_NAME_RANK_NONE;
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0] && code == SY_OK; i++) {
        char path[SY_SYSFS_PATH];
        struct sy_names names;
        path_of(f, classes[i], path, sizeof path);
        code = sy_sysfs_list(r->root, path, 256, &names, err);
        for (size_t k = 0; k < names.n && code == SY_OK; k++) {
            if (sy_name_rank(names.name[k]) < best) {
                best = sy_name_rank(names.name[k]);
                code = sy_build_text(&r->build, names.name[k], &obj->name, err);
            }
        }
        sy_names_done(&names);
    }
    return code;
}

static enum sy_code read_device(struct reader *r, const struct function *f, struct sy_obj *obj,
                                struct sy_err *err)
{
    char path[SY_SYSFS_PATH], link[SY_SYSFS_PATH];
    path_of(f, "driver", path, sizeof path);
    obj->driver_known = true;
    enum sy_code code = SY_OK;
    if (sy_sysfs_link(r->root, path, link, sizeof link))
        code = sy_build_text(&r->build, sy_sysfs_base(link), &obj->driver, err);
    path_of(f, "physfn", path, sizeof path);
    if (sy_sysfs_link(r->root, path, link, sizeof link)) {
        obj->is_vf = true;
        obj->has_physfn = sy_rule_busid(sy_sysfs_base(link), &obj->physfn);
    }
    return code == SY_OK ? read_name(r, f, obj, err) : code;
}

/* Where a root bus is: what the first function on it that knows says, by its node or its CPUs. */
static uint16_t root_locality(const struct reader *r, const struct function *host)
{
    uint16_t found = 0;
    for (size_t i = 0; i < r->n && found == 0; i++) {
        const struct function *f = &r->function[i];
        if (f->domain != host->domain || f->bus != host->bus)
            continue;
        char path[SY_SYSFS_PATH], text[4096];
        struct sy_cpus cpus;
        path_of(f, "local_cpulist", path, sizeof path);
        bool known = f->numa < 0 && sy_sysfs_line(r->root, path, text, sizeof text) &&
                     sy_cpus_parse(text, &cpus);
        found = sy_sysfs_locality(&r->side, f->numa, known ? &cpus : NULL);
    }
    return found;
}

static enum sy_code add_function(struct reader *r, const struct function *f, struct sy_err *err)
{
    struct sy_obj obj = {.addr = f->addr};
    obj.id.class_id = (uint16_t)(attr_number(r, f, "class", 0) >> 8 & 0xffff);
    obj.id.vendor = (uint16_t)attr_number(r, f, "vendor", 0);
    obj.id.device = (uint16_t)attr_number(r, f, "device", 0);
    obj.id.subvendor = (uint16_t)attr_number(r, f, "subsystem_vendor", 0);
    obj.id.subdevice = (uint16_t)attr_number(r, f, "subsystem_device", 0);
    obj.type = f->has_children || obj.id.class_id == 0x0604 ? SY_OBJ_BRIDGE : SY_OBJ_DEVICE;
    read_link_state(r, f, "current", &obj.cur_width, &obj.cur_link_mbps);
    read_link_state(r, f, "max", &obj.max_width, &obj.max_link_mbps);
    enum sy_code code = SY_OK;
    if (obj.type == SY_OBJ_BRIDGE)
        read_buses(r, f, &obj);
    else
        code = read_device(r, f, &obj, err);
    int up = f->depth > 0 ? sy_build_find(&r->build, f->up) : -1;
    if (up >= 0)
        obj.parent = (uint16_t)up;
    else if (code == SY_OK)
        code = sy_build_host(&r->build, root_locality(r, f), f->domain, f->bus, &obj.parent, err);
    uint16_t index;
    return code == SY_OK ? sy_build_obj(&r->build, &obj, &index, err) : code;
}

/* A host bridge's buses: its root bus up to the last one that anything below it uses. */
static void set_host_buses(struct sy_build *build)
{
    for (size_t i = build->nobj; i-- > 1;) {
        const struct sy_obj *obj = &build->obj[i];
        uint16_t up = obj->parent;
        while (build->obj[up].type > SY_OBJ_HOST_BRIDGE)
            up = build->obj[up].parent;
        struct sy_obj *host = &build->obj[up];
        if (host->type != SY_OBJ_HOST_BRIDGE)
            continue;
        uint8_t last = obj->bus_last > obj->addr.bus ? obj->bus_last : obj->addr.bus;
        host->bus_first = host->addr.bus;
        host->bus_last = last > host->bus_last ? last : host->bus_last;
    }
}

/* "model name : Intel(R) …": the first line of that key. */
static enum sy_code cpu_text(struct reader *r, const char *info, const char *key, const char **ret,
                             struct sy_err *err)
{
    char text[256];
    const char *at = strstr(info, key);
    const char *colon = at != NULL ? strchr(at, ':') : NULL;
    if (colon == NULL)
        return SY_OK;
    colon += 1 + strspn(colon + 1, " \t");
    (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(colon, "\n"), colon);
    sy_sysfs_printable(text);
    return sy_build_text(&r->build, text, ret, err);
}

static enum sy_code read_texts(struct reader *r, struct sy_inventory *made, struct sy_err *err)
{
    char text[256], info[4096] = "";
    size_t len;
    enum sy_code code = SY_OK;
    if (sy_sysfs_line(r->root, "sys/class/dmi/id/product_name", text, sizeof text) ||
        sy_sysfs_line(r->root, "proc/device-tree/model", text, sizeof text))
        code = sy_build_text(&r->build, text, &made->product, err);
    if (code == SY_OK &&
        sy_sysfs_line(r->root, "proc/sys/kernel/random/boot_id", text, sizeof text))
        code = sy_build_text(&r->build, text, &made->boot_id, err);
    (void)sy_sysfs_bytes(r->root, "proc/cpuinfo", info, sizeof info, &len);
    if (code == SY_OK)
        code = cpu_text(r, info, "vendor_id", &made->cpu_vendor, err);
    return code == SY_OK ? cpu_text(r, info, "model name", &made->cpu_model, err) : code;
}

static enum sy_code read_all(struct reader *r, struct sy_inventory *ret, struct sy_err *err)
{
    struct sy_inventory made = {.source = "sysfs"};
    enum sy_code code = sy_sysfs_cpu(r->root, &r->build, &r->side, err);
    if (code == SY_OK)
        code = read_functions(r, err);
    for (size_t i = 0; i < r->n && code == SY_OK; i++)
        code = add_function(r, &r->function[i], err);
    set_host_buses(&r->build);
    if (code == SY_OK)
        code = read_texts(r, &made, err);
    if (code == SY_OK)
        code = sy_build_finish(&r->build, &made, err);
    if (code == SY_OK)
        *ret = made;
    return code;
}

/* Open the folder that holds sys/; `root` is that folder, or its sys/. */
static enum sy_code open_root(const char *root, int *ret, struct sy_err *err)
{
    *ret = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret < 0)
        return sy_fail(err, errno == ENOENT ? SY_ENOENT : SY_EIO, "%s", strerror(errno));
    if (faccessat(*ret, "sys/devices", F_OK, 0) == 0)
        return SY_OK;
    int above = openat(*ret, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_sys = above >= 0 && faccessat(*ret, "devices", F_OK, 0) == 0 &&
                  faccessat(above, "sys/devices", F_OK, 0) == 0;
    (void)close(*ret);
    *ret = above;
    return is_sys ? SY_OK : sy_fail(err, SY_ENOENT, "holds no sys/devices");
}

enum sy_code sy_discover_sysfs(const char *root, struct sy_arena *arena, struct sy_inventory *ret,
                               struct sy_err *err)
{
    struct sy_err why = {.code = SY_OK};
    struct reader *r = sy_calloc(1, sizeof *r);
    if (r == NULL)
        return sy_fail(err, SY_ENOMEM, "%s: out of memory", root);
    enum sy_code code = open_root(root, &r->root, &why);
    if (code == SY_OK)
        code = sy_build_init(&r->build, arena, &why);
    if (code == SY_OK)
        code = read_all(r, ret, &why);
    if (code != SY_OK)
        (void)sy_fail(err, code, "%s: %.450s", root, why.text);
    if (r->root >= 0)
        (void)close(r->root);
    sy_build_done(&r->build);
    sy_free(r->function);
    sy_free(r);
    return code;
}
