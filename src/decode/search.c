// Search: beam search over whatever the architecture's step says. One step serves the open hypotheses of all sentences
// of the batch; a sentence that is done leaves the batch. A hypothesis' history is a chain of nodes, never copied.
#include "decode/search.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { BLOCK = 64 };  // log probabilities that are compared with the threshold at once

typedef struct Node Node;
struct Node {
    const Node *parent;  // NULL: the first piece
    int id;
};

// The search of one sentence: its open hypotheses are the slots first ... first + open - 1.
typedef struct Beam {
    int first, open;
    int finished, limit;
    Hypothesis best;  // of those that are finished, ids not yet written out
    const Node *best_end;
} Beam;

// What is known of every open hypothesis: its last node (NULL at the start), its log probability, its last id.
typedef struct Slots {
    const Node **end;
    double *total;
    int *id;
} Slots;

typedef struct Candidate {
    double total;
    int slot, id;
} Candidate;

typedef struct Search {
    const Model *model;
    const SearchOptions *options;
    int length;  // pieces of a hypothesis after this step
    Slots now, next;
    int *from, taken;       // slot i of the next step goes on from slot from[i]; how many there are
    Node *nodes;            // of this step: room for [open sentences * beam], ...
    int made;               // ... so many in use; one may outlive its slot, as the end of a finished hypothesis
    Candidate *candidates;  // [2 * beam]
} Search;

static Slots new_slots(Arena *arena, int n)
{
    size_t count = (size_t)n;
    return (Slots){dm_arena_take(arena, count * sizeof(Node *)), dm_arena_take(arena, count * sizeof(double)),
                   dm_arena_take(arena, count * sizeof(int))};
}

static int length_limit(const SearchOptions *options, int source_pieces)
{
    double limit = ceil(options->max_length_factor * source_pieces) + 10;
    if (options->max_length > 0 && limit > options->max_length) limit = options->max_length;
    return limit < 1 ? 1 : limit > INT_MAX / 2 ? INT_MAX / 2 : (int)limit;
}

static void forbid_id(const Tensor *log_probabilities, int id)
{
    if (id < 0 || id >= log_probabilities->cols) return;
    for (int row = 0; row < log_probabilities->rows; row++) dm_row(log_probabilities, row)[id] = -INFINITY;
}

// Pad and the configuration's bad words are out of the question, whatever the model thinks of them.
static void forbid(const Tensor *log_probabilities, const ModelConfig *config)
{
    forbid_id(log_probabilities, config->pad);
    for (int i = 0; i < config->bad_word_count; i++) forbid_id(log_probabilities, config->bad_words[i]);
}

static bool any_above(const float *p, int n, float threshold)
{
    int any = 0;
    for (int i = 0; i < n; i++) any |= p[i] > threshold;
    return any;
}

// The `room` best continuations of a sentence, in order: most log probability, then lower slot, then lower id, which is
// the order they are met in. What has probability zero, or none at all (NaN), is no continuation. Nearly every block of
// log probabilities lies below the worst one kept and is passed over by one comparison without branches.
static int best_continuations(const Beam *beam, const double *total, const Tensor *log_probabilities, int room,
                              Candidate *best)
{
    int n = 0;
    for (int slot = beam->first; slot < beam->first + beam->open; slot++) {
        const float *row = dm_row(log_probabilities, slot);
        for (int from = 0; from < log_probabilities->cols; from += BLOCK) {
            int to = from + BLOCK < log_probabilities->cols ? from + BLOCK : log_probabilities->cols;
            if (n == room) {
                double gap = best[n - 1].total - total[slot];
                float below = (float)(gap - 1e-6 * (1 + fabs(gap)));  // room for rounding: the comparison below decides
                if (!any_above(row + from, to - from, below)) continue;
            }
            for (int id = from; id < to; id++) {
                double sum = total[slot] + (double)row[id];
                if (!(sum > (n < room ? -INFINITY : best[n - 1].total))) continue;
                int at = n < room ? n++ : n - 1;
                for (; at > 0 && best[at - 1].total < sum; at--) best[at] = best[at - 1];
                best[at] = (Candidate){sum, slot, id};
            }
        }
    }
    return n;
}

static void end_hypothesis(const SearchOptions *options, Beam *beam, const Node *end, int count, int pieces,
                           double total)
{
    double score = pieces ? total / pow(pieces, options->normalize) : total;
    if (!beam->finished++ || score > beam->best.score) {
        beam->best = (Hypothesis){NULL, count, pieces, total, score};
        beam->best_end = end;
    }
}

