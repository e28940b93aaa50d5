/* SPDX-License-Identifier: Apache-2.0 */
/* Whole machines, through discovery: made ones against expected text, published matrices of
 * classes, and every real file at hand for the invariants. */
#include "base/file.h"
#include "tests/golden/show.h"
#include "tests/lib/run.h"
#include "topology/discover/discover.h"
#include "topology/node_json.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINES SY_SOURCE_DIR "/tests/machines"
#define CELL 16

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

/* A node of a topology file, checked in every way that holds for all machines; NULL, and why in
 * `err`, when discovery refuses the file. */
static struct sy_node *try_load(const char *path, const char *name, struct sy_err *refused)
{
    static const struct sy_discover_options patient = {.timeout_ms = 20000};
    sy_autofree char *data = NULL;
    size_t len;
    struct sy_err err = {0};
    struct sy_inventory inv;
    struct sy_node *node = NULL;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)16 << 20);
    ck_assert_ptr_nonnull(arena);
    ck_assert_msg(sy_file_read(path, SY_XML_MAX, &data, &len, &err) == SY_OK, "%s", err.text);
    if (sy_discover_xml(path, data, len, &patient, arena, &inv, refused) != SY_OK)
        return NULL;
    ck_assert_msg(sy_node_from_inventory(&inv, NULL, 0, name, catalogue, &node, &err) == SY_OK,
                  "%s: %s", path, err.text);
    ck_assert_msg(sy_node_check(node, &err) == SY_OK, "%s: %s", path, err.text);
    sy_expect_round_trip(node, catalogue);
    return node;
}

static struct sy_node *load(const char *path, const char *name)
{
    struct sy_err err = {0};
    struct sy_node *node = try_load(path, name, &err);
    ck_assert_msg(node != NULL, "%s", err.text);
    return node;
}

static const char *const made[] = {"atlas-800t-a2-like", "dgx-a100-like", "mixed-4npu-2gpu-2fpga",
                                   "vm-flat-p4d-like"};

START_TEST(made_machine)
{
    char path[1024];
    struct sy_str text;
    (void)snprintf(path, sizeof path, MACHINES "/made/%s.xml", made[_i]);
    struct sy_node *node = load(path, made[_i]);
    sy_str_init(&text, (size_t)1 << 22);
    sy_show_node(node, &text);
    (void)snprintf(path, sizeof path, SY_SOURCE_DIR "/tests/golden/machines/%s.txt", made[_i]);
    sy_expect_file(path, &text);
    sy_str_done(&text);
    sy_node_unref(node);
}
END_TEST

/* The i-th unit of a kind in PCI order, -1. */
static int unit_of(const struct sy_fabric *f, enum sy_kind kind, unsigned i)
{
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (f->unit[u].kind == kind && i-- == 0)
            return u;
    }
    return -1;
}

/* "GPU3", "NPU0", "NIC11", "mlx5_2" */
static int unit_of_label(const struct sy_fabric *f, const char *label)
{
    enum sy_kind kind = strncmp(label, "GPU", 3) == 0   ? SY_KIND_GPU
                        : strncmp(label, "NPU", 3) == 0 ? SY_KIND_NPU
                                                        : SY_KIND_NIC;
    const char *digits = label + (strncmp(label, "mlx5_", 5) == 0 ? 5 : 3);
    return unit_of(f, kind, (unsigned)atoi(digits));
}

/* Compare with a published matrix: a line of column labels, then rows. Cells that are no class (the
 * end of a row) and rows of devices that the machine's file lacks are passed over. Returns the
 * cells that were compared. */
static unsigned compare_matrix(const struct sy_fabric *f, const char *text, bool overlay)
{
    char column[64][CELL], row[CELL], cell[CELL];
    unsigned columns = 0, compared = 0;
    int used, line_end = (int)strcspn(text, "\n");
    const char *p = text;
    while (p < text + line_end && columns < 64 &&
           sscanf(p, "%15s%n", column[columns], &used) == 1) {
        if (p + used > text + line_end)
            break;
        columns++;
        p += used;
    }
    for (p = text + line_end; *p != '\0'; p += strcspn(p, "\n")) {
        p += *p == '\n';
        const char *q = p;
        if (*p == '\0' || sscanf(q, "%15s%n", row, &used) != 1)
            break;
        q += used;
        int a = unit_of_label(f, row);
        for (unsigned c = 0; c < columns; c++) {
            if (sscanf(q, "%15s%n", cell, &used) != 1)
                break;
            q += used;
            int b = unit_of_label(f, column[c]);
            if (a < 0 || b < 0 || strcmp(cell, "X") == 0 ||
                strcspn(column[c], "0123456789") == strlen(column[c]))
                continue;
            const struct sy_pair *pair = sy_fabric_pair(f, (unsigned)a, (unsigned)b);
            const char *got =
                sy_path_name(sy_path_smi((enum sy_path_class)(overlay ? pair->path : pair->pcie)));
            ck_assert_msg(strcmp(cell, got) == 0, "%s and %s: published %s, computed %s", row,
                          column[c], cell, got);
            compared++;
        }
    }
    return compared;
}

