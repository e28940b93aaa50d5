/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/report/chart.h"

#include <string.h>

void sy_html_text(struct sy_str *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        switch (*text) {
        case '&':
            sy_str_append(out, "&amp;");
            break;
        case '<':
            sy_str_append(out, "&lt;");
            break;
        case '>':
            sy_str_append(out, "&gt;");
            break;
        case '"':
            sy_str_append(out, "&quot;");
            break;
        case '\'':
            sy_str_append(out, "&#39;");
            break;
        default:
            if (c < 0x20 || c == 0x7f)
                sy_str_printf(out, "\\x%02x", (unsigned)c);
            else
                sy_str_append_n(out, text, 1);
        }
    }
}

static double within(double part)
{
    return part > 0 ? part < 1 ? part : 1 : 0; /* NaN is 0 */
}

static void put_segment(struct sy_str *out, const struct sy_segment *segment)
{
    bool mark = strncmp(segment->style, "mark", 4) == 0;
    double from = within(segment->from), to = mark ? from : within(segment->to);
    if (!mark && to <= from)
        return;
    sy_str_printf(out, "<rect class=\"%s\" x=\"%.2f%%\" ", segment->style, 100 * from);
    if (mark)
        sy_str_append(out, "width=\"2\" y=\"0\" height=\"100%\"");
    else
        sy_str_printf(out, "width=\"%.2f%%\" y=\"3\" height=\"16\"", 100 * (to - from));
    if (segment->title == NULL) {
        sy_str_append(out, "/>");
        return;
    }
    sy_str_append(out, "><title>");
    sy_html_text(out, segment->title);
    sy_str_append(out, "</title></rect>");
}

void sy_chart_bar(struct sy_str *out, const struct sy_bar *bar)
{
    sy_str_append(out, "<div class=\"bar\"><div class=\"label\">");
    sy_html_text(out, bar->label);
    sy_str_append(out, "</div><svg role=\"img\" aria-label=\"");
    sy_html_text(out, bar->about);
    sy_str_append(out, "\" height=\"22\"><rect class=\"track\" x=\"0\" y=\"3\" width=\"100%\" "
                       "height=\"16\"/>");
    for (size_t i = 0; i < bar->n; i++)
        put_segment(out, &bar->segment[i]);
    sy_str_append(out, "</svg><div class=\"value\">");
    sy_html_text(out, bar->value);
    sy_str_append(out, "</div></div>\n");
}

void sy_chart_legend(struct sy_str *out, const struct sy_legend *legend, size_t n)
{
    sy_str_append(out, "<p class=\"legend\">");
    for (size_t i = 0; i < n; i++) {
        bool mark = strncmp(legend[i].style, "mark", 4) == 0;
        sy_str_append(out, "<span><svg aria-hidden=\"true\" width=\"14\" height=\"14\">");
        sy_str_printf(out, "<rect class=\"%s\" x=\"%d\" y=\"0\" width=\"%d\" height=\"14\"/>",
                      legend[i].style, mark ? 6 : 0, mark ? 2 : 14);
        sy_str_append(out, "</svg>");
        sy_html_text(out, legend[i].text);
        sy_str_append(out, "</span> ");
    }
    sy_str_append(out, "</p>\n");
}

void sy_chart_card(struct sy_str *out, const char *title, const char *value, const char *note)
{
    sy_str_append(out, "<div class=\"card\"><div class=\"what\">");
    sy_html_text(out, title);
    sy_str_append(out, "</div><div class=\"big\">");
    sy_html_text(out, value);
    sy_str_append(out, "</div><div class=\"note\">");
    sy_html_text(out, note);
    sy_str_append(out, "</div></div>\n");
}
