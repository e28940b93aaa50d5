/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines, read by a table of options that is also the text of --help and of completions:
 * "--name VALUE", "--name=VALUE", "-l VALUE", "-lVALUE", "--" before what is no option. */
#ifndef SY_BASE_OPTIONS_H
#define SY_BASE_OPTIONS_H

#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>

struct sy_option {
    const char *name;   /* without "--" */
    const char *arg;    /* what stands for its value in the help; NULL = it takes none */
    const char *values; /* "a|b|c": nothing else is taken; NULL = anything */
    const char *help;
    char letter;  /* short form, 0 = none */
    bool repeats; /* may be given more than once; else a second one is an error */
};
struct sy_option_table {
    const struct sy_option *option;
    size_t n;
};

struct sy_options; /* what was given; strings are argv's own */

/* Read arguments (without the program's name) by several tables, whose names differ. SY_EUSAGE with
 * one line of text: an unknown option (the nearest known one is named), a missing value, one too
 * many, a value that is none of `values`. SY_ENOMEM. The tables must outlive the result. */
SY_NODISCARD enum sy_code sy_options_parse(const struct sy_option_table *tables, size_t ntable,
                                           size_t argc, char *const *argv, struct sy_options **ret,
                                           struct sy_err *err);
void sy_options_free(struct sy_options *options); /* takes NULL */
SY_DEFINE_AUTO(struct sy_options, sy_options, sy_options_free)

/* The name must be in one of the tables. */
bool sy_options_flag(const struct sy_options *options, const char *name);
/* Its value, NULL when it was not given. */
const char *sy_options_str(const struct sy_options *options, const char *name);
/* All its values in the order given; *ret_n may be 0. */
const char *const *sy_options_list(const struct sy_options *options, const char *name,
                                   size_t *ret_n);
/* A whole number or a decimal one in a range; *ret keeps its value when the option was not given.
 * SY_EUSAGE "--NAME 'x': expected a number 1..10". */
SY_NODISCARD enum sy_code sy_options_int(const struct sy_options *options, const char *name,
                                         int64_t min, int64_t max, int64_t *ret,
                                         struct sy_err *err);
SY_NODISCARD enum sy_code sy_options_real(const struct sy_options *options, const char *name,
                                          double min, double max, double *ret, struct sy_err *err);
/* What is no option. */
const char *const *sy_options_rest(const struct sy_options *options, size_t *ret_n);

/* One line for each option: "  -o, --output FORMAT   text". */
void sy_options_help(const struct sy_option_table *table, FILE *out);

#endif
