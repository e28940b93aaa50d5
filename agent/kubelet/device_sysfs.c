/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/kubelet/device_sysfs.h"

#include "topology/discover/sysfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define GPUS "proc/driver/nvidia/gpus"
#define KFD_NODES "sys/class/kfd/kfd/topology/nodes"
#define INFORMATION_SIZE 4096u /* of a file of either driver */
#define REGION_MAX 64u         /* FPGA regions, devices of the older driver */

enum sy_code sy_device_root(const char *root, int *ret_fd, struct sy_err *err)
{
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return sy_fail(err, errno == ENOENT ? SY_ENOENT : SY_EIO, "%s: %s", root, strerror(errno));
    if (faccessat(fd, "sys/devices", F_OK, 0) != 0 && faccessat(fd, "devices", F_OK, 0) == 0) {
        int above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        (void)close(fd);
        if (above < 0)
            return sy_fail(err, SY_EIO, "%s/..: %s", root, strerror(errno));
        fd = above;
    }
    *ret_fd = fd;
    return SY_OK;
}

/* A full address and nothing else: "0000:3b:00.0". */
static bool is_address(const char *text, size_t len, struct sy_pci_addr *ret)
{
    char copy[SY_PCI_ADDR_TEXT];
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    const char *colon = strchr(copy, ':');
    return colon != NULL && strchr(colon + 1, ':') != NULL &&
           sy_pci_addr_parse(copy, ret, NULL) == SY_OK;
}

/* The last component of a path that is an address: the function that a kernel object hangs on. */
static bool last_address(const char *path, struct sy_pci_addr *ret)
{
    bool found = false;
    while (*path != '\0') {
        size_t len = strcspn(path, "/");
        found = is_address(path, len, ret) || found;
        path += len + (path[len] == '/');
    }
    return found;
}

/* Links of classes and buses lead to …/ADDRESS/…/NAME. */
static bool function_of(int root, const char *path, struct sy_pci_addr *ret)
{
    char link[SY_SYSFS_PATH];
    return sy_sysfs_link(root, path, link, sizeof link) && last_address(link, ret);
}

bool sy_device_drm(int root, unsigned card, struct sy_pci_addr *ret)
{
    char path[64], device[64];
    (void)snprintf(path, sizeof path, "sys/class/drm/card%u", card);
    (void)snprintf(device, sizeof device, "sys/class/drm/card%u/device", card);
    return function_of(root, device, ret) || function_of(root, path, ret);
}

bool sy_device_fpga(int root, const char *name, struct sy_pci_addr *ret)
{
    static const char *const classes[] = {"sys/class/fpga_region/region",
                                          "sys/class/fpga/intel-fpga-dev."};
    char path[SY_SYSFS_PATH];
    if (strchr(name, '/') != NULL || strlen(name) > 64)
        return false;
    (void)snprintf(path, sizeof path, "sys/bus/platform/devices/%s", name);
    if (function_of(root, path, ret))
        return true;
    for (size_t c = 0; c < sizeof classes / sizeof classes[0]; c++) {
        for (unsigned i = 0; i < REGION_MAX; i++) {
            (void)snprintf(path, sizeof path, "%s%u/%s", classes[c], i, name);
            bool here = faccessat(root, path, F_OK, 0) == 0;
            (void)snprintf(path, sizeof path, "%s%u", classes[c], i);
            if (here && function_of(root, path, ret))
                return true;
        }
    }
    return false;
}

bool sy_device_davinci(int root, unsigned number, struct sy_pci_addr *ret)
{
    static const char *const classes[] = {"davinci", "devdrv-class", "devdrv-manager"};
    char path[96];
    for (size_t c = 0; c < sizeof classes / sizeof classes[0]; c++) {
        (void)snprintf(path, sizeof path, "sys/class/%s/davinci%u/device", classes[c], number);
        if (function_of(root, path, ret))
            return true;
        (void)snprintf(path, sizeof path, "sys/class/%s/davinci%u", classes[c], number);
        if (function_of(root, path, ret))
            return true;
    }
    return false;
}

bool sy_device_physfn(int root, struct sy_pci_addr vf, struct sy_pci_addr *ret)
{
    char path[96], addr[SY_PCI_ADDR_TEXT];
    (void)snprintf(path, sizeof path, "sys/bus/pci/devices/%s/physfn",
                   sy_pci_addr_format(vf, addr));
    return function_of(root, path, ret);
}

