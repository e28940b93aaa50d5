/* SPDX-License-Identifier: Apache-2.0 */
/* A node document from outside, drawn in every form: what comes out is printable and nests. */
#include "tests/unit/planner_draw/support.h"
#include "topology/node_json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void draw(struct sy_node *node, bool all)
{
    struct sy_err err = {0};
    struct sy_drawing *drawing = NULL;
    struct sy_str text, svg;
    json_t *json = NULL;
    require(sy_drawing_make(node, &(struct sy_draw_options){.all = all}, &drawing, &err) == SY_OK);
    sy_str_init(&text, (size_t)1 << 28);
    sy_str_init(&svg, (size_t)1 << 28);
    sy_draw_text(drawing, SY_MATRIX_BOTH, all, &text);
    require(!sy_str_failed(&text) && text_fault(text.data, 0) == NULL);
    require(names_all(drawing, text.data));
    require(sy_draw_svg((const struct sy_drawing *const *)&drawing, 1, SY_MATRIX_BOTH, &svg,
                        &err) == SY_OK);
    require(!sy_str_failed(&svg) && svg_fault(svg.data) == NULL);
    require(sy_draw_json(drawing, SY_MATRIX_BOTH, &json, &err) == SY_OK);
    json_decref(json);
    sy_str_done(&text);
    sy_str_done(&svg);
    sy_drawing_free(drawing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sy_catalogue *catalogue;
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    if (catalogue == NULL) {
        sy_mem_init();
        require(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK);
    }
    if (sy_node_from_bytes((const char *)data, size, NULL, 0, NULL, catalogue, &node, &err) !=
        SY_OK)
        return 0;
    draw(node, false);
    draw(node, true);
    sy_node_unref(node);
    return 0;
}
