/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/run.h"
#include "topology/fabric_private.h"

#define G1X16 4000
#define G3X8 7877
#define G3X16 15754
#define G4X8 15754
#define G4X16 31508
#define G5X16 63015

struct end {
    uint32_t now, max;
    uint8_t width, max_width;
};

static const struct {
    const char *description;
    struct end device, port;
    bool has_port;
    uint32_t usual, expected;
} cases[] = {
    {"nothing known", {0}, {0}, false, 0, 0},
    {"nothing known but the model", {0}, {0}, false, G4X16, G4X16},
    {"present rate alone", {G4X16, 0, 0, 0}, {0}, false, G5X16, G4X16},
    {"idle rate alone, model knows", {G1X16, 0, 0, 0}, {0}, false, G4X16, G4X16},
    {"idle rate alone, model does not", {G1X16, 0, 0, 0}, {0}, false, 0, G1X16},
    {"slow device, model slower still", {G1X16, 0, 0, 0}, {0}, false, 2000, G1X16},
    {"idle, maximum known", {G1X16, G4X16, 0, 0}, {0}, false, 0, G4X16},
    {"idle at Gen2", {8000, G4X16, 16, 16}, {0}, false, 0, G4X16},
    {"degraded rate", {G3X16, G4X16, 16, 16}, {0}, false, 0, G3X16},
    {"degraded width, rates only", {G4X8, G4X16, 0, 0}, {0}, false, 0, G4X8},
    {"degraded width, idle too", {2000, G4X16, 8, 16}, {0}, false, 0, G4X8},
    {"maximum only", {0, G4X16, 0, 16}, {0}, false, 0, G4X16},
    {"maximum only, lanes lost", {0, G4X16, 4, 16}, {0}, false, 0, 7877},
    {"last digit differs", {15753, G3X16, 0, 0}, {0}, false, 0, G3X16},
    {"port slower", {G3X16, G4X16, 16, 16}, {G3X16, G3X16, 16, 16}, true, 0, G3X16},
    {"port narrower", {G4X8, G4X16, 8, 16}, {G4X8, G4X8, 8, 8}, true, 0, G4X8},
    {"Gen5 x8 device in a Gen4 x16 port",
     {15754, 31508, 8, 8},
     {15754, G4X16, 8, 16},
     true,
     0,
     G4X8},
    {"port narrower, idle", {2000, G4X16, 8, 16}, {2000, G4X8, 8, 8}, true, 0, G4X8},
    {"only the port known", {0}, {G4X16, G4X16, 16, 16}, true, G5X16, G4X16},
    {"device read idle, port awake", {G1X16, 0, 0, 0}, {G3X16, 0, 0, 0}, true, G4X16, G3X16},
    {"device lost lanes, port read before", {G3X8, 0, 0, 0}, {G3X16, 0, 0, 0}, true, 0, G3X8},
};

START_TEST(usable)
{
    const struct end *d = &cases[_i].device, *p = &cases[_i].port;
    struct sy_obj device = {.cur_link_mbps = d->now,
                            .max_link_mbps = d->max,
                            .cur_width = d->width,
                            .max_width = d->max_width};
    struct sy_obj port = {.cur_link_mbps = p->now,
                          .max_link_mbps = p->max,
                          .cur_width = p->width,
                          .max_width = p->max_width};
    uint32_t got = sy_link_usable(&device, cases[_i].has_port ? &port : NULL, cases[_i].usual);
    ck_assert_msg(got == cases[_i].expected, "%s: expected %u, got %u", cases[_i].description,
                  cases[_i].expected, got);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fabric_links");
    TCase *tcase = tcase_create("usable");
    tcase_add_loop_test(tcase, usable, 0, (int)(sizeof cases / sizeof *cases));
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
