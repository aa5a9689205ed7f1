// dragoman score: BLEU, chrF and TER of translations against references, of one system or several.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "score_table.h"

// What is read for one run: a file of translations for every system, and a file for every --ref.
typedef struct Input {
    const char **names;    // [system_count] of the systems' files
    dm_lines *systems;     // [system_count]
    dm_lines *references;  // [reference_count]
    int system_count, reference_count;
} Input;

static dm_status check_counts(const dm_options *options, const Input *input, int system, dm_error *error)
{
    const char *name = input->names[system];
    size_t count = input->systems[system].count;
    for (int r = 0; r < input->reference_count; r++) {
        if (input->references[r].count == count) continue;
        return failure(
            error, "%s has %zu line%s and %s %zu: a translation and its reference must stand on the same line", name,
            count, plural((double)count), dm_options_text(options, "ref", r), input->references[r].count);
    }
    if (count) return DM_OK;
    return failure(error, "%s is empty: there is nothing to score", name);
}

static int count_stdin(const dm_options *options, const char *option)
{
    int found = 0;
    for (int i = 0; i < dm_options_count(options, option); i++)
        found += !strcmp(dm_options_text(options, option, i), "-");
    return found;
}

static dm_status read_input(const dm_options *options, Input *input, dm_error *error)
{
    if (count_stdin(options, "HYP") + count_stdin(options, "ref") > 1)
        return misuse(error, "standard input can be read only once: name a file for all inputs but one");
    int systems = dm_options_count(options, "HYP"), references = dm_options_count(options, "ref");
    input->names = calloc((size_t)systems, sizeof *input->names);
    input->systems = calloc((size_t)systems, sizeof *input->systems);
    input->references = calloc((size_t)references, sizeof *input->references);
    if (!input->names || !input->systems || !input->references) return failure(error, "out of memory");
    input->system_count = systems;
    input->reference_count = references;
    dm_status status = DM_OK;
    for (int s = 0; !status && s < systems; s++) {
        const char *path = dm_options_text(options, "HYP", s);
        input->names[s] = strcmp(path, "-") ? path : "standard input";
        status = dm_lines_read(&input->systems[s], path, error);
    }
    for (int r = 0; !status && r < references; r++)
        status = dm_lines_read(&input->references[r], dm_options_text(options, "ref", r), error);
    for (int s = 0; !status && s < systems; s++) status = check_counts(options, input, s, error);
    return status;
}

static void free_input(Input *input)
{
    for (int s = 0; s < input->system_count; s++) dm_lines_free(&input->systems[s]);
    for (int r = 0; r < input->reference_count; r++) dm_lines_free(&input->references[r]);
    free(input->names);
    free(input->systems);
    free(input->references);
}

static bool measures(const dm_options *options, const char *metric)
{
    for (int i = 0; i < dm_options_count(options, "metrics"); i++)
        if (!strcmp(dm_options_text(options, "metrics", i), metric)) return true;
    return false;
}

// BLEU of text that is still in tokens or pieces is a figure that cannot be compared, and does not look wrong. Text is
// taken for tokens where a hundred lines, or of some lines most, end in a full stop by itself.
static void note_unfinished_text(const dm_options *options, const char *name, const dm_lines *hypotheses)
{
    if (!strcmp(dm_options_text(options, "tok", 0), "none") || !measures(options, "bleu")) return;
    size_t stops = 0, joins = 0;
    for (size_t i = 0; i < hypotheses->count; i++) {
        const char *line = hypotheses->line[i];
        size_t length = strlen(line);
        stops += length >= 2 && !strcmp(line + length - 2, " .");
        joins += strstr(line, "@@ ") != NULL;
    }
    if (joins)
        fprintf(stderr, "dragoman: note: %zu line%s of %s hold%s \"@@ \": join the pieces before scoring\n", joins,
                plural((double)joins), name, joins == 1 ? "s" : "");
    if (stops >= 100 || (stops >= 3 && 2 * stops > hypotheses->count))
        fprintf(
            stderr,
            "dragoman: note: %zu lines of %s end in \" .\": scores of tokenized text cannot be compared with others "
            "(--tok none says that it is meant so)\n",
            stops, name);
}

// Whether a line of links names word 0 of either side: a number that is 0 alone.
static bool names_first_word(const char *line)
{
    for (; *line; line += strspn(line, "-p \t")) {
        const size_t length = strcspn(line, "-p \t");
        if (length == 1 && *line == '0') return true;
        line += length;
    }
    return false;
}

// Reference links are often counted from 1 where they were made by hand, and then nearly all others seem wrong.
static void note_first_word(const dm_options *options, const char *name, const dm_lines *links)
{
    size_t linked = 0;
    if (!measures(options, "aer")) return;
    for (size_t i = 0; i < links->count; i++) {
        if (names_first_word(links->line[i])) return;
        linked += links->line[i][strspn(links->line[i], " \t")] != '\0';
    }
    if (linked)
        fprintf(
            stderr,
            "dragoman: note: no link of %s names word 0: words are counted from 0 here, and if they are counted from 1 "
            "there, nothing fits (perl -pe 's/\\d+/$&-1/ge' FILE > NEW)\n",
            name);
}

static void note_tokenizer(const dm_options *options, const dm_metric *metrics, int count)
{
    for (int i = 0; i < count && !dm_options_given(options, "tok"); i++) {
        if (strstr(metrics[i].signature, "|tok:zh|"))
            fprintf(stderr, "dragoman: note: the references are Chinese, so BLEU takes --tok zh\n");
        if (strstr(metrics[i].signature, "|tok:char|"))
            fprintf(stderr, "dragoman: note: the references have no spaces between words, so BLEU takes --tok char\n");
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

static void report(const dm_options *options, const Input *input, const dm_metric *metrics, int metric_count)
{
    bool json = dm_options_flag(options, "json");
    ScoreTable table = {options, input->names, metrics, input->system_count, metric_count};
    for (int i = 0; i < input->system_count; i++) note_unfinished_text(options, input->names[i], &input->systems[i]);
    note_tokenizer(options, metrics, metric_count);
    for (int i = 0; i < input->system_count; i++) note_first_word(options, input->names[i], &input->systems[i]);
    note_first_word(options, dm_options_text(options, "ref", 0), &input->references[0]);
    if (input->system_count == 1)
        print(metrics, metric_count, json);
    else if (json)
        score_table_print_json(&table);
    else
        score_table_print(&table);
}

int score_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    Input input = {0};
    int metric_count = dm_options_count(options, "metrics"), count = metric_count * dm_options_count(options, "HYP");
    dm_metric *metrics = calloc((size_t)count, sizeof *metrics);
    dm_status status = metrics ? read_input(options, &input, &error) : failure(&error, "out of memory");
    if (!status)
        status = dm_compare(input.systems, input.system_count, input.references, input.reference_count, options,
                            metrics, &error);
    if (!status) report(options, &input, metrics, metric_count);
    if (metrics) dm_metrics_free(metrics, count);
    free_input(&input);
    free(metrics);
    return status ? complain(status, &error) : close_output(stdout);
}
