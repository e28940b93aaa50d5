/* SPDX-License-Identifier: Apache-2.0 */
/* From a machine, or a file that describes one, to an inventory. Untrusted XML is validated first
 * and hwloc imports it only in a spawned child with CPU and memory limits; hwloc objects never
 * leave that child. */
#ifndef SY_TOPOLOGY_DISCOVER_DISCOVER_H
#define SY_TOPOLOGY_DISCOVER_DISCOVER_H

#include "topology/inventory.h"

#define SY_XML_MAX (4u * 1024u * 1024u) /* bytes of one topology file */

/* How the importing child is run. */
struct sy_discover_options {
    unsigned timeout_ms; /* wall clock of one import, 0 = 2000 */
    size_t memory_bytes; /* RLIMIT_AS of the child, 0 = 256 MiB; ignored under sanitizers */
    const char *self;    /* program to run as the child, NULL = /proc/self/exe */
};

/* Every program that imports calls this first in main(): when argv asks for the import child
 * (argv[1] is SY_IMPORT_CHILD_ARG), it does that work, and the result is the exit status; -1 when
 * this is an ordinary start. */
#define SY_IMPORT_CHILD_ARG "--import-topology-child"
int sy_discover_child_main(int argc, char **argv);

enum sy_xml_format { SY_XML_HWLOC_1, SY_XML_HWLOC_2, SY_XML_HWLOC_3, SY_XML_NCCL };

/* Format of a topology XML by its root element. SY_EPARSE: neither. */
SY_NODISCARD enum sy_code sy_discover_sniff(const char *data, size_t len, enum sy_xml_format *ret,
                                            struct sy_err *err);

/* An hwloc XML (1.x, 2.x), a NCCL or RCCL topology XML (format found by content). Text in errors
 * starts with `file` and, where known, the line. hwloc 3: SY_EUNSUPPORTED, and how to export
 * version 2. SY_EPARSE, SY_EINVAL, SY_ELIMIT, SY_ENOMEM, SY_EIO (the child failed: crashed, timed
 * out). */
SY_NODISCARD enum sy_code sy_discover_xml(const char *file, const char *data, size_t len,
                                          const struct sy_discover_options *options,
                                          struct sy_arena *arena, struct sy_inventory *ret,
                                          struct sy_err *err);
/* The strict check that comes before hwloc sees a byte (also a fuzz target). */
SY_NODISCARD enum sy_code sy_discover_validate(const char *file, const char *data, size_t len,
                                               struct sy_err *err);

/* A sysfs tree: "/sys" of this machine, or a (fake) root that holds sys/ (and proc/). All is read
 * from sysfs itself: current and maximum link, NUMA node, physfn, driver; packages, NUMA nodes. */
SY_NODISCARD enum sy_code sy_discover_sysfs(const char *root, struct sy_arena *arena,
                                            struct sy_inventory *ret, struct sy_err *err);
/* This machine. */
SY_NODISCARD enum sy_code sy_discover_live(struct sy_arena *arena, struct sy_inventory *ret,
                                           struct sy_err *err);

#endif
