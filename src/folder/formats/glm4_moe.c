// Glm4MoeForCausalLM of transformers: Llama whose feed-forward blocks are experts as in DeepSeek-V3 (2024): sigmoids
// and a bias choose among them, and some take every piece. Behind its layers stand those of its heads that look ahead,
// by which `generate(use_mtp=True)` drafts. Layers without experts, groups of experts and norms of queries and keys,
// which larger ones have, cannot be computed yet.
#include "folder/formats/format.h"
#include "folder/formats/rope.h"

static const FormatFlag flags[] = {
    {"attention_bias", "false", "biases in attention", NULL, false},
    {"use_qk_norm", "false", "norms of queries and keys", NULL, false},
    {"norm_topk_prob", "true", "experts that are not weighed in proportion", NULL, false},
    {"routed_scaling_factor", "1.0", "experts that count more than that", NULL, false},
    {"n_group", "1", "experts in groups", NULL, false},
    {"topk_group", "1", "experts in groups", NULL, false},
    {"first_k_dense_replace", "0", "first layers without experts", NULL, true},
    {.key = NULL},
};

static const FormatMeans means[] = {
    {"norm", "rms"},
    {"norm_place", "pre"},
    {"positions", "rotary"},
    {"scale_embedding", "false"},
    {"biases", "none"},
    {"experts_every", "1"},
    {"router", "sigmoid"},
    {"prompt_mask", "causal"},
    {"prompt_positions", "go-on"},
    {"ahead_form", "chain"},
    {.key = NULL},
};

static const FormatWord activations[] = {{"swiglu", "silu"}, {"swiglu", "swish"}, {"geglu", "gelu"}, {NULL, NULL}};

static const FormatKey keys[] = {
    {.row = "d_model", .key = "hidden_size"},
    {.row = "decoder_layers", .key = "num_hidden_layers"},
    {.row = "decoder_attention_heads", .key = "num_attention_heads"},
    {.row = "key_value_heads", .key = "num_key_value_heads", .missing = "8", .same = "decoder_attention_heads"},
    {.row = "decoder_ffn_dim", .key = "intermediate_size"},
    {.row = "activation_function", .key = "hidden_act", .words = activations, .missing = "\"silu\""},
    {.row = "experts", .key = "n_routed_experts", .missing = "128"},
    {.row = "experts_top", .key = "num_experts_per_tok", .missing = "8"},
    {.row = "experts_shared", .key = "n_shared_experts", .missing = "1"},
    {.row = "experts_ffn_dim", .key = "moe_intermediate_size", .missing = "1408", .same = "decoder_ffn_dim"},
    {.row = "norm_epsilon", .key = "rms_norm_eps", .missing = "1e-05", .zero = "1e-06"},
    {.row = "rope_theta", .key = "rope_theta"},
    {.row = "max_position_embeddings", .key = "max_position_embeddings", .missing = "131072"},
    {.row = "ahead", .key = "num_nextn_predict_layers", .missing = "1"},
    {.row = NULL},
};

#define LAYER  "model.decoder.layers.#."
#define THEIRS "model.layers.#."
#define HEAD   "model.ahead.#."
#define BEHIND "model.layers.+."
static const FormatTensor tensors[] = {
    {"model.shared.weight", "model.embed_tokens.weight", 0, false},
    {LAYER "self_attn_layer_norm.*", THEIRS "input_layernorm.*", 0, false},
    {LAYER "self_attn.out_proj.*", THEIRS "self_attn.o_proj.*", 0, false},
    {LAYER "self_attn.*", THEIRS "self_attn.*", 0, false},
    {LAYER "final_layer_norm.*", THEIRS "post_attention_layernorm.*", 0, false},
    {LAYER "router.weight", THEIRS "mlp.gate.weight", 0, false},
    {LAYER "router.bias", THEIRS "mlp.gate.e_score_correction_bias", 0, false},
    {LAYER "*", THEIRS "mlp.*", 0, false},
    {"model.decoder.layer_norm.*", "model.norm.*", 0, false},
    {"lm_head.weight", "lm_head.weight", 0, false},
    {HEAD "enorm.*", BEHIND "enorm.*", 0, false},
    {HEAD "hnorm.*", BEHIND "hnorm.*", 0, false},
    {HEAD "eh_proj.*", BEHIND "eh_proj.*", 0, false},
    {HEAD "self_attn_layer_norm.*", BEHIND "input_layernorm.*", 0, false},
    {HEAD "self_attn.out_proj.*", BEHIND "self_attn.o_proj.*", 0, false},
    {HEAD "self_attn.*", BEHIND "self_attn.*", 0, false},
    {HEAD "final_layer_norm.*", BEHIND "post_attention_layernorm.*", 0, false},
    {HEAD "layer_norm.*", BEHIND "shared_head.norm.*", 0, false},
    {HEAD "router.weight", BEHIND "mlp.gate.weight", 0, false},
    {HEAD "router.bias", BEHIND "mlp.gate.e_score_correction_bias", 0, false},
    {HEAD "*", BEHIND "mlp.*", 0, false},
    {NULL, THEIRS "embed_tokens.weight", 0, false},  // the model's own once more, in released ones
    {NULL, THEIRS "shared_head.head.weight", 0, false},
    {.theirs = NULL},
};

static void read(JsonFile *file)
{
    dm_head_width_check(file);
    dm_rope_read(file, 0.5);
}

static void write(cJSON *json, const ModelConfig *config)
{
    cJSON_AddNumberToObject(json, "head_dim",
                            config->width /
                                dm_shape_value(config, dm_shape_row(config->architecture, "decoder_attention_heads")));
    dm_rope_write(json);
}

// Of one alone, it has the choice count as 1.
static bool misfit(const ModelConfig *config, Name *why)
{
    const int experts = dm_shape_value(config, dm_shape_row(config->architecture, "experts")),
              top = dm_shape_value(config, dm_shape_row(config->architecture, "experts_top")),
              shared = dm_shape_value(config, dm_shape_row(config->architecture, "experts_shared"));
    if (experts >= 2 && top >= 2 && shared >= 1) return false;
    *why =
        dm_name("\"n_routed_experts\" is %d, \"num_experts_per_tok\" %d and \"n_shared_experts\" %d, but only models "
                "with at least two, two and one can be computed",
                experts, top, shared);
    return true;
}

const Format dm_glm4_moe_format = {.model_type = "glm4_moe",
                                   .class_name = "Glm4MoeForCausalLM",
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
