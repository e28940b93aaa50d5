/* SPDX-License-Identifier: Apache-2.0 */
/* The single questions on a cluster small enough to answer by hand. */
#include "tests/lib/run.h"
#include "tests/unit/planner_whatif/ask.h"

#include <string.h>

#define MODEL                                                                                      \
    "  kube-scheduler 1.36 is modelled, without ImageLocality (images on the nodes), "             \
    "PodTopologySpread (of a Service's pods)\n"
#define NOTES                                                                                      \
    "\nnotes:\n" MODEL "  3 nodes have no NodeFabric, their devices are not known: a, b, c\n"
#define NO_PREEMPTION "  no pod is evicted to make room for another: preemption is not modelled\n"

static const struct {
    const char *line;
    int status;
    const char *out, *err;
} cases[] = {
    {"whatif fit SMALL -f FILES/two.yaml", 0,
     "the pod fits now\n\n"
     "POD  NODE  PATH  GB/S  WATTS  SCORE  TOTAL  TIES  REASON\n"
     "two  c     -        -      -      -    435     1  -\n" NOTES,
     ""},
    {"whatif fit SMALL -f FILES/huge.yaml", 2, NULL, ""},
    {"whatif how-many SMALL -f FILES/two.yaml", 0,
     "2 more of default/two fit\n\n"
     "NODE  PODS\n"
     "c        2\n\n"
     "why no more (default/two):\n"
     "  3 nodes: not enough cpu left, short by 1 CPU\n" NOTES,
     ""},
    {"whatif how-many SMALL -f FILES/two.yaml --max-limit 1", 0,
     "1 more of default/two fits: the limit was reached\n\n"
     "NODE  PODS\n"
     "c        1\n" NOTES,
     ""},
    {"whatif how-many SMALL -f FILES/huge.yaml", 2, NULL, ""},
    {"whatif how-many SMALL -f FILES/two.yaml -f FILES/two.yaml", 0, NULL, ""},
    {"whatif drain a SMALL", 0,
     "1 node, 3 pods: 3 move in 2 waves, 0 have no place, 0 may not be evicted; 2 of DaemonSets or "
     "static ones stay\n\n"
     "WAVE  NAMESPACE  POD    FROM  TO  REMARK\n"
     "   1  shop       web-0  a     c   -\n"
     "   1  shop       bare   a     c   no controller: nobody makes it anew\n"
     "   2  shop       web-1  a     c   -\n" NOTES,
     ""},
    {"whatif drain -l pool=one SMALL", 1, NULL, ""},
    {"whatif drain a SMALL -s FILES/second_budget.yaml", 1,
     "1 node, 3 pods: 1 move in 1 wave, 0 have no place, 2 may not be evicted; 2 of DaemonSets or "
     "static ones stay\n\n"
     "WAVE  NAMESPACE  POD    FROM  TO  REMARK\n"
     "   1  shop       bare   a     c   no controller: nobody makes it anew\n"
     "   -  shop       web-0  a     -   stays: more than one PodDisruptionBudget selects it\n"
     "   -  shop       web-1  a     -   stays: more than one PodDisruptionBudget selects "
     "it\n" NOTES,
     ""},
    /* 60% of four is three: one at a time. */
    {"whatif drain a -s FILES/percent.yaml", 0,
     "1 node, 4 pods: 4 move in 4 waves, 0 have no place, 0 may not be evicted; 0 of DaemonSets or "
     "static ones stay\n\n"
     "WAVE  NAMESPACE  POD  FROM  TO  REMARK\n"
     "   1  shop       w-0  a     b   -\n"
     "   2  shop       w-1  a     b   -\n"
     "   3  shop       w-2  a     b   -\n"
     "   4  shop       w-3  a     b   -\n\n"
     "notes:\n" MODEL "  2 nodes have no NodeFabric, their devices are not known: a, b\n",
     ""},
    {"whatif drain -l pool!=one,rack SMALL", 0,
     "1 node, 0 pods: 0 move in 0 waves, 0 have no place, 0 may not be evicted; 0 of DaemonSets or "
     "static ones stay\n" NOTES,
     ""},
    {"whatif survive SMALL", 0,
     "whichever node of 3 fails, every pod has a place again\n\n"
     "FAILURE  NODES  PODS  MOVED  PENDING  WITHOUT-A-PLACE\n"
     "a            1     3      3        0  -\n"
     "b            1     1      1        0  -\n"
     "c            1     0      0        0  -\n" NOTES NO_PREEMPTION,
     ""},
    {"whatif survive --rack rack SMALL", 1,
     "1 of 2 rack failures leave pods without a place; worst: r1\n\n"
     "FAILURE  NODES  PODS  MOVED  PENDING  WITHOUT-A-PLACE\n"
     "r1           2     4      3        1  shop/big\n"
     "r2           1     0      0        0  -\n" NOTES NO_PREEMPTION,
     ""},
    {"whatif remove-nodes SMALL", 0,
     "1 of 3 nodes could go, one after the other, and every pod has a place again\n\n"
     "ORDER  NODE  PODS  EMPTY-WATTS\n"
     "    1  c        0            -\n\n"
     "STAYS  PODS  WHY\n"
     "b         1  no place for shop/big: not enough cpu left, short by 2.6 CPU\n"
     "a         3  no place for shop/web-1: not enough cpu left, short by 1 CPU\n" NOTES
     "  nodes are tried once each, fewest pods first, then most watts empty: another choice may "
     "free "
     "more\n",
     ""},
    {"whatif remove-nodes -l pool=one SMALL --no-headers", 0, NULL, ""},
    /* Two more are left on c; the third and fourth need nodes of their own, the large one takes
       both. */
    {"whatif add-nodes SMALL -f FILES/two.yaml -f FILES/job.yaml --template FILES/template.yaml", 0,
     "nodes to add so that all 3 pods fit\n\n"
     "TEMPLATE  NODES  PRICE  WATTS  RACK-UNITS  LEAD-DAYS  OUTCOME\n"
     "small         2   2001    800           2         30  fits; no smaller number does\n"
     "large         1   1800    700           2         60  fits; no smaller number does\n\n"
     "cheapest: large\n" NOTES,
     ""},
    {"whatif add-nodes SMALL -f FILES/two.yaml --like a", 0, NULL, ""},
    {"whatif add-nodes SMALL -f FILES/huge.yaml --like a", 2, NULL, ""},
    {"whatif add-nodes SMALL -f FILES/job.yaml -f FILES/job.yaml --like b --max 1", 1, NULL, ""},
    {"whatif satisfiable SMALL -f FILES/job.yaml", 0, NULL, ""},
    {"whatif satisfiable SMALL -f FILES/job.yaml -f FILES/job.yaml", 2, NULL, ""},
    {"whatif fit SMALL -f FILES/job.yaml -f FILES/job.yaml", 2, NULL, ""},
    {"whatif fit SMALL -f FILES/job.yaml", 1, NULL, ""},
    {"explain SMALL -f FILES/two.yaml", 0,
     "pod default/two: fits on 1 of 3 nodes, best c\n\n"
     "NODES  VERDICT  STAGE             SCORE  TOTAL  REASON                               FIRST\n"
     "    1  fits     -                     -    435  fits                                 c\n"
     "    2  busy     NodeResourcesFit      -      -  not enough cpu left, short by 1 CPU  a, "
     "b\n" NOTES "  the pod asks for no device of the catalogue: every node passes\n",
     ""},
    {"explain SMALL pod shop/big --node a", 0, NULL, ""},
    /* What is told of pods and nodes, and what is not. */
    {"whatif fit -s FILES/untold.yaml -f FILES/typo.yaml", 0,
     "the pod fits now\n\n"
     "POD   NODE  PATH  GB/S  WATTS  SCORE  TOTAL  TIES  REASON\n"
     "typo  told  -        -      -      -    454     1  -\n"
     "\nnotes:\n" MODEL "  2 nodes have no NodeFabric, their devices are not known: told, untold\n"
     "  the input lists no pods: who runs where is known from the nodes' reports alone\n"
     "  allocatable not told of 1 node: taken as enough: untold\n"
     "  unknown annotation 'switchyard.dev/min-bandwidht'\n",
     ""},
    {"whatif add-nodes SMALL -f FILES/two.yaml -f FILES/huge.yaml --like a", 2,
     "nodes to add so that all 2 pods fit\n\n"
     "TEMPLATE  NODES  PRICE  WATTS  RACK-UNITS  LEAD-DAYS  OUTCOME\n"
     "a             -      -      -           -          -  default/huge fits on none of these, "
     "nor "
     "on those that are there: never enough cpu, short by 1.5 CPU\n",
     ""},
    /* What is wrong. */
    {"whatif fit -s FILES/second_budget.yaml -f FILES/two.yaml", 65, "",
     "switchyard whatif fit: no node in FILES/second_budget.yaml\n"},
    {"explain -s FILES/second_budget.yaml -f FILES/two.yaml", 65, "",
     "switchyard explain: no node in FILES/second_budget.yaml\n"},
    {"whatif fit SMALL", 64, "",
     "switchyard whatif fit: -f FILE: expected the pods to ask about\n"},
    {"whatif fit SMALL x", 64, "", "switchyard whatif fit: unexpected argument 'x'\n"},
    {"whatif drain SMALL", 64, "",
     "switchyard whatif drain: expected NODE ..., --selector or --domain\n"},
    {"whatif drain SMALL nosuch", 66, "",
     "switchyard whatif drain: no node 'nosuch' in the cluster\n"},
    {"whatif drain SMALL a a", 65, "", "switchyard whatif drain: node 'a' is given twice\n"},
    {"whatif drain SMALL -l pool=x", 66, "",
     "switchyard whatif drain: --selector 'pool=x': no node matches\n"},
    {"whatif drain SMALL -l =", 64, "",
     "switchyard whatif drain: --selector '=': expected KEY=VALUE, KEY!=VALUE, KEY or !KEY, with "
     "commas between\n"},
    {"whatif drain SMALL --domain x", 66, "",
     "switchyard whatif drain: no power domain 'x': the policy has none\n"},
    {"whatif drain SMALL --policy FILES/domains.yaml --domain none", 66, "",
     "switchyard whatif drain: --domain 'none': no node lies in it\n"},
    {"whatif survive SMALL --domain", 66, "",
     "switchyard whatif survive: --domain: the policy has no power domains\n"},
    {"whatif survive SMALL --node --feed", 64, "",
     "switchyard whatif survive: one of --node, --rack, --domain, --feed\n"},
    {"whatif survive SMALL --rack x", 66, "",
     "switchyard whatif survive: --rack 'x': no node has this label\n"},
    {"whatif power SMALL --node a", 64, "",
     "switchyard whatif power: expected one of --domain, --node, --device, and --limit\n"},
    {"whatif power SMALL --node a --limit 1", 66, "",
     "switchyard whatif power: --node 'a': nothing is known of its devices\n"},
    {"whatif power SMALL --device a --limit 1", 64, "",
     "switchyard whatif power: --device 'a': expected NODE/PCI-ADDRESS\n"},
    {"whatif power SMALL --device a/0000:01:00.0 --limit 1", 66, "",
     "switchyard whatif power: --device 'a/0000:01:00.0': no such device\n"},
    {"whatif add-nodes SMALL -f FILES/two.yaml", 64, "",
     "switchyard whatif add-nodes: expected --template FILE or --like NODE\n"},
    {"whatif add-nodes SMALL -f FILES/two.yaml --like x", 66, "",
     "switchyard whatif add-nodes: no node 'x' in the cluster\n"},
    {"whatif add-nodes SMALL -f FILES/two.yaml --like a --max 0", 64, "",
     "switchyard whatif add-nodes: --max '0': expected a number 1..10000\n"},
    {"whatif add-nodes SMALL -f FILES/two.yaml --template FILES/bad_key.yaml", 65, "",
     "switchyard whatif add-nodes: FILES/bad_key.yaml:2: /prise: unknown key\n"},
    {"whatif add-nodes SMALL -f FILES/two.yaml --template FILES/bad_both.yaml", 65, "",
     "switchyard whatif add-nodes: FILES/bad_both.yaml:2: /: expected one of like and node\n"},
    {"whatif add-nodes SMALL -f FILES/two.yaml --template FILES/bad_price.yaml", 65, "",
     "switchyard whatif add-nodes: FILES/bad_price.yaml:2: /price: -1 is not within "
     "0..1000000000000\n"},
    {"whatif add-nodes SMALL -f FILES/two.yaml --template FILES/two.yaml", 65, "",
     "switchyard whatif add-nodes: FILES/two.yaml:2: /kind: expected NodeTemplate or Node\n"},
    {"whatif fit SMALL -f FILES/nosuch.yaml", 66, "", NULL},
    {"whatif fit SMALL -f FILES/template.yaml", 65, "", NULL},
    {"whatif compare SMALL -f FILES/two.yaml", 64, "",
     "switchyard whatif compare: expected two policies: --policy twice, or once with --with "
     "kube-default\n"},
    {"explain SMALL", 64, "", "switchyard explain: expected -f FILE, or: pod NAMESPACE/NAME\n"},
    {"explain SMALL pod nosuch", 66, "",
     "switchyard explain: no pod 'nosuch' in the cluster (NAMESPACE/NAME)\n"},
    {"explain SMALL -f FILES/two.yaml --node x", 66, "",
     "switchyard explain: --node 'x': no such node in the cluster\n"},
};

