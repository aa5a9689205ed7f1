// Formats: for every one of them, a model that is written in it, what config.json then says, and what is read again.
#include "folder/formats/format.h"

#include "core/memory.h"
#include "core/scratch.h"
#include "folder/folder.h"
#include "model/small_model.h"

// A format joins by a row.
static const struct {
    const Format *format;
    const char *model_type, *class_name;
    const Architecture *architecture;
    const char *shape;
    bool separate;  // vocabularies
} cases[] = {
    {&dm_marian_format, "marian", "MarianMTModel", &dm_transformer,
     "d_model 16 encoder_layers 1 decoder_layers 2 encoder_attention_heads 2 encoder_ffn_dim 24 decoder_ffn_dim 20 "
     "activation_function swish scale_embedding 0 max_position_embeddings 64",
     false},
    {&dm_marian_format, "marian", "MarianMTModel", &dm_transformer, "d_model 16 norm_place post", true},
    {&dm_pegasus_format, "pegasus", "PegasusForConditionalGeneration", &dm_transformer,
     "d_model 16 encoder_layers 2 decoder_layers 1 norm_place pre activation_function gelu", false},
    {&dm_marian_format, "marian", "MarianMTModel", &dm_transformer,
     "d_model 16 positions learned max_position_embeddings 40", true},
    {&dm_pegasus_format, "pegasus", "PegasusForConditionalGeneration", &dm_transformer,
     "d_model 16 norm_place pre positions learned max_position_embeddings 30", false},
    {&dm_gpt2_format, "gpt2", "GPT2LMHeadModel", &dm_lm,
     "d_model 16 decoder_layers 2 positions learned max_position_embeddings 40 activation_function gelu_new", false},
    {&dm_gpt2_format, "gpt2", "GPT2LMHeadModel", &dm_lm,
     "d_model 16 decoder_layers 1 positions learned decoder_ffn_dim 24 norm_epsilon 1000000", false},
    {&dm_llama_format, "llama", "LlamaForCausalLM", &dm_lm,
     "d_model 16 decoder_layers 2 norm rms activation_function swiglu biases none", false},
    {&dm_llama_format, "llama", "LlamaForCausalLM", &dm_lm,
     "d_model 16 decoder_layers 1 decoder_attention_heads 4 key_value_heads 2 norm rms activation_function geglu "
     "biases "
     "none norm_epsilon 10000000 rope_theta 500000",
     false},
    {&dm_mixtral_format, "mixtral", "MixtralForCausalLM", &dm_lm,
     "d_model 16 decoder_layers 2 norm rms activation_function swiglu biases none experts 4 key_value_heads 2", false},
    {&dm_glm4_moe_format, "glm4_moe", "Glm4MoeForCausalLM", &dm_lm,
     "d_model 16 decoder_layers 1 norm rms activation_function swiglu biases none experts 5 experts_top 3 "
     "experts_shared 2 experts_ffn_dim 12 router sigmoid norm_epsilon 10000000",
     false},
    {&dm_glm4_moe_format, "glm4_moe", "Glm4MoeForCausalLM", &dm_lm,
     "d_model 16 decoder_layers 2 norm rms activation_function swiglu biases none experts 5 experts_top 3 "
     "experts_shared 1 router sigmoid ahead 2 ahead_form chain",
     false},
    {&dm_own_format, "dragoman", NULL, &dm_lm,
     "d_model 16 decoder_layers 2 norm rms activation_function swiglu biases none experts 5 experts_top 3 "
     "experts_shared 1 router sigmoid ahead 2",
     false},
    {&dm_own_format, "dragoman", NULL, &dm_lm,
     "d_model 16 decoder_layers 1 norm rms activation_function swiglu biases none ahead 1 ahead_form chain", false},
    {&dm_megatron_bert_format, "megatron-bert", "MegatronBertForTokenClassification", &dm_labels,
     "d_model 16 encoder_layers 2 activation_function gelu max_position_embeddings 40", false},
    {&dm_megatron_bert_format, "megatron-bert", "MegatronBertForSequenceClassification", &dm_labels,
     "d_model 16 encoder_layers 1 label sentences norm_epsilon 1", false},
    {&dm_own_format, "dragoman", NULL, &dm_labels, "d_model 16 encoder_layers 1 positions sine", false},
    {&dm_own_format, "dragoman", NULL, &dm_labels, "d_model 16 encoder_layers 1 norm rms", false},
    {&dm_own_format, "dragoman", NULL, &dm_lm,
     "d_model 16 decoder_layers 2 norm rms activation_function swiglu biases none experts 4 experts_top 1", false},
    {&dm_own_format, "dragoman", NULL, &dm_lm,
     "d_model 16 decoder_layers 2 norm rms activation_function swiglu biases none experts 4 router sigmoid", false},
    {&dm_own_format, "dragoman", NULL, &dm_lm, "d_model 16 decoder_layers 1 norm rms activation_function swiglu",
     false},
    {&dm_own_format, "dragoman", NULL, &dm_lm,
     "d_model 16 decoder_layers 1 norm rms activation_function swiglu biases none prompt_mask full norm_epsilon "
     "10000000",
     false},
    {&dm_own_format, "dragoman", NULL, &dm_lm, "d_model 16 decoder_layers 1 positions learned biases all", false},
    {&dm_own_format, "dragoman", NULL, &dm_transformer, "d_model 16 decoder_layers 1 norm_place pre", true},
    {&dm_own_format, "dragoman", NULL, &dm_transformer, "d_model 16 decoder_layers 1 activation_function swiglu",
     false},
    {&dm_own_format, "dragoman", NULL, &dm_transformer, "d_model 16 decoder_layers 1 norm rms norm_place pre", false},
    {&dm_own_format, "dragoman", NULL, &dm_transformer, "d_model 16 decoder_layers 1 norm_epsilon 1000000", true},
    {&dm_own_format, "dragoman", NULL, &dm_transformer, "d_model 16 decoder_layers 1 norm batch", false},
    {&dm_own_format, "dragoman", NULL, &dm_transformer,
     "d_model 16 encoder_layers 2 experts 6 experts_top 3 experts_shared 2 experts_ffn_dim 8 experts_every 2 router "
     "sigmoid",
     false},
    {&dm_own_format, "dragoman", NULL, &dm_transformer, "d_model 16 positions rotary", false},
    {&dm_own_format, "dragoman", NULL, &dm_transformer, "d_model 16 attention_window 7", false},
    {&dm_own_format, "dragoman", NULL, &dm_transformer,
     "d_model 16 positions learned max_position_embeddings 20 attention_window 16777216", false},
};

