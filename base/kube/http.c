/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/http.h"

#include "base/kube/status.h"
#include "base/str.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CONNECT_MS 5000L
#define URL_MAX 16384u /* a continue token has some hundred bytes */
#define KEEPALIVE_S 15L

struct sy_kube_http {
    CURLM *multi;
};

struct sy_kube_http_transfer {
    struct sy_kube_http *http;
    void *owner;
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    bool (*take)(void *data, const char *bytes, size_t len);
    void *data;
    bool active, answered, broken_off;
    char peer[64]; /* HOST:PORT, for messages */
    char why[CURL_ERROR_SIZE];
};

int64_t sy_kube_http_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum sy_code sy_kube_http_new(struct sy_kube_http **ret, struct sy_err *err)
{
    struct sy_kube_http *http = sy_calloc(1, sizeof *http);
    if (http == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for connections");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        sy_free(http);
        return sy_fail(err, SY_EIO, "libcurl cannot be started");
    }
    http->multi = curl_multi_init();
    if (http->multi == NULL) {
        sy_kube_http_free(http);
        return sy_fail(err, SY_ENOMEM, "out of memory for connections");
    }
    *ret = http;
    return SY_OK;
}

void sy_kube_http_free(struct sy_kube_http *http)
{
    if (http == NULL)
        return;
    (void)curl_multi_cleanup(http->multi);
    curl_global_cleanup();
    sy_free(http);
}

static size_t on_data(char *bytes, size_t size, size_t n, void *data)
{
    struct sy_kube_http_transfer *transfer = data;
    if (transfer->take(transfer->data, bytes, size * n))
        return size * n;
    transfer->broken_off = true;
    return 0;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *data)
{
    struct sy_kube_http_transfer *transfer = data;
    (void)bytes;
    transfer->answered = true;
    return size * n;
}

enum sy_code sy_kube_http_transfer_new(struct sy_kube_http *http, void *owner,
                                       struct sy_kube_http_transfer **ret, struct sy_err *err)
{
    struct sy_kube_http_transfer *transfer = sy_calloc(1, sizeof *transfer);
    CURL *easy = transfer != NULL ? curl_easy_init() : NULL;
    if (easy == NULL) {
        sy_free(transfer);
        return sy_fail(err, SY_ENOMEM, "out of memory for a connection");
    }
    transfer->http = http;
    transfer->owner = owner;
    transfer->easy = easy;
    *ret = transfer;
    return SY_OK;
}

static void drop_lists(struct sy_kube_http_transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->connect_to);
    transfer->headers = transfer->connect_to = NULL;
}

void sy_kube_http_transfer_free(struct sy_kube_http_transfer *transfer)
{
    if (transfer == NULL)
        return;
    sy_kube_http_cancel(transfer);
    curl_easy_cleanup(transfer->easy);
    drop_lists(transfer);
    sy_free(transfer);
}

void sy_kube_http_cancel(struct sy_kube_http_transfer *transfer)
{
    if (transfer->active)
        (void)curl_multi_remove_handle(transfer->http->multi, transfer->easy);
    transfer->active = false;
}

