/* SPDX-License-Identifier: Apache-2.0 */
/* Private to planner/state: from bytes to objects, from objects to records, from records to the
 * state. */
#ifndef SY_PLANNER_STATE_PRIVATE_H
#define SY_PLANNER_STATE_PRIVATE_H

#include "base/hash.h"
#include "planner/state/intake.h"
#include "planner/state/state.h"

#define SY_FABRIC_ANNOTATION "switchyard.dev/fabric"
/* Devices that a plugin wrote on the pod it gave them to (mind-cluster's ascend-device-plugin). */
#define SY_NAMED_ANNOTATION "huawei.com/AscendReal"
#define SY_STATE_API "switchyard.dev/v1alpha1"
#define SY_STATE_NODES_MAX 100000u
#define SY_STATE_PODS_MAX 1000000u
#define SY_STATE_NAME_MAX 253u /* of a Kubernetes object */
#define SY_STATE_UID_MAX 128u
#define SY_STATE_OLD_S 90u /* ages of reports, as the service's defaults are */
#define SY_STATE_EXPIRED_S 300u
#define SY_STATE_ARENA_MAX ((size_t)16 << 30)

/* --- quantity.c: in billionths, at most int64's greatest value of wholes, exact until then */
__extension__ typedef __int128 sy_nano;
#define SY_NANO 1000000000 /* of one */
SY_NODISCARD enum sy_code sy_nano_parse(const char *text, size_t len, sy_nano *ret,
                                        struct sy_err *err);
/* A string or a number. SY_EINVAL with the path. */
SY_NODISCARD enum sy_code sy_nano_read(const json_t *value, const struct sy_path *at, sy_nano *ret,
                                       struct sy_err *err);
int64_t sy_nano_milli(sy_nano nano); /* rounded away from zero */
int64_t sy_nano_whole(sy_nano nano);

/* --- amounts.c: sums of resource lists */
#define SY_AMOUNTS_MAX 128u /* different resources of one object */
struct sy_sums {
    size_t n;
    struct {
        const char *name; /* borrowed */
        sy_nano nano;
    } sum[SY_AMOUNTS_MAX];
};
sy_nano *sy_sums_find(struct sy_sums *sums, const char *name); /* NULL = not there */
/* SY_ELIMIT. */
SY_NODISCARD enum sy_code sy_sums_add(struct sy_sums *sums, const char *name, sy_nano nano,
                                      struct sy_err *err);
/* A resource list ({"cpu": "1", …}; NULL = none). SY_EINVAL, SY_ELIMIT with the path. */
SY_NODISCARD enum sy_code sy_sums_read(const json_t *list, const struct sy_path *at,
                                       bool allow_negative, struct sy_sums *ret,
                                       struct sy_err *err);
/* As NodeResourcesFit reckons; names are copied to the arena. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_sums_amounts(const struct sy_sums *sums, struct sy_arena *arena,
                                          struct sy_amounts *ret, struct sy_err *err);

/* --- pod_requests.c: effective requests of a pod's spec (NULL = none), `requests` and the two
 * nonzero ones of the result. SY_EINVAL, SY_ELIMIT with the path; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_state_pod_requests(const json_t *spec, const struct sy_path *at,
                                                struct sy_arena *arena, struct sy_state_pod *ret,
                                                struct sy_err *err);

/* --- share.c: equal values kept once */
struct sy_share; /* fabrics by the digest of what they were made of, and equal JSON values */
struct sy_share *sy_share_new(void) SY_NODISCARD; /* NULL: out of memory */
void sy_share_free(struct sy_share *share);       /* takes NULL */
struct sy_digest sy_digest_of_json(const json_t *value);
struct sy_fabric *sy_share_fabric(const struct sy_share *share, struct sy_digest key); /* NULL */
/* Remember it (a reference is taken). SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_share_put_fabric(struct sy_share *share, struct sy_digest key,
                                              struct sy_fabric *fabric, struct sy_err *err);
/* An equal value that is known, or this one, from now on known; takes the reference over and gives
 * one back. NULL stays NULL. Out of memory: it is given back as it is. */
