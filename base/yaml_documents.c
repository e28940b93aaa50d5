/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml_documents.h"

#include "base/str.h"
#include "base/yaml.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64u /* sy_yaml_walk's */
#define FLUSH_BYTES ((size_t)64 << 10)
#define NUMBER_MAX 128u /* bytes of what may be a number */

/* A key of a map that is open. */
struct key {
    size_t text; /* where it begins in the pool */
    unsigned line, column;
};

struct open {
    bool map, at_value; /* at_value: the key was read */
    bool is_items;      /* the list `items` of the root */
    size_t n;           /* members, or elements */
    size_t first_key, pool;
};

struct writer {
    const struct sy_yaml_documents *documents;
    struct sy_str out, pool;
    struct key *key;
    size_t nkey, key_size;
    unsigned depth;
    struct open open[DEPTH_MAX];
    bool begun; /* something was said in this document */
    bool items; /* the root's key before was `items` */
    unsigned line;
};

/* --- Words, as goyaml's resolver takes them. */

enum word { WORD_TEXT, WORD_NULL, WORD_BOOL, WORD_INT, WORD_UINT, WORD_REAL, WORD_NO_NUMBER };

struct resolved {
    enum word word;
    bool yes;
    int64_t integer;
    uint64_t large;
    double real;
};

static bool is_one_of(const char *text, size_t len, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strlen(*words) == len && memcmp(*words, text, len) == 0)
            return true;
    return false;
}

static bool named_word(const char *text, size_t len, struct resolved *ret)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const yes[] = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                      "True", "TRUE", "on",  "On",  "ON",  NULL};
    static const char *const no[] = {"n",     "N",     "no",  "No",  "NO",  "false",
                                     "False", "FALSE", "off", "Off", "OFF", NULL};
    static const char *const beyond[] = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",
                                         ".INF",  "+.inf", "+.Inf", "+.INF", "-.inf",
                                         "-.Inf", "-.INF", NULL};
    if (is_one_of(text, len, nulls))
        ret->word = WORD_NULL;
    else if (is_one_of(text, len, beyond))
        ret->word = WORD_NO_NUMBER;
    else if (is_one_of(text, len, yes) || is_one_of(text, len, no)) {
        ret->word = WORD_BOOL;
        ret->yes = is_one_of(text, len, yes);
    }
    return ret->word != WORD_TEXT;
}

/* [-+] and digits of a base that its prefix says (0x, 0o, 0b, 0), as Go's ParseInt with base 0. */
static bool whole_number(const char *text, struct resolved *ret)
{
    const char *digits = text + (*text == '-' || *text == '+');
    int base = 10;
    if (digits[0] == '0' && digits[1] != '\0') {
        base = strchr("xX", digits[1]) != NULL   ? 16
               : strchr("oO", digits[1]) != NULL ? 8
               : strchr("bB", digits[1]) != NULL ? 2
                                                 : 0;
        digits += base != 0 ? 2 : 1;
        base = base != 0 ? base : 8;
    }
    char *end;
    if (strspn(digits, "0123456789abcdefABCDEF") != strlen(digits) || *digits == '\0')
        return false;
    errno = 0;
    uintmax_t value = strtoumax(digits, &end, base);
    if (*end != '\0' || errno != 0)
        return false;
    uint64_t lowest = (uint64_t)INT64_MAX + 1;
    if (*text == '-' ? value <= lowest : value < lowest) {
        ret->word = WORD_INT;
        ret->integer = *text == '-' ? (int64_t)(0 - (uint64_t)value) : (int64_t)value;
        return true;
    }
    if (*text == '-' || *text == '+')
        return false;
    ret->word = WORD_UINT;
    ret->large = value;
    return true;
}

