// Everything before the first update and after the last: settings, folder, text, segmenter, configuration, corpus,
// model, checkpoint.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "options/options.h"
#include "core/threads.h"
#include "folder/folder.h"
#include "train/checkpoint.h"
#include "folder/folder_guard.h"

static int whole(const dm_options *options, const char *name)
{
    return (int)dm_options_number(options, name);
}

// An eighth of a batch, so that there is work for many threads. Measured with the tiny shape: 256, 384 and 512 pieces
// are equally fast in float32, 384 is fastest in bfloat16, and memory grows with them.
int dm_default_shard_words(int batch_words)
{
    int words = batch_words / 8;
    return words < 64 ? 64 : words > 384 ? 384 : words;
}

// Two buffers more are much for a model of many weights, which keeps two threads as busy with two.
int dm_default_lanes(size_t weights)
{
    return weights > 1 << 24 ? 2 : 4;
}

// --keep-best names some of --valid-metrics.
static Status read_kept_metrics(RunSettings *s, const dm_options *o, Error *error)
{
    int kept = dm_options_count(o, "keep-best"), metrics = dm_options_count(o, "valid-metrics");
    if (kept && !dm_options_count(o, "valid-sets") && !dm_options_count(o, "valid-tsv"))
        return dm_misuse(error, "--keep-best needs --valid-sets or --valid-tsv: without a validation no checkpoint is "
                                "the best");
    for (int i = 0; i < kept; i++) {
        const char *name = dm_options_text(o, "keep-best", i);
        int at = 0;
        while (at < metrics && strcmp(dm_options_text(o, "valid-metrics", at), name) != 0) at++;
        if (at == metrics)
            return dm_misuse(
                error, "--keep-best %s: it is not among --valid-metrics, so it is never measured: add it there", name);
        s->keep[at] = true;
    }
    return DM_OK;
}

static Status read_settings(Run *run, Error *error)
{
    const dm_options *o = run->options;
    RunSettings *s = &run->settings;
    int threads = whole(o, "cpu-threads"), words = whole(o, "mini-batch-words"), shard = whole(o, "shard-words");
    *s = (RunSettings){
        .folder = dm_options_text(o, "model", 0),
        .threads = threads ? threads : dm_processors(),
        .delay = whole(o, "optimizer-delay"),
        .average = whole(o, "average"),
        .budget = {.seed = (uint64_t)dm_options_number(o, "seed"),
                   .shard_words = shard ? shard : dm_default_shard_words(words),
                   .update_words = words},
        .clip_norm = dm_options_number(o, "clip-norm"),
        .schedule = {.kind = dm_options_text(o, "lr-schedule", 0),
                     .peak = dm_options_number(o, "learn-rate"),
                     .warmup = (long)dm_options_number(o, "lr-warmup")},
        .after = dm_options_duration(o, "after"),
        .show = dm_options_duration(o, "disp-freq"),
        .validate = dm_options_duration(o, "valid-freq"),
        .save = dm_options_duration(o, "save-freq"),
        .patience = (long)dm_options_number(o, "early-stopping"),
    };
    Status status = dm_options_complete(o, error);
    if (status) return status;
    if (dm_schedule_ends(s->schedule.kind) && s->after.unit == 's')
        return dm_misuse(error,
                         "--lr-schedule %s has to know at which update it reaches 0, and --after %s is a time: give "
                         "epochs (10e) or updates (5000u), or take inv-sqrt",
                         s->schedule.kind, dm_options_text(o, "after", 0));
    if (whole(o, "dim-emb") % whole(o, "heads") != 0 && !dm_options_text(o, "pretrained-model", 0))
        return dm_misuse(error, "--dim-emb %d is not a multiple of --heads %d", whole(o, "dim-emb"), whole(o, "heads"));
    return read_kept_metrics(s, o, error);
}

