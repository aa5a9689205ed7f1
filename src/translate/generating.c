// The public functions of models of text alone: to go on with lines, and to hold a conversation, in which the text that
// was read and written stays in the caches.
#include <string.h>

#include "core/memory.h"
#include "core/scope.h"
#include "core/utf8.h"
#include "translate/line_checks.h"
#include "translate/opened.h"

enum { MOST_STOPS = 64 };  // ids

typedef struct Stops {
    int ids[MOST_STOPS], count;
} Stops;

static void add_stop(Stops *stops, int id)
{
    if (id >= 0 && stops->count < MOST_STOPS) stops->ids[stops->count++] = id;
}

// A stop is a piece as the vocabulary spells it, also where it begins a word.
static Status find_stops(Stops *stops, const dm_model *model, const dm_translate_options *o, Error *error)
{
    const Vocabulary *vocabulary = dm_segmenter_vocabulary(model->segmenter, DM_TARGET);
    if (2 * o->stop_count > MOST_STOPS) return dm_misuse(error, "text can stop at %d pieces at most", MOST_STOPS / 2);
    for (int i = 0; i < o->stop_count; i++) {
        const int before = stops->count;
        char *word = dm_format("\xE2\x96\x81%s", o->stop_pieces[i]);
        add_stop(stops, dm_vocabulary_id(vocabulary, o->stop_pieces[i]));
        add_stop(stops, dm_vocabulary_id(vocabulary, word));
        dm_free(word);
        if (stops->count == before)
            return dm_misuse(error,
                             "text cannot stop at '%.100s', which is no piece of the model's vocabulary (vocab.json)",
                             o->stop_pieces[i]);
    }
    return DM_OK;
}

static Status check_effects(const dm_translate_options *o, Error *error)
{
    if (o->prefixes)
        return dm_misuse(error, "a prefix has no effect where text goes on: what it is to begin with is the line");
    return o->no_eos ? dm_misuse(error, "only where text is rescored, an end of a line can be left out") : DM_OK;
}

// Nothing begins where there is no piece to begin with.
static Status check_beginning(const dm_model *model, bool empty, const char *what, Error *error)
{
    if (!empty || model->models[0]->config.decoder_start >= 0) return DM_OK;
    return dm_fail(error, "%s empty, and this model has no piece that a text begins with: give it the first words",
                   what);
}

static Status check_lines(const dm_model *model, const char *const *lines, size_t count, Error *error)
{
    Status status = dm_opened_check_lines(model, lines, count, error);
    for (size_t i = 0; i < count && !status; i++) {
        char what[64] = "the line is";
        if (count > 1) snprintf(what, sizeof what, "line %zu is", i + 1);
        status = check_beginning(model, dm_is_blank(lines[i]), what, error);
    }
    return status;
}

static Status settle(dm_translate_options *o, Stops *stops, const dm_model *model, const dm_translate_options *given,
                     Error *error)
{
    Status status = dm_opened_is_for(model, true, error);
    if (!status) status = dm_opened_options(o, model, given, error);
    if (!status) status = check_effects(o, error);
    return status ? status : find_stops(stops, model, o, error);
}

static Translator generator_of(const dm_model *model, const dm_translate_options *o, const Stops *stops)
{
    Translator generator = dm_opened_translator(model, o);
    generator.stops = stops->ids;
    generator.stop_count = stops->count;
    return generator;
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

static Status generate(const dm_model *model, const char *const *lines, size_t count,
                       const dm_translate_options *options, dm_translation *texts, Error *error)
{
    dm_translate_options o;
    Stops stops = {.count = 0};
    Status status = settle(&o, &stops, model, options, error);
    if (!status) status = check_lines(model, lines, count, error);
    if (status) return status;
    const Translator generator = generator_of(model, &o, &stops);
    if (dm_translator_run(&generator, lines, count, texts)) return DM_OK;
    dm_fail(error, "stopped");
    return DM_STOPPED;
}

dm_status dm_generate(dm_model *model, const char *const *lines, size_t count, const dm_translate_options *options,
                      dm_translation *texts, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, generate(model, lines, count, options, texts, error));
    if (status && count) memset(texts, 0, count * sizeof *texts);
    return status;
}

