/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/svg.h"

#define WIDE 1200
#define NARROW 400
#define NARROW_BELOW 760 /* viewports up to this width get the narrow layout */

static const char style[] =
    "svg{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "#root{background:#fff}text{fill:#1c1f24}.h{font-size:18px;font-weight:600}.b{font-size:13px;"
    "font-weight:600}\n"
    ".t{font-size:12px}.m{font-size:11px;fill:#53585f}.c{text-anchor:middle}\n"
    ".slow{fill:#9a4a00;font-weight:600}.page{fill:#fff}\n"
    ".box{stroke:#a9adb5;stroke-width:1}.l0{fill:#f6f7f9}.l1{fill:#eef0f4}.l2{fill:#f8f9fb}\n"
    ".l3{fill:#eef3f0}.l4{fill:#f9fbf6}\n"
    ".plain{fill:#fff;stroke:#a9adb5}.free{fill:#f0faf1;stroke:#5aa469}\n"
    ".held{fill:#e3ecfa;stroke:#4a7cc4}.bad{fill:#fdeaea;stroke:#c33;stroke-width:2}\n"
    ".k0{fill:#b4552d}.k1{fill:#3f7d3a}.k2{fill:#7a4fa3}.k3{fill:#2f6f9f}\n"
    "@media "
    "(prefers-color-scheme:dark){#root{background:#15171a}text{fill:#e6e8eb}.m{fill:#a9aeb7}.slow{"
    "fill:#ffb066}\n"
    ".page{fill:#15171a}.box{stroke:#4a4f58}.l0{fill:#1b1e22}.l1{fill:#21252a}.l2{fill:#1d2024}\n"
    ".l3{fill:#212826}.l4{fill:#1e221d}.plain{fill:#16181b;stroke:#5a606a}\n"
    ".free{fill:#17261a;stroke:#4c8a58}.held{fill:#1b2940;stroke:#5f92dc}\n"
    ".bad{fill:#3a1b1b;stroke:#f07070}\n"
    ".k0{fill:#e08a5f}.k1{fill:#74b86e}.k2{fill:#b48be0}.k3{fill:#6fb0e0}}\n";

/* All drawings in one layout, one below the other; *ret_height where they end. */
static enum sy_code put_layout(const struct sy_drawing *const *drawings, size_t n, int width,
                               enum sy_matrix matrix, int *ret_height, struct sy_str *out,
                               struct sy_err *err)
{
    int y = 12;
    for (size_t i = 0; i < n; i++) {
        struct sy_svg_layout layout = {
            .d = drawings[i], .width = width, .pad = width > NARROW ? 8 : 5};
        sy_autofree struct sy_svg_rect *rect = sy_calloc(drawings[i]->nrow, sizeof *rect);
        if (rect == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory for the drawing");
        layout.rect = rect;
        for (size_t k = 0; k < drawings[i]->nrow; k++)
            layout.use |= drawings[i]->row[k].cell[SY_CELL_USE][0] != '\0';
        y = sy_svg_head(&layout, y, out);
        y = sy_svg_place(&layout, y);
        sy_svg_tree(&layout, out);
        y = sy_svg_foot(&layout, y, out);
        y = sy_svg_matrix(&layout, matrix, y, out);
        y += i + 1 < n ? 48 : 16;
    }
    *ret_height = y;
    return SY_OK;
}

static void put_part(struct sy_str *out, const char *name, int width, int height,
                     const struct sy_str *body)
{
    sy_str_printf(out,
                  "<svg class=\"%s\" width=\"100%%\" height=\"100%%\" viewBox=\"0 0 %d %d\">\n",
                  name, width, height);
    sy_str_printf(out, "<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", width, height);
    out->failed |= body->failed;
    if (!out->failed && body->len != 0)
        sy_str_append_n(out, body->data, body->len);
    sy_str_append(out, "</svg>\n");
}

enum sy_code sy_draw_svg(const struct sy_drawing *const *drawings, size_t n, enum sy_matrix matrix,
                         struct sy_str *out, struct sy_err *err)
{
    struct sy_str wide, narrow;
    int wide_height = 0, narrow_height = 0;
    sy_str_init(&wide, out->limit);
    sy_str_init(&narrow, out->limit);
    enum sy_code code = put_layout(drawings, n, WIDE, matrix, &wide_height, &wide, err);
    if (code == SY_OK)
        code = put_layout(drawings, n, NARROW, matrix, &narrow_height, &narrow, err);
    if (code == SY_OK) {
        sy_str_printf(out,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"root\" width=\"%d\" "
                      "height=\"%d\" role=\"img\" aria-label=\"PCIe topology\">\n<style>\n",
                      WIDE, wide_height);
        sy_str_append(out, style);
        sy_svg_matrix_style(out);
        sy_str_printf(out,
                      ".narrow{display:none}\n@media (max-width:%dpx){.wide{display:none}"
                      ".narrow{display:inline}#root{width:%dpx;height:%dpx}}\n</style>\n",
                      NARROW_BELOW, NARROW, narrow_height);
        put_part(out, "wide", WIDE, wide_height, &wide);
        put_part(out, "narrow", NARROW, narrow_height, &narrow);
        sy_str_append(out, "</svg>\n");
    }
    sy_str_done(&wide);
    sy_str_done(&narrow);
    return code;
}
