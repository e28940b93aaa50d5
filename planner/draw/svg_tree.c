/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/svg.h"

#include <string.h>

/* Hundredths of the font's size that a character takes: a little more than usual fonts have. */
#define CHARACTER 58
#define BOLD 68
#define LINE_MAX_BYTES ((size_t)1 << 16)

void sy_svg_escape(struct sy_str *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            sy_str_append(out, "&lt;");
            break;
        case '>':
            sy_str_append(out, "&gt;");
            break;
        case '&':
            sy_str_append(out, "&amp;");
            break;
        case '"':
            sy_str_append(out, "&quot;");
            break;
        default:
            sy_str_append_n(out, text, 1);
        }
    }
}

static void put_text(struct sy_str *out, const char *style, int x, int y, const char *text,
                     size_t len, bool cut)
{
    sy_autofree char *part = sy_strndup(text, len);
    sy_str_printf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", style, x, y);
    if (part == NULL)
        out->failed = true;
    else
        sy_svg_escape(out, part);
    sy_str_append(out, cut ? "…</text>\n" : "</text>\n");
}

static size_t room_for(int width, int size)
{
    int n = width * 100 / (size * CHARACTER);
    return n < 2 ? 2 : (size_t)n;
}

void sy_svg_text(struct sy_str *out, const char *style, int x, int y, int width, int size,
                 const char *text)
{
    size_t room = room_for(width, size);
    bool cut = sy_columns(text) > room;
    if (text[0] != '\0')
        put_text(out, style, x, y, text, cut ? sy_columns_cut(text, room - 1) : strlen(text), cut);
}

int sy_svg_wrapped(struct sy_str *out, const char *style, int x, int y, int width, int size,
                   const char *text)
{
    size_t room = room_for(width, size);
    while (*text != '\0') {
        size_t fit = sy_columns_cut(text, room), n = fit;
        while (text[fit] != '\0' && n > 0 && text[n] != ' ')
            n--;
        if (n == 0)
            n = fit; /* one word, longer than a line */
        put_text(out, style, x, y, text, n, false);
        y += size + 5;
        text += n + strspn(text + n, " ");
    }
    return y;
}

/* All that is known of a row, for the pointer that rests on it. */
static void put_hint(struct sy_str *out, const struct sy_draw_row *row)
{
    sy_str_append(out, "<title>");
    sy_svg_escape(out, row->label);
    for (unsigned i = 0; i < SY_CELL_COUNT; i++) {
        if (row->cell[i][0] == '\0' || strcmp(row->cell[i], "-") == 0)
            continue;
        sy_str_append(out, ", ");
        sy_svg_escape(out, row->cell[i]);
        sy_str_append(out, i == SY_CELL_LINK ? " GB/s" : i == SY_CELL_WATTS ? " W" : "");
    }
    sy_str_append(out, "</title>\n");
}

static void put_rect(struct sy_str *out, const char *style, struct sy_svg_rect r)
{
    sy_str_printf(out,
                  "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\"/>\n",
                  style, r.x, r.y, r.w, r.h);
}

static const char *state_of(const struct sy_drawing *d, const struct sy_draw_row *row)
{
    if (row->bad)
        return "bad";
    if (row->held)
        return "held";
    if (row->unit < 0 || d->node->usage->mode == SY_MODE_COUNTS)
        return "plain";
    return sy_devset_has(&d->node->usage->free, (unsigned)row->unit) ? "free" : "held";
}

static const char *use_text(const struct sy_drawing *d, const struct sy_draw_row *row)
{
    if (strcmp(row->cell[SY_CELL_USE], "-") == 0)
        return "free";
    return row->cell[SY_CELL_USE][0] == '\0' && row->unit >= 0 &&
                   d->node->usage->mode != SY_MODE_COUNTS
               ? "free"
               : row->cell[SY_CELL_USE];
}

