/* SPDX-License-Identifier: Apache-2.0 */
/* What makes the agent look before its time: the kernel's events of PCI devices, and the kubelet's
 * writing of its device checkpoint. Each is a help that may be missing: where a container is not
 * given one, the agent looks at its usual intervals. */
#ifndef SY_AGENT_NOTICE_H
#define SY_AGENT_NOTICE_H

#include <stdbool.h>

struct sy_notice {
    int uevents;    /* netlink socket, -1 = none */
    int checkpoint; /* inotify, -1 = none */
    char name[256]; /* of the checkpoint's file in its folder */
};

/* `checkpoint`: path, NULL = none. `live`: this machine's own tree is looked at. Never fails. */
void sy_notice_init(struct sy_notice *notice, const char *checkpoint, bool live);
void sy_notice_done(struct sy_notice *notice);
/* Read away what is there; was it of a PCI device (of the checkpoint)? */
bool sy_notice_pci(struct sy_notice *notice);
bool sy_notice_checkpoint(struct sy_notice *notice);

#endif
