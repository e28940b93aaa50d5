/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/worker.h"

#include "base/arena.h"

#include <pthread.h>

#define ARENA_LIMIT ((size_t)512 << 20) /* a body of 64 MiB with 100,000 nodes, explained */
#define ARENA_KEPT ((size_t)32 << 20)   /* after a larger request the memory is given back */
#define MEMO_ENTRIES ((size_t)65536)    /* about 32 MB when full */

struct slot {
    struct sy_worker worker;
    struct sy_memo_stats stats; /* as of the last use */
};

struct sy_workers {
    pthread_mutex_t lock;
    size_t n;
    struct sy_worker *free;
    struct slot slot[];
};

enum sy_code sy_workers_new(size_t n, struct sy_workers **ret, struct sy_err *err)
{
    struct sy_workers *workers = sy_calloc(1, sizeof *workers + n * sizeof workers->slot[0]);
    if (workers == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for workers");
    (void)pthread_mutex_init(&workers->lock, NULL);
    workers->n = n;
    for (size_t i = 0; i < n; i++) {
        struct sy_worker *worker = &workers->slot[i].worker;
        worker->arena = sy_arena_new(ARENA_LIMIT);
        worker->memo = sy_memo_new(MEMO_ENTRIES);
        if (worker->arena == NULL || worker->memo == NULL) {
            sy_workers_free(workers);
            return sy_fail(err, SY_ENOMEM, "out of memory for workers");
        }
        worker->next = workers->free;
        workers->free = worker;
    }
    *ret = workers;
    return SY_OK;
}

void sy_workers_free(struct sy_workers *workers)
{
    if (workers == NULL)
        return;
    for (size_t i = 0; i < workers->n; i++) {
        sy_arena_free(workers->slot[i].worker.arena);
        sy_memo_free(workers->slot[i].worker.memo);
    }
    (void)pthread_mutex_destroy(&workers->lock);
    sy_free(workers);
}

struct sy_worker *sy_workers_take(struct sy_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    struct sy_worker *worker = workers->free;
    if (worker != NULL)
        workers->free = worker->next;
    pthread_mutex_unlock(&workers->lock);
    return worker;
}

void sy_workers_give_back(struct sy_workers *workers, struct sy_worker *worker)
{
    struct sy_arena *smaller = NULL;
    if (sy_arena_used(worker->arena) > ARENA_KEPT)
        smaller = sy_arena_new(ARENA_LIMIT);
    if (smaller != NULL) {
        sy_arena_free(worker->arena);
        worker->arena = smaller;
    } else {
        sy_arena_reset(worker->arena);
    }
    struct slot *slot = (struct slot *)(void *)worker; /* its first member */
    struct sy_memo_stats stats = sy_memo_stats(worker->memo);
    pthread_mutex_lock(&workers->lock);
    slot->stats = stats;
    worker->next = workers->free;
    workers->free = worker;
    pthread_mutex_unlock(&workers->lock);
}

void sy_workers_stats(struct sy_workers *workers, struct sy_memo_stats *sum)
{
    pthread_mutex_lock(&workers->lock);
    for (size_t i = 0; i < workers->n; i++) {
        sum->hits += workers->slot[i].stats.hits;
        sum->misses += workers->slot[i].stats.misses;
        sum->entries += workers->slot[i].stats.entries;
    }
    pthread_mutex_unlock(&workers->lock);
}
