/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/rows.h"

#include "base/time.h"

#include <string.h>

void *sy_draft_calloc(struct sy_draft *draft, size_t count, size_t size)
{
    void *ret = draft->words.failed ? NULL : sy_arena_calloc(draft->words.arena, count, size);
    draft->words.failed = ret == NULL;
    return ret;
}

void sy_draft_names(struct sy_draft *draft)
{
    const struct sy_fabric *f = draft->fabric;
    struct sy_drawing *d = draft->drawing;
    unsigned next[SY_KIND_COUNT] = {0};
    d->name = sy_draft_calloc(draft, f->nunit, sizeof *d->name);
    d->shown = sy_draft_calloc(draft, f->nunit, sizeof *d->shown);
    if (draft->words.failed)
        return;
    for (uint16_t u = 0; u < f->nunit; u++)
        d->name[u] = sy_words(&draft->words, "%s%u", sy_kind_name((enum sy_kind)f->unit[u].kind),
                              next[f->unit[u].kind]++);
    for (unsigned kind = 0; kind < SY_KIND_COUNT; kind++) {
        for (uint16_t u = 0; u < f->nunit; u++) {
            if (f->unit[u].kind != kind)
                continue;
            if (f->unit[u].pf >= 0)
                d->nvirtual++;
            else
                d->shown[d->nshown++] = u;
        }
    }
}

/* A list that grows by one word: "a, b". */
static void join(struct sy_draft *draft, const char **list, const char *text)
{
    if (text[0] != '\0')
        *list = sy_words(&draft->words, "%s%s%s", *list, (*list)[0] != '\0' ? ", " : "", text);
}

static void add_fact(struct sy_draft *draft, const char *name, const char *text)
{
    struct sy_drawing *d = draft->drawing;
    if (text[0] != '\0' && d->fact != NULL)
        d->fact[d->nfact++] = (struct sy_draw_fact){name, text};
}

static const char *count_kinds(struct sy_draft *draft, const struct sy_devset *among)
{
    const char *list = "";
    for (unsigned kind = 0; kind < SY_KIND_COUNT; kind++) {
        unsigned n = 0, of = 0;
        for (uint16_t u = 0; u < draft->fabric->nunit; u++) {
            if (draft->fabric->unit[u].kind != kind)
                continue;
            of++;
            n += among != NULL && sy_devset_has(among, u);
        }
        if (of != 0 && among != NULL)
            join(draft, &list,
                 sy_words(&draft->words, "%s %u of %u", sy_kind_name((enum sy_kind)kind), n, of));
        else if (of != 0)
            join(draft, &list,
                 sy_words(&draft->words, "%u %s", of, sy_kind_name((enum sy_kind)kind)));
    }
    return list;
}

static const char *machine(struct sy_draft *draft)
{
    const struct sy_fabric *f = draft->fabric;
    struct sy_words *w = &draft->words;
    const char *list = "";
    unsigned numas = 0, packages = 0;
    uint64_t memory_mib = 0;
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        numas += f->inv.obj[i].type == SY_OBJ_NUMA;
        packages += f->inv.obj[i].type == SY_OBJ_PACKAGE;
        memory_mib += f->inv.obj[i].type == SY_OBJ_NUMA ? f->inv.obj[i].memory_mib : 0;
    }
    join(draft, &list, sy_words_clean(w, f->inv.cpu_model));
    if (packages != 0)
        join(draft, &list, sy_words_count(w, packages, "socket"));
    if (numas != 0)
        join(draft, &list, sy_words_count(w, numas, "NUMA node"));
    if (memory_mib != 0)
        join(draft, &list, sy_words(w, "%s memory", sy_words_mib(w, memory_mib)));
    if (packages > 1 && f->socket_mbps != 0) {
        char rate[16];
        join(draft, &list,
             sy_words(w, "%s GB/s between sockets%s", sy_words_gbps(f->socket_mbps, rate),
                      f->socket_assumed ? " (assumed)" : ""));
    }
    return list;
}

static const char *power(struct sy_draft *draft)
{
    const struct sy_usage *usage = draft->usage;
    struct sy_words *w = &draft->words;
    const char *list = "";
    int64_t devices_mw = 0;
    unsigned untold = 0;
    for (uint16_t u = 0; u < usage->nunit; u++) {
        int64_t tdp = draft->fabric->unit[u].tdp_mw, cap = usage->unit[u].cap_mw;
        if (draft->fabric->unit[u].pf >= 0)
            continue;
        devices_mw += cap >= 0 ? cap : tdp;
        untold += cap < 0 && tdp == 0;
    }
    if (usage->limit_mw >= 0)
        join(draft, &list, sy_words(w, "limit %s W", sy_words_watts(w, usage->limit_mw)));
    if (usage->observed_mw >= 0)
        join(draft, &list, sy_words(w, "drawn %s W", sy_words_watts(w, usage->observed_mw)));
    if (usage->base_mw >= 0)
        join(draft, &list, sy_words(w, "%s W without devices", sy_words_watts(w, usage->base_mw)));
    if (devices_mw > 0)
        join(draft, &list, sy_words(w, "devices up to %s W", sy_words_watts(w, devices_mw)));
    if (devices_mw > 0 && untold > 0)
        join(draft, &list, sy_words(w, "%u without a figure", untold));
    return list;
}

