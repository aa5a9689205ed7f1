// config.json and generation_config.json: what other people's folders say, what is refused, what we write.
#include "core/scratch.h"
#include "folder/folder.h"
#include "model/small_config.h"
#include "test.h"

// As OPUS-MT folders have it: more keys than matter, search defaults among them.
static const char opus[] =
    "{\"architectures\": [\"MarianMTModel\"], \"model_type\": \"marian\", \"d_model\": 512, \"vocab_size\": 58101,"
    " \"encoder_layers\": 6, \"decoder_layers\": 3, \"encoder_attention_heads\": 8, \"decoder_attention_heads\": 4,"
    " \"encoder_ffn_dim\": 2048, \"decoder_ffn_dim\": 1024, \"activation_function\": \"swish\","
    " \"add_bias_logits\": false, \"add_final_layer_norm\": false, \"normalize_before\": false,"
    " \"normalize_embedding\": false, \"static_position_embeddings\": true, \"scale_embedding\": true,"
    " \"is_encoder_decoder\": true, \"max_position_embeddings\": 256, \"bos_token_id\": null, \"eos_token_id\": 0,"
    " \"pad_token_id\": 58100, \"decoder_start_token_id\": 58100, \"num_beams\": 6, \"max_length\": 512,"
    " \"bad_words_ids\": [[58100], [3]], \"num_hidden_layers\": 6, \"id2label\": {\"0\": \"LABEL_0\"}}";

static const char *write_folder(const char *config, const char *generation)
{
    static char folder[256];
    snprintf(folder, sizeof folder, "%s", scratch("folder"));
    CU_ASSERT_EQUAL(dm_make_folder(folder, NULL), DM_OK);
    scratch_file("folder/config.json", config, strlen(config));
    remove(scratch("folder/generation_config.json"));
    if (generation) scratch_file("folder/generation_config.json", generation, strlen(generation));
    return folder;
}

// config.json with the first `from` turned into `to`.
static const char *changed(const char *from, const char *to)
{
    static char text[4096];
    const char *at = strstr(opus, from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - opus), opus, to, at + strlen(from));
    return text;
}

static bool is_refused(const char *folder, const char *wanted)
{
    ModelConfig config;
    cJSON *extra;
    Error error = {"no error"};
    Status status = dm_config_read(&config, &extra, folder, &error);
    CU_ASSERT(extra == NULL && config.search.bad_words == NULL);
    bool good = status == DM_FAILURE && strstr(error.message, wanted) && strstr(error.message, folder);
    if (!good) fprintf(stderr, "\nwanted: %s\n   got: %s\n", wanted, error.message);
    dm_config_free(&config);
    return good;
}

static void an_opus_folder_is_understood(void)
{
    ModelConfig c;
    cJSON *extra;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&c, &extra, write_folder(opus, NULL), &error), DM_OK);
    const TransformerShape *t = dm_transformer_shape(&c);
    CU_ASSERT_PTR_EQUAL(c.architecture, &dm_transformer);
    CU_ASSERT(c.source_vocabulary == 58101 && c.target_vocabulary == 58101);
    CU_ASSERT(c.shared_embeddings && c.tied_output && t->scale_embedding);
    CU_ASSERT(c.width == 512 && t->encoder_layers == 6 && t->decoder_layers == 3);
    CU_ASSERT(t->encoder_heads == 8 && t->decoder_heads == 4 && t->encoder_ffn == 2048 && t->decoder_ffn == 1024);
    CU_ASSERT(t->activation == named("activation_function", "swish"));
    CU_ASSERT(t->norm == named("norm", "layer") && t->norm_place == named("norm_place", "post"));
    CU_ASSERT(t->positions == named("positions", "sine") && t->max_positions == 256);
    CU_ASSERT(c.eos == 0 && c.pad == 58100 && c.decoder_start == 58100);
    CU_ASSERT(c.search.beam_size == 6 && c.search.max_length == 511);
    CU_ASSERT(c.search.bad_word_count == 2 && c.search.bad_words[0] == 58100 && c.search.bad_words[1] == 3);
    CU_ASSERT_PTR_NULL(extra);
    dm_config_free(&c);
}

