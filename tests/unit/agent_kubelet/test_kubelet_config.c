/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/kubelet/kubelet_config.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/discover/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], path[96], drop_in[96];

static void set_up(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/switchyard-kubelet-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/config.yaml", folder);
    (void)snprintf(drop_in, sizeof drop_in, "%s/config.d", folder);
}

static void tear_down(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(shell(command), 0);
}

static void put(const char *name, const char *text)
{
    char full[256];
    (void)snprintf(full, sizeof full, "%s/%s", folder, name);
    write_file(full, text);
}

#define HEAD "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
#define NONE SY_TOPOLOGY_POLICY_NONE
#define SINGLE SY_TOPOLOGY_POLICY_SINGLE_NUMA
#define CONTAINER SY_TOPOLOGY_SCOPE_CONTAINER
#define POD SY_TOPOLOGY_SCOPE_POD

static const struct {
    const char *description, *text;
    enum sy_code code;
    const char *message; /* after the file's name */
    struct sy_topology_manager config;
} documents[] = {
    {"defaults", HEAD, SY_OK, "", {NONE, CONTAINER, false, 0}},
    {"both",
     HEAD "topologyManagerPolicy: single-numa-node\ntopologyManagerScope: pod\n",
     SY_OK,
     "",
     {SINGLE, POD, false, 0}},
    {"among others",
     HEAD "authentication:\n  anonymous: {enabled: false}\nfeatureGates:\n  X: true\n"
          "topologyManagerPolicy: \"restricted\"\nevictionHard:\n  memory.available: 100Mi\n",
     SY_OK,
     "",
     {SY_TOPOLOGY_POLICY_RESTRICTED, CONTAINER, false, 0}},
    {"JSON",
     "{\"kind\": \"KubeletConfiguration\", \"topologyManagerPolicy\": \"best-effort\", "
     "\"topologyManagerPolicyOptions\": {\"prefer-closest-numa-nodes\": \"true\"}}",
     SY_OK,
     "",
     {SY_TOPOLOGY_POLICY_BEST_EFFORT, CONTAINER, true, 0}},
    {"options",
     HEAD "topologyManagerPolicyOptions:\n  max-allowable-numa-nodes: \"16\"\n"
          "  prefer-closest-numa-nodes: \"false\"\n",
     SY_OK,
     "",
     {NONE, CONTAINER, false, 16}},
    {"empty and null",
     HEAD "topologyManagerPolicy: \"\"\ntopologyManagerScope:\n"
          "topologyManagerPolicyOptions: null\n",
     SY_OK,
     "",
     {NONE, CONTAINER, false, 0}},
    {"words of tomorrow",
     HEAD "topologyManagerPolicy: per-socket\ntopologyManagerScope: job\n",
     SY_OK,
     "",
     {SY_TOPOLOGY_POLICY_UNKNOWN, SY_TOPOLOGY_SCOPE_UNKNOWN, false, 0}},
    {"another kind",
     "kind: KubeProxyConfiguration\n",
     SY_EINVAL,
     ":1:7: kind 'KubeProxyConfiguration', not KubeletConfiguration",
     {0}},
    {"no kind",
     "topologyManagerPolicy: none\n",
     SY_EINVAL,
     ":1:1: no kind: not a KubeletConfiguration",
     {0}},
    {"a list",
     "- kind: KubeletConfiguration\n",
     SY_EINVAL,
     ":1:1: no map: not a KubeletConfiguration",
     {0}},
    {"policy as a list",
     HEAD "topologyManagerPolicy: [none]\n",
     SY_EINVAL,
     ":3:24: expected a text, got a list",
     {0}},
    {"options as text",
     HEAD "topologyManagerPolicyOptions: x\n",
     SY_EINVAL,
     ":3:31: topologyManagerPolicyOptions: no map",
     {0}},
    {"too many NUMA nodes",
     HEAD "topologyManagerPolicyOptions:\n  max-allowable-numa-nodes: '65536'\n",
     SY_EINVAL,
     ":4:29: max-allowable-numa-nodes: '65536' is no number from 1 to 65535",
     {0}},
    {"no number",
     HEAD "topologyManagerPolicyOptions: {max-allowable-numa-nodes: 'x'}\n",
     SY_EINVAL,
     ":3:58: max-allowable-numa-nodes: 'x' is no number from 1 to 65535",
     {0}},
    {"no YAML", "kind: [\n", SY_EPARSE, NULL, {0}},
    {"nothing", "", SY_EPARSE, ":1:1: no document", {0}},
};