START_TEST(test_question)
{
    const char *out = cases[_i].out;
    struct asked asked = ask(cases[_i].line);
    ck_assert_msg(asked.status == cases[_i].status, "%s: status %d: %s%s", cases[_i].line,
                  asked.status, asked.out, asked.err);
    /* What follows a text that is given in part is not asked. */
    if (out != NULL && strncmp(cases[_i].line, "whatif add", 10) == 0 && out[0] != '\0')
        ck_assert_msg(strncmp(asked.out, out, strlen(out)) == 0, "%s:\n%s", cases[_i].line,
                      asked.out);
    else if (out != NULL)
        ck_assert_msg(strcmp(asked.out, out) == 0, "%s:\n%s", cases[_i].line, asked.out);
    if (cases[_i].err != NULL)
        ck_assert_str_eq(asked.err, cases[_i].err);
    else
        ck_assert_str_ne(asked.err, "");
    asked_done(&asked);
}
END_TEST

/* A gang short of one place takes none; alone, each pod would have had one. */
START_TEST(test_gang)
{
    json_t *answer = ask_json("whatif fit SMALL -f FILES/job.yaml", 1);
    json_t *pods = json_object_get(answer, "pods");
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "placed")), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "pending")), 2);
    const json_t *first = json_array_get(pods, 0), *second = json_array_get(pods, 1);
    ck_assert(json_is_null(json_object_get(first, "node")));
    ck_assert_str_eq(json_string_value(json_object_get(first, "wouldTake")), "c");
    ck_assert_str_eq(json_string_value(json_object_get(first, "stage")), "gang");
    ck_assert_str_eq(json_string_value(json_object_get(first, "reason")),
                     "it fits, but fewer than 2 pods of its gang do");
    ck_assert_str_eq(json_string_value(json_object_get(second, "stage")), "NodeResourcesFit");
    json_decref(answer);
}
END_TEST

