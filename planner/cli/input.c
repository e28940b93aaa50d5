/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "planner/cli/cli.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(const int *fd)
{
    if (*fd > STDIN_FILENO)
        (void)close(*fd);
}

enum sy_code sy_input_read(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len,
                           struct sy_err *err)
{
    if (strcmp(path, "-") == 0)
        return sy_file_read_fd(STDIN_FILENO, "standard input", max_bytes, ret_data, ret_len, err);
    int fd __attribute__((cleanup(close_fd))) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat info;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return sy_fail(err, SY_ENOENT, "%s: not found", path);
    if (fd < 0 || fstat(fd, &info) != 0)
        return sy_fail(err, SY_EIO, "%s: cannot open: %m", path);
    if (S_ISREG(info.st_mode))
        return sy_file_read(path, max_bytes, ret_data, ret_len, err);
    if (!S_ISFIFO(info.st_mode))
        return sy_fail(err, SY_EINVAL, "%s: neither a file nor a pipe", path);
    return sy_file_read_fd(fd, path, max_bytes, ret_data, ret_len, err);
}
