/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/admission/kubelet.h"

#include <string.h>

#define STEPS_MAX 20000ul
#define HINTS_MAX 16u /* sets of four nodes, and one more */
#define PROVIDERS_MAX (KUBELET_RESOURCES + 1)

struct hint {
    bool nil; /* no affinity */
    unsigned mask;
    bool preferred;
};

struct hints {
    unsigned n;
    struct hint hint[HINTS_MAX];
};

static unsigned bits(unsigned set)
{
    return (unsigned)__builtin_popcount(set);
}

static unsigned all_nodes(const struct kubelet *k)
{
    unsigned mask = 0;
    for (unsigned i = 0; i < k->nnode; i++)
        mask |= 1u << k->node[i];
    return mask;
}

static bool is_on(const struct kubelet *k, unsigned r, unsigned device, unsigned mask)
{
    int numa = k->numa[r][device];
    return numa >= 0 && (mask >> numa & 1) != 0;
}

static unsigned device_nodes(const struct kubelet *k, unsigned r)
{
    unsigned mask = 0;
    for (unsigned d = 0; d < k->ndevice[r]; d++)
        mask |= k->numa[r][d] >= 0 ? 1u << k->numa[r][d] : 0;
    return mask;
}

/* The hints of one resource. */
static void generate(const struct kubelet *k, unsigned r, unsigned available, unsigned reusable,
                     unsigned request, struct hints *ret)
{
    unsigned nodes = k->only_device_nodes ? device_nodes(k, r) : all_nodes(k);
    unsigned least = bits(nodes);
    ret->n = 0;
    for (unsigned mask = 1; mask < 1u << KUBELET_NUMBERS; mask++) {
        if ((mask & ~nodes) != 0)
            continue;
        unsigned in_mask = 0, matching = 0;
        bool holds_reusable = true;
        for (unsigned d = 0; d < k->ndevice[r]; d++) {
            in_mask += is_on(k, r, d, mask);
            bool reused = (reusable >> d & 1) != 0;
            if (reused && k->numa[r][d] >= 0) {
                holds_reusable = holds_reusable && is_on(k, r, d, mask);
                matching++;
            }
            matching += (available >> d & 1) != 0 && is_on(k, r, d, mask);
        }
        if (in_mask >= request && bits(mask) < least)
            least = bits(mask);
        if (holds_reusable && matching >= request)
            ret->hint[ret->n++] = (struct hint){.mask = mask};
    }
    for (unsigned i = 0; i < ret->n; i++)
        ret->hint[i].preferred = bits(ret->hint[i].mask) == least;
}

static void hints_of(const struct kubelet *k, const struct kubelet_state *s, unsigned r,
                     unsigned request, struct hints *ret)
{
    *ret = (struct hints){.n = 1, .hint = {{.nil = true, .preferred = true}}};
    if (device_nodes(k, r) == 0)
        return; /* no preference */
    if (bits(s->available[r] | s->reusable[r]) >= request)
        generate(k, r, s->available[r], s->reusable[r], request, ret);
    else
        ret->n = 0;
    if (ret->n == 0)
        *ret = (struct hints){.n = 1, .hint = {{.nil = true, .preferred = false}}};
}

static void filter_single(struct hints *list)
{
    unsigned n = 0;
    for (unsigned i = 0; i < list->n; i++) {
        const struct hint *hint = &list->hint[i];
        if (hint->preferred && (hint->nil || bits(hint->mask) == 1))
            list->hint[n++] = *hint;
    }
    list->n = n;
}

static double mean_distance(const struct kubelet *k, unsigned mask)
{
    double total = 0;
    for (unsigned a = 0; a < KUBELET_NUMBERS; a++)
        for (unsigned b = 0; b < KUBELET_NUMBERS; b++)
            if ((mask >> a & 1) != 0 && (mask >> b & 1) != 0)
                total += k->distance[a][b];
    return total / (bits(mask) * bits(mask));
}

/* Is `a` the better of two preferred hints? */
static bool is_better(const struct kubelet *k, unsigned a, unsigned b)
{
    if (bits(a) != bits(b))
        return bits(a) < bits(b);
    if (k->prefer_closest && !k->single_numa && mean_distance(k, a) != mean_distance(k, b))
        return mean_distance(k, a) < mean_distance(k, b);
    return a < b;
}

struct merging {
    const struct kubelet *k;
    const struct hints *list;
    unsigned nlist;
    const struct hint *chosen[PROVIDERS_MAX];
    bool any;
    struct hint best;
};

static void merge_permutation(struct merging *m)
{
    struct hint merged = {.mask = all_nodes(m->k), .preferred = true};
    const struct hint *first = NULL;
    for (unsigned i = 0; i < m->nlist; i++) {
        const struct hint *hint = m->chosen[i];
        merged.preferred = merged.preferred && hint->preferred;
        if (hint->nil)
            continue;
        if (first == NULL)
            first = hint;
        merged.preferred = merged.preferred && hint->mask == first->mask;
        merged.mask &= hint->mask;
    }
    if (merged.mask == 0)
        return;
    /* Which of two that are not preferred is better matters to best-effort alone. */
    bool better = !m->any || (merged.preferred && !m->best.preferred) ||
                  (merged.preferred && is_better(m->k, merged.mask, m->best.mask));
    if (better)
        m->best = merged;
    m->any = true;
}

