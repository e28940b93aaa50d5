/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include "base/str.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 64u
#define MAX_NODES 200000u

/* A list or map under construction: its children in a chain, made arrays when it closes. */
struct child {
    struct child *next;
    struct sy_yaml *key; /* NULL in a list */
    struct sy_yaml *value;
};

struct open {
    struct sy_yaml *node;
    struct child *first, *last;
    struct sy_yaml *key; /* of a map: read, its value not yet */
};

struct reader {
    struct sy_arena *arena;
    const char *file;
    struct sy_yaml *root;
    bool had_document;
    unsigned nodes;
    unsigned depth;
    struct open open[MAX_DEPTH];
    struct sy_err *err;
};

static enum sy_code fail_mark(const struct reader *r, const yaml_mark_t *mark, enum sy_code code,
                              const char *text)
{
    return sy_fail(r->err, code, "%s:%zu:%zu: %s", r->file, mark->line + 1, mark->column + 1, text);
}

/* libyaml tells only the offset of a byte that is no text. */
static enum sy_code fail_reader(const struct reader *r, const yaml_parser_t *parser,
                                const char *data, size_t len)
{
    yaml_mark_t mark = {0};
    size_t end = parser->problem_offset < len ? parser->problem_offset : len;
    for (size_t i = 0; i < end; i++) {
        bool within_char = ((unsigned char)data[i] & 0xC0) == 0x80;
        mark.column = data[i] == '\n' ? 0 : mark.column + (within_char ? 0 : 1);
        mark.line += data[i] == '\n';
    }
    return fail_mark(r, &mark, SY_EPARSE, parser->problem);
}

static enum sy_code fail_parser(const struct reader *r, const yaml_parser_t *parser,
                                const char *data, size_t len)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return sy_fail(r->err, SY_ENOMEM, "%s:1:1: out of memory", r->file);
    if (parser->error == YAML_READER_ERROR)
        return fail_reader(r, parser, data, len);
    if (parser->context == NULL)
        return fail_mark(r, &parser->problem_mark, SY_EPARSE, parser->problem);
    return sy_fail(r->err, SY_EPARSE, "%s:%zu:%zu: %s %s", r->file, parser->problem_mark.line + 1,
                   parser->problem_mark.column + 1, parser->context, parser->problem);
}

static enum sy_code fail_memory(const struct reader *r, const yaml_mark_t *mark)
{
    return fail_mark(r, mark, SY_ENOMEM, "out of memory");
}

static enum sy_code new_node(struct reader *r, const yaml_event_t *event, enum sy_yaml_kind kind,
                             struct sy_yaml **ret)
{
    if (++r->nodes > MAX_NODES)
        return fail_mark(r, &event->start_mark, SY_ELIMIT, "more than 200000 values");
    struct sy_yaml *node = sy_arena_calloc(r->arena, 1, sizeof *node);
    if (node == NULL)
        return fail_memory(r, &event->start_mark);
    node->kind = kind;
    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    *ret = node;
    return SY_OK;
}

/* Hang a finished or opened node below the innermost open one. */
static enum sy_code place(struct reader *r, const yaml_event_t *event, struct sy_yaml *node)
{
    if (r->depth == 0) {
        r->root = node;
        return SY_OK;
    }
    struct open *up = &r->open[r->depth - 1];
    if (up->node->kind == SY_YAML_MAP && up->key == NULL) {
        if (node->kind != SY_YAML_SCALAR)
            return fail_mark(r, &event->start_mark, SY_EPARSE, "a key must be a scalar");
        up->key = node;
        return SY_OK;
    }
    struct child *child = sy_arena_calloc(r->arena, 1, sizeof *child);
    if (child == NULL)
        return fail_memory(r, &event->start_mark);
    child->key = up->key;
    child->value = node;
    up->key = NULL;
    if (up->last == NULL)
        up->first = child;
    else
        up->last->next = child;
    up->last = child;
    up->node->count++;
    return SY_OK;
}

static enum sy_code on_scalar(struct reader *r, const yaml_event_t *event)
{
    size_t len = event->data.scalar.length;
    const char *text = (const char *)event->data.scalar.value;
    if (event->data.scalar.tag != NULL)
        return fail_mark(r, &event->start_mark, SY_EPARSE, "tags are not allowed");
    if (memchr(text, '\0', len) != NULL)
        return fail_mark(r, &event->start_mark, SY_EPARSE, "a text must not hold a NUL character");
    struct sy_yaml *node;
    enum sy_code code = new_node(r, event, SY_YAML_SCALAR, &node);
    if (code != SY_OK)
        return code;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = sy_arena_strndup(r->arena, text, len);
    if (node->text == NULL)
        return fail_memory(r, &event->start_mark);
    return place(r, event, node);
}

