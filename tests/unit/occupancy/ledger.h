/* SPDX-License-Identifier: Apache-2.0 */
/* A golden machine, pods in few words, and what sy_occupancy_of makes of them. */
#ifndef SY_TESTS_UNIT_OCCUPANCY_LEDGER_H
#define SY_TESTS_UNIT_OCCUPANCY_LEDGER_H

#include "scoring/occupancy/occupancy.h"

#define LEDGER_PODS 64u

struct ledger_pod {
    const char *name, *uid; /* in namespace "ns" */
    int at_s;               /* PodScheduled, Unix time */
    const char *ask;        /* "nvidia.com/gpu=2 rdma/hca=1" */
    const char *named;      /* "Ascend910-0,Ascend910-1", NULL */
    const char *require;    /* a scope's name, NULL */
};

struct ledger {
    struct sy_catalogue *catalogue;
    struct sy_policy *policy;
    struct sy_node *node; /* its usage is the report */
    struct sy_arena *arena;
    struct sy_occupancy_input in;
    struct sy_bound_pod pod[LEDGER_PODS];
    struct sy_request request[LEDGER_PODS];
    struct sy_charge charge[LEDGER_PODS];
};

/* A machine of tests/golden/nodes with another status (JSON; NULL: no report). NPUs are named
 * davinci0, davinci1 … in the order of their addresses, and virtual functions can be asked for by
 * the names of their physical ones. */
void ledger_open(struct ledger *l, const char *machine, const char *status);
void ledger_close(struct ledger *l);
void ledger_add(struct ledger *l, const struct ledger_pod *pod);
struct sy_request ledger_request(struct ledger *l, const char *ask, const char *require);
/* One reference; the invariants of a node hold for it. */
struct sy_usage *ledger_run(struct ledger *l);
/* Every invariant of the node with this usage. */
void ledger_check(const struct ledger *l, struct sy_usage *usage);
/* "report:0-1 short:- …", in the order of the pods; in the ledger's arena. */
const char *ledger_show_charges(struct ledger *l);
const char *ledger_show(struct ledger *l, const struct sy_devset *set);
struct sy_devset ledger_set(const char *text);

#endif
