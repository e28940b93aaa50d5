/* SPDX-License-Identifier: Apache-2.0 */
/* Private to scoring: the parts that read a pod. */
#ifndef SY_SCORING_REQUEST_PRIVATE_H
#define SY_SCORING_REQUEST_PRIVATE_H

#include "scoring/request.h"

/* A quantity of whole things, as apimachinery reads quantities ("2", "2.0", "1e1", "1k", "2000m",
 * JSON integers). Values past INT64_MAX are INT64_MAX. SY_EINVAL with the path: no quantity, not
 * whole, negative. */
SY_NODISCARD enum sy_code sy_quantity_whole(const json_t *value, const struct sy_path *at,
                                            int64_t *ret, struct sy_err *err);

/* A duration as Go writes them ("90s", "1h30m", "1.5h", "250ms") → microseconds, rounded down;
 * false: not of that form, negative, or over 292 years. */
bool sy_pod_duration_parse(const char *text, int64_t *ret_us);
/* Digits with at most three decimals → thousandths; false: not of that form, or over `max`. */
bool sy_thousandths_parse(const char *text, int64_t max, int64_t *ret);

/* Fill the entries of `ret` from the pod's spec (NULL = none). */
SY_NODISCARD enum sy_code sy_request_count(const json_t *spec, const struct sy_catalogue *cat,
                                           const struct sy_path *at, struct sy_arena *arena,
                                           struct sy_request *ret, struct sy_err *err);
/* Fill the rest from the pod's annotations (NULL = none); the entries are there already. */
SY_NODISCARD enum sy_code sy_request_annotate(const json_t *annotations,
                                              const struct sy_catalogue *cat,
                                              const struct sy_path *at, struct sy_arena *arena,
                                              struct sy_request *ret, struct sy_err *err);

#endif
