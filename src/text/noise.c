// Noise of the segmentation: a text is what its pieces spell, so that it need not be kept.
#include "text/noise.h"

#include <math.h>
#include <string.h>

#include "core/hash.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "text/sentencepiece.h"

// A piece, or the beginning of one.
typedef struct Entry {
    const char *text;  // in the vocabulary
    size_t length;     // 0: the slot is free
    int id;            // -1: it is a beginning alone
    float score;
} Entry;

// The pieces of a side that are text, in a hash table (open addressing).
typedef struct Pieces {
    Entry *slot;
    size_t slots;
    const Entry **of;  // [vocabulary] by id; NULL: it is no text
} Pieces;

struct Noise {
    double rate;
    bool bpe[2];       // by Side
    Pieces pieces[2];  // of the target, nothing where both are the source's
    bool shared;
};

// A stretch of text: its characters begin at text + at[0 ... count-1], and at[count] is its end.
typedef struct Stretch {
    const char *text;
    const int *at;
    int count;
} Stretch;

// ---- The pieces -----------------------------------------------------------------------------------------------------

static Entry *find(const Pieces *pieces, const char *text, size_t length)
{
    size_t at = dm_hash_text(text, length) & (pieces->slots - 1);
    while (pieces->slot[at].length &&
           (pieces->slot[at].length != length || memcmp(pieces->slot[at].text, text, length) != 0))
        at = (at + 1) & (pieces->slots - 1);
    return &pieces->slot[at];
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; count++) dm_utf8_next(&text);
    return count;
}

static int id_in_model(const SentencePiece *model, const char *piece)
{
    const int id = dm_sentencepiece_id(model, piece);
    return id >= 0 && dm_sentencepiece_is_merged(model, id) ? id : -1;
}

static Pieces pieces_of(const Vocabulary *vocabulary, const SentencePiece *model)
{
    const int count = dm_vocabulary_size(vocabulary);
    size_t most = 0;
    for (int id = 0; id < count; id++) most += characters(dm_vocabulary_piece(vocabulary, id));
    Pieces pieces = {.slots = 1024, .of = dm_allocate((size_t)count, sizeof *pieces.of)};
    while (pieces.slots < 2 * most) pieces.slots *= 2;
    pieces.slot = dm_allocate(pieces.slots, sizeof *pieces.slot);
    for (int id = 0; id < count; id++) {
        const char *piece = dm_vocabulary_piece(vocabulary, id), *end = piece;
        const int known = id_in_model(model, piece);
        while (known >= 0 && *end) {
            dm_utf8_next(&end);
            Entry *entry = find(&pieces, piece, (size_t)(end - piece));
            if (!entry->length) *entry = (Entry){piece, (size_t)(end - piece), -1, 0};
            if (!*end) entry->id = id, entry->score = dm_sentencepiece_score(model, known), pieces.of[id] = entry;
        }
    }
    return pieces;
}

Noise *dm_noise_create(const Segmenter *segmenter, double rate)
{
    Noise *noise = dm_allocate(1, sizeof *noise);
    noise->rate = rate;
    const Vocabulary *vocabulary[2];
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        vocabulary[side] = dm_segmenter_vocabulary(segmenter, side);
        noise->bpe[side] = dm_sentencepiece_rules(dm_segmenter_model(segmenter, side)).bpe;
    }
    noise->shared = vocabulary[DM_SOURCE] == vocabulary[DM_TARGET] &&
                    dm_segmenter_model(segmenter, DM_SOURCE) == dm_segmenter_model(segmenter, DM_TARGET);
    for (int side = DM_SOURCE; side <= (noise->shared ? DM_SOURCE : DM_TARGET); side++)
        noise->pieces[side] = pieces_of(vocabulary[side], dm_segmenter_model(segmenter, side));
    return noise;
}

void dm_noise_free(Noise *noise)
{
    for (int side = DM_SOURCE; noise && side <= DM_TARGET; side++) {
        dm_free(noise->pieces[side].slot);
        dm_free(noise->pieces[side].of);
    }
    dm_free(noise);
}

// ---- Subword sampling -----------------------------------------------------------------------------------------------

static double log_add(double a, double b)
{
    const double more = fmax(a, b), less = fmin(a, b);
    return isinf(less) ? more : more + log1p(exp(less - more));
}

// The piece that is characters i ... j-1; *on: whether a longer one may begin so.
static const Entry *between(const Pieces *pieces, const Stretch *s, int i, int j, bool *on)
{
    const Entry *entry = find(pieces, s->text + s->at[i], (size_t)(s->at[j] - s->at[i]));
    *on = entry->length > 0;
    return *on && entry->id >= 0 ? entry : NULL;
}

// With B_i = log sum over all segmentations x of what begins at character i of P(x)^alpha, a piece from i to j comes
// next with log probability alpha * score + B_j - B_i (filtering backward, sampling forward).
static int sample(const Pieces *pieces, double alpha, Random *stream, const Stretch *s, int *out)
{
    const int n = s->count;
    double *sum = dm_allocate((size_t)n + 1, sizeof *sum);
    bool on;
    for (int i = n - 1; i >= 0; i--) {
        sum[i] = -INFINITY;
        on = true;
        for (int j = i + 1; j <= n && on; j++) {
            const Entry *entry = between(pieces, s, i, j, &on);
            if (entry) sum[i] = log_add(sum[i], alpha * (double)entry->score + sum[j]);
        }
    }
    int count = 0;
    for (int i = 0, next; i < n; i = next) {
        double left = dm_random_uniform(stream);
        on = true;
        next = n;
        for (int j = i + 1; j <= n && on && left >= 0; j++) {
            const Entry *entry = between(pieces, s, i, j, &on);
            if (!entry || isinf(sum[j])) continue;
            left -= exp(alpha * (double)entry->score + sum[j] - sum[i]);
            out[count] = entry->id;
            next = j;  // the last one, where what is left is a rounding error
        }
        count++;
    }
    dm_free(sum);
    return count;
}

