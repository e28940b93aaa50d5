/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots as documents: a state's objects in one file, and the same with other names. */
#ifndef SY_PLANNER_STATE_SNAPSHOT_H
#define SY_PLANNER_STATE_SNAPSHOT_H

#include "planner/state/state_private.h"

/* The objects of a sorted intake that kept its documents, as one of kind Snapshot: in the order of
 * kinds, namespaces and names, members in one order, what says nothing left out. `taken_us` 0 = not
 * told. A new reference; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_snapshot_write(const struct sy_intake *intake, int64_t taken_us,
                                            json_t **ret, struct sy_err *err);

/* One object of it, in its form; a new reference, NULL: out of memory. */
json_t *sy_snapshot_item(const json_t *object, enum sy_state_kind kind);

struct sy_anonymize_options {
    const char *seed;        /* NULL = numbers in the order of the old names */
    const char *const *keep; /* label keys that stay, with their values */
    size_t nkeep;
};
/* The same snapshot with namespaces, pods, nodes, uids, owners, containers, claims, classes, custom
 * label keys and label values renamed, everywhere alike; free texts of people are left out. Without
 * a seed the new names sort as the old ones do, so that every decision is the same, ties by name
 * included; with one the same name has the same new name in every snapshot of that seed. Resource
 * names, hardware and label keys of Kubernetes and of device vendors stay. A new reference;
 * SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_anonymize(const json_t *snapshot,
                                       const struct sy_anonymize_options *options, json_t **ret,
                                       struct sy_err *err);

#endif
