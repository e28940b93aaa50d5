/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the page of a report: its parts, top down. */
#ifndef SY_PLANNER_REPORT_HTML_PRIVATE_H
#define SY_PLANNER_REPORT_HTML_PRIVATE_H

#include "planner/report/chart.h"
#include "planner/report/spec.h"

struct sy_page {
    const json_t *report;
    size_t top; /* rows of long tables and charts */
    struct sy_str *out;
};

/* html_page.c: from <!DOCTYPE> to the end of the header, and the end. */
void sy_page_begin(struct sy_str *out, const char *title, const char *subtitle);
void sy_page_end(struct sy_str *out);
/* A section with its heading; `id` is also its anchor. */
void sy_page_section(struct sy_str *out, const char *id, const char *heading);
void sy_page_section_end(struct sy_str *out);
/* <p class="note"> with a formatted, escaped text. */
void sy_page_note(struct sy_str *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The table of that section (spec.h), cut to `top` rows, which it says. */
void sy_page_table(const struct sy_page *page, const char *spec);

/* html_charts.c */
void sy_charts_models(const struct sy_page *page);
void sy_charts_nodes(const struct sy_page *page);
void sy_charts_shapes(const struct sy_page *page);
void sy_charts_stranded(const struct sy_page *page);
void sy_charts_power(const struct sy_page *page);
void sy_charts_growth(const struct sy_page *page);

#endif
