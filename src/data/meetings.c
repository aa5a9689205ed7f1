// Meetings: pairs in the order of their shapes, the table of what stands opposite what, and where in it.
#include "data/meetings.h"

#include <assert.h>

#include "core/memory.h"

// ---- Which pairs ----------------------------------------------------------------------------------------------------

bool dm_is_met(const PiecePair *p)
{
    return p->sources > 0 && p->targets > 0 && p->sources <= MOST_WORDS && p->targets <= MOST_WORDS;
}

static int above_all(int number, const int *words, int count)
{
    for (int i = 0; i < count; i++)
        if (words[i] >= number) number = words[i] + 1;
    return number;
}

// In the order of their shapes, by counting: those of one shape stay in theirs.
static void take_pairs(Meetings *m, const PiecePair *pairs, int count)
{
    enum { SHAPES = MOST_WORDS * MOST_WORDS };
    int *next = dm_allocate(SHAPES + 1, sizeof *next);
    for (int i = 0; i < count; i++)
        if (dm_is_met(&pairs[i])) next[(pairs[i].sources - 1) * MOST_WORDS + pairs[i].targets]++;
    for (int shape = 0; shape < SHAPES; shape++) next[shape + 1] += next[shape];
    m->pairs = next[SHAPES];
    m->pair = dm_allocate((size_t)m->pairs, sizeof *m->pair);
    m->number = dm_allocate((size_t)m->pairs, sizeof *m->number);
    for (int i = 0; i < count; i++) {
        const PiecePair *p = &pairs[i];
        if (!dm_is_met(p)) continue;
        const int at = next[(p->sources - 1) * MOST_WORDS + p->targets - 1]++;
        m->pair[at] = *p;
        m->number[at] = i;
        m->sources = above_all(m->sources, p->source, p->sources);
        m->targets = above_all(m->targets, p->target, p->targets);
    }
    dm_free(next);
}

static void cut_parts(Meetings *m, size_t most)
{
    size_t widest = 0;
    m->first = dm_allocate((size_t)m->pairs + 1, sizeof *m->first);
    m->part = dm_allocate(2, sizeof *m->part);
    for (int p = 0; p < m->pairs; p++) {
        const size_t here = dm_pair_meetings(&m->pair[p]);
        if (m->first[p] + here - m->first[m->part[m->parts]] > most && p > m->part[m->parts]) {
            m->parts++;
            m->part = dm_reallocate(m->part, (size_t)m->parts + 2, sizeof *m->part);
            m->part[m->parts] = p;
        }
        m->first[p + 1] = m->first[p] + here;
        const size_t width = m->first[p + 1] - m->first[m->part[m->parts]];
        if (width > widest) widest = width;
    }
    m->part[++m->parts] = m->pairs;
    m->entry = dm_allocate(widest, sizeof *m->entry);
    m->loaded = -1;
}

// ---- Places ---------------------------------------------------------------------------------------------------------

typedef struct Place {
    int pair, word;
} Place;

// Where each word of a side stands: word w at[start[w]] ... at[start[w + 1] - 1].
typedef struct Places {
    size_t *start;
    Place *at;
} Places;

typedef struct Words {
    const int *word;
    int count;
} Words;

static Words side_of(const PiecePair *pair, bool target)
{
    return target ? (Words){pair->target, pair->targets} : (Words){pair->source, pair->sources};
}

static Places find_places(const Meetings *m, bool target, int from, int to)
{
    const int words = target ? m->targets : m->sources;
    Places places = {.start = dm_allocate((size_t)words + 2, sizeof *places.start)};
    size_t *next = places.start + 1;  // of word w, in the end, what is to be the start of the word behind it
    for (int p = from; p < to; p++) {
        const Words side = side_of(&m->pair[p], target);
        for (int i = 0; i < side.count; i++) next[side.word[i] + 1]++;
    }
    for (int w = 0; w < words; w++) next[w + 1] += next[w];
    places.at = dm_allocate(next[words], sizeof *places.at);
    for (int p = from; p < to; p++) {
        const Words side = side_of(&m->pair[p], target);
        for (int i = 0; i < side.count; i++) places.at[next[side.word[i]]++] = (Place){p, i};
    }
    return places;
}

static void free_places(Places *places)
{
    dm_free(places->start);
    dm_free(places->at);
}

