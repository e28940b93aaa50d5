/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/usage.h"

#include "base/mem.h"

#include <string.h>

#define USAGE_BYTES_MAX ((size_t)16 << 20)
#define HOLDER_TEXTS ((size_t)112) /* a uid's 36 bytes and three names, in multiples of 16 */
#define OTHER_BYTES ((size_t)128)  /* alignment, and a reason or two */

enum sy_code sy_usage_begin(const struct sy_fabric *fabric, size_t nholder, struct sy_usage **ret,
                            struct sy_err *err)
{
    if (nholder > SY_HOLDERS_MAX)
        return sy_fail(err, SY_ELIMIT, "%zu holders of devices, at most %u are supported", nholder,
                       SY_HOLDERS_MAX);
    /* Usages live long, and there are many: room for what is known, and for texts of a usual
     * length.
     */
    size_t about = sizeof(struct sy_usage) + fabric->nunit * sizeof(struct sy_unit_usage) +
                   nholder * (sizeof(struct sy_holder) + HOLDER_TEXTS) + OTHER_BYTES;
    struct sy_arena *arena = sy_arena_new_sized(USAGE_BYTES_MAX, about);
    struct sy_usage *usage = arena != NULL ? sy_arena_calloc(arena, 1, sizeof *usage) : NULL;
    if (usage != NULL) {
        usage->unit = sy_arena_calloc(arena, fabric->nunit, sizeof *usage->unit);
        usage->holder = sy_arena_calloc(arena, nholder, sizeof *usage->holder);
    }
    if (usage == NULL || usage->unit == NULL || usage->holder == NULL) {
        sy_arena_free(arena);
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    usage->refs = 1;
    usage->arena = arena;
    usage->mode = SY_MODE_COUNTS;
    usage->nunit = fabric->nunit;
    usage->limit_mw = SY_UNKNOWN_MW;
    usage->base_mw = SY_UNKNOWN_MW;
    usage->observed_mw = SY_UNKNOWN_MW;
    for (uint16_t u = 0; u < usage->nunit; u++)
        usage->unit[u].cap_mw = usage->unit[u].observed_mw = SY_UNKNOWN_MW;
    *ret = usage;
    return SY_OK;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

uint16_t sy_usage_group(const struct sy_usage *usage, uint16_t i)
{
    const struct sy_holder *holder = &usage->holder[i];
    for (uint16_t k = 0; k < i; k++) {
        const struct sy_holder *other = &usage->holder[k];
        if (same_text(other->name, holder->name) &&
            same_text(other->namespace_, holder->namespace_) && same_text(other->uid, holder->uid))
            return (uint16_t)(k + 1);
    }
    return (uint16_t)(i + 1);
}

/* Thousandths of the card that a holder of `held` thousandths of the unit has, rounded up. */
static unsigned card_part(const struct sy_unit *unit, uint16_t held)
{
    return ((unsigned)unit->share * held + SY_WHOLE - 1) / SY_WHOLE;
}

void sy_usage_sets(const struct sy_fabric *fabric, const struct sy_usage *usage,
                   struct sy_devset *ret_free, struct sy_devset *ret_healthy)
{
    unsigned card_held[SY_UNIT_MAX] = {0};
    struct sy_devset vf_held = SY_DEVSET_EMPTY; /* physical units with a held virtual function */
    for (uint16_t u = 0; u < usage->nunit; u++) {
        const struct sy_unit *unit = &fabric->unit[u];
        card_held[unit->card] += card_part(unit, usage->unit[u].held);
        if (unit->pf >= 0 && usage->unit[u].held != 0)
            sy_devset_add(&vf_held, (unsigned)unit->pf);
    }
    *ret_free = *ret_healthy = SY_DEVSET_EMPTY;
    for (uint16_t u = 0; u < usage->nunit; u++) {
        const struct sy_unit *unit = &fabric->unit[u];
        if (unit->broken || usage->unit[u].unhealthy)
            continue;
        sy_devset_add(ret_healthy, u);
        /* On a card of several dies the counter alone would not see a die given away in parts. */
        bool parts_held =
            sy_devset_has(&vf_held, u) || (unit->pf >= 0 && usage->unit[unit->pf].held != 0);
        if (usage->unit[u].held == 0 && !parts_held &&
            card_held[unit->card] + unit->share <= fabric->card[unit->card].capacity)
            sy_devset_add(ret_free, u);
    }
}

/* Pods are digested by the first unit they hold: names do not matter to placement, groups do. Nor
 * does the node's own limit: power enters as room, node by node. */
struct sy_digest sy_usage_digest(const struct sy_usage *usage)
{
    struct sy_digest d = sy_digest_begin();
    sy_digest_u64(&d, (uint64_t)usage->mode << 16 | usage->nunit);
    for (uint16_t u = 0; u < usage->nunit; u++) {
        const struct sy_unit_usage *unit = &usage->unit[u];
        uint16_t group = 0;
        if (unit->holder != 0) {
            while (usage->unit[group].holder != unit->holder)
                group++;
            group++;
        }
        sy_digest_u64(&d, (uint64_t)group << 32 | (uint64_t)unit->held << 8 |
                              (uint64_t)unit->unhealthy);
        sy_digest_u64(&d, (uint64_t)unit->cap_mw);
    }
    for (uint16_t i = 0; i < usage->ncounted; i++)
        sy_digest_u64(&d, (uint64_t)usage->counted[i].resource << 16 | usage->counted[i].count);
    return d;
}

void sy_usage_finish(const struct sy_fabric *fabric, struct sy_usage *usage)
{
    sy_usage_sets(fabric, usage, &usage->free, &usage->healthy);
    usage->digest = sy_usage_digest(usage);
}

enum sy_code sy_usage_new_unreported(const struct sy_fabric *fabric, struct sy_usage **ret,
                                     struct sy_err *err)
{
    struct sy_usage *usage;
    enum sy_code code = sy_usage_begin(fabric, 0, &usage, err);
    if (code != SY_OK)
        return code;
    sy_usage_finish(fabric, usage);
    *ret = usage;
    return SY_OK;
}

static bool copy_text(struct sy_arena *arena, const char **text)
{
    if (*text == NULL)
        return true;
    *text = sy_arena_strndup(arena, *text, strlen(*text));
    return *text != NULL;
}

static bool copy_node(const struct sy_usage *from, struct sy_usage *to)
{
    to->mode = from->mode;
    to->observed_us = from->observed_us;
    to->heartbeat_us = from->heartbeat_us;
    to->kubelet_message = from->kubelet_message;
    to->limit_mw = from->limit_mw;
    to->base_mw = from->base_mw;
    to->observed_mw = from->observed_mw;
    to->stray = from->stray;
    to->stray_first = from->stray_first;
    to->unmapped = from->unmapped;
    to->unmapped_first = from->unmapped_first;
    return copy_text(to->arena, &to->kubelet_message) && copy_text(to->arena, &to->stray_first) &&
           copy_text(to->arena, &to->unmapped_first);
}

enum sy_code sy_usage_copy_facts(const struct sy_usage *from, struct sy_usage *to,
                                 struct sy_err *err)
{
    bool ok = copy_node(from, to);
    for (uint16_t u = 0; u < from->nunit && ok; u++) {
        struct sy_unit_usage *unit = &to->unit[u];
        unit->unhealthy = from->unit[u].unhealthy;
        unit->reason = from->unit[u].reason;
        unit->cap_mw = from->unit[u].cap_mw;
        unit->observed_mw = from->unit[u].observed_mw;
        ok = copy_text(to->arena, &unit->reason);
    }
    return ok ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

enum sy_code sy_usage_add_holder(struct sy_usage *usage, const struct sy_holder *holder,
                                 struct sy_err *err)
{
    struct sy_holder *to = &usage->holder[usage->nholder];
    *to = *holder;
    if (!copy_text(usage->arena, &to->namespace_) || !copy_text(usage->arena, &to->name) ||
        !copy_text(usage->arena, &to->uid) || !copy_text(usage->arena, &to->container))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    usage->nholder++;
    return SY_OK;
}

static struct sy_counted *new_counted(struct sy_usage *usage, size_t n, struct sy_err *err)
{
    struct sy_counted *to = sy_arena_calloc(usage->arena, n, sizeof *to);
    if (to == NULL)
        (void)sy_fail(err, SY_ENOMEM, "out of memory");
    usage->counted = to;
    return to;
}

enum sy_code sy_usage_set_counted(struct sy_usage *usage, const uint16_t *count, struct sy_err *err)
{
    uint16_t n = 0;
    for (unsigned i = 0; i < SY_RESOURCE_MAX; i++)
        n = (uint16_t)(n + (count[i] > 0));
    usage->ncounted = 0;
    if (n == 0)
        return SY_OK;
    struct sy_counted *to = new_counted(usage, n, err);
    if (to == NULL)
        return SY_ENOMEM;
    for (unsigned i = 0; i < SY_RESOURCE_MAX; i++)
        if (count[i] > 0)
            to[usage->ncounted++] = (struct sy_counted){(uint16_t)i, count[i]};
    return SY_OK;
}

static enum sy_code copy_counted(const struct sy_usage *from, struct sy_usage *to,
                                 struct sy_err *err)
{
    if (from->ncounted == 0)
        return SY_OK;
    struct sy_counted *counted = new_counted(to, from->ncounted, err);
    if (counted == NULL)
        return SY_ENOMEM;
    memcpy(counted, from->counted, from->ncounted * sizeof *counted);
    to->ncounted = from->ncounted;
    return SY_OK;
}

/* The reported facts, without what follows from them. */
static enum sy_code copy_report(const struct sy_usage *from, struct sy_usage *to,
                                struct sy_err *err)
{
    enum sy_code code = sy_usage_copy_facts(from, to, err);
    if (code == SY_OK)
        code = copy_counted(from, to, err);
    for (uint16_t i = 0; i < from->nholder && code == SY_OK; i++)
        code = sy_usage_add_holder(to, &from->holder[i], err);
    for (uint16_t u = 0; u < from->nunit && code == SY_OK; u++) {
        to->unit[u].held = from->unit[u].held;
        to->unit[u].holder = from->unit[u].holder;
        to->unit[u].holder_first = from->unit[u].holder_first;
        to->unit[u].holder_count = from->unit[u].holder_count;
    }
    return code;
}

enum sy_code sy_usage_change(const struct sy_fabric *fabric, const struct sy_usage *usage,
                             struct sy_devset freed, struct sy_devset taken, struct sy_usage **ret,
                             struct sy_err *err)
{
    struct sy_usage *changed;
    enum sy_code code = sy_usage_begin(fabric, usage->nholder, &changed, err);
    if (code != SY_OK)
        return code;
    code = copy_report(usage, changed, err);
    if (code != SY_OK) {
        sy_usage_unref(changed);
        return code;
    }
    struct sy_devset both = sy_devset_or(freed, taken);
    SY_DEVSET_EACH(u, &both)
    {
        if (u >= changed->nunit)
            break;
        struct sy_unit_usage *unit = &changed->unit[u];
        unit->held = sy_devset_has(&taken, (unsigned)u) ? SY_WHOLE : 0;
        unit->holder = unit->holder_first = unit->holder_count = 0;
    }
    sy_usage_finish(fabric, changed);
    *ret = changed;
    return SY_OK;
}

struct sy_usage *sy_usage_ref(struct sy_usage *usage)
{
    __atomic_fetch_add(&usage->refs, 1, __ATOMIC_RELAXED);
    return usage;
}

void sy_usage_unref(struct sy_usage *usage)
{
    if (usage != NULL && __atomic_fetch_sub(&usage->refs, 1, __ATOMIC_ACQ_REL) == 1)
        sy_arena_free(usage->arena); /* the usage itself lies in it */
}
