/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/rows.h"

#include <string.h>

static void remark(struct sy_draft *draft, const char *text)
{
    struct sy_drawing *d = draft->drawing;
    if (d->nremark < draft->remark_room)
        d->remark[d->nremark++] = text;
}

/* Devices with one thing in common: "GPU0-3: bound to vfio-pci …". */
static void remark_broken(struct sy_draft *draft)
{
    const struct sy_fabric *f = draft->fabric;
    struct sy_devset done = SY_DEVSET_EMPTY;
    for (uint16_t u = 0; u < f->nunit; u++) {
        struct sy_devset same = SY_DEVSET_EMPTY;
        if (!f->unit[u].broken || sy_devset_has(&done, u))
            continue;
        for (uint16_t v = u; v < f->nunit; v++) {
            if (f->unit[v].broken && strcmp(f->unit[v].broken_why, f->unit[u].broken_why) == 0)
                sy_devset_add(&same, v);
        }
        done = sy_devset_or(done, same);
        remark(draft, sy_words(&draft->words, "%s: unusable: %s", sy_draft_units(draft, &same),
                               f->unit[u].broken_why));
    }
}

static void remark_unhealthy(struct sy_draft *draft)
{
    struct sy_words *w = &draft->words;
    for (uint16_t u = 0; u < draft->fabric->nunit; u++) {
        const struct sy_unit_usage *unit = &draft->usage->unit[u];
        const char *reason = sy_words_clean(w, unit->reason);
        if (unit->unhealthy)
            remark(draft, sy_words(w, "%s: unhealthy%s%s", draft->drawing->name[u],
                                   reason[0] != '\0' ? ": " : "", reason));
    }
}

static const char *link_text(struct sy_draft *draft, uint16_t obj)
{
    char now[16], best[16], lanes[48] = "";
    struct sy_link_state link = sy_fabric_link_state(draft->fabric, obj);
    if (link.width != 0 && link.best_width > link.width)
        (void)snprintf(lanes, sizeof lanes, ", on %u of %u lanes", link.width, link.best_width);
    return sy_words(&draft->words, "link runs at %s GB/s, %s %s GB/s%s",
                    sy_words_gbps(link.usable_mbps, now),
                    link.best_is_usual ? "the model usually has" : "it can do",
                    sy_words_gbps(link.best_mbps, best), lanes);
}

/* Devices whose links are slow in one way, together; switches and ports one by one. */
static void remark_links(struct sy_draft *draft)
{
    struct sy_words *w = &draft->words;
    const struct sy_drawing *d = draft->drawing;
    struct sy_devset done = SY_DEVSET_EMPTY;
    for (size_t i = 0; i < d->nrow; i++) {
        if (!d->row[i].below ||
            (d->row[i].unit >= 0 && sy_devset_has(&done, (unsigned)d->row[i].unit)))
            continue;
        const char *text = link_text(draft, d->row[i].obj);
        const char *what = sy_words(w, "%s %s", d->row[i].label, d->row[i].cell[SY_CELL_ADDRESS]);
        struct sy_devset same = SY_DEVSET_EMPTY;
        for (size_t k = i; k < d->nrow && d->row[i].unit >= 0; k++) {
            if (d->row[k].below && d->row[k].unit >= 0 &&
                strcmp(link_text(draft, d->row[k].obj), text) == 0)
                sy_devset_add(&same, (unsigned)d->row[k].unit);
        }
        done = sy_devset_or(done, same);
        remark(draft, sy_words(w, "%s: %s",
                               sy_devset_empty(&same) ? what : sy_draft_units(draft, &same), text));
    }
}

static void remark_idle(struct sy_draft *draft)
{
    struct sy_devset idle = SY_DEVSET_EMPTY;
    for (uint16_t u = 0; u < draft->fabric->nunit; u++) {
        struct sy_link_state link = sy_fabric_link_state(draft->fabric, draft->fabric->unit[u].obj);
        if (link.now_mbps != 0 && (uint64_t)link.now_mbps * 100 < (uint64_t)link.usable_mbps * 99)
            sy_devset_add(&idle, u);
    }
    if (!sy_devset_empty(&idle))
        remark(draft, sy_words(&draft->words,
                               "%s: link slowed down when it was read (idle); its full rate counts",
                               sy_draft_units(draft, &idle)));
}

