// Formats: how one model_type of config.json, another program's or our own, says what a model is. A format is a file of
// this folder; the first in dm_formats that can say all of a model is the one that its folder is written in.
#pragma once
#include "core/json.h"
#include "model/model.h"

// A key that must have one value, where another means another computation.
typedef struct FormatFlag {
    const char *key;
    const char *value;      // as JSON, to the letter: transformers tells 1.0 from 1
    const char *otherwise;  // what it would mean: "layer norms before the sublayers"
    const char *row;        // of the shape, which has its second value then, instead of its first; NULL: none has
    bool must;              // be said: without it, another value is meant
} FormatFlag;

// What the format means of the shape without saying it.
typedef struct FormatMeans {
    const char *key, *name;
} FormatMeans;

typedef struct FormatWord {
    const char *ours, *theirs;
} FormatWord;

#define DM_CLASSES "architectures"  // the key of transformers' classes, which is a list of one

// A row of the shape that stands in config.json under another key than ours, or in other words. That of DM_CLASSES says
// which class of several opens the folder.
typedef struct FormatKey {
    const char *row, *key;
    const FormatWord *words;  // of a row of names: all that the format has; end with {NULL}. NULL: ours
    const char *missing;      // what is meant where nothing is said, as JSON; NULL: what the row says
    const char *zero;         // as what 0 is written, as JSON; NULL: as it is
    const char *same;         // or as the value of this row, which is meant where nothing is said, too
} FormatKey;

enum { DM_ADDED_ROWS = 2 };

// A tensor of a file. In names, # is a number (of a layer, of an expert) and * at the end all the rest; + in theirs is the
// first number, counted on from the decoder's last layer.
typedef struct FormatTensor {
    const char *ours;    // the parameter, or the first of them; NULL: what nobody needs
    const char *theirs;  // the tensor; empty: none, it is zeros
    int joined;          // so many parameters, one behind the other, are one tensor; 0: one
    bool transposed;     // matrices are [in, out]
} FormatTensor;

typedef struct Format {
    const char *model_type;
    const char *class_name;            // in transformers; NULL: none, or the one that a row says
    const Architecture *architecture;  // NULL: "dragoman": {"architecture": ...} says which
    const ExampleKind *examples;       // what a folder means that does not say it; NULL: the architecture's first
    bool separate_vocabularies;        // source and target may have a table each
    bool stored_positions;             // the weights may hold positions, and may decide what they are
    // Of a decoder alone: it has one vocabulary, what it begins with is bos_token_id, which it may lack, as it may pad,
    // and lengths in generation_config.json are those of what is new.
    bool decoder_alone;
    bool encoder_alone;           // what it says are labels, whose names are in "id2label"
    bool untied;                  // where nothing is said, the output has a table of its own
    const FormatFlag *flags;      // end with a key of NULL
    const FormatMeans *means;     // so do these
    const FormatKey *keys;        // and these; rows that are not among them have our keys. NULL: none is
    const FormatTensor *tensors;  // end with `theirs` of NULL. NULL: names and layouts are ours
    // When it is read, each row of this parameter has the first row of that tensor added, which is written as zeros.
    const char *added_to, *added;  // NULL: none
    const char *prefix;           // of all names of tensors, which some files lack; NULL: none
    void (*read)(JsonFile *file);                               // before all else: puts what it says where it is read
    void (*write)(cJSON *json, const ModelConfig *config);      // last: adds what rows do not say
    bool (*misfit)(const ModelConfig *config, Name *why);       // what it cannot say, though it has keys for all of it
} Format;

extern const Format dm_marian_format, dm_pegasus_format, dm_gpt2_format, dm_llama_format, dm_mixtral_format,
    dm_glm4_moe_format, dm_megatron_bert_format, dm_own_format;
extern const Format *const dm_formats[];  // ends with NULL

const Format *dm_format_of_type(const char *model_type);       // NULL: no such format
const Format *dm_format_of_config(const ModelConfig *config);  // that can say it
// The value of this row that the format means without saying it; -1: it says it in config.json.
int dm_format_means(const Format *format, const ShapeRow *row);
// The flag that says the row instead of its key; NULL: none does.
const FormatFlag *dm_format_flag(const Format *format, const ShapeRow *row);

void dm_write_their_training(cJSON *json, const ModelConfig *config);  // of MarianMTModel and its like (marian.c)

// Keys (format_keys.c)
const FormatKey *dm_format_key(const Format *format, const char *row);   // NULL: none
const char *dm_format_key_name(const Format *format, const char *row);  // as config.json has it
// The index of a word of a row of names, and the word of an index. -1, NULL: the format has none.
int dm_format_index(const Format *format, const ShapeRow *row, const char *word);
const char *dm_format_word(const Format *format, const ShapeRow *row, int index);
const char *dm_format_class(const Format *format, const ModelConfig *config);  // of transformers; NULL: none opens it
void dm_format_read(const Format *format, JsonFile *file);  // before its rows are asked for: what is missing, is put in
void dm_format_write_row(const Format *format, cJSON *json, const ModelConfig *config, const ShapeRow *row);

// Tensors (format_tensors.c)
// The row for a parameter, and the name of its tensor.
const FormatTensor *dm_format_tensor(const Format *format, const ModelConfig *config, const char *parameter,
                                     Name *theirs);
bool dm_format_ignores(const Format *format, const char *tensor);
