/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "topology/usage.h"

#include <stdio.h>
#include <string.h>

/* Machines: ascend-910-rings: NPUs 0-3 on one socket, 4-7 on the other. broadcom-two-level: NPU 1,
 * GPUs 0, 2, 4, 6-9, NICs 3, 5, 10. virtual-functions: NICs, physical 0 with virtual 1-4, physical
 * 5 with virtual 6-7, 8-9 of a hidden one. mi250x-cards: dies 0-1 and 2-3. lost-die: GPUs 0, 1 and
 * 3, NIC 2. ascend-910c-dies: cards of dies 0-1, 2-3, 4-5, 6-7. */
#define NPU "npu.huawei.com/ascend910"
#define GPU "nvidia.com/gpu"
#define NIC "rdma/hca"
#define AMD "amd.com/gpu"

#define AT(sec) "\"observedTime\":\"1970-01-01T00:00:" #sec "Z\""
#define POD(name, uid) "{\"namespace\":\"ns\",\"name\":\"" name "\",\"uid\":\"" uid "\"}"
#define NAME(name) "{\"namespace\":\"ns\",\"name\":\"" name "\"}"
#define HELD(pci, holders) "{\"pci\":\"0000:" pci ".0\",\"holders\":[" holders "]}"
#define STATUS(sec, devices) "{" AT(sec) ",\"devices\":[" devices "]}"

#define P(name, uid, at_s, ask)                                                                    \
    {                                                                                              \
        name, uid, at_s, ask, NULL, NULL                                                           \
    }
#define NAMED(name, uid, at_s, ask, named)                                                         \
    {                                                                                              \
        name, uid, at_s, ask, named, NULL                                                          \
    }

