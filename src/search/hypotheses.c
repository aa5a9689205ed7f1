// Sentences that are decoded piece by piece: limits, forced pieces, and the hypotheses that have ended.
#include "search/hypotheses.h"

#include <limits.h>
#include <math.h>

// Room for hypotheses that ended, in widths. Where the search ends once `width` of them have: at most `width` end at a
// step, before it there were less, and at the limit the open ones come on top.
enum { ENDS = 3 };

// ---- The beginning and the end that a sentence has to have ----------------------------------------------------------

// What the folder has every translation begin with, where the prefix does not begin so itself.
static int pieces_before_prefix(const SearchJob *job, int sentence)
{
    const SearchDefaults *d = &job->models[0]->config.search;
    const Ids *prefix = job->prefixes ? &job->prefixes[sentence] : NULL;
    return d->says_first && !(prefix && prefix->count && prefix->id[0] == d->first);
}

static int prefix_length(const SearchJob *job, int sentence)
{
    return (job->prefixes ? job->prefixes[sentence].count : 0) + pieces_before_prefix(job, sentence);
}

// What all of the models can write, and after it read with an end of sentence behind it; behind a text what its places
// leave.
static int most_pieces(const SearchJob *job, int sentence)
{
    int most = INT_MAX;
    for (int m = 0; m < job->model_count; m++) {
        const Model *model = job->models[m];
        const int longest = model->architecture->longest(&model->config);
        if (longest < most) most = longest;
    }
    return most - (dm_search_goes_on(job) ? dm_search_behind(job, sentence) : 1);
}

static void set_limit(const SearchJob *job, Sentence *sentence)
{
    const dm_translate_options *o = job->options;
    const SearchDefaults *d = &job->models[0]->config.search;
    if (job->limits) {
        sentence->limit = job->limits[sentence->index];
        return;
    }
    const bool own = o->max_length <= 0, alone = dm_search_goes_on(job);
    const int most = own ? d->max_length : o->max_length, prefix = prefix_length(job, sentence->index),
              able = most_pieces(job, sentence->index);
    double limit = alone ? INT_MAX : ceil(o->max_length_factor * job->source.spans.length[sentence->index]) + 10;
    if (limit < prefix + 10) limit = prefix + 10;
    if (limit < o->min_length) limit = o->min_length;
    sentence->ends_there = own && d->ends_at_limit && most > 0 && limit >= most && !alone;
    if (most > 0 && limit > most) limit = most;
    if (o->length_high) {
        limit = o->length_high + 1;
        sentence->ends_there = true;
    }
    if (limit > able) {
        limit = able;
        sentence->ends_there = false;
    }
    sentence->limit = limit < 1 ? 1 : limit > INT_MAX / 2 ? INT_MAX / 2 : (int)limit;
}

Sentence dm_sentence_begin(Arena *arena, const SearchJob *job, int index, int width)
{
    Sentence sentence = {
        .index = index, .width = width, .ends = dm_arena_take(arena, ENDS * (size_t)width * sizeof(Ended))};
    set_limit(job, &sentence);
    return sentence;
}

Forced dm_sentence_forced(const SearchJob *job, const Sentence *sentence, int length)
{
    const ModelConfig *config = &job->models[0]->config;
    const SearchDefaults *d = &config->search;
    const int before = pieces_before_prefix(job, sentence->index);
    // By --length, what the model says of the end counts, as of any piece; that of the folder is certain, as
    // transformers has it.
    if (sentence->ends_there && length == sentence->limit) return (Forced){config->eos, !job->options->length_high};
    if (length == 1 && d->says_first) return (Forced){d->first, true};
    if (length > prefix_length(job, sentence->index)) return (Forced){-1, false};
    return (Forced){job->prefixes[sentence->index].id[length - 1 - before], false};
}

bool dm_search_ends(const SearchJob *job, int id)
{
    bool stops = id == job->models[0]->config.eos;
    for (int i = 0; i < job->stop_count && !stops; i++) stops = id == job->stops[i];
    return stops;
}

// ---- Hypotheses that have ended -------------------------------------------------------------------------------------

double dm_search_score(const SearchJob *job, double total, int pieces)
{
    return pieces ? total / pow(pieces, job->options->normalize) : total;
}

// They are in order of the scores, the earlier one first where these are equal. The worst goes where there is no room.
void dm_sentence_end(const SearchJob *job, Sentence *sentence, Ended ended)
{
    ended.score = dm_search_score(job, ended.total, ended.pieces);
    int at = sentence->ended;
    if (at < ENDS * sentence->width)
        sentence->ended++;
    else if (!(sentence->ends[--at].score < ended.score))
        return;
    for (; at > 0 && sentence->ends[at - 1].score < ended.score; at--) sentence->ends[at] = sentence->ends[at - 1];
    sentence->ends[at] = ended;
}

static Hypothesis written_out(Arena *arena, const Ended *ended, int eos)
{
    const int count = ended->count;
    Hypothesis h = {.ids = dm_arena_take(arena, ((size_t)count + 1) * sizeof(int)),
                    .piece_scores = dm_arena_take(arena, (size_t)ended->pieces * sizeof(double)),
                    .count = count,
                    .pieces = ended->pieces,
                    .log_probability = ended->total,
                    .score = ended->score,
                    .drafted = ended->drafted};
    dm_search_history(h.ids, ended->end, count);
    const Node *node = ended->end;
    for (int i = count; i-- > 0; node = node->parent) h.piece_scores[i] = (double)node->log_probability;
    if (h.pieces == count) return h;
    h.piece_scores[count] = (double)ended->last;
    if (ended->id != eos) h.ids[h.count++] = ended->id;
    return h;
}

Found dm_sentence_found(Arena *arena, const SearchJob *job, const Sentence *sentence)
{
    const dm_translate_options *options = job->options;
    int wanted = options->n_best > 1 ? options->n_best : 1;
    if (options->coverage_penalty != 0 || wanted > sentence->ended) wanted = sentence->ended;
    Found found = {wanted, dm_arena_take(arena, (size_t)wanted * sizeof(Hypothesis))};
    for (int i = 0; i < wanted; i++) found.best[i] = written_out(arena, &sentence->ends[i], job->models[0]->config.eos);
    return found;
}
