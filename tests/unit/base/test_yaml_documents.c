/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "base/yaml_documents.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Documents as "LINE:text;", items as "[LINE]" where they begin. */
struct heard {
    struct sy_str text;
    bool fail; /* the callbacks' own failure */
};

static enum sy_code begin(void *data, unsigned line, struct sy_err *err)
{
    struct heard *h = data;
    sy_str_printf(&h->text, "%u:", line);
    return h->fail ? sy_fail(err, SY_EINVAL, "enough") : SY_OK;
}

static enum sy_code end(void *data, struct sy_err *err)
{
    (void)err;
    sy_str_append(&((struct heard *)data)->text, ";");
    return SY_OK;
}

static enum sy_code text(void *data, const char *json, size_t len, struct sy_err *err)
{
    struct heard *h = data;
    sy_str_append_n(&h->text, json, len);
    return sy_str_failed(&h->text) ? sy_fail(err, SY_ENOMEM, "out of memory") : SY_OK;
}

static enum sy_code item(void *data, unsigned line, struct sy_err *err)
{
    (void)err;
    sy_str_printf(&((struct heard *)data)->text, "[%u]", line);
    return SY_OK;
}

static enum sy_code hear(struct heard *h, const char *yaml, size_t max, struct sy_err *err)
{
    const struct sy_yaml_documents documents = {.file = "f.yaml",
                                                .max_bytes = max,
                                                .begin = begin,
                                                .end = end,
                                                .text = text,
                                                .item = item,
                                                .data = h};
    return sy_yaml_documents_read(&documents, yaml, strlen(yaml), err);
}

static const struct {
    const char *description, *yaml, *expected, *message;
} cases[] = {
    {"nothing", "", "", ""},
    {"comments alone", "# a\n---\n# b\n---\n", "", ""},
    {"one", "a: 1\n", "1:{\"a\":1};", ""},
    {"several, some empty", "a: 1\n---\n---\n# x\n---\nb: [c, 'd']\n...\n",
     "1:{\"a\":1};6:{\"b\":[\"c\",\"d\"]};", ""},
    {"a text is a document", "--- x\n", "1:\"x\";", ""},
    {"words", "[yes, No, on, OFF, true, y, ~, Null, '', \"true\", yEs]",
     "1:[true,false,true,false,true,true,null,null,\"\",\"true\",\"yEs\"];", ""},
    {"whole numbers", "[0, -7, +7, 0x10, -0x10, 0b101, 010, 0o17, 1_000, 08, 9223372036854775807]",
     "1:[0,-7,7,16,-16,5,8,15,1000,8,9223372036854775807];", ""},
    {"past 64 bits", "[9223372036854775808, 18446744073709551615, 18446744073709551616]",
     "1:[9.2233720368547758e+18,1.8446744073709552e+19,1.8446744073709552e+19];", ""},
    {"reals", "[1e3, 1.5, .5, 5., 1E-3, -0.0, 0.1, 1e21, 1e400]",
     "1:[1000,1.5,0.5,5,0.001,0,0.1,1e+21,\"1e400\"];", ""},
    {"not numbers", "[1.2.3, 100m, 1.5Gi, 0x, 0xg, '1', 1:30, 2026-01-31, -, +, ., 1e, e3]",
     "1:[\"1.2.3\",\"100m\",\"1.5Gi\",\"0x\",\"0xg\",\"1\",\"1:30\",\"2026-01-31\",\"-\",\"+\",\"."
     "\","
     "\"1e\",\"e3\"];",
     ""},
    {"block texts", "a: |\n  x\n  y\nb: >\n  x\n  y\n", "1:{\"a\":\"x\\ny\\n\",\"b\":\"x y\\n\"};",
     ""},
    {"keys are texts", "yes: 1\n1: 2\n0x10: 3\n1.5: 4\n'null': 5\n",
     "1:{\"true\":1,\"1\":2,\"16\":3,\"1.5\":4,\"null\":5};", ""},
    {"items", "kind: List\nitems:\n- a: 1\n\n- b: [c]\nother:\n- x\n",
     "1:{\"kind\":\"List\",\"items\":[[3]{\"a\":1},[5]{\"b\":[\"c\"]}],\"other\":[\"x\"]};", ""},
    {"items further in", "a:\n  items:\n  - x\n", "1:{\"a\":{\"items\":[\"x\"]}};", ""},
    {"escapes", "a: \"\\u00fc\\n\\\"\"\n", "1:{\"a\":\"\xC3\xBC\\n\\\"\"};", ""},
    {"anchor", "a: &x 1\n", NULL, "f.yaml:1:4: anchors are not allowed"},
    {"anchor on a map", "a: &x {}\n", NULL, "f.yaml:1:4: anchors are not allowed"},
    {"alias", "a: 1\nb: *x\n", NULL, "f.yaml:2:4: aliases are not allowed"},
    {"tag", "a: !!str 1\n", NULL, "f.yaml:1:4: tags are not allowed"},
    {"merge key", "a:\n  <<: {b: 1}\n", NULL, "f.yaml:2:3: merge keys are not allowed"},
    {"duplicates", "a: 1\nb: 2\n'a': 3\n", NULL, "f.yaml:3:1: key 'a' repeats the one at 1:1"},
    {"duplicates by meaning", "yes: 1\n'true': 2\n", NULL,
     "f.yaml:2:1: key 'true' repeats the one at 1:1"},
    {"duplicates within", "a: {b: 1}\nc: {b: 1, d: {b: 2}, b: 3}\n", NULL,
     "f.yaml:2:22: key 'b' repeats the one at 2:5"},
    {"not a number", "a: .nan\n", NULL, "f.yaml:1:4: '.nan' is no number that Kubernetes takes"},
    {"a key that is nothing", "~: 1\n", NULL, "f.yaml:1:1: a key must be a text"},
    {"a key that is a list", "? [a]\n: 1\n", NULL, "f.yaml:1:3: a key must be a scalar"},
    {"unclosed", "a: [1\n", NULL,
     "f.yaml:2:1: while parsing a flow sequence did not find expected ',' or ']'"},
    {"not UTF-8", "a: \xFF\n", NULL, "f.yaml:1:4: invalid leading UTF-8 octet"},
};