static const struct row {
    const char *description, *machine, *status;
    enum sy_report_age age;
    bool pods_unknown;
    struct ledger_pod pod[5];
    const char *cordon;
    enum sy_mode mode;
    const char *free, *charges;
    const char *counted; /* "COUNT RESOURCE …", NULL = nothing */
} rows[] = {
    {"nobody there", "ascend-910-rings", STATUS(30, ""), SY_REPORT_FRESH, .mode = SY_MODE_EXACT,
     .free = "0-7", .charges = ""},
    {"a pod that asks for nothing", "ascend-910-rings", STATUS(30, ""),
     .pod = {P("a", "A", 10, "")}, .mode = SY_MODE_EXACT, .free = "0-7", .charges = "nothing:-"},
    {"asks for what the node does not have", "ascend-910-rings", STATUS(30, ""),
     .pod = {P("a", "A", 10, GPU "=2")}, .mode = SY_MODE_EXACT, .free = "0-7",
     .charges = "nothing:-"},
    {"… and for what it has", "ascend-910-rings", STATUS(30, ""),
     .pod = {P("a", "A", 10, GPU "=1 " NPU "=2")}, .mode = SY_MODE_PREDICTED, .free = "2-7",
     .charges = "short:0-1"},

    {"covered by uid", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A")) "," HELD("16:00", POD("a", "A"))),
     .pod = {P("a", "A", 10, NPU "=2")}, .mode = SY_MODE_EXACT, .free = "1-2,4-7",
     .charges = "report:0,3"},
    {"covered by uid, bound after the report", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A"))), .pod = {P("a", "A", 40, NPU "=1")},
     .mode = SY_MODE_EXACT, .free = "1-7", .charges = "report:0"},
    {"covered by name", "ascend-910-rings", STATUS(30, HELD("14:00", NAME("a"))),
     .pod = {P("a", "A", 30, NPU "=1")}, .mode = SY_MODE_EXACT, .free = "0,2-7",
     .charges = "report:1"},
    {"bound a second after the report: another pod of that name", "ascend-910-rings",
     STATUS(30, HELD("14:00", NAME("a"))), .pod = {P("a", "A", 31, NPU "=1")},
     .mode = SY_MODE_PREDICTED, .free = "2-7", .charges = "predicted:0"},
    {"nobody knows when the report was made", "ascend-910-rings",
     "{\"devices\":[" HELD("14:00", NAME("a")) "]}", .pod = {P("a", "A", 31, NPU "=1")},
     .mode = SY_MODE_PREDICTED, .free = "2-7", .charges = "predicted:0"},
    {"a re-created pod is not its predecessor", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a-0", "old"))), .pod = {P("a-0", "new", 10, NPU "=1")},
     .mode = SY_MODE_PREDICTED, .free = "2-7", .charges = "predicted:1"},
    {"… whose devices an old report gives back", "ascend-910-rings",
     STATUS(30, HELD("14:00", POD("a-0", "old"))), SY_REPORT_OLD,
     .pod = {P("a-0", "new", 40, NPU "=1")}, .mode = SY_MODE_PREDICTED, .free = "1-7",
     .charges = "predicted:0"},
    {"… also where the report has names alone", "ascend-910-rings",
     STATUS(30, HELD("14:00", NAME("a-0"))), SY_REPORT_OLD, .pod = {P("a-0", "new", 40, NPU "=1")},
     .mode = SY_MODE_PREDICTED, .free = "1-7", .charges = "predicted:0"},
    {"another namespace", "ascend-910-rings",
     STATUS(30, HELD("13:00", "{\"namespace\":\"x\",\"name\":\"a\"}")),
     .pod = {P("a", "A", 10, NPU "=1")}, .mode = SY_MODE_PREDICTED, .free = "2-7",
     .charges = "predicted:1"},
    {"two pods of one device", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A") "," POD("b", "B"))),
     .pod = {P("a", "A", 10, NPU "=1"), P("b", "B", 11, NPU "=1")}, .mode = SY_MODE_EXACT,
     .free = "1-7", .charges = "report:0 report:0"},
    {"holders that nobody asked for", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("claim", "C"))), .pod = {P("claim", "C", 10, "")},
     .mode = SY_MODE_EXACT, .free = "1-7", .charges = "report:0"},

    {"bound after the report: the best of what is left", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A"))),
     .pod = {P("a", "A", 10, NPU "=1"), P("b", "B", 40, NPU "=4")}, .mode = SY_MODE_PREDICTED,
     .free = "1-3", .charges = "report:0 predicted:4-7"},
    {"in the order of binding, not of the list", "ascend-910-rings", STATUS(30, ""),
     .pod = {P("b", "B", 50, NPU "=3"), P("a", "A", 40, NPU "=4"), P("c", "C", 45, NPU "=1")},
     .mode = SY_MODE_PREDICTED, .free = "-", .charges = "predicted:5-7 predicted:0-3 predicted:4"},
    {"of one second, in the order of uids", "ascend-910-rings", STATUS(30, ""),
     .pod = {P("b", "B", 40, NPU "=4"), P("a", "A", 40, NPU "=4")}, .mode = SY_MODE_PREDICTED,
     .free = "-", .charges = "predicted:4-7 predicted:0-3"},
    {"a requirement that free devices meet", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("x", "X"))), .pod = {{"b", "B", 40, NPU "=4", NULL, "numa"}},
     .mode = SY_MODE_PREDICTED, .free = "1-3", .charges = "predicted:4-7"},
    {"one that they do not", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("x", "X")) "," HELD("56:00", POD("x", "X"))),
     .pod = {{"b", "B", 40, NPU "=4", NULL, "numa"}}, .mode = SY_MODE_PREDICTED, .free = "5-6",
     .charges = "predicted:1-4"},
    {"kinds together", "broadcom-two-level", STATUS(30, ""),
     .pod = {P("a", "A", 40, GPU "=1 " NIC "=1")}, .mode = SY_MODE_PREDICTED, .free = "1-2,4-10",
     .charges = "predicted:0,3"},

    {"short: fewer are left than it asks for", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A"))),
     .pod = {P("a", "A", 10, NPU "=1"), P("b", "B", 40, NPU "=8")}, .mode = SY_MODE_PREDICTED,
     .free = "-", .charges = "report:0 short:1-7"},
    {"nothing is left at all", "ascend-910-rings", STATUS(30, ""),
     .pod = {P("a", "A", 40, NPU "=8"), P("b", "B", 41, NPU "=1")}, .mode = SY_MODE_PREDICTED,
     .free = "-", .charges = "predicted:0-7 short:-"},
    {"short of one resource, not of the other", "broadcom-two-level", STATUS(30, ""),
     .pod = {P("a", "A", 40, GPU "=1 " NIC "=4")}, .mode = SY_MODE_PREDICTED, .free = "1-2,4,6-9",
     .charges = "short:0,3,5,10"},

    {"an old report: its pods are still there", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A"))), SY_REPORT_OLD, .pod = {P("a", "A", 10, NPU "=1")},
     .mode = SY_MODE_PREDICTED, .free = "1-7", .charges = "report:0"},
    {"an old report: a pod is gone", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A")) "," HELD("14:00", POD("b", "B"))), SY_REPORT_OLD,
     .pod = {P("b", "B", 10, NPU "=1")}, .mode = SY_MODE_PREDICTED, .free = "0,2-7",
     .charges = "report:1"},
    {"… but who is there is not known", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A")) "," HELD("14:00", POD("b", "B"))), SY_REPORT_OLD,
     .pods_unknown = true, .pod = {P("b", "B", 10, NPU "=1")}, .mode = SY_MODE_PREDICTED,
     .free = "2-7", .charges = "report:1"},
    {"a fresh report knows better than the list of pods", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A"))), .mode = SY_MODE_EXACT, .free = "1-7", .charges = ""},
    {"an old report: one of two is gone", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A") "," POD("b", "B"))), SY_REPORT_OLD,
     .pod = {P("b", "B", 10, NPU "=1")}, .mode = SY_MODE_PREDICTED, .free = "1-7",
     .charges = "report:0"},
    {"an old report: held by nobody knows whom", "ascend-910-rings",
     STATUS(30, "{\"pci\":\"0000:13:00.0\",\"held\":1000}"), SY_REPORT_OLD,
     .mode = SY_MODE_PREDICTED, .free = "1-7", .charges = ""},

    {"expired: counts only", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A")) ",{\"pci\":\"0000:14:00.0\",\"healthy\":false}"),
     SY_REPORT_EXPIRED, .pod = {P("a", "A", 10, NPU "=1"), P("b", "B", 11, GPU "=1")},
     .cordon = "0000:15:00.0=fan", .mode = SY_MODE_COUNTS, .free = "0,3-7",
     .charges = "counted:- nothing:-", .counted = "1 " NPU},
    {"no report", "ascend-910-rings", NULL, .pod = {P("a", "A", 10, NPU "=1")}, .cordon = "13:00.0",
     .mode = SY_MODE_COUNTS, .free = "1-7", .charges = "counted:-", .counted = "1 " NPU},
    {"the report says that it does not know", "ascend-910-rings",
     "{\"mode\":\"counts\"," AT(30) ",\"devices\":[" HELD("13:00", POD("a", "A")) "]}",
     .pod = {P("a", "A", 10, NPU "=1")}, .mode = SY_MODE_COUNTS, .free = "0-7",
     .charges = "counted:-", .counted = "1 " NPU},
    {"the report is itself a prediction", "ascend-910-rings",
     "{\"mode\":\"predicted\"," AT(30) ",\"devices\":[" HELD("13:00", POD("a", "A")) "]}",
     .pod = {P("a", "A", 10, NPU "=1")}, .mode = SY_MODE_PREDICTED, .free = "1-7",
     .charges = "report:0"},
    {"the kubelet never answered", "ascend-910-rings",
     "{\"kubelet\":{\"reachable\":false,\"message\":\"no socket\"}}",
     .pod = {P("a", "A", 10, NPU "=1")}, .mode = SY_MODE_COUNTS, .free = "0-7",
     .charges = "counted:-", .counted = "1 " NPU},
    {"the kubelet is gone, but it said something", "ascend-910-rings",
     "{" AT(30) ",\"kubelet\":{\"reachable\":false},\"devices\":[" HELD("13:00",
                                                                        POD("a", "A")) "]}",
     .pod = {P("a", "A", 10, NPU "=1")}, .mode = SY_MODE_EXACT, .free = "1-7",
     .charges = "report:0"},

    {"a plugin names the devices", "ascend-910-rings", STATUS(30, ""),
     .pod = {NAMED("a", "A", 40, NPU "=2", "Ascend910-2,Ascend910-5")}, .mode = SY_MODE_EXACT,
     .free = "0-1,3-4,6-7", .charges = "plugin:2,5"},
    {"… and the kubelet has others in mind", "ascend-910-rings",
     STATUS(30, HELD("13:00", POD("a", "A")) "," HELD("15:00", POD("a", "A"))),
     .pod = {NAMED("a", "A", 10, NPU "=2", "Ascend910-2,Ascend910-5")}, .mode = SY_MODE_EXACT,
     .free = "0-1,3-4,6-7", .charges = "plugin:2,5"},
    {"… of its resource alone", "broadcom-two-level",
     STATUS(30, HELD("20:00", POD("a", "A")) "," HELD("1b:00", POD("b", "B"))),
     .pod = {NAMED("a", "A", 10, NIC "=1 huawei.com/npu=1", "Ascend910-0"),
             P("b", "B", 10, GPU "=1")},
     .mode = SY_MODE_EXACT, .free = "2,4-10", .charges = "plugin:1,3 report:0"},
    {"beside them it asks for what nobody named", "broadcom-two-level", STATUS(30, ""),
     .pod = {NAMED("a", "A", 40, NIC "=1 huawei.com/npu=1", "Ascend910-0")},
     .mode = SY_MODE_PREDICTED, .free = "0,2,4-10", .charges = "predicted:1,3"},
    {"with counts alone", "ascend-910-rings", NULL,
     .pod = {NAMED("a", "A", 40, NPU "=1", "Ascend910-2"), P("b", "B", 41, NPU "=1")},
     .mode = SY_MODE_COUNTS, .free = "0-1,3-7", .charges = "plugin:2 counted:-",
     .counted = "1 " NPU},
    {"counts: the sum of all pods, by resource", "broadcom-two-level", NULL,
     .pod = {P("a", "A", 10, GPU "=1 " NIC "=2"), P("b", "B", 11, GPU "=3"), P("c", "C", 12, "")},
     .mode = SY_MODE_COUNTS, .free = "0-10", .charges = "counted:- counted:- nothing:-",
     .counted = "4 " GPU " 2 " NIC},
    {"… a plugin's word apart: its pod is not counted twice", "broadcom-two-level", NULL,
     .pod = {NAMED("a", "A", 40, NIC "=1 huawei.com/npu=1", "Ascend910-0")}, .mode = SY_MODE_COUNTS,
     .free = "0,2-10", .charges = "counted:1", .counted = "1 " NIC},
    {"… what the node does not have is not counted", "broadcom-two-level", NULL,
     .pod = {P("a", "A", 10, GPU "=1 " AMD "=2")}, .mode = SY_MODE_COUNTS, .free = "0-10",
     .charges = "counted:-", .counted = "1 " GPU},
    {"… more than any node has", "ascend-910-rings", NULL,
     .pod = {P("a", "A", 10, NPU "=200"), P("b", "B", 11, NPU "=200")}, .mode = SY_MODE_COUNTS,
     .free = "0-7", .charges = "counted:- counted:-", .counted = "257 " NPU},
    {"… the report's own count goes for nothing: the pods are known", "ascend-910-rings",
     "{\"mode\":\"counts\",\"counted\":[{\"resource\":\"" NPU "\",\"count\":5}]}",
     .pod = {P("a", "A", 10, NPU "=1")}, .mode = SY_MODE_COUNTS, .free = "0-7",
     .charges = "counted:-", .counted = "1 " NPU},
    {"an id that is no device of the node", "ascend-910-rings", STATUS(30, ""),
     .pod = {NAMED("a", "A", 40, NPU "=2", "Ascend910-2,Ascend910-8")}, .mode = SY_MODE_PREDICTED,
     .free = "2-7", .charges = "predicted:0-1"},
    {"more ids than it asks for", "ascend-910-rings", STATUS(30, ""),
     .pod = {NAMED("a", "A", 40, NPU "=1", "Ascend910-2,Ascend910-3")}, .mode = SY_MODE_PREDICTED,
     .free = "1-7", .charges = "predicted:0"},
    {"fewer ids", "ascend-910-rings", STATUS(30, ""),
     .pod = {NAMED("a", "A", 40, NPU "=2", "Ascend910-5")}, .mode = SY_MODE_PREDICTED,
     .free = "2-7", .charges = "predicted:0-1"},
    {"one id twice", "ascend-910-rings", STATUS(30, ""),
     .pod = {NAMED("a", "A", 40, NPU "=2", "Ascend910-5,Ascend910-5")}, .mode = SY_MODE_PREDICTED,
     .free = "2-7", .charges = "predicted:0-1"},
    {"ids of devices that it does not ask for", "broadcom-two-level", STATUS(30, ""),
     .pod = {NAMED("a", "A", 40, GPU "=1", "Ascend910-0")}, .mode = SY_MODE_PREDICTED,
     .free = "1-10", .charges = "predicted:0"},
    {"a pod without devices names some", "ascend-910-rings", STATUS(30, ""),
     .pod = {NAMED("a", "A", 40, "", "Ascend910-5")}, .mode = SY_MODE_EXACT, .free = "0-7",
     .charges = "nothing:-"},
    {"two pods name one device", "ascend-910-rings", STATUS(30, ""),
     .pod = {NAMED("a", "A", 40, NPU "=1", "Ascend910-2"),
             NAMED("b", "B", 41, NPU "=1", "Ascend910-2")},
     .mode = SY_MODE_EXACT, .free = "0-1,3-7", .charges = "plugin:2 plugin:2"},

    {"a cordoned device is not given", "ascend-910-rings", STATUS(30, ""),
     .pod = {P("a", "A", 40, NPU "=2")}, .cordon = "0000:13:00.0; 0000:14:00.0=fan",
     .mode = SY_MODE_PREDICTED, .free = "4-7", .charges = "predicted:2-3"},
    {"one that is held stays held", "ascend-910-rings", STATUS(30, HELD("13:00", POD("a", "A"))),
     .pod = {P("a", "A", 10, NPU "=1")}, .cordon = "0000:13:00.0", .mode = SY_MODE_EXACT,
     .free = "1-7", .charges = "report:0"},
    {"an unhealthy one is not given", "ascend-910-rings",
     STATUS(30, "{\"pci\":\"0000:13:00.0\",\"healthy\":false}"), .pod = {P("a", "A", 40, NPU "=8")},
     .mode = SY_MODE_PREDICTED, .free = "-", .charges = "short:1-7"},
    {"a cordon of a device that is not there", "ascend-910-rings", STATUS(30, ""),
     .cordon = "0000:99:00.0; 0000:13:00.1", .mode = SY_MODE_EXACT, .free = "0-7", .charges = ""},
    {"of a physical function: its virtual ones too", "virtual-functions", STATUS(30, ""),
     .cordon = "0000:19:00.0", .mode = SY_MODE_EXACT, .free = "5-9", .charges = ""},
    {"of a virtual one: that alone", "virtual-functions", STATUS(30, ""), .cordon = "0000:19:00.2",
     .mode = SY_MODE_EXACT, .free = "0,2-9", .charges = ""},
    {"of the management function", "alveo-functions", STATUS(30, ""), .cordon = "0000:17:00.0",
     .mode = SY_MODE_EXACT, .free = "-", .charges = ""},
    {"of a card of two chips behind one function", "ascend-300i-duo", STATUS(30, ""),
     .cordon = "0000:17:00.0", .mode = SY_MODE_EXACT, .free = "2-3", .charges = ""},

    {"virtual functions: the physical one goes with the first", "virtual-functions", STATUS(30, ""),
     .pod = {P("a", "A", 40, NIC "=1"), P("b", "B", 41, NIC "=20")}, .mode = SY_MODE_PREDICTED,
     .free = "8-9", .charges = "predicted:5 short:0"},
    {"… and with one that the report names", "virtual-functions",
     STATUS(30, HELD("1a:00", POD("x", "X"))), .pod = {P("b", "B", 41, NIC "=20")},
     .mode = SY_MODE_PREDICTED, .free = "8-9", .charges = "short:1-3,5"},
    {"dies of one card", "mi250x-cards", STATUS(30, HELD("c1:00", POD("x", "X"))),
     .pod = {P("a", "A", 40, AMD "=2")}, .mode = SY_MODE_PREDICTED, .free = "1",
     .charges = "predicted:2-3"},
    {"parts of a device are held: all of it is", "mi250x-cards",
     STATUS(30, "{\"pci\":\"0000:c1:00.0\",\"held\":250}"), .pod = {P("a", "A", 40, AMD "=4")},
     .mode = SY_MODE_PREDICTED, .free = "-", .charges = "short:1-3"},
};

