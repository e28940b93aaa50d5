/* SPDX-License-Identifier: Apache-2.0 */
/* Strict reading of the files that operators write (policy, catalogue, scenario): YAML 1.1 through
 * libyaml, and so JSON too. Every message names "FILE:LINE:COLUMN: ". Duplicate keys, anchors,
 * aliases, tags and second documents are errors. The only pair of files, with yaml.c, that includes
 * <yaml.h>. */
#ifndef SY_BASE_YAML_H
#define SY_BASE_YAML_H

#include "base/arena.h"

#include <stdint.h>

enum sy_yaml_kind { SY_YAML_SCALAR, SY_YAML_LIST, SY_YAML_MAP };

struct sy_yaml {
    enum sy_yaml_kind kind;
    bool quoted;                /* scalar: '…' or "…", so never a number, bool or null */
    unsigned line, column;      /* from 1 */
    const char *text;           /* scalar */
    size_t count;               /* list: items; map: members */
    struct sy_yaml **item;      /* list items, or map values */
    const struct sy_yaml **key; /* map keys (scalars) */
};

/* Parse `len` bytes; `file` is the name used in messages (kept by pointer). Everything lives in
 * `arena`. SY_EPARSE, SY_ELIMIT (over max_bytes, over 64 levels deep, over 200,000 nodes),
 * SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_yaml_parse(struct sy_arena *arena, const char *file, const char *data,
                                        size_t len, size_t max_bytes, struct sy_yaml **ret_root,
                                        struct sy_err *err);

/* What a stream of documents says, one piece after the other. */
enum sy_yaml_what {
    SY_YAML_BEGIN, /* of a document; an empty stream has none */
    SY_YAML_END,
    SY_YAML_OPEN_LIST,
    SY_YAML_OPEN_MAP,
    SY_YAML_CLOSE,
    SY_YAML_TEXT /* a scalar, or a map's key: text of `len` bytes without NUL, borrowed */
};
struct sy_yaml_piece {
    enum sy_yaml_what what;
    unsigned line, column; /* from 1 */
    bool quoted;
    const char *text;
    size_t len;
};
typedef enum sy_code sy_yaml_piece_fn(void *data, const struct sy_yaml_piece *piece,
                                      struct sy_err *err);
/* Walk through a stream of any number of documents; nothing is kept of it, duplicate keys are not
 * looked for. Anchors, aliases and tags are errors here too, and levels are at most 64. SY_EPARSE,
 * SY_ELIMIT, SY_ENOMEM, and what `piece` fails with. */
SY_NODISCARD enum sy_code sy_yaml_walk(const char *file, const char *data, size_t len,
                                       size_t max_bytes, sy_yaml_piece_fn *piece, void *piece_data,
                                       struct sy_err *err);

/* Fail at a node's place: "FILE:LINE:COLUMN: <text>". */
enum sy_code sy_yaml_fail(const char *file, const struct sy_yaml *at, enum sy_code code,
                          struct sy_err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#define sy_yaml_fail(file, at, code, err, ...) /* a macro for the reason that sy_fail is one */    \
    __extension__({                                                                                \
        enum sy_code sy_yaml_code_ = (code);                                                       \
        (void)(sy_yaml_fail)((file), (at), sy_yaml_code_, (err), __VA_ARGS__);                     \
        sy_yaml_code_;                                                                             \
    })

/* SY_EINVAL "unknown key 'x' (known: a, b, c)" unless every key of `map` is in `known`
 * (NULL-ended); also fails when `map` is not a map. */
SY_NODISCARD enum sy_code sy_yaml_only(const char *file, const struct sy_yaml *map,
                                       const char *const *known, struct sy_err *err);
/* Member or NULL; borrowed. */
struct sy_yaml *sy_yaml_get(const struct sy_yaml *map, const char *key);

/* Scalars with their types; on failure *ret is untouched. Messages name value and range. */
SY_NODISCARD enum sy_code sy_yaml_str(const char *file, const struct sy_yaml *node, size_t max_len,
                                      const char **ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_yaml_int(const char *file, const struct sy_yaml *node, int64_t min,
                                      int64_t max, int64_t *ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_yaml_real(const char *file, const struct sy_yaml *node, double min,
                                       double max, double *ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_yaml_bool(const char *file, const struct sy_yaml *node, bool *ret,
                                       struct sy_err *err);

#endif
