/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/names.h"

#include <stddef.h>
#include <string.h>

unsigned sy_name_rank(const char *name)
{
    /* Vendor's own names first, generic graphics and network names last. */
    static const struct {
        const char *prefix;
        unsigned rank;
    } known[] = {
        {"npu", 0},    {"davinci", 0}, {"nvml", 1},    {"rsmi", 1},     {"fpga", 1},
        {"hl", 2},     {"ve", 2},      {"cuda", 2},    {"ze", 3},       {"mlx", 3},
        {"hfi", 3},    {"qib", 3},     {"bxi", 3},     {"efa", 3},      {"irdma", 3},
        {"opencl", 5}, {"card", 6},    {"renderD", 7}, {"controlD", 8}, {"dma", 9},
    };
    if (name == NULL || *name == '\0')
        return SY_NAME_RANK_NONE;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t n = strlen(known[i].prefix);
        if (strncmp(known[i].prefix, name, n) == 0 &&
            (name[n] == '_' || (name[n] >= '0' && name[n] <= '9')))
            return known[i].rank;
    }
    return 4; /* ib0, eth0, nvme0n1 and what is not known here: better than a graphics node */
}
