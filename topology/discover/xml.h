/* SPDX-License-Identifier: Apache-2.0 */
/* A pull reader for the small part of XML that topology files use: elements, attributes, text and,
 * where `strict` is off, comments. No entities but the five names and ASCII character references,
 * no DTD but hwloc's own DOCTYPE line, no processing instructions, no CDATA, no namespaces.
 * Everything that it does not know is an error, so that no two readers can see different trees in
 * one file. It allocates nothing and never looks at a byte twice. */
#ifndef SY_TOPOLOGY_DISCOVER_XML_H
#define SY_TOPOLOGY_DISCOVER_XML_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SY_XML_DEPTH_MAX 64u
#define SY_XML_ELEMENT_MAX                                                                         \
    50000u                    /* a machine with 2048 PUs and all its caches has about 20,000       \
                               */
#define SY_XML_ATTR_MAX 32u   /* of one element */
#define SY_XML_TAG_MAX 12288u /* bytes of the names and values of one tag */

enum sy_xml_event { SY_XML_START, SY_XML_END, SY_XML_TEXT, SY_XML_DONE };

struct sy_xml_attr {
    const char *name, *value; /* decoded, valid until the next event */
};

struct sy_xml {
    const char *file; /* name in messages, NULL = "line N" only */
    const char *data;
    size_t len, pos;
    bool strict; /* what hwloc's own small parser reads: double quotes, LF, no comments, … */
    bool pending_end, root_seen;
    unsigned line;  /* of the next byte, from 1 */
    unsigned where; /* line where the last event began */
    unsigned depth, nelement;
    struct {
        size_t at, len;
    } open[SY_XML_DEPTH_MAX]; /* names of the open elements, in data */
    const char *name;         /* START: the element's name */
    size_t tag_at;            /* START: offset of its '<' */
    unsigned nattr;
    struct sy_xml_attr attr[SY_XML_ATTR_MAX];
    const char *content; /* TEXT: raw bytes up to the next tag, borrowed from data */
    size_t content_len;
    size_t used;
    char tag[SY_XML_TAG_MAX];
};

/* Begin to read `data`, which is borrowed. Checks size, bytes (UTF-8 without control characters)
 * and the line ends that `strict` asks for. SY_EPARSE, SY_ELIMIT. */
SY_NODISCARD enum sy_code sy_xml_open(struct sy_xml *xml, const char *file, const char *data,
                                      size_t len, bool strict, struct sy_err *err);
/* Next event; after SY_XML_DONE there is none. An empty element gives START and END. White space
 * between elements gives no event. SY_EPARSE, SY_ELIMIT. */
SY_NODISCARD enum sy_code sy_xml_next(struct sy_xml *xml, enum sy_xml_event *ret,
                                      struct sy_err *err);
/* Value of an attribute of the element just started, or NULL. */
const char *sy_xml_attr(const struct sy_xml *xml, const char *name);
/* Fail at the last event's line: "FILE:LINE: <text>". */
enum sy_code sy_xml_fail(const struct sy_xml *xml, enum sy_code code, struct sy_err *err,
                         const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
