// A model: configuration, parameters, and the architecture's table of functions. Search, training loop and checkpoints
// go through the table and never ask which architecture they hold.
#pragma once
#include "core/cjson.h"

#include "data/examples.h"
#include "model/config.h"
#include "model/outputs/output.h"
#include "tensor/parameters.h"
#include "tensor/graph.h"
#include "tensor/seen.h"
#include "tensor/tokens.h"

typedef struct Model Model;

// What encoding a source leaves for the decoder: rows and whose they are.
typedef struct Memory {
    Tensor *rows;  // [source tokens, ...] as wide as the architecture likes
    Spans spans;
    void *layers;  // what an architecture keeps of each layer, whose alone it is; or NULL
} Memory;

typedef struct SearchState SearchState;  // the architecture's caches during a search

// The attention of the decoder to the source while it writes piece by piece: pictures of so many layers and heads. No
// layers: there is none.
typedef struct SourceAttention {
    int layers, heads;
    bool within;  // it is part of the attention to all that has been read, so that nothing can be sent back to it alone
    bool of_whole;  // a piece can be made to see all of its target (Graph.whole_target)
} SourceAttention;

// How a target comes about.
typedef enum Writing {
    DM_PIECE_BY_PIECE,  // the decoder sees what stands before a piece, and search goes step by step
    DM_IN_ANY_ORDER,    // it sees all of a target, some of whose pieces are masked: these it says, all at once
    DM_AT_ONCE,         // it sees no target, but the source with more rows, each of which says a piece or nothing
} Writing;

const char *dm_writing_name(Writing writing);  // "piece by piece"
// The keys of the rows that say it, in shapes that have the choice, and how many rows a piece of the source has then.
#define DM_DECODER_MASK "decoder_mask"
#define DM_CTC_UPSAMPLE "ctc_upsample"

// No member is NULL: what an architecture has not, it says by functions such as source_attention, and who needs it asks
// (dm_needs_source_attention).
struct Architecture {
    const char *name;  // of --type and of config.json
    const char *about;
    const ShapeRow *shape;
    const ExampleKind *const *examples;  // that it can learn from, ends with NULL (dm_examples_of)
    size_t layers_size;           // of the struct behind model->layers
    bool one_vocabulary;          // of source and target
    bool starts_with_eos;         // what it writes begins where another sequence ended; else pad stands there
    bool stepwise;                // a sequence runs step by step: the more of them share a shard, the fewer the products
    // Names the parameters: in order, each with parameters.keys set to the keys of config.json that give it its shape
    // (rows of `shape`, vocab_size or decoder_vocab_size), which errors name; those of encoder and decoder begin with
    // "model.encoder." and "model.decoder.", and the first number in those of a layer is the layer's (model/parts.h).
    void (*declare)(Model *model);
    void (*connect)(Model *model);     // fills model->layers and model->output once the parameters have memory
    void (*disconnect)(Model *model);  // frees what connect made
    SourceAttention (*source_attention)(const ModelConfig *config);
    // What the target is: text, or labels, and then the decoder reads their places in the source (Corpus.places).
    Labels (*labels)(const ModelConfig *config);
    Writing (*writing)(const ModelConfig *config);
    int (*longest)(const ModelConfig *config);              // pieces of a sequence, read or written; INT_MAX: no end
    bool (*misfit)(const ModelConfig *config, Name *why);  // whether values of the shape do not go together, and why
    // What no option says of a new model, by what they do say.
    void (*complete)(ModelConfig *config);
    // For people: a list of {"text", "parts"} that dragoman info draws as a tree.
    cJSON *(*outline)(const ModelConfig *config);

    Memory (*encode)(Graph *g, const Model *model, Tokens source);
    // Whole target sequences -> [target tokens, width]. Piece by piece, teacher forcing: inputs begin with decoder_start.
    // In any order: the target itself, without an end, the unknown piece where one is masked. At once: dm_places_at_once.
    Tensor *(*decode)(Graph *g, const Model *model, Memory memory, Tokens target);

