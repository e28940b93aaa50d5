/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/catalogue_value.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACE_FMT "%s:%u:%u"
#define PLACE_ARG(place) (place).file, (place).line, (place).column

static enum sy_code check_device(const struct sy_cat_device *dev, struct sy_err *err)
{
    const struct sy_model *m = &dev->model;
    if (m->tdp_mw.known && m->idle_mw.known && m->idle_mw.value > m->tdp_mw.value)
        return sy_fail(
            err, SY_EINVAL, PLACE_FMT ": device '%s': idleWatts (%.3f) above tdpWatts (%.3f)",
            PLACE_ARG(dev->place), m->name, m->idle_mw.value / 1000.0, m->tdp_mw.value / 1000.0);
    for (unsigned i = 0; i < m->noverlay; i++)
        if (m->overlay[i].form == SY_OVERLAY_CARD && m->units_per_card < 2 &&
            m->units_per_function < 2)
            return sy_fail(err, SY_EINVAL,
                           PLACE_FMT ": device '%s': an overlay of form card needs unitsPerCard or "
                                     "unitsPerFunction above 1",
                           PLACE_ARG(dev->place), m->name);
    return SY_OK;
}

static enum sy_code build_models(const struct sy_cat_draft *draft, struct sy_catalogue *cat,
                                 struct sy_err *err)
{
    cat->nmodel = draft->ndevice;
    cat->model = sy_arena_calloc(draft->arena, cat->nmodel, sizeof *cat->model);
    if (cat->model == NULL)
        return sy_cat_nomem(err);
    size_t i = 0;
    for (const struct sy_cat_device *dev = draft->devices; dev != NULL; dev = dev->next) {
        enum sy_code code = check_device(dev, err);
        if (code != SY_OK)
            return code;
        cat->model[i++] = dev->model;
    }
    return SY_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct sy_cat_resource *const *x = a, *const *y = b;
    return strcmp((*x)->resource.name, (*y)->resource.name);
}

/* Longest first, so that the first prefix that fits is the longest. */
static int by_length(const void *a, const void *b)
{
    const struct sy_cat_resource *const *x = a, *const *y = b;
    size_t lx = strlen((*x)->resource.name), ly = strlen((*y)->resource.name);
    return lx != ly ? (lx < ly ? 1 : -1) : by_name(a, b);
}

static enum sy_code build_resources(const struct sy_cat_draft *draft, struct sy_catalogue *cat,
                                    struct sy_err *err)
{
    size_t n = draft->nresource;
    const struct sy_cat_resource **row = sy_arena_calloc(draft->arena, n, sizeof *row);
    cat->resource = sy_arena_calloc(draft->arena, n, sizeof *cat->resource);
    cat->exact = sy_arena_calloc(draft->arena, n, sizeof *cat->exact);
    cat->pattern = sy_arena_calloc(draft->arena, n, sizeof *cat->pattern);
    if (row == NULL || cat->resource == NULL || cat->exact == NULL || cat->pattern == NULL)
        return sy_cat_nomem(err);
    size_t exact = 0, pattern = n; /* exact names from the front, patterns from the back */
    for (const struct sy_cat_resource *res = draft->resources; res != NULL; res = res->next) {
        cat->resource[res->index] = res->resource;
        if (res->resource.is_pattern)
            row[--pattern] = res;
        else
            row[exact++] = res;
    }
    qsort(row, exact, sizeof *row, by_name);
    qsort(row + exact, n - exact, sizeof *row, by_length);
    cat->nresource = n;
    cat->nexact = exact;
    cat->npattern = n - exact;
    for (size_t i = 0; i < n; i++)
        *(i < exact ? &cat->exact[i] : &cat->pattern[i - exact]) = (uint16_t)row[i]->index;
    return SY_OK;
}

static int by_identity(const void *a, const void *b)
{
    const struct sy_cat_match *x = a, *y = b;
    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return 0;
}

