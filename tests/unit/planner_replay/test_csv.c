/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/csv.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All cells of a text as "a|b;c|d;", or the error. */
static const struct {
    const char *description, *text, *expected;
} cases[] = {
    {"plain", "a,b\n1,2\n", "a|b;1|2;"},
    {"no newline at the end", "a,b\n1,2", "a|b;1|2;"},
    {"CRLF", "a,b\r\n1,2\r\n", "a|b;1|2;"},
    {"byte order mark",
     "\xef\xbb\xbf"
     "a,b\n1,2\n",
     "a|b;1|2;"},
    {"empty lines", "\n\r\na,b\n\n1,2\n\r\n\n3,4\n", "a|b;1|2;3|4;"},
    {"empty cells", "a,b\n,\n", "a|b;|;"},
    {"quotes", "a,b\n\"1\",\"x, \"\"y\"\"\"\n", "a|b;1|x, \"y\";"},
    {"a line within quotes", "a,b\n\"1\n2\",3\n4\n", "f.csv:4: 1 cells, the header has 2"},
    {"quotes and CRLF", "\"a\",\"b\"\r\n\"\",\"\"\r\n", "a|b;|;"},
    {"empty file", "", "f.csv: empty, expected a header and rows"},
    {"a byte order mark alone", "\xef\xbb\xbf", "f.csv: empty, expected a header and rows"},
    {"only empty lines", "\n\n", "f.csv: empty, expected a header and rows"},
    {"header alone", "a,b\n", "a|b;"},
    {"cells too few", "a,b\n1,2\n1\n", "f.csv:3: 1 cells, the header has 2"},
    {"cells too many", "a,b\n1,2,3\n", "f.csv:2: 3 cells, the header has 2"},
    {"quote left open", "a,b\n1,\"2\n", "f.csv:2: a quote is not closed"},
    {"quote within", "a,b\n1,2\"\n", "f.csv:2: a quote within a cell"},
    {"text after a quote", "a,b\n\"1\"2,3\n", "f.csv:2: text after a closing quote"},
    {"lone carriage return", "a,b\n1\r,2\n", "f.csv:2: a carriage return within a line"},
};

static void flatten(const struct sy_csv_cell *cell, unsigned n, char *out)
{
    for (unsigned i = 0; i < n; i++) {
        strcat(out, i > 0 ? "|" : "");
        strcat(out, cell[i].text);
    }
    strcat(out, ";");
}

START_TEST(reading)
{
    char got[512] = "", *copy = strdup(cases[_i].text);
    struct sy_csv csv;
    struct sy_err err = {0};
    enum sy_code code = sy_csv_begin(&csv, "f.csv", copy, strlen(copy), &err);
    if (code == SY_OK)
        flatten(csv.header, csv.columns, got);
    for (bool any = true; code == SY_OK && any;) {
        code = sy_csv_next(&csv, &any, &err);
        if (code == SY_OK && any)
            flatten(csv.cell, csv.columns, got);
    }
    ck_assert_msg(strcmp(code == SY_OK ? got : err.text, cases[_i].expected) == 0,
                  "%s: expected '%s', got '%s'", cases[_i].description, cases[_i].expected,
                  code == SY_OK ? got : err.text);
    free(copy);
}
END_TEST

static const struct {
    const char *text;
    enum sy_code code;
    int64_t value;
    const char *error;
} numbers[] = {
    {"0", SY_OK, 0, ""},
    {"8", SY_OK, 8, ""},
    {"007", SY_OK, 7, ""},
    {"-0", SY_OK, 0, ""},
    {"9", SY_ELIMIT, 0, "f.csv:2: column 'n': 9 is not in 0..8"},
    {"-1", SY_ELIMIT, 0, "f.csv:2: column 'n': -1 is not in 0..8"},
    {"99999999999999999999", SY_ELIMIT, 0,
     "f.csv:2: column 'n': 99999999999999999999 is not in 0..8"},
    {"", SY_EPARSE, 0, "f.csv:2: column 'n': '' is not a whole number"},
    {"-", SY_EPARSE, 0, "f.csv:2: column 'n': '-' is not a whole number"},
    {"+1", SY_EPARSE, 0, "f.csv:2: column 'n': '+1' is not a whole number"},
    {"1.0", SY_EPARSE, 0, "f.csv:2: column 'n': '1.0' is not a whole number"},
    {" 1", SY_EPARSE, 0, "f.csv:2: column 'n': ' 1' is not a whole number"},
    {"1x", SY_EPARSE, 0, "f.csv:2: column 'n': '1x' is not a whole number"},
    {"\x01", SY_EPARSE, 0, "f.csv:2: column 'n': '\\x01' is not a whole number"},
};

