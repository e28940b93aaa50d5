/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/validate.h"
#include "base/str.h"
#include "topology/discover/discover.h"
#include "topology/discover/nccl.h"

#include <string.h>

enum elem {
    ELEM_NONE, /* above the root */
    ELEM_TOPOLOGY,
    ELEM_OBJECT,
    ELEM_INFO,
    ELEM_PAGE_TYPE,
    ELEM_DISTANCES1,
    ELEM_LATENCY,
    ELEM_DISTANCES2,
    ELEM_INDEXES,
    ELEM_U64VALUES,
    ELEM_SUPPORT,
    ELEM_MEMATTR,
    ELEM_MEMATTR_VALUE,
    ELEM_CPUKIND,
};

#define UNDER(elem) (1u << (elem))

struct elem_rule {
    const char *name;
    uint8_t elem;
    uint8_t versions;                                                  /* bit 0: 1.x, bit 1: 2.x */
    uint32_t parents;                                                  /* UNDER() bits */
    enum sy_code (*check)(struct sy_check *check, struct sy_err *err); /* its attributes */
};

/* The frame of the innermost open element, or of the one `up` levels above it. */
static struct sy_frame *top(struct sy_check *check, unsigned up)
{
    return &check->frame[check->xml.depth - up];
}

static enum sy_code check_topology(struct sy_check *check, struct sy_err *err)
{
    /* hwloc's own parser compares these bytes, at the beginning of a line. */
    const char *want = check->version == 1 ? "<topology>" : "<topology version=\"2.0\">";
    size_t at = check->xml.tag_at;
    if (strncmp(check->xml.data + at, want, strlen(want)) != 0 ||
        (at > 0 && check->xml.data[at - 1] != '\n'))
        return sy_xml_fail(&check->xml, SY_EPARSE, err,
                           "the topology element must be %s at the beginning of a line", want);
    return SY_OK;
}

static enum sy_code check_object(struct sy_check *check, struct sy_err *err)
{
    struct sy_frame *parent = top(check, 1);
    bool root = parent->elem == ELEM_TOPOLOGY;
    if (root && check->has_root)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "a second outermost object");
    parent->has_objects = check->has_root = true;
    return sy_validate_object(check, parent, top(check, 0), err);
}

static enum sy_code check_lengths(const struct sy_check *check, struct sy_err *err)
{
    for (unsigned i = 0; i < check->xml.nattr; i++)
        if (strlen(check->xml.attr[i].value) > SY_VALUE_MAX)
            return sy_xml_fail(
                &check->xml, SY_ELIMIT, err, "attribute %.40s has %zu bytes, the limit is %u",
                check->xml.attr[i].name, strlen(check->xml.attr[i].value), SY_VALUE_MAX);
    return SY_OK;
}

/* Only these attributes: hwloc ends the import without a word at another one. */
static enum sy_code check_only(const struct sy_check *check, const char *const *known,
                               struct sy_err *err)
{
    for (unsigned i = 0; i < check->xml.nattr; i++) {
        size_t k = 0;
        while (known[k] != NULL && strcmp(known[k], check->xml.attr[i].name) != 0)
            k++;
        if (known[k] == NULL)
            return sy_xml_fail(&check->xml, SY_EINVAL, err, "unknown attribute %.40s of <%s>",
                               check->xml.attr[i].name, check->xml.name);
    }
    return SY_OK;
}

static enum sy_code check_info(struct sy_check *check, struct sy_err *err)
{
    static const char *const known[] = {"name", "value", NULL};
    if (sy_xml_attr(&check->xml, "name") == NULL)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "<info> without name");
    return check_only(check, known, err);
}

static enum sy_code check_page_type(struct sy_check *check, struct sy_err *err)
{
    static const char *const known[] = {"size", "count", NULL};
    struct sy_frame *parent = top(check, 1);
    if (parent->kind != SY_KIND_NUMA && parent->kind != SY_KIND_MACHINE)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "<page_type> outside a NUMA node");
    uint64_t ignored;
    enum sy_code code = check_only(check, known, err);
    if (code == SY_OK)
        code = sy_validate_uint(check, "size", UINT64_MAX, &ignored, err);
    return code == SY_OK ? sy_validate_uint(check, "count", UINT64_MAX, &ignored, err) : code;
}

static enum sy_code begin_matrix(struct sy_check *check, bool hetero, struct sy_err *err)
{
    memset(&check->matrix, 0, sizeof check->matrix);
    check->matrix.hetero = hetero;
    enum sy_code code =
        sy_validate_uint(check, "nbobjs", SY_MATRIX_MAX, &check->matrix.nbobjs, err);
    if (code == SY_OK && check->matrix.nbobjs == 0)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "<%s> of no objects", check->xml.name);
    return code;
}

