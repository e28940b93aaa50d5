/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/svg.h"

#define TILE_WIDTH 136
#define TILE_WIDTH_MAX 270
#define TILE_HEIGHT 86 /* and a line for who holds it */
#define HEADER 24      /* a box's own line */

bool sy_svg_is_tile(const struct sy_draw_row *row)
{
    return row->leaf && row->kind >= SY_ROW_UNIT;
}

/* The row behind `i` and all that is below it. */
static size_t next_of(const struct sy_drawing *d, size_t i)
{
    size_t next = i + 1;
    while (next < d->nrow && d->row[next].depth > d->row[i].depth)
        next++;
    return next;
}

/* The least width that a row's box needs. */
static int need(const struct sy_svg_layout *layout, size_t i)
{
    const struct sy_drawing *d = layout->d;
    int most = TILE_WIDTH - 2 * layout->pad, end = (int)next_of(d, i);
    if (sy_svg_is_tile(&d->row[i]))
        return TILE_WIDTH;
    for (size_t k = i + 1; k < (size_t)end; k = next_of(d, k)) {
        int child = need(layout, k);
        most = child > most ? child : most;
    }
    return most + 2 * layout->pad;
}

static int place(const struct sy_svg_layout *layout, size_t i, int x, int y, int w);

/* Children of one sort (tiles or boxes) side by side in as many columns as fit; returns where they
 * end. Boxes of one line are made equally high. */
static int place_children(const struct sy_svg_layout *layout, size_t i, bool tiles,
                          struct sy_svg_rect room)
{
    const struct sy_drawing *d = layout->d;
    int pad = layout->pad, least = 1, n = 0;
    for (size_t k = i + 1; k < next_of(d, i); k = next_of(d, k)) {
        if (sy_svg_is_tile(&d->row[k]) != tiles)
            continue;
        int width = need(layout, k);
        least = width > least ? width : least;
        n++;
    }
    if (n == 0)
        return room.y;
    int columns = (room.w + pad) / (least + pad);
    columns = columns < 1 ? 1 : columns > n ? n : columns;
    int lines = (n + columns - 1) / columns, line_end = room.y, at = 0, first = 0;
    columns = (n + lines - 1) / lines; /* evenly filled */
    int w = (room.w + pad) / columns - pad;
    if (tiles && w > TILE_WIDTH_MAX)
        w = TILE_WIDTH_MAX;
    size_t line[64]; /* rows of the present line */
    for (size_t k = i + 1; k < next_of(d, i); k = next_of(d, k)) {
        if (sy_svg_is_tile(&d->row[k]) != tiles)
            continue;
        if (at == columns) {
            room.y = line_end + pad;
            at = 0;
        }
        int bottom = room.y + place(layout, k, room.x + at * (w + pad), room.y, w);
        if (at == 0)
            first = 0;
        if (first < 64)
            line[first++] = k;
        line_end = at == 0 || bottom > line_end ? bottom : line_end;
        at++;
        for (int b = 0; b < first; b++)
            layout->rect[line[b]].h = line_end - room.y;
    }
    return line_end + pad;
}

/* Returns the height. Rows nest at most 65 deep. */
static int place(const struct sy_svg_layout *layout, size_t i, int x, int y, int w)
{
    const struct sy_draw_row *row = &layout->d->row[i];
    int pad = layout->pad, h = TILE_HEIGHT + (layout->use ? 15 : 0);
    if (!sy_svg_is_tile(row)) {
        struct sy_svg_rect room = {x + pad, y + HEADER, w - 2 * pad, 0};
        if (w < TILE_WIDTH) /* nested deeper than the width allows: no further margins */
            room = (struct sy_svg_rect){x, y + HEADER, w, 0};
        room.y = place_children(layout, i, true, room);
        h = place_children(layout, i, false, room) - y;
    }
    layout->rect[i] = (struct sy_svg_rect){x, y, w, h};
    return h;
}

int sy_svg_place(const struct sy_svg_layout *layout, int y)
{
    return y + place(layout, 0, layout->pad, y, layout->width - 2 * layout->pad);
}
