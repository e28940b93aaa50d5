/* SPDX-License-Identifier: Apache-2.0 */
/* An operator's file, alone and over the built-in one; then every lookup on what came of it. */
#include "topology/catalogue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct sy_catalogue *cat)
{
    for (size_t i = 0; i < sy_catalogue_model_count(cat); i++) {
        const struct sy_model *m = sy_catalogue_model(cat, i);
        assert(m->name[0] != '\0' && m->model[0] != '\0' && m->kind < SY_KIND_COUNT);
        assert(m->units_per_card > 0 && m->units_per_function > 0);
        assert(m->noverlay <= SY_OVERLAYS_PER_MODEL);
        SY_DEVSET_EACH(k, &m->resources)
        assert((size_t)k < sy_catalogue_resource_count(cat));
    }
    for (size_t i = 0; i < sy_catalogue_resource_count(cat); i++) {
        const struct sy_resource *res = sy_catalogue_resource(cat, i);
        assert(res->source != NULL && res->chooser < SY_CHOOSER_COUNT);
        int at = sy_catalogue_resource_find(cat, res->name);
        assert(res->is_pattern ? at >= 0 : at == (int)i);
    }
    for (unsigned v = 0; v < 64; v++) {
        struct sy_pci_id id = {.class_id = 0x0302,
                               .vendor = (uint16_t)(0x10de + v % 3),
                               .device = (uint16_t)(v << 10),
                               .subvendor = (uint16_t)v};
        enum sy_role role = SY_ROLE_UNIT;
        unsigned chip = 0;
        (void)sy_catalogue_match(cat, id, &role);
        enum sy_bridge_role bridge = sy_catalogue_bridge(cat, id, &chip);
        assert((bridge == SY_BRIDGE_SAME_CHIP) == (chip != 0));
    }
    (void)sy_catalogue_socket_link(cat, "GenuineIntel", "Xeon Gold 6454S");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sy_text_file file = {"fuzz.yaml", (const char *)data, size};
    for (int with_builtin = 0; with_builtin < 2; with_builtin++) {
        struct sy_err err = {0};
        struct sy_catalogue *cat = NULL;
        enum sy_code code = sy_catalogue_parse(&file, 1, with_builtin != 0, &cat, &err);
        if (code != SY_OK) {
            assert(cat == NULL && err.code == code && strlen(err.text) > 0);
            assert(code == SY_ENOMEM || strchr(err.text, ':') != NULL);
            if (code == SY_EPARSE) /* not YAML: the built-in file makes no difference */
                return 0;
            continue;
        }
        look_up(cat);
        sy_catalogue_unref(cat);
    }
    return 0;
}
