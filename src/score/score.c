// The public side of scoring: from lines and options to figures, and to the figures as sacreBLEU prints them.
#include "score/score.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/utf8.h"
#include "score/unicode.h"

// A signature names everything that a score depends on: "nrefs:1|case:mixed|...|version:dragoman-0.1.0".
typedef struct Field {
    const char *key, *value;
} Field;

static void put(Text *text, const char *string)
{
    dm_text_put(text, string, strlen(string));
}

static char *signature_of(const Field *fields, size_t count)
{
    Text text = {0};
    for (size_t i = 0; i < count; i++) {
        if (i) put(&text, "|");
        put(&text, fields[i].key);
        put(&text, ":");
        put(&text, fields[i].value);
    }
    return text.bytes;
}

static void put_member(Text *text, const char *key, const char *value)
{
    put(text, ",\n \"");
    put(text, key);
    put(text, "\": \"");
    put(text, value);
    put(text, "\"");
}

// A JSON object as Python prints it with an indent of one; no string in it needs an escape.
static char *json_of(const dm_metric *metric, const Field *fields, size_t count)
{
    char *head = dm_format("{\n \"name\": \"%s\",\n \"score\": %.1f", metric->name, metric->score);
    Text text = {0};
    put(&text, head);
    free(head);
    put_member(&text, "signature", metric->signature);
    if (*metric->verbose) put_member(&text, "verbose_score", metric->verbose);
    for (size_t i = 0; i < count; i++) put_member(&text, fields[i].key, fields[i].value);
    put(&text, "\n}");
    return text.bytes;
}

// Fills in what follows from name, score and verbose.
static void describe(dm_metric *metric, const Field *fields, size_t count)
{
    metric->signature = signature_of(fields, count);
    metric->line = dm_format("%s|%s = %.1f%s%s", metric->name, metric->signature, metric->score,
                             *metric->verbose ? " " : "", metric->verbose);
    metric->json = json_of(metric, fields, count);
}

static dm_metric bleu_metric(const Comparison *comparison, const Tokenizer *tokenizer)
{
    Bleu bleu = dm_bleu_compare(comparison, tokenizer);
    const double *p = bleu.precisions;
    double ratio = bleu.reference_length ? (double)bleu.length / (double)bleu.reference_length : 0;
    dm_metric metric = {.name = "BLEU", .score = bleu.score};
    metric.verbose = dm_format("%.1f/%.1f/%.1f/%.1f (BP = %.3f ratio = %.3f hyp_len = %zu ref_len = %zu)", p[0], p[1],
                               p[2], p[3], bleu.brevity_penalty, ratio, bleu.length, bleu.reference_length);
    char *references = dm_format("%d", comparison->reference_count);
    const Field fields[] = {{"nrefs", references}, {"case", comparison->lower_case ? "lc" : "mixed"},
                            {"eff", "no"},         {"tok", tokenizer->name},
                            {"smooth", "exp"},     {"version", "dragoman-" DM_VERSION}};
    describe(&metric, fields, DM_COUNT(fields));
    free(references);
    return metric;
}

static dm_metric chrf_metric(const Comparison *comparison)
{
    dm_metric metric = {.name = "chrF2", .score = dm_chrf_compare(comparison), .verbose = dm_copy_string("")};
    char *references = dm_format("%d", comparison->reference_count);
    const Field fields[] = {{"nrefs", references},
                            {"case", comparison->lower_case ? "lc" : "mixed"},
                            {"eff", "yes"},
                            {"nc", "6"},
                            {"nw", "0"},
                            {"space", "no"},
                            {"version", "dragoman-" DM_VERSION}};
    describe(&metric, fields, DM_COUNT(fields));
    free(references);
    return metric;
}

static Status check_text(const dm_lines *lines, const char *what, Error *error)
{
    for (size_t i = 0; i < lines->count; i++) {
        size_t size = strlen(lines->line[i]);
        if (dm_utf8_valid(lines->line[i], size) != size)
            return dm_fail(error, "line %zu of the %s is not valid UTF-8", i + 1, what);
    }
    return DM_OK;
}

static Status check_lines(const dm_lines *hypotheses, const dm_lines *references, int reference_count, Error *error)
{
    if (reference_count < 1)
        return dm_misuse(error, "there is no reference to score against: name one with --ref FILE");
    if (!hypotheses->count) return dm_fail(error, "there is nothing to score: the hypotheses are empty");
    Status status = check_text(hypotheses, "hypotheses", error);
    for (int r = 0; !status && r < reference_count; r++) {
        if (references[r].count != hypotheses->count)
            return dm_fail(error, "the hypotheses have %zu lines and reference %d has %zu: they must have as many",
                           hypotheses->count, r + 1, references[r].count);
        status = check_text(&references[r], "references", error);
    }
    return status;
}

// The tokenizer that the user named, or the one that fits the first references.
static const Tokenizer *choose_tokenizer(const Comparison *comparison, const dm_options *options)
{
    if (dm_options_given(options, "tok")) return dm_tokenizer(dm_options_text(options, "tok", 0));
    return dm_tokenizer_for(comparison->references[0], comparison->count);
}

dm_status dm_score(const dm_lines *hypotheses, const dm_lines *references, int reference_count,
                   const dm_options *options, dm_metric *metrics, dm_error *error)
{
    int metric_count = dm_options_count(options, "metrics");
    memset(metrics, 0, (size_t)metric_count * sizeof *metrics);
    Status status = check_lines(hypotheses, references, reference_count, error);
    if (status) return status;

    const char *const **streams = dm_allocate((size_t)reference_count, sizeof *streams);
    for (int r = 0; r < reference_count; r++) streams[r] = (const char *const *)references[r].line;
    Comparison comparison = {(const char *const *)hypotheses->line, streams, hypotheses->count, reference_count,
                             dm_options_flag(options, "lowercase")};
    const Tokenizer *tokenizer = choose_tokenizer(&comparison, options);
    for (int i = 0; !status && i < metric_count; i++) {
        const char *name = dm_options_text(options, "metrics", i);
        if (!tokenizer)
            status = dm_misuse(error, "--tok %s: there is no such tokenizer", dm_options_text(options, "tok", 0));
        else if (!strcmp(name, "bleu"))
            metrics[i] = bleu_metric(&comparison, tokenizer);
        else if (!strcmp(name, "chrf"))
            metrics[i] = chrf_metric(&comparison);
        else
            status = dm_misuse(error, "--metrics %s: there is no such metric; there are bleu and chrf", name);
    }
    free(streams);
    if (status) dm_metrics_free(metrics, metric_count);
    return status;
}

void dm_metrics_free(dm_metric *metrics, int count)
{
    for (int i = 0; i < count; i++) {
        free(metrics[i].signature);
        free(metrics[i].verbose);
        free(metrics[i].line);
        free(metrics[i].json);
        metrics[i] = (dm_metric){0};
    }
}
