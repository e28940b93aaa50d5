/* SPDX-License-Identifier: Apache-2.0 */
/* Private to scoring: errors that begin with the place in the document. */
#ifndef SY_SCORING_DOC_FAIL_H
#define SY_SCORING_DOC_FAIL_H

#include "base/json.h"

/* "/Pod/spec/containers/0: <text>"; returns `code`. */
enum sy_code sy_doc_fail(const struct sy_path *at, enum sy_code code, struct sy_err *err,
                         const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* SY_EINVAL "PATH: expected <expected>, got <type>". */
enum sy_code sy_doc_fail_type(const struct sy_path *at, const char *expected, const json_t *got,
                              struct sy_err *err);

#endif
