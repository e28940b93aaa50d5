/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/live/bind.h"

#include "base/kube/client.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX ((size_t)64 << 10) /* four names */
#define BODY_DEPTH 16u
#define NAME_LEN_MAX 253u /* of a Kubernetes object */
#define IDLE_MAX 8u       /* connections that are kept */
/* Shorter than kube-scheduler waits by the stanza that we print (2 s): our answer, even "nobody
 * knows", is better than its time-out. */
#define CALL_MS 1700u

struct sy_binder {
    const struct sy_kube_config *config;
    struct sy_bind_ledger ledger;
    struct sy_bind_metrics *metrics;
    pthread_mutex_t lock; /* for the two below */
    size_t nidle;
    struct sy_kube_client *idle[IDLE_MAX];
};

enum sy_code sy_binder_new(const struct sy_kube_config *config, const struct sy_bind_ledger *ledger,
                           struct sy_bind_metrics *metrics, struct sy_binder **ret,
                           struct sy_err *err)
{
    struct sy_binder *binder = sy_calloc(1, sizeof *binder);
    if (binder == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the binder");
    binder->config = config;
    binder->ledger = *ledger;
    binder->metrics = metrics;
    (void)pthread_mutex_init(&binder->lock, NULL);
    *ret = binder;
    return SY_OK;
}

void sy_binder_free(struct sy_binder *binder)
{
    if (binder == NULL)
        return;
    for (size_t i = 0; i < binder->nidle; i++)
        sy_kube_client_free(binder->idle[i]);
    (void)pthread_mutex_destroy(&binder->lock);
    sy_free(binder);
}

static enum sy_code take_client(struct sy_binder *binder, struct sy_kube_client **ret,
                                struct sy_err *err)
{
    *ret = NULL;
    pthread_mutex_lock(&binder->lock);
    if (binder->nidle > 0)
        *ret = binder->idle[--binder->nidle];
    pthread_mutex_unlock(&binder->lock);
    if (*ret != NULL)
        return SY_OK;
    return sy_kube_client_new(binder->config, "switchyard-extender/" SY_VERSION, ret, err);
}

static void give_client_back(struct sy_binder *binder, struct sy_kube_client *client)
{
    pthread_mutex_lock(&binder->lock);
    if (binder->nidle < IDLE_MAX) {
        binder->idle[binder->nidle++] = client;
        client = NULL;
    }
    pthread_mutex_unlock(&binder->lock);
    sy_kube_client_free(client);
}

/* Names go into a path: only what a Kubernetes name or UID may hold. */
static bool is_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    return len > 0 && len <= NAME_LEN_MAX && text[len] == '\0' && text[0] != '.';
}

static enum sy_code read_name(const json_t *root, const char *key, const char **ret,
                              struct sy_err *err)
{
    const struct sy_path *at = SY_PATH_KEY(NULL, key);
    const json_t *value = sy_json_get_ci(root, key);
    char shown[64];
    if (!json_is_string(value))
        return sy_json_fail_type(at, "string", value, err);
    *ret = json_string_value(value);
    if (strlen(*ret) != json_string_length(value) || !is_name(*ret))
        return sy_json_fail(at, SY_EINVAL, err, "'%s' is no name of a Kubernetes object",
                            sy_quote(shown, sizeof shown, *ret, json_string_length(value)));
    return SY_OK;
}

enum sy_code sy_bind_args_parse(const char *body, size_t len, json_t **root,
                                struct sy_bind_args *ret, struct sy_err *err)
{
    static const struct sy_json_limits limits = {.max_bytes = BODY_MAX, .max_depth = BODY_DEPTH};
    sy_autojson json_t *parsed = NULL;
    enum sy_code code = sy_json_parse(body, len, &limits, &parsed, err);
    if (code == SY_OK && !json_is_object(parsed))
        code = sy_json_fail_type(NULL, "object", parsed, err);
    if (code == SY_OK)
        code = read_name(parsed, "PodName", &ret->name, err);
    if (code == SY_OK)
        code = read_name(parsed, "PodNamespace", &ret->namespace_, err);
    if (code == SY_OK)
        code = read_name(parsed, "PodUID", &ret->uid, err);
    if (code == SY_OK)
        code = read_name(parsed, "Node", &ret->node, err);
    if (code == SY_OK)
        *root = SY_TAKE(parsed);
    return code;
}

static enum sy_code binding_of(const struct sy_bind_args *args, char **ret, size_t *ret_len,
                               struct sy_err *err)
{
    sy_autojson json_t *binding =
        json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}", "apiVersion", "v1", "kind",
                  "Binding", "metadata", "name", args->name, "namespace", args->namespace_, "uid",
                  args->uid, "target", "apiVersion", "v1", "kind", "Node", "name", args->node);
    if (binding == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for a binding");
    return sy_json_dump(binding, false, ret, ret_len, err);
}

static enum sy_code post(struct sy_binder *binder, const struct sy_bind_args *args,
                         struct sy_err *err)
{
    char path[3 * NAME_LEN_MAX];
    sy_autofree char *body = NULL;
    struct sy_kube_client *client = NULL;
    struct sy_kube_call call = {.method = "POST", .path = path, .timeout_ms = CALL_MS};
    (void)snprintf(path, sizeof path, "/api/v1/namespaces/%s/pods/%s/binding", args->namespace_,
                   args->name);
    enum sy_code code = binding_of(args, &body, &call.body_len, err);
    call.body = body;
    if (code == SY_OK)
        code = take_client(binder, &client, err);
    if (code != SY_OK)
        return sy_fail(err, SY_ENOMEM, "out of memory for a binding");
    struct sy_kube_answer answer = {0};
    code = sy_kube_call(client, &call, NULL, &answer, err);
    if (code == SY_OK && answer.status >= 500)
        code = sy_fail(err, SY_EIO, "the API server: %u %s", answer.status, answer.message);
    else if (code == SY_OK && answer.status >= 300)
        code = sy_fail(err, SY_ECONFLICT, "the API server: %u %s", answer.status, answer.message);
    else if (code == SY_ELIMIT) /* of an answer; the binding was posted */
        code = SY_EIO;
    sy_kube_answer_clear(&answer);
    give_client_back(binder, client);
    return code;
}

enum sy_code sy_binder_bind(struct sy_binder *binder, const struct sy_bind_args *args,
                            struct sy_err *err)
{
    binder->ledger.assume(binder->ledger.data, args);
    enum sy_code code = post(binder, args, err);
    struct sy_bind_metrics *m = binder->metrics;
    (void)atomic_fetch_add(code == SY_OK    ? &m->bound
                           : code == SY_EIO ? &m->unknown
                                            : &m->refused,
                           1);
    if (code != SY_OK && code != SY_EIO)
        binder->ledger.forget(binder->ledger.data, args);
    return code;
}

void sy_bind_answer(const char *error, struct sy_str *out)
{
    char shown[512];
    const char *text = error != NULL ? error : "";
    sy_autojson json_t *checked = json_string(text); /* NULL: not UTF-8, or no memory */
    if (checked == NULL)
        text = sy_quote(shown, sizeof shown, text, strlen(text));
    sy_str_append(out, "{\"Error\":");
    sy_str_append_json(out, text, strlen(text));
    sy_str_append(out, "}");
}
