/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster in a few numbers. */
#include "planner/report/report_private.h"

#include "base/time.h"

enum sy_code sy_report_section_cluster(struct sy_report *r, struct sy_err *err)
{
    const struct sy_state *state = r->state;
    int64_t ready = 0, devices = 0, bound = 0;
    char text[SY_TIME_TEXT];
    (void)err;
    for (size_t i = 0; i < state->nnode; i++) {
        ready += sy_report_takes_pods(&state->node[i]);
        devices += state->node[i].node != NULL;
    }
    for (size_t i = 0; i < state->npod; i++)
        bound += state->pod[i].node_name != NULL;
    sy_write_text(&r->w, r->root, "now", sy_time_format(state->now_us, text));
    sy_write_text(&r->w, r->root, "source", state->source);
    json_t *cluster = sy_write_object(&r->w, r->root, "cluster");
    (void)snprintf(text, sizeof text, "1.%u", state->kube_minor);
    sy_write_text(&r->w, cluster, "kubeSchedulerVersion", text);
    sy_write_int(&r->w, cluster, "nodes", (int64_t)state->nnode);
    sy_write_int(&r->w, cluster, "nodesThatTakePods", ready);
    sy_write_int(&r->w, cluster, "nodesWithDevices", devices);
    sy_write_int(&r->w, cluster, "podsRunning", bound);
    sy_write_int(&r->w, cluster, "podsPending", (int64_t)state->npod - bound);
    return SY_OK;
}
