/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster as its API server tells it now: each collection is listed once, through the client
 * that the service watches with (paged or streamed, tried again when it breaks off). */
#define _GNU_SOURCE
#include "base/kube/client.h"
#include "base/kube/watch.h"
#include "planner/state/state_private.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define USER_AGENT "switchyard/" SY_VERSION
#define WAIT_S 120 /* for all lists together */
#define LOOK_US 20000

struct listing {
    struct live *live;
    enum sy_state_kind kind;
    bool done;
    char note[320]; /* what went wrong last */
};

struct live {
    pthread_mutex_t lock; /* of all of it: the watches' thread writes, ours waits */
    struct sy_intake *intake;
    struct listing listing[SY_STATE_KIND_COUNT];
    bool present[SY_STATE_KIND_COUNT];
    struct sy_err failed;
};

static void begin(void *data)
{
    struct listing *l = data;
    pthread_mutex_lock(&l->live->lock);
    if (!l->done)
        sy_intake_forget(l->live->intake, l->kind);
    pthread_mutex_unlock(&l->live->lock);
}

/* What an API server leaves out of the items of its lists. */
static enum sy_code put_kind(const json_t *object, enum sy_state_kind kind, json_t **ret,
                             struct sy_err *err)
{
    sy_autojson json_t *copy = json_object();
    const char *key;
    json_t *value;
    bool ok =
        copy != NULL &&
        json_object_set_new(copy, "apiVersion", json_string(sy_state_kind_version(kind))) == 0 &&
        json_object_set_new(copy, "kind", json_string(sy_state_kind_name(kind))) == 0;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (strcmp(key, "apiVersion") != 0 && strcmp(key, "kind") != 0)
            ok = ok && json_object_set(copy, key, value) == 0;
    }
    if (!ok)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    *ret = SY_TAKE(copy);
    return SY_OK;
}

static enum sy_code take(struct listing *l, const json_t *object, struct sy_err *err)
{
    sy_autojson json_t *whole = NULL;
    const json_t *metadata = json_object_get(object, "metadata");
    const char *namespace_ = json_string_value(json_object_get(metadata, "namespace"));
    const char *name = json_string_value(json_object_get(metadata, "name"));
    char where[600];
    (void)snprintf(where, sizeof where, "%s %s%s%s", sy_state_kind_name(l->kind),
                   namespace_ != NULL ? namespace_ : "", namespace_ != NULL ? "/" : "",
                   name != NULL ? name : "");
    enum sy_code code = put_kind(object, l->kind, &whole, err);
    return code == SY_OK ? sy_intake_put(l->live->intake, whole, where, err) : code;
}

static enum sy_code put(void *data, const json_t *object, int64_t read_us, struct sy_err *err)
{
    struct listing *l = data;
    struct sy_err why = {0};
    (void)read_us, (void)err;
    pthread_mutex_lock(&l->live->lock);
    if (!l->done && l->live->failed.code == SY_OK && take(l, object, &why) != SY_OK)
        l->live->failed = why;
    pthread_mutex_unlock(&l->live->lock);
    return SY_OK;
}

static enum sy_code gone(void *data, const json_t *object, int64_t read_us, struct sy_err *err)
{
    (void)data, (void)object, (void)read_us, (void)err;
    return SY_OK; /* the state is that of the list */
}

static enum sy_code synced(void *data, struct sy_err *err)
{
    struct listing *l = data;
    (void)err;
    pthread_mutex_lock(&l->live->lock);
    l->done = true;
    l->live->intake->listed[l->kind] = true;
    pthread_mutex_unlock(&l->live->lock);
    return SY_OK;
}

static void note(void *data, bool bad, const char *text)
{
    struct listing *l = data;
    pthread_mutex_lock(&l->live->lock);
    (void)snprintf(l->note, sizeof l->note, "%s", bad ? text : "");
    pthread_mutex_unlock(&l->live->lock);
}

/* --- Who answers, and may we. */

/* Is the collection there? The first question also tells whether anybody answers at all. */
static enum sy_code ask(struct sy_kube_client *client, enum sy_state_kind kind, bool *ret,
                        struct sy_err *err)
{
    char path[160];
    struct sy_kube_answer answer = {0};
    (void)snprintf(path, sizeof path, "%s?limit=1", sy_state_kind_path(kind));
    const struct sy_kube_call call = {.method = "GET", .path = path};
    enum sy_code code = sy_kube_call(client, &call, NULL, &answer, err);
    if (code != SY_OK)
        return code;
    *ret = answer.status == 200;
    if (answer.status != 200 && answer.status != 404)
        code = sy_fail(err, SY_EIO, "%s: the API server answers %u: %s", sy_state_kind_path(kind),
                       answer.status, answer.message);
    else if (answer.status == 404 && (kind == SY_STATE_NODE || kind == SY_STATE_POD))
        code =
            sy_fail(err, SY_EIO, "%s: not found: is this an API server?", sy_state_kind_path(kind));
    sy_kube_answer_clear(&answer);
    return code;
}

