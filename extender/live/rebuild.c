/* SPDX-License-Identifier: Apache-2.0 */
/* From the records of one node to the node that decisions read. */
#include "extender/live/live_private.h"

#include <string.h>

/* Of the node's NodeFabric, else of the annotation that its Node carries; NULL = nobody knows. */
static struct sy_fabric *fabric_of(const struct live_node *node)
{
    if (!node->has_node)
        return NULL;
    return node->fabric != NULL ? node->fabric : node->template_;
}

enum sy_report_age sy_live_age(const struct sy_live *live, const struct live_node *node,
                               int64_t steady_us, int64_t unix_us, int64_t *ret_us,
                               int64_t *ret_due_us)
{
    int64_t old_us = (int64_t)live->options.old_s * 1000000;
    int64_t expired_us = (int64_t)live->options.expired_s * 1000000;
    *ret_due_us = INT64_MAX;
    *ret_us = 0;
    if (node->report == NULL)
        return SY_REPORT_FRESH;
    int64_t age_us = steady_us - node->received_us;
    /* A time that has not come yet is another clock's: then only what we have seen counts. */
    if (node->observed_us > 0 && unix_us - node->observed_us > age_us)
        age_us = unix_us - node->observed_us;
    *ret_us = age_us;
    if (!node->has_object || age_us > expired_us)
        return SY_REPORT_EXPIRED;
    bool old = age_us > old_us;
    *ret_due_us = steady_us + (old ? expired_us : old_us) - age_us + 1;
    return old ? SY_REPORT_OLD : SY_REPORT_FRESH;
}

