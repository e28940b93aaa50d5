/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/kube/config_private.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD                                                                                       \
    "current-context: c\n"                                                                         \
    "contexts: [{name: other, context: {cluster: x}}, {name: c, context: {cluster: k, user: "      \
    "u}}]\n"
#define CLUSTER(text) "clusters: [{name: k, cluster: {" text "}}]\n"
#define USER(text) "users: [{name: u, user: {" text "}}]\n"
#define PLAIN CLUSTER("server: 'https://h:6443'")
/* "-----BEGIN X-----" */
#define PEM "LS0tLS1CRUdJTiBYLS0tLS0="

static const struct {
    const char *description;
    const char *text;
    enum sy_code code;
    const char *message; /* behind the file's name */
} cases[] = {
    {"token", HEAD PLAIN USER("token: abc"), SY_OK, ""},
    {"JSON",
     "{\"kind\":\"Config\",\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":"
     "{\"cluster\":\"k\"}}],\"clusters\":[{\"name\":\"k\",\"cluster\":{\"server\":\"http://h\"}}]}",
     SY_OK, ""},
    {"what says nothing is not there",
     HEAD CLUSTER("server: 'https://h', certificate-authority: '', proxy-url: null")
         USER("token: abc, exec: null, username: ''"),
     SY_OK, ""},
    {"certificates",
     HEAD CLUSTER("server: 'https://h', certificate-authority-data: " PEM)
         USER("client-certificate-data: " PEM ", client-key-data: " PEM),
     SY_OK, ""},
    {"no file", NULL, SY_ENOENT, ": not found"},
    {"no YAML", "a: [", SY_EPARSE,
     ":2:1: while parsing a flow node did not find expected node content"},
    {"two documents", HEAD PLAIN USER("token: abc") "---\na: 1\n", SY_EPARSE,
     ":5:1: a second document is not allowed"},
    {"a list", "[]", SY_EINVAL, ":1:1: expected a map: a kubeconfig"},
    {"no current context", "contexts: []", SY_EINVAL, ":1:1: current-context: required"},
    {"current context of another type", "current-context: [1]", SY_EINVAL,
     ":1:18: expected a text, got a list"},
    {"unknown context", "current-context: d\ncontexts: [{name: c, context: {}}]", SY_EINVAL,
     ":1:18: 'd' is not in contexts"},
    {"contexts no list", "current-context: d\ncontexts: 7", SY_EINVAL,
     ":2:11: contexts: expected a list"},
    {"a context no map", "current-context: d\ncontexts: [7]", SY_EINVAL,
     ":2:12: contexts: expected a map with name and context"},
    {"a context without its map", "current-context: d\ncontexts: [{name: d}]", SY_EINVAL,
     ":2:12: context: expected a map"},
    {"a context without a cluster", "current-context: d\ncontexts: [{name: d, context: {user: u}}]",
     SY_EINVAL, ":2:31: cluster: required"},
    {"unknown cluster", HEAD, SY_EINVAL, ":2:79: 'k' is not in clusters"},
    {"unknown user", HEAD PLAIN, SY_EINVAL, ":2:88: 'u' is not in users"},
    {"no server", HEAD CLUSTER("x: 1"), SY_EINVAL, ":3:31: server: required"},
    {"no URL", HEAD CLUSTER("server: 'ftp://h'"), SY_EINVAL,
     ":3:40: server: 'ftp://h' is no http:// or https:// URL of a server"},
    {"URL without host", HEAD CLUSTER("server: 'https:///x'"), SY_EINVAL,
     ":3:40: server: 'https:///x' is no http:// or https:// URL of a server"},
    {"URL with a password", HEAD CLUSTER("server: 'https://u:p@h'"), SY_EINVAL,
     ":3:40: server: 'https://u:p@h' is no http:// or https:// URL of a server"},
    {"URL with a line break", HEAD CLUSTER("server: \"https://h\\r\\nX: y\""), SY_EINVAL,
     ":3:40: server: 'https://h\\x0D\\x0AX: y' is no http:// or https:// URL of a server"},
    {"name of a certificate", HEAD CLUSTER("server: 'https://h', tls-server-name: 'a b'"),
     SY_EINVAL, ":3:70: tls-server-name: expected a host's name"},
    {"proxy", HEAD CLUSTER("server: 'https://h', proxy-url: 'x://p'"), SY_EINVAL,
     ":3:64: proxy-url: expected http://, https:// or socks5://"},
    {"insecure no bool", HEAD CLUSTER("server: 'https://h', insecure-skip-tls-verify: 3"),
     SY_EINVAL, ":3:79: expected true or false, got '3'"},
    {"insecure with an authority",
     HEAD CLUSTER("server: 'https://h', insecure-skip-tls-verify: true, "
                  "certificate-authority-data: " PEM),
     SY_ECONFLICT, ":3:31: insecure-skip-tls-verify and a certificate-authority"},
    {"authority no base64", HEAD CLUSTER("server: 'https://h', certificate-authority-data: 'a b'"),
     SY_EINVAL, ":3:81: certificate-authority-data is no base64"},
    {"authority cut", HEAD CLUSTER("server: 'https://h', certificate-authority-data: LS0tL"),
     SY_EINVAL, ":3:81: certificate-authority-data is no base64"},
    {"padding in the middle", HEAD CLUSTER("server: 'https://h', certificate-authority-data: LS=t"),
     SY_EINVAL, ":3:81: certificate-authority-data is no base64"},
    {"authority no PEM", HEAD CLUSTER("server: 'https://h', certificate-authority-data: LS0t"),
     SY_EINVAL, ":3:81: certificate-authority-data is no PEM"},
    {"authority not there", HEAD CLUSTER("server: 'https://h', certificate-authority: ca"),
     SY_ENOENT, ":3:76: certificate-authority: FOLDER/ca: not found"},
    {"exec", HEAD PLAIN USER("exec: {command: x}"), SY_EUNSUPPORTED,
     ":4:32: exec is not supported: use a token or a client certificate"},
    {"auth-provider", HEAD PLAIN USER("auth-provider: {name: x}"), SY_EUNSUPPORTED,
     ":4:41: auth-provider is not supported: use a token or a client certificate"},
    {"password", HEAD PLAIN USER("password: x"), SY_EUNSUPPORTED,
     ":4:36: password is not supported: use a token or a client certificate"},
    {"impersonation", HEAD PLAIN USER("as: x"), SY_EUNSUPPORTED,
     ":4:30: as is not supported: use a token or a client certificate"},
    {"token of another type", HEAD PLAIN USER("token: {}"), SY_EINVAL,
     ":4:33: expected a text, got a map"},
    {"token for two headers", HEAD PLAIN USER("token: \"a\\r\\nX: y\""), SY_EINVAL,
     ":4:33: the token holds a character that no token has"},
    {"token's file not there", HEAD PLAIN USER("tokenFile: nowhere"), SY_ENOENT,
     ":4:37: tokenFile: FOLDER/nowhere: not found"},
    {"token's file is this one", HEAD PLAIN USER("tokenFile: config"), SY_EINVAL,
     ":4:37: tokenFile: FOLDER/config: the token holds a character that no token has"},
    {"certificate without a key", HEAD PLAIN USER("client-certificate-data: " PEM), SY_EINVAL,
     ":4:25: client-certificate and client-key go together"},
    {"a name with control characters", HEAD CLUSTER("server: 'https://h', proxy-url: \"a\\tb\""),
     SY_EINVAL, ":3:64: proxy-url holds a control character"},
};