/* "31.5 GB/s Gen4 x16" of "31.5 Gen4 x16" */
static void add_link(struct sy_str *line, const struct sy_draw_row *row)
{
    const char *link = row->cell[SY_CELL_LINK], *lanes = strstr(link, " Gen");
    size_t rate = lanes != NULL ? (size_t)(lanes - link) : strlen(link);
    sy_str_append_n(line, link, rate);
    sy_str_append(line, rate != 0 ? " GB/s" : "");
    sy_str_append(line, lanes != NULL ? lanes : "");
}

/* Two texts with a point between them where both say something. */
static void add_two(struct sy_str *line, const char *a, const char *b)
{
    sy_str_printf(line, "%s%s%s", a, a[0] != '\0' && b[0] != '\0' ? " · " : "", b);
}

/* The line is written and emptied. */
static void put_line(struct sy_str *out, const char *style, int x, int y, int width,
                     struct sy_str *line)
{
    out->failed |= sy_str_failed(line);
    if (!sy_str_failed(line) && line->data != NULL)
        sy_svg_text(out, style, x, y, width, 11, line->data);
    sy_str_done(line);
}

static void put_tile(const struct sy_svg_layout *layout, size_t i, struct sy_str *out)
{
    const struct sy_draw_row *row = &layout->d->row[i];
    const char *memory = row->cell[SY_CELL_MEMORY], *watts = row->cell[SY_CELL_WATTS];
    struct sy_svg_rect r = layout->rect[i];
    struct sy_str line;
    int x = r.x + 10, w = r.w - 14;
    sy_str_init(&line, LINE_MAX_BYTES);
    sy_str_append(out, "<g>\n");
    put_hint(out, row);
    put_rect(out, state_of(layout->d, row), r);
    if (row->unit >= 0)
        sy_str_printf(out, "<rect class=\"k%u\" x=\"%d\" y=\"%d\" width=\"4\" height=\"%d\"/>\n",
                      layout->d->node->fabric->unit[row->unit].kind, r.x, r.y + 3, r.h - 6);
    sy_svg_text(out, "b", x, r.y + 17, w, 13, row->label);
    sy_svg_text(out, "t", x, r.y + 33, w, 12, row->cell[SY_CELL_DEVICE]);
    sy_svg_text(out, "m", x, r.y + 48, w, 11, row->cell[SY_CELL_ADDRESS]);
    add_link(&line, row);
    put_line(out, row->below ? "m slow" : "m", x, r.y + 63, w, &line);
    /* Watts first: what is cut for want of room is the memory's type. */
    sy_str_printf(&line, "%s%s%s%s", watts, watts[0] != '\0' ? " W" : "",
                  watts[0] != '\0' && memory[0] != '\0' ? " · " : "", memory);
    put_line(out, "m", x, r.y + 78, w, &line);
    sy_svg_text(out, "m", x, r.y + 93, w, 11, use_text(layout->d, row));
    sy_str_append(out, "</g>\n");
}

static void put_box(const struct sy_svg_layout *layout, size_t i, struct sy_str *out)
{
    static const char *const styles[SY_ROW_COUNT] = {
        [SY_ROW_MACHINE] = "box l0", [SY_ROW_PACKAGE] = "box l1", [SY_ROW_NUMA] = "box l2",
        [SY_ROW_ROOT] = "box l3",    [SY_ROW_SWITCH] = "box l4",  [SY_ROW_PORT] = "box l3",
        [SY_ROW_UNIT] = "box l4",    [SY_ROW_FUNCTION] = "box l4"};
    const struct sy_draw_row *row = &layout->d->row[i];
    struct sy_svg_rect r = layout->rect[i];
    struct sy_str line;
    bool device = row->kind == SY_ROW_UNIT;
    int label = (int)sy_columns(row->label) * 13 * BOLD / 100 + 10;
    sy_str_init(&line, LINE_MAX_BYTES);
    sy_str_append(out, "<g>\n");
    put_hint(out, row);
    put_rect(out, device ? state_of(layout->d, row) : styles[row->kind], r);
    sy_svg_text(out, "b", r.x + 8, r.y + 17, r.w - 12, 13, row->label);
    if (r.w - label > 40) {
        add_two(&line, row->cell[SY_CELL_ADDRESS], device ? row->cell[SY_CELL_DEVICE] : "");
        sy_str_append(&line, row->cell[SY_CELL_LINK][0] != '\0' ? " · " : "");
        add_link(&line, row);
        sy_str_append(&line, row->kind == SY_ROW_NUMA ? row->cell[SY_CELL_MEMORY] : "");
        put_line(out, row->below ? "m slow" : "m", r.x + 8 + label, r.y + 17, r.w - label - 12,
                 &line);
    }
    sy_str_append(out, "</g>\n");
}

