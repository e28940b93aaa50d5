/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as people give it to Kubernetes: any number of documents, each made JSON text, with plain
 * words read as kubectl reads them (YAML 1.1: `yes` is true, 010 is 8, 0x10 is 16, 1e3 is 1000, a
 * date stays a text). Stricter than kubectl: anchors, aliases, tags, merge keys and duplicate keys
 * are errors, with "FILE:LINE:COLUMN: ". */
#ifndef SY_BASE_YAML_DOCUMENTS_H
#define SY_BASE_YAML_DOCUMENTS_H

#include "base/mem.h"

struct sy_yaml_documents {
    const char *file;
    size_t max_bytes; /* of the stream */
    /* A document begins at this line, and ends. One that says nothing is left out. */
    enum sy_code (*begin)(void *data, unsigned line, struct sy_err *err);
    enum sy_code (*end)(void *data, struct sy_err *err);
    /* The next bytes of its JSON text. */
    enum sy_code (*text)(void *data, const char *json, size_t len, struct sy_err *err);
    /* An element of the root's list `items` begins at this line; NULL = of no interest. */
    enum sy_code (*item)(void *data, unsigned line, struct sy_err *err);
    void *data;
};

/* Memory does not grow with the stream but for the keys of maps that are open. SY_EPARSE,
 * SY_ELIMIT, SY_ENOMEM, and what a callback fails with. */
SY_NODISCARD enum sy_code sy_yaml_documents_read(const struct sy_yaml_documents *documents,
                                                 const char *data, size_t len, struct sy_err *err);

#endif
