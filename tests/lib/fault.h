/* SPDX-License-Identifier: Apache-2.0 */
/* Fail the n-th allocation, for n = 0, 1, 2 ... until the function under test gets through. What a
 * failed run leaves behind is found by the leak check at the end of the program. */
#ifndef SY_TESTS_LIB_FAULT_H
#define SY_TESTS_LIB_FAULT_H

#include "base/err.h"

/* One run of the code under test; it frees all that it made before it returns its code. */
typedef enum sy_code sy_fault_fn(void *data, struct sy_err *err);

/* Run `fn` with 0, 1, 2 ... allocations granted until one run meets no failed allocation. Every run
 * that met one must return SY_ENOMEM or SY_OK (where the code has another way), SY_ENOMEM with a
 * text; the last must return SY_OK. More than `max_runs` runs are a failure of the test (0:
 * 100,000). Returns the number of allocations that the function makes. */
long sy_fault_sweep(sy_fault_fn *fn, void *data, long max_runs);

#endif
