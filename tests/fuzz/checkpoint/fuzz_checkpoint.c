/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the kubelet's checkpoint: refused with a text, or sorted entries that are found. */
#include "agent/kubelet/checkpoint.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_device(const struct sy_checkpoint_entry *a, const struct sy_checkpoint_entry *b)
{
    return strcmp(a->resource, b->resource) == 0 && strcmp(a->device_id, b->device_id) == 0 &&
           strcmp(a->container, b->container) == 0;
}

static void check_entry(const struct sy_checkpoint *got, size_t i)
{
    const struct sy_checkpoint_entry *e = &got->entry[i];
    bool alone = (i == 0 || !same_device(e - 1, e)) && (i + 1 == got->n || !same_device(e, e + 1));
    const char *uid = sy_checkpoint_pod_uid(got, e->resource, e->device_id, e->container);
    assert(alone ? uid != NULL && strcmp(uid, e->pod_uid) == 0 : uid == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_checkpoint got;
    struct sy_err err = {0};
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)32 << 20);
    assert(arena != NULL);
    enum sy_code code =
        sy_checkpoint_parse("checkpoint", (const char *)data, size, arena, &got, &err);
    assert((code == SY_OK) == (err.text[0] == '\0'));
    for (size_t i = 0; code == SY_OK && i < got.n; i++)
        check_entry(&got, i);
    return 0;
}
