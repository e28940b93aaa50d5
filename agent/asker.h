/* SPDX-License-Identifier: Apache-2.0 */
/* What the kubelet said last. While it does not answer, that stays, and so does its time. */
#ifndef SY_AGENT_ASKER_H
#define SY_AGENT_ASKER_H

#include "agent/holders.h"

struct sy_asker {
    const char *socket, *checkpoint; /* NULL = not to be read */
    struct sy_arena *arena;          /* of the last answer and all that follows from it */
    struct sy_pod_resources answer;
    struct sy_checkpoint uids;
    bool has_uids;
    struct sy_memory *memory;     /* borrowed */
    struct sy_holdings *holdings; /* NULL: never answered, or it cannot be mapped */
    int64_t observed_us;          /* Unix time at which the last answer was asked for */
    bool reachable;
    char message[512]; /* why it is not reachable */
};

void sy_asker_init(struct sy_asker *asker, const char *socket, const char *checkpoint,
                   struct sy_memory *memory);
void sy_asker_done(struct sy_asker *asker);
/* Ask, and map the answer; `now_us` is the Unix time. False when there was no answer. */
bool sy_asker_ask(struct sy_asker *asker, const struct sy_fabric *fabric, struct sy_device_ids *ids,
                  int64_t now_us);
/* The fabric is another: map the last answer anew. */
void sy_asker_remap(struct sy_asker *asker, const struct sy_fabric *fabric,
                    struct sy_device_ids *ids);

#endif