static void check_equal(struct sy_topology_manager got, struct sy_topology_manager wanted)
{
    ck_assert_str_eq(sy_topology_policy_name(got.policy), sy_topology_policy_name(wanted.policy));
    ck_assert_str_eq(sy_topology_scope_name(got.scope), sy_topology_scope_name(wanted.scope));
    ck_assert(got.prefer_closest == wanted.prefer_closest);
    ck_assert_uint_eq(got.max_numa, wanted.max_numa);
}

START_TEST(document)
{
    struct sy_topology_manager got = {.max_numa = 99};
    struct sy_err err = {0};
    char wanted[256];
    put("config.yaml", documents[_i].text);
    enum sy_code code = sy_kubelet_config_read(path, NULL, &got, &err);
    ck_assert_msg(code == documents[_i].code, "%s: %s", documents[_i].description, err.text);
    if (code == SY_OK) {
        check_equal(got, documents[_i].config);
        return;
    }
    ck_assert_uint_eq(got.max_numa, 99);
    (void)snprintf(wanted, sizeof wanted, "%s%s", path,
                   documents[_i].message != NULL ? documents[_i].message : ":");
    ck_assert_msg(
        strncmp(err.text, wanted, strlen(wanted) + (documents[_i].message != NULL ? 1 : 0)) == 0,
        "%s", err.text);
}
END_TEST

/* Folders first by name, then what stands below them; other files are passed over. */
START_TEST(drop_ins)
{
    struct sy_topology_manager got;
    struct sy_err err = {0};
    put("config.yaml", HEAD "topologyManagerPolicy: restricted\ntopologyManagerScope: pod\n");
    ck_assert_msg(sy_kubelet_config_read(path, drop_in, &got, &err) == SY_OK, "%s", err.text);
    check_equal(got, (struct sy_topology_manager){SY_TOPOLOGY_POLICY_RESTRICTED, POD, false, 0});
    put("config.d/20-b.conf", HEAD "topologyManagerPolicy: best-effort\n"
                                   "topologyManagerPolicyOptions: {max-allowable-numa-nodes: '9'}");
    put("config.d/10-a.conf", HEAD "topologyManagerPolicy: none\n");
    put("config.d/20-b/x.conf", HEAD "topologyManagerPolicy: single-numa-node\n"
                                     "topologyManagerPolicyOptions: {prefer-closest-numa-nodes: "
                                     "'true', max-allowable-numa-nodes: '12'}");
    put("config.d/90-z.yaml", "rubbish: [");
    put("config.d/.conf", HEAD "topologyManagerScope: container\n");
    ck_assert_msg(sy_kubelet_config_read(path, drop_in, &got, &err) == SY_OK, "%s", err.text);
    check_equal(got,
                (struct sy_topology_manager){SY_TOPOLOGY_POLICY_BEST_EFFORT, CONTAINER, true, 9});
    ck_assert_msg(sy_kubelet_config_read(NULL, drop_in, &got, &err) == SY_OK, "%s", err.text);
    put("config.d/30-bad.conf", "rubbish: [");
    ck_assert_int_eq(sy_kubelet_config_read(path, drop_in, &got, &err), SY_EPARSE);
    ck_assert_msg(strstr(err.text, "/config.d/30-bad.conf:") != NULL, "%s", err.text);
}
END_TEST

