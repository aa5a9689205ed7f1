// GPT2LMHeadModel of transformers: a decoder alone, pre-norm with layer norm, learned positions, plain feed-forward
// blocks. Its matrices are [in, out] (Conv1D), and those of queries, keys and values are one.
#include "folder/formats/format.h"

static const FormatFlag flags[] = {
    {"scale_attn_weights", "true", "attention that is not divided by the root of a head's width", NULL, false},
    {"scale_attn_by_inverse_layer_idx", "false", "attention that is divided by the number of the layer", NULL, false},
    {"add_cross_attention", "false", "attention to an encoder", NULL, false},
    {.key = NULL},
};

static const FormatMeans means[] = {
    {"key_value_heads", "0"}, {"norm_place", "pre"},     {"positions", "learned"},      {"scale_embedding", "false"},
    {"biases", "layers"},     {"prompt_mask", "causal"}, {"prompt_positions", "go-on"}, {.key = NULL},
};

static const FormatWord activations[] = {
    {"relu", "relu"},     {"gelu", "gelu"}, {"gelu_new", "gelu_new"}, {"gelu_pytorch_tanh", "gelu_pytorch_tanh"},
    {"swish", "swish"},   {"silu", "silu"}, {"tanh", "tanh"},         {"gelu_python", "gelu_python"},
    {"linear", "linear"}, {NULL, NULL},
};

static const FormatKey keys[] = {
    {.row = "d_model", .key = "n_embd"},
    {.row = "decoder_layers", .key = "n_layer"},
    {.row = "decoder_attention_heads", .key = "n_head"},
    {.row = "decoder_ffn_dim", .key = "n_inner"},
    {.row = "activation_function", .key = "activation_function", .words = activations, .missing = "\"gelu_new\""},
    {.row = "norm_epsilon", .key = "layer_norm_epsilon", .missing = "1e-05", .zero = "1e-05"},
    {.row = "max_position_embeddings", .key = "n_positions", .missing = "1024"},
    {.row = NULL},
};

#define LAYER  "model.decoder.layers.#."
#define THEIRS "transformer.h.#."
static const FormatTensor tensors[] = {
    {"model.shared.weight", "transformer.wte.weight", 0, false},
    {"model.decoder.embed_positions.weight", "transformer.wpe.weight", 0, false},
    {LAYER "self_attn_layer_norm.*", THEIRS "ln_1.*", 0, false},
    {LAYER "self_attn.q_proj.*", THEIRS "attn.c_attn.*", 3, true},
    {LAYER "self_attn.out_proj.*", THEIRS "attn.c_proj.*", 0, true},
    {LAYER "final_layer_norm.*", THEIRS "ln_2.*", 0, false},
    {LAYER "fc1.*", THEIRS "mlp.c_fc.*", 0, true},
    {LAYER "fc2.*", THEIRS "mlp.c_proj.*", 0, true},
    {"model.decoder.layer_norm.*", "transformer.ln_f.*", 0, false},
    {"lm_head.weight", "lm_head.weight", 0, false},
    {NULL, THEIRS "attn.bias", 0, false},  // masks, which earlier versions stored
    {NULL, THEIRS "attn.masked_bias", 0, false},
    {.theirs = NULL},
};

// Without a width of its own, a feed-forward block has four times that of the embeddings.
static void read(JsonFile *file)
{
    const cJSON *width = dm_json_find(file, "n_embd");
    if (dm_json_find(file, "n_inner") || !cJSON_IsNumber(width)) return;
    cJSON_DeleteItemFromObjectCaseSensitive(file->json, "n_inner");  // it may be null
    cJSON_AddNumberToObject(file->json, "n_inner", 4 * width->valuedouble);
}

const Format dm_gpt2_format = {.model_type = "gpt2",
                               .class_name = "GPT2LMHeadModel",
                               .architecture = &dm_lm,
                               .examples = &dm_text,
                               .decoder_alone = true,
                               .flags = flags,
                               .means = means,
                               .keys = keys,
                               .tensors = tensors,
                               .prefix = "transformer.",
                               .read = read};
