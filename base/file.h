/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, with a limit. */
#ifndef SY_BASE_FILE_H
#define SY_BASE_FILE_H

#include "base/mem.h"

/* Read a regular file of at most `max_bytes` (a byte more is SY_ELIMIT naming the limit; anything
 * but a regular file is SY_EINVAL; SY_ENOENT, SY_EIO). *ret_data is NUL-terminated beyond
 * *ret_len; the caller frees it with sy_free. Messages start with the path. */
SY_NODISCARD enum sy_code sy_file_read(const char *path, size_t max_bytes, char **ret_data,
                                       size_t *ret_len, struct sy_err *err);
/* The same of an open descriptor, whatever it is (a pipe, a terminal), to its end; it stays open.
 * Messages start with `name`. */
SY_NODISCARD enum sy_code sy_file_read_fd(int fd, const char *name, size_t max_bytes,
                                          char **ret_data, size_t *ret_len, struct sy_err *err);

#endif