static const char *const modes[] = {"exact", "predicted", "counts"};

static void fill(struct ledger *l, const struct row *row)
{
    ledger_open(l, row->machine, row->status);
    for (unsigned i = 0; i < 5 && row->pod[i].name != NULL; i++)
        ledger_add(l, &row->pod[i]);
    l->in.age = row->age;
    l->in.pods_known = !row->pods_unknown;
    if (row->cordon != NULL) {
        struct sy_cordon *cordon;
        const char *wrong;
        ck_assert_int_eq(
            sy_cordon_parse(row->cordon, l->arena, &cordon, &l->in.ncordon, &wrong, NULL), SY_OK);
        ck_assert_ptr_null(wrong);
        l->in.cordon = cordon;
    }
}

static const char *show_counted(struct ledger *l, const struct sy_usage *usage)
{
    char *all = sy_arena_printf(l->arena, "%s", "");
    for (unsigned i = 0; i < usage->ncounted; i++)
        all = sy_arena_printf(
            l->arena, "%s%s%u %s", all, i > 0 ? " " : "", (unsigned)usage->counted[i].count,
            sy_catalogue_resource(l->catalogue, usage->counted[i].resource)->name);
    return all;
}

/* As the text, whose resources may stand in any order. */
static bool same_counted(struct ledger *l, const struct sy_usage *usage, const char *text)
{
    const char *shown = show_counted(l, usage);
    char *copy = sy_arena_printf(l->arena, "%s", text != NULL ? text : ""), *rest = NULL;
    unsigned n = 0;
    for (char *at = strtok_r(copy, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest), n++) {
        const char *name = strtok_r(NULL, " ", &rest);
        if (strstr(shown, sy_arena_printf(l->arena, "%s %s", at, name)) == NULL)
            return false;
    }
    return n == usage->ncounted;
}

