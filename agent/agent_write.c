/* SPDX-License-Identifier: Apache-2.0 */
/* The agent and the API server: what its predecessor wrote, and what it writes. */
#include "agent/agent.h"

#include "base/str.h"
#include "base/time.h"
#include "topology/node_json.h"

#include <string.h>

#define RESTORE_LIMIT ((size_t)16 << 20)

static enum sy_code digest_of(const json_t *value, struct sy_digest *ret, struct sy_err *err)
{
    sy_autofree char *text = NULL;
    size_t len = 0;
    enum sy_code code = sy_json_dump(value, false, &text, &len, err);
    if (code != SY_OK)
        return code;
    *ret = sy_digest_begin();
    sy_digest_bytes(ret, text, len);
    return SY_OK;
}

static enum sy_code content_of(const struct sy_agent *agent, const struct sy_report *report,
                               struct sy_content *ret, struct sy_err *err)
{
    const struct sy_power *power = report->power;
    sy_autojson json_t *steady = NULL;
    enum sy_code code = sy_document_status(report, true, &steady, err);
    ret->spec = agent->machine.content;
    if (code == SY_OK)
        code = digest_of(steady, &ret->status, err);
    ret->nwatts = 0;
    ret->watts[ret->nwatts++] = power->mw;
    ret->watts[ret->nwatts++] = power->base_mw;
    for (uint16_t u = 0; u < report->fabric->nunit; u++)
        ret->watts[ret->nwatts++] = power->unit[u].mw;
    return code;
}

static enum sy_code render(const struct sy_report *report, enum sy_action action, char **ret,
                           size_t *ret_len, struct sy_err *err)
{
    sy_autojson json_t *part = NULL;
    sy_autojson json_t *object = NULL;
    bool spec = action == SY_WRITE_SPEC;
    enum sy_code code =
        spec ? sy_document_spec(report, &part, err) : sy_document_status(report, false, &part, err);
    if (code == SY_OK)
        code =
            sy_document_object(report->node, spec ? part : NULL, spec ? NULL : part, &object, err);
    return code == SY_OK ? sy_document_bytes(object, ret, ret_len, err) : code;
}

static uint32_t next_random(struct sy_agent *agent)
{
    agent->random = agent->random * 1664525u + 1013904223u; /* Numerical Recipes' constants */
    return agent->random >> 8;
}

static enum sy_code write_one(struct sy_agent *agent, const struct sy_report *report,
                              enum sy_action action, const struct sy_content *content,
                              struct sy_err *err)
{
    sy_autofree char *text = NULL;
    size_t len = 0;
    struct sy_publish_result result = {.missing = false};
    bool first = !agent->written.has_spec;
    enum sy_code code = render(report, action, &text, &len, err);
    if (code == SY_OK)
        code = sy_publish(&agent->publisher, action, text, len, &result, err);
    int64_t now_us = sy_agent_clock_us();
    sy_agent_say(&agent->said_write, SY_LEVEL_ERROR, "not published",
                 code != SY_OK ? err->text : NULL, "published again");
    if (code != SY_OK) {
        sy_decide_failed(&agent->written, result.retry_after_us, next_random(agent), now_us);
        if (result.missing) /* somebody deleted it */
            agent->written.has_spec = agent->written.has_status = false;
        return code;
    }
    sy_decide_done(&agent->written, action, content, now_us);
    if (first && action == SY_WRITE_SPEC)
        sy_agent_log(SY_LEVEL_INFO, "published", SY_AGENT_PAIRS({"node", report->node}));
    return SY_OK;
}

/* Our predecessor's status is better than one without holders. */
static bool holds_back(const struct sy_agent *agent, enum sy_action action)
{
    return action == SY_WRITE_STATUS && agent->asker.holdings == NULL &&
           sy_agent_clock_us() - agent->start_us < SY_AGENT_GRACE_US;
}

