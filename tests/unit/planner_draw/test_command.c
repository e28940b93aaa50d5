/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard topology` as it is called: status, what stands on standard error, how the data begin.
 */
#include "planner/draw/command.h"
#include "tests/lib/run.h"
#include "topology/discover/discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES "tests/unit/planner_draw/files"
#define MIXED "tests/machines/made/mixed-4npu-2gpu-2fpga.xml"
#define BUSY "tests/golden/drawings/busy.json"
#define ARGS 8

static const struct {
    const char *args[ARGS];
    int status;
    const char *begins; /* the data */
    const char *holds;  /* somewhere in the data; NULL = nothing */
    const char *says;   /* the whole of standard error */
} calls[] = {
    {{BUSY}, 0, "busy\n  devices  1 NPU, 5 GPU, 9 NIC\n", "\nHow two devices are joined\n", ""},
    {{BUSY, "--matrix", "none"}, 0, "busy\n", "\nNot drawn: 7 root ports", ""},
    {{BUSY, "--matrix=gbps", "--all"}, 0, "busy\n", "NVMe disk nvme0n1", ""},
    {{BUSY, "-o", "wide"}, 0, "busy\n", "switch port", ""},
    {{BUSY, "-o", "svg"}, 0, "<svg xmlns=\"http://www.w3.org/2000/svg\"", ">busy<", ""},
    {{BUSY, "-o", "json"},
     0,
     "{\n  \"apiVersion\": \"switchyard.dev/v1alpha1\",\n  \"kind\": \"Topology\"",
     "\"node\": \"busy\"",
     ""},
    {{BUSY, "-o", "yaml"},
     0,
     "apiVersion: switchyard.dev/v1alpha1\nkind: Topology\nnode: busy\n",
     NULL,
     ""},
    {{BUSY, FILES "/n0.json"}, 0, "busy\n", "\n\nn0\n", ""},
    {{FILES},
     0,
     "list-0\n",
     "\n\nn0\n",
     "switchyard: note: 2 files and objects passed over: no topology\n"},
    {{FILES, "-o", "json"},
     0,
     "{\n  \"apiVersion\": \"switchyard.dev/v1alpha1\",\n  \"kind\": \"TopologyList\"",
     "\"node\": \"list-1\"",
     "switchyard: note: 2 files and objects passed over: no topology\n"},
    {{"--snapshot", FILES "/list.yaml", "list-0"}, 0, "list-0\n", "default/pod-0", ""},
    {{"--snapshot", FILES "/list.yaml", "nobody"},
     66,
     "",
     NULL,
     "switchyard topology: node 'nobody': " FILES "/list.yaml has no such node\n"},
    {{"tests/machines/made"},
     0,
     "atlas-800t-a2-like\n",
     "vm-flat-p4d-like",
     "switchyard: note: 1 file or object passed over: no topology\n"},
    {{NULL},
     64,
     "",
     NULL,
     "switchyard topology: expected a FILE, a DIRECTORY or the name of a NODE\n"},
    {{"--matrix", "all", BUSY}, 64, "", NULL, NULL},
    {{"./nowhere.xml"}, 66, "", NULL, "switchyard topology: ./nowhere.xml: not found\n"},
    {{BUSY, "node-7"},
     64,
     "",
     NULL,
     "switchyard topology: files and nodes of a cluster in one call: a file that is not there, or "
     "--snapshot is missing\n"},
    {{"/dev/zero"}, 65, "", NULL, "switchyard topology: /dev/zero: neither a file nor a pipe\n"},
    {{BUSY, "--catalogue", "/nowhere.yaml"}, 66, "", NULL, NULL},
};

static char *text_of(FILE *file)
{
    long len = ftell(file);
    ck_assert_int_ge(len, 0);
    char *text = calloc((size_t)len + 1, 1);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, (size_t)len, file), (size_t)len);
    (void)fclose(file);
    return text;
}

START_TEST(call)
{
    static const struct sy_command *const commands[] = {&sy_command_topology};
    char *argv[ARGS + 2] = {(char *)"switchyard", (char *)"topology"};
    int argc = 2;
    for (; calls[_i].args[argc - 2] != NULL; argc++)
        argv[argc] = (char *)calls[_i].args[argc - 2];
    FILE *out = tmpfile(), *err = tmpfile();
    ck_assert(out != NULL && err != NULL);
    int status = sy_cli_main(commands, 1, argc, argv, out, err);
    char *data = text_of(out), *said = text_of(err);
    ck_assert_msg(status == calls[_i].status, "status %d: %s", status, said);
    ck_assert_msg(strncmp(data, calls[_i].begins, strlen(calls[_i].begins)) == 0, "%s", data);
    if (calls[_i].holds != NULL)
        ck_assert_msg(strstr(data, calls[_i].holds) != NULL, "%s", data);
    if (calls[_i].says != NULL)
        ck_assert_str_eq(said, calls[_i].says);
    if (status >= 64)
        ck_assert_str_eq(data, "");
    free(data);
    free(said);
}
END_TEST

int main(int argc, char **argv)
{
    int status = sy_discover_child_main(argc, argv);
    if (status >= 0)
        return status;
    if (chdir(SY_SOURCE_DIR) != 0)
        return EXIT_FAILURE;
    Suite *suite = suite_create("topology command");
    TCase *tcase = tcase_create("calls");
    tcase_set_timeout(tcase, 110);
    tcase_add_loop_test(tcase, call, 0, (int)(sizeof calls / sizeof *calls));
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
