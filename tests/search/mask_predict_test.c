// Mask-predict: what PyTorch's search finds (tests/golden/README.md), and what it promises: the length that is asked
// for, one pass where one is asked for, and the same bytes whatever shares a batch.
#include "folder/golden_folders.h"

#include "search/search.h"

enum { UNKNOWN = 1 };

static dm_translate_options usual(void)
{
    return (dm_translate_options){.normalize = 1, .max_length_factor = 3, .n_best = 1};
}

// As whoever searches has it: with weights packed, rows are the same in any company.
static Graph searching(Subject *s, Packs *packs)
{
    return (Graph){
        .arena = &s->arena, .gemm = chosen_backend(), .packs = packs, .parameters = s->model->parameters.data};
}

static Tokens sources_of(const Subject *s, Arena *arena, int first, int last)
{
    const Expected *e = &s->expected;
    int from = 0;
    for (int i = 0; i < first; i++) from += e->source_length[i];
    return dm_tokens(arena, last - first, e->source_length + first, e->source + from);
}

// Behind what is there in the arena.
static void search(Subject *s, int first, int last, const dm_translate_options *options, Found *found)
{
    const Model *model = s->model;
    Packs *packs = dm_packs_create(chosen_backend(), DM_PRECISION_FP32);
    s->graph = searching(s, packs);
    CU_ASSERT_TRUE(dm_search(&s->graph,
                             &(SearchJob){.models = &model,
                                          .model_count = 1,
                                          .source = sources_of(s, &s->arena, first, last),
                                          .options = options,
                                          .unknown = UNKNOWN},
                             found));
    dm_packs_destroy(packs);
    s->graph.packs = NULL;
}

// ---- Against PyTorch ------------------------------------------------------------------------------------------------

static void same_as_said(const Hypothesis *h, const cJSON *said, int pair)
{
    int ids[MOST_IDS];
    const int count = copy_ids(ids, cJSON_GetObjectItemCaseSensitive(said, "ids"));
    bool same = h->count == count && h->pieces == count + 1 && !memcmp(h->ids, ids, (size_t)count * sizeof(int));
    const cJSON *scores = cJSON_GetObjectItemCaseSensitive(said, "piece_scores");
    for (int i = 0; same && i <= count; i++)
        same = fabs(h->piece_scores[i] - cJSON_GetArrayItem(scores, i)->valuedouble) <= 1e-4;
    expect(same && fabs(h->score - number(said, "score")) <= 1e-4, "pair %d: another hypothesis of %d pieces", pair,
           h->count);
}

static void what_is_found_is_what_pytorch_finds(void)
{
    static const struct {
        const char *key;
        int iterations, lengths;
    } searches[] = {{"found1", 1, 2}, {"found4", 4, 3}};
    Subject s;
    int compared = 0;
    if (open_subject(&s, "order/masked"))
        for (size_t k = 0; k < DM_COUNT(searches); k++) {
            Found found[MOST_PAIRS];
            dm_translate_options options = usual();
            options.iterations = searches[k].iterations, options.length_beam = options.n_best = searches[k].lengths;
            dm_arena_reset(&s.arena);
            search(&s, 0, s.expected.pairs, &options, found);
            for (int i = 0; i < s.expected.pairs; i++) {
                const cJSON *said = cJSON_GetObjectItemCaseSensitive(pair_at(&s, i), searches[k].key);
                for (int h = 0; h < cJSON_GetArraySize(said) && h < found[i].count; h++, compared++)
                    same_as_said(&found[i].best[h], cJSON_GetArrayItem(said, h), i);
            }
        }
    CU_ASSERT(compared >= 30);
    close_subject(&s);
}

// ---- What it promises -----------------------------------------------------------------------------------------------

static void lengths_are_those_that_are_asked_for(void)
{
    static const int ranges[][2] = {{7, 7}, {1, 1}, {5, 9}, {60, 61}};
    Subject s;
    if (open_subject(&s, "order/masked"))
        for (size_t k = 0; k < DM_COUNT(ranges); k++) {
            Found found[MOST_PAIRS];
            dm_translate_options options = usual();
            options.length_low = ranges[k][0], options.length_high = ranges[k][1], options.n_best = 5;
            dm_arena_reset(&s.arena);
            search(&s, 0, s.expected.pairs, &options, found);
            for (int i = 0; i < s.expected.pairs; i++) {
                const int all = ranges[k][1] - ranges[k][0] + 1;
                CU_ASSERT_EQUAL(found[i].count, all < 5 ? all : 5);
                for (int h = 0; h < found[i].count; h++) {
                    CU_ASSERT(found[i].best[h].count >= ranges[k][0] && found[i].best[h].count <= ranges[k][1]);
                    for (int other = 0; other < h; other++)
                        CU_ASSERT(found[i].best[h].count != found[i].best[other].count);
                    CU_ASSERT(!h || found[i].best[h].score <= found[i].best[h - 1].score);
                    for (int j = 0; j < found[i].best[h].count; j++)
                        CU_ASSERT(found[i].best[h].ids[j] > UNKNOWN && found[i].best[h].ids[j] != s.model->config.pad);
                }
            }
        }
    close_subject(&s);
}

