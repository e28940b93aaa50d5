/* SPDX-License-Identifier: Apache-2.0 */
/* Writes protobuf messages by their wire format, independent of the library that reads them. */
#ifndef SY_TESTS_UNIT_AGENT_KUBELET_MESSAGES_H
#define SY_TESTS_UNIT_AGENT_KUBELET_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

struct message {
    size_t len;
    unsigned char data[32768];
};

void message_number(struct message *m, unsigned field, int64_t value);
void message_bytes(struct message *m, unsigned field, const void *data, size_t len);
void message_text(struct message *m, unsigned field, const char *text);
void message_nested(struct message *m, unsigned field, const struct message *nested);
/* A gRPC prefix and the message, in `ret`. */
void message_frame(const struct message *m, struct message *ret);

/* ContainerDevices of `n` ids on NUMA node `numa` (INT64_MIN = none told). */
void message_devices(struct message *m, unsigned field, const char *resource,
                     const char *const *ids, size_t n, int64_t numa);
/* A ListPodResourcesResponse: pod a/trainer with container `main` holding GPU-1, GPU-2 (NUMA 0) and
 * 0000:3b:00.1, its sidecar holding GPU-1 once more; pod b/server with a claim of two devices; pod
 * b/idle with nothing; CPUs, memory and other fields that are not read among them. */
void message_usual_list(struct message *m);
/* An AllocatableResourcesResponse: GPU-1, GPU-2, GPU-3 on NUMA 0, 0000:3b:00.1. */
void message_usual_allocatable(struct message *m);

#endif
