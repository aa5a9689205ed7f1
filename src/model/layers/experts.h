// Blocks of experts: a router sends each row to a few of many dense blocks, which the other rows never see.
#pragma once
#include "model/layers/feed_forward.h"

typedef struct Experts {
    int count, top, router;
    bool sigmoid;
    Tensor centroids;  // [count, width] a row is sent to those that it is closest to
    Tensor bias;       // [count] no gradient: what training by --balance bias has come to
    FeedForward *expert;  // [count]
    FeedForward shared;   // all that take every row, as one; of kind NULL: there are none
} Experts;

extern const FeedForwardKind dm_expert_block;
void dm_experts_free(Experts *experts);  // NULL: nothing to free

// The parameter that the choices of a router hang on besides the logits: the DM_BALANCED ones are in the order of the
// routers. NULL: there are no more of them.
const Parameter *dm_router_bias(const Parameters *parameters, int router);
Name dm_router_layer(const Parameter *bias);  // where it is, for people: "decoder.layers.3"

// How the router sees the experts, by name: the index is a flag, 1 for sigmoid.
Choice dm_router_choice(int index);

// What an expert is (dense.c).
extern const FeedForwardKind dm_plain_block, dm_gated_block;
const FeedForwardKind *dm_dense_block(const FeedForwardShape *shape);
FeedForward dm_dense_find(const Parameters *p, const char *layer, const FeedForwardShape *shape);
