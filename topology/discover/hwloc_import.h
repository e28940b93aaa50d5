/* SPDX-License-Identifier: Apache-2.0 */
/* From an hwloc topology to an inventory. With hwloc_import.c the only pair of files that sees
 * hwloc; it runs in the import child alone. */
#ifndef SY_TOPOLOGY_DISCOVER_HWLOC_IMPORT_H
#define SY_TOPOLOGY_DISCOVER_HWLOC_IMPORT_H

#include "topology/inventory.h"

/* Import XML that sy_discover_validate accepted. SY_EINVAL: hwloc refuses it; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_hwloc_import(const char *data, size_t len, struct sy_arena *arena,
                                          struct sy_inventory *ret, struct sy_err *err);

#endif
