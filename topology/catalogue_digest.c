/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/catalogue_private.h"

static void add_fact(struct sy_digest *digest, const struct sy_fact *fact)
{
    sy_digest_u64(digest,
                  (uint64_t)fact->known << 33 | (uint64_t)fact->verified << 32 | fact->value);
    sy_digest_str(digest, fact->source);
}

static void add_model(struct sy_digest *digest, const struct sy_model *m)
{
    sy_digest_str(digest, m->name);
    sy_digest_str(digest, m->model);
    sy_digest_str(digest, m->memory_type);
    sy_digest_u64(digest, (uint64_t)m->kind << 32 | (uint64_t)m->units_per_card << 24 |
                              (uint64_t)m->units_per_function << 16 | (uint64_t)m->generic << 2 |
                              (uint64_t)m->is_vf << 1 | m->needs_user_function);
    add_fact(digest, &m->memory_mib);
    add_fact(digest, &m->memory_bw_mbps);
    add_fact(digest, &m->link_mbps);
    add_fact(digest, &m->tdp_mw);
    add_fact(digest, &m->idle_mw);
    sy_digest_u64(digest, m->noverlay);
    for (unsigned i = 0; i < m->noverlay; i++) {
        const struct sy_overlay *o = &m->overlay[i];
        sy_digest_u64(digest,
                      (uint64_t)o->type << 32 | (uint64_t)o->form << 16 | (uint64_t)o->group);
        add_fact(digest, &o->pair_mbps);
    }
    for (unsigned i = 0; i < SY_DEVSET_WORDS; i++)
        sy_digest_u64(digest, m->resources.w[i]);
}

static void add_resource(struct sy_digest *digest, const struct sy_resource *res)
{
    sy_digest_str(digest, res->name);
    sy_digest_str(digest, res->source);
    sy_digest_u64(digest, (uint64_t)res->chooser << 8 | res->nsize);
    for (unsigned i = 0; i < res->nsize; i++)
        sy_digest_u64(digest, res->size[i]);
}

/* Everything that an answer can depend on, in the order of the tables; not the places. */
struct sy_digest sy_cat_digest(const struct sy_catalogue *cat)
{
    struct sy_digest digest = sy_digest_begin();
    sy_digest_u64(&digest, cat->nmodel);
    for (size_t i = 0; i < cat->nmodel; i++)
        add_model(&digest, &cat->model[i]);
    sy_digest_u64(&digest, cat->nresource);
    for (size_t i = 0; i < cat->nresource; i++)
        add_resource(&digest, &cat->resource[i]);
    sy_digest_u64(&digest, cat->nmatch);
    for (size_t i = 0; i < cat->nmatch; i++) {
        const struct sy_cat_match *row = &cat->match[i];
        sy_digest_u64(&digest, row->value);
        sy_digest_u64(&digest, (uint64_t)row->model << 32 | (uint64_t)row->level << 8 | row->role);
    }
    sy_digest_u64(&digest, cat->nbridge);
    for (size_t i = 0; i < cat->nbridge; i++) {
        const struct sy_cat_bridge_rule *row = &cat->bridge[i];
        sy_digest_u64(&digest, row->value);
        sy_digest_u64(&digest, row->mask);
        sy_digest_u64(&digest, (uint64_t)row->chip << 8 | row->role);
    }
    sy_digest_u64(&digest, cat->ncpu);
    for (size_t i = 0; i < cat->ncpu; i++) {
        sy_digest_str(&digest, cat->cpu[i].vendor);
        sy_digest_str(&digest, cat->cpu[i].model);
        add_fact(&digest, &cat->cpu[i].pair_mbps);
    }
    return digest;
}
