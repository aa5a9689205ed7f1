// libdragoman: train sequence-to-sequence translation models on a CPU, translate with them, score the result.
//
// Every function that can fail returns a dm_status and writes one sentence for people into the dm_error it is given.
// The library never exits, writes to no stream of its own and keeps no global state that shows, but that dm_bench names
// the code that oneDNN has made so far in the process. Text is UTF-8 without newlines.
// Numbers have a decimal point, in options, JSON, files and messages, whatever locale the program is in.
// Where memory runs out, a function fails as with any other error: DM_FAILURE (false of help and docs, NULL of new
// options), what it was given is as it was, or may be freed, and the program goes on.
// A program that handles signals in a thread that trains or translates does so on a stack of its own (sigaltstack,
// SA_ONSTACK): oneDNN before 3.11.2 keeps numbers where a handler's frame would be put.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define DM_API
#else
#define DM_API __attribute__((visibility("default")))
#endif

typedef enum dm_status {
    DM_OK = 0,       // done
    DM_FAILURE = 1,  // the input or the system is at fault: a file, a line, a full disk
    DM_USAGE = 2,    // the caller is at fault: an unknown option, a value out of range
    DM_STOPPED = 3,  // the caller's own `stop` said so
} dm_status;

typedef struct dm_error {
    char message[2048];  // one sentence (a list of options may take several lines), without a newline at its end
} dm_error;

DM_API const char *dm_version(void);  // "MAJOR.MINOR.PATCH"; the number stands in CMakeLists.txt alone

// ---- Options: the settings of one command, with their defaults ----------------------------------------------------

typedef struct dm_options dm_options;

// command: "train", "translate" or another that dm_options_help(NULL, ...) shows; NULL if there is no such command. All
// options stand at their defaults, but those whose default goes by the text, as the help says, have no value: dm_train
// settles it. The caller frees it.
DM_API dm_options *dm_options_new(const char *command);
DM_API dm_options *dm_options_copy(const dm_options *options);  // the caller frees it
DM_API void dm_options_free(dm_options *options);

// A command line after the command's name (argv[0] is the first option or file). Reads the file that --config names;
// what the command line says wins over it, wherever it stands. `--help` is an option like any other: ask for it first.
DM_API dm_status dm_options_parse(dm_options *options, int argc, char **argv, dm_error *error);
// One option by its long name without dashes: dm_options_set(o, "beam-size", 1, (const char *[]){"5"}, &error).
// A flag takes no value, or "true" or "false".
DM_API dm_status dm_options_set(dm_options *options, const char *name, int count, const char *const *values,
                                dm_error *error);
// Back to its default, as if it had not been set.
DM_API dm_status dm_options_unset(dm_options *options, const char *name, dm_error *error);
// A JSON object of options, with comments allowed: {"beam-size": 5, "train-sets": ["a.zh", "a.en"]}.
DM_API dm_status dm_options_load(dm_options *options, const char *path, dm_error *error);

// What of a configuration file that was read says nothing here: options of other commands, in a file that several
// share, and options that have no effect beside the others. Of what was set otherwise, that is an error. False: all
// counts.
DM_API bool dm_options_remark(const dm_options *options, dm_error *remark);

DM_API bool dm_options_has(const dm_options *options, const char *name);    // it is an option of the command
DM_API bool dm_options_given(const dm_options *options, const char *name);  // set by the user rather than by default
DM_API int dm_options_count(const dm_options *options, const char *name);   // how many values it has
DM_API const char *dm_options_text(const dm_options *options, const char *name, int index);  // NULL past the last value
DM_API double dm_options_number(const dm_options *options, const char *name);                // the first one; none: NAN
DM_API bool dm_options_flag(const dm_options *options, const char *name);
DM_API bool dm_options_help(const char *command, FILE *stream);  // NULL: the overview of all commands
// The same for other readers: "bash" or "zsh" (completion for that shell) or "man" (the manual page). False: no such
// format, and nothing is written.
DM_API bool dm_options_docs(const char *format, FILE *stream);
// DM_USAGE if there is no command of this name: the message says which there are, or which was meant.
DM_API dm_status dm_command_check(const char *name, dm_error *error);

// ---- Text -----------------------------------------------------------------------------------------------------------

typedef struct dm_lines {
    char **line;  // NUL-terminated, without end of line
    size_t count;
} dm_lines;