static enum sy_code check_distances1(struct sy_check *check, struct sy_err *err)
{
    static const char *const known[] = {"nbobjs", "relative_depth", "latency_base", NULL};
    const char *base = sy_xml_attr(&check->xml, "latency_base");
    uint64_t depth = 0;
    enum sy_code code = check_only(check, known, err);
    if (code == SY_OK)
        code = begin_matrix(check, false, err);
    if (code == SY_OK)
        code = sy_validate_uint(check, "relative_depth", SY_XML_DEPTH_MAX, &depth, err);
    if (code == SY_OK && (depth == 0 || base == NULL || !sy_rule_decimal(base) ||
                          strspn(base, "0.") == strlen(base)))
        return sy_xml_fail(&check->xml, SY_EINVAL, err,
                           "<distances> without a relative_depth and a latency_base above 0");
    return code;
}

static enum sy_code check_latency(struct sy_check *check, struct sy_err *err)
{
    static const char *const known[] = {"value", NULL};
    const char *value = sy_xml_attr(&check->xml, "value");
    if (value == NULL || !sy_rule_decimal(value))
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "<latency> without a number");
    check->matrix.nvalue++;
    return check_only(check, known, err);
}

static enum sy_code check_distances2(struct sy_check *check, struct sy_err *err)
{
    bool hetero = strcmp(check->xml.name, "distances2hetero") == 0;
    const char *type = sy_xml_attr(&check->xml, "type");
    const char *indexing = sy_xml_attr(&check->xml, "indexing");
    bool ignored;
    uint64_t kind = 0;
    enum sy_code code = begin_matrix(check, hetero, err);
    if (code == SY_OK)
        code = sy_validate_uint(check, "kind", UINT32_MAX, &kind, err);
    if (code == SY_OK && kind == 0)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "<%s> of kind 0", check->xml.name);
    if (code != SY_OK || hetero)
        return code;
    if (type == NULL || sy_rule_type(type, 2, &ignored) == SY_KIND_NONE)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "<distances2> without a known type");
    if (indexing == NULL || (strcmp(indexing, "os") != 0 && strcmp(indexing, "gp") != 0))
        return sy_xml_fail(&check->xml, SY_EINVAL, err,
                           "<distances2> without indexing \"os\" or \"gp\"");
    return SY_OK;
}

/* <indexes> and <u64values>: hwloc reads exactly `length` bytes. */
static enum sy_code check_list(struct sy_check *check, struct sy_err *err)
{
    static const char *const known[] = {"length", NULL};
    check->matrix.text_seen = false;
    enum sy_code code = check_only(check, known, err);
    if (code == SY_OK)
        code = sy_validate_uint(check, "length", SY_XML_MAX, &check->matrix.length, err);
    return code;
}

static enum sy_code check_support(struct sy_check *check, struct sy_err *err)
{
    static const char *const known[] = {"name", "value", NULL};
    return check_only(check, known, err);
}

static enum sy_code check_memattr(struct sy_check *check, struct sy_err *err)
{
    static const char *const known[] = {"name", "flags", NULL};
    uint64_t ignored;
    enum sy_code code = check_only(check, known, err);
    if (code == SY_OK && sy_xml_attr(&check->xml, "name") == NULL)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "<memattr> without name");
    return code == SY_OK ? sy_validate_uint(check, "flags", 255, &ignored, err) : code;
}

static enum sy_code check_memattr_value(struct sy_check *check, struct sy_err *err)
{
    static const char *const known[] = {
        "target_obj_gp_index", "target_obj_type",        "value", "initiator_cpuset",
        "initiator_obj_type",  "initiator_obj_gp_index", NULL};
    static const char *const numbers[] = {"target_obj_gp_index", "value", "initiator_obj_gp_index"};
    static const char *const types[] = {"target_obj_type", "initiator_obj_type"};
    const struct sy_xml *xml = &check->xml;
    bool ignored;
    uint64_t number;
    struct sy_rule_set set;
    enum sy_code code = check_only(check, known, err);
    for (size_t i = 0; i < 3 && code == SY_OK; i++)
        if (i < 2 || sy_xml_attr(xml, numbers[i]) != NULL)
            code = sy_validate_uint(check, numbers[i], UINT64_MAX, &number, err);
    for (size_t i = 0; i < 2 && code == SY_OK; i++) {
        const char *type = sy_xml_attr(xml, types[i]);
        if (type == NULL ? i == 0 : sy_rule_type(type, 2, &ignored) == SY_KIND_NONE)
            return sy_xml_fail(xml, SY_EINVAL, err, "<memattr_value> without a known %s", types[i]);
    }
    const char *cpuset = sy_xml_attr(xml, "initiator_cpuset");
    if (code == SY_OK && cpuset != NULL && !sy_rule_set(cpuset, &set))
        return sy_xml_fail(xml, SY_EINVAL, err, "initiator_cpuset is no set");
    return code;
}

