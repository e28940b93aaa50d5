/* SPDX-License-Identifier: Apache-2.0 */
/* Every invariant again, as plainly as possible: nothing here shares code with what it checks, but
 * for the digests. */
#include "topology/usage.h"

#include <string.h>

#define BROKEN(...) sy_fail(err, SY_EINTERNAL, __VA_ARGS__)

static bool lies_below(const struct sy_inventory *inv, uint16_t obj, uint16_t top)
{
    while (obj != top && obj != 0)
        obj = inv->obj[obj].parent;
    return obj == top;
}

static enum sy_code check_places(const struct sy_fabric *f, uint16_t u, struct sy_err *err)
{
    static const uint8_t type[SY_SCOPE_COUNT] = {
        [SY_SCOPE_SLOT] = SY_OBJ_DEVICE,      [SY_SCOPE_SWITCH] = SY_OBJ_BRIDGE,
        [SY_SCOPE_ROOT] = SY_OBJ_HOST_BRIDGE, [SY_SCOPE_NUMA] = SY_OBJ_NUMA,
        [SY_SCOPE_SOCKET] = SY_OBJ_PACKAGE,   [SY_SCOPE_ANY] = SY_OBJ_MACHINE,
    };
    const struct sy_unit *unit = &f->unit[u];
    for (unsigned s = 0; s < SY_SCOPE_COUNT; s++) {
        int16_t place = unit->place[s];
        bool may_lack = s == SY_SCOPE_NUMA || s == SY_SCOPE_SOCKET;
        if (place == -1 && may_lack)
            continue;
        if (s == SY_SCOPE_SWITCH && place == unit->place[SY_SCOPE_SLOT])
            continue; /* below no switch */
        bool machine = place == 0 && (s == SY_SCOPE_NUMA || s == SY_SCOPE_SOCKET);
        if (place < 0 || place >= f->inv.nobj || (!machine && f->inv.obj[place].type != type[s]))
            return BROKEN("unit %u: place %d of scope %s", u, place,
                          sy_scope_name((enum sy_scope)s));
        bool above = s == SY_SCOPE_SWITCH || s == SY_SCOPE_ROOT;
        if (above && !lies_below(&f->inv, unit->obj, (uint16_t)place))
            return BROKEN("unit %u: not below its %s %d", u, sy_scope_name((enum sy_scope)s),
                          place);
    }
    return SY_OK;
}

static enum sy_code check_unit(const struct sy_fabric *f, uint16_t u, struct sy_err *err)
{
    const struct sy_unit *unit = &f->unit[u];
    if (unit->obj == 0 || unit->obj >= f->inv.nobj || f->inv.obj[unit->obj].type != SY_OBJ_DEVICE ||
        sy_pci_addr_cmp(f->inv.obj[unit->obj].addr, unit->addr) != 0)
        return BROKEN("unit %u: object %u is not its function", u, unit->obj);
    const struct sy_unit *last = u > 0 ? unit - 1 : NULL;
    int order = last != NULL ? sy_pci_addr_cmp(last->addr, unit->addr) : -1;
    if (order > 0 || (order == 0 && last->index >= unit->index))
        return BROKEN("unit %u: not in ascending order", u);
    if (unit->kind >= SY_KIND_COUNT || unit->model == NULL || unit->model->kind != unit->kind)
        return BROKEN("unit %u: kind %u is not its model's", u, unit->kind);
    if (unit->broken != (unit->broken_why != NULL))
        return BROKEN("unit %u: broken without a reason, or a reason without", u);
    if (unit->card >= f->ncard || !sy_devset_has(&f->card[unit->card].units, u))
        return BROKEN("unit %u: not on its card %u", u, unit->card);
    if (unit->share == 0 || unit->share > SY_WHOLE)
        return BROKEN("unit %u: share %u", u, unit->share);
    if (unit->pf >= 0 && (unit->pf >= f->nunit || unit->pf == u || f->unit[unit->pf].pf >= 0))
        return BROKEN("unit %u: unit %d cannot be its physical function", u, unit->pf);
    if (unit->pf >= 0 && f->unit[unit->pf].card != unit->card)
        return BROKEN("unit %u: on another card than its physical function", u);
    if (sy_fabric_unit_find(f, unit->addr, unit->index) != u)
        return BROKEN("unit %u: not found by its address", u);
    for (unsigned r = (unsigned)sy_catalogue_resource_count(f->catalogue); r < SY_RESOURCE_MAX;
         r++) {
        if (sy_devset_has(&unit->resources, r))
            return BROKEN("unit %u: resource %u is not in the catalogue", u, r);
    }
    return check_places(f, u, err);
}

