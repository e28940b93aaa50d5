/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/client.h"

#include "base/kube/http.h"
#include "base/kube/status.h"
#include "base/str.h"

#include <string.h>

#define TIMEOUT_MS 10000u
#define STOP_MS 50u /* how often the wait looks at `stop` */

struct sy_kube_client {
    struct sy_kube_login login;
    struct sy_kube_http *http;
    struct sy_kube_http_transfer *transfer;
    char *user_agent;
    struct sy_str text; /* of the answer */
    bool too_long;
};

enum sy_code sy_kube_client_new(const struct sy_kube_config *config, const char *user_agent,
                                struct sy_kube_client **ret, struct sy_err *err)
{
    struct sy_kube_client *client = sy_calloc(1, sizeof *client);
    if (client == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for a client");
    client->login.config = config;
    sy_str_init(&client->text, SY_KUBE_ANSWER_MAX);
    client->user_agent = sy_strdup(user_agent);
    enum sy_code code =
        client->user_agent != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for a client");
    if (code == SY_OK)
        code = sy_kube_http_new(&client->http, err);
    if (code == SY_OK)
        code = sy_kube_http_transfer_new(client->http, client, &client->transfer, err);
    if (code == SY_OK)
        *ret = client;
    else
        sy_kube_client_free(client);
    return code;
}

void sy_kube_client_free(struct sy_kube_client *client)
{
    if (client == NULL)
        return;
    sy_kube_http_transfer_free(client->transfer);
    sy_kube_http_free(client->http);
    sy_kube_login_done(&client->login);
    sy_str_done(&client->text);
    sy_free(client->user_agent);
    sy_free(client);
}

static bool take(void *data, const char *bytes, size_t len)
{
    struct sy_kube_client *client = data;
    client->too_long = len > SY_KUBE_ANSWER_MAX - client->text.len;
    sy_str_append_n(&client->text, bytes, len);
    return !sy_str_failed(&client->text);
}

/* One request, one answer. */
static enum sy_code ask(struct sy_kube_client *client, const struct sy_kube_call *call,
                        const atomic_bool *stop, struct sy_kube_http_result *ret,
                        struct sy_err *err)
{
    const struct sy_kube_http_request request = {
        .config = client->login.config,
        .token = client->login.token,
        .method = call->method,
        .path = call->path,
        .user_agent = client->user_agent,
        .content_type = call->content_type,
        .body = call->body,
        .body_len = call->body_len,
        .timeout_ms = call->timeout_ms != 0 ? call->timeout_ms : TIMEOUT_MS,
        .take = take,
        .data = client,
    };
    sy_str_done(&client->text);
    enum sy_code code = sy_kube_http_start(client->transfer, &request, err);
    if (code != SY_OK)
        return code;
    while (sy_kube_http_ended(client->http, ret) == NULL) {
        if (stop != NULL && *stop) {
            sy_kube_http_cancel(client->transfer);
            return sy_fail(err, SY_EIO, "%s: told to stop", client->login.config->server);
        }
        sy_kube_http_turn(client->http, STOP_MS);
    }
    if (ret->broken_off && !client->too_long)
        return sy_fail(err, SY_ENOMEM, "out of memory for an answer");
    if (ret->broken_off)
        return sy_fail(err, SY_ELIMIT, "%s%s: an answer of more than %u bytes",
                       client->login.config->server, call->path, SY_KUBE_ANSWER_MAX);
    if (!ret->whole)
        return sy_fail(err, SY_EIO, "%s", ret->why);
    return SY_OK;
}

enum sy_code sy_kube_call(struct sy_kube_client *client, const struct sy_kube_call *call,
                          const atomic_bool *stop, struct sy_kube_answer *ret, struct sy_err *err)
{
    struct sy_kube_http_result result = {0};
    enum sy_code code = sy_kube_login_look(&client->login, sy_kube_http_now_us(), false, err);
    if (code == SY_OK)
        code = ask(client, call, stop, &result, err);
    if (code == SY_OK && result.status == 401 && client->login.config->token_file != NULL) {
        code = sy_kube_login_look(&client->login, sy_kube_http_now_us(), true, err);
        if (code == SY_OK)
            code = ask(client, call, stop, &result, err);
    }
    if (code != SY_OK)
        return code;
    struct sy_kube_answer answer = {.status = result.status,
                                    .retry_after_ms = result.retry_after_ms};
    code = sy_kube_status_read(client->text.data, client->text.len, &answer.body, err);
    if (code != SY_OK)
        return code;
    if (answer.status < 200 || answer.status > 299)
        sy_kube_status_message(answer.body, answer.message, sizeof answer.message);
    *ret = answer;
    return SY_OK;
}

void sy_kube_answer_clear(struct sy_kube_answer *answer)
{
    json_decref(answer->body);
    *answer = (struct sy_kube_answer){0};
}
