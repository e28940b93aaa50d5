/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/extract.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN 1024

/* What came, as text: documents, "!" + what is known of a refused one + its reason, "^" + top. */
struct seen {
    char text[SEEN];
    unsigned fail_at; /* the n-th document's callback fails; 0 = none */
    unsigned documents;
};

static enum sy_code show(struct seen *seen, const char *mark, const json_t *value, const char *why,
                         struct sy_err *err)
{
    sy_autofree char *text = NULL;
    size_t len, at = strlen(seen->text);
    if (value != NULL) {
        enum sy_code code = sy_json_dump(value, false, &text, &len, err);
        if (code != SY_OK)
            return code;
    }
    (void)snprintf(seen->text + at, SEEN - at, "%s%s%s%s\n", mark, text != NULL ? text : "-",
                   *why != '\0' ? " " : "", why);
    return SY_OK;
}

static enum sy_code on_document(void *data, json_t *document, struct sy_err *err)
{
    struct seen *seen = data;
    if (++seen->documents == seen->fail_at)
        return sy_fail(err, SY_ECONFLICT, "not this one");
    return show(data, "", document, "", err);
}

static enum sy_code on_top(void *data, json_t *top, struct sy_err *err)
{
    return show(data, "^", top, "", err);
}

static enum sy_code on_refused(void *data, json_t *partial, const struct sy_err *why,
                               struct sy_err *err)
{
    return show(data, "!", partial, why->text, err);
}

static const struct sy_kube_field names[] = {
    {.key = "name"}, {.key = "*", .starts = "our/"}, {.key = NULL}};
static const struct sy_kube_field fields[] = {
    {.key = "meta", .below = names}, {.key = "size"}, {.key = NULL}};
static const struct sy_kube_field top_fields[] = {{.key = "version"}, {.key = NULL}};

enum way { STREAM, LIST, STRICT }; /* STRICT: no `refused` */

