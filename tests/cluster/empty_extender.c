/* SPDX-License-Identifier: Apache-2.0
 *
 * An extender that decides nothing: it lets every node pass and gives each the
 * score 0. It shows what kube-scheduler pays for calling any extender at all.
 *
 * The names are copied as text; nothing is parsed, so it answers bodies of
 * kube-scheduler only. It prints its port and serves until it is ended.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct body {
    char *text;
    size_t size;
    size_t room;
};

static int append(struct body *body, const char *text, size_t size)
{
    if (body->size + size + 1 > body->room) {
        size_t room = 2 * (body->size + size + 1);
        char *grown = realloc(body->text, room);
        if (!grown)
            return -1;
        body->text = grown;
        body->room = room;
    }
    memcpy(body->text + body->size, text, size);
    body->size += size;
    body->text[body->size] = '\0';
    return 0;
}

/* The array of names, brackets included, as it stands in the request. */
static const char *find_names(const struct body *request, size_t *size)
{
    static const char key[] = "\"NodeNames\":[";
    const char *found = NULL, *from = request->text;

    /* The key is the last of the object; the pod before it may hold the same text. */
    while (from && (from = strstr(from, key))) {
        found = from + sizeof key - 2;
        from++;
    }
    const char *end = found ? strchr(found, ']') : NULL;
    if (!end)
        return NULL;
    *size = (size_t)(end + 1 - found);
    return found;
}

static int answer_filter(const struct body *request, struct body *answer)
{
    size_t size;
    const char *names = find_names(request, &size);
    static const char head[] = "{\"Nodes\":null,\"NodeNames\":";
    static const char tail[] =
        ",\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}";

    if (!names)
        return -1;
    return append(answer, head, sizeof head - 1) || append(answer, names, size) ||
           append(answer, tail, sizeof tail - 1);
}

static int answer_prioritize(const struct body *request, struct body *answer)
{
    size_t size;
    const char *names = find_names(request, &size);

    if (!names || append(answer, "[", 1))
        return -1;
    const char *end = names + size, *at = names + 1;
    while (at < end && *at == '"') {
        const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));
        if (!close)
            return -1;
        if (append(answer, "{\"Host\":", 8) || append(answer, at, (size_t)(close + 1 - at)) ||
            append(answer, ",\"Score\":0}", 11))
            return -1;
        at = close + 1;
        if (*at == ',') {
            if (append(answer, ",", 1))
                return -1;
            at++;
        }
    }
    return append(answer, "]", 1);
}

static enum MHD_Result handle(void *closure, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **context)
{
    (void)closure, (void)method, (void)version;
    struct body *request = *context;

    if (!request) {
        *context = request = calloc(1, sizeof *request);
        return request ? MHD_YES : MHD_NO;
    }
    if (*data_size > 0) {
        int bad = append(request, data, *data_size);
        *data_size = 0;
        return bad ? MHD_NO : MHD_YES;
    }

    struct body answer = {0};
    int bad = strcmp(url, "/filter") == 0       ? answer_filter(request, &answer)
              : strcmp(url, "/prioritize") == 0 ? answer_prioritize(request, &answer)
                                                : -1;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(bad ? 0 : answer.size, answer.text, MHD_RESPMEM_MUST_FREE);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, bad ? 400 : 200, response);
    MHD_destroy_response(response);
    return result;
}

static void done(void *closure, struct MHD_Connection *connection, void **context,
                 enum MHD_RequestTerminationCode code)
{
    (void)closure, (void)connection, (void)code;
    struct body *request = *context;

    if (request)
        free(request->text);
    free(request);
    *context = NULL;
}

int main(void)
{
    struct sockaddr_in loopback = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sigset_t ending;
    int signal_number;

    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigprocmask(SIG_BLOCK, &ending, NULL);

    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, NULL,
                         MHD_OPTION_SOCK_ADDR, &loopback, MHD_OPTION_NOTIFY_COMPLETED, done, NULL,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)262144, MHD_OPTION_END);
    if (!daemon) {
        fprintf(stderr, "empty_extender: cannot listen\n");
        return 1;
    }
    printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    sigwait(&ending, &signal_number);
    MHD_stop_daemon(daemon);
    return 0;
}
