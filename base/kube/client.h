/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the API server at a time, over one kept connection. One client per thread. */
#ifndef SY_BASE_KUBE_CLIENT_H
#define SY_BASE_KUBE_CLIENT_H

#include "base/json.h"
#include "base/kube/config.h"

#include <stdatomic.h>

#define SY_KUBE_ANSWER_MAX (4u * 1024u * 1024u) /* bytes of one answer that is read whole */

struct sy_kube_client;

struct sy_kube_call {
    const char *method;       /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *path;         /* from the root, with the query: "/api/v1/namespaces/…?…" */
    const char *content_type; /* of the body; NULL = application/json */
    const char *body;         /* NULL = none */
    size_t body_len;
    unsigned timeout_ms; /* of the whole call, 0 = 10,000 */
};

struct sy_kube_answer {
    unsigned status;         /* HTTP's */
    unsigned retry_after_ms; /* of a 429 or 503, 0 = not said; at most 30,000 */
    json_t *body;            /* the JSON answer, new reference; NULL = empty or not JSON */
    char message[256];       /* Status.message of an answer that is no success, printable; "" */
};

/* `user_agent`: "switchyard-agent/0.1.0". `config` is borrowed. SY_ENOMEM, SY_EIO. */
SY_NODISCARD enum sy_code sy_kube_client_new(const struct sy_kube_config *config,
                                             const char *user_agent, struct sy_kube_client **ret,
                                             struct sy_err *err);
void sy_kube_client_free(struct sy_kube_client *client); /* takes NULL */
/* Ask and wait. SY_OK: an answer of whatever status came (a 401 was tried once more with the token
 * read anew). SY_EIO: none came (text says host, port and why); SY_ELIMIT: it was too long;
 * SY_EINVAL: the path or a header holds what cannot stand there; SY_ENOENT, SY_EIO, SY_EINVAL: the
 * token's file gives none; SY_ENOMEM. `stop`, when not NULL and set by another thread, ends the
 * wait within 100 ms with SY_EIO. */
SY_NODISCARD enum sy_code sy_kube_call(struct sy_kube_client *client,
                                       const struct sy_kube_call *call, const atomic_bool *stop,
                                       struct sy_kube_answer *ret, struct sy_err *err);
void sy_kube_answer_clear(struct sy_kube_answer *answer); /* drops the body */

#endif
