// dragoman bench translate: how many pieces a second come out, or how long one sentence takes.

#include "bench/measure.h"
#include "bench/text.h"
#include "core/clock.h"
#include "core/memory.h"
#include "translate/translator.h"

typedef struct Translating {
    Manner manner;
    Text text;
    // where sentences go one by one
    int next;
    double *milliseconds;  // [timed]
    int timed;
} Translating;

static Status pass(void *context, Tally *tally, Error *error)
{
    const Translating *t = context;
    Text text = t->text;
    Pieces pieces;
    Status status = text.translate(&text, 0, text.sentences, &pieces, error);
    tally->source += pieces.source;
    tally->target += pieces.target;
    return status;
}

static Status one_sentence(void *context, Tally *tally, Error *error)
{
    Translating *t = context;
    Pieces pieces;
    const double begin = dm_clock();
    Status status = t->text.translate(&t->text, t->next, 1, &pieces, error);
    t->milliseconds = dm_reallocate(t->milliseconds, (size_t)t->timed + 1, sizeof *t->milliseconds);
    t->milliseconds[t->timed++] = 1e3 * (dm_clock() - begin);
    t->next = (t->next + 1) % t->text.sentences;
    tally->source += pieces.source;
    tally->target += pieces.target;
    return status;
}

static void forget_times(void *context)
{
    ((Translating *)context)->timed = 0;
}

static Manner read_manner(const Bench *bench)
{
    const dm_options *o = bench->options;
    const bool latency = dm_options_flag(o, "latency");
    return (Manner){.beam = (int)dm_options_number(o, "beam-size"),
                    .mini_batch = latency ? 1 : (int)dm_options_number(o, "mini-batch"),
                    .threads = bench->threads,
                    .one_by_one = latency};
}

// The products of batches that are full, of sentences of the mean length.
static Status count_products(Products *products, const Bench *bench, const Translating *t, Error *error)
{
    const int batch = t->manner.mini_batch < t->text.sentences ? t->manner.mini_batch : t->text.sentences;
    const double rows = batch * t->text.mean_length;
    return dm_products_of_search(products, &bench->config, rows < DM_BATCH_PIECES ? (int)(rows + 0.5) : DM_BATCH_PIECES,
                                 batch, t->manner.beam, error);
}

// Real translations end one after the other, and steps of a few rows, which made-up ones of one length never have, may
// run in other code of the library. Rounds of their own: the figures above stay what can be compared with programs that
// cannot do this.
static Status measure_uneven(const Bench *bench, Translating *t, Error *error)
{
    const Measurement uneven = {.once = pass, .context = t};
    double *rates = dm_allocate((size_t)bench->rounds, sizeof *rates);
    Tally tally;
    double pieces = 0;
    t->text.is_uneven = true;
    Status status = dm_measure_round(bench, &uneven, &tally, error);
    for (int round = 0; round < bench->rounds && !status; round++) {
        status = dm_measure_round(bench, &uneven, &tally, error);
        rates[round] = tally.target / tally.seconds;
        pieces += tally.target;
        dm_bench_progress(bench, round + 1, "%.0f target tokens/s of uneven translations", rates[round]);
    }
    if (!status) {
        cJSON_AddNumberToObject(bench->result, "uneven_target_tokens", pieces);
        cJSON_AddItemToObject(bench->result, "uneven_target_tokens_per_second", dm_spread(rates, bench->rounds));
    }
    dm_free(rates);
    return status;
}

static void describe_latency(const Bench *bench, const Translating *t)
{
    cJSON *latency = cJSON_AddObjectToObject(bench->result, "latency_ms");
    cJSON_AddNumberToObject(latency, "median", dm_quantile(t->milliseconds, t->timed, 0.5));
    cJSON_AddNumberToObject(latency, "p99", dm_quantile(t->milliseconds, t->timed, 0.99));
    cJSON_AddNumberToObject(latency, "sentences", t->timed);
}

Status dm_bench_translate(Bench *bench, Error *error)
{
    Translating t = {.manner = read_manner(bench)};
    Products products = {0};
    Status status = dm_needs_pieces_in_order(&bench->config, "bench translate", error);
    if (status) goto done;
    if (dm_options_text(bench->options, "input", 0))
        status = dm_text_of_lines(&t.text, bench, &t.manner, error);
    else
        status = dm_text_made_up(&t.text, bench, &t.manner, error);
    if (status) goto done;
    t.manner.mini_batch = dm_mini_batch(t.manner.mini_batch, t.manner.beam, (size_t)t.text.sentences);
    cJSON_AddNumberToObject(bench->result, "sentences", t.text.sentences);
    cJSON_AddNumberToObject(bench->result, "beam_size", t.manner.beam);
    cJSON_AddNumberToObject(bench->result, "mini_batch", t.manner.mini_batch);
    status = count_products(&products, bench, &t, error);
    if (status) goto done;
    Tally whole;
    status = dm_measure(bench,
                        &(Measurement){.threads = t.manner.threads,
                                       .products = &products,
                                       .packed = true,
                                       .once = t.manner.one_by_one ? one_sentence : pass,
                                       .warm = forget_times,
                                       .context = &t},
                        &whole, error);
    if (!status && t.manner.one_by_one)
        describe_latency(bench, &t);
    else if (!status && !dm_options_text(bench->options, "input", 0))
        status = measure_uneven(bench, &t, error);
done:
    if (t.text.close) t.text.close(&t.text);
    dm_products_free(&products);
    dm_free(t.milliseconds);
    return status;
}
