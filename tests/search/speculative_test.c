// Search by drafts against search without: greedy search finds the same bytes, for every architecture that writes, in
// every precision, whatever the drafts come from and however long they are; sampling draws from the same distribution.
#include "model/small_model.h"

#include "model/ahead.h"
#include "search/drafts.h"

#define TRANSFORMER "d_model 16 encoder_layers 1 decoder_layers 2 encoder_ffn_dim 20 decoder_ffn_dim 24 "

// A model joins by a row.
static const struct {
    const char *name;
    const Architecture *architecture;
    const char *shape;
    bool text;  // alone
} cases[] = {
    {"post-norm", &dm_transformer, TRANSFORMER, false},
    {"pre-norm, rotary", &dm_transformer, TRANSFORMER "norm_place pre positions rotary attention_window 3", false},
    {"experts", &dm_transformer, TRANSFORMER "experts 4 experts_top 2 positions alibi", false},
    {"heads that look ahead", &dm_transformer, TRANSFORMER "ahead 3", false},
    {"lm, heads that look ahead", &dm_lm, "d_model 16 decoder_layers 1 decoder_ffn_dim 24 ahead 2", false},
    {"text alone, heads that look ahead", &dm_lm, "d_model 16 decoder_layers 1 decoder_ffn_dim 24 ahead 4", true},
    {"lm, a chain of heads", &dm_lm, "d_model 16 decoder_layers 1 decoder_ffn_dim 24 ahead 3 ahead_form chain", false},
    {"lm, a chain of one", &dm_lm,
     "d_model 16 decoder_layers 1 decoder_ffn_dim 24 positions learned max_position_embeddings 64 prompt_positions "
     "restart "
     "ahead 1 ahead_form chain",
     false},
    {"text alone, a chain of heads", &dm_lm,
     "d_model 16 decoder_layers 2 decoder_attention_heads 4 key_value_heads 2 decoder_ffn_dim 24 positions rotary "
     "attention_window 4 norm rms ahead 4 ahead_form chain",
     true},
    {"text alone, a chain with experts", &dm_lm,
     "d_model 16 decoder_layers 1 decoder_ffn_dim 12 experts 4 experts_top 2 experts_shared 1 router sigmoid positions "
     "learned max_position_embeddings 24 ahead 2 ahead_form chain",
     true},
    {"rnn, heads that look ahead", &dm_rnn, "d_model 10 hidden_size 12 ahead 1", false},
    {"conv, heads that look ahead", &dm_conv, "d_model 12 conv light kernel_size 3 heads 3 ffn_dim 20 ahead 2", false},
    {"pointer", &dm_transformer, TRANSFORMER "output_layer pointer", false},
    {"lm", &dm_lm, "d_model 16 decoder_layers 2 decoder_attention_heads 2 decoder_ffn_dim 24", false},
    {"text alone", &dm_lm, "d_model 16 decoder_layers 2 decoder_attention_heads 2 decoder_ffn_dim 24 positions rotary",
     true},
    {"text alone, few places", &dm_lm, "d_model 16 decoder_layers 1 positions learned max_position_embeddings 24",
     true},
    {"rnn", &dm_rnn, "d_model 10 hidden_size 12", false},
    {"rnn, input feeding", &dm_rnn, "d_model 10 hidden_size 12 attention general cell lstm input_feeding 1", false},
    {"rnn, dot", &dm_rnn, "d_model 10 hidden_size 12 attention dot decoder_layers 2", false},
    {"conv, plain", &dm_conv, "d_model 10 conv plain kernel_size 3 largest_kernel_size 5", false},
    {"conv, dynamic", &dm_conv, "d_model 12 conv dynamic kernel_size 4 heads 2 ffn_dim 20 norm_place pre", false},
};

static void every_architecture_that_writes_has_a_case(void)
{
    for (int i = 0; dm_architectures[i]; i++) {
        bool found = dm_architectures[i] == &dm_labels;
        for (size_t k = 0; k < DM_COUNT(cases); k++) found = found || cases[k].architecture == dm_architectures[i];
        expect(found, "no case is of the architecture %s", dm_architectures[i]->name);
    }
}

