/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once, in everything that allocates. */
#include "base/file.h"
#include "planner/draw/draw.h"
#include "planner/draw/source.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "topology/node_json.h"

#include <string.h>

#define BUSY SY_SOURCE_DIR "/tests/golden/drawings/busy.json"
#define CARDS SY_SOURCE_DIR "/tests/golden/nodes/mi250x-cards.json"

static struct sy_catalogue *catalogue;
static struct sy_node *node;

static void setup(void)
{
    struct sy_err err = {0};
    sy_autofree char *data = NULL;
    size_t len;
    ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_file_read(BUSY, SY_NODE_JSON_MAX, &data, &len, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_node_from_bytes(data, len, NULL, 0, NULL, catalogue, &node, &err) == SY_OK,
                  "%s", err.text);
}

static void teardown(void)
{
    sy_node_unref(node);
    sy_catalogue_unref(catalogue);
}

static enum sy_code make(void *data, struct sy_err *err)
{
    SY_AUTO(sy_drawing) struct sy_drawing *drawing = NULL;
    return sy_drawing_make(node, data, &drawing, err);
}

START_TEST(making)
{
    struct sy_draw_options options = {.all = _i != 0};
    ck_assert_int_gt(sy_fault_sweep(make, &options, 0), 0);
}
END_TEST

static enum sy_code draw_text(void *data, struct sy_err *err)
{
    struct sy_str text;
    sy_str_init(&text, (size_t)1 << 24);
    sy_draw_text(data, SY_MATRIX_BOTH, false, &text);
    bool failed = sy_str_failed(&text);
    sy_str_done(&text);
    return failed ? sy_fail(err, SY_ENOMEM, "out of memory") : SY_OK;
}

static enum sy_code draw_svg(void *data, struct sy_err *err)
{
    const struct sy_drawing *drawing = data;
    struct sy_str text;
    sy_str_init(&text, (size_t)1 << 24);
    enum sy_code code = sy_draw_svg(&drawing, 1, SY_MATRIX_BOTH, &text, err);
    if (code == SY_OK && sy_str_failed(&text))
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    sy_str_done(&text);
    return code;
}

static enum sy_code draw_json(void *data, struct sy_err *err)
{
    json_t *json = NULL;
    enum sy_code code = sy_draw_json(data, SY_MATRIX_BOTH, &json, err);
    json_decref(json);
    return code;
}

START_TEST(formats)
{
    static sy_fault_fn *const format[] = {draw_text, draw_svg, draw_json};
    struct sy_err err = {0};
    SY_AUTO(sy_drawing) struct sy_drawing *drawing = NULL;
    ck_assert_int_eq(sy_drawing_make(node, &(struct sy_draw_options){0}, &drawing, &err), SY_OK);
    ck_assert_int_gt(sy_fault_sweep(format[_i], drawing, 0), 0);
}
END_TEST

static enum sy_code nothing(void *data, struct sy_node *read, struct sy_err *err)
{
    (void)data, (void)read, (void)err;
    return SY_OK;
}

static void no_bad(void *data, const char *text)
{
    (void)data;
    ck_abort_msg("%s", text);
}

static enum sy_code read_path(void *data, struct sy_err *err)
{
    struct sy_draw_reader reader = {.catalogue = catalogue, .node = nothing, .bad = no_bad};
    return sy_draw_read(&reader, data, err);
}

START_TEST(reading)
{
    static const char *const paths[] = {CARDS,
                                        SY_SOURCE_DIR "/tests/unit/planner_draw/files/list.yaml",
                                        SY_SOURCE_DIR "/tests/unit/planner_draw/files/z0.xml",
                                        SY_SOURCE_DIR "/tests/unit/planner_draw/files"};
    ck_assert_int_gt(sy_fault_sweep(read_path, (void *)paths[_i], 0), 0);
}
END_TEST

int main(int argc, char **argv)
{
    int status = sy_discover_child_main(argc, argv);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("draw faults");
    TCase *tcase = tcase_create("faults");
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 110);
    tcase_add_loop_test(tcase, making, 0, 2);
    tcase_add_loop_test(tcase, formats, 0, 3);
    tcase_add_loop_test(tcase, reading, 0, 4);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
