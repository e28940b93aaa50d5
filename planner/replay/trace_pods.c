/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/trace.h"

#include "base/hash.h"
#include "base/str.h"
#include "planner/replay/csv.h"

#include <string.h>

/* Columns, and the classes met so far by their content. */
struct reading {
    struct sy_csv csv;
    struct sy_trace_models *models;
    unsigned cpu, memory, devices, milli;
    unsigned spec, created, deleted, scheduled; /* NO_COLUMN: absent */
    bool times;
    uint32_t *table; /* class index + 1, open addressing; 0 = empty */
    size_t table_size;
    size_t rows_size;
    struct sy_trace_pods pods;
};
#define NO_COLUMN SY_CSV_COLUMNS

static enum sy_code no_memory(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "out of memory for the trace");
}

static unsigned optional_column(const struct sy_csv *csv, const char *name)
{
    unsigned column;
    return sy_csv_column(csv, name, &column, NULL) == SY_OK ? column : NO_COLUMN;
}

static enum sy_code find_columns(struct reading *r, struct sy_err *err)
{
    const struct sy_csv *csv = &r->csv;
    enum sy_code code = sy_csv_column(csv, "cpu_milli", &r->cpu, err);
    if (code == SY_OK)
        code = sy_csv_column(csv, "memory_mib", &r->memory, err);
    if (code == SY_OK)
        code = sy_csv_column(csv, "num_gpu", &r->devices, err);
    if (code == SY_OK)
        code = sy_csv_column(csv, "gpu_milli", &r->milli, err);
    r->spec = optional_column(csv, "gpu_spec");
    r->scheduled = optional_column(csv, "scheduled_time");
    if (code == SY_OK && r->times)
        code = sy_csv_column(csv, "creation_time", &r->created, err);
    if (code == SY_OK && r->times)
        code = sy_csv_column(csv, "deletion_time", &r->deleted, err);
    return code;
}

/* "A|B": the models that the pod may use. */
static enum sy_code read_spec(struct reading *r, struct sy_replay_class *pod, struct sy_err *err)
{
    if (r->spec == NO_COLUMN || r->csv.cell[r->spec].len == 0)
        return SY_OK;
    const char *at = r->csv.cell[r->spec].text;
    pod->spec = at;
    for (const char *bar; at != NULL; at = bar != NULL ? bar + 1 : NULL) {
        bar = strchr(at, '|');
        size_t len = bar != NULL ? (size_t)(bar - at) : strlen(at);
        if (len == 0)
            continue;
        int model = sy_trace_model(r->models, at, len);
        if (model == -2)
            return no_memory(err);
        if (model < 0)
            return sy_csv_fail(&r->csv, r->spec, SY_ELIMIT, err, "more than %u models",
                               SY_REPLAY_MODELS);
        pod->models |= UINT64_C(1) << model;
    }
    return SY_OK;
}

static enum sy_code read_pod(struct reading *r, struct sy_replay_class *ret, struct sy_err *err)
{
    int64_t cpu, memory, devices, milli;
    enum sy_code code = sy_csv_int(&r->csv, r->cpu, 0, SY_TRACE_CPU_MILLI, &cpu, err);
    if (code == SY_OK)
        code = sy_csv_int(&r->csv, r->memory, 0, SY_TRACE_MEMORY_MIB, &memory, err);
    if (code == SY_OK)
        code = sy_csv_int(&r->csv, r->devices, 0, SY_REPLAY_DEVICES, &devices, err);
    if (code == SY_OK)
        code = sy_csv_int(&r->csv, r->milli, 0, INT32_MAX, &milli, err);
    if (code != SY_OK)
        return code;
    if (devices > 0 && milli == 0)
        return sy_csv_fail(&r->csv, r->milli, SY_EINVAL, err, "0 of %d device%s", (int)devices,
                           devices == 1 ? "" : "s");
    if (milli > SY_REPLAY_DEVICE_MILLI)
        milli = SY_REPLAY_DEVICE_MILLI;
    struct sy_replay_class pod = {.cpu_milli = (int32_t)cpu,
                                  .memory_mib = memory,
                                  .devices = (uint8_t)devices,
                                  .device_milli = (int16_t)(devices > 0 ? milli : 0),
                                  .spec = ""};
    code = read_spec(r, &pod, err);
    if (code == SY_OK)
        *ret = pod;
    return code;
}

static enum sy_code read_time(const struct reading *r, struct sy_trace_time *ret,
                              struct sy_err *err)
{
    int64_t created, deleted, started;
    enum sy_code code = sy_csv_int(&r->csv, r->created, 0, SY_TRACE_SECONDS, &created, err);
    if (code == SY_OK)
        code = sy_csv_int(&r->csv, r->deleted, 0, SY_TRACE_SECONDS, &deleted, err);
    started = created;
    if (code == SY_OK && r->scheduled != NO_COLUMN && r->csv.cell[r->scheduled].len > 0)
        code = sy_csv_int(&r->csv, r->scheduled, 0, SY_TRACE_SECONDS, &started, err);
    if (code != SY_OK)
        return code;
    if (deleted < started)
        return sy_csv_fail(&r->csv, r->deleted, SY_EINVAL, err,
                           "%lld is before the pod's start at %lld", (long long)deleted,
                           (long long)started);
    *ret = (struct sy_trace_time){.created_s = created, .duration_s = deleted - started};
    return SY_OK;
}