#define SAMPLE_STATE "-s SAMPLE/snapshot.json"
#define FULL SAMPLE_STATE " -s FILES/npu_b2_full.yaml"
#define VAIN                                                                                       \
    "kube-scheduler would bind it to npu-b2, where by our count too few healthy devices are "      \
    "free: "                                                                                       \
    "the kubelet would refuse it"

static const char *text_of(const json_t *obj, const char *key)
{
    return json_string_value(json_object_get(obj, key));
}

/* kube-scheduler counts a device that is ill: what it would bind there does not run. */
START_TEST(test_in_vain)
{
    json_t *answer = ask_json("whatif fit " FULL " -f FILES/npu_b2.yaml", 1);
    const json_t *pod = json_array_get(json_object_get(answer, "pods"), 0), *candidate;
    size_t i, fitting = 0;
    ck_assert(json_is_false(json_object_get(answer, "fits")));
    ck_assert_str_eq(text_of(answer, "verdict"), "busy");
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "placed")), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "pending")), 1);
    ck_assert_str_eq(text_of(pod, "node"), "npu-b2"); /* kube-scheduler's choice, still */
    ck_assert(json_is_true(json_object_get(pod, "refused")));
    ck_assert_str_eq(text_of(pod, "stage"), "kubelet");
    ck_assert_str_eq(text_of(pod, "reason"), VAIN);
    json_array_foreach(json_object_get(pod, "candidates"), i, candidate)
    {
        if (!json_is_true(json_object_get(candidate, "fits")))
            continue;
        fitting++;
        ck_assert_str_eq(text_of(candidate, "node"), "npu-b2");
        ck_assert(json_equal(json_object_get(candidate, "total"), json_object_get(pod, "total")));
    }
    ck_assert_uint_eq(fitting, 1);
    json_decref(answer);
}
END_TEST

