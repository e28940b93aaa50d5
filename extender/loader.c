/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/loader.h"

#include "topology/discover/discover.h"
#include "topology/node_json.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define ARENA_LIMIT ((size_t)64 << 20) /* of one document */
#define DEPTH_MAX 16u
#define FIRST_SLOTS ((size_t)64)

/* A fabric by its own content; or the content of an XML file, which leads to that of its fabric.
 * A slot that has neither and is not loading waits for a next try of its key. */
struct slot {
    struct sy_digest key, target;
    struct sy_fabric *fabric; /* a reference */
    bool used, loading, has_target;
};

struct sy_loader {
    struct sy_catalogue *catalogue;
    pthread_mutex_t lock;
    pthread_cond_t loaded;
    size_t used, size; /* of `slot`, open addressing, size a power of two */
    struct slot *slot;
};

const char *sy_node_file_suffix(enum sy_node_file file)
{
    static const char *const suffixes[SY_NODE_FILE_COUNT] = {
#define X(id, suffix) suffix,
        SY_NODE_FILES(X)
#undef X
    };
    return suffixes[file];
}

struct sy_loader *sy_loader_new(struct sy_catalogue *cat)
{
    struct sy_loader *loader = sy_calloc(1, sizeof *loader);
    if (loader == NULL)
        return NULL;
    loader->slot = sy_calloc(FIRST_SLOTS, sizeof *loader->slot);
    if (loader->slot == NULL) {
        sy_free(loader);
        return NULL;
    }
    loader->size = FIRST_SLOTS;
    loader->catalogue = sy_catalogue_ref(cat);
    (void)pthread_mutex_init(&loader->lock, NULL);
    (void)pthread_cond_init(&loader->loaded, NULL);
    return loader;
}

void sy_loader_free(struct sy_loader *loader)
{
    if (loader == NULL)
        return;
    for (size_t i = 0; i < loader->size; i++)
        sy_fabric_unref(loader->slot[i].fabric);
    sy_free(loader->slot);
    sy_catalogue_unref(loader->catalogue);
    (void)pthread_cond_destroy(&loader->loaded);
    (void)pthread_mutex_destroy(&loader->lock);
    sy_free(loader);
}

static struct slot *probe(struct slot *slot, size_t size, struct sy_digest key)
{
    size_t i = (size_t)key.lo & (size - 1);
    while (slot[i].used && !sy_digest_equal(slot[i].key, key))
        i = (i + 1) & (size - 1);
    return &slot[i];
}

/* The fabric that a slot has or leads to; NULL = none. Borrowed, the lock is held. */
static struct sy_fabric *fabric_of(const struct sy_loader *loader, const struct slot *slot)
{
    if (slot->has_target)
        return probe(loader->slot, loader->size, slot->target)->fabric;
    return slot->fabric;
}

/* Move what is worth keeping into a table of `size`. False when out of memory. */
static bool rehash(struct sy_loader *loader, size_t size)
{
    struct slot *slot = sy_calloc(size, sizeof *slot);
    if (slot == NULL)
        return false;
    loader->used = 0;
    for (size_t i = 0; i < loader->size; i++) {
        const struct slot *old = &loader->slot[i];
        if (!old->loading && (!old->used || fabric_of(loader, old) == NULL))
            continue;
        *probe(slot, size, old->key) = *old;
        loader->used++;
    }
    sy_free(loader->slot);
    loader->slot = slot;
    loader->size = size;
    return true;
}

/* The slot of a key, taken for it; NULL when out of memory. The lock is held. */
static struct slot *slot_of(struct sy_loader *loader, struct sy_digest key)
{
    if (4 * (loader->used + 1) > 3 * loader->size && !rehash(loader, 2 * loader->size))
        return NULL;
    struct slot *slot = probe(loader->slot, loader->size, key);
    if (!slot->used) {
        *slot = (struct slot){.key = key, .used = true};
        loader->used++;
    }
    return slot;
}

/* All that a fabric shows: two nodes of one kind still differ in what only the documents say. */
static struct sy_digest content_of(const struct sy_fabric *fabric)
{
    struct sy_digest content = fabric->digest;
    sy_digest_str(&content, fabric->inv.source);
    sy_digest_str(&content, fabric->inv.product);
    sy_digest_str(&content, fabric->inv.boot_id);
    return content;
}

