/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "planner/draw/source.h"

#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "planner/cli/cli.h"
#include "planner/state/source.h"
#include "topology/node_json.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ARENA_LIMIT ((size_t)64 << 20) /* of one document */
#define DEPTH_MAX 32u                  /* of a List of documents */
#define SHOWN 256u                     /* bytes of a path in a message … */
#define WHERE 512u                     /* … and of a place in its file */

struct bytes {
    char *data;
    size_t len;
};

static void bytes_done(const struct bytes *bytes)
{
    sy_free(bytes->data);
}
#define auto_bytes __attribute__((cleanup(bytes_done)))

static enum sy_code take(struct sy_draw_reader *reader, struct sy_node *node, struct sy_err *err)
{
    enum sy_code code = reader->node(reader->data, node, err);
    reader->nnode += code == SY_OK;
    reader->stopped = code != SY_OK;
    sy_node_unref(node);
    return code;
}

/* A thing among others is wrong: said, and gone on from, but for want of memory, or when it is the
 * taker of nodes that wants no more. */
static enum sy_code pass(struct sy_draw_reader *reader, struct sy_err *bad, struct sy_err *err)
{
    if (bad->code == SY_ENOMEM || reader->stopped)
        return sy_fail(err, bad->code, "%s", bad->text);
    if (reader->nbad++ == 0)
        reader->bad_code = bad->code;
    reader->bad(reader->data, bad->text);
    return SY_OK;
}

static enum sy_code read_xml(struct sy_draw_reader *reader, const char *file, const char *name,
                             const struct bytes *xml, const struct bytes *status,
                             struct sy_err *err)
{
    struct sy_inventory inventory = {0};
    struct sy_node *node = NULL;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_LIMIT);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code =
        sy_discover_xml(file, xml->data, xml->len, reader->discover, arena, &inventory, err);
    if (code != SY_OK)
        return code;
    code = sy_node_from_inventory(&inventory, status->data, status->len, name, reader->catalogue,
                                  &node, err);
    if (code != SY_OK)
        return sy_wrap(err, "%s", file), code;
    return take(reader, node, err);
}

static enum sy_code make_node(struct sy_draw_reader *reader, const struct sy_node_doc *doc,
                              struct sy_node **ret, struct sy_err *err)
{
    struct sy_fabric *fabric = NULL;
    struct sy_usage *usage = NULL;
    enum sy_code code = sy_fabric_build(&doc->inv, reader->catalogue, &fabric, err);
    if (code == SY_OK && doc->has_status)
        code = sy_usage_from_json(doc->status, fabric, SY_PATH_KEY(NULL, "status"), &usage, err);
    else if (code == SY_OK)
        code = sy_usage_new_unreported(fabric, &usage, err);
    if (code == SY_OK)
        code = sy_node_new(doc->name, fabric, usage, doc->label, doc->nlabel, ret, err);
    sy_usage_unref(usage);
    sy_fabric_unref(fabric);
    return code;
}

/* One object; of another kind: counted. `status` goes before its own. */
static enum sy_code read_object(struct sy_draw_reader *reader, const json_t *object,
                                const json_t *status, struct sy_err *err)
{
    struct sy_node_doc doc = {0};
    struct sy_node *node = NULL;
    const char *kind = json_string_value(json_object_get(object, "kind"));
    if (kind != NULL && strcmp(kind, "NodeFabric") != 0) {
        reader->nother++;
        return SY_OK;
    }
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_LIMIT);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_node_doc_from_json(object, arena, &doc, err);
    if (code == SY_OK && doc.name == NULL)
        code = sy_fail(err, SY_EINVAL, "/metadata/name: required");
    if (code == SY_OK && !doc.has_spec)
        code = sy_fail(err, SY_EINVAL, "/spec: required");
    if (code == SY_OK && status != NULL) {
        doc.status = json_object_get(status, "status");
        doc.has_status = true;
    }
    if (code == SY_OK)
        code = make_node(reader, &doc, &node, err);
    return code == SY_OK ? take(reader, node, err) : code;
}

/* A file of objects while it is read. */
struct objects {
    struct sy_draw_reader *reader;
    json_t *status; /* of a file beside it; NULL = none */
};

static enum sy_code read_list(struct objects *objects, const struct sy_document *document,
                              const json_t *items, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < json_array_size(items) && code == SY_OK; i++) {
        char where[WHERE];
        struct sy_err bad = {0};
        code = read_object(objects->reader, json_array_get(items, i), NULL, &bad);
        if (code == SY_OK)
            continue;
        sy_wrap(&bad, "%s", sy_document_item(document, i, where, sizeof where));
        code = pass(objects->reader, &bad, err);
    }
    return code;
}

