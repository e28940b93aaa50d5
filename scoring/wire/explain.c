/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/wire/explain.h"

#include "scoring/wire/explain_private.h"

static json_t *weights(const struct sy_profile *profile)
{
    if (profile == NULL)
        return json_null();
    json_t *obj = json_object();
    for (enum sy_term term = 0; term < SY_TERM_COUNT; term++)
        sy_explain_put(obj, sy_term_name(term), json_integer(profile->term[term]));
    return obj;
}

/* What packing weighs, where it has a say. */
static json_t *packing(const struct sy_world *world, const struct sy_profile *profile)
{
    if (world->workload == NULL || profile == NULL || !sy_packing_used(&profile->packing))
        return json_null();
    const struct sy_packing_weights *weights = &profile->packing;
    json_t *obj = json_object();
    sy_explain_put(obj, "fragmentation", json_integer(weights->fragmentation));
    sy_explain_put(obj, "unusable", json_integer(weights->unusable));
    sy_explain_put(obj, "remainder", json_integer(weights->remainder));
    sy_explain_put(obj, "power", json_integer(weights->power));
    sy_explain_put(obj, "quantumMilli", json_integer(weights->quantum_milli));
    sy_explain_put(obj, "kinds", json_integer(world->workload->nclass));
    return obj;
}

static json_t *wire_mapping(const struct sy_policy *policy, const struct sy_verdict *verdict,
                            size_t n)
{
    json_t *obj = json_object();
    bool stretch = policy->wire_mapping == SY_WIRE_STRETCH;
    sy_explain_put(obj, "mapping", json_string(stretch ? "stretch" : "absolute"));
    sy_explain_put(obj, "leastSpan", stretch ? json_integer(policy->wire_least_span) : json_null());
    sy_explain_put(obj, "lostOrder", sy_thousandths(sy_engine_wire_lost(verdict, n)));
    return obj;
}

static json_t *notes(const struct sy_world *world, const struct sy_request *request)
{
    json_t *array = json_array();
    char buf[160];
    const char *no_profile = sy_engine_no_profile(world, request, buf, sizeof buf);
    if (request->malformed != NULL)
        sy_explain_add(array, json_string(request->malformed));
    if (no_profile != NULL)
        sy_explain_add(array, json_string(no_profile));
    for (unsigned i = 0; i < request->nnote; i++)
        sy_explain_add(array, json_string(request->note[i]));
    if (request->nentry == 0)
        sy_explain_add(
            array, json_string("the pod asks for no device of the catalogue: every node passes"));
    return array;
}

static json_t *explanation(const struct sy_world *world, const struct sy_request *request,
                           const struct sy_candidate *candidate, const struct sy_verdict *verdict,
                           size_t n)
{
    const struct sy_profile *profile = sy_policy_profile(world->policy, request->profile);
    json_t *obj = json_object(), *nodes = json_array();
    sy_explain_put(obj, "apiVersion", json_string("switchyard.dev/v1alpha1"));
    sy_explain_put(obj, "kind", json_string("Explanation"));
    sy_explain_put(obj, "pod", sy_explain_pod(request));
    sy_explain_put(obj, "request", sy_explain_request(world, request));
    sy_explain_put(obj, "profile",
                   sy_explain_text(profile != NULL ? profile->name : request->profile));
    sy_explain_put(obj, "weights", weights(profile));
    if (world->workload != NULL)
        sy_explain_put(obj, "packing", packing(world, profile));
    sy_explain_put(obj, "wireMapping", wire_mapping(world->policy, verdict, n));
    sy_explain_put(obj, "notes", notes(world, request));
    for (size_t i = 0; i < n; i++)
        sy_explain_add(nodes, sy_explain_node(world, request, profile, &candidate[i], &verdict[i]));
    sy_explain_put(obj, "nodes", nodes);
    return obj;
}

enum sy_code sy_explain_to_json(const struct sy_world *world, const struct sy_request *request,
                                const struct sy_candidate *candidate,
                                const struct sy_verdict *verdict, size_t n, json_t **ret,
                                struct sy_err *err)
{
    sy_mem_watch_begin();
    sy_autojson json_t *obj = explanation(world, request, candidate, verdict, n);
    if (sy_mem_watch_end())
        return sy_fail(err, SY_ENOMEM, "out of memory while explaining");
    *ret = SY_TAKE(obj);
    return SY_OK;
}
