/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include "agent/kubelet/checkpoint.h"
#include "agent/kubelet/kubelet_config.h"
#include "agent/kubelet/pod_resources.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define WATTS_DIGITS 8 /* before the point: 10 MW, the limit of node documents */
#define NODE_NAME_MAX 253u
#define NVML_LIBRARY "libnvidia-ml.so.1"
#define DCMI_LIBRARY "libdcmi.so"

/* X(id, name, argument or NULL, help) */
#define OPTIONS(X)                                                                                 \
    X(NODE, "node", "NAME", "the node's name in the cluster")                                      \
    X(KUBECONFIG, "kubeconfig", "FILE", "how to reach the API server")                             \
    X(IN_CLUSTER, "in-cluster", NULL, "reach the API server as a pod does")                        \
    X(SOCKET, "kubelet-socket", "PATH", "PodResources (" SY_POD_RESOURCES_SOCKET "); or none")     \
    X(CHECKPOINT, "checkpoint", "PATH",                                                            \
      "the kubelet's device checkpoint, for pods' UIDs (" SY_CHECKPOINT_PATH "); or none")         \
    X(CONFIG, "kubelet-config", "PATH",                                                            \
      "its configuration, for the Topology Manager (" SY_KUBELET_CONFIG_PATH "); or none")         \
    X(CONFIG_DIR, "kubelet-config-dir", "DIR", "its folder of drop-in configuration (none)")       \
    X(ROOT, "sysfs-root", "DIR", "folder that holds sys/ and proc/ (/)")                           \
    X(CATALOGUE, "catalogue", "FILE",                                                              \
      "extends or overrides the device catalogue; may be repeated")                                \
    X(LIMIT, "power-limit", "WATTS", "the node's power cap (what a sensor tells)")                 \
    X(LIMIT_FILE, "power-limit-file", "FILE", "a file that holds it, read again and again")        \
    X(BASE, "base-watts", "WATTS", "what the node takes without its devices (measured)")           \
    X(NVML, "nvml", "FILE", "NVIDIA's library (" NVML_LIBRARY " where the root is /); or none")    \
    X(DCMI, "dcmi", "FILE", "Ascend's library (" DCMI_LIBRARY " where the root is /); or none")    \
    X(HEARTBEAT, "heartbeat", "SECONDS", "write at least this often (30)")                         \
    X(SCAN, "scan", "SECONDS", "look for changed hardware this often (10)")                        \
    X(POLL, "poll", "SECONDS", "ask the kubelet and read sensors this often (1)")                  \
    X(ONCE, "once", NULL, "look once, publish or print, and exit")                                 \
    X(OUTPUT, "output", "yaml|json", "with --once: print the object; short: -o")                   \
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

void sy_agent_config_help(FILE *out)
{
    (void)fputs("usage: " SY_AGENT_PROGRAM " --node NAME (--kubeconfig FILE | --in-cluster | "
                "--once) [option ...]\n"
                "Publishes this node's devices, who holds them, their health and their power as a "
                "NodeFabric object.\n\n",
                out);
    for (size_t i = 0; i < OPT_COUNT; i++) {
        char left[48];
        (void)snprintf(left, sizeof left, "--%s%s%s", options[i].name,
                       options[i].arg != NULL ? " " : "",
                       options[i].arg != NULL ? options[i].arg : "");
        (void)fprintf(out, "  %-28s %s\n", left, options[i].help);
    }
    (void)fputs("\nexample: " SY_AGENT_PROGRAM " --node n1 --once -o yaml\n", out);
}

static const char *quote(const char *text, char shown[80])
{
    return sy_quote(shown, 80, text, strlen(text));
}

static enum sy_code take_number(const struct option *option, const char *text, unsigned max,
                                unsigned *ret, struct sy_err *err)
{
    size_t len = strspn(text, "0123456789");
    unsigned long value = len > 0 && len < 10 && text[len] == '\0' ? strtoul(text, NULL, 10) : 0;
    char shown[80];
    if (value < 1 || value > max)
        return sy_fail(err, SY_EUSAGE, "--%s '%s': expected a number 1..%u", option->name,
                       quote(text, shown), max);
    *ret = (unsigned)value;
    return SY_OK;
}