START_TEST(table)
{
    const struct row *row = &rows[_i];
    struct ledger l;
    fill(&l, row);
    struct sy_usage *usage = ledger_run(&l);
    const char *charges = ledger_show_charges(&l), *free = ledger_show(&l, &usage->free);
    ck_assert_msg(usage->mode == row->mode, "%s: expected mode %s, got %s", row->description,
                  modes[row->mode], modes[usage->mode]);
    ck_assert_msg(strcmp(charges, row->charges) == 0, "%s: expected '%s', got '%s'",
                  row->description, row->charges, charges);
    ck_assert_msg(strcmp(free, row->free) == 0, "%s: expected free %s, got %s", row->description,
                  row->free, free);
    ck_assert_msg(same_counted(&l, usage, row->counted), "%s: expected counted '%s', got '%s'",
                  row->description, row->counted != NULL ? row->counted : "",
                  show_counted(&l, usage));
    sy_usage_unref(usage);
    ledger_close(&l);
}
END_TEST

/* What is told of the node and of devices passes through, whatever the age. */
START_TEST(facts_stay)
{
    static const char status[] =
        "{" AT(30) ",\"heartbeatTime\":\"1970-01-01T00:00:50Z\","
                   "\"unmapped\":{\"count\":2,\"first\":\"x\"},"
                   "\"power\":{\"limitWatts\":5000,\"baseWatts\":500,\"watts\":1500},\"devices\":["
                   "{\"pci\":\"0000:99:00.0\",\"held\":1000},"
                   "{\"pci\":\"0000:13:00.0\",\"capWatts\":250,\"watts\":60},"
                   "{\"pci\":\"0000:14:00.0\",\"healthy\":false,\"reason\":\"lost\"}]}";
    for (unsigned age = 0; age < SY_REPORT_AGE_COUNT; age++) {
        struct ledger l;
        ledger_open(&l, "ascend-910-rings", status);
        struct sy_cordon cordon[] = {{.addr = {.bus = 0x14}, .reason = "fan"},
                                     {.addr = {.bus = 0x15}, .reason = "fan"},
                                     {.addr = {.bus = 0x16}, .reason = ""}};
        l.in.cordon = cordon;
        l.in.ncordon = 3;
        l.in.age = (enum sy_report_age)age;
        struct sy_usage *usage = ledger_run(&l);
        ledger_close(&l); /* the result must not lean on the report */
        ck_assert_int_eq(usage->observed_us, 30000000);
        ck_assert_int_eq(usage->heartbeat_us, 50000000);
        ck_assert_uint_eq(usage->unmapped, 2);
        ck_assert_str_eq(usage->unmapped_first, "x");
        ck_assert_int_eq(usage->limit_mw, 5000000);
        ck_assert_int_eq(usage->base_mw, 500000);
        ck_assert_int_eq(usage->observed_mw, 1500000);
        ck_assert_uint_eq(usage->stray, 1);
        ck_assert_int_eq(usage->unit[0].cap_mw, 250000);
        ck_assert_int_eq(usage->unit[0].observed_mw, 60000);
        ck_assert_str_eq(usage->unit[1].reason, "lost"); /* cordoned or not */
        ck_assert_str_eq(usage->unit[2].reason, "cordoned: fan");
        ck_assert_str_eq(usage->unit[3].reason, "cordoned");
        ck_assert(!usage->unit[4].unhealthy);
        sy_usage_unref(usage);
    }
}
END_TEST

