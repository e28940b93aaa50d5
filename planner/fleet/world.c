/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/fleet/world.h"

#include "topology/usage.h"

#include <stdio.h>
#include <string.h>

#define SCRATCH_MAX ((size_t)256 << 20)
#define MEMO_ENTRIES 4096u

/* Who holds what on the node: an exact report. */
static enum sy_code make_usage(const struct fleet_world *world, uint32_t index,
                               const struct sy_fabric *fabric, struct sy_usage **ret,
                               struct sy_err *err)
{
    struct sy_usage *usage = NULL;
    size_t holders = 0;
    for (size_t i = 0; i < world->nrunning; i++)
        if (world->running[i].node == index)
            holders += sy_devset_count(&world->running[i].pick.all);
    enum sy_code code = sy_usage_begin(fabric, holders, &usage, err);
    if (code != SY_OK)
        return code;
    usage->mode = SY_MODE_EXACT;
    for (size_t i = 0; i < world->nrunning && code == SY_OK; i++) {
        const struct fleet_running *running = &world->running[i];
        if (running->node != index)
            continue;
        char name[24];
        (void)snprintf(name, sizeof name, "job-%u", running->number);
        const struct sy_holder holder = {.namespace_ = "fleet", .name = name, .uid = name};
        SY_DEVSET_EACH(u, &running->pick.all)
        {
            struct sy_unit_usage *unit = &usage->unit[u];
            if (code == SY_OK)
                code = sy_usage_add_holder(usage, &holder, err);
            unit->held = SY_WHOLE;
            unit->holder_first = (uint16_t)(usage->nholder - 1);
            unit->holder_count = 1;
            unit->holder = sy_usage_group(usage, unit->holder_first);
        }
    }
    if (code == SY_OK)
        sy_usage_finish(fabric, usage);
    if (code == SY_OK)
        *ret = usage;
    else
        sy_usage_unref(usage);
    return code;
}

/* The node anew, with who runs on it now. */
static enum sy_code remake(struct fleet_world *world, uint32_t index, struct sy_fabric *fabric,
                           struct sy_err *err)
{
    struct fleet_node *of = &world->node[index];
    struct sy_usage *usage = NULL;
    struct sy_node *node = NULL;
    enum sy_code code = make_usage(world, index, fabric, &usage, err);
    if (code == SY_OK)
        code = sy_node_new(of->name, fabric, usage, NULL, 0, &node, err);
    sy_usage_unref(usage);
    if (code == SY_OK)
        code = sy_cluster_builder_put(world->builder, node, err);
    if (code != SY_OK) {
        sy_node_unref(node);
        return code;
    }
    sy_node_unref(of->node);
    of->node = node;
    return SY_OK;
}

static enum sy_code publish(struct fleet_world *world, struct sy_err *err)
{
    struct sy_cluster *cluster = NULL;
    struct sy_power *power = NULL;
    struct sy_policy *policy = world->options->scoring;
    enum sy_code code =
        sy_cluster_builder_publish(world->builder, ++world->generation, &cluster, err);
    if (code == SY_OK)
        code = world->power == NULL
                   ? sy_power_new(cluster, policy, &power, err)
                   : sy_power_update(world->power, world->cluster, cluster, policy, &power, err);
    if (code != SY_OK) {
        sy_cluster_unref(cluster);
        return code;
    }
    sy_power_unref(world->power);
    sy_cluster_unref(world->cluster);
    world->cluster = cluster;
    world->power = power;
    return SY_OK;
}

static enum sy_code make_fabric(const struct fleet_world *world, size_t machine,
                                struct sy_fabric **ret, struct sy_err *err)
{
    struct sy_inventory inv;
    sy_arena_reset(world->scratch);
    enum sy_code code = sy_fleet_inventory(world->fleet, &world->fleet->machine[machine],
                                           world->scratch, &inv, err);
    return code != SY_OK ? code : sy_fabric_build(&inv, world->options->catalogue, ret, err);
}

