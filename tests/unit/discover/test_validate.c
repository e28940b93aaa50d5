/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/discover/support.h"
#include "topology/discover/discover.h"

#include <stdio.h>
#include <string.h>

#define GP(n) " gp_index=\"" n "\""

/* good_xml with one edit, and what is said about it. */
static const struct {
    const char *name, *from, *to;
    enum sy_code code;
    const char *message; /* NULL: accepted */
} cases[] = {
    {"as it is", "", "", SY_OK, NULL},
    {"without prologue", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "", SY_OK, NULL},
    {"version 3", "version=\"2.0\"", "version=\"3.0\"", SY_EUNSUPPORTED,
     "f: hwloc 3 format; export version 2 instead: lstopo --of xml --export-xml-flags 2 FILE.xml"},
    {"version 2.1", "version=\"2.0\"", "version=\"2.1\"", SY_EUNSUPPORTED,
     "f:3: hwloc format version \"2.1\": known are 1.x (no version) and 2.0"},
    {"no topology", "<topology version=\"2.0\">", "<diff>", SY_EPARSE,
     "f:3: <diff> is neither hwloc's <topology> nor NCCL's <system>"},
    {"topology indented", "\n<topology", "\n <topology", SY_EPARSE,
     "f:3: the topology element must be <topology version=\"2.0\"> at the beginning of a line"},
    {"topology with another attribute", "<topology version", "<topology x=\"1\" version", SY_EPARSE,
     "f:3: the topology element must be <topology version=\"2.0\"> at the beginning of a line"},
    {"no complete_cpuset", " complete_cpuset=\"0x0000000f\"", "", SY_EINVAL,
     "f:4: object without complete_cpuset"},
    {"no allowed_nodeset", " allowed_nodeset=\"0x00000003\"", "", SY_EINVAL,
     "f:4: object without allowed_nodeset"},
    {"cpuset no set", "cpuset=\"0x0000000f\"", "cpuset=\"0xf...f\"", SY_EINVAL,
     "f:4: cpuset \"0xf...f\" is not a set of at most 4096 bits as hwloc writes them"},
    {"empty cpuset", "cpuset=\"0x0000000f\"", "cpuset=\"0x0\"", SY_EINVAL, "f:4: cpuset is empty"},
    {"PU with another's CPU", "cpuset=\"0x00000001\"", "cpuset=\"0x00000002\"", SY_EINVAL,
     "f:9: cpuset of the PU with os_index 0 holds another bit"},
    {"NUMA node with another's node",
     "os_index=\"0\" cpuset=\"0x00000003\" "
     "complete_cpuset=\"0x00000003\" nodeset=\"0x00000001\" complete_nodeset=\"0x00000001\" "
     "gp_index=\"3\"",
     "os_index=\"0\" cpuset=\"0x00000003\" complete_cpuset=\"0x00000003\" "
     "nodeset=\"0x00000002\" complete_nodeset=\"0x00000001\" gp_index=\"3\"",
     SY_EINVAL, "f:8: nodeset of the NUMA node with os_index 0 holds another bit"},
    {"huge os_index", "os_index=\"3\"", "os_index=\"4000000000\"", SY_EINVAL,
     "f:26: os_index \"4000000000\" is not a number from 0 to 4095"},
    {"PU twice", "os_index=\"3\" cpuset=\"0x00000008\" complete_cpuset=\"0x00000008\"",
     "os_index=\"2\" cpuset=\"0x00000004\" complete_cpuset=\"0x00000004\"", SY_EINVAL,
     "f:26: PU os_index 2 was already used in line 25"},
    {"gp_index twice", GP("22"), GP("21"), SY_EINVAL,
     "f:13: gp_index 21 was already used in line 12"},
    {"gp_index 0", GP("22"), GP("0"), SY_EINVAL, "f:13: gp_index is 0"},
    {"no gp_index", GP("22"), "", SY_EINVAL, "f:13: <object> without gp_index"},
    {"id of hwloc 3", GP("22"), GP("22") " id=\"obj22\"", SY_EINVAL,
     "f:13: attribute id belongs to hwloc 3"},
    {"type not first", "type=\"PCIDev\" gp_index=\"22\"", "gp_index=\"22\" type=\"PCIDev\"",
     SY_EINVAL, "f:13: an object's first attribute is its type"},
    {"unknown type", "type=\"PCIDev\"", "type=\"Blob\"", SY_EINVAL,
     "f:13: type \"Blob\" is unknown to hwloc 2"},
    {"type of hwloc 1", "type=\"Package\"", "type=\"Socket\"", SY_EINVAL,
     "f:6: type \"Socket\" is unknown to hwloc 2"},
    {"Package outermost", "type=\"Machine\"", "type=\"Package\"", SY_EINVAL,
     "f:4: the outermost object is a Package, not a Machine"},
    {"Machine within", "type=\"Package\"", "type=\"Machine\"", SY_EINVAL,
     "f:6: a Machine cannot stand here"},
    {"PU below a device", "<object type=\"OSDev\"", "<object type=\"PU\"", SY_EINVAL,
     "f:15: a PU cannot stand here"},
    {"device with a cpuset", GP("22"), GP("22") " cpuset=\"0x1\"", SY_EINVAL,
     "f:13: cpuset on an I/O or Misc object"},
    {"no pci_type", " pci_type=\"0302 [10de:20b0] [10de:134f] a1\"", "", SY_EINVAL,
     "f:13: PCI object without pci_type"},
    {"bad pci_type", "[10de:20b0]", "[10de:20b0", SY_EINVAL,
     "f:13: pci_type \"0302 [10de:20b0 [10de:134f] a1\" is not of the form 'class [vendor:device] "
     "[subvendor:subdevice] revision'"},
    {"bus id out of range", "0000:01:00.0", "0000:fff:1ff.9", SY_EINVAL,
     "f:13: pci_busid \"0000:fff:1ff.9\" is not a PCI address dddd:bb:dd.f with dd up to 1f and f "
     "up to 7"},
    {"32-bit domain", "0000:01:00.0", "10000:01:00.0", SY_ELIMIT,
     "f:13: pci_busid \"10000:01:00.0\": PCI domain 0x10000, the largest that hwloc 2 can hold is "
     "0xffff"},
    {"32-bit domain of a bridge", "0000:[01-01]", "10000:[01-01]", SY_ELIMIT,
     "f:12: bridge_pci \"10000:[01-01]\": PCI domain 0x10000, the largest that hwloc 2 can hold is "
     "0xffff"},
    {"bus id twice", "0000:01:00.0", "0000:00:01.0", SY_OK, NULL}, /* misplaced, see test_import */
    {"off the bridge's bus", "0000:01:00.0", "0000:02:00.0", SY_EINVAL,
     "f:13: pci_busid 0000:02:00.0 is on no bus of the bridge above it"},
    {"descending buses", "0000:[01-01]", "0000:[02-01]", SY_EINVAL,
     "f:12: bridge_pci \"0000:[02-01]\" is not of the form domain:[first-last] with rising buses"},
    {"bridge type", "bridge_type=\"1-1\"", "bridge_type=\"2-1\"", SY_EINVAL,
     "f:12: bridge_type \"2-1\": a bridge is 0-1 (host to PCI) or 1-1 (PCI to PCI)"},
    {"host bridge below a bridge", "bridge_type=\"1-1\"", "bridge_type=\"0-1\"", SY_EINVAL,
     "f:12: a host bridge below a bridge"},
    {"link speed", "15.753846", "fast", SY_EINVAL,
     "f:13: pci_link_speed \"fast\" is not a number of GB/s"},
    {"OS device of hwloc 3", "osdev_type=\"1\"", "osdev_type=\"12\"", SY_EINVAL,
     "f:15: osdev_type \"12\" is not a number from 0 to 5"},
    {"info after a child", "</topology>", "<x/></topology>", SY_EINVAL,
     "f:29: <x> cannot stand here"},
    {"info behind objects", "</object>\n</object>\n</topology>",
     "</object>\n<info name=\"a\" value=\"b\"/>\n</object>\n</topology>", SY_EINVAL,
     "f:28: <info> after a child object"},
    {"second Machine", "</topology>", "<object type=\"Machine\"/></topology>", SY_EINVAL,
     "f:29: a second outermost object"},
    {"userdata", "<info name=\"CPUModel\" value=\"Fast CPU\"/>", "<userdata length=\"0\"/>",
     SY_EUNSUPPORTED, "f:7: <userdata> is not read, export without it"},
    {"info without name", "<info name=\"CPUModel\"", "<info", SY_EINVAL,
     "f:7: <info> without name"},
    {"info with more", "<info name=\"CPUModel\"", "<info x=\"1\" name=\"CPUModel\"", SY_EINVAL,
     "f:7: unknown attribute x of <info>"},
    {"text", "<info name=\"CPUModel\" value=\"Fast CPU\"/>", "hello", SY_EPARSE,
     "f:6: text where only elements can stand"},
    {"memory", "local_memory=\"1073741824\"", "local_memory=\"1 GB\"", SY_EINVAL,
     "f:8: local_memory \"1 GB\" is not a number from 0 to 18446744073709551615"},
    {"distances before the Machine", "<topology version=\"2.0\">\n",
     "<topology version=\"2.0\">\n<support name=\"x\"/>\n", SY_EINVAL,
     "f:4: <support> before the Machine"},
    {"element of 1.x", "</topology>", "<distances nbobjs=\"1\"/></topology>", SY_EINVAL,
     "f:29: <distances> cannot stand here"},
};

