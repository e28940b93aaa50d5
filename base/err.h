/* SPDX-License-Identifier: Apache-2.0 */
/* The one error convention: a code is returned, a text is left in an error object that lives on
 * the caller's stack. A zeroed object means "no error". The first failure wins: a later sy_fail()
 * on an object that already holds one changes nothing. Callers add context on the way up with
 * sy_wrap(). Nothing here allocates. */
#ifndef SY_BASE_ERR_H
#define SY_BASE_ERR_H

#include <stddef.h>

/* X(id, exit status of a program that ends with it, text) */
#define SY_CODES(X)                                                                                \
    X(OK, 0, "ok")                                                                                 \
    X(EUSAGE, 64, "usage error")                                                                   \
    X(EPARSE, 65, "malformed input")                                                               \
    X(EINVAL, 65, "invalid value")                                                                 \
    X(ELIMIT, 65, "limit exceeded")                                                                \
    X(ECONFLICT, 65, "conflicting values")                                                         \
    X(EUNSUPPORTED, 65, "not supported")                                                           \
    X(ENOENT, 66, "not found")                                                                     \
    X(EINTERNAL, 70, "internal error")                                                             \
    X(ENOMEM, 71, "out of memory")                                                                 \
    X(EIO, 74, "input/output error")

enum sy_code {
#define X(id, exit_status, text) SY_##id,
    SY_CODES(X)
#undef X
        SY_CODE_COUNT
};

struct sy_err {
    enum sy_code code;
    char text[512];
};

#define SY_NODISCARD __attribute__((warn_unused_result))

/* Record a failure and return `code`. Keeps the first error; `err` may be NULL. A text that does
 * not fit is cut and ends in "...". */
enum sy_code sy_fail(struct sy_err *err, enum sy_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same function; as a macro it shows compilers and analysers that what is returned is `code`,
 * and so that what is written only on success is there after it. */
#define sy_fail(err, code, ...)                                                                    \
    __extension__({                                                                                \
        enum sy_code sy_fail_code_ = (code);                                                       \
        (void)(sy_fail)((err), sy_fail_code_, __VA_ARGS__);                                        \
        sy_fail_code_;                                                                             \
    })

/* Put "<formatted context>: " in front of the text of an error that is set, and return its code;
 * does nothing (SY_OK) when `err` is NULL or holds no error. */
enum sy_code sy_wrap(struct sy_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Name of a code in a few words, never NULL; and the exit status of a program that ends with it
 * (sysexits.h values, 0 for SY_OK). */
const char *sy_code_text(enum sy_code code);
int sy_code_exit(enum sy_code code);

#endif
