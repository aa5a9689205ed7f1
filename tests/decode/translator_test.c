// Lines in, lines out, on a small random model whose pieces are words.
#include "decode/translator.h"

#include <unistd.h>

#include "core/files.h"
#include "small_model.h"

enum { VOCABULARY = 60, LINES = 83 };

typedef struct Bench {
    Model *model;
    Segmenter *segmenter;
    Translator translator;
    char *lines[LINES], *others[LINES];
} Bench;

// </s> <unk> w2 ... w58 <pad>, as a folder of its own, which is gone when the segmenter is open.
static Segmenter *word_segmenter(void)
{
    char folder[] = "/tmp/dragoman-XXXXXX", words[VOCABULARY][16];
    const char *pieces[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
        snprintf(words[i], sizeof words[i], "w%d", i);
        pieces[i] = i == 0 ? "</s>" : i == 1 ? "<unk>" : i == VOCABULARY - 1 ? "<pad>" : words[i];
    }
    if (!mkdtemp(folder)) abort();
    char *path = dm_join_path(folder, "vocab.json");
    Vocabulary *vocabulary = dm_vocabulary_create(pieces, VOCABULARY);
    Segmenter *segmenter = NULL;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_write(vocabulary, path, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_segmenter_open(&segmenter, &(SegmenterFiles){folder, "space", false, 0}, &error), DM_OK);
    dm_vocabulary_free(vocabulary);
    unlink(path);
    rmdir(folder);
    free(path);
    return segmenter;
}

static char *random_line(Random *random, int longest)
{
    char text[1024] = "";
    int words = (int)dm_random_below(random, (uint32_t)longest);
    for (int i = 0; i < words; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sw%d", i ? " " : "",
                 2 + (int)dm_random_below(random, VOCABULARY - 3));
    return dm_copy_string(text);
}

static void open_bench(Bench *b)
{
    Random random = dm_random(4, 0, 0, 0);
    *b = (Bench){.model = small_model(&(Shape){21, VOCABULARY, 16, 4, 2, 6, 1.3f}), .segmenter = word_segmenter()};
    b->translator = (Translator){b->model, b->segmenter, chosen_backend(), {4, 1, 1.5, 0}, 1, 8};
    for (int i = 0; i < LINES; i++) {
        b->lines[i] = random_line(&random, 20);
        b->others[i] = random_line(&random, 15);
    }
}

static void close_bench(Bench *b)
{
    for (int i = 0; i < LINES; i++) {
        free(b->lines[i]);
        free(b->others[i]);
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
        b.translator.threads = threads;
        dm_translator_run(&b.translator, (const char *const *)b.lines, LINES, out[threads]);
        dm_translator_rescore(&b.translator, (const char *const *)b.lines, (const char *const *)b.others, LINES,
                              scores[threads]);
    }
    for (int threads = 2; threads < 4; threads++)
        for (int i = 0; i < LINES; i++) {
            const dm_translation *one = &out[1][i], *more = &out[threads][i];
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

static void each_line_has_its_own_translation_whatever_shares_its_batch(void)
{
    Bench b;
    open_bench(&b);
    dm_translation together[LINES], alone;
    b.translator.mini_batch = 16;
    dm_translator_run(&b.translator, (const char *const *)b.lines, LINES, together);
    int same = 0;
    for (int i = 0; i < LINES; i++) {
        dm_translator_run(&b.translator, (const char *const *)&b.lines[i], 1, &alone);
        same += strcmp(alone.text, together[i].text) == 0;
        CU_ASSERT_DOUBLE_EQUAL(alone.score, together[i].score, 1e-4);
        dm_translations_free(&alone, 1);
    }
    CU_ASSERT_TRUE(same >= LINES - 1);  // one may hang on rounding
    dm_translations_free(together, LINES);
    close_bench(&b);
}

static void an_empty_line_stays_empty(void)
{
    Bench b;
    open_bench(&b);
    const char *const lines[] = {"", "w5 w6", " \t ", "w7"};
    dm_translation out[4];
    dm_translator_run(&b.translator, lines, 4, out);
    CU_ASSERT_STRING_EQUAL(out[0].text, "");
    CU_ASSERT_STRING_EQUAL(out[2].text, "");
    CU_ASSERT_EQUAL(out[0].pieces, 0);
    CU_ASSERT_TRUE(out[1].pieces > 0 && out[3].pieces > 0);
    dm_translations_free(out, 4);
    dm_translator_run(&b.translator, lines, 0, out);
    dm_translator_run(&b.translator, lines, 1, out);
    CU_ASSERT_STRING_EQUAL(out[0].text, "");
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
    for (int i = 0; i < LINES; i++) texts[i] = out[i].text;
    dm_translator_rescore(&b.translator, (const char *const *)b.lines, texts, LINES, rescored);
    int compared = 0;
    for (int i = 0; i < LINES; i++) {
        double sum = 0;
        for (int j = 0; j < rescored[i].pieces; j++) sum += rescored[i].word_scores[j];
        CU_ASSERT_DOUBLE_EQUAL(sum, rescored[i].log_probability, 1e-9);
        if (!*b.lines[i] || rescored[i].pieces != out[i].pieces) continue;
        compared++;
        CU_ASSERT_DOUBLE_EQUAL(rescored[i].log_probability, out[i].log_probability, 1e-4);
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

const Fact facts[] = {
    FACT(any_number_of_threads_gives_the_same_bytes),
    FACT(each_line_has_its_own_translation_whatever_shares_its_batch),
    FACT(an_empty_line_stays_empty),
    FACT(rescoring_a_translation_gives_the_score_it_was_found_with),
    FACT(an_empty_side_is_rescored_as_end_of_sentence_alone),
    {NULL, NULL},
};
