/* SPDX-License-Identifier: Apache-2.0 */
/* The pod's annotations of ours. What is wrong in one is the pod's refusal, said once and in full;
 * what is unknown is a note. */
#include "base/str.h"
#include "scoring/request_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "switchyard.dev/"
#define TEXT_MAX 1024u                /* bytes of one annotation */
#define MBPS_MAX INT64_C(4000000)     /* 4,000 GB/s */
#define MW_MAX INT64_C(1000000000000) /* 1 GW */

struct annotating {
    const struct sy_catalogue *cat;
    struct sy_arena *arena;
    struct sy_request *request;
    const char *key;  /* of the annotation at hand, without its prefix … */
    const char *text; /* without the blanks around it */
    bool bad;         /* something in it is malformed */
    struct sy_err *err;
};

static enum sy_code no_memory(const struct annotating *a)
{
    return sy_fail(a->err, SY_ENOMEM, "out of memory");
}

/* Bounded, and of printable characters alone. The first one is the pod's refusal, the others are
 * notes: there is room for one of each annotation. */
static enum sy_code malformed(struct annotating *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static enum sy_code malformed(struct annotating *a, const char *fmt, ...)
{
    struct sy_request *request = a->request;
    char why[192], shown[96];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    (void)sy_quote(shown, sizeof shown, a->text, strlen(a->text));
    const char *text = sy_arena_printf(a->arena, PREFIX "%s '%s': %s", a->key, shown, why);
    if (text == NULL)
        return no_memory(a);
    a->bad = true;
    if (request->malformed == NULL)
        request->malformed = text;
    else if (request->nnote < SY_NOTE_MAX)
        request->note[request->nnote++] = text;
    return SY_OK;
}

static enum sy_code note(struct annotating *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static enum sy_code note(struct annotating *a, const char *fmt, ...)
{
    struct sy_request *request = a->request;
    if (request->nnote == SY_NOTE_MAX)
        return SY_OK;
    char text[160];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char *kept = sy_arena_strndup(a->arena, text, strlen(text));
    if (kept == NULL)
        return no_memory(a);
    request->note[request->nnote++] = kept;
    return SY_OK;
}

bool sy_request_entry_has_kind(const struct sy_catalogue *cat, const struct sy_entry *entry,
                               enum sy_kind kind)
{
    for (size_t i = 0; i < sy_catalogue_model_count(cat); i++) {
        const struct sy_model *model = sy_catalogue_model(cat, i);
        if (model->kind == kind && sy_devset_has(&model->resources, entry->resource))
            return true;
    }
    return false;
}

/* What stands left of '=': a kind or a resource name that the pod asks for. */
static bool find_target(const struct annotating *a, const char *name, struct sy_require *ret)
{
    const struct sy_request *request = a->request;
    int kind = sy_kind_find(name);
    int resource = kind < 0 ? sy_catalogue_resource_find(a->cat, name) : -1;
    for (unsigned i = 0; i < request->nentry; i++) {
        const struct sy_entry *entry = &request->entry[i];
        if (kind >= 0 && sy_request_entry_has_kind(a->cat, entry, (enum sy_kind)kind)) {
            *ret = (struct sy_require){.match = 1, .kind = (uint8_t)kind};
            return true;
        }
        if (entry->resource == resource) {
            *ret = (struct sy_require){.match = 2, .entry = (uint8_t)i};
            return true;
        }
    }
    return false;
}

static enum sy_code bad_scope(struct annotating *a, const char *word)
{
    char shown[64];
    (void)sy_quote(shown, sizeof shown, word, strlen(word));
    return malformed(a, "'%s' is not one of slot, switch, root, numa, socket, any", shown);
}

static bool same_target(const struct sy_require *x, const struct sy_require *y)
{
    return x->match == y->match && x->kind == y->kind && x->entry == y->entry;
}

/* Blanks around an annotation, an item and its two sides mean nothing. */
static char *trim(char *text)
{
    static const char blanks[] = " \t\r\n";
    text += strspn(text, blanks);
    size_t len = strlen(text);
    while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
        text[--len] = '\0';
    return text;
}

/* One "what=scope"; `item` is ours to cut. */
static enum sy_code require_item(struct annotating *a, char *item)
{
    struct sy_request *request = a->request;
    char *scope_word = strchr(item, '=');
    char shown[64];
    (void)sy_quote(shown, sizeof shown, item, strlen(item));
    if (scope_word == NULL || scope_word == item)
        return malformed(a, "'%s' is not KIND=SCOPE or RESOURCE=SCOPE", shown);
    *scope_word++ = '\0';
    item = trim(item);
    scope_word = trim(scope_word);
    (void)sy_quote(shown, sizeof shown, item, strlen(item));
    int scope = sy_scope_find(scope_word);
    if (scope < 0)
        return bad_scope(a, scope_word);
    struct sy_require require;
    if (!find_target(a, item, &require))
        return malformed(a, "the pod asks for no '%s'", shown);
    require.scope = (uint8_t)scope;
    for (unsigned i = 0; i < request->nrequire; i++)
        if (same_target(&request->require[i], &require))
            return malformed(a, "'%s' stands twice", shown);
    if (request->nrequire == SY_ENTRY_MAX)
        return malformed(a, "more than %u items", SY_ENTRY_MAX);
    request->require[request->nrequire++] = require;
    return SY_OK;
}

static void drop_any(struct sy_request *request)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < request->nrequire; i++)
        if (request->require[i].scope != SY_SCOPE_ANY)
            request->require[kept++] = request->require[i];
    request->nrequire = (uint8_t)kept;
}

