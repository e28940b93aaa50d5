/* SPDX-License-Identifier: Apache-2.0 */
#include "base/devset.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *description;
    const char *text;
    enum sy_code code;
    const char *message;
    const char *canonical;
} cases[] = {
    {"empty", "", SY_OK, "", ""},
    {"one", "7", SY_OK, "", "7"},
    {"zero", "0", SY_OK, "", "0"},
    {"list and range", "0-3,7", SY_OK, "", "0-3,7"},
    {"neighbours become a range", "1,2,3", SY_OK, "", "1-3"},
    {"ranges that touch", "1-2,3-4", SY_OK, "", "1-4"},
    {"range of one", "5-5", SY_OK, "", "5"},
    {"across words", "62-65,127-128", SY_OK, "", "62-65,127-128"},
    {"all", "0-255", SY_OK, "", "0-255"},
    {"last", "255", SY_OK, "", "255"},
    {"first id past the end", "256", SY_ELIMIT,
     "device set '256': ids must ascend and stay below 256", NULL},
    {"range past the end", "250-256", SY_ELIMIT,
     "device set '250-256': ids must ascend and stay below 256", NULL},
    {"huge number", "99999999999999999999999", SY_ELIMIT,
     "device set '99999999999999999999999': ids must ascend and stay below 256", NULL},
    {"descending list", "3,2", SY_ELIMIT, "device set '3,2': ids must ascend and stay below 256",
     NULL},
    {"repeated", "3,3", SY_ELIMIT, "device set '3,3': ids must ascend and stay below 256", NULL},
    {"descending range", "3-2", SY_ELIMIT, "device set '3-2': ids must ascend and stay below 256",
     NULL},
    {"trailing comma", "1,", SY_EPARSE, "device set '1,': number expected at column 3", NULL},
    {"leading comma", ",1", SY_EPARSE, "device set ',1': number expected at column 1", NULL},
    {"open range", "1-", SY_EPARSE, "device set '1-': number expected at column 3", NULL},
    {"sign", "+1", SY_EPARSE, "device set '+1': number expected at column 1", NULL},
    {"negative", "-1", SY_EPARSE, "device set '-1': number expected at column 1", NULL},
    {"blank", "1, 2", SY_EPARSE, "device set '1, 2': number expected at column 3", NULL},
    {"needless zero", "01", SY_EPARSE, "device set '01': number expected at column 1", NULL},
    {"double range", "1-2-3", SY_EPARSE, "device set '1-2-3': ',' expected at column 4", NULL},
    {"letters", "1x", SY_EPARSE, "device set '1x': ',' expected at column 2", NULL},
    {"control character", "1\n", SY_EPARSE, "device set '1\\x0A': ',' expected at column 2", NULL},
};

START_TEST(parse)
{
    struct sy_devset before = {{1, 2, 3, 4}}, set = before;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_devset_parse(cases[_i].text, &set, &err), cases[_i].code);
    ck_assert_str_eq(err.text, cases[_i].message);
    if (cases[_i].code != SY_OK) {
        ck_assert_mem_eq(&set, &before, sizeof set);
        return;
    }
    char text[64];
    ck_assert_uint_eq(sy_devset_format(&set, text, sizeof text), strlen(cases[_i].canonical));
    ck_assert_str_eq(text, cases[_i].canonical);
    struct sy_devset again;
    ck_assert_int_eq(sy_devset_parse(text, &again, &err), SY_OK);
    ck_assert(sy_devset_equal(&set, &again));
}
END_TEST

START_TEST(format_into_any_size)
{
    struct sy_devset set = SY_DEVSET_EMPTY;
    for (unsigned id = 1; id < SY_DEVSET_MAX; id += 2)
        sy_devset_add(&set, id);
    char whole[1024];
    size_t len = sy_devset_format(&set, whole, sizeof whole);
    ck_assert_uint_eq(len, strlen(whole));
    ck_assert_uint_eq(sy_devset_format(&set, NULL, 0), len);
    for (size_t size = 1; size <= len + 1; size++) {
        char part[1024];
        memset(part, '#', sizeof part);
        ck_assert_uint_eq(sy_devset_format(&set, part, size), len);
        ck_assert_uint_eq(strlen(part), size - 1);
        ck_assert_mem_eq(part, whole, size - 1);
        ck_assert_int_eq(part[size], '#');
    }
}
END_TEST

/* Sets as plain arrays of bool; every operation by definition. */
START_TEST(algebra_by_definition)
{
    uint64_t seed = 42;
    for (int round = 0; round < 200; round++) {
        struct sy_devset a = SY_DEVSET_EMPTY, b = SY_DEVSET_EMPTY;
        bool in_a[SY_DEVSET_MAX], in_b[SY_DEVSET_MAX];
        unsigned count = 0;
        bool subset = true;
        for (unsigned i = 0; i < SY_DEVSET_MAX; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            in_a[i] = (seed >> 33) % 3 == 0;
            in_b[i] = (seed >> 40) % 2 == 0 || (round % 2 == 0 && in_a[i]);
            if (in_a[i])
                sy_devset_add(&a, i);
            if (in_b[i])
                sy_devset_add(&b, i);
            count += in_a[i];
            subset = subset && (!in_a[i] || in_b[i]);
        }
        struct sy_devset both = sy_devset_and(a, b), any = sy_devset_or(a, b);
        struct sy_devset less = sy_devset_minus(a, b);
        for (unsigned i = 0; i < SY_DEVSET_MAX; i++) {
            ck_assert(sy_devset_has(&both, i) == (in_a[i] && in_b[i]));
            ck_assert(sy_devset_has(&any, i) == (in_a[i] || in_b[i]));
            ck_assert(sy_devset_has(&less, i) == (in_a[i] && !in_b[i]));
        }
        ck_assert_uint_eq(sy_devset_count(&a), count);
        ck_assert(sy_devset_subset(&a, &b) == subset);
        ck_assert(sy_devset_equal(&a, &a) && sy_devset_empty(&a) == (count == 0));
        unsigned seen = 0;
        SY_DEVSET_EACH(id, &a)
        {
            ck_assert(in_a[id]);
            seen++;
        }
        ck_assert_uint_eq(seen, count);
        unsigned members = count;
        for (unsigned i = 0; i < SY_DEVSET_MAX; i++) {
            sy_devset_del(&a, i);
            members -= in_a[i];
            ck_assert_uint_eq(sy_devset_count(&a), members);
        }
        ck_assert(sy_devset_empty(&a));
    }
}
END_TEST

START_TEST(next_at_the_edges)
{
    struct sy_devset set = SY_DEVSET_EMPTY;
    ck_assert_int_eq(sy_devset_next(&set, 0), -1);
    sy_devset_add(&set, 63);
    sy_devset_add(&set, 64);
    sy_devset_add(&set, 255);
    ck_assert_int_eq(sy_devset_next(&set, 0), 63);
    ck_assert_int_eq(sy_devset_next(&set, 64), 64);
    ck_assert_int_eq(sy_devset_next(&set, 65), 255);
    ck_assert_int_eq(sy_devset_next(&set, 256), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("devset");
    TCase *tcase = tcase_create("devset");
    tcase_add_loop_test(tcase, parse, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, format_into_any_size);
    tcase_add_test(tcase, algebra_by_definition);
    tcase_add_test(tcase, next_at_the_edges);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