// All lines of a file, or of standard input where path is "-". Text in gzip or zstd form is decompressed, whatever the
// file is called. A byte-order mark is dropped, CR LF ends a line as LF does. Invalid UTF-8 and NUL bytes are refused
// with file and line.
DM_API dm_status dm_lines_read(dm_lines *lines, const char *path, dm_error *error);
// The same of two columns, counted from 1, of a file whose lines are columns separated by tabs; others are ignored. A
// blank line has empty columns, another line with too few of them is refused.
DM_API dm_status dm_lines_read_tsv(dm_lines lines[2], const char *path, const int columns[2], dm_error *error);

// What is done about a bad line: one that is not UTF-8, holds a NUL byte, or has not the columns that are wanted.
typedef enum dm_on_bad_line {
    DM_STOP_THERE,  // it is refused, and all of the text with it
    DM_SKIP_LINE,   // it is empty
    DM_CROP_LINE,   // it is what stands before the bad byte; columns that are not there are empty
} dm_on_bad_line;
typedef struct dm_bad_lines {
    dm_on_bad_line on;  // the caller's wish; NULL for all of it: DM_STOP_THERE
    size_t count;       // those that there were
    size_t *line;       // [count] which, from 0, ascending; the caller frees it with dm_bad_lines_free
} dm_bad_lines;
DM_API dm_status dm_lines_read_all(dm_lines *lines, const char *path, dm_bad_lines *bad, dm_error *error);
DM_API dm_status dm_lines_read_all_tsv(dm_lines lines[2], const char *path, const int columns[2], dm_bad_lines *bad,
                                       dm_error *error);
DM_API void dm_bad_lines_free(dm_bad_lines *bad);
DM_API void dm_lines_free(dm_lines *lines);

// The same text as bytes that are read as they come, for programs that do not wait for the end of it. Lines are not cut
// and not looked at. Standard input is read from its descriptor and stays open.
typedef struct dm_text_stream dm_text_stream;
DM_API dm_status dm_text_stream_open(dm_text_stream **stream, const char *path, dm_error *error);
DM_API void dm_text_stream_close(dm_text_stream *stream);
// Waits until there is something and reads at most `room` bytes; *got 0: the text is at its end.
DM_API dm_status dm_text_stream_read(dm_text_stream *stream, char *bytes, size_t room, size_t *got, dm_error *error);
// Whether reading would not wait. Of compressed text this is taken for granted.
DM_API bool dm_text_stream_ready(const dm_text_stream *stream);

// ---- Several processes ----------------------------------------------------------------------------------------------

// The processes of a program that mpirun or srun has started several times, its ranks, hand one another bytes by this.
// NULL: the process is alone.
typedef struct dm_exchange dm_exchange;

// Finds the others, by MPI, which is loaded then. Rank 0 speaks for all: what another one says is empty elsewhere.
// patience: seconds without a sign of life after which a rank is taken for lost; 0: it never is. To be closed in any case,
// also where this fails: this build has no MPI, say, or a rank is of another version. dm_train does it by itself.
DM_API dm_status dm_exchange_open(dm_exchange **exchange, double patience, dm_error *error);
// status and error: how the work of this rank has ended. Where one fails all do: the others hear of it wherever they are.
// Returns how it has ended for all, with the sentence that this rank is to say, which may be empty.
DM_API dm_status dm_exchange_close(dm_exchange *exchange, dm_status status, dm_error *error);
DM_API int dm_rank(const dm_exchange *exchange);   // 0 ...
DM_API int dm_ranks(const dm_exchange *exchange);  // 1 ...
// Bytes to one rank, who takes them: both wait for one another. *bytes: freed with dm_exchange_free; with a NUL behind
// them.
DM_API dm_status dm_exchange_hand(dm_exchange *exchange, int to, const char *bytes, size_t size, dm_error *error);
DM_API dm_status dm_exchange_take(dm_exchange *exchange, int from, char **bytes, size_t *size, dm_error *error);
DM_API void dm_exchange_free(char *bytes);

// ---- Translating ----------------------------------------------------------------------------------------------------

typedef struct dm_model dm_model;