static const struct {
    const char *description;
    enum way way;
    const char *text;
    enum sy_code code;
    const char *message;
    const char *seen;
} cases[] = {
    {"what is wanted", STREAM,
     "{\"meta\":{\"name\":\"a\",\"uid\":\"u\",\"our/x\":[1]},\"spec\":{},\"size\":2}", SY_OK, "",
     "{\"meta\":{\"name\":\"a\",\"our/x\":[1]},\"size\":2}\n"},
    {"fields of each object of an array", STREAM, "{\"meta\":[{\"name\":1,\"x\":2},[{\"x\":3}],4]}",
     SY_OK, "", "{\"meta\":[{\"name\":1},[{}],4]}\n"},
    {"another type than expected is kept", STREAM, "{\"meta\":\"text\"}", SY_OK, "",
     "{\"meta\":\"text\"}\n"},
    {"two documents, spaces between", STREAM, " {\"size\":1}\n\n{\"size\":2} ", SY_OK, "",
     "{\"size\":1}\n{\"size\":2}\n"},
    {"no document", STREAM, " \n ", SY_OK, "", ""},
    {"of equal names the last counts", STREAM,
     "{\"size\":1,\"meta\":{\"name\":1},\"size\":3,\"meta\":{\"our/y\":2}}", SY_OK, "",
     "{\"size\":3,\"meta\":{\"our/y\":2}}\n"},
    {"a list", LIST, "{\"items\":[{\"size\":1,\"x\":1},null],\"version\":7,\"kind\":\"L\"}", SY_OK,
     "", "{\"size\":1}\nnull\n^{\"version\":7}\n"},
    {"items null", LIST, "{\"items\":null}", SY_OK, "", "^{}\n"},
    {"no items", LIST, "{\"version\":7}", SY_OK, "", "^{\"version\":7}\n"},
    {"items deeper down are none", LIST, "{\"x\":{\"items\":[1]},\"items\":[{\"items\":[2]}]}",
     SY_OK, "", "{}\n^{}\n"},
    {"no list at all", LIST, "[]", SY_EPARSE, "byte 1: expected an object", ""},
    {"items of another type", LIST, "{\"items\":{}}", SY_EPARSE, "byte 10: items: expected a list",
     ""},
    {"items twice", LIST, "{\"items\":[],\"items\":[]}", SY_EPARSE,
     "byte 21: a second list of items", ""},
    {"more behind a list", LIST, "{} {}", SY_EPARSE, "byte 4: expected nothing more", "^{}\n"},
    {"nothing where a list should be", LIST, "", SY_EPARSE,
     "byte 1: the stream ends within a document", ""},
    {"cut in a text", STREAM, "{\"si", SY_EPARSE, "byte 5: the stream ends within a document", ""},
    {"cut behind a name", STREAM, "{\"size\":", SY_EPARSE,
     "byte 9: the stream ends within a document", ""},
    {"comma before the end", STREAM, "{\"size\":1,}", SY_EPARSE, "byte 11: expected a name", ""},
    {"no comma", STREAM, "{\"size\":1 \"x\":1}", SY_EPARSE, "byte 11: expected ',' or '}'", ""},
    {"no comma in a list", STREAM, "[1 2]", SY_EPARSE, "byte 4: expected ',' or ']'", ""},
    {"no colon", STREAM, "{\"size\" 1}", SY_EPARSE, "byte 9: expected ':'", ""},
    {"no name", STREAM, "{1:2}", SY_EPARSE, "byte 2: expected a name or '}'", ""},
    {"no value", STREAM, "[,]", SY_EPARSE, "byte 2: expected a value", ""},
    {"wrong bracket", STREAM, "[1}", SY_EPARSE, "byte 3: expected ',' or ']'", ""},
    {"wrong word", STREAM, "[trux]", SY_EPARSE, "byte 5: expected a value", ""},
    {"needless zero", STREAM, "[01]", SY_EPARSE, "byte 3: invalid number", ""},
    {"nothing behind the point", STREAM, "[1.]", SY_EPARSE, "byte 4: invalid number", ""},
    {"no such escape", STREAM, "[\"\\x\"]", SY_EPARSE, "byte 4: invalid escape in a string", ""},
    {"no hex", STREAM, "[\"\\u00g0\"]", SY_EPARSE, "byte 7: invalid escape in a string", ""},
    {"line break in a text", STREAM, "[\"a\nb\"]", SY_EPARSE,
     "byte 4: control character in a string", ""},
    {"not UTF-8, even where not wanted", STREAM, "{\"size\":1,\"x\":\"\xC0\xAF\"}{\"size\":2}",
     SY_OK, "", "!{\"size\":1} byte 19: a string is no valid UTF-8\n{\"size\":2}\n"},
    {"half a pair", STREAM, "{\"size\":\"\\ud83d\"}{}", SY_OK, "",
     "!{} byte 17: a string holds half a surrogate pair\n{}\n"},
    {"the limit of an integer, wanted", STREAM, "{\"size\":9223372036854775808,\"meta\":{}}{}",
     SY_OK, "", "!{} byte 28: a number is too large\n{}\n"},
    {"and not wanted", STREAM, "{\"x\":9223372036854775808,\"y\":1e999,\"size\":1}", SY_OK, "",
     "{\"size\":1}\n"},
    {"the limit of a real", STREAM, "{\"size\":-1e999}", SY_OK, "",
     "!{} byte 15: a number is too large\n"},
    {"a name with NUL, looked at", STREAM, "{\"meta\":{\"\\u0000\":1}}", SY_OK, "",
     "!{\"meta\":{}} byte 18: a name holds a NUL character\n"},
    {"and not looked at", STREAM, "{\"x\":{\"\\u0000\":1}}", SY_OK, "", "{}\n"},
    {"a NUL in a text", STREAM, "{\"size\":\"\\u0000\"}", SY_OK, "", "{\"size\":\"\\u0000\"}\n"},
    {"a long text, wanted", STREAM, "{\"size\":\"123456789012345678901\"}{}", SY_OK, "",
     "!{} byte 31: a string is longer than 20 bytes\n{}\n"},
    {"and not wanted", STREAM, "{\"x\":\"123456789012345678901\"}", SY_OK, "", "{}\n"},
    {"a long name", STREAM, "{\"meta\":{\"123456789012345678901\":1}}", SY_OK, "",
     "!{\"meta\":{}} byte 32: a name is longer than 20 bytes\n"},
    {"a long number", STREAM, "{\"size\":0.12345678901234567890}", SY_OK, "",
     "!{} byte 30: a number is longer than 20 bytes\n"},
    {"too much of it", STREAM,
     "{\"meta\":{\"name\":\"a\"},\"size\":[1,2,3,4,5,6,7,8,9]}{\"size\":1}", SY_OK, "",
     "!{\"meta\":{\"name\":\"a\"},\"size\":[1,2,3,4]} byte 39: more than 300 bytes of it are "
     "wanted\n"
     "{\"size\":1}\n"},
    {"too deep", STREAM, "{\"size\":1,\"x\":[[[[[1]]]]]}{\"size\":[[[[5]]]]}", SY_OK, "",
     "!{\"size\":1} byte 19: nested more than 5 deep\n{\"size\":[[[[5]]]]}\n"},
    {"too deep in a list", LIST, "{\"items\":[{\"size\":[[[]]]},{\"size\":[[]]}]}", SY_OK, "",
     "!{\"size\":[[]]} byte 21: nested more than 5 deep\n{\"size\":[[]]}\n^{}\n"},
    {"a refused document ends the stream", STRICT, "{}{\"size\":1e999}{}", SY_EPARSE,
     "byte 16: a number is too large", "{}\n"},
    {"too much around a list", LIST, "{\"version\":\"123456789012345678901\"}", SY_ELIMIT,
     "byte 34: a string is longer than 20 bytes", ""},
};

