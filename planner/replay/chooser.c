/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/chooser.h"

#include "planner/replay/tournament.h"

#include <string.h>

#define OUT SY_TOURNAMENT_OUT

/* A price by the number of its state; good while the stamp is that of the state's place. */
struct price {
    int32_t value;
    uint32_t tag; /* stamp, and in the low bits a share pod's device */
};
#define DEVICE_BITS 3u
#define NO_TAG UINT32_MAX /* a place would have to change hands half a billion times */
_Static_assert(SY_REPLAY_DEVICES <= 1u << DEVICE_BITS, "the bits tell a device");

/* Classes that a policy cannot tell apart (memory, unless it looks at that) share prices. */
struct price_list {
    struct price *price; /* NULL until it is asked for */
    int32_t *second;     /* the same, where the policy combines */
};

struct field {
    struct sy_tournament best;
    /* For prices that depend on their range: of values, upward and downward, and what was found. */
    struct sy_tournament high, low;
    struct sy_replay_range range;
    uint64_t seen; /* changes of the machines that are in it */
    bool made;
};

struct sy_chooser {
    const struct sy_machines *machines;
    const struct sy_trace_pods *pods;
    bool plain;
    uint32_t *list_of; /* class -> list */
    struct price_list *list;
    struct field *field; /* by class */
};

static bool same_price(const struct sy_replay_class *a, const struct sy_replay_class *b)
{
    return a->cpu_milli == b->cpu_milli && a->devices == b->devices &&
           a->device_milli == b->device_milli && a->models == b->models;
}

/* Most classes have few neighbours: the kinds are some hundred. */
static void join_lists(struct sy_chooser *chooser)
{
    const struct sy_replay_class *pod = chooser->pods->pod_class;
    bool join = !chooser->machines->ops->uses_memory && chooser->pods->nclasses <= 4096;
    for (uint32_t i = 0; i < chooser->pods->nclasses; i++) {
        chooser->list_of[i] = i;
        for (uint32_t k = 0; join && k < i; k++)
            if (same_price(&pod[k], &pod[i])) {
                chooser->list_of[i] = k;
                break;
            }
    }
}