// Opens a model folder: one that dragoman trained, or a MarianMT or Pegasus one made elsewhere. options: of
// "translate", "rescore", "serve" or "bench", or NULL for the defaults (only gemm and precision matter here). The
// caller closes it.
DM_API dm_status dm_model_open(dm_model **model, const char *folder, const dm_options *options, dm_error *error);
// Makes an ensemble of the model and another one with the same vocabularies: the probability of a piece is the mean of
// what the members give it. What looks at attention looks at that of the first.
DM_API dm_status dm_model_join(dm_model *model, const char *folder, dm_error *error);
// From now on search looks only at the pieces that the folder's shortlist (vmap.txt, see dm_shortlist) has for the
// source pieces of a batch, so that which lines share a batch may show in the result. Ensembles, sampling,
// no_repeat_ngram and prefixes look at all pieces. Not while another thread translates with the model.
DM_API dm_status dm_model_shortlist(dm_model *model, const char *folder, dm_error *error);
// From now on drafts may be "model": those of the model in this folder, which has to have the same vocabularies. It should
// be much faster. Not while another thread translates with the model.
DM_API dm_status dm_model_draft(dm_model *model, const char *folder, dm_error *error);
// Whether all ranks have opened the same models: DM_FAILURE on all of them where one has others, which the message names.
DM_API dm_status dm_models_compare(const dm_model *model, dm_exchange *exchange, dm_error *error);
DM_API void dm_model_close(dm_model *model);

// What the model in a folder is made of, without opening it: a JSON object with "architecture" ("examples": what it has
// learnt from, "pairs", "text" and so on), "vocabulary",
// "parameters" (by part, in all and of these "active" for a token, with the bytes in model.safetensors and the
// "precision" of the matrices there, fp32, bf16 or int8, or null where there is no such file yet), "operations" (of a
// piece, in sentences of `length` pieces, 1 to 1024; 0: 20), "parts" (parameters and operations of each kind of layer)
// and "missing" (files without which no text can be translated). *json is owned by the caller: free.
DM_API dm_status dm_model_describe(const char *folder, int length, char **json, dm_error *error);

// Whether `path` leads, under whatever name, to a file of the model or the run in a folder: whoever writes there would
// destroy it. A report is none of them: it can be written again.
DM_API bool dm_model_has_file(const char *folder, const char *path);

typedef enum dm_sampling {
    DM_NO_SAMPLING,
    DM_SAMPLE_FULL,  // from the whole distribution
    DM_SAMPLE_TOPK,  // from the sampling_limit most probable pieces (Fan et al. 2018)
    DM_SAMPLE_TOPP,  // from the fewest that have sampling_limit of the probability together (Holtzman et al. 2020)
} dm_sampling;

