/* SPDX-License-Identifier: Apache-2.0 */
/* whatif -f scenario.yaml: a sequence of steps, run as kube-scheduler would with our extender. */
#include "planner/whatif/scenario_command.h"

#include "planner/whatif/scenario_answer.h"

#define DIFFS_MAX 4u

struct whatif {
    struct sy_question q;
    struct sy_scenario scenario;
    const struct sy_workload_table *table;
    struct sy_run run; /* with the policy of the command line */
    struct sy_tally tally;
    struct sy_before_after capacity;
};

static enum sy_code read_options(struct whatif *w, struct sy_err *err)
{
    size_t n;
    const struct sy_options *options = w->q.cli->options;
    const char *const *file = sy_options_list(options, "filename", &n);
    if (n != 1)
        return sy_fail(err, SY_EUSAGE, "expected one -f FILE, a scenario");
    (void)sy_options_list(options, "diff", &n);
    if (n > DIFFS_MAX)
        return sy_fail(err, SY_EUSAGE, "--diff: at most %u policies", DIFFS_MAX);
    enum sy_code code = sy_scenario_read(file[0], w->q.arena, &w->scenario, err);
    if (code == SY_OK)
        code = sy_workload_table_load(sy_options_str(options, "workloads"), w->q.arena, &w->table,
                                      err);
    return code;
}

static enum sy_code run_once(struct whatif *w, struct sy_plan *start, struct sy_run *run,
                             struct sy_tally *tally, struct sy_before_after *capacity,
                             struct sy_err *err)
{
    enum sy_code code = sy_run_scenario(&w->q, start, &w->scenario, w->table, run, err);
    if (code == SY_OK)
        code = sy_run_tally(run, tally, err);
    return code == SY_OK ? sy_run_capacity(run, start, capacity, err) : code;
}

static void put_result(struct whatif *w, json_t *diff, const struct sy_run *run,
                       const struct sy_tally *tally)
{
    static const char *const verdicts[] = {"fits", "busy", "never"};
    struct sy_form *form = &w->q.form;
    json_t *obj = json_object();
    sy_form_put(form, obj, "verdict", json_string(verdicts[sy_tally_exit(run, tally)]));
    sy_form_put(form, obj, "placed", json_integer((json_int_t)tally->placed));
    sy_form_put(form, obj, "pending", json_integer((json_int_t)tally->pending));
    sy_form_put(form, obj, "never", json_integer((json_int_t)tally->never));
    sy_form_put(form, obj, "blocked", json_integer((json_int_t)run->blocked));
    sy_form_put(form, diff, "result", obj);
}

/* The same scenario under another policy. */
static enum sy_code diff_one(struct whatif *w, const char *path, json_t *diffs, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *start = NULL;
    struct sy_policy *policy = NULL;
    struct sy_run run = {0};
    struct sy_tally tally;
    struct sy_before_after capacity;
    json_t *diff = NULL;
    enum sy_code code = sy_policy_load(path, &policy, err);
    if (code == SY_OK)
        code = sy_plan_copy(w->q.plan, &start, err);
    if (code == SY_OK)
        code = sy_plan_set_policy(start, policy, err);
    sy_policy_unref(policy);
    if (code == SY_OK)
        code = run_once(w, start, &run, &tally, &capacity, err);
    if (code == SY_OK)
        code = sy_run_diff(&w->run, &w->capacity, &run, &capacity, &diff, err);
    if (code == SY_OK) {
        sy_form_put(&w->q.form, diff, "policy", sy_form_text(path));
        put_result(w, diff, &run, &tally);
        sy_form_add(&w->q.form, diffs, diff);
    }
    if (run.scenario != NULL)
        sy_run_done(&run);
    return code;
}

static enum sy_code diff_all(struct whatif *w, json_t *answer, struct sy_err *err)
{
    size_t n;
    const char *const *path = sy_options_list(w->q.cli->options, "diff", &n);
    json_t *diffs = n > 0 ? json_array() : NULL;
    if (n == 0)
        return SY_OK;
    sy_form_put(&w->q.form, answer, "diffs", diffs);
    enum sy_code code = sy_form_end(&w->q.form, err);
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = diff_one(w, path[i], diffs, err);
    for (size_t i = 0; i < json_array_size(diffs) && code == SY_OK; i++)
        code = sy_run_show_diff(w->q.cli->result, json_array_get(diffs, i), err);
    return code;
}

static enum sy_code answer_scenario(struct whatif *w, struct sy_err *err)
{
    json_t *answer;
    enum sy_code code = sy_question_answer(&w->q, "WhatIfScenario", &answer, err);
    if (code == SY_OK)
        code = run_once(w, w->q.plan, &w->run, &w->tally, &w->capacity, err);
    if (code == SY_OK)
        code = sy_run_answer(&w->run, &w->tally, &w->capacity, answer, err);
    if (code == SY_OK)
        code = sy_run_show(w->q.cli->result, answer, err);
    if (code == SY_OK)
        code = diff_all(w, answer, err);
    if (code == SY_OK)
        w->q.cli->exit_status = (int)sy_tally_exit(&w->run, &w->tally);
    return code == SY_OK ? sy_question_end(&w->q, err) : code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct whatif w = {0};
    enum sy_code code = sy_question_no_rest(cli, err);
    if (code == SY_OK)
        code = sy_question_begin(cli, SY_QUESTION_NONE, NULL, &w.q, err);
    if (code == SY_OK)
        code = read_options(&w, err);
    if (code == SY_OK)
        code = answer_scenario(&w, err);
    if (w.run.scenario != NULL)
        sy_run_done(&w.run);
    sy_scenario_done(&w.scenario);
    sy_question_done(&w.q);
    return code;
}

static const struct sy_option options[] = {
    {.name = "filename",
     .letter = 'f',
     .arg = "FILE|-",
     .help = "the scenario (kind Scenario, switchyard.dev/v1alpha1)"},
    {.name = "diff",
     .arg = "POLICY",
     .repeats = true,
     .help = "run it under this policy too, and print what differs; up to 4"},
    {.name = "workloads",
     .arg = "FILE",
     .help = "further kinds of objects that carry pod templates"},
};

const struct sy_command sy_command_whatif = {
    .name = "whatif",
    .summary = "run a scenario: pods come, nodes come and go, things fail, caps fall",
    .synopsis = "-f SCENARIO [--diff POLICY ...] [option ...]",
    .details =
        "Runs the steps of a scenario file, one after the other, on a copy of the cluster: "
        "submit, deletePods, addNodes, drain, cordon, uncordon, remove, failNode, failDevice, "
        "degradeLink, cap, policy. After every step all pods that wait are tried, the most "
        "important first, as kube-scheduler would with our extender; gangs all or none. Preemption "
        "is not modelled.\n"
        "Shown are what was placed where and why (the slowest path and link of its devices, the "
        "watts added, our score, kube-scheduler's total, nodes with the same total), what moved, "
        "which evictions a PodDisruptionBudget forbids, what stays pending by reason, and before "
        "and after: slots for each pod shape, fragmentation (of the free devices, those that the "
        "shape cannot use), stranded devices, watts.\n"
        "Exit status: 0 everything asked for is placed, 1 something stays pending that an empty "
        "cluster would take, 2 something can never fit.",
    .example = "switchyard whatif --snapshot deploy/examples/planner/snapshot.json "
               "--policy deploy/examples/planner/policy.yaml "
               "-f deploy/examples/planner/add-rack.yaml",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
