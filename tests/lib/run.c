/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/lib/run.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* check's own limit of 4 s per case, read when a case is made, is short for sanitizers on a busy
 * machine; ctest limits the program. */
__attribute__((constructor)) static void widen_timeout(void)
{
    (void)setenv("CK_DEFAULT_TIMEOUT", "300", 0);
}

int sy_run(Suite *suite)
{
    sy_mem_init();
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

void sy_skip(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    printf("# skip: ");
    vprintf(fmt, args);
    printf("\n");
    va_end(args);
    fflush(stdout);
}

static const char *existing_folder(const char *path)
{
    struct stat info;
    if (path == NULL || *path == '\0' || stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return NULL;
    return path;
}

const char *sy_shared_dir(const char *compiled_in)
{
    const char *given = getenv("SWITCHYARD_SHARED");
    return existing_folder(given != NULL ? given : compiled_in);
}

const char *sy_hwloc_machines(void)
{
    return existing_folder(getenv("SWITCHYARD_HWLOC_MACHINES"));
}
