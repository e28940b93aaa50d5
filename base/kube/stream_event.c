/* SPDX-License-Identifier: Apache-2.0 */
/* What a collection's documents say: events of a watch, items and ends of a list. */
#include "base/kube/fields.h"
#include "base/kube/status.h"
#include "base/kube/watch_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOTE_US (INT64_C(10) * 1000000)
/* The API server takes annotations of 256 KiB in all; an object that it has is one that counts, so
 * what is too long for its field is for the field's reader to refuse. */
#define STRING_MAX ((size_t)256 << 10)
#define END_OF_LIST "k8s.io/initial-events-end"

enum sy_code sy_stream_fate(struct sy_stream *stream, enum sy_stream_fate fate, struct sy_err *err,
                            const char *fmt, ...)
{
    char text[sizeof stream->why];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (stream->fate == SY_FATE_NONE) {
        stream->fate = fate;
        memcpy(stream->why, text, sizeof text);
    }
    return sy_fail(err, SY_EIO, "%s", text);
}

void sy_stream_note(struct sy_stream *stream, bool bad, bool rarely, const char *fmt, ...)
{
    char text[512], path[128];
    const struct sy_kube_handler *handler = &stream->collection.handler;
    int64_t now_us = sy_kube_http_now_us();
    if (handler->note == NULL)
        return;
    if (rarely && stream->noted_us != 0 && now_us - stream->noted_us < NOTE_US) {
        stream->unnoted++;
        return;
    }
    (void)sy_quote(path, sizeof path, stream->collection.path, strlen(stream->collection.path));
    size_t len = (size_t)snprintf(text, sizeof text, "%s: ", path);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text + len, sizeof text - len - 40, fmt, args);
    va_end(args);
    len = strlen(text);
    if (rarely && stream->unnoted > 0)
        (void)snprintf(text + len, sizeof text - len, " (and %llu more)",
                       (unsigned long long)stream->unnoted);
    if (rarely) {
        stream->unnoted = 0;
        stream->noted_us = now_us;
    }
    handler->note(handler->data, bad, text);
}

static const char *string_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static const json_t *metadata_of(const json_t *object)
{
    return json_object_get(object, "metadata");
}

/* Remember how far we are. A version that does not fit is none of Kubernetes'. */
static bool advance(struct sy_stream *stream, const char *version)
{
    size_t len = strlen(version);
    if (len == 0 || len >= sizeof stream->version)
        return false;
    memcpy(stream->version, version, len + 1);
    return true;
}

enum sy_code sy_stream_listed(struct sy_stream *stream, const char *version, struct sy_err *err)
{
    const struct sy_kube_handler *handler = &stream->collection.handler;
    if (!advance(stream, version))
        return sy_stream_fate(stream, SY_FATE_LIST, err, "the list has no usable resourceVersion");
    struct sy_err why = {0};
    enum sy_code code = handler->synced(handler->data, &why);
    if (code != SY_OK)
        return sy_stream_fate(stream, SY_FATE_LIST, err, "the list cannot be taken: %.250s",
                              why.text[0] != '\0' ? why.text : sy_code_text(code));
    stream->begun = stream->paged = stream->unpaged = false;
    stream->phase = SY_STREAM_WATCH;
    stream->refusals = 0;
    stream->stats.synced = true;
    return SY_OK;
}

/* Hand an object on; what the handler cannot take must be listed anew. */
static enum sy_code hand_on(struct sy_stream *stream, const json_t *object, bool gone,
                            struct sy_err *err)
{
    const struct sy_kube_handler *handler = &stream->collection.handler;
    struct sy_err why = {0};
    enum sy_code code = gone ? handler->gone(handler->data, object, stream->heard_us, &why)
                             : handler->put(handler->data, object, stream->heard_us, &why);
    if (code == SY_OK)
        return SY_OK;
    return sy_stream_fate(stream, SY_FATE_LIST, err, "an object cannot be taken: %.250s",
                          why.text[0] != '\0' ? why.text : sy_code_text(code));
}

static void refuse(struct sy_stream *stream, const json_t *object, const char *why)
{
    const struct sy_kube_handler *handler = &stream->collection.handler;
    const json_t *metadata = metadata_of(object);
    const char *space = string_at(metadata, "namespace"), *name = string_at(metadata, "name");
    char shown[2][72];
    stream->stats.refused++;
    sy_stream_note(stream, true, true, "an object is not taken (%s%s%s): %s",
                   sy_quote(shown[0], sizeof shown[0], space, strlen(space)),
                   *space != '\0' ? "/" : "",
                   sy_quote(shown[1], sizeof shown[1], name, strlen(name)), why);
    if (handler->refused != NULL)
        handler->refused(handler->data, object, why);
}

