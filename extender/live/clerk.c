/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/hash.h"
#include "extender/live/clerk_private.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define EVENTS_MAX 64u                     /* that wait to be written */
#define SPOKEN_MAX 512u                    /* remembered, so that they are not said again … */
#define SPOKEN_US (INT64_C(600) * 1000000) /* … for so long */
#define WAKE_EVERY_MS 1000u                /* below the scheduler's own back-off of one second */
#define AGAIN_US INT64_C(1000000)          /* after a call that failed */
/* While nobody leads, an event waits: for so long until the next one surely does. */
#define EVENT_WAITS_US ((int64_t)3 * SY_LEASE_S * 1000000)
#define NEVER_US INT64_MAX

struct spoken {
    struct sy_digest what;
    int64_t at_us;
};

struct sy_clerk {
    struct sy_clerk_options options;
    char namespace_[254], identity[128];
    struct sy_clerk_desk desk; /* the thread's */
    struct sy_lease lease;     /* the thread's */
    bool failing;              /* the thread's: said so */
    pthread_t thread;
    bool running;
    atomic_bool stopping;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t news;
    bool wake;
    char node[254];
    int64_t wake_at_unix_us; /* NEVER_US */
    size_t nevent;
    struct sy_event event[EVENTS_MAX];
    size_t next_spoken;
    struct spoken spoken[SPOKEN_MAX];
};

int sy_wake_find(const char *name)
{
    static const char *const names[SY_WAKE_COUNT] = {
#define X(id, name) [SY_WAKE_##id] = name,
        SY_WAKES(X)
#undef X
    };
    for (int i = 0; i < SY_WAKE_COUNT; i++) {
        if (strcmp(name, names[i]) == 0)
            return i;
    }
    return -1;
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Cut at the size, and not inside of a character. */
static void copy(char *to, size_t size, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    if (len > 0)
        memcpy(to, text, len);
    to[len] = '\0';
}

static void say(struct sy_clerk *clerk, enum sy_level level, const char *msg, const char *error)
{
    struct sy_log_line line;
    sy_log_begin(&line, clerk->options.log, level, msg);
    sy_log_str(&line, "error", error);
    sy_log_end(&line);
}

/* Failures are said when they begin and when they end. */
static void report(struct sy_clerk *clerk, enum sy_code code, const struct sy_err *err)
{
    bool failing = code != SY_OK;
    if (failing && !clerk->failing && !clerk->stopping)
        say(clerk, SY_LEVEL_WARN, "the API server does not take what we write", err->text);
    else if (!failing && clerk->failing)
        say(clerk, SY_LEVEL_INFO, "the API server takes what we write again", NULL);
    clerk->failing = failing;
}

static void keep_lease(struct sy_clerk *clerk)
{
    struct sy_err err = {0};
    bool led = clerk->lease.leads;
    enum sy_code code = sy_lease_step(&clerk->lease, &clerk->desk, clock_us(CLOCK_MONOTONIC),
                                      clock_us(CLOCK_REALTIME), &err);
    report(clerk, code, &err);
    if (led != clerk->lease.leads)
        say(clerk, SY_LEVEL_INFO,
            clerk->lease.leads ? "this replica wakes and writes events"
                               : "another replica wakes and writes events",
            NULL);
    clerk->options.metrics->leads = clerk->lease.leads;
}

/* Returns when the next touch is allowed, monotonic. */
static int64_t touch(struct sy_clerk *clerk, const char *node)
{
    struct sy_err err = {0};
    enum sy_code code =
        sy_wake_touch(&clerk->desk, clerk->options.wake, node, clock_us(CLOCK_REALTIME), &err);
    report(clerk, code, &err);
    struct sy_clerk_metrics *m = clerk->options.metrics;
    (void)atomic_fetch_add(code == SY_OK ? &m->wakes_done : &m->wakes_failed, 1);
    if (code != SY_OK)
        sy_clerk_wake(clerk, SY_WAKE_WHY_FREED, node); /* must not be lost in an outage */
    int64_t pause = (int64_t)clerk->options.wake_every_ms * 1000;
    return clock_us(CLOCK_MONOTONIC) + (code != SY_OK && pause < AGAIN_US ? AGAIN_US : pause);
}

static void write_event(struct sy_clerk *clerk, const struct sy_event *event)
{
    struct sy_err err = {0};
    enum sy_code code = sy_event_write(&clerk->desk, event, clock_us(CLOCK_REALTIME), &err);
    report(clerk, code, &err);
    struct sy_clerk_metrics *m = clerk->options.metrics;
    (void)atomic_fetch_add(code == SY_OK ? &m->events_written : &m->events_failed, 1);
}

/* What is to be done now; taken out of the lists. */
struct work {
    bool wake;
    char node[254];
    bool has_event;
    struct sy_event event;
};

/* What another replica has surely written by now. */
static void forget_old_events(struct sy_clerk *clerk, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < clerk->nevent; i++) {
        if (now - clerk->event[i].at_us < EVENT_WAITS_US)
            clerk->event[kept++] = clerk->event[i];
    }
    clerk->nevent = kept;
}

