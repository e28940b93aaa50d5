/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/live/live.h"

#include "extender/config.h"
#include "extender/live/live_private.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define INTAKE_MAX ((size_t)64 << 20)  /* of one object being read */
#define SCRATCH_MAX ((size_t)64 << 20) /* of one node being made */

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t sy_live_steady_us(const struct sy_live *live)
{
    const struct sy_live_clock *clock = &live->options.clock;
    return clock->steady_us != NULL ? clock->steady_us(clock->data) : clock_us(CLOCK_MONOTONIC);
}

int64_t sy_live_unix_us(const struct sy_live *live)
{
    const struct sy_live_clock *clock = &live->options.clock;
    return clock->unix_us != NULL ? clock->unix_us(clock->data) : clock_us(CLOCK_REALTIME);
}

void sy_live_notify(struct sy_live *live)
{
    const uint64_t one = 1;
    if (write(live->notice, &one, sizeof one) < 0)
        return; /* the counter is full: the keeper knows */
}

void sy_live_say(struct sy_live *live, enum sy_level level, const char *msg, const char *key,
                 const char *value, const char *text)
{
    struct sy_log_line line;
    if (live->options.log == NULL)
        return;
    sy_log_begin(&line, live->options.log, level, msg);
    sy_log_str(&line, key, value);
    sy_log_str(&line, level == SY_LEVEL_INFO ? "text" : "error", text);
    sy_log_end(&line);
}

struct sy_feed *sy_live_feed(struct sy_live *live)
{
    return &live->feed;
}

enum sy_code sy_live_new(const struct sy_live_options *options, struct sy_live **ret,
                         struct sy_err *err)
{
    struct sy_live *live = sy_calloc(1, sizeof *live);
    if (live == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the live feed");
    live->feed.ops = &sy_live_feed_ops;
    live->options = *options;
    if (live->options.old_s == 0)
        live->options.old_s = SY_REPORT_OLD_S;
    if (live->options.expired_s == 0)
        live->options.expired_s = SY_REPORT_EXPIRED_S;
    live->assumed_due_us = live->age_due_us = live->relax_due_us = INT64_MAX;
    live->catalogue = sy_catalogue_ref(options->catalogue);
    live->intake = sy_arena_new(INTAKE_MAX);
    live->scratch = sy_arena_new(SCRATCH_MAX);
    (void)pthread_mutex_init(&live->lock, NULL);
    live->notice = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum sy_code code = SY_OK;
    if (live->notice < 0)
        code = sy_fail(err, SY_EIO, "eventfd: %s", strerror(errno));
    else if (live->intake == NULL || live->scratch == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory for the live feed");
    if (code != SY_OK) {
        sy_live_free(live);
        return code;
    }
    *ret = live;
    return SY_OK;
}

void sy_live_free(struct sy_live *live)
{
    if (live == NULL)
        return;
    if (live->stop_watches != NULL)
        live->stop_watches(live->watches);
    sy_live_records_done(live);
    sy_live_shared_done(live);
    sy_policy_unref(live->policy);
    sy_catalogue_unref(live->catalogue);
    sy_arena_free(live->intake);
    sy_arena_free(live->scratch);
    sy_free(live->change);
    sy_free(live->node);
    sy_free(live->read_us);
    if (live->notice >= 0)
        (void)close(live->notice);
    (void)pthread_mutex_destroy(&live->lock);
    sy_free(live);
}
