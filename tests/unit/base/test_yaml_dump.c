/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"
#include "base/yaml_dump.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *what, *json, *yaml;
} cases[] = {
    {"plain words", "{\"kind\":\"NodeFabric\",\"b\":\"amd.com/gpu\"}",
     "kind: NodeFabric\nb: amd.com/gpu\n"},
    {"words that are no texts to some", "[\"yes\",\"Off\",\"null\",\"n\",\"~\",\"True\"]",
     "- \"yes\"\n- \"Off\"\n- \"null\"\n- \"n\"\n- \"~\"\n- \"True\"\n"},
    {"texts like numbers", "[\"1\",\"0000:81:00.0\",\"1e3\",\"-1\",\".5\",\"12:30:45\"]",
     "- \"1\"\n- \"0000:81:00.0\"\n- \"1e3\"\n- \"-1\"\n- \".5\"\n- \"12:30:45\"\n"},
    {"signs", "[\"a: b\",\"a #b\",\"*a\",\"\",\" a\",\"a\\\"b\\\\\",\"a\\nb\"]",
     "- \"a: b\"\n- \"a #b\"\n- \"*a\"\n- \"\"\n- \" a\"\n- \"a\\\"b\\\\\"\n- \"a\\nb\"\n"},
    {"characters", "[\"\\u007f\\u0085\\u2028\\ufeff\",\"\xC3\xBC\\ud83d\\ude00\"]",
     "- \"\\x7F\\x85\\u2028\\uFEFF\"\n- \"\xC3\xBC\xF0\x9F\x98\x80\"\n"},
    {"numbers", "[1,-2,31.5,1e20,true,false,null]",
     "- 1\n- -2\n- 31.5\n- 1.0e20\n- true\n- false\n- null\n"},
    {"nested", "{\"a\":{\"b\":[{\"c\":1,\"d\":[2,[3,4]]},{}],\"e\":[]},\"f\":{}}",
     "a:\n  b:\n  - c: 1\n    d:\n    - 2\n    - - 3\n      - 4\n  - {}\n  e: []\nf: {}\n"},
    {"a key that needs quotes", "{\"a b\":1,\"y\":{\"1\":2}}", "\"a b\": 1\n\"y\":\n  \"1\": 2\n"},
    {"scalar", "\"x\"", "x\n"},
    {"empty", "{}", "{}\n"},
};

static json_t *parse(const char *text)
{
    json_t *root = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(root);
    return root;
}

START_TEST(writes)
{
    struct sy_str out;
    struct sy_err err = {0};
    sy_autojson json_t *value = parse(cases[_i].json);
    sy_str_init(&out, 1 << 20);
    ck_assert_int_eq(sy_yaml_dump(value, &out, &err), SY_OK);
    ck_assert_str_eq(out.data, cases[_i].yaml);
    sy_str_done(&out);
}
END_TEST

/* The reader's node says what the value says. */
static void check_same(const json_t *value, const struct sy_yaml *node)
{
    struct sy_err err = {0};
    const char *text = NULL;
    double real;
    int64_t whole;
    bool flag;
    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        const char *key;
        json_t *member;
        ck_assert_int_eq(node->kind, SY_YAML_MAP);
        ck_assert_uint_eq(node->count, json_object_size(value));
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
            check_same(member, sy_yaml_get(node, key));
        break;
    }
    case JSON_ARRAY:
        ck_assert_int_eq(node->kind, SY_YAML_LIST);
        ck_assert_uint_eq(node->count, json_array_size(value));
        for (size_t i = 0; i < node->count; i++)
            check_same(json_array_get(value, i), node->item[i]);
        break;
    case JSON_STRING:
        ck_assert_int_eq(sy_yaml_str("f", node, 1000, &text, &err), SY_OK);
        ck_assert_str_eq(text, json_string_value(value));
        break;
    case JSON_INTEGER:
        ck_assert_int_eq(sy_yaml_int("f", node, INT64_MIN, INT64_MAX, &whole, &err), SY_OK);
        ck_assert_int_eq(whole, json_integer_value(value));
        break;
    case JSON_REAL:
        ck_assert_int_eq(sy_yaml_real("f", node, -1e300, 1e300, &real, &err), SY_OK);
        ck_assert(real == json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        ck_assert_int_eq(sy_yaml_bool("f", node, &flag, &err), SY_OK);
        ck_assert_int_eq(flag, json_is_true(value));
        break;
    case JSON_NULL:
        ck_assert_int_eq(node->kind, SY_YAML_SCALAR);
        ck_assert(!node->quoted);
        break;
    }
}

