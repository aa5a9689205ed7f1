// Everything before the first update and after the last: text, corpus, checkpoint. What a new run begins with is
// new_run.c's, the folder is run_folder.c's, the settings are run_settings.c's.
#include <math.h>
#include <string.h>

#include "core/files.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/scope.h"
#include "data/inputs.h"
#include "folder/folder.h"
#include "folder/folder_guard.h"
#include "train/checkpoint.h"
#include "train/defaults.h"
#include "train/ranks.h"

static int whole(const dm_options *options, const char *name)
{
    return (int)dm_options_number(options, name);
}

// The same of one that goes on; the weights come with the checkpoint.
static Status resume_run(Run *run, Error *error)
{
    const char *folder = run->settings.folder;
    ModelConfig config = {0};
    Status status = dm_config_read(&config, &run->extra, folder, error);
    if (status) return status;
    if (dm_run_leads(run)) status = dm_checkpoint_check(folder, &config, error);
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
    if (dm_run_leads(run))
        status = dm_options_match(run->options, cJSON_GetObjectItemCaseSensitive(run->extra, "training"), folder,
                                  change ? run->changes : NULL, error);
    dm_options_drop(run->options, "change");  // it is not of the run
    if (!status) status = dm_run_settle_terms(run, error);
    if (!status) status = dm_run_choose_gemm(run, gemm, config.width, error);
    return status ? status : dm_segmenter_of(&run->segmenter, &run->model->config, run->extra, folder, error);
}

// Both texts are read before anything is made of them, so that what is wrong with them is said at once.
static Status read_texts(Run *run, Error *error)
{
    Status status = run->prepared.folder ? dm_run_map_prepared(run, error)
                                         : dm_bitext_of_options(&run->text, run->options, "train-sets", "tsv", error);
    if (!status) status = dm_bitext_of_options(&run->valid_text, run->options, "valid-sets", "valid-tsv", error);
    for (int i = 0; i < 2 && !status; i++) {
        status = dm_bitext_check_labels(i ? &run->valid_text : &run->text, run->labels, error);
        if (status) break;
        char *mended = dm_bitext_mended(i ? &run->valid_text : &run->text);
        if (mended) dm_say(run, "%s", mended);
        dm_free(mended);
    }
    return status ? status : dm_run_read_links(run, error);
}

static Status make_corpus(Run *run, Error *error)
{
    CorpusRules rules = {.max_length = whole(run->options, "max-length"),
                         .shortest = 2,
                         .upsample = dm_upsampling(&run->model->config),
                         .copies = run->model->output.kind->copies,
                         .threads = run->settings.threads,
                         .stop = &run->stop};
    const char *prepared = run->prepared.folder;
    Status status = prepared ? dm_run_take_prepared(run, &rules, error)
                             : dm_corpus_make(&run->corpus, &run->text, &rules, run->segmenter, error);
    if (status) return status;
    const dm_lines *targets = &run->text.lines[DM_TARGET];
    const bool words =
        !strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->extra, "segmenter")), "space");
    run->risk.tokenizer = words      ? dm_tokenizer("none")
                          : prepared ? dm_tokenizer(run->prepared.text.tokenizer)
                                     : dm_tokenizer_for((const char *const *)targets->line, targets->count);
    run->risk.segmenter = run->segmenter;
    status = dm_run_link_corpus(run, error);
    if (status) return status;
    dm_bitext_drop_lines(&run->text);
    const Corpus *c = &run->corpus;
    if (c->skipped_empty)
        dm_say(run, "Left out: %d %s%s%s", c->skipped_empty, run->text.alone ? "empty line" : "pair",
               dm_plural((size_t)c->skipped_empty), run->text.alone ? "" : " with an empty side");
    if (c->cut)
        dm_say(run, "Cut into windows: %d line%s of more than --max-length %d pieces", c->cut,
               dm_plural((size_t)c->cut), rules.max_length);
    if (c->skipped_unsaid)
        dm_say(run, "Left out, since their target does not fit the rows of their source (--ctc-upsample %d): %d pair%s",
               rules.upsample, c->skipped_unsaid, dm_plural((size_t)c->skipped_unsaid));
    if (c->skipped_long)
        dm_say(run, "Left out: %d pair%s of more than --max-length %d pieces", c->skipped_long,
               dm_plural((size_t)c->skipped_long), rules.max_length);
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
        const int *ids = corpus->copies ? corpus->copies : corpus->ids,
                  *side[2] = {ids + corpus->source[i], ids + corpus->target[i]};
        int length[2] = {corpus->source_length[i], corpus->target_length[i]};
        for (int s = 0; s < 2; s++) {
            hash = dm_hash(hash, (uint64_t)length[s]);
            for (int j = 0; j < length[s]; j++) hash = dm_hash(hash, (uint64_t)side[s][j]);
        }
    }
    return (long)(hash >> 1);
}