/* Three of npu-b2 are well and free, kube-scheduler counts four. */
START_TEST(test_how_many_run)
{
    json_t *answer = ask_json("whatif how-many " SAMPLE_STATE " -f FILES/npu_b2.yaml", 0);
    const json_t *on = json_object_get(answer, "distribution");
    const json_t *reasons = json_object_get(answer, "reasons");
    const json_t *last = json_array_get(reasons, json_array_size(reasons) - 1);
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "count")), 3);
    ck_assert_uint_eq(json_array_size(on), 1);
    ck_assert_str_eq(text_of(json_array_get(on, 0), "node"), "npu-b2");
    ck_assert_int_eq(json_integer_value(json_object_get(last, "nodes")), 1);
    ck_assert_str_eq(text_of(last, "verdict"), "busy");
    ck_assert_str_eq(text_of(last, "stage"), "kubelet");
    ck_assert_str_eq(text_of(last, "text"),
                     "kube-scheduler would bind it there, where by our count too few healthy "
                     "devices are free: the kubelet would refuse it");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(last, "first"), 0)),
                     "npu-b2");
    json_decref(answer);
}
END_TEST

static const struct {
    const char *line;
    int status;
    const char *part;
} parts[] = {
    {"whatif fit " FULL " -f FILES/npu_b2.yaml", 1,
     "the pod does not run now, though kube-scheduler would bind it\n\n"},
    {"whatif fit " SAMPLE_STATE " -f FILES/npu_b2.yaml -f FILES/npu_b2.yaml -f FILES/npu_b2.yaml "
     "-f FILES/npu_b2.yaml",
     1, "1 of 4 pods do not fit now; on the empty cluster of these nodes all would\n\n"},
    {"whatif satisfiable " FULL " -f FILES/npu_b2.yaml", 0, "the pod fits on the empty cluster\n"},
    {"whatif how-many " FULL " -f FILES/npu_b2.yaml", 1, "0 more of shop/npu fit\n"},
    {"whatif drain " FULL " fpga-d1", 1, "   1  shop       mover    fpga-d1  -   " VAIN "\n"},
    {"whatif survive " FULL " --node", 1,
     "fpga-d1       1     2      0        2  shop/mover, genomics/align-0\n"},
    {"whatif remove-nodes " FULL " -l kubernetes.io/hostname=fpga-d1", 1,
     "fpga-d1     2  no place for shop/mover: " VAIN "\n"},
    /* Power domains hold nodes of which no device is known. */
    {"whatif drain SMALL --policy FILES/domains.yaml --domain feed", 1, "3 nodes, 4 pods: "},
    {"whatif drain SMALL --policy FILES/domains.yaml --domain named", 0, "1 node, 0 pods: "},
    {"whatif drain SMALL --policy FILES/domains.yaml --domain rack", 1, "2 nodes, 4 pods: "},
    {"whatif survive SMALL --policy FILES/domains.yaml --domain", 1,
     "2 of 4 domain failures leave pods without a place; worst: feed\n\n"
     "FAILURE  NODES  PODS  MOVED  PENDING  WITHOUT-A-PLACE\n"
     "feed         3     4      0        4  shop/web-0, shop/web-1, shop/bare, shop/big\n"
     "rack         2     4      3        1  shop/big\n"
     "none         0     0      0        0  -\n"
     "named        1     0      0        0  -\n"},
    {"whatif survive SMALL --policy FILES/domains.yaml --feed", 1,
     "1 of 2 feed failures leave pods without a place; worst: feed\n\n"
     "FAILURE  NODES  PODS  MOVED  PENDING  WITHOUT-A-PLACE\n"
     "feed         3     4      0        4  shop/web-0, shop/web-1, shop/bare, shop/big\n"
     "none         0     0      0        0  -\n"},
};

