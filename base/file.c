/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static enum sy_code too_long(const char *path, size_t max_bytes, struct sy_err *err)
{
    return sy_fail(err, SY_ELIMIT, "%s: longer than %zu bytes", path, max_bytes);
}

/* Read to the end of the file; files of sysfs and growing ones have another length than told. */
static enum sy_code read_all(int fd, const char *path, size_t expected, size_t max_bytes,
                             char **ret_data, size_t *ret_len, struct sy_err *err)
{
    size_t size =
        expected < max_bytes ? expected + 2 : max_bytes + 2; /* one to see more, one NUL */
    size_t len = 0;
    sy_autofree char *data = sy_malloc(size);
    if (data == NULL)
        return sy_fail(err, SY_ENOMEM, "%s: out of memory", path);
    for (;;) {
        ssize_t n = read(fd, data + len, size - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sy_fail(err, SY_EIO, "%s: cannot read: %m", path);
        if (n == 0)
            break;
        len += (size_t)n;
        if (len > max_bytes)
            return too_long(path, max_bytes, err);
        if (len < size - 1)
            continue;
        size_t wider = size - 2 < max_bytes / 2 ? 2 * size : max_bytes + 2;
        char *moved = sy_realloc(data, wider);
        if (moved == NULL)
            return sy_fail(err, SY_ENOMEM, "%s: out of memory", path);
        data = moved;
        size = wider;
    }
    data[len] = '\0';
    *ret_data = SY_TAKE(data);
    *ret_len = len;
    return SY_OK;
}

enum sy_code sy_file_read_fd(int fd, const char *name, size_t max_bytes, char **ret_data,
                             size_t *ret_len, struct sy_err *err)
{
    return read_all(fd, name, 0, max_bytes > SIZE_MAX / 4 ? SIZE_MAX / 4 : max_bytes, ret_data,
                    ret_len, err);
}

enum sy_code sy_file_read(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len,
                          struct sy_err *err)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    int fd __attribute__((cleanup(close_fd))) =
        open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return sy_fail(err, SY_ENOENT, "%s: not found", path);
    if (fd < 0)
        return sy_fail(err, SY_EIO, "%s: cannot open: %m", path);
    struct stat info;
    if (fstat(fd, &info) != 0)
        return sy_fail(err, SY_EIO, "%s: cannot read: %m", path);
    if (!S_ISREG(info.st_mode))
        return sy_fail(err, SY_EINVAL, "%s: not a regular file", path);
    if (max_bytes > SIZE_MAX / 4)
        max_bytes = SIZE_MAX / 4;
    if (info.st_size > 0 && (uintmax_t)info.st_size > max_bytes)
        return too_long(path, max_bytes, err);
    return read_all(fd, path, (size_t)info.st_size, max_bytes, ret_data, ret_len, err);
}
