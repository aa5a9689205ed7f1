// From hypotheses to what a caller reads: text, pieces with their scores, words, and which word looks at which.
#include <string.h>

#include "core/memory.h"
#include "translate/translator.h"

// The words of one side.
typedef struct Words {
    int count;
    int *of;  // [pieces] which word each belongs to
} Words;

static Words words_of(const Segmenter *segmenter, const char *const *pieces, int count)
{
    int *of = dm_allocate((size_t)count + 1, sizeof(int));
    const int words = dm_pieces_to_words(segmenter, pieces, count, of);
    return (Words){words, of};
}

// What the pieces of word `word` spell, without the marks of the segmenter.
static char *spell(const Segmenter *segmenter, const Words *words, const char *const *pieces, int count, int word)
{
    int first = 0, last;
    while (first < count && words->of[first] != word) first++;
    for (last = first; last < count && words->of[last] == word;) last++;
    return dm_join_pieces(segmenter, pieces + first, last - first);
}

static char **spell_all(const Segmenter *segmenter, const Words *words, const char *const *pieces, int count)
{
    char **spelt = dm_allocate((size_t)words->count + 1, sizeof *spelt);
    for (int word = 0; word < words->count; word++) spelt[word] = spell(segmenter, words, pieces, count, word);
    return spelt;
}

// A word of the target gives a word of the source the mean over its own pieces of what they give all of the other's.
static float *align(const Words *source, const Words *target, const Look *look)
{
    const int columns = source->count + 1;
    float *alignment = dm_allocate((size_t)target->count * (size_t)columns + 1, sizeof(float));
    int *pieces = dm_allocate((size_t)target->count + 1, sizeof(int));
    for (int row = 0; row < look->rows; row++) pieces[target->of[row]]++;
    for (int row = 0; row < look->rows; row++) {
        float *to = alignment + target->of[row] * columns;
        for (int column = 0; column < look->columns; column++) {
            const int word = column + 1 < look->columns ? source->of[column] : source->count;
            to[word] += look->weights[row * look->columns + column] / (float)pieces[target->of[row]];
        }
    }
    dm_free(pieces);
    return alignment;
}

typedef struct Source {
    Ids ids;
    char **pieces;  // as they stand in the line
    Words words;    // without end of sentence
    const char *line;
} Source;

// The source piece that a target piece looks at most, end of sentence left out.
static int looked_at(const Look *look, int row)
{
    int best = 0;
    for (int column = 1; column + 1 < look->columns; column++)
        if (look->weights[row * look->columns + column] > look->weights[row * look->columns + best]) best = column;
    return best;
}

// What to write for an unknown piece: the stretch of the source that it looks at where that is unknown too (a name in
// the middle of a word, say), else the source word.
static char *instead(const Segmenter *segmenter, const Source *source, const Look *look, int row)
{
    const int at = looked_at(look, row), count = source->ids.count - 1;
    if (dm_is_unknown(segmenter, DM_SOURCE, source->ids.id[at])) return dm_copy_string(source->pieces[at]);
    return spell(segmenter, &source->words, (const char *const *)source->pieces, count, source->words.of[at]);
}

// The piece of an id, or of a place of the source that was copied.
static const char *piece_of(const Segmenter *segmenter, const Source *source, int id)
{
    const Vocabulary *vocabulary = dm_segmenter_vocabulary(segmenter, DM_TARGET);
    const int size = dm_vocabulary_size(vocabulary);
    return id < size ? dm_vocabulary_piece(vocabulary, id) : source->pieces[id - size];
}

static char *text_of(const Segmenter *segmenter, const Source *source, const Hypothesis *h, const Look *look)
{
    char **pieces = dm_allocate((size_t)h->count + 1, sizeof *pieces);
    for (int i = 0; i < h->count; i++)
        pieces[i] = dm_is_unknown(segmenter, DM_TARGET, h->ids[i])
                        ? instead(segmenter, source, look, i)
                        : dm_copy_string(piece_of(segmenter, source, h->ids[i]));
    char *text = dm_join_pieces(segmenter, (const char *const *)pieces, h->count);
    dm_pieces_free(pieces, h->count);
    return text;
}

