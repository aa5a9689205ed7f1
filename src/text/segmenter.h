// From sentences to pieces to ids and back: a SentencePiece model on each side, or text that is already in pieces.
#pragma once
#include <stdbool.h>

#include "core/error.h"
#include "core/stop.h"
#include "text/piece_counter.h"

// pieces <-> ids: vocab.json
typedef struct Vocabulary Vocabulary;
Status dm_vocabulary_read(Vocabulary **vocabulary, const char *path, Error *error);  // strict: ids 0 ... n-1, each once
Status dm_labels_read(Vocabulary **vocabulary, const char *path, Error *error);      // the same of labels alone
Vocabulary *dm_vocabulary_create(const char *const *pieces, int count);              // copies the pieces
Status dm_vocabulary_write(const Vocabulary *vocabulary, const char *path, Error *error);
int dm_vocabulary_size(const Vocabulary *vocabulary);
int dm_vocabulary_id(const Vocabulary *vocabulary, const char *piece);  // -1: not in it
const char *dm_vocabulary_piece(const Vocabulary *vocabulary, int id);
void dm_vocabulary_free(Vocabulary *vocabulary);

typedef struct Segmenter Segmenter;

// Ids of one sentence, end of sentence included.
typedef struct Ids {
    int *id;
    int count;
} Ids;

typedef enum Side { DM_SOURCE, DM_TARGET } Side;

// What the target of a model is: text, or labels, of each word of the source or of the sentence as a whole. Labels have
// a vocabulary of their own, which is nothing but labels, and no end of sentence.
typedef enum Labels { DM_NO_LABELS, DM_LABELS_OF_WORDS, DM_LABEL_OF_SENTENCE } Labels;

// Opens vocab.json (target_vocab.json where separate), source.spm and target.spm of a folder. kind: "sentencepiece" or
// "space" (no .spm files: pieces are separated by spaces, `@@ ` joins a piece to the next and is undone by decode).
// Or tokenizer.json alone (dm_segmenter_is_tokenizer). separate: the target has a vocabulary of its own, as labels always
// have. eos: id of the end of sentence (from the configuration).
typedef struct SegmenterFiles {
    const char *folder, *kind;
    bool separate;
    int eos;
    Labels labels;
    const char *const *label_names;  // [label_count] of the configuration; NULL: target_vocab.json has them
    int label_count;
} SegmenterFiles;
Status dm_segmenter_open(Segmenter **segmenter, const SegmenterFiles *files, Error *error);
// Whether a folder has its segmenter in tokenizer.json alone; else that is for other programs.
bool dm_segmenter_is_tokenizer(const char *folder);
void dm_segmenter_close(Segmenter *segmenter);
const Vocabulary *dm_segmenter_vocabulary(const Segmenter *segmenter, Side side);
Labels dm_segmenter_labels(const Segmenter *segmenter);
int dm_segmenter_first(const Segmenter *segmenter);  // the piece that what is labelled begins with; -1: none
struct SentencePiece;
const struct SentencePiece *dm_segmenter_model(const Segmenter *segmenter, Side side);  // NULL: text in pieces

// Thread-safe. encode: as MarianTokenizer does (a leading >>deu<< is one piece); unknown pieces become <unk>; eos is
// appended; the caller frees ids->id. decode: ids without eos and pad -> text; the caller frees it. Labels are what
// blanks separate, -1 where one is unknown, and nothing is appended.
void dm_encode(const Segmenter *segmenter, Side side, const char *line, Ids *ids);
char *dm_decode(const Segmenter *segmenter, const int *ids, int count);

// What a model reads of a line: dm_encode of the source, but word by word where words are labelled, so that no piece
// belongs to two of them; what is labelled begins with the segmenter's first piece, if it has one, unless it is empty.
// words (NULL: nobody asks): the places of what labels are of, which is the first piece of each word, or where the line
// begins; none where the target is text. The caller frees words->id too.
void dm_encode_source(const Segmenter *segmenter, const char *line, Ids *ids, Ids *words);
int dm_count_words(const char *line);  // what blanks separate
// Which of these words each of the `count` pieces of a line (its end is not counted) belongs to, from 0. False: nobody can
// tell, for the words cut one by one have another number of pieces.
bool dm_words_of_pieces(const Segmenter *segmenter, Side side, const char *line, int count, int *word_of);
// The first label that there is not, of a line, as a copy that the caller frees; NULL: all are known.
char *dm_unknown_label(const Segmenter *segmenter, const char *line);

// Length of a language code at the start of a line, as in ">>deu<< text", or 0.
size_t dm_language_code(const char *line);
// The same, where it is one that the model does not know: it would become <unk>. codes: those that there are, as a
// message names them, or "" where there are none.
size_t dm_unknown_code(const Segmenter *segmenter, const char *line, char codes[256]);