static Status make_segmenter(const Run *run, Error *error)
{
    const dm_options *o = run->options;
    const char *start = dm_options_text(o, "pretrained-model", 0), *kind = dm_options_text(o, "segmenter", 0);
    if (start) return dm_segmenter_copy(start, run->settings.folder, error);
    bool all_pieces = !strcmp(kind, "space") && !dm_options_given(o, "vocab-size");
    const Bitext *text = &run->text;
    if (strcmp(kind, "space") != 0) dm_say(run, "Training a segmenter on %s", text->name);
    return dm_segmenter_train(&(SegmenterTraining){.folder = run->settings.folder,
                                                   .kind = kind,
                                                   .text = text->lines,
                                                   .text_count = 2,
                                                   .text_name = text->name,
                                                   .languages = {text->language[DM_SOURCE], text->language[DM_TARGET]},
                                                   .size = all_pieces ? 0 : whole(o, "vocab-size")},
                              error);
}

static Activation activation_of(const char *name)
{
    if (!strcmp(name, "gelu")) return DM_GELU;
    if (!strcmp(name, "swish") || !strcmp(name, "silu")) return DM_SWISH;
    return strcmp(name, "tanh") == 0 ? DM_TANH : DM_RELU;
}

// A new model of the shape that the options say, with random weights.
static Model *new_model(const Run *run, int vocabulary)
{
    const dm_options *o = run->options;
    const char *activation = dm_options_text(o, "activation", 0);
    ModelConfig config = {
        .architecture = "transformer",
        .source_vocabulary = vocabulary,
        .target_vocabulary = vocabulary,
        .shared_embeddings = true,
        .tied_output = true,
        .width = whole(o, "dim-emb"),
        .encoder_layers = whole(o, "enc-depth"),
        .decoder_layers = whole(o, "dec-depth"),
        .encoder_heads = whole(o, "heads"),
        .decoder_heads = whole(o, "heads"),
        .encoder_ffn = whole(o, "dim-ffn"),
        .decoder_ffn = whole(o, "dim-ffn"),
        .activation = activation_of(activation),
        .scale_embedding = true,
        .pad = vocabulary - 1,
        .decoder_start = vocabulary - 1,
        .max_positions = 512,
        .beam_size = 5,
        .max_length = 512,
        .bad_words = dm_allocate(1, sizeof(int)),
        .bad_word_count = 1,
    };
    snprintf(config.activation_name, sizeof config.activation_name, "%s", activation);
    config.bad_words[0] = config.pad;
    Model *model = dm_model_create(&config);
    dm_parameters_initialise(&model->parameters, run->settings.budget.seed);
    model->output_bias->data[config.pad] = -10000;  // pad takes no probability anywhere
    return model;
}

static cJSON *describe(const Run *run, const char *kind)
{
    cJSON *extra = cJSON_CreateObject();
    cJSON_AddStringToObject(extra, "version", dm_version());
    cJSON_AddStringToObject(extra, "segmenter", kind);
    cJSON_AddStringToObject(extra, "gemm", run->gemm->name);
    cJSON_AddNumberToObject(extra, "shard_words", run->settings.budget.shard_words);
    cJSON_AddItemToObject(extra, "training", dm_options_json(run->options, true));
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

// The model, segmenter and configuration of a run that begins. config.json comes last: with it, all is there.
static Status begin(Run *run, Error *error)
{
    const char *start = dm_options_text(run->options, "pretrained-model", 0), *said = NULL, *kind = "sentencepiece";
    cJSON *theirs = NULL;
    int width = whole(run->options, "dim-emb");
    Status status = start ? dm_model_read(&run->model, &theirs, start, error) : DM_OK;
    if (!status && start) {
        said = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(theirs, "segmenter"));
        width = run->model->config.width;
    }
    if (!start) said = dm_options_text(run->options, "segmenter", 0);
    if (said && !strcmp(said, "space")) kind = "space";
    if (!status && dm_options_flag(run->options, "overwrite")) dm_folder_clear(run->settings.folder);
    if (!status) status = make_segmenter(run, error);
    if (!status)
        status = start ? dm_segmenter_of(&run->segmenter, &run->model->config, theirs, run->settings.folder, error)
                       : dm_segmenter_open(&run->segmenter,
                                           &(SegmenterFiles){.folder = run->settings.folder, .kind = kind}, error);
    if (!status) status = choose_gemm(run, dm_options_text(run->options, "gemm", 0), width, error);
    if (!status) {
        if (!start) run->model = new_model(run, dm_vocabulary_size(dm_segmenter_vocabulary(run->segmenter, DM_TARGET)));
        run->extra = describe(run, kind);
        status = dm_config_write(&run->model->config, run->extra, run->settings.folder, error);
    }
    cJSON_Delete(theirs);
    return status;
}

