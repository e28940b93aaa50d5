/* SPDX-License-Identifier: Apache-2.0 */
/* A handler that writes down what it hears, and the texts that servers send to it. */
#ifndef SY_TESTS_UNIT_KUBE_LISTENER_H
#define SY_TESTS_UNIT_KUBE_LISTENER_H

#include "base/kube/watch.h"
#include "tests/unit/kube/world.h"

#include <pthread.h>

#define META(name, version)                                                                        \
    "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, name, version) "{\"type\":\"" type "\",\"object\":" META(name, version) "}\n"
#define BOOKMARK(version)                                                                          \
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" version "\"}}}\n"
#define END_MARK(version)                                                                          \
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" version              \
    "\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n"
#define ERROR(code, text)                                                                          \
    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":" code ",\"message\":\"" text    \
    "\"}}\n"
#define LIST(items, version)                                                                       \
    "{\"items\":[" items "],\"metadata\":{\"resourceVersion\":\"" version "\"}}"
#define PAGE(items, version, next)                                                                 \
    "{\"metadata\":{\"resourceVersion\":\"" version "\",\"continue\":\"" next                      \
    "\"},\"items\":[" items "]}"
#define STREAMED "sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
#define STATUS(text) "{\"kind\":\"Status\",\"message\":\"" text "\"}"

#define STORY 2048

/* What the handler heard, in short: "[" begin, "+a1" put a at version 1, "-a2" gone, "]" synced,
 * "?a" refused. */
struct listener {
    pthread_mutex_t lock;
    char story[STORY], notes[STORY];
    unsigned fail_puts, fail_synced; /* so many next ones fail */
};

/* "/apis/x", of whose objects spec.x is wanted. */
struct sy_kube_collection listener_collection(struct listener *listener);
/* Pages of 2, waits of 20 to 60 ms. */
struct sy_kube_watch_options listener_options(const struct world *world);
/* What was heard until now; both of STORY bytes. */
void listener_copy(struct listener *listener, char *story, char *notes);
/* Until the story is told and the server had so many requests, for at most 20 s. */
void listener_wait(struct listener *listener, struct server *server, const char *story,
                   size_t requests, char *ret_story, char *ret_notes);
/* Run a script until the story is told; how long it took in ms. */
int64_t listener_tell(struct world *world, struct listener *listener, unsigned backoff_ms,
                      const char *expected, size_t requests, uint64_t *ret_failures);
int64_t listener_now_ms(void);
void listener_sleep_ms(unsigned ms);

#endif
