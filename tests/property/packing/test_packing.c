/* SPDX-License-Identifier: Apache-2.0 */
/* Losses of random nodes under random workloads beside a naive reading of the definitions in
 * double precision: every device and every class on its own, nothing shared, nothing rounded. */
#include "base/random.h"
#include "scoring/packing.h"
#include "tests/lib/run.h"

#include <math.h>
#include <string.h>

#define ROUNDS 3000
#define DEMANDS 12u
#define SHAPES 3u

struct setting {
    struct sy_workload_demand demand[DEMANDS];
    unsigned ndemand;
    struct sy_workload_node shape[SHAPES];
    struct sy_workload_capacity capacity[SHAPES];
    struct sy_packing_weights weights;
};

static unsigned below(struct sy_random *random, unsigned bound)
{
    return (unsigned)sy_random_below(random, bound);
}

static void random_node(struct sy_random *random, bool empty, struct sy_workload_node *ret)
{
    unsigned n = 0;
    ret->cpu_milli = below(random, 4) == 0 ? SY_WORKLOAD_NOT_TOLD : (int64_t)below(random, 64000);
    ret->memory_mib = below(random, 4) == 0 ? SY_WORKLOAD_NOT_TOLD : (int64_t)below(random, 400000);
    ret->nkind = (uint16_t)below(random, 4);
    for (unsigned k = 0; k < ret->nkind; k++) {
        ret->kind[k] = (struct sy_workload_sort){
            .groups = below(random, 16), .first = (uint16_t)n, .n = (uint16_t)below(random, 9)};
        for (unsigned i = 0; i < ret->kind[k].n; i++)
            ret->left[n++] =
                (uint16_t)(empty || below(random, 3) == 0 ? 1000 : below(random, 1001));
    }
}

static void random_demand(struct sy_random *random, struct sy_workload_demand *ret)
{
    static const uint16_t sizes[] = {1000, 1000, 810, 470, 320, 190, 50, 1};
    memset(ret, 0, sizeof *ret);
    ret->pods = below(random, 1000);
    ret->cpu_milli = below(random, 5) == 0 ? 0 : (int64_t)below(random, 20000);
    ret->memory_mib = below(random, 2) == 0 ? SY_WORKLOAD_NOT_TOLD : (int64_t)below(random, 60000);
    ret->nentry = (uint8_t)below(random, 3);
    for (unsigned e = 0; e < ret->nentry; e++)
        ret->entry[e] = (struct sy_workload_entry){.groups = 1 + below(random, 15),
                                                   .count = (uint16_t)(1 + below(random, 4)),
                                                   .milli = sizes[below(random, 8)]};
}

static void random_setting(struct sy_random *random, struct setting *ret)
{
    ret->ndemand = below(random, DEMANDS + 1);
    for (unsigned i = 0; i < ret->ndemand; i++)
        random_demand(random, &ret->demand[i]);
    for (unsigned i = 0; i < SHAPES; i++) {
        random_node(random, true, &ret->shape[i]);
        ret->capacity[i] =
            (struct sy_workload_capacity){.node = &ret->shape[i], .nodes = below(random, 100)};
    }
    ret->weights = (struct sy_packing_weights){.fragmentation = (uint16_t)below(random, 1001),
                                               .unusable = (uint16_t)below(random, 1001),
                                               .remainder = (uint16_t)below(random, 5001),
                                               .quantum_milli = 10};
}

/* Thousandths of one class's devices on a node, as the definitions say. */
struct naive {
    double total, fits_on, filled;
};

static double times_of_entry(const struct sy_workload_entry *entry,
                             const struct sy_workload_node *node, double *fits_on)
{
    double devices = 0, slots = 0, room = 0;
    for (unsigned k = 0; k < node->nkind; k++) {
        for (unsigned i = 0; i < node->kind[k].n; i++) {
            double left = node->left[node->kind[k].first + i];
            if ((node->kind[k].groups & entry->groups) == 0 || left < entry->milli)
                continue;
            devices++;
            slots += floor(left / entry->milli);
            room += left;
        }
    }
    *fits_on += room;
    return devices < entry->count ? 0 : floor(slots / entry->count);
}

static double total_of(const struct sy_workload_node *node)
{
    double total = 0;
    for (unsigned k = 0; k < node->nkind; k++)
        for (unsigned i = 0; i < node->kind[k].n; i++)
            total += node->left[node->kind[k].first + i];
    return total;
}

static struct naive naive_of(const struct sy_workload_demand *demand,
                             const struct sy_workload_node *node)
{
    struct naive ret = {.total = total_of(node)};
    double times = demand->nentry > 0 ? INFINITY : 0, size = 0;
    for (unsigned e = 0; e < demand->nentry; e++) {
        times = fmin(times, times_of_entry(&demand->entry[e], node, &ret.fits_on));
        size += (double)demand->entry[e].count * demand->entry[e].milli;
    }
    if (node->cpu_milli >= 0 && demand->cpu_milli > 0)
        times = fmin(times, floor((double)node->cpu_milli / (double)demand->cpu_milli));
    if (node->memory_mib >= 0 && demand->memory_mib > 0)
        times = fmin(times, floor((double)node->memory_mib / (double)demand->memory_mib));
    ret.fits_on = times > 0 ? fmin(ret.fits_on, ret.total) : 0;
    ret.filled = fmin(times * size, ret.total);
    return ret;
}

