// The probability of text alone, piece by piece: lines are cut into windows as in training (data/corpus.c), which are
// read as in training (data/examples.c), in batches of like length.
#include <string.h>

#include "core/memory.h"
#include "core/threads.h"
#include "data/examples.h"
#include "translate/translator.h"

typedef struct Scoring {
    const Translator *translator;
    Corpus corpus;
    Plan plan;         // the windows by their lengths
    int *batch_start;  // [batches + 1] into plan.order
    int *place;        // [windows] where its scores stand in those of its line
    Arena *arenas;     // one for each thread
    dm_rescored *rescored;
} Scoring;

static void score_batch(void *context, int index, int thread)
{
    const Scoring *s = context;
    const Translator *t = s->translator;
    const Model *model = t->models[0];
    Arena *arena = &s->arenas[thread];
    dm_arena_reset(arena);
    Graph g = {.arena = arena, .gemm = t->gemm, .packs = t->packs, .parameters = model->parameters.data};
    const int *order = s->plan.order + s->batch_start[index], n = s->batch_start[index + 1] - s->batch_start[index];
    const Example e = dm_text.make(arena, &s->corpus, order, n, model->config.decoder_start);
    float *scores = dm_arena_take(arena, (size_t)e.read.n * sizeof(float));
    const Memory memory = model->architecture->encode(&g, model, e.source);
    const Tensor *features = model->architecture->decode(&g, model, memory, e.read);
    const Decoded decoded = {.features = features};
    model->output.kind->loss(&g, &model->output, &decoded, &(Targets){.ids = e.written, .log_probabilities = scores});
    for (int i = 0; i < n; i++) {
        const dm_rescored *line = &s->rescored[s->corpus.line[order[i]] - 1];
        const float *from = scores + e.read.spans.start[i];
        for (int j = 0, at = s->place[order[i]]; j < e.read.spans.length[i] && at < line->pieces; j++, at++)
            line->word_scores[at] = (double)from[j];
    }
}

// How many pieces of each line count, and where those of each window stand among them.
static void find_places(Scoring *s)
{
    const Corpus *c = &s->corpus;
    const Translator *t = s->translator;
    const int given = t->models[0]->config.decoder_start < 0;  // the first piece of a line
    s->place = dm_allocate((size_t)c->pairs, sizeof *s->place);
    for (int i = 0; i < c->pairs; i++) {
        dm_rescored *line = &s->rescored[c->line[i] - 1];
        const bool first = !(i && c->line[i - 1] == c->line[i]);
        s->place[i] = line->pieces;
        line->pieces += c->target_length[i] - (first ? given : 0);
    }
    for (int i = 0; i < c->pairs; i++) {
        dm_rescored *line = &s->rescored[c->line[i] - 1];
        if (i && c->line[i - 1] == c->line[i]) continue;
        line->pieces -= t->options.no_eos;
        line->word_scores = dm_allocate((size_t)line->pieces + 1, sizeof(double));
    }
}

static void run_batches(Scoring *s)
{
    const dm_translate_options *o = &s->translator->options;
    const int windows = s->corpus.pairs;
    dm_plan_make(&s->plan, &s->corpus,
                 &(PlanBudget){.shard_words = DM_BATCH_PIECES, .update_words = DM_BATCH_PIECES, .lanes = 1});
    int *lengths = dm_allocate((size_t)windows, sizeof(int));
    for (int i = 0; i < windows; i++) lengths[i] = s->corpus.target_length[s->plan.order[i]];
    s->batch_start = dm_allocate((size_t)windows + 1, sizeof(int));
    const int batches =
                  dm_cut_batches(s->batch_start, lengths, windows, dm_mini_batch(o->mini_batch, 1, (size_t)windows)),
              threads = o->threads < batches ? o->threads : batches;
    s->arenas = dm_allocate((size_t)threads, sizeof(Arena));
    dm_parallel(threads, batches, score_batch, s);
    for (int i = 0; i < threads; i++) dm_arena_destroy(&s->arenas[i]);
    dm_free(s->arenas);
    dm_free(s->batch_start);
    dm_free(lengths);
    dm_plan_free(&s->plan);
}

void dm_translator_rescore_text(const Translator *translator, const char *const *lines, size_t count, dm_rescored *out)
{
    if (!count) return;
    Scoring s = {.translator = translator, .rescored = out};
    const Bitext text = {.alone = true, .lines = {[DM_TARGET] = {(char **)(uintptr_t)lines, count}}, .name = ""};
    const CorpusRules rules = {.max_length = translator->window,
                               .shortest = translator->models[0]->config.decoder_start < 0 ? 2 : 1,
                               .threads = translator->options.threads};
    Error nothing;  // all lines are empty, and nothing is to be predicted of one
    if (!dm_corpus_make(&s.corpus, &text, &rules, translator->segmenter, &nothing)) {
        find_places(&s);
        run_batches(&s);
    }
    for (dm_rescored *line = out; line < out + count; line++)
        for (int i = 0; i < line->pieces; i++) line->log_probability += line->word_scores[i];
    dm_free(s.place);
    dm_corpus_free(&s.corpus);
}
