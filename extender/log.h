/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one line per event (base/log_line.h). Lines go into a bounded buffer and a thread writes
 * them out, so that a reader who does not read delays nobody: what does not fit is dropped and
 * counted. */
#ifndef SY_EXTENDER_LOG_H
#define SY_EXTENDER_LOG_H

#include "base/err.h"
#include "base/log_line.h"

/* Starts the writing thread. SY_ENOMEM, SY_EIO. */
SY_NODISCARD enum sy_code sy_log_new(int fd, enum sy_log_format format, struct sy_log **ret,
                                     struct sy_err *err);
/* Writes out what is buffered, for at most half a second. Takes NULL. */
void sy_log_free(struct sy_log *log);
uint64_t sy_log_dropped(struct sy_log *log); /* lines */

void sy_log_begin(struct sy_log_line *line, struct sy_log *log, enum sy_level level,
                  const char *msg);
/* Begins with nothing: the first line of the program. */
void sy_log_begin_bare(struct sy_log_line *line, struct sy_log *log);
void sy_log_end(struct sy_log_line *line);

#endif
