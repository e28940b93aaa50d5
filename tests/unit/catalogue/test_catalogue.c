/* SPDX-License-Identifier: Apache-2.0 */
/* What a loaded catalogue answers: matching, overriding, extending, references. */
#include "tests/lib/run.h"
#include "topology/catalogue_private.h"

#include <pthread.h>
#include <string.h>

#define HEAD "apiVersion: switchyard.dev/v1alpha1\nkind: DeviceCatalogue\nsources: {s: ours}\n"

static struct sy_catalogue *parse(const char *text, bool with_builtin)
{
    struct sy_err err = {0};
    struct sy_catalogue *cat = NULL;
    const struct sy_text_file file = {"op.yaml", text, strlen(text)};
    enum sy_code code = sy_catalogue_parse(&file, 1, with_builtin, &cat, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return cat;
}

static const struct sy_model *find_model(const struct sy_catalogue *cat, const char *name)
{
    for (size_t i = 0; i < sy_catalogue_model_count(cat); i++)
        if (strcmp(sy_catalogue_model(cat, i)->name, name) == 0)
            return sy_catalogue_model(cat, i);
    return NULL;
}

static const char *match(const struct sy_catalogue *cat, uint16_t class_id, uint16_t vendor,
                         uint16_t device, uint16_t subvendor, uint16_t subdevice)
{
    enum sy_role role = SY_ROLE_COMPANION;
    const struct sy_model *m = sy_catalogue_match(
        cat, (struct sy_pci_id){class_id, vendor, device, subvendor, subdevice}, &role);
    return m == NULL ? "-" : m->name;
}

START_TEST(nothing_loaded)
{
    struct sy_err err = {0};
    struct sy_catalogue *cat = NULL;
    ck_assert_int_eq(sy_catalogue_parse(NULL, 0, false, &cat, &err), SY_OK);
    ck_assert_uint_eq(sy_catalogue_model_count(cat), 0);
    ck_assert_str_eq(match(cat, 0x1200, 0x19e5, 0xd802, 0, 0), "-");
    ck_assert_int_eq(sy_catalogue_resource_find(cat, "nvidia.com/gpu"), -1);
    unsigned chip = 7;
    ck_assert_int_eq(sy_catalogue_bridge(cat, (struct sy_pci_id){.vendor = 0x1000}, &chip),
                     SY_BRIDGE_PLAIN);
    ck_assert_uint_eq(chip, 0);
    ck_assert(!sy_catalogue_socket_link(cat, "GenuineIntel", NULL).known);
    sy_catalogue_unref(cat);
    sy_catalogue_unref(NULL);
}
END_TEST

START_TEST(most_specific_wins)
{
    struct sy_catalogue *cat = parse(
        HEAD
        "devices:\n"
        "  - {name: any, model: Any, kind: GPU, generic: true, ids: [{value: 'aaaa:class-0302', "
        "source: s}]}\n"
        "  - {name: chip, model: Chip, kind: GPU, ids: [{value: 'aaaa:0001', source: s}],\n"
        "     companions: [{value: 'aaaa:0002', source: s}]}\n"
        "  - {name: board, model: Board, kind: GPU, ids: [{value: 'aaaa:0001/bbbb:0001', source: "
        "s}]}\n"
        "ignored: [{value: 'aaaa:0003', source: s}, {value: 'aaaa:0001/bbbb:0009', source: s}]\n",
        false);
    ck_assert_str_eq(match(cat, 0x0302, 0xaaaa, 0x0001, 0xbbbb, 0x0001), "board");
    ck_assert_str_eq(match(cat, 0x1200, 0xaaaa, 0x0001, 0xbbbb, 0x0001), "board");
    ck_assert_str_eq(match(cat, 0x0302, 0xaaaa, 0x0001, 0xbbbb, 0x0002), "chip");
    ck_assert_str_eq(match(cat, 0x0302, 0xaaaa, 0x0001, 0, 0), "chip");
    ck_assert_str_eq(match(cat, 0x0302, 0xaaaa, 0x0004, 0, 0), "any");
    ck_assert_str_eq(match(cat, 0x0300, 0xaaaa, 0x0004, 0, 0), "-");
    ck_assert_str_eq(match(cat, 0x0302, 0xaaab, 0x0001, 0, 0), "-");
    ck_assert_str_eq(match(cat, 0x0302, 0xaaaa, 0x0003, 0, 0), "-"); /* not even by class */
    ck_assert_str_eq(match(cat, 0x0302, 0xaaaa, 0x0001, 0xbbbb, 0x0009), "-");
    enum sy_role role = SY_ROLE_COMPANION;
    (void)sy_catalogue_match(cat, (struct sy_pci_id){0x0302, 0xaaaa, 1, 0, 0}, &role);
    ck_assert_int_eq(role, SY_ROLE_UNIT);
    (void)sy_catalogue_match(cat, (struct sy_pci_id){0x1200, 0xaaaa, 2, 0, 0}, &role);
    ck_assert_int_eq(role, SY_ROLE_COMPANION);
    sy_catalogue_unref(cat);
}
END_TEST

START_TEST(override_states_only_its_fields)
{
    struct sy_catalogue *plain = parse(HEAD, true);
    struct sy_catalogue *cat = parse(HEAD "devices:\n"
                                          "  - name: ascend-910b\n"
                                          "    memoryMiB: {value: 32768, source: s}\n"
                                          "    memoryGBps: {value: 800.5, unverified: guess}\n",
                                     true);
    const struct sy_model *was = find_model(plain, "ascend-910b");
    const struct sy_model *is = find_model(cat, "ascend-910b");
    ck_assert_uint_eq(is->memory_mib.value, 32768);
    ck_assert(is->memory_mib.verified);
    ck_assert_str_eq(is->memory_mib.source, "ours");
    ck_assert_uint_eq(is->memory_bw_mbps.value, 800500);
    ck_assert(!is->memory_bw_mbps.verified);
    ck_assert_str_eq(is->memory_bw_mbps.source, "guess");
    ck_assert_uint_eq(is->tdp_mw.value, was->tdp_mw.value);
    ck_assert_str_eq(is->model, was->model);
    ck_assert_uint_eq(is->noverlay, was->noverlay);
    ck_assert(sy_devset_equal(&is->resources, &was->resources));
    ck_assert_str_eq(match(cat, 0x1200, 0x19e5, 0xd802, 0, 0), "ascend-910b");
    ck_assert_uint_eq(sy_catalogue_model_count(cat), sy_catalogue_model_count(plain));
    ck_assert(!sy_digest_equal(sy_catalogue_digest(cat), sy_catalogue_digest(plain)));
    sy_catalogue_unref(plain);
    sy_catalogue_unref(cat);
}
END_TEST

START_TEST(lists_are_replaced)
{
    struct sy_catalogue *cat = parse(HEAD "devices:\n"
                                          "  - name: nvidia-t4\n"
                                          "    ids: []\n"
                                          "    resources: [nvidia.com/gpu.shared]\n"
                                          "  - name: nvidia-h100-sxm5-80\n"
                                          "    overlays: []\n"
                                          "  - name: my-t4\n"
                                          "    model: T4 of ours\n"
                                          "    kind: GPU\n"
                                          "    ids: [{value: '10de:1eb8', source: s}]\n"
                                          "    noResource: for graphics\n",
                                     true);
    ck_assert_str_eq(match(cat, 0x0302, 0x10de, 0x1eb8, 0, 0), "my-t4");
    const struct sy_devset names = find_model(cat, "nvidia-t4")->resources;
    ck_assert_uint_eq(sy_devset_count(&names), 1);
    ck_assert(
        sy_devset_has(&names, (unsigned)sy_catalogue_resource_find(cat, "nvidia.com/gpu.shared")));
    ck_assert(sy_devset_empty(&find_model(cat, "my-t4")->resources));
    ck_assert_uint_eq(find_model(cat, "nvidia-h100-sxm5-80")->noverlay, 0);
    sy_catalogue_unref(cat);
}
END_TEST

/* The way of README.md: an operator's SR-IOV resource name for a known virtual function. */
START_TEST(own_resource_name)
{
    struct sy_catalogue *cat = parse(HEAD "resources:\n"
                                          "  - name: intel.com/mlnx_sriov_a\n"
                                          "    source: s\n"
                                          "    chooser: {value: arbitrary, source: s}\n"
                                          "    devices: [connectx-vf, connectx-6-vf]\n"
                                          "  - name: nvidia.com/gpu\n"
                                          "    devices: [amd-mi300x]\n"
                                          "  - name: huawei.com/Ascend910\n"
                                          "    chooser: {value: steered, source: s}\n"
                                          "    requestSizes: {value: [1, 2, 4, 8], source: s}\n",
                                     true);
    int name = sy_catalogue_resource_find(cat, "intel.com/mlnx_sriov_a");
    ck_assert_int_ge(name, 0);
    const struct sy_model *vf = find_model(cat, "connectx-vf");
    ck_assert(vf->is_vf && sy_devset_has(&vf->resources, (unsigned)name));
    ck_assert(sy_devset_has(&find_model(cat, "connectx-6-vf")->resources, (unsigned)name));
    ck_assert(!sy_devset_has(&find_model(cat, "connectx-6")->resources, (unsigned)name));
    /* A list there adds; it takes nothing away. */
    int gpu = sy_catalogue_resource_find(cat, "nvidia.com/gpu");
    ck_assert(sy_devset_has(&find_model(cat, "amd-mi300x")->resources, (unsigned)gpu));
    ck_assert(sy_devset_has(&find_model(cat, "nvidia-t4")->resources, (unsigned)gpu));
    ck_assert_int_eq(sy_catalogue_resource(cat, (size_t)gpu)->chooser, SY_CHOOSER_PREFERRED);
    const struct sy_resource *npu =
        sy_catalogue_resource(cat, (size_t)sy_catalogue_resource_find(cat, "huawei.com/Ascend910"));
    ck_assert_int_eq(npu->chooser, SY_CHOOSER_STEERED);
    ck_assert_uint_eq(npu->nsize, 4);
    ck_assert_uint_eq(npu->size[3], 8);
    sy_catalogue_unref(cat);
}
END_TEST

START_TEST(longest_pattern)
{
#define ENTRY(name) "  - {name: '" name "', source: s, chooser: {value: arbitrary, source: s}}\n"
    struct sy_catalogue *cat = parse(HEAD "resources:\n" ENTRY("a.b/x*") ENTRY("a.b/xyz*")
                                         ENTRY("a.b/xyzzy") ENTRY("a.b/xy*"),
                                     false);
    static const struct {
        const char *name;
        int expected;
    } names[] = {
        {"a.b/x1", 0},  {"a.b/xy1", 3}, {"a.b/xyz1", 1}, {"a.b/xyzzy", 2}, {"a.b/xyzzyx", 1},
        {"a.b/xyz", 3}, {"a.b/x", -1},  {"a.b/", -1},    {"", -1},         {"a.b/X1", -1},
        {"cpu", -1},    {"memory", -1}, {"a.b/x*", 0},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_msg(sy_catalogue_resource_find(cat, names[i].name) == names[i].expected, "%s",
                      names[i].name);
    sy_catalogue_unref(cat);
}
END_TEST

START_TEST(bridge_roles)
{
    struct sy_catalogue *cat = parse(
        HEAD
        "bridges:\n"
        "  - {name: wide, role: same-chip, ids: [{value: '1000:cxxx', source: s}]}\n"
        "  - {name: sub, role: plain, ids: [{value: '1000:c010/1000:xxxx', source: s}]}\n"
        "  - {name: exact, role: same-chip, ids: [{value: '1000:c010/1000:a0xx', source: s}]}\n",
        false);
    unsigned wide = 0, exact = 0, none = 9;
    ck_assert_int_eq(
        sy_catalogue_bridge(cat, (struct sy_pci_id){0x0604, 0x1000, 0xc030, 1, 1}, &wide),
        SY_BRIDGE_SAME_CHIP);
    ck_assert_int_eq(sy_catalogue_bridge(
                         cat, (struct sy_pci_id){0x0604, 0x1000, 0xc010, 0x1000, 0xa096}, &exact),
                     SY_BRIDGE_SAME_CHIP);
    ck_assert_uint_ne(wide, exact);
    ck_assert(wide != 0 && exact != 0);
    ck_assert_int_eq(
        sy_catalogue_bridge(cat, (struct sy_pci_id){0x0604, 0x1000, 0xc010, 0x1000, 0xb096}, &none),
        SY_BRIDGE_PLAIN);
    ck_assert_uint_eq(none, 0);
    sy_catalogue_unref(cat);
}
END_TEST

START_TEST(socket_links)
{
    struct sy_catalogue *cat =
        parse(HEAD "interconnects:\n"
                   "  - {name: rest, pairGBps: {value: 1, source: s}}\n"
                   "  - {name: v, cpuVendor: GenuineIntel, pairGBps: {value: 2, source: s}}\n"
                   "  - {name: m, cpuModels: {value: [Gold 64, Gold], source: s}, pairGBps: "
                   "{value: 3, source: s}}\n"
                   "  - {name: vm, cpuVendor: GenuineIntel, cpuModels: {value: [Gold 6], source: "
                   "s}, pairGBps: {value: 4, source: s}}\n",
              false);
#define RATE(vendor, model) sy_catalogue_socket_link(cat, vendor, model).value
    ck_assert_uint_eq(RATE(NULL, NULL), 1000);
    ck_assert_uint_eq(RATE("AuthenticAMD", NULL), 1000);
    ck_assert_uint_eq(RATE("GenuineIntel", NULL), 2000);
    ck_assert_uint_eq(RATE("genuineintel", "Xeon"), 2000);
    ck_assert_uint_eq(RATE(NULL, "xeon gold 6454S"), 3000);
    ck_assert_uint_eq(RATE("GenuineIntel", "Xeon Gold 6454S"), 3000); /* the longer part */
    ck_assert_uint_eq(RATE("GenuineIntel", "Xeon Gold 6330"), 4000);
    ck_assert_uint_eq(RATE("GenuineIntel", "Xeon Gold 5330"), 3000);
    sy_catalogue_unref(cat);
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(sy_kind_name(SY_KIND_NPU), "NPU");
    ck_assert_int_eq(sy_kind_find("npu"), SY_KIND_NPU);
    ck_assert_int_eq(sy_kind_find("Fpga"), SY_KIND_FPGA);
    ck_assert_int_eq(sy_kind_find("NIC "), -1);
    ck_assert_int_eq(sy_kind_find(""), -1);
    ck_assert_str_eq(sy_chooser_name(SY_CHOOSER_STEERED), "steered");
    for (int i = 0; i < SY_KIND_COUNT; i++)
        ck_assert_int_eq(sy_kind_find(sy_kind_name((enum sy_kind)i)), i);
}
END_TEST

static void *borrow(void *data)
{
    for (int i = 0; i < 20000; i++) {
        struct sy_catalogue *cat = sy_catalogue_ref(data);
        if (sy_catalogue_resource_find(cat, "nvidia.com/gpu") < 0)
            return data;
        sy_catalogue_unref(cat);
    }
    sy_catalogue_unref(data); /* the thread's own */
    return NULL;
}

/* Whoever is last frees: threads end in any order, the main thread lets go at once. */
START_TEST(references)
{
    struct sy_catalogue *cat = parse(HEAD, true);
    pthread_t thread[4];
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, borrow, sy_catalogue_ref(cat)), 0);
    sy_catalogue_unref(cat);
    for (size_t i = 0; i < 4; i++) {
        void *failed = NULL;
        ck_assert_int_eq(pthread_join(thread[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("catalogue");
    TCase *tc = tcase_create("catalogue");
    tcase_add_test(tc, nothing_loaded);
    tcase_add_test(tc, most_specific_wins);
    tcase_add_test(tc, override_states_only_its_fields);
    tcase_add_test(tc, lists_are_replaced);
    tcase_add_test(tc, own_resource_name);
    tcase_add_test(tc, longest_pattern);
    tcase_add_test(tc, bridge_roles);
    tcase_add_test(tc, socket_links);
    tcase_add_test(tc, names);
    tcase_add_test(tc, references);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
