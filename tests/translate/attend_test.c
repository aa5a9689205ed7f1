// What the heads see, on a small random model: rows sum to 1, the future counts nothing, and the figures are those of a
// Transformer written down once more, in double precision and without any of the library's ops.
#include "translate/translator.h"

#include <unistd.h>

#include "core/files.h"
#include "core/memory.h"
#include "folder/folder.h"
#include "search/small_model.h"

enum { VOCABULARY = 30, WIDTH = 16, HEADS = 4, LAYERS = 2, MOST = 40 };

typedef struct Bench {
    Model *model;
    Segmenter *segmenter;
    Translator translator;
    char folder[32];  // holds vocab.json
} Bench;

// </s> <unk> w2 ... w28 <pad>
static void write_vocabulary(const char *path)
{
    char words[VOCABULARY][16];
    const char *pieces[VOCABULARY];
    Error error = {""};
    for (int i = 0; i < VOCABULARY; i++) {
        snprintf(words[i], sizeof words[i], "w%d", i);
        pieces[i] = i == 0 ? "</s>" : i == 1 ? "<unk>" : i == VOCABULARY - 1 ? "<pad>" : words[i];
    }
    Vocabulary *vocabulary = dm_vocabulary_create(pieces, VOCABULARY);
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_write(vocabulary, path, &error), DM_OK);
    dm_vocabulary_free(vocabulary);
}

static void open_bench(Bench *b)
{
    *b = (Bench){.model = small_model(&(Shape){8, VOCABULARY, WIDTH, HEADS, LAYERS, 3, 2}),
                 .folder = "/tmp/dragoman-XXXXXX"};
    Error error = {""};
    if (!mkdtemp(b->folder)) abort();
    char *path = dm_join_path(b->folder, "vocab.json");
    write_vocabulary(path);
    CU_ASSERT_EQUAL_FATAL(
        dm_segmenter_open(&b->segmenter, &(SegmenterFiles){.folder = b->folder, .kind = "space"}, &error), DM_OK);
    dm_free(path);
    b->translator = (Translator){
        .models = (const Model *const *)&b->model,
        .model_count = 1,
        .segmenter = b->segmenter,
        .gemm = chosen_backend(),
        .options = {.beam_size = 3, .normalize = 1, .max_length_factor = 1, .threads = 1, .mini_batch = 8}};
}

static void close_bench(Bench *b)
{
    static const char *const files[] = {"vocab.json", "config.json", "generation_config.json", "model.safetensors"};
    for (size_t i = 0; i < DM_COUNT(files); i++) {
        char *path = dm_join_path(b->folder, files[i]);
        unlink(path);
        dm_free(path);
    }
    rmdir(b->folder);
    dm_segmenter_close(b->segmenter);
    dm_model_destroy(b->model);
}

// ---- The same in plain loops ----------------------------------------------------------------------------------------

typedef struct Rows {
    int n;
    double at[MOST][WIDTH];
} Rows;

typedef double Seen[HEADS][MOST][MOST];

static const float *weights(const Model *model, const char *prefix, const char *name, const char *what)
{
    char *full = dm_format("%s.%s.%s", prefix, name, what);
    const float *data = dm_parameter(&model->parameters, full)->tensor.data;
    dm_free(full);
    return data;
}

// out[o] = bias[o] + sum over i of weight[o][i] in[i]
static void affine(const Model *model, const char *prefix, const char *name, const double *in, int ins, double *out,
                   int outs)
{
    const float *w = weights(model, prefix, name, "weight"), *b = weights(model, prefix, name, "bias");
    for (int o = 0; o < outs; o++) {
        out[o] = (double)b[o];
        for (int i = 0; i < ins; i++) out[o] += (double)w[o * ins + i] * in[i];
    }
}

