/* SPDX-License-Identifier: Apache-2.0 */
/* whatif compare: the same pods under two or more policies, side by side. */
#include "planner/explain/detail.h"
#include "planner/explain/question.h"
#include "planner/whatif/commands.h"
#include "planner/whatif/place.h"

#include <string.h>

#define SIDES_MAX 8u

/* One policy, and what it does with the pods. */
struct side {
    const char *name; /* as given; "kube-default" */
    struct sy_plan *plan;
    struct sy_placed *placed;
    size_t pending;
    uint64_t gbps_sum, gbps_pods; /* MB/s of pods whose slowest link is known */
    int64_t watts_mw;             /* what they add */
    bool watts_known;             /* of all pods that were placed */
    const char **node;            /* per pod; NULL = pending */
    uint16_t *score;
    uint32_t *mbps;
};

struct comparing {
    struct sy_question q;
    struct side side[SIDES_MAX];
    size_t n;
    struct side *at; /* the one that is being filled */
    size_t differ;
};

/* What the pod gets on the node it goes to. Watts and GB/s mean the same under every policy. */
static enum sy_code seen(void *data, struct sy_plan *plan, size_t i,
                         const struct sy_plan_answer *answer, uint32_t node, struct sy_err *err)
{
    struct comparing *c = data;
    struct side *side = c->at;
    const struct sy_state_pod *pod = &c->q.pods.pod[i].pod;
    struct sy_detail detail;
    (void)answer;
    if (node == UINT32_MAX)
        return SY_OK;
    enum sy_code code = sy_detail_of(plan, pod, node, c->q.scratch, &detail, err);
    if (code != SY_OK || !sy_detail_placed(&detail) || pod->request.nentry == 0)
        return code;
    const struct sy_outcome *best = &detail.verdict.placement->best;
    side->score[i] = detail.verdict.score;
    side->mbps[i] = best->value.min_mbps;
    return SY_OK;
}

static enum sy_code power_of(struct comparing *c, struct side *side, int64_t *ret,
                             struct sy_err *err)
{
    const struct sy_power *power;
    (void)c;
    enum sy_code code = sy_plan_power(side->plan, &power, err);
    *ret = 0;
    for (uint32_t i = 0; code == SY_OK && i < power->nnode; i++)
        *ret += power->node[i].provisioned_mw;
    return code;
}

/* Is it known what the pod draws where it went? Not where nobody can tell which devices it got. */
static bool knows_watts(const struct side *side, const struct sy_state_pod *pod,
                        const struct sy_placed *placed)
{
    if (placed->node == UINT32_MAX || pod->request.nentry == 0)
        return true;
    const struct sy_node *node = sy_plan_node(side->plan, placed->node).node;
    struct sy_devset units = sy_plan_pod_units(side->plan, placed->pod);
    if (node == NULL || sy_devset_count(&units) == 0)
        return false;
    SY_DEVSET_EACH(u, &units)
    {
        if (node->fabric->unit[u].tdp_mw == 0 && node->usage->unit[u].cap_mw == SY_UNKNOWN_MW)
            return false;
    }
    return true;
}

static enum sy_code run_side(struct comparing *c, struct side *side, struct sy_err *err)
{
    size_t n = c->q.pods.n;
    int64_t before = 0, after = 0;
    side->placed = sy_arena_calloc(c->q.arena, n, sizeof *side->placed);
    side->node = sy_arena_calloc(c->q.arena, n, sizeof(const char *));
    side->score = sy_arena_calloc(c->q.arena, n, sizeof *side->score);
    side->mbps = sy_arena_calloc(c->q.arena, n, sizeof *side->mbps);
    if (side->placed == NULL || side->node == NULL || side->score == NULL || side->mbps == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    c->at = side;
    const struct sy_placing placing = {
        .pods = &c->q.pods, .id = c->q.id, .seen = seen, .data = c, .scratch = c->q.scratch};
    enum sy_code code = power_of(c, side, &before, err);
    if (code == SY_OK)
        code = sy_place_list(&placing, &side->plan, side->placed, &side->pending, err);
    if (code == SY_OK)
        code = power_of(c, side, &after, err);
    side->watts_mw = after - before;
    side->watts_known = true;
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        side->watts_known &= knows_watts(side, &c->q.pods.pod[i].pod, &side->placed[i]);
        side->node[i] = sy_node_text(side->plan, side->placed[i].node);
        if (side->node[i] != NULL && side->mbps[i] > 0) {
            side->gbps_sum += side->mbps[i];
            side->gbps_pods++;
        }
    }
    return code;
}

