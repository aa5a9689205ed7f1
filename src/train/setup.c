// Everything before the first update and after the last: text, segmenter, configuration, corpus, model,
// checkpoint. The folder is run_folder.c's, the settings are run_settings.c's.
#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/scope.h"
#include "core/text_stream.h"
#include "data/inputs.h"
#include "folder/alignment.h"
#include "folder/folder.h"
#include "folder/folder_guard.h"
#include "folder/layout.h"
#include "train/checkpoint.h"
#include "train/defaults.h"

static int whole(const dm_options *options, const char *name)
{
    return (int)dm_options_number(options, name);
}

static Labels labels_of(const ModelConfig *config)
{
    return config->architecture->labels(config);
}

static Status make_segmenter(Run *run, Error *error)
{
    const dm_options *o = run->options;
    const char *start = dm_options_text(o, "pretrained-model", 0), *kind = dm_options_text(o, "segmenter", 0);
    if (start) return dm_segmenter_copy(start, run->settings.folder, error);
    const bool adapts = !dm_options_given(o, "vocab-size"), all_pieces = !strcmp(kind, "space") && adapts;
    const Bitext *text = &run->text;
    const bool labels = run->labels != DM_NO_LABELS;
    if (strcmp(kind, "space") != 0)
        dm_say(run, "Training a segmenter on %s", labels ? text->file[DM_SOURCE] : text->name);
    return dm_segmenter_train(
        &(SegmenterTraining){.folder = run->settings.folder,
                             .kind = kind,
                             .text = text->lines + text->alone,
                             .text_count = text->alone || labels ? 1 : 2,
                             .labels = labels ? &text->lines[DM_TARGET] : NULL,
                             .text_name = text->name,
                             .file = {text->file[DM_SOURCE], text->file[DM_TARGET]},
                             .separate = dm_options_flag(o, "separate-vocabs"),
                             .given = {dm_options_text(o, "sentencepiece", 0), dm_options_text(o, "sentencepiece", 1)},
                             .languages = {text->language[DM_SOURCE], text->language[DM_TARGET]},
                             .size = all_pieces ? 0 : whole(o, "vocab-size"),
                             .stop = &run->stop,
                             .adapts = adapts},
        error);
}

// Labels are a vocabulary of their own, and nothing is searched for.
static void take_labels(ModelConfig *config)
{
    config->shared_embeddings = config->tied_output = false;
    config->decoder_start = -1;
    config->search = (SearchDefaults){0};
}

static Status check_vocabularies(const dm_options *o, Error *error)
{
    const bool separate = dm_options_flag(o, "separate-vocabs");
    const int given = dm_options_count(o, "sentencepiece");
    if (dm_architecture(dm_options_text(o, "type", 0))->one_vocabulary &&
        !strcmp(dm_options_text(o, "tied-embeddings", 0), "target"))
        return dm_misuse(error,
                         "--tied-embeddings target: a decoder alone has no table of the source: take all or none");
    if (separate && given == 1)
        return dm_misuse(error,
                         "--separate-vocabs needs two files of --sentencepiece, that of the source and that of the "
                         "target");
    if (!separate && given == 2)
        return dm_misuse(error,
                         "--sentencepiece has a second file, which counts with --separate-vocabs alone: leave it out");
    return DM_OK;
}

// The shape that the options say, of so many pieces of the source and of the target.
static Status shape_of_options(ModelConfig *config, const dm_options *o, int vocabulary, int target, Error *error)
{
    const Architecture *architecture = dm_architecture(dm_options_text(o, "type", 0));
    const char *tied = dm_options_text(o, "tied-embeddings", 0);
    const int pad = dm_options_flag(o, "separate-vocabs") ? DM_SEPARATE_PAD : vocabulary - 1;
    *config = (ModelConfig){
        .architecture = architecture,
        .examples = dm_run_examples(architecture, dm_is_text_alone(o, "train-sets", "tsv")),
        .source_vocabulary = vocabulary,
        .target_vocabulary = target,
        .shared_embeddings = architecture->one_vocabulary || !strcmp(tied, "all"),
        .tied_output = strcmp(tied, "none") != 0,
        .pad = pad,
        .decoder_start = architecture->starts_with_eos ? 0 : pad,
        .search = {.beam_size = 5, .max_length = 511, .ends_at_limit = true},
    };
    Status status = dm_shape_of_options(config, o, error);
    if (status) return status;
    if (labels_of(config)) take_labels(config);
    if (dm_is_text_model(config)) {
        config->search.beam_size = 1;  // the most probable text goes round in circles
        config->search.ends_at_limit = false;
    }
    const int longest = config->architecture->longest(config);
    if (config->search.max_length >= longest) config->search.max_length = longest - 1;
    return DM_OK;
}