static enum sy_code check_cpukind(struct sy_check *check, struct sy_err *err)
{
    static const char *const known[] = {"cpuset", "forced_efficiency", NULL};
    struct sy_rule_set set;
    const char *cpuset = sy_xml_attr(&check->xml, "cpuset");
    if (cpuset == NULL || !sy_rule_set(cpuset, &set))
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "<cpukind> without a cpuset");
    return check_only(check, known, err);
}

static const struct elem_rule elem_rules[] = {
    {"topology", ELEM_TOPOLOGY, 3, UNDER(ELEM_NONE), check_topology},
    {"object", ELEM_OBJECT, 3, UNDER(ELEM_TOPOLOGY) | UNDER(ELEM_OBJECT), check_object},
    {"info", ELEM_INFO, 3, UNDER(ELEM_OBJECT) | UNDER(ELEM_CPUKIND), check_info},
    {"page_type", ELEM_PAGE_TYPE, 3, UNDER(ELEM_OBJECT), check_page_type},
    {"distances", ELEM_DISTANCES1, 1, UNDER(ELEM_OBJECT), check_distances1},
    {"latency", ELEM_LATENCY, 1, UNDER(ELEM_DISTANCES1), check_latency},
    {"distances2", ELEM_DISTANCES2, 2, UNDER(ELEM_TOPOLOGY), check_distances2},
    {"distances2hetero", ELEM_DISTANCES2, 2, UNDER(ELEM_TOPOLOGY), check_distances2},
    {"indexes", ELEM_INDEXES, 2, UNDER(ELEM_DISTANCES2), check_list},
    {"u64values", ELEM_U64VALUES, 2, UNDER(ELEM_DISTANCES2), check_list},
    {"support", ELEM_SUPPORT, 2, UNDER(ELEM_TOPOLOGY), check_support},
    {"memattr", ELEM_MEMATTR, 2, UNDER(ELEM_TOPOLOGY), check_memattr},
    {"memattr_value", ELEM_MEMATTR_VALUE, 2, UNDER(ELEM_MEMATTR), check_memattr_value},
    {"cpukind", ELEM_CPUKIND, 2, UNDER(ELEM_TOPOLOGY), check_cpukind},
};

static enum sy_code on_start(struct sy_check *check, struct sy_err *err)
{
    const struct sy_xml *xml = &check->xml;
    struct sy_frame *parent = top(check, 1);
    const struct elem_rule *rule = NULL;
    for (size_t i = 0; i < sizeof elem_rules / sizeof elem_rules[0] && rule == NULL; i++)
        if (strcmp(elem_rules[i].name, xml->name) == 0 &&
            (elem_rules[i].versions & 1u << (check->version - 1)) != 0)
            rule = &elem_rules[i];
    if (rule == NULL && strcmp(xml->name, "userdata") == 0)
        return sy_xml_fail(xml, SY_EUNSUPPORTED, err, "<userdata> is not read, export without it");
    if (rule == NULL || (rule->parents & UNDER(parent->elem)) == 0)
        return sy_xml_fail(xml, SY_EINVAL, err, "<%.40s> cannot stand here", xml->name);
    if (parent->elem == ELEM_OBJECT && rule->elem != ELEM_OBJECT && parent->has_objects)
        return sy_xml_fail(xml, SY_EINVAL, err, "<%s> after a child object", xml->name);
    if (parent->elem == ELEM_TOPOLOGY && rule->elem != ELEM_OBJECT && !check->has_root)
        return sy_xml_fail(xml, SY_EINVAL, err, "<%s> before the Machine", xml->name);
    *top(check, 0) = (struct sy_frame){.elem = rule->elem};
    enum sy_code code = rule->elem == ELEM_OBJECT ? SY_OK : check_lengths(check, err);
    return code == SY_OK ? rule->check(check, err) : code;
}

/* Number of items in a list of numbers (or Type:number) that each end in one space, as hwloc writes
 * them; false when it is not one. */
