/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strcasestr */
#include "topology/catalogue.h"

#include "base/file.h"
#include "topology/catalogue_value.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

/* Add the built-in file, then the others, to a draft. */
static enum sy_code read_all(struct sy_cat_draft *draft, const struct sy_text_file *files,
                             size_t nfiles, bool with_builtin, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (with_builtin)
        code = sy_cat_read(draft,
                           &(struct sy_text_file){.name = SY_CAT_BUILTIN_NAME,
                                                  .data = (const char *)sy_catalogue_builtin,
                                                  .len = sy_catalogue_builtin_len},
                           1, err);
    for (size_t i = 0; code == SY_OK && i < nfiles; i++)
        code = sy_cat_read(draft, &files[i], (unsigned)i + 2, err);
    return code;
}

static enum sy_code finish(struct sy_cat_draft *draft, struct sy_catalogue **ret,
                           struct sy_err *err)
{
    struct sy_catalogue *cat = sy_calloc(1, sizeof *cat);
    if (cat == NULL)
        return sy_cat_nomem(err);
    enum sy_code code = sy_cat_build(draft, cat, err);
    if (code != SY_OK) {
        sy_free(cat);
        return code;
    }
    cat->refs = 1;
    cat->arena = SY_TAKE(draft->arena);
    *ret = cat;
    return SY_OK;
}

enum sy_code sy_catalogue_parse(const struct sy_text_file *files, size_t nfiles, bool with_builtin,
                                struct sy_catalogue **ret, struct sy_err *err)
{
    struct sy_arena *arena SY_AUTO(sy_arena) = sy_arena_new(SY_CAT_ARENA_BYTES);
    if (arena == NULL)
        return sy_cat_nomem(err);
    struct sy_cat_draft draft = {.arena = arena};
    enum sy_code code = read_all(&draft, files, nfiles, with_builtin, err);
    if (code == SY_OK)
        code = finish(&draft, ret, err);
    arena = draft.arena; /* NULL when the catalogue has taken it */
    return code;
}

static void free_files(struct sy_text_file *files, char **data, size_t n)
{
    for (size_t i = 0; data != NULL && i < n; i++)
        sy_free(data[i]);
    sy_free(data);
    sy_free(files);
}

enum sy_code sy_catalogue_load(const char *const *paths, size_t npaths, struct sy_catalogue **ret,
                               struct sy_err *err)
{
    struct sy_text_file *files = sy_calloc(npaths + 1, sizeof *files);
    char **data = sy_calloc(npaths + 1, sizeof *data);
    if (files == NULL || data == NULL) {
        free_files(files, data, 0);
        return sy_cat_nomem(err);
    }
    enum sy_code code = SY_OK;
    for (size_t i = 0; code == SY_OK && i < npaths; i++) {
        size_t len = 0;
        code = sy_file_read(paths[i], SY_CAT_FILE_BYTES, &data[i], &len, err);
        files[i] = (struct sy_text_file){.name = paths[i], .data = data[i], .len = len};
    }
    if (code == SY_OK)
        code = sy_catalogue_parse(files, npaths, true, ret, err);
    free_files(files, data, npaths);
    return code;
}

struct sy_catalogue *sy_catalogue_ref(struct sy_catalogue *cat)
{
    unsigned before = __atomic_fetch_add(&cat->refs, 1, __ATOMIC_RELAXED);
    assert(before > 0);
    (void)before;
    return cat;
}

void sy_catalogue_unref(struct sy_catalogue *cat)
{
    if (cat == NULL)
        return;
    unsigned before = __atomic_fetch_sub(&cat->refs, 1, __ATOMIC_ACQ_REL);
    assert(before > 0);
    if (before > 1)
        return;
    sy_arena_free(cat->arena);
    sy_free(cat);
}

size_t sy_catalogue_model_count(const struct sy_catalogue *cat)
{
    return cat->nmodel;
}

const struct sy_model *sy_catalogue_model(const struct sy_catalogue *cat, size_t i)
{
    assert(i < cat->nmodel);
    return &cat->model[i];
}

size_t sy_catalogue_resource_count(const struct sy_catalogue *cat)
{
    return cat->nresource;
}

const struct sy_resource *sy_catalogue_resource(const struct sy_catalogue *cat, size_t i)
{
    assert(i < cat->nresource);
    return &cat->resource[i];
}

struct sy_digest sy_catalogue_digest(const struct sy_catalogue *cat)
{
    return cat->digest;
}