static enum sy_code look_around(struct live *live, const struct sy_kube_config *config,
                                struct sy_err *err)
{
    struct sy_kube_client *client = NULL;
    enum sy_code code = sy_kube_client_new(config, USER_AGENT, &client, err);
    for (unsigned k = 0; k < SY_STATE_KIND_COUNT && code == SY_OK; k++) {
        code = ask(client, (enum sy_state_kind)k, &live->present[k], err);
        if (code == SY_OK && !live->present[k])
            code = sy_intake_note(live->intake, err, "the cluster does not know the kind %s",
                                  sy_state_kind_name((enum sy_state_kind)k));
    }
    sy_kube_client_free(client);
    return code;
}

static bool is_done(struct live *live, struct sy_err *err)
{
    bool done = true;
    pthread_mutex_lock(&live->lock);
    for (unsigned k = 0; k < SY_STATE_KIND_COUNT; k++)
        done = done && (!live->present[k] || live->listing[k].done);
    if (live->failed.code != SY_OK)
        *err = live->failed;
    pthread_mutex_unlock(&live->lock);
    return done || err->code != SY_OK;
}

static enum sy_code fail_late(struct live *live, struct sy_err *err)
{
    pthread_mutex_lock(&live->lock);
    for (unsigned k = 0; k < SY_STATE_KIND_COUNT; k++)
        if (live->present[k] && !live->listing[k].done)
            (void)sy_fail(err, SY_EIO, "%s: not listed within %u s%s%s",
                          sy_state_kind_path((enum sy_state_kind)k), WAIT_S,
                          live->listing[k].note[0] != '\0' ? ": " : "", live->listing[k].note);
    pthread_mutex_unlock(&live->lock);
    return err->code;
}

static enum sy_code list_all(struct live *live, const struct sy_kube_config *config,
                             struct sy_err *err)
{
    struct sy_kube_collection collection[SY_STATE_KIND_COUNT];
    struct sy_kube_watches *watches = NULL;
    size_t n = 0;
    for (unsigned k = 0; k < SY_STATE_KIND_COUNT; k++) {
        enum sy_state_kind kind = (enum sy_state_kind)k;
        live->listing[k] = (struct listing){.live = live, .kind = kind};
        if (!live->present[k])
            continue;
        collection[n++] = (struct sy_kube_collection){.path = sy_state_kind_path(kind),
                                                      .selector = sy_state_kind_selector(kind),
                                                      .fields = sy_state_kind_fields(kind),
                                                      .handler = {.begin = begin,
                                                                  .put = put,
                                                                  .gone = gone,
                                                                  .synced = synced,
                                                                  .note = note,
                                                                  .data = &live->listing[k]}};
    }
    const struct sy_kube_watch_options options = {
        .config = config, .user_agent = USER_AGENT, .seed = 1};
    enum sy_code code = sy_kube_watches_new(&options, collection, n, &watches, err);
    if (code == SY_OK)
        code = sy_kube_watches_start(watches, err);
    struct sy_err why = {0};
    for (unsigned i = 0; code == SY_OK && !is_done(live, &why); i++) {
        if (i > WAIT_S * (1000000 / LOOK_US))
            code = fail_late(live, err);
        (void)usleep(LOOK_US);
    }
    sy_kube_watches_free(watches); /* the thread ends here */
    return code == SY_OK && why.code != SY_OK ? sy_fail(err, why.code, "%s", why.text) : code;
}

/* --- Which API server. */

static enum sy_code find_config(const struct sy_state_options *options, struct sy_arena *arena,
                                struct sy_kube_config **ret, struct sy_err *err)
{
    const char *path = options->kubeconfig, *home = getenv("HOME");
    if (options->in_cluster)
        return sy_kube_config_in_cluster(NULL, ret, err);
    if (path == NULL)
        path = getenv("KUBECONFIG");
    if (path != NULL && path[0] == '\0')
        path = NULL;
    if (path != NULL && options->kubeconfig == NULL && strchr(path, ':') != NULL)
        return sy_fail(err, SY_EUSAGE,
                       "KUBECONFIG names several files: say which one with --kubeconfig");
    if (path == NULL && home != NULL)
        path = sy_arena_printf(arena, "%s/.kube/config", home);
    if (path == NULL)
        return sy_fail(err, SY_EUSAGE, "no cluster: give --snapshot or --kubeconfig");
    enum sy_code code = sy_kube_config_context(path, options->context, ret, err);
    if (code == SY_ENOENT && options->kubeconfig == NULL)
        sy_wrap(err, "no cluster: give --snapshot or --kubeconfig");
    return code;
}

enum sy_code sy_state_read_live(struct sy_intake *intake, const struct sy_state_options *options,
                                const struct sy_cli *cli, const char **ret_source,
                                struct sy_err *err)
{
    struct sy_kube_config *config = NULL;
    struct live live = {.lock = PTHREAD_MUTEX_INITIALIZER, .intake = intake};
    struct timespec now;
    (void)cli;
    enum sy_code code = find_config(options, intake->arena, &config, err);
    if (code != SY_OK)
        return code;
    intake->lenient = true;
    code = look_around(&live, config, err);
    if (code == SY_OK)
        code = list_all(&live, config, err);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    intake->taken_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    *ret_source = sy_arena_printf(intake->arena, "API server %s", sy_kube_config_server(config));
    if (code == SY_OK && *ret_source == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    sy_kube_config_free(config);
    return code;
}
