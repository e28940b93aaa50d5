/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/status.h"

#include <string.h>

#define DEPTH_MAX 100u

enum sy_code sy_kube_status_read(const char *text, size_t len, json_t **ret, struct sy_err *err)
{
    const struct sy_json_limits limits = {.max_bytes = len, .max_depth = DEPTH_MAX};
    json_t *root = NULL;
    enum sy_code code = len > 0 ? sy_json_parse(text, len, &limits, &root, NULL) : SY_EPARSE;
    if (code == SY_ENOMEM)
        return sy_fail(err, SY_ENOMEM, "out of memory for an answer");
    *ret = code == SY_OK ? root : NULL;
    return SY_OK;
}

/* Quotes stay as they are, unlike in sy_quote: the server's messages are full of them. */
void sy_kube_status_message(const json_t *status, char *buf, size_t size)
{
    const char *text = json_string_value(json_object_get(status, "message"));
    text = text != NULL ? text : "";
    size_t len = strlen(text), n = len < size ? len : size - 1;
    while (n < len && n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--; /* not half a character */
    for (size_t i = 0; i < n; i++)
        buf[i] = (char)((unsigned char)text[i] < ' ' || text[i] == 0x7F ? ' ' : text[i]);
    buf[n] = '\0';
}

unsigned sy_kube_status_code(const json_t *status)
{
    json_int_t code = json_integer_value(json_object_get(status, "code"));
    return code > 0 && code < 1000 ? (unsigned)code : 0;
}

unsigned sy_kube_status_retry_after_ms(const json_t *status)
{
    const json_t *details = json_object_get(status, "details");
    json_int_t seconds = json_integer_value(json_object_get(details, "retryAfterSeconds"));
    if (seconds > SY_KUBE_RETRY_AFTER_MAX_S)
        seconds = SY_KUBE_RETRY_AFTER_MAX_S;
    return seconds > 0 ? (unsigned)seconds * 1000 : 0;
}
