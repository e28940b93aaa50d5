/* SPDX-License-Identifier: Apache-2.0 */
/* Kept once however many have it: what pods ask for, and fabrics. */
#include "extender/live/live_private.h"

#include <string.h>

static bool request_is(const void *record, const void *key)
{
    return sy_digest_equal(((const struct live_request *)record)->key,
                           *(const struct sy_digest *)key);
}

static bool fabric_is(const void *record, const void *key)
{
    return sy_digest_equal(((const struct live_fabric *)record)->key,
                           *(const struct sy_digest *)key);
}

/* All of a request that the ledger reads. */
static struct sy_digest request_key(const struct sy_request *request)
{
    struct sy_digest digest = sy_request_digest(request, true);
    for (unsigned i = 0; i < request->nentry; i++) {
        sy_digest_str(&digest, request->entry[i].name);
        sy_digest_u64(&digest, (uint64_t)request->asked[i]);
    }
    sy_digest_u64(&digest, (uint64_t)request->require_for_us);
    sy_digest_str(&digest, request->profile);
    sy_digest_str(&digest, request->malformed);
    return digest;
}

/* Move a text behind the record; *at is where the next one goes. */
static const char *settle_text(char **at, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

static size_t text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

static struct live_request *copy_request(const struct sy_request *request, struct sy_digest key)
{
    size_t texts = text_size(request->profile) + text_size(request->malformed);
    for (unsigned i = 0; i < request->nentry; i++)
        texts += text_size(request->entry[i].name);
    struct live_request *copy = sy_calloc(1, sizeof *copy + texts);
    if (copy == NULL)
        return NULL;
    char *at = (char *)(copy + 1);
    copy->refs = 1;
    copy->key = key;
    copy->request = *request;
    copy->request.namespace_ = copy->request.name = copy->request.uid = NULL;
    copy->request.created_us = 0;
    copy->request.nnote = 0;
    copy->request.profile = settle_text(&at, request->profile);
    copy->request.malformed = settle_text(&at, request->malformed);
    for (unsigned i = 0; i < request->nentry; i++)
        copy->request.entry[i].name = settle_text(&at, request->entry[i].name);
    return copy;
}

struct live_request *sy_live_request_share(struct sy_live *live, const struct sy_request *request)
{
    struct sy_digest key = request_key(request);
    struct live_request *known = sy_table_find(&live->requests, key.lo, request_is, &key);
    if (known != NULL) {
        known->refs++;
        return known;
    }
    struct live_request *copy = copy_request(request, key);
    if (copy != NULL && !sy_table_add(&live->requests, key.lo, copy)) {
        sy_free(copy);
        return NULL;
    }
    return copy;
}

void sy_live_request_drop(struct sy_live *live, struct live_request *request)
{
    if (request == NULL || --request->refs > 0)
        return;
    sy_table_remove(&live->requests, request->key.lo, request);
    sy_free(request);
}

struct sy_fabric *sy_live_fabric_known(struct sy_live *live, struct sy_digest key)
{
    const struct live_fabric *known = sy_table_find(&live->fabrics, key.lo, fabric_is, &key);
    return known != NULL ? sy_fabric_ref(known->fabric) : NULL;
}

void sy_live_fabric_remember(struct sy_live *live, struct sy_digest key, struct sy_fabric *fabric)
{
    struct live_fabric *fresh = sy_calloc(1, sizeof *fresh);
    if (fresh == NULL)
        return;
    fresh->key = key;
    fresh->fabric = fabric;
    if (sy_table_add(&live->fabrics, key.lo, fresh))
        (void)sy_fabric_ref(fabric);
    else
        sy_free(fresh);
}

static void forget_fabric(struct sy_live *live, struct live_fabric *known)
{
    sy_table_remove(&live->fabrics, known->key.lo, known);
    sy_fabric_unref(known->fabric);
    sy_free(known);
}

void sy_live_fabrics_sweep(struct sy_live *live)
{
    for (size_t i = 0; i < live->fabrics.size;) {
        struct live_fabric *known = live->fabrics.slot[i].record;
        /* Ours alone: nobody can come to a new reference while the lock is held. */
        if (known != NULL && __atomic_load_n(&known->fabric->refs, __ATOMIC_ACQUIRE) == 1)
            forget_fabric(live, known);
        else
            i++;
    }
}

void sy_live_shared_done(struct sy_live *live)
{
    for (size_t i = 0; i < live->fabrics.size;) {
        if (live->fabrics.slot[i].record != NULL)
            forget_fabric(live, live->fabrics.slot[i].record);
        else
            i++;
    }
    sy_table_done(&live->fabrics);
    sy_table_done(&live->requests); /* the pods had them all */
}

static void digest_members(struct sy_digest *digest, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        sy_digest_str(digest, key);
        sy_live_digest_json(digest, value);
    }
}

void sy_live_digest_json(struct sy_digest *digest, const json_t *value)
{
    double real;
    sy_digest_u64(digest, value != NULL ? (uint64_t)json_typeof(value) + 1 : 0);
    if (value == NULL)
        return;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        sy_digest_u64(digest, json_object_size(value));
        digest_members(digest, value);
        break;
    case JSON_ARRAY:
        sy_digest_u64(digest, json_array_size(value));
        for (size_t i = 0; i < json_array_size(value); i++)
            sy_live_digest_json(digest, json_array_get(value, i));
        break;
    case JSON_STRING:
        sy_digest_u64(digest, json_string_length(value));
        sy_digest_bytes(digest, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        sy_digest_u64(digest, (uint64_t)json_integer_value(value));
        break;
    case JSON_REAL:
        real = json_real_value(value);
        sy_digest_bytes(digest, &real, sizeof real);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
}
