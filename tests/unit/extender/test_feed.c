/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/feed_dir.h"
#include "extender/feed_files.h"
#include "tests/lib/run.h"
#include "tests/unit/extender/world.h"
#include "topology/discover/discover.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct seen {
    unsigned bad, good;
    char file[300], text[600];
};

static void report(void *data, const char *file, const char *text)
{
    struct seen *seen = data;
    (void)snprintf(seen->file, sizeof seen->file, "%s", file);
    (void)snprintf(seen->text, sizeof seen->text, "%s", text != NULL ? text : "");
    if (text != NULL)
        seen->bad++;
    else
        seen->good++;
}

static char folder[64];
static struct sy_catalogue *catalogue;
static struct sy_feed *feed;
static struct seen seen;

static void set_up(void)
{
    struct sy_err err = {0};
    memset(&seen, 0, sizeof seen);
    world_folder(folder);
    ck_assert_int_eq(sy_catalogue_load(NULL, 0, &catalogue, &err), SY_OK);
    ck_assert_int_eq(sy_feed_dir_new(folder, catalogue, report, &seen, &feed, &err), SY_OK);
}

static void tear_down(void)
{
    feed->ops->free(feed);
    sy_catalogue_unref(catalogue);
    world_folder_remove(folder);
}

static void put(const char *name, const char *held)
{
    char file[100], *text = world_document(name, held);
    (void)snprintf(file, sizeof file, "%s.json", name);
    world_folder_write(folder, file, text);
    free(text);
}

/* Looks until nothing is left half-written. */
static struct sy_feed_result look(bool all)
{
    struct sy_feed_result result, sum = {0};
    struct sy_err err = {0};
    do {
        enum sy_code code = feed->ops->look(feed, all, &result, &err);
        ck_assert_msg(code == SY_OK, "%s", err.text);
        sum.changed = sum.changed || result.changed;
        sum.refused += result.refused;
        const struct timespec pause = {.tv_nsec = (long)result.again_ms * 1000000};
        (void)nanosleep(&pause, NULL);
    } while (result.again_ms > 0);
    sum.good = result.good;
    sum.bad = result.bad;
    return sum;
}

/* Waits for notices and looks at what they name. */
static struct sy_feed_result notice(void)
{
    struct pollfd in = {.fd = feed->ops->fd(feed), .events = POLLIN};
    ck_assert_int_eq(poll(&in, 1, 5000), 1);
    ck_assert(feed->ops->drain(feed));
    return look(false);
}

static size_t nodes(struct sy_node ***ret)
{
    size_t n;
    struct sy_err err = {0};
    ck_assert_int_eq(feed->ops->nodes(feed, ret, &n, &err), SY_OK);
    for (size_t i = 0; i < n; i++) {
        enum sy_code code = sy_node_check((*ret)[i], &err);
        ck_assert_msg(code == SY_OK, "%s", err.text);
    }
    return n;
}

START_TEST(unchanged_nodes_are_the_same_objects)
{
    struct sy_node **now;
    put("a", NULL);
    put("b", NULL);
    ck_assert(look(true).changed);
    ck_assert_uint_eq(nodes(&now), 2);
    ck_assert_str_eq(now[0]->name, "a");
    ck_assert_ptr_eq(now[0]->fabric, now[1]->fabric); /* equal inventories are shared */
    struct sy_node *a = now[0], *b = now[1];
    put("b", "0000:13:00.0");
    ck_assert(look(true).changed);
    ck_assert_uint_eq(nodes(&now), 2);
    ck_assert_ptr_eq(now[0], a);
    ck_assert_ptr_ne(now[1], b);
    ck_assert_ptr_eq(now[1]->fabric, a->fabric);
    put("b", "0000:13:00.0"); /* the same again */
    ck_assert(!look(true).changed);
}
END_TEST

START_TEST(notices_name_what_changed)
{
    struct sy_node **now;
    ck_assert(!look(true).changed);
    put("a", NULL);
    ck_assert(notice().changed);
    ck_assert_uint_eq(nodes(&now), 1);
    char path[200];
    (void)snprintf(path, sizeof path, "%s/a.json", folder);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert(notice().changed);
    ck_assert_uint_eq(nodes(&now), 0);
}
END_TEST

