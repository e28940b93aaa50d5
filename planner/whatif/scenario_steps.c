/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a scenario file, each kind by its own keys. */
#include "planner/whatif/scenario_private.h"
#include "topology/inventory.h"

#include <string.h>

static const char *const keys[] = {
#define X(id, key) key,
    SY_STEPS(X)
#undef X
};

const char *sy_step_key(enum sy_step_kind kind)
{
    return (unsigned)kind < SY_STEP_COUNT ? keys[kind] : "?";
}

enum sy_code sy_step_wrap(const struct sy_scenario *scenario, const struct sy_step *step,
                          struct sy_err *err)
{
    return sy_wrap(err, "%s:%u:%u: %s", scenario->file, step->line, step->column,
                   sy_step_key((enum sy_step_kind)step->kind));
}

typedef enum sy_code step_fn(struct sy_scenario_reader *r, const struct sy_yaml *map,
                             struct sy_step *step);

static enum sy_code only(struct sy_scenario_reader *r, const struct sy_yaml *map,
                         const char *const *known)
{
    return sy_yaml_only(r->file, map, known, r->err);
}

static enum sy_code required(struct sy_scenario_reader *r, const struct sy_yaml *map,
                             const char *key)
{
    return sy_yaml_get(map, key) != NULL
               ? SY_OK
               : sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "'%s' is required", key);
}

static enum sy_code read_count(struct sy_scenario_reader *r, const struct sy_yaml *map,
                               struct sy_step *step)
{
    int64_t count = 1;
    const struct sy_yaml *node = sy_yaml_get(map, "count");
    if (node == NULL) {
        step->count = 1;
        return SY_OK;
    }
    enum sy_code code = sy_yaml_int(r->file, node, 0, SY_SCENARIO_COUNT_MAX, &count, r->err);
    step->count = (uint32_t)count;
    return code;
}

static enum sy_code read_manifest(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                  struct sy_step *step)
{
    const struct sy_yaml *manifest = sy_yaml_get(map, "manifest");
    if (manifest == NULL)
        return SY_OK;
    if (manifest->kind != SY_YAML_MAP)
        return sy_yaml_fail(r->file, manifest, SY_EINVAL, r->err,
                            "'manifest': expected a Kubernetes object");
    return sy_scenario_json(r, manifest, &step->manifest);
}

static enum sy_code read_submit(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                struct sy_step *step)
{
    static const char *const known[] = {"file", "manifest", "count", "namespace", NULL};
    enum sy_code code = only(r, map, known);
    if (code == SY_OK)
        code = sy_scenario_path(r, map, "file", &step->file);
    if (code == SY_OK)
        code = read_manifest(r, map, step);
    if (code == SY_OK && (step->file != NULL) == (step->manifest != NULL))
        code =
            sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "expected one of 'file' and 'manifest'");
    if (code == SY_OK)
        code = read_count(r, map, step);
    return code == SY_OK ? sy_scenario_text(r, map, "namespace", &step->namespace_) : code;
}

static enum sy_code read_delete(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                struct sy_step *step)
{
    static const char *const known[] = {"namespace", "name", "owner", NULL};
    enum sy_code code = only(r, map, known);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "namespace", &step->namespace_);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "name", &step->pod);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "owner", &step->owner);
    if (code == SY_OK && step->namespace_ == NULL)
        code = required(r, map, "namespace");
    if (code == SY_OK && step->pod != NULL && step->owner != NULL)
        code =
            sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "expected 'name' or 'owner', not both");
    return code;
}

static enum sy_code read_add(struct sy_scenario_reader *r, const struct sy_yaml *map,
                             struct sy_step *step)
{
    static const char *const known[] = {"template", "count", "labels",    "domain",       "price",
                                        "currency", "watts", "rackUnits", "leadTimeDays", NULL};
    enum sy_code code = only(r, map, known);
    if (code == SY_OK)
        code = required(r, map, "template");
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "template", &step->template_);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "domain", &step->domain);
    if (code == SY_OK)
        code = read_count(r, map, step);
    if (code == SY_OK)
        code = sy_scenario_labels(r, map, &step->label, &step->nlabel);
    if (code == SY_OK)
        code = sy_scenario_price(r, map, &step->price);
    for (size_t i = 0; i < r->scenario->ntemplate && code == SY_OK; i++)
        if (strcmp(r->scenario->template_[i].name, step->template_) == 0)
            return SY_OK;
    return code == SY_OK ? sy_yaml_fail(r->file, sy_yaml_get(map, "template"), SY_EINVAL, r->err,
                                        "'template': there is none of that name in 'templates'")
                         : code;
}

static enum sy_code read_nodes(struct sy_scenario_reader *r, const struct sy_yaml *map,
                               struct sy_step *step)
{
    static const char *const known[] = {"node", "selector", "domain", NULL};
    enum sy_code code = only(r, map, known);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "node", &step->node);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "selector", &step->selector);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "domain", &step->domain);
    if (code == SY_OK &&
        (step->node != NULL) + (step->selector != NULL) + (step->domain != NULL) != 1)
        code = sy_yaml_fail(r->file, map, SY_EINVAL, r->err,
                            "expected one of 'node', 'selector' and 'domain'");
    return code;
}

/* `node` and `device`, which both must be there. */
static enum sy_code read_device(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                struct sy_step *step)
{
    enum sy_code code = required(r, map, "node");
    if (code == SY_OK)
        code = required(r, map, "device");
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "node", &step->node);
    return code == SY_OK ? sy_scenario_text(r, map, "device", &step->device) : code;
}