static enum sy_code check_cards(const struct sy_fabric *f, struct sy_err *err)
{
    struct sy_devset all = SY_DEVSET_EMPTY;
    for (uint16_t c = 0; c < f->ncard; c++) {
        const struct sy_card *card = &f->card[c];
        struct sy_devset twice = sy_devset_and(all, card->units);
        if (sy_devset_empty(&card->units) || !sy_devset_empty(&twice))
            return BROKEN("card %u: empty, or shares a unit with another", c);
        if (card->capacity != SY_WHOLE)
            return BROKEN("card %u: capacity %u", c, card->capacity);
        SY_DEVSET_EACH(u, &card->units)
        {
            if (u >= f->nunit || f->unit[u].card != c ||
                sy_pci_addr_cmp(card->addr, f->unit[u].addr) > 0)
                return BROKEN("card %u: unit %d is not its own, or lies below its address", c, u);
        }
        all = sy_devset_or(all, card->units);
    }
    if (sy_devset_count(&all) != f->nunit)
        return BROKEN("cards hold %u of %u units", sy_devset_count(&all), f->nunit);
    return SY_OK;
}

static enum sy_code check_under(const struct sy_fabric *f, struct sy_err *err)
{
    for (uint16_t i = 0; i < f->inv.nobj; i++) {
        for (uint16_t u = 0; u < SY_UNIT_MAX; u++) {
            bool below = u < f->nunit && lies_below(&f->inv, f->unit[u].obj, i);
            if (sy_devset_has(&f->under[i], u) != below)
                return BROKEN("object %u: unit %u wrongly counted below it", i, u);
        }
    }
    return SY_OK;
}

/* Do the relation over PCIe and the places tell the same? */
static bool agrees(const struct sy_unit *x, const struct sy_unit *y, const struct sy_pair *pair)
{
    bool same_root = x->place[SY_SCOPE_ROOT] == y->place[SY_SCOPE_ROOT];
    int16_t numa = x->place[SY_SCOPE_NUMA], socket = x->place[SY_SCOPE_SOCKET];
    bool same_numa = numa >= 0 && numa == y->place[SY_SCOPE_NUMA];
    bool same_socket = socket >= 0 && socket == y->place[SY_SCOPE_SOCKET];
    if (same_root != (pair->pcie <= SY_PATH_PHB))
        return false;
    if (!same_root && pair->pcie != pair->cpu)
        return false;
    if (pair->pcie == SY_PATH_SLOT && x->place[SY_SCOPE_SLOT] != y->place[SY_SCOPE_SLOT])
        return false;
    switch (pair->cpu) {
    case SY_PATH_NODE:
        return same_numa;
    case SY_PATH_SOCKET:
        return same_socket && !same_numa;
    case SY_PATH_SYS:
        return !same_numa && !same_socket;
    case SY_PATH_UNKNOWN:
        return !same_numa;
    default:
        return false;
    }
}