static void generation_config_alone_says_how_to_search_and_may_hold_the_ids(void)
{
    ModelConfig c;
    Error error = {""};
    const char *folder = write_folder(changed("\"eos_token_id\": 0,", ""),
                                      "{\"eos_token_id\": [0], \"num_beams\": 4, \"bad_words_ids\": [[0], [7]]}");
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&c, NULL, folder, &error), DM_OK);
    CU_ASSERT(c.eos == 0 && c.search.beam_size == 4 && c.search.max_length == 0);
    CU_ASSERT(c.search.bad_word_count == 2 && c.search.bad_words[0] == 58100 &&
              c.search.bad_words[1] == 7);  // pad always, eos never
    dm_config_free(&c);
}

static void what_is_not_said_is_zero(void)
{
    ModelConfig c;
    Error error = {""};
    const char *folder =
        write_folder(changed("\"num_beams\": 6, \"max_length\": 512, \"bad_words_ids\": [[58100], [3]],", ""), NULL);
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&c, NULL, folder, &error), DM_OK);
    CU_ASSERT(c.search.beam_size == 0 && c.search.max_length == 0 && c.search.bad_word_count == 1 &&
              c.search.bad_words[0] == 58100);
    dm_config_free(&c);
}

static void what_is_not_said_of_the_shape_is_what_transformers_means(void)
{
    static const char *const left_out[] = {"\"activation_function\": \"swish\",", "\"scale_embedding\": true,",
                                           "\"max_position_embeddings\": 256,"};
    for (int i = 0; i < 3; i++) {
        ModelConfig c;
        Error error = {""};
        CU_ASSERT_EQUAL_FATAL(dm_config_read(&c, NULL, write_folder(changed(left_out[i], ""), NULL), &error), DM_OK);
        const TransformerShape *t = dm_transformer_shape(&c);
        CU_ASSERT(t->activation == named("activation_function", i == 0 ? "gelu" : "swish"));
        CU_ASSERT(t->scale_embedding == (i != 1));
        CU_ASSERT(t->max_positions == (i == 2 ? 1024 : 256));
        dm_config_free(&c);
    }
}