// ---- A conversation -------------------------------------------------------------------------------------------------

typedef struct Conversation {
    const dm_model *model;
    Arena caches, scratch;
    SearchState *states[DM_MOST_MODELS];
    int read;     // pieces that these have read
    Ids behind;   // which they are, but for the start
    Ids pending;  // pieces of the text that they are still to read, in front of the next line
} Conversation;

static Graph graph_of(const Conversation *c, Arena *arena)
{
    return (Graph){.arena = arena,
                   .gemm = c->model->gemm,
                   .packs = c->model->packs,
                   .parameters = c->model->models[0]->parameters.data};
}

// States that have read nothing, in caches that live as long as the conversation.
static void begin_states(Conversation *c)
{
    const int nothing = 0;
    Graph g = graph_of(c, &c->caches);
    for (int m = 0; m < c->model->count; m++) {
        const Model *model = c->model->models[m];
        const Memory memory = model->architecture->encode(&g, model, dm_tokens(&c->caches, 1, &nothing, NULL));
        c->states[m] = model->architecture->start(&g, model, memory, 1);
    }
}

static void go_back(Conversation *c, int read)
{
    const int first = 0;
    for (int m = 0; m < c->model->count; m++)
        c->model->models[m]->architecture->keep(c->states[m], &first, &read, 1, 1);
    c->read = read;
}

// Whether the start is still to be read.
static int starts(const Conversation *c)
{
    return !c->read && c->model->models[0]->config.decoder_start >= 0;
}

static void append(Ids *to, const int *ids, int count)
{
    int *all = dm_allocate((size_t)(to->count + count) + 1, sizeof(int));
    if (to->count) memcpy(all, to->id, (size_t)to->count * sizeof(int));
    if (count) memcpy(all + to->count, ids, (size_t)count * sizeof(int));
    dm_free(to->id);
    *to = (Ids){all, to->count + count};
}

// What the best hypothesis has written becomes part of the text. One that was alone in its search has read all of it
// but the last piece; of several nobody knows any more which slot was whose, and the text is read when it goes on.
// Where nothing could come, the text is still to be read.
static void take_over(Conversation *c, Ids text, const Hypothesis *best, bool alone)
{
    const ModelConfig *config = &c->model->models[0]->config;
    const int kept = alone ? best->pieces - 1 : 0;
    Ids written = {dm_allocate((size_t)best->count + 1, sizeof(int)), best->count};
    if (best->count) memcpy(written.id, best->ids, (size_t)best->count * sizeof(int));
    if (best->pieces > best->count) written.id[written.count++] = config->eos;
    if (written.count) append(&c->behind, text.id, text.count);
    if (written.count) append(&c->behind, written.id, kept);
    const Ids rest = written.count ? (Ids){written.id + kept, written.count - kept} : text;
    dm_free(c->pending.id);
    c->pending = (Ids){dm_allocate((size_t)rest.count + 1, sizeof(int)), rest.count};
    if (rest.count) memcpy(c->pending.id, rest.id, (size_t)rest.count * sizeof(int));
    go_back(c, written.count ? c->read + starts(c) + text.count + kept : c->read);
    dm_free(written.id);
}

// The text that is there, and the line behind it: what is still to be read.
static Ids text_behind(const Conversation *c, const char *line)
{
    const Ids more = dm_beginning(c->model->segmenter, line);
    Ids all = {0};
    append(&all, c->pending.id, c->pending.count);
    append(&all, more.id, more.count);
    dm_free(more.id);
    return all;
}

static Status check_length(const Conversation *c, Ids text, Error *error)
{
    const int most = dm_opened_reads(c->model) - 1, length = c->read + starts(c) + text.count;
    if (length <= most) return DM_OK;
    return dm_fail(error, "the text has come to %d pieces, and this model reads no more than %d: begin another", length,
                   most);
}

