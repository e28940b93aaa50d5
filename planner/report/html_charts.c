/* SPDX-License-Identifier: Apache-2.0 */
/* The page's charts. */
#include "planner/report/html_private.h"

#include <stdio.h>
#include <string.h>

#define TEXT 256u
#define CELLS_LEAST 16u  /* of a line, so that a cell is never a bar … */
#define CELLS_A_LINE 40u /* … and on a telephone still seen */
#define CELLS_MAX 1200u  /* nodes drawn; more are counted */

static const struct sy_legend device_legend[] = {
    {"held", "allocated"}, {"free", "free"}, {"bad", "neither: unhealthy, or its node is closed"}};

void sy_charts_models(const struct sy_page *page)
{
    const json_t *rows = sy_report_at(page->report, "devices.models");
    double most = 1;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach((json_t *)rows, i, row)
    {
        double n = sy_report_number(row, "delivered", 0);
        most = n > most ? n : most;
    }
    sy_chart_legend(page->out, device_legend, sizeof device_legend / sizeof device_legend[0]);
    json_array_foreach((json_t *)rows, i, row)
    {
        long long all = sy_report_int(row, "delivered"), held = sy_report_int(row, "allocated");
        long long left = sy_report_int(row, "free");
        char label[TEXT], value[TEXT], about[2 * TEXT];
        (void)snprintf(label, sizeof label, "%s", sy_report_text(row, "model"));
        (void)snprintf(value, sizeof value, "%lld of %lld, %lld free", held, all, left);
        (void)snprintf(about, sizeof about, "%s %s: %lld of %lld allocated, %lld free",
                       sy_report_text(row, "kind"), label, held, all, left);
        const struct sy_segment segment[] = {
            {"held", 0, (double)held / most, "allocated"},
            {"free", (double)held / most, (double)(held + left) / most, "free"},
            {"bad", (double)(held + left) / most, (double)all / most, "neither"},
        };
        const struct sy_bar bar = {label, value, about, segment, 3};
        sy_chart_bar(page->out, &bar);
    }
}

/* One cell: how much of the node's devices is allocated. */
static void put_cell(struct sy_str *out, const json_t *row, size_t column, size_t columns)
{
    bool ready = strcmp(sy_report_text(row, "status"), "ready") == 0;
    bool told = sy_report_int(row, "delivered") > 0;
    double percent = sy_report_number(row, "allocatedPercent", 0);
    sy_str_printf(out,
                  "<rect class=\"cell %s\" x=\"%.2f%%\" y=\"0\" width=\"%.2f%%\" height=\"20\"",
                  !ready ? "bad"
                  : told ? "held"
                         : "track",
                  100.0 * (double)column / (double)columns, 100.0 / (double)columns);
    if (ready && told)
        sy_str_printf(out, " fill-opacity=\"%.2f\"", 0.12 + 0.88 * percent / 100);
    sy_str_append(out, "><title>");
    sy_html_text(out, sy_report_text(row, "node"));
    sy_str_printf(out, ": %lld of %lld allocated, ", (long long)sy_report_int(row, "allocated"),
                  (long long)sy_report_int(row, "delivered"));
    sy_html_text(out, sy_report_text(row, "status"));
    sy_str_append(out, "</title></rect>");
}

static void open_line(struct sy_str *out, const char *rack, const json_t *sum, bool first)
{
    sy_str_append(out, "<div class=\"strip\"><div class=\"label\">");
    sy_html_text(out, first ? rack : "");
    sy_str_append(out, "</div><svg height=\"22\" role=\"img\" aria-label=\"");
    sy_html_text(out, rack);
    sy_str_printf(out, ": %lld nodes, %lld of %lld devices allocated\">",
                  (long long)sy_report_int(sum, "nodes"),
                  (long long)sy_report_int(sum, "allocated"),
                  (long long)sy_report_int(sum, "delivered"));
}

/* Nodes of one rack, as many lines as it takes; *drawn goes on to CELLS_MAX. */
static void put_rack(struct sy_str *out, const json_t *nodes, const json_t *sum, size_t columns,
                     size_t *drawn)
{
    const char *rack = sy_report_text(sum, "rack");
    size_t i = 0, n = 0;
    json_t *row = NULL;
    json_array_foreach((json_t *)nodes, i, row)
    {
        if (strcmp(sy_report_text(row, "rack"), rack) != 0 || *drawn == CELLS_MAX)
            continue;
        if (n % columns == 0) {
            sy_str_append(out, n > 0 ? "</svg></div>\n" : "");
            open_line(out, *rack != '\0' ? rack : "no rack told", sum, n == 0);
        }
        put_cell(out, row, n % columns, columns);
        n++;
        (*drawn)++;
    }
    sy_str_append(out, n > 0 ? "</svg></div>\n" : "");
}

