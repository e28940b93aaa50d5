/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod asks for, read as kube-scheduler reads it; and nothing else of the pod. */
#ifndef SY_SCORING_REQUEST_H
#define SY_SCORING_REQUEST_H

#include "base/json.h"
#include "topology/fabric.h"

#define SY_ENTRY_MAX 16u  /* different resources of ours in one pod */
#define SY_COUNT_MAX 256u /* devices of one resource */
#define SY_NOTE_MAX 8u

struct sy_entry {
    uint16_t resource; /* index in the catalogue */
    uint16_t count;    /* > 0; SY_COUNT_MAX + 1 stands for more than any node has */
    const char *name;  /* the name that the pod used */
};

/* One item of switchyard.dev/require: the whole set (match ALL), the units of one kind, or those of
 * one resource name, lie within one place of `scope`. */
struct sy_require {
    uint8_t scope; /* enum sy_scope, never ANY */
    uint8_t match; /* 0 = all units, 1 = of kind, 2 = of the entry */
    uint8_t kind;  /* enum sy_kind when match == 1 */
    uint8_t entry; /* index into request->entry when match == 2 */
};

#define SY_ASK_MAX 64u /* containers of one pod that ask for devices of ours */

/* X(id): in what order and for how long a container holds its devices */
#define SY_CONTAINER_TYPES(X)                                                                      \
    X(INIT)    /* ends before the next starts: what it held goes to those after it */              \
    X(SIDECAR) /* an init container that restarts always: keeps what it holds */                   \
    X(MAIN)
enum sy_container_type {
#define X(id) SY_CONTAINER_##id,
    SY_CONTAINER_TYPES(X)
#undef X
        SY_CONTAINER_TYPE_COUNT
};

/* What one container asks for. */
struct sy_container_ask {
    uint8_t type; /* enum sy_container_type */
    uint16_t
        count[SY_ENTRY_MAX]; /* per entry; SY_COUNT_MAX + 1 stands for more than any node has */
};

struct sy_request {
    const char *namespace_, *name, *uid; /* for logs and explain; NULL = absent */
    uint8_t nentry;                      /* 0: nothing of ours */
    struct sy_entry entry[SY_ENTRY_MAX]; /* ascending by resource */
    int64_t asked[SY_ENTRY_MAX]; /* per entry, for explain: the count past SY_COUNT_MAX too */
    /* For the kubelet's admission (admission.h), containers that ask for something: */
    bool asks_known; /* false: too many, or asking in a way that `ask` cannot tell (a count of zero,
                        two names of one resource); nask is 0 then */
    bool other_hints; /* CPUs, memory or devices that the catalogue does not know may have a say in
                         which NUMA nodes the kubelet takes */
    uint8_t nask;
    const struct sy_container_ask *ask; /* in the order in which the kubelet admits them */
    uint8_t nrequire;
    struct sy_require require[SY_ENTRY_MAX];
    bool guaranteed;        /* switchyard.dev/require-guaranteed */
    int64_t require_for_us; /* switchyard.dev/require-for; 0 = for ever */
    int64_t created_us;     /* metadata.creationTimestamp, 0 = unknown */
    uint32_t min_mbps;      /* switchyard.dev/min-bandwidth, MB/s; 0 = none */
    int64_t expected_mw;    /* switchyard.dev/expected-watts of the whole pod; SY_UNKNOWN_MW */
    const char *profile;    /* switchyard.dev/profile, NULL = the policy's default */
    const char *malformed;  /* not NULL: the pod's clear refusal, naming annotation, text and why;
                               said once, of the first one; the others are notes */
    uint8_t nnote;          /* for explain: further malformed annotations, what has no effect … */
    const char *note[SY_NOTE_MAX];
};

/* Read a v1.Pod. Counts: per resource the effective request as kube-scheduler computes it: the sum
 * over containers, init containers (restartable ones are sidecars) as in k8s.io/component-helpers
 * PodRequests, plus pod overhead; limits stand in where requests are absent. Names the catalogue
 * does not know are not ours and are skipped. SY_EINVAL with the path: not a pod, a quantity that
 * is no whole number. A malformed annotation is no error: ret->malformed says it. All in `arena`.
 */
SY_NODISCARD enum sy_code sy_request_from_pod(const json_t *pod, const struct sy_catalogue *cat,
                                              const struct sy_path *at, struct sy_arena *arena,
                                              struct sy_request *ret, struct sy_err *err);

/* True when the entry's resource names devices of this kind. */
bool sy_request_entry_has_kind(const struct sy_catalogue *cat, const struct sy_entry *entry,
                               enum sy_kind kind);
/* True when `now_us` is within the time for which the requirement holds. */
bool sy_request_strict(const struct sy_request *request, int64_t now_us);
/* Digest of all that placement reads (entries, requirements in force when `strict`, min_mbps); not
 * of what only admission reads. */
struct sy_digest sy_request_digest(const struct sy_request *request, bool strict);

#endif
