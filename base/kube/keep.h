/* SPDX-License-Identifier: Apache-2.0 */
/* What the extractor keeps: the document under construction, with its limits. A document that
 * breaks one is refused: the rest of it is dropped as it passes, and the stream goes on. */
#ifndef SY_BASE_KUBE_KEEP_H
#define SY_BASE_KUBE_KEEP_H

#include "base/kube/extract.h"

struct sy_keep_frame {
    json_t *container; /* borrowed from the tree */
    const struct sy_kube_field *fields;
    unsigned depth; /* of what stands in it */
};

struct sy_keep {
    struct sy_kube_extract_options options;
    struct sy_keep_frame *frame;
    unsigned frames, max_frames;
    size_t max_bytes, bytes, top_bytes; /* kept of the document; of the top */
    json_t *document, *top;
    bool in_document;
    bool wanted; /* the value that comes */
    const struct sy_kube_field *below;
    struct sy_err refused; /* why the document is not taken */
};

SY_NODISCARD enum sy_code sy_keep_init(struct sy_keep *keep,
                                       const struct sy_kube_extract_options *options,
                                       unsigned max_depth, size_t max_bytes, struct sy_err *err);
void sy_keep_reset(struct sy_keep *keep);
void sy_keep_done(struct sy_keep *keep);

/* A value comes: a document's root; a member of this name (NULL: an element) of what is open at
 * `depth`; or one that is not kept. */
void sy_keep_begin(struct sy_keep *keep);
void sy_keep_look(struct sy_keep *keep, unsigned depth, const char *name);
void sy_keep_nothing(struct sy_keep *keep);
bool sy_keep_wanted(const struct sy_keep *keep);                /* is the value that came kept? */
bool sy_keep_names(const struct sy_keep *keep, unsigned depth); /* are names looked at here? */

/* Take the value in, if it is wanted; `name` as it stands in its object. `at`: bytes before it. */
SY_NODISCARD enum sy_code sy_keep_open(struct sy_keep *keep, unsigned depth, bool object,
                                       const char *name, size_t name_len, uint64_t at,
                                       struct sy_err *err);
void sy_keep_close(struct sy_keep *keep, unsigned depth);
SY_NODISCARD enum sy_code sy_keep_string(struct sy_keep *keep, const char *name, size_t name_len,
                                         const char *text, size_t len, uint64_t at,
                                         struct sy_err *err);
SY_NODISCARD enum sy_code sy_keep_number(struct sy_keep *keep, const char *name, size_t name_len,
                                         const char *text, bool real, uint64_t at,
                                         struct sy_err *err);
SY_NODISCARD enum sy_code sy_keep_word(struct sy_keep *keep, const char *name, size_t name_len,
                                       char first, uint64_t at, struct sy_err *err);

/* The document cannot be taken. SY_OK where the stream goes on, else the failure. */
SY_NODISCARD enum sy_code sy_keep_refuse(struct sy_keep *keep, enum sy_code code, uint64_t at,
                                         struct sy_err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The document, or the object around them all, is complete: hand it on. */
SY_NODISCARD enum sy_code sy_keep_document(struct sy_keep *keep, struct sy_err *err);
SY_NODISCARD enum sy_code sy_keep_top(struct sy_keep *keep, struct sy_err *err);

#endif