static bool count_items(const char *text, size_t len, bool typed, uint64_t *ret)
{
    size_t i = 0;
    uint64_t n = 0;
    while (i < len) {
        size_t begin = i;
        while (typed && i < len && text[i] != ':' && text[i] != ' ')
            i++;
        char type[16] = "";
        bool ignored;
        if (typed && i - begin < sizeof type)
            memcpy(type, text + begin, i - begin);
        if (typed &&
            (i == len || text[i++] != ':' || sy_rule_type(type, 2, &ignored) == SY_KIND_NONE))
            return false;
        size_t digits = i;
        while (i < len && text[i] >= '0' && text[i] <= '9')
            i++;
        if (i == digits || i - digits > 20 || i == len || text[i++] != ' ')
            return false;
        n++;
    }
    *ret = n;
    return true;
}

static enum sy_code on_text(struct sy_check *check, struct sy_err *err)
{
    const struct sy_xml *xml = &check->xml;
    uint8_t elem = top(check, 0)->elem;
    uint64_t n = 0;
    if (elem != ELEM_INDEXES && elem != ELEM_U64VALUES)
        return sy_xml_fail(xml, SY_EPARSE, err, "text where only elements can stand");
    if (check->matrix.text_seen || xml->content_len != check->matrix.length)
        return sy_xml_fail(xml, SY_EINVAL, err, "a list of %zu bytes whose length says %llu",
                           xml->content_len, (unsigned long long)check->matrix.length);
    check->matrix.text_seen = true;
    bool typed = elem == ELEM_INDEXES && check->matrix.hetero;
    if (!count_items(xml->content, xml->content_len, typed, &n))
        return sy_xml_fail(xml, SY_EINVAL, err, "not a list of %s as hwloc writes them",
                           typed ? "Type:number" : "numbers");
    *(elem == ELEM_INDEXES ? &check->matrix.nindex : &check->matrix.nvalue) += n;
    return SY_OK;
}

static enum sy_code on_end(struct sy_check *check, struct sy_err *err)
{
    /* The reader has left the element: its frame is one above the top. */
    uint8_t elem = check->frame[check->xml.depth + 1].elem;
    if ((elem == ELEM_INDEXES || elem == ELEM_U64VALUES) && !check->matrix.text_seen)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "an empty list in a distance matrix");
    if (elem != ELEM_DISTANCES1 && elem != ELEM_DISTANCES2)
        return SY_OK;
    uint64_t n = check->matrix.nbobjs, nindex = elem == ELEM_DISTANCES2 ? n : 0;
    if (check->matrix.nvalue != n * n || check->matrix.nindex != nindex)
        return sy_xml_fail(&check->xml, SY_EINVAL, err,
                           "distances of %llu objects with %llu indexes and %llu values",
                           (unsigned long long)n, (unsigned long long)check->matrix.nindex,
                           (unsigned long long)check->matrix.nvalue);
    return SY_OK;
}

/* The PCI address that a mark's key stands for. */
static const char *show_key(uint64_t key, char *buf)
{
    struct sy_pci_addr addr = {.domain = (uint32_t)(key >> 16),
                               .bus = (uint8_t)(key >> 8),
                               .dev = (uint8_t)(key >> 3 & 31),
                               .func = (uint8_t)(key & 7)};
    return sy_pci_addr_format(addr, buf);
}

/* A key of `marks` that two lines use. */
static enum sy_code check_twice(struct sy_check *check, struct sy_marks *marks, const char *what,
                                struct sy_err *err)
{
    unsigned first = 0;
    const struct sy_mark *twice = sy_marks_twice(marks, &first);
    if (twice == NULL)
        return SY_OK;
    check->xml.where = twice->line;
    if (marks != &check->busid)
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "%s %llu was already used in line %u", what,
                           (unsigned long long)twice->key, first);
    char text[SY_PCI_ADDR_TEXT];
    return sy_xml_fail(&check->xml, SY_EINVAL, err, "%s %s was already used in line %u", what,
                       show_key(twice->key, text), first);
}

/* A function on no bus of its bridge stands in a file that was changed by hand. Where another
 * object has the same address, that one counts and this one is left out (one of hwloc's own test
 * machines has such a device); where none has, nobody can tell what was meant. */
static enum sy_code check_misplaced(struct sy_check *check, struct sy_err *err)
{
    char text[SY_PCI_ADDR_TEXT];
    for (size_t i = 0; i < check->misplaced.n; i++) {
        const struct sy_mark *mark = &check->misplaced.mark[i];
        if (sy_marks_has(&check->busid, mark->key))
            continue;
        check->xml.where = mark->line;
        return sy_xml_fail(&check->xml, SY_EINVAL, err,
                           "pci_busid %s is on no bus of the bridge above it",
                           show_key(mark->key, text));
    }
    return SY_OK;
}

