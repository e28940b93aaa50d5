/* SPDX-License-Identifier: Apache-2.0 */
/* A struct app over a feed of its own, without sockets. */
#ifndef SY_TESTS_UNIT_EXTENDER_WORLD_H
#define SY_TESTS_UNIT_EXTENDER_WORLD_H

#include "extender/app.h"

struct world {
    struct sy_app app;
    char folder[64]; /* of the feed */
    int null;        /* where the log goes */
};

/* An app whose feed holds the nodes of this NULL-ended list, each with a free small machine. The
 * feed is not looked at yet. */
void world_open(struct world *world, const char *const *nodes);
void world_close(struct world *world);
/* A document of tests/service/node.json's machine; `held` is a PCI address or NULL. The caller
 * frees it with free(). */
char *world_document(const char *name, const char *held);
void world_write(const struct world *world, const char *file, const char *text); /* by a rename */
void world_remove(const struct world *world, const char *file);
/* An empty folder for a feed: its name, and removing it with all files. */
void world_folder(char folder[64]);
void world_folder_remove(const char *folder);
void world_folder_write(const char *folder, const char *file, const char *text);

/* One request; `reply` is to be done with by sy_reply_done. Fails the test for an unknown route. */
void world_ask(struct world *world, enum sy_listener listener, const char *method, const char *path,
               const char *body, struct sy_reply *reply);
/* The text of an answer. */
const char *world_text(const struct sy_reply *reply);

#define WORLD_POD(limits)                                                                          \
    "{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u\"},\"spec\":{\"containers\":"  \
    "[{\"name\":\"c\",\"resources\":{\"limits\":{" limits "}}}]}}"
#define WORLD_ARGS(limits, names)                                                                  \
    "{\"Pod\":" WORLD_POD(limits) ",\"Nodes\":null,\"NodeNames\":[" names "]}"

#endif
