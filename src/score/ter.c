// Translation edit rate of a corpus (Snover et al. 2006): how many edits make the reference of the hypothesis, a word
// put in, left out or replaced, or a phrase moved, per word of the reference:
//   TER = 100 * sum over lines of edits / sum over lines of the mean length of the references
// Of several references the one that needs fewest edits counts. Case is ignored; words are what white space separates.
//
// To find the fewest edits with moves is NP-complete (Shapira and Storer 2002), so moves are looked for greedily: that
// one which shortens the edit distance most, until none does. What is searched is what tercom and sacreBLEU search, in
// their order, since the figure depends on it.
#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "score/score.h"
#include "score/words.h"

enum {
    EDITS,             // statistics
    REFERENCE_LENGTH,  // mean over the references
    WIDTH,
    LONGEST_PHRASE = 10,  // words that move together
    FARTHEST = 50,        // places between a phrase and its equal in the reference
    MOST_MOVES_TRIED = 1000,
    BEAM = 25,          // columns to each side of the diagonal in which the edit distance is computed
    FAR = INT_MAX / 2,  // more than any distance
};

typedef struct Band {
    int first, end;  // columns of a row of the edit distance that are computed
    size_t at;       // where they lie
} Band;

// The edit distance of hypothesis and reference is a table: row i, column j holds the fewest edits that make the first
// j words of the reference of the first i words of the hypothesis. Only a band around its diagonal is kept.
typedef struct Pair {
    const uint32_t *reference;
    int reference_length, length;
    uint32_t *hypothesis;  // [length] as moved so far
    uint32_t *moved;       // [length] the same after a move that is tried
    Band *bands;           // [length + 1] of the rows
    int *distance;         // the rows
    int *scratch[2];       // two rows of a table that is not kept
    int *place;         // [reference_length + 1] words of the hypothesis that the first j words of the reference take
    bool *wrong_here;   // [length] words of the hypothesis that are not in their place
    bool *wrong_there;  // [reference_length] words of the reference that have no equal in their place
    int tried;          // moves
} Pair;

// A phrase of the hypothesis and the place before which it is put, both as numbers of words.
typedef struct Move {
    int gain;  // by how much it shortens the edit distance
    int length, start, target;
} Move;

// ---- Edit distance --------------------------------------------------------------------------------------------------

// Row i's diagonal is column i * ratio. If the reference is so much longer that the bands of two rows would not meet,
// they are wider. Returns how many numbers the rows have in all.
static size_t lay_bands(Pair *pair)
{
    double ratio = pair->length ? (double)pair->reference_length / pair->length : 1;
    int beam = ratio / 2 > BEAM ? (int)ceil(ratio / 2 + BEAM) : BEAM;
    pair->bands[0] = (Band){0, pair->reference_length + 1, 0};
    size_t at = (size_t)pair->reference_length + 1;
    for (int i = 1; i <= pair->length; i++) {
        int diagonal = (int)floor(i * ratio), first = diagonal - beam, end = diagonal + beam;
        if (first < 0) first = 0;
        if (end > pair->reference_length + 1 || i == pair->length) end = pair->reference_length + 1;
        pair->bands[i] = (Band){first, end, at};
        at += (size_t)(end - first);
    }
    return at;
}

static int *row(const Pair *pair, int i)
{
    return pair->distance + pair->bands[i].at;
}

static int distance_at(const int *row, const Band *band, int j)
{
    return j >= band->first && j < band->end ? row[j - band->first] : FAR;
}

// Row i, whose word of the hypothesis is `word`, from the row above it.
static void fill_row(const Pair *pair, int i, uint32_t word, const int *above, int *here)
{
    const Band *upper = &pair->bands[i - 1], *band = &pair->bands[i];
    int left = FAR;
    for (int j = band->first; j < band->end; j++) {
        int fewest = distance_at(above, upper, j) + 1;
        if (left + 1 < fewest) fewest = left + 1;
        if (j > 0) {
            int diagonal = distance_at(above, upper, j - 1) + (word != pair->reference[j - 1]);
            if (diagonal < fewest) fewest = diagonal;
        }
        here[j - band->first] = left = fewest;
    }
}

