/* SPDX-License-Identifier: Apache-2.0 */
/* Heap allocation that tests can make fail, checked size arithmetic, and cleanup attributes.
 * All of Switchyard (jansson included, see sy_mem_init) allocates through these. */
#ifndef SY_BASE_MEM_H
#define SY_BASE_MEM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Like their libc namesakes; NULL on failure. sy_free takes NULL. sy_calloc checks overflow. */
void *sy_malloc(size_t size) SY_NODISCARD __attribute__((malloc));
void *sy_calloc(size_t count, size_t size) SY_NODISCARD __attribute__((malloc));
void *sy_realloc(void *ptr, size_t size) SY_NODISCARD;
char *sy_strdup(const char *text) SY_NODISCARD;
char *sy_strndup(const char *text, size_t len) SY_NODISCARD;
void sy_free(void *ptr);

/* Make jansson allocate through sy_malloc/sy_free. Call once at the start of every program. */
void sy_mem_init(void);

/* Tests only: let `countdown` allocations of the calling thread succeed, then fail every one until
 * sy_fault_clear(). sy_fault_clear() tells whether one failed. */
void sy_fault_set(long countdown);
bool sy_fault_clear(void);

/* Watch the calling thread's allocations through a library that does not report each failed one
 * (jansson drops a byte of a string and goes on): from the first failure on all of them fail, until
 * sy_mem_watch_end() tells whether one did. Does not nest. */
void sy_mem_watch_begin(void);
bool sy_mem_watch_end(void);

/* *ret = a * b (a + b); false, and *ret untouched, on overflow. */
static inline bool sy_mul_size(size_t a, size_t b, size_t *ret)
{
    return !__builtin_mul_overflow(a, b, ret);
}
static inline bool sy_add_size(size_t a, size_t b, size_t *ret)
{
    return !__builtin_add_overflow(a, b, ret);
}

void sy_freep(void *ptr_to_ptr); /* for sy_autofree: frees *(void **)ptr_to_ptr */
#define sy_autofree __attribute__((cleanup(sy_freep)))
/* Define SY_AUTO_<type> beside a destructor: SY_DEFINE_AUTO(struct sy_x, sy_x_free) */
#define SY_DEFINE_AUTO(type, name, destroy)                                                        \
    static inline void name##_cleanup(type **p)                                                    \
    {                                                                                              \
        destroy(*p);                                                                               \
    }
#define SY_AUTO(name) __attribute__((cleanup(name##_cleanup)))
/* Move a pointer out of a variable with a cleanup attribute. */
#define SY_TAKE(ptr)                                                                               \
    __extension__({                                                                                \
        __auto_type sy_taken_ = (ptr);                                                             \
        (ptr) = NULL;                                                                              \
        sy_taken_;                                                                                 \
    })

#endif
