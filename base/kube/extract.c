/* SPDX-License-Identifier: Apache-2.0 */
/* Structure is tracked here, tokens are read by scan.c, what is wanted is put together by keep.c.
 */
#include "base/kube/keep.h"
#include "base/kube/scan.h"

#include <assert.h>
#include <string.h>

#define DEPTH_MAX 10000u /* where an API server's own decoder gives up */
#define SLICE 4096u      /* bytes of a string read before its length is looked at */

enum expect {
    EXPECT_DOCUMENT, /* between documents */
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* behind '[' */
    EXPECT_KEY,
    EXPECT_KEY_OR_END, /* behind '{' */
    EXPECT_COLON,
    EXPECT_COMMA, /* or the end of the list or object */
    EXPECT_NOTHING
};

enum token { TOKEN_NONE, TOKEN_STRING, TOKEN_NUMBER, TOKEN_WORD };

struct sy_kube_extract {
    struct sy_keep keep;
    const char *items_key;
    unsigned max_depth;
    size_t max_string;
    enum expect expect;
    enum token token;
    bool is_key;   /* the string that is read */
    bool keeping;  /* its text, or the number's */
    bool in_items; /* the array whose elements are documents: its depth is 2 */
    bool had_items, failed;
    bool named_items; /* had_items, or they were null */
    struct sy_scan_string string;
    enum sy_scan_number number;
    const char *word;
    size_t word_at;
    uint64_t at;                          /* bytes taken in, this one not counted */
    unsigned depth;                       /* of open lists and objects */
    uint8_t is_object[DEPTH_MAX / 8 + 1]; /* a bit of each */
    struct sy_str key, text;
};

static enum sy_code broken(struct sy_kube_extract *x, const char *what, struct sy_err *err)
{
    return sy_fail(err, SY_EPARSE, "byte %llu: %s", (unsigned long long)x->at + 1, what);
}

static bool in_object(const struct sy_kube_extract *x)
{
    return x->depth > 0 && x->is_object[(x->depth - 1) / 8] >> ((x->depth - 1) % 8) & 1;
}

/* Members of the stream's own object, in which the array of documents stands. */
static bool beside_items(const struct sy_kube_extract *x)
{
    return x->items_key != NULL && x->depth == 1;
}

/* The value that begins is a document of its own. */
static bool is_document(const struct sy_kube_extract *x)
{
    return x->items_key != NULL ? x->in_items && x->depth == 2 : x->depth == 0;
}

/* The name that the value at hand has in its object. */
static const char *name_of(const struct sy_kube_extract *x)
{
    return x->key.len > 0 ? x->key.data : "";
}

static bool is_items(const struct sy_kube_extract *x)
{
    return x->items_key != NULL && x->depth == 1 && strcmp(name_of(x), x->items_key) == 0;
}

/* A value is complete. */
static enum sy_code value_done(struct sy_kube_extract *x, struct sy_err *err)
{
    x->expect = EXPECT_COMMA;
    if (x->depth == 0)
        x->expect = x->items_key != NULL ? EXPECT_NOTHING : EXPECT_DOCUMENT;
    if (is_document(x))
        return sy_keep_document(&x->keep, err);
    return x->depth == 0 ? sy_keep_top(&x->keep, err) : SY_OK;
}

/* What a value is to us, before its first byte is taken: `opening` is that byte. */
static enum sy_code value_begins(struct sy_kube_extract *x, char opening, struct sy_err *err)
{
    if (!in_object(x))
        x->key.len = 0;
    if (x->items_key != NULL && x->depth == 0 && opening != '{')
        return broken(x, "expected an object", err);
    if (is_items(x)) {
        if (x->had_items)
            return broken(x, "a second list of items", err);
        if (opening != '[' && opening != 'n')
            return broken(x, "items: expected a list", err);
        x->had_items = x->in_items = opening == '[';
        x->named_items = true;
        sy_keep_nothing(&x->keep);
    } else if (is_document(x)) {
        sy_keep_begin(&x->keep);
    } else {
        sy_keep_look(&x->keep, x->depth, in_object(x) ? name_of(x) : NULL);
    }
    return SY_OK;
}

