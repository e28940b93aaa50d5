/* SPDX-License-Identifier: Apache-2.0 */
/* Making a workload: the typical kinds, how scarce each is, what of a device is never filled. */
#include "scoring/workload_private.h"

#include <stdlib.h>
#include <string.h>

#define PPM UINT64_C(1000000)
/* A device's room is sure to be filled when so many of all pods fit into it, ppm; below that the
 * less, the fewer do. Judgement: between 1 and 3 % the traces at hand do not care. */
#define SURE_PPM 20000
/* A demand that fits nowhere counts as one that fits into a 50th of all devices. Judgement. */
#define SCARCE_MAX UINT64_C(50)
#define CPU_MAX (INT64_C(1) << 40)
#define MEMORY_MAX (INT64_C(1) << 42)
#define PODS_MAX (UINT64_C(1) << 40)
#define NODES_MAX (UINT64_C(1) << 24) /* as SY_CLUSTER_NODES_MAX: thousandths x ppm fit 64 bits */

static int compare_i64(int64_t a, int64_t b)
{
    return a < b ? 1 : a > b ? -1 : 0; /* the larger first */
}

static int compare_kind(const struct sy_workload_demand *a, const struct sy_workload_demand *b)
{
    int order = compare_i64(a->cpu_milli, b->cpu_milli);
    if (order == 0)
        order = compare_i64(a->nentry, b->nentry);
    for (unsigned e = 0; order == 0 && e < a->nentry; e++) {
        const struct sy_workload_entry *x = &a->entry[e], *y = &b->entry[e];
        order = compare_i64(x->milli, y->milli);
        if (order == 0)
            order = compare_i64(x->count, y->count);
        if (order == 0 && x->groups != y->groups)
            order = x->groups < y->groups ? 1 : -1;
    }
    return order != 0 ? order : compare_i64(a->memory_mib, b->memory_mib);
}

static int by_kind(const void *a, const void *b)
{
    return compare_kind(a, b);
}

static int by_pods(const void *a, const void *b)
{
    const struct sy_workload_demand *x = a, *y = b;
    if (x->pods != y->pods)
        return x->pods < y->pods ? 1 : -1;
    return compare_kind(x, y);
}

static bool is_possible(const struct sy_workload_demand *demand)
{
    bool possible = demand->cpu_milli >= 0 && demand->cpu_milli <= CPU_MAX &&
                    demand->memory_mib >= SY_WORKLOAD_NOT_TOLD &&
                    demand->memory_mib <= MEMORY_MAX && demand->nentry <= SY_ENTRY_MAX;
    for (unsigned e = 0; possible && e < demand->nentry; e++) {
        const struct sy_workload_entry *entry = &demand->entry[e];
        possible =
            entry->groups != 0 && entry->count > 0 && entry->milli > 0 && entry->milli <= SY_WHOLE;
    }
    return possible;
}

/* Distinct demands in `demand`, the most frequent first. */
static size_t merge(struct sy_workload_demand *demand, size_t n)
{
    size_t kept = 0;
    qsort(demand, n, sizeof *demand, by_kind);
    for (size_t i = 0; i < n; i++) {
        if (demand[i].pods == 0)
            continue;
        if (kept > 0 && compare_kind(&demand[kept - 1], &demand[i]) == 0)
            demand[kept - 1].pods += demand[i].pods;
        else
            demand[kept++] = demand[i];
    }
    qsort(demand, kept, sizeof *demand, by_pods);
    return kept;
}

/* SY_WORKLOAD_SIZES: there is no place for one more. */
static uint16_t size_index(struct sy_workload *workload, uint16_t milli)
{
    for (uint16_t i = 0; i < workload->nmilli; i++) {
        if (workload->milli[i] == milli)
            return i;
    }
    if (workload->nmilli == SY_WORKLOAD_SIZES)
        return SY_WORKLOAD_SIZES;
    /* Rounded up: too much by less than 2^-21 of a room of at most 1000, so that the quotient is
     * exact. */
    workload->inverse[workload->nmilli] =
        ((UINT32_C(1) << SY_WORKLOAD_INVERSE_BITS) + milli - 1u) / milli;
    workload->milli[workload->nmilli] = milli;
    return workload->nmilli++;
}

static bool add_class(struct sy_workload *workload, const struct sy_workload_demand *demand)
{
    struct sy_workload_class *cls = &workload->cls[workload->nclass];
    cls->demand = *demand;
    for (unsigned e = 0; e < demand->nentry; e++) {
        cls->size[e] = size_index(workload, demand->entry[e].milli);
        if (cls->size[e] == SY_WORKLOAD_SIZES)
            return false;
    }
    workload->nclass++;
    return true;
}

