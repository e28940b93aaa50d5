/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's three calls to the API server: read its Node, read its own object once, write its own
 * object by server-side apply. */
#ifndef SY_AGENT_PUBLISH_H
#define SY_AGENT_PUBLISH_H

#include "agent/decide.h"
#include "base/kube/client.h"

#define SY_FIELD_MANAGER "switchyard-agent"

struct sy_publisher {
    struct sy_kube_client *client;
    const char *node;
    const atomic_bool *stop;
};

/* How a write ended, beside SY_OK. */
struct sy_publish_result {
    bool missing;           /* 404: of the status: the object is gone; of the spec: no such kind */
    int64_t retry_after_us; /* 0 = not said */
};

/* Write the object (JSON text) or its status. Written is what the server answers with 200 or 201
 * and the object itself: a page of something between is no answer. SY_EIO: no answer, or another:
 * the text says what came, and what to do about a 401, 403, 404, 409 or 422. */
SY_NODISCARD enum sy_code sy_publish(const struct sy_publisher *publisher, enum sy_action action,
                                     const char *object, size_t len, struct sy_publish_result *ret,
                                     struct sy_err *err);
/* The node's own object as it stands (new reference); *ret NULL when there is none. *ret_answered,
 * also on failure: the API server said something that it will say again, so no 429 and no 5xx.
 * SY_EIO, also for another object than ours. */
SY_NODISCARD enum sy_code sy_publish_read(const struct sy_publisher *publisher, json_t **ret,
                                          bool *ret_answered, struct sy_err *err);
/* Text of the Node's annotation SY_CORDON_ANNOTATION (sy_free), NULL when it has none. SY_EIO, also
 * for another object than our Node; SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_publish_cordon(const struct sy_publisher *publisher, char **ret,
                                            struct sy_err *err);

#endif
