/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario file: taken whole, within its limits, or refused with its place. */
#include "planner/whatif/scenario.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_step(const struct sy_scenario *scenario, const struct sy_step *step,
                       struct sy_arena *arena)
{
    const char *text = sy_step_text(step, arena);
    bool counted = step->kind == SY_STEP_SUBMIT || step->kind == SY_STEP_ADD_NODES;
    assert(text != NULL &&
           strncmp(text, sy_step_key(step->kind), strlen(sy_step_key(step->kind))) == 0);
    assert(step->line > 0 && step->column > 0);
    assert(counted ? step->count <= SY_SCENARIO_COUNT_MAX : step->count == 0);
    assert(step->mbps <= 100000000 && step->limit_mw >= 0);
    if (step->kind == SY_STEP_SUBMIT)
        assert((step->file != NULL) != (step->manifest != NULL));
    if (step->kind == SY_STEP_POLICY)
        assert(step->file != NULL);
    if (step->kind >= SY_STEP_DRAIN && step->kind <= SY_STEP_FAIL_NODE)
        assert((step->node != NULL) + (step->selector != NULL) + (step->domain != NULL) == 1);
    bool found = step->template_ == NULL;
    for (size_t i = 0; i < scenario->ntemplate; i++)
        found = found || strcmp(scenario->template_[i].name, step->template_) == 0;
    assert(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)256 << 20);
    struct sy_scenario scenario;
    struct sy_err err = {0};
    if (arena == NULL)
        return 0;
    if (sy_scenario_parse("dir/fuzz", (const char *)data, size, arena, &scenario, &err) != SY_OK) {
        assert(strncmp(err.text, "dir/fuzz:", 9) == 0);
        return 0;
    }
    assert(scenario.nstep <= SY_SCENARIO_STEPS_MAX && strcmp(scenario.folder, "dir/") == 0);
    for (size_t i = 0; i < scenario.nstep; i++)
        check_step(&scenario, &scenario.step[i], arena);
    sy_scenario_done(&scenario);
    return 0;
}
