/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/workload_learn.h"

#include "base/mem.h"

#include <string.h>

/* Nodes of one class hold alike: one of them speaks for all. */
struct learning {
    const struct sy_cluster *cluster;
    uint32_t *first, *nodes;        /* by class */
    uint64_t held[SY_RESOURCE_MAX]; /* pods that hold a device of the resource */
    uint16_t ngroup, group[SY_WORKLOAD_GROUPS];
    struct sy_workload_demand *demand; /* distinct, in order of appearance */
    size_t ndemand;
    uint16_t *slot; /* index into `demand` + 1 by content, 0 = none */
};
#define SLOTS (4u * SY_WORKLOAD_LEARNT) /* a power of two */

/* Devices of one pod on one node, by resource. */
struct holding {
    uint64_t nodes; /* on so many nodes there is one alike */
    unsigned n;
    uint16_t resource[SY_ENTRY_MAX + 1], count[SY_ENTRY_MAX + 1]; /* ascending by resource */
};
typedef void holding_fn(struct learning *learning, const struct holding *holding);

static void add_unit(struct holding *holding, uint16_t resource)
{
    unsigned i = 0;
    while (i < holding->n && holding->resource[i] < resource)
        i++;
    bool known = i < holding->n && holding->resource[i] == resource;
    if (!known && holding->n <= SY_ENTRY_MAX) {
        for (unsigned k = holding->n++; k > i; k--) {
            holding->resource[k] = holding->resource[k - 1];
            holding->count[k] = holding->count[k - 1];
        }
        holding->resource[i] = resource;
        holding->count[i] = 0;
    }
    if (known || i <= SY_ENTRY_MAX)
        holding->count[i]++;
}

static bool is_first_of_holder(const struct sy_usage *usage, unsigned unit)
{
    uint16_t holder = usage->unit[unit].holder;
    for (unsigned i = 0; i < unit; i++) {
        if (usage->unit[i].holder == holder)
            return false;
    }
    return holder != 0;
}

static void each_holding_of(struct learning *learning, uint32_t cls, holding_fn *fn)
{
    const struct sy_node *node = learning->cluster->node[learning->first[cls]];
    const struct sy_usage *usage = node->usage;
    for (unsigned u = 0; u < usage->nunit; u++) {
        if (!is_first_of_holder(usage, u))
            continue;
        struct holding holding = {.nodes = learning->nodes[cls]};
        for (unsigned k = u; k < usage->nunit; k++) {
            int resource = sy_devset_next(&node->fabric->unit[k].resources, 0);
            if (usage->unit[k].holder == usage->unit[u].holder && resource >= 0)
                add_unit(&holding, (uint16_t)resource);
        }
        if (holding.n > 0 && holding.n <= SY_ENTRY_MAX)
            fn(learning, &holding);
    }
}

static void each_holding(struct learning *learning, holding_fn *fn)
{
    for (uint32_t cls = 0; cls < learning->cluster->nclass; cls++)
        each_holding_of(learning, cls, fn);
}

static void count_resources(struct learning *learning, const struct holding *holding)
{
    for (unsigned e = 0; e < holding->n; e++)
        learning->held[holding->resource[e]] += holding->nodes;
}

/* The most held ones, ties by index. */
static void choose_groups(struct learning *learning)
{
    while (learning->ngroup < SY_WORKLOAD_GROUPS) {
        unsigned best = 0;
        for (unsigned r = 1; r < SY_RESOURCE_MAX; r++)
            best = learning->held[r] > learning->held[best] ? r : best;
        if (learning->held[best] == 0)
            return;
        learning->held[best] = 0;
        learning->group[learning->ngroup++] = (uint16_t)best;
    }
}

static int group_of(const struct learning *learning, uint16_t resource)
{
    for (unsigned g = 0; g < learning->ngroup; g++) {
        if (learning->group[g] == resource)
            return (int)g;
    }
    return -1;
}

static bool same_entries(const struct sy_workload_demand *a, const struct sy_workload_demand *b)
{
    bool same = a->nentry == b->nentry;
    for (unsigned e = 0; same && e < a->nentry; e++)
        same = a->entry[e].groups == b->entry[e].groups && a->entry[e].count == b->entry[e].count;
    return same;
}