static void check_round(const json_t *value)
{
    struct sy_str out;
    struct sy_err err = {0};
    struct sy_yaml *root = NULL;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 22);
    sy_str_init(&out, 1 << 20);
    ck_assert_int_eq(sy_yaml_dump(value, &out, &err), SY_OK);
    enum sy_code code = sy_yaml_parse(arena, "f", out.data, out.len, 1 << 20, &root, &err);
    ck_assert_msg(code == SY_OK, "%s\n%s", err.text, out.data);
    check_same(value, root);
    sy_str_done(&out);
}

START_TEST(reads_back)
{
    sy_autojson json_t *value = parse(cases[_i].json);
    check_round(value);
}
END_TEST

/* A text of characters that matter to YAML, and of any others. */
static json_t *random_text(void)
{
    static const char *const pieces[] = {"a",
                                         "1",
                                         ":",
                                         " ",
                                         "-",
                                         "#",
                                         "\"",
                                         "'",
                                         "{",
                                         "\n",
                                         "\xC2\x85",
                                         "\xE2\x80\xA8",
                                         "\xEF\xBB\xBF",
                                         "\xC3\xBC",
                                         "\xF0\x9F\x98\x80",
                                         "\\",
                                         "?",
                                         "\t",
                                         "\x7F",
                                         ",",
                                         "yes",
                                         "~",
                                         "%",
                                         "@"};
    char text[128] = "";
    size_t len = 0;
    for (int n = rand() % 8; n > 0; n--) {
        const char *piece = pieces[(size_t)rand() % (sizeof pieces / sizeof pieces[0])];
        memcpy(text + len, piece, strlen(piece) + 1);
        len += strlen(piece);
    }
    return json_string(text);
}

static json_t *random_value(unsigned depth)
{
    int kind = rand() % (depth > 3 ? 4 : 6);
    json_t *ret;
    switch (kind) {
    case 0:
        return json_integer(rand() % 2 ? rand() : -rand());
    case 1:
        return json_real(rand() / 3.0 * (rand() % 2 ? 1e-9 : 1e12));
    case 2:
    case 3:
        return random_text();
    case 4:
        ret = json_array();
        for (int n = rand() % 4; n > 0; n--)
            json_array_append_new(ret, random_value(depth + 1));
        return ret;
    default:
        ret = json_object();
        for (int n = rand() % 4; n > 0; n--) {
            json_t *key = random_text();
            json_object_set_new(ret, json_string_value(key), random_value(depth + 1));
            json_decref(key);
        }
        return ret;
    }
}

START_TEST(random_values_read_back)
{
    srand((unsigned)_i);
    for (int i = 0; i < 100; i++) {
        sy_autojson json_t *value = random_value(0);
        check_round(value);
    }
}
END_TEST

START_TEST(depth)
{
    struct sy_str out;
    struct sy_err err = {0};
    sy_autojson json_t *root = json_array();
    json_t *at = root;
    for (unsigned i = 1; i < SY_YAML_DUMP_DEPTH_MAX; i++) {
        json_array_append_new(at, json_array());
        at = json_array_get(at, 0);
    }
    json_array_append_new(at, json_integer(1));
    sy_str_init(&out, 1 << 20);
    ck_assert_int_eq(sy_yaml_dump(root, &out, &err), SY_OK);
    json_array_clear(at);
    json_array_append_new(at, json_pack("[i]", 1));
    ck_assert_int_eq(sy_yaml_dump(root, &out, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "nested deeper than 64 levels");
    sy_str_done(&out);
}
END_TEST

START_TEST(limit)
{
    struct sy_str out;
    struct sy_err err = {0};
    sy_autojson json_t *root = json_string("0123456789");
    sy_str_init(&out, 5);
    ck_assert_int_eq(sy_yaml_dump(root, &out, &err), SY_ENOMEM);
    sy_str_done(&out);
}
END_TEST

static enum sy_code dump_once(void *data, struct sy_err *err)
{
    struct sy_str out;
    sy_str_init(&out, 1 << 20);
    enum sy_code code = sy_yaml_dump(data, &out, err);
    sy_str_done(&out);
    return code;
}

START_TEST(out_of_memory)
{
    sy_autojson json_t *value = parse("{\"a\":[1.5,\"b c\"],\"d\":{\"e\":2.25}}");
    ck_assert_int_gt(sy_fault_sweep(dump_once, value, 0), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("yaml_dump");
    TCase *tcase = tcase_create("yaml_dump");
    int n = (int)(sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(tcase, writes, 0, n);
    tcase_add_loop_test(tcase, reads_back, 0, n);
    tcase_add_loop_test(tcase, random_values_read_back, 0, 20);
    tcase_add_test(tcase, depth);
    tcase_add_test(tcase, limit);
    tcase_add_test(tcase, out_of_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