static void remark_unknown(struct sy_draft *draft)
{
    const struct sy_fabric *f = draft->fabric;
    struct sy_words *w = &draft->words;
    struct sy_devset nowhere = SY_DEVSET_EMPTY, rateless = SY_DEVSET_EMPTY;
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (f->nnuma > 1 && f->unit[u].place[SY_SCOPE_NUMA] < 0)
            sy_devset_add(&nowhere, u);
        if (f->unit[u].link_mbps == 0)
            sy_devset_add(&rateless, u);
    }
    if (!sy_devset_empty(&nowhere))
        remark(draft, sy_words(w, "%s: NUMA node unknown", sy_draft_units(draft, &nowhere)));
    if (!sy_devset_empty(&rateless))
        remark(draft, sy_words(w, "%s: link rate unknown", sy_draft_units(draft, &rateless)));
}

static void remark_report(struct sy_draft *draft)
{
    const struct sy_usage *usage = draft->usage;
    struct sy_words *w = &draft->words;
    if (usage->kubelet_message != NULL)
        remark(draft, sy_words(w, "the kubelet does not say who holds what: %s",
                               sy_words_clean(w, usage->kubelet_message)));
    if (usage->stray != 0)
        remark(draft, sy_words(w, "the report names %s that the node does not have, first %s",
                               sy_words_count(w, usage->stray, "device"),
                               sy_words_clean(w, usage->stray_first)));
    if (usage->unmapped != 0)
        remark(draft, sy_words(w, "%s of the kubelet could not be mapped, first %s",
                               sy_words_count(w, usage->unmapped, "device id"),
                               sy_words_clean(w, usage->unmapped_first)));
    if (usage->limit_mw >= 0 && usage->observed_mw > usage->limit_mw)
        remark(draft, "the node draws more than its power limit");
}

void sy_draft_remarks(struct sy_draft *draft)
{
    struct sy_drawing *d = draft->drawing;
    draft->remark_room = d->nrow + 3u * draft->fabric->nunit + 16;
    d->remark = sy_draft_calloc(draft, draft->remark_room, sizeof *d->remark);
    if (d->remark == NULL)
        return;
    remark_unhealthy(draft);
    remark_broken(draft);
    remark_links(draft);
    remark_idle(draft);
    remark_unknown(draft);
    remark_report(draft);
}

/* Nouns of what may be left out, in the order in which they are told. */
struct tally {
    const char *noun;
    size_t n;
};

static void count(struct tally *tally, size_t room, const char *noun)
{
    for (size_t i = 0; i < room; i++) {
        if (tally[i].noun == NULL)
            tally[i].noun = noun;
        if (strcmp(tally[i].noun, noun) == 0) {
            tally[i].n++;
            return;
        }
    }
}

static const char *noun_of(const struct sy_fabric *f, uint16_t i)
{
    const struct sy_obj *obj = &f->inv.obj[i];
    enum sy_role role;
    if (obj->type == SY_OBJ_HOST_BRIDGE)
        return "empty host bridge";
    if (obj->type == SY_OBJ_BRIDGE)
        return sy_bridge_part_name(sy_fabric_bridge_part(f, i));
    if (sy_catalogue_match(f->catalogue, obj->id, &role) != NULL)
        return "management function";
    return sy_words_class(obj->id.class_id);
}

void sy_draft_omitted(struct sy_draft *draft)
{
    struct tally tally[64] = {{NULL, 0}}; /* more than there are nouns */
    const size_t room = sizeof tally / sizeof *tally;
    struct sy_drawing *d = draft->drawing;
    d->omitted = sy_draft_calloc(draft, room, sizeof *d->omitted);
    if (d->omitted == NULL)
        return;
    for (uint16_t i = 1; i < draft->fabric->inv.nobj; i++) {
        if (!draft->shown[i])
            count(tally, room, noun_of(draft->fabric, i));
    }
    for (size_t i = 0; i < room && tally[i].noun != NULL; i++)
        d->omitted[d->nomitted++] = sy_words_count(&draft->words, tally[i].n, tally[i].noun);
}
