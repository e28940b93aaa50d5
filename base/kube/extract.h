/* SPDX-License-Identifier: Apache-2.0 */
/* From a stream of JSON bytes, in pieces of any size, the few fields that are used. What is not
 * wanted is checked for being JSON and dropped while it passes: memory does not grow with it. */
#ifndef SY_BASE_KUBE_EXTRACT_H
#define SY_BASE_KUBE_EXTRACT_H

#include "base/json.h"

/* A field that is kept: its key, and below it a list of fields (of an object, or of each object of
 * an array), ended by one whose key is NULL; no list = the whole value. The key "*" keeps every
 * member (annotations of any name, with `starts` only those whose name begins so). */
struct sy_kube_field {
    const char *key;
    const struct sy_kube_field *below;
    const char *starts; /* with key "*": prefix of the member's name; NULL = any */
};

struct sy_kube_extract_limits {
    size_t max_kept_bytes; /* of names and values kept of one document */
    unsigned max_depth;    /* of the stream */
    size_t max_string;     /* bytes of one kept string */
};

struct sy_kube_extract;

/* Called with each document of the stream (an item of the list, a watch event): a new root that
 * holds what is wanted, borrowed for the call. */
typedef enum sy_code sy_kube_extract_fn(void *data, json_t *document, struct sy_err *err);
/* Called with a document that cannot be taken, and why: `why->text` names the byte of the stream.
 * `partial` holds what was kept before (NULL = nothing), borrowed. The stream goes on behind it. */
typedef enum sy_code sy_kube_extract_refused_fn(void *data, json_t *partial,
                                                const struct sy_err *why, struct sy_err *err);

/* `fields`: the wanted members of one document, NULL = all; static data. With `items_key`
 * ("items"), the stream is one object: each element of that array is a document, and all other
 * members that `fields_top` names are handed on at the end as one last document through `top` (NULL
 * = none). Without it the stream is a sequence of documents. SY_ENOMEM. */
struct sy_kube_extract_options {
    const struct sy_kube_field *fields;
    const char *items_key;
    const struct sy_kube_field *fields_top;
    struct sy_kube_extract_limits limits; /* zero members: 1 MiB, 100, 64 KiB */
    sy_kube_extract_fn *document, *top;
    sy_kube_extract_refused_fn *refused; /* NULL = such a document ends the stream */
    void *data;
};
SY_NODISCARD enum sy_code sy_kube_extract_new(const struct sy_kube_extract_options *options,
                                              struct sy_kube_extract **ret, struct sy_err *err);
void sy_kube_extract_free(struct sy_kube_extract *extract); /* takes NULL */
/* Take in the next bytes. SY_EPARSE with the byte's number in the stream, SY_ELIMIT, SY_ENOMEM, and
 * what a callback fails with; after a failure only reset and free are allowed.
 * Refused is a document (not the stream, where `refused` is set) over a limit, with a text that is
 * not UTF-8 or half a surrogate pair, or with a wanted number that no int64 or double holds or a
 * wanted object's name with \u0000: what jansson refuses too, but for numbers and names in what is
 * dropped, of which only the form is checked. */
SY_NODISCARD enum sy_code sy_kube_extract_feed(struct sy_kube_extract *extract, const char *data,
                                               size_t len, struct sy_err *err);
/* The stream has ended: SY_EPARSE when inside a document. */
SY_NODISCARD enum sy_code sy_kube_extract_end(struct sy_kube_extract *extract, struct sy_err *err);
/* The stream's object had a member `items_key`, be it null. */
bool sy_kube_extract_has_items(const struct sy_kube_extract *extract);
void sy_kube_extract_reset(struct sy_kube_extract *extract); /* for a new stream */

/* The same of a document that is parsed already: the reference that the stream's way is proved
 * equal to. New reference; SY_ENOMEM. Of equal keys the last one counts in both. */
SY_NODISCARD enum sy_code sy_kube_extract_prune(const json_t *document,
                                                const struct sy_kube_field *fields, json_t **ret,
                                                struct sy_err *err);

#endif