static ModelConfig config_of(size_t i)
{
    ModelConfig config = small_config_of(cases[i].architecture, VOCABULARY, cases[i].shape);
    config.examples = cases[i].format->examples;
    if (cases[i].separate) {
        config.shared_embeddings = false;
        config.source_vocabulary += 4;
    }
    return config;
}

static void every_format_has_a_case(void)
{
    for (int i = 0; dm_formats[i]; i++) {
        bool found = false;
        for (size_t k = 0; k < DM_COUNT(cases); k++) found = found || cases[k].format == dm_formats[i];
        expect(found, "no case is of the format %s", dm_formats[i]->model_type);
    }
}

// ---- Folders --------------------------------------------------------------------------------------------------------

static const char *empty_folder(void)
{
    static char folder[256];
    remove(scratch("model/config.json"));
    snprintf(folder, sizeof folder, "%s", scratch("model"));
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    return folder;
}

static void write_config(const ModelConfig *config, const char *folder)
{
    Error error = {""};
    const Status status = dm_config_write(config, NULL, folder, &error);
    expect(status == DM_OK, "cannot be written: %s", error.message);
}

static cJSON *read_json(const char *folder)
{
    char *path = dm_join_path(folder, "config.json"), *text = NULL;
    CU_ASSERT_EQUAL_FATAL(dm_read_file(path, &text, NULL, NULL), DM_OK);
    cJSON *json = cJSON_Parse(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    dm_free(path), dm_free(text);
    return json;
}

// Takes the object over.
static void write_json(cJSON *json, const char *folder)
{
    char *path = dm_join_path(folder, "config.json"), *text = cJSON_Print(json);
    CU_ASSERT_EQUAL_FATAL(dm_write_file(path, text, strlen(text), NULL), DM_OK);
    cJSON_free(text);
    cJSON_Delete(json);
    dm_free(path);
}

static bool is_refused(const char *folder, const char *wanted)
{
    ModelConfig config;
    Error error = {"no error"};
    const Status status = dm_config_read(&config, NULL, folder, &error);
    const bool good = status == DM_FAILURE && strstr(error.message, wanted);
    if (!good) fprintf(stderr, "\nwanted: %s\n   got: %s\n", wanted, error.message);
    dm_config_free(&config);
    return good;
}

static void expect_same(const ModelConfig *got, const ModelConfig *wanted, const char *what)
{
    for (const ShapeRow *row = wanted->architecture->shape; row->key; row++) {
        const int is = dm_shape_value(got, row),
                  should = dm_shape_counts(wanted, row) ? dm_shape_value(wanted, row) : row->usual;
        expect(is == should, "%s: %s is %d, should be %d", what, row->key, is, should);
    }
    expect(got->architecture == wanted->architecture, "%s: the architecture", what);
    expect(got->source_vocabulary == wanted->source_vocabulary && got->target_vocabulary == wanted->target_vocabulary,
           "%s: the vocabularies", what);
    expect(got->shared_embeddings == wanted->shared_embeddings && got->tied_output == wanted->tied_output,
           "%s: which tables are one", what);
    expect(got->pad == wanted->pad && got->eos == wanted->eos && got->decoder_start == wanted->decoder_start,
           "%s: the ids", what);
}

// ---- There and back -------------------------------------------------------------------------------------------------

static void what_is_written_is_read_again(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (int tied = 0; tied < 2; tied++) {
            ModelConfig config = config_of(i), again;
            Error error = {""};
            config.tied_output = tied && config.shared_embeddings;
            const char *folder = empty_folder();
            write_config(&config, folder);
            const Status status = dm_config_read(&again, NULL, folder, &error);
            expect(status == DM_OK, "%s: %s", cases[i].model_type, error.message);
            if (status) continue;
            expect_same(&again, &config, cases[i].model_type);
            dm_config_free(&again);
        }
}

static void config_json_names_the_format_and_who_opens_it(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        const ModelConfig config = config_of(i);
        CU_ASSERT_PTR_EQUAL(dm_format_of_config(&config), cases[i].format);
        CU_ASSERT_PTR_EQUAL(dm_format_of_type(cases[i].model_type), cases[i].format);
        const char *folder = empty_folder();
        write_config(&config, folder);
        cJSON *json = read_json(folder);
        const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "model_type"));
        const cJSON *classes = cJSON_GetObjectItemCaseSensitive(json, "architectures"),
                    *ours = cJSON_GetObjectItemCaseSensitive(json, "dragoman");
        expect(type && strcmp(type, cases[i].model_type) == 0, "%s is written as %s", cases[i].model_type, type);
        const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(classes, 0));
        expect(cases[i].class_name ? name && strcmp(name, cases[i].class_name) == 0 : !classes, "%s: the class is %s",
               cases[i].model_type, name);
        // Only what the format does not say by itself stands in our part of it.
        name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(ours, "architecture"));
        expect(cases[i].format->architecture ? !ours : name && strcmp(name, config.architecture->name) == 0,
               "%s: \"dragoman\" names %s", cases[i].model_type, name);
        cJSON_Delete(json);
    }
    CU_ASSERT_PTR_NULL(dm_format_of_type("bart"));
    CU_ASSERT_PTR_NULL(dm_format_of_type(""));
}