json_t *sy_share_json(struct sy_share *share, json_t *value);

/* --- node_read.c */
/* As sy_state_node_read, without the node and without the template's fabric where `share` is NULL;
 * equal annotations share a fabric. *ret_wrong: what was passed over, for a note; NULL = nothing.
 */
SY_NODISCARD enum sy_code sy_state_node_take(const json_t *object, struct sy_catalogue *catalogue,
                                             struct sy_share *share, struct sy_arena *arena,
                                             struct sy_state_node *ret, const char **ret_wrong,
                                             struct sy_err *err);
/* Labels in the arena, ascending by key. SY_EINVAL, SY_ELIMIT with the path; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_state_labels(const json_t *labels, const struct sy_path *at,
                                          struct sy_arena *arena, const struct sy_label **ret,
                                          size_t *ret_n, struct sy_err *err);

/* --- read.c: files, folders, pipes → the intake */
SY_NODISCARD enum sy_code sy_state_read_path(struct sy_intake *intake, const char *path,
                                             struct sy_err *err);
/* Bytes of JSON or YAML, as the first of them says; `name` in messages. */
SY_NODISCARD enum sy_code sy_state_read_bytes(struct sy_intake *intake, const char *name,
                                              const char *data, size_t len, struct sy_err *err);
/* --- live.c: an API server → the intake */
SY_NODISCARD enum sy_code sy_state_read_live(struct sy_intake *intake,
                                             const struct sy_state_options *options,
                                             const struct sy_cli *cli, const char **ret_source,
                                             struct sy_err *err);

/* --- ledger.c: the service's own ledger, in the items of its GET /snapshot */
/* Pods that nothing else tells of join the intake's, which is sorted. SY_EINVAL, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_state_ledger_pods(struct sy_intake *intake, struct sy_err *err);
/* Such a pod: names, node, nothing of what it asks for. */
struct sy_state_pod sy_state_ledger_pod(const struct sy_intake_object *object);
/* Charges of the pods of a node, as the service has them. */
void sy_state_ledger_charge(const json_t *ledger, const struct sy_state_node *node,
                            struct sy_state_pod *const *pod, size_t n);

/* --- occupy.c: usage of a node whose pods these are, and their charges: what the service's ledger
 * would say (extender/live/rebuild.c). SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_state_occupy(const struct sy_state *state,
                                          const struct sy_state_node *node,
                                          struct sy_state_pod *const *pod, size_t n,
                                          bool pods_known, struct sy_arena *scratch,
                                          struct sy_usage **ret, struct sy_err *err);

/* --- budget_read.c: SY_EINVAL with the path. Its JSON values are borrowed from `object`. */
SY_NODISCARD enum sy_code sy_state_budget_read(const json_t *object, struct sy_state_budget *ret,
                                               struct sy_err *err);

/* --- build.c: the intake → the state */
SY_NODISCARD enum sy_code sy_state_build(struct sy_intake *intake, struct sy_state *state,
                                         struct sy_err *err);
/* load.c: both, with documents kept in the intake where `keep` is not NULL (sy_intake_done is then
 * the caller's). */
SY_NODISCARD enum sy_code sy_state_load_keeping(const struct sy_state_options *options,
                                                const struct sy_cli *cli, struct sy_intake *keep,
                                                struct sy_state **ret, struct sy_err *err);

/* The same of bytes, with a catalogue and a policy that are at hand (references are taken). `name`
 * is borrowed for as long as the state is there. */
SY_NODISCARD enum sy_code sy_state_from_bytes(const char *name, const char *data, size_t len,
                                              struct sy_catalogue *catalogue,
                                              struct sy_policy *policy, int64_t now_us,
                                              struct sy_intake *keep, struct sy_state **ret,
                                              struct sy_err *err);

#endif
