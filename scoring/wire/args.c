/* SPDX-License-Identifier: Apache-2.0 */
/* ExtenderArgs: pod and candidates. */
#include "scoring/wire/names.h"
#include "scoring/wire/slices.h"
#include "topology/node_json.h"

#include <string.h>

#define FABRIC_ANNOTATION "switchyard.dev/fabric"

/* What the parts of the reading share. */
struct reading {
    struct sy_slice body;
    struct sy_names names; /* read from the bytes already, when it has any */
    const struct sy_cluster *cluster;
    struct sy_catalogue *cat;
    struct sy_arena *arena;
    struct sy_args *args;
    struct sy_err *err;
};

static enum sy_code no_memory(const struct reading *r)
{
    return sy_fail(r->err, SY_ENOMEM, "out of memory");
}

/* Member in any case; null counts as absent. */
static json_t *member(const json_t *obj, const char *key)
{
    json_t *value = sy_json_get_ci(obj, key);
    return json_is_null(value) ? NULL : value;
}

/* The key that a member value of `obj` was found under. */
static const char *key_of(json_t *obj, const json_t *value)
{
    const char *key;
    json_t *other;
    json_object_foreach(obj, key, other)
    {
        if (other == value)
            return key;
    }
    return "";
}

/* Where the items stand in the body. */
static enum sy_code slice_items(struct reading *r, json_t *nodes, const json_t *items, size_t n)
{
    struct sy_slice *slice = sy_arena_calloc(r->arena, n, sizeof *slice);
    if (slice == NULL)
        return no_memory(r);
    struct sy_slice at = {0};
    enum sy_code code = sy_slice_member(r->body, key_of(r->args->root, nodes), &at, r->err);
    if (code == SY_OK && at.data != NULL)
        code = sy_slice_member(at, key_of(nodes, items), &at, r->err);
    if (code != SY_OK)
        return code;
    if (at.data == NULL || sy_slice_items(at, slice, n) != n)
        return sy_fail(r->err, SY_EINTERNAL, "/Nodes/items: not found again in the body");
    r->args->node_text = slice;
    return SY_OK;
}

static enum sy_code read_node_name(struct reading *r, const json_t *node, const struct sy_path *at,
                                   struct sy_candidate *ret)
{
    if (!json_is_object(node))
        return sy_json_fail_type(at, "object", node, r->err);
    json_t *metadata = NULL;
    const char *name = NULL;
    enum sy_code code = sy_json_object(node, "metadata", SY_JSON_REQUIRED, at, &metadata, r->err);
    if (code == SY_OK)
        code = sy_json_str(metadata, "name", SY_JSON_REQUIRED, SY_NAME_LEN_MAX,
                           SY_PATH_KEY(at, "metadata"), &name, r->err);
    if (code == SY_OK)
        *ret = (struct sy_candidate){.name = name, .len = strlen(name), .index = -1};
    return code;
}

/* The node document that a node carries along. One that cannot be read leaves the node unknown. */
static enum sy_code read_template(struct reading *r, const json_t *node, struct sy_candidate *ret)
{
    const json_t *metadata = json_object_get(node, "metadata");
    const json_t *text =
        json_object_get(json_object_get(metadata, "annotations"), FABRIC_ANNOTATION);
    if (text == NULL || json_is_null(text))
        return SY_OK;
    struct sy_err why = {0};
    struct sy_node *template_ = NULL;
    enum sy_code code = SY_EINVAL;
    if (json_is_string(text))
        code = sy_node_from_bytes(json_string_value(text), json_string_length(text), NULL, 0,
                                  ret->name, r->cat, &template_, &why);
    else
        (void)sy_fail(&why, SY_EINVAL, "expected string, got %s", sy_json_type(text));
    if (code == SY_OK) {
        r->args->templates[r->args->ntemplate++] = template_;
        ret->template_ = template_;
        return SY_OK;
    }
    if (code == SY_ENOMEM)
        return no_memory(r);
    ret->template_error = sy_arena_printf(r->arena, FABRIC_ANNOTATION ": %s", why.text);
    return ret->template_error != NULL ? SY_OK : no_memory(r);
}

static enum sy_code read_items(struct reading *r, const json_t *items, size_t n,
                               const struct sy_path *at)
{
    struct sy_args *args = r->args;
    args->candidate = sy_arena_calloc(r->arena, n, sizeof *args->candidate);
    args->templates = sy_arena_calloc(r->arena, n, sizeof(struct sy_node *));
    if (args->candidate == NULL || args->templates == NULL)
        return no_memory(r);
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = read_node_name(r, json_array_get(items, i), SY_PATH_AT(at, i), &args->candidate[i]);
    if (code != SY_OK)
        return code;
    args->n = n;
    sy_engine_resolve(r->cluster, args->candidate, n);
    for (size_t i = 0; i < n && code == SY_OK; i++)
        if (args->candidate[i].index < 0)
            code = read_template(r, json_array_get(items, i), &args->candidate[i]);
    return code;
}

