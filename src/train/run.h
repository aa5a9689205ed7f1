// A training run: all that dm_train works on. Setup fills it, the trainer drives it, the other rooms of this folder
// read it.
#pragma once
#include "core/cjson.h"

#include "core/clock.h"
#include "options/options.h"
#include "data/linking.h"
#include "data/prepared.h"
#include "model/model.h"
#include "train/journal.h"
#include "train/optimizer.h"
#include "train/update.h"
#include "train/validate.h"

// Where a run stands: with the weights and moments, all that an interrupted run needs to go on.
typedef struct RunState {
    long update;                              // done
    int epoch;                                // being worked on, from 1
    int position;                             // updates of its plan that are done
    long sentences;                           // pairs seen, in all epochs
    double seconds;                           // spent, by all sessions
    Best best[DM_MOST_METRICS];               // of --valid-metrics, in their order
    long kept_update;                         // the one whose weights model.safetensors holds
    long validated_update, saved_update;      // the last ones at which this was done
    double shown_at, validated_at, saved_at;  // the seconds then: for frequencies given as time
    Shown shown;                              // sums since the last line
    long schedule_end;                        // update at which linear and cosine reach 0; 0: not known yet, or another one
    long text, valid_text;                    // fingerprints of the texts; 0: there is none, or it is not known
    long links;                               // the same of --guided-alignment
    long journal;                             // bytes of train.jsonl that belong to this state
    bool owes_validation;                     // one was due after this update, and was stopped
    bool complete;                            // the run came to its end
} RunState;

typedef struct RunSettings {
    const char *folder;  // where its files go: --model; the draft in it until the first checkpoint is there
    int threads, delay, average;
    PlanBudget budget;
    double clip_norm;
    Schedule schedule;
    Duration after, show, validate, save;
    long patience;               // validations without a new best; 0: any number
    bool keep[DM_MOST_METRICS];  // --keep-best: of --valid-metrics, in their order
} RunSettings;

typedef struct Run {
    dm_options *options;  // its own: what is usual for its --type is filled in
    const dm_observer *observer;
    Stop stop;  // what the observer says
    Exchange *exchange;  // with the other ranks (train/ranks.h); NULL: alone
    bool joined;         // they are there
    char *own_folder;    // of a rank that joins, with the files that it was sent; NULL: it needs none
    float *moments[2];   // of all slices, where rank 0 has read them from a checkpoint and not dealt them out yet
    RunSettings settings;
    RunState state;
    bool resumed;  // a checkpoint was there
    int lock;      // file descriptor, -1: none
    bool made_folder;
    char *draft;   // path of it; NULL where the run goes on
    cJSON *extra;  // our part of config.json
    cJSON *changes;    // options that are others than the run had: dm_options_match
    const char *anew;  // why validations until here do not count any more; NULL: they do
    const GemmBackend *gemm;
    Segmenter *segmenter;
    Model *model;
    Labels labels;      // that the target is made of
    bool alone;         // text alone is learnt from
    Prepared prepared;  // of --prepared; without a folder: the text itself is read
    Bitext text;        // its lines are there until the corpus is made of them; of a prepared text there are none
    Bitext valid_text;  // without lines: there is no validation
    LinkedPairs links;  // of --guided-alignment, until the corpus has them; no pairs: there are none
    Corpus corpus;
    Noise *noise;    // of --segment-noise; NULL: none
    Corpus noisy;    // of the present epoch
    Plan plan;       // of the present epoch
    int plan_epoch;  // 0: none made yet
    ChosenTerms terms;
    ScheduledSampling sampling;
    RiskSettings risk;
    Optimizer optimizer;
    double *squares;  // [parameters] of their gradients at the last update that was shown: Step.squares
    bool shows;       // this update is shown
    Workers workers;
    Validator *validator;  // NULL: no validation set
    Journal journal;
    Shown recent;                          // what the last line showed
    double first_seconds, first_fraction;  // when this session came to its first update ...
    long first_update;                     // ... and which had gone before
    double started;                        // the clock when this session began, less the seconds of those before
} Run;

// ---- Progress (progress.c) ----------------------------------------------------------------------------------------

// Makes the plan of the present epoch unless it is there; an epoch that is done gives way to the next.
void dm_run_plan(Run *run);
const Corpus *dm_run_corpus(const Run *run);  // that the plan is of
double dm_run_epochs(const Run *run);              // done, with fractions; 0 before the first plan
double dm_run_measure(const Run *run, char unit);  // epochs, updates or seconds done, whatever the unit counts
bool dm_run_finished(const Run *run);
bool dm_run_needs_end(const Run *run);  // the learning rate falls to 0 at the end
bool dm_run_stalled(const Run *run);          // early stopping
double dm_run_fraction(const Run *run);       // of --after that is done, 0 ... 1
double dm_run_seconds(const Run *run);        // that have been spent until now, by the clock of rank 0
const float *dm_run_weights(const Run *run);  // what is validated and kept: the moving average where there is one

