/* SPDX-License-Identifier: Apache-2.0 */
/* A document's status ⇄ usage. */
#include "base/devset.h"
#include "base/str.h"
#include "base/time.h"
#include "topology/json_private.h"
#include "topology/node_json.h"
#include "topology/usage.h"

#include <string.h>

#define UNMAPPED_MAX 1000000 /* ids that one node's kubelet may have given out */

static enum sy_code read_mode(const json_t *status, const struct sy_path *at, struct sy_usage *ret,
                              struct sy_err *err)
{
    const char *name = NULL;
    enum sy_code code = sy_json_str(status, "mode", SY_JSON_OPTIONAL, SY_NAME_MAX, at, &name, err);
    if (code != SY_OK)
        return code;
    ret->mode =
        name == NULL ? SY_MODE_EXACT : SY_MODE_COUNTS; /* a newer writer's word: the least */
    for (unsigned i = 0; name != NULL && i < SY_MODE_COUNT; i++) {
        if (strcmp(name, sy_mode_name((enum sy_mode)i)) == 0)
            ret->mode = (uint8_t)i;
    }
    return SY_OK;
}

static enum sy_code read_time(const json_t *status, const char *key, const struct sy_path *at,
                              int64_t *ret, struct sy_err *err)
{
    const char *text = NULL;
    struct sy_err why = {0};
    enum sy_code code = sy_json_str(status, key, SY_JSON_OPTIONAL, SY_NAME_MAX, at, &text, err);
    if (code != SY_OK || text == NULL)
        return code;
    const struct sy_path *here = SY_PATH_KEY(at, key);
    char shown[64];
    int64_t us;
    if (sy_time_parse(text, &us, &why) != SY_OK)
        return sy_json_fail(here, SY_EPARSE, err, "%s", why.text);
    if (us < 0)
        return sy_json_fail(here, SY_EPARSE, err, "time '%s': before 1970",
                            sy_quote(shown, sizeof shown, text, strlen(text)));
    *ret = us;
    return SY_OK;
}

static enum sy_code read_power(const json_t *status, const struct sy_path *at, struct sy_usage *ret,
                               struct sy_err *err)
{
    json_t *power = NULL;
    enum sy_code code = sy_json_object(status, "power", SY_JSON_OPTIONAL, at, &power, err);
    const struct sy_path *here = SY_PATH_KEY(at, "power");
    if (code == SY_OK && power != NULL)
        code = sy_read_mw(power, "limitWatts", here, &ret->limit_mw, err);
    if (code == SY_OK && power != NULL)
        code = sy_read_mw(power, "baseWatts", here, &ret->base_mw, err);
    if (code == SY_OK && power != NULL)
        code = sy_read_mw(power, "watts", here, &ret->observed_mw, err);
    return code;
}

/* Only why the kubelet does not say who holds what. */
static enum sy_code read_kubelet(const json_t *status, const struct sy_path *at,
                                 struct sy_usage *ret, struct sy_err *err)
{
    json_t *kubelet = NULL;
    bool reachable = true;
    const char *message = "";
    enum sy_code code = sy_json_object(status, "kubelet", SY_JSON_OPTIONAL, at, &kubelet, err);
    if (code != SY_OK || kubelet == NULL)
        return code;
    const struct sy_path *here = SY_PATH_KEY(at, "kubelet");
    code = sy_json_bool(kubelet, "reachable", SY_JSON_OPTIONAL, here, &reachable, err);
    if (code == SY_OK)
        code = sy_read_text(kubelet, "message", SY_TEXT_MAX, here, ret->arena, &message, err);
    if (code == SY_OK && !reachable)
        ret->kubelet_message = message[0] != '\0' ? message : "not reachable";
    return code;
}