static enum sy_code read_nodes(struct reading *r, json_t *nodes, const struct sy_path *at)
{
    if (!json_is_object(nodes))
        return sy_json_fail_type(at, "object", nodes, r->err);
    const struct sy_path *at_items = SY_PATH_KEY(at, "items");
    json_t *items = member(nodes, "items");
    if (items == NULL)
        return SY_OK;
    if (!json_is_array(items))
        return sy_json_fail_type(at_items, "array", items, r->err);
    size_t n = json_array_size(items);
    if (n > SY_WIRE_NAMES_MAX)
        return sy_json_fail(at_items, SY_ELIMIT, r->err, "%zu nodes, more than %u", n,
                            SY_WIRE_NAMES_MAX);
    enum sy_code code = slice_items(r, nodes, items, n);
    return code == SY_OK ? read_items(r, items, n, at_items) : code;
}

static enum sy_code read_candidates(struct reading *r)
{
    struct sy_args *args = r->args;
    json_t *names = member(args->root, "NodeNames");
    json_t *nodes = member(args->root, "Nodes");
    args->names_mode = names != NULL || nodes == NULL;
    if (!args->names_mode)
        return read_nodes(r, nodes, SY_PATH_KEY(NULL, "Nodes"));
    if (names == NULL)
        return SY_OK;
    enum sy_code code = SY_OK;
    args->candidate = r->names.candidate;
    args->n = r->names.n;
    if (r->names.at.data == NULL)
        code = sy_names_read(names, SY_PATH_KEY(NULL, "NodeNames"), r->arena, &args->candidate,
                             &args->n, r->err);
    if (code == SY_OK)
        sy_engine_resolve(r->cluster, args->candidate, args->n);
    return code;
}

static enum sy_code parse_text(struct reading *r, struct sy_slice text, struct sy_err *err)
{
    const struct sy_json_limits limits = {.max_bytes = text.len, .max_depth = SY_WIRE_DEPTH_MAX};
    return sy_json_parse(text.data, text.len, &limits, &r->args->root, err);
}

/* The parser sees the body with an empty array in place of the names that were read from the bytes.
 * What it refuses it sees whole, so that the message names the right place. */
static enum sy_code parse_body(struct reading *r)
{
    enum sy_code code = sy_names_scan(r->body, r->arena, &r->names, r->err);
    if (code != SY_OK)
        return code;
    if (r->names.at.data == NULL)
        return parse_text(r, r->body, r->err);
    size_t before = (size_t)(r->names.at.data - r->body.data);
    size_t after = r->body.len - before - r->names.at.len;
    char *text = sy_arena_calloc(r->arena, before + 2 + after, 1);
    if (text == NULL)
        return no_memory(r);
    memcpy(text, r->body.data, before);
    text[before] = '[';
    text[before + 1] = ']';
    memcpy(text + before + 2, r->names.at.data + r->names.at.len, after);
    code = parse_text(r, (struct sy_slice){text, before + 2 + after}, NULL);
    if (code == SY_OK)
        return SY_OK;
    r->names = (struct sy_names){0};
    return parse_text(r, r->body, r->err);
}

static enum sy_code read_root(struct reading *r)
{
    enum sy_code code = parse_body(r);
    if (code != SY_OK)
        return code;
    const struct sy_path root = {0}, *at_pod = SY_PATH_KEY(NULL, "Pod");
    if (!json_is_object(r->args->root))
        return sy_json_fail_type(&root, "object", r->args->root, r->err);
    const json_t *pod = member(r->args->root, "Pod");
    if (pod == NULL)
        return sy_json_fail(at_pod, SY_EINVAL, r->err, "required");
    code = sy_request_from_pod(pod, r->cat, at_pod, r->arena, &r->args->request, r->err);
    return code == SY_OK ? read_candidates(r) : code;
}

void sy_args_done(struct sy_args *args)
{
    for (size_t i = 0; i < args->ntemplate; i++)
        sy_node_unref(args->templates[i]);
    json_decref(args->root);
    *args = (struct sy_args){0};
}

enum sy_code sy_args_parse(const char *body, size_t len, const struct sy_cluster *cluster,
                           struct sy_catalogue *cat, struct sy_arena *arena, struct sy_args *ret,
                           struct sy_err *err)
{
    struct sy_args args = {0};
    struct reading reading = {.body = {body, len},
                              .cluster = cluster,
                              .cat = cat,
                              .arena = arena,
                              .args = &args,
                              .err = err};
    enum sy_code code = read_root(&reading);
    if (code == SY_OK)
        *ret = args;
    else
        sy_args_done(&args);
    return code;
}
