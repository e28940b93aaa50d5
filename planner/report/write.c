/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/report/write.h"

#include <string.h>

void sy_write(struct sy_writer *w, json_t *obj, const char *key, json_t *value)
{
    if (obj == NULL)
        json_decref(value);
    if (obj == NULL || json_object_set_new(obj, key, value) != 0)
        w->failed = true;
}

void sy_write_item(struct sy_writer *w, json_t *array, json_t *value)
{
    if (array == NULL)
        json_decref(value);
    if (array == NULL || json_array_append_new(array, value) != 0)
        w->failed = true;
}

void sy_write_text(struct sy_writer *w, json_t *obj, const char *key, const char *text)
{
    sy_write(w, obj, key, text != NULL ? json_string(text) : json_null());
}

void sy_write_int(struct sy_writer *w, json_t *obj, const char *key, int64_t value)
{
    sy_write(w, obj, key, json_integer(value));
}

void sy_write_signed(struct sy_writer *w, json_t *obj, const char *key, bool known,
                     int64_t thousandths)
{
    sy_write(w, obj, key, known ? json_real((double)thousandths / 1000) : json_null());
}

void sy_write_milli(struct sy_writer *w, json_t *obj, const char *key, int64_t thousandths)
{
    sy_write_signed(w, obj, key, thousandths >= 0, thousandths);
}

void sy_write_percent(struct sy_writer *w, json_t *obj, const char *key, int64_t part,
                      int64_t whole)
{
    double tenths = whole != 0 ? (double)part * 1000 / (double)whole : 0;
    tenths += tenths < 0 ? -0.5 : 0.5;
    sy_write(w, obj, key, whole != 0 ? json_real((double)(int64_t)tenths / 10) : json_null());
}

json_t *sy_write_object(struct sy_writer *w, json_t *to, const char *key)
{
    json_t *made = json_object();
    sy_write(w, to, key, made);
    return w->failed ? NULL : made;
}

json_t *sy_write_array(struct sy_writer *w, json_t *to, const char *key)
{
    json_t *made = json_array();
    sy_write(w, to, key, made);
    return w->failed ? NULL : made;
}

json_t *sy_write_row(struct sy_writer *w, json_t *array)
{
    json_t *made = json_object();
    sy_write_item(w, array, made);
    return w->failed ? NULL : made;
}

const json_t *sy_report_at(const json_t *json, const char *path)
{
    while (json != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        json = json_object_getn(json, path, len);
        path += len + (path[len] == '.');
    }
    return json;
}

int64_t sy_report_int(const json_t *json, const char *path)
{
    const json_t *value = sy_report_at(json, path);
    return json_is_integer(value) ? json_integer_value(value) : 0;
}

double sy_report_number(const json_t *json, const char *path, double otherwise)
{
    const json_t *value = sy_report_at(json, path);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

const char *sy_report_text(const json_t *json, const char *path)
{
    const json_t *value = sy_report_at(json, path);
    return json_is_string(value) ? json_string_value(value) : "";
}
