/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/marks.h"

#include "base/mem.h"

#include <stdlib.h>

enum sy_code sy_marks_add(struct sy_marks *marks, uint64_t key, unsigned line, struct sy_err *err)
{
    if (marks->n == marks->size) {
        size_t size = marks->size == 0 ? 64 : marks->size * 2;
        struct sy_mark *grown = sy_realloc(marks->mark, size * sizeof *grown);
        if (grown == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        marks->mark = grown;
        marks->size = size;
    }
    marks->mark[marks->n++] = (struct sy_mark){.key = key, .line = line};
    return SY_OK;
}

static int mark_cmp(const void *left, const void *right)
{
    const struct sy_mark *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

const struct sy_mark *sy_marks_twice(struct sy_marks *marks, unsigned *ret_first)
{
    if (marks->n > 0)
        qsort(marks->mark, marks->n, sizeof *marks->mark, mark_cmp);
    for (size_t i = 1; i < marks->n; i++) {
        if (marks->mark[i].key == marks->mark[i - 1].key) {
            *ret_first = marks->mark[i - 1].line;
            return &marks->mark[i];
        }
    }
    return NULL;
}

static int key_cmp(const void *left, const void *right)
{
    const uint64_t *key = left;
    const struct sy_mark *mark = right;
    return (*key > mark->key) - (*key < mark->key);
}

bool sy_marks_has(const struct sy_marks *marks, uint64_t key)
{
    return marks->n > 0 &&
           bsearch(&key, marks->mark, marks->n, sizeof *marks->mark, key_cmp) != NULL;
}

void sy_marks_done(struct sy_marks *marks)
{
    sy_free(marks->mark);
    *marks = (struct sy_marks){0};
}
