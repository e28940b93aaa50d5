/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: each node is filled with one shape until no more fit, then put back. Nodes that the
 * filling cannot tell apart are filled once. */
#include "planner/plan/capacity_private.h"

#include <string.h>

/* What filling one node came to. */
struct sy_fill {
    struct sy_digest key;
    bool known, limited;
    uint32_t slots;
    uint32_t used, left;         /* free devices of the shape: taken, and still there */
    struct sy_devset free_after; /* unless the node is counted */
    uint8_t why;                 /* enum sy_strand: why the next one does not fit */
    const char *detail;
};

static const char *const strand_names[] = {
#define X(id, name, text) name,
    SY_STRANDS(X)
#undef X
};
static const char *const strand_texts[] = {
#define X(id, name, text) text,
    SY_STRANDS(X)
#undef X
};

const char *sy_strand_name(enum sy_strand why)
{
    return (unsigned)why < SY_STRAND_COUNT ? strand_names[why] : "?";
}

const char *sy_strand_text(enum sy_strand why)
{
    return (unsigned)why < SY_STRAND_COUNT ? strand_texts[why] : "?";
}

/* Units of a node that could serve an entry of the request. */
static struct sy_devset serving(const struct sy_node *node, const struct sy_request *request)
{
    struct sy_devset set = SY_DEVSET_EMPTY;
    for (unsigned u = 0; node != NULL && u < node->fabric->nunit; u++)
        for (unsigned e = 0; e < request->nentry; e++)
            if (sy_devset_has(&node->fabric->unit[u].resources, request->entry[e].resource))
                sy_devset_add(&set, u);
    return set;
}

/* Held, nobody knows which, of what the request asks for. */
static uint32_t counted_of(const struct sy_usage *usage, const struct sy_request *request)
{
    uint32_t n = 0;
    for (uint16_t i = 0; i < usage->ncounted; i++)
        for (unsigned e = 0; e < request->nentry; e++)
            n += usage->counted[i].resource == request->entry[e].resource ? usage->counted[i].count
                                                                          : 0u;
    return n;
}

static uint32_t free_of(const struct sy_node *node, const struct sy_request *request)
{
    if (node == NULL)
        return 0;
    struct sy_devset set = sy_devset_and(serving(node, request), node->usage->free);
    uint32_t free = sy_devset_count(&set), counted = counted_of(node->usage, request);
    return free > counted ? free - counted : 0;
}

static enum sy_strand strand_of_reason(enum sy_reason reason)
{
    if (reason == SY_REASON_POWER_BUSY || reason == SY_REASON_POWER_NEVER)
        return SY_STRAND_WATTS;
    if (reason == SY_REASON_AFFINITY_BUSY || reason == SY_REASON_AFFINITY_NEVER)
        return SY_STRAND_REFUSED;
    return reason == SY_REASON_MALFORMED ? SY_STRAND_CLOSED : SY_STRAND_PARTNER;
}

/* A device of ours that is short wants partners; anything else is another resource. */
static enum sy_strand strand_of_resource(const struct sy_plan *plan, const char *name,
                                         const char **ret_detail)
{
    if (name == NULL)
        return SY_STRAND_RESOURCE;
    if (strcmp(name, "cpu") == 0)
        return SY_STRAND_CPU;
    if (strcmp(name, "memory") == 0)
        return SY_STRAND_MEMORY;
    *ret_detail = name;
    return sy_catalogue_resource_find(plan->state->catalogue, name) >= 0 ? SY_STRAND_PARTNER
                                                                         : SY_STRAND_RESOURCE;
}

static void explain_end(const struct sy_plan *plan, const struct sy_plan_verdict *verdict,
                        struct sy_fill *fill)
{
    fill->detail = NULL;
    if (verdict->stage.stage == SY_STAGE_PASSED && verdict->ours.disagrees != SY_FIT_YES) {
        fill->why = SY_STRAND_PARTNER;
    } else if (verdict->stage.stage == SY_STAGE_PASSED) {
        fill->why = (uint8_t)strand_of_reason((enum sy_reason)verdict->ours.reason);
        fill->detail = fill->why == SY_STRAND_WATTS ? verdict->ours.room.element
                                                    : sy_reason_text(verdict->ours.reason);
    } else if (verdict->stage.stage == SY_STAGE_PODS) {
        fill->why = SY_STRAND_PODS;
    } else if (verdict->stage.stage == SY_STAGE_RESOURCE) {
        fill->why = (uint8_t)strand_of_resource(plan, verdict->stage.name, &fill->detail);
    } else {
        fill->why = SY_STRAND_CLOSED;
        fill->detail = verdict->stage.name != NULL
                           ? verdict->stage.name
                           : sy_stage_text((enum sy_stage)verdict->stage.stage);
    }
}

/* One more of the shape on the node: an entry of its own, so that none takes another's place. */
static enum sy_code bind_one(struct sy_filling *f, uint32_t node)
{
    uint32_t id;
    enum sy_code code = sy_plan_add_pod(f->plan, f->trial.pod, &id, f->err);
    return code == SY_OK ? sy_plan_bind(f->plan, id, node, f->err) : code;
}

