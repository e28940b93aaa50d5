/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <string.h>

static const struct sy_json_limits strict = {
    .max_bytes = 1000, .max_depth = 4, .reject_duplicates = true};

static const struct {
    const char *description;
    const char *text;
    size_t len; /* 0: strlen */
    enum sy_code code;
    const char *message;
} documents[] = {
    {"object", "{\"a\":[1,2.5,null,true]}", 0, SY_OK, ""},
    {"any root", " 5 ", 0, SY_OK, ""},
    {"as deep as allowed", "[[[[1]]]]", 0, SY_OK, ""},
    {"brackets in a text", "[\"[[[[[[ \\\" [[[[\"]", 0, SY_OK, ""},
    {"nul in a text passes", "[\"a\\u0000b\"]", 0, SY_OK, ""},
    {"too deep", "[[\n[[[1]]]]]", 0, SY_ELIMIT, "line 2, column 3: nested more than 4 deep"},
    {"too deep and unclosed", "{\"a\":{\"a\":{\"a\":{\"a\":{", 0, SY_ELIMIT,
     "line 1, column 21: nested more than 4 deep"},
    {"nothing", "", 0, SY_EPARSE, "line 1, column 0: unexpected token near end of file"},
    {"truncated", "{\"a\":", 0, SY_EPARSE, "line 1, column 5: unexpected token near end of file"},
    {"duplicate keys", "{\"a\":1,\"a\":2}", 0, SY_EPARSE,
     "line 1, column 10: duplicate object key near '\"a\"'"},
    {"rubbish behind", "{} x", 0, SY_EPARSE, "line 1, column 4: end of file expected near 'x'"},
    {"invalid utf-8", "[\"\xFF\"]", 0, SY_EPARSE,
     "line 1, column 2: unable to decode byte 0xff near '\"'"},
    {"overlong utf-8", "[\"\xC0\xAF\"]", 0, SY_EPARSE,
     "line 1, column 2: unable to decode byte 0xc0 near '\"'"},
    {"lone surrogate", "[\"\\uD800\"]", 0, SY_EPARSE,
     "line 1, column 9: invalid Unicode '\\uD800' near '\"\\uD800\"'"},
    {"control character", "[\"\n\"]", 0, SY_EPARSE,
     "line 1, column 2: unexpected newline near '\"'"},
    {"raw nul", "[\0]", 3, SY_EPARSE, ""},
    {"integer too large", "[9223372036854775808]", 0, SY_EPARSE,
     "line 1, column 20: too big integer near '9223372036854775808'"},
    {"real too large", "[1e999]", 0, SY_EPARSE,
     "line 1, column 6: real number overflow near '1e999'"},
    {"nan", "[NaN]", 0, SY_EPARSE, "line 1, column 4: invalid token near 'NaN'"},
    {"comment", "[1] // x", 0, SY_EPARSE, "line 1, column 5: end of file expected near '/'"},
    {"nul in a key", "{\"a\\u0000\":1}", 0, SY_EPARSE,
     "line 1, column 10: NUL byte in object key not supported near '\"a\\u0000\"'"},
};

START_TEST(parse)
{
    json_t *root = NULL;
    struct sy_err err = {0};
    size_t len = documents[_i].len > 0 ? documents[_i].len : strlen(documents[_i].text);
    enum sy_code code = sy_json_parse(documents[_i].text, len, &strict, &root, &err);
    ck_assert_msg(code == documents[_i].code, "%s: %s", documents[_i].description, err.text);
    if (*documents[_i].message != '\0' || code == SY_OK)
        ck_assert_str_eq(err.text, documents[_i].message);
    ck_assert_int_eq(root != NULL, code == SY_OK);
    json_decref(root);
}
END_TEST

START_TEST(length_limit)
{
    char text[1002];
    memset(text, ' ', sizeof text);
    text[0] = '1';
    json_t *root = NULL;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_json_parse(text, 1001, &strict, &root, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "1001 bytes long, more than 1000");
    ck_assert_int_eq(sy_json_parse(text, 1000, &strict, &root, NULL), SY_OK);
    json_decref(root);
}
END_TEST

START_TEST(last_duplicate_wins_on_the_wire)
{
    const struct sy_json_limits wire = {.max_bytes = 1000, .max_depth = 4};
    json_t *root = NULL;
    const char *text = "{\"a\":1,\"a\":2}";
    ck_assert_int_eq(sy_json_parse(text, strlen(text), &wire, &root, NULL), SY_OK);
    ck_assert_int_eq(json_integer_value(json_object_get(root, "a")), 2);
    json_decref(root);
}
END_TEST

