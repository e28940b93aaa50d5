/* SPDX-License-Identifier: Apache-2.0 */
/* whatif power: a limit falls; what must be capped or stopped, in which order, until what is
 * provisioned is within it, and where the stopped pods go. */
#include "planner/whatif/power.h"

#include "planner/whatif/commands.h"

#include <stdlib.h>
#include <string.h>

static int64_t draws_mw(const struct sy_node *node, unsigned unit)
{
    int64_t cap = node->usage->unit[unit].cap_mw;
    return cap != SY_UNKNOWN_MW ? cap : node->fabric->unit[unit].tdp_mw;
}

enum sy_code sy_element_now(struct sy_falling *f, struct sy_power_element *ret, struct sy_err *err)
{
    struct sy_world world;
    enum sy_code code = sy_plan_world(f->q.plan, &world, err);
    if (code != SY_OK)
        return code;
    if (f->domain != NULL) {
        *ret = world.power->domain[sy_domain_find(world.policy, f->domain)];
    } else {
        const char *name = sy_node_text(f->q.plan, f->targets.node[0]);
        *ret = world.power->node[sy_cluster_find(world.cluster, name, strlen(name))];
    }
    if (f->unit < 0)
        return SY_OK;
    const struct sy_node *node = sy_plan_node(f->q.plan, f->targets.node[0]).node;
    const struct sy_unit *unit = &node->fabric->unit[f->unit];
    bool held = node->usage->unit[f->unit].held > 0;
    *ret = (struct sy_power_element){.limit_mw = f->limit_mw,
                                     .provisioned_mw =
                                         held ? draws_mw(node, (unsigned)f->unit) : unit->idle_mw,
                                     .empty_mw = unit->idle_mw};
    return SY_OK;
}

static bool over(const struct sy_falling *f)
{
    return f->now.provisioned_mw > f->limit_mw;
}

/* --- Who draws it. */

static int64_t frees_mw(const struct sy_falling *f, const struct sy_node *node,
                        const struct sy_devset *units)
{
    int64_t sum = 0;
    SY_DEVSET_EACH(u, units)
    {
        if (f->unit >= 0 && u != f->unit)
            continue;
        int64_t most = draws_mw(node, (unsigned)u), idle = node->fabric->unit[u].idle_mw;
        sum += most > idle ? most - idle : 0;
    }
    return sum;
}

/* Who goes first: least priority, then the youngest, then who frees most. */
static int by_rule(const void *left, const void *right)
{
    const struct sy_drawer *a = left, *b = right;
    if (a->pod->priority != b->pod->priority)
        return a->pod->priority < b->pod->priority ? -1 : 1;
    if (a->pod->created_us != b->pod->created_us)
        return a->pod->created_us > b->pod->created_us ? -1 : 1;
    if (a->frees_mw != b->frees_mw)
        return a->frees_mw > b->frees_mw ? -1 : 1;
    return sy_pod_compare(a->pod, b->pod);
}

