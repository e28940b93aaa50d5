/* SPDX-License-Identifier: Apache-2.0 */
/* By how much must power limits rise for the slots that they keep away? Limits rise by a part of
 * what all free devices below would add; the least part that gives the slots is found by counting
 * them on copies of the plan. */
#include "planner/report/growth.h"

#define NO_CAP_MW (INT64_C(1) << 53) /* more than any building has */
#define RAISED_MAX 64u               /* limits at once whose watts are found */
#define PARTS_MAX 4096               /* the least part of a rise, or a watt where that is more */
#define DOUBLINGS_MAX 10u
#define MW 1000 /* of a watt */

struct raised {
    const struct sy_capacity_element *element;
    int64_t need_w; /* what it rises by when `part` is all of `parts` */
};
struct raise {
    const struct sy_plan *plan;
    const struct sy_state_pod *shape;
    uint64_t target; /* slots without the limits */
    int64_t parts;
    size_t n;
    struct raised *at; /* [n] */
};

static bool chosen(const struct sy_plan *plan, const struct sy_capacity_element *e, int64_t index)
{
    if (e->limit_mw == SY_UNKNOWN_MW)
        return false;
    if (e->domain)
        return index == -2 || index == (int64_t)e->index;
    return index < 0 && !sy_plan_node(plan, e->index).gone;
}

static enum sy_code cap(struct sy_plan *plan, const struct sy_capacity_element *e, int64_t mw,
                        struct sy_err *err)
{
    return e->domain ? sy_plan_cap_domain(plan, e->name, mw, err)
                     : sy_plan_cap_node(plan, e->index, mw, err);
}

/* What a limit rises by, in watts. */
static int64_t rise_of(const struct raise *raise, size_t i, int64_t part)
{
    return (raise->at[i].need_w * part + raise->parts - 1) / raise->parts;
}

/* A copy with the limits raised by so many parts; part < 0: with none of the limits. */
static enum sy_code copy_with(const struct raise *raise, int64_t part, struct sy_plan **ret,
                              struct sy_err *err)
{
    enum sy_code code = sy_plan_copy(raise->plan, ret, err);
    for (size_t i = 0; i < raise->n && code == SY_OK; i++) {
        const struct sy_capacity_element *e = raise->at[i].element;
        int64_t rise_w = part < 0 ? 0 : rise_of(raise, i, part);
        if (part < 0)
            code = cap(*ret, e, NO_CAP_MW, err);
        else if (rise_w > 0)
            code = cap(*ret, e, e->limit_mw + rise_w * MW, err);
    }
    return code;
}

static enum sy_code slots_with(const struct raise *raise, int64_t part, uint64_t *ret,
                               struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 30);
    struct sy_capacity_slots slots = {0};
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = copy_with(raise, part, &copy, err);
    if (code == SY_OK)
        code =
            sy_capacity_slots(copy, raise->shape, part < 0 ? 0 : raise->target, arena, &slots, err);
    *ret = slots.slots;
    return code;
}

static void choose(struct raise *raise, const struct sy_capacity *now, int64_t index)
{
    for (size_t i = 0; i < now->nelement; i++) {
        const struct sy_capacity_element *e = &now->element[i];
        int64_t need_mw = 0;
        if (!chosen(raise->plan, e, index))
            continue;
        if (__builtin_add_overflow(e->provisioned_mw - e->limit_mw, e->demand_mw, &need_mw) ||
            need_mw > NO_CAP_MW)
            need_mw = NO_CAP_MW;
        int64_t need_w = need_mw > 0 ? (need_mw + MW - 1) / MW : 0;
        raise->at[raise->n++] = (struct raised){e, need_w};
    }
}

/* Pods may say that they draw more than their devices' caps: until the rise is enough. */
static enum sy_code widen(struct raise *raise, bool *ret_enough, struct sy_err *err)
{
    uint64_t slots = 0;
    enum sy_code code = SY_OK;
    raise->parts = 1;
    for (unsigned k = 0; k < DOUBLINGS_MAX && code == SY_OK; k++) {
        code = slots_with(raise, 1, &slots, err);
        *ret_enough = slots >= raise->target;
        if (*ret_enough)
            break;
        for (size_t i = 0; i < raise->n; i++) {
            int64_t need_w = raise->at[i].need_w > 0 ? raise->at[i].need_w : 1;
            raise->at[i].need_w = need_w < NO_CAP_MW / MW ? 2 * need_w : need_w;
        }
    }
    return code;
}

/* Limits that need not rise stay. */
static enum sy_code prune(struct raise *raise, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < raise->n && raise->n > 1 && code == SY_OK; i++) {
        uint64_t slots = 0;
        int64_t need_w = raise->at[i].need_w;
        if (need_w == 0)
            continue;
        raise->at[i].need_w = 0;
        code = slots_with(raise, 1, &slots, err);
        if (slots < raise->target)
            raise->at[i].need_w = need_w;
    }
    return code;
}

/* The least part of the rise that gives the target. */
static enum sy_code find_part(struct raise *raise, int64_t *ret, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < raise->n; i++)
        if (raise->at[i].need_w > raise->parts)
            raise->parts = raise->at[i].need_w;
    if (raise->parts > PARTS_MAX)
        raise->parts = PARTS_MAX;
    int64_t least = 0, most = raise->parts; /* too little, enough */
    while (most - least > 1 && code == SY_OK) {
        uint64_t slots = 0;
        int64_t middle = least + (most - least) / 2;
        code = slots_with(raise, middle, &slots, err);
        if (slots >= raise->target)
            most = middle;
        else
            least = middle;
    }
    *ret = most;
    return code;
}

/* *ret_part: -1 = how much it takes is not known. */
static enum sy_code search(struct raise *raise, int64_t *ret_part, struct sy_err *err)
{
    bool enough = false;
    *ret_part = -1;
    if (raise->n > RAISED_MAX)
        return SY_OK;
    enum sy_code code = widen(raise, &enough, err);
    if (code != SY_OK || !enough)
        return code;
    code = prune(raise, err);
    return code == SY_OK ? find_part(raise, ret_part, err) : code;
}

enum sy_code sy_ways_cap(const struct sy_plan *plan, const struct sy_capacity *now,
                         const struct sy_state_pod *shape, int64_t index, uint64_t slots,
                         struct sy_plan **ret_plan, struct sy_way *ret, struct sy_err *err)
{
    sy_autofree struct raised *at = sy_calloc(now->nelement + 1, sizeof *at);
    struct raise raise = {.plan = plan, .shape = shape, .at = at};
    int64_t part = -1, sum_w = 0;
    if (at == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    choose(&raise, now, index);
    enum sy_code code = slots_with(&raise, -1, &raise.target, err);
    ret->slots = raise.target;
    if (code != SY_OK || raise.target <= slots)
        return code;
    code = search(&raise, &part, err);
    for (size_t i = 0; i < raise.n && part >= 0; i++)
        sum_w += rise_of(&raise, i, part);
    ret->watts_mw = part >= 0 ? sum_w * MW : SY_UNKNOWN_MW;
    if (part >= 0 && raise.n == 1)
        ret->limit_mw = raise.at[0].element->limit_mw + sum_w * MW;
    return code == SY_OK ? copy_with(&raise, part, ret_plan, err) : code;
}
