/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/grpc.h"

#include "base/str.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>

#define PREFIX 5u                  /* before each message: compressed or not, length (big endian) */
#define TIMEOUT_MAX_MS 99999999u   /* grpc-timeout has at most 8 digits */
#define FIRST_SIZE ((size_t)65536) /* of the buffer, which doubles */

/* One call under way: what the callbacks gather. */
struct exchange {
    const struct sy_grpc_call *call;
    size_t max_bytes;
    unsigned timeout_ms;
    unsigned char *data; /* prefix and message */
    size_t len, size;
    bool typed; /* the content type is gRPC's */
    bool ended; /* a status came */
    uint8_t status;
    char content_type[64], message[256], curl_text[CURL_ERROR_SIZE];
    struct sy_err refused; /* why a callback broke the transfer off */
};

const char *sy_grpc_status_name(unsigned status)
{
    static const char *const names[] = {
#define X(id, number, name) [number] = (name),
        SY_GRPC_STATUSES(X)
#undef X
    };
    return status < SY_GRPC_STATUS_COUNT ? names[status] : "UNKNOWN";
}

void sy_grpc_answer_done(struct sy_grpc_answer *answer)
{
    sy_free(answer->data);
    answer->data = NULL;
    answer->len = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* grpc-message is percent-encoded; what is no encoding stands for itself. */
static void take_message(struct exchange *x, const char *value, size_t len)
{
    char plain[sizeof x->message];
    size_t n = 0;
    for (size_t i = 0; i < len && n < sizeof plain; i++) {
        int high = value[i] == '%' && i + 2 < len ? hex_digit(value[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(value[i + 2]) : -1;
        plain[n++] = low >= 0 ? (char)(high * 16 + low) : value[i];
        i += low >= 0 ? 2 : 0;
    }
    (void)sy_quote(x->message, sizeof x->message, plain, n);
}

static bool take_status(struct exchange *x, const char *value, size_t len)
{
    unsigned number = 0;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9' || len > 4) {
            char quoted[64];
            (void)sy_quote(quoted, sizeof quoted, value, len);
            (void)sy_fail(&x->refused, SY_EPARSE, "grpc-status '%s' is no number", quoted);
            return false;
        }
        number = number * 10 + (unsigned)(value[i] - '0');
    }
    x->status = number < SY_GRPC_STATUS_COUNT ? (uint8_t)number : SY_GRPC_UNKNOWN;
    x->ended = len > 0;
    return true;
}

/* "application/grpc", also with "+proto" or a parameter. */
static void take_type(struct exchange *x, const char *value, size_t len)
{
    static const char ours[] = "application/grpc";
    size_t n = sizeof ours - 1;
    x->typed = len >= n && strncasecmp(value, ours, n) == 0 &&
               (len == n || value[n] == '+' || value[n] == ';');
    (void)sy_quote(x->content_type, sizeof x->content_type, value, len);
}

/* A header or trailer, "name: value\r\n": both come here, a trailer after the body. */
static size_t on_header(char *line, size_t size, size_t n, void *data)
{
    struct exchange *x = data;
    size_t len = size * n;
    const char *colon = memchr(line, ':', len);
    if (colon == NULL)
        return len;
    const char *value = colon + 1, *end = line + len;
    size_t name_len = (size_t)(colon - line);
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (unsigned char)end[-1] <= ' ')
        end--;
    size_t value_len = (size_t)(end - value);
    if (name_len == 12 && strncasecmp(line, "content-type", 12) == 0)
        take_type(x, value, value_len);
    else if (name_len == 12 && strncasecmp(line, "grpc-message", 12) == 0)
        take_message(x, value, value_len);
    else if (name_len == 11 && strncasecmp(line, "grpc-status", 11) == 0)
        return take_status(x, value, value_len) ? len : 0;
    return len;
}

static size_t message_len(const struct exchange *x)
{
    return (size_t)x->data[1] << 24 | (size_t)x->data[2] << 16 | (size_t)x->data[3] << 8 |
           x->data[4];
}

