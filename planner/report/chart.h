/* SPDX-License-Identifier: Apache-2.0 */
/* HTML and SVG in small pieces: escaped texts, bars, strips, spans of time. Lengths are percent of
 * the room that a chart has, so that nothing is scaled and letters stay readable. */
#ifndef SY_PLANNER_REPORT_CHART_H
#define SY_PLANNER_REPORT_CHART_H

#include "base/str.h"

/* Text of an element or of a quoted attribute: & < > " ' are escaped, control characters shown as
 * \xNN. */
void sy_html_text(struct sy_str *out, const char *text);

/* Part of a bar. `style` is one of the page's classes: "held", "free", "bad", "lost", "mark" … */
struct sy_segment {
    const char *style;
    double from, to; /* 0..1 of the whole; what lies outside is cut */
    const char *title;
};
/* A row: label, bar, value. `about` says the bar in words, for those who do not see it. A segment
 * whose style begins with "mark" is a line at `from`. */
struct sy_bar {
    const char *label, *value, *about;
    const struct sy_segment *segment;
    size_t n;
};
void sy_chart_bar(struct sy_str *out, const struct sy_bar *bar);

/* What the colours mean. */
struct sy_legend {
    const char *style, *text;
};
void sy_chart_legend(struct sy_str *out, const struct sy_legend *legend, size_t n);

/* A big number with what it is, and a line below it. */
void sy_chart_card(struct sy_str *out, const char *title, const char *value, const char *note);

#endif