/* A million brackets must neither recurse nor allocate. */
START_TEST(very_deep)
{
    const struct sy_json_limits wide = {.max_bytes = 1 << 24, .max_depth = 64};
    static char text[1 << 20];
    memset(text, '[', sizeof text);
    json_t *root = NULL;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_json_parse(text, sizeof text, &wide, &root, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "line 1, column 65: nested more than 64 deep");
}
END_TEST

START_TEST(paths)
{
    const struct sy_path root = {.parent = NULL};
    char buf[64];
    ck_assert_str_eq(sy_path_format(NULL, buf, sizeof buf), "");
    ck_assert_str_eq(sy_path_format(&root, buf, sizeof buf), "");
    const struct sy_path *a = SY_PATH_KEY(&root, "a/b~c\n"), *b = SY_PATH_AT(a, 12);
    ck_assert_str_eq(sy_path_format(SY_PATH_KEY(b, "pci"), buf, sizeof buf),
                     "/a~1b~0c\\x0A/12/pci");
    char small[8];
    ck_assert_str_eq(sy_path_format(b, small, sizeof small), "/a~1...");
    ck_assert_str_eq(sy_path_format(SY_PATH_KEY(NULL, "a"), buf, sizeof buf), "/a");
    char tiny[1];
    ck_assert_str_eq(sy_path_format(b, tiny, sizeof tiny), "");
}
END_TEST

START_TEST(failures_name_the_place)
{
    struct sy_err err = {0}, type = {0}, long_key = {0};
    char key[400];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    const struct sy_path *at = SY_PATH_AT(SY_PATH_KEY(NULL, "a"), 3);
    ck_assert_int_eq(sy_json_fail(at, SY_ELIMIT, &err, "%d, more than %d", 3, 2), SY_ELIMIT);
    ck_assert_int_eq(err.code, SY_ELIMIT);
    ck_assert_str_eq(err.text, "/a/3: 3, more than 2");
    ck_assert_int_eq(sy_json_fail(at, SY_EINVAL, &err, "later"), SY_EINVAL);
    ck_assert_str_eq(err.text, "/a/3: 3, more than 2");
    ck_assert_int_eq(sy_json_fail_type(NULL, "object", NULL, &type), SY_EINVAL);
    ck_assert_str_eq(type.text, "/: expected object, got nothing");
    (void)sy_json_fail(SY_PATH_KEY(NULL, key), SY_EINVAL, &long_key, "text");
    ck_assert_uint_eq(strlen(long_key.text), 255 + strlen(": text"));
    ck_assert_ptr_nonnull(strstr(long_key.text, "kkk...: text"));
    ck_assert_int_eq(sy_json_fail(at, SY_EINVAL, NULL, "nobody asks"), SY_EINVAL);
}
END_TEST

enum reader { STR, INT, REAL, BOOL, ARRAY, OBJECT };

