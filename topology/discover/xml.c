/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "topology/discover/xml.h"

#include "base/str.h"
#include "topology/discover/discover.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum sy_code sy_xml_fail(const struct sy_xml *xml, enum sy_code code, struct sy_err *err,
                         const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (xml->file != NULL)
        return sy_fail(err, code, "%s:%u: %s", xml->file, xml->where, text);
    return sy_fail(err, code, "line %u: %s", xml->where, text);
}

/* Length of the UTF-8 sequence at `p` (no more than `left` bytes), 0 when it is not one. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* overlong forms, surrogates, beyond U+10FFFF */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static enum sy_code check_bytes(struct sy_xml *xml, struct sy_err *err)
{
    const unsigned char *p = (const unsigned char *)xml->data;
    for (size_t i = 0; i < xml->len;) {
        if (p[i] == '\r' && xml->strict)
            return sy_xml_fail(xml, SY_EPARSE, err,
                               "carriage return: hwloc writes LF line ends, and its own parser "
                               "reads no others (convert with dos2unix)");
        if (p[i] < 0x20 && p[i] != '\n' && p[i] != '\t' && p[i] != '\r')
            return sy_xml_fail(xml, SY_EPARSE, err, "byte 0x%02x is not text", p[i]);
        size_t n = utf8_len(p + i, xml->len - i);
        if (n == 0)
            return sy_xml_fail(xml, SY_EPARSE, err, "byte 0x%02x is not UTF-8", p[i]);
        xml->where += p[i] == '\n';
        i += n;
    }
    xml->where = 1;
    return SY_OK;
}

enum sy_code sy_xml_open(struct sy_xml *xml, const char *file, const char *data, size_t len,
                         bool strict, struct sy_err *err)
{
    /* Not memset: the tag buffer is large and written before it is read. */
    xml->file = file;
    xml->data = data;
    xml->len = len;
    xml->pos = 0;
    xml->strict = strict;
    xml->pending_end = xml->root_seen = false;
    xml->line = xml->where = 1;
    xml->depth = xml->nelement = xml->nattr = 0;
    xml->name = xml->content = NULL;
    xml->content_len = xml->used = xml->tag_at = 0;
    if (len == 0)
        return sy_xml_fail(xml, SY_EPARSE, err, "the file is empty");
    if (len > SY_XML_MAX)
        return sy_xml_fail(xml, SY_ELIMIT, err, "%zu bytes, the limit is %u", len, SY_XML_MAX);
    return check_bytes(xml, err);
}

const char *sy_xml_attr(const struct sy_xml *xml, const char *name)
{
    for (unsigned i = 0; i < xml->nattr; i++)
        if (strcmp(xml->attr[i].name, name) == 0)
            return xml->attr[i].value;
    return NULL;
}

/* '\0' past the end: the text itself holds none. */
static char peek(const struct sy_xml *xml)
{
    return xml->pos < xml->len ? xml->data[xml->pos] : '\0';
}

static bool looking_at(const struct sy_xml *xml, const char *text)
{
    size_t n = strlen(text);
    return xml->len - xml->pos >= n && memcmp(xml->data + xml->pos, text, n) == 0;
}

