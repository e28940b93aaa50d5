/* SPDX-License-Identifier: Apache-2.0 */
/* The few functions that we use of two vendors' libraries, NVML and DCMI. They are opened when they
 * are there, at run time; each function of them may be missing. For one thread. */
#ifndef SY_AGENT_VENDOR_H
#define SY_AGENT_VENDOR_H

#include "agent/kubelet/device_ids.h"

#define SY_VENDOR_NVIDIA 0x10deu
#define SY_VENDOR_ASCEND 0x19e5u

struct sy_vendor; /* opaque */

/* Open the libraries of these names (NULL = not this one). One that is not there, or does not
 * start, is told in ret_note (size bytes, "" = all well) and counts as absent. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_vendor_new(const char *nvml, const char *dcmi, char *ret_note,
                                        size_t size, struct sy_vendor **ret, struct sy_err *err);
void sy_vendor_free(struct sy_vendor *vendor); /* takes NULL */

/* Milliwatts that a device takes and its cap, and the name of the source; -1 = not known. `index`:
 * of the chips behind the function. False when no library knows the device. */
bool sy_vendor_power(struct sy_vendor *vendor, uint16_t pci_vendor, struct sy_pci_addr addr,
                     unsigned index, int64_t *ret_mw, int64_t *ret_cap_mw, const char **ret_source);
/* UUID of an NVIDIA GPU into buf; false when it is not known. */
bool sy_vendor_uuid(struct sy_vendor *vendor, struct sy_pci_addr addr, char *buf, size_t size);
/* The look-ups that device ids need. */
struct sy_device_vendor sy_vendor_ids(struct sy_vendor *vendor);

#endif
