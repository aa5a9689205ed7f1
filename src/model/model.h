// A model: configuration, parameters, and the architecture's table of functions. Search, training loop and checkpoints
// go through the table and never ask which architecture they hold.
#pragma once
#include <cjson/cJSON.h>

#include "core/error.h"
#include "model/config.h"
#include "model/parameters.h"
#include "folder/safetensors.h"
#include "tensor/graph.h"

typedef struct Model Model;

// Some sequences of ids, concatenated.
typedef struct Tokens {
    int n;                 // rows
    const int *ids;        // [n]
    const int *positions;  // [n] place of each in its sequence, from 0
    Spans spans;
} Tokens;

// What encoding a source leaves for the decoder: rows and whose they are.
typedef struct Memory {
    Tensor *rows;  // [source tokens, width]
    Spans spans;
} Memory;

typedef struct SearchState SearchState;  // the architecture's caches during a search

typedef struct Architecture {
    const char *name;
    size_t layers_size;                // of the struct behind model->layers
    void (*declare)(Model *model);     // names the parameters
    void (*connect)(Model *model);     // fills model->layers once the parameters have memory
    void (*disconnect)(Model *model);  // frees what connect made
    Memory (*encode)(Graph *g, const Model *model, Tokens source);
    // Whole target sequences, teacher forcing: inputs begin with decoder_start -> [target tokens, width]
    Tensor *(*decode)(Graph *g, const Model *model, Memory memory, Tokens target);

    // Search. A hypothesis is a slot 0 ... n-1; at the start slot i reads source i of the memory, which must outlive
    // the state. step: one id for each slot -> [n, width] (in g's arena). reorder: slot i goes on from what slot
    // from[i] was; n may shrink or grow. It makes room for one step in the caches, which lie in the arena of start:
    // after it (and after start) what the step takes of the arena may be released; a step without it may leave caches
    // there.
    SearchState *(*start)(Graph *g, const Model *model, Memory memory);
    Tensor *(*step)(Graph *g, SearchState *state, const int *ids);
    void (*reorder)(SearchState *state, const int *from, int n);
    void (*finish)(SearchState *state);

    // For dm_model_describe: adds "architecture" and "operations".
    void (*describe)(const Model *model, cJSON *json);
} Architecture;

extern const Architecture dm_transformer;
void dm_transformer_describe(const Model *model, cJSON *json);  // in describe.c
const Architecture *dm_architecture(const char *name);          // from the registry; NULL: no such name

struct Model {
    ModelConfig config;
    const Architecture *architecture;
    Parameters parameters;
    void *layers;  // the architecture's own
    const Tensor *output,
        *output_bias;  // [target vocabulary, width], [target vocabulary]: logits = x output' + output_bias
    float *positions;  // [position_count, width] sinusoids
    int position_count;
    Dtype stored;  // how the file that it was read from holds the matrices
};

// A model of this configuration (which it takes over) with zero weights; initialise or load them next.
Model *dm_model_create(const ModelConfig *config);
// The same with the weights of a mapped file, which it takes over too.
Model *dm_model_create_mapped(const ModelConfig *config, Mapping mapping);
void dm_model_destroy(Model *model);

// Sinusoids of Marian: sine in the first half, cosine in the second (Vaswani et al. 2017, section 3.5, reordered).
// rows: [count, width], of the positions from `first` on.
void dm_sinusoids(int first, int count, int width, float *rows);

// Tokens in the arena: copies ids and spans, sets positions. lengths [n], ids concatenated.
Tokens dm_tokens(Arena *arena, int n, const int *lengths, const int *ids);