/* Cards of several devices, but for virtual functions. */
static const char *cards(struct sy_draft *draft)
{
    const struct sy_fabric *f = draft->fabric;
    const char *list = "";
    for (uint16_t c = 0; c < f->ncard; c++) {
        struct sy_devset units = f->card[c].units;
        SY_DEVSET_EACH(u, &f->card[c].units)
        {
            if (sy_fabric_is_vf(f, f->unit[u].obj))
                sy_devset_del(&units, (unsigned)u);
        }
        if (sy_devset_count(&units) > 1)
            join(draft, &list, sy_draft_units(draft, &units));
    }
    return list[0] != '\0' ? sy_words(&draft->words, "on one card each: %s", list) : "";
}

/* All that `from` reaches over links of one class, itself included. */
static struct sy_devset joined(const struct sy_fabric *f, uint16_t from, uint8_t path)
{
    struct sy_devset reached = SY_DEVSET_EMPTY, next = SY_DEVSET_EMPTY;
    sy_devset_add(&next, from);
    for (int u = from; u >= 0; u = sy_devset_next(&next, 0)) {
        sy_devset_del(&next, (unsigned)u);
        sy_devset_add(&reached, (unsigned)u);
        for (uint16_t v = 0; v < f->nunit; v++) {
            if (v != u && sy_fabric_pair(f, (unsigned)u, v)->path == path &&
                !sy_devset_has(&reached, v))
                sy_devset_add(&next, v);
        }
    }
    return reached;
}

/* "NVL 150 GB/s a pair: GPU0-15"; of rates that differ the lowest and the highest. */
static const char *one_link(struct sy_draft *draft, const struct sy_devset *among, uint8_t path)
{
    uint32_t low = UINT32_MAX, high = 0;
    char from[16], to[16];
    SY_DEVSET_EACH(a, among)
    {
        SY_DEVSET_EACH(b, among)
        {
            const struct sy_pair *pair = sy_fabric_pair(draft->fabric, (unsigned)a, (unsigned)b);
            if (a >= b || pair->path != path)
                continue;
            low = pair->mbps < low ? pair->mbps : low;
            high = pair->mbps > high ? pair->mbps : high;
        }
    }
    const char *units = sy_draft_units(draft, among);
    const char *name = sy_path_name((enum sy_path_class)path);
    (void)sy_words_gbps(low, from);
    (void)sy_words_gbps(high, to);
    if (high == 0)
        return sy_words(&draft->words, "%s: %s", name, units);
    if (low == 0)
        return sy_words(&draft->words, "%s up to %s GB/s a pair, some unknown: %s", name, to,
                        units);
    return sy_words(&draft->words, "%s %s%s%s GB/s a pair: %s", name, from,
                    low != high ? " to " : "", low != high ? to : "", units);
}

static const char *links(struct sy_draft *draft)
{
    const struct sy_fabric *f = draft->fabric;
    const char *list = "";
    for (unsigned path = SY_PATH_FIRST_OVERLAY; path < SY_PATH_COUNT; path++) {
        struct sy_devset done = SY_DEVSET_EMPTY;
        for (uint16_t u = 0; u < f->nunit; u++) {
            if (sy_devset_has(&done, u))
                continue;
            struct sy_devset group = joined(f, u, (uint8_t)path);
            done = sy_devset_or(done, group);
            if (sy_devset_count(&group) > 1)
                join(draft, &list, one_link(draft, &group, (uint8_t)path));
        }
    }
    return list;
}

static const char *use(struct sy_draft *draft)
{
    const struct sy_usage *usage = draft->usage;
    struct sy_words *w = &draft->words;
    const char *list = "";
    char when[SY_TIME_TEXT];
    if (usage->mode == SY_MODE_COUNTS && usage->observed_us == 0 && usage->ncounted == 0)
        return "not told which devices are held";
    join(draft, &list, sy_words(w, "%s", sy_mode_name((enum sy_mode)usage->mode)));
    if (usage->observed_us > 0)
        join(draft, &list, sy_words(w, "observed %s", sy_time_format(usage->observed_us, when)));
    if (usage->mode != SY_MODE_COUNTS)
        join(draft, &list, sy_words(w, "free: %s", count_kinds(draft, &usage->free)));
    for (uint16_t i = 0; i < usage->ncounted; i++)
        join(draft, &list,
             sy_words(w, "%u of %s held", usage->counted[i].count,
                      sy_words_clean(w, sy_catalogue_resource(draft->fabric->catalogue,
                                                              usage->counted[i].resource)
                                            ->name)));
    return list;
}

