/* SPDX-License-Identifier: Apache-2.0 */
/* The Status object, with which an API server says what went wrong. */
#ifndef SY_BASE_KUBE_STATUS_H
#define SY_BASE_KUBE_STATUS_H

#include "base/json.h"

/* The longest Retry-After that is heeded, in a header or in a Status: as long as the longest wait
 * after a failure. A longer one would leave us blind at one server's (or proxy's) word. */
#define SY_KUBE_RETRY_AFTER_MAX_S 30

/* Parse an answer; *ret is NULL when it is empty or not JSON. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_kube_status_read(const char *text, size_t len, json_t **ret,
                                              struct sy_err *err);
/* Its message, printable, cut to `size`; "" when there is none. */
void sy_kube_status_message(const json_t *status, char *buf, size_t size);
unsigned sy_kube_status_code(const json_t *status);           /* 0 = not said */
unsigned sy_kube_status_retry_after_ms(const json_t *status); /* 0 = not said, at most 30,000 */

#endif
