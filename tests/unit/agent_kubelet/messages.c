/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/agent_kubelet/messages.h"

#include <assert.h>
#include <string.h>

static void put(struct message *m, const void *data, size_t len)
{
    assert(len <= sizeof m->data - m->len);
    if (len > 0)
        memcpy(m->data + m->len, data, len);
    m->len += len;
}

static void put_varint(struct message *m, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        put(m, &(unsigned char){(unsigned char)(value | 0x80)}, 1);
    put(m, &(unsigned char){(unsigned char)value}, 1);
}

void message_number(struct message *m, unsigned field, int64_t value)
{
    put_varint(m, field << 3);
    put_varint(m, (uint64_t)value);
}

void message_bytes(struct message *m, unsigned field, const void *data, size_t len)
{
    put_varint(m, field << 3 | 2);
    put_varint(m, len);
    put(m, data, len);
}

void message_text(struct message *m, unsigned field, const char *text)
{
    message_bytes(m, field, text, strlen(text));
}

void message_nested(struct message *m, unsigned field, const struct message *nested)
{
    message_bytes(m, field, nested->data, nested->len);
}

void message_frame(const struct message *m, struct message *ret)
{
    const unsigned char prefix[5] = {0, (unsigned char)(m->len >> 24),
                                     (unsigned char)(m->len >> 16), (unsigned char)(m->len >> 8),
                                     (unsigned char)m->len};
    ret->len = 0;
    put(ret, prefix, sizeof prefix);
    put(ret, m->data, m->len);
}

void message_devices(struct message *m, unsigned field, const char *resource,
                     const char *const *ids, size_t n, int64_t numa)
{
    struct message devices = {0}, topology = {0}, node = {0};
    message_text(&devices, 1, resource);
    for (size_t i = 0; i < n; i++)
        message_text(&devices, 2, ids[i]);
    if (numa != INT64_MIN) {
        message_number(&node, 1, numa);
        message_nested(&topology, 1, &node);
        message_nested(&devices, 3, &topology);
    }
    message_nested(m, field, &devices);
}

static void claim(struct message *m)
{
    struct message dynamic = {0}, resource = {0}, other = {0}, cdi = {0};
    message_text(&dynamic, 2, "server-gpus");
    message_text(&dynamic, 3, "b");
    message_text(&cdi, 1, "nvidia.com/gpu=3");
    message_nested(&resource, 1, &cdi);
    message_text(&resource, 2, "gpu.nvidia.com");
    message_text(&resource, 3, "node-1");
    message_text(&resource, 4, "gpu-3");
    message_text(&resource, 5, "share-1");
    message_nested(&dynamic, 4, &resource);
    message_text(&other, 2, "gpu.nvidia.com");
    message_text(&other, 3, "node-1");
    message_text(&other, 4, "gpu-4");
    message_nested(&dynamic, 4, &other);
    message_nested(m, 5, &dynamic);
}

static void trainer(struct message *m)
{
    static const char *const gpus[] = {"GPU-1", "GPU-2"}, *const nic[] = {"0000:3b:00.1"};
    struct message pod = {0}, container = {0}, sidecar = {0}, memory = {0};
    message_text(&container, 1, "main");
    message_devices(&container, 2, "nvidia.com/gpu", gpus, 2, 0);
    message_bytes(&container, 3, "\x00\x01\x02", 3); /* CPUs, packed */
    message_text(&memory, 1, "memory");
    message_number(&memory, 2, 1 << 30);
    message_nested(&container, 4, &memory);
    message_devices(&container, 2, "nvidia.com/rdma", nic, 1, INT64_MIN);
    message_text(&pod, 1, "trainer");
    message_text(&pod, 2, "a");
    message_nested(&pod, 3, &container);
    message_text(&sidecar, 1, "sidecar");
    message_devices(&sidecar, 2, "nvidia.com/gpu", gpus, 1, 0);
    message_nested(&pod, 3, &sidecar);
    message_bytes(&pod, 4, "\x00\x01", 2);
    message_nested(m, 1, &pod);
}

void message_usual_list(struct message *m)
{
    struct message server = {0}, idle = {0}, container = {0}, nothing = {0};
    m->len = 0;
    trainer(m);
    message_text(&container, 1, "main");
    claim(&container);
    message_text(&server, 1, "server");
    message_text(&server, 2, "b");
    message_nested(&server, 3, &container);
    message_nested(m, 1, &server);
    message_text(&nothing, 1, "main");
    message_text(&idle, 1, "idle");
    message_text(&idle, 2, "b");
    message_nested(&idle, 3, &nothing);
    message_nested(m, 1, &idle);
    message_number(m, 99, 7); /* of a newer kubelet */
}

void message_usual_allocatable(struct message *m)
{
    static const char *const gpus[] = {"GPU-1", "GPU-2", "GPU-3"}, *const nic[] = {"0000:3b:00.1"};
    m->len = 0;
    message_devices(m, 1, "nvidia.com/gpu", gpus, 3, 0);
    message_devices(m, 1, "nvidia.com/rdma", nic, 1, -1);
    message_bytes(m, 2, "\x00\x01\x02\x03", 4);
}
