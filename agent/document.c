/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/document.h"

#include "base/str.h"
#include "base/time.h"
#include "topology/node.h"
#include "topology/node_json.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX 500u /* bytes of one message */

static void put(json_t *obj, const char *key, json_t *value, bool *ok)
{
    if (json_object_set_new(obj, key, value) != 0)
        *ok = false;
}

static void put_text(json_t *obj, const char *key, const char *text, bool *ok)
{
    if (text != NULL)
        put(obj, key, json_string(text), ok);
}

/* A message, with words of others: what is no text is \xNN, a long one is cut. Quotes stay, unlike
 * in sy_quote: people read it. */
static void put_message(json_t *obj, const char *key, const char *text, bool *ok)
{
    char shown[4 * MESSAGE_MAX + 1] = ""; /* \xNN of each byte */
    size_t len = strlen(text), used = 0;
    const char *end = text + (len < MESSAGE_MAX ? len : MESSAGE_MAX);
    while (text < end) {
        size_t left = (size_t)(end - text), plain = strcspn(text, "\"'");
        plain = plain < left ? plain : left;
        if (plain > 0)
            (void)sy_quote(shown + used, sizeof shown - used, text, plain);
        else
            (void)snprintf(shown + used, sizeof shown - used, "%c", *text);
        used += strlen(shown + used);
        text += plain > 0 ? plain : 1;
    }
    if (used >= MESSAGE_MAX) {
        used = MESSAGE_MAX - sizeof "...";
        while (used > 0 && ((unsigned char)shown[used] & 0xC0) == 0x80)
            used--; /* not half a character */
        (void)snprintf(shown + used, sizeof shown - used, "...");
    }
    put_text(obj, key, shown, ok);
}

static void append(json_t *array, json_t *value, bool *ok)
{
    if (json_array_append_new(array, value) != 0)
        *ok = false;
}

static void put_watts(json_t *obj, const char *key, int64_t mw, bool *ok)
{
    if (mw >= 0)
        put(obj, key, mw % 1000 == 0 ? json_integer(mw / 1000) : json_real((double)mw / 1000.0),
            ok);
}

static void put_time(json_t *obj, const char *key, int64_t us, bool *ok)
{
    char text[SY_TIME_TEXT];
    if (us > 0)
        put_text(obj, key, sy_time_format(us, text), ok);
}

static void put_holders(json_t *device, const struct sy_holdings *holdings, uint16_t unit, bool *ok)
{
    json_t *ret = NULL;
    for (size_t i = 0; i < holdings->nholding; i++) {
        const struct sy_holding *holding = &holdings->holding[i];
        if (holding->unit != unit)
            continue;
        json_t *item = json_object();
        put_text(item, "namespace", holding->namespace_, ok);
        put_text(item, "name", holding->name, ok);
        put_text(item, "uid", holding->uid, ok);
        put_text(item, "container", holding->container, ok);
        if (ret == NULL)
            ret = json_array();
        append(ret, item, ok);
    }
    if (ret != NULL)
        put(device, "holders", ret, ok);
}

static void put_link(json_t *obj, const struct sy_report_unit *unit, bool steady, bool *ok)
{
    if (unit->width == 0 && unit->max_width == 0 && unit->mbps == 0)
        return;
    json_t *link = json_object();
    if (!steady && unit->mbps > 0)
        put(link, "gbps", json_real(unit->mbps / 1000.0), ok);
    if (unit->width > 0)
        put(link, "width", json_integer(unit->width), ok);
    if (unit->max_width > 0)
        put(link, "maxWidth", json_integer(unit->max_width), ok);
    put(link, "degraded", json_boolean(unit->degraded), ok);
    put(obj, "link", link, ok);
}

static json_t *device_of(const struct sy_report *report, uint16_t u, bool steady, bool *ok)
{
    const struct sy_unit *unit = &report->fabric->unit[u];
    const struct sy_report_unit *state = &report->unit[u];
    const struct sy_unit_power *power = &report->power->unit[u];
    char addr[SY_PCI_ADDR_TEXT];
    json_t *ret = json_object();
    put_text(ret, "pci", sy_pci_addr_format(unit->addr, addr), ok);
    if (unit->index != 0)
        put(ret, "unit", json_integer(unit->index), ok);
    put_text(ret, "kind", sy_kind_name((enum sy_kind)unit->kind), ok);
    put_text(ret, "model", unit->model->model, ok);
    if (report->holdings != NULL) {
        put(ret, "held", json_integer(report->holdings->held[u]), ok);
        put_holders(ret, report->holdings, u, ok);
    }
    put(ret, "healthy", json_boolean(state->reason == NULL), ok);
    put_text(ret, "reason", state->reason, ok);
    put_watts(ret, "capWatts", power->cap_mw, ok);
    if (!steady)
        put_watts(ret, "watts", power->mw, ok);
    put_link(ret, state, steady, ok);
    return ret;
}

