// Noise of the segmentation: in training, text is cut into other pieces than search will see, each epoch anew, so that a
// model learns what pieces are made of. BPE-dropout (Provilkov et al. 2020) where the SentencePiece model is one of BPE,
// else subword sampling (Kudo 2018).
#pragma once
#include "core/random.h"
#include "text/segmenter.h"

typedef struct Noise Noise;

// rate: of BPE, the probability that a merge that could be made is left out; of unigram, alpha: a
// segmentation x is drawn with a probability in proportion to P(x)^alpha. The segmenter, which must have SentencePiece
// models, outlives it.
Noise *dm_noise_create(const Segmenter *segmenter, double rate);
void dm_noise_free(Noise *noise);

// What the pieces spell, cut by chance; what is no text among them (the end, unknown pieces, codes) stays. The caller
// frees noisy->id. Thread-safe.
void dm_noise_cut(const Noise *noise, Side side, Random *stream, Ids pieces, Ids *noisy);