static enum sy_code check_pair(const struct sy_fabric *f, uint16_t a, uint16_t b,
                               struct sy_err *err)
{
    const struct sy_pair *pair = sy_fabric_pair(f, a, b), *back = sy_fabric_pair(f, b, a);
    if (pair->pcie != back->pcie || pair->path != back->path || pair->cpu != back->cpu ||
        pair->mbps != back->mbps || pair->pcie_mbps != back->pcie_mbps)
        return BROKEN("units %u and %u: not symmetric", a, b);
    bool linked = sy_devset_has(&f->overlay[a], b);
    if (linked != sy_devset_has(&f->overlay[b], a) || (a == b && linked))
        return BROKEN("units %u and %u: overlay not symmetric, or to itself", a, b);
    if (pair->pcie > SY_PATH_UNKNOWN || pair->path >= SY_PATH_COUNT ||
        linked != (pair->path >= SY_PATH_FIRST_OVERLAY))
        return BROKEN("units %u and %u: class %u over PCIe, %u in all", a, b, pair->pcie,
                      pair->path);
    if (!linked && (pair->path != pair->pcie || pair->mbps != pair->pcie_mbps))
        return BROKEN("units %u and %u: not joined by an overlay, nor as over PCIe", a, b);
    if (a == b && (pair->path != SY_PATH_SLOT || pair->mbps != f->unit[a].link_mbps))
        return BROKEN("unit %u: diagonal is not its own link", a);
    if (pair->pcie != (uint8_t)sy_fabric_path(f, f->unit[a].obj, f->unit[b].obj) ||
        !agrees(&f->unit[a], &f->unit[b], pair))
        return BROKEN("units %u and %u: class %s against their places", a, b,
                      sy_path_name((enum sy_path_class)pair->pcie));
    uint32_t edge = f->uplink_mbps[f->unit[a].obj];
    if (pair->pcie == SY_PATH_UNKNOWN && pair->pcie_mbps != 0)
        return BROKEN("units %u and %u: a rate of an unknown way", a, b);
    if (a != b && pair->pcie != SY_PATH_UNKNOWN && edge != 0 &&
        (pair->pcie_mbps == 0 || pair->pcie_mbps > edge))
        return BROKEN("units %u and %u: faster than the link of unit %u", a, b, a);
    return SY_OK;
}

static enum sy_code check_fabric(const struct sy_fabric *f, struct sy_err *err)
{
    struct sy_err why = {0};
    if (sy_inventory_check(&f->inv, &why) != SY_OK)
        return BROKEN("inventory: %s", why.text);
    if (f->nunit > SY_UNIT_MAX || f->ncard > f->nunit)
        return BROKEN("%u units on %u cards", f->nunit, f->ncard);
    enum sy_code code = SY_OK;
    for (uint16_t u = 0; u < f->nunit && code == SY_OK; u++)
        code = check_unit(f, u, err);
    if (code == SY_OK)
        code = check_cards(f, err);
    if (code == SY_OK)
        code = check_under(f, err);
    for (uint16_t a = 0; a < f->nunit && code == SY_OK; a++) {
        for (uint16_t b = 0; b < f->nunit && code == SY_OK; b++)
            code = check_pair(f, a, b, err);
    }
    return code;
}

/* Free by the definition: healthy, unheld, and the card is not held beyond what taking it needs. */
static bool is_free(const struct sy_fabric *f, const struct sy_usage *usage, uint16_t u)
{
    unsigned sum = f->unit[u].share;
    if (f->unit[u].broken || usage->unit[u].unhealthy || usage->unit[u].held != 0)
        return false;
    for (uint16_t k = 0; k < f->nunit; k++) {
        unsigned part = (unsigned)f->unit[k].share * usage->unit[k].held;
        bool related = f->unit[k].pf == u || f->unit[u].pf == k;
        if (related && part != 0)
            return false;
        if (f->unit[k].card == f->unit[u].card)
            sum += (part + SY_WHOLE - 1) / SY_WHOLE;
    }
    return sum <= f->card[f->unit[u].card].capacity;
}

static enum sy_code check_unit_usage(const struct sy_fabric *f, const struct sy_usage *usage,
                                     uint16_t u, struct sy_err *err)
{
    const struct sy_unit_usage *unit = &usage->unit[u];
    if (unit->held > SY_WHOLE)
        return BROKEN("unit %u: %u thousandths held", u, unit->held);
    if (unit->holder > usage->nholder || (unit->holder != 0 && unit->held == 0))
        return BROKEN("unit %u: holder %u of %u, %u held", u, unit->holder, usage->nholder,
                      unit->held);
    if (unit->holder_first + unit->holder_count > usage->nholder ||
        (unit->holder != 0) != (unit->holder_count != 0))
        return BROKEN("unit %u: holders %u to %u of %u", u, unit->holder_first,
                      unit->holder_first + unit->holder_count, usage->nholder);
    if (unit->reason != NULL && !unit->unhealthy)
        return BROKEN("unit %u: healthy, yet with a reason", u);
    if (unit->cap_mw < SY_UNKNOWN_MW || unit->observed_mw < SY_UNKNOWN_MW)
        return BROKEN("unit %u: negative power", u);
    if (sy_devset_has(&usage->free, u) != is_free(f, usage, u))
        return BROKEN("unit %u: wrongly free, or wrongly not", u);
    if (sy_devset_has(&usage->healthy, u) != (!unit->unhealthy && !f->unit[u].broken))
        return BROKEN("unit %u: wrongly healthy, or wrongly not", u);
    return SY_OK;
}

