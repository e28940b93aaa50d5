/* SPDX-License-Identifier: Apache-2.0 */
/* Real machines, and malformed files, as far as they are at hand. */
#include "base/file.h"
#include "tests/lib/run.h"
#include "tests/unit/discover/support.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Load a file within two seconds; what loads passes the check of inventories. */
static enum sy_code load(const char *folder, const char *name, struct sy_arena *arena,
                         struct sy_inventory *ret, struct sy_err *err)
{
    char path[512];
    sy_autofree char *data = NULL;
    size_t len = 0;
    struct sy_err wrong = {.code = SY_OK};
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_msg(sy_file_read(path, SY_XML_MAX, &data, &len, &wrong) == SY_OK, "%s", wrong.text);
    double begin = now_s();
    enum sy_code code = sy_discover_xml(name, data, len, NULL, arena, ret, err);
    ck_assert_msg(now_s() - begin < 2.0, "%s took %.1f s", name, now_s() - begin);
    if (code == SY_OK)
        ck_assert_msg(sy_inventory_check(ret, &wrong) == SY_OK, "%s: %s", name, wrong.text);
    return code;
}

static const struct {
    const char *name, *message;
} malformed[] = {
    {"02dtd_nosysid.xml",
     ":2: DOCTYPE other than hwloc's <!DOCTYPE topology SYSTEM \"hwloc2.dtd\">"},
    {"05no_complete_cpuset.xml", ":4: object without complete_cpuset"},
    {"07topology_noclose.xml", ":1: the file ends inside a tag"},
    {"09comment.xml", ":7: comment: hwloc silently drops what follows one, remove it"},
    {"12v3.xml", ": hwloc 3 format; export version 2 instead: lstopo --of xml --export-xml-flags 2 "
                 "FILE.xml"},
    {"14osidx.xml", ":7: os_index \"4000000000\" is not a number from 0 to 4095"},
    {"16xxe.xml", ":2: DOCTYPE other than hwloc's <!DOCTYPE topology SYSTEM \"hwloc2.dtd\">"},
    {"18dup_gp.xml", ":8: gp_index 1 was already used in line 4"},
    {"21busid_oob.xml",
     ":8: pci_busid \"0000:fff:1ff.9\" is not a PCI address dddd:bb:dd.f with dd "
     "up to 1f and f up to 7"},
    {"23crlf.xml", ":1: carriage return: hwloc writes LF line ends, and its own parser reads no "
                   "others (convert with dos2unix)"},
    {"24single_quotes.xml",
     ":7: attribute type: single quotes, hwloc's own parser reads only double "
     "ones"},
};

/* The message expected of a file, NULL when it should load or is not known here. */
static const char *message_of(const char *name)
{
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        if (strcmp(malformed[i].name, name) == 0)
            return malformed[i].message;
    return NULL;
}

static unsigned load_folder(const char *folder, bool must_load, bool must_fail)
{
    unsigned n = 0;
    DIR *list = opendir(folder);
    ck_assert_msg(list != NULL, "%s", folder);
    for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        size_t len = strlen(entry->d_name);
        if (len < 4 || strcmp(entry->d_name + len - 4, ".xml") != 0)
            continue;
        bool version3 = strstr(entry->d_name, ".v3.xml") != NULL;
        bool good = strstr(entry->d_name, "good") != NULL;
        SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(16u << 20);
        struct sy_inventory inv;
        struct sy_err err = {.code = SY_OK};
        enum sy_code code = load(folder, entry->d_name, arena, &inv, &err);
        ck_assert_msg(!must_load || version3 || code == SY_OK, "%s", err.text);
        ck_assert_msg(!must_fail || good || code != SY_OK, "%s loads", entry->d_name);
        ck_assert_msg(!(must_fail && good) || code == SY_OK, "%s", err.text);
        ck_assert_msg(!version3 || code == SY_EUNSUPPORTED, "%s: %s", entry->d_name, err.text);
        ck_assert_msg(code == SY_OK || strncmp(err.text, entry->d_name, len) == 0, "%s", err.text);
        ck_assert_msg(code != SY_EIO && code != SY_EINTERNAL, "%s", err.text);
        const char *want = message_of(entry->d_name);
        ck_assert_msg(want == NULL || strcmp(err.text + len, want) == 0, "%s", err.text);
        n++;
    }
    (void)closedir(list);
    return n;
}

static const char *shared(const char *below)
{
    static char path[512];
    const char *root = sy_shared_dir(SY_SHARED_DIR);
    if (root == NULL) {
        sy_skip("no folder of real machines (SWITCHYARD_SHARED)");
        return NULL;
    }
    (void)snprintf(path, sizeof path, "%s/topologies/%s", root, below);
    DIR *folder = opendir(path);
    if (folder == NULL)
        (void)snprintf(path, sizeof path, "%s/%s", root, below);
    else
        (void)closedir(folder);
    return path;
}

static const struct {
    const char *folder;
    bool must_fail;
    unsigned least; /* files */
} folders[] = {
    {"hwloc", false, 7},
    {"made", false, 4},
    {"mpibind", false, 5},
    {"malformed", true, 12},
    {"nccl-topo/rccl", false, 11},
    {"nccl-topo/azhpc", false, 3},
    {"nccl-topo/aws-ofi-nccl", false, 3},
};

START_TEST(shared_machines)
{
    const char *folder = shared(folders[_i].folder);
    if (folder == NULL)
        return;
    unsigned n = load_folder(folder, !folders[_i].must_fail, folders[_i].must_fail);
    ck_assert_uint_ge(n, folders[_i].least);
}
END_TEST

START_TEST(made_machines)
{
    ck_assert_uint_ge(load_folder(SY_SOURCE_DIR "/tests/machines/made", true, false), 4);
}
END_TEST

/* hwloc's own: whatever it can load loads, or says clearly why not. */
START_TEST(hwloc_machines)
{
    char path[512];
    const char *root = sy_hwloc_machines();
    if (root == NULL) {
        sy_skip("hwloc's own test machines are not at hand (SWITCHYARD_HWLOC_MACHINES)");
        return;
    }
    (void)snprintf(path, sizeof path, "%s/xml", root);
    DIR *folder = opendir(path);
    ck_assert_uint_ge(load_folder(folder != NULL ? path : root, false, false), 20);
    if (folder != NULL)
        (void)closedir(folder);
}
END_TEST

/* Six links of 25 GB/s to NVSwitches give each of the 120 pairs 150 GB/s. */
START_TEST(dgx2_links)
{
    const char *folder = shared("hwloc");
    if (folder == NULL)
        return;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(16u << 20);
    struct sy_inventory inv;
    struct sy_err err = {.code = SY_OK};
    ck_assert_msg(load(folder, "nvidiaDGX2.xml", arena, &inv, &err) == SY_OK, "%s", err.text);
    ck_assert_uint_eq(inv.nlink, 120);
    for (uint32_t i = 0; i < inv.nlink; i++) {
        ck_assert_uint_eq(inv.link[i].mbps, 150000);
        ck_assert_uint_eq(inv.link[i].type, SY_LINK_NVL);
        ck_assert_uint_eq(inv.obj[inv.link[i].a].id.device, 0x1db8);
    }
}
END_TEST

int main(int argc, char **argv)
{
    int status = sy_discover_child_main(argc, argv);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("discover/machines");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, shared_machines, 0, sizeof folders / sizeof folders[0]);
    tcase_add_test(tcase, made_machines);
    tcase_add_test(tcase, hwloc_machines);
    tcase_add_test(tcase, dgx2_links);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
