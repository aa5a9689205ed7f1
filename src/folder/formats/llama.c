// LlamaForCausalLM of transformers: a decoder alone, pre-norm with RMS norm, rotary positions, gated feed-forward
// blocks, no biases. Its rotary positions turn the pairs that ours do.
#include "folder/formats/format.h"
#include "folder/formats/rope.h"

static const FormatFlag flags[] = {
    {"attention_bias", "false", "biases in attention", NULL, false},
    {"mlp_bias", "false", "biases in the feed-forward blocks", NULL, false},
    {.key = NULL},
};

static const FormatMeans means[] = {
    {"norm", "rms"},    {"norm_place", "pre"},     {"positions", "rotary"},       {"scale_embedding", "false"},
    {"biases", "none"}, {"prompt_mask", "causal"}, {"prompt_positions", "go-on"}, {.key = NULL},
};

static const FormatWord activations[] = {{"swiglu", "silu"}, {"swiglu", "swish"}, {"geglu", "gelu"}, {NULL, NULL}};

static const FormatKey keys[] = {
    {.row = "d_model", .key = "hidden_size"},
    {.row = "decoder_layers", .key = "num_hidden_layers"},
    {.row = "decoder_attention_heads", .key = "num_attention_heads"},
    {.row = "key_value_heads", .key = "num_key_value_heads", .same = "decoder_attention_heads"},
    {.row = "decoder_ffn_dim", .key = "intermediate_size"},
    {.row = "activation_function", .key = "hidden_act", .words = activations, .missing = "\"silu\""},
    {.row = "norm_epsilon", .key = "rms_norm_eps", .missing = "1e-06", .zero = "1e-06"},
    {.row = "rope_theta", .key = "rope_theta"},
    {.row = "max_position_embeddings", .key = "max_position_embeddings", .missing = "2048"},
    {.row = NULL},
};

#define LAYER  "model.decoder.layers.#."
#define THEIRS "model.layers.#."
static const FormatTensor tensors[] = {
    {"model.shared.weight", "model.embed_tokens.weight", 0, false},
    {LAYER "self_attn_layer_norm.*", THEIRS "input_layernorm.*", 0, false},
    {LAYER "self_attn.out_proj.*", THEIRS "self_attn.o_proj.*", 0, false},
    {LAYER "self_attn.*", THEIRS "self_attn.*", 0, false},
    {LAYER "final_layer_norm.*", THEIRS "post_attention_layernorm.*", 0, false},
    {LAYER "*", THEIRS "mlp.*", 0, false},
    {"model.decoder.layer_norm.*", "model.norm.*", 0, false},
    {"lm_head.weight", "lm_head.weight", 0, false},
    {NULL, THEIRS "self_attn.rotary_emb.inv_freq", 0, false},
    {.theirs = NULL},
};

static void read(JsonFile *file)
{
    dm_head_width_check(file);
    dm_rope_read(file, 1);
}

static void write(cJSON *json, const ModelConfig *config)
{
    (void)config;
    dm_rope_write(json);
}

const Format dm_llama_format = {.model_type = "llama",
                                .class_name = "LlamaForCausalLM",
                                .architecture = &dm_lm,
                                .examples = &dm_text,
                                .decoder_alone = true,
                                .untied = true,
                                .flags = flags,
                                .means = means,
                                .keys = keys,
                                .tensors = tensors,
                                .read = read,
                                .write = write};
