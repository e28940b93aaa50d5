/* SPDX-License-Identifier: Apache-2.0 */
/* A pod's terms as the filters and scores read them. */
#ifndef SY_PLANNER_SCHEDULER_PRIVATE_H
#define SY_PLANNER_SCHEDULER_PRIVATE_H

#include "planner/scheduler/scheduler.h"

#define SY_SELECTOR_TEXT_MAX 512u /* bytes of a key, value or operator; the longest key has 317 */

/* X(id, operator) of a node selector's requirement */
#define SY_OPERATORS(X)                                                                            \
    X(IN, "In")                                                                                    \
    X(NOT_IN, "NotIn")                                                                             \
    X(EXISTS, "Exists")                                                                            \
    X(DOES_NOT_EXIST, "DoesNotExist")                                                              \
    X(GT, "Gt")                                                                                    \
    X(LT, "Lt")
enum sy_operator {
#define X(id, text) SY_OPERATOR_##id,
    SY_OPERATORS(X)
#undef X
        SY_OPERATOR_COUNT
};

struct sy_requirement {
    enum sy_operator op;
    bool field; /* of metadata.name, else of the label `key` */
    const char *key;
    int64_t bound; /* of Gt and Lt */
    size_t nvalue;
    const char **value; /* ascending */
};

/* All of its requirements hold; without any it matches nothing. */
struct sy_node_term {
    size_t nrequirement;
    struct sy_requirement *requirement;
    int64_t weight; /* of a preferred term */
};

struct sy_toleration {
    const char *key, *value, *effect; /* "" = any key, any effect */
    bool exists;                      /* else the values must be equal */
    bool compares;                    /* Lt or Gt: matches nothing while their gate is off */
};

struct sy_scheduler_pod {
    const struct sy_state_pod *pod;
    const char *node_name; /* NULL = any */
    size_t nselector;
    struct sy_label *selector; /* spec.nodeSelector */
    bool affinity;             /* it has required terms: one must match */
    size_t nrequired, npreferred;
    struct sy_node_term *required, *preferred;
    bool named; /* every required term names nodes, and these are they, ascending */
    size_t nname;
    const char **name;
    size_t ntoleration;
    struct sy_toleration *toleration;
};

/* Reading a pod: what it holds in all is counted. */
struct sy_pod_reader {
    struct sy_arena *arena;
    size_t parts;
    struct sy_err *err;
};
/* Account for n parts at a place. SY_ELIMIT. */
SY_NODISCARD enum sy_code sy_parts_add(struct sy_pod_reader *r, size_t n, const struct sy_path *at);
/* Zeroed memory of the arena; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_parts_alloc(struct sy_pod_reader *r, size_t count, size_t size,
                                         void **ret);

SY_NODISCARD enum sy_code sy_selector_read(struct sy_pod_reader *r, const json_t *spec,
                                           const struct sy_path *at, struct sy_scheduler_pod *pod);
SY_NODISCARD enum sy_code sy_affinity_read(struct sy_pod_reader *r, const json_t *spec,
                                           const struct sy_path *at, struct sy_scheduler_pod *pod);
SY_NODISCARD enum sy_code sy_tolerations_read(struct sy_pod_reader *r, const json_t *spec,
                                              const struct sy_path *at,
                                              struct sy_scheduler_pod *pod);

bool sy_node_term_matches(const struct sy_node_term *term, const struct sy_state_node *node);
bool sy_selector_matches(const struct sy_scheduler_pod *pod, const struct sy_state_node *node);
bool sy_names_match(const struct sy_scheduler_pod *pod, const struct sy_state_node *node);
bool sy_tolerates(const struct sy_scheduler_pod *pod, const struct sy_taint *taint);
/* As Go's strconv.ParseInt(text, 10, 64): a sign and decimal digits, within int64. */
bool sy_integer_parse(const char *text, int64_t *ret);
int sy_text_order(const void *a, const void *b); /* of const char *, for qsort and bsearch */

int64_t sy_taken_of(const struct sy_taken *taken, const char *name);
int64_t sy_amount_of(const struct sy_amounts *amounts, const char *name);
/* Sums wrap as Go's do. */
int64_t sy_wrapping_add(int64_t a, int64_t b);
int64_t sy_wrapping_sub(int64_t a, int64_t b);

#endif
