/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/cli/cli.h"
#include "planner/whatif/scenario_private.h"

#include <string.h>

#define PRICE_MAX 1e12
#define WATTS_MAX 1e9
#define SHAPES_MAX 64u

enum sy_code sy_scenario_text(struct sy_scenario_reader *r, const struct sy_yaml *map,
                              const char *key, const char **ret)
{
    const struct sy_yaml *node = sy_yaml_get(map, key);
    if (node == NULL)
        return SY_OK;
    enum sy_code code = sy_yaml_str(r->file, node, SY_SCENARIO_TEXT_MAX, ret, r->err);
    if (code == SY_OK && (*ret)[0] == '\0')
        code = sy_yaml_fail(r->file, node, SY_EINVAL, r->err, "'%s': is empty", key);
    return code;
}

/* A file's name: one that does not begin with '/' is of the scenario's folder. */
enum sy_code sy_scenario_path(struct sy_scenario_reader *r, const struct sy_yaml *map,
                              const char *key, const char **ret)
{
    const char *name = NULL;
    enum sy_code code = sy_scenario_text(r, map, key, &name);
    if (code != SY_OK || name == NULL)
        return code;
    *ret = name[0] == '/' ? name : sy_arena_printf(r->arena, "%s%s", r->scenario->folder, name);
    return *ret != NULL ? SY_OK : sy_fail(r->err, SY_ENOMEM, "out of memory");
}

static enum sy_code thousandths(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                const char *key, double max, int64_t *ret)
{
    const struct sy_yaml *node = sy_yaml_get(map, key);
    double value;
    if (node == NULL)
        return SY_OK;
    enum sy_code code = sy_yaml_real(r->file, node, 0, max, &value, r->err);
    if (code == SY_OK)
        *ret = (int64_t)(value * 1000 + 0.5);
    return code;
}

enum sy_code sy_scenario_watts(struct sy_scenario_reader *r, const struct sy_yaml *map,
                               const char *key, int64_t *ret_mw)
{
    return thousandths(r, map, key, WATTS_MAX, ret_mw);
}

static enum sy_code whole(struct sy_scenario_reader *r, const struct sy_yaml *map, const char *key,
                          int64_t max, int64_t *ret)
{
    const struct sy_yaml *node = sy_yaml_get(map, key);
    return node != NULL ? sy_yaml_int(r->file, node, 0, max, ret, r->err) : SY_OK;
}

enum sy_code sy_scenario_price(struct sy_scenario_reader *r, const struct sy_yaml *map,
                               struct sy_scenario_price *ret)
{
    *ret = (struct sy_scenario_price){-1, -1, -1, -1, NULL};
    enum sy_code code = thousandths(r, map, "price", PRICE_MAX, &ret->price_milli);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "currency", &ret->currency);
    if (code == SY_OK)
        code = sy_scenario_watts(r, map, "watts", &ret->watts_mw);
    if (code == SY_OK)
        code = whole(r, map, "rackUnits", 1000, &ret->rack_units);
    if (code == SY_OK)
        code = whole(r, map, "leadTimeDays", 10000, &ret->lead_days);
    return code;
}

enum sy_code sy_scenario_labels(struct sy_scenario_reader *r, const struct sy_yaml *map,
                                struct sy_label_match **ret, size_t *ret_n)
{
    const struct sy_yaml *labels = sy_yaml_get(map, "labels");
    if (labels == NULL)
        return SY_OK;
    if (labels->kind != SY_YAML_MAP || labels->count > SY_SCENARIO_LABELS_MAX)
        return sy_yaml_fail(r->file, labels, SY_EINVAL, r->err,
                            "'labels': expected a map of at most %u labels",
                            SY_SCENARIO_LABELS_MAX);
    *ret = sy_arena_calloc(r->arena, labels->count, sizeof **ret);
    if (*ret == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < labels->count && code == SY_OK; i++) {
        (*ret)[i].key = labels->key[i]->text;
        code =
            sy_yaml_str(r->file, labels->item[i], SY_SCENARIO_TEXT_MAX, &(*ret)[i].value, r->err);
    }
    *ret_n = labels->count;
    return code;
}