enum sy_code sy_chooser_new(const struct sy_machines *machines, const struct sy_trace_pods *pods,
                            bool plain, struct sy_chooser **ret, struct sy_err *err)
{
    SY_AUTO(sy_chooser) struct sy_chooser *chooser = sy_calloc(1, sizeof *chooser);
    if (chooser != NULL) {
        *chooser = (struct sy_chooser){.machines = machines, .pods = pods, .plain = plain};
        chooser->list_of = sy_calloc(pods->nclasses, sizeof *chooser->list_of);
        chooser->list = sy_calloc(pods->nclasses, sizeof *chooser->list);
        chooser->field = sy_calloc(pods->nclasses, sizeof *chooser->field);
    }
    if (chooser == NULL || chooser->list_of == NULL || chooser->list == NULL ||
        chooser->field == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu kinds of pods", pods->nclasses);
    join_lists(chooser);
    *ret = SY_TAKE(chooser);
    return SY_OK;
}

void sy_chooser_free(struct sy_chooser *chooser)
{
    if (chooser == NULL)
        return;
    for (size_t i = 0; chooser->list != NULL && i < chooser->pods->nclasses; i++) {
        sy_free(chooser->list[i].price);
        sy_free(chooser->list[i].second);
    }
    for (size_t i = 0; chooser->field != NULL && i < chooser->pods->nclasses; i++) {
        struct field *field = &chooser->field[i];
        sy_tournament_done(&field->best);
        sy_tournament_done(&field->high);
        sy_tournament_done(&field->low);
    }
    sy_free(chooser->list_of);
    sy_free(chooser->list);
    sy_free(chooser->field);
    sy_free(chooser);
}

/* The price of a pod on a node in a state, room counted (but memory). */
static struct sy_replay_score judge(const struct sy_chooser *chooser,
                                    const struct sy_states_entry *entry,
                                    const struct sy_replay_class *pod)
{
    const struct sy_states_maker *maker = &chooser->machines->states.maker;
    const struct sy_replay_shape *shape = &maker->shape[entry->shape];
    struct sy_replay_score score = {.value = OUT};
    if (sy_machine_fits(shape, &entry->state, pod))
        maker->ops->score(maker->self, shape, &entry->state, pod, &score);
    return score;
}

static const struct price *price_at(const struct sy_chooser *chooser, uint32_t node,
                                    uint32_t pod_class)
{
    const struct sy_states *states = &chooser->machines->states;
    uint32_t number = chooser->machines->node[node].state;
    uint32_t stamp = states->stamp[number];
    const struct price_list *list = &chooser->list[chooser->list_of[pod_class]];
    struct price *price = &list->price[number];
    if (((price->tag ^ stamp << DEVICE_BITS) >> DEVICE_BITS) != 0) {
        struct sy_replay_score score =
            judge(chooser, &states->entry[number], &chooser->pods->pod_class[pod_class]);
        *price = (struct price){score.value, stamp << DEVICE_BITS | score.device};
        if (list->second != NULL)
            list->second[number] = score.second;
    }
    return price;
}

static enum sy_code make_field(struct sy_chooser *chooser, uint32_t pod_class, struct sy_err *err)
{
    const struct sy_machines *machines = chooser->machines;
    const struct sy_replay_policy_ops *ops = machines->ops;
    struct price_list *list = &chooser->list[chooser->list_of[pod_class]];
    struct field *field = &chooser->field[pod_class];
    bool good = true;
    bool combines = ops->combine != NULL;
    if (list->price == NULL) {
        list->price = sy_malloc((size_t)machines->states.size * sizeof *list->price);
        for (uint32_t i = 0; list->price != NULL && i < machines->states.size; i++)
            list->price[i].tag = NO_TAG;
    }
    if (combines && list->second == NULL)
        list->second = sy_malloc((size_t)machines->states.size * sizeof *list->second);
    good = list->price != NULL && sy_tournament_init(&field->best, machines->n, ops->random_ties);
    if (combines)
        good = good && list->second != NULL &&
               sy_tournament_init(&field->high, machines->n, false) &&
               sy_tournament_init(&field->low, machines->n, false);
    return good ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for the nodes' prices");
}

/* What a node offers now. */
static int32_t offer(const struct sy_chooser *chooser, uint32_t node, uint32_t pod_class)
{
    const struct sy_replay_class *pod = &chooser->pods->pod_class[pod_class];
    if (!sy_machine_has_room(&chooser->machines->node[node], pod))
        return OUT;
    return price_at(chooser, node, pod_class)->value;
}

/* The same, in the range of what all nodes offer. */
static int32_t combined(const struct sy_chooser *chooser, uint32_t node, uint32_t pod_class,
                        const struct sy_replay_range *range)
{
    const struct sy_states_maker *maker = &chooser->machines->states.maker;
    const struct price_list *list = &chooser->list[chooser->list_of[pod_class]];
    struct sy_replay_score score = {.value = offer(chooser, node, pod_class)};
    if (score.value == OUT)
        return OUT;
    score.second = list->second[chooser->machines->node[node].state];
    return maker->ops->combine(maker->self, &score, range);
}

/* All nodes anew. */
static void fill(const struct sy_chooser *chooser, uint32_t pod_class, struct sy_tournament *high,
                 struct sy_tournament *low)
{
    for (uint32_t i = 0; i < chooser->machines->n; i++) {
        int32_t value = offer(chooser, i, pod_class);
        sy_tournament_put(high, i, value);
        if (low != NULL)
            sy_tournament_put(low, i, value == OUT ? OUT : -value);
    }
    sy_tournament_play(high);
    if (low != NULL)
        sy_tournament_play(low);
}

/* Fetch what the change AHEAD of this one needs: the classes' fields together do not fit a cache.
 */
#define AHEAD 8u
static inline void fetch(const struct sy_machines *machines, const struct sy_tournament *high,
                         const struct price *price, uint64_t change)
{
    if (change >= machines->changes)
        return;
    uint32_t node = machines->log[change & (machines->log_size - 1)];
    __builtin_prefetch(&high->best[node]);
    __builtin_prefetch(&price[machines->node[node].state]);
}

/* The nodes that changed since. While no pod has left, a node without room stays without. */
static void update(const struct sy_chooser *chooser, uint32_t pod_class, uint64_t from,
                   struct sy_tournament *high, struct sy_tournament *low)
{
    const struct sy_machines *machines = chooser->machines;
    const struct price *price = chooser->list[chooser->list_of[pod_class]].price;
    for (uint64_t i = from; i < from + AHEAD; i++)
        fetch(machines, high, price, i);
    for (uint64_t i = from; i < machines->changes; i++) {
        uint32_t node = machines->log[i & (machines->log_size - 1)];
        fetch(machines, high, price, i + AHEAD);
        if (machines->node[node].changed != i + 1) /* it comes again */
            continue;
        if (!machines->released && sy_tournament_get(high, node) == OUT)
            continue;
        int32_t value = offer(chooser, node, pod_class);
        sy_tournament_set(high, node, value);
        if (low != NULL)
            sy_tournament_set(low, node, value == OUT ? OUT : -value);
    }
}

/* Play the nodes' combined prices: all of them when the range moved, else those that changed. */
static void combine(const struct sy_chooser *chooser, struct field *field, uint32_t pod_class,
                    bool all, uint64_t from)
{
    const struct sy_machines *machines = chooser->machines;
    struct sy_replay_range range = {0};
    if (sy_tournament_best(&field->high) != OUT)
        range = (struct sy_replay_range){-sy_tournament_best(&field->low),
                                         sy_tournament_best(&field->high)};
    if (range.min != field->range.min || range.max != field->range.max)
        all = true;
    field->range = range;
    for (uint32_t i = 0; all && i < machines->n; i++)
        sy_tournament_put(&field->best, i, combined(chooser, i, pod_class, &range));
    if (all)
        sy_tournament_play(&field->best);
    for (uint64_t i = from; !all && i < machines->changes; i++) {
        uint32_t node = machines->log[i & (machines->log_size - 1)];
        sy_tournament_set(&field->best, node, combined(chooser, node, pod_class, &range));
    }
}

static void refresh(const struct sy_chooser *chooser, struct field *field, uint32_t pod_class)
{
    const struct sy_machines *machines = chooser->machines;
    uint64_t from = field->seen;
    bool combines = machines->ops->combine != NULL;
    bool all = !field->made || machines->changes - from >= machines->n;
    struct sy_tournament *high = combines ? &field->high : &field->best;
    struct sy_tournament *low = combines ? &field->low : NULL;
    if (all)
        fill(chooser, pod_class, high, low);
    else
        update(chooser, pod_class, from, high, low);
    if (combines)
        combine(chooser, field, pod_class, all, from);
    field->made = true;
    field->seen = machines->changes;
}

/* The plain way: look at every node, twice where the price needs the range first. */
static struct sy_replay_score plain_price(const struct sy_chooser *chooser, uint32_t node,
                                          const struct sy_replay_class *pod)
{
    const struct sy_machine *machine = &chooser->machines->node[node];
    struct sy_replay_score score = {.value = OUT};
    if (sy_machine_has_room(machine, pod))
        score = judge(chooser, &chooser->machines->states.entry[machine->state], pod);
    return score;
}

static uint32_t plain_best(const struct sy_chooser *chooser, const struct sy_replay_class *pod,
                           struct sy_random *random, struct sy_replay_score *ret)
{
    const struct sy_machines *machines = chooser->machines;
    const struct sy_replay_policy_ops *ops = machines->ops;
    struct sy_replay_range range = {INT32_MAX, INT32_MIN};
    for (uint32_t i = 0; ops->combine != NULL && i < machines->n; i++) {
        int32_t value = plain_price(chooser, i, pod).value;
        range.min = value != OUT && value < range.min ? value : range.min;
        range.max = value > range.max ? value : range.max;
    }
    uint32_t found = SY_CHOOSER_NONE, wanted = 0;
    for (int round = 0; round < 2; round++) {
        int32_t best = OUT;
        uint32_t tied = 0;
        for (uint32_t i = 0; i < machines->n; i++) {
            struct sy_replay_score score = plain_price(chooser, i, pod);
            int32_t price = score.value;
            if (price != OUT && ops->combine != NULL)
                price = ops->combine(machines->states.maker.self, &score, &range);
            if (price == OUT || price < best)
                continue;
            tied = price > best ? 0 : tied;
            best = price;
            if (tied++ == 0 || tied <= wanted + 1) {
                found = i;
                *ret = score;
            }
        }
        if (found == SY_CHOOSER_NONE || !ops->random_ties || round == 1)
            break;
        wanted = (uint32_t)sy_random_below(random, tied);
    }
    return found;
}

enum sy_code sy_chooser_ask(struct sy_chooser *chooser, uint32_t pod_class,
                            struct sy_random *random, uint32_t *ret_node, unsigned *ret_device,
                            struct sy_err *err)
{
    const struct sy_machines *machines = chooser->machines;
    const struct sy_replay_policy_ops *ops = machines->ops;
    const struct sy_replay_class *pod = &chooser->pods->pod_class[pod_class];
    struct field *field = &chooser->field[pod_class];
    struct sy_replay_score score = {0};
    uint32_t node = SY_CHOOSER_NONE;
    unsigned device = 0;
    if (chooser->plain) {
        node = plain_best(chooser, pod, random, &score);
        device = score.device;
    } else {
        enum sy_code code = !field->made ? make_field(chooser, pod_class, err) : SY_OK;
        if (code != SY_OK)
            return code;
        refresh(chooser, field, pod_class);
        if (sy_tournament_best(&field->best) != OUT) {
            uint32_t tied = ops->random_ties ? sy_tournament_tied(&field->best) : 1;
            uint32_t number = ops->random_ties ? (uint32_t)sy_random_below(random, tied) : 0;
            node = sy_tournament_winner(&field->best, number);
            device = price_at(chooser, node, pod_class)->tag & ((1u << DEVICE_BITS) - 1);
        }
    }
    *ret_node = node;
    *ret_device = device;
    if (node != SY_CHOOSER_NONE && ops->device != NULL && pod->devices == 1 &&
        pod->device_milli < SY_REPLAY_DEVICE_MILLI) {
        const struct sy_machine *machine = &machines->node[node];
        const struct sy_states_maker *maker = &machines->states.maker;
        *ret_device =
            ops->device(maker->self, &machines->states.entry[machine->state].state, pod, random);
    }
    return SY_OK;
}
