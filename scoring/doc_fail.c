/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/doc_fail.h"

#include <stdarg.h>
#include <stdio.h>

enum sy_code sy_doc_fail(const struct sy_path *at, enum sy_code code, struct sy_err *err,
                         const char *fmt, ...)
{
    char where[256], text[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)sy_path_format(at, where, sizeof where);
    return sy_fail(err, code, "%s: %s", where[0] != '\0' ? where : "/", text);
}

enum sy_code sy_doc_fail_type(const struct sy_path *at, const char *expected, const json_t *got,
                              struct sy_err *err)
{
    return sy_doc_fail(at, SY_EINVAL, err, "expected %s, got %s", expected, sy_json_type(got));
}