static enum sy_code read_root(struct objects *objects, const struct sy_document *document,
                              const json_t *root, struct sy_err *err)
{
    if (!json_is_object(root))
        return sy_fail(err, SY_EINVAL, "expected an object of kind NodeFabric, got %s",
                       sy_json_type(root));
    const json_t *items = json_object_get(root, "items");
    if (items == NULL)
        return read_object(objects->reader, root, objects->status, err);
    if (!json_is_array(items) && !json_is_null(items))
        return sy_fail(err, SY_EINVAL, "/items: expected array, got %s", sy_json_type(items));
    return read_list(objects, document, items, err);
}

static const struct sy_json_limits limits = {
    .max_bytes = SIZE_MAX, .max_depth = DEPTH_MAX, .reject_duplicates = true};

/* A sy_document_fn. */
static enum sy_code read_document(void *data, const struct sy_document *document,
                                  struct sy_err *err)
{
    char where[WHERE];
    struct sy_err why = {0};
    sy_autojson json_t *root = NULL;
    enum sy_code code = sy_json_parse(document->data, document->len, &limits, &root, &why);
    if (code == SY_OK)
        code = read_root(data, document, root, &why);
    if (code == SY_OK)
        return SY_OK;
    return sy_fail(err, code, "%s: %s", sy_document_name(document, where, sizeof where), why.text);
}

static enum sy_code read_objects(struct sy_draw_reader *reader, const char *file,
                                 const struct bytes *bytes, const struct bytes *status,
                                 struct sy_err *err)
{
    sy_autojson json_t *outer = NULL;
    size_t before = reader->nnode + reader->nbad;
    enum sy_code code = SY_OK;
    if (status->data != NULL)
        code = sy_json_parse(status->data, status->len, &limits, &outer, err);
    if (code == SY_OK && outer != NULL && !json_is_object(json_object_get(outer, "status")))
        code = sy_fail(err, SY_EINVAL, "/status: required");
    if (code != SY_OK)
        return sy_wrap(err, "%s: status document", file), code;
    struct objects objects = {.reader = reader, .status = outer};
    code = sy_documents_each(file, bytes->data, bytes->len, SY_DRAW_INPUT_MAX, read_document,
                             &objects, err);
    if (code == SY_OK && reader->nnode + reader->nbad == before)
        return sy_fail(err, SY_EINVAL, "%s: no NodeFabric in it", file);
    return code;
}

/* By content: XML begins with '<', JSON with '{', all else is YAML. */
static enum sy_code read_bytes(struct sy_draw_reader *reader, const char *file, const char *name,
                               const struct bytes *bytes, const struct bytes *status,
                               struct sy_err *err)
{
    const char *data = bytes->data;
    size_t skip = strncmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    skip += strspn(data + skip, " \t\r\n");
    if (skip == bytes->len)
        return sy_fail(err, SY_EPARSE, "%s: empty", file);
    if (memchr(data, '\0', bytes->len) != NULL)
        return sy_fail(err, SY_EPARSE, "%s: a NUL byte: neither XML, JSON nor YAML", file);
    if (data[skip] == '<')
        return read_xml(reader, file, name, bytes, status, err);
    return read_objects(reader, file, bytes, status, err);
}

/* "dir/node0.xml" → "node0" */
static char *base_name(const char *path)
{
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    const char *dot = strrchr(name, '.');
    return sy_strndup(name, dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name));
}

