/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/result.h"
#include "planner/replay/sweep_private.h"

#include <inttypes.h>
#include <string.h>

#define PART_BYTES ((size_t)1 << 30)
#define NAME_BYTES 4096

struct joining {
    struct sy_sweep sweep;
    json_t *head;      /* of the first part */
    bool *seen;        /* by shard - 1 */
    const char **file; /* the same: where it was */
    int64_t shards;
};

static enum sy_code read_text(struct sy_sweep *sweep, const json_t *json, const char *key,
                              const struct sy_path *at, const char **ret, struct sy_err *err)
{
    const char *text = NULL;
    enum sy_code code = sy_json_str(json, key, SY_JSON_REQUIRED, NAME_BYTES, at, &text, err);
    if (code != SY_OK)
        return code;
    *ret = sy_arena_strndup(sweep->arena, text, strlen(text));
    return *ret != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for the sweep");
}

static enum sy_code read_count(const json_t *json, const char *key, const struct sy_path *at,
                               int64_t *ret, struct sy_err *err)
{
    return sy_json_int(json, key, SY_JSON_REQUIRED, 0, (int64_t)1 << 53, at, ret, err);
}

static enum sy_code read_trace(struct sy_sweep *sweep, const json_t *json, const struct sy_path *at,
                               struct sy_sweep_trace *trace, struct sy_err *err)
{
    if (!json_is_object(json))
        return sy_json_fail_type(at, "object", json, err);
    enum sy_code code = read_text(sweep, json, "name", at, &trace->name, err);
    if (code == SY_OK)
        code = read_count(json, "nodes", at, &trace->nodes, err);
    if (code == SY_OK)
        code = read_count(json, "milliGpu", at, &trace->milli_gpu, err);
    if (code == SY_OK)
        code = read_count(json, "milliCpu", at, &trace->milli_cpu, err);
    if (code == SY_OK)
        code = read_count(json, "memoryMib", at, &trace->memory_mib, err);
    if (code == SY_OK)
        code = read_count(json, "pods", at, &trace->pods, err);
    if (code == SY_OK)
        code = read_count(json, "typicalPods", at, &trace->typical, err);
    return code == SY_OK ? read_text(sweep, json, "powerUnknown", at, &trace->unknown_power, err)
                         : code;
}

static enum sy_code read_policy(struct sy_sweep *sweep, const json_t *json,
                                const struct sy_path *at, struct sy_sweep_policy *policy,
                                struct sy_err *err)
{
    if (!json_is_object(json))
        return sy_json_fail_type(at, "object", json, err);
    enum sy_code code = read_text(sweep, json, "name", at, &policy->name, err);
    return code == SY_OK
               ? sy_json_bool(json, "baseline", SY_JSON_REQUIRED, at, &policy->baseline, err)
               : code;
}

static enum sy_code read_lists(struct sy_sweep *sweep, const json_t *head, const struct sy_path *at,
                               struct sy_err *err)
{
    json_t *traces = NULL, *policies = NULL;
    enum sy_code code =
        sy_json_array(head, "traces", SY_JSON_REQUIRED, SY_SWEEP_TRACES, at, &traces, err);
    if (code == SY_OK)
        code = sy_json_array(head, "policies", SY_JSON_REQUIRED, SY_SWEEP_POLICIES, at, &policies,
                             err);
    for (size_t i = 0; code == SY_OK && i < json_array_size(traces); i++)
        code =
            read_trace(sweep, json_array_get(traces, i), SY_PATH_AT(SY_PATH_KEY(at, "traces"), i),
                       &sweep->trace[sweep->ntraces++], err);
    for (size_t i = 0; code == SY_OK && i < json_array_size(policies); i++)
        code = read_policy(sweep, json_array_get(policies, i),
                           SY_PATH_AT(SY_PATH_KEY(at, "policies"), i),
                           &sweep->policy[sweep->npolicies++], err);
    if (code == SY_OK && (sweep->ntraces == 0 || sweep->npolicies == 0))
        return sy_json_fail(at, SY_EINVAL, err, "neither traces nor policies may be empty");
    return code;
}

