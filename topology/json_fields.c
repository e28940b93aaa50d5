/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/json_private.h"

#include <string.h>

enum sy_code sy_read_text(const json_t *obj, const char *key, size_t max_len,
                          const struct sy_path *at, struct sy_arena *arena, const char **ret,
                          struct sy_err *err)
{
    const char *text = NULL;
    enum sy_code code = sy_json_str(obj, key, SY_JSON_OPTIONAL, max_len, at, &text, err);
    if (code != SY_OK || text == NULL)
        return code;
    const char *copy = sy_arena_strndup(arena, text, strlen(text));
    if (copy == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    *ret = copy;
    return SY_OK;
}

enum sy_code sy_read_mbps(const json_t *obj, const char *key, const struct sy_path *at,
                          uint32_t *ret, struct sy_err *err)
{
    double gbps = -1;
    enum sy_code code = sy_json_real(obj, key, SY_JSON_OPTIONAL, 0, SY_GBPS_MAX, at, &gbps, err);
    if (code == SY_OK && gbps >= 0)
        *ret = (uint32_t)(gbps * 1000 + 0.5);
    return code;
}

enum sy_code sy_read_mw(const json_t *obj, const char *key, const struct sy_path *at, int64_t *ret,
                        struct sy_err *err)
{
    double watts = -1;
    enum sy_code code = sy_json_real(obj, key, SY_JSON_OPTIONAL, 0, SY_WATTS_MAX, at, &watts, err);
    if (code == SY_OK && watts >= 0)
        *ret = (int64_t)(watts * 1000 + 0.5);
    return code;
}

enum sy_code sy_read_addr(const json_t *obj, const char *key, enum sy_json_need need,
                          const struct sy_path *at, bool *ret_present, struct sy_pci_addr *ret,
                          struct sy_err *err)
{
    const char *text = NULL;
    enum sy_code code = sy_json_str(obj, key, need, SY_NAME_MAX, at, &text, err);
    *ret_present = false;
    if (code != SY_OK || text == NULL)
        return code;
    struct sy_err why = {0};
    if (sy_pci_addr_parse(text, ret, &why) != SY_OK)
        return sy_json_fail(SY_PATH_KEY(at, key), SY_EPARSE, err, "%s", why.text);
    *ret_present = true;
    return SY_OK;
}

void sy_put(json_t *obj, const char *key, json_t *value, bool *ok)
{
    if (json_object_set_new(obj, key, value) != 0)
        *ok = false;
}

void sy_append(json_t *array, json_t *value, bool *ok)
{
    if (json_array_append_new(array, value) != 0)
        *ok = false;
}

void sy_put_text(json_t *obj, const char *key, const char *text, bool *ok)
{
    if (text != NULL)
        sy_put(obj, key, json_string(text), ok);
}

void sy_put_mbps(json_t *obj, const char *key, uint32_t mbps, bool *ok)
{
    if (mbps != 0)
        sy_put(obj, key, json_real(mbps / 1000.0), ok);
}

void sy_put_mw(json_t *obj, const char *key, int64_t mw, bool *ok)
{
    if (mw < 0)
        return;
    bool whole = mw % 1000 == 0;
    sy_put(obj, key, whole ? json_integer(mw / 1000) : json_real((double)mw / 1000.0), ok);
}

void sy_put_uint(json_t *obj, const char *key, uint32_t value, bool *ok)
{
    if (value != 0)
        sy_put(obj, key, json_integer(value), ok);
}

void sy_put_addr(json_t *obj, const char *key, struct sy_pci_addr addr, bool *ok)
{
    char text[SY_PCI_ADDR_TEXT];
    sy_put(obj, key, json_string(sy_pci_addr_format(addr, text)), ok);
}
