/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and power domains are brought together through two sorted tables (names, and each domain's
 * first label), so that the work is nodes x labels, not nodes x domains. */
#include "scoring/policy_private.h"
#include "scoring/power_private.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *key, *value; /* a node's name and NULL, or a label */
    int32_t domain;
};

struct tables {
    struct row *names, *labels;
    size_t nname, nlabel;
    const uint16_t *depth; /* of domains */
    const struct sy_policy *policy;
};

static int by_content(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    if (order == 0 && x->value != NULL && y->value != NULL)
        order = strcmp(x->value, y->value);
    return order != 0 ? order : x->domain < y->domain ? -1 : x->domain > y->domain;
}

/* Index of the first row that is not below (key, value). */
static size_t first_row(const struct row *rows, size_t n, const char *key, const char *value)
{
    struct row wanted = {.key = key, .value = value, .domain = -1};
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (by_content(&rows[mid], &wanted) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool matches(const struct sy_power_domain *domain, const struct sy_node *node)
{
    for (unsigned i = 0; i < domain->nmatch; i++) {
        const char *value = sy_node_label(node, domain->match[i].key);
        if (value == NULL || strcmp(value, domain->match[i].value) != 0)
            return false;
    }
    return true;
}

/* The deeper domain; of equally deep ones the first. */
static int32_t better(const struct tables *t, int32_t a, int32_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    if (t->depth[a] != t->depth[b])
        return t->depth[a] > t->depth[b] ? a : b;
    return a < b ? a : b;
}

static int32_t innermost(const struct tables *t, const struct sy_node *node)
{
    int32_t best = -1;
    size_t i = first_row(t->names, t->nname, node->name, NULL);
    for (; i < t->nname && strcmp(t->names[i].key, node->name) == 0; i++)
        best = better(t, best, t->names[i].domain);
    for (uint32_t k = 0; t->nlabel > 0 && k < node->nlabel; k++) {
        const struct sy_label *label = &node->label[k];
        i = first_row(t->labels, t->nlabel, label->key, label->value);
        for (; i < t->nlabel && strcmp(t->labels[i].key, label->key) == 0 &&
               strcmp(t->labels[i].value, label->value) == 0;
             i++)
            if (matches(&t->policy->domain[t->labels[i].domain], node))
                best = better(t, best, t->labels[i].domain);
    }
    return best;
}

static void fill_rows(struct tables *t)
{
    for (int32_t i = 0; i < t->policy->ndomain; i++) {
        const struct sy_power_domain *domain = &t->policy->domain[i];
        for (unsigned k = 0; k < domain->nname; k++)
            t->names[t->nname++] = (struct row){domain->node_name[k], NULL, i};
        if (domain->nmatch > 0)
            t->labels[t->nlabel++] = (struct row){domain->match[0].key, domain->match[0].value, i};
    }
    qsort(t->names, t->nname, sizeof *t->names, by_content);
    qsort(t->labels, t->nlabel, sizeof *t->labels, by_content);
}

enum sy_code sy_power_members(const struct sy_cluster *cluster, const struct sy_policy *policy,
                              int32_t *domain_of, struct sy_err *err)
{
    size_t total = 0;
    for (unsigned i = 0; i < policy->ndomain; i++)
        total += policy->domain[i].nname;
    sy_autofree struct row *names = sy_calloc(total, sizeof *names);
    sy_autofree struct row *labels = sy_calloc(policy->ndomain, sizeof *labels);
    sy_autofree uint16_t *depth = sy_calloc(policy->ndomain, sizeof *depth);
    if (names == NULL || labels == NULL || depth == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (unsigned i = 0; i < policy->ndomain; i++)
        if (policy->domain[i].parent >= 0) /* a parent stands before its children */
            depth[i] = (uint16_t)(depth[policy->domain[i].parent] + 1);
    struct tables t = {.names = names, .labels = labels, .depth = depth, .policy = policy};
    fill_rows(&t);
    for (uint32_t i = 0; i < cluster->n; i++)
        domain_of[i] = policy->ndomain > 0 ? innermost(&t, cluster->node[i]) : -1;
    return SY_OK;
}
