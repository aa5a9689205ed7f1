// dragoman rescore: how probable a model finds given translations.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

enum { MOST_PAIRS = 4096 };  // rescored at once, so that the batches are full

typedef struct Pairs {
    const char *name[2];  // of the files of sources and targets
    dm_lines lines[2];
} Pairs;

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static dm_status read_two(const dm_options *options, Pairs *pairs, dm_error *error)
{
    const char *source = dm_options_text(options, "SRC", 0), *target = dm_options_text(options, "TRG", 0);
    pairs->name[0] = name_of(source);
    pairs->name[1] = name_of(target);
    if (strcmp(source, "-") == 0 && strcmp(target, "-") == 0) {
        return misuse(error, "SRC and TRG cannot both be standard input: name a file for one of them");
    }
    dm_status status = dm_lines_read(&pairs->lines[0], source, error);
    if (!status) status = dm_lines_read(&pairs->lines[1], target, error);
    if (status || pairs->lines[0].count == pairs->lines[1].count) return status;
    return failure(error,
                   "%s has %zu lines and %s %zu: each line of one must be the translation of the same line of the "
                   "other",
                   pairs->name[0], pairs->lines[0].count, pairs->name[1], pairs->lines[1].count);
}

static dm_status read_pairs(const dm_options *options, Pairs *pairs, dm_error *error)
{
    const char *tsv = dm_options_text(options, "tsv", 0);
    if (!tsv) return read_two(options, pairs, error);
    int columns[2];
    for (int i = 0; i < 2; i++) columns[i] = atoi(dm_options_text(options, "tsv-columns", i));
    pairs->name[0] = pairs->name[1] = name_of(tsv);
    return dm_lines_read_tsv(pairs->lines, tsv, columns, error);
}

typedef struct Job {
    dm_model *model;
    dm_translate_options options;
    bool word_scores;
    double normalize;
    const char *summary;   // NULL: every pair has its line
    double cost;           // of all pairs so far: the sum of -log P ...
    size_t pairs, pieces;  // ... and how many they are
} Job;

static dm_status read_job(Job *job, const dm_options *options, dm_error *error)
{
    dm_status status = dm_translate_options_read(&job->options, NULL, error);
    job->options.threads = (int)dm_options_number(options, "cpu-threads");
    job->options.mini_batch = (int)dm_options_number(options, "mini-batch");
    job->word_scores = dm_options_flag(options, "word-scores");
    job->normalize = dm_options_number(options, "normalize");
    job->summary = dm_options_text(options, "summary", 0);
    if (status || !job->summary || (!job->word_scores && job->normalize == 0)) return status;
    failure(error,
            "--summary writes one figure for all pairs: leave out --word-scores and --normalize, which are of each");
    return DM_USAGE;
}

// -12.3456, or with word scores -12.3456 ||| -0.1000 -2.0000
static void print(const Job *job, const dm_rescored *rescored)
{
    printf("%.4f", rescored->log_probability / pow(rescored->pieces, job->normalize));
    if (job->word_scores) printf(" |||");
    for (int i = 0; job->word_scores && i < rescored->pieces; i++) printf(" %.4f", rescored->word_scores[i]);
    putchar('\n');
}

static void take_figures(Job *job, const dm_rescored *rescored)
{
    job->cost -= rescored->log_probability;
    job->pieces += (size_t)rescored->pieces;
    job->pairs++;
    if (!job->summary) print(job, rescored);
}

static dm_status refuse_pair(const Pairs *pairs, size_t line, dm_error *error)
{
    dm_error reason = *error;
    const bool one = pairs->name[0] == pairs->name[1];
    return failure(error, "%s%s%s: line %zu: %.1500s", pairs->name[0], one ? "" : " and ", one ? "" : pairs->name[1],
                   line, reason.message);
}

// A part of the pairs after the other, each written as soon as it is done. Where a pair is refused, all before it are
// written first: the library looks at every line before it begins, so halving what it is given costs next to nothing.
static dm_status rescore(Job *job, const Pairs *pairs, dm_rescored *rescored, dm_error *error)
{
    const char *const *sources = (const char *const *)pairs->lines[0].line;
    const char *const *targets = (const char *const *)pairs->lines[1].line;
    const size_t count = pairs->lines[0].count;
    for (size_t done = 0, part = MOST_PAIRS; done < count;) {
        if (part > count - done) part = count - done;
        if (dm_rescore(job->model, sources + done, targets + done, part, &job->options, rescored, error)) {
            if (part == 1) return refuse_pair(pairs, done + 1, error);
            part /= 2;
            continue;
        }
        for (size_t i = 0; i < part; i++) take_figures(job, &rescored[i]);
        dm_rescored_free(rescored, part);
        if (!flush_output(stdout, "standard output", error)) return DM_FAILURE;
        done += part;
        part = MOST_PAIRS;
    }
    return DM_OK;
}

static dm_status summarise(const Job *job, const Pairs *pairs, dm_error *error)
{
    if (!job->pairs) {
        return failure(error, "%s is empty: there is nothing to summarise", pairs->name[0]);
    }
    const double per_piece = job->cost / (double)job->pieces;
    if (strcmp(job->summary, "perplexity") == 0)
        printf("%.6g\n", exp(per_piece));
    else if (strcmp(job->summary, "ce-mean-words") == 0)
        printf("%.6g\n", per_piece);
    else
        printf("%.6g\n", job->cost / (double)job->pairs);
    return DM_OK;
}

int rescore_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    Job job = {0};
    Pairs pairs = {0};
    dm_rescored *rescored = calloc(MOST_PAIRS, sizeof *rescored);
    dm_status status = rescored ? DM_OK : failure(&error, "out of memory");
    if (!status) status = read_job(&job, options, &error);
    if (!status) status = read_pairs(options, &pairs, &error);
    if (!status) status = dm_model_open(&job.model, dm_options_text(options, "model", 0), options, &error);
    if (!status) status = rescore(&job, &pairs, rescored, &error);
    if (!status && job.summary) status = summarise(&job, &pairs, &error);
    dm_model_close(job.model);
    dm_lines_free(&pairs.lines[0]);
    dm_lines_free(&pairs.lines[1]);
    free(rescored);
    return status ? complain(status, &error) : close_output(stdout);  // what precedes an error was flushed
}