// ---- Models ---------------------------------------------------------------------------------------------------------

enum { SENTENCES = 8, LONGEST = 11 };

static Model *writing_model(size_t index, uint64_t seed, float scale, float ends)
{
    ModelConfig config = small_config_of(cases[index].architecture, VOCABULARY, cases[index].shape);
    if (cases[index].text) config.examples = &dm_text;
    Model *model = random_model(&config, seed);
    for (size_t i = 0; i < model->parameters.trained_size; i++) model->parameters.data[i] *= scale;
    model->output.bias.data[config.eos] = ends;
    return model;
}

// The same model with some noise: one that guesses well, but not always.
static Model *noisy_copy(const Model *model, float noise)
{
    ModelConfig config = model->config;
    config.search = (SearchDefaults){0};  // a drafter need not be told
    Model *copy = dm_model_create(&config);
    Random random = dm_random(31, 0, 0, 0);
    const Parameters *p = &model->parameters;
    memcpy(copy->parameters.data, p->data, p->size * sizeof(float));
    for (int i = 0; i < p->count; i++)
        for (int j = 0; j < p->list[i].tensor.rows * p->list[i].tensor.cols; j++)
            copy->parameters.list[i].tensor.data[j] =
                p->list[i].tensor.data[j] * (1 + noise * (float)dm_random_normal(&random));
    memcpy(copy->output.bias.data, model->output.bias.data, VOCABULARY * sizeof(float));
    return copy;
}

static Tokens sources(Arena *arena, bool text)
{
    Random random = dm_random(8, 0, 0, 0);
    int *lengths = dm_arena_take(arena, SENTENCES * sizeof(int)), *ids = dm_arena_take(arena, SENTENCES * LONGEST * 4),
        n = 0;
    for (int i = 0; i < SENTENCES; i++) {
        lengths[i] = 1 + (i * 5) % LONGEST;
        for (int j = 0; j < lengths[i]; j++) ids[n++] = 1 + (int)dm_random_below(&random, PAD - 1);
        if (!text) ids[n - 1] = EOS;
    }
    return dm_tokens(arena, SENTENCES, lengths, ids);
}

typedef struct Asking {
    Arena arena;
    Graph graph;
    const Model *model;
    SearchJob job;
    bool told;  // some pieces have to come
} Asking;

// False: this processor has no such products.
static bool begin_asking(Asking *b, const Model *model, bool text, Precision precision)
{
    const GemmBackend *backend;
    if (dm_gemm_choose_for_search(&backend, precision, precision ? "auto" : test_backend, NULL, NULL)) return false;
    *b = (Asking){.model = model};
    b->graph = (Graph){.arena = &b->arena, .gemm = backend, .parameters = model->parameters.data};
    b->graph.packs = dm_packs_create(backend, precision);
    b->job = (SearchJob){.model_count = 1, .source = sources(&b->arena, text), .unknown = 1};
    int *copies = dm_arena_take(&b->arena, (size_t)b->job.source.n * sizeof(int));
    for (int i = 0; i < b->job.source.n; i++)  // some stand beyond the vocabulary, where the output reaches so far
        copies[i] = i % 4 == 3 && model->output.kind->copies ? VOCABULARY : b->job.source.ids[i];
    b->job.alike = copies;
    if (model->output.kind->copies) b->job.copies = copies;
    return true;
}

static void end_asking(Asking *b)
{
    dm_packs_destroy(b->graph.packs);
    dm_arena_destroy(&b->arena);
}