static enum sy_code read_unmapped(const json_t *status, const struct sy_path *at,
                                  struct sy_usage *ret, struct sy_err *err)
{
    json_t *unmapped = NULL;
    int64_t count = 0;
    const char *first = NULL;
    enum sy_code code = sy_json_object(status, "unmapped", SY_JSON_OPTIONAL, at, &unmapped, err);
    if (code != SY_OK || unmapped == NULL)
        return code;
    const struct sy_path *here = SY_PATH_KEY(at, "unmapped");
    code = sy_json_int(unmapped, "count", SY_JSON_OPTIONAL, 0, UNMAPPED_MAX, here, &count, err);
    if (code == SY_OK)
        code = sy_read_text(unmapped, "first", SY_TEXT_MAX, here, ret->arena, &first, err);
    if (code == SY_OK && count > 0) {
        ret->unmapped = (uint32_t)count;
        ret->unmapped_first = first;
    }
    return code;
}

static bool has_resource(const struct sy_fabric *fabric, unsigned resource)
{
    for (unsigned u = 0; u < fabric->nunit; u++) {
        if (sy_devset_has(&fabric->unit[u].resources, resource))
            return true;
    }
    return false;
}

/* One entry of `counted`, into the count of its resource; of a name that is none of ours, or that
 * the node has no device of, it says nothing about the node's devices. */
static enum sy_code read_count(const json_t *item, const struct sy_path *at,
                               const struct sy_fabric *fabric, uint16_t *count, struct sy_err *err)
{
    const char *name = NULL;
    int64_t n = 0;
    if (!json_is_object(item))
        return sy_json_fail_type(at, "object", item, err);
    enum sy_code code =
        sy_json_str(item, "resource", SY_JSON_REQUIRED, SY_TEXT_MAX, at, &name, err);
    if (code == SY_OK)
        code = sy_json_int(item, "count", SY_JSON_REQUIRED, 1, SY_COUNTED_MAX, at, &n, err);
    if (code != SY_OK)
        return code;
    int resource = sy_catalogue_resource_find(fabric->catalogue, name);
    if (resource >= 0 && has_resource(fabric, (unsigned)resource))
        count[resource] = sy_counted_add(count[resource], (unsigned)n);
    return SY_OK;
}

/* In the other modes it is said who holds which devices: there it is read and goes for nothing. */
static enum sy_code read_counted(const json_t *status, const struct sy_path *at,
                                 const struct sy_fabric *fabric, struct sy_usage *usage,
                                 struct sy_err *err)
{
    json_t *counted = NULL;
    uint16_t count[SY_RESOURCE_MAX] = {0};
    enum sy_code code =
        sy_json_array(status, "counted", SY_JSON_OPTIONAL, SY_RESOURCE_MAX, at, &counted, err);
    const struct sy_path *here = SY_PATH_KEY(at, "counted");
    for (size_t i = 0; i < json_array_size(counted) && code == SY_OK; i++)
        code = read_count(json_array_get(counted, i), SY_PATH_AT(here, i), fabric, count, err);
    if (code == SY_OK && usage->mode == SY_MODE_COUNTS)
        code = sy_usage_set_counted(usage, count, err);
    return code;
}

