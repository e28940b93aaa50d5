/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates on both sides, from files and from the kubeconfig itself, and swapped ones. */
#include "base/kube/client.h"
#include "tests/lib/run.h"

#include <assert.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PEM 4096

struct pair {
    char key[PEM], certificate[PEM];
    char key64[2 * PEM], certificate64[2 * PEM];
};

static struct pair ours, theirs; /* made once, read only then */

static void base64(const char *text, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i += 3) {
        unsigned bits = 0;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < len ? (unsigned char)text[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            *out++ = i + j <= len ? digits[bits >> (18 - 6 * j) & 63] : '=';
    }
    *out = '\0';
}

/* A key, and a certificate of its own for 127.0.0.1 and api.example. */
static void make(struct pair *pair, const char *name)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    const unsigned char address[] = {127, 0, 0, 1};
    size_t key_size = PEM, size = PEM;
    int failed = gnutls_x509_privkey_init(&key) | gnutls_x509_crt_init(&crt);
    failed |= gnutls_x509_privkey_generate(key, GNUTLS_PK_EC,
                                           GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    failed |= gnutls_x509_crt_set_version(crt, 3) | gnutls_x509_crt_set_key(crt, key);
    failed |= gnutls_x509_crt_set_serial(crt, "\1", 1);
    failed |= gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                            (unsigned)strlen(name));
    failed |= gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600);
    failed |= gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
    failed |= gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
    failed |= gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, 4,
                                                   GNUTLS_FSAN_SET);
    failed |= gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "api.example", 11,
                                                   GNUTLS_FSAN_APPEND);
    failed |= gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
    failed |= gnutls_x509_privkey_export(key, GNUTLS_X509_FMT_PEM, pair->key, &key_size);
    failed |= gnutls_x509_crt_export(crt, GNUTLS_X509_FMT_PEM, pair->certificate, &size);
    assert(failed == 0);
    (void)failed;
    base64(pair->key, pair->key64);
    base64(pair->certificate, pair->certificate64);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
}

/* Says whether the client showed a certificate, and the name it asked for. */
static enum MHD_Result answer(void *data, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *body,
                              size_t *size, void **state)
{
    char text[512];
    unsigned n = 0;
    (void)data, (void)url, (void)method, (void)version, (void)body, (void)size, (void)state;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    (void)gnutls_certificate_get_peers((gnutls_session_t)info->tls_session, &n);
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    (void)snprintf(text, sizeof text, "{\"certificates\":%u,\"named\":%s}", n,
                   host != NULL && strncmp(host, "127.0.0.1:", 10) == 0 ? "false" : "true");
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result ret = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return ret;
}

static struct MHD_Daemon *serve(unsigned *ret_port)
{
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL, answer, NULL,
        MHD_OPTION_HTTPS_MEM_KEY, ours.key, MHD_OPTION_HTTPS_MEM_CERT, ours.certificate,
        MHD_OPTION_HTTPS_MEM_TRUST, theirs.certificate, MHD_OPTION_END);
    ck_assert_ptr_nonnull(daemon);
    *ret_port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return daemon;
}

enum trust { NO_CA, RIGHT_CA, WRONG_CA, INSECURE };

static const struct {
    const char *description;
    enum trust trust;
    const char *name; /* tls-server-name */
    bool certificate; /* the client has one */
    bool works;
} cases[] = {
    {"an authority of the kubeconfig", RIGHT_CA, NULL, false, true},
    {"another authority", WRONG_CA, NULL, false, false},
    {"the system's authorities", NO_CA, NULL, false, false},
    {"not checked", INSECURE, NULL, false, true},
    {"another name of the server", RIGHT_CA, "api.example", false, true},
    {"a name that it has not", RIGHT_CA, "api.elsewhere", false, false},
    {"a certificate of the client", RIGHT_CA, NULL, true, true},
};