static enum sy_code read_template(struct sy_scenario_reader *r, const struct sy_yaml *name,
                                  const struct sy_yaml *map, struct sy_scenario_template *ret)
{
    static const char *const known[] = {"like",      "file",         "topology", "allocatable",
                                        "labels",    "price",        "currency", "watts",
                                        "rackUnits", "leadTimeDays", NULL};
    *ret = (struct sy_scenario_template){
        .name = name->text, .line = name->line, .column = name->column};
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK)
        code = sy_scenario_text(r, map, "like", &ret->like);
    if (code == SY_OK)
        code = sy_scenario_path(r, map, "file", &ret->file);
    if (code == SY_OK)
        code = sy_scenario_path(r, map, "topology", &ret->topology);
    if (code == SY_OK && (ret->like != NULL) + (ret->file != NULL) + (ret->topology != NULL) != 1)
        code = sy_yaml_fail(r->file, map, SY_EINVAL, r->err,
                            "expected one of 'like', 'file' and 'topology'");
    const struct sy_yaml *amounts = code == SY_OK ? sy_yaml_get(map, "allocatable") : NULL;
    if (amounts != NULL && (ret->topology == NULL || amounts->kind != SY_YAML_MAP))
        code = sy_yaml_fail(r->file, amounts, SY_EINVAL, r->err,
                            "'allocatable': expected a map, beside 'topology'");
    else if (amounts != NULL)
        code = sy_scenario_json(r, amounts, &ret->allocatable);
    if (code == SY_OK)
        code = sy_scenario_labels(r, map, &ret->label, &ret->nlabel);
    return code == SY_OK ? sy_scenario_price(r, map, &ret->price) : code;
}

static enum sy_code read_templates(struct sy_scenario_reader *r, const struct sy_yaml *root)
{
    const struct sy_yaml *map = sy_yaml_get(root, "templates");
    struct sy_scenario *scenario = r->scenario;
    if (map == NULL)
        return SY_OK;
    if (map->kind != SY_YAML_MAP || map->count > SY_SCENARIO_TEMPLATES_MAX)
        return sy_yaml_fail(r->file, map, SY_EINVAL, r->err,
                            "'templates': expected a map of at most %u templates",
                            SY_SCENARIO_TEMPLATES_MAX);
    scenario->template_ = sy_arena_calloc(r->arena, map->count, sizeof *scenario->template_);
    if (scenario->template_ == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < map->count && code == SY_OK; i++)
        code = read_template(r, map->key[i], map->item[i],
                             &scenario->template_[scenario->ntemplate++]);
    return code;
}

static enum sy_code read_steps(struct sy_scenario_reader *r, const struct sy_yaml *root)
{
    const struct sy_yaml *list = sy_yaml_get(root, "steps");
    struct sy_scenario *scenario = r->scenario;
    if (list == NULL || list->kind != SY_YAML_LIST || list->count > SY_SCENARIO_STEPS_MAX)
        return sy_yaml_fail(r->file, list != NULL ? list : root, SY_EINVAL, r->err,
                            "'steps': expected a list of at most %u steps", SY_SCENARIO_STEPS_MAX);
    scenario->step = sy_arena_calloc(r->arena, list->count, sizeof *scenario->step);
    if (scenario->step == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < list->count && code == SY_OK; i++)
        code = sy_scenario_step(r, list->item[i], &scenario->step[scenario->nstep++]);
    return code;
}

