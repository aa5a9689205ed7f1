// Attention with linear biases (Press et al. 2022, section 3): a score of self-attention is less by m_h for every place
// between query and key, with the slopes m_h = 2^(-8h/H) of heads h = 1 ... H. Where H is no power of two, the heads
// beyond the largest one P have every second slope of 2P heads.
// An encoder sees keys on both sides, and could not tell a sentence from its mirror image if both had the same slope:
// behind the query it is half as steep, in every head.
#include <math.h>

#include "model/layers/positions.h"

static void slope(int heads, float *slopes)
{
    int power = 1;
    while (2 * power <= heads) power *= 2;
    for (int h = 0; h < heads; h++) {
        const double exponent = h < power ? 8.0 * (h + 1) / power : 4.0 * (2 * (h - power) + 1) / power;
        slopes[2 * h] = (float)exp2(-exponent);
        slopes[2 * h + 1] = slopes[2 * h] / 2;
    }
}

const PositionKind dm_alibi_positions = {
    .name = "alibi",
    .about =
        "self-attention leans on what is near, in every head more or less; in the encoder half as much on the right, "
        "so that it tells the sides apart (ALiBi, Press et al. 2022)",
    .attended = "ALiBi",
    .slope = slope,
};