static const char *skip_digits(const char *p)
{
    return p + strspn(p, "0123456789");
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? that a double can hold. */
static bool real_number(const char *text, struct resolved *ret)
{
    const char *p = text + (*text == '-' || *text == '+');
    const char *whole = skip_digits(p), *fraction = whole;
    if (*whole == '.')
        fraction = skip_digits(whole + 1);
    if (whole == p && fraction <= whole + 1)
        return false;
    const char *end = fraction;
    if (*end == 'e' || *end == 'E') {
        const char *exponent = end + 1 + (end[1] == '-' || end[1] == '+');
        end = skip_digits(exponent);
        if (end == exponent)
            return false;
    }
    double value = strtod(text, NULL);
    if (*end != '\0' || !isfinite(value))
        return false;
    ret->word = WORD_REAL;
    ret->real = value;
    return true;
}

static struct resolved resolve(const struct sy_yaml_piece *piece)
{
    struct resolved ret = {.word = WORD_TEXT};
    char plain[NUMBER_MAX];
    size_t n = 0;
    if (piece->quoted || named_word(piece->text, piece->len, &ret))
        return ret;
    if (piece->len >= sizeof plain || strchr("+-.0123456789", piece->text[0]) == NULL)
        return ret;
    for (size_t i = 0; i < piece->len; i++)
        if (piece->text[i] != '_')
            plain[n++] = piece->text[i];
    plain[n] = '\0';
    if (plain[0] == '.' ? !real_number(plain, &ret) : !whole_number(plain, &ret))
        (void)real_number(plain, &ret);
    return ret;
}

/* --- JSON text. */

static enum sy_code fail_memory(const struct writer *w, const struct sy_yaml_piece *at,
                                struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "%s:%u:%u: out of memory", w->documents->file, at->line,
                   at->column);
}

static enum sy_code flush(struct writer *w, struct sy_err *err)
{
    if (sy_str_failed(&w->out))
        return sy_fail(err, SY_ENOMEM, "%s: out of memory", w->documents->file);
    enum sy_code code = w->out.len > 0
                            ? w->documents->text(w->documents->data, w->out.data, w->out.len, err)
                            : SY_OK;
    w->out.len = 0;
    return code;
}

/* A whole number where it is one, so that 1e3 may stand where an integer must; digits that say it
 * all otherwise. */
static void put_real(struct sy_str *out, double value)
{
    char text[64];
    bool whole = value > -9e18 && value < 9e18 && (double)(int64_t)value == value;
    (void)snprintf(text, sizeof text, whole ? "%.0f" : "%.15g", value);
    if (!whole && strtod(text, NULL) != value)
        (void)snprintf(text, sizeof text, "%.17g", value);
    sy_str_append(out, strcmp(text, "-0") == 0 ? "0" : text);
    if (!whole && strpbrk(text, ".e") == NULL)
        sy_str_append(out, ".0");
}

static enum sy_code put_scalar(struct writer *w, const struct sy_yaml_piece *piece,
                               struct sy_err *err)
{
    struct resolved value = resolve(piece);
    char text[32];
    switch (value.word) {
    case WORD_NULL:
        sy_str_append(&w->out, "null");
        break;
    case WORD_BOOL:
        sy_str_append(&w->out, value.yes ? "true" : "false");
        break;
    case WORD_INT:
        (void)snprintf(text, sizeof text, "%" PRId64, value.integer);
        sy_str_append(&w->out, text);
        break;
    case WORD_UINT:
        put_real(&w->out, (double)value.large);
        break;
    case WORD_REAL:
        put_real(&w->out, value.real);
        break;
    case WORD_NO_NUMBER:
        return sy_fail(err, SY_EPARSE, "%s:%u:%u: '%.*s' is no number that Kubernetes takes",
                       w->documents->file, piece->line, piece->column, (int)piece->len,
                       piece->text);
    case WORD_TEXT:
        sy_str_append_json(&w->out, piece->text, piece->len);
        break;
    }
    return SY_OK;
}

