/* SPDX-License-Identifier: Apache-2.0 */
/* The service's GET /snapshot tells beside each node's document what its ledger holds: which pods,
 * and which devices each has or is charged with. Nothing is concluded anew from that. */
#include "planner/state/state_private.h"

#include "topology/pci.h"

#include <stdlib.h>
#include <string.h>

#define PODS_MAX 10000u /* of one node */

static const char *const cover_names[] = {
#define X(id, name) name,
    SY_COVERS(X)
#undef X
};

static const struct sy_intake_object *find(const struct sy_intake_list *list, size_t n,
                                           const char *namespace_, const char *name)
{
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        const struct sy_intake_object *one = &list->object[middle];
        int order = strcmp(one->namespace_, namespace_);
        if (order == 0)
            order = strcmp(one->name, name);
        if (order == 0)
            return one;
        if (order < 0)
            low = middle + 1;
        else
            n = middle;
    }
    return NULL;
}

/* The ledger's pods of one node that no list of pods tells of. */
static enum sy_code add_pods(struct sy_intake *intake, const struct sy_intake_object *fabric,
                             size_t known, struct sy_err *err)
{
    json_t *pods = NULL;
    const struct sy_path *at = SY_PATH_KEY(NULL, "ledger");
    const struct sy_path *here = SY_PATH_KEY(at, "pods");
    enum sy_code code =
        sy_json_array(fabric->ledger, "pods", SY_JSON_OPTIONAL, PODS_MAX, at, &pods, err);
    for (size_t i = 0; i < json_array_size(pods) && code == SY_OK; i++) {
        json_t *pod = json_array_get(pods, i);
        const char *namespace_ = NULL, *name = NULL;
        const struct sy_path *item = SY_PATH_AT(here, i);
        if (!json_is_object(pod))
            return sy_json_fail_type(item, "object", pod, err);
        code = sy_json_str(pod, "namespace", SY_JSON_REQUIRED, SY_STATE_NAME_MAX, item, &namespace_,
                           err);
        if (code == SY_OK)
            code = sy_json_str(pod, "name", SY_JSON_REQUIRED, SY_STATE_NAME_MAX, item, &name, err);
        if (code == SY_OK && find(&intake->list[SY_STATE_POD], known, namespace_, name) == NULL)
            code = sy_intake_add_ledger_pod(intake, pod, namespace_, name, fabric, err);
    }
    return code;
}

enum sy_code sy_state_ledger_pods(struct sy_intake *intake, struct sy_err *err)
{
    const struct sy_intake_list *fabrics = &intake->list[SY_STATE_FABRIC];
    size_t known = intake->list[SY_STATE_POD].n, before = known;
    enum sy_code code = SY_OK;
    if (!intake->decided)
        return SY_OK;
    intake->listed[SY_STATE_POD] = true;
    for (size_t i = 0; i < fabrics->n && code == SY_OK; i++) {
        struct sy_err why = {0};
        if (fabrics->object[i].ledger == NULL)
            continue;
        code = add_pods(intake, &fabrics->object[i], known, &why);
        if (code != SY_OK)
            return sy_fail(err, code, "%s: %s", fabrics->object[i].where, why.text);
    }
    size_t more = intake->list[SY_STATE_POD].n - before;
    if (code == SY_OK && more > 0)
        code = sy_intake_note(intake, err,
                              "of %zu pods the service's ledger tells which devices they hold, and "
                              "nothing else",
                              more);
    return code == SY_OK ? sy_intake_sort(intake, err) : code;
}

struct sy_state_pod sy_state_ledger_pod(const struct sy_intake_object *object)
{
    struct sy_state_pod pod = {.namespace_ = object->namespace_,
                               .name = object->name,
                               .uid = object->uid,
                               .node_name = object->node_name,
                               .node = UINT32_MAX};
    pod.request = (struct sy_request){.namespace_ = object->namespace_,
                                      .name = object->name,
                                      .uid = object->uid,
                                      .expected_mw = SY_UNKNOWN_MW};
    return pod;
}

/* "0000:81:00.0" or "0000:81:00.0/1". */
static int unit_of(const struct sy_fabric *fabric, const char *text)
{
    char addr_text[SY_PCI_ADDR_TEXT];
    struct sy_pci_addr addr;
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (len >= sizeof addr_text)
        return -1;
    memcpy(addr_text, text, len);
    addr_text[len] = '\0';
    if (sy_pci_addr_parse(addr_text, &addr, NULL) != SY_OK)
        return -1;
    unsigned long index = slash != NULL ? strtoul(slash + 1, NULL, 10) : 0;
    return index < SY_UNIT_MAX ? sy_fabric_unit_find(fabric, addr, (unsigned)index) : -1;
}

static struct sy_charge charge_of(const json_t *entry, const struct sy_fabric *fabric)
{
    struct sy_charge charge = {.cover = SY_COVER_NOTHING, .units = SY_DEVSET_EMPTY};
    const char *cover = json_string_value(json_object_get(entry, "cover"));
    const json_t *devices = json_object_get(entry, "devices");
    for (unsigned i = 0; cover != NULL && i < SY_COVER_COUNT; i++)
        if (strcmp(cover, cover_names[i]) == 0)
            charge.cover = (uint8_t)i;
    for (size_t i = 0; i < json_array_size(devices); i++) {
        const char *text = json_string_value(json_array_get(devices, i));
        int unit = text != NULL ? unit_of(fabric, text) : -1;
        if (unit >= 0)
            sy_devset_add(&charge.units, (unsigned)unit);
    }
    return charge;
}

static bool is_of(const json_t *entry, const struct sy_state_pod *pod)
{
    const char *namespace_ = json_string_value(json_object_get(entry, "namespace"));
    const char *name = json_string_value(json_object_get(entry, "name"));
    return namespace_ != NULL && name != NULL && strcmp(namespace_, pod->namespace_) == 0 &&
           strcmp(name, pod->name) == 0;
}

void sy_state_ledger_charge(const json_t *ledger, const struct sy_state_node *node,
                            struct sy_state_pod *const *pod, size_t n)
{
    const json_t *entries = json_object_get(ledger, "pods");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < json_array_size(entries); k++)
            if (is_of(json_array_get(entries, k), pod[i]))
                pod[i]->charge = charge_of(json_array_get(entries, k), node->fabric);
}
