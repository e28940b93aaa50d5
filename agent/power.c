/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/power.h"

#define INTERVAL_MIN_US 100000

int64_t sy_energy_mw(struct sy_energy *energy, uint64_t uj, uint64_t range_uj, int64_t now_us)
{
    int64_t elapsed_us = now_us - energy->at_us;
    if (energy->known && elapsed_us >= 0 && elapsed_us < INTERVAL_MIN_US)
        return energy->mw;
    bool wrapped = uj < energy->uj;
    bool usable = energy->known && elapsed_us > 0 && (!wrapped || range_uj > energy->uj);
    uint64_t used = wrapped ? range_uj - energy->uj + uj : uj - energy->uj;
    energy->known = true;
    energy->uj = uj;
    energy->at_us = now_us;
    energy->mw = -1;
    uint64_t milli;
    if (usable && !__builtin_mul_overflow(used, UINT64_C(1000), &milli) &&
        milli / (uint64_t)elapsed_us <= (uint64_t)SY_POWER_MAX_MW)
        energy->mw = (int64_t)(milli / (uint64_t)elapsed_us);
    return energy->mw;
}

/* Sum of what the units take, -1 when one of them does not tell. */
static int64_t sum_of_units(const struct sy_power *power, unsigned nunit)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < nunit; i++) {
        if (power->unit[i].mw < 0)
            return -1;
        sum += power->unit[i].mw;
    }
    return sum;
}

static void combine_limit(const struct sy_power_said *said, const struct sy_power_read *read,
                          struct sy_power *ret)
{
    if (said->limit_mw >= 0) {
        ret->limit_mw = said->limit_mw;
        ret->limit_source = said->limit_source;
    } else if (read->meter_cap_mw > 0) { /* 0: no cap is set */
        ret->limit_mw = read->meter_cap_mw;
        ret->limit_source = "hwmon power_meter";
    }
}

void sy_power_combine(const struct sy_power_said *said, const struct sy_power_read *read,
                      unsigned nunit, struct sy_power *ret)
{
    int64_t units = sum_of_units(ret, nunit);
    ret->limit_mw = ret->base_mw = ret->mw = -1;
    ret->limit_source = ret->base_source = ret->source = NULL;
    combine_limit(said, read, ret);
    if (read->meter_mw >= 0) {
        ret->mw = read->meter_mw;
        ret->source = "hwmon power_meter";
    } else if (read->rapl_mw >= 0 && units >= 0) {
        ret->mw = read->rapl_mw + units;
        ret->source = "devices and RAPL";
    }
    if (said->base_mw >= 0) {
        ret->base_mw = said->base_mw;
        ret->base_source = "flag";
    } else if (read->meter_mw >= 0 && units >= 0 && read->meter_mw >= units) {
        ret->base_mw = read->meter_mw - units;
        ret->base_source = "hwmon power_meter less devices";
    } else if (read->rapl_mw >= 0) {
        ret->base_mw = read->rapl_mw;
        ret->base_source = "RAPL";
    }
}

/* The one positive value among a card's units; -1 when there is none, or several. */
static int64_t only_value(const int64_t *values[], unsigned n)
{
    int64_t found = -1;
    for (unsigned i = 0; i < n; i++) {
        if (*values[i] <= 0)
            continue;
        if (found >= 0)
            return -1;
        found = *values[i];
    }
    return found;
}

static void divide(int64_t *values[], unsigned n)
{
    int64_t whole = only_value((const int64_t **)values, n);
    for (unsigned i = 0; i < n && whole >= 0; i++)
        *values[i] = whole / n;
}

void sy_power_divide(const struct sy_fabric *fabric, struct sy_power *power)
{
    for (uint16_t c = 0; c < fabric->ncard; c++) {
        int64_t *watts[SY_UNIT_MAX], *caps[SY_UNIT_MAX];
        const char *source = NULL;
        unsigned n = 0;
        SY_DEVSET_EACH(u, &fabric->card[c].units)
        {
            /* A virtual function has no sensor, and its share is not known. */
            if (fabric->unit[u].pf >= 0)
                continue;
            watts[n] = &power->unit[u].mw;
            caps[n++] = &power->unit[u].cap_mw;
            source = source != NULL ? source : power->unit[u].source;
        }
        if (n < 2)
            continue;
        divide(watts, n);
        divide(caps, n);
        SY_DEVSET_EACH(u, &fabric->card[c].units)
        if (power->unit[u].mw >= 0 && power->unit[u].source == NULL)
            power->unit[u].source = source;
    }
}
