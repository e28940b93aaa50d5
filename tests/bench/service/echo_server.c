/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of the service's times: a libmicrohttpd handler that sends back what it got. The answer
 * to /cut/N has N bytes, so that it is as long as the service's. Prints its port. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct body {
    char *text;
    size_t len, size;
};

static enum MHD_Result take(struct body *body, const char *data, size_t len)
{
    if (body->len + len > body->size) {
        size_t size = 2 * (body->len + len);
        char *text = realloc(body->text, size);
        if (text == NULL)
            return MHD_NO;
        body->text = text;
        body->size = size;
    }
    memcpy(body->text + body->len, data, len);
    body->len += len;
    return MHD_YES;
}

static enum MHD_Result answer(struct MHD_Connection *connection, struct body *body, const char *url)
{
    size_t len = strncmp(url, "/cut/", 5) == 0 ? strtoul(url + 5, NULL, 10) : body->len;
    char *text = realloc(body->text, len > 0 ? len : 1);
    if (text == NULL)
        return MHD_NO;
    body->text = NULL;
    if (len > body->len)
        memset(text + body->len, ' ', len - body->len);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result handle(void *data, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **context)
{
    (void)data, (void)method, (void)version;
    struct body *body = *context;
    if (body == NULL) {
        *context = calloc(1, sizeof *body);
        return *context != NULL ? MHD_YES : MHD_NO;
    }
    if (*upload_size == 0)
        return answer(connection, body, url);
    size_t len = *upload_size;
    *upload_size = 0;
    return take(body, upload, len);
}

static void done(void *data, struct MHD_Connection *connection, void **context,
                 enum MHD_RequestTerminationCode code)
{
    (void)data, (void)connection, (void)code;
    struct body *body = *context;
    if (body != NULL)
        free(body->text);
    free(body);
}

int main(void)
{
    sigset_t ending;
    int number;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ending, NULL);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, &at,
        MHD_OPTION_NOTIFY_COMPLETED, done, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)128 << 10, MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    (void)printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    (void)sigwait(&ending, &number);
    MHD_stop_daemon(daemon);
    return 0;
}
