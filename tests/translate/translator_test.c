// Lines in, lines out, on a small random model whose pieces are words.
#include "translate/translator.h"

#include <unistd.h>

#include "core/files.h"
#include "core/memory.h"
#include "search/small_model.h"

enum { VOCABULARY = 60, LINES = 83 };
static const int heads[] = {0, 3};

typedef struct Bench {
    Model *model;
    Segmenter *segmenter;
    Translator translator;
    char *lines[LINES], *others[LINES];
} Bench;

// Whether every second piece is a part of a word, w3@@, which goes on with the next one.
static bool joins;

static void spell(char word[16], int i)
{
    snprintf(word, 16, "w%d%s", i, joins && i % 2 ? "@@" : "");
}

// </s> <unk> w2 ... w58 <pad>, as a folder of its own, which is gone when the segmenter is open.
static Segmenter *word_segmenter(void)
{
    char folder[] = "/tmp/dragoman-XXXXXX", words[VOCABULARY][16];
    const char *pieces[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
        spell(words[i], i);
        pieces[i] = i == 0 ? "</s>" : i == 1 ? "<unk>" : i == VOCABULARY - 1 ? "<pad>" : words[i];
    }
    if (!mkdtemp(folder)) abort();
    char *path = dm_join_path(folder, "vocab.json");
    Vocabulary *vocabulary = dm_vocabulary_create(pieces, VOCABULARY);
    Segmenter *segmenter = NULL;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_write(vocabulary, path, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = "space"}, &error),
                          DM_OK);
    dm_vocabulary_free(vocabulary);
    unlink(path);
    rmdir(folder);
    dm_free(path);
    return segmenter;
}

static char *random_line(Random *random, int longest)
{
    char text[1024] = "", word[16];
    int words = (int)dm_random_below(random, (uint32_t)longest);
    for (int i = 0; i < words; i++) {
        spell(word, 2 + (int)dm_random_below(random, VOCABULARY - 3));
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", word);
    }
    return dm_copy_string(text);
}

static void open_bench(Bench *b)
{
    Random random = dm_random(4, 0, 0, 0);
    *b = (Bench){.model = small_model(&(Shape){21, VOCABULARY, 16, 4, 2, 6, 1.3f}), .segmenter = word_segmenter()};
    b->translator = (Translator){
        .models = (const Model *const *)&b->model,
        .model_count = 1,
        .segmenter = b->segmenter,
        .gemm = chosen_backend(),
        .heads = {.layer = 1, .head_count = 2, .heads = (int *)heads},
        .options = {.beam_size = 4, .normalize = 1, .max_length_factor = 1.5, .threads = 1, .mini_batch = 8}};
    for (int i = 0; i < LINES; i++) {
        b->lines[i] = random_line(&random, 20);
        b->others[i] = random_line(&random, 15);
    }
}

static void close_bench(Bench *b)
{
    for (int i = 0; i < LINES; i++) {
        dm_free(b->lines[i]);
        dm_free(b->others[i]);
    }
    dm_segmenter_close(b->segmenter);
    dm_model_destroy(b->model);
}

static void any_number_of_threads_gives_the_same_bytes(void)
{
    Bench b;
    open_bench(&b);
    dm_translation out[4][LINES];
    dm_rescored scores[4][LINES];
    for (int threads = 1; threads < 4; threads++) {
        b.translator.options.threads = threads;
        dm_translator_run(&b.translator, (const char *const *)b.lines, LINES, out[threads]);
        dm_translator_rescore(&b.translator, (const char *const *)b.lines, (const char *const *)b.others, LINES,
                              scores[threads]);
    }
    for (int threads = 2; threads < 4; threads++)
        for (int i = 0; i < LINES; i++) {
            const dm_hypothesis *one = out[1][i].hypotheses, *more = out[threads][i].hypotheses;
            CU_ASSERT_STRING_EQUAL(one->text, more->text);
            CU_ASSERT_TRUE(one->score == more->score && one->log_probability == more->log_probability);
            CU_ASSERT_TRUE(scores[1][i].log_probability == scores[threads][i].log_probability);
        }
    for (int threads = 1; threads < 4; threads++) {
        dm_translations_free(out[threads], LINES);
        dm_rescored_free(scores[threads], LINES);
    }
    close_bench(&b);
}

