/* SPDX-License-Identifier: Apache-2.0 */
/* The prototypes below are those of NVIDIA's NVML API reference and Huawei's DCMI API reference
 * (version 1 and later), as far as they are used. */
#include "agent/vendor.h"

#include "base/str.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define CHIPS_MAX 256 /* of one machine */
#define CARDS_MAX 64

/* nvmlPciInfo_t of the functions whose names end in _v3. */
struct nvml_pci {
    char legacy[16];
    unsigned int domain, bus, device, id, subsystem;
    char bus_id[32];
};

struct nvml {
    void *library;
    int (*init)(void);
    int (*shutdown)(void);
    int (*by_bus_id)(const char *bus_id, void **ret);
    int (*by_uuid)(const char *uuid, void **ret);
    int (*parent)(void *mig, void **ret);
    int (*pci)(void *device, struct nvml_pci *ret);
    int (*uuid)(void *device, char *buf, unsigned int size);
    int (*power)(void *device, unsigned int *ret_mw);
    int (*limit)(void *device, unsigned int *ret_mw);
};

/* struct dcmi_pcie_info_all */
struct dcmi_pci {
    unsigned int vendor, subvendor, device, subdevice;
    int domain;
    unsigned int bus, dev, func;
    unsigned char reserved[32];
};

struct dcmi_chip {
    int card, device;
    struct sy_pci_addr addr;
    uint8_t index; /* among the chips of one function */
};

struct dcmi {
    void *library;
    int (*init)(void);
    int (*cards)(int *ret_n, int *ret_cards, int size);
    int (*devices)(int card, int *ret_n, int *ret_mcu, int *ret_cpu);
    int (*pci)(int card, int device, struct dcmi_pci *ret);
    int (*power)(int card, int device, int *ret_tenths);
    int (*by_number)(int *ret_card, int *ret_device, unsigned int number);
    size_t n;
    struct dcmi_chip chip[CHIPS_MAX];
};

struct sy_vendor {
    struct nvml nvml;
    struct dcmi dcmi;
};

/* Object pointers and function pointers are alike where there is dlsym (POSIX). */
static void find(void *library, const char *name, void *ret)
{
    void *found = dlsym(library, name);
    memcpy(ret, &found, sizeof found);
}

static void add_note(char *note, size_t size, const char *text)
{
    size_t len = strlen(note);
    (void)snprintf(note + len, size - len, "%s%.200s", len > 0 ? "; " : "", text);
}

static void *open_library(const char *name, char *note, size_t size)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *why = dlerror();
        add_note(note, size, why != NULL ? why : name);
    }
    return library;
}

static void close_nvml(struct nvml *nvml)
{
    if (nvml->library == NULL)
        return;
    if (nvml->shutdown != NULL)
        (void)nvml->shutdown();
    (void)dlclose(nvml->library);
    *nvml = (struct nvml){0};
}

static void open_nvml(struct nvml *nvml, const char *name, char *note, size_t size)
{
    nvml->library = open_library(name, note, size);
    if (nvml->library == NULL)
        return;
    find(nvml->library, "nvmlInit_v2", &nvml->init);
    find(nvml->library, "nvmlShutdown", &nvml->shutdown);
    find(nvml->library, "nvmlDeviceGetHandleByPciBusId_v2", &nvml->by_bus_id);
    find(nvml->library, "nvmlDeviceGetHandleByUUID", &nvml->by_uuid);
    find(nvml->library, "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", &nvml->parent);
    find(nvml->library, "nvmlDeviceGetPciInfo_v3", &nvml->pci);
    find(nvml->library, "nvmlDeviceGetUUID", &nvml->uuid);
    find(nvml->library, "nvmlDeviceGetPowerUsage", &nvml->power);
    find(nvml->library, "nvmlDeviceGetEnforcedPowerLimit", &nvml->limit);
    if (nvml->init == NULL || nvml->init() != 0) {
        add_note(note, size, "NVML does not start");
        nvml->shutdown = NULL;
        close_nvml(nvml);
    }
}

