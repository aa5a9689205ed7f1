// The options of train that say the shape of a new model. What several architectures have, as depth, is one option.
#pragma once
#include "options/options.h"

// The ranges of options are those of the rows that they set: an option allows what a reader of config.json takes, no
// more and no less.
#define DM_OF_NEW_MODELS .needs = "!pretrained-model"
#define DM_WHOLE DM_OF_NEW_MODELS, .type = DM_INTEGER, .argument = "N", .low = 1
#define DM_NAMED DM_OF_NEW_MODELS, .type = DM_CHOICE, .argument = "NAME"
enum { DM_MOST_WIDTH = 1 << 16, DM_MOST_FFN = 1 << 18, DM_MOST_LAYERS = 256, DM_MOST_HEADS = 1024 };
enum { DM_MOST_EXPERTS = 256, DM_MOST_PLACES = 1 << 24 /* of a sequence */ };

extern const Option dm_option_type;  // in architectures.c
extern const Option dm_option_dim_emb, dm_option_dim_ffn, dm_option_enc_depth, dm_option_dec_depth, dm_option_heads,
    dm_option_activation, dm_option_norm, dm_option_norm_place, dm_option_positions,
    dm_option_max_positions, dm_option_attention_window, dm_option_dec_autoreg;
extern const Option dm_option_label;  // in labels.c
extern const Option dm_option_ctc_upsample;  // in transformer.c
extern const Option dm_option_output_layer;
// A row of architectures whose decoder looks at the source, and so can copy from it.
#define DM_OUTPUT_ROW \
    .key = "output_layer", .type = DM_SHAPE_NAME, .offset = offsetof(ModelConfig, output), .choice = dm_output_choice, \
    .common = 1, .option = &dm_option_output_layer
// Of those that write text.
extern const Option dm_option_ahead;
enum { DM_MOST_AHEAD = 16 };
#define DM_AHEAD_ROW \
    .key = "ahead", .type = DM_SHAPE_INTEGER, .offset = offsetof(ModelConfig, ahead), .low = 0, .high = DM_MOST_AHEAD, \
    .common = 1, .option = &dm_option_ahead
// Of those whose heads may be a chain.
extern const Option dm_option_ahead_form;
#define DM_AHEAD_FORM_ROW \
    .key = "ahead_form", .type = DM_SHAPE_NAME, .offset = offsetof(ModelConfig, ahead_form), .choice = dm_ahead_form_choice, \
    .option = &dm_option_ahead_form, .with = {{"ahead", 1, DM_MOST_AHEAD}}
extern const Option dm_option_key_heads, dm_option_prompt_mask, dm_option_prompt_positions;  // in lm.c
extern const Option dm_option_experts, dm_option_experts_top, dm_option_experts_shared, dm_option_experts_dim,
    dm_option_experts_every, dm_option_router;
extern const Option dm_option_dim_rnn, dm_option_rnn_cell, dm_option_enc_direction, dm_option_rnn_attention,
    dm_option_input_feeding, dm_option_rnn_residual, dm_option_reverse_source;      // in rnn.c
extern const Option dm_option_conv, dm_option_conv_kernel, dm_option_conv_largest;  // in conv.c
