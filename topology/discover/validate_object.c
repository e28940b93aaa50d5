/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "topology/discover/validate.h"

#include <stdio.h>
#include <string.h>

/* "cpuset '0xzz'": an attribute and its value, for messages. */
static const char *shown(const char *attr, const char *value, char *buf, size_t size)
{
    char quoted[64];
    (void)snprintf(buf, size, "%s \"%s\"", attr,
                   sy_quote(quoted, sizeof quoted, value, strlen(value)));
    return buf;
}

enum sy_code sy_validate_uint(const struct sy_check *check, const char *attr, uint64_t max,
                              uint64_t *ret, struct sy_err *err)
{
    char text[128];
    const char *value = sy_xml_attr(&check->xml, attr);
    if (value == NULL)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "<%.40s> without %s", check->xml.name,
                           attr);
    if (!sy_rule_uint(value, max, ret))
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "%s is not a number from 0 to %llu",
                           shown(attr, value, text, sizeof text), (unsigned long long)max);
    return SY_OK;
}

/* One of the sets, which must be there and well formed. */
static enum sy_code check_set(const struct sy_check *check, const char *attr, bool may_be_empty,
                              struct sy_rule_set *ret, struct sy_err *err)
{
    char text[128];
    const char *value = sy_xml_attr(&check->xml, attr);
    if (value == NULL)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "object without %s", attr);
    if (!sy_rule_set(value, ret))
        return sy_xml_fail(&check->xml, SY_EINVAL, err,
                           "%s is not a set of at most %u bits as hwloc writes them",
                           shown(attr, value, text, sizeof text), SY_SET_WORDS * 32);
    if (ret->empty && !may_be_empty)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "%s is empty", attr);
    return SY_OK;
}

static enum sy_code check_cpusets(const struct sy_check *check, enum sy_kind kind,
                                  bool may_be_empty, uint64_t os_index, struct sy_err *err)
{
    static const char *const names[] = {"cpuset", "complete_cpuset"};
    for (size_t i = 0; i < 2; i++) {
        struct sy_rule_set set;
        enum sy_code code = check_set(check, names[i], may_be_empty, &set, err);
        if (code != SY_OK)
            return code;
        if (kind == SY_KIND_PU && !sy_rule_set_only(&set, os_index))
            return sy_xml_fail(&check->xml, SY_EINVAL, err,
                               "%s of the PU with os_index %llu holds another bit", names[i],
                               (unsigned long long)os_index);
    }
    return SY_OK;
}

static enum sy_code check_nodesets(const struct sy_check *check, enum sy_kind kind,
                                   uint64_t os_index, struct sy_err *err)
{
    static const char *const names[] = {"nodeset", "complete_nodeset"};
    bool given =
        sy_xml_attr(&check->xml, names[0]) != NULL || sy_xml_attr(&check->xml, names[1]) != NULL;
    /* 1.x wrote none on machines without NUMA */
    if (check->version == 1 && kind != SY_KIND_NUMA && !given)
        return SY_OK;
    /* CPUs without memory of their own */
    bool may_be_empty = kind == SY_KIND_NORMAL || kind == SY_KIND_PU;
    for (size_t i = 0; i < 2; i++) {
        struct sy_rule_set set;
        enum sy_code code = check_set(check, names[i], may_be_empty, &set, err);
        if (code != SY_OK)
            return code;
        if (kind == SY_KIND_NUMA && !sy_rule_set_only(&set, os_index))
            return sy_xml_fail(&check->xml, SY_EINVAL, err,
                               "%s of the NUMA node with os_index %llu holds another bit", names[i],
                               (unsigned long long)os_index);
    }
    return SY_OK;
}

/* What every object of the CPU side has: its sets, and its number where it is a PU or NUMA node. */
static enum sy_code check_cpu_side(struct sy_check *check, enum sy_kind kind, bool may_be_empty,
                                   bool root, struct sy_err *err)
{
    uint64_t os_index = 0;
    enum sy_code code = SY_OK;
    if (kind == SY_KIND_PU || kind == SY_KIND_NUMA)
        code = sy_validate_uint(check, "os_index", SY_OS_INDEX_MAX, &os_index, err);
    if (code == SY_OK && kind == SY_KIND_PU)
        code = sy_marks_add(&check->pu, os_index, check->xml.where, err);
    if (code == SY_OK && kind == SY_KIND_NUMA)
        code = sy_marks_add(&check->numa, os_index, check->xml.where, err);
    if (code == SY_OK)
        code = check_cpusets(check, kind, may_be_empty, os_index, err);
    if (code == SY_OK)
        code = check_nodesets(check, kind, os_index, err);
    struct sy_rule_set set;
    if (code == SY_OK && root &&
        (check->version == 2 || sy_xml_attr(&check->xml, "allowed_cpuset")))
        code = check_set(check, "allowed_cpuset", false, &set, err);
    if (code == SY_OK && root &&
        (check->version == 2 || sy_xml_attr(&check->xml, "allowed_nodeset") != NULL))
        code = check_set(check, "allowed_nodeset", false, &set, err);
    return code;
}