static enum sy_code check_whole(struct sy_check *check, struct sy_err *err)
{
    if (check->npu == 0 || (check->version == 2 && check->nnuma == 0))
        return sy_xml_fail(&check->xml, SY_EINVAL, err, "a machine without any %s",
                           check->npu == 0 ? "PU" : "NUMA node");
    enum sy_code code = check_twice(check, &check->gp, "gp_index", err);
    if (code == SY_OK)
        code = check_twice(check, &check->busid, "pci_busid", err);
    if (code == SY_OK)
        code = check_misplaced(check, err);
    if (code == SY_OK)
        code = check_twice(check, &check->pu, "PU os_index", err);
    if (code == SY_OK)
        code = check_twice(check, &check->numa, "NUMA node os_index", err);
    return code;
}

static enum sy_code check_events(struct sy_check *check, struct sy_err *err)
{
    enum sy_xml_event event = SY_XML_DONE;
    enum sy_code code;
    do {
        code = sy_xml_next(&check->xml, &event, err);
        if (code == SY_OK && event == SY_XML_START)
            code = on_start(check, err);
        else if (code == SY_OK && event == SY_XML_TEXT)
            code = on_text(check, err);
        else if (code == SY_OK && event == SY_XML_END)
            code = on_end(check, err);
    } while (code == SY_OK && event != SY_XML_DONE);
    return code == SY_OK ? check_whole(check, err) : code;
}

static enum sy_code validate_hwloc(const char *file, const char *data, size_t len, unsigned version,
                                   struct sy_err *err)
{
    struct sy_check check = {.version = version};
    enum sy_code code = sy_xml_open(&check.xml, file, data, len, true, err);
    if (code == SY_OK)
        code = check_events(&check, err);
    sy_marks_done(&check.gp);
    sy_marks_done(&check.busid);
    sy_marks_done(&check.misplaced);
    sy_marks_done(&check.pu);
    sy_marks_done(&check.numa);
    return code;
}

/* The root element says what it is. */
static enum sy_code sniff(const char *file, const char *data, size_t len, enum sy_xml_format *ret,
                          struct sy_err *err)
{
    struct sy_xml xml;
    enum sy_xml_event event = SY_XML_DONE;
    enum sy_code code = sy_xml_open(&xml, file, data, len, false, err);
    if (code == SY_OK)
        code = sy_xml_next(&xml, &event, err);
    if (code != SY_OK)
        return code;
    char name[64];
    const char *version = sy_xml_attr(&xml, "version");
    if (strcmp(xml.name, "system") == 0)
        *ret = SY_XML_NCCL;
    else if (strcmp(xml.name, "topology") != 0)
        return sy_xml_fail(&xml, SY_EPARSE, err,
                           "<%s> is neither hwloc's <topology> nor NCCL's <system>",
                           sy_quote(name, sizeof name, xml.name, strlen(xml.name)));
    else if (version == NULL)
        *ret = SY_XML_HWLOC_1;
    else if (strcmp(version, "2.0") == 0)
        *ret = SY_XML_HWLOC_2;
    else if (version[0] >= '3' && version[0] <= '9')
        *ret = SY_XML_HWLOC_3;
    else
        return sy_xml_fail(&xml, SY_EUNSUPPORTED, err,
                           "hwloc format version \"%s\": known are 1.x (no version) and 2.0",
                           sy_quote(name, sizeof name, version, strlen(version)));
    return SY_OK;
}

enum sy_code sy_discover_sniff(const char *data, size_t len, enum sy_xml_format *ret,
                               struct sy_err *err)
{
    return sniff(NULL, data, len, ret, err);
}

enum sy_code sy_discover_validate(const char *file, const char *data, size_t len,
                                  struct sy_err *err)
{
    enum sy_xml_format format = SY_XML_HWLOC_2;
    enum sy_code code = sniff(file, data, len, &format, err);
    if (code != SY_OK)
        return code;
    switch (format) {
    case SY_XML_HWLOC_1:
        return validate_hwloc(file, data, len, 1, err);
    case SY_XML_HWLOC_2:
        return validate_hwloc(file, data, len, 2, err);
    case SY_XML_HWLOC_3:
        return sy_fail(err, SY_EUNSUPPORTED,
                       "%s: hwloc 3 format; export version 2 instead: lstopo --of xml "
                       "--export-xml-flags 2 FILE.xml",
                       file);
    case SY_XML_NCCL:
        return sy_nccl_validate(file, data, len, err);
    }
    return SY_OK;
}