bool sy_agent_watts_parse(const char *text, int64_t *ret_mw)
{
    text += strspn(text, " \t\r\n");
    size_t whole = strspn(text, "0123456789");
    if (whole == 0 || whole > WATTS_DIGITS)
        return false;
    int64_t mw = (int64_t)strtol(text, NULL, 10) * 1000;
    const char *rest = text + whole;
    if (*rest == '.') {
        size_t digits = strspn(++rest, "0123456789");
        int64_t unit = 100;
        for (size_t i = 0; i < digits && unit > 0; i++, unit /= 10)
            mw += (rest[i] - '0') * unit;
        if (digits == 0)
            return false;
        rest += digits;
    }
    if (rest[strspn(rest, " \t\r\n")] != '\0' || mw > INT64_C(10000000000))
        return false;
    *ret_mw = mw;
    return true;
}

static enum sy_code take_watts(const struct option *option, const char *text, int64_t *ret,
                               struct sy_err *err)
{
    char shown[80];
    if (sy_agent_watts_parse(text, ret))
        return SY_OK;
    return sy_fail(err, SY_EUSAGE, "--%s '%s': expected watts, 0..10000000", option->name,
                   quote(text, shown));
}

/* "none" stands for no file. */
static const char *path_or_none(const char *value)
{
    return strcmp(value, "none") == 0 ? NULL : value;
}

static enum sy_code take_catalogue(struct sy_agent_config *config, const char *value,
                                   struct sy_err *err)
{
    if (config->ncatalogue == SY_AGENT_CATALOGUES_MAX)
        return sy_fail(err, SY_EUSAGE, "--catalogue: more than %u", SY_AGENT_CATALOGUES_MAX);
    config->catalogue[config->ncatalogue++] = value;
    return SY_OK;
}

static enum sy_code take_output(struct sy_agent_config *config, const char *value,
                                struct sy_err *err)
{
    char shown[80];
    if (strcmp(value, "yaml") != 0 && strcmp(value, "json") != 0)
        return sy_fail(err, SY_EUSAGE, "--output '%s': expected yaml or json", quote(value, shown));
    config->print = true;
    config->output = value[0] == 'j' ? SY_AGENT_JSON : SY_AGENT_YAML;
    return SY_OK;
}

/* Options whose value is a text to be kept; NULL for the others. */
static const char **path_of(struct sy_agent_config *config, enum option_id id)
{
    const char **const places[OPT_COUNT] = {
        [OPT_NODE] = &config->node,
        [OPT_KUBECONFIG] = &config->kubeconfig,
        [OPT_ROOT] = &config->root,
        [OPT_LIMIT_FILE] = &config->limit_file,
        [OPT_SOCKET] = &config->kubelet_socket,
        [OPT_CHECKPOINT] = &config->checkpoint,
        [OPT_CONFIG] = &config->kubelet_config,
        [OPT_CONFIG_DIR] = &config->kubelet_config_dir,
        [OPT_NVML] = &config->nvml,
        [OPT_DCMI] = &config->dcmi,
    };
    return (const char **)places[id];
}

static enum sy_code take(struct sy_agent_config *config, enum option_id id, const char *value,
                         struct sy_err *err)
{
    unsigned poll_s;
    enum sy_code code = SY_OK;
    const char **path = path_of(config, id);
    if (path != NULL) {
        bool has_none = id >= OPT_SOCKET && id != OPT_ROOT && id != OPT_LIMIT_FILE;
        *path = has_none ? path_or_none(value) : value;
    } else if (id == OPT_IN_CLUSTER) {
        config->in_cluster = true;
    } else if (id == OPT_CATALOGUE) {
        code = take_catalogue(config, value, err);
    } else if (id == OPT_LIMIT) {
        code = take_watts(&options[id], value, &config->limit_mw, err);
    } else if (id == OPT_BASE) {
        code = take_watts(&options[id], value, &config->base_mw, err);
    } else if (id == OPT_HEARTBEAT) {
        code = take_number(&options[id], value, 86400, &config->heartbeat_s, err);
    } else if (id == OPT_SCAN) {
        code = take_number(&options[id], value, 86400, &config->scan_s, err);
    } else if (id == OPT_POLL) {
        code = take_number(&options[id], value, 3600, &poll_s, err);
        config->poll_ms = code == SY_OK ? poll_s * 1000 : 0;
    } else if (id == OPT_ONCE) {
        config->once = true;
    } else if (id == OPT_OUTPUT) {
        code = take_output(config, value != NULL ? value : "", err);
    } else if (id == OPT_HELP) {
        config->action = SY_AGENT_HELP;
    } else if (id == OPT_VERSION) {
        config->action = SY_AGENT_VERSION;
    }
    return code;
}

