// Formats: how one model_type of config.json, another program's or our own, says what a model is. A format is a file of
// this folder; the first in dm_formats that can say all of a model is the one that its folder is written in.
#pragma once
#include "model/model.h"

// A key whose other value means another computation.
typedef struct FormatFlag {
    const char *key;
    bool value;
    const char *otherwise;  // what it would mean: "layer norms before the sublayers"
    const char *row;        // of the shape, which has its second value then, instead of its first; NULL: none has
} FormatFlag;

// What the format means of the shape without saying it.
typedef struct FormatMeans {
    const char *key, *name;
} FormatMeans;

typedef struct Format {
    const char *model_type;
    const char *class_name;            // in transformers; NULL: no other program opens it
    const Architecture *architecture;  // NULL: "dragoman": {"architecture": ...} says which
    const ExampleKind *examples;       // what a folder means that does not say it; NULL: the architecture's first
    bool separate_vocabularies;        // source and target may have a table each
    bool stored_positions;             // the weights may hold positions, and may decide what they are
    const FormatFlag *flags;           // end with a key of NULL
    const FormatMeans *means;          // so do these
} Format;

extern const Format dm_marian_format, dm_pegasus_format, dm_own_format;
extern const Format *const dm_formats[];  // ends with NULL

const Format *dm_format_of_type(const char *model_type);       // NULL: no such format
const Format *dm_format_of_config(const ModelConfig *config);  // that can say it
// The value of this row that the format means without saying it; -1: it says it in config.json.
int dm_format_means(const Format *format, const ShapeRow *row);
// The flag that says the row instead of its key; NULL: none does.
const FormatFlag *dm_format_flag(const Format *format, const ShapeRow *row);
