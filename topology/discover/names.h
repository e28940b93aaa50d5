/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a device's several operating system names is the one that people know it by. */
#ifndef SY_TOPOLOGY_DISCOVER_NAMES_H
#define SY_TOPOLOGY_DISCOVER_NAMES_H

#define SY_NAME_RANK_NONE 100u

/* 0 is best ("npu0", "nvml0", "mlx5_0"), then less telling ones ("card0", "eth0");
 * SY_NAME_RANK_NONE for NULL and "". */
unsigned sy_name_rank(const char *name);

#endif
