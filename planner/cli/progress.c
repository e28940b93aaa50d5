/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/cli/cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <time.h>

#define FIRST_MS 1000 /* shorter work needs no bar */
#define AGAIN_MS 100
#define BAR 30

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sy_progress_begin(struct sy_progress *progress, const struct sy_cli *cli, const char *what)
{
    *progress = (struct sy_progress){.cli = cli, .what = what};
    if (cli->terminal)
        progress->started_ms = now_ms();
}

void sy_progress_step(struct sy_progress *progress, uint64_t done, uint64_t total)
{
    if (!progress->cli->terminal || total == 0)
        return;
    FILE *err = progress->cli->err;
    int64_t now = now_ms();
    if (done >= total) {
        if (progress->shown_ms != 0)
            (void)fputs("\r\033[K", err);
        progress->shown_ms = 0;
        (void)fflush(err);
        return;
    }
    if (now - progress->started_ms < FIRST_MS || now - progress->shown_ms < AGAIN_MS)
        return;
    progress->shown_ms = now;
    int full = (int)((double)done / (double)total * BAR);
    (void)fprintf(err, "\r\033[K%s [%.*s%*s] %" PRIu64 " of %" PRIu64, progress->what, full,
                  "##############################", BAR - full, "", done, total);
    (void)fflush(err);
}

void sy_cli_note(const struct sy_cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fputs(SY_PROGRAM_NAME ": note: ", cli->err);
    (void)vfprintf(cli->err, fmt, args);
    (void)fputc('\n', cli->err);
    va_end(args);
}
