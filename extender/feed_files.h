/* SPDX-License-Identifier: Apache-2.0 */
/* The files of one node in a directory, and what became of them: private to the directory feed. */
#ifndef SY_EXTENDER_FEED_FILES_H
#define SY_EXTENDER_FEED_FILES_H

#include "extender/loader.h"

#include <sys/types.h>

#define SY_NODE_NAME_MAX 253u /* of a Kubernetes object */

/* A file as it was when it was read last. */
struct sy_stamp {
    bool present;
    bool settled; /* changed long enough before it was read for its time to tell */
    dev_t dev;
    ino_t ino;
    off_t size;
    int64_t changed_ns; /* the later of mtime and ctime */
};

struct sy_feed_entry {
    bool look, forced; /* to be looked at; even where the stamps are equal */
    bool changed;      /* the last look changed the node */
    bool untold;       /* it changed, and the feed's user was not told yet */
    bool again;        /* looked half-written, or memory ran out */
    bool bad, news;    /* `why` holds; that, or its end, has not been reported */
    unsigned nfile;    /* present */
    struct sy_stamp stamp[SY_NODE_FILE_COUNT];
    struct sy_digest content;         /* of all files that the last verdict was on */
    struct sy_node *node;             /* last good one, a reference; NULL = none */
    char file[SY_NODE_NAME_MAX + 16]; /* that was bad last */
    char why[512];
    char name[]; /* of the node */
};

/* The node that a file belongs to; false = not a file of ours. The node's name may be one that no
 * Kubernetes object can have: then its entry says so. */
bool sy_feed_file_name(const char *file, char name[SY_NODE_NAME_MAX + 1]);

struct sy_feed_entry *sy_feed_entry_new(const char *name) SY_NODISCARD; /* NULL: no memory */
void sy_feed_entry_free(struct sy_feed_entry *entry);                   /* takes NULL */
/* Look at the files below `path` and take in what changed. When `patient`, what is wrong and so
 * young that it may be half-written gets no verdict yet. */
void sy_feed_entry_look(struct sy_feed_entry *entry, const char *path, struct sy_loader *loader,
                        bool patient);

#endif
