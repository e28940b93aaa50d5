/* SPDX-License-Identifier: Apache-2.0 */
/* The grammars of the values in an hwloc XML, each stricter than hwloc's own readers, which stop
 * at the first character they do not like and go on with what they have. */
#ifndef SY_TOPOLOGY_DISCOVER_RULES_H
#define SY_TOPOLOGY_DISCOVER_RULES_H

#include "topology/pci.h"

#define SY_SET_WORDS 128u /* a cpuset or nodeset has at most 4096 bits */
#define SY_OS_INDEX_MAX (SY_SET_WORDS * 32 - 1)

/* What kinds of object there are, as far as the rules tell them apart. */
enum sy_kind {
    SY_KIND_NONE,
    SY_KIND_MACHINE,
    SY_KIND_NORMAL, /* Package, Die, Core, Group, caches */
    SY_KIND_PU,
    SY_KIND_NUMA,
    SY_KIND_MEMCACHE,
    SY_KIND_BRIDGE,
    SY_KIND_PCIDEV,
    SY_KIND_OSDEV,
    SY_KIND_MISC,
};

/* Kind of an object type as hwloc's exporters of that major version (1, 2) name it; SY_KIND_NONE:
 * unknown. `may_be_empty`: its cpuset may hold no CPU (memory without CPUs, and Groups around it).
 */
enum sy_kind sy_rule_type(const char *name, unsigned version, bool *may_be_empty);
/* May an object of kind `child` hang below one of kind `parent`? */
bool sy_rule_nesting(unsigned version, enum sy_kind parent, enum sy_kind child);

/* A bitmap "0x00000001,,0x000000ff": words of 32 bits, the last one lowest. */
struct sy_rule_set {
    uint32_t word[SY_SET_WORDS]; /* lowest first */
    bool empty;
};
bool sy_rule_set(const char *text, struct sy_rule_set *ret);
/* Does the set hold this one bit and no other? */
bool sy_rule_set_only(const struct sy_rule_set *set, uint64_t bit);

bool sy_rule_uint(const char *text, uint64_t max, uint64_t *ret); /* decimal digits only */
bool sy_rule_decimal(const char *text);                           /* "15.753846" */
bool sy_rule_busid(const char *text, struct sy_pci_addr *ret);    /* "0000:34:00.0" */
bool sy_rule_pci_type(const char *text); /* "0302 [10de:1db8] [10de:12bd] a1", 3.x adds prog-if */
/* "0000:[16-1b]"; *ret_domain may be above what hwloc 2 can hold. */
bool sy_rule_bridge_pci(const char *text, uint32_t *ret_domain, unsigned *ret_first,
                        unsigned *ret_last);

#endif
