/* SPDX-License-Identifier: Apache-2.0 */
/* The Fleet file. */
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "planner/fleet/fleet_private.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_MAX ((size_t)64 << 20)
#define NAME_LEN_MAX 63u
#define GBPS_MAX 1e6

struct reader {
    const char *file;
    struct sy_fleet *fleet;
    const struct sy_catalogue *catalogue;
    struct sy_err *err;
};

static enum sy_code need(struct reader *r, const struct sy_yaml *map, const char *key,
                         struct sy_yaml **ret)
{
    *ret = sy_yaml_get(map, key);
    return *ret != NULL ? SY_OK
                        : sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "'%s' is required", key);
}

static enum sy_code need_list(struct reader *r, const struct sy_yaml *node, size_t max)
{
    if (node->kind != SY_YAML_LIST)
        return sy_yaml_fail(r->file, node, SY_EINVAL, r->err, "expected a list");
    if (node->count == 0 || node->count > max)
        return sy_yaml_fail(r->file, node, SY_ELIMIT, r->err, "%zu items, expected 1..%zu",
                            node->count, max);
    return SY_OK;
}

static enum sy_code take_int(struct reader *r, const struct sy_yaml *map, const char *key,
                             int64_t min, int64_t max, bool needed, int64_t *ret)
{
    struct sy_yaml *node = sy_yaml_get(map, key);
    if (node == NULL)
        return needed ? need(r, map, key, &node) : SY_OK;
    return sy_yaml_int(r->file, node, min, max, ret, r->err);
}

static enum sy_code take_real(struct reader *r, const struct sy_yaml *map, const char *key,
                              double min, double max, bool needed, double *ret)
{
    struct sy_yaml *node = sy_yaml_get(map, key);
    if (node == NULL)
        return needed ? need(r, map, key, &node) : SY_OK;
    return sy_yaml_real(r->file, node, min, max, ret, r->err);
}

static enum sy_code take_name(struct reader *r, const struct sy_yaml *map, const char *key,
                              const char **ret)
{
    struct sy_yaml *node = NULL;
    enum sy_code code = need(r, map, key, &node);
    return code != SY_OK ? code : sy_yaml_str(r->file, node, NAME_LEN_MAX, ret, r->err);
}

static enum sy_code take_gbps(struct reader *r, const struct sy_yaml *map, uint32_t *ret)
{
    double gbps = 0;
    enum sy_code code = take_real(r, map, "gbps", 0.001, GBPS_MAX, true, &gbps);
    if (code == SY_OK)
        *ret = (uint32_t)(gbps * 1000 + 0.5);
    return code;
}

/* `text` is so many groups of four hexadecimal digits, with ':' between them. */
static enum sy_code take_hex(struct reader *r, const struct sy_yaml *map, const char *key,
                             unsigned groups, uint16_t *first, uint16_t *second)
{
    const char *text = NULL;
    enum sy_code code = take_name(r, map, key, &text);
    if (code != SY_OK)
        return code;
    static const char digits[] = "0123456789abcdefABCDEF";
    bool good = strspn(text, digits) == 4 && text[4] == (groups == 2 ? ':' : '\0') &&
                (groups == 1 || (strspn(text + 5, digits) == 4 && text[9] == '\0'));
    if (!good)
        return sy_yaml_fail(r->file, sy_yaml_get(map, key), SY_EINVAL, r->err,
                            "expected hexadecimal digits like '%s'",
                            groups == 2 ? "10de:20b5" : "0302");
    *first = (uint16_t)strtoul(text, NULL, 16);
    if (groups == 2)
        *second = (uint16_t)strtoul(text + 5, NULL, 16);
    return SY_OK;
}

static enum sy_code read_part(struct reader *r, const struct sy_yaml *key,
                              const struct sy_yaml *map)
{
    static const char *const known[] = {"class", "id", "subsystem", "second", "gbps", NULL};
    struct sy_fleet_part *part = &r->fleet->part[r->fleet->npart];
    uint16_t unused = 0;
    part->name = key->text;
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK)
        code = take_hex(r, map, "class", 1, &part->id.class_id, &unused);
    if (code == SY_OK)
        code = take_hex(r, map, "id", 2, &part->id.vendor, &part->id.device);
    if (code == SY_OK && sy_yaml_get(map, "subsystem") != NULL)
        code = take_hex(r, map, "subsystem", 2, &part->id.subvendor, &part->id.subdevice);
    if (code == SY_OK && sy_yaml_get(map, "second") != NULL)
        code = take_hex(r, map, "second", 1, &part->second, &unused);
    if (code == SY_OK)
        code = take_gbps(r, map, &part->mbps);
    r->fleet->npart++;
    return code;
}

