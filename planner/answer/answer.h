/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard answer`: the service's answer, made offline. */
#ifndef SY_PLANNER_ANSWER_ANSWER_H
#define SY_PLANNER_ANSWER_ANSWER_H

#include "planner/cli/cli.h"

extern const struct sy_command sy_command_answer;

#endif
