/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 timestamps ("2026-11-22T13:09:00.5+01:00") ⇄ microseconds since 1970, UTC. No clock. */
#ifndef SY_BASE_TIME_H
#define SY_BASE_TIME_H

#include "base/err.h"

#include <stdint.h>

#define SY_TIME_TEXT 32 /* bytes of a formatted time */

/* Years 0000 to 9999, so that Go's zero time (year 1) is one: before 1970 *ret_us is negative. 't'
 * and 'z' may be small, digits below a microsecond are dropped, second 60 is the next minute's
 * first. SY_EPARSE: not of that form, no day of the calendar, or in UTC past year 9999. */
SY_NODISCARD enum sy_code sy_time_parse(const char *text, int64_t *ret_us, struct sy_err *err);
/* In UTC, six decimals or none; `us` within 1970 to 9999. buf of SY_TIME_TEXT bytes, returned. */
const char *sy_time_format(int64_t us, char *buf);

#endif