/* hwloc drops an object with a bus id it cannot hold, and all that hangs below it, without a word.
 */
static enum sy_code check_domain(const struct sy_check *check, const char *attr, const char *value,
                                 uint32_t domain, struct sy_err *err)
{
    char text[128];
    if (domain > 0xffff)
        return sy_xml_fail(&check->xml, SY_ELIMIT, err,
                           "%s: PCI domain 0x%x, the largest that hwloc 2 can hold is 0xffff",
                           shown(attr, value, text, sizeof text), domain);
    return SY_OK;
}

static enum sy_code check_pci(struct sy_check *check, const struct sy_frame *parent,
                              struct sy_err *err)
{
    char text[128];
    struct sy_pci_addr addr;
    const char *busid = sy_xml_attr(&check->xml, "pci_busid");
    const char *type = sy_xml_attr(&check->xml, "pci_type");
    if (busid == NULL || type == NULL)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "PCI object without %s",
                           busid == NULL ? "pci_busid" : "pci_type");
    if (!sy_rule_busid(busid, &addr))
        return sy_xml_fail(&check->xml, SY_EINVAL, err,
                           "%s is not a PCI address dddd:bb:dd.f with dd up to 1f and f up to 7",
                           shown("pci_busid", busid, text, sizeof text));
    if (!sy_rule_pci_type(type))
        return sy_xml_fail(&check->xml, SY_EINVAL, err,
                           "%s is not of the form 'class [vendor:device] [subvendor:subdevice] "
                           "revision'",
                           shown("pci_type", type, text, sizeof text));
    enum sy_code code = check_domain(check, "pci_busid", busid, addr.domain, err);
    if (code != SY_OK)
        return code;
    const char *speed = sy_xml_attr(&check->xml, "pci_link_speed");
    if (speed != NULL && !sy_rule_decimal(speed))
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "%s is not a number of GB/s",
                           shown("pci_link_speed", speed, text, sizeof text));
    uint64_t key =
        (uint64_t)addr.domain << 16 | (uint64_t)addr.bus << 8 | (uint64_t)addr.dev << 3 | addr.func;
    bool misplaced =
        parent->has_buses && (addr.domain != parent->domain || addr.bus < parent->bus_first ||
                              addr.bus > parent->bus_last);
    return sy_marks_add(misplaced ? &check->misplaced : &check->busid, key, check->xml.where, err);
}

static enum sy_code check_bridge(struct sy_check *check, const struct sy_frame *parent,
                                 struct sy_frame *frame, struct sy_err *err)
{
    char text[128];
    const char *type = sy_xml_attr(&check->xml, "bridge_type");
    if (type == NULL || (strcmp(type, "0-1") != 0 && strcmp(type, "1-1") != 0))
        return sy_xml_fail(&check->xml, SY_EINVAL, err,
                           "%s: a bridge is 0-1 (host to PCI) or 1-1 (PCI to PCI)",
                           shown("bridge_type", type != NULL ? type : "", text, sizeof text));
    bool host = type[0] == '0';
    if (host && parent->kind == SY_KIND_BRIDGE)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "a host bridge below a bridge");
    const char *buses = sy_xml_attr(&check->xml, "bridge_pci");
    uint32_t domain;
    unsigned first, last;
    if (buses == NULL || !sy_rule_bridge_pci(buses, &domain, &first, &last))
        return sy_xml_fail(&check->xml, SY_EINVAL, err,
                           "%s is not of the form domain:[first-last] with rising buses",
                           shown("bridge_pci", buses != NULL ? buses : "", text, sizeof text));
    enum sy_code code = check_domain(check, "bridge_pci", buses, domain, err);
    frame->has_buses = last != 0; /* 00-00: the firmware gave it none, or 1.x did not look */
    frame->domain = domain;
    frame->bus_first = (uint8_t)first;
    frame->bus_last = (uint8_t)last;
    return code != SY_OK || host ? code : check_pci(check, parent, err);
}

static enum sy_code check_io(struct sy_check *check, enum sy_kind kind,
                             const struct sy_frame *parent, struct sy_frame *frame,
                             struct sy_err *err)
{
    static const char *const sets[] = {"cpuset", "nodeset", "complete_cpuset", "complete_nodeset"};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
        if (sy_xml_attr(&check->xml, sets[i]) != NULL)
            return sy_xml_fail(&check->xml, SY_EINVAL, err, "%s on an I/O or Misc object", sets[i]);
    if (kind == SY_KIND_MISC)
        return SY_OK;
    if (++check->nio > SY_IO_OBJECT_MAX)
        return sy_xml_fail(&check->xml, SY_ELIMIT, err, "more than %u I/O objects",
                           SY_IO_OBJECT_MAX);
    uint64_t type;
    if (kind == SY_KIND_OSDEV)
        return sy_validate_uint(check, "osdev_type", 5, &type, err);
    return kind == SY_KIND_BRIDGE ? check_bridge(check, parent, frame, err)
                                  : check_pci(check, parent, err);
}

