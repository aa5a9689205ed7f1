// MegatronBertForTokenClassification and MegatronBertForSequenceClassification of transformers: an encoder alone,
// pre-norm with layer norm, learned positions, plain feed-forward blocks. Which of the two it is says what has a label.
#include <string.h>

#include "folder/formats/format.h"

static const FormatFlag flags[] = {
    {"is_decoder", "false", "a decoder", NULL, false},
    {"add_cross_attention", "false", "attention to an encoder", NULL, false},
    {"position_embedding_type", "\"absolute\"", "positions that attention gets", NULL, false},
    {.key = NULL},
};

static const FormatMeans means[] = {
    {"norm_place", "pre"}, {"positions", "learned"}, {"scale_embedding", "false"}, {.key = NULL}};

static const FormatWord activations[] = {
    {"relu", "relu"},     {"gelu", "gelu"}, {"gelu_new", "gelu_new"}, {"gelu_pytorch_tanh", "gelu_pytorch_tanh"},
    {"swish", "swish"},   {"silu", "silu"}, {"tanh", "tanh"},         {"gelu_python", "gelu_python"},
    {"linear", "linear"}, {NULL, NULL},
};

static const FormatWord classes[] = {{"words", "MegatronBertForTokenClassification"},
                                     {"sentences", "MegatronBertForSequenceClassification"},
                                     {NULL, NULL}};

static const FormatKey keys[] = {
    {.row = "d_model", .key = "hidden_size"},
    {.row = "encoder_layers", .key = "num_hidden_layers"},
    {.row = "encoder_attention_heads", .key = "num_attention_heads"},
    {.row = "encoder_ffn_dim", .key = "intermediate_size"},
    {.row = "activation_function", .key = "hidden_act", .words = activations, .missing = "\"gelu\""},
    {.row = "norm_epsilon", .key = "layer_norm_eps", .missing = "1e-12", .zero = "1e-05"},
    {.row = "max_position_embeddings", .key = "max_position_embeddings", .missing = "512"},
    {.row = "label", .key = DM_CLASSES, .words = classes},
    {.row = NULL},
};

#define LAYER  "model.encoder.layers.#."
#define THEIRS "bert.encoder.layer.#."
static const FormatTensor tensors[] = {
    {"model.encoder.embed_tokens.weight", "bert.embeddings.word_embeddings.weight", 0, false},
    {"model.encoder.embed_positions.weight", "bert.embeddings.position_embeddings.weight", 0, false},
    {LAYER "self_attn_layer_norm.*", THEIRS "attention.ln.*", 0, false},
    {LAYER "self_attn.q_proj.*", THEIRS "attention.self.query.*", 0, false},
    {LAYER "self_attn.k_proj.*", THEIRS "attention.self.key.*", 0, false},
    {LAYER "self_attn.v_proj.*", THEIRS "attention.self.value.*", 0, false},
    {LAYER "self_attn.out_proj.*", THEIRS "attention.output.dense.*", 0, false},
    {LAYER "final_layer_norm.*", THEIRS "ln.*", 0, false},
    {LAYER "fc1.*", THEIRS "intermediate.dense.*", 0, false},
    {LAYER "fc2.*", THEIRS "output.dense.*", 0, false},
    {"model.encoder.layer_norm.*", "bert.encoder.ln.*", 0, false},
    {"pooler.*", "bert.pooler.*", 0, false},
    {"classifier.*", "classifier.*", 0, false},
    {NULL, "bert.pooler.*", 0, false},                 // of labels of words, which nobody needs
    {NULL, "bert.embeddings.position_ids", 0, false},  // 0, 1, 2 ..., which earlier versions stored
    {.theirs = NULL},
};

// What all pieces of a first text have added, and here there is no other, belongs to their positions.
static const char positions[] = "model.encoder.embed_positions.weight",
                  types[] = "bert.embeddings.token_type_embeddings.weight";

// A label that is one of several at the same time, or a number, is none of ours.
static void read(JsonFile *file)
{
    const char *problem = dm_json_text(file, "problem_type", NULL);
    const cJSON *class = dm_json_find(file, DM_CLASSES);
    if (cJSON_IsArray(class)) dm_json_refuse(file, DM_CLASSES, class, "a list of one class");
    if (!class)
        dm_json_complain(file, "%s has no \"" DM_CLASSES "\": add [\"%s\"], or [\"%s\"] where a sentence has one label",
                         file->path, classes[0].theirs, classes[1].theirs);
    if (problem && strcmp(problem, "single_label_classification") != 0)
        dm_json_complain(file,
                         "%s: \"problem_type\" is \"%.60s\", but only models that choose one of their labels can be "
                         "opened",
                         file->path, problem);
}

static void write(cJSON *json, const ModelConfig *config)
{
    (void)config;
    cJSON_AddNumberToObject(json, "hidden_dropout_prob", 0.1);
    cJSON_AddNumberToObject(json, "attention_probs_dropout_prob", 0);
    cJSON_AddNumberToObject(json, "type_vocab_size", DM_ADDED_ROWS);
}

const Format dm_megatron_bert_format = {.model_type = "megatron-bert",
                                        .architecture = &dm_labels,
                                        .separate_vocabularies = true,
                                        .encoder_alone = true,
                                        .flags = flags,
                                        .means = means,
                                        .keys = keys,
                                        .tensors = tensors,
                                        .added_to = positions,
                                        .added = types,
                                        .read = read,
                                        .write = write};
