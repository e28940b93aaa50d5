/* SPDX-License-Identifier: Apache-2.0 */
/* Making JSON whose failures (memory) are sticky: looked at once, at the end of a section. */
#ifndef SY_PLANNER_REPORT_WRITE_H
#define SY_PLANNER_REPORT_WRITE_H

#include "base/json.h"

struct sy_writer {
    bool failed;
};

/* obj[key] = value, or one more of an array; the reference goes over. A NULL value is a failure. */
void sy_write(struct sy_writer *w, json_t *obj, const char *key, json_t *value);
void sy_write_item(struct sy_writer *w, json_t *array, json_t *value);
void sy_write_text(struct sy_writer *w, json_t *obj, const char *key, const char *text); /* NULL:
                                                                                            null */
void sy_write_int(struct sy_writer *w, json_t *obj, const char *key, int64_t value);
/* Thousandths as a number: 1500 → 1.5; below zero: null (it is not known). */
void sy_write_milli(struct sy_writer *w, json_t *obj, const char *key, int64_t thousandths);
/* The same where the number may be negative and `known` says whether it is one. */
void sy_write_signed(struct sy_writer *w, json_t *obj, const char *key, bool known,
                     int64_t thousandths);
/* 100 · part / whole, to a tenth; null when `whole` is 0. */
void sy_write_percent(struct sy_writer *w, json_t *obj, const char *key, int64_t part,
                      int64_t whole);
/* A new object or array that `to` holds (borrowed); NULL after a failure, which all of these take.
 */
json_t *sy_write_object(struct sy_writer *w, json_t *to, const char *key);
json_t *sy_write_array(struct sy_writer *w, json_t *to, const char *key);
json_t *sy_write_row(struct sy_writer *w, json_t *array);

/* Reading a report: 0, "" or NULL where there is nothing of that type; `path` is "a.b.c". */
const json_t *sy_report_at(const json_t *json, const char *path);
int64_t sy_report_int(const json_t *json, const char *path);
double sy_report_number(const json_t *json, const char *path, double otherwise);
const char *sy_report_text(const json_t *json, const char *path);

#endif
