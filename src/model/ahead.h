// Heads that look ahead: what a decoder has made of a row says which piece comes next, and head k, from 1, which one comes k
// pieces behind that one. Each is a block of its own between the decoder and the output layer, which all share (Stern et al.
// 2018, "Blockwise parallel decoding for deep autoregressive models", section 4; with the loss of Gloeckle et al. 2024,
// "Better & faster large language models via multi-token prediction"):
//   h_k = h + W2_k f(W1_k h + b1_k) + b2_k,  f(x) = x sigmoid(x), as Medusa's heads have it (Cai et al. 2024)
#pragma once
#include "model/model.h"

void dm_ahead_declare(Model *model);
void dm_ahead_connect(Model *model);
void dm_ahead_disconnect(Model *model);
// What head k makes of rows of the decoder's, for the output layer -> [n, width]
Tensor *dm_ahead_rows(Graph *g, const Model *model, int k, const Tensor *features);
