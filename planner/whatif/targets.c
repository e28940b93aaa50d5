/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/whatif/targets.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

const char *sy_state_label(const struct sy_state_node *node, const char *key)
{
    for (size_t i = 0; i < node->nlabel; i++)
        if (strcmp(node->label[i].key, key) == 0)
            return node->label[i].value;
    return NULL;
}

/* Ids of the nodes that are there, ascending by name. */
struct sorted {
    uint32_t n, *node;
};
struct named {
    const char *name;
    uint32_t node;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static enum sy_code all_sorted(const struct sy_plan *plan, struct sy_arena *arena,
                               struct sorted *ret, struct sy_err *err)
{
    uint32_t all = sy_plan_nodes(plan), n = 0;
    struct named *named = sy_arena_calloc(arena, all, sizeof *named);
    uint32_t *node = sy_arena_calloc(arena, all, sizeof *node);
    if (named == NULL || node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (uint32_t i = 0; i < all; i++)
        if (!sy_plan_node(plan, i).gone)
            named[n++] = (struct named){sy_plan_node(plan, i).object->name, i};
    if (n > 1)
        qsort(named, n, sizeof *named, by_name);
    for (uint32_t i = 0; i < n; i++)
        node[i] = named[i].node;
    *ret = (struct sorted){n, node};
    return SY_OK;
}

#define TERM_MAX 512u

struct term {
    char key[TERM_MAX];
    const char *value; /* in key's buffer; NULL = the key alone */
    bool not_;
};

/* One term of a selector, and where the next begins (NULL: none). */
static bool read_term(const char *text, struct term *ret, const char **ret_next)
{
    size_t len = strcspn(text, ",");
    if (len == 0 || len >= TERM_MAX)
        return false;
    memcpy(ret->key, text, len);
    ret->key[len] = '\0';
    *ret_next = text[len] == ',' ? text + len + 1 : NULL;
    ret->value = NULL;
    ret->not_ = false;
    char *equals = strchr(ret->key, '=');
    if (equals != NULL) {
        ret->value = equals + 1 + (equals[1] == '=');
        ret->not_ = equals > ret->key && equals[-1] == '!';
        equals[ret->not_ ? -1 : 0] = '\0';
    } else if (ret->key[0] == '!') {
        ret->not_ = true;
        memmove(ret->key, ret->key + 1, len);
    }
    return ret->key[0] != '\0' && strpbrk(ret->key, " !()=") == NULL;
}

static bool term_matches(const struct term *term, const struct sy_state_node *node)
{
    const char *value = sy_state_label(node, term->key);
    bool has = value != NULL && (term->value == NULL || strcmp(value, term->value) == 0);
    return has != term->not_;
}

enum sy_code sy_targets_selected(const struct sy_plan *plan, const char *selector,
                                 struct sy_arena *arena, struct sy_targets *ret, struct sy_err *err)
{
    struct sorted all;
    char shown[120];
    enum sy_code code = all_sorted(plan, arena, &all, err);
    for (const char *at = selector; code == SY_OK && at != NULL;) {
        struct term term;
        uint32_t n = 0;
        if (!read_term(at, &term, &at))
            return sy_fail(err, SY_EUSAGE,
                           "--selector '%s': expected KEY=VALUE, KEY!=VALUE, KEY or !KEY, with "
                           "commas between",
                           sy_quote(shown, sizeof shown, selector, strlen(selector)));
        for (uint32_t i = 0; i < all.n; i++)
            if (term_matches(&term, sy_plan_node(plan, all.node[i]).object))
                all.node[n++] = all.node[i];
        all.n = n;
    }
    if (code != SY_OK)
        return code;
    if (all.n == 0 && selector != NULL)
        return sy_fail(err, SY_ENOENT, "--selector '%s': no node matches",
                       sy_quote(shown, sizeof shown, selector, strlen(selector)));
    *ret = (struct sy_targets){selector, all.n, all.node};
    return SY_OK;
}

enum sy_code sy_targets_named(const struct sy_plan *plan, const char *const *name, size_t n,
                              struct sy_arena *arena, struct sy_targets *ret, struct sy_err *err)
{
    char shown[120];
    uint32_t *node = sy_arena_calloc(arena, n, sizeof *node);
    if (node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (size_t i = 0; i < n; i++) {
        int64_t id = sy_plan_find_node(plan, name[i]);
        (void)sy_quote(shown, sizeof shown, name[i], strlen(name[i]));
        if (id < 0 || sy_plan_node(plan, (uint32_t)id).gone)
            return sy_fail(err, SY_ENOENT, "no node '%s' in the cluster", shown);
        for (size_t j = 0; j < i; j++)
            if (node[j] == (uint32_t)id)
                return sy_fail(err, SY_ECONFLICT, "node '%s' is given twice", shown);
        node[i] = (uint32_t)id;
    }
    *ret = (struct sy_targets){n == 1 ? name[0] : NULL, n, node};
    return SY_OK;
}

int32_t sy_domain_find(const struct sy_policy *policy, const char *name)
{
    for (unsigned i = 0; i < policy->ndomain; i++)
        if (strcmp(policy->domain[i].name, name) == 0)
            return (int32_t)i;
    return -1;
}

static enum sy_code fail_domain(const struct sy_policy *policy, const char *name,
                                struct sy_err *err)
{
    char shown[80], list[200] = "";
    size_t len = 0;
    (void)sy_quote(shown, sizeof shown, name, strlen(name));
    if (policy->ndomain == 0)
        return sy_fail(err, SY_ENOENT, "no power domain '%s': the policy has none", shown);
    for (unsigned i = 0; i < policy->ndomain && len + 60 < sizeof list; i++) {
        int more = snprintf(list + len, sizeof list - len, "%s%.50s", i > 0 ? ", " : "",
                            policy->domain[i].name);
        len += more > 0 ? (size_t)more : 0;
    }
    return sy_fail(err, SY_ENOENT, "no power domain '%s'; the policy has %s", shown, list);
}

/* Is `inner` the domain or below it? */
static bool below(const struct sy_policy *policy, int32_t inner, int32_t domain)
{
    while (inner >= 0 && inner != domain)
        inner = policy->domain[inner].parent;
    return inner >= 0;
}

static bool is_member(const struct sy_power_domain *domain, const struct sy_state_node *node)
{
    for (unsigned i = 0; i < domain->nname; i++)
        if (strcmp(domain->node_name[i], node->name) == 0)
            return true;
    for (unsigned i = 0; i < domain->nmatch; i++) {
        const char *value = sy_state_label(node, domain->match[i].key);
        if (value == NULL || strcmp(value, domain->match[i].value) != 0)
            return false;
    }
    return domain->nmatch > 0;
}

static unsigned depth_of(const struct sy_policy *policy, int32_t domain)
{
    unsigned depth = 0;
    for (; domain >= 0; domain = policy->domain[domain].parent)
        depth++;
    return depth;
}

/* The innermost domain of a node, -1: as the power of the world has it; where that knows no
 * devices, by the same rule (the deepest; of equally deep ones the first). */
static int32_t domain_of(const struct sy_world *world, const struct sy_state_node *node)
{
    const struct sy_policy *policy = world->policy;
    int64_t at = sy_cluster_find(world->cluster, node->name, strlen(node->name));
    int32_t best = -1;
    if (at >= 0)
        return world->power->domain_of[at];
    for (int32_t i = 0; i < policy->ndomain; i++)
        if (is_member(&policy->domain[i], node) && depth_of(policy, i) > depth_of(policy, best))
            best = i;
    return best;
}

enum sy_code sy_targets_domain(struct sy_plan *plan, const char *domain, struct sy_arena *arena,
                               struct sy_targets *ret, struct sy_err *err)
{
    struct sorted all;
    struct sy_world world;
    enum sy_code code = sy_plan_world(plan, &world, err);
    if (code == SY_OK)
        code = all_sorted(plan, arena, &all, err);
    if (code != SY_OK)
        return code;
    int32_t index = sy_domain_find(world.policy, domain);
    if (index < 0)
        return fail_domain(world.policy, domain, err);
    uint32_t n = 0;
    for (uint32_t i = 0; i < all.n; i++)
        if (below(world.policy, domain_of(&world, sy_plan_node(plan, all.node[i]).object), index))
            all.node[n++] = all.node[i];
    *ret = (struct sy_targets){world.policy->domain[index].name, n, all.node};
    return SY_OK;
}

/* Nodes side by side that have the same value of the label. */
struct labelled {
    const char *value, *name;
    uint32_t node;
};

static int by_value(const void *left, const void *right)
{
    const struct labelled *a = left, *b = right;
    int order = strcmp(a->value, b->value);
    return order != 0 ? order : strcmp(a->name, b->name);
}

enum sy_code sy_targets_by_label(const struct sy_plan *plan, const char *key,
                                 struct sy_arena *arena, struct sy_targets **ret, size_t *ret_n,
                                 struct sy_err *err)
{
    uint32_t all = sy_plan_nodes(plan), n = 0;
    size_t groups = 0;
    struct labelled *list = sy_arena_calloc(arena, all, sizeof *list);
    struct sy_targets *group = sy_arena_calloc(arena, all, sizeof *group);
    uint32_t *node = sy_arena_calloc(arena, all, sizeof *node);
    if (list == NULL || group == NULL || node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (uint32_t i = 0; i < all; i++) {
        const struct sy_plan_node at = sy_plan_node(plan, i);
        const char *value = at.gone ? NULL : sy_state_label(at.object, key);
        if (value != NULL)
            list[n++] = (struct labelled){value, at.object->name, i};
    }
    if (n > 1)
        qsort(list, n, sizeof *list, by_value);
    for (uint32_t i = 0; i < n; i++) {
        node[i] = list[i].node;
        if (i == 0 || strcmp(list[i].value, list[i - 1].value) != 0)
            group[groups++] = (struct sy_targets){.name = list[i].value, .node = &node[i]};
        group[groups - 1].n++;
    }
    *ret = group;
    *ret_n = groups;
    return SY_OK;
}
