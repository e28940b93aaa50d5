/* SPDX-License-Identifier: Apache-2.0 */
/* Private to extender/live: what is known of a node and of a pod, and how records are found, joined
 * and dropped. The lock is held. */
#ifndef SY_EXTENDER_LIVE_RECORDS_H
#define SY_EXTENDER_LIVE_RECORDS_H

#include "base/json.h"
#include "scoring/occupancy/occupancy.h"

struct sy_live;

#define SY_LIVE_NAME_MAX 253u /* of a Kubernetes object */
#define SY_LIVE_UID_MAX 128u
#define SY_LIVE_ASSUMED_MAX 10000u /* choices at a time for pods that no watch has shown */

/* What pods ask for, without the pods: equal for many, kept once. */
struct live_request {
    unsigned refs;
    struct sy_digest key;
    struct sy_request request; /* no namespace, name, uid, creation time or notes */
};

/* A fabric by the content of the spec, or the annotation, that it was made of. */
struct live_fabric {
    struct sy_digest key;
    struct sy_fabric *fabric; /* a reference */
};

struct live_pod {
    uint64_t hash;                /* of its uid */
    struct live_pod *next, *prev; /* of its node's pods */
    struct live_node *node;       /* it is bound to, or chosen for; NULL = it waits */
    struct live_request *request; /* a reference; NULL = no watch has shown it yet */
    int64_t created_us, scheduled_us;
    int64_t assumed_until_us; /* steady; 0 = the watch shows it where it is */
    uint32_t epoch;           /* of the listing that has shown it last */
    uint8_t cover;            /* enum sy_cover, of the last look */
    bool looked;              /* `cover` and `units` hold */
    bool unseen;              /* bound while we were cut off, and not said so yet */
    bool violated;            /* said so */
    struct sy_devset units;   /* that it holds or is charged with */
    char *named;              /* the plugin's annotation, NULL = none */
    const char *namespace_, *name;
    char uid[]; /* and behind it the other two */
};

struct live_node {
    uint64_t hash;
    struct live_node *dirty_next, *changed_next;
    bool dirty, changed; /* in these lists */
    bool has_node, has_object;
    uint32_t node_epoch, object_epoch;
    /* Steady time at which the oldest object was read that is not in `built`, and that is in it but
     * not in the snapshot; 0 = none. */
    int64_t read_us, owed_us;
    /* Of the Node. */
    struct sy_digest node_digest;
    uint32_t nlabel;
    struct sy_label *label;       /* one block with its texts */
    char *cordon;                 /* the annotation, NULL = none */
    struct sy_fabric *template_;  /* of the annotation, a reference */
    struct sy_digest cordon_said; /* what was wrong with it, said in the log */
    /* Of the NodeFabric: the last good one. It stays when the object goes, while the Node is
     * there; its report is expired then. */
    struct sy_digest spec_digest, status_digest;
    struct sy_fabric *fabric;         /* a reference */
    struct sy_usage *report;          /* a reference; NULL = it has no status */
    int64_t observed_us, received_us; /* Unix time it tells; steady time we first read that */
    struct sy_digest refused;         /* of the message of its last content, zero = it is good */
    uint8_t age;                      /* enum sy_report_age, of the last look */
    int64_t age_due_us;               /* steady: when it will be another one */
    struct live_pod *pod;             /* bound to it or chosen for it */
    uint32_t npod;
    bool unmade;           /* the last look could not make it, and that was said */
    struct sy_node *built; /* a reference; NULL = not in the snapshot */
    uint32_t predictions[SY_PREDICTION_COUNT];
    char name[];
};

/* --- records.c */
struct live_node *sy_live_node_find(struct sy_live *live, const char *name);
struct live_node *sy_live_node_get(struct sy_live *live, const char *name); /* NULL: no memory */
struct live_pod *sy_live_pod_find(struct sy_live *live, const char *uid);
/* NULL: out of memory. */
struct live_pod *sy_live_pod_add(struct sy_live *live, const char *uid, const char *namespace_,
                                 const char *name);
/* Take it off its node and out of the table. */
void sy_live_pod_drop(struct sy_live *live, struct live_pod *pod, int64_t read_us);
/* Charge it to another node (NULL = none); both become dirty. */
void sy_live_pod_move(struct sy_live *live, struct live_pod *pod, struct live_node *node,
                      int64_t read_us);
void sy_live_pod_unassume(struct sy_live *live, struct live_pod *pod);
/* A choice that came to nothing: the pod waits again, or is forgotten when no watch showed it. */
void sy_live_pod_release(struct sy_live *live, struct live_pod *pod);
/* `read_us` 0: no object was read for it. */
void sy_live_dirty(struct sy_live *live, struct live_node *node, int64_t read_us);
/* The Node, or the NodeFabric, is no more. */
void sy_live_node_gone(struct sy_live *live, struct live_node *node, int64_t read_us);
void sy_live_object_gone(struct sy_live *live, struct live_node *node, int64_t read_us);
/* Free what nothing speaks of any more. */
void sy_live_sweep_nodes(struct sy_live *live);
void sy_live_records_done(struct sy_live *live);

/* --- shared.c: what several records have in common */
/* A reference to the request with this content (copied when new); NULL: out of memory. */
struct live_request *sy_live_request_share(struct sy_live *live, const struct sy_request *request);
void sy_live_request_drop(struct sy_live *live, struct live_request *request); /* takes NULL */
/* A reference to the fabric of this key; NULL = none known. */
struct sy_fabric *sy_live_fabric_known(struct sy_live *live, struct sy_digest key);
/* Remember it (a reference is taken); without memory it is not shared. */
void sy_live_fabric_remember(struct sy_live *live, struct sy_digest key, struct sy_fabric *fabric);
void sy_live_fabrics_sweep(struct sy_live *live); /* forget those that no node uses */
void sy_live_shared_done(struct sy_live *live);
void sy_live_digest_json(struct sy_digest *digest, const json_t *value);

#endif
