/* SPDX-License-Identifier: Apache-2.0 */
/* Node objects: that there is such a node, its labels, and our annotations. */
#include "extender/live/live_private.h"

#include "topology/node_json.h"

#include <stdio.h>
#include <string.h>

#define LABELS_MAX 4096u
#define LABEL_TEXT_MAX 1024u
#define ANNOTATION_MAX 65536u

struct reading {
    const char *name, *cordon; /* cordon NULL = no such annotation */
    struct sy_digest digest;
    bool same;
    uint32_t nlabel;
    struct sy_label *label; /* one block */
    char *cordon_copy;
    struct sy_fabric *template_;
};

static enum sy_code copy_labels(const json_t *labels, const struct sy_path *at,
                                struct reading *reading, struct sy_err *err)
{
    const char *key;
    json_t *value;
    size_t n = json_object_size(labels), texts = 0;
    if (n > LABELS_MAX)
        return sy_json_fail(at, SY_ELIMIT, err, "%zu labels, more than %u", n, LABELS_MAX);
    json_object_foreach((json_t *)(uintptr_t)labels, key, value)
    {
        const char *text = "";
        enum sy_code code =
            sy_json_str(labels, key, SY_JSON_OPTIONAL, LABEL_TEXT_MAX, at, &text, err);
        if (code != SY_OK)
            return code;
        texts += strlen(key) + 1 + strlen(text) + 1;
    }
    reading->label = sy_malloc(n * sizeof *reading->label + texts + 1);
    if (reading->label == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    char *text = (char *)(reading->label + n);
    json_object_foreach((json_t *)(uintptr_t)labels, key, value)
    {
        const char *from = json_string_value(value);
        size_t key_size = strlen(key) + 1, size = from != NULL ? strlen(from) + 1 : 1;
        struct sy_label *label = &reading->label[reading->nlabel++];
        label->key = memcpy(text, key, key_size);
        label->value = memcpy(text + key_size, from != NULL ? from : "", size);
        text += key_size + size;
    }
    return SY_OK;
}

/* A fabric from the annotation, by its text. One that cannot be read leaves the node without it. */
static enum sy_code read_template(struct sy_live *live, const char *text, struct reading *reading,
                                  struct sy_err *err)
{
    struct sy_digest key = sy_digest_begin();
    sy_digest_str(&key, SY_FABRIC_ANNOTATION);
    sy_digest_str(&key, text);
    pthread_mutex_lock(&live->lock);
    reading->template_ = sy_live_fabric_known(live, key);
    pthread_mutex_unlock(&live->lock);
    if (reading->template_ != NULL)
        return SY_OK;
    struct sy_node *node = NULL;
    struct sy_err why = {0};
    enum sy_code code = sy_node_from_bytes(text, strlen(text), NULL, 0, reading->name,
                                           live->catalogue, &node, &why);
    if (code == SY_ENOMEM)
        return sy_fail(err, code, "%s", why.text);
    if (code != SY_OK) {
        sy_count(&live->options.metrics->refused[SY_LIVE_NODES], 1);
        sy_live_say_object(live, SY_LEVEL_ERROR, "annotation " SY_FABRIC_ANNOTATION " refused",
                           "node", reading->name, why.text);
        return SY_OK;
    }
    reading->template_ = sy_fabric_ref(node->fabric);
    sy_node_unref(node);
    pthread_mutex_lock(&live->lock);
    sy_live_fabric_remember(live, key, reading->template_);
    pthread_mutex_unlock(&live->lock);
    return SY_OK;
}

/* One that is too long is said and passed over, not the Node for it: a service that starts now
 * would not know the node at all. */
static enum sy_code read_annotation(struct sy_live *live, const json_t *annotations,
                                    const char *key, const char *name, const char **ret,
                                    struct sy_err *err)
{
    const struct sy_path *at = SY_PATH_KEY(SY_PATH_KEY(NULL, "metadata"), "annotations");
    const char *text = NULL;
    char why[128];
    enum sy_code code = sy_json_str(annotations, key, SY_JSON_OPTIONAL, SIZE_MAX, at, &text, err);
    if (code != SY_OK)
        return code;
    size_t len = text != NULL ? strlen(text) : 0;
    *ret = len <= ANNOTATION_MAX ? text : NULL;
    if (len <= ANNOTATION_MAX)
        return SY_OK;
    (void)snprintf(why, sizeof why, "/metadata/annotations/%s: %zu bytes, more than %u", key, len,
                   ANNOTATION_MAX);
    sy_count(&live->options.metrics->refused[SY_LIVE_NODES], 1);
    sy_live_say_object(live, SY_LEVEL_ERROR, "annotation passed over", "node", name, why);
    return SY_OK;
}

static enum sy_code read_object(struct sy_live *live, const json_t *metadata,
                                struct reading *reading, struct sy_err *err)
{
    const struct sy_path *at = SY_PATH_KEY(NULL, "metadata");
    json_t *labels = NULL, *annotations = NULL;
    const char *template_ = NULL;
    enum sy_code code = sy_json_object(metadata, "labels", SY_JSON_OPTIONAL, at, &labels, err);
    if (code == SY_OK)
        code = sy_json_object(metadata, "annotations", SY_JSON_OPTIONAL, at, &annotations, err);
    if (code == SY_OK)
        code = read_annotation(live, annotations, SY_CORDON_ANNOTATION, reading->name,
                               &reading->cordon, err);
    if (code == SY_OK)
        code = read_annotation(live, annotations, SY_FABRIC_ANNOTATION, reading->name, &template_,
                               err);
    if (code == SY_OK && labels != NULL)
        code = copy_labels(labels, SY_PATH_KEY(at, "labels"), reading, err);
    if (code == SY_OK && template_ != NULL)
        code = read_template(live, template_, reading, err);
    if (code == SY_OK && reading->cordon != NULL) {
        reading->cordon_copy = sy_strdup(reading->cordon);
        if (reading->cordon_copy == NULL)
            code = sy_fail(err, SY_ENOMEM, "out of memory");
    }
    return code;
}

/* Labels and annotations: the rest of metadata moves with every heartbeat of the kubelet. */
static struct sy_digest digest_of(const json_t *metadata)
{
    struct sy_digest digest = sy_digest_begin();
    const json_t *annotations = json_object_get(metadata, "annotations");
    sy_live_digest_json(&digest, json_object_get(metadata, "labels"));
    sy_live_digest_json(&digest, json_object_get(annotations, SY_CORDON_ANNOTATION));
    sy_live_digest_json(&digest, json_object_get(annotations, SY_FABRIC_ANNOTATION));
    return digest;
}

static bool is_known(struct sy_live *live, const struct reading *reading)
{
    pthread_mutex_lock(&live->lock);
    struct live_node *node = sy_live_node_find(live, reading->name);
    bool known = node != NULL && node->has_node;
    bool same = known && sy_digest_equal(node->node_digest, reading->digest);
    if (known)
        node->node_epoch = live->epoch[SY_LIVE_NODES];
    pthread_mutex_unlock(&live->lock);
    return same;
}

static void take(struct sy_live *live, struct live_node *node, struct reading *reading,
                 int64_t read_us)
{
    sy_free(node->label);
    sy_free(node->cordon);
    sy_fabric_unref(node->template_);
    node->has_node = true;
    node->node_epoch = live->epoch[SY_LIVE_NODES];
    node->node_digest = reading->digest;
    node->nlabel = reading->nlabel;
    node->label = SY_TAKE(reading->label);
    node->cordon = SY_TAKE(reading->cordon_copy);
    node->template_ = SY_TAKE(reading->template_);
    node->cordon_said = (struct sy_digest){0};
    sy_live_dirty(live, node, read_us);
}

enum sy_code sy_live_put_node(struct sy_live *live, const json_t *object, int64_t read_us,
                              struct sy_err *err)
{
    struct reading reading = {0};
    struct sy_err why = {0};
    if (sy_live_meta(object, "name", SY_LIVE_NAME_MAX, &reading.name, &why) != SY_OK)
        return sy_live_refuse(live, SY_LIVE_NODES, "", &why);
    const json_t *metadata = json_object_get(object, "metadata");
    reading.digest = digest_of(metadata);
    if (is_known(live, &reading))
        return SY_OK;
    enum sy_code code = read_object(live, metadata, &reading, &why);
    if (code == SY_OK) {
        pthread_mutex_lock(&live->lock);
        struct live_node *node = sy_live_node_get(live, reading.name);
        if (node != NULL)
            take(live, node, &reading, read_us);
        else
            code = sy_fail(&why, SY_ENOMEM, "out of memory");
        pthread_mutex_unlock(&live->lock);
    }
    sy_free(reading.label);
    sy_free(reading.cordon_copy);
    sy_fabric_unref(reading.template_);
    if (code == SY_ENOMEM)
        return sy_fail(err, code, "out of memory for the Node %s", reading.name);
    return code == SY_OK ? code : sy_live_refuse(live, SY_LIVE_NODES, reading.name, &why);
}

enum sy_code sy_live_drop_node(struct sy_live *live, const json_t *object, int64_t read_us,
                               struct sy_err *err)
{
    (void)err;
    const char *name;
    struct sy_err why = {0};
    if (sy_live_meta(object, "name", SY_LIVE_NAME_MAX, &name, &why) != SY_OK)
        return sy_live_refuse(live, SY_LIVE_NODES, "", &why);
    pthread_mutex_lock(&live->lock);
    struct live_node *node = sy_live_node_find(live, name);
    if (node != NULL)
        sy_live_node_gone(live, node, read_us);
    pthread_mutex_unlock(&live->lock);
    return SY_OK;
}
