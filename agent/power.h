/* SPDX-License-Identifier: Apache-2.0 */
/* Watts of the devices and of the node, from whatever source there is; each source is optional and
 * named. All in milliwatts, -1 = unknown. */
#ifndef SY_AGENT_POWER_H
#define SY_AGENT_POWER_H

#include "agent/vendor.h"
#include "topology/fabric.h"

#define SY_POWER_MAX_MW INT64_C(10000000000) /* 10 MW, the limit of node documents */
#define SY_RAPL_ZONES_MAX 64u

/* A counter of energy, read from time to time. Starts zeroed. */
struct sy_energy {
    bool known;
    uint64_t uj;
    int64_t at_us; /* a monotonic clock */
    int64_t mw;    /* of the last interval, -1 = none yet */
};
/* Take in a reading; the mean power since the one before, or what was found last when that is less
 * than 0.1 s ago. `range_uj`: where the counter starts again at zero; 0 = it does not, and a
 * smaller value is a new begin. -1 = unknown. Two wraps look like one: read often (a package of
 * 300 W wraps the usual 262 kJ after 14 minutes). Pure. */
int64_t sy_energy_mw(struct sy_energy *energy, uint64_t uj, uint64_t range_uj, int64_t now_us);

struct sy_unit_power {
    int64_t mw, cap_mw;
    const char *source; /* static; NULL = none */
};

/* What is known of a node's power. Sources are static texts, NULL = the value is unknown. */
struct sy_power {
    int64_t limit_mw, base_mw, mw;
    const char *limit_source, *base_source, *source;
    struct sy_unit_power unit[SY_UNIT_MAX];
};

/* What operators said goes first. -1 = nothing said. */
struct sy_power_said {
    int64_t limit_mw, base_mw;
    const char *limit_source; /* "flag", "file" */
};
/* What the node's own sensors read. -1 = none. */
struct sy_power_read {
    int64_t meter_mw, meter_cap_mw; /* ACPI power meter: the whole node */
    int64_t rapl_mw;                /* CPU packages and their memory */
};
/* Fill in the node's numbers, `ret->unit` being known. The node takes what its meter says, else,
 * when all devices and the CPUs are measured, their sum. The base is what the node takes without
 * its devices: the meter less the devices, else the CPUs. Pure. */
void sy_power_combine(const struct sy_power_said *said, const struct sy_power_read *read,
                      unsigned nunit, struct sy_power *ret);
/* A sensor that tells for a whole card of several units (MI250X, Atlas 300I Duo) tells it at one of
 * them and nothing, or zero, at the others: divide it evenly. Pure. */
void sy_power_divide(const struct sy_fabric *fabric, struct sy_power *power);

struct sy_sensors; /* opaque: open root, energy counters */

/* `vendor` is borrowed. SY_ENOENT, SY_EIO (root cannot be opened), SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_sensors_new(const char *root, struct sy_vendor *vendor,
                                         struct sy_sensors **ret, struct sy_err *err);
void sy_sensors_free(struct sy_sensors *sensors); /* takes NULL */
/* Read all sensors of a fabric's units and of the node. What cannot be read is unknown. `now_us`: a
 * monotonic clock. */
void sy_sensors_read(struct sy_sensors *sensors, const struct sy_fabric *fabric, int64_t now_us,
                     struct sy_power *ret_units, struct sy_power_read *ret_node);

#endif
