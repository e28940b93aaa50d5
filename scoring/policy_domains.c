/* SPDX-License-Identifier: Apache-2.0 */
/* powerDomains of a policy file: a forest of named limits with nodes at them. */
#include "base/str.h"
#include "scoring/policy_private.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_LEN_MAX 253u /* of names, label keys and values */
#define MATCH_MAX 16u
#define NAMES_MAX 60000u

/* A domain as it stands in the file. */
struct draft {
    struct sy_power_domain domain;
    const struct sy_yaml *at, *name_at, *parent_at;
    const char *parent;
    uint32_t up; /* index of the parent's draft, own index for a root */
    uint32_t depth, place;
};

/* A text with the place it stands at, for sorting. */
struct mention {
    const char *text;
    uint32_t draft;
    const struct sy_yaml *at;
};

static int by_text(const void *a, const void *b)
{
    const struct mention *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    if (order != 0)
        return order;
    if (x->at->line != y->at->line)
        return x->at->line < y->at->line ? -1 : 1;
    return x->at->column < y->at->column ? -1 : x->at->column > y->at->column;
}

static enum sy_code no_memory(const struct sy_policy_reader *r, const struct sy_yaml *at)
{
    return sy_yaml_fail(r->file, at, SY_ENOMEM, r->err, "out of memory");
}

static enum sy_code read_match(struct sy_policy_reader *r, const struct sy_yaml *selector,
                               struct draft *d)
{
    static const char *const known[] = {"matchLabels", NULL};
    enum sy_code code = sy_yaml_only(r->file, selector, known, r->err);
    if (code != SY_OK)
        return code;
    const struct sy_yaml *labels = sy_yaml_get(selector, "matchLabels");
    if (labels == NULL || labels->kind != SY_YAML_MAP || labels->count == 0)
        return sy_yaml_fail(r->file, labels != NULL ? labels : selector, SY_EINVAL, r->err,
                            "expected matchLabels with at least one label");
    if (labels->count > MATCH_MAX)
        return sy_yaml_fail(r->file, labels, SY_ELIMIT, r->err, "more than %u labels", MATCH_MAX);
    d->domain.match = sy_arena_calloc(r->policy->arena, labels->count, sizeof *d->domain.match);
    if (d->domain.match == NULL)
        return no_memory(r, labels);
    for (size_t i = 0; code == SY_OK && i < labels->count; i++) {
        struct sy_label_match *match = &d->domain.match[i];
        code = sy_yaml_str(r->file, labels->key[i], TEXT_LEN_MAX, &match->key, r->err);
        if (code == SY_OK)
            code = sy_yaml_str(r->file, labels->item[i], TEXT_LEN_MAX, &match->value, r->err);
    }
    d->domain.nmatch = (uint8_t)labels->count;
    return code;
}

static enum sy_code read_node_names(struct sy_policy_reader *r, const struct sy_yaml *list,
                                    struct draft *d)
{
    if (list->kind != SY_YAML_LIST)
        return sy_yaml_fail(r->file, list, SY_EINVAL, r->err, "expected a list of node names");
    if (list->count > NAMES_MAX)
        return sy_yaml_fail(r->file, list, SY_ELIMIT, r->err, "more than %u node names", NAMES_MAX);
    d->domain.node_name =
        sy_arena_calloc(r->policy->arena, list->count, sizeof *d->domain.node_name);
    if (d->domain.node_name == NULL)
        return no_memory(r, list);
    enum sy_code code = SY_OK;
    for (size_t i = 0; code == SY_OK && i < list->count; i++)
        code = sy_yaml_str(r->file, list->item[i], TEXT_LEN_MAX, &d->domain.node_name[i], r->err);
    d->domain.nname = (uint16_t)list->count;
    return code;
}

static enum sy_code need(struct sy_policy_reader *r, const struct sy_yaml *map, const char *key,
                         const struct sy_yaml **ret)
{
    *ret = sy_yaml_get(map, key);
    return *ret != NULL ? SY_OK
                        : sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "'%s' is missing", key);
}

static enum sy_code read_domain(struct sy_policy_reader *r, const struct sy_yaml *map,
                                struct draft *d)
{
    static const char *const known[] = {"name",         "limitWatts", "parent",
                                        "nodeSelector", "nodeNames",  NULL};
    const struct sy_yaml *limit, *node;
    d->at = map;
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK)
        code = need(r, map, "name", &d->name_at);
    if (code == SY_OK)
        code = sy_yaml_str(r->file, d->name_at, TEXT_LEN_MAX, &d->domain.name, r->err);
    if (code == SY_OK)
        code = need(r, map, "limitWatts", &limit);
    if (code == SY_OK)
        code = sy_policy_read_watts(r, limit, 0.001, &d->domain.limit_mw);
    d->parent_at = sy_yaml_get(map, "parent");
    if (code == SY_OK && d->parent_at != NULL)
        code = sy_yaml_str(r->file, d->parent_at, TEXT_LEN_MAX, &d->parent, r->err);
    if (code == SY_OK && (node = sy_yaml_get(map, "nodeSelector")) != NULL)
        code = read_match(r, node, d);
    if (code == SY_OK && (node = sy_yaml_get(map, "nodeNames")) != NULL)
        code = read_node_names(r, node, d);
    return code;
}

