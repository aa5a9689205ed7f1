// The options of what a new model is made of: its pieces and its shape.
#include "catalogue/catalogue.h"
#include "model/shape_options.h"
#include "train/defaults.h"

// clang-format off
const OptionRow dm_rows_segmentation[] = {
    {DM_TRAIN | DM_PREPARE, &(const Option){.name = "vocab-size", .type = DM_INTEGER, DM_ONE_VALUE, .rule = dm_default_rule, .low = 4,
     .high = 1000000, .argument = "N", .needs = "!pretrained-model !sentencepiece",
     .help = "pieces of the vocabulary that both languages share, or of each of their own (--separate-vocabs). Where it is not given and the text does not allow so "
             "many, it has as many as the text allows; of text in pieces, all there are"}},
    {DM_TRAIN | DM_PREPARE, &(const Option){.name = "segmenter", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "unigram",
     .choices = "unigram|bpe|space", .argument = "KIND", .needs = "!pretrained-model !sentencepiece",
     .help = "how words are cut into pieces: a SentencePiece model (unigram, bpe) that is trained first, or space "
             "for text that is in pieces already, joined by @@ or whole words"}},
    {DM_TRAIN | DM_PREPARE, &(const Option){.name = "sentencepiece", .type = DM_TEXT, .values_min = 1, .values_max = 2,
     .argument = "FILE [FILE]", .needs = "!pretrained-model",
     .help = "a SentencePiece model (.spm, .model) that is there already, instead of one that is trained; with "
             "--separate-vocabs that of the source and that of the target"}},
    {DM_TRAIN, &(const Option){.name = "tied-embeddings", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "all",
     .choices = "all|target|none", .argument = "WHICH", .needs = "type!=labels !pretrained-model",
     .help = "which tables of pieces are one: those of source, target and output (Press and Wolf 2017), those of target and "
             "output, or none"}},
    {DM_TRAIN, &(const Option){.name = "separate-vocabs", .type = DM_FLAG,
     .needs = "type!=lm,labels !pretrained-model tied-embeddings=target,none",
     .help = "a vocabulary for each language, in which a piece of one is not also one of the other"}},
    {DM_PREPARE, &(const Option){.name = "separate-vocabs", .type = DM_FLAG, .needs = "!pretrained-model",
     .help = "a vocabulary for each language, in which a piece of one is not also one of the other"}},
    {DM_TRAIN, &(const Option){.name = "max-length", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "100", .low = 0,
     .high = 1000000000, .argument = "N", .stays = "it decides which pairs the run has",
     .help = "pairs with more pieces than this on a side are left out, and a line of text alone is cut into windows of so "
             "many, each of which goes on from the one before; 0: neither"}},
    {0, NULL},
};

const OptionRow dm_rows_shape[] = {
    {DM_TRAIN, &dm_option_type},
    {DM_TRAIN, &dm_option_label},
    {DM_TRAIN, &dm_option_dim_emb},
    {DM_TRAIN, &dm_option_dim_ffn},
    {DM_TRAIN, &dm_option_enc_depth},
    {DM_TRAIN, &dm_option_dec_depth},
    {DM_TRAIN, &dm_option_heads},
    {DM_TRAIN, &dm_option_activation},
    {DM_TRAIN, &dm_option_norm},
    {DM_TRAIN, &dm_option_norm_place},
    {DM_TRAIN, &dm_option_positions},
    {DM_TRAIN, &dm_option_max_positions},
    {DM_TRAIN, &dm_option_attention_window},
    {DM_TRAIN, &dm_option_dec_autoreg},
    {DM_TRAIN, &dm_option_output_layer},
    {DM_TRAIN, &dm_option_ctc_upsample},
    {DM_TRAIN, &dm_option_ahead},
    {DM_TRAIN, &dm_option_ahead_form},
    {DM_TRAIN, &dm_option_key_heads},
    {DM_TRAIN, &dm_option_prompt_mask},
    {DM_TRAIN, &dm_option_prompt_positions},
    {DM_TRAIN, &dm_option_experts},
    {DM_TRAIN, &dm_option_experts_top},
    {DM_TRAIN, &dm_option_experts_shared},
    {DM_TRAIN, &dm_option_experts_dim},
    {DM_TRAIN, &dm_option_experts_every},
    {DM_TRAIN, &dm_option_router},
    {DM_BENCH, &(const Option){.name = "experts", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = DM_MOST_EXPERTS, .argument = "N", .off = "0", .needs = "!model",
     .help = "the shape with so many experts in every layer instead of one block, as train --experts makes it"}},
    {DM_BENCH, &(const Option){.name = "experts-top", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "2", .low = 1,
     .high = DM_MOST_EXPERTS, .argument = "N", .needs = "experts",
     .help = "experts that each piece goes to"}},
    {DM_BENCH, &(const Option){.name = "experts-dim", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = DM_MOST_FFN, .argument = "N", .needs = "experts",
     .help = "width inside an expert; 0: that of the shape's blocks"}},
    {DM_TRAIN, &dm_option_dim_rnn},
    {DM_TRAIN, &dm_option_rnn_cell},
    {DM_TRAIN, &dm_option_enc_direction},
    {DM_TRAIN, &dm_option_rnn_attention},
    {DM_TRAIN, &dm_option_input_feeding},
    {DM_TRAIN, &dm_option_rnn_residual},
    {DM_TRAIN, &dm_option_reverse_source},
    {DM_TRAIN, &dm_option_conv},
    {DM_TRAIN, &dm_option_conv_kernel},
    {DM_TRAIN, &dm_option_conv_largest},
    {0, NULL},
};
