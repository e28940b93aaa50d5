/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard check FILE|DIR ...` */
#include "planner/check/check.h"

#include "base/arena.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 100000u

static const struct sy_column columns[] = {{.name = "FILE"}, {.name = "KIND"}, {.name = "RESULT"}};

struct run {
    struct sy_cli *cli;
    struct sy_check check;
    struct sy_table *table;
    json_t *files;
    const char *path; /* being checked */
    json_t *errors;   /* of it */
    size_t nbad_files, nfile;
};

static void note_bad(void *data, const char *text)
{
    struct run *run = data;
    (void)json_array_append_new(run->errors, json_string(text));
}

/* A file's rows and its object; takes over its errors. */
static enum sy_code put_file(struct run *run, const char *path, const char *kind_name, bool good,
                             struct sy_err *err)
{
    size_t index;
    json_t *text;
    json_array_foreach(run->errors, index, text)
    {
        sy_table_cell(run->table, index == 0 ? path : "");
        sy_table_cell(run->table, index == 0 ? kind_name : "");
        sy_table_cell(run->table, json_string_value(text));
    }
    if (good) {
        sy_table_cell(run->table, path);
        sy_table_cell(run->table, kind_name);
        sy_table_cellf(run->table, "ok: %zu %s%s%s", run->check.count, run->check.what,
                       run->check.count == 1 ? "" : "s", run->check.more);
    }
    run->nfile++;
    run->nbad_files += !good;
    if (json_array_append_new(run->files,
                              json_pack("{ss ss sb so}", "file", path, "kind", kind_name, "ok",
                                        good, "errors", run->errors)) != 0)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return SY_OK;
}

static enum sy_code check_one(struct run *run, const char *path, struct sy_err *err)
{
    enum sy_file_kind kind;
    size_t before = run->check.nbad;
    run->path = path;
    run->errors = json_array();
    enum sy_code code = run->errors != NULL ? sy_check_file(&run->check, path, &kind, err)
                                            : sy_fail(err, SY_ENOMEM, "out of memory");
    if (code != SY_OK) {
        json_decref(run->errors);
        return code;
    }
    return put_file(run, path, kind < SY_FILE_KIND_COUNT ? sy_file_kind_name(kind) : "?",
                    run->check.nbad == before, err);
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* What somebody reads of a directory; the rest is passed over. */
static bool is_data(const char *name)
{
    return ends_with(name, ".json") || ends_with(name, ".yaml") || ends_with(name, ".yml") ||
           ends_with(name, ".xml");
}

/* Statuses are checked with the nodes that they belong to. */
static enum sy_code check_statuses(struct run *run, const char *folder, struct sy_err *err)
{
    size_t before = run->check.nbad;
    run->errors = json_array();
    enum sy_code code = run->errors != NULL ? sy_check_statuses(&run->check, folder, err)
                                            : sy_fail(err, SY_ENOMEM, "out of memory");
    if (code == SY_OK)
        code = put_file(run, folder, "nodes and their status", run->check.nbad == before, err);
    else
        json_decref(run->errors);
    return code;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Paths of the directory's files that are checked, and whether it holds statuses. */
static enum sy_code list_folder(const char *folder, DIR *entries, struct sy_arena *arena,
                                const char **path, size_t *ret_n, bool *ret_statuses,
                                struct sy_err *err)
{
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const char *name = entry->d_name;
        struct stat info;
        *ret_statuses |= name[0] != '.' && ends_with(name, ".status.json");
        if (name[0] == '.' || ends_with(name, ".status.json") || !is_data(name))
            continue;
        if (*ret_n == FILES_MAX)
            return sy_fail(err, SY_ELIMIT, "%s: more than %u files", folder, FILES_MAX);
        path[*ret_n] = sy_arena_printf(arena, "%s/%s", folder, name);
        if (path[*ret_n] == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        *ret_n += stat(path[*ret_n], &info) == 0 && S_ISREG(info.st_mode);
    }
    return SY_OK;
}

/* Files of the directory, in the order of their names. */
static enum sy_code check_folder(struct run *run, const char *folder, struct sy_err *err)
{
    bool statuses = false;
    size_t n = 0;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 28);
    sy_autofree const char **path = sy_calloc(FILES_MAX, sizeof *path);
    if (arena == NULL || path == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return sy_fail(err, SY_EIO, "%s: cannot read: %s", folder, strerror(errno));
    enum sy_code code = list_folder(folder, entries, arena, path, &n, &statuses, err);
    (void)closedir(entries);
    qsort(path, n, sizeof *path, by_text);
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = check_one(run, path[i], err);
    return code == SY_OK && statuses ? check_statuses(run, folder, err) : code;
}

static enum sy_code check_all(struct run *run, struct sy_err *err)
{
    size_t n = 0;
    const char *const *path = sy_options_rest(run->cli->options, &n);
    if (n == 0)
        return sy_fail(err, SY_EUSAGE, "expected FILE or DIR");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        struct stat info;
        bool folder =
            strcmp(path[i], "-") != 0 && stat(path[i], &info) == 0 && S_ISDIR(info.st_mode);
        code = folder ? check_folder(run, path[i], err) : check_one(run, path[i], err);
    }
    return code;
}

static enum sy_code run_check(struct sy_cli *cli, struct sy_err *err)
{
    struct run run = {.cli = cli, .files = json_array()};
    size_t ncatalogue = 0;
    const char *const *catalogue = sy_options_list(cli->options, "catalogue", &ncatalogue);
    run.check = (struct sy_check){.bad = note_bad, .data = &run};
    run.table = sy_result_table(cli->result, NULL, columns, sizeof columns / sizeof columns[0]);
    cli->result->json = sy_result_object("CheckResult");
    enum sy_code code = run.files != NULL && run.table != NULL && cli->result->json != NULL
                            ? sy_catalogue_load(catalogue, ncatalogue, &run.check.catalogue, err)
                            : sy_fail(err, SY_ENOMEM, "out of memory");
    if (code == SY_OK)
        code = check_all(&run, err);
    if (code == SY_OK && (json_object_set(cli->result->json, "files", run.files) != 0 ||
                          json_object_set_new(cli->result->json, "bad",
                                              json_integer((json_int_t)run.nbad_files)) != 0))
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    if (code == SY_OK && run.nbad_files > 0)
        cli->exit_status = sy_code_exit(SY_EINVAL);
    json_decref(run.files);
    sy_catalogue_unref(run.check.catalogue);
    return code;
}

static const struct sy_option options[] = {
    {.name = "catalogue",
     .arg = "FILE",
     .repeats = true,
     .help = "extends or overrides the device catalogue for the files checked; may be repeated"},
};

const struct sy_command sy_command_check = {
    .name = "check",
    .summary = "check topologies, catalogues, policies, scenarios, fleets, recordings, snapshots",
    .synopsis = "FILE|DIR|- ...",
    .details =
        "Each file is read by the reader that would use it; what is wrong is said with file, "
        "line, column or\npath. Exit status 65 when one of them is bad.",
    .example = "switchyard check deploy/examples/planner deploy/examples/policy.yaml",
    .formats = "table|wide|json|yaml|csv",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .run = run_check,
};