// Takes the sentence one piece further; its open hypotheses move to the next free slots. False: it is done.
static bool advance(Search *s, Beam *beam, const Tensor *log_probabilities)
{
    int size = s->options->beam_size, eos = s->model->config.eos, first = s->taken;
    int n = best_continuations(beam, s->now.total, log_probabilities, 2 * size, s->candidates);
    for (int i = 0; i < n; i++) {
        const Candidate *c = &s->candidates[i];
        if (c->id == eos) {
            if (i < size) end_hypothesis(s->options, beam, s->now.end[c->slot], s->length - 1, s->length, c->total);
        } else if (s->taken - first < size) {
            Node *node = &s->nodes[s->made++];
            *node = (Node){s->now.end[c->slot], c->id};
            s->next.end[s->taken] = node;
            s->next.total[s->taken] = c->total;
            s->next.id[s->taken] = c->id;
            s->from[s->taken++] = c->slot;
        }
    }
    int open = s->taken - first;
    if (beam->finished < size && open && s->length < beam->limit) {
        beam->first = first;
        beam->open = open;
        return true;
    }
    if (beam->finished < size)  // the limit: the open ones end as they are
        for (int i = first; i < s->taken; i++)
            end_hypothesis(s->options, beam, s->next.end[i], s->length, s->length, s->next.total[i]);
    if (!beam->finished)  // nothing could follow: what there was ends as it is
        for (int i = beam->first; i < beam->first + beam->open; i++)
            end_hypothesis(s->options, beam, s->now.end[i], s->length - 1, s->length - 1, s->now.total[i]);
    s->taken = first;
    return false;
}

static Hypothesis written_out(Arena *arena, const Beam *beam)
{
    Hypothesis h = beam->best;
    h.ids = dm_arena_take(arena, (size_t)h.count * sizeof(int));
    const Node *node = beam->best_end;
    for (int i = h.count; i-- > 0; node = node->parent) h.ids[i] = node->id;
    return h;
}

void dm_search(Graph *g, const Model *model, Tokens source, const SearchOptions *options, Hypothesis *hypotheses)
{
    int open = source.spans.n, size = options->beam_size;
    if (!open) return;
    const Architecture *architecture = model->architecture;
    Memory memory = architecture->encode(g, model, source);
    SearchState *state = architecture->start(g, model, memory);

    size_t slots = (size_t)open * (size_t)size;
    Search s = {.model = model,
                .options = options,
                .now = new_slots(g->arena, (int)slots),
                .next = new_slots(g->arena, (int)slots),
                .from = dm_arena_take(g->arena, slots * sizeof(int)),
                .candidates = dm_arena_take(g->arena, 2 * (size_t)size * sizeof(Candidate))};
    Beam *beams = dm_arena_take(g->arena, (size_t)open * sizeof(Beam));
    int *alive = dm_arena_take(g->arena, (size_t)open * sizeof(int));  // sentences that are not done
    for (int i = 0; i < open; i++) {
        beams[i] = (Beam){.first = i, .open = 1, .limit = length_limit(options, source.spans.length[i])};
        alive[i] = i;
        s.now.end[i] = NULL;
        s.now.total[i] = 0;
        s.now.id[i] = model->config.decoder_start;
    }
    while (open) {
        s.length++;
        s.taken = s.made = 0;
        s.nodes = dm_arena_take(g->arena, (size_t)open * (size_t)size * sizeof(Node));  // before the mark: they stay
        ArenaMark mark = dm_arena_mark(g->arena);
        const Tensor *features = architecture->step(g, state, s.now.id);
        const Tensor *log_probabilities = dm_log_probabilities(g, features, model->output, model->output_bias);
        forbid(log_probabilities, &model->config);
        int going_on = 0;
        for (int i = 0; i < open; i++)
            if (advance(&s, &beams[alive[i]], log_probabilities)) alive[going_on++] = alive[i];
        open = going_on;
        dm_arena_release(g->arena, mark);
        Slots spent = s.now;
        s.now = s.next;
        s.next = spent;
        if (open) architecture->reorder(state, s.from, s.taken);
    }
    architecture->finish(state);
    for (int i = 0; i < source.spans.n; i++) hypotheses[i] = written_out(g->arena, &beams[i]);
}
