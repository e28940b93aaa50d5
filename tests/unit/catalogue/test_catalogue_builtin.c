/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in data file: every entry sane, well-known values right, evidence counted. */
#include "tests/lib/run.h"
#include "topology/catalogue_private.h"

#include <stdio.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof(array)[0])

static struct sy_catalogue *cat;
static struct sy_arena *arena;
static struct sy_yaml *root;

static void setup(void)
{
    struct sy_err err = {0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &cat, &err) == SY_OK, "%s", err.text);
    arena = sy_arena_new(SY_CAT_YAML_BYTES);
    ck_assert_ptr_nonnull(arena);
    ck_assert_msg(sy_yaml_parse(arena, SY_CAT_BUILTIN_NAME, (const char *)sy_catalogue_builtin,
                                sy_catalogue_builtin_len, SY_CAT_FILE_BYTES, &root, &err) == SY_OK,
                  "%s", err.text);
}

static void teardown(void)
{
    sy_catalogue_unref(cat);
    sy_arena_free(arena);
}

static const struct sy_model *model_of(uint16_t class_id, uint16_t vendor, uint16_t device)
{
    return sy_catalogue_match(
        cat, (struct sy_pci_id){.class_id = class_id, .vendor = vendor, .device = device}, NULL);
}

/* Every map with a 'value' has exactly one of 'source' and 'unverified'. */
static void count_values(const struct sy_yaml *node, unsigned *verified, unsigned *unverified)
{
    if (node->kind == SY_YAML_SCALAR)
        return;
    if (node->kind == SY_YAML_MAP) {
        bool source = sy_yaml_get(node, "source") != NULL;
        bool why = sy_yaml_get(node, "unverified") != NULL;
        ck_assert_msg(!(source && why), "line %u: both", node->line);
        if (sy_yaml_get(node, "value") != NULL)
            ck_assert_msg(source || why, "line %u: neither source nor unverified", node->line);
        *verified += source;
        *unverified += why;
    }
    for (size_t i = 0; i < node->count; i++)
        count_values(node->item[i], verified, unverified);
}

static void uses_of(const struct sy_yaml *node, const char *key, unsigned *uses)
{
    if (node->kind == SY_YAML_SCALAR)
        return;
    if (node->kind == SY_YAML_MAP) {
        const struct sy_yaml *source = sy_yaml_get(node, "source");
        if (source != NULL && source->kind == SY_YAML_SCALAR && strcmp(source->text, key) == 0)
            (*uses)++;
    }
    for (size_t i = 0; i < node->count; i++)
        uses_of(node->item[i], key, uses);
}

START_TEST(evidence)
{
    static const char *const parts[] = {"devices", "resources", "ignored", "bridges",
                                        "interconnects"};
    unsigned verified = 0, unverified = 0;
    for (size_t i = 0; i < N(parts); i++) {
        unsigned yes = 0, no = 0;
        count_values(sy_yaml_get(root, parts[i]), &yes, &no);
        printf("catalogue %s: %u values with a source, %u unverified\n", parts[i], yes, no);
        verified += yes;
        unverified += no;
    }
    printf("catalogue: %zu devices, %zu resource names; %u values with a source, %u unverified\n",
           sy_catalogue_model_count(cat), sy_catalogue_resource_count(cat), verified, unverified);
    ck_assert_uint_gt(verified, 0);
    const struct sy_yaml *sources = sy_yaml_get(root, "sources");
    for (size_t i = 0; i < sources->count; i++) {
        unsigned uses = 0;
        uses_of(root, sources->key[i]->text, &uses);
        ck_assert_msg(uses > 0, "source '%s' is used by nothing", sources->key[i]->text);
    }
}
END_TEST

