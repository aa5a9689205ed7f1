// dragoman translate: lines in, lines out, in order; or a conversation, where standard input is a terminal.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "interactive.h"
#include "print.h"
#include "tools.h"

static bool out_of_memory(dm_error *error)
{
    snprintf(error->message, sizeof error->message, "out of memory");
    return false;
}

static dm_status refuse(dm_error *error, const char *message)
{
    snprintf(error->message, sizeof error->message, "%s", message);
    return DM_USAGE;
}

typedef struct Output {
    const char *name;
    FILE *stream;
} Output;

// ---- Prefixes -------------------------------------------------------------------------------------------------------

// What translations have to begin with: the lines of a file, or what stands behind a tab in the input.
typedef struct Prefixes {
    const char *name;  // of the file; NULL: none
    bool tab;
    dm_lines lines;
} Prefixes;

static dm_status open_prefixes(Prefixes *prefixes, const dm_options *options, dm_error *error)
{
    const char *name = dm_options_text(options, "prefix", 0);
    *prefixes = (Prefixes){.tab = name && strcmp(name, "tab") == 0};
    if (prefixes->tab && dm_options_flag(options, "tsv"))
        return refuse(error, "--tsv and --prefix tab both say what stands behind a tab: give one of them");
    if (!name || prefixes->tab) return DM_OK;
    prefixes->name = name;
    return dm_lines_read(&prefixes->lines, name, error);
}

// The prefixes of the chunk's lines, into `of`; where they stand behind tabs, lines end there.
static bool find_prefixes(const Prefixes *prefixes, const Input *input, Chunk *chunk, const char **of, dm_error *error)
{
    for (size_t i = 0; i < chunk->count; i++) {
        of[i] = "";
        if (prefixes->tab) {
            char *tab = strchr(chunk->line[i], '\t');
            if (tab) *tab = '\0';
            if (tab) of[i] = tab + 1;
        } else if (input->line_number + i < prefixes->lines.count) {
            of[i] = prefixes->lines.line[input->line_number + i];
        } else {
            snprintf(error->message, sizeof error->message,
                     "%s has %zu lines and %s more: each line needs a prefix, an empty line for none", prefixes->name,
                     prefixes->lines.count, input->name);
            return false;
        }
    }
    return true;
}

// ---- Streaming ------------------------------------------------------------------------------------------------------

// What a line has come to so far: only what is new of it is written. (Should what was written turn out to be no
// beginning of the whole, the whole goes on a line of its own.)
typedef struct Stream {
    FILE *file;
    char *shown;  // NULL: nothing yet
} Stream;

static void show(Stream *stream, const char *text)
{
    const size_t length = stream->shown ? strlen(stream->shown) : 0;
    char *copy = strdup(text);
    if (!copy) return;  // the next time, then
    const bool further = length == 0 || strncmp(stream->shown, text, length) == 0;
    fprintf(stream->file, "%s%s", further ? "" : "\n", text + (further ? length : 0));
    fflush(stream->file);
    free(stream->shown);
    stream->shown = copy;
}

static void show_part(void *context, size_t line, const char *text)
{
    (void)line;
    show(context, text);
}

// ---- Translating ----------------------------------------------------------------------------------------------------

typedef struct Job {
    dm_model *model;
    dm_translate_options options;
    Format format;
    Prefixes prefixes;
    bool stream;
    Output output;
} Job;

// Lines done ... done + part - 1 of the chunk, translated and written.
static dm_status translate_part(Job *job, const Input *input, const Chunk *chunk, size_t done, size_t part,
                                dm_translation *translations, dm_error *error)
{
    Stream stream = {.file = job->output.stream};
    dm_translate_options options = job->options;
    options.first_line = input->line_number;
    if (options.prefixes) options.prefixes += done;
    if (job->stream) options.context = &stream, options.partial = show_part;
    dm_status status =
        dm_translate(job->model, (const char *const *)chunk->line + done, part, &options, translations, error);
    if (status) return status;
    for (size_t i = 0; i < part && !job->stream && !status; i++)
        if (!print_translation(job->output.stream, &job->format, input->line_number + i, &translations[i]))
            status = (out_of_memory(error), DM_FAILURE);
    if (job->stream) show(&stream, translations[0].hypotheses[0].text);
    if (job->stream) putc('\n', job->output.stream);
    free(stream.shown);
    dm_translations_free(translations, part);
    return status;
}

