/* SPDX-License-Identifier: Apache-2.0 */
/* Placement by definition: every set is made, and valued from the plain statement of each term.
 * Shares no code with scoring/. */
#ifndef SY_TESTS_PROPERTY_BRUTE_H
#define SY_TESTS_PROPERTY_BRUTE_H

#include "scoring/placement.h"

struct brute_value {
    unsigned term[SY_TERM_COUNT];
    uint32_t unknown, min_mbps;
    uint32_t low_mbps; /* the lowest that is known, UINT32_MAX = none is */
    int64_t watts_mw;
    uint64_t sum;  /* of weight x term */
    uint64_t kept; /* LEFTOVER, finer */
};

struct brute_case {
    const struct sy_fabric *fabric;
    const struct sy_usage *usage;
    const struct sy_request *request;
    const struct sy_profile *profile;
    const struct sy_room *room;
    bool strict;
    bool whole; /* as if all were healthy and nobody held one */
};

struct brute_answer {
    bool any;               /* some set meets the requirements */
    bool lies;              /* some set lies in the places that they want */
    bool may_meet, may_lie; /* as far as is known */
    uint64_t sets;          /* all there are */
    struct sy_devset best[SY_ENTRY_MAX], worst[SY_ENTRY_MAX];
    struct brute_value best_value, worst_value;
    uint64_t given, meeting; /* sets that the node may give, and those that meet */
    uint64_t term[SY_TERM_COUNT], mbps, with_mbps;
    int64_t watts;
    uint32_t unknown;
    bool watts_whole, watts_partial;
    int64_t least_mw, most_mw;
};

void brute_solve(const struct brute_case *b, struct brute_answer *ret);
void brute_value(const struct brute_case *b, const struct sy_devset *pick, struct brute_value *ret);

#endif