bool sy_device_xcp_has(int root, unsigned number, unsigned render_minor)
{
    char path[96];
    (void)snprintf(path, sizeof path, "sys/devices/platform/amdgpu_xcp_%u/drm/renderD%u", number,
                   render_minor);
    return faccessat(root, path, F_OK, 0) == 0;
}

/* Copy the value of the line "NAME: value" or "NAME value"; false when there is none that fits. */
static bool value_of(const char *text, const char *name, char *buf, size_t size)
{
    size_t name_len = strlen(name);
    for (const char *line = text; *line != '\0'; line += strspn(line, "\n")) {
        size_t len = strcspn(line, "\n");
        const char *end = line + len, *value = line + name_len;
        bool here = len > name_len && strncasecmp(line, name, name_len) == 0 &&
                    strchr(": \t", *value) != NULL;
        line = end;
        if (!here)
            continue;
        while (value < end && strchr(": \t", *value) != NULL)
            value++;
        while (end > value && strchr(" \t\r", end[-1]) != NULL)
            end--;
        if ((size_t)(end - value) >= size)
            return false;
        memcpy(buf, value, (size_t)(end - value));
        buf[end - value] = '\0';
        return true;
    }
    return false;
}

/* A driver that has not started the GPU shows question marks. */
static bool read_gpu(int root, const char *name, struct sy_gpu *ret)
{
    char path[SY_SYSFS_PATH], text[INFORMATION_SIZE], location[64];
    size_t len;
    int n = snprintf(path, sizeof path, GPUS "/%s/information", name);
    if (n < 0 || (size_t)n >= sizeof path || !sy_sysfs_bytes(root, path, text, sizeof text, &len))
        return false;
    if (!value_of(text, "GPU UUID", ret->uuid, sizeof ret->uuid) || ret->uuid[0] == '\0' ||
        strchr(ret->uuid, '?') != NULL)
        return false;
    if (value_of(text, "Bus Location", location, sizeof location) &&
        is_address(location, strlen(location), &ret->addr))
        return true;
    return is_address(name, strlen(name), &ret->addr);
}

enum sy_code sy_device_gpus(int root, struct sy_gpu *gpu, size_t *ret_n, struct sy_err *err)
{
    struct sy_names names;
    enum sy_code code = sy_sysfs_list(root, GPUS, SY_GPU_MAX, &names, err);
    if (code != SY_OK)
        return code;
    size_t n = 0;
    for (size_t i = 0; i < names.n; i++) {
        if (read_gpu(root, names.name[i], &gpu[n]))
            n++;
    }
    sy_names_done(&names);
    *ret_n = n;
    return SY_OK;
}

static bool number_of(const char *text, const char *name, unsigned long long max,
                      unsigned long long *ret)
{
    char value[32], *end;
    if (!value_of(text, name, value, sizeof value) || value[0] < '0' || value[0] > '9')
        return false;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (errno != 0 || *end != '\0' || number > max)
        return false;
    *ret = number;
    return true;
}

/* location_id: bus << 8 | device << 3 | function in its lower half; the driver puts the number of a
 * partition above (kernel, kfd_topology.c). CPUs have no render device. */
static bool read_kfd_node(const char *text, struct sy_kfd_node *ret)
{
    unsigned long long minor = 0, location = 0, domain = 0;
    if (!number_of(text, "drm_render_minor", 4096, &minor) || minor == 0 ||
        !number_of(text, "location_id", UINT32_MAX, &location) ||
        !number_of(text, "domain", UINT32_MAX, &domain))
        return false;
    *ret = (struct sy_kfd_node){
        .render_minor = (unsigned)minor,
        .addr = {.domain = (uint32_t)domain,
                 .bus = (uint8_t)(location >> 8 & 0xff),
                 .dev = (uint8_t)(location >> 3 & 0x1f),
                 .func = (uint8_t)(location & 7)},
    };
    return true;
}

size_t sy_device_kfd_nodes(int root, struct sy_kfd_node *node)
{
    char path[96], text[INFORMATION_SIZE];
    size_t n = 0, len;
    for (unsigned i = 0; i < SY_KFD_NODE_MAX; i++) {
        (void)snprintf(path, sizeof path, KFD_NODES "/%u/properties", i);
        if (!sy_sysfs_bytes(root, path, text, sizeof text, &len))
            break;
        if (read_kfd_node(text, &node[n]))
            n++;
    }
    return n;
}