/* A device has names or says why not, and ids; a generic one has no facts to give. */
START_TEST(devices_are_whole)
{
    const struct sy_yaml *list = sy_yaml_get(root, "devices");
    ck_assert_uint_eq(list->count, sy_catalogue_model_count(cat));
    for (size_t i = 0; i < list->count; i++) {
        const struct sy_yaml *entry = list->item[i];
        const struct sy_model *m = sy_catalogue_model(cat, i);
        ck_assert_str_eq(m->name, sy_yaml_get(entry, "name")->text);
        bool named = !sy_devset_empty(&m->resources);
        ck_assert_msg(named != (sy_yaml_get(entry, "noResource") != NULL),
                      "%s: resources or a reason, not both", m->name);
        ck_assert_msg(sy_yaml_get(entry, "ids")->count > 0, "%s: no identity", m->name);
        ck_assert_msg(m->units_per_card >= 1 && m->units_per_function >= 1, "%s", m->name);
        if (m->generic)
            ck_assert_msg(!m->memory_mib.known && !m->tdp_mw.known, "%s", m->name);
        if (m->tdp_mw.known && m->idle_mw.known)
            ck_assert_msg(m->idle_mw.value <= m->tdp_mw.value, "%s: idle above TDP", m->name);
        for (unsigned k = 0; k < m->noverlay; k++) {
            ck_assert_int_ne(m->overlay[k].type, SY_LINK_NONE);
            ck_assert_int_ne(m->overlay[k].form, SY_OVERLAY_NONE);
            ck_assert(m->overlay[k].form != SY_OVERLAY_CARD || m->units_per_card > 1);
        }
    }
}
END_TEST

/* Every identity leads back to its own device in its own role. */
START_TEST(identities_match)
{
    const struct sy_yaml *list = sy_yaml_get(root, "devices");
    static const char *const keys[] = {"ids", "companions"};
    for (size_t i = 0; i < list->count; i++) {
        for (size_t k = 0; k < N(keys); k++) {
            const struct sy_yaml *ids = sy_yaml_get(list->item[i], keys[k]);
            for (size_t j = 0; ids != NULL && j < ids->count; j++) {
                const char *text = sy_yaml_get(ids->item[j], "value")->text;
                unsigned v = 0, d = 0, sv = 0, sd = 0;
                struct sy_pci_id id = {0};
                enum sy_role role = SY_ROLE_UNIT;
                if (sscanf(text, "%4x:class-%4x", &v, &d) == 2)
                    id.class_id = (uint16_t)d;
                else if (sscanf(text, "%4x:%4x/%4x:%4x", &v, &d, &sv, &sd) >= 2)
                    id.device = (uint16_t)d;
                id.vendor = (uint16_t)v;
                id.subvendor = (uint16_t)sv;
                id.subdevice = (uint16_t)sd;
                ck_assert_msg(sy_catalogue_match(cat, id, &role) == sy_catalogue_model(cat, i),
                              "%s", text);
                ck_assert_int_eq(role, k == 0 ? SY_ROLE_UNIT : SY_ROLE_COMPANION);
            }
        }
    }
}
END_TEST

START_TEST(resources_are_whole)
{
    for (size_t i = 0; i < sy_catalogue_resource_count(cat); i++) {
        const struct sy_resource *res = sy_catalogue_resource(cat, i);
        unsigned devices = 0;
        for (size_t k = 0; k < sy_catalogue_model_count(cat); k++)
            devices += sy_devset_has(&sy_catalogue_model(cat, k)->resources, (unsigned)i);
        ck_assert_msg(devices > 0, "%s: no device goes by it", res->name);
        ck_assert_msg(res->source != NULL && res->source[0] != '\0', "%s", res->name);
        if (!res->is_pattern)
            ck_assert_int_eq(sy_catalogue_resource_find(cat, res->name), (int)i);
    }
}
END_TEST

