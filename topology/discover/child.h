/* SPDX-License-Identifier: Apache-2.0 */
/* The import child. It is this program again (options->self), started as
 *   PROGRAM --import-topology-child MEMORY_BYTES CPU_SECONDS
 * with the validated XML on standard input. It answers on standard output and in its exit status:
 * 0 and a node document as JSON, or SY_CHILD_FAILED + code and the error's text. */
#ifndef SY_TOPOLOGY_DISCOVER_CHILD_H
#define SY_TOPOLOGY_DISCOVER_CHILD_H

#include "topology/discover/discover.h"

#define SY_CHILD_FAILED 32
#define SY_CHILD_ANSWER_MAX (4u * 1024u * 1024u)
#define SY_CHILD_MEMORY (256u * 1024u * 1024u) /* hwloc needs 2 MiB for the largest real file */
#define SY_CHILD_TIMEOUT_MS 2000u

/* Import hwloc XML that sy_discover_validate accepted, in a child. SY_EINVAL, SY_ELIMIT, SY_ENOMEM,
 * SY_EIO; texts begin with `file`. */
SY_NODISCARD enum sy_code sy_child_import(const char *file, const char *data, size_t len,
                                          const struct sy_discover_options *options,
                                          struct sy_arena *arena, struct sy_inventory *ret,
                                          struct sy_err *err);

#endif
