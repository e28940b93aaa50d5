/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/golden/show.h"

#include "base/file.h"
#include "topology/node_json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void gbps(struct sy_str *out, uint32_t mbps, int width)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%u.%03u", mbps / 1000, mbps % 1000);
    sy_str_printf(out, "%*s", width, mbps != 0 ? text : "?");
}

/* A place by the words that an operator knows it by. */
static const char *place(const struct sy_fabric *f, int16_t place, char *buf)
{
    char addr[SY_PCI_ADDR_TEXT];
    if (place < 0)
        return "-";
    const struct sy_obj *obj = &f->inv.obj[place];
    switch ((enum sy_obj_type)obj->type) {
    case SY_OBJ_MACHINE:
        return "machine";
    case SY_OBJ_PACKAGE:
    case SY_OBJ_NUMA:
        (void)snprintf(buf, 24, "%u", obj->os_index);
        return buf;
    case SY_OBJ_HOST_BRIDGE:
        (void)snprintf(buf, 24, "%04x:%02x", obj->addr.domain, obj->addr.bus);
        return buf;
    case SY_OBJ_BRIDGE:
    case SY_OBJ_DEVICE:
    case SY_OBJ_TYPE_COUNT:
        break;
    }
    (void)snprintf(buf, 24, "%s", sy_pci_addr_format(obj->addr, addr));
    return buf;
}

static void show_unit(const struct sy_fabric *f, uint16_t u, struct sy_str *out)
{
    const struct sy_unit *unit = &f->unit[u];
    char addr[SY_PCI_ADDR_TEXT], where[24];
    sy_str_printf(out, "  %2u  %s  %-4s %s, card %u, share %u, link ", u,
                  sy_pci_addr_format(unit->addr, addr), sy_kind_name((enum sy_kind)unit->kind),
                  unit->model->model, unit->card, unit->share);
    gbps(out, unit->link_mbps, 0);
    sy_str_append(out, unit->link_assumed ? " assumed" : "");
    if (f->inv.obj[unit->obj].name != NULL)
        sy_str_printf(out, ", \"%s\"", f->inv.obj[unit->obj].name);
    if (unit->pf >= 0)
        sy_str_printf(out, ", virtual function of %d", unit->pf);
    sy_str_append(out, "\n     ");
    for (unsigned s = 0; s < SY_SCOPE_ANY; s++)
        sy_str_printf(out, " %s %s", sy_scope_name((enum sy_scope)s),
                      place(f, unit->place[s], where));
    sy_str_append(out, "\n");
    sy_str_append(out, "      edges up:");
    for (uint16_t i = unit->obj; f->inv.obj[i].type > SY_OBJ_HOST_BRIDGE;
         i = f->inv.obj[i].parent) {
        sy_str_append(out, " ");
        gbps(out, f->uplink_mbps[i], 0);
    }
    sy_str_append(out, ", to the host bridge ");
    gbps(out, sy_fabric_root_mbps(f, u), 0);
    sy_str_append(out, "\n");
    if (unit->broken)
        sy_str_printf(out, "      broken: %s\n", unit->broken_why);
}

static void show_cards(const struct sy_fabric *f, struct sy_str *out)
{
    sy_str_append(out, "cards\n");
    for (uint16_t c = 0; c < f->ncard; c++) {
        char addr[SY_PCI_ADDR_TEXT], units[512];
        (void)sy_devset_format(&f->card[c].units, units, sizeof units);
        sy_str_printf(out, "  %2u  %s  units %s\n", c, sy_pci_addr_format(f->card[c].addr, addr),
                      units);
    }
}

/* Rows and columns in the order of the units. */
static void show_matrix(const struct sy_fabric *f, const char *title, bool rates,
                        struct sy_str *out)
{
    sy_str_printf(out, "%s\n    ", title);
    for (uint16_t b = 0; b < f->nunit; b++)
        sy_str_printf(out, "%8u", b);
    sy_str_append(out, "\n");
    for (uint16_t a = 0; a < f->nunit; a++) {
        sy_str_printf(out, "  %2u", a);
        for (uint16_t b = 0; b < f->nunit; b++) {
            const struct sy_pair *pair = sy_fabric_pair(f, a, b);
            if (rates)
                gbps(out, pair->mbps, 8);
            else if (a == b)
                sy_str_append(out, "       X");
            else
                sy_str_printf(out, "%8s", sy_path_name((enum sy_path_class)pair->path));
        }
        sy_str_append(out, "\n");
    }
}

static bool any_overlay(const struct sy_fabric *f)
{
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (!sy_devset_empty(&f->overlay[u]))
            return true;
    }
    return false;
}

