/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/record.h"

#include "base/file.h"
#include "base/kube/extract.h"
#include "base/time.h"
#include "extender/live/fields.h"
#include "extender/snapshot.h"
#include "extender/store.h"
#include "scoring/wire/wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOCUMENT_MAX ((size_t)1 << 30)
#define FILE_MAX ((size_t)16 << 20) /* of a policy or catalogue file */

/* X(id, why a call was not recorded) */
#define CAUSES(X)                                                                                  \
    X(NODES, "its body holds node objects: recordings need nodeCacheCapable: true")                \
    X(POLICY, "the policy file is not the one that the service has read")                          \
    X(WRITE, "it could not be written")                                                            \
    X(FULL, "--record-max calls are recorded")
enum cause {
#define X(id, text) CAUSE_##id,
    CAUSES(X)
#undef X
        CAUSE_COUNT
};

struct sy_recorder {
    struct sy_recorder_options options;
    pthread_mutex_t lock;
    int folder;
    unsigned n;              /* recorded */
    unsigned snapshots;      /* written */
    uint64_t generation;     /* of the last of them, when there is one */
    unsigned policies;       /* written */
    struct sy_digest policy; /* of the last of them */
    bool said[CAUSE_COUNT];
};

static enum sy_code write_file(const struct sy_recorder *recorder, const char *name,
                               const char *data, size_t len, struct sy_err *err)
{
    int fd = openat(recorder->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return sy_fail(err, SY_EIO, "%s/%s: cannot make: %m", recorder->options.folder, name);
    enum sy_code code = SY_OK;
    for (size_t done = 0; done < len && code == SY_OK;) {
        ssize_t n = write(fd, data + done, len - done);
        if (n < 0 && errno != EINTR)
            code = sy_fail(err, SY_EIO, "%s/%s: cannot write: %m", recorder->options.folder, name);
        done += n > 0 ? (size_t)n : 0;
    }
    if (close(fd) != 0 && code == SY_OK)
        code = sy_fail(err, SY_EIO, "%s/%s: cannot write: %m", recorder->options.folder, name);
    return code;
}

static enum sy_code copy_file(const struct sy_recorder *recorder, const char *from,
                              const char *name, struct sy_err *err)
{
    sy_autofree char *data = NULL;
    size_t len = 0;
    enum sy_code code = sy_file_read(from, FILE_MAX, &data, &len, err);
    return code != SY_OK ? code : write_file(recorder, name, data, len, err);
}

static enum sy_code check_empty(int folder, const char *name, struct sy_err *err)
{
    int copy = dup(folder);
    DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
    if (entries == NULL)
        return sy_fail(err, SY_EIO, "%s: cannot read: %m", name);
    enum sy_code code = SY_OK;
    for (const struct dirent *entry; code == SY_OK && (entry = readdir(entries)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            code = sy_fail(err, SY_ECONFLICT, "%s: not empty: it holds %s", name, entry->d_name);
    (void)closedir(entries);
    return code;
}

static enum sy_code prepare(struct sy_recorder *recorder, struct sy_err *err)
{
    const struct sy_recorder_options *options = &recorder->options;
    if (mkdir(options->folder, 0700) != 0 && errno != EEXIST)
        return sy_fail(err, SY_EIO, "%s: cannot make: %m", options->folder);
    recorder->folder = open(options->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (recorder->folder < 0)
        return sy_fail(err, SY_EIO, "%s: cannot open: %m", options->folder);
    enum sy_code code = check_empty(recorder->folder, options->folder, err);
    for (size_t i = 0; i < options->ncatalogue && code == SY_OK; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "catalogue-%zu.yaml", i);
        code = copy_file(recorder, options->catalogue[i], name, err);
    }
    return code;
}

enum sy_code sy_recorder_new(const struct sy_recorder_options *options, struct sy_recorder **ret,
                             struct sy_err *err)
{
    struct sy_recorder *recorder = sy_calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    recorder->options = *options;
    recorder->folder = -1;
    (void)pthread_mutex_init(&recorder->lock, NULL);
    enum sy_code code = prepare(recorder, err);
    if (code != SY_OK)
        sy_recorder_free(recorder);
    else
        *ret = recorder;
    return code;
}

void sy_recorder_free(struct sy_recorder *recorder)
{
    if (recorder == NULL)
        return;
    if (recorder->folder >= 0)
        (void)close(recorder->folder);
    (void)pthread_mutex_destroy(&recorder->lock);
    sy_free(recorder);
}

static void say(struct sy_recorder *recorder, enum cause cause, const struct sy_err *err)
{
    static const char *const texts[CAUSE_COUNT] = {
#define X(id, text) [CAUSE_##id] = text,
        CAUSES(X)
#undef X
    };
    struct sy_log_line line;
    if (recorder->said[cause])
        return;
    recorder->said[cause] = true;
    sy_log_begin(&line, recorder->options.log, SY_LEVEL_WARN, "call not recorded");
    sy_log_str(&line, "why", texts[cause]);
    sy_log_str(&line, "error", err != NULL ? err->text : NULL);
    sy_log_end(&line);
}

/* The snapshot that the answer was made of, written when it is another than the last one. */
static enum sy_code write_snapshot(struct sy_recorder *recorder, const struct sy_cluster *cluster,
                                   char *name, size_t size, struct sy_err *err)
{
    if (recorder->snapshots > 0 && recorder->generation == cluster->generation) {
        (void)snprintf(name, size, "snapshot-%u.json", recorder->snapshots);
        return SY_OK;
    }
    struct sy_str text;
    sy_str_init(&text, DOCUMENT_MAX);
    (void)snprintf(name, size, "snapshot-%u.json", recorder->snapshots + 1);
    enum sy_code code = sy_snapshot_write(cluster, NULL, NULL, &text, err);
    if (code == SY_OK)
        code = write_file(recorder, name, text.data, text.len, err);
    if (code == SY_OK) {
        recorder->snapshots++;
        recorder->generation = cluster->generation;
    }
    sy_str_done(&text);
    return code;
}

/* The policy file, when its content is what the answer was made with; name[0] = '\0': the built-in
 * one. SY_ECONFLICT: it is not. */
static enum sy_code write_policy(struct sy_recorder *recorder, const struct sy_policy *policy,
                                 char *name, size_t size, struct sy_err *err)
{
    name[0] = '\0';
    if (recorder->options.policy == NULL)
        return SY_OK;
    if (recorder->policies == 0 || !sy_digest_equal(recorder->policy, policy->digest)) {
        sy_autofree char *data = NULL;
        size_t len = 0;
        struct sy_policy *read = NULL;
        enum sy_code code = sy_file_read(recorder->options.policy, FILE_MAX, &data, &len, err);
        if (code == SY_OK)
            code = sy_policy_parse(recorder->options.policy, data, len, &read, err);
        bool same = code == SY_OK && sy_digest_equal(read->digest, policy->digest);
        sy_policy_unref(read);
        if (!same)
            return code != SY_OK ? code
                                 : sy_fail(err, SY_ECONFLICT, "%s: changed since it was read",
                                           recorder->options.policy);
        (void)snprintf(name, size, "policy-%u.yaml", recorder->policies + 1);
        code = write_file(recorder, name, data, len, err);
        if (code != SY_OK)
            return code;
        recorder->policies++;
        recorder->policy = policy->digest;
    }
    (void)snprintf(name, size, "policy-%u.yaml", recorder->policies);
    return SY_OK;
}

/* The body with the pod's fields that decisions read, and the names of nodes. NULL in *ret: it has
 * node objects. */
static enum sy_code prune_body(const struct sy_call *call, char **ret, struct sy_err *err)
{
    const struct sy_json_limits limits = {.max_bytes = call->len, .max_depth = SY_WIRE_DEPTH_MAX};
    sy_autojson json_t *root = NULL, *pod = NULL, *kept = NULL;
    size_t len = 0;
    enum sy_code code = sy_json_parse(call->body, call->len, &limits, &root, err);
    if (code != SY_OK)
        return code;
    json_t *names = sy_json_get_ci(root, "NodeNames");
    json_t *victims = sy_json_get_ci(root, "NodeNameToMetaVictims");
    const json_t *other = names == NULL ? sy_json_get_ci(root, "Nodes") : NULL;
    if (victims == NULL && other == NULL)
        other = sy_json_get_ci(root, "NodeNameToVictims");
    if (json_is_object(other))
        return SY_OK;
    code = sy_kube_extract_prune(sy_json_get_ci(root, "Pod"),
                                 sy_live_collection_fields(SY_LIVE_PODS), &pod, err);
    if (code != SY_OK)
        return code;
    kept =
        json_pack("{sO*sO*sO*}", "Pod", pod, "NodeNames", names, "NodeNameToMetaVictims", victims);
    if (kept == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for a recording");
    return sy_json_dump(kept, false, ret, &len, err);
}

static enum sy_code put_catalogues(const struct sy_recorder *recorder, json_t *recording,
                                   struct sy_err *err)
{
    sy_autojson json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; i < recorder->options.ncatalogue && ok; i++)
        ok = json_array_append_new(list, json_sprintf("catalogue-%zu.yaml", i)) == 0;
    ok = ok && json_object_set(recording, "catalogues", list) == 0;
    return ok ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for a recording");
}

static enum sy_code write_call(struct sy_recorder *recorder, enum sy_route_id route,
                               const struct sy_call *call, const struct sy_reply *reply,
                               const char *body, struct sy_err *err)
{
    char snapshot[40], policy[40], now[SY_TIME_TEXT], name[60];
    sy_autofree char *text = NULL;
    size_t len = 0;
    enum sy_code code =
        write_snapshot(recorder, call->state->cluster, snapshot, sizeof snapshot, err);
    if (code == SY_OK)
        code = write_policy(recorder, call->state->policy, policy, sizeof policy, err);
    if (code != SY_OK)
        return code;
    sy_autojson json_t *recording = json_pack(
        "{ss ss ss ss ss ss*}", "apiVersion", "switchyard.dev/v1alpha1", "kind", "Recording",
        "verb", sy_route_name(route), "now", sy_time_format(call->now_us, now), "snapshot",
        snapshot, "policy", policy[0] != '\0' ? policy : NULL);
    if (recording == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for a recording");
    code = put_catalogues(recorder, recording, err);
    if (code == SY_OK &&
        (json_object_set_new(recording, "body", json_string(body)) != 0 ||
         json_object_set_new(recording, "answer",
                             json_stringn(reply->body.data, reply->body.len)) != 0))
        code = sy_fail(err, SY_ENOMEM, "out of memory for a recording");
    if (code == SY_OK)
        code = sy_json_dump(recording, true, &text, &len, err);
    (void)snprintf(name, sizeof name, "%06u-%s.json", recorder->n + 1, sy_route_name(route));
    if (code == SY_OK)
        code = write_file(recorder, name, text, len, err);
    if (code == SY_OK)
        recorder->n++;
    return code;
}

void sy_record(struct sy_recorder *recorder, enum sy_route_id route, const struct sy_call *call,
               const struct sy_reply *reply)
{
    struct sy_err err = {0};
    sy_autofree char *body = NULL;
    if (recorder == NULL || reply->status != 200 || reply->fixed != NULL || !call->state->loaded ||
        (route != SY_ROUTE_FILTER && route != SY_ROUTE_PRIORITIZE && route != SY_ROUTE_PREEMPT))
        return;
    enum sy_code code = prune_body(call, &body, &err);
    (void)pthread_mutex_lock(&recorder->lock);
    if (recorder->n >= recorder->options.max)
        say(recorder, CAUSE_FULL, NULL);
    else if (code == SY_OK && body == NULL)
        say(recorder, CAUSE_NODES, NULL);
    else {
        if (code == SY_OK)
            code = write_call(recorder, route, call, reply, body, &err);
        if (code != SY_OK)
            say(recorder, code == SY_ECONFLICT ? CAUSE_POLICY : CAUSE_WRITE, &err);
    }
    (void)pthread_mutex_unlock(&recorder->lock);
}
