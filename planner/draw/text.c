/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/words.h"

#include <stdint.h>
#include <string.h>

#define GAP 2u
#define USE_MIN 20u    /* columns left for who holds a device … */
#define USE_LEAST 12u  /* … and when all else does not help */
#define DEVICE_MIN 16u /* and for its model */
#define LABEL_MIN 12u  /* and for its name, at the deepest */

static const char *const headings[SY_CELL_COUNT] = {
#define X(id, heading) heading,
    SY_CELLS(X)
#undef X
};

/* How wide each column is; 0 = it is empty and left out. */
struct layout {
    size_t tree;
    size_t cell[SY_CELL_COUNT];
    bool no_lanes; /* links without their generation and width, for want of room */
    bool cut;      /* a text did not fit */
};

static void pad(struct sy_str *out, size_t columns)
{
    sy_str_printf(out, "%*s", (int)columns, "");
}

/* A text in at most `width` columns, the end cut to "…". Returns the columns it took. */
static size_t put_cut(struct sy_str *out, const char *text, size_t width)
{
    size_t columns = sy_columns(text);
    if (columns <= width) {
        sy_str_append(out, text);
        return columns;
    }
    size_t n = sy_columns_cut(text, width - 1);
    sy_str_append_n(out, text, n);
    sy_str_append(out, "…");
    sy_autofree char *start = sy_strndup(text, n);
    return start != NULL ? sy_columns(start) + 1 : width;
}

/* Words over several lines, later ones below the first. */
static void put_wrapped(struct sy_str *out, const char *first, const char *text, bool wide)
{
    size_t indent = sy_columns(first), column = indent;
    sy_str_append(out, first);
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        sy_autofree char *word = sy_strndup(text, n);
        size_t width = word != NULL ? sy_columns(word) : n;
        if (column > indent && !wide && column + 1 + width > SY_DRAW_WIDTH) {
            sy_str_append(out, "\n");
            pad(out, indent);
            column = indent;
        } else if (column > indent) {
            sy_str_append(out, " ");
            column++;
        }
        sy_str_append_n(out, text, n);
        column += width;
        text += n + strspn(text + n, " ");
    }
    sy_str_append(out, "\n");
}

static size_t widest(size_t a, const char *text)
{
    size_t b = sy_columns(text);
    return a > b ? a : b;
}

/* The machine's own row has no cells: its name may be as long as it likes. */
static size_t tree_width(const struct sy_draw_row *row)
{
    return 3u * row->depth + sy_columns(row->label);
}

static size_t total(const struct layout *layout)
{
    size_t sum = layout->tree;
    for (unsigned i = 0; i < SY_CELL_COUNT; i++)
        sum += layout->cell[i] != 0 ? GAP + layout->cell[i] : 0;
    return sum;
}

/* Bytes of a link's cell without " Gen4 x16". */
static size_t without_lanes(const char *link)
{
    const char *lanes = strstr(link, " Gen");
    return lanes != NULL ? (size_t)(lanes - link) : strlen(link);
}

static void drop_lanes(const struct sy_drawing *d, struct layout *layout)
{
    layout->no_lanes = true;
    layout->cut = true;
    layout->cell[SY_CELL_LINK] = widest(0, headings[SY_CELL_LINK]);
    for (size_t i = 0; i < d->nrow; i++) {
        size_t n = without_lanes(d->row[i].cell[SY_CELL_LINK]);
        if (n > layout->cell[SY_CELL_LINK])
            layout->cell[SY_CELL_LINK] = n; /* ASCII */
    }
}

static void shrink(struct layout *layout, enum sy_cell cell, size_t min)
{
    size_t sum = total(layout), over = sum > SY_DRAW_WIDTH ? sum - SY_DRAW_WIDTH : 0;
    size_t spare = layout->cell[cell] > min ? layout->cell[cell] - min : 0;
    layout->cell[cell] -= over < spare ? over : spare;
    layout->cut |= over > 0 && spare > 0;
}

static struct layout measure(const struct sy_drawing *d, bool wide)
{
    struct layout layout = {0};
    size_t deepest = 0;
    for (size_t i = 0; i < d->nrow; i++) {
        deepest = 3u * d->row[i].depth > deepest ? 3u * d->row[i].depth : deepest;
        size_t tree = i != 0 ? tree_width(&d->row[i]) : 0;
        layout.tree = tree > layout.tree ? tree : layout.tree;
        for (unsigned c = 0; c < SY_CELL_COUNT; c++)
            layout.cell[c] = widest(layout.cell[c], d->row[i].cell[c]);
    }
    for (unsigned c = 0; c < SY_CELL_COUNT; c++)
        layout.cell[c] = layout.cell[c] != 0 ? widest(layout.cell[c], headings[c]) : 0;
    if (wide)
        return layout;
    if (total(&layout) > SY_DRAW_WIDTH && layout.cell[SY_CELL_LINK] != 0)
        drop_lanes(d, &layout);
    shrink(&layout, SY_CELL_USE, USE_MIN);
    shrink(&layout, SY_CELL_DEVICE, DEVICE_MIN);
    size_t sum = total(&layout), least = deepest + LABEL_MIN;
    if (sum > SY_DRAW_WIDTH && layout.tree > least) {
        size_t over = sum - SY_DRAW_WIDTH, spare = layout.tree - least;
        layout.tree -= over < spare ? over : spare;
        layout.cut = true;
    }
    shrink(&layout, SY_CELL_USE, USE_LEAST);
    return layout;
}

