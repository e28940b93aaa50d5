/* SPDX-License-Identifier: Apache-2.0 */
/* Whole machines drawn, against text that was looked at; and what holds of every drawing, for every
 * real machine at hand. */
#include "base/file.h"
#include "planner/draw/source.h"
#include "tests/lib/run.h"
#include "tests/unit/planner_draw/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAWINGS SY_SOURCE_DIR "/tests/golden/drawings"
#define TEXT_MAX ((size_t)1 << 24)

static struct sy_catalogue *catalogue;

static void setup(void)
{
    struct sy_err err = {0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
}

static void teardown(void)
{
    sy_catalogue_unref(catalogue);
}

static enum sy_code keep(void *data, struct sy_node *node, struct sy_err *err)
{
    struct sy_node **kept = data;
    (void)err;
    ck_assert_ptr_null(*kept);
    *kept = sy_node_ref(node);
    return SY_OK;
}

static void no_bad(void *data, const char *text)
{
    (void)data;
    ck_abort_msg("%s", text);
}

static struct sy_node *load(const char *path)
{
    static const struct sy_discover_options patient = {.timeout_ms = 20000};
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    struct sy_draw_reader reader = {
        .catalogue = catalogue, .discover = &patient, .node = keep, .bad = no_bad, .data = &node};
    ck_assert_msg(sy_draw_read(&reader, path, &err) == SY_OK, "%s", err.text);
    return node;
}

static struct sy_drawing *draw(struct sy_node *node, bool all)
{
    struct sy_err err = {0};
    struct sy_drawing *drawing = NULL;
    ck_assert_msg(sy_drawing_make(node, &(struct sy_draw_options){.all = all}, &drawing, &err) ==
                      SY_OK,
                  "%s", err.text);
    return drawing;
}

enum form { TEXT, WIDE, SVG, JSON };

static void render(const struct sy_drawing *drawing, enum form form, enum sy_matrix matrix,
                   struct sy_str *out)
{
    struct sy_err err = {0};
    sy_str_init(out, TEXT_MAX);
    if (form == TEXT || form == WIDE) {
        sy_draw_text(drawing, matrix, form == WIDE, out);
    } else if (form == SVG) {
        ck_assert_msg(sy_draw_svg(&drawing, 1, matrix, out, &err) == SY_OK, "%s", err.text);
    } else {
        sy_autojson json_t *json = NULL;
        sy_autofree char *text = NULL;
        size_t len;
        ck_assert_msg(sy_draw_json(drawing, matrix, &json, &err) == SY_OK, "%s", err.text);
        ck_assert_int_eq(sy_json_dump(json, true, &text, &len, &err), SY_OK);
        sy_str_append_n(out, text, len);
        sy_str_append(out, "\n");
    }
    ck_assert(!sy_str_failed(out));
}

#define MADE SY_SOURCE_DIR "/tests/machines/made/"
#define NODES SY_SOURCE_DIR "/tests/golden/nodes/"

static const struct {
    const char *path, *golden;
    enum form form;
    enum sy_matrix matrix;
} golden[] = {
    {MADE "mixed-4npu-2gpu-2fpga.xml", "mixed-4npu-2gpu-2fpga.txt", TEXT, SY_MATRIX_BOTH},
    {MADE "mixed-4npu-2gpu-2fpga.xml", "mixed-4npu-2gpu-2fpga.wide.txt", WIDE, SY_MATRIX_BOTH},
    {MADE "mixed-4npu-2gpu-2fpga.xml", "mixed-4npu-2gpu-2fpga.svg", SVG, SY_MATRIX_BOTH},
    {MADE "mixed-4npu-2gpu-2fpga.xml", "mixed-4npu-2gpu-2fpga.json", JSON, SY_MATRIX_BOTH},
    {MADE "dgx-a100-like.xml", "dgx-a100-like.txt", TEXT, SY_MATRIX_BOTH},
    {MADE "dgx-a100-like.xml", "dgx-a100-like.wide.txt", WIDE, SY_MATRIX_NONE},
    {MADE "atlas-800t-a2-like.xml", "atlas-800t-a2-like.txt", TEXT, SY_MATRIX_CLASS},
    {MADE "vm-flat-p4d-like.xml", "vm-flat-p4d-like.txt", TEXT, SY_MATRIX_GBPS},
    {DRAWINGS "/busy.json", "busy.txt", TEXT, SY_MATRIX_BOTH},
    {DRAWINGS "/busy.json", "busy.wide.txt", WIDE, SY_MATRIX_BOTH},
    {DRAWINGS "/busy.json", "busy.svg", SVG, SY_MATRIX_BOTH},
    {DRAWINGS "/busy.json", "busy.topology.json", JSON, SY_MATRIX_CLASS},
    {NODES "alveo-functions.json", "alveo-functions.txt", TEXT, SY_MATRIX_NONE},
    {NODES "virtual-functions.json", "virtual-functions.txt", TEXT, SY_MATRIX_BOTH},
    {NODES "mi250x-cards.json", "mi250x-cards.txt", TEXT, SY_MATRIX_BOTH},
    {NODES "ascend-300i-duo.json", "ascend-300i-duo.txt", TEXT, SY_MATRIX_BOTH},
    {NODES "link-states.json", "link-states.txt", TEXT, SY_MATRIX_NONE},
    {NODES "measured-links.json", "measured-links.txt", TEXT, SY_MATRIX_BOTH},
    {NODES "unknown-locality.json", "unknown-locality.txt", TEXT, SY_MATRIX_BOTH},
};

static void write_golden(const char *path, const struct sy_str *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_msg(file != NULL, "cannot write %s", path);
    ck_assert_uint_eq(fwrite(text->data, 1, text->len, file), text->len);
    ck_assert_int_eq(fclose(file), 0);
}

/* The first line that differs; a whole picture would be too long for a message. */
static void expect_file(const char *path, const struct sy_str *text)
{
    struct sy_err err = {0};
    sy_autofree char *data = NULL;
    size_t len = 0;
    if (getenv("SWITCHYARD_UPDATE_GOLDEN") != NULL)
        write_golden(path, text);
    ck_assert_msg(sy_file_read(path, TEXT_MAX, &data, &len, &err) == SY_OK, "%s", err.text);
    const char *want = data, *got = text->data;
    for (unsigned line = 1; *want != '\0' || *got != '\0'; line++) {
        int n = (int)strcspn(want, "\n"), m = (int)strcspn(got, "\n");
        ck_assert_msg(n == m && memcmp(want, got, (size_t)n) == 0,
                      "%s:%u differs\n- expected: %.*s\n+ got:      %.*s", path, line,
                      n < 500 ? n : 500, want, m < 500 ? m : 500, got);
        want += n + (want[n] == '\n');
        got += m + (got[m] == '\n');
    }
}

static void compare(const char *path, const char *name, enum form form, enum sy_matrix matrix)
{
    char file[1024];
    struct sy_str text;
    struct sy_node *node = load(path);
    struct sy_drawing *drawing = draw(node, form == WIDE);
    sy_node_unref(node);
    render(drawing, form, matrix, &text);
    (void)snprintf(file, sizeof file, DRAWINGS "/%s", name);
    expect_file(file, &text);
    sy_str_done(&text);
    sy_drawing_free(drawing);
}

START_TEST(as_it_was_looked_at)
{
    compare(golden[_i].path, golden[_i].golden, golden[_i].form, golden[_i].matrix);
}
END_TEST

/* What holds of every drawing in every form; `columns` 0: the machine is no usual one. */
static void check_all(const char *path, size_t columns)
{
    struct sy_node *node = load(path);
    for (int all = 0; all < 2; all++) {
        struct sy_drawing *drawing = draw(node, all != 0);
        for (enum form form = TEXT; form <= JSON; form++) {
            struct sy_str text;
            render(drawing, form, SY_MATRIX_BOTH, &text);
            const char *fault = form == SVG    ? svg_fault(text.data)
                                : form == JSON ? NULL
                                               : text_fault(text.data, form == TEXT ? columns : 0);
            ck_assert_msg(fault == NULL, "%s, form %d: %s\n%.4000s", path, form, fault, text.data);
            ck_assert_msg(names_all(drawing, text.data), "%s, form %d: a device is missing", path,
                          form);
            sy_str_done(&text);
        }
        /* With --all nothing is left out. */
        ck_assert_uint_eq(all ? drawing->nomitted : 0, 0);
        sy_drawing_free(drawing);
    }
    sy_node_unref(node);
}

static const char *const real[] = {
    "hwloc/16intel64-manyVFs.xml",
    "hwloc/24em64t-2n6c2t-pci.xml",
    "hwloc/32em64t-2n8c2t-pci-wholeio.xml",
    "hwloc/96em64t-4n4d3ca2co-pci.xml",
    "hwloc/cxlmem+dax.v2.xml",
    "hwloc/nvidiaDGX2.xml",
    "mpibind/coral-ea-hwloc1.xml",
    "mpibind/coral-lassen.xml",
    "mpibind/cts1-pascal.xml",
    "mpibind/epyc-corona.xml",
    "mpibind/g4dnmetal.xml",
    "nccl-topo/aws-ofi-nccl/g5.48xl-topo.xml",
    "nccl-topo/aws-ofi-nccl/p4d-24xl-topo.xml",
    "nccl-topo/aws-ofi-nccl/p4de-24xl-topo.xml",
    "nccl-topo/azhpc/ncv4-topo.xml",
    "nccl-topo/azhpc/ndv2-topo.xml",
    "nccl-topo/azhpc/ndv4-topo.xml",
    "nccl-topo/rccl/topo_3p_pcie.xml",
    "nccl-topo/rccl/topo_4p4h.xml",
    "nccl-topo/rccl/topo_4p_940.xml",
    "nccl-topo/rccl/topo_8p1h.xml",
    "nccl-topo/rccl/topo_8p1h_3.xml",
    "nccl-topo/rccl/topo_8p1h_5.xml",
    "nccl-topo/rccl/topo_8p6l_6nic.xml",
    "nccl-topo/rccl/topo_8p_90a_1.xml",
    "nccl-topo/rccl/topo_8p_940vm.xml",
    "nccl-topo/rccl/topo_8p_pcie_2nic.xml",
    "nccl-topo/rccl/topo_8p_rome_4n_1.xml",
};

/* Real machines whose drawing is kept; their files are not in the repository. */
static const struct {
    const char *path, *golden;
    enum form form;
} kept[] = {
    {"hwloc/nvidiaDGX2.xml", "real-dgx2.txt", TEXT},
    {"hwloc/16intel64-manyVFs.xml", "real-many-vfs.wide.txt", WIDE},
    {"mpibind/coral-lassen.xml", "real-lassen.txt", TEXT},
    {"mpibind/epyc-corona.xml", "real-corona.txt", TEXT},
    {"nccl-topo/rccl/topo_8p_rome_4n_1.xml", "real-rome.txt", TEXT},
};

static bool shared_path(const char *file, char *buf, size_t size)
{
    const char *shared = sy_shared_dir(SY_SHARED_DIR);
    if (shared == NULL)
        sy_skip("%s: no folder of real machines (SWITCHYARD_SHARED)", file);
    else
        (void)snprintf(buf, size, "%s/topologies/%s", shared, file);
    return shared != NULL;
}

START_TEST(real_as_it_was_looked_at)
{
    char path[1024];
    if (shared_path(kept[_i].path, path, sizeof path))
        compare(path, kept[_i].golden, kept[_i].form, SY_MATRIX_BOTH);
}
END_TEST

START_TEST(real_machine)
{
    char path[1024];
    if (shared_path(real[_i], path, sizeof path))
        check_all(path, SY_DRAW_WIDTH);
}
END_TEST

START_TEST(made_machine)
{
    if (_i == 0 || strcmp(golden[_i].path, golden[_i - 1].path) != 0)
        check_all(golden[_i].path, SY_DRAW_WIDTH);
}
END_TEST

/* Names from outside never reach a terminal, nor SVG's markup. */
START_TEST(hostile_names)
{
    static const char doc[] =
        "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\","
        "\"metadata\":{\"name\":\"n\\u001b[2J</text><script>\"},\"spec\":{\"source\":\"document\","
        "\"objects\":[{\"type\":\"Machine\"},{\"type\":\"NUMANode\",\"parent\":0,\"index\":0},"
        "{\"type\":\"HostBridge\",\"parent\":1,\"pci\":\"0000:00\"},"
        "{\"type\":\"PCIDev\",\"parent\":2,\"pci\":\"0000:00:01.0\",\"class\":\"0302\","
        "\"id\":\"10de:20b5\",\"name\":\"<b>&\\\"'\"}]},\"status\":{\"mode\":\"exact\","
        "\"devices\":[{\"pci\":\"0000:00:01.0\",\"healthy\":false,\"reason\":\"\\u009b31m\\n<svg "
        "\","
        "\"holders\":[{\"namespace\":\"\\u202etxen\",\"name\":\"]]>\\u0007\"}]}]}}";
    char path[] = "/tmp/sy-draw-XXXXXX.json";
    int fd = mkstemps(path, 5);
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(doc, 1, sizeof doc - 1, file), sizeof doc - 1);
    ck_assert_int_eq(fclose(file), 0);
    struct sy_node *node = load(path);
    struct sy_drawing *drawing = draw(node, false);
    sy_node_unref(node);
    ck_assert_int_eq(remove(path), 0);
    for (enum form form = TEXT; form <= SVG; form++) {
        struct sy_str text;
        render(drawing, form, SY_MATRIX_BOTH, &text);
        const char *fault = form == SVG ? svg_fault(text.data) : text_fault(text.data, 0);
        ck_assert_msg(fault == NULL, "form %d: %s", form, fault);
        ck_assert_ptr_nonnull(strstr(text.data, "\\x1B[2J"));
        ck_assert_ptr_nonnull(strstr(text.data, "<U+202E>") != NULL
                                  ? text.data
                                  : strstr(text.data, "&lt;U+202E&gt;"));
        sy_str_done(&text);
    }
    sy_drawing_free(drawing);
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, (int)(sizeof(table) / sizeof *(table)))

int main(int argc, char **argv)
{
    int status = sy_discover_child_main(argc, argv);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("drawings");
    TCase *tcase = tcase_create("drawings");
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 110);
    LOOP(tcase, as_it_was_looked_at, golden);
    LOOP(tcase, made_machine, golden);
    LOOP(tcase, real_as_it_was_looked_at, kept);
    LOOP(tcase, real_machine, real);
    tcase_add_test(tcase, hostile_names);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