static void add_chip(struct dcmi *dcmi, int card, int device)
{
    struct dcmi_pci pci = {.domain = 0};
    if (dcmi->n == CHIPS_MAX || dcmi->pci(card, device, &pci) != 0 || pci.bus > 255 ||
        pci.dev > 31 || pci.func > 7 || pci.domain < 0)
        return; /* a controller of the card, not a chip */
    struct dcmi_chip chip = {.card = card, .device = device};
    chip.addr = (struct sy_pci_addr){.domain = (uint32_t)pci.domain,
                                     .bus = (uint8_t)pci.bus,
                                     .dev = (uint8_t)pci.dev,
                                     .func = (uint8_t)pci.func};
    for (size_t i = 0; i < dcmi->n; i++)
        if (sy_pci_addr_cmp(dcmi->chip[i].addr, chip.addr) == 0)
            chip.index++;
    dcmi->chip[dcmi->n++] = chip;
}

static void list_chips(struct dcmi *dcmi)
{
    int cards[CARDS_MAX], n = 0;
    if (dcmi->cards == NULL || dcmi->devices == NULL || dcmi->pci == NULL ||
        dcmi->cards(&n, cards, CARDS_MAX) != 0)
        return;
    for (int i = 0; i < n && i < CARDS_MAX; i++) {
        int devices = 0, mcu = 0, cpu = 0;
        if (dcmi->devices(cards[i], &devices, &mcu, &cpu) != 0)
            continue;
        for (int device = 0; device < devices && device < CHIPS_MAX; device++)
            add_chip(dcmi, cards[i], device);
    }
}

static void open_dcmi(struct dcmi *dcmi, const char *name, char *note, size_t size)
{
    dcmi->library = open_library(name, note, size);
    if (dcmi->library == NULL)
        return;
    find(dcmi->library, "dcmi_init", &dcmi->init);
    find(dcmi->library, "dcmi_get_card_list", &dcmi->cards);
    find(dcmi->library, "dcmi_get_device_id_in_card", &dcmi->devices);
    find(dcmi->library, "dcmi_get_device_pcie_info_v2", &dcmi->pci);
    find(dcmi->library, "dcmi_get_device_power_info", &dcmi->power);
    find(dcmi->library, "dcmi_get_card_id_device_id_from_phyid", &dcmi->by_number);
    if (dcmi->init == NULL || dcmi->init() != 0) {
        add_note(note, size, "DCMI does not start");
        (void)dlclose(dcmi->library);
        *dcmi = (struct dcmi){.n = 0};
        return;
    }
    list_chips(dcmi);
}

