// Mask-predict (Ghazvininejad et al. 2019, section 3): a target is written all at once and then corrected. Of a source
// the likeliest lengths N are taken; for each, all N pieces are masked at first and said in one pass. In T passes in
// all, each but the first masks the N (T - t) / T pieces again (t passes are done) that the model was least sure of,
// and says them anew by the others, which stay and keep the probability that they were said with. That ends where a
// pass changes nothing. The best one is the most probable in the mean, of its pieces and of its length, which stands
// where other searches have the end of the sentence. (The paper leaves it out of the mean: then a length that is next
// to impossible may win because it is easily filled.)
#include <limits.h>
#include <math.h>
#include <string.h>

#include "search/search_parts.h"

// A target of one length.
typedef struct Draft {
    int sentence, length;
    float of_length;  // log p
    int *ids;         // [length]
    float *said;      // [length] log p of each when it was said
    bool *is_masked;  // [length]
    bool changed;     // by the last pass
} Draft;

typedef struct MaskPredict {
    const SearchJob *job;
    const Model *model;
    Memory memory;
    Draft *drafts;  // of all sentences, those of each side by side
    int count;
    int *first;  // [sentences + 1] where those of a sentence begin
} MaskPredict;

// ---- Lengths --------------------------------------------------------------------------------------------------------

typedef struct Range {
    int low, high;
} Range;

// Without the end, which is counted elsewhere.
static Range range_of(const MaskPredict *m, int sentence)
{
    const dm_translate_options *o = m->job->options;
    const int most = o->max_length > 0 ? o->max_length : m->model->config.search.max_length,
              able = m->model->architecture->longest(&m->model->config);
    Range range = {o->length_low, o->length_high};
    if (!o->length_high) {
        const double limit = ceil(o->max_length_factor * m->job->source.spans.length[sentence]) + 9;
        range.high = limit > INT_MAX / 2 ? INT_MAX / 2 : (int)limit;
        if (most > 0 && range.high >= most) range.high = most - 1;
        range.low = o->min_length > 1 ? o->min_length : 1;
    }
    if (range.high > able) range.high = able;
    if (range.low < 1) range.low = 1;
    if (range.high < range.low) range.high = range.low;
    return range;
}

// The likeliest lengths of a sentence, in order, among equals the shorter one first; returns how many.
static int best_lengths(const MaskPredict *m, int sentence, const float *log_p, int *lengths, int most)
{
    const Range range = range_of(m, sentence);
    const int source = m->memory.spans.length[sentence] - 1;
    int count = 0;
    for (int length = range.low; length <= range.high; length++) {
        const float p = log_p[dm_length_class(source, length)];
        if (count == most && !(p > log_p[dm_length_class(source, lengths[most - 1])])) continue;
        int at = count < most ? count++ : most - 1;
        for (; at > 0 && p > log_p[dm_length_class(source, lengths[at - 1])]; at--) lengths[at] = lengths[at - 1];
        lengths[at] = length;
    }
    return count;
}

static Draft new_draft(Arena *arena, int sentence, int length, float of_length)
{
    const size_t n = (size_t)length;
    Draft draft = {sentence,
                   length,
                   of_length,
                   dm_arena_take(arena, n * sizeof(int)),
                   dm_arena_take(arena, n * sizeof(float)),
                   dm_arena_take(arena, n * sizeof(bool)),
                   true};
    for (int i = 0; i < length; i++) draft.is_masked[i] = true;
    return draft;
}