static enum sy_code find_drawers(struct sy_falling *f, struct sy_err *err)
{
    const struct sy_plan *plan = f->q.plan;
    sy_autofree bool *meant = sy_calloc((size_t)sy_plan_nodes(plan) + 1, sizeof *meant);
    f->drawer = sy_arena_calloc(f->q.arena, sy_plan_pods(plan), sizeof *f->drawer);
    if (meant == NULL || f->drawer == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    for (size_t i = 0; i < f->targets.n; i++)
        meant[f->targets.node[i]] = true;
    for (uint32_t i = 0; i < sy_plan_pods(plan); i++) {
        uint32_t node = sy_plan_pod_node(plan, i);
        if (node == UINT32_MAX || !meant[node] || sy_plan_node(plan, node).node == NULL)
            continue;
        struct sy_devset units = sy_plan_pod_units(plan, i);
        int64_t frees = frees_mw(f, sy_plan_node(plan, node).node, &units);
        if (frees > 0)
            f->drawer[f->ndrawer++] = (struct sy_drawer){.id = i,
                                                         .pod = sy_plan_pod(plan, i),
                                                         .node = node,
                                                         .to = UINT32_MAX,
                                                         .units = units,
                                                         .frees_mw = frees};
    }
    if (f->ndrawer > 1)
        qsort(f->drawer, f->ndrawer, sizeof *f->drawer, by_rule);
    return SY_OK;
}

/* --- Caps first, where it is said how far they go. */

static enum sy_code cap_one(struct sy_falling *f, const struct sy_drawer *drawer, unsigned unit,
                            struct sy_err *err)
{
    const struct sy_node *node = sy_plan_node(f->q.plan, drawer->node).node;
    int64_t tdp = node->fabric->unit[unit].tdp_mw, from = draws_mw(node, unit);
    int64_t floor = tdp * f->floor_percent / 100;
    int64_t to = from - (f->now.provisioned_mw - f->limit_mw);
    to = to < floor ? floor : to;
    if (tdp == 0 || to >= from)
        return SY_OK;
    struct sy_cap *cap = sy_arena_calloc(f->q.arena, 1, sizeof *cap);
    if (cap == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the caps");
    enum sy_code code = sy_plan_cap_unit(f->q.plan, drawer->node, unit, to, err);
    int64_t before = f->now.provisioned_mw;
    if (code == SY_OK)
        code = sy_element_now(f, &f->now, err);
    *cap = (struct sy_cap){.drawer = drawer,
                           .unit = unit,
                           .from_mw = from,
                           .to_mw = to,
                           .frees_mw = before - f->now.provisioned_mw,
                           .after_mw = f->now.provisioned_mw,
                           .before = f->last_cap};
    *(f->last_cap != NULL ? &f->last_cap->next : &f->cap) = cap;
    f->last_cap = cap;
    return code;
}

static enum sy_code cap_devices(struct sy_falling *f, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < f->ndrawer && f->floor_percent > 0; i++)
        SY_DEVSET_EACH(u, &f->drawer[i].units)
        {
            if (code != SY_OK || !over(f))
                return code;
            if (f->unit < 0 || u == f->unit)
                code = cap_one(f, &f->drawer[i], (unsigned)u, err);
        }
    return code;
}

/* --- Then pods. */

static enum sy_code stop_pods(struct sy_falling *f, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < f->ndrawer && code == SY_OK && over(f); i++) {
        struct sy_drawer *drawer = &f->drawer[i];
        int64_t before = f->now.provisioned_mw;
        if (drawer->stopped)
            continue;
        code = sy_plan_unbind(f->q.plan, drawer->id, err);
        if (code == SY_OK)
            code = sy_element_now(f, &f->now, err);
        drawer->stopped = true;
        drawer->frees_mw = before - f->now.provisioned_mw;
    }
    return code;
}

/* Who was stopped for more than was needed goes on, the most important first. */
static enum sy_code reprieve(struct sy_falling *f, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = f->ndrawer; i-- > 0 && code == SY_OK;) {
        struct sy_drawer *drawer = &f->drawer[i];
        if (!drawer->stopped || drawer->frees_mw > f->limit_mw - f->now.provisioned_mw)
            continue;
        code = sy_plan_bind(f->q.plan, drawer->id, drawer->node, err);
        if (code == SY_OK)
            code = sy_element_now(f, &f->now, err);
        drawer->stopped = false;
        if (code == SY_OK && over(f)) { /* it got other devices than it had */
            drawer->stopped = true;
            code = sy_plan_unbind(f->q.plan, drawer->id, err);
            if (code == SY_OK)
                code = sy_element_now(f, &f->now, err);
        }
    }
    return code;
}

/* --- Caps that a stop made needless are given back, whole or in part: those of stopped pods, then
 * those of the most important. */

static enum sy_code set_cap(struct sy_falling *f, const struct sy_cap *cap, int64_t to_mw,
                            struct sy_err *err)
{
    enum sy_code code = sy_plan_cap_unit(f->q.plan, cap->drawer->node, cap->unit, to_mw, err);
    return code == SY_OK ? sy_element_now(f, &f->now, err) : code;
}

static enum sy_code give_back(struct sy_falling *f, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (struct sy_cap *cap = f->cap; cap != NULL && code == SY_OK; cap = cap->next)
        if (cap->drawer->stopped) {
            code = set_cap(f, cap, cap->from_mw, err);
            cap->to_mw = cap->from_mw;
        }
    for (struct sy_cap *cap = f->last_cap; cap != NULL && code == SY_OK; cap = cap->before) {
        int64_t room = f->limit_mw - f->now.provisioned_mw, more = cap->from_mw - cap->to_mw;
        more = more < room ? more : room;
        if (more <= 0)
            continue;
        code = set_cap(f, cap, cap->to_mw + more, err);
        if (code == SY_OK && over(f))
            code = set_cap(f, cap, cap->to_mw, err);
        else
            cap->to_mw += more;
    }
    return code;
}

/* --- The steps that are left, taken anew from the fall of the limit: what each frees. */

