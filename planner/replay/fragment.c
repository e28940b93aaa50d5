/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/fragment.h"

/* Why a typical pod cannot use what is free; each has a sum of its own. */
enum { LACK_BOTH, LACK_DEVICE, LACK_CPU, CPU_POD_FITS, CPU_POD_LACKS, NO_ACCESS, REASONS };

enum sy_code sy_fragment_new(const struct sy_replay_typical *typical, size_t n,
                             struct sy_fragment **ret, struct sy_err *err)
{
    struct sy_fragment *fragment = sy_malloc(sizeof *fragment + n * sizeof *fragment->kind);
    if (fragment == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the typical pods");
    fragment->n = n;
    for (size_t i = 0; i < n; i++)
        fragment->kind[i] = (struct sy_fragment_kind){.share = typical[i].share,
                                                      .cpu_milli = typical[i].pod.cpu_milli,
                                                      .device_milli = typical[i].pod.device_milli,
                                                      .devices = typical[i].pod.devices,
                                                      .models = typical[i].pod.models};
    *ret = fragment;
    return SY_OK;
}

/* Milli of devices that are too small for the kind; *ret_fit: how many are not. */
static int32_t too_small(const struct sy_replay_shape *shape, const struct sy_replay_state *state,
                         int16_t milli, unsigned *ret_fit)
{
    int32_t sum = 0;
    unsigned fit = 0;
    for (unsigned g = 0; g < shape->devices; g++) {
        bool small = state->left[g] < milli;
        sum += small ? state->left[g] : 0;
        fit += !small;
    }
    *ret_fit = fit;
    return sum;
}

double sy_fragment_of(const struct sy_fragment *fragment, const struct sy_replay_shape *shape,
                      const struct sy_replay_state *state)
{
    double sum[REASONS] = {0}, total = 0;
    double all = (double)state->total_left;
    uint64_t model = UINT64_C(1) << shape->model;
    for (size_t i = 0; i < fragment->n; i++) {
        const struct sy_fragment_kind *kind = &fragment->kind[i];
        bool cpu = state->cpu_left >= kind->cpu_milli;
        if (kind->devices == 0) {
            sum[cpu ? CPU_POD_FITS : CPU_POD_LACKS] += kind->share * all;
        } else if (kind->models != 0 && (kind->models & model) == 0) {
            sum[NO_ACCESS] += kind->share * all;
        } else {
            unsigned fit;
            int32_t small = too_small(shape, state, kind->device_milli, &fit);
            if (fit < kind->devices)
                sum[cpu ? LACK_DEVICE : LACK_BOTH] += kind->share * all;
            else if (!cpu)
                sum[LACK_CPU] += kind->share * all;
            else
                sum[LACK_DEVICE] += kind->share * (double)small;
        }
    }
    for (int reason = 0; reason < REASONS; reason++)
        total += sum[reason];
    return total;
}
