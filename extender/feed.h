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
    unsigned again_ms; /* something looked half-written: look again so soon, 0 = no need */
    size_t good, bad;  /* files now */
    size_t refused;    /* contents refused in this look */
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
    void (*free)(struct sy_feed *feed);
};

struct sy_feed {
    const struct sy_feed_ops *ops;
};

#endif
