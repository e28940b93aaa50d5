/* SPDX-License-Identifier: Apache-2.0 */
/* Would one more pod of the shape fit if small ones moved away? A node is closed, its smallest
 * movable pods are placed elsewhere, and the slots are counted again: only what gave more stays. */
#include "planner/report/growth.h"

#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 32u /* nodes that are tried */
#define MOVES_MAX 64u /* pods that move, in all */

struct candidate {
    uint32_t node, lack; /* devices that would have to be freed */
};

static int by_lack(const void *pa, const void *pb)
{
    const struct candidate *a = pa, *b = pb;
    if (a->lack != b->lack)
        return a->lack < b->lack ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static uint32_t wanted(const struct sy_state_pod *pod)
{
    uint32_t n = 0;
    for (unsigned e = 0; e < pod->request.nentry; e++)
        n += pod->request.entry[e].count;
    return n;
}

static struct sy_devset serves(const struct sy_node *node, const struct sy_state_pod *pod)
{
    struct sy_devset set = SY_DEVSET_EMPTY;
    for (unsigned u = 0; u < node->fabric->nunit; u++)
        for (unsigned e = 0; e < pod->request.nentry; e++)
            if (sy_devset_has(&node->fabric->unit[u].resources, pod->request.entry[e].resource))
                sy_devset_add(&set, u);
    return set;
}

/* Nodes that have devices enough, of which too few are free: those that lack least first. */
static size_t find_candidates(struct sy_plan *plan, const struct sy_state_pod *pod,
                              struct candidate *candidate)
{
    size_t n = 0;
    for (uint32_t i = 0; i < sy_plan_nodes(plan); i++) {
        struct sy_plan_node node = sy_plan_node(plan, i);
        if (node.gone || node.cordoned || node.node == NULL ||
            node.node->usage->mode == SY_MODE_COUNTS)
            continue;
        struct sy_devset set = serves(node.node, pod);
        struct sy_devset free = sy_devset_and(set, node.node->usage->free);
        struct sy_devset healthy = sy_devset_and(set, node.node->usage->healthy);
        uint32_t want = wanted(pod), have = sy_devset_count(&free) % (want > 0 ? want : 1);
        if (sy_devset_count(&healthy) >= want && sy_devset_count(&healthy) > sy_devset_count(&free))
            candidate[n++] = (struct candidate){.node = i, .lack = want - have};
    }
    if (n > 0)
        qsort(candidate, n, sizeof *candidate, by_lack);
    return n;
}

/* A controller makes it again elsewhere; a node's own pods do not move. */
static bool movable(const struct sy_state_pod *pod)
{
    return pod->owner_kind != NULL && strcmp(pod->owner_kind, "DaemonSet") != 0 &&
           strcmp(pod->owner_kind, "Node") != 0;
}

/* The smallest movable pod on the node that holds devices, smaller than the shape; UINT32_MAX. */
static enum sy_code smallest(struct sy_plan *plan, uint32_t node, uint32_t below,
                             struct sy_arena *scratch, uint32_t *ret, struct sy_err *err)
{
    size_t n = 0;
    const uint32_t *pod = sy_plan_node_pods(plan, node, scratch, &n);
    uint32_t least = below;
    if (pod == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    *ret = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        uint32_t devices = wanted(sy_plan_pod(plan, pod[i]));
        if (devices == 0 || devices >= least || !movable(sy_plan_pod(plan, pod[i])))
            continue;
        least = devices;
        *ret = pod[i];
    }
    return SY_OK;
}

struct moves {
    uint32_t pod[MOVES_MAX], from[MOVES_MAX], to[MOVES_MAX];
    uint32_t n;
};

/* Free `lack` devices of the node: false in *ret when its pods have no other place. */
static enum sy_code clear_node(struct sy_plan *plan, const struct candidate *candidate,
                               uint32_t below, struct sy_arena *scratch, struct moves *moves,
                               bool *ret, struct sy_err *err)
{
    uint32_t freed = 0;
    enum sy_code code = sy_plan_cordon(plan, candidate->node, true, err);
    *ret = true;
    while (code == SY_OK && *ret && freed < candidate->lack) {
        uint32_t pod = UINT32_MAX, to = UINT32_MAX;
        code = smallest(plan, candidate->node, below, scratch, &pod, err);
        if (code != SY_OK || pod == UINT32_MAX || moves->n == MOVES_MAX) {
            *ret = false;
            break;
        }
        freed += wanted(sy_plan_pod(plan, pod));
        code = sy_plan_unbind(plan, pod, err);
        if (code == SY_OK)
            code = sy_plan_place(plan, pod, &to, err);
        *ret = to != UINT32_MAX;
        moves->pod[moves->n] = pod;
        moves->from[moves->n] = candidate->node;
        moves->to[moves->n++] = to;
    }
    if (code == SY_OK)
        code = sy_plan_cordon(plan, candidate->node, false, err);
    return code;
}

static enum sy_code name_moves(struct sy_plan *plan, const struct moves *moves,
                               struct sy_arena *arena, struct sy_way *way, struct sy_err *err)
{
    const char **text = sy_arena_calloc(arena, moves->n, sizeof *text);
    bool failed = text == NULL;
    for (uint32_t i = 0; i < moves->n && !failed; i++) {
        const struct sy_state_pod *pod = sy_plan_pod(plan, moves->pod[i]);
        text[i] = sy_arena_printf(arena, "%s/%s: %s to %s", pod->namespace_, pod->name,
                                  sy_plan_node(plan, moves->from[i]).object->name,
                                  sy_plan_node(plan, moves->to[i]).object->name);
        failed = text[i] == NULL;
    }
    way->moves = moves->n;
    way->move = text;
    way->what = sy_arena_printf(arena, "move %u %s", moves->n, moves->n == 1 ? "pod" : "pods");
    failed |= way->what == NULL;
    return failed ? sy_fail(err, SY_ENOMEM, "out of memory") : SY_OK;
}

enum sy_code sy_ways_move(struct sy_plan **plan, const struct sy_state_pod *shape, uint64_t slots,
                          struct sy_arena *arena, struct sy_way *way, struct sy_err *err)
{
    sy_autofree struct candidate *candidate =
        sy_calloc(sy_plan_nodes(*plan) + 1, sizeof *candidate);
    sy_autofree struct moves *kept = sy_calloc(1, sizeof *kept);
    sy_autofree struct moves *moves = sy_calloc(1, sizeof *moves);
    if (candidate == NULL || kept == NULL || moves == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    size_t n = wanted(shape) > 1 ? find_candidates(*plan, shape, candidate) : 0;
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && i < TRIES_MAX && code == SY_OK; i++) {
        struct sy_capacity_slots after = {0};
        SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
        bool cleared = false;
        *moves = *kept;
        code = sy_plan_copy(*plan, &copy, err);
        if (code == SY_OK)
            code = clear_node(copy, &candidate[i], wanted(shape), arena, moves, &cleared, err);
        if (code == SY_OK && cleared)
            code = sy_capacity_slots(copy, shape, 0, arena, &after, err);
        if (code != SY_OK || !cleared || after.slots <= slots)
            continue;
        slots = after.slots;
        *kept = *moves;
        struct sy_plan *before = *plan;
        *plan = SY_TAKE(copy);
        sy_plan_free(before);
    }
    return code == SY_OK ? name_moves(*plan, kept, arena, way, err) : code;
}
