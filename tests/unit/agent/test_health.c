/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/health.h"
#include "tests/lib/run.h"

#include <string.h>

#define SECOND INT64_C(1000000)
#define START (INT64_C(1000) * SECOND)

/* A look at a device that is well. */
static struct sy_look well(void)
{
    return (struct sy_look){.present = true,
                            .driver_matters = true,
                            .has_driver = true,
                            .was_offered = true,
                            .is_offered = true,
                            .cur_width = 16,
                            .max_width = 16};
}

/* One look per letter, a second apart: '.' well; L lost, V vfio, D no driver, P dropped by its
 * plugin, W no lanes, N half the lanes, F/n/c: one fatal, 20 non-fatal, 2000 correctable errors
 * more; O counters not told; R counters begin anew; w is 30 s later and well. After them: healthy,
 * or the ailment. */
static const struct {
    const char *what, *looks;
    int ailment; /* -1 = healthy */
} cases[] = {
    {"well", "....", -1},
    {"lost at once", ".L", SY_AILMENT_LOST},
    {"lost from the start", "L", SY_AILMENT_LOST},
    {"one bad look", ".D.", -1},
    {"two bad looks", ".DD..", -1},
    {"three bad looks", ".DDD", SY_AILMENT_NO_DRIVER},
    {"not in a row", ".DD.DD.", -1},
    {"of different kinds", ".DWD", SY_AILMENT_NO_DRIVER},
    {"five good looks", ".DDD.....", SY_AILMENT_NO_DRIVER},
    {"six good looks", ".DDD......", -1},
    {"six, but not in a row", ".DDD.....D.", SY_AILMENT_NO_DRIVER},
    {"back from loss, slowly", "L.....", SY_AILMENT_LOST},
    {"back from loss", "L......", -1},
    {"comes and goes", "L.....L.....L....", SY_AILMENT_LOST},
    {"back, without its driver", "LDD", SY_AILMENT_LOST},
    {"back, without its driver for good", "LDDD", SY_AILMENT_NO_DRIVER},
    {"vfio", ".VVV", SY_AILMENT_GONE_AWAY},
    {"virtual NIC on vfio", ".vvvv", -1},
    {"dropped by its plugin", ".PPP", SY_AILMENT_NOT_OFFERED},
    {"never offered", "pppp", -1},
    {"link down", ".WWW", SY_AILMENT_LINK_DOWN},
    {"never had a link", "WWWW", -1},
    {"fewer lanes is no illness", ".NNNN", -1},
    {"fatal errors from before our start", "FO....", -1},
    {"a fatal error", ".F..", SY_AILMENT_FATAL},
    {"a fatal error stays for five minutes", ".F..wwwwwwwww......", SY_AILMENT_FATAL},
    {"and no longer", ".F..wwwwwwwwwww......", -1},
    {"counters begin anew", "F.R...", -1},
    {"a few non-fatal errors", ".n....", SY_AILMENT_NONFATAL},
    {"correctable errors", ".c....", SY_AILMENT_CORRECTABLE},
    {"correctable errors went by", ".c....wwwww......", -1},
    {"a steady rate does not look good between", ".ccccwcwcwcwc", SY_AILMENT_CORRECTABLE},
    {"the more serious of two", ".ccccFFF", SY_AILMENT_FATAL},
    {"counters that are gone", ".OOOO", -1},
};

START_TEST(looks)
{
    struct sy_health health = {0};
    struct sy_look look = well();
    int64_t now = START;
    for (const char *p = cases[_i].looks; *p != '\0'; p++, now += SECOND) {
        struct sy_look one = look;
        int64_t fatal = look.fatal, nonfatal = look.nonfatal, correctable = look.correctable;
        look.fatal = fatal + (*p == 'F');
        look.nonfatal = nonfatal + (*p == 'n' ? 20 : 0);
        look.correctable = correctable + (*p == 'c' ? 2000 : 0);
        if (*p == 'R')
            look.fatal = look.nonfatal = look.correctable = 0;
        one = look;
        one.present = *p != 'L';
        one.has_driver = *p != 'D';
        one.is_vfio = *p == 'V' || *p == 'v';
        one.driver_matters = *p != 'v';
        one.is_offered = *p != 'P' && *p != 'p';
        one.was_offered = *p != 'p';
        one.cur_width = *p == 'W' ? 0 : *p == 'N' ? 8 : 16;
        if (*p == 'O')
            one.fatal = one.nonfatal = one.correctable = -1;
        now += *p == 'w' ? 29 * SECOND : 0;
        struct sy_health before = health;
        bool changed = sy_health_look(&health, &one, now);
        bool differs = before.unhealthy != health.unhealthy ||
                       (health.unhealthy && before.ailment != health.ailment);
        ck_assert_msg(changed == differs, "%s: look %td", cases[_i].what, p - cases[_i].looks);
    }
    int found = health.unhealthy ? health.ailment : -1;
    ck_assert_msg(found == cases[_i].ailment, "%s: %d", cases[_i].what, found);
}
END_TEST

START_TEST(since_is_the_moment_it_began)
{
    struct sy_health health = {0};
    struct sy_look look = well();
    look.present = false;
    ck_assert(sy_health_look(&health, &look, START));
    ck_assert(!sy_health_look(&health, &look, START + 50 * SECOND));
    ck_assert_int_eq(health.since_us, START);
}
END_TEST

START_TEST(a_clock_that_goes_back)
{
    struct sy_health health = {0};
    struct sy_look look = well();
    for (int i = 0; i < 10; i++) {
        look.correctable += 30;
        (void)sy_health_look(&health, &look, START - i * 3600 * SECOND);
    }
    ck_assert(!health.unhealthy);
}
END_TEST

START_TEST(texts)
{
    ck_assert_str_eq(sy_ailment_text(SY_AILMENT_LOST), "lost: not on the bus");
    ck_assert_str_eq(sy_ailment_text(SY_AILMENT_COUNT), "");
    for (unsigned i = 0; i < SY_AILMENT_NONE; i++) /* no prefix of another: they are found by it */
        for (unsigned k = 0; k < SY_AILMENT_NONE; k++)
            ck_assert(i == k || strncmp(sy_ailment_text(i), sy_ailment_text(k),
                                        strlen(sy_ailment_text(i))) != 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("health");
    TCase *tcase = tcase_create("health");
    tcase_add_loop_test(tcase, looks, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, since_is_the_moment_it_began);
    tcase_add_test(tcase, a_clock_that_goes_back);
    tcase_add_test(tcase, texts);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
