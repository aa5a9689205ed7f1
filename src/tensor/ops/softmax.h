// Softmax over the keys of attention: what the ops that attend share. Rows of scores are `wide` long, a whole number of
// vectors (dm_padded); row 0 has `first` keys that are seen, each further one `more` of them, and what is not seen gets
// 0.
#pragma once

// Scores [t, wide] become probabilities, row by row: p = softmax(scale * scores).
void dm_softmax_rows(float *scores, int t, int wide, int first, int more, float scale);

// dscores = scale * p * (dp - sum(p * dp)), row by row, in place of dp.
void dm_softmax_back(const float *p, float *dp, int t, int wide, int first, int more, float scale);