static enum sy_code read_fail(struct sy_scenario_reader *r, const struct sy_yaml *map,
                              struct sy_step *step)
{
    static const char *const known[] = {"node", "device", "reason", "healthy", NULL};
    enum sy_code code = only(r, map, known);
    if (code == SY_OK)
        code = read_device(r, map, step);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "reason", &step->reason);
    const struct sy_yaml *healthy = code == SY_OK ? sy_yaml_get(map, "healthy") : NULL;
    return healthy != NULL ? sy_yaml_bool(r->file, healthy, &step->healthy, r->err) : code;
}

static enum sy_code read_link(struct sy_scenario_reader *r, const struct sy_yaml *map,
                              struct sy_step *step)
{
    static const char *const known[] = {"node", "device", "to", "gbps", NULL};
    double gbps = 0;
    enum sy_code code = only(r, map, known);
    if (code == SY_OK)
        code = read_device(r, map, step);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "to", &step->to);
    if (code == SY_OK)
        code = required(r, map, "gbps");
    if (code == SY_OK)
        code = sy_yaml_real(r->file, sy_yaml_get(map, "gbps"), 0, SY_LINK_MBPS_MAX / 1000.0, &gbps,
                            r->err);
    step->mbps = (uint32_t)(gbps * 1000 + 0.5);
    return code;
}

static enum sy_code read_cap(struct sy_scenario_reader *r, const struct sy_yaml *map,
                             struct sy_step *step)
{
    static const char *const known[] = {"node", "device", "domain", "watts", NULL};
    enum sy_code code = only(r, map, known);
    if (code == SY_OK)
        code = required(r, map, "watts");
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "node", &step->node);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "device", &step->device);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "domain", &step->domain);
    if (code == SY_OK && ((step->node != NULL) == (step->domain != NULL) ||
                          (step->device != NULL && step->node == NULL)))
        code = sy_yaml_fail(r->file, map, SY_EINVAL, r->err,
                            "expected 'domain', or 'node' with or without 'device'");
    return code == SY_OK ? sy_scenario_watts(r, map, "watts", &step->limit_mw) : code;
}

/* The step's value is the file's name. */
static enum sy_code read_policy(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                struct sy_step *step)
{
    return sy_scenario_path(r, map, "policy", &step->file);
}

static step_fn *const readers[] = {
    [SY_STEP_SUBMIT] = read_submit,    [SY_STEP_DELETE_PODS] = read_delete,
    [SY_STEP_ADD_NODES] = read_add,    [SY_STEP_DRAIN] = read_nodes,
    [SY_STEP_CORDON] = read_nodes,     [SY_STEP_UNCORDON] = read_nodes,
    [SY_STEP_REMOVE] = read_nodes,     [SY_STEP_FAIL_NODE] = read_nodes,
    [SY_STEP_FAIL_DEVICE] = read_fail, [SY_STEP_DEGRADE_LINK] = read_link,
    [SY_STEP_CAP] = read_cap,          [SY_STEP_POLICY] = read_policy,
};

enum sy_code sy_scenario_step(struct sy_scenario_reader *r, const struct sy_yaml *map,
                              struct sy_step *ret)
{
    const char *known[SY_STEP_COUNT + 1] = {NULL};
    memcpy(known, keys, sizeof keys);
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK && map->count != 1)
        code = sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "a step has one key, this has %zu",
                            map->count);
    if (code != SY_OK)
        return code;
    unsigned kind = 0;
    while (strcmp(map->key[0]->text, keys[kind]) != 0)
        kind++;
    *ret = (struct sy_step){
        .kind = (uint8_t)kind, .line = map->key[0]->line, .column = map->key[0]->column};
    return readers[kind](r, kind == SY_STEP_POLICY ? map : map->item[0], ret);
}

static const char *nodes_text(const struct sy_step *step)
{
    if (step->node != NULL)
        return step->node;
    return step->selector != NULL ? step->selector : step->domain;
}

const char *sy_step_text(const struct sy_step *step, struct sy_arena *arena)
{
    const char *key = keys[step->kind];
    double watts = (double)step->limit_mw / 1000;
    switch ((enum sy_step_kind)step->kind) {
    case SY_STEP_SUBMIT:
        return sy_arena_printf(arena, "%s %u x %s", key, step->count,
                               step->file != NULL ? step->file : "manifest");
    case SY_STEP_DELETE_PODS:
        return sy_arena_printf(arena, "%s %s/%s", key, step->namespace_,
                               step->pod != NULL     ? step->pod
                               : step->owner != NULL ? step->owner
                                                     : "*");
    case SY_STEP_ADD_NODES:
        return sy_arena_printf(arena, "%s %u x %s", key, step->count, step->template_);
    case SY_STEP_FAIL_DEVICE:
        return sy_arena_printf(arena, "%s %s %s%s", key, step->node, step->device,
                               step->healthy ? " (well again)" : "");
    case SY_STEP_DEGRADE_LINK:
        return sy_arena_printf(arena, "%s %s %s%s%s to %.15g GB/s", key, step->node, step->device,
                               step->to != NULL ? "-" : "", step->to != NULL ? step->to : "",
                               step->mbps / 1000.0);
    case SY_STEP_CAP:
        return sy_arena_printf(arena, "%s %s%s%s to %.15g W", key, nodes_text(step),
                               step->device != NULL ? " " : "",
                               step->device != NULL ? step->device : "", watts);
    case SY_STEP_POLICY:
        return sy_arena_printf(arena, "%s %s", key, step->file);
    case SY_STEP_DRAIN:
    case SY_STEP_CORDON:
    case SY_STEP_UNCORDON:
    case SY_STEP_REMOVE:
    case SY_STEP_FAIL_NODE:
    case SY_STEP_COUNT:
        break;
    }
    return sy_arena_printf(arena, "%s %s", key, nodes_text(step));
}
