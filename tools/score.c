// dragoman score: BLEU and chrF of translations against references.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dragoman/dragoman.h"
#include "tools.h"

// What is read for one run: the translations, and a file for every --ref.
typedef struct Input {
    const char *hypothesis_path;
    dm_lines hypotheses;
    dm_lines *references;  // [reference_count]
    int reference_count;
} Input;

static dm_status refuse(dm_status status, dm_error *error, const char *message)
{
    snprintf(error->message, sizeof error->message, "%s", message);
    return status;
}

static dm_status check_counts(const dm_options *options, const Input *input, dm_error *error)
{
    for (int r = 0; r < input->reference_count; r++) {
        if (input->references[r].count == input->hypotheses.count) continue;
        snprintf(error->message, sizeof error->message,
                 "%s has %zu lines and %s %zu: a translation and its reference must stand on the same line",
                 input->hypothesis_path, input->hypotheses.count, dm_options_text(options, "ref", r),
                 input->references[r].count);
        return DM_FAILURE;
    }
    if (input->hypotheses.count) return DM_OK;
    snprintf(error->message, sizeof error->message, "%s is empty: there is nothing to score", input->hypothesis_path);
    return DM_FAILURE;
}

static dm_status read_input(const dm_options *options, Input *input, dm_error *error)
{
    input->reference_count = dm_options_count(options, "ref");
    if (!input->reference_count) return refuse(DM_USAGE, error, "there is nothing to score against: add --ref FILE");
    const char *path = dm_options_text(options, "HYP", 0);
    if (!path) path = "-";
    int from_stdin = !strcmp(path, "-");
    for (int r = 0; r < input->reference_count; r++) from_stdin += !strcmp(dm_options_text(options, "ref", r), "-");
    if (from_stdin > 1)
        return refuse(DM_USAGE, error, "standard input can be read only once: name a file for all inputs but one");

    input->hypothesis_path = strcmp(path, "-") ? path : "standard input";
    input->references = calloc((size_t)input->reference_count, sizeof *input->references);
    if (!input->references) return refuse(DM_FAILURE, error, "out of memory");
    dm_status status = dm_lines_read(&input->hypotheses, path, error);
    for (int r = 0; !status && r < input->reference_count; r++)
        status = dm_lines_read(&input->references[r], dm_options_text(options, "ref", r), error);
    return status ? status : check_counts(options, input, error);
}

static void free_input(Input *input)
{
    dm_lines_free(&input->hypotheses);
    for (int r = 0; input->references && r < input->reference_count; r++) dm_lines_free(&input->references[r]);
    free(input->references);
}

// BLEU of text that is still in tokens or pieces is a figure that cannot be compared, and does not look wrong.
static void note_unfinished_text(const dm_options *options, const Input *input)
{
    if (!strcmp(dm_options_text(options, "tok", 0), "none")) return;
    size_t stops = 0, joins = 0;
    for (size_t i = 0; i < input->hypotheses.count; i++) {
        const char *line = input->hypotheses.line[i];
        size_t length = strlen(line);
        stops += length >= 2 && !strcmp(line + length - 2, " .");
        joins += strstr(line, "@@ ") != NULL;
    }
    if (joins)
        fprintf(stderr, "dragoman: note: %zu lines of %s hold \"@@ \": join the pieces before scoring\n", joins,
                input->hypothesis_path);
    if (stops >= 100)
        fprintf(
            stderr,
            "dragoman: note: %zu lines of %s end in \" .\": scores of tokenized text cannot be compared with others "
            "(--tok none says that it is meant so)\n",
            stops, input->hypothesis_path);
}

static void note_tokenizer(const dm_options *options, const dm_metric *metrics, int count)
{
    for (int i = 0; i < count && !dm_options_given(options, "tok"); i++) {
        if (strstr(metrics[i].signature, "|tok:zh|"))
            fprintf(stderr, "dragoman: note: the references are Chinese, so BLEU takes --tok zh\n");
    }
}

// Several lines of text stand with their equals signs below each other, several objects in a JSON array: as sacreBLEU.
static void print(const dm_metric *metrics, int count, bool json)
{
    int widest = 0;
    for (int i = 0; i < count; i++) {
        int width = (int)strcspn(metrics[i].line, "=");
        if (width > widest) widest = width;
    }
    if (json && count > 1) puts("[");
    for (int i = 0; i < count; i++) {
        const char *equals = strchr(metrics[i].line, '=');
        if (json)
            printf("%s%s\n", metrics[i].json, i + 1 < count ? "," : "");
        else
            printf("%*.*s%s\n", widest, (int)(equals - metrics[i].line), metrics[i].line, equals);
    }
    if (json && count > 1) puts("]");
}

int score_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    Input input = {0};
    int count = dm_options_count(options, "metrics");
    dm_metric *metrics = calloc((size_t)count + 1, sizeof *metrics);
    dm_status status = metrics ? read_input(options, &input, &error) : refuse(DM_FAILURE, &error, "out of memory");
    if (!status)
        status = dm_score(&input.hypotheses, input.references, input.reference_count, options, metrics, &error);
    if (!status) {
        note_unfinished_text(options, &input);
        note_tokenizer(options, metrics, count);
        print(metrics, count, dm_options_flag(options, "json"));
        dm_metrics_free(metrics, count);
    }
    free_input(&input);
    free(metrics);
    return status ? complain(status, &error) : close_output(stdout);
}