static enum sy_code read_head(struct sy_sweep *sweep, const json_t *head, const struct sy_path *at,
                              struct sy_err *err)
{
    int64_t from = 0, to = 0;
    enum sy_code code = read_text(sweep, head, "inputs", at, &sweep->inputs, err);
    if (code == SY_OK)
        code = sy_json_bool(head, "seeds", SY_JSON_REQUIRED, at, &sweep->seeds, err);
    if (code == SY_OK)
        code = read_text(sweep, head, "order", at, &sweep->order, err);
    if (code == SY_OK)
        code = read_text(sweep, head, "ties", at, &sweep->ties, err);
    if (code == SY_OK)
        code = read_count(head, "seedFrom", at, &from, err);
    if (code == SY_OK)
        code = read_count(head, "seedTo", at, &to, err);
    if (code == SY_OK && (to < from || to - from >= SY_SWEEP_SEEDS))
        return sy_json_fail(at, SY_ELIMIT, err, "seeds %" PRId64 "-%" PRId64 ": not 1..%u of them",
                            from, to, SY_SWEEP_SEEDS);
    sweep->seed_from = (uint64_t)from;
    sweep->seed_to = (uint64_t)to;
    if (code == SY_OK)
        code = read_count(head, "arrivalsPercent", at, &sweep->arrivals_percent, err);
    if (code == SY_OK)
        code = read_count(head, "typicalPercent", at, &sweep->typical_percent, err);
    return code == SY_OK ? read_lists(sweep, head, at, err) : code;
}

