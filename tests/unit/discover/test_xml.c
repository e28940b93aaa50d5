/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "topology/discover/xml.h"

#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All events of a text in one line: "<a x=1> 'text' </>", then the error's text if there is one. */
static void trace(const char *text, bool strict, char *buf, size_t size)
{
    static struct sy_xml xml;
    struct sy_err err = {.code = SY_OK};
    enum sy_xml_event event = SY_XML_DONE;
    buf[0] = '\0';
    enum sy_code code = sy_xml_open(&xml, "f", text, strlen(text), strict, &err);
    while (code == SY_OK) {
        code = sy_xml_next(&xml, &event, &err);
        size_t n = strlen(buf);
        if (code != SY_OK || event == SY_XML_DONE)
            break;
        if (event == SY_XML_START) {
            n += (size_t)snprintf(buf + n, size - n, "<%s", xml.name);
            for (unsigned i = 0; i < xml.nattr; i++)
                n += (size_t)snprintf(buf + n, size - n, " %s=%s", xml.attr[i].name,
                                      xml.attr[i].value);
            (void)snprintf(buf + n, size - n, ">");
        } else if (event == SY_XML_END) {
            (void)snprintf(buf + n, size - n, "</>");
        } else {
            (void)snprintf(buf + n, size - n, "'%.*s'", (int)xml.content_len, xml.content);
        }
    }
    size_t n = strlen(buf);
    if (code != SY_OK)
        (void)snprintf(buf + n, size - n, "%s%s", n > 0 ? " " : "", err.text);
}

static const struct {
    const char *name, *text;
    bool strict;
    const char *want;
} cases[] = {
    {"empty element", "<a/>", true, "<a></>"},
    {"attributes", "<a x=\"1\" y=\"\">\n</a>", true, "<a x=1 y=></>"},
    {"text", "<a> 1 2 </a>", true, "<a>' 1 2 '</>"},
    {"nested", "<a><b/><c></c></a>\n", true, "<a><b></><c></></>"},
    {"references", "<a x=\"&lt;&gt;&amp;&quot;&#10;\"/>", true, "<a x=<>&\"\n></>"},
    {"apostrophe in a file of hwloc", "<a x=\"&apos;\"/>", true,
     "f:1: unknown reference '&apos;\\x22/>'"},
    {"apostrophe elsewhere", "<a x=\"&apos;\"/>", false, "<a x='></>"},
    {"declaration and doctype",
     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE topology SYSTEM \"hwloc.dtd\">\n<a/>",
     true, "<a></>"},
    {"comments", "<!-- x --><a><!-- <b> --></a><!-- y -->", false, "<a></>"},
    {"single quotes", "<a x='1\"'/>", false, "<a x=1\"></>"},
    {"line end in a value", "<a x=\"1\n2\"/>", false, "<a x=1 2></>"},
    {"CR outside hwloc's files", "<a>\r\n</a>\r\n", false, "<a></>"},
    {"nothing", "", true, "f:1: the file is empty"},
    {"only white space", "\n\n", true, "f:3: no root element"},
    {"CR", "<a>\r\n</a>", true,
     "f:1: carriage return: hwloc writes LF line ends, and its own parser reads no others "
     "(convert with dos2unix)"},
    {"comment", "<a>\n<!-- x --></a>", true,
     "<a> f:2: comment: hwloc silently drops what follows one, remove it"},
    {"single quotes in a file of hwloc", "<a>\n<b x='1'/></a>", true,
     "<a> f:2: attribute x: single quotes, hwloc's own parser reads only double ones"},
    {"capital in an attribute's name", "<a xY=\"1\"/>", true,
     "f:1: attribute x: '=' is expected at 'Y=\\x221\\x22/>'"},
    {"greater-than in a value", "<a x=\">\"/>", true,
     "f:1: '>\\x22/>' inside an attribute's value"},
    {"less-than in a value", "<a x=\"<\"/>", false, "f:1: '<\\x22/>' inside an attribute's value"},
    {"end inside a tag", "<a x=\"1\"", true, "f:1: the file ends inside a tag"},
    {"end inside a value", "<a x=\"1", true, "f:1: the file ends inside a tag"},
    {"end inside an element", "<a>\n<b/>\n", true, "<a><b></> f:3: the file ends inside <a>"},
    {"wrong end tag", "<a>\n</b>", true, "<a> f:2: </b> closes <a>"},
    {"end tag alone", "</a>", true, "f:1: </a> closes <>"},
    {"second root", "<a/>\n<b/>", true, "<a></> f:2: a second root element"},
    {"text after the root", "<a/>\nx", true, "<a></> f:1: text outside the root element: '\\x0Ax'"},
    {"attribute twice", "<a x=\"1\" x=\"2\"/>", true, "f:1: attribute x is given twice"},
    {"no space between attributes", "<a x=\"1\"y=\"2\"/>", true,
     "f:1: a space or '>' is expected at 'y=\\x222\\x22/>'"},
    {"no value", "<a x/>", true, "f:1: attribute x: '=' is expected at '/>'"},
    {"no quotes", "<a x=1/>", true, "f:1: attribute x: a quoted value is expected at '1/>'"},
    {"no name", "<>", true, "f:1: a name is expected at '>'"},
    {"CDATA", "<a><![CDATA[x]]></a>", false,
     "<a> f:1: '<!' that begins neither a comment nor hwloc's DOCTYPE"},
    {"processing instruction", "<a><?php x?></a>", false,
     "<a> f:1: processing instructions are not read"},
    {"foreign DOCTYPE", "<!DOCTYPE topology [<!ENTITY x \"y\">]>\n<a/>", false,
     "f:1: DOCTYPE other than hwloc's <!DOCTYPE topology SYSTEM \"hwloc2.dtd\">"},
    {"DOCTYPE below the root", "<a><!DOCTYPE topology SYSTEM \"hwloc2.dtd\"></a>", false,
     "<a> f:1: '<!' that begins neither a comment nor hwloc's DOCTYPE"},
    {"entity", "<a x=\"&x;\"/>", false, "f:1: unknown reference '&x;\\x22/>'"},
    {"entity in text", "<a>&x;</a>", false, "<a> f:1: a reference inside text"},
    {"encoding", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n<a/>", false,
     "f:1: the encoding is not UTF-8"},
    {"control character", "<a>\n\x01</a>", false, "f:2: byte 0x01 is not text"},
    {"not UTF-8", "<a>\xff</a>", false, "f:1: byte 0xff is not UTF-8"},
    {"overlong UTF-8", "<a>\xc0\x80</a>", false, "f:1: byte 0xc0 is not UTF-8"},
    {"surrogate", "<a>\xed\xa0\x80</a>", false, "f:1: byte 0xed is not UTF-8"},
    {"cut UTF-8", "<a>\xe2\x82", false, "f:1: byte 0xe2 is not UTF-8"},
    {"comment without end", "<a/><!-- x", false, "<a></> f:1: a comment without an end"},
};