static enum sy_code read_parts(struct reader *r, const struct sy_yaml *map)
{
    if (map->kind != SY_YAML_MAP)
        return sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "expected a map of parts");
    if (map->count > SY_FLEET_PARTS_MAX)
        return sy_yaml_fail(r->file, map, SY_ELIMIT, r->err, "%zu parts, at most %u", map->count,
                            SY_FLEET_PARTS_MAX);
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < map->count && code == SY_OK; i++)
        code = read_part(r, map->key[i], map->item[i]);
    return code;
}

static enum sy_code find_part(struct reader *r, const struct sy_yaml *node, uint8_t *ret)
{
    const char *name = NULL;
    char shown[80];
    enum sy_code code = sy_yaml_str(r->file, node, NAME_LEN_MAX, &name, r->err);
    if (code != SY_OK)
        return code;
    for (size_t i = 0; i < r->fleet->npart; i++)
        if (strcmp(r->fleet->part[i].name, name) == 0) {
            *ret = (uint8_t)i;
            return SY_OK;
        }
    return sy_yaml_fail(r->file, node, SY_EINVAL, r->err, "no part '%s'",
                        sy_quote(shown, sizeof shown, name, strlen(name)));
}

static enum sy_code read_slot(struct reader *r, const struct sy_yaml *node,
                              struct sy_fleet_slot *slot)
{
    if (node->kind != SY_YAML_LIST) {
        slot->n = 1;
        return find_part(r, node, &slot->part[0]);
    }
    enum sy_code code = need_list(r, node, SY_FLEET_BELOW_MAX);
    if (code == SY_OK && node->count == 1)
        return sy_yaml_fail(r->file, node, SY_EINVAL, r->err,
                            "a switch with one part below it: leave the brackets out");
    slot->n = (uint8_t)node->count;
    for (size_t i = 0; i < node->count && code == SY_OK; i++)
        code = find_part(r, node->item[i], &slot->part[i]);
    return code;
}

static enum sy_code read_sockets(struct reader *r, const struct sy_yaml *list,
                                 struct sy_fleet_machine *machine)
{
    enum sy_code code = need_list(r, list, SY_FLEET_SOCKETS_MAX);
    if (code == SY_OK)
        machine->nsocket = (uint8_t)list->count;
    for (size_t s = 0; s < machine->nsocket && code == SY_OK; s++) {
        code = need_list(r, list->item[s], SY_FLEET_SLOTS_MAX);
        for (size_t i = 0; code == SY_OK && i < list->item[s]->count; i++) {
            code = read_slot(r, list->item[s]->item[i], &machine->slot[s][i]);
            machine->nslot[s] = (uint8_t)(i + 1);
        }
    }
    return code;
}

static enum sy_code read_links(struct reader *r, const struct sy_yaml *map,
                               struct sy_fleet_machine *machine)
{
    static const char *const known[] = {"type", "part", "gbps", NULL};
    const char *name = NULL;
    struct sy_yaml *part = NULL;
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK)
        code = take_name(r, map, "type", &name);
    if (code == SY_OK)
        code = need(r, map, "part", &part);
    if (code == SY_OK)
        code = find_part(r, part, &machine->link_part);
    if (code == SY_OK)
        code = take_gbps(r, map, &machine->link_mbps);
    if (code != SY_OK)
        return code;
    int type = sy_link_type_find(name);
    if (type <= SY_LINK_NONE)
        return sy_yaml_fail(r->file, sy_yaml_get(map, "type"), SY_EINVAL, r->err,
                            "expected NVL, XGMI, HCCS, SIO, XELINK or OTHER");
    machine->link_type = (uint8_t)type;
    return SY_OK;
}