/* What lies under an overlay: the way over PCIe and the CPU. */
static void show_pcie(const struct sy_fabric *f, struct sy_str *out)
{
    sy_str_append(out, "classes over PCIe alone\n");
    for (uint16_t a = 0; a < f->nunit; a++) {
        sy_str_printf(out, "  %2u", a);
        for (uint16_t b = 0; b < f->nunit; b++)
            sy_str_printf(out, "%8s",
                          a == b ? "X"
                                 : sy_path_name((enum sy_path_class)sy_fabric_pair(f, a, b)->pcie));
        sy_str_append(out, "\n");
    }
}

static void show_usage(const struct sy_usage *usage, struct sy_str *out)
{
    char set[512];
    (void)sy_devset_format(&usage->free, set, sizeof set);
    sy_str_printf(out, "use: %s, free %s", sy_mode_name((enum sy_mode)usage->mode), set);
    (void)sy_devset_format(&usage->healthy, set, sizeof set);
    sy_str_printf(out, ", healthy %s\n", set);
    if (usage->stray != 0)
        sy_str_printf(out, "  stray %u, first %s\n", usage->stray, usage->stray_first);
    for (uint16_t u = 0; u < usage->nunit; u++) {
        const struct sy_unit_usage *unit = &usage->unit[u];
        if (unit->held != 0)
            sy_str_printf(out, "  %2u  held %u, pod %u\n", u, unit->held, unit->holder);
        if (unit->unhealthy)
            sy_str_printf(out, "  %2u  unhealthy: %s\n", u,
                          unit->reason != NULL ? unit->reason : "-");
    }
}

void sy_show_node(const struct sy_node *node, struct sy_str *out)
{
    const struct sy_fabric *f = node->fabric;
    sy_str_printf(out, "%s: %u NUMA nodes, %u packages, between packages ", node->name, f->nnuma,
                  f->npackage);
    gbps(out, f->socket_mbps, 0);
    sy_str_printf(out, " GB/s%s\nunits\n", f->socket_assumed ? " assumed" : "");
    for (uint16_t u = 0; u < f->nunit; u++)
        show_unit(f, u, out);
    show_cards(f, out);
    show_matrix(f, "classes", false, out);
    if (any_overlay(f))
        show_pcie(f, out);
    show_matrix(f, "GB/s", true, out);
    show_usage(node->usage, out);
}

static size_t line_length(const char *text)
{
    const char *end = strchr(text, '\n');
    return end != NULL ? (size_t)(end - text) : strlen(text);
}

void sy_expect_file(const char *path, const struct sy_str *text)
{
    ck_assert(!sy_str_failed(text));
    if (getenv("SWITCHYARD_UPDATE_GOLDEN") != NULL) {
        FILE *file = fopen(path, "w");
        ck_assert_msg(file != NULL, "cannot write %s", path);
        ck_assert_uint_eq(fwrite(text->data, 1, text->len, file), text->len);
        ck_assert_int_eq(fclose(file), 0);
        return;
    }
    sy_autofree char *data = NULL;
    size_t len;
    struct sy_err err = {0};
    ck_assert_msg(sy_file_read(path, (size_t)1 << 22, &data, &len, &err) == SY_OK, "%s", err.text);
    const char *want = data, *got = text->data;
    for (unsigned line = 1; *want != '\0' || *got != '\0'; line++) {
        size_t n = line_length(want), m = line_length(got);
        ck_assert_msg(n == m && memcmp(want, got, n) == 0,
                      "%s:%u differs\n- expected: %.*s\n+ got:      %.*s\nthe whole:\n%s", path,
                      line, (int)n, want, (int)m, got, text->data);
        want += n + (want[n] == '\n');
        got += m + (got[m] == '\n');
    }
}

void sy_expect_round_trip(const struct sy_node *node, struct sy_catalogue *cat)
{
    struct sy_err err = {0};
    sy_autojson json_t *first = NULL, *second = NULL;
    sy_autofree char *text = NULL, *again = NULL;
    struct sy_node *copy = NULL;
    size_t len, again_len;
    ck_assert_msg(sy_node_to_json(node, &first, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_json_dump(first, false, &text, &len, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_node_from_bytes(text, len, NULL, 0, NULL, cat, &copy, &err) == SY_OK, "%s: %s",
                  node->name, err.text);
    ck_assert_msg(sy_node_check(copy, &err) == SY_OK, "%s: %s", node->name, err.text);
    ck_assert(sy_digest_equal(copy->fabric->digest, node->fabric->digest));
    ck_assert(sy_digest_equal(copy->usage->digest, node->usage->digest));
    ck_assert(sy_digest_equal(copy->state, node->state));
    ck_assert_msg(sy_node_to_json(copy, &second, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_json_dump(second, false, &again, &again_len, &err) == SY_OK, "%s", err.text);
    ck_assert_str_eq(text, again);
    sy_node_unref(copy);
}