// Of lines of nothing, there is nothing to share.
static void shares_of_several_are_together_what_one_alone_has(void)
{
    enum { RANKS = 3 };
    Bench b;
    open_bench(&b);
    dm_translation whole[LINES], share[RANKS][LINES];
    const char *const *lines = (const char *const *)b.lines;
    dm_translator_run(&b.translator, lines, LINES, whole);
    for (int r = 0; r < RANKS; r++) CU_ASSERT(dm_translator_run_share(&b.translator, lines, LINES, r, RANKS, share[r]));
    for (int i = 0; i < LINES; i++) {
        int have = 0;
        for (int r = 0; r < RANKS; r++) {
            if (!share[r][i].count) continue;
            have++;
            CU_ASSERT_STRING_EQUAL(share[r][i].hypotheses[0].text, whole[i].hypotheses[0].text);
            CU_ASSERT_TRUE(share[r][i].hypotheses[0].score == whole[i].hypotheses[0].score);
        }
        CU_ASSERT_EQUAL(have, *lines[i] ? 1 : RANKS);
    }
    dm_translations_free(whole, LINES);
    for (int r = 0; r < RANKS; r++) dm_translations_free(share[r], LINES);
    close_bench(&b);
}

static void each_line_has_its_own_translation_whatever_shares_its_batch(void)
{
    Bench b;
    open_bench(&b);
    dm_translation together[LINES], alone;
    b.translator.options.mini_batch = 16;
    dm_translator_run(&b.translator, (const char *const *)b.lines, LINES, together);
    int same = 0;
    for (int i = 0; i < LINES; i++) {
        dm_translator_run(&b.translator, (const char *const *)&b.lines[i], 1, &alone);
        same += strcmp(alone.hypotheses[0].text, together[i].hypotheses[0].text) == 0;
        CU_ASSERT_DOUBLE_EQUAL(alone.hypotheses[0].score, together[i].hypotheses[0].score, 1e-4);
        dm_translations_free(&alone, 1);
    }
    CU_ASSERT_TRUE(same >= LINES - 1);  // one may hang on rounding
    dm_translations_free(together, LINES);
    close_bench(&b);
}

static void few_lines_make_batches_for_several_threads(void)
{
    static const struct {
        int asked, beam, lines, expected;
    } cases[] = {{5, 1, 1000, 5}, {100, 5, 3, 100}, {0, 1, 1000, 32}, {0, 5, 1000, 16},
                 {0, 1, 40, 10},  {0, 5, 40, 10},   {0, 5, 41, 11},   {0, 5, 2, 8}};
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        CU_ASSERT_EQUAL(dm_mini_batch(cases[i].asked, cases[i].beam, (size_t)cases[i].lines), cases[i].expected);
}

static void an_empty_line_stays_empty(void)
{
    Bench b;
    open_bench(&b);
    const char *const lines[] = {"", "w5 w6", " \t ", "w7"};
    dm_translation out[4];
    dm_translator_run(&b.translator, lines, 4, out);
    CU_ASSERT_STRING_EQUAL(out[0].hypotheses[0].text, "");
    CU_ASSERT_STRING_EQUAL(out[2].hypotheses[0].text, "");
    CU_ASSERT_EQUAL(out[0].hypotheses[0].pieces, 0);
    CU_ASSERT_TRUE(out[1].hypotheses[0].pieces > 0 && out[3].hypotheses[0].pieces > 0);
    dm_translations_free(out, 4);
    dm_translator_run(&b.translator, lines, 0, out);
    dm_translator_run(&b.translator, lines, 1, out);
    CU_ASSERT_STRING_EQUAL(out[0].hypotheses[0].text, "");
    dm_translations_free(out, 1);
    close_bench(&b);
}

