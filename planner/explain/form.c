/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/form.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sy_form_put(struct sy_form *form, json_t *obj, const char *key, json_t *value)
{
    if (json_object_set_new(obj, key, value) != 0)
        form->failed = true;
}

void sy_form_add(struct sy_form *form, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        form->failed = true;
}

json_t *sy_form_text(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

json_t *sy_form_number(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

/* Whole watts stay whole numbers. */
json_t *sy_form_signed_watts(int64_t mw)
{
    return mw % 1000 == 0 ? json_integer(mw / 1000) : json_real((double)mw / 1000);
}

json_t *sy_form_watts(int64_t mw)
{
    return mw < 0 ? json_null() : sy_form_signed_watts(mw);
}

json_t *sy_form_gbps(uint32_t mbps)
{
    return mbps == 0 ? json_null() : sy_form_signed_watts(mbps);
}

json_t *sy_form_format(const char *fmt, ...)
{
    struct sy_str text;
    char part[1024];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(part, sizeof part, fmt, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof part)
        return json_string(part);
    sy_str_init(&text, SY_OUTPUT_MAX); /* a longer one than most */
    if (!sy_str_reserve(&text, (size_t)len))
        return NULL;
    va_start(args, fmt);
    (void)vsnprintf(text.data, (size_t)len + 1, fmt, args);
    va_end(args);
    json_t *value = json_stringn(text.data, (size_t)len);
    sy_str_done(&text);
    return value;
}

enum sy_code sy_form_end(const struct sy_form *form, struct sy_err *err)
{
    return form->failed ? sy_fail(err, SY_ENOMEM, "out of memory for the answer") : SY_OK;
}

const char *sy_thousandths_text(int64_t value, char buf[SY_NUMBER_TEXT])
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int len = snprintf(buf, SY_NUMBER_TEXT, "%s%llu.%03llu", value < 0 ? "-" : "",
                       (unsigned long long)(size / 1000), (unsigned long long)(size % 1000));
    while (len > 0 && buf[len - 1] == '0')
        buf[--len] = '\0';
    if (len > 0 && buf[len - 1] == '.')
        buf[--len] = '\0';
    return buf;
}

/* Member "a/b" of a row. */
static const json_t *member(const json_t *row, const char *key)
{
    char name[64];
    while (row != NULL) {
        size_t len = strcspn(key, "/");
        if (len >= sizeof name)
            return NULL;
        memcpy(name, key, len);
        name[len] = '\0';
        row = json_object_get(row, name);
        if (key[len] == '\0')
            break;
        key += len + 1;
    }
    return row;
}

static void append_value(struct sy_str *out, const json_t *value)
{
    char number[SY_NUMBER_TEXT];
    if (json_is_string(value))
        sy_str_append(out, json_string_value(value));
    else if (json_is_integer(value))
        sy_str_printf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value)) {
        double real = json_real_value(value) * 1000;
        sy_str_append(out, sy_thousandths_text((int64_t)(real + (real < 0 ? -0.5 : 0.5)), number));
    } else if (json_is_boolean(value))
        sy_str_append(out, json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value) && json_array_size(value) > 0) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            sy_str_append(out, i > 0 ? ", " : "");
            append_value(out, json_array_get(value, i));
        }
    } else
        sy_str_append(out, "-");
}

enum sy_code sy_view_table(struct sy_result *result, const char *title, const struct sy_view *view,
                           const json_t *rows, struct sy_err *err)
{
    struct sy_table *table = sy_result_table(result, title, view->column, view->n);
    struct sy_str cell;
    sy_str_init(&cell, SY_OUTPUT_MAX);
    for (size_t i = 0; table != NULL && i < json_array_size(rows); i++)
        for (size_t c = 0; c < view->n; c++) {
            if (cell.data != NULL) { /* the buffer is used again */
                cell.len = 0;
                cell.data[0] = '\0';
            }
            append_value(&cell, member(json_array_get(rows, i), view->key[c]));
            sy_table_cell(table, cell.data != NULL ? cell.data : "");
        }
    bool failed = table == NULL || sy_str_failed(&cell);
    sy_str_done(&cell);
    return failed ? sy_fail(err, SY_ENOMEM, "out of memory for the table") : SY_OK;
}
