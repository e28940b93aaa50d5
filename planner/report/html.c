/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a report: cards, what was found in sentences, then section by section. */
#include "planner/report/html_private.h"
#include "planner/report/report.h"

#include <inttypes.h>
#include <string.h>

#define TEXT 512u

/* The power of the outermost domains, or of all nodes where there is none. */
static void power_sums(const json_t *report, double *ret_used, double *ret_limit)
{
    bool domains = false;
    size_t i = 0;
    json_t *row = NULL;
    *ret_used = *ret_limit = 0;
    json_array_foreach((json_t *)sy_report_at(report, "power.elements"), i, row)
    {
        bool domain = strcmp(sy_report_text(row, "level"), "domain") == 0;
        domains |= domain;
        if (domain != domains || (domain && *sy_report_text(row, "parent") != '\0'))
            continue;
        *ret_used += sy_report_number(row, "provisionedWatts", 0);
        *ret_limit += sy_report_number(row, "limitWatts", 0);
    }
}

static void put_cards(const struct sy_page *page)
{
    const json_t *r = page->report;
    const json_t *all = json_array_get(sy_report_at(r, "devices.totals"), 0);
    char big[TEXT], note[TEXT], a[32], b[32];
    double used = 0, limit = 0;
    sy_str_append(page->out, "<div class=\"cards\">\n");
    (void)snprintf(big, sizeof big, "%.4g %%", sy_report_number(all, "allocatedPercent", 0));
    (void)snprintf(note, sizeof note, "%" PRId64 " of %" PRId64 ", %" PRId64 " healthy",
                   sy_report_int(all, "allocated"), sy_report_int(all, "delivered"),
                   sy_report_int(all, "healthy"));
    sy_chart_card(page->out, "Accelerators allocated", big, note);
    int64_t stranded = sy_report_int(r, "stranded.total");
    (void)snprintf(big, sizeof big, "%" PRId64, sy_report_int(all, "free"));
    (void)snprintf(note, sizeof note, "and %" PRId64 " on nodes that take no pods",
                   sy_report_int(all, "closed"));
    sy_chart_card(page->out, "Accelerators free", big, note);
    (void)snprintf(big, sizeof big, "%" PRId64, stranded);
    sy_chart_card(page->out, "Devices stranded", big, "nobody's, yet no shape can use them");
    (void)snprintf(big, sizeof big, "%" PRId64, sy_report_int(r, "cluster.nodes"));
    (void)snprintf(note, sizeof note, "%" PRId64 " take pods, %" PRId64 " told their devices",
                   sy_report_int(r, "cluster.nodesThatTakePods"),
                   sy_report_int(r, "cluster.nodesWithDevices"));
    sy_chart_card(page->out, "Nodes", big, note);
    (void)snprintf(big, sizeof big, "%" PRId64, sy_report_int(r, "cluster.podsPending"));
    (void)snprintf(note, sizeof note, "%" PRId64 " run", sy_report_int(r, "cluster.podsRunning"));
    sy_chart_card(page->out, "Pods that wait", big, note);
    power_sums(r, &used, &limit);
    (void)snprintf(note, sizeof note, "%s of %s", sy_watts_text(used, a, sizeof a),
                   limit > 0 ? sy_watts_text(limit, b, sizeof b) : "no limit told");
    (void)snprintf(big, sizeof big, limit > 0 ? "%.0f %%" : "?", 100 * used / (limit + 1e-9));
    sy_chart_card(page->out, "Power provisioned", big, note);
    sy_str_append(page->out, "</div>\n");
}

static void put_finding(struct sy_str *out, const char *text)
{
    sy_str_append(out, "<li>");
    sy_html_text(out, text);
    sy_str_append(out, "</li>\n");
}

/* Shapes that have no slot left, and how many of them wait. */
static void find_shapes(const struct sy_page *page)
{
    char text[2 * TEXT];
    size_t i = 0, none = 0;
    int64_t waiting = 0;
    json_t *row = NULL;
    const char *first = "";
    const json_t *shapes = sy_report_at(page->report, "shapes");
    json_array_foreach((json_t *)shapes, i, row)
    {
        if (sy_report_int(row, "slots") > 0)
            continue;
        first = none++ == 0 ? sy_report_text(row, "shape") : first;
        waiting += sy_report_int(row, "pending");
    }
    if (none == 0)
        (void)snprintf(text, sizeof text, "There is room for every one of the %zu pod shapes.",
                       json_array_size(shapes));
    else
        (void)snprintf(text, sizeof text,
                       "%zu of %zu pod shapes have no room left (%s%s); %" PRId64
                       " pods of them wait.",
                       none, json_array_size(shapes), first, none > 1 ? ", ..." : "", waiting);
    if (json_array_size(shapes) > 0)
        put_finding(page->out, text);
}

