/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/vendor.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/agent/world.h"

#include <string.h>

static struct sy_vendor *open_fake(void)
{
    struct sy_vendor *vendor = NULL;
    struct sy_err err = {0};
    char note[256];
    ck_assert_int_eq(
        sy_vendor_new(SY_FAKE_VENDOR, SY_FAKE_VENDOR, note, sizeof note, &vendor, &err), SY_OK);
    ck_assert_str_eq(note, "");
    return vendor;
}

static const struct {
    const char *addr;
    unsigned vendor, index;
    bool known;
    int64_t mw, cap_mw;
    const char *source;
} powers[] = {
    {"0000:81:00.0", SY_VENDOR_NVIDIA, 0, true, 212500, 300000, "NVML"},
    {"0000:82:00.0", SY_VENDOR_NVIDIA, 0, false, -1, -1, "NVML"},
    {"0000:19:00.0", SY_VENDOR_ASCEND, 0, true, 70500, -1, "DCMI"},
    {"0000:19:00.0", SY_VENDOR_ASCEND, 1, true, 70600, -1, "DCMI"},
    {"0000:19:00.0", SY_VENDOR_ASCEND, 2, false, -1, -1, "DCMI"},
    {"0000:81:00.0", 0x1002, 0, false, -1, -1, "DCMI"},
};

START_TEST(watts)
{
    struct sy_vendor *vendor = open_fake();
    int64_t mw = 7, cap_mw = 7;
    const char *source = NULL;
    bool known = sy_vendor_power(vendor, (uint16_t)powers[_i].vendor, world_addr(powers[_i].addr),
                                 powers[_i].index, &mw, &cap_mw, &source);
    ck_assert_int_eq(known, powers[_i].known);
    ck_assert_int_eq(mw, powers[_i].mw);
    ck_assert_int_eq(cap_mw, powers[_i].cap_mw);
    ck_assert_str_eq(source, powers[_i].source);
    sy_vendor_free(vendor);
}
END_TEST

START_TEST(ids)
{
    struct sy_vendor *vendor = open_fake();
    struct sy_device_vendor find = sy_vendor_ids(vendor);
    struct sy_pci_addr addr = {0};
    uint16_t share = 7;
    uint8_t index = 7;
    char uuid[96];
    ck_assert(find.nvidia_find(find.data, "MIG-1", &addr, &share));
    ck_assert_int_eq(sy_pci_addr_cmp(addr, world_addr("0000:81:00.0")), 0);
    ck_assert_uint_eq(share, 0);
    ck_assert(find.nvidia_find(find.data, "GPU-1", &addr, &share));
    ck_assert_uint_eq(share, SY_WHOLE);
    ck_assert(!find.nvidia_find(find.data, "GPU-2", &addr, &share));
    ck_assert(find.ascend_find(find.data, 5, &addr, &index));
    ck_assert_int_eq(sy_pci_addr_cmp(addr, world_addr("0000:19:00.0")), 0);
    ck_assert_uint_eq(index, 1);
    ck_assert(!find.ascend_find(find.data, 6, &addr, &index));
    ck_assert(sy_vendor_uuid(vendor, world_addr("0000:81:00.0"), uuid, sizeof uuid));
    ck_assert_str_eq(uuid, "GPU-1");
    ck_assert(!sy_vendor_uuid(vendor, world_addr("0000:82:00.0"), uuid, sizeof uuid));
    sy_vendor_free(vendor);
}
END_TEST

START_TEST(libraries_that_are_not_there)
{
    struct sy_vendor *vendor = NULL;
    struct sy_err err = {0};
    char note[256];
    int64_t mw, cap_mw;
    const char *source;
    ck_assert_int_eq(sy_vendor_new("/nowhere/nvml.so", NULL, note, sizeof note, &vendor, &err),
                     SY_OK);
    ck_assert_ptr_nonnull(strstr(note, "/nowhere/nvml.so"));
    ck_assert_ptr_null(sy_vendor_ids(vendor).nvidia_find);
    ck_assert(!sy_vendor_power(vendor, SY_VENDOR_NVIDIA, world_addr("0000:81:00.0"), 0, &mw,
                               &cap_mw, &source));
    ck_assert(!sy_vendor_power(vendor, SY_VENDOR_ASCEND, world_addr("0000:19:00.0"), 0, &mw,
                               &cap_mw, &source));
    sy_vendor_free(vendor);
}
END_TEST

/* One that has none of the functions: libc's own mathematics. */
START_TEST(another_library)
{
    struct sy_vendor *vendor = NULL;
    struct sy_err err = {0};
    char note[256];
    ck_assert_int_eq(sy_vendor_new("libm.so.6", "libm.so.6", note, sizeof note, &vendor, &err),
                     SY_OK);
    ck_assert_str_eq(note, "NVML does not start; DCMI does not start");
    ck_assert_ptr_null(sy_vendor_ids(vendor).ascend_find);
    sy_vendor_free(vendor);
}
END_TEST

static enum sy_code open_once(void *data, struct sy_err *err)
{
    struct sy_vendor *vendor = NULL;
    char note[64];
    (void)data;
    enum sy_code code = sy_vendor_new(NULL, NULL, note, sizeof note, &vendor, err);
    if (code == SY_OK)
        sy_vendor_free(vendor);
    return code;
}

START_TEST(out_of_memory)
{
    ck_assert_int_eq(sy_fault_sweep(open_once, NULL, 0), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vendor");
    TCase *tcase = tcase_create("vendor");
    tcase_add_loop_test(tcase, watts, 0, sizeof powers / sizeof powers[0]);
    tcase_add_test(tcase, ids);
    tcase_add_test(tcase, libraries_that_are_not_there);
    tcase_add_test(tcase, another_library);
    tcase_add_test(tcase, out_of_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
