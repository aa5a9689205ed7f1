// Validation. Cost and perplexity come from the target as it stands; BLEU, chrF and the samples from a greedy
// translation of the source, compared as text. Text alone has no source: its samples are what lines go on with. Ranks
// share shards and translations; rank 0 measures, and says what.
#include "train/validate.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"
#include "score/tokenize.h"
#include "translate/line_checks.h"

enum { MOST_SHOWN = 50 };  // pieces that a sample of text alone goes on with

struct Validator {
    Corpus corpus;
    Plan plan;
    const dm_lines *sources, *references;  // text alone has no sources
    int samples;
    size_t sample[SAMPLES];    // always the same few lines, spread over the text
    char *beginning[SAMPLES];  // of these lines of text alone; else NULL
    const Model *model;
    Translator translator;
    const char *tok;     // of BLEU
    bool translate_all;  // a metric needs it
    int metrics;
    const Metric *metric[DM_MOST_METRICS];
};

static Status check_lengths(const Corpus *corpus, const Bitext *text, int most, Error *error)
{
    for (int i = 0; i < corpus->pairs; i++) {
        bool source = corpus->source_length[i] > most;
        if (source || corpus->target_length[i] > most)
            return dm_fail(error, "%s: line %d has %d pieces, and more than %d are not taken: break it into sentences",
                           text->file[source ? DM_SOURCE : DM_TARGET], corpus->line[i],
                           source ? corpus->source_length[i] : corpus->target_length[i], most);
    }
    return DM_OK;
}

static Translator greedy_translator(const ValidatorSetup *setup, const Model *const *model)
{
    Translator translator = {
        .models = model,
        .model_count = 1,
        .segmenter = setup->segmenter,
        .gemm = setup->gemm,
    };
    Error none;
    dm_translate_options_read(&translator.options, NULL, &none);
    translator.options.beam_size = 1;
    if (setup->text->alone) translator.options.max_length = MOST_SHOWN;
    dm_take_search_defaults(&translator.options, &(*model)->config.search);
    translator.options.threads = setup->threads;
    translator.options.context = setup->stop;
    translator.options.stop = dm_stop_is_asked;
    return translator;
}

static const char *choose_tok(const Validator *v, const ValidatorSetup *setup)
{
    const char *named = dm_options_text(setup->options, "valid-tok", 0);
    if (named) return named;
    if (setup->pieces) return "none";
    return dm_tokenizer_for((const char *const *)v->references->line, v->references->count)->name;
}

// All of the text counts. Pairs stay as they are; text alone is cut as in training, and where it has no start, the
// first piece of a line is given, so that of an empty one nothing is left to be predicted.
static CorpusRules rules_of(const ValidatorSetup *setup)
{
    const int longest = dm_most_pieces(&setup->model->config),
              asked = (int)dm_options_number(setup->options, "max-length");
    return (CorpusRules){.max_length = !setup->text->alone        ? 0
                                       : asked && asked < longest ? asked
                                                                  : longest,
                         .shortest = setup->text->alone && setup->model->config.decoder_start < 0 ? 2 : 1,
                         .upsample = dm_upsampling(&setup->model->config),
                         .unknown = true,
                         .copies = setup->model->output.kind->copies,
                         .threads = setup->threads,
                         .stop = setup->stop};
}

// About half of a line: up to a space, where there is one, or else to the end of a character.
static char *beginning_of(const char *line)
{
    const size_t size = strlen(line);
    size_t half = size / 2;
    while (half < size && line[half] != ' ') half++;
    if (half == size) half = dm_utf8_valid(line, size / 2);
    return dm_format("%.*s", (int)half, line);
}

// What cannot be gone on with is no sample: nothing, where a text has no start.
static void choose_samples(Validator *v, bool alone)
{
    const size_t count = v->references->count, most = count < SAMPLES ? count : SAMPLES;
    for (size_t i = 0; i < most; i++) {
        const size_t index = count * i / most;
        char *beginning = alone ? beginning_of(v->references->line[index]) : NULL;
        if (alone && dm_is_blank(beginning)) {
            dm_free(beginning);
            continue;
        }
        v->beginning[v->samples] = beginning;
        v->sample[v->samples++] = index;
    }
}

