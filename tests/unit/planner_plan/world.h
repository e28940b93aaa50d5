/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster made by hand, in few words, as a state that a plan starts from. */
#ifndef SY_TESTS_UNIT_PLANNER_PLAN_WORLD_H
#define SY_TESTS_UNIT_PLANNER_PLAN_WORLD_H

#include "planner/plan/plan.h"

#define WORLD_NODES 64u
#define WORLD_PODS 512u

struct world_node {
    const char *name;
    const char *machine; /* of deploy/examples/cluster ("trio-1"); NULL = nobody told its devices */
    const char *status;  /* of its NodeFabric, as JSON; NULL = no report */
    const char *has;     /* "cpu=64 memory=256Gi pods=110 nvidia.com/gpu=2"; NULL = not known */
    const char *labels;  /* "rack=r1 zone=a" */
    const char *taint;   /* key, NoSchedule; NULL */
};

struct world_pod {
    const char *name;               /* in namespace "default"; uid: "u-NAME" */
    const char *node;               /* NULL = pending */
    const char *asks;               /* "cpu=4 memory=1Gi nvidia.com/gpu=2" */
    const char *require, *selector; /* "switch"; "rack=r1"; NULL */
};

struct world {
    struct sy_arena *arena;
    struct sy_state state;
    struct sy_state_node node[WORLD_NODES];
    struct sy_state_pod pod[WORLD_PODS];
    json_t *keep; /* array: what was parsed */
};

/* `policy`: YAML, NULL = the default one. */
void world_open(struct world *w, const char *policy);
void world_close(struct world *w);
/* Before world_ready; names in ascending order. */
void world_add_node(struct world *w, const struct world_node *node);
void world_add_pod(struct world *w, const struct world_pod *pod);
/* The nodes that decisions read are made, and the cluster. */
void world_ready(struct world *w);
/* A pod or node that is not of the state. */
const struct sy_state_pod *world_new_pod(struct world *w, const struct world_pod *pod);
const struct sy_state_node *world_new_node(struct world *w, const struct world_node *node);
struct sy_plan *world_plan(struct world *w);

#endif
