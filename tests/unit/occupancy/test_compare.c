/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#define NPU "npu.huawei.com/ascend910"
#define GPU "nvidia.com/gpu"
#define NIC "rdma/hca"

static const char *const words[] = {
#define X(id, name) name,
    SY_PREDICTIONS(X)
#undef X
};

static const struct {
    const char *description, *machine, *ask, *predicted, *achieved;
    enum sy_prediction answer;
} pairs[] = {
    {"the same", "ascend-910-rings", NPU "=4", "0-3", "0-3", SY_PREDICTION_SAME},
    {"the other ring", "ascend-910-rings", NPU "=4", "0-3", "4-7", SY_PREDICTION_EQUAL},
    {"across sockets", "ascend-910-rings", NPU "=4", "0-3", "2-5", SY_PREDICTION_WORSE},
    {"better than thought", "ascend-910-rings", NPU "=2", "0,4", "0-1", SY_PREDICTION_BETTER},
    {"one is short", "ascend-910-rings", NPU "=4", "0-3", "0-2", SY_PREDICTION_UNKNOWN},
    {"the prediction was short", "ascend-910-rings", NPU "=4", "0", "0-3", SY_PREDICTION_UNKNOWN},
    {"one too many", "ascend-910-rings", NPU "=4", "0-3", "0-4", SY_PREDICTION_UNKNOWN},
    {"nothing", "ascend-910-rings", NPU "=1", "", "", SY_PREDICTION_UNKNOWN},
    {"another kind", "broadcom-two-level", GPU "=1", "0", "1", SY_PREDICTION_UNKNOWN},
    {"two kinds", "broadcom-two-level", GPU "=1 " NIC "=1", "2-3", "2-3", SY_PREDICTION_SAME},
    {"the NIC of another switch", "broadcom-two-level", GPU "=1 " NIC "=1", "2-3", "2,10",
     SY_PREDICTION_WORSE},
    {"two of one kind, none of the other", "broadcom-two-level", GPU "=1 " NIC "=1", "2-3", "2,4",
     SY_PREDICTION_UNKNOWN},
};

START_TEST(compares)
{
    struct ledger l;
    ledger_open(&l, pairs[_i].machine, "{}");
    struct sy_request request = ledger_request(&l, pairs[_i].ask, NULL);
    enum sy_prediction got = sy_occupancy_compare(l.node->fabric, &request, l.in.profile,
                                                  ledger_set(pairs[_i].predicted),
                                                  ledger_set(pairs[_i].achieved), l.arena);
    ck_assert_msg(got == pairs[_i].answer, "%s: expected %s, got %s", pairs[_i].description,
                  words[pairs[_i].answer], words[got]);
    ledger_close(&l);
}
END_TEST

/* A unit that serves two entries goes where it is needed. */
START_TEST(overlapping)
{
    struct ledger l;
    ledger_open(&l, "broadcom-two-level", "{}");
    struct sy_request request = ledger_request(&l, GPU "=1 " NIC "=1", NULL);
    struct sy_fabric *f = l.node->fabric;
    int gpu = sy_catalogue_resource_find(l.catalogue, GPU);
    int nic = sy_catalogue_resource_find(l.catalogue, NIC);
    sy_devset_add(&f->unit[2].resources, (unsigned)nic); /* 2 can be either */
    sy_devset_add(&f->unit[3].resources, (unsigned)gpu); /* and so can 3 */
    ck_assert_int_eq(sy_occupancy_compare(f, &request, l.in.profile, ledger_set("2,5"),
                                          ledger_set("2,5"), l.arena),
                     SY_PREDICTION_SAME);
    ck_assert_int_eq(sy_occupancy_compare(f, &request, l.in.profile, ledger_set("2,4"),
                                          ledger_set("3-4"), l.arena),
                     SY_PREDICTION_WORSE);
    ck_assert_int_eq(sy_occupancy_compare(f, &request, l.in.profile, ledger_set("2-3"),
                                          ledger_set("4,6"), l.arena),
                     SY_PREDICTION_UNKNOWN);
    ledger_close(&l);
}
END_TEST