/* Waits until there is work, the Lease is to be renewed, or the end. One that does not lead keeps
 * what there is to do, for the case that the one that leads is gone. */
static void wait_for_work(struct sy_clerk *clerk, int64_t wake_allowed_us, struct work *ret)
{
    bool leads = clerk->lease.leads;
    pthread_mutex_lock(&clerk->lock);
    if (!leads)
        forget_old_events(clerk, clock_us(CLOCK_MONOTONIC));
    for (;;) {
        int64_t now = clock_us(CLOCK_MONOTONIC), until = clerk->lease.renew_at_us;
        int64_t unix_us = clock_us(CLOCK_REALTIME);
        if (unix_us >= clerk->wake_at_unix_us) {
            clerk->wake = true;
            clerk->wake_at_unix_us = NEVER_US;
        }
        if (leads && clerk->wake && wake_allowed_us < until)
            until = wake_allowed_us;
        if (clerk->wake_at_unix_us != NEVER_US && clerk->wake_at_unix_us - unix_us < until - now)
            until = now + (clerk->wake_at_unix_us - unix_us);
        ret->wake = leads && clerk->wake && now >= wake_allowed_us;
        ret->has_event = leads && clerk->nevent > 0;
        if (clerk->stopping || ret->wake || ret->has_event || now >= until)
            break;
        struct timespec at = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
        (void)pthread_cond_timedwait(&clerk->news, &clerk->lock, &at);
    }
    if (ret->wake) {
        clerk->wake = false;
        memcpy(ret->node, clerk->node, sizeof ret->node);
    }
    if (ret->has_event) {
        ret->event = clerk->event[0];
        clerk->nevent--;
        memmove(clerk->event, clerk->event + 1, clerk->nevent * sizeof clerk->event[0]);
    }
    pthread_mutex_unlock(&clerk->lock);
}

static void *work(void *data)
{
    struct sy_clerk *clerk = data;
    int64_t wake_allowed_us = 0;
    struct work *todo = sy_calloc(1, sizeof *todo);
    while (todo != NULL && !clerk->stopping) {
        if (clock_us(CLOCK_MONOTONIC) >= clerk->lease.renew_at_us)
            keep_lease(clerk);
        wait_for_work(clerk, wake_allowed_us, todo);
        if (todo->wake && !clerk->stopping)
            wake_allowed_us = touch(clerk, todo->node);
        if (todo->has_event && !clerk->stopping)
            write_event(clerk, &todo->event);
    }
    sy_free(todo);
    return NULL;
}

enum sy_code sy_clerk_new(const struct sy_clerk_options *options, struct sy_clerk **ret,
                          struct sy_err *err)
{
    struct sy_clerk *clerk = sy_calloc(1, sizeof *clerk);
    if (clerk == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the clerk");
    enum sy_code code = sy_kube_client_new(options->config, "switchyard-extender/" SY_VERSION,
                                           &clerk->desk.client, err);
    if (code != SY_OK) {
        sy_free(clerk);
        return code;
    }
    clerk->options = *options;
    if (clerk->options.wake_every_ms == 0)
        clerk->options.wake_every_ms = WAKE_EVERY_MS;
    copy(clerk->namespace_, sizeof clerk->namespace_, options->namespace_);
    copy(clerk->identity, sizeof clerk->identity, options->identity);
    clerk->desk.namespace_ = clerk->namespace_;
    clerk->desk.identity = clerk->identity;
    clerk->desk.stopping = &clerk->stopping;
    clerk->wake_at_unix_us = NEVER_US;
    (void)pthread_mutex_init(&clerk->lock, NULL);
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&clerk->news, &attr);
    (void)pthread_condattr_destroy(&attr);
    *ret = clerk;
    return SY_OK;
}

