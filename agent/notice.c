/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/notice.h"

#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_GROUP 1u /* of uevents: the kernel's own, before udev has seen them */
#define EVENT_MAX 8192

static int open_uevents(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* The folder is watched: the kubelet writes a new file and renames it. */
static int watch_folder(struct sy_notice *notice, const char *path)
{
    char folder[4096] = ".";
    const char *slash = strrchr(path, '/');
    if (slash != NULL &&
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path) >=
            (int)sizeof folder)
        return -1;
    (void)snprintf(notice->name, sizeof notice->name, "%s", slash != NULL ? slash + 1 : path);
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0 && inotify_add_watch(fd, folder, IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

void sy_notice_init(struct sy_notice *notice, const char *checkpoint, bool live)
{
    *notice = (struct sy_notice){.uevents = -1, .checkpoint = -1};
    if (live)
        notice->uevents = open_uevents();
    if (checkpoint != NULL)
        notice->checkpoint = watch_folder(notice, checkpoint);
}

void sy_notice_done(struct sy_notice *notice)
{
    if (notice->uevents >= 0)
        (void)close(notice->uevents);
    if (notice->checkpoint >= 0)
        (void)close(notice->checkpoint);
    *notice = (struct sy_notice){.uevents = -1, .checkpoint = -1};
}

/* An event is "ACTION@PATH", then KEY=VALUE texts, each with its NUL. */
static bool is_pci(const char *event, size_t len)
{
    for (size_t i = 0; i < len; i += strnlen(event + i, len - i) + 1)
        if (strcmp(event + i, "SUBSYSTEM=pci") == 0)
            return true;
    return false;
}

bool sy_notice_pci(struct sy_notice *notice)
{
    char event[EVENT_MAX + 1];
    bool any = false;
    ssize_t n;
    while (notice->uevents >= 0 && (n = recv(notice->uevents, event, EVENT_MAX, 0)) > 0) {
        event[n] = '\0';
        any = any || is_pci(event, (size_t)n);
    }
    return any;
}

bool sy_notice_checkpoint(struct sy_notice *notice)
{
    _Alignas(struct inotify_event) char buffer[4096];
    bool any = false;
    ssize_t n;
    while (notice->checkpoint >= 0 && (n = read(notice->checkpoint, buffer, sizeof buffer)) > 0) {
        for (ssize_t at = 0; at < n;) {
            struct inotify_event event;
            memcpy(&event, buffer + at, sizeof event);
            const char *name = buffer + at + sizeof event;
            any = any || (event.len > 0 && strcmp(name, notice->name) == 0);
            at += (ssize_t)(sizeof event + event.len);
        }
    }
    return any;
}
