/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/agent.h"

#include "base/file.h"
#include "base/str.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUND_LIMIT ((size_t)1 << 20)  /* texts of one report */
#define CORDON_LIMIT ((size_t)1 << 20) /* of one annotation */
#define LIMIT_FILE_MAX 256u

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t sy_agent_clock_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t sy_agent_unix_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

static enum sy_code connect_server(struct sy_agent *agent, struct sy_err *err)
{
    const struct sy_agent_config *config = agent->config;
    if (config->kubeconfig == NULL && !config->in_cluster)
        return SY_OK;
    enum sy_code code = config->in_cluster
                            ? sy_kube_config_in_cluster(NULL, &agent->kube, err)
                            : sy_kube_config_file(config->kubeconfig, &agent->kube, err);
    if (code == SY_OK)
        code = sy_kube_client_new(agent->kube, SY_AGENT_PROGRAM "/" SY_VERSION,
                                  &agent->publisher.client, err);
    return code;
}

enum sy_code sy_agent_init(struct sy_agent *agent, const struct sy_agent_config *config,
                           const atomic_bool *stop, struct sy_err *err)
{
    char note[512] = "";
    *agent = (struct sy_agent){.config = config, .stop = stop, .machine = {.root = -1}};
    agent->publisher = (struct sy_publisher){.node = config->node, .stop = stop};
    agent->start_us = sy_agent_clock_us();
    agent->random = (uint32_t)sy_hash_name(config->node, strlen(config->node)) ^
                    (uint32_t)agent->start_us ^ ((uint32_t)getpid() << 16);
    sy_asker_init(&agent->asker, config->kubelet_socket, config->checkpoint, &agent->memory);
    agent->round = sy_arena_new(ROUND_LIMIT);
    if (agent->round == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code =
        sy_vendor_new(config->nvml, config->dcmi, note, sizeof note, &agent->vendor, err);
    if (code == SY_OK && note[0] != '\0')
        sy_agent_log(SY_LEVEL_INFO, "without a vendor's library", SY_AGENT_PAIRS({"why", note}));
    if (code == SY_OK)
        code = sy_machine_init(&agent->machine, config, agent->vendor, err);
    if (code == SY_OK)
        code = sy_sensors_new(config->root, agent->vendor, &agent->sensors, err);
    return code == SY_OK ? connect_server(agent, err) : code;
}

void sy_agent_done(struct sy_agent *agent)
{
    sy_kube_client_free(agent->publisher.client);
    sy_kube_config_free(agent->kube);
    sy_asker_done(&agent->asker);
    sy_memory_done(&agent->memory);
    if (agent->config != NULL)
        sy_machine_done(&agent->machine);
    sy_sensors_free(agent->sensors);
    sy_vendor_free(agent->vendor);
    sy_arena_free(agent->cordon_arena);
    sy_arena_free(agent->round);
}

static int find_unit(const struct sy_fabric *fabric, const struct sy_unit *like)
{
    for (uint16_t u = 0; u < fabric->nunit; u++)
        if (fabric->unit[u].index == like->index &&
            sy_pci_addr_cmp(fabric->unit[u].addr, like->addr) == 0)
            return u;
    return -1;
}

/* What is remembered of the units goes with them into another fabric. */
static void move_state(struct sy_agent *agent, const struct sy_fabric *before)
{
    const struct sy_fabric *now = agent->machine.fabric;
    struct sy_unit_state *moved = sy_calloc(SY_UNIT_MAX, sizeof *moved);
    for (uint16_t u = 0; before != NULL && moved != NULL && u < now->nunit; u++) {
        int was = find_unit(before, &now->unit[u]);
        if (was >= 0)
            moved[u] = agent->state[was];
    }
    if (moved != NULL)
        memcpy(agent->state, moved, sizeof agent->state);
    else /* healthy until looked at */
        memset(agent->state, 0, sizeof agent->state);
    sy_free(moved);
}

static void log_scan(const struct sy_agent *agent)
{
    char devices[16], lost[16];
    (void)snprintf(devices, sizeof devices, "%u", (unsigned)agent->machine.fabric->nunit);
    (void)snprintf(lost, sizeof lost, "%zu", agent->machine.lost.n);
    sy_agent_log(
        agent->machine.lost.n > 0 ? SY_LEVEL_WARN : SY_LEVEL_INFO, "hardware scanned",
        SY_AGENT_PAIRS({"devices", devices}, {"lost", agent->machine.lost.n > 0 ? lost : NULL}));
}

enum sy_code sy_agent_scan(struct sy_agent *agent, bool always, struct sy_err *err)
{
    struct sy_err why = {0};
    bool changed = false;
    if (!always && !sy_machine_changed(&agent->machine))
        return SY_OK;
    struct sy_fabric *before =
        agent->machine.fabric != NULL ? sy_fabric_ref(agent->machine.fabric) : NULL;
    size_t lost = agent->machine.lost.n;
    enum sy_code code = sy_machine_scan(&agent->machine, &changed, &why);
    sy_agent_say(&agent->said_scan, SY_LEVEL_ERROR, "scan failed", code != SY_OK ? why.text : NULL,
                 "scan succeeded again");
    if (changed) {
        move_state(agent, before);
        sy_asker_remap(&agent->asker, agent->machine.fabric, agent->machine.ids);
    }
    if (changed || agent->machine.lost.n != lost)
        log_scan(agent);
    sy_fabric_unref(before);
    return agent->machine.fabric != NULL ? SY_OK : sy_fail(err, code, "%s", why.text);
}

static void look_at_unit(struct sy_agent *agent, uint16_t u, int64_t unix_us)
{
    const struct sy_fabric *fabric = agent->machine.fabric;
    const struct sy_holdings *holdings = agent->asker.holdings;
    struct sy_unit_state *state = &agent->state[u];
    char addr[SY_PCI_ADDR_TEXT];
    sy_observe_unit(agent->machine.root, fabric, u, &state->look, &state->link);
    /* While the kubelet is silent, its last word counts. */
    if (holdings != NULL && holdings->knows_offered) {
        state->look.is_offered = sy_devset_has(&holdings->offered, u);
        state->look.was_offered = state->was_offered;
        state->was_offered = state->was_offered || state->look.is_offered;
    }
    if (!sy_health_look(&state->health, &state->look, unix_us))
        return;
    bool bad = state->health.unhealthy;
    sy_agent_log(bad ? SY_LEVEL_WARN : SY_LEVEL_INFO, bad ? "device unhealthy" : "device healthy",
                 SY_AGENT_PAIRS({"pci", sy_pci_addr_format(fabric->unit[u].addr, addr)},
                                {"reason", bad ? sy_ailment_text(state->health.ailment) : NULL}));
}

/* The cap that operators gave: a number, or a file that holds one. */
static struct sy_power_said read_said(struct sy_agent *agent)
{
    const struct sy_agent_config *config = agent->config;
    struct sy_power_said said = {
        .limit_mw = config->limit_mw, .base_mw = config->base_mw, .limit_source = "flag"};
    struct sy_err err = {0};
    sy_autofree char *text = NULL;
    size_t len;
    if (config->limit_file == NULL)
        return said;
    said.limit_source = "file";
    if (sy_file_read(config->limit_file, LIMIT_FILE_MAX, &text, &len, &err) == SY_OK &&
        !sy_agent_watts_parse(text, &said.limit_mw))
        (void)sy_fail(&err, SY_EINVAL, "%s: expected watts, 0..10000000", config->limit_file);
    sy_agent_say(&agent->said_limit, SY_LEVEL_WARN, "power limit unknown",
                 err.code != SY_OK ? err.text : NULL, "power limit was read");
    return said;
}

static void read_power(struct sy_agent *agent)
{
    const struct sy_fabric *fabric = agent->machine.fabric;
    struct sy_power_said said = read_said(agent);
    struct sy_power_read read;
    sy_sensors_read(agent->sensors, fabric, sy_agent_clock_us(), &agent->power, &read);
    sy_power_combine(&said, &read, fabric->nunit, &agent->power);
}

void sy_agent_look(struct sy_agent *agent)
{
    struct sy_asker *asker = &agent->asker;
    int64_t unix_us = sy_agent_unix_us();
    bool asked = sy_asker_ask(asker, agent->machine.fabric, agent->machine.ids, unix_us);
    sy_agent_say(&agent->said_kubelet, SY_LEVEL_WARN, "the kubelet does not tell who holds what",
                 asked || asker->socket == NULL ? NULL : asker->message,
                 "the kubelet tells who holds what again");
    if (asked)
        sy_agent_say(&agent->said_unmapped, SY_LEVEL_WARN, "device ids cannot be mapped",
                     asker->holdings->unmapped_first, NULL);
    for (uint16_t u = 0; u < agent->machine.fabric->nunit; u++)
        look_at_unit(agent, u, unix_us);
    read_power(agent);
}

void sy_agent_read_node(struct sy_agent *agent)
{
    struct sy_err err = {0};
    sy_autofree char *text = NULL;
    const char *wrong = NULL;
    if (agent->publisher.client == NULL)
        return;
    enum sy_code code = sy_publish_cordon(&agent->publisher, &text, &err);
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(CORDON_LIMIT);
    struct sy_cordon *cordon = NULL;
    size_t n = 0;
    if (code == SY_OK && text != NULL)
        code = arena != NULL ? sy_cordon_parse(text, arena, &cordon, &n, &wrong, &err)
                             : sy_fail(&err, SY_ENOMEM, "out of memory");
    sy_agent_say(&agent->said_node, SY_LEVEL_WARN, "cordons stay as they were",
                 code != SY_OK ? err.text : NULL, "cordons were read again");
    if (code != SY_OK)
        return;
    sy_agent_say(&agent->said_cordon, SY_LEVEL_WARN, "annotation " SY_CORDON_ANNOTATION, wrong,
                 NULL);
    sy_arena_free(agent->cordon_arena);
    agent->cordon_arena = SY_TAKE(arena);
    agent->cordon = cordon;
    agent->ncordon = n;
}

/* Why an operator took the unit out; NULL = nobody did. */
static const char *cordon_of(const struct sy_agent *agent, uint16_t u)
{
    const struct sy_fabric *fabric = agent->machine.fabric;
    for (size_t i = 0; i < agent->ncordon; i++)
        if (sy_fabric_unit_find(fabric, agent->cordon[i].addr, fabric->unit[u].index) == u)
            return agent->cordon[i].reason;
    return NULL;
}

/* Constant as long as the state lasts; NULL = healthy. */
static bool reason_of(struct sy_agent *agent, uint16_t u, const char **ret)
{
    const struct sy_health *health = &agent->state[u].health;
    const char *cordon = cordon_of(agent, u);
    char since[SY_TIME_TEXT];
    *ret = NULL;
    if (health->unhealthy && health->ailment == SY_AILMENT_LOST)
        *ret = sy_arena_printf(agent->round, "%s since %s", sy_ailment_text(health->ailment),
                               sy_time_format(health->since_us / 1000000 * 1000000, since));
    else if (health->unhealthy)
        *ret = sy_ailment_text(health->ailment);
    else if (agent->machine.fabric->unit[u].broken)
        *ret = agent->machine.fabric->unit[u].broken_why;
    else if (cordon != NULL)
        *ret =
            cordon[0] != '\0' ? sy_arena_printf(agent->round, "cordoned: %s", cordon) : "cordoned";
    else
        return true;
    return *ret != NULL;
}

enum sy_code sy_agent_report(struct sy_agent *agent, struct sy_report *ret, struct sy_err *err)
{
    const struct sy_fabric *fabric = agent->machine.fabric;
    sy_arena_reset(agent->round);
    for (uint16_t u = 0; u < fabric->nunit; u++) {
        const struct sy_obj *obj = &fabric->inv.obj[fabric->unit[u].obj];
        const struct sy_obj *port = &fabric->inv.obj[obj->parent];
        struct sy_report_unit *unit = &agent->unit[u];
        *unit = (struct sy_report_unit){
            .mbps = agent->state[u].link.mbps,
            .width = agent->state[u].link.width,
            .max_width = sy_observe_max_width(fabric, u),
            .degraded = sy_link_degraded(obj, port, obj->cur_width, obj->cur_link_mbps),
        };
        if (!reason_of(agent, u, &unit->reason))
            return sy_fail(err, SY_ENOMEM, "out of memory for the report");
    }
    *ret = (struct sy_report){
        .node = agent->config->node,
        .version = SY_VERSION,
        .fabric = fabric,
        .unit = agent->unit,
        .holdings = agent->asker.holdings,
        .power = &agent->power,
        .kubelet_message = agent->asker.reachable ? NULL : agent->asker.message,
        .observed_us = agent->asker.observed_us,
        .heartbeat_us = sy_agent_unix_us(),
    };
    return SY_OK;
}
