/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/reason.h"

#include <assert.h>

static const struct {
    enum sy_verdict_kind verdict;
    const char *name, *text;
} reasons[] = {
#define X(id, verdict, name, text) {SY_VERDICT_##verdict, name, text},
    SY_REASONS(X)
#undef X
};

static const char *const verdicts[] = {
#define X(id, name) name,
    SY_VERDICTS(X)
#undef X
};

enum sy_verdict_kind sy_reason_verdict(enum sy_reason reason)
{
    assert(reason < SY_REASON_COUNT);
    return reasons[reason].verdict;
}

const char *sy_reason_name(enum sy_reason reason)
{
    assert(reason < SY_REASON_COUNT);
    return reasons[reason].name;
}

const char *sy_reason_text(enum sy_reason reason)
{
    assert(reason < SY_REASON_COUNT);
    return reasons[reason].text;
}

const char *sy_verdict_name(enum sy_verdict_kind kind)
{
    assert(kind < SY_VERDICT_KIND_COUNT);
    return verdicts[kind];
}
