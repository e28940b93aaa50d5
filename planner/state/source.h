/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of JSON and YAML cut into documents. */
#ifndef SY_PLANNER_STATE_SOURCE_H
#define SY_PLANNER_STATE_SOURCE_H

#include "base/str.h"

/* One document as JSON text, and where it stands in the file. */
struct sy_document {
    const char *file;
    const char *data; /* borrowed for the call */
    size_t len;
    size_t number;        /* from 1 */
    bool many;            /* there may be others: messages say which */
    unsigned first_line;  /* of YAML: where it begins; 0 = it is JSON, and `offset` counts */
    const unsigned *item; /* of YAML: the line of each element of its `items` */
    size_t nitem;
    const char *whole; /* of JSON: the file, of which it is the part at `offset` */
    size_t offset;
};
typedef enum sy_code sy_document_fn(void *data, const struct sy_document *document,
                                    struct sy_err *err);

/* Each document of a file, one after the other: JSON when its first character is a brace, as
 * kubectl decides, else YAML. No document at all is SY_EPARSE. Messages begin with the file. */
SY_NODISCARD enum sy_code sy_documents_each(const char *file, const char *data, size_t len,
                                            size_t max_bytes, sy_document_fn *each, void *each_data,
                                            struct sy_err *err);
/* The document's name for messages ("pods.json", "pods.json: document 2", "pods.yaml:12"), and that
 * of an element of its items ("pods.json: items/3", "pods.yaml:31"); returns buf. */
const char *sy_document_name(const struct sy_document *document, char *buf, size_t size);
const char *sy_document_item(const struct sy_document *document, size_t i, char *buf, size_t size);
/* What is wrong at byte `at` (from 1) of its JSON text: "FILE:LINE:COLUMN: text". */
enum sy_code sy_document_fail(const struct sy_document *document, unsigned long long at,
                              enum sy_code code, const char *text, struct sy_err *err);

#endif
