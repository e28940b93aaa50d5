/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/load.h"

#include "planner/cli/cli.h"

#include <string.h>

#define POWER_BYTES ((size_t)1 << 20)

static enum sy_code read_file(struct sy_load *load, const char *path, size_t max, char **ret,
                              size_t *ret_len, struct sy_err *err)
{
    enum sy_code code = sy_input_read(path, max, ret, ret_len, err);
    if (code == SY_OK) {
        sy_digest_u64(&load->digest, *ret_len);
        sy_digest_bytes(&load->digest, *ret, *ret_len);
    }
    return code;
}

enum sy_code sy_load_begin(struct sy_load *load, struct sy_err *err)
{
    sy_autofree char *power = NULL;
    size_t len = 0;
    enum sy_code code = SY_OK;
    load->digest = sy_digest_begin();
    if (load->power_path != NULL)
        code = read_file(load, load->power_path, POWER_BYTES, &power, &len, err);
    if (code == SY_OK)
        code = sy_power_table_init(&load->power, load->power_path, power, len, err);
    if (code == SY_OK)
        code = read_file(load, load->nodes_path, SY_INPUT_MAX, &load->nodes, &load->nodes_len, err);
    return code;
}

void sy_load_done(struct sy_load *load)
{
    sy_free(load->nodes);
    load->nodes = NULL;
    sy_power_table_done(&load->power);
}

/* Parsing changes the text, and each trace has models of its own: a copy for each. */
static enum sy_code parse_nodes(const struct sy_load *load, struct sy_run_trace *trace,
                                struct sy_err *err)
{
    sy_autofree char *copy = sy_malloc(load->nodes_len + 1);
    if (copy == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    memcpy(copy, load->nodes, load->nodes_len + 1);
    return sy_trace_nodes_parse(load->nodes_path, copy, load->nodes_len, &trace->models,
                                &trace->nodes, err);
}

static enum sy_code parse_pods(struct sy_load *load, const char *path, struct sy_run_trace *trace,
                               struct sy_err *err)
{
    sy_autofree char *data = NULL;
    size_t len = 0;
    enum sy_code code = read_file(load, path, SY_INPUT_MAX, &data, &len, err);
    return code == SY_OK ? sy_trace_pods_parse(path, data, len, load->times, &trace->models,
                                               &trace->pods, err)
                         : code;
}

enum sy_code sy_load_trace(struct sy_load *load, const char *pods_path, struct sy_run_trace *ret,
                           struct sy_err *err)
{
    struct sy_run_trace trace = {0};
    enum sy_code code = sy_trace_models_init(&trace.models, err);
    if (code == SY_OK)
        code = parse_nodes(load, &trace, err);
    if (code == SY_OK)
        code = parse_pods(load, pods_path, &trace, err);
    if (code == SY_OK) {
        sy_power_apply(&load->power, &trace.models, &trace.nodes, &trace.unknown_power);
        code = sy_run_trace_prepare(&trace, load->typical_percent, err);
    }
    if (code != SY_OK) {
        sy_run_trace_done(&trace);
        return code;
    }
    *ret = trace;
    /* What points to names in the structure now points to the copy. */
    ret->world.model = ret->models.name;
    return SY_OK;
}

enum sy_code sy_load_sequence(struct sy_load *load, const struct sy_run_trace *trace,
                              const char *order_path, const char *ties_path,
                              struct sy_sequence *ret, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (order_path != NULL) {
        sy_autofree char *data = NULL;
        size_t len = 0;
        code = read_file(load, order_path, SY_INPUT_MAX, &data, &len, err);
        if (code == SY_OK)
            code = sy_sequence_read_pods(order_path, data, len, trace->pods.n, ret, err);
    }
    if (code == SY_OK && ties_path != NULL) {
        sy_autofree char *data = NULL;
        size_t len = 0;
        code = read_file(load, ties_path, SY_INPUT_MAX, &data, &len, err);
        if (code == SY_OK)
            code = sy_sequence_read_ranks(ties_path, data, len, trace->nodes.n, ret, err);
    }
    return code;
}