static enum sy_code read_text(enum way way, const char *text, size_t len, size_t piece,
                              struct seen *seen, struct sy_err *err)
{
    const struct sy_kube_extract_options options = {
        .fields = fields,
        .items_key = way == LIST ? "items" : NULL,
        .fields_top = top_fields,
        .limits = {.max_kept_bytes = 300, .max_depth = 5, .max_string = 20},
        .document = on_document,
        .top = on_top,
        .refused = way == STRICT ? NULL : on_refused,
        .data = seen};
    struct sy_kube_extract *extract;
    enum sy_code code = sy_kube_extract_new(&options, &extract, err);
    if (code != SY_OK)
        return code;
    for (size_t at = 0; code == SY_OK && at < len; at += piece)
        code = sy_kube_extract_feed(extract, text + at, at + piece < len ? piece : len - at, err);
    if (code == SY_OK)
        code = sy_kube_extract_end(extract, err);
    sy_kube_extract_free(extract);
    return code;
}

START_TEST(texts)
{
    /* Whole, then byte by byte. */
    for (size_t piece = 1; piece <= 1000; piece += 999) {
        struct seen seen = {.text = ""};
        struct sy_err err = {0};
        enum sy_code code =
            read_text(cases[_i].way, cases[_i].text, strlen(cases[_i].text), piece, &seen, &err);
        ck_assert_msg(code == cases[_i].code, "%s: %s", cases[_i].description, err.text);
        if (piece > 1) /* where a length is noticed depends on the pieces */
            continue;
        ck_assert_msg(strcmp(err.text, cases[_i].message) == 0, "%s: %s", cases[_i].description,
                      err.text);
        ck_assert_msg(strcmp(seen.text, cases[_i].seen) == 0, "%s: %s", cases[_i].description,
                      seen.text);
    }
}
END_TEST

/* Brackets past the depth at which an API server itself gives up. */
START_TEST(bottomless)
{
    static char text[10001];
    struct seen seen = {.text = ""};
    struct sy_err err = {0};
    memset(text, '[', sizeof text);
    ck_assert_int_eq(read_text(STREAM, text, sizeof text, sizeof text, &seen, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "byte 10001: nested more than 10000 deep");
}
END_TEST

START_TEST(failing_callback)
{
    struct seen seen = {.text = "", .fail_at = 2};
    struct sy_err err = {0};
    ck_assert_int_eq(read_text(STREAM, "{}{}{}", 6, 6, &seen, &err), SY_ECONFLICT);
    ck_assert_str_eq(err.text, "not this one");
    ck_assert_str_eq(seen.text, "{}\n");
}
END_TEST

START_TEST(used_again)
{
    struct seen seen = {.text = ""};
    const struct sy_kube_extract_options options = {.document = on_document, .data = &seen};
    struct sy_kube_extract *extract;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_kube_extract_new(&options, &extract, &err), SY_OK);
    ck_assert_int_eq(sy_kube_extract_feed(extract, "{\"a\":[\"b\\u", 10, &err), SY_OK);
    sy_kube_extract_reset(extract);
    ck_assert_int_eq(sy_kube_extract_feed(extract, "{\"c\":1}x", 8, &err), SY_EPARSE);
    ck_assert_str_eq(err.text, "byte 8: expected a value");
    sy_kube_extract_reset(extract);
    ck_assert_int_eq(sy_kube_extract_feed(extract, "12", 2, &err), SY_OK);
    ck_assert_int_eq(sy_kube_extract_end(extract, &err), SY_OK);
    ck_assert_str_eq(seen.text, "{\"c\":1}\n12\n");
    sy_kube_extract_free(extract);
}
END_TEST

static enum sy_code sweep_stream(void *data, struct sy_err *err)
{
    static const char text[] =
        "{\"meta\":{\"name\":\"a\",\"our/x\":[1,2.5,true,null]},\"size\":\"x\"}"
        "{\"size\":\"\xC0\"}";
    struct seen seen = {.text = ""};
    (void)data;
    return read_text(STREAM, text, sizeof text - 1, 7, &seen, err);
}

static enum sy_code sweep_list(void *data, struct sy_err *err)
{
    static const char text[] = "{\"items\":[{\"meta\":{\"name\":\"a\"}}],\"version\":\"7\"}";
    struct seen seen = {.text = ""};
    (void)data;
    return read_text(LIST, text, sizeof text - 1, 7, &seen, err);
}

static enum sy_code sweep_prune(void *data, struct sy_err *err)
{
    json_t *pruned;
    enum sy_code code = sy_kube_extract_prune(data, fields, &pruned, err);
    if (code == SY_OK)
        json_decref(pruned);
    return code;
}

START_TEST(out_of_memory)
{
    const char *text = "{\"meta\":[{\"name\":{\"x\":[1,\"y\"]}},{\"our/z\":1}],\"size\":[2.5]}";
    json_t *document = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(document);
    ck_assert_int_gt(sy_fault_sweep(sweep_stream, NULL, 0), 10);
    ck_assert_int_gt(sy_fault_sweep(sweep_list, NULL, 0), 10);
    ck_assert_int_gt(sy_fault_sweep(sweep_prune, document, 0), 10);
    json_decref(document);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kube_extract");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, texts, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(all, bottomless);
    tcase_add_test(all, failing_callback);
    tcase_add_test(all, used_again);
    tcase_add_test(all, out_of_memory);
    suite_add_tcase(suite, all);
    return sy_run(suite);
}
