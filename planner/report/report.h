/* SPDX-License-Identifier: Apache-2.0 */
/* What capacity a cluster has: one JSON object (deploy/schemas/report.schema.json) from which
 * tables, CSV and the HTML page are drawn, so that all of them say the same. */
#ifndef SY_PLANNER_REPORT_REPORT_H
#define SY_PLANNER_REPORT_REPORT_H

#include "planner/cli/cli.h"
#include "planner/plan/plan.h"

extern const struct sy_command sy_command_report;

#define SY_REPORT_ARRIVALS_MAX 64u  /* shapes that arrive */
#define SY_REPORT_TEMPLATES_MAX 64u /* nodes that can be bought */
#define SY_REPORT_SHAPES_MAX 32u    /* shapes that are counted, the most asked for first */

/* Pods of one shape arrive so many a day; the rate itself lies within rate ± spread. */
struct sy_arrival {
    const char *shape; /* name or number of a shape */
    double per_day, spread;
};

struct sy_report_options {
    const char *rack_label;    /* NULL: topology.kubernetes.io/rack */
    const char *const *shapes; /* manifests whose pods are the shapes … */
    size_t nshapes;            /* … 0: the cluster's own pods */
    struct sy_arrival arrival[SY_REPORT_ARRIVALS_MAX];
    size_t narrival;
    const char *const *template_; /* files of nodes that can be bought */
    size_t ntemplate;
    int64_t horizon_days; /* growth is looked at for so long */
    size_t top;           /* rows of long tables on screen and in HTML */
};
void sy_report_options_init(struct sy_report_options *options);

/* The report of a state. Texts of options must live as long as the call. `cli` may be NULL (it
 * shows progress and notes). SY_EINVAL: no node, a shape or a template that is malformed;
 * SY_ELIMIT; SY_ENOMEM. The caller owns *ret (json_decref). */
SY_NODISCARD enum sy_code sy_report_make(const struct sy_state *state,
                                         const struct sy_report_options *options,
                                         const struct sy_cli *cli, json_t **ret,
                                         struct sy_err *err);
/* What changed between two reports. SY_EINVAL: one of them is no report (with the path); SY_ENOMEM.
 * The caller owns *ret. */
SY_NODISCARD enum sy_code sy_report_diff(const json_t *before, const json_t *after, json_t **ret,
                                         struct sy_err *err);
/* Its tables, into `result`; `section` (n of them; 0 = all) picks. A table for people has at most
 * `top` rows and says how many more there are; wide and csv have all. In csv with several sections
 * the first column names the section. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_report_tables(const json_t *report, enum sy_format format, size_t top,
                                           const char *const *section, size_t n,
                                           struct sy_result *result, struct sy_err *err);
/* The page: one file, no script, nothing from elsewhere. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_report_html(const json_t *report, size_t top, struct sy_str *out,
                                         struct sy_err *err);
SY_NODISCARD enum sy_code sy_report_diff_tables(const json_t *diff, struct sy_result *result,
                                                struct sy_err *err);
SY_NODISCARD enum sy_code sy_report_diff_html(const json_t *diff, struct sy_str *out,
                                              struct sy_err *err);

#endif
