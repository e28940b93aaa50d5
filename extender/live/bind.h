/* SPDX-License-Identifier: Apache-2.0 */
/* kube-scheduler's bind verb, opt-in: the choice is recorded before it is posted, so that the next
 * pod is decided with it and not behind it. */
#ifndef SY_EXTENDER_LIVE_BIND_H
#define SY_EXTENDER_LIVE_BIND_H

#include "base/json.h"
#include "base/kube/config.h"
#include "base/str.h"

#include <stdatomic.h>

/* ExtenderBindingArgs; strings live in the parsed body. */
struct sy_bind_args {
    const char *name, *namespace_, *uid, *node;
};

/* Where choices are recorded: before the post, and taken back when the API server has refused. */
struct sy_bind_ledger {
    void *data;
    void (*assume)(void *data, const struct sy_bind_args *args);
    void (*forget)(void *data, const struct sy_bind_args *args);
};

struct sy_bind_metrics {
    _Atomic uint64_t bound, refused, unknown; /* unknown: no answer came, the pod may be bound */
};

struct sy_binder;

/* `config` is borrowed. SY_ENOMEM. Thread-safe: as many bindings at a time as threads call. */
SY_NODISCARD enum sy_code sy_binder_new(const struct sy_kube_config *config,
                                        const struct sy_bind_ledger *ledger,
                                        struct sy_bind_metrics *metrics, struct sy_binder **ret,
                                        struct sy_err *err);
void sy_binder_free(struct sy_binder *binder); /* takes NULL; no call may be under way */

/* Read a request of the wire (names in any case, as Go reads them). SY_EPARSE, SY_EINVAL with the
 * path, SY_ELIMIT. `root` keeps the strings: the caller drops it (json_decref). */
SY_NODISCARD enum sy_code sy_bind_args_parse(const char *body, size_t len, json_t **root,
                                             struct sy_bind_args *ret, struct sy_err *err);
/* Record, post, and take back what was refused. SY_OK: bound. SY_ECONFLICT: the API server's own
 * words; SY_EIO: nobody knows, the record stays. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_binder_bind(struct sy_binder *binder, const struct sy_bind_args *args,
                                         struct sy_err *err);
/* ExtenderBindingResult with this error, NULL = bound. */
void sy_bind_answer(const char *error, struct sy_str *out);

#endif
