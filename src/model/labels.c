// Labels: the encoder of a Transformer, and what it says of every word, or of the sentence, as one of a few labels
// (Devlin et al. 2019, section 4: "BERT"). A target is a label for each place that counts, which is where a word's
// first piece stands, or the sentence's; what is read of it are these places. So a word's label is that of its first
// piece, and a sentence's that of its own: through a layer more, as transformers' classes have it. No label looks at
// another one.
#include <string.h>

#include "core/memory.h"
#include "model/layers/experts.h"
#include "model/outline.h"
#include "model/shape_options.h"
#include "model/transformer.h"

typedef struct Labeller {
    Transformer transformer;  // without decoder; it stands first
    Linear pooler;            // of a sentence
} Labeller;

static Labels labels(const ModelConfig *config)
{
    return dm_transformer_shape(config)->label ? DM_LABEL_OF_SENTENCE : DM_LABELS_OF_WORDS;
}

// ---- Parameters -----------------------------------------------------------------------------------------------------

static const char pooler[] = "pooler.dense", classifier[] = "classifier";

static void declare(Model *model)
{
    const ModelConfig *c = &model->config;
    Parameters *p = &model->parameters;
    dm_source_embeddings_declare(model);
    dm_transformer_declare_encoder(model);
    p->keys = "d_model";
    if (labels(c) == DM_LABEL_OF_SENTENCE) dm_linear_declare(p, pooler, c->width, c->width);
    p->keys = "decoder_vocab_size d_model";
    dm_declare_matrix(p, dm_name("%s.weight", classifier).text, c->target_vocabulary, c->width, DM_INIT_XAVIER);
    p->keys = "decoder_vocab_size";
    p->kind = DM_FIXED;
    const int bias = dm_declare_vector(p, dm_name("%s.bias", classifier).text, c->target_vocabulary, DM_INIT_ZERO);
    p->list[bias].full = p->list[bias].may_lack = true;
    p->kind = DM_TRAINED;
}

static void connect(Model *model)
{
    const Parameters *p = &model->parameters;
    Labeller *l = model->layers;
    dm_transformer_connect_layers(model);
    l->transformer.embeddings.source = dm_source_embeddings(model);
    if (labels(&model->config) == DM_LABEL_OF_SENTENCE) l->pooler = dm_linear_find(p, pooler, 1);
    model->output = (OutputLayer){.kind = &dm_softmax,
                                  .weight = dm_parameters_joined(p, dm_name("%s.weight", classifier).text, 1),
                                  .bias = dm_parameters_joined(p, dm_name("%s.bias", classifier).text, 1),
                                  .pad = -1};
    model->output.bias.parameter = false;  // not trained: no gradient anywhere
}

// ---- What is said of the places -------------------------------------------------------------------------------------

// row: [n] of the memory
static Tensor *at_places(Graph *g, const Model *model, const Memory *memory, const int *row, int n)
{
    const Labeller *l = model->layers;
    const Tensor *const encoded[1] = {memory->rows};
    Tensor *x = dm_collect(g, encoded, 1, row, n);
    if (labels(&model->config) == DM_LABEL_OF_SENTENCE) x = dm_linear_apply_as(g, &l->pooler, x, DM_TANH);
    return dm_dropout(g, x, g->dropout);
}

static Tensor *decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    int *row = dm_arena_take(g->arena, (size_t)target.n * sizeof(int));
    for (int s = 0; s < target.spans.n; s++)
        for (int j = target.spans.start[s]; j < target.spans.start[s] + target.spans.length[s]; j++)
            row[j] = memory.spans.start[s] + target.ids[j];
    return at_places(g, model, &memory, row, target.n);
}

// ---- Search: a slot takes places, one after the other, of its source ------------------------------------------------

struct SearchState {
    const Model *model;
    Memory memory;
    int slots, *source;  // [slots] that each reads
};

static SearchState *start(Graph *g, const Model *model, Memory memory, int room)
{
    (void)g, (void)room;
    SearchState *s = dm_allocate(1, sizeof *s);
    *s = (SearchState){model, memory, memory.spans.n, dm_allocate((size_t)memory.spans.n, sizeof(int))};
    for (int i = 0; i < s->slots; i++) s->source[i] = i;
    return s;
}

