/* SPDX-License-Identifier: Apache-2.0 */
/* What changed, as tables and as a page. */
#include "planner/report/html_private.h"
#include "planner/report/report.h"

#include <string.h>

#define CELL_MAX ((size_t)1 << 20)

static const struct sy_column columns[] = {
    {"ROW", false, false},  {"WHAT", false, false},  {"BEFORE", false, true},
    {"AFTER", false, true}, {"CHANGE", false, true},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

static const struct sy_spec_column *column_of(const struct sy_spec *spec, const char *path)
{
    for (size_t c = 0; c < spec->ncolumn; c++)
        if (strcmp(spec->column[c].path, path) == 0)
            return &spec->column[c];
    return NULL;
}

/* The five cells of a change; each is emptied first. */
static void show_change(const struct sy_spec *spec, const json_t *change, bool plain,
                        struct sy_str cell[COLUMNS])
{
    const char *what = sy_report_text(change, "change");
    for (size_t i = 0; i < COLUMNS; i++) {
        cell[i].len = 0;
        sy_str_append(&cell[i], "");
        if (cell[i].data != NULL)
            cell[i].data[0] = '\0';
    }
    sy_str_append(&cell[0], sy_report_text(change, "row"));
    if (strcmp(what, "changed") != 0) {
        sy_str_append(&cell[1], what);
        return;
    }
    const struct sy_spec_column *column = column_of(spec, sy_report_text(change, "member"));
    if (column == NULL)
        return;
    struct sy_spec_column self = *column;
    sy_str_append(&cell[1], column->heading);
    self.path = "before";
    sy_spec_show(&self, change, plain, &cell[2]);
    self.path = "after";
    sy_spec_show(&self, change, plain, &cell[3]);
    self.path = "difference";
    if (json_is_number(sy_report_at(change, "difference"))) {
        sy_spec_show(&self, change, plain, &cell[4]);
        if (cell[4].data != NULL && cell[4].data[0] != '-' && !plain) {
            sy_str_append(&cell[4], " ");
            memmove(cell[4].data + 1, cell[4].data, cell[4].len - 1);
            cell[4].data[0] = '+';
        }
    }
}

typedef void row_fn(void *data, struct sy_str cell[COLUMNS]);

/* Calls `put` for every change; false when memory ran out. */
static bool each_change(const struct sy_spec *spec, const json_t *changes, bool plain, row_fn *put,
                        void *data)
{
    struct sy_str cell[COLUMNS];
    bool failed = false;
    for (size_t i = 0; i < COLUMNS; i++)
        sy_str_init(&cell[i], CELL_MAX);
    for (size_t i = 0; i < json_array_size(changes) && !failed; i++) {
        show_change(spec, json_array_get(changes, i), plain, cell);
        for (size_t c = 0; c < COLUMNS; c++)
            failed |= sy_str_failed(&cell[c]) || cell[c].data == NULL;
        if (!failed)
            put(data, cell);
    }
    for (size_t i = 0; i < COLUMNS; i++)
        sy_str_done(&cell[i]);
    return !failed;
}

static void put_cells(void *data, struct sy_str cell[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++)
        sy_table_cell(data, cell[i].data);
}

enum sy_code sy_report_diff_tables(const json_t *diff, struct sy_result *result, struct sy_err *err)
{
    const json_t *sections = json_object_get(diff, "sections");
    sy_str_printf(&result->before, "From %s (%s)\n", sy_report_text(diff, "before.now"),
                  sy_report_text(diff, "before.source"));
    sy_str_printf(&result->before, "To   %s (%s)\n\n", sy_report_text(diff, "after.now"),
                  sy_report_text(diff, "after.source"));
    for (size_t i = 0; i < json_array_size(sections); i++) {
        const json_t *section = json_array_get(sections, i);
        const json_t *changes = json_object_get(section, "changes");
        const struct sy_spec *spec = sy_spec_find(sy_report_text(section, "section"));
        if (json_array_size(changes) == 0 || spec == NULL)
            continue;
        struct sy_table *table = sy_result_table(result, spec->title, columns, COLUMNS);
        if (table == NULL || !each_change(spec, changes, false, put_cells, table))
            return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    if (result->ntable == 0)
        sy_str_append(&result->after, "Nothing changed.\n");
    return SY_OK;
}

static void put_html_row(void *data, struct sy_str cell[COLUMNS])
{
    struct sy_str *out = data;
    sy_str_append(out, "<tr>");
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *tag = i == 0 ? "th" : "td";
        sy_str_printf(out, "<%s%s%s>", tag, i == 0 ? " scope=\"row\"" : "",
                      columns[i].right ? " class=\"n\"" : "");
        sy_html_text(out, cell[i].data);
        sy_str_printf(out, "</%s>", tag);
    }
    sy_str_append(out, "</tr>\n");
}

static bool put_section(struct sy_str *out, const json_t *section)
{
    const json_t *changes = json_object_get(section, "changes");
    const struct sy_spec *spec = sy_spec_find(sy_report_text(section, "section"));
    if (json_array_size(changes) == 0 || spec == NULL)
        return true;
    sy_page_section(out, spec->name, spec->title);
    sy_str_append(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    sy_html_text(out, spec->title);
    sy_str_printf(out, "\"><table><caption>%zu changes</caption>\n<thead><tr>",
                  json_array_size(changes));
    for (size_t i = 0; i < COLUMNS; i++)
        sy_str_printf(out, "<th scope=\"col\"%s>%s</th>", columns[i].right ? " class=\"n\"" : "",
                      columns[i].name);
    sy_str_append(out, "</tr></thead>\n<tbody>\n");
    bool done = each_change(spec, changes, false, put_html_row, out);
    sy_str_append(out, "</tbody></table></div>\n");
    sy_page_section_end(out);
    return done;
}

enum sy_code sy_report_diff_html(const json_t *diff, struct sy_str *out, struct sy_err *err)
{
    const json_t *sections = json_object_get(diff, "sections");
    char subtitle[1024];
    bool done = true;
    size_t changed = 0;
    (void)snprintf(subtitle, sizeof subtitle, "From %s (%s) to %s (%s)",
                   sy_report_text(diff, "before.now"), sy_report_text(diff, "before.source"),
                   sy_report_text(diff, "after.now"), sy_report_text(diff, "after.source"));
    sy_page_begin(out, "Cluster capacity: what changed", subtitle);
    sy_str_append(out, "</div></header>\n<main>\n<p></p>\n");
    for (size_t i = 0; i < json_array_size(sections); i++) {
        const json_t *section = json_array_get(sections, i);
        changed += json_array_size(json_object_get(section, "changes"));
        done &= put_section(out, section);
    }
    if (changed == 0)
        sy_page_note(out, "Nothing changed.");
    sy_page_end(out);
    return done && !sy_str_failed(out) ? SY_OK
                                       : sy_fail(err, SY_ENOMEM, "out of memory for the page");
}
