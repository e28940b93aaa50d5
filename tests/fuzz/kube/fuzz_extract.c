/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of an API server: the first decides the pieces in which the others come. */
#include "tests/fuzz/kube/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sy_mem_init();
    if (size > 0)
        (void)compare((const char *)data + 1, size - 1, data[0]);
    return 0;
}