/* The ids of "Ascend910-0,Ascend910-1". */
static enum sy_code split_named(const char *text, struct sy_arena *arena, struct sy_bound_pod *ret,
                                struct sy_err *err)
{
    size_t n = 1;
    for (const char *c = text; *c != '\0'; c++)
        n += *c == ',';
    const char **named = sy_arena_calloc(arena, n, sizeof(const char *));
    if (named == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    ret->named = named;
    for (;;) {
        text += strspn(text, " ,");
        size_t len = strcspn(text, ",");
        size_t next = len;
        while (len > 0 && text[len - 1] == ' ')
            len--;
        if (len == 0)
            return SY_OK;
        named[ret->nnamed] = sy_arena_strndup(arena, text, len);
        if (named[ret->nnamed++] == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        text += next;
    }
}

/* Pods of the node that a watch has shown; one only chosen for it and never seen asks for nobody
 * knows what. */
static enum sy_code gather_pods(const struct live_node *node, struct sy_arena *arena,
                                struct sy_occupancy_input *input, struct live_pod ***ret,
                                struct sy_err *err)
{
    struct sy_bound_pod *bound = sy_arena_calloc(arena, node->npod, sizeof *bound);
    struct live_pod **record = sy_arena_calloc(arena, node->npod, sizeof(struct live_pod *));
    enum sy_code code = SY_OK;
    if (bound == NULL || record == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (struct live_pod *pod = node->pod; pod != NULL && code == SY_OK; pod = pod->next) {
        if (pod->request == NULL)
            continue;
        record[input->npod] = pod;
        bound[input->npod] = (struct sy_bound_pod){.uid = pod->uid,
                                                   .namespace_ = pod->namespace_,
                                                   .name = pod->name,
                                                   .scheduled_us = pod->scheduled_us,
                                                   .request = &pod->request->request};
        if (pod->named != NULL)
            code = split_named(pod->named, arena, &bound[input->npod], err);
        input->npod++;
    }
    input->pod = bound;
    *ret = record;
    return code;
}

static enum sy_code read_cordon(struct sy_live *live, struct live_node *node,
                                struct sy_occupancy_input *input, struct sy_err *err)
{
    struct sy_cordon *cordon = NULL;
    const char *wrong = NULL;
    if (node->cordon == NULL)
        return SY_OK;
    enum sy_code code =
        sy_cordon_parse(node->cordon, live->scratch, &cordon, &input->ncordon, &wrong, err);
    if (code != SY_OK)
        return code;
    input->cordon = cordon;
    if (wrong == NULL || !sy_digest_equal(node->cordon_said, (struct sy_digest){0}))
        return SY_OK;
    node->cordon_said = node->node_digest;
    sy_live_say(live, SY_LEVEL_ERROR, "annotation " SY_CORDON_ANNOTATION " is partly wrong", "node",
                node->name, wrong);
    return SY_OK;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_holders(const struct sy_usage *a, const struct sy_usage *b)
{
    if (a->nholder != b->nholder)
        return false;
    for (uint16_t i = 0; i < a->nholder; i++) {
        const struct sy_holder *one = &a->holder[i], *other = &b->holder[i];
        if (!same_text(one->uid, other->uid) || !same_text(one->name, other->name) ||
            !same_text(one->namespace_, other->namespace_) ||
            !same_text(one->container, other->container))
            return false;
    }
    for (uint16_t u = 0; u < a->nunit; u++)
        if (!same_text(a->unit[u].reason, b->unit[u].reason) ||
            a->unit[u].holder_first != b->unit[u].holder_first ||
            a->unit[u].holder_count != b->unit[u].holder_count)
            return false;
    return true;
}

static bool same_labels(const struct sy_node *a, const struct sy_node *b)
{
    if (a->nlabel != b->nlabel)
        return false;
    for (uint32_t i = 0; i < a->nlabel; i++)
        if (strcmp(a->label[i].key, b->label[i].key) != 0 ||
            strcmp(a->label[i].value, b->label[i].value) != 0)
            return false;
    return true;
}

/* May a decision, or what it says, differ? Times and watts measured move all the time. */
static bool differs(const struct sy_node *a, const struct sy_node *b)
{
    if (a == NULL || b == NULL)
        return a != b;
    return a->fabric != b->fabric || !sy_digest_equal(a->state, b->state) ||
           a->usage->limit_mw != b->usage->limit_mw || a->usage->base_mw != b->usage->base_mw ||
           a->usage->stray != b->usage->stray || !same_holders(a->usage, b->usage) ||
           !same_labels(a, b);
}

static void replace(struct sy_live *live, struct live_node *node, struct sy_node *built)
{
    bool differ = differs(node->built, built);
    if (differ && node->owed_us == 0)
        node->owed_us = node->read_us; /* what does not matter waits for company, unmeasured */
    node->read_us = 0;
    if (node->built == NULL && built == NULL)
        return;
    live->loud = live->loud || differ;
    if (differ && built != NULL)
        sy_live_wake(live, node->built, built);
    sy_node_unref(node->built);
    node->built = built;
    if (node->changed)
        return;
    node->changed = true;
    node->changed_next = live->changed;
    live->changed = node;
}

static enum sy_code build(struct sy_live *live, struct live_node *node, struct sy_fabric *fabric,
                          struct sy_err *err)
{
    struct sy_occupancy_input input = {
        .fabric = fabric,
        .report = fabric == node->fabric ? node->report : NULL,
        .age = (enum sy_report_age)node->age,
        .pods_known = true,
        .profile = sy_policy_profile(live->policy, NULL),
        .budget_steps = live->policy->search_budget_steps,
    };
    struct live_pod **record;
    struct sy_usage *usage = NULL;
    struct sy_node *built = NULL;
    enum sy_code code = gather_pods(node, live->scratch, &input, &record, err);
    if (code == SY_OK)
        code = read_cordon(live, node, &input, err);
    if (code != SY_OK)
        return code;
    struct sy_charge *charge = sy_arena_calloc(live->scratch, input.npod, sizeof *charge);
    if (charge == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    code = sy_occupancy_of(&input, live->scratch, &usage, charge, err);
    if (code == SY_OK)
        code = sy_node_new(node->name, fabric, usage, node->label, node->nlabel, &built, err);
    sy_usage_unref(usage);
    if (code != SY_OK)
        return code;
    for (size_t i = 0; i < input.npod; i++)
        sy_live_settle(live, node, record[i], fabric, &charge[i]);
    replace(live, node, built);
    return SY_OK;
}

enum sy_code sy_live_rebuild(struct sy_live *live, struct live_node *node, struct sy_err *err)
{
    int64_t age_us;
    node->age = (uint8_t)sy_live_age(live, node, sy_live_steady_us(live), sy_live_unix_us(live),
                                     &age_us, &node->age_due_us);
    if (node->age_due_us < live->age_due_us)
        live->age_due_us = node->age_due_us;
    struct sy_fabric *fabric = fabric_of(node);
    if (fabric == NULL) {
        for (struct live_pod *pod = node->pod; pod != NULL; pod = pod->next)
            pod->looked = false;
        replace(live, node, NULL);
        return SY_OK;
    }
    struct sy_err why = {0};
    enum sy_code code = build(live, node, fabric, &why);
    sy_arena_reset(live->scratch);
    if (code == SY_OK)
        node->unmade = false;
    else if (code == SY_ENOMEM)
        return sy_fail(err, code, "%s", why.text);
    else if (!node->unmade) { /* more than we can take in: this one stays, others go on */
        node->unmade = true;
        sy_live_say(live, SY_LEVEL_ERROR, "node cannot be made anew, it stays as it was", "node",
                    node->name, why.text);
    }
    return SY_OK;
}