// ---- The table ------------------------------------------------------------------------------------------------------

// A row is given a target word, unless it has it; while there is no table yet they are only counted.
typedef struct Filling {
    size_t *used;  // [sources + 1] entries that a row has
    int *last;     // [sources + 1] 1 + the target word that it was given last
} Filling;

static void give(Meetings *m, Filling *f, int s, int t)
{
    if (f->last[s] == t + 1) return;
    f->last[s] = t + 1;
    if (m->target) m->target[m->row[s] + f->used[s]] = t;
    f->used[s]++;
}

// Target words come in ascending order, so they stand in every row.
static void fill(Meetings *m, const Places *places)
{
    const size_t rows = (size_t)m->sources + 1;
    Filling f = {dm_allocate(rows, sizeof *f.used), dm_allocate(rows, sizeof *f.last)};
    for (int t = 0; t < m->targets; t++) {
        for (size_t k = places->start[t]; k < places->start[t + 1]; k++) {
            const PiecePair *p = &m->pair[places->at[k].pair];
            for (int j = 0; j < p->sources; j++) give(m, &f, p->source[j], t);
        }
        if (places->start[t] < places->start[t + 1]) give(m, &f, m->sources, t);
    }
    for (int s = 0; s < m->sources; s++)
        if (f.used[s]) give(m, &f, s, m->targets);
    if (!m->target)
        for (size_t s = 0; s < rows; s++) m->row[s + 1] = m->row[s] + f.used[s];
    dm_free(f.used);
    dm_free(f.last);
}

static void make_table(Meetings *m)
{
    Places places = find_places(m, true, 0, m->pairs);
    m->row = dm_allocate((size_t)m->sources + 2, sizeof *m->row);
    fill(m, &places);
    assert(m->row[m->sources + 1] <= UINT32_MAX);
    m->target = dm_allocate(m->row[m->sources + 1] + 1, sizeof *m->target);
    fill(m, &places);
    free_places(&places);
}

// A row is spread out, so that each target word finds its entry.
static void spread(uint32_t *has, const Meetings *m, int s)
{
    for (size_t e = m->row[s]; e < m->row[s + 1]; e++) has[m->target[e]] = (uint32_t)e;
}

static void load_word(Meetings *m, const uint32_t *has, int pair, int word)
{
    const PiecePair *p = &m->pair[pair];
    uint32_t *entry =
        m->entry + (m->first[pair] - m->first[m->part[m->loaded]]) + (size_t)word * ((size_t)p->targets + 1);
    for (int i = 0; i < p->targets; i++) entry[i] = has[p->target[i]];
    entry[p->targets] = has[m->targets];
}

void dm_meetings_load(Meetings *m, int part)
{
    if (m->loaded == part) return;
    m->loaded = part;
    Places places = find_places(m, false, m->part[part], m->part[part + 1]);
    uint32_t *has = dm_allocate((size_t)m->targets + 1, sizeof *has);
    for (int s = 0; s < m->sources; s++) {
        if (places.start[s] == places.start[s + 1]) continue;
        spread(has, m, s);
        for (size_t k = places.start[s]; k < places.start[s + 1]; k++)
            load_word(m, has, places.at[k].pair, places.at[k].word);
    }
    spread(has, m, m->sources);
    for (int p = m->part[part]; p < m->part[part + 1]; p++) load_word(m, has, p, m->pair[p].sources);
    dm_free(has);
    free_places(&places);
}

Meetings dm_meetings_find(const PiecePair *pairs, int count, size_t most)
{
    Meetings m = {0};
    take_pairs(&m, pairs, count);
    cut_parts(&m, most);
    make_table(&m);
    return m;
}

size_t dm_meetings_entry(const Meetings *m, int source, int target)
{
    if (source > m->sources || target > m->targets) return DM_NEVER_MET;
    size_t low = m->row[source], high = m->row[source + 1];
    const size_t last = high;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (m->target[middle] < target)
            low = middle + 1;
        else
            high = middle;
    }
    return low < last && m->target[low] == target ? low : DM_NEVER_MET;
}

void dm_meetings_free(Meetings *m)
{
    dm_free(m->pair);
    dm_free(m->number);
    dm_free(m->row);
    dm_free(m->target);
    dm_free(m->part);
    dm_free(m->first);
    dm_free(m->entry);
    *m = (Meetings){0};
}
