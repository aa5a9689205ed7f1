// dragoman rescore: how probable a model finds given translations, or the lines of a text.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bad_lines.h"

enum { MOST_PAIRS = 4096 };  // rescored at once, so that the batches are full

typedef struct Pairs {
    bool alone;           // there are targets alone, which are lines of a text
    const char *name[2];  // of the files of sources and targets
    dm_lines lines[2];
    bool *skipped;  // [pairs] an empty line stands for it
    BadLines bad;
} Pairs;

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static void take_bad_line(Pairs *pairs, size_t line)
{
    count_bad_line(&pairs->bad, line);
    pairs->skipped[line] = pairs->bad.on == DM_SKIP_LINE;
}

// Those of both files, in the order of the lines.
static void take_bad_lines(Pairs *pairs, const dm_bad_lines *a, const dm_bad_lines *b)
{
    pairs->skipped = allocate(pairs->lines[1].count, sizeof *pairs->skipped);
    for (size_t i = 0, x = 0, y = 0; i < pairs->lines[1].count; i++) {
        const bool in_a = x < a->count && a->line[x] == i, in_b = y < b->count && b->line[y] == i;
        x += in_a, y += in_b;
        if (in_a || in_b) take_bad_line(pairs, i);
    }
}

static dm_status read_text(const char *text, Pairs *pairs, dm_error *error)
{
    dm_bad_lines bad = {.on = pairs->bad.on};
    pairs->name[0] = pairs->name[1] = name_of(text);
    dm_status status = dm_lines_read_all(&pairs->lines[1], text, &bad, error);
    if (!status) take_bad_lines(pairs, &bad, &(dm_bad_lines){0});
    dm_bad_lines_free(&bad);
    return status;
}

static dm_status read_two(const dm_options *options, Pairs *pairs, dm_error *error)
{
    const char *source = dm_options_text(options, "SRC", 0), *target = dm_options_text(options, "TRG", 0);
    pairs->name[0] = name_of(source);
    pairs->name[1] = name_of(target);
    if (strcmp(source, "-") == 0 && strcmp(target, "-") == 0) {
        return misuse(error, "SRC and TRG cannot both be standard input: name a file for one of them");
    }
    dm_bad_lines bad[2] = {{.on = pairs->bad.on}, {.on = pairs->bad.on}};
    dm_status status = dm_lines_read_all(&pairs->lines[0], source, &bad[0], error);
    if (!status) status = dm_lines_read_all(&pairs->lines[1], target, &bad[1], error);
    if (!status) take_bad_lines(pairs, &bad[0], &bad[1]);
    dm_bad_lines_free(&bad[0]);
    dm_bad_lines_free(&bad[1]);
    if (status || pairs->lines[0].count == pairs->lines[1].count) return status;
    return failure(error,
                   "%s has %zu lines and %s %zu: each line of one must be the translation of the same line of the "
                   "other",
                   pairs->name[0], pairs->lines[0].count, pairs->name[1], pairs->lines[1].count);
}

static dm_status read_pairs(const dm_options *options, Pairs *pairs, dm_error *error)
{
    const char *tsv = dm_options_text(options, "tsv", 0);
    pairs->alone = dm_options_count(options, tsv ? "tsv-columns" : "TRG") < (tsv ? 2 : 1);
    if (!tsv && pairs->alone) return read_text(dm_options_text(options, "SRC", 0), pairs, error);
    if (!tsv) return read_two(options, pairs, error);
    int columns[2];
    for (int i = 0; i < 2; i++) columns[i] = atoi(dm_options_text(options, "tsv-columns", pairs->alone ? 0 : i));
    pairs->name[0] = pairs->name[1] = name_of(tsv);
    dm_bad_lines bad = {.on = pairs->bad.on};
    dm_status status = dm_lines_read_all_tsv(pairs->lines, tsv, columns, &bad, error);
    if (!status) take_bad_lines(pairs, &bad, &(dm_bad_lines){0});
    dm_bad_lines_free(&bad);
    return status;
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
    job->options.no_eos = dm_options_flag(options, "no-eos");
    job->word_scores = dm_options_flag(options, "word-scores");
    job->normalize = dm_options_number(options, "normalize");
    job->summary = dm_options_text(options, "summary", 0);
    return status;
}