static enum sy_code on_open(struct reader *r, const yaml_event_t *event, enum sy_yaml_kind kind,
                            const yaml_char_t *tag)
{
    if (tag != NULL)
        return fail_mark(r, &event->start_mark, SY_EPARSE, "tags are not allowed");
    if (r->depth == MAX_DEPTH)
        return fail_mark(r, &event->start_mark, SY_ELIMIT, "nested more than 64 deep");
    struct sy_yaml *node;
    enum sy_code code = new_node(r, event, kind, &node);
    if (code == SY_OK)
        code = place(r, event, node);
    if (code == SY_OK)
        r->open[r->depth++] = (struct open){.node = node};
    return code;
}

static int by_text_then_place(const void *a, const void *b)
{
    const struct sy_yaml *x = *(const struct sy_yaml *const *)a;
    const struct sy_yaml *y = *(const struct sy_yaml *const *)b;
    int order = strcmp(x->text, y->text);
    if (order != 0)
        return order;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

/* Of all repeated keys the first repetition in the file is named. */
static enum sy_code reject_duplicates(const struct reader *r, const struct sy_yaml *map)
{
    size_t bytes;
    if (map->count < 2)
        return SY_OK;
    sy_autofree const struct sy_yaml **sorted =
        sy_mul_size(map->count, sizeof *sorted, &bytes) ? sy_malloc(bytes) : NULL;
    if (sorted == NULL)
        return sy_yaml_fail(r->file, map, SY_ENOMEM, r->err, "out of memory");
    memcpy(sorted, map->key, bytes);
    qsort(sorted, map->count, sizeof *sorted, by_text_then_place);
    const struct sy_yaml *first = NULL, *again = NULL;
    for (size_t i = 1; i < map->count; i++) {
        if (strcmp(sorted[i - 1]->text, sorted[i]->text) != 0)
            continue;
        bool earlier = again == NULL || sorted[i]->line < again->line ||
                       (sorted[i]->line == again->line && sorted[i]->column < again->column);
        if (earlier) {
            first = sorted[i - 1];
            again = sorted[i];
        }
    }
    if (again == NULL)
        return SY_OK;
    char shown[64];
    return sy_yaml_fail(r->file, again, SY_EPARSE, r->err, "key '%s' repeats the one at %u:%u",
                        sy_quote(shown, sizeof shown, again->text, strlen(again->text)),
                        first->line, first->column);
}

static enum sy_code on_close(struct reader *r, const yaml_event_t *event)
{
    assert(r->depth > 0 && r->open[r->depth - 1].node != NULL);
    struct open *top = &r->open[--r->depth];
    struct sy_yaml *node = top->node;
    node->item = sy_arena_calloc(r->arena, node->count, sizeof *node->item);
    if (node->item == NULL)
        return fail_memory(r, &event->start_mark);
    if (node->kind == SY_YAML_MAP) {
        node->key = sy_arena_calloc(r->arena, node->count, sizeof *node->key);
        if (node->key == NULL)
            return fail_memory(r, &event->start_mark);
    }
    size_t i = 0;
    for (const struct child *child = top->first; child != NULL; child = child->next, i++) {
        node->item[i] = child->value;
        if (node->kind == SY_YAML_MAP)
            node->key[i] = child->key;
    }
    return node->kind == SY_YAML_MAP ? reject_duplicates(r, node) : SY_OK;
}

static enum sy_code on_document(struct reader *r, const yaml_event_t *event)
{
    if (r->had_document)
        return fail_mark(r, &event->start_mark, SY_EPARSE, "a second document is not allowed");
    r->had_document = true;
    return SY_OK;
}

static bool has_anchor(const yaml_event_t *event)
{
    return (event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor != NULL) ||
           (event->type == YAML_SEQUENCE_START_EVENT &&
            event->data.sequence_start.anchor != NULL) ||
           (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor != NULL);
}

static enum sy_code on_event(struct reader *r, const yaml_event_t *event)
{
    if (has_anchor(event))
        return fail_mark(r, &event->start_mark, SY_EPARSE, "anchors are not allowed");
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return fail_mark(r, &event->start_mark, SY_EPARSE, "aliases are not allowed");
    case YAML_DOCUMENT_START_EVENT:
        return on_document(r, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(r, event, SY_YAML_LIST, event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return on_open(r, event, SY_YAML_MAP, event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(r, event);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return SY_OK;
}

enum sy_code sy_yaml_parse(struct sy_arena *arena, const char *file, const char *data, size_t len,
                           size_t max_bytes, struct sy_yaml **ret_root, struct sy_err *err)
{
    struct reader r = {.arena = arena, .file = file, .err = err};
    if (len > max_bytes)
        return sy_fail(err, SY_ELIMIT, "%s:1:1: %zu bytes long, more than %zu", file, len,
                       max_bytes);
    yaml_parser_t parser __attribute__((cleanup(yaml_parser_delete)));
    if (!yaml_parser_initialize(&parser))
        return sy_fail(err, SY_ENOMEM, "%s:1:1: out of memory", file);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)data, len);
    for (bool end = false; !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event))
            return fail_parser(&r, &parser, data, len);
        end = event.type == YAML_STREAM_END_EVENT;
        enum sy_code code = on_event(&r, &event);
        yaml_event_delete(&event);
        if (code != SY_OK)
            return code;
    }
    if (r.root == NULL)
        return sy_fail(err, SY_EPARSE, "%s:1:1: no document", file);
    *ret_root = r.root;
    return SY_OK;
}

