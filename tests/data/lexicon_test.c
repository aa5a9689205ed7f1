// Facts about the lexicon, on text that a dictionary of words makes: each has one translation, neighbours may change
// places, and now and then a word comes in that stands for nothing.
#include "data/lexicon.h"

#include <math.h>

#include "core/memory.h"
#include "core/random.h"
#include "test.h"

enum { WORDS = 60, MOST = 12, FILLER = 1 };  // ids: 0 end of sentence, 1 filler, 2 ... words

typedef struct Text {
    Corpus corpus;
    int *from;  // beside corpus.ids: where a target piece comes from, in truth
} Text;

static int translation_of(int word)
{
    return 2 + (word - 2) * 7 % WORDS;  // 7 and WORDS have no common divisor
}

// Some different words.
static int draw_sentence(Random *random, int *words)
{
    const int count = 3 + (int)dm_random_below(random, 7);
    for (int i = 0; i < count; i++) {
        words[i] = 2 + (int)dm_random_below(random, WORDS);
        for (int j = 0; j < i; j++)
            if (words[j] == words[i]) i--, j = i;
    }
    return count;
}

static int translate(Random *random, const int *words, int count, int *target, int *from)
{
    int order[MOST], length = 0;
    for (int i = 0; i < count; i++) order[i] = i;
    for (int i = 0; i + 1 < count; i++)
        if (dm_random_below(random, 4) == 0) order[i] = i + 1, order[i + 1] = i, i++;
    for (int i = 0; i < count; i++) {
        if (dm_random_below(random, 20) == 0) target[length] = FILLER, from[length++] = DM_NO_PIECE;
        target[length] = translation_of(words[order[i]]), from[length++] = order[i];
    }
    return length;
}

static Text make_text(int pairs)
{
    const size_t n = (size_t)pairs, room = n * 4 * MOST;
    Text t = {.corpus = {.pairs = pairs,
                         .ids = dm_allocate(room, sizeof(int)),
                         .source = dm_allocate(n, sizeof(size_t)),
                         .target = dm_allocate(n, sizeof(size_t)),
                         .source_length = dm_allocate(n, sizeof(int)),
                         .target_length = dm_allocate(n, sizeof(int))},
              .from = dm_allocate(room, sizeof(int))};
    Corpus *c = &t.corpus;
    Random random = dm_random(7, 0, 0, 0);
    size_t used = 0;
    for (int p = 0; p < pairs; p++) {
        const int count = draw_sentence(&random, c->ids + used);
        c->source[p] = used;
        c->source_length[p] = count + 1;  // the end of sentence is 0, as all of ids is
        c->target[p] = used + (size_t)count + 1;
        const int length = translate(&random, c->ids + used, count, c->ids + c->target[p], t.from + c->target[p]);
        c->target_length[p] = length + 1;
        used = c->target[p] + (size_t)length + 1;
    }
    return t;
}

static void free_text(Text *t)
{
    dm_corpus_free(&t->corpus);
    dm_free(t->from);
}

// ---- Facts ------------------------------------------------------------------------------------------------------