// -12.3456, or with word scores -12.3456 ||| -0.1000 -2.0000
static void print(const Job *job, const dm_rescored *rescored)
{
    const double by = rescored->pieces ? pow(rescored->pieces, job->normalize) : 1;
    printf("%.4f", rescored->log_probability / by);
    if (job->word_scores) printf(" |||");
    for (int i = 0; job->word_scores && i < rescored->pieces; i++) printf(" %.4f", rescored->word_scores[i]);
    putchar('\n');
}

static void take_figures(Job *job, const dm_rescored *rescored, bool skipped)
{
    if (skipped) {
        if (!job->summary) putchar('\n');
        return;
    }
    job->cost -= rescored->log_probability;
    job->pieces += (size_t)rescored->pieces;
    job->pairs++;
    if (!job->summary) print(job, rescored);
}

static char *both_names(const Pairs *pairs)
{
    if (pairs->name[0] == pairs->name[1]) return format_text("%s", pairs->name[0]);
    return format_text("%s and %s", pairs->name[0], pairs->name[1]);
}

static dm_status refuse_pair(const Pairs *pairs, size_t line, dm_error *error)
{
    dm_error reason = *error;
    char *name = both_names(pairs);
    dm_status status = failure(error, "%s: line %zu: %.1500s", name, line, reason.message);
    free(name);
    return status;
}

// A pair that the library refuses becomes one that it takes.
static dm_status mend_pair(const Job *job, Pairs *pairs, size_t line, dm_error *error)
{
    take_bad_line(pairs, line);
    dm_status status = DM_OK;
    for (int side = pairs->alone; side < 2 && !status; side++) {
        char *text = pairs->lines[side].line[line];
        if (pairs->skipped[line])
            *text = '\0';
        else
            status = dm_crop_line(job->model, text, side == 1, error);
    }
    return status;
}

// A part of the pairs after the other, each written as soon as it is done. Where a pair is refused, all before it are
// written first: the library looks at every line before it begins, so halving what it is given costs next to nothing.
static dm_status rescore(Job *job, Pairs *pairs, dm_rescored *rescored, dm_error *error)
{
    const char *const *sources = pairs->alone ? NULL : (const char *const *)pairs->lines[0].line;
    const char *const *targets = (const char *const *)pairs->lines[1].line;
    const size_t count = pairs->lines[1].count;
    dm_status status = dm_rescore(job->model, sources, targets, 0, &job->options, rescored, error);
    if (status) return status;  // it is another kind of model
    size_t mended = 0;          // pairs before that one
    for (size_t done = 0, part = MOST_PAIRS; done < count;) {
        if (part > count - done) part = count - done;
        if (dm_rescore(job->model, sources ? sources + done : NULL, targets + done, part, &job->options, rescored,
                       error)) {
            if (part == 1 && (pairs->bad.on == DM_STOP_THERE || mended > done))
                return refuse_pair(pairs, done + 1, error);
            if (part == 1 && mend_pair(job, pairs, done, error)) return DM_FAILURE;
            if (part == 1) mended = done + 1;
            if (part > 1) part /= 2;
            continue;
        }
        for (size_t i = 0; i < part; i++) take_figures(job, &rescored[i], pairs->skipped[done + i]);
        dm_rescored_free(rescored, part);
        if (!flush_output(stdout, "standard output", error)) return DM_FAILURE;
        done += part;
        part = MOST_PAIRS;
    }
    return DM_OK;
}

static dm_status summarise(const Job *job, const Pairs *pairs, dm_error *error)
{
    if (!job->pieces) {
        return failure(error, "%s %s: there is nothing to summarise", pairs->name[0],
                       pairs->lines[1].count ? "has no line that is good" : "is empty");
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
    Pairs pairs = {.bad = {.on = on_bad_line(options)}};
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
    free(pairs.skipped);
    free(rescored);
    if (!status) {
        char *name = both_names(&pairs);
        note_bad_lines(&pairs.bad, name);
        free(name);
    }
    return status ? complain(status, &error) : close_output(stdout);  // what precedes an error was flushed
}
