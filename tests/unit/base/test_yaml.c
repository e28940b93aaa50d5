/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *description;
    const char *text;
    size_t len; /* 0: strlen */
    enum sy_code code;
    const char *message;
} documents[] = {
    {"map", "a: 1\nb: [x, 'y']\n", 0, SY_OK, ""},
    {"json", "{\"a\": [1, 2], \"b\": {\"c\": null}}", 0, SY_OK, ""},
    {"marked document", "---\na: 1\n...\n", 0, SY_OK, ""},
    {"nothing", "", 0, SY_EPARSE, "f.yaml:1:1: no document"},
    {"comment only", "# x\n", 0, SY_EPARSE, "f.yaml:1:1: no document"},
    {"second document", "a: 1\n---\nb: 1\n", 0, SY_EPARSE,
     "f.yaml:2:1: a second document is not allowed"},
    {"duplicate keys", "a: 1\nb: 2\na: 3\nb: 4\n", 0, SY_EPARSE,
     "f.yaml:3:1: key 'a' repeats the one at 1:1"},
    {"duplicate keys, quoted", "x:\n  a: 1\n  \"a\": 2\n", 0, SY_EPARSE,
     "f.yaml:3:3: key 'a' repeats the one at 2:3"},
    {"anchor", "a: &x 1\n", 0, SY_EPARSE, "f.yaml:1:4: anchors are not allowed"},
    {"anchor on a list", "a: &x [1]\n", 0, SY_EPARSE, "f.yaml:1:4: anchors are not allowed"},
    {"alias", "a: *x\n", 0, SY_EPARSE, "f.yaml:1:4: aliases are not allowed"},
    {"tag", "a: !!int 1\n", 0, SY_EPARSE, "f.yaml:1:4: tags are not allowed"},
    {"tag on a map", "!x {a: 1}\n", 0, SY_EPARSE, "f.yaml:1:1: tags are not allowed"},
    {"bare tag", "a: ! 1\n", 0, SY_EPARSE, "f.yaml:1:4: tags are not allowed"},
    {"list as key", "? [a]\n: 1\n", 0, SY_EPARSE, "f.yaml:1:3: a key must be a scalar"},
    {"tab", "a:\n\t- 1\n", 0, SY_EPARSE,
     "f.yaml:2:1: while scanning for the next token found character that cannot start any token"},
    {"unclosed", "a: [1, 2\n", 0, SY_EPARSE,
     "f.yaml:2:1: while parsing a flow sequence did not find expected ',' or ']'"},
    {"bad indentation", "a: 1\n b: 2\n", 0, SY_EPARSE,
     "f.yaml:2:3: mapping values are not allowed in this context"},
    {"invalid utf-8", "a: 1\nb: \xC3\xBC\xFF\n", 0, SY_EPARSE,
     "f.yaml:2:5: invalid leading UTF-8 octet"},
    {"control character", "a: 1\nb: \x01\n", 0, SY_EPARSE,
     "f.yaml:2:4: control characters are not allowed"},
    {"raw nul", "a: \0 b", 6, SY_EPARSE, "f.yaml:1:4: control characters are not allowed"},
    {"written nul", "a: \"x\\0\"\n", 0, SY_EPARSE,
     "f.yaml:1:4: a text must not hold a NUL character"},
};

START_TEST(parse)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 20);
    struct sy_yaml *root = NULL;
    struct sy_err err = {0};
    size_t len = documents[_i].len > 0 ? documents[_i].len : strlen(documents[_i].text);
    enum sy_code code = sy_yaml_parse(arena, "f.yaml", documents[_i].text, len, 1000, &root, &err);
    ck_assert_str_eq(err.text, documents[_i].message);
    ck_assert_int_eq(code, documents[_i].code);
    ck_assert_int_eq(root != NULL, code == SY_OK);
}
END_TEST

