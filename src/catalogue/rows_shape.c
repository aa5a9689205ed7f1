// The options of what a new model is made of: its pieces and its shape.
#include "catalogue/catalogue.h"

// clang-format off
const OptionRow dm_rows_segmentation[] = {
    {DM_TRAIN, &(const Option){.name = "vocab-size", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "8000", .low = 8,
     .high = 1000000, .argument = "N",
     .help = "pieces of the vocabulary that both languages share; less for small corpora"}},
    {DM_TRAIN, &(const Option){.name = "segmenter", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "unigram",
     .choices = "unigram|bpe|space", .argument = "KIND",
     .help = "how words are cut into pieces: a SentencePiece model (unigram, bpe) that is trained first, or space "
             "for text that is in pieces already, joined by @@ or whole words"}},
    {DM_TRAIN, &(const Option){.name = "max-length", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "100", .low = 0,
     .high = 1000000000, .argument = "N",
     .help = "pairs with more pieces than this on a side are left out; 0: none is"}},
    {0, NULL},
};

const OptionRow dm_rows_shape[] = {
    {DM_TRAIN, &(const Option){.name = "dim-emb", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "256", .low = 2,
     .high = 65536, .argument = "N",
     .help = "width of the embeddings and layers (d_model), a multiple of --heads"}},
    {DM_TRAIN, &(const Option){.name = "dim-ffn", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "512", .low = 1,
     .high = 262144, .argument = "N",
     .help = "width inside the feed-forward blocks"}},
    {DM_TRAIN, &(const Option){.name = "enc-depth", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "3", .low = 1,
     .high = 256, .argument = "N",
     .help = "encoder layers"}},
    {DM_TRAIN, &(const Option){.name = "dec-depth", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "3", .low = 1,
     .high = 256, .argument = "N",
     .help = "decoder layers"}},
    {DM_TRAIN, &(const Option){.name = "heads", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "4", .low = 1,
     .high = 1024, .argument = "N",
     .help = "attention heads of a layer"}},
    {DM_TRAIN, &(const Option){.name = "activation", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "relu",
     .choices = "relu|gelu|swish|silu|tanh", .argument = "NAME",
     .help = "activation inside the feed-forward blocks (swish and silu are the same)"}},
    {0, NULL},
};
