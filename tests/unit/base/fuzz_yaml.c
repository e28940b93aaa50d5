/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an operator's file; every scalar is read as every type. */
#include "base/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct sy_yaml *node)
{
    static const char *const known[] = {"a", NULL};
    const char *text;
    int64_t integer;
    double real;
    bool boolean;
    (void)!sy_yaml_str("f", node, 16, &text, &(struct sy_err){0});
    (void)!sy_yaml_int("f", node, -7, 1000, &integer, &(struct sy_err){0});
    (void)!sy_yaml_real("f", node, 0, 1e9, &real, &(struct sy_err){0});
    (void)!sy_yaml_bool("f", node, &boolean, &(struct sy_err){0});
    (void)!sy_yaml_only("f", node, known, &(struct sy_err){0});
    for (size_t i = 0; i < node->count; i++)
        read_all(node->item[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 24);
    struct sy_yaml *root;
    struct sy_err err = {0};
    enum sy_code code =
        sy_yaml_parse(arena, "f", (const char *)data, size, (size_t)1 << 16, &root, &err);
    if (code != err.code || (code != SY_OK && err.text[0] == '\0'))
        abort();
    if (code == SY_OK)
        read_all(root);
    return 0;
}
