// What is measured on: the shapes by name, and the shape of a model folder.
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "core/memory.h"
#include "folder/folder.h"
#include "folder/stored_shape.h"

// ---- Shapes -------------------------------------------------------------------------------------------------------

enum { MOST_SETTINGS = 6 };

// A key of config.json and its value; others have what is usual for the architecture.
typedef struct Setting {
    const char *key, *value;
} Setting;

typedef struct NamedShape {
    const char *name;
    const Architecture *architecture;
    int vocabulary, update_words;
    float dropout;
    const char *width;
    Setting settings[MOST_SETTINGS];
} NamedShape;

// Of either side.
#define LAYERS(layers, heads, ffn)                                                                                     \
    {                                                                                                                  \
        {"encoder_layers", layers}, {"decoder_layers", layers}, {"encoder_ffn_dim", ffn}, {"decoder_ffn_dim", ffn},    \
            {"encoder_attention_heads", heads}, {"decoder_attention_heads", heads},                                    \
    }

// clang-format off
static const NamedShape named[] = {
    {"tiny", &dm_transformer, 10000, 8192, 0.3f, "128", LAYERS("4", "4", "256")},   // the recipe for Multi30k
    {"small", &dm_transformer, 8000, 4096, 0.1f, "256", LAYERS("3", "4", "1024")},  // between the two
    {"base", &dm_transformer, 32000, 4096, 0.1f, "512", LAYERS("6", "8", "2048")},  // Vaswani et al. 2017, table 3
    {"gru", &dm_rnn, 10000, 4096, 0.1f, "256", {{"cell", "gru"}, {"attention", "additive"}}},    // as Bahdanau et al. 2015
    {"lstm", &dm_rnn, 10000, 4096, 0.1f, "256", {{"cell", "lstm"}, {"attention", "general"}}},  // as Luong et al. 2015
};
// clang-format on

static void set(ModelConfig *config, const char *key, const char *value)
{
    const ShapeRow *row = dm_shape_row(config->architecture, key);
    dm_shape_set(config, row, row->type == DM_SHAPE_NAME ? dm_shape_index(row, value) : atoi(value));
}

// --experts and what goes with it.
static Status take_experts(Bench *bench, const NamedShape *shape, Error *error)
{
    static const char *const options[] = {"experts", "experts-top", "experts-dim"}, *const keys[] = {"experts",
                                                                                                     "experts_top",
                                                                                                     "experts_ffn_dim"};
    const int experts = (int)dm_options_number(bench->options, "experts"),
              top = (int)dm_options_number(bench->options, "experts-top");
    if (!experts) return DM_OK;
    if (shape->architecture != &dm_transformer)
        return dm_misuse(error, "--experts: the shape %s has no blocks that experts could take the place of",
                         shape->name);
    if (top > experts) return dm_misuse(error, "--experts-top %d is more than --experts %d", top, experts);
    for (size_t i = 0; i < DM_COUNT(keys); i++)
        dm_shape_set(&bench->config, dm_shape_row(shape->architecture, keys[i]),
                     (int)dm_options_number(bench->options, options[i]));
    return DM_OK;
}

static Status take_named_shape(Bench *bench, const char *name, Error *error)
{
    const NamedShape *s = named;
    while (strcmp(s->name, name) != 0) s++;
    bench->config = (ModelConfig){
        .architecture = s->architecture,
        .source_vocabulary = s->vocabulary,
        .target_vocabulary = s->vocabulary,
        .shared_embeddings = true,
        .tied_output = true,
        .pad = s->vocabulary - 1,
        .decoder_start = s->vocabulary - 1,
    };
    dm_shape_take_usual(&bench->config);
    set(&bench->config, "d_model", s->width);
    for (const Setting *of = s->settings; of < s->settings + MOST_SETTINGS && of->key; of++)
        set(&bench->config, of->key, of->value);
    bench->update_words = s->update_words;
    bench->dropout = s->dropout;
    return take_experts(bench, s, error);
}

static Status choose_gemm(Bench *bench, const char *trained, Error *error)
{
    const char *asked = dm_options_text(bench->options, "gemm", 0);
    if (strcmp(bench->what, "translate") == 0)
        return dm_gemm_choose_for_search(&bench->gemm, bench->precision, asked, trained, error);
    const int width = bench->config.width;
    if (trained && strcmp(asked, "auto") == 0 &&
        !dm_gemm_choose_for(&bench->gemm, bench->precision, trained, width, NULL))
        return DM_OK;
    return dm_gemm_choose_for(&bench->gemm, bench->precision, asked, width, error);
}

int dm_bench_longest(const Bench *bench)
{
    const int asked = (int)dm_options_number(bench->options, "length");
    if (asked) return asked;
    return strcmp(bench->what, "layer") == 0 ? DM_MEAN_LENGTH : DM_LONGEST_SENTENCE;
}

// Made-up text has to fit into the model.
static Status check_length(const Bench *bench, const char *folder, Error *error)
{
    const bool measures_text = strcmp(bench->what, "gemm") != 0 && !dm_options_text(bench->options, "input", 0);
    const int length = dm_bench_longest(bench), longest = bench->config.architecture->longest(&bench->config);
    if (!measures_text || length < longest) return DM_OK;
    return dm_fail(error,
                   "%s: the learned positions of this model end at %d pieces, and the text that is measured on has "
                   "sentences of up to %d: give it --length %d or less",
                   folder, longest, length, longest - 1);
}

Status dm_bench_shape(Bench *bench, Error *error)
{
    const char *folder = dm_options_text(bench->options, "model", 0);
    cJSON *extra = NULL;
    Status status = DM_OK;
    bench->shape = folder ? folder : dm_options_text(bench->options, "shape", 0);
    if (folder) {
        status = dm_config_read(&bench->config, &extra, folder, error);
        if (!status) status = dm_stored_shape_settle_in(&bench->config, folder, error);
        if (status) {
            cJSON_Delete(extra);
            return status;
        }
        dm_config_forget(&bench->config);  // how it is searched, bench says
        const bool labels = bench->config.architecture->labels(&bench->config) != DM_NO_LABELS;
        if (bench->config.source_vocabulary < 3 || (!labels && bench->config.target_vocabulary < 3)) {
            cJSON_Delete(extra);
            return dm_fail(error, "%s/config.json: a vocabulary of less than 3 pieces has no words", folder);
        }
        bench->update_words = 4096;
        bench->dropout = 0.1f;
    } else {
        status = take_named_shape(bench, bench->shape, error);
        if (status) return status;
    }
    const cJSON *trained = cJSON_GetObjectItemCaseSensitive(extra, "gemm");
    if (folder) status = check_length(bench, folder, error);
    if (!status) status = choose_gemm(bench, cJSON_GetStringValue(trained), error);
    cJSON_Delete(extra);
    return status;
}

Model *dm_bench_model(const Bench *bench)
{
    Model *model = dm_model_create(&bench->config);
    dm_model_initialise(model, bench->seed);
    return model;
}