/* A device that fell off the bus must not lose the whole report. */
static enum sy_code add_stray(struct sy_usage *usage, struct sy_pci_addr addr, struct sy_err *err)
{
    char text[SY_PCI_ADDR_TEXT];
    if (usage->stray == 0) {
        (void)sy_pci_addr_format(addr, text);
        usage->stray_first = sy_arena_strndup(usage->arena, text, strlen(text));
        if (usage->stray_first == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    usage->stray++; /* a report has at most SY_OBJ_MAX entries */
    return SY_OK;
}

/* The unit that a device entry names; -1: a device of this node that is not allocatable (by our
 * catalogue: its writer's may know more), or none of this node. */
static enum sy_code find_unit(const json_t *item, const struct sy_path *at,
                              const struct sy_fabric *fabric, struct sy_usage *usage, int *ret,
                              struct sy_err *err)
{
    struct sy_pci_addr addr;
    int64_t index = 0;
    bool present;
    char text[SY_PCI_ADDR_TEXT];
    enum sy_code code = sy_read_addr(item, "pci", SY_JSON_REQUIRED, at, &present, &addr, err);
    if (code == SY_OK)
        code = sy_json_int(item, "unit", SY_JSON_OPTIONAL, 0, SY_UNIT_MAX - 1, at, &index, err);
    if (code != SY_OK)
        return code;
    *ret = sy_fabric_unit_find(fabric, addr, (unsigned)index);
    if (*ret >= 0)
        return SY_OK;
    if (sy_fabric_unit_find(fabric, addr, 0) >= 0)
        return sy_json_fail(SY_PATH_KEY(at, "unit"), SY_EINVAL, err, "%s has no unit %d",
                            sy_pci_addr_format(addr, text), (int)index);
    for (uint16_t i = 1; i < fabric->inv.nobj; i++) {
        const struct sy_obj *obj = &fabric->inv.obj[i];
        if (obj->type == SY_OBJ_DEVICE && sy_pci_addr_cmp(obj->addr, addr) == 0)
            return SY_OK;
    }
    return add_stray(usage, addr, err);
}

static enum sy_code read_holder(const json_t *item, const struct sy_path *at,
                                struct sy_usage *usage, struct sy_err *err)
{
    struct sy_holder *holder = &usage->holder[usage->nholder];
    if (!json_is_object(item))
        return sy_json_fail_type(at, "object", item, err);
    enum sy_code code =
        sy_read_text(item, "namespace", SY_NAME_MAX, at, usage->arena, &holder->namespace_, err);
    if (code == SY_OK)
        code = sy_read_text(item, "name", SY_NAME_MAX, at, usage->arena, &holder->name, err);
    if (code == SY_OK)
        code = sy_read_text(item, "uid", SY_NAME_MAX, at, usage->arena, &holder->uid, err);
    if (code == SY_OK)
        code =
            sy_read_text(item, "container", SY_NAME_MAX, at, usage->arena, &holder->container, err);
    if (code != SY_OK)
        return code;
    if (holder->namespace_ == NULL || holder->name == NULL)
        return sy_json_fail(SY_PATH_KEY(at, holder->name == NULL ? "name" : "namespace"), SY_EINVAL,
                            err, "required");
    usage->nholder++;
    return SY_OK;
}

static enum sy_code read_held(const json_t *item, const struct sy_path *at, struct sy_usage *usage,
                              struct sy_unit_usage *unit, struct sy_err *err)
{
    json_t *holders = NULL;
    enum sy_code code =
        sy_json_array(item, "holders", SY_JSON_OPTIONAL, SY_HOLDERS_MAX, at, &holders, err);
    if (code != SY_OK)
        return code;
    size_t n = json_array_size(holders);
    int64_t held = n > 0 ? SY_WHOLE : 0;
    code = sy_json_int(item, "held", SY_JSON_OPTIONAL, 0, SY_WHOLE, at, &held, err);
    if (code == SY_OK && held == 0 && n > 0)
        code = sy_json_fail(SY_PATH_KEY(at, "held"), SY_EINVAL, err, "0, yet there are holders");
    if (code != SY_OK)
        return code;
    const struct sy_path *here = SY_PATH_KEY(at, "holders");
    unit->held = (uint16_t)held;
    unit->holder_first = usage->nholder;
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = read_holder(json_array_get(holders, i), SY_PATH_AT(here, i), usage, err);
    if (code != SY_OK)
        return code;
    unit->holder_count = (uint16_t)n;
    if (n > 0)
        unit->holder = sy_usage_group(usage, unit->holder_first);
    else
        unit->holder_first = 0;
    return SY_OK;
}

static enum sy_code read_device(const json_t *item, const struct sy_path *at,
                                const struct sy_fabric *fabric, struct sy_devset *seen,
                                struct sy_usage *usage, struct sy_err *err)
{
    int u;
    bool healthy = true;
    if (!json_is_object(item))
        return sy_json_fail_type(at, "object", item, err);
    enum sy_code code = find_unit(item, at, fabric, usage, &u, err);
    if (code != SY_OK || u < 0)
        return code;
    if (sy_devset_has(seen, (unsigned)u)) {
        char text[SY_PCI_ADDR_TEXT];
        return sy_json_fail(SY_PATH_KEY(at, "pci"), SY_EINVAL, err, "device %s is listed twice",
                            sy_pci_addr_format(fabric->unit[u].addr, text));
    }
    sy_devset_add(seen, (unsigned)u);
    struct sy_unit_usage *unit = &usage->unit[u];
    code = read_held(item, at, usage, unit, err);
    if (code == SY_OK)
        code = sy_json_bool(item, "healthy", SY_JSON_OPTIONAL, at, &healthy, err);
    if (code == SY_OK)
        code = sy_read_text(item, "reason", SY_TEXT_MAX, at, usage->arena, &unit->reason, err);
    if (code == SY_OK)
        code = sy_read_mw(item, "capWatts", at, &unit->cap_mw, err);
    if (code == SY_OK)
        code = sy_read_mw(item, "watts", at, &unit->observed_mw, err);
    unit->unhealthy = !healthy;
    if (healthy)
        unit->reason = NULL;
    return code;
}

/* Holders of all devices together, to know how much room they need. */
static size_t count_holders(const json_t *devices)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(devices); i++)
        n += json_array_size(json_object_get(json_array_get(devices, i), "holders"));
    return n;
}

