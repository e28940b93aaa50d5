/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/keep.h"

#include "base/kube/fields.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES 32u /* that a value is counted for beside its text: jansson's own, about */

enum sy_code sy_keep_init(struct sy_keep *keep, const struct sy_kube_extract_options *options,
                          unsigned max_depth, size_t max_bytes, struct sy_err *err)
{
    *keep =
        (struct sy_keep){.options = *options, .max_frames = max_depth + 1, .max_bytes = max_bytes};
    keep->frame = sy_calloc(keep->max_frames, sizeof *keep->frame);
    if (keep->frame == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for a reader");
    return SY_OK;
}

static void forget_document(struct sy_keep *keep)
{
    json_decref(keep->document);
    keep->document = NULL;
    keep->in_document = false;
    keep->bytes = 0;
    keep->refused = (struct sy_err){0};
}

void sy_keep_reset(struct sy_keep *keep)
{
    forget_document(keep);
    json_decref(keep->top);
    keep->top = NULL;
    keep->top_bytes = 0;
    keep->frames = 0;
    keep->wanted = false;
}

void sy_keep_done(struct sy_keep *keep)
{
    sy_keep_reset(keep);
    sy_free(keep->frame);
}

void sy_keep_begin(struct sy_keep *keep)
{
    keep->in_document = true;
    keep->wanted = true;
    keep->below = keep->options.fields;
}

void sy_keep_nothing(struct sy_keep *keep)
{
    keep->wanted = false;
}

/* What is open at this depth, when it is kept. */
static const struct sy_keep_frame *open_frame(const struct sy_keep *keep, unsigned depth)
{
    if (keep->frames == 0 || keep->frame[keep->frames - 1].depth != depth)
        return NULL;
    return keep->refused.code == SY_OK ? &keep->frame[keep->frames - 1] : NULL;
}

void sy_keep_look(struct sy_keep *keep, unsigned depth, const char *name)
{
    const struct sy_keep_frame *frame = open_frame(keep, depth);
    keep->wanted = frame != NULL;
    if (depth == 0) { /* the object around all documents */
        keep->wanted = keep->options.top != NULL;
        keep->below = keep->options.fields_top;
    } else if (frame != NULL) {
        keep->below = frame->fields;
        if (name != NULL && frame->fields != NULL) {
            const struct sy_kube_field *field = sy_kube_field_find(frame->fields, name);
            keep->wanted = field != NULL;
            keep->below = field != NULL ? field->below : NULL;
        }
    }
}

bool sy_keep_wanted(const struct sy_keep *keep)
{
    return keep->wanted && keep->refused.code == SY_OK;
}

bool sy_keep_names(const struct sy_keep *keep, unsigned depth)
{
    return open_frame(keep, depth) != NULL;
}

enum sy_code sy_keep_refuse(struct sy_keep *keep, enum sy_code code, uint64_t at,
                            struct sy_err *err, const char *fmt, ...)
{
    char text[160];
    va_list args;
    if (keep->refused.code != SY_OK)
        return SY_OK;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    bool goes_on = keep->in_document && keep->options.refused != NULL;
    (void)sy_fail(goes_on ? &keep->refused : err, code, "byte %llu: %s", (unsigned long long)at + 1,
                  text);
    return goes_on ? SY_OK : code;
}

/* Count `len` bytes of text and a value; false when they are too many. */
static bool charge(struct sy_keep *keep, size_t len, uint64_t at, enum sy_code *ret,
                   struct sy_err *err)
{
    size_t *bytes = keep->in_document ? &keep->bytes : &keep->top_bytes;
    *bytes += len + VALUE_BYTES; /* a text has a limit: no overflow */
    *ret = SY_OK;
    if (*bytes <= keep->max_bytes)
        return true;
    *ret = sy_keep_refuse(keep, SY_ELIMIT, at, err, "more than %zu bytes of it are wanted",
                          keep->max_bytes);
    return false;
}

/* Hang a new value into the innermost open container, or take it as the root. Takes it over. */
static enum sy_code hang(struct sy_keep *keep, const char *name, json_t *value, struct sy_err *err)
{
    json_t **root = keep->in_document ? &keep->document : &keep->top;
    bool ok = value != NULL;
    if (!ok || *root == NULL) {
        *root = ok ? value : *root;
    } else {
        json_t *into = keep->frame[keep->frames - 1].container;
        ok = json_is_object(into) ? json_object_set_new_nocheck(into, name, value) == 0
                                  : json_array_append_new(into, value) == 0;
    }
    return ok ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for a document");
}

enum sy_code sy_keep_open(struct sy_keep *keep, unsigned depth, bool object, const char *name,
                          size_t name_len, uint64_t at, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (!sy_keep_wanted(keep) || !charge(keep, name_len, at, &code, err))
        return code;
    json_t *container = object ? json_object() : json_array();
    code = hang(keep, name, container, err);
    if (code == SY_OK)
        keep->frame[keep->frames++] = (struct sy_keep_frame){container, keep->below, depth};
    return code;
}

void sy_keep_close(struct sy_keep *keep, unsigned depth)
{
    if (keep->frames > 0 && keep->frame[keep->frames - 1].depth == depth)
        keep->frames--;
}

enum sy_code sy_keep_string(struct sy_keep *keep, const char *name, size_t name_len,
                            const char *text, size_t len, uint64_t at, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (!sy_keep_wanted(keep) || !charge(keep, name_len + len, at, &code, err))
        return code;
    return hang(keep, name, json_stringn_nocheck(len > 0 ? text : "", len), err);
}

enum sy_code sy_keep_number(struct sy_keep *keep, const char *name, size_t name_len,
                            const char *text, bool real, uint64_t at, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (!sy_keep_wanted(keep) || !charge(keep, name_len, at, &code, err))
        return code;
    errno = 0;
    double number = real ? strtod(text, NULL) : 0;
    long long integer = real ? 0 : strtoll(text, NULL, 10);
    if (real ? isinf(number) : errno == ERANGE)
        return sy_keep_refuse(keep, SY_EPARSE, at, err, "a number is too large");
    return hang(keep, name, real ? json_real(number) : json_integer(integer), err);
}

enum sy_code sy_keep_word(struct sy_keep *keep, const char *name, size_t name_len, char first,
                          uint64_t at, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (!sy_keep_wanted(keep) || !charge(keep, name_len, at, &code, err))
        return code;
    return hang(keep, name, first == 'n' ? json_null() : json_boolean(first == 't'), err);
}

enum sy_code sy_keep_document(struct sy_keep *keep, struct sy_err *err)
{
    enum sy_code code;
    if (keep->refused.code != SY_OK)
        code = keep->options.refused(keep->options.data, keep->document, &keep->refused, err);
    else
        code = keep->options.document(keep->options.data, keep->document, err);
    forget_document(keep);
    return code;
}

enum sy_code sy_keep_top(struct sy_keep *keep, struct sy_err *err)
{
    if (keep->top == NULL || keep->options.top == NULL)
        return SY_OK;
    enum sy_code code = keep->options.top(keep->options.data, keep->top, err);
    json_decref(keep->top);
    keep->top = NULL;
    return code;
}
