// Going on with text by the public functions: a conversation is one text, what is refused or stopped is no part of it,
// and memory that runs out is an error like another.
#include "core/failing.h"
#include "core/scratch.h"
#include "folder/folder.h"
#include "model/small_config.h"
#include "text/segmenter.h"
#include "translate/opened.h"

enum { VOCABULARY = 60, TURNS = 4 };

// A random model of text alone whose pieces are words, which hardly ever ends a text. The caller closes it.
static dm_model *text_model(bool starts, const char *shape)
{
    static int made;
    char name[64], words[VOCABULARY][16];
    snprintf(name, sizeof name, "model%d", made++);
    char *folder = dm_copy_string(scratch(name)), *vocabulary = dm_join_path(folder, "vocab.json"),
         *weights = dm_join_path(folder, "model.safetensors");
    const char *pieces[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
        snprintf(words[i], sizeof words[i], "w%d", i);
        pieces[i] = i == 0 ? "</s>" : i == 1 ? "<unk>" : i == VOCABULARY - 1 ? "<pad>" : words[i];
    }
    ModelConfig config = small_config_of(&dm_lm, VOCABULARY, shape);
    config.examples = &dm_text;
    config.decoder_start = 0;
    Model *model = dm_model_create(&config);
    dm_model_initialise(model, 11);
    for (size_t i = 0; i < model->parameters.trained_size; i++) model->parameters.data[i] *= 4;
    model->output.bias.data[0] = -30;
    model->output.bias.data[1] = -30;
    cJSON *extra = cJSON_CreateObject();
    cJSON_AddStringToObject(extra, "segmenter", "space");
    Vocabulary *list = dm_vocabulary_create(pieces, VOCABULARY);
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_write(list, vocabulary, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&model->config, extra, folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_weights_write(model, NULL, weights, NULL), DM_OK);
    cJSON_Delete(extra);
    dm_vocabulary_free(list);
    dm_model_destroy(model);
    dm_model *opened;
    dm_error error = {""};
    if (dm_model_open(&opened, folder, NULL, &error)) fprintf(stderr, "\n%s\n", error.message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(opened);
    if (!starts) opened->models[0]->config.decoder_start = -1;
    dm_free(folder);
    dm_free(vocabulary);
    dm_free(weights);
    return opened;
}

#define SHAPE "d_model 16 decoder_layers 2 decoder_attention_heads 2 decoder_ffn_dim 24 "

static dm_translate_options options_of(int beam, bool sampling)
{
    dm_translate_options o;
    dm_error error;
    dm_translate_options_read(&o, NULL, &error);
    o.max_length = 5;
    o.beam_size = beam;
    o.threads = 1;
    if (sampling) o.sampling = DM_SAMPLE_FULL, o.seed = 3;
    return o;
}

// One that would write something else.
static void add_drafter(dm_model *model, bool starts)
{
    dm_model *other = text_model(starts, SHAPE "positions none");
    model->drafter = other->models[0];
    other->count = 0;
    dm_model_close(other);
}

// ---- A conversation -------------------------------------------------------------------------------------------------

typedef struct Talk {
    const char *lines[TURNS];
    dm_translate_options options;
    int asked, stop_in;  // the turn that is stopped, from 1; 0: none
    dm_status status[TURNS];
    dm_translation text[TURNS];
    dm_error error[TURNS];
} Talk;

static bool stop(void *context)
{
    (void)context;
    return true;
}

static const char *next(void *context, dm_translate_options *options)
{
    Talk *talk = context;
    *options = talk->options;
    if (talk->asked == TURNS || !talk->lines[talk->asked]) return NULL;
    if (talk->asked + 1 == talk->stop_in) options->stop = stop;
    return talk->lines[talk->asked++];
}

static void found(void *context, dm_status status, const dm_translation *text, const dm_error *error)
{
    Talk *talk = context;
    talk->status[talk->asked - 1] = status;
    if (text) talk->text[talk->asked - 1] = *text;
    talk->error[talk->asked - 1] = *error;
}

static void hold(dm_model *model, Talk *talk)
{
    dm_error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_converse(model, &(dm_conversation){talk, next, found}, &error), DM_OK);
}

static void forget(Talk *talk)
{
    dm_translations_free(talk->text, TURNS);
}

static bool same_pieces(const dm_translation *a, const dm_translation *b)
{
    const dm_hypothesis *x = a->hypotheses, *y = b->hypotheses;
    bool same = a->count == b->count && x->pieces == y->pieces && x->passes == y->passes;
    for (int i = 0; same && i < x->pieces; i++)
        same = !strcmp(x->piece[i], y->piece[i]) && x->piece_scores[i] == y->piece_scores[i];
    return same;
}