static json_t *devices_of(const struct sy_report *report, bool steady, bool *ok)
{
    json_t *ret = json_array();
    for (uint16_t u = 0; u < report->fabric->nunit && *ok; u++)
        append(ret, device_of(report, u, steady, ok), ok);
    return ret;
}

static void put_kubelet(json_t *status, const struct sy_report *report, bool *ok)
{
    json_t *kubelet = json_object();
    put(kubelet, "reachable", json_boolean(report->kubelet_message == NULL), ok);
    put_message(kubelet, "message", report->kubelet_message != NULL ? report->kubelet_message : "",
                ok);
    put(status, "kubelet", kubelet, ok);
}

static void put_offers(json_t *status, const struct sy_holdings *holdings, bool *ok)
{
    if (!holdings->knows_offered)
        return;
    json_t *resources = json_array();
    for (size_t i = 0; i < holdings->noffer; i++) {
        json_t *item = json_object();
        put_text(item, "name", holdings->offer[i].resource, ok);
        put(item, "allocatable", json_integer(holdings->offer[i].allocatable), ok);
        append(resources, item, ok);
    }
    put(status, "resources", resources, ok);
}

static void put_unmapped(json_t *status, const struct sy_holdings *holdings, bool *ok)
{
    if (holdings->unmapped == 0)
        return;
    json_t *unmapped = json_object();
    put(unmapped, "count", json_integer(holdings->unmapped), ok);
    put_message(unmapped, "first", holdings->unmapped_first, ok);
    put(status, "unmapped", unmapped, ok);
}

/* "NVML, hwmon": the sources of the devices' watts. */
static void put_device_sources(json_t *sources, const struct sy_report *report, bool *ok)
{
    char text[128] = "";
    for (uint16_t u = 0; u < report->fabric->nunit; u++) {
        const char *source = report->power->unit[u].source;
        size_t len = strlen(text);
        if (source != NULL && strstr(text, source) == NULL)
            (void)snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? ", " : "", source);
    }
    if (text[0] != '\0')
        put_text(sources, "devices", text, ok);
}

/* An object that may have stayed empty; takes it over. */
static void put_filled(json_t *obj, const char *key, json_t *value, bool *ok)
{
    if (value == NULL || json_object_size(value) > 0)
        put(obj, key, value, ok);
    else
        json_decref(value);
}

static void put_power(json_t *status, const struct sy_report *report, bool steady, bool *ok)
{
    const struct sy_power *known = report->power;
    json_t *power = json_object(), *sources = json_object();
    put_watts(power, "limitWatts", known->limit_mw, ok);
    put_text(sources, "limit", known->limit_source, ok);
    if (!steady) {
        put_watts(power, "baseWatts", known->base_mw, ok);
        put_watts(power, "watts", known->mw, ok);
        put_text(sources, "base", known->base_source, ok);
        put_text(sources, "watts", known->source, ok);
        put_device_sources(sources, report, ok);
    }
    put_filled(power, "sources", sources, ok);
    put_filled(status, "power", power, ok);
}

/* "4 NPU, 2 GPU" of the counts by kind. */
static void put_counts(json_t *obj, const char *key, const unsigned *count, bool *ok)
{
    char text[96] = "";
    for (unsigned kind = 0; kind < SY_KIND_COUNT; kind++) {
        size_t len = strlen(text);
        if (count[kind] > 0)
            (void)snprintf(text + len, sizeof text - len, "%s%u %s", len > 0 ? ", " : "",
                           count[kind], sy_kind_name((enum sy_kind)kind));
    }
    put_text(obj, key, text[0] != '\0' ? text : "none", ok);
}

/* Whole watts: people read it in a column. */
static void put_watts_column(json_t *summary, const struct sy_power *power, bool *ok)
{
    char used[24] = "?", limit[24] = "?", text[64];
    if (power->mw < 0 && power->limit_mw < 0)
        return;
    if (power->mw >= 0)
        (void)snprintf(used, sizeof used, "%lld", (long long)((power->mw + 500) / 1000));
    if (power->limit_mw >= 0)
        (void)snprintf(limit, sizeof limit, "%lld", (long long)((power->limit_mw + 500) / 1000));
    (void)snprintf(text, sizeof text, "%s/%s", used, limit);
    put_text(summary, "watts", text, ok);
}

