/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot as a document: a NodeFabricList. */
#ifndef SY_EXTENDER_SNAPSHOT_H
#define SY_EXTENDER_SNAPSHOT_H

#include "base/json.h"
#include "base/str.h"
#include "topology/cluster.h"

/* What else is to be put into one node's document; NULL = nothing. */
typedef enum sy_code sy_snapshot_add_fn(void *data, json_t *document, const char *name,
                                        struct sy_err *err);

/* Appended to `out`, one node at a time: jansson's tree of a whole cluster would be several times
 * the text. What a NodeFabric cannot say is not in it: decisions do not read that. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_snapshot_write(const struct sy_cluster *cluster,
                                            sy_snapshot_add_fn *add, void *data, struct sy_str *out,
                                            struct sy_err *err);

#endif