static Status make_workers(Run *run, Error *error)
{
    const dm_options *o = run->options;
    bool adam = !strcmp(dm_options_text(o, "optimizer", 0), "adam");
    double numbers[3];
    const int lanes = whole(o, "lanes");
    const int lane_count = lanes ? lanes : dm_default_lanes(run->model->parameters.size);
    Status status =
        dm_lanes_check(lane_count, dm_ranks(run->exchange),
                       run->resumed ? "a run keeps the lanes that it was begun with (--lanes), so start fewer of them"
                                    : "start fewer of them, or give more --lanes, of which the result depends",
                       error);
    if (status) return status;
    for (int i = 0; i < 3; i++) numbers[i] = dm_option_number(dm_options_text(o, "optimizer-params", i));
    run->optimizer = (Optimizer){
        .adam = adam,
        .beta1 = numbers[0],
        .beta2 = numbers[1],
        .epsilon = numbers[2],
        .decay = dm_options_number(o, "weight-decay"),
        .smoothing = dm_options_number(o, "exponential-smoothing"),
        .rounds = dm_precision(dm_options_text(o, "precision", 0)) == DM_PRECISION_BF16,
        .lane_count = lane_count,
        .threads = run->settings.threads,
        .exchange = run->exchange,
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
        .unknown = dm_unknown_piece(run->segmenter, DM_TARGET),
        .gemm = run->gemm,
        .threads = run->settings.threads,
        .dropout = (float)dm_options_number(o, "dropout"),
        .inner_dropout = (float)dm_options_number(o, "dropout-ffn"),
        .attention_dropout = (float)dm_options_number(o, "dropout-attention"),
        .layer_drop = (float)dm_options_number(o, "layer-drop"),
        .blotting = {.words = {(float)dm_options_number(o, "dropout-src"), (float)dm_options_number(o, "dropout-trg")},
                     .cutoff = dm_terms_have(&run->terms, &dm_cutoff) ? (float)dm_options_number(o, "cutoff") : 0,
                     .kind = strcmp(dm_options_text(o, "cutoff-kind", 0), "span") ? DM_CUTOFF_TOKENS : DM_CUTOFF_SPAN,
                     .seed = run->settings.budget.seed},
        .smoothing = (float)dm_options_number(o, "label-smoothing"),
        .seed = run->settings.budget.seed,
        .rounded = run->optimizer.rounded,
        .exchange = run->exchange,
        .stop = &run->stop,
    };
    dm_workers_create(&run->workers, run->optimizer.lane_count);
    return DM_OK;
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

// An objective that nobody has given is that of models which write as this one does.
static Status settle_objective(dm_options *o, const ModelConfig *config, Error *error)
{
    const Writing writing = config->architecture->writing(config);
    if (dm_options_given(o, "objective") || writing == DM_PIECE_BY_PIECE) return DM_OK;
    return dm_options_set_default(o, "objective", dm_usual_objective(writing)->name, error);
}

// What the target is made of says the model that there is, or the options of a new one. Labels are right or wrong, so
// that it says as well what is usually measured.
static Status settle_labels(Run *run, Error *error)
{
    dm_options *o = run->options;
    const char *folder = run->resumed ? run->settings.folder : dm_options_text(o, "pretrained-model", 0);
    ModelConfig config = {.architecture = dm_architecture(dm_options_text(o, "type", 0))};
    Status status = folder ? dm_config_read(&config, NULL, folder, error) : dm_shape_of_options(&config, o, error);
    if (!status) run->labels = config.architecture->labels(&config);
    if (!status) status = settle_objective(o, &config, error);
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

// What needs model and corpus: everything up to the first update but for the files.
static Status prepare(Run *run, double clock, Error *error)
{
    const long valid_text = dm_bitext_fingerprint(&run->valid_text);  // as it was read
    Status status = make_workers(run, error);
    if (status) return status;
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
    status = dm_validator_open(&run->validator, &setup, error);
    if (!status && run->validator && dm_validator_corpus(run->validator)->skipped_unsaid)
        dm_say(
            run,
            "Left out of the cost in validation, since their target does not fit the rows of their source: %d pair%s",
            dm_validator_corpus(run->validator)->skipped_unsaid,
            dm_plural((size_t)dm_validator_corpus(run->validator)->skipped_unsaid));
    run->state = (RunState){.epoch = 1,
                            .text = fingerprint(&run->corpus),
                            .links = dm_links_fingerprint(&run->corpus),
                            .valid_text = valid_text};
    dm_prepared_shuffle(&run->prepared);
    if (!status && !dm_run_leads(run))
        dm_ranks_receive(run);
    else if (!status && run->resumed)
        status = restore(run, error);
    if (status) return status;
    dm_run_judge_anew(run, valid_text);
    run->started = clock - run->state.seconds;
    dm_run_plan(run);
    dm_optimizer_round(&run->optimizer, &run->model->parameters);
    if (!dm_run_needs_end(run))
        run->state.schedule_end = 0;
    else if (!run->resumed || moves_end_of_schedule(run))
        run->state.schedule_end = end_of_run(run);
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
    for (int i = 0; i < 2; i++) dm_free(run->moments[i]);
    dm_free(run->squares);
    dm_workers_free(&run->workers);
    dm_plan_free(&run->plan);
    dm_corpus_free(&run->noisy);
    dm_noise_free(run->noise);
    dm_corpus_free(&run->corpus);
    dm_prepared_unmap(&run->prepared);
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
    if (!status && !run->resumed) status = dm_run_begin(run, error);
    if (!status) status = make_corpus(run, error);
    if (!status) status = make_noise(run, error);
    if (!status) status = prepare(run, clock, error);
    if (!status && !run->resumed) status = install(run, error);
    if (!status && dm_run_leads(run))
        status = dm_journal_open(&run->journal, run->settings.folder, run->state.journal, error);
    if (status) free_what_was_made(run);
    return status;
}

// In a scope of its own: where memory runs out, the folder can still be left as it was.
static Status make_run_or_abandon(Run *run, double clock, Error *error)
{
    Status status;
    const Run claimed = *run;
    DM_SCOPE(status, error, make_run(run, clock, error));
    if (!status) return DM_OK;
    *run = claimed;
    dm_run_abandon(run);
    return status;
}

static Status check_options(Run *run, Error *error)
{
    Status status = dm_run_look_at_prepared(run, error);
    if (!status) status = dm_run_check_text(run, error);
    if (!status) status = dm_run_settle_shape(run, error);
    if (!status) status = dm_run_check_settings(run, error);
    if (!status) status = settle_labels(run, error);
    if (!status) status = dm_run_check_prepared_labels(run, error);
    return status ? status : dm_run_check_inputs(run, error);
}

static Status open_run(Run *run, double clock, Error *error)
{
    // A folder that is there may have a run, which says what is not given; another one is made when all is well.
    const bool there = dm_exists(run->settings.folder);
    Status status = there ? dm_run_claim_folder(run, error) : DM_OK;
    if (!status && run->resumed) status = dm_run_recall(run, error);
    if (!status) status = check_options(run, error);
    if (!status && !there) status = dm_run_claim_folder(run, error);
    if (!status) return make_run_or_abandon(run, clock, error);
    dm_run_abandon(run);
    return status;
}

// Says nothing, and does not stop before the others can.
static Status join_run(Run *run, bool *anything, double clock, Error *error)
{
    const Stop stop = run->stop;
    run->observer = NULL;
    run->stop.ask = NULL;
    Status status = dm_ranks_join(run, anything, error);
    if (status || !*anything) return status;
    status = check_options(run, error);
    const Run joined = *run;
    if (!status) status = make_run(run, clock, error);
    if (status)
        *run = joined;  // what was made is gone
    else
        dm_ranks_begin(run);
    dm_ranks_leave(run);
    run->stop.ask = stop.ask;
    return status;
}

static bool has_come_to_its_end(const Run *run)
{
    return run->state.complete && dm_run_finished(run);
}

Status dm_run_open(Run *run, bool *anything, const dm_options *options, const dm_observer *observer, Exchange *exchange,
                   Error *error)
{
    const double clock = dm_clock();
    *run = (Run){.options = dm_options_create_copy(options), .observer = observer, .exchange = exchange, .lock = -1};
    dm_stop_begin(&run->stop, observer ? observer->stop : NULL, observer ? observer->context : NULL);
    Status status = dm_options_complete(run->options, error);
    if (status) return status;
    run->settings.folder = dm_options_text(run->options, "model", 0);
    if (!dm_run_leads(run)) return join_run(run, anything, clock, error);
    status = open_run(run, clock, error);
    if (status && status != DM_STOPPED) return status;
    *anything = !status && !has_come_to_its_end(run);
    const Status shared = dm_ranks_share(run, *anything, error);
    return shared ? shared : status;
}

void dm_run_close(Run *run)
{
    free_what_was_made(run);
    dm_prepared_close(&run->prepared);
    dm_folder_unlock(&run->lock, dm_options_text(run->options, "model", 0));
    dm_options_free(run->options);
    dm_free(run->draft);
}
