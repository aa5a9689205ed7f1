// dragoman rescore: how probable a model finds given translations, or the lines of a text.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bad_lines.h"
#include "numbers.h"
#include "parcel.h"

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
                   "%s has %zu line%s and %s %zu: each line of one must be the translation of the same line of the "
                   "other",
                   pairs->name[0], pairs->lines[0].count, plural((double)pairs->lines[0].count), pairs->name[1],
                   pairs->lines[1].count);
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

static const char *const *sources_of(const Pairs *pairs)
{
    return pairs->alone ? NULL : (const char *const *)pairs->lines[0].line;
}

// Of the stretch that begins there.
static size_t end_of(const Pairs *pairs, size_t done)
{
    const size_t left = pairs->lines[1].count - done;
    return done + (left < MOST_PAIRS ? left : MOST_PAIRS);
}

// A model of another kind is found before any pair is looked at.
static dm_status check_kind(Job *job, const Pairs *pairs, dm_rescored *rescored, dm_error *error)
{
    return dm_rescore(job->model, sources_of(pairs), (const char *const *)pairs->lines[1].line, 0, &job->options,
                      rescored, error);
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

// Pairs done ... end - 1, each part of them written as soon as it is done. Where a pair is refused, all before it are
// written first: the library looks at every line before it begins, so halving what it is given costs next to nothing.
static dm_status rescore_stretch(Job *job, Pairs *pairs, size_t done, size_t end, dm_rescored *rescored,
                                 dm_error *error)
{
    const char *const *sources = sources_of(pairs), *const *targets = (const char *const *)pairs->lines[1].line;
    size_t mended = 0;  // pairs before that one
    for (size_t part = end - done; done < end;) {
        if (part > end - done) part = end - done;
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
        part = end - done;
    }
    return DM_OK;
}

static dm_status rescore(Job *job, Pairs *pairs, dm_rescored *rescored, dm_error *error)
{
    const size_t count = pairs->lines[1].count;
    dm_status status = check_kind(job, pairs, rescored, error);
    for (size_t done = 0; done < count && !status; done += MOST_PAIRS)
        status = rescore_stretch(job, pairs, done, end_of(pairs, done), rescored, error);
    return status;
}

// ---- On several ranks -----------------------------------------------------------------------------------------------

// Rank 0 has the text, and gives every rank, itself among them, a stretch of it at a time.
static void pack(Parcel *parcel, const Pairs *pairs, size_t done)
{
    const size_t count = end_of(pairs, done) - done;
    parcel->size = parcel->opened = 0;
    parcel_put(parcel, &pairs->alone, sizeof pairs->alone);
    parcel_put(parcel, &count, sizeof count);
    for (size_t i = done; i < done + count; i++) {
        if (!pairs->alone) parcel_put_text(parcel, pairs->lines[0].line[i]);
        parcel_put_text(parcel, pairs->lines[1].line[i]);
    }
}

static void pack_figures(Parcel *parcel, const dm_rescored *rescored, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        parcel_put(parcel, &rescored[i].log_probability, sizeof(double));
        parcel_put(parcel, &rescored[i].pieces, sizeof(int));
        parcel_put(parcel, rescored[i].word_scores, (size_t)rescored[i].pieces * sizeof(double));
    }
}

// Nothing comes back where something is wrong with the pairs.
static dm_status answer(Job *job, dm_exchange *exchange, Parcel *parcel, dm_rescored *rescored, dm_error *error)
{
    bool alone;
    size_t count;
    Parcel figures = {0};
    parcel_take(parcel, &alone, sizeof alone);
    parcel_take(parcel, &count, sizeof count);
    const char **sources = allocate(count, sizeof *sources), **targets = allocate(count, sizeof *targets);
    for (size_t i = 0; i < count; i++) {
        if (!alone) sources[i] = parcel_take_text(parcel);
        targets[i] = parcel_take_text(parcel);
    }
    if (!dm_rescore(job->model, alone ? NULL : sources, targets, count, &job->options, rescored, error)) {
        pack_figures(&figures, rescored, count);
        dm_rescored_free(rescored, count);
    }
    const dm_status status = dm_exchange_hand(exchange, 0, figures.bytes, figures.size, error);
    parcel_free(&figures);
    free(sources);
    free(targets);
    return status;
}

