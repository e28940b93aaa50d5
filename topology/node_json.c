/* SPDX-License-Identifier: Apache-2.0 */
/* The node document as a whole: the object's frame around inventory and usage. */
#include "topology/node_json.h"

#include "base/str.h"
#include "topology/json_private.h"

#include <string.h>

#define API_VERSION "switchyard.dev/v1alpha1"
#define KIND "NodeFabric"
#define LABELS_MAX 4096u
#define DOC_BYTES_MAX ((size_t)16 << 20)

static const struct sy_json_limits limits = {
    .max_bytes = SY_NODE_JSON_MAX,
    .max_depth = 16,
    .reject_duplicates = true,
};

static enum sy_code read_word(const json_t *root, const char *key, enum sy_json_need need,
                              const char *expected, struct sy_err *err)
{
    const char *word = NULL;
    char shown[64];
    enum sy_code code = sy_json_str(root, key, need, SY_NAME_MAX, NULL, &word, err);
    if (code != SY_OK || word == NULL || strcmp(word, expected) == 0)
        return code;
    return sy_json_fail(SY_PATH_KEY(NULL, key), SY_EUNSUPPORTED, err, "expected '%s', got '%s'",
                        expected, sy_quote(shown, sizeof shown, word, strlen(word)));
}

static enum sy_code read_labels(const json_t *metadata, const struct sy_path *at,
                                struct sy_arena *arena, struct sy_node_doc *ret, struct sy_err *err)
{
    json_t *labels = NULL;
    enum sy_code code = sy_json_object(metadata, "labels", SY_JSON_OPTIONAL, at, &labels, err);
    if (code != SY_OK || labels == NULL)
        return code;
    const struct sy_path *here = SY_PATH_KEY(at, "labels");
    if (json_object_size(labels) > LABELS_MAX)
        return sy_json_fail(here, SY_ELIMIT, err, "%zu labels, more than %u",
                            json_object_size(labels), LABELS_MAX);
    ret->label = sy_arena_calloc(arena, json_object_size(labels), sizeof *ret->label);
    if (ret->label == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    const char *key;
    json_t *value;
    json_object_foreach(labels, key, value)
    {
        const char *text = NULL;
        code = sy_json_str(labels, key, SY_JSON_OPTIONAL, SY_TEXT_MAX, here, &text, err);
        if (code != SY_OK)
            return code;
        struct sy_label *label = &ret->label[ret->nlabel++];
        label->key = sy_arena_strndup(arena, key, strlen(key));
        label->value = sy_arena_strndup(arena, text != NULL ? text : "", text ? strlen(text) : 0);
        if (label->key == NULL || label->value == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    return SY_OK;
}

static enum sy_code read_metadata(const json_t *root, struct sy_arena *arena,
                                  struct sy_node_doc *ret, struct sy_err *err)
{
    json_t *metadata = NULL;
    const struct sy_path *at = SY_PATH_KEY(NULL, "metadata");
    enum sy_code code = sy_json_object(root, "metadata", SY_JSON_OPTIONAL, NULL, &metadata, err);
    if (code != SY_OK || metadata == NULL)
        return code;
    code = sy_read_text(metadata, "name", SY_NAME_MAX, at, arena, &ret->name, err);
    if (code == SY_OK && ret->name != NULL && ret->name[0] == '\0')
        code = sy_json_fail(SY_PATH_KEY(at, "name"), SY_EINVAL, err, "empty");
    return code == SY_OK ? read_labels(metadata, at, arena, ret, err) : code;
}

/* `need`: of apiVersion and kind. */
static enum sy_code read_doc(const json_t *root, enum sy_json_need need, struct sy_arena *arena,
                             struct sy_node_doc *ret, struct sy_err *err)
{
    struct sy_node_doc doc = {0};
    json_t *spec = NULL;
    if (!json_is_object(root))
        return sy_fail(err, SY_EINVAL, "expected object, got %s", sy_json_type(root));
    enum sy_code code = read_word(root, "apiVersion", need, API_VERSION, err);
    if (code == SY_OK)
        code = read_word(root, "kind", need, KIND, err);
    if (code == SY_OK)
        code = read_metadata(root, arena, &doc, err);
    if (code == SY_OK)
        code = sy_json_object(root, "spec", SY_JSON_OPTIONAL, NULL, &spec, err);
    if (code == SY_OK && spec != NULL)
        code = sy_inventory_from_json(spec, SY_PATH_KEY(NULL, "spec"), arena, &doc.inv, err);
    if (code == SY_OK)
        code = sy_json_object(root, "status", SY_JSON_OPTIONAL, NULL, &doc.status, err);
    if (code != SY_OK)
        return code;
    doc.has_spec = spec != NULL;
    doc.has_status = doc.status != NULL;
    *ret = doc;
    return SY_OK;
}

enum sy_code sy_node_doc_from_json(const json_t *root, struct sy_arena *arena,
                                   struct sy_node_doc *ret, struct sy_err *err)
{
    return read_doc(root, SY_JSON_REQUIRED, arena, ret, err);
}

/* The name that counts; a document's own must agree with the one given. */
static enum sy_code choose_name(const char *given, const char *own, const char **ret,
                                struct sy_err *err)
{
    char shown[64];
    if (given == NULL && own == NULL)
        return sy_json_fail(SY_PATH_KEY(SY_PATH_KEY(NULL, "metadata"), "name"), SY_EINVAL, err,
                            "required");
    if (given != NULL && own != NULL && strcmp(given, own) != 0)
        return sy_json_fail(SY_PATH_KEY(SY_PATH_KEY(NULL, "metadata"), "name"), SY_ECONFLICT, err,
                            "'%s', yet the node is '%s'",
                            sy_quote(shown, sizeof shown, own, strlen(own)), given);
    *ret = given != NULL ? given : own;
    return SY_OK;
}

/* A node of what was read; `status` NULL = no report. */
static enum sy_code make_node(const struct sy_inventory *inv, const json_t *status,
                              const struct sy_path *at, const char *name,
                              const struct sy_node_doc *labels, struct sy_catalogue *cat,
                              struct sy_node **ret, struct sy_err *err)
{
    struct sy_fabric *fabric = NULL;
    struct sy_usage *usage = NULL;
    enum sy_code code = sy_fabric_build(inv, cat, &fabric, err);
    if (code == SY_OK && status != NULL)
        code = sy_usage_from_json(status, fabric, at, &usage, err);
    else if (code == SY_OK)
        code = sy_usage_new_unreported(fabric, &usage, err);
    if (code == SY_OK)
        code = sy_node_new(name, fabric, usage, labels != NULL ? labels->label : NULL,
                           labels != NULL ? labels->nlabel : 0, ret, err);
    sy_usage_unref(usage);
    sy_fabric_unref(fabric);
    return code;
}

/* A separate status document: its status object, borrowed from *ret_root. It may leave out
 * apiVersion and kind, but not have others. */
static enum sy_code read_status_doc(const char *data, size_t len, const char *name,
                                    struct sy_arena *arena, json_t **ret_root, json_t **ret,
                                    struct sy_err *err)
{
    struct sy_node_doc doc;
    const char *chosen;
    enum sy_code code = sy_json_parse(data, len, &limits, ret_root, err);
    if (code == SY_OK)
        code = read_doc(*ret_root, SY_JSON_OPTIONAL, arena, &doc, err);
    if (code == SY_OK && doc.name != NULL)
        code = choose_name(name, doc.name, &chosen, err);
    if (code == SY_OK && !doc.has_status)
        code = sy_json_fail(SY_PATH_KEY(NULL, "status"), SY_EINVAL, err, "required");
    if (code != SY_OK)
        return sy_wrap(err, "status document"), code;
    *ret = doc.status;
    return SY_OK;
}

/* `status`: a separate document, NULL = none; `inner`: the status inside the node's own document.
 */
static enum sy_code finish(const struct sy_inventory *inv, const json_t *inner, const char *status,
                           size_t status_len, const char *name, const struct sy_node_doc *labels,
                           struct sy_arena *arena, struct sy_catalogue *cat, struct sy_node **ret,
                           struct sy_err *err)
{
    const struct sy_path *at = SY_PATH_KEY(NULL, "status");
    if (status == NULL)
        return make_node(inv, inner, at, name, labels, cat, ret, err);
    sy_autojson json_t *root = NULL;
    json_t *outer = NULL;
    struct sy_err why = {0};
    enum sy_code code = read_status_doc(status, status_len, name, arena, &root, &outer, err);
    if (code != SY_OK)
        return code;
    code = make_node(inv, outer, at, name, labels, cat, ret, &why);
    if (code == SY_OK)
        return SY_OK;
    /* Only what lies in the status is the status document's fault. */
    bool its_fault = strncmp(why.text, "/status", strlen("/status")) == 0;
    return sy_fail(err, code, "%s%s", its_fault ? "status document: " : "", why.text);
}

/* A document that is parsed; it outlives the call. */
static enum sy_code from_root(const json_t *root, const char *status, size_t status_len,
                              const char *name, struct sy_catalogue *cat, struct sy_node **ret,
                              struct sy_err *err)
{
    struct sy_node_doc doc;
    const char *chosen = NULL;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(DOC_BYTES_MAX);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_node_doc_from_json(root, arena, &doc, err);
    if (code == SY_OK && !doc.has_spec)
        code = sy_json_fail(SY_PATH_KEY(NULL, "spec"), SY_EINVAL, err, "required");
    if (code == SY_OK)
        code = choose_name(name, doc.name, &chosen, err);
    if (code == SY_OK)
        code = finish(&doc.inv, doc.status, status, status_len, chosen, &doc, arena, cat, ret, err);
    return code;
}

enum sy_code sy_node_from_json(const json_t *root, struct sy_catalogue *cat, struct sy_node **ret,
                               struct sy_err *err)
{
    return from_root(root, NULL, 0, NULL, cat, ret, err);
}

enum sy_code sy_node_from_bytes(const char *data, size_t len, const char *status, size_t status_len,
                                const char *name, struct sy_catalogue *cat, struct sy_node **ret,
                                struct sy_err *err)
{
    sy_autojson json_t *root = NULL;
    enum sy_code code = sy_json_parse(data, len, &limits, &root, err);
    if (code == SY_OK)
        code = from_root(root, status, status_len, name, cat, ret, err);
    return code;
}

enum sy_code sy_node_from_inventory(const struct sy_inventory *inv, const char *status,
                                    size_t status_len, const char *name, struct sy_catalogue *cat,
                                    struct sy_node **ret, struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(DOC_BYTES_MAX);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return finish(inv, NULL, status, status_len, name, NULL, arena, cat, ret, err);
}

static json_t *metadata_to_json(const struct sy_node *node, bool *ok)
{
    json_t *metadata = json_object();
    sy_put_text(metadata, "name", node->name, ok);
    if (node->nlabel == 0)
        return metadata;
    json_t *labels = json_object();
    for (uint32_t i = 0; i < node->nlabel; i++)
        sy_put_text(labels, node->label[i].key, node->label[i].value, ok);
    sy_put(metadata, "labels", labels, ok);
    return metadata;
}

enum sy_code sy_node_to_json(const struct sy_node *node, json_t **ret, struct sy_err *err)
{
    bool ok = true;
    json_t *spec = NULL, *status = NULL;
    sy_autojson json_t *root = json_object();
    sy_put_text(root, "apiVersion", API_VERSION, &ok);
    sy_put_text(root, "kind", KIND, &ok);
    sy_put(root, "metadata", metadata_to_json(node, &ok), &ok);
    enum sy_code code = sy_inventory_to_json(&node->fabric->inv, &spec, err);
    if (code == SY_OK)
        sy_put(root, "spec", spec, &ok);
    if (code == SY_OK)
        code = sy_usage_to_json(node->fabric, node->usage, &status, err);
    if (code == SY_OK)
        sy_put(root, "status", status, &ok);
    if (code == SY_OK && !ok)
        code = sy_fail(err, SY_ENOMEM, "out of memory while writing JSON");
    if (code == SY_OK)
        *ret = SY_TAKE(root);
    return code;
}
