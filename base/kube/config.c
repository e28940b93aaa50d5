/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/kube/config_private.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URL_MAX 2048u
#define NAMESPACE_MAX 63u /* a DNS label */

struct sy_kube_config *sy_kube_config_new(void)
{
    struct sy_kube_config *config = sy_calloc(1, sizeof *config);
    if (config != NULL)
        config->ca_fd = config->cert_fd = config->key_fd = -1;
    return config;
}

static void close_memory(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void sy_kube_config_free(struct sy_kube_config *config)
{
    if (config == NULL)
        return;
    sy_free(config->server);
    sy_free(config->tls_server_name);
    sy_free(config->proxy_url);
    sy_free(config->namespace);
    sy_free(config->ca_file);
    sy_free(config->cert_file);
    sy_free(config->key_file);
    sy_free(config->token);
    sy_free(config->token_file);
    close_memory(config->ca_fd);
    close_memory(config->cert_fd);
    close_memory(config->key_fd);
    sy_free(config);
}

const char *sy_kube_config_server(const struct sy_kube_config *config)
{
    return config->server;
}

const char *sy_kube_config_namespace(const struct sy_kube_config *config)
{
    return config->namespace;
}

static bool is_url_text(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || strchr("\"<>\\^`{|}@?#", *text) != NULL)
            return false;
    return true;
}