static void what_a_format_means_is_not_said(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        const ModelConfig config = config_of(i);
        const char *folder = empty_folder();
        write_config(&config, folder);
        cJSON *json = read_json(folder);
        for (const ShapeRow *row = config.architecture->shape; row->key; row++) {
            const Format *format = cases[i].format;
            const FormatKey *key = dm_format_key(format, row->key);
            const int means = dm_format_means(format, row);
            const bool said = cJSON_GetObjectItemCaseSensitive(json, dm_format_key_name(format, row->key)),
                       zero = row->type == DM_SHAPE_TINY && !dm_shape_value(&config, row) && !key;
            expect(said == (means < 0 && !dm_format_flag(format, row) && dm_shape_counts(&config, row) && !zero),
                   "%s: %s", cases[i].model_type, row->key);
            expect(!key || strcmp(key->key, row->key) == 0 || !cJSON_GetObjectItemCaseSensitive(json, row->key),
                   "%s: %s is said by our key too", cases[i].model_type, row->key);
            if (means >= 0 && dm_shape_counts(&config, row))
                expect(dm_shape_value(&config, row) == means, "%s does not mean %s", cases[i].model_type, row->key);
        }
        cJSON_Delete(json);
    }
}

// Parameters that a format has no tensor for are zeros.
static void forget_what_has_no_tensor(Model *model, const Format *format)
{
    for (int i = 0; i < model->parameters.count && format->tensors; i++) {
        const Parameter *p = &model->parameters.list[i];
        Name name;
        if (!p->absent && dm_format_tensor(format, &model->config, p->name, &name) && !*name.text)
            memset(p->tensor.data, 0, dm_parameter_size(p) * sizeof(float));
    }
}

