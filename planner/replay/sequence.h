/* SPDX-License-Identifier: Apache-2.0 */
/* In which order a trace's pods arrive, and which node wins a tie: read from files (one number a
 * line), or drawn from a seed as the published protocol draws them, with a generator of our own. */
#ifndef SY_PLANNER_REPLAY_SEQUENCE_H
#define SY_PLANNER_REPLAY_SEQUENCE_H

#include "planner/replay/trace.h"

#define SY_SEQUENCE_PODS (1u << 26) /* arrivals of one run */

struct sy_sequence {
    uint32_t *pod; /* rows of the pods, in order of arrival; a row may come again */
    size_t n;
    uint32_t *rank; /* of each node's row: a permutation of 0..nodes-1, the smaller wins a tie */
};

/* Rows are 0-based. SY_EPARSE, SY_ELIMIT name FILE:LINE. `ret->pod` (`ret->rank`) is set, the rest
 * untouched; sy_sequence_done frees both. */
SY_NODISCARD enum sy_code sy_sequence_read_pods(const char *file, const char *data, size_t len,
                                                size_t rows, struct sy_sequence *ret,
                                                struct sy_err *err);
/* Exactly one rank for every node, each once (SY_EPARSE, SY_ECONFLICT). */
SY_NODISCARD enum sy_code sy_sequence_read_ranks(const char *file, const char *data, size_t len,
                                                 size_t nodes, struct sy_sequence *ret,
                                                 struct sy_err *err);
/* Shuffle the rows; then, when all of them ask for less than `percent` of the devices, append rows
 * drawn at random until one would go beyond; when for more, take away ones at random until they do
 * not. Ranks are a random permutation. SY_ELIMIT: more than SY_SEQUENCE_PODS arrivals. */
SY_NODISCARD enum sy_code sy_sequence_draw(const struct sy_trace_nodes *nodes,
                                           const struct sy_trace_pods *pods, uint64_t seed,
                                           unsigned percent, struct sy_sequence *ret,
                                           struct sy_err *err);
void sy_sequence_done(struct sy_sequence *sequence);

#endif