static const struct {
    const char *description, *machine, *ask, *require, *achieved;
    uint32_t min_mbps;
    bool meets;
} sets[] = {
    {"requires nothing", "ascend-910-rings", NPU "=2", NULL, "0,7", 0, true},
    {"one NUMA node", "ascend-910-rings", NPU "=2", "numa", "0-1", 0, true},
    {"two of them", "ascend-910-rings", NPU "=2", "numa", "0,7", 0, false},
    {"nothing was given", "ascend-910-rings", NPU "=2", "numa", "", 0, true},
    {"too few, but they lie well", "ascend-910-rings", NPU "=4", "numa", "0-1", 0, true},
    {"too few, and not", "ascend-910-rings", NPU "=4", "numa", "0,4", 0, false},
    {"one too many, elsewhere", "ascend-910-rings", NPU "=2", "numa", "0-1,4", 0, false},
    {"kinds together", "broadcom-two-level", GPU "=1 " NIC "=1", "switch", "2-3", 0, true},
    {"kinds apart", "broadcom-two-level", GPU "=1 " NIC "=1", "switch", "2,10", 0, false},
    {"the bandwidth", "ascend-910-rings", NPU "=2", NULL, "0-1", 10000, true},
    {"too much of it", "ascend-910-rings", NPU "=2", NULL, "0-1", 10000000, false},
    {"one device's way up", "ascend-910-rings", NPU "=1", NULL, "0", 10000, true},
    {"one device's way up is too thin", "ascend-910-rings", NPU "=1", NULL, "0", 20000, false},
    {"one of two: its way up", "ascend-910-rings", NPU "=2", NULL, "0", 20000, false},
    {"nobody knows the NUMA node", "unknown-locality", GPU "=2", "numa", "0,2", 0, true},
};

START_TEST(meets)
{
    struct ledger l;
    ledger_open(&l, sets[_i].machine, "{}");
    struct sy_request request = ledger_request(&l, sets[_i].ask, sets[_i].require);
    request.min_mbps = sets[_i].min_mbps;
    request.guaranteed = true; /* says nothing about one set */
    bool got = sy_occupancy_meets(l.node->fabric, &request, l.in.profile,
                                  ledger_set(sets[_i].achieved), l.arena);
    ck_assert_msg(got == sets[_i].meets, "%s: expected %d, got %d", sets[_i].description,
                  sets[_i].meets, got);
    ledger_close(&l);
}
END_TEST

/* The node's other pods have no part in it. */
START_TEST(others_do_not_matter)
{
    struct ledger l;
    ledger_open(
        &l, "ascend-910-rings",
        "{\"devices\":[{\"pci\":\"0000:13:00.0\",\"healthy\":false},"
        "{\"pci\":\"0000:15:00.0\",\"held\":1000},{\"pci\":\"0000:16:00.0\",\"held\":1000}]}");
    struct sy_request request = ledger_request(&l, NPU "=2", "numa");
    request.min_mbps = 10000;
    ck_assert(
        sy_occupancy_meets(l.node->fabric, &request, l.in.profile, ledger_set("0,2"), l.arena));
    ck_assert_int_eq(sy_occupancy_compare(l.node->fabric, &request, l.in.profile, ledger_set("0,2"),
                                          ledger_set("1,3"), l.arena),
                     SY_PREDICTION_EQUAL);
    ledger_close(&l);
}
END_TEST

struct question {
    struct ledger l;
    struct sy_request request;
};

static enum sy_code ask(void *data, struct sy_err *err)
{
    struct question *q = data;
    struct sy_arena *scratch = sy_arena_new((size_t)4 << 20);
    if (scratch == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_prediction got = sy_occupancy_compare(q->l.node->fabric, &q->request, q->l.in.profile,
                                                  ledger_set("0-3"), ledger_set("2-5"), scratch);
    bool met = sy_occupancy_meets(q->l.node->fabric, &q->request, q->l.in.profile,
                                  ledger_set("2-5"), scratch);
    sy_arena_free(scratch);
    ck_assert(got == SY_PREDICTION_UNKNOWN || got == SY_PREDICTION_WORSE);
    if (got == SY_PREDICTION_UNKNOWN || met) /* memory ran out on the way: nobody is accused */
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return SY_OK;
}

START_TEST(memory_runs_out)
{
    struct question q;
    ledger_open(&q.l, "ascend-910-rings", "{}");
    q.request = ledger_request(&q.l, NPU "=4", "numa");
    ck_assert_int_ge(sy_fault_sweep(ask, &q, 0), 3);
    ledger_close(&q.l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("occupancy_compare");
    TCase *tcase = tcase_create("compare");
    tcase_add_loop_test(tcase, compares, 0, (int)(sizeof pairs / sizeof *pairs));
    tcase_add_test(tcase, overlapping);
    tcase_add_loop_test(tcase, meets, 0, (int)(sizeof sets / sizeof *sets));
    tcase_add_test(tcase, others_do_not_matter);
    tcase_add_test(tcase, memory_runs_out);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
