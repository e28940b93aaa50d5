/* SPDX-License-Identifier: Apache-2.0 */
/* One question answered: which sets there are is asked of the search, who chooses among them of the
 * catalogue. scoring/PLACEMENT.md says what best, expected and worst mean. */
#include "scoring/placement_private.h"

#include <string.h>

static bool requires_something(const struct sy_request *request)
{
    return request->nrequire != 0 || request->min_mbps != 0;
}

bool sy_placement_must_search(const struct sy_request *request, bool strict)
{
    return strict && requires_something(request);
}

/* Bits of the entries that are chosen this way on the node. Without a report any set may be all
 * that is left, so the best chooser gives any. */
static uint16_t chosen_by(const struct sy_task *t, enum sy_chooser chooser)
{
    unsigned bits = 0;
    if (t->usage->mode == SY_MODE_COUNTS)
        return 0;
    for (unsigned e = 0; e < t->request->nentry; e++) {
        const struct sy_resource *resource =
            sy_catalogue_resource(t->fabric->catalogue, t->request->entry[e].resource);
        if (resource->chooser == chooser)
            bits |= 1u << e;
    }
    return (uint16_t)bits;
}

static enum sy_code context_for(const struct sy_task *t, const struct sy_value_scene *scene,
                                struct sy_value_context **ret, struct sy_err *err)
{
    enum sy_code code = sy_value_context_build(t->fabric, t->usage, t->request, t->profile, scene,
                                               t->arena, ret, err);
    if (code != SY_OK)
        return code;
    (*ret)->room = t->room;
    (*ret)->preferred = chosen_by(t, SY_CHOOSER_PREFERRED);
    return SY_OK;
}

static void set_outcome(const struct sy_value_context *c, const struct sy_found *found,
                        struct sy_outcome *ret)
{
    memset(ret, 0, sizeof *ret);
    memcpy(ret->pick, found->pick, sizeof found->pick[0] * c->request->nentry);
    sy_value_of(c, found->pick, &ret->value);
    ret->total = sy_value_total(c->profile, ret->value.term);
}

static uint64_t rounded(sy_wide sum, uint64_t n)
{
    return (uint64_t)((2 * sum + n) / (2 * (sy_wide)n));
}

static void set_expected(const struct sy_value_context *c, const struct sy_tally *t,
                         struct sy_placement *ret)
{
    struct sy_outcome *expected = &ret->expected;
    memset(expected, 0, sizeof *expected);
    for (unsigned i = 0; i < SY_TERM_COUNT; i++)
        expected->value.term[i] = (uint16_t)rounded(t->term[i], t->sets);
    expected->value.unknown = t->unknown;
    if (t->with_mbps != 0)
        expected->value.min_mbps = (uint32_t)rounded(t->mbps, t->with_mbps);
    expected->value.watts_mw = (int64_t)rounded(t->watts, t->sets);
    expected->total = sy_value_total(c->profile, expected->value.term);
    set_outcome(c, &t->worst, &ret->worst);
    ret->certain = t->meeting == t->sets && ret->expected_exact;
    ret->likely = (uint16_t)((sy_wide)t->meeting * 1000 / t->sets);
    /* What a sample did not see may still fail. */
    if (ret->likely == 1000 && !ret->certain)
        ret->likely = 999;
}

static void set_power(const struct sy_search *x, struct sy_placement *ret)
{
    ret->least_mw = x->least_mw;
    ret->most_mw = x->most_mw;
    ret->power_varies = x->least_mw != x->most_mw || (x->watts_whole && x->watts_partial);
}

/* Is the walk over all sets within reach? Exchanges at best divide their number by how many there
 * are. */
static bool within_reach(const struct sy_search *x)
{
    uint64_t sets = sy_search_sets(x->c);
    for (uint32_t i = 0; i < x->symmetry.nslot; i++) {
        if (x->symmetry.slot[i].above < 0)
            sets /= x->symmetry.slot[i].order + 1u;
    }
    return sets <= x->budget;
}

/* Walk over all sets, if the budget allows; else x->stopped. */
static enum sy_code walk_all(const struct sy_task *t, const struct sy_value_context *c, bool tally,
                             uint32_t budget, struct sy_search *x, struct sy_err *err)
{
    enum sy_code code = sy_search_init(x, c, t->strict, budget, t->arena, err);
    if (code != SY_OK)
        return code;
    x->count_tally = tally;
    x->stopped = !within_reach(x);
    if (!x->stopped)
        sy_search_run(x);
    return SY_OK;
}

/* The same in an order of candidates in which more of them can be exchanged. Which of equal sets
 * comes first is another question there: it is asked again, of the sets with that key alone. */
