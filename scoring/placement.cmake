# SPDX-License-Identifier: Apache-2.0
# What one set is worth, and the search for the best, expected and worst one (PLACEMENT.md).
set(SY_PLACEMENT_SOURCES
    memo.c
    placement.c
    placement_bound.c
    placement_count.c
    placement_enumerate.c
    placement_order.c
    placement_sample.c
    placement_symmetry.c
    value.c
    value_context.c
    value_groups.c
    value_links.c)
