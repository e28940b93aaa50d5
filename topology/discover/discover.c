/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/discover.h"

#include "topology/discover/child.h"
#include "topology/discover/nccl.h"

enum sy_code sy_discover_xml(const char *file, const char *data, size_t len,
                             const struct sy_discover_options *options, struct sy_arena *arena,
                             struct sy_inventory *ret, struct sy_err *err)
{
    enum sy_xml_format format = SY_XML_HWLOC_2;
    /* What cannot be sniffed gets its message, with the file's name, from the validator. */
    if (sy_discover_sniff(data, len, &format, NULL) == SY_OK && format == SY_XML_NCCL)
        return sy_nccl_read(file, data, len, arena, ret, err);
    enum sy_code code = sy_discover_validate(file, data, len, err);
    if (code != SY_OK)
        return code;
    return sy_child_import(file, data, len, options, arena, ret, err);
}

enum sy_code sy_discover_live(struct sy_arena *arena, struct sy_inventory *ret, struct sy_err *err)
{
    enum sy_code code = sy_discover_sysfs("/", arena, ret, err);
    if (code == SY_OK)
        ret->source = "live";
    return code;
}
