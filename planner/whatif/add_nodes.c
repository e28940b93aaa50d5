/* SPDX-License-Identifier: Apache-2.0 */
/* whatif add-nodes: how few more nodes let all pods fit, for each template on its own. */
#include "planner/explain/question.h"
#include "planner/explain/reasons.h"
#include "planner/whatif/commands.h"
#include "planner/whatif/place.h"
#include "planner/whatif/targets.h"
#include "planner/whatif/template.h"

#include <string.h>

#define BELOW_MAX 32u /* counts below the found one that are tried as well */

/* X(id, name) what came out for a template */
#define OUTCOMES(X)                                                                                \
    X(FITS, "fits")                                                                                \
    X(TOO_FEW, "not with as many as allowed")                                                      \
    X(POWER, "has no watts for more")                              /* behind a power domain */     \
    X(NEVER, "fits on none of these, nor on those that are there") /* behind a pod */              \
    X(NO_HELP, "fits on none of these, nor now on those that are there")
enum outcome {
#define X(id, name) OUTCOME_##id,
    OUTCOMES(X)
#undef X
        OUTCOME_COUNT
};
static const char *const outcome_names[OUTCOME_COUNT] = {
#define X(id, name) [OUTCOME_##id] = name,
    OUTCOMES(X)
#undef X
};

struct adding {
    struct sy_question q;
    struct sy_template *template_;
    size_t n;
    const struct sy_power_domain *domain; /* NULL */
    int64_t most;
    json_t *rows;
    struct sy_progress progress;
    uint64_t trials;
    int64_t cheapest; /* index of the row, -1 */
    bool any;
    bool all_never;
};

/* --- One count. */

/* Do the empty nodes bring no power domain over its limit? Else *ret_over is the first that is. */
static enum sy_code within_limits(struct adding *a, struct sy_plan *plan, const char **ret_over,
                                  struct sy_err *err)
{
    const struct sy_power *before, *power;
    enum sy_code code = sy_plan_power(a->q.plan, &before, err);
    if (code == SY_OK)
        code = sy_plan_power(plan, &power, err);
    *ret_over = NULL;
    for (unsigned d = 0; code == SY_OK && d < power->ndomain && *ret_over == NULL; d++) {
        const struct sy_power_element *now = &power->domain[d];
        if (now->limit_mw != SY_UNKNOWN_MW && now->provisioned_mw > now->limit_mw &&
            now->provisioned_mw > before->domain[d].provisioned_mw)
            *ret_over = power->policy->domain[d].name;
    }
    return code;
}