static void rescoring_a_translation_gives_the_score_it_was_found_with(void)
{
    Bench b;
    open_bench(&b);
    dm_translation out[LINES];
    dm_rescored rescored[LINES];
    const char *texts[LINES];
    dm_parameter(&b.model->parameters, "final_logits_bias")->tensor.data[1] = -100;  // <unk> is not read as itself
    dm_translator_run(&b.translator, (const char *const *)b.lines, LINES, out);
    for (int i = 0; i < LINES; i++) texts[i] = out[i].hypotheses[0].text;
    dm_translator_rescore(&b.translator, (const char *const *)b.lines, texts, LINES, rescored);
    int compared = 0;
    for (int i = 0; i < LINES; i++) {
        double sum = 0;
        for (int j = 0; j < rescored[i].pieces; j++) sum += rescored[i].word_scores[j];
        CU_ASSERT_DOUBLE_EQUAL(sum, rescored[i].log_probability, 1e-9);
        if (!*b.lines[i] || rescored[i].pieces != out[i].hypotheses[0].pieces) continue;
        compared++;
        CU_ASSERT_DOUBLE_EQUAL(rescored[i].log_probability, out[i].hypotheses[0].log_probability, 1e-4);
    }
    CU_ASSERT_TRUE(compared > LINES / 2);  // the others ended at the length limit
    dm_translations_free(out, LINES);
    dm_rescored_free(rescored, LINES);
    close_bench(&b);
}

static void an_empty_side_is_rescored_as_end_of_sentence_alone(void)
{
    Bench b;
    open_bench(&b);
    const char *const sources[] = {"", "w5 w6", ""}, *const targets[] = {"w3", "", ""};
    dm_rescored out[3];
    dm_translator_rescore(&b.translator, sources, targets, 3, out);
    CU_ASSERT_EQUAL(out[0].pieces, 2);
    CU_ASSERT_EQUAL(out[1].pieces, 1);
    CU_ASSERT_EQUAL(out[2].pieces, 1);
    for (int i = 0; i < 3; i++) CU_ASSERT_TRUE(out[i].log_probability < 0 && isfinite(out[i].log_probability));
    dm_rescored_free(out, 3);
    close_bench(&b);
}

// What the translation of a line looks at, out of the pictures of all heads that dm_translator_attend makes: pieces are
// words here.
static void the_alignment_is_the_mean_of_the_chosen_heads(void)
{
    Bench b;
    open_bench(&b);
    b.translator.options.alignment = true;
    int compared = 0;
    for (int i = 0; i < LINES; i++) {
        if (!*b.lines[i]) continue;
        dm_translation t;
        dm_attended seen;
        for (int shift = 0; shift < 2; shift++) {
            b.translator.heads.shift = shift;
            CU_ASSERT_TRUE(dm_translator_run(&b.translator, (const char *const *)&b.lines[i], 1, &t));
            dm_translator_attend(&b.translator, b.lines[i], &seen);
            const dm_hypothesis *h = &t.hypotheses[0];
            const dm_attention_maps *m = &seen.cross;
            CU_ASSERT_EQUAL_FATAL(t.source_words + 1, m->columns);
            CU_ASSERT_EQUAL_FATAL(h->words + 1, m->rows);
            CU_ASSERT_STRING_EQUAL(t.source_word[0], seen.source[0]);
            for (int word = 0; word < h->words; word++)
                for (int column = 0; column < m->columns; column++) {
                    const float *layer = m->weights + m->heads * m->rows * m->columns;  // the second one
                    const int at = (word + shift) * m->columns + column;
                    const double mean = 0.5 * (double)(layer[at] + layer[3 * m->rows * m->columns + at]);
                    CU_ASSERT_DOUBLE_EQUAL(h->alignment[word * m->columns + column], mean, 1e-5);
                    compared++;
                }
            dm_attended_free(&seen);
            dm_translations_free(&t, 1);
        }
    }
    CU_ASSERT_TRUE(compared > LINES * 20);
    close_bench(&b);
}

