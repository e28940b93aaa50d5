/* SPDX-License-Identifier: Apache-2.0 */
/* Where nodes come from. One kind of feed is one constant table of functions; a feed is used by one
 * thread, the keeper's. */
#ifndef SY_EXTENDER_FEED_H
#define SY_EXTENDER_FEED_H

#include "topology/node.h"

struct sy_feed;

/* What one look brought. */
struct sy_feed_result {
    bool changed;      /* the set of nodes is another one than before */
    bool incomplete;   /* not all nodes are known yet: nothing is published of what there is */
    unsigned again_ms; /* something looked half-written: look again so soon, 0 = no need */
    size_t good, bad;  /* files now */
    size_t refused;    /* contents refused in this look */
};

/* One node that is another one than before. */
struct sy_feed_change {
    const char *name;
    struct sy_node *node; /* as it is now; NULL = there is none of this name any more */
};

/* Something to say about a file, once per content: `text` is why it is refused, NULL = good again.
 */
typedef void sy_feed_report_fn(void *data, const char *file, const char *text);

struct sy_feed_ops {
    /* Readable when something may have changed; -1 = the feed has no notices. */
    int (*fd)(const struct sy_feed *feed);
    /* Take in the notices that wait, without blocking; true when something is to be looked at. */
    bool (*drain)(struct sy_feed *feed);
    /* Look at what notices named, or at everything. What cannot be read keeps its last good state.
     * On failure (the source itself is gone) all nodes stay as they were. */
    enum sy_code (*look)(struct sy_feed *feed, bool all, struct sy_feed_result *ret,
                         struct sy_err *err);
    /* The nodes now; the array is borrowed until the next look. SY_ENOMEM. */
    enum sy_code (*nodes)(struct sy_feed *feed, struct sy_node ***ret, size_t *ret_n,
                          struct sy_err *err);
    /* What changed since `nodes` or `changes` last succeeded (at first: every node), each name once
     * and in any order; array, names and nodes are borrowed until the next look. On failure nothing
     * is forgotten: the next call gives it too. NULL = the feed cannot tell, it is asked for its
     * nodes. Who cannot make use of what was given asks for `nodes`. SY_ENOMEM. */
    enum sy_code (*changes)(struct sy_feed *feed, struct sy_feed_change **ret, size_t *ret_n,
                            struct sy_err *err);
    /* What `nodes` or `changes` gave last is in the snapshot that requests now meet. `now_us`: on
     * CLOCK_MONOTONIC, just after that. Not told of a snapshot that took in nothing of the feed's
     * (another policy). NULL = of no interest. */
    void (*published)(struct sy_feed *feed, int64_t now_us);
    void (*free)(struct sy_feed *feed);
};

struct sy_feed {
    const struct sy_feed_ops *ops;
};

#endif
