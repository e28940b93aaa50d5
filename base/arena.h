/* SPDX-License-Identifier: Apache-2.0 */
/* A bump allocator born with its maximum: everything that one request or one document needs, freed
 * at once. Not for sharing between threads. */
#ifndef SY_BASE_ARENA_H
#define SY_BASE_ARENA_H

#include "base/mem.h"

struct sy_arena; /* opaque: a chain of blocks */

/* A new arena that will never hand out more than `limit` bytes in all; NULL when out of memory. */
struct sy_arena *sy_arena_new(size_t limit) SY_NODISCARD;
/* The same for what stays for long and whose size is known about: the first block has room for
 * `first` bytes, no more. */
struct sy_arena *sy_arena_new_sized(size_t limit, size_t first) SY_NODISCARD;
void sy_arena_free(struct sy_arena *arena); /* takes NULL */
SY_DEFINE_AUTO(struct sy_arena, sy_arena, sy_arena_free)

/* Forget all allocations but keep the memory for the next use (poisoned under ASan). */
void sy_arena_reset(struct sy_arena *arena);

/* Zeroed memory, aligned for any type, valid until reset or free; NULL when out of memory, at the
 * limit, or when count * size overflows. A size of zero gives a valid, unique pointer. */
void *sy_arena_calloc(struct sy_arena *arena, size_t count, size_t size) SY_NODISCARD;
char *sy_arena_strndup(struct sy_arena *arena, const char *text, size_t len) SY_NODISCARD;
char *sy_arena_printf(struct sy_arena *arena, const char *fmt, ...) SY_NODISCARD
    __attribute__((format(printf, 2, 3)));
size_t sy_arena_used(const struct sy_arena *arena); /* bytes handed out, alignment included */

#endif
