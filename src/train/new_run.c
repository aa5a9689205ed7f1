// What a new run begins with: its segmenter, the shape that the options say, a model with random weights or one that is
// taken over, and the configuration that records it.
#include <limits.h>
#include <string.h>

#include "core/json.h"
#include "core/memory.h"
#include "folder/folder.h"
#include "folder/layout.h"
#include "train/defaults.h"
#include "train/run.h"

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
    if (run->prepared.folder) return dm_segmenter_copy(run->prepared.folder, run->settings.folder, error);
    const bool adapts = !dm_options_given(o, "vocab-size"), all_pieces = !strcmp(kind, "space") && adapts;
    const Bitext *text = &run->text;
    const bool labels = run->labels != DM_NO_LABELS;
    if (strcmp(kind, "space") != 0 && !dm_options_given(o, "sentencepiece"))
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

// How targets are written, the objective says, where the output layer has not said it.
static Status take_writing(ModelConfig *config, const dm_options *o, Error *error)
{
    const Objective *objective = dm_objective(dm_options_text(o, "objective", 0));
    const Architecture *a = config->architecture;
    const ShapeRow *row = dm_shape_row(a, DM_DECODER_MASK);
    Name why;
    if (objective->writing == DM_IN_ANY_ORDER && !row)
        return dm_misuse(
            error,
            "--objective %s needs a decoder that sees all of a target, which a model of --type %s has not: "
            "take --type transformer",
            objective->name, a->name);
    if (objective->writing == DM_IN_ANY_ORDER) dm_shape_set(config, row, dm_shape_index(row, "none"));
    if (a->misfit(config, &why)) return dm_misuse(error, "%s", why.text);
    if (a->writing(config) == DM_PIECE_BY_PIECE) return DM_OK;
    config->search.beam_size = 1;
    config->search.ends_at_limit = false;
    return DM_OK;
}

