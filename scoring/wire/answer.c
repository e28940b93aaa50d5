/* SPDX-License-Identifier: Apache-2.0 */
/* What kube-scheduler reads: CamelCase keys, integers, every key present. */
#include "scoring/wire/wire.h"

#include <string.h>

#define APPEND(out, literal) sy_str_append_n((out), literal, sizeof literal - 1)
#define NAME_ROOM 40u /* bytes of an answer per candidate, to begin with */
#define REASON_ROOM 80u

static enum sy_code finish(const struct sy_str *out, struct sy_err *err)
{
    if (!sy_str_failed(out))
        return SY_OK;
    return sy_fail(err, SY_ENOMEM, "no memory for the answer, or more than %zu bytes", out->limit);
}

static bool passes(const struct sy_verdict *verdict)
{
    return sy_reason_verdict((enum sy_reason)verdict->reason) == SY_VERDICT_FITS;
}

static void put_names(const struct sy_args *args, const struct sy_verdict *verdict,
                      struct sy_str *out)
{
    APPEND(out, "{\"Nodes\":null,\"NodeNames\":[");
    bool first = true;
    for (size_t i = 0; i < args->n; i++) {
        if (!passes(&verdict[i]))
            continue;
        if (!first)
            APPEND(out, ",");
        first = false;
        sy_str_append_json(out, args->candidate[i].name, args->candidate[i].len);
    }
    APPEND(out, "]");
}

static void put_nodes(const struct sy_args *args, const struct sy_verdict *verdict,
                      struct sy_str *out)
{
    APPEND(out, "{\"Nodes\":{\"metadata\":{},\"items\":[");
    bool first = true;
    for (size_t i = 0; i < args->n; i++) {
        if (!passes(&verdict[i]))
            continue;
        if (!first)
            APPEND(out, ",");
        first = false;
        sy_str_append_n(out, args->node_text[i].data, args->node_text[i].len);
    }
    APPEND(out, "]},\"NodeNames\":null");
}

/* Never FailedNodes: that would invite a preemption that cannot succeed, again and again. */
static void put_failed(const struct sy_args *args, const struct sy_verdict *verdict,
                       struct sy_str *out)
{
    APPEND(out, ",\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":");
    bool first = true;
    for (size_t i = 0; i < args->n; i++) {
        if (passes(&verdict[i]))
            continue;
        if (first)
            APPEND(out, "{");
        else
            APPEND(out, ",");
        first = false;
        sy_str_append_json(out, args->candidate[i].name, args->candidate[i].len);
        APPEND(out, ":");
        const char *text = sy_verdict_text(&verdict[i]);
        sy_str_append_json(out, text, strlen(text));
    }
    if (first)
        APPEND(out, "null");
    else
        APPEND(out, "}");
}

static size_t expected_length(const struct sy_args *args, const struct sy_verdict *verdict)
{
    size_t len = 256;
    for (size_t i = 0; i < args->n; i++) {
        len += args->candidate[i].len + NAME_ROOM;
        if (!passes(&verdict[i]))
            len += verdict[i].detail != NULL ? strlen(verdict[i].detail) + 16 : REASON_ROOM;
        else if (!args->names_mode)
            len += args->node_text[i].len;
    }
    return len;
}

/* Room for the whole answer at once, where the limit allows so much. */
static void reserve(struct sy_str *out, size_t len)
{
    if (!sy_str_failed(out) && len <= out->limit - out->len)
        (void)sy_str_reserve(out, len);
}

enum sy_code sy_wire_filter(const struct sy_args *args, const struct sy_verdict *verdict,
                            struct sy_str *out, struct sy_err *err)
{
    reserve(out, expected_length(args, verdict));
    if (args->names_mode)
        put_names(args, verdict, out);
    else
        put_nodes(args, verdict, out);
    put_failed(args, verdict, out);
    APPEND(out, ",\"Error\":\"\"}");
    return finish(out, err);
}

enum sy_code sy_wire_prioritize(const struct sy_args *args, const struct sy_verdict *verdict,
                                struct sy_str *out, struct sy_err *err)
{
    size_t len = 2;
    for (size_t i = 0; i < args->n; i++)
        len += args->candidate[i].len + NAME_ROOM;
    reserve(out, len);
    APPEND(out, "[");
    for (size_t i = 0; i < args->n; i++) {
        if (i > 0)
            APPEND(out, ",");
        APPEND(out, "{\"Host\":");
        sy_str_append_json(out, args->candidate[i].name, args->candidate[i].len);
        APPEND(out, ",\"Score\":");
        sy_str_append_u64(out, verdict[i].wire);
        APPEND(out, "}");
    }
    APPEND(out, "]");
    return finish(out, err);
}

enum sy_code sy_wire_filter_error(const char *text, struct sy_str *out, struct sy_err *err)
{
    APPEND(out, "{\"Nodes\":null,\"NodeNames\":null,\"FailedNodes\":null,"
                "\"FailedAndUnresolvableNodes\":null,\"Error\":");
    sy_str_append_json(out, text, strlen(text));
    APPEND(out, "}");
    return finish(out, err);
}
