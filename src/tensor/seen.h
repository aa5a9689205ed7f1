// What is seen of the decoder's attention to the source: by one head of a layer, or by all its heads in the mean.
#pragma once
#include "tensor/graph.h"

enum { DM_ALL_HEADS = -1 };

// Where somebody looks.
typedef struct Gaze {
    int layer;  // from 1; 0: nobody looks
    int head;   // from 0, or DM_ALL_HEADS
    bool whole; // in a pass of its own, in which every piece sees all of the target
} Gaze;

static inline AttentionTap dm_gaze_tap(Gaze gaze, bool gradients)
{
    return (AttentionTap){.only_cross = true, .only_layer = gaze.layer, .gradients = gradients};
}

// Where query i of a sequence has its probability of key j in the picture of a head.
static inline size_t dm_seen_at(const AttentionView *view, int head, int sequence, int i, int j)
{
    return ((size_t)head * (size_t)view->queries.length[sequence] + (size_t)i) * (size_t)view->keys.length[sequence] +
           (size_t)j;
}

static inline double dm_seen(const AttentionView *view, int head, int sequence, int i, int j)
{
    const float *picture = view->probabilities[sequence];
    double sum = 0;
    if (head >= 0) return (double)picture[dm_seen_at(view, head, sequence, i, j)];
    for (int h = 0; h < view->heads; h++) sum += (double)picture[dm_seen_at(view, h, sequence, i, j)];
    return sum / view->heads;
}

// Adds to the gradient of what is seen.
static inline void dm_send_back(const AttentionView *view, int head, int sequence, int i, int j, double gradient)
{
    const int first = head < 0 ? 0 : head, count = head < 0 ? view->heads : 1;
    for (int h = first; h < first + count; h++)
        view->gradients[sequence][dm_seen_at(view, h, sequence, i, j)] += (float)(gradient / count);
}
