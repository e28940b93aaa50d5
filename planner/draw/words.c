/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CLEAN_MAX 2048u /* bytes of a name or reason with its control characters spelt out */
#define SPELT 4u        /* times as long as a hidden character may be its "<U+NNNN>" */

static const char *keep(struct sy_words *words, char *text)
{
    words->failed = text == NULL;
    return text != NULL ? text : "";
}

const char *sy_words(struct sy_words *words, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    size_t size = len < 0 ? 1 : (size_t)len + 1;
    char *text = words->failed ? NULL : sy_arena_calloc(words->arena, size, 1);
    if (text != NULL)
        (void)vsnprintf(text, size, fmt, again);
    va_end(again);
    va_end(args);
    return keep(words, text);
}

/* The character at `p`, of valid UTF-8; *ret_len its bytes. */
static uint32_t decode(const unsigned char *p, size_t *ret_len)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
    *ret_len = n;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3Fu);
    return c;
}

struct range {
    uint32_t first, last;
};

static bool within(const struct range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}
#define WITHIN(ranges, c) within((ranges), sizeof(ranges) / sizeof *(ranges), (c))

/* Characters that take no place yet change what is seen: joiners, marks of direction, line and
 * paragraph separators, the byte order mark, tags (Unicode, categories Zl, Zp and Cf). */
static const struct range hidden[] = {
    {0xAD, 0xAD},     {0x61C, 0x61C},   {0x180E, 0x180E}, {0x200B, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
};
/* Characters twice as wide as others (Unicode, East Asian Width W and F: the large blocks). */
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};
static const struct range combining[] = {
    {0x300, 0x36F},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},   {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF},
};

/* sy_quote leaves valid UTF-8 without control characters; here quotes stay what they are. */
static void quote(char *safe, size_t size, const char *text)
{
    size_t used = 0;
    safe[0] = '\0';
    while (*text != '\0' && used + 2 < size) {
        size_t n = strcspn(text, "'\"");
        (void)sy_quote(safe + used, size - used - 1, text, n);
        used += strlen(safe + used);
        text += n;
        if (*text != '\0')
            safe[used++] = *text++;
        safe[used] = '\0';
    }
}

const char *sy_words_clean(struct sy_words *words, const char *text)
{
    char safe[CLEAN_MAX], shown[SPELT * CLEAN_MAX];
    size_t used = 0;
    if (text == NULL)
        return "";
    quote(safe, sizeof safe, text);
    for (const char *p = safe; *p != '\0';) {
        size_t n;
        uint32_t c = decode((const unsigned char *)p, &n);
        if (WITHIN(hidden, c)) {
            used += (size_t)snprintf(shown + used, sizeof shown - used, "<U+%04" PRIX32 ">", c);
        } else {
            memcpy(shown + used, p, n);
            used += n;
        }
        p += n;
    }
    while (used > 0 && shown[used - 1] == ' ')
        used--;
    return keep(words, words->failed ? NULL : sy_arena_strndup(words->arena, shown, used));
}

static size_t columns_of(uint32_t c)
{
    if (WITHIN(combining, c))
        return 0;
    return WITHIN(wide, c) ? 2 : 1;
}

size_t sy_columns_cut(const char *text, size_t columns)
{
    const char *p = text;
    while (*p != '\0') {
        size_t n, width = columns_of(decode((const unsigned char *)p, &n));
        if (width > columns)
            break;
        columns -= width;
        p += n;
    }
    return (size_t)(p - text);
}

size_t sy_columns(const char *text)
{
    size_t columns = 0, n;
    for (; *text != '\0'; text += n)
        columns += columns_of(decode((const unsigned char *)text, &n));
    return columns;
}

const char *sy_words_gbps(uint32_t mbps, char buf[16])
{
    uint32_t tenths = (mbps + 50) / 100, hundredths = (mbps + 5) / 10;
    if (mbps == 0)
        (void)snprintf(buf, 16, "?");
    else if (mbps < 995)
        (void)snprintf(buf, 16, "0.%02" PRIu32, hundredths);
    else if (mbps < 99950 && tenths % 10 != 0)
        (void)snprintf(buf, 16, "%" PRIu32 ".%" PRIu32, tenths / 10, tenths % 10);
    else
        (void)snprintf(buf, 16, "%" PRIu32, (mbps + 500) / 1000);
    return buf;
}

