/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the check of an hwloc XML, split over validate.c (which element may stand where) and
 * validate_object.c (the attributes of one <object>). */
#ifndef SY_TOPOLOGY_DISCOVER_VALIDATE_H
#define SY_TOPOLOGY_DISCOVER_VALIDATE_H

#include "topology/discover/marks.h"
#include "topology/discover/rules.h"

#define SY_VALUE_MAX 1024u     /* bytes of a name, an info or another plain value */
#define SY_IO_OBJECT_MAX 4096u /* hwloc's insertion is quadratic in siblings */
#define SY_MATRIX_MAX 1024u    /* objects of one distance matrix */

/* One open element. */
struct sy_frame {
    uint8_t elem;     /* what validate.c calls it */
    uint8_t kind;     /* of an <object>: enum sy_kind */
    bool has_objects; /* a child <object> was seen: nothing else may follow */
    bool has_buses;   /* of a bridge: */
    uint32_t domain;
    uint8_t bus_first, bus_last;
};

struct sy_check {
    struct sy_xml xml;
    unsigned version;                            /* 1 or 2 */
    struct sy_frame frame[SY_XML_DEPTH_MAX + 1]; /* by depth; 0 stands above the root */
    unsigned npu, nnuma, nio;
    bool has_root; /* the Machine was seen */
    struct sy_marks gp, busid, pu, numa;
    struct sy_marks misplaced; /* addresses that are on no bus of the bridge above */
    struct {
        bool hetero;
        uint64_t nbobjs, nindex, nvalue, length;
        bool text_seen;
    } matrix; /* the distances element being read */
};

/* Check the attributes of the <object> just started and complete its frame; `parent` is the frame
 * above it (kind SY_KIND_NONE: this is the root). SY_EINVAL, SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_validate_object(struct sy_check *check, const struct sy_frame *parent,
                                             struct sy_frame *frame, struct sy_err *err);
/* The value of an attribute of the element just started that must be there: a decimal number of at
 * most `max`. SY_EINVAL. */
SY_NODISCARD enum sy_code sy_validate_uint(const struct sy_check *check, const char *attr,
                                           uint64_t max, uint64_t *ret, struct sy_err *err);

#endif
