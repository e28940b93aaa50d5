/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/feed_dir.h"

#include "base/file.h"
#include "base/str.h"
#include "extender/feed_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS_MAX 8
#define ALONE_MAX 8 /* so few nodes are looked at without threads */
#define AGAIN_MS 100u
#define NOTICES                                                                                    \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_DELETE_SELF |       \
     IN_MOVE_SELF | IN_ONLYDIR)

struct feed_dir {
    struct sy_feed feed;
    char *path;
    struct sy_loader *loader;
    sy_feed_report_fn *report;
    void *report_data;
    int inotify, watch;
    dev_t dev; /* of the directory that is watched */
    ino_t ino;
    bool all;    /* a notice asks for a full look */
    bool looked; /* before, every file gets its verdict at once, young or not */
    size_t n, size;
    struct sy_feed_entry **entry;  /* ascending by name */
    struct sy_node **node;         /* scratch of nodes() … */
    struct sy_feed_change *change; /* … and of changes() */
};

static struct feed_dir *of(struct sy_feed *feed)
{
    return (struct feed_dir *)(void *)feed; /* its first member */
}

/* Index of the entry with this name, or where it belongs. */
static size_t lower_bound(const struct feed_dir *dir, const char *name)
{
    size_t low = 0, high = dir->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(dir->entry[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The entry of a node, made when there is none; NULL when out of memory. */
static struct sy_feed_entry *entry_of(struct feed_dir *dir, const char *name)
{
    size_t at = lower_bound(dir, name);
    if (at < dir->n && strcmp(dir->entry[at]->name, name) == 0)
        return dir->entry[at];
    if (dir->n == dir->size) {
        size_t size = dir->size > 0 ? 2 * dir->size : 64;
        struct sy_feed_entry **grown = sy_realloc(dir->entry, size * sizeof(*grown));
        if (grown == NULL)
            return NULL;
        dir->entry = grown;
        dir->size = size;
    }
    struct sy_feed_entry *entry = sy_feed_entry_new(name);
    if (entry == NULL)
        return NULL;
    memmove(&dir->entry[at + 1], &dir->entry[at], (dir->n - at) * sizeof(struct sy_feed_entry *));
    dir->entry[at] = entry;
    dir->n++;
    return entry;
}

/* Note that a file is to be looked at. False when out of memory. */
static bool mark(struct feed_dir *dir, const char *file, bool forced)
{
    char name[SY_NODE_NAME_MAX + 1];
    if (!sy_feed_file_name(file, name))
        return true; /* not a node's */
    struct sy_feed_entry *entry = entry_of(dir, name);
    if (entry == NULL)
        return false;
    entry->look = true;
    entry->forced = entry->forced || forced;
    return true;
}

static int feed_fd(const struct sy_feed *feed)
{
    return ((const struct feed_dir *)(const void *)feed)->inotify;
}

/* A plain file that was just made is still being written: its closing is another notice. A link is
 * there whole. */
static bool is_unfinished(const struct feed_dir *dir, const struct inotify_event *event)
{
    char path[PATH_MAX];
    struct stat info;
    if ((event->mask & IN_CREATE) == 0 ||
        snprintf(path, sizeof path, "%s/%s", dir->path, event->name) >= (int)sizeof path)
        return false;
    return lstat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1;
}

static bool take_notice(struct feed_dir *dir, const struct inotify_event *event)
{
    /* Overflow, or the directory itself moved. */
    if ((event->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0 ||
        event->len == 0) {
        dir->all = true;
        return true;
    }
    /* A mounted ConfigMap swaps all its files by renaming this link. */
    if (strcmp(event->name, "..data") == 0) {
        dir->all = true;
        return true;
    }
    char name[SY_NODE_NAME_MAX + 1];
    if (!sy_feed_file_name(event->name, name) || is_unfinished(dir, event))
        return false;
    if (!mark(dir, event->name, true))
        dir->all = true; /* it will be found there */
    return true;
}

static bool feed_drain(struct sy_feed *feed)
{
    struct feed_dir *dir = of(feed);
    union {
        struct inotify_event event;
        char bytes[16384];
    } buffer;
    bool any = false;
    for (;;) {
        ssize_t len = read(dir->inotify, buffer.bytes, sizeof buffer.bytes);
        if (len <= 0)
            return any;
        for (char *at = buffer.bytes; at < buffer.bytes + len;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)at;
            any = take_notice(dir, event) || any;
            at += sizeof *event + event->len;
        }
    }
}

/* Watch the directory that the path leads to now. */
static enum sy_code watch(struct feed_dir *dir, struct sy_err *err)
{
    struct stat info;
    if (stat(dir->path, &info) != 0)
        return sy_fail(err, errno == ENOENT || errno == ENOTDIR ? SY_ENOENT : SY_EIO, "%s: %s",
                       dir->path, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return sy_fail(err, SY_ENOENT, "%s: not a directory", dir->path);
    if (dir->watch >= 0 && dir->dev == info.st_dev && dir->ino == info.st_ino)
        return SY_OK;
    int before = dir->watch;
    int now = inotify_add_watch(dir->inotify, dir->path, NOTICES);
    if (now < 0)
        return sy_fail(err, SY_EIO, "%s: cannot watch: %s", dir->path, strerror(errno));
    if (before >= 0 && before != now)
        (void)inotify_rm_watch(dir->inotify, before);
    dir->watch = now;
    dir->dev = info.st_dev;
    dir->ino = info.st_ino;
    return SY_OK;
}

/* Mark every file of the directory, and every node that was there. */
static enum sy_code mark_all(struct feed_dir *dir, struct sy_err *err)
{
    enum sy_code code = watch(dir, err);
    if (code != SY_OK)
        return code;
    DIR *folder = opendir(dir->path);
    if (folder == NULL)
        return sy_fail(err, SY_EIO, "%s: %s", dir->path, strerror(errno));
    bool ok = true;
    errno = 0;
    for (struct dirent *file = readdir(folder); ok && file != NULL; file = readdir(folder))
        ok = mark(dir, file->d_name, false);
    int failed = errno;
    (void)closedir(folder);
    if (!ok)
        return sy_fail(err, SY_ENOMEM, "out of memory for the feed");
    if (failed != 0)
        return sy_fail(err, SY_EIO, "%s: %s", dir->path, strerror(failed));
    for (size_t i = 0; i < dir->n; i++)
        dir->entry[i]->look = true;
    dir->all = false;
    return SY_OK;
}

struct job {
    struct feed_dir *dir;
    _Atomic size_t next;
};

static void *look_at_entries(void *data)
{
    struct job *job = data;
    for (size_t i = job->next++; i < job->dir->n; i = job->next++)
        if (job->dir->entry[i]->look)
            sy_feed_entry_look(job->dir->entry[i], job->dir->path, job->dir->loader,
                               job->dir->looked);
    return NULL;
}

/* Reading and importing is spread over the processors; every entry belongs to one thread. */
static void look_at_all(struct feed_dir *dir)
{
    struct job job = {.dir = dir};
    pthread_t thread[THREADS_MAX];
    size_t due = 0, started = 0;
    for (size_t i = 0; i < dir->n; i++)
        due += dir->entry[i]->look;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = due <= ALONE_MAX || cpus < 2 ? 0
                    : cpus > THREADS_MAX         ? THREADS_MAX - 1
                                                 : (size_t)cpus - 1;
    while (started < wanted && pthread_create(&thread[started], NULL, look_at_entries, &job) == 0)
        started++;
    (void)look_at_entries(&job);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(thread[i], NULL);
}

/* Say what is new of the entries looked at, count all, and drop those without files, once whoever
 * uses the feed knows that they are gone. */
static void settle(struct feed_dir *dir, struct sy_feed_result *result)
{
    size_t kept = 0;
    for (size_t i = 0; i < dir->n; i++) {
        struct sy_feed_entry *entry = dir->entry[i];
        if (entry->look) {
            result->changed = result->changed || entry->changed;
            result->refused += entry->news && entry->bad;
            if (entry->again)
                result->again_ms = AGAIN_MS;
            if (entry->news)
                dir->report(dir->report_data, entry->file, entry->bad ? entry->why : NULL);
        }
        entry->untold = entry->untold || entry->changed;
        entry->look = entry->again; /* the next look, whatever asks for it */
        entry->forced = entry->again;
        entry->changed = entry->news = false;
        if (entry->nfile == 0 && !entry->again && !entry->untold) {
            sy_feed_entry_free(entry);
            continue;
        }
        /* What is to be looked at again is not good, nor newly bad. */
        result->good += entry->nfile - (entry->bad || entry->again ? 1 : 0);
        result->bad += entry->bad;
        dir->entry[kept++] = entry;
    }
    dir->n = kept;
}

static enum sy_code feed_look(struct sy_feed *feed, bool all, struct sy_feed_result *ret,
                              struct sy_err *err)
{
    struct feed_dir *dir = of(feed);
    struct sy_feed_result result = {0};
    all = all || dir->all;
    enum sy_code code = all ? mark_all(dir, err) : SY_OK;
    if (code != SY_OK)
        return code;
    look_at_all(dir);
    settle(dir, &result);
    dir->looked = true;
    if (all)
        sy_loader_sweep(dir->loader);
    *ret = result;
    return SY_OK;
}

static enum sy_code feed_nodes(struct sy_feed *feed, struct sy_node ***ret, size_t *ret_n,
                               struct sy_err *err)
{
    struct feed_dir *dir = of(feed);
    sy_free(dir->node);
    dir->node = sy_calloc(dir->n, sizeof(struct sy_node *));
    if (dir->node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu nodes", dir->n);
    size_t n = 0;
    for (size_t i = 0; i < dir->n; i++) {
        dir->entry[i]->untold = false;
        if (dir->entry[i]->node != NULL)
            dir->node[n++] = dir->entry[i]->node;
    }
    *ret = dir->node;
    *ret_n = n;
    return SY_OK;
}

static enum sy_code feed_changes(struct sy_feed *feed, struct sy_feed_change **ret, size_t *ret_n,
                                 struct sy_err *err)
{
    struct feed_dir *dir = of(feed);
    size_t n = 0;
    for (size_t i = 0; i < dir->n; i++)
        n += dir->entry[i]->untold;
    sy_free(dir->change);
    dir->change = sy_calloc(n, sizeof *dir->change);
    if (dir->change == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu nodes", n);
    n = 0;
    for (size_t i = 0; i < dir->n; i++) {
        struct sy_feed_entry *entry = dir->entry[i];
        if (entry->untold)
            dir->change[n++] = (struct sy_feed_change){entry->name, entry->node};
        entry->untold = false;
    }
    *ret = dir->change;
    *ret_n = n;
    return SY_OK;
}

static void feed_free(struct sy_feed *feed)
{
    struct feed_dir *dir = of(feed);
    for (size_t i = 0; i < dir->n; i++)
        sy_feed_entry_free(dir->entry[i]);
    sy_free(dir->entry);
    sy_free(dir->node);
    sy_free(dir->change);
    sy_loader_free(dir->loader);
    if (dir->inotify >= 0)
        (void)close(dir->inotify);
    sy_free(dir->path);
    sy_free(dir);
}

enum sy_code sy_feed_dir_new(const char *path, struct sy_catalogue *cat, sy_feed_report_fn *report,
                             void *report_data, struct sy_feed **ret, struct sy_err *err)
{
    static const struct sy_feed_ops ops = {.fd = feed_fd,
                                           .drain = feed_drain,
                                           .look = feed_look,
                                           .nodes = feed_nodes,
                                           .changes = feed_changes,
                                           .free = feed_free};
    struct feed_dir *dir = sy_calloc(1, sizeof *dir);
    if (dir == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the feed");
    *dir = (struct feed_dir){.feed.ops = &ops,
                             .path = sy_strdup(path),
                             .loader = sy_loader_new(cat),
                             .report = report,
                             .report_data = report_data,
                             .inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
                             .watch = -1};
    enum sy_code code = SY_OK;
    if (dir->path == NULL || dir->loader == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory for the feed");
    else if (dir->inotify < 0)
        code = sy_fail(err, SY_EIO, "%s: cannot watch: %s", path, strerror(errno));
    else
        code = watch(dir, err);
    if (code != SY_OK) {
        feed_free(&dir->feed);
        return code;
    }
    *ret = &dir->feed;
    return SY_OK;
}
