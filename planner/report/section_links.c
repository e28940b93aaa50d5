/* SPDX-License-Identifier: Apache-2.0 */
/* Links that several devices share: whose traffic crosses them, and what is left to each. A held
 * device's traffic goes up to where its pod's devices meet; alone, up to its host bridge: as
 * placement counts it (scoring/value_links.c). */
#include "planner/report/report_private.h"

#include <stdlib.h>
#include <string.h>

/* X(id, name) */
#define LINKS(X) X(SWITCH, "switch uplink") X(PORT, "root port") X(SOCKET, "between sockets")
enum link_kind {
#define X(id, name) LINK_##id,
    LINKS(X)
#undef X
        LINK_COUNT
};
static const char *const link_names[] = {
#define X(id, name) name,
    LINKS(X)
#undef X
};

struct link {
    const char *node;
    struct sy_pci_addr addr; /* of the bridge; of sockets: none */
    uint8_t kind;
    uint32_t mbps, crossing, below; /* devices */
    uint64_t demand_mbps;           /* what the crossing ones could send */
};

struct summary {
    int64_t links, idle, within, over, unknown; /* unknown: rate, or who holds what */
    double worst;
};

struct links {
    struct link *over; /* owned */
    size_t n, size;
    struct summary sum[LINK_COUNT];
};

static bool is_pci(const struct sy_obj *obj)
{
    return obj->type == SY_OBJ_BRIDGE || obj->type == SY_OBJ_DEVICE;
}

/* The held units of the unit's pod on this node. */
static struct sy_devset pod_of(const struct sy_node *node, unsigned unit)
{
    const struct sy_usage *usage = node->usage;
    struct sy_devset pod = SY_DEVSET_EMPTY;
    uint16_t holder = usage->unit[unit].holder;
    for (unsigned k = 0; k < usage->nunit && holder != 0; k++)
        if (usage->unit[k].held != 0 && usage->unit[k].holder == holder)
            sy_devset_add(&pod, k);
    return pod;
}

struct crossing {
    uint32_t n;
    uint64_t mbps;
};

/* Per object, what crosses its edge upward; between sockets in *sockets. */
static void find_crossing(const struct sy_node *node, struct crossing *crossing,
                          struct crossing *sockets)
{
    const struct sy_fabric *f = node->fabric;
    for (unsigned u = 0; u < f->nunit; u++) {
        if (node->usage->unit[u].held == 0)
            continue;
        struct sy_devset pod = pod_of(node, u);
        bool alone = sy_devset_count(&pod) < 2, spans = false;
        for (uint16_t o = f->unit[u].obj; o != 0; o = f->inv.obj[o].parent) {
            if (alone ? !is_pci(&f->inv.obj[o]) : sy_devset_subset(&pod, &f->under[o]))
                break;
            crossing[o].n++;
            crossing[o].mbps += f->unit[u].link_mbps;
        }
        SY_DEVSET_EACH(k, &pod)
        {
            int16_t a = f->unit[u].place[SY_SCOPE_SOCKET], b = f->unit[k].place[SY_SCOPE_SOCKET];
            spans |= a >= 0 && b >= 0 && a != b &&
                     sy_fabric_pair(f, u, (unsigned)k)->path < SY_PATH_FIRST_OVERLAY;
        }
        sockets->n += spans;
        sockets->mbps += spans ? f->unit[u].link_mbps : 0;
    }
}

