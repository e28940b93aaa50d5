/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/extract.h"
#include "base/str.h"
#include "planner/check/check.h"

#include <string.h>

static const char *const names[SY_FILE_KIND_COUNT] = {
#define X(id, name) [SY_FILE_##id] = name,
    SY_FILE_KINDS(X)
#undef X
};

const char *sy_file_kind_name(enum sy_file_kind kind)
{
    return names[kind];
}

static enum sy_file_kind kind_of(const char *text, size_t len)
{
    for (enum sy_file_kind kind = SY_FILE_CATALOGUE; kind < SY_FILE_OBJECTS; kind++)
        if (strlen(names[kind]) == len && memcmp(names[kind], text, len) == 0)
            return kind;
    return SY_FILE_OBJECTS;
}

static enum sy_code pass_by(void *data, json_t *document, struct sy_err *err)
{
    (void)data;
    (void)document;
    (void)err;
    return SY_OK;
}

static enum sy_code take_top(void *data, json_t *document, struct sy_err *err)
{
    enum sy_file_kind *kind = data;
    const json_t *text = json_object_get(document, "kind");
    (void)err;
    if (json_is_string(text))
        *kind = kind_of(json_string_value(text), json_string_length(text));
    return SY_OK;
}

/* kubectl writes a List's `kind` behind its items. A text that is no JSON is told by its reader. */
static enum sy_file_kind kind_of_json(const char *data, size_t len)
{
    static const struct sy_kube_field nothing[] = {{.key = NULL}};
    static const struct sy_kube_field top[] = {{.key = "kind"}, {.key = NULL}};
    enum sy_file_kind kind = SY_FILE_KIND_COUNT;
    const struct sy_kube_extract_options options = {.fields = nothing,
                                                    .items_key = "items",
                                                    .fields_top = top,
                                                    .document = pass_by,
                                                    .top = take_top,
                                                    .data = &kind};
    struct sy_kube_extract *extract = NULL;
    struct sy_err err = {0};
    enum sy_code code = sy_kube_extract_new(&options, &extract, &err);
    if (code == SY_OK)
        code = sy_kube_extract_feed(extract, data, len, &err);
    if (code == SY_OK)
        code = sy_kube_extract_end(extract, &err);
    sy_kube_extract_free(extract);
    return kind == SY_FILE_KIND_COUNT && code != SY_OK ? SY_FILE_OBJECTS : kind;
}

/* A key that only a policy has, at the beginning of a line. */
static bool is_policy_key(const char *line, size_t len)
{
    static const char *const keys[] = {
        "profiles:",         "defaultProfile:",   "wire:", "power:", "powerDomains:", "workload:",
        "unknownNodeScore:", "searchBudgetSteps:"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (len >= strlen(keys[i]) && memcmp(line, keys[i], strlen(keys[i])) == 0)
            return true;
    return false;
}

/* The first line "kind: NAME" of a YAML file. */
static enum sy_file_kind kind_of_yaml(const char *data, size_t len)
{
    static const char key[] = "kind:";
    const char *end = data + len;
    enum sy_file_kind without = SY_FILE_KIND_COUNT;
    for (const char *line = data; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL)
            stop = end;
        if ((size_t)(stop - line) > sizeof key - 1 && memcmp(line, key, sizeof key - 1) == 0) {
            const char *word = line + sizeof key - 1;
            while (word < stop && strchr(" \"'\t", *word) != NULL)
                word++;
            const char *behind = word;
            while (behind < stop && strchr(" \"'\t\r#", *behind) == NULL)
                behind++;
            return kind_of(word, (size_t)(behind - word));
        }
        if (is_policy_key(line, (size_t)(stop - line)))
            without = SY_FILE_POLICY;
        line = stop + 1;
    }
    return without;
}

enum sy_code sy_check_sniff(const char *path, const char *data, size_t len, enum sy_file_kind *ret,
                            struct sy_err *err)
{
    size_t at = 0;
    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (at < len && data[at] != '\0' && strchr(" \t\r\n", data[at]) != NULL)
        at++;
    if (at == len)
        return sy_fail(err, SY_EPARSE, "%s: empty", path);
    if (data[at] == '<')
        *ret = SY_FILE_TOPOLOGY;
    else
        *ret = data[at] == '{' ? kind_of_json(data, len) : kind_of_yaml(data, len);
    if (*ret == SY_FILE_KIND_COUNT)
        return sy_fail(err, SY_EINVAL, "%s: neither a topology's XML nor a document with a 'kind'",
                       path);
    return SY_OK;
}