void sy_charts_nodes(const struct sy_page *page)
{
    static const struct sy_legend legend[] = {
        {"held", "all devices allocated; the paler, the fewer"},
        {"bad", "cordoned or not ready"},
        {"track", "no accelerator told"}};
    const json_t *nodes = sy_report_at(page->report, "devices.nodes");
    const json_t *racks = sy_report_at(page->report, "devices.racks");
    size_t drawn = 0, total = json_array_size(nodes), columns = CELLS_LEAST;
    for (size_t i = 0; i < json_array_size(racks); i++) {
        size_t n = (size_t)sy_report_int(json_array_get(racks, i), "nodes");
        columns = n > columns ? n : columns;
    }
    columns = columns < CELLS_A_LINE ? columns : CELLS_A_LINE;
    sy_str_append(page->out, "<h3>Every node by rack</h3>\n");
    sy_chart_legend(page->out, legend, sizeof legend / sizeof legend[0]);
    for (size_t i = 0; i < json_array_size(racks); i++)
        put_rack(page->out, nodes, json_array_get(racks, i), columns, &drawn);
    if (drawn < total)
        sy_page_note(page->out, "%zu more nodes are not drawn.", total - drawn);
}

void sy_charts_shapes(const struct sy_page *page)
{
    const json_t *rows = sy_report_at(page->report, "shapes");
    double most = 1;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        double n = sy_report_number(json_array_get(rows, i), "slots", 0);
        most = n > most ? n : most;
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        long long slots = sy_report_int(row, "slots"), waiting = sy_report_int(row, "pending");
        bool least = json_is_true(sy_report_at(row, "atLeast"));
        char value[TEXT], about[2 * TEXT];
        (void)snprintf(value, sizeof value, "%lld%s more, %lld wait", slots, least ? " or" : "",
                       waiting);
        (void)snprintf(about, sizeof about, "%s: room for %lld more, %lld wait",
                       sy_report_text(row, "shape"), slots, waiting);
        const struct sy_segment segment = {slots > 0 ? "free" : "bad", 0, (double)slots / most,
                                           value};
        const struct sy_bar bar = {sy_report_text(row, "shape"), value, about, &segment, 1};
        sy_chart_bar(page->out, &bar);
    }
}

/* Devices by reason; rows of one reason stand together. */
void sy_charts_stranded(const struct sy_page *page)
{
    const json_t *rows = sy_report_at(page->report, "stranded.reasons");
    size_t n = json_array_size(rows);
    double all = sy_report_number(page->report, "stranded.total", 0);
    for (size_t i = 0; i < n;) {
        const char *text = sy_report_text(json_array_get(rows, i), "text");
        long long devices = 0;
        char value[TEXT], about[2 * TEXT];
        for (; i < n && strcmp(sy_report_text(json_array_get(rows, i), "text"), text) == 0; i++)
            devices += sy_report_int(json_array_get(rows, i), "devices");
        (void)snprintf(value, sizeof value, "%lld", devices);
        (void)snprintf(about, sizeof about, "%lld devices: %s", devices, text);
        const struct sy_segment segment = {"lost", 0, all > 0 ? (double)devices / all : 0, value};
        const struct sy_bar bar = {text, value, about, &segment, 1};
        sy_chart_bar(page->out, &bar);
    }
}

static void put_power(struct sy_str *out, const json_t *row)
{
    double limit = sy_report_number(row, "limitWatts", -1);
    double used = sy_report_number(row, "provisionedWatts", 0);
    double seen = sy_report_number(row, "observedWatts", -1);
    double lost = sy_report_number(row, "strandedWatts", 0);
    double scale = 1.04 * (limit > used ? limit : used > 0 ? used : 1);
    char a[32], b[32], c[32], label[TEXT], value[TEXT], about[3 * TEXT];
    bool first = json_is_true(sy_report_at(row, "bindsFirst"));
    if (seen > scale)
        scale = 1.04 * seen;
    (void)snprintf(label, sizeof label, "%s%s", sy_report_text(row, "element"),
                   first ? " (binds first)" : "");
    (void)sy_watts_text(used, a, sizeof a);
    (void)sy_watts_text(limit, b, sizeof b);
    (void)sy_watts_text(seen, c, sizeof c);
    (void)snprintf(value, sizeof value, limit >= 0 ? "%s of %s" : "%s, %s", a,
                   limit >= 0 ? b : "no limit told");
    (void)snprintf(about, sizeof about, "%s: provisioned %s, limit %s, observed %s", label, a,
                   limit >= 0 ? b : "none told", seen >= 0 ? c : "unknown");
    const struct sy_segment segment[] = {
        {limit < 0      ? "idle"
         : used > limit ? "bad"
                        : "held",
         0, used / scale, "provisioned"},
        {"lost", limit >= 0 ? (limit - lost) / scale : 0, limit >= 0 ? limit / scale : 0,
         "headroom that nothing can use"},
        {"mark", limit / scale, 0, "limit"},
        {"mark2", seen / scale, 0, "observed"},
    };
    struct sy_segment shown[4];
    size_t n = 0;
    shown[n++] = segment[0];
    if (limit >= 0 && lost > 0)
        shown[n++] = segment[1];
    if (limit >= 0)
        shown[n++] = segment[2];
    if (seen >= 0)
        shown[n++] = segment[3];
    const struct sy_bar bar = {label, value, about, shown, n};
    sy_chart_bar(out, &bar);
}