static void find_stranded(const struct sy_page *page)
{
    const json_t *rows = sy_report_at(page->report, "stranded.reasons");
    char text[2 * TEXT];
    int64_t most = 0;
    const char *why = "";
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (sy_report_int(row, "devices") > most) {
            most = sy_report_int(row, "devices");
            why = sy_report_text(row, "text");
        }
    }
    if (most == 0)
        return;
    (void)snprintf(text, sizeof text,
                   "%" PRId64 " devices that nobody holds are stranded, most often because of: %s.",
                   sy_report_int(page->report, "stranded.total"), why);
    put_finding(page->out, text);
}

static void find_growth(const struct sy_page *page)
{
    const json_t *rows = sy_report_at(page->report, "growth.arrivals");
    char text[2 * TEXT];
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *from = sy_report_text(row, "early"), *to = sy_report_text(row, "late");
        if (!json_is_true(sy_report_at(row, "stopsFirst")))
            continue;
        if (*from == '\0')
            (void)snprintf(text, sizeof text,
                           "At the given arrivals nothing stops fitting within %" PRId64 " days.",
                           sy_report_int(page->report, "growth.horizonDays"));
        else
            (void)snprintf(text, sizeof text,
                           "At the given arrivals %s stops fitting first: between %s and %s.",
                           sy_report_text(row, "shape"), from, *to != '\0' ? to : "the horizon");
        put_finding(page->out, text);
    }
}

static void put_findings(const struct sy_page *page)
{
    char text[2 * TEXT];
    const char *first = sy_report_text(page->report, "power.bindsFirst");
    const char *domain = sy_report_text(page->report, "power.domainBindsFirst");
    sy_page_section(page->out, "findings", "What limits this cluster");
    sy_str_append(page->out, "<ul class=\"findings\">\n");
    find_shapes(page);
    find_stranded(page);
    if (*first != '\0')
        (void)snprintf(text, sizeof text,
                       "Power binds first at %s, before its devices are used up; of the power "
                       "domains, %s binds first.",
                       first, *domain != '\0' ? domain : "none");
    else
        (void)snprintf(text, sizeof text, "No power limit binds before the devices are used up.");
    put_finding(page->out, text);
    int64_t over = (int64_t)json_array_size(sy_report_at(page->report, "links.over"));
    if (over > 0) {
        (void)snprintf(text, sizeof text,
                       "%" PRId64 " shared links have more demand than capacity.", over);
        put_finding(page->out, text);
    }
    find_growth(page);
    size_t unknown = json_array_size(sy_report_at(page->report, "data.unknown"));
    (void)snprintf(text, sizeof text,
                   unknown > 0 ? "%zu sorts of facts were not known; they are "
                                 "listed at the end."
                               : "%zu facts were missing.",
                   unknown);
    put_finding(page->out, text);
    sy_str_append(page->out, "</ul>\n");
    sy_page_section_end(page->out);
}

static void put_devices(const struct sy_page *page)
{
    sy_page_section(page->out, "devices", "Devices");
    sy_charts_models(page);
    sy_page_note(page->out, "%s.", sy_spec_find("totals")->note);
    sy_str_append(page->out, "<h3>In numbers</h3>\n");
    sy_page_table(page, "totals");
    sy_page_table(page, "models");
    sy_page_section_end(page->out);
    sy_page_section(page->out, "nodes", "Nodes and racks");
    sy_charts_nodes(page);
    sy_str_append(page->out, "<h3>Accelerators</h3>\n");
    sy_page_table(page, "racks");
    sy_page_table(page, "nodes");
    sy_page_section_end(page->out);
    sy_page_section(page->out, "owners", "Who holds them");
    sy_page_table(page, "namespaces");
    sy_page_table(page, "owners");
    sy_page_section_end(page->out);
}

static void put_room(const struct sy_page *page)
{
    sy_page_section(page->out, "room", "Room for more pods");
    sy_page_note(page->out, "Each shape counted alone: how many more of it fit, one after the "
                            "other, and nothing else.");
    sy_page_note(page->out, "%s.", sy_spec_find("shapes")->note);
    sy_charts_shapes(page);
    sy_str_append(page->out, "<h3>In numbers</h3>\n");
    sy_page_table(page, "shapes");
    sy_page_table(page, "places");
    sy_page_section_end(page->out);
    sy_page_section(page->out, "stranded", "Stranded devices");
    sy_charts_stranded(page);
    sy_page_table(page, "stranded");
    sy_page_table(page, "stranded-devices");
    if (sy_report_int(page->report, "stranded.nodesNotKnown") > 0)
        sy_page_note(page->out, "%lld nodes are left out: nobody knows who holds which device.",
                     (long long)sy_report_int(page->report, "stranded.nodesNotKnown"));
    sy_page_section_end(page->out);
}