START_TEST(events)
{
    char got[1024];
    trace(cases[_i].text, cases[_i].strict, got, sizeof got);
    ck_assert_msg(strcmp(got, cases[_i].want) == 0, "%s:\n got %s\nwant %s", cases[_i].name, got,
                  cases[_i].want);
}
END_TEST

/* `n` times `piece`. */
static char *repeated(const char *before, const char *piece, size_t n, const char *after)
{
    size_t size = strlen(before) + n * strlen(piece) + strlen(after) + 1;
    char *text = malloc(size);
    char *p = stpcpy(text, before);
    for (size_t i = 0; i < n; i++)
        p = stpcpy(p, piece);
    (void)stpcpy(p, after);
    return text;
}

static void expect_limit(char *text, const char *want)
{
    static struct sy_xml xml;
    struct sy_err err = {.code = SY_OK};
    enum sy_xml_event event = SY_XML_START;
    enum sy_code code = sy_xml_open(&xml, "f", text, strlen(text), true, &err);
    while (code == SY_OK && event != SY_XML_DONE)
        code = sy_xml_next(&xml, &event, &err);
    free(text);
    ck_assert_int_eq(code, want != NULL ? SY_ELIMIT : SY_OK);
    ck_assert_str_eq(err.text, want != NULL ? want : "");
}

START_TEST(limits)
{
    expect_limit(repeated("<a>", "<b/>", SY_XML_ELEMENT_MAX - 1, "</a>"), NULL);
    expect_limit(repeated("<a>", "<b/>", SY_XML_ELEMENT_MAX, "</a>"),
                 "f:1: more than 50000 elements");
    expect_limit(repeated("", "<a>\n", 65, ""), "f:65: elements nested deeper than 64");
    expect_limit(repeated("<a x=\"", "1", SY_XML_TAG_MAX, "\"/>"),
                 "f:1: a tag of more than 12288 bytes");
    char *many = malloc(4096), *p = stpcpy(many, "<a");
    for (int i = 0; i < 33; i++)
        p += sprintf(p, " %c%c=\"\"", 'a' + i % 26, 'a' + i / 26);
    (void)stpcpy(p, "/>");
    expect_limit(many, "f:1: an element with more than 32 attributes");
    char *large = repeated("<a>", " ", 4u * 1024u * 1024u, "</a>");
    expect_limit(large, "f:1: 4194311 bytes, the limit is 4194304");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discover/xml");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, events, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, limits);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
