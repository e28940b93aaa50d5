/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/sysfs_cpu.h"

#include "topology/discover/rules.h"
#include "topology/discover/sysfs_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_FOLDER "sys/devices/system/node"
#define CPU_FOLDER "sys/devices/system/cpu"

static void cpus_add(struct sy_cpus *cpus, unsigned cpu)
{
    cpus->word[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

static bool cpus_empty(const struct sy_cpus *cpus)
{
    uint64_t any = 0;
    for (size_t i = 0; i < SY_CPU_MAX / 64; i++)
        any |= cpus->word[i];
    return any == 0;
}

static bool cpus_within(const struct sy_cpus *a, const struct sy_cpus *in)
{
    uint64_t extra = 0;
    for (size_t i = 0; i < SY_CPU_MAX / 64; i++)
        extra |= a->word[i] & ~in->word[i];
    return extra == 0;
}

static bool number(const char **p, unsigned *ret)
{
    unsigned value = 0, n = 0;
    for (; **p >= '0' && **p <= '9' && n < 6; n++)
        value = value * 10 + (unsigned)(*(*p)++ - '0');
    *ret = value;
    return n > 0 && value < SY_CPU_MAX;
}

bool sy_cpus_parse(const char *text, struct sy_cpus *ret)
{
    struct sy_cpus made = {{0}};
    const char *p = text;
    while (*p != '\0') {
        unsigned first, last;
        if (!number(&p, &first))
            return false;
        last = first;
        if (*p == '-' && (p++, !number(&p, &last)))
            return false;
        for (unsigned cpu = first; cpu <= last; cpu++)
            cpus_add(&made, cpu);
        if (*p == ',')
            p++;
        else if (*p != '\0')
            return false;
    }
    *ret = made;
    return true;
}

/* The number in "cpu12", "node3"; -1 when the name is not of that form. */
static int64_t numbered(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);
    uint64_t value;
    if (strncmp(name, prefix, n) != 0 || !sy_rule_uint(name + n, SY_CPU_MAX - 1, &value))
        return -1;
    return (int64_t)value;
}

static struct sy_place *find_place(struct sy_place *place, size_t n, int64_t number_wanted)
{
    for (size_t i = 0; i < n; i++)
        if (place[i].number == number_wanted)
            return &place[i];
    return NULL;
}

static enum sy_code read_packages(int root, struct sy_cpu_side *side, struct sy_err *err)
{
    struct sy_names names;
    enum sy_code code = sy_sysfs_list(root, CPU_FOLDER, 2 * SY_CPU_MAX, &names, err);
    for (size_t i = 0; i < names.n && code == SY_OK; i++) {
        char path[SY_SYSFS_PATH];
        int64_t package = 0, cpu = numbered(names.name[i], "cpu");
        (void)snprintf(path, sizeof path, CPU_FOLDER "/%s/topology/physical_package_id",
                       names.name[i]);
        /* an offline CPU has no topology, -1 is a kernel that does not know */
        if (cpu < 0 || !sy_sysfs_number(root, path, &package) || package < 0)
            continue;
        struct sy_place *place = find_place(side->package, side->npackage, package);
        if (place == NULL && side->npackage == SY_PLACE_MAX) {
            code = sy_fail(err, SY_ELIMIT, "more than %u packages", SY_PLACE_MAX);
        } else if (place == NULL) {
            place = &side->package[side->npackage++];
            place->number = package;
        }
        if (place != NULL)
            cpus_add(&place->cpus, (unsigned)cpu);
    }
    sy_names_done(&names);
    return code;
}

static int place_cmp(const void *left, const void *right)
{
    const struct sy_place *a = left, *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

static enum sy_code add_packages(struct sy_build *build, struct sy_cpu_side *side,
                                 struct sy_err *err)
{
    enum sy_code code = SY_OK;
    qsort(side->package, side->npackage, sizeof *side->package, place_cmp);
    /* Some Arm kernels number packages by addresses in firmware tables. */
    bool renumber =
        side->npackage > 0 && side->package[side->npackage - 1].number > (int64_t)SY_OS_INDEX_MAX;
    for (size_t i = 0; i < side->npackage && code == SY_OK; i++) {
        struct sy_place *place = &side->package[i];
        struct sy_obj obj = {.type = SY_OBJ_PACKAGE,
                             .os_index = renumber ? (uint32_t)i : (uint32_t)place->number};
        code = sy_build_obj(build, &obj, &place->obj, err);
    }
    return code;
}

/* "Node 0 MemTotal:  131072 kB" */
static uint32_t memory_mib(int root, const char *path)
{
    char text[4096];
    size_t len;
    if (!sy_sysfs_bytes(root, path, text, sizeof text, &len))
        return 0;
    const char *total = strstr(text, "MemTotal:");
    unsigned long long kib = total != NULL ? strtoull(total + 9, NULL, 10) : 0;
    return kib / 1024 > UINT32_MAX ? UINT32_MAX : (uint32_t)(kib / 1024);
}

static enum sy_code add_node(int root, int64_t node, const struct sy_cpus *cpus,
                             struct sy_build *build, struct sy_cpu_side *side, struct sy_err *err)
{
    char path[SY_SYSFS_PATH];
    if (side->nnuma == SY_PLACE_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u NUMA nodes", SY_PLACE_MAX);
    struct sy_place *place = &side->numa[side->nnuma++];
    place->number = node;
    place->cpus = *cpus;
    (void)snprintf(path, sizeof path, NODE_FOLDER "/node%u/meminfo", (unsigned)node);
    struct sy_obj obj = {
        .type = SY_OBJ_NUMA, .os_index = (uint32_t)node, .memory_mib = memory_mib(root, path)};
    for (size_t i = 0; i < side->npackage && obj.parent == 0; i++)
        if (cpus_within(cpus, &side->package[i].cpus))
            obj.parent = side->package[i].obj;
    return sy_build_obj(build, &obj, &place->obj, err);
}

static enum sy_code add_nodes(int root, struct sy_build *build, struct sy_cpu_side *side,
                              struct sy_err *err)
{
    struct sy_names names;
    enum sy_code code = sy_sysfs_list(root, NODE_FOLDER, SY_CPU_MAX, &names, err);
    for (size_t i = 0; i < names.n && code == SY_OK; i++) {
        char path[SY_SYSFS_PATH], text[4096];
        struct sy_cpus cpus;
        int64_t node = numbered(names.name[i], "node");
        (void)snprintf(path, sizeof path, NODE_FOLDER "/%s/cpulist", names.name[i]);
        /* memory without CPUs is no place to be near to */
        if (node >= 0 && node <= (int64_t)SY_OS_INDEX_MAX &&
            sy_sysfs_line(root, path, text, sizeof text) && sy_cpus_parse(text, &cpus) &&
            !cpus_empty(&cpus))
            code = add_node(root, node, &cpus, build, side, err);
    }
    sy_names_done(&names);
    return code;
}

enum sy_code sy_sysfs_cpu(int root, struct sy_build *build, struct sy_cpu_side *side,
                          struct sy_err *err)
{
    enum sy_code code = read_packages(root, side, err);
    if (code == SY_OK)
        code = add_packages(build, side, err);
    if (code == SY_OK)
        code = add_nodes(root, build, side, err);
    if (code != SY_OK || side->nnuma > 0)
        return code;
    /* A kernel without NUMA has one node in all but name. */
    struct sy_cpus all = {{0}};
    for (size_t i = 0; i < side->npackage; i++)
        for (size_t w = 0; w < SY_CPU_MAX / 64; w++)
            all.word[w] |= side->package[i].cpus.word[w];
    return add_node(root, 0, &all, build, side, err);
}

uint16_t sy_sysfs_locality(const struct sy_cpu_side *side, int64_t numa, const struct sy_cpus *cpus)
{
    if (side->nnuma == 1)
        return side->numa[0].obj;
    for (size_t i = 0; i < side->nnuma; i++)
        if (numa >= 0 && side->numa[i].number == numa)
            return side->numa[i].obj;
    if (cpus == NULL || cpus_empty(cpus))
        return 0;
    for (size_t i = 0; i < side->nnuma; i++)
        if (cpus_within(cpus, &side->numa[i].cpus))
            return side->numa[i].obj;
    for (size_t i = 0; i < side->npackage; i++)
        if (cpus_within(cpus, &side->package[i].cpus))
            return side->package[i].obj;
    return 0;
}