/* A key is a text: plain words that are something else are written as Go prints them. */
static enum sy_code put_key(struct writer *w, const struct sy_yaml_piece *piece, struct sy_err *err)
{
    struct resolved value = resolve(piece);
    const char *text = piece->text;
    size_t len = piece->len;
    char number[32];
    if (!piece->quoted && len == 2 && memcmp(text, "<<", 2) == 0)
        return sy_fail(err, SY_EPARSE, "%s:%u:%u: merge keys are not allowed", w->documents->file,
                       piece->line, piece->column);
    if (value.word == WORD_NULL)
        return sy_fail(err, SY_EPARSE, "%s:%u:%u: a key must be a text", w->documents->file,
                       piece->line, piece->column);
    if (value.word == WORD_BOOL)
        text = value.yes ? "true" : "false";
    if (value.word == WORD_INT) {
        (void)snprintf(number, sizeof number, "%" PRId64, value.integer);
        text = number;
    }
    if (text != piece->text)
        len = strlen(text);
    if (w->nkey == w->key_size) {
        size_t size = w->key_size * 2 + 64, bytes;
        struct key *grown =
            sy_mul_size(size, sizeof *grown, &bytes) ? sy_realloc(w->key, bytes) : NULL;
        if (grown == NULL)
            return fail_memory(w, piece, err);
        w->key = grown;
        w->key_size = size;
    }
    w->key[w->nkey++] =
        (struct key){.text = w->pool.len, .line = piece->line, .column = piece->column};
    sy_str_append_n(&w->pool, text, len);
    sy_str_append_n(&w->pool, "", 1);
    if (sy_str_failed(&w->pool))
        return fail_memory(w, piece, err);
    sy_str_append_json(&w->out, text, len);
    sy_str_append_n(&w->out, ":", 1);
    w->items = w->depth == 1 && len == 5 && memcmp(text, "items", 5) == 0;
    return SY_OK;
}

/* --- Structure. */

struct sorted {
    const char *text;
    const struct key *key;
};

static int by_text_then_place(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->key > y->key) - (x->key < y->key);
}

/* Of all repeated keys of the map that ends the first repetition is named. */
static enum sy_code reject_duplicates(const struct writer *w, const struct open *map,
                                      struct sy_err *err)
{
    size_t n = w->nkey - map->first_key;
    const struct sorted *first = NULL, *again = NULL;
    if (n < 2)
        return SY_OK;
    sy_autofree struct sorted *sorted = sy_calloc(n, sizeof *sorted);
    if (sorted == NULL)
        return sy_fail(err, SY_ENOMEM, "%s: out of memory", w->documents->file);
    for (size_t i = 0; i < n; i++) {
        const struct key *key = &w->key[map->first_key + i];
        sorted[i] = (struct sorted){.text = w->pool.data + key->text, .key = key};
    }
    qsort(sorted, n, sizeof *sorted, by_text_then_place);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(sorted[i - 1].text, sorted[i].text) != 0 ||
            (again != NULL && again->key < sorted[i].key))
            continue;
        first = &sorted[i - 1];
        again = &sorted[i];
    }
    if (again == NULL)
        return SY_OK;
    char shown[64];
    return sy_fail(err, SY_EPARSE, "%s:%u:%u: key '%s' repeats the one at %u:%u",
                   w->documents->file, again->key->line, again->key->column,
                   sy_quote(shown, sizeof shown, again->text, strlen(again->text)),
                   first->key->line, first->key->column);
}

/* A value comes: what stands before it. */
static enum sy_code before_value(struct writer *w, const struct sy_yaml_piece *piece,
                                 struct sy_err *err)
{
    if (w->depth == 0) {
        bool nothing = piece->what == SY_YAML_TEXT && resolve(piece).word == WORD_NULL;
        w->begun = !nothing;
        return w->begun ? w->documents->begin(w->documents->data, piece->line, err) : SY_OK;
    }
    struct open *up = &w->open[w->depth - 1];
    if (!up->map && up->n++ > 0)
        sy_str_append_n(&w->out, ",", 1);
    up->at_value = false;
    if (!up->is_items || w->documents->item == NULL)
        return SY_OK;
    enum sy_code code = flush(w, err); /* what comes belongs to it */
    return code == SY_OK ? w->documents->item(w->documents->data, piece->line, err) : code;
}