// A pair that is longer than what the model can read would only be found on the way.
static Status check_max_length(const ModelConfig *config, const dm_options *o, Error *error)
{
    const int longest = config->architecture->longest(config), asked = whole(o, "max-length");
    if (longest == INT_MAX || (asked && asked <= longest)) return DM_OK;
    if (!asked)
        return dm_misuse(error,
                         "--max-length 0 takes text of any length, but the learned positions of this model end at %d "
                         "pieces: make it %d or less, or --max-positions more",
                         longest, longest);
    return dm_misuse(
        error,
        "--max-length %d is more than the %d pieces at which the learned positions of this model end: make "
        "it less, or --max-positions more",
        asked, longest);
}

static char **copy_names(const Vocabulary *labels)
{
    const int count = dm_vocabulary_size(labels);
    char **names = dm_allocate((size_t)count, sizeof *names);
    for (int id = 0; id < count; id++) names[id] = dm_copy_string(dm_vocabulary_piece(labels, id));
    return names;
}

// A new model with random weights.
static Status make_model(Run *run, Error *error)
{
    ModelConfig config;
    int pieces[2];
    for (int side = DM_SOURCE; side <= DM_TARGET; side++)
        pieces[side] = dm_vocabulary_size(dm_segmenter_vocabulary(run->segmenter, side));
    Status status = shape_of_options(&config, run->options, pieces[DM_SOURCE], pieces[DM_TARGET], error);
    if (status) return status;
    if (labels_of(&config)) {
        config.labels = copy_names(dm_segmenter_vocabulary(run->segmenter, DM_TARGET));
    } else {
        config.search.bad_words = dm_allocate(1, sizeof(int));
        config.search.bad_words[config.search.bad_word_count++] = config.pad;
    }
    run->model = dm_model_create(&config);
    dm_model_initialise(run->model, run->settings.budget.seed);
    return DM_OK;
}

static cJSON *guided_heads(const Run *run)
{
    AlignmentHeads heads = dm_alignment_heads_of_gaze(&run->terms.gaze, &run->model->config);
    cJSON *json = dm_alignment_heads_json(&heads);
    dm_alignment_heads_free(&heads);
    return json;
}

static cJSON *describe(const Run *run, const char *kind)
{
    cJSON *extra = cJSON_CreateObject();
    if (dm_terms_have(&run->terms, &dm_guided_alignment)) cJSON_AddItemToObject(extra, "alignment", guided_heads(run));
    cJSON_AddStringToObject(extra, "version", dm_version());
    cJSON_AddStringToObject(extra, "segmenter", kind);
    cJSON_AddStringToObject(extra, "gemm", run->gemm->name);
    cJSON_AddNumberToObject(extra, "shard_words", run->settings.budget.shard_words);
    return extra;
}

static Precision precision_of(const dm_options *o)
{
    return dm_precision(dm_options_text(o, "precision", 0));
}

static Status choose_gemm(Run *run, const char *name, int width, Error *error)
{
    return dm_gemm_choose_for(&run->gemm, precision_of(run->options), name, width, error);
}

// A vocabulary whose size nobody has asked for is as large as it has become: so it is recorded, and so a run goes on.
static Status settle_vocabulary(Run *run, int pieces, Error *error)
{
    if (dm_options_given(run->options, "vocab-size") || dm_options_given(run->options, "sentencepiece")) return DM_OK;
    char *size = dm_format("%d", pieces);
    Status status = dm_options_set(run->options, "vocab-size", 1, (const char *[]){size}, error);
    dm_free(size);
    return status;
}

