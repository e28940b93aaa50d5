/* SPDX-License-Identifier: Apache-2.0 */
/* A library that answers as NVML and DCMI do: one GPU at 0000:81:00.0 with one MIG device, one card
 * of two chips behind 0000:19:00.0 and a controller that is no chip. */
#include <stdio.h>
#include <string.h>

struct pci {
    char legacy[16];
    unsigned int domain, bus, device, id, subsystem;
    char bus_id[32];
};
struct chip_pci {
    unsigned int vendor, subvendor, device, subdevice;
    int domain;
    unsigned int bus, dev, func;
    unsigned char reserved[32];
};

#define EXPORT __attribute__((visibility("default")))
EXPORT int nvmlInit_v2(void);
EXPORT int nvmlShutdown(void);
EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, void **ret);
EXPORT int nvmlDeviceGetHandleByUUID(const char *uuid, void **ret);
EXPORT int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void *mig, void **ret);
EXPORT int nvmlDeviceGetPciInfo_v3(void *device, struct pci *ret);
EXPORT int nvmlDeviceGetUUID(void *device, char *buf, unsigned int size);
EXPORT int nvmlDeviceGetPowerUsage(void *device, unsigned int *ret_mw);
EXPORT int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned int *ret_mw);
EXPORT int dcmi_init(void);
EXPORT int dcmi_get_card_list(int *ret_n, int *ret_cards, int size);
EXPORT int dcmi_get_device_id_in_card(int card, int *ret_n, int *ret_mcu, int *ret_cpu);
EXPORT int dcmi_get_device_pcie_info_v2(int card, int device, struct chip_pci *ret);
EXPORT int dcmi_get_device_power_info(int card, int device, int *ret_tenths);
EXPORT int dcmi_get_card_id_device_id_from_phyid(int *ret_card, int *ret_device, unsigned number);

static int gpu, mig;

int nvmlInit_v2(void)
{
    return 0;
}

int nvmlShutdown(void)
{
    return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, void **ret)
{
    *ret = &gpu;
    return strcmp(bus_id, "00000000:81:00.0") == 0 ? 0 : 6;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, void **ret)
{
    *ret = strcmp(uuid, "MIG-1") == 0 ? &mig : &gpu;
    return strcmp(uuid, "MIG-1") == 0 || strcmp(uuid, "GPU-1") == 0 ? 0 : 6;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void *part, void **ret)
{
    *ret = &gpu;
    return part == &mig ? 0 : 2;
}

int nvmlDeviceGetPciInfo_v3(void *device, struct pci *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->bus = 0x81;
    return device == &gpu ? 0 : 3;
}

int nvmlDeviceGetUUID(void *device, char *buf, unsigned int size)
{
    (void)snprintf(buf, size, "GPU-1");
    return device == &gpu ? 0 : 3;
}

int nvmlDeviceGetPowerUsage(void *device, unsigned int *ret_mw)
{
    *ret_mw = 212500;
    return device == &gpu ? 0 : 3;
}

int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned int *ret_mw)
{
    *ret_mw = 300000;
    return device == &gpu ? 0 : 3;
}

int dcmi_init(void)
{
    return 0;
}

int dcmi_get_card_list(int *ret_n, int *ret_cards, int size)
{
    *ret_n = size > 0 ? 1 : 0;
    ret_cards[0] = 3;
    return 0;
}

int dcmi_get_device_id_in_card(int card, int *ret_n, int *ret_mcu, int *ret_cpu)
{
    *ret_n = 3;
    *ret_mcu = 2;
    *ret_cpu = -1;
    return card == 3 ? 0 : -1;
}

int dcmi_get_device_pcie_info_v2(int card, int device, struct chip_pci *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->bus = 0x19;
    return card == 3 && device < 2 ? 0 : -8001;
}

int dcmi_get_device_power_info(int card, int device, int *ret_tenths)
{
    *ret_tenths = 705 + device;
    return card == 3 && device < 2 ? 0 : -8001;
}

int dcmi_get_card_id_device_id_from_phyid(int *ret_card, int *ret_device, unsigned number)
{
    *ret_card = 3;
    *ret_device = (int)number - 4;
    return number == 4 || number == 5 ? 0 : -8001;
}
