// Best path (Graves et al. 2006, section 3.2), for models that write all at once: of each row the likeliest piece or
// blank, pieces that repeat taken for one, and blanks gone. What is said of a hypothesis is the probability of this
// path: a piece has that of its rows and of the blanks before them, and the end that of the blanks behind.
#include <math.h>

#include "search/search_parts.h"

typedef struct Row {
    int id;
    float log_p;
} Row;

// The likeliest of a row that search may take.
static Row best_of(const ModelConfig *config, int blank, const NextPieces *next, int row)
{
    const int *ids = next->ids + row * next->best;
    const Rules rules = {.config = config, .options = &(dm_translate_options){0}, .length = 2};
    int k = 0;
    while (k + 1 < next->best && ids[k + 1] >= 0 && dm_search_is_banned(&rules, ids[k])) k++;
    if (ids[k] < 0) return (Row){blank, NAN};  // of what is no number, there is no likeliest piece
    return (Row){ids[k], dm_row(next->logits, row)[k] - next->log_sums[row]};
}

static Hypothesis collapsed(Arena *arena, const SearchJob *job, const Row *rows, int count)
{
    const int blank = job->models[0]->output.blank;
    Hypothesis h = {.ids = dm_arena_take(arena, (size_t)count * sizeof(int)),
                    .piece_scores = dm_arena_take(arena, ((size_t)count + 1) * sizeof(double))};
    double since = 0;
    for (int t = 0; t < count; t++) {
        const bool repeats = t && rows[t].id == rows[t - 1].id;
        h.log_probability += (double)rows[t].log_p;
        if (rows[t].id == blank) {
            since += (double)rows[t].log_p;
        } else if (repeats) {
            h.piece_scores[h.count - 1] += (double)rows[t].log_p;
        } else {
            h.ids[h.count] = rows[t].id;
            h.piece_scores[h.count++] = since + (double)rows[t].log_p;
            since = 0;
        }
    }
    h.piece_scores[h.count] = since;
    h.pieces = h.count + 1;
    h.score = h.log_probability / pow(h.pieces, job->options->normalize);
    return h;
}

static bool run(Graph *g, const SearchJob *job, Found *found)
{
    const Model *model = job->models[0];
    const Architecture *a = model->architecture;
    if (dm_search_is_stopped(job->options)) return false;
    const Memory memory = a->encode(g, model, job->source);
    const Tokens places = dm_places_at_once(g->arena, &model->config, memory.spans);
    const Decoded decoded = {.features = a->decode(g, model, memory, places), .read = places};
    const int enough = 3 + model->config.search.bad_word_count, all = model->output.weight.rows;
    const NextPieces next = model->output.kind->next_pieces(g, &model->output, &decoded, enough < all ? enough : all);
    Row *rows = dm_arena_take(g->arena, (size_t)places.n * sizeof *rows);
    for (int i = 0; i < places.n; i++) rows[i] = best_of(&model->config, model->output.blank, &next, i);
    for (int s = 0; s < places.spans.n; s++) {
        found[s] = (Found){1, dm_arena_take(g->arena, sizeof(Hypothesis))};
        found[s].best[0] = collapsed(g->arena, job, rows + places.spans.start[s], places.spans.length[s]);
    }
    return true;
}

static bool is_wanted(const SearchJob *job)
{
    return job->models && job->models[0]->architecture->writing(&job->models[0]->config) == DM_AT_ONCE;
}

const Strategy dm_best_path_strategy = {"best-path", is_wanted, run};
