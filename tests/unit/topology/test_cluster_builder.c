/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "topology/cluster_builder.h"
#include "topology/cluster_private.h"
#include "topology/node_json.h"

#include <stdio.h>
#include <string.h>

#define STATES 8u

static struct sy_catalogue *catalogue;
static struct sy_node *model[STATES]; /* one machine in STATES states of use */
static struct sy_cluster_builder *builder;

static struct sy_node *like(unsigned state, const char *name)
{
    struct sy_node *node = NULL;
    struct sy_err err = {0};
    ck_assert_int_eq(
        sy_node_new(name, model[state]->fabric, model[state]->usage, NULL, 0, &node, &err), SY_OK);
    return node;
}

static void load_models(void)
{
    struct sy_err err = {0};
    sy_autofree char *data = NULL;
    size_t len;
    ck_assert_int_eq(sy_catalogue_load(NULL, 0, &catalogue, &err), SY_OK);
    ck_assert_int_eq(sy_file_read(SY_SOURCE_DIR "/tests/golden/nodes/link-states.json",
                                  SY_NODE_JSON_MAX, &data, &len, &err),
                     SY_OK);
    for (unsigned s = 0; s < STATES; s++) {
        char status[256];
        (void)snprintf(status, sizeof status,
                       "{\"status\":{\"devices\":[{\"pci\":\"0000:%02x:00.0\",\"held\":%u}]}}",
                       0x11 + s / 2, s % 2 == 0 ? 1000 : 500);
        ck_assert_msg(sy_node_from_bytes(data, len, status, strlen(status), NULL, catalogue,
                                         &model[s], &err) == SY_OK,
                      "%s", err.text);
    }
}

static void free_models(void)
{
    for (unsigned s = 0; s < STATES; s++)
        sy_node_unref(model[s]);
    sy_catalogue_unref(catalogue);
}

static void set_up(void)
{
    builder = sy_cluster_builder_new();
    ck_assert_ptr_nonnull(builder);
}

static void tear_down(void)
{
    sy_cluster_builder_free(builder);
}

static void put(const char *name, unsigned state)
{
    struct sy_err err = {0};
    struct sy_node *node = like(state, name);
    ck_assert_int_eq(sy_cluster_builder_put(builder, node, &err), SY_OK);
    sy_node_unref(node);
}

static struct sy_cluster *publish(uint64_t generation)
{
    struct sy_err err = {0};
    struct sy_cluster *cluster = NULL;
    ck_assert_msg(sy_cluster_builder_publish(builder, generation, &cluster, &err) == SY_OK, "%s",
                  err.text);
    ck_assert_uint_eq(cluster->generation, generation);
    return cluster;
}

/* "a0 b3": names and states, in order. Drops the reference. */
static void expect(struct sy_cluster *cluster, const char *want)
{
    char got[256] = "";
    for (uint32_t i = 0; i < cluster->n; i++) {
        unsigned state = 0;
        while (!sy_digest_equal(cluster->node[i]->state, model[state]->state))
            state++;
        size_t at = strlen(got);
        (void)snprintf(got + at, sizeof got - at, "%s%s%u", i > 0 ? " " : "",
                       cluster->node[i]->name, state);
        ck_assert_int_eq(
            sy_cluster_find(cluster, cluster->node[i]->name, cluster->node[i]->name_len), i);
        ck_assert_uint_lt(cluster->class_of[i], cluster->nclass);
    }
    ck_assert_str_eq(got, want);
    ck_assert_uint_eq(cluster->nunit, cluster->n * (uint64_t)model[0]->fabric->nunit);
    sy_cluster_unref(cluster);
}

