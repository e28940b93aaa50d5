/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/unit/planner_state/files.h"

#include <check.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/sy-planner-state-XXXXXX";
static bool made;

void files_clear(void)
{
    char path[400];
    DIR *dir = made ? opendir(folder) : NULL;
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)unlink(path);
    }
    if (dir != NULL)
        (void)closedir(dir);
}

static void end(void)
{
    files_clear();
    (void)rmdir(folder);
}

const char *files_folder(void)
{
    if (!made) {
        ck_assert_ptr_nonnull(mkdtemp(folder));
        made = true;
        (void)atexit(end);
    }
    return folder;
}

const char *files_write(const char *name, const char *text)
{
    static char path[8][200];
    static unsigned next;
    char *here = path[next++ % 8];
    (void)snprintf(here, sizeof path[0], "%s/%s", files_folder(), name);
    FILE *file = fopen(here, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert(fwrite(text, 1, strlen(text), file) == strlen(text));
    ck_assert_int_eq(fclose(file), 0);
    return here;
}
