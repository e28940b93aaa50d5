/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as JSON, and tables as views of it, so that both always say the same. A failure (memory)
 * is sticky: who builds asks once, at the end. */
#ifndef SY_PLANNER_EXPLAIN_FORM_H
#define SY_PLANNER_EXPLAIN_FORM_H

#include "base/arena.h"
#include "planner/cli/output.h"

#include <stdint.h>

struct sy_form {
    bool failed;
};

/* The reference goes over; NULL is a failure. */
void sy_form_put(struct sy_form *form, json_t *obj, const char *key, json_t *value);
void sy_form_add(struct sy_form *form, json_t *array, json_t *value);
json_t *sy_form_text(const char *text);   /* NULL: null */
json_t *sy_form_number(int64_t value);    /* below 0: null */
json_t *sy_form_watts(int64_t mw);        /* below 0 (SY_UNKNOWN_MW): null */
json_t *sy_form_signed_watts(int64_t mw); /* any number */
json_t *sy_form_gbps(uint32_t mbps);      /* 0: null */
/* A text made of parts; NULL: out of memory, or not UTF-8. */
json_t *sy_form_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* SY_ENOMEM when something failed. */
SY_NODISCARD enum sy_code sy_form_end(const struct sy_form *form, struct sy_err *err);

#define SY_NUMBER_TEXT 32
/* Thousandths as people write them: 1350000 → "1350", 46930 → "46.93". Returns buf. */
const char *sy_thousandths_text(int64_t value, char buf[SY_NUMBER_TEXT]);

/* One column of a view: its head, and the member of a row that it shows ("a/b": a member of a
 * member). Texts and numbers are shown as they are, null as "-", true as "yes", lists with commas.
 */
struct sy_view {
    const struct sy_column *column;
    const char *const *key;
    size_t n;
};
/* A table of `rows` (an array of objects), owned by the result. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_view_table(struct sy_result *result, const char *title,
                                        const struct sy_view *view, const json_t *rows,
                                        struct sy_err *err);

#endif
