/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that are the same on every machine for the same seed: xoshiro256** 1.0, its state
 * filled by splitmix64 (Blackman and Vigna's published algorithms and constants). Not for secrets.
 */
#ifndef SY_BASE_RANDOM_H
#define SY_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct sy_random {
    uint64_t state[4];
};

void sy_random_init(struct sy_random *random, uint64_t seed);
uint64_t sy_random_u64(struct sy_random *random);
/* Uniform in 0..bound-1 without bias; `bound` must not be 0. */
uint64_t sy_random_below(struct sy_random *random, uint64_t bound);
/* Uniform in [0, 1), 53 bits. */
double sy_random_unit(struct sy_random *random);
/* Put `n` numbers in a random order (Fisher and Yates). */
void sy_random_shuffle(struct sy_random *random, uint32_t *value, size_t n);

#endif