static enum sy_code read_require(struct annotating *a)
{
    char *rest = sy_arena_strndup(a->arena, a->text, strlen(a->text));
    if (rest == NULL)
        return no_memory(a);
    if (strchr(rest, '=') == NULL) {
        int scope = sy_scope_find(rest);
        if (scope < 0)
            return bad_scope(a, rest);
        a->request->require[0] = (struct sy_require){.scope = (uint8_t)scope};
        a->request->nrequire = 1;
        rest = NULL;
    }
    while (rest != NULL && !a->bad) {
        char *item = rest;
        rest = strchr(rest, ',');
        if (rest != NULL)
            *rest++ = '\0';
        enum sy_code code = require_item(a, trim(item));
        if (code != SY_OK)
            return code;
    }
    drop_any(a->request);
    if (a->request->nrequire > 0 && a->request->nentry == 0)
        return note(a, PREFIX "require has no effect: the pod asks for no device");
    return SY_OK;
}

static enum sy_code read_guaranteed(struct annotating *a)
{
    a->request->guaranteed = strcmp(a->text, "true") == 0;
    if (!a->request->guaranteed && strcmp(a->text, "false") != 0)
        return malformed(a, "expected true or false");
    return SY_OK;
}

static enum sy_code read_require_for(struct annotating *a)
{
    int64_t us;
    if (!sy_pod_duration_parse(a->text, &us))
        return malformed(a, "expected a duration such as 90s, 5m or 1h30m");
    if (us == 0)
        return malformed(a, "expected more than 0");
    a->request->require_for_us = us;
    return SY_OK;
}

static enum sy_code read_min_bandwidth(struct annotating *a)
{
    int64_t mbps;
    if (!sy_thousandths_parse(a->text, MBPS_MAX, &mbps) || mbps == 0)
        return malformed(a, "expected GB/s, more than 0 and up to 4000, with at most 3 decimals");
    a->request->min_mbps = (uint32_t)mbps;
    return SY_OK;
}

static enum sy_code read_expected_watts(struct annotating *a)
{
    int64_t mw;
    if (!sy_thousandths_parse(a->text, MW_MAX, &mw) || mw == 0)
        return malformed(
            a, "expected watts, more than 0 and up to 1000000000, with at most 3 decimals");
    a->request->expected_mw = mw;
    return SY_OK;
}

static enum sy_code read_profile(struct annotating *a)
{
    if (*a->text == '\0')
        return malformed(a, "expected the name of a profile");
    a->request->profile = sy_arena_strndup(a->arena, a->text, strlen(a->text));
    return a->request->profile != NULL ? SY_OK : no_memory(a);
}

static const struct {
    const char *key;
    enum sy_code (*read)(struct annotating *);
} known[] = {{"require", read_require},
             {"require-guaranteed", read_guaranteed},
             {"require-for", read_require_for},
             {"min-bandwidth", read_min_bandwidth},
             {"expected-watts", read_expected_watts},
             {"profile", read_profile}};
#define NKNOWN (sizeof known / sizeof known[0])

static enum sy_code read_one(struct annotating *a, const json_t *annotations, unsigned i,
                             const struct sy_path *at)
{
    char key[64];
    (void)snprintf(key, sizeof key, PREFIX "%s", known[i].key);
    const json_t *value = json_object_get(annotations, key);
    if (value == NULL || json_is_null(value))
        return SY_OK;
    if (!json_is_string(value))
        return sy_json_fail_type(SY_PATH_KEY(at, key), "string", value, a->err);
    a->key = known[i].key;
    a->text = json_string_value(value);
    a->bad = false;
    size_t len = json_string_length(value);
    if (len > TEXT_MAX)
        return malformed(a, "%zu bytes long, more than %u", len, TEXT_MAX);
    if (memchr(a->text, '\0', len) != NULL)
        return malformed(a, "holds a NUL byte");
    char *own = sy_arena_strndup(a->arena, a->text, len);
    if (own == NULL)
        return no_memory(a);
    a->text = trim(own);
    return known[i].read(a);
}

static bool is_known(const char *key)
{
    for (unsigned i = 0; i < NKNOWN; i++)
        if (strcmp(key, known[i].key) == 0)
            return true;
    return false;
}

/* A misspelt annotation must not be silent. */
static enum sy_code note_unknown(struct annotating *a, const json_t *annotations)
{
    void *iter = json_object_iter((json_t *)(uintptr_t)annotations);
    for (; iter != NULL; iter = json_object_iter_next((json_t *)(uintptr_t)annotations, iter)) {
        const char *key = json_object_iter_key(iter);
        if (strncmp(key, PREFIX, strlen(PREFIX)) != 0 || is_known(key + strlen(PREFIX)))
            continue;
        char shown[96];
        enum sy_code code =
            note(a, "unknown annotation '%s'", sy_quote(shown, sizeof shown, key, strlen(key)));
        if (code != SY_OK)
            return code;
    }
    return SY_OK;
}

enum sy_code sy_request_annotate(const json_t *annotations, const struct sy_catalogue *cat,
                                 const struct sy_path *at, struct sy_arena *arena,
                                 struct sy_request *ret, struct sy_err *err)
{
    struct annotating a = {.cat = cat, .arena = arena, .request = ret, .err = err};
    enum sy_code code = SY_OK;
    for (unsigned i = 0; i < NKNOWN && code == SY_OK; i++)
        code = read_one(&a, annotations, i, at);
    if (code == SY_OK && annotations != NULL)
        code = note_unknown(&a, annotations);
    bool demands = ret->nrequire > 0 || ret->min_mbps > 0;
    if (code == SY_OK && ret->malformed == NULL && !demands && ret->guaranteed)
        code = note(&a, PREFIX "require-guaranteed has no effect without a requirement");
    if (code == SY_OK && ret->malformed == NULL && !demands && ret->require_for_us > 0)
        code = note(&a, PREFIX "require-for has no effect without a requirement");
    return code;
}
