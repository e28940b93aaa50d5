/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/cli/output.h"

#include <stdarg.h>
#include <string.h>

#define TABLE_MAX ((size_t)512 << 20) /* bytes of text */

struct sy_table {
    const char *title;
    const struct sy_column *column;
    size_t ncolumn;
    struct sy_str text; /* the cells, each ended by NUL */
    size_t ncell;
};

struct sy_table *sy_table_new(const char *title, const struct sy_column *columns, size_t n)
{
    struct sy_table *table = sy_calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    table->title = title;
    table->column = columns;
    table->ncolumn = n;
    sy_str_init(&table->text, TABLE_MAX);
    return table;
}

void sy_table_free(struct sy_table *table)
{
    if (table == NULL)
        return;
    sy_str_done(&table->text);
    sy_free(table);
}

void sy_table_cell(struct sy_table *table, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            sy_str_printf(&table->text, "\\x%02X", (unsigned)(unsigned char)*at);
        else
            sy_str_append_n(&table->text, at, 1);
    }
    sy_str_append_n(&table->text, "", 1);
    table->ncell++;
}

void sy_table_cellf(struct sy_table *table, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    sy_table_cell(table, text);
}

size_t sy_table_rows(const struct sy_table *table)
{
    return table->ncolumn > 0 ? table->ncell / table->ncolumn : 0;
}

static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0u) != 0x80u; /* not a continuation byte */
    return width;
}

static bool shown(const struct sy_column *column, bool wide)
{
    return wide || !column->wide;
}

#define COLUMNS_MAX 64u

/* The next cell's column. */
static size_t behind(const struct sy_table *table, size_t column)
{
    return column + 1 < table->ncolumn ? column + 1 : 0;
}

static void measure(const struct sy_table *table, bool headers, size_t width[COLUMNS_MAX])
{
    memset(width, 0, COLUMNS_MAX * sizeof *width);
    for (size_t i = 0; headers && i < table->ncolumn; i++)
        width[i] = width_of(table->column[i].name);
    const char *cell = table->text.data;
    for (size_t i = 0, c = 0; i < table->ncell; i++, c = behind(table, c)) {
        size_t len = width_of(cell);
        if (len > width[c])
            width[c] = len;
        cell += strlen(cell) + 1;
    }
}

/* One line's cells; blanks are held back until something follows them. */
struct line {
    struct sy_str *out;
    size_t blanks;
    bool first;
};

static void put_cell(struct line *line, const struct sy_column *column, const char *text,
                     size_t width)
{
    size_t fill = width - width_of(text);
    if (!line->first)
        line->blanks += 2;
    line->first = false;
    if (column->right)
        line->blanks += fill;
    if (*text != '\0') {
        sy_str_printf(line->out, "%*s", (int)line->blanks, "");
        sy_str_append(line->out, text);
        line->blanks = 0;
    }
    if (!column->right)
        line->blanks += fill;
}

void sy_table_text(const struct sy_table *table, bool wide, bool headers, struct sy_str *out)
{
    size_t width[COLUMNS_MAX];
    out->failed |= sy_str_failed(&table->text) || table->ncolumn > COLUMNS_MAX;
    if (out->failed)
        return;
    if (table->title != NULL)
        sy_str_printf(out, "%s\n", table->title);
    measure(table, headers, width);
    struct line line = {.out = out, .first = true};
    for (size_t i = 0; headers && i < table->ncolumn; i++)
        if (shown(&table->column[i], wide))
            put_cell(&line, &table->column[i], table->column[i].name, width[i]);
    if (headers)
        sy_str_append(out, "\n");
    const char *cell = table->text.data;
    for (size_t i = 0, c = 0; i < table->ncell; i++, c = behind(table, c)) {
        if (c == 0)
            line = (struct line){.out = out, .first = true};
        if (shown(&table->column[c], wide))
            put_cell(&line, &table->column[c], cell, width[c]);
        if (c + 1 == table->ncolumn)
            sy_str_append(out, "\n");
        cell += strlen(cell) + 1;
    }
}

/* A text that a spreadsheet takes for a formula; a negative number is none. */
static bool runs(const char *text)
{
    return text[0] == '=' || text[0] == '@' || text[0] == '+' ||
           (text[0] == '-' && text[1] != '\0' &&
            strspn(text + 1, "0123456789.") != strlen(text + 1));
}

static void put_csv(struct sy_str *out, const char *text)
{
    const char *guard = runs(text) ? "'" : "";
    if (strpbrk(text, ",\"\n\r") == NULL) {
        sy_str_printf(out, "%s", guard);
        sy_str_append(out, text);
        return;
    }
    sy_str_printf(out, "\"%s", guard);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            sy_str_append_n(out, "\"", 1);
        sy_str_append_n(out, text, 1);
    }
    sy_str_append_n(out, "\"", 1);
}

void sy_table_csv(const struct sy_table *table, bool headers, struct sy_str *out)
{
    out->failed |= sy_str_failed(&table->text);
    if (out->failed)
        return;
    for (size_t i = 0; headers && i < table->ncolumn; i++) {
        sy_str_append(out, i > 0 ? "," : "");
        put_csv(out, table->column[i].name);
    }
    if (headers)
        sy_str_append(out, "\n");
    const char *cell = table->text.data;
    for (size_t i = 0, c = 0; i < table->ncell; i++, c = behind(table, c)) {
        sy_str_append(out, c > 0 ? "," : "");
        put_csv(out, cell);
        if (c + 1 == table->ncolumn)
            sy_str_append(out, "\n");
        cell += strlen(cell) + 1;
    }
}
