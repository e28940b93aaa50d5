/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/scheduler/scheduler.h"

static const struct {
    const char *plugin, *text;
} stages[SY_STAGE_COUNT] = {
#define X(id, plugin, text) [SY_STAGE_##id] = {plugin, text},
    SY_STAGES(X)
#undef X
};

static const char *const plugins[SY_PLUGIN_COUNT] = {
#define X(id, plugin, weight) [SY_PLUGIN_##id] = plugin,
    SY_PLUGINS(X)
#undef X
};

const char *sy_stage_plugin(enum sy_stage stage)
{
    return stages[stage].plugin;
}

const char *sy_stage_text(enum sy_stage stage)
{
    return stages[stage].text;
}

const char *sy_plugin_name(enum sy_plugin plugin)
{
    return plugins[plugin];
}
