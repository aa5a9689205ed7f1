// Symmetrization: what both alignments link, what either does, and what grows in between. A link of either is in at
// most two lists, which are asked in the place of a table of all words by all words.
#include "data/symmetrize.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/memory.h"
#include "text/segmenter.h"

struct Symmetrization {
    const char *name, *about;
    bool both, either;  // begins with what both link, or what either does; neither: with one alignment's
    Side one;           // that
    bool grows, ends;   // with neighbours; and then with words that nothing is linked with
};

static const Symmetrization rows[] = {
    {"grow-diag-final-and",
     "what both ways agree on, neighbours of that which either has, and what is left between words without a link "
     "(Koehn "
     "et al. 2003)",
     .both = true, .grows = true, .ends = true},
    {"grow-diag", "the same without the last step", .both = true, .grows = true},
    {"intersection", "what both ways agree on: few links, nearly all right", .both = true},
    {"union", "what either way has", .either = true},
    {"forward", "each target word comes from one source word or none", .one = DM_TARGET},
    {"backward", "each source word comes from one target word or none", .one = DM_SOURCE},
    {.name = NULL},
};

Choice dm_symmetrization_choice(int index)
{
    return (Choice){rows[index].name, rows[index].about};
}

const Symmetrization *dm_symmetrization_of(const char *name)
{
    return &rows[dm_chosen(dm_symmetrization_choice, name)];
}

// ---- Links of either ------------------------------------------------------------------------------------------------

typedef struct Candidate {
    int source, target;
    bool by[2];  // which alignment has it
    bool taken;
} Candidate;

typedef struct Grid {
    const TwoAlignments *two;
    Candidate *candidate;  // [count] by target, then source
    int count;
    int *first;       // [targets + 1] those of a target word
    bool *linked[2];  // words of a side that a taken one links
} Grid;

static int by_source(const void *first, const void *second)
{
    const Candidate *a = first, *b = second;
    return a->source - b->source;
}

// Those of the target's words, each with a gap for what the source's words say of it.
static void list_candidates(Grid *g)
{
    const TwoAlignments *two = g->two;
    int *next = g->first + 1;  // of word i, in the end, what is to be the start of the word behind it
    for (int i = 0; i < two->targets; i++) next[i + 1] += two->of[DM_TARGET][i] >= 0;
    for (int j = 0; j < two->sources; j++) {
        const int i = two->of[DM_SOURCE][j];
        if (i >= 0 && two->of[DM_TARGET][i] != j) next[i + 1]++;
    }
    for (int i = 0; i < two->targets; i++) next[i + 1] += next[i];
    g->count = next[two->targets];
    g->candidate = dm_allocate((size_t)g->count, sizeof *g->candidate);
    for (int i = 0; i < two->targets; i++) {
        const int j = two->of[DM_TARGET][i];
        if (j < 0) continue;
        g->candidate[next[i]++] = (Candidate){j, i, {two->of[DM_SOURCE][j] == i, true}, false};
    }
    for (int j = 0; j < two->sources; j++) {
        const int i = two->of[DM_SOURCE][j];
        if (i >= 0 && two->of[DM_TARGET][i] != j) g->candidate[next[i]++] = (Candidate){j, i, {true, false}, false};
    }
    for (int i = 0; i < two->targets; i++)
        if (g->first[i + 1] - g->first[i] > 1)
            qsort(g->candidate + g->first[i], (size_t)(g->first[i + 1] - g->first[i]), sizeof *g->candidate, by_source);
}

static void take(Grid *g, Candidate *c)
{
    c->taken = true;
    g->linked[DM_SOURCE][c->source] = g->linked[DM_TARGET][c->target] = true;
}

static Candidate *find(const Grid *g, int source, int target)
{
    if (target < 0 || target >= g->two->targets) return NULL;
    int low = g->first[target], high = g->first[target + 1];
    const int last = high;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (g->candidate[middle].source < source)
            low = middle + 1;
        else
            high = middle;
    }
    return low < last && g->candidate[low].source == source ? &g->candidate[low] : NULL;
}

// ---- Growing --------------------------------------------------------------------------------------------------------

