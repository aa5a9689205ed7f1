// dragoman translate and dragoman generate: lines in, lines out, in order; or a conversation, where standard input is a
// terminal. What is between a line and its answer, the library knows.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chunks.h"
#include "lines_on_ranks.h"
#include "numbers.h"
#include "talk/conversation.h"

// ---- Prefixes -------------------------------------------------------------------------------------------------------

static dm_status open_prefixes(Prefixes *prefixes, const dm_options *options, dm_error *error)
{
    prefixes->name = prefix_of(options);
    return prefixes->name ? dm_lines_read(&prefixes->lines, prefixes->name, error) : DM_OK;
}

// ---- Translating ----------------------------------------------------------------------------------------------------

static void note_drafts(const Drafts *drafts)
{
    if (drafts->passes > 0)
        fprintf(stderr, "dragoman: %s piece%s in %s pass%s, %.2f in each; of %s that were drafted %s %s right\n",
                grouped(drafts->pieces, 0).text, plural(drafts->pieces), grouped(drafts->passes, 0).text,
                drafts->passes > 1 ? "es" : "", drafts->pieces / drafts->passes, grouped(drafts->drafted, 0).text,
                grouped(drafts->right, 0).text, *plural(drafts->right) ? "were" : "was");
}

static dm_status translate_all(Job *job, Input *input, dm_error *error)
{
    Chunk *chunk = allocate(1, sizeof *chunk);
    const char **prefixes = allocate(MOST_LINES, sizeof *prefixes);
    dm_status status = DM_OK;
    while (!status) {
        input_next_chunk(input, chunk);
        if (!chunk->count && !chunk->refused) break;
        if (job->prefixes.name && !find_prefixes(&job->prefixes, input, chunk, prefixes, error)) status = DM_FAILURE;
        if (!status) status = translate_chunk(job, input, chunk, prefixes, error);
        if (!status && chunk->refused) {
            *error = chunk->reason;
            status = DM_FAILURE;
        }
    }
    free(chunk);
    free(prefixes);
    return status;
}

static dm_status check_all_prefixes(const Job *job, const Input *input, dm_error *error)
{
    if (!job->prefixes.name || input->line_number >= job->prefixes.lines.count) return DM_OK;
    return failure(error, "%s has %zu line%s and %s only %zu: they do not belong together", job->prefixes.name,
                   job->prefixes.lines.count, plural((double)job->prefixes.lines.count), input->name,
                   input->line_number);
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

static dm_status check_ranks(const dm_exchange *exchange, const Settings *settings, bool conversation, dm_error *error)
{
    if (!exchange || (!conversation && !settings->stream)) return DM_OK;
    return misuse(error, "%s is for one process: leave mpirun out", conversation ? "a conversation" : "--stream");
}

static dm_status run_job(Job *job, Input *input, dm_exchange *exchange, const dm_options *options, dm_error *error)
{
    const char *in = dm_options_text(options, "input", 0), *out = dm_options_text(options, "output", 0);
    const bool leads = dm_rank(exchange) == 0, conversation = leads && strcmp(in, "-") == 0 && isatty(STDIN_FILENO);
    dm_status status = read_settings(&job->settings, options, error);
    if (!status) status = check_ranks(exchange, &job->settings, conversation, error);
    if (!status && leads) status = check_prefix(in, options, error);
    if (!status && leads) status = check_output(out, options, error);
    if (!leads) job->prefixes.name = job->settings.prefix_tab ? NULL : prefix_of(options);  // they come with the lines
    if (!status && leads && !conversation && !job->settings.prefix_tab)
        status = open_prefixes(&job->prefixes, options, error);
    if (!status && leads) status = input_open(input, options, error);
    if (!status && !conversation) status = open_models(&job->model, options, error);
    if (!status && !conversation) status = fit_settings(&job->settings, job->model, error);
    if (!status && exchange) status = dm_models_compare(job->model, exchange, error);
    if (!status && leads) status = output_open(&job->output, out, exchange != NULL, error);
    if (!status && conversation) status = hold_conversation(options, job->output.stream, error);
    if (!status && exchange) status = translate_on_ranks(job, input, exchange, error);
    if (!status && !exchange && !conversation) status = translate_all(job, input, error);
    if (!status && leads && !conversation) status = check_all_prefixes(job, input, error);
    if (!status && leads && !conversation) note_bad_lines(&input->bad, input->name);
    if (!status && leads && !conversation) note_drafts(&job->drafts);
    return status;
}

int lines_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    Job job = {.model = NULL, .output = {.lock = -1}};
    Input input = {0};
    dm_exchange *exchange;
    dm_status status = dm_exchange_open(&exchange, dm_options_number(options, "rank-timeout"), &error);
    const bool leads = dm_rank(exchange) == 0;
    if (!status) status = run_job(&job, &input, exchange, options, &error);
    dm_model_close(job.model);
    dm_lines_free(&job.prefixes.lines);
    if (leads) input_close(&input);
    if (leads) status = output_close(&job.output, status, &error);
    status = dm_exchange_close(exchange, status, &error);
    return status ? complain(status, &error) : 0;
}