static void count_demand(struct learning *learning, const struct sy_workload_demand *demand)
{
    struct sy_digest digest = sy_digest_begin();
    for (unsigned e = 0; e < demand->nentry; e++) {
        sy_digest_u64(&digest, demand->entry[e].groups);
        sy_digest_u64(&digest, demand->entry[e].count);
    }
    size_t i = (size_t)(digest.lo ^ digest.hi) & (SLOTS - 1);
    while (learning->slot[i] != 0 &&
           !same_entries(&learning->demand[learning->slot[i] - 1u], demand))
        i = (i + 1) & (SLOTS - 1);
    if (learning->slot[i] != 0) {
        learning->demand[learning->slot[i] - 1u].pods += demand->pods;
    } else if (learning->ndemand < SY_WORKLOAD_LEARNT) {
        learning->demand[learning->ndemand++] = *demand;
        learning->slot[i] = (uint16_t)learning->ndemand;
    }
}

static void count_pods(struct learning *learning, const struct holding *holding)
{
    struct sy_workload_demand demand = {
        .pods = holding->nodes, .memory_mib = SY_WORKLOAD_NOT_TOLD, .nentry = (uint8_t)holding->n};
    for (unsigned e = 0; e < holding->n; e++) {
        int group = group_of(learning, holding->resource[e]);
        if (group < 0)
            return;
        demand.entry[e] = (struct sy_workload_entry){
            .groups = UINT64_C(1) << group, .count = holding->count[e], .milli = SY_WHOLE};
    }
    count_demand(learning, &demand);
}

static uint64_t groups_of(const uint16_t *resource, unsigned n, const struct sy_unit *unit)
{
    uint64_t groups = 0;
    for (unsigned g = 0; g < n; g++) {
        if (sy_devset_has(&unit->resources, resource[g]))
            groups |= UINT64_C(1) << g;
    }
    return groups;
}

static void fill_node(const uint16_t *resource, unsigned ngroup, const struct sy_fabric *fabric,
                      const struct sy_devset *left, struct sy_workload_node *ret)
{
    uint64_t groups[SY_UNIT_MAX];
    struct sy_devset rest = SY_DEVSET_EMPTY;
    ret->cpu_milli = ret->memory_mib = SY_WORKLOAD_NOT_TOLD;
    ret->nkind = 0;
    for (unsigned u = 0; u < fabric->nunit; u++) {
        groups[u] = groups_of(resource, ngroup, &fabric->unit[u]);
        if (groups[u] != 0)
            sy_devset_add(&rest, u);
    }
    uint16_t n = 0;
    for (int u = sy_devset_next(&rest, 0); u >= 0 && ret->nkind < SY_WORKLOAD_KINDS;
         u = sy_devset_next(&rest, 0)) {
        struct sy_workload_sort *kind = &ret->kind[ret->nkind++];
        *kind = (struct sy_workload_sort){.groups = groups[u], .first = n};
        for (unsigned k = (unsigned)u; k < fabric->nunit; k++) {
            if (!sy_devset_has(&rest, k) || groups[k] != kind->groups)
                continue;
            ret->left[n++] = sy_devset_has(left, k) ? SY_WHOLE : 0;
            sy_devset_del(&rest, k);
        }
        kind->n = (uint16_t)(n - kind->first);
    }
}

void sy_workload_node_of(const struct sy_workload *workload, const struct sy_fabric *fabric,
                         const struct sy_devset *left, struct sy_workload_node *ret)
{
    fill_node(workload->group, workload->ngroup, fabric, left, ret);
}

/* The shapes of a cluster, and how many nodes have each. Every device counts, sick ones too: what
 * is broken today is not scarce for good. */
struct shapes {
    size_t n;
    const struct sy_fabric **fabric;
    struct sy_workload_node *node;
    struct sy_workload_capacity *capacity;
};

static size_t shape_slot(const struct shapes *shapes, const uint32_t *table, size_t mask,
                         const struct sy_fabric *fabric)
{
    size_t i = (size_t)(fabric->shape.lo ^ fabric->shape.hi) & mask;
    while (table[i] != 0 && !sy_digest_equal(shapes->fabric[table[i] - 1]->shape, fabric->shape))
        i = (i + 1) & mask;
    return i;
}

