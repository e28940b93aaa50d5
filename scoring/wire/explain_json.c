/* SPDX-License-Identifier: Apache-2.0 */
/* The small values that every part of an explanation is made of. */
#include "scoring/wire/explain_private.h"

void sy_explain_put(json_t *obj, const char *key, json_t *value)
{
    (void)json_object_set_new(obj, key, value);
}

void sy_explain_add(json_t *array, json_t *value)
{
    (void)json_array_append_new(array, value);
}

json_t *sy_explain_text(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

json_t *sy_thousandths(int64_t value)
{
    return value >= 0 ? json_real((double)value / 1000) : json_null();
}

json_t *sy_known_thousandths(uint32_t value)
{
    return value > 0 ? sy_thousandths(value) : json_null();
}

bool sy_explain_part_watts(const struct sy_value *value)
{
    return (value->unknown >> SY_UNKNOWN_DEVICE_POWER & 1) != 0;
}
