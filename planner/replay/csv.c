/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/csv.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define QUOTED 64 /* bytes of a value shown in a message */

/* A cell in quotes: moved left over the doubled quotes. `at` stands behind the first quote. */
static enum sy_code read_quoted(struct sy_csv *csv, char **at, struct sy_csv_cell *cell,
                                struct sy_err *err)
{
    char *from = *at, *to = *at;
    cell->text = to;
    for (;;) {
        if (from == csv->end)
            return sy_fail(err, SY_EPARSE, "%s:%u: a quote is not closed", csv->file, csv->line);
        if (*from == '"') {
            if (from[1] != '"')
                break;
            from++;
        }
        if (*from == '\n')
            csv->next_line++;
        *to++ = *from++;
    }
    *at = from + 1;
    if (*at != csv->end && **at != ',' && **at != '\n' && **at != '\r')
        return sy_fail(err, SY_EPARSE, "%s:%u: text after a closing quote", csv->file,
                       csv->next_line);
    cell->len = (size_t)(to - cell->text);
    return SY_OK;
}

static enum sy_code read_plain(struct sy_csv *csv, char **at, struct sy_csv_cell *cell,
                               struct sy_err *err)
{
    char *from = *at, *p = from;
    while (p != csv->end && *p != ',' && *p != '\n' && *p != '\r') {
        if (*p == '"')
            return sy_fail(err, SY_EPARSE, "%s:%u: a quote within a cell", csv->file, csv->line);
        p++;
    }
    cell->text = from;
    cell->len = (size_t)(p - from);
    *at = p;
    return SY_OK;
}

/* Behind a cell: ',' (more follows) or the end of the line. */
static enum sy_code read_separator(struct sy_csv *csv, char **at, bool *ret_more,
                                   struct sy_err *err)
{
    char *p = *at;
    *ret_more = false;
    if (p == csv->end)
        return SY_OK;
    if (*p == ',') {
        *ret_more = true;
        *at = p + 1;
        return SY_OK;
    }
    if (*p == '\r')
        p++;
    if (p != csv->end && *p != '\n')
        return sy_fail(err, SY_EPARSE, "%s:%u: a carriage return within a line", csv->file,
                       csv->next_line);
    if (p != csv->end) {
        p++;
        csv->next_line++;
    }
    *at = p;
    return SY_OK;
}

static enum sy_code read_row(struct sy_csv *csv, struct sy_csv_cell *cell, unsigned *ret_n,
                             struct sy_err *err)
{
    bool more = true;
    unsigned n = 0;
    char *at = csv->at;
    csv->line = csv->next_line;
    while (more) {
        if (n == SY_CSV_COLUMNS)
            return sy_fail(err, SY_ELIMIT, "%s:%u: more than %u cells", csv->file, csv->line,
                           SY_CSV_COLUMNS);
        bool quoted = at != csv->end && *at == '"';
        at += quoted;
        enum sy_code code =
            quoted ? read_quoted(csv, &at, &cell[n], err) : read_plain(csv, &at, &cell[n], err);
        if (code != SY_OK)
            return code;
        if (cell[n].len > SY_CSV_CELL)
            return sy_fail(err, SY_ELIMIT, "%s:%u: a cell of %zu bytes, over the limit of %u",
                           csv->file, csv->line, cell[n].len, SY_CSV_CELL);
        if (memchr(cell[n].text, '\0', cell[n].len) != NULL)
            return sy_fail(err, SY_EPARSE, "%s:%u: a NUL byte", csv->file, csv->line);
        code = read_separator(csv, &at, &more, err);
        if (code != SY_OK)
            return code;
        cell[n].text[cell[n].len] = '\0'; /* on what was read: a quote, a comma, the line's end */
        n++;
    }
    csv->at = at;
    *ret_n = n;
    return SY_OK;
}

static void skip_blank(struct sy_csv *csv)
{
    while (csv->at != csv->end && (*csv->at == '\n' || (*csv->at == '\r' && csv->at[1] == '\n'))) {
        csv->at += *csv->at == '\r' ? 2 : 1;
        csv->next_line++;
    }
}

enum sy_code sy_csv_begin(struct sy_csv *csv, const char *file, char *data, size_t len,
                          struct sy_err *err)
{
    *csv = (struct sy_csv){.file = file, .at = data, .end = data + len, .next_line = 1};
    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        csv->at += 3;
    skip_blank(csv);
    if (csv->at == csv->end)
        return sy_fail(err, SY_EPARSE, "%s: empty, expected a header and rows", file);
    return read_row(csv, csv->header, &csv->columns, err);
}