/* What has come is the beginning of one message that is not too long. */
static bool check_frame(struct exchange *x)
{
    if (x->len > 0 && x->data[0] != 0)
        (void)sy_fail(&x->refused, SY_EPARSE, "a compressed message, which was not asked for");
    else if (x->len >= PREFIX && message_len(x) > x->max_bytes)
        (void)sy_fail(&x->refused, SY_ELIMIT, "an answer of %zu bytes, at most %zu are read",
                      message_len(x), x->max_bytes);
    else if (x->len >= PREFIX && x->len - PREFIX > message_len(x))
        (void)sy_fail(&x->refused, SY_EPARSE, "bytes after the message of %zu bytes",
                      message_len(x));
    return x->refused.code == SY_OK;
}

static bool make_room(struct exchange *x, size_t more)
{
    size_t size = x->size == 0 ? FIRST_SIZE : x->size;
    while (size - x->len < more)
        size *= 2;
    if (size == x->size)
        return true;
    unsigned char *grown = sy_realloc(x->data, size);
    if (grown == NULL) {
        (void)sy_fail(&x->refused, SY_ENOMEM, "out of memory");
        return false;
    }
    x->data = grown;
    x->size = size;
    return true;
}

static size_t on_data(char *bytes, size_t size, size_t n, void *data)
{
    struct exchange *x = data;
    size_t len = size * n; /* at most CURL_MAX_WRITE_SIZE */
    if (!x->typed)
        return len; /* some other server's page; said at the end */
    if (!make_room(x, len))
        return 0;
    memcpy(x->data + x->len, bytes, len);
    x->len += len;
    return check_frame(x) ? len : 0;
}

static enum sy_code check_socket(const char *path, struct sy_err *err)
{
    struct stat info;
    size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strlen(path) > max)
        return sy_fail(err, SY_EINVAL, "the path of a socket has at most %zu bytes", max);
    if (stat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return sy_fail(err, SY_ENOENT, "no such socket");
    if (stat(path, &info) != 0)
        return sy_fail(err, SY_EIO, "cannot look at the socket: %s", strerror(errno));
    if (!S_ISSOCK(info.st_mode))
        return sy_fail(err, SY_EINVAL, "not a socket");
    return SY_OK;
}

static bool add_header(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer == NULL)
        return false;
    *list = longer;
    return true;
}

static struct curl_slist *make_headers(unsigned timeout_ms)
{
    char timeout[40];
    (void)snprintf(timeout, sizeof timeout, "grpc-timeout: %um", timeout_ms);
    struct curl_slist *list = NULL;
    if (add_header(&list, "content-type: application/grpc") && add_header(&list, "te: trailers") &&
        add_header(&list, timeout) && add_header(&list, "accept:"))
        return list;
    curl_slist_free_all(list);
    return NULL;
}

/* The request as it goes over the wire: prefix and message. Freed with sy_free. */
static unsigned char *make_body(const struct sy_grpc_call *call)
{
    assert(call->request_len <= SY_GRPC_MESSAGE_MAX);
    unsigned char *body = sy_malloc(PREFIX + call->request_len);
    if (body == NULL)
        return NULL;
    body[0] = 0;
    for (unsigned i = 0; i < 4; i++)
        body[1 + i] = (unsigned char)(call->request_len >> (24 - 8 * i));
    if (call->request_len > 0)
        memcpy(body + PREFIX, call->request, call->request_len);
    return body;
}

/* Options that may fail do so for want of memory alone. */
static bool set_options(CURL *curl, struct exchange *x, const char *url, const void *body,
                        struct curl_slist *headers)
{
    long timeout_ms = (long)x->timeout_ms;
    curl_off_t body_len = (curl_off_t)(PREFIX + x->call->request_len);
#define SET(option, value) (curl_easy_setopt(curl, (option), (value)) == CURLE_OK)
    return SET(CURLOPT_URL, url) && SET(CURLOPT_UNIX_SOCKET_PATH, x->call->socket_path) &&
           SET(CURLOPT_PROXY, "") && SET(CURLOPT_PROTOCOLS_STR, "http") &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE) &&
           SET(CURLOPT_HTTPHEADER, headers) && SET(CURLOPT_POST, 1L) &&
           SET(CURLOPT_POSTFIELDS, body) && SET(CURLOPT_POSTFIELDSIZE_LARGE, body_len) &&
           SET(CURLOPT_TIMEOUT_MS, timeout_ms) && SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms) &&
           SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_ERRORBUFFER, x->curl_text) &&
           SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, x) &&
           SET(CURLOPT_WRITEFUNCTION, on_data) && SET(CURLOPT_WRITEDATA, x);
#undef SET
}

