/* SPDX-License-Identifier: Apache-2.0 */
/* Two reports side by side: rows are matched by the key columns of their table. */
#include "planner/report/report_private.h"
#include "planner/report/spec.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX ((size_t)1 << 16)

/* A row with the text of its keys, in order of that text. */
struct keyed {
    char *key; /* owned */
    const json_t *row;
};
struct keyed_rows {
    struct keyed *item;
    size_t n;
};

static void free_rows(struct keyed_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        sy_free(rows->item[i].key);
    sy_free(rows->item);
    *rows = (struct keyed_rows){0};
}

static int by_key(const void *pa, const void *pb)
{
    const struct keyed *a = pa, *b = pb;
    return strcmp(a->key, b->key);
}

static char *key_of(const struct sy_spec *spec, const json_t *row)
{
    struct sy_str key, cell;
    sy_str_init(&key, KEY_MAX);
    sy_str_init(&cell, KEY_MAX);
    for (size_t c = 0; c < spec->ncolumn; c++) {
        if (!spec->column[c].key)
            continue;
        sy_spec_show(&spec->column[c], row, true, &cell);
        sy_str_append(&key, key.len > 0 ? " / " : "");
        sy_str_append(&key, cell.data != NULL ? cell.data : "");
    }
    key.failed |= sy_str_failed(&cell);
    size_t len = 0;
    char *text = sy_str_take(&key, &len);
    sy_str_done(&cell);
    sy_str_done(&key);
    return text;
}

static enum sy_code key_rows(const struct sy_spec *spec, const json_t *report,
                             struct keyed_rows *to, struct sy_err *err)
{
    const json_t *rows = sy_report_at(report, spec->rows);
    if (!json_is_array(rows))
        return sy_fail(err, SY_EINVAL, "%s: expected array, got %s", spec->rows,
                       sy_json_type(rows));
    to->item = sy_calloc(json_array_size(rows) + 1, sizeof *to->item);
    if (to->item == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (!json_is_object(row))
            return sy_fail(err, SY_EINVAL, "%s/%zu: expected object, got %s", spec->rows, i,
                           sy_json_type(row));
        to->item[to->n].key = key_of(spec, row);
        if (to->item[to->n].key == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        to->item[to->n++].row = row;
    }
    if (to->n > 0)
        qsort(to->item, to->n, sizeof *to->item, by_key);
    return SY_OK;
}

struct changes {
    const struct sy_spec *spec;
    json_t *array;
    struct sy_writer w;
};

static json_t *begin_change(struct changes *c, const char *key, const char *change)
{
    json_t *row = sy_write_row(&c->w, c->array);
    sy_write_text(&c->w, row, "row", key);
    sy_write_text(&c->w, row, "change", change);
    return row;
}

static json_t *value_of(const json_t *value)
{
    return value != NULL ? json_deep_copy(value) : json_null();
}

/* NULL and null are one. */
static bool same(const json_t *a, const json_t *b)
{
    if (a == NULL || json_is_null(a))
        return b == NULL || json_is_null(b);
    return b != NULL && json_equal(a, b);
}

static void compare_rows(struct changes *c, const struct keyed *before, const struct keyed *after)
{
    for (size_t i = 0; i < c->spec->ncolumn; i++) {
        const struct sy_spec_column *column = &c->spec->column[i];
        const json_t *a = sy_report_at(before->row, column->path);
        const json_t *b = sy_report_at(after->row, column->path);
        if (column->key || same(a, b))
            continue;
        json_t *row = begin_change(c, before->key, "changed");
        sy_write_text(&c->w, row, "member", column->path);
        sy_write(&c->w, row, "before", value_of(a));
        sy_write(&c->w, row, "after", value_of(b));
        if (json_is_integer(a) && json_is_integer(b))
            sy_write_int(&c->w, row, "difference", json_integer_value(b) - json_integer_value(a));
        else if (json_is_number(a) && json_is_number(b))
            sy_write(
                &c->w, row, "difference",
                json_real((double)(int64_t)((json_number_value(b) - json_number_value(a)) * 1000) /
                          1000));
    }
}

static void whole_row(struct changes *c, const struct keyed *row, const char *change)
{
    json_t *to = begin_change(c, row->key, change);
    sy_write(&c->w, to, strcmp(change, "added") == 0 ? "after" : "before", value_of(row->row));
}

static void merge_rows(struct changes *c, const struct keyed_rows *before,
                       const struct keyed_rows *after)
{
    size_t i = 0, k = 0;
    while (i < before->n || k < after->n) {
        int order = i == before->n  ? 1
                    : k == after->n ? -1
                                    : strcmp(before->item[i].key, after->item[k].key);
        if (order == 0)
            compare_rows(c, &before->item[i++], &after->item[k++]);
        else if (order < 0)
            whole_row(c, &before->item[i++], "removed");
        else
            whole_row(c, &after->item[k++], "added");
    }
}

static enum sy_code diff_section(const struct sy_spec *spec, const json_t *before,
                                 const json_t *after, json_t *sections, struct sy_err *err)
{
    struct keyed_rows old = {0}, new = {0};
    struct changes c = {.spec = spec};
    enum sy_code code = key_rows(spec, before, &old, err);
    if (code == SY_OK)
        code = key_rows(spec, after, &new, err);
    if (code == SY_OK) {
        json_t *row = sy_write_row(&c.w, sections);
        sy_write_text(&c.w, row, "section", spec->name);
        sy_write_text(&c.w, row, "title", spec->title);
        c.array = sy_write_array(&c.w, row, "changes");
        merge_rows(&c, &old, &new);
        if (c.w.failed)
            code = sy_fail(err, SY_ENOMEM, "out of memory");
    }
    free_rows(&old);
    free_rows(&new);
    return code;
}

static enum sy_code check_report(const json_t *report, const char *which, struct sy_err *err)
{
    const char *kind = "";
    enum sy_code code = sy_json_str(report, "kind", SY_JSON_REQUIRED, 64, NULL, &kind, err);
    if (code == SY_OK && strcmp(kind, SY_REPORT_KIND) != 0)
        code = sy_json_fail(SY_PATH_KEY(NULL, "kind"), SY_EINVAL, err,
                            "expected " SY_REPORT_KIND ", got %s", kind);
    return code == SY_OK ? SY_OK : sy_wrap(err, "%s", which);
}

static void write_side(struct sy_writer *w, json_t *root, const char *key, const json_t *report)
{
    json_t *side = sy_write_object(w, root, key);
    sy_write_text(w, side, "source", sy_report_text(report, "source"));
    sy_write_text(w, side, "now", sy_report_text(report, "now"));
}

enum sy_code sy_report_diff(const json_t *before, const json_t *after, json_t **ret,
                            struct sy_err *err)
{
    struct sy_writer w = {0};
    enum sy_code code = check_report(before, "the old report", err);
    if (code == SY_OK)
        code = check_report(after, "the new report", err);
    if (code != SY_OK)
        return code;
    sy_autojson json_t *root = sy_result_object(SY_REPORT_DIFF_KIND);
    write_side(&w, root, "before", before);
    write_side(&w, root, "after", after);
    json_t *sections = sy_write_array(&w, root, "sections");
    if (w.failed)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < sy_nspec && code == SY_OK; i++)
        code = diff_section(&sy_specs[i], before, after, sections, err);
    if (code == SY_OK)
        *ret = SY_TAKE(root);
    return code;
}
