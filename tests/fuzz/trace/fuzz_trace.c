/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says what the rest is: nodes, pods, pods with times, an order, ranks, a power
 * table. What is read keeps its promises. */
#include "planner/replay/load.h"
#include "planner/replay/sequence.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(enum sy_code code, const struct sy_err *err)
{
    assert(code == err->code && (code == SY_OK || strncmp(err->text, "f.csv", 5) == 0));
}

static void read_nodes(char *text, size_t len)
{
    struct sy_err err = {0};
    struct sy_trace_models models;
    struct sy_trace_nodes nodes = {0};
    if (sy_trace_models_init(&models, &err) != SY_OK)
        abort();
    enum sy_code code = sy_trace_nodes_parse("f.csv", text, len, &models, &nodes, &err);
    check_error(code, &err);
    uint64_t counted = 0;
    for (size_t i = 0; i < nodes.nshapes; i++) {
        assert(nodes.shape[i].devices <= SY_REPLAY_DEVICES && nodes.shape[i].model < models.n);
        counted += nodes.shape_nodes[i];
    }
    assert(counted == nodes.n && (code != SY_OK || nodes.total_milli > 0));
    sy_trace_nodes_done(&nodes);
    sy_trace_models_done(&models);
}

static void read_pods(char *text, size_t len, bool times)
{
    struct sy_err err = {0};
    struct sy_trace_models models;
    struct sy_trace_pods pods = {0};
    uint64_t counted = 0;
    if (sy_trace_models_init(&models, &err) != SY_OK)
        abort();
    enum sy_code code = sy_trace_pods_parse("f.csv", text, len, times, &models, &pods, &err);
    check_error(code, &err);
    for (size_t i = 0; i < pods.nclasses; i++) {
        const struct sy_replay_class *pod = &pods.pod_class[i];
        assert(pod->devices <= SY_REPLAY_DEVICES && pod->device_milli <= SY_REPLAY_DEVICE_MILLI);
        assert((pod->devices == 0) == (pod->device_milli == 0));
        counted += pod->count;
    }
    assert(counted == pods.n && (code != SY_OK || pods.n > 0));
    for (size_t i = 0; i < pods.n; i++)
        assert(pods.pod[i] < pods.nclasses && (!times || pods.time[i].duration_s >= 0));
    sy_trace_pods_done(&pods);
    sy_trace_models_done(&models);
}

static void read_sequence(const char *text, size_t len, bool ranks)
{
    struct sy_err err = {0};
    struct sy_sequence sequence = {0};
    enum sy_code code = ranks ? sy_sequence_read_ranks("f.csv", text, len, 5, &sequence, &err)
                              : sy_sequence_read_pods("f.csv", text, len, 5, &sequence, &err);
    check_error(code, &err);
    for (size_t i = 0; i < sequence.n; i++)
        assert(sequence.pod[i] < 5);
    sy_sequence_done(&sequence);
}

static void read_power(const char *text, size_t len)
{
    struct sy_err err = {0};
    struct sy_power_table table;
    if (sy_power_table_init(&table, "f.csv", text, len, &err) != SY_OK)
        return;
    assert(table.cpu_cores > 0 && table.n <= SY_REPLAY_MODELS);
    sy_power_table_done(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size);
    if (text == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0]) {
    case 'n':
        read_nodes(text, size - 1);
        break;
    case 'p':
    case 't':
        read_pods(text, size - 1, data[0] == 't');
        break;
    case 'o':
    case 'r':
        read_sequence(text, size - 1, data[0] == 'r');
        break;
    default:
        read_power(text, size - 1);
        break;
    }
    free(text);
    return 0;
}