/* The first part says what the sweep is; the others must say the same. */
static enum sy_code take_head(struct joining *join, json_t *head, int64_t shards,
                              const struct sy_path *at, const struct sy_sweep_part *part,
                              const struct sy_sweep_part *first, struct sy_err *err)
{
    if (join->head != NULL) {
        if (join->shards != shards)
            return sy_fail(err, SY_ECONFLICT,
                           "%s: a part of %" PRId64 ", but %s is one of %" PRId64, part->file,
                           shards, first->file, join->shards);
        if (!json_equal(join->head, head))
            return sy_fail(err, SY_ECONFLICT, "%s: a part of another sweep than %s", part->file,
                           first->file);
        return SY_OK;
    }
    join->head = json_incref(head);
    join->shards = shards;
    join->seen = sy_calloc((size_t)shards, sizeof *join->seen);
    join->file = sy_calloc((size_t)shards, sizeof *join->file);
    if (join->seen == NULL || join->file == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %" PRId64 " parts", shards);
    enum sy_code code = read_head(&join->sweep, head, at, err);
    return code == SY_OK ? sy_sweep_allot(&join->sweep, err) : code;
}

static enum sy_code take_cells(struct joining *join, json_t *cells, int64_t shard,
                               const struct sy_path *at, struct sy_err *err)
{
    size_t all = sy_sweep_cells(&join->sweep), cell = (size_t)shard - 1, n = json_array_size(cells);
    enum sy_code code = SY_OK;
    for (size_t i = 0; code == SY_OK && i < n; i++, cell += (size_t)join->shards) {
        const struct sy_path *here = SY_PATH_AT(at, i);
        int64_t number = -1;
        const json_t *json = json_array_get(cells, i);
        if (!json_is_object(json))
            return sy_json_fail_type(here, "object", json, err);
        code = sy_json_int(json, "cell", SY_JSON_REQUIRED, 0, SY_SWEEP_CELLS, here, &number, err);
        if (code == SY_OK && (cell >= all || (size_t)number != cell))
            return sy_json_fail(here, SY_EINVAL, err, "run %" PRId64 " does not belong here",
                                number);
        if (code == SY_OK)
            code = sy_run_result_parse(json, here, &join->sweep.cell[cell], err);
    }
    if (code == SY_OK && cell < all)
        return sy_json_fail(at, SY_EINVAL, err, "run %zu is missing", cell);
    return code;
}

static enum sy_code take_part(struct joining *join, const struct sy_sweep_part *part, json_t *root,
                              const struct sy_sweep_part *first, struct sy_err *err)
{
    json_t *head = NULL, *cells = NULL, *place = NULL;
    const char *kind = NULL;
    int64_t shard = 0, shards = 0;
    const struct sy_path *shard_at = SY_PATH_KEY(NULL, "shard");
    if (!json_is_object(root))
        return sy_json_fail_type(NULL, "object", root, err);
    enum sy_code code = sy_json_str(root, "kind", SY_JSON_REQUIRED, 64, NULL, &kind, err);
    if (code == SY_OK && strcmp(kind, "ReplayShard") != 0)
        return sy_json_fail(SY_PATH_KEY(NULL, "kind"), SY_EINVAL, err,
                            "'%s' is not a part of a sweep (kind ReplayShard)", kind);
    if (code == SY_OK)
        code = sy_json_object(root, "shard", SY_JSON_REQUIRED, NULL, &place, err);
    if (code == SY_OK)
        code =
            sy_json_int(place, "of", SY_JSON_REQUIRED, 1, SY_SWEEP_SHARDS, shard_at, &shards, err);
    if (code == SY_OK)
        code = sy_json_int(place, "index", SY_JSON_REQUIRED, 1, shards, shard_at, &shard, err);
    if (code == SY_OK)
        code = sy_json_object(root, "sweep", SY_JSON_REQUIRED, NULL, &head, err);
    if (code == SY_OK)
        code = sy_json_array(root, "cells", SY_JSON_REQUIRED, SY_SWEEP_CELLS, NULL, &cells, err);
    if (code == SY_OK)
        code = take_head(join, head, shards, SY_PATH_KEY(NULL, "sweep"), part, first, err);
    if (code == SY_OK && join->seen[shard - 1])
        return sy_fail(err, SY_ECONFLICT, "part %" PRId64 " of %" PRId64 " twice: %s and %s", shard,
                       shards, join->file[shard - 1], part->file);
    if (code != SY_OK)
        return code;
    join->seen[shard - 1] = true;
    join->file[shard - 1] = part->file;
    return take_cells(join, cells, shard, SY_PATH_KEY(NULL, "cells"), err);
}

static enum sy_code check_complete(const struct joining *join, struct sy_err *err)
{
    for (int64_t i = 0; i < join->shards; i++)
        if (!join->seen[i])
            return sy_fail(err, SY_ECONFLICT, "part %" PRId64 " of %" PRId64 " is missing", i + 1,
                           join->shards);
    return SY_OK;
}

static enum sy_code take_parts(struct joining *join, const struct sy_sweep_part *part, size_t n,
                               struct sy_err *err)
{
    static const struct sy_json_limits limits = {
        .max_bytes = PART_BYTES, .max_depth = 16, .reject_duplicates = true};
    enum sy_code code = SY_OK;
    for (size_t i = 0; code == SY_OK && i < n; i++) {
        sy_autojson json_t *root = NULL;
        code = sy_json_parse(part[i].text, part[i].len, &limits, &root, err);
        if (code == SY_OK)
            code = take_part(join, &part[i], root, &part[0], err);
        if (code != SY_OK && code != SY_ECONFLICT) /* these name their files */
            (void)sy_wrap(err, "%s", part[i].file);
    }
    return code == SY_OK ? check_complete(join, err) : code;
}

enum sy_code sy_sweep_join(const struct sy_sweep_part *part, size_t n, struct sy_sweep *ret,
                           struct sy_err *err)
{
    struct joining join = {0};
    if (n == 0)
        return sy_fail(err, SY_EUSAGE, "expected the files of a sweep's parts");
    enum sy_code code = sy_sweep_init(&join.sweep, err);
    if (code == SY_OK)
        code = take_parts(&join, part, n, err);
    json_decref(join.head);
    sy_free(join.seen);
    sy_free(join.file);
    if (code == SY_OK)
        *ret = join.sweep;
    else
        sy_sweep_done(&join.sweep);
    return code;
}