struct place {
    char folder[64];
};

static void open_place(struct place *place)
{
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/sy_kube_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place->folder));
}

static void close_place(const struct place *place)
{
    static const char *const names[] = {"config", "token", "ca.crt", "namespace"};
    char path[96];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", place->folder, names[i]);
        (void)unlink(path);
    }
    ck_assert_int_eq(rmdir(place->folder), 0);
}

static void put(const struct place *place, const char *name, const char *text, char *ret_path)
{
    (void)snprintf(ret_path, 96, "%s/%s", place->folder, name);
    FILE *file = fopen(ret_path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(files)
{
    struct place place;
    char path[96], message[512];
    struct sy_kube_config *config = NULL;
    struct sy_err err = {0};
    open_place(&place);
    put(&place, "config", cases[_i].text != NULL ? cases[_i].text : "", path);
    if (cases[_i].text == NULL)
        ck_assert_int_eq(unlink(path), 0);
    enum sy_code code = sy_kube_config_file(path, &config, &err);
    ck_assert_msg(code == cases[_i].code, "%s: %s", cases[_i].description, err.text);
    ck_assert_int_eq(config != NULL, code == SY_OK);
    const char *folder = strstr(cases[_i].message, "FOLDER");
    if (folder != NULL)
        (void)snprintf(message, sizeof message, "%s%.*s%s%s", path,
                       (int)(folder - cases[_i].message), cases[_i].message, place.folder,
                       folder + 6);
    else
        (void)snprintf(message, sizeof message, "%s%s", code != SY_OK ? path : "",
                       cases[_i].message);
    ck_assert_msg(strcmp(err.text, message) == 0, "%s: %s", cases[_i].description, err.text);
    sy_kube_config_free(config);
    close_place(&place);
}
END_TEST

static const char *slurp(const char *path)
{
    static char text[256];
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    return text;
}

START_TEST(all_of_a_kubeconfig)
{
    struct place place;
    char path[96], token[96];
    struct sy_kube_config *config;
    struct sy_err err = {0};
    open_place(&place);
    put(&place, "token", "abc\n", token);
    put(&place, "ca.crt", "x", path);
    put(&place, "config",
        "current-context: c\n"
        "contexts: [{name: c, context: {cluster: k, user: u, namespace: n}}]\n"
        "clusters: [{name: k, cluster: {server: 'https://h/x//', tls-server-name: t.example,\n"
        "  certificate-authority: ca.crt, proxy-url: 'http://p:1'}}]\n"
        "users: [{name: u, user: {tokenFile: token, token: ignored, client-key-data: " PEM ",\n"
        "  client-certificate-data: " PEM ", client-key: nowhere}}]\n",
        path);
    ck_assert_msg(sy_kube_config_file(path, &config, &err) == SY_OK, "%s", err.text);
    ck_assert_str_eq(sy_kube_config_server(config), "https://h/x");
    ck_assert_str_eq(sy_kube_config_namespace(config), "n");
    ck_assert_str_eq(config->tls_server_name, "t.example");
    ck_assert_str_eq(config->proxy_url, "http://p:1");
    ck_assert_str_eq(config->token_file, token);
    ck_assert_str_eq(slurp(config->cert_file), "-----BEGIN X-----");
    ck_assert_str_eq(slurp(config->key_file), "-----BEGIN X-----");
    ck_assert_str_eq(slurp(config->ca_file), "x");
    ck_assert(!config->insecure);
    sy_kube_config_free(config);
    close_place(&place);
}
END_TEST

START_TEST(tokens_are_read_anew)
{
    struct place place;
    char path[96];
    struct sy_err err = {0};
    open_place(&place);
    put(&place, "token", "first \n", path);
    const struct sy_kube_config config = {.token_file = path};
    struct sy_kube_login login = {.config = &config};
    ck_assert_int_eq(sy_kube_login_look(&login, 1000, false, &err), SY_OK);
    ck_assert_str_eq(login.token, "first");
    put(&place, "token", "second", path);
    ck_assert_int_eq(sy_kube_login_look(&login, 2000, false, &err), SY_OK);
    ck_assert_str_eq(login.token, "first");
    ck_assert_int_eq(sy_kube_login_look(&login, 60000000, false, &err), SY_OK);
    ck_assert_str_eq(login.token, "second");
    put(&place, "token", "third", path);
    ck_assert_int_eq(sy_kube_login_look(&login, 60000001, true, &err), SY_OK);
    ck_assert_str_eq(login.token, "third");
    ck_assert_int_eq(unlink(path), 0); /* the one that is known stays */
    ck_assert_int_eq(sy_kube_login_look(&login, 200000000, true, &err), SY_OK);
    ck_assert_str_eq(login.token, "third");
    sy_kube_login_done(&login);
    ck_assert_int_eq(sy_kube_login_look(&login, 300000000, false, &err), SY_ENOENT);
    ck_assert_ptr_null(login.token);
    close_place(&place);
}
END_TEST

static const struct {
    const char *description, *host, *port, *token, *ca;
    enum sy_code code;
    const char *text; /* server, or message */
} pods[] = {
    {"a pod", "10.0.0.1", "443", "t", "c", SY_OK, "https://10.0.0.1:443"},
    {"IPv6", "fd00::1", "6443", "t", "c", SY_OK, "https://[fd00::1]:6443"},
    {"IPv6 in brackets", "[fd00::1]", "6443", "t", "c", SY_OK, "https://[fd00::1]:6443"},
    {"no cluster", NULL, "443", "t", "c", SY_ENOENT,
     "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: not in a cluster?"},
    {"no port", "h", "", "t", "c", SY_ENOENT,
     "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: not in a cluster?"},
    {"port too large", "h", "65536", "t", "c", SY_EINVAL,
     "KUBERNETES_SERVICE_PORT: '65536' is no port"},
    {"port no number", "h", "4a", "t", "c", SY_EINVAL, "KUBERNETES_SERVICE_PORT: '4a' is no port"},
    {"host no host", "a b", "443", "t", "c", SY_EINVAL,
     "KUBERNETES_SERVICE_HOST: 'https://a b:443' is no http:// or https:// URL of a server"},
    {"host a path", "a/b", "443", "t", "c", SY_EINVAL, "KUBERNETES_SERVICE_HOST: 'a/b' is no host"},
    {"no token", "h", "443", NULL, "c", SY_ENOENT, "FOLDER/token: not found"},
    {"empty token", "h", "443", "\n", "c", SY_EINVAL, "FOLDER/token: the token is empty"},
    {"no authority", "h", "443", "t", NULL, SY_ENOENT, "FOLDER/ca.crt: not found"},
};

static void set(const char *name, const char *value)
{
    ck_assert_int_eq(value != NULL ? setenv(name, value, 1) : unsetenv(name), 0);
}

START_TEST(in_cluster)
{
    struct place place;
    char path[96], message[256];
    struct sy_kube_config *config = NULL;
    struct sy_err err = {0};
    open_place(&place);
    if (pods[_i].token != NULL)
        put(&place, "token", pods[_i].token, path);
    if (pods[_i].ca != NULL)
        put(&place, "ca.crt", pods[_i].ca, path);
    if (_i > 0)
        put(&place, "namespace", "kube-system\n", path);
    set("KUBERNETES_SERVICE_HOST", pods[_i].host);
    set("KUBERNETES_SERVICE_PORT", pods[_i].port);
    enum sy_code code = sy_kube_config_in_cluster(place.folder, &config, &err);
    ck_assert_msg(code == pods[_i].code, "%s: %s", pods[_i].description, err.text);
    const char *expected = pods[_i].text;
    if (strncmp(expected, "FOLDER", 6) == 0) {
        (void)snprintf(message, sizeof message, "%s%s", place.folder, expected + 6);
        expected = message;
    }
    ck_assert_str_eq(code == SY_OK ? sy_kube_config_server(config) : err.text, expected);
    if (code == SY_OK && _i > 0)
        ck_assert_str_eq(sy_kube_config_namespace(config), "kube-system");
    if (code == SY_OK && _i == 0)
        ck_assert_ptr_null(sy_kube_config_namespace(config));
    sy_kube_config_free(config);
    close_place(&place);
}
END_TEST

static enum sy_code sweep_file(void *data, struct sy_err *err)
{
    struct sy_kube_config *config = NULL;
    enum sy_code code = sy_kube_config_file(data, &config, err);
    sy_kube_config_free(config);
    return code;
}

static enum sy_code sweep_cluster(void *data, struct sy_err *err)
{
    struct sy_kube_config *config = NULL;
    enum sy_code code = sy_kube_config_in_cluster(data, &config, err);
    sy_kube_config_free(config);
    return code;
}

START_TEST(out_of_memory)
{
    struct place place;
    char path[96];
    open_place(&place);
    put(&place, "token", "t", path);
    put(&place, "ca.crt", "c", path);
    put(&place, "namespace", "n", path);
    set("KUBERNETES_SERVICE_HOST", "h");
    set("KUBERNETES_SERVICE_PORT", "1");
    ck_assert_int_gt(sy_fault_sweep(sweep_cluster, place.folder, 0), 5);
    put(&place, "config",
        HEAD CLUSTER("server: 'https://h', certificate-authority-data: " PEM
                     ", tls-server-name: t, proxy-url: 'http://p'")
            USER("tokenFile: token, client-certificate-data: " PEM ", client-key-data: " PEM),
        path);
    /* libyaml allocates by itself: what is swept is ours. */
    ck_assert_int_gt(sy_fault_sweep(sweep_file, path, 0), 10);
    close_place(&place);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kube_config");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, files, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(all, all_of_a_kubeconfig);
    tcase_add_test(all, tokens_are_read_anew);
    tcase_add_loop_test(all, in_cluster, 0, sizeof pods / sizeof pods[0]);
    tcase_add_test(all, out_of_memory);
    suite_add_tcase(suite, all);
    return sy_run(suite);
}