static bool has_unknown(const Segmenter *segmenter, const Hypothesis *h)
{
    for (int i = 0; i < h->count; i++)
        if (dm_is_unknown(segmenter, DM_TARGET, h->ids[i])) return true;
    return false;
}

// The pieces of a hypothesis. Those of the vocabulary stay where they are; copied ones lie behind the list, and go with
// it.
static const char **list_pieces(const Translator *t, const Source *source, const Hypothesis *h)
{
    const int size = dm_vocabulary_size(dm_segmenter_vocabulary(t->segmenter, DM_TARGET));
    size_t bytes = ((size_t)h->pieces + 1) * sizeof(char *);
    for (int i = 0; i < h->count; i++)
        if (h->ids[i] >= size) bytes += strlen(piece_of(t->segmenter, source, h->ids[i])) + 1;
    const char **list = dm_allocate(bytes, 1);
    char *end = (char *)(list + h->pieces + 1);
    for (int i = 0; i < h->pieces; i++) {
        const int id = i < h->count ? h->ids[i] : t->models[0]->config.eos;
        list[i] = piece_of(t->segmenter, source, id);
        if (id < size) continue;
        const char *copied = list[i];
        list[i] = end;
        end = stpcpy(end, copied) + 1;
    }
    return list;
}

static dm_hypothesis hypothesis_in_words(const Translator *t, const Source *source, const Hypothesis *h,
                                         const Look *look)
{
    dm_hypothesis out = {.log_probability = h->log_probability, .score = h->score, .pieces = h->pieces};
    const bool replace = t->options.unk_replace && source->ids.count > 1 && has_unknown(t->segmenter, h);
    if (dm_translator_goes_on(t))
        out.text = dm_go_on_with(t->segmenter, source->line, h->ids, h->count);
    else
        out.text = replace ? text_of(t->segmenter, source, h, look)
                           : dm_decode_copies(t->segmenter, h->ids, h->count, source->pieces);
    out.piece = list_pieces(t, source, h);
    out.piece_scores = dm_allocate((size_t)h->pieces + 1, sizeof *out.piece_scores);
    for (int i = 0; i < h->pieces; i++) out.piece_scores[i] = h->piece_scores[i];
    out.passes = h->drafted.passes;
    out.drafted = h->drafted.pieces;
    if (out.passes) out.accepted = dm_allocate((size_t)out.passes, sizeof *out.accepted);
    for (int i = 0; i < out.passes; i++) out.accepted[i] = h->drafted.accepted[i];
    if (t->options.alignment) {
        const Words words = words_of(t->segmenter, out.piece, h->count);
        out.words = words.count;
        out.word = spell_all(t->segmenter, &words, out.piece, h->count);
        out.alignment = align(&source->words, &words, look);
        dm_free(words.of);
    }
    return out;
}

dm_translation dm_put_into_words(const Translator *t, const char *line, const Found *found, Look *looks)
{
    dm_translation out = {.count = found->count,
                          .hypotheses = dm_allocate((size_t)found->count, sizeof *out.hypotheses)};
    Source source = {.line = line};
    if (looks || dm_translator_copies(t)) {
        source.pieces = dm_encode_pieces(t->segmenter, DM_SOURCE, line, &source.ids);
        source.words = words_of(t->segmenter, (const char *const *)source.pieces, source.ids.count - 1);
    }
    for (int i = 0; i < found->count; i++)
        out.hypotheses[i] = hypothesis_in_words(t, &source, &found->best[i], looks ? &looks[i] : NULL);
    if (t->options.alignment) {
        out.source_words = source.words.count;
        out.source_word =
            spell_all(t->segmenter, &source.words, (const char *const *)source.pieces, source.ids.count - 1);
    }
    dm_pieces_free(source.pieces, source.ids.count);
    dm_free(source.ids.id);
    dm_free(source.words.of);
    return out;
}