// The same of one that goes on; the weights come with the checkpoint.
static Status go_on(Run *run, Error *error)
{
    const char *folder = run->settings.folder;
    ModelConfig config = {0};
    Status status = dm_config_read(&config, &run->extra, folder, error);
    if (status) return status;
    run->model = dm_model_create(&config);
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->extra, "segmenter"));
    const char *gemm = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->extra, "gemm"));
    const cJSON *shard = cJSON_GetObjectItemCaseSensitive(run->extra, "shard_words");
    if (!kind || !gemm || !cJSON_IsNumber(shard) || !(shard->valuedouble >= 1 && shard->valuedouble <= 1e9))
        return dm_fail(error,
                       "%s/config.json: \"dragoman\" needs \"segmenter\", \"gemm\" and \"shard_words\" for a run "
                       "to go on",
                       folder);
    run->settings.budget.shard_words = (int)shard->valuedouble;
    status = dm_options_match(run->options, cJSON_GetObjectItemCaseSensitive(run->extra, "training"), folder, error);
    if (!status) status = choose_gemm(run, gemm, config.width, error);
    return status ? status : dm_segmenter_of(&run->segmenter, &run->model->config, run->extra, folder, error);
}

Status dm_bitext_of_options(Bitext *text, const dm_options *o, const char *sets, const char *tsv, Error *error)
{
    BitextFiles files = {.path = {dm_options_text(o, sets, 0), dm_options_text(o, sets, 1)},
                         .tsv = dm_options_text(o, tsv, 0)};
    for (int i = 0; i < 2; i++) files.columns[i] = (int)dm_option_number(dm_options_text(o, "tsv-columns", i));
    return files.path[0] || files.tsv ? dm_bitext_read(text, &files, error) : DM_OK;
}

// Both texts are read before anything is made of them, so that what is wrong with them is said at once.
static Status read_texts(Run *run, Error *error)
{
    Status status = dm_bitext_of_options(&run->text, run->options, "train-sets", "tsv", error);
    return status ? status : dm_bitext_of_options(&run->valid_text, run->options, "valid-sets", "valid-tsv", error);
}

static Status make_corpus(Run *run, Error *error)
{
    CorpusRules rules = {.max_length = whole(run->options, "max-length"), .threads = run->settings.threads};
    Status status = dm_corpus_make(&run->corpus, &run->text, &rules, run->segmenter, error);
    if (status) return status;
    dm_bitext_drop_lines(&run->text);
    const Corpus *c = &run->corpus;
    if (c->skipped_empty) dm_say(run, "Left out: %d pairs with an empty side", c->skipped_empty);
    if (c->skipped_long)
        dm_say(run, "Left out: %d pairs of more than --max-length %d pieces", c->skipped_long, rules.max_length);
    return DM_OK;
}

// FNV-1a of the ids and lengths (Fowler, Noll, Vo), positive: a run does not go on with another text.
static long fingerprint(const Corpus *corpus)
{
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < corpus->pairs; i++) {
        const int *side[2] = {corpus->ids + corpus->source[i], corpus->ids + corpus->target[i]};
        int length[2] = {corpus->source_length[i], corpus->target_length[i]};
        for (int s = 0; s < 2; s++) {
            hash = (hash ^ (uint64_t)length[s]) * 1099511628211u;
            for (int j = 0; j < length[s]; j++) hash = (hash ^ (uint64_t)side[s][j]) * 1099511628211u;
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
        .smoothing = dm_options_number(o, "exponential-smoothing"),
        .rounds = precision_of(run->options) == DM_PRECISION_BF16,
        .lanes = lanes ? lanes : dm_default_lanes(run->model->parameters.size),
        .threads = run->settings.threads,
    };
    run->settings.budget.lanes = run->optimizer.lanes;
    dm_optimizer_create(&run->optimizer, &run->model->parameters);
    run->workers = (Workers){
        .model = run->model,
        .gemm = run->gemm,
        .threads = run->settings.threads,
        .dropout = (float)dm_options_number(o, "dropout"),
        .smoothing = (float)dm_options_number(o, "label-smoothing"),
        .seed = run->settings.budget.seed,
        .rounded = run->optimizer.rounded,
    };
    dm_workers_create(&run->workers, run->optimizer.lanes);
}

