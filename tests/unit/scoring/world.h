/* SPDX-License-Identifier: Apache-2.0 */
/* A small world for tests of the engine and the wire: nodes of one shape (two sockets, on each a
 * switch with two Ascend 910B and one A100) in different states, a policy and a memo. */
#ifndef SY_TESTS_UNIT_SCORING_WORLD_H
#define SY_TESTS_UNIT_SCORING_WORLD_H

#include "scoring/engine.h"

/* Units of the shape in order of their addresses. */
enum { NPU0, NPU1, GPU0, NPU2, NPU3, GPU1, TEST_UNITS };

struct test_node {
    const char *name;
    const char *mode; /* "exact", "predicted", "counts"; NULL: no report at all */
    const char
        *held; /* a digit per unit: '.' free, 'x' unhealthy, a letter = held by pod "uid-<letter>",
                  a capital = held by that pod, its uid untold, '2' = shared by pods a and b,
                  '?' = held by nobody knows whom; NULL = all free */
    const char *counted;          /* JSON of status.counted's entries, NULL */
    const char *topology_manager; /* "POLICY/SCOPE" of the kubelet, NULL = untold */
    const char *rack;             /* label example.com/rack, NULL */
    int limit_watts;              /* 0 = none told */
    bool small;                   /* only the first socket's devices exist */
};

struct test_world {
    struct sy_catalogue *catalogue;
    struct sy_policy *policy;
    struct sy_cluster *cluster;
    struct sy_power *power;
    struct sy_memo *memo;
    struct sy_arena *arena;
    struct sy_world world; /* of the above; now_us = 0 */
};

#define TEST_NOW_US (INT64_C(1700000000) * 1000000) /* 2023-11-14T22:13:20Z */

/* `policy` is the text of a policy file, NULL = the default. */
void test_world_make(struct test_world *w, const struct test_node *node, size_t n,
                     const char *policy);
void test_world_free(struct test_world *w);
/* The node's document; caller frees with sy_free. */
char *test_node_document(const struct test_node *node);
/* A request from the text of a pod; aborts the test when it cannot be read. */
struct sy_request test_request(struct test_world *w, const char *pod);
/* One from limits ("npu.huawei.com/ascend910b":"2",…) and annotations. */
struct sy_request test_request_of(struct test_world *w, const char *limits,
                                  const char *annotations);
#define TEST_NPU "npu.huawei.com/ascend910b"
#define TEST_GPU "nvidia.com/gpu"
#define TEST_LIMITS_2_1 "\"" TEST_NPU "\":\"2\",\"" TEST_GPU "\":\"1\""

/* Candidates of these names, resolved; in the world's arena. */
struct sy_candidate *test_candidates(struct test_world *w, const char *const *name, size_t n);

#endif