static bool is_later(const struct sy_cat_place *a, const struct sy_cat_place *b)
{
    if (a->number != b->number)
        return a->number > b->number;
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

/* For sorting: rows of one identity in reading order, so that messages do not depend on qsort. */
static int by_row(const void *a, const void *b)
{
    const struct sy_cat_match *x = a, *y = b;
    int cmp = by_identity(a, b);
    if (cmp != 0)
        return cmp;
    return is_later(&x->place, &y->place) - is_later(&y->place, &x->place);
}

static size_t count_ids(const struct sy_cat_id *id)
{
    size_t n = 0;
    for (; id != NULL; id = id->next)
        n++;
    return n;
}

static void add_ids(struct sy_catalogue *cat, const struct sy_cat_id *id, size_t model)
{
    for (; id != NULL; id = id->next)
        cat->match[cat->nmatch++] = (struct sy_cat_match){.value = id->value,
                                                          .model = (uint16_t)model,
                                                          .level = id->level,
                                                          .role = id->role,
                                                          .place = id->place};
}

static const char *owner(const struct sy_catalogue *cat, const struct sy_cat_match *row)
{
    return row->model == SY_CAT_IGNORED ? "(ignored)" : cat->model[row->model].name;
}

static const char *format_id(const struct sy_cat_match *row, char *buf, size_t size)
{
    unsigned vendor = (unsigned)(row->value >> 48), device = (unsigned)(row->value >> 32 & 0xffff);
    if (row->level == SY_CAT_SUBSYSTEM)
        (void)snprintf(buf, size, "%04x:%04x/%04x:%04x", vendor, device,
                       (unsigned)(row->value >> 16 & 0xffff), (unsigned)(row->value & 0xffff));
    else
        (void)snprintf(buf, size, "%04x:%s%04x", vendor, row->level == SY_CAT_CLASS ? "class-" : "",
                       device);
    return buf;
}

/* `b` is the later one: an operator reads of his own file. */
static enum sy_code id_conflict(const struct sy_catalogue *cat, const struct sy_cat_match *a,
                                const struct sy_cat_match *b, struct sy_err *err)
{
    char id[32];
    return sy_fail(err, SY_ECONFLICT,
                   PLACE_FMT ": %s of '%s' is already an identity of '%s' (" PLACE_FMT ")",
                   PLACE_ARG(b->place), format_id(b, id, sizeof id), owner(cat, b), owner(cat, a),
                   PLACE_ARG(a->place));
}

/* Two rows of one identity are a conflict, unless both say that it is to be left alone. */
static enum sy_code keep_distinct(struct sy_catalogue *cat, struct sy_err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < cat->nmatch; i++) {
        const struct sy_cat_match *row = &cat->match[i];
        const struct sy_cat_match *last = kept > 0 ? &cat->match[kept - 1] : NULL;
        if (last == NULL || by_identity(last, row) != 0)
            cat->match[kept++] = *row;
        else if (last->model != SY_CAT_IGNORED || row->model != SY_CAT_IGNORED)
            return id_conflict(cat, last, row, err);
    }
    cat->nmatch = kept;
    return SY_OK;
}

static enum sy_code build_matches(const struct sy_cat_draft *draft, struct sy_catalogue *cat,
                                  struct sy_err *err)
{
    size_t n = count_ids(draft->ignored), i = 0;
    for (const struct sy_cat_device *dev = draft->devices; dev != NULL; dev = dev->next)
        n += count_ids(dev->units) + count_ids(dev->companions);
    cat->match = sy_arena_calloc(draft->arena, n, sizeof *cat->match);
    if (cat->match == NULL)
        return sy_cat_nomem(err);
    for (const struct sy_cat_device *dev = draft->devices; dev != NULL; dev = dev->next, i++) {
        add_ids(cat, dev->units, i);
        add_ids(cat, dev->companions, i);
    }
    add_ids(cat, draft->ignored, SY_CAT_IGNORED);
    qsort(cat->match, n, sizeof *cat->match, by_row);
    return keep_distinct(cat, err);
}

/* Two patterns that are equally specific, fit one identity and say different things. */
static enum sy_code check_bridges(const struct sy_catalogue *cat, struct sy_err *err)
{
    for (size_t i = 0; i < cat->nbridge; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct sy_cat_bridge_rule *a = &cat->bridge[k], *b = &cat->bridge[i];
            if (__builtin_popcountll(a->mask) == __builtin_popcountll(b->mask) &&
                ((a->value ^ b->value) & a->mask & b->mask) == 0)
                return sy_fail(err, SY_ECONFLICT,
                               PLACE_FMT ": this bridge identity and the one at " PLACE_FMT
                                         " are equally specific and fit the same bridge",
                               PLACE_ARG(b->place), PLACE_ARG(a->place));
        }
    }
    return SY_OK;
}

