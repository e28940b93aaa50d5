/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes of a plan's own pods: pods that ask for the same, of the same nodes, are one. */
#include "planner/plan/capacity_private.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 512u

struct shape_row {
    struct sy_digest key;
    struct sy_capacity_shape shape;
    uint32_t asked; /* devices */
};

static void add_amounts(struct sy_digest *d, const struct sy_state_pod *pod)
{
    const struct sy_amounts *amounts = &pod->requests;
    sy_digest_u64(d, (uint64_t)amounts->cpu_milli);
    sy_digest_u64(d, (uint64_t)amounts->memory_bytes);
    sy_digest_u64(d, (uint64_t)amounts->storage_bytes);
    sy_digest_u64(d, amounts->n);
    for (size_t i = 0; i < amounts->n; i++) {
        sy_digest_str(d, amounts->other[i].name);
        sy_digest_u64(d, (uint64_t)amounts->other[i].value);
    }
}

/* What of the pod's spec says on which nodes it may run. */
static enum sy_code add_terms(struct sy_digest *d, const struct sy_state_pod *pod,
                              struct sy_err *err)
{
    static const char *const keys[] = {"nodeSelector", "affinity", "tolerations"};
    const json_t *spec = json_object_get(pod->object, "spec");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *value = json_object_get(spec, keys[i]);
        sy_autofree char *text = NULL;
        size_t len;
        if (value != NULL) {
            enum sy_code code = sy_json_dump(value, false, &text, &len, err);
            if (code != SY_OK)
                return code;
        }
        sy_digest_str(d, text);
    }
    return SY_OK;
}

static enum sy_code key_of(const struct sy_state_pod *pod, struct sy_digest *ret,
                           struct sy_err *err)
{
    struct sy_digest d = sy_digest_begin(), asked = sy_request_digest(&pod->request, true);
    sy_digest_u64(&d, asked.hi);
    sy_digest_u64(&d, asked.lo);
    sy_digest_u64(&d, (uint64_t)pod->request.expected_mw);
    sy_digest_str(&d, pod->request.profile);
    sy_digest_str(&d, pod->request.malformed);
    add_amounts(&d, pod);
    enum sy_code code = add_terms(&d, pod, err);
    if (code == SY_OK)
        *ret = d;
    return code;
}

static void say_cpu(struct sy_str *name, int64_t milli)
{
    if (milli <= 0)
        return;
    sy_str_printf(name, "%s%lld", name->len > 0 ? ", " : "", (long long)(milli / 1000));
    if (milli % 1000 != 0) {
        char digits[8];
        int n = snprintf(digits, sizeof digits, "%03d", (int)(milli % 1000));
        while (n > 0 && digits[n - 1] == '0')
            digits[--n] = '\0';
        sy_str_printf(name, ".%s", digits);
    }
    sy_str_append(name, " CPU");
}

static void say_memory(struct sy_str *name, int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned i = 0;
    if (bytes <= 0)
        return;
    while (i + 1 < sizeof units / sizeof units[0] && bytes % 1024 == 0 && bytes >= 1024) {
        bytes /= 1024;
        i++;
    }
    sy_str_printf(name, "%s%lld %s", name->len > 0 ? ", " : "", (long long)bytes, units[i]);
}

static void say_require(struct sy_str *name, const struct sy_request *request)
{
    for (unsigned i = 0; i < request->nrequire; i++) {
        const struct sy_require *r = &request->require[i];
        sy_str_printf(name, i == 0 ? ", require " : ",");
        if (r->match == 1)
            sy_str_printf(name, "%s=", sy_kind_name((enum sy_kind)r->kind));
        else if (r->match == 2)
            sy_str_printf(name, "%s=", request->entry[r->entry].name);
        sy_str_append(name, sy_scope_name((enum sy_scope)r->scope));
    }
    if (request->guaranteed && request->nrequire > 0)
        sy_str_append(name, " (guaranteed)");
    if (request->min_mbps > 0)
        sy_str_printf(name, ", at least %u.%u GB/s", request->min_mbps / 1000,
                      request->min_mbps % 1000 / 100);
    if (request->profile != NULL)
        sy_str_printf(name, ", profile %s", request->profile);
}

static void say_selector(struct sy_str *name, const struct sy_state_pod *pod)
{
    const char *key;
    json_t *value;
    json_t *selector =
        json_object_get(json_object_get(pod->object, "spec"), "nodeSelector"); /* borrowed */
    json_object_foreach(selector, key, value)
    {
        if (json_is_string(value))
            sy_str_printf(name, ", %s=%s", key, json_string_value(value));
    }
}