START_TEST(edits)
{
    struct sy_err err = {.code = SY_OK};
    char *text = edited(good_xml, cases[_i].from, cases[_i].to);
    enum sy_code code = sy_discover_validate("f", text, strlen(text), &err);
    sy_free(text);
    const char *want = cases[_i].message != NULL ? cases[_i].message : "";
    ck_assert_msg(strcmp(err.text, want) == 0, "%s:\n got %s\nwant %s", cases[_i].name, err.text,
                  want);
    ck_assert_int_eq(code, cases[_i].code);
}
END_TEST

#define MATRIX(attrs, indexes, values) "<distances2 " attrs ">" indexes values "</distances2>"
#define INDEXES "<indexes length=\"4\">0 1 </indexes>"
#define VALUES "<u64values length=\"12\">10 21 21 10 </u64values>"

/* What may stand after the Machine. */
static const struct {
    const char *name, *text, *message;
} tails[] = {
    {"matrix", MATRIX("type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" indexing=\"os\"", INDEXES, VALUES),
     NULL},
    {"no objects", MATRIX("type=\"NUMANode\" nbobjs=\"0\" kind=\"5\" indexing=\"os\"", "", ""),
     "f:29: <distances2> of no objects"},
    {"too many objects", MATRIX("type=\"NUMANode\" nbobjs=\"65536\" kind=\"5\"", "", ""),
     "f:29: nbobjs \"65536\" is not a number from 0 to 1024"},
    {"kind 0", MATRIX("type=\"NUMANode\" nbobjs=\"2\" kind=\"0\" indexing=\"os\"", "", ""),
     "f:29: <distances2> of kind 0"},
    {"no type", MATRIX("nbobjs=\"2\" kind=\"5\" indexing=\"os\"", "", ""),
     "f:29: <distances2> without a known type"},
    {"indexing", MATRIX("type=\"PU\" nbobjs=\"2\" kind=\"5\" indexing=\"x\"", "", ""),
     "f:29: <distances2> without indexing \"os\" or \"gp\""},
    {"values missing",
     MATRIX("type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" indexing=\"os\"", INDEXES, ""),
     "f:29: distances of 2 objects with 2 indexes and 0 values"},
    {"values twice",
     MATRIX("type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" indexing=\"os\"", INDEXES, VALUES VALUES),
     "f:29: distances of 2 objects with 2 indexes and 8 values"},
    {"length wrong",
     MATRIX("type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" indexing=\"os\"",
            "<indexes length=\"5\">0 1 </indexes>", VALUES),
     "f:29: a list of 4 bytes whose length says 5"},
    {"length negative",
     MATRIX("type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" indexing=\"os\"",
            "<indexes length=\"-1\">0 1 </indexes>", VALUES),
     "f:29: length \"-1\" is not a number from 0 to 4194304"},
    {"empty list",
     MATRIX("type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" indexing=\"os\"", "<indexes length=\"0\"/>",
            VALUES),
     "f:29: an empty list in a distance matrix"},
    {"words for numbers",
     MATRIX("type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" indexing=\"os\"",
            "<indexes length=\"4\">a b </indexes>", VALUES),
     "f:29: not a list of numbers as hwloc writes them"},
    {"types for numbers",
     "<distances2hetero nbobjs=\"1\" kind=\"5\"><indexes length=\"6\">Blo:1 </indexes>",
     "f:29: not a list of Type:number as hwloc writes them"},
    {"memory attributes",
     "<memattr name=\"x\" flags=\"1\"><memattr_value target_obj_type=\"NUMANode\" "
     "target_obj_gp_index=\"3\" value=\"1\" initiator_cpuset=\"0x1\"/></memattr>",
     NULL},
    {"memory attribute without target",
     "<memattr name=\"x\" flags=\"1\"><memattr_value target_obj_gp_index=\"3\" value=\"1\"/>",
     "f:29: <memattr_value> without a known target_obj_type"},
    {"memory attribute without name", "<memattr flags=\"1\"/>", "f:29: <memattr> without name"},
    {"memory attribute's initiator",
     "<memattr name=\"x\" flags=\"1\"><memattr_value target_obj_type=\"NUMANode\" "
     "target_obj_gp_index=\"3\" value=\"1\" initiator_cpuset=\"1\"/>",
     "f:29: initiator_cpuset is no set"},
    {"CPU kind", "<cpukind cpuset=\"0x1\"><info name=\"a\" value=\"b\"/></cpukind>", NULL},
    {"CPU kind without set", "<cpukind/>", "f:29: <cpukind> without a cpuset"},
    {"support", "<support name=\"discovery.pu\"/>", NULL},
};

