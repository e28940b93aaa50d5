/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/command.h"

#include "planner/draw/draw.h"
#include "planner/draw/source.h"
#include "planner/state/state.h"

#include <string.h>
#include <sys/stat.h>

#define SVG_NODES_MAX 256u /* of one picture */
#define BAD_SHOWN 20u      /* files and objects that are wrong, one line each */

/* What the nodes become, one after the other. */
struct painter {
    struct sy_cli *cli;
    struct sy_draw_options options;
    enum sy_matrix matrix;
    size_t n, nbad;
    json_t *items;                          /* JSON and YAML */
    struct sy_drawing *kept[SVG_NODES_MAX]; /* SVG */
};

static void painter_done(struct painter *painter)
{
    json_decref(painter->items);
    for (size_t i = 0; i < painter->n && painter->kept[i] != NULL; i++)
        sy_drawing_free(painter->kept[i]);
}

static enum sy_code add_json(struct painter *painter, const struct sy_drawing *drawing,
                             struct sy_err *err)
{
    json_t *item = NULL;
    enum sy_code code = sy_draw_json(drawing, painter->matrix, &item, err);
    if (code == SY_OK && json_array_append_new(painter->items, item) != 0)
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    return code;
}

static void add_text(struct painter *painter, const struct sy_drawing *drawing, struct sy_str *out,
                     bool wide)
{
    if (painter->n > 0)
        sy_str_append(out, "\n");
    sy_draw_text(drawing, painter->matrix, wide, out);
}

/* A sy_draw_node_fn. */
static enum sy_code paint(void *data, struct sy_node *node, struct sy_err *err)
{
    struct painter *painter = data;
    SY_AUTO(sy_drawing) struct sy_drawing *drawing = NULL;
    enum sy_format format = painter->cli->format;
    if (format == SY_FORMAT_SVG && painter->n == SVG_NODES_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u nodes in one picture", SVG_NODES_MAX);
    enum sy_code code = sy_drawing_make(node, &painter->options, &drawing, err);
    if (code != SY_OK)
        return code;
    if (format == SY_FORMAT_JSON || format == SY_FORMAT_YAML)
        code = add_json(painter, drawing, err);
    else if (format == SY_FORMAT_SVG)
        painter->kept[painter->n] = SY_TAKE(drawing);
    else if (format == SY_FORMAT_WIDE)
        add_text(painter, drawing, &painter->cli->result->before, true);
    else
        add_text(painter, drawing, &painter->cli->result->document, false);
    painter->n += code == SY_OK;
    return code;
}

/* A sy_draw_bad_fn. */
static void complain(void *data, const char *text)
{
    struct painter *painter = data;
    char shown[sizeof((struct sy_err *)NULL)->text];
    if (++painter->nbad > BAD_SHOWN)
        return;
    size_t n = 0;
    for (; text[n] != '\0' && n + 1 < sizeof shown; n++) /* file names hold what they like */
        shown[n] = (unsigned char)text[n] < 0x20 || text[n] == 0x7f ? '?' : text[n];
    shown[n] = '\0';
    sy_cli_note(painter->cli, "%s", shown);
}

static enum sy_code finish(struct painter *painter, struct sy_err *err)
{
    struct sy_result *result = painter->cli->result;
    if (painter->cli->format == SY_FORMAT_SVG)
        return sy_draw_svg((const struct sy_drawing *const *)painter->kept, painter->n,
                           painter->matrix, &result->document, err);
    if (painter->cli->format != SY_FORMAT_JSON && painter->cli->format != SY_FORMAT_YAML)
        return SY_OK;
    if (painter->n == 1) {
        result->json = json_incref(json_array_get(painter->items, 0));
        return SY_OK;
    }
    result->json = sy_result_object("TopologyList");
    if (json_object_set(result->json, "items", painter->items) != 0)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return SY_OK;
}

static enum sy_code paint_files(struct painter *painter, const char *const *path, size_t n,
                                struct sy_err *err)
{
    struct sy_catalogue *catalogue = NULL;
    size_t ncatalogue = 0;
    const char *const *file = sy_options_list(painter->cli->options, "catalogue", &ncatalogue);
    enum sy_code code = sy_catalogue_load(file, ncatalogue, &catalogue, err);
    static const struct sy_discover_options patient = {.timeout_ms = 20000};
    struct sy_draw_reader reader = {.catalogue = catalogue,
                                    .discover = &patient,
                                    .node = paint,
                                    .bad = complain,
                                    .data = painter};
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = sy_draw_read(&reader, path[i], err);
    sy_catalogue_unref(catalogue);
    if (code == SY_OK && reader.nother > 0)
        sy_cli_note(painter->cli, "%zu %s passed over: no topology", reader.nother,
                    reader.nother == 1 ? "file or object" : "files and objects");
    if (painter->nbad > BAD_SHOWN)
        sy_cli_note(painter->cli, "%zu more are wrong", painter->nbad - BAD_SHOWN);
    if (code == SY_OK && reader.nbad > 0)
        painter->cli->exit_status = sy_code_exit(reader.bad_code);
    return code;
}

static enum sy_code paint_state_node(struct painter *painter, const struct sy_state_node *node,
                                     struct sy_err *err)
{
    if (node->node == NULL)
        return sy_fail(err, SY_ENOENT, "node %s: nobody told its devices: it has no NodeFabric",
                       node->name);
    return paint(painter, node->node, err);
}

/* Nodes of a snapshot or of the live cluster; no names: all of which something is known. */
static enum sy_code paint_nodes(struct painter *painter, const char *const *name, size_t n,
                                struct sy_err *err)
{
    SY_AUTO(sy_state) struct sy_state *state = NULL;
    enum sy_code code = sy_state_of(painter->cli, &state, err);
    size_t untold = 0;
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        int64_t at = sy_state_find_node(state, name[i]);
        char shown[256];
        if (at < 0)
            return sy_fail(err, SY_ENOENT, "node '%s': %s has no such node",
                           sy_quote(shown, sizeof shown, name[i], strlen(name[i])), state->source);
        code = paint_state_node(painter, &state->node[at], err);
    }
    for (size_t i = 0; n == 0 && code == SY_OK && i < state->nnode; i++) {
        if (state->node[i].node != NULL)
            code = paint(painter, state->node[i].node, err);
        else
            untold++;
    }
    if (code == SY_OK && untold > 0)
        sy_cli_note(painter->cli, "%zu %s without a NodeFabric passed over", untold,
                    untold == 1 ? "node" : "nodes");
    if (code == SY_OK && painter->n == 0)
        code = sy_fail(err, SY_ENOENT, "%s: nobody told the devices of any node", state->source);
    return code;
}

