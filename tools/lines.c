// dragoman translate and dragoman generate: lines in, lines out, in order; or a conversation, where standard input is a
// terminal. What is between a line and its answer, the library knows.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "numbers.h"
#include "output.h"
#include "talk/conversation.h"
#include "settings.h"
#include "tools.h"

static bool out_of_memory(dm_error *error)
{
    failure(error, "out of memory");
    return false;
}

// ---- Prefixes -------------------------------------------------------------------------------------------------------

// What translations have to begin with, where it stands in a file, line by line.
typedef struct Prefixes {
    const char *name;  // of the file; NULL: none
    dm_lines lines;
} Prefixes;

static dm_status open_prefixes(Prefixes *prefixes, const dm_options *options, dm_error *error)
{
    prefixes->name = prefix_of(options);
    return prefixes->name ? dm_lines_read(&prefixes->lines, prefixes->name, error) : DM_OK;
}

// The prefixes of the chunk's lines, into `of`.
static bool find_prefixes(const Prefixes *prefixes, const Input *input, const Chunk *chunk, const char **of,
                          dm_error *error)
{
    for (size_t i = 0; i < chunk->count; i++) {
        if (input->line_number + i < prefixes->lines.count) {
            of[i] = prefixes->lines.line[input->line_number + i];
        } else {
            failure(error, "%s has %zu lines and %s more: each line needs a prefix, an empty line for none",
                    prefixes->name, prefixes->lines.count, input->name);
            return false;
        }
    }
    return true;
}

// ---- Translating ----------------------------------------------------------------------------------------------------

// What drafts were good for.
typedef struct Drafts {
    double passes, pieces, drafted, right;
} Drafts;

static void count_drafts(Drafts *drafts, const dm_translation *t)
{
    for (const dm_hypothesis *h = t->hypotheses; h < t->hypotheses + t->count; h++) {
        drafts->passes += h->passes;
        drafts->pieces += h->passes ? h->pieces : 0;
        drafts->drafted += h->drafted;
        for (int i = 0; i < h->passes; i++) drafts->right += h->accepted[i];
    }
}

static void note_drafts(const Drafts *drafts)
{
    if (drafts->passes > 0)
        fprintf(stderr, "dragoman: %s pieces in %s passes, %.2f in each; of %s that were drafted %s were right\n",
                grouped(drafts->pieces, 0).text, grouped(drafts->passes, 0).text, drafts->pieces / drafts->passes,
                grouped(drafts->drafted, 0).text, grouped(drafts->right, 0).text);
}

typedef struct Job {
    dm_model *model;
    Settings settings;
    Prefixes prefixes;
    const char **prefix;  // of the chunk's lines
    Output output;
    Drafts drafts;
} Job;

// Lines done ... done + part - 1 of the chunk, translated and written.
static dm_status translate_part(Job *job, const Input *input, const Chunk *chunk, size_t done, size_t part,
                                dm_translation *translations, dm_error *error)
{
    const bool streams = job->settings.stream;
    Stream stream = {.file = job->output.stream};
    dm_translate_options options = job->settings.search;
    options.first_line = input->line_number;
    if (options.prefixes) options.prefixes += done;
    if (streams) options.context = &stream, options.partial = stream_part;
    dm_status status =
        job->settings.answer(job->model, (const char *const *)chunk->line + done, part, &options, translations, error);
    for (size_t i = 0; i < part && !streams && !status; i++)
        if (!print_translation(job->output.stream, &job->settings.format, input->line_number + i, &translations[i]))
            status = (out_of_memory(error), DM_FAILURE);
    for (size_t i = 0; i < part && !status; i++) count_drafts(&job->drafts, &translations[i]);
    if (streams && !status) stream_text(&stream, translations[0].hypotheses[0].text);
    if (streams && !status) putc('\n', job->output.stream);
    free(stream.shown);
    dm_translations_free(translations, part);
    return status;
}

// A line that the library refuses becomes one that it takes, and so does what stands behind a tab in it.
static dm_status mend_line(Job *job, Input *input, char *line, size_t index, dm_error *error)
{
    const char **prefix = job->settings.prefix_tab ? &job->prefix[index] : NULL;
    char *behind = line + strlen(line) + 1;
    count_bad_line(&input->bad, input->line_number);
    if (input->bad.on == DM_SKIP_LINE) {
        *line = '\0';
        if (prefix) *prefix = "";
        return DM_OK;
    }
    const dm_status status = dm_crop_line(job->model, line, job->settings.goes_on, error);
    return !status && prefix && **prefix ? dm_crop_line(job->model, behind, true, error) : status;
}

