/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/loader.h"
#include "tests/lib/run.h"
#include "tests/unit/extender/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sy_catalogue *catalogue;
static struct sy_loader *loader;

static void set_up(void)
{
    ck_assert_int_eq(sy_catalogue_load(NULL, 0, &catalogue, NULL), SY_OK);
    loader = sy_loader_new(catalogue);
    ck_assert_ptr_nonnull(loader);
}

static void tear_down(void)
{
    sy_loader_free(loader);
    sy_catalogue_unref(catalogue);
}

/* A node of the small machine with another product's name. */
static struct sy_node *load(const char *name, const char *product)
{
    char *text = world_document(name, NULL);
    char *at = strstr(text, "\"product\":\"");
    ck_assert_ptr_nonnull(at);
    memcpy(at + strlen("\"product\":\""), product, strlen(product));
    struct sy_bytes files[SY_NODE_FILE_COUNT] = {
        [SY_NODE_FILE_JSON] = {.data = text, .len = strlen(text)}};
    struct sy_node *node = NULL;
    enum sy_node_file culprit;
    struct sy_err err = {0};
    enum sy_code code = sy_loader_node(loader, name, files, &node, &culprit, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    free(text);
    return node;
}

START_TEST(equal_inventories_share_a_fabric)
{
    struct sy_node *a = load("a", "one"), *b = load("b", "one"), *c = load("c", "two");
    ck_assert_ptr_eq(a->fabric, b->fabric);
    ck_assert_ptr_ne(a->fabric, c->fabric);         /* what /snapshot shows differs */
    ck_assert(sy_digest_equal(a->state, c->state)); /* what placement reads does not */
    sy_node_unref(a);
    sy_node_unref(b);
    sy_node_unref(c);
}
END_TEST

START_TEST(unused_fabrics_are_forgotten)
{
    struct sy_node *kept = load("kept", "kept");
    for (int i = 0; i < 300; i++) { /* past several growths of the table */
        char product[16];
        (void)snprintf(product, sizeof product, "%d", i);
        sy_node_unref(load("n", product));
    }
    sy_loader_sweep(loader);
    struct sy_node *again = load("again", "kept");
    ck_assert_ptr_eq(kept->fabric, again->fabric);
    ck_assert_uint_eq(kept->fabric->refs, 3); /* two nodes and the loader */
    sy_node_unref(kept);
    sy_node_unref(again);
}
END_TEST

START_TEST(the_culprit_is_named)
{
    struct sy_node *node = NULL;
    enum sy_node_file culprit;
    struct sy_err err = {0};
    char *text = world_document("a", NULL);
    char status[] = "{\"status\":{\"devices\":7}}";
    struct sy_bytes files[SY_NODE_FILE_COUNT] = {
        [SY_NODE_FILE_JSON] = {.data = text, .len = strlen(text)},
        [SY_NODE_FILE_STATUS] = {.data = status, .len = strlen(status)}};
    ck_assert_int_eq(sy_loader_node(loader, "a", files, &node, &culprit, &err), SY_EINVAL);
    ck_assert_int_eq(culprit, SY_NODE_FILE_STATUS);
    ck_assert_str_eq(err.text, "/status/devices: expected array, got integer");
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_loader_node(loader, "b", files, &node, &culprit, &err), SY_ECONFLICT);
    ck_assert_int_eq(culprit, SY_NODE_FILE_JSON);
    err = (struct sy_err){0};
    files[SY_NODE_FILE_XML] = files[SY_NODE_FILE_JSON];
    ck_assert_int_eq(sy_loader_node(loader, "a", files, &node, &culprit, &err), SY_ECONFLICT);
    ck_assert_int_eq(culprit, SY_NODE_FILE_XML);
    ck_assert_ptr_null(node);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader");
    TCase *tcase = tcase_create("loader");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, equal_inventories_share_a_fabric);
    tcase_add_test(tcase, unused_fabrics_are_forgotten);
    tcase_add_test(tcase, the_culprit_is_named);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