static const struct {
    uint16_t class_id, vendor, device;
    const char *name; /* NULL: no device */
    enum sy_kind kind;
    uint32_t memory_mib, memory_gbps, tdp_w; /* 0 = not compared */
} known[] = {
    {0x1200, 0x19e5, 0xd802, "ascend-910b", SY_KIND_NPU, 65536, 0, 0},
    {0x1200, 0x19e5, 0xd803, "ascend-910c", SY_KIND_NPU, 65536, 1600, 0},
    {0x1200, 0x19e5, 0xd500, "ascend-310p", SY_KIND_NPU, 24576, 0, 72},
    {0x1200, 0x19e5, 0xa250, NULL, SY_KIND_NPU, 0, 0, 0}, /* ZIP engine */
    {0x0302, 0x10de, 0x1db8, "nvidia-v100-sxm3-32", SY_KIND_GPU, 32768, 900, 0},
    {0x0302, 0x10de, 0x1eb8, "nvidia-t4", SY_KIND_GPU, 16384, 320, 70},
    {0x0302, 0x10de, 0x20b0, "nvidia-a100-sxm4-40", SY_KIND_GPU, 40960, 1555, 400},
    {0x0302, 0x10de, 0x2330, "nvidia-h100-sxm5-80", SY_KIND_GPU, 81920, 3350, 700},
    {0x0302, 0x10de, 0x2335, "nvidia-h200-sxm", SY_KIND_GPU, 0, 4800, 700},
    {0x0302, 0x10de, 0x2901, "nvidia-b200", SY_KIND_GPU, 0, 8000, 1000},
    {0x0302, 0x10de, 0x1094, "nvidia-gpu", SY_KIND_GPU, 0, 0, 0}, /* by class */
    {0x0680, 0x10de, 0x1ac2, NULL, SY_KIND_GPU, 0, 0, 0},         /* NVSwitches */
    {0x0680, 0x10de, 0x1af1, NULL, SY_KIND_GPU, 0, 0, 0},
    {0x0680, 0x10de, 0x22a3, NULL, SY_KIND_GPU, 0, 0, 0},
    {0x0403, 0x10de, 0x10f0, NULL, SY_KIND_GPU, 0, 0, 0}, /* a GPU's audio function */
    {0x0300, 0x1002, 0x66a1, "amd-mi50", SY_KIND_GPU, 0, 1024, 300},
    {0x0380, 0x1002, 0x7408, "amd-mi250x", SY_KIND_GPU, 65536, 1600, 280},
    {0x1200, 0x1002, 0x74a1, "amd-mi300x", SY_KIND_GPU, 196608, 5300, 750},
    {0x0300, 0x1002, 0x515e, NULL, SY_KIND_GPU, 0, 0, 0}, /* a BMC's display chip */
    {0x0300, 0x1a03, 0x2000, NULL, SY_KIND_GPU, 0, 0, 0}, /* another one */
    {0x1200, 0x1da3, 0x1020, "habana-gaudi2", SY_KIND_NPU, 98304, 2450, 600},
    {0x1200, 0x10ee, 0x5005, "alveo-u250", SY_KIND_FPGA, 65536, 77, 225},
    {0x1200, 0x8086, 0x09c4, "intel-pac-a10", SY_KIND_FPGA, 0, 0, 66},
    {0x0207, 0x15b3, 0x101b, "connectx-6", SY_KIND_NIC, 0, 0, 0},
    {0x0200, 0x15b3, 0x101e, "connectx-vf", SY_KIND_NIC, 0, 0, 0},
    {0x0c06, 0x15b3, 0x6746, NULL, SY_KIND_NIC, 0, 0, 0},
    {0x0604, 0x15b3, 0x1979, NULL, SY_KIND_NIC, 0, 0, 0}, /* ConnectX-7's bridge */
    {0x0200, 0x1d0f, 0xefa1, "aws-efa", SY_KIND_NIC, 0, 0, 0},
    {0x0200, 0x1d0f, 0xec20, NULL, SY_KIND_NIC, 0, 0, 0}, /* ENA: no RDMA */
    {0x0200, 0x8086, 0x1521, NULL, SY_KIND_NIC, 0, 0, 0}, /* plain Ethernet */
};

START_TEST(well_known)
{
    const struct sy_model *m = model_of(known[_i].class_id, known[_i].vendor, known[_i].device);
    if (known[_i].name == NULL) {
        ck_assert_msg(m == NULL, "%04x:%04x is '%s'", known[_i].vendor, known[_i].device, m->name);
        return;
    }
    ck_assert_msg(m != NULL, "%s", known[_i].name);
    ck_assert_str_eq(m->name, known[_i].name);
    ck_assert_int_eq(m->kind, known[_i].kind);
    if (known[_i].memory_mib != 0)
        ck_assert_uint_eq(m->memory_mib.value, known[_i].memory_mib);
    if (known[_i].memory_gbps != 0)
        ck_assert_uint_eq(m->memory_bw_mbps.value, known[_i].memory_gbps * 1000);
    if (known[_i].tdp_w != 0)
        ck_assert_uint_eq(m->tdp_mw.value, known[_i].tdp_w * 1000);
}
END_TEST

