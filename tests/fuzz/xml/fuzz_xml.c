/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes to the check of topology XML: it reads NCCL's files to the end, and is what stands
 * between a file and hwloc. */
#include "topology/discover/discover.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_err err = {.code = SY_OK};
    enum sy_code code = sy_discover_validate("file.xml", (const char *)data, size, &err);
    /* An error has a text that names the file, a success has none. */
    bool named = strncmp(err.text, "file.xml", strlen("file.xml")) == 0;
    if (code != err.code || named != (code != SY_OK))
        abort();
    return 0;
}
