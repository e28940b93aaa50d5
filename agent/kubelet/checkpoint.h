/* SPDX-License-Identifier: Apache-2.0 */
/* The kubelet's device checkpoint: the only place on a node that joins pod UIDs with device ids.
 * An internal file of the kubelet: a form that is not known is an error, and callers then do
 * without UIDs. Entries of pods that ended stay in it until the next device is handed out. */
#ifndef SY_AGENT_KUBELET_CHECKPOINT_H
#define SY_AGENT_KUBELET_CHECKPOINT_H

#include "base/arena.h"

#define SY_CHECKPOINT_PATH "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"
#define SY_CHECKPOINT_MAX_BYTES (16u * 1024u * 1024u)
#define SY_CHECKPOINT_ENTRIES_MAX 65536u /* device ids in all */
#define SY_CHECKPOINT_TEXT_MAX 1024u     /* bytes of a UID, name or id */

struct sy_checkpoint_entry {
    const char *resource, *device_id, *container, *pod_uid;
};

struct sy_checkpoint {
    size_t n;
    const struct sy_checkpoint_entry
        *entry; /* sorted by resource, id, container, UID; all differ */
};

/* Both forms are read: DeviceIDs by NUMA node (since 1.20) and as a plain list. The checksum is not
 * verified (it is over Go's memory, not over the file), plugins' answers (AllocResp) are not read.
 * Everything lives in `arena`. SY_ENOENT, SY_EIO, SY_EPARSE, SY_EINVAL, SY_ELIMIT, SY_ENOMEM; text
 * starts with the path. */
SY_NODISCARD enum sy_code sy_checkpoint_read(const char *path, struct sy_arena *arena,
                                             struct sy_checkpoint *ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_checkpoint_parse(const char *file, const char *data, size_t len,
                                              struct sy_arena *arena, struct sy_checkpoint *ret,
                                              struct sy_err *err);
/* UID of the pod whose container holds the device. NULL: nobody does, or containers of that name of
 * several pods (one of them has ended). Borrowed. */
const char *sy_checkpoint_pod_uid(const struct sy_checkpoint *checkpoint, const char *resource,
                                  const char *device_id, const char *container);

#endif
