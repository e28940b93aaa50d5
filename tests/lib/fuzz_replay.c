/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for libFuzzer: gives every file of the named folders (or the named files) to the fuzz
 * target once. Prints one summary line; a crash or a sanitizer's report is the failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static int replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    /* An exact-size block, so that a read past the end is seen. */
    uint8_t *data = malloc(size > 0 ? size : 1);
    int ret = -1;
    if (file != NULL && data != NULL && fread(data, 1, size, file) == size) {
        (void)LLVMFuzzerTestOneInput(data, size);
        ret = 1;
    } else {
        perror(path);
    }
    free(data);
    if (file != NULL)
        (void)fclose(file);
    return ret;
}

/* Number of inputs replayed, or -1. */
static int replay(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        perror(path);
        return -1;
    }
    if (!S_ISDIR(info.st_mode))
        return replay_file(path, (size_t)info.st_size);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        perror(path);
        return -1;
    }
    int total = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        char below[4096];
        int len = snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        int n = len < (int)sizeof below ? replay(below) : -1;
        if (n < 0) {
            total = -1;
            break;
        }
        total += n;
    }
    (void)closedir(folder);
    return total;
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize != NULL)
        (void)LLVMFuzzerInitialize(&argc, &argv);
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int n = replay(argv[i]);
        if (n < 0)
            return 1;
        total += n;
    }
    printf("replayed %d inputs\n", total);
    return total > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
