/* SPDX-License-Identifier: Apache-2.0 */
/* Strict reading of JSON through jansson, with the path of what is wrong in every message
 * ("/spec/objects/3/pci: expected string, got integer"). The only pair of files, with json.c, that
 * sets jansson's decode flags. */
#ifndef SY_BASE_JSON_H
#define SY_BASE_JSON_H

#include "base/mem.h"

#include <jansson.h>
#include <stdint.h>

/* How a document may look. */
struct sy_json_limits {
    size_t max_bytes; /* longer: SY_ELIMIT, text names length and limit */
    unsigned max_depth;
    bool reject_duplicates; /* our own documents: yes; kube-scheduler's wire: no, the last wins */
};

/* Parse one JSON document of `len` bytes. Depth is checked on the bytes before jansson sees them.
 * SY_EPARSE: not JSON, text names line and column; SY_ELIMIT: too long or too deep; SY_ENOMEM.
 * The caller owns *ret_root (json_decref). */
SY_NODISCARD enum sy_code sy_json_parse(const char *data, size_t len,
                                        const struct sy_json_limits *limits, json_t **ret_root,
                                        struct sy_err *err);

static inline void sy_json_decrefp(json_t **json)
{
    json_decref(*json);
}
#define sy_autojson __attribute__((cleanup(sy_json_decrefp)))

/* Where a value stands. Lives on the stack, linked to its parent; the text is made only for
 * messages. `key` NULL means an array element `index`. The root has parent NULL. */
struct sy_path {
    const struct sy_path *parent;
    const char *key;
    size_t index;
};
#define SY_PATH_KEY(up, name) (&(struct sy_path){.parent = (up), .key = (name)})
#define SY_PATH_AT(up, i) (&(struct sy_path){.parent = (up), .index = (i)})
/* Write "/a/3/b" ("" for the root, '~' and '/' in keys escaped as JSON Pointer does, control
 * characters as \xNN, a longer text cut and ending in "..."); returns buf. In messages of the
 * readers the root is "/". */
const char *sy_path_format(const struct sy_path *path, char *buf, size_t size);

/* Fail at a place in a document: "/spec/objects/3/pci: <text>"; returns `code`. */
enum sy_code sy_json_fail(const struct sy_path *at, enum sy_code code, struct sy_err *err,
                          const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* SY_EINVAL "PATH: expected <expected>, got <type>". */
enum sy_code sy_json_fail_type(const struct sy_path *at, const char *expected, const json_t *got,
                               struct sy_err *err);

/* Readers of one member of `obj` (which may be absent or null: then *ret keeps its value and SY_OK
 * is returned, unless `SY_JSON_REQUIRED` is set: SY_EINVAL "…: required"). A value of another type
 * is SY_EINVAL "PATH: expected T, got U"; out of range is SY_ELIMIT naming value and range.
 * Borrowed pointers live as long as the document. Integers never accept reals, reals accept
 * integers. Strings must not hold NUL bytes. */
enum sy_json_need { SY_JSON_OPTIONAL, SY_JSON_REQUIRED };
SY_NODISCARD enum sy_code sy_json_str(const json_t *obj, const char *key, enum sy_json_need need,
                                      size_t max_len, const struct sy_path *at, const char **ret,
                                      struct sy_err *err);
SY_NODISCARD enum sy_code sy_json_int(const json_t *obj, const char *key, enum sy_json_need need,
                                      int64_t min, int64_t max, const struct sy_path *at,
                                      int64_t *ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_json_real(const json_t *obj, const char *key, enum sy_json_need need,
                                       double min, double max, const struct sy_path *at,
                                       double *ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_json_bool(const json_t *obj, const char *key, enum sy_json_need need,
                                       const struct sy_path *at, bool *ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_json_array(const json_t *obj, const char *key, enum sy_json_need need,
                                        size_t max_items, const struct sy_path *at, json_t **ret,
                                        struct sy_err *err);
SY_NODISCARD enum sy_code sy_json_object(const json_t *obj, const char *key, enum sy_json_need need,
                                         const struct sy_path *at, json_t **ret,
                                         struct sy_err *err);
/* json_typeof in words for messages: "object", "integer", … ("nothing" for NULL). */
const char *sy_json_type(const json_t *value);
/* Member of `obj` whose key equals `key` exactly, or else without regard to ASCII case (Go decodes
 * so; of several the last one counts); NULL when there is none. Borrowed. */
json_t *sy_json_get_ci(const json_t *obj, const char *key);

/* Compact text of a value, reals with 15 digits where these say all of them, else 17 (lossless),
 * keys in insertion order (caller frees with sy_free); SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_json_dump(const json_t *value, bool pretty, char **ret_text,
                                       size_t *ret_len, struct sy_err *err);

#endif
