/* SPDX-License-Identifier: Apache-2.0 */
/* What the import child does. */
#include "base/json.h"
#include "base/str.h"
#include "topology/discover/child.h"
#include "topology/discover/hwloc_import.h"
#include "topology/node_json.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Arena for one inventory: 4096 objects with their texts take under 2 MiB. */
#define ARENA_MAX (32u * 1024u * 1024u)

static bool limit(int what, rlim_t value)
{
    struct rlimit both = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(what, &both) == 0;
}

static bool confine(const char *memory, const char *seconds)
{
    /* The sanitizers' shadow memory is address space too: there the limit cannot be had. */
    if (!SANITIZED && !limit(RLIMIT_AS, strtoul(memory, NULL, 10)))
        return false;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    return limit(RLIMIT_CPU, strtoul(seconds, NULL, 10)) && limit(RLIMIT_CORE, 0) &&
           limit(RLIMIT_NOFILE, 32);
}

/* All of standard input; one byte more than SY_XML_MAX is an error. */
static enum sy_code read_input(char **ret, size_t *ret_len, struct sy_err *err)
{
    sy_autofree char *data = sy_malloc(SY_XML_MAX + 1);
    size_t len = 0;
    if (data == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (;;) {
        ssize_t n = read(STDIN_FILENO, data + len, SY_XML_MAX + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || len + (size_t)n > SY_XML_MAX)
            return sy_fail(err, SY_EIO, "the import child cannot read its input");
        len += (size_t)n;
        if (n == 0)
            break;
    }
    *ret = SY_TAKE(data);
    *ret_len = len;
    return SY_OK;
}

static bool write_output(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, data, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static enum sy_code render(const struct sy_inventory *inv, char **ret_text, size_t *ret_len,
                           struct sy_err *err)
{
    json_t *spec = NULL;
    enum sy_code code = sy_inventory_to_json(inv, &spec, err);
    if (code != SY_OK)
        return code;
    sy_autojson json_t *doc = json_pack("{s:s, s:s, s:o}", "apiVersion", "switchyard.dev/v1alpha1",
                                        "kind", "NodeFabric", "spec", spec);
    if (doc == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_json_dump(doc, false, ret_text, ret_len, err);
}

static enum sy_code import(struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    sy_autofree char *data = NULL, *text = NULL;
    size_t len = 0, text_len = 0;
    struct sy_inventory inv;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = read_input(&data, &len, err);
    if (code == SY_OK)
        code = sy_hwloc_import(data, len, arena, &inv, err);
    if (code == SY_OK)
        code = render(&inv, &text, &text_len, err);
    if (code == SY_OK && !write_output(text, text_len))
        return sy_fail(err, SY_EIO, "the import child cannot answer");
    return code;
}

int sy_discover_child_main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], SY_IMPORT_CHILD_ARG) != 0)
        return -1;
    struct sy_err err = {.code = SY_OK};
    sy_mem_init();
    enum sy_code code = argc == 4 && confine(argv[2], argv[3])
                            ? import(&err)
                            : sy_fail(&err, SY_EIO, "the import child cannot limit itself");
    if (code == SY_OK)
        return 0;
    (void)write_output(err.text, strlen(err.text));
    return SY_CHILD_FAILED + (int)code;
}