/* One fabric for all of equal content: takes over `fabric`, returns the reference to use. */
static struct sy_fabric *intern(struct sy_loader *loader, struct sy_fabric *fabric)
{
    pthread_mutex_lock(&loader->lock);
    struct slot *slot = slot_of(loader, content_of(fabric));
    struct sy_fabric *known = slot != NULL ? slot->fabric : NULL;
    if (known != NULL)
        (void)sy_fabric_ref(known);
    else if (slot != NULL)
        slot->fabric = sy_fabric_ref(fabric);
    pthread_mutex_unlock(&loader->lock);
    if (known == NULL)
        return fabric;
    sy_fabric_unref(fabric);
    return known;
}

static enum sy_code import_xml(struct sy_loader *loader, const char *name,
                               const struct sy_bytes *xml, struct sy_fabric **ret,
                               struct sy_err *err)
{
    struct sy_arena *arena SY_AUTO(sy_arena) = sy_arena_new(ARENA_LIMIT);
    struct sy_inventory inventory = {0};
    char file[256 + sizeof ".xml"];
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    (void)snprintf(file, sizeof file, "%s.xml", name);
    enum sy_code code = sy_discover_xml(file, xml->data, xml->len, NULL, arena, &inventory, err);
    return code != SY_OK ? code : sy_fabric_build(&inventory, loader->catalogue, ret, err);
}