/* Whatever order the folder lists them in. */
START_TEST(order_of_names)
{
    struct sy_topology_manager got;
    struct sy_err err = {0};
    char name[64], text[200];
    for (unsigned i = 0; i < 32; i++) {
        unsigned n = i * 7 % 32 + 10;
        (void)snprintf(name, sizeof name, "config.d/%u.conf", n);
        (void)snprintf(text, sizeof text,
                       HEAD "topologyManagerPolicyOptions: {max-allowable-numa-nodes: '%u'}\n", n);
        put(name, text);
    }
    ck_assert_msg(sy_kubelet_config_read(NULL, drop_in, &got, &err) == SY_OK, "%s", err.text);
    ck_assert_uint_eq(got.max_numa, 41);
}
END_TEST

START_TEST(too_many_files)
{
    struct sy_topology_manager got;
    struct sy_err err = {0};
    char name[64], wanted[160];
    for (unsigned i = 0; i <= SY_KUBELET_CONFIG_FILES_MAX; i++) {
        (void)snprintf(name, sizeof name, "config.d/%02u.conf", i);
        put(name, HEAD);
    }
    ck_assert_int_eq(sy_kubelet_config_read(NULL, drop_in, &got, &err), SY_ELIMIT);
    (void)snprintf(wanted, sizeof wanted, "%s: more than 64 .conf files", drop_in);
    ck_assert_str_eq(err.text, wanted);
}
END_TEST

START_TEST(too_deep)
{
    struct sy_topology_manager got;
    struct sy_err err = {0};
    put("config.d/1/2/3/4/5/6/7/x.conf", HEAD);
    ck_assert_msg(sy_kubelet_config_read(NULL, drop_in, &got, &err) == SY_OK, "%s", err.text);
    put("config.d/1/2/3/4/5/6/7/8/x.conf", HEAD);
    ck_assert_int_eq(sy_kubelet_config_read(NULL, drop_in, &got, &err), SY_ELIMIT);
    ck_assert_msg(strstr(err.text, "folders nested more than 8 deep") != NULL, "%s", err.text);
}
END_TEST

START_TEST(no_file)
{
    struct sy_topology_manager got;
    struct sy_err err = {0}, big = {0};
    char wanted[160];
    ck_assert_int_eq(sy_kubelet_config_read(path, NULL, &got, &err), SY_ENOENT);
    (void)snprintf(wanted, sizeof wanted, "%s: not found", path);
    ck_assert_str_eq(err.text, wanted);
    put("config.yaml", "");
    ck_assert_int_eq(truncate(path, SY_KUBELET_CONFIG_MAX_BYTES + 1), 0);
    ck_assert_int_eq(sy_kubelet_config_read(path, NULL, &got, &big), SY_ELIMIT);
    (void)snprintf(wanted, sizeof wanted, "%s: longer than 1048576 bytes", path);
    ck_assert_str_eq(big.text, wanted);
}
END_TEST

static enum sy_code read_again(void *data, struct sy_err *err)
{
    struct sy_topology_manager got;
    (void)data;
    return sy_kubelet_config_read(path, drop_in, &got, err);
}

START_TEST(memory_runs_out)
{
    put("config.yaml", HEAD "topologyManagerPolicy: restricted\n");
    put("config.d/10-a.conf", HEAD "topologyManagerScope: pod\n");
    put("config.d/20/x.conf", HEAD);
    ck_assert_int_ge(sy_fault_sweep(read_again, NULL, 0), 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/kubelet/kubelet_config");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, document, 0, sizeof documents / sizeof documents[0]);
    tcase_add_test(tcase, drop_ins);
    tcase_add_test(tcase, order_of_names);
    tcase_add_test(tcase, too_many_files);
    tcase_add_test(tcase, too_deep);
    tcase_add_test(tcase, no_file);
    tcase_add_test(tcase, memory_runs_out);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