static void the_alignment_that_made_the_text_is_recovered(void)
{
    Text text = make_text(2000);
    Lexicon lexicon;
    dm_lexicon_fit(&lexicon, &text.corpus, NULL);
    CU_ASSERT_EQUAL(lexicon.pairs, 2000);
    int wrong = 0, from[2 * MOST];
    for (int p = 0; p < text.corpus.pairs; p++) {
        const PiecePair pair = dm_lexicon_pair(&text.corpus, p);
        dm_lexicon_align(&lexicon, &pair, from);
        for (int i = 0; i < pair.targets; i++) wrong += from[i] != text.from[text.corpus.target[p] + (size_t)i];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    for (int word = 2; word < 2 + WORDS; word++)
        CU_ASSERT(dm_lexicon_probability(&lexicon, word, translation_of(word)) > 0.9);
    CU_ASSERT(dm_lexicon_probability(&lexicon, DM_NO_PIECE, FILLER) > 0.8);
    dm_lexicon_free(&lexicon);
    free_text(&text);
}

static void probabilities_of_every_source_piece_sum_to_one(void)
{
    Text text = make_text(50);
    Lexicon lexicon;
    dm_lexicon_fit(&lexicon, &text.corpus, NULL);
    for (int s = DM_NO_PIECE; s < lexicon.sources; s++) {
        double sum = 0;
        for (int t = 0; t < 2 + WORDS; t++) sum += dm_lexicon_probability(&lexicon, s, t);
        const bool occurs = s == DM_NO_PIECE || lexicon.row[s] < lexicon.row[s + 1];
        CU_ASSERT_DOUBLE_EQUAL(sum, occurs ? 1 : 0, 1e-12);
        CU_ASSERT_EQUAL(dm_lexicon_probability(&lexicon, s, 0), 0);  // end of sentence
    }
    CU_ASSERT_EQUAL(lexicon.row[lexicon.sources] > lexicon.row[2], true);
    CU_ASSERT_EQUAL(dm_lexicon_probability(&lexicon, 1000000, 2), 0);
    CU_ASSERT_EQUAL(dm_lexicon_probability(&lexicon, 2, 1000000), 0);
    dm_lexicon_free(&lexicon);
    free_text(&text);
}

// The model and its EM written down once more, without sparseness; the last row is NULL's.
typedef double Table[2 + WORDS + 1][2 + WORDS];
enum { NULL_ROW = 2 + WORDS };

static double plain_round(Table t, const Corpus *corpus)
{
    double likelihood = 0;
    Table count = {{0}};
    for (int p = 0; p < corpus->pairs; p++) {
        const PiecePair pair = dm_lexicon_pair(corpus, p);
        const double m = pair.targets, n = pair.sources;
        for (int i = 1; i <= m; i++) {
            const int target = pair.target[i - 1];
            double z = 0, sum = 0.08 * t[NULL_ROW][target];
            for (int j = 1; j <= n; j++) z += exp(-2 * fabs(i / m - j / n));
            for (int j = 1; j <= n; j++)
                sum += 0.92 * exp(-2 * fabs(i / m - j / n)) / z * t[pair.source[j - 1]][target];
            count[NULL_ROW][target] += 0.08 * t[NULL_ROW][target] / sum;
            for (int j = 1; j <= n; j++)
                count[pair.source[j - 1]][target] +=
                    0.92 * exp(-2 * fabs(i / m - j / n)) / z * t[pair.source[j - 1]][target] / sum;
            likelihood += log(sum);
        }
    }
    for (int s = 0; s <= NULL_ROW; s++) {
        double sum = 0;
        for (int target = 0; target < NULL_ROW; target++) sum += count[s][target];
        for (int target = 0; target < NULL_ROW; target++) t[s][target] = sum > 0 ? count[s][target] / sum : 0;
    }
    return likelihood;
}

static void the_probabilities_are_those_of_a_plain_computation(void)
{
    Text text = make_text(40);
    Lexicon lexicon;
    Table t;
    dm_lexicon_fit(&lexicon, &text.corpus, NULL);
    int targets = 0;  // one more than the largest id
    for (int p = 0; p < text.corpus.pairs; p++) {
        const PiecePair pair = dm_lexicon_pair(&text.corpus, p);
        for (int i = 0; i < pair.targets; i++) targets = pair.target[i] >= targets ? pair.target[i] + 1 : targets;
    }
    for (int s = 0; s <= NULL_ROW; s++)
        for (int target = 0; target < NULL_ROW; target++) t[s][target] = 1.0 / targets;
    for (int round = 0; round < LEXICON_ROUNDS; round++)
        CU_ASSERT_DOUBLE_EQUAL(plain_round(t, &text.corpus), lexicon.log_likelihood[round], 1e-9);
    for (int s = 0; s <= NULL_ROW; s++)
        for (int target = 0; target < NULL_ROW; target++)
            CU_ASSERT_DOUBLE_EQUAL(dm_lexicon_probability(&lexicon, s < NULL_ROW ? s : DM_NO_PIECE, target),
                                   t[s][target], 1e-12);
    dm_lexicon_free(&lexicon);
    free_text(&text);
}

static void the_likelihood_never_falls(void)
{
    static const int sizes[] = {1, 5, 60, 2000};
    for (size_t k = 0; k < DM_COUNT(sizes); k++) {
        Text text = make_text(sizes[k]);
        Lexicon lexicon;
        dm_lexicon_fit(&lexicon, &text.corpus, NULL);
        const double *at = lexicon.log_likelihood, rounding = -1e-12 * at[0];
        for (int round = 1; round < LEXICON_ROUNDS; round++) CU_ASSERT(at[round] >= at[round - 1] - rounding);
        CU_ASSERT(at[LEXICON_ROUNDS - 1] > at[0]);
        dm_lexicon_free(&lexicon);
        free_text(&text);
    }
}

// Where all words are the same, only their places tell.
static void equal_pieces_are_aligned_along_the_diagonal(void)
{
    int ids[] = {2, 2, 2, 0, 3, 3, 3, 0, 2, 2, 2, 2, 0, 3, 3, 0}, from[3];
    size_t source[] = {0, 8}, target[] = {4, 13};
    int source_length[] = {4, 5}, target_length[] = {4, 3};
    const Corpus corpus = {.pairs = 2,
                           .ids = ids,
                           .source = source,
                           .target = target,
                           .source_length = source_length,
                           .target_length = target_length};
    Lexicon lexicon;
    dm_lexicon_fit(&lexicon, &corpus, NULL);
    PiecePair pair = dm_lexicon_pair(&corpus, 0);
    dm_lexicon_align(&lexicon, &pair, from);
    CU_ASSERT(from[0] == 0 && from[1] == 1 && from[2] == 2);
    pair = dm_lexicon_pair(&corpus, 1);
    dm_lexicon_align(&lexicon, &pair, from);
    CU_ASSERT(from[0] == 1 && from[1] == 3);
    dm_lexicon_free(&lexicon);
}

static void pairs_with_an_empty_side_are_no_trouble(void)
{
    int ids[] = {0, 2, 0, 3, 0}, from[1] = {7};
    size_t source[] = {0, 1}, target[] = {3, 4};
    int source_length[] = {1, 2}, target_length[] = {2, 1};  // nothing -> 3, and 2 -> nothing
    const Corpus corpus = {.pairs = 2,
                           .ids = ids,
                           .source = source,
                           .target = target,
                           .source_length = source_length,
                           .target_length = target_length};
    Lexicon lexicon;
    dm_lexicon_fit(&lexicon, &corpus, NULL);
    CU_ASSERT_EQUAL(lexicon.pairs, 0);
    const PiecePair pair = dm_lexicon_pair(&corpus, 0);
    dm_lexicon_align(&lexicon, &pair, from);
    CU_ASSERT_EQUAL(from[0], DM_NO_PIECE);
    dm_lexicon_free(&lexicon);
}

// 900 pairs of 199 pieces on both sides would be more than the bound: every second one is taken.
static void a_large_corpus_is_sampled_evenly(void)
{
    enum { PAIRS = 900, PIECES = 200 };
    Corpus corpus = {.pairs = PAIRS,
                     .ids = dm_allocate(2 * PAIRS * PIECES, sizeof(int)),
                     .source = dm_allocate(PAIRS, sizeof(size_t)),
                     .target = dm_allocate(PAIRS, sizeof(size_t)),
                     .source_length = dm_allocate(PAIRS, sizeof(int)),
                     .target_length = dm_allocate(PAIRS, sizeof(int))};
    for (size_t p = 0; p < PAIRS; p++) {
        corpus.source[p] = 2 * p * PIECES;
        corpus.target[p] = (2 * p + 1) * PIECES;
        corpus.source_length[p] = corpus.target_length[p] = PIECES;
        for (size_t i = 0; i + 1 < PIECES; i++)
            corpus.ids[corpus.source[p] + i] = corpus.ids[corpus.target[p] + i] = 2 + (int)(p % 2);
    }
    Lexicon lexicon;
    dm_lexicon_fit(&lexicon, &corpus, NULL);
    CU_ASSERT_EQUAL(lexicon.pairs, PAIRS / 2);
    CU_ASSERT_DOUBLE_EQUAL(dm_lexicon_probability(&lexicon, 2, 2), 1, 1e-9);
    CU_ASSERT_EQUAL(dm_lexicon_probability(&lexicon, 3, 3), 0);
    dm_lexicon_free(&lexicon);
    dm_corpus_free(&corpus);
}

const Fact facts[] = {
    FACT(the_alignment_that_made_the_text_is_recovered),
    FACT(probabilities_of_every_source_piece_sum_to_one),
    FACT(the_probabilities_are_those_of_a_plain_computation),
    FACT(the_likelihood_never_falls),
    FACT(equal_pieces_are_aligned_along_the_diagonal),
    FACT(pairs_with_an_empty_side_are_no_trouble),
    FACT(a_large_corpus_is_sampled_evenly),
    {NULL, NULL},
};