// ---- The folder (run_folder.c) --------------------------------------------------------------------------------------

Status dm_run_check_inputs(const Run *run, Error *error);  // that what is to be read is there
Status dm_run_say_missing(const Run *run, Error *error);  // of what is not, where the run goes on or another rank leads
// Locks it, and settles whether the run goes on or begins; one that begins makes its files in a draft.
Status dm_run_claim_folder(Run *run, Error *error);
Status dm_run_install(Run *run, Error *error);  // all is made: the draft takes the place of what was there
void dm_run_abandon(Run *run);                  // nothing is left of a run that could not begin

// ---- Going on (resume.c) --------------------------------------------------------------------------------------------

Status dm_run_recall(Run *run, Error *error);  // options that are not given become what config.json has recorded
bool dm_run_changes(const Run *run, const char *option);
void dm_run_judge_anew(Run *run, long valid_text);  // forgets what was the best, if it cannot be compared any more
Status dm_run_record(Run *run, Error *error);       // says what is other than it was, and writes it down

// ---- What it learns from (run_text.c) -------------------------------------------------------------------------------

// DM_USAGE where the options name a text that the model cannot learn from, or measures that it cannot have.
Status dm_run_check_text(Run *run, Error *error);
const ExampleKind *dm_run_examples(const Architecture *architecture, bool alone);  // of pairs, or text alone; NULL: none
Status dm_run_take_examples(Run *run, Error *error);  // of a model that is taken over: as the text is
const ExampleKind *dm_run_trains_on(const Run *run);  // NULL: on what the model is for

// ---- What is prepared of it (run_prepared.c) -------------------------------------------------------------------------

// Looks at the folder of --prepared, if there is one, and whether the run can learn from what is in it; what the text was
// cut by becomes the options of a run that begins.
Status dm_run_look_at_prepared(Run *run, Error *error);
Status dm_run_check_prepared_labels(const Run *run, Error *error);  // when it is known whether the model learns labels
Status dm_run_map_prepared(Run *run, Error *error);  // in the place of reading the text
// The corpus of it, for a model and segmenter that are there.
Status dm_run_take_prepared(Run *run, const CorpusRules *rules, Error *error);

// ---- What guides attention (guidance.c) ------------------------------------------------------------------------------

bool dm_run_links_itself(const Run *run);                 // --guided-alignment auto: links are made, not read
Status dm_run_read_links(Run *run, Error *error);         // those of words, if attention is guided by a file
Status dm_run_link_corpus(Run *run, Error *error);        // those of pieces, by these or by what the corpus itself says
cJSON *dm_run_guided_heads(const Run *run);               // as config.json has them

// ---- What it begins with (new_run.c) --------------------------------------------------------------------------------

// The options of the shape are checked before anything is made. A model that is taken over brings its own.
Status dm_run_settle_shape(Run *run, Error *error);
Status dm_run_begin(Run *run, Error *error);  // model, segmenter and configuration of a run that begins
// What --add-loss and --balance say, once the model is there. DM_USAGE where they do not go with it.
Status dm_run_settle_terms(Run *run, Error *error);
Status dm_run_choose_gemm(Run *run, const char *name, int width, Error *error);

// ---- Beginning and end (setup.c) ----------------------------------------------------------------------------------

// Folder, lock, text, segmenter, configuration, corpus, model, checkpoint: everything up to the first update.
// *anything: false where it has been stopped, or is complete; ranks other than 0 have opened nothing then.
Status dm_run_open(Run *run, bool *anything, const dm_options *options, const dm_observer *observer, Exchange *exchange,
                   Error *error);
void dm_run_close(Run *run);

// ---- The settings (run_settings.c) ----------------------------------------------------------------------------------

Status dm_run_check_settings(Run *run, Error *error);  // DM_USAGE where options do not go together
// When the text is there: what nobody has given is settled by rule (defaults.h), and all settings are read.
Status dm_run_settle(Run *run, Error *error);
// When the model is there: the target pieces of a shard. As many as the run began with, whatever is usual now.
void dm_run_settle_shards(Run *run);
Status dm_run_settle_warmup(Run *run, long updates, Error *error);  // of --after in all; 0: a time
