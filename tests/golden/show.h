/* SPDX-License-Identifier: Apache-2.0 */
/* A node as text, for comparison with a file of expected text. */
#ifndef SY_TESTS_GOLDEN_SHOW_H
#define SY_TESTS_GOLDEN_SHOW_H

#include "base/str.h"
#include "topology/node.h"

/* Everything a decision reads of the node: units, cards, places, matrices of classes and GB/s, use.
 */
void sy_show_node(const struct sy_node *node, struct sy_str *out);

/* Compare text with the file, and fail the running test with the first lines that differ. With
 * SWITCHYARD_UPDATE_GOLDEN set, write the file instead. */
void sy_expect_file(const char *path, const struct sy_str *text);

/* Decoding what encoding the node gives must give the same node. */
void sy_expect_round_trip(const struct sy_node *node, struct sy_catalogue *cat);

#endif