static void what_cannot_be_computed_is_refused_by_name(void)
{
    static const char *const cases[][3] = {
        {"\"normalize_before\": false", "\"normalize_before\": true", "\"normalize_before\" is true"},
        {"\"normalize_embedding\": false", "\"normalize_embedding\": true", "\"normalize_embedding\" is true"},
        {"\"add_final_layer_norm\": false", "\"add_final_layer_norm\": true", "\"add_final_layer_norm\" is true"},
        {"\"is_encoder_decoder\": true", "\"is_encoder_decoder\": false", "\"is_encoder_decoder\" is false"},
        {"\"swish\"", "\"quick_gelu\"", "\"activation_function\" is \"quick_gelu\""},
        {"\"model_type\": \"marian\"", "\"model_type\": \"bart\"", "\"model_type\" is \"bart\""},
        {"\"model_type\": \"marian\",", "", "has no \"model_type\""},
        {"\"model_type\": \"marian\"", "\"model_type\": \"dragoman\"", "has no \"architecture\""},
        {"\"model_type\": \"marian\"", "\"model_type\": \"dragoman\", \"dragoman\": {\"architecture\": \"abacus\"}",
         "\"abacus\""},
        {"\"model_type\": \"marian\"", "\"model_type\": \"marian\", \"dragoman\": 7",
         "\"dragoman\" must be a JSON object"},
        {"[58100], [3]", "[58100], [3, 4]", "\"bad_words_ids\" holds [3,4]"},
        {"[58100], [3]", "[58100], [58101]", "\"bad_words_ids\" holds [58101]"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        CU_ASSERT(is_refused(write_folder(changed(cases[i][0], cases[i][1]), NULL), cases[i][2]));
}

static void values_that_make_no_sense_are_named(void)
{
    static const char *const cases[][3] = {
        {"\"d_model\": 512,", "", "has no \"d_model\""},
        {"\"d_model\": 512", "\"d_model\": null", "has no \"d_model\""},
        {"\"d_model\": 512", "\"d_model\": \"512\"", "\"d_model\" is \"512\""},
        {"\"d_model\": 512", "\"d_model\": 512.5", "\"d_model\" is 512.5"},
        {"\"d_model\": 512", "\"d_model\": 0", "\"d_model\" is 0"},
        {"\"d_model\": 512", "\"d_model\": -512", "\"d_model\" is -512"},
        {"\"d_model\": 512", "\"d_model\": 99999999999", "\"d_model\" is 99999999999"},
        {"\"d_model\": 512", "\"d_model\": 516", "cannot be divided by \"encoder_attention_heads\" 8"},
        {"\"decoder_attention_heads\": 4", "\"decoder_attention_heads\": 5",
         "cannot be divided by \"decoder_attention_heads\" 5"},
        {"\"scale_embedding\": true", "\"scale_embedding\": 1", "\"scale_embedding\" must be true or false"},
        {"\"swish\"", "7", "\"activation_function\" must be a text"},
        {"\"vocab_size\": 58101", "\"vocab_size\": 58101, \"decoder_vocab_size\": 99", "\"decoder_vocab_size\" 99"},
        {"\"pad_token_id\": 58100", "\"pad_token_id\": 58101", "\"pad_token_id\" is 58101"},
        {"\"pad_token_id\": 58100", "\"pad_token_id\": 0", "are both 0"},
        {"\"eos_token_id\": 0", "\"eos_token_id\": [0, 2]", "\"eos_token_id\" is [0,2]"},
        {"\"eos_token_id\": 0,", "", "has no \"eos_token_id\""},
        {"\"decoder_start_token_id\": 58100,", "", "has no \"decoder_start_token_id\""},
        {"\"num_beams\": 6", "\"num_beams\": 0", "\"num_beams\" is 0"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        CU_ASSERT(is_refused(write_folder(changed(cases[i][0], cases[i][1]), NULL), cases[i][2]));
    CU_ASSERT(is_refused(write_folder(opus, "{\"eos_token_id\": 2}"), "\"eos_token_id\" is 0, but 2 in"));
    CU_ASSERT(is_refused(write_folder(opus, "{\"num_beams\": true}"), "generation_config.json: \"num_beams\" is true"));
}

static void broken_json_is_named_with_its_line(void)
{
    CU_ASSERT(is_refused(write_folder("{\n\"a\": 1,\n\"b\": }\n", NULL), "config.json: line 3 is not valid JSON"));
    CU_ASSERT(is_refused(write_folder("{}\n}\n", NULL), "config.json: line 2 is not valid JSON"));
    CU_ASSERT(is_refused(write_folder("", NULL), "config.json: line 1 is not valid JSON"));
    CU_ASSERT(is_refused(write_folder("[]", NULL), "a JSON object"));
    CU_ASSERT(is_refused(write_folder(opus, "{"), "generation_config.json: line 1 is not valid JSON"));
}

static void a_folder_that_is_none_is_refused(void)
{
    char path[256];
    snprintf(path, sizeof path, "%s", scratch("nowhere"));
    CU_ASSERT(is_refused(path, "there is no folder"));
    snprintf(path, sizeof path, "%s", scratch_file("plain", "x", 1));
    CU_ASSERT(is_refused(path, "is a file, but the folder of a model is needed"));
    snprintf(path, sizeof path, "%s", scratch("empty"));
    CU_ASSERT_EQUAL(dm_make_folder(path, NULL), DM_OK);
    CU_ASSERT(is_refused(path, "has no config.json"));
}

static void what_is_written_is_read_again(void)
{
    ModelConfig c, again;
    cJSON *extra, *ours = cJSON_Parse("{\"segmenter\": \"space\", \"options\": {\"seed\": 1}}");
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&c, NULL, write_folder(opus, NULL), &error), DM_OK);
    dm_transformer_shape(&c)->scale_embedding = false;
    const char *folder = write_folder("{}", "{}");
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&c, ours, folder, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&again, &extra, folder, &error), DM_OK);
    CU_ASSERT(cJSON_Compare(extra, ours, true));
    CU_ASSERT(again.search.bad_word_count == 2 &&
              memcmp(again.search.bad_words, c.search.bad_words, 2 * sizeof(int)) == 0);
    int *kept = again.search.bad_words;
    again.search.bad_words = c.search.bad_words;
    CU_ASSERT_EQUAL(memcmp(&again, &c, sizeof c), 0);
    again.search.bad_words = kept;
    cJSON_Delete(extra);
    cJSON_Delete(ours);
    dm_config_free(&again);
    dm_config_free(&c);
}