// The shape that the options say, of so many pieces of the source and of the target.
static Status shape_of_options(ModelConfig *config, const Run *run, int vocabulary, int target, Error *error)
{
    const dm_options *o = run->options;
    const Architecture *architecture = dm_architecture(dm_options_text(o, "type", 0));
    const char *tied = dm_options_text(o, "tied-embeddings", 0);
    const int pad = dm_options_flag(o, "separate-vocabs") ? DM_SEPARATE_PAD : vocabulary - 1;
    *config = (ModelConfig){
        .architecture = architecture,
        .examples = dm_run_examples(architecture, run->alone),
        .source_vocabulary = vocabulary,
        .target_vocabulary = target,
        .shared_embeddings = architecture->one_vocabulary || !strcmp(tied, "all"),
        .tied_output = strcmp(tied, "none") != 0,
        .pad = pad,
        .decoder_start = architecture->starts_with_eos ? 0 : pad,
        .search = {.beam_size = 5, .max_length = 511, .ends_at_limit = true},
    };
    Status status = dm_shape_of_options(config, o, error);
    if (!status) status = take_writing(config, o, error);
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
    Status status = shape_of_options(&config, run, pieces[DM_SOURCE], pieces[DM_TARGET], error);
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

static cJSON *describe(const Run *run, const char *kind)
{
    cJSON *extra = cJSON_CreateObject();
    if (dm_terms_have(&run->terms, &dm_guided_alignment))
        cJSON_AddItemToObject(extra, "alignment", dm_run_guided_heads(run));
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

Status dm_run_choose_gemm(Run *run, const char *name, int width, Error *error)
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
    if (run->prepared.folder) return;  // it was made there
    const int usual = whole(o, "vocab-size"),
              pieces = dm_vocabulary_size(dm_segmenter_vocabulary(run->segmenter, side));
    if (pieces == usual) return;
    const char *of = !dm_options_flag(o, "separate-vocabs") ? "" : side ? " of the target" : " of the source";
    dm_say(run, "The vocabulary%s has %d pieces instead of %d: %s", of, pieces, usual,
           pieces < usual ? "this text allows no more" : "so many are needed for its characters alone");
}

// The objective is for models that write as this one does, and has no use for what goes piece by piece.
static Status check_writing(Run *run, Error *error)
{
    dm_options *o = run->options;
    const Objective *objective = dm_objective(dm_options_text(o, "objective", 0));
    const ModelConfig *config = &run->model->config;
    const Writing writing = config->architecture->writing(config);
    if (objective->writing != writing)
        return dm_misuse(
            error,
            "--objective %s is for models that write %s, and this one writes %s: take --objective %s, or begin "
            "a new model",
            objective->name, dm_writing_name(objective->writing), dm_writing_name(writing),
            dm_usual_objective(writing)->name);
    if (writing == DM_PIECE_BY_PIECE) return DM_OK;
    for (int i = 0; i < run->terms.count; i++)
        if (run->terms.term[i] != &dm_balance_term)
            return dm_misuse(
                error,
                "--add-loss %s goes by the pieces of a target one after the other, and --objective %s does "
                "not: leave it out",
                run->terms.term[i]->name, objective->name);
    if (dm_options_number(o, "dropout-trg") > 0)
        return dm_misuse(error,
                         "--dropout-trg is about pieces that a decoder reads, of a model that writes piece by piece: "
                         "leave it out");
    if (writing == DM_IN_ANY_ORDER && run->segmenter && dm_unknown_piece(run->segmenter, DM_TARGET) < 0)
        return dm_misuse(error,
                         "--objective %s has the unknown piece stand for what is masked, and this vocabulary has none",
                         objective->name);
    if (writing != DM_AT_ONCE) return DM_OK;
    if (dm_options_given(o, "label-smoothing") && dm_options_number(o, "label-smoothing") > 0)
        return dm_misuse(
            error, "--label-smoothing has no effect with --objective %s, which has no row of a piece: leave it out",
            objective->name);
    return dm_options_set_default(o, "label-smoothing", "0", error);
}

// What copies has a loss of its own, of one pass over the reference.
static Status check_copying(const Run *run, Error *error)
{
    const dm_options *o = run->options;
    const char *objective = dm_options_text(o, "objective", 0);
    if (!run->model->output.kind->copies) return DM_OK;
    if (strcmp(objective, dm_teacher_forcing.name) != 0)
        return dm_misuse(error,
                         "--objective %s has the model write in training, and cannot yet read what --output-layer %s "
                         "copies: leave it out",
                         objective, run->model->output.kind->name);
    for (int i = 0; i < run->terms.count; i++)
        if (run->terms.term[i]->copies > 1)
            return dm_misuse(error,
                             "--add-loss %s compares what two passes say of the vocabulary, which is not all that "
                             "--output-layer %s says: leave one of them out",
                             run->terms.term[i]->name, run->model->output.kind->name);
    if (dm_options_number(o, "segment-noise") > 0)
        return dm_misuse(
            error,
            "--segment-noise makes other pieces in every epoch, and --output-layer %s has to know what each "
            "is copied as: leave one of them out",
            run->model->output.kind->name);
    if (dm_options_number(o, "layer-drop") > 0)
        return dm_misuse(
            error,
            "--output-layer %s looks at a layer of the decoder, and --layer-drop passes over layers: leave "
            "one of them out",
            run->model->output.kind->name);
    return DM_OK;
}

// A model that is taken over says what the rows of these options cannot know.
static Status check_drops(const Run *run, Error *error)
{
    static const char *const places[] = {"dropout-attention", "dropout-ffn", "layer-drop"};
    static const Architecture *const with[] = {&dm_transformer, &dm_lm, &dm_labels};
    const ModelConfig *config = &run->model->config;
    bool has = false;
    for (size_t i = 0; i < DM_COUNT(with); i++) has = has || config->architecture == with[i];
    for (size_t i = 0; i < DM_COUNT(places) && !has; i++)
        if (dm_options_number(run->options, places[i]) > 0)
            return dm_misuse(error, "--%s has no effect on a model of --type %s: leave it out", places[i],
                             config->architecture->name);
    if (dm_options_number(run->options, "dropout-src") > 0 && dm_examples_of(config)->sides == 1)
        return dm_misuse(error, "--dropout-src has no effect on a model of text alone, which reads no source: leave it "
                                "out, or take --dropout-trg");
    if (dm_options_number(run->options, "segment-noise") > 0 && run->labels)
        return dm_misuse(error,
                         "--segment-noise has no effect on a model of labels, which are of words as they are cut: "
                         "leave it out");
    return DM_OK;
}

Status dm_run_settle_terms(Run *run, Error *error)
{
    if (run->risk.candidates && dm_examples_of(&run->model->config)->sides == 1)
        return dm_misuse(error, "--objective %s is for translations, and this model learns from text alone",
                         dm_options_text(run->options, "objective", 0));
    const Parameter *bias = dm_router_bias(&run->model->parameters, 0);
    Status status = check_writing(run, error);
    if (!status) status = check_copying(run, error);
    if (!status) status = check_drops(run, error);
    if (!status) status = dm_terms_look(&run->terms, run->options, &run->model->config, error);
    if (!status) status = dm_balance_of_options(&run->terms, run->options, bias != NULL, error);
    if (status || !(run->terms.balance_rate > 0) || dm_layout_has(&run->model->config, bias)) return status;
    return dm_misuse(
        error,
        "--balance bias has no effect in a folder of the format that this model has (%s), which has no place "
        "for it: take --balance loss, or --router sigmoid",
        dm_format_of_config(&run->model->config)->model_type);
}

// The model, segmenter and configuration of a run that begins.
Status dm_run_begin(Run *run, Error *error)
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
    if (!status) status = dm_run_choose_gemm(run, dm_options_text(run->options, "gemm", 0), width, error);
    if (!status) {
        const int pieces = dm_vocabulary_size(dm_segmenter_vocabulary(run->segmenter, DM_SOURCE));
        if (!start) say_vocabulary(run, DM_SOURCE);
        if (!start && dm_options_flag(run->options, "separate-vocabs")) say_vocabulary(run, DM_TARGET);
        if (!start) status = make_model(run, error);
        if (!status) status = settle_vocabulary(run, pieces, error);
        if (!status) status = dm_run_settle_terms(run, error);
        if (!status) status = dm_tokenizer_write(&run->model->config, run->segmenter, run->settings.folder, error);
        if (!status) dm_run_settle_shards(run);
        run->extra = describe(run, kind);
    }
    cJSON_Delete(theirs);
    return status;
}

// The options of the shape are checked before anything is made. A model that is taken over brings its own.
Status dm_run_settle_shape(Run *run, Error *error)
{
    enum { ANY_VOCABULARY = 8 };
    dm_options *o = run->options;
    if (dm_options_text(o, "pretrained-model", 0)) return DM_OK;
    ModelConfig config;
    Status status = check_vocabularies(o, error);
    if (!status) status = dm_shape_settle(o, dm_architecture(dm_options_text(o, "type", 0)), error);
    if (!status) status = shape_of_options(&config, run, ANY_VOCABULARY, ANY_VOCABULARY, error);
    return status ? status : check_max_length(&config, o, error);
}
