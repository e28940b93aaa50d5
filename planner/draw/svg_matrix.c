/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/svg.h"

#define LABEL 52
#define LEGEND 92 /* of one class */

/* X(class, light, dark): near and fast is green, far is grey to red; links between devices blue. */
#define COLOURS(X)                                                                                 \
    X(SLOT, "#a6dcae", "#1d6b33")                                                                  \
    X(PIX, "#bfe6c4", "#1f5a30")                                                                   \
    X(PXB, "#d8edc0", "#41561e")                                                                   \
    X(PHB, "#f1ecb5", "#57501a")                                                                   \
    X(NODE, "#f6dfb2", "#5e4717")                                                                  \
    X(SOCKET, "#f5d0b3", "#613818")                                                                \
    X(SYS, "#f2c1ba", "#632a22")                                                                   \
    X(UNKNOWN, "#e2e2e6", "#3c3d44")                                                               \
    X(NVL, "#b9d3f6", "#1d437a")                                                                   \
    X(XGMI, "#b9d3f6", "#1d437a")                                                                  \
    X(HCCS, "#b9d3f6", "#1d437a")                                                                  \
    X(SIO, "#cbc6f5", "#3a3178")                                                                   \
    X(XELINK, "#b9d3f6", "#1d437a")                                                                \
    X(OTHER, "#c5dbe8", "#25495e")

struct colour {
    const char *light, *dark;
};

static struct colour colour_of(unsigned path)
{
    static const struct colour colours[SY_PATH_COUNT] = {
#define X(id, light, dark) [SY_PATH_##id] = {light, dark},
        COLOURS(X)
#undef X
    };
    return colours[path];
}

void sy_svg_matrix_style(struct sy_str *out)
{
    for (unsigned i = 0; i < SY_PATH_COUNT; i++)
        sy_str_printf(out, ".p%u{fill:%s}", i, colour_of(i).light);
    sy_str_append(out, "\n@media (prefers-color-scheme:dark){");
    for (unsigned i = 0; i < SY_PATH_COUNT; i++)
        sy_str_printf(out, ".p%u{fill:%s}", i, colour_of(i).dark);
    sy_str_append(out, "}\n");
}

static const char *name_of(unsigned path)
{
    return path == SY_PATH_UNKNOWN ? "?" : sy_path_name((enum sy_path_class)path);
}

/* Centred text in a font of whole pixels that the cell has room for. */
static void put_cell_text(struct sy_str *out, int x, int y, int size, const char *text)
{
    sy_str_printf(out, "<text class=\"c\" x=\"%d\" y=\"%d\" style=\"font-size:%dpx\">%s</text>\n",
                  x, y, size, text);
}

static void put_cell(const struct sy_svg_layout *layout, enum sy_matrix matrix, uint16_t a,
                     uint16_t b, struct sy_svg_rect r, struct sy_str *out)
{
    const struct sy_drawing *d = layout->d;
    const struct sy_pair *pair = sy_fabric_pair(d->node->fabric, a, b);
    char rate[16];
    int small = r.w < 34, size = small ? (r.w < 20 ? 7 : 8) : 11, mid = r.x + r.w / 2;
    if (a == b)
        return;
    (void)sy_words_gbps(pair->mbps, rate);
    sy_str_printf(out,
                  "<g><title>%s to %s: %s, %s GB/s</title><rect class=\"p%u\" x=\"%d\" y=\"%d\" "
                  "width=\"%d\" height=\"%d\"/>",
                  d->name[a], d->name[b], name_of(pair->path), rate, pair->path, r.x, r.y, r.w - 1,
                  r.h - 1);
    if (matrix == SY_MATRIX_BOTH && !small) {
        put_cell_text(out, mid, r.y + 14, size, name_of(pair->path));
        put_cell_text(out, mid, r.y + 28, size, rate);
    } else if (matrix == SY_MATRIX_CLASS && !small) {
        put_cell_text(out, mid, r.y + r.h / 2 + 4, size, name_of(pair->path));
    } else if (matrix != SY_MATRIX_CLASS && r.w >= 16) {
        put_cell_text(out, mid, r.y + r.h / 2 + 3, size, rate);
    }
    sy_str_append(out, "</g>\n");
}

static int put_legend(const struct sy_svg_layout *layout, int y, struct sy_str *out)
{
    const struct sy_drawing *d = layout->d;
    bool used[SY_PATH_COUNT] = {false};
    int x = layout->pad + 4;
    for (uint16_t i = 0; i < d->nshown; i++) {
        for (uint16_t k = 0; k < d->nshown; k++)
            used[sy_fabric_pair(d->node->fabric, d->shown[i], d->shown[k])->path] |= i != k;
    }
    for (unsigned c = 0; c < SY_PATH_COUNT; c++) {
        if (!used[c])
            continue;
        if (x + LEGEND > layout->width) {
            x = layout->pad + 4;
            y += 20;
        }
        sy_str_printf(out, "<rect class=\"p%u\" x=\"%d\" y=\"%d\" width=\"14\" height=\"14\"/>\n",
                      c, x, y);
        sy_svg_text(out, "t", x + 20, y + 12, LEGEND - 20, 12, name_of(c));
        x += LEGEND;
    }
    return y + 24;
}

int sy_svg_matrix(const struct sy_svg_layout *layout, enum sy_matrix matrix, int y,
                  struct sy_str *out)
{
    const struct sy_drawing *d = layout->d;
    int x = layout->pad + 4, n = d->nshown;
    static const char *const titles[SY_MATRIX_COUNT] = {
        [SY_MATRIX_CLASS] = "How two devices are joined",
        [SY_MATRIX_GBPS] = "GB/s between two devices, one direction, nothing shared",
        [SY_MATRIX_BOTH] = "How two devices are joined, and GB/s in one direction"};
    if (n < 2 || matrix == SY_MATRIX_NONE)
        return y;
    y = sy_svg_wrapped(out, "b", x, y + 26, layout->width - 2 * x, 13, titles[matrix]);
    if ((unsigned)n > SY_SVG_MATRIX_MAX)
        return sy_svg_wrapped(out, "t", x, y, layout->width - 2 * x, 12,
                              "more devices than a picture can show: -o text has the matrix");
    y = put_legend(layout, y - 6, out);
    int w = (layout->width - 2 * x - LABEL) / n;
    w = w > 64 ? 64 : w;
    int h = w >= 34 && matrix == SY_MATRIX_BOTH ? 36 : w >= 34 ? 24 : w < 12 ? 12 : w;
    for (int k = 0; k < n; k++) { /* names of columns, upright where they do not fit */
        int at = x + LABEL + k * w + w / 2;
        if (w >= 40)
            put_cell_text(out, at, y + 12, 11, d->name[d->shown[k]]);
        else
            sy_str_printf(out,
                          "<text class=\"m\" x=\"%d\" y=\"%d\" transform=\"rotate(-90 %d %d)\" "
                          "style=\"font-size:%dpx\">%s</text>\n",
                          at + 4, y + 44, at + 4, y + 44, w < 12 ? 7 : 10, d->name[d->shown[k]]);
    }
    y += w >= 40 ? 20 : 50;
    for (int i = 0; i < n; i++, y += h) {
        sy_svg_text(out, "t", x, y + h / 2 + 4, LABEL, h < 14 ? 9 : 12, d->name[d->shown[i]]);
        for (int k = 0; k < n; k++)
            put_cell(layout, matrix, d->shown[i], d->shown[k],
                     (struct sy_svg_rect){x + LABEL + k * w, y, w, h}, out);
    }
    return y;
}