static void say_vocabulary(const Run *run, Side side)
{
    const dm_options *o = run->options;
    if (!strcmp(dm_options_text(o, "segmenter", 0), "space") || dm_options_given(o, "sentencepiece")) return;
    const int usual = whole(o, "vocab-size"),
              pieces = dm_vocabulary_size(dm_segmenter_vocabulary(run->segmenter, side));
    if (pieces == usual) return;
    const char *of = !dm_options_flag(o, "separate-vocabs") ? "" : side ? " of the target" : " of the source";
    dm_say(run, "The vocabulary%s has %d pieces instead of %d: %s", of, pieces, usual,
           pieces < usual ? "this text allows no more" : "so many are needed for its characters alone");
}

static Status settle_terms(Run *run, Error *error)
{
    if (run->risk.candidates && dm_examples_of(&run->model->config)->sides == 1)
        return dm_misuse(error, "--objective %s is for translations, and this model learns from text alone",
                         dm_options_text(run->options, "objective", 0));
    const Parameter *bias = dm_router_bias(&run->model->parameters, 0);
    Status status = dm_terms_look(&run->terms, run->options, &run->model->config, error);
    if (!status) status = dm_balance_of_options(&run->terms, run->options, bias != NULL, error);
    if (status || !(run->terms.balance_rate > 0) || dm_layout_has(&run->model->config, bias)) return status;
    return dm_misuse(
        error,
        "--balance bias has no effect in a folder of the format that this model has (%s), which has no place "
        "for it: take --balance loss, or --router sigmoid",
        dm_format_of_config(&run->model->config)->model_type);
}

// The model, segmenter and configuration of a run that begins.
static Status begin_run(Run *run, Error *error)
{
    const char *start = dm_options_text(run->options, "pretrained-model", 0), *said = NULL, *kind = "sentencepiece";
    cJSON *theirs = NULL;
    int width = whole(run->options, "dim-emb");
    Status status = start ? dm_model_read(&run->model, &theirs, start, error) : DM_OK;
    if (!status && start) status = dm_run_take_examples(run, error);
    if (!status && start) status = check_max_length(&run->model->config, run->options, error);
    if (!status && start) {
        said = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(theirs, "segmenter"));
        width = run->model->config.width;
    }
    if (!start) said = dm_options_text(run->options, "segmenter", 0);
    if (said && !strcmp(said, "space")) kind = "space";
    // What is wrong with a model that is taken over, is wrong in its own folder.
    if (!status && start) status = dm_segmenter_of(&run->segmenter, &run->model->config, theirs, start, error);
    if (!status) status = make_segmenter(run, error);
    if (!status && !start)
        status = dm_segmenter_open(&run->segmenter,
                                   &(SegmenterFiles){.folder = run->settings.folder,
                                                     .kind = kind,
                                                     .separate = run->labels != DM_NO_LABELS ||
                                                                 dm_options_flag(run->options, "separate-vocabs"),
                                                     .labels = run->labels},
                                   error);
    if (!status) status = choose_gemm(run, dm_options_text(run->options, "gemm", 0), width, error);
    if (!status) {
        const int pieces = dm_vocabulary_size(dm_segmenter_vocabulary(run->segmenter, DM_SOURCE));
        if (!start) say_vocabulary(run, DM_SOURCE);
        if (!start && dm_options_flag(run->options, "separate-vocabs")) say_vocabulary(run, DM_TARGET);
        if (!start) status = make_model(run, error);
        if (!status) status = settle_vocabulary(run, pieces, error);
        if (!status) status = settle_terms(run, error);
        if (!status) status = dm_tokenizer_write(&run->model->config, run->segmenter, run->settings.folder, error);
        if (!status) dm_run_settle_shards(run);
        run->extra = describe(run, kind);
    }
    cJSON_Delete(theirs);
    return status;
}

