// Metrics of a validation.
#include "score/metrics.h"

#include <math.h>
#include <string.h>

#include "score/score.h"

static double cost(const Measured *m)
{
    return m->nll / (double)m->pieces;
}

static double perplexity(const Measured *m)
{
    return exp(cost(m));
}

static double score_of(const Measured *m, Measure measure)
{
    return dm_score_of(measure, m->hypotheses, m->references, m->lines);
}

static double bleu(const Measured *m)
{
    const Tokenizer *tokenizer = m->tok ? dm_tokenizer(m->tok) : dm_tokenizer_for(m->references, m->lines);
    return score_of(m, dm_bleu_measure((MeasureSettings){.tokenizer = tokenizer}));
}

static double chrf(const Measured *m)
{
    return score_of(m, dm_chrf_measure((MeasureSettings){0}));
}

static double exact(const Measured *m)
{
    return score_of(m, dm_exact_measure((MeasureSettings){0}));
}

static double wer(const Measured *m)
{
    return score_of(m, dm_wer_measure((MeasureSettings){0}));
}

static double cer(const Measured *m)
{
    return score_of(m, dm_cer_measure((MeasureSettings){0}));
}

static double accuracy(const Measured *m)
{
    return score_of(m, dm_accuracy_measure((MeasureSettings){0}));
}

static double f1(const Measured *m)
{
    return score_of(m, dm_f1_measure((MeasureSettings){0}));
}

const Metric dm_metrics[] = {{"ce-mean-words", .falls = true, .measure = cost},
                             {"perplexity", .falls = true, .measure = perplexity},
                             {"bleu", .of_translations = true, .tokenizes = true, .measure = bleu},
                             {"chrf", .of_translations = true, .measure = chrf},
                             {"exact", .of_translations = true, .measure = exact},
                             {"wer", .falls = true, .of_translations = true, .measure = wer},
                             {"cer", .falls = true, .of_translations = true, .measure = cer},
                             {"accuracy", .of_translations = true, .measure = accuracy},
                             {"f1", .of_translations = true, .measure = f1},
                             {.name = NULL}};

const Metric *dm_metric_of(const char *name)
{
    for (const Metric *metric = dm_metrics; metric->name; metric++)
        if (strcmp(metric->name, name) == 0) return metric;
    return NULL;
}

bool dm_metric_falls(const char *name)
{
    const Metric *metric = dm_metric_of(name);
    return metric && metric->falls;
}

Choice dm_metric_choice(int index)
{
    return (Choice){.name = dm_metrics[index].name};
}
