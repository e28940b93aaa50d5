/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <assert.h>

static uint64_t rotl(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void sy_random_init(struct sy_random *random, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++)
        random->state[i] = splitmix(&seed);
}

uint64_t sy_random_u64(struct sy_random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* Numbers below 2^64 mod bound are thrown away: what is left divides evenly. */
uint64_t sy_random_below(struct sy_random *random, uint64_t bound)
{
    assert(bound > 0);
    uint64_t least = (0 - bound) % bound, value;
    do
        value = sy_random_u64(random);
    while (value < least);
    return value % bound;
}

double sy_random_unit(struct sy_random *random)
{
    return (double)(sy_random_u64(random) >> 11) * 0x1.0p-53;
}

void sy_random_shuffle(struct sy_random *random, uint32_t *value, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t other = (size_t)sy_random_below(random, i);
        uint32_t kept = value[i - 1];
        value[i - 1] = value[other];
        value[other] = kept;
    }
}
