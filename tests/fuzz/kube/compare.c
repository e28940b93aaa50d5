/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/kube/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define MAX_DEPTH 40

static const struct sy_kube_field inner[] = {
    {.key = "b"}, {.key = "*", .starts = "x"}, {.key = NULL}};
static const struct sy_kube_field few[] = {
    {.key = "a", .below = inner}, {.key = "c"}, {.key = "items", .below = inner}, {.key = NULL}};
static const struct sy_kube_field nothing[] = {{.key = NULL}};
static const struct sy_kube_field every[] = {
    {.key = "a"}, {.key = "*", .below = few}, {.key = NULL}};
static const struct sy_kube_field *const lists[] = {NULL, few, nothing, every};

/* What a stream gave. */
struct given {
    json_t *documents, *top;
    size_t refused;
    enum sy_code code;
    struct sy_err err;
};

static enum sy_code on_document(void *data, json_t *document, struct sy_err *err)
{
    struct given *given = data;
    (void)err;
    CHECK(json_array_append(given->documents, document) == 0);
    return SY_OK;
}

static enum sy_code on_top(void *data, json_t *top, struct sy_err *err)
{
    struct given *given = data;
    (void)err;
    CHECK(given->top == NULL);
    given->top = json_incref(top);
    return SY_OK;
}

static enum sy_code on_refused(void *data, json_t *partial, const struct sy_err *why,
                               struct sy_err *err)
{
    struct given *given = data;
    (void)partial;
    (void)err;
    CHECK(why->code != SY_OK && strncmp(why->text, "byte ", 5) == 0);
    given->refused++;
    return SY_OK;
}

static void read_stream(const char *data, size_t len, uint64_t seed, struct given *given,
                        const struct sy_kube_extract_options *of)
{
    struct sy_kube_extract_options options = *of;
    struct sy_kube_extract *extract;
    options.document = on_document;
    options.top = on_top;
    options.refused = on_refused;
    options.data = given;
    *given = (struct given){.documents = json_array()};
    options.limits = (struct sy_kube_extract_limits){
        .max_kept_bytes = SIZE_MAX / 2, .max_depth = MAX_DEPTH, .max_string = SIZE_MAX / 8};
    CHECK(sy_kube_extract_new(&options, &extract, NULL) == SY_OK);
    for (size_t at = 0, piece; given->code == SY_OK && at < len; at += piece) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        piece = (seed >> 40) % ((seed >> 60) % 4 == 0 ? 9000 : 7) + 1;
        piece = piece < len - at ? piece : len - at;
        char *exact = malloc(piece); /* so that a read past the piece is seen */
        CHECK(exact != NULL);
        memcpy(exact, data + at, piece);
        given->code = sy_kube_extract_feed(extract, exact, piece, &given->err);
        free(exact);
    }
    if (given->code == SY_OK)
        given->code = sy_kube_extract_end(extract, &given->err);
    CHECK(given->code == SY_OK || given->err.text[0] != '\0');
    sy_kube_extract_free(extract);
}

static void done(struct given *given)
{
    json_decref(given->documents);
    json_decref(given->top);
}

/* Equal in value and in the order of names. */
static bool same(const json_t *a, const json_t *b)
{
    size_t len;
    char *x, *y;
    CHECK(sy_json_dump(a, false, &x, &len, NULL) == SY_OK);
    CHECK(sy_json_dump(b, false, &y, &len, NULL) == SY_OK);
    bool equal = strcmp(x, y) == 0;
    if (!equal)
        (void)fprintf(stderr, "%s\n%s\n", x, y);
    sy_free(x);
    sy_free(y);
    return equal;
}

static void compare_document(const json_t *reference, const struct sy_kube_field *fields,
                             const struct given *given)
{
    json_t *pruned;
    bool taken =
        given->code == SY_OK && given->refused == 0 && json_array_size(given->documents) == 1;
    if (reference == NULL) { /* of what is dropped, less is checked */
        CHECK(!taken || fields != NULL);
        return;
    }
    if (!taken)
        (void)fprintf(stderr, "%s\n", given->err.text);
    CHECK(taken);
    CHECK(sy_kube_extract_prune(reference, fields, &pruned, NULL) == SY_OK);
    CHECK(same(pruned, json_array_get(given->documents, 0)));
    json_decref(pruned);
}

static void compare_list(json_t *reference, const struct sy_kube_field *fields,
                         const struct given *given)
{
    const json_t *items = json_object_get(reference, "items");
    bool list =
        json_is_object(reference) && (items == NULL || json_is_array(items) || json_is_null(items));
    bool twice = given->code != SY_OK && strstr(given->err.text, "items") != NULL;
    CHECK(list || given->code != SY_OK);
    CHECK(given->code == SY_OK || !list || twice);
    if (given->code != SY_OK)
        return;
    CHECK(given->refused == 0 && json_array_size(given->documents) == json_array_size(items));
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *pruned;
        CHECK(sy_kube_extract_prune(json_array_get(items, i), fields, &pruned, NULL) == SY_OK);
        CHECK(same(pruned, json_array_get(given->documents, i)));
        json_decref(pruned);
    }
    json_t *top = json_copy(reference), *pruned;
    CHECK(top != NULL);
    (void)json_object_del(top, "items");
    CHECK(sy_kube_extract_prune(top, fields, &pruned, NULL) == SY_OK);
    CHECK(json_equal(pruned, given->top)); /* a deletion may change the order */
    json_decref(pruned);
    json_decref(top);
}

bool compare(const char *data, size_t len, uint64_t seed)
{
    const struct sy_json_limits limits = {.max_bytes = len, .max_depth = MAX_DEPTH};
    json_t *reference = NULL;
    /* jansson overlooks a NUL byte behind a word or a number; the extractor does not. */
    if (memchr(data, '\0', len) != NULL ||
        sy_json_parse(data, len, &limits, &reference, NULL) != SY_OK)
        reference = NULL;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct given given;
        struct sy_kube_extract_options options = {.fields = lists[i]};
        read_stream(data, len, seed + i, &given, &options);
        compare_document(reference, lists[i], &given);
        done(&given);
        options.items_key = "items";
        options.fields_top = lists[i];
        read_stream(data, len, seed + i, &given, &options);
        if (reference != NULL)
            compare_list(reference, lists[i], &given);
        done(&given);
    }
    bool was = reference != NULL;
    json_decref(reference);
    return was;
}
