/* SPDX-License-Identifier: Apache-2.0 */
/* The pod and what was understood of it; nothing else of the pod is ever shown. */
#include "scoring/wire/explain_private.h"

json_t *sy_explain_pod(const struct sy_request *request)
{
    json_t *obj = json_object();
    sy_explain_put(obj, "namespace", sy_explain_text(request->namespace_));
    sy_explain_put(obj, "name", sy_explain_text(request->name));
    sy_explain_put(obj, "uid", sy_explain_text(request->uid));
    return obj;
}

static json_t *resources(const struct sy_catalogue *cat, const struct sy_request *request)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < request->nentry; i++) {
        const struct sy_entry *entry = &request->entry[i];
        const struct sy_resource *resource = sy_catalogue_resource(cat, entry->resource);
        json_t *obj = json_object();
        sy_explain_put(obj, "resource", json_string(entry->name));
        bool whole = entry->count <= SY_COUNT_MAX;
        sy_explain_put(obj, "count", json_integer(whole ? entry->count : request->asked[i]));
        sy_explain_put(obj, "chooser",
                       json_string(sy_chooser_name((enum sy_chooser)resource->chooser)));
        sy_explain_add(array, obj);
    }
    return array;
}

static const char *target(const struct sy_request *request, const struct sy_require *require)
{
    if (require->match == 1)
        return sy_kind_name((enum sy_kind)require->kind);
    return require->match == 2 ? request->entry[require->entry].name : "all";
}

static json_t *requirements(const struct sy_request *request)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < request->nrequire; i++) {
        const struct sy_require *require = &request->require[i];
        json_t *obj = json_object();
        sy_explain_put(obj, "of", json_string(target(request, require)));
        sy_explain_put(obj, "within", json_string(sy_scope_name((enum sy_scope)require->scope)));
        sy_explain_add(array, obj);
    }
    return array;
}

json_t *sy_explain_request(const struct sy_world *world, const struct sy_request *request)
{
    json_t *obj = json_object();
    bool demands = request->nrequire > 0 || request->min_mbps > 0;
    int64_t for_us = request->require_for_us;
    sy_explain_put(obj, "resources", resources(world->catalogue, request));
    sy_explain_put(obj, "require", requirements(request));
    sy_explain_put(obj, "guaranteed", json_boolean(request->guaranteed));
    sy_explain_put(obj, "requireForSeconds",
                   for_us > 0 ? sy_thousandths(for_us / 1000) : json_null());
    sy_explain_put(obj, "inForce",
                   json_boolean(demands && sy_request_strict(request, world->now_us)));
    sy_explain_put(obj, "minBandwidthGBps", sy_known_thousandths(request->min_mbps));
    sy_explain_put(obj, "expectedWatts", sy_thousandths(request->expected_mw));
    return obj;
}
