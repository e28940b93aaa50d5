/* SPDX-License-Identifier: Apache-2.0 */
/* Topology files of NCCL and RCCL (NCCL_TOPO_FILE, NCCL_TOPO_DUMP_FILE):
 * <system><cpu numaid><pci busid class link_speed link_width><gpu|nic>. */
#ifndef SY_TOPOLOGY_DISCOVER_NCCL_H
#define SY_TOPOLOGY_DISCOVER_NCCL_H

#include "topology/inventory.h"

/* Both SY_EPARSE, SY_EINVAL, SY_ELIMIT, SY_ENOMEM, "FILE:LINE: what". */
SY_NODISCARD enum sy_code sy_nccl_validate(const char *file, const char *data, size_t len,
                                           struct sy_err *err);
SY_NODISCARD enum sy_code sy_nccl_read(const char *file, const char *data, size_t len,
                                       struct sy_arena *arena, struct sy_inventory *ret,
                                       struct sy_err *err);

#endif
