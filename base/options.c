/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

#include "base/str.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct given {
    const struct sy_option *option;
    const char *value; /* NULL of a flag */
};

struct sy_options {
    const struct sy_option_table *table;
    size_t ntable;
    struct given *given; /* in the order given */
    size_t ngiven;
    const char **list; /* values handed out by sy_options_list, and behind them the rest */
    size_t nlist;
    const char **rest;
    size_t nrest;
};

static const struct sy_option *find_name(const struct sy_option_table *table, size_t n,
                                         const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < table[i].n; j++)
            if (strlen(table[i].option[j].name) == len &&
                memcmp(table[i].option[j].name, name, len) == 0)
                return &table[i].option[j];
    return NULL;
}

static const struct sy_option *find_letter(const struct sy_option_table *table, size_t n,
                                           char letter)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < table[i].n; j++)
            if (table[i].option[j].letter == letter)
                return &table[i].option[j];
    return NULL;
}

#define NAME_MAX_LEN 40u

/* Letters to change, add or leave out so that one becomes the other; at most NAME_MAX_LEN each. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
    unsigned row[NAME_MAX_LEN + 1];
    for (size_t j = 0; j <= nb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned above = row[j];
            unsigned least = corner + (a[i - 1] != b[j - 1]);
            if (above + 1 < least)
                least = above + 1;
            if (row[j - 1] + 1 < least)
                least = row[j - 1] + 1;
            row[j] = least;
            corner = above;
        }
    }
    return row[nb];
}

static const struct sy_option *nearest(const struct sy_options *options, const char *name,
                                       size_t len)
{
    const struct sy_option *best = NULL;
    unsigned least = 3; /* more than two letters off is another word */
    for (size_t i = 0; len <= NAME_MAX_LEN && i < options->ntable; i++)
        for (size_t j = 0; j < options->table[i].n; j++) {
            const struct sy_option *option = &options->table[i].option[j];
            size_t other = strlen(option->name);
            unsigned off = other <= NAME_MAX_LEN ? distance(name, len, option->name, other) : least;
            if (off < least) {
                least = off;
                best = option;
            }
        }
    return best;
}

static enum sy_code fail_unknown(const struct sy_options *options, const char *name, size_t len,
                                 struct sy_err *err)
{
    char shown[NAME_MAX_LEN * 2];
    const struct sy_option *like = nearest(options, name, len);
    (void)sy_quote(shown, sizeof shown, name, len);
    return like != NULL ? sy_fail(err, SY_EUSAGE, "unknown option '--%s'; did you mean --%s?",
                                  shown, like->name)
                        : sy_fail(err, SY_EUSAGE, "unknown option '--%s'; see --help", shown);
}

static bool one_of(const char *values, const char *text)
{
    size_t len = strlen(text);
    for (const char *at = values; at != NULL; at = strchr(at, '|')) {
        at += at != values;
        if (strcspn(at, "|") == len && memcmp(at, text, len) == 0)
            return true;
    }
    return false;
}

static enum sy_code take(struct sy_options *options, const struct sy_option *option,
                         const char *value, struct sy_err *err)
{
    char shown[80];
    for (size_t i = 0; !option->repeats && i < options->ngiven; i++)
        if (options->given[i].option == option)
            return sy_fail(err, SY_EUSAGE, "--%s: given twice", option->name);
    if (option->values != NULL && value != NULL && !one_of(option->values, value))
        return sy_fail(err, SY_EUSAGE, "--%s '%s': expected one of %s", option->name,
                       sy_quote(shown, sizeof shown, value, strlen(value)), option->values);
    options->given[options->ngiven++] = (struct given){option, value};
    return SY_OK;
}

struct reader {
    size_t argc, at; /* at: of the next argument */
    char *const *argv;
};