// Fills the table; returns its last number.
static int edit_distance(Pair *pair)
{
    for (int j = 0; j <= pair->reference_length; j++) pair->distance[j] = j;
    for (int i = 1; i <= pair->length; i++) fill_row(pair, i, pair->hypothesis[i - 1], row(pair, i - 1), row(pair, i));
    return distance_at(row(pair, pair->length), &pair->bands[pair->length], pair->reference_length);
}

// The edit distance of the moved hypothesis, whose first `same` words are where they were.
static int edit_distance_moved(const Pair *pair, int same)
{
    const int *above = row(pair, same);
    for (int i = same + 1; i <= pair->length; i++) {
        int *here = pair->scratch[i % 2];
        fill_row(pair, i, pair->moved[i - 1], above, here);
        above = here;
    }
    return distance_at(above, &pair->bands[pair->length], pair->reference_length);
}

// Walks back through the table along one of the shortest ways, and notes where the words of the reference belong in the
// hypothesis and which words of both are wrong. Where ways part, an equal or replaced word goes before one that is left
// out, and that before one that is put in.
static void align(Pair *pair)
{
    int i = pair->length, j = pair->reference_length;
    while (i > 0 || j > 0) {
        int here = distance_at(row(pair, i), &pair->bands[i], j);
        bool differs = i > 0 && j > 0 && pair->hypothesis[i - 1] != pair->reference[j - 1];
        if (i > 0 && j > 0 && here == distance_at(row(pair, i - 1), &pair->bands[i - 1], j - 1) + differs) {
            pair->place[j] = i;
            pair->wrong_here[--i] = pair->wrong_there[--j] = differs;
        } else if (i > 0 && here == distance_at(row(pair, i - 1), &pair->bands[i - 1], j) + 1) {
            pair->wrong_here[--i] = true;
        } else {
            pair->place[j] = i;
            pair->wrong_there[--j] = true;
        }
    }
    pair->place[0] = 0;
}

// ---- Moves ----------------------------------------------------------------------------------------------------------

// Writes the hypothesis with a phrase moved; returns how many words at its beginning are where they were. `target`
// counts words with the phrase where it is; inside the phrase, it means as many words behind it.
static int move_phrase(const Pair *pair, const Move *move, uint32_t *moved)
{
    const uint32_t *words = pair->hypothesis, *phrase = words + move->start;
    int rest = pair->length - move->length, start = move->start;
    int to = move->target > start + move->length ? move->target - move->length : move->target;
    if (to > rest) to = rest;  // words of the rest before the phrase
    int same = to < start ? to : start;
    for (int i = 0, at = 0; i < rest; i++) {
        if (i == to) at += move->length;
        moved[at++] = words[i < start ? i : i + move->length];
    }
    memcpy(moved + to, phrase, (size_t)move->length * sizeof *moved);
    return same;
}

// Of two moves the better one: it gains more, else is longer, else starts earlier, else goes to an earlier place.
static bool better(const Move *a, const Move *b)
{
    if (a->gain != b->gain) return a->gain > b->gain;
    if (a->length != b->length) return a->length > b->length;
    if (a->start != b->start) return a->start < b->start;
    return a->target < b->target;
}

// Tries a phrase, which stands in the reference from `there` on, at each place that its words or the one before them
// have in the hypothesis.
static void try_places(Pair *pair, int distance, Move move, int there, Move *best)
{
    int before = -1;
    for (int j = there; j <= there + move.length; j++) {
        move.target = pair->place[j];
        if (move.target == before) continue;
        before = move.target;
        int same = move_phrase(pair, &move, pair->moved);
        move.gain = distance - edit_distance_moved(pair, same);
        pair->tried++;
        if (!best->length || better(&move, best)) *best = move;
    }
}

// The phrases that start at one word of the hypothesis and are in the reference from word `there` on. A phrase is moved
// only if something is wrong with it on both sides, and not to where it is.
static void try_phrases(Pair *pair, int distance, int start, int there, Move *best)
{
    bool wrong_here = false, wrong_there = false;
    for (int length = 1; length <= LONGEST_PHRASE; length++) {
        int here_last = start + length - 1, there_last = there + length - 1;
        if (here_last == pair->length || there_last == pair->reference_length) return;
        if (pair->hypothesis[here_last] != pair->reference[there_last]) return;
        wrong_here |= pair->wrong_here[here_last];
        wrong_there |= pair->wrong_there[there_last];
        int place = pair->place[there + 1] - 1;
        if (!wrong_here || !wrong_there || (place >= start && place < start + length)) continue;
        try_places(pair, distance, (Move){.length = length, .start = start}, there, best);
        if (pair->tried >= MOST_MOVES_TRIED) return;
    }
}