    // Search piece by piece. A hypothesis is a slot 0 ... n-1, which has taken some pieces; at the start none, and slot i reads source
    // i of the memory, which must outlive the state.
    // The caches lie in the arena of start. start and keep make room for `room` pieces more of every slot, and extend
    // takes nothing of the arena that is needed after it: what was taken since start or keep may be released.
    SearchState *(*start)(Graph *g, const Model *model, Memory memory, int room);
    // Pieces behind each slot: lengths[i] of slot i (NULL: one of each), one slot after the other in ids. The result
    // has a row for each piece, which says what comes after it -> [pieces, width]
    // Of a graph with packs that goes row by row (tensor/graph.h), a row is the same bytes however many pieces of its slot
    // are given at once.
    Tensor *(*extend)(Graph *g, SearchState *state, const int *ids, const int *lengths);
    // Slot i goes on from what slot from[i] was, with the first lengths[i] of its pieces (NULL: all of them). n may
    // shrink or grow; several may go on from one.
    void (*keep)(SearchState *state, const int *from, const int *lengths, int n, int room);
    void (*finish)(SearchState *state);
};

extern const Architecture dm_transformer, dm_lm, dm_rnn, dm_conv, dm_labels;
extern const ExampleKind *const dm_only_pairs[];                 // for `examples` of those that learn from nothing else
const ExampleKind *dm_examples_of(const ModelConfig *config);    // that this model learns from
bool dm_is_text_model(const ModelConfig *config);                // text alone, with which it goes on
// What a search reads first behind a source: of a text that goes on, its last piece.
int dm_first_read(const ModelConfig *config, Tokens source, int sentence);
Labels dm_no_labels(const ModelConfig *config);  // for `labels` of those that write text
Writing dm_writes_on(const ModelConfig *config);  // for `writing` of those that go piece by piece
int dm_endless(const ModelConfig *config);       // for `longest` of those without an end
void dm_complete_nothing(ModelConfig *config);         // for `complete` of those that options say whole
// For `misfit` of those without one: they write piece by piece, and what writes all at once is no output of theirs.
bool dm_fits_in_steps(const ModelConfig *config, Name *why);
extern const Architecture *const dm_architectures[];    // ends with NULL
const Architecture *dm_architecture(const char *name);  // NULL: no such name

// The first head of the last layer but one, where heads align best (Garg et al. 2019). No layer: the model has none.
Gaze dm_usual_gaze(const ModelConfig *config);
// What of written pieces can be read: those that were copied from beyond the vocabulary are unknown.
Tokens dm_readable(Arena *arena, const Model *model, Tokens written, int unknown);
// Of a model that writes at once, what its decoder reads: dm_upsampling places for each piece of the source.
Tokens dm_places_at_once(Arena *arena, const ModelConfig *config, Spans source);
int dm_upsampling(const ModelConfig *config);  // 0: it does not
// Whole target sequences as `decode`, with what its output looks at, or where that looks nowhere, what the gaze sees.
// copies: [source rows], or NULL where nothing is copied.
Decoded dm_decode_rows(Graph *g, const Model *model, Memory memory, Tokens target, const int *copies, Gaze gaze);
// The same of `extend`. memory: the rows that the state was made from; they and copies are not looked at where the output
// copies nothing.
Decoded dm_extend_rows(Graph *g, const Model *model, SearchState *state, const Tensor *memory, const int *copies,
                       const int *ids, const int *lengths);
// DM_OK, or a sentence: `what` (an option, say) goes piece by piece, and this model does not write so.
Status dm_needs_pieces_in_order(const ModelConfig *config, const char *what, Error *error);
// The same: `what` looks at the attention to the source, of which this model has none.
Status dm_needs_source_attention(const ModelConfig *config, const char *what, Error *error);
// The same where it is to learn by what is seen.
Status dm_needs_taught_attention(const ModelConfig *config, const char *what, Error *error);

struct Model {
    ModelConfig config;
    const Architecture *architecture;
    Parameters parameters;
    void *layers;  // the architecture's own
    void *ahead;   // the form's own, of heads that look ahead (ahead.h); NULL: there are none
    OutputLayer output;
    Precision stored;  // how the file that it was read from holds the matrices, where that is a precision to compute in
};

// Names the parameters of a model that has its configuration and architecture.
void dm_model_declare(Model *model);
// A model of this configuration (which it takes over) with zero weights; initialise or load them next.
Model *dm_model_create(const ModelConfig *config);
// The same with weights that have a place, which it takes over too.
Model *dm_model_create_in(const ModelConfig *config, WeightBuffer place);
void dm_model_initialise(Model *model, uint64_t seed);  // random weights; pad takes no probability anywhere
void dm_model_destroy(Model *model);
