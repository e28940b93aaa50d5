/* SPDX-License-Identifier: Apache-2.0 */
/* Is a file what it says it is? Topologies, NodeFabrics, catalogues, policies, scenarios, fleets,
 * recordings, snapshots and other Kubernetes objects: each read by the reader that would use it. */
#ifndef SY_PLANNER_CHECK_CHECK_H
#define SY_PLANNER_CHECK_CHECK_H

#include "planner/cli/cli.h"
#include "topology/catalogue.h"

/* X(id, name for people) */
#define SY_FILE_KINDS(X)                                                                           \
    X(TOPOLOGY, "topology")                                                                        \
    X(CATALOGUE, "DeviceCatalogue")                                                                \
    X(POLICY, "SchedulingPolicy")                                                                  \
    X(SCENARIO, "Scenario")                                                                        \
    X(FLEET, "Fleet")                                                                              \
    X(RECORDING, "Recording")                                                                      \
    X(TEMPLATE, "NodeTemplate")                                                                    \
    X(OBJECTS, "objects") /* NodeFabric, Snapshot, List, Node, Pod, and what carries templates */
enum sy_file_kind {
#define X(id, name) SY_FILE_##id,
    SY_FILE_KINDS(X)
#undef X
        SY_FILE_KIND_COUNT
};
const char *sy_file_kind_name(enum sy_file_kind kind);

/* What a file says it is: XML is a topology, else its first `kind`; a policy may do without, and is
 * known by its keys. SY_EINVAL: it has none; SY_EPARSE: it is empty. */
SY_NODISCARD enum sy_code sy_check_sniff(const char *path, const char *data, size_t len,
                                         enum sy_file_kind *ret, struct sy_err *err);

/* Hears of everything that is wrong in a file, one text each, with its place. */
typedef void sy_check_bad_fn(void *data, const char *text);

struct sy_check {
    struct sy_catalogue *catalogue; /* borrowed */
    sy_check_bad_fn *bad;
    void *data;
    size_t nbad;
    size_t count;     /* nodes, profiles, models … of the last good file */
    const char *what; /* "node": what they are … */
    const char *more; /* … and what is to be said of them; "" */
};

/* Check one file. Only what is not the file's own fault is returned: SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_check_file(struct sy_check *check, const char *path,
                                        enum sy_file_kind *ret_kind, struct sy_err *err);

/* The NODE.status.json files of a directory, each with the node's own file beside it. */
SY_NODISCARD enum sy_code sy_check_statuses(struct sy_check *check, const char *folder,
                                            struct sy_err *err);

extern const struct sy_command sy_command_check;

#endif
