/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/publish.h"

#include "base/str.h"
#include "topology/cordon.h"

#include <stdio.h>
#include <string.h>

#define FABRICS "/apis/switchyard.dev/v1alpha1/nodefabrics/"
#define CALL_TIMEOUT_MS 5000u /* nothing else is done meanwhile */
#define PATH_MAX_BYTES 512
#define FABRIC_KIND "NodeFabric"
#define CORDON_TEXT_MAX (64u * 1024u)

/* What an operator can do about it; "" when the server's own words say it all. */
static const char *advice(unsigned status, enum sy_action action)
{
    switch (status) {
    case 401:
        return " (the token is not accepted)";
    case 403:
        return " (RBAC or the admission policy: deploy/kustomize/base has both)";
    case 404:
        return action == SY_WRITE_SPEC ? " (is the CRD nodefabrics.switchyard.dev installed?)"
                                       : " (the object is gone and will be written again)";
    case 409:
        return " (another field manager owns it)";
    case 422:
        return " (the CRD's schema refuses it: are agent and CRD of one version?)";
    default:
        return "";
    }
}

static enum sy_code fail_status(const struct sy_kube_answer *answer, const char *what,
                                enum sy_action action, struct sy_err *err)
{
    return sy_fail(err, SY_EIO, "%s: HTTP %u%s%s%s", what, answer->status,
                   answer->message[0] != '\0' ? ": " : "", answer->message,
                   advice(answer->status, action));
}

static const char *shape_of(const json_t *body)
{
    if (body == NULL)
        return "no JSON";
    return json_is_array(body) ? "a JSON array" : json_is_object(body) ? "a JSON object" : "JSON";
}

/* Whether the answer of a success is the object of that kind and our name. */
static enum sy_code check_object(const struct sy_publisher *publisher,
                                 const struct sy_kube_answer *answer, const char *what,
                                 const char *kind, struct sy_err *err)
{
    const char *of_kind = json_string_value(json_object_get(answer->body, "kind"));
    const json_t *metadata = json_object_get(answer->body, "metadata");
    const char *name = json_string_value(json_object_get(metadata, "name"));
    char shown[2][64];
    if (of_kind == NULL)
        return sy_fail(err, SY_EIO, "%s: HTTP %u with %s, not %s %s: is this an API server?", what,
                       answer->status, shape_of(answer->body), kind, publisher->node);
    name = name != NULL ? name : "";
    if (strcmp(of_kind, kind) == 0 && strcmp(name, publisher->node) == 0)
        return SY_OK;
    return sy_fail(err, SY_EIO, "%s: HTTP %u with kind '%s', name '%s', not %s %s", what,
                   answer->status, sy_quote(shown[0], sizeof shown[0], of_kind, strlen(of_kind)),
                   sy_quote(shown[1], sizeof shown[1], name, strlen(name)), kind, publisher->node);
}

enum sy_code sy_publish(const struct sy_publisher *publisher, enum sy_action action,
                        const char *object, size_t len, struct sy_publish_result *ret,
                        struct sy_err *err)
{
    char path[PATH_MAX_BYTES];
    bool status = action == SY_WRITE_STATUS;
    const char *what = status ? "status not written" : "object not written";
    (void)snprintf(path, sizeof path, FABRICS "%s%s?fieldManager=" SY_FIELD_MANAGER "&force=true",
                   publisher->node, status ? "/status" : "");
    struct sy_kube_call call = {
        .method = "PATCH",
        .path = path,
        .content_type = "application/apply-patch+yaml", /* JSON is YAML */
        .body = object,
        .body_len = len,
        .timeout_ms = CALL_TIMEOUT_MS,
    };
    struct sy_kube_answer answer = {.status = 0};
    *ret = (struct sy_publish_result){.missing = false};
    enum sy_code code = sy_kube_call(publisher->client, &call, publisher->stop, &answer, err);
    if (code != SY_OK)
        return code;
    ret->missing = answer.status == 404;
    ret->retry_after_us = (int64_t)answer.retry_after_ms * 1000;
    code = answer.status == 200 || answer.status == 201
               ? check_object(publisher, &answer, what, FABRIC_KIND, err)
               : fail_status(&answer, what, action, err);
    sy_kube_answer_clear(&answer);
    return code;
}

/* An answer of 404, or of 200 with our object of that kind; the status of another is left in *ret,
 * 0 when it is not the API server's. */
static enum sy_code get(const struct sy_publisher *publisher, const char *path, const char *what,
                        const char *kind, struct sy_kube_answer *ret, struct sy_err *err)
{
    struct sy_kube_call call = {.method = "GET", .path = path, .timeout_ms = CALL_TIMEOUT_MS};
    enum sy_code code = sy_kube_call(publisher->client, &call, publisher->stop, ret, err);
    if (code == SY_OK && ret->status == 200)
        code = check_object(publisher, ret, what, kind, err);
    else if (code == SY_OK && ret->status != 404)
        code = fail_status(ret, what, SY_WRITE_NOTHING, err);
    if (code == SY_OK)
        return SY_OK;
    unsigned status = ret->status != 200 ? ret->status : 0;
    sy_kube_answer_clear(ret);
    ret->status = status;
    return code;
}

enum sy_code sy_publish_read(const struct sy_publisher *publisher, json_t **ret, bool *ret_answered,
                             struct sy_err *err)
{
    char path[PATH_MAX_BYTES];
    struct sy_kube_answer answer = {.status = 0};
    (void)snprintf(path, sizeof path, FABRICS "%s", publisher->node);
    enum sy_code code = get(publisher, path, "own object not read", FABRIC_KIND, &answer, err);
    /* A server that is starting, or has too much to do, has not answered yet. */
    *ret_answered = answer.status != 0 && answer.status != 429 && answer.status < 500;
    if (code != SY_OK)
        return code;
    *ret = answer.status == 200 ? json_incref(answer.body) : NULL;
    sy_kube_answer_clear(&answer);
    return SY_OK;
}

enum sy_code sy_publish_cordon(const struct sy_publisher *publisher, char **ret, struct sy_err *err)
{
    char path[PATH_MAX_BYTES];
    struct sy_kube_answer answer = {.status = 0};
    (void)snprintf(path, sizeof path, "/api/v1/nodes/%s", publisher->node);
    enum sy_code code = get(publisher, path, "own Node not read", "Node", &answer, err);
    if (code != SY_OK)
        return code;
    const json_t *metadata = json_object_get(answer.body, "metadata");
    const json_t *annotations = json_object_get(metadata, "annotations");
    const char *text = json_string_value(json_object_get(annotations, SY_CORDON_ANNOTATION));
    char *copy = NULL;
    if (text != NULL && strlen(text) > CORDON_TEXT_MAX)
        code = sy_fail(err, SY_ELIMIT, "annotation " SY_CORDON_ANNOTATION " longer than %u bytes",
                       CORDON_TEXT_MAX);
    else if (text != NULL && (copy = sy_strdup(text)) == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory for the Node");
    sy_kube_answer_clear(&answer);
    if (code == SY_OK)
        *ret = copy;
    return code;
}
