/* SPDX-License-Identifier: Apache-2.0 */
/* PCI addresses and identities. The full address dddd:bb:dd.f is the identity of a function. */
#ifndef SY_TOPOLOGY_PCI_H
#define SY_TOPOLOGY_PCI_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct sy_pci_addr {
    uint32_t domain;        /* 16 bits on most machines; VMD and some Arm hosts have more */
    uint8_t bus, dev, func; /* dev < 32, func < 8 */
};
#define SY_PCI_ADDR_TEXT 20 /* "dddddddd:bb:dd.f" and its NUL */

/* Parse "dddd:bb:dd.f" (also 8 domain digits, upper case; "bb:dd.f" means domain 0). SY_EPARSE. */
SY_NODISCARD enum sy_code sy_pci_addr_parse(const char *text, struct sy_pci_addr *ret,
                                            struct sy_err *err);
/* Lower case, 4 domain digits (8 when needed). Returns buf, of SY_PCI_ADDR_TEXT bytes. */
const char *sy_pci_addr_format(struct sy_pci_addr addr, char *buf);
/* -1, 0, 1 by domain, bus, device, function. */
int sy_pci_addr_cmp(struct sy_pci_addr a, struct sy_pci_addr b);
/* Same domain, bus and device: functions of one physical device. */
static inline bool sy_pci_same_slot(struct sy_pci_addr a, struct sy_pci_addr b)
{
    return a.domain == b.domain && a.bus == b.bus && a.dev == b.dev;
}

struct sy_pci_id {
    uint16_t class_id;                             /* base class and subclass: 0x1200, 0x0302 */
    uint16_t vendor, device, subvendor, subdevice; /* 0 = unknown */
};

/* Usable rate in MB/s (10^6 bytes, one direction) of `width` lanes at `mtps` megatransfers a second
 * (2500 … 64000): 8b/10b up to 5 GT/s, 128b/130b up to 32 GT/s, 242/256 (FLIT) at 64 GT/s (PCI
 * Express Base Specification 6.0). 0 when either is 0. */
uint32_t sy_pci_link_mbps(uint32_t mtps, unsigned width);

#endif
