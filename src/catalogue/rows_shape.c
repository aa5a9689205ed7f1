// The options of what a new model is made of: its pieces and its shape.
#include "catalogue/catalogue.h"
#include "model/shape_options.h"

// clang-format off
const OptionRow dm_rows_segmentation[] = {
    {DM_TRAIN, &(const Option){.name = "vocab-size", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "8000", .low = 4,
     .high = 1000000, .argument = "N", .needs = "!pretrained-model",
     .help = "pieces of the vocabulary that both languages share; less for small corpora. Where it is not given and the "
             "text does not allow so many, it has as many as the text allows; of text in pieces, all there are"}},
    {DM_TRAIN, &(const Option){.name = "segmenter", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "unigram",
     .choices = "unigram|bpe|space", .argument = "KIND", .needs = "!pretrained-model",
     .help = "how words are cut into pieces: a SentencePiece model (unigram, bpe) that is trained first, or space "
             "for text that is in pieces already, joined by @@ or whole words"}},
    {DM_TRAIN, &(const Option){.name = "max-length", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "100", .low = 0,
     .high = 1000000000, .argument = "N", .stays = "it decides which pairs the run has",
     .help = "pairs with more pieces than this on a side are left out; 0: none is"}},
    {0, NULL},
};

const OptionRow dm_rows_shape[] = {
    {DM_TRAIN, &dm_option_type},
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
    {DM_TRAIN, &dm_option_dim_rnn},
    {DM_TRAIN, &dm_option_rnn_attention},
    {0, NULL},
};
