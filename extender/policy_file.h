/* SPDX-License-Identifier: Apache-2.0 */
/* The policy file, watched: read anew when its content changes. Used by one thread. */
#ifndef SY_EXTENDER_POLICY_FILE_H
#define SY_EXTENDER_POLICY_FILE_H

#include "scoring/policy.h"

struct sy_policy_file;

/* `path` NULL: the built-in default, which never changes. SY_EIO, SY_ENOENT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_policy_file_new(const char *path, struct sy_policy_file **ret,
                                             struct sy_err *err);
void sy_policy_file_free(struct sy_policy_file *file);    /* takes NULL */
int sy_policy_file_fd(const struct sy_policy_file *file); /* readable on notices; -1 = none */
/* Take in the notices, without blocking; true when there were any. */
bool sy_policy_file_drain(struct sy_policy_file *file);
/* The policy, when the file's content is another than at the last call; else *ret is NULL. A
 * content that is refused fails once. Codes as of sy_policy_load. */
SY_NODISCARD enum sy_code sy_policy_file_look(struct sy_policy_file *file, struct sy_policy **ret,
                                              struct sy_err *err);

#endif
