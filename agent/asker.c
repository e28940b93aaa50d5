/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/asker.h"

#include <stdio.h>

#define ARENA_LIMIT ((size_t)96 << 20) /* of one answer at its limits, mapped twice */
#define TIMEOUT_MS 2000u               /* nothing else is done meanwhile */

void sy_asker_init(struct sy_asker *asker, const char *socket, const char *checkpoint,
                   struct sy_memory *memory)
{
    *asker = (struct sy_asker){.socket = socket, .checkpoint = checkpoint, .memory = memory};
    (void)snprintf(asker->message, sizeof asker->message, "not asked");
}

void sy_asker_done(struct sy_asker *asker)
{
    sy_arena_free(SY_TAKE(asker->arena));
    asker->holdings = NULL;
}

static enum sy_code map(struct sy_asker *asker, const struct sy_fabric *fabric,
                        struct sy_device_ids *ids, struct sy_err *err)
{
    asker->holdings = NULL;
    sy_device_ids_learn(ids, &asker->answer);
    return sy_holders_map(fabric, &asker->answer, ids, asker->memory,
                          asker->has_uids ? &asker->uids : NULL, asker->arena, &asker->holdings,
                          err);
}

static enum sy_code ask(struct sy_asker *asker, const struct sy_fabric *fabric,
                        struct sy_device_ids *ids, struct sy_err *err)
{
    struct sy_asker next = *asker;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_LIMIT);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the kubelet's answer");
    next.arena = arena;
    enum sy_code code = sy_pod_resources_read(asker->socket, TIMEOUT_MS, arena, &next.answer, err);
    if (code != SY_OK)
        return code;
    /* Without UIDs the extender joins them by namespace and name. */
    next.has_uids = asker->checkpoint != NULL &&
                    sy_checkpoint_read(asker->checkpoint, arena, &next.uids, NULL) == SY_OK;
    code = map(&next, fabric, ids, err);
    if (code != SY_OK)
        return code;
    sy_arena_free(asker->arena);
    *asker = next;
    asker->arena = SY_TAKE(arena);
    return SY_OK;
}

bool sy_asker_ask(struct sy_asker *asker, const struct sy_fabric *fabric, struct sy_device_ids *ids,
                  int64_t now_us)
{
    struct sy_err err = {0};
    if (asker->socket == NULL) {
        (void)snprintf(asker->message, sizeof asker->message, "--kubelet-socket is none");
        return false;
    }
    asker->reachable = ask(asker, fabric, ids, &err) == SY_OK;
    if (asker->reachable)
        asker->observed_us = now_us;
    (void)snprintf(asker->message, sizeof asker->message, "%s", err.text);
    return asker->reachable;
}

void sy_asker_remap(struct sy_asker *asker, const struct sy_fabric *fabric,
                    struct sy_device_ids *ids)
{
    struct sy_err err = {0};
    if (asker->arena != NULL && map(asker, fabric, ids, &err) != SY_OK)
        asker->holdings = NULL; /* unknown until the kubelet answers again */
}