/* The option that `text` ("--name", "--name=value", "-o") names, or OPT_COUNT; *ret_value is what
 * stands behind '=', or NULL. */
static enum option_id find_option(const char *text, const char **ret_value)
{
    *ret_value = NULL;
    if (strcmp(text, "-o") == 0)
        return OPT_OUTPUT;
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

/* What becomes part of a URL's path and of object names: as the API server itself demands it. */
static bool is_node_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= NODE_NAME_MAX && name[0] != '.' && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len;
}

static enum sy_code check(const struct sy_agent_config *config, struct sy_err *err)
{
    char shown[80];
    bool has_server = config->kubeconfig != NULL || config->in_cluster;
    if (config->action != SY_AGENT_RUN)
        return SY_OK;
    if (config->node == NULL)
        return sy_fail(err, SY_EUSAGE, "--node NAME is required (--help lists the options)");
    if (!is_node_name(config->node))
        return sy_fail(err, SY_EUSAGE,
                       "--node '%s': expected lower-case letters, digits, '-' and '.', at most %u",
                       quote(config->node, shown), NODE_NAME_MAX);
    if (config->kubeconfig != NULL && config->in_cluster)
        return sy_fail(err, SY_EUSAGE, "--kubeconfig and --in-cluster exclude each other");
    if (!has_server && !config->once)
        return sy_fail(err, SY_EUSAGE,
                       "one of --kubeconfig FILE, --in-cluster and --once is required");
    if (config->print && !config->once)
        return sy_fail(err, SY_EUSAGE, "--output needs --once");
    if (config->limit_mw >= 0 && config->limit_file != NULL)
        return sy_fail(err, SY_EUSAGE, "--power-limit and --power-limit-file exclude each other");
    return SY_OK;
}

static enum sy_code parse_all(int argc, char *const *argv, struct sy_agent_config *config,
                              bool *has_library, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (int i = 1; i < argc && code == SY_OK; i++) {
        const char *value;
        char shown[80];
        enum option_id id = find_option(argv[i], &value);
        if (id == OPT_COUNT)
            return sy_fail(err, SY_EUSAGE, "unknown argument '%s' (--help lists the options)",
                           quote(argv[i], shown));
        if (options[id].arg == NULL && value != NULL)
            return sy_fail(err, SY_EUSAGE, "--%s takes no value", options[id].name);
        if (options[id].arg != NULL && value == NULL && ++i < argc)
            value = argv[i];
        if (options[id].arg != NULL && (value == NULL || *value == '\0'))
            return sy_fail(err, SY_EUSAGE, "--%s wants a value: %s", options[id].name,
                           options[id].arg);
        has_library[0] = has_library[0] || id == OPT_NVML;
        has_library[1] = has_library[1] || id == OPT_DCMI;
        code = take(config, id, value, err);
    }
    return code;
}

enum sy_code sy_agent_config_parse(int argc, char *const *argv, struct sy_agent_config *ret,
                                   struct sy_err *err)
{
    struct sy_agent_config config = {
        .kubelet_socket = SY_POD_RESOURCES_SOCKET,
        .checkpoint = SY_CHECKPOINT_PATH,
        .kubelet_config = SY_KUBELET_CONFIG_PATH,
        .root = "/",
        .limit_mw = -1,
        .base_mw = -1,
        .heartbeat_s = 30,
        .scan_s = 10,
        .poll_ms = 1000,
    };
    bool has_library[2] = {false, false};
    enum sy_code code = parse_all(argc, argv, &config, has_library, err);
    if (code == SY_OK)
        code = check(&config, err);
    if (code != SY_OK)
        return code;
    /* The libraries speak of this machine, not of a tree of files. */
    bool live = strcmp(config.root, "/") == 0;
    if (live && !has_library[0])
        config.nvml = NVML_LIBRARY;
    if (live && !has_library[1])
        config.dcmi = DCMI_LIBRARY;
    *ret = config;
    return SY_OK;
}