// Every turn says what would come behind all of the text as one line.
static void a_conversation_is_one_text(void)
{
    static const char *const shapes[] = {SHAPE, SHAPE "positions rotary attention_window 4 key_value_heads 1"};
    for (int shape = 0; shape < 2; shape++)
        for (int starts = 0; starts < 2; starts++)
            for (int manner = 0; manner < 5; manner++) {
                static const char *const drafts[] = {NULL, NULL, NULL, "lookup", "model"};
                dm_model *model = text_model(starts, shapes[shape]);
                Talk talk = {.lines = {"w3 w9 w4", "w7", "", "w5 w6"},
                             .options = options_of(manner == 1 ? 3 : 1, manner == 2)};
                talk.options.draft = drafts[manner];
                if (manner == 4) add_drafter(model, starts);
                hold(model, &talk);
                CU_ASSERT_EQUAL_FATAL(talk.asked, TURNS);
                char whole[1024] = "";
                for (int turn = 0; turn < TURNS; turn++) {
                    CU_ASSERT_EQUAL_FATAL(talk.status[turn], DM_OK);
                    const char *line = whole, *space = *whole && *talk.lines[turn] ? " " : "";
                    snprintf(whole + strlen(whole), sizeof whole - strlen(whole), "%s%s", space, talk.lines[turn]);
                    dm_translation at_once;
                    CU_ASSERT_EQUAL_FATAL(dm_generate(model, &line, 1, &talk.options, &at_once, NULL), DM_OK);
                    const dm_hypothesis *h = at_once.hypotheses;
                    CU_ASSERT(h->pieces == 5 && strncmp(h->text, whole, strlen(whole)) == 0);
                    if (!same_pieces(&at_once, &talk.text[turn]))
                        printf("\n  shape %d, start %d, manner %d, turn %d: %s / %s\n", shape, starts, manner, turn,
                               h->text, talk.text[turn].hypotheses->text);
                    CU_ASSERT(same_pieces(&at_once, &talk.text[turn]));
                    CU_ASSERT(strncmp(talk.text[turn].hypotheses->text, talk.lines[turn], strlen(talk.lines[turn])) ==
                              0);
                    snprintf(whole, sizeof whole, "%s", h->text);
                    dm_translations_free(&at_once, 1);
                }
                forget(&talk);
                dm_model_close(model);
            }
}

static void what_is_refused_or_stopped_is_no_part_of_it(void)
{
    dm_model *model = text_model(true, SHAPE);
    Talk plain = {.lines = {"w3 w9 w4", "w7"}, .options = options_of(1, false)},
         other = {.lines = {"w3 w9 w4", "w8\xff", "w9 w9", "w7"}, .options = options_of(1, false), .stop_in = 3};
    hold(model, &plain);
    hold(model, &other);
    CU_ASSERT(other.status[1] == DM_FAILURE && strstr(other.error[1].message, "not valid UTF-8"));
    CU_ASSERT(other.status[2] == DM_STOPPED);
    CU_ASSERT(other.status[3] == DM_OK && same_pieces(&plain.text[1], &other.text[3]));
    forget(&plain);
    forget(&other);
    dm_model_close(model);
}

static void a_text_ends_where_places_do(void)
{
    dm_model *model = text_model(true, SHAPE "positions learned max_position_embeddings 14");
    Talk talk = {.lines = {"w3 w9 w4", "w7 w8 w9", "", "w5"}, .options = options_of(1, false)};
    hold(model, &talk);
    CU_ASSERT(talk.status[0] == DM_OK && talk.text[0].hypotheses[0].pieces == 5);
    CU_ASSERT(talk.status[1] == DM_OK && talk.text[1].hypotheses[0].pieces == 2);  // start + 3 + 5 + 3, and these
    CU_ASSERT(talk.status[2] == DM_FAILURE && talk.status[3] == DM_FAILURE &&
              strstr(talk.error[3].message, "this model reads no more than 13: begin another"));
    forget(&talk);
    dm_model_close(model);
}