static uint64_t hash_class(const struct sy_replay_class *pod)
{
    struct sy_digest digest = sy_digest_begin();
    sy_digest_u64(&digest, (uint64_t)pod->cpu_milli << 32 | (uint64_t)pod->devices << 16 |
                               (uint64_t)pod->device_milli);
    sy_digest_u64(&digest, (uint64_t)pod->memory_mib);
    sy_digest_str(&digest, pod->spec);
    return digest.lo;
}

static bool same_class(const struct sy_replay_class *a, const struct sy_replay_class *b)
{
    return a->cpu_milli == b->cpu_milli && a->memory_mib == b->memory_mib &&
           a->devices == b->devices && a->device_milli == b->device_milli &&
           strcmp(a->spec, b->spec) == 0;
}

/* Where the class stands in the table, or the empty place for it. */
static uint32_t *find_class(const struct reading *r, const struct sy_replay_class *pod)
{
    size_t at = hash_class(pod) & (r->table_size - 1);
    while (r->table[at] != 0 && !same_class(&r->pods.pod_class[r->table[at] - 1], pod))
        at = (at + 1) & (r->table_size - 1);
    return &r->table[at];
}

static bool grow_table(struct reading *r)
{
    size_t size = r->table_size == 0 ? 1024 : r->table_size * 2;
    uint32_t *table = sy_calloc(size, sizeof *table);
    struct sy_replay_class *classes =
        sy_realloc(r->pods.pod_class, size / 2 * sizeof *r->pods.pod_class);
    if (classes != NULL)
        r->pods.pod_class = classes;
    if (table == NULL || classes == NULL) {
        sy_free(table);
        return false;
    }
    sy_free(r->table);
    r->table = table;
    r->table_size = size;
    for (size_t i = 0; i < r->pods.nclasses; i++)
        *find_class(r, &classes[i]) = (uint32_t)i + 1;
    return true;
}

static enum sy_code file_class(struct reading *r, struct sy_replay_class *pod, uint32_t *ret,
                               struct sy_err *err)
{
    if (r->pods.nclasses * 2 >= r->table_size && !grow_table(r))
        return no_memory(err);
    uint32_t *place = find_class(r, pod);
    if (*place == 0) {
        if (r->pods.nclasses == SY_TRACE_CLASSES)
            return sy_fail(err, SY_ELIMIT, "%s:%u: more than %u kinds of pods", r->csv.file,
                           r->csv.line, SY_TRACE_CLASSES);
        pod->spec = sy_arena_strndup(r->models->arena, pod->spec, strlen(pod->spec));
        if (pod->spec == NULL)
            return no_memory(err);
        r->pods.pod_class[r->pods.nclasses++] = *pod;
        *place = (uint32_t)r->pods.nclasses;
    }
    r->pods.pod_class[*place - 1].count++;
    *ret = *place - 1;
    return SY_OK;
}

static bool grow_rows(struct reading *r)
{
    if (r->pods.n < r->rows_size)
        return true;
    size_t size = r->rows_size == 0 ? 1024 : r->rows_size * 2;
    uint32_t *pod = sy_realloc(r->pods.pod, size * sizeof *pod);
    if (pod == NULL)
        return false;
    r->pods.pod = pod;
    if (r->times) {
        struct sy_trace_time *time = sy_realloc(r->pods.time, size * sizeof *time);
        if (time == NULL)
            return false;
        r->pods.time = time;
    }
    r->rows_size = size;
    return true;
}

static enum sy_code parse_rows(struct reading *r, struct sy_err *err)
{
    enum sy_code code = find_columns(r, err);
    bool any = true;
    while (code == SY_OK && (code = sy_csv_next(&r->csv, &any, err)) == SY_OK && any) {
        struct sy_replay_class pod = {.spec = ""};
        if (!grow_rows(r))
            return no_memory(err);
        code = read_pod(r, &pod, err);
        if (code == SY_OK && r->times)
            code = read_time(r, &r->pods.time[r->pods.n], err);
        if (code == SY_OK)
            code = file_class(r, &pod, &r->pods.pod[r->pods.n], err);
        if (code != SY_OK)
            return code;
        r->pods.n++;
        r->pods.total_milli += sy_trace_demand(&pod);
    }
    if (code == SY_OK && r->pods.n == 0)
        return sy_fail(err, SY_EINVAL, "%s: no pods below the header", r->csv.file);
    return code;
}

enum sy_code sy_trace_pods_parse(const char *file, char *data, size_t len, bool times,
                                 struct sy_trace_models *models, struct sy_trace_pods *ret,
                                 struct sy_err *err)
{
    struct reading r = {.models = models, .times = times};
    enum sy_code code = sy_csv_begin(&r.csv, file, data, len, err);
    if (code == SY_OK)
        code = parse_rows(&r, err);
    sy_free(r.table);
    if (code == SY_OK)
        *ret = r.pods;
    else
        sy_trace_pods_done(&r.pods);
    return code;
}

void sy_trace_pods_done(struct sy_trace_pods *pods)
{
    sy_free(pods->pod_class);
    sy_free(pods->pod);
    sy_free(pods->time);
    *pods = (struct sy_trace_pods){0};
}