static void put_links_and_power(const struct sy_page *page)
{
    sy_page_section(page->out, "links", "Shared links");
    sy_page_note(page->out, "A held device's traffic crosses every link up to where its pod's "
                            "devices meet; a link is over when these could send more than it "
                            "carries.");
    sy_page_table(page, "links");
    sy_page_table(page, "links-over");
    sy_page_section_end(page->out);
    sy_page_section(page->out, "power", "Power");
    sy_page_note(page->out,
                 "Hard headroom is limit less provisioned, soft headroom limit less "
                 "observed. Decisions use: %s.",
                 sy_report_text(page->report, "power.decides"));
    sy_charts_power(page);
    sy_str_append(page->out, "<h3>In numbers</h3>\n");
    sy_page_table(page, "power");
    sy_page_section_end(page->out);
}

static void put_growth(const struct sy_page *page)
{
    sy_page_section(page->out, "growth", "Growth");
    sy_charts_growth(page);
    if (json_array_size(sy_report_at(page->report, "growth.arrivals")) > 0) {
        sy_page_note(page->out, "Assumes %s.", sy_report_text(page->report, "growth.assumes"));
        sy_page_table(page, "growth");
    } else {
        sy_page_note(page->out, "No arrivals were given, so no date is told (--arrivals "
                                "SHAPE=RATE/day).");
    }
    if (json_array_size(sy_report_at(page->report, "growth.ways")) > 0)
        sy_page_table(page, "ways");
    sy_page_section_end(page->out);
}

static void put_texts(struct sy_str *out, const char *heading, const json_t *list)
{
    if (json_array_size(list) == 0)
        return;
    sy_str_append(out, "<h3>");
    sy_html_text(out, heading);
    sy_str_append(out, "</h3>\n<ul>\n");
    for (size_t i = 0; i < json_array_size(list); i++)
        put_finding(out, sy_report_text(json_array_get(list, i), ""));
    sy_str_append(out, "</ul>\n");
}

static void put_counts(struct sy_str *out, const char *heading, const json_t *counts)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (json_object_size(counts) == 0)
        return;
    sy_str_append(out, "<p class=\"note\">");
    sy_html_text(out, heading);
    json_object_foreach((json_t *)counts, key, value)
    {
        sy_str_append(out, " ");
        sy_html_text(out, key);
        sy_str_printf(out, " %lld;", (long long)json_integer_value(value));
    }
    if (out->len > 0 && !out->failed)
        out->data[out->len - 1] = '.';
    sy_str_append(out, "</p>\n");
}

static void put_data(const struct sy_page *page)
{
    const json_t *data = json_object_get(page->report, "data");
    sy_page_section(page->out, "data", "What was not known");
    put_counts(page->out,
               "Nodes by what is known of who holds what:", json_object_get(data, "modes"));
    put_counts(page->out, "Reports by age:", json_object_get(data, "reports"));
    if (*sy_report_text(data, "oldestReport") != '\0')
        sy_page_note(page->out, "The oldest report is of %s, %lld s before this one.",
                     sy_report_text(data, "oldestReport"),
                     (long long)sy_report_int(data, "oldestReportSeconds"));
    sy_page_table(page, "data");
    put_counts(page->out,
               "Fields of pods that kube-scheduler reads and this model does not, with "
               "their pods:",
               json_object_get(data, "notModelled"));
    put_texts(page->out, "Notes", json_object_get(data, "notes"));
    put_texts(page->out, "Not read", json_object_get(data, "notRead"));
    sy_page_section_end(page->out);
}

static void put_links_to(struct sy_str *out)
{
    static const char *const sections[][2] = {
        {"devices", "Devices"}, {"nodes", "Nodes"},       {"owners", "Owners"},
        {"room", "Room"},       {"stranded", "Stranded"}, {"links", "Links"},
        {"power", "Power"},     {"growth", "Growth"},     {"data", "Unknown"}};
    sy_str_append(out, "<nav aria-label=\"Sections\">");
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        sy_str_printf(out, "<a href=\"#%s\">%s</a>", sections[i][0], sections[i][1]);
    sy_str_append(out, "</nav>\n</div></header>\n<main>\n");
}

enum sy_code sy_report_html(const json_t *report, size_t top, struct sy_str *out,
                            struct sy_err *err)
{
    const struct sy_page page = {report, top, out};
    char subtitle[2 * TEXT];
    (void)snprintf(subtitle, sizeof subtitle, "%s at %s; filters and scores of kube-scheduler %s",
                   sy_report_text(report, "source"), sy_report_text(report, "now"),
                   sy_report_text(report, "cluster.kubeSchedulerVersion"));
    sy_page_begin(out, "Cluster capacity", subtitle);
    put_links_to(out);
    put_cards(&page);
    put_findings(&page);
    put_devices(&page);
    put_room(&page);
    put_links_and_power(&page);
    put_growth(&page);
    put_data(&page);
    sy_page_end(out);
    return sy_str_failed(out) ? sy_fail(err, SY_ENOMEM, "out of memory for the page") : SY_OK;
}
