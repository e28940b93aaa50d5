/* SPDX-License-Identifier: Apache-2.0 */
/* From the contents of a node's files to the node. Remembers what is dear: an XML is imported once
 * for all files of equal content, and nodes of equal inventory share one fabric. Thread-safe. */
#ifndef SY_EXTENDER_LOADER_H
#define SY_EXTENDER_LOADER_H

#include "topology/node.h"

/* X(id, suffix of the file's name) longest first: a name is matched in this order */
#define SY_NODE_FILES(X) X(STATUS, ".status.json") X(JSON, ".json") X(XML, ".xml")
enum sy_node_file {
#define X(id, suffix) SY_NODE_FILE_##id,
    SY_NODE_FILES(X)
#undef X
        SY_NODE_FILE_COUNT
};
const char *sy_node_file_suffix(enum sy_node_file file);

/* The content of one file; data NULL = there is no such file. */
struct sy_bytes {
    char *data;
    size_t len;
};

struct sy_loader;

/* A reference to `cat` is taken. NULL when out of memory. */
struct sy_loader *sy_loader_new(struct sy_catalogue *cat) SY_NODISCARD;
void sy_loader_free(struct sy_loader *loader); /* takes NULL */

/* The node `name`. On failure *ret_culprit is the file that is wrong; the text does not name it.
 * Codes as of the readers of these files. */
SY_NODISCARD enum sy_code sy_loader_node(struct sy_loader *loader, const char *name,
                                         const struct sy_bytes files[SY_NODE_FILE_COUNT],
                                         struct sy_node **ret, enum sy_node_file *ret_culprit,
                                         struct sy_err *err);
/* Forget fabrics that no node uses any more. */
void sy_loader_sweep(struct sy_loader *loader);

#endif
