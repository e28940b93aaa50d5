/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up cluster as a file (kind Fleet): parts, machines as one would sketch them, jobs, load;
 * and for training jobs what decides their speed. Every number is somebody's assumption, so all of
 * them stand in the file, with their sources beside them. */
#ifndef SY_PLANNER_FLEET_FLEET_H
#define SY_PLANNER_FLEET_FLEET_H

#include "base/yaml.h"
#include "scoring/request.h"
#include "topology/catalogue.h"
#include "topology/inventory.h"

#define SY_FLEET_MAX ((size_t)1 << 20) /* bytes of the file */
#define SY_FLEET_PARTS_MAX 64u
#define SY_FLEET_MACHINES_MAX 64u
#define SY_FLEET_SOCKETS_MAX 8u
#define SY_FLEET_SLOTS_MAX 32u /* of a socket */
#define SY_FLEET_BELOW_MAX 16u /* parts below one switch */
#define SY_FLEET_JOBS_MAX 256u
#define SY_FLEET_ANY_MAX 8u /* alternatives of a job */
#define SY_FLEET_RATES_MAX 32u
#define SY_FLEET_NODES_MAX 10000u

struct sy_fleet_part {
    const char *name;
    struct sy_pci_id id;
    uint16_t second; /* device id of function 1, which an FPGA's shell has; 0 = one function */
    uint32_t mbps;   /* of its link upward, MB/s one direction */
};

/* A root port: one part, or a switch with several below it. */
struct sy_fleet_slot {
    uint8_t n;
    uint8_t part[SY_FLEET_BELOW_MAX];
};

struct sy_fleet_machine {
    const char *name;
    uint32_t weight; /* its part of the nodes */
    int64_t cpu_milli, memory_mib;
    uint8_t nsocket;
    uint8_t nslot[SY_FLEET_SOCKETS_MAX];
    struct sy_fleet_slot slot[SY_FLEET_SOCKETS_MAX][SY_FLEET_SLOTS_MAX];
    uint8_t link_type; /* enum sy_link_type; NONE = no overlay … */
    uint8_t link_part; /* … else among all of this part, */
    uint32_t link_mbps;
};

/* What a job asks for: one of the alternatives, the first that is free. */
struct sy_fleet_job {
    const char *name;
    uint32_t weight;
    int64_t cpu_milli, memory_mib;
    double hours;  /* mean of an exponential distribution; 0 = until `images` are done */
    double images; /* of a training job */
    uint8_t nany;
    struct sy_request any[SY_FLEET_ANY_MAX];
};

/* How fast one kind of device trains. */
struct sy_fleet_rate {
    uint16_t resource;          /* index in the catalogue */
    double images_per_s, batch; /* one device alone; images of a step */
    double sync_mib;            /* that devices exchange each step */
    double overlap;             /* part of the exchange that computing hides, 0..1 */
    double input_share;         /* part of the time in which data is there, 0..1 */
    const char *source;
};

struct sy_fleet {
    struct sy_arena *arena;
    size_t npart, nmachine, njob, nrate;
    struct sy_fleet_part part[SY_FLEET_PARTS_MAX];
    struct sy_fleet_machine *machine;
    struct sy_fleet_job *job;
    struct sy_fleet_rate rate[SY_FLEET_RATES_MAX];
    double load;    /* device-time asked for by arrivals, as a part of what there is; over 1: a
                       growing queue */
    uint32_t nodes; /* unless the command says otherwise */
    double hours;   /* that are simulated, the same */
    size_t nassumption;
    const char *assumption[64]; /* printed beside the result */
};

/* Read a file; `path` NULL: the built-in mixed fleet. SY_EPARSE, SY_EINVAL, SY_ELIMIT with
 * "FILE:LINE:COLUMN: "; SY_ENOENT, SY_EIO, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_fleet_load(const char *path, const struct sy_catalogue *catalogue,
                                        struct sy_fleet **ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_fleet_parse(const char *file, const char *data, size_t len,
                                         const struct sy_catalogue *catalogue,
                                         struct sy_fleet **ret, struct sy_err *err);
void sy_fleet_free(struct sy_fleet *fleet); /* takes NULL */
SY_DEFINE_AUTO(struct sy_fleet, sy_fleet, sy_fleet_free)

/* The inventory of a machine, in the arena: per socket a package and a NUMA node, per slot a host
 * bridge with a root port. SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_fleet_inventory(const struct sy_fleet *fleet,
                                             const struct sy_fleet_machine *machine,
                                             struct sy_arena *arena, struct sy_inventory *ret,
                                             struct sy_err *err);
/* Which machine is node `i` of `n`: machines in the order of the file, each with its weight's part
 * of the nodes, the rest to the first ones. */
size_t sy_fleet_machine_of(const struct sy_fleet *fleet, uint32_t i, uint32_t n);

#endif
