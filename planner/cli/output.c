/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/cli/output.h"

#include "base/yaml_dump.h"

#include <errno.h>
#include <string.h>

static const char *const format_names[SY_FORMAT_COUNT] = {
#define X(id, name) [SY_FORMAT_##id] = name,
    SY_FORMATS(X)
#undef X
};

const char *sy_format_name(enum sy_format format)
{
    return format_names[format];
}

void sy_result_init(struct sy_result *result)
{
    *result = (struct sy_result){0};
    sy_str_init(&result->before, SY_OUTPUT_MAX);
    sy_str_init(&result->after, SY_OUTPUT_MAX);
    sy_str_init(&result->document, SY_OUTPUT_MAX);
}

void sy_result_done(struct sy_result *result)
{
    json_decref(result->json);
    for (size_t i = 0; i < result->ntable; i++)
        sy_table_free(result->table[i]);
    sy_str_done(&result->before);
    sy_str_done(&result->after);
    sy_str_done(&result->document);
    sy_result_init(result);
}

struct sy_table *sy_result_table(struct sy_result *result, const char *title,
                                 const struct sy_column *columns, size_t n)
{
    struct sy_table *table = NULL;
    if (result->ntable < sizeof result->table / sizeof result->table[0])
        table = sy_table_new(title, columns, n);
    if (table != NULL)
        result->table[result->ntable++] = table;
    return table;
}

json_t *sy_result_object(const char *kind)
{
    return json_pack("{ssss}", "apiVersion", "switchyard.dev/v1alpha1", "kind", kind);
}

static enum sy_code render_json(const json_t *json, struct sy_str *out, struct sy_err *err)
{
    sy_autofree char *text = NULL;
    size_t len = 0;
    enum sy_code code = sy_json_dump(json, true, &text, &len, err);
    if (code != SY_OK)
        return code;
    sy_str_append_n(out, text, len);
    sy_str_append(out, "\n");
    return SY_OK;
}

static void render_tables(const struct sy_result *result, enum sy_format format, bool headers,
                          struct sy_str *out)
{
    for (size_t i = 0; i < result->ntable; i++) {
        if (i > 0)
            sy_str_append(out, "\n");
        if (format == SY_FORMAT_CSV)
            sy_table_csv(result->table[i], headers, out);
        else
            sy_table_text(result->table[i], format == SY_FORMAT_WIDE, headers, out);
    }
}

static void append_str(struct sy_str *out, const struct sy_str *part)
{
    out->failed |= sy_str_failed(part);
    if (part->len > 0)
        sy_str_append_n(out, part->data, part->len);
}

static enum sy_code render(const struct sy_result *result, enum sy_format format, bool headers,
                           struct sy_str *out, struct sy_err *err)
{
    switch (format) {
    case SY_FORMAT_JSON:
        return render_json(result->json, out, err);
    case SY_FORMAT_YAML:
        return sy_yaml_dump(result->json, out, err);
    case SY_FORMAT_HTML:
    case SY_FORMAT_TEXT:
    case SY_FORMAT_SVG:
        append_str(out, &result->document);
        break;
    case SY_FORMAT_CSV:
        render_tables(result, format, headers, out);
        break;
    case SY_FORMAT_TABLE:
    case SY_FORMAT_WIDE:
    case SY_FORMAT_COUNT:
        append_str(out, &result->before);
        render_tables(result, format, headers, out);
        append_str(out, &result->after);
        break;
    }
    return SY_OK;
}

enum sy_code sy_result_print(const struct sy_result *result, enum sy_format format, bool headers,
                             FILE *out, struct sy_err *err)
{
    struct sy_str text;
    sy_str_init(&text, SY_OUTPUT_MAX);
    enum sy_code code = render(result, format, headers, &text, err);
    if (code == SY_OK && sy_str_failed(&text))
        code =
            sy_fail(err, SY_ENOMEM, "out of memory for the answer, or over its limit of %zu bytes",
                    SY_OUTPUT_MAX);
    if (code == SY_OK &&
        ((text.len > 0 && fwrite(text.data, 1, text.len, out) != text.len) || fflush(out) != 0))
        code = sy_fail(err, SY_EIO, "standard output: %s", strerror(errno));
    sy_str_done(&text);
    return code;
}