enum sy_code sy_vendor_new(const char *nvml, const char *dcmi, char *ret_note, size_t size,
                           struct sy_vendor **ret, struct sy_err *err)
{
    struct sy_vendor *vendor = sy_calloc(1, sizeof *vendor);
    if (vendor == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the vendors' libraries");
    ret_note[0] = '\0';
    if (nvml != NULL)
        open_nvml(&vendor->nvml, nvml, ret_note, size);
    if (dcmi != NULL)
        open_dcmi(&vendor->dcmi, dcmi, ret_note, size);
    *ret = vendor;
    return SY_OK;
}

void sy_vendor_free(struct sy_vendor *vendor)
{
    if (vendor == NULL)
        return;
    close_nvml(&vendor->nvml);
    if (vendor->dcmi.library != NULL)
        (void)dlclose(vendor->dcmi.library); /* DCMI has no counterpart of dcmi_init */
    sy_free(vendor);
}

static void *nvml_device(const struct nvml *nvml, struct sy_pci_addr addr)
{
    char bus_id[SY_PCI_ADDR_TEXT];
    void *device = NULL;
    (void)snprintf(bus_id, sizeof bus_id, "%08x:%02x:%02x.%x", addr.domain, addr.bus, addr.dev,
                   addr.func);
    if (nvml->by_bus_id == NULL || nvml->by_bus_id(bus_id, &device) != 0)
        return NULL;
    return device;
}

static bool nvml_power(const struct nvml *nvml, struct sy_pci_addr addr, int64_t *ret_mw,
                       int64_t *ret_cap_mw)
{
    unsigned int mw;
    void *device = nvml_device(nvml, addr);
    if (device == NULL)
        return false;
    if (nvml->power != NULL && nvml->power(device, &mw) == 0)
        *ret_mw = mw;
    if (nvml->limit != NULL && nvml->limit(device, &mw) == 0)
        *ret_cap_mw = mw;
    return *ret_mw >= 0 || *ret_cap_mw >= 0;
}

/* Power comes in tenths of a watt. */
static bool dcmi_power(const struct dcmi *dcmi, struct sy_pci_addr addr, unsigned index,
                       int64_t *ret_mw)
{
    for (size_t i = 0; i < dcmi->n && dcmi->power != NULL; i++) {
        const struct dcmi_chip *chip = &dcmi->chip[i];
        int tenths = -1;
        if (sy_pci_addr_cmp(chip->addr, addr) != 0 || chip->index != index)
            continue;
        if (dcmi->power(chip->card, chip->device, &tenths) != 0 || tenths < 0)
            return false;
        *ret_mw = (int64_t)tenths * 100;
        return true;
    }
    return false;
}

bool sy_vendor_power(struct sy_vendor *vendor, uint16_t pci_vendor, struct sy_pci_addr addr,
                     unsigned index, int64_t *ret_mw, int64_t *ret_cap_mw, const char **ret_source)
{
    *ret_mw = *ret_cap_mw = -1;
    if (pci_vendor == SY_VENDOR_NVIDIA) {
        *ret_source = "NVML";
        return nvml_power(&vendor->nvml, addr, ret_mw, ret_cap_mw);
    }
    *ret_source = "DCMI";
    return pci_vendor == SY_VENDOR_ASCEND && dcmi_power(&vendor->dcmi, addr, index, ret_mw);
}

bool sy_vendor_uuid(struct sy_vendor *vendor, struct sy_pci_addr addr, char *buf, size_t size)
{
    void *device = nvml_device(&vendor->nvml, addr);
    if (device == NULL || vendor->nvml.uuid == NULL ||
        vendor->nvml.uuid(device, buf, (unsigned int)size) != 0)
        return false;
    buf[size - 1] = '\0';
    for (const char *p = buf; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            return false;
    return buf[0] != '\0';
}

static bool find_nvidia(void *data, const char *uuid, struct sy_pci_addr *ret_addr,
                        uint16_t *ret_share)
{
    const struct nvml *nvml = &((struct sy_vendor *)data)->nvml;
    struct nvml_pci pci = {.domain = 0};
    void *device = NULL, *parent = NULL;
    if (nvml->by_uuid == NULL || nvml->pci == NULL || nvml->by_uuid(uuid, &device) != 0)
        return false;
    bool is_part = strncmp(uuid, "MIG-", 4) == 0;
    if (is_part && (nvml->parent == NULL || nvml->parent(device, &parent) != 0))
        return false;
    if (nvml->pci(is_part ? parent : device, &pci) != 0 || pci.bus > 255 || pci.device > 31)
        return false;
    *ret_addr = (struct sy_pci_addr){
        .domain = pci.domain, .bus = (uint8_t)pci.bus, .dev = (uint8_t)pci.device};
    *ret_share = is_part ? 0 : SY_WHOLE;
    return true;
}

static bool find_ascend(void *data, unsigned number, struct sy_pci_addr *ret_addr,
                        uint8_t *ret_index)
{
    const struct dcmi *dcmi = &((struct sy_vendor *)data)->dcmi;
    int card = -1, device = -1;
    if (dcmi->by_number == NULL || dcmi->by_number(&card, &device, number) != 0)
        return false;
    for (size_t i = 0; i < dcmi->n; i++) {
        if (dcmi->chip[i].card != card || dcmi->chip[i].device != device)
            continue;
        *ret_addr = dcmi->chip[i].addr;
        *ret_index = dcmi->chip[i].index;
        return true;
    }
    return false;
}

struct sy_device_vendor sy_vendor_ids(struct sy_vendor *vendor)
{
    return (struct sy_device_vendor){
        .nvidia_find = vendor->nvml.library != NULL ? find_nvidia : NULL,
        .ascend_find = vendor->dcmi.library != NULL ? find_ascend : NULL,
        .data = vendor,
    };
}
