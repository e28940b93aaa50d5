/* SPDX-License-Identifier: Apache-2.0 */
/* Private to planner/report: what the sections share, and the sections. */
#ifndef SY_PLANNER_REPORT_PRIVATE_H
#define SY_PLANNER_REPORT_PRIVATE_H

#include "planner/plan/capacity.h"
#include "planner/plan/workload.h"
#include "planner/report/report.h"
#include "planner/report/write.h"

#define SY_REPORT_KIND "CapacityReport"
#define SY_REPORT_DIFF_KIND "CapacityReportDiff"
#define SY_REPORT_BYTES_MAX ((size_t)4 << 30) /* memory of one report beside its plans */

/* A report being made. */
struct sy_report {
    const struct sy_state *state;
    const struct sy_report_options *options;
    const struct sy_cli *cli; /* may be NULL */
    struct sy_arena *arena;
    struct sy_plan *plan; /* the state as a plan; sections copy it before they change it */
    const char **rack;    /* by node of the state; NULL = none told */
    size_t nread;
    struct sy_workload_pods *read; /* of the options' manifests: shapes point into them */
    size_t nshape;
    struct sy_capacity_shape *shape;
    struct sy_capacity now; /* the plan's */
    json_t *root;
    struct sy_writer w;
};

/* Devices of some group, in units; a virtual function or partition counts as part of its device. */
struct sy_tally {
    int64_t delivered, healthy, allocated;
    int64_t free;       /* healthy, nobody's, on a node that takes pods … */
    int64_t closed;     /* … and on one that does not */
    int64_t held_milli; /* thousandths of devices held */
    int64_t parts;      /* virtual functions of them */
};
void sy_tally_add(struct sy_tally *to, const struct sy_tally *what);
/* Devices of each kind, and of all models, of one node. */
void sy_tally_node(const struct sy_state_node *node, struct sy_tally kind[SY_KIND_COUNT]);
/* The same by model. Where devices are only counted, models that a count may mean are told as one:
 * `sum` of each is the index of the first of them, which has the tally. */
struct sy_tally_model {
    const char *name; /* sy_report_model */
    uint8_t kind;
    uint16_t sum;
    struct sy_tally tally;
};
/* ret[units of the node]; how many there are. */
size_t sy_tally_models(const struct sy_state_node *node, struct sy_tally_model *ret);
/* The same of one unit. */
void sy_tally_unit(const struct sy_state_node *node, unsigned unit, struct sy_tally *ret);
/* Does the node take new pods? */
bool sy_report_takes_pods(const struct sy_state_node *node);
/* Is it devices of the catalogue, of a node that nobody told the devices of? */
bool sy_report_offers(const struct sy_state *state, const struct sy_state_node *node,
                      const struct sy_amount *amount);
/* Kind of the devices that a resource of the catalogue stands for; SY_KIND_COUNT = none. */
unsigned sy_report_kind_of(const struct sy_catalogue *cat, unsigned resource);
/* "{kind}" members of a row: delivered, healthy, allocated, free, closed; all null where `tally` is
 * NULL: not known. */
void sy_write_tally(struct sy_writer *w, json_t *row, const struct sy_tally *tally);
/* Name of what is drawn for a unit: its model, for people. */
const char *sy_report_model(const struct sy_unit *unit);
/* What a held unit may draw: its cap, else its TDP; 0 = unknown. */
int64_t sy_report_unit_mw(const struct sy_node *node, unsigned unit);

/* The sections: each adds its members to report->root. SY_ENOMEM. */
#define SY_REPORT_SECTIONS(X)                                                                      \
    X(cluster)                                                                                     \
    X(devices) X(owners) X(places) X(shapes) X(stranded) X(links) X(power) X(growth) X(data)
#define X(name)                                                                                    \
    SY_NODISCARD enum sy_code sy_report_section_##name(struct sy_report *report,                   \
                                                       struct sy_err *err);
SY_REPORT_SECTIONS(X)
#undef X

#endif
