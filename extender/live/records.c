/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and pods: found, made, joined, and dropped. */
#include "extender/live/live_private.h"

#include "base/hash.h"

#include <string.h>

static bool node_is(const void *record, const void *key)
{
    return strcmp(((const struct live_node *)record)->name, key) == 0;
}

static bool pod_is(const void *record, const void *key)
{
    return strcmp(((const struct live_pod *)record)->uid, key) == 0;
}

struct live_node *sy_live_node_find(struct sy_live *live, const char *name)
{
    return sy_table_find(&live->nodes, sy_hash_name(name, strlen(name)), node_is, name);
}

struct live_node *sy_live_node_get(struct sy_live *live, const char *name)
{
    struct live_node *node = sy_live_node_find(live, name);
    if (node != NULL)
        return node;
    size_t len = strlen(name);
    node = sy_calloc(1, sizeof *node + len + 1);
    if (node == NULL)
        return NULL;
    memcpy(node->name, name, len);
    node->hash = sy_hash_name(name, len);
    node->age_due_us = INT64_MAX;
    if (!sy_table_add(&live->nodes, node->hash, node)) {
        sy_free(node);
        return NULL;
    }
    return node;
}

static void free_node(struct live_node *node)
{
    sy_free(node->label);
    sy_free(node->cordon);
    sy_fabric_unref(node->template_);
    sy_fabric_unref(node->fabric);
    sy_usage_unref(node->report);
    sy_node_unref(node->built);
    sy_free(node);
}

void sy_live_dirty(struct sy_live *live, struct live_node *node, int64_t read_us)
{
    if (read_us > 0 && (node->read_us == 0 || read_us < node->read_us))
        node->read_us = read_us;
    if (node->dirty)
        return;
    node->dirty = true;
    node->dirty_next = live->dirty;
    live->dirty = node;
    sy_live_notify(live);
}

struct live_pod *sy_live_pod_find(struct sy_live *live, const char *uid)
{
    return sy_table_find(&live->pods, sy_hash_name(uid, strlen(uid)), pod_is, uid);
}

struct live_pod *sy_live_pod_add(struct sy_live *live, const char *uid, const char *namespace_,
                                 const char *name)
{
    size_t uid_size = strlen(uid) + 1, namespace_size = strlen(namespace_) + 1;
    size_t name_size = strlen(name) + 1;
    struct live_pod *pod = sy_calloc(1, sizeof *pod + uid_size + namespace_size + name_size);
    if (pod == NULL)
        return NULL;
    memcpy(pod->uid, uid, uid_size);
    pod->namespace_ = memcpy(pod->uid + uid_size, namespace_, namespace_size);
    pod->name = memcpy(pod->uid + uid_size + namespace_size, name, name_size);
    pod->hash = sy_hash_name(uid, uid_size - 1);
    if (!sy_table_add(&live->pods, pod->hash, pod)) {
        sy_free(pod);
        return NULL;
    }
    live->nwaiting++;
    return pod;
}

static void leave_node(struct live_pod *pod)
{
    if (pod->prev != NULL)
        pod->prev->next = pod->next;
    else
        pod->node->pod = pod->next;
    if (pod->next != NULL)
        pod->next->prev = pod->prev;
    pod->node->npod--;
    pod->next = pod->prev = NULL;
    pod->node = NULL;
}

void sy_live_pod_move(struct sy_live *live, struct live_pod *pod, struct live_node *node,
                      int64_t read_us)
{
    if (pod->node == node)
        return;
    if (pod->node != NULL) {
        sy_live_dirty(live, pod->node, read_us);
        leave_node(pod);
        live->nwaiting++;
    }
    pod->looked = false;
    if (node == NULL)
        return;
    pod->node = node;
    pod->next = node->pod;
    if (node->pod != NULL)
        node->pod->prev = pod;
    node->pod = pod;
    node->npod++;
    live->nwaiting--;
    sy_live_dirty(live, node, read_us);
}

void sy_live_pod_unassume(struct sy_live *live, struct live_pod *pod)
{
    if (pod->assumed_until_us == 0)
        return;
    pod->assumed_until_us = 0;
    live->nassumed--;
}

static void free_pod(struct sy_live *live, struct live_pod *pod)
{
    sy_live_request_drop(live, pod->request);
    sy_free(pod->named);
    sy_free(pod);
}

void sy_live_pod_drop(struct sy_live *live, struct live_pod *pod, int64_t read_us)
{
    sy_live_pod_unassume(live, pod);
    sy_live_pod_move(live, pod, NULL, read_us);
    live->nwaiting--;
    sy_table_remove(&live->pods, pod->hash, pod);
    free_pod(live, pod);
}

void sy_live_pod_release(struct sy_live *live, struct live_pod *pod)
{
    if (pod->request == NULL) {
        sy_live_pod_drop(live, pod, 0);
        return;
    }
    sy_live_pod_unassume(live, pod);
    sy_live_pod_move(live, pod, NULL, 0);
}

/* Without both nobody may give the node devices; what we knew of it belongs to another life. */
static void forget_inventory(struct live_node *node)
{
    if (node->has_node || node->has_object)
        return;
    sy_fabric_unref(node->fabric);
    sy_usage_unref(node->report);
    node->fabric = NULL;
    node->report = NULL;
    node->spec_digest = node->status_digest = node->refused = (struct sy_digest){0};
    node->observed_us = node->received_us = 0;
    memset(node->predictions, 0, sizeof node->predictions);
}

void sy_live_node_gone(struct sy_live *live, struct live_node *node, int64_t read_us)
{
    if (!node->has_node)
        return;
    sy_free(node->label);
    sy_free(node->cordon);
    sy_fabric_unref(node->template_);
    node->has_node = false;
    node->label = NULL;
    node->nlabel = 0;
    node->cordon = NULL;
    node->template_ = NULL;
    node->node_digest = node->cordon_said = (struct sy_digest){0};
    forget_inventory(node);
    sy_live_dirty(live, node, read_us);
}

void sy_live_object_gone(struct sy_live *live, struct live_node *node, int64_t read_us)
{
    if (!node->has_object)
        return;
    node->has_object = false;
    node->refused = (struct sy_digest){0};
    forget_inventory(node);
    sy_live_dirty(live, node, read_us);
}

static bool is_empty(const struct live_node *node)
{
    return !node->has_node && !node->has_object && node->pod == NULL && node->built == NULL &&
           !node->dirty && !node->changed;
}

void sy_live_sweep_nodes(struct sy_live *live)
{
    for (size_t i = 0; i < live->nodes.size;) {
        struct live_node *node = live->nodes.slot[i].record;
        if (node == NULL || !is_empty(node)) {
            i++;
            continue;
        }
        sy_table_remove(&live->nodes, node->hash, node);
        free_node(node);
    }
}

void sy_live_records_done(struct sy_live *live)
{
    for (size_t i = 0; i < live->pods.size; i++)
        if (live->pods.slot[i].record != NULL)
            free_pod(live, live->pods.slot[i].record);
    for (size_t i = 0; i < live->nodes.size; i++)
        if (live->nodes.slot[i].record != NULL)
            free_node(live->nodes.slot[i].record);
    sy_table_done(&live->pods);
    sy_table_done(&live->nodes);
}
