/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/whatif/template.h"

#include "planner/state/manifest.h"
#include "topology/usage.h"

#include <stdlib.h>
#include <string.h>

#define HOSTNAME "kubernetes.io/hostname"
#define NAME_MAX_LEN 200u
#define PRICE_MAX 1e12

/* --- The empty, healthy node. */

/* Base, and every device at its TDP or cap. */
static int64_t most_watts(const struct sy_fabric *fabric, const struct sy_usage *usage,
                          const struct sy_policy *policy)
{
    int64_t sum = usage->base_mw != SY_UNKNOWN_MW ? usage->base_mw : policy->default_node_base_mw;
    if (sum == SY_UNKNOWN_MW)
        sum = 0;
    for (unsigned u = 0; u < fabric->nunit; u++)
        sum +=
            usage->unit[u].cap_mw != SY_UNKNOWN_MW ? usage->unit[u].cap_mw : fabric->unit[u].tdp_mw;
    return sum;
}

/* A report that says: nothing is held, all is well; caps and limits as `like` has them. */
static enum sy_code report_empty(const struct sy_state *state, const struct sy_usage *like,
                                 struct sy_template *template_, struct sy_err *err)
{
    struct sy_fabric *fabric = template_->node.fabric;
    struct sy_usage *usage = NULL;
    if (fabric == NULL)
        return SY_OK;
    enum sy_code code = sy_usage_begin(fabric, 0, &usage, err);
    if (code == SY_OK && like != NULL)
        code = sy_usage_copy_facts(like, usage, err);
    if (code != SY_OK) {
        sy_usage_unref(usage);
        return code;
    }
    for (unsigned u = 0; u < fabric->nunit; u++) {
        usage->unit[u].unhealthy = false;
        usage->unit[u].reason = NULL;
        usage->unit[u].observed_mw = SY_UNKNOWN_MW;
    }
    usage->mode = SY_MODE_EXACT;
    usage->observed_us = state->now_us;
    usage->heartbeat_us = state->now_us;
    usage->observed_mw = SY_UNKNOWN_MW;
    usage->stray = 0;
    usage->stray_first = NULL;
    usage->unmapped = 0;
    usage->unmapped_first = NULL;
    usage->kubelet_message = NULL;
    sy_usage_finish(fabric, usage);
    sy_usage_unref(template_->node.report);
    template_->node.report = usage;
    template_->node.age = SY_REPORT_FRESH;
    if (template_->watts_mw < 0)
        template_->watts_mw = most_watts(fabric, usage, state->policy);
    return SY_OK;
}

/* What the node's own pods take is not there for others. */
static void take_daemons(const struct sy_state *state, uint32_t node, struct sy_amounts *left)
{
    for (size_t i = 0; i < state->npod; i++) {
        const struct sy_state_pod *pod = &state->pod[i];
        if (pod->node != node || pod->owner_kind == NULL ||
            strcmp(pod->owner_kind, "DaemonSet") != 0)
            continue;
        left->cpu_milli -= pod->requests.cpu_milli;
        left->memory_bytes -= pod->requests.memory_bytes;
        left->storage_bytes -= pod->requests.storage_bytes;
        left->pods--;
    }
}