// What to look for. Hypotheses of a sentence are ranked by
//   score = log P / pieces^normalize + coverage_penalty * sum_i log(min(1, sum_j a_ij)),
// a_ij being what target piece j gives source piece i of its attention (Wu et al. 2016, eq. 14; no term for the end of
// the sentence). dm_translate_options_read gives every field its default. Fields that would have no effect beside the
// others (a temperature without sampling, a longer list than the beam can find ...) are refused: DM_USAGE.
typedef struct dm_translate_options {
    int beam_size;             // hypotheses kept at each step; 1: greedy; 0: what the model folder says, else 5
    double normalize;          // exponent of the length, end of sentence counted; below 0: what the model folder says,
                               // else 1
    double max_length_factor;  // at most max_length_factor * source pieces + 10 pieces, and 10 more than a prefix ...
    int max_length;            // ... and at most so many; 0: what the model folder says, else no limit of its own
    int min_length;            // at least so many pieces before the end of the sentence, even above max_length_factor;
                               // below 0: what the model folder says, else 0
    int length_low;            // a translation has from length_low to length_high pieces, end of sentence not counted, ...
    int length_high;           // ... whatever the other limits say; 0: these hold
    int iterations;            // of a model that writes in any order (train --objective masked): passes at most; 0: 10
    int length_beam;           // ... and lengths that are tried of a line, each a hypothesis; 0: 5. At the end of their
                               // piece_scores is that of the length. What goes piece by piece is refused, beam_size too
    int n_best;                // hypotheses wanted of a line; the search may find fewer: at most 2 * beam_size - 1
    double coverage_penalty;
    int no_repeat_ngram;      // no run of so many pieces occurs twice (Paulus et al. 2017, section 2.5); 0: any may;
                              // below 0: what the model folder says, else 0
    double diversity;         // the k-th best way to continue a hypothesis, from 0, counts k * diversity less where the
                              // beam is chosen (Li et al. 2016, "A simple, fast diverse decoding algorithm", eq. 7)
    dm_sampling sampling;     // draw n_best translations of each line, each by itself, instead of a beam search
    double sampling_limit;    // K of topk, P of topp
    double temperature;       // pieces are drawn with probabilities p^(1/temperature), scaled to sum to 1
    unsigned long long seed;  // of the draws ...
    size_t first_line;        // ... whose numbers depend on the line's: lines are first_line, first_line + 1, ...
    bool alignment;           // fill in words and alignment
    bool unk_replace;         // write the source word that an unknown piece looks at in its place
    int threads;              // 0: one for each processor; the result does not depend on it
    int mini_batch;           // sentences that a thread takes at once; 0: what pays with this beam
    const char *const *prefixes;  // [lines] what each translation has to begin with, "" for nothing; NULL: nothing has
    const char *const *stop_pieces;  // dm_generate: pieces with which a text ends, as the vocabulary spells them ...
    int stop_count;                  // ... so many
    // Where guesses come from of how a text goes on, many of which the model checks at once: "model" (dm_model_draft),
    // "self" (heads of the model that look ahead), "lookup" (what followed the last pieces before) or "source" (what stands in the source); NULL: there are none. What
    // greedy search finds is the same bytes, what sampling draws is from the same distribution; a beam is refused.
    const char *draft;
    // A guess is taken over where it is among so many best pieces (Stern et al. 2018, section 5.2); 0 or 1: where it is the
    // best. Above 1 the text may be another one, and sampling refuses it.
    int draft_accept;
    int draft_length;  // pieces that are guessed at once; 0: two more after all were right, one less after others
    bool no_eos;  // dm_rescore, of text alone: a line goes on behind its end, which is not counted

    void *context;                // for the functions, which may be NULL and are called from any thread
    bool (*stop)(void *context);  // asked at every step: true ends the call with DM_STOPPED
    void (*partial)(void *context, size_t line, const char *text);  // greedy search: what a line has come to so far
} dm_translate_options;

// From the options of "translate" or "generate", which must outlive it; NULL: the defaults of "translate".
DM_API dm_status dm_translate_options_read(dm_translate_options *read, const dm_options *options, dm_error *error);

typedef struct dm_hypothesis {
    char *text;
    double log_probability;  // natural logarithm of P(pieces and end of sentence | source)
    double score;            // what hypotheses are ranked by
    int pieces;              // end of sentence counted, where it was reached
    const char **piece;      // [pieces] as the vocabulary spells them (the strings are the model's)
    double *piece_scores;    // [pieces] natural logarithms of their probabilities; the sum is log_probability
    int passes;              // with a draft: how often the model was asked, ...
    int drafted;             // ... how many pieces were guessed, ...
    int *accepted;           // [passes] ... and how many of these were right each time
    int words;               // with alignment: the words that the pieces make; in scripts without spaces, each piece
    char **word;             // [words]
    float *alignment;        // [words][source_words + 1] what a word looks at: the source's words, end of sentence last
} dm_hypothesis;

typedef struct dm_translation {
    int count;                  // at least 1
    dm_hypothesis *hypotheses;  // the best one first; of an empty line one empty text
    int source_words;           // with alignment
    char **source_word;         // [source_words]
} dm_translation;

// One translation per line, in the order of the lines; an empty line gives an empty text. What a line comes to does not
// depend on the others, save with a shortlist, and is the same bytes on the same machine. options: NULL for the
// defaults. Several threads may translate with one model at the same time. The caller frees the translations; after a
// failure there are none.
// A model of labels says one of each word (what blanks separate) or of the line: a piece is a label then, nothing ends it,
// and the k-th hypothesis has of each the k-th best one. Of the options only n_best, normalize, threads and mini_batch have
// an effect.
// A model that writes all at once (train --output-layer ctc) finds the likeliest path with a beam_size of 1, which 0 means too,
// and with more the likeliest texts by all of their paths. Else only n_best, normalize (of 1), threads and mini_batch count.
DM_API dm_status dm_translate(dm_model *model, const char *const *lines, size_t count,
                              const dm_translate_options *options, dm_translation *translations, dm_error *error);
DM_API void dm_translations_free(dm_translation *translations, size_t count);

