/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: what kube-scheduler reads of them, and our annotations. */
#include "planner/state/state_private.h"

#include "base/str.h"
#include "topology/node_json.h"

#include <stdlib.h>
#include <string.h>

#define LABELS_MAX 4096u
#define LABEL_TEXT_MAX 1024u
#define TAINTS_MAX 1024u
#define ANNOTATION_MAX 65536u
#define CONDITIONS_MAX 1000u

struct reading {
    struct sy_arena *arena;
    struct sy_catalogue *catalogue;
    struct sy_share *share;
    struct sy_state_node *node;
    const char *wrong; /* passed over; NULL = nothing */
    struct sy_err *err;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct sy_label *)a)->key, ((const struct sy_label *)b)->key);
}

enum sy_code sy_state_labels(const json_t *labels, const struct sy_path *at, struct sy_arena *arena,
                             const struct sy_label **ret, size_t *ret_n, struct sy_err *err)
{
    const char *key;
    json_t *value;
    size_t n = 0, count = json_object_size(labels);
    if (count > LABELS_MAX)
        return sy_json_fail(at, SY_ELIMIT, err, "%zu labels, more than %u", count, LABELS_MAX);
    struct sy_label *label = sy_arena_calloc(arena, count, sizeof *label);
    if (label == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    json_object_foreach((json_t *)(uintptr_t)labels, key, value)
    {
        const char *text = "";
        enum sy_code code =
            sy_json_str(labels, key, SY_JSON_OPTIONAL, LABEL_TEXT_MAX, at, &text, err);
        if (code != SY_OK)
            return code;
        label[n].key = sy_arena_strndup(arena, key, strlen(key));
        label[n].value = sy_arena_strndup(arena, text, strlen(text));
        if (label[n].key == NULL || label[n].value == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        n++;
    }
    if (n > 1)
        qsort(label, n, sizeof *label, by_key);
    *ret = label;
    *ret_n = n;
    return SY_OK;
}

static enum sy_code text_of(struct reading *r, const json_t *object, const char *key, size_t max,
                            const struct sy_path *at, const char **ret)
{
    const char *text = "";
    enum sy_code code = sy_json_str(object, key, SY_JSON_OPTIONAL, max, at, &text, r->err);
    if (code != SY_OK)
        return code;
    *ret = sy_arena_strndup(r->arena, text, strlen(text));
    return *ret != NULL ? SY_OK : sy_fail(r->err, SY_ENOMEM, "out of memory");
}

static enum sy_code read_taints(struct reading *r, const json_t *spec, const struct sy_path *at)
{
    json_t *list = NULL;
    enum sy_code code =
        sy_json_array(spec, "taints", SY_JSON_OPTIONAL, TAINTS_MAX, at, &list, r->err);
    size_t n = json_array_size(list);
    struct sy_taint *taint = sy_arena_calloc(r->arena, n, sizeof *taint);
    if (code == SY_OK && taint == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    const struct sy_path *here = SY_PATH_KEY(at, "taints");
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        const json_t *item = json_array_get(list, i);
        const struct sy_path *one = SY_PATH_AT(here, i);
        if (!json_is_object(item))
            return sy_json_fail_type(one, "object", item, r->err);
        code = text_of(r, item, "key", LABEL_TEXT_MAX, one, &taint[i].key);
        if (code == SY_OK)
            code = text_of(r, item, "value", LABEL_TEXT_MAX, one, &taint[i].value);
        if (code == SY_OK)
            code = text_of(r, item, "effect", LABEL_TEXT_MAX, one, &taint[i].effect);
    }
    r->node->taint = taint;
    r->node->ntaint = n;
    return code;
}

/* True unless it says otherwise. */
static enum sy_code read_ready(struct reading *r, const json_t *status, const struct sy_path *at)
{
    json_t *list = NULL;
    enum sy_code code =
        sy_json_array(status, "conditions", SY_JSON_OPTIONAL, CONDITIONS_MAX, at, &list, r->err);
    const struct sy_path *here = SY_PATH_KEY(at, "conditions");
    r->node->ready = true;
    for (size_t i = 0; i < json_array_size(list) && code == SY_OK; i++) {
        const json_t *item = json_array_get(list, i);
        const char *type = "", *met = "";
        const struct sy_path *one = SY_PATH_AT(here, i);
        code = sy_json_str(item, "type", SY_JSON_OPTIONAL, LABEL_TEXT_MAX, one, &type, r->err);
        if (code == SY_OK)
            code = sy_json_str(item, "status", SY_JSON_OPTIONAL, 64, one, &met, r->err);
        if (code == SY_OK && strcmp(type, "Ready") == 0)
            r->node->ready = strcmp(met, "True") == 0;
    }
    return code;
}

static enum sy_code read_status(struct reading *r, const json_t *status, const struct sy_path *at)
{
    json_t *allocatable = NULL;
    struct sy_sums sums = {.n = 0};
    enum sy_code code =
        sy_json_object(status, "allocatable", SY_JSON_OPTIONAL, at, &allocatable, r->err);
    if (code == SY_OK && allocatable != NULL)
        code = sy_sums_read(allocatable, SY_PATH_KEY(at, "allocatable"), true, &sums, r->err);
    if (code == SY_OK)
        code = sy_sums_amounts(&sums, r->arena, &r->node->allocatable, r->err);
    r->node->resources_known = allocatable != NULL;
    return code == SY_OK ? read_ready(r, status, at) : code;
}

static enum sy_code wrong(struct reading *r, const char *annotation, const char *why)
{
    if (r->wrong != NULL)
        return SY_OK;
    r->wrong = sy_arena_printf(r->arena, "annotation %s: %s", annotation, why);
    return r->wrong != NULL ? SY_OK : sy_fail(r->err, SY_ENOMEM, "out of memory");
}

/* The annotation's text; NULL = none, or too long. */
static enum sy_code read_annotation(struct reading *r, const json_t *annotations, const char *key,
                                    const struct sy_path *at, const char **ret)
{
    const char *text = NULL;
    char why[64];
    enum sy_code code =
        sy_json_str(annotations, key, SY_JSON_OPTIONAL, SIZE_MAX, at, &text, r->err);
    if (code != SY_OK || text == NULL)
        return code;
    if (strlen(text) <= ANNOTATION_MAX) {
        *ret = text;
        return SY_OK;
    }
    (void)snprintf(why, sizeof why, "%zu bytes, more than %u", strlen(text), ANNOTATION_MAX);
    return wrong(r, key, why);
}

static enum sy_code read_cordon(struct reading *r, const char *text)
{
    struct sy_cordon *cordon = NULL;
    const char *why = NULL;
    enum sy_code code = sy_cordon_parse(text, r->arena, &cordon, &r->node->ncordon, &why, r->err);
    if (code != SY_OK)
        return code;
    r->node->cordon = cordon;
    return why != NULL ? wrong(r, SY_CORDON_ANNOTATION, why) : SY_OK;
}

/* One that cannot be read leaves the node without it, as in the service. */
static enum sy_code read_template(struct reading *r, const char *text)
{
    struct sy_digest key = sy_digest_begin();
    struct sy_node *node = NULL;
    struct sy_err why = {0};
    sy_digest_str(&key, SY_FABRIC_ANNOTATION);
    sy_digest_str(&key, text);
    r->node->fabric = r->share != NULL ? sy_share_fabric(r->share, key) : NULL;
    if (r->node->fabric != NULL)
        return SY_OK;
    enum sy_code code =
        sy_node_from_bytes(text, strlen(text), NULL, 0, r->node->name, r->catalogue, &node, &why);
    if (code == SY_ENOMEM)
        return sy_fail(r->err, code, "%s", why.text);
    if (code != SY_OK)
        return wrong(r, SY_FABRIC_ANNOTATION, why.text);
    r->node->fabric = sy_fabric_ref(node->fabric);
    sy_node_unref(node);
    return r->share != NULL ? sy_share_put_fabric(r->share, key, r->node->fabric, r->err) : SY_OK;
}

static enum sy_code read_metadata(struct reading *r, const json_t *metadata,
                                  const struct sy_path *at)
{
    json_t *labels = NULL, *annotations = NULL;
    const struct sy_path *here = SY_PATH_KEY(at, "annotations");
    const char *cordon = NULL, *template_ = NULL;
    enum sy_code code = text_of(r, metadata, "name", SY_STATE_NAME_MAX, at, &r->node->name);
    if (code == SY_OK && r->node->name[0] == '\0')
        code = sy_json_fail(SY_PATH_KEY(at, "name"), SY_EINVAL, r->err, "required");
    if (code == SY_OK)
        code = sy_json_object(metadata, "labels", SY_JSON_OPTIONAL, at, &labels, r->err);
    if (code == SY_OK)
        code = sy_state_labels(labels, SY_PATH_KEY(at, "labels"), r->arena, &r->node->label,
                               &r->node->nlabel, r->err);
    if (code == SY_OK)
        code = sy_json_object(metadata, "annotations", SY_JSON_OPTIONAL, at, &annotations, r->err);
    if (code == SY_OK)
        code = read_annotation(r, annotations, SY_CORDON_ANNOTATION, here, &cordon);
    if (code == SY_OK)
        code = read_annotation(r, annotations, SY_FABRIC_ANNOTATION, here, &template_);
    if (code == SY_OK && cordon != NULL)
        code = read_cordon(r, cordon);
    return code == SY_OK && template_ != NULL ? read_template(r, template_) : code;
}

enum sy_code sy_state_node_take(const json_t *object, struct sy_catalogue *catalogue,
                                struct sy_share *share, struct sy_arena *arena,
                                struct sy_state_node *ret, const char **ret_wrong,
                                struct sy_err *err)
{
    struct sy_state_node node = {.object = object};
    struct reading r = {
        .arena = arena, .catalogue = catalogue, .share = share, .node = &node, .err = err};
    json_t *metadata = NULL, *spec = NULL, *status = NULL;
    const struct sy_path *at = SY_PATH_KEY(NULL, "spec");
    if (!json_is_object(object))
        return sy_json_fail_type(NULL, "object", object, err);
    enum sy_code code = sy_json_object(object, "metadata", SY_JSON_REQUIRED, NULL, &metadata, err);
    if (code == SY_OK)
        code = sy_json_object(object, "spec", SY_JSON_OPTIONAL, NULL, &spec, err);
    if (code == SY_OK)
        code = sy_json_object(object, "status", SY_JSON_OPTIONAL, NULL, &status, err);
    if (code == SY_OK)
        code = read_taints(&r, spec, at);
    if (code == SY_OK)
        code = sy_json_bool(spec, "unschedulable", SY_JSON_OPTIONAL, at, &node.unschedulable, err);
    if (code == SY_OK)
        code = read_status(&r, status, SY_PATH_KEY(NULL, "status"));
    if (code == SY_OK)
        code = read_metadata(&r, metadata, SY_PATH_KEY(NULL, "metadata"));
    if (code != SY_OK) {
        sy_fabric_unref(node.fabric);
        return code;
    }
    *ret = node;
    *ret_wrong = r.wrong;
    return SY_OK;
}

enum sy_code sy_state_node_read(const json_t *object, const char *where,
                                struct sy_catalogue *catalogue, struct sy_arena *arena,
                                struct sy_state_node *ret, struct sy_err *err)
{
    struct sy_state_node node = {0};
    struct sy_usage *usage = NULL;
    const char *passed_over = NULL;
    struct sy_err why = {0};
    enum sy_code code =
        sy_state_node_take(object, catalogue, NULL, arena, &node, &passed_over, &why);
    if (code == SY_OK && passed_over != NULL) /* a template's author is there to mend it */
        code = sy_fail(&why, SY_EINVAL, "%s", passed_over);
    if (code == SY_OK && node.fabric != NULL) {
        code = sy_usage_new_unreported(node.fabric, &usage, &why);
        if (code == SY_OK)
            code = sy_node_new(node.name, node.fabric, usage, node.label, node.nlabel, &node.node,
                               &why);
        sy_usage_unref(usage);
    }
    if (code != SY_OK) {
        sy_state_node_done(&node);
        return sy_fail(err, code, "%s: %s", where, why.text);
    }
    *ret = node;
    return SY_OK;
}

void sy_state_node_done(struct sy_state_node *node)
{
    sy_node_unref(node->node);
    sy_usage_unref(node->report);
    sy_fabric_unref(node->fabric);
    node->node = NULL;
    node->report = NULL;
    node->fabric = NULL;
}
