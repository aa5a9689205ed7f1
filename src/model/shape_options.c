// What several architectures have, and the Transformer. Defaults are those of the Transformer; what is usual for
// another architecture, and which options it has, its rows say (dm_shape_settle).
#include "model/shape_options.h"

#include "model/ahead.h"
#include "model/layers/activation.h"
#include "model/layers/autoreg.h"
#include "model/layers/experts.h"
#include "model/layers/norm_place.h"
#include "model/layers/positions.h"
#include "model/outputs/output.h"

// clang-format off
const Option dm_option_dim_emb = {
    .name = "dim-emb", DM_ONE_VALUE, DM_OF_NEW_MODELS, .type = DM_INTEGER, .argument = "N", .low = 2, .high = DM_MOST_WIDTH, .initial = "256",
    .help = "width of the embeddings and layers (d_model), a multiple of --heads"};
const Option dm_option_dim_ffn = {.name = "dim-ffn", DM_ONE_VALUE, DM_WHOLE, .high = DM_MOST_FFN, .initial = "512",
                                  .help = "width inside the feed-forward blocks"};
const Option dm_option_enc_depth = {.name = "enc-depth", DM_ONE_VALUE, DM_WHOLE, .high = DM_MOST_LAYERS, .initial = "3",
                                    .help = "encoder layers; of --type rnn, 1 if nothing is said"};
const Option dm_option_dec_depth = {.name = "dec-depth", DM_ONE_VALUE, DM_WHOLE, .high = DM_MOST_LAYERS, .initial = "3",
                                    .help = "decoder layers; if nothing is said, of --type rnn 1, of lm 6"};
const Option dm_option_heads = {.name = "heads", DM_ONE_VALUE, DM_WHOLE, .high = DM_MOST_HEADS, .initial = "4",
                                .help = "attention heads of a layer"};
const Option dm_option_activation = {.name = "activation", DM_ONE_VALUE, DM_NAMED, .initial = "relu",
                                     .choice = dm_activation_offered,
                                     .help = "activation inside the feed-forward blocks:"};
const Option dm_option_norm = {
    .name = "norm", DM_ONE_VALUE, DM_NAMED, .initial = "layer", .choice = dm_norm_choice,
    .help = "what keeps activations in bounds; other programs open folders with layer, and of --type lm with rms too (that then has "
            "no biases, as Llama has none):"};
const Option dm_option_norm_place = {
    .name = "norm-place", DM_ONE_VALUE, DM_OF_NEW_MODELS, .type = DM_CHOICE, .argument = "PLACE", .initial = "post",
    .choice = dm_norm_place_choice, .help = "where the norms stand (of --type lm and labels, pre if nothing is said):"};
const Option dm_option_positions = {
    .name = "positions", DM_ONE_VALUE, DM_NAMED, .initial = "sine", .choice = dm_position_choice,
    .help = "what tells one place in a sentence from another (of --type lm rotary, of labels learned if nothing is said):"};

#define OF_EXPERTS .needs = "experts", .type = DM_INTEGER, .argument = "N"
const Option dm_option_experts = {
    .name = "experts", DM_ONE_VALUE, DM_OF_NEW_MODELS, .type = DM_INTEGER, .argument = "N", .low = 0,
    .high = DM_MOST_EXPERTS, .initial = "0", .off = "0",
    .help = "feed-forward blocks of a layer, of which a router chooses a few for each piece (Shazeer et al. 2017): more "
            "weights at the same cost a piece; 0: one block for all"};
const Option dm_option_experts_top = {.name = "experts-top", DM_ONE_VALUE, OF_EXPERTS, .low = 1,
                                      .high = DM_MOST_EXPERTS, .initial = "2", .help = "experts that each piece goes to"};
const Option dm_option_experts_shared = {
    .name = "experts-shared", DM_ONE_VALUE, OF_EXPERTS, .low = 0, .high = DM_MOST_EXPERTS, .initial = "0",
    .help = "experts besides these that every piece goes to (DeepSeekMoE, Dai et al. 2024)"};
const Option dm_option_experts_dim = {
    .name = "experts-dim", DM_ONE_VALUE, OF_EXPERTS, .low = 0, .high = DM_MOST_FFN, .initial = "0",
    .help = "width inside an expert; 0: --dim-ffn. Many narrow ones cost what a few wide ones do (Dai et al. 2024)"};
const Option dm_option_experts_every = {.name = "experts-every", DM_ONE_VALUE, OF_EXPERTS, .low = 1,
                                        .high = DM_MOST_LAYERS, .initial = "1",
                                        .help = "every N-th layer has experts, the others have one block"};
const Option dm_option_router = {
    .name = "router", DM_ONE_VALUE, .needs = "experts", .type = DM_CHOICE, .argument = "NAME", .initial = "softmax",
    .choice = dm_router_choice,
    .help = "how the products of a piece with its experts become a choice, and the weights of those chosen:"};
const Option dm_option_max_positions = {
    .name = "max-positions", DM_ONE_VALUE, .needs = "!pretrained-model positions=learned", .type = DM_INTEGER,
    .argument = "N", .low = 1, .high = DM_MOST_PLACES, .initial = "512",
    .help = "pieces of the longest sentence that learned positions know, its end counted; --max-length must not be more, and of "
            "--type lm whose places go on no more than half"};
const Option dm_option_output_layer = {
    .name = "output-layer", DM_ONE_VALUE, DM_NAMED, .initial = "softmax", .choice = dm_output_choice,
    .help = "what the next piece can be:"};
const Option dm_option_dec_autoreg = {
    .name = "dec-autoreg", DM_ONE_VALUE, DM_NAMED, .initial = "self-attention", .choice = dm_autoreg_choice,
    .help = "--type transformer: how the decoder looks back at what it has written:"};
const Option dm_option_ahead = {
    .name = "ahead", DM_ONE_VALUE, .needs = "!pretrained-model add-loss=ahead", .type = DM_INTEGER, .argument = "K",
    .low = 0, .high = DM_MOST_AHEAD, .initial = "0", .off = "0",
    .help = "heads of a new model beside that for the next piece: the first says what comes behind it, and so on (Stern et "
            "al. 2018; Gloeckle et al. 2024). translate --draft self guesses by them"};
const Option dm_option_ahead_form = {
    .name = "ahead-form", DM_ONE_VALUE, .needs = "!pretrained-model ahead", .type = DM_CHOICE, .argument = "NAME",
    .initial = "apart", .choice = dm_ahead_form_choice, .help = "what each of them is:"};
const Option dm_option_attention_window = {
    .name = "attention-window", DM_ONE_VALUE, DM_OF_NEW_MODELS, .type = DM_INTEGER, .argument = "R", .low = 0,
    .high = DM_MOST_PLACES, .initial = "0", .off = "0",
    .help = "self-attention sees only pieces at most R places away, in the decoder before it: its cost then grows with "
            "the length, not with the square (Vaswani et al. 2017, section 4). 0: it sees all"};
// clang-format on
