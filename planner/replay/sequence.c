/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/sequence.h"

#include "base/random.h"
#include "planner/replay/csv.h"

#include <assert.h>
#include <inttypes.h>

struct numbers {
    uint32_t *value;
    size_t n, size;
};

static enum sy_code no_memory(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "out of memory for the order of arrivals");
}

static bool append(struct numbers *numbers, uint32_t value)
{
    if (numbers->n == numbers->size) {
        size_t size = numbers->size == 0 ? 1024 : numbers->size * 2;
        uint32_t *more = sy_realloc(numbers->value, size * sizeof *more);
        if (more == NULL)
            return false;
        numbers->value = more;
        numbers->size = size;
    }
    numbers->value[numbers->n++] = value;
    return true;
}

/* All lines of a file, each below `bound`, at most `most` of them. */
static enum sy_code read_numbers(const char *file, const char *data, size_t len, size_t bound,
                                 size_t most, struct numbers *ret, struct sy_err *err)
{
    const char *at = data, *end = data + len;
    unsigned line = 0;
    bool any = true;
    int64_t value;
    for (;;) {
        enum sy_code code =
            sy_csv_number_line(file, &at, end, &line, (int64_t)bound - 1, &value, &any, err);
        if (code != SY_OK || !any)
            return code;
        if (ret->n == most)
            return sy_fail(err, SY_ELIMIT, "%s:%u: more than %zu lines", file, line, most);
        if (!append(ret, (uint32_t)value))
            return no_memory(err);
    }
}

enum sy_code sy_sequence_read_pods(const char *file, const char *data, size_t len, size_t rows,
                                   struct sy_sequence *ret, struct sy_err *err)
{
    struct numbers pods = {0};
    enum sy_code code = read_numbers(file, data, len, rows, SY_SEQUENCE_PODS, &pods, err);
    if (code == SY_OK && pods.n == 0)
        code = sy_fail(err, SY_EPARSE, "%s: empty, expected a row of the pods on each line", file);
    if (code != SY_OK) {
        sy_free(pods.value);
        return code;
    }
    ret->pod = pods.value;
    ret->n = pods.n;
    return SY_OK;
}

static enum sy_code check_ranks(const char *file, const struct numbers *ranks, size_t nodes,
                                struct sy_err *err)
{
    if (ranks->n != nodes)
        return sy_fail(err, SY_EPARSE, "%s: %zu ranks for %zu nodes", file, ranks->n, nodes);
    sy_autofree bool *seen = sy_calloc(nodes, sizeof *seen);
    if (seen == NULL)
        return no_memory(err);
    for (size_t i = 0; i < nodes; i++) {
        if (seen[ranks->value[i]])
            return sy_fail(err, SY_ECONFLICT, "%s: rank %" PRIu32 " twice", file, ranks->value[i]);
        seen[ranks->value[i]] = true;
    }
    return SY_OK;
}

enum sy_code sy_sequence_read_ranks(const char *file, const char *data, size_t len, size_t nodes,
                                    struct sy_sequence *ret, struct sy_err *err)
{
    struct numbers ranks = {0};
    enum sy_code code = read_numbers(file, data, len, nodes, nodes, &ranks, err);
    if (code == SY_OK)
        code = check_ranks(file, &ranks, nodes, err);
    if (code == SY_OK)
        ret->rank = ranks.value;
    else
        sy_free(ranks.value);
    return code;
}

static int64_t demand(const struct sy_trace_pods *pods, uint32_t row)
{
    return sy_trace_demand(&pods->pod_class[pods->pod[row]]);
}

/* The published protocol compares with one device's share of the pod, not with all of them. */
static enum sy_code fill_up(const struct sy_trace_pods *pods, int64_t target,
                            struct sy_random *random, struct numbers *order, struct sy_err *err)
{
    int64_t asked = pods->total_milli;
    for (;;) {
        uint32_t row = (uint32_t)sy_random_below(random, pods->n);
        if (asked + pods->pod_class[pods->pod[row]].device_milli > target)
            return SY_OK;
        if (order->n == SY_SEQUENCE_PODS)
            return sy_fail(err, SY_ELIMIT, "more than %u arrivals", SY_SEQUENCE_PODS);
        if (!append(order, row))
            return no_memory(err);
        asked += demand(pods, row);
    }
}

/* Any of those left with the same chance: one that is gone is drawn again. */
static void thin_out(const struct sy_trace_pods *pods, int64_t target, struct sy_random *random,
                     struct numbers *order)
{
    size_t kept = 0;
    assert(order->value != NULL); /* a trace has pods */
    for (int64_t asked = pods->total_milli; asked > target;) {
        uint32_t *row = &order->value[sy_random_below(random, order->n)];
        if (*row == UINT32_MAX)
            continue;
        asked -= demand(pods, *row);
        *row = UINT32_MAX;
    }
    for (size_t i = 0; i < order->n; i++)
        if (order->value[i] != UINT32_MAX)
            order->value[kept++] = order->value[i];
    order->n = kept;
}

static enum sy_code draw_pods(const struct sy_trace_nodes *nodes, const struct sy_trace_pods *pods,
                              unsigned percent, struct sy_random *random, struct numbers *order,
                              struct sy_err *err)
{
    int64_t target = nodes->total_milli / 100 * percent + nodes->total_milli % 100 * percent / 100;
    for (uint32_t row = 0; row < pods->n; row++)
        if (!append(order, row))
            return no_memory(err);
    sy_random_shuffle(random, order->value, order->n);
    if (pods->total_milli > target)
        thin_out(pods, target, random, order);
    else if (pods->total_milli > 0)
        return fill_up(pods, target, random, order, err);
    return SY_OK;
}

enum sy_code sy_sequence_draw(const struct sy_trace_nodes *nodes, const struct sy_trace_pods *pods,
                              uint64_t seed, unsigned percent, struct sy_sequence *ret,
                              struct sy_err *err)
{
    struct numbers order = {0};
    struct sy_random random;
    sy_random_init(&random, seed);
    uint32_t *rank = sy_calloc(nodes->n, sizeof *rank);
    enum sy_code code =
        rank == NULL ? no_memory(err) : draw_pods(nodes, pods, percent, &random, &order, err);
    if (code != SY_OK) {
        sy_free(rank);
        sy_free(order.value);
        return code;
    }
    for (uint32_t i = 0; i < nodes->n; i++)
        rank[i] = i;
    sy_random_shuffle(&random, rank, nodes->n);
    *ret = (struct sy_sequence){.pod = order.value, .n = order.n, .rank = rank};
    return SY_OK;
}

void sy_sequence_done(struct sy_sequence *sequence)
{
    sy_free(sequence->pod);
    sy_free(sequence->rank);
    *sequence = (struct sy_sequence){0};
}