/* One more object of the listing: false when these are too many, and so it has no end. */
static bool counts(struct sy_stream *stream, struct sy_err *err)
{
    if (++stream->objects <= stream->options->max_objects)
        return true;
    (void)sy_stream_fate(stream, SY_FATE_FAILED, err, "the list has more than %u objects",
                         stream->options->max_objects);
    return false;
}

/* What is no object has no name either: nobody knows what is in its place, and so the list cannot
 * say what is gone. */
static enum sy_code check_listed(struct sy_stream *stream, const json_t *object, struct sy_err *err)
{
    if (!counts(stream, err))
        return SY_EIO;
    if (!json_is_object(object))
        return sy_stream_fate(stream, SY_FATE_FAILED, err,
                              "the list holds an item that is no object");
    return SY_OK;
}

/* The same of an object that is whole. */
static enum sy_code check_named(struct sy_stream *stream, const json_t *object, struct sy_err *err)
{
    enum sy_code code = check_listed(stream, object, err);
    if (code == SY_OK && string_at(metadata_of(object), "name")[0] == '\0')
        code = sy_stream_fate(stream, SY_FATE_FAILED, err,
                              "the list holds an object without metadata.name");
    return code;
}

static enum sy_code on_change(struct sy_stream *stream, const json_t *object, bool gone,
                              struct sy_err *err)
{
    stream->told = stream->told || stream->phase == SY_STREAM_WATCH;
    if (stream->phase != SY_STREAM_WATCH && check_named(stream, object, err) != SY_OK)
        return SY_EIO;
    if (!json_is_object(metadata_of(object))) {
        refuse(stream, object, "it has no metadata");
        return SY_OK;
    }
    enum sy_code code = hand_on(stream, object, gone, err);
    /* A list that is streamed has no version before its end. */
    if (code == SY_OK && stream->phase == SY_STREAM_WATCH)
        (void)advance(stream, string_at(metadata_of(object), "resourceVersion"));
    return code;
}

static enum sy_code on_bookmark(struct sy_stream *stream, const json_t *object, struct sy_err *err)
{
    const json_t *metadata = metadata_of(object);
    const char *version = string_at(metadata, "resourceVersion");
    if (stream->phase == SY_STREAM_WATCH) {
        stream->told = true;
        (void)advance(stream, version);
        return SY_OK;
    }
    const json_t *annotations = json_object_get(metadata, "annotations");
    if (strcmp(string_at(annotations, END_OF_LIST), "true") != 0)
        return sy_stream_fate(stream, SY_FATE_PAGES, err, "the server does not stream lists");
    enum sy_code code = sy_stream_listed(stream, version, err);
    if (code == SY_OK) {
        stream->stats.watches++;
        stream->told = true;
    }
    return code;
}

static enum sy_code on_error(struct sy_stream *stream, const json_t *status, struct sy_err *err)
{
    char message[200];
    unsigned code = sy_kube_status_code(status);
    sy_kube_status_message(status, message, sizeof message);
    stream->retry_ms = sy_kube_status_retry_after_ms(status);
    return sy_stream_fate(stream, code == 410 ? SY_FATE_EXPIRED : SY_FATE_FAILED, err,
                          "the server ends the watch: %u %s", code, message);
}

static enum sy_code on_event(void *data, json_t *event, struct sy_err *err)
{
    struct sy_stream *stream = data;
    const char *type = string_at(event, "type");
    const json_t *object = json_object_get(event, "object");
    char shown[48];
    if (!json_is_object(event))
        return sy_stream_fate(stream, SY_FATE_FAILED, err,
                              "the answer is no watch: an event is no object");
    stream->stats.events++;
    if (strcmp(type, "ERROR") == 0)
        return on_error(stream, object, err);
    stream->refusals = 0;
    if (strcmp(type, "BOOKMARK") == 0)
        return on_bookmark(stream, object, err);
    if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
        return on_change(stream, object, false, err);
    if (strcmp(type, "DELETED") == 0)
        return on_change(stream, object, true, err);
    sy_stream_note(stream, true, true, "an event of unknown type '%s' is ignored",
                   sy_quote(shown, sizeof shown, type, strlen(type)));
    return SY_OK;
}

static enum sy_code on_event_refused(void *data, json_t *event, const struct sy_err *why,
                                     struct sy_err *err)
{
    struct sy_stream *stream = data;
    const json_t *object = json_object_get(event, "object");
    stream->stats.events++;
    if (stream->phase != SY_STREAM_WATCH && !counts(stream, err))
        return SY_EIO;
    refuse(stream, object, why->text);
    if (stream->phase == SY_STREAM_WATCH) /* known or not: the reader is behind it */
        (void)advance(stream, string_at(metadata_of(object), "resourceVersion"));
    return SY_OK;
}

static enum sy_code on_item(void *data, json_t *object, struct sy_err *err)
{
    struct sy_stream *stream = data;
    return on_change(stream, object, false, err);
}