enum sy_code sy_kube_config_set_server(struct sy_kube_config *config, const char *url,
                                       struct sy_err *err)
{
    char shown[96];
    size_t len = strlen(url);
    const char *host = strncmp(url, "https://", 8) == 0  ? url + 8
                       : strncmp(url, "http://", 7) == 0 ? url + 7
                                                         : NULL;
    if (len > URL_MAX)
        return sy_fail(err, SY_ELIMIT, "URL of %zu bytes, more than %u", len, URL_MAX);
    while (len > 0 && url[len - 1] == '/')
        len--;
    if (host == NULL || !is_url_text(url) || *host == '/' || *host == ':' || *host == '\0' ||
        (size_t)(host - url) >= len)
        return sy_fail(err, SY_EINVAL, "'%s' is no http:// or https:// URL of a server",
                       sy_quote(shown, sizeof shown, url, strlen(url)));
    char *copy = sy_strndup(url, len);
    if (copy == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    sy_free(config->server);
    config->server = copy;
    return SY_OK;
}

enum sy_code sy_kube_token_check(const char *token, struct sy_err *err)
{
    if (*token == '\0')
        return sy_fail(err, SY_EINVAL, "the token is empty");
    for (const char *c = token; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return sy_fail(err, SY_EINVAL, "the token holds a character that no token has");
    return SY_OK;
}

enum sy_code sy_kube_token_read(const char *file, char **ret, struct sy_err *err)
{
    sy_autofree char *text = NULL;
    size_t len;
    enum sy_code code = sy_file_read(file, SY_KUBE_TOKEN_MAX, &text, &len, err);
    if (code != SY_OK)
        return code;
    if (memchr(text, '\0', len) != NULL)
        return sy_fail(err, SY_EINVAL, "%s: the token holds a NUL character", file);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        text[--len] = '\0';
    struct sy_err why = {0};
    if (sy_kube_token_check(text, &why) != SY_OK)
        return sy_fail(err, why.code, "%s: %s", file, why.text);
    *ret = SY_TAKE(text);
    return SY_OK;
}

enum sy_code sy_kube_login_look(struct sy_kube_login *login, int64_t now_us, bool at_once,
                                struct sy_err *err)
{
    const struct sy_kube_config *config = login->config;
    char *token;
    struct sy_err why = {0};
    enum sy_code code;
    if (config->token_file == NULL) {
        if (login->token != NULL || config->token == NULL)
            return SY_OK;
        login->token = sy_strdup(config->token);
        return login->token != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for a token");
    }
    if (login->token != NULL && !at_once && now_us - login->read_us < SY_KUBE_TOKEN_AGE_US)
        return SY_OK;
    code = sy_kube_token_read(config->token_file, &token, &why);
    if (code == SY_OK) {
        sy_free(login->token);
        login->token = token;
        login->read_us = now_us;
        return SY_OK;
    }
    if (login->token != NULL && code != SY_ENOMEM)
        return SY_OK; /* until the server refuses it */
    return sy_fail(err, code, "%s", why.text);
}

void sy_kube_login_done(struct sy_kube_login *login)
{
    sy_free(login->token);
    login->token = NULL;
}

/* Host and port of the environment; an IPv6 address in brackets. */
static enum sy_code server_of_environment(struct sy_kube_config *config, struct sy_err *err)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
    char url[512], shown[64], *end = NULL;
    if (host == NULL || *host == '\0' || port == NULL || *port == '\0')
        return sy_fail(err, SY_ENOENT,
                       "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are "
                       "not set: not in a cluster?");
    unsigned long number = strtoul(port, &end, 10);
    if (*port < '0' || *port > '9' || *end != '\0' || number == 0 || number > 65535)
        return sy_fail(err, SY_EINVAL, "KUBERNETES_SERVICE_PORT: '%s' is no port",
                       sy_quote(shown, sizeof shown, port, strlen(port)));
    bool six = strchr(host, ':') != NULL && *host != '[';
    int len = snprintf(url, sizeof url, "https://%s%s%s:%lu", six ? "[" : "", host, six ? "]" : "",
                       number);
    if (len >= (int)sizeof url || strchr(host, '/') != NULL)
        return sy_fail(err, SY_EINVAL, "KUBERNETES_SERVICE_HOST: '%s' is no host",
                       sy_quote(shown, sizeof shown, host, strlen(host)));
    if (sy_kube_config_set_server(config, url, err) != SY_OK)
        return sy_wrap(err, "KUBERNETES_SERVICE_HOST");
    return SY_OK;
}

/* The files of the service account; only the namespace may be missing. */
static enum sy_code account(struct sy_kube_config *config, const char *folder, struct sy_err *err)
{
    char path[4096];
    sy_autofree char *text = NULL;
    size_t len;
    if (strlen(folder) > sizeof path - sizeof "/namespace")
        return sy_fail(err, SY_ELIMIT, "the folder's name is too long");
    (void)snprintf(path, sizeof path, "%s/token", folder);
    config->token_file = sy_strdup(path);
    (void)snprintf(path, sizeof path, "%s/ca.crt", folder);
    config->ca_file = sy_strdup(path);
    if (config->token_file == NULL || config->ca_file == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_kube_token_read(config->token_file, &text, err);
    sy_free(SY_TAKE(text));
    if (code == SY_OK)
        code = sy_file_read(config->ca_file, (size_t)1 << 20, &text, &len, err);
    if (code != SY_OK)
        return code;
    sy_free(SY_TAKE(text));
    (void)snprintf(path, sizeof path, "%s/namespace", folder);
    struct sy_err none = {0};
    code = sy_file_read(path, NAMESPACE_MAX + 1, &text, &len, &none);
    if (code == SY_ENOENT)
        return SY_OK;
    if (code != SY_OK)
        return sy_fail(err, code, "%s", none.text);
    text[strcspn(text, "\n")] = '\0';
    config->namespace = SY_TAKE(text);
    return SY_OK;
}

enum sy_code sy_kube_config_in_cluster(const char *folder, struct sy_kube_config **ret,
                                       struct sy_err *err)
{
    struct sy_kube_config *config = sy_kube_config_new();
    if (config == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the configuration of the cluster");
    enum sy_code code = server_of_environment(config, err);
    if (code == SY_OK)
        code = account(
            config, folder != NULL ? folder : "/var/run/secrets/kubernetes.io/serviceaccount", err);
    if (code == SY_OK)
        *ret = config;
    else
        sy_kube_config_free(config);
    return code;
}