static enum sy_code read_machine(struct reader *r, const struct sy_yaml *map,
                                 struct sy_fleet_machine *machine)
{
    static const char *const known[] = {"name",    "weight", "cpuMilli", "memoryMiB",
                                        "sockets", "links",  NULL};
    struct sy_yaml *sockets = NULL;
    int64_t weight = 0;
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK)
        code = take_name(r, map, "name", &machine->name);
    if (code == SY_OK)
        code = take_int(r, map, "weight", 1, 10000, true, &weight);
    if (code == SY_OK)
        code = take_int(r, map, "cpuMilli", 1, 10000000, true, &machine->cpu_milli);
    if (code == SY_OK)
        code = take_int(r, map, "memoryMiB", 1, INT64_C(1) << 32, true, &machine->memory_mib);
    if (code == SY_OK)
        code = need(r, map, "sockets", &sockets);
    if (code == SY_OK)
        code = read_sockets(r, sockets, machine);
    if (code == SY_OK && sy_yaml_get(map, "links") != NULL)
        code = read_links(r, sy_yaml_get(map, "links"), machine);
    machine->weight = (uint32_t)weight;
    return code;
}

/* A request for these counts of resources, read as a pod's. */
static enum sy_code read_request(struct reader *r, const struct sy_yaml *map,
                                 struct sy_request *ret)
{
    if (map->kind != SY_YAML_MAP || map->count == 0)
        return sy_yaml_fail(r->file, map, SY_EINVAL, r->err,
                            "expected a map of resources to counts");
    sy_autojson json_t *pod =
        json_pack("{s{s[{s{s{}}}]}}", "spec", "containers", "resources", "limits");
    json_t *limits = json_object_get(
        json_object_get(
            json_array_get(json_object_get(json_object_get(pod, "spec"), "containers"), 0),
            "resources"),
        "limits");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < map->count && code == SY_OK; i++) {
        int64_t count = 0;
        char text[24], shown[80];
        code = sy_yaml_int(r->file, map->item[i], 1, SY_COUNT_MAX, &count, r->err);
        if (code == SY_OK && sy_catalogue_resource_find(r->catalogue, map->key[i]->text) < 0)
            code = sy_yaml_fail(
                r->file, map->key[i], SY_EINVAL, r->err, "the catalogue has no resource '%s'",
                sy_quote(shown, sizeof shown, map->key[i]->text, strlen(map->key[i]->text)));
        (void)snprintf(text, sizeof text, "%lld", (long long)count);
        if (code == SY_OK && json_object_set_new(limits, map->key[i]->text, json_string(text)) != 0)
            code = sy_fail(r->err, SY_ENOMEM, "out of memory");
    }
    if (code == SY_OK)
        code = sy_request_from_pod(pod, r->catalogue, NULL, r->fleet->arena, ret, r->err);
    return code;
}

static enum sy_code read_job(struct reader *r, const struct sy_yaml *map, struct sy_fleet_job *job)
{
    static const char *const known[] = {"name",  "weight", "cpuMilli", "memoryMiB",
                                        "hours", "images", "anyOf",    NULL};
    struct sy_yaml *any = NULL;
    int64_t weight = 0;
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK)
        code = take_name(r, map, "name", &job->name);
    if (code == SY_OK)
        code = take_int(r, map, "weight", 1, 10000, true, &weight);
    if (code == SY_OK)
        code = take_int(r, map, "cpuMilli", 0, 10000000, true, &job->cpu_milli);
    if (code == SY_OK)
        code = take_int(r, map, "memoryMiB", 0, INT64_C(1) << 32, true, &job->memory_mib);
    if (code == SY_OK)
        code = take_real(r, map, "hours", 0.001, 1e5, false, &job->hours);
    if (code == SY_OK)
        code = take_real(r, map, "images", 1, 1e15, false, &job->images);
    if (code == SY_OK && (job->hours > 0) == (job->images > 0))
        return sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "expected either 'hours' or 'images'");
    if (code == SY_OK)
        code = need(r, map, "anyOf", &any);
    if (code == SY_OK)
        code = need_list(r, any, SY_FLEET_ANY_MAX);
    for (size_t i = 0; code == SY_OK && i < any->count; i++) {
        code = read_request(r, any->item[i], &job->any[i]);
        job->nany = (uint8_t)(i + 1);
    }
    job->weight = (uint32_t)weight;
    return code;
}

