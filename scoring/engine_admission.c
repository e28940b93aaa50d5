/* SPDX-License-Identifier: Apache-2.0 */
/* What the kubelet's Topology Manager means for a verdict. */
#include "scoring/admission.h"
#include "scoring/engine_private.h"

enum sy_code sy_call_affinity(struct sy_call *call, const struct sy_fabric *fabric,
                              const struct sy_usage *usage, enum sy_reason *ret)
{
    enum sy_admission now, ever;
    *ret = SY_REASON_FITS;
    if (!sy_admission_may_refuse(fabric))
        return SY_OK;
    enum sy_code code = sy_call_scratch(call);
    if (code == SY_OK)
        code = sy_admission_check(fabric, usage, call->request, call->scratch, &now, call->err);
    if (code != SY_OK || now != SY_ADMISSION_REFUSED)
        return code;
    code = sy_admission_check(fabric, NULL, call->request, call->scratch, &ever, call->err);
    if (code == SY_OK)
        *ret = ever == SY_ADMISSION_REFUSED ? SY_REASON_AFFINITY_NEVER : SY_REASON_AFFINITY_BUSY;
    return code;
}

enum sy_reason sy_reason_with_affinity(enum sy_reason reason, enum sy_reason affinity, bool exact)
{
    if (affinity == SY_REASON_FITS || sy_reason_verdict(reason) == SY_VERDICT_NEVER)
        return reason;
    if (affinity == SY_REASON_AFFINITY_NEVER)
        return affinity;
    if (sy_reason_verdict(reason) == SY_VERDICT_BUSY)
        return reason;
    return exact ? affinity : SY_REASON_UNKNOWN_NODE;
}
