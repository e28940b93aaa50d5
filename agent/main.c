/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/loop.h"
#include "topology/discover/discover.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The thread that waits for a signal: calls that are under way end by `stop`. */
struct ender {
    pthread_t thread;
    sigset_t signals;
    atomic_bool stop;
    int wake; /* eventfd */
};

static int end_with(const struct sy_err *err)
{
    (void)fprintf(stderr, SY_AGENT_PROGRAM ": %s\n", err->text);
    return sy_code_exit(err->code);
}

static void *wait_for_end(void *data)
{
    struct ender *ender = data;
    int signal;
    (void)sigwait(&ender->signals, &signal);
    ender->stop = true;
    (void)eventfd_write(ender->wake, 1);
    return NULL;
}

static enum sy_code start_ender(struct ender *ender, struct sy_err *err)
{
    (void)sigemptyset(&ender->signals);
    (void)sigaddset(&ender->signals, SIGTERM);
    (void)sigaddset(&ender->signals, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    ender->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int failed = ender->wake < 0 ? errno : pthread_sigmask(SIG_BLOCK, &ender->signals, NULL);
    if (failed == 0)
        failed = pthread_create(&ender->thread, NULL, wait_for_end, ender);
    if (failed == 0)
        return SY_OK;
    if (ender->wake >= 0)
        (void)close(ender->wake);
    return sy_fail(err, SY_EIO, "cannot wait for signals: %s", strerror(failed));
}

static void stop_ender(struct ender *ender)
{
    if (!ender->stop)
        (void)pthread_kill(ender->thread, SIGINT); /* which it waits for */
    (void)pthread_join(ender->thread, NULL);
    (void)close(ender->wake);
}

static int run(const struct sy_agent_config *config)
{
    struct sy_err err = {0};
    struct ender ender = {.wake = -1};
    struct sy_agent *agent = sy_calloc(1, sizeof *agent);
    if (agent == NULL)
        return sy_code_exit(SY_ENOMEM);
    enum sy_code code = start_ender(&ender, &err);
    if (code != SY_OK) {
        sy_free(agent);
        return end_with(&err);
    }
    code = sy_agent_init(agent, config, &ender.stop, &err);
    if (code == SY_OK && config->once) {
        code = sy_agent_once(agent, stdout, &err);
    } else if (code == SY_OK) {
        sy_agent_log(SY_LEVEL_INFO, "started",
                     SY_AGENT_PAIRS({"version", SY_VERSION}, {"node", config->node},
                                    {"server", sy_kube_config_server(agent->kube)}));
        code = sy_agent_loop(agent, ender.wake, &err);
        if (code == SY_OK)
            sy_agent_log(SY_LEVEL_INFO, "stopped", NULL);
    }
    sy_agent_done(agent);
    sy_free(agent);
    stop_ender(&ender);
    return code == SY_OK ? EXIT_SUCCESS : end_with(&err);
}

int main(int argc, char **argv)
{
    int child = sy_discover_child_main(argc, argv);
    if (child >= 0)
        return child;
    sy_mem_init();
    struct sy_err err = {0};
    struct sy_agent_config config;
    if (sy_agent_config_parse(argc, argv, &config, &err) != SY_OK)
        return end_with(&err);
    switch (config.action) {
    case SY_AGENT_HELP:
        sy_agent_config_help(stdout);
        return EXIT_SUCCESS;
    case SY_AGENT_VERSION:
        (void)printf(SY_AGENT_PROGRAM " %s\n", SY_VERSION);
        return EXIT_SUCCESS;
    case SY_AGENT_RUN:
        break;
    }
    return run(&config);
}
