/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/scheduler_config.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const struct sy_resource *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static void write_head(const struct sy_address *address, bool bind, FILE *out)
{
    char text[SY_ADDRESS_TEXT];
    (void)fprintf(
        out,
        "# For a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1).\n"
        "extenders:\n"
        "- urlPrefix: \"http://%s\"\n"
        "  filterVerb: filter\n"
        "  prioritizeVerb: prioritize\n"
        "  preemptVerb: preempt\n"
        "%s"
        "  weight: 5\n"
        "  httpTimeout: %s\n"
        "  # Names only on the wire; with false kube-scheduler's own scores go wrong from 1.33 "
        "on.\n"
        "  nodeCacheCapable: true\n"
        "  # While the service is down, true lets pods run without it: a pod's\n"
        "  # switchyard.dev/require is then NOT held. With false they wait until it is back.\n"
        "  ignorable: true\n"
        "  # Exact names only, so list yours; a pod that asks for none of them is never sent "
        "here.\n"
        "  managedResources:\n",
        sy_address_format(address, text), bind ? "  bindVerb: bind\n" : "",
        bind ? "2s" : "800ms"); /* a binding is a call to the API server */
}

enum sy_code sy_scheduler_config_write(const struct sy_catalogue *catalogue,
                                       const struct sy_address *address, bool bind, FILE *out,
                                       struct sy_err *err)
{
    size_t n = sy_catalogue_resource_count(catalogue);
    sy_autofree const struct sy_resource **sorted = sy_calloc(n, sizeof(*sorted));
    if (sorted == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        sorted[i] = sy_catalogue_resource(catalogue, i);
    qsort(sorted, n, sizeof(*sorted), by_name);
    write_head(address, bind, out);
    for (size_t i = 0; i < n; i++)
        if (!sorted[i]->is_pattern)
            (void)fprintf(out, "  - name: %s\n", sorted[i]->name);
    bool any = false;
    for (size_t i = 0; i < n; i++)
        if (sorted[i]->is_pattern) {
            if (!any)
                (void)fputs("  # Patterns of the catalogue: add the exact names that your nodes\n"
                            "  # advertise (kubectl get nodes -o yaml, under allocatable).\n",
                            out);
            any = true;
            (void)fprintf(out, "  # - name: %s\n", sorted[i]->name);
        }
    if (fflush(out) != 0 || ferror(out))
        return sy_fail(err, SY_EIO, "cannot write");
    return SY_OK;
}
