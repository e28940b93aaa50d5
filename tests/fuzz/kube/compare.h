/* SPDX-License-Identifier: Apache-2.0 */
/* The extractor against jansson and sy_kube_extract_prune. */
#ifndef SY_TESTS_FUZZ_KUBE_COMPARE_H
#define SY_TESTS_FUZZ_KUBE_COMPARE_H

#include "base/kube/extract.h"

/* Read the bytes in pieces that `seed` decides, with each of some lists of fields, as one document
 * and as a list of documents; aborts where the two ways differ. True when it was a document. */
bool compare(const char *data, size_t len, uint64_t seed);

#endif