/* Names, containers and groups of holders; parts that are held. */
START_TEST(holders)
{
    static const char status[] = "{" AT(30) ",\"devices\":["
                                            "{\"pci\":\"0000:13:00.0\",\"held\":250,\"holders\":[{"
                                            "\"namespace\":\"ns\",\"name\":\"a\","
                                            "\"uid\":\"A\",\"container\":\"c\"},{\"namespace\":"
                                            "\"ns\",\"name\":\"gone\",\"uid\":\"G\"}]},"
                                            "{\"pci\":\"0000:14:00.0\",\"held\":500},"
                                            "{\"pci\":\"0000:15:00.0\",\"holders\":[{\"namespace\":"
                                            "\"ns\",\"name\":\"a\",\"uid\":\"A\"}]}]}";
    struct ledger l;
    ledger_open(&l, "ascend-910-rings", status);
    l.in.age = SY_REPORT_OLD;
    ledger_add(&l, &(struct ledger_pod){"b", "B", 40, NPU "=2", NULL, NULL});
    ledger_add(&l, &(struct ledger_pod){"a", "A", 10, NPU "=2", NULL, NULL});
    struct sy_usage *usage = ledger_run(&l);
    ck_assert_str_eq(ledger_show_charges(&l), "predicted:4-5 report:0,2");
    ledger_close(&l);
    ck_assert_uint_eq(usage->nholder, 4);
    ck_assert_uint_eq(usage->unit[0].held, 250);
    ck_assert_uint_eq(usage->unit[0].holder_count, 1);
    ck_assert_str_eq(usage->holder[usage->unit[0].holder_first].container, "c");
    ck_assert_uint_eq(usage->unit[1].held, 500);
    ck_assert_uint_eq(usage->unit[1].holder, 0);
    ck_assert_uint_eq(usage->unit[2].holder, usage->unit[0].holder);
    ck_assert_uint_eq(usage->unit[4].held, SY_WHOLE);
    ck_assert_uint_eq(usage->unit[4].holder, usage->unit[5].holder);
    ck_assert_uint_ne(usage->unit[4].holder, usage->unit[0].holder);
    const struct sy_holder *holder = &usage->holder[usage->unit[5].holder_first];
    ck_assert_str_eq(holder->namespace_, "ns");
    ck_assert_str_eq(holder->name, "b");
    ck_assert_str_eq(holder->uid, "B");
    ck_assert_ptr_null(holder->container);
    sy_usage_unref(usage);
}
END_TEST