// The same by a model of text alone (dragoman train with one text), which goes on with a line: the text of a hypothesis
// is the line and what comes behind it, its pieces, their scores and the log-probability are those that came. An empty
// line is gone on with from nothing. max_length and min_length count what comes; what looks at a source is refused. The
// caller frees the texts with dm_translations_free.
DM_API dm_status dm_generate(dm_model *model, const char *const *lines, size_t count,
                             const dm_translate_options *options, dm_translation *texts, dm_error *error);

// A text that is written in turns, by a caller and a model of text alone, of which nothing is read twice: what the model
// has read, and what it wrote (the best hypothesis), stays in its caches.
typedef struct dm_conversation {
    void *context;
    // The next line behind the text ("": the model goes on where it stopped), until the next call; NULL ends the
    // conversation. *options: to be filled in.
    const char *(*next)(void *context, dm_translate_options *options);
    // What came of it, as of dm_generate: the caller's, who frees it. Of what was stopped or refused (NULL, and the
    // reason) neither line nor answer becomes part of the text.
    void (*found)(void *context, dm_status status, const dm_translation *text, const dm_error *error);
} dm_conversation;

// Fails at once where the model is none of text alone; all else is told to `found`.
DM_API dm_status dm_converse(dm_model *model, const dm_conversation *conversation, dm_error *error);

// Whether dm_translate would take these lines: it refuses what is not UTF-8 and what has too many pieces. Where lines
// of several people are translated together, nobody's answer then depends on what the others sent.
DM_API dm_status dm_check_lines(dm_model *model, const char *const *lines, size_t count, dm_error *error);
// Cuts a line, of the target's language or the source's, down to what would be taken, in place.
DM_API dm_status dm_crop_line(dm_model *model, char *line, bool target, dm_error *error);

typedef struct dm_rescored {
    double log_probability;  // natural logarithm of P(target | source), end of sentence included
    int pieces;              // end of sentence counted; of labels, as many as there are
    double *word_scores;     // [pieces], their sum is log_probability
} dm_rescored;

// options: NULL for the defaults (only threads, mini_batch and no_eos matter here). sources: NULL for a model of text
// alone, of which each target is a text; where the model has no piece that a text begins with, its first piece is given
// and not counted. One of more pieces than the model was trained with at once is cut into windows, as in training.
DM_API dm_status dm_rescore(dm_model *model, const char *const *sources, const char *const *targets, size_t count,
                            const dm_translate_options *options, dm_rescored *rescored, dm_error *error);
DM_API void dm_rescored_free(dm_rescored *rescored, size_t count);

// What the heads of a model look at: for every layer and head a picture with a row for each piece that looks and a
// column for each that is looked at. A row is a probability distribution: it sums to 1.
typedef struct dm_attention_maps {
    int layers, heads, rows, columns;
    float *weights;  // [layers][heads][rows][columns]
} dm_attention_maps;

typedef struct dm_attended {
    char *text;  // the translation
    int source_pieces, target_pieces;
    char **source;              // [source_pieces] what the encoder reads, end of sentence last
    char **target;              // [target_pieces] what the decoder writes, end of sentence last
    dm_attention_maps encoder;  // rows and columns: source
    dm_attention_maps decoder;  // rows: target; column 0 is the start, column j is target[j - 1]. Later ones count 0
    dm_attention_maps cross;    // rows: target, columns: source
} dm_attended;

// Translates one line, which must not be blank, as dm_translate does, and keeps what every head saw on the way to the
// best translation. partial is not called.
DM_API dm_status dm_attend(dm_model *model, const char *line, const dm_translate_options *options,
                           dm_attended *attended, dm_error *error);
DM_API void dm_attended_free(dm_attended *attended);

// Which experts a model that has some sends the pieces of these lines to, and those of its translations of them, as a
// JSON object: {"lines": n, "routers": [{"layer", "tokens", "entropy", "experts": [{"share", "pieces": [{"piece",
// "count"}, ...]}, ...]}, ...]}. share: of all choices; pieces: the most frequent first; entropy: of what a token chose
// by, in nats, the mean. In the decoder a piece is one that is read, to write the next. *json is owned by the caller:
// free.
DM_API dm_status dm_expert_uses(dm_model *model, const char *const *lines, size_t count,
                                const dm_translate_options *options, char **json, dm_error *error);

// ---- Training -------------------------------------------------------------------------------------------------------

