/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/app.h"
#include "extender/probe.h"
#include "extender/scheduler_config.h"
#include "topology/discover/discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOOKS_MAX 20 /* of --check at files that may be half-written */

static int end_with(const struct sy_err *err)
{
    (void)fprintf(stderr, SY_PROGRAM ": %s\n", err->text);
    return sy_code_exit(err->code);
}

static int print_config(const struct sy_config *config)
{
    struct sy_err err = {0};
    struct sy_catalogue *catalogue = NULL;
    if (sy_catalogue_load(config->catalogue, config->ncatalogue, &catalogue, &err) == SY_OK &&
        sy_scheduler_config_write(catalogue, &config->listen, config->bind, stdout, &err) != SY_OK)
        (void)sy_wrap(&err, "standard output");
    sy_catalogue_unref(catalogue);
    return err.code == SY_OK ? EXIT_SUCCESS : end_with(&err);
}

/* Blocked before any thread starts, so that only the main thread takes them. */
static void block_signals(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGTERM);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* What was wrong is in the log by then. */
static int check_all(struct sy_app *app)
{
    unsigned again_ms = sy_keeper_round(app->keeper, true);
    for (int tries = 0; again_ms > 0 && tries < LOOKS_MAX; tries++) { /* written a moment ago */
        const struct timespec pause = {.tv_nsec = (long)(again_ms % 1000) * 1000000};
        (void)nanosleep(&pause, NULL);
        again_ms = sy_keeper_round(app->keeper, false);
    }
    struct sy_state *state = sy_store_take(app->store);
    bool good = state->loaded && app->metrics.feed_files_bad == 0;
    uint32_t n = state->cluster->n;
    sy_state_unref(state);
    sy_log_free(SY_TAKE(app->log)); /* all of it comes before the summary */
    (void)printf("%u nodes, %llu files refused\n", n,
                 (unsigned long long)app->metrics.feed_files_bad);
    return good ? EXIT_SUCCESS : sy_code_exit(SY_EINVAL);
}

static int serve(const struct sy_config *config)
{
    struct sy_err err = {0};
    sigset_t signals;
    block_signals(&signals);
    struct sy_app *app = sy_calloc(1, sizeof *app);
    if (app == NULL)
        return sy_code_exit(SY_ENOMEM);
    int status = EXIT_SUCCESS;
    if (sy_app_init(app, config, &err) == SY_OK) {
        if (config->action == SY_ACTION_CHECK)
            status = check_all(app);
        else
            status = sy_code_exit(sy_app_run(app, &signals, &err));
    }
    sy_app_free(app);
    sy_free(app);
    return err.code == SY_OK ? status : end_with(&err);
}

int main(int argc, char **argv)
{
    int child = sy_discover_child_main(argc, argv);
    if (child >= 0)
        return child;
    sy_mem_init();
    struct sy_err err = {0};
    struct sy_config config;
    if (sy_config_parse(argc, argv, &config, &err) != SY_OK)
        return end_with(&err);
    switch (config.action) {
    case SY_ACTION_HELP:
        sy_config_help(stdout);
        return EXIT_SUCCESS;
    case SY_ACTION_VERSION:
        (void)printf(SY_PROGRAM " %s\n", SY_VERSION);
        return EXIT_SUCCESS;
    case SY_ACTION_PRINT_CONFIG:
        return print_config(&config);
    case SY_ACTION_PROBE:
        return sy_probe(&config.admin, config.probe, &err) == SY_OK ? EXIT_SUCCESS : end_with(&err);
    case SY_ACTION_CHECK:
    case SY_ACTION_SERVE:
        break;
    }
    return serve(&config);
}