/* "+a -b": what `changes` gives, in the order of names. */
static void changes_are(const char *want)
{
    struct sy_feed_change *change;
    struct sy_err err = {0};
    size_t n;
    char got[200] = "";
    ck_assert_int_eq(feed->ops->changes(feed, &change, &n, &err), SY_OK);
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(got);
        ck_assert(change[i].node == NULL || strcmp(change[i].node->name, change[i].name) == 0);
        (void)snprintf(got + at, sizeof got - at, "%s%c%s", i > 0 ? " " : "",
                       change[i].node != NULL ? '+' : '-', change[i].name);
    }
    ck_assert_str_eq(got, want);
}

START_TEST(changes_are_told_once)
{
    struct sy_node **now;
    changes_are("");
    put("b", NULL);
    put("a", NULL);
    (void)look(true);
    changes_are("+a +b");
    changes_are("");
    put("b", "0000:13:00.0");
    put("c", NULL);
    (void)look(true);
    put("b", "0000:14:00.0"); /* twice before it is asked */
    world_folder_write(folder, "a.json", "{");
    (void)look(true);
    changes_are("+b +c"); /* a keeps its last good state */
    put("d", NULL);
    (void)look(true);
    char path[200];
    (void)snprintf(path, sizeof path, "%s/d.json", folder);
    ck_assert_int_eq(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/c.json", folder);
    ck_assert_int_eq(unlink(path), 0);
    (void)look(true);
    changes_are("-c -d");
    put("c", NULL);
    (void)look(true);
    ck_assert_uint_eq(nodes(&now), 3); /* all of them: there is nothing to tell any more */
    changes_are("");
    (void)look(true);
    changes_are("");
}
END_TEST

/* Out of memory, the changes are told the next time. */
START_TEST(changes_survive_a_failure)
{
    struct sy_feed_change *change = NULL;
    struct sy_err err = {0};
    size_t n = 7;
    put("a", NULL);
    (void)look(true);
    sy_fault_set(0);
    enum sy_code code = feed->ops->changes(feed, &change, &n, &err);
    ck_assert(sy_fault_clear());
    ck_assert_int_eq(code, SY_ENOMEM);
    ck_assert_str_eq(err.text, "out of memory for 1 nodes");
    ck_assert_uint_eq(n, 7);
    ck_assert_ptr_null(change);
    changes_are("+a");
}
END_TEST

START_TEST(a_rewrite_within_one_tick_is_seen)
{
    struct sy_node **now;
    static const char *const held[] = {"0000:13:00.0", "0000:14:00.0"};
    for (int i = 0; i < 40; i++) {
        put("a", held[i % 2]); /* same size each time */
        ck_assert(look(true).changed);
        ck_assert_uint_eq(nodes(&now), 1);
        ck_assert_uint_eq(sy_devset_count(&now[0]->usage->free), now[0]->fabric->nunit - 1);
    }
}
END_TEST

START_TEST(the_last_good_one_stays)
{
    struct sy_node **now;
    put("a", NULL);
    (void)look(true);
    ck_assert_uint_eq(nodes(&now), 1);
    struct sy_node *a = now[0];
    world_folder_write(folder, "a.json", "{");
    struct sy_feed_result result = look(true);
    ck_assert(!result.changed);
    ck_assert_uint_eq(result.bad, 1);
    ck_assert_uint_eq(result.refused, 1);
    ck_assert_uint_eq(nodes(&now), 1);
    ck_assert_ptr_eq(now[0], a);
    ck_assert_str_eq(seen.file, "a.json");
    ck_assert_uint_eq(look(true).refused, 0); /* said once */
    ck_assert_uint_eq(seen.bad, 1);
    world_folder_write(folder, "a.json", "{\"x\":"); /* another content: said anew */
    ck_assert_uint_eq(look(true).refused, 1);
    put("a", NULL);
    result = look(true);
    ck_assert_uint_eq(result.bad, 0);
    ck_assert_uint_eq(result.good, 1);
    ck_assert_uint_eq(seen.good, 1);
}
END_TEST

START_TEST(a_young_file_that_is_wrong_is_neither_good_nor_bad)
{
    struct sy_feed_result result;
    struct sy_err err = {0};
    put("a", NULL);
    world_folder_write(folder, "b.json", "{");
    ck_assert_int_eq(feed->ops->look(feed, true, &result, &err), SY_OK);
    ck_assert_uint_eq(result.again_ms, 0); /* the first look decides on all */
    ck_assert_uint_eq(result.good, 1);
    ck_assert_uint_eq(result.bad, 1);
    world_folder_write(folder, "a.json", "{");
    world_folder_write(folder, "c.json", "{");
    ck_assert_int_eq(feed->ops->look(feed, true, &result, &err), SY_OK);
    ck_assert_uint_gt(result.again_ms, 0);
    ck_assert_uint_eq(result.good, 0);
    ck_assert_uint_eq(result.bad, 1);
    result = look(false);
    ck_assert_uint_eq(result.good, 0);
    ck_assert_uint_eq(result.bad, 3);
}
END_TEST

START_TEST(a_feed_is_a_directory)
{
    struct sy_err err = {0};
    struct sy_feed *other;
    char path[200], text[300];
    world_folder_write(folder, "a.json", "{}");
    (void)snprintf(path, sizeof path, "%s/a.json", folder);
    (void)snprintf(text, sizeof text, "%s: not a directory", path);
    ck_assert_int_eq(sy_feed_dir_new(path, catalogue, report, &seen, &other, &err), SY_ENOENT);
    ck_assert_str_eq(err.text, text);
    err = (struct sy_err){0};
    (void)snprintf(path, sizeof path, "%s/a.json/b", folder);
    ck_assert_int_eq(sy_feed_dir_new(path, catalogue, report, &seen, &other, &err), SY_ENOENT);
}
END_TEST

static const struct {
    const char *file, *content, *text;
} bad[] = {
    {"n.json", "[]", "expected object, got array"},
    {"n.json", "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\"}",
     "/spec: required"},
    {"n.json",
     "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\",\"metadata\":{\"name\":"
     "\"m\"},\"spec\":{\"objects\":[{\"type\":\"Machine\"}]}}",
     "/metadata/name: 'm' is not the file's name"},
    {"Upper.json", "{}", "the file's name is no name of a node"},
    {"a..b.json", "{}", "the file's name is no name of a node"},
    {"-a.json", "{}", "the file's name is no name of a node"},
    {"lone.status.json", "{}", "there is no NODE.xml or NODE.json beside it"},
};

START_TEST(why_a_file_is_refused)
{
    struct sy_node **now;
    world_folder_write(folder, bad[_i].file, bad[_i].content);
    ck_assert_uint_eq(look(true).bad, 1);
    ck_assert_str_eq(seen.file, bad[_i].file);
    ck_assert_msg(strstr(seen.text, bad[_i].text) != NULL, "%s", seen.text);
    ck_assert_uint_eq(nodes(&now), 0);
}
END_TEST

START_TEST(a_bad_status_at_first_leaves_the_inventory)
{
    struct sy_node **now;
    put("a", NULL);
    world_folder_write(folder, "a.status.json", "{\"status\":{\"devices\":7}}");
    struct sy_feed_result result = look(true);
    ck_assert_uint_eq(result.bad, 1);
    ck_assert_uint_eq(result.good, 1);
    ck_assert_str_eq(seen.file, "a.status.json");
    ck_assert_uint_eq(nodes(&now), 1);
    world_folder_write(folder, "a.status.json",
                       "{\"status\":{\"devices\":[{\"pci\":\"0000:13:00.0\",\"held\":1000}]}}");
    ck_assert(look(true).changed);
    ck_assert_uint_eq(nodes(&now), 1);
    ck_assert_uint_eq(sy_devset_count(&now[0]->usage->free), now[0]->fabric->nunit - 1);
}
END_TEST

START_TEST(many_files_in_several_threads)
{
    struct sy_node **now;
    for (int i = 0; i < 100; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "n%03d", i);
        put(name, i % 3 == 0 ? "0000:13:00.0" : NULL);
    }
    ck_assert(look(true).changed);
    ck_assert_uint_eq(nodes(&now), 100);
    for (size_t i = 1; i < 100; i++) {
        ck_assert_int_lt(strcmp(now[i - 1]->name, now[i]->name), 0);
        ck_assert_ptr_eq(now[i]->fabric, now[0]->fabric);
    }
}
END_TEST