static enum sy_code take_caps(struct sy_falling *f, struct sy_err *err)
{
    struct sy_cap **link = &f->cap;
    enum sy_code code = SY_OK;
    while (*link != NULL && code == SY_OK) {
        struct sy_cap *cap = *link;
        int64_t before = f->now.provisioned_mw;
        if (cap->to_mw == cap->from_mw) {
            *link = cap->next;
            continue;
        }
        code = set_cap(f, cap, cap->to_mw, err);
        cap->frees_mw = before - f->now.provisioned_mw;
        cap->after_mw = f->now.provisioned_mw;
        link = &cap->next;
    }
    return code;
}

static enum sy_code take_stops(struct sy_falling *f, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < f->ndrawer && code == SY_OK; i++) {
        struct sy_drawer *drawer = &f->drawer[i];
        int64_t before = f->now.provisioned_mw;
        if (!drawer->stopped)
            continue;
        code = sy_plan_unbind(f->q.plan, drawer->id, err);
        if (code == SY_OK)
            code = sy_element_now(f, &f->now, err);
        drawer->frees_mw = before - f->now.provisioned_mw;
        drawer->after_mw = f->now.provisioned_mw;
        f->nstopped++;
    }
    return code;
}

/* *start: the plan as the limit fell; it becomes the question's. Who goes on has the devices that
 * it had: should that be too much after all, stops follow. */
static enum sy_code take_steps(struct sy_falling *f, struct sy_plan **start, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *again = NULL;
    enum sy_code code = sy_plan_copy(*start, &again, err);
    for (bool more = true; code == SY_OK && more;) {
        sy_plan_free(f->q.plan);
        f->q.plan = SY_TAKE(*start);
        f->nstopped = 0;
        code = sy_element_now(f, &f->now, err);
        if (code == SY_OK)
            code = take_caps(f, err);
        if (code == SY_OK)
            code = take_stops(f, err);
        more = code == SY_OK && f->reached && over(f) && again != NULL;
        if (more)
            code = stop_pods(f, err);
        *start = SY_TAKE(again);
    }
    return code;
}

/* The stopped pods, the most important first, on other nodes or on these where that keeps the
 * limit. */
static enum sy_code place_stopped(struct sy_falling *f, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = f->ndrawer; i-- > 0 && code == SY_OK;) {
        struct sy_drawer *drawer = &f->drawer[i];
        if (!drawer->stopped)
            continue;
        code = sy_plan_place(f->q.plan, drawer->id, &drawer->to, err);
        if (code == SY_OK && drawer->to != UINT32_MAX)
            code = sy_element_now(f, &f->now, err);
        if (code == SY_OK && drawer->to != UINT32_MAX && over(f)) {
            drawer->to = UINT32_MAX;
            code = sy_plan_unbind(f->q.plan, drawer->id, err);
            if (code == SY_OK)
                code = sy_element_now(f, &f->now, err);
        }
        f->nowhere += code == SY_OK && drawer->to == UINT32_MAX;
    }
    return code;
}

static enum sy_code apply(struct sy_falling *f, struct sy_err *err)
{
    if (f->domain != NULL)
        return sy_plan_cap_domain(f->q.plan, f->domain, f->limit_mw, err);
    if (f->unit >= 0) /* the device itself obeys: the cap is the first step */
        return SY_OK;
    return sy_plan_cap_node(f->q.plan, f->targets.node[0], f->limit_mw, err);
}

static enum sy_code fall(struct sy_falling *f, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *start = NULL;
    enum sy_code code = sy_element_now(f, &f->before, err);
    if (code == SY_OK)
        code = apply(f, err);
    if (code == SY_OK)
        code = sy_plan_copy(f->q.plan, &start, err);
    if (code == SY_OK)
        code = sy_element_now(f, &f->now, err);
    if (code == SY_OK)
        code = find_drawers(f, err);
    if (code == SY_OK)
        code = cap_devices(f, err);
    if (code == SY_OK)
        code = stop_pods(f, err);
    f->reached = !over(f);
    if (code == SY_OK && f->reached)
        code = reprieve(f, err);
    if (code == SY_OK)
        code = give_back(f, err);
    if (code == SY_OK)
        code = take_steps(f, &start, err);
    if (code != SY_OK)
        return code;
    f->after_mw = f->now.provisioned_mw;
    return place_stopped(f, err);
}

/* --- What is meant. */

