/* SPDX-License-Identifier: Apache-2.0 */
/* Private to extender/live: the tables, and what the parts do to them. Unless said otherwise the
 * lock is held. */
#ifndef SY_EXTENDER_LIVE_PRIVATE_H
#define SY_EXTENDER_LIVE_PRIVATE_H

#include "extender/live/live.h"
#include "extender/live/records.h"
#include "extender/live/table.h"
#include "scoring/occupancy/occupancy.h"

#include <pthread.h>

struct sy_live {
    struct sy_feed feed; /* first: the keeper's handle */
    struct sy_live_options options;
    struct sy_catalogue *catalogue;
    int notice;                                            /* eventfd: something is dirty */
    struct sy_kube_watches *watches;                       /* NULL = fed by hand */
    void (*stop_watches)(struct sy_kube_watches *watches); /* and free them */
    const struct sy_kube_watch_stats *watched[SY_LIVE_COLLECTION_COUNT];
    pthread_mutex_t lock;
    struct sy_table nodes, pods, requests, fabrics;
    uint32_t epoch[SY_LIVE_COLLECTION_COUNT];
    bool synced[SY_LIVE_COLLECTION_COUNT];
    bool cut[SY_LIVE_COLLECTION_COUNT];   /* its last note was a bad one */
    int64_t away_since_us, away_until_us; /* Unix: before this process; 0 = not known */
    int64_t cut_since_us,
        cut_until_us; /* Unix: the last outage; until 0 = it lasts; since 0 = none */
    struct live_node *dirty;
    struct live_node *changed; /* not given to the keeper yet */
    bool loud;                 /* one of these differs in what decisions read */
    struct sy_digest refused[SY_LIVE_COLLECTION_COUNT]; /* of the last message of each */
    int64_t said_since_us; /* steady: lines about objects are counted from here */
    unsigned said;
    uint64_t unsaid;   /* lines left out, not told yet */
    uint32_t nwaiting; /* pods that ask for devices and are bound nowhere */
    uint32_t nassumed;
    int64_t assumed_due_us;        /* steady: earliest end of a choice, INT64_MAX = none */
    int64_t age_due_us;            /* steady: no report becomes older than its class before this */
    int64_t relax_due_us;          /* Unix: earliest end of a require-for, INT64_MAX = none */
    struct sy_policy *policy;      /* of the last look, a reference */
    struct sy_arena *intake;       /* of the watches' thread */
    struct sy_arena *scratch;      /* of the keeper's */
    struct sy_feed_change *change; /* given to the keeper last */
    struct sy_node **node;         /* the same for nodes() */
    int64_t *read_us;              /* of the objects behind them */
    size_t nread;
};

/* --- live.c */
int64_t sy_live_steady_us(const struct sy_live *live);
int64_t sy_live_unix_us(const struct sy_live *live);
void sy_live_notify(struct sy_live *live);
/* Something to say about one object; no lock needed. */
void sy_live_say(struct sy_live *live, enum sy_level level, const char *msg, const char *key,
                 const char *value, const char *text);

/* --- intake_*.c: the handlers of one collection; they take the lock */
typedef enum sy_code sy_live_object_fn(struct sy_live *live, const json_t *object, int64_t read_us,
                                       struct sy_err *err);
sy_live_object_fn sy_live_put_fabric, sy_live_put_pod, sy_live_put_node;
sy_live_object_fn sy_live_drop_fabric, sy_live_drop_pod, sy_live_drop_node;
/* metadata's member, of 1 to `max` bytes. SY_EINVAL, SY_ELIMIT. */
SY_NODISCARD enum sy_code sy_live_meta(const json_t *object, const char *key, size_t max,
                                       const char **ret, struct sy_err *err);
/* As sy_live_say, of what one object is like: at most 200 lines in 10 s, and then how many were
 * left out. Takes the lock. */
void sy_live_say_object(struct sy_live *live, enum sy_level level, const char *msg, const char *key,
                        const char *value, const char *text);
/* Count and say once that an object was refused; takes the lock. `code` is given back when it is
 * SY_ENOMEM, then nobody refused it; else SY_OK: listing it anew would change nothing. */
enum sy_code sy_live_refuse(struct sy_live *live, enum sy_live_collection collection,
                            const char *name, struct sy_err *err);

/* --- rebuild.c */
/* The report's class at this time; *ret_due is when it changes. */
enum sy_report_age sy_live_age(const struct sy_live *live, const struct live_node *node,
                               int64_t steady_us, int64_t unix_us, int64_t *ret_us,
                               int64_t *ret_due_us);
/* Make the node anew. SY_ENOMEM: it stays as it was. */
SY_NODISCARD enum sy_code sy_live_rebuild(struct sy_live *live, struct live_node *node,
                                          struct sy_err *err);

/* --- ledger.c */
/* What a look found out about a pod of the node: compare, count, tell. Sets its cover and units. */
void sy_live_settle(struct sy_live *live, struct live_node *node, struct live_pod *pod,
                    const struct sy_fabric *fabric, const struct sy_charge *charge);
/* What the new node may change for those who wait. `before` NULL: it was not there. */
void sy_live_wake(struct sy_live *live, const struct sy_node *before, const struct sy_node *now);
bool sy_live_has_demand(const struct sy_request *request);

/* --- feed.c */
extern const struct sy_feed_ops sy_live_feed_ops;

#endif