static enum sy_code find_shapes(const struct learning *learning, struct shapes *shapes,
                                struct sy_err *err)
{
    size_t nclass = learning->cluster->nclass, size = 16;
    while (size < 2 * nclass)
        size *= 2;
    sy_autofree uint32_t *table = sy_calloc(size, sizeof *table); /* index into `shapes` + 1 */
    shapes->fabric = sy_calloc(nclass + 1, sizeof *shapes->fabric);
    shapes->capacity = sy_calloc(nclass + 1, sizeof *shapes->capacity);
    if (table == NULL || shapes->fabric == NULL || shapes->capacity == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t cls = 0; cls < nclass; cls++) {
        const struct sy_fabric *fabric = learning->cluster->node[learning->first[cls]]->fabric;
        size_t slot = shape_slot(shapes, table, size - 1, fabric);
        if (table[slot] == 0) {
            shapes->fabric[shapes->n++] = fabric;
            table[slot] = (uint32_t)shapes->n;
        }
        shapes->capacity[table[slot] - 1].nodes += learning->nodes[cls];
    }
    shapes->node = sy_calloc(shapes->n + 1, sizeof *shapes->node);
    if (shapes->node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < shapes->n; i++) {
        struct sy_devset all = SY_DEVSET_EMPTY;
        for (unsigned u = 0; u < shapes->fabric[i]->nunit; u++)
            sy_devset_add(&all, u);
        fill_node(learning->group, learning->ngroup, shapes->fabric[i], &all, &shapes->node[i]);
        shapes->capacity[i].node = &shapes->node[i];
    }
    return SY_OK;
}

static enum sy_code begin(struct learning *learning, struct sy_err *err)
{
    const struct sy_cluster *cluster = learning->cluster;
    learning->first = sy_calloc((size_t)cluster->nclass + 1, sizeof *learning->first);
    learning->nodes = sy_calloc((size_t)cluster->nclass + 1, sizeof *learning->nodes);
    learning->demand = sy_calloc(SY_WORKLOAD_LEARNT, sizeof *learning->demand);
    learning->slot = sy_calloc(SLOTS, sizeof *learning->slot);
    if (learning->first == NULL || learning->nodes == NULL || learning->demand == NULL ||
        learning->slot == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < cluster->n; i++) {
        uint32_t cls = cluster->class_of[i];
        if (learning->nodes[cls]++ == 0)
            learning->first[cls] = i;
    }
    return SY_OK;
}

static enum sy_code learn(struct learning *learning, struct shapes *shapes,
                          struct sy_workload **ret, struct sy_err *err)
{
    enum sy_code code = begin(learning, err);
    if (code != SY_OK)
        return code;
    each_holding(learning, count_resources);
    choose_groups(learning);
    each_holding(learning, count_pods);
    code = find_shapes(learning, shapes, err);
    if (code == SY_OK)
        code = sy_workload_new(learning->demand, learning->ndemand, SY_WORKLOAD_PERCENT,
                               shapes->capacity, shapes->n, ret, err);
    return code;
}

enum sy_code sy_workload_learn(const struct sy_cluster *cluster, struct sy_workload **ret,
                               struct sy_err *err)
{
    struct learning learning = {.cluster = cluster};
    struct shapes shapes = {0};
    struct sy_workload *workload = NULL;
    enum sy_code code = learn(&learning, &shapes, &workload, err);
    sy_free(learning.first);
    sy_free(learning.nodes);
    sy_free(learning.demand);
    sy_free(learning.slot);
    sy_free(shapes.fabric);
    sy_free(shapes.node);
    sy_free(shapes.capacity);
    if (code != SY_OK)
        return code;
    workload->ngroup = learning.ngroup;
    memcpy(workload->group, learning.group, sizeof workload->group);
    for (unsigned g = 0; g < learning.ngroup; g++)
        sy_digest_u64(&workload->digest, learning.group[g]);
    *ret = workload;
    return SY_OK;
}