enum sy_code sy_template_like(const struct sy_state *state, const char *node,
                              struct sy_arena *arena, struct sy_template *ret, struct sy_err *err)
{
    char shown[120];
    int64_t at = sy_state_find_node(state, node);
    if (at < 0)
        return sy_fail(err, SY_ENOENT, "no node '%s' in the cluster",
                       sy_quote(shown, sizeof shown, node, strlen(node)));
    const struct sy_state_node *like = &state->node[at];
    struct sy_template template_ = {
        .price_milli = -1, .watts_mw = -1, .rack_units = -1, .lead_days = -1};
    template_.name = sy_arena_strndup(arena, like->name, strlen(like->name));
    if (template_.name == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the template");
    template_.node = *like;
    template_.node.node = NULL;
    template_.node.report = NULL;
    template_.node.cordon = NULL;
    template_.node.ncordon = 0;
    template_.node.unschedulable = false;
    template_.node.ready = true;
    if (template_.node.fabric != NULL)
        (void)sy_fabric_ref(template_.node.fabric);
    take_daemons(state, (uint32_t)at, &template_.node.allocatable);
    enum sy_code code = report_empty(state, like->report, &template_, err);
    if (code != SY_OK)
        sy_template_done(&template_);
    else
        *ret = template_;
    return code;
}

void sy_template_done(struct sy_template *template_)
{
    sy_fabric_unref(template_->node.fabric);
    sy_usage_unref(template_->node.report);
    sy_node_unref(template_->node.node);
    *template_ = (struct sy_template){0};
}

/* --- The file. */

struct reading {
    const struct sy_state *state;
    const struct sy_manifest *manifest;
    struct sy_arena *arena;
    struct sy_err *err;
};

static enum sy_code only_known(const struct reading *r)
{
    static const char *const known[] = {"apiVersion",   "kind",  "metadata", "like",
                                        "node",         "price", "currency", "rackUnits",
                                        "leadTimeDays", "watts"};
    const char *key;
    json_t *value;
    json_object_foreach(r->manifest->object, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found |= strcmp(key, known[i]) == 0;
        if (!found)
            return sy_json_fail(SY_PATH_KEY(NULL, key), SY_EINVAL, r->err, "unknown key");
    }
    return SY_OK;
}

static enum sy_code read_numbers(const struct reading *r, struct sy_template *ret)
{
    const json_t *obj = r->manifest->object;
    const char *currency = NULL;
    double price = -1, watts = -1;
    enum sy_code code =
        sy_json_real(obj, "price", SY_JSON_OPTIONAL, 0, PRICE_MAX, NULL, &price, r->err);
    if (code == SY_OK)
        code = sy_json_str(obj, "currency", SY_JSON_OPTIONAL, 16, NULL, &currency, r->err);
    if (code == SY_OK)
        code = sy_json_real(obj, "watts", SY_JSON_OPTIONAL, 0, 1e9, NULL, &watts, r->err);
    if (code == SY_OK)
        code = sy_json_int(obj, "rackUnits", SY_JSON_OPTIONAL, 0, 1000, NULL, &ret->rack_units,
                           r->err);
    if (code == SY_OK)
        code = sy_json_int(obj, "leadTimeDays", SY_JSON_OPTIONAL, 0, 10000, NULL, &ret->lead_days,
                           r->err);
    if (code != SY_OK)
        return code;
    if (currency != NULL) {
        ret->currency = sy_arena_strndup(r->arena, currency, strlen(currency));
        if (ret->currency == NULL)
            return sy_fail(r->err, SY_ENOMEM, "out of memory for the template");
    }
    ret->price_milli = price < 0 ? -1 : (int64_t)(price * 1000 + 0.5);
    if (watts >= 0)
        ret->watts_mw = (int64_t)(watts * 1000 + 0.5);
    return SY_OK;
}

/* A v1.Node as a template: `node` in a NodeTemplate, or the object itself. */
static enum sy_code take_node(const struct reading *r, const json_t *object, const char *name,
                              struct sy_template *ret)
{
    struct sy_template template_ = {
        .name = name, .price_milli = -1, .watts_mw = -1, .rack_units = -1, .lead_days = -1};
    enum sy_code code = sy_state_node_read(object, r->manifest->where, r->state->catalogue,
                                           r->arena, &template_.node, r->err);
    if (code != SY_OK)
        return code;
    sy_node_unref(SY_TAKE(template_.node.node));
    if (name == NULL)
        template_.name = template_.node.name;
    code = report_empty(r->state, NULL, &template_, r->err);
    if (code != SY_OK)
        sy_template_done(&template_);
    else
        *ret = template_;
    return code;
}

/* `node` of a NodeTemplate needs no name of its own: it gets the template's. */
static enum sy_code named_node(const struct reading *r, const json_t *node, const char *name,
                               struct sy_template *ret)
{
    sy_autojson json_t *copy = json_copy((json_t *)(uintptr_t)node);
    json_t *metadata = json_object_get(copy, "metadata");
    metadata = metadata != NULL ? json_copy(metadata) : json_object();
    if (copy == NULL || json_object_set_new(metadata, "name", json_string(name)) != 0 ||
        json_object_set(copy, "metadata", metadata) != 0) {
        json_decref(metadata);
        return sy_fail(r->err, SY_ENOMEM, "out of memory for the template");
    }
    json_decref(metadata);
    enum sy_code code = take_node(r, copy, name, ret);
    if (code == SY_OK)
        ret->node.object = NULL; /* the copy goes */
    return code;
}

static enum sy_code read_template(const struct reading *r, struct sy_template *ret)
{
    const json_t *obj = r->manifest->object;
    json_t *metadata = NULL, *node = NULL;
    const char *name = NULL, *like = NULL;
    enum sy_code code = only_known(r);
    if (code == SY_OK)
        code = sy_json_object(obj, "metadata", SY_JSON_REQUIRED, NULL, &metadata, r->err);
    if (code == SY_OK)
        code = sy_json_str(metadata, "name", SY_JSON_REQUIRED, NAME_MAX_LEN,
                           SY_PATH_KEY(NULL, "metadata"), &name, r->err);
    if (code == SY_OK)
        code = sy_json_str(obj, "like", SY_JSON_OPTIONAL, NAME_MAX_LEN, NULL, &like, r->err);
    if (code == SY_OK)
        code = sy_json_object(obj, "node", SY_JSON_OPTIONAL, NULL, &node, r->err);
    if (code == SY_OK && (like != NULL) == (node != NULL))
        code = sy_fail(r->err, SY_EINVAL, "/: expected one of like and node");
    if (code != SY_OK)
        return code;
    const char *kept = sy_arena_strndup(r->arena, name, strlen(name));
    if (kept == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory for the template");
    code = like != NULL ? sy_template_like(r->state, like, r->arena, ret, r->err)
                        : named_node(r, node, kept, ret);
    if (code != SY_OK)
        return code;
    ret->name = kept;
    return read_numbers(r, ret);
}

static enum sy_code read_one(const struct reading *r, struct sy_template *ret)
{
    const char *kind = json_string_value(json_object_get(r->manifest->object, "kind"));
    enum sy_code code;
    if (kind != NULL && strcmp(kind, "Node") == 0) {
        code = take_node(r, r->manifest->object, NULL, ret);
        ret->node.object = NULL;
    } else if (kind != NULL && strcmp(kind, "NodeTemplate") == 0) {
        code = read_template(r, ret);
    } else {
        code = sy_fail(r->err, SY_EINVAL, "/kind: expected NodeTemplate or Node");
    }
    return code == SY_OK ? SY_OK : sy_wrap(r->err, "%s", r->manifest->where);
}

enum sy_code sy_templates_read(const char *path, const struct sy_state *state,
                               struct sy_arena *arena, struct sy_template **ret, size_t *ret_n,
                               struct sy_err *err)
{
    struct sy_manifest *manifest = NULL;
    size_t n = 0, read = 0;
    enum sy_code code = sy_manifests_read(path, arena, &manifest, &n, err);
    if (code != SY_OK)
        return code;
    struct sy_template *list = sy_arena_calloc(arena, n, sizeof *list);
    if (list == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory for the templates");
    else if (n == 0)
        code = sy_fail(err, SY_ENOENT, "%s: no template in it", path);
    else if (n > SY_TEMPLATES_MAX)
        code = sy_fail(err, SY_ELIMIT, "%s: %zu templates, at most %u", path, n, SY_TEMPLATES_MAX);
    for (; code == SY_OK && read < n; read++) {
        const struct reading r = {state, &manifest[read], arena, err};
        code = read_one(&r, &list[read]);
    }
    sy_manifests_done(manifest, n);
    if (code != SY_OK) {
        for (size_t i = 0; i < read; i++)
            sy_template_done(&list[i]);
        return code;
    }
    *ret = list;
    *ret_n = n;
    return SY_OK;
}

/* --- Nodes made of it. */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct sy_label *)a)->key, ((const struct sy_label *)b)->key);
}

static void set_label(struct sy_label *label, size_t *n, const char *key, const char *value)
{
    size_t i = 0;
    while (i < *n && strcmp(label[i].key, key) != 0)
        i++;
    if (i == *n)
        ++*n;
    label[i] = (struct sy_label){key, value};
}

enum sy_code sy_template_node(const struct sy_template *template_, unsigned i,
                              const struct sy_label_match *label, size_t nlabel,
                              struct sy_arena *arena, struct sy_state_node *ret, struct sy_err *err)
{
    struct sy_state_node node = template_->node;
    size_t n = node.nlabel;
    struct sy_label *all = sy_arena_calloc(arena, n + nlabel + 1, sizeof *all);
    node.name = sy_arena_printf(arena, "%s-new-%u", template_->name, i + 1);
    if (all == NULL || node.name == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the new nodes");
    if (n > 0)
        memcpy(all, node.label, n * sizeof *all);
    set_label(all, &n, HOSTNAME, node.name);
    for (size_t k = 0; k < nlabel; k++)
        set_label(all, &n, label[k].key, label[k].value);
    qsort(all, n, sizeof *all, by_key);
    node.label = all;
    node.nlabel = n;
    *ret = node;
    return SY_OK;
}