START_TEST(test_part)
{
    ask_contains(parts[_i].line, parts[_i].status, parts[_i].part);
}
END_TEST

/* A domain is what its own selector names. */
START_TEST(test_domain_is_its_selector)
{
    json_t *domain = ask_json("whatif drain LARGE --domain rack-d", 1);
    json_t *selector = ask_json("whatif drain LARGE -l example.com/rack=d", 1);
    ck_assert_uint_eq(json_array_size(json_object_get(domain, "nodes")), 4);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(domain, "nodes"), 0)),
                     "cpu-d4");
    ck_assert(json_equal(domain, selector));
    json_decref(domain);
    json_decref(selector);
}
END_TEST

/* What the differential test against kube-scheduler reads. */
START_TEST(test_candidates)
{
    static const char *const keys[] = {"node", "fits", "stage", "reason"};
    json_t *answer = ask_json("whatif fit SMALL -f FILES/two.yaml", 0);
    const json_t *pod = json_array_get(json_object_get(answer, "pods"), 0);
    const json_t *candidates = json_object_get(pod, "candidates");
    ck_assert_uint_eq(json_array_size(candidates), 3);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 4; k++)
            ck_assert_ptr_nonnull(json_object_get(json_array_get(candidates, i), keys[k]));
    const json_t *c = json_array_get(candidates, 2);
    ck_assert(json_is_true(json_object_get(c, "fits")));
    ck_assert_int_eq(json_integer_value(json_object_get(c, "total")), 435);
    ck_assert_uint_eq(json_object_size(json_object_get(c, "plugins")), 4);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(pod, "tied"), 0)), "c");
    json_decref(answer);
}
END_TEST

