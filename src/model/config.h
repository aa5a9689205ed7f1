// What a model is: shapes, ids and search defaults, as config.json and generation_config.json say them.
#pragma once
#include <stdbool.h>

#include "tensor/ops/ops.h"

typedef struct ModelConfig {
    char architecture[32];                     // "transformer"
    int source_vocabulary, target_vocabulary;  // rows of the embeddings (equal when shared)
    bool shared_embeddings;  // one table for source, target and output (share_encoder_decoder_embeddings)
    bool tied_output;        // output = target embedding (tie_word_embeddings); else lm_head.weight
    int width;               // d_model
    int encoder_layers, decoder_layers;
    int encoder_heads, decoder_heads;
    int encoder_ffn, decoder_ffn;
    Activation activation;
    char activation_name[16];  // as config.json spelt it
    bool scale_embedding;      // embeddings times sqrt(width)
    int pad, eos, decoder_start;
    int max_positions;  // max_position_embeddings: written for other programs; ours has no limit
    // search defaults
    int beam_size;   // num_beams; 0: not said
    int max_length;  // 0: not said
    int *bad_words;  // ids never taken by search (bad_words_ids of one id each), pad among them
    int bad_word_count;
} ModelConfig;

void dm_config_free(ModelConfig *config);  // what it points to