void sy_svg_tree(const struct sy_svg_layout *layout, struct sy_str *out)
{
    for (size_t i = 0; i < layout->d->nrow; i++) {
        if (sy_svg_is_tile(&layout->d->row[i]))
            put_tile(layout, i, out);
        else
            put_box(layout, i, out);
    }
}

int sy_svg_head(const struct sy_svg_layout *layout, int y, struct sy_str *out)
{
    const struct sy_drawing *d = layout->d;
    int x = layout->pad + 4, w = layout->width - 2 * x;
    sy_svg_text(out, "h", x, y + 20, w, 18, d->title);
    y += 42;
    for (size_t i = 0; i < d->nfact; i++) {
        sy_svg_text(out, "m", x, y, 64, 12, d->fact[i].name);
        y = sy_svg_wrapped(out, "t", x + 64, y, w - 64, 12, d->fact[i].text);
    }
    return y;
}

static int put_title(const struct sy_svg_layout *layout, const char *title, int y,
                     struct sy_str *out)
{
    int x = layout->pad + 4;
    sy_svg_text(out, "b", x, y + 20, layout->width - 2 * x, 13, title);
    return y + 38;
}

static int put_list(const struct sy_svg_layout *layout, const char *title, const char *const *line,
                    size_t n, int y, struct sy_str *out)
{
    int x = layout->pad + 4;
    if (n != 0)
        y = put_title(layout, title, y, out);
    for (size_t i = 0; i < n; i++)
        y = sy_svg_wrapped(out, "t", x, y, layout->width - 2 * x, 12, line[i]);
    return y;
}

static int put_omitted(const struct sy_svg_layout *layout, int y, struct sy_str *out)
{
    const struct sy_drawing *d = layout->d;
    struct sy_str list;
    if (d->nomitted == 0)
        return y;
    sy_str_init(&list, (size_t)1 << 16);
    for (size_t i = 0; i < d->nomitted; i++)
        sy_str_printf(&list, "%s%s", i != 0 ? ", " : "", d->omitted[i]);
    const char *const line = list.data;
    out->failed |= sy_str_failed(&list);
    if (!sy_str_failed(&list))
        y = put_list(layout, "Not drawn (--all draws them)", &line, 1, y, out);
    sy_str_done(&list);
    return y;
}

int sy_svg_foot(const struct sy_svg_layout *layout, int y, struct sy_str *out)
{
    const struct sy_drawing *d = layout->d;
    int x = layout->pad + 4, w = layout->width - 2 * x;
    if (d->npod != 0)
        y = put_title(layout, "Held by", y, out);
    for (size_t i = 0; i < d->npod; i++) {
        y = sy_svg_wrapped(out, "t", x, y, w, 12, d->pod[i].name);
        y = sy_svg_wrapped(out, "m", x + 16, y, w - 16, 11, d->pod[i].text);
    }
    y = put_list(layout, "Remarks", d->remark, d->nremark, y, out);
    y = put_omitted(layout, y, out);
    if (d->any_link_assumed)
        y = sy_svg_wrapped(out, "m", x, y + 20, w, 11,
                           "~ the model's usual link: the source tells no rate");
    return y;
}