static void advance(struct sy_xml *xml, size_t n)
{
    for (size_t end = xml->pos + n; xml->pos < end; xml->pos++)
        xml->line += xml->data[xml->pos] == '\n';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct sy_xml *xml)
{
    while (is_space(peek(xml)))
        advance(xml, 1);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/* Length of the name at the reading position. */
static size_t name_len(const struct sy_xml *xml)
{
    size_t n = 0;
    while (xml->pos + n < xml->len && is_name_char(xml->data[xml->pos + n]))
        n++;
    return n;
}

/* Attributes that hwloc's parser can read: it ends a tag without a word at any other character. */
static size_t attr_name_len(const struct sy_xml *xml)
{
    size_t n = name_len(xml);
    for (size_t i = 0; i < n && xml->strict; i++) {
        char c = xml->data[xml->pos + i];
        if (!(c >= 'a' && c <= 'z') && c != '_')
            return i;
    }
    return n;
}

/* What stands at the reading position, for a message. */
static const char *shown(const struct sy_xml *xml, char *buf, size_t size)
{
    size_t n = xml->len - xml->pos;
    if (n == 0)
        return "the end of the file";
    return sy_quote(buf, size, xml->data + xml->pos, n < 20 ? n : 20);
}

static enum sy_code put(struct sy_xml *xml, char c, struct sy_err *err)
{
    if (xml->used == sizeof xml->tag)
        return sy_xml_fail(xml, SY_ELIMIT, err, "a tag of more than %u bytes", SY_XML_TAG_MAX);
    xml->tag[xml->used++] = c;
    return SY_OK;
}

static enum sy_code put_name(struct sy_xml *xml, size_t n, const char **ret, struct sy_err *err)
{
    char shown_at[64];
    if (n == 0)
        return sy_xml_fail(xml, SY_EPARSE, err, "a name is expected at '%s'",
                           shown(xml, shown_at, sizeof shown_at));
    *ret = xml->tag + xml->used;
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = put(xml, xml->data[xml->pos + i], err);
    if (code == SY_OK)
        code = put(xml, '\0', err);
    advance(xml, n);
    return code;
}

/* The character that a reference stands for, 0 when it is none that is known here. hwloc's parser
 * knows exactly the first seven. */
static char reference(const struct sy_xml *xml, size_t *ret_len)
{
    static const struct {
        const char *text;
        char c;
    } known[] = {{"&#10;", '\n'}, {"&#13;", '\r'}, {"&#9;", '\t'}, {"&quot;", '"'},
                 {"&lt;", '<'},   {"&gt;", '>'},   {"&amp;", '&'}, {"&apos;", '\''}};
    size_t n = sizeof known / sizeof known[0] - (xml->strict ? 1 : 0);
    for (size_t i = 0; i < n; i++) {
        if (looking_at(xml, known[i].text)) {
            *ret_len = strlen(known[i].text);
            return known[i].c;
        }
    }
    return '\0';
}

static enum sy_code put_value(struct sy_xml *xml, char quote, const char **ret, struct sy_err *err)
{
    char shown_at[64];
    *ret = xml->tag + xml->used;
    enum sy_code code = SY_OK;
    while (code == SY_OK && peek(xml) != quote) {
        char c = peek(xml);
        size_t n = 1;
        if (c == '\0')
            return sy_xml_fail(xml, SY_EPARSE, err, "the file ends inside a tag");
        if (c == '<' || (xml->strict && (c == '>' || c == '\n' || c == '\t')))
            return sy_xml_fail(xml, SY_EPARSE, err, "'%s' inside an attribute's value",
                               shown(xml, shown_at, 12));
        if (c == '&') {
            c = reference(xml, &n);
            if (c == '\0')
                return sy_xml_fail(xml, SY_EPARSE, err, "unknown reference '%s'",
                                   shown(xml, shown_at, sizeof shown_at));
        } else if (is_space(c)) {
            c = ' '; /* XML's attribute value normalisation */
        }
        code = put(xml, c, err);
        advance(xml, n);
    }
    if (code == SY_OK)
        code = put(xml, '\0', err);
    if (code == SY_OK)
        advance(xml, 1); /* the closing quote */
    return code;
}

static enum sy_code read_attr(struct sy_xml *xml, struct sy_err *err)
{
    struct sy_xml_attr attr = {"", ""};
    char shown_at[64];
    enum sy_code code = put_name(xml, attr_name_len(xml), &attr.name, err);
    if (code != SY_OK)
        return code;
    if (peek(xml) == '=')
        advance(xml, 1);
    else
        return sy_xml_fail(xml, SY_EPARSE, err, "attribute %.40s: '=' is expected at '%s'",
                           attr.name, shown(xml, shown_at, sizeof shown_at));
    char quote = peek(xml);
    if (quote == '\'' && xml->strict)
        return sy_xml_fail(xml, SY_EPARSE, err,
                           "attribute %.40s: single quotes, hwloc's own parser reads only double "
                           "ones",
                           attr.name);
    if (quote != '"' && quote != '\'')
        return sy_xml_fail(xml, SY_EPARSE, err,
                           "attribute %.40s: a quoted value is expected at '%s'", attr.name,
                           shown(xml, shown_at, sizeof shown_at));
    advance(xml, 1);
    code = put_value(xml, quote, &attr.value, err);
    if (code != SY_OK)
        return code;
    if (sy_xml_attr(xml, attr.name) != NULL)
        return sy_xml_fail(xml, SY_EPARSE, err, "attribute %.40s is given twice", attr.name);
    if (xml->nattr == SY_XML_ATTR_MAX)
        return sy_xml_fail(xml, SY_ELIMIT, err, "an element with more than %u attributes",
                           SY_XML_ATTR_MAX);
    xml->attr[xml->nattr++] = attr;
    return SY_OK;
}

/* Attributes up to '>' or '/>'. */
static enum sy_code read_attrs(struct sy_xml *xml, struct sy_err *err)
{
    char shown_at[64];
    for (;;) {
        bool space = is_space(peek(xml));
        skip_space(xml);
        if (looking_at(xml, "/>")) {
            xml->pending_end = true;
            advance(xml, 2);
            return SY_OK;
        }
        if (peek(xml) == '>') {
            advance(xml, 1);
            return SY_OK;
        }
        if (peek(xml) == '\0')
            return sy_xml_fail(xml, SY_EPARSE, err, "the file ends inside a tag");
        if (!space)
            return sy_xml_fail(xml, SY_EPARSE, err, "a space or '>' is expected at '%s'",
                               shown(xml, shown_at, sizeof shown_at));
        enum sy_code code = read_attr(xml, err);
        if (code != SY_OK)
            return code;
    }
}

static enum sy_code read_start(struct sy_xml *xml, struct sy_err *err)
{
    if (xml->depth == 0 && xml->root_seen)
        return sy_xml_fail(xml, SY_EPARSE, err, "a second root element");
    if (xml->depth == SY_XML_DEPTH_MAX)
        return sy_xml_fail(xml, SY_ELIMIT, err, "elements nested deeper than %u", SY_XML_DEPTH_MAX);
    if (++xml->nelement > SY_XML_ELEMENT_MAX)
        return sy_xml_fail(xml, SY_ELIMIT, err, "more than %u elements", SY_XML_ELEMENT_MAX);
    xml->root_seen = true;
    xml->tag_at = xml->pos;
    xml->used = 0;
    xml->nattr = 0;
    advance(xml, 1);
    size_t n = name_len(xml);
    xml->open[xml->depth].at = xml->pos;
    xml->open[xml->depth].len = n;
    enum sy_code code = put_name(xml, n, &xml->name, err);
    if (code != SY_OK)
        return code;
    if (xml->strict && (peek(xml) == '\n' || peek(xml) == '\t'))
        return sy_xml_fail(xml, SY_EPARSE, err, "a space is expected after <%.40s", xml->name);
    xml->depth++;
    return read_attrs(xml, err);
}

static enum sy_code read_end(struct sy_xml *xml, struct sy_err *err)
{
    char got[64], want[64];
    advance(xml, 2);
    size_t n = name_len(xml);
    size_t at = xml->depth > 0 ? xml->open[xml->depth - 1].at : 0;
    size_t open_len = xml->depth > 0 ? xml->open[xml->depth - 1].len : 0;
    if (xml->depth == 0 || n != open_len || memcmp(xml->data + at, xml->data + xml->pos, n) != 0)
        return sy_xml_fail(xml, SY_EPARSE, err, "</%s> closes <%s>",
                           sy_quote(got, sizeof got, xml->data + xml->pos, n),
                           sy_quote(want, sizeof want, xml->data + at, open_len));
    advance(xml, n);
    if (!xml->strict)
        skip_space(xml);
    if (peek(xml) != '>')
        return sy_xml_fail(xml, SY_EPARSE, err, "'>' is expected at '%s'",
                           shown(xml, got, sizeof got));
    advance(xml, 1);
    xml->depth--;
    return SY_OK;
}

/* A construct that must end with `end`; it is skipped. */
static enum sy_code skip_past(struct sy_xml *xml, const char *end, const char *what,
                              struct sy_err *err)
{
    const char *found = memmem(xml->data + xml->pos, xml->len - xml->pos, end, strlen(end));
    if (found == NULL)
        return sy_xml_fail(xml, SY_EPARSE, err, "%s without an end", what);
    advance(xml, (size_t)(found - (xml->data + xml->pos)) + strlen(end));
    return SY_OK;
}

/* Whether the declaration, which ends at the reading position, names an encoding that is not read.
 */
static bool foreign_encoding(const struct sy_xml *xml)
{
    static const char key[] = "encoding=";
    static const char *const known[] = {"utf-8", "us-ascii"};
    const char *at = memmem(xml->data, xml->pos, key, sizeof key - 1);
    if (at == NULL)
        return false;
    at += sizeof key; /* and the quote */
    size_t left = (size_t)(xml->data + xml->pos - at);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t n = strlen(known[i]);
        if (n < left && strncasecmp(at, known[i], n) == 0)
            return false;
    }
    return true;
}

