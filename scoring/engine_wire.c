/* SPDX-License-Identifier: Apache-2.0 */
/* Scores 0..1000 become kube-scheduler's 0..10. */
#include "scoring/engine.h"

#include <assert.h>

#define SCORE_MAX 1000u
#define WIRE_MAX 10u

/* Rounded half up. */
static uint8_t absolute(unsigned score)
{
    return (uint8_t)((score * WIRE_MAX + SCORE_MAX / 2) / SCORE_MAX);
}

/* The best gets all, the others lose what they lack; only differences count for kube-scheduler. */
static uint8_t stretched(unsigned score, unsigned best, unsigned span)
{
    assert(span > 0);
    unsigned lost = ((best - score) * WIRE_MAX + span / 2) / span;
    return (uint8_t)(lost < WIRE_MAX ? WIRE_MAX - lost : 0);
}

static bool fits(const struct sy_verdict *verdict)
{
    return sy_reason_verdict((enum sy_reason)verdict->reason) == SY_VERDICT_FITS;
}

void sy_engine_wire(const struct sy_policy *policy, struct sy_verdict *verdict, size_t n,
                    uint16_t *lost)
{
    unsigned best = 0, least = SCORE_MAX;
    for (size_t i = 0; i < n; i++) {
        if (!fits(&verdict[i]))
            continue;
        assert(verdict[i].score <= SCORE_MAX);
        best = verdict[i].score > best ? verdict[i].score : best;
        least = verdict[i].score < least ? verdict[i].score : least;
    }
    unsigned span = best > least ? best - least : 0;
    if (span < policy->wire_least_span)
        span = policy->wire_least_span; /* at least 1 */
    for (size_t i = 0; i < n; i++) {
        struct sy_verdict *v = &verdict[i];
        if (!fits(v))
            v->wire = 0;
        else if (policy->wire_mapping == SY_WIRE_STRETCH)
            v->wire = stretched(v->score, best, span);
        else
            v->wire = absolute(v->score);
    }
    if (lost != NULL)
        *lost = sy_engine_wire_lost(verdict, n);
}

static uint64_t pairs(uint64_t n)
{
    return n > 1 ? n * (n - 1) / 2 : 0;
}

/* Refused candidates are left out: nobody compares with them. */
uint16_t sy_engine_wire_lost(const struct sy_verdict *verdict, size_t n)
{
    uint32_t of_score[SCORE_MAX + 1] = {0}; /* how many have it */
    uint32_t of_wire[WIRE_MAX + 1] = {0};
    uint64_t fitting = 0, same_score = 0, same_wire = 0; /* the last two in pairs */
    for (size_t i = 0; i < n; i++) {
        if (!fits(&verdict[i]))
            continue;
        fitting++;
        of_score[verdict[i].score]++;
        of_wire[verdict[i].wire]++;
    }
    for (unsigned i = 0; i <= SCORE_MAX; i++)
        same_score += pairs(of_score[i]);
    for (unsigned i = 0; i <= WIRE_MAX; i++)
        same_wire += pairs(of_wire[i]);
    uint64_t different = pairs(fitting) - same_score;
    if (different == 0)
        return 0;
    /* One score has one wire score, so equal scores are among the equal wire scores. */
    return (uint16_t)(((same_wire - same_score) * 1000 + different / 2) / different);
}
