/* SPDX-License-Identifier: Apache-2.0 */
/* One call of the service, recorded (switchyard-extender --record DIR): kind Recording. */
#ifndef SY_PLANNER_ANSWER_RECORDING_H
#define SY_PLANNER_ANSWER_RECORDING_H

#include "planner/answer/world.h"

#define SY_RECORDING_MAX ((size_t)64 << 20) /* bytes of one */
#define SY_RECORDING_CATALOGUES_MAX 32u     /* --catalogue options of the service */

struct sy_recording {
    enum sy_verb verb;
    int64_t now_us;
    const char *body, *answer; /* answer NULL = not recorded */
    size_t body_len, answer_len;
    /* Paths, those that are relative beside the recording. */
    const char *snapshot, *policy; /* policy NULL = the built-in one */
    size_t ncatalogue;
    const char *catalogue[SY_RECORDING_CATALOGUES_MAX];
};

/* Everything lives in the arena. An unknown member is an error. SY_EPARSE, SY_EINVAL, SY_ELIMIT
 * with the file and the path; SY_ENOENT, SY_EIO, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_recording_read(const char *path, struct sy_arena *arena,
                                            struct sy_recording *ret, struct sy_err *err);

#endif
