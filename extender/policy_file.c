/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/policy_file.h"

#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define POLICY_MAX ((size_t)1 << 20)

struct sy_policy_file {
    char *path; /* NULL = built-in */
    int inotify;
    bool seen; /* `content` is that of the last look */
    struct sy_digest content;
};

/* The directory is watched, not the file: a file is replaced by a rename, and a mounted ConfigMap
 * by the rename of a link beside it. */
static enum sy_code watch(struct sy_policy_file *file, struct sy_err *err)
{
    const char *slash = strrchr(file->path, '/');
    sy_autofree char *folder = slash == NULL ? sy_strdup(".")
                               : slash == file->path
                                   ? sy_strdup("/")
                                   : sy_strndup(file->path, (size_t)(slash - file->path));
    if (folder == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the policy");
    file->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (file->inotify < 0 ||
        inotify_add_watch(file->inotify, folder,
                          IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE) < 0)
        return sy_fail(err, errno == ENOENT ? SY_ENOENT : SY_EIO, "%s: cannot watch: %s", folder,
                       strerror(errno));
    return SY_OK;
}

enum sy_code sy_policy_file_new(const char *path, struct sy_policy_file **ret, struct sy_err *err)
{
    struct sy_policy_file *file = sy_calloc(1, sizeof *file);
    if (file == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the policy");
    file->inotify = -1;
    enum sy_code code = SY_OK;
    if (path != NULL) {
        file->path = sy_strdup(path);
        code = file->path != NULL ? watch(file, err)
                                  : sy_fail(err, SY_ENOMEM, "out of memory for the policy");
    }
    if (code != SY_OK) {
        sy_policy_file_free(file);
        return code;
    }
    *ret = file;
    return SY_OK;
}

void sy_policy_file_free(struct sy_policy_file *file)
{
    if (file == NULL)
        return;
    if (file->inotify >= 0)
        (void)close(file->inotify);
    sy_free(file->path);
    sy_free(file);
}

int sy_policy_file_fd(const struct sy_policy_file *file)
{
    return file->inotify;
}

bool sy_policy_file_drain(struct sy_policy_file *file)
{
    _Alignas(struct inotify_event) char buffer[4096];
    bool any = false;
    while (file->inotify >= 0 && read(file->inotify, buffer, sizeof buffer) > 0)
        any = true;
    return any;
}

enum sy_code sy_policy_file_look(struct sy_policy_file *file, struct sy_policy **ret,
                                 struct sy_err *err)
{
    struct sy_err read_err = {0};
    sy_autofree char *data = NULL;
    size_t len = 0;
    *ret = NULL;
    if (file->path == NULL) {
        bool first = !file->seen;
        file->seen = true;
        return first ? sy_policy_load(NULL, ret, err) : SY_OK;
    }
    struct sy_digest content = sy_digest_begin();
    if (sy_file_read(file->path, POLICY_MAX, &data, &len, &read_err) == SY_OK)
        sy_digest_bytes(&content, data, len);
    else
        sy_digest_str(&content, read_err.text); /* unreadable is a content of its own kind */
    if (file->seen && sy_digest_equal(content, file->content))
        return SY_OK;
    enum sy_code code = read_err.code != SY_OK ? sy_fail(err, read_err.code, "%s", read_err.text)
                                               : sy_policy_parse(file->path, data, len, ret, err);
    if (code == SY_ENOMEM)
        return code; /* tried again at the next look */
    file->content = content;
    file->seen = true;
    return code;
}