/* <?xml version="1.0" encoding="UTF-8"?>, only as the first bytes. */
static enum sy_code skip_declaration(struct sy_xml *xml, struct sy_err *err)
{
    size_t begin = xml->pos;
    if (begin != 0 || !looking_at(xml, "<?xml "))
        return sy_xml_fail(xml, SY_EPARSE, err, "processing instructions are not read");
    enum sy_code code = skip_past(xml, "?>", "<?xml", err);
    if (code != SY_OK)
        return code;
    if (foreign_encoding(xml))
        return sy_xml_fail(xml, SY_EUNSUPPORTED, err, "the encoding is not UTF-8");
    if (xml->strict && peek(xml) != '\n')
        return sy_xml_fail(xml, SY_EPARSE, err, "a line end is expected after <?xml ...?>");
    return SY_OK;
}

/* hwloc's own line and no other: it names no entity and nothing is ever loaded for it. */
static enum sy_code skip_doctype(struct sy_xml *xml, struct sy_err *err)
{
    static const char *const known[] = {"<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">",
                                        "<!DOCTYPE topology SYSTEM \"hwloc.dtd\">",
                                        "<!DOCTYPE topology SYSTEM \"hwloc3.dtd\">"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!looking_at(xml, known[i]))
            continue;
        advance(xml, strlen(known[i]));
        if (xml->strict && peek(xml) != '\n')
            return sy_xml_fail(xml, SY_EPARSE, err, "a line end is expected after <!DOCTYPE ...>");
        return SY_OK;
    }
    return sy_xml_fail(xml, SY_EPARSE, err,
                       "DOCTYPE other than hwloc's <!DOCTYPE topology SYSTEM \"hwloc2.dtd\">");
}