void sy_charts_power(const struct sy_page *page)
{
    static const struct sy_legend legend[] = {{"held", "provisioned (what is held, at its caps)"},
                                              {"mark2", "observed"},
                                              {"mark", "limit"},
                                              {"lost", "stranded: no free device can use it"},
                                              {"bad", "provisioned past the limit"},
                                              {"idle", "no limit told"}};
    static const char *const levels[][2] = {{"domain", "Power domains"}, {"node", "Nodes"}};
    const json_t *rows = sy_report_at(page->report, "power.elements");
    sy_chart_legend(page->out, legend, sizeof legend / sizeof legend[0]);
    for (size_t l = 0; l < 2; l++) {
        size_t shown = 0, n = 0;
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *row = json_array_get(rows, i);
            if (strcmp(sy_report_text(row, "level"), levels[l][0]) != 0 || n++ >= page->top)
                continue;
            if (shown++ == 0) {
                sy_str_append(page->out, "<h3>");
                sy_html_text(page->out, levels[l][1]);
                sy_str_append(page->out, "</h3>\n");
            }
            put_power(page->out, row);
        }
        if (n > shown)
            sy_page_note(page->out, "%zu more are in the other forms of the report.", n - shown);
    }
}

/* A span on the axis from today to the horizon. */
static void put_span(struct sy_str *out, const char *label, const json_t *row, double axis,
                     double horizon)
{
    double early = sy_report_number(row, "earlyDays", horizon);
    double late = sy_report_number(row, "lateDays", -1);
    const char *from = sy_report_text(row, "early"), *to = sy_report_text(row, "late");
    char value[TEXT], about[2 * TEXT];
    if (*from == '\0')
        (void)snprintf(value, sizeof value, "not within %.0f days", horizon);
    else if (*to == '\0')
        (void)snprintf(value, sizeof value, "from %s on", from);
    else
        (void)snprintf(value, sizeof value, "%s to %s", from, to);
    (void)snprintf(about, sizeof about, "%s: stops fitting %s", label, value);
    const struct sy_segment segment[] = {
        {late >= 0 ? "lost" : "open", early / axis, late >= 0 ? late / axis + 0.004 : 1, value},
        {"mark", early / axis, 0, from},
    };
    const struct sy_bar bar = {label, value, about, segment, *from != '\0' ? 2 : 0};
    sy_chart_bar(out, &bar);
}

/* Days that the axis has: what is to be seen, and a little more. */
static double axis_of(const json_t *rows, double axis, double horizon)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        double end =
            1.15 * sy_report_number(row, "lateDays", 2 * sy_report_number(row, "earlyDays", 0));
        axis = end > axis ? end : axis;
    }
    return axis < horizon ? axis : horizon;
}

void sy_charts_growth(const struct sy_page *page)
{
    const json_t *growth = json_object_get(page->report, "growth");
    const json_t *arrivals = json_object_get(growth, "arrivals");
    const json_t *ways = json_object_get(growth, "ways");
    double horizon = sy_report_number(growth, "horizonDays", 365);
    if (json_array_size(arrivals) == 0)
        return;
    double axis = axis_of(ways, axis_of(arrivals, 1, horizon), horizon);
    sy_page_note(page->out,
                 "The axis is %.0f days from now. Between the line and the bar's end the "
                 "first pod stops fitting, with 90 %%.",
                 axis);
    for (size_t i = 0; i < json_array_size(arrivals); i++) {
        const json_t *row = json_array_get(arrivals, i);
        put_span(page->out, sy_report_text(row, "shape"), row, axis, horizon);
    }
    if (json_array_size(ways) == 0)
        return;
    sy_str_append(page->out, "<h3>With each way, for ");
    sy_html_text(page->out, sy_report_text(growth, "waysFor"));
    sy_str_append(page->out, "</h3>\n");
    for (size_t i = 0; i < json_array_size(ways); i++) {
        const json_t *row = json_array_get(ways, i);
        put_span(page->out, sy_report_text(row, "what"), row, axis, horizon);
    }
}
