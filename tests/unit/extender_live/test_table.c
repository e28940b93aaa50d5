/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/live/table.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"

struct record {
    unsigned key;
    bool in;
};

static bool is(const void *record, const void *key)
{
    return ((const struct record *)record)->key == *(const unsigned *)key;
}

/* Few different hashes, at both ends of the table: long runs, and runs around its end. */
static uint64_t hash_of(unsigned key)
{
    return key % 3 == 0 ? 0 : key % 3 == 1 ? UINT64_MAX - key % 5 : key % 7;
}

START_TEST(against_an_array)
{
    enum { N = 120 };
    struct record record[N];
    struct sy_table table = {0};
    struct sy_dice dice = {.state = (uint64_t)_i + 1};
    for (unsigned i = 0; i < N; i++)
        record[i] = (struct record){.key = i};
    for (unsigned step = 0; step < 2000; step++) {
        struct record *one = &record[sy_dice_roll(&dice, N)];
        if (one->in)
            sy_table_remove(&table, hash_of(one->key), one);
        else
            ck_assert(sy_table_add(&table, hash_of(one->key), one));
        one->in = !one->in;
        if (step % 50 != 0)
            continue;
        for (unsigned i = 0; i < N; i++)
            ck_assert_ptr_eq(sy_table_find(&table, hash_of(i), is, &i),
                             record[i].in ? &record[i] : NULL);
    }
    sy_table_done(&table);
}
END_TEST

/* Who removes while going through the slots meets every record. */
START_TEST(removing_all)
{
    enum { N = 47 };
    struct record record[N];
    struct sy_table table = {0};
    unsigned met = 0;
    for (unsigned i = 0; i < N; i++) {
        record[i] = (struct record){.key = i};
        ck_assert(sy_table_add(&table, hash_of(i), &record[i]));
    }
    for (size_t i = 0; i < table.size;) {
        struct record *one = table.slot[i].record;
        if (one == NULL) {
            i++;
            continue;
        }
        sy_table_remove(&table, hash_of(one->key), one);
        met++;
    }
    ck_assert_uint_eq(met, N);
    ck_assert_uint_eq(table.n, 0);
    sy_table_done(&table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tcase = tcase_create("table");
    tcase_add_loop_test(tcase, against_an_array, 0, 20);
    tcase_add_test(tcase, removing_all);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