static struct sy_kube_config *load(const char *path)
{
    struct sy_kube_config *config = NULL;
    struct sy_err err = {0};
    ck_assert_msg(sy_kube_config_file(path, &config, &err) == SY_OK, "%s", err.text);
    return config;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static enum sy_code call(const struct sy_kube_config *config, struct sy_kube_answer *answer,
                         struct sy_err *err)
{
    const struct sy_kube_call get = {.method = "GET", .path = "/"};
    struct sy_kube_client *client;
    ck_assert_int_eq(sy_kube_client_new(config, "test/1", &client, NULL), SY_OK);
    enum sy_code code = sy_kube_call(client, &get, NULL, answer, err);
    sy_kube_client_free(client);
    return code;
}

START_TEST(certificates)
{
    char path[64] = "/tmp/sy_kube_XXXXXX", text[8 * PEM], authority[2 * PEM + 64] = "";
    unsigned port;
    struct MHD_Daemon *daemon = serve(&port);
    struct sy_kube_answer answer = {0};
    struct sy_err err = {0};
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    if (cases[_i].trust == INSECURE)
        (void)snprintf(authority, sizeof authority, ", insecure-skip-tls-verify: true");
    else if (cases[_i].trust != NO_CA)
        (void)snprintf(authority, sizeof authority, ", certificate-authority-data: %s",
                       cases[_i].trust == RIGHT_CA ? ours.certificate64 : theirs.certificate64);
    (void)snprintf(text, sizeof text,
                   "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
                   "clusters: [{name: k, cluster: {server: 'https://127.0.0.1:%u'%s%s%s}}]\n"
                   "users: [{name: u, user: {%s%s%s%s}}]\n",
                   port, authority, cases[_i].name != NULL ? ", tls-server-name: " : "",
                   cases[_i].name != NULL ? cases[_i].name : "",
                   cases[_i].certificate ? "client-certificate-data: " : "",
                   cases[_i].certificate ? theirs.certificate64 : "",
                   cases[_i].certificate ? ", client-key-data: " : "",
                   cases[_i].certificate ? theirs.key64 : "");
    put(path, text);
    struct sy_kube_config *config = load(path);
    enum sy_code code = call(config, &answer, &err);
    ck_assert_msg(code == (cases[_i].works ? SY_OK : SY_EIO), "%s: %s", cases[_i].description,
                  err.text);
    if (!cases[_i].works)
        ck_assert_msg(strstr(err.text, "certificate") != NULL, "%s", err.text);
    const json_t *shown = json_object_get(answer.body, "certificates");
    ck_assert_int_eq(json_integer_value(shown), cases[_i].certificate);
    ck_assert(!json_is_true(json_object_get(answer.body, "named")));
    sy_kube_answer_clear(&answer);
    sy_kube_config_free(config);
    MHD_stop_daemon(daemon);
    (void)unlink(path);
}
END_TEST

START_TEST(swapped_authority)
{
    char path[64] = "/tmp/sy_kube_XXXXXX", ca[64] = "/tmp/sy_kube_XXXXXX", text[1024];
    const struct sy_kube_call get = {.method = "GET", .path = "/"};
    unsigned port;
    struct MHD_Daemon *daemon = serve(&port);
    struct sy_kube_client *client;
    struct sy_kube_answer answer;
    struct sy_err err = {0};
    int fd = mkstemp(path), ca_fd = mkstemp(ca);
    ck_assert(fd >= 0 && ca_fd >= 0);
    (void)close(fd);
    (void)close(ca_fd);
    put(ca, theirs.certificate);
    (void)snprintf(text, sizeof text,
                   "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\n"
                   "clusters: [{name: k, cluster: {server: 'https://127.0.0.1:%u', "
                   "certificate-authority: %s}}]\n",
                   port, ca);
    put(path, text);
    struct sy_kube_config *config = load(path);
    ck_assert_int_eq(sy_kube_client_new(config, "test/1", &client, &err), SY_OK);
    ck_assert_int_eq(sy_kube_call(client, &get, NULL, &answer, &err), SY_EIO);
    put(ca, ours.certificate);
    err = (struct sy_err){0};
    ck_assert_msg(sy_kube_call(client, &get, NULL, &answer, &err) == SY_OK, "%s", err.text);
    sy_kube_answer_clear(&answer);
    sy_kube_client_free(client);
    sy_kube_config_free(config);
    MHD_stop_daemon(daemon);
    (void)unlink(path);
    (void)unlink(ca);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kube_tls");
    TCase *all = tcase_create("all");
    make(&ours, "ours");
    make(&theirs, "theirs");
    tcase_add_loop_test(all, certificates, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(all, swapped_authority);
    suite_add_tcase(suite, all);
    return sy_run(suite);
}
