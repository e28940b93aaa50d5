/* SPDX-License-Identifier: Apache-2.0 */
/* Small topologies and edits of them. */
#ifndef SY_TESTS_UNIT_DISCOVER_SUPPORT_H
#define SY_TESTS_UNIT_DISCOVER_SUPPORT_H

#include "topology/discover/discover.h"

/* Two packages with a NUMA node and two PUs each; host bridge, root port and GPU on the first;
 * lines are numbered from 1, the Machine is on line 4. */
extern const char good_xml[];

/* `text` with the first `from` replaced by `to` (both may be ""); the caller frees it with sy_free.
 * The test fails when `from` is not in it. */
char *edited(const char *text, const char *from, const char *to);

/* Write a file, and make a folder and all above it; the test fails when that cannot be. */
void write_file(const char *path, const char *text);
void make_folders(const char *path);
/* Run a shell command, its exit status. */
int shell(const char *command);

/* Index of the object with that PCI address, failing the test when there is none. */
uint16_t object_at(const struct sy_inventory *inv, const char *addr);
/* "HostBridge 0000:00:00.0 < NUMANode 0 < Package 0 < Machine": what stands above an object. */
const char *place_of(const struct sy_inventory *inv, uint16_t obj);

#endif