// What a training run tells its caller; every function may be NULL. They are called from the thread that called
// dm_train. `stop` is asked after every update and many times in whatever takes long beside them: making a segmenter
// (for which there is a child process then, since nothing else can be given up), cutting the text, validating, looking
// for the heads that align.
typedef struct dm_observer {
    void *context;
    void (*line)(void *context, const char *line);        // a line for the log: an update, a validation, a note
    void (*progress)(void *context, const char *status);  // the state of things after every update, for one screen line
    bool (*stop)(void *context);                          // true: save and return as soon as this update is done, or
                                                          // at once where no update is; it is not asked again
} dm_observer;

// Trains as the options of "train" say, or goes on where the run in the model folder stopped.
// *stopped (may be NULL): whether the observer stopped it before its end.
// In a program that mpirun or srun has started several times, the processes (ranks) train one model together, with the
// same bytes; MPI is loaded then. All call it with the same options; `stop` of any of them stops all. Rank 0 alone writes
// and tells its observer: the observers of the others are only asked to stop. Where one fails all do, and the message is
// empty in those that leave it to another to say why.
DM_API dm_status dm_train(const dm_options *options, const dm_observer *observer, bool *stopped, dm_error *error);
// Whether less of a metric of --valid-metrics, by whose names the log (train.jsonl) calls its figures, is better.
DM_API bool dm_metric_falls(const char *name);  // false as well: there is no such metric

// Averages the weights of checkpoints as the options of "average" say, into model.safetensors of the folder or a file.
// The observer (may be NULL) gets lines that say what was averaged. Refused while a run is going on in the folder.
DM_API dm_status dm_average(const dm_options *options, const dm_observer *observer, dm_error *error);

// Stores the model of one folder in another one, in fewer bits, as the options of "quantize" say. Refused while
// somebody writes in that other one.
DM_API dm_status dm_quantize(const dm_options *options, dm_error *error);

// Lists the target pieces that may translate each source piece, as the options of "shortlist" say, in the model folder.
// dm_model_shortlist makes use of it. The observer (may be NULL) gets a line that says which lines were bad. Refused
// while somebody writes in the folder.
DM_API dm_status dm_shortlist(const dm_options *options, const dm_observer *observer, dm_error *error);

// Links the words of a text, as the options of "align" say: a line for each pair, "0-0 1-2", in their order. The caller
// frees them with dm_lines_free. The observer (may be NULL) gets a line that says which lines were bad.
DM_API dm_status dm_align(const dm_options *options, const dm_observer *observer, dm_lines *links, dm_error *error);

// Cuts a text into pieces and numbers them, as the options of "prepare" say, in a folder from which dm_train learns
// (--prepared). The observer (may be NULL) gets lines that say what is done, and may stop it: DM_STOPPED, and nothing is
// left.
DM_API dm_status dm_prepare(const dm_options *options, const dm_observer *observer, dm_error *error);
// What such a folder holds, all of which is read and checked: its prepared.json. *json is owned by the caller: free.
DM_API dm_status dm_prepared_describe(const char *folder, char **json, dm_error *error);

// ---- Measuring ------------------------------------------------------------------------------------------------------