// Sentences first ... first + n - 1 as a batch.
static void find(Asking *b, const dm_translate_options *o, int first, int n, Found *found)
{
    SearchJob job = b->job;
    const Spans all = job.source.spans;
    int lengths[SENTENCES];
    for (int i = 0; i < n; i++) lengths[i] = all.length[first + i];
    job.models = &b->model;
    job.options = o;
    job.source = dm_tokens(&b->arena, n, lengths, b->job.source.ids + all.start[first]);
    job.alike += all.start[first];
    if (job.copies) job.copies += all.start[first];
    if (job.prefixes) job.prefixes += first;
    CU_ASSERT_TRUE_FATAL(dm_search(&b->graph, &job, found));
}

static bool same_bytes(const Hypothesis *a, const Hypothesis *b)
{
    return a->count == b->count && a->pieces == b->pieces && !memcmp(&a->score, &b->score, sizeof a->score) &&
           !memcmp(a->ids, b->ids, (size_t)a->count * sizeof(int)) &&
           !memcmp(a->piece_scores, b->piece_scores, (size_t)a->pieces * sizeof(double));
}

// ---- Greedy search --------------------------------------------------------------------------------------------------

static const struct {
    const char *draft;
    float noise;  // of the drafter
    int length;
} drafts[] = {{"model", 0, 3}, {"model", 0.3f, 0}, {"model", 2, 5},  {"self", 0, 0},
              {"self", 0, 2},  {"lookup", 0, 4},   {"lookup", 0, 0}, {"source", 0, 0}};

static void every_source_of_drafts_has_a_case(void)
{
    for (int i = 0; dm_draft_sources[i]; i++) {
        bool found = false;
        for (size_t k = 0; k < DM_COUNT(drafts) * DM_COUNT(cases) && !found; k++) {
            const size_t at = k / DM_COUNT(drafts);
            const ModelConfig config = small_config_of(cases[at].architecture, VOCABULARY, cases[at].shape);
            found = dm_draft_source(drafts[k % DM_COUNT(drafts)].draft, &config) == dm_draft_sources[i];
        }
        expect(found, "no case drafts by %s", dm_draft_sources[i]->name);
    }
}

static int passes, written, right;  // of all

// With the drafts of `k`, in a batch and one by one, against the same without.
static void compare(Asking *b, const char *name, const dm_translate_options *o, size_t k)
{
    Found plain[SENTENCES], together[SENTENCES], alone[1];
    dm_translate_options with = *o;
    with.draft = drafts[k].draft;
    with.draft_length = drafts[k].length;
    Model *drafter = dm_draft_source(with.draft, NULL)->reads_a_model ? noisy_copy(b->model, drafts[k].noise) : NULL;
    b->job.drafter = drafter;
    find(b, o, 0, SENTENCES, plain);
    find(b, &with, 0, SENTENCES, together);
    for (int i = 0; i < SENTENCES; i++) {
        find(b, &with, i, 1, alone);
        const Hypothesis *h = &together[i].best[0];
        expect(same_bytes(&plain[i].best[0], h), "%s, drafts by %s: sentence %d is another one", name, with.draft, i);
        expect(same_bytes(h, &alone[0].best[0]), "%s, drafts by %s: sentence %d by itself is another one", name,
               with.draft, i);
        expect(h->drafted.passes == alone[0].best[0].drafted.passes, "%s: %d passes, and by itself %d", name,
               h->drafted.passes, alone[0].best[0].drafted.passes);
        int taken = 0;
        for (int j = 0; j < h->drafted.passes; j++) taken += h->drafted.accepted[j];
        const int more = h->pieces - taken - h->drafted.passes;  // guesses that have to come do not count
        expect(taken <= h->drafted.pieces && (b->told ? more >= 0 : more == 0), "%s: %d pieces of %d passes, %d right",
               name, h->pieces, h->drafted.passes, taken);
        passes += h->drafted.passes, written += h->pieces, right += taken;
    }
    if (drafter) dm_model_destroy(drafter);
    b->job.drafter = NULL;
}