// dm_encode with the pieces as they stand in the line, unknown ones too: an array of ids->count strings, the last one
// </s>, to be freed by dm_pieces_free.
char **dm_encode_pieces(const Segmenter *segmenter, Side side, const char *line, Ids *ids);
void dm_pieces_free(char **pieces, int count);
// What the pieces of a source are copied as: an id of the target's vocabulary, or the size of that + the first place in the
// line of a piece that is spelt so and has none. -> the pieces, as dm_encode_pieces gives them
char **dm_pieces_to_copy(const Segmenter *segmenter, const char *line, Ids *copies);
// The same without the pieces, and dm_encode of a translation in which unknown pieces that can be copied are what they are
// copied as (target NULL: none). The caller frees copies->id and written->id.
void dm_encode_copies(const Segmenter *segmenter, const char *source, const char *target, Ids *copies, Ids *written);
// dm_decode of ids that may be copies of these pieces.
char *dm_decode_copies(const Segmenter *segmenter, const int *ids, int count, char *const *pieces);
int dm_unknown_piece(const Segmenter *segmenter, Side side);  // its id; -1: there is none
// The text that pieces of the target spell, on one line whatever they hold; the caller frees it.
char *dm_join_pieces(const Segmenter *segmenter, const char *const *pieces, int count);
// "trans@@ late" -> "translate", in place: "@@ " goes, and "@@" at the end, as sed 's/(@@ )|(@@ ?$)//g' does it.
void dm_undo_joins(char *line);
bool dm_is_unknown(const Segmenter *segmenter, Side side, int id);
// Which word each piece belongs to, from 0, into word_of [count]; returns how many words there are. A word ends where a
// space does; in scripts that are written without spaces every piece is a word.
int dm_pieces_to_words(const Segmenter *segmenter, const char *const *pieces, int count, int *word_of);

// Makes the files of a new model folder from training text: a joint SentencePiece model (kind "unigram" or "bpe")
// copied to source.spm and target.spm, or for kind "space" the vocabulary alone; vocab.json (</s> 0, <unk> 1, pieces,
// <pad> last; size counts all of them, 0 with "space": every piece there is) and tokenizer_config.json, so that
// MarianTokenizer opens it, with "space" tokenizer.json too, so that AutoTokenizer does. Where the sides are separate,
// each has a model and a vocabulary of so many pieces, in target_vocab.json that of the target, and in both <pad> is 2
// (DM_SEPARATE_PAD). A size larger than the text
// allows is an error that says the largest that would do, one that leaves no room for its characters one that says the
// smallest; a size that adapts becomes these.
enum { DM_SEPARATE_PAD = 2 };

// What a vocabulary is made of besides the lines that a model learns from: of all lines.
typedef struct TextCounts {
    size_t bytes;
    PieceCounter codes;  // the language codes
    PieceCounter words;  // what blanks separate, where that are the pieces
} TextCounts;
void dm_text_count(TextCounts *counts, const char *line, bool words);
void dm_text_counts_free(TextCounts *counts);
// Of a text of so many bytes every so manieth line of each side is learnt from, beginning with the first.
size_t dm_segmenter_step(size_t bytes);

typedef struct SegmenterTraining {
    const char *folder, *kind;
    const dm_lines *text;  // [text_count], a side each: all lines, or with counts those that are learnt from
    int text_count;
    TextCounts *counts;  // [vocabularies] of a text that is not in memory; NULL: they are made of `text`
    const char *text_name;     // how messages call it: "train.zh and train.en"
    const char *file[2];       // and its sides
    bool separate;             // a vocabulary for each
    const char *given[2];      // files of SentencePiece models that are taken as they are; where the sides are not
                               // separate, the first; NULL: they are trained
    const char *languages[2];  // of source and target (ISO 639): "zh", "und"
    const dm_lines *labels;    // of the target, whose vocabulary is made too; NULL: the target is text
    int size;
    bool adapts;  // where the text does not allow the size, the nearest that it does is taken
    Stop *stop;  // NULL: it goes on to its end; else it may take a child process to be given up (DM_STOPPED)
} SegmenterTraining;
Status dm_segmenter_train(const SegmenterTraining *training, Error *error);
// Copies segmenter and vocabulary files from one folder to another.
Status dm_segmenter_copy(const char *from, const char *to, Error *error);
// Hash of what of them decides how text is cut and numbered: folders with the same cut alike.
Status dm_segmenter_hash(uint64_t *hash, const char *folder, Error *error);
void dm_segmenter_remove(const char *folder);  // those files
