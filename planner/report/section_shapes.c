/* SPDX-License-Identifier: Apache-2.0 */
/* How many more pods of each shape fit, and what keeps the free devices from more. */
#include "planner/report/report_private.h"

static void write_left(struct sy_writer *w, json_t *row, const struct sy_capacity_slots *slots)
{
    json_t *left = sy_write_object(w, row, "left");
    for (unsigned why = SY_STRAND_NOT + 1; why < SY_STRAND_COUNT; why++)
        if (slots->left[why] > 0)
            sy_write_int(w, left, sy_strand_name(why), (int64_t)slots->left[why]);
}

enum sy_code sy_report_section_shapes(struct sy_report *r, struct sy_err *err)
{
    json_t *rows = sy_write_array(&r->w, r->root, "shapes");
    (void)err;
    for (size_t i = 0; i < r->now.nshape; i++) {
        const struct sy_capacity_shape *shape = &r->now.shape[i];
        const struct sy_capacity_slots *slots = &r->now.slots[i];
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_int(&r->w, row, "number", (int64_t)i + 1);
        sy_write_text(&r->w, row, "shape", shape->name);
        sy_write_int(&r->w, row, "running", shape->bound);
        sy_write_int(&r->w, row, "pending", shape->pending);
        sy_write_int(&r->w, row, "slots", (int64_t)slots->slots);
        sy_write(&r->w, row, "atLeast", json_boolean(slots->limited));
        sy_write_int(&r->w, row, "nodes", slots->nodes);
        sy_write_int(&r->w, row, "free", (int64_t)slots->free);
        sy_write_int(&r->w, row, "used", (int64_t)slots->used);
        sy_write(&r->w, row, "unusablePercent", json_real((double)slots->fragmentation / 10));
        write_left(&r->w, row, slots);
    }
    return SY_OK;
}