Status dm_validator_open(Validator **validator, const ValidatorSetup *setup, Error *error)
{
    const dm_options *options = setup->options;
    dm_lines *references = &setup->text->lines[DM_TARGET];
    *validator = NULL;
    if (!references->count) return DM_OK;
    const CorpusRules rules = rules_of(setup);
    Validator *v = dm_allocate(1, sizeof *v);
    Status status = dm_corpus_make(&v->corpus, setup->text, &rules, setup->segmenter, error);
    if (!status) status = check_lengths(&v->corpus, setup->text, dm_most_pieces(&setup->model->config), error);
    if (status) {
        dm_validator_close(v);
        return status;
    }
    v->sources = &setup->text->lines[DM_SOURCE];
    v->references = references;
    dm_plan_make(&v->plan, &v->corpus,
                 &(PlanBudget){.shard_words = setup->shard_words, .update_words = setup->shard_words, .lanes = 1});
    v->model = setup->model;
    choose_samples(v, setup->text->alone);
    v->translator = greedy_translator(setup, &v->model);
    for (size_t i = 0; setup->pieces && i < references->count; i++)
        dm_undo_joins(references->line[i]);  // as decoding does for the hypotheses
    for (int i = 0; i < dm_options_count(options, "valid-metrics") && v->metrics < DM_MOST_METRICS; i++) {
        const Metric *metric = v->metric[v->metrics++] = dm_metric_of(dm_options_text(options, "valid-metrics", i));
        if (metric->of_translations) v->translate_all = true;
    }
    v->tok = choose_tok(v, setup);
    *validator = v;
    return DM_OK;
}

void dm_validator_close(Validator *v)
{
    if (!v) return;
    for (int i = 0; i < v->samples; i++) dm_free(v->beginning[i]);
    dm_plan_free(&v->plan);
    dm_corpus_free(&v->corpus);
    dm_free(v);
}

const Corpus *dm_validator_corpus(const Validator *v)
{
    return &v->corpus;
}

const char *dm_validator_tok(const Validator *v)
{
    bool bleu = false;
    for (int i = 0; i < v->metrics; i++) bleu = bleu || v->metric[i]->tokenizes;
    return bleu ? v->tok : NULL;
}

// ---- Translating, which ranks share ---------------------------------------------------------------------------------

// Each text that is here, behind the number of its line; to be freed.
static char *pack_texts(char *const *texts, size_t count, size_t *size)
{
    *size = 0;
    for (size_t i = 0; i < count; i++) *size += texts[i] ? sizeof i + strlen(texts[i]) + 1 : 0;
    char *packed = dm_allocate(*size + 1, 1), *at = packed;
    for (size_t i = 0; i < count; i++) {
        if (!texts[i]) continue;
        memcpy(at, &i, sizeof i);
        at = stpcpy(at + sizeof i, texts[i]) + 1;
    }
    return packed;
}

static void unpack_texts(const char *packed, size_t size, char **texts)
{
    for (const char *at = packed; at < packed + size;) {
        size_t line;
        memcpy(&line, at, sizeof line);
        if (!texts[line]) texts[line] = dm_copy_string(at + sizeof line);  // else of nothing, which all have
        at += sizeof line + strlen(at + sizeof line) + 1;
    }
}

// Rank 0 has all texts then.
static void collect_texts(Exchange *exchange, char **texts, size_t count)
{
    const int ranks = dm_ranks(exchange), rank = dm_rank(exchange);
    size_t *start = dm_allocate((size_t)ranks + 1, sizeof *start), *sizes = start + 1;
    char *own = pack_texts(texts, count, &sizes[rank]);
    dm_exchange_gather_each(exchange, sizes, sizeof *sizes);
    for (int i = 0; i < ranks; i++) sizes[i] += start[i];
    char *all = rank ? NULL : dm_allocate(start[ranks] + 1, 1);
    dm_exchange_collect(exchange, own, all, start);
    if (!rank) unpack_texts(all, start[ranks], texts);
    dm_free(all);
    dm_free(own);
    dm_free(start);
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; texts && i < count; i++) dm_free(texts[i]);
    dm_free(texts);
}

