/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's two ways of life: for ever, and once. */
#ifndef SY_AGENT_LOOP_H
#define SY_AGENT_LOOP_H

#include "agent/agent.h"

/* Look and publish until `*agent->stop`; `wake` is an eventfd that is written then. */
SY_NODISCARD enum sy_code sy_agent_loop(struct sy_agent *agent, int wake, struct sy_err *err);
/* Look once; publish where there is an API server; print to `out` when it was asked for, or when
 * there is none. */
SY_NODISCARD enum sy_code sy_agent_once(struct sy_agent *agent, FILE *out, struct sy_err *err);

#endif