/* What is done before each publishing (+a3: put, -a: remove), and what is published. */
static const struct {
    const char *title;
    const char *step[4], *want[4];
} cases[] = {
    {"nothing", {""}, {""}},
    {"in any order", {"+c1 +a2 +b1"}, {"a2 b1 c1"}},
    {"another state", {"+a1 +b1", "+b2"}, {"a1 b1", "a1 b2"}},
    {"twice before it is published", {"+a1 +a2"}, {"a2"}},
    {"names come", {"+b1 +d1", "+c2 +a3 +e4"}, {"b1 d1", "a3 b1 c2 d1 e4"}},
    {"names go", {"+a1 +b2 +c3", "-b", "-a -c"}, {"a1 b2 c3", "a1 c3", ""}},
    {"a name that is not there goes", {"+a1 -b", "-b -b"}, {"a1", "a1"}},
    {"gone and back", {"+a1 +b2", "-a +a3", "-a", "+a1"}, {"a1 b2", "a3 b2", "b2", "a1 b2"}},
    {"came and gone at once", {"+b1 +a1 -a", "+c1 -c", "+c1 -c +c2"}, {"b1", "b1", "b1 c2"}},
    {"one goes, one comes", {"+b1 +c1", "-b +a1", "-c +d7 +a2"}, {"b1 c1", "a1 c1", "a2 d7"}},
};

static void play(const char *step)
{
    for (const char *at = step; *at != '\0'; at++) {
        char name[2] = {at[*at == '+' || *at == '-' ? 1 : 0], '\0'};
        if (*at == '+')
            put(name, (unsigned)(at[2] - '0'));
        else if (*at == '-')
            sy_cluster_builder_remove(builder, name);
    }
}

START_TEST(what_is_published)
{
    for (unsigned i = 0; i < 4 && cases[_i].step[i] != NULL; i++) {
        play(cases[_i].step[i]);
        expect(publish(i + 1), cases[_i].want[i]);
    }
}
END_TEST

START_TEST(what_was_published_stays)
{
    play("+a1 +b2");
    struct sy_cluster *first = publish(1);
    play("+a3 -b +c4");
    struct sy_cluster *second = publish(2);
    play("-a");
    expect(first, "a1 b2");
    expect(second, "a3 c4");
    expect(publish(3), "c4");
}
END_TEST

START_TEST(the_index_is_shared_while_names_are_the_same)
{
    play("+a1 +b2");
    struct sy_cluster *first = publish(1);
    play("+a3 -b +b2"); /* gone and back at once */
    struct sy_cluster *second = publish(2);
    ck_assert_ptr_eq(second->index, first->index);
    play("-b");
    struct sy_cluster *third = publish(3);
    ck_assert_ptr_ne(third->index, second->index);
    expect(first, "a1 b2");
    expect(second, "a3 b2");
    expect(third, "a3");
}
END_TEST

START_TEST(references)
{
    struct sy_err err = {0};
    struct sy_node *a = like(0, "a"), *b = like(0, "b");
    ck_assert_int_eq(sy_cluster_builder_put(builder, a, &err), SY_OK);
    ck_assert_int_eq(sy_cluster_builder_put(builder, a, &err), SY_OK); /* the same: nothing new */
    ck_assert_int_eq(sy_cluster_builder_put(builder, b, &err), SY_OK);
    ck_assert_uint_eq(a->refs, 2);
    struct sy_cluster *cluster = publish(1);
    ck_assert_uint_eq(a->refs, 3);
    sy_cluster_builder_remove(builder, "a");
    sy_cluster_unref(publish(2));
    ck_assert_uint_eq(a->refs, 2); /* the first cluster's */
    sy_cluster_unref(cluster);
    ck_assert_uint_eq(a->refs, 1);
    ck_assert_uint_eq(b->refs, 2);
    sy_node_unref(a);
    sy_node_unref(b);
}
END_TEST

START_TEST(classes_are_numbered_without_gaps)
{
    play("+a0 +b1 +c2 +d1");
    struct sy_cluster *cluster = publish(1);
    ck_assert_uint_eq(cluster->nclass, 3);
    ck_assert_uint_eq(cluster->class_of[1], cluster->class_of[3]);
    sy_cluster_unref(cluster);
    play("+a2 +b2 +d5"); /* 0 and 1 are empty now */
    cluster = publish(2);
    ck_assert_uint_eq(cluster->nclass, 2);
    ck_assert_uint_eq(cluster->class_of[0], cluster->class_of[2]);
    ck_assert_uint_ne(cluster->class_of[0], cluster->class_of[3]);
    expect(cluster, "a2 b2 c2 d5");
}
END_TEST

