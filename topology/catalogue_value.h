/* SPDX-License-Identifier: Apache-2.0 */
/* How the pieces of a catalogue file are read into the draft; for topology/catalogue_*.c only. */
#ifndef SY_TOPOLOGY_CATALOGUE_VALUE_H
#define SY_TOPOLOGY_CATALOGUE_VALUE_H

#include "topology/catalogue_private.h"

/* catalogue_value.c: pieces of a file. All fail at the node's place. */
struct sy_cat_place sy_cat_place(const struct sy_cat_reader *in, const struct sy_yaml *at);
enum sy_code sy_cat_nomem(struct sy_err *err);
/* Copy a text of 1..max bytes into the draft. */
SY_NODISCARD enum sy_code sy_cat_text(const struct sy_cat_reader *in, const struct sy_yaml *node,
                                      size_t max, const char **ret);
/* "name" of an entry: lower-case letters, digits, '-' and '.'; required. Borrowed from the tree. */
SY_NODISCARD enum sy_code sy_cat_name(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                      const char **ret);
/* The source or unverified text of a map that has exactly one of them. */
SY_NODISCARD enum sy_code sy_cat_evidence(const struct sy_cat_reader *in, const struct sy_yaml *map,
                                          bool *ret_verified, const char **ret_text);
SY_NODISCARD enum sy_code sy_cat_value(const struct sy_cat_reader *in, const struct sy_yaml *node,
                                       struct sy_cat_value *ret);
/* A number in the file's unit, times `scale`, as a fact. */
struct sy_cat_range {
    double scale, min, max;
    bool whole; /* integers only */
};
SY_NODISCARD enum sy_code sy_cat_fact(const struct sy_cat_reader *in, const struct sy_yaml *node,
                                      const struct sy_cat_range *range, struct sy_fact *ret);
/* The index of a word in `names` of `n`; SY_EINVAL names them all. */
SY_NODISCARD enum sy_code sy_cat_word(const struct sy_cat_reader *in, const struct sy_yaml *node,
                                      const char *const *names, size_t n, uint8_t *ret);
/* A list of evidenced identities: "vvvv:dddd", "vvvv:dddd/ssss:tttt", and "vvvv:class-cccc" for
 * devices, 'x' for any digit for bridges. */
SY_NODISCARD enum sy_code sy_cat_ids(const struct sy_cat_reader *in, const struct sy_yaml *list,
                                     bool bridges, enum sy_role role, struct sy_cat_id **ret);
SY_NODISCARD enum sy_code sy_cat_is(const struct sy_cat_reader *in, const struct sy_yaml *node,
                                    enum sy_yaml_kind kind);
/* Lists of entries: run `fn` for each item of map `root`'s list `key`. */
typedef enum sy_code sy_cat_entry_fn(const struct sy_cat_reader *in, const struct sy_yaml *entry);
SY_NODISCARD enum sy_code sy_cat_each(const struct sy_cat_reader *in, const struct sy_yaml *root,
                                      const char *key, sy_cat_entry_fn *fn);

/* catalogue_device.c, catalogue_resource.c, catalogue_host.c: entries of each list. */
sy_cat_entry_fn sy_cat_read_device, sy_cat_read_resource, sy_cat_read_resource_devices,
    sy_cat_read_bridge, sy_cat_read_cpu, sy_cat_read_ignored;
struct sy_cat_device *sy_cat_device_find(const struct sy_cat_draft *draft, const char *name);
struct sy_cat_resource *sy_cat_resource_find(const struct sy_cat_draft *draft, const char *name);
/* Fail because an entry stands twice in one file. */
enum sy_code sy_cat_twice(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                          const char *what, const char *name, const struct sy_cat_place *first);

#endif