typedef struct Shown {
    const Translator *generator;
    const char *line;
} Shown;

static void show_partial(void *context, int sentence, const int *ids, int count)
{
    (void)sentence;
    const Shown *shown = context;
    dm_tell_partial(shown->generator, shown->line, 0, ids, count);
}

static Status put_into_words(dm_translation *out, const Translator *generator, const char *line, const Found *found)
{
    *out = dm_put_into_words(generator, line, found, NULL);
    return DM_OK;
}

static void free_text(void *text)
{
    dm_translations_free(text, 1);
}

static bool search(Conversation *c, const Translator *generator, const char *line, Ids text, Found *found)
{
    const dm_translate_options *o = &generator->options;
    Shown shown = {generator, line};
    dm_arena_reset(&c->scratch);
    Graph g = graph_of(c, &c->scratch);
    Ids all = {0};
    append(&all, c->behind.id, c->behind.count);
    append(&all, text.id, text.count);
    const Tokens whole = dm_tokens(&c->scratch, 1, &all.count, all.id);
    dm_free(all.id);
    const SearchJob job = {.models = generator->models,
                           .model_count = generator->model_count,
                           .source = dm_tokens(&c->scratch, 1, &text.count, text.id),
                           .options = o,
                           .drafter = generator->drafter,
                           .text = &whole,
                           .lines = &o->first_line,
                           .stops = generator->stops,
                           .stop_count = generator->stop_count,
                           .states = c->states,
                           .read = c->read,
                           .partial = o->partial ? show_partial : NULL,
                           .context = &shown};
    return dm_search(&g, &job, found);
}

// What was stopped is no part of the text, nor is the line.
static Status answer(Conversation *c, const char *line, const dm_translate_options *options, dm_translation *out,
                     Error *error)
{
    dm_translate_options o;
    Stops stops = {.count = 0};
    Status status = settle(&o, &stops, c->model, options, error);
    if (!status) status = dm_opened_check_lines(c->model, &line, 1, error);
    if (status) return status;
    const Translator generator = generator_of(c->model, &o, &stops);
    const Ids text = text_behind(c, line);
    status = check_beginning(c->model, !text.count && !c->read, "the text is", error);
    if (!status) status = check_length(c, text, error);
    Found found;
    if (!status && !search(c, &generator, line, text, &found)) {
        dm_fail(error, "stopped");
        status = DM_STOPPED;
        go_back(c, c->read);
    }
    if (!status) {
        Scope *paused = dm_scope_pause();  // what the caller gets is nobody's
        DM_SCOPE(status, error, put_into_words(out, &generator, line, &found));
        dm_scope_resume(paused);
        if (status) go_back(c, c->read);
    }
    if (!status) {
        dm_guard(free_text, out);
        take_over(c, text, &found.best[0], o.sampling ? o.n_best <= 1 : o.beam_size == 1);
        dm_unguard(out);
    }
    dm_free(text.id);
    return status;
}

static Status converse(dm_model *model, const dm_conversation *caller, Error *error)
{
    Status status = dm_opened_is_for(model, true, error);
    if (status) return status;
    Conversation c = {.model = model};
    begin_states(&c);
    for (;;) {
        dm_translate_options options;
        dm_translation text = {0};
        Error refused = {""};
        Scope *paused = dm_scope_pause();
        const char *line = caller->next(caller->context, &options);
        dm_scope_resume(paused);
        if (!line) break;
        status = answer(&c, line, &options, &text, &refused);
        paused = dm_scope_pause();
        caller->found(caller->context, status, status ? NULL : &text, &refused);
        dm_scope_resume(paused);
    }
    for (int m = 0; m < model->count; m++) model->models[m]->architecture->finish(c.states[m]);
    dm_free(c.pending.id);
    dm_free(c.behind.id);
    dm_arena_destroy(&c.caches);
    dm_arena_destroy(&c.scratch);
    return DM_OK;
}

dm_status dm_converse(dm_model *model, const dm_conversation *conversation, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, converse(model, conversation, error));
    return status;
}
