/* SPDX-License-Identifier: Apache-2.0 */
/* Small files, links and folders below a root that holds sys/ and proc/. Paths are relative to it.
 */
#ifndef SY_TOPOLOGY_DISCOVER_SYSFS_FILE_H
#define SY_TOPOLOGY_DISCOVER_SYSFS_FILE_H

#include "base/mem.h"

#include <stdint.h>

#define SY_SYSFS_PATH 512u

/* First line of a file, cut at `size`, without blanks at its end, made printable. False when it
 * cannot be read. */
bool sy_sysfs_line(int root, const char *path, char *buf, size_t size);
/* Each byte that belongs to no printable UTF-8 character becomes '?', a tab a blank. */
void sy_sysfs_printable(char *text);
/* As much of a file as fits, NUL-ended; false when it cannot be read. */
bool sy_sysfs_bytes(int root, const char *path, char *buf, size_t size, size_t *ret_len);
/* A number, decimal or with 0x; false when there is none. */
bool sy_sysfs_number(int root, const char *path, int64_t *ret);
/* Where a symbolic link points to, as it stands; false when it is none or too long. */
bool sy_sysfs_link(int root, const char *path, char *buf, size_t size);
/* Last component of a path, in it. */
const char *sy_sysfs_base(const char *path);

/* Names in a folder, sorted; hidden ones left out. */
struct sy_names {
    size_t n;
    char **name;
};
/* An absent folder is an empty list. SY_ELIMIT (more than `max`), SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_sysfs_list(int root, const char *path, size_t max,
                                        struct sy_names *ret, struct sy_err *err);
void sy_names_done(struct sy_names *names);

#endif
