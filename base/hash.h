/* SPDX-License-Identifier: Apache-2.0 */
/* A 128-bit content digest for memoising (FNV-1a, 128 bits: offset basis and prime from the FNV
 * specification). Not for secrets: entries that must not collide are compared as well. */
#ifndef SY_BASE_HASH_H
#define SY_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sy_digest {
    uint64_t hi, lo;
};

struct sy_digest sy_digest_begin(void);
void sy_digest_bytes(struct sy_digest *digest, const void *data, size_t len);
void sy_digest_u64(struct sy_digest *digest, uint64_t value);   /* little-endian bytes, any host */
void sy_digest_str(struct sy_digest *digest, const char *text); /* NULL differs from "" */
static inline bool sy_digest_equal(struct sy_digest a, struct sy_digest b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

/* 64-bit FNV-1a of a name, for hash tables. */
uint64_t sy_hash_name(const char *name, size_t len);

#endif