static void greedy_search_by_drafts_is_the_bytes_of_greedy_search(void)
{
    static const Precision precisions[] = {DM_PRECISION_FP32, DM_PRECISION_BF16, DM_PRECISION_INT8};
    passes = written = right = 0;
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (int peaked = 0; peaked < 2; peaked++)
            for (size_t p = 0; p < DM_COUNT(precisions); p++) {
                Asking b;
                Model *model = writing_model(i, 5, peaked ? 3 : 0.3f, peaked ? -4 : 0);  // flat ones: near ties
                if (begin_asking(&b, model, cases[i].text, precisions[p])) {
                    const dm_translate_options o = {
                        .beam_size = 1, .normalize = 1, .max_length_factor = 2, .max_length = cases[i].text ? 20 : 0};
                    for (size_t k = 0; k < DM_COUNT(drafts); k++)
                        if (!dm_draft_misfit(dm_draft_source(drafts[k].draft, &model->config), &model->config))
                            compare(&b, cases[i].name, &o, k);
                    end_asking(&b);
                }
                dm_model_destroy(model);
            }
    expect(right > written / 10 && passes < written, "%d passes for %d pieces, %d of them drafted: this says little",
           passes, written, right);
}

// ---- A chain of heads -----------------------------------------------------------------------------------------------

// What head k says of the last row of a text when it reads the text as a whole: the best piece but pad, which is never
// said.
static int said_of_whole(Graph *g, const Model *model, const int *pieces, int count, int k)
{
    enum { HEADS = 16 };
    const int none = 0;
    AheadSaid said[HEADS];
    const Architecture *a = model->architecture;
    const Tokens read = dm_tokens(g->arena, 1, &count, pieces), empty = dm_tokens(g->arena, 1, &none, NULL);
    const Memory memory = a->encode(g, model, empty);
    const Example example = {.source = empty, .read = read, .written = pieces + 1};
    dm_ahead_chain.say(g, model, &(AheadSeen){&example, &memory, a->decode(g, model, memory, read)}, said);
    const Tensor *p = dm_log_probabilities(g, said[k - 1].features, &model->output.weight, &model->output.bias);
    const float *row = dm_row(p, p->rows - 1);
    int best = -1;
    for (int id = 0; id < VOCABULARY; id++)
        if (id != model->config.pad && (best < 0 || row[id] > row[best])) best = id;
    return best;
}

// The caches of the heads hold what reading all once more would: pass by pass as many guesses are right.
static void a_chain_guesses_what_it_says_of_whole_texts(void)
{
    int some = 0, not_all = 0;
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Asking b;
        Model *model = writing_model(i, 9, 2, -4);
        const int heads = model->config.ahead;
        if (dm_ahead_form(&model->config) != &dm_ahead_chain || !cases[i].text ||
            !begin_asking(&b, model, true, DM_PRECISION_FP32)) {
            dm_model_destroy(model);
            continue;
        }
        // The head of the next piece, too: what the chain says is then often right.
        const dm_translate_options o = {.beam_size = 1, .max_length = 20, .draft = "self", .draft_length = heads};
        Found found[SENTENCES];
        find(&b, &o, 0, SENTENCES, found);
        const Spans spans = b.job.source.spans;
        for (int s = 0; s < SENTENCES; s++) {
            const Hypothesis *h = &found[s].best[0];
            int text[128] = {model->config.decoder_start}, n = 1, known = 0, guesses[16];
            memcpy(text + 1, b.job.source.ids + spans.start[s], (size_t)spans.length[s] * sizeof(int));
            n += spans.length[s];
            for (int pass = 0, done = 0; pass < h->drafted.passes; pass++) {
                const int left = h->pieces - done;
                int taken = 0;
                while (taken < known && taken < left - 1 && guesses[taken] == h->ids[done + taken]) taken++;
                expect(h->drafted.accepted[pass] == taken, "%s: sentence %d, pass %d: %d right, and by whole texts %d",
                       cases[i].name, s, pass, h->drafted.accepted[pass], taken);
                some += taken > 0, not_all += taken < known;
                for (int j = 0; j <= taken && done < h->count; j++) text[n++] = h->ids[done++];
                known = 0;
                for (int k = 1; k <= heads && n + k < 60 && pass + 1 < h->drafted.passes; k++) {
                    int whole[128];
                    memcpy(whole, text, (size_t)n * sizeof(int));
                    memcpy(whole + n, guesses, (size_t)known * sizeof(int));
                    guesses[known] = said_of_whole(&b.graph, model, whole, n + known, k);
                    known++;
                }
            }
        }
        end_asking(&b);
        dm_model_destroy(model);
    }
    expect(some && not_all, "%d passes with guesses that were right, %d with such that were not", some, not_all);
}

