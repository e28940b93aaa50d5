/* SPDX-License-Identifier: Apache-2.0 */
/* A node document from outside: an error with a text, or a node that keeps every invariant and
 * comes back the same from its own document. */
#include "topology/node_json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sy_catalogue *catalogue;
    struct sy_err err = {0};
    struct sy_node *node = NULL, *again = NULL;
    if (catalogue == NULL) {
        sy_mem_init();
        require(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK);
    }
    if (sy_node_from_bytes((const char *)data, size, NULL, 0, NULL, catalogue, &node, &err) !=
        SY_OK) {
        require(err.text[0] != '\0');
        return 0;
    }
    json_t *root = NULL;
    char *text = NULL;
    size_t len = 0;
    require(sy_node_check(node, &err) == SY_OK);
    require(sy_node_to_json(node, &root, &err) == SY_OK);
    require(sy_json_dump(root, false, &text, &len, &err) == SY_OK);
    /* What was within the limit may lie beyond it when written in full. */
    enum sy_code code = sy_node_from_bytes(text, len, NULL, 0, NULL, catalogue, &again, &err);
    require(code == SY_OK || (code == SY_ELIMIT && len > SY_NODE_JSON_MAX));
    if (code == SY_OK)
        require(sy_digest_equal(node->state, again->state));
    sy_node_unref(again);
    sy_node_unref(node);
    json_decref(root);
    sy_free(text);
    return 0;
}