/* The prefix that is `percent` of all pods, and each class's share of it. */
static void take_typical(struct sy_workload *workload, const struct sy_workload_demand *demand,
                         size_t n, unsigned percent)
{
    uint64_t all = 0, seen = 0, taken = 0;
    for (size_t i = 0; i < n; i++)
        all += demand[i].pods;
    for (size_t i = 0; i < n && workload->nclass < SY_WORKLOAD_CLASSES; i++) {
        if (seen * 100 >= all * percent)
            break;
        seen += demand[i].pods;
        taken += add_class(workload, &demand[i]) ? demand[i].pods : 0;
    }
    for (unsigned i = 0; i < workload->nclass && taken > 0; i++) {
        struct sy_workload_class *cls = &workload->cls[i];
        cls->share_ppm = (uint32_t)((cls->demand.pods * PPM + taken / 2) / taken);
    }
}

/* *ret += nodes x each; what is not told adds nothing. */
static bool add_product(int64_t *ret, uint32_t nodes, int64_t each)
{
    int64_t product;
    return each <= 0 || (!__builtin_mul_overflow((int64_t)nodes, each, &product) &&
                         !__builtin_add_overflow(*ret, product, ret));
}

/* Memory that nobody told: as much for its CPU as the nodes have for theirs. */
static void guess_memory(struct sy_workload *workload, const struct sy_workload_capacity *capacity,
                         size_t n)
{
    int64_t cpu = 0, memory = 0, part;
    bool exact = true;
    for (size_t i = 0; i < n; i++) {
        const struct sy_workload_node *node = capacity[i].node;
        if (node->cpu_milli > 0 && node->memory_mib > 0)
            exact = exact && add_product(&cpu, capacity[i].nodes, node->cpu_milli) &&
                    add_product(&memory, capacity[i].nodes, node->memory_mib);
    }
    for (unsigned i = 0; exact && cpu > 0 && i < workload->nclass; i++) {
        struct sy_workload_demand *demand = &workload->cls[i].demand;
        if (demand->memory_mib == SY_WORKLOAD_NOT_TOLD &&
            !__builtin_mul_overflow(demand->cpu_milli, memory, &part))
            demand->memory_mib = part / cpu;
    }
}

/* Thousandths of devices of one pod. */
static int64_t size_of(const struct sy_workload_demand *demand)
{
    int64_t milli = 0;
    for (unsigned e = 0; e < demand->nentry; e++)
        milli += (int64_t)demand->entry[e].count * demand->entry[e].milli;
    return milli;
}

static uint32_t root(uint32_t x)
{
    uint32_t r = 0;
    for (uint32_t bit = UINT32_C(1) << 15; bit != 0; bit >>= 1) {
        if ((uint64_t)(r | bit) * (r | bit) <= x)
            r |= bit;
    }
    return r;
}

/* Root of (all devices / those that the class could fill on empty nodes), in thousandths. */
static uint32_t scarcity(const struct sy_workload *workload, const struct sy_workload_class *cls,
                         const struct sy_workload_capacity *capacity, size_t n)
{
    uint64_t all = 0, fillable = 0;
    for (size_t i = 0; i < n; i++) {
        const struct sy_workload_node *node = capacity[i].node;
        uint64_t total = 0;
        for (unsigned k = 0; k < node->nkind; k++) {
            for (unsigned d = 0; d < node->kind[k].n; d++)
                total += node->left[node->kind[k].first + d];
        }
        int64_t slots = sy_workload_slots(workload, cls, node);
        all += capacity[i].nodes * total;
        fillable += capacity[i].nodes * (uint64_t)(slots * size_of(&cls->demand));
    }
    if (all == 0)
        return SY_WHOLE;
    bool scarce = fillable == 0 || all / fillable >= SCARCE_MAX;
    return root((uint32_t)(scarce ? SCARCE_MAX * PPM : all * PPM / fillable));
}

static void weigh(struct sy_workload *workload, const struct sy_workload_capacity *capacity,
                  size_t n)
{
    uint64_t sum = 0, with_devices = 0;
    uint64_t raw[SY_WORKLOAD_CLASSES];
    for (unsigned i = 0; i < workload->nclass; i++) {
        const struct sy_workload_class *cls = &workload->cls[i];
        raw[i] = 0;
        if (cls->demand.nentry == 0)
            continue;
        raw[i] = (uint64_t)cls->share_ppm * scarcity(workload, cls, capacity, n);
        sum += raw[i];
        with_devices += cls->share_ppm;
    }
    for (unsigned i = 0; i < workload->nclass && sum > 0; i++)
        workload->cls[i].weight_ppm = (uint32_t)((raw[i] * with_devices + sum / 2) / sum);
}

