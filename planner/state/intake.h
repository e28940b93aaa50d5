/* SPDX-License-Identifier: Apache-2.0 */
/* What was read, out of any number of inputs and in any order, before anything is concluded from
 * it: objects by their kinds, pruned, each there once. */
#ifndef SY_PLANNER_STATE_INTAKE_H
#define SY_PLANNER_STATE_INTAKE_H

#include "base/hash.h"
#include "planner/state/fields.h"
#include "planner/state/state.h"

struct sy_share;

struct sy_intake_object {
    json_t *object; /* a reference, pruned; of a NodeFabric NULL unless documents are kept */
    const char *namespace_, *name;
    const char *where;
    /* Of a NodeFabric. */
    struct sy_digest digest; /* of all of it */
    struct sy_fabric *fabric;
    struct sy_usage *report; /* NULL = none */
    const struct sy_label *label;
    size_t nlabel;
    json_t *ledger; /* the service's, NULL = none; of a pod that only it tells of: its entry */
    const char *node_name, *uid; /* of such a pod */
};
struct sy_intake_list {
    size_t n, size;
    struct sy_intake_object *object;
};
struct sy_intake {
    struct sy_arena *arena; /* borrowed */
    struct sy_catalogue *catalogue;
    struct sy_share *share; /* owned */
    const char *namespace_; /* of objects that do not say theirs */
    bool keep_documents;    /* of NodeFabrics */
    bool lenient;           /* an object that cannot be read is passed over, with a note */
    struct sy_intake_list list[SY_STATE_KIND_COUNT];
    bool listed[SY_STATE_KIND_COUNT]; /* the input is complete in these, even where it has none */
    int64_t taken_us;                 /* latest snapshot's, 0 = none */
    uint64_t generation;
    bool decided; /* items with a ledger were among it */
    size_t nother, other_size;
    struct sy_intake_other {
        const char *kind;
        uint64_t n;
    } * other;
    size_t nnote, note_size;
    const char **note;
};
/* SY_ENOMEM; sy_intake_done is good for what is left either way. */
SY_NODISCARD enum sy_code sy_intake_init(struct sy_intake *intake, struct sy_arena *arena,
                                         struct sy_catalogue *catalogue, struct sy_err *err);
void sy_intake_done(struct sy_intake *intake);
/* An object of any kind that is no list, with any fields: what is wanted is kept. SY_EINVAL,
 * SY_EUNSUPPORTED (another version of ours), SY_ELIMIT, SY_ECONFLICT: "WHERE: …"; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_intake_put(struct sy_intake *intake, const json_t *object,
                                        const char *where, struct sy_err *err);
/* The same of an object whose kind is known; the text of an error begins with its path. */
SY_NODISCARD enum sy_code sy_intake_take(struct sy_intake *intake, enum sy_state_kind kind,
                                         const json_t *object, const char *where,
                                         struct sy_err *err);
void sy_intake_forget(struct sy_intake *intake, enum sy_state_kind kind); /* all of a kind */
/* What stands around a list: its kind, its metadata. SY_EUNSUPPORTED, SY_EINVAL. */
SY_NODISCARD enum sy_code sy_intake_list(struct sy_intake *intake, const json_t *top,
                                         const char *where, struct sy_err *err);
/* Count what nobody reads. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_intake_other(struct sy_intake *intake, const char *kind,
                                          struct sy_err *err);
SY_NODISCARD enum sy_code sy_intake_note(struct sy_intake *intake, struct sy_err *err,
                                         const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
SY_NODISCARD enum sy_code sy_intake_add_ledger_pod(struct sy_intake *intake, json_t *pod,
                                                   const char *namespace_, const char *name,
                                                   const struct sy_intake_object *fabric,
                                                   struct sy_err *err);
/* Sort, and make one of what was told twice. SY_ECONFLICT: the same name, other content. */
SY_NODISCARD enum sy_code sy_intake_sort(struct sy_intake *intake, struct sy_err *err);

#endif