START_TEST(xml_of_one_content_is_imported_once)
{
    struct sy_node **now;
    FILE *file = fopen(SY_SOURCE_DIR "/tests/machines/made/mixed-4npu-2gpu-2fpga.xml", "r");
    static char text[1 << 20];
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    for (int i = 0; i < 30; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "n%d.xml", i);
        world_folder_write(folder, name, text);
    }
    (void)look(true);
    ck_assert_uint_eq(nodes(&now), 30);
    ck_assert_ptr_eq(now[0]->fabric, now[29]->fabric);
    ck_assert_int_eq(now[0]->usage->mode, SY_MODE_COUNTS);
}
END_TEST

START_TEST(a_folder_that_goes_away_keeps_its_nodes)
{
    struct sy_node **now;
    struct sy_feed_result result;
    struct sy_err err = {0};
    char moved[80];
    put("a", NULL);
    (void)look(true);
    (void)snprintf(moved, sizeof moved, "%s.moved", folder);
    ck_assert_int_eq(rename(folder, moved), 0);
    ck_assert_int_eq(feed->ops->look(feed, true, &result, &err), SY_ENOENT);
    ck_assert_uint_eq(nodes(&now), 1);
    ck_assert_int_eq(rename(moved, folder), 0);
    ck_assert(!look(true).changed);
}
END_TEST