static enum sy_code fill_node(struct sy_filling *f, uint32_t node, struct sy_fill *fill)
{
    const struct sy_request *request = &f->trial.pod->request;
    uint32_t before = free_of(f->plan->node[node]->node, request);
    for (;;) {
        struct sy_plan_verdict verdict;
        sy_arena_reset(f->scratch);
        enum sy_code code = sy_plan_try_on(f->plan, &f->trial, node, f->scratch, &verdict, f->err);
        if (code != SY_OK)
            return code;
        fill->limited = fill->slots == SY_CAPACITY_NODE_SLOTS_MAX;
        /* A slot has its devices, also where a node's own count of them is not known or too high.
         */
        bool fits = sy_plan_verdict_fits(&verdict) && verdict.ours.disagrees == SY_FIT_YES;
        if (!fits || fill->limited) {
            explain_end(f->plan, &verdict, fill);
            break;
        }
        if (f->most > 0 && f->total + fill->slots == f->most)
            break;
        code = bind_one(f, node);
        if (code != SY_OK)
            return code;
        fill->slots++;
    }
    const struct sy_node *after = f->plan->node[node]->node;
    fill->left = free_of(after, request);
    fill->used = before > fill->left ? before - fill->left : 0;
    if (after != NULL)
        fill->free_after = sy_devset_and(after->usage->free, serving(after, request));
    return SY_OK;
}

static void digest_amounts(struct sy_digest *d, const struct sy_amounts *amounts)
{
    sy_digest_u64(d, (uint64_t)amounts->cpu_milli);
    sy_digest_u64(d, (uint64_t)amounts->memory_bytes);
    sy_digest_u64(d, (uint64_t)amounts->storage_bytes);
    sy_digest_u64(d, (uint64_t)amounts->pods);
    for (size_t i = 0; i < amounts->n; i++) {
        sy_digest_str(d, amounts->other[i].name);
        sy_digest_u64(d, (uint64_t)amounts->other[i].value);
    }
}

/* All that filling reads of a node, but for names, labels and taints: whether these let the pod
 * pass does not change while pods come. */
static struct sy_digest key_of(const struct sy_plan_record *record, uint8_t stage)
{
    struct sy_digest d = sy_digest_begin();
    const struct sy_state_node *object = sy_record_object(record);
    bool label = stage != SY_STAGE_PASSED && stage != SY_STAGE_RESOURCE && stage != SY_STAGE_PODS;
    sy_digest_u64(&d, label ? stage : 0);
    sy_digest_u64(&d, object->resources_known);
    digest_amounts(&d, &object->allocatable);
    sy_digest_u64(&d, (uint64_t)record->taken.cpu_milli);
    sy_digest_u64(&d, (uint64_t)record->taken.memory_bytes);
    sy_digest_u64(&d, (uint64_t)record->taken.storage_bytes);
    sy_digest_u64(&d, (uint64_t)record->taken.pods);
    for (size_t i = 0; i < record->taken.n; i++) {
        sy_digest_str(&d, record->taken.other[i].name);
        sy_digest_u64(&d, (uint64_t)record->taken.other[i].value);
    }
    if (record->node != NULL) {
        sy_digest_u64(&d, record->node->state.hi);
        sy_digest_u64(&d, record->node->state.lo);
        sy_digest_u64(&d, (uint64_t)record->node->usage->limit_mw);
        sy_digest_u64(&d, (uint64_t)record->node->usage->base_mw);
    }
    return d;
}

/* The slot of a key, or the empty one where it belongs. */
static struct sy_fill *look_up(struct sy_filling *f, struct sy_digest key)
{
    size_t at = (size_t)(key.lo ^ key.hi) & f->mask;
    while (f->table[at].known && !sy_digest_equal(f->table[at].key, key))
        at = (at + 1) & f->mask;
    return &f->table[at];
}

/* Fill the node, or recall how one like it was filled. */
static enum sy_code fill_or_recall(struct sy_filling *f, uint32_t node, const struct sy_fill **ret)
{
    struct sy_plan_record *record = f->plan->node[node];
    struct sy_plan_verdict verdict;
    sy_arena_reset(f->scratch);
    verdict.stage = sy_plan_filter_on(f->plan, f->trial.terms, node);
    struct sy_fill *fill = look_up(f, key_of(record, verdict.stage.stage));
    bool enough = f->most == 0 || f->total + fill->slots <= f->most;
    if (!f->trial.alone || !fill->known || !enough) {
        *fill = (struct sy_fill){.key = key_of(record, verdict.stage.stage), .known = true};
        record->refs++;
        enum sy_code code = fill_node(f, node, fill);
        if (f->trial.alone || code != SY_OK) {
            sy_plan_replace(f->plan, node, record);
            f->plan->npod = f->npod;
        } else {
            sy_record_unref(record); /* what is there counts in the domain until all are filled */
        }
        if (code != SY_OK)
            return code;
    }
    *ret = fill;
    return SY_OK;
}