START_TEST(tree)
{
    static const char text[] = "top:\n  list: [a, {b: c}]\n  empty: {}\n'q': \"1\"\nn:\n";
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 20);
    struct sy_yaml *root = NULL;
    ck_assert_int_eq(sy_yaml_parse(arena, "f", text, strlen(text), 1000, &root, NULL), SY_OK);
    ck_assert_int_eq(root->kind, SY_YAML_MAP);
    ck_assert_uint_eq(root->count, 3);
    ck_assert_str_eq(root->key[1]->text, "q");
    ck_assert(root->key[1]->quoted && root->item[1]->quoted);
    struct sy_yaml *list = sy_yaml_get(sy_yaml_get(root, "top"), "list");
    ck_assert_int_eq(list->kind, SY_YAML_LIST);
    ck_assert_uint_eq(list->line, 2);
    ck_assert_uint_eq(list->column, 9);
    ck_assert_uint_eq(list->count, 2);
    ck_assert_str_eq(list->item[0]->text, "a");
    ck_assert_str_eq(sy_yaml_get(list->item[1], "b")->text, "c");
    ck_assert_uint_eq(sy_yaml_get(sy_yaml_get(root, "top"), "empty")->count, 0);
    ck_assert_str_eq(sy_yaml_get(root, "n")->text, "");
    ck_assert_ptr_null(sy_yaml_get(root, "none"));
    ck_assert_ptr_null(sy_yaml_get(list, "list"));
}
END_TEST

static enum sy_code parse_only(const char *text, size_t len, size_t max_bytes, struct sy_err *err)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 26);
    struct sy_yaml *root;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_yaml_parse(arena, "f", text, len, max_bytes, &root, err);
}

