/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "tests/lib/run.h"

#include <string.h>

/* Published FNV-1a values (the test vectors of the FNV specification). */
static const struct {
    const char *text;
    uint64_t hash64;
    struct sy_digest hash128;
} cases[] = {
    {"",
     UINT64_C(0xcbf29ce484222325),
     {UINT64_C(0x6c62272e07bb0142), UINT64_C(0x62b821756295c58d)}},
    {"a",
     UINT64_C(0xaf63dc4c8601ec8c),
     {UINT64_C(0xd228cb696f1a8caf), UINT64_C(0x78912b704e4a8964)}},
    {"foobar",
     UINT64_C(0x85944171f73967e8),
     {UINT64_C(0x343e1662793c64bf), UINT64_C(0x6f0d3597ba446f18)}},
};

START_TEST(published_values)
{
    size_t len = strlen(cases[_i].text);
    ck_assert_uint_eq(sy_hash_name(cases[_i].text, len), cases[_i].hash64);
    struct sy_digest digest = sy_digest_begin();
    sy_digest_bytes(&digest, cases[_i].text, len);
    ck_assert_uint_eq(digest.hi, cases[_i].hash128.hi);
    ck_assert_uint_eq(digest.lo, cases[_i].hash128.lo);
}
END_TEST

START_TEST(numbers_are_little_endian)
{
    struct sy_digest a = sy_digest_begin(), b = a;
    sy_digest_u64(&a, UINT64_C(0x0807060504030201));
    sy_digest_bytes(&b, "\1\2\3\4\5\6\7\10", 8);
    ck_assert(sy_digest_equal(a, b));
}
END_TEST

static struct sy_digest of(const char *first, const char *second)
{
    struct sy_digest digest = sy_digest_begin();
    sy_digest_str(&digest, first);
    sy_digest_str(&digest, second);
    return digest;
}

START_TEST(texts_keep_their_borders)
{
    ck_assert(sy_digest_equal(of("ab", "c"), of("ab", "c")));
    ck_assert(!sy_digest_equal(of("ab", "c"), of("a", "bc")));
    ck_assert(!sy_digest_equal(of("", "a"), of("a", "")));
    ck_assert(!sy_digest_equal(of(NULL, "a"), of("", "a")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hash");
    TCase *tcase = tcase_create("hash");
    tcase_add_loop_test(tcase, published_values, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, numbers_are_little_endian);
    tcase_add_test(tcase, texts_keep_their_borders);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
