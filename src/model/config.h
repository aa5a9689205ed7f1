// What a model is: what every model has, and behind it the shape that is its architecture's own, which rows describe.
// Reading and writing config.json, the options of train, info and the report walk the rows.
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "options/options.h"

typedef struct Architecture Architecture;

enum { DM_SHAPE_ROOM = 64 };  // bytes: of the largest shape of an architecture

typedef struct ModelConfig {
    const Architecture *architecture;
    int source_vocabulary, target_vocabulary;  // rows of the embeddings (equal when shared)
    bool shared_embeddings;                    // one table for source, target and output
    bool tied_output;                          // output = target embedding; else it has a table of its own
    int width;                                 // of the embeddings, and of what the output layer reads
    int pad, eos, decoder_start;               // ids
    // search defaults
    int beam_size;   // 0: not said
    int max_length;  // 0: not said
    int *bad_words;  // ids never taken by search, pad among them
    int bad_word_count;
    _Alignas(8) unsigned char shape[DM_SHAPE_ROOM];  // the architecture's own struct
} ModelConfig;

void dm_config_free(ModelConfig *config);  // what it points to

typedef enum ShapeType {
    DM_SHAPE_INTEGER,  // an int
    DM_SHAPE_FLAG,     // a bool
    DM_SHAPE_NAME,     // an int: the index of a name
} ShapeType;

enum { DM_MUST_BE_SAID = INT_MIN };

typedef struct ShapeRow {
    const char *key;  // in config.json; NULL: the end of the rows
    ShapeType type;
    size_t offset;                   // in ModelConfig
    int low, high;                   // of integers
    const char *(*name)(int index);  // of names: those there are; NULL behind the last
    int missing;                     // what a config.json means that does not say it, or DM_MUST_BE_SAID
    int usual;                       // of a new model
    const Option *option;  // of train that says otherwise; NULL: none does. Several rows may have the same one
    const char *divides;   // the key of what it must divide; NULL: it need not
} ShapeRow;

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
// Takes all of them and --type out, for a model that has its shape already. given: the names of those that were given,
// or "".
void dm_shape_leave_out(dm_options *options, char given[256]);