// x = norm(x + f)
static void add_and_norm(const Model *model, const char *prefix, const char *name, double *x, const double *f)
{
    const float *gain = weights(model, prefix, name, "weight"), *bias = weights(model, prefix, name, "bias");
    double mean = 0, variance = 0;
    for (int c = 0; c < WIDTH; c++) mean += (x[c] += f[c]) / WIDTH;
    for (int c = 0; c < WIDTH; c++) variance += (x[c] - mean) * (x[c] - mean) / WIDTH;
    for (int c = 0; c < WIDTH; c++)
        x[c] = (double)gain[c] * (x[c] - mean) / sqrt(variance + (double)DM_NORM_EPSILON) + (double)bias[c];
}

// One row of one head: softmax of q k / sqrt(width of a head) over the first `allowed` keys.
static void look(const double *q, const Rows *k, int head, int allowed, double *seen)
{
    const int width = WIDTH / HEADS;
    double sum = 0;
    for (int j = 0; j < k->n; j++) {
        double score = 0;
        for (int c = head * width; c < (head + 1) * width; c++) score += q[c] * k->at[j][c];
        seen[j] = j < allowed ? exp(score / sqrt(width)) : 0;
        sum += seen[j];
    }
    for (int j = 0; j < k->n; j++) seen[j] /= sum;
}

static void attend(const Model *model, const char *prefix, const char *kind, Rows *x, const Rows *memory, bool causal,
                   Seen seen)
{
    char *attention = dm_format("%s.%s", prefix, kind), *norm = dm_format("%s_layer_norm", kind);
    Rows q = {x->n, {{0}}}, k = {memory->n, {{0}}}, v = {memory->n, {{0}}};
    for (int i = 0; i < q.n; i++) affine(model, attention, "q_proj", x->at[i], WIDTH, q.at[i], WIDTH);
    for (int j = 0; j < k.n; j++) affine(model, attention, "k_proj", memory->at[j], WIDTH, k.at[j], WIDTH);
    for (int j = 0; j < k.n; j++) affine(model, attention, "v_proj", memory->at[j], WIDTH, v.at[j], WIDTH);
    for (int i = 0; i < q.n; i++) {
        double mixed[WIDTH] = {0}, out[WIDTH];
        for (int h = 0; h < HEADS; h++) {
            look(q.at[i], &k, h, causal ? i + 1 : k.n, seen[h][i]);
            for (int c = h * WIDTH / HEADS; c < (h + 1) * WIDTH / HEADS; c++)
                for (int j = 0; j < k.n; j++) mixed[c] += seen[h][i][j] * v.at[j][c];
        }
        affine(model, attention, "out_proj", mixed, WIDTH, out, WIDTH);
        add_and_norm(model, prefix, norm, x->at[i], out);
    }
    dm_free(attention);
    dm_free(norm);
}

static void feed_forward(const Model *model, const char *prefix, Rows *x)
{
    for (int i = 0; i < x->n; i++) {
        double inner[2 * WIDTH], out[WIDTH];
        affine(model, prefix, "fc1", x->at[i], WIDTH, inner, 2 * WIDTH);
        for (int c = 0; c < 2 * WIDTH; c++) inner[c] = inner[c] > 0 ? inner[c] : 0;
        affine(model, prefix, "fc2", inner, 2 * WIDTH, out, WIDTH);
        add_and_norm(model, prefix, "final_layer_norm", x->at[i], out);
    }
}

static Rows embed(const Model *model, const int *ids, int n)
{
    const float *table = weights(model, "model", "shared", "weight");
    Rows x = {n, {{0}}};
    for (int i = 0; i < n; i++)
        for (int c = 0; c < WIDTH; c++) {
            const int half = WIDTH / 2;
            const double angle = i / pow(10000, 2.0 * (c % half) / WIDTH);
            x.at[i][c] = sqrt(WIDTH) * (double)table[ids[i] * WIDTH + c] + (c < half ? sin(angle) : cos(angle));
        }
    return x;
}

typedef struct Expected {
    Seen encoder[LAYERS], decoder[LAYERS], cross[LAYERS];
} Expected;

