/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values written as YAML for people: block style, keys in insertion order. What is written
 * reads back as the same value, in base/yaml.h and in any reader of YAML 1.1 or 1.2: a text is
 * quoted whenever a reader could take it for something else. */
#ifndef SY_BASE_YAML_DUMP_H
#define SY_BASE_YAML_DUMP_H

#include "base/json.h"
#include "base/str.h"

#define SY_YAML_DUMP_DEPTH_MAX 64u /* as deep as base/yaml.h reads */

/* Append `value` to `out`, with a line end behind it. SY_ELIMIT: nested deeper than the limit;
 * SY_ENOMEM: no memory, or past the buffer's own limit. */
SY_NODISCARD enum sy_code sy_yaml_dump(const json_t *value, struct sy_str *out, struct sy_err *err);

#endif
