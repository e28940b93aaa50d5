/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's log: one line of text per event on standard error, as base/log_line.h makes it.
 * Few lines are written: what lasts is said once, when it begins and when it ends. */
#ifndef SY_AGENT_LOG_H
#define SY_AGENT_LOG_H

#include "base/log_line.h"

/* A pair of a line; an array of them ends with key NULL. A value of NULL is left out. */
struct sy_agent_pair {
    const char *key, *value;
};
#define SY_AGENT_PAIRS(...) ((const struct sy_agent_pair[]){__VA_ARGS__, {NULL, NULL}})

/* Write one line. `pairs` may be NULL. */
void sy_agent_log(enum sy_level level, const char *msg, const struct sy_agent_pair *pairs);

/* Something that lasts and was said. Starts zeroed. */
struct sy_agent_said {
    uint64_t text; /* hash of what was said, 0 = nothing */
};
/* Say `why` when it is another than was said last; NULL: all is well again, which is said when
 * there was something to say before (`well` NULL: not even then). */
void sy_agent_say(struct sy_agent_said *said, enum sy_level level, const char *msg, const char *why,
                  const char *well);

#endif
