/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/cluster_builder.h"

#include "topology/cluster_private.h"

#include <stdlib.h>
#include <string.h>

#define GONE UINT32_MAX /* class of a node that was removed and still holds its place */

/* Nodes have a place each: those of the names that were published last, ascending, then the names
 * that came since. Publishing brings both together. */
struct sy_cluster_builder {
    struct sy_node **node; /* references */
    uint32_t *class_of;    /* index in `classes`, or GONE */
    uint32_t n, size;
    uint32_t npublished;
    uint32_t ngone;
    uint64_t nunit;                  /* of those not gone */
    struct sy_name_index *published; /* of the first places; shared */
    struct sy_name_index *added;     /* of the others, counted from 0; NULL = none ever */
    struct sy_classes classes;
};

struct sy_cluster_builder *sy_cluster_builder_new(void)
{
    struct sy_cluster_builder *builder = sy_calloc(1, sizeof *builder);
    struct sy_name_index *none = builder != NULL ? sy_name_index_new(0) : NULL;
    if (none == NULL) {
        sy_free(builder);
        return NULL;
    }
    builder->published = none;
    return builder;
}

void sy_cluster_builder_free(struct sy_cluster_builder *builder)
{
    if (builder == NULL)
        return;
    for (uint32_t i = 0; i < builder->n; i++)
        sy_node_unref(builder->node[i]);
    sy_free(builder->node);
    sy_free(builder->class_of);
    sy_name_index_unref(builder->published);
    sy_name_index_unref(builder->added);
    sy_classes_done(&builder->classes);
    sy_free(builder);
}

/* The place of this name, -1 = it has none. */
static int64_t place_of(const struct sy_cluster_builder *builder, const char *name, size_t len)
{
    int64_t at = sy_name_index_find(builder->published, builder->node, name, len);
    if (at >= 0 || builder->added == NULL)
        return at;
    at = sy_name_index_find(builder->added, builder->node + builder->npublished, name, len);
    return at >= 0 ? at + builder->npublished : -1;
}

static bool grow_places(struct sy_cluster_builder *builder)
{
    uint32_t size = builder->size > 0 ? 2 * builder->size : 64;
    struct sy_node **node = sy_realloc(builder->node, size * sizeof(struct sy_node *));
    if (node == NULL)
        return false;
    builder->node = node;
    uint32_t *class_of = sy_realloc(builder->class_of, size * sizeof *class_of);
    if (class_of == NULL)
        return false;
    builder->class_of = class_of;
    builder->size = size;
    return true;
}

/* Keep the index of what was added at most half full, one more included. */
static bool grow_added(struct sy_cluster_builder *builder)
{
    uint32_t n = builder->n - builder->npublished;
    if (builder->added != NULL && sy_table_size(n + 1) <= builder->added->mask + 1)
        return true;
    struct sy_name_index *grown = sy_name_index_new(n + 1);
    if (grown == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++)
        sy_name_index_add(grown, builder->node[builder->npublished + i], i);
    sy_name_index_unref(builder->added);
    builder->added = grown;
    return true;
}

/* Empty classes are dropped; all nodes learn their class's new index. It pays for itself: at least
 * half of the table became empty since it was filled. */
static void shrink_classes(struct sy_cluster_builder *builder)
{
    (void)sy_classes_number(&builder->classes);
    for (uint32_t i = 0; i < builder->n; i++)
        if (builder->class_of[i] != GONE)
            builder->class_of[i] = builder->classes.class[builder->class_of[i]].number;
    sy_classes_shrink(&builder->classes);
}

/* The class of the node's state, it counted in; -1 when out of memory. */
static int64_t enter_class(struct sy_cluster_builder *builder, const struct sy_node *node)
{
    if (sy_classes_is_sparse(&builder->classes))
        shrink_classes(builder);
    return sy_classes_enter(&builder->classes, node->state);
}

static void leave(struct sy_cluster_builder *builder, uint32_t at)
{
    sy_classes_leave(&builder->classes, builder->class_of[at]);
    builder->nunit -= builder->node[at]->fabric->nunit;
}