// ---- What a text has to have, and must not -------------------------------------------------------------------------

static const int prefix_ids[] = {7, 7, 12, 3, 9};

// One way to search each: the rules look at every row by itself.
static void rules_are_those_of_greedy_search(void)
{
    static const dm_translate_options ways[] = {
        {.beam_size = 1, .normalize = 1, .max_length_factor = 2, .min_length = 9},
        {.beam_size = 1, .normalize = 1, .max_length_factor = 2, .no_repeat_ngram = 2},
        {.beam_size = 1, .normalize = 0, .max_length_factor = 0.2, .max_length = 5},
        {.beam_size = 1, .normalize = 1, .max_length_factor = 1, .max_length = 1},
        {.beam_size = 1, .normalize = 1, .max_length_factor = 2, .max_length = 12},
    };
    enum { PREFIXED = 1, TOLD = 2, STOPS = 4, RENORMALIZED = 8, KINDS = 16 };
    static const int stops[] = {4, 9, 15, 22}, bad[] = {6, 11, 19};
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t w = 0; w < DM_COUNT(ways); w++) {
            Asking b;
            Model *model = writing_model(kind & STOPS ? 5 : 0, 5, 2, -2);
            SearchDefaults *told = &model->config.search;
            if (kind & TOLD) told->says_first = told->ends_at_limit = true, told->first = 8, told->max_length = 12;
            if (kind & TOLD)
                told->bad_words = memcpy(dm_allocate(3, sizeof(int)), bad, sizeof bad), told->bad_word_count = 3;
            if (kind & RENORMALIZED) told->renormalize = true;
            begin_asking(&b, model, kind & STOPS, DM_PRECISION_FP32);
            Ids prefixes[SENTENCES] = {0};
            for (int i = 0; i < SENTENCES && kind & PREFIXED; i++) prefixes[i] = (Ids){(int *)prefix_ids, (3 * i) % 6};
            if (kind & PREFIXED) b.job.prefixes = prefixes;
            if (kind & STOPS) b.job.stops = stops, b.job.stop_count = DM_COUNT(stops);
            b.told = kind & (PREFIXED | TOLD);
            dm_translate_options o = ways[w];
            if (kind & STOPS && !o.max_length) o.max_length = 20;
            compare(&b, "rules", &o, 1);
            compare(&b, "rules", &o, 6);
            end_asking(&b);
            dm_model_destroy(model);
        }
}

// ---- Guesses that are not the best ----------------------------------------------------------------------------------

// Of all pieces each is good enough but those that are forbidden: what is guessed is what is written.
static void of_several_best_pieces_the_guess_is_taken(void)
{
    const int accepted[] = {1, 5, VOCABULARY};
    int passes_of[DM_COUNT(accepted)] = {0};
    for (size_t a = 0; a < DM_COUNT(accepted); a++) {
        Asking b;
        Model *model = writing_model(0, 5, 1, -4), *drafter = noisy_copy(model, 0.4f);
        begin_asking(&b, model, false, DM_PRECISION_FP32);
        b.job.drafter = drafter;
        const dm_translate_options o = {
            .beam_size = 1, .max_length_factor = 2, .draft = "model", .draft_length = 4, .draft_accept = accepted[a]};
        Found found[SENTENCES];
        find(&b, &o, 0, SENTENCES, found);
        for (int i = 0; i < SENTENCES; i++) {
            const Drafted *d = &found[i].best[0].drafted;
            int taken = 0;
            for (int j = 0; j < d->passes; j++) taken += d->accepted[j];
            expect(accepted[a] < VOCABULARY || taken == d->pieces, "%d of %d were taken", taken, d->pieces);
            passes_of[a] += d->passes;
        }
        end_asking(&b);
        dm_model_destroy(model);
        dm_model_destroy(drafter);
    }
    expect(passes_of[0] > passes_of[1] && passes_of[1] > passes_of[2], "%d, %d, %d passes", passes_of[0], passes_of[1],
           passes_of[2]);
}

