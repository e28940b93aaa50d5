/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/state/source.h"

#include "base/yaml_documents.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENTS_MAX 100000u
#define ITEMS_MAX 2000000u

/* Past its last byte; `len` when it does not end. Only braces are looked at: what is wrong between
 * them is the parser's to say. */
static size_t document_end(const char *data, size_t len)
{
    size_t depth = 0;
    bool in_string = false, escaped = false;
    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        if (in_string) {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && (depth == 0 || --depth == 0)) {
            return i + 1;
        }
    }
    return len;
}

static size_t skip_space(const char *data, size_t len, size_t at)
{
    while (at < len &&
           (data[at] == ' ' || data[at] == '\t' || data[at] == '\r' || data[at] == '\n'))
        at++;
    return at;
}

static enum sy_code each_json(const char *file, const char *data, size_t len, size_t at,
                              sy_document_fn *each, void *each_data, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    struct sy_document document = {.file = file, .whole = data};
    while (at < len && code == SY_OK) {
        document.data = data + at;
        document.offset = at;
        document.len = document_end(data + at, len - at);
        document.number++;
        at = skip_space(data, len, at + document.len);
        document.many = document.number > 1 || at < len;
        if (document.number > DOCUMENTS_MAX)
            return sy_fail(err, SY_ELIMIT, "%s: more than %u documents", file, DOCUMENTS_MAX);
        code = each(each_data, &document, err);
    }
    return code;
}

struct yaml {
    struct sy_document document;
    struct sy_str text;
    unsigned *item;
    size_t size;
    sy_document_fn *each;
    void *each_data;
};

static enum sy_code begin(void *data, unsigned line, struct sy_err *err)
{
    struct yaml *y = data;
    y->text.len = 0;
    y->document.nitem = 0;
    y->document.first_line = line;
    if (++y->document.number > DOCUMENTS_MAX)
        return sy_fail(err, SY_ELIMIT, "%s: more than %u documents", y->document.file,
                       DOCUMENTS_MAX);
    return SY_OK;
}

static enum sy_code text(void *data, const char *json, size_t len, struct sy_err *err)
{
    struct yaml *y = data;
    sy_str_append_n(&y->text, json, len);
    return sy_str_failed(&y->text) ? sy_fail(err, SY_ENOMEM, "%s: out of memory", y->document.file)
                                   : SY_OK;
}

static enum sy_code item(void *data, unsigned line, struct sy_err *err)
{
    struct yaml *y = data;
    if (y->document.nitem == ITEMS_MAX)
        return sy_fail(err, SY_ELIMIT, "%s:%u: more than %u items", y->document.file, line,
                       ITEMS_MAX);
    if (y->document.nitem == y->size) {
        size_t size = y->size * 2 + 64;
        unsigned *grown = sy_realloc(y->item, size * sizeof *grown);
        if (grown == NULL)
            return sy_fail(err, SY_ENOMEM, "%s: out of memory", y->document.file);
        y->item = grown;
        y->size = size;
    }
    y->item[y->document.nitem++] = line;
    return SY_OK;
}

static enum sy_code end(void *data, struct sy_err *err)
{
    struct yaml *y = data;
    y->document.data = y->text.data;
    y->document.len = y->text.len;
    y->document.item = y->item;
    return y->each(y->each_data, &y->document, err);
}

static enum sy_code each_yaml(const char *file, const char *data, size_t len, size_t max_bytes,
                              sy_document_fn *each, void *each_data, struct sy_err *err)
{
    struct yaml y = {.document = {.file = file}, .each = each, .each_data = each_data};
    const struct sy_yaml_documents documents = {.file = file,
                                                .max_bytes = max_bytes,
                                                .begin = begin,
                                                .end = end,
                                                .text = text,
                                                .item = item,
                                                .data = &y};
    sy_str_init(&y.text, SIZE_MAX);
    enum sy_code code = sy_yaml_documents_read(&documents, data, len, err);
    if (code == SY_OK && y.document.number == 0)
        code = sy_fail(err, SY_EPARSE, "%s:1:1: no document", file);
    sy_str_done(&y.text);
    sy_free(y.item);
    return code;
}

enum sy_code sy_documents_each(const char *file, const char *data, size_t len, size_t max_bytes,
                               sy_document_fn *each, void *each_data, struct sy_err *err)
{
    size_t mark = len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* byte order mark */
    size_t first = skip_space(data, len, mark);
    if (len > max_bytes)
        return sy_fail(err, SY_ELIMIT, "%s: %zu bytes long, more than %zu", file, len, max_bytes);
    if (first < len && data[first] == '{')
        return each_json(file, data, len, first, each, each_data, err);
    return each_yaml(file, data + mark, len - mark, max_bytes, each, each_data, err);
}

const char *sy_document_name(const struct sy_document *document, char *buf, size_t size)
{
    if (document->first_line > 0)
        (void)snprintf(buf, size, "%s:%u", document->file, document->first_line);
    else if (document->many)
        (void)snprintf(buf, size, "%s: document %zu", document->file, document->number);
    else
        (void)snprintf(buf, size, "%s", document->file);
    return buf;
}

const char *sy_document_item(const struct sy_document *document, size_t i, char *buf, size_t size)
{
    char name[512];
    if (document->first_line > 0 && i < document->nitem)
        (void)snprintf(buf, size, "%s:%u", document->file, document->item[i]);
    else
        (void)snprintf(buf, size, "%s: items/%zu", sy_document_name(document, name, sizeof name),
                       i);
    return buf;
}

enum sy_code sy_document_fail(const struct sy_document *document, unsigned long long at,
                              enum sy_code code, const char *what, struct sy_err *err)
{
    char name[512];
    size_t line = 1, column = 1;
    if (document->first_line > 0)
        return sy_fail(err, code, "%s: %s", sy_document_name(document, name, sizeof name), what);
    size_t stop = at > document->len ? document->len : (size_t)at;
    for (size_t i = 0; i + 1 < document->offset + stop; i++) {
        column = document->whole[i] == '\n' ? 1 : column + 1;
        line += document->whole[i] == '\n';
    }
    return sy_fail(err, code, "%s:%zu:%zu: %s", document->file, line, column, what);
}
