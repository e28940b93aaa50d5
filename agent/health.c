/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/health.h"

#define SECOND_US INT64_C(1000000)

const char *sy_ailment_text(unsigned ailment)
{
    static const char *const texts[SY_AILMENT_COUNT] = {
#define X(id, text) text,
        SY_AILMENTS(X)
#undef X
    };
    return ailment < SY_AILMENT_COUNT ? texts[ailment] : "";
}

static uint64_t grown(int64_t now, int64_t before)
{
    return now > before && before >= 0 ? (uint64_t)(now - before) : 0;
}

static void begin_window(struct sy_health *health, const struct sy_look *look, int64_t now_us)
{
    health->window_us = now_us;
    health->nonfatal = look->nonfatal;
    health->correctable = look->correctable;
}

/* Counters start at our first look, and anew after a reset of the device. */
static void count(struct sy_health *health, const struct sy_look *look, int64_t now_us)
{
    bool reset = look->fatal < health->fatal || look->nonfatal < health->nonfatal ||
                 look->correctable < health->correctable;
    if (!health->counted || reset || now_us < health->window_us) {
        health->counted = true;
        health->fatal = look->fatal;
        health->nonfatal_before = health->correctable_before = 0;
        begin_window(health, look, now_us);
    }
    if (grown(look->fatal, health->fatal) > 0)
        health->last_fatal_us = now_us;
    health->fatal = look->fatal;
    if (now_us - health->window_us < SY_HEALTH_WINDOW_S * SECOND_US)
        return;
    health->nonfatal_before = grown(look->nonfatal, health->nonfatal);
    health->correctable_before = grown(look->correctable, health->correctable);
    begin_window(health, look, now_us);
}

/* Errors since the window began, or of the whole window before where these were more: so a steady
 * rate does not look good each time a window begins. */
static bool too_many(int64_t now, int64_t at_begin, uint64_t before, uint64_t max)
{
    uint64_t n = grown(now, at_begin);
    return (n > before ? n : before) > max;
}

static enum sy_ailment judge_errors(const struct sy_health *health, const struct sy_look *look,
                                    int64_t now_us)
{
    if (health->last_fatal_us != 0 &&
        now_us - health->last_fatal_us < SY_HEALTH_FATAL_HOLD_S * SECOND_US)
        return SY_AILMENT_FATAL;
    if (health->had_link && look->max_width > 0 && look->cur_width == 0)
        return SY_AILMENT_LINK_DOWN;
    if (too_many(look->nonfatal, health->nonfatal, health->nonfatal_before, SY_HEALTH_NONFATAL_MAX))
        return SY_AILMENT_NONFATAL;
    if (too_many(look->correctable, health->correctable, health->correctable_before,
                 SY_HEALTH_CORRECTABLE_MAX))
        return SY_AILMENT_CORRECTABLE;
    return SY_AILMENT_NONE;
}

static enum sy_ailment judge(struct sy_health *health, const struct sy_look *look, int64_t now_us)
{
    if (!look->present) {
        health->counted = false; /* what comes back counts from zero */
        health->had_link = false;
        return SY_AILMENT_LOST;
    }
    count(health, look, now_us);
    health->had_link = health->had_link || look->cur_width > 0;
    if (look->driver_matters && look->is_vfio)
        return SY_AILMENT_GONE_AWAY;
    if (look->driver_matters && !look->has_driver)
        return SY_AILMENT_NO_DRIVER;
    if (look->was_offered && !look->is_offered)
        return SY_AILMENT_NOT_OFFERED;
    return judge_errors(health, look, now_us);
}

static bool look_well(struct sy_health *health)
{
    health->bad = health->same = 0;
    if (!health->unhealthy || ++health->good < SY_HEALTH_GOOD_LOOKS)
        return false;
    health->unhealthy = false;
    health->good = 0;
    return true;
}

static void step(uint16_t *count)
{
    if (*count < UINT16_MAX)
        (*count)++;
}

bool sy_health_look(struct sy_health *health, const struct sy_look *look, int64_t now_us)
{
    enum sy_ailment ailment = judge(health, look, now_us);
    if (ailment == SY_AILMENT_NONE)
        return look_well(health);
    health->good = 0;
    step(&health->bad);
    health->same = ailment == (enum sy_ailment)health->seen ? health->same : 0;
    step(&health->same);
    health->seen = (uint8_t)ailment;
    /* While it is unhealthy another ailment is shown only when it lasts: a reason that jumps to and
     * fro would be a change of state each time. */
    uint16_t looks = health->unhealthy ? health->same : health->bad;
    bool known = health->unhealthy && health->ailment == (uint8_t)ailment;
    if (known || (ailment != SY_AILMENT_LOST && looks < SY_HEALTH_BAD_LOOKS))
        return false;
    health->unhealthy = true;
    health->ailment = (uint8_t)ailment;
    health->since_us = now_us;
    return true;
}