/* Never filled of each left, thousandths. */
static void naive_remainders(const struct sy_workload *workload, double ret[SY_WHOLE + 1])
{
    ret[0] = 0;
    for (unsigned left = 1; left <= SY_WHOLE; left++) {
        double fitting = 0, after = 0;
        for (unsigned i = 0; i < workload->nclass; i++) {
            const struct sy_workload_demand *d = &workload->cls[i].demand;
            if (d->nentry != 1 || d->entry[0].count != 1 || d->entry[0].milli > left)
                continue;
            fitting += workload->cls[i].share_ppm / 1e6;
            after += workload->cls[i].share_ppm / 1e6 * ret[left - d->entry[0].milli];
        }
        double chance = fmin(1, fitting / 0.02);
        ret[left] = (1 - chance) * left + (fitting > 0 ? chance * after / fitting : 0);
    }
}

static double naive_loss(const struct sy_workload *workload,
                         const struct sy_packing_weights *weights,
                         const struct sy_workload_node *node)
{
    double loss = 0, remainder[SY_WHOLE + 1];
    naive_remainders(workload, remainder);
    for (unsigned i = 0; i < workload->nclass; i++) {
        struct naive n = naive_of(&workload->cls[i].demand, node);
        loss += workload->cls[i].weight_ppm / 1e6 *
                (weights->fragmentation * (n.total - n.fits_on) +
                 weights->unusable * (n.total - n.filled));
    }
    for (unsigned k = 0; k < node->nkind; k++)
        for (unsigned i = 0; i < node->kind[k].n; i++)
            loss += weights->remainder * remainder[node->left[node->kind[k].first + i]];
    return loss * 1000;
}

/* Weights from the definition: share x root of scarcity, together the share of pods with devices.
 */
static void check_weights(const struct sy_workload *workload, const struct setting *s)
{
    double raw[SY_WORKLOAD_CLASSES], sum = 0, with_devices = 0, total = 0;
    for (unsigned c = 0; c < SHAPES; c++)
        total += s->capacity[c].nodes * total_of(s->capacity[c].node);
    for (unsigned i = 0; i < workload->nclass; i++) {
        const struct sy_workload_demand *demand = &workload->cls[i].demand;
        double fillable = 0, size = 0;
        raw[i] = 0;
        if (demand->nentry == 0)
            continue;
        for (unsigned e = 0; e < demand->nentry; e++)
            size += (double)demand->entry[e].count * demand->entry[e].milli;
        for (unsigned c = 0; c < SHAPES; c++) {
            const struct sy_workload_node *node = s->capacity[c].node;
            fillable += s->capacity[c].nodes * size *
                        (double)sy_workload_slots(workload, &workload->cls[i], node);
        }
        double scarcity = total <= 0 ? 1 : fillable > 0 ? fmin(50, total / fillable) : 50;
        raw[i] = workload->cls[i].share_ppm * sqrt(scarcity);
        sum += raw[i];
        with_devices += workload->cls[i].share_ppm;
    }
    for (unsigned i = 0; i < workload->nclass; i++) {
        double expected = sum > 0 ? raw[i] * with_devices / sum : 0;
        ck_assert_msg(fabs(workload->cls[i].weight_ppm - expected) <= 3 + expected * 4e-3,
                      "class %u: %u, expected %g", i, workload->cls[i].weight_ppm, expected);
    }
}

START_TEST(losses_are_as_defined)
{
    struct sy_random random;
    sy_random_init(&random, 20);
    unsigned with_loss = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        static struct setting s;
        static struct sy_workload_node node;
        struct sy_workload *workload;
        struct sy_err err = {0};
        random_setting(&random, &s);
        ck_assert_msg(sy_workload_new(s.demand, s.ndemand, 50 + below(&random, 51), s.capacity,
                                      SHAPES, &workload, &err) == SY_OK,
                      "%s", err.text);
        check_weights(workload, &s);
        random_node(&random, false, &node);
        double expected = naive_loss(workload, &s.weights, &node);
        double loss = (double)sy_packing_loss(workload, &s.weights, &node);
        /* Per device a billionth of rounding, weighed; and one more. */
        ck_assert_msg(fabs(loss - expected) <= 1 + 5.0 * 4096 + fabs(expected) * 1e-6,
                      "round %u: %g, expected %g", round, loss, expected);
        ck_assert(loss >= 0);
        with_loss += loss > 0;
        sy_workload_unref(workload);
    }
    ck_assert_uint_gt(with_loss, ROUNDS / 2);
}
END_TEST

/* Taking from a node never makes room, and what it costs is the rise of the loss. */
START_TEST(slots_only_fall)
{
    struct sy_random random;
    sy_random_init(&random, 21);
    for (unsigned round = 0; round < ROUNDS; round++) {
        static struct setting s;
        static struct sy_workload_node node;
        struct sy_workload *workload;
        struct sy_err err = {0};
        random_setting(&random, &s);
        random_node(&random, false, &node);
        ck_assert(sy_workload_new(s.demand, s.ndemand, 100, s.capacity, SHAPES, &workload, &err) ==
                  SY_OK);
        int64_t before[SY_WORKLOAD_CLASSES];
        for (unsigned i = 0; i < workload->nclass; i++)
            before[i] = sy_workload_slots(workload, &workload->cls[i], &node);
        for (unsigned k = 0; k < node.nkind; k++)
            for (unsigned i = 0; i < node.kind[k].n; i++)
                node.left[node.kind[k].first + i] =
                    (uint16_t)below(&random, node.left[node.kind[k].first + i] + 1u);
        for (unsigned i = 0; i < workload->nclass; i++)
            ck_assert(sy_workload_slots(workload, &workload->cls[i], &node) <= before[i]);
        sy_workload_unref(workload);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packing");
    TCase *tcase = tcase_create("naive");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, losses_are_as_defined);
    tcase_add_test(tcase, slots_only_fall);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
