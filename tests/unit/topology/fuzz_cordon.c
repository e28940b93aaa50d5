/* SPDX-License-Identifier: Apache-2.0 */
/* An annotation from outside: devices within the limits, each once, with printable reasons. */
#include "base/json.h"
#include "topology/cordon.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_err err = {0};
    struct sy_cordon *cordon = NULL;
    const char *wrong = NULL;
    size_t n = 0;
    char *text = sy_strndup((const char *)data, size);
    struct sy_arena *arena = sy_arena_new((size_t)16 << 20);
    require(text != NULL && arena != NULL);
    require(sy_cordon_parse(text, arena, &cordon, &n, &wrong, &err) == SY_OK);
    require(n <= SY_CORDON_MAX);
    for (size_t i = 0; i < n; i++) {
        json_t *reason = json_string(cordon[i].reason); /* NULL when it is no UTF-8 */
        require(reason != NULL && strlen(cordon[i].reason) <= 4 * SY_CORDON_REASON_MAX);
        json_decref(reason);
        for (size_t k = 0; k < i; k++)
            require(sy_pci_addr_cmp(cordon[i].addr, cordon[k].addr) != 0);
    }
    require(wrong == NULL || wrong[0] != '\0');
    sy_arena_free(arena);
    sy_free(text);
    return 0;
}