static enum sy_code fill(const json_t *status, const json_t *devices, const struct sy_path *at,
                         const struct sy_fabric *fabric, struct sy_usage *usage, struct sy_err *err)
{
    struct sy_devset seen = SY_DEVSET_EMPTY;
    enum sy_code code = read_mode(status, at, usage, err);
    if (code == SY_OK)
        code = read_time(status, "observedTime", at, &usage->observed_us, err);
    if (code == SY_OK)
        code = read_time(status, "heartbeatTime", at, &usage->heartbeat_us, err);
    if (code == SY_OK)
        code = read_kubelet(status, at, usage, err);
    if (code == SY_OK)
        code = read_unmapped(status, at, usage, err);
    if (code == SY_OK)
        code = read_power(status, at, usage, err);
    if (code == SY_OK)
        code = read_counted(status, at, fabric, usage, err);
    const struct sy_path *here = SY_PATH_KEY(at, "devices");
    for (size_t i = 0; i < json_array_size(devices) && code == SY_OK; i++)
        code =
            read_device(json_array_get(devices, i), SY_PATH_AT(here, i), fabric, &seen, usage, err);
    return code;
}

enum sy_code sy_usage_from_json(const json_t *status, const struct sy_fabric *fabric,
                                const struct sy_path *at, struct sy_usage **ret, struct sy_err *err)
{
    json_t *devices = NULL;
    struct sy_usage *usage;
    if (!json_is_object(status))
        return sy_json_fail_type(at, "object", status, err);
    enum sy_code code =
        sy_json_array(status, "devices", SY_JSON_OPTIONAL, SY_OBJ_MAX, at, &devices, err);
    if (code == SY_OK)
        code = sy_usage_begin(fabric, count_holders(devices), &usage, err);
    if (code != SY_OK)
        return code;
    code = fill(status, devices, at, fabric, usage, err);
    if (code != SY_OK) {
        sy_usage_unref(usage);
        return code;
    }
    sy_usage_finish(fabric, usage);
    *ret = usage;
    return SY_OK;
}

static json_t *holders_to_json(const struct sy_usage *usage, const struct sy_unit_usage *unit,
                               bool *ok)
{
    json_t *ret = json_array();
    for (uint16_t i = 0; i < unit->holder_count; i++) {
        const struct sy_holder *holder = &usage->holder[unit->holder_first + i];
        json_t *item = json_object();
        sy_put_text(item, "namespace", holder->namespace_, ok);
        sy_put_text(item, "name", holder->name, ok);
        sy_put_text(item, "uid", holder->uid, ok);
        sy_put_text(item, "container", holder->container, ok);
        sy_append(ret, item, ok);
    }
    return ret;
}

