/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cluster*.c: the name index, the table of classes, and an empty cluster. */
#ifndef SY_TOPOLOGY_CLUSTER_PRIVATE_H
#define SY_TOPOLOGY_CLUSTER_PRIVATE_H

#include "base/mem.h"
#include "topology/cluster.h"

/* The smallest power of two that leaves an open-addressing table of n at most half full. */
static inline uint32_t sy_table_size(size_t n)
{
    uint32_t size = 8;
    while (size < 2 * n)
        size *= 2;
    return size;
}

/* Name -> position in an array of nodes. It stores no names: the array is given to each search and
 * may hold other nodes than before, but at each position one of the same name. */
struct sy_name_index {
    unsigned refs; /* atomic */
    uint32_t mask;
    uint32_t slot[]; /* position + 1, 0 = empty */
};

/* Empty, with room for n names. NULL when out of memory. */
struct sy_name_index *sy_name_index_new(uint32_t n) SY_NODISCARD;
struct sy_name_index *sy_name_index_ref(struct sy_name_index *index);
void sy_name_index_unref(struct sy_name_index *index); /* takes NULL */
/* The name must not be in it; only while nobody else has a reference. */
void sy_name_index_add(struct sy_name_index *index, const struct sy_node *node, uint32_t position);
/* The position, -1 = no such name. */
int64_t sy_name_index_find(const struct sy_name_index *index, struct sy_node *const *node,
                           const char *name, size_t len);

/* One distinct state of nodes. */
struct sy_class {
    struct sy_digest state;
    uint32_t n;      /* nodes in it; one that is empty waits for its state to come back */
    uint32_t number; /* set by sy_classes_number */
};

/* Classes by their state. A class keeps its index while it is in the table. */
struct sy_classes {
    struct sy_class *class;
    uint32_t n, nempty, size;
    uint32_t mask; /* open addressing; slots hold index + 1; NULL at first */
    uint32_t *slot;
};

void sy_classes_done(struct sy_classes *classes);
/* Count one node more into the class of this state, which is made when there is none; -1 when out
 * of memory (then nothing changed). */
int64_t sy_classes_enter(struct sy_classes *classes, struct sy_digest state) SY_NODISCARD;
void sy_classes_leave(struct sy_classes *classes, uint32_t index);
/* Number the classes that have nodes, 0 … n - 1 in the order of their index; returns n. */
uint32_t sy_classes_number(struct sy_classes *classes);
/* True when the next new state would make the table grow although half of it is empty classes: call
 * sy_classes_shrink, which drops these. Every class's index is then the number that
 * sy_classes_number gave it just before. */
bool sy_classes_is_sparse(const struct sy_classes *classes);
void sy_classes_shrink(struct sy_classes *classes);

/* A cluster with arrays for n nodes, zeroed, without index. NULL when out of memory. */
struct sy_cluster *sy_cluster_alloc(uint32_t n, uint64_t generation) SY_NODISCARD;

#endif