// Where a line is refused, all lines before it are translated first: the library looks at every line before it begins,
// so halving what it is given until it takes it costs next to nothing.
static dm_status translate_lines(Job *job, Input *input, const Chunk *chunk, dm_translation *translations,
                                 dm_error *error)
{
    const size_t most = job->stream ? 1 : chunk->count;
    for (size_t done = 0, part = most; done < chunk->count;) {
        dm_status status = translate_part(job, input, chunk, done, part, translations, error);
        if (!status && !flush_output(job->output.stream, job->output.name, error)) return DM_FAILURE;
        if (status && part > 1) {
            part = part / 2;
            continue;
        }
        if (status) {
            dm_error reason = *error;
            snprintf(error->message, sizeof error->message, "%s: line %zu: %.1500s", input->name,
                     input->line_number + 1, reason.message);
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
    if (!status && (job->prefixes.name || job->prefixes.tab)) {
        if (!find_prefixes(&job->prefixes, input, chunk, prefixes, error)) status = DM_FAILURE;
        job->options.prefixes = prefixes;
    }
    if (!status) status = translate_lines(job, input, chunk, translations, error);
    job->options.prefixes = NULL;
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
        snprintf(error->message, sizeof error->message, "%s has %zu lines and %s only %zu: they do not belong together",
                 job->prefixes.name, job->prefixes.lines.count, input->name, input->line_number);
        status = DM_FAILURE;
    }
    free(chunk);
    return status;
}

// ---- The command ----------------------------------------------------------------------------------------------------

static dm_status open_output(const char *out, Output *output, dm_error *error)
{
    *output = (Output){"standard output", stdout};
    if (strcmp(out, "-") != 0) *output = (Output){out, fopen(out, "wb")};
    if (output->stream) return DM_OK;
    snprintf(error->message, sizeof error->message, "cannot write %s: %s", out, strerror(errno));
    return DM_FAILURE;
}

// --stream shows pieces as they are found: that is greedy search, of one translation, without what is known at its end.
static dm_status begin_stream(Job *job, const dm_options *options, dm_error *error)
{
    const double beam = dm_options_number(options, "beam-size");
    const Format *f = &job->format;
    job->stream = dm_options_flag(options, "stream");
    if (!job->stream) return DM_OK;
    if (beam > 1)
        return refuse(error, "--stream is for greedy search, which finds one piece after the other: leave "
                             "out --beam-size, or make it 1");
    if (f->n_best || f->json || f->hard || f->soft || f->word_scores || job->options.unk_replace)
        return refuse(error, "--stream writes the text alone: leave out --n-best, --json, --alignment, --word-scores "
                             "and --unk-replace");
    job->options.beam_size = 1;
    return DM_OK;
}

static dm_status open_models(Job *job, const dm_options *options, dm_error *error)
{
    dm_status status = dm_model_open(&job->model, dm_options_text(options, "model", 0), options, error);
    for (int i = 1; i < dm_options_count(options, "model") && !status; i++)
        status = dm_model_join(job->model, dm_options_text(options, "model", i), error);
    return status;
}

int translate_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    Job job = {.format = format_of(options)};
    Input input = {0};
    const char *in = dm_options_text(options, "input", 0), *out = dm_options_text(options, "output", 0);
    dm_status status = dm_translate_options_read(&job.options, options, &error);
    if (!status) status = begin_stream(&job, options, &error);
    if (!status) status = open_prefixes(&job.prefixes, options, &error);
    if (!status) status = input_open(&input, options, &error);
    if (!status) status = open_output(out, &job.output, &error);
    if (!status) status = open_models(&job, options, &error);
    bool conversation = !status && strcmp(in, "-") == 0 && isatty(STDIN_FILENO);
    if (conversation) status = translate_conversation(job.model, &job.options, job.output.stream, &error);
    if (!status && !conversation) status = translate_all(&job, &input, &error);
    dm_model_close(job.model);
    dm_lines_free(&job.prefixes.lines);
    input_close(&input);
    // What precedes an error was flushed.
    return status ? complain(status, &error) : close_output(job.output.stream);
}