/* Is it allowed, and what does it say? *ret_any: something. */
static enum sy_code piece_of(struct reader *r, const yaml_event_t *event, struct sy_yaml_piece *ret,
                             bool *ret_any)
{
    const yaml_char_t *tag = NULL;
    *ret_any = true;
    *ret = (struct sy_yaml_piece){.line = (unsigned)event->start_mark.line + 1,
                                  .column = (unsigned)event->start_mark.column + 1};
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return fail_mark(r, &event->start_mark, SY_EPARSE, "aliases are not allowed");
    case YAML_DOCUMENT_START_EVENT:
        ret->what = SY_YAML_BEGIN;
        break;
    case YAML_DOCUMENT_END_EVENT:
        ret->what = SY_YAML_END;
        break;
    case YAML_SCALAR_EVENT:
        ret->what = SY_YAML_TEXT;
        ret->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        ret->text = (const char *)event->data.scalar.value;
        ret->len = event->data.scalar.length;
        tag = event->data.scalar.tag;
        if (memchr(ret->text, '\0', ret->len) != NULL)
            return fail_mark(r, &event->start_mark, SY_EPARSE,
                             "a text must not hold a NUL character");
        break;
    case YAML_SEQUENCE_START_EVENT:
        ret->what = SY_YAML_OPEN_LIST;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        ret->what = SY_YAML_OPEN_MAP;
        tag = event->data.mapping_start.tag;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        ret->what = SY_YAML_CLOSE;
        r->depth--;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
        *ret_any = false;
        break;
    }
    if (has_anchor(event))
        return fail_mark(r, &event->start_mark, SY_EPARSE, "anchors are not allowed");
    if (tag != NULL)
        return fail_mark(r, &event->start_mark, SY_EPARSE, "tags are not allowed");
    bool opens = ret->what == SY_YAML_OPEN_LIST || ret->what == SY_YAML_OPEN_MAP;
    if (*ret_any && opens && r->depth++ == MAX_DEPTH)
        return fail_mark(r, &event->start_mark, SY_ELIMIT, "nested more than 64 deep");
    return SY_OK;
}

enum sy_code sy_yaml_walk(const char *file, const char *data, size_t len, size_t max_bytes,
                          sy_yaml_piece_fn *piece, void *piece_data, struct sy_err *err)
{
    struct reader r = {.file = file, .err = err};
    if (len > max_bytes)
        return sy_fail(err, SY_ELIMIT, "%s:1:1: %zu bytes long, more than %zu", file, len,
                       max_bytes);
    yaml_parser_t parser __attribute__((cleanup(yaml_parser_delete)));
    if (!yaml_parser_initialize(&parser))
        return sy_fail(err, SY_ENOMEM, "%s:1:1: out of memory", file);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)data, len);
    for (bool end = false; !end;) {
        yaml_event_t event;
        struct sy_yaml_piece said;
        bool any;
        if (!yaml_parser_parse(&parser, &event))
            return fail_parser(&r, &parser, data, len);
        end = event.type == YAML_STREAM_END_EVENT;
        enum sy_code code = piece_of(&r, &event, &said, &any);
        if (code == SY_OK && any)
            code = piece(piece_data, &said, err);
        yaml_event_delete(&event);
        if (code != SY_OK)
            return code;
    }
    return SY_OK;
}
