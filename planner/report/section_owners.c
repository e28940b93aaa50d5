/* SPDX-License-Identifier: Apache-2.0 */
/* Who has the devices: pods by namespace and by owner. */
#include "planner/report/report_private.h"

#include <stdlib.h>
#include <string.h>

struct owner {
    const char *namespace_, *kind, *name; /* kind and name: of the controller, "" by namespace */
    int64_t pods, pending;
    int64_t held[SY_KIND_COUNT], wanted; /* devices; wanted: of pods that wait */
    int64_t watts_mw;                    /* caps or TDP of what is held, of what is known */
};

static int by_owner(const void *pa, const void *pb)
{
    const struct owner *a = pa, *b = pb;
    int order = strcmp(a->namespace_, b->namespace_);
    if (order == 0)
        order = strcmp(a->kind, b->kind);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static int64_t devices_of(const struct owner *owner)
{
    int64_t sum = 0;
    for (unsigned k = 0; k < SY_KIND_COUNT; k++)
        if (k != SY_KIND_NIC) /* in no sum, as in section_devices.c */
            sum += owner->held[k];
    return sum;
}

static bool holds_nothing(const struct owner *owner)
{
    return devices_of(owner) + owner->held[SY_KIND_NIC] == 0;
}

/* Who holds most comes first. */
static int by_devices(const void *pa, const void *pb)
{
    int64_t a = devices_of(pa), b = devices_of(pb);
    return a != b ? (a < b) - (a > b) : by_owner(pa, pb);
}

static void merge(struct owner *owner, size_t *n)
{
    if (*n == 0)
        return;
    qsort(owner, *n, sizeof *owner, by_owner);
    size_t last = 0;
    for (size_t i = 1; i < *n; i++) {
        struct owner *to = &owner[last];
        if (by_owner(to, &owner[i]) != 0) {
            owner[++last] = owner[i];
            continue;
        }
        to->pods += owner[i].pods;
        to->pending += owner[i].pending;
        to->wanted += owner[i].wanted;
        to->watts_mw += owner[i].watts_mw;
        for (unsigned k = 0; k < SY_KIND_COUNT; k++)
            to->held[k] += owner[i].held[k];
    }
    *n = last + 1;
    qsort(owner, *n, sizeof *owner, by_devices);
}

/* What a pod holds: the devices that are known, else as many as it asks for. */
static void count_pod(const struct sy_report *r, const struct sy_state_pod *pod, struct owner *to)
{
    const struct sy_node *node = pod->node != UINT32_MAX ? r->state->node[pod->node].node : NULL;
    to->pods = pod->node_name != NULL;
    to->pending = pod->node_name == NULL;
    SY_DEVSET_EACH(u, &pod->charge.units)
    {
        if (node == NULL)
            break;
        to->held[node->fabric->unit[u].kind]++;
        to->watts_mw += sy_report_unit_mw(node, (unsigned)u);
    }
    bool known = node != NULL && !sy_devset_empty(&pod->charge.units);
    for (unsigned e = 0; e < pod->request.nentry && !known; e++) {
        unsigned kind = sy_report_kind_of(r->state->catalogue, pod->request.entry[e].resource);
        if (pod->node_name == NULL)
            to->wanted += pod->request.entry[e].count;
        else if (kind < SY_KIND_COUNT)
            to->held[kind] += pod->request.entry[e].count;
    }
}

static void write_rows(struct sy_report *r, const char *key, const struct owner *owner, size_t n,
                       bool by_namespace)
{
    json_t *rows = sy_write_array(&r->w, r->root, key);
    for (size_t i = 0; i < n; i++) {
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "namespace", owner[i].namespace_);
        if (!by_namespace) {
            sy_write_text(&r->w, row, "ownerKind", *owner[i].kind != '\0' ? owner[i].kind : NULL);
            sy_write_text(&r->w, row, "owner", *owner[i].name != '\0' ? owner[i].name : NULL);
        }
        sy_write_int(&r->w, row, "pods", owner[i].pods);
        sy_write_int(&r->w, row, "pending", owner[i].pending);
        sy_write_int(&r->w, row, "devices", devices_of(&owner[i]));
        json_t *kinds = sy_write_object(&r->w, row, "kinds");
        for (unsigned k = 0; k < SY_KIND_COUNT; k++)
            if (owner[i].held[k] > 0)
                sy_write_int(&r->w, kinds, sy_kind_name(k), owner[i].held[k]);
        sy_write_int(&r->w, row, "wanted", owner[i].wanted);
        bool told = owner[i].watts_mw > 0 || holds_nothing(&owner[i]);
        sy_write_milli(&r->w, row, "watts", told ? owner[i].watts_mw : SY_UNKNOWN_MW);
    }
}

/* Pods that neither hold nor ask for a device are left out. */
static bool counts(const struct owner *owner)
{
    return owner->wanted > 0 || !holds_nothing(owner);
}

enum sy_code sy_report_section_owners(struct sy_report *r, struct sy_err *err)
{
    const struct sy_state *state = r->state;
    sy_autofree struct owner *owner = sy_calloc(state->npod + 1, sizeof *owner);
    if (owner == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (int by_namespace = 1; by_namespace >= 0; by_namespace--) {
        size_t n = 0;
        for (size_t i = 0; i < state->npod; i++) {
            const struct sy_state_pod *pod = &state->pod[i];
            bool owned = !by_namespace && pod->owner_name != NULL && pod->owner_kind != NULL;
            owner[n] = (struct owner){
                .namespace_ = pod->namespace_,
                .kind = owned          ? pod->owner_kind
                        : by_namespace ? ""
                                       : "Pod",
                .name = owned          ? pod->owner_name
                        : by_namespace ? ""
                                       : pod->name,
            };
            count_pod(r, pod, &owner[n]);
            n += counts(&owner[n]);
        }
        merge(owner, &n);
        write_rows(r, by_namespace ? "namespaces" : "owners", owner, n, by_namespace == 1);
    }
    return SY_OK;
}