int64_t sy_clerk_last_alive(struct sy_clerk *clerk)
{
    return sy_lease_last_alive(&clerk->desk);
}

enum sy_code sy_clerk_start(struct sy_clerk *clerk, struct sy_err *err)
{
    int failed = pthread_create(&clerk->thread, NULL, work, clerk);
    if (failed != 0)
        return sy_fail(err, SY_EIO, "cannot start the clerk's thread: %s", strerror(failed));
    clerk->running = true;
    return SY_OK;
}

void sy_clerk_free(struct sy_clerk *clerk)
{
    if (clerk == NULL)
        return;
    clerk->stopping = true;
    pthread_mutex_lock(&clerk->lock);
    (void)pthread_cond_signal(&clerk->news);
    pthread_mutex_unlock(&clerk->lock);
    if (clerk->running)
        (void)pthread_join(clerk->thread, NULL);
    clerk->desk.stopping = NULL;
    sy_lease_release(&clerk->lease, &clerk->desk, clock_us(CLOCK_REALTIME));
    sy_kube_client_free(clerk->desk.client);
    (void)pthread_cond_destroy(&clerk->news);
    (void)pthread_mutex_destroy(&clerk->lock);
    sy_free(clerk);
}

void sy_clerk_wake(struct sy_clerk *clerk, enum sy_wake_why why, const char *node)
{
    if (clerk == NULL || clerk->options.wake == SY_WAKE_OFF)
        return;
    (void)atomic_fetch_add(&clerk->options.metrics->wakes_wanted[why], 1);
    pthread_mutex_lock(&clerk->lock);
    if (node != NULL && node[0] != '\0')
        copy(clerk->node, sizeof clerk->node, node);
    clerk->wake = true;
    (void)pthread_cond_signal(&clerk->news);
    pthread_mutex_unlock(&clerk->lock);
}

void sy_clerk_wake_at(struct sy_clerk *clerk, int64_t unix_us)
{
    if (clerk == NULL || clerk->options.wake == SY_WAKE_OFF)
        return;
    pthread_mutex_lock(&clerk->lock);
    if (unix_us < clerk->wake_at_unix_us) {
        (void)atomic_fetch_add(&clerk->options.metrics->wakes_wanted[SY_WAKE_WHY_RELAXED], 1);
        clerk->wake_at_unix_us = unix_us;
        (void)pthread_cond_signal(&clerk->news);
    }
    pthread_mutex_unlock(&clerk->lock);
}

/* True when the same was said of the same pod lately; else it is remembered. */
static bool was_said(struct sy_clerk *clerk, const struct sy_clerk_event *event, int64_t now_us)
{
    struct sy_digest what = sy_digest_begin();
    sy_digest_str(&what, event->uid);
    sy_digest_str(&what, event->reason);
    for (size_t i = 0; i < SPOKEN_MAX; i++) {
        const struct spoken *s = &clerk->spoken[i];
        if (s->at_us != 0 && now_us - s->at_us < SPOKEN_US && sy_digest_equal(s->what, what))
            return true;
    }
    clerk->spoken[clerk->next_spoken] = (struct spoken){what, now_us};
    clerk->next_spoken = (clerk->next_spoken + 1) % SPOKEN_MAX;
    return false;
}

void sy_clerk_event(struct sy_clerk *clerk, const struct sy_clerk_event *event)
{
    if (clerk == NULL)
        return;
    int64_t now = clock_us(CLOCK_MONOTONIC);
    pthread_mutex_lock(&clerk->lock);
    if (!was_said(clerk, event, now)) {
        if (clerk->nevent == EVENTS_MAX) {
            (void)atomic_fetch_add(&clerk->options.metrics->events_dropped, 1);
        } else {
            struct sy_event *kept = &clerk->event[clerk->nevent++];
            kept->at_us = now;
            copy(kept->namespace_, sizeof kept->namespace_, event->namespace_);
            copy(kept->name, sizeof kept->name, event->name);
            copy(kept->uid, sizeof kept->uid, event->uid);
            copy(kept->reason, sizeof kept->reason, event->reason);
            copy(kept->note, sizeof kept->note, event->note);
            (void)pthread_cond_signal(&clerk->news);
        }
    }
    pthread_mutex_unlock(&clerk->lock);
}