static const struct {
    enum reader reader;
    enum sy_json_need need;
    const char *json; /* the document, member "k" is read */
    enum sy_code code;
    const char *message;
} reads[] = {
    {STR, SY_JSON_REQUIRED, "{\"k\":\"text\"}", SY_OK, ""},
    {STR, SY_JSON_OPTIONAL, "{}", SY_OK, ""},
    {STR, SY_JSON_OPTIONAL, "{\"k\":null}", SY_OK, ""},
    {STR, SY_JSON_REQUIRED, "{}", SY_EINVAL, "/up/k: required"},
    {STR, SY_JSON_REQUIRED, "{\"k\":null}", SY_EINVAL, "/up/k: required"},
    {STR, SY_JSON_OPTIONAL, "{\"k\":7}", SY_EINVAL, "/up/k: expected string, got integer"},
    {STR, SY_JSON_OPTIONAL, "{\"k\":\"123456789\"}", SY_ELIMIT, "/up/k: 9 bytes long, more than 8"},
    {STR, SY_JSON_OPTIONAL, "{\"k\":\"a\\u0000\"}", SY_EINVAL, "/up/k: holds a NUL byte"},
    {STR, SY_JSON_OPTIONAL, "[1]", SY_EINVAL, "/up: expected object, got array"},
    {INT, SY_JSON_REQUIRED, "{\"k\":-5}", SY_OK, ""},
    {INT, SY_JSON_REQUIRED, "{\"k\":10}", SY_OK, ""},
    {INT, SY_JSON_REQUIRED, "{\"k\":11}", SY_ELIMIT, "/up/k: 11 is not within -5..10"},
    {INT, SY_JSON_REQUIRED, "{\"k\":-6}", SY_ELIMIT, "/up/k: -6 is not within -5..10"},
    {INT, SY_JSON_REQUIRED, "{\"k\":1.0}", SY_EINVAL, "/up/k: expected integer, got real"},
    {INT, SY_JSON_REQUIRED, "{\"k\":\"1\"}", SY_EINVAL, "/up/k: expected integer, got string"},
    {INT, SY_JSON_REQUIRED, "{\"k\":true}", SY_EINVAL, "/up/k: expected integer, got boolean"},
    {REAL, SY_JSON_REQUIRED, "{\"k\":1.5}", SY_OK, ""},
    {REAL, SY_JSON_REQUIRED, "{\"k\":2}", SY_OK, ""},
    {REAL, SY_JSON_REQUIRED, "{\"k\":2.75}", SY_ELIMIT, "/up/k: 2.75 is not within 0..2.5"},
    {REAL, SY_JSON_REQUIRED, "{\"k\":-1e300}", SY_ELIMIT, "/up/k: -1e+300 is not within 0..2.5"},
    {REAL, SY_JSON_REQUIRED, "{\"k\":[]}", SY_EINVAL, "/up/k: expected number, got array"},
    {BOOL, SY_JSON_REQUIRED, "{\"k\":true}", SY_OK, ""},
    {BOOL, SY_JSON_REQUIRED, "{\"k\":1}", SY_EINVAL, "/up/k: expected boolean, got integer"},
    {ARRAY, SY_JSON_REQUIRED, "{\"k\":[1,2]}", SY_OK, ""},
    {ARRAY, SY_JSON_REQUIRED, "{\"k\":[1,2,3]}", SY_ELIMIT, "/up/k: 3 items, more than 2"},
    {ARRAY, SY_JSON_REQUIRED, "{\"k\":{}}", SY_EINVAL, "/up/k: expected array, got object"},
    {OBJECT, SY_JSON_REQUIRED, "{\"k\":{}}", SY_OK, ""},
    {OBJECT, SY_JSON_REQUIRED, "{\"k\":\"x\"}", SY_EINVAL, "/up/k: expected object, got string"},
    {OBJECT, SY_JSON_OPTIONAL, "5", SY_EINVAL, "/up: expected object, got integer"},
};

/* All outputs in one, so that a failure can be seen to touch none. */
struct outputs {
    const char *text;
    int64_t integer;
    double real;
    bool boolean;
    json_t *value;
};

static enum sy_code read_member(enum reader reader, const json_t *obj, enum sy_json_need need,
                                struct outputs *out, struct sy_err *err)
{
    const struct sy_path *at = SY_PATH_KEY(NULL, "up");
    switch (reader) {
    case STR:
        return sy_json_str(obj, "k", need, 8, at, &out->text, err);
    case INT:
        return sy_json_int(obj, "k", need, -5, 10, at, &out->integer, err);
    case REAL:
        return sy_json_real(obj, "k", need, 0, 2.5, at, &out->real, err);
    case BOOL:
        return sy_json_bool(obj, "k", need, at, &out->boolean, err);
    case ARRAY:
        return sy_json_array(obj, "k", need, 2, at, &out->value, err);
    case OBJECT:
        return sy_json_object(obj, "k", need, at, &out->value, err);
    }
    ck_abort_msg("no such reader");
}

START_TEST(readers)
{
    sy_autojson json_t *root = NULL;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_json_parse(reads[_i].json, strlen(reads[_i].json), &strict, &root, &err),
                     SY_OK);
    struct outputs before, out;
    memset(&before, 0, sizeof before);
    before.integer = 77;
    memcpy(&out, &before, sizeof out);
    ck_assert_int_eq(read_member(reads[_i].reader, root, reads[_i].need, &out, &err),
                     reads[_i].code);
    ck_assert_str_eq(err.text, reads[_i].message);
    bool absent = json_is_null(json_object_get(root, "k")) || json_object_get(root, "k") == NULL;
    ck_assert_int_eq(memcmp(&before, &out, sizeof out) == 0, reads[_i].code != SY_OK || absent);
}
END_TEST