// Names, shapes and values of the weights.
static void a_whole_model_is_written_and_read_again(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        const ModelConfig config = config_of(i);
        Model *model = random_model(&config, 3), *again = NULL;
        forget_what_has_no_tensor(model, cases[i].format);
        Error error = {""};
        const char *folder = empty_folder();
        char *weights = dm_join_path(folder, "model.safetensors");
        write_config(&model->config, folder);
        CU_ASSERT_EQUAL(dm_weights_write(model, NULL, weights, NULL), DM_OK);
        const Status status = dm_model_read(&again, NULL, folder, &error);
        expect(status == DM_OK, "%s: %s", cases[i].model_type, error.message);
        if (!status) {
            const Parameters *a = &model->parameters, *b = &again->parameters;
            expect(a->size == b->size && memcmp(a->data, b->data, a->size * sizeof(float)) == 0, "%s: the weights",
                   cases[i].model_type);
        }
        dm_model_destroy(model);
        dm_model_destroy(again);
        dm_free(weights);
    }
}

// Whatever the options of train take can be read again: each row at either end of its range, the others usual.
static void the_ends_of_all_ranges_can_be_read_again(void)
{
    for (int i = 0; dm_architectures[i]; i++) {
        const Architecture *a = dm_architectures[i];
        for (const ShapeRow *row = a->shape; row->key; row++)
            for (int end = 0; end < 2; end++) {
                if (row->type != DM_SHAPE_INTEGER) continue;
                ModelConfig config = small_config_of(a, VOCABULARY, ""), again;
                for (const ShapeRow *at = a->shape; at->key; at++)
                    if (at->divides) dm_shape_set(&config, at, 1);
                dm_shape_set(&config, row, end ? row->high : row->low);
                if (row->divides) dm_shape_set(&config, dm_shape_row(a, row->divides), 2 * row->high);
                let_count(&config, row);
                const ShapeRow *above = row->most ? dm_shape_row(a, row->most) : NULL;
                if (above) dm_shape_set(&config, above, row->high);
                if (above && above->divides) dm_shape_set(&config, dm_shape_row(a, above->divides), 2 * row->high);
                Name why;
                if (a->misfit(&config, &why)) continue;  // which train refuses
                Error error = {""};
                const char *folder = empty_folder();
                write_config(&config, folder);
                const Status status = dm_config_read(&again, NULL, folder, &error);
                expect(status == DM_OK, "%s at its %s: %s", row->key, end ? "highest" : "lowest", error.message);
                if (!status) expect_same(&again, &config, row->key);
                if (!status) dm_config_free(&again);
            }
    }
}

static void the_largest_feed_forward_of_train_can_be_read_again(void)
{
    dm_options *options = dm_options_new("train");
    ModelConfig config = small_config_of(&dm_transformer, VOCABULARY, ""), again;
    const char *folder = empty_folder(), *const most = "262144";
    CU_ASSERT_EQUAL_FATAL(dm_options_set(options, "dim-ffn", 1, &most, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_shape_of_options(&config, options, NULL), DM_OK);
    write_config(&config, folder);
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&again, NULL, folder, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_transformer_shape(&again)->encoder_ffn, 262144);
    CU_ASSERT_EQUAL(dm_transformer_shape(&again)->decoder_ffn, 262144);
    dm_config_free(&again);
    dm_options_free(options);
}

// The converter of CTranslate2 asks the first three; transformers takes the others for granted.
static void flags_that_other_programs_ask_for_are_said(void)
{
    static const char *const flags[] = {"normalize_before", "add_final_layer_norm", "normalize_embedding",
                                        "static_position_embeddings", "is_encoder_decoder"};
    static const struct {
        const Format *format;
        bool values[5];
    } wanted[] = {{&dm_marian_format, {false, false, false, true, true}},
                  {&dm_pegasus_format, {true, true, false, true, true}}};
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (size_t k = 0; k < DM_COUNT(wanted); k++) {
            if (cases[i].format != wanted[k].format) continue;
            const ModelConfig config = config_of(i);
            const char *folder = empty_folder();
            write_config(&config, folder);
            cJSON *json = read_json(folder);
            for (int f = 0; f < 5; f++) {
                const cJSON *said = cJSON_GetObjectItemCaseSensitive(json, flags[f]);
                const bool sine = dm_transformer_shape(&config)->positions == 0, value = wanted[k].values[f];
                expect(value && (f != 3 || sine) ? cJSON_IsTrue(said) : cJSON_IsFalse(said), "%s: %s",
                       cases[i].model_type, flags[f]);
            }
            cJSON_Delete(json);
        }
}

// ---- What is refused ------------------------------------------------------------------------------------------------

static const char *other_value(const FormatFlag *flag)
{
    return strcmp(flag->value, "true") == 0 ? "false" : strcmp(flag->value, "false") == 0 ? "true" : "77";
}

