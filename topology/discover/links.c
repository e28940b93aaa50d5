/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/links.h"

#include <string.h>

enum sy_link_type sy_links_type(const char *name)
{
    static const struct {
        const char *name;
        enum sy_link_type type;
    } known[] = {
        {"NVLinkBandwidth", SY_LINK_NVL},    {"XGMIBandwidth", SY_LINK_XGMI},
        {"XeLinkBandwidth", SY_LINK_XELINK}, {"HCCSBandwidth", SY_LINK_HCCS},
        {"SIOBandwidth", SY_LINK_SIO},
    };
    for (size_t i = 0; name != NULL && i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].type;
    return SY_LINK_NONE;
}

static bool is_end(const struct sy_matrix *m, unsigned i)
{
    return m->node[i].obj >= 0 && !m->node[i].is_switch;
}

/* The lower of the two directions, or the one that is known. */
static uint64_t between(const struct sy_matrix *m, unsigned i, unsigned j)
{
    uint64_t there = m->mbps[(size_t)i * m->n + j], back = m->mbps[(size_t)j * m->n + i];
    return there == 0 || (back != 0 && back < there) ? back : there;
}

static uint64_t to_switches(const struct sy_matrix *m, unsigned i)
{
    uint64_t sum = 0;
    for (unsigned j = 0; j < m->n; j++)
        if (j != i && m->node[j].is_switch && __builtin_add_overflow(sum, between(m, i, j), &sum))
            return UINT64_MAX;
    return sum;
}

enum sy_code sy_links_from_matrix(struct sy_build *build, const struct sy_matrix *m,
                                  struct sy_err *err)
{
    sy_autofree uint64_t *sum = sy_calloc(m->n, sizeof *sum);
    if (sum == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (unsigned i = 0; i < m->n; i++)
        sum[i] = is_end(m, i) ? to_switches(m, i) : 0;
    enum sy_code code = SY_OK;
    for (unsigned i = 0; i < m->n; i++) {
        for (unsigned j = i + 1; j < m->n && code == SY_OK; j++) {
            if (!is_end(m, i) || !is_end(m, j))
                continue;
            uint64_t direct = between(m, i, j);
            uint64_t switched = sum[i] < sum[j] ? sum[i] : sum[j];
            uint64_t mbps = direct > switched ? direct : switched;
            if (mbps != 0)
                code = sy_build_link(build, (uint16_t)m->node[i].obj, (uint16_t)m->node[j].obj,
                                     m->type, m->rate_unknown ? 0 : mbps, err);
        }
    }
    return code;
}