/* The number that hwloc 2 knows every object by; 1.x files have none. */
static enum sy_code check_gp_index(struct sy_check *check, struct sy_err *err)
{
    uint64_t gp = 0;
    if (sy_xml_attr(&check->xml, "id") != NULL)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "attribute id belongs to hwloc 3");
    if (check->version == 1)
        return sy_xml_attr(&check->xml, "gp_index") == NULL
                   ? SY_OK
                   : sy_xml_fail(&check->xml, SY_EINVAL, err, "gp_index in a file of hwloc 1");
    enum sy_code code = sy_validate_uint(check, "gp_index", INT64_MAX, &gp, err);
    if (code != SY_OK)
        return code;
    if (gp == 0)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "gp_index is 0");
    return sy_marks_add(&check->gp, gp, check->xml.where, err);
}

/* Numbers that hwloc reads without looking at what follows them. */
static enum sy_code check_numbers(const struct sy_check *check, struct sy_err *err)
{
    static const char *const names[] = {"os_index",   "cache_size",     "depth",
                                        "kind",       "cache_linesize", "subkind",
                                        "dont_merge", "cache_type",     "local_memory"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint64_t ignored;
        enum sy_code code = SY_OK;
        if (sy_xml_attr(&check->xml, names[i]) != NULL)
            code = sy_validate_uint(check, names[i], UINT64_MAX, &ignored, err);
        if (code != SY_OK)
            return code;
    }
    return SY_OK;
}

static enum sy_code check_lengths(const struct sy_check *check, struct sy_err *err)
{
    for (unsigned i = 0; i < check->xml.nattr; i++) {
        const struct sy_xml_attr *attr = &check->xml.attr[i];
        /* Sets have a limit of their own: hwloc writes 11 bytes for each 32 bits. */
        bool set = strstr(attr->name, "set") != NULL;
        size_t max = set ? SY_SET_WORDS * 11 : SY_VALUE_MAX;
        if (strlen(attr->value) > max)
            return sy_xml_fail(&check->xml, SY_ELIMIT, err,
                               "attribute %.40s has %zu bytes, the limit is %zu", attr->name,
                               strlen(attr->value), max);
    }
    return SY_OK;
}

/* The kind of the object by its type, and whether it may stand where it does. */
static enum sy_code check_type(const struct sy_check *check, enum sy_kind parent, enum sy_kind *ret,
                               bool *may_be_empty, struct sy_err *err)
{
    const struct sy_xml *xml = &check->xml;
    char text[128];
    if (xml->nattr == 0 || strcmp(xml->attr[0].name, "type") != 0)
        return sy_xml_fail(xml, SY_EINVAL, err, "an object's first attribute is its type");
    const char *type = xml->attr[0].value;
    *ret = sy_rule_type(type, check->version, may_be_empty);
    if (*ret == SY_KIND_NONE)
        return sy_xml_fail(xml, SY_EINVAL, err, "%s is unknown to hwloc %u",
                           shown("type", type, text, sizeof text), check->version);
    /* 1.x could leave the Machine out where one NUMA node said the same. */
    bool is_root = *ret == SY_KIND_MACHINE || (check->version == 1 && *ret == SY_KIND_NUMA);
    if (parent == SY_KIND_NONE && !is_root)
        return sy_xml_fail(xml, SY_EINVAL, err, "the outermost object is a %s, not a Machine",
                           type);
    if (parent != SY_KIND_NONE && !sy_rule_nesting(check->version, parent, *ret))
        return sy_xml_fail(xml, SY_EINVAL, err, "a %s cannot stand here", type);
    /* 1.x had Misc objects with CPUs, which hwloc 2 makes Groups of. */
    if (check->version == 1 && *ret == SY_KIND_MISC && sy_xml_attr(xml, "cpuset") != NULL) {
        if (!sy_rule_nesting(1, parent, SY_KIND_NORMAL))
            return sy_xml_fail(xml, SY_EINVAL, err,
                               "a Misc object with a cpuset cannot stand here");
        *ret = SY_KIND_NORMAL;
    }
    return SY_OK;
}

enum sy_code sy_validate_object(struct sy_check *check, const struct sy_frame *parent,
                                struct sy_frame *frame, struct sy_err *err)
{
    bool may_be_empty = false;
    enum sy_kind kind = SY_KIND_NONE, up = (enum sy_kind)parent->kind;
    enum sy_code code = check_type(check, up, &kind, &may_be_empty, err);
    if (code == SY_OK)
        code = check_lengths(check, err);
    if (code == SY_OK)
        code = check_numbers(check, err);
    if (code == SY_OK)
        code = check_gp_index(check, err);
    if (code == SY_OK)
        code = kind >= SY_KIND_BRIDGE
                   ? check_io(check, kind, parent, frame, err)
                   : check_cpu_side(check, kind, may_be_empty, up == SY_KIND_NONE, err);
    if (code != SY_OK)
        return code;
    check->npu += kind == SY_KIND_PU;
    check->nnuma += kind == SY_KIND_NUMA;
    frame->kind = (uint8_t)kind;
    return SY_OK;
}