/* The value of an option that needs one: what is behind it, or the next argument. */
static enum sy_code take_next(struct sy_options *options, const struct sy_option *option,
                              const char *joined, struct reader *reader, struct sy_err *err)
{
    if (option->arg == NULL) {
        if (joined != NULL)
            return sy_fail(err, SY_EUSAGE, "--%s: takes no value", option->name);
        return take(options, option, NULL, err);
    }
    if (joined == NULL && reader->at == reader->argc)
        return sy_fail(err, SY_EUSAGE, "--%s: expected %s", option->name, option->arg);
    return take(options, option, joined != NULL ? joined : reader->argv[reader->at++], err);
}

static enum sy_code read_long(struct sy_options *options, const char *text, struct reader *reader,
                              struct sy_err *err)
{
    size_t len = strcspn(text, "=");
    const struct sy_option *option = find_name(options->table, options->ntable, text, len);
    if (option == NULL)
        return fail_unknown(options, text, len, err);
    return take_next(options, option, text[len] == '=' ? text + len + 1 : NULL, reader, err);
}

/* "-o json", "-ojson", "-o=json"; flags may stand together: "-Av". */
static enum sy_code read_letters(struct sy_options *options, const char *text,
                                 struct reader *reader, struct sy_err *err)
{
    char shown[8];
    for (; *text != '\0'; text++) {
        const struct sy_option *option = find_letter(options->table, options->ntable, *text);
        if (option == NULL)
            return sy_fail(err, SY_EUSAGE, "unknown option '-%s'; see --help",
                           sy_quote(shown, sizeof shown, text, 1));
        const char *joined = NULL;
        if (option->arg != NULL && text[1] != '\0')
            joined = text + 1 + (text[1] == '=');
        enum sy_code code = take_next(options, option, joined, reader, err);
        if (code != SY_OK || option->arg != NULL)
            return code;
    }
    return SY_OK;
}

static enum sy_code read_all(struct sy_options *options, struct reader *reader, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    bool only_rest = false;
    while (code == SY_OK && reader->at < reader->argc) {
        const char *text = reader->argv[reader->at++];
        if (only_rest || text[0] != '-' || text[1] == '\0')
            options->rest[options->nrest++] = text;
        else if (strcmp(text, "--") == 0)
            only_rest = true;
        else if (text[1] == '-')
            code = read_long(options, text + 2, reader, err);
        else
            code = read_letters(options, text + 1, reader, err);
    }
    return code;
}

/* Values of one option side by side, so that a list of them can be handed out. */
static void group_values(struct sy_options *options)
{
    for (size_t i = 0; i < options->ntable; i++)
        for (size_t j = 0; j < options->table[i].n; j++)
            for (size_t k = 0; k < options->ngiven; k++)
                if (options->given[k].option == &options->table[i].option[j])
                    options->list[options->nlist++] = options->given[k].value;
}

