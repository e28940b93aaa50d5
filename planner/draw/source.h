/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes out of files, whatever form these have: hwloc's or NCCL's XML, NodeFabric objects in JSON
 * or YAML (one, or a List), a directory of any of them. */
#ifndef SY_PLANNER_DRAW_SOURCE_H
#define SY_PLANNER_DRAW_SOURCE_H

#include "topology/discover/discover.h"
#include "topology/node.h"

#define SY_DRAW_FILES_MAX 100000u             /* entries of one directory */
#define SY_DRAW_INPUT_MAX ((size_t)256 << 20) /* bytes of one file of objects */

/* Takes one node; what it returns ends the reading when it is not SY_OK. */
typedef enum sy_code sy_draw_node_fn(void *data, struct sy_node *node, struct sy_err *err);
/* Hears of a file of a directory, or an object of a List, that cannot be read; the others are. */
typedef void sy_draw_bad_fn(void *data, const char *text);

struct sy_draw_reader {
    struct sy_catalogue *catalogue;             /* borrowed */
    const struct sy_discover_options *discover; /* how XML is imported, NULL = by default */
    sy_draw_node_fn *node;
    sy_draw_bad_fn *bad;
    void *data;
    bool stopped;          /* `node` returned an error */
    size_t nnode;          /* taken */
    size_t nbad;           /* files and objects that are wrong … */
    enum sy_code bad_code; /* … and how the first of them is */
    size_t nother;         /* objects of other kinds, files of other sorts: passed over */
};

/* Read a file, a directory or ("-") standard input. What the argument itself has wrong is returned,
 * the message starting with `path`: SY_ENOENT, SY_EIO, SY_EPARSE, SY_EINVAL (also: nothing to draw
 * in it), SY_ELIMIT, SY_EUNSUPPORTED, SY_ENOMEM. A node of an XML file is called as the file
 * without ".xml". In a directory NODE.status.json is the status of NODE.xml, NODE.json or
 * NODE.yaml; pipes and links to nowhere are no files. */
SY_NODISCARD enum sy_code sy_draw_read(struct sy_draw_reader *reader, const char *path,
                                       struct sy_err *err);

#endif
