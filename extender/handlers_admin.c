/* SPDX-License-Identifier: Apache-2.0 */
/* What people and monitoring call. */
#define _GNU_SOURCE
#include "extender/app_live.h"
#include "extender/snapshot.h"
#include "scoring/wire/explain.h"
#include "scoring/wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void reply_json(struct sy_reply *reply, const json_t *value)
{
    struct sy_err err = {0};
    char *text;
    size_t len;
    if (value == NULL)
        (void)sy_fail(&err, SY_ENOMEM, "out of memory");
    else if (sy_json_dump(value, false, &text, &len, &err) == SY_OK) {
        /* Handed over, not copied: it may be large. */
        reply->body.data = text;
        reply->body.len = len;
        reply->body.size = len + 1;
    }
    if (err.code != SY_OK)
        sy_reply_fail(reply, &err);
}

/* object["ledger"] = what is known of the node beside the snapshot; nothing without a ledger. */
static enum sy_code put_ledger(struct sy_app *app, json_t *object, const char *name,
                               struct sy_err *err)
{
    json_t *ledger = NULL;
    if (app->live == NULL || name == NULL)
        return SY_OK;
    enum sy_code code = sy_live_explain(app->live, name, &ledger, err);
    if (code == SY_OK && ledger != NULL && json_object_set_new(object, "ledger", ledger) != 0)
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    return code;
}

static enum sy_code put_ledgers(struct sy_app *app, const json_t *nodes, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; app->live != NULL && i < json_array_size(nodes) && code == SY_OK; i++) {
        json_t *node = json_array_get(nodes, i);
        code = put_ledger(app, node, json_string_value(json_object_get(node, "node")), err);
    }
    return code;
}

static enum sy_code explain(struct sy_app *app, const struct sy_call *call,
                            const struct sy_args *args, struct sy_reply *reply, struct sy_err *err)
{
    struct sy_world world = {.cluster = call->state->cluster,
                             .power = call->state->power,
                             .workload = call->state->workload,
                             .policy = call->state->policy,
                             .catalogue = call->state->catalogue,
                             .now_us = call->now_us,
                             .memo = call->worker->memo};
    sy_autojson json_t *answer = NULL;
    struct sy_verdict *verdict = sy_arena_calloc(call->worker->arena, args->n, sizeof *verdict);
    if (verdict == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu verdicts", args->n);
    enum sy_code code = sy_engine_explain(&world, &args->request, args->candidate, args->n,
                                          call->worker->arena, verdict, err);
    if (code == SY_OK)
        code = sy_explain_to_json(&world, &args->request, args->candidate, verdict, args->n,
                                  &answer, err);
    if (code == SY_OK)
        code = put_ledgers(app, json_object_get(answer, "nodes"), err);
    if (code == SY_OK)
        reply_json(reply, answer);
    return code;
}

void sy_handle_explain(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    struct sy_err err = {0};
    struct sy_args args;
    if (!call->state->loaded) {
        sy_reply_error(reply, 503, "no snapshot of the nodes is loaded yet");
        return;
    }
    if (sy_args_parse(call->body, call->len, call->state->cluster, call->state->catalogue,
                      call->worker->arena, &args, &err) == SY_OK) {
        sy_note_pod(&reply->note, &args.request);
        reply->note.has_nodes = true;
        reply->note.nodes_in = args.n;
        if (explain(app, call, &args, reply, &err) == SY_OK)
            reply->note.nodes_out = args.n;
        sy_args_done(&args);
    }
    if (err.code != SY_OK)
        sy_reply_fail(reply, &err);
}

static enum sy_code add_ledger(void *data, json_t *document, const char *name, struct sy_err *err)
{
    return put_ledger(data, document, name, err);
}

void sy_handle_snapshot(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    struct sy_err err = {0};
    if (!call->state->loaded) {
        sy_reply_error(reply, 503, "no snapshot of the nodes is loaded yet");
        return;
    }
    if (sy_snapshot_write(call->state->cluster, add_ledger, app, &reply->body, &err) != SY_OK)
        sy_reply_fail(reply, &err);
}

static uint64_t resident_bytes(void)
{
    char line[128]; /* pages in all, pages resident, … */
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) != NULL)
        pages = strtoul(line + strcspn(line, " "), NULL, 10);
    (void)fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void sy_handle_metrics(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    const struct sy_state *state = call->state;
    struct sy_memo_stats memo = {0};
    sy_workers_stats(app->workers[SY_LISTENER_SCHEDULER], &memo);
    int64_t age_us = call->now_us - state->published_us;
    struct sy_gauges gauges = {
        .ready = state->loaded,
        .generation = state->cluster->generation,
        .nodes = state->cluster->n,
        .classes = state->cluster->nclass,
        .devices = state->cluster->nunit,
        .snapshot_age_s = age_us > 0 ? (double)age_us / 1e6 : 0,
        .memo_hits = memo.hits,
        .memo_misses = memo.misses,
        .memo_entries = memo.entries,
        .log_dropped = sy_log_dropped(app->log),
        .resident_bytes = resident_bytes(),
        .start_time_s = (double)app->started_us / 1e6,
        .version = SY_VERSION,
    };
    reply->type = "text/plain; version=0.0.4; charset=utf-8";
    sy_metrics_write(&app->metrics, &gauges, &reply->body);
    sy_app_live_metrics(app, &reply->body);
    if (sy_str_failed(&reply->body))
        sy_reply_error(reply, 500, "out of memory");
}

void sy_handle_healthz(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    (void)app, (void)call;
    sy_autojson json_t *answer = json_pack("{s:s}", "status", "alive");
    reply_json(reply, answer);
}

void sy_handle_readyz(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    if (app->draining) {
        sy_reply_error(reply, 503, "draining");
        return;
    }
    if (!call->state->loaded) {
        const char *awaited = app->live != NULL ? sy_live_awaits(app->live) : NULL;
        char text[96];
        (void)snprintf(text, sizeof text, "no snapshot of the nodes is loaded yet%s%s",
                       awaited != NULL ? ", not listed: " : "", awaited != NULL ? awaited : "");
        sy_reply_error(reply, 503, text);
        return;
    }
    sy_autojson json_t *answer =
        json_pack("{s:s, s:I}", "status", "ready", "nodes", (json_int_t)call->state->cluster->n);
    reply_json(reply, answer);
}

void sy_handle_version(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    (void)app, (void)call;
    sy_autojson json_t *answer = json_pack("{s:s, s:s, s:s}", "program", SY_PROGRAM, "version",
                                           SY_VERSION, "extenderAPI", "v1");
    reply_json(reply, answer);
}
