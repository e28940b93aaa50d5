/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/kubelet/pod_resources.h"
#include "base/kube/grpc.h"

#include <string.h>
#include <time.h>

#define LIST "/v1.PodResourcesLister/List"
#define ALLOCATABLE "/v1.PodResourcesLister/GetAllocatableResources"

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One call without arguments, up to the moment `until_ms`. */
static enum sy_code ask(const char *socket_path, const char *method, int64_t until_ms,
                        struct sy_grpc_answer *ret, struct sy_err *err)
{
    int64_t left_ms = until_ms - now_ms();
    const struct sy_grpc_call call = {
        .socket_path = socket_path,
        .method = method,
        .max_bytes = SY_POD_RESOURCES_MAX_BYTES,
        .timeout_ms = left_ms > 0 ? (unsigned)left_ms : 1,
    };
    return sy_grpc_call(&call, ret, err);
}

static enum sy_code refused(const char *socket_path, const char *method,
                            const struct sy_grpc_answer *answer, struct sy_err *err)
{
    return sy_fail(err, SY_EIO, "%.150s %s: %s: %s", socket_path, method,
                   sy_grpc_status_name(answer->status), answer->message);
}

/* A kubelet without the method answers UNIMPLEMENTED, one with the method switched off (its feature
 * gate KubeletPodResourcesGetAllocatable, until 1.28) UNKNOWN "Pod Resources API
 * GetAllocatableResources disabled": what is held is known nevertheless. */
static bool is_not_offered(const struct sy_grpc_answer *answer)
{
    return answer->status == SY_GRPC_UNIMPLEMENTED ||
           (answer->status == SY_GRPC_UNKNOWN &&
            strstr(answer->message, "GetAllocatableResources disabled") != NULL);
}

static enum sy_code ask_both(const char *socket_path, int64_t until_ms, struct sy_grpc_answer *list,
                             struct sy_grpc_answer *allocatable, struct sy_err *err)
{
    enum sy_code code = ask(socket_path, LIST, until_ms, list, err);
    if (code == SY_OK && list->status != SY_GRPC_OK)
        code = refused(socket_path, LIST, list, err);
    if (code == SY_OK)
        code = ask(socket_path, ALLOCATABLE, until_ms, allocatable, err);
    if (code == SY_OK && allocatable->status != SY_GRPC_OK && !is_not_offered(allocatable))
        code = refused(socket_path, ALLOCATABLE, allocatable, err);
    return code;
}

enum sy_code sy_pod_resources_read(const char *socket_path, unsigned timeout_ms,
                                   struct sy_arena *arena, struct sy_pod_resources *ret,
                                   struct sy_err *err)
{
    struct sy_grpc_answer list = {0}, allocatable = {0};
    struct sy_err why = {0};
    int64_t until_ms = now_ms() + (timeout_ms != 0 ? timeout_ms : SY_POD_RESOURCES_TIMEOUT_MS);
    enum sy_code code = ask_both(socket_path, until_ms, &list, &allocatable, err);
    if (code == SY_OK) {
        code = sy_pod_resources_parse(list.data, list.len, allocatable.data, allocatable.len, arena,
                                      ret, &why);
        if (code != SY_OK)
            (void)sy_fail(err, code, "%.150s: %s", socket_path, why.text);
    }
    sy_grpc_answer_done(&list);
    sy_grpc_answer_done(&allocatable);
    return code;
}