START_TEST(after_the_machine)
{
    struct sy_err err = {.code = SY_OK};
    char end[1024];
    (void)snprintf(end, sizeof end, "%s</topology>", tails[_i].text);
    char *text = edited(good_xml, "</topology>", end);
    enum sy_code code = sy_discover_validate("f", text, strlen(text), &err);
    sy_free(text);
    ck_assert_int_eq(code, err.code);
    const char *want = tails[_i].message != NULL ? tails[_i].message : "";
    ck_assert_msg(strcmp(err.text, want) == 0, "%s:\n got %s\nwant %s", tails[_i].name, err.text,
                  want);
}
END_TEST

#define V1_SETS "cpuset=\"0x1\" complete_cpuset=\"0x1\""
#define V1_BEGIN "<topology>\n<object type=\"Machine\" os_index=\"0\" " V1_SETS ">\n"
#define V1_PU "<object type=\"PU\" os_index=\"0\" " V1_SETS "/>\n"
#define V1_END "</object>\n</topology>\n"

/* Files of hwloc 1: no version, sets of nodes optional, other types. */
static const struct {
    const char *name, *text, *message;
} old[] = {
    {"without nodesets", V1_BEGIN V1_PU V1_END, NULL},
    {"Socket and Cache",
     V1_BEGIN "<object type=\"Socket\" os_index=\"0\" " V1_SETS "><object type=\"Cache\" " V1_SETS
              " depth=\"1\" cache_type=\"1\">" V1_PU "</object></object>" V1_END,
     NULL},
    {"distances",
     V1_BEGIN "<distances nbobjs=\"1\" relative_depth=\"1\" latency_base=\"10.0\">"
              "<latency value=\"1.0\"/></distances>" V1_PU V1_END,
     NULL},
    {"distances short",
     V1_BEGIN "<distances nbobjs=\"2\" relative_depth=\"1\" latency_base=\"10.0\">"
              "<latency value=\"1.0\"/></distances>" V1_PU V1_END,
     "f:3: distances of 2 objects with 0 indexes and 1 values"},
    {"distances without base",
     V1_BEGIN "<distances nbobjs=\"1\" relative_depth=\"1\" latency_base=\"0.0\"/>" V1_PU V1_END,
     "f:3: <distances> without a relative_depth and a latency_base above 0"},
    {"no PU", V1_BEGIN V1_END, "f:5: a machine without any PU"},
    {"half a pair of sets", V1_BEGIN "<object type=\"PU\" os_index=\"0\" cpuset=\"0x1\"/>" V1_END,
     "f:3: object without complete_cpuset"},
    {"half a pair of nodesets",
     V1_BEGIN "<object type=\"PU\" os_index=\"0\" " V1_SETS " nodeset=\"0x1\"/>" V1_END,
     "f:3: object without complete_nodeset"},
    {"gp_index", V1_BEGIN "<object type=\"PU\" gp_index=\"3\" os_index=\"0\" " V1_SETS "/>" V1_END,
     "f:3: gp_index in a file of hwloc 1"},
    {"element of 2.x", V1_BEGIN V1_PU "</object>\n<support name=\"x\"/></topology>",
     "f:5: <support> cannot stand here"},
    {"Misc with CPUs", V1_BEGIN "<object type=\"Misc\" " V1_SETS ">" V1_PU "</object>" V1_END,
     NULL},
    {"Misc with CPUs below a PU",
     V1_BEGIN "<object type=\"PU\" os_index=\"0\" " V1_SETS "><object type=\"Misc\" " V1_SETS
              "/></object>" V1_END,
     "f:3: a Misc object with a cpuset cannot stand here"},
};

