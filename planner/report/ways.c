/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to get more room for a shape, each tried on a copy of the plan. */
#include "planner/report/growth.h"

#define CAP_DOMAINS_MAX 16u
#define WAYS_MAX (3 + CAP_DOMAINS_MAX + SY_REPORT_TEMPLATES_MAX)

struct search {
    struct sy_plan *plan;
    const struct sy_capacity *now;
    const struct sy_state_pod *pod;
    const struct sy_growth *growth;
    struct sy_arena *arena;
    struct sy_ways *ways;
};

/* What a way gives, on its plan. */
static enum sy_code count(const struct search *s, struct sy_plan *plan, struct sy_way *way,
                          struct sy_err *err)
{
    struct sy_capacity_slots slots;
    enum sy_code code = sy_capacity_slots(plan, s->pod, 0, s->arena, &slots, err);
    if (code != SY_OK)
        return code;
    way->slots = slots.slots;
    if (s->growth->n == 0)
        return SY_OK;
    way->left = sy_arena_calloc(s->arena, s->growth->n, sizeof *way->left);
    if (way->left == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_growth_fill(plan, s->growth, s->arena, way->left, err);
}

static void add(struct search *s, const struct sy_way *way)
{
    s->ways->way[s->ways->n++] = *way;
}

static struct sy_way nothing_told(const char *kind)
{
    return (struct sy_way){.kind = kind,
                           .watts_mw = 0,
                           .limit_mw = SY_UNKNOWN_MW,
                           .price_milli = -1,
                           .rack_units = -1,
                           .lead_days = -1,
                           .currency = ""};
}

static enum sy_code try_moves(struct search *s, uint64_t slots, struct sy_err *err)
{
    struct sy_way way = nothing_told("move-pods");
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    enum sy_code code = sy_plan_copy(s->plan, &copy, err);
    if (code == SY_OK)
        code = sy_ways_move(&copy, s->pod, slots, s->arena, &way, err);
    if (code != SY_OK || way.moves == 0)
        return code;
    code = count(s, copy, &way, err);
    if (code == SY_OK && way.slots > slots)
        add(s, &way);
    return code;
}

/* Domain `index`, or all caps of nodes (-1), or every cap (-2) raised: what does that give? */
static enum sy_code try_cap(struct search *s, int64_t index, const char *name, uint64_t slots,
                            struct sy_err *err)
{
    struct sy_way way = nothing_told("raise-cap");
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    enum sy_code code = sy_ways_cap(s->plan, s->now, s->pod, index, slots, &copy, &way, err);
    if (code != SY_OK || way.slots <= slots)
        return code;
    way.what = sy_arena_printf(s->arena, "raise %s", name);
    if (way.what == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    code = count(s, copy, &way, err);
    if (code == SY_OK)
        add(s, &way);
    return code;
}

/* Only where some device waits for watts. */
static enum sy_code try_caps(struct search *s, const struct sy_capacity_slots *slots,
                             struct sy_err *err)
{
    enum sy_code code = SY_OK;
    size_t tried = 0;
    if (slots->left[SY_STRAND_WATTS] == 0)
        return SY_OK;
    for (size_t i = 0; i < s->now->nelement && code == SY_OK; i++) {
        const struct sy_capacity_element *e = &s->now->element[i];
        if (!e->domain || e->limit_mw == SY_UNKNOWN_MW || tried == CAP_DOMAINS_MAX)
            continue;
        code = try_cap(s, e->index, e->name, slots->slots, err);
        tried++;
    }
    if (code == SY_OK)
        code = try_cap(s, -1, "the nodes' own caps", slots->slots, err);
    if (code == SY_OK && tried > 0)
        code = try_cap(s, -2, "all caps", slots->slots, err);
    return code;
}

static enum sy_code try_template(struct search *s, const struct sy_template *template_,
                                 struct sy_err *err)
{
    struct sy_way way = nothing_told("buy-node");
    struct sy_state_node *node = sy_arena_calloc(s->arena, 1, sizeof *node);
    uint32_t id = 0;
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    if (node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_template_node(template_, 0, NULL, 0, s->arena, node, err);
    if (code == SY_OK)
        code = sy_plan_copy(s->plan, &copy, err);
    if (code == SY_OK)
        code = sy_plan_add_node(copy, node, &id, err);
    if (code == SY_OK)
        code = count(s, copy, &way, err);
    if (code != SY_OK)
        return code;
    way.what = sy_arena_printf(s->arena, "buy %s", template_->name);
    way.watts_mw = template_->watts_mw; /* -1 = SY_UNKNOWN_MW */
    way.price_milli = template_->price_milli;
    way.currency = template_->currency != NULL ? template_->currency : "";
    way.rack_units = template_->rack_units;
    way.lead_days = template_->lead_days;
    if (way.what == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    add(s, &way);
    return SY_OK;
}

enum sy_code sy_ways_find(struct sy_plan *plan, const struct sy_capacity *now, size_t shape,
                          const struct sy_growth *growth, const struct sy_template *template_,
                          size_t ntemplate, struct sy_arena *arena, struct sy_ways *ret,
                          struct sy_err *err)
{
    const struct sy_capacity_slots *slots = &now->slots[shape];
    struct sy_ways ways = {.way = sy_arena_calloc(arena, WAYS_MAX, sizeof *ways.way)};
    struct search s = {plan, now, now->shape[shape].pod, growth, arena, &ways};
    if (ways.way == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = try_moves(&s, slots->slots, err);
    if (code == SY_OK)
        code = try_caps(&s, slots, err);
    for (size_t i = 0; i < ntemplate && code == SY_OK; i++)
        code = try_template(&s, &template_[i], err);
    if (code == SY_OK)
        *ret = ways;
    return code;
}