static const char *kubelet(struct sy_draft *draft)
{
    const struct sy_topology_manager *tm = &draft->fabric->inv.topology_manager;
    if (tm->policy == SY_TOPOLOGY_POLICY_UNKNOWN)
        return "";
    const char *scope = sy_topology_scope_name((enum sy_topology_scope)tm->scope);
    return sy_words(&draft->words, "Topology Manager %s%s%s%s",
                    sy_topology_policy_name((enum sy_topology_policy)tm->policy),
                    scope[0] != '\0' ? ", scope " : "", scope,
                    tm->prefer_closest ? ", prefers closest NUMA nodes" : "");
}

void sy_draft_facts(struct sy_draft *draft)
{
    struct sy_drawing *d = draft->drawing;
    d->title = sy_words_clean(&draft->words, d->node->name);
    d->fact = sy_draft_calloc(draft, 8, sizeof *d->fact);
    const char *devices = count_kinds(draft, NULL);
    add_fact(draft, "devices", devices[0] != '\0' ? devices : "none that a pod can be given");
    add_fact(draft, "machine", machine(draft));
    add_fact(draft, "cards", cards(draft));
    add_fact(draft, "links", links(draft));
    add_fact(draft, "in use", draft->fabric->nunit != 0 ? use(draft) : "");
    add_fact(draft, "power", power(draft));
    add_fact(draft, "kubelet", kubelet(draft));
    add_fact(draft, "source", sy_words_clean(&draft->words, draft->fabric->inv.source));
}

const char *sy_draft_pod(struct sy_draft *draft, const struct sy_holder *holder)
{
    return sy_words(&draft->words, "%s/%s", sy_words_clean(&draft->words, holder->namespace_),
                    sy_words_clean(&draft->words, holder->name));
}

const char *sy_draft_units(struct sy_draft *draft, const struct sy_devset *units)
{
    const struct sy_fabric *f = draft->fabric;
    const char *list = "";
    for (unsigned kind = 0; kind < SY_KIND_COUNT; kind++) {
        int first = -1, last = -1;
        unsigned number = 0, first_number = 0; /* of the kind */
        for (uint16_t u = 0; u <= f->nunit; u++) {
            if (u < f->nunit && f->unit[u].kind != kind)
                continue;
            bool member = u < f->nunit && sy_devset_has(units, u);
            if (member && first < 0) {
                first = u;
                first_number = number;
            } else if (!member && first >= 0) {
                bool run = number - first_number > 2;
                const char *end =
                    last == first
                        ? ""
                        : sy_words(
                              &draft->words, "%s%s", run ? "-" : " ",
                              draft->drawing->name[last] +
                                  (run ? strcspn(draft->drawing->name[last], "0123456789") : 0));
                list = sy_words(&draft->words, "%s%s%s%s", list, list[0] != '\0' ? " " : "",
                                draft->drawing->name[first], end);
                first = -1;
            }
            if (member)
                last = u;
            number++;
        }
    }
    return list;
}

static bool same_pod(const struct sy_holder *a, const struct sy_holder *b)
{
    return strcmp(a->namespace_, b->namespace_) == 0 && strcmp(a->name, b->name) == 0;
}

/* Each pod once, with what it holds, by its first device. */
void sy_draft_pods(struct sy_draft *draft)
{
    const struct sy_usage *usage = draft->usage;
    struct sy_drawing *d = draft->drawing;
    d->pod = sy_draft_calloc(draft, usage->nholder, sizeof *d->pod);
    for (uint16_t i = 0; i < usage->nholder && d->pod != NULL; i++) {
        bool before = false;
        struct sy_devset units = SY_DEVSET_EMPTY;
        for (uint16_t k = 0; k < i && !before; k++)
            before = same_pod(&usage->holder[k], &usage->holder[i]);
        for (uint16_t u = 0; u < usage->nunit; u++) {
            const struct sy_unit_usage *unit = &usage->unit[u];
            for (uint16_t k = 0; k < unit->holder_count; k++) {
                if (same_pod(&usage->holder[unit->holder_first + k], &usage->holder[i]))
                    sy_devset_add(&units, u);
            }
        }
        if (!before)
            d->pod[d->npod++] = (struct sy_draw_fact){sy_draft_pod(draft, &usage->holder[i]),
                                                      sy_draft_units(draft, &units)};
    }
}
