/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The one piece of mutable state at file scope: per thread, idle but in tests and in a watch. */
static _Thread_local struct {
    bool injecting; /* sy_fault_set() was called */
    bool watching;
    bool injected_failure;
    bool watched_failure;
    long countdown; /* allocations still granted while injecting */
} faults;

static bool refuse(void)
{
    if (faults.watching && faults.watched_failure)
        return true;
    if (!faults.injecting)
        return false;
    if (faults.countdown > 0) {
        faults.countdown--;
        return false;
    }
    faults.injected_failure = true;
    return true;
}

static void *granted(void *ptr)
{
    if (ptr == NULL)
        faults.watched_failure = true;
    return ptr;
}

/* A size of 0 asks for 1 byte: so NULL always means failure, and realloc never frees. */
void *sy_malloc(size_t size)
{
    return granted(refuse() ? NULL : malloc(size > 0 ? size : 1));
}

void *sy_calloc(size_t count, size_t size)
{
    size_t total;
    if (!sy_mul_size(count, size, &total))
        return granted(NULL);
    return granted(refuse() ? NULL : calloc(1, total > 0 ? total : 1));
}

void *sy_realloc(void *ptr, size_t size)
{
    return granted(refuse() ? NULL : realloc(ptr, size > 0 ? size : 1));
}

char *sy_strdup(const char *text)
{
    return sy_strndup(text, strlen(text));
}

char *sy_strndup(const char *text, size_t len)
{
    size_t used = strnlen(text, len);
    char *copy = sy_malloc(used + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, used);
    copy[used] = '\0';
    return copy;
}

void sy_free(void *ptr)
{
    free(ptr);
}

void sy_freep(void *ptr_to_ptr)
{
    void *ptr;
    memcpy(&ptr, ptr_to_ptr, sizeof ptr); /* whatever its type, without breaking aliasing */
    sy_free(ptr);
}

void sy_mem_init(void)
{
    json_set_alloc_funcs(sy_malloc, sy_free);
}

void sy_fault_set(long countdown)
{
    faults.injecting = true;
    faults.injected_failure = false;
    faults.countdown = countdown;
}

bool sy_fault_clear(void)
{
    faults.injecting = false;
    return faults.injected_failure;
}

void sy_mem_watch_begin(void)
{
    faults.watching = true;
    faults.watched_failure = false;
}

bool sy_mem_watch_end(void)
{
    faults.watching = false;
    return faults.watched_failure;
}