static void a_flag_with_the_other_value_is_refused_by_name(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (const FormatFlag *flag = cases[i].format->flags; flag && flag->key; flag++) {
            const ModelConfig config = config_of(i);
            if (flag->row) continue;
            const char *folder = empty_folder();
            write_config(&config, folder);
            cJSON *json = read_json(folder);
            const cJSON *said = cJSON_GetObjectItemCaseSensitive(json, flag->key);
            const char *other = other_value(flag);
            cJSON *value = cJSON_Parse(flag->value);
            expect(cJSON_Compare(said, value, true), "%s: %s", cases[i].model_type, flag->key);
            cJSON_Delete(value);
            cJSON_ReplaceItemInObjectCaseSensitive(json, flag->key, cJSON_Parse(other));
            write_json(json, folder);
            char *wanted = dm_format("\"%s\" is %s, which means %s", flag->key, other, flag->otherwise);
            CU_ASSERT(is_refused(folder, wanted));
            dm_free(wanted);
        }
}

// transformers leaves them out where they are what it takes for granted.
static void a_flag_that_is_not_said_is_taken_for_right(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (const FormatFlag *flag = cases[i].format->flags; flag && flag->key; flag++) {
            const ModelConfig config = config_of(i);
            ModelConfig again;
            if (flag->must ||
                (flag->row && dm_shape_value(&config, dm_shape_row(cases[i].architecture, flag->row)) != 0))
                continue;
            const char *folder = empty_folder();
            write_config(&config, folder);
            cJSON *json = read_json(folder);
            cJSON_DeleteItemFromObjectCaseSensitive(json, flag->key);
            write_json(json, folder);
            CU_ASSERT_EQUAL_FATAL(dm_config_read(&again, NULL, folder, NULL), DM_OK);
            expect_same(&again, &config, flag->key);
            dm_config_free(&again);
        }
}

// Their own key says it where they have one, either way.
static void a_row_is_said_by_the_flag_of_a_format(void)
{
    int met = 0;
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (const FormatFlag *flag = cases[i].format->flags; flag && flag->key; flag++) {
            if (!flag->row) continue;
            const ModelConfig config = config_of(i);
            const ShapeRow *row = dm_shape_row(cases[i].architecture, flag->row);
            const char *folder = empty_folder();
            write_config(&config, folder);
            for (int value = 0; value < 2; value++) {
                ModelConfig again;
                cJSON *json = read_json(folder);
                cJSON_ReplaceItemInObjectCaseSensitive(
                    json, flag->key, cJSON_CreateBool((strcmp(flag->value, "true") == 0) == (value == 0)));
                write_json(json, folder);
                CU_ASSERT_EQUAL_FATAL(dm_config_read(&again, NULL, folder, NULL), DM_OK);
                CU_ASSERT_EQUAL(dm_shape_value(&again, row), value);
                dm_config_free(&again);
                met++;
            }
        }
    CU_ASSERT(met > 0);
}

static void a_shape_that_cannot_be_is_refused(void)
{
    const ModelConfig config =
        small_config_of(&dm_transformer, VOCABULARY, "d_model 20 encoder_attention_heads 4 decoder_attention_heads 4");
    const char *folder = empty_folder();
    write_config(&config, folder);
    cJSON *json = read_json(folder);
    cJSON_ReplaceItemInObjectCaseSensitive(json, "model_type", cJSON_CreateString("dragoman"));
    cJSON_AddItemToObject(json, "dragoman", cJSON_Parse("{\"architecture\": \"transformer\"}"));
    cJSON_AddStringToObject(json, "positions", "rotary");
    write_json(json, folder);
    CU_ASSERT(is_refused(folder, "config.json: rotary positions turn pairs of columns"));
}

static void set_row(cJSON *json, const ShapeRow *row, int value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(json, row->key);
    if (row->type == DM_SHAPE_NAME)
        cJSON_AddStringToObject(json, row->key, row->choice(value).name);
    else if (row->type == DM_SHAPE_FLAG)
        cJSON_AddBoolToObject(json, row->key, value);
    else
        cJSON_AddNumberToObject(json, row->key, value);
}

// What another program's format means it may say, and nothing else; of the other rows, not what only ours can say.
static void a_shape_that_a_format_does_not_have_is_refused_by_name(void)
{
    int refused = 0;
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        const Format *format = cases[i].format;
        for (const ShapeRow *row = cases[i].architecture->shape; row->key; row++) {
            const int meant = dm_format_means(format, row);
            if (dm_format_key(format, row->key) || (meant < 0 && !(format->architecture && row->common))) continue;
            const ModelConfig config = config_of(i);
            if (!dm_shape_counts(&config, row)) continue;
            const char *folder = empty_folder();
            write_config(&config, folder);
            cJSON *json = read_json(folder);
            const bool named = row->type == DM_SHAPE_NAME;  // one by one: behind the last there is nothing to look at
            for (int value = 0; named ? row->choice(value).name != NULL : value <= row->high;
                 value += named ? 1 : 1 + value / 3) {
                set_row(json, row, value);
                write_json(cJSON_Duplicate(json, true), folder);
                const bool fits = meant >= 0 ? value == meant : value < row->common;
                ModelConfig again;
                Error error = {"no error"};
                const Status status = dm_config_read(&again, NULL, folder, &error);
                expect((status == DM_OK) == fits && (fits || strstr(error.message, row->key)), "%s: %s %d: %s",
                       cases[i].model_type, row->key, value, error.message);
                if (!status) dm_config_free(&again);
                refused += !fits;
            }
            cJSON_Delete(json);
        }
    }
    CU_ASSERT(refused > 4);
}