// The same of one that goes on; the weights come with the checkpoint.
static Status resume_run(Run *run, Error *error)
{
    const char *folder = run->settings.folder;
    ModelConfig config = {0};
    Status status = dm_config_read(&config, &run->extra, folder, error);
    if (status) return status;
    status = dm_checkpoint_check(folder, &config, error);
    if (status) {
        dm_config_free(&config);
        return status;
    }
    run->model = dm_model_create(&config);
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->extra, "segmenter"));
    const char *gemm = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->extra, "gemm"));
    const cJSON *shard = cJSON_GetObjectItemCaseSensitive(run->extra, "shard_words");
    if (!kind || !gemm || !cJSON_IsNumber(shard) || !(shard->valuedouble >= 1 && shard->valuedouble <= 1e9))
        return dm_fail(error,
                       "%s/config.json: \"dragoman\" needs \"segmenter\", \"gemm\" and \"shard_words\" for a run "
                       "to go on",
                       folder);
    run->changes = cJSON_CreateArray();
    const bool change = dm_options_flag(run->options, "change");
    status = dm_options_match(run->options, cJSON_GetObjectItemCaseSensitive(run->extra, "training"), folder,
                              change ? run->changes : NULL, error);
    dm_options_drop(run->options, "change");  // it is not of the run
    if (!status) status = settle_terms(run, error);
    if (!status) status = choose_gemm(run, gemm, config.width, error);
    return status ? status : dm_segmenter_of(&run->segmenter, &run->model->config, run->extra, folder, error);
}

// The links that guide attention, if any do.
static Status read_links(Run *run, Error *error)
{
    if (!dm_terms_have(&run->terms, &dm_guided_alignment)) return DM_OK;
    const char *path = dm_options_text(run->options, "guided-alignment", 0);
    dm_bad_lines bad;
    char count[32], first[32];
    const Status status = dm_links_of_bitext(&run->links, &bad, path, &run->text, error);
    if (status) return status;
    if (bad.count)
        dm_say(run, "%s: %s bad line%s of %s (the first is line %s)",
               bad.on == DM_SKIP_LINE ? "Left out, with their pairs" : "Cropped", dm_with_commas(bad.count, count),
               bad.count == 1 ? "" : "s", dm_text_name(path), dm_with_commas(bad.line[0] + 1, first));
    dm_bad_lines_free(&bad);
    return DM_OK;
}

static void link_corpus(Run *run)
{
    if (!run->links.pairs) return;
    const int lost = dm_corpus_link(&run->corpus, &run->links, &run->text, run->segmenter);
    if (lost)
        dm_say(run, "Without their links: %d pairs, of which nobody can tell which pieces belong to which word", lost);
    dm_links_free(&run->links);
}

// Both texts are read before anything is made of them, so that what is wrong with them is said at once.
static Status read_texts(Run *run, Error *error)
{
    Status status = dm_bitext_of_options(&run->text, run->options, "train-sets", "tsv", error);
    if (!status) status = dm_bitext_of_options(&run->valid_text, run->options, "valid-sets", "valid-tsv", error);
    for (int i = 0; i < 2 && !status; i++) {
        status = dm_bitext_check_labels(i ? &run->valid_text : &run->text, run->labels, error);
        if (status) break;
        char *mended = dm_bitext_mended(i ? &run->valid_text : &run->text);
        if (mended) dm_say(run, "%s", mended);
        dm_free(mended);
    }
    return status ? status : read_links(run, error);
}

