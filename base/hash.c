/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <string.h>

__extension__ typedef unsigned __int128 uint128; /* a built-in type without a standard name */

#define PRIME_64 UINT64_C(0x100000001b3)
#define BASIS_64 UINT64_C(0xcbf29ce484222325)

struct sy_digest sy_digest_begin(void)
{
    return (struct sy_digest){.hi = UINT64_C(0x6c62272e07bb0142),
                              .lo = UINT64_C(0x62b821756295c58d)};
}

void sy_digest_bytes(struct sy_digest *digest, const void *data, size_t len)
{
    const uint128 prime = ((uint128)0x1000000 << 64) + 0x13b;
    const unsigned char *p = data;
    uint128 hash = (uint128)digest->hi << 64 | digest->lo;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * prime;
    digest->hi = (uint64_t)(hash >> 64);
    digest->lo = (uint64_t)hash;
}

void sy_digest_u64(struct sy_digest *digest, uint64_t value)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    sy_digest_bytes(digest, bytes, sizeof bytes);
}

/* The length goes first, so that neighbours cannot lend each other letters; NULL has none. */
void sy_digest_str(struct sy_digest *digest, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);
    sy_digest_u64(digest, text == NULL ? UINT64_MAX : len);
    sy_digest_bytes(digest, text == NULL ? "" : text, len);
}

uint64_t sy_hash_name(const char *name, size_t len)
{
    uint64_t hash = BASIS_64;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * PRIME_64;
    return hash;
}