static enum sy_code add_nodes(struct fleet_world *world, struct sy_err *err)
{
    struct sy_fabric *fabric = NULL;
    size_t made = SIZE_MAX;
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < world->n && code == SY_OK; i++) {
        size_t machine = sy_fleet_machine_of(world->fleet, i, world->n);
        struct fleet_node *node = &world->node[i];
        if (machine != made) {
            sy_fabric_unref(fabric);
            fabric = NULL;
            code = make_fabric(world, machine, &fabric, err);
            made = machine;
        }
        (void)snprintf(node->name, sizeof node->name, "node-%05u", i);
        node->machine = &world->fleet->machine[machine];
        node->cpu_left = node->machine->cpu_milli;
        node->memory_left = node->machine->memory_mib;
        if (code == SY_OK)
            code = remake(world, i, fabric, err);
    }
    sy_fabric_unref(fabric);
    return code;
}

enum sy_code fleet_world_init(struct fleet_world *world, const struct sy_fleet *fleet,
                              const struct sy_fleet_options *options, struct sy_err *err)
{
    *world = (struct fleet_world){.fleet = fleet,
                                  .options = options,
                                  .n = options->nodes,
                                  .profile = sy_policy_profile(options->scoring, NULL)};
    sy_random_init(&world->random, options->seed);
    world->scratch = sy_arena_new(SCRATCH_MAX);
    world->memo = sy_memo_new(MEMO_ENTRIES);
    world->builder = sy_cluster_builder_new();
    world->node = sy_calloc(world->n, sizeof *world->node);
    enum sy_code code = world->scratch != NULL && world->memo != NULL && world->builder != NULL &&
                                world->node != NULL
                            ? add_nodes(world, err)
                            : sy_fail(err, SY_ENOMEM, "out of memory for %u nodes", world->n);
    if (code == SY_OK)
        code = publish(world, err);
    if (code != SY_OK)
        fleet_world_done(world);
    return code;
}

void fleet_world_done(struct fleet_world *world)
{
    for (uint32_t i = 0; world->node != NULL && i < world->n; i++)
        sy_node_unref(world->node[i].node);
    sy_free(world->node);
    sy_free(world->running);
    sy_power_unref(world->power);
    sy_cluster_unref(world->cluster);
    sy_cluster_builder_free(world->builder);
    sy_memo_free(world->memo);
    sy_arena_free(world->scratch);
    *world = (struct fleet_world){0};
}

static enum sy_code change(struct fleet_world *world, uint32_t node, struct sy_err *err)
{
    enum sy_code code = remake(world, node, world->node[node].node->fabric, err);
    return code != SY_OK ? code : publish(world, err);
}

enum sy_code fleet_world_start(struct fleet_world *world, const struct fleet_running *running,
                               struct sy_err *err)
{
    if (world->nrunning == world->running_size) {
        size_t wider = world->running_size > 0 ? 2 * world->running_size : 64;
        struct fleet_running *moved = sy_realloc(world->running, wider * sizeof *moved);
        if (moved == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory for %zu jobs", wider);
        world->running = moved;
        world->running_size = wider;
    }
    struct fleet_node *node = &world->node[running->node];
    world->running[world->nrunning++] = *running;
    node->cpu_left -= running->job->cpu_milli;
    node->memory_left -= running->job->memory_mib;
    node->njob++;
    return change(world, running->node, err);
}

enum sy_code fleet_world_end(struct fleet_world *world, size_t index, struct sy_err *err)
{
    const struct fleet_running ended = world->running[index];
    struct fleet_node *node = &world->node[ended.node];
    world->running[index] = world->running[--world->nrunning];
    node->cpu_left += ended.job->cpu_milli;
    node->memory_left += ended.job->memory_mib;
    node->njob--;
    return change(world, ended.node, err);
}