static Status make_corpus(Run *run, Error *error)
{
    CorpusRules rules = {.max_length = whole(run->options, "max-length"),
                         .shortest = 2,
                         .threads = run->settings.threads,
                         .stop = &run->stop};
    Status status = dm_corpus_make(&run->corpus, &run->text, &rules, run->segmenter, error);
    if (status) return status;
    const dm_lines *targets = &run->text.lines[DM_TARGET];
    const bool words =
        !strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->extra, "segmenter")), "space");
    run->risk.tokenizer =
        words ? dm_tokenizer("none") : dm_tokenizer_for((const char *const *)targets->line, targets->count);
    run->risk.segmenter = run->segmenter;
    link_corpus(run);
    dm_bitext_drop_lines(&run->text);
    const Corpus *c = &run->corpus;
    if (c->skipped_empty)
        dm_say(run, "Left out: %d %s", c->skipped_empty, run->text.alone ? "empty lines" : "pairs with an empty side");
    if (c->cut) dm_say(run, "Cut into windows: %d lines of more than --max-length %d pieces", c->cut, rules.max_length);
    if (c->skipped_long)
        dm_say(run, "Left out: %d pairs of more than --max-length %d pieces", c->skipped_long, rules.max_length);
    return DM_OK;
}

static Status make_noise(Run *run, Error *error)
{
    const double rate = dm_options_number(run->options, "segment-noise");
    if (!(rate > 0)) return DM_OK;
    if (!dm_segmenter_model(run->segmenter, DM_SOURCE))
        return dm_misuse(error, "--segment-noise cuts words in other ways, and the text of this model is in pieces "
                                "already: leave it out");
    run->noise = dm_noise_create(run->segmenter, rate);
    return DM_OK;
}

// The hash of the ids and lengths, positive: a run does not go on with another text.
static long fingerprint(const Corpus *corpus)
{
    uint64_t hash = DM_HASH;
    for (int i = 0; i < corpus->pairs; i++) {
        const int *side[2] = {corpus->ids + corpus->source[i], corpus->ids + corpus->target[i]};
        int length[2] = {corpus->source_length[i], corpus->target_length[i]};
        for (int s = 0; s < 2; s++) {
            hash = dm_hash(hash, (uint64_t)length[s]);
            for (int j = 0; j < length[s]; j++) hash = dm_hash(hash, (uint64_t)side[s][j]);
        }
    }
    return (long)(hash >> 1);
}

static void make_workers(Run *run)
{
    const dm_options *o = run->options;
    bool adam = !strcmp(dm_options_text(o, "optimizer", 0), "adam");
    double numbers[3];
    const int lanes = whole(o, "lanes");
    for (int i = 0; i < 3; i++) numbers[i] = dm_option_number(dm_options_text(o, "optimizer-params", i));
    run->optimizer = (Optimizer){
        .adam = adam,
        .beta1 = numbers[0],
        .beta2 = numbers[1],
        .epsilon = numbers[2],
        .decay = dm_options_number(o, "weight-decay"),
        .smoothing = dm_options_number(o, "exponential-smoothing"),
        .rounds = precision_of(run->options) == DM_PRECISION_BF16,
        .lane_count = lanes ? lanes : dm_default_lanes(run->model->parameters.size),
        .threads = run->settings.threads,
    };
    run->settings.budget.lanes = run->optimizer.lane_count;
    dm_optimizer_create(&run->optimizer, &run->model->parameters);
    run->squares = dm_allocate((size_t)run->model->parameters.count, sizeof *run->squares);
    run->workers = (Workers){
        .model = run->model,
        .examples = dm_run_trains_on(run),
        .objective = dm_objective(dm_options_text(o, "objective", 0)),
        .terms = &run->terms,
        .sampling = run->sampling,
        .risk = run->risk,
        .gemm = run->gemm,
        .threads = run->settings.threads,
        .dropout = (float)dm_options_number(o, "dropout"),
        .inner_dropout = (float)dm_options_number(o, "dropout-ffn"),
        .attention_dropout = (float)dm_options_number(o, "dropout-attention"),
        .layer_drop = (float)dm_options_number(o, "layer-drop"),
        .word_dropout = {(float)dm_options_number(o, "dropout-src"), (float)dm_options_number(o, "dropout-trg")},
        .smoothing = (float)dm_options_number(o, "label-smoothing"),
        .seed = run->settings.budget.seed,
        .rounded = run->optimizer.rounded,
        .stop = &run->stop,
    };
    dm_workers_create(&run->workers, run->optimizer.lane_count);
}