enum sy_code sy_options_parse(const struct sy_option_table *tables, size_t ntable, size_t argc,
                              char *const *argv, struct sy_options **ret, struct sy_err *err)
{
    SY_AUTO(sy_options) struct sy_options *options = sy_calloc(1, sizeof *options);
    size_t letters = 1;
    for (size_t i = 0; i < argc; i++)
        letters += 1 + strlen(argv[i]); /* "-abc" is three */
    if (options != NULL) {
        options->table = tables;
        options->ntable = ntable;
        options->given = sy_calloc(letters, sizeof *options->given);
        options->list = sy_calloc(letters, sizeof *options->list);
        options->rest = sy_calloc(argc + 1, sizeof *options->rest);
    }
    if (options == NULL || options->given == NULL || options->list == NULL || options->rest == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the command line");
    enum sy_code code = read_all(options, &(struct reader){.argc = argc, .argv = argv}, err);
    if (code != SY_OK)
        return code;
    group_values(options);
    *ret = SY_TAKE(options);
    return SY_OK;
}

void sy_options_free(struct sy_options *options)
{
    if (options == NULL)
        return;
    sy_free(options->given);
    sy_free(options->list);
    sy_free(options->rest);
    sy_free(options);
}

const char *const *sy_options_list(const struct sy_options *options, const char *name,
                                   size_t *ret_n)
{
    const struct sy_option *wanted = find_name(options->table, options->ntable, name, strlen(name));
    assert(wanted != NULL);
    size_t start = 0, n = 0;
    for (size_t i = 0; i < options->ntable; i++)
        for (size_t j = 0; j < options->table[i].n; j++) {
            const struct sy_option *option = &options->table[i].option[j];
            n = 0;
            for (size_t k = 0; k < options->ngiven; k++)
                n += options->given[k].option == option;
            if (option == wanted) {
                *ret_n = n;
                return options->list + start;
            }
            start += n;
        }
    *ret_n = 0;
    return options->list;
}

bool sy_options_flag(const struct sy_options *options, const char *name)
{
    size_t n = 0;
    (void)sy_options_list(options, name, &n);
    return n > 0;
}

const char *sy_options_str(const struct sy_options *options, const char *name)
{
    size_t n = 0;
    const char *const *value = sy_options_list(options, name, &n);
    return n > 0 ? value[n - 1] : NULL;
}

enum sy_code sy_options_int(const struct sy_options *options, const char *name, int64_t min,
                            int64_t max, int64_t *ret, struct sy_err *err)
{
    const char *text = sy_options_str(options, name);
    if (text == NULL)
        return SY_OK;
    char shown[80];
    char *end = NULL;
    size_t digits = strspn(text + (text[0] == '-'), "0123456789");
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (digits == 0 || *end != '\0' || errno != 0 || value < min || value > max)
        return sy_fail(err, SY_EUSAGE, "--%s '%s': expected a number %lld..%lld", name,
                       sy_quote(shown, sizeof shown, text, strlen(text)), (long long)min,
                       (long long)max);
    *ret = value;
    return SY_OK;
}

enum sy_code sy_options_real(const struct sy_options *options, const char *name, double min,
                             double max, double *ret, struct sy_err *err)
{
    const char *text = sy_options_str(options, name);
    if (text == NULL)
        return SY_OK;
    char shown[80];
    char *end = NULL;
    double value = strtod(text, &end);
    if (strspn(text, "-0123456789.") != strlen(text) || end == text || *end != '\0' ||
        !isfinite(value) || value < min || value > max)
        return sy_fail(err, SY_EUSAGE, "--%s '%s': expected a number %g..%g", name,
                       sy_quote(shown, sizeof shown, text, strlen(text)), min, max);
    *ret = value;
    return SY_OK;
}

const char *const *sy_options_rest(const struct sy_options *options, size_t *ret_n)
{
    *ret_n = options->nrest;
    return options->rest;
}

#define HELP_LEFT 30 /* columns of names and values */
#define HELP_WIDTH 100

/* The help's words, broken at blanks, each line below the first one indented. */
static void print_wrapped(const char *text, FILE *out)
{
    size_t room = HELP_WIDTH - HELP_LEFT - 3;
    while (strlen(text) > room) {
        size_t len = room;
        while (len > 0 && text[len] != ' ')
            len--;
        if (len == 0)
            break;
        (void)fprintf(out, "%.*s\n%*s", (int)len, text, HELP_LEFT + 3, "");
        text += len + 1;
    }
    (void)fprintf(out, "%s\n", text);
}

void sy_options_help(const struct sy_option_table *table, FILE *out)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct sy_option *option = &table->option[i];
        char left[96];
        int len = 0;
        if (option->letter != 0)
            len = snprintf(left, sizeof left, "-%c, ", option->letter);
        (void)snprintf(left + len, sizeof left - (size_t)len, "--%s%s%s", option->name,
                       option->arg != NULL ? " " : "", option->arg != NULL ? option->arg : "");
        if (strlen(left) > HELP_LEFT)
            (void)fprintf(out, "  %s\n%*s", left, HELP_LEFT + 3, "");
        else
            (void)fprintf(out, "  %-*s ", HELP_LEFT, left);
        print_wrapped(option->help, out);
    }
}