static void other_limits_of_the_length_hold(void)
{
    Subject s;
    if (open_subject(&s, "order/masked")) {
        Found found[MOST_PAIRS];
        dm_translate_options options = usual();
        options.min_length = 4, options.max_length = 7, options.n_best = 5;
        search(&s, 0, s.expected.pairs, &options, found);
        for (int i = 0; i < s.expected.pairs; i++)
            for (int h = 0; h < found[i].count; h++)
                CU_ASSERT(found[i].best[h].count >= 4 && found[i].best[h].count < 7);
        options = usual();
        options.max_length_factor = 0.1, options.n_best = 5;
        search(&s, 0, 1, &options, found);
        for (int h = 0; h < found[0].count; h++) CU_ASSERT(found[0].best[h].count <= 10);
    }
    close_subject(&s);
}

static bool same_found(const Found *a, const Found *b)
{
    bool same = a->count == b->count;
    for (int h = 0; same && h < a->count; h++)
        same = a->best[h].count == b->best[h].count && a->best[h].score == b->best[h].score &&
               !memcmp(a->best[h].ids, b->best[h].ids, (size_t)a->best[h].count * sizeof(int));
    return same;
}

static void what_shares_a_batch_does_not_matter(void)
{
    Subject s;
    if (open_subject(&s, "order/masked")) {
        Found all[MOST_PAIRS], alone;
        dm_translate_options options = usual();
        options.n_best = 5;
        search(&s, 0, s.expected.pairs, &options, all);
        for (int i = 0; i < s.expected.pairs; i++) {
            search(&s, i, i + 1, &options, &alone);
            expect(same_found(&alone, &all[i]), "pair %d alone is another one", i);
        }
    }
    close_subject(&s);
}

// One pass over nothing but masks, without a search.
static void one_iteration_is_one_pass(void)
{
    enum { PAIR = 4, PIECES = 6 };
    Subject s;
    if (open_subject(&s, "order/masked")) {
        Found found;
        dm_translate_options options = usual();
        options.length_low = options.length_high = PIECES, options.iterations = 1;
        search(&s, PAIR, PAIR + 1, &options, &found);
        const Model *m = s.model;
        static const int length = PIECES, masks[PIECES] = {1, 1, 1, 1, 1, 1};
        const Memory memory = m->architecture->encode(&s.graph, m, sources_of(&s, &s.arena, PAIR, PAIR + 1));
        const Tensor *x = m->architecture->decode(&s.graph, m, memory, dm_tokens(&s.arena, 1, &length, masks));
        const Tensor *log_p = dm_log_probabilities(&s.graph, x, &m->output.weight, &m->output.bias);
        for (int i = 0; i < PIECES; i++) {
            int best = UNKNOWN + 1;
            for (int id = best; id < m->config.pad; id++)
                if (dm_row(log_p, i)[id] > dm_row(log_p, i)[best]) best = id;
            CU_ASSERT(found.best[0].ids[i] == best &&
                      fabs(found.best[0].piece_scores[i] - (double)dm_row(log_p, i)[best]) <= 1e-5);
        }
    }
    close_subject(&s);
}

static bool at_once(void *context)
{
    return ++*(int *)context > 2;
}

static void it_can_be_stopped_between_passes(void)
{
    Subject s;
    if (open_subject(&s, "order/masked")) {
        int asked = 0;
        dm_translate_options options = usual();
        options.stop = at_once, options.context = &asked;
        const Model *model = s.model;
        Found found[MOST_PAIRS];
        s.graph = searching(&s, NULL);
        CU_ASSERT_FALSE(dm_search(&s.graph,
                                  &(SearchJob){.models = &model,
                                               .model_count = 1,
                                               .source = sources_of(&s, &s.arena, 0, s.expected.pairs),
                                               .options = &options,
                                               .unknown = UNKNOWN},
                                  found));
        CU_ASSERT_EQUAL(asked, 3);
    }
    close_subject(&s);
}

const Fact facts[] = {
    FACT(what_is_found_is_what_pytorch_finds),
    FACT(lengths_are_those_that_are_asked_for),
    FACT(other_limits_of_the_length_hold),
    FACT(what_shares_a_batch_does_not_matter),
    FACT(one_iteration_is_one_pass),
    FACT(it_can_be_stopped_between_passes),
    {NULL, NULL},
};