static bool is_path(const char *text)
{
    struct stat info;
    return strcmp(text, "-") == 0 || strchr(text, '/') != NULL || stat(text, &info) == 0;
}

/* Is a cluster named, so that arguments are names of its nodes? */
static bool names_cluster(const struct sy_cli *cli)
{
    size_t n = 0;
    (void)sy_options_list(cli->options, "snapshot", &n);
    return n > 0 || sy_options_str(cli->options, "kubeconfig") != NULL ||
           sy_options_str(cli->options, "context") != NULL ||
           sy_options_flag(cli->options, "in-cluster");
}

static enum sy_code paint_all(struct painter *painter, struct sy_err *err)
{
    size_t n = 0, paths = 0;
    const char *const *rest = sy_options_rest(painter->cli->options, &n);
    if (names_cluster(painter->cli))
        return paint_nodes(painter, rest, n, err);
    if (n == 0)
        return sy_fail(err, SY_EUSAGE, "expected a FILE, a DIRECTORY or the name of a NODE");
    for (size_t i = 0; i < n; i++)
        paths += is_path(rest[i]);
    if (paths != 0 && paths != n)
        return sy_fail(err, SY_EUSAGE,
                       "files and nodes of a cluster in one call: "
                       "a file that is not there, or --snapshot is missing");
    return paths != 0 ? paint_files(painter, rest, n, err) : paint_nodes(painter, rest, n, err);
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    const char *matrix = sy_options_str(cli->options, "matrix");
    struct painter painter __attribute__((cleanup(painter_done))) = {
        .cli = cli,
        .options = {.all = cli->format == SY_FORMAT_WIDE || sy_options_flag(cli->options, "all")},
        .matrix = matrix != NULL ? (enum sy_matrix)sy_matrix_find(matrix) : SY_MATRIX_BOTH,
        .items = json_array(),
    };
    enum sy_code code =
        painter.items != NULL ? paint_all(&painter, err) : sy_fail(err, SY_ENOMEM, "out of memory");
    return code == SY_OK ? finish(&painter, err) : code;
}

static const struct sy_option options[] = {
    {.name = "all", .help = "draw ports, bridges and devices that no pod can be given, too"},
    {.name = "matrix",
     .arg = "WHICH",
     .values = "class|gbps|both|none",
     .help = "matrices below the tree: how two devices are joined, GB/s (default both)"},
};

const struct sy_command sy_command_topology = {
    .name = "topology",
    .summary = "draw a node: PCIe tree, devices, links, and who holds what",
    .synopsis = "FILE|DIR|NODE ... [option ...]",
    .details =
        "FILE is a topology of hwloc (lstopo --of xml --export-xml-flags 2) or of NCCL or RCCL, "
        "or\n"
        "NodeFabric objects in JSON or YAML, one or a List; DIR holds any of them; - is standard\n"
        "input. NODE is a node of --snapshot, or of the live cluster.\n"
        "\n"
        "The tree shows sockets, NUMA nodes, host bridges, switches and the devices that a pod "
        "can\n"
        "be given, each with its model, memory, link, watts (drawn/limit) and who holds it. A "
        "link\n"
        "below what both its ends can do says so (\"15.8 of 31.5\"). What is left out is counted;\n"
        "--all and -o wide draw it. The matrices have nvidia-smi's words (PIX PXB PHB NODE SYS) "
        "and\n"
        "SLOT, SOCKET and the links between devices (NVL, XGMI, HCCS, SIO).",
    .example = "switchyard topology tests/machines/made/mixed-4npu-2gpu-2fpga.xml",
    .formats = "text|wide|svg|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
