/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's command line. The table of options in config.c is also the text of --help. */
#ifndef SY_AGENT_CONFIG_H
#define SY_AGENT_CONFIG_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SY_AGENT_PROGRAM "switchyard-agent"
#define SY_AGENT_CATALOGUES_MAX 32u /* --catalogue options */

enum sy_agent_action { SY_AGENT_RUN, SY_AGENT_HELP, SY_AGENT_VERSION };
enum sy_agent_output { SY_AGENT_YAML, SY_AGENT_JSON };

/* Strings are argv's own. */
struct sy_agent_config {
    enum sy_agent_action action;
    const char *node;       /* NULL only where the action needs none */
    const char *kubeconfig; /* NULL: in_cluster, or no API server (--once alone) */
    bool in_cluster;
    const char *kubelet_socket, *checkpoint; /* NULL = not to be read ("none") */
    const char *kubelet_config, *kubelet_config_dir;
    const char *root;        /* holds sys/ and proc/ */
    const char *nvml, *dcmi; /* libraries, NULL = none */
    bool once;
    bool print; /* -o was given */
    enum sy_agent_output output;
    size_t ncatalogue;
    const char *catalogue[SY_AGENT_CATALOGUES_MAX];
    int64_t limit_mw, base_mw; /* -1 = not given */
    const char *limit_file;    /* NULL = none */
    unsigned heartbeat_s, scan_s, poll_ms;
};

/* SY_EUSAGE with one line of text. *ret is written only on success. */
SY_NODISCARD enum sy_code sy_agent_config_parse(int argc, char *const *argv,
                                                struct sy_agent_config *ret, struct sy_err *err);
void sy_agent_config_help(FILE *out);
/* Watts as people write them, "5600" or "5600.5", blanks around; up to 10 MW. */
bool sy_agent_watts_parse(const char *text, int64_t *ret_mw);

#endif