static enum sy_code add(struct adding *a, const struct sy_template *template_, unsigned count,
                        struct sy_plan *plan, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    uint32_t id;
    for (unsigned i = 0; i < count && code == SY_OK; i++) {
        struct sy_state_node *node = sy_arena_calloc(a->q.scratch, 1, sizeof *node);
        if (node == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory for the new nodes");
        code = sy_template_node(template_, i, a->domain != NULL ? a->domain->match : NULL,
                                a->domain != NULL ? a->domain->nmatch : 0, a->q.scratch, node, err);
        if (code == SY_OK)
            code = sy_plan_add_node(plan, node, &id, err);
    }
    return code;
}

/* With so many nodes of the template, do all pods fit? *ret_over: the power domain that has no
 * watts for the nodes. */
static enum sy_code fits_with(struct adding *a, const struct sy_template *template_, unsigned count,
                              bool *ret_fits, const char **ret_over, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    size_t pending = 0;
    const char *over = NULL;
    sy_arena_reset(a->q.scratch);
    sy_autofree struct sy_placed *placed = sy_calloc(a->q.pods.n + 1, sizeof *placed);
    if (placed == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    enum sy_code code = sy_plan_copy(a->q.plan, &plan, err);
    if (code == SY_OK)
        code = add(a, template_, count, plan, err);
    if (code == SY_OK)
        code = within_limits(a, plan, &over, err);
    const struct sy_placing placing = {.pods = &a->q.pods, .id = a->q.id, .first_only = true};
    if (code == SY_OK && over == NULL)
        code = sy_place_list(&placing, &plan, placed, &pending, err);
    *ret_over = over;
    *ret_fits = over == NULL && pending == 0;
    sy_progress_step(&a->progress, a->trials, a->trials + 2);
    a->trials++;
    return code;
}

/* --- The least count. */

struct found {
    enum outcome outcome;
    unsigned count;
    bool proved;      /* every smaller count was tried */
    size_t pod;       /* NEVER, NO_HELP: of the question's pods */
    const char *why;  /* the same: why not on an empty node of the template; NULL */
    const char *over; /* POWER: the domain */
};

/* Double until it fits, then halve the gap; more nodes that hurt (a pod drawn to another place) are
 * rare, so the counts just below are tried as well. */
static enum sy_code search(struct adding *a, const struct sy_template *template_, struct found *ret,
                           struct sy_err *err)
{
    unsigned low = 0, high = 1;
    bool fits = false;
    const char *over = NULL;
    enum sy_code code = fits_with(a, template_, 0, &fits, &over, err);
    if (code != SY_OK || fits) {
        *ret = (struct found){.outcome = OUTCOME_FITS, .proved = true};
        return code;
    }
    for (;;) { /* `low` does not fit */
        code = fits_with(a, template_, high, &fits, &over, err);
        if (code != SY_OK || fits)
            break;
        if (high == (unsigned)a->most || over != NULL) {
            if (over == NULL || high - low == 1) {
                *ret = (struct found){.outcome = over != NULL ? OUTCOME_POWER : OUTCOME_TOO_FEW,
                                      .count = low,
                                      .over = over};
                return SY_OK;
            }
            high = low + (high - low) / 2; /* as many as the watts allow */
            continue;
        }
        low = high;
        high = high * 2 < (unsigned)a->most ? high * 2 : (unsigned)a->most;
    }
    while (code == SY_OK && high - low > 1) {
        unsigned mid = low + (high - low) / 2;
        code = fits_with(a, template_, mid, &fits, &over, err);
        if (fits)
            high = mid;
        else
            low = mid;
    }
    unsigned tried = 0;
    for (unsigned count = low; code == SY_OK && count > 0 && tried < BELOW_MAX; tried++) {
        count--;
        if (count == 0) /* known */
            break;
        code = fits_with(a, template_, count, &fits, &over, err);
        if (code == SY_OK && fits) {
            high = count;
            tried = 0;
        }
    }
    *ret = (struct found){.outcome = OUTCOME_FITS, .count = high, .proved = tried < BELOW_MAX};
    return code;
}

static bool takes(const struct sy_plan_verdict *verdict)
{
    return verdict->stage.stage == SY_STAGE_PASSED &&
           sy_reason_verdict((enum sy_reason)verdict->ours.reason) == SY_VERDICT_FITS;
}

/* Why the pod does not fit on the newest node of the plan, once that is empty; NULL: it does. */
static enum sy_code why_not(struct adding *a, struct sy_plan *plan, size_t pod, struct found *ret,
                            struct sy_err *err)
{
    struct sy_plan_answer answer;
    const struct sy_state_pod *asked = &a->q.pods.pod[pod].pod;
    uint32_t newest = sy_plan_nodes(plan) - 1;
    SY_AUTO(sy_arena) struct sy_arena *scratch = sy_arena_new(SY_QUESTION_MEMORY);
    if (scratch == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_plan_try_empty(plan, asked, scratch, &answer, err);
    ret->why = NULL;
    for (uint32_t i = 0; code == SY_OK && i < answer.n; i++) {
        const struct sy_plan_verdict *verdict = &answer.verdict[i];
        if (verdict->node != newest || takes(verdict))
            continue;
        struct sy_str text;
        struct sy_why why = sy_why_of(asked, verdict);
        sy_str_init(&text, SY_OUTPUT_MAX);
        sy_why_text(&why, &text);
        ret->why = sy_str_failed(&text) || text.data == NULL
                       ? NULL
                       : sy_arena_strndup(a->q.arena, text.data, text.len);
        sy_str_done(&text);
        if (ret->why == NULL)
            code = sy_fail(err, SY_ENOMEM, "out of memory for the reason");
    }
    return code;
}

/* Does some pod fit neither on the nodes that are there nor on an empty one of the template? */
static enum sy_code never(struct adding *a, const struct sy_template *template_, struct found *ret,
                          struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    size_t first = 0;
    sy_arena_reset(a->q.scratch);
    enum sy_code code = sy_plan_copy(a->q.plan, &plan, err);
    if (code != SY_OK)
        return code;
    SY_AUTO(sy_arena) struct sy_arena *scratch = sy_arena_new(SY_QUESTION_MEMORY);
    if (scratch == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    code = add(a, template_, 1, plan, err);
    if (code == SY_OK)
        code = sy_place_never(plan, &a->q.pods, scratch, &first, err);
    ret->outcome = first < a->q.pods.n ? OUTCOME_NEVER : OUTCOME_FITS;
    ret->pod = first;
    if (code == SY_OK && first < a->q.pods.n)
        code = why_not(a, plan, first, ret, err);
    return code;
}

/* The greatest number was not enough: is there a pod without a place that no such node can take?
 */
static enum sy_code no_help(struct adding *a, const struct sy_template *template_,
                            struct found *found, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL, *one = NULL;
    size_t pending = 0;
    sy_autofree struct sy_placed *placed = sy_calloc(a->q.pods.n + 1, sizeof *placed);
    if (placed == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    sy_arena_reset(a->q.scratch);
    enum sy_code code = sy_plan_copy(a->q.plan, &plan, err);
    if (code == SY_OK)
        code = sy_plan_copy(a->q.plan, &one, err);
    if (code == SY_OK)
        code = add(a, template_, found->count, plan, err);
    if (code == SY_OK)
        code = add(a, template_, 1, one, err);
    const struct sy_placing placing = {.pods = &a->q.pods, .id = a->q.id};
    if (code == SY_OK)
        code = sy_place_list(&placing, &plan, placed, &pending, err);
    const json_t *same = NULL; /* replicas of one template differ in nothing that is asked here */
    for (size_t i = 0; i < a->q.pods.n && code == SY_OK && found->why == NULL; i++) {
        const json_t *object = a->q.pods.pod[i].pod.object;
        if (placed[i].node != UINT32_MAX || placed[i].gang_short || object == same)
            continue;
        same = object;
        code = why_not(a, one, i, found, err);
        found->outcome = found->why != NULL ? OUTCOME_NO_HELP : found->outcome;
        found->pod = i;
    }
    return code;
}

/* --- The answer. */

static json_t *times(int64_t each, unsigned count)
{
    return each < 0 ? json_null() : sy_form_signed_watts(each * count);
}

static json_t *outcome_text(const struct adding *a, const struct found *found)
{
    if (found->outcome == OUTCOME_FITS)
        return json_string(found->proved ? "fits; no smaller number does"
                                         : "fits; one less does not, far fewer were not all tried");
    if (found->outcome == OUTCOME_POWER)
        return sy_form_format("power domain %s %s", found->over, outcome_names[OUTCOME_POWER]);
    if (found->outcome == OUTCOME_TOO_FEW)
        return json_string(outcome_names[found->outcome]);
    const struct sy_state_pod *pod = &a->q.pods.pod[found->pod].pod;
    return sy_form_format("%s/%s %s%s%s", pod->namespace_, pod->name, outcome_names[found->outcome],
                          found->why != NULL ? ": " : "", found->why != NULL ? found->why : "");
}

static void put_row(struct adding *a, const struct sy_template *template_,
                    const struct found *found)
{
    struct sy_form *form = &a->q.form;
    bool fits = found->outcome == OUTCOME_FITS;
    json_t *row = json_object();
    sy_form_put(form, row, "template", sy_form_text(template_->name));
    sy_form_put(form, row, "count", fits ? json_integer(found->count) : json_null());
    sy_form_put(form, row, "smallest", json_boolean(fits && found->proved));
    sy_form_put(form, row, "price",
                fits ? times(template_->price_milli, found->count) : json_null());
    sy_form_put(form, row, "currency", sy_form_text(template_->currency));
    sy_form_put(form, row, "watts", fits ? times(template_->watts_mw, found->count) : json_null());
    int64_t units = template_->rack_units;
    sy_form_put(form, row, "rackUnits",
                fits && units >= 0 ? json_integer(units * found->count) : json_null());
    sy_form_put(form, row, "leadTimeDays",
                fits && found->count > 0 ? sy_form_number(template_->lead_days) : json_null());
    sy_form_put(form, row, "outcome", outcome_text(a, found));
    sy_form_add(form, a->rows, row);
}

static void compare_price(struct adding *a, const struct found *found, size_t i, int64_t *least)
{
    const struct sy_template *template_ = &a->template_[i];
    a->all_never &= found->outcome == OUTCOME_NEVER || found->outcome == OUTCOME_NO_HELP;
    if (found->outcome != OUTCOME_FITS)
        return;
    a->any = true;
    if (template_->price_milli < 0)
        return;
    int64_t price = template_->price_milli * found->count;
    if (*least < 0 || price < *least) {
        *least = price;
        a->cheapest = (int64_t)i;
    }
}

static enum sy_code answer_adding(struct adding *a, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "TEMPLATE"},
        {.name = "NODES", .right = true},
        {.name = "PRICE", .right = true},
        {.name = "CURRENCY", .wide = true},
        {.name = "WATTS", .right = true},
        {.name = "RACK-UNITS", .right = true},
        {.name = "LEAD-DAYS", .right = true},
        {.name = "OUTCOME"},
    };
    static const char *const keys[] = {"template", "count",     "price",        "currency",
                                       "watts",    "rackUnits", "leadTimeDays", "outcome"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    struct sy_question *q = &a->q;
    json_t *answer;
    enum sy_code code = sy_question_answer(q, "WhatIfAddNodes", &answer, err);
    if (code != SY_OK)
        return code;
    const char *cheapest = a->cheapest >= 0 ? a->template_[a->cheapest].name : NULL;
    sy_form_put(&q->form, answer, "pods", json_integer((json_int_t)q->pods.n));
    sy_form_put(&q->form, answer, "domain",
                sy_form_text(a->domain != NULL ? a->domain->name : NULL));
    sy_form_put(&q->form, answer, "most", json_integer(a->most));
    sy_form_put(&q->form, answer, "cheapest", sy_form_text(cheapest));
    sy_form_put(&q->form, answer, "templates", json_incref(a->rows));
    sy_str_printf(&q->cli->result->before, "nodes to add so that %s%zu pod%s fit%s%s\n\n",
                  q->pods.n == 1 ? "" : "all ", q->pods.n, q->pods.n == 1 ? "" : "s",
                  q->pods.n == 1 ? "s" : "",
                  q->from_file ? "" : " (those that wait in the cluster)");
    if (a->n > 1 && cheapest != NULL)
        sy_str_printf(&q->cli->result->after, "\ncheapest: %s\n", cheapest);
    for (size_t i = 0; i < a->n; i++)
        if (!a->template_[i].node.resources_known)
            sy_question_note(q, "allocatable not told of template %s: taken as enough",
                             a->template_[i].name);
    if (a->n > 1)
        sy_question_note(q, "each template on its own: mixes of templates were not tried");
    sy_question_note(q,
                     "new nodes are empty and healthy, with the labels of their template (and so "
                     "in its power domain, where --domain names no other)");
    q->cli->exit_status = a->any ? SY_EXIT_YES : a->all_never ? SY_EXIT_NEVER : SY_EXIT_NOW;
    code = sy_view_table(q->cli->result, NULL, &view, a->rows, err);
    return code == SY_OK ? sy_question_end(q, err) : code;
}

static enum sy_code ask(struct adding *a, struct sy_err *err)
{
    int64_t least = -1;
    enum sy_code code = SY_OK;
    a->rows = json_array();
    a->cheapest = -1;
    a->all_never = true;
    sy_progress_begin(&a->progress, a->q.cli, "whatif add-nodes");
    for (size_t i = 0; i < a->n && code == SY_OK; i++) {
        struct found found = {.outcome = OUTCOME_NEVER};
        code = never(a, &a->template_[i], &found, err);
        if (code == SY_OK && found.outcome != OUTCOME_NEVER)
            code = search(a, &a->template_[i], &found, err);
        if (code == SY_OK && found.outcome == OUTCOME_TOO_FEW)
            code = no_help(a, &a->template_[i], &found, err);
        if (code != SY_OK)
            break;
        put_row(a, &a->template_[i], &found);
        compare_price(a, &found, i, &least);
    }
    sy_progress_step(&a->progress, 1, 1);
    return code == SY_OK ? answer_adding(a, err) : code;
}

/* --- What is asked. */

static enum sy_code read_templates(struct adding *a, struct sy_err *err)
{
    size_t nfile, nlike;
    const struct sy_options *options = a->q.cli->options;
    const char *const *file = sy_options_list(options, "template", &nfile);
    const char *const *like = sy_options_list(options, "like", &nlike);
    enum sy_code code = SY_OK;
    a->template_ = sy_arena_calloc(a->q.arena, SY_TEMPLATES_MAX, sizeof *a->template_);
    if (a->template_ == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the templates");
    if (nfile + nlike == 0)
        return sy_fail(err, SY_EUSAGE, "expected --template FILE or --like NODE");
    for (size_t i = 0; i < nfile && code == SY_OK; i++) {
        struct sy_template *more = NULL;
        size_t n = 0;
        code = sy_templates_read(file[i], a->q.state, a->q.arena, &more, &n, err);
        for (size_t k = 0; code == SY_OK && k < n; k++) {
            if (a->n < SY_TEMPLATES_MAX)
                a->template_[a->n++] = more[k];
            else
                sy_template_done(&more[k]);
        }
        if (code == SY_OK && a->n == SY_TEMPLATES_MAX)
            code = sy_fail(err, SY_ELIMIT, "more than %u templates", SY_TEMPLATES_MAX - 1);
    }
    for (size_t i = 0; i < nlike && code == SY_OK; i++) {
        if (a->n == SY_TEMPLATES_MAX)
            return sy_fail(err, SY_ELIMIT, "more than %u templates", SY_TEMPLATES_MAX - 1);
        code = sy_template_like(a->q.state, like[i], a->q.arena, &a->template_[a->n], err);
        a->n += code == SY_OK;
    }
    return code;
}

static enum sy_code read_domain(struct adding *a, struct sy_err *err)
{
    const char *name = sy_options_str(a->q.cli->options, "domain");
    const struct sy_policy *policy = a->q.state->policy;
    struct sy_targets targets;
    if (name == NULL)
        return SY_OK;
    enum sy_code code = sy_targets_domain(a->q.plan, name, a->q.arena, &targets, err);
    if (code != SY_OK)
        return code;
    a->domain = &policy->domain[sy_domain_find(policy, name)];
    if (a->domain->nmatch == 0)
        return sy_fail(err, SY_EINVAL,
                       "--domain '%s': it lists its nodes by name or has none of its own; a new "
                       "node cannot lie in it",
                       a->domain->name);
    return SY_OK;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct adding a = {.most = 1000};
    enum sy_code code = sy_question_no_rest(cli, err);
    if (code == SY_OK)
        code = sy_options_int(cli->options, "max", 1, SY_TEMPLATE_COUNT_MAX, &a.most, err);
    if (code == SY_OK)
        code = sy_question_begin(cli, SY_QUESTION_PENDING, NULL, &a.q, err);
    if (code == SY_OK)
        code = read_templates(&a, err);
    if (code == SY_OK)
        code = read_domain(&a, err);
    if (code == SY_OK)
        code = ask(&a, err);
    for (size_t i = 0; i < a.n; i++)
        sy_template_done(&a.template_[i]);
    json_decref(a.rows);
    sy_question_done(&a.q);
    return code;
}

static const struct sy_option options[] = {
    SY_OPTION_FILE,
    {.name = "template", .arg = "FILE", .repeats = true, .help = "NodeTemplates or Nodes"},
    {.name = "like", .arg = "NODE", .repeats = true, .help = "nodes like this one, empty"},
    {.name = "max", .arg = "N", .help = "nodes of one template at most (1000)"},
    {.name = "domain", .arg = "NAME", .help = "they lie in this power domain of the policy"},
};

const struct sy_command sy_command_whatif_add_nodes = {
    .name = "whatif add-nodes",
    .summary = "how few more nodes let all pods fit",
    .synopsis = "[-f FILE|-] --template FILE|--like NODE [--max N] [--domain NAME] [option ...]",
    .details =
        "For the pods of the files, or without -f those that wait in the cluster. The number is "
        "computed: doubled until all fit, then narrowed down, then smaller ones are tried too. A "
        "NodeTemplate is {kind: NodeTemplate, metadata: {name}, like: NODE or node: {a Node with "
        "switchyard.dev/fabric}, price, currency, watts, rackUnits, leadTimeDays}. Exit status: 0 "
        "some number does, 1 not as many as allowed, 2 a pod fits on no such node.",
    .example = "switchyard whatif add-nodes --snapshot deploy/examples/planner/snapshot.json "
               "-f deploy/examples/planner/finetune-job.yaml "
               "--template deploy/examples/planner/machines.yaml",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