START_TEST(limits)
{
    struct sy_err err = {0};
    ck_assert_int_eq(parse_only("a: 1", 4, 3, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "f:1:1: 4 bytes long, more than 3");
    char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    err = (struct sy_err){0};
    ck_assert_int_eq(parse_only(deep, sizeof deep, 1000, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "f:1:65: nested more than 64 deep");
    ck_assert_int_eq(parse_only(deep + 36, 128, 1000, NULL), SY_OK);
    static char wide[2 * 200001 + 1];
    memset(wide, '-', sizeof wide);
    for (size_t i = 0; i < 200001; i++)
        memcpy(wide + 2 * i, "-\n", 2);
    err = (struct sy_err){0};
    ck_assert_int_eq(parse_only(wide, sizeof wide - 1, sizeof wide, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "f:200000:2: more than 200000 values");
}
END_TEST

enum reader { STR, INT, REAL, BOOL, ONLY };

static const struct {
    enum reader reader;
    const char *text;
    enum sy_code code;
    const char *message;
} reads[] = {
    {STR, "k: some text", SY_OK, ""},
    {STR, "k: 0000:3b:00.0", SY_OK, ""},
    {STR, "k: 7", SY_OK, ""},
    {STR, "k: 'null'", SY_OK, ""},
    {STR, "k: \"\"", SY_OK, ""},
    {STR, "k:", SY_EINVAL, "f:1:3: expected a text, got nothing"},
    {STR, "k: ~", SY_EINVAL, "f:1:4: expected a text, got nothing"},
    {STR, "k: null", SY_EINVAL, "f:1:4: expected a text, got nothing"},
    {STR, "k: [x]", SY_EINVAL, "f:1:4: expected a text, got a list"},
    {STR, "k: 12345678901234567", SY_ELIMIT, "f:1:4: 17 bytes long, more than 16"},
    {INT, "k: -5", SY_OK, ""},
    {INT, "k: +10", SY_OK, ""},
    {INT, "k: 11", SY_ELIMIT, "f:1:4: 11 is not within -5..10"},
    {INT, "k: 99999999999999999999", SY_ELIMIT, "f:1:4: 99999999999999999999 is not within -5..10"},
    {INT, "k: '5'", SY_EINVAL, "f:1:4: expected an integer, got the text '5'"},
    {INT, "k: 010", SY_EINVAL, "f:1:4: expected an integer, got '010'"},
    {INT, "k: 0x10", SY_EINVAL, "f:1:4: expected an integer, got '0x10'"},
    {INT, "k: 1_0", SY_EINVAL, "f:1:4: expected an integer, got '1_0'"},
    {INT, "k: 1.0", SY_EINVAL, "f:1:4: expected an integer, got '1.0'"},
    {INT, "k: 5 W", SY_EINVAL, "f:1:4: expected an integer, got '5 W'"},
    {INT, "k: {}", SY_EINVAL, "f:1:4: expected an integer, got a map"},
    {INT, "k:", SY_EINVAL, "f:1:3: expected an integer, got nothing"},
    {REAL, "k: 1", SY_OK, ""},
    {REAL, "k: 1.25", SY_OK, ""},
    {REAL, "k: 1e-3", SY_OK, ""},
    {REAL, "k: 2.75", SY_ELIMIT, "f:1:4: 2.75 is not within 0..2.5"},
    {REAL, "k: 1e999", SY_ELIMIT, "f:1:4: 1e999 is not within 0..2.5"},
    {REAL, "k: .inf", SY_EINVAL, "f:1:4: expected a number, got '.inf'"},
    {REAL, "k: nan", SY_EINVAL, "f:1:4: expected a number, got 'nan'"},
    {REAL, "k: 0x1p3", SY_EINVAL, "f:1:4: expected a number, got '0x1p3'"},
    {REAL, "k: 1.", SY_EINVAL, "f:1:4: expected a number, got '1.'"},
    {REAL, "k: 1e", SY_EINVAL, "f:1:4: expected a number, got '1e'"},
    {BOOL, "k: true", SY_OK, ""},
    {BOOL, "k: yes", SY_EINVAL, "f:1:4: expected true or false, got 'yes'"},
    {BOOL, "k: 'true'", SY_EINVAL, "f:1:4: expected true or false, got the text 'true'"},
    {BOOL, "k: \"a\\nb'\"", SY_EINVAL,
     "f:1:4: expected true or false, got the text 'a\\x0Ab\\x27'"},
    {ONLY, "k: {a: 1, b: 2}", SY_OK, ""},
    {ONLY, "k: {a: 1, c: 2}", SY_EINVAL, "f:1:11: unknown key 'c' (known: a, b)"},
    {ONLY, "k: {a: 1, <<: 2}", SY_EINVAL, "f:1:11: unknown key '<<' (known: a, b)"},
    {ONLY, "k: [a]", SY_EINVAL, "f:1:4: expected a map, got a list"},
    {ONLY, "k:", SY_EINVAL, "f:1:3: expected a map, got nothing"},
};

START_TEST(readers)
{
    static const char *const known[] = {"a", "b", NULL};
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 20);
    struct sy_yaml *root = NULL;
    struct sy_err err = {0};
    ck_assert_int_eq(
        sy_yaml_parse(arena, "f", reads[_i].text, strlen(reads[_i].text), 1000, &root, &err),
        SY_OK);
    const struct sy_yaml *node = sy_yaml_get(root, "k");
    const char *text = NULL;
    int64_t integer = 77;
    double real = 77;
    bool boolean = false;
    enum sy_code code = SY_EINTERNAL;
    switch (reads[_i].reader) {
    case STR:
        code = sy_yaml_str("f", node, 16, &text, &err);
        break;
    case INT:
        code = sy_yaml_int("f", node, -5, 10, &integer, &err);
        break;
    case REAL:
        code = sy_yaml_real("f", node, 0, 2.5, &real, &err);
        break;
    case BOOL:
        code = sy_yaml_bool("f", node, &boolean, &err);
        break;
    case ONLY:
        code = sy_yaml_only("f", node, known, &err);
        break;
    }
    ck_assert_str_eq(err.text, reads[_i].message);
    ck_assert_int_eq(code, reads[_i].code);
    bool touched = text != NULL || integer != 77 || real < 77 || boolean;
    ck_assert_int_eq(touched, code == SY_OK && reads[_i].reader != ONLY);
}
END_TEST

static enum sy_code parse_small(void *data, struct sy_err *err)
{
    const char *text = data;
    return parse_only(text, strlen(text), 1000, err);
}

START_TEST(every_allocation_may_fail)
{
    char text[] = "a: [1, 2]\nb: {c: d}\n";
    ck_assert_int_gt(sy_fault_sweep(parse_small, text, 0), 1);
    SY_AUTO(sy_arena) struct sy_arena *tiny = sy_arena_new(256);
    struct sy_yaml *root = NULL;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_yaml_parse(tiny, "f", "a: [1, 2]", 9, 1000, &root, &err), SY_ENOMEM);
    ck_assert_ptr_null(root);
    ck_assert_str_eq(err.text, "f:1:5: out of memory");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("yaml");
    TCase *tcase = tcase_create("yaml");
    tcase_add_loop_test(tcase, parse, 0, sizeof documents / sizeof documents[0]);
    tcase_add_test(tcase, tree);
    tcase_add_test(tcase, limits);
    tcase_add_loop_test(tcase, readers, 0, sizeof reads / sizeof reads[0]);
    tcase_add_test(tcase, every_allocation_may_fail);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