static enum sy_code build_bridges(const struct sy_cat_draft *draft, struct sy_catalogue *cat,
                                  struct sy_err *err)
{
    size_t n = 0;
    for (const struct sy_cat_bridge *bridge = draft->bridges; bridge; bridge = bridge->next)
        n += count_ids(bridge->patterns);
    cat->bridge = sy_arena_calloc(draft->arena, n, sizeof *cat->bridge);
    if (cat->bridge == NULL)
        return sy_cat_nomem(err);
    uint16_t chip = 0;
    for (const struct sy_cat_bridge *bridge = draft->bridges; bridge; bridge = bridge->next) {
        chip++;
        for (const struct sy_cat_id *id = bridge->patterns; id != NULL; id = id->next)
            cat->bridge[cat->nbridge++] =
                (struct sy_cat_bridge_rule){.value = id->value,
                                            .mask = id->mask,
                                            .role = bridge->role,
                                            .chip = bridge->role == SY_BRIDGE_SAME_CHIP ? chip : 0,
                                            .place = id->place};
    }
    return check_bridges(cat, err);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static enum sy_code cpu_conflict(const struct sy_cat_cpu *cpu, const char *model,
                                 const struct sy_cat_cpu_rule *first, struct sy_err *err)
{
    char v[80], m[80];
    return sy_fail(
        err, SY_ECONFLICT,
        PLACE_FMT ": interconnect '%s' is for the same CPUs (vendor %s, model %s) as the "
                  "one at " PLACE_FMT,
        PLACE_ARG(cpu->place), cpu->name,
        cpu->vendor == NULL ? "any" : sy_quote(v, sizeof v, cpu->vendor, strlen(cpu->vendor)),
        model == NULL ? "any" : sy_quote(m, sizeof m, model, strlen(model)),
        PLACE_ARG(first->place));
}

static enum sy_code add_cpu(struct sy_catalogue *cat, const struct sy_cat_cpu *cpu,
                            const char *model, struct sy_err *err)
{
    for (size_t i = 0; i < cat->ncpu; i++) {
        const struct sy_cat_cpu_rule *row = &cat->cpu[i];
        if (same_text(row->vendor, cpu->vendor) && same_text(row->model, model))
            return cpu_conflict(cpu, model, row, err);
    }
    cat->cpu[cat->ncpu++] = (struct sy_cat_cpu_rule){
        .vendor = cpu->vendor, .model = model, .pair_mbps = cpu->pair_mbps, .place = cpu->place};
    return SY_OK;
}

static enum sy_code build_cpus(const struct sy_cat_draft *draft, struct sy_catalogue *cat,
                               struct sy_err *err)
{
    size_t n = 0;
    for (const struct sy_cat_cpu *cpu = draft->cpus; cpu != NULL; cpu = cpu->next)
        n += cpu->nmodel > 0 ? cpu->nmodel : 1;
    cat->cpu = sy_arena_calloc(draft->arena, n, sizeof *cat->cpu);
    if (cat->cpu == NULL)
        return sy_cat_nomem(err);
    for (const struct sy_cat_cpu *cpu = draft->cpus; cpu != NULL; cpu = cpu->next) {
        size_t i = 0;
        do {
            const char *model = cpu->nmodel > 0 ? cpu->model[i] : NULL;
            enum sy_code code = add_cpu(cat, cpu, model, err);
            if (code != SY_OK)
                return code;
        } while (++i < cpu->nmodel);
    }
    return SY_OK;
}

enum sy_code sy_cat_build(const struct sy_cat_draft *draft, struct sy_catalogue *cat,
                          struct sy_err *err)
{
    enum sy_code code = build_models(draft, cat, err);
    if (code == SY_OK)
        code = build_resources(draft, cat, err);
    if (code == SY_OK)
        code = build_matches(draft, cat, err);
    if (code == SY_OK)
        code = build_bridges(draft, cat, err);
    if (code == SY_OK)
        code = build_cpus(draft, cat, err);
    if (code == SY_OK)
        cat->digest = sy_cat_digest(cat);
    return code;
}