START_TEST(cards_and_links)
{
    const struct sy_model *c = model_of(0x1200, 0x19e5, 0xd803);
    ck_assert_uint_eq(c->units_per_card, 2);
    ck_assert_uint_eq(c->noverlay, 2);
    ck_assert_int_eq(c->overlay[0].type, SY_LINK_SIO);
    ck_assert_int_eq(c->overlay[0].form, SY_OVERLAY_CARD);
    ck_assert_int_eq(c->overlay[1].type, SY_LINK_HCCS);
    ck_assert_int_eq(c->overlay[1].form, SY_OVERLAY_MESH);
    const struct sy_model *a = model_of(0x1200, 0x19e5, 0xd801);
    ck_assert_int_eq(a->overlay[0].form, SY_OVERLAY_RINGS);
    ck_assert_uint_eq(a->overlay[0].group, 4);
    const struct sy_model *duo =
        sy_catalogue_match(cat, (struct sy_pci_id){0x1200, 0x19e5, 0xd500, 0x19e5, 0x0110}, NULL);
    ck_assert_str_eq(duo->name, "ascend-310p-duo");
    ck_assert_uint_eq(duo->units_per_function, 2);
    ck_assert_uint_eq(model_of(0x0380, 0x1002, 0x7408)->units_per_card, 2);
    const struct sy_model *dgx2 = model_of(0x0302, 0x10de, 0x1db8);
    ck_assert_uint_eq(dgx2->overlay[0].pair_mbps.value, 150000);
    const struct sy_model *vf = model_of(0x1200, 0x1002, 0x74b5);
    ck_assert(vf->is_vf && strcmp(vf->name, "amd-mi300x-vf") == 0);
    /* A golden image shows the management function only. */
    enum sy_role role = SY_ROLE_UNIT;
    const struct sy_model *u200 = sy_catalogue_match(
        cat, (struct sy_pci_id){.class_id = 0x1200, .vendor = 0x10ee, .device = 0xd000}, &role);
    ck_assert(u200->needs_user_function && role == SY_ROLE_COMPANION);
}
END_TEST

START_TEST(resource_names)
{
    static const struct {
        const char *name;
        enum sy_chooser chooser;
    } names[] = {
        {"npu.huawei.com/ascend910b", SY_CHOOSER_ARBITRARY},
        {"nvidia.com/gpu", SY_CHOOSER_PREFERRED},
        {"amd.com/gpu", SY_CHOOSER_PREFERRED},
        {"huawei.com/Ascend910", SY_CHOOSER_ARBITRARY},
        {"habana.ai/gaudi", SY_CHOOSER_ARBITRARY},
        {"amd.com/xilinx_u250_gen3x16_xdma_4_1_202210_1-0", SY_CHOOSER_ARBITRARY},
        {"fpga.intel.com/af-d8424dc4a4a3c413f89e433683f9040b", SY_CHOOSER_ARBITRARY},
        {"rdma/hca_shared_devices_a", SY_CHOOSER_ARBITRARY},
    };
    for (size_t i = 0; i < N(names); i++) {
        int at = sy_catalogue_resource_find(cat, names[i].name);
        ck_assert_msg(at >= 0, "%s", names[i].name);
        ck_assert_int_eq(sy_catalogue_resource(cat, (size_t)at)->chooser, names[i].chooser);
    }
    int u250 = sy_catalogue_resource_find(cat, names[5].name);
    ck_assert_str_eq(sy_catalogue_resource(cat, (size_t)u250)->name, "amd.com/xilinx_u250_*");
    ck_assert(sy_devset_has(&model_of(0x1200, 0x10ee, 0x5005)->resources, (unsigned)u250));
    ck_assert(!sy_devset_has(&model_of(0x1200, 0x10ee, 0x5001)->resources, (unsigned)u250));
    ck_assert_int_eq(sy_catalogue_resource_find(cat, "nvidia.com/mig-1g.5gb"), -1);
    ck_assert_int_eq(sy_catalogue_resource_find(cat, "cpu"), -1);
    int a = sy_catalogue_resource_find(cat, "huawei.com/Ascend910A");
    ck_assert_uint_eq(sy_catalogue_resource(cat, (size_t)a)->nsize, 4);
}
END_TEST

