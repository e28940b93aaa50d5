/* SPDX-License-Identifier: Apache-2.0 */
/* The node document: a NodeFabric object (switchyard.dev/v1alpha1), `spec` = inventory, `status` =
 * usage. Unknown fields are ignored, unknown enum values are unknown; everything else wrong is an
 * error with its path. */
#ifndef SY_TOPOLOGY_NODE_JSON_H
#define SY_TOPOLOGY_NODE_JSON_H

#include "base/json.h"
#include "topology/node.h"

#define SY_NODE_JSON_MAX (1024u * 1024u) /* bytes of one document */

/* What a document holds. Lives in the arena given to the reader. */
struct sy_node_doc {
    const char *name; /* metadata.name, NULL = absent */
    uint32_t nlabel;
    struct sy_label *label;
    bool has_spec, has_status;
    struct sy_inventory inv; /* when has_spec; checked by sy_inventory_check */
    json_t *status;          /* when has_status; borrowed from the parsed root */
};

/* Read an inventory (a document's spec object) at path `at`; the result lives in the arena and has
 * passed sy_inventory_check. */
SY_NODISCARD enum sy_code sy_inventory_from_json(const json_t *spec, const struct sy_path *at,
                                                 struct sy_arena *arena, struct sy_inventory *ret,
                                                 struct sy_err *err);
/* Read document `root` (kept alive by the caller as long as the result's status is used). */
SY_NODISCARD enum sy_code sy_node_doc_from_json(const json_t *root, struct sy_arena *arena,
                                                struct sy_node_doc *ret, struct sy_err *err);
/* Usage from a status object, for a fabric: devices are named by PCI address (any function of the
 * unit) and optional unit index. One that the node does not have (it may have fallen off the bus)
 * is counted in `stray` and else passed over. Absent = free, healthy. Mode is "exact" unless the
 * document says otherwise. */
SY_NODISCARD enum sy_code sy_usage_from_json(const json_t *status, const struct sy_fabric *fabric,
                                             const struct sy_path *at, struct sy_usage **ret,
                                             struct sy_err *err);
/* The whole way: bytes → document → fabric → usage → node. `name`, when not NULL, is the node's; a
 * metadata.name that differs is SY_ECONFLICT. `status`, `status_len`: a separate status document
 * (NODE.status.json; it may leave out apiVersion and kind) that wins over the one inside; NULL =
 * none. */
SY_NODISCARD enum sy_code sy_node_from_bytes(const char *data, size_t len, const char *status,
                                             size_t status_len, const char *name,
                                             struct sy_catalogue *cat, struct sy_node **ret,
                                             struct sy_err *err);
/* The same of a document that is parsed already, and named by itself. */
SY_NODISCARD enum sy_code sy_node_from_json(const json_t *root, struct sy_catalogue *cat,
                                            struct sy_node **ret, struct sy_err *err);
/* The same for an inventory that discovery made (XML nodes). */
SY_NODISCARD enum sy_code sy_node_from_inventory(const struct sy_inventory *inv, const char *status,
                                                 size_t status_len, const char *name,
                                                 struct sy_catalogue *cat, struct sy_node **ret,
                                                 struct sy_err *err);

/* New references (json_decref): the spec object of an inventory; the whole document of a node. */
SY_NODISCARD enum sy_code sy_inventory_to_json(const struct sy_inventory *inv, json_t **ret,
                                               struct sy_err *err);
SY_NODISCARD enum sy_code sy_node_to_json(const struct sy_node *node, json_t **ret,
                                          struct sy_err *err);

#endif
