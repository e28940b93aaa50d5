/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SY_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SY_ASAN 1
#endif
#endif
#ifndef SY_ASAN
#define SY_ASAN 0
#endif

#if SY_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(ptr, len) __asan_poison_memory_region((ptr), (len))
#define UNPOISON(ptr, len) __asan_unpoison_memory_region((ptr), (len))
#define RED_ZONE ((size_t)ALIGN) /* between neighbours, so that an overrun is seen */
#else
#define POISON(ptr, len) ((void)(ptr), (void)(len))
#define UNPOISON(ptr, len) ((void)(ptr), (void)(len))
#define RED_ZONE ((size_t)0)
#endif

#define ALIGN _Alignof(max_align_t)
#define FIRST_BLOCK ((size_t)1024)
#define LARGEST_STEP ((size_t)1 << 20) /* blocks double up to here */

struct block {
    struct block *next;
    size_t size; /* bytes of data */
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

struct sy_arena {
    struct block *first;
    struct block *current;
    size_t first_size;
    size_t limit;
    size_t used; /* handed out since the last reset, alignment included */
};

struct sy_arena *sy_arena_new_sized(size_t limit, size_t first)
{
    struct sy_arena *arena = sy_calloc(1, sizeof *arena);
    if (arena == NULL)
        return NULL;
    arena->limit = limit;
    arena->first_size = first;
    return arena;
}

struct sy_arena *sy_arena_new(size_t limit)
{
    return sy_arena_new_sized(limit, FIRST_BLOCK);
}

void sy_arena_free(struct sy_arena *arena)
{
    if (arena == NULL)
        return;
    for (struct block *b = arena->first, *next; b != NULL; b = next) {
        next = b->next;
        UNPOISON(b->data, b->size);
        sy_free(b);
    }
    sy_free(arena);
}

void sy_arena_reset(struct sy_arena *arena)
{
    for (struct block *b = arena->first; b != NULL; b = b->next) {
        b->used = 0;
        POISON(b->data, b->size);
    }
    arena->current = arena->first;
    arena->used = 0;
}

/* Bytes to take from a block for `size` bytes; false on overflow. */
static bool round_up(size_t size, size_t *ret)
{
    size_t padded;
    if (!sy_add_size(size > 0 ? size : 1, ALIGN - 1, &padded))
        return false;
    *ret = padded & ~(size_t)(ALIGN - 1);
    return true;
}

/* Append a block of at least `need` bytes, twice as large as the last one; NULL when out of memory.
 */
static struct block *add_block(struct sy_arena *arena, struct block *last, size_t need)
{
    size_t size = last == NULL ? arena->first_size : last->size * 2;
    if (size > LARGEST_STEP)
        size = LARGEST_STEP;
    if (size < need)
        size = need;
    size_t total;
    if (!sy_add_size(sizeof(struct block), size, &total))
        return NULL;
    struct block *b = sy_malloc(total);
    if (b == NULL)
        return NULL;
    *b = (struct block){.size = size};
    POISON(b->data, size);
    if (last == NULL)
        arena->first = b;
    else
        last->next = b;
    return b;
}

/* The current block or one after it (kept by a reset) with room for `need`, or a new one. */
static struct block *block_with(struct sy_arena *arena, size_t need)
{
    struct block *last = NULL;
    for (struct block *b = arena->current; b != NULL; b = b->next) {
        if (b->size - b->used >= need)
            return b;
        last = b;
    }
    return add_block(arena, last, need);
}

void *sy_arena_calloc(struct sy_arena *arena, size_t count, size_t size)
{
    size_t bytes, step, need;
    if (!sy_mul_size(count, size, &bytes) || !round_up(bytes, &step) ||
        !sy_add_size(step, RED_ZONE, &need) || step > arena->limit - arena->used)
        return NULL;
    struct block *b = block_with(arena, need);
    if (b == NULL)
        return NULL;
    unsigned char *ptr = b->data + b->used;
    b->used += need;
    arena->current = b;
    arena->used += step;
    UNPOISON(ptr, bytes);
    memset(ptr, 0, bytes);
    return ptr;
}

char *sy_arena_strndup(struct sy_arena *arena, const char *text, size_t len)
{
    size_t used = strnlen(text, len);
    char *copy = sy_arena_calloc(arena, used + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, used);
    return copy;
}

char *sy_arena_printf(struct sy_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        return NULL;
    char *text = sy_arena_calloc(arena, (size_t)len + 1, 1);
    if (text == NULL)
        return NULL;
    va_start(args, fmt);
    (void)vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return text;
}

size_t sy_arena_used(const struct sy_arena *arena)
{
    return arena->used;
}
