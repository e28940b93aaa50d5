/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the kernel: hwmon (Documentation/hwmon/sysfs-interface.rst: power in microwatts, energy
 * in microjoules) and powercap (Documentation/power/powercap/powercap.rst: microjoules). */
#include "agent/power.h"
#include "topology/discover/sysfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HWMON_MAX 256u
#define FUNCTIONS_MAX 8u /* of one slot */

struct counter {
    struct sy_pci_addr addr;
    struct sy_energy energy;
};

struct zone {
    char name[48]; /* "intel-rapl:0" */
    struct sy_energy energy;
};

struct sy_sensors {
    int root;
    struct sy_vendor *vendor;
    size_t ncounter, nzone;
    struct counter counter[SY_UNIT_MAX];
    struct zone zone[SY_RAPL_ZONES_MAX];
};

enum sy_code sy_sensors_new(const char *root, struct sy_vendor *vendor, struct sy_sensors **ret,
                            struct sy_err *err)
{
    struct sy_sensors *sensors = sy_calloc(1, sizeof *sensors);
    if (sensors == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the sensors");
    sensors->vendor = vendor;
    sensors->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (sensors->root < 0) {
        int failed = errno;
        sy_free(sensors);
        return sy_fail(err, failed == ENOENT ? SY_ENOENT : SY_EIO, "%s: %s", root,
                       strerror(failed));
    }
    *ret = sensors;
    return SY_OK;
}

void sy_sensors_free(struct sy_sensors *sensors)
{
    if (sensors == NULL)
        return;
    (void)close(sensors->root);
    sy_free(sensors);
}

/* Milliwatts of a file of microwatts; -1: not there, or absurd. */
static int64_t read_mw(int root, const char *folder, const char *name)
{
    char path[SY_SYSFS_PATH];
    int64_t uw;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        !sy_sysfs_number(root, path, &uw) || uw < 0 || uw / 1000 > SY_POWER_MAX_MW)
        return -1;
    return uw / 1000;
}

static bool read_uj(int root, const char *folder, const char *name, uint64_t *ret)
{
    char path[SY_SYSFS_PATH];
    int64_t uj;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        !sy_sysfs_number(root, path, &uj) || uj < 0)
        return false;
    *ret = (uint64_t)uj;
    return true;
}

/* The energy counter of a device; NULL when there are too many. */
static struct sy_energy *counter_of(struct sy_sensors *sensors, struct sy_pci_addr addr)
{
    for (size_t i = 0; i < sensors->ncounter; i++)
        if (sy_pci_addr_cmp(sensors->counter[i].addr, addr) == 0)
            return &sensors->counter[i].energy;
    if (sensors->ncounter == SY_UNIT_MAX)
        return NULL;
    struct counter *counter = &sensors->counter[sensors->ncounter++];
    *counter = (struct counter){.addr = addr};
    return &counter->energy;
}

/* Which of them exist depends on driver, chip and kernel: amdgpu has the average up to MI2xx and
 * the input from MI300 on, i915 and xe count energy, habanalabs has the input. */
static void read_hwmon(struct sy_sensors *sensors, struct sy_pci_addr addr, const char *folder,
                       int64_t now_us, struct sy_unit_power *ret)
{
    uint64_t uj;
    ret->mw = read_mw(sensors->root, folder, "power1_average");
    if (ret->mw < 0)
        ret->mw = read_mw(sensors->root, folder, "power1_input");
    if (ret->mw < 0 && read_uj(sensors->root, folder, "energy1_input", &uj)) {
        struct sy_energy *energy = counter_of(sensors, addr);
        ret->mw = energy != NULL ? sy_energy_mw(energy, uj, 0, now_us) : -1;
    }
    ret->cap_mw = read_mw(sensors->root, folder, "power1_cap");
    if (ret->cap_mw < 0)
        ret->cap_mw = read_mw(sensors->root, folder, "power1_max");
    if (ret->cap_mw == 0) /* amdgpu: the chip beside the one that tells for the card */
        ret->cap_mw = -1;
}

static bool read_function(struct sy_sensors *sensors, struct sy_pci_addr addr, int64_t now_us,
                          struct sy_unit_power *ret)
{
    char base[SY_SYSFS_PATH / 2], text[SY_PCI_ADDR_TEXT];
    struct sy_names names;
    (void)snprintf(base, sizeof base, "sys/bus/pci/devices/%s/hwmon",
                   sy_pci_addr_format(addr, text));
    if (sy_sysfs_list(sensors->root, base, HWMON_MAX, &names, NULL) != SY_OK)
        return false;
    for (size_t i = 0; i < names.n && ret->source == NULL; i++) {
        char folder[SY_SYSFS_PATH];
        if (snprintf(folder, sizeof folder, "%s/%s", base, names.name[i]) >= (int)sizeof folder)
            continue;
        read_hwmon(sensors, addr, folder, now_us, ret);
        if (ret->mw >= 0 || ret->cap_mw >= 0)
            ret->source = "hwmon";
    }
    sy_names_done(&names);
    return ret->source != NULL;
}

/* Its function, or another one of the same slot: an Alveo card has its sensors at the management
 * function. */