static void put_summary(json_t *status, const struct sy_report *report, bool steady, bool *ok)
{
    unsigned all[SY_KIND_COUNT] = {0}, unused[SY_KIND_COUNT] = {0}, unhealthy = 0;
    for (uint16_t u = 0; u < report->fabric->nunit; u++) {
        unsigned kind = report->fabric->unit[u].kind;
        bool healthy = report->unit[u].reason == NULL;
        all[kind]++;
        unhealthy += healthy ? 0 : 1;
        if (healthy && report->holdings != NULL && report->holdings->held[u] == 0)
            unused[kind]++;
    }
    json_t *summary = json_object();
    put_counts(summary, "devices", all, ok);
    if (report->holdings != NULL)
        put_counts(summary, "free", unused, ok);
    else
        put_text(summary, "free", "unknown", ok);
    put(summary, "unhealthy", json_integer(unhealthy), ok);
    if (!steady)
        put_watts_column(summary, report->power, ok);
    put(status, "summary", summary, ok);
}

static void put_agent(json_t *status, const struct sy_report *report, bool *ok)
{
    json_t *agent = json_object();
    put_text(agent, "version", report->version, ok);
    put_text(agent, "bootID", report->fabric->inv.boot_id, ok);
    put(status, "agent", agent, ok);
}

enum sy_code sy_document_status(const struct sy_report *report, bool steady, json_t **ret,
                                struct sy_err *err)
{
    bool ok = true, known = report->holdings != NULL;
    sy_mem_watch_begin(); /* jansson's own doing is not told in each case */
    json_t *status = json_object();
    put_text(status, "mode", sy_mode_name(known ? SY_MODE_EXACT : SY_MODE_COUNTS), &ok);
    if (!steady) {
        put_time(status, "observedTime", known ? report->observed_us : 0, &ok);
        put_time(status, "heartbeatTime", report->heartbeat_us, &ok);
    }
    put_agent(status, report, &ok);
    put_kubelet(status, report, &ok);
    put(status, "devices", devices_of(report, steady, &ok), &ok);
    if (known) {
        put_offers(status, report->holdings, &ok);
        put_unmapped(status, report->holdings, &ok);
    }
    put_power(status, report, steady, &ok);
    put_summary(status, report, steady, &ok);
    bool failed = sy_mem_watch_end();
    if (!ok || failed) {
        json_decref(status);
        return sy_fail(err, SY_ENOMEM, "out of memory while writing the status");
    }
    *ret = status;
    return SY_OK;
}

enum sy_code sy_document_spec(const struct sy_report *report, json_t **ret, struct sy_err *err)
{
    return sy_inventory_to_json(&report->fabric->inv, ret, err);
}

enum sy_code sy_document_object(const char *node, json_t *spec, json_t *status, json_t **ret,
                                struct sy_err *err)
{
    bool ok = true;
    sy_mem_watch_begin();
    json_t *object = json_object(), *metadata = json_object();
    put_text(object, "apiVersion", "switchyard.dev/v1alpha1", &ok);
    put_text(object, "kind", "NodeFabric", &ok);
    put_text(metadata, "name", node, &ok);
    put(object, "metadata", metadata, &ok);
    if (spec != NULL)
        put(object, "spec", json_incref(spec), &ok);
    if (status != NULL)
        put(object, "status", json_incref(status), &ok);
    bool failed = sy_mem_watch_end();
    if (!ok || failed) {
        json_decref(object);
        return sy_fail(err, SY_ENOMEM, "out of memory while writing the object");
    }
    *ret = object;
    return SY_OK;
}

enum sy_code sy_document_bytes(const json_t *object, char **ret, size_t *ret_len,
                               struct sy_err *err)
{
    sy_autofree char *text = NULL;
    size_t len = 0;
    enum sy_code code = sy_json_dump(object, false, &text, &len, err);
    if (code != SY_OK)
        return code;
    if (len > SY_DOCUMENT_MAX)
        return sy_fail(err, SY_ELIMIT, "the object has %zu bytes, the limit is %u", len,
                       SY_DOCUMENT_MAX);
    *ret = SY_TAKE(text);
    *ret_len = len;
    return SY_OK;
}
