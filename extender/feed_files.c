/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/feed_files.h"

#include "base/file.h"
#include "topology/discover/discover.h"
#include "topology/node_json.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* File times advance in steps of a few milliseconds: a file that changed less than this before it
 * was read may change again without showing. */
#define SETTLED_NS INT64_C(50000000)
/* A file that is wrong and this young may be half-written: no verdict yet. */
#define YOUNG_NS INT64_C(300000000)

bool sy_feed_file_name(const char *file, char name[SY_NODE_NAME_MAX + 1])
{
    size_t len = strlen(file);
    if (file[0] == '.')
        return false;
    for (enum sy_node_file kind = 0; kind < SY_NODE_FILE_COUNT; kind++) {
        const char *suffix = sy_node_file_suffix(kind);
        size_t tail = strlen(suffix);
        if (len <= tail || len - tail > SY_NODE_NAME_MAX || strcmp(file + len - tail, suffix) != 0)
            continue;
        memcpy(name, file, len - tail);
        name[len - tail] = '\0';
        return true;
    }
    return false;
}

struct sy_feed_entry *sy_feed_entry_new(const char *name)
{
    size_t size = strlen(name) + 1;
    struct sy_feed_entry *entry = sy_calloc(1, sizeof *entry + size);
    if (entry != NULL)
        memcpy(entry->name, name, size);
    return entry;
}

void sy_feed_entry_free(struct sy_feed_entry *entry)
{
    if (entry != NULL)
        sy_node_unref(entry->node);
    sy_free(entry);
}

static int64_t to_ns(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return to_ns(now);
}

static void file_name(const struct sy_feed_entry *entry, enum sy_node_file kind, char *buf,
                      size_t size)
{
    (void)snprintf(buf, size, "%s%s", entry->name, sy_node_file_suffix(kind));
}

static bool file_path(const struct sy_feed_entry *entry, const char *path, enum sy_node_file kind,
                      char *buf, size_t size)
{
    int len = snprintf(buf, size, "%s/%s%s", path, entry->name, sy_node_file_suffix(kind));
    return len > 0 && (size_t)len < size;
}

static struct sy_stamp stamp_of(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return (struct sy_stamp){0};
    int64_t modified = to_ns(info.st_mtim), changed = to_ns(info.st_ctim);
    if (changed < modified)
        changed = modified;
    return (struct sy_stamp){.present = true,
                             .settled = now_ns() - changed > SETTLED_NS,
                             .dev = info.st_dev,
                             .ino = info.st_ino,
                             .size = info.st_size,
                             .changed_ns = changed};
}

/* Certainly the same content. */
static bool is_same(const struct sy_stamp *a, const struct sy_stamp *b)
{
    if (!a->present || !b->present)
        return a->present == b->present;
    return a->settled && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->changed_ns == b->changed_ns;
}

/* One try to make a node of the files as they are. */
struct attempt {
    struct sy_stamp stamp[SY_NODE_FILE_COUNT];
    struct sy_bytes bytes[SY_NODE_FILE_COUNT];
    unsigned nfile;
    struct sy_digest content;
    enum sy_node_file culprit;
    struct sy_err err;
};

static void read_file(struct attempt *attempt, enum sy_node_file kind, const char *path)
{
    struct sy_err err = {0};
    struct sy_bytes *bytes = &attempt->bytes[kind];
    size_t limit = kind == SY_NODE_FILE_XML ? SY_XML_MAX : SY_NODE_JSON_MAX;
    enum sy_code code = sy_file_read(path, limit, &bytes->data, &bytes->len, &err);
    if (code == SY_ENOENT)
        attempt->stamp[kind].present = false; /* it went between the two calls */
    else if (code != SY_OK && attempt->err.code == SY_OK) {
        attempt->culprit = kind;
        attempt->err = err;
    }
}

static void read_files(struct attempt *attempt, const struct sy_feed_entry *entry, const char *path)
{
    attempt->content = sy_digest_begin();
    for (enum sy_node_file kind = 0; kind < SY_NODE_FILE_COUNT; kind++) {
        char file[PATH_MAX];
        if (attempt->stamp[kind].present && file_path(entry, path, kind, file, sizeof file))
            read_file(attempt, kind, file);
        attempt->nfile += attempt->stamp[kind].present;
        const struct sy_bytes *bytes = &attempt->bytes[kind];
        sy_digest_u64(&attempt->content, attempt->stamp[kind].present);
        sy_digest_u64(&attempt->content, bytes->data != NULL ? bytes->len : UINT64_MAX);
        if (bytes->data != NULL)
            sy_digest_bytes(&attempt->content, bytes->data, bytes->len);
    }
    if (attempt->err.code != SY_OK) /* unreadable is a content of its own kind */
        sy_digest_str(&attempt->content, attempt->err.text);
}

