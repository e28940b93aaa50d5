/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/inventory.h"

#include "topology/fabric.h"

#include <string.h>

static const char *const obj_names[] = {
#define X(id, name) name,
    SY_OBJ_TYPES(X)
#undef X
};

static const char *const link_names[] = {
#define X(id, name) name,
    SY_LINK_TYPES(X)
#undef X
};

static const char *const policy_names[] = {
#define X(id, name) name,
    SY_TOPOLOGY_POLICIES(X)
#undef X
};

static const char *const scope_names[] = {
#define X(id, name) name,
    SY_TOPOLOGY_SCOPES(X)
#undef X
};

const char *sy_obj_type_name(enum sy_obj_type type)
{
    return (unsigned)type < SY_OBJ_TYPE_COUNT ? obj_names[type] : "?";
}

const char *sy_link_type_name(enum sy_link_type type)
{
    return (unsigned)type < SY_LINK_TYPE_COUNT ? link_names[type] : "?";
}

const char *sy_topology_policy_name(enum sy_topology_policy policy)
{
    return (unsigned)policy < SY_TOPOLOGY_POLICY_COUNT ? policy_names[policy] : "?";
}

const char *sy_topology_scope_name(enum sy_topology_scope scope)
{
    return (unsigned)scope < SY_TOPOLOGY_SCOPE_COUNT ? scope_names[scope] : "?";
}

static int find(const char *const *names, int first, int count, const char *name)
{
    for (int i = first; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

int sy_obj_type_find(const char *name)
{
    return find(obj_names, 0, SY_OBJ_TYPE_COUNT, name);
}

int sy_link_type_find(const char *name)
{
    return find(link_names, SY_LINK_NONE + 1, SY_LINK_TYPE_COUNT, name);
}

enum sy_topology_policy sy_topology_policy_find(const char *name)
{
    int i = find(policy_names, SY_TOPOLOGY_POLICY_UNKNOWN + 1, SY_TOPOLOGY_POLICY_COUNT, name);
    return i < 0 ? SY_TOPOLOGY_POLICY_UNKNOWN : (enum sy_topology_policy)i;
}

enum sy_topology_scope sy_topology_scope_find(const char *name)
{
    int i = find(scope_names, SY_TOPOLOGY_SCOPE_UNKNOWN + 1, SY_TOPOLOGY_SCOPE_COUNT, name);
    return i < 0 ? SY_TOPOLOGY_SCOPE_UNKNOWN : (enum sy_topology_scope)i;
}

uint16_t sy_inventory_ancestor(const struct sy_inventory *inv, uint16_t a, uint16_t b)
{
    /* A parent has the smaller index: the larger of two different objects cannot be the ancestor.
     */
    while (a != b) {
        if (a > b)
            a = inv->obj[a].parent;
        else
            b = inv->obj[b].parent;
    }
    return a;
}
