/* SPDX-License-Identifier: Apache-2.0 */
/* Device knowledge as data: kinds, models, PCI ids, memory, power, links, resource names and how
 * each resource is chosen on a node. The built-in file is topology/catalogue/devices.yaml (compiled
 * in as text); operators' files extend or override it. Immutable after load, ref-counted. */
#ifndef SY_TOPOLOGY_CATALOGUE_H
#define SY_TOPOLOGY_CATALOGUE_H

#include "base/arena.h"
#include "base/devset.h"
#include "base/hash.h"
#include "topology/inventory.h"

#define SY_RESOURCE_MAX SY_DEVSET_MAX /* resource names of one catalogue */

/* X(id, name) what a unit is */
#define SY_KINDS(X) X(NPU, "NPU") X(GPU, "GPU") X(FPGA, "FPGA") X(NIC, "NIC")
enum sy_kind {
#define X(id, name) SY_KIND_##id,
    SY_KINDS(X)
#undef X
        SY_KIND_COUNT
};

/* X(id, name) who picks the devices of a resource on the node */
#define SY_CHOOSERS(X)                                                                             \
    X(ARBITRARY, "arbitrary") /* the kubelet takes any free one */                                 \
    X(PREFERRED, "preferred") /* the plugin asks for a well-connected set of its own kind */       \
    X(STEERED, "steered")     /* the plugin obeys the choice made at scheduling */
enum sy_chooser {
#define X(id, name) SY_CHOOSER_##id,
    SY_CHOOSERS(X)
#undef X
        SY_CHOOSER_COUNT
};

/* X(id, name) which devices of one model an overlay link joins, when discovery saw no matrix */
#define SY_OVERLAY_FORMS(X)                                                                        \
    X(NONE, "none")                                                                                \
    X(MESH, "mesh")   /* every pair of the node's devices of that model (switched counts too) */   \
    X(RINGS, "rings") /* groups of `group` consecutive devices (PCI order), linked within */       \
    X(CARD, "card")   /* the units of one card */
enum sy_overlay_form {
#define X(id, name) SY_OVERLAY_##id,
    SY_OVERLAY_FORMS(X)
#undef X
        SY_OVERLAY_FORM_COUNT
};

/* A number with where it comes from. */
struct sy_fact {
    bool known;
    bool verified;      /* false: the file says "unverified" */
    uint32_t value;     /* unit in the member's name */
    const char *source; /* text for people; why it is unverified otherwise */
};

struct sy_overlay {
    uint8_t type;   /* enum sy_link_type */
    uint8_t form;   /* enum sy_overlay_form */
    uint16_t group; /* RINGS: devices of a group; MESH: at most so many devices, 0 = all */
    struct sy_fact pair_mbps; /* MB/s one direction between two devices */
};
#define SY_OVERLAYS_PER_MODEL 2

struct sy_model {
    const char *name;         /* unique key: "ascend-910b" */
    const char *model;        /* for people: "Ascend 910B" */
    uint8_t kind;             /* enum sy_kind */
    bool generic;             /* matched by vendor and class only: model unknown */
    bool is_vf;               /* a virtual function: shares its physical function's card */
    bool needs_user_function; /* FPGA: without its user function the card is unhealthy */
    uint8_t units_per_card;   /* consecutive units (PCI order) that make one card; 1 = alone */
    uint8_t
        units_per_function;  /* units behind one PCI function (Atlas 300I Duo: 2), a card; else 1 */
    const char *memory_type; /* "HBM2e", NULL = unknown */
    struct sy_fact memory_mib;      /* per unit */
    struct sy_fact memory_bw_mbps;  /* MB/s per unit */
    struct sy_fact link_mbps;       /* default host link, used when discovery knows none */
    struct sy_fact tdp_mw, idle_mw; /* per unit */
    uint8_t noverlay;
    struct sy_overlay overlay[SY_OVERLAYS_PER_MODEL];
    struct sy_devset resources; /* indices into the catalogue's resources */
};

struct sy_resource {
    const char *name; /* exact name, or a prefix followed by '*' when is_pattern */
    bool is_pattern;
    uint8_t chooser; /* enum sy_chooser */
    const char *source;
    uint8_t nsize; /* allowed request sizes, 0 = any */
    uint16_t size[16];
};

/* How a function matched: which model, and as what. */
enum sy_role { SY_ROLE_UNIT, SY_ROLE_COMPANION /* management function of the same slot */ };

struct sy_catalogue; /* opaque */

/* Load the built-in file and then each of `paths` in order. The result is one reference.
 * SY_EPARSE, SY_EINVAL, SY_ECONFLICT, SY_ELIMIT: text starts "FILE:LINE:COLUMN: "; SY_EIO,
 * SY_ENOENT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_catalogue_load(const char *const *paths, size_t npaths,
                                            struct sy_catalogue **ret, struct sy_err *err);
/* The same from memory (tests, fuzzing): `files` are (name, text, length). with_builtin: start from
 * the built-in file. */
struct sy_text_file {
    const char *name, *data;
    size_t len;
};
SY_NODISCARD enum sy_code sy_catalogue_parse(const struct sy_text_file *files, size_t nfiles,
                                             bool with_builtin, struct sy_catalogue **ret,
                                             struct sy_err *err);
struct sy_catalogue *sy_catalogue_ref(struct sy_catalogue *cat);
void sy_catalogue_unref(struct sy_catalogue *cat); /* takes NULL; thread-safe */

size_t sy_catalogue_model_count(const struct sy_catalogue *cat);
const struct sy_model *sy_catalogue_model(const struct sy_catalogue *cat, size_t i);
/* The model of a PCI function and its role in it; NULL: not a device we know. The most specific
 * match wins (subsystem, then device, then class of a vendor). */
const struct sy_model *sy_catalogue_match(const struct sy_catalogue *cat, struct sy_pci_id id,
                                          enum sy_role *ret_role);
size_t sy_catalogue_resource_count(const struct sy_catalogue *cat);
const struct sy_resource *sy_catalogue_resource(const struct sy_catalogue *cat, size_t i);
/* Index of the resource with this name: exact, else the longest pattern; -1: not ours. */
int sy_catalogue_resource_find(const struct sy_catalogue *cat, const char *name);

/* X: bridge knowledge. A card's own bridge is no switch; ports of one chip are one switch. */
enum sy_bridge_role { SY_BRIDGE_PLAIN, SY_BRIDGE_CARD_INTERNAL, SY_BRIDGE_SAME_CHIP };
/* Role of a bridge. SAME_CHIP: *ret_chip is a non-zero number; nested bridges with the same number
 * belong to one chip. */
enum sy_bridge_role sy_catalogue_bridge(const struct sy_catalogue *cat, struct sy_pci_id id,
                                        unsigned *ret_chip);
/* MB/s between two packages for this CPU (NULL strings = unknown): most specific entry, else the
 * file's default. */
struct sy_fact sy_catalogue_socket_link(const struct sy_catalogue *cat, const char *cpu_vendor,
                                        const char *cpu_model);
/* Content digest: decisions depend on it. */
struct sy_digest sy_catalogue_digest(const struct sy_catalogue *cat);

const char *sy_kind_name(enum sy_kind kind);
int sy_kind_find(const char *name); /* any case; -1 */
const char *sy_chooser_name(enum sy_chooser chooser);

#endif
