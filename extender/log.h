/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one line per event, text (key=value) or JSON. Lines go into a bounded buffer and a
 * thread writes them out, so that a reader who does not read delays nobody: what does not fit is
 * dropped and counted. A text value that is no plain word stands in double quotes; in them a quote,
 * a backslash and a line end are \", \\ and \n, other controls and what is no UTF-8 are \xNN. */
#ifndef SY_EXTENDER_LOG_H
#define SY_EXTENDER_LOG_H

#include "extender/config.h"

#include <stdint.h>

enum sy_level { SY_LEVEL_INFO, SY_LEVEL_WARN, SY_LEVEL_ERROR };

struct sy_log;

/* Starts the writing thread. SY_ENOMEM, SY_EIO. */
SY_NODISCARD enum sy_code sy_log_new(int fd, enum sy_log_format format, struct sy_log **ret,
                                     struct sy_err *err);
/* Writes out what is buffered, for at most half a second. Takes NULL. */
void sy_log_free(struct sy_log *log);
uint64_t sy_log_dropped(struct sy_log *log); /* lines */

/* One line being made, on the caller's stack. A field that no longer fits is left out. */
struct sy_log_line {
    struct sy_log *log;
    size_t len;
    bool first;
    char text[3072];
};
/* Begins with time, level and msg (a constant of ours). */
void sy_log_begin(struct sy_log_line *line, struct sy_log *log, enum sy_level level,
                  const char *msg);
/* Begins with nothing: the first line of the program. */
void sy_log_begin_bare(struct sy_log_line *line, struct sy_log *log);
void sy_log_str(struct sy_log_line *line, const char *key, const char *value); /* NULL: no field */
void sy_log_u64(struct sy_log_line *line, const char *key, uint64_t value);
void sy_log_end(struct sy_log_line *line);

#endif
