// What an option of train is where nobody has given it and no constant would do: rules from the size of the text, or
// from other options.
#pragma once
#include "data/bitext.h"
#include "options/options.h"

typedef struct TextSize {
    size_t pairs;
    double words;    // of a side, about
    int characters;  // different ones, of both sides
    bool alone;      // text alone: the pairs are lines, which have one side
} TextSize;
TextSize dm_text_size(const Bitext *text);
TextSize dm_text_size_of(size_t pairs, size_t bytes, int characters, bool alone);  // bytes and characters of all sides

// Settles what is not given, by the rules, as a default (dm_options_set_default). *said: what was settled, as a command
// line has it, for a text of this size; NULL: nothing was. The caller frees it.
Status dm_defaults_by_text(dm_options *options, const TextSize *size, char **said, Error *error);
// The same of --vocab-size alone.
Status dm_default_vocabulary(dm_options *options, const TextSize *size, char **said, Error *error);
// The same of --lr-warmup, which goes by the updates that --after comes to; 0: nobody knows yet, since that is a time.
Status dm_default_warmup(dm_options *options, long updates, char **said, Error *error);

// The rule of one of these options in words, for its row in the help. Buffer: 256 bytes.
const char *dm_default_rule(const char *option, char *buffer);

// Of --shard-words, from --mini-batch-words, for an architecture whose sequences run step by step or not.
int dm_default_shard_words(int batch_words, bool stepwise);
int dm_default_lanes(size_t weights);         // of --lanes
