/* SPDX-License-Identifier: Apache-2.0 */
/* A feed that is a directory: NODE.xml (hwloc or NCCL) or NODE.json (a NodeFabric) for each node,
 * and NODE.status.json beside either. Other names and hidden files are not looked at. */
#ifndef SY_EXTENDER_FEED_DIR_H
#define SY_EXTENDER_FEED_DIR_H

#include "extender/feed.h"

/* Watch the directory; nothing is read yet. `path` is copied, a reference to `cat` is taken.
 * SY_ENOENT, SY_EIO, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_feed_dir_new(const char *path, struct sy_catalogue *cat,
                                          sy_feed_report_fn *report, void *report_data,
                                          struct sy_feed **ret, struct sy_err *err);

#endif