static void choose_lengths(Graph *g, MaskPredict *m)
{
    const int sentences = m->memory.spans.n,
              most = m->job->options->length_beam > 0 ? m->job->options->length_beam : DM_USUAL_LENGTH_BEAM;
    const Tensor *log_p = dm_length_log_probabilities(g, &m->model->output, m->memory.rows, m->memory.spans);
    int *lengths = dm_arena_take(g->arena, (size_t)most * sizeof(int));
    m->first = dm_arena_take(g->arena, ((size_t)sentences + 1) * sizeof(int));
    m->drafts = dm_arena_take(g->arena, (size_t)sentences * (size_t)most * sizeof *m->drafts);
    for (int s = 0; s < sentences; s++) {
        m->first[s] = m->count;
        const int count = best_lengths(m, s, dm_row(log_p, s), lengths, most);
        for (int i = 0; i < count; i++) {
            const int class = dm_length_class(m->memory.spans.length[s] - 1, lengths[i]);
            m->drafts[m->count++] = new_draft(g->arena, s, lengths[i], dm_row(log_p, s)[class]);
        }
    }
    m->first[sentences] = m->count;
}

// ---- A pass ---------------------------------------------------------------------------------------------------------

// What the decoder reads of the drafts that are open: `open` says which.
static Tokens read_by(Arena *arena, const MaskPredict *m, const int *open, int count)
{
    int rows = 0;
    for (int k = 0; k < count; k++) rows += m->drafts[open[k]].length;
    int *lengths = dm_arena_take(arena, (size_t)(count + rows) * sizeof(int)), *at = lengths + count;
    for (int k = 0; k < count; k++) {
        const Draft *draft = &m->drafts[open[k]];
        lengths[k] = draft->length;
        for (int i = 0; i < draft->length; i++) *at++ = draft->is_masked[i] ? m->job->unknown : draft->ids[i];
    }
    return dm_tokens(arena, count, lengths, lengths + count);
}

// The source of each.
static Memory memory_of(Arena *arena, const MaskPredict *m, const int *open, int count)
{
    int *start = dm_arena_take(arena, 2 * (size_t)count * sizeof(int)), *length = start + count;
    for (int k = 0; k < count; k++) {
        start[k] = m->memory.spans.start[m->drafts[open[k]].sentence];
        length[k] = m->memory.spans.length[m->drafts[open[k]].sentence];
    }
    Memory memory = m->memory;
    memory.spans = (Spans){count, start, length};
    return memory;
}

// A target has no end in it, and neither pad nor the mask is a piece of it.
static bool is_banned(const MaskPredict *m, int id)
{
    const Rules rules = {
        .config = &m->model->config, .options = &(dm_translate_options){.min_length = INT_MAX}, .length = INT_MAX};
    return id == m->job->unknown || dm_search_is_banned(&rules, id);
}

static void take_piece(const MaskPredict *m, Draft *draft, int i, const NextPieces *next, int row)
{
    const int *ids = next->ids + row * next->best;
    int k = 0;
    while (k + 1 < next->best && ids[k + 1] >= 0 && is_banned(m, ids[k])) k++;
    const int id = ids[k] >= 0 ? ids[k] : m->job->unknown;  // of what is no number, there is no likeliest piece
    draft->changed = draft->changed || draft->ids[i] != id;
    draft->ids[i] = id;
    draft->said[i] = dm_row(next->logits, row)[k] - next->log_sums[row];
    draft->is_masked[i] = false;
}

// Says what is masked in the drafts that are open.
static void say_masked(Graph *g, const MaskPredict *m, const int *open, int count)
{
    const ArenaMark mark = dm_arena_mark(g->arena);
    const Model *model = m->model;
    const Tokens read = read_by(g->arena, m, open, count);
    const Tensor *const decoded[1] = {model->architecture->decode(g, model, memory_of(g->arena, m, open, count), read)};
    int *rows = dm_arena_take(g->arena, (size_t)read.n * sizeof(int)), masked = 0;
    for (int k = 0, at = 0; k < count; k++)
        for (int i = 0; i < m->drafts[open[k]].length; i++, at++)
            if (m->drafts[open[k]].is_masked[i]) rows[masked++] = at;
    const Decoded features = {.features = dm_collect(g, decoded, 1, rows, masked)};
    const int enough = 4 + model->config.search.bad_word_count, all = model->output.weight.rows;
    const NextPieces next = model->output.kind->next_pieces(g, &model->output, &features, enough < all ? enough : all);
    for (int k = 0, row = 0; k < count; k++) {
        Draft *draft = &m->drafts[open[k]];
        draft->changed = false;
        for (int i = 0; i < draft->length; i++)
            if (draft->is_masked[i]) take_piece(m, draft, i, &next, row++);
    }
    dm_arena_release(g->arena, mark);
}

