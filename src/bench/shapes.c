// What is measured on: the shapes by name, the shape of a model folder, and made-up text.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "core/memory.h"
#include "core/random.h"
#include "folder/folder.h"
#include "folder/stored_positions.h"

enum { SHORTEST = 3, LONGEST = 40, TEXT_STREAM = 0x74657874 };  // of made-up text

// ---- Shapes -------------------------------------------------------------------------------------------------------

typedef struct NamedShape {
    const char *name;
    int layers, width, ffn, heads, vocabulary;  // layers of the encoder, and of the decoder
    int update_words;
    float dropout;
} NamedShape;

static const NamedShape named[] = {
    {"tiny", 4, 128, 256, 4, 10000, 8192, 0.3f},   // the recipe for Multi30k
    {"small", 3, 256, 1024, 4, 8000, 4096, 0.1f},  // between the two
    {"base", 6, 512, 2048, 8, 32000, 4096, 0.1f},  // Vaswani et al. 2017, table 3
};

static Status take_named_shape(Bench *bench, const char *name, Error *error)
{
    const int experts = (int)dm_options_number(bench->options, "experts"),
              top = (int)dm_options_number(bench->options, "experts-top");
    if (experts && top > experts) return dm_misuse(error, "--experts-top %d is more than --experts %d", top, experts);
    const NamedShape *s = named;
    while (strcmp(s->name, name) != 0) s++;
    bench->config = (ModelConfig){
        .architecture = &dm_transformer,
        .source_vocabulary = s->vocabulary,
        .target_vocabulary = s->vocabulary,
        .shared_embeddings = true,
        .tied_output = true,
        .pad = s->vocabulary - 1,
        .decoder_start = s->vocabulary - 1,
    };
    dm_shape_take_usual(&bench->config);
    const struct {
        const char *key;
        int value;
    } shape[] = {{"d_model", s->width},
                 {"encoder_layers", s->layers},
                 {"decoder_layers", s->layers},
                 {"encoder_attention_heads", s->heads},
                 {"decoder_attention_heads", s->heads},
                 {"encoder_ffn_dim", s->ffn},
                 {"decoder_ffn_dim", s->ffn},
                 {"experts", experts},
                 {"experts_top", top},
                 {"experts_ffn_dim", (int)dm_options_number(bench->options, "experts-dim")}};
    for (size_t i = 0; i < DM_COUNT(shape); i++)
        dm_shape_set(&bench->config, dm_shape_row(&dm_transformer, shape[i].key), shape[i].value);
    bench->update_words = s->update_words;
    bench->dropout = s->dropout;
    return DM_OK;
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
    return strcmp(bench->what, "layer") == 0 ? DM_MEAN_LENGTH : LONGEST + 1;
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
        if (!status) status = dm_positions_settle_in(&bench->config, folder, error);
        if (status) {
            cJSON_Delete(extra);
            return status;
        }
        dm_search_forget(&bench->config.search);  // how it is searched, bench says
        if (bench->config.source_vocabulary < 3 || bench->config.target_vocabulary < 3) {
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

// ---- Text ---------------------------------------------------------------------------------------------------------

static int clamp(double length)
{
    return length < SHORTEST ? SHORTEST : length > LONGEST ? LONGEST : (int)length;
}

// Log-normal: mean 13, standard deviation 4; a translation is of nearly the same length.
static void draw_lengths(Random *random, int *source, int *target)
{
    const double length = 12.4 * exp(0.3 * dm_random_normal(random));
    *source = clamp(length + 0.5) + 1;
    *target = clamp(length * exp(0.15 * dm_random_normal(random)) + 0.5) + 1;
}

// Zipf's law, roughly: of n pieces, piece i is drawn with a probability of about 1 / (i log n).
static int draw_piece(Random *random, const ModelConfig *c)
{
    const int n = c->source_vocabulary < c->target_vocabulary ? c->source_vocabulary : c->target_vocabulary;
    int id = (int)exp(dm_random_uniform(random) * log(n)) - 1;
    while (id == c->pad || id == c->eos) id = (id + 1) % n;
    return id;
}

static void draw_side(Random *random, const ModelConfig *c, int *ids, int length)
{
    for (int i = 0; i + 1 < length; i++) ids[i] = draw_piece(random, c);
    ids[length - 1] = c->eos;
}

void dm_bench_text(Corpus *corpus, const Bench *bench, int pairs)
{
    Random random = dm_random(bench->seed, TEXT_STREAM, 0, 0);
    const size_t count = (size_t)pairs;
    const int asked = (int)dm_options_number(bench->options, "length"), longest = dm_bench_longest(bench);
    *corpus = (Corpus){.pairs = pairs,
                       .ids = dm_allocate(count * 2 * (size_t)longest, sizeof(int)),
                       .source = dm_allocate(count, sizeof(size_t)),
                       .target = dm_allocate(count, sizeof(size_t)),
                       .source_length = dm_allocate(count, sizeof(int)),
                       .target_length = dm_allocate(count, sizeof(int)),
                       .line = dm_allocate(count, sizeof(int))};
    size_t used = 0;
    for (int i = 0; i < pairs; i++) {
        int source = asked, target = asked;
        if (!asked) draw_lengths(&random, &source, &target);
        corpus->line[i] = i + 1;
        corpus->source[i] = used;
        corpus->source_length[i] = source;
        draw_side(&random, &bench->config, corpus->ids + used, source);
        used += (size_t)source;
        corpus->target[i] = used;
        corpus->target_length[i] = target;
        draw_side(&random, &bench->config, corpus->ids + used, target);
        used += (size_t)target;
    }
}
