/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include "base/file.h"
#include "base/str.h"
#include "topology/node_json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)64 << 20)

static const char *const covers[] = {
#define X(id, name) name,
    SY_COVERS(X)
#undef X
};

static void name_units(struct ledger *l)
{
    struct sy_fabric *f = l->node->fabric;
    unsigned npu = 0;
    for (unsigned u = 0; u < f->nunit; u++) {
        struct sy_unit *unit = &f->unit[u];
        if (unit->kind == SY_KIND_NPU && f->inv.obj[unit->obj].name == NULL)
            f->inv.obj[unit->obj].name = sy_arena_printf(l->arena, "davinci%u", npu++);
        if (unit->pf >= 0)
            unit->resources = f->unit[unit->pf].resources;
    }
}

/* Read once: thousands of ledgers share them. */
static void load_shared(struct ledger *l)
{
    static struct sy_catalogue *catalogue;
    static struct sy_policy *policy;
    struct sy_err err = {0};
    if (catalogue == NULL)
        ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
    if (policy == NULL)
        ck_assert_msg(sy_policy_load(NULL, &policy, &err) == SY_OK, "%s", err.text);
    l->catalogue = sy_catalogue_ref(catalogue);
    l->policy = sy_policy_ref(policy);
}

void ledger_open(struct ledger *l, const char *machine, const char *status)
{
    char path[1024], text[8192];
    sy_autofree char *data = NULL;
    size_t len;
    struct sy_err err = {0};
    memset(l, 0, sizeof *l);
    (void)snprintf(path, sizeof path, SY_SOURCE_DIR "/tests/golden/nodes/%s.json", machine);
    int n = snprintf(text, sizeof text, "{\"status\":%s}", status != NULL ? status : "{}");
    ck_assert_int_lt(n, (int)sizeof text);
    l->arena = sy_arena_new(ARENA_BYTES);
    ck_assert_ptr_nonnull(l->arena);
    load_shared(l);
    ck_assert_msg(sy_file_read(path, SY_NODE_JSON_MAX, &data, &len, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(
        sy_node_from_bytes(data, len, text, (size_t)n, NULL, l->catalogue, &l->node, &err) == SY_OK,
        "%s", err.text);
    name_units(l);
    l->in = (struct sy_occupancy_input){
        .fabric = l->node->fabric,
        .report = status != NULL ? l->node->usage : NULL,
        .pod = l->pod,
        .pods_known = true,
        .profile = sy_policy_profile(l->policy, NULL),
        .budget_steps = 20000,
    };
}

void ledger_close(struct ledger *l)
{
    sy_node_unref(l->node);
    sy_policy_unref(l->policy);
    sy_catalogue_unref(l->catalogue);
    sy_arena_free(l->arena);
}

static void add_entry(struct ledger *l, struct sy_request *r, const char *name, unsigned count)
{
    int resource = sy_catalogue_resource_find(l->catalogue, name);
    ck_assert_msg(resource >= 0, "no resource %s", name);
    unsigned i = r->nentry++;
    for (; i > 0 && r->entry[i - 1].resource > resource; i--)
        r->entry[i] = r->entry[i - 1];
    r->entry[i] = (struct sy_entry){(uint16_t)resource, (uint16_t)count,
                                    sy_arena_printf(l->arena, "%s", name)};
}

struct sy_request ledger_request(struct ledger *l, const char *ask, const char *require)
{
    struct sy_request r = {.expected_mw = SY_UNKNOWN_MW};
    char *text = sy_arena_printf(l->arena, "%s", ask), *rest = NULL;
    for (char *at = strtok_r(text, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(at, '=');
        ck_assert_ptr_nonnull(equals);
        *equals = '\0';
        add_entry(l, &r, at, (unsigned)strtoul(equals + 1, NULL, 10));
    }
    if (require != NULL)
        r.require[r.nrequire++] = (struct sy_require){.scope = (uint8_t)sy_scope_find(require)};
    return r;
}

void ledger_add(struct ledger *l, const struct ledger_pod *pod)
{
    size_t i = l->in.npod++, n = 0;
    ck_assert_uint_lt(i, LEDGER_PODS);
    const char **named = sy_arena_calloc(l->arena, 32, sizeof *named);
    char *text = sy_arena_printf(l->arena, "%s", pod->named != NULL ? pod->named : "");
    char *rest = NULL;
    ck_assert(named != NULL && text != NULL);
    for (char *at = strtok_r(text, ",", &rest); at != NULL; at = strtok_r(NULL, ",", &rest))
        named[n++] = at;
    l->request[i] = ledger_request(l, pod->ask, pod->require);
    l->pod[i] = (struct sy_bound_pod){.uid = pod->uid,
                                      .namespace_ = "ns",
                                      .name = pod->name,
                                      .scheduled_us = pod->at_s * INT64_C(1000000),
                                      .request = &l->request[i],
                                      .nnamed = n,
                                      .named = named};
}

void ledger_check(const struct ledger *l, struct sy_usage *usage)
{
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    ck_assert_int_eq(sy_node_new("n", l->node->fabric, usage, NULL, 0, &node, &err), SY_OK);
    ck_assert_msg(sy_node_check(node, &err) == SY_OK, "%s", err.text);
    sy_node_unref(node);
}

struct sy_usage *ledger_run(struct ledger *l)
{
    struct sy_err err = {0};
    struct sy_usage *usage = NULL;
    struct sy_arena *scratch = sy_arena_new(ARENA_BYTES);
    ck_assert_ptr_nonnull(scratch);
    ck_assert_msg(sy_occupancy_of(&l->in, scratch, &usage, l->charge, &err) == SY_OK, "%s",
                  err.text);
    sy_arena_free(scratch); /* the result must not lean on it */
    ledger_check(l, usage);
    return usage;
}

const char *ledger_show(struct ledger *l, const struct sy_devset *set)
{
    char text[512];
    (void)sy_devset_format(set, text, sizeof text);
    return sy_arena_printf(l->arena, "%s", text[0] != '\0' ? text : "-");
}

const char *ledger_show_charges(struct ledger *l)
{
    char *all = sy_arena_printf(l->arena, "%s", "");
    for (size_t i = 0; i < l->in.npod; i++)
        all = sy_arena_printf(l->arena, "%s%s%s:%s", all, i > 0 ? " " : "",
                              covers[l->charge[i].cover], ledger_show(l, &l->charge[i].units));
    return all;
}

struct sy_devset ledger_set(const char *text)
{
    struct sy_devset set;
    ck_assert_int_eq(sy_devset_parse(text, &set, NULL), SY_OK);
    return set;
}
