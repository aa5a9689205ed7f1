// The public side of scoring: from lines and options to figures.
#include "score/score.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/utf8.h"

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

static Measure choose_measure(const char *name, const Comparison *comparison, const dm_options *options)
{
    bool lower_case = dm_options_flag(options, "lowercase");
    if (!strcmp(name, "chrf")) return dm_chrf_measure(lower_case, (int)dm_options_number(options, "chrf-word-order"));
    if (!strcmp(name, "ter")) return dm_ter_measure();
    return dm_bleu_measure(choose_tokenizer(comparison, options), lower_case);
}

static dm_metric score(const Measure *measure, const Comparison *comparison)
{
    double *statistics = dm_statistics(measure, comparison), sums[DM_MOST_STATISTICS];
    dm_add_up(measure, statistics, comparison->count, sums);
    dm_metric metric = {.name = measure->name, .score = measure->score(measure, sums)};
    metric.verbose = measure->verbose ? measure->verbose(sums) : dm_copy_string("");

    char *references = dm_format("%d", comparison->reference_count);
    Field fields[DM_MOST_FIELDS + 2] = {{"nrefs", references}};
    int count = 1;
    for (const Field *field = measure->fields; field->key; field++) fields[count++] = *field;
    fields[count++] = (Field){"version", "dragoman-" DM_VERSION};
    dm_describe(&metric, fields, count);
    free(references);
    free(statistics);
    return metric;
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
    Comparison comparison = {(const char *const *)hypotheses->line, streams, hypotheses->count, reference_count};
    for (int i = 0; i < metric_count; i++) {
        Measure measure = choose_measure(dm_options_text(options, "metrics", i), &comparison, options);
        metrics[i] = score(&measure, &comparison);
    }
    free(streams);
    return DM_OK;
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
