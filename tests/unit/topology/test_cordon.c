/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "topology/cordon.h"

#include <stdio.h>
#include <string.h>

#define ARENA_BYTES ((size_t)1 << 20)
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* What was read, as "ADDR=REASON;…", and what is said to be wrong ("" = nothing). */
static const struct {
    const char *description, *text, *read, *wrong;
} cases[] = {
    {"nothing", "", "", ""},
    {"blanks and empty entries", " ; ;\t;\n", "", ""},
    {"one with a reason", "0000:81:00.0=fan", "0000:81:00.0=fan;", ""},
    {"one without", "0000:82:00.0", "0000:82:00.0=;", ""},
    {"the example of the documentation", "0000:81:00.0=fan; 0000:82:00.0",
     "0000:81:00.0=fan;0000:82:00.0=;", ""},
    {"blanks around everything", " \t0000:81:00.0 =  the fan  ; 0000:82:00.0 = ;",
     "0000:81:00.0=the fan;0000:82:00.0=;", ""},
    {"upper case", "0000:AF:0B.7=x", "0000:af:0b.7=x;", ""},
    {"eight digits of domain", "00000000:81:00.0=x;10000:81:00.0=y;ABCDEF01:00:1f.7",
     "0000:81:00.0=x;00010000:81:00.0=y;abcdef01:00:1f.7=;", ""},
    {"without a domain", "81:00.0=x", "0000:81:00.0=x;", ""},
    {"a reason with = and quotes", "0000:81:00.0=it's \"hot\" = bad",
     "0000:81:00.0=it's \"hot\" = bad;", ""},
    {"a reason that is no text",
     "0000:81:00.0=a\x01\xff"
     "b",
     "0000:81:00.0=a\\x01\\xFFb;", ""},
    {"named twice", "0000:81:00.0=first;81:00.0=second", "0000:81:00.0=first;", ""},
    {"no address", "xyz", "", "'xyz' is no PCI address (dddd:bb:dd.f)"},
    {"only a reason", "=fan", "", "'' is no PCI address (dddd:bb:dd.f)"},
    {"an error between others", "0000:81:00.0=fan;0000:82:00=fan;0000:83:00.0",
     "0000:81:00.0=fan;0000:83:00.0=;", "'0000:82:00' is no PCI address (dddd:bb:dd.f)"},
    {"errors are counted", "a;0000:81:00.0;b=c;d", "0000:81:00.0=;",
     "'a' is no PCI address (dddd:bb:dd.f) (and 2 more)"},
    {"a comma is no separator", "0000:81:00.0,0000:82:00.0", "",
     "'0000:81:00.0,0000:82:00.0' is no PCI address (dddd:bb:dd.f)"},
    {"device 32, function 8", "0000:81:20.0;0000:81:00.8", "",
     "'0000:81:20.0' is no PCI address (dddd:bb:dd.f) (and 1 more)"},
    {"a long word", A50 A50, "", "'" A50 "aaaaaaaaaa...' is no PCI address (dddd:bb:dd.f)"},
    {"a reason of 200 bytes", "0000:81:00.0=" A50 A50 A50 A50, "0000:81:00.0=" A50 A50 A50 A50 ";",
     ""},
    {"one of 201", "0000:81:00.0=" A50 A50 A50 A50 "b", "0000:81:00.0=" A50 A50 A50 A50 ";",
     "the reason of 0000:81:00.0 has 201 bytes, of at most 200: it is cut"},
    {"cut between two characters", "0000:81:00.0=b" A50 A50 A50 A50 "\xc3\xa9;0000:82:00.0",
     "0000:81:00.0=b" A50 A50 A50
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;0000:82:00.0=;",
     "the reason of 0000:81:00.0 has 203 bytes, of at most 200: it is cut"},
    {"not within one",
     "0000:81:00.0=" A50 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9",
     "0000:81:00.0=" A50 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;",
     "the reason of 0000:81:00.0 has 201 bytes, of at most 200: it is cut"},
};

START_TEST(reads)
{
    struct sy_err err = {0};
    struct sy_arena *arena = sy_arena_new(ARENA_BYTES);
    struct sy_cordon *cordon = NULL;
    const char *wrong = NULL;
    char shown[2048] = "", addr[SY_PCI_ADDR_TEXT];
    size_t n = 99, at = 0;
    ck_assert_ptr_nonnull(arena);
    ck_assert_int_eq(sy_cordon_parse(cases[_i].text, arena, &cordon, &n, &wrong, &err), SY_OK);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(shown + at, sizeof shown - at, "%s=%s;",
                               sy_pci_addr_format(cordon[i].addr, addr), cordon[i].reason);
    ck_assert_msg(strcmp(shown, cases[_i].read) == 0, "%s: expected '%s', got '%s'",
                  cases[_i].description, cases[_i].read, shown);
    wrong = wrong != NULL ? wrong : "";
    ck_assert_msg(strcmp(wrong, cases[_i].wrong) == 0, "%s: expected '%s', got '%s'",
                  cases[_i].description, cases[_i].wrong, wrong);
    sy_arena_free(arena);
}
END_TEST

START_TEST(too_many_devices)
{
    static char text[SY_CORDON_MAX * 16 + 64];
    struct sy_err err = {0};
    struct sy_arena *arena = sy_arena_new(ARENA_BYTES);
    struct sy_cordon *cordon = NULL;
    const char *wrong = NULL;
    size_t n = 0, at = 0;
    for (unsigned i = 0; i < SY_CORDON_MAX + 2; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%04x:00:00.0;", i);
    ck_assert_int_eq(sy_cordon_parse(text, arena, &cordon, &n, &wrong, &err), SY_OK);
    ck_assert_uint_eq(n, SY_CORDON_MAX);
    ck_assert_uint_eq(cordon[SY_CORDON_MAX - 1].addr.domain, SY_CORDON_MAX - 1);
    ck_assert_str_eq(wrong, "more than 256 devices: 0100:00:00.0 is passed over (and 1 more)");
    sy_arena_free(arena);
}
END_TEST

static enum sy_code parse_some(void *data, struct sy_err *err)
{
    struct sy_arena *arena = sy_arena_new(*(const size_t *)data);
    struct sy_cordon *cordon;
    const char *wrong;
    size_t n;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_cordon_parse("81:00.0=it's;82:00.0;x;y;83:00.0=" A50 A50 A50 A50 A50,
                                        arena, &cordon, &n, &wrong, err);
    sy_arena_free(arena);
    return code;
}

START_TEST(memory_runs_out)
{
    size_t bytes = ARENA_BYTES;
    ck_assert_int_ge(sy_fault_sweep(parse_some, &bytes, 0), 2);
    unsigned failed = 0;
    for (bytes = 16; bytes < 3 * 4096 + 2048; bytes += 8) { /* an arena's limit, wherever it hits */
        struct sy_err err = {0};
        enum sy_code code = parse_some(&bytes, &err);
        ck_assert(code == SY_OK || code == SY_ENOMEM);
        failed += code != SY_OK;
    }
    ck_assert_uint_gt(failed, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cordon");
    TCase *tcase = tcase_create("cordon");
    tcase_add_loop_test(tcase, reads, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, too_many_devices);
    tcase_add_test(tcase, memory_runs_out);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
