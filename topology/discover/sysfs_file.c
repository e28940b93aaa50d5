/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/sysfs_file.h"

#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool sy_sysfs_bytes(int root, const char *path, char *buf, size_t size, size_t *ret_len)
{
    /* Not blocking: a fake root may hold a FIFO where a file should be. */
    int fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    size_t len = 0;
    ssize_t n = 1;
    while (n != 0 && len < size - 1) {
        n = read(fd, buf + len, size - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break; /* some attributes fail to be read, as EINVAL for a speed */
        len += (size_t)n;
    }
    (void)close(fd);
    buf[len] = '\0';
    *ret_len = len;
    return n >= 0;
}

/* Bytes of the printable character at `p`, 0 when there is none: one of several bytes is one when
 * it is quoted as it stands. */
static size_t printable_length(const char *p)
{
    if ((unsigned char)*p < 0x80)
        return *p >= ' ' && *p <= '~' ? 1 : 0;
    for (size_t n = 2; n <= 4 && strnlen(p, n) == n; n++) {
        char shown[4 * 4 + 1];
        if (strncmp(sy_quote(shown, sizeof shown, p, n), p, n) == 0)
            return n;
    }
    return 0;
}

void sy_sysfs_printable(char *text)
{
    while (*text != '\0') {
        size_t n = printable_length(text);
        if (n == 0)
            *text = *text == '\t' ? ' ' : '?';
        text += n > 0 ? n : 1;
    }
}

bool sy_sysfs_line(int root, const char *path, char *buf, size_t size)
{
    size_t len;
    if (!sy_sysfs_bytes(root, path, buf, size, &len))
        return false;
    buf[strcspn(buf, "\n")] = '\0';
    sy_sysfs_printable(buf); /* firmware writes anything into its names */
    for (len = strlen(buf); len > 0 && (buf[len - 1] == ' '); len--)
        buf[len - 1] = '\0';
    return true;
}

bool sy_sysfs_number(int root, const char *path, int64_t *ret)
{
    char text[64], *end;
    if (!sy_sysfs_line(root, path, text, sizeof text) || text[0] == '\0')
        return false;
    errno = 0;
    long long value = strtoll(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
    if (errno != 0 || *end != '\0')
        return false;
    *ret = value;
    return true;
}

bool sy_sysfs_link(int root, const char *path, char *buf, size_t size)
{
    ssize_t n = readlinkat(root, path, buf, size);
    if (n < 0 || (size_t)n >= size)
        return false;
    buf[n] = '\0';
    return true;
}

const char *sy_sysfs_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void sy_names_done(struct sy_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        sy_free(names->name[i]);
    sy_free(names->name);
    *names = (struct sy_names){0};
}

static int name_cmp(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static enum sy_code add_names(DIR *folder, const char *path, size_t max, struct sy_names *made,
                              struct sy_err *err)
{
    size_t size = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        if (made->n == max)
            return sy_fail(err, SY_ELIMIT, "%s: more than %zu entries", path, max);
        if (made->n == size) {
            size = size == 0 ? 64 : size * 2;
            char **grown = sy_realloc(made->name, size * sizeof *grown);
            if (grown == NULL)
                return sy_fail(err, SY_ENOMEM, "out of memory");
            made->name = grown;
        }
        made->name[made->n] = sy_strdup(entry->d_name);
        if (made->name[made->n] == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        made->n++;
    }
    return SY_OK;
}

enum sy_code sy_sysfs_list(int root, const char *path, size_t max, struct sy_names *ret,
                           struct sy_err *err)
{
    *ret = (struct sy_names){0};
    int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return SY_OK;
    }
    enum sy_code code = add_names(folder, path, max, ret, err);
    (void)closedir(folder);
    if (code != SY_OK)
        sy_names_done(ret);
    else if (ret->n > 0)
        qsort(ret->name, ret->n, sizeof *ret->name, name_cmp);
    return code;
}