static enum sy_code walk_by_tree(const struct sy_task *t, const struct sy_value_context *c,
                                 bool tally, struct sy_search *x, bool *ret_first,
                                 struct sy_err *err)
{
    struct sy_value_scene scene = c->scene;
    struct sy_value_context *by_tree;
    struct sy_search first;
    uint32_t steps = x->steps;
    scene.order = sy_order_by_tree(c, t->arena);
    if (scene.order == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = context_for(t, &scene, &by_tree, err);
    if (code == SY_OK)
        code = walk_all(t, by_tree, tally, steps == 0 ? t->budget / 2 : t->budget / 4, x, err);
    x->steps += steps;
    if (code != SY_OK || x->stopped || !x->best.any)
        return code;
    code = sy_search_init(&first, c, t->strict, t->budget / 8, t->arena, err);
    if (code != SY_OK)
        return code;
    first.best = x->best;
    code = sy_bound_first(&first, t->arena, err);
    *ret_first = !first.stopped;
    x->best = first.best;
    x->steps += first.steps;
    return code;
}

/* Best set, and if wanted the tally: walking while that is within reach; else by a bound, and a
 * sample. `known`: a set that is there in any case, NULL. *ret_bound is of the weighted sum. */
static enum sy_code search_all(const struct sy_task *t, const struct sy_value_context *c,
                               bool tally, const struct sy_found *known, struct sy_search *x,
                               bool *ret_exact, bool *ret_counted, uint64_t *ret_bound,
                               struct sy_err *err)
{
    enum sy_code code = walk_all(t, c, tally, t->budget / 2, x, err);
    *ret_exact = true;
    if (code == SY_OK && x->stopped)
        code = walk_by_tree(t, c, tally, x, ret_exact, err);
    *ret_bound = x->best.any ? x->best.key >> 32 : 0;
    *ret_counted = !x->stopped;
    if (code != SY_OK || !x->stopped)
        return code;
    uint32_t steps = x->steps;
    code = sy_search_init(x, c, t->strict, t->budget / 8, t->arena, err);
    if (code != SY_OK)
        return code;
    code = sy_bound_run(x, t->arena, ret_bound, err);
    *ret_exact = !x->stopped;
    if (!x->best.any && known != NULL)
        x->best = *known;
    sy_sample_watts(x);
    if (code == SY_OK && tally && x->best.any)
        code = sy_sample_run(x, t->budget / 8, t->arena, err);
    x->steps += steps;
    return code;
}

/* The sets that the node may give once the steered resources are given their part of the best. */
static enum sy_code count_rest(const struct sy_task *t, const struct sy_value_scene *scene,
                               uint16_t steered, const struct sy_found *best,
                               struct sy_placement *ret, struct sy_err *err)
{
    struct sy_value_scene rest = *scene;
    struct sy_devset taken = SY_DEVSET_EMPTY;
    struct sy_value_context *c;
    struct sy_search x;
    bool exact, counted;
    uint64_t bound;
    for (unsigned e = 0; e < t->request->nentry; e++) {
        if ((steered >> e & 1) != 0)
            taken = sy_devset_or(taken, best->pick[e]);
    }
    for (unsigned e = 0; e < t->request->nentry; e++)
        rest.pool[e] =
            (steered >> e & 1) != 0 ? best->pick[e] : sy_devset_minus(scene->pool[e], taken);
    enum sy_code code = context_for(t, &rest, &c, err);
    if (code == SY_OK)
        code = search_all(t, c, true, best, &x, &exact, &counted, &bound, err);
    if (code != SY_OK)
        return code;
    ret->steps += x.steps;
    ret->expected_exact = counted && ret->best_exact; /* what is steered is the best found */
    set_expected(c, &x.tally, ret);
    return SY_OK;
}

static void expect_best(struct sy_placement *ret)
{
    ret->expected = ret->worst = ret->best;
    memset(ret->expected.pick, 0, sizeof ret->expected.pick);
    ret->expected_exact = ret->best_exact;
    ret->certain = true;
    ret->likely = 1000;
}

/* Everything about one scene. *ret_any: some set meets the requirements. */
static enum sy_code solve(const struct sy_task *t, const struct sy_value_scene *scene,
                          struct sy_placement *ret, bool *ret_any, struct sy_err *err)
{
    struct sy_value_context *c;
    struct sy_search x;
    uint64_t bound = 0;
    uint16_t steered = chosen_by(t, SY_CHOOSER_STEERED);
    enum sy_code code = context_for(t, scene, &c, err);
    if (code == SY_OK)
        code = search_all(t, c, steered == 0, NULL, &x, &ret->best_exact, &ret->expected_exact,
                          &bound, err);
    if (code != SY_OK)
        return code;
    ret->steps = x.steps;
    *ret_any = x.best.any;
    if (!x.best.any)
        return SY_OK;
    set_outcome(c, &x.best, &ret->best);
    set_power(&x, ret);
    ret->bound = ret->best.total;
    if (!ret->best_exact) {
        uint64_t most = c->weight != 0 ? (2 * bound + c->weight) / (2 * c->weight) : 0;
        ret->bound = (uint16_t)(most > 1000 ? 1000 : most);
    }
    if (ret->bound < ret->best.total)
        ret->bound = ret->best.total;
    if (steered == 0)
        set_expected(c, &x.tally, ret);
    else if (steered == (1u << t->request->nentry) - 1)
        expect_best(ret);
    else
        code = count_rest(t, scene, steered, &x.best, ret, err);
    ret->worst_exact = ret->expected_exact;
    return code;
}

static bool scene_lies(const struct sy_task *t, const struct sy_value_scene *scene)
{
    struct sy_pools pools = {.fabric = t->fabric, .request = t->request, .maybe = scene->maybe};
    pools.usage = scene->ignore_held ? NULL : t->usage;
    memcpy(pools.pool, scene->pool, sizeof pools.pool);
    return sy_pools_lie(&pools);
}

/* Does some set of the scene meet the requirements? *ret_sure: the answer is proved. */
static enum sy_code exists(const struct sy_task *t, const struct sy_value_scene *scene,
                           bool *ret_any, bool *ret_sure, struct sy_err *err)
{
    struct sy_value_context *c;
    struct sy_search x;
    *ret_sure = true;
    *ret_any = scene_lies(t, scene);
    if (!*ret_any || t->request->min_mbps == 0)
        return SY_OK;
    enum sy_code code = context_for(t, scene, &c, err);
    if (code == SY_OK)
        code = sy_search_init(&x, c, true, t->budget, t->arena, err);
    if (code != SY_OK)
        return code;
    x.prune = true;
    x.visit = sy_search_stop;
    sy_search_run(&x);
    *ret_any = x.best.any;
    *ret_sure = x.best.any || !x.stopped;
    return SY_OK;
}

/* No set of all devices meets the requirements: is that so whatever the unknown ones turn out to
 * be? */
static enum sy_code never_or_unknown(const struct sy_task *t, uint8_t *ret, struct sy_err *err)
{
    struct sy_value_scene whole;
    bool any, sure;
    sy_value_scene_whole(t->fabric, t->request, &whole);
    whole.maybe = true;
    enum sy_code code = exists(t, &whole, &any, &sure, err);
    if (code != SY_OK)
        return code;
    if (any || !sure)
        *ret = SY_FIT_REQUIRE_UNKNOWN;
    else
        *ret = scene_lies(t, &whole) ? SY_FIT_BANDWIDTH_NEVER : SY_FIT_REQUIRE_NEVER;
    return SY_OK;
}

/* Some set of all devices meets the requirements: is it proved that others which the empty node may
 * give do not? */
static enum sy_code never_certain(const struct sy_task *t, const struct sy_value_scene *whole,
                                  bool *ret, struct sy_err *err)
{
    struct sy_placement empty = {0};
    bool any = false;
    enum sy_code code = solve(t, whole, &empty, &any, err);
    if (code == SY_OK)
        *ret = any && empty.expected_exact && !empty.certain;
    return code;
}

/* Nothing meets the requirements at present: could all devices of the node, held and unhealthy ones
 * included? If so, the answer is `busy`. */
static enum sy_code never_or(const struct sy_task *t, uint8_t busy, uint8_t *ret,
                             struct sy_err *err)
{
    struct sy_value_scene whole;
    bool any, sure, never = false;
    sy_value_scene_whole(t->fabric, t->request, &whole);
    enum sy_code code = exists(t, &whole, &any, &sure, err);
    if (code == SY_OK && !any && sure)
        return never_or_unknown(t, ret, err);
    if (code == SY_OK && t->request->guaranteed)
        code = never_certain(t, &whole, &never, err);
    if (code == SY_OK)
        *ret = never ? SY_FIT_NOT_GUARANTEED_NEVER : busy;
    return code;
}

/* No free set meets the requirements; `lies`: one lies as they want, but has not the bandwidth. */
static enum sy_code why_not(const struct sy_task *t, bool lies, uint8_t *ret, struct sy_err *err)
{
    bool links = lies && t->request->min_mbps != 0;
    return never_or(t, links ? SY_FIT_BANDWIDTH_BUSY : SY_FIT_REQUIRE_BUSY, ret, err);
}

static bool is_busy(uint8_t fit)
{
    return fit == SY_FIT_HELD || fit == SY_FIT_UNHEALTHY;
}

static enum sy_code find(const struct sy_task *t, struct sy_placement *ret, struct sy_err *err)
{
    struct sy_value_scene scene;
    bool any = false;
    sy_value_scene_init(t->fabric, t->usage, t->request, &scene);
    enum sy_code code = solve(t, &scene, ret, &any, err);
    if (code != SY_OK)
        return code;
    ret->fit = SY_FIT_YES;
    if (!any && !sy_placement_must_search(t->request, t->strict)) {
        ret->fit = SY_FIT_HELD; /* cards that counting could not see through */
        return SY_OK;
    }
    if (!any)
        return why_not(t, scene_lies(t, &scene), &ret->fit, err);
    if (t->strict && t->request->guaranteed && requires_something(t->request) && !ret->certain)
        return never_or(t, SY_FIT_NOT_GUARANTEED_BUSY, &ret->fit, err);
    return SY_OK;
}

enum sy_code sy_placement_find(const struct sy_fabric *fabric, const struct sy_usage *usage,
                               const struct sy_request *request, bool strict,
                               const struct sy_profile *profile, const struct sy_room *room,
                               uint32_t budget_steps, struct sy_arena *arena,
                               struct sy_placement *ret, struct sy_err *err)
{
    struct sy_task task = {.fabric = fabric,
                           .usage = usage,
                           .request = request,
                           .profile = profile,
                           .room = room,
                           .strict = strict,
                           .budget = budget_steps,
                           .arena = arena};
    struct sy_placement found;
    memset(&found, 0, sizeof found);
    found.fit = (uint8_t)sy_placement_count(fabric, usage, request);
    enum sy_code code = SY_OK;
    if (found.fit == SY_FIT_YES)
        code = find(&task, &found, err);
    else if (is_busy(found.fit) && sy_placement_must_search(request, strict))
        code = never_or(&task, found.fit, &found.fit, err);
    if (code == SY_OK)
        *ret = found;
    return code;
}

enum sy_code sy_placement_feasible(const struct sy_fabric *fabric, const struct sy_usage *usage,
                                   const struct sy_request *request,
                                   const struct sy_profile *profile, uint32_t budget_steps,
                                   struct sy_arena *arena, enum sy_fit *ret, struct sy_err *err)
{
    struct sy_task task = {.fabric = fabric,
                           .usage = usage,
                           .request = request,
                           .profile = profile,
                           .strict = true,
                           .budget = budget_steps,
                           .arena = arena};
    struct sy_value_scene scene;
    struct sy_placement found;
    uint8_t fit = (uint8_t)sy_placement_count_named(fabric, usage, request);
    bool any = true, sure;
    enum sy_code code = SY_OK;
    sy_value_scene_init(fabric, usage, request, &scene);
    if (fit == SY_FIT_YES && requires_something(request)) {
        code = exists(&task, &scene, &any, &sure, err);
        if (code == SY_OK && !any)
            code = why_not(&task, scene_lies(&task, &scene), &fit, err);
        else if (code == SY_OK && request->guaranteed) {
            memset(&found, 0, sizeof found);
            code = find(&task, &found, err);
            fit = found.fit;
        }
    }
    if (is_busy(fit) && requires_something(request))
        code = never_or(&task, fit, &fit, err);
    if (code == SY_OK)
        *ret = (enum sy_fit)fit;
    return code;
}

static void apply_room(struct sy_outcome *outcome, const struct sy_profile *profile,
                       const struct sy_room *room)
{
    const uint32_t unknown = UINT32_C(1) << SY_UNKNOWN_NODE_POWER;
    struct sy_value *value = &outcome->value;
    value->term[SY_TERM_POWER] = sy_value_power_of(profile, room, value);
    value->unknown = room->known ? value->unknown & ~unknown : value->unknown | unknown;
    outcome->total = sy_value_total(profile, value->term);
}

/* The bound moves as the best does, but for rounding. */
static void move_bound(struct sy_placement *placement, unsigned before)
{
    unsigned bound = placement->best.total;
    if (!placement->best_exact)
        bound = placement->bound + 1u + bound > before ? placement->bound + 1u + bound - before : 0;
    if (bound < placement->best.total)
        bound = placement->best.total;
    placement->bound = (uint16_t)(bound > 1000 ? 1000 : bound);
}

void sy_placement_apply_room(struct sy_placement *placement, const struct sy_profile *profile,
                             const struct sy_room *room)
{
    unsigned before = placement->best.total;
    apply_room(&placement->best, profile, room);
    apply_room(&placement->expected, profile, room);
    apply_room(&placement->worst, profile, room);
    move_bound(placement, before);
}

void sy_placement_apply_leftover(struct sy_placement *placement, const struct sy_profile *profile,
                                 uint16_t leftover)
{
    unsigned before = placement->best.total;
    struct sy_outcome *outcome[] = {&placement->best, &placement->expected, &placement->worst};
    for (unsigned i = 0; i < sizeof outcome / sizeof outcome[0]; i++) {
        outcome[i]->value.term[SY_TERM_LEFTOVER] = leftover;
        outcome[i]->total = sy_value_total(profile, outcome[i]->value.term);
    }
    move_bound(placement, before);
}
