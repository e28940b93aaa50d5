/* SPDX-License-Identifier: Apache-2.0 */
/* Private to planner/fleet: the fleet while jobs run on it, and what a policy chooses. */
#ifndef SY_PLANNER_FLEET_WORLD_H
#define SY_PLANNER_FLEET_WORLD_H

#include "planner/fleet/run.h"
#include "topology/cluster_builder.h"

/* Devices of a job, by entry of its request. */
struct fleet_pick {
    struct sy_devset entry[SY_ENTRY_MAX];
    struct sy_devset all;
};

struct fleet_running {
    const struct sy_fleet_job *job;
    const struct sy_request *request;
    uint32_t node;
    struct fleet_pick pick;
    double start_h, end_h;
    double images_per_s, busy;
    uint32_t number; /* of the job, its name */
};

struct fleet_node {
    char name[16];
    const struct sy_fleet_machine *machine;
    struct sy_node *node; /* a reference */
    int64_t cpu_left, memory_left;
    uint32_t njob;
};

struct fleet_world {
    const struct sy_fleet *fleet;
    const struct sy_fleet_options *options;
    const struct sy_profile *profile;
    struct sy_random random;
    struct sy_arena *scratch;
    struct sy_memo *memo;
    struct sy_cluster_builder *builder;
    struct sy_cluster *cluster; /* references */
    struct sy_power *power;
    uint64_t generation;
    uint32_t n;
    struct fleet_node *node;
    size_t nrunning, running_size;
    struct fleet_running *running;
};

SY_NODISCARD enum sy_code fleet_world_init(struct fleet_world *world, const struct sy_fleet *fleet,
                                           const struct sy_fleet_options *options,
                                           struct sy_err *err);
void fleet_world_done(struct fleet_world *world);
/* `running` starts (its pick is free) or ends. On failure the world is not to be used any more. */
SY_NODISCARD enum sy_code fleet_world_start(struct fleet_world *world,
                                            const struct fleet_running *running,
                                            struct sy_err *err);
SY_NODISCARD enum sy_code fleet_world_end(struct fleet_world *world, size_t index,
                                          struct sy_err *err);

struct fleet_choice {
    bool found;
    uint32_t node;
    struct fleet_pick pick;
    bool untried; /* brute force left nodes out */
};
/* Where the policy puts a job that asks for `request`. */
SY_NODISCARD enum sy_code fleet_choose(struct fleet_world *world, const struct sy_fleet_job *job,
                                       const struct sy_request *request, struct fleet_choice *ret,
                                       struct sy_err *err);

/* --- sets.c: the devices on a node that can give the request */
void fleet_pick_any(struct fleet_world *world, const struct sy_node *node,
                    const struct sy_request *request, struct fleet_pick *ret);
void fleet_pick_pairs(const struct sy_node *node, const struct sy_request *request,
                      struct fleet_pick *ret);
void fleet_pick_greedy(const struct fleet_world *world, const struct sy_node *node,
                       const struct sy_request *request, struct fleet_pick *ret);
SY_NODISCARD enum sy_code fleet_pick_best(struct fleet_world *world, uint32_t node,
                                          const struct sy_request *request, struct fleet_pick *ret,
                                          struct sy_err *err);
/* The set of the highest total of all, by the same value function; *ret_total 0..1000. False: too
 * many sets. SY_ENOMEM is *ret_code. */
SY_NODISCARD bool fleet_pick_brute(struct fleet_world *world, uint32_t node,
                                   const struct sy_request *request, struct fleet_pick *ret,
                                   uint16_t *ret_total, enum sy_code *ret_code, struct sy_err *err);
/* Free units of entry `e` that `taken` leaves. */
struct sy_devset fleet_candidates(const struct sy_node *node, const struct sy_request *request,
                                  size_t e, const struct sy_devset *taken);
/* What the pick is worth on the node as it is. SY_ENOMEM. */
SY_NODISCARD enum sy_code fleet_value(struct fleet_world *world, uint32_t node,
                                      const struct sy_request *request,
                                      const struct fleet_pick *pick, struct sy_value *ret,
                                      struct sy_err *err);

#endif
