// A prepared text: a corpus that is numbered once, in a folder whose files are mapped to be learnt from. What was cut by
// which segmenter, that folder says itself:
//
//   prepared.json    what the text is (below), how large the other files are, and a hash of all that, of the ids and of
//                    the lengths. It is written last: with it the folder is whole.
//   pairs.ids        int32, little-endian: the ids of all pairs, source then target, each with its end of sentence; of
//                    text alone those of all lines
//   pairs.lengths    two int32 for each pair: ids of its source and of its target; of text alone 0 and those of the line
//   pairs.copies     as pairs.ids, what they are copied as (dm_encode_copies), where somebody has asked for it
//   vocab.json ...   the files of the segmenter, as a model folder has them (dm_segmenter_copy)
//
// All pairs of the text are there, empty and long ones too, in its order: number k is line k. Which of them a run takes,
// and how it cuts lines into windows, it says when it opens them (CorpusRules), so one folder does for several runs.
//
// What is opened is checked to its end: sizes, lengths and ids, which index memory, and the hash. Nobody writes into
// files that are there: another text is another folder, which takes the name when it is whole.
#pragma once
#include <stdint.h>

#include "core/files.h"
#include "data/corpus.h"

#define DM_PREPARED_FILE "prepared.json"

// What a run wants to know of the text besides its ids.
typedef struct PreparedText {
    bool alone;
    int pairs;
    int64_t pieces;          // ids of all pairs
    int64_t bytes;           // of all lines, and different characters in them: TextSize
    int characters;
    char *file[2];           // how messages call the sides, ...
    char *name;              // and both
    char *language[2];       // as those of a bitext
    char *tokenizer;         // that BLEU of its targets takes
    char *segmenter;         // as in train --segmenter: unigram, bpe or space; "given" where its model was there before
    bool separate;           // a vocabulary for each side
    bool of_model;           // the segmenter is that of a model (--pretrained-model)
    bool copies;             // it is known what pieces are copied as
    int vocabulary[2];       // pieces of each Side; of one vocabulary the same
    uint64_t segmenter_hash; // dm_segmenter_hash of its files
    uint64_t hash;
} PreparedText;

typedef struct Prepared {
    PreparedText text;
    char *folder;  // NULL: there is none
    const int *ids, *lengths, *copies;  // mapped; NULL: not yet
} Prepared;

bool dm_is_prepared(const char *folder);
// Reads what prepared.json says, without the rest.
Status dm_prepared_read(Prepared *prepared, const char *folder, Error *error);
// Maps the files and checks all that is in them.
Status dm_prepared_map(Prepared *prepared, Error *error);
void dm_prepared_unmap(Prepared *prepared);  // what it says stays
void dm_prepared_close(Prepared *prepared);
// The corpus that training makes of it, as dm_corpus_make would of the text: its ids stay in the mapping, and copies where
// rules->copies asks for them.
Status dm_prepared_corpus(Corpus *corpus, const Prepared *prepared, const CorpusRules *rules, Error *error);
// From now on pairs are read in any order: the system need not read on behind each.
void dm_prepared_shuffle(const Prepared *prepared);

// ---- Writing --------------------------------------------------------------------------------------------------------

typedef struct PreparedWriter {
    FileWriter file[3];  // ids, lengths, copies
    bool open[3];
    int64_t pairs, pieces;
    uint64_t hash[3];
} PreparedWriter;

// Into a folder that is there. The writer stays where it is until it is closed.
Status dm_prepared_begin(PreparedWriter *writer, const char *folder, bool copies, Error *error);
Status dm_prepared_add(PreparedWriter *writer, const Corpus *pairs, Error *error);  // all of the next pairs, in order
// All is there: pairs, pieces and hash of the text become those that were added.
Status dm_prepared_finish(PreparedWriter *writer, PreparedText *text, const char *folder, Error *error);
void dm_prepared_discard(PreparedWriter *writer);  // nothing happens where it is finished
void dm_prepared_clear(const char *folder);  // removes its files, but for the segmenter's
void dm_prepared_text_name(PreparedText *text, const Bitext *bitext);  // what messages call it, and its languages
void dm_prepared_text_free(PreparedText *text);