static const struct {
    const char *file, *name; /* NULL = not a node's file */
} names[] = {
    {"a.json", "a"},
    {"a.b.xml", "a.b"},
    {"a.status.json", "a"},
    {"a.status.xml", "a.status"},
    {".json", NULL},
    {".a.json", NULL},
    {"a", NULL},
    {"a.JSON", NULL},
    {"a.json~", NULL},
    {"status.json", "status"},
    {".status.json", NULL},
};

START_TEST(names_of_files)
{
    char name[SY_NODE_NAME_MAX + 1];
    bool found = sy_feed_file_name(names[_i].file, name);
    ck_assert_int_eq(found, names[_i].name != NULL);
    if (found)
        ck_assert_str_eq(name, names[_i].name);
}
END_TEST

int main(int argc, char **argv)
{
    int child = sy_discover_child_main(argc, argv);
    if (child >= 0)
        return child;
    Suite *suite = suite_create("feed");
    TCase *tcase = tcase_create("feed");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, unchanged_nodes_are_the_same_objects);
    tcase_add_test(tcase, notices_name_what_changed);
    tcase_add_test(tcase, changes_are_told_once);
    tcase_add_test(tcase, changes_survive_a_failure);
    tcase_add_test(tcase, a_rewrite_within_one_tick_is_seen);
    tcase_add_test(tcase, the_last_good_one_stays);
    tcase_add_test(tcase, a_young_file_that_is_wrong_is_neither_good_nor_bad);
    tcase_add_test(tcase, a_feed_is_a_directory);
    tcase_add_loop_test(tcase, why_a_file_is_refused, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(tcase, a_bad_status_at_first_leaves_the_inventory);
    tcase_add_test(tcase, many_files_in_several_threads);
    tcase_add_test(tcase, xml_of_one_content_is_imported_once);
    tcase_add_test(tcase, a_folder_that_goes_away_keeps_its_nodes);
    tcase_add_loop_test(tcase, names_of_files, 0, sizeof names / sizeof names[0]);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