// A word that the format does not have for a row of names is refused under its key, with those that it has.
static void a_word_that_a_format_does_not_have_is_refused_by_name(void)
{
    int refused = 0;
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (const FormatKey *key = cases[i].format->keys; key && key->row; key++) {
            if (!key->words) continue;
            const ModelConfig config = config_of(i);
            const char *folder = empty_folder();
            write_config(&config, folder);
            cJSON *json = read_json(folder);
            cJSON_ReplaceItemInObjectCaseSensitive(json, key->key, cJSON_CreateString("swiglu"));
            write_json(json, folder);
            char *wanted = dm_format("\"%s\" is \"swiglu\", but only", key->key);
            CU_ASSERT(is_refused(folder, wanted) && is_refused(folder, key->words[0].theirs));
            dm_free(wanted);
            refused++;
        }
    CU_ASSERT(refused > 2);
}

// Every row of a format's tables is of the shape, and a format of another program says or means each row.
static void the_tables_of_a_format_name_rows_that_there_are(void)
{
    for (int i = 0; dm_formats[i]; i++) {
        const Format *format = dm_formats[i];
        if (!format->architecture) continue;
        for (const FormatKey *key = format->keys; key && key->row; key++)
            expect(dm_shape_row(format->architecture, key->row) != NULL, "%s: %s", format->model_type, key->row);
        for (const FormatMeans *means = format->means; means && means->key; means++)
            expect(dm_shape_row(format->architecture, means->key) != NULL, "%s: %s", format->model_type, means->key);
        for (const ShapeRow *row = format->architecture->shape; row->key && format->keys; row++)
            expect(dm_format_key(format, row->key) || dm_format_means(format, row) >= 0 || row->with[0].key,
                   "%s says nothing of %s", format->model_type, row->key);
    }
}

// What is not said is what transformers takes for granted.
static void a_key_that_is_not_said_means_what_the_class_of_the_format_means(void)
{
    static const struct {
        const char *json, *shape;
    } folders[] = {
        {"{\"model_type\": \"gpt2\", \"vocab_size\": 31, \"n_embd\": 8, \"n_layer\": 2, \"n_head\": 2, \"n_inner\": "
         "null, "
         "\"eos_token_id\": 0}",
         "d_model 8 decoder_layers 2 decoder_attention_heads 2 decoder_ffn_dim 32 activation_function gelu_new "
         "max_position_embeddings 1024 positions learned"},
        {"{\"model_type\": \"llama\", \"vocab_size\": 31, \"hidden_size\": 8, \"num_hidden_layers\": 1, "
         "\"num_attention_heads\": 2, \"intermediate_size\": 12, \"eos_token_id\": 0, \"rope_scaling\": null}",
         "d_model 8 decoder_layers 1 decoder_attention_heads 2 decoder_ffn_dim 12 activation_function swiglu norm rms "
         "biases none max_position_embeddings 2048"},
        {"{\"model_type\": \"llama\", \"vocab_size\": 31, \"hidden_size\": 8, \"num_hidden_layers\": 1, "
         "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"intermediate_size\": 12, \"eos_token_id\": 0, "
         "\"rope_parameters\": {\"rope_theta\": 5e5, \"rope_type\": \"default\"}, \"rms_norm_eps\": 1e-5, "
         "\"head_dim\": 2}",
         "d_model 8 decoder_layers 1 decoder_attention_heads 4 key_value_heads 2 decoder_ffn_dim 12 "
         "activation_function "
         "swiglu norm rms biases none max_position_embeddings 2048 rope_theta 500000 norm_epsilon 10000000"},
    };
    for (size_t i = 0; i < DM_COUNT(folders); i++) {
        ModelConfig wanted = small_config_of(&dm_lm, VOCABULARY, folders[i].shape), again;
        Error error = {""};
        const char *folder = empty_folder();
        write_json(cJSON_Parse(folders[i].json), folder);
        wanted.pad = wanted.decoder_start = -1;
        wanted.tied_output = i == 0;
        const Status status = dm_config_read(&again, NULL, folder, &error);
        expect(status == DM_OK, "%s", error.message);
        if (!status) expect_same(&again, &wanted, folders[i].json);
        if (!status) dm_config_free(&again);
    }
}