START_TEST(read_table)
{
    struct heard h = {.fail = false};
    struct sy_err err = {0};
    sy_str_init(&h.text, (size_t)1 << 20);
    enum sy_code code = hear(&h, cases[_i].yaml, 1000, &err);
    ck_assert_msg(strcmp(err.text, cases[_i].message) == 0, "%s: %s", cases[_i].description,
                  err.text);
    ck_assert_int_eq(code, cases[_i].expected != NULL ? SY_OK : SY_EPARSE);
    if (cases[_i].expected != NULL)
        ck_assert_msg(strcmp(h.text.data != NULL ? h.text.data : "", cases[_i].expected) == 0,
                      "%s: %s", cases[_i].description, h.text.data);
    sy_str_done(&h.text);
}
END_TEST

START_TEST(limits)
{
    struct heard h = {.fail = false};
    struct sy_err err = {0};
    char deep[200];
    sy_str_init(&h.text, (size_t)1 << 20);
    ck_assert_int_eq(hear(&h, "a: 12345", 7, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "f.yaml:1:1: 8 bytes long, more than 7");
    err = (struct sy_err){0};
    memset(deep, '[', 65);
    deep[65] = '\0';
    ck_assert_int_eq(hear(&h, deep, 1000, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "f.yaml:1:65: nested more than 64 deep");
    err = (struct sy_err){0};
    h.fail = true;
    ck_assert_int_eq(hear(&h, "a: 1", 1000, &err), SY_EINVAL);
    ck_assert_str_eq(err.text, "enough");
    sy_str_done(&h.text);
}
END_TEST

/* Many keys must not take quadratic time, nor many lists memory. */
START_TEST(large)
{
    struct heard h = {.fail = false};
    struct sy_err err = {0};
    struct sy_str yaml;
    sy_str_init(&yaml, SIZE_MAX);
    sy_str_init(&h.text, SIZE_MAX);
    for (unsigned i = 0; i < 100000; i++)
        sy_str_printf(&yaml, "k%u: [a, b]\n", i);
    ck_assert_msg(hear(&h, yaml.data, SIZE_MAX, &err) == SY_OK, "%s", err.text);
    ck_assert_uint_gt(h.text.len, 1000000);
    sy_str_done(&yaml);
    sy_str_done(&h.text);
}
END_TEST

static enum sy_code one_run(void *data, struct sy_err *err)
{
    struct heard h = {.fail = false};
    (void)data;
    sy_str_init(&h.text, (size_t)1 << 20);
    enum sy_code code = hear(&h, "a: {b: [1, x]}\nitems:\n- c: d\n---\ne: f\ng: h\n", 1000, err);
    sy_str_done(&h.text);
    return code;
}

START_TEST(no_memory)
{
    ck_assert_int_gt(sy_fault_sweep(one_run, NULL, 0), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("YAML documents");
    TCase *tcase = tcase_create("documents");
    tcase_add_loop_test(tcase, read_table, 0, (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, large);
    tcase_add_test(tcase, no_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