static const struct {
    const char *line;
} sweeps[] = {
    {"whatif fit SMALL -f FILES/job.yaml"},
    {"whatif satisfiable SMALL -f FILES/two.yaml"},
    {"whatif how-many SMALL -f FILES/two.yaml"},
    {"whatif drain -l pool=one SMALL"},
    {"whatif survive SMALL --rack rack"},
    {"whatif remove-nodes SMALL"},
    {"whatif add-nodes SMALL -f FILES/job.yaml --template FILES/template.yaml"},
    {"whatif compare SMALL -f FILES/two.yaml --policy SAMPLE/policy.yaml --with kube-default"},
    {"explain SMALL -f FILES/job.yaml"},
    {"explain -s FILES/evict.yaml -s FILES/budget_1.yaml -f FILES/four.yaml"},
    {"explain -s FILES/evict.yaml -f FILES/pinned.yaml"},
    {"whatif add-nodes SMALL -f FILES/two.yaml -f FILES/huge.yaml --like a"},
    {"whatif fit -s FILES/untold.yaml -f FILES/typo.yaml"},
    {"whatif fit SMALL -f FILES/two.yaml -o json"},
    {"whatif drain SMALL --policy FILES/domains.yaml --domain rack"},
};

/* Larger states, fewer of their allocations. */
static const char *const large_sweeps[] = {
    "whatif fit " FULL " -f FILES/npu_b2.yaml",
    "whatif how-many " FULL " -f FILES/npu_b2.yaml",
    "whatif drain " FULL " fpga-d1",
    "whatif remove-nodes " FULL " -l kubernetes.io/hostname=fpga-d1",
};

START_TEST(test_large_faults)
{
    ask_sweep(large_sweeps[_i], 3 + _i, 397);
}
END_TEST

START_TEST(test_faults)
{
    ask_sweep(sweeps[_i].line, _i, 23);
}
END_TEST

/* The same input gives the same bytes. */
START_TEST(test_again)
{
    char line[300];
    (void)snprintf(line, sizeof line, "%s", sweeps[_i].line);
    struct asked one = ask(line), two = ask(line);
    ck_assert_str_eq(one.out, two.out);
    asked_done(&one);
    asked_done(&two);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_whatif_questions");
    TCase *tcase = tcase_create("questions");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, test_question, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, test_gang);
    tcase_add_test(tcase, test_candidates);
    tcase_add_test(tcase, test_in_vain);
    tcase_add_test(tcase, test_how_many_run);
    tcase_add_test(tcase, test_domain_is_its_selector);
    tcase_add_loop_test(tcase, test_part, 0, sizeof parts / sizeof parts[0]);
    tcase_add_loop_test(tcase, test_again, 0, sizeof sweeps / sizeof sweeps[0]);
    tcase_add_loop_test(tcase, test_large_faults, 0, sizeof large_sweeps / sizeof large_sweeps[0]);
    tcase_add_loop_test(tcase, test_faults, 0, sizeof sweeps / sizeof sweeps[0]);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