unsigned sy_kube_http_status(const struct sy_kube_http_transfer *transfer)
{
    long status = 0;
    if (transfer->answered)
        (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 ? (unsigned)status : 0; /* 100 Continue is no answer yet */
}

/* "NAME: VALUE", or VALUE where the name is "", into a list; false when out of memory. */
static bool add_line(struct curl_slist **list, const char *name, const char *value)
{
    struct sy_str line;
    sy_str_init(&line, SIZE_MAX);
    sy_str_printf(&line, "%s%s%s", name, *name != '\0' ? ": " : "", value);
    struct curl_slist *longer = sy_str_failed(&line) ? NULL : curl_slist_append(*list, line.data);
    sy_str_done(&line);
    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

static bool is_header_text(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static bool is_path(const char *path)
{
    for (const char *c = path; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || *c == '#')
            return false;
    return path[0] == '/';
}

static enum sy_code make_headers(struct sy_kube_http_transfer *transfer,
                                 const struct sy_kube_http_request *request, struct sy_err *err)
{
    if (!is_header_text(request->token) || !is_header_text(request->content_type) ||
        !is_header_text(request->user_agent))
        return sy_fail(err, SY_EINVAL, "a header holds a character that none may have");
    struct curl_slist **list = &transfer->headers;
    bool ok = add_line(list, "Accept", "application/json") && add_line(list, "", "Expect:");
    if (ok && request->token != NULL) {
        struct sy_str value;
        sy_str_init(&value, SIZE_MAX);
        sy_str_printf(&value, "Bearer %s", request->token);
        ok = !sy_str_failed(&value) && add_line(list, "Authorization", value.data);
        sy_str_done(&value);
    }
    if (ok && request->body != NULL)
        ok = add_line(list, "Content-Type",
                      request->content_type != NULL ? request->content_type : "application/json");
    return ok ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for a request");
}

/* The URL; where the server's certificate has another name, the URL has that name, and the
 * connection goes to the server all the same. */
static enum sy_code make_url(struct sy_kube_http_transfer *transfer,
                             const struct sy_kube_http_request *request, struct sy_str *url,
                             struct sy_err *err)
{
    const char *server = request->config->server, *name = request->config->tls_server_name;
    const char *host = strstr(server, "://") + 3, *end = host + strcspn(host, "/");
    const char *port = *host == '[' ? strchr(host, ']') : host;
    port = port != NULL ? memchr(port, ':', (size_t)(end - port)) : NULL;
    bool secure = strncmp(server, "https:", 6) == 0, ok = true;
    (void)snprintf(transfer->peer, sizeof transfer->peer, "%.*s%s", (int)(end - host), host,
                   port != NULL ? ""
                   : secure     ? ":443"
                                : ":80");
    if (!is_path(request->path))
        return sy_fail(err, SY_EINVAL, "a path holds a character that no URL has, or no '/'");
    if (name != NULL && secure) {
        char to[512];
        int len = snprintf(to, sizeof to, "::%.*s%s", (int)(end - host), host,
                           port != NULL ? "" : ":443");
        ok = len < (int)sizeof to && add_line(&transfer->connect_to, "", to);
        if (len < (int)sizeof to)
            ok = ok && add_line(&transfer->headers, "Host", transfer->peer);
        sy_str_printf(url, "https://%s%.*s%s%s", name, port != NULL ? (int)(end - port) : 0,
                      port != NULL ? port : "", end, request->path);
    } else {
        sy_str_printf(url, "%s%s", server, request->path);
    }
    if (url->data != NULL && sy_str_failed(url) && url->len + 1 > URL_MAX)
        return sy_fail(err, SY_ELIMIT, "a URL of more than %u bytes", URL_MAX);
    return ok && !sy_str_failed(url) ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for a URL");
}

#define SET(option, value) (ok = ok && curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

static bool set_tls(CURL *easy, const struct sy_kube_config *config)
{
    bool ok = true;
    if (config->ca_file != NULL)
        SET(CURLOPT_CAINFO, config->ca_file);
    if (config->insecure) {
        SET(CURLOPT_CAINFO, (char *)NULL); /* the system's are megabytes, for nothing */
        SET(CURLOPT_CAPATH, (char *)NULL);
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (config->cert_file != NULL) {
        SET(CURLOPT_SSLCERT, config->cert_file);
        SET(CURLOPT_SSLKEY, config->key_file);
    }
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    return ok;
}

static bool set_options(struct sy_kube_http_transfer *transfer,
                        const struct sy_kube_http_request *request, const char *url)
{
    CURL *easy = transfer->easy;
    bool ok = true;
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    SET(CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
    SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
    SET(CURLOPT_PROXY, request->config->proxy_url != NULL ? request->config->proxy_url : "");
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_CONNECT_TO, transfer->connect_to);
    SET(CURLOPT_USERAGENT, request->user_agent);
    SET(CURLOPT_CUSTOMREQUEST, request->method);
    if (request->gzip)
        SET(CURLOPT_ACCEPT_ENCODING, "gzip");
    if (request->body != NULL) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        SET(CURLOPT_POSTFIELDS, request->body);
    }
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, (void *)transfer);
    SET(CURLOPT_WRITEFUNCTION, on_data);
    SET(CURLOPT_WRITEDATA, (void *)transfer);
    SET(CURLOPT_ERRORBUFFER, transfer->why);
    SET(CURLOPT_PRIVATE, (void *)transfer);
    return ok && set_tls(easy, request->config);
}

enum sy_code sy_kube_http_start(struct sy_kube_http_transfer *transfer,
                                const struct sy_kube_http_request *request, struct sy_err *err)
{
    struct sy_str url;
    curl_easy_reset(transfer->easy); /* its connections stay */
    drop_lists(transfer);
    transfer->take = request->take;
    transfer->data = request->data;
    transfer->answered = transfer->broken_off = false;
    transfer->why[0] = '\0';
    sy_str_init(&url, URL_MAX);
    enum sy_code code = make_headers(transfer, request, err);
    if (code == SY_OK)
        code = make_url(transfer, request, &url, err);
    if (code == SY_OK && !set_options(transfer, request, url.data))
        code = sy_fail(err, SY_EIO, "%s: libcurl refuses the request", transfer->peer);
    sy_str_done(&url);
    if (code != SY_OK)
        return code;
    if (curl_multi_add_handle(transfer->http->multi, transfer->easy) != CURLM_OK)
        return sy_fail(err, SY_ENOMEM, "out of memory for a request");
    transfer->active = true;
    return SY_OK;
}

void sy_kube_http_turn(struct sy_kube_http *http, unsigned wait_ms)
{
    int running;
    (void)curl_multi_poll(http->multi, NULL, 0, (int)wait_ms, NULL);
    (void)curl_multi_perform(http->multi, &running);
}

void *sy_kube_http_ended(struct sy_kube_http *http, struct sy_kube_http_result *ret)
{
    int left;
    CURLMsg *message;
    do {
        message = curl_multi_info_read(http->multi, &left);
        if (message == NULL)
            return NULL;
    } while (message->msg != CURLMSG_DONE);
    char *private;
    CURLcode code = message->data.result;
    curl_off_t retry_s = 0;
    (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
    struct sy_kube_http_transfer *transfer = (struct sy_kube_http_transfer *)(void *)private;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_s);
    if (retry_s > SY_KUBE_RETRY_AFTER_MAX_S)
        retry_s = SY_KUBE_RETRY_AFTER_MAX_S;
    *ret =
        (struct sy_kube_http_result){.status = sy_kube_http_status(transfer),
                                     .retry_after_ms = retry_s > 0 ? (unsigned)retry_s * 1000 : 0,
                                     .whole = code == CURLE_OK,
                                     .broken_off = transfer->broken_off};
    if (code != CURLE_OK) {
        const char *why = transfer->why[0] != '\0' ? transfer->why : curl_easy_strerror(code);
        int len = snprintf(ret->why, sizeof ret->why, "%s: %s", transfer->peer, why);
        for (int i = 0; i < len && ret->why[i] != '\0'; i++)
            if (ret->why[i] < ' ' || ret->why[i] > '~')
                ret->why[i] = '?';
    }
    sy_kube_http_cancel(transfer);
    return transfer->owner;
}

void sy_kube_http_wake(struct sy_kube_http *http)
{
    (void)curl_multi_wakeup(http->multi);
}