static enum sy_code on_open(struct writer *w, const struct sy_yaml_piece *piece, struct sy_err *err)
{
    bool map = piece->what == SY_YAML_OPEN_MAP;
    enum sy_code code = before_value(w, piece, err);
    if (code != SY_OK)
        return code;
    bool is_items = !map && w->depth == 1 && w->open[0].map && w->items;
    w->open[w->depth++] =
        (struct open){.map = map, .is_items = is_items, .first_key = w->nkey, .pool = w->pool.len};
    sy_str_append_n(&w->out, map ? "{" : "[", 1);
    return SY_OK;
}

static enum sy_code on_close(struct writer *w, struct sy_err *err)
{
    struct open *top = &w->open[--w->depth];
    enum sy_code code = top->map ? reject_duplicates(w, top, err) : SY_OK;
    w->nkey = top->first_key;
    w->pool.len = top->pool;
    sy_str_append_n(&w->out, top->map ? "}" : "]", 1);
    return code;
}

static enum sy_code on_text(struct writer *w, const struct sy_yaml_piece *piece, struct sy_err *err)
{
    struct open *up = w->depth > 0 ? &w->open[w->depth - 1] : NULL;
    if (up != NULL && up->map && !up->at_value) {
        if (up->n++ > 0)
            sy_str_append_n(&w->out, ",", 1);
        up->at_value = true;
        return put_key(w, piece, err);
    }
    enum sy_code code = before_value(w, piece, err);
    return code == SY_OK && (w->depth > 0 || w->begun) ? put_scalar(w, piece, err) : code;
}

static enum sy_code on_end(struct writer *w, struct sy_err *err)
{
    enum sy_code code = flush(w, err);
    if (code == SY_OK && w->begun)
        code = w->documents->end(w->documents->data, err);
    w->begun = false;
    return code;
}

static enum sy_code on_piece(void *data, const struct sy_yaml_piece *piece, struct sy_err *err)
{
    struct writer *w = data;
    enum sy_code code = SY_OK;
    bool is_key = w->depth > 0 && w->open[w->depth - 1].map && !w->open[w->depth - 1].at_value;
    bool opens = piece->what == SY_YAML_OPEN_MAP || piece->what == SY_YAML_OPEN_LIST;
    if (opens && is_key)
        return sy_fail(err, SY_EPARSE, "%s:%u:%u: a key must be a scalar", w->documents->file,
                       piece->line, piece->column);
    switch (piece->what) {
    case SY_YAML_BEGIN:
        break;
    case SY_YAML_END:
        return on_end(w, err);
    case SY_YAML_OPEN_LIST:
    case SY_YAML_OPEN_MAP:
        code = on_open(w, piece, err);
        break;
    case SY_YAML_CLOSE:
        code = on_close(w, err);
        break;
    case SY_YAML_TEXT:
        code = on_text(w, piece, err);
        break;
    }
    return code == SY_OK && (w->out.len >= FLUSH_BYTES || sy_str_failed(&w->out)) ? flush(w, err)
                                                                                  : code;
}

enum sy_code sy_yaml_documents_read(const struct sy_yaml_documents *documents, const char *data,
                                    size_t len, struct sy_err *err)
{
    struct writer w = {.documents = documents};
    sy_str_init(&w.out, SIZE_MAX);
    sy_str_init(&w.pool, SIZE_MAX);
    enum sy_code code =
        sy_yaml_walk(documents->file, data, len, documents->max_bytes, on_piece, &w, err);
    sy_str_done(&w.out);
    sy_str_done(&w.pool);
    sy_free(w.key);
    return code;
}