/* Trunks of the rows above that go on, then the row's own branch. */
static void put_branch(const struct sy_drawing *d, size_t i, struct sy_str *out)
{
    bool goes_on[128] = {false}; /* by depth; rows nest at most as deep as objects and a unit */
    for (size_t up = i; d->row[up].depth > 0 && d->row[up].depth < 128; up = d->row[up].parent)
        goes_on[d->row[up].depth] = !d->row[up].last;
    for (uint16_t depth = 1; depth < d->row[i].depth; depth++)
        sy_str_append(out, goes_on[depth] ? "│  " : "   ");
    if (d->row[i].depth > 0)
        sy_str_append(out, d->row[i].last ? "└─ " : "├─ ");
}

/* The cells behind `column`; trailing blanks are never written. */
static void put_cells(const char *const *cell, const struct layout *layout, size_t column,
                      struct sy_str *out)
{
    size_t at = layout->tree;
    for (unsigned c = 0; c < SY_CELL_COUNT; c++) {
        if (layout->cell[c] == 0)
            continue;
        if (cell[c][0] != '\0') {
            pad(out, at + GAP - column);
            bool lanes = c != SY_CELL_LINK || !layout->no_lanes || cell == headings;
            sy_autofree char *link = lanes ? NULL : sy_strndup(cell[c], without_lanes(cell[c]));
            out->failed |= !lanes && link == NULL;
            column = at + GAP + put_cut(out, link != NULL ? link : cell[c], layout->cell[c]);
        }
        at += GAP + layout->cell[c];
    }
    sy_str_append(out, "\n");
}

static bool put_tree(const struct sy_drawing *d, bool wide, struct sy_str *out)
{
    struct layout layout = measure(d, wide);
    if (total(&layout) > layout.tree)
        put_cells(headings, &layout, 0, out);
    for (size_t i = 0; i < d->nrow; i++) {
        size_t branch = 3u * d->row[i].depth;
        put_branch(d, i, out);
        size_t label = put_cut(out, d->row[i].label, i != 0 ? layout.tree - branch : SIZE_MAX);
        put_cells(d->row[i].cell, &layout, branch + label, out);
    }
    return layout.cut;
}

static void put_facts(const struct sy_drawing *d, bool wide, struct sy_str *out)
{
    sy_str_printf(out, "%s\n", d->title);
    for (size_t i = 0; i < d->nfact; i++) {
        char first[32];
        (void)snprintf(first, sizeof first, "  %-9s", d->fact[i].name);
        put_wrapped(out, first, d->fact[i].text, wide);
    }
}

static void put_list(const char *title, const char *const *line, size_t n, bool wide,
                     struct sy_str *out)
{
    if (n != 0)
        sy_str_printf(out, "\n%s\n", title);
    for (size_t i = 0; i < n; i++)
        put_wrapped(out, "  ", line[i], wide);
}

static void put_pods(const struct sy_drawing *d, bool wide, struct sy_str *out)
{
    if (d->npod != 0)
        sy_str_append(out, "\nHeld by\n");
    for (size_t i = 0; i < d->npod; i++) {
        sy_str_printf(out, "  %s", d->pod[i].name);
        put_wrapped(out, ": ", d->pod[i].text, wide);
    }
}

static void put_omitted(const struct sy_drawing *d, bool wide, struct sy_str *out)
{
    struct sy_str list;
    if (d->nomitted == 0)
        return;
    sy_str_init(&list, (size_t)1 << 20);
    for (size_t i = 0; i < d->nomitted; i++)
        sy_str_printf(&list, "%s%s", i != 0 ? ", " : "", d->omitted[i]);
    sy_str_append(&list, " (--all draws them)");
    if (!sy_str_failed(&list)) {
        sy_str_append(out, "\n");
        put_wrapped(out, "Not drawn: ", list.data, wide);
    } else {
        out->failed = true;
    }
    sy_str_done(&list);
}

void sy_draw_text(const struct sy_drawing *drawing, enum sy_matrix matrix, bool wide,
                  struct sy_str *out)
{
    put_facts(drawing, wide, out);
    sy_str_append(out, "\n");
    bool cut = put_tree(drawing, wide, out);
    if (drawing->any_link_assumed)
        sy_str_append(out, "\n~ the model's usual link: the source tells no rate\n");
    if (cut)
        sy_str_append(out, "\nShortened to fit: -o wide shows everything\n");
    put_pods(drawing, wide, out);
    put_list("Remarks", drawing->remark, drawing->nremark, wide, out);
    put_omitted(drawing, wide, out);
    sy_draw_matrix(drawing, matrix, wide, out);
}
