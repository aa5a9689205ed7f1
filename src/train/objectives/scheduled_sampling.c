// Scheduled sampling: what the decoder reads is less and less the reference, and more and more what the model itself
// would have written, so that it learns to go on from its own mistakes (Bengio et al. 2015, "Scheduled sampling for
// sequence prediction with recurrent neural networks"). For each piece a coin decides, which falls on the reference
// with a probability that decays in the course of training. The model is asked beforehand, without dropout, and nothing
// flows back through what it said:
//   piece by piece, as it would write, the reference coming in where the coin says so: as in the paper; or
//   for all pieces at once, by a pass that reads the reference, and further passes that read what the one before has
//   made of it (Mihaylova and Martins 2019; Duckworth et al. 2019, "Parallel scheduled sampling"). As the coins are the
//   same in all passes, so many as a sentence has pieces come to what is read piece by piece.
#include "train/objectives/scheduled_sampling.h"

#include <math.h>
#include <string.h>

#include "train/objectives/objective.h"

enum { COINS = 0x636F696E, DRAWS = 0x64726177 };  // random streams, beyond the ops of any graph
enum { MIXED = 5 };                               // pieces of a mixture: Mihaylova and Martins, section 3, take 5

// ---- How the reference fades (Bengio et al. 2015, section 2.4) ------------------------------------------------------

static double linear(const double k[3], double update)
{
    return fmax(k[2], k[0] - k[1] * update);
}

static double exponential(const double k[3], double update)
{
    return pow(k[0], update);
}

static double inverse_sigmoid(const double k[3], double update)
{
    return k[0] / (k[0] + exp(update / k[0]));
}

static const struct Decay {
    Choice choice;
    double (*share)(const double k[3], double update);
    int constants;
    const char *usual[3];
} decays[] = {
    {{"inverse-sigmoid", "K / (K + e^(i / K)), half at i = K ln K (500)"}, inverse_sigmoid, 1, {"500"}},
    {{"linear", "K - C i, but LEAST at least (1 0.0002 0.5)"}, linear, 3, {"1", "0.0002", "0.5"}},
    {{"exponential", "K^i (0.9998)"}, exponential, 1, {"0.9998"}},
    {.choice = {NULL, NULL}},
};

Choice dm_sampling_decay_choice(int index)
{
    return decays[index].choice;
}

static const Choice sources[] = {
    {"best", "its best piece"},
    {"drawn", "a piece drawn from all that it says"},
    {"mixed",
     "the mean of the embeddings of its five best pieces, weighted by their probabilities (Mihaylova and Martins "
     "2019)"},
    {NULL, NULL},
};

Choice dm_sampled_from_choice(int index)
{
    return sources[index];
}

double dm_sampling_share(const ScheduledSampling *s, double update)
{
    return fmin(1, fmax(0, decays[s->decay].share(s->constants, update)));
}

// ---- What the model says --------------------------------------------------------------------------------------------

typedef struct Asking {
    Graph *g;  // a copy that records nothing, without dropout
    const Model *model;
    const ScheduledSampling *how;
    const bool *gold;     // [rows] the coin of each piece that is read
    const double *draws;  // [rows] from [0, 1)
    const Tokens *read;   // of the reference
} Asking;

static int drawn(const float *log_probabilities, int n, double draw)
{
    double sum = 0;
    int last = 0;
    for (int v = 0; v < n; v++) {
        const double p = exp((double)log_probabilities[v]);
        if (p > 0) last = v;
        if ((sum += p) > draw) return v;
    }
    return last;  // the sum may round to less than 1
}

// pieces [features->rows]: what comes after each row, whose draw is that of rows[i]
static void say(const Asking *a, const Tensor *features, const int *rows, int *pieces)
{
    const OutputLayer *output = &a->model->output;
    const ArenaMark mark = dm_arena_mark(a->g->arena);
    if (a->how->from == DM_SAMPLED_DRAWN) {
        const Tensor *all = output->kind->log_probabilities(a->g, output, &(Decoded){.features = features});
        for (int i = 0; i < features->rows; i++) pieces[i] = drawn(dm_row(all, i), all->cols, a->draws[rows[i]]);
    } else {
        const NextPieces next = output->kind->next_pieces(a->g, output, &(Decoded){.features = features}, 1);
        memcpy(pieces, next.ids, (size_t)features->rows * sizeof(int));
    }
    dm_arena_release(a->g->arena, mark);
}

