/* SPDX-License-Identifier: Apache-2.0 */
/* The NodeFabric object, as it is published and printed. */
#ifndef SY_AGENT_DOCUMENT_H
#define SY_AGENT_DOCUMENT_H

#include "agent/report.h"
#include "base/json.h"

#define SY_DOCUMENT_MAX (1024u * 1024u) /* bytes that readers of node documents take */

/* New references. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_document_spec(const struct sy_report *report, json_t **ret,
                                           struct sy_err *err);
/* `steady`: leave out what changes all the time (times, watts, rates): what remains differs when
 * something happened. */
SY_NODISCARD enum sy_code sy_document_status(const struct sy_report *report, bool steady,
                                             json_t **ret, struct sy_err *err);
/* The object of a node with these parts, each NULL = without it (references are taken). */
SY_NODISCARD enum sy_code sy_document_object(const char *node, json_t *spec, json_t *status,
                                             json_t **ret, struct sy_err *err);
/* As compact JSON (sy_free). SY_ELIMIT: longer than readers take; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_document_bytes(const json_t *object, char **ret, size_t *ret_len,
                                            struct sy_err *err);

#endif