static void compute(const Model *model, const int *source, int sources, const int *read, int targets, Expected *out)
{
    char prefix[64];
    Rows memory = embed(model, source, sources), x = embed(model, read, targets);
    for (int layer = 0; layer < LAYERS; layer++) {
        snprintf(prefix, sizeof prefix, "model.encoder.layers.%d", layer);
        Rows before = memory;
        attend(model, prefix, "self_attn", &memory, &before, false, out->encoder[layer]);
        feed_forward(model, prefix, &memory);
    }
    for (int layer = 0; layer < LAYERS; layer++) {
        snprintf(prefix, sizeof prefix, "model.decoder.layers.%d", layer);
        Rows before = x;
        attend(model, prefix, "self_attn", &x, &before, true, out->decoder[layer]);
        attend(model, prefix, "encoder_attn", &x, &memory, false, out->cross[layer]);
        feed_forward(model, prefix, &x);
    }
}

// ---- Facts ----------------------------------------------------------------------------------------------------------

static const char line[] = "w3 w17 w5 w5 w28 w11 w2";

static float weight_at(const dm_attention_maps *maps, int layer, int head, int row, int column)
{
    return maps->weights[((layer * maps->heads + head) * maps->rows + row) * maps->columns + column];
}

static bool agree(const dm_attention_maps *maps, Seen *expected)
{
    for (int layer = 0; layer < LAYERS; layer++)
        for (int h = 0; h < HEADS; h++)
            for (int i = 0; i < maps->rows; i++)
                for (int j = 0; j < maps->columns; j++)
                    if (!(fabs((double)weight_at(maps, layer, h, i, j) - expected[layer][h][i][j]) < 1e-5))
                        return false;
    return true;
}

static int id_of(const Segmenter *segmenter, const char *piece)
{
    return dm_vocabulary_id(dm_segmenter_vocabulary(segmenter, DM_TARGET), piece);
}

static void the_maps_are_those_of_a_plain_computation(void)
{
    Bench b;
    open_bench(&b);
    dm_attended seen;
    int source[MOST], read[MOST];
    dm_translator_attend(&b.translator, line, &seen);
    CU_ASSERT_FATAL(seen.source_pieces == 8 && seen.target_pieces > 2 && seen.target_pieces < MOST);
    for (int i = 0; i < seen.source_pieces; i++) source[i] = id_of(b.segmenter, seen.source[i]);
    read[0] = b.model->config.decoder_start;
    for (int i = 1; i < seen.target_pieces; i++) read[i] = id_of(b.segmenter, seen.target[i - 1]);
    Expected *expected = calloc(1, sizeof *expected);
    compute(b.model, source, seen.source_pieces, read, seen.target_pieces, expected);
    CU_ASSERT(agree(&seen.encoder, expected->encoder));
    CU_ASSERT(agree(&seen.decoder, expected->decoder));
    CU_ASSERT(agree(&seen.cross, expected->cross));
    free(expected);
    dm_attended_free(&seen);
    close_bench(&b);
}

static void check_maps(const dm_attention_maps *maps, int rows, int columns)
{
    CU_ASSERT_FATAL(maps->layers == LAYERS && maps->heads == HEADS && maps->rows == rows && maps->columns == columns);
    for (int row = 0; row < LAYERS * HEADS * rows; row++) {
        double sum = 0;
        for (int j = 0; j < columns; j++) sum += (double)maps->weights[row * columns + j];
        CU_ASSERT_DOUBLE_EQUAL(sum, 1, 1e-5);
    }
}

static void every_row_sums_to_one_and_the_future_counts_nothing(void)
{
    Bench b;
    open_bench(&b);
    dm_attended seen;
    dm_translator_attend(&b.translator, line, &seen);
    check_maps(&seen.encoder, seen.source_pieces, seen.source_pieces);
    check_maps(&seen.decoder, seen.target_pieces, seen.target_pieces);
    check_maps(&seen.cross, seen.target_pieces, seen.source_pieces);
    for (int layer = 0; layer < LAYERS; layer++)
        for (int i = 0; i < seen.target_pieces; i++)
            for (int j = 0; j < seen.target_pieces; j++)
                CU_ASSERT_EQUAL(weight_at(&seen.decoder, layer, HEADS - 1, i, j) > 0, j <= i);
    dm_attended_free(&seen);
    close_bench(&b);
}

