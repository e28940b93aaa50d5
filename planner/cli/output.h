/* SPDX-License-Identifier: Apache-2.0 */
/* What a command gives back: one JSON object, and tables for people, printed in the form asked for.
 * Data goes to standard output and nothing else does. */
#ifndef SY_PLANNER_CLI_OUTPUT_H
#define SY_PLANNER_CLI_OUTPUT_H

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>

#define SY_OUTPUT_MAX ((size_t)1 << 30) /* bytes of one answer */

/* X(id, name) */
#define SY_FORMATS(X)                                                                              \
    X(TABLE, "table")                                                                              \
    X(WIDE, "wide")                                                                                \
    X(JSON, "json") X(YAML, "yaml") X(CSV, "csv") X(HTML, "html") X(TEXT, "text") X(SVG, "svg")
enum sy_format {
#define X(id, name) SY_FORMAT_##id,
    SY_FORMATS(X)
#undef X
        SY_FORMAT_COUNT
};

struct sy_column {
    const char *name; /* in capitals, as kubectl's */
    bool wide;        /* shown by -o wide and csv alone */
    bool right;       /* numbers */
};

/* A growing table of texts. A failure (memory, the limit) is sticky; printing says so. */
struct sy_table;

/* `title` (NULL = none) stands above it; columns must outlive it. NULL: out of memory. */
struct sy_table *sy_table_new(const char *title, const struct sy_column *columns,
                              size_t n) SY_NODISCARD;
void sy_table_free(struct sy_table *table); /* takes NULL */
SY_DEFINE_AUTO(struct sy_table, sy_table, sy_table_free)
/* The next cell, row by row, copied; control characters are shown as \xNN. */
void sy_table_cell(struct sy_table *table, const char *text);
void sy_table_cellf(struct sy_table *table, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
size_t sy_table_rows(const struct sy_table *table);
/* Appended to `out`: aligned columns two blanks apart (UTF-8 counts by character); no trailing
 * blanks. `wide` shows all columns. */
void sy_table_text(const struct sy_table *table, bool wide, bool headers, struct sy_str *out);
/* RFC 4180 with "\n"; a cell that a spreadsheet would run ('=', '+', '-' before a letter, '@')
 * gets a ' in front. */
void sy_table_csv(const struct sy_table *table, bool headers, struct sy_str *out);

/* What a command has found; all NULL at first. sy_result_done frees what is there. */
struct sy_result {
    json_t *json;               /* with apiVersion and kind */
    struct sy_table *table[16]; /* in the order shown, with a blank line between them */
    size_t ntable;
    struct sy_str before, after; /* text above and below the tables (table and wide only) */
    struct sy_str document;      /* HTML, text or SVG, when that was asked for */
};
void sy_result_init(struct sy_result *result);
void sy_result_done(struct sy_result *result);
/* A new table, owned by the result (16 at most); NULL: out of memory. */
struct sy_table *sy_result_table(struct sy_result *result, const char *title,
                                 const struct sy_column *columns, size_t n);
/* The common head of every object: {"apiVersion":"switchyard.dev/v1alpha1","kind":KIND}; a new
 * reference, NULL: out of memory. */
json_t *sy_result_object(const char *kind) SY_NODISCARD;
/* Write it. JSON is indented, keys in insertion order. SY_ENOMEM, SY_EIO. */
SY_NODISCARD enum sy_code sy_result_print(const struct sy_result *result, enum sy_format format,
                                          bool headers, FILE *out, struct sy_err *err);

const char *sy_format_name(enum sy_format format);

#endif
