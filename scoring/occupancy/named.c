/* SPDX-License-Identifier: Apache-2.0 */
/* Devices by the names that plugins write on pods. */
#include "scoring/occupancy/occupancy_private.h"

#include <string.h>

#define DIGITS_MAX 9u /* of a device's number */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number that the text ends in, -1 = none, or one too long. */
static int32_t last_number(const char *text)
{
    size_t end = strlen(text), first = end;
    int32_t value = 0;
    while (first > 0 && is_digit(text[first - 1]))
        first--;
    if (first == end || end - first > DIGITS_MAX)
        return -1;
    for (size_t i = first; i < end; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* The one NPU whose device name ends in the number; -1 when there are several, too. */
static int npu_of_number(const struct sy_fabric *fabric, int32_t number)
{
    int found = -1;
    for (unsigned u = 0; u < fabric->nunit; u++) {
        const struct sy_unit *unit = &fabric->unit[u];
        const char *name = fabric->inv.obj[unit->obj].name;
        if (unit->kind != SY_KIND_NPU || name == NULL || last_number(name) != number)
            continue;
        if (found >= 0)
            return -1;
        found = (int)u;
    }
    return found;
}

/* The address that the id is, or begins with ("0000:3b:00.1-0"). */
static bool read_address(const char *id, struct sy_pci_addr *ret)
{
    char text[SY_PCI_ADDR_TEXT];
    const char *dot = strchr(id, '.');
    size_t len = dot != NULL && dot[1] != '\0' ? (size_t)(dot - id) + 2 : 0;
    bool ends = len != 0 && (id[len] == '\0' || id[len] == '-' || id[len] == ':');
    if (!ends || len >= sizeof text)
        return false;
    memcpy(text, id, len);
    text[len] = '\0';
    return sy_pci_addr_parse(text, ret, NULL) == SY_OK;
}

int sy_occupancy_named_unit(const struct sy_fabric *fabric, const char *id)
{
    struct sy_pci_addr addr;
    if (read_address(id, &addr)) {
        bool several = sy_fabric_unit_find(fabric, addr, 1) >= 0;
        return several ? -1 : sy_fabric_unit_find(fabric, addr, 0);
    }
    int32_t number = last_number(id);
    const char *dash = strrchr(id, '-');
    bool numbered = number >= 0 && dash != NULL && dash != id && is_digit(dash[1]);
    return numbered ? npu_of_number(fabric, number) : -1;
}

uint16_t sy_claim_serves(const struct sy_fabric *fabric, const struct sy_request *request,
                         unsigned unit)
{
    unsigned bits = 0;
    for (unsigned e = 0; e < request->nentry; e++) {
        if (sy_devset_has(&fabric->unit[unit].resources, request->entry[e].resource))
            bits |= 1u << e;
    }
    return (uint16_t)bits;
}

/* A pod's owner can write what he likes on it: no more devices than were granted to it. */
void sy_claim_read_named(const struct sy_fabric *fabric, struct sy_claim *claim)
{
    const struct sy_request *request = claim->pod->request;
    struct sy_devset named = SY_DEVSET_EMPTY;
    unsigned served = 0;
    size_t asked = 0;
    for (size_t i = 0; i < claim->pod->nnamed; i++) {
        int unit = sy_occupancy_named_unit(fabric, claim->pod->named[i]);
        unsigned serves = unit >= 0 ? sy_claim_serves(fabric, request, (unsigned)unit) : 0;
        if (serves == 0 || sy_devset_has(&named, (unsigned)unit))
            return;
        sy_devset_add(&named, (unsigned)unit);
        served |= serves;
    }
    for (unsigned e = 0; e < request->nentry; e++)
        asked += (served >> e & 1) != 0 ? request->entry[e].count : 0u;
    if (asked != claim->pod->nnamed)
        return;
    claim->named = named;
    claim->served = (uint16_t)served;
}
