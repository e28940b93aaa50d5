/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fault.h"

#include "base/mem.h"

#include <check.h>

long sy_fault_sweep(sy_fault_fn *fn, void *data, long max_runs)
{
    if (max_runs == 0)
        max_runs = 100000;
    for (long granted = 0; granted < max_runs; granted++) {
        struct sy_err err = {0};
        sy_fault_set(granted);
        enum sy_code code = fn(data, &err);
        bool failed = sy_fault_clear();
        if (!failed) {
            ck_assert_msg(code == SY_OK, "all allocations granted, yet: %s", err.text);
            return granted;
        }
        ck_assert_msg(code == SY_ENOMEM || code == SY_OK,
                      "allocation %ld failed: expected '%s', got '%s' (%s)", granted,
                      sy_code_text(SY_ENOMEM), sy_code_text(code), err.text);
        if (code != SY_OK)
            ck_assert_msg(err.text[0] != '\0', "allocation %ld failed without a text", granted);
    }
    ck_abort_msg("still failing after %ld allocations", max_runs);
}
