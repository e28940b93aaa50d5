/* SPDX-License-Identifier: Apache-2.0 */
/* Private to scoring: reading a policy file in layers. */
#ifndef SY_SCORING_POLICY_PRIVATE_H
#define SY_SCORING_POLICY_PRIVATE_H

#include "base/yaml.h"
#include "scoring/policy.h"

#define SY_PROFILE_MAX 32u
#define SY_DOMAIN_MAX 4096u
#define SY_POLICY_FILE_MAX (1024u * 1024u)

/* The text of policy/default.yaml, made by sy_embed. */
extern const unsigned char sy_policy_default[];
extern const size_t sy_policy_default_len;

/* One file being laid over the policy. */
struct sy_policy_reader {
    const char *file; /* name for messages */
    struct sy_policy *policy;
    struct sy_err *err;
};

SY_NODISCARD enum sy_code sy_policy_read(struct sy_policy_reader *r, const struct sy_yaml *root);
SY_NODISCARD enum sy_code sy_policy_read_profiles(struct sy_policy_reader *r,
                                                  const struct sy_yaml *map);
SY_NODISCARD enum sy_code sy_policy_read_domains(struct sy_policy_reader *r,
                                                 const struct sy_yaml *list);
/* Watts → milliwatts. */
SY_NODISCARD enum sy_code sy_policy_read_watts(struct sy_policy_reader *r,
                                               const struct sy_yaml *node, double min_watts,
                                               int64_t *ret_mw);
SY_NODISCARD enum sy_code sy_policy_read_u16(struct sy_policy_reader *r, const struct sy_yaml *node,
                                             uint16_t max, uint16_t *ret);
int sy_policy_profile_find(const struct sy_policy *policy, const char *name); /* -1 */
/* Digest of all that placement reads of a profile. */
struct sy_digest sy_profile_digest(const struct sy_profile *profile);

#endif