// Which word each of `count` pieces belongs to; returns how many words there are.
static int words_of(const char *const *pieces, int count, int *of)
{
    int words = 0;
    for (int i = 0; i < count; i++) of[i] = i && strstr(pieces[i - 1], "@@") ? words - 1 : words++;
    return words;
}

// A word of the target gives a word of the source the mean, over its own pieces, of what they give all of the other's.
static void the_alignment_of_words_is_that_of_their_pieces(void)
{
    enum { MOST = 64 };
    Bench b;
    joins = true;
    open_bench(&b);
    b.translator.options.alignment = true;
    int longer[2] = {0};  // words of several pieces
    for (int i = 0; i < LINES; i++) {
        if (!*b.lines[i]) continue;
        dm_translation t;
        dm_attended seen;
        CU_ASSERT_TRUE(dm_translator_run(&b.translator, (const char *const *)&b.lines[i], 1, &t));
        dm_translator_attend(&b.translator, b.lines[i], &seen);
        const dm_hypothesis *h = &t.hypotheses[0];
        const dm_attention_maps *m = &seen.cross;
        int target[MOST], source[MOST], pieces[MOST] = {0};
        double wanted[MOST][MOST] = {{0}};
        CU_ASSERT_FATAL(m->rows < MOST && m->columns < MOST);
        const int words = words_of(h->piece, m->rows - 1, target);
        const int source_words = words_of((const char *const *)seen.source, m->columns - 1, source);
        source[m->columns - 1] = source_words;
        for (int row = 0; row + 1 < m->rows; row++) pieces[target[row]]++;
        for (int row = 0; row + 1 < m->rows; row++)
            for (int column = 0; column < m->columns; column++) {
                const float *layer = m->weights + m->heads * m->rows * m->columns;  // the second one
                const int at = row * m->columns + column;
                wanted[target[row]][source[column]] +=
                    0.5 * (double)(layer[at] + layer[3 * m->rows * m->columns + at]) / pieces[target[row]];
            }
        CU_ASSERT(h->words == words && t.source_words == source_words);
        for (int word = 0; word < h->words; word++)
            for (int column = 0; column <= source_words; column++)
                CU_ASSERT_DOUBLE_EQUAL(h->alignment[word * (source_words + 1) + column], wanted[word][column], 1e-5);
        longer[0] += words < m->rows - 1, longer[1] += source_words < m->columns - 1;
        dm_attended_free(&seen);
        dm_translations_free(&t, 1);
    }
    CU_ASSERT(longer[0] > 10 && longer[1] > 10);
    close_bench(&b);
    joins = false;
}

static void coverage_ranks_by_its_formula(void)
{
    Bench b;
    open_bench(&b);
    dm_translate_options *o = &b.translator.options;
    o->alignment = true;
    o->n_best = 100;
    o->coverage_penalty = 3;
    dm_translation with[LINES], without[LINES];
    CU_ASSERT_TRUE(dm_translator_run(&b.translator, (const char *const *)b.lines, LINES, with));
    o->coverage_penalty = 0;
    CU_ASSERT_TRUE(dm_translator_run(&b.translator, (const char *const *)b.lines, LINES, without));
    int moved = 0;
    for (int i = 0; i < LINES; i++) {
        CU_ASSERT_EQUAL(with[i].count, without[i].count);
        moved += strcmp(with[i].hypotheses[0].text, without[i].hypotheses[0].text) != 0;
        for (int k = 0; k < with[i].count && with[i].source_words; k++) {
            const dm_hypothesis *h = &with[i].hypotheses[k];
            double score = h->log_probability / h->pieces;
            for (int source = 0; source < with[i].source_words; source++) {
                double seen = 0;
                for (int word = 0; word < h->words; word++)
                    seen += (double)h->alignment[word * (with[i].source_words + 1) + source];
                score += 3 * log(fmin(1, seen));
            }
            CU_ASSERT_DOUBLE_EQUAL(h->score, score, 1e-4 * (1 + fabs(score)));
            if (k) CU_ASSERT_TRUE(h->score <= h[-1].score);
        }
    }
    CU_ASSERT_TRUE(moved > 3);
    dm_translations_free(with, LINES);
    dm_translations_free(without, LINES);
    close_bench(&b);
}

