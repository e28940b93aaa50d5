/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/link_speed.h"

#include "topology/discover/rules.h"

#include <string.h>

uint32_t sy_link_mtps(const char *text)
{
    /* Tenths: the one speed with a fraction is 2.5. */
    uint32_t tenths = 0;
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 4)
        return 0;
    for (size_t i = 0; i < n; i++)
        tenths = tenths * 10 + (uint32_t)(text[i] - '0') * 10;
    if (text[n] == '.' && text[n + 1] >= '0' && text[n + 1] <= '9') {
        tenths += (uint32_t)(text[n + 1] - '0');
        n += 2;
    }
    return strncmp(text + n, " GT/s", 5) == 0 ? tenths * 100 : 0;
}

uint8_t sy_link_width(const char *text)
{
    uint64_t lanes = 0;
    return sy_rule_uint(text, 32, &lanes) ? (uint8_t)lanes : 0;
}
