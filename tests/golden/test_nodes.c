/* SPDX-License-Identifier: Apache-2.0 */
/* Small machines, each with one thing that is easily got wrong, and what they must look like. */
#include "base/file.h"
#include "tests/golden/show.h"
#include "tests/lib/run.h"
#include "topology/node_json.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER SY_SOURCE_DIR "/tests/golden/nodes"

static struct sy_catalogue *catalogue;

static void setup(void)
{
    struct sy_err err = {0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
}

static void teardown(void)
{
    sy_catalogue_unref(catalogue);
}

static void check_case(const char *name)
{
    char path[1024];
    struct sy_err err = {0};
    sy_autofree char *data = NULL;
    size_t len;
    struct sy_node *node = NULL;
    struct sy_str text;
    (void)snprintf(path, sizeof path, FOLDER "/%s.json", name);
    ck_assert_msg(sy_file_read(path, SY_NODE_JSON_MAX, &data, &len, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_node_from_bytes(data, len, NULL, 0, NULL, catalogue, &node, &err) == SY_OK,
                  "%s: %s", path, err.text);
    ck_assert_str_eq(node->name, name);
    ck_assert_msg(sy_node_check(node, &err) == SY_OK, "%s: %s", path, err.text);
    sy_expect_round_trip(node, catalogue);
    sy_str_init(&text, (size_t)1 << 22);
    sy_show_node(node, &text);
    (void)snprintf(path, sizeof path, FOLDER "/%s.txt", name);
    sy_expect_file(path, &text);
    sy_str_done(&text);
    sy_node_unref(node);
}

static int is_document(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".json") == 0;
}

START_TEST(every_case)
{
    struct dirent **entry;
    int n = scandir(FOLDER, &entry, is_document, alphasort);
    ck_assert_int_gt(n, 10);
    for (int i = 0; i < n; i++) {
        entry[i]->d_name[strlen(entry[i]->d_name) - strlen(".json")] = '\0';
        check_case(entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden nodes");
    TCase *tcase = tcase_create("nodes");
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_case);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