static enum sy_code check_counted(const struct sy_usage *usage, struct sy_err *err)
{
    if (usage->ncounted > 0 && usage->mode != SY_MODE_COUNTS)
        return BROKEN("%u resources are counted in mode %s", usage->ncounted,
                      sy_mode_name((enum sy_mode)usage->mode));
    for (uint16_t i = 0; i < usage->ncounted; i++) {
        const struct sy_counted *one = &usage->counted[i];
        if (one->count == 0 || one->count > SY_COUNTED_MAX ||
            (i > 0 && usage->counted[i - 1].resource >= one->resource))
            return BROKEN("counted %u: %u of resource %u, or not in ascending order", i, one->count,
                          one->resource);
    }
    return SY_OK;
}

static enum sy_code check_usage(const struct sy_fabric *f, const struct sy_usage *usage,
                                struct sy_err *err)
{
    if (usage->nunit != f->nunit)
        return BROKEN("usage of %u units for a fabric of %u", usage->nunit, f->nunit);
    if (usage->mode >= SY_MODE_COUNT || usage->observed_us < 0 || usage->heartbeat_us < 0)
        return BROKEN("mode %u, observed at %lld, written at %lld", usage->mode,
                      (long long)usage->observed_us, (long long)usage->heartbeat_us);
    if ((usage->stray != 0) != (usage->stray_first != NULL))
        return BROKEN("%u stray devices, the first %s", usage->stray,
                      usage->stray_first != NULL ? usage->stray_first : "without an address");
    if (usage->unmapped == 0 && usage->unmapped_first != NULL)
        return BROKEN("no unmapped ids, yet a first one: %s", usage->unmapped_first);
    if (usage->kubelet_message != NULL && usage->kubelet_message[0] == '\0')
        return BROKEN("empty message of the kubelet");
    if (usage->limit_mw < SY_UNKNOWN_MW || usage->base_mw < SY_UNKNOWN_MW ||
        usage->observed_mw < SY_UNKNOWN_MW)
        return BROKEN("negative power of the node");
    for (uint16_t i = 0; i < usage->nholder; i++) {
        if (usage->holder[i].namespace_ == NULL || usage->holder[i].name == NULL)
            return BROKEN("holder %u: without a name", i);
    }
    for (uint16_t u = 0; u < f->nunit; u++) {
        enum sy_code code = check_unit_usage(f, usage, u, err);
        if (code != SY_OK)
            return code;
    }
    enum sy_code code = check_counted(usage, err);
    if (code != SY_OK)
        return code;
    if (sy_devset_count(&usage->healthy) > f->nunit ||
        !sy_devset_subset(&usage->free, &usage->healthy))
        return BROKEN("free or healthy units that are none");
    if (!sy_digest_equal(usage->digest, sy_usage_digest(usage)))
        return BROKEN("usage digest is not of its content");
    return SY_OK;
}

enum sy_code sy_node_check(const struct sy_node *node, struct sy_err *err)
{
    if (node->name[0] == '\0' || strlen(node->name) != node->name_len)
        return BROKEN("name '%s' of length %zu", node->name, node->name_len);
    for (uint32_t i = 1; i < node->nlabel; i++) {
        if (strcmp(node->label[i - 1].key, node->label[i].key) >= 0)
            return BROKEN("label '%s' not in ascending order", node->label[i].key);
    }
    enum sy_code code = check_fabric(node->fabric, err);
    if (code == SY_OK)
        code = check_usage(node->fabric, node->usage, err);
    if (code != SY_OK)
        return code;
    struct sy_digest d = sy_digest_begin();
    sy_digest_u64(&d, node->fabric->shape.hi);
    sy_digest_u64(&d, node->fabric->shape.lo);
    sy_digest_u64(&d, node->usage->digest.hi);
    sy_digest_u64(&d, node->usage->digest.lo);
    if (!sy_digest_equal(d, node->state))
        return BROKEN("state digest is not of fabric and usage");
    return SY_OK;
}
