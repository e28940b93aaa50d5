/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/rules.h"

#include <string.h>

#define V1 1u
#define V2 2u

enum sy_kind sy_rule_type(const char *name, unsigned version, bool *may_be_empty)
{
    static const struct {
        const char *name;
        uint8_t kind;
        uint8_t versions;
        bool may_be_empty;
    } types[] = {
        {"Machine", SY_KIND_MACHINE, V1 | V2, false}, {"System", SY_KIND_MACHINE, V1, false},
        {"Package", SY_KIND_NORMAL, V1 | V2, false},  {"Socket", SY_KIND_NORMAL, V1, false},
        {"Die", SY_KIND_NORMAL, V2, false},           {"Core", SY_KIND_NORMAL, V1 | V2, false},
        {"Group", SY_KIND_NORMAL, V1 | V2, true},     {"Tile", SY_KIND_NORMAL, V2, false},
        {"Module", SY_KIND_NORMAL, V2, false},        {"Cache", SY_KIND_NORMAL, V1, false},
        {"L1Cache", SY_KIND_NORMAL, V2, false},       {"L2Cache", SY_KIND_NORMAL, V2, false},
        {"L3Cache", SY_KIND_NORMAL, V2, false},       {"L4Cache", SY_KIND_NORMAL, V2, false},
        {"L5Cache", SY_KIND_NORMAL, V2, false},       {"L1iCache", SY_KIND_NORMAL, V2, false},
        {"L2iCache", SY_KIND_NORMAL, V2, false},      {"L3iCache", SY_KIND_NORMAL, V2, false},
        {"PU", SY_KIND_PU, V1 | V2, false},           {"NUMANode", SY_KIND_NUMA, V1 | V2, true},
        {"MemCache", SY_KIND_MEMCACHE, V2, true},     {"Bridge", SY_KIND_BRIDGE, V1 | V2, false},
        {"PCIDev", SY_KIND_PCIDEV, V1 | V2, false},   {"OSDev", SY_KIND_OSDEV, V1 | V2, false},
        {"Misc", SY_KIND_MISC, V1 | V2, false},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0 && (types[i].versions & version) != 0) {
            *may_be_empty = types[i].may_be_empty;
            return types[i].kind;
        }
    }
    return SY_KIND_NONE;
}

bool sy_rule_nesting(unsigned version, enum sy_kind parent, enum sy_kind child)
{
    if (child == SY_KIND_MACHINE || child == SY_KIND_NONE)
        return false;
    if (child == SY_KIND_MISC)
        return true;
    switch (parent) {
    case SY_KIND_MACHINE:
    case SY_KIND_NORMAL:
        return true;
    case SY_KIND_NUMA: /* in 1.x a level like any other, in 2.x a leaf */
        return version == 1 && child != SY_KIND_MEMCACHE;
    case SY_KIND_MEMCACHE:
        return child == SY_KIND_NUMA || child == SY_KIND_MEMCACHE;
    case SY_KIND_BRIDGE:
        return child == SY_KIND_BRIDGE || child == SY_KIND_PCIDEV || child == SY_KIND_OSDEV;
    case SY_KIND_PCIDEV:
    case SY_KIND_OSDEV:
        return child == SY_KIND_OSDEV;
    case SY_KIND_NONE:
    case SY_KIND_PU:
    case SY_KIND_MISC:
        break;
    }
    return false;
}

/* Up to `max` hexadecimal digits from *p; false when there is none. */
static bool hex(const char **p, size_t max, uint32_t *ret)
{
    uint32_t value = 0;
    size_t n = 0;
    for (; n < max; n++) {
        char c = (*p)[n];
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            break;
    }
    *p += n;
    *ret = value;
    return n > 0;
}

static bool literal(const char **p, const char *text)
{
    size_t n = strlen(text);
    if (strncmp(*p, text, n) != 0)
        return false;
    *p += n;
    return true;
}

bool sy_rule_set(const char *text, struct sy_rule_set *ret)
{
    size_t words = 1;
    for (const char *p = text; *p != '\0'; p++)
        words += *p == ',';
    if (words > SY_SET_WORDS || *text == '\0')
        return false;
    memset(ret, 0, sizeof *ret);
    ret->empty = true;
    const char *p = text;
    for (size_t i = words; i-- > 0;) {
        /* hwloc writes nothing at all for a zero word between others */
        bool given = literal(&p, "0x");
        if (given && !hex(&p, 8, &ret->word[i]))
            return false;
        if (ret->word[i] != 0)
            ret->empty = false;
        if (!literal(&p, i > 0 ? "," : ""))
            return false;
        if (i == 0 && !given)
            return false;
    }
    return *p == '\0';
}

bool sy_rule_set_only(const struct sy_rule_set *set, uint64_t bit)
{
    for (uint64_t i = 0; i < SY_SET_WORDS; i++) {
        uint32_t want = bit / 32 == i ? UINT32_C(1) << (bit % 32) : 0;
        if (set->word[i] != want)
            return false;
    }
    return true;
}

bool sy_rule_uint(const char *text, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    size_t n = 0;
    for (; text[n] >= '0' && text[n] <= '9'; n++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[n] - '0'), &value))
            return false;
    if (n == 0 || text[n] != '\0' || value > max)
        return false;
    *ret = value;
    return true;
}

bool sy_rule_decimal(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    size_t len = whole + (text[whole] == '.' ? 1 + fraction : 0);
    return whole > 0 && whole <= 12 && fraction <= 12 && text[len] == '\0';
}

bool sy_rule_busid(const char *text, struct sy_pci_addr *ret)
{
    uint32_t domain, bus, dev, func;
    const char *p = text;
    if (!hex(&p, 8, &domain) || !literal(&p, ":") || !hex(&p, 2, &bus) || !literal(&p, ":") ||
        !hex(&p, 2, &dev) || !literal(&p, ".") || !hex(&p, 1, &func) || *p != '\0')
        return false;
    if (dev > 31 || func > 7)
        return false;
    *ret = (struct sy_pci_addr){
        .domain = domain, .bus = (uint8_t)bus, .dev = (uint8_t)dev, .func = (uint8_t)func};
    return true;
}

bool sy_rule_pci_type(const char *text)
{
    uint32_t x;
    const char *p = text;
    return hex(&p, 4, &x) && literal(&p, " [") && hex(&p, 4, &x) && literal(&p, ":") &&
           hex(&p, 4, &x) && literal(&p, "] [") && hex(&p, 4, &x) && literal(&p, ":") &&
           hex(&p, 4, &x) && literal(&p, "] ") && hex(&p, 2, &x) &&
           (*p == '\0' || (literal(&p, " ") && hex(&p, 2, &x) && *p == '\0'));
}

bool sy_rule_bridge_pci(const char *text, uint32_t *ret_domain, unsigned *ret_first,
                        unsigned *ret_last)
{
    uint32_t first, last;
    const char *p = text;
    if (!hex(&p, 8, ret_domain) || !literal(&p, ":[") || !hex(&p, 2, &first) || !literal(&p, "-") ||
        !hex(&p, 2, &last) || !literal(&p, "]") || *p != '\0')
        return false;
    *ret_first = first;
    *ret_last = last;
    return first <= last;
}