START_TEST(whole_numbers)
{
    char text[64];
    (void)snprintf(text, sizeof text, "m,n\n0,%s\n", numbers[_i].text);
    struct sy_csv csv;
    struct sy_err err = {0};
    bool any;
    int64_t value = -77;
    unsigned column;
    ck_assert_int_eq(sy_csv_begin(&csv, "f.csv", text, strlen(text), &err), SY_OK);
    ck_assert_int_eq(sy_csv_column(&csv, "n", &column, &err), SY_OK);
    ck_assert_int_eq(sy_csv_next(&csv, &any, &err), SY_OK);
    ck_assert_int_eq(sy_csv_int(&csv, column, 0, 8, &value, &err), numbers[_i].code);
    ck_assert_str_eq(err.text, numbers[_i].error);
    ck_assert_int_eq(value, numbers[_i].code == SY_OK ? numbers[_i].value : -77);
}
END_TEST

START_TEST(columns)
{
    char text[] = "a,b,a\n1,2,3\n";
    struct sy_csv csv;
    struct sy_err err = {0}, twice = {0};
    unsigned column = 99;
    ck_assert_int_eq(sy_csv_begin(&csv, "f.csv", text, strlen(text), &err), SY_OK);
    ck_assert_int_eq(sy_csv_column(&csv, "b", &column, &err), SY_OK);
    ck_assert_uint_eq(column, 1);
    ck_assert_int_eq(sy_csv_column(&csv, "c", &column, &err), SY_EPARSE);
    ck_assert_str_eq(err.text, "f.csv:1: no column 'c'");
    ck_assert_int_eq(sy_csv_column(&csv, "a", &column, &twice), SY_ECONFLICT);
    ck_assert_str_eq(twice.text, "f.csv:1: column 'a' twice");
}
END_TEST

/* A NUL byte, too many cells, too long a cell. */
START_TEST(limits)
{
    static char text[8192];
    struct sy_csv csv;
    struct sy_err nul = {0}, wide = {0}, longer = {0};
    memcpy(text, "a\0b\n", 5);
    ck_assert_int_eq(sy_csv_begin(&csv, "f.csv", text, 4, &nul), SY_EPARSE);
    ck_assert_str_eq(nul.text, "f.csv:1: a NUL byte");
    memset(text, ',', SY_CSV_COLUMNS);
    text[SY_CSV_COLUMNS] = '\0';
    ck_assert_int_eq(sy_csv_begin(&csv, "f.csv", text, SY_CSV_COLUMNS, &wide), SY_ELIMIT);
    ck_assert_str_eq(wide.text, "f.csv:1: more than 64 cells");
    memset(text, 'x', SY_CSV_CELL + 1);
    text[SY_CSV_CELL + 1] = '\0';
    ck_assert_int_eq(sy_csv_begin(&csv, "f.csv", text, SY_CSV_CELL + 1, &longer), SY_ELIMIT);
    ck_assert_str_eq(longer.text, "f.csv:1: a cell of 1025 bytes, over the limit of 1024");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_csv");
    TCase *tc = tcase_create("csv");
    tcase_add_loop_test(tc, reading, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(tc, whole_numbers, 0, sizeof numbers / sizeof numbers[0]);
    tcase_add_test(tc, columns);
    tcase_add_test(tc, limits);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
