/* SPDX-License-Identifier: Apache-2.0 */
/* kube-scheduler's bind verb. Whatever goes wrong is a 200 with `Error`: the scheduler puts it into
 * the pod's event and tries again. */
#include "extender/app.h"

#include <stdio.h>

static void answer(struct sy_reply *reply, const char *error)
{
    sy_bind_answer(error, &reply->body);
    if (sy_str_failed(&reply->body))
        reply->fixed = "{\"Error\":\"switchyard: out of memory\"}";
}

static void note(struct sy_note *note, const struct sy_bind_args *args)
{
    (void)snprintf(note->namespace_, sizeof note->namespace_, "%s", args->namespace_);
    (void)snprintf(note->name, sizeof note->name, "%s", args->name);
    (void)snprintf(note->uid, sizeof note->uid, "%s", args->uid);
}

void sy_handle_bind(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    struct sy_err err = {0};
    struct sy_bind_args args;
    sy_autojson json_t *root = NULL;
    if (app->binder == NULL) {
        answer(reply, "switchyard: /bind is not served, the service runs without --bind");
        return;
    }
    enum sy_code code = sy_bind_args_parse(call->body, call->len, &root, &args, &err);
    if (code == SY_OK) {
        note(&reply->note, &args);
        code = sy_binder_bind(app->binder, &args, &err);
    }
    (void)sy_wrap(&err, "switchyard");
    answer(reply, code == SY_OK ? NULL : err.text);
}