static Tensor *extend(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    int rows = 0;
    for (int i = 0; i < s->slots; i++) rows += lengths ? lengths[i] : 1;
    int *row = dm_arena_take(g->arena, (size_t)rows * sizeof(int));
    for (int i = 0, at = 0; i < s->slots; i++)
        for (int j = 0; j < (lengths ? lengths[i] : 1); j++, at++)
            row[at] = s->memory.spans.start[s->source[i]] + ids[at];
    return at_places(g, s->model, &s->memory, row, rows);
}

static void keep(SearchState *s, const int *from, const int *lengths, int n, int room)
{
    (void)lengths, (void)room;
    int *source = dm_allocate((size_t)n, sizeof *source);
    for (int i = 0; i < n; i++) source[i] = s->source[from[i]];
    dm_free(s->source);
    s->source = source;
    s->slots = n;
}

static void finish(SearchState *s)
{
    dm_free(s->source);
    dm_free(s);
}

// ---- The shape ------------------------------------------------------------------------------------------------------

static const Choice kinds[] = {
    {"words", "as many as the words of its line, which blanks separate; a word's first piece has it"},
    {"sentences", "one a line; the first piece has it"},
    {NULL, NULL},
};

static Choice kind_choice(int index)
{
    return kinds[index];
}

// clang-format off
const Option dm_option_label = {
    .name = "label", DM_ONE_VALUE, DM_NAMED, .initial = "words", .choice = kind_choice,
    .help = "--type labels: what has a label:"};

static const ShapeRow shape[] = {
    {.key = "d_model", .type = DM_SHAPE_INTEGER, .offset = offsetof(ModelConfig, width), .low = 2,
     .high = DM_MOST_WIDTH, .missing = DM_MUST_BE_SAID, .usual = 256, .option = &dm_option_dim_emb},
    {.key = "encoder_layers", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(encoder_layers), .low = 1,
     .high = DM_MOST_LAYERS, .missing = DM_MUST_BE_SAID, .usual = 3, .option = &dm_option_enc_depth},
    {.key = "encoder_attention_heads", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(encoder_heads), .low = 1,
     .high = DM_MOST_HEADS, .missing = DM_MUST_BE_SAID, .usual = 4, .option = &dm_option_heads, .divides = "d_model"},
    {.key = "encoder_ffn_dim", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(encoder_ffn), .low = 1,
     .high = DM_MOST_FFN, .missing = DM_MUST_BE_SAID, .usual = 512, .option = &dm_option_dim_ffn},
    DM_TRANSFORMER_ROWS("encoder_layers", 1, 1, false),
    {.key = "label", .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(label), .choice = kind_choice,
     .option = &dm_option_label},
    {.key = "norm_epsilon", .type = DM_SHAPE_TINY, .offset = DM_TRANSFORMER_AT(norm_epsilon), .low = 0,
     .high = 1000000000 /* 0.001 */},
    {.key = NULL},
};
// clang-format on

// As MegatronBert is, embeddings stand as they are beside positions that are learned as well; beside sinusoids they
// would be small.
static void complete(ModelConfig *config)
{
    TransformerShape *t = dm_transformer_shape(config);
    t->scale_embedding = dm_positions_are_waves(dm_position_kinds[t->positions]);
}

static int longest(const ModelConfig *config)
{
    const TransformerShape *t = dm_transformer_shape(config);
    return dm_position_kinds[t->positions]->ends ? t->max_positions : INT_MAX;
}

static cJSON *outline(const ModelConfig *config)
{
    cJSON *list = dm_transformer_outline(config), *output = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
    if (labels(config) == DM_LABEL_OF_SENTENCE)
        dm_outline_add(
            output,
            dm_outline(
                dm_name("of the first piece, through a layer %d - %d, tanh", config->width, config->width).text));
    return list;
}

static const ExampleKind *const examples[] = {&dm_labelled, NULL};

const Architecture dm_labels = {
    .name = "labels",
    .about = "an encoder that says a label of each word, or of each sentence (Devlin et al. 2019)",
    .shape = shape,
    .examples = examples,
    .layers_size = sizeof(Labeller),
    .declare = declare,
    .connect = connect,
    .disconnect = dm_transformer_disconnect,
    .source_attention = dm_transformer_source_attention,
    .labels = labels,
    .writing = dm_writes_on,
    .longest = longest,
    .misfit = dm_transformer_misfit,
    .complete = complete,
    .outline = outline,
    .encode = dm_transformer_encode,
    .decode = decode,
    .start = start,
    .extend = extend,
    .keep = keep,
    .finish = finish,
};
