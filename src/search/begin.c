// Where a search begins: a source is encoded; a text that goes on is read as what stands in front of the rest. What all
// texts of a batch begin with is read once, by one slot from which all of them go on. Every piece is read by extend, in
// whatever company, so that no text depends on those that it shares a batch with.
#include <limits.h>
#include <string.h>

#include "search/search_parts.h"

bool dm_search_goes_on(const SearchJob *job)
{
    return dm_is_text_model(&job->models[0]->config);
}

// The start is read where nothing has been read yet.
static bool starts(const SearchJob *job, int model)
{
    return !job->read && job->models[model]->config.decoder_start >= 0;
}

int dm_search_behind(const SearchJob *job, int sentence)
{
    return job->read + starts(job, 0) + job->source.spans.length[sentence];
}

// What is read of the texts before the search: the start, if nothing has been read yet, and all but the last piece.
static Tokens to_read(Arena *arena, const SearchJob *job, int model)
{
    const Spans texts = job->source.spans;
    const bool begins = starts(job, model);
    int *lengths = dm_arena_take(arena, (size_t)(texts.n + job->source.n) * sizeof(int)), *ids = lengths + texts.n;
    for (int i = 0, at = 0; i < texts.n; at += lengths[i++]) {
        const int more = texts.length[i] - 1, *piece = job->source.ids + texts.start[i];
        lengths[i] = more < 0 ? 0 : more + begins;
        if (begins && lengths[i]) ids[at] = job->models[model]->config.decoder_start;
        if (more > 0) memcpy(ids + at + begins, piece, (size_t)more * sizeof(int));
    }
    return dm_tokens(arena, texts.n, lengths, ids);
}

// How many pieces all of them begin with.
static int shared_pieces(Tokens texts)
{
    const Spans s = texts.spans;
    int shared = s.length[0];
    for (int i = 1; i < s.n; i++) {
        int same = 0;
        while (same < shared && same < s.length[i] && texts.ids[s.start[i] + same] == texts.ids[same]) same++;
        shared = same;
    }
    return shared;
}

// Pieces shared ... length-1 of each.
static Tokens behind(Arena *arena, Tokens texts, int shared)
{
    const Spans s = texts.spans;
    int *lengths = dm_arena_take(arena, (size_t)(s.n + texts.n) * sizeof(int)), *ids = lengths + s.n;
    for (int i = 0, at = 0; i < s.n; at += lengths[i++]) {
        lengths[i] = s.length[i] - shared;
        memcpy(ids + at, texts.ids + s.start[i] + shared, (size_t)lengths[i] * sizeof(int));
    }
    return dm_tokens(arena, s.n, lengths, ids);
}

// The result is NULL where nobody wants it, or nothing is read.
static const Tensor *extend(Graph *g, const Architecture *a, SearchState *state, Tokens pieces, bool wanted)
{
    if (!pieces.n) return NULL;
    const ArenaMark mark = dm_arena_mark(g->arena);
    const Tensor *features = a->extend(g, state, pieces.ids, pieces.spans.length);
    if (wanted) return features;
    dm_arena_release(g->arena, mark);
    return NULL;
}

// Features of all texts, the first `shared` pieces of which were read once.
static const Tensor *features_of(Graph *g, Tokens texts, int shared, const Tensor *of_shared, Tokens rest,
                                 const Tensor *of_rest)
{
    const Tensor *const parts[2] = {of_shared ? of_shared : of_rest, of_rest};
    const int behind = of_shared ? of_shared->rows : 0;
    if (!parts[0]) return NULL;
    int *order = dm_arena_take(g->arena, (size_t)texts.n * sizeof(int));
    for (int i = 0; i < texts.spans.n; i++)
        for (int j = 0; j < texts.spans.length[i]; j++)
            order[texts.spans.start[i] + j] = j < shared ? j : behind + rest.spans.start[i] + j - shared;
    return dm_collect(g, parts, of_shared && of_rest ? 2 : 1, order, texts.n);
}

static SearchState *read_texts(Graph *g, const SearchJob *job, int m, AlreadyRead *read)
{
    const Model *model = job->models[m];
    const Architecture *a = model->architecture;
    const Tokens texts = to_read(g->arena, job, m);
    const int n = texts.spans.n, shared = shared_pieces(texts), nothing = 0;
    int *from = dm_arena_take(g->arena, (size_t)n * sizeof(int)), longest = 0;
    for (int i = 0; i < n; i++) {
        const int rest = texts.spans.length[i] - shared;
        longest = rest > longest ? rest : longest;
        from[i] = 0;
    }
    SearchState *state = job->states
                             ? job->states[m]
                             : a->start(g, model, a->encode(g, model, dm_tokens(g->arena, 1, &nothing, NULL)), shared);
    if (job->states) a->keep(state, from, NULL, 1, shared);
    const Tensor *of_shared = extend(g, a, state, dm_tokens(g->arena, 1, &shared, texts.ids), read != NULL);
    a->keep(state, from, NULL, n, longest + 1);
    const Tokens rest = behind(g->arena, texts, shared);
    const Tensor *of_rest = extend(g, a, state, rest, read != NULL);
    if (read) *read = (AlreadyRead){texts, features_of(g, texts, shared, of_shared, rest, of_rest)};
    return state;
}

Begun dm_search_begin(Graph *g, const SearchJob *job, int m, AlreadyRead *read)
{
    const Model *model = job->models[m];
    const Architecture *a = model->architecture;
    if (dm_search_goes_on(job)) return (Begun){read_texts(g, job, m, read), NULL};
    const Memory memory = a->encode(g, model, job->source);
    if (read) *read = (AlreadyRead){dm_shifted(g->arena, job->source, model->config.decoder_start), memory.rows};
    return (Begun){a->start(g, model, memory, 1), memory.rows};
}

int dm_search_reach(const SearchJob *job)
{
    const OutputLayer *output = &job->models[0]->output;
    return output->weight.rows + (output->kind->copies ? dm_longest(job->source.spans) : 0);
}
