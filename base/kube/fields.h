/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of wanted fields: looked up and merged. */
#ifndef SY_BASE_KUBE_FIELDS_H
#define SY_BASE_KUBE_FIELDS_H

#include "base/arena.h"
#include "base/kube/extract.h"

/* The first field of the list that a member of this name matches; NULL = not wanted. */
const struct sy_kube_field *sy_kube_field_find(const struct sy_kube_field *fields,
                                               const char *name);
/* What `a` or `b` wants, in `arena`, `a` first where both speak of all names ("*"); a whole value
 * includes its parts. Strings are borrowed. NULL when out of memory. */
const struct sy_kube_field *sy_kube_fields_merge(struct sy_arena *arena,
                                                 const struct sy_kube_field *a,
                                                 const struct sy_kube_field *b) SY_NODISCARD;

#endif
