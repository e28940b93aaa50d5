/* SPDX-License-Identifier: Apache-2.0 */
/* Private to planner/draw: how a drawing is made, step by step. */
#ifndef SY_PLANNER_DRAW_ROWS_H
#define SY_PLANNER_DRAW_ROWS_H

#include "planner/draw/words.h"

struct sy_draft {
    struct sy_words words;
    struct sy_drawing *drawing;
    const struct sy_fabric *fabric;
    const struct sy_usage *usage;
    bool all;
    size_t row_room, remark_room;
    bool *shown; /* [nobj] the object, or a unit of it, has a row */
};

/* rows.c: the tree, without cells. */
SY_NODISCARD enum sy_code sy_draft_rows(struct sy_draft *draft, struct sy_err *err);
/* cells.c: labels and cells of every row; then runs of equal rows become one. */
void sy_draft_cells(struct sy_draft *draft);
void sy_draft_runs(struct sy_draft *draft);
/* facts.c: the node as a whole, pods, names of units. */
void sy_draft_names(struct sy_draft *draft);
void sy_draft_facts(struct sy_draft *draft);
void sy_draft_pods(struct sy_draft *draft);
/* remarks.c: what wants attention, what is left out. */
void sy_draft_remarks(struct sy_draft *draft);
void sy_draft_omitted(struct sy_draft *draft);

/* Does a row tell of a link of its own? Root and downstream ports have the one of what is below. */
bool sy_draw_has_link(const struct sy_fabric *fabric, const struct sy_draw_row *row);

/* Zeroed memory of the drawing; NULL, and the draft has failed. */
void *sy_draft_calloc(struct sy_draft *draft, size_t count, size_t size);
/* "GPU0 GPU1 GPU2", runs as "GPU0-3" */
const char *sy_draft_units(struct sy_draft *draft, const struct sy_devset *units);
/* "team-a/train-0" of a holder. */
const char *sy_draft_pod(struct sy_draft *draft, const struct sy_holder *holder);

#endif
