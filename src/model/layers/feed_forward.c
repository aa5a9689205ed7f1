// The table of feed-forward blocks.
#include "model/layers/experts.h"

const FeedForwardKind *const dm_feed_forwards[] = {&dm_plain_block, &dm_gated_block, &dm_expert_block, NULL};

const FeedForwardKind *dm_feed_forward_of(const FeedForwardShape *shape)
{
    return shape->experts ? &dm_expert_block : dm_dense_block(shape);
}

FeedForward dm_feed_forward_find(const Parameters *p, const char *layer, const FeedForwardShape *shape)
{
    return shape->experts ? dm_expert_block.find(p, layer, shape) : dm_dense_find(p, layer, shape);
}

void dm_feed_forward_free(FeedForward *block)
{
    dm_experts_free(block->experts);
    *block = (FeedForward){0};
}