/* The fabric of an XML file: imported by the first who asks, the others wait for him. */
static enum sy_code fabric_of_xml(struct sy_loader *loader, const char *name,
                                  const struct sy_bytes *xml, struct sy_fabric **ret,
                                  struct sy_err *err)
{
    struct sy_digest key = sy_digest_begin();
    sy_digest_u64(&key, xml->len);
    sy_digest_bytes(&key, xml->data, xml->len);
    pthread_mutex_lock(&loader->lock);
    struct slot *slot = slot_of(loader, key);
    while (slot != NULL && slot->loading) {
        pthread_cond_wait(&loader->loaded, &loader->lock);
        slot = slot_of(loader, key); /* the table may have moved */
    }
    struct sy_fabric *known = slot != NULL ? fabric_of(loader, slot) : NULL;
    if (known != NULL)
        *ret = sy_fabric_ref(known);
    else if (slot != NULL)
        slot->loading = true;
    pthread_mutex_unlock(&loader->lock);
    if (known != NULL)
        return SY_OK;
    if (slot == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_fabric *fabric = NULL;
    enum sy_code code = import_xml(loader, name, xml, &fabric, err);
    if (code == SY_OK)
        fabric = intern(loader, fabric);
    pthread_mutex_lock(&loader->lock);
    slot = probe(loader->slot, loader->size, key); /* a loading slot is never dropped */
    slot->loading = false;
    slot->has_target = fabric != NULL;
    if (fabric != NULL)
        slot->target = content_of(fabric);
    pthread_cond_broadcast(&loader->loaded);
    pthread_mutex_unlock(&loader->lock);
    *ret = fabric;
    return code;
}

void sy_loader_sweep(struct sy_loader *loader)
{
    pthread_mutex_lock(&loader->lock);
    for (size_t i = 0; i < loader->size; i++) {
        struct slot *slot = &loader->slot[i];
        /* Ours alone: nobody can come to a new reference while the lock is held. */
        if (slot->fabric == NULL || __atomic_load_n(&slot->fabric->refs, __ATOMIC_ACQUIRE) > 1)
            continue;
        sy_fabric_unref(slot->fabric);
        slot->fabric = NULL;
    }
    (void)rehash(loader, loader->size);
    pthread_mutex_unlock(&loader->lock);
}

/* One JSON file being read. */
struct document {
    struct sy_arena *arena;
    json_t *root;
    struct sy_node_doc doc;
};

static void document_done(struct document *document)
{
    json_decref(document->root);
    sy_arena_free(document->arena);
}

/* A status document may leave out what every document must say. */
static enum sy_code complete_status(json_t *root, struct sy_err *err)
{
    static const char *const members[][2] = {{"apiVersion", "switchyard.dev/v1alpha1"},
                                             {"kind", "NodeFabric"}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_is_object(root) && json_object_get(root, members[i][0]) == NULL &&
            json_object_set_new(root, members[i][0], json_string(members[i][1])) != 0)
            return sy_fail(err, SY_ENOMEM, "out of memory");
    return SY_OK;
}

static enum sy_code document_read(const struct sy_bytes *bytes, const char *name, bool is_status,
                                  struct document *ret, struct sy_err *err)
{
    static const struct sy_json_limits limits = {
        .max_bytes = SY_NODE_JSON_MAX, .max_depth = DEPTH_MAX, .reject_duplicates = true};
    ret->arena = sy_arena_new(ARENA_LIMIT);
    if (ret->arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_json_parse(bytes->data, bytes->len, &limits, &ret->root, err);
    if (code == SY_OK && is_status)
        code = complete_status(ret->root, err);
    if (code == SY_OK)
        code = sy_node_doc_from_json(ret->root, ret->arena, &ret->doc, err);
    if (code == SY_OK && ret->doc.name != NULL && strcmp(ret->doc.name, name) != 0)
        code = sy_fail(err, SY_ECONFLICT, "/metadata/name: '%s' is not the file's name",
                       ret->doc.name);
    return code;
}

/* The inventory's side: fabric, and for a JSON document what else it holds. */
static enum sy_code read_inventory(struct sy_loader *loader, const char *name,
                                   const struct sy_bytes files[SY_NODE_FILE_COUNT],
                                   struct document *document, struct sy_fabric **ret,
                                   struct sy_err *err)
{
    if (files[SY_NODE_FILE_XML].data != NULL)
        return fabric_of_xml(loader, name, &files[SY_NODE_FILE_XML], ret, err);
    enum sy_code code = document_read(&files[SY_NODE_FILE_JSON], name, false, document, err);
    if (code == SY_OK && !document->doc.has_spec)
        code = sy_fail(err, SY_EINVAL, "/spec: required");
    if (code == SY_OK)
        code = sy_fabric_build(&document->doc.inv, loader->catalogue, ret, err);
    if (code == SY_OK)
        *ret = intern(loader, *ret);
    return code;
}

static enum sy_code make_node(const char *name, struct sy_fabric *fabric,
                              const struct document *inventory, const struct document *status,
                              struct sy_node **ret, struct sy_err *err)
{
    const struct sy_node_doc *doc = status->doc.has_status ? &status->doc : &inventory->doc;
    /* Labels may stand in either; those beside the inventory come first. */
    const struct sy_node_doc *labels = inventory->doc.nlabel > 0 ? &inventory->doc : &status->doc;
    struct sy_usage *usage = NULL;
    enum sy_code code =
        doc->has_status
            ? sy_usage_from_json(doc->status, fabric, SY_PATH_KEY(NULL, "status"), &usage, err)
            : sy_usage_new_unreported(fabric, &usage, err);
    if (code == SY_OK)
        code = sy_node_new(name, fabric, usage, labels->label, labels->nlabel, ret, err);
    sy_usage_unref(usage);
    return code;
}

enum sy_code sy_loader_node(struct sy_loader *loader, const char *name,
                            const struct sy_bytes files[SY_NODE_FILE_COUNT], struct sy_node **ret,
                            enum sy_node_file *ret_culprit, struct sy_err *err)
{
    bool has_xml = files[SY_NODE_FILE_XML].data != NULL;
    struct document inventory = {0}, status = {0};
    struct sy_fabric *fabric = NULL;
    *ret_culprit = has_xml ? SY_NODE_FILE_XML : SY_NODE_FILE_JSON;
    if (has_xml && files[SY_NODE_FILE_JSON].data != NULL)
        return sy_fail(err, SY_ECONFLICT,
                       "there is a NODE.json beside it: only one of them counts");
    enum sy_code code = read_inventory(loader, name, files, &inventory, &fabric, err);
    if (code == SY_OK && files[SY_NODE_FILE_STATUS].data != NULL) {
        *ret_culprit = SY_NODE_FILE_STATUS;
        code = document_read(&files[SY_NODE_FILE_STATUS], name, true, &status, err);
        if (code == SY_OK && !status.doc.has_status)
            code = sy_fail(err, SY_EINVAL, "/status: required");
    }
    if (code == SY_OK)
        code = make_node(name, fabric, &inventory, &status, ret, err);
    sy_fabric_unref(fabric);
    document_done(&inventory);
    document_done(&status);
    return code;
}
