/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of a page: head, style, sections, tables. */
#include "planner/report/html_private.h"

#include <stdarg.h>
#include <stdio.h>

#define CELL_MAX ((size_t)1 << 20)

/* Colours in pairs for light and dark; every fill has 3:1 and every text 4.5:1 against what it
 * stands on. */
static const char style[] =
    ":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#1a1f29;--soft:#525c6b;"
    "--line:#d5dae2;--track:#e4e8ee;--accent:#1f5fbf;--held:#1f5fbf;--free:#1f8f63;--bad:#b93815;"
    "--lost:#a06a00;--idle:#6f7b8b;--mark:#1a1f29;--mark2:#8a2be2}"
    "@media(prefers-color-scheme:dark){:root{--bg:#12151b;--card:#1b2029;--text:#e7eaf0;"
    "--soft:#a7b0be;--line:#343c49;--track:#2a313d;--accent:#7fb0ff;--held:#5b94ee;--free:#3fbf8a;"
    "--bad:#f0714a;--lost:#e0a83a;--idle:#8b96a6;--mark:#f2f4f8;--mark2:#cf9bff}}"
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}"
    "body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"
    "\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;overflow-wrap:anywhere}"
    "main,header>div{max-width:1120px;margin:0 auto;padding:0 20px}"
    "header{background:var(--card);border-bottom:1px solid var(--line);padding:28px 0 22px}"
    "h1{margin:0;font-size:26px;line-height:1.25;letter-spacing:-.01em}"
    "h2{margin:0 0 14px;font-size:19px}h3{margin:22px 0 8px;font-size:15px}"
    "header p{margin:6px 0 0;color:var(--soft)}"
    "nav{margin-top:14px;display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px}"
    "a{color:var(--accent)}"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:14px;"
    "margin:22px 0}"
    ".card,section{background:var(--card);border:1px solid var(--line);border-radius:10px}"
    ".card{padding:14px 16px}.card .what{color:var(--soft);font-size:13px}"
    ".card .big{font-size:27px;font-weight:650;line-height:1.25;"
    "font-variant-numeric:tabular-nums}"
    ".card .note{color:var(--soft);font-size:13px}"
    "section{padding:20px 22px;margin:0 0 20px}"
    "p{margin:0 0 12px}p.note,p.legend{color:var(--soft);font-size:13.5px}"
    "p.legend span{display:inline-flex;align-items:center;gap:6px;margin-right:16px}"
    "ul.findings{margin:0;padding-left:20px}ul.findings li{margin:3px 0}"
    ".bar{display:grid;grid-template-columns:minmax(120px,34%) 1fr minmax(96px,18%);gap:4px 14px;"
    "align-items:center;padding:3px 0}"
    ".bar .label{text-align:right}.bar .value{color:var(--soft);font-size:13.5px;"
    "font-variant-numeric:tabular-nums}"
    ".bar svg,.strip svg{display:block;width:100%;overflow:hidden}"
    ".track{fill:var(--track)}.held{fill:var(--held)}.free{fill:var(--free)}.bad{fill:var(--bad)}"
    ".lost{fill:var(--lost)}.idle{fill:var(--idle)}.mark{fill:var(--mark)}"
    ".mark2{fill:var(--mark2)}.open{fill:var(--held);opacity:.45}"
    ".strip{display:grid;grid-template-columns:minmax(70px,14%) 1fr;gap:3px 14px;"
    "align-items:center}"
    ".strip .label{text-align:right;font-size:13.5px}"
    ".cell{stroke:var(--card);stroke-width:2}.bar+.scroll,.strip+h3,.bar+p{margin-top:16px}"
    ".scroll{overflow-x:auto;margin:0 0 16px;border:1px solid var(--line);border-radius:8px}"
    "table{border-collapse:collapse;width:100%;font-size:13.5px;overflow-wrap:normal}"
    "caption{text-align:left;padding:9px 12px;font-weight:600;white-space:nowrap}"
    "caption span{font-weight:400;color:var(--soft)}"
    "th,td{padding:5px 12px;text-align:left;vertical-align:top;border-top:1px solid var(--line)}"
    "th{font-weight:500}thead th{color:var(--soft);font-size:12px;white-space:nowrap}"
    ".n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    "td,tbody th{white-space:nowrap}td.w,tbody th.w{white-space:normal;min-width:150px}"
    "footer{color:var(--soft);font-size:13px;padding:4px 0 40px}"
    "@media(max-width:640px){main,header>div{padding:0 12px}section{padding:16px 14px}"
    ".cards{grid-template-columns:1fr 1fr;gap:10px}.card .big{font-size:22px}"
    ".bar{grid-template-columns:1fr auto;padding:6px 0}.bar .label{text-align:left}"
    ".bar svg{grid-column:1/3;grid-row:2}.strip{grid-template-columns:1fr}"
    ".strip .label{text-align:left;margin-top:6px}}"
    "@media print{:root{--bg:#fff;--card:#fff;--text:#000;--soft:#444;--line:#bbb;--track:#e8e8e8;"
    "--accent:#000;--held:#1f5fbf;--free:#1f8f63;--bad:#b93815;--lost:#a06a00;--idle:#6f7b8b;"
    "--mark:#000;--mark2:#8a2be2}body{font-size:10.5pt}nav{display:none}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    "header{padding:0 0 10px}section,.card{border-color:#bbb}.cards{margin:12px 0}"
    "h2,h3,caption{break-after:avoid}tr,.bar,.card,.strip{break-inside:avoid}"
    ".scroll{overflow:visible}table{font-size:7.5pt}thead th{font-size:6.5pt}th,td{padding:2px 4px}"
    "td,tbody th,thead th,caption,.n{white-space:normal}td.w,tbody th.w{min-width:0}"
    "thead{display:table-header-group}}";

void sy_page_begin(struct sy_str *out, const char *title, const char *subtitle)
{
    sy_str_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                       "style-src 'unsafe-inline'; img-src data:\">\n"
                       "<link rel=\"icon\" href=\"data:,\">\n<title>");
    sy_html_text(out, title);
    sy_str_append(out, "</title>\n<style>");
    sy_str_append(out, style);
    sy_str_append(out, "</style>\n</head>\n<body>\n<header><div>\n<h1>");
    sy_html_text(out, title);
    sy_str_append(out, "</h1>\n<p>");
    sy_html_text(out, subtitle);
    sy_str_append(out, "</p>\n");
}

