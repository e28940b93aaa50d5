/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/tournament.h"

#define FAN SY_TOURNAMENT_FAN
#define LINE (FAN * sizeof(int32_t)) /* a round starts at a cache line */

/* Levels, each filled up to whole rounds, until one number is left. */
static void lay_out(struct sy_tournament *t, uint32_t n)
{
    uint64_t size = 0, width = n;
    for (t->levels = 0; t->levels == 0 || width > 1; t->levels++) {
        if (t->levels > 0)
            width = (width + FAN - 1) / FAN;
        t->start[t->levels] = (uint32_t)size;
        size += width > 1 || t->levels == 0 ? (width + FAN - 1) / FAN * FAN : 1;
    }
    if (t->levels == 1) { /* a single number: a round of its own */
        t->start[1] = (uint32_t)size++;
        t->levels = 2;
    }
    t->size = (uint32_t)size;
}

bool sy_tournament_init(struct sy_tournament *t, uint32_t n, bool count)
{
    struct sy_tournament made = {0};
    lay_out(&made, n);
    size_t above = made.size - made.start[1];
    made.memory = sy_malloc(made.size * sizeof *made.best + LINE);
    made.tied = count ? sy_calloc(above, sizeof *made.tied) : NULL;
    if (made.memory == NULL || (count && made.tied == NULL)) {
        sy_tournament_done(&made);
        return false;
    }
    made.best = (int32_t *)(((uintptr_t)made.memory + LINE - 1) / LINE * LINE);
    for (size_t i = 0; i < made.size; i++)
        made.best[i] = SY_TOURNAMENT_OUT;
    sy_tournament_play(&made);
    *t = made;
    return true;
}

void sy_tournament_done(struct sy_tournament *t)
{
    sy_free(t->memory);
    sy_free(t->tied);
    *t = (struct sy_tournament){0};
}

/* How many have the best below the number at `i` of `best`. */
static uint32_t tied_at(const struct sy_tournament *t, uint32_t i)
{
    return i < t->start[1] ? 1 : t->tied[i - t->start[1]];
}

/* Round `at` of a level, anew: its sixteen below. */
static void play_round(struct sy_tournament *t, unsigned level, uint32_t at)
{
    uint32_t first = t->start[level - 1] + at * FAN, to = t->start[level] + at, tied = 0;
    const int32_t *below = &t->best[first];
    int32_t best = below[0];
    for (uint32_t i = 1; i < FAN; i++)
        best = below[i] > best ? below[i] : best;
    t->best[to] = best;
    if (t->tied == NULL)
        return;
    for (uint32_t i = 0; i < FAN; i++)
        tied += below[i] == best ? tied_at(t, first + i) : 0;
    t->tied[to - t->start[1]] = tied;
}

/* A number and how many have it. */
struct standing {
    int32_t value;
    uint32_t tied;
};

static struct standing standing_at(const struct sy_tournament *t, uint32_t i)
{
    return (struct standing){t->best[i], t->tied != NULL ? tied_at(t, i) : 0};
}

/* One of a round went from `old` to `now`: most often its best stays, or is `now`, and the other
 * fifteen need no look. */
static void replay_round(struct sy_tournament *t, unsigned level, uint32_t at, struct standing old,
                         struct standing now)
{
    uint32_t to = t->start[level] + at;
    struct standing best = standing_at(t, to);
    if (now.value > best.value)
        best = now;
    else if (old.value == best.value && (now.value < best.value && best.tied == old.tied)) {
        play_round(t, level, at);
        return;
    } else {
        best.tied -= old.value == best.value ? old.tied : 0;
        best.tied += now.value == best.value ? now.tied : 0;
    }
    t->best[to] = best.value;
    if (t->tied != NULL)
        t->tied[to - t->start[1]] = best.tied;
}

void sy_tournament_set(struct sy_tournament *t, uint32_t at, int32_t value)
{
    struct standing old = standing_at(t, at), now = {value, old.tied};
    if (old.value == value)
        return;
    t->best[at] = value;
    for (unsigned level = 1; level < t->levels; level++) {
        at /= FAN;
        struct standing before = standing_at(t, t->start[level] + at);
        replay_round(t, level, at, old, now);
        old = before;
        now = standing_at(t, t->start[level] + at);
        if (old.value == now.value && old.tied == now.tied)
            return;
    }
}

void sy_tournament_play(struct sy_tournament *t)
{
    for (unsigned level = 1; level < t->levels; level++) {
        uint32_t rounds = (t->start[level] - t->start[level - 1]) / FAN;
        for (uint32_t i = 0; i < rounds; i++)
            play_round(t, level, i);
    }
}

uint32_t sy_tournament_tied(const struct sy_tournament *t)
{
    return tied_at(t, t->size - 1);
}

uint32_t sy_tournament_winner(const struct sy_tournament *t, uint32_t number)
{
    int32_t best = sy_tournament_best(t);
    uint32_t at = 0;
    for (unsigned level = t->levels - 1; level > 0; level--) {
        at *= FAN;
        for (;; at++) {
            uint32_t i = t->start[level - 1] + at;
            if (t->best[i] != best)
                continue;
            if (t->tied == NULL || number < tied_at(t, i))
                break;
            number -= tied_at(t, i);
        }
    }
    return at;
}
