/* SPDX-License-Identifier: Apache-2.0 */
/* Where an API server is and who we are to it: from a kubeconfig or from the pod that we run in.
 * Files of tokens and certificates are remembered by path and read anew when they change. */
#ifndef SY_BASE_KUBE_CONFIG_H
#define SY_BASE_KUBE_CONFIG_H

#include "base/mem.h"

struct sy_kube_config; /* opaque, immutable, may be used by several threads */

/* The current context of a kubeconfig file; relative paths in it are relative to its folder. Read
 * are server, tls-server-name, insecure-skip-tls-verify, certificate-authority(-data), proxy-url,
 * client-certificate(-data), client-key(-data), token, tokenFile, namespace; `exec`,
 * `auth-provider`, username/password and impersonation are SY_EUNSUPPORTED. Errors begin with the
 * file and name line or key. SY_ENOENT, SY_EIO, SY_EPARSE, SY_EINVAL, SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_kube_config_file(const char *path, struct sy_kube_config **ret,
                                              struct sy_err *err);
/* The same of another context; NULL = the current one. */
SY_NODISCARD enum sy_code sy_kube_config_context(const char *path, const char *context,
                                                 struct sy_kube_config **ret, struct sy_err *err);
/* KUBERNETES_SERVICE_HOST and _PORT, and the service account's token, ca.crt and namespace in
 * `folder` (NULL = /var/run/secrets/kubernetes.io/serviceaccount). */
SY_NODISCARD enum sy_code sy_kube_config_in_cluster(const char *folder, struct sy_kube_config **ret,
                                                    struct sy_err *err);
void sy_kube_config_free(struct sy_kube_config *config);                   /* takes NULL */
const char *sy_kube_config_server(const struct sy_kube_config *config);    /* URL, no last '/' */
const char *sy_kube_config_namespace(const struct sy_kube_config *config); /* NULL = not said */

#endif