// Where a line is refused, all lines before it are translated first: the library looks at every line before it begins,
// so halving what it is given until it takes it costs next to nothing.
static dm_status translate_lines(Job *job, Input *input, const Chunk *chunk, dm_translation *translations,
                                 dm_error *error)
{
    const size_t most = job->settings.stream ? 1 : chunk->count;
    size_t mended = 0;  // lines before that one
    for (size_t done = 0, part = most; done < chunk->count;) {
        dm_status status = translate_part(job, input, chunk, done, part, translations, error);
        if (!status && !flush_output(job->output.stream, job->output.name, error)) return DM_FAILURE;
        if (status && part > 1) {
            part = part / 2;
            continue;
        }
        if (status == DM_FAILURE && input->bad.on != DM_STOP_THERE && mended <= done) {
            if (mend_line(job, input, chunk->line[done], done, error)) return DM_FAILURE;
            mended = done + 1;
            continue;
        }
        if (status) {
            dm_error reason = *error;
            failure(error, "%s: line %zu: %.1500s", input->name, input->line_number + 1, reason.message);
            return status;
        }
        input->line_number += part;
        done += part;
        part = chunk->count - done < most ? chunk->count - done : most;
    }
    return DM_OK;
}

static dm_status translate_chunk(Job *job, Input *input, Chunk *chunk, dm_error *error)
{
    dm_translation *translations = calloc(chunk->count + 1, sizeof *translations);
    const char **prefixes = calloc(chunk->count + 1, sizeof *prefixes);
    dm_status status = translations && prefixes ? DM_OK : (out_of_memory(error), DM_FAILURE);
    if (!status && job->prefixes.name && !find_prefixes(&job->prefixes, input, chunk, prefixes, error))
        status = DM_FAILURE;
    job->prefix = prefixes;
    for (size_t i = 0; i < chunk->count && job->settings.prefix_tab && !status; i++)
        prefixes[i] = cut_prefix(&job->settings, chunk->line[i]);
    if (job->prefixes.name || job->settings.prefix_tab) job->settings.search.prefixes = prefixes;
    if (!status) status = translate_lines(job, input, chunk, translations, error);
    free(translations);
    free(prefixes);
    return status;
}

static dm_status translate_all(Job *job, Input *input, dm_error *error)
{
    Chunk *chunk = calloc(1, sizeof *chunk);
    dm_status status = chunk ? DM_OK : (out_of_memory(error), DM_FAILURE);
    while (!status) {
        input_next_chunk(input, chunk);
        if (!chunk->count && !chunk->refused) break;
        status = translate_chunk(job, input, chunk, error);
        if (!status && chunk->refused) {
            *error = chunk->reason;
            status = DM_FAILURE;
        }
    }
    if (!status && job->prefixes.name && input->line_number < job->prefixes.lines.count) {
        status = failure(error, "%s has %zu lines and %s only %zu: they do not belong together", job->prefixes.name,
                         job->prefixes.lines.count, input->name, input->line_number);
    }
    free(chunk);
    return status;
}

// ---- The command ----------------------------------------------------------------------------------------------------

static dm_status check_prefix(const char *in, const dm_options *options, dm_error *error)
{
    const char *prefix = prefix_of(options);
    if (!prefix || strcmp(prefix, "-") != 0 || strcmp(in, "-") != 0) return DM_OK;
    return misuse(error, "--input and --prefix cannot both be standard input: name a file for one of them");
}

// What is read must still be there when it has been read.
static dm_status check_output(const char *out, const dm_options *options, dm_error *error)
{
    const char *prefix = prefix_of(options);
    dm_status status = output_spare_file(out, dm_options_text(options, "input", 0), error);
    if (!status && prefix && strcmp(prefix, "tab") != 0) status = output_spare_file(out, prefix, error);
    if (!status) status = output_spare_file(out, dm_options_text(options, "config", 0), error);
    return status ? status : output_spare_models(out, options, error);
}

int lines_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    Job job = {.model = NULL};
    Input input = {0};
    const char *in = dm_options_text(options, "input", 0), *out = dm_options_text(options, "output", 0);
    const bool conversation = strcmp(in, "-") == 0 && isatty(STDIN_FILENO);
    dm_status status = read_settings(&job.settings, options, &error);
    if (!status) status = check_prefix(in, options, &error);
    if (!status) status = check_output(out, options, &error);
    if (!status && !conversation && !job.settings.prefix_tab) status = open_prefixes(&job.prefixes, options, &error);
    if (!status) status = input_open(&input, options, &error);
    if (!status && !conversation) status = open_models(&job.model, options, &error);
    if (!status && !conversation) status = fit_settings(&job.settings, job.model, &error);
    if (!status) status = output_open(&job.output, out, &error);
    if (!status && conversation) status = hold_conversation(options, job.output.stream, &error);
    if (!status && !conversation) status = translate_all(&job, &input, &error);
    dm_model_close(job.model);
    dm_lines_free(&job.prefixes.lines);
    if (!status && !conversation) note_bad_lines(&input.bad, input.name);
    if (!status && !conversation) note_drafts(&job.drafts);
    input_close(&input);
    status = output_close(&job.output, status, &error);
    return status ? complain(status, &error) : 0;
}