static enum sy_code add_over(struct links *links, const struct link *link, struct sy_err *err)
{
    if (links->n == links->size) {
        size_t size = links->size > 0 ? 2 * links->size : 64;
        struct link *more = sy_realloc(links->over, size * sizeof *more);
        if (more == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        links->over = more;
        links->size = size;
    }
    links->over[links->n++] = *link;
    return SY_OK;
}

static enum sy_code count_link(struct links *links, const struct link *link, bool known,
                               struct sy_err *err)
{
    struct summary *sum = &links->sum[link->kind];
    sum->links++;
    if (link->mbps == 0 || !known) {
        sum->unknown++;
        return SY_OK;
    }
    double ratio = (double)link->demand_mbps / link->mbps;
    sum->idle += link->crossing == 0;
    sum->within += link->crossing > 0 && ratio <= 1;
    sum->over += ratio > 1;
    if (ratio > sum->worst)
        sum->worst = ratio;
    return ratio > 1 ? add_over(links, link, err) : SY_OK;
}

static uint32_t devices_below(const struct sy_fabric *f, uint16_t obj)
{
    uint32_t n = 0;
    SY_DEVSET_EACH(u, &f->under[obj])
    {
        n += f->unit[u].pf < 0;
    }
    return n;
}

/* Bridges in a row carry the same devices: the lowest one stands for them, with the least rate. */
static bool is_lowest(const struct sy_fabric *f, uint16_t obj)
{
    for (uint16_t o = (uint16_t)(obj + 1); o < f->inv.nobj; o++)
        if (f->inv.obj[o].parent == obj && f->inv.obj[o].type == SY_OBJ_BRIDGE &&
            sy_devset_equal(&f->under[o], &f->under[obj]))
            return false;
    return true;
}

static uint32_t least_rate(const struct sy_fabric *f, uint16_t obj)
{
    uint32_t mbps = 0;
    for (uint16_t o = obj; f->inv.obj[o].type == SY_OBJ_BRIDGE; o = f->inv.obj[o].parent) {
        if (!sy_devset_equal(&f->under[o], &f->under[obj]))
            break;
        if (f->uplink_mbps[o] != 0 && (mbps == 0 || f->uplink_mbps[o] < mbps))
            mbps = f->uplink_mbps[o];
    }
    return mbps;
}

static bool is_switch(const struct sy_fabric *f, uint16_t obj)
{
    int u = sy_devset_next(&f->under[obj], 0);
    int place = f->unit[u].place[SY_SCOPE_SWITCH];
    for (uint16_t o = obj; o != 0 && place >= 0; o = f->inv.obj[o].parent)
        if (o == place)
            return true;
    return false;
}

static enum sy_code count_node(struct links *links, const struct sy_node *node,
                               struct crossing *crossing, struct sy_err *err)
{
    const struct sy_fabric *f = node->fabric;
    struct crossing sockets = {0};
    bool known = node->usage->mode != SY_MODE_COUNTS;
    memset(crossing, 0, f->inv.nobj * sizeof *crossing);
    find_crossing(node, crossing, &sockets);
    enum sy_code code = SY_OK;
    for (uint16_t o = 1; o < f->inv.nobj && code == SY_OK; o++) {
        if (f->inv.obj[o].type != SY_OBJ_BRIDGE || devices_below(f, o) < 2 || !is_lowest(f, o))
            continue;
        struct link link = {.node = node->name,
                            .addr = f->inv.obj[o].addr,
                            .kind = is_switch(f, o) ? LINK_SWITCH : LINK_PORT,
                            .mbps = least_rate(f, o),
                            .crossing = crossing[o].n,
                            .below = devices_below(f, o),
                            .demand_mbps = crossing[o].mbps};
        code = count_link(links, &link, known, err);
    }
    struct link link = {.node = node->name,
                        .kind = LINK_SOCKET,
                        .mbps = f->socket_mbps,
                        .crossing = sockets.n,
                        .below = f->nunit,
                        .demand_mbps = sockets.mbps};
    if (code == SY_OK && f->npackage > 1)
        code = count_link(links, &link, known, err);
    return code;
}

static int by_ratio(const void *pa, const void *pb)
{
    const struct link *a = pa, *b = pb;
    uint64_t left = a->demand_mbps * b->mbps, right = b->demand_mbps * a->mbps;
    if (left != right)
        return left < right ? 1 : -1;
    int order = strcmp(a->node, b->node);
    return order != 0 ? order : sy_pci_addr_cmp(a->addr, b->addr);
}

static json_t *ratio_json(double ratio)
{
    return json_real((double)(int64_t)(ratio * 100 + 0.5) / 100);
}

static void write_links(struct sy_report *r, const struct links *links)
{
    char text[SY_PCI_ADDR_TEXT];
    json_t *section = sy_write_object(&r->w, r->root, "links");
    json_t *rows = sy_write_array(&r->w, section, "kinds");
    for (unsigned k = 0; k < LINK_COUNT; k++) {
        const struct summary *sum = &links->sum[k];
        if (sum->links == 0)
            continue;
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "link", link_names[k]);
        sy_write_int(&r->w, row, "links", sum->links);
        sy_write_int(&r->w, row, "idle", sum->idle);
        sy_write_int(&r->w, row, "within", sum->within);
        sy_write_int(&r->w, row, "over", sum->over);
        sy_write_int(&r->w, row, "unknown", sum->unknown);
        sy_write(&r->w, row, "worstRatio", ratio_json(sum->worst));
    }
    rows = sy_write_array(&r->w, section, "over");
    for (size_t i = 0; i < links->n; i++) {
        const struct link *link = &links->over[i];
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "node", link->node);
        sy_write_text(&r->w, row, "link", link_names[link->kind]);
        sy_write_text(&r->w, row, "pci",
                      link->kind != LINK_SOCKET ? sy_pci_addr_format(link->addr, text) : NULL);
        sy_write_milli(&r->w, row, "linkGBps", link->mbps);
        sy_write_int(&r->w, row, "devices", link->below);
        sy_write_int(&r->w, row, "crossing", link->crossing);
        sy_write_milli(&r->w, row, "eachGBps", link->mbps / link->crossing);
        sy_write(&r->w, row, "ratio", ratio_json((double)link->demand_mbps / link->mbps));
    }
}

enum sy_code sy_report_section_links(struct sy_report *r, struct sy_err *err)
{
    struct links links = {0};
    sy_autofree struct crossing *crossing = sy_calloc(SY_OBJ_MAX, sizeof *crossing);
    if (crossing == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < r->state->nnode && code == SY_OK; i++)
        if (r->state->node[i].node != NULL)
            code = count_node(&links, r->state->node[i].node, crossing, err);
    if (links.n > 0)
        qsort(links.over, links.n, sizeof *links.over, by_ratio);
    if (code == SY_OK)
        write_links(r, &links);
    sy_free(links.over);
    return code;
}
