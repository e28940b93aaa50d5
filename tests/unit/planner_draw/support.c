/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/planner_draw/support.h"

#include "planner/draw/words.h"

#include <string.h>

/* Bytes of the character at `p` when it is UTF-8 that may be printed, else 0. */
static size_t printable(const unsigned char *p)
{
    char quoted[16], raw[5] = "";
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\0')
            return 0;
        raw[i] = (char)p[i];
    }
    (void)sy_quote(quoted, sizeof quoted, raw, n);
    bool mark = strcmp(raw, "'") == 0 || strcmp(raw, "\"") == 0;
    bool turns = n == 3 && p[0] == 0xE2 && p[1] == 0x80 && p[2] >= 0xA8 && p[2] <= 0xAE;
    return (mark || strcmp(quoted, raw) == 0) && !turns ? n : 0;
}

const char *text_fault(const char *text, size_t columns)
{
    char line[65536];
    const char *last = text + strlen(text);
    while (*text != '\0') {
        const char *end = memchr(text, '\n', (size_t)(last - text));
        if (end == NULL)
            return "the last line has no end";
        size_t len = (size_t)(end - text);
        if (len > 0 && text[len - 1] == ' ')
            return "a blank before the end of a line";
        for (size_t i = 0, n; i < len; i += n) {
            n = printable((const unsigned char *)text + i);
            if (n == 0)
                return "a character that must not be printed";
        }
        if (len >= sizeof line)
            return "a line without end";
        memcpy(line, text, len);
        line[len] = '\0';
        if (columns != 0 && sy_columns(line) > columns)
            return "a line is too long";
        text += len + 1;
    }
    return NULL;
}

static bool has_reference(const char *tag, const char *end)
{
    for (; end - tag >= 4; tag++) {
        if (memcmp(tag, "href", 4) == 0)
            return true;
    }
    return false;
}

/* Bounded searches: under sanitizers strchr looks at the whole rest of the text each time. */
const char *svg_fault(const char *svg)
{
    const char *open[64], *last = svg + strlen(svg); /* names of the tags that are open */
    size_t depth = 0;
    if (strstr(svg, "<script") != NULL)
        return "a script";
    for (const char *p = memchr(svg, '<', (size_t)(last - svg)); p != NULL;) {
        const char *end = memchr(p, '>', (size_t)(last - p));
        if (end == NULL)
            return "a tag without end";
        if (has_reference(p, end))
            return "a reference";
        size_t name = 0;
        while (p[1 + name] != ' ' && p[1 + name] != '>')
            name++;
        if (p[1] == '/') {
            if (depth == 0 || memcmp(open[depth - 1] + 1, p + 2, name - 1) != 0)
                return "tags that do not nest";
            depth--;
        } else if (end[-1] != '/') {
            if (depth == sizeof open / sizeof *open)
                return "tags nested too deep";
            open[depth++] = p;
        }
        p = memchr(end, '<', (size_t)(last - end));
    }
    return depth == 0 ? NULL : "a tag is left open";
}

bool names_all(const struct sy_drawing *drawing, const char *text)
{
    for (uint16_t u = 0; u < drawing->node->fabric->nunit; u++) {
        if (drawing->node->fabric->unit[u].pf < 0 && strstr(text, drawing->name[u]) == NULL)
            return false;
    }
    return true;
}
