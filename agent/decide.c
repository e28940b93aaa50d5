/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/decide.h"

bool sy_watts_differ(int64_t before_mw, int64_t now_mw)
{
    if (before_mw < 0 || now_mw < 0)
        return (before_mw < 0) != (now_mw < 0);
    int64_t difference = before_mw > now_mw ? before_mw - now_mw : now_mw - before_mw;
    int64_t larger = before_mw > now_mw ? before_mw : now_mw;
    return difference >= SY_POWER_STEP_MW && difference * SY_POWER_SHARE >= larger;
}

static bool watts_differ(const struct sy_content *before, const struct sy_content *now)
{
    bool differ = before->nwatts != now->nwatts;
    for (unsigned i = 0; i < now->nwatts && !differ; i++)
        differ = sy_watts_differ(before->watts[i], now->watts[i]);
    return differ;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The moment from which the status may be written, as things are. */
static int64_t status_due(const struct sy_written *written, const struct sy_content *now,
                          int64_t heartbeat_us)
{
    if (!written->has_status)
        return later(written->status_us + SY_STATUS_GAP_US, 0);
    if (!sy_digest_equal(written->content.status, now->status))
        return written->status_us + SY_STATUS_GAP_US;
    int64_t due = written->status_us + heartbeat_us;
    if (watts_differ(&written->content, now) && written->status_us + SY_POWER_GAP_US < due)
        due = written->status_us + SY_POWER_GAP_US;
    return due;
}

enum sy_action sy_decide(const struct sy_written *written, const struct sy_content *now,
                         int64_t heartbeat_us, int64_t now_us, int64_t *ret_again_us)
{
    bool needs_spec = !written->has_spec || !sy_digest_equal(written->content.spec, now->spec);
    int64_t due = needs_spec ? 0 : status_due(written, now, heartbeat_us);
    if (!needs_spec && !written->has_status && written->status_us == 0)
        due = 0; /* the first one */
    due = later(due, written->not_before_us);
    *ret_again_us = due;
    if (now_us < due)
        return SY_WRITE_NOTHING;
    return needs_spec ? SY_WRITE_SPEC : SY_WRITE_STATUS;
}

void sy_decide_done(struct sy_written *written, enum sy_action action,
                    const struct sy_content *content, int64_t now_us)
{
    written->failures = 0;
    written->not_before_us = 0;
    if (action == SY_WRITE_SPEC) {
        written->has_spec = true;
        written->spec_us = now_us;
        written->content.spec = content->spec;
        return;
    }
    struct sy_digest spec = written->content.spec;
    written->has_status = true;
    written->status_us = now_us;
    written->content = *content;
    written->content.spec = spec;
}

void sy_decide_failed(struct sy_written *written, int64_t retry_after_us, uint32_t random,
                      int64_t now_us)
{
    int64_t wait = SY_BACKOFF_MIN_US;
    for (unsigned i = 0; i < written->failures && wait < SY_BACKOFF_MAX_US; i++)
        wait *= 2;
    wait = wait < SY_BACKOFF_MAX_US ? wait : SY_BACKOFF_MAX_US;
    wait = wait / 2 + (int64_t)(random % (uint32_t)(wait / 2 + 1));
    written->failures += written->failures < 1000 ? 1 : 0;
    written->not_before_us = now_us + later(wait, sooner(retry_after_us, SY_RETRY_AFTER_MAX_US));
}
