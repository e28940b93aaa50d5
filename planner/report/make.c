/* SPDX-License-Identifier: Apache-2.0 */
/* A report: the state as a plan, its shapes and what there is room for, then section by section. */
#include "planner/report/report_private.h"

#include <string.h>

#define RACK_LABEL "topology.kubernetes.io/rack"

void sy_report_options_init(struct sy_report_options *options)
{
    *options = (struct sy_report_options){.horizon_days = 365, .top = 10};
}

static const char *label_of(const struct sy_state_node *node, const char *key)
{
    for (size_t i = 0; i < node->nlabel; i++)
        if (strcmp(node->label[i].key, key) == 0)
            return node->label[i].value;
    return node->node != NULL ? sy_node_label(node->node, key) : NULL;
}

static bool lists(const struct sy_power_domain *domain, const struct sy_state_node *node)
{
    for (unsigned i = 0; i < domain->nname; i++)
        if (strcmp(domain->node_name[i], node->name) == 0)
            return true;
    for (unsigned i = 0; i < domain->nmatch; i++) {
        const char *value = label_of(node, domain->match[i].key);
        if (value == NULL || strcmp(value, domain->match[i].value) != 0)
            return false;
    }
    return domain->nmatch > 0;
}

/* A node's rack: its label, else the innermost power domain that it belongs to. */
static enum sy_code find_racks(struct sy_report *r, struct sy_err *err)
{
    const struct sy_policy *policy = r->state->policy;
    const char *key = r->options->rack_label != NULL ? r->options->rack_label : RACK_LABEL;
    r->rack = sy_arena_calloc(r->arena, r->state->nnode, sizeof *r->rack);
    if (r->rack == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < r->state->nnode; i++) {
        r->rack[i] = label_of(&r->state->node[i], key);
        for (unsigned d = policy->ndomain; d-- > 0 && r->rack[i] == NULL;)
            if (lists(&policy->domain[d], &r->state->node[i]))
                r->rack[i] = policy->domain[d].name;
    }
    return SY_OK;
}

static enum sy_code add_shape(struct sy_report *r, const char *path, const struct sy_state_pod *pod,
                              struct sy_err *err)
{
    const char *name = sy_capacity_shape_name(pod, r->arena);
    if (name == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t k = 0; k < r->nshape; k++)
        if (strcmp(r->shape[k].name, name) == 0)
            return SY_OK;
    if (r->nshape == SY_REPORT_SHAPES_MAX)
        return sy_fail(err, SY_ELIMIT, "%s: more than %u shapes", path, SY_REPORT_SHAPES_MAX);
    r->shape[r->nshape++] = (struct sy_capacity_shape){.name = name, .pod = pod};
    return SY_OK;
}

/* The pods of manifests, each shape once. */
static enum sy_code read_shapes(struct sy_report *r, struct sy_err *err)
{
    r->shape = sy_arena_calloc(r->arena, SY_REPORT_SHAPES_MAX, sizeof *r->shape);
    r->read = sy_arena_calloc(r->arena, r->options->nshapes, sizeof *r->read);
    if (r->shape == NULL || r->read == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t f = 0; f < r->options->nshapes && code == SY_OK; f++) {
        const char *path = r->options->shapes[f];
        struct sy_workload_pods *pods = &r->read[f];
        code = sy_workload_read(path, r->state, r->arena, pods, err);
        if (code == SY_OK)
            r->nread++;
        for (size_t i = 0; i < pods->n && code == SY_OK; i++)
            code = add_shape(r, path, &pods->pod[i].pod, err);
    }
    return code;
}

static enum sy_code find_shapes(struct sy_report *r, struct sy_err *err)
{
    if (r->options->nshapes > 0)
        return read_shapes(r, err);
    return sy_capacity_shapes(r->plan, SY_REPORT_SHAPES_MAX, r->arena, &r->shape, &r->nshape, err);
}

static enum sy_code prepare(struct sy_report *r, struct sy_err *err)
{
    const struct sy_plan_options options = {.weight = 10};
    r->arena = sy_arena_new(SY_REPORT_BYTES_MAX);
    r->root = sy_result_object(SY_REPORT_KIND);
    if (r->arena == NULL || r->root == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = find_racks(r, err);
    if (code == SY_OK)
        code = sy_plan_new(r->state, &options, &r->plan, err);
    if (code == SY_OK)
        code = find_shapes(r, err);
    if (code == SY_OK)
        code = sy_capacity_of(r->plan, r->shape, r->nshape, r->arena, &r->now, err);
    return code;
}

static enum sy_code write_all(struct sy_report *r, struct sy_err *err)
{
    static enum sy_code (*const section[])(struct sy_report *, struct sy_err *) = {
#define X(name) sy_report_section_##name,
        SY_REPORT_SECTIONS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof section / sizeof section[0]; i++) {
        enum sy_code code = section[i](r, err);
        if (code == SY_OK && r->w.failed)
            code = sy_fail(err, SY_ENOMEM, "out of memory");
        if (code != SY_OK)
            return code;
    }
    return SY_OK;
}

enum sy_code sy_report_make(const struct sy_state *state, const struct sy_report_options *options,
                            const struct sy_cli *cli, json_t **ret, struct sy_err *err)
{
    struct sy_report report = {.state = state, .options = options, .cli = cli};
    if (state->nnode == 0)
        return sy_fail(err, SY_EINVAL,
                       "no node in %s: a report needs Nodes or NodeFabrics (%zu pods are there)",
                       state->source, state->npod);
    enum sy_code code = prepare(&report, err);
    if (code == SY_OK)
        code = write_all(&report, err);
    if (code == SY_OK)
        *ret = SY_TAKE(report.root);
    json_decref(report.root);
    sy_plan_free(report.plan);
    for (size_t i = 0; i < report.nread; i++)
        sy_workload_pods_done(&report.read[i]);
    sy_arena_free(report.arena);
    return code;
}