static unsigned compare(const char *machine, const char *matrix, bool overlay)
{
    char path[1024];
    struct sy_err err = {0};
    sy_autofree char *text = NULL;
    size_t len;
    (void)snprintf(path, sizeof path, MACHINES "/matrices/%s.txt", matrix);
    ck_assert_msg(sy_file_read(path, 1 << 16, &text, &len, &err) == SY_OK, "%s", err.text);
    struct sy_node *node = load(machine, "machine");
    unsigned compared = compare_matrix(node->fabric, text, overlay);
    sy_node_unref(node);
    return compared;
}

START_TEST(published_dgx_a100)
{
    ck_assert_uint_eq(compare(MACHINES "/made/dgx-a100-like.xml", "dgx-a100", false), 4 * 12);
}
END_TEST

START_TEST(published_atlas)
{
    ck_assert_uint_eq(compare(MACHINES "/made/atlas-800t-a2-like.xml", "atlas-800t-a2", true),
                      8 * 7);
}
END_TEST

START_TEST(published_dgx2)
{
    const char *shared = sy_shared_dir(SY_SHARED_DIR);
    char path[1024];
    if (shared == NULL) { /* newer than the machines of Debian's hwloc */
        sy_skip("DGX-2: no folder of real machines (SWITCHYARD_SHARED)");
        return;
    }
    (void)snprintf(path, sizeof path, "%s/topologies/hwloc/nvidiaDGX2.xml", shared);
    /* Nine rows of eight GPUs, but the diagonal. */
    ck_assert_uint_eq(compare(path, "dgx2", false), 9 * 8 - 8);
}
END_TEST

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
};

START_TEST(real_machine)
{
    const char *shared = sy_shared_dir(SY_SHARED_DIR);
    char path[1024];
    if (shared == NULL) {
        sy_skip("%s: no folder of real machines (SWITCHYARD_SHARED)", real[_i]);
        return;
    }
    (void)snprintf(path, sizeof path, "%s/topologies/%s", shared, real[_i]);
    struct sy_node *node = load(path, "machine");
    printf("# %s: %u objects, %u units\n", real[_i], node->fabric->inv.nobj, node->fabric->nunit);
    if (getenv("SWITCHYARD_SHOW") != NULL) {
        struct sy_str text;
        sy_str_init(&text, (size_t)1 << 22);
        sy_show_node(node, &text);
        printf("%s", text.data);
        sy_str_done(&text);
    }
    sy_node_unref(node);
}
END_TEST

/* The machines of hwloc's own tests, which every clone can fetch: what discovery takes makes a node
 * that keeps every invariant. */
START_TEST(hwloc_machines)
{
    const char *machines = sy_hwloc_machines();
    char path[1024];
    if (machines == NULL) {
        sy_skip("hwloc's own test machines are not at hand (SWITCHYARD_HWLOC_MACHINES)");
        return;
    }
    (void)snprintf(path, sizeof path, "%s/xml", machines);
    DIR *folder = opendir(path);
    ck_assert_msg(folder != NULL, "%s: no such folder", path);
    unsigned loaded = 0, units = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        struct sy_err err = {0};
        if (end == NULL || strcmp(end, ".xml") != 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/xml/%s", machines, entry->d_name);
        struct sy_node *node = try_load(path, "machine", &err);
        loaded += node != NULL;
        units += node != NULL ? node->fabric->nunit : 0;
        sy_node_unref(node);
    }
    (void)closedir(folder);
    ck_assert_uint_ge(loaded, 20);
    ck_assert_uint_ge(units, 10);
}
END_TEST

int main(int argc, char **argv)
{
    int status = sy_discover_child_main(argc, argv);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("golden machines");
    TCase *tcase = tcase_create("machines");
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 110);
    tcase_add_loop_test(tcase, made_machine, 0, (int)(sizeof made / sizeof *made));
    tcase_add_test(tcase, published_dgx_a100);
    tcase_add_test(tcase, published_atlas);
    tcase_add_test(tcase, published_dgx2);
    tcase_add_loop_test(tcase, real_machine, 0, (int)(sizeof real / sizeof *real));
    tcase_add_test(tcase, hwloc_machines);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