/* A plan of this policy on the same cluster; pod ids are the same in all of them. */
static enum sy_code new_side(struct comparing *c, const char *path, struct sy_err *err)
{
    struct sy_policy *policy = NULL;
    if (c->n == SIDES_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u policies", SIDES_MAX);
    struct side *side = &c->side[c->n];
    side->name = path;
    enum sy_code code = sy_policy_load(path, &policy, err);
    if (code == SY_OK)
        code = sy_plan_copy(c->q.plan, &side->plan, err);
    c->n += side->plan != NULL;
    if (code == SY_OK)
        code = sy_plan_set_policy(side->plan, policy, err);
    sy_policy_unref(policy);
    return code;
}

/* kube-scheduler alone. */
static enum sy_code new_default(struct comparing *c, struct sy_err *err)
{
    static const struct sy_plan_options alone = {.weight = SY_QUESTION_WEIGHT,
                                                 .kube_default = true};
    enum sy_code code = SY_OK;
    uint32_t id;
    if (c->n == SIDES_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u policies", SIDES_MAX);
    struct side *side = &c->side[c->n];
    side->name = "kube-default";
    code = sy_plan_new(c->q.state, &alone, &side->plan, err);
    c->n += side->plan != NULL;
    for (size_t i = 0; c->q.from_file && i < c->q.pods.n && code == SY_OK; i++) {
        code = sy_plan_add_pod(side->plan, &c->q.pods.pod[i].pod, &id, err);
        if (code == SY_OK && id != c->q.id[i])
            code = sy_fail(err, SY_EINTERNAL, "pod ids differ between plans");
    }
    return code;
}

static enum sy_code find_sides(struct comparing *c, struct sy_err *err)
{
    size_t n;
    const struct sy_options *options = c->q.cli->options;
    const char *const *path = sy_options_list(options, "policy", &n);
    bool with_default = sy_options_str(options, "with") != NULL;
    enum sy_code code = SY_OK;
    if (n + with_default < 2)
        return sy_fail(err, SY_EUSAGE,
                       "expected two policies: --policy twice, or once with --with kube-default");
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = new_side(c, path[i], err);
    return code == SY_OK && with_default ? new_default(c, err) : code;
}

/* --- The answer. */

static json_t *side_json(struct comparing *c, const struct side *side)
{
    struct sy_form *form = &c->q.form;
    json_t *row = json_object();
    size_t placed = c->q.pods.n - side->pending;
    uint64_t mean = side->gbps_pods > 0 ? side->gbps_sum / side->gbps_pods : 0;
    sy_form_put(form, row, "policy", json_string(side->name));
    sy_form_put(form, row, "placed", json_integer((json_int_t)placed));
    sy_form_put(form, row, "pending", json_integer((json_int_t)side->pending));
    sy_form_put(form, row, "meanMinBandwidthGBps", sy_form_gbps((uint32_t)mean));
    sy_form_put(form, row, "wattsAdded",
                side->watts_known ? sy_form_signed_watts(side->watts_mw) : json_null());
    return row;
}

static json_t *pod_json(struct comparing *c, size_t i)
{
    struct sy_form *form = &c->q.form;
    json_t *row = json_object(), *places = json_array();
    bool same = true;
    sy_form_put(form, row, "namespace", sy_form_text(c->q.pods.pod[i].pod.namespace_));
    sy_form_put(form, row, "name", sy_form_text(c->q.pods.pod[i].pod.name));
    for (size_t s = 0; s < c->n; s++) {
        const struct side *side = &c->side[s];
        json_t *place = json_object();
        same &= side->placed[i].node == c->side[0].placed[i].node;
        sy_form_put(form, place, "policy", json_string(side->name));
        sy_form_put(form, place, "node", sy_form_text(side->node[i]));
        sy_form_put(form, place, "score",
                    side->node[i] != NULL && c->q.pods.pod[i].pod.request.nentry > 0
                        ? json_integer(side->score[i])
                        : json_null());
        sy_form_put(form, place, "minBandwidthGBps",
                    sy_form_gbps(side->node[i] != NULL ? side->mbps[i] : 0));
        sy_form_add(form, places, place);
    }
    c->differ += !same;
    sy_form_put(form, row, "same", json_boolean(same));
    sy_form_put(form, row, "places", places);
    return row;
}

/* One line for each pod and policy, pods that differ marked. */
static enum sy_code show_pods(struct comparing *c, const json_t *pods, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "NAMESPACE", .wide = true},
        {.name = "POD"},
        {.name = "POLICY"},
        {.name = "NODE"},
        {.name = "SCORE", .right = true},
        {.name = "GB/S", .right = true},
        {.name = "SAME"},
    };
    static const char *const keys[] = {"namespace",        "name", "policy", "node", "score",
                                       "minBandwidthGBps", "same"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    struct sy_form *form = &c->q.form;
    sy_autojson json_t *rows = json_array();
    size_t i, s;
    json_t *pod, *place;
    json_array_foreach(pods, i, pod)
    {
        json_array_foreach(json_object_get(pod, "places"), s, place)
        {
            json_t *row = json_copy(place);
            sy_form_put(form, row, "namespace", json_incref(json_object_get(pod, "namespace")));
            sy_form_put(form, row, "name", json_incref(json_object_get(pod, "name")));
            sy_form_put(form, row, "same", json_incref(json_object_get(pod, "same")));
            sy_form_add(form, rows, row);
        }
    }
    return sy_view_table(c->q.cli->result, NULL, &view, rows, err);
}

static enum sy_code answer_comparing(struct comparing *c, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "POLICY"},
        {.name = "PLACED", .right = true},
        {.name = "PENDING", .right = true},
        {.name = "MEAN-GB/S", .right = true},
        {.name = "WATTS", .right = true},
    };
    static const char *const keys[] = {"policy", "placed", "pending", "meanMinBandwidthGBps",
                                       "wattsAdded"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    struct sy_question *q = &c->q;
    json_t *answer, *sides = json_array(), *pods = json_array();
    bool all = true;
    for (size_t s = 0; s < c->n; s++) {
        sy_form_add(&q->form, sides, side_json(c, &c->side[s]));
        all &= c->side[s].pending == 0;
    }
    for (size_t i = 0; i < q->pods.n; i++)
        sy_form_add(&q->form, pods, pod_json(c, i));
    enum sy_code code = sy_question_answer(q, "WhatIfCompare", &answer, err);
    if (code != SY_OK) {
        json_decref(sides);
        json_decref(pods);
        return code;
    }
    sy_form_put(&q->form, answer, "differ", json_integer((json_int_t)c->differ));
    sy_form_put(&q->form, answer, "policies", sides);
    sy_form_put(&q->form, answer, "pods", pods);
    sy_str_printf(&q->cli->result->before, "%zu of %zu pods go to another node\n\n", c->differ,
                  q->pods.n);
    sy_question_note(q, "scores are each policy's own: compare GB/s and watts, which mean the same "
                        "under all");
    q->cli->exit_status = all ? SY_EXIT_YES : SY_EXIT_NOW;
    code = sy_view_table(q->cli->result, NULL, &view, sides, err);
    if (code == SY_OK && q->pods.n > 0)
        code = show_pods(c, pods, err);
    return code == SY_OK ? sy_question_end(q, err) : code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct comparing c = {0};
    enum sy_code code = sy_question_no_rest(cli, err);
    if (code == SY_OK)
        code = sy_question_begin(cli, SY_QUESTION_PENDING, NULL, &c.q, err);
    if (code == SY_OK)
        code = find_sides(&c, err);
    for (size_t s = 0; s < c.n && code == SY_OK; s++)
        code = run_side(&c, &c.side[s], err);
    if (code == SY_OK)
        code = answer_comparing(&c, err);
    for (size_t s = 0; s < c.n; s++)
        sy_plan_free(c.side[s].plan);
    sy_question_done(&c.q);
    return code;
}

/* --policy stands for the common one of this name, and may be repeated. */
static const struct sy_option options[] = {
    SY_OPTION_FILE,
    {.name = "policy", .arg = "FILE", .repeats = true, .help = "a policy to compare; repeated"},
    {.name = "with",
     .arg = "kube-default",
     .values = "kube-default",
     .help = "compare with kube-scheduler alone as well"},
};

const struct sy_command sy_command_whatif_compare = {
    .name = "whatif compare",
    .summary = "the same pods under several policies, side by side",
    .synopsis = "[-f FILE|-] --policy FILE [--policy FILE ...] [--with kube-default] [option ...]",
    .details =
        "Places the pods of the files, or those that wait in the cluster, once under each policy. "
        "GB/S is the slowest link among the devices that a pod gets, WATTS what all of them add "
        "('-': "
        "unknown of some). "
        "Exit status: 0 all pods fit under every policy, 1 not so.",
    .example = "switchyard whatif compare --snapshot deploy/examples/planner/snapshot.json "
               "--policy deploy/examples/planner/policy.yaml --with kube-default",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