const char *sy_words_mib(struct sy_words *words, uint64_t mib)
{
    uint64_t tenths = (mib * 10 + 512) / 1024;
    if (mib < 1024)
        return sy_words(words, "%" PRIu64 " MiB", mib);
    if (tenths % 10 == 0 || tenths >= 10000)
        return sy_words(words, "%" PRIu64 " GiB", (mib + 512) / 1024);
    return sy_words(words, "%" PRIu64 ".%" PRIu64 " GiB", tenths / 10, tenths % 10);
}

const char *sy_words_watts(struct sy_words *words, int64_t mw)
{
    int64_t tenths = (mw + 50) / 100;
    if (mw >= 10000 || tenths % 10 == 0)
        return sy_words(words, "%" PRId64, (mw + 500) / 1000);
    return sy_words(words, "%" PRId64 ".%" PRId64, tenths / 10, tenths % 10);
}

/* PCI Express generation of a rate per lane; 0: of none. */
static unsigned generation(uint32_t mbps, unsigned width)
{
    static const uint32_t mtps[] = {2500, 5000, 8000, 16000, 32000, 64000};
    for (unsigned i = 0; width != 0 && i < sizeof mtps / sizeof *mtps; i++) {
        uint64_t expected = (uint64_t)sy_pci_link_mbps(mtps[i], width) * 100;
        uint64_t got = (uint64_t)mbps * 100;
        if (got * 100 >= expected * 99 && got * 100 <= expected * 101)
            return i + 1;
    }
    return 0;
}

const char *sy_words_link(struct sy_words *words, const struct sy_link_state *link)
{
    char rate[16], best[16], lanes[24] = "";
    unsigned gen = generation(link->usable_mbps, link->width);
    if (link->usable_mbps == 0)
        return "";
    if (gen != 0 && !link->assumed)
        (void)snprintf(lanes, sizeof lanes, " Gen%u x%u", gen, link->width);
    (void)sy_words_gbps(link->usable_mbps, rate);
    if (sy_link_is_below(link))
        return sy_words(words, "%s of %s%s", rate, sy_words_gbps(link->best_mbps, best), lanes);
    return sy_words(words, "%s%s%s", link->assumed ? "~" : "", rate, lanes);
}

const char *sy_words_addr(struct sy_words *words, struct sy_pci_addr addr, unsigned index)
{
    char text[SY_PCI_ADDR_TEXT];
    (void)sy_pci_addr_format(addr, text);
    return index == 0 ? sy_words(words, "%s", text) : sy_words(words, "%s/%u", text, index);
}

const char *sy_words_class(uint16_t class_id)
{
    /* PCI Code and ID Assignment Specification, base classes and the subclasses seen in servers. */
    static const struct {
        uint16_t first, last;
        const char *name;
    } classes[] = {
        {0x0108, 0x0108, "NVMe disk"},
        {0x0100, 0x01FF, "storage controller"},
        {0x0200, 0x0200, "Ethernet adapter"},
        {0x0207, 0x0207, "InfiniBand adapter"},
        {0x0200, 0x02FF, "network adapter"},
        {0x0300, 0x0300, "VGA adapter"},
        {0x0302, 0x0302, "display controller"},
        {0x0300, 0x03FF, "display adapter"},
        {0x0400, 0x04FF, "multimedia device"},
        {0x0502, 0x0502, "CXL memory device"},
        {0x0500, 0x05FF, "memory controller"},
        {0x0600, 0x06FF, "other bridge"},
        {0x0700, 0x07FF, "communication device"},
        {0x0800, 0x08FF, "system device"},
        {0x0B00, 0x0BFF, "processor"},
        {0x0C03, 0x0C03, "USB controller"},
        {0x0C06, 0x0C06, "InfiniBand adapter"},
        {0x0C00, 0x0CFF, "serial bus controller"},
        {0x1000, 0x10FF, "crypto device"},
        {0x1100, 0x11FF, "signal processor"},
        {0x1200, 0x12FF, "accelerator"},
    };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (class_id >= classes[i].first && class_id <= classes[i].last)
            return classes[i].name;
    }
    return "other function";
}

const char *sy_words_count(struct sy_words *words, size_t n, const char *noun)
{
    size_t len = strlen(noun);
    bool hiss = len > 2 && strcmp(noun + len - 2, "ch") == 0;
    return sy_words(words, "%zu %s%s", n, noun, n == 1 ? "" : hiss ? "es" : "s");
}