// The updates that --after comes to: epochs are turned into them by the plan of the first one (or of the present one,
// where --change has moved the end); other epochs may have an update more or less. Linear and cosine reach 0 there, so
// it stays with the run. 0: a time; how many updates that is, the run finds out.
static long end_of_run(const Run *run)
{
    const RunSettings *s = &run->settings;
    if (s->after.unit == 's') return 0;
    double per_epoch = ceil((double)run->plan.updates / s->delay), left = s->after.amount - dm_run_epochs(run);
    double end = ceil(s->after.unit == 'e' ? (double)run->state.update + left * per_epoch : s->after.amount);
    return end < 1e15 ? (long)end : (long)1e15;
}

static bool moves_end_of_schedule(const Run *run)
{
    return dm_run_changes(run, "after") || dm_run_changes(run, "lr-schedule") || dm_run_changes(run, "optimizer-delay");
}

static Status restore(Run *run, Error *error)
{
    const long text = run->state.text, links = run->state.links;
    Status status = dm_checkpoint_load(run, error);
    if (!status && run->state.text != text)
        status = dm_fail(error,
                         "%s: this is not the text that the run in %s was begun with: bring that back, or begin a "
                         "run with --overwrite or another --model",
                         run->text.name, run->settings.folder);
    if (!status && run->state.links && links && run->state.links != links)
        status = dm_fail(error,
                         "%s: these are not the links that the run in %s was begun with: bring those back, or begin a "
                         "run with --overwrite or another --model",
                         dm_options_text(run->options, "guided-alignment", 0), run->settings.folder);
    run->state.links = links;
    return status;
}

// What the target is made of says the model that there is, or the options of a new one. Labels are right or wrong, so
// that it says as well what is usually measured.
static Status settle_labels(Run *run, Error *error)
{
    dm_options *o = run->options;
    const char *folder = run->resumed ? run->settings.folder : dm_options_text(o, "pretrained-model", 0);
    ModelConfig config = {.architecture = dm_architecture(dm_options_text(o, "type", 0))};
    Status status = folder ? dm_config_read(&config, NULL, folder, error) : dm_shape_of_options(&config, o, error);
    if (!status) run->labels = labels_of(&config);
    dm_config_free(&config);
    if (status || !run->labels) return status;
    const char *objective = dm_options_text(o, "objective", 0);
    if (strcmp(objective, "teacher-forcing") != 0)
        return dm_misuse(error, "--objective %s is about text that a decoder writes, and labels are none: leave it out",
                         objective);
    if (dm_options_number(o, "dropout-trg") > 0)
        return dm_misuse(error,
                         "--dropout-trg is about pieces that a decoder reads, and labels have none: leave it out");
    if (dm_options_given(o, "valid-metrics")) return DM_OK;
    return dm_options_set_default(o, "valid-metrics", "ce-mean-words accuracy", error);
}

// The options of the shape are checked before anything is made. A model that is taken over brings its own.
static Status settle_shape(Run *run, Error *error)
{
    enum { ANY_VOCABULARY = 8 };
    dm_options *o = run->options;
    if (dm_options_text(o, "pretrained-model", 0)) return DM_OK;
    ModelConfig config;
    Status status = check_vocabularies(o, error);
    if (!status) status = dm_shape_settle(o, dm_architecture(dm_options_text(o, "type", 0)), error);
    if (!status) status = shape_of_options(&config, o, ANY_VOCABULARY, ANY_VOCABULARY, error);
    return status ? status : check_max_length(&config, o, error);
}