static enum sy_code read_rate(struct reader *r, const struct sy_yaml *map,
                              struct sy_fleet_rate *rate)
{
    static const char *const known[] = {"resource", "imagesPerSecond", "batch",  "syncMiB",
                                        "overlap",  "inputShare",      "source", NULL};
    const char *name = NULL;
    struct sy_yaml *source = NULL;
    char shown[80];
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK)
        code = take_name(r, map, "resource", &name);
    if (code == SY_OK)
        code = take_real(r, map, "imagesPerSecond", 0.001, 1e9, true, &rate->images_per_s);
    if (code == SY_OK)
        code = take_real(r, map, "batch", 1, 1e6, true, &rate->batch);
    if (code == SY_OK)
        code = take_real(r, map, "syncMiB", 0, 1e6, true, &rate->sync_mib);
    if (code == SY_OK)
        code = take_real(r, map, "overlap", 0, 1, true, &rate->overlap);
    if (code == SY_OK)
        code = take_real(r, map, "inputShare", 0.01, 1, true, &rate->input_share);
    if (code == SY_OK)
        code = need(r, map, "source", &source);
    if (code == SY_OK)
        code = sy_yaml_str(r->file, source, 500, &rate->source, r->err);
    if (code != SY_OK)
        return code;
    int resource = sy_catalogue_resource_find(r->catalogue, name);
    if (resource < 0)
        return sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "the catalogue has no resource '%s'",
                            sy_quote(shown, sizeof shown, name, strlen(name)));
    rate->resource = (uint16_t)resource;
    return SY_OK;
}

