/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/words.h"

#include <string.h>

/* X(class, what it means): after nvidia-smi's legend, in our words */
#define MEANINGS(X)                                                                                \
    X(SLOT, "one card or slot (nvidia-smi: PIX)")                                                  \
    X(PIX, "below one switch")                                                                     \
    X(PXB, "several switches, no host bridge between")                                             \
    X(PHB, "one host bridge")                                                                      \
    X(NODE, "two host bridges of one NUMA node")                                                   \
    X(SOCKET, "two NUMA nodes of one socket (nvidia-smi: SYS)")                                    \
    X(SYS, "across sockets")                                                                       \
    X(UNKNOWN, "locality not told")                                                                \
    X(NVL, "NVLink")                                                                               \
    X(XGMI, "xGMI")                                                                                \
    X(HCCS, "HCCS")                                                                                \
    X(SIO, "between the dies of one card")                                                         \
    X(XELINK, "Xe Link")                                                                           \
    X(OTHER, "another link between devices")

static const char *const meanings[SY_PATH_COUNT] = {
#define X(id, text) [SY_PATH_##id] = text,
    MEANINGS(X)
#undef X
};

enum cell_kind { CLASS, PCIE, RATE };

/* Nothing to write behind the last cell of a line. */
struct grid {
    const struct sy_drawing *d;
    enum cell_kind kind;
    size_t label, cell; /* columns */
};

static const char *cell_text(const struct grid *grid, uint16_t a, uint16_t b, char buf[16])
{
    const struct sy_pair *pair = sy_fabric_pair(grid->d->node->fabric, a, b);
    if (a == b)
        return "X";
    if (grid->kind == RATE)
        return sy_words_gbps(pair->mbps, buf);
    uint8_t path = grid->kind == PCIE ? pair->pcie : pair->path;
    return path == SY_PATH_UNKNOWN ? "?" : sy_path_name((enum sy_path_class)path);
}

static void measure(struct grid *grid)
{
    const struct sy_drawing *d = grid->d;
    for (uint16_t i = 0; i < d->nshown; i++) {
        size_t name = strlen(d->name[d->shown[i]]);
        grid->label = name > grid->label ? name : grid->label;
        for (uint16_t k = 0; k < d->nshown; k++) {
            char buf[16];
            size_t n = strlen(cell_text(grid, d->shown[i], d->shown[k], buf));
            grid->cell = n > grid->cell ? n : grid->cell;
        }
    }
    grid->cell = grid->label > grid->cell ? grid->label : grid->cell;
}

static void put_block(const struct grid *grid, uint16_t first, uint16_t end, size_t gap,
                      struct sy_str *out)
{
    const struct sy_drawing *d = grid->d;
    sy_str_printf(out, "  %*s", (int)grid->label, "");
    for (uint16_t k = first; k < end; k++)
        sy_str_printf(out, "%*s", (int)(grid->cell + gap), d->name[d->shown[k]]);
    sy_str_append(out, "\n");
    for (uint16_t i = 0; i < d->nshown; i++) {
        sy_str_printf(out, "  %-*s", (int)grid->label, d->name[d->shown[i]]);
        for (uint16_t k = first; k < end; k++) {
            char buf[16];
            sy_str_printf(out, "%*s", (int)(grid->cell + gap),
                          cell_text(grid, d->shown[i], d->shown[k], buf));
        }
        sy_str_append(out, "\n");
    }
}

/* In blocks of as many columns as fit, unless `wide`. */
static void put_grid(const struct sy_drawing *d, enum cell_kind kind, bool wide, struct sy_str *out)
{
    struct grid grid = {.d = d, .kind = kind};
    measure(&grid);
    size_t room = SY_DRAW_WIDTH - 2 - grid.label;
    size_t gap = (grid.cell + 2) * d->nshown <= room ? 2 : 1;
    size_t fit = wide ? d->nshown : room / (grid.cell + gap);
    for (uint16_t first = 0; first < d->nshown; first = (uint16_t)(first + fit)) {
        size_t end = first + fit;
        if (first != 0)
            sy_str_append(out, "\n");
        put_block(&grid, first, end < d->nshown ? (uint16_t)end : d->nshown, gap, out);
    }
}

static void put_legend(const struct sy_drawing *d, struct sy_str *out)
{
    bool used[SY_PATH_COUNT] = {false};
    for (uint16_t i = 0; i < d->nshown; i++) {
        for (uint16_t k = 0; k < d->nshown; k++) {
            const struct sy_pair *pair = sy_fabric_pair(d->node->fabric, d->shown[i], d->shown[k]);
            used[pair->path] |= i != k;
        }
    }
    for (unsigned c = 0; c < SY_PATH_COUNT; c++) {
        if (used[c])
            sy_str_printf(out, "  %-7s %s\n",
                          c == SY_PATH_UNKNOWN ? "?" : sy_path_name((enum sy_path_class)c),
                          meanings[c]);
    }
}

static bool any_overlay(const struct sy_drawing *d)
{
    for (uint16_t i = 0; i < d->nshown; i++) {
        if (!sy_devset_empty(&d->node->fabric->overlay[d->shown[i]]))
            return true;
    }
    return false;
}

void sy_draw_matrix(const struct sy_drawing *drawing, enum sy_matrix matrix, bool wide,
                    struct sy_str *out)
{
    if (drawing->nshown < 2 || matrix == SY_MATRIX_NONE)
        return;
    if (matrix != SY_MATRIX_GBPS) {
        sy_str_append(out, "\nHow two devices are joined\n");
        put_grid(drawing, CLASS, wide, out);
        put_legend(drawing, out);
        if (wide && any_overlay(drawing)) {
            sy_str_append(out, "\nThe same over PCIe alone\n");
            put_grid(drawing, PCIE, wide, out);
        }
    }
    if (matrix != SY_MATRIX_CLASS) {
        sy_str_append(out, "\nGB/s between two devices, one direction, nothing shared\n");
        put_grid(drawing, RATE, wide, out);
    }
    if (drawing->nvirtual != 0)
        sy_str_printf(out, "  %u virtual %s as the physical one\n", drawing->nvirtual,
                      drawing->nvirtual == 1 ? "function: joined" : "functions: joined");
}
