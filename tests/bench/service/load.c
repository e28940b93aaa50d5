/* SPDX-License-Identifier: Apache-2.0 */
/* A client that does what kube-scheduler does: POST a body over one kept connection, again and
 * again. load PORT PATH BODY-FILE WARM COUNT prints "p50_us p99_us max_us answer_bytes". A '%' in
 * the body's file is replaced by the number of the call, so that every call may be another pod;
 * give a file without one to repeat the same. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)64 << 20)

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static char *read_file(const char *path, size_t *ret_len)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &info) != 0)
        fail(path);
    char *text = malloc((size_t)info.st_size + 1);
    if (text == NULL || fread(text, 1, (size_t)info.st_size, file) != (size_t)info.st_size)
        fail(path);
    text[info.st_size] = '\0';
    (void)fclose(file);
    *ret_len = (size_t)info.st_size;
    return text;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        fail("connect");
    return fd;
}

static void send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            fail("send");
        data += n;
        len -= (size_t)n;
    }
}

/* Reads one answer; its body's length. Anything but 200 with a Content-Length ends the program. */
static size_t receive(int fd, char *buffer)
{
    size_t len = 0;
    char *end = NULL;
    while (end == NULL) {
        ssize_t n = recv(fd, buffer + len, ANSWER_MAX - len, 0);
        if (n <= 0)
            fail("recv");
        len += (size_t)n;
        buffer[len] = '\0';
        end = strstr(buffer, "\r\n\r\n");
    }
    const char *length = strcasestr(buffer, "content-length:");
    if (strncmp(buffer, "HTTP/1.1 200", 12) != 0 || length == NULL || length > end) {
        (void)fprintf(stderr, "%.300s\n", buffer);
        exit(1);
    }
    size_t body = strtoul(length + strlen("content-length:"), NULL, 10);
    size_t total = (size_t)(end + 4 - buffer) + body;
    while (len < total) {
        ssize_t n = recv(fd, buffer + len, ANSWER_MAX - len, 0);
        if (n <= 0)
            fail("recv");
        len += (size_t)n;
    }
    return body;
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        (void)fprintf(stderr, "usage: load PORT PATH BODY-FILE WARM COUNT\n");
        return 64;
    }
    size_t len;
    char *body = read_file(argv[3], &len);
    long warm = atol(argv[4]), count = atol(argv[5]);
    char *buffer = malloc(ANSWER_MAX + 1), *request = malloc(len + 512);
    int64_t *took = calloc((size_t)count, sizeof *took);
    if (buffer == NULL || request == NULL || took == NULL || count < 1)
        fail("memory");
    char *mark = memchr(body, '%', len);
    int fd = connect_to((unsigned)atoi(argv[1]));
    size_t answered = 0;
    for (long i = -warm; i < count; i++) {
        char number[16] = "";
        int digits = mark != NULL ? snprintf(number, sizeof number, "%ld", i + warm) : 0;
        size_t length = len + (mark != NULL ? (size_t)digits - 1 : 0);
        int head = sprintf(request,
                           "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load\r\n"
                           "Content-Length: %zu\r\nContent-Type: application/json\r\n\r\n",
                           argv[2], length);
        char *at = request + head;
        size_t before = mark != NULL ? (size_t)(mark - body) : len;
        memcpy(at, body, before);
        memcpy(at + before, number, (size_t)digits);
        if (mark != NULL)
            memcpy(at + before + digits, mark + 1, len - before - 1);
        int64_t from = now_ns();
        send_all(fd, request, (size_t)head + length);
        answered = receive(fd, buffer);
        if (i >= 0)
            took[i] = now_ns() - from;
    }
    qsort(took, (size_t)count, sizeof *took, compare);
    (void)printf("%.1f %.1f %.1f %zu\n", (double)took[count / 2] / 1e3,
                 (double)took[count * 99 / 100] / 1e3, (double)took[count - 1] / 1e3, answered);
    (void)close(fd);
    return 0;
}