// ids [rows] of what is read piece by piece, every sequence as long as the reference's.
static void write_along(const Asking *a, Memory memory, int *ids)
{
    const Architecture *architecture = a->model->architecture;
    const Spans spans = a->read->spans;
    Arena *arena = a->g->arena;
    const size_t count = (size_t)spans.n;
    int *sequence = dm_arena_take(arena, 5 * count * sizeof(int)), *from = sequence + count, *row = from + count,
        *now = row + count, *said = now + count;
    for (int i = 0; i < spans.n; i++) {
        sequence[i] = i;
        row[i] = spans.start[i];
        now[i] = ids[row[i]];
    }
    SearchState *state = architecture->start(a->g, a->model, memory, 1);
    for (int place = 1, open = spans.n;; place++) {
        const ArenaMark mark = dm_arena_mark(arena);
        say(a, architecture->extend(a->g, state, now, NULL), row, said);
        dm_arena_release(arena, mark);
        int going_on = 0;
        for (int i = 0; i < open; i++) {
            const int s = sequence[i], next = spans.start[s] + place;
            if (place == spans.length[s]) continue;
            if (!a->gold[next]) ids[next] = said[i];
            from[going_on] = i;
            sequence[going_on] = s;
            row[going_on] = next;
            now[going_on++] = ids[next];
        }
        open = going_on;
        if (!open) break;
        architecture->keep(state, from, NULL, open, 1);
    }
    architecture->finish(state);
}

// The same by a pass over all that is read as it is now.
static void write_at_once(const Asking *a, Memory memory, int *ids)
{
    Tokens now = *a->read;
    now.ids = ids;
    const ArenaMark mark = dm_arena_mark(a->g->arena);
    int *said = dm_arena_take(a->g->arena, 2 * (size_t)now.n * sizeof(int)), *rows = said + now.n;
    for (int i = 0; i < now.n; i++) rows[i] = i;
    say(a, a->model->architecture->decode(a->g, a->model, memory, now), rows, said);
    for (int i = 0; i < now.n; i++)
        if (!a->gold[i]) ids[i] = said[i - 1];
    dm_arena_release(a->g->arena, mark);
}

// What the pieces would be that stand in the place of each, and their shares; of the reference itself, all of it.
static const Mixture *mix(const Asking *a, Memory memory, const int *ids)
{
    Tokens now = *a->read;
    now.ids = ids;
    const OutputLayer *output = &a->model->output;
    const size_t room = (size_t)now.n * MIXED;
    Mixture *mixture = dm_arena_take(a->g->arena, sizeof *mixture);
    int *pieces = dm_arena_take(a->g->arena, room * sizeof(int));
    float *shares = dm_arena_take(a->g->arena, room * sizeof(float));
    const Tensor *features = a->model->architecture->decode(a->g, a->model, memory, now);
    const NextPieces next = output->kind->next_pieces(a->g, output, &(Decoded){.features = features}, MIXED);
    for (int i = 0; i < now.n; i++) {
        const float *logits = a->gold[i] ? NULL : dm_row(next.logits, i - 1);
        double sum = 0;
        for (int k = 0; k < MIXED && logits; k++) sum += exp((double)(logits[k] - logits[0]));
        for (int k = 0; k < MIXED; k++) {
            const int piece = logits ? next.ids[(i - 1) * MIXED + k] : ids[i];
            pieces[i * MIXED + k] = piece < 0 ? ids[i] : piece;
            shares[i * MIXED + k] = logits ? (float)(exp((double)(logits[k] - logits[0])) / sum) : k == 0;
        }
    }
    *mixture = (Mixture){MIXED, pieces, shares};
    return mixture;
}

// ---- The objective --------------------------------------------------------------------------------------------------