START_TEST(bridges)
{
    unsigned gen4 = 0, gen5 = 0, sub = 0, none = 0;
#define ROLE(v, d, sv, sd, chip)                                                                   \
    sy_catalogue_bridge(cat, (struct sy_pci_id){0x0604, v, d, sv, sd}, chip)
    ck_assert_int_eq(ROLE(0x1000, 0xc010, 0x1000, 0xa096, &gen4), SY_BRIDGE_SAME_CHIP);
    ck_assert_int_eq(ROLE(0x1000, 0xc030, 0x1000, 0x0144, &gen5), SY_BRIDGE_SAME_CHIP);
    ck_assert_int_eq(ROLE(0x1000, 0xc030, 0x1000, 0x1144, &sub), SY_BRIDGE_SAME_CHIP);
    ck_assert(gen4 != 0 && gen5 != 0 && gen4 != gen5 && gen5 == sub);
    ck_assert_int_eq(ROLE(0x1000, 0xc010, 0x10de, 0x13b8, &none), SY_BRIDGE_PLAIN);
    ck_assert_int_eq(ROLE(0x10b5, 0x9781, 0x10b5, 0x9781, &none), SY_BRIDGE_PLAIN);
    ck_assert_int_eq(ROLE(0x1002, 0x14a0, 0, 0, &none), SY_BRIDGE_CARD_INTERNAL);
    ck_assert_int_eq(ROLE(0x1022, 0x14c7, 0x1022, 0x14c7, &none), SY_BRIDGE_CARD_INTERNAL);
    ck_assert_int_eq(ROLE(0x1022, 0x1471, 0, 0, &none), SY_BRIDGE_CARD_INTERNAL);
    ck_assert_int_eq(ROLE(0x1022, 0x1453, 0, 0, &none), SY_BRIDGE_PLAIN); /* a root port */
    ck_assert_int_eq(ROLE(0x1022, 0x1483, 0, 0, &none), SY_BRIDGE_PLAIN);
    ck_assert_uint_eq(none, 0);
}
END_TEST

START_TEST(processors)
{
    static const struct {
        const char *vendor, *model;
        uint32_t gbps;
    } cpus[] = {
        {NULL, NULL, 10},
        {"GenuineIntel", "Intel(R) Xeon(R) CPU E5-2695 v4 @ 2.10GHz", 6},
        {"GenuineIntel", "Intel(R) Xeon(R) Platinum 8174 CPU @ 3.10GHz", 10},
        {"GenuineIntel", "Intel(R) Xeon(R) Platinum 8358 CPU @ 2.60GHz", 10},
        {"GenuineIntel", "Intel(R) Xeon(R) Platinum 8480C", 22},
        {"GenuineIntel", "INTEL(R) XEON(R) PLATINUM 8568Y+", 40},
        {"AuthenticAMD", "AMD EPYC 7401 24-Core Processor                ", 16},
        {"AuthenticAMD", "AMD EPYC 7763 64-Core Processor", 24},
        {"AuthenticAMD", "AMD EPYC 9654 96-Core Processor", 24},
        {"AuthenticAMD", "AMD EPYC 9575F 64-Core Processor", 32},
        {NULL, "POWER9, altivec supported", 32},
        {NULL, "Kunpeng-920", 6},
    };
    for (size_t i = 0; i < N(cpus); i++) {
        struct sy_fact fact = sy_catalogue_socket_link(cat, cpus[i].vendor, cpus[i].model);
        ck_assert_msg(fact.known && fact.value == cpus[i].gbps * 1000, "%s: %u",
                      cpus[i].model == NULL ? "(none)" : cpus[i].model, fact.value);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("catalogue_builtin");
    TCase *tc = tcase_create("built-in");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, evidence);
    tcase_add_test(tc, devices_are_whole);
    tcase_add_test(tc, identities_match);
    tcase_add_test(tc, resources_are_whole);
    tcase_add_loop_test(tc, well_known, 0, (int)N(known));
    tcase_add_test(tc, cards_and_links);
    tcase_add_test(tc, resource_names);
    tcase_add_test(tc, bridges);
    tcase_add_test(tc, processors);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