START_TEST(old_format)
{
    struct sy_err err = {.code = SY_OK};
    ck_assert_int_eq(sy_discover_validate("f", old[_i].text, strlen(old[_i].text), &err), err.code);
    const char *want = old[_i].message != NULL ? old[_i].message : "";
    ck_assert_msg(strcmp(err.text, want) == 0, "%s:\n got %s\nwant %s", old[_i].name, err.text,
                  want);
}
END_TEST

START_TEST(formats)
{
    enum sy_xml_format format = SY_XML_NCCL;
    struct sy_err err = {.code = SY_OK};
    ck_assert_int_eq(sy_discover_sniff(good_xml, strlen(good_xml), &format, &err), SY_OK);
    ck_assert_int_eq(format, SY_XML_HWLOC_2);
    ck_assert_int_eq(sy_discover_sniff(V1_BEGIN, strlen(V1_BEGIN), &format, &err), SY_OK);
    ck_assert_int_eq(format, SY_XML_HWLOC_1);
    ck_assert_int_eq(sy_discover_sniff("<topology version=\"3.0\"/>", 25, &format, &err), SY_OK);
    ck_assert_int_eq(format, SY_XML_HWLOC_3);
    ck_assert_int_eq(sy_discover_sniff("<!-- x --><system/>", 19, &format, &err), SY_OK);
    ck_assert_int_eq(format, SY_XML_NCCL);
    ck_assert_int_eq(sy_discover_sniff("{\"a\": 1}", 8, &format, &err), SY_EPARSE);
    ck_assert_int_eq(format, SY_XML_NCCL);
    ck_assert_str_eq(err.text, "line 1: text outside the root element: '{\\x22a\\x22: 1}'");
}
END_TEST

static enum sy_code validate_good(void *data, struct sy_err *err)
{
    (void)data;
    return sy_discover_validate("f", good_xml, strlen(good_xml), err);
}

START_TEST(memory_runs_out)
{
    ck_assert_int_gt(sy_fault_sweep(validate_good, NULL, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discover/validate");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, edits, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(tcase, after_the_machine, 0, sizeof tails / sizeof tails[0]);
    tcase_add_loop_test(tcase, old_format, 0, sizeof old / sizeof old[0]);
    tcase_add_test(tcase, formats);
    tcase_add_test(tcase, memory_runs_out);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