// The translations of all lines, to be freed: of all in rank 0, of some of them elsewhere. NULL: stopped, on all ranks.
static char **translate_all(const Validator *v, const Translator *translator, Exchange *exchange)
{
    const size_t count = v->sources->count;
    char **texts = dm_allocate(count, sizeof *texts);
    dm_translation *own = dm_allocate(count, sizeof *own);
    const bool stopped = !dm_translator_run_share(translator, (const char *const *)v->sources->line, count,
                                                  dm_rank(exchange), dm_ranks(exchange), own);
    for (size_t i = 0; i < count; i++)
        if (own[i].count) texts[i] = dm_copy_string(own[i].hypotheses[0].text);
    dm_translations_free(own, count);
    dm_free(own);
    if (dm_exchange_any(exchange, stopped)) {
        free_texts(texts, count);
        return NULL;
    }
    if (exchange) collect_texts(exchange, texts, count);
    return texts;
}

// ---- Measuring ------------------------------------------------------------------------------------------------------

// texts: of all lines; NULL: these few are translated here. False: stopped.
static bool take_samples(const Validator *v, const Translator *translator, char *const *texts, Validation *out)
{
    const char *lines[SAMPLES];
    dm_translation own[SAMPLES] = {0};
    for (int i = 0; i < v->samples; i++) lines[i] = v->beginning[i] ? v->beginning[i] : v->sources->line[v->sample[i]];
    if (!texts && !dm_translator_run(translator, lines, (size_t)v->samples, own)) return false;
    out->samples = v->samples;
    for (int i = 0; i < v->samples; i++) {
        out->source[i] = lines[i];
        out->reference[i] = v->references->line[v->sample[i]];
        out->hypothesis[i] = dm_copy_string(texts ? texts[v->sample[i]] : own[i].hypotheses[0].text);
    }
    dm_translations_free(own, (size_t)v->samples);
    return true;
}

static void measure(const Validator *v, const Loss *loss, char *const *texts, Validation *out)
{
    const Measured measured = {.nll = loss->nll,
                               .pieces = loss->count,
                               .hypotheses = (const char *const *)texts,
                               .references = (const char *const *)v->references->line,
                               .lines = v->references->count,
                               .tok = v->tok};
    for (int i = 0; i < v->metrics; i++) out->value[i] = v->metric[i]->measure(&measured);
}

// All that is translated, and in rank 0 what the metrics say. False: stopped.
static bool translate_and_measure(const Validator *v, const Loss *loss, Exchange *exchange, Validation *out)
{
    char **texts = NULL;
    Translator translator = v->translator;
    translator.packs = dm_packs_create(translator.gemm, DM_PRECISION_FP32);  // of the weights as they are now
    bool going = !v->translate_all || (texts = translate_all(v, &translator, exchange));
    if (going && !dm_rank(exchange)) {
        going = take_samples(v, &translator, texts, out);
        if (going) measure(v, loss, texts, out);
    }
    dm_packs_destroy(translator.packs);
    free_texts(texts, v->sources->count);
    return going;
}

bool dm_validate(const Validator *v, Workers *workers, Validation *out)
{
    Exchange *exchange = workers->exchange;
    *out = (Validation){.metrics = v->metrics};
    for (int i = 0; i < v->metrics; i++) out->metric[i] = v->metric[i];
    const Loss loss = dm_shards_evaluate(workers, &(ShardRange){&v->corpus, &v->plan, 0, v->plan.shards});
    bool going = !dm_exchange_any(exchange, dm_stop_asked(workers->stop));
    going = going && translate_and_measure(v, &loss, exchange, out);
    going = !dm_exchange_any(exchange, !going);
    if (going)
        dm_exchange_broadcast(exchange, out->value, sizeof out->value);
    else
        dm_validation_free(out);
    return going;
}

void dm_validation_free(Validation *validation)
{
    for (int i = 0; i < validation->samples; i++) dm_free(validation->hypothesis[i]);
    *validation = (Validation){0};
}

static bool is_better(const Metric *metric, double value, const Best *best)
{
    const bool falls = metric->falls;
    if (!isfinite(value) || (!falls && value <= 0)) return false;
    return best->update == 0 || (falls ? value < best->value : value > best->value);
}

bool dm_best_update(Best best[DM_MOST_METRICS], const Validation *validation, long update)
{
    for (int i = 0; i < validation->metrics; i++) {
        const double value = validation->value[i];
        if (is_better(validation->metric[i], value, &best[i]))
            best[i] = (Best){value, update, 0};
        else if (best[i].update)
            best[i].stalled++;
    }
    return best[0].update == update;
}