const char *sy_capacity_shape_name(const struct sy_state_pod *pod, struct sy_arena *arena)
{
    struct sy_str name;
    sy_str_init(&name, NAME_BYTES_MAX);
    for (size_t i = 0; i < pod->requests.n; i++)
        if (pod->requests.other[i].value > 0)
            sy_str_printf(&name, "%s%lldx %s", name.len > 0 ? ", " : "",
                          (long long)pod->requests.other[i].value, pod->requests.other[i].name);
    say_cpu(&name, pod->requests.cpu_milli);
    say_memory(&name, pod->requests.memory_bytes);
    say_require(&name, &pod->request);
    say_selector(&name, pod);
    const char *text = name.len > 0 ? name.data : "nothing";
    const char *kept = sy_arena_printf(arena, "%s%s", text, sy_str_failed(&name) ? "..." : "");
    sy_str_done(&name);
    return kept;
}

static uint32_t devices_of(const struct sy_request *request)
{
    uint32_t n = 0;
    for (unsigned e = 0; e < request->nentry; e++)
        n += request->entry[e].count;
    return n;
}

static int by_size(const void *left, const void *right)
{
    const struct shape_row *a = left, *b = right;
    if (a->asked != b->asked)
        return a->asked > b->asked ? -1 : 1;
    int order = strcmp(a->shape.name, b->shape.name);
    if (order == 0)
        order = strcmp(a->shape.pod->namespace_, b->shape.pod->namespace_);
    return order != 0 ? order : strcmp(a->shape.pod->name, b->shape.pod->name);
}

/* The most frequent first. */
static int by_count(const void *left, const void *right)
{
    const struct shape_row *a = left, *b = right;
    uint64_t x = (uint64_t)a->shape.bound + a->shape.pending;
    uint64_t y = (uint64_t)b->shape.bound + b->shape.pending;
    if (x != y)
        return x > y ? -1 : 1;
    return by_size(left, right);
}

struct shape_table {
    size_t n, mask;
    struct shape_row *row;
    uint32_t *slot; /* row + 1 */
};

static struct shape_row *row_of(struct shape_table *t, struct sy_digest key)
{
    size_t at = (size_t)(key.lo ^ key.hi) & t->mask;
    while (t->slot[at] != 0 && !sy_digest_equal(t->row[t->slot[at] - 1].key, key))
        at = (at + 1) & t->mask;
    if (t->slot[at] == 0) {
        t->row[t->n] = (struct shape_row){.key = key};
        t->slot[at] = (uint32_t)++t->n;
    }
    return &t->row[t->slot[at] - 1];
}

static enum sy_code group_pods(const struct sy_plan *plan, struct shape_table *t,
                               struct sy_arena *arena, struct sy_err *err)
{
    for (uint32_t i = 0; i < plan->npod; i++) {
        const struct sy_state_pod *pod = plan->pod[i].pod;
        enum sy_pod_phase phase = sy_plan_pod_phase(plan, i);
        struct sy_digest key;
        if (pod->request.nentry == 0 || (phase != SY_POD_BOUND && phase != SY_POD_PENDING))
            continue;
        enum sy_code code = key_of(pod, &key, err);
        if (code != SY_OK)
            return code;
        struct shape_row *row = row_of(t, key);
        if (row->shape.pod == NULL) {
            row->shape.pod = pod;
            row->shape.name = sy_capacity_shape_name(pod, arena);
            row->asked = devices_of(&pod->request);
            if (row->shape.name == NULL)
                return sy_fail(err, SY_ENOMEM, "out of memory");
        }
        row->shape.bound += phase == SY_POD_BOUND;
        row->shape.pending += phase == SY_POD_PENDING;
    }
    return SY_OK;
}

static enum sy_code take_rows(struct shape_table *t, size_t max, struct sy_arena *arena,
                              struct sy_capacity_shape **ret, size_t *ret_n, struct sy_err *err)
{
    if (t->n > 1)
        qsort(t->row, t->n, sizeof *t->row, by_count);
    size_t n = t->n < max ? t->n : max;
    if (n > 1)
        qsort(t->row, n, sizeof *t->row, by_size);
    struct sy_capacity_shape *shape = sy_arena_calloc(arena, n, sizeof *shape);
    if (shape == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        shape[i] = t->row[i].shape;
    *ret = shape;
    *ret_n = n;
    return SY_OK;
}

enum sy_code sy_capacity_shapes(const struct sy_plan *plan, size_t max, struct sy_arena *arena,
                                struct sy_capacity_shape **ret, size_t *ret_n, struct sy_err *err)
{
    size_t size = 16;
    while (size < 2 * (size_t)plan->npod)
        size *= 2;
    sy_autofree struct shape_row *row = sy_calloc((size_t)plan->npod + 1, sizeof *row);
    sy_autofree uint32_t *slot = sy_calloc(size, sizeof *slot);
    if (row == NULL || slot == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct shape_table t = {.mask = size - 1, .row = row, .slot = slot};
    enum sy_code code = group_pods(plan, &t, arena, err);
    return code == SY_OK ? take_rows(&t, max, arena, ret, ret_n, err) : code;
}
