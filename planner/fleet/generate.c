/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard fleet generate`: a fleet as Kubernetes objects, for every command that reads a
 * cluster. */
#include "planner/fleet/command.h"
#include "planner/fleet/run.h"
#include "topology/node_json.h"

#include <stdio.h>
#include <string.h>

#define PODS_MAX 100000
#define ARENA_MAX ((size_t)16 << 20)
#define RACK_NODES 8u /* nodes of a rack */

struct generate {
    struct sy_catalogue *catalogue;
    struct sy_fleet *fleet;
    struct sy_arena *arena; /* of one machine */
    json_t *items;
    uint32_t n;
};

static bool is_asked_for(const struct sy_fleet *fleet, uint16_t resource)
{
    for (size_t j = 0; j < fleet->njob; j++)
        for (size_t a = 0; a < fleet->job[j].nany; a++)
            for (size_t e = 0; e < fleet->job[j].any[a].nentry; e++)
                if (fleet->job[j].any[a].entry[e].resource == resource)
                    return true;
    return false;
}

/* The name by which jobs ask for the resource: a pattern's own text is no name. */
static const char *asked_name(const struct sy_fleet *fleet, uint16_t resource)
{
    for (size_t j = 0; j < fleet->njob; j++)
        for (size_t a = 0; a < fleet->job[j].nany; a++)
            for (size_t e = 0; e < fleet->job[j].any[a].nentry; e++)
                if (fleet->job[j].any[a].entry[e].resource == resource)
                    return fleet->job[j].any[a].entry[e].name;
    return "";
}

static json_t *allocatable(const struct generate *generate, const struct sy_fabric *fabric,
                           const struct sy_fleet_machine *machine)
{
    json_t *object = json_object();
    (void)json_object_set_new(object, "cpu", json_sprintf("%lldm", (long long)machine->cpu_milli));
    (void)json_object_set_new(object, "memory",
                              json_sprintf("%lldMi", (long long)machine->memory_mib));
    (void)json_object_set_new(object, "pods", json_string("110"));
    for (size_t r = 0; r < sy_catalogue_resource_count(generate->catalogue); r++) {
        unsigned count = 0;
        for (unsigned u = 0; u < fabric->nunit; u++)
            count += sy_devset_has(&fabric->unit[u].resources, (unsigned)r);
        if (count > 0 && is_asked_for(generate->fleet, (uint16_t)r))
            (void)json_object_set_new(object, asked_name(generate->fleet, (uint16_t)r),
                                      json_sprintf("%u", count));
    }
    return object;
}

static enum sy_code add_node(struct generate *generate, uint32_t i, const struct sy_fabric *fabric,
                             const struct sy_fleet_machine *machine, struct sy_err *err)
{
    char name[24], rack[24];
    json_t *spec = NULL;
    enum sy_code code = sy_inventory_to_json(&fabric->inv, &spec, err);
    if (code != SY_OK)
        return code;
    (void)snprintf(name, sizeof name, "node-%05u", i);
    (void)snprintf(rack, sizeof rack, "rack-%03u", i / RACK_NODES);
    json_t *node =
        json_pack("{ss ss s{ss s{ss ss ss}} s{so}}", "apiVersion", "v1", "kind", "Node", "metadata",
                  "name", name, "labels", "kubernetes.io/hostname", name,
                  "topology.kubernetes.io/rack", rack, "node.kubernetes.io/instance-type",
                  machine->name, "status", "allocatable", allocatable(generate, fabric, machine));
    json_t *fabric_object = json_pack(
        "{ss ss s{ss} so s{ss s[]}}", "apiVersion", "switchyard.dev/v1alpha1", "kind", "NodeFabric",
        "metadata", "name", name, "spec", spec, "status", "mode", "exact", "devices");
    int failed = json_array_append_new(generate->items, node);
    failed |= json_array_append_new(generate->items, fabric_object);
    return failed == 0 ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for %u nodes", generate->n);
}

static enum sy_code add_nodes(struct generate *generate, struct sy_err *err)
{
    struct sy_fabric *fabric = NULL;
    size_t made = SIZE_MAX;
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < generate->n && code == SY_OK; i++) {
        size_t index = sy_fleet_machine_of(generate->fleet, i, generate->n);
        const struct sy_fleet_machine *machine = &generate->fleet->machine[index];
        if (index != made) {
            struct sy_inventory inv;
            sy_fabric_unref(fabric);
            fabric = NULL;
            sy_arena_reset(generate->arena);
            code = sy_fleet_inventory(generate->fleet, machine, generate->arena, &inv, err);
            if (code == SY_OK)
                code = sy_fabric_build(&inv, generate->catalogue, &fabric, err);
            made = index;
        }
        if (code == SY_OK && fabric != NULL)
            code = add_node(generate, i, fabric, machine, err);
    }
    sy_fabric_unref(fabric);
    return code;
}

static const struct sy_fleet_job *draw_job(const struct sy_fleet *fleet, struct sy_random *random)
{
    uint64_t sum = 0;
    size_t j = 0;
    for (size_t i = 0; i < fleet->njob; i++)
        sum += fleet->job[i].weight;
    for (uint64_t at = sy_random_below(random, sum); at >= fleet->job[j].weight; j++)
        at -= fleet->job[j].weight;
    return &fleet->job[j];
}

static enum sy_code add_pods(struct generate *generate, uint64_t seed, int64_t n,
                             struct sy_err *err)
{
    struct sy_random random;
    sy_random_init(&random, seed);
    for (int64_t i = 0; i < n; i++) {
        const struct sy_fleet_job *job = draw_job(generate->fleet, &random);
        const struct sy_request *request = &job->any[0];
        json_t *requests = json_object();
        (void)json_object_set_new(requests, "cpu",
                                  json_sprintf("%lldm", (long long)job->cpu_milli));
        (void)json_object_set_new(requests, "memory",
                                  json_sprintf("%lldMi", (long long)job->memory_mib));
        json_t *limits = json_object(); /* the API server wants devices to have them */
        for (size_t e = 0; e < request->nentry; e++) {
            json_t *count = json_sprintf("%u", request->entry[e].count);
            (void)json_object_set(requests, request->entry[e].name, count);
            (void)json_object_set_new(limits, request->entry[e].name, count);
        }
        char name[80], uid[32];
        (void)snprintf(name, sizeof name, "%s-%lld", job->name, (long long)i);
        (void)snprintf(uid, sizeof uid, "pod-%lld", (long long)i);
        json_t *pod =
            json_pack("{ss ss s{ss ss ss} s{s[{ss s{soso}}]} s{ss}}", "apiVersion", "v1", "kind",
                      "Pod", "metadata", "name", name, "namespace", "default", "uid", uid, "spec",
                      "containers", "name", "main", "resources", "requests", requests, "limits",
                      limits, "status", "phase", "Pending");
        if (json_array_append_new(generate->items, pod) != 0)
            return sy_fail(err, SY_ENOMEM, "out of memory for %lld pods", (long long)n);
    }
    return SY_OK;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct generate generate = {.arena = sy_arena_new(ARENA_MAX), .items = json_array()};
    size_t ncatalogue = 0;
    const char *const *catalogue = sy_options_list(cli->options, "catalogue", &ncatalogue);
    int64_t nodes = 0, pods = 0, seed = 42;
    enum sy_code code =
        generate.arena != NULL && generate.items != NULL
            ? sy_options_int(cli->options, "nodes", 1, SY_FLEET_NODES_MAX, &nodes, err)
            : sy_fail(err, SY_ENOMEM, "out of memory");
    if (code == SY_OK)
        code = sy_options_int(cli->options, "pods", 0, PODS_MAX, &pods, err);
    if (code == SY_OK)
        code = sy_options_int(cli->options, "seed", 0, INT64_MAX, &seed, err);
    if (code == SY_OK)
        code = sy_catalogue_load(catalogue, ncatalogue, &generate.catalogue, err);
    if (code == SY_OK)
        code = sy_fleet_load(sy_options_str(cli->options, "file"), generate.catalogue,
                             &generate.fleet, err);
    if (code == SY_OK) {
        generate.n = nodes > 0 ? (uint32_t)nodes : generate.fleet->nodes;
        code = add_nodes(&generate, err);
    }
    if (code == SY_OK)
        code = add_pods(&generate, (uint64_t)seed, pods, err);
    if (code == SY_OK) {
        cli->result->json =
            json_pack("{ss ss sO}", "apiVersion", "v1", "kind", "List", "items", generate.items);
        if (cli->result->json == NULL)
            code = sy_fail(err, SY_ENOMEM, "out of memory");
    }
    json_decref(generate.items);
    sy_fleet_free(generate.fleet);
    sy_catalogue_unref(generate.catalogue);
    sy_arena_free(generate.arena);
    return code;
}

static const struct sy_option options[] = {
    {.name = "file",
     .letter = 'f',
     .arg = "FLEET",
     .help = "parts, machines, jobs (a built-in mixed fleet)"},
    {.name = "nodes", .arg = "N", .help = "nodes (the file's)"},
    {.name = "pods", .arg = "N", .help = "pending pods beside them, drawn from the jobs (0)"},
    {.name = "seed", .arg = "N", .help = "of the pods (42)"},
    {.name = "catalogue",
     .arg = "FILE",
     .repeats = true,
     .help = "extends or overrides the device catalogue; may be repeated"},
};

const struct sy_command sy_command_fleet_generate = {
    .name = "fleet generate",
    .summary = "print a made-up mixed fleet as a list of Nodes, NodeFabrics and Pods",
    .synopsis = "[-f FLEET] [--nodes N] [--pods N] [--seed N]",
    .details = "What it prints is a snapshot for every command that reads a cluster.",
    .example = "switchyard fleet generate --nodes 24 --pods 3 | switchyard report -s -",
    .formats = "json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .run = run,
};
