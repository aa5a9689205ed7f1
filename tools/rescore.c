// dragoman rescore: how probable a model finds given translations.
#include <stdlib.h>
#include <string.h>

#include "tools.h"

static dm_status failure(dm_error *error, const char *message)
{
    snprintf(error->message, sizeof error->message, "%s", message);
    return DM_FAILURE;
}

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
        failure(error, "SRC and TRG cannot both be standard input: name a file for one of them");
        return DM_USAGE;
    }
    dm_status status = dm_lines_read(&pairs->lines[0], source, error);
    if (!status) status = dm_lines_read(&pairs->lines[1], target, error);
    if (status || pairs->lines[0].count == pairs->lines[1].count) return status;
    snprintf(error->message, sizeof error->message,
             "%s has %zu lines and %s %zu: each line of one must be the translation of the same line of the other",
             pairs->name[0], pairs->lines[0].count, pairs->name[1], pairs->lines[1].count);
    return DM_FAILURE;
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

// -12.3456, or with word scores -12.3456 ||| -0.1000 -2.0000
static void print(const dm_rescored *rescored, bool word_scores)
{
    printf("%.4f", rescored->log_probability);
    if (word_scores) printf(" |||");
    for (int i = 0; word_scores && i < rescored->pieces; i++) printf(" %.4f", rescored->word_scores[i]);
    putchar('\n');
}

static dm_status rescore(dm_model *model, const dm_options *options, const Pairs *pairs, dm_error *error)
{
    size_t count = pairs->lines[0].count;
    dm_rescored *rescored = calloc(count + 1, sizeof *rescored);
    if (!rescored) return failure(error, "out of memory");
    dm_translate_options o;
    dm_status status = dm_translate_options_read(&o, NULL, error);
    o.threads = (int)dm_options_number(options, "cpu-threads");
    o.mini_batch = (int)dm_options_number(options, "mini-batch");
    if (!status)
        status = dm_rescore(model, (const char *const *)pairs->lines[0].line, (const char *const *)pairs->lines[1].line,
                            count, &o, rescored, error);
    for (size_t i = 0; !status && i < count && !ferror(stdout); i++)
        print(&rescored[i], dm_options_flag(options, "word-scores"));
    if (status) {
        dm_error reason = *error;
        snprintf(error->message, sizeof error->message, "%s and %s: %.1500s", pairs->name[0], pairs->name[1],
                 reason.message);
    }
    dm_rescored_free(rescored, count);
    free(rescored);
    return status;
}

int rescore_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    dm_model *model = NULL;
    Pairs pairs = {0};
    dm_status status = read_pairs(options, &pairs, &error);
    if (!status) status = dm_model_open(&model, dm_options_text(options, "model", 0), options, &error);
    if (!status) status = rescore(model, options, &pairs, &error);
    dm_model_close(model);
    dm_lines_free(&pairs.lines[0]);
    dm_lines_free(&pairs.lines[1]);
    return status ? complain(status, &error) : close_output(stdout);
}