static bool is_young(const struct attempt *attempt)
{
    int64_t now = now_ns();
    for (enum sy_node_file kind = 0; kind < SY_NODE_FILE_COUNT; kind++) {
        int64_t age = now - attempt->stamp[kind].changed_ns;
        if (attempt->stamp[kind].present && age >= 0 && age < YOUNG_NS)
            return true;
    }
    return false;
}

/* A name that a node can have: lower case letters, digits, '-' and '.', an alphanumeric at each end
 * of each part. */
static bool is_node_name(const char *name)
{
    char before = '.';
    for (const char *c = name; *c != '\0'; before = *c++) {
        bool alnum = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        if (!alnum && *c != '-' && *c != '.')
            return false;
        if (!alnum && before == '.')
            return false;
        if (*c == '.' && before == '-')
            return false;
    }
    return before != '-' && before != '.';
}

static struct sy_node *make(struct attempt *attempt, struct sy_feed_entry *entry,
                            struct sy_loader *loader)
{
    struct sy_node *node = NULL;
    bool has_inventory =
        attempt->stamp[SY_NODE_FILE_XML].present || attempt->stamp[SY_NODE_FILE_JSON].present;
    if (attempt->err.code != SY_OK)
        return NULL;
    if (!is_node_name(entry->name)) {
        while (!attempt->stamp[attempt->culprit].present)
            attempt->culprit++;
        (void)sy_fail(&attempt->err, SY_EINVAL, "the file's name is no name of a node");
    } else if (!has_inventory) {
        attempt->culprit = SY_NODE_FILE_STATUS;
        (void)sy_fail(&attempt->err, SY_ENOENT, "there is no NODE.xml or NODE.json beside it");
    } else if (sy_loader_node(loader, entry->name, attempt->bytes, &node, &attempt->culprit,
                              &attempt->err) != SY_OK &&
               attempt->culprit == SY_NODE_FILE_STATUS && entry->node == NULL) {
        /* The inventory alone is better than no node; the status stays refused. */
        enum sy_node_file ignored;
        struct sy_err ignored_err = {0};
        attempt->bytes[SY_NODE_FILE_STATUS].len = 0;
        sy_free(SY_TAKE(attempt->bytes[SY_NODE_FILE_STATUS].data));
        if (sy_loader_node(loader, entry->name, attempt->bytes, &node, &ignored, &ignored_err) !=
            SY_OK)
            node = NULL;
    }
    return node;
}

static void conclude(struct sy_feed_entry *entry, const struct attempt *attempt,
                     struct sy_node *node)
{
    bool has_inventory =
        attempt->stamp[SY_NODE_FILE_XML].present || attempt->stamp[SY_NODE_FILE_JSON].present;
    bool bad = attempt->err.code != SY_OK;
    if (node != NULL || !has_inventory) {
        entry->changed = node != entry->node;
        sy_node_unref(entry->node);
        entry->node = node;
    }
    entry->news = bad || entry->bad;
    entry->bad = bad;
    if (bad) {
        file_name(entry, attempt->culprit, entry->file, sizeof entry->file);
        (void)snprintf(entry->why, sizeof entry->why, "%s", attempt->err.text);
    }
    entry->content = attempt->content;
}

void sy_feed_entry_look(struct sy_feed_entry *entry, const char *path, struct sy_loader *loader,
                        bool patient)
{
    struct attempt attempt = {0};
    bool same = !entry->forced;
    for (enum sy_node_file kind = 0; kind < SY_NODE_FILE_COUNT; kind++) {
        char file[PATH_MAX];
        if (file_path(entry, path, kind, file, sizeof file))
            attempt.stamp[kind] = stamp_of(file);
        same = same && is_same(&entry->stamp[kind], &attempt.stamp[kind]);
    }
    entry->again = false;
    if (same)
        return;
    read_files(&attempt, entry, path);
    entry->nfile = attempt.nfile;
    struct sy_node *node = NULL;
    if (attempt.nfile == 0) {
        attempt.err = (struct sy_err){0};
        conclude(entry, &attempt, NULL);
        entry->news = false; /* what is gone needs no word */
    } else if (!sy_digest_equal(entry->content, attempt.content)) {
        node = make(&attempt, entry, loader);
        enum sy_code code = attempt.err.code;
        entry->again = code == SY_ENOMEM || (patient && code != SY_OK && is_young(&attempt));
        if (entry->again)
            sy_node_unref(node);
        else
            conclude(entry, &attempt, node);
    }
    memcpy(entry->stamp, attempt.stamp, sizeof entry->stamp);
    for (enum sy_node_file kind = 0; kind < SY_NODE_FILE_COUNT; kind++)
        sy_free(attempt.bytes[kind].data);
}
