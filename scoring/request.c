/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/request.h"

#include "base/time.h"
#include "scoring/request_private.h"
#include "topology/node.h"

#include <string.h>

#define NAME_MAX_LEN 1024u

/* A copy in the arena of a metadata string; NULL stays NULL. */
static enum sy_code read_name(const json_t *metadata, const char *key, const struct sy_path *at,
                              struct sy_arena *arena, const char **ret, struct sy_err *err)
{
    const char *text = NULL;
    enum sy_code code = sy_json_str(metadata, key, SY_JSON_OPTIONAL, NAME_MAX_LEN, at, &text, err);
    if (code != SY_OK || text == NULL)
        return code;
    *ret = sy_arena_strndup(arena, text, strlen(text));
    return *ret != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

static enum sy_code read_created(const json_t *metadata, const struct sy_path *at, int64_t *ret_us,
                                 struct sy_err *err)
{
    const char *text = NULL;
    enum sy_code code =
        sy_json_str(metadata, "creationTimestamp", SY_JSON_OPTIONAL, 64, at, &text, err);
    if (code != SY_OK || text == NULL)
        return code;
    int64_t us;
    if (sy_time_parse(text, &us, NULL) != SY_OK)
        return sy_json_fail(SY_PATH_KEY(at, "creationTimestamp"), SY_EINVAL, err,
                            "expected a time such as 2026-01-31T12:00:00Z");
    *ret_us = us > 0 ? us : 0;
    return SY_OK;
}

enum sy_code sy_request_from_pod(const json_t *pod, const struct sy_catalogue *cat,
                                 const struct sy_path *at, struct sy_arena *arena,
                                 struct sy_request *ret, struct sy_err *err)
{
    if (!json_is_object(pod))
        return sy_json_fail_type(at, "object", pod, err);
    struct sy_request request = {.expected_mw = SY_UNKNOWN_MW};
    const struct sy_path *at_meta = SY_PATH_KEY(at, "metadata");
    json_t *metadata = NULL, *annotations = NULL, *spec = NULL;
    enum sy_code code = sy_json_object(pod, "metadata", SY_JSON_OPTIONAL, at, &metadata, err);
    if (code == SY_OK)
        code = sy_json_object(pod, "spec", SY_JSON_OPTIONAL, at, &spec, err);
    if (code == SY_OK)
        code =
            sy_json_object(metadata, "annotations", SY_JSON_OPTIONAL, at_meta, &annotations, err);
    if (code == SY_OK)
        code = read_name(metadata, "namespace", at_meta, arena, &request.namespace_, err);
    if (code == SY_OK)
        code = read_name(metadata, "name", at_meta, arena, &request.name, err);
    if (code == SY_OK)
        code = read_name(metadata, "uid", at_meta, arena, &request.uid, err);
    if (code == SY_OK)
        code = read_created(metadata, at_meta, &request.created_us, err);
    if (code == SY_OK)
        code = sy_request_count(spec, cat, SY_PATH_KEY(at, "spec"), arena, &request, err);
    if (code == SY_OK)
        code = sy_request_annotate(annotations, cat, SY_PATH_KEY(at_meta, "annotations"), arena,
                                   &request, err);
    if (code == SY_OK)
        *ret = request;
    return code;
}

bool sy_request_strict(const struct sy_request *request, int64_t now_us)
{
    int64_t end;
    if (request->require_for_us == 0 || request->created_us == 0)
        return true; /* for ever; or nobody knows since when */
    if (__builtin_add_overflow(request->created_us, request->require_for_us, &end))
        return true;
    return now_us < end;
}

struct sy_digest sy_request_digest(const struct sy_request *request, bool strict)
{
    struct sy_digest digest = sy_digest_begin();
    sy_digest_u64(&digest, request->nentry);
    for (unsigned i = 0; i < request->nentry; i++) {
        sy_digest_u64(&digest, request->entry[i].resource);
        sy_digest_u64(&digest, request->entry[i].count);
    }
    sy_digest_u64(&digest, strict ? 1 : 0);
    if (strict) {
        sy_digest_u64(&digest, request->nrequire);
        for (unsigned i = 0; i < request->nrequire; i++) {
            const struct sy_require *require = &request->require[i];
            sy_digest_u64(&digest, require->scope);
            sy_digest_u64(&digest, require->match);
            sy_digest_u64(&digest, require->kind);
            sy_digest_u64(&digest, require->entry);
        }
        sy_digest_u64(&digest, request->guaranteed ? 1 : 0);
        sy_digest_u64(&digest, request->min_mbps);
    }
    sy_digest_u64(&digest, (uint64_t)request->expected_mw);
    return digest;
}
