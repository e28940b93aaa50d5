/* SPDX-License-Identifier: Apache-2.0 */
/* One replay: pods arrive one by one and stay; each is placed or fails at once. After every pod a
 * sample is taken, and samples are averaged by how much demand has arrived, as the published
 * protocol does it. */
#ifndef SY_PLANNER_REPLAY_RUN_H
#define SY_PLANNER_REPLAY_RUN_H

#include "planner/replay/machines.h"
#include "planner/replay/sequence.h"

#define SY_RUN_PERCENT_MAX 10000 /* arrivals, percent of the devices */

/* A trace with all that is worked out of it once for many runs. */
struct sy_run_trace {
    struct sy_trace_models models;
    struct sy_trace_nodes nodes;
    struct sy_trace_pods pods;
    struct sy_replay_typical *typical;
    size_t ntypical;
    struct sy_fragment *fragment;
    int64_t *model_milli;
    uint64_t unknown_power; /* models without a row in the power table */
    struct sy_replay_world world;
};
/* Work these out of models, nodes and pods. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_run_trace_prepare(struct sy_run_trace *trace, unsigned typical_percent,
                                               struct sy_err *err);
void sy_run_trace_done(struct sy_run_trace *trace); /* frees everything in it */

/* Means over the samples in a bin: those whose arrived demand rounds to that percent. */
struct sy_run_bin {
    uint64_t samples; /* 0: the means are of the bins next to it */
    double allocated_percent, fragment_ratio_percent, fragment_percent, power_w;
    uint64_t failed;                                   /* pods, at its last sample */
    int64_t arrived_milli, used_milli, used_cpu_milli; /* the same */
    uint64_t served;                                   /* pods, the same */
};

/* Kinds of failed pods. X(id, key) */
#define SY_POD_KINDS(X)                                                                            \
    X(CPU, "cpuOnly")                                                                              \
    X(SHARED, "shared")                                                                            \
    X(ONE, "oneDevice") X(TWO, "twoDevices") X(FOUR, "fourDevices") X(EIGHT, "eightDevices")
enum sy_pod_kind {
#define X(id, key) SY_POD_##id,
    SY_POD_KINDS(X)
#undef X
        SY_POD_KIND_COUNT
};

struct sy_run_result {
    uint64_t pods, failed, failed_kind[SY_POD_KIND_COUNT], failed_lack[SY_LACK_COUNT];
    int64_t arrived_milli, used_milli, failed_milli, used_cpu_milli, used_memory_mib, power_mw;
    int64_t touched_devices; /* with anything on them at the end */
    double fragment_milli;
    double first_failure_percent; /* demand arrived with the first pod that failed; < 0: none */
    struct sy_run_bin *bin;
    size_t nbins;
};
void sy_run_result_done(struct sy_run_result *result);

struct sy_run_options {
    const struct sy_replay_policy_ops *ops;
    const char *argument; /* of the policy, or NULL */
    uint64_t seed;        /* of a policy that draws */
    bool plain;           /* without indexes (chooser.h) */
};

/* SY_EUSAGE: the policy's argument; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_replay_run(const struct sy_run_trace *trace,
                                        const struct sy_sequence *sequence,
                                        const struct sy_run_options *options,
                                        struct sy_run_result *ret, struct sy_err *err);

#endif