static enum sy_code explain(CURL *curl, CURLcode failed, const struct exchange *x,
                            struct sy_err *err)
{
    char text[200];
    long number = 0;
    const char *why = x->curl_text[0] != '\0' ? x->curl_text : curl_easy_strerror(failed);
    if (x->refused.code != SY_OK)
        return sy_fail(err, x->refused.code, "%s", x->refused.text);
    if (failed == CURLE_OUT_OF_MEMORY)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    if (failed == CURLE_OPERATION_TIMEDOUT)
        return sy_fail(err, SY_EIO, "no answer within %u ms", x->timeout_ms);
    if (failed == CURLE_COULDNT_CONNECT &&
        curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number) == CURLE_OK && number != 0)
        return sy_fail(err, SY_EIO, "cannot connect: %s", strerror((int)number));
    return sy_fail(err, SY_EIO, "broken off: %s", sy_quote(text, sizeof text, why, strlen(why)));
}

/* The transfer went well: is what came a gRPC answer? */
static enum sy_code check_answer(CURL *curl, const struct exchange *x, struct sy_err *err)
{
    long http = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
    if (http != 200)
        return sy_fail(err, SY_EPARSE, "not a gRPC server: HTTP status %ld", http);
    if (!x->typed)
        return sy_fail(err, SY_EPARSE, "not a gRPC server: content type '%s'", x->content_type);
    if (!x->ended)
        return sy_fail(err, SY_EPARSE, "the answer ended without a gRPC status");
    if (x->status != SY_GRPC_OK)
        return SY_OK;
    if (x->len < PREFIX)
        return sy_fail(err, SY_EPARSE, "status OK without a message");
    if (x->len - PREFIX < message_len(x))
        return sy_fail(err, SY_EPARSE, "a message of %zu bytes ended after %zu", message_len(x),
                       x->len - PREFIX);
    return SY_OK;
}

static enum sy_code perform(CURL *curl, struct exchange *x, const char *url, struct sy_err *err)
{
    sy_autofree unsigned char *body = make_body(x->call);
    struct curl_slist *headers = make_headers(x->timeout_ms);
    enum sy_code code;
    if (body == NULL || headers == NULL || !set_options(curl, x, url, body, headers)) {
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    } else {
        CURLcode failed = curl_easy_perform(curl);
        code = failed != CURLE_OK ? explain(curl, failed, x, err) : check_answer(curl, x, err);
    }
    curl_slist_free_all(headers);
    return code;
}

static enum sy_code call_server(struct exchange *x, struct sy_err *err)
{
    char url[256];
    int len = snprintf(url, sizeof url, "http://localhost%s", x->call->method);
    assert(x->call->method[0] == '/' && len > 0 && (size_t)len < sizeof url);
    enum sy_code code = check_socket(x->call->socket_path, err);
    if (code != SY_OK)
        return code;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* counted, and thread-safe */
        return sy_fail(err, SY_EIO, "libcurl cannot be started");
    CURL *curl = curl_easy_init();
    code = curl != NULL ? perform(curl, x, url, err) : sy_fail(err, SY_ENOMEM, "out of memory");
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return code;
}

enum sy_code sy_grpc_call(const struct sy_grpc_call *call, struct sy_grpc_answer *ret,
                          struct sy_err *err)
{
    struct exchange x = {
        .call = call,
        .max_bytes = call->max_bytes != 0 && call->max_bytes < SY_GRPC_MESSAGE_MAX
                         ? call->max_bytes
                         : SY_GRPC_MESSAGE_MAX,
        .timeout_ms = call->timeout_ms == 0 ? SY_GRPC_TIMEOUT_MS : call->timeout_ms,
    };
    struct sy_err why = {0};
    if (x.timeout_ms > TIMEOUT_MAX_MS)
        x.timeout_ms = TIMEOUT_MAX_MS;
    enum sy_code code = call_server(&x, &why);
    if (code != SY_OK) {
        sy_free(x.data);
        return sy_fail(err, code, "%.150s %s: %s", call->socket_path, call->method, why.text);
    }
    *ret = (struct sy_grpc_answer){.status = x.status};
    memcpy(ret->message, x.message, sizeof ret->message);
    if (x.status == SY_GRPC_OK) {
        ret->len = x.len - PREFIX;
        memmove(x.data, x.data + PREFIX, ret->len);
        ret->data = x.data;
    } else {
        sy_free(x.data);
    }
    return SY_OK;
}