static void a_folder_of_ours_that_says_nothing_of_search_is_written_with_the_usual_defaults(void)
{
    ModelConfig c, again;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&c, NULL, write_folder(opus, NULL), &error), DM_OK);
    c.search.beam_size = c.search.max_length = c.search.bad_word_count = 0;
    const char *folder = write_folder("{}", "{}");
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&c, NULL, folder, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&again, NULL, folder, &error), DM_OK);
    CU_ASSERT(again.search.beam_size == 5 && again.search.max_length == 511);
    CU_ASSERT(again.search.bad_word_count == 1 && again.search.bad_words[0] == c.pad);
    dm_config_free(&again);
    dm_config_free(&c);
}

// An option's range is its row's (tests/model); here, that the reader takes what the writer wrote of both ends.
static void both_ends_of_every_row_are_read_again(void)
{
    const char *folder = write_folder("{}", "{}");
    for (int type = 0; dm_architectures[type]; type++) {
        const Architecture *a = dm_architectures[type];
        for (const ShapeRow *row = a->shape; row->key; row++)
            for (int end = 0; end < 2 && row->type == DM_SHAPE_INTEGER; end++) {
                Error error = {""};
                ModelConfig c = {.architecture = a,
                                 .source_vocabulary = 50,
                                 .target_vocabulary = 50,
                                 .tied_output = true,
                                 .shared_embeddings = true,
                                 .pad = 49,
                                 .decoder_start = 49},
                            again;
                dm_shape_take_usual(&c);
                dm_shape_set(&c, row, end ? row->high : row->low);
                for (const ShapeRow *other = a->shape; other->key; other++)  // what has to divide it does
                    if (other->divides && other != row) dm_shape_set(&c, other, 1);
                if (row->divides) dm_shape_set(&c, dm_shape_row(a, row->divides), dm_shape_value(&c, row) * 2);
                let_count(&c, row);
                const ShapeRow *above = row->most ? dm_shape_row(a, row->most) : NULL;
                if (above) dm_shape_set(&c, above, row->high);
                if (above && above->divides) dm_shape_set(&c, dm_shape_row(a, above->divides), 2 * row->high);
                Name why;
                if (a->misfit(&c, &why)) continue;  // which train refuses
                CU_ASSERT_EQUAL_FATAL(dm_config_write(&c, NULL, folder, &error), DM_OK);
                const Status status = dm_config_read(&again, NULL, folder, &error);
                if (status) printf("\n  %s\n", error.message);
                CU_ASSERT_EQUAL_FATAL(status, DM_OK);
                CU_ASSERT_EQUAL(dm_shape_value(&again, row), end ? row->high : row->low);
                dm_config_free(&again);
            }
    }
}

const Fact facts[] = {
    FACT(an_opus_folder_is_understood),
    FACT(generation_config_alone_says_how_to_search_and_may_hold_the_ids),
    FACT(what_is_not_said_is_zero),
    FACT(what_is_not_said_of_the_shape_is_what_transformers_means),
    FACT(what_cannot_be_computed_is_refused_by_name),
    FACT(values_that_make_no_sense_are_named),
    FACT(broken_json_is_named_with_its_line),
    FACT(a_folder_that_is_none_is_refused),
    FACT(what_is_written_is_read_again),
    FACT(both_ends_of_every_row_are_read_again),
    FACT(a_folder_of_ours_that_says_nothing_of_search_is_written_with_the_usual_defaults),
    {NULL, NULL},
};
