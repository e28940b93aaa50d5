/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/snapshot.h"

#include "topology/node_json.h"

static enum sy_code append_node(const struct sy_node *node, sy_snapshot_add_fn *add, void *data,
                                struct sy_str *out, struct sy_err *err)
{
    sy_autojson json_t *document = NULL;
    sy_autofree char *text = NULL;
    size_t len = 0;
    enum sy_code code = sy_node_to_json(node, &document, err);
    if (code == SY_OK && add != NULL)
        code = add(data, document, node->name, err);
    if (code == SY_OK)
        code = sy_json_dump(document, false, &text, &len, err);
    if (code == SY_OK)
        sy_str_append_n(out, text, len);
    return code;
}

enum sy_code sy_snapshot_write(const struct sy_cluster *cluster, sy_snapshot_add_fn *add,
                               void *data, struct sy_str *out, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    sy_str_printf(out,
                  "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabricList\","
                  "\"metadata\":{\"resourceVersion\":\"%llu\"},\"items\":[",
                  (unsigned long long)cluster->generation);
    for (uint32_t i = 0; i < cluster->n && code == SY_OK; i++) {
        if (i > 0)
            sy_str_append_n(out, ",", 1);
        code = append_node(cluster->node[i], add, data, out, err);
    }
    sy_str_append(out, "]}");
    if (code == SY_OK && sy_str_failed(out))
        code = sy_fail(err, SY_ENOMEM, "out of memory for the documents of %u nodes", cluster->n);
    return code;
}