void sy_page_end(struct sy_str *out)
{
    sy_str_append(out, "<footer>Made by switchyard report: the scheduler's own engine, asked "
                       "about every node.</footer>\n</main>\n</body>\n</html>\n");
}

void sy_page_section(struct sy_str *out, const char *id, const char *heading)
{
    sy_str_printf(out, "<section id=\"%s\" aria-labelledby=\"%s-heading\">\n<h2 id=\"%s-heading\">",
                  id, id, id);
    sy_html_text(out, heading);
    sy_str_append(out, "</h2>\n");
}

void sy_page_section_end(struct sy_str *out)
{
    sy_str_append(out, "</section>\n");
}

void sy_page_note(struct sy_str *out, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    sy_str_append(out, "<p class=\"note\">");
    sy_html_text(out, text);
    sy_str_append(out, "</p>\n");
}

static const char *class_of(const struct sy_spec_column *column)
{
    if (sy_spec_is_right(column))
        return " class=\"n\"";
    return column->show == SY_SHOW_SUMS || column->show == SY_SHOW_TEXT ? " class=\"w\"" : "";
}

static void put_head(struct sy_str *out, const struct sy_spec *spec, size_t n, size_t shown)
{
    sy_str_append(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    sy_html_text(out, spec->title);
    sy_str_append(out, "\"><table><caption>");
    sy_html_text(out, spec->title);
    if (shown < n)
        sy_str_printf(out, " <span>(%zu of %zu; all of them in -o wide, csv and json)</span>",
                      shown, n);
    sy_str_append(out, "</caption>\n<thead><tr>");
    for (size_t c = 0; c < spec->ncolumn; c++) {
        if (spec->column[c].wide)
            continue;
        sy_str_printf(out, "<th scope=\"col\"%s>", class_of(&spec->column[c]));
        sy_html_text(out, spec->column[c].heading);
        sy_str_append(out, "</th>");
    }
    sy_str_append(out, "</tr></thead>\n<tbody>\n");
}

static void put_row(struct sy_str *out, const struct sy_spec *spec, const json_t *row,
                    struct sy_str *cell)
{
    sy_str_append(out, "<tr>");
    for (size_t c = 0; c < spec->ncolumn; c++) {
        if (spec->column[c].wide)
            continue;
        const char *tag = c == 0 ? "th" : "td";
        sy_spec_show(&spec->column[c], row, false, cell);
        sy_str_printf(out, "<%s%s%s>", tag, c == 0 ? " scope=\"row\"" : "",
                      class_of(&spec->column[c]));
        sy_html_text(out, cell->data != NULL ? cell->data : "");
        sy_str_printf(out, "</%s>", tag);
    }
    sy_str_append(out, "</tr>\n");
}

void sy_page_table(const struct sy_page *page, const char *name)
{
    const struct sy_spec *spec = sy_spec_find(name);
    const json_t *rows = sy_report_at(page->report, spec->rows);
    size_t n = json_array_size(rows), shown = n;
    struct sy_str cell;
    if (spec->is_long && n > page->top)
        shown = page->top;
    if (n == 0) {
        sy_page_note(page->out, "%s: %s.", spec->title, spec->none);
        return;
    }
    sy_str_init(&cell, CELL_MAX);
    put_head(page->out, spec, n, shown);
    for (size_t i = 0; i < shown; i++)
        put_row(page->out, spec, json_array_get(rows, i), &cell);
    sy_str_append(page->out, "</tbody></table></div>\n");
    page->out->failed |= sy_str_failed(&cell);
    sy_str_done(&cell);
}