// ---- Sampling -------------------------------------------------------------------------------------------------------

// The distribution of texts of up to three pieces and their end, or four that are cut off, over the few pieces there
// are: how often each came, against how often it should have.
#ifdef __SANITIZE_ADDRESS__
enum { DRAWS = 10000 };  // there it takes half a minute as it is
#else
enum { DRAWS = 100000 };
#endif
enum { FEW = 5, PLACES = 4, LINES = 20, OUTCOMES = FEW * FEW * FEW * FEW };

static int outcome_of(const Hypothesis *h)
{
    int outcome = 0;
    for (int i = 0; i < PLACES; i++) outcome = outcome * FEW + (i < h->count ? h->ids[i] : EOS);
    return outcome;
}

static Model *few_pieces(uint64_t seed, float scale)
{
    ModelConfig config = small_transformer(FEW, 8, 1, 1);
    config.pad = config.decoder_start = FEW - 1;
    Model *model = random_model(&config, seed);
    for (size_t i = 0; i < model->parameters.trained_size; i++) model->parameters.data[i] *= scale;
    return model;
}

// By the definitions: temperature, then the most probable pieces, as many as may be.
static void cut_distribution(double *p, const dm_translate_options *o)
{
    double sum = 0, kept = 0;
    int order[FEW];
    for (int id = 0; id < FEW; id++) sum += p[id] = pow(p[id], 1 / o->temperature), order[id] = id;
    for (int i = 0; i < FEW; i++)
        for (int j = i + 1; j < FEW; j++)
            if (p[order[j]] > p[order[i]]) {
                const int other = order[i];
                order[i] = order[j], order[j] = other;
            }
    for (int i = 0; i < FEW; i++) {
        const bool out = (o->sampling == DM_SAMPLE_TOPK && i >= o->sampling_limit) ||
                         (o->sampling == DM_SAMPLE_TOPP && i && kept >= o->sampling_limit * sum);
        if (out) p[order[i]] = 0;
        kept += p[order[i]];
    }
    for (int id = 0; id < FEW; id++) p[id] /= kept;
}

static void follow(Graph *g, const Model *model, const dm_translate_options *o, int *ids, int count, double probability,
                   double *expected)
{
    static const int one = 1;
    const int source = EOS, length = count + 1;
    if (count == PLACES || (count && ids[count] == EOS)) {
        int outcome = 0;
        for (int i = 0; i < PLACES; i++) outcome = outcome * FEW + (i < count ? ids[i + 1] : EOS);
        expected[outcome] += probability;
        return;
    }
    const Memory memory = model->architecture->encode(g, model, dm_tokens(g->arena, 1, &one, &source));
    const Tensor *x = model->architecture->decode(g, model, memory, dm_tokens(g->arena, 1, &length, ids));
    const Tensor *rows = dm_log_probabilities(g, x, &model->output.weight, &model->output.bias);
    double p[FEW];
    for (int id = 0; id < FEW; id++) p[id] = id == model->config.pad ? 0 : exp((double)dm_row(rows, count)[id]);
    cut_distribution(p, o);
    for (int id = 0; id < FEW; id++) {
        ids[count + 1] = id;
        if (p[id] > 0) follow(g, model, o, ids, count + 1, probability * p[id], expected);
    }
}

