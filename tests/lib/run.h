/* SPDX-License-Identifier: Apache-2.0 */
/* What every test program ends with. */
#ifndef SY_TESTS_LIB_RUN_H
#define SY_TESTS_LIB_RUN_H

#include <check.h>

/* Run a suite (CK_FORK, CK_RUN_CASE and CK_VERBOSITY are obeyed), print check's summary line and
 * return the exit status of main(). Makes jansson allocate through base/mem.h first. */
int sy_run(Suite *suite);

/* Say that the running test case cannot run here, and why; return from it afterwards. tests/run.sh
 * then counts it as skipped instead of passed. */
void sy_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Folder with topologies/ of more real machines than the repository carries, or NULL where it is
 * not at hand ($SWITCHYARD_SHARED goes before `compiled_in`, which is SY_SHARED_DIR); and hwloc's
 * own test machines (xml/, linux/), which tests/machines/fetch.sh fetches
 * ($SWITCHYARD_HWLOC_MACHINES). */
const char *sy_shared_dir(const char *compiled_in);
const char *sy_hwloc_machines(void);

#endif
