/* SPDX-License-Identifier: Apache-2.0 */
/* A table of comma-separated values (RFC 4180: quotes, CRLF or LF, a byte order mark is skipped) in
 * memory, row by row. The header decides which column is which. Every message names FILE:LINE. */
#ifndef SY_PLANNER_REPLAY_CSV_H
#define SY_PLANNER_REPLAY_CSV_H

#include "base/mem.h"

#include <stdint.h>

#define SY_CSV_COLUMNS 64u     /* cells of a row */
#define SY_CSV_CELL 1024u      /* bytes of a cell */
#define SY_CSV_ROWS (1u << 24) /* rows below the header */

struct sy_csv_cell {
    char *text; /* NUL-terminated, unquoted, in the buffer */
    size_t len;
};

struct sy_csv {
    const char *file;
    char *at, *end;
    unsigned line, next_line; /* of the row in `cell`; of `at` */
    unsigned rows;            /* given below the header so far */
    struct sy_csv_cell header[SY_CSV_COLUMNS];
    struct sy_csv_cell cell[SY_CSV_COLUMNS];
    unsigned columns;
};

/* Read the header of `data`, which is changed in place and must stay, with data[len] == '\0'.
 * `file` is kept by pointer. SY_EPARSE: no header, or not CSV; SY_ELIMIT. */
SY_NODISCARD enum sy_code sy_csv_begin(struct sy_csv *csv, const char *file, char *data, size_t len,
                                       struct sy_err *err);
/* Index of a column; SY_EPARSE "FILE:1: no column 'x'". */
SY_NODISCARD enum sy_code sy_csv_column(const struct sy_csv *csv, const char *name,
                                        unsigned *ret_column, struct sy_err *err);
/* The next row into csv->cell; *ret_any false at the end. Empty lines are skipped. SY_EPARSE: not
 * as many cells as the header has, a quote out of place; SY_ELIMIT. */
SY_NODISCARD enum sy_code sy_csv_next(struct sy_csv *csv, bool *ret_any, struct sy_err *err);
/* A cell as a whole number within min..max. SY_EPARSE not a whole number; SY_ELIMIT out of range:
 * "FILE:LINE: column 'x': 9 is not in 0..8". */
SY_NODISCARD enum sy_code sy_csv_int(const struct sy_csv *csv, unsigned column, int64_t min,
                                     int64_t max, int64_t *ret, struct sy_err *err);
/* Fail at a cell: "FILE:LINE: column 'x': <text>"; returns `code`. */
enum sy_code sy_csv_fail(const struct sy_csv *csv, unsigned column, enum sy_code code,
                         struct sy_err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* The next line of a list of whole numbers, one a line (blank lines are skipped): *ret_any false at
 * the end. `*at` and `*line` move on. SY_EPARSE, SY_ELIMIT: "FILE:LINE: …". */
SY_NODISCARD enum sy_code sy_csv_number_line(const char *file, const char **at, const char *end,
                                             unsigned *line, int64_t max, int64_t *ret,
                                             bool *ret_any, struct sy_err *err);

#endif