static const struct sy_cat_match *match_at(const struct sy_catalogue *cat, enum sy_cat_level level,
                                           uint64_t value)
{
    size_t low = 0, high = cat->nmatch;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct sy_cat_match *row = &cat->match[mid];
        if (row->level == level && row->value == value)
            return row;
        if (row->level < level || (row->level == level && row->value < value))
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static uint64_t identity(struct sy_pci_id id)
{
    return (uint64_t)id.vendor << 48 | (uint64_t)id.device << 32 | (uint64_t)id.subvendor << 16 |
           id.subdevice;
}

const struct sy_model *sy_catalogue_match(const struct sy_catalogue *cat, struct sy_pci_id id,
                                          enum sy_role *ret_role)
{
    const uint64_t full = identity(id);
    const uint64_t of_class = (uint64_t)id.vendor << 48 | (uint64_t)id.class_id << 32;
    const struct sy_cat_match *row = match_at(cat, SY_CAT_SUBSYSTEM, full);
    if (row == NULL)
        row = match_at(cat, SY_CAT_DEVICE, full & ~UINT64_C(0xffffffff));
    if (row == NULL)
        row = match_at(cat, SY_CAT_CLASS, of_class);
    if (row == NULL || row->model == SY_CAT_IGNORED)
        return NULL;
    if (ret_role != NULL)
        *ret_role = (enum sy_role)row->role;
    return &cat->model[row->model];
}

int sy_catalogue_resource_find(const struct sy_catalogue *cat, const char *name)
{
    size_t low = 0, high = cat->nexact;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int cmp = strcmp(name, cat->resource[cat->exact[mid]].name);
        if (cmp == 0)
            return cat->exact[mid];
        if (cmp < 0)
            high = mid;
        else
            low = mid + 1;
    }
    for (size_t i = 0; i < cat->npattern; i++) {
        const char *pattern = cat->resource[cat->pattern[i]].name;
        size_t len = strlen(pattern) - 1; /* without the '*', for which something must stand */
        if (strncmp(name, pattern, len) == 0 && name[len] != '\0')
            return cat->pattern[i];
    }
    return -1;
}

enum sy_bridge_role sy_catalogue_bridge(const struct sy_catalogue *cat, struct sy_pci_id id,
                                        unsigned *ret_chip)
{
    const uint64_t full = identity(id);
    const struct sy_cat_bridge_rule *best = NULL;
    for (size_t i = 0; i < cat->nbridge; i++) {
        const struct sy_cat_bridge_rule *row = &cat->bridge[i];
        if (((full ^ row->value) & row->mask) != 0)
            continue;
        if (best == NULL || __builtin_popcountll(row->mask) > __builtin_popcountll(best->mask))
            best = row;
    }
    if (ret_chip != NULL)
        *ret_chip = best == NULL ? 0 : best->chip;
    return best == NULL ? SY_BRIDGE_PLAIN : (enum sy_bridge_role)best->role;
}

/* 0 = does not fit; a longer part of the model's name outweighs the vendor. */
static size_t cpu_fit(const struct sy_cat_cpu_rule *row, const char *vendor, const char *model)
{
    if (row->vendor != NULL && (vendor == NULL || strcasecmp(row->vendor, vendor) != 0))
        return 0;
    if (row->model != NULL && (model == NULL || strcasestr(model, row->model) == NULL))
        return 0;
    return 1 + (row->vendor != NULL ? 1u : 0u) + (row->model != NULL ? 2 * strlen(row->model) : 0);
}

struct sy_fact sy_catalogue_socket_link(const struct sy_catalogue *cat, const char *cpu_vendor,
                                        const char *cpu_model)
{
    size_t best = 0;
    struct sy_fact fact = {0};
    for (size_t i = 0; i < cat->ncpu; i++) {
        size_t fit = cpu_fit(&cat->cpu[i], cpu_vendor, cpu_model);
        if (fit > best) {
            best = fit;
            fact = cat->cpu[i].pair_mbps;
        }
    }
    return fact;
}

#define X(id, name) name,
static const char *const kind_names[] = {SY_KINDS(X)};
static const char *const chooser_names[] = {SY_CHOOSERS(X)};
#undef X

const char *sy_kind_name(enum sy_kind kind)
{
    return (unsigned)kind < SY_KIND_COUNT ? kind_names[kind] : "?";
}

int sy_kind_find(const char *name)
{
    for (int i = 0; i < SY_KIND_COUNT; i++)
        if (strcasecmp(kind_names[i], name) == 0)
            return i;
    return -1;
}

const char *sy_chooser_name(enum sy_chooser chooser)
{
    return (unsigned)chooser < SY_CHOOSER_COUNT ? chooser_names[chooser] : "?";
}
