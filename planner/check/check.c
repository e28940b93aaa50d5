/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/check/check.h"

#include "base/str.h"
#include "planner/answer/recording.h"
#include "planner/draw/source.h"
#include "planner/fleet/fleet.h"
#include "planner/plan/workload.h"
#include "planner/state/state.h"
#include "planner/whatif/scenario.h"
#include "scoring/policy.h"

#include <string.h>

#define ARENA_MAX ((size_t)1 << 30)

static void bad(struct sy_check *check, const char *text)
{
    check->nbad++;
    check->bad(check->data, text);
}

static void bad_file(void *data, const char *text)
{
    bad(data, text);
}

static enum sy_code check_node(void *data, struct sy_node *node, struct sy_err *err)
{
    struct sy_check *check = data;
    check->count++;
    return sy_node_check(node, err);
}

/* Topologies' XML, and lists of NodeFabrics object by object: everything that is wrong is said. */
static enum sy_code check_nodes(struct sy_check *check, const char *path, struct sy_err *err)
{
    struct sy_draw_reader reader = {
        .catalogue = check->catalogue, .node = check_node, .bad = bad_file, .data = check};
    check->what = "node";
    return sy_draw_read(&reader, path, err);
}

static enum sy_code check_catalogue(struct sy_check *check, const char *path, struct sy_err *err)
{
    struct sy_catalogue *catalogue = NULL;
    enum sy_code code = sy_catalogue_load(&path, 1, &catalogue, err);
    if (code == SY_OK) {
        check->count = sy_catalogue_model_count(catalogue);
        check->what = "model";
        check->more = " with the built-in ones";
    }
    sy_catalogue_unref(catalogue);
    return code;
}

static enum sy_code check_policy(struct sy_check *check, const char *path, struct sy_err *err)
{
    struct sy_policy *policy = NULL;
    enum sy_code code = sy_policy_load(path, &policy, err);
    if (code == SY_OK) {
        check->count = policy->nprofile;
        check->what = "profile";
        check->more = " with the built-in ones";
    }
    sy_policy_unref(policy);
    return code;
}

static enum sy_code check_fleet(struct sy_check *check, const char *path, struct sy_err *err)
{
    SY_AUTO(sy_fleet) struct sy_fleet *fleet = NULL;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_fleet_load(path, check->catalogue, &fleet, err);
    for (size_t i = 0; code == SY_OK && i < fleet->nmachine; i++) {
        struct sy_inventory inv;
        if (sy_fleet_inventory(fleet, &fleet->machine[i], arena, &inv, err) != SY_OK)
            code = sy_wrap(err, "%s", path);
    }
    check->count = code == SY_OK ? fleet->nmachine : 0;
    check->what = "machine";
    return code;
}

static enum sy_code check_recording(struct sy_check *check, const char *path, struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    struct sy_recording recording;
    struct sy_answer_world world;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_recording_read(path, arena, &recording, err);
    if (code == SY_OK)
        code = sy_answer_world_load(recording.snapshot, recording.policy, recording.catalogue,
                                    recording.ncatalogue, &world, err);
    if (code != SY_OK)
        return code;
    check->count = world.cluster->n;
    check->what = "node";
    check->more = " in its snapshot";
    sy_answer_world_done(&world);
    return SY_OK;
}

static enum sy_code load_state(const char *path, struct sy_state **ret, struct sy_err *err)
{
    const struct sy_state_options options = {
        .path = &path, .npath = 1, .namespace_ = "default", .kube_minor = 36};
    return sy_state_load(&options, NULL, ret, err);
}

