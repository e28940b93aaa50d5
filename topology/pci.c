/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/pci.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* Value of 1 to `max` hex digits at *text, which moves past them; -1 when there are none or more.
 */
static int64_t read_hex(const char **text, unsigned max, unsigned *ret_digits)
{
    int64_t value = 0;
    unsigned n = 0;
    for (;; (*text)++, n++) {
        char c = **text;
        int digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (c >= 'a' && c <= 'f')
            digit = c - 'a' + 10;
        else if (c >= 'A' && c <= 'F')
            digit = c - 'A' + 10;
        else
            break;
        if (n == max)
            return -1;
        value = value * 16 + digit;
    }
    *ret_digits = n;
    return n > 0 ? value : -1;
}

static bool parse(const char *text, struct sy_pci_addr *ret)
{
    const char *p = text;
    unsigned digits;
    int64_t domain = 0;
    int64_t bus = read_hex(&p, 8, &digits);
    if (bus < 0 || *p++ != ':')
        return false;
    unsigned first_digits = digits;
    int64_t dev = read_hex(&p, 2, &digits);
    if (dev < 0)
        return false;
    if (*p == ':') {
        p++;
        if (first_digits < 4 || digits != 2)
            return false;
        domain = bus;
        bus = dev;
        dev = read_hex(&p, 2, &digits);
    } else if (first_digits != 2) {
        return false;
    }
    if (dev < 0 || digits != 2 || *p++ != '.')
        return false;
    int64_t func = read_hex(&p, 1, &digits);
    if (func < 0 || *p != '\0' || dev > 31 || func > 7)
        return false;
    *ret = (struct sy_pci_addr){
        .domain = (uint32_t)domain,
        .bus = (uint8_t)bus,
        .dev = (uint8_t)dev,
        .func = (uint8_t)func,
    };
    return true;
}

enum sy_code sy_pci_addr_parse(const char *text, struct sy_pci_addr *ret, struct sy_err *err)
{
    struct sy_pci_addr addr;
    if (!parse(text, &addr)) {
        char shown[64];
        return sy_fail(err, SY_EPARSE, "PCI address '%s': expected dddd:bb:dd.f",
                       sy_quote(shown, sizeof shown, text, strlen(text)));
    }
    *ret = addr;
    return SY_OK;
}

const char *sy_pci_addr_format(struct sy_pci_addr addr, char *buf)
{
    (void)snprintf(buf, SY_PCI_ADDR_TEXT,
                   addr.domain > 0xffff ? "%08x:%02x:%02x.%x" : "%04x:%02x:%02x.%x", addr.domain,
                   addr.bus, addr.dev & 31u, addr.func & 7u);
    return buf;
}

int sy_pci_addr_cmp(struct sy_pci_addr a, struct sy_pci_addr b)
{
    if (a.domain != b.domain)
        return a.domain < b.domain ? -1 : 1;
    unsigned x = (unsigned)a.bus << 8 | (unsigned)a.dev << 3 | a.func;
    unsigned y = (unsigned)b.bus << 8 | (unsigned)b.dev << 3 | b.func;
    return x < y ? -1 : x > y;
}

uint32_t sy_pci_link_mbps(uint32_t mtps, unsigned width)
{
    uint64_t bits = (uint64_t)mtps * width; /* Mbit/s on the wire */
    uint64_t mbps;
    if (mtps <= 5000)
        mbps = bits * 8 / 10;
    else if (mtps <= 32000)
        mbps = bits * 128 / 130;
    else
        mbps = bits * 242 / 256;
    mbps = (mbps + 4) / 8;
    return mbps > UINT32_MAX ? UINT32_MAX : (uint32_t)mbps;
}
