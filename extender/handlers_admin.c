/* SPDX-License-Identifier: Apache-2.0 */
/* What people and monitoring call. */
#define _GNU_SOURCE
#include "extender/app.h"
#include "scoring/wire/explain.h"
#include "scoring/wire/wire.h"
#include "topology/node_json.h"

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

static enum sy_code explain(const struct sy_call *call, const struct sy_args *args,
                            struct sy_reply *reply, struct sy_err *err)
{
    struct sy_world world = {.cluster = call->state->cluster,
                             .power = call->state->power,
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
        reply_json(reply, answer);
    return code;
}

void sy_handle_explain(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    (void)app;
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
        if (explain(call, &args, reply, &err) == SY_OK)
            reply->note.nodes_out = args.n;
        sy_args_done(&args);
    }
    if (err.code != SY_OK)
        sy_reply_fail(reply, &err);
}

/* One node's document at a time: jansson's tree of a whole cluster would be several times the text.
 */
static enum sy_code append_node(const struct sy_node *node, struct sy_str *out, struct sy_err *err)
{
    sy_autojson json_t *document = NULL;
    sy_autofree char *text = NULL;
    size_t len = 0;
    enum sy_code code = sy_node_to_json(node, &document, err);
    if (code == SY_OK)
        code = sy_json_dump(document, false, &text, &len, err);
    if (code == SY_OK)
        sy_str_append_n(out, text, len);
    return code;
}

void sy_handle_snapshot(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply)
{
    (void)app;
    struct sy_err err = {0};
    struct sy_str *out = &reply->body;
    const struct sy_cluster *cluster = call->state->cluster;
    if (!call->state->loaded) {
        sy_reply_error(reply, 503, "no snapshot of the nodes is loaded yet");
        return;
    }
    sy_str_printf(out,
                  "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabricList\","
                  "\"metadata\":{\"resourceVersion\":\"%llu\"},\"items\":[",
                  (unsigned long long)cluster->generation);
    for (uint32_t i = 0; i < cluster->n && err.code == SY_OK; i++) {
        if (i > 0)
            sy_str_append_n(out, ",", 1);
        (void)append_node(cluster->node[i], out, &err);
    }
    sy_str_append(out, "]}");
    if (err.code == SY_OK && sy_str_failed(out))
        (void)sy_fail(&err, SY_ENOMEM, "out of memory for the documents of %u nodes", cluster->n);
    if (err.code != SY_OK)
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
        .devices = state->ndevice,
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
        sy_reply_error(reply, 503, "no snapshot of the nodes is loaded yet");
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