static dm_status follow(Job *job, dm_exchange *exchange, dm_rescored *rescored, dm_error *error)
{
    dm_status status = DM_OK;
    for (bool going = true; going && !status;) {
        Parcel parcel = {0};
        status = dm_exchange_take(exchange, 0, &parcel.bytes, &parcel.size, error);
        going = parcel.size > 0;
        if (!status && going) status = answer(job, exchange, &parcel, rescored, error);
        dm_exchange_free(parcel.bytes);
    }
    return status;
}

// What a rank has made of the pairs done ...; with nothing, rank 0 does them as it would alone.
static dm_status take_stretch(Job *job, Pairs *pairs, size_t done, Parcel *figures, dm_rescored *rescored,
                              dm_error *error)
{
    const size_t end = end_of(pairs, done);
    if (!figures->size) return rescore_stretch(job, pairs, done, end, rescored, error);
    for (size_t i = done; i < end; i++) {
        dm_rescored one;
        parcel_take(figures, &one.log_probability, sizeof(double));
        parcel_take(figures, &one.pieces, sizeof(int));
        one.word_scores = allocate((size_t)one.pieces, sizeof(double));
        parcel_take(figures, one.word_scores, (size_t)one.pieces * sizeof(double));
        take_figures(job, &one, pairs->skipped[i]);
        free(one.word_scores);
    }
    return flush_output(stdout, "standard output", error) ? DM_OK : DM_FAILURE;
}

static dm_status lead(Job *job, Pairs *pairs, dm_exchange *exchange, dm_rescored *rescored, dm_error *error)
{
    const size_t count = pairs->lines[1].count, ranks = (size_t)dm_ranks(exchange);
    Parcel parcel = {0};
    dm_status status = check_kind(job, pairs, rescored, error);
    for (size_t first = 0; first < count && !status; first += ranks * MOST_PAIRS) {
        for (size_t i = 1; i < ranks && first + i * MOST_PAIRS < count && !status; i++) {
            pack(&parcel, pairs, first + i * MOST_PAIRS);
            status = dm_exchange_hand(exchange, (int)i, parcel.bytes, parcel.size, error);
        }
        for (size_t i = 0; i < ranks && first + i * MOST_PAIRS < count && !status; i++) {
            Parcel figures = {0};
            if (i) status = dm_exchange_take(exchange, (int)i, &figures.bytes, &figures.size, error);
            if (!status) status = take_stretch(job, pairs, first + i * MOST_PAIRS, &figures, rescored, error);
            dm_exchange_free(figures.bytes);
        }
    }
    for (int i = 1; i < (int)ranks && !status; i++) status = dm_exchange_hand(exchange, i, "", 0, error);
    parcel_free(&parcel);
    return status;
}

// ---- The command ----------------------------------------------------------------------------------------------------

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

static dm_status run_job(Job *job, Pairs *pairs, dm_exchange *exchange, const dm_options *options, dm_error *error)
{
    const bool leads = dm_rank(exchange) == 0;
    dm_rescored *rescored = allocate(MOST_PAIRS, sizeof *rescored);
    dm_status status = read_job(job, options, error);
    if (!status && leads) status = read_pairs(options, pairs, error);
    if (!status) status = dm_model_open(&job->model, dm_options_text(options, "model", 0), options, error);
    if (!status && exchange) status = dm_models_compare(job->model, exchange, error);
    if (!status && !leads)
        status = follow(job, exchange, rescored, error);
    else if (!status)
        status = exchange ? lead(job, pairs, exchange, rescored, error) : rescore(job, pairs, rescored, error);
    if (!status && leads && job->summary) status = summarise(job, pairs, error);
    free(rescored);
    return status;
}

int rescore_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    Job job = {0};
    Pairs pairs = {.bad = {.on = on_bad_line(options)}};
    dm_exchange *exchange;
    dm_status status = dm_exchange_open(&exchange, dm_options_number(options, "rank-timeout"), &error);
    const bool leads = dm_rank(exchange) == 0;
    if (!status) status = run_job(&job, &pairs, exchange, options, &error);
    if (!status && leads) {
        char *name = both_names(&pairs);
        note_bad_lines(&pairs.bad, name);
        free(name);
    }
    dm_model_close(job.model);
    dm_lines_free(&pairs.lines[0]);
    dm_lines_free(&pairs.lines[1]);
    free(pairs.skipped);
    status = dm_exchange_close(exchange, status, &error);
    return status ? complain(status, &error) : close_output(stdout);  // what precedes an error was flushed
}
