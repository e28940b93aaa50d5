/* SPDX-License-Identifier: Apache-2.0 */
/* A node drawn for people. What is shown is decided once (sy_drawing_make: rows of a tree with
 * their cells, facts, remarks, what is left out); the formats only lay it out. Every text of a
 * drawing is safe to print: valid UTF-8 without control characters. */
#ifndef SY_PLANNER_DRAW_DRAW_H
#define SY_PLANNER_DRAW_DRAW_H

#include "base/json.h"
#include "base/str.h"
#include "topology/node.h"

#define SY_DRAW_WIDTH 120u                   /* columns of a text, where that can be */
#define SY_DRAW_BYTES_MAX ((size_t)64 << 20) /* memory of one drawing */

/* X(id, name in JSON) what a row stands for */
#define SY_ROWS(X)                                                                                 \
    X(MACHINE, "machine")                                                                          \
    X(PACKAGE, "socket")                                                                           \
    X(NUMA, "numa")                                                                                \
    X(ROOT, "hostBridge")                                                                          \
    X(SWITCH, "switch")                                                                            \
    X(PORT, "port")         /* any other bridge */                                                 \
    X(UNIT, "device")       /* what a pod can be given */                                          \
    X(FUNCTION, "function") /* any other PCI function */
enum sy_row_kind {
#define X(id, name) SY_ROW_##id,
    SY_ROWS(X)
#undef X
        SY_ROW_COUNT
};

/* X(id, heading) cells of a row */
#define SY_CELLS(X)                                                                                \
    X(ADDRESS, "PCI")                                                                              \
    X(DEVICE, "DEVICE")                                                                            \
    X(MEMORY, "MEMORY")                                                                            \
    X(LINK, "LINK GB/s")                                                                           \
    X(WATTS, "WATTS")                                                                              \
    X(USE, "IN USE BY")
enum sy_cell {
#define X(id, heading) SY_CELL_##id,
    SY_CELLS(X)
#undef X
        SY_CELL_COUNT
};

struct sy_draw_row {
    uint8_t kind;          /* enum sy_row_kind */
    bool last;             /* of its parent's rows */
    bool leaf;             /* nothing hangs below it */
    bool held, below, bad; /* held by a pod; link below its best; not healthy, or broken */
    uint16_t depth;        /* the machine's is 0 */
    uint16_t obj;
    int16_t unit;                    /* -1 = none */
    uint16_t count;                  /* how many equal things it stands for: 1, or 3 and more */
    size_t parent;                   /* row; of the machine itself */
    const char *label;               /* "GPU0 nvml0" */
    const char *cell[SY_CELL_COUNT]; /* "" = nothing to say */
};

/* "power" → "limit 6500 W, …" */
struct sy_draw_fact {
    const char *name, *text;
};

struct sy_drawing {
    struct sy_arena *arena;
    struct sy_node *node; /* a reference */
    const char *title;
    size_t nrow, nfact, nremark, nomitted, npod;
    struct sy_draw_row *row;   /* depth first */
    struct sy_draw_fact *fact; /* of the node as a whole */
    const char **remark;       /* what wants attention: slow links, ill devices, unknowns */
    const char **omitted;      /* "12 root ports": what the tree does not show */
    struct sy_draw_fact *pod;  /* "team-a/train-0" → "GPU0 GPU1" */
    const char **name;         /* [nunit] "GPU0": kind and number in PCI order */
    uint16_t nshown;           /* units of the matrix … */
    uint16_t *shown;           /* … by kind, then in PCI order */
    uint16_t nvirtual;         /* virtual functions left out of it: as their physical one */
    bool any_link_assumed;
};

struct sy_draw_options {
    bool all; /* ports, bridges and devices that no pod can be given */
};

/* Draw a node: SY_ENOMEM; SY_ELIMIT: over SY_DRAW_BYTES_MAX. Free with sy_drawing_free. */
SY_NODISCARD enum sy_code sy_drawing_make(struct sy_node *node,
                                          const struct sy_draw_options *options,
                                          struct sy_drawing **ret, struct sy_err *err);
void sy_drawing_free(struct sy_drawing *drawing); /* takes NULL */
SY_DEFINE_AUTO(struct sy_drawing, sy_drawing, sy_drawing_free)

/* X(id, name) which matrices stand below the tree */
#define SY_MATRICES(X) X(NONE, "none") X(CLASS, "class") X(GBPS, "gbps") X(BOTH, "both")
enum sy_matrix {
#define X(id, name) SY_MATRIX_##id,
    SY_MATRICES(X)
#undef X
        SY_MATRIX_COUNT
};
int sy_matrix_find(const char *name); /* -1 */

/* Append the drawing as text: the facts, the tree, remarks, what is left out, the matrices. Lines
 * keep to SY_DRAW_WIDTH columns by cutting names with "…" (a pod that is cut stands in full below);
 * `wide` cuts nothing. */
void sy_draw_text(const struct sy_drawing *drawing, enum sy_matrix matrix, bool wide,
                  struct sy_str *out);
/* The matrices alone. */
void sy_draw_matrix(const struct sy_drawing *drawing, enum sy_matrix matrix, bool wide,
                    struct sy_str *out);
/* Append one self-contained SVG of several drawings, one below the other: laid out twice, for 1200
 * and for 400 pixels, light and dark by CSS, no script. */
SY_NODISCARD enum sy_code sy_draw_svg(const struct sy_drawing *const *drawings, size_t n,
                                      enum sy_matrix matrix, struct sy_str *out,
                                      struct sy_err *err);
/* The drawing as an object of kind Topology; a new reference. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_draw_json(const struct sy_drawing *drawing, enum sy_matrix matrix,
                                       json_t **ret, struct sy_err *err);

#endif