/* Something that begins with "<!" or "<?". */
static enum sy_code skip_special(struct sy_xml *xml, struct sy_err *err)
{
    if (looking_at(xml, "<?"))
        return skip_declaration(xml, err);
    if (looking_at(xml, "<!--")) {
        if (xml->strict)
            return sy_xml_fail(xml, SY_EPARSE, err,
                               "comment: hwloc silently drops what follows one, remove it");
        return skip_past(xml, "-->", "a comment", err);
    }
    if (looking_at(xml, "<!DOCTYPE") && !xml->root_seen)
        return skip_doctype(xml, err);
    return sy_xml_fail(xml, SY_EPARSE, err,
                       "'<!' that begins neither a comment nor hwloc's DOCTYPE");
}

static enum sy_code read_text(struct sy_xml *xml, size_t n, enum sy_xml_event *ret,
                              struct sy_err *err)
{
    char shown_at[64];
    if (xml->depth == 0)
        return sy_xml_fail(xml, SY_EPARSE, err, "text outside the root element: '%s'",
                           shown(xml, shown_at, sizeof shown_at));
    xml->content = xml->data + xml->pos;
    xml->content_len = n;
    if (memchr(xml->content, '&', n) != NULL)
        return sy_xml_fail(xml, SY_EPARSE, err, "a reference inside text");
    advance(xml, n);
    *ret = SY_XML_TEXT;
    return SY_OK;
}

/* True when the `n` bytes from here are white space. */
static bool blank(const struct sy_xml *xml, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_space(xml->data[xml->pos + i]))
            return false;
    return true;
}

enum sy_code sy_xml_next(struct sy_xml *xml, enum sy_xml_event *ret, struct sy_err *err)
{
    if (xml->pending_end) {
        xml->pending_end = false;
        xml->depth--;
        *ret = SY_XML_END;
        return SY_OK;
    }
    for (;;) {
        xml->where = xml->line;
        const char *next = memchr(xml->data + xml->pos, '<', xml->len - xml->pos);
        size_t n = next != NULL ? (size_t)(next - (xml->data + xml->pos)) : xml->len - xml->pos;
        if (!blank(xml, n))
            return read_text(xml, n, ret, err);
        advance(xml, n);
        xml->where = xml->line;
        if (xml->pos == xml->len)
            break;
        if (looking_at(xml, "</")) {
            *ret = SY_XML_END;
            return read_end(xml, err);
        }
        if (!looking_at(xml, "<!") && !looking_at(xml, "<?")) {
            *ret = SY_XML_START;
            return read_start(xml, err);
        }
        enum sy_code code = skip_special(xml, err);
        if (code != SY_OK)
            return code;
    }
    if (!xml->root_seen)
        return sy_xml_fail(xml, SY_EPARSE, err, "no root element");
    if (xml->depth > 0) {
        char name[64];
        return sy_xml_fail(xml, SY_EPARSE, err, "the file ends inside <%s>",
                           sy_quote(name, sizeof name, xml->data + xml->open[xml->depth - 1].at,
                                    xml->open[xml->depth - 1].len));
    }
    *ret = SY_XML_DONE;
    return SY_OK;
}
