/* SPDX-License-Identifier: Apache-2.0 */
/* The tables joined to an API server. */
#include "extender/live/live_private.h"

#define USER_AGENT "switchyard-extender/" SY_VERSION
/* The longest wait of a service that must know all again 10 s after an outage; it is one of few. */
#define BACKOFF_MAX_MS 5000u

enum sy_code sy_live_start(struct sy_live *live, const struct sy_kube_config *config,
                           struct sy_err *err)
{
    struct sy_kube_collection collections[SY_LIVE_COLLECTION_COUNT];
    for (enum sy_live_collection i = 0; i < SY_LIVE_COLLECTION_COUNT; i++)
        collections[i] = (struct sy_kube_collection){.path = sy_live_collection_path(i),
                                                     .selector = sy_live_collection_selector(i),
                                                     .fields = sy_live_collection_fields(i),
                                                     .handler = sy_live_handler(live, i)};
    const struct sy_kube_watch_options options = {.config = config,
                                                  .user_agent = USER_AGENT,
                                                  .backoff_max_ms = BACKOFF_MAX_MS,
                                                  .seed = (uint64_t)sy_live_unix_us(live)};
    enum sy_code code =
        sy_kube_watches_new(&options, collections, SY_LIVE_COLLECTION_COUNT, &live->watches, err);
    if (code != SY_OK)
        return code;
    live->stop_watches = sy_kube_watches_free;
    for (unsigned i = 0; i < SY_LIVE_COLLECTION_COUNT; i++)
        live->watched[i] = sy_kube_watches_stats(live->watches, i);
    return sy_kube_watches_start(live->watches, err);
}
