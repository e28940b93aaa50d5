/* SPDX-License-Identifier: Apache-2.0 */
/* Which pods a report's holders may be. */
#include "scoring/occupancy/occupancy.h"

#include <string.h>

/* Extended resources are the ones with a domain; the kubelet's own (hugepages-2Mi) have none. */
static bool has_extended(const json_t *amounts)
{
    const char *name;
    json_t *amount;
    json_object_foreach((json_t *)(uintptr_t)amounts, name, amount)
    {
        if (strchr(name, '/') != NULL)
            return true;
    }
    return false;
}

bool sy_occupancy_may_hold(const json_t *spec)
{
    static const char *const lists[] = {"containers", "initContainers"};
    if (json_array_size(json_object_get(spec, "resourceClaims")) > 0)
        return true;
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        const json_t *list = json_object_get(spec, lists[k]);
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *resources = json_object_get(json_array_get(list, i), "resources");
            if (has_extended(json_object_get(resources, "requests")) ||
                has_extended(json_object_get(resources, "limits")))
                return true;
        }
    }
    return false;
}
