/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/whatif/moves.h"

#include <stdlib.h>
#include <string.h>

struct ranked {
    const struct sy_state_pod *pod;
    struct sy_move move;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    int order = sy_pod_compare(x->pod, y->pod);
    return order != 0 ? order : (x->move.pod > y->move.pod) - (x->move.pod < y->move.pod);
}

enum sy_code sy_moves_of(const struct sy_plan *plan, const struct sy_targets *targets,
                         struct sy_arena *arena, struct sy_moves *ret, struct sy_err *err)
{
    uint32_t npod = sy_plan_pods(plan);
    size_t n = 0, stay = 0, at = 0;
    sy_autofree bool *meant = sy_calloc((size_t)sy_plan_nodes(plan) + 1, sizeof *meant);
    if (meant == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (size_t i = 0; i < targets->n; i++)
        meant[targets->node[i]] = true;
    for (uint32_t i = 0; i < npod; i++) {
        uint32_t node = sy_plan_pod_node(plan, i);
        n += node != UINT32_MAX && meant[node];
    }
    sy_autofree struct ranked *ranked = sy_calloc(n + 1, sizeof *ranked);
    struct sy_move *move = sy_arena_calloc(arena, n, sizeof *move);
    if (ranked == NULL || move == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods of the nodes");
    for (uint32_t i = 0; i < npod; i++) {
        uint32_t node = sy_plan_pod_node(plan, i);
        if (node == UINT32_MAX || !meant[node])
            continue;
        const struct sy_state_pod *pod = sy_plan_pod(plan, i);
        if (!sy_leaves(pod))
            stay++;
        else
            ranked[at++] = (struct ranked){pod,
                                           {.pod = i,
                                            .from = node,
                                            .to = UINT32_MAX,
                                            .vain = UINT32_MAX,
                                            .leave = sy_leave_of(pod)}};
    }
    if (at > 1)
        qsort(ranked, at, sizeof *ranked, by_rank);
    for (size_t i = 0; i < at; i++)
        move[i] = ranked[i].move;
    *ret = (struct sy_moves){at, move, stay};
    return SY_OK;
}

enum sy_code sy_moves_fail(struct sy_plan *plan, const struct sy_targets *targets,
                           struct sy_moves *moves, size_t *ret_pending, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    uint32_t npod = sy_plan_pods(plan);
    size_t pending = 0;
    sy_autofree bool *meant = sy_calloc((size_t)sy_plan_nodes(plan) + 1, sizeof *meant);
    if (meant == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (size_t i = 0; i < targets->n; i++)
        meant[targets->node[i]] = true;
    for (uint32_t i = 0; moves->nstay > 0 && i < npod && code == SY_OK; i++) {
        uint32_t node = sy_plan_pod_node(plan, i);
        if (node == UINT32_MAX || !meant[node])
            continue;
        if (!sy_leaves(sy_plan_pod(plan, i)))
            code = sy_plan_remove_pod(plan, i, err); /* gone with the node */
    }
    for (size_t i = 0; i < targets->n && code == SY_OK; i++)
        code = sy_plan_remove_node(plan, targets->node[i], err);
    for (size_t i = 0; i < moves->n && code == SY_OK; i++) {
        code = sy_plan_place(plan, moves->move[i].pod, &moves->move[i].to, err);
        pending += code == SY_OK && moves->move[i].to == UINT32_MAX;
        moves->move[i].vain = sy_plan_pod_vain(plan, moves->move[i].pod);
    }
    if (code == SY_OK)
        *ret_pending = pending;
    return code;
}