// Links that are taken and whose neighbours were not looked at yet. The paper goes through all links, target word by
// target word, again and again until nothing grows any more. A link that it has come by has no neighbour left that
// could be taken, then or later: it is enough to come by each once, in the order in which that way does. A heap has the
// next one on top.
typedef struct Agenda {
    uint64_t *key;  // [count] the round in the upper half, which candidate in the lower
    int count;
} Agenda;

static void swap(uint64_t *a, uint64_t *b)
{
    const uint64_t kept = *a;
    *a = *b;
    *b = kept;
}

static void push(Agenda *agenda, uint64_t round, int candidate)
{
    int at = agenda->count++;
    agenda->key[at] = round << 32 | (uint64_t)candidate;
    for (; at && agenda->key[at] < agenda->key[(at - 1) / 2]; at = (at - 1) / 2)
        swap(&agenda->key[at], &agenda->key[(at - 1) / 2]);
}

static uint64_t pop(Agenda *agenda)
{
    const uint64_t top = agenda->key[0];
    agenda->key[0] = agenda->key[--agenda->count];
    for (int at = 0, child; (child = 2 * at + 1) < agenda->count; at = child) {
        if (child + 1 < agenda->count && agenda->key[child + 1] < agenda->key[child]) child++;
        if (agenda->key[at] <= agenda->key[child]) break;
        swap(&agenda->key[at], &agenda->key[child]);
    }
    return top;
}

// Takes neighbours that link a word with which nothing was linked.
static void grow_from(Grid *g, Agenda *agenda, uint64_t round, int from)
{
    static const int steps[][2] = {{-1, 0}, {0, -1}, {1, 0}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
    for (size_t k = 0; k < DM_COUNT(steps); k++) {
        Candidate *c = find(g, g->candidate[from].source + steps[k][0], g->candidate[from].target + steps[k][1]);
        if (!c || c->taken || (g->linked[DM_SOURCE][c->source] && g->linked[DM_TARGET][c->target])) continue;
        take(g, c);
        const int place = (int)(c - g->candidate);
        push(agenda, round + (place < from), place);
    }
}

static void grow(Grid *g)
{
    Agenda agenda = {.key = dm_allocate((size_t)g->count, sizeof *agenda.key)};
    for (int k = 0; k < g->count; k++)
        if (g->candidate[k].taken) push(&agenda, 0, k);
    while (agenda.count) {
        const uint64_t next = pop(&agenda);
        grow_from(g, &agenda, next >> 32, (int)(next & UINT32_MAX));
    }
    dm_free(agenda.key);
}

// What is left between words with which nothing is linked yet, first of the one alignment, then of the other.
static void end_with(Grid *g, Side side)
{
    for (int k = 0; k < g->count; k++) {
        Candidate *c = &g->candidate[k];
        if (c->by[side] && !g->linked[DM_SOURCE][c->source] && !g->linked[DM_TARGET][c->target]) take(g, c);
    }
}

void dm_symmetrize(LinkedPairs *pairs, const Symmetrization *how, const TwoAlignments *two)
{
    Grid g = {.two = two, .first = dm_allocate((size_t)two->targets + 2, sizeof *g.first)};
    g.linked[DM_SOURCE] = dm_allocate((size_t)two->sources, sizeof(bool));
    g.linked[DM_TARGET] = dm_allocate((size_t)two->targets, sizeof(bool));
    list_candidates(&g);
    for (int k = 0; k < g.count; k++) {
        Candidate *c = &g.candidate[k];
        if (how->both ? c->by[DM_SOURCE] && c->by[DM_TARGET] : how->either || c->by[how->one]) take(&g, c);
    }
    if (how->grows) grow(&g);
    if (how->ends) {
        end_with(&g, DM_TARGET);
        end_with(&g, DM_SOURCE);
    }
    Link *link = dm_allocate((size_t)g.count, sizeof *link);
    int count = 0;
    for (int k = 0; k < g.count; k++)
        if (g.candidate[k].taken) link[count++] = (Link){g.candidate[k].source, g.candidate[k].target, false};
    dm_links_add(pairs, link, count);
    dm_free(link);
    dm_free(g.candidate);
    dm_free(g.first);
    dm_free(g.linked[DM_SOURCE]);
    dm_free(g.linked[DM_TARGET]);
}
