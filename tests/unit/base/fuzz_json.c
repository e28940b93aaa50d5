/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a JSON document; what parses must be written and parse again to an equal value. */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sy_json_limits limits = {
        .max_bytes = (size_t)1 << 16, .max_depth = 32, .reject_duplicates = size % 2 == 0};
    const struct sy_json_limits wide = {.max_bytes = (size_t)1 << 24, .max_depth = 32};
    sy_autojson json_t *root = NULL, *again = NULL;
    struct sy_err err = {0};
    enum sy_code code = sy_json_parse((const char *)data, size, &limits, &root, &err);
    if (code != err.code || (code != SY_OK && err.text[0] == '\0'))
        abort();
    if (code != SY_OK)
        return 0;
    sy_autofree char *text = NULL;
    size_t len;
    if (sy_json_dump(root, size % 3 == 0, &text, &len, &err) != SY_OK ||
        sy_json_parse(text, len, &wide, &again, &err) != SY_OK || !json_equal(root, again))
        abort();
    return 0;
}
