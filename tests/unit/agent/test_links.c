/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/links.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

/* Rates: 16 lanes at 16 GT/s 31,508 MB/s, at 8 GT/s 15,754, at 2.5 GT/s 4,000. */
static const struct {
    const char *what;
    unsigned width, mbps, max_width, max_mbps; /* of the device */
    unsigned port_max_width, port_max_mbps;    /* 0 = no link port */
    unsigned ret_width, ret_mbps;
    bool degraded;
} states[] = {
    {"full", 16, 31508, 16, 31508, 16, 31508, 16, 31508, false},
    {"idle at 2.5 GT/s", 16, 4000, 16, 31508, 16, 31508, 16, 31508, false},
    {"idle at 5 GT/s", 16, 8000, 16, 31508, 16, 31508, 16, 31508, false},
    {"half the lanes", 8, 15754, 16, 31508, 16, 31508, 8, 15754, true},
    {"half the lanes, idle", 8, 2000, 16, 31508, 16, 31508, 8, 15754, true},
    {"half the speed", 16, 15754, 16, 31508, 16, 31508, 16, 15754, true},
    {"a slot of 8 lanes", 8, 15754, 16, 31508, 8, 15754, 8, 15754, false},
    {"an older slot", 16, 15754, 16, 31508, 16, 15754, 16, 15754, false},
    {"rounded", 16, 31507, 16, 31508, 16, 31508, 16, 31507, false},
    {"without a port", 16, 31508, 16, 31508, 0, 0, 16, 31508, false},
    {"maximum unknown", 16, 4000, 0, 0, 0, 0, 16, 4000, false},
    {"all unknown", 0, 0, 0, 0, 0, 0, 0, 0, false},
    {"down", 0, 0, 16, 31508, 16, 31508, 0, 0, false},
    {"more than its maximum", 16, 31508, 8, 15754, 0, 0, 8, 15754, false},
};

START_TEST(what_counts)
{
    struct sy_obj obj = {.type = SY_OBJ_DEVICE,
                         .cur_width = (uint8_t)states[_i].width,
                         .cur_link_mbps = states[_i].mbps,
                         .max_width = (uint8_t)states[_i].max_width,
                         .max_link_mbps = states[_i].max_mbps};
    struct sy_obj port = {.type = SY_OBJ_BRIDGE,
                          .max_width = (uint8_t)states[_i].port_max_width,
                          .max_link_mbps = states[_i].port_max_mbps};
    uint8_t width = 99;
    uint32_t mbps = 99;
    sy_link_state(&obj, &port, &width, &mbps);
    ck_assert_msg(width == states[_i].ret_width, "%s: %u lanes", states[_i].what, width);
    ck_assert_msg(mbps == states[_i].ret_mbps, "%s: %u MB/s", states[_i].what, mbps);
    ck_assert_msg(sy_link_degraded(&obj, &port, width, mbps) == states[_i].degraded, "%s",
                  states[_i].what);
}
END_TEST

/* A machine of one device; settles and gives its lanes. */
static unsigned settle(struct sy_links *links, unsigned width)
{
    struct sy_obj obj[2] = {{.type = SY_OBJ_MACHINE},
                            {.type = SY_OBJ_DEVICE,
                             .addr = {.bus = 1},
                             .cur_width = (uint8_t)width,
                             .max_width = 16,
                             .cur_link_mbps = 1969 * width,
                             .max_link_mbps = 31508}};
    struct sy_inventory inv = {.nobj = 2, .obj = obj};
    struct sy_err err = {0};
    ck_assert_int_eq(sy_links_settle(links, &inv, &err), SY_OK);
    return inv.obj[1].cur_width;
}

/* Lanes scan by scan, as hexadecimal digits (g: 16), and what counts then. */
static const struct {
    const char *seen, *counts;
} rows[] = {
    {"8", "8"},       {"ggg", "ggg"},           {"g8g8g8", "gggggg"},
    {"g888", "ggg8"}, {"g88g888", "gggggg8"},   {"g84848", "gggggg"},
    {"8ggg", "888g"}, {"g888ggg8", "ggg888gg"},
};

START_TEST(only_what_lasts)
{
    struct sy_links links = {0};
    for (size_t i = 0; rows[_i].seen[i] != '\0'; i++) {
        unsigned seen = rows[_i].seen[i] == 'g' ? 16 : (unsigned)(rows[_i].seen[i] - '0');
        unsigned counts = rows[_i].counts[i] == 'g' ? 16 : (unsigned)(rows[_i].counts[i] - '0');
        unsigned found = settle(&links, seen);
        ck_assert_msg(found == counts, "%s: scan %zu: %u", rows[_i].seen, i, found);
    }
    sy_links_done(&links);
}
END_TEST

static enum sy_code settle_once(void *data, struct sy_err *err)
{
    struct sy_links links = {0};
    struct sy_obj obj = {.type = SY_OBJ_MACHINE};
    struct sy_inventory inv = {.nobj = 1, .obj = &obj};
    (void)data;
    enum sy_code code = sy_links_settle(&links, &inv, err);
    sy_links_done(&links);
    return code;
}

START_TEST(out_of_memory)
{
    ck_assert_int_eq(sy_fault_sweep(settle_once, NULL, 0), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("links");
    TCase *tcase = tcase_create("links");
    tcase_add_loop_test(tcase, what_counts, 0, sizeof states / sizeof states[0]);
    tcase_add_loop_test(tcase, only_what_lasts, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(tcase, out_of_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
