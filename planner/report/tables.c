/* SPDX-License-Identifier: Apache-2.0 */
/* A report as tables. */
#include "planner/report/report_private.h"
#include "planner/report/spec.h"

#include <string.h>

#define CELL_MAX ((size_t)1 << 20)

/* The program's sy_result has room for 16 tables; people read the devices one by one in the other
 * forms. */
static bool for_people(const struct sy_spec *spec)
{
    return strcmp(spec->name, "stranded-devices") != 0;
}

static bool picked(const struct sy_spec *spec, enum sy_format format, const char *const *section,
                   size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(section[i], spec->name) == 0)
            return true;
    return n == 0 && (format != SY_FORMAT_TABLE || for_people(spec));
}

static bool put_rows(const struct sy_spec *spec, const json_t *rows, size_t most, bool csv,
                     bool named, struct sy_table *table)
{
    struct sy_str cell;
    sy_str_init(&cell, CELL_MAX);
    for (size_t i = 0; i < json_array_size(rows) && i < most; i++) {
        if (named)
            sy_table_cell(table, spec->name);
        for (size_t c = 0; c < spec->ncolumn; c++) {
            sy_spec_show(&spec->column[c], json_array_get(rows, i), csv, &cell);
            sy_table_cell(table, cell.data != NULL ? cell.data : "");
        }
    }
    bool failed = sy_str_failed(&cell);
    sy_str_done(&cell);
    return !failed;
}

static enum sy_code put_table(const json_t *report, const struct sy_spec *spec,
                              enum sy_format format, size_t top, bool named,
                              struct sy_result *result, struct sy_err *err)
{
    const json_t *rows = sy_report_at(report, spec->rows);
    size_t n = json_array_size(rows);
    bool csv = format == SY_FORMAT_CSV, cut = spec->is_long && format == SY_FORMAT_TABLE;
    if (n == 0 && !csv) {
        sy_str_printf(&result->after, "%s: %s\n", spec->title, spec->none);
        return SY_OK;
    }
    struct sy_table *table =
        csv ? sy_result_table(result, NULL, spec->csv + !named, spec->ncolumn + named)
            : sy_result_table(result, spec->title, spec->table, spec->ncolumn);
    if (table == NULL || !put_rows(spec, rows, cut ? top : n, csv, named, table))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    if (cut && n > top)
        sy_str_printf(&result->after, "%s: %zu more with -o wide or --top\n", spec->title, n - top);
    return SY_OK;
}

static void put_list(struct sy_result *result, const char *title, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        sy_str_printf(&result->after, "%s: %s\n", title,
                      sy_report_text(json_array_get(list, i), ""));
}

static void put_head(const json_t *report, struct sy_result *result)
{
    struct sy_str *to = &result->before;
    sy_str_printf(to, "Capacity of %s at %s, kube-scheduler %s\n", sy_report_text(report, "source"),
                  sy_report_text(report, "now"),
                  sy_report_text(report, "cluster.kubeSchedulerVersion"));
    sy_str_printf(to, "%lld nodes, %lld with devices told; %lld pods run, %lld wait\n",
                  (long long)sy_report_int(report, "cluster.nodes"),
                  (long long)sy_report_int(report, "cluster.nodesWithDevices"),
                  (long long)sy_report_int(report, "cluster.podsRunning"),
                  (long long)sy_report_int(report, "cluster.podsPending"));
    const char *first = sy_report_text(report, "power.bindsFirst");
    const char *domain = sy_report_text(report, "power.domainBindsFirst");
    if (*first != '\0')
        sy_str_printf(to, "Power binds first at %s, of the domains at %s; ", first,
                      *domain != '\0' ? domain : "none");
    else
        sy_str_append(to, "No power limit binds before the devices are gone; ");
    sy_str_printf(to, "decisions use %s\n\n", sy_report_text(report, "power.decides"));
}

static void put_tail(const json_t *report, struct sy_result *result)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)sy_report_at(report, "data.notModelled"), key, value)
    {
        sy_str_printf(&result->after, "Not modelled: %s (%lld pods)\n", key,
                      (long long)json_integer_value(value));
    }
    put_list(result, "Not read", sy_report_at(report, "data.notRead"));
    put_list(result, "Note", sy_report_at(report, "data.notes"));
}

/* Below all tables, each once. */
static void put_notes(enum sy_format format, const char *const *section, size_t n,
                      struct sy_result *result)
{
    for (size_t i = 0; i < sy_nspec && format != SY_FORMAT_CSV; i++) {
        bool said = sy_specs[i].note == NULL || !picked(&sy_specs[i], format, section, n);
        for (size_t k = 0; k < i && !said; k++)
            said = sy_specs[k].note == sy_specs[i].note && picked(&sy_specs[k], format, section, n);
        if (!said)
            sy_str_printf(&result->after, "Note: %s\n", sy_specs[i].note);
    }
}

enum sy_code sy_report_tables(const json_t *report, enum sy_format format, size_t top,
                              const char *const *section, size_t n, struct sy_result *result,
                              struct sy_err *err)
{
    bool named = format == SY_FORMAT_CSV && n != 1;
    enum sy_code code = SY_OK;
    if (n == 0)
        put_head(report, result);
    for (size_t i = 0; i < sy_nspec && code == SY_OK; i++)
        if (picked(&sy_specs[i], format, section, n))
            code = put_table(report, &sy_specs[i], format, top, named, result, err);
    put_notes(format, section, n, result);
    if (n == 0)
        put_tail(report, result);
    if (result->after.len > 0 && result->ntable > 0) { /* a blank line below the tables */
        struct sy_str after = result->after;
        sy_str_init(&result->after, SY_OUTPUT_MAX);
        sy_str_append(&result->after, "\n");
        sy_str_append_n(&result->after, after.data, after.len);
        result->after.failed |= after.failed;
        sy_str_done(&after);
    }
    return code;
}