enum sy_code sy_agent_write(struct sy_agent *agent, bool always, struct sy_err *err)
{
    struct sy_report report;
    struct sy_content content;
    int64_t heartbeat_us = (int64_t)agent->config->heartbeat_s * 1000000;
    enum sy_code code = sy_agent_report(agent, &report, err);
    if (code == SY_OK)
        code = content_of(agent, &report, &content, err);
    if (code == SY_OK && always) {
        code = write_one(agent, &report, SY_WRITE_SPEC, &content, err);
        return code == SY_OK ? write_one(agent, &report, SY_WRITE_STATUS, &content, err) : code;
    }
    for (int i = 0; i < 2 && code == SY_OK; i++) { /* the object, then its status */
        enum sy_action action = sy_decide(&agent->written, &content, heartbeat_us,
                                          sy_agent_clock_us(), &agent->again_us);
        if (action == SY_WRITE_NOTHING || *agent->stop)
            break;
        if (holds_back(agent, action)) {
            agent->again_us = agent->start_us + SY_AGENT_GRACE_US;
            break;
        }
        code = write_one(agent, &report, action, &content, err);
        agent->again_us = agent->written.not_before_us;
    }
    return code;
}

/* An unhealthy device is not well because its agent was started anew. */
static void restore_health(struct sy_agent *agent, const json_t *device)
{
    struct sy_pci_addr addr;
    const char *pci = json_string_value(json_object_get(device, "pci"));
    const char *reason = json_string_value(json_object_get(device, "reason"));
    json_int_t index = json_integer_value(json_object_get(device, "unit"));
    if (pci == NULL || reason == NULL || index < 0 || index >= (json_int_t)SY_UNIT_MAX ||
        sy_pci_addr_parse(pci, &addr, NULL) != SY_OK)
        return;
    int u = sy_fabric_unit_find(agent->machine.fabric, addr, (unsigned)index);
    for (uint8_t i = 0; u >= 0 && i < SY_AILMENT_NONE; i++) {
        const char *text = sy_ailment_text(i), *since = strstr(reason, " since ");
        struct sy_health *health = &agent->state[u].health;
        int64_t since_us = sy_agent_unix_us();
        if (strncmp(reason, text, strlen(text)) != 0)
            continue;
        if (since != NULL)
            (void)!sy_time_parse(since + strlen(" since "), &since_us, NULL);
        *health = (struct sy_health){.unhealthy = true, .ailment = i, .since_us = since_us};
        return;
    }
}

static void restore_from(struct sy_agent *agent, const json_t *object, struct sy_err *err)
{
    struct sy_inventory inv;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(RESTORE_LIMIT);
    if (arena == NULL) {
        (void)sy_fail(err, SY_ENOMEM, "out of memory");
        return;
    }
    if (sy_inventory_from_json(json_object_get(object, "spec"), SY_PATH_KEY(NULL, "spec"), arena,
                               &inv, err) != SY_OK)
        return;
    sy_machine_restore(&agent->machine, &inv, SY_TAKE(arena));
    if (sy_agent_scan(agent, true, err) != SY_OK)
        return;
    const json_t *devices = json_object_get(json_object_get(object, "status"), "devices");
    for (size_t i = 0; i < json_array_size(devices) && i < SY_UNIT_MAX; i++)
        restore_health(agent, json_array_get(devices, i));
}

bool sy_agent_restore(struct sy_agent *agent)
{
    struct sy_err err = {0};
    sy_autojson json_t *object = NULL;
    bool answered = false;
    if (agent->restored || agent->publisher.client == NULL)
        return true;
    int64_t now_us = sy_agent_clock_us();
    if (now_us < agent->written.not_before_us)
        return false;
    if (sy_publish_read(&agent->publisher, &object, &answered, &err) != SY_OK && !answered) {
        sy_agent_say(&agent->said_write, SY_LEVEL_ERROR, "not published", err.text, NULL);
        sy_decide_failed(&agent->written, 0, next_random(agent), now_us);
        agent->again_us = agent->written.not_before_us;
        return false;
    }
    agent->restored = true;
    if (object != NULL && json_object_get(object, "spec") != NULL)
        restore_from(agent, object, &err);
    if (err.code != SY_OK)
        sy_agent_log(SY_LEVEL_WARN, "what was published before is not used",
                     SY_AGENT_PAIRS({"error", err.text}));
    return true;
}
