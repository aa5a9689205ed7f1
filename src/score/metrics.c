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

static double bleu(const Measured *m)
{
    return dm_bleu(m->hypotheses, m->references, m->lines, m->tok);
}

static double chrf(const Measured *m)
{
    return dm_chrf(m->hypotheses, m->references, m->lines);
}

const Metric dm_metrics[] = {{"ce-mean-words", .falls = true, .measure = cost},
                             {"perplexity", .falls = true, .measure = perplexity},
                             {"bleu", .of_translations = true, .tokenizes = true, .measure = bleu},
                             {"chrf", .of_translations = true, .measure = chrf},
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

const char *dm_metric_name(int index)
{
    return dm_metrics[index].name;
}