static void it_looks_at_the_translation_that_dm_translate_gives(void)
{
    static const char *const prefix[] = {"w5 w6"};
    static const dm_translate_options cases[] = {
        {.beam_size = 3},
        {.beam_size = 1, .prefixes = prefix},
        {.beam_size = 4, .coverage_penalty = 5},
        {.sampling = DM_SAMPLE_FULL, .temperature = 1, .seed = 3, .first_line = 17},
    };
    Bench b;
    open_bench(&b);
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_attended seen;
        dm_translation translation;
        const char *const lines[] = {line};
        b.translator.options = cases[i];
        b.translator.options.normalize = 1;
        b.translator.options.max_length_factor = 1;
        b.translator.options.threads = b.translator.options.mini_batch = 1;
        b.translator.heads = (AlignmentHeads){.layer = 1, .head_count = 1, .heads = (int[]){0}};
        CU_ASSERT_FATAL(dm_translator_attend(&b.translator, line, &seen));
        dm_translator_run(&b.translator, lines, 1, &translation);
        CU_ASSERT_STRING_EQUAL(seen.text, translation.hypotheses[0].text);
        CU_ASSERT_STRING_EQUAL(seen.source[0], "w3");
        CU_ASSERT_STRING_EQUAL(seen.source[seen.source_pieces - 1], "</s>");
        CU_ASSERT_STRING_EQUAL(seen.target[seen.target_pieces - 1], "</s>");
        CU_ASSERT(strncmp(seen.target[0], seen.text, strlen(seen.target[0])) == 0);
        dm_translations_free(&translation, 1);
        dm_attended_free(&seen);
    }
    close_bench(&b);
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void through_the_public_door_a_line_that_cannot_be_looked_at_is_refused(void)
{
    Bench b;
    open_bench(&b);
    Error error = {""};
    dm_model *model = NULL;
    dm_attended seen;
    cJSON *extra = cJSON_CreateObject();
    cJSON_AddStringToObject(extra, "segmenter", "space");
    char *path = dm_join_path(b.folder, "model.safetensors");
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&b.model->config, extra, b.folder, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_weights_write(b.model, NULL, path, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_model_open(&model, b.folder, NULL, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_attend(model, line, NULL, &seen, &error), DM_OK);
    check_maps(&seen.cross, seen.target_pieces, seen.source_pieces);
    dm_attended_free(&seen);
    CU_ASSERT_EQUAL(dm_attend(model, " \t ", NULL, &seen, &error), DM_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "blank"));
    CU_ASSERT_EQUAL(dm_attend(model, "w3 \xff", NULL, &seen, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "UTF-8"));
    dm_translate_options o;
    dm_translate_options_read(&o, NULL, &error);
    o.prefixes = (const char *const[]){"w5 \xff"};
    CU_ASSERT_EQUAL(dm_attend(model, line, &o, &seen, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "the prefix is not valid UTF-8"));
    o.prefixes = NULL;
    o.stop = at_once;
    CU_ASSERT_EQUAL(dm_attend(model, line, &o, &seen, &error), DM_STOPPED);
    dm_attended_free(&seen);
    dm_model_close(model);
    cJSON_Delete(extra);
    dm_free(path);
    close_bench(&b);
}

const Fact facts[] = {
    FACT(the_maps_are_those_of_a_plain_computation),
    FACT(every_row_sums_to_one_and_the_future_counts_nothing),
    FACT(it_looks_at_the_translation_that_dm_translate_gives),
    FACT(through_the_public_door_a_line_that_cannot_be_looked_at_is_refused),
    {NULL, NULL},
};