static Move best_move(Pair *pair, int distance)
{
    Move best = {0};
    for (int start = 0; start < pair->length; start++) {
        int first = start > FARTHEST ? start - FARTHEST : 0;
        for (int there = first; there < pair->reference_length && there <= start + FARTHEST; there++) {
            try_phrases(pair, distance, start, there, &best);
            if (pair->tried >= MOST_MOVES_TRIED) return best;
        }
    }
    return best;
}

// Moves phrases as long as that shortens the edit distance. A search that had to be cut short moves nothing any more.
static int moves_and_edits(Pair *pair)
{
    for (int moves = 0;; moves++) {
        int distance = edit_distance(pair);
        align(pair);
        Move move = best_move(pair, distance);
        if (move.gain <= 0 || pair->tried >= MOST_MOVES_TRIED) return moves + distance;
        move_phrase(pair, &move, pair->moved);
        uint32_t *former = pair->hypothesis;
        pair->hypothesis = pair->moved;
        pair->moved = former;
    }
}

static int widest(const Pair *pair)
{
    int width = 0;
    for (int i = 1; i <= pair->length; i++) {
        int of_row = pair->bands[i].end - pair->bands[i].first;
        if (of_row > width) width = of_row;
    }
    return width;
}

static int count_edits(const Symbols *hypothesis, const Symbols *reference)
{
    if (!reference->length) return (int)hypothesis->length;
    size_t length = hypothesis->length, rows = length + 1, columns = reference->length + 1;
    Pair pair = {.reference = reference->symbol, .reference_length = (int)reference->length, .length = (int)length};
    pair.bands = dm_allocate(rows, sizeof *pair.bands);
    pair.distance = dm_allocate(lay_bands(&pair), sizeof *pair.distance);
    for (int k = 0; k < 2; k++) pair.scratch[k] = dm_allocate((size_t)widest(&pair), sizeof *pair.scratch[k]);
    pair.hypothesis = dm_allocate(rows, sizeof *pair.hypothesis);
    pair.moved = dm_allocate(rows, sizeof *pair.moved);
    pair.place = dm_allocate(columns, sizeof *pair.place);
    pair.wrong_here = dm_allocate(rows, sizeof *pair.wrong_here);
    pair.wrong_there = dm_allocate(columns, sizeof *pair.wrong_there);
    memcpy(pair.hypothesis, hypothesis->symbol, length * sizeof *pair.hypothesis);
    int edits = moves_and_edits(&pair);
    dm_free(pair.bands);
    dm_free(pair.distance);
    for (int k = 0; k < 2; k++) dm_free(pair.scratch[k]);
    dm_free(pair.hypothesis);
    dm_free(pair.moved);
    dm_free(pair.place);
    dm_free(pair.wrong_here);
    dm_free(pair.wrong_there);
    return edits;
}

// ---- The measure ----------------------------------------------------------------------------------------------------

static void count(const Measure *measure, const Comparison *comparison, size_t line, double *statistics)
{
    (void)measure;
    Symbols *words = dm_words(comparison, line, NULL, true);
    int fewest = INT_MAX;
    size_t reference_words = 0;
    for (int r = 1; r <= comparison->reference_count; r++) {
        int edits = count_edits(&words[0], &words[r]);
        if (edits < fewest) fewest = edits;
        reference_words += words[r].length;
    }
    statistics[EDITS] = fewest;
    statistics[REFERENCE_LENGTH] = (double)reference_words / comparison->reference_count;
    dm_words_free(words, comparison);
}

static double score(const Measure *measure, const double *sums)
{
    (void)measure;
    if (sums[REFERENCE_LENGTH] > 0) return 100 * (sums[EDITS] / sums[REFERENCE_LENGTH]);
    return sums[EDITS] > 0 ? 100 : 0;
}

Measure dm_ter_measure(MeasureSettings settings)
{
    return (Measure){.name = "TER",
                     .fields = {{"case", "lc"}, {"tok", "tercom"}, {"norm", "no"}, {"punct", "yes"}, {"asian", "no"}},
                     .width = WIDTH,
                     .count = count,
                     .score = score,
                     .settings = settings};
}