static void read_unit(struct sy_sensors *sensors, const struct sy_fabric *fabric, uint16_t u,
                      int64_t now_us, struct sy_unit_power *ret)
{
    const struct sy_unit *unit = &fabric->unit[u];
    uint16_t pci_vendor = fabric->inv.obj[unit->obj].id.vendor;
    *ret = (struct sy_unit_power){.mw = -1, .cap_mw = -1};
    if (unit->pf >= 0)
        return;
    if (sy_vendor_power(sensors->vendor, pci_vendor, unit->addr, unit->index, &ret->mw,
                        &ret->cap_mw, &ret->source))
        return;
    *ret = (struct sy_unit_power){.mw = -1, .cap_mw = -1};
    if (unit->index > 0 || read_function(sensors, unit->addr, now_us, ret))
        return;
    for (uint8_t func = 0; func < FUNCTIONS_MAX; func++) {
        struct sy_pci_addr addr = unit->addr;
        addr.func = func;
        if (func != unit->addr.func && sy_fabric_unit_find(fabric, addr, 0) == u &&
            read_function(sensors, addr, now_us, ret))
            return;
    }
}

static void read_meter(struct sy_sensors *sensors, struct sy_power_read *ret)
{
    struct sy_names names;
    if (sy_sysfs_list(sensors->root, "sys/class/hwmon", HWMON_MAX, &names, NULL) != SY_OK)
        return;
    for (size_t i = 0; i < names.n; i++) {
        char folder[SY_SYSFS_PATH / 2], path[SY_SYSFS_PATH], name[64];
        (void)snprintf(folder, sizeof folder, "sys/class/hwmon/%.64s", names.name[i]);
        (void)snprintf(path, sizeof path, "%s/name", folder);
        if (!sy_sysfs_line(sensors->root, path, name, sizeof name) ||
            strcmp(name, "power_meter") != 0)
            continue;
        int64_t mw = read_mw(sensors->root, folder, "power1_average");
        if (mw < 0)
            mw = read_mw(sensors->root, folder, "power1_input");
        if (mw > ret->meter_mw)
            ret->meter_mw = mw;
        int64_t cap = read_mw(sensors->root, folder, "power1_cap");
        if (cap > ret->meter_cap_mw)
            ret->meter_cap_mw = cap;
    }
    sy_names_done(&names);
}

static struct zone *zone_of(struct sy_sensors *sensors, const char *name)
{
    for (size_t i = 0; i < sensors->nzone; i++)
        if (strcmp(sensors->zone[i].name, name) == 0)
            return &sensors->zone[i];
    if (sensors->nzone == SY_RAPL_ZONES_MAX || strlen(name) >= sizeof sensors->zone[0].name)
        return NULL;
    struct zone *zone = &sensors->zone[sensors->nzone++];
    *zone = (struct zone){.energy = {.known = false}};
    memcpy(zone->name, name, strlen(name) + 1);
    return zone;
}

/* Packages, and memory, which stands beside the package's own number; cores and graphics are within
 * it. psys is the whole platform: not on every machine, and what it covers is the maker's choice.
 */
static bool counts(const char *name)
{
    return strncmp(name, "package", strlen("package")) == 0 || strcmp(name, "dram") == 0;
}

/* The CPUs' power; -1 when one zone that counts cannot be read (the files are root's). */
static int64_t read_rapl(struct sy_sensors *sensors, int64_t now_us)
{
    struct sy_names names;
    int64_t sum = 0;
    bool any = false, all = true;
    if (sy_sysfs_list(sensors->root, "sys/class/powercap", HWMON_MAX, &names, NULL) != SY_OK)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        char folder[SY_SYSFS_PATH / 2], path[SY_SYSFS_PATH], name[64];
        uint64_t uj, range = 0;
        /* intel-rapl-mmio repeats the package. */
        if (strncmp(names.name[i], "intel-rapl:", strlen("intel-rapl:")) != 0)
            continue;
        (void)snprintf(folder, sizeof folder, "sys/class/powercap/%.48s", names.name[i]);
        (void)snprintf(path, sizeof path, "%s/name", folder);
        if (!sy_sysfs_line(sensors->root, path, name, sizeof name) || !counts(name))
            continue;
        struct zone *zone = zone_of(sensors, names.name[i]);
        (void)read_uj(sensors->root, folder, "max_energy_range_uj", &range);
        int64_t mw = zone != NULL && read_uj(sensors->root, folder, "energy_uj", &uj)
                         ? sy_energy_mw(&zone->energy, uj, range, now_us)
                         : -1;
        any = true;
        all = all && mw >= 0;
        sum += mw >= 0 ? mw : 0;
    }
    sy_names_done(&names);
    return any && all ? sum : -1;
}

void sy_sensors_read(struct sy_sensors *sensors, const struct sy_fabric *fabric, int64_t now_us,
                     struct sy_power *ret_units, struct sy_power_read *ret_node)
{
    *ret_node = (struct sy_power_read){.meter_mw = -1, .meter_cap_mw = -1};
    for (uint16_t u = 0; u < fabric->nunit; u++)
        read_unit(sensors, fabric, u, now_us, &ret_units->unit[u]);
    sy_power_divide(fabric, ret_units);
    read_meter(sensors, ret_node);
    ret_node->rapl_mw = read_rapl(sensors, now_us);
}