static json_t *device_to_json(const struct sy_fabric *fabric, const struct sy_usage *usage,
                              uint16_t u, bool *ok)
{
    const struct sy_unit_usage *unit = &usage->unit[u];
    json_t *ret = json_object();
    sy_put_addr(ret, "pci", fabric->unit[u].addr, ok);
    if (fabric->unit[u].index != 0)
        sy_put(ret, "unit", json_integer(fabric->unit[u].index), ok);
    sy_put_uint(ret, "held", unit->held, ok);
    if (unit->holder_count > 0)
        sy_put(ret, "holders", holders_to_json(usage, unit, ok), ok);
    if (unit->unhealthy) {
        sy_put(ret, "healthy", json_false(), ok);
        sy_put_text(ret, "reason", unit->reason, ok);
    }
    sy_put_mw(ret, "capWatts", unit->cap_mw, ok);
    sy_put_mw(ret, "watts", unit->observed_mw, ok);
    return ret;
}

static void put_power(json_t *status, const struct sy_usage *usage, bool *ok)
{
    if (usage->limit_mw < 0 && usage->base_mw < 0 && usage->observed_mw < 0)
        return;
    json_t *power = json_object();
    sy_put_mw(power, "limitWatts", usage->limit_mw, ok);
    sy_put_mw(power, "baseWatts", usage->base_mw, ok);
    sy_put_mw(power, "watts", usage->observed_mw, ok);
    sy_put(status, "power", power, ok);
}

static void put_time(json_t *status, const char *key, int64_t us, bool *ok)
{
    char text[SY_TIME_TEXT];
    if (us > 0)
        sy_put_text(status, key, sy_time_format(us, text), ok);
}

static void put_kubelet(json_t *status, const struct sy_usage *usage, bool *ok)
{
    if (usage->kubelet_message == NULL)
        return;
    json_t *kubelet = json_object();
    sy_put(kubelet, "reachable", json_false(), ok);
    sy_put_text(kubelet, "message", usage->kubelet_message, ok);
    sy_put(status, "kubelet", kubelet, ok);
}

static void put_unmapped(json_t *status, const struct sy_usage *usage, bool *ok)
{
    if (usage->unmapped == 0)
        return;
    json_t *unmapped = json_object();
    sy_put_uint(unmapped, "count", usage->unmapped, ok);
    sy_put_text(unmapped, "first", usage->unmapped_first, ok);
    sy_put(status, "unmapped", unmapped, ok);
}

static void put_counted(json_t *status, const struct sy_fabric *fabric,
                        const struct sy_usage *usage, bool *ok)
{
    if (usage->ncounted == 0)
        return;
    json_t *counted = json_array();
    for (uint16_t i = 0; i < usage->ncounted; i++) {
        const struct sy_counted *one = &usage->counted[i];
        json_t *item = json_object();
        sy_put_text(item, "resource", sy_catalogue_resource(fabric->catalogue, one->resource)->name,
                    ok);
        sy_put_uint(item, "count", one->count, ok);
        sy_append(counted, item, ok);
    }
    sy_put(status, "counted", counted, ok);
}

enum sy_code sy_usage_to_json(const struct sy_fabric *fabric, const struct sy_usage *usage,
                              json_t **ret, struct sy_err *err)
{
    bool ok = true;
    sy_autojson json_t *status = json_object();
    sy_autojson json_t *devices = json_array();
    sy_put_text(status, "mode", sy_mode_name((enum sy_mode)usage->mode), &ok);
    put_time(status, "observedTime", usage->observed_us, &ok);
    put_time(status, "heartbeatTime", usage->heartbeat_us, &ok);
    put_kubelet(status, usage, &ok);
    put_unmapped(status, usage, &ok);
    for (uint16_t u = 0; u < usage->nunit && ok; u++) {
        const struct sy_unit_usage *unit = &usage->unit[u];
        if (unit->held != 0 || unit->unhealthy || unit->cap_mw >= 0 || unit->observed_mw >= 0)
            sy_append(devices, device_to_json(fabric, usage, u, &ok), &ok);
    }
    sy_put(status, "devices", SY_TAKE(devices), &ok);
    put_counted(status, fabric, usage, &ok);
    put_power(status, usage, &ok);
    if (!ok)
        return sy_fail(err, SY_ENOMEM, "out of memory while writing JSON");
    *ret = SY_TAKE(status);
    return SY_OK;
}