static enum sy_code open_container(struct sy_kube_extract *x, char c, struct sy_err *err)
{
    if (x->depth == DEPTH_MAX)
        return sy_fail(err, SY_ELIMIT, "byte %llu: nested more than %u deep",
                       (unsigned long long)x->at + 1, DEPTH_MAX);
    if (x->depth >= x->max_depth) {
        enum sy_code code = sy_keep_refuse(&x->keep, SY_ELIMIT, x->at, err,
                                           "nested more than %u deep", x->max_depth);
        if (code != SY_OK)
            return code;
    }
    uint8_t bit = (uint8_t)(1u << (x->depth % 8)), *bits = &x->is_object[x->depth / 8];
    *bits = (uint8_t)(c == '{' ? *bits | bit : *bits & ~bit);
    x->depth++;
    x->expect = c == '{' ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    return sy_keep_open(&x->keep, x->depth, c == '{', name_of(x), x->key.len, x->at, err);
}

static enum sy_code close_container(struct sy_kube_extract *x, struct sy_err *err)
{
    sy_keep_close(&x->keep, x->depth);
    x->depth--;
    if (x->in_items && x->depth == 1)
        x->in_items = false;
    return value_done(x, err);
}

static void begin_string(struct sy_kube_extract *x, bool is_key)
{
    x->token = TOKEN_STRING;
    x->is_key = is_key;
    x->string = (struct sy_scan_string){0};
    if (is_key)
        x->key.len = 0;
    else
        x->text.len = 0;
    x->keeping =
        is_key ? beside_items(x) || sy_keep_names(&x->keep, x->depth) : sy_keep_wanted(&x->keep);
}

static enum sy_code begin_value(struct sy_kube_extract *x, char c, struct sy_err *err)
{
    static const char *const words[] = {"true", "false", "null"};
    enum sy_code code = value_begins(x, c, err);
    if (code != SY_OK)
        return code;
    if (c == '{' || c == '[')
        return open_container(x, c, err);
    if (c == '"') {
        begin_string(x, false);
        return SY_OK;
    }
    x->number = SY_SCAN_NUMBER_START;
    if (sy_scan_number(&x->number, c)) {
        x->token = TOKEN_NUMBER;
        x->keeping = sy_keep_wanted(&x->keep);
        x->text.len = 0;
        if (x->keeping)
            sy_str_append_n(&x->text, &c, 1);
        return SY_OK;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i][0] == c) {
            x->token = TOKEN_WORD;
            x->word = words[i];
            x->word_at = 1;
            return SY_OK;
        }
    return broken(x, "expected a value", err);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* A byte between tokens. */
static enum sy_code structure(struct sy_kube_extract *x, char c, struct sy_err *err)
{
    if (is_space(c))
        return SY_OK;
    switch (x->expect) {
    case EXPECT_VALUE_OR_END:
        if (c == ']')
            return close_container(x, err);
        return begin_value(x, c, err);
    case EXPECT_DOCUMENT:
    case EXPECT_VALUE:
        return begin_value(x, c, err);
    case EXPECT_KEY_OR_END:
        if (c == '}')
            return close_container(x, err);
        if (c != '"')
            return broken(x, "expected a name or '}'", err);
        begin_string(x, true);
        return SY_OK;
    case EXPECT_KEY:
        if (c != '"')
            return broken(x, "expected a name", err);
        begin_string(x, true);
        return SY_OK;
    case EXPECT_COLON:
        if (c != ':')
            return broken(x, "expected ':'", err);
        x->expect = EXPECT_VALUE;
        return SY_OK;
    case EXPECT_COMMA:
        if (c == (in_object(x) ? '}' : ']'))
            return close_container(x, err);
        if (c != ',')
            return broken(x, in_object(x) ? "expected ',' or '}'" : "expected ',' or ']'", err);
        x->expect = in_object(x) ? EXPECT_KEY : EXPECT_VALUE;
        return SY_OK;
    case EXPECT_NOTHING:
        break;
    }
    return broken(x, "expected nothing more", err);
}

