/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/config.h"

#include "base/str.h"
#include "extender/record.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_LISTEN "127.0.0.1:9480"
#define DEFAULT_ADMIN "127.0.0.1:9481"

/* X(id, name, argument or NULL, help) */
#define OPTIONS(X)                                                                                 \
    X(LISTEN, "listen", "ADDR:PORT",                                                               \
      "where kube-scheduler calls (" DEFAULT_LISTEN "); port 0 takes a free one")                  \
    X(ADMIN, "admin", "ADDR:PORT",                                                                 \
      "where people and monitoring call (" DEFAULT_ADMIN "); port 0 takes a free one")             \
    X(FEED, "feed", "DIR", "directory of node documents, watched")                                 \
    X(KUBECONFIG, "kubeconfig", "FILE",                                                            \
      "watch NodeFabrics, pods and nodes of this cluster instead of a directory")                  \
    X(IN_CLUSTER, "in-cluster", NULL, "the same, of the cluster that this runs in as a pod")       \
    X(NAMESPACE, "namespace", "NAME",                                                              \
      "our own: of the Lease and of what wakes pods (switchyard-system; in a pod the pod's)")      \
    X(WAKE, "wake", "WHAT",                                                                        \
      "what is touched so that refused pods are tried again: csistoragecapacity, node or off "     \
      "(csistoragecapacity)")                                                                      \
    X(BIND, "bind", NULL, "serve /bind: kube-scheduler's choice is known before it is posted")     \
    X(REPORT_OLD, "report-old", "SECONDS",                                                         \
      "a node's report older than this is completed by predictions (90)")                          \
    X(REPORT_EXPIRED, "report-expired", "SECONDS",                                                 \
      "a node's report older than this leaves only counts (300)")                                  \
    X(POLICY, "policy", "FILE", "policy file, watched (built-in default)")                         \
    X(CATALOGUE, "catalogue", "FILE",                                                              \
      "extends or overrides the device catalogue; may be repeated")                                \
    X(LOG, "log", "text|json", "form of the log on standard error (text)")                         \
    X(IDLE, "idle-timeout", "SECONDS",                                                             \
      "close a connection without a request after this (120; kube-scheduler keeps them for 90)")   \
    X(STALL, "stall-timeout", "SECONDS",                                                           \
      "close a connection whose request does not move for this long (10)")                         \
    X(RESCAN, "rescan", "SECONDS", "read the feed in full at least this often (30)")               \
    X(CONNECTIONS, "max-connections", "N", "connections of kube-scheduler at a time (512)")        \
    X(RECORD, "record", "DIR",                                                                     \
      "write calls down with all that their answers depend on, for `switchyard answer`")           \
    X(RECORD_MAX, "record-max", "N", "calls that --record writes down at most (1000)")             \
    X(REMOTE, "allow-remote", NULL,                                                                \
      "allow addresses that are not loopback: plain HTTP, pods are readable on the network")       \
    X(CHECK, "check", NULL, "load catalogue, policy and feed once, say what is wrong, and exit")   \
    X(PRINT, "print-scheduler-config", NULL,                                                       \
      "print the extenders: stanza for a KubeSchedulerConfiguration and exit")                     \
    X(PROBE, "probe", "healthz|readyz",                                                            \
      "ask the service that listens at --admin how it is, and exit 0 when it is well")             \
    X(HELP, "help", NULL, "print this text and exit")                                              \
    X(VERSION, "version", NULL, "print the version and exit")

enum option_id {
#define X(id, name, arg, help) OPT_##id,
    OPTIONS(X)
#undef X
        OPT_COUNT
};

struct option {
    const char *name, *arg, *help;
};
static const struct option options[OPT_COUNT] = {
#define X(id, name, arg, help) [OPT_##id] = {name, arg, help},
    OPTIONS(X)
#undef X
};

void sy_config_help(FILE *out)
{
    (void)fputs(
        "usage: " SY_PROGRAM " --feed DIR | --kubeconfig FILE | --in-cluster [option ...]\n"
        "Answers kube-scheduler's /filter, /prioritize and /preempt by the nodes' PCIe topology.\n"
        "\n",
        out);
    for (size_t i = 0; i < OPT_COUNT; i++) {
        char left[48];
        (void)snprintf(left, sizeof left, "--%s%s%s", options[i].name,
                       options[i].arg != NULL ? " " : "",
                       options[i].arg != NULL ? options[i].arg : "");
        (void)fprintf(out, "  %-28s %s\n", left, options[i].help);
    }
    (void)fputs("\nexample: " SY_PROGRAM " --feed /var/lib/switchyard/nodes --log json\n", out);
}

static enum sy_code take_number(const struct option *option, const char *text, unsigned max,
                                unsigned *ret, struct sy_err *err)
{
    size_t len = strspn(text, "0123456789");
    unsigned long value = len > 0 && len < 10 && text[len] == '\0' ? strtoul(text, NULL, 10) : 0;
    char shown[40];
    if (value < 1 || value > max)
        return sy_fail(err, SY_EUSAGE, "--%s '%s': expected a number 1..%u", option->name,
                       sy_quote(shown, sizeof shown, text, strlen(text)), max);
    *ret = (unsigned)value;
    return SY_OK;
}

