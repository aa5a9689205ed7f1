// What encoder-decoders share: tables of embeddings, one for both languages or one each, and the output layer above
// them.
#pragma once
#include "model/model.h"

typedef struct Embeddings {
    Tensor source, target;  // [vocabulary, width]
} Embeddings;

void dm_embeddings_declare(Model *model);        // and the output's table, where it has one of its own
// What copying needs, if the model does, which sees rows so wide of the source; and the bias of the logits, the last of all,
// for it is not trained.
void dm_output_declare(Model *model, int memory);
Embeddings dm_embeddings_connect(Model *model);  // and model->output
void dm_source_embeddings_declare(Model *model);  // alone, of a model whose target is no text
int dm_frozen_piece(const ModelConfig *config);   // pad, where its rows stay zero and it is never written; else -1
Tensor dm_source_embeddings(const Model *model);  // [vocabulary, width] of a model that is connected
