/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's words for a PCIe link, which NCCL's files repeat. */
#ifndef SY_TOPOLOGY_DISCOVER_LINK_SPEED_H
#define SY_TOPOLOGY_DISCOVER_LINK_SPEED_H

#include <stdint.h>

/* Megatransfers a second of "16.0 GT/s PCIe", "8 GT/s" (kernels before 5.7), "32 GT/s PCIe/s" (seen
 * in AWS's files); 0 for "", "Unknown" and what is none of these. */
uint32_t sy_link_mtps(const char *text);
/* Lanes of "16"; 0 for "0", "" and 255, the kernel's "unknown". */
uint8_t sy_link_width(const char *text);

#endif