static void sampling_by_drafts_draws_from_the_distribution_of_the_model(void)
{
    static const dm_translate_options ways[] = {
        {.sampling = DM_SAMPLE_FULL, .temperature = 1},
        {.sampling = DM_SAMPLE_TOPK, .sampling_limit = 3, .temperature = 0.7},
        {.sampling = DM_SAMPLE_TOPP, .sampling_limit = 0.8, .temperature = 1.4},
    };
    static const char *const by[] = {"model", "lookup", "model"};
    for (size_t w = 0; w < DM_COUNT(ways); w++) {
        Model *model = few_pieces(5, 1.5f), *drafter = few_pieces(6, 1.5f);
        Arena arena = {0};
        Graph g = {.arena = &arena, .gemm = chosen_backend(), .parameters = model->parameters.data};
        dm_translate_options o = ways[w];
        o.beam_size = 1, o.max_length_factor = 1, o.max_length = PLACES, o.n_best = DRAWS / LINES / 10, o.seed = 11;
        double expected[OUTCOMES] = {0}, chi = 0;
        int ids[PLACES + 1] = {model->config.decoder_start}, seen[OUTCOMES] = {0}, degrees = -1, accepted = 0,
                         drafted = 0;
        follow(&g, model, &o, ids, 0, 1, expected);
        g.packs = dm_packs_create(g.gemm, DM_PRECISION_FP32);
        o.draft = by[w];
        o.draft_length = 2;
        for (int round = 0; round < 10; round++) {
            int one[LINES], sources_of_eos[LINES];
            size_t lines[LINES];
            for (int i = 0; i < LINES; i++) one[i] = 1, sources_of_eos[i] = EOS, lines[i] = (size_t)(round * LINES + i);
            Found found[LINES];
            dm_arena_reset(&arena);
            const Model *const models[] = {model};
            const SearchJob job = {.models = models,
                                   .model_count = 1,
                                   .source = dm_tokens(&arena, LINES, one, sources_of_eos),
                                   .options = &o,
                                   .drafter = drafter,
                                   .lines = lines};
            CU_ASSERT_TRUE_FATAL(dm_search(&g, &job, found));
            for (int i = 0; i < LINES; i++)
                for (int k = 0; k < found[i].count; k++) {
                    const Hypothesis *h = &found[i].best[k];
                    seen[outcome_of(h)]++;
                    drafted += h->drafted.pieces;
                    for (int j = 0; j < h->drafted.passes; j++) accepted += h->drafted.accepted[j];
                }
        }
        double rare = 0, rarely = 0;  // those that are expected less than five times count together
        for (int i = 0; i < OUTCOMES; i++) {
            const double times = expected[i] * DRAWS, off = seen[i] - times;
            expect(times > 0 || !seen[i], "an impossible text was drawn %d times", seen[i]);
            if (times < 5)
                rare += times, rarely += seen[i];
            else
                chi += off * off / times, degrees++;
        }
        if (rare >= 5) chi += (rarely - rare) * (rarely - rare) / rare, degrees++;
        const double deviations = (chi - degrees) / sqrt(2.0 * degrees);
        expect(deviations < 4, "drafts by %s: chi square %.1f of %d degrees of freedom", by[w], chi, degrees);
        expect(accepted && accepted < drafted, "drafts by %s: %d of %d were right", by[w], accepted, drafted);
        dm_packs_destroy(g.packs);
        dm_arena_destroy(&arena);
        dm_model_destroy(model);
        dm_model_destroy(drafter);
    }
}

const Fact facts[] = {
    FACT(every_architecture_that_writes_has_a_case),
    FACT(every_source_of_drafts_has_a_case),
    FACT(greedy_search_by_drafts_is_the_bytes_of_greedy_search),
    FACT(a_chain_guesses_what_it_says_of_whole_texts),
    FACT(rules_are_those_of_greedy_search),
    FACT(of_several_best_pieces_the_guess_is_taken),
    FACT(sampling_by_drafts_draws_from_the_distribution_of_the_model),
    {NULL, NULL},
};
