/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/node.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NODE_BYTES_MAX ((size_t)4 << 20)

static const char *const mode_names[] = {
#define X(id, name) name,
    SY_MODES(X)
#undef X
};

const char *sy_mode_name(enum sy_mode mode)
{
    return (unsigned)mode < SY_MODE_COUNT ? mode_names[mode] : "?";
}

static int label_cmp(const void *left, const void *right)
{
    const struct sy_label *a = left, *b = right;
    return strcmp(a->key, b->key);
}

static bool copy_labels(struct sy_node *node, const struct sy_label *label, size_t nlabel)
{
    node->label = sy_arena_calloc(node->arena, nlabel, sizeof *node->label);
    if (node->label == NULL)
        return false;
    for (size_t i = 0; i < nlabel; i++) {
        node->label[i].key = sy_arena_strndup(node->arena, label[i].key, strlen(label[i].key));
        node->label[i].value =
            sy_arena_strndup(node->arena, label[i].value, strlen(label[i].value));
        if (node->label[i].key == NULL || node->label[i].value == NULL)
            return false;
    }
    node->nlabel = (uint32_t)nlabel;
    if (nlabel > 1)
        qsort(node->label, nlabel, sizeof *node->label, label_cmp);
    return true;
}

/* What a text takes in an arena: its NUL, and the next one's alignment. */
static size_t text_size(const char *text)
{
    return strlen(text) + 1 + _Alignof(max_align_t);
}

/* About as many bytes as the node will take: nodes live long, and there are many. */
static size_t node_size(const char *name, const struct sy_label *label, size_t nlabel)
{
    size_t size = sizeof(struct sy_node) + text_size(name) + (nlabel + 2) * sizeof *label;
    for (size_t i = 0; i < nlabel; i++)
        size += text_size(label[i].key) + text_size(label[i].value);
    return size;
}

static struct sy_digest digest_state(const struct sy_node *node)
{
    struct sy_digest d = sy_digest_begin();
    sy_digest_u64(&d, node->fabric->shape.hi);
    sy_digest_u64(&d, node->fabric->shape.lo);
    sy_digest_u64(&d, node->usage->digest.hi);
    sy_digest_u64(&d, node->usage->digest.lo);
    return d;
}

enum sy_code sy_node_new(const char *name, struct sy_fabric *fabric, struct sy_usage *usage,
                         const struct sy_label *label, size_t nlabel, struct sy_node **ret,
                         struct sy_err *err)
{
    struct sy_arena *arena = sy_arena_new_sized(NODE_BYTES_MAX, node_size(name, label, nlabel));
    struct sy_node *node = arena != NULL ? sy_arena_calloc(arena, 1, sizeof *node) : NULL;
    if (node != NULL) {
        node->arena = arena;
        node->name_len = strlen(name);
        node->name = sy_arena_strndup(arena, name, node->name_len);
    }
    if (node == NULL || node->name == NULL || !copy_labels(node, label, nlabel)) {
        sy_arena_free(arena);
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    node->refs = 1;
    node->fabric = sy_fabric_ref(fabric);
    node->usage = sy_usage_ref(usage);
    node->state = digest_state(node);
    *ret = node;
    return SY_OK;
}

struct sy_node *sy_node_ref(struct sy_node *node)
{
    __atomic_fetch_add(&node->refs, 1, __ATOMIC_RELAXED);
    return node;
}

void sy_node_unref(struct sy_node *node)
{
    if (node == NULL || __atomic_fetch_sub(&node->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    sy_fabric_unref(node->fabric);
    sy_usage_unref(node->usage);
    sy_arena_free(node->arena); /* the node itself lies in it */
}

const char *sy_node_label(const struct sy_node *node, const char *key)
{
    struct sy_label wanted = {.key = key};
    if (node->nlabel == 0)
        return NULL;
    const struct sy_label *found =
        bsearch(&wanted, node->label, node->nlabel, sizeof *node->label, label_cmp);
    return found != NULL ? found->value : NULL;
}
