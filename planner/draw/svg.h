/* SPDX-License-Identifier: Apache-2.0 */
/* Private to planner/draw: the SVG's parts. All lengths are CSS pixels. */
#ifndef SY_PLANNER_DRAW_SVG_H
#define SY_PLANNER_DRAW_SVG_H

#include "planner/draw/words.h"

#define SY_SVG_MATRIX_MAX 64u /* devices; a larger matrix is not drawn, and that is said */

struct sy_svg_rect {
    int x, y, w, h;
};

/* One layout of one drawing: the tree as boxes in boxes, tiles for devices. */
struct sy_svg_layout {
    const struct sy_drawing *d;
    int width;                /* of the whole picture */
    int pad;                  /* inside boxes and between them */
    bool use;                 /* some tile says who holds it */
    struct sy_svg_rect *rect; /* [nrow] */
};

/* Give every row its place, the machine at (pad, y); returns where the tree ends. */
int sy_svg_place(const struct sy_svg_layout *layout, int y);
bool sy_svg_is_tile(const struct sy_draw_row *row);

/* Append the parts; they return where they end. */
int sy_svg_head(const struct sy_svg_layout *layout, int y, struct sy_str *out);
void sy_svg_tree(const struct sy_svg_layout *layout, struct sy_str *out);
int sy_svg_matrix(const struct sy_svg_layout *layout, enum sy_matrix matrix, int y,
                  struct sy_str *out);
int sy_svg_foot(const struct sy_svg_layout *layout, int y, struct sy_str *out);
/* The style sheet's rules for the classes of the matrix. */
void sy_svg_matrix_style(struct sy_str *out);

/* Text for XML: '<', '>', '&' and quotes as entities. */
void sy_svg_escape(struct sy_str *out, const char *text);
/* <text>, the end cut to "…" by what `width` pixels hold in a font of `size`. */
void sy_svg_text(struct sy_str *out, const char *style, int x, int y, int width, int size,
                 const char *text);
/* The same over as many lines as it takes; returns the y of the line behind. */
int sy_svg_wrapped(struct sy_str *out, const char *style, int x, int y, int width, int size,
                   const char *text);

#endif
