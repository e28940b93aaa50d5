/* SPDX-License-Identifier: Apache-2.0 */
/* What kube-scheduler calls. */
#include "extender/app.h"
#include "scoring/wire/wire.h"

#include <stdio.h>
#include <string.h>

#define NOT_LOADED "switchyard: no snapshot of the nodes is loaded yet"

static const char out_of_memory_filter[] =
    "{\"Nodes\":null,\"NodeNames\":null,\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":null,"
    "\"Error\":\"switchyard: out of memory\"}";
static const char out_of_memory[] = "{\"error\":\"out of memory\"}";

#define NOTED_MAX ((size_t)1 << 20) /* of a body that is read for its line in the log */
#define REPLY_MAX ((size_t)2 << 30) /* /snapshot of a large cluster; others stay far below */

void sy_reply_init(struct sy_reply *reply)
{
    memset(reply, 0, sizeof *reply);
    reply->status = 200;
    reply->type = "application/json";
    sy_str_init(&reply->body, REPLY_MAX);
}

void sy_reply_done(struct sy_reply *reply)
{
    sy_str_done(&reply->body);
}

void sy_reply_error(struct sy_reply *reply, unsigned status, const char *text)
{
    char *line = NULL;
    size_t len;
    sy_str_done(&reply->body);
    reply->status = status;
    reply->type = "application/json";
    char quoted[sizeof((struct sy_err *)0)->text];
    sy_autojson json_t *object = json_pack("{s:s}", "error", text);
    if (object == NULL) /* not UTF-8, or no memory */
        object = json_pack("{s:s}", "error", sy_quote(quoted, sizeof quoted, text, strlen(text)));
    if (object == NULL || sy_json_dump(object, false, &line, &len, NULL) != SY_OK) {
        reply->fixed = out_of_memory;
        return;
    }
    sy_str_append_n(&reply->body, line, len);
    sy_free(line);
    if (sy_str_failed(&reply->body))
        reply->fixed = out_of_memory;
}

static bool is_callers_fault(enum sy_code code)
{
    return code == SY_EPARSE || code == SY_EINVAL || code == SY_ELIMIT || code == SY_ECONFLICT ||
           code == SY_EUNSUPPORTED;
}

void sy_reply_fail(struct sy_reply *reply, const struct sy_err *err)
{
    sy_reply_error(reply, is_callers_fault(err->code) ? 400 : 500, err->text);
}

/* An engine that cannot answer says so in a 200: kube-scheduler reads `Error`, puts it into the
 * pod's event, keeps the connection, and its `ignorable` decides. */
static void filter_error(struct sy_reply *reply, const char *text)
{
    sy_str_done(&reply->body);
    reply->status = 200;
    if (sy_wire_filter_error(text, &reply->body, NULL) != SY_OK)
        reply->fixed = out_of_memory_filter;
}

static struct sy_world world_of(const struct sy_call *call)
{
    return (struct sy_world){.cluster = call->state->cluster,
                             .power = call->state->power,
                             .workload = call->state->workload,
                             .policy = call->state->policy,
                             .catalogue = call->state->catalogue,
                             .now_us = call->now_us,
                             .memo = call->worker->memo};
}

static void copy_text(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text != NULL ? text : "");
}

void sy_note_pod(struct sy_note *note, const struct sy_request *request)
{
    copy_text(note->namespace_, sizeof note->namespace_, request->namespace_);
    copy_text(note->name, sizeof note->name, request->name);
    copy_text(note->uid, sizeof note->uid, request->uid);
}

/* Counts the verdicts; returns how many nodes pass. */
static size_t count_verdicts(struct sy_app *app, enum sy_route_id route,
                             const struct sy_verdict *verdict, size_t n)
{
    size_t by_reason[SY_REASON_COUNT] = {0}, passed = 0, disagree = 0;
    for (size_t i = 0; i < n; i++) {
        by_reason[verdict[i].reason]++;
        disagree += verdict[i].disagrees != SY_FIT_YES;
    }
    sy_count(&app->metrics.disagreements[route], disagree);
    for (enum sy_reason reason = 0; reason < SY_REASON_COUNT; reason++) {
        if (by_reason[reason] > 0)
            sy_count(&app->metrics.verdicts[route][reason], by_reason[reason]);
        if (sy_reason_verdict(reason) == SY_VERDICT_FITS)
            passed += by_reason[reason];
    }
    return passed;
}

