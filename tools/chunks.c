// Translating a chunk of lines: what prefixes belong to them, and what is done where the library refuses one.
#include "chunks.h"

#include "numbers.h"

#include <stdlib.h>
#include <string.h>

static bool out_of_memory(dm_error *error)
{
    failure(error, "out of memory");
    return false;
}

bool find_prefixes(const Prefixes *prefixes, const Input *input, const Chunk *chunk, const char **of, dm_error *error)
{
    for (size_t i = 0; i < chunk->count; i++) {
        if (input->line_number + i < prefixes->lines.count) {
            of[i] = prefixes->lines.line[input->line_number + i];
        } else {
            failure(error, "%s has %zu line%s and %s more: each line needs a prefix, an empty line for none",
                    prefixes->name, prefixes->lines.count, plural((double)prefixes->lines.count), input->name);
            return false;
        }
    }
    return true;
}

static void count_drafts(Drafts *drafts, const dm_translation *t)
{
    for (const dm_hypothesis *h = t->hypotheses; h < t->hypotheses + t->count; h++) {
        drafts->passes += h->passes;
        drafts->pieces += h->passes ? h->pieces : 0;
        drafts->drafted += h->drafted;
        for (int i = 0; i < h->passes; i++) drafts->right += h->accepted[i];
    }
}

dm_status translate_part(Job *job, const Input *input, const Chunk *chunk, size_t done, size_t part,
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

dm_status translate_chunk(Job *job, Input *input, Chunk *chunk, const char **prefixes, dm_error *error)
{
    dm_translation *translations = calloc(chunk->count + 1, sizeof *translations);
    dm_status status = translations ? DM_OK : (out_of_memory(error), DM_FAILURE);
    job->prefix = prefixes;
    for (size_t i = 0; i < chunk->count && job->settings.prefix_tab; i++)
        prefixes[i] = cut_prefix(&job->settings, chunk->line[i]);
    if (job->prefixes.name || job->settings.prefix_tab) job->settings.search.prefixes = prefixes;
    if (!status) status = translate_lines(job, input, chunk, translations, error);
    free(translations);
    return status;
}