/* What a cluster is made of; and what carries pod templates, when there is none of that. */
static enum sy_code check_objects(struct sy_check *check, const char *path, struct sy_err *err)
{
    SY_AUTO(sy_state) struct sy_state *state = NULL;
    enum sy_code code = load_state(path, &state, err);
    if (code != SY_OK)
        return code;
    check->count = state->nnode;
    check->what = "node";
    if (state->nnode > 0 || json_array_size(state->others) == 0) {
        check->count += state->nnode > 0 ? 0 : state->npod;
        check->what = state->nnode > 0 ? "node" : "pod";
        return SY_OK;
    }
    struct sy_workload_pods pods;
    code = sy_workload_read(path, state, state->arena, &pods, err);
    if (code != SY_OK)
        return code;
    check->count = pods.n;
    check->what = "pod";
    sy_workload_pods_done(&pods);
    return SY_OK;
}

static enum sy_code check_scenario(struct sy_check *check, const char *path, struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    struct sy_scenario scenario;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_scenario_read(path, arena, &scenario, err);
    if (code != SY_OK)
        return code;
    check->count = scenario.nstep;
    check->what = "step";
    sy_scenario_done(&scenario);
    return SY_OK;
}

/* What it is like, and its manifests, are looked up when it is used. */
static enum sy_code check_template(struct sy_check *check, const char *path, struct sy_err *err)
{
    struct sy_manifest *manifest = NULL;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_manifests_read(path, arena, &manifest, &check->count, err);
    if (code != SY_OK)
        return code;
    sy_manifests_done(manifest, check->count);
    check->what = "document";
    check->more = "; the nodes that they are like were not looked up";
    return SY_OK;
}

static enum sy_code check_kind(struct sy_check *check, enum sy_file_kind kind, const char *path,
                               struct sy_err *err)
{
    switch (kind) {
    case SY_FILE_TOPOLOGY:
        return check_nodes(check, path, err);
    case SY_FILE_CATALOGUE:
        return check_catalogue(check, path, err);
    case SY_FILE_POLICY:
        return check_policy(check, path, err);
    case SY_FILE_SCENARIO:
        return check_scenario(check, path, err);
    case SY_FILE_FLEET:
        return check_fleet(check, path, err);
    case SY_FILE_RECORDING:
        return check_recording(check, path, err);
    case SY_FILE_TEMPLATE:
        return check_template(check, path, err);
    case SY_FILE_OBJECTS:
    case SY_FILE_KIND_COUNT:
        break;
    }
    return check_objects(check, path, err);
}

/* A text of no kind may be no text at all: its reader says where. */
static enum sy_code say_place(const char *path, struct sy_err *own)
{
    struct sy_err err = {0};
    struct sy_manifest *manifest = NULL;
    size_t n = 0;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    if (arena == NULL)
        return own->code;
    enum sy_code code = sy_manifests_read(path, arena, &manifest, &n, &err);
    if (code == SY_OK)
        sy_manifests_done(manifest, n);
    else if (code != SY_EINVAL)
        *own = err;
    return own->code;
}

enum sy_code sy_check_file(struct sy_check *check, const char *path, enum sy_file_kind *ret_kind,
                           struct sy_err *err)
{
    struct sy_err own = {0};
    sy_autofree char *data = NULL;
    size_t len = 0;
    check->count = 0;
    check->what = check->more = "";
    *ret_kind = SY_FILE_KIND_COUNT;
    enum sy_code code = sy_input_read(path, SY_INPUT_MAX, &data, &len, &own);
    if (code == SY_OK)
        code = sy_check_sniff(path, data, len, ret_kind, &own);
    sy_free(SY_TAKE(data));
    if (code == SY_EINVAL && len > 0)
        code = say_place(path, &own);
    if (code == SY_OK)
        code = check_kind(check, *ret_kind, path, &own);
    if (code == SY_ENOMEM)
        return sy_fail(err, code, "%s", own.text);
    if (code != SY_OK)
        bad(check, own.text);
    return SY_OK;
}

enum sy_code sy_check_statuses(struct sy_check *check, const char *folder, struct sy_err *err)
{
    struct sy_err own = {0};
    check->count = 0;
    check->more = "";
    enum sy_code code = check_nodes(check, folder, &own);
    if (code == SY_ENOMEM)
        return sy_fail(err, code, "%s", own.text);
    if (code != SY_OK)
        bad(check, own.text);
    return SY_OK;
}
