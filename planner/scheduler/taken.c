/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken on a node. Sums wrap as Go's do, so that what is removed is what was added. */
#include "planner/scheduler/private.h"

#include <string.h>

int64_t sy_wrapping_add(int64_t a, int64_t b)
{
    int64_t sum;
    (void)__builtin_add_overflow(a, b, &sum);
    return sum;
}

int64_t sy_wrapping_sub(int64_t a, int64_t b)
{
    int64_t rest;
    (void)__builtin_sub_overflow(a, b, &rest);
    return rest;
}

/* Index of a name, or of the place where it would stand. */
static size_t place_of(const struct sy_amount *amount, size_t n, const char *name)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(amount[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t value_of(const struct sy_amount *amount, size_t n, const char *name)
{
    size_t i = place_of(amount, n, name);
    return i < n && strcmp(amount[i].name, name) == 0 ? amount[i].value : 0;
}

int64_t sy_taken_of(const struct sy_taken *taken, const char *name)
{
    return value_of(taken->other, taken->n, name);
}

int64_t sy_amount_of(const struct sy_amounts *amounts, const char *name)
{
    return value_of(amounts->other, amounts->n, name);
}

/* Room for all names that the pod may bring. */
static enum sy_code reserve(struct sy_taken *taken, size_t extra, struct sy_err *err)
{
    size_t size, bytes;
    if (taken->size - taken->n >= extra)
        return SY_OK;
    if (!sy_add_size(taken->n, extra, &size) || !sy_mul_size(size, sizeof *taken->other, &bytes))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_amount *other = sy_realloc(taken->other, bytes);
    if (other == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    taken->other = other;
    taken->size = size;
    return SY_OK;
}

static void add_other(struct sy_taken *taken, const struct sy_amount *amount)
{
    size_t i = place_of(taken->other, taken->n, amount->name);
    if (i == taken->n || strcmp(taken->other[i].name, amount->name) != 0) {
        memmove(&taken->other[i + 1], &taken->other[i], (taken->n - i) * sizeof *taken->other);
        taken->other[i] = (struct sy_amount){.name = amount->name};
        taken->n++;
    }
    taken->other[i].value = sy_wrapping_add(taken->other[i].value, amount->value);
}

static void add_sums(struct sy_taken *taken, const struct sy_state_pod *pod,
                     int64_t (*sum)(int64_t, int64_t))
{
    const struct sy_amounts *requests = &pod->requests;
    taken->cpu_milli = sum(taken->cpu_milli, requests->cpu_milli);
    taken->memory_bytes = sum(taken->memory_bytes, requests->memory_bytes);
    taken->storage_bytes = sum(taken->storage_bytes, requests->storage_bytes);
    taken->pods = sum(taken->pods, 1);
    taken->nonzero_cpu_milli = sum(taken->nonzero_cpu_milli, pod->nonzero_cpu_milli);
    taken->nonzero_memory_bytes = sum(taken->nonzero_memory_bytes, pod->nonzero_memory_bytes);
}

enum sy_code sy_taken_add(struct sy_taken *taken, const struct sy_state_pod *pod,
                          struct sy_err *err)
{
    enum sy_code code = reserve(taken, pod->requests.n, err);
    if (code != SY_OK)
        return code;
    add_sums(taken, pod, sy_wrapping_add);
    for (size_t i = 0; i < pod->requests.n; i++)
        add_other(taken, &pod->requests.other[i]);
    return SY_OK;
}

void sy_taken_remove(struct sy_taken *taken, const struct sy_state_pod *pod)
{
    add_sums(taken, pod, sy_wrapping_sub);
    for (size_t i = 0; i < pod->requests.n; i++) {
        const struct sy_amount *amount = &pod->requests.other[i];
        size_t at = place_of(taken->other, taken->n, amount->name);
        if (at < taken->n && strcmp(taken->other[at].name, amount->name) == 0)
            taken->other[at].value = sy_wrapping_sub(taken->other[at].value, amount->value);
    }
}

enum sy_code sy_taken_copy(const struct sy_taken *taken, struct sy_taken *ret, struct sy_err *err)
{
    struct sy_taken copy = *taken;
    copy.other = NULL;
    copy.size = copy.n = 0;
    enum sy_code code = reserve(&copy, taken->n, err);
    if (code != SY_OK)
        return code;
    if (taken->n > 0)
        memcpy(copy.other, taken->other, taken->n * sizeof *taken->other);
    copy.n = taken->n;
    *ret = copy;
    return SY_OK;
}

void sy_taken_done(struct sy_taken *taken)
{
    sy_free(taken->other);
    *taken = (struct sy_taken){0};
}
