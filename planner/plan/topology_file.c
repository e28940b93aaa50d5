/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/plan/topology_file.h"

#include "planner/state/manifest.h"
#include "topology/discover/discover.h"
#include "topology/node_json.h"
#include "topology/usage.h"

#include <ctype.h>
#include <string.h>

static bool is_xml(const char *data, size_t len)
{
    size_t i = 0;
    while (i < len && isspace((unsigned char)data[i]))
        i++;
    return i < len && data[i] == '<';
}

static enum sy_code read_xml(const char *path, const char *data, size_t len, struct sy_arena *arena,
                             struct sy_inventory *ret, struct sy_err *err)
{
    struct sy_discover_options options = {0};
    return sy_discover_xml(path, data, len, &options, arena, ret, err);
}

/* The NodeFabric of a file of one. */
static enum sy_code read_document(const char *path, struct sy_arena *arena,
                                  struct sy_inventory *ret, struct sy_err *err)
{
    struct sy_manifest *manifest = NULL;
    struct sy_node_doc doc = {0};
    size_t n = 0;
    enum sy_code code = sy_manifests_read(path, arena, &manifest, &n, err);
    if (code != SY_OK)
        return code;
    if (n != 1)
        code = sy_fail(err, SY_EINVAL, "%s: holds %zu objects, expected one NodeFabric", path, n);
    if (code == SY_OK) {
        struct sy_err why = {0};
        code = sy_node_doc_from_json(manifest[0].object, arena, &doc, &why);
        if (code == SY_OK && !doc.has_spec)
            code = sy_fail(&why, SY_EINVAL, "/spec: required");
        if (code != SY_OK)
            (void)sy_fail(err, code, "%s: %s", manifest[0].where, why.text);
    }
    sy_manifests_done(manifest, n);
    if (code == SY_OK)
        *ret = doc.inv;
    return code;
}

static enum sy_code read_fabric(const char *path, const struct sy_state *state,
                                struct sy_fabric **ret, struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)256 << 20);
    sy_autofree char *data = NULL;
    size_t len;
    struct sy_inventory inv;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_input_read(path, SY_XML_MAX, &data, &len, err);
    if (code != SY_OK)
        return code;
    code = is_xml(data, len) ? read_xml(path, data, len, arena, &inv, err)
                             : read_document(path, arena, &inv, err);
    if (code != SY_OK)
        return code;
    struct sy_err why = {0};
    code = sy_fabric_build(&inv, state->catalogue, ret, &why);
    return code == SY_OK ? SY_OK : sy_fail(err, code, "%s: %s", path, why.text);
}

/* All free and well, and somebody says so. */
static enum sy_code report_empty(const struct sy_state *state, struct sy_state_node *node,
                                 struct sy_err *err)
{
    enum sy_code code = sy_usage_begin(node->fabric, 0, &node->report, err);
    if (code != SY_OK)
        return code;
    node->report->mode = SY_MODE_EXACT;
    node->report->observed_us = node->report->heartbeat_us = state->now_us;
    sy_usage_finish(node->fabric, node->report);
    return SY_OK;
}

enum sy_code sy_topology_node(const char *path, const char *name, json_t *allocatable,
                              const struct sy_state *state, struct sy_arena *arena,
                              struct sy_state_node *ret, struct sy_err *err)
{
    struct sy_state_node node = {0};
    sy_autojson json_t *object =
        json_pack("{s:s, s:s, s:{s:s}, s:{s:O*}}", "apiVersion", "v1", "kind", "Node", "metadata",
                  "name", name, "status", "allocatable", allocatable);
    if (object == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_state_node_read(object, path, state->catalogue, arena, &node, err);
    if (code != SY_OK)
        return code;
    node.object = NULL; /* it goes */
    code = read_fabric(path, state, &node.fabric, err);
    if (code == SY_OK)
        code = report_empty(state, &node, err);
    if (code == SY_OK)
        *ret = node;
    else
        sy_state_node_done(&node);
    return code;
}
