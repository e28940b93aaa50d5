/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a log: an event as text (key=value) or JSON. A text value that is no plain word
 * stands in double quotes; in them a quote, a backslash and a line end are \", \\ and \n, other
 * controls and what is no UTF-8 are \xNN. */
#ifndef SY_BASE_LOG_LINE_H
#define SY_BASE_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sy_log_format { SY_LOG_TEXT, SY_LOG_JSON };
enum sy_level { SY_LEVEL_INFO, SY_LEVEL_WARN, SY_LEVEL_ERROR };

struct sy_log; /* where a line goes to is its program's matter */

/* A line being made, on the caller's stack. A field that no longer fits is left out. */
struct sy_log_line {
    struct sy_log *log; /* NULL unless the program sets it */
    enum sy_log_format format;
    bool first;
    size_t len;
    char text[3072];
};
/* Begins with time, level and msg (a constant of ours). */
void sy_log_line_begin(struct sy_log_line *line, enum sy_log_format format, enum sy_level level,
                       const char *msg);
/* Begins with nothing. */
void sy_log_line_begin_bare(struct sy_log_line *line, enum sy_log_format format);
void sy_log_str(struct sy_log_line *line, const char *key, const char *value); /* NULL: no field */
void sy_log_u64(struct sy_log_line *line, const char *key, uint64_t value);
/* Makes it whole: `text`, `len` are what is to be written, its line end included. */
void sy_log_line_end(struct sy_log_line *line);

#endif
