// Facts about the lexicon, on text that a dictionary of words makes: each has one translation, neighbours may change
// places, and now and then a word comes in that stands for nothing.
#include "data/lexicon.h"

#include <cjson/cJSON.h>

#include "core/files.h"
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

typedef struct Learnt {
    Lexicon lexicon;
    PiecePair *pairs;
} Learnt;

static Learnt learn(const Corpus *corpus, int threads)
{
    int count;
    Learnt l = {.pairs = dm_lexicon_pairs(corpus, &count)};
    CU_ASSERT_EQUAL(count, corpus->pairs);
    CU_ASSERT(dm_lexicon_fit(&l.lexicon, l.pairs, count, threads, NULL));
    return l;
}

static void forget(Learnt *l)
{
    dm_lexicon_free(&l->lexicon);
    dm_free(l->pairs);
}

// ---- Facts ------------------------------------------------------------------------------------------------------

static void the_alignment_that_made_the_text_is_recovered(void)
{
    Text text = make_text(2000);
    Learnt l = learn(&text.corpus, 1);
    CU_ASSERT_EQUAL(l.lexicon.meetings.pairs, 2000);
    int wrong = 0, other_way = 0, from[2 * MOST], of_source[2 * MOST];
    for (int p = 0; p < text.corpus.pairs; p++) {
        const PiecePair pair = l.pairs[p];
        const int *truth = text.from + text.corpus.target[p];
        dm_lexicon_align(&l.lexicon, &pair, (int *const[2]){of_source, from});
        for (int i = 0; i < pair.targets; i++) wrong += from[i] != truth[i];
        for (int j = 0; j < pair.sources; j++) other_way += of_source[j] < 0 || truth[of_source[j]] != j;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(other_way, 0);
    for (int word = 2; word < 2 + WORDS; word++) {
        CU_ASSERT(dm_lexicon_chance(&l.lexicon, word, translation_of(word)).of[DM_TARGET] > 0.9);
        CU_ASSERT(dm_lexicon_chance(&l.lexicon, word, translation_of(word)).of[DM_SOURCE] > 0.9);
    }
    CU_ASSERT(dm_lexicon_chance(&l.lexicon, DM_NO_PIECE, FILLER).of[DM_TARGET] > 0.8);
    forget(&l);
    free_text(&text);
}

// tests/golden/lexicon.py has written the same down once more, in Python.
static double number_at(const cJSON *list, int index)
{
    return cJSON_GetArrayItem(list, index)->valuedouble;
}

static int *words_of(const cJSON *list, int *count)
{
    *count = cJSON_GetArraySize(list);
    int *words = dm_allocate((size_t)*count, sizeof *words);
    for (int i = 0; i < *count; i++) words[i] = (int)number_at(list, i);
    return words;
}

static void all_figures_are_those_of_a_plain_computation(void)
{
    char *bytes;
    CU_ASSERT_EQUAL_FATAL(dm_read_file(TEST_DATA "/golden/lexicon.json", &bytes, NULL, NULL), DM_OK);
    cJSON *golden = cJSON_Parse(bytes);
    const cJSON *listed = cJSON_GetObjectItem(golden, "pairs"), *chance;
    const int count = cJSON_GetArraySize(listed);
    PiecePair *pairs = dm_allocate((size_t)count, sizeof *pairs);
    for (int p = 0; p < count; p++) {
        const cJSON *pair = cJSON_GetArrayItem(listed, p);
        pairs[p].source = words_of(cJSON_GetArrayItem(pair, 0), &pairs[p].sources);
        pairs[p].target = words_of(cJSON_GetArrayItem(pair, 1), &pairs[p].targets);
    }
    Lexicon lexicon;
    dm_lexicon_fit(&lexicon, pairs, count, 2, NULL);
    for (Side side = DM_SOURCE; side <= DM_TARGET; side++) {
        const cJSON *likelihoods = cJSON_GetArrayItem(cJSON_GetObjectItem(golden, "log_likelihood"), side);
        for (int round = 0; round < LEXICON_ROUNDS; round++)
            CU_ASSERT_DOUBLE_EQUAL(lexicon.log_likelihood[side][round], number_at(likelihoods, round), 1e-8);
        CU_ASSERT_DOUBLE_EQUAL(lexicon.tension[side], number_at(cJSON_GetObjectItem(golden, "tension"), side), 1e-8);
    }
    CU_ASSERT(lexicon.tension[DM_TARGET] > 1);  // it has been learnt
    int chances = 0;
    cJSON_ArrayForEach(chance, cJSON_GetObjectItem(golden, "chances"))
    {
        const BothWays found = dm_lexicon_chance(&lexicon, (int)number_at(chance, 0), (int)number_at(chance, 1));
        CU_ASSERT_DOUBLE_EQUAL(found.of[DM_SOURCE], number_at(chance, 2), 1e-10);
        CU_ASSERT_DOUBLE_EQUAL(found.of[DM_TARGET], number_at(chance, 3), 1e-10);
        chances++;
    }
    CU_ASSERT_EQUAL(lexicon.meetings.row[lexicon.meetings.sources + 1], chances);
    for (int p = 0; p < count; p++) {
        const cJSON *wanted = cJSON_GetArrayItem(cJSON_GetObjectItem(golden, "from"), p);
        int from[2][MOST];
        dm_lexicon_align(&lexicon, &pairs[p], (int *const[2]){from[DM_SOURCE], from[DM_TARGET]});
        for (int j = 0; j < pairs[p].sources; j++)
            CU_ASSERT_EQUAL(from[DM_SOURCE][j], number_at(cJSON_GetArrayItem(wanted, DM_SOURCE), j));
        for (int i = 0; i < pairs[p].targets; i++)
            CU_ASSERT_EQUAL(from[DM_TARGET][i], number_at(cJSON_GetArrayItem(wanted, DM_TARGET), i));
    }
    dm_lexicon_free(&lexicon);
    for (int p = 0; p < count; p++) dm_free((void *)pairs[p].source), dm_free((void *)pairs[p].target);
    dm_free(pairs);
    cJSON_Delete(golden);
    dm_free(bytes);
}

static void threads_and_parts_change_no_bit(void)
{
    Text text = make_text(700);
    int count;
    PiecePair *pairs = dm_lexicon_pairs(&text.corpus, &count);
    Lexicon one, other;
    dm_lexicon_fit(&one, pairs, text.corpus.pairs, 1, NULL);
    dm_lexicon_fit(&other, pairs, text.corpus.pairs, 3, NULL);
    const size_t bytes = one.meetings.row[one.meetings.sources + 1] * sizeof *one.chance;
    CU_ASSERT_EQUAL(one.meetings.parts, 1);
    CU_ASSERT_EQUAL(memcmp(one.chance, other.chance, bytes), 0);
    CU_ASSERT_EQUAL(memcmp(one.tension, other.tension, sizeof one.tension), 0);
    dm_lexicon_free(&other);
    other = (Lexicon){.meetings = dm_meetings_find(pairs, text.corpus.pairs, 5000)};  // a part of some fifty pairs each
    CU_ASSERT(other.meetings.parts > 5);
    for (int part = other.meetings.parts - 1; part >= 0; part--) {
        dm_meetings_load(&other.meetings, part);
        for (int p = other.meetings.part[part]; p < other.meetings.part[part + 1]; p++)
            CU_ASSERT_EQUAL(memcmp(dm_meetings_of(&other.meetings, p), dm_meetings_of(&one.meetings, p),
                                   dm_pair_meetings(&one.meetings.pair[p]) * sizeof(uint32_t)),
                            0);
    }
    dm_lexicon_free(&other);
    dm_lexicon_free(&one);
    dm_free(pairs);
    free_text(&text);
}

// Where all words are the same, only their places tell.
static void equal_pieces_are_aligned_along_the_diagonal(void)
{
    static const int source[] = {2, 2, 2, 2}, target[] = {3, 3, 3};
    const PiecePair pairs[] = {{source, target, 3, 3}, {source, target, 4, 2}};
    Lexicon lexicon;
    int from[3], of_source[4];
    dm_lexicon_fit(&lexicon, pairs, 2, 1, NULL);
    dm_lexicon_align(&lexicon, &pairs[0], (int *const[2]){of_source, from});
    CU_ASSERT(from[0] == 0 && from[1] == 1 && from[2] == 2);
    CU_ASSERT(of_source[0] == 0 && of_source[1] == 1 && of_source[2] == 2);
    dm_lexicon_align(&lexicon, &pairs[1], (int *const[2]){NULL, from});
    CU_ASSERT(from[0] == 1 && from[1] == 3);
    dm_lexicon_free(&lexicon);
}

static void pairs_with_an_empty_side_are_no_trouble(void)
{
    static const int words[] = {2, 3};
    const PiecePair pairs[] = {{words, words, 0, 2}, {words, words, 2, 0}, {words, words, 0, 0}};
    Lexicon lexicon;
    int from[2][2] = {{7, 7}, {7, 7}};
    dm_lexicon_fit(&lexicon, pairs, 3, 2, NULL);
    CU_ASSERT_EQUAL(lexicon.meetings.pairs, 0);
    for (int p = 0; p < 3; p++) dm_lexicon_align(&lexicon, &pairs[p], (int *const[2]){from[0], from[1]});
    for (int k = 0; k < 2; k++) CU_ASSERT(from[0][k] == DM_NO_PIECE && from[1][k] == DM_NO_PIECE);
    CU_ASSERT_EQUAL(dm_lexicon_chance(&lexicon, 2, 3).of[DM_TARGET], 0);
    dm_lexicon_free(&lexicon);
}

// 900 pairs of 199 pieces on both sides would be more than is enough: every second one is taken.
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
    }
    int count;
    PiecePair *pairs = dm_lexicon_pairs(&corpus, &count);
    CU_ASSERT_EQUAL(count, PAIRS / 2);
    CU_ASSERT_PTR_EQUAL(pairs[1].source, corpus.ids + corpus.source[2]);
    dm_free(pairs);
    dm_corpus_free(&corpus);
}