static void nothing_begins_with_nothing_where_there_is_no_start(void)
{
    dm_model *model = text_model(false, SHAPE);
    const dm_translate_options o = options_of(1, false);
    const char *const lines[] = {"w3", " "};
    dm_translation texts[2];
    dm_error error = {""};
    CU_ASSERT_EQUAL(dm_generate(model, lines, 2, &o, texts, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(error.message, "line 2 is empty, and this model has no piece that a text begins with"));
    CU_ASSERT_EQUAL(dm_generate(model, lines, 1, &o, texts, &error), DM_OK);
    dm_translations_free(texts, 1);
    Talk talk = {.lines = {"", "w3"}, .options = o};
    hold(model, &talk);
    CU_ASSERT(talk.status[0] == DM_FAILURE && strstr(talk.error[0].message, "the text is empty") && !talk.status[1]);
    forget(&talk);
    dm_model_close(model);
}

static void what_would_have_no_effect_is_refused(void)
{
    dm_model *model = text_model(true, SHAPE);
    static const char *const line[] = {"w3"}, *const stops[] = {"w3 w4"};
    dm_translate_options cases[6];
    static const char *const words[] = {
        "is to begin with is the line",      "at none", "at none", "at none", "is rescored",
        "no piece of the model's vocabulary"};
    for (size_t i = 0; i < DM_COUNT(cases); i++) cases[i] = options_of(1, false);
    cases[0].prefixes = line;
    cases[1].alignment = true;
    cases[2].unk_replace = true;
    cases[3].coverage_penalty = 1;
    cases[4].no_eos = true;
    cases[5].stop_pieces = stops, cases[5].stop_count = 1;
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_translation text;
        dm_error error = {""};
        CU_ASSERT_EQUAL(dm_generate(model, line, 1, &cases[i], &text, &error), DM_USAGE);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, words[i]));
    }
    dm_model_close(model);
}

// ---- Memory ---------------------------------------------------------------------------------------------------------

static dm_status go_on(void *model, dm_error *error)
{
    static const char *const lines[] = {"w3 w9 w4", "w3 w9", "", "w7"};
    const dm_translate_options o = options_of(3, false);
    dm_translation texts[4];
    const dm_status status = dm_generate(model, lines, 4, &o, texts, error);
    dm_translations_free(texts, 4);
    return status;
}

static dm_status talk_in_turns(void *model, dm_error *error)
{
    Talk talk = {.lines = {"w3 w9 w4", "w7"}, .options = options_of(1, false)};
    dm_status status = dm_converse(model, &(dm_conversation){&talk, next, found}, error);
    for (int turn = 0; turn < 2 && !status; turn++)
        if (talk.status[turn]) status = talk.status[turn], *error = talk.error[turn];
    forget(&talk);
    return status;
}

static dm_status rescore(void *model, dm_error *error)
{
    static const char *const lines[] = {"w3 w9 w4", "", "w7 w7 w7 w7"};
    const dm_translate_options o = options_of(1, false);
    dm_rescored scores[3];
    const dm_status status = dm_rescore(model, NULL, lines, 3, &o, scores, error);
    dm_rescored_free(scores, 3);
    return status;
}

static void memory_that_runs_out_is_an_error(void)
{
    dm_model *model = text_model(true, SHAPE);
    fail_in_turn(go_on, NULL, model, 1);
    fail_in_turn(talk_in_turns, NULL, model, 1);
    fail_in_turn(rescore, NULL, model, 1);
    dm_model_close(model);
}

// ---- Rescoring ------------------------------------------------------------------------------------------------------

// A line costs what its pieces do when they are forced to come, one by one: what comes of a line with a limit of a
// piece.
static void a_line_is_as_probable_as_its_pieces_one_by_one(void)
{
    for (int starts = 0; starts < 2; starts++) {
        dm_model *model = text_model(starts, SHAPE);
        const char *line = "w3 w9 w4";
        dm_translate_options o = options_of(1, false);
        o.max_length = 6;
        dm_translation text;
        CU_ASSERT_EQUAL_FATAL(dm_generate(model, &line, 1, &o, &text, NULL), DM_OK);
        const char *whole = text.hypotheses[0].text;
        dm_rescored with, without;
        CU_ASSERT_EQUAL_FATAL(dm_rescore(model, NULL, &whole, 1, &o, &with, NULL), DM_OK);
        o.no_eos = true;
        CU_ASSERT_EQUAL_FATAL(dm_rescore(model, NULL, &whole, 1, &o, &without, NULL), DM_OK);
        CU_ASSERT(with.pieces == 9 + starts && without.pieces == 8 + starts);
        for (int i = 0; i < 6; i++)
            CU_ASSERT_DOUBLE_EQUAL(without.word_scores[2 + starts + i], text.hypotheses[0].piece_scores[i], 1e-4);
        CU_ASSERT_EQUAL(memcmp(with.word_scores, without.word_scores, (size_t)without.pieces * sizeof(double)), 0);
        dm_rescored_free(&with, 1);
        dm_rescored_free(&without, 1);
        dm_translations_free(&text, 1);
        dm_model_close(model);
    }
}

const Fact facts[] = {
    FACT(a_conversation_is_one_text),           FACT(what_is_refused_or_stopped_is_no_part_of_it),
    FACT(a_text_ends_where_places_do),          FACT(nothing_begins_with_nothing_where_there_is_no_start),
    FACT(what_would_have_no_effect_is_refused), FACT(a_line_is_as_probable_as_its_pieces_one_by_one),
    FACT(memory_that_runs_out_is_an_error),     {NULL, NULL}};