START_TEST(absent_object)
{
    struct outputs out = {.integer = 77};
    struct sy_err err = {0};
    ck_assert_int_eq(read_member(INT, NULL, SY_JSON_OPTIONAL, &out, &err), SY_OK);
    ck_assert_int_eq(out.integer, 77);
    ck_assert_int_eq(read_member(INT, NULL, SY_JSON_REQUIRED, &out, &err), SY_EINVAL);
    ck_assert_str_eq(err.text, "/up/k: required");
    ck_assert_int_eq(sy_json_int(json_true(), "k", SY_JSON_OPTIONAL, 0, 1, NULL, &out.integer,
                                 &(struct sy_err){0}),
                     SY_EINVAL);
}
END_TEST

START_TEST(names_without_case)
{
    sy_autojson json_t *root = json_pack("{s:i,s:i,s:i}", "nodenames", 1, "NODENAMES", 2, "x", 3);
    ck_assert_int_eq(json_integer_value(sy_json_get_ci(root, "NodeNames")), 2);
    ck_assert_int_eq(json_integer_value(sy_json_get_ci(root, "nodenames")), 1);
    ck_assert_int_eq(json_integer_value(sy_json_get_ci(root, "X")), 3);
    ck_assert_ptr_null(sy_json_get_ci(root, "y"));
    ck_assert_ptr_null(sy_json_get_ci(NULL, "y"));
    ck_assert_ptr_null(sy_json_get_ci(json_true(), "y"));
}
END_TEST

START_TEST(types_in_words)
{
    ck_assert_str_eq(sy_json_type(NULL), "nothing");
    ck_assert_str_eq(sy_json_type(json_null()), "null");
    ck_assert_str_eq(sy_json_type(json_false()), "boolean");
}
END_TEST

START_TEST(dump)
{
    sy_autojson json_t *value = json_pack("{s:i,s:[s,n,b]}", "z", 1, "a", "x\n", 1);
    char *text = NULL;
    size_t len = 0;
    ck_assert_int_eq(sy_json_dump(value, false, &text, &len, NULL), SY_OK);
    ck_assert_str_eq(text, "{\"z\":1,\"a\":[\"x\\n\",null,true]}");
    ck_assert_uint_eq(len, strlen(text));
    sy_free(text);
    ck_assert_int_eq(sy_json_dump(json_null(), true, &text, &len, NULL), SY_OK);
    ck_assert_str_eq(text, "null");
    sy_free(text);
    json_t *loop = json_array();
    ck_assert_int_eq(json_array_append(loop, json_null()), 0);
    sy_autojson json_t *inner = json_array();
    ck_assert_int_eq(json_array_append(loop, inner), 0);
    ck_assert_int_eq(json_array_append(inner, loop), 0);
    struct sy_err err = {0};
    ck_assert_int_eq(sy_json_dump(loop, false, &text, &len, &err), SY_EINTERNAL);
    ck_assert_str_eq(err.text, "value cannot be written as JSON");
    ck_assert_int_eq(json_array_clear(inner), 0);
    json_decref(loop);
}
END_TEST

static enum sy_code round_trip(void *data, struct sy_err *err)
{
    const char *text = data;
    const struct sy_json_limits limits = {.max_bytes = 10000, .max_depth = 10};
    sy_autojson json_t *root = NULL;
    enum sy_code code = sy_json_parse(text, strlen(text), &limits, &root, err);
    if (code != SY_OK)
        return code;
    sy_autofree char *dumped = NULL;
    size_t len;
    code = sy_json_dump(root, false, &dumped, &len, err);
    if (code == SY_OK)
        ck_assert_str_eq(dumped, text);
    return code;
}

START_TEST(every_allocation_may_fail)
{
    static char text[] =
        "{\"list\":[1,2.5,\"a text that is long enough to make the buffer of the lexer grow, twice "
        "at least, which jansson does not report when it fails\",null],\"b\":{\"c\":true},\"d\":0}";
    ck_assert_int_gt(sy_fault_sweep(round_trip, text, 0), 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tcase = tcase_create("json");
    tcase_add_loop_test(tcase, parse, 0, sizeof documents / sizeof documents[0]);
    tcase_add_test(tcase, length_limit);
    tcase_add_test(tcase, last_duplicate_wins_on_the_wire);
    tcase_add_test(tcase, very_deep);
    tcase_add_test(tcase, paths);
    tcase_add_test(tcase, failures_name_the_place);
    tcase_add_loop_test(tcase, readers, 0, sizeof reads / sizeof reads[0]);
    tcase_add_test(tcase, absent_object);
    tcase_add_test(tcase, names_without_case);
    tcase_add_test(tcase, types_in_words);
    tcase_add_test(tcase, dump);
    tcase_add_test(tcase, every_allocation_may_fail);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