enum sy_code sy_cluster_builder_put(struct sy_cluster_builder *builder, struct sy_node *node,
                                    struct sy_err *err)
{
    int64_t at = place_of(builder, node->name, node->name_len);
    if (at >= 0 && builder->node[at] == node && builder->class_of[at] != GONE)
        return SY_OK;
    if (at < 0 && builder->n == SY_CLUSTER_NODES_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u nodes, no more are supported",
                       SY_CLUSTER_NODES_MAX);
    if (at < 0 && builder->n == builder->size && !grow_places(builder))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    if (at < 0 && !grow_added(builder))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    int64_t class = enter_class(builder, node);
    if (class < 0)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    (void)sy_node_ref(node);
    if (at < 0) {
        at = builder->n++;
        sy_name_index_add(builder->added, node, (uint32_t)at - builder->npublished);
    } else {
        if (builder->class_of[at] != GONE)
            leave(builder, (uint32_t)at);
        else
            builder->ngone--;
        sy_node_unref(builder->node[at]);
    }
    builder->node[at] = node;
    builder->class_of[at] = (uint32_t) class;
    builder->nunit += node->fabric->nunit;
    return SY_OK;
}

void sy_cluster_builder_remove(struct sy_cluster_builder *builder, const char *name)
{
    int64_t at = place_of(builder, name, strlen(name));
    if (at < 0 || builder->class_of[at] == GONE)
        return;
    leave(builder, (uint32_t)at);
    builder->class_of[at] = GONE; /* the node stays for its name */
    builder->ngone++;
}

struct row {
    struct sy_node *node;
    uint32_t class;
};

static int by_name(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    return strcmp(a->node->name, b->node->name);
}

/* The names that are not gone in rows: those that were published, ascending, then the others, made
 * ascending too. Returns the number of the former. */
static uint32_t list_rows(const struct sy_cluster_builder *builder, struct row *row)
{
    uint32_t n = 0, nsorted = 0;
    for (uint32_t i = 0; i < builder->n; i++) {
        if (builder->class_of[i] != GONE)
            row[n++] = (struct row){builder->node[i], builder->class_of[i]};
        if (i < builder->npublished)
            nsorted = n;
    }
    if (n > nsorted)
        qsort(row + nsorted, n - nsorted, sizeof *row, by_name);
    return nsorted;
}

/* All places ascending by name, none gone. The arrays have room: they held all of these before. */
static void merge_rows(struct sy_cluster_builder *builder, const struct row *row, uint32_t nsorted,
                       uint32_t n)
{
    uint32_t i = 0, k = nsorted;
    for (uint32_t to = 0; to < n; to++) {
        bool first = k == n || (i < nsorted && by_name(&row[i], &row[k]) < 0);
        const struct row *next = first ? &row[i++] : &row[k++];
        builder->node[to] = next->node;
        builder->class_of[to] = next->class;
    }
    builder->n = builder->npublished = n;
    builder->ngone = 0;
}

/* Names came or went: order and index anew. */
static enum sy_code settle_names(struct sy_cluster_builder *builder, struct sy_err *err)
{
    uint32_t n = builder->n - builder->ngone;
    if (builder->n == builder->npublished && builder->ngone == 0)
        return SY_OK;
    struct sy_name_index *index = sy_name_index_new(n);
    sy_autofree struct row *row = index != NULL ? sy_calloc(n, sizeof *row) : NULL;
    if (row == NULL) {
        sy_name_index_unref(index);
        return sy_fail(err, SY_ENOMEM, "out of memory for %u nodes", n);
    }
    uint32_t nsorted = list_rows(builder, row);
    for (uint32_t i = 0; i < builder->n; i++)
        if (builder->class_of[i] == GONE)
            sy_node_unref(builder->node[i]);
    merge_rows(builder, row, nsorted, n);
    for (uint32_t i = 0; i < n; i++)
        sy_name_index_add(index, builder->node[i], i);
    sy_name_index_unref(builder->published);
    sy_name_index_unref(builder->added);
    builder->published = index;
    builder->added = NULL;
    return SY_OK;
}

enum sy_code sy_cluster_builder_publish(struct sy_cluster_builder *builder, uint64_t generation,
                                        struct sy_cluster **ret, struct sy_err *err)
{
    enum sy_code code = settle_names(builder, err);
    if (code != SY_OK)
        return code;
    struct sy_cluster *cluster = sy_cluster_alloc(builder->n, generation);
    if (cluster == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %u nodes", builder->n);
    cluster->index = sy_name_index_ref(builder->published);
    cluster->nunit = builder->nunit;
    cluster->nclass = sy_classes_number(&builder->classes);
    for (uint32_t i = 0; i < builder->n; i++) {
        cluster->node[i] = sy_node_ref(builder->node[i]);
        cluster->class_of[i] = builder->classes.class[builder->class_of[i]].number;
    }
    *ret = cluster;
    return SY_OK;
}