// What needs model and corpus: everything up to the first update but for the files.
static Status prepare(Run *run, double clock, Error *error)
{
    const long valid_text = dm_bitext_fingerprint(&run->valid_text);  // as it was read
    make_workers(run);
    ValidatorSetup setup = {
        .options = run->options,
        .text = &run->valid_text,
        .segmenter = run->segmenter,
        .model = run->model,
        .gemm = run->gemm,
        .pieces = !run->labels &&
                  !strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->extra, "segmenter")), "space"),
        .threads = run->settings.threads,
        .shard_words = run->settings.budget.shard_words,
        .stop = &run->stop,
    };
    Status status = dm_validator_open(&run->validator, &setup, error);
    run->state = (RunState){.epoch = 1, .text = fingerprint(&run->corpus), .links = dm_links_fingerprint(&run->corpus)};
    if (!status && run->resumed) status = restore(run, error);
    if (status) return status;
    dm_run_judge_anew(run, valid_text);
    run->started = clock - run->state.seconds;
    dm_run_plan(run);
    dm_optimizer_round(&run->optimizer, &run->model->parameters);
    if (!run->resumed || moves_end_of_schedule(run)) run->state.schedule_end = end_of_run(run);
    run->settings.schedule.end = run->state.schedule_end;
    return dm_run_settle_warmup(run, end_of_run(run), error);
}

// All that a run begins with is settled: that is recorded with it.
static Status install(Run *run, Error *error)
{
    cJSON_AddItemToObject(run->extra, "training", dm_options_json(run->options, true));
    return dm_run_install(run, error);
}

static void free_what_was_made(Run *run)
{
    dm_journal_close(&run->journal);
    dm_validator_close(run->validator);
    dm_optimizer_free(&run->optimizer);
    dm_free(run->squares);
    dm_workers_free(&run->workers);
    dm_plan_free(&run->plan);
    dm_corpus_free(&run->noisy);
    dm_noise_free(run->noise);
    dm_corpus_free(&run->corpus);
    dm_bitext_free(&run->text);
    dm_bitext_free(&run->valid_text);
    dm_links_free(&run->links);
    dm_model_destroy(run->model);
    if (run->segmenter) dm_segmenter_close(run->segmenter);
    cJSON_Delete(run->extra);
    cJSON_Delete(run->changes);
}

// All that there is besides options and folder.
static Status make_run(Run *run, double clock, Error *error)
{
    Status status = run->resumed ? resume_run(run, error) : DM_OK;
    if (!status) status = read_texts(run, error);
    if (!status) status = dm_run_settle(run, error);
    if (!status && run->resumed) dm_run_settle_shards(run);
    if (!status && !run->resumed) status = begin_run(run, error);
    if (!status) status = make_corpus(run, error);
    if (!status) status = make_noise(run, error);
    if (!status) status = prepare(run, clock, error);
    if (!status && !run->resumed) status = install(run, error);
    if (!status) status = dm_journal_open(&run->journal, run->settings.folder, run->state.journal, error);
    if (status) free_what_was_made(run);
    return status;
}

// In a scope of its own: where memory runs out, the folder can still be left as it was.
Status dm_run_open(Run *run, const dm_options *options, const dm_observer *observer, Error *error)
{
    double clock = dm_clock();
    *run = (Run){.options = dm_options_create_copy(options), .observer = observer, .lock = -1};
    dm_stop_begin(&run->stop, observer ? observer->stop : NULL, observer ? observer->context : NULL);
    Status status = dm_options_complete(run->options, error);
    if (status) return status;
    run->settings.folder = dm_options_text(run->options, "model", 0);
    // A folder that is there may have a run, which says what is not given; another one is made when all is well.
    const bool there = dm_exists(run->settings.folder);
    if (there) status = dm_run_claim_folder(run, error);
    if (!status && run->resumed) status = dm_run_recall(run, error);
    if (!status) status = dm_run_check_text(run, error);
    if (!status) status = settle_shape(run, error);
    if (!status) status = dm_run_check_settings(run, error);
    if (!status) status = settle_labels(run, error);
    if (!status) status = dm_run_check_inputs(run, error);
    if (!status && !there) status = dm_run_claim_folder(run, error);
    const Run claimed = *run;
    if (!status) DM_SCOPE(status, error, make_run(run, clock, error));
    if (!status) return DM_OK;
    *run = claimed;
    dm_run_abandon(run);
    return status;
}

void dm_run_close(Run *run)
{
    free_what_was_made(run);
    dm_folder_unlock(&run->lock, dm_options_text(run->options, "model", 0));
    dm_options_free(run->options);
    dm_free(run->draft);
}