// A vocabulary without the words of the line, and a bias that wants <unk>.
static void an_unknown_piece_becomes_the_word_it_looks_at(void)
{
    Bench b;
    open_bench(&b);
    dm_translate_options *o = &b.translator.options;
    dm_parameter(&b.model->parameters, "final_logits_bias")->tensor.data[1] = 9;
    o->unk_replace = o->alignment = true;
    const char *const lines[] = {"w5 Zanzibar w7 w9 Quetzal"};
    dm_translation t;
    CU_ASSERT_TRUE(dm_translator_run(&b.translator, lines, 1, &t));
    const dm_hypothesis *h = &t.hypotheses[0];
    char expected[4096] = "";
    int unknown = 0;
    for (int word = 0; word < h->words; word++) {
        const float *looks = h->alignment + word * (t.source_words + 1);
        int best = 0;
        for (int source = 1; source < t.source_words; source++)
            if (looks[source] > looks[best]) best = source;
        const bool replaced = strcmp(h->piece[word], "<unk>") == 0;
        unknown += replaced;
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%s%s", word ? " " : "",
                 replaced ? t.source_word[best] : h->piece[word]);
    }
    CU_ASSERT_TRUE(unknown > 0);
    CU_ASSERT_STRING_EQUAL(h->text, expected);
    CU_ASSERT_STRING_EQUAL(t.source_word[1], "Zanzibar");
    dm_translations_free(&t, 1);
    close_bench(&b);
}

typedef struct Heard {
    int parts;
    char last[1024];
    bool grows;
} Heard;

static void hear(void *context, size_t line, const char *text)
{
    Heard *heard = context;
    CU_ASSERT_EQUAL(line, 0);
    if (strncmp(text, heard->last, strlen(heard->last)) != 0) heard->grows = false;
    heard->parts++;
    snprintf(heard->last, sizeof heard->last, "%s", text);
}

static void greedy_search_tells_what_a_line_has_come_to(void)
{
    Bench b;
    open_bench(&b);
    Heard heard = {.grows = true};
    dm_translate_options *o = &b.translator.options;
    o->beam_size = 1;
    o->context = &heard;
    o->partial = hear;
    dm_translation t;
    CU_ASSERT_TRUE(dm_translator_run(&b.translator, (const char *const[]){"w5 w6 w7"}, 1, &t));
    CU_ASSERT_TRUE(heard.parts > 1 && heard.grows);
    CU_ASSERT_TRUE(strncmp(t.hypotheses[0].text, heard.last, strlen(heard.last)) == 0);
    dm_translations_free(&t, 1);
    close_bench(&b);
}

const Fact facts[] = {
    FACT(any_number_of_threads_gives_the_same_bytes),
    FACT(shares_of_several_are_together_what_one_alone_has),
    FACT(each_line_has_its_own_translation_whatever_shares_its_batch),
    FACT(few_lines_make_batches_for_several_threads),
    FACT(an_empty_line_stays_empty),
    FACT(rescoring_a_translation_gives_the_score_it_was_found_with),
    FACT(an_empty_side_is_rescored_as_end_of_sentence_alone),
    FACT(the_alignment_is_the_mean_of_the_chosen_heads),
    FACT(the_alignment_of_words_is_that_of_their_pieces),
    FACT(coverage_ranks_by_its_formula),
    FACT(an_unknown_piece_becomes_the_word_it_looks_at),
    FACT(greedy_search_tells_what_a_line_has_come_to),
    {NULL, NULL},
};