// It is not learnt from, and aligned in three parts. A word that nobody knows comes from nowhere.
static void a_very_long_pair_is_aligned_in_parts(void)
{
    enum { LONG = 2 * MOST_WORDS + 100 };
    Text text = make_text(500);
    Learnt l = learn(&text.corpus, 1);
    int source[LONG], target[LONG], from[LONG], of_source[LONG];
    for (int i = 0; i < LONG; i++) source[i] = 2 + i % WORDS, target[i] = translation_of(source[i]);
    target[7] = 4711;
    const PiecePair pair = {source, target, LONG, LONG}, narrow = {source, target, 1, LONG};
    CU_ASSERT(!dm_is_met(&pair));
    dm_lexicon_align(&l.lexicon, &pair, (int *const[2]){of_source, from});
    int near = 0;
    for (int i = 0; i < LONG; i++) near += from[i] >= 0 && source[from[i]] == source[i] && of_source[i] >= 0;
    CU_ASSERT(near >= LONG - 1);
    CU_ASSERT_EQUAL(from[7], DM_NO_PIECE);
    dm_lexicon_align(&l.lexicon, &narrow, (int *const[2]){of_source, from});
    for (int i = 0; i < LONG; i++) CU_ASSERT_EQUAL(from[i], source[i] == source[0] ? 0 : DM_NO_PIECE);
    forget(&l);
    free_text(&text);
}

const Fact facts[] = {
    FACT(the_alignment_that_made_the_text_is_recovered),
    FACT(all_figures_are_those_of_a_plain_computation),
    FACT(threads_and_parts_change_no_bit),
    FACT(equal_pieces_are_aligned_along_the_diagonal),
    FACT(pairs_with_an_empty_side_are_no_trouble),
    FACT(a_large_corpus_is_sampled_evenly),
    FACT(a_very_long_pair_is_aligned_in_parts),
    {NULL, NULL},
};