/* What the fill says of the node's devices that could serve the shape. */
static void add_devices(struct sy_capacity_slots *to, const struct sy_node *node,
                        const struct sy_request *request, const struct sy_fill *fill)
{
    if (node == NULL)
        return;
    struct sy_devset all = serving(node, request);
    uint64_t n = sy_devset_count(&all), unhealthy = 0;
    SY_DEVSET_EACH(u, &all)
    {
        bool well = sy_devset_has(&node->usage->healthy, (unsigned)u);
        unhealthy += !well && node->usage->unit[u].held == 0;
    }
    uint64_t free = (uint64_t)fill->used + fill->left;
    to->devices += n;
    to->free += free;
    to->used += fill->used;
    to->held += n - free - unhealthy;
    to->left[SY_STRAND_UNHEALTHY] += unhealthy;
    to->left[fill->why] += fill->left;
}

static void add_fill(struct sy_filling *f, uint32_t node, const struct sy_node *was,
                     const struct sy_fill *fill)
{
    struct sy_capacity_slots *to = f->ret;
    to->slots += fill->slots;
    to->nodes += fill->slots > 0;
    to->limited = to->limited || fill->limited;
    f->total = to->slots;
    add_devices(to, was, &f->trial.pod->request, fill);
    if (f->strand != NULL && was != NULL && was->usage->mode != SY_MODE_COUNTS)
        sy_strand_note(f->strand, node, f->shape, serving(was, &f->trial.pod->request),
                       fill->free_after, fill->why, fill->detail);
}

static enum sy_code fill_all(struct sy_filling *f)
{
    struct sy_plan *plan = f->plan;
    for (uint32_t i = 0; i < plan->n; i++) {
        uint32_t node = plan->order[i];
        const struct sy_fill *fill;
        if (plan->node[node]->gone)
            continue;
        struct sy_node *was =
            plan->node[node]->node != NULL ? sy_node_ref(plan->node[node]->node) : NULL;
        enum sy_code code = fill_or_recall(f, node, &fill);
        if (code == SY_OK)
            add_fill(f, node, was, fill);
        sy_node_unref(was);
        if (code != SY_OK)
            return code;
        if (f->most > 0 && f->total >= f->most)
            break;
    }
    struct sy_capacity_slots *ret = f->ret;
    uint64_t unusable = ret->free - ret->used;
    ret->fragmentation = ret->free > 0 ? (uint32_t)(unusable * 1000 / ret->free) : 0;
    return SY_OK;
}

/* The pod as one more of its kind: nobody's report names it. */
static void make_shape(const struct sy_state_pod *pod, struct sy_state_pod *ret)
{
    *ret = *pod;
    ret->uid = "";
    ret->node = UINT32_MAX;
    ret->node_name = NULL;
    ret->nnamed = 0;
}

static bool has_hard_domains(const struct sy_policy *policy)
{
    bool limited = false;
    for (unsigned i = 0; i < policy->ndomain; i++)
        limited = limited || policy->domain[i].limit_mw != SY_UNKNOWN_MW;
    return policy->power_hard && limited;
}

static enum sy_code prepare(struct sy_filling *f, const struct sy_state_pod *pod)
{
    struct sy_state_pod *shape = sy_arena_calloc(f->arena, 1, sizeof *shape);
    size_t size = 16;
    while (size < 2 * (size_t)f->plan->n)
        size *= 2;
    f->table = sy_arena_calloc(f->arena, size, sizeof *f->table);
    f->mask = size - 1;
    if (shape == NULL || f->table == NULL)
        return sy_fail(f->err, SY_ENOMEM, "out of memory");
    make_shape(pod, shape);
    f->trial.pod = shape;
    f->trial.alone = !has_hard_domains(f->plan->policy);
    f->npod = f->plan->npod;
    return sy_scheduler_pod_new(shape, f->arena, &f->trial.terms, f->err);
}

enum sy_code sy_filling_run(struct sy_filling *f, const struct sy_plan *plan,
                            const struct sy_state_pod *pod)
{
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    *f->ret = (struct sy_capacity_slots){0};
    f->total = 0;
    enum sy_code code = sy_plan_copy(plan, &copy, f->err);
    f->plan = copy;
    if (code == SY_OK)
        code = prepare(f, pod);
    return code == SY_OK ? fill_all(f) : code;
}

enum sy_code sy_capacity_slots(struct sy_plan *plan, const struct sy_state_pod *pod, uint64_t most,
                               struct sy_arena *arena, struct sy_capacity_slots *ret,
                               struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *scratch = sy_arena_new(SY_CAPACITY_SCRATCH_MAX);
    struct sy_capacity_slots slots;
    if (scratch == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_filling f = {
        .arena = arena, .scratch = scratch, .most = most, .ret = &slots, .err = err};
    enum sy_code code = sy_filling_run(&f, plan, pod);
    if (code == SY_OK)
        *ret = slots;
    return code;
}
