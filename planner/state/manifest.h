/* SPDX-License-Identifier: Apache-2.0 */
/* Files of Kubernetes objects: YAML with one or more documents, JSON, Lists; in all of them the
 * objects one after the other. */
#ifndef SY_PLANNER_STATE_MANIFEST_H
#define SY_PLANNER_STATE_MANIFEST_H

#include "base/arena.h"
#include "base/json.h"

struct sy_manifest {
    json_t *object;    /* a reference */
    const char *where; /* "pods.yaml:12" or "pods.json: items/3", in the arena */
};

/* Every object of a file ("-": standard input), Lists opened ("items": null is an empty one).
 * *ret is in the arena; the objects are references that sy_manifests_done gives back. Anchors,
 * aliases, tags and duplicate keys are errors with their line. SY_EPARSE, SY_EINVAL (an object
 * without kind), SY_ELIMIT, SY_ENOENT, SY_EIO, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_manifests_read(const char *path, struct sy_arena *arena,
                                            struct sy_manifest **ret, size_t *ret_n,
                                            struct sy_err *err);
void sy_manifests_done(struct sy_manifest *manifest, size_t n);

#endif