// What is to be read instead of the reference.
static Tokens mixed_with_own(const ShardRun *shard, Graph *g)
{
    const Tokens read = shard->example->read;
    const ScheduledSampling *how = shard->sampling;
    const Architecture *architecture = shard->model->architecture;
    const double share = dm_sampling_share(how, g->update);
    Random coins = dm_random(g->seed, g->update, g->shard, COINS),
           draws = dm_random(g->seed, g->update, g->shard, DRAWS);
    int *ids = dm_arena_take(g->arena, (size_t)read.n * sizeof(int));
    bool *gold = dm_arena_take(g->arena, (size_t)read.n * sizeof(bool)), all = true;
    double *drawn_at = dm_arena_take(g->arena, (size_t)read.n * sizeof(double));
    memcpy(ids, read.ids, (size_t)read.n * sizeof(int));
    for (int i = 0; i < read.n; i++) {
        gold[i] = dm_random_uniform(&coins) < share || read.positions[i] == 0;
        drawn_at[i] = dm_random_uniform(&draws);
        all = all && gold[i];
    }
    Tokens mixed = read;
    mixed.ids = ids;
    if (all) return mixed;
    Graph copy = *g;
    copy.recording = false;
    dm_drop_nothing(&copy);
    copy.routes = NULL;
    const Asking asking = {&copy, shard->model, how, gold, drawn_at, &read};
    const Memory memory = architecture->encode(&copy, shard->model, shard->example->source);
    if (!how->passes) write_along(&asking, memory, ids);
    for (int pass = 0; pass < how->passes - (how->from == DM_SAMPLED_MIXED); pass++)
        write_at_once(&asking, memory, ids);
    if (how->from == DM_SAMPLED_MIXED) mixed.mixture = mix(&asking, memory, ids);
    return mixed;
}

static Loss run(const ShardRun *shard)
{
    if (!shard->graph->recording) return dm_teacher_forcing.run(shard);
    Example example = *shard->example;
    example.read = mixed_with_own(shard, shard->graph);
    ShardRun mixed = *shard;
    mixed.example = &example;
    return dm_teacher_forcing.run(&mixed);
}

const Objective dm_scheduled_sampling = {
    .name = "scheduled-sampling",
    .about = "the decoder reads its own pieces among those of the reference, and more of them from update to update "
             "(Bengio et al. 2015)",
    .run = run};

// ---- The options ----------------------------------------------------------------------------------------------------

static Status read_constants(ScheduledSampling *s, dm_options *o, Error *error)
{
    static const char name[] = "sampling-constants";
    const struct Decay *decay = &decays[s->decay];
    if (!dm_options_count(o, name)) {
        Status status = dm_options_set(o, name, decay->constants, decay->usual, error);
        if (status) return status;
    }
    const int count = dm_options_count(o, name);
    if (count != decay->constants)
        return dm_misuse(error, "--sampling-constants has %d number%s, but --sampling-decay %s needs %d: see --help",
                         count, dm_plural((size_t)count), decay->choice.name, decay->constants);
    for (int i = 0; i < count; i++) s->constants[i] = dm_option_number(dm_options_text(o, name, i));
    if (s->constants[0] <= 0)
        return dm_misuse(error, "--sampling-constants begins with %g, but --sampling-decay %s needs more than 0",
                         s->constants[0], decay->choice.name);
    return DM_OK;
}

Status dm_sampling_of_options(ScheduledSampling *s, dm_options *o, Error *error)
{
    *s = (ScheduledSampling){0};
    if (strcmp(dm_options_text(o, "objective", 0), dm_scheduled_sampling.name) != 0) return DM_OK;
    s->decay = dm_chosen(dm_sampling_decay_choice, dm_options_text(o, "sampling-decay", 0));
    s->from = (SampledFrom)dm_chosen(dm_sampled_from_choice, dm_options_text(o, "sampling-from", 0));
    s->passes = (int)dm_options_number(o, "sampling-passes");
    if (s->from == DM_SAMPLED_MIXED && !s->passes)
        return dm_misuse(error,
                         "--sampling-from mixed needs --sampling-passes 1 or more: piece by piece, pieces are read");
    return read_constants(s, o, error);
}