/* More names than a usage can have: devices stay held without them. */
START_TEST(more_names_than_there_is_room_for)
{
    struct ledger l;
    static struct sy_bound_pod many[5000];
    static struct sy_charge charge[5000];
    static char uid[5000][8];
    static const char *const named[] = {"Ascend910-3"};
    ledger_open(&l, "ascend-910-rings", STATUS(30, ""));
    struct sy_request one = ledger_request(&l, NPU "=1", NULL);
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(uid[i], sizeof uid[i], "%u", i);
        many[i] = (struct sy_bound_pod){.uid = uid[i],
                                        .namespace_ = "ns",
                                        .name = uid[i],
                                        .request = &one,
                                        .nnamed = 1,
                                        .named = named};
    }
    many[4999].nnamed = 0;
    many[4999].scheduled_us = 1;
    l.in.pod = many;
    l.in.npod = 5000;
    struct sy_usage *usage = NULL;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_occupancy_of(&l.in, l.arena, &usage, charge, &err), SY_OK);
    ledger_check(&l, usage);
    ck_assert_uint_eq(usage->nholder, SY_HOLDERS_MAX);
    ck_assert_uint_eq(charge[0].cover, SY_COVER_PLUGIN);
    ck_assert_uint_eq(charge[4999].cover, SY_COVER_PREDICTED);
    ck_assert_str_eq(ledger_show(&l, &usage->free), "1-2,4-7");
    ck_assert_uint_eq(usage->unit[0].holder, 0); /* held, and nobody's name fits any more */
    sy_usage_unref(usage);
    ledger_close(&l);
}
END_TEST

static enum sy_code run(void *data, struct sy_err *err)
{
    struct ledger *l = data;
    struct sy_usage *usage = NULL;
    struct sy_arena *scratch = sy_arena_new((size_t)1 << 20);
    if (scratch == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_occupancy_of(&l->in, scratch, &usage, l->charge, err);
    if (code == SY_OK)
        sy_usage_unref(usage);
    sy_arena_free(scratch);
    return code;
}

START_TEST(memory_runs_out)
{
    struct ledger l;
    fill(&l, &rows[_i]);
    ck_assert_int_ge(sy_fault_sweep(run, &l, 0), 2);
    ledger_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("occupancy");
    TCase *tcase = tcase_create("occupancy");
    int n = (int)(sizeof rows / sizeof *rows);
    tcase_add_loop_test(tcase, table, 0, n);
    tcase_add_test(tcase, facts_stay);
    tcase_add_test(tcase, holders);
    tcase_add_test(tcase, more_names_than_there_is_room_for);
    tcase_add_loop_test(tcase, memory_runs_out, 0, n);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
