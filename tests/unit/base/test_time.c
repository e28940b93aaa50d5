/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "tests/lib/run.h"

#define EXPECTED "expected RFC 3339, as 2026-01-31T12:00:00Z"
#define REFUSED(text) SY_EPARSE, -7, "time '" text "': " EXPECTED, NULL

static const struct {
    const char *description, *text;
    enum sy_code code;
    int64_t us;
    const char *message;
    const char *canonical; /* NULL: not formatted */
} cases[] = {
    {"the first", "1970-01-01T00:00:00Z", SY_OK, 0, "", "1970-01-01T00:00:00Z"},
    {"usual", "2026-11-22T13:09:00Z", SY_OK, INT64_C(1795352940000000), "", "2026-11-22T13:09:00Z"},
    {"round", "2023-11-14T22:13:20Z", SY_OK, INT64_C(1700000000000000), "", "2023-11-14T22:13:20Z"},
    {"fraction", "2023-11-14T22:13:20.25Z", SY_OK, INT64_C(1700000000250000), "",
     "2023-11-14T22:13:20.250000Z"},
    {"east", "2023-11-15T00:13:20+02:00", SY_OK, INT64_C(1700000000000000), "",
     "2023-11-14T22:13:20Z"},
    {"west", "2023-11-14T19:43:20-02:30", SY_OK, INT64_C(1700000000000000), "",
     "2023-11-14T22:13:20Z"},
    {"fraction and offset", "2026-11-22T14:09:00.5+01:00", SY_OK, INT64_C(1795352940500000), "",
     "2026-11-22T13:09:00.500000Z"},
    {"nanoseconds", "2024-02-29T23:59:59.123456789Z", SY_OK, INT64_C(1709251199123456), "",
     "2024-02-29T23:59:59.123456Z"},
    {"leap day", "2024-02-29T12:00:00Z", SY_OK, INT64_C(1709208000000000), "",
     "2024-02-29T12:00:00Z"},
    {"2100 has none", "2100-03-01T00:00:00Z", SY_OK, INT64_C(4107542400000000), "",
     "2100-03-01T00:00:00Z"},
    {"the last", "9999-12-31T23:59:59.999999Z", SY_OK, INT64_C(253402300799999999), "",
     "9999-12-31T23:59:59.999999Z"},
    {"small letters", "2026-11-22t13:09:00z", SY_OK, INT64_C(1795352940000000), "",
     "2026-11-22T13:09:00Z"},
    {"leap second", "2016-12-31T23:59:60Z", SY_OK, INT64_C(1483228800000000), "",
     "2017-01-01T00:00:00Z"},
    {"before 1970", "1969-12-31T23:59:59Z", SY_OK, -1000000, "", NULL},
    {"before 1970 in UTC", "1970-01-01T00:00:00+01:00", SY_OK, INT64_C(-3600000000), "", NULL},
    {"zero time of Go", "0001-01-01T00:00:00Z", SY_OK, INT64_C(-62135596800000000), "", NULL},
    {"leap day of year 0", "0000-02-29T00:00:00Z", SY_OK, INT64_C(-62162121600000000), "", NULL},
    {"February 29", "2025-02-29T00:00:00Z", REFUSED("2025-02-29T00:00:00Z")},
    {"February 29, 2100", "2100-02-29T00:00:00Z", REFUSED("2100-02-29T00:00:00Z")},
    {"month 13", "2026-13-01T00:00:00Z", REFUSED("2026-13-01T00:00:00Z")},
    {"month 0", "2026-00-01T00:00:00Z", REFUSED("2026-00-01T00:00:00Z")},
    {"day 0", "2026-01-00T00:00:00Z", REFUSED("2026-01-00T00:00:00Z")},
    {"April 31", "2026-04-31T00:00:00Z", REFUSED("2026-04-31T00:00:00Z")},
    {"hour 24", "2026-01-01T24:00:00Z", REFUSED("2026-01-01T24:00:00Z")},
    {"minute 60", "2026-01-01T00:60:00Z", REFUSED("2026-01-01T00:60:00Z")},
    {"second 61", "2026-01-01T00:00:61Z", REFUSED("2026-01-01T00:00:61Z")},
    {"past year 9999 in UTC", "9999-12-31T23:59:59-00:01", REFUSED("9999-12-31T23:59:59-00:01")},
    {"no offset", "2026-01-01T00:00:00", REFUSED("2026-01-01T00:00:00")},
    {"point alone", "2026-01-01T00:00:00.Z", REFUSED("2026-01-01T00:00:00.Z")},
    {"short offset", "2026-01-01T00:00:00+1:00", REFUSED("2026-01-01T00:00:00+1:00")},
    {"offset of 24 hours", "2026-01-01T00:00:00+24:00", REFUSED("2026-01-01T00:00:00+24:00")},
    {"trailing text", "2026-01-01T00:00:00Zjunk", REFUSED("2026-01-01T00:00:00Zjunk")},
    {"space", "2023-11-14 22:13:20Z", REFUSED("2023-11-14 22:13:20Z")},
    {"control character", "2026-01-01T00:00:00\n", REFUSED("2026-01-01T00:00:00\\x0A")},
    {"word", "yesterday", REFUSED("yesterday")},
    {"empty", "", REFUSED("")},
};

START_TEST(rfc3339)
{
    struct sy_err err = {0};
    char text[SY_TIME_TEXT];
    int64_t us = -7;
    ck_assert_int_eq(sy_time_parse(cases[_i].text, &us, &err), cases[_i].code);
    ck_assert_str_eq(err.text, cases[_i].message);
    ck_assert_int_eq(us, cases[_i].us);
    if (cases[_i].canonical != NULL)
        ck_assert_str_eq(sy_time_format(us, text), cases[_i].canonical);
}
END_TEST

START_TEST(every_day_comes_back)
{
    char text[SY_TIME_TEXT];
    for (int64_t day = 0; day < 2932897; day += 13) {
        int64_t us;
        ck_assert_int_eq(sy_time_parse(sy_time_format(day * INT64_C(86400000000), text), &us, NULL),
                         SY_OK);
        ck_assert_int_eq(us, day * INT64_C(86400000000));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("time");
    TCase *tcase = tcase_create("time");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, rfc3339, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, every_day_comes_back);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