/* What stays of `left` when pods of one device come as they usually do: it is filled, with the
 * chance that one that fits comes at all, by any of them, and then by others what that one leaves.
 */
static void find_remainders(struct sy_workload *workload)
{
    for (unsigned left = 1; left <= SY_WHOLE; left++) {
        uint64_t fitting = 0, after = 0;
        for (unsigned i = 0; i < workload->nclass; i++) {
            const struct sy_workload_class *cls = &workload->cls[i];
            const struct sy_workload_entry *entry = cls->demand.entry;
            bool single = cls->demand.nentry == 1 && entry->count == 1;
            if (!single || entry->milli > left)
                continue;
            fitting += cls->share_ppm;
            after += (uint64_t)cls->share_ppm * (uint64_t)workload->remainder[left - entry->milli];
        }
        uint64_t chance = fitting < SURE_PPM ? fitting * PPM / SURE_PPM : PPM;
        uint64_t rest = left * (PPM - chance); /* thousandths x ppm: billionths */
        if (fitting > 0)
            rest += chance * (after / fitting) / PPM;
        workload->remainder[left] = (int32_t)rest;
    }
}

static void digest_workload(struct sy_workload *workload)
{
    struct sy_digest digest = sy_digest_begin();
    sy_digest_u64(&digest, workload->nclass);
    for (unsigned i = 0; i < workload->nclass; i++) {
        const struct sy_workload_class *cls = &workload->cls[i];
        sy_digest_u64(&digest, cls->share_ppm);
        sy_digest_u64(&digest, cls->weight_ppm);
        sy_digest_u64(&digest, (uint64_t)cls->demand.cpu_milli);
        sy_digest_u64(&digest, (uint64_t)cls->demand.memory_mib);
        sy_digest_u64(&digest, cls->demand.nentry);
        for (unsigned e = 0; e < cls->demand.nentry; e++) {
            sy_digest_u64(&digest, cls->demand.entry[e].groups);
            sy_digest_u64(&digest, cls->demand.entry[e].count);
            sy_digest_u64(&digest, cls->demand.entry[e].milli);
        }
    }
    workload->digest = digest;
}

struct sy_workload *sy_workload_ref(struct sy_workload *workload)
{
    (void)__atomic_add_fetch(&workload->refs, 1, __ATOMIC_RELAXED);
    return workload;
}

void sy_workload_unref(struct sy_workload *workload)
{
    if (workload == NULL || __atomic_sub_fetch(&workload->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    sy_free(workload->cls);
    sy_free(workload);
}
SY_DEFINE_AUTO(struct sy_workload, sy_workload, sy_workload_unref)

static enum sy_code check(const struct sy_workload_demand *demand, size_t n,
                          const struct sy_workload_capacity *capacity, size_t ncapacity,
                          struct sy_err *err)
{
    uint64_t pods = 0, nodes = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_possible(&demand[i]))
            return sy_fail(err, SY_EINVAL, "demand %zu: no pod can ask for this", i);
        pods = demand[i].pods > PODS_MAX - pods ? PODS_MAX : pods + demand[i].pods;
    }
    for (size_t i = 0; i < ncapacity; i++)
        nodes += capacity[i].nodes;
    if (pods >= PODS_MAX || nodes > NODES_MAX)
        return sy_fail(err, SY_ELIMIT, "2^40 pods, or more than 2^24 nodes");
    return SY_OK;
}

enum sy_code sy_workload_new(const struct sy_workload_demand *demand, size_t n, unsigned percent,
                             const struct sy_workload_capacity *capacity, size_t ncapacity,
                             struct sy_workload **ret, struct sy_err *err)
{
    enum sy_code code = check(demand, n, capacity, ncapacity, err);
    if (code != SY_OK)
        return code;
    sy_autofree struct sy_workload_demand *kinds = sy_calloc(n + 1, sizeof *kinds);
    SY_AUTO(sy_workload) struct sy_workload *workload = sy_calloc(1, sizeof *workload);
    if (workload == NULL || kinds == NULL) {
        sy_free(SY_TAKE(workload));
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    workload->refs = 1;
    if (n > 0)
        memcpy(kinds, demand, n * sizeof *kinds);
    size_t nkinds = merge(kinds, n);
    size_t room = nkinds < SY_WORKLOAD_CLASSES ? nkinds : SY_WORKLOAD_CLASSES;
    workload->cls = sy_calloc(room + 1, sizeof *workload->cls);
    if (workload->cls == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    take_typical(workload, kinds, nkinds, percent);
    guess_memory(workload, capacity, ncapacity);
    weigh(workload, capacity, ncapacity);
    find_remainders(workload);
    digest_workload(workload);
    *ret = SY_TAKE(workload);
    return SY_OK;
}
