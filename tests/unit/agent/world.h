/* SPDX-License-Identifier: Apache-2.0 */
/* Machines for the agent's tests: inventories written down as node documents, and small folders
 * that look like sysfs. */
#ifndef SY_TESTS_UNIT_AGENT_WORLD_H
#define SY_TESTS_UNIT_AGENT_WORLD_H

#include "topology/fabric.h"

struct sy_catalogue *world_catalogue(void); /* the built-in one; a reference */

/* A machine of two NUMA nodes: below one switch NPUs 19:00.0 and 1a:00.0 and a disk, GPU 81:00.0
 * with virtual functions 81:00.1 and .2, an FPGA card 34:00.0 (management) and .1 (user), and an
 * uncore function 00:05.0 that nobody needs. `without`: addresses that are not there, ended by
 * NULL. In the arena. */
void world_machine(struct sy_arena *arena, const char *boot_id, const char *const *without,
                   struct sy_inventory *ret);
struct sy_fabric *world_fabric(const struct sy_inventory *inv); /* a reference */
struct sy_pci_addr world_addr(const char *text);
int world_unit(const struct sy_fabric *fabric, const char *addr); /* must be there */
bool world_has(const struct sy_inventory *inv, const char *addr);

/* A folder that is removed with world_tree_done. */
struct world_tree {
    char path[64];
    int fd;
};
void world_tree_init(struct world_tree *tree);
void world_tree_done(struct world_tree *tree);
/* Write a file, with the folders above it; a link. `path` may be a format. */
void world_write(struct world_tree *tree, const char *path, const char *text);
void world_link(struct world_tree *tree, const char *path, const char *target);
void world_remove(struct world_tree *tree, const char *path);

#endif
