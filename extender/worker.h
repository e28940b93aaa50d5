/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread needs while it decides: an arena and a memo. As many as there are threads, handed
 * out last in, first out: a scheduler that calls one at a time always meets the same, warm memo,
 * and no lock is held while deciding. */
#ifndef SY_EXTENDER_WORKER_H
#define SY_EXTENDER_WORKER_H

#include "scoring/memo.h"

struct sy_worker {
    struct sy_worker *next;
    struct sy_arena *arena; /* empty when taken */
    struct sy_memo *memo;
};

struct sy_workers;

/* SY_ENOMEM */
SY_NODISCARD enum sy_code sy_workers_new(size_t n, struct sy_workers **ret, struct sy_err *err);
void sy_workers_free(struct sy_workers *workers); /* takes NULL; none is out */
/* NULL only when all are out. */
struct sy_worker *sy_workers_take(struct sy_workers *workers);
void sy_workers_give_back(struct sy_workers *workers, struct sy_worker *worker);
/* Adds the statistics of all, as of their last use. */
void sy_workers_stats(struct sy_workers *workers, struct sy_memo_stats *sum);

#endif
