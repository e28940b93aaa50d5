/* SPDX-License-Identifier: Apache-2.0 */
/* Between the catalogue's own files and its tests. Files are read into a draft (linked lists in the
 * catalogue's arena, one entry per name, later files changing earlier ones); the draft is then
 * checked as a whole and laid out in the flat, sorted tables that lookups use. */
#ifndef SY_TOPOLOGY_CATALOGUE_PRIVATE_H
#define SY_TOPOLOGY_CATALOGUE_PRIVATE_H

#include "base/yaml.h"
#include "topology/catalogue.h"

#define SY_CAT_FILE_BYTES (1u << 20)   /* one file */
#define SY_CAT_ARENA_BYTES (64u << 20) /* one catalogue */
#define SY_CAT_YAML_BYTES (256u << 20) /* the tree of one file while it is read */
#define SY_CAT_MODEL_MAX 4096u
#define SY_CAT_NAME_MAX 63u /* of a device, a bridge, an interconnect, a source key */
#define SY_CAT_TEXT_MAX 400u

/* The text of devices.yaml, made by topology/catalogue/embed.cmake. */
extern const unsigned char sy_catalogue_builtin[];
extern const size_t sy_catalogue_builtin_len;
#define SY_CAT_BUILTIN_NAME "built-in devices.yaml"

struct sy_cat_place {
    const char *file;
    unsigned number; /* of the file, from 1 in reading order */
    unsigned line, column;
};

/* An evidenced value: {value: …, source: KEY} or {value: …, unverified: "why"}. */
struct sy_cat_value {
    const struct sy_yaml *value;
    bool verified;
    const char *source; /* text for people */
};

/* How much of an identity a rule names; a larger level is more specific. */
enum sy_cat_level { SY_CAT_CLASS, SY_CAT_DEVICE, SY_CAT_SUBSYSTEM };

/* vendor, device (or class), subvendor, subdevice from the top 16 bits down; only bits of `mask`
 * count. */
struct sy_cat_id {
    struct sy_cat_id *next;
    struct sy_cat_place place;
    uint64_t value, mask;
    uint8_t level; /* enum sy_cat_level */
    uint8_t role;  /* enum sy_role */
};

struct sy_cat_source {
    struct sy_cat_source *next;
    const char *key, *text;
};

struct sy_cat_device {
    struct sy_cat_device *next;
    struct sy_model model;
    struct sy_cat_id *units, *companions;
    struct sy_cat_place place; /* where it was last stated */
    unsigned file;             /* number of that file */
};

struct sy_cat_resource {
    struct sy_cat_resource *next;
    struct sy_resource resource;
    struct sy_cat_place place;
    unsigned file, index;
};

struct sy_cat_bridge {
    struct sy_cat_bridge *next;
    const char *name;
    uint8_t role; /* enum sy_bridge_role */
    struct sy_cat_id *patterns;
    struct sy_cat_place place;
    unsigned file;
};

struct sy_cat_cpu {
    struct sy_cat_cpu *next;
    const char *name;
    const char *vendor; /* NULL = any */
    size_t nmodel;      /* 0 = any */
    const char **model; /* parts of the CPU's name */
    struct sy_fact pair_mbps;
    struct sy_cat_place place;
    unsigned file;
};

struct sy_cat_draft {
    struct sy_arena *arena;
    struct sy_cat_source *sources;
    struct sy_cat_device *devices;
    struct sy_cat_resource *resources;
    struct sy_cat_bridge *bridges;
    struct sy_cat_cpu *cpus;
    struct sy_cat_id *ignored;
    unsigned ndevice, nresource;
};

/* One file on its way into a draft. */
struct sy_cat_reader {
    struct sy_cat_draft *draft;
    const char *file; /* in the draft's arena */
    unsigned number;  /* from 1 */
    struct sy_err *err;
};

/* A row of the identity table, sorted by (level, value). */
struct sy_cat_match {
    uint64_t value;
    uint16_t model; /* SY_CAT_IGNORED: known, and not for us */
    uint8_t level, role;
    struct sy_cat_place place;
};
#define SY_CAT_IGNORED UINT16_MAX

struct sy_cat_bridge_rule {
    uint64_t value, mask;
    uint8_t role;
    uint16_t chip;
    struct sy_cat_place place;
};

struct sy_cat_cpu_rule {
    const char *vendor, *model; /* NULL = any */
    struct sy_fact pair_mbps;
    struct sy_cat_place place;
};

struct sy_catalogue {
    unsigned refs; /* atomic */
    struct sy_arena *arena;
    size_t nmodel, nresource, nexact, npattern, nmatch, nbridge, ncpu;
    struct sy_model *model;
    struct sy_resource *resource;
    uint16_t *exact;   /* resources without '*', by name */
    uint16_t *pattern; /* resources with '*', longest first */
    struct sy_cat_match *match;
    struct sy_cat_bridge_rule *bridge;
    struct sy_cat_cpu_rule *cpu;
    struct sy_digest digest;
};

/* catalogue_read.c: one file into the draft. */
SY_NODISCARD enum sy_code sy_cat_read(struct sy_cat_draft *draft, const struct sy_text_file *file,
                                      unsigned number, struct sy_err *err);

/* catalogue_build.c: the draft's conflicts, and the tables. Strings stay in the draft's arena,
 * which `cat` takes over only on success. */
SY_NODISCARD enum sy_code sy_cat_build(const struct sy_cat_draft *draft, struct sy_catalogue *cat,
                                       struct sy_err *err);
/* catalogue_digest.c */
struct sy_digest sy_cat_digest(const struct sy_catalogue *cat);

#endif