static enum sy_code read_shapes(struct sy_scenario_reader *r, const struct sy_yaml *root)
{
    const struct sy_yaml *list = sy_yaml_get(root, "shapes");
    struct sy_scenario *scenario = r->scenario;
    if (list == NULL)
        return SY_OK;
    if (list->kind != SY_YAML_LIST || list->count > SHAPES_MAX)
        return sy_yaml_fail(r->file, list, SY_EINVAL, r->err,
                            "'shapes': expected a list of at most %u files", SHAPES_MAX);
    scenario->shape = sy_arena_calloc(r->arena, list->count, sizeof(const char *));
    if (scenario->shape == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < list->count && code == SY_OK; i++) {
        const char *name = "";
        code = sy_yaml_str(r->file, list->item[i], SY_SCENARIO_TEXT_MAX, &name, r->err);
        const char *path =
            name[0] == '/' ? name : sy_arena_printf(r->arena, "%s%s", scenario->folder, name);
        if (code == SY_OK && path == NULL)
            code = sy_fail(r->err, SY_ENOMEM, "out of memory");
        scenario->shape[scenario->nshape++] = path;
    }
    return code;
}

static enum sy_code read_head(struct sy_scenario_reader *r, const struct sy_yaml *root)
{
    static const char *const known[] = {"apiVersion", "kind",  "metadata", "templates",
                                        "shapes",     "steps", NULL};
    static const char *const in_metadata[] = {"name", NULL};
    static const char *const required[][2] = {{"apiVersion", "switchyard.dev/v1alpha1"},
                                              {"kind", "Scenario"}};
    enum sy_code code = sy_yaml_only(r->file, root, known, r->err);
    for (size_t i = 0; i < 2 && code == SY_OK; i++) {
        const char *text = NULL;
        code = sy_scenario_text(r, root, required[i][0], &text);
        if (code == SY_OK && (text == NULL || strcmp(text, required[i][1]) != 0)) {
            const struct sy_yaml *at = sy_yaml_get(root, required[i][0]);
            code = sy_yaml_fail(r->file, at != NULL ? at : root, SY_EINVAL, r->err,
                                "'%s': expected %s", required[i][0], required[i][1]);
        }
    }
    const struct sy_yaml *metadata = code == SY_OK ? sy_yaml_get(root, "metadata") : NULL;
    if (metadata != NULL)
        code = sy_yaml_only(r->file, metadata, in_metadata, r->err);
    if (metadata != NULL && code == SY_OK)
        code = sy_scenario_text(r, metadata, "name", &r->scenario->name);
    return code;
}

/* Where the file's own folder is; of standard input the current one. */
static const char *folder_of(struct sy_arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash != NULL ? sy_arena_strndup(arena, file, (size_t)(slash - file + 1)) : "";
}

enum sy_code sy_scenario_parse(const char *file, const char *data, size_t len,
                               struct sy_arena *arena, struct sy_scenario *ret, struct sy_err *err)
{
    struct sy_scenario scenario = {
        .file = file, .folder = folder_of(arena, file), .keep = json_array()};
    struct sy_scenario_reader r = {.file = file, .arena = arena, .scenario = &scenario, .err = err};
    struct sy_yaml *root;
    enum sy_code code = SY_OK;
    if (scenario.keep == NULL || scenario.folder == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    if (code == SY_OK)
        code = sy_yaml_parse(arena, file, data, len, SY_SCENARIO_MAX, &root, err);
    if (code == SY_OK)
        code = read_head(&r, root);
    if (code == SY_OK)
        code = read_templates(&r, root);
    if (code == SY_OK)
        code = read_shapes(&r, root);
    if (code == SY_OK)
        code = read_steps(&r, root);
    if (code == SY_OK)
        *ret = scenario;
    else
        sy_scenario_done(&scenario);
    return code;
}

enum sy_code sy_scenario_read(const char *path, struct sy_arena *arena, struct sy_scenario *ret,
                              struct sy_err *err)
{
    sy_autofree char *data = NULL;
    size_t len;
    enum sy_code code = sy_input_read(path, SY_SCENARIO_MAX, &data, &len, err);
    return code == SY_OK ? sy_scenario_parse(path, data, len, arena, ret, err) : code;
}

void sy_scenario_done(struct sy_scenario *scenario)
{
    json_decref(scenario->keep);
    scenario->keep = NULL;
}
