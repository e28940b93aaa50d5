/* SPDX-License-Identifier: Apache-2.0 */
/* Small clusters for tests of the report, from JSON text. */
#ifndef SY_TESTS_PLANNER_REPORT_FIXTURE_H
#define SY_TESTS_PLANNER_REPORT_FIXTURE_H

#include "planner/report/report.h"

/* A node with four A100 behind one switch: two held by one pod, one unhealthy, one free; its rack
 * is "r1", its limit 2,000 W. */
extern const char fixture_fabric[];
/* Its Node: 32 CPUs, 128 GiB. */
extern const char fixture_node[];
/* Pods: a/train-0 (two GPUs, of Job train, bound), b/wait (one GPU, pending). */
extern const char fixture_pods[];
/* A cluster without any object. */
extern const char fixture_empty[];

/* A state of objects (texts of items, NULL at the end), which a file that is gone afterwards told.
 */
enum sy_code fixture_state(const char *const *item, const char *policy, struct sy_state **ret,
                           struct sy_err *err);
/* The sample cluster of deploy/examples/planner, with its policy. */
enum sy_code fixture_sample(struct sy_state **ret, struct sy_err *err);
/* The text of a report's tables. */
void fixture_tables(const json_t *report, enum sy_format format, size_t top, const char *section,
                    struct sy_str *ret);

#endif