static enum sy_code parse(const struct sy_call *call, struct sy_args *args, struct sy_reply *reply,
                          struct sy_verdict **ret, struct sy_err *err)
{
    enum sy_code code = sy_args_parse(call->body, call->len, call->state->cluster,
                                      call->state->catalogue, call->worker->arena, args, err);
    if (code != SY_OK)
        return code;
    sy_note_pod(&reply->note, &args->request);
    reply->note.has_nodes = true;
    reply->note.nodes_in = args->n;
    *ret = sy_arena_calloc(call->worker->arena, args->n, sizeof **ret);
    if (*ret == NULL) {
        sy_args_done(args);
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu verdicts", args->n);
    }
    return SY_OK;
}

void sy_handle_filter(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    struct sy_err err = {0};
    struct sy_args args;
    struct sy_verdict *verdict;
    if (!call->state->loaded) {
        filter_error(reply, NOT_LOADED);
        return;
    }
    if (parse(call, &args, reply, &verdict, &err) == SY_OK) {
        struct sy_world world = world_of(call);
        if (sy_engine_filter(&world, &args.request, args.candidate, args.n, call->worker->arena,
                             verdict, &err) == SY_OK &&
            sy_wire_filter(&args, verdict, &reply->body, &err) == SY_OK)
            reply->note.nodes_out = count_verdicts(app, SY_ROUTE_FILTER, verdict, args.n);
        sy_args_done(&args);
    }
    if (err.code == SY_OK)
        return;
    if (is_callers_fault(err.code))
        sy_reply_fail(reply, &err);
    else
        filter_error(reply, err.text);
}

void sy_handle_prioritize(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    struct sy_err err = {0};
    struct sy_args args;
    struct sy_verdict *verdict;
    if (!call->state->loaded) {
        sy_reply_error(reply, 503, NOT_LOADED);
        return;
    }
    if (parse(call, &args, reply, &verdict, &err) == SY_OK) {
        struct sy_world world = world_of(call);
        if (sy_engine_prioritize(&world, &args.request, args.candidate, args.n, call->worker->arena,
                                 verdict, &err) == SY_OK &&
            sy_wire_prioritize(&args, verdict, &reply->body, &err) == SY_OK) {
            uint16_t lost = 0;
            sy_engine_wire(world.policy, verdict, args.n, &lost);
            sy_count(&app->metrics.pairs_lost_thousandths, lost);
            sy_count(&app->metrics.pairs_lost_calls, 1);
            (void)count_verdicts(app, SY_ROUTE_PRIORITIZE, verdict, args.n);
            reply->note.nodes_out = args.n;
        }
        sy_args_done(&args);
    }
    if (err.code != SY_OK)
        sy_reply_fail(reply, &err);
}

/* NULL: not to be read, or larger than what is read for the log. */
static json_t *read_small(const char *text, size_t len)
{
    const struct sy_json_limits limits = {.max_bytes = NOTED_MAX, .max_depth = SY_WIRE_DEPTH_MAX};
    json_t *root = NULL;
    return text != NULL && sy_json_parse(text, len, &limits, &root, NULL) == SY_OK ? root : NULL;
}

/* What the log says of a preemption is read anew from the bodies: it is rare, and they are small.
 */
static void note_preempt(const struct sy_call *call, struct sy_reply *reply)
{
    struct sy_note *note = &reply->note;
    sy_autojson json_t *asked = read_small(call->body, call->len);
    if (asked == NULL)
        return;
    const json_t *meta = json_object_get(sy_json_get_ci(asked, "Pod"), "metadata");
    copy_text(note->namespace_, sizeof note->namespace_,
              json_string_value(json_object_get(meta, "namespace")));
    copy_text(note->name, sizeof note->name, json_string_value(json_object_get(meta, "name")));
    copy_text(note->uid, sizeof note->uid, json_string_value(json_object_get(meta, "uid")));
    sy_autojson json_t *answer =
        reply->status == 200 ? read_small(reply->body.data, reply->body.len) : NULL;
    if (answer == NULL)
        return;
    const json_t *nodes = sy_json_get_ci(asked, "NodeNameToMetaVictims");
    if (!json_is_object(nodes))
        nodes = sy_json_get_ci(asked, "NodeNameToVictims");
    note->has_nodes = true;
    note->nodes_in = json_object_size(nodes);
    note->nodes_out = json_object_size(json_object_get(answer, "NodeNameToMetaVictims"));
}

void sy_handle_preempt(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    (void)app;
    struct sy_err err = {0};
    if (!call->state->loaded) {
        sy_reply_error(reply, 503, NOT_LOADED);
        return;
    }
    struct sy_world world = world_of(call);
    if (sy_wire_preempt(call->body, call->len, &world, call->state->catalogue, call->worker->arena,
                        &reply->body, &err) != SY_OK)
        sy_reply_fail(reply, &err);
    note_preempt(call, reply);
}