static enum sy_code string_done(struct sy_kube_extract *x, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    struct sy_str *text = x->is_key ? &x->key : &x->text;
    x->token = TOKEN_NONE;
    if (x->string.bad != NULL)
        code = sy_keep_refuse(&x->keep, SY_EPARSE, x->at, err, "%s", x->string.bad);
    else if (x->is_key && x->keeping && x->string.has_nul)
        code = sy_keep_refuse(&x->keep, SY_EPARSE, x->at, err, "a name holds a NUL character");
    if (x->is_key) {
        x->expect = EXPECT_COLON;
        return code;
    }
    if (code == SY_OK)
        code = sy_keep_string(&x->keep, name_of(x), x->key.len, text->data, text->len, x->at, err);
    return code == SY_OK ? value_done(x, err) : code;
}

/* A slice of a string; *ret_taken bytes of it were taken. */
static enum sy_code string_goes_on(struct sy_kube_extract *x, const char *data, size_t len,
                                   size_t *ret_taken, struct sy_err *err)
{
    struct sy_str *text = x->is_key ? &x->key : &x->text;
    const char *why = NULL;
    enum sy_scan_end end = sy_scan_string(&x->string, data, len < SLICE ? len : SLICE,
                                          x->keeping ? text : NULL, ret_taken, &why);
    x->at += *ret_taken;
    if (end == SY_SCAN_BROKEN)
        return broken(x, why, err);
    if (x->keeping && sy_str_failed(text))
        return sy_fail(err, SY_ENOMEM, "out of memory for a string");
    if (x->keeping && text->len > x->max_string) {
        enum sy_code code =
            sy_keep_refuse(&x->keep, SY_ELIMIT, x->at, err, "a %s is longer than %zu bytes",
                           x->is_key ? "name" : "string", x->max_string);
        if (code != SY_OK)
            return code;
        x->keeping = false;
        text->len = 0;
    }
    return end == SY_SCAN_DONE ? string_done(x, err) : SY_OK;
}

static enum sy_code number_done(struct sy_kube_extract *x, struct sy_err *err)
{
    x->token = TOKEN_NONE;
    if (!sy_scan_number_whole(x->number))
        return broken(x, "invalid number", err);
    enum sy_code code = SY_OK;
    if (x->keeping)
        code = sy_keep_number(&x->keep, name_of(x), x->key.len, x->text.data,
                              sy_scan_number_real(x->number), x->at, err);
    return code == SY_OK ? value_done(x, err) : code;
}

/* The byte behind a number is left for structure(). */
static enum sy_code number_goes_on(struct sy_kube_extract *x, char c, size_t *ret_taken,
                                   struct sy_err *err)
{
    *ret_taken = 0;
    if (!sy_scan_number(&x->number, c)) {
        if (!is_space(c) && c != ',' && c != ']' && c != '}')
            return broken(x, "invalid number", err);
        return number_done(x, err);
    }
    *ret_taken = 1;
    x->at++;
    if (!x->keeping)
        return SY_OK;
    sy_str_append_n(&x->text, &c, 1);
    if (sy_str_failed(&x->text))
        return sy_fail(err, SY_ENOMEM, "out of memory for a number");
    if (x->text.len <= x->max_string)
        return SY_OK;
    x->keeping = false;
    return sy_keep_refuse(&x->keep, SY_ELIMIT, x->at, err, "a number is longer than %zu bytes",
                          x->max_string);
}