START_TEST(states_that_never_come_back_take_no_room)
{
    struct sy_classes classes = {0};
    ck_assert(!sy_classes_is_sparse(&classes));
    int64_t stays = sy_classes_enter(&classes, (struct sy_digest){7, 7}), last = -1;
    for (uint64_t i = 0; i < 5000; i++) {
        if (sy_classes_is_sparse(&classes)) {
            ck_assert_uint_eq(sy_classes_number(&classes), 2);
            stays = classes.class[stays].number;
            last = classes.class[last].number;
            sy_classes_shrink(&classes);
        }
        int64_t next = sy_classes_enter(&classes, (struct sy_digest){i, ~i});
        ck_assert_int_ge(next, 0);
        if (last >= 0)
            sy_classes_leave(&classes, (uint32_t)last);
        last = next;
        ck_assert_int_eq(sy_classes_enter(&classes, (struct sy_digest){7, 7}), stays);
        sy_classes_leave(&classes, (uint32_t)stays);
    }
    ck_assert_uint_le(classes.size, 64);
    ck_assert_uint_eq(sy_classes_number(&classes), 2);
    sy_classes_done(&classes);
}
END_TEST

static enum sy_code build(void *data, struct sy_err *err)
{
    struct sy_node *const *node = data;
    struct sy_cluster *cluster = NULL;
    enum sy_code code = SY_OK;
    SY_AUTO(sy_cluster_builder) struct sy_cluster_builder *made = sy_cluster_builder_new();
    if (made == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (unsigned i = 0; i < 200 && code == SY_OK; i++) /* arrays and tables grow */
        code = sy_cluster_builder_put(made, node[i], err);
    for (unsigned i = 0; i < 2 && code == SY_OK; i++) {
        code = sy_cluster_builder_publish(made, i, &cluster, err);
        if (code == SY_OK)
            sy_cluster_unref(cluster);
        sy_cluster_builder_remove(made, node[i]->name);
    }
    return code;
}

START_TEST(every_allocation_may_fail)
{
    struct sy_node *node[200];
    for (unsigned i = 0; i < 200; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "n%u", i);
        node[i] = like(i % STATES, name);
    }
    ck_assert_int_gt(sy_fault_sweep(build, node, 0), 15);
    for (unsigned i = 0; i < 200; i++)
        sy_node_unref(node[i]);
}
END_TEST

/* What failed changed nothing, and succeeds when there is memory again. */
START_TEST(a_failure_loses_nothing)
{
    unsigned failures = 0;
    for (long granted = 0; granted < 8; granted++) {
        struct sy_err err = {0};
        struct sy_cluster *cluster = NULL;
        tear_down();
        set_up();
        play("+b1 +d1");
        sy_cluster_unref(publish(1));
        play("-d");
        struct sy_node *a = like(2, "a");
        sy_fault_set(granted);
        bool put_failed = sy_cluster_builder_put(builder, a, &err) != SY_OK;
        bool publish_failed = sy_cluster_builder_publish(builder, 2, &cluster, &err) != SY_OK;
        (void)sy_fault_clear();
        failures += put_failed || publish_failed;
        ck_assert_str_eq(err.text, put_failed       ? "out of memory"
                                   : publish_failed ? "out of memory for 2 nodes"
                                                    : "");
        if (publish_failed)
            cluster = publish(2);
        expect(cluster, put_failed ? "b1" : "a2 b1");
        sy_node_unref(a);
    }
    ck_assert_uint_gt(failures, 3);
    ck_assert_uint_lt(failures, 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cluster_builder");
    TCase *tcase = tcase_create("cluster_builder");
    tcase_add_unchecked_fixture(tcase, load_models, free_models);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, what_is_published, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, what_was_published_stays);
    tcase_add_test(tcase, the_index_is_shared_while_names_are_the_same);
    tcase_add_test(tcase, references);
    tcase_add_test(tcase, classes_are_numbered_without_gaps);
    tcase_add_test(tcase, states_that_never_come_back_take_no_room);
    tcase_add_test(tcase, every_allocation_may_fail);
    tcase_add_test(tcase, a_failure_loses_nothing);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
