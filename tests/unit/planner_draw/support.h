/* SPDX-License-Identifier: Apache-2.0 */
/* Drawings for tests, and what holds of every one. */
#ifndef SY_TESTS_UNIT_PLANNER_DRAW_SUPPORT_H
#define SY_TESTS_UNIT_PLANNER_DRAW_SUPPORT_H

#include "planner/draw/draw.h"

/* What a text of a drawing has wrong, NULL = nothing: control characters, no UTF-8, marks that
 * hide, blanks before a line's end, lines past `columns` (0: any). */
const char *text_fault(const char *text, size_t columns);
/* What an SVG has wrong, NULL = nothing: tags that do not nest, a script, a reference outwards. */
const char *svg_fault(const char *svg);
/* Is every device of the node in the text by its name? */
bool names_all(const struct sy_drawing *drawing, const char *text);

#endif
