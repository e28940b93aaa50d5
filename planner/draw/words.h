/* SPDX-License-Identifier: Apache-2.0 */
/* Words for facts: numbers with their units, names made safe. Texts live in the drawing's arena.
 * A failed allocation is sticky: the text is "" and the drawing fails at its end. */
#ifndef SY_PLANNER_DRAW_WORDS_H
#define SY_PLANNER_DRAW_WORDS_H

#include "planner/draw/draw.h"
#include "topology/fabric_roles.h"

struct sy_words {
    struct sy_arena *arena;
    bool failed;
};

const char *sy_words(struct sy_words *words, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A text from outside without what a terminal would obey or hide: control characters, bytes that
 * are no UTF-8, and marks of writing direction are shown as \xNN or <U+NNNN>. Blanks at the end go;
 * NULL gives "". A longer one than two kilobytes is cut and ends in "...". */
const char *sy_words_clean(struct sy_words *words, const char *text);

/* "31.5", "450", "0.98": GB/s of MB/s, three digits; "?" of 0. Returns buf of 16 bytes. */
const char *sy_words_gbps(uint32_t mbps, char buf[16]);
const char *sy_words_mib(struct sy_words *words, uint64_t mib); /* "80 GiB", "251.8 GiB" */
const char *sy_words_watts(struct sy_words *words, int64_t mw); /* "310", "6500", "0.5" */
/* "31.5 Gen4 x16", "15.8 of 31.5 Gen4 x8", "~31.5": assumed; "" = unknown. */
const char *sy_words_link(struct sy_words *words, const struct sy_link_state *link);
/* "0000:c1:00.0", "0000:c1:00.0/1" */
const char *sy_words_addr(struct sy_words *words, struct sy_pci_addr addr, unsigned index);
/* What a function of this class is to people ("NVMe disk", "VGA adapter"): a noun, its plural ends
 * in "s". */
const char *sy_words_class(uint16_t class_id);
/* "1 switch", "3 switches", "3 root ports" */
const char *sy_words_count(struct sy_words *words, size_t n, const char *noun);

/* Columns of a terminal that a valid UTF-8 text takes: wide characters two, combining ones none. */
size_t sy_columns(const char *text);
/* Bytes of the longest start of a text that fits into so many columns. */
size_t sy_columns_cut(const char *text, size_t columns);

#endif