/* Of two equal texts the later is the conflict. */
static enum sy_code reject_repeats(struct sy_policy_reader *r, const struct mention *sorted,
                                   size_t n, const char *what)
{
    for (size_t i = 1; i < n; i++) {
        if (strcmp(sorted[i - 1].text, sorted[i].text) != 0)
            continue;
        char shown[64];
        (void)sy_quote(shown, sizeof shown, sorted[i].text, strlen(sorted[i].text));
        const struct sy_yaml *first = sorted[i - 1].at;
        return sy_yaml_fail(r->file, sorted[i].at, SY_ECONFLICT, r->err,
                            "%s '%s' stands already at %u:%u", what, shown, first->line,
                            first->column);
    }
    return SY_OK;
}

static enum sy_code check_node_names(struct sy_policy_reader *r, const struct draft *drafts,
                                     size_t n)
{
    size_t total = 0, used = 0;
    for (size_t i = 0; i < n; i++)
        total += drafts[i].domain.nname;
    sy_autofree struct mention *all = sy_calloc(total, sizeof *all);
    if (all == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const struct sy_yaml *list = sy_yaml_get(drafts[i].at, "nodeNames");
        for (size_t k = 0; k < drafts[i].domain.nname; k++)
            all[used++] =
                (struct mention){drafts[i].domain.node_name[k], (uint32_t)i, list->item[k]};
    }
    qsort(all, total, sizeof *all, by_text);
    return reject_repeats(r, all, total, "node");
}

/* Names are unique, every parent exists: fills `up`. */
static enum sy_code link_parents(struct sy_policy_reader *r, struct draft *drafts, size_t n)
{
    sy_autofree struct mention *names = sy_calloc(n, sizeof *names);
    if (names == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        names[i] = (struct mention){drafts[i].domain.name, (uint32_t)i, drafts[i].name_at};
    qsort(names, n, sizeof *names, by_text);
    enum sy_code code = reject_repeats(r, names, n, "name");
    for (size_t i = 0; code == SY_OK && i < n; i++) {
        struct draft *d = &drafts[i];
        d->up = (uint32_t)i;
        if (d->parent == NULL)
            continue;
        size_t low = 0, high = n;
        while (low < high) {
            size_t mid = (low + high) / 2;
            if (strcmp(names[mid].text, d->parent) < 0)
                low = mid + 1;
            else
                high = mid;
        }
        char shown[64];
        if (low == n || strcmp(names[low].text, d->parent) != 0)
            return sy_yaml_fail(r->file, d->parent_at, SY_EINVAL, r->err,
                                "there is no power domain '%s'",
                                sy_quote(shown, sizeof shown, d->parent, strlen(d->parent)));
        d->up = names[low].draft;
        if (d->up == i)
            return sy_yaml_fail(r->file, d->parent_at, SY_EINVAL, r->err,
                                "a power domain is its own parent");
    }
    return code;
}

/* Depth of every domain below its root; a walk longer than all domains is a cycle. */
static enum sy_code measure_depth(struct sy_policy_reader *r, struct draft *drafts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t at = i; drafts[at].up != at; at = drafts[at].up)
            if (++drafts[i].depth > n)
                return sy_yaml_fail(r->file, drafts[i].parent_at, SY_EINVAL, r->err,
                                    "the parents of power domains form a cycle");
    }
    return SY_OK;
}

/* Parents first, else in the order of the file. */
static void put_in_order(struct sy_policy *policy, struct draft *drafts, size_t n)
{
    uint32_t place = 0;
    for (uint32_t depth = 0; place < n; depth++)
        for (size_t i = 0; i < n; i++)
            if (drafts[i].depth == depth)
                drafts[i].place = place++;
    for (size_t i = 0; i < n; i++) {
        struct sy_power_domain *domain = &policy->domain[drafts[i].place];
        *domain = drafts[i].domain;
        domain->parent = drafts[i].up == i ? -1 : (int32_t)drafts[drafts[i].up].place;
    }
    policy->ndomain = (uint16_t)n;
}

enum sy_code sy_policy_read_domains(struct sy_policy_reader *r, const struct sy_yaml *list)
{
    if (list->kind != SY_YAML_LIST)
        return sy_yaml_fail(r->file, list, SY_EINVAL, r->err, "expected a list of power domains");
    size_t n = list->count;
    if (n > SY_DOMAIN_MAX)
        return sy_yaml_fail(r->file, list, SY_ELIMIT, r->err, "more than %u power domains",
                            SY_DOMAIN_MAX);
    sy_autofree struct draft *drafts = sy_calloc(n, sizeof *drafts);
    r->policy->domain = sy_arena_calloc(r->policy->arena, n, sizeof *r->policy->domain);
    if (drafts == NULL || r->policy->domain == NULL)
        return no_memory(r, list);
    enum sy_code code = SY_OK;
    for (size_t i = 0; code == SY_OK && i < n; i++)
        code = read_domain(r, list->item[i], &drafts[i]);
    if (code == SY_OK)
        code = link_parents(r, drafts, n);
    if (code == SY_OK)
        code = measure_depth(r, drafts, n);
    if (code == SY_OK)
        code = check_node_names(r, drafts, n);
    if (code == SY_OK)
        put_in_order(r->policy, drafts, n);
    return code;
}