static enum sy_code on_item_refused(void *data, json_t *object, const struct sy_err *why,
                                    struct sy_err *err)
{
    if (check_listed(data, object, err) != SY_OK)
        return SY_EIO;
    refuse(data, object, why->text);
    return SY_OK;
}

/* "PodList", or not said; and "items", be they null as an empty list of Go's is written. Else it is
 * no list, and an empty one last: all would be gone. */
static enum sy_code check_list(struct sy_stream *stream, const json_t *top, struct sy_err *err)
{
    static const char end[] = "List";
    const json_t *member = json_object_get(top, "kind");
    const char *kind = string_at(top, "kind");
    size_t len = strlen(kind), end_len = sizeof end - 1;
    char shown[48];
    if (member != NULL && (len < end_len || strcmp(kind + len - end_len, end) != 0))
        return sy_stream_fate(stream, SY_FATE_FAILED, err, "the answer is no list: kind '%s'",
                              sy_quote(shown, sizeof shown, kind, len));
    if (!sy_kube_extract_has_items(stream->page))
        return sy_stream_fate(stream, SY_FATE_FAILED, err, "the answer is no list: no items");
    return SY_OK;
}

/* There is one more page: a list has an end. */
static enum sy_code check_next(struct sy_stream *stream, const char *next, struct sy_err *err)
{
    uint64_t most = stream->options->max_objects / stream->options->page_size + 1;
    if (strcmp(next, stream->next) == 0)
        return sy_stream_fate(stream, SY_FATE_FAILED, err, "the list continues with the same page");
    if (++stream->pages >= most)
        return sy_stream_fate(stream, SY_FATE_FAILED, err, "the list has more than %llu pages",
                              (unsigned long long)most);
    return SY_OK;
}

/* The page's own members. Kept for the page's end, which may not come. */
static enum sy_code on_top(void *data, json_t *top, struct sy_err *err)
{
    struct sy_stream *stream = data;
    if (check_list(stream, top, err) != SY_OK)
        return SY_EIO;
    const json_t *metadata = metadata_of(top);
    const char *version = string_at(metadata, "resourceVersion");
    const char *next = string_at(metadata, "continue");
    if (strlen(next) >= sizeof stream->next || !advance(stream, version))
        return sy_stream_fate(stream, SY_FATE_FAILED, err,
                              "the list has no usable resourceVersion and continue token");
    if (*next != '\0' && check_next(stream, next, err) != SY_OK)
        return SY_EIO;
    memcpy(stream->next, next, strlen(next) + 1);
    return SY_OK;
}

static const struct sy_kube_field end_of_list[] = {{.key = END_OF_LIST}, {.key = NULL}};
static const struct sy_kube_field identity[] = {
    {.key = "name"},
    {.key = "namespace"},
    {.key = "uid"},
    {.key = "resourceVersion"},
    {.key = "annotations", .below = end_of_list},
    {.key = NULL},
};
static const struct sy_kube_field details[] = {{.key = "retryAfterSeconds"}, {.key = NULL}};
/* What we want of every object: its identity; and of the Status in an ERROR event what it says. */
static const struct sy_kube_field always[] = {
    {.key = "metadata", .below = identity}, {.key = "code"}, {.key = "message"},
    {.key = "details", .below = details},   {.key = NULL},
};
static const struct sy_kube_field list_metadata[] = {
    {.key = "resourceVersion"}, {.key = "continue"}, {.key = NULL}};
static const struct sy_kube_field list_fields[] = {
    {.key = "metadata", .below = list_metadata}, {.key = "kind"}, {.key = NULL}};

enum sy_code sy_stream_readers(struct sy_stream *stream, struct sy_err *err)
{
    const struct sy_kube_field *object = stream->collection.fields;
    struct sy_kube_field *event = sy_arena_calloc(stream->arena, 3, sizeof *event);
    if (object != NULL)
        object = sy_kube_fields_merge(stream->arena, object, always);
    if (event == NULL || (stream->collection.fields != NULL && object == NULL))
        return sy_fail(err, SY_ENOMEM, "out of memory for a watch");
    event[0].key = "type";
    event[1] = (struct sy_kube_field){.key = "object", .below = object};
    const struct sy_kube_extract_limits limits = {.max_string = STRING_MAX};
    const struct sy_kube_extract_options of_events = {.fields = event,
                                                      .limits = limits,
                                                      .document = on_event,
                                                      .refused = on_event_refused,
                                                      .data = stream};
    const struct sy_kube_extract_options of_pages = {.fields = object,
                                                     .limits = limits,
                                                     .items_key = "items",
                                                     .fields_top = list_fields,
                                                     .document = on_item,
                                                     .refused = on_item_refused,
                                                     .top = on_top,
                                                     .data = stream};
    enum sy_code code = sy_kube_extract_new(&of_events, &stream->events, err);
    return code == SY_OK ? sy_kube_extract_new(&of_pages, &stream->page, err) : code;
}
