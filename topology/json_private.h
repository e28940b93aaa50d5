/* SPDX-License-Identifier: Apache-2.0 */
/* What the two directions of the node document share; for the codec's own files only. */
#ifndef SY_TOPOLOGY_JSON_PRIVATE_H
#define SY_TOPOLOGY_JSON_PRIVATE_H

#include "base/arena.h"
#include "base/json.h"
#include "topology/inventory.h"

#define SY_NAME_MAX SY_OBJ_NAME_MAX /* of a Kubernetes object's name too */
#define SY_TEXT_MAX SY_OBJ_TEXT_MAX
#define SY_GBPS_MAX 100000.0
#define SY_WATTS_MAX 1e7

/* Members of `obj`, copied to the arena or converted; absent leaves *ret as it is. */
SY_NODISCARD enum sy_code sy_read_text(const json_t *obj, const char *key, size_t max_len,
                                       const struct sy_path *at, struct sy_arena *arena,
                                       const char **ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_read_mbps(const json_t *obj, const char *key, const struct sy_path *at,
                                       uint32_t *ret, struct sy_err *err); /* from GB/s */
SY_NODISCARD enum sy_code sy_read_mw(const json_t *obj, const char *key, const struct sy_path *at,
                                     int64_t *ret, struct sy_err *err); /* from watts */
SY_NODISCARD enum sy_code sy_read_addr(const json_t *obj, const char *key, enum sy_json_need need,
                                       const struct sy_path *at, bool *ret_present,
                                       struct sy_pci_addr *ret, struct sy_err *err);

/* Put a new value under a key; *ok becomes false when memory ran out, and stays so. Takes NULL. */
void sy_put(json_t *obj, const char *key, json_t *value, bool *ok);
void sy_append(json_t *array, json_t *value, bool *ok);
void sy_put_text(json_t *obj, const char *key, const char *text, bool *ok); /* NULL: not at all */
void sy_put_mbps(json_t *obj, const char *key, uint32_t mbps, bool *ok);    /* 0: not at all */
void sy_put_mw(json_t *obj, const char *key, int64_t mw, bool *ok);       /* negative: not at all */
void sy_put_uint(json_t *obj, const char *key, uint32_t value, bool *ok); /* 0: not at all */
void sy_put_addr(json_t *obj, const char *key, struct sy_pci_addr addr, bool *ok);

struct sy_fabric;
struct sy_usage;
SY_NODISCARD enum sy_code sy_usage_to_json(const struct sy_fabric *fabric,
                                           const struct sy_usage *usage, json_t **ret,
                                           struct sy_err *err);

#endif
