/* SPDX-License-Identifier: Apache-2.0 */
/* The live feed and the keeper on a large cluster: resident memory, the first listing, and what one
 * pod event costs from the handler to the published snapshot. Bounds (issue 4): 64 MiB at 5,000
 * nodes, 100 ms at 1,000 nodes of 8 devices, 99 of 100 events. `--once`: small, no bounds. */
#define _GNU_SOURCE
#include "base/json.h"
#include "extender/keeper.h"
#include "extender/live/live.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RSS_MAX_MIB 64.0
#define P99_MAX_MS 100.0
#define TEXT_MAX 65536
enum { PODS_OF_NODE = 4, LABELS = 15 };

struct size {
    unsigned nodes, devices, events;
};

struct bench {
    struct size size;
    struct sy_live *live;
    struct sy_live_metrics live_metrics;
    struct sy_metrics metrics;
    struct sy_keeper *keeper;
    struct sy_store *store;
    struct sy_catalogue *catalogue;
    struct sy_log *log;
    int null;
    char text[TEXT_MAX];
    size_t len;
};

static void die(const struct sy_err *err)
{
    (void)fprintf(stderr, "bench_live: %s\n", err->text);
    exit(EXIT_FAILURE);
}

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double resident_mib(void)
{
    unsigned long pages = 0;
    char line[128];
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL && fgets(line, sizeof line, file) != NULL)
        pages = strtoul(line + strcspn(line, " "), NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void add(struct bench *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct bench *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(b->text + b->len, sizeof b->text - b->len, fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof b->text - b->len)
        abort();
    b->len += (size_t)len;
}

static void put(struct bench *b, enum sy_live_collection collection)
{
    struct sy_err err = {0};
    struct sy_kube_handler handler = sy_live_handler(b->live, collection);
    sy_autojson json_t *object = json_loadb(b->text, b->len, 0, NULL);
    if (object == NULL)
        abort();
    if (handler.put(handler.data, object, (int64_t)(now_ms() * 1e3), &err) != SY_OK)
        die(&err);
    b->len = 0;
}

/* Four devices below each switch, one switch and host bridge for each four; half NPUs, half GPUs,
 * two host bridges on each of two sockets. */
static void add_spec(struct bench *b)
{
    unsigned switches = b->size.devices / 4, at = 5;
    add(b,
        "\"spec\":{\"source\":\"live\",\"product\":\"made\",\"objects\":[{\"type\":\"Machine\"}");
    for (unsigned s = 0; s < 2; s++)
        add(b,
            ",{\"type\":\"Package\",\"parent\":0,\"index\":%u},{\"type\":\"NUMANode\",\"parent\":%"
            "u,"
            "\"index\":%u,\"memoryMiB\":524288}",
            s, 1 + 2 * s, s);
    for (unsigned w = 0; w < switches; w++, at += 11) {
        unsigned bus = 0x10 + w * 0x10;
        add(b,
            ",{\"type\":\"HostBridge\",\"parent\":%u,\"pci\":\"0000:%02x\",\"buses\":\"%02x-%"
            "02x\"}",
            w < switches / 2 ? 2 : 4, bus, bus, bus + 6);
        add(b,
            ",{\"type\":\"Bridge\",\"parent\":%u,\"pci\":\"0000:%02x:01.0\",\"id\":\"8086:347a\","
            "\"class\":\"0604\",\"linkGBps\":31.507,\"buses\":\"%02x-%02x\"}",
            at, bus, bus + 1, bus + 6);
        add(b,
            ",{\"type\":\"Bridge\",\"parent\":%u,\"pci\":\"0000:%02x:00.0\",\"id\":\"1000:c010\","
            "\"class\":\"0604\",\"linkGBps\":31.507,\"buses\":\"%02x-%02x\"}",
            at + 1, bus + 1, bus + 2, bus + 6);
        for (unsigned d = 0; d < 4; d++)
            add(b,
                ",{\"type\":\"Bridge\",\"parent\":%u,\"pci\":\"0000:%02x:%02x.0\",\"id\":\"1000:"
                "c010\","
                "\"class\":\"0604\",\"linkGBps\":31.507,\"buses\":\"%02x-%02x\"},{\"type\":"
                "\"PCIDev\","
                "\"parent\":%u,\"pci\":\"0000:%02x:00.0\",\"class\":\"%s\",\"id\":\"%s\","
                "\"linkGBps\":31.507,\"maxLinkGBps\":31.507,\"name\":\"%s%u\"}",
                at + 2, bus + 2, 4 * d, bus + 3 + d, bus + 3 + d, at + 3 + 2 * d, bus + 3 + d,
                d % 2 == 0 ? "1200" : "0302", d % 2 == 0 ? "19e5:d802" : "10de:20b5",
                d % 2 == 0 ? "npu" : "gpu", w * 2 + d / 2);
    }
    add(b, "]}");
}

static void name_pod(char buf[48], unsigned node, unsigned pod)
{
    (void)snprintf(buf, 48, "%08x-1111-2222-3333-%012x", node, pod);
}

/* Pod i holds the two devices 2 i and 2 i + 1, but for the one of `without`. */
static void put_fabric(struct bench *b, unsigned node, unsigned without)
{
    time_t now = time(NULL);
    struct tm tm;
    char when[40], uid[48];
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    add(b, "{\"metadata\":{\"name\":\"node-%05u.example.com\",\"uid\":\"f\"},", node);
    add_spec(b);
    add(b, ",\"status\":{\"mode\":\"exact\",\"observedTime\":\"%s\",\"devices\":[", when);
    for (unsigned d = 0; d < b->size.devices; d++) {
        unsigned pod = d / 2;
        add(b, "%s{\"pci\":\"0000:%02x:00.0\",\"healthy\":true,\"capWatts\":300,\"watts\":%u",
            d > 0 ? "," : "", 0x10 + d / 4 * 0x10 + 3 + d % 4, 100 + d);
        name_pod(uid, node, pod);
        if (pod < PODS_OF_NODE && pod != without)
            add(b,
                ",\"held\":1000,\"holders\":[{\"namespace\":\"training\",\"name\":\"job-%u-%u\","
                "\"uid\":\"%s\",\"container\":\"main\"}]",
                node, pod, uid);
        add(b, "}");
    }
    add(b, "],\"power\":{\"limitWatts\":5600,\"baseWatts\":1200}}}");
    put(b, SY_LIVE_FABRICS);
}

static void put_node(struct bench *b, unsigned node)
{
    add(b, "{\"metadata\":{\"name\":\"node-%05u.example.com\",\"labels\":{", node);
    for (unsigned i = 0; i < LABELS; i++)
        add(b, "%s\"feature.node.kubernetes.io/property-%u\":\"value-%u\"", i > 0 ? "," : "", i, i);
    add(b, "}}}");
    put(b, SY_LIVE_NODES);
}

static void put_pod(struct bench *b, unsigned node, unsigned pod, const char *phase)
{
    char uid[48];
    name_pod(uid, node, pod);
    add(b,
        "{\"metadata\":{\"name\":\"job-%u-%u\",\"namespace\":\"training\",\"uid\":\"%s\","
        "\"creationTimestamp\":\"2026-11-22T13:00:00Z\"},\"spec\":{\"nodeName\":"
        "\"node-%05u.example.com\",\"containers\":[{\"name\":\"main\",\"resources\":{\"limits\":{"
        "\"npu.huawei.com/ascend910b\":\"1\",\"nvidia.com/gpu\":\"1\"}}}]},\"status\":{\"phase\":"
        "\"%s\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\","
        "\"lastTransitionTime\":\"2026-11-22T13:00:01Z\"}]}}",
        node, pod, uid, node, phase);
    put(b, SY_LIVE_PODS);
}

static struct sy_policy *policy_of(void *data)
{
    struct sy_state *state = sy_store_take(((struct bench *)data)->store);
    struct sy_policy *policy = sy_policy_ref(state->policy);
    sy_state_unref(state);
    return policy;
}

static void open_bench(struct bench *b)
{
    struct sy_err err = {0};
    struct sy_policy_file *policy_file = NULL;
    struct sy_policy *policy = NULL;
    struct sy_cluster *empty = NULL;
    struct sy_state *first = NULL;
    b->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (sy_catalogue_load(NULL, 0, &b->catalogue, &err) != SY_OK ||
        sy_policy_file_new(NULL, &policy_file, &err) != SY_OK ||
        sy_policy_file_look(policy_file, &policy, &err) != SY_OK ||
        sy_cluster_new(NULL, 0, 0, &empty, &err) != SY_OK ||
        sy_state_new(b->catalogue, policy, empty, false, 0, &first, &err) != SY_OK ||
        sy_store_new(first, &b->store, &err) != SY_OK ||
        sy_log_new(b->null, SY_LOG_TEXT, &b->log, &err) != SY_OK)
        die(&err);
    sy_cluster_unref(empty);
    sy_policy_unref(policy);
    const struct sy_live_options live = {.catalogue = b->catalogue,
                                         .policy = policy_of,
                                         .policy_data = b,
                                         .log = b->log,
                                         .metrics = &b->live_metrics};
    if (sy_live_new(&live, &b->live, &err) != SY_OK)
        die(&err);
    const struct sy_keeper_options keeper = {.feed = sy_live_feed(b->live),
                                             .policy_file = policy_file,
                                             .store = b->store,
                                             .metrics = &b->metrics,
                                             .log = b->log,
                                             .rescan_s = 30};
    if (sy_keeper_new(&keeper, &b->keeper, &err) != SY_OK)
        die(&err);
}

static void fill(struct bench *b)
{
    for (enum sy_live_collection c = 0; c < SY_LIVE_COLLECTION_COUNT; c++) {
        struct sy_kube_handler handler = sy_live_handler(b->live, c);
        handler.begin(handler.data);
        for (unsigned i = 0; i < b->size.nodes; i++) {
            if (c == SY_LIVE_FABRICS)
                put_fabric(b, i, PODS_OF_NODE);
            else if (c == SY_LIVE_NODES)
                put_node(b, i);
            for (unsigned p = 0; c == SY_LIVE_PODS && p < PODS_OF_NODE; p++)
                put_pod(b, i, p, "Running");
        }
        (void)handler.synced(handler.data, NULL);
    }
}

static int ascending(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* A pod ends, another report comes, a pod is bound: one of these, then one round of the keeper. */
static double churn(struct bench *b)
{
    double *took = calloc(b->size.events, sizeof *took);
    if (took == NULL)
        abort();
    for (unsigned e = 0; e < b->size.events; e++) {
        unsigned node = e / 3 * 7919u % b->size.nodes;
        double from_ms = now_ms();
        if (e % 3 == 0)
            put_pod(b, node, 0, "Succeeded");
        else if (e % 3 == 1)
            put_fabric(b, node, 0);
        else
            put_pod(b, node, 0, "Running");
        (void)sy_keeper_round(b->keeper, false);
        took[e] = now_ms() - from_ms;
    }
    qsort(took, b->size.events, sizeof *took, ascending);
    double p99 = took[b->size.events * 99 / 100];
    (void)printf("  an event: median %.2f ms, 99 of 100 within %.2f ms\n", took[b->size.events / 2],
                 p99);
    free(took);
    return p99;
}

static bool measure(const struct size *size, bool bounds)
{
    static struct bench b;
    b = (struct bench){.size = *size};
    double empty_mib = resident_mib();
    open_bench(&b);
    double from_ms = now_ms();
    fill(&b);
    double filled_ms = now_ms();
    (void)sy_keeper_round(b.keeper, true);
    double published_ms = now_ms();
    struct sy_state *state = sy_store_take(b.store);
    (void)printf("%u nodes of %u devices, %u pods: listed in %.0f ms, published in %.0f ms\n",
                 state->cluster->n, size->devices, size->nodes * PODS_OF_NODE, filled_ms - from_ms,
                 published_ms - filled_ms);
    bool ok = state->loaded && state->cluster->n == size->nodes;
    sy_state_unref(state);
    double rss_mib = resident_mib();
    double p99 = churn(&b);
    (void)printf(
        "  resident: %.1f MiB after the first snapshot, %.1f MiB after %u events (%.1f MiB "
        "before)\n",
        rss_mib, resident_mib(), size->events, empty_mib);
    if (bounds && size->nodes == 5000)
        ok = ok && resident_mib() <= RSS_MAX_MIB;
    if (bounds && size->nodes == 1000)
        ok = ok && p99 <= P99_MAX_MS;
    sy_keeper_free(b.keeper);
    sy_live_free(b.live);
    sy_store_free(b.store);
    sy_catalogue_unref(b.catalogue);
    sy_log_free(b.log);
    (void)close(b.null);
    (void)malloc_trim(0);
    return ok;
}

int main(int argc, char **argv)
{
    static const struct size sizes[] = {{1000, 8, 3000}, {5000, 16, 3000}}, small = {20, 8, 60};
    bool ok = true;
    sy_mem_init();
    if (argc > 1 && strcmp(argv[1], "--once") == 0)
        return measure(&small, false) ? EXIT_SUCCESS : EXIT_FAILURE;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        ok = measure(&sizes[i], true) && ok;
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
