/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod got, beside what was predicted and what it required. The node is taken as empty: the
 * question is about the set, not about who else was there. */
#include "scoring/occupancy/occupancy_private.h"
#include "scoring/value_state.h"

/* Units dealt out to the entries that they can serve. */
struct deal {
    const struct sy_fabric *fabric;
    const struct sy_request *request;
    struct sy_devset pick[SY_ENTRY_MAX];
    uint16_t tried; /* entries, while one unit is looking for its place */
};

/* Place a unit, moving others on where they may serve another entry too. */
static bool place(struct deal *d, unsigned unit)
{
    unsigned serves = sy_claim_serves(d->fabric, d->request, unit);
    for (unsigned e = 0; e < d->request->nentry; e++) {
        if ((serves >> e & 1) == 0 || (d->tried >> e & 1) != 0)
            continue;
        d->tried = (uint16_t)(d->tried | 1u << e);
        bool room = sy_devset_count(&d->pick[e]) < d->request->entry[e].count;
        struct sy_devset others = d->pick[e];
        SY_DEVSET_EACH(k, &others)
        {
            if (room)
                break;
            sy_devset_del(&d->pick[e], (unsigned)k);
            room = place(d, (unsigned)k);
            if (!room)
                sy_devset_add(&d->pick[e], (unsigned)k);
        }
        if (room) {
            sy_devset_add(&d->pick[e], unit);
            return true;
        }
    }
    return false;
}

/* Does every unit find a place? *ret_left: those that do not. */
static bool deal(struct deal *d, const struct sy_devset *units, struct sy_devset *ret_left)
{
    *ret_left = SY_DEVSET_EMPTY;
    SY_DEVSET_EACH(u, units)
    {
        d->tried = 0;
        if (!place(d, (unsigned)u))
            sy_devset_add(ret_left, (unsigned)u);
    }
    return sy_devset_empty(ret_left);
}

static enum sy_code empty_usage(const struct sy_fabric *fabric, struct sy_usage **ret)
{
    enum sy_code code = sy_usage_new_unreported(fabric, ret, NULL);
    if (code == SY_OK)
        (*ret)->mode = SY_MODE_EXACT; /* nobody holds anything: that is known */
    return code;
}

/* The set's total; -1 = not as many devices as asked for, or out of memory. */
static int total_of(const struct sy_fabric *fabric, const struct sy_usage *empty,
                    const struct sy_request *request, const struct sy_profile *profile,
                    const struct sy_devset *units, struct sy_arena *scratch)
{
    struct deal d = {.fabric = fabric, .request = request};
    struct sy_devset left;
    struct sy_value_scene scene;
    struct sy_value_context *context;
    struct sy_value value;
    bool all = deal(&d, units, &left);
    for (unsigned e = 0; e < request->nentry; e++)
        all = all && sy_devset_count(&d.pick[e]) == request->entry[e].count;
    sy_value_scene_whole(fabric, request, &scene);
    if (!all || sy_value_context_build(fabric, empty, request, profile, &scene, scratch, &context,
                                       NULL) != SY_OK)
        return -1;
    sy_value_of(context, d.pick, &value);
    return sy_value_total(profile, value.term);
}

enum sy_prediction sy_occupancy_compare(const struct sy_fabric *fabric,
                                        const struct sy_request *request,
                                        const struct sy_profile *profile,
                                        struct sy_devset predicted, struct sy_devset achieved,
                                        struct sy_arena *scratch)
{
    struct sy_usage *empty;
    if (empty_usage(fabric, &empty) != SY_OK)
        return SY_PREDICTION_UNKNOWN;
    int expected = total_of(fabric, empty, request, profile, &predicted, scratch);
    int got = total_of(fabric, empty, request, profile, &achieved, scratch);
    sy_usage_unref(empty);
    if (expected < 0 || got < 0)
        return SY_PREDICTION_UNKNOWN;
    if (sy_devset_equal(&predicted, &achieved))
        return SY_PREDICTION_SAME;
    if (got == expected)
        return SY_PREDICTION_EQUAL;
    return got < expected ? SY_PREDICTION_WORSE : SY_PREDICTION_BETTER;
}

/* The request for exactly these units: whatever a pod got beyond or short of what it asked for is
 * part of its set. */
static void deal_all(struct deal *d, struct sy_request *request, const struct sy_devset *units)
{
    struct sy_devset left;
    (void)deal(d, units, &left);
    SY_DEVSET_EACH(u, &left)
    {
        unsigned serves = sy_claim_serves(d->fabric, d->request, (unsigned)u);
        if (serves != 0)
            sy_devset_add(&d->pick[__builtin_ctz(serves)], (unsigned)u);
    }
    for (unsigned e = 0; e < request->nentry; e++)
        request->entry[e].count = (uint16_t)sy_devset_count(&d->pick[e]);
}

static bool meets(const struct sy_value_context *context, const struct sy_devset *pick,
                  struct sy_arena *scratch)
{
    struct sy_value_state *state;
    if (sy_value_state_new(context, scratch, &state, NULL) != SY_OK)
        return true;
    for (unsigned e = 0; e < context->request->nentry; e++) {
        SY_DEVSET_EACH(u, &pick[e])
        sy_value_push(context, state, (unsigned)sy_value_local(context, (unsigned)u), e);
    }
    return sy_value_meets(context, state);
}

bool sy_occupancy_meets(const struct sy_fabric *fabric, const struct sy_request *request,
                        const struct sy_profile *profile, struct sy_devset achieved,
                        struct sy_arena *scratch)
{
    struct sy_request exactly = *request;
    struct deal d = {.fabric = fabric, .request = request};
    struct sy_value_scene scene;
    struct sy_value_context *context;
    struct sy_usage *empty;
    if (!sy_placement_must_search(request, true) || empty_usage(fabric, &empty) != SY_OK)
        return true;
    deal_all(&d, &exactly, &achieved);
    sy_value_scene_whole(fabric, request, &scene);
    scene.maybe = true; /* what nobody knows is no breach */
    for (unsigned e = 0; e < request->nentry; e++)
        scene.pool[e] = d.pick[e];
    bool ret = sy_value_context_build(fabric, empty, &exactly, profile, &scene, scratch, &context,
                                      NULL) != SY_OK ||
               meets(context, d.pick, scratch);
    sy_usage_unref(empty);
    return ret;
}
