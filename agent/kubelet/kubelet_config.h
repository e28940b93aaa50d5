/* SPDX-License-Identifier: Apache-2.0 */
/* The Topology Manager's settings in the kubelet's own configuration (kind KubeletConfiguration):
 * by them it admits or refuses a pod. Options of its command line go before the file and are not
 * seen here. */
#ifndef SY_AGENT_KUBELET_KUBELET_CONFIG_H
#define SY_AGENT_KUBELET_KUBELET_CONFIG_H

#include "topology/inventory.h"

#define SY_KUBELET_CONFIG_PATH "/var/lib/kubelet/config.yaml"
#define SY_KUBELET_CONFIG_MAX_BYTES (1024u * 1024u) /* of one file */
#define SY_KUBELET_CONFIG_FILES_MAX 64u             /* files of the drop-in folder */

/* `path`: the kubelet's --config, YAML or JSON; NULL = none. `folder`: its --config-dir, NULL =
 * none, absent = empty: every file below it whose name ends in .conf, in the order of their paths,
 * each overriding what came before. What no file says is the kubelet's default: policy `none`,
 * scope `container`. A word that we do not know is UNKNOWN. Fields that are not of the Topology
 * Manager are not looked at. SY_ENOENT (the file), SY_EIO, SY_EPARSE, SY_EINVAL (not a
 * KubeletConfiguration, a wrong type), SY_ELIMIT, SY_ENOMEM; text starts with the file, and line
 * and column where known. */
SY_NODISCARD enum sy_code sy_kubelet_config_read(const char *path, const char *folder,
                                                 struct sy_topology_manager *ret,
                                                 struct sy_err *err);

#endif