static enum sy_code word_goes_on(struct sy_kube_extract *x, char c, struct sy_err *err)
{
    if (c != x->word[x->word_at])
        return broken(x, "expected a value", err);
    x->at++;
    if (x->word[++x->word_at] != '\0')
        return SY_OK;
    x->token = TOKEN_NONE;
    enum sy_code code = sy_keep_word(&x->keep, name_of(x), x->key.len, x->word[0], x->at, err);
    return code == SY_OK ? value_done(x, err) : code;
}

enum sy_code sy_kube_extract_feed(struct sy_kube_extract *x, const char *data, size_t len,
                                  struct sy_err *err)
{
    enum sy_code code = SY_OK;
    assert(!x->failed);
    for (size_t i = 0, taken = 1; code == SY_OK && i < len; i += taken) {
        taken = 1;
        switch (x->token) {
        case TOKEN_STRING:
            code = string_goes_on(x, data + i, len - i, &taken, err);
            break;
        case TOKEN_NUMBER:
            code = number_goes_on(x, data[i], &taken, err);
            break;
        case TOKEN_WORD:
            code = word_goes_on(x, data[i], err);
            break;
        case TOKEN_NONE:
            code = structure(x, data[i], err);
            x->at++;
            break;
        }
    }
    x->failed = code != SY_OK;
    return code;
}

enum sy_code sy_kube_extract_end(struct sy_kube_extract *x, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    assert(!x->failed);
    if (x->token == TOKEN_NUMBER && x->depth == 0)
        code = number_done(x, err);
    bool nothing_came = x->items_key != NULL && x->expect == EXPECT_DOCUMENT;
    bool between = x->expect == EXPECT_DOCUMENT || x->expect == EXPECT_NOTHING;
    if (code == SY_OK && (x->token != TOKEN_NONE || !between || nothing_came))
        code = broken(x, "the stream ends within a document", err);
    x->failed = code != SY_OK;
    return code;
}

bool sy_kube_extract_has_items(const struct sy_kube_extract *x)
{
    return x->named_items;
}

static size_t or_default(size_t value, size_t otherwise)
{
    return value != 0 ? value : otherwise;
}

enum sy_code sy_kube_extract_new(const struct sy_kube_extract_options *options,
                                 struct sy_kube_extract **ret, struct sy_err *err)
{
    struct sy_kube_extract *x = sy_calloc(1, sizeof *x);
    if (x == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for a reader");
    x->items_key = options->items_key;
    x->max_depth = options->limits.max_depth != 0 ? options->limits.max_depth : 100;
    x->max_string = or_default(options->limits.max_string, (size_t)64 << 10);
    if (x->max_string > SIZE_MAX / 4)
        x->max_string = SIZE_MAX / 4;
    /* Room for the slice that goes past the limit, and for an escape cut between two slices. */
    sy_str_init(&x->key, x->max_string + SLICE + 8);
    sy_str_init(&x->text, x->max_string + SLICE + 8);
    if (sy_keep_init(&x->keep, options, x->max_depth,
                     or_default(options->limits.max_kept_bytes, (size_t)1 << 20), err) != SY_OK) {
        sy_free(x);
        return SY_ENOMEM;
    }
    *ret = x;
    return SY_OK;
}

void sy_kube_extract_reset(struct sy_kube_extract *x)
{
    sy_keep_reset(&x->keep);
    sy_str_done(&x->key);
    sy_str_done(&x->text);
    x->expect = EXPECT_DOCUMENT;
    x->token = TOKEN_NONE;
    x->in_items = x->had_items = x->named_items = x->failed = false;
    x->at = 0;
    x->depth = 0;
}

void sy_kube_extract_free(struct sy_kube_extract *x)
{
    if (x == NULL)
        return;
    sy_keep_done(&x->keep);
    sy_str_done(&x->key);
    sy_str_done(&x->text);
    sy_free(x);
}
