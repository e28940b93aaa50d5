/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a cluster's objects: refused with a text that names the input, or a state whose
 * nodes keep their invariants and whose snapshot, with its own names and with others, reads back
 * and is written again as the same bytes. */
#include "planner/state/snapshot.h"
#include "scoring/policy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sy_catalogue *catalogue;
static struct sy_policy *policy;

static struct sy_state *load(const char *data, size_t len, struct sy_intake *intake,
                             struct sy_err *err)
{
    struct sy_state *state = NULL;
    *intake = (struct sy_intake){0};
    enum sy_code code =
        sy_state_from_bytes("in", data, len, catalogue, policy, 0, intake, &state, err);
    assert((code == SY_OK) == (state != NULL));
    assert(code == SY_OK || err->text[0] != '\0');
    for (size_t i = 0; state != NULL && i < state->nnode; i++)
        assert(state->node[i].node == NULL || sy_node_check(state->node[i].node, NULL) == SY_OK);
    return state;
}

static char *write_again(const json_t *snapshot)
{
    struct sy_intake intake;
    struct sy_err err = {0};
    json_t *again = NULL;
    char *text = NULL;
    sy_autofree char *dump = json_dumps(snapshot, JSON_COMPACT);
    assert(dump != NULL);
    struct sy_state *state = load(dump, strlen(dump), &intake, &err);
    assert(state != NULL);
    if (sy_snapshot_write(&intake, state->now_us, &again, &err) != SY_OK)
        abort();
    text = json_dumps(again, JSON_COMPACT);
    assert(text != NULL && strcmp(text, dump) == 0);
    json_decref(again);
    sy_intake_done(&intake);
    sy_state_free(state);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_intake intake;
    struct sy_err err = {0};
    json_t *snapshot = NULL, *renamed = NULL;
    if (catalogue == NULL) {
        sy_mem_init();
        if (sy_catalogue_load(NULL, 0, &catalogue, &err) != SY_OK ||
            sy_policy_load(NULL, &policy, &err) != SY_OK)
            abort();
    }
    struct sy_state *state = load((const char *)data, size, &intake, &err);
    if (state == NULL)
        return 0;
    const struct sy_anonymize_options options = {.seed = size % 2 == 0 ? NULL : "seed"};
    if (sy_snapshot_write(&intake, state->now_us, &snapshot, &err) != SY_OK ||
        sy_anonymize(snapshot, &options, &renamed, &err) != SY_OK)
        abort();
    sy_free(write_again(snapshot));
    sy_free(write_again(renamed));
    json_decref(snapshot);
    json_decref(renamed);
    sy_intake_done(&intake);
    sy_state_free(state);
    return 0;
}
