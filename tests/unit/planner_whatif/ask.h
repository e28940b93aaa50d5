/* SPDX-License-Identifier: Apache-2.0 */
/* The program asked as a user asks it: a command line in, texts and a status out. */
#ifndef SY_TESTS_UNIT_PLANNER_WHATIF_ASK_H
#define SY_TESTS_UNIT_PLANNER_WHATIF_ASK_H

#include "base/json.h"

struct asked {
    int status;
    char *out, *err;
};

/* "whatif fit -f FILES/two.yaml -s SMALL": words between blanks. FILES/, SAMPLE/, POD/ at their
 * begin stand for tests/unit/planner_whatif/files/, deploy/examples/planner/ and
 * deploy/examples/pods/; SMALL for the small cluster, LARGE for the sample with its policy. */
struct asked ask(const char *line);
void asked_done(struct asked *asked);
/* Its answer with -o json. */
json_t *ask_json(const char *line, int status);
/* Both texts and the status; `out` NULL: whatever it is. */
void ask_expect(const char *line, int status, const char *out, const char *err);
/* Does the answer hold this text? */
void ask_contains(const char *line, int status, const char *part);
/* Every allocation fails once, `step` apart: the status is 71 with a text, or the answer is what it
 * is without. Begins behind the first `from` allocations. */
void ask_sweep(const char *line, long from, long step);

#endif