// Linear and cosine reach 0 at the end of --after: epochs are turned into updates by the first epoch's plan, and the
// result stays with the run, since other epochs may have an update more or less.
static long end_of_schedule(const Run *run)
{
    const RunSettings *s = &run->settings;
    double per_epoch = ceil((double)run->plan.updates / s->delay);
    double end = ceil(s->after.unit == 'e' ? s->after.amount * per_epoch : s->after.amount);
    return end < 1e15 ? (long)end : (long)1e15;
}

static Status open_folder(Run *run, Error *error)
{
    const char *folder = run->settings.folder;
    FolderContent content = DM_FOLDER_FREE;
    Status status = dm_inputs_check(run->options, error);
    if (!status) status = dm_folder_lock(&run->lock, folder, error);
    bool overwrite = dm_options_flag(run->options, "overwrite");
    if (!status) status = overwrite ? dm_folder_check_ours(folder, error) : dm_folder_inspect(&content, folder, error);
    run->resumed = content == DM_FOLDER_BEGUN;
    return status;
}

static Status restore(Run *run, long text, Error *error)
{
    Status status = dm_checkpoint_load(run, error);
    if (!status && run->state.text != text)
        status = dm_fail(error,
                         "%s: this is not the text that the run in %s was begun with: bring that back, or begin a "
                         "run with --overwrite or another --model",
                         run->text.name, run->settings.folder);
    return status;
}

Status dm_run_open(Run *run, const dm_options *options, const dm_observer *observer, Error *error)
{
    double clock = dm_clock();
    *run = (Run){.options = options, .observer = observer, .lock = -1};
    Status status = read_settings(run, error);
    if (!status) status = open_folder(run, error);
    if (!status && run->resumed) status = go_on(run, error);
    if (!status) status = read_texts(run, error);
    if (!status && !run->resumed) status = begin(run, error);
    if (!status) status = make_corpus(run, error);
    if (status) return status;
    make_workers(run);
    ValidatorSetup setup = {
        .options = options,
        .text = &run->valid_text,
        .segmenter = run->segmenter,
        .model = run->model,
        .gemm = run->gemm,
        .pieces = !strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->extra, "segmenter")), "space"),
        .threads = run->settings.threads,
        .shard_words = run->settings.budget.shard_words,
    };
    status = dm_validator_open(&run->validator, &setup, error);
    run->state = (RunState){.epoch = 1, .text = fingerprint(&run->corpus)};
    if (!status && run->resumed) status = restore(run, run->state.text, error);
    if (status) return status;
    run->started = clock - run->state.seconds;
    dm_run_plan(run);
    dm_optimizer_round(&run->optimizer, &run->model->parameters);
    if (!run->resumed) run->state.schedule_end = end_of_schedule(run);
    run->settings.schedule.end = run->state.schedule_end;
    return dm_journal_open(&run->journal, run->settings.folder, run->state.journal, error);
}

void dm_run_close(Run *run)
{
    dm_journal_close(&run->journal);
    dm_validator_close(run->validator);
    dm_optimizer_free(&run->optimizer);
    dm_workers_free(&run->workers);
    dm_plan_free(&run->plan);
    dm_corpus_free(&run->corpus);
    dm_bitext_free(&run->text);
    dm_bitext_free(&run->valid_text);
    dm_model_destroy(run->model);
    if (run->segmenter) dm_segmenter_close(run->segmenter);
    cJSON_Delete(run->extra);
    if (run->lock >= 0) close(run->lock);
}