// Measures as the options of "bench" say, and calls the observer's progress (it may be NULL) after every round. *json:
// the result as a JSON object, which the caller frees. A figure of several rounds is {"median", "min", "max"}. Tokens
// are pieces, end of sentence counted; gflops count the products of the layers and of the vocabulary (2 m n k each).
// In a program that mpirun has started several times, "train" measures updates that the ranks make together, and *json is
// NULL in all but the first.
//   "bench", "version", "threads", "rounds", "seconds"     what was measured; seconds: of a round
//   "processor": {"name", "flags", "count"}                flags: those that decide about the speed of arithmetic
//   "code"                                                 names of the code that oneDNN had for the products, where it
//                                                          says: "brg:..." and the like, or "ref...", reference code
//   "shape": {"name", "type", ..., "vocabulary", "weights"}  between them the keys of config.json that make its shape
// train, translate and layer:
//   "gemm"                                                 the matrix library
// train and translate:
//   "target_tokens_per_second", "source_tokens_per_second" figures of the rounds
//   "target_tokens", "source_tokens"                       in all rounds
//   "gflop_per_target_token"                               of the products
//   "gflops", "gemm_gflops", "percent_of_gemm"             figures: reached; by the same products alone; the share
//   "peak_memory_bytes"                                    resident memory of the process at most, to the first round
// train:
//   "updates", "update_words", "shard_words", "lanes"
//   "trained_weights"                                      those of the shape's "weights" that have a gradient
//   "chain"                                                ops of a shard, forward, that wait for one another: the most
//   "ranks": [{"name", "shards", ...}]                     an object for each rank (alone: one without a name), of all
//                                                          updates together
//     "computing_seconds", "waiting_seconds", "exchange_seconds"  waiting: until all had run their shards; exchange: of
//                                                          gradients and weights
//     "sent_bytes", "received_bytes"
//   "profile"                                              with --profile: "seconds" of threads, the sum of
//     "ops": [{"op", "forward", "backward"}]               each {"calls", "seconds", "gflops"}; gflops where it has any
//     "batches", "waiting_for_lane", "waiting_for_end", "lane_sums", "optimizer"
// translate:
//   "sentences", "beam_size", "mini_batch"
//   "packed_by"                                            whose kernels multiply by packed weights
//   "uneven_target_tokens_per_second", "uneven_target_tokens"  of made-up text in batches once more, whose translations
//                                                          end one after the other, as real ones do
//   "latency_ms": {"median", "p99", "sentences"}           with --latency
// gemm:
//   "uses": [{"use", "rows", "gflops", "products"}]        training, and steps of decoding by the rows that they have
//     "products": [{"layer", "pass", "m", "n", "k", "share", "gflops"}]      share: of the flops of the use
//     "gflops": {"openblas": figure, "onednn": figure}     of all threads together, each library that was measured
// layer: what a second layer adds to an encoder of one, which reads one sentence on one thread:
//   "length"                                               of the sentence, in pieces
//   "operations": {"forward", "backward"}                  of its products, each {"weights", "attention", "total"}:
//                                                          those with a weight, and those between what was computed
//   "chain"                                                ops, forward, each of which has to wait for the one before
//   "forward_seconds", "backward_seconds"                  figures of the rounds
//   "path": {"layers", "tried", "share"}                   with --path. layers: the fewest through which the gradient of
//                                                          the last state by the first piece is not 0; null: none of up
//                                                          to `tried`. share: of that by all other pieces together
DM_API dm_status dm_bench(const dm_options *options, const dm_observer *observer, char **json, dm_error *error);

// ---- Scoring --------------------------------------------------------------------------------------------------------

typedef struct dm_metric {
    const char *name;      // "BLEU", "chrF2", "chrF2++", "TER"
    double score;          // in percent; of TER, which counts edits, less is better
    double mean;           // of the scores of bootstrap resamples (--confidence, --paired-bs), else NAN
    double interval;       // half the distance of their 2.5% and 97.5% quantiles, else NAN
    double p_value;        // of the difference from the first system (--paired-bs, --paired-ar), else NAN
    char *signature;       // nrefs:1|case:mixed|...
    char *verbose;         // 54.4/26.6/14.9/8.7 (BP = 1.000 ratio = 1.026 hyp_len = 62880 ref_len = 61287); others: ""
    char *line;            // the whole result as sacreBLEU prints it
    char *json;            // the same as a JSON object with sacreBLEU's keys
} dm_metric;

// references: as many as options' --ref, each with a line per hypothesis. Writes dm_options_count(options, "metrics")
// results in that order; the caller frees what they own with dm_metrics_free.
DM_API dm_status dm_score(const dm_lines *hypotheses, const dm_lines *references, int reference_count,
                          const dm_options *options, dm_metric *metrics, dm_error *error);
// The same for the translations of several systems: all results of the first, then all of the second ... With
// --paired-bs or --paired-ar every system but the first, the baseline, gets a p_value: the probability of a difference
// in score as large as theirs if chance alone made it, p = (1 + trials that reach the difference) / (1 + trials), over
// - --paired-bs: resamples of the lines, drawn for both; |system - baseline| less its mean has to reach it,
// - --paired-ar: exchanges of lines between the two; |one - other| has to reach it.
DM_API dm_status dm_compare(const dm_lines *systems, int system_count, const dm_lines *references, int reference_count,
                            const dm_options *options, dm_metric *metrics, dm_error *error);
DM_API void dm_metrics_free(dm_metric *metrics, int count);

#ifdef __cplusplus
}
#endif