// ---- BPE-dropout ----------------------------------------------------------------------------------------------------

// Symbols begin at characters first[0 ... count-1]; merged[k] is what symbols k and k + 1 together are, NULL: no piece,
// or a merge that is left out.
typedef struct Symbols {
    int count, *first;
    const Entry **merged;
} Symbols;

// A merge that could be made is left out for good, as SentencePiece has it: what a text becomes then does not hang on
// how long it is, of scripts without spaces neither. (Provilkov's algorithm 1 draws for all merges of a word at every
// step.)
static void look_at(const Pieces *pieces, const Stretch *s, double rate, Random *stream, Symbols *symbols, int k)
{
    bool on;
    if (k < 0 || k + 1 >= symbols->count) return;
    const int end = k + 2 < symbols->count ? symbols->first[k + 2] : s->count;
    const Entry *entry = between(pieces, s, symbols->first[k], end, &on);
    symbols->merged[k] = entry && dm_random_uniform(stream) >= rate ? entry : NULL;
}

// -1: there is none.
static int best_merge(const Symbols *symbols)
{
    int best = -1;
    for (int k = 0; k + 1 < symbols->count; k++)
        if (symbols->merged[k] && (best < 0 || symbols->merged[k]->score > symbols->merged[best]->score)) best = k;
    return best;
}

static void merge(Symbols *symbols, int k)
{
    const size_t behind = (size_t)(symbols->count - k - 2);
    memmove(symbols->first + k + 1, symbols->first + k + 2, behind * sizeof *symbols->first);
    memmove(symbols->merged + k, symbols->merged + k + 1, (behind + 1) * sizeof *symbols->merged);
    symbols->count--;
}

// 0: a character that is no piece by itself was left alone.
static int drop_merges(const Pieces *pieces, double rate, Random *stream, const Stretch *s, int *out)
{
    Symbols symbols = {s->count, dm_allocate((size_t)s->count + 1, sizeof(int)),
                       dm_allocate((size_t)s->count + 1, sizeof(Entry *))};
    for (int k = 0; k < s->count; k++) symbols.first[k] = k;
    for (int k = 0; k < s->count; k++) look_at(pieces, s, rate, stream, &symbols, k);
    for (int k; (k = best_merge(&symbols)) >= 0;) {
        merge(&symbols, k);
        look_at(pieces, s, rate, stream, &symbols, k - 1);
        look_at(pieces, s, rate, stream, &symbols, k);
    }
    int count = 0;
    for (int k = 0; k < symbols.count && count == k; k++) {
        bool on;
        const int end = k + 1 < symbols.count ? symbols.first[k + 1] : s->count;
        const Entry *entry = between(pieces, s, symbols.first[k], end, &on);
        if (entry) out[count++] = entry->id;
    }
    const bool whole = count == symbols.count;
    dm_free(symbols.first);
    dm_free(symbols.merged);
    return whole ? count : 0;
}

// ---- A line ---------------------------------------------------------------------------------------------------------

// Pieces first ... end-1 of a line, which are text, into out, which has room for their characters; returns how many
// they have become.
static int cut_stretch(const Noise *noise, Side side, Random *stream, const int *id, int count, int *out)
{
    const Pieces *pieces = &noise->pieces[noise->shared ? DM_SOURCE : side];
    size_t size = 0;
    for (int i = 0; i < count; i++) size += pieces->of[id[i]]->length;
    char *text = dm_allocate(size + 1, 1);
    int *at = dm_allocate(size + 1, sizeof *at), used = 0;
    for (int i = 0; i < count; i++) {
        memcpy(text + used, pieces->of[id[i]]->text, pieces->of[id[i]]->length);
        used += (int)pieces->of[id[i]]->length;
    }
    Stretch stretch = {text, at, 0};
    for (const char *next = text; *next; dm_utf8_next(&next)) at[stretch.count++] = (int)(next - text);
    at[stretch.count] = used;
    int made = noise->bpe[side] ? drop_merges(pieces, noise->rate, stream, &stretch, out)
                                : sample(pieces, noise->rate, stream, &stretch, out);
    if (!made) memcpy(out, id, (size_t)(made = count) * sizeof *out);
    dm_free(text);
    dm_free(at);
    return made;
}

void dm_noise_cut(const Noise *noise, Side side, Random *stream, Ids pieces, Ids *noisy)
{
    const Entry **of = noise->pieces[noise->shared ? DM_SOURCE : side].of;
    size_t room = 1;
    for (int i = 0; i < pieces.count; i++) room += of[pieces.id[i]] ? of[pieces.id[i]]->length : 1;
    *noisy = (Ids){dm_allocate(room, sizeof *noisy->id), 0};
    for (int i = 0, end; i < pieces.count; i = end) {
        for (end = i; end < pieces.count && of[pieces.id[end]];) end++;
        if (end > i)
            noisy->count += cut_stretch(noise, side, stream, pieces.id + i, end - i, noisy->id + noisy->count);
        else
            noisy->id[noisy->count++] = pieces.id[end++];
    }
}
