/* SPDX-License-Identifier: Apache-2.0 */
/* Private to anonymize*.c: which member names what, and the names. */
#ifndef SY_PLANNER_STATE_ANONYMIZE_PRIVATE_H
#define SY_PLANNER_STATE_ANONYMIZE_PRIVATE_H

#include "planner/state/snapshot.h"

/* X(id, what its new names begin with) kinds of names; each has its own numbers */
#define SY_NAMINGS(X)                                                                              \
    X(NAMESPACE, "namespace")                                                                      \
    X(NODE, "node")                                                                                \
    X(POD, "pod")                                                                                  \
    X(UID, "uid")                                                                                  \
    X(OWNER, "owner")                                                                              \
    X(CONTAINER, "container")                                                                      \
    X(KEY, "example.com/label")                                                                    \
    X(VALUE, "value")                                                                              \
    X(REF, "name") /* claims, classes, gates, disks */
enum sy_naming {
#define X(id, name) SY_NAMING_##id,
    SY_NAMINGS(X)
#undef X
        SY_NAMING_COUNT
};

/* X(id) what is done to a member; members that no rule names stay as they are */
#define SY_RENAMES(X)                                                                              \
    X(BELOW)       /* rules of its own, for an object or each object of an array */                \
    X(NAME)        /* a text, or each text in it, is a name of `naming` */                         \
    X(LABELS)      /* keys and values */                                                           \
    X(LABEL_KEY)   /* a text, or a list of texts, is the key of a label */                         \
    X(SELECTOR)    /* matchLabels and matchExpressions */                                          \
    X(EXPRESSIONS) /* key, operator, values */                                                     \
    X(FIELDS)      /* the same over metadata.name of nodes */                                      \
    X(TAINT)       /* key, value; of tolerations too */                                            \
    X(LEFT_OUT)                                                                                    \
    X(CORDON)  /* without what people wrote */                                                     \
    X(FABRIC)  /* a NodeFabric in a text */                                                        \
    X(REASON)  /* without what people wrote behind "cordoned: " */                                 \
    X(MESSAGE) /* some text that says nothing */                                                   \
    X(KIND)    /* an owner's: custom ones are names */
enum sy_rename_what {
#define X(id) SY_RENAME_##id,
    SY_RENAMES(X)
#undef X
        SY_RENAME_COUNT
};

struct sy_rename {
    const char *key; /* NULL = the end */
    uint8_t what;    /* enum sy_rename_what */
    uint8_t naming;  /* enum sy_naming, of NAME */
    const struct sy_rename *below;
};
/* Of an object of this kind. */
const struct sy_rename *sy_rename_rules(enum sy_state_kind kind);

struct sy_namer; /* first it collects, then it renames */
/* The new name; while collecting the old one, remembered. NULL: out of memory. */
const char *sy_namer_name(struct sy_namer *namer, enum sy_naming naming, const char *old);
const char *sy_namer_key(struct sy_namer *namer, const char *key);
/* Of a label, a taint or a selector with that key. */
const char *sy_namer_value(struct sy_namer *namer, const char *key, const char *value);
/* Values of this key are compared as numbers somewhere: those that are numbers stay. */
void sy_namer_numeric(struct sy_namer *namer, const char *key);
/* A renamed copy; NULL: out of memory. */
json_t *sy_rename_object(struct sy_namer *namer, const json_t *object,
                         const struct sy_rename *rules);

#endif
