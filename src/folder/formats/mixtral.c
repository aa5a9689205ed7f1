// MixtralForCausalLM of transformers (Jiang et al. 2024): Llama whose feed-forward blocks are experts, of which a softmax
// chooses. It has no bias of the choice.
#include "folder/formats/format.h"
#include "folder/formats/rope.h"

static const FormatFlag flags[] = {
    {"sliding_window", "null", "attention that sees a window alone", NULL, false},
    {.key = NULL},
};

static const FormatMeans means[] = {
    {"norm", "rms"},       {"norm_place", "pre"},     {"positions", "rotary"},       {"scale_embedding", "false"},
    {"biases", "none"},    {"experts_shared", "0"},   {"experts_ffn_dim", "0"},      {"experts_every", "1"},
    {"router", "softmax"}, {"prompt_mask", "causal"}, {"prompt_positions", "go-on"}, {.key = NULL},
};

static const FormatWord activations[] = {{"swiglu", "silu"}, {"swiglu", "swish"}, {"geglu", "gelu"}, {NULL, NULL}};

static const FormatKey keys[] = {
    {.row = "d_model", .key = "hidden_size"},
    {.row = "decoder_layers", .key = "num_hidden_layers"},
    {.row = "decoder_attention_heads", .key = "num_attention_heads"},
    {.row = "key_value_heads", .key = "num_key_value_heads", .missing = "8", .same = "decoder_attention_heads"},
    {.row = "decoder_ffn_dim", .key = "intermediate_size"},
    {.row = "activation_function", .key = "hidden_act", .words = activations, .missing = "\"silu\""},
    {.row = "experts", .key = "num_local_experts", .missing = "8"},
    {.row = "experts_top", .key = "num_experts_per_tok", .missing = "2"},
    {.row = "norm_epsilon", .key = "rms_norm_eps", .missing = "1e-05", .zero = "1e-06"},
    {.row = "rope_theta", .key = "rope_theta", .missing = "1000000"},
    {.row = "max_position_embeddings", .key = "max_position_embeddings", .missing = "131072"},
    {.row = NULL},
};

#define LAYER  "model.decoder.layers.#."
#define THEIRS "model.layers.#."
#define EXPERT THEIRS "block_sparse_moe.experts.#."
static const FormatTensor tensors[] = {
    {"model.shared.weight", "model.embed_tokens.weight", 0, false},
    {LAYER "self_attn_layer_norm.*", THEIRS "input_layernorm.*", 0, false},
    {LAYER "self_attn.out_proj.*", THEIRS "self_attn.o_proj.*", 0, false},
    {LAYER "self_attn.*", THEIRS "self_attn.*", 0, false},
    {LAYER "final_layer_norm.*", THEIRS "post_attention_layernorm.*", 0, false},
    {LAYER "router.bias", "", 0, false},
    {LAYER "router.*", THEIRS "block_sparse_moe.gate.*", 0, false},
    {LAYER "experts.#.gate_proj.*", EXPERT "w1.*", 0, false},
    {LAYER "experts.#.up_proj.*", EXPERT "w3.*", 0, false},
    {LAYER "experts.#.down_proj.*", EXPERT "w2.*", 0, false},
    {"model.decoder.layer_norm.*", "model.norm.*", 0, false},
    {"lm_head.weight", "lm_head.weight", 0, false},
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

// Of one alone, it has the choice count as 1.
static bool misfit(const ModelConfig *config, Name *why)
{
    const int experts = dm_shape_value(config, dm_shape_row(config->architecture, "experts")),
              top = dm_shape_value(config, dm_shape_row(config->architecture, "experts_top"));
    if (experts >= 2 && top >= 2) return false;
    *why = dm_name("\"num_local_experts\" is %d and \"num_experts_per_tok\" %d, but only models with at least two of "
                   "either can be computed",
                   experts, top);
    return true;
}

const Format dm_mixtral_format = {.model_type = "mixtral",
                                  .class_name = "MixtralForCausalLM",
                                  .architecture = &dm_lm,
                                  .examples = &dm_text,
                                  .decoder_alone = true,
                                  .untied = true,
                                  .flags = flags,
                                  .means = means,
                                  .keys = keys,
                                  .tensors = tensors,
                                  .read = read,
                                  .write = write,
                                  .misfit = misfit};
