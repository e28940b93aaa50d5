/* SPDX-License-Identifier: Apache-2.0 */
/* A live feed fed by hand, with a clock of its own, and what it told whom. */
#ifndef SY_TESTS_UNIT_EXTENDER_LIVE_LIVING_H
#define SY_TESTS_UNIT_EXTENDER_LIVE_LIVING_H

#include "extender/live/live.h"

/* 2027-01-15T08:00:00Z */
#define LIVING_START_S INT64_C(1800000000)
#define SECONDS INT64_C(1000000)

/* The machine of tests/service/node.json: per socket two NPUs and a GPU below one switch. */
#define NPU0 "0000:13:00.0"
#define NPU1 "0000:14:00.0"
#define GPU0 "0000:15:00.0"
#define NPU2 "0000:1a:00.0"
#define NPU3 "0000:1b:00.0"
#define NPU_NAME "npu.huawei.com/ascend910b"
#define GPU_NAME "nvidia.com/gpu"

struct living {
    struct sy_live *live;
    struct sy_live_metrics metrics;
    struct sy_catalogue *catalogue;
    struct sy_policy *policy;
    int64_t steady_us, unix_us;
    unsigned wakes[SY_WAKE_WHY_COUNT];
    int64_t wake_at_us; /* the last one told, 0 = none */
    unsigned events;
    char reason[64], note[1024]; /* of the last event */
    struct sy_feed_result looked;
};

void living_open(struct living *l);
void living_close(struct living *l);
void living_pass(struct living *l, int64_t us); /* time */

/* `fabrics`, `pods`, `nodes` are listed as empty. */
void living_sync_empty(struct living *l);
void living_begin(struct living *l, enum sy_live_collection collection);
void living_synced(struct living *l, enum sy_live_collection collection);
/* The text is parsed; fails the test when it is not JSON. */
enum sy_code living_try(struct living *l, enum sy_live_collection collection, const char *json,
                        struct sy_err *err);
void living_put(struct living *l, enum sy_live_collection collection, const char *json);
void living_gone(struct living *l, enum sy_live_collection collection, const char *json);

/* Objects; the text is static and lasts until the next sixteen calls. */
const char *living_node_object(const char *name, const char *annotations);
/* `status` NULL: none. */
const char *living_fabric(const char *name, const char *status);
/* A status observed now: mode exact, these devices (JSON of the array's items). */
const char *living_status(const struct living *l, const char *devices);
#define HELD(pci, pod, uid)                                                                        \
    "{\"pci\":\"" pci "\",\"held\":1000,\"holders\":[{\"namespace\":\"ns\",\"name\":\"" pod        \
    "\",\"uid\":\"" uid "\"}]}"
struct living_pod {
    const char *uid, *name;
    const char *node;        /* NULL = waits */
    const char *limits;      /* JSON members */
    const char *annotations; /* JSON members, NULL = none */
    const char *phase;       /* NULL = "Pending" or "Running" */
    int64_t scheduled_s;     /* after LIVING_START_S; of its condition */
};
const char *living_pod_object(const struct living_pod *pod);

void living_look(struct living *l, bool all);
/* Of the feed's nodes; NULL = not there. Borrowed until the next look. */
const struct sy_node *living_node(struct living *l, const char *name);
unsigned living_free(struct living *l, const char *name); /* how many units */
bool living_is_free(struct living *l, const char *name, const char *pci);
/* Does the text of the node's ledger have this in it? */
bool living_ledger_has(struct living *l, const char *name, const char *text);

#endif
