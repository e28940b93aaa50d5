/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. The table of options in config.c is also the text of --help. */
#ifndef SY_EXTENDER_CONFIG_H
#define SY_EXTENDER_CONFIG_H

#include "base/log_line.h"
#include "extender/listen.h"
#include "extender/live/wake.h"

#include <stdio.h>

#define SY_PROGRAM "switchyard-extender"
#define SY_CATALOGUES_MAX 32u    /* --catalogue options */
#define SY_REPORT_OLD_S 90u      /* three heartbeats of the agent */
#define SY_REPORT_EXPIRED_S 300u /* ten */

enum sy_action {
    SY_ACTION_SERVE,
    SY_ACTION_CHECK,        /* load everything once, say what is wrong */
    SY_ACTION_PRINT_CONFIG, /* kube-scheduler's extenders: stanza */
    SY_ACTION_PROBE,        /* ask a running service how it is */
    SY_ACTION_HELP,
    SY_ACTION_VERSION,
};

/* Strings are argv's own. */
struct sy_config {
    enum sy_action action;
    struct sy_address listen, admin;
    /* Where nodes come from: exactly one, or none where the action needs none. */
    const char *feed;       /* a directory */
    const char *kubeconfig; /* an API server */
    bool in_cluster;        /* the API server of the cluster that we run in */
    const char *namespace_; /* our own, NULL = not said */
    enum sy_wake wake;      /* how refused pods are woken */
    bool bind;              /* /bind is served */
    const char *probe;      /* what is asked of a running service: "healthz", "readyz" */
    const char *policy;     /* NULL = the built-in default */
    size_t ncatalogue;
    const char *catalogue[SY_CATALOGUES_MAX];
    enum sy_log_format log;
    int log_fd;         /* standard error */
    const char *record; /* folder that calls are written down in; NULL = they are not */
    unsigned record_max;
    bool allow_remote;
    unsigned idle_s;      /* a kept connection without a request is closed after this */
    unsigned stall_s;     /* a request that does not move is closed after this */
    unsigned rescan_s;    /* the feed is read in full at least this often */
    unsigned connections; /* at most so many at a time on the scheduler's listener */
    unsigned report_old_s, report_expired_s; /* what a node's report is good for, by its age */
};

/* SY_EUSAGE with one line of text. *ret is written only on success. */
SY_NODISCARD enum sy_code sy_config_parse(int argc, char *const *argv, struct sy_config *ret,
                                          struct sy_err *err);
void sy_config_help(FILE *out);

#endif