static enum sy_code take_address(const struct option *option, const char *text,
                                 struct sy_address *ret, struct sy_err *err)
{
    enum sy_code code = sy_address_parse(text, ret, err);
    if (code != SY_OK)
        (void)sy_wrap(err, "--%s", option->name);
    return code;
}

static enum sy_code take_log(const char *text, enum sy_log_format *ret, struct sy_err *err)
{
    char shown[40];
    if (strcmp(text, "text") != 0 && strcmp(text, "json") != 0)
        return sy_fail(err, SY_EUSAGE, "--log '%s': expected text or json",
                       sy_quote(shown, sizeof shown, text, strlen(text)));
    *ret = text[0] == 'j' ? SY_LOG_JSON : SY_LOG_TEXT;
    return SY_OK;
}

/* A label of RFC 1123, as a namespace's name is: it becomes part of paths. */
static enum sy_code take_namespace(const char *text, const char **ret, struct sy_err *err)
{
    char shown[80];
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (text[len] != '\0' || len > 63 || text[0] == '-' || text[len - 1] == '-')
        return sy_fail(err, SY_EUSAGE, "--namespace '%s' is no name of a namespace",
                       sy_quote(shown, sizeof shown, text, strlen(text)));
    *ret = text;
    return SY_OK;
}

static enum sy_code take_wake(const char *text, enum sy_wake *ret, struct sy_err *err)
{
    char shown[40];
    int wake = sy_wake_find(text);
    if (wake < 0)
        return sy_fail(err, SY_EUSAGE, "--wake '%s': expected csistoragecapacity, node or off",
                       sy_quote(shown, sizeof shown, text, strlen(text)));
    *ret = (enum sy_wake)wake;
    return SY_OK;
}

static enum sy_code take_probe(const char *text, const char **ret, struct sy_err *err)
{
    char shown[40];
    if (strcmp(text, "healthz") != 0 && strcmp(text, "readyz") != 0)
        return sy_fail(err, SY_EUSAGE, "--probe '%s': expected healthz or readyz",
                       sy_quote(shown, sizeof shown, text, strlen(text)));
    *ret = text;
    return SY_OK;
}

/* What concerns a cluster that is watched. */
static enum sy_code take_cluster(struct sy_config *config, enum option_id id, const char *value,
                                 struct sy_err *err)
{
    if (id == OPT_NAMESPACE)
        return take_namespace(value, &config->namespace_, err);
    if (id == OPT_WAKE)
        return take_wake(value, &config->wake, err);
    if (id == OPT_REPORT_OLD)
        return take_number(&options[id], value, 86400, &config->report_old_s, err);
    if (id == OPT_REPORT_EXPIRED)
        return take_number(&options[id], value, 86400, &config->report_expired_s, err);
    if (id == OPT_KUBECONFIG)
        config->kubeconfig = value;
    else if (id == OPT_IN_CLUSTER)
        config->in_cluster = true;
    else if (id == OPT_BIND)
        config->bind = true;
    return SY_OK;
}

static enum sy_code take_record(struct sy_config *config, enum option_id id, const char *value,
                                struct sy_err *err)
{
    if (id == OPT_RECORD_MAX)
        return take_number(&options[id], value, SY_RECORDS_MAX, &config->record_max, err);
    config->record = value;
    return SY_OK;
}

static enum sy_code take(struct sy_config *config, enum option_id id, const char *value,
                         struct sy_err *err)
{
    switch (id) {
    case OPT_LISTEN:
        return take_address(&options[id], value, &config->listen, err);
    case OPT_ADMIN:
        return take_address(&options[id], value, &config->admin, err);
    case OPT_FEED:
        config->feed = value;
        break;
    case OPT_KUBECONFIG:
    case OPT_IN_CLUSTER:
    case OPT_NAMESPACE:
    case OPT_WAKE:
    case OPT_BIND:
    case OPT_REPORT_OLD:
    case OPT_REPORT_EXPIRED:
        return take_cluster(config, id, value, err);
    case OPT_PROBE:
        config->action = SY_ACTION_PROBE;
        return take_probe(value, &config->probe, err);
    case OPT_POLICY:
        config->policy = value;
        break;
    case OPT_CATALOGUE:
        if (config->ncatalogue == SY_CATALOGUES_MAX)
            return sy_fail(err, SY_EUSAGE, "--catalogue: more than %u", SY_CATALOGUES_MAX);
        config->catalogue[config->ncatalogue++] = value;
        break;
    case OPT_LOG:
        return take_log(value, &config->log, err);
    case OPT_IDLE:
        return take_number(&options[id], value, 86400, &config->idle_s, err);
    case OPT_STALL:
        return take_number(&options[id], value, 3600, &config->stall_s, err);
    case OPT_RESCAN:
        return take_number(&options[id], value, 86400, &config->rescan_s, err);
    case OPT_CONNECTIONS:
        return take_number(&options[id], value, 10000, &config->connections, err);
    case OPT_RECORD:
    case OPT_RECORD_MAX:
        return take_record(config, id, value, err);
    case OPT_REMOTE:
        config->allow_remote = true;
        break;
    case OPT_CHECK:
        config->action = SY_ACTION_CHECK;
        break;
    case OPT_PRINT:
        config->action = SY_ACTION_PRINT_CONFIG;
        break;
    case OPT_HELP:
        config->action = SY_ACTION_HELP;
        break;
    case OPT_VERSION:
        config->action = SY_ACTION_VERSION;
        break;
    case OPT_COUNT:
        break;
    }
    return SY_OK;
}