static enum sy_code read_file(struct sy_draw_reader *reader, const char *path, struct sy_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    auto_bytes struct bytes bytes = {0};
    const struct bytes none = {0};
    char shown[SHOWN];
    sy_autofree char *name = standard ? sy_strdup("stdin") : base_name(path);
    if (name == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_input_read(path, SY_DRAW_INPUT_MAX, &bytes.data, &bytes.len, err);
    if (code != SY_OK)
        return code;
    const char *file =
        standard ? "standard input" : sy_quote(shown, sizeof shown, path, strlen(path));
    return read_bytes(reader, file, name, &bytes, &none, err);
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

/* "DIRECTORY/NAMESUFFIX"; NULL: out of memory. */
static char *join(const char *directory, const char *name, const char *suffix)
{
    struct sy_str path;
    size_t len;
    sy_str_init(&path, strlen(directory) + strlen(name) + strlen(suffix) + 1);
    sy_str_printf(&path, "%s/%s%s", directory, name, suffix);
    return sy_str_take(&path, &len);
}

/* NODE.status.json beside NODE.xml, .json, .yaml: its bytes, or none. */
static enum sy_code read_status(const char *directory, const char *node, struct bytes *ret,
                                struct sy_err *err)
{
    struct stat info;
    sy_autofree char *path = join(directory, node, ".status.json");
    if (path == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    if (stat(path, &info) != 0)
        return SY_OK;
    return sy_file_read(path, SY_NODE_JSON_MAX, &ret->data, &ret->len, err);
}

static enum sy_code read_entry(struct sy_draw_reader *reader, const char *directory,
                               const char *entry, struct sy_err *err)
{
    char shown[SHOWN];
    auto_bytes struct bytes bytes = {0};
    auto_bytes struct bytes status = {0};
    sy_autofree char *name = base_name(entry);
    sy_autofree char *whole = join(directory, entry, "");
    if (name == NULL || whole == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_file_read(whole, SY_DRAW_INPUT_MAX, &bytes.data, &bytes.len, err);
    if (code == SY_OK)
        code = read_status(directory, name, &status, err);
    if (code != SY_OK)
        return code;
    return read_bytes(reader, sy_quote(shown, sizeof shown, whole, strlen(whole)), name, &bytes,
                      &status, err);
}

static enum sy_code read_entries(struct sy_draw_reader *reader, const char *directory,
                                 char *const *entry, size_t n, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        const char *name = entry[i];
        struct sy_err bad = {0};
        if (ends_in(name, ".status.json"))
            continue;
        if (!ends_in(name, ".xml") && !ends_in(name, ".json") && !ends_in(name, ".yaml") &&
            !ends_in(name, ".yml")) {
            reader->nother++;
            continue;
        }
        if (read_entry(reader, directory, name, &bad) != SY_OK)
            code = pass(reader, &bad, err);
    }
    return code;
}

/* Names of a directory, sorted; hidden files are none. */
struct listing {
    char **name;
    size_t n, room;
};

static void listing_done(const struct listing *listing)
{
    for (size_t i = 0; i < listing->n; i++)
        sy_free(listing->name[i]);
    sy_free(listing->name);
}

static enum sy_code add_name(struct listing *listing, const char *name, struct sy_err *err)
{
    if (listing->n == listing->room) {
        size_t room = listing->room != 0 ? 2 * listing->room : 64;
        char **more = sy_realloc(listing->name, room * sizeof *more);
        if (more == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        listing->name = more;
        listing->room = room;
    }
    listing->name[listing->n] = sy_strdup(name);
    if (listing->name[listing->n] == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    listing->n++;
    return SY_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void close_directory(DIR **directory)
{
    if (*directory != NULL)
        (void)closedir(*directory);
}

static enum sy_code list(const char *path, const char *shown, struct listing *listing,
                         struct sy_err *err)
{
    DIR *directory __attribute__((cleanup(close_directory))) = opendir(path);
    if (directory == NULL)
        return sy_fail(err, SY_EIO, "%s: %m", shown);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        if (listing->n == SY_DRAW_FILES_MAX)
            return sy_fail(err, SY_ELIMIT, "%s: more than %u files", shown, SY_DRAW_FILES_MAX);
        if (add_name(listing, entry->d_name, err) != SY_OK)
            return SY_ENOMEM;
    }
    if (listing->n > 1)
        qsort(listing->name, listing->n, sizeof *listing->name, by_name);
    return SY_OK;
}

static enum sy_code read_directory(struct sy_draw_reader *reader, const char *path,
                                   struct sy_err *err)
{
    char shown[SHOWN];
    size_t before = reader->nnode + reader->nbad;
    struct listing listing __attribute__((cleanup(listing_done))) = {0};
    (void)sy_quote(shown, sizeof shown, path, strlen(path));
    enum sy_code code = list(path, shown, &listing, err);
    if (code == SY_OK)
        code = read_entries(reader, path, listing.name, listing.n, err);
    if (code == SY_OK && reader->nnode + reader->nbad == before)
        code = sy_fail(err, SY_EINVAL, "%s: no .xml, .json or .yaml file with a node in it", shown);
    return code;
}

enum sy_code sy_draw_read(struct sy_draw_reader *reader, const char *path, struct sy_err *err)
{
    struct stat info;
    if (strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return read_directory(reader, path, err);
    return read_file(reader, path, err);
}