// A decoder alone that learns from pairs says so, for its format means text.
static void examples_that_a_format_does_not_mean_are_said(void)
{
    for (int pairs = 0; pairs < 2; pairs++) {
        ModelConfig config = small_config_of(&dm_lm, VOCABULARY, "d_model 16 positions learned"), again;
        config.examples = pairs ? &dm_pairs : &dm_text;
        const char *folder = empty_folder();
        write_config(&config, folder);
        cJSON *json = read_json(folder);
        const char *said = cJSON_GetStringValue(
            cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "dragoman"), "examples"));
        CU_ASSERT(pairs ? said && strcmp(said, "pairs") == 0 : !said);
        cJSON_Delete(json);
        CU_ASSERT_EQUAL_FATAL(dm_config_read(&again, NULL, folder, NULL), DM_OK);
        CU_ASSERT_PTR_EQUAL(dm_examples_of(&again), config.examples);
        dm_config_free(&again);
    }
}

static void what_llama_has_and_we_cannot_compute_is_refused_by_name(void)
{
    static const char *const changes[][2] = {
        {"{\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}}", "\"rope_scaling\" has the type \"linear\""},
        {"{\"rope_parameters\": {\"rope_type\": \"llama3\", \"rope_theta\": 1e4}}", "\"rope_parameters\" has the type"},
        {"{\"rope_parameters\": {\"partial_rotary_factor\": 0.5}}", "\"partial_rotary_factor\" is 0.5"},
        {"{\"head_dim\": 16}", "\"head_dim\" is 16"},
        {"{\"attention_bias\": true}", "\"attention_bias\" is true"},
        {"{\"num_key_value_heads\": 3}", "cannot share 3 heads"},
        {"{\"num_attention_heads\": 3}", "\"hidden_size\" 16 cannot be divided by \"num_attention_heads\" 3"},
        {"{\"rms_norm_eps\": 0.1}", "\"rms_norm_eps\" is 0.1"},
        {"{\"hidden_size\": null}", "has no \"hidden_size\""},
        {"{\"bos_token_id\": 31}", "\"bos_token_id\" is 31"},
    };
    const ModelConfig config =
        small_config_of(&dm_lm, VOCABULARY, "d_model 16 norm rms activation_function swiglu biases none");
    for (size_t i = 0; i < DM_COUNT(changes); i++) {
        const char *folder = empty_folder();
        write_config(&config, folder);
        cJSON *json = read_json(folder), *change = cJSON_Parse(changes[i][0]);
        if (strcmp(change->child->string, "num_attention_heads") == 0)
            cJSON_DeleteItemFromObjectCaseSensitive(json, "num_key_value_heads");
        cJSON_DeleteItemFromObjectCaseSensitive(json, change->child->string);
        cJSON_AddItemToObject(json, change->child->string, cJSON_Duplicate(change->child, true));
        cJSON_Delete(change);
        write_json(json, folder);
        CU_ASSERT(is_refused(folder, changes[i][1]));
    }
}

// What counts with another row alone stands in no file without it; with it, it is checked against it.
static void a_row_that_may_not_be_above_another_is_refused_by_name(void)
{
    int checked = 0;
    for (int i = 0; dm_architectures[i]; i++) {
        const Architecture *a = dm_architectures[i];
        for (const ShapeRow *row = a->shape; row->key; row++) {
            if (!row->most) continue;
            ModelConfig config = small_config_of(a, VOCABULARY, "");
            let_count(&config, row);
            const int most = dm_shape_value(&config, dm_shape_row(a, row->most));
            dm_shape_set(&config, row, most + 1);
            const char *folder = empty_folder();
            write_config(&config, folder);
            char *wanted = dm_format("\"%s\" %d is more than \"%s\" %d", row->key, most + 1, row->most, most);
            CU_ASSERT(is_refused(folder, wanted));
            dm_free(wanted);
            checked++;
        }
    }
    CU_ASSERT(checked > 1);
}