static void permute(struct merging *m, unsigned i)
{
    if (i == m->nlist) {
        merge_permutation(m);
        return;
    }
    for (unsigned h = 0; h < m->list[i].n; h++) {
        m->chosen[i] = &m->list[i].hint[h];
        permute(m, i + 1);
    }
}

/* The policy's best hint; false: refused. `say`: the set that somebody else insists on, 0 = none.
 */
static bool merge(const struct kubelet *k, const struct kubelet_state *s,
                  const unsigned count[KUBELET_RESOURCES], unsigned say, struct hint *ret)
{
    struct hints list[PROVIDERS_MAX];
    struct merging m = {.k = k, .list = list};
    for (unsigned r = 0; r < k->nresource; r++) {
        if (count[r] > 0)
            hints_of(k, s, r, count[r], &list[m.nlist++]);
    }
    list[m.nlist++] =
        (struct hints){.n = 1, .hint = {{.nil = say == 0, .mask = say, .preferred = true}}};
    for (unsigned i = 0; i < m.nlist && k->single_numa; i++)
        filter_single(&list[i]);
    permute(&m, 0);
    if (!m.any)
        m.best = (struct hint){.mask = all_nodes(k)};
    if (k->single_numa && m.best.mask == all_nodes(k))
        m.best.nil = true;
    *ret = m.best;
    return m.best.preferred;
}

static void admit_from(struct kubelet *k, const struct kubelet_state *s, unsigned container);

/* The devices of one resource go to the container: those of `given`. */
static void settle(struct kubelet_state *s, enum kubelet_type type, unsigned r, unsigned given)
{
    s->available[r] &= ~given;
    if (type == KUBELET_INIT)
        s->reusable[r] |= given;
    else
        s->reusable[r] &= ~given;
}

static void allocate(struct kubelet *k, const struct kubelet_state *s, unsigned container,
                     unsigned r, const struct hint *hint);

/* Every subset of `n` of the devices of `from`, beside those that are `given` already. */
static void choose(struct kubelet *k, const struct kubelet_state *s, unsigned container, unsigned r,
                   const struct hint *hint, unsigned given, unsigned from, unsigned n)
{
    for (unsigned set = 0; set < 1u << KUBELET_DEVICES; set++) {
        if ((set & ~from) != 0 || bits(set) != n)
            continue;
        if (k->steps++ >= STEPS_MAX || (k->admitted && k->refused))
            return;
        struct kubelet_state next = *s;
        settle(&next, k->container[container].type, r, given | set);
        allocate(k, &next, container, r + 1, hint);
    }
}

/* What is kept for reuse first; then devices on the nodes of the hint, then any. */
static void allocate(struct kubelet *k, const struct kubelet_state *s, unsigned container,
                     unsigned r, const struct hint *hint)
{
    if (r == k->nresource) {
        admit_from(k, s, container + 1);
        return;
    }
    unsigned needed = k->container[container].count[r], reusable = s->reusable[r];
    if (needed <= bits(reusable)) {
        choose(k, s, container, r, hint, 0, reusable, needed);
        return;
    }
    needed -= bits(reusable);
    unsigned available = s->available[r] & ~reusable, aligned = 0;
    if (bits(available) < needed) {
        k->refused = true; /* unexpected admission error */
        return;
    }
    for (unsigned d = 0; d < k->ndevice[r] && !hint->nil; d++)
        aligned |= (available >> d & 1) != 0 && is_on(k, r, d, hint->mask) ? 1u << d : 0;
    if (needed < bits(aligned))
        choose(k, s, container, r, hint, reusable, aligned, needed);
    else
        choose(k, s, container, r, hint, reusable | aligned, available & ~aligned,
               needed - bits(aligned));
}

static void admit_from(struct kubelet *k, const struct kubelet_state *s, unsigned container)
{
    if (container == k->ncontainer) {
        k->admitted = true;
        return;
    }
    unsigned says = k->others_have_a_say ? 1u << KUBELET_NUMBERS : 1;
    for (unsigned say = 0; say < says; say++) {
        struct hint best;
        if ((say & ~all_nodes(k)) != 0)
            continue;
        if (merge(k, s, k->container[container].count, say, &best))
            allocate(k, s, container, 0, &best);
        else if (say == 0)
            k->refused = true; /* else it is somebody else's refusal */
    }
}

/* What the pod needs at one time. */
static void add_up(const struct kubelet *k, unsigned ret[KUBELET_RESOURCES])
{
    for (unsigned r = 0; r < k->nresource; r++) {
        unsigned most = 0, kept = 0, mains = 0;
        for (unsigned i = 0; i < k->ncontainer; i++) {
            unsigned count = k->container[i].count[r];
            if (k->container[i].type == KUBELET_MAIN) {
                mains += count;
                continue;
            }
            most = kept + count > most ? kept + count : most;
            kept += k->container[i].type == KUBELET_SIDECAR ? count : 0;
        }
        ret[r] = kept + mains > most ? kept + mains : most;
    }
}

bool kubelet_admit(struct kubelet *k, const struct kubelet_state *start)
{
    k->admitted = k->refused = false;
    k->steps = 0;
    if (k->pod_scope) {
        unsigned count[KUBELET_RESOURCES] = {0};
        struct hint best;
        add_up(k, count);
        k->admitted = merge(k, start, count, 0, &best);
        for (unsigned r = 0; r < k->nresource; r++)
            k->admitted = k->admitted && bits(start->available[r]) >= count[r];
        k->refused = !k->admitted;
    } else {
        admit_from(k, start, 0);
    }
    return k->steps < STEPS_MAX || (k->admitted && k->refused);
}
