/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of a plan's capacity: slots of every shape, devices that none of them uses, power. */
#include "planner/plan/capacity_private.h"

static uint16_t devices_asked(const struct sy_request *request)
{
    unsigned n = 0;
    for (unsigned e = 0; e < request->nentry; e++)
        n += request->entry[e].count;
    return (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX);
}

void sy_strand_note(struct sy_strands *strands, uint32_t node, size_t shape,
                    struct sy_devset serving, struct sy_devset left, uint8_t why,
                    const char *detail)
{
    struct sy_strand_node *to = &strands->node[node];
    uint16_t asked = devices_asked(&strands->shape[shape].pod->request);
    const struct sy_usage *usage = strands->plan->node[node]->node->usage;
    SY_DEVSET_EACH(u, &serving)
    {
        unsigned unit = (unsigned)u;
        if (!sy_devset_has(&usage->free, unit))
            continue;
        if (!sy_devset_has(&left, unit)) {
            sy_devset_add(&to->usable, unit);
            continue;
        }
        bool first = !sy_devset_has(&to->asked, unit);
        sy_devset_add(&to->asked, unit);
        if (first || asked < to->fewest[unit]) {
            to->why[unit] = why;
            to->detail[unit] = detail;
            to->fewest[unit] = asked;
        }
    }
}

static enum sy_code new_strands(struct sy_strands *strands, struct sy_arena *arena,
                                struct sy_err *err)
{
    const struct sy_plan *plan = strands->plan;
    strands->node = sy_arena_calloc(arena, plan->n, sizeof *strands->node);
    bool ok = strands->node != NULL;
    for (uint32_t i = 0; ok && i < plan->n; i++) {
        struct sy_strand_node *node = &strands->node[i];
        size_t n = plan->node[i]->fabric != NULL ? plan->node[i]->fabric->nunit : 0;
        node->why = sy_arena_calloc(arena, n, sizeof *node->why);
        node->fewest = sy_arena_calloc(arena, n, sizeof *node->fewest);
        node->detail = sy_arena_calloc(arena, n, sizeof(const char *));
        ok = node->why != NULL && node->fewest != NULL && node->detail != NULL;
    }
    return ok ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

static bool is_stranded(const struct sy_strand_node *strand, const struct sy_node *node,
                        unsigned unit, struct sy_capacity_stranded *ret)
{
    bool well = sy_devset_has(&node->usage->healthy, unit);
    if (!well && node->usage->unit[unit].held == 0) {
        const char *reason = node->usage->unit[unit].reason;
        ret->why = SY_STRAND_UNHEALTHY;
        ret->detail = reason != NULL ? reason : node->fabric->unit[unit].broken_why;
        return true;
    }
    if (node->usage->mode == SY_MODE_COUNTS || !sy_devset_has(&strand->asked, unit) ||
        sy_devset_has(&strand->usable, unit))
        return false;
    ret->why = strand->why[unit];
    ret->detail = strand->detail[unit];
    return true;
}

/* Texts of the plan's nodes may be gone when it changes: the result has its own. */
static bool keep_detail(struct sy_capacity_stranded *stranded, struct sy_arena *arena)
{
    if (stranded->detail == NULL)
        return true;
    stranded->detail = sy_arena_printf(arena, "%s", stranded->detail);
    return stranded->detail != NULL;
}

static enum sy_code list_stranded(const struct sy_strands *strands, struct sy_arena *arena,
                                  struct sy_capacity *ret, struct sy_err *err)
{
    const struct sy_plan *plan = strands->plan;
    ret->stranded = sy_arena_calloc(arena, ret->devices, sizeof *ret->stranded);
    if (ret->stranded == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < plan->n; i++) {
        uint32_t id = plan->order[i];
        const struct sy_plan_record *record = plan->node[id];
        for (unsigned u = 0; !record->gone && record->node != NULL && u < record->fabric->nunit;
             u++) {
            struct sy_capacity_stranded one = {.node = id, .unit = (uint16_t)u};
            if (!is_stranded(&strands->node[id], record->node, u, &one))
                continue;
            if (!keep_detail(&one, arena))
                return sy_fail(err, SY_ENOMEM, "out of memory");
            ret->stranded[ret->nstranded++] = one;
        }
    }
    return SY_OK;
}

static void count_devices(const struct sy_plan *plan, struct sy_capacity *ret)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        const struct sy_node *node = plan->node[i]->node;
        if (plan->node[i]->gone || node == NULL)
            continue;
        uint64_t counted = 0, held = 0, free = sy_devset_count(&node->usage->free);
        for (unsigned u = 0; u < node->usage->nunit; u++) {
            held += node->usage->unit[u].held > 0;
            ret->unhealthy += !sy_devset_has(&node->usage->healthy, u);
        }
        for (uint16_t k = 0; k < node->usage->ncounted; k++)
            counted += node->usage->counted[k].count;
        counted = counted < free ? counted : free;
        ret->devices += node->fabric->nunit;
        ret->held += held + counted;
        ret->free += free - counted;
        ret->counted_nodes += node->usage->mode == SY_MODE_COUNTS;
    }
}

static enum sy_code fill_shapes(struct sy_strands *strands, size_t n, struct sy_arena *arena,
                                struct sy_capacity *ret, struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *scratch = sy_arena_new(SY_CAPACITY_SCRATCH_MAX);
    if (scratch == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        struct sy_filling f = {.arena = arena,
                               .scratch = scratch,
                               .strand = strands,
                               .shape = i,
                               .ret = &ret->slots[i],
                               .err = err};
        code = sy_filling_run(&f, strands->plan, strands->shape[i].pod);
    }
    return code;
}

enum sy_code sy_capacity_of(struct sy_plan *plan, const struct sy_capacity_shape *shape,
                            size_t nshape, struct sy_arena *arena, struct sy_capacity *ret,
                            struct sy_err *err)
{
    struct sy_capacity capacity = {.nshape = nshape, .shape = shape, .first = -1};
    struct sy_strands strands = {.plan = plan, .shape = shape};
    if (nshape > SY_CAPACITY_SHAPES_MAX)
        return sy_fail(err, SY_ELIMIT, "%zu shapes, at most %u are supported", nshape,
                       SY_CAPACITY_SHAPES_MAX);
    capacity.slots = sy_arena_calloc(arena, nshape, sizeof *capacity.slots);
    if (capacity.slots == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    count_devices(plan, &capacity);
    enum sy_code code = new_strands(&strands, arena, err);
    if (code == SY_OK)
        code = fill_shapes(&strands, nshape, arena, &capacity, err);
    if (code == SY_OK)
        code = list_stranded(&strands, arena, &capacity, err);
    if (code == SY_OK)
        code = sy_capacity_power(plan, arena, &capacity, err);
    if (code == SY_OK)
        *ret = capacity;
    return code;
}