// What does not count stands in no file. Files of earlier versions say it, as it is usual; anything else is refused.
static void a_row_that_does_not_count_is_refused_by_name(void)
{
    int refused = 0;
    for (int i = 0; dm_architectures[i]; i++) {
        const Architecture *a = dm_architectures[i];
        const ModelConfig config = small_config_of(a, VOCABULARY, "");
        for (const ShapeRow *row = a->shape; row->key; row++) {
            if (dm_shape_counts(&config, row)) continue;
            ModelConfig again;
            Error error = {""};
            const char *folder = empty_folder();
            write_config(&config, folder);
            cJSON *json = read_json(folder);
            expect(!cJSON_HasObjectItem(json, row->key), "%s: %s is written", a->name, row->key);
            set_row(json, row, row->usual);
            write_json(cJSON_Duplicate(json, true), folder);
            const Status status = dm_config_read(&again, NULL, folder, &error);
            expect(status == DM_OK, "%s: %s as it is usual: %s", a->name, row->key, error.message);
            if (!status) expect_same(&again, &config, row->key);
            if (!status) dm_config_free(&again);
            set_row(json, row, row->usual + 1);
            write_json(json, folder);
            char *wanted = dm_format("\"%s\" is ", row->key), *where = dm_format("where \"%s\" is ", row->with[0].key);
            CU_ASSERT(is_refused(folder, wanted) && is_refused(folder, where) && is_refused(folder, "take it out"));
            dm_free(wanted);
            dm_free(where);
            refused++;
        }
    }
    CU_ASSERT(refused > 4);
}

static void separate_vocabularies_are_refused_where_a_format_has_none(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        if (cases[i].separate || cases[i].format->separate_vocabularies || cases[i].format->decoder_alone) continue;
        const ModelConfig config = config_of(i);
        const char *folder = empty_folder();
        write_config(&config, folder);
        cJSON *json = read_json(folder);
        cJSON_ReplaceItemInObjectCaseSensitive(json, "share_encoder_decoder_embeddings", cJSON_CreateFalse());
        write_json(json, folder);
        CU_ASSERT(is_refused(folder, "\"share_encoder_decoder_embeddings\" is false"));
    }
}

static void a_type_that_is_none_is_refused_with_those_there_are(void)
{
    char *folder = dm_copy_string(empty_folder());
    cJSON *json = cJSON_Parse("{\"model_type\": \"abacus\"}");
    write_json(json, folder);
    CU_ASSERT(is_refused(folder, "\"model_type\" is \"abacus\""));
    for (int i = 0; dm_formats[i]; i++) CU_ASSERT(is_refused(folder, dm_formats[i]->model_type));
    dm_free(folder);
}

// In our own format all of the shape is said, and none of it is guessed.
static void a_name_that_is_none_is_refused_with_those_there_are(void)
{
    const ModelConfig config = small_config_of(&dm_transformer, VOCABULARY, "norm_place pre");
    ModelConfig separate = config;
    separate.shared_embeddings = false;
    for (const ShapeRow *row = dm_transformer.shape; row->key; row++) {
        if (row->type != DM_SHAPE_NAME) continue;
        let_count(&separate, row);
        const char *folder = empty_folder();
        write_config(&separate, folder);
        cJSON *json = read_json(folder);
        cJSON_ReplaceItemInObjectCaseSensitive(json, row->key, cJSON_CreateString("abacus"));
        write_json(json, folder);
        char *wanted = dm_format("\"%s\" is \"abacus\", but only %s", row->key, row->choice(0).name);
        CU_ASSERT(is_refused(folder, wanted));
        dm_free(wanted);
    }
}

const Fact facts[] = {
    FACT(every_format_has_a_case),
    FACT(what_is_written_is_read_again),
    FACT(config_json_names_the_format_and_who_opens_it),
    FACT(what_a_format_means_is_not_said),
    FACT(a_whole_model_is_written_and_read_again),
    FACT(the_ends_of_all_ranges_can_be_read_again),
    FACT(the_largest_feed_forward_of_train_can_be_read_again),
    FACT(flags_that_other_programs_ask_for_are_said),
    FACT(a_flag_with_the_other_value_is_refused_by_name),
    FACT(a_flag_that_is_not_said_is_taken_for_right),
    FACT(a_row_is_said_by_the_flag_of_a_format),
    FACT(a_shape_that_cannot_be_is_refused),
    FACT(a_shape_that_a_format_does_not_have_is_refused_by_name),
    FACT(a_word_that_a_format_does_not_have_is_refused_by_name),
    FACT(the_tables_of_a_format_name_rows_that_there_are),
    FACT(a_key_that_is_not_said_means_what_the_class_of_the_format_means),
    FACT(examples_that_a_format_does_not_mean_are_said),
    FACT(what_llama_has_and_we_cannot_compute_is_refused_by_name),
    FACT(a_row_that_may_not_be_above_another_is_refused_by_name),
    FACT(a_row_that_does_not_count_is_refused_by_name),
    FACT(separate_vocabularies_are_refused_where_a_format_has_none),
    FACT(a_type_that_is_none_is_refused_with_those_there_are),
    FACT(a_name_that_is_none_is_refused_with_those_there_are),
    {NULL, NULL},
};