static enum sy_code find_device(struct sy_falling *f, const char *text, struct sy_err *err)
{
    char name[300], shown[120];
    struct sy_pci_addr addr;
    const char *slash = strrchr(text, '/');
    (void)sy_quote(shown, sizeof shown, text, strlen(text));
    if (slash == NULL || (size_t)(slash - text) >= sizeof name ||
        sy_pci_addr_parse(slash + 1, &addr, NULL) != SY_OK)
        return sy_fail(err, SY_EUSAGE, "--device '%s': expected NODE/PCI-ADDRESS", shown);
    memcpy(name, text, (size_t)(slash - text));
    name[slash - text] = '\0';
    const char *const one = name;
    enum sy_code code = sy_targets_named(f->q.plan, &one, 1, f->q.arena, &f->targets, err);
    if (code != SY_OK)
        return code;
    const struct sy_node *node = sy_plan_node(f->q.plan, f->targets.node[0]).node;
    f->unit = node != NULL ? sy_fabric_unit_find(node->fabric, addr, 0) : -1;
    f->targets.name = text;
    return f->unit >= 0 ? SY_OK : sy_fail(err, SY_ENOENT, "--device '%s': no such device", shown);
}

static enum sy_code find_element(struct sy_falling *f, struct sy_err *err)
{
    const struct sy_options *options = f->q.cli->options;
    const char *domain = sy_options_str(options, "domain");
    const char *node = sy_options_str(options, "node");
    const char *device = sy_options_str(options, "device");
    double watts = -1, floor = 0;
    f->unit = -1;
    if ((domain != NULL) + (node != NULL) + (device != NULL) != 1 ||
        sy_options_str(options, "limit") == NULL)
        return sy_fail(err, SY_EUSAGE, "expected one of --domain, --node, --device, and --limit");
    enum sy_code code = sy_options_real(options, "limit", 0, 1e9, &watts, err);
    if (code == SY_OK)
        code = sy_options_real(options, "cap-floor", 1, 100, &floor, err);
    f->limit_mw = (int64_t)(watts * 1000 + 0.5);
    f->floor_percent = (int64_t)floor;
    f->domain = domain;
    if (code == SY_OK && domain != NULL)
        code = sy_targets_domain(f->q.plan, domain, f->q.arena, &f->targets, err);
    else if (code == SY_OK && device != NULL)
        code = find_device(f, device, err);
    else if (code == SY_OK)
        code = sy_targets_named(f->q.plan, &node, 1, f->q.arena, &f->targets, err);
    if (code == SY_OK && node != NULL && sy_plan_node(f->q.plan, f->targets.node[0]).node == NULL)
        return sy_fail(err, SY_ENOENT, "--node '%s': nothing is known of its devices",
                       f->targets.name);
    return code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct sy_falling f = {0};
    enum sy_code code = sy_question_no_rest(cli, err);
    if (code == SY_OK)
        code = sy_question_begin(cli, SY_QUESTION_NONE, NULL, &f.q, err);
    if (code == SY_OK)
        code = find_element(&f, err);
    if (code == SY_OK)
        code = fall(&f, err);
    if (code == SY_OK)
        code = sy_falling_answer(&f, err);
    sy_question_done(&f.q);
    return code;
}

static const struct sy_option options[] = {
    {.name = "domain", .arg = "NAME", .help = "a power domain of the policy"},
    {.name = "node", .arg = "NAME", .help = "a node"},
    {.name = "device", .arg = "NODE/PCI", .help = "a device by its address"},
    {.name = "limit", .arg = "WATTS", .help = "what it may draw from now on"},
    {.name = "cap-floor",
     .arg = "PERCENT",
     .help = "devices can be capped down to this part of their TDP: caps come before stops"},
};

const struct sy_command sy_command_whatif_power = {
    .name = "whatif power",
    .summary = "a power limit falls: what is capped or stopped, in which order",
    .synopsis = "--domain NAME|--node NAME|--device NODE/PCI --limit WATTS [option ...]",
    .details =
        "Counted is what is provisioned: held devices at their caps (or TDP), the others idle. "
        "Over "
        "the limit, devices are capped first where --cap-floor says how far; then pods are "
        "stopped: "
        "least priority first, then the youngest, then who frees most watts, until the limit is "
        "kept; who was stopped for more than was needed goes on, the most important first, and "
        "caps "
        "that a stop made needless are given back. TO is "
        "where a stopped pod has a place within all limits. Exit status: 0 nothing is left without "
        "a place, 1 some pod is, or the limit is not kept for what is unknown, 2 it is below what "
        "the empty element draws.",
    .example = "switchyard whatif power --snapshot deploy/examples/planner/snapshot.json "
               "--policy deploy/examples/planner/policy.yaml --domain rack-c --limit 6500",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
