/* SPDX-License-Identifier: Apache-2.0 */
/* A story in lines: what an API server might send, and time. F, P and N put the object that the
 * rest of the line holds (a NodeFabric, a pod, a Node), f, p and n take it away, [ and ] with f, p
 * or n begin and end a listing, A and a choose a node for a pod (uid and node) and take that back,
 * T passes seconds, L looks. However it goes: every node made keeps its invariants. */
#include "base/json.h"
#include "extender/live/live.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sy_catalogue *catalogue;
static struct sy_policy *policy;
static struct sy_live_metrics metrics;
static int64_t now_us;

static int64_t clock_us(void *data)
{
    (void)data;
    return now_us;
}

static struct sy_policy *policy_of(void *data)
{
    (void)data;
    return sy_policy_ref(policy);
}

static struct sy_live *open_live(void)
{
    struct sy_err err = {0};
    struct sy_live *live = NULL;
    if (catalogue == NULL) {
        sy_mem_init();
        if (sy_catalogue_load(NULL, 0, &catalogue, &err) != SY_OK ||
            sy_policy_load(NULL, &policy, &err) != SY_OK)
            abort();
    }
    now_us = INT64_C(1800000000000000);
    const struct sy_live_options options = {.catalogue = catalogue,
                                            .policy = policy_of,
                                            .clock = {.steady_us = clock_us, .unix_us = clock_us},
                                            .metrics = &metrics};
    if (sy_live_new(&options, &live, &err) != SY_OK)
        abort();
    for (enum sy_live_collection i = 0; i < SY_LIVE_COLLECTION_COUNT; i++) {
        struct sy_kube_handler handler = sy_live_handler(live, i);
        handler.begin(handler.data);
        (void)handler.synced(handler.data, NULL);
    }
    return live;
}

static void look(struct sy_live *live, bool all)
{
    struct sy_err err = {0};
    struct sy_feed *feed = sy_live_feed(live);
    struct sy_feed_result result;
    struct sy_node **node;
    size_t n;
    if (feed->ops->look(feed, all, &result, &err) != SY_OK ||
        feed->ops->nodes(feed, &node, &n, &err) != SY_OK)
        abort();
    for (size_t i = 0; i < n; i++) {
        if (sy_node_check(node[i], &err) != SY_OK) {
            (void)fprintf(stderr, "%s\n", err.text);
            abort();
        }
        json_t *ledger = NULL;
        if (sy_live_explain(live, node[i]->name, &ledger, &err) != SY_OK || ledger == NULL)
            abort();
        json_decref(ledger);
    }
}

static enum sy_live_collection collection_of(char letter)
{
    switch (letter) {
    case 'F':
    case 'f':
        return SY_LIVE_FABRICS;
    case 'P':
    case 'p':
        return SY_LIVE_PODS;
    default:
        return SY_LIVE_NODES;
    }
}

static void give(struct sy_live *live, char letter, const char *text, size_t len)
{
    static const struct sy_json_limits limits = {.max_bytes = 1u << 20, .max_depth = 100};
    struct sy_err err = {0};
    struct sy_kube_handler handler = sy_live_handler(live, collection_of(letter));
    sy_autojson json_t *object = NULL;
    if (sy_json_parse(text, len, &limits, &object, NULL) != SY_OK)
        return;
    bool puts = letter >= 'A' && letter <= 'Z';
    enum sy_code code = (puts ? handler.put : handler.gone)(handler.data, object, now_us, &err);
    assert(code == SY_OK);
    (void)code;
}

static void choose(struct sy_live *live, bool takes, const char *text, size_t len)
{
    char uid[32] = "u", node[32] = "a";
    char line[80];
    (void)snprintf(line, sizeof line, "%.*s", len < 70 ? (int)len : 70, text);
    (void)sscanf(line, "%31s %31s", uid, node);
    const struct sy_bind_args args = {.name = "p", .namespace_ = "n", .uid = uid, .node = node};
    if (takes)
        (void)sy_live_assume(live, &args);
    else
        sy_live_forget(live, &args);
}

static void tell(struct sy_live *live, const char *line, size_t len)
{
    struct sy_kube_handler handler = sy_live_handler(live, collection_of(len > 1 ? line[1] : 'n'));
    switch (line[0]) {
    case '[':
        handler.begin(handler.data);
        break;
    case ']':
        (void)handler.synced(handler.data, NULL);
        break;
    case 'A':
    case 'a':
        choose(live, line[0] == 'A', line + 1, len - 1);
        break;
    case 'T':
        now_us += (len > 1 ? (int64_t)(unsigned char)line[1] : 1) * 1000000;
        break;
    case 'L':
        look(live, len > 1);
        break;
    default:
        give(live, line[0], line + 1, len - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_live *live = open_live();
    const char *at = (const char *)data, *end = at + size;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL)
            stop = end;
        if (stop > at)
            tell(live, at, (size_t)(stop - at));
        at = stop + 1;
    }
    look(live, true);
    sy_live_free(live);
    return 0;
}
