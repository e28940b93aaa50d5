/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/rows.h"

#include <string.h>

static void fill(struct sy_draft *draft)
{
    sy_draft_cells(draft);
    sy_draft_facts(draft);
    sy_draft_pods(draft);
    sy_draft_remarks(draft);
    sy_draft_omitted(draft);
    sy_draft_runs(draft);
}

enum sy_code sy_drawing_make(struct sy_node *node, const struct sy_draw_options *options,
                             struct sy_drawing **ret, struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(SY_DRAW_BYTES_MAX);
    struct sy_drawing *drawing = arena != NULL ? sy_arena_calloc(arena, 1, sizeof *drawing) : NULL;
    if (drawing == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the drawing");
    struct sy_draft draft = {
        .words = {.arena = arena},
        .drawing = drawing,
        .fabric = node->fabric,
        .usage = node->usage,
        .all = options->all,
    };
    drawing->node = node;
    sy_draft_names(&draft);
    enum sy_code code = sy_draft_rows(&draft, err);
    if (code != SY_OK)
        return code;
    fill(&draft);
    if (draft.words.failed && sy_arena_used(arena) > SY_DRAW_BYTES_MAX / 2)
        return sy_fail(err, SY_ELIMIT, "%s: the drawing takes more than %zu bytes", node->name,
                       SY_DRAW_BYTES_MAX);
    if (draft.words.failed)
        return sy_fail(err, SY_ENOMEM, "out of memory for the drawing");
    drawing->node = sy_node_ref(node);
    drawing->arena = SY_TAKE(arena);
    *ret = drawing;
    return SY_OK;
}

void sy_drawing_free(struct sy_drawing *drawing)
{
    if (drawing == NULL)
        return;
    sy_node_unref(drawing->node);
    sy_arena_free(drawing->arena); /* the drawing itself lies in it */
}

static const char *const matrix_names[] = {
#define X(id, name) name,
    SY_MATRICES(X)
#undef X
};

int sy_matrix_find(const char *name)
{
    for (int i = 0; i < SY_MATRIX_COUNT; i++) {
        if (strcmp(matrix_names[i], name) == 0)
            return i;
    }
    return -1;
}
