/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/loop.h"

#include "agent/notice.h"
#include "base/yaml_dump.h"

#include <poll.h>
#include <time.h>

/* Moments at which something is to be done; monotonic. */
struct times {
    int64_t scan_us, look_us, node_us;
};

static int64_t min3(int64_t a, int64_t b, int64_t c)
{
    int64_t low = a < b ? a : b;
    return low < c ? low : c;
}

/* Sleep until the next moment, or until something makes us look before. */
static void wait_for(struct sy_agent *agent, struct sy_notice *notice, int wake,
                     struct times *times)
{
    int64_t now_us = sy_agent_clock_us();
    int64_t until_us = min3(times->scan_us, times->look_us, times->node_us);
    bool writes = agent->publisher.client != NULL;
    if (writes && agent->again_us < until_us)
        until_us = agent->again_us;
    int64_t wait_ms = until_us > now_us ? (until_us - now_us + 999) / 1000 : 0;
    struct pollfd fds[] = {{.fd = wake, .events = POLLIN},
                           {.fd = notice->uevents, .events = POLLIN},
                           {.fd = notice->checkpoint, .events = POLLIN}};
    if (poll(fds, 3, (int)(wait_ms < 60000 ? wait_ms : 60000)) <= 0)
        return;
    if (sy_notice_pci(notice))
        times->scan_us = times->look_us = 0;
    if (sy_notice_checkpoint(notice))
        times->look_us = 0;
}

static enum sy_code turn(struct sy_agent *agent, struct times *times, struct sy_err *err)
{
    const struct sy_agent_config *config = agent->config;
    int64_t now_us = sy_agent_clock_us();
    enum sy_code code = SY_OK;
    if (now_us >= times->scan_us) {
        bool told = times->scan_us == 0;
        times->scan_us = now_us + (int64_t)config->scan_s * 1000000;
        code = sy_agent_scan(agent, told, err);
    }
    if (code != SY_OK)
        return code;
    bool restored = sy_agent_restore(agent);
    if (restored && now_us >= times->node_us && now_us >= agent->written.not_before_us) {
        times->node_us = now_us + SY_AGENT_NODE_US;
        sy_agent_read_node(agent);
    } else if (now_us >= times->node_us) {
        times->node_us = now_us + SY_AGENT_NODE_US / 10;
    }
    if (now_us >= times->look_us) {
        times->look_us = now_us + (int64_t)config->poll_ms * 1000;
        sy_agent_look(agent);
    }
    struct sy_err why = {0}; /* it is in the log, and tried again */
    if (restored && sy_agent_write(agent, false, &why) == SY_ENOMEM)
        agent->again_us = now_us + SY_BACKOFF_MIN_US;
    return SY_OK;
}

enum sy_code sy_agent_loop(struct sy_agent *agent, int wake, struct sy_err *err)
{
    struct times times = {0};
    struct sy_notice notice;
    bool live = agent->config->root[0] == '/' && agent->config->root[1] == '\0';
    enum sy_code code = SY_OK;
    sy_notice_init(&notice, agent->config->checkpoint, live);
    while (code == SY_OK && !*agent->stop) {
        code = turn(agent, &times, err);
        if (code == SY_OK && !*agent->stop)
            wait_for(agent, &notice, wake, &times);
    }
    sy_notice_done(&notice);
    return code;
}

static enum sy_code print(struct sy_agent *agent, FILE *out, struct sy_err *err)
{
    struct sy_report report;
    sy_autojson json_t *spec = NULL;
    sy_autojson json_t *status = NULL;
    sy_autojson json_t *object = NULL;
    sy_autofree char *json = NULL;
    struct sy_str text;
    size_t len = 0;
    sy_str_init(&text, 4 * SY_DOCUMENT_MAX);
    enum sy_code code = sy_agent_report(agent, &report, err);
    if (code == SY_OK)
        code = sy_document_spec(&report, &spec, err);
    if (code == SY_OK)
        code = sy_document_status(&report, false, &status, err);
    if (code == SY_OK)
        code = sy_document_object(report.node, spec, status, &object, err);
    if (code == SY_OK && agent->config->output == SY_AGENT_YAML)
        code = sy_yaml_dump(object, &text, err);
    else if (code == SY_OK)
        code = sy_json_dump(object, true, &json, &len, err);
    if (code == SY_OK && (fputs(json != NULL ? json : text.data, out) < 0 ||
                          (json != NULL && fputc('\n', out) < 0) || fflush(out) != 0))
        code = sy_fail(err, SY_EIO, "standard output: %m");
    sy_str_done(&text);
    return code;
}

enum sy_code sy_agent_once(struct sy_agent *agent, FILE *out, struct sy_err *err)
{
    const struct timespec pause = {.tv_nsec = 150000000}; /* energy counters need two readings */
    bool has_server = agent->publisher.client != NULL;
    enum sy_code code = sy_agent_scan(agent, true, err);
    if (code != SY_OK)
        return code;
    (void)sy_agent_restore(agent);
    sy_agent_read_node(agent);
    for (unsigned i = 0; i < SY_HEALTH_BAD_LOOKS; i++) {
        if (i > 0)
            (void)nanosleep(&pause, NULL);
        sy_agent_look(agent);
    }
    if (has_server)
        code = sy_agent_write(agent, true, err);
    if (code == SY_OK && (agent->config->print || !has_server))
        code = print(agent, out, err);
    return code;
}