// Masks those that were said with the least probability, among equals the first ones.
static void mask_least_sure(Draft *draft, int wanted)
{
    for (; wanted > 0; wanted--) {
        int least = -1;
        for (int i = 0; i < draft->length; i++)
            if (!draft->is_masked[i] && (least < 0 || draft->said[i] < draft->said[least])) least = i;
        draft->is_masked[least] = true;
    }
}

// False: stopped.
static bool write_and_correct(Graph *g, MaskPredict *m)
{
    const int iterations = m->job->options->iterations > 0 ? m->job->options->iterations : DM_USUAL_ITERATIONS;
    int *open = dm_arena_take(g->arena, (size_t)m->count * sizeof(int)), count = m->count;
    for (int k = 0; k < count; k++) {
        open[k] = k;
        for (int i = 0; i < m->drafts[k].length; i++) m->drafts[k].ids[i] = -1;
    }
    for (int done = 0; done < iterations && count; done++) {
        if (dm_search_is_stopped(m->job->options)) return false;
        if (done) {
            int going_on = 0;
            for (int k = 0; k < count; k++) {
                Draft *draft = &m->drafts[open[k]];
                const int wanted = (int)((long)draft->length * (iterations - done) / iterations);
                if (!draft->changed || !wanted) continue;
                mask_least_sure(draft, wanted);
                open[going_on++] = open[k];
            }
            count = going_on;
        }
        if (count) say_masked(g, m, open, count);
    }
    return true;
}

// ---- What is found --------------------------------------------------------------------------------------------------

static Hypothesis hypothesis_of(Arena *arena, const MaskPredict *m, const Draft *draft)
{
    const int n = draft->length;
    Hypothesis h = {.ids = draft->ids,
                    .piece_scores = dm_arena_take(arena, ((size_t)n + 1) * sizeof(double)),
                    .count = n,
                    .pieces = n + 1};
    for (int i = 0; i <= n; i++)
        h.log_probability += h.piece_scores[i] = (double)(i < n ? draft->said[i] : draft->of_length);
    h.score = h.log_probability / pow(h.pieces, m->job->options->normalize);
    return h;
}

// The best ones first; of equals the likelier length.
static Found found_of(Arena *arena, const MaskPredict *m, int sentence)
{
    const int first = m->first[sentence], all = m->first[sentence + 1] - first, asked = m->job->options->n_best;
    Hypothesis *best = dm_arena_take(arena, (size_t)all * sizeof *best);
    for (int k = 0; k < all; k++) {
        const Hypothesis h = hypothesis_of(arena, m, &m->drafts[first + k]);
        int at = k;
        for (; at > 0 && h.score > best[at - 1].score; at--) best[at] = best[at - 1];
        best[at] = h;
    }
    return (Found){asked < 1 ? 1 : asked < all ? asked : all, best};
}

static bool run(Graph *g, const SearchJob *job, Found *found)
{
    MaskPredict m = {.job = job, .model = job->models[0]};
    m.memory = m.model->architecture->encode(g, m.model, job->source);
    choose_lengths(g, &m);
    if (!write_and_correct(g, &m)) return false;
    for (int i = 0; i < job->source.spans.n; i++) found[i] = found_of(g->arena, &m, i);
    return true;
}

static bool is_wanted(const SearchJob *job)
{
    return job->models && job->models[0]->architecture->writing(&job->models[0]->config) == DM_IN_ANY_ORDER;
}

const Strategy dm_mask_predict_strategy = {"mask-predict", is_wanted, run};