static enum sy_code read_machines(struct reader *r, const struct sy_yaml *list)
{
    struct sy_fleet *fleet = r->fleet;
    enum sy_code code = need_list(r, list, SY_FLEET_MACHINES_MAX);
    if (code != SY_OK)
        return code;
    fleet->machine = sy_arena_calloc(fleet->arena, list->count, sizeof *fleet->machine);
    if (fleet->machine == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    for (; fleet->nmachine < list->count && code == SY_OK; fleet->nmachine++)
        code = read_machine(r, list->item[fleet->nmachine], &fleet->machine[fleet->nmachine]);
    return code;
}

static enum sy_code read_jobs(struct reader *r, const struct sy_yaml *list)
{
    struct sy_fleet *fleet = r->fleet;
    enum sy_code code = need_list(r, list, SY_FLEET_JOBS_MAX);
    if (code != SY_OK)
        return code;
    fleet->job = sy_arena_calloc(fleet->arena, list->count, sizeof *fleet->job);
    if (fleet->job == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    for (; fleet->njob < list->count && code == SY_OK; fleet->njob++)
        code = read_job(r, list->item[fleet->njob], &fleet->job[fleet->njob]);
    return code;
}

static enum sy_code read_rates(struct reader *r, const struct sy_yaml *list)
{
    enum sy_code code = need_list(r, list, SY_FLEET_RATES_MAX);
    for (; code == SY_OK && r->fleet->nrate < list->count; r->fleet->nrate++)
        code = read_rate(r, list->item[r->fleet->nrate], &r->fleet->rate[r->fleet->nrate]);
    return code;
}

static enum sy_code read_assumptions(struct reader *r, const struct sy_yaml *list)
{
    enum sy_code code =
        need_list(r, list, sizeof r->fleet->assumption / sizeof r->fleet->assumption[0]);
    for (size_t i = 0; code == SY_OK && i < list->count; i++) {
        code = sy_yaml_str(r->file, list->item[i], 500, &r->fleet->assumption[i], r->err);
        r->fleet->nassumption = i + 1;
    }
    return code;
}

/* A training job's every alternative is of devices whose speed is told. */
static enum sy_code check_rates(struct reader *r, const struct sy_yaml *jobs)
{
    for (size_t i = 0; i < r->fleet->njob; i++) {
        const struct sy_fleet_job *job = &r->fleet->job[i];
        for (size_t a = 0; job->images > 0 && a < job->nany; a++)
            if (sy_fleet_rate_of(r->fleet, &job->any[a]) == NULL)
                return sy_yaml_fail(r->file, jobs->item[i], SY_EINVAL, r->err,
                                    "job '%s': no 'rates' entry for a device of alternative %zu",
                                    job->name, a + 1);
    }
    return SY_OK;
}

static enum sy_code read_head(struct reader *r, const struct sy_yaml *root)
{
    static const char *const known[] = {"apiVersion", "kind",        "nodes",    "hours",
                                        "load",       "parts",       "machines", "jobs",
                                        "rates",      "assumptions", NULL};
    const char *version = NULL, *kind = NULL;
    int64_t nodes = 48;
    enum sy_code code = sy_yaml_only(r->file, root, known, r->err);
    if (code == SY_OK)
        code = take_name(r, root, "apiVersion", &version);
    if (code == SY_OK)
        code = take_name(r, root, "kind", &kind);
    if (code == SY_OK &&
        (strcmp(version, "switchyard.dev/v1alpha1") != 0 || strcmp(kind, "Fleet") != 0))
        return sy_yaml_fail(r->file, root, SY_EINVAL, r->err,
                            "expected a Fleet of switchyard.dev/v1alpha1");
    if (code == SY_OK)
        code = take_int(r, root, "nodes", 1, SY_FLEET_NODES_MAX, false, &nodes);
    r->fleet->nodes = (uint32_t)nodes;
    r->fleet->hours = 24;
    r->fleet->load = 0.9;
    if (code == SY_OK)
        code = take_real(r, root, "hours", 0.01, 1e5, false, &r->fleet->hours);
    return code != SY_OK ? code : take_real(r, root, "load", 0.001, 100, false, &r->fleet->load);
}

static enum sy_code read_all(struct reader *r, const struct sy_yaml *root)
{
    struct sy_yaml *parts = NULL, *machines = NULL, *jobs = NULL;
    enum sy_code code = read_head(r, root);
    if (code == SY_OK)
        code = need(r, root, "parts", &parts);
    if (code == SY_OK)
        code = read_parts(r, parts);
    if (code == SY_OK)
        code = need(r, root, "machines", &machines);
    if (code == SY_OK)
        code = read_machines(r, machines);
    if (code == SY_OK && sy_yaml_get(root, "rates") != NULL)
        code = read_rates(r, sy_yaml_get(root, "rates"));
    if (code == SY_OK)
        code = need(r, root, "jobs", &jobs);
    if (code == SY_OK)
        code = read_jobs(r, jobs);
    if (code == SY_OK)
        code = check_rates(r, jobs);
    if (code == SY_OK && sy_yaml_get(root, "assumptions") != NULL)
        code = read_assumptions(r, sy_yaml_get(root, "assumptions"));
    return code;
}

enum sy_code sy_fleet_parse(const char *file, const char *data, size_t len,
                            const struct sy_catalogue *catalogue, struct sy_fleet **ret,
                            struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    struct sy_fleet *fleet = arena != NULL ? sy_arena_calloc(arena, 1, sizeof *fleet) : NULL;
    struct sy_yaml *root = NULL;
    if (fleet == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    fleet->arena = arena;
    struct reader reader = {.file = file, .fleet = fleet, .catalogue = catalogue, .err = err};
    enum sy_code code = sy_yaml_parse(arena, file, data, len, SY_FLEET_MAX, &root, err);
    if (code == SY_OK)
        code = read_all(&reader, root);
    if (code != SY_OK)
        return code;
    *ret = fleet;
    (void)SY_TAKE(arena);
    return SY_OK;
}

enum sy_code sy_fleet_load(const char *path, const struct sy_catalogue *catalogue,
                           struct sy_fleet **ret, struct sy_err *err)
{
    if (path == NULL)
        return sy_fleet_parse("planner/fleet/default.yaml", (const char *)sy_fleet_default,
                              sy_fleet_default_len, catalogue, ret, err);
    sy_autofree char *data = NULL;
    size_t len = 0;
    enum sy_code code = sy_file_read(path, SY_FLEET_MAX, &data, &len, err);
    return code != SY_OK ? code : sy_fleet_parse(path, data, len, catalogue, ret, err);
}

void sy_fleet_free(struct sy_fleet *fleet)
{
    if (fleet != NULL)
        sy_arena_free(fleet->arena);
}
