/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kube/listener.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void tell(struct listener *listener, const char *mark, const json_t *object)
{
    const json_t *metadata = json_object_get(object, "metadata");
    const char *name = json_string_value(json_object_get(metadata, "name"));
    const char *version = json_string_value(json_object_get(metadata, "resourceVersion"));
    pthread_mutex_lock(&listener->lock);
    size_t len = strlen(listener->story);
    (void)snprintf(listener->story + len, STORY - len, "%s%s%s", mark, name != NULL ? name : "",
                   version != NULL ? version : "");
    pthread_mutex_unlock(&listener->lock);
}

static void on_begin(void *data)
{
    tell(data, "[", NULL);
}

static bool fails(struct listener *listener, unsigned *count)
{
    pthread_mutex_lock(&listener->lock);
    bool fail = *count > 0;
    *count -= fail;
    pthread_mutex_unlock(&listener->lock);
    return fail;
}

static enum sy_code on_put(void *data, const json_t *object, int64_t read_us, struct sy_err *err)
{
    struct listener *listener = data;
    tell(data, read_us > 0 ? "+" : "!", object);
    return fails(listener, &listener->fail_puts) ? sy_fail(err, SY_ENOMEM, "no room") : SY_OK;
}

static enum sy_code on_gone(void *data, const json_t *object, int64_t read_us, struct sy_err *err)
{
    (void)err;
    tell(data, read_us > 0 ? "-" : "!", object);
    return SY_OK;
}

static enum sy_code on_synced(void *data, struct sy_err *err)
{
    struct listener *listener = data;
    tell(data, "]", NULL);
    return fails(listener, &listener->fail_synced) ? sy_fail(err, SY_ENOMEM, "no room") : SY_OK;
}

static void on_note(void *data, bool bad, const char *text)
{
    struct listener *listener = data;
    const char *behind = strstr(text, "; again in"); /* how long is random */
    pthread_mutex_lock(&listener->lock);
    size_t len = strlen(listener->notes);
    (void)snprintf(listener->notes + len, STORY - len, "%s%.*s\n", bad ? "BAD " : "",
                   behind != NULL ? (int)(behind - text) : (int)strlen(text), text);
    pthread_mutex_unlock(&listener->lock);
}

static void on_refused(void *data, const json_t *object, const char *why)
{
    (void)why;
    tell(data, "?", object);
}

void listener_copy(struct listener *listener, char *story, char *notes)
{
    pthread_mutex_lock(&listener->lock);
    memcpy(story, listener->story, STORY);
    memcpy(notes, listener->notes, STORY);
    pthread_mutex_unlock(&listener->lock);
}

void listener_sleep_ms(unsigned ms)
{
    const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    (void)nanosleep(&wait, NULL);
}

static const struct sy_kube_field spec[] = {{.key = "x"}, {.key = NULL}};
static const struct sy_kube_field fields[] = {{.key = "spec", .below = spec}, {.key = NULL}};

void listener_wait(struct listener *listener, struct server *server, const char *story,
                   size_t requests, char *ret_story, char *ret_notes)
{
    for (unsigned waited = 0; waited < 20000; waited += 10) {
        listener_copy(listener, ret_story, ret_notes);
        if (strcmp(ret_story, story) == 0 && server_requests(server) >= requests)
            return;
        listener_sleep_ms(10);
    }
}

struct sy_kube_collection listener_collection(struct listener *listener)
{
    return (struct sy_kube_collection){
        .path = "/apis/x",
        .fields = fields,
        .handler = {on_begin, on_put, on_gone, on_synced, on_note, on_refused, listener}};
}

struct sy_kube_watch_options listener_options(const struct world *world)
{
    return (struct sy_kube_watch_options){.config = world->config,
                                          .user_agent = "test/1",
                                          .page_size = 2,
                                          .backoff_ms = 20,
                                          .backoff_max_ms = 60};
}

int64_t listener_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t listener_tell(struct world *world, struct listener *listener, unsigned backoff_ms,
                      const char *expected, size_t requests, uint64_t *ret_failures)
{
    const struct sy_kube_collection collection = listener_collection(listener);
    struct sy_kube_watch_options options = listener_options(world);
    options.backoff_ms = backoff_ms;
    options.backoff_max_ms = 3 * backoff_ms;
    struct sy_kube_watches *watches;
    char story[STORY], notes[STORY];
    struct sy_err err = {0};
    int64_t from_ms = listener_now_ms();
    pthread_mutex_init(&listener->lock, NULL);
    ck_assert_int_eq(sy_kube_watches_new(&options, &collection, 1, &watches, &err), SY_OK);
    ck_assert_int_eq(sy_kube_watches_start(watches, &err), SY_OK);
    listener_wait(listener, world->server, expected, requests, story, notes);
    int64_t took_ms = listener_now_ms() - from_ms;
    ck_assert_msg(strcmp(story, expected) == 0, "got %s, notes:\n%s", story, notes);
    *ret_failures = sy_kube_watches_stats(watches, 0)->failures;
    sy_kube_watches_free(watches);
    pthread_mutex_destroy(&listener->lock);
    return took_ms;
}
