// Rank 0 reads a chunk for every rank, itself among them, and writes what they make of them in order: a chunk is what a
// process alone would translate at once, so that the bytes are the same. What a rank finds something wrong with, rank 0
// does once more, as it would alone.
#include "lines_on_ranks.h"

#include <stdlib.h>
#include <string.h>

#include "parcel.h"

static void pack(Parcel *parcel, const Job *job, const Input *input, const Chunk *chunk, const char *const *prefixes)
{
    parcel->size = parcel->opened = 0;
    parcel_put(parcel, &input->line_number, sizeof input->line_number);
    parcel_put(parcel, &chunk->count, sizeof chunk->count);
    for (size_t i = 0; i < chunk->count; i++) {
        parcel_put_text(parcel, chunk->line[i]);
        if (job->prefixes.name) parcel_put_text(parcel, prefixes[i]);
    }
}

static void unpack(Parcel *parcel, const Job *job, Input *input, Chunk *chunk, const char **prefixes)
{
    chunk->refused = false;
    parcel_take(parcel, &input->line_number, sizeof input->line_number);
    parcel_take(parcel, &chunk->count, sizeof chunk->count);
    for (size_t i = 0; i < chunk->count; i++) {
        chunk->line[i] = parcel_take_text(parcel);
        if (job->prefixes.name) prefixes[i] = parcel_take_text(parcel);
    }
}

typedef struct Round {
    dm_exchange *exchange;
    Parcel *parcel;  // [ranks]
    int dealt;
    bool last;
    Chunk *chunk;
    const char **prefixes;
    dm_status refused;  // what comes behind the last chunk cannot be read:
    dm_error reason;
} Round;

static dm_status deal(Job *job, Input *input, Round *round, dm_error *error)
{
    Chunk *chunk = round->chunk;
    for (round->dealt = 0; round->dealt < dm_ranks(round->exchange) && !round->last;) {
        Parcel *parcel = &round->parcel[round->dealt];
        if (round->dealt && !input_goes_on(input)) break;  // somebody waits for an answer
        input_next_chunk(input, chunk);
        round->last = chunk->refused || !chunk->count;
        round->refused = chunk->refused ? DM_FAILURE : DM_OK;
        if (chunk->refused) round->reason = chunk->reason;
        if (!chunk->count) break;
        if (job->prefixes.name && !find_prefixes(&job->prefixes, input, chunk, round->prefixes, error))
            return DM_FAILURE;
        pack(parcel, job, input, chunk, round->prefixes);
        dm_status status = DM_OK;
        if (round->dealt) status = dm_exchange_hand(round->exchange, round->dealt, parcel->bytes, parcel->size, error);
        if (status) return status;
        input->line_number += chunk->count;
        round->dealt++;
    }
    return DM_OK;
}

static dm_status translate_parcel(Job *job, Input *input, Round *round, Parcel *parcel, dm_error *error)
{
    Input doing = {.name = input->name, .bad = input->bad};
    unpack(parcel, job, &doing, round->chunk, round->prefixes);
    const dm_status status = translate_chunk(job, &doing, round->chunk, round->prefixes, error);
    input->bad = doing.bad;
    return status;
}

// A rank's answer begins with them. They are whole numbers: no order of adding them matters.
static void add_drafts(Drafts *sum, const char *answer)
{
    Drafts more;
    memcpy(&more, answer, sizeof more);
    sum->passes += more.passes, sum->pieces += more.pieces;
    sum->drafted += more.drafted, sum->right += more.right;
}

static dm_status gather(Job *job, Input *input, Round *round, dm_error *error)
{
    dm_status status = DM_OK;
    for (int i = 0; i < round->dealt && !status; i++) {
        char *text = NULL;
        size_t size = 0;
        if (i) status = dm_exchange_take(round->exchange, i, &text, &size, error);
        if (!status && size) {
            add_drafts(&job->drafts, text);
            fwrite(text + sizeof(Drafts), 1, size - sizeof(Drafts), job->output.stream);
            if (!flush_output(job->output.stream, job->output.name, error)) status = DM_FAILURE;
        } else if (!status) {
            status = translate_parcel(job, input, round, &round->parcel[i], error);
        }
        dm_exchange_free(text);
    }
    return status;
}

static dm_status lead(Job *job, Input *input, Round *round, dm_error *error)
{
    dm_status status = DM_OK;
    while (!status && !round->last) {
        status = deal(job, input, round, error);
        if (!status) status = gather(job, input, round, error);
    }
    for (int i = 1; i < dm_ranks(round->exchange) && !status; i++)
        status = dm_exchange_hand(round->exchange, i, "", 0, error);
    if (!status && round->refused) {
        *error = round->reason;
        status = DM_FAILURE;
    }
    return status;
}

// What is printed goes to rank 0; nothing: something is wrong with the lines.
static dm_status answer_parcel(Job *job, Round *round, Parcel *parcel, dm_error *error)
{
    char *text = NULL;
    size_t size = 0;
    Parcel answer = {0};
    Input doing = {.name = ""};
    job->drafts = (Drafts){0};
    dm_translation *translations = allocate(MOST_LINES, sizeof *translations);
    unpack(parcel, job, &doing, round->chunk, round->prefixes);
    for (size_t i = 0; i < round->chunk->count && job->settings.prefix_tab; i++)
        round->prefixes[i] = cut_prefix(&job->settings, round->chunk->line[i]);
    if (job->prefixes.name || job->settings.prefix_tab) job->settings.search.prefixes = round->prefixes;
    job->output.stream = open_memstream(&text, &size);
    dm_status status = job->output.stream
                           ? translate_part(job, &doing, round->chunk, 0, round->chunk->count, translations, error)
                           : DM_FAILURE;
    if (job->output.stream) fclose(job->output.stream);
    if (!status) parcel_put(&answer, &job->drafts, sizeof job->drafts), parcel_put(&answer, text, size);
    status = dm_exchange_hand(round->exchange, 0, answer.bytes, answer.size, error);
    parcel_free(&answer);
    free(translations);
    free(text);
    return status;
}

static dm_status follow(Job *job, Round *round, dm_error *error)
{
    dm_status status = DM_OK;
    for (bool going = true; going && !status;) {
        Parcel parcel = {0};
        status = dm_exchange_take(round->exchange, 0, &parcel.bytes, &parcel.size, error);
        going = parcel.size > 0;
        if (!status && going) status = answer_parcel(job, round, &parcel, error);
        dm_exchange_free(parcel.bytes);
    }
    return status;
}

dm_status translate_on_ranks(Job *job, Input *input, dm_exchange *exchange, dm_error *error)
{
    const int ranks = dm_ranks(exchange);
    Round round = {.exchange = exchange,
                   .parcel = allocate((size_t)ranks, sizeof *round.parcel),
                   .chunk = allocate(1, sizeof *round.chunk),
                   .prefixes = allocate(MOST_LINES, sizeof *round.prefixes)};
    const dm_status status = dm_rank(exchange) ? follow(job, &round, error) : lead(job, input, &round, error);
    for (int i = 0; i < ranks; i++) parcel_free(&round.parcel[i]);
    free(round.parcel);
    free(round.chunk);
    free(round.prefixes);
    return status;
}