/* The option that `text` ("--name" or "--name=value") names, or OPT_COUNT; *ret_value is what
 * stands behind '=', or NULL. */
static enum option_id find_option(const char *text, const char **ret_value)
{
    *ret_value = NULL;
    if (strncmp(text, "--", 2) != 0)
        return OPT_COUNT;
    size_t len = strcspn(text + 2, "=");
    if (text[2 + len] == '=')
        *ret_value = text + 2 + len + 1;
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (strlen(options[id].name) == len && strncmp(options[id].name, text + 2, len) == 0)
            return id;
    return OPT_COUNT;
}

static enum sy_code check_remote(const char *name, const struct sy_address *address,
                                 struct sy_err *err)
{
    char shown[SY_ADDRESS_TEXT];
    if (sy_address_is_loopback(address))
        return SY_OK;
    return sy_fail(err, SY_EUSAGE,
                   "--%s %s is not loopback, and the service speaks plain HTTP: --allow-remote "
                   "accepts that pods are readable on the network",
                   name, sy_address_format(address, shown));
}

static enum sy_code check_sources(const struct sy_config *config, struct sy_err *err)
{
    int live = (config->kubeconfig != NULL) + config->in_cluster;
    int sources = live + (config->feed != NULL);
    if (config->action == SY_ACTION_CHECK && config->feed == NULL)
        return sy_fail(err, SY_EUSAGE, "--check looks at --feed DIR, which is not given");
    if (sources == 0)
        return sy_fail(err, SY_EUSAGE,
                       "one of --feed DIR, --kubeconfig FILE and --in-cluster is required (--help "
                       "lists the options)");
    if (sources > 1)
        return sy_fail(err, SY_EUSAGE,
                       "only one of --feed DIR, --kubeconfig FILE and --in-cluster can be given");
    if (config->bind && live == 0)
        return sy_fail(err, SY_EUSAGE,
                       "--bind posts bindings: it needs --kubeconfig FILE or --in-cluster");
    if (config->report_old_s > config->report_expired_s)
        return sy_fail(err, SY_EUSAGE,
                       "--report-old %u is more than --report-expired %u: a report is old before "
                       "it expires",
                       config->report_old_s, config->report_expired_s);
    return SY_OK;
}

static enum sy_code check(const struct sy_config *config, struct sy_err *err)
{
    bool wants_feed = config->action == SY_ACTION_SERVE || config->action == SY_ACTION_CHECK;
    enum sy_code sources = wants_feed ? check_sources(config, err) : SY_OK;
    if (sources != SY_OK)
        return sources;
    if (config->allow_remote || config->action != SY_ACTION_SERVE)
        return SY_OK;
    enum sy_code code = check_remote("listen", &config->listen, err);
    return code != SY_OK ? code : check_remote("admin", &config->admin, err);
}

enum sy_code sy_config_parse(int argc, char *const *argv, struct sy_config *ret, struct sy_err *err)
{
    struct sy_config config = {.log_fd = STDERR_FILENO,
                               .idle_s = 120,
                               .stall_s = 10,
                               .rescan_s = 30,
                               .connections = 512,
                               .record_max = 1000,
                               .wake = SY_WAKE_CAPACITY,
                               .report_old_s = SY_REPORT_OLD_S,
                               .report_expired_s = SY_REPORT_EXPIRED_S};
    enum sy_code code = sy_address_parse(DEFAULT_LISTEN, &config.listen, err);
    if (code == SY_OK)
        code = sy_address_parse(DEFAULT_ADMIN, &config.admin, err);
    for (int i = 1; i < argc && code == SY_OK; i++) {
        const char *value;
        char shown[80];
        enum option_id id = find_option(argv[i], &value);
        if (id == OPT_COUNT)
            return sy_fail(err, SY_EUSAGE, "unknown argument '%s' (--help lists the options)",
                           sy_quote(shown, sizeof shown, argv[i], strlen(argv[i])));
        if (options[id].arg == NULL && value != NULL)
            return sy_fail(err, SY_EUSAGE, "--%s takes no value", options[id].name);
        if (options[id].arg != NULL && value == NULL && ++i < argc)
            value = argv[i];
        if (options[id].arg != NULL && (value == NULL || *value == '\0'))
            return sy_fail(err, SY_EUSAGE, "--%s wants a value: %s", options[id].name,
                           options[id].arg);
        code = take(&config, id, value, err);
    }
    if (code == SY_OK)
        code = check(&config, err);
    if (code == SY_OK)
        *ret = config;
    return code;
}
