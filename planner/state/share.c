/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster has few shapes of machines and few kinds of pods: what is equal is kept once. Open
 * addressing over the low half of a digest. */
#include "planner/state/state_private.h"

#include <string.h>

struct entry {
    struct sy_digest key;
    void *value; /* NULL = empty */
};

struct table {
    size_t n, size; /* size: a power of two, or 0 */
    struct entry *entry;
};

struct sy_share {
    struct table fabrics, values;
};

struct sy_share *sy_share_new(void)
{
    return sy_calloc(1, sizeof(struct sy_share));
}

void sy_share_free(struct sy_share *share)
{
    if (share == NULL)
        return;
    for (size_t i = 0; i < share->fabrics.size; i++)
        if (share->fabrics.entry[i].value != NULL)
            sy_fabric_unref(share->fabrics.entry[i].value);
    for (size_t i = 0; i < share->values.size; i++)
        json_decref(share->values.entry[i].value);
    sy_free(share->fabrics.entry);
    sy_free(share->values.entry);
    sy_free(share);
}

/* The entry of this key, or the empty one where it belongs; NULL in a table without room. */
static struct entry *find(const struct table *table, struct sy_digest key)
{
    if (table->size == 0)
        return NULL;
    for (size_t i = key.lo & (table->size - 1);; i = (i + 1) & (table->size - 1))
        if (table->entry[i].value == NULL || sy_digest_equal(table->entry[i].key, key))
            return &table->entry[i];
}

static bool grow(struct table *table)
{
    if (table->n < table->size / 4 * 3)
        return true;
    struct table larger = {.n = table->n, .size = table->size > 0 ? 2 * table->size : 64};
    larger.entry = sy_calloc(larger.size, sizeof *larger.entry);
    if (larger.entry == NULL)
        return false;
    for (size_t i = 0; i < table->size; i++)
        if (table->entry[i].value != NULL)
            *find(&larger, table->entry[i].key) = table->entry[i];
    sy_free(table->entry);
    *table = larger;
    return true;
}

static bool put(struct table *table, struct sy_digest key, void *value)
{
    if (!grow(table))
        return false;
    *find(table, key) = (struct entry){.key = key, .value = value};
    table->n++;
    return true;
}

struct sy_fabric *sy_share_fabric(const struct sy_share *share, struct sy_digest key)
{
    const struct entry *entry = find(&share->fabrics, key);
    return entry != NULL && entry->value != NULL ? sy_fabric_ref(entry->value) : NULL;
}

enum sy_code sy_share_put_fabric(struct sy_share *share, struct sy_digest key,
                                 struct sy_fabric *fabric, struct sy_err *err)
{
    if (!put(&share->fabrics, key, fabric))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    (void)sy_fabric_ref(fabric);
    return SY_OK;
}

json_t *sy_share_json(struct sy_share *share, json_t *value)
{
    if (value == NULL)
        return NULL;
    struct sy_digest key = sy_digest_of_json(value);
    const struct entry *entry = find(&share->values, key);
    if (entry != NULL && entry->value != NULL) {
        if (!json_equal(entry->value, value))
            return value;
        json_decref(value);
        return json_incref(entry->value);
    }
    if (put(&share->values, key, value))
        (void)json_incref(value);
    return value;
}

static void digest_value(struct sy_digest *digest, const json_t *value)
{
    const char *key;
    json_t *member;
    double real;
    sy_digest_u64(digest, value != NULL ? (uint64_t)json_typeof(value) + 1 : 0);
    if (json_is_object(value)) {
        sy_digest_u64(digest, json_object_size(value));
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
        {
            sy_digest_str(digest, key);
            digest_value(digest, member);
        }
    } else if (json_is_array(value)) {
        sy_digest_u64(digest, json_array_size(value));
        for (size_t i = 0; i < json_array_size(value); i++)
            digest_value(digest, json_array_get(value, i));
    } else if (json_is_string(value)) {
        sy_digest_str(digest, json_string_value(value));
    } else if (json_is_integer(value)) {
        sy_digest_u64(digest, (uint64_t)json_integer_value(value));
    } else if (json_is_real(value)) {
        real = json_real_value(value);
        sy_digest_bytes(digest, &real, sizeof real);
    }
}

struct sy_digest sy_digest_of_json(const json_t *value)
{
    struct sy_digest digest = sy_digest_begin();
    digest_value(&digest, value);
    return digest;
}
