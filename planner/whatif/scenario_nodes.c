/* SPDX-License-Identifier: Apache-2.0 */
/* addNodes: nodes made of the scenario's templates. */
#include "planner/plan/topology_file.h"
#include "planner/whatif/scenario_run.h"

#include <string.h>

static enum sy_code load_file(struct sy_run *run, const struct sy_scenario_template *from,
                              struct sy_template *ret, struct sy_err *err)
{
    struct sy_template *list;
    size_t n;
    enum sy_code code = sy_templates_read(from->file, run->q->state, run->q->arena, &list, &n, err);
    if (code != SY_OK)
        return code;
    for (size_t i = 1; i < n; i++)
        sy_template_done(&list[i]);
    if (n == 1) {
        *ret = list[0];
        return SY_OK;
    }
    sy_template_done(&list[0]);
    return sy_fail(err, SY_EINVAL, "%s: holds %zu templates, expected one", from->file, n);
}

static enum sy_code load_topology(struct sy_run *run, const struct sy_scenario_template *from,
                                  struct sy_template *ret, struct sy_err *err)
{
    *ret =
        (struct sy_template){.price_milli = -1, .watts_mw = -1, .rack_units = -1, .lead_days = -1};
    return sy_topology_node(from->topology, from->name, from->allocatable, run->q->state,
                            run->q->arena, &ret->node, err);
}

static void take_price(const struct sy_scenario_price *from, struct sy_template *to)
{
    if (from->price_milli >= 0)
        to->price_milli = from->price_milli;
    if (from->currency != NULL)
        to->currency = from->currency;
    if (from->watts_mw >= 0)
        to->watts_mw = from->watts_mw;
    if (from->rack_units >= 0)
        to->rack_units = from->rack_units;
    if (from->lead_days >= 0)
        to->lead_days = from->lead_days;
}

/* Loaded when it is first asked for. */
static enum sy_code load(struct sy_run *run, size_t which, struct sy_err *err)
{
    const struct sy_scenario_template *from = &run->scenario->template_[which];
    struct sy_template *to = &run->template_[which], template_ = {0};
    enum sy_code code;
    if (to->name != NULL)
        return SY_OK;
    if (from->like != NULL)
        code = sy_template_like(run->q->state, from->like, run->q->arena, &template_, err);
    else if (from->file != NULL)
        code = load_file(run, from, &template_, err);
    else
        code = load_topology(run, from, &template_, err);
    if (code != SY_OK)
        return code;
    template_.name = from->name;
    take_price(&from->price, &template_);
    *to = template_;
    return SY_OK;
}

static void add_cost(struct sy_run *run, const struct sy_template *template_)
{
    struct sy_scenario_price *cost = &run->cost;
    run->added++;
    if (template_->price_milli < 0)
        run->cost_known = false;
    else
        cost->price_milli += template_->price_milli;
    if (template_->currency != NULL)
        cost->currency = template_->currency;
    cost->watts_mw += template_->watts_mw > 0 ? template_->watts_mw : 0;
    cost->rack_units += template_->rack_units > 0 ? template_->rack_units : 0;
    if (template_->lead_days > cost->lead_days)
        cost->lead_days = template_->lead_days;
}

/* The template's labels, then the step's, then those that put it into a power domain. */
static enum sy_code gather_labels(struct sy_run *run, const struct sy_scenario_template *from,
                                  struct sy_label_match **ret, size_t *ret_n, struct sy_err *err)
{
    const struct sy_step *step = run->step;
    const struct sy_power_domain *domain = NULL;
    struct sy_world world;
    enum sy_code code = sy_plan_world(run->plan, &world, err);
    if (code != SY_OK)
        return code;
    if (step->domain != NULL) {
        int32_t at = sy_domain_find(world.policy, step->domain);
        domain = at >= 0 ? &world.policy->domain[at] : NULL;
        if (domain == NULL || domain->nmatch == 0)
            return sy_fail(err, SY_EINVAL,
                           domain == NULL ? "the policy has no power domain '%s'"
                                          : "power domain '%s' has no node selector to go by",
                           step->domain);
    }
    size_t n = from->nlabel + step->nlabel + (domain != NULL ? domain->nmatch : 0), at = 0;
    *ret = sy_arena_calloc(run->q->arena, n, sizeof **ret);
    if (*ret == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < from->nlabel; i++)
        (*ret)[at++] = from->label[i];
    for (size_t i = 0; i < step->nlabel; i++)
        (*ret)[at++] = step->label[i];
    for (size_t i = 0; domain != NULL && i < domain->nmatch; i++)
        (*ret)[at++] = domain->match[i];
    *ret_n = n;
    return SY_OK;
}

static enum sy_code add_one(struct sy_run *run, const struct sy_template *template_,
                            unsigned number, const struct sy_label_match *label, size_t nlabel,
                            struct sy_err *err)
{
    struct sy_state_node *node = sy_arena_calloc(run->q->arena, 1, sizeof *node);
    uint32_t id;
    if (node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code =
        sy_template_node(template_, number, label, nlabel, run->q->arena, node, err);
    if (code == SY_OK)
        code = sy_plan_add_node(run->plan, node, &id, err);
    if (code == SY_OK)
        add_cost(run, template_);
    return code;
}

enum sy_code sy_run_add_nodes(struct sy_run *run, struct sy_err *err)
{
    const struct sy_step *step = run->step;
    size_t which = 0, nlabel = 0;
    struct sy_label_match *label = NULL;
    while (strcmp(run->scenario->template_[which].name, step->template_) != 0)
        which++;
    enum sy_code code = load(run, which, err);
    if (code == SY_OK)
        code = gather_labels(run, &run->scenario->template_[which], &label, &nlabel, err);
    if (code != SY_OK)
        return code;
    struct sy_template priced = run->template_[which];
    take_price(&step->price, &priced);
    for (uint32_t i = 0; i < step->count && code == SY_OK; i++)
        code = add_one(run, &priced, run->made[which]++, label, nlabel, err);
    return code == SY_OK ? sy_run_pass(run, err) : code;
}
