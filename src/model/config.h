// What a model is: what every model has, and behind it the shape that is its architecture's own, which rows describe.
// Reading and writing config.json, the options of train, info and the report walk the rows.
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "options/options.h"

typedef struct Architecture Architecture;
typedef struct ExampleKind ExampleKind;

enum { DM_SHAPE_ROOM = 128 };  // bytes: of the largest shape of an architecture

// When beam search has found enough: once as many hypotheses have ended as the beam is wide, and ...
typedef enum SearchEnd {
    DM_END_WHEN_FULL,   // ... that is all
    DM_END_WHEN_WORSE,  // ... no open one scores better, by its length so far, than the worst of these
    DM_END_AT_LIMIT,    // ... nor would if all that it still lacks of the greatest length were certain
} SearchEnd;

// What a folder says of searching with its model. {0}: nothing.
typedef struct SearchDefaults {
    int beam_size;
    int max_length;  // of a translation in pieces, end of sentence counted
    int min_length;  // the same, end of sentence not counted
    int no_repeat_ngram;
    bool says_normalize;  // of `normalize`, the exponent of the length
    bool says_first;      // of `first`: each translation begins with it. Being certain, it counts nothing
    bool ends_at_limit;   // one that reaches max_length has the end of sentence there, which is certain too
    bool renormalize;     // the pieces that the rules allow have all of the probability
    double normalize;
    SearchEnd end;
    int first;
    int *bad_words;  // ids that search never takes, pad among them
    int bad_word_count;
    int *bad_first;  // ids that it does not take first (behind `first`)
    int bad_first_count;
} SearchDefaults;

typedef enum Biases {
    DM_BIASES,           // layers and logits: that of pad keeps it from being written
    DM_BIASES_OF_LAYERS,  // pad then is a piece like the others
    DM_NO_BIASES,
} Biases;

typedef struct ModelConfig {
    const Architecture *architecture;
    const ExampleKind *examples;  // that it learns from; NULL: the first of its architecture's
    int source_vocabulary, target_vocabulary;  // rows of the embeddings (equal when shared)
    bool shared_embeddings;                    // one table for source, target and output
    bool tied_output;                          // output = target embedding; else it has a table of its own
    int biases;                                // a Biases: what has any
    int width;                                 // of the embeddings, and of what the output layer reads
    int output;                                // of dm_outputs
    int ahead, ahead_form;                     // heads that look ahead, and of dm_ahead_forms (ahead.h)
    // ids. pad -1: there is none; decoder_start -1, of text alone: its first piece is given
    int pad, eos, decoder_start;
    SearchDefaults search;
    char **labels;  // [target_vocabulary] what they are called, where config.json says it; else NULL
    _Alignas(8) unsigned char shape[DM_SHAPE_ROOM];  // the architecture's own struct
} ModelConfig;

void dm_config_free(ModelConfig *config);    // what it points to
void dm_config_forget(ModelConfig *config);  // how it is searched, and names: the shape remains

typedef enum ShapeType {
    DM_SHAPE_INTEGER,  // an int
    DM_SHAPE_FLAG,     // a bool
    DM_SHAPE_NAME,     // an int: the index of a name
    DM_SHAPE_TINY,     // an int: so many times 1e-12, which config.json has as a number; 0 is in no file
} ShapeType;

enum { DM_MUST_BE_SAID = INT_MIN };

// Values of another row, from `low` to `high`.
typedef struct ShapeWith {
    const char *key;  // NULL: the end of them
    int low, high;
} ShapeWith;

typedef struct ShapeRow {
    const char *key;  // in config.json; NULL: the end of the rows
    ShapeType type;
    size_t offset;                   // in ModelConfig
    int low, high;                   // of integers
    Choice (*choice)(int index);     // of names: those there are
    // So many values, from 0 on, other programs have too, and only our own format can say the others; 1: theirs mean the
    // first one without saying it. 0: all of them.
    int common;
    int missing;                     // what a config.json means that does not say it, or DM_MUST_BE_SAID
    int usual;                       // of a new model
    const Option *option;  // of train that says otherwise; NULL: none does. Several rows may have the same one
    const char *divides;   // the key of what it must divide; NULL: it need not
    const char *most;      // the key of what it may not be above; NULL: it has its own limit alone
    // It counts where one of these rows, all of which stand before it, has such a value, or where there are none. Where it
    // does not count it stands in no config.json, its option is refused, and it has its usual value.
    ShapeWith with[3];
} ShapeRow;

bool dm_shape_counts(const ModelConfig *config, const ShapeRow *row);
int dm_shape_value(const ModelConfig *config, const ShapeRow *row);
void dm_shape_set(ModelConfig *config, const ShapeRow *row, int value);
const ShapeRow *dm_shape_row(const Architecture *architecture, const char *key);  // NULL: it has none of this key
int dm_shape_index(const ShapeRow *row, const char *name);                        // of a name; -1: there is none
void dm_shape_take_usual(ModelConfig *config);  // of config->architecture, all that rows describe

// The shape that the options of train say. DM_USAGE where values do not go together.
Status dm_shape_of_options(ModelConfig *config, const dm_options *options, Error *error);
// Options of the shape that this architecture does not have are refused where they were given, and taken out where not,
// so that nothing is written down which did not count; those not given get what is usual for it.
Status dm_shape_settle(dm_options *options, const Architecture *architecture, Error *error);
