/* SPDX-License-Identifier: Apache-2.0 */
/* --record DIR: calls written down with all that their answers depend on, so that `switchyard
 * answer` gives the same bytes elsewhere. For looking into a case, not for every day: the call
 * waits for its files. */
#ifndef SY_EXTENDER_RECORD_H
#define SY_EXTENDER_RECORD_H

#include "extender/handlers.h"
#include "extender/log.h"
#include "extender/router.h"

#define SY_RECORDS_MAX 100000u /* of --record-max */

struct sy_recorder;

struct sy_recorder_options {
    const char *folder;           /* exists and is empty, or is made */
    const char *policy;           /* the policy file; NULL = the built-in one */
    const char *const *catalogue; /* files; copied now: they are read once, at start */
    size_t ncatalogue;
    unsigned max; /* calls; then no more are written */
    struct sy_log *log;
};

/* Strings are borrowed. SY_ECONFLICT: the folder holds something; SY_EIO, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_recorder_new(const struct sy_recorder_options *options,
                                          struct sy_recorder **ret, struct sy_err *err);
void sy_recorder_free(struct sy_recorder *recorder); /* takes NULL */
/* Write down one call of /filter, /prioritize or /preempt that was answered with 200; others are
 * passed over. Of the pod only the fields that decisions read are kept, so that a body with node
 * objects, which the answer repeats, is not recorded; and a policy file that was changed since it
 * was read. What is not recorded is counted and said in the log, once for each cause. Thread-safe;
 * takes NULL. */
void sy_record(struct sy_recorder *recorder, enum sy_route_id route, const struct sy_call *call,
               const struct sy_reply *reply);

#endif