enum sy_code sy_csv_column(const struct sy_csv *csv, const char *name, unsigned *ret_column,
                           struct sy_err *err)
{
    unsigned found = csv->columns;
    for (unsigned i = 0; i < csv->columns; i++)
        if (strcmp(csv->header[i].text, name) == 0) {
            if (found != csv->columns)
                return sy_fail(err, SY_ECONFLICT, "%s:1: column '%s' twice", csv->file, name);
            found = i;
        }
    if (found == csv->columns)
        return sy_fail(err, SY_EPARSE, "%s:1: no column '%s'", csv->file, name);
    *ret_column = found;
    return SY_OK;
}

enum sy_code sy_csv_next(struct sy_csv *csv, bool *ret_any, struct sy_err *err)
{
    unsigned n;
    skip_blank(csv);
    *ret_any = csv->at != csv->end;
    if (!*ret_any)
        return SY_OK;
    if (csv->rows == SY_CSV_ROWS)
        return sy_fail(err, SY_ELIMIT, "%s:%u: more than %u rows", csv->file, csv->next_line,
                       SY_CSV_ROWS);
    enum sy_code code = read_row(csv, csv->cell, &n, err);
    if (code != SY_OK)
        return code;
    if (n != csv->columns)
        return sy_fail(err, SY_EPARSE, "%s:%u: %u cells, the header has %u", csv->file, csv->line,
                       n, csv->columns);
    csv->rows++;
    return SY_OK;
}

enum sy_code sy_csv_fail(const struct sy_csv *csv, unsigned column, enum sy_code code,
                         struct sy_err *err, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char name[QUOTED];
    return sy_fail(err, code, "%s:%u: column '%s': %s", csv->file, csv->line,
                   sy_quote(name, sizeof name, csv->header[column].text, csv->header[column].len),
                   text);
}

enum whole { WHOLE, NOT_WHOLE, TOO_LARGE };

/* A whole number, '-' allowed, nothing around it. */
static enum whole read_whole(const char *text, size_t len, int64_t *ret)
{
    bool minus = len > 0 && text[0] == '-', large = false;
    int64_t value = 0;
    if (len == (size_t)minus)
        return NOT_WHOLE;
    for (size_t i = minus; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return NOT_WHOLE;
        large = large || __builtin_mul_overflow(value, 10, &value) ||
                __builtin_add_overflow(value, text[i] - '0', &value);
    }
    *ret = minus ? -value : value;
    return large ? TOO_LARGE : WHOLE;
}

enum sy_code sy_csv_int(const struct sy_csv *csv, unsigned column, int64_t min, int64_t max,
                        int64_t *ret, struct sy_err *err)
{
    const struct sy_csv_cell *cell = &csv->cell[column];
    char shown[QUOTED];
    int64_t value = 0;
    enum whole whole = read_whole(cell->text, cell->len, &value);
    if (whole == NOT_WHOLE)
        return sy_csv_fail(csv, column, SY_EPARSE, err, "'%s' is not a whole number",
                           sy_quote(shown, sizeof shown, cell->text, cell->len));
    if (whole == TOO_LARGE || value < min || value > max)
        return sy_csv_fail(csv, column, SY_ELIMIT, err, "%s is not in %" PRId64 "..%" PRId64,
                           sy_quote(shown, sizeof shown, cell->text, cell->len), min, max);
    *ret = value;
    return SY_OK;
}

enum sy_code sy_csv_number_line(const char *file, const char **at, const char *end, unsigned *line,
                                int64_t max, int64_t *ret, bool *ret_any, struct sy_err *err)
{
    while (*at != end) {
        const char *from = *at, *newline = memchr(from, '\n', (size_t)(end - from));
        const char *to = newline != NULL ? newline : end;
        *at = newline != NULL ? newline + 1 : end;
        ++*line;
        if (to > from && to[-1] == '\r')
            to--;
        if (to == from)
            continue;
        char shown[QUOTED];
        int64_t value = 0;
        enum whole whole = read_whole(from, (size_t)(to - from), &value);
        sy_quote(shown, sizeof shown, from, (size_t)(to - from));
        if (whole == NOT_WHOLE)
            return sy_fail(err, SY_EPARSE, "%s:%u: '%s' is not a whole number", file, *line, shown);
        if (whole == TOO_LARGE || value < 0 || value > max)
            return sy_fail(err, SY_ELIMIT, "%s:%u: %s is not in 0..%" PRId64, file, *line, shown,
                           max);
        *ret = value;
        *ret_any = true;
        return SY_OK;
    }
    *ret_any = false;
    return SY_OK;
}
