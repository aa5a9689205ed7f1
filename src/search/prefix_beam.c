// Prefix beam search (Graves 2012, "Supervised sequence labelling with recurrent neural networks", section 7.5; Hannun
// et al. 2014, "First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs"), for
// models that write all at once: row by row the texts so far that are the most probable, each by the sum over all paths
// that come to it. With b for paths that end in a blank and p for those that end in the last piece y of a text, row t
// makes
//   b' = (b + p) p_t(blank),   p' = p p_t(y),   and of text c: += (b + [c is not y] p) p_t(c)
// A text is a node, and the same text the same node, however it left the beam and came back.
//
// What is said of a text that was found is exact, whatever the beam has left out: log P of the text, and of each piece
// log P that it comes next where a text begins with those before it (of the end: that nothing does), which add up to
// that. Texts of one source all have the same rows, so that none is divided by its length.
#include <math.h>
#include <string.h>

#include "search/search_parts.h"

typedef struct Text Text;
struct Text {
    Text *before;        // without its last piece; NULL: it is empty
    Text *first, *next;  // those of one piece more, and the next one of the text before
    int id, count;
};

// Logarithms throughout.
typedef struct Entry {
    Text *text;
    double blank, piece;  // of the paths that end so
    double total;
    const struct Entry *from;  // of a text that is not in the beam yet: whose it becomes by `id`
    int id;
} Entry;

typedef struct PrefixBeam {
    Arena *arena;
    const Tensor *rows;  // [rows, vocabulary] log p_t
    int blank, last, width, pieces;
    Entry *now, *next;  // [width] ...
    int count;          // ... of now
    int *best;          // [width + 1] the likeliest pieces of a row
} PrefixBeam;

static double log_add(double a, double b)
{
    const double most = fmax(a, b);
    return most == -INFINITY ? most : most + log(exp(a - most) + exp(b - most));
}

static float said(const PrefixBeam *b, int row, int id)
{
    return dm_row(b->rows, row)[id];
}

static int last_piece(const Text *text)
{
    return text->before ? text->id : -1;
}

static Text *text_of(PrefixBeam *b, Text *before, int id)
{
    Text *text = before->first;
    while (text && text->id != id) text = text->next;
    if (text) return text;
    text = dm_arena_take(b->arena, sizeof *text);
    *text = (Text){.before = before, .next = before->first, .id = id, .count = before->count + 1};
    return before->first = text;
}

// What entry `from` adds to the text of one piece more.
static double added(const PrefixBeam *b, const Entry *from, int row, int id)
{
    const double ending = id == last_piece(from->text) ? from->blank : log_add(from->blank, from->piece);
    return ending + (double)said(b, row, id);
}

// The width + 1 likeliest pieces of a row: of any text no more than these can become one of the best of the next row.
static void find_best(PrefixBeam *b, int row)
{
    b->pieces = 0;
    for (int id = 0; id < b->rows->cols; id++) {
        if (id == b->blank || !(said(b, row, id) > -INFINITY)) continue;
        int at = b->pieces;
        if (at == b->width + 1 && !(said(b, row, id) > said(b, row, b->best[--at]))) continue;
        for (; at > 0 && said(b, row, b->best[at - 1]) < said(b, row, id); at--) b->best[at] = b->best[at - 1];
        b->best[at] = id;
        if (b->pieces <= b->width) b->pieces++;
    }
}

// In order: the more probable, then the one that came first.
static void keep(const PrefixBeam *b, const Entry *entry, int *count)
{
    int at = *count;
    if (!(entry->total > -INFINITY)) return;
    if (at == b->width && !(entry->total > b->next[--at].total)) return;
    for (; at > 0 && b->next[at - 1].total < entry->total; at--) b->next[at] = b->next[at - 1];
    b->next[at] = *entry;
    if (*count < b->width) ++*count;
}

static bool is_in_beam(const PrefixBeam *b, const Text *before, int id)
{
    for (int i = 0; i < b->count; i++)
        if (b->now[i].text->before == before && b->now[i].text->id == id) return true;
    return false;
}

static void read_row(PrefixBeam *b, int row)
{
    int count = 0;
    find_best(b, row);
    for (int i = 0; i < b->count; i++) {
        const Entry *e = &b->now[i];
        const int last = last_piece(e->text);
        Entry stays = {.text = e->text,
                       .blank = log_add(e->blank, e->piece) + (double)said(b, row, b->blank),
                       .piece = last < 0 ? -INFINITY : e->piece + (double)said(b, row, last)};
        for (int j = 0; j < b->count && last >= 0; j++)
            if (b->now[j].text == e->text->before) stays.piece = log_add(stays.piece, added(b, &b->now[j], row, last));
        stays.total = log_add(stays.blank, stays.piece);
        keep(b, &stays, &count);
        for (int k = 0; k < b->pieces; k++) {
            if (is_in_beam(b, e->text, b->best[k])) continue;
            const double comes = added(b, e, row, b->best[k]);
            keep(b, &(Entry){.blank = -INFINITY, .piece = comes, .total = comes, .from = e, .id = b->best[k]}, &count);
        }
    }
    for (int i = 0; i < count; i++)
        if (b->next[i].from) b->next[i].text = text_of(b, b->next[i].from->text, b->next[i].id);
    Entry *const spent = b->now;
    b->now = b->next, b->next = spent, b->count = count;
    for (int i = 0; i < count; i++) b->now[i].from = NULL;
}

// ---- What is said of a text ----------------------------------------------------------------------------------------

// One piece more: what the paths to it are worth after each row, and the probability that a text begins so.
static double go_on(const PrefixBeam *b, double *blank, double *piece, int id, int last)
{
    double begins = -INFINITY, before = last < 0 ? 0 : -INFINITY, own_blank = -INFINITY, own_piece = -INFINITY;
    for (int t = 0; t < b->last; t++) {
        const double comes = before + (double)said(b, t, id), ending = log_add(own_blank, own_piece);
        before = id == last ? blank[t] : log_add(blank[t], piece[t]);
        begins = log_add(begins, comes);
        own_piece = log_add(comes, own_piece + (double)said(b, t, id));
        own_blank = ending + (double)said(b, t, b->blank);
        blank[t] = own_blank, piece[t] = own_piece;
    }
    return begins;
}

static Hypothesis written_out(PrefixBeam *b, const Text *text)
{
    const int count = text->count, rows = b->last;
    Hypothesis h = {.ids = dm_arena_take(b->arena, ((size_t)count + 1) * sizeof(int)),
                    .piece_scores = dm_arena_take(b->arena, ((size_t)count + 1) * sizeof(double)),
                    .count = count,
                    .pieces = count + 1};
    double *blank = dm_arena_take(b->arena, 2 * (size_t)rows * sizeof(double)), *piece = blank + rows, so_far = 0;
    for (int i = count; i-- > 0; text = text->before) h.ids[i] = text->id;
    for (int t = 0; t < rows; t++) {
        blank[t] = (t ? blank[t - 1] : 0) + (double)said(b, t, b->blank);
        piece[t] = -INFINITY;
    }
    for (int i = 0; i < count; i++) {
        const double begins = go_on(b, blank, piece, h.ids[i], i ? h.ids[i - 1] : -1);
        h.piece_scores[i] = begins - so_far;
        so_far = begins;
    }
    h.log_probability = h.score = rows ? log_add(blank[rows - 1], piece[rows - 1]) : 0;
    h.piece_scores[count] = h.log_probability - so_far;
    return h;
}

static Found found_of(PrefixBeam *b, int wanted)
{
    Found found = {0, dm_arena_take(b->arena, (size_t)b->count * sizeof(Hypothesis))};
    for (int i = 0; i < b->count; i++) {
        const Hypothesis h = written_out(b, b->now[i].text);
        int at = found.count++;
        for (; at > 0 && found.best[at - 1].score < h.score; at--) found.best[at] = found.best[at - 1];
        found.best[at] = h;
    }
    if (found.count > wanted) found.count = wanted;
    return found;
}

// ---- A batch --------------------------------------------------------------------------------------------------------

// log p_t of the rows of a sentence, in which nothing is said that search may not take.
static const Tensor *rows_of(Graph *g, const SearchJob *job, const Tensor *features, int first, int count)
{
    const Model *model = job->models[0];
    const Rules rules = {.config = &model->config, .options = &(dm_translate_options){0}, .length = 2};
    int *order = dm_arena_take(g->arena, (size_t)count * sizeof(int));
    for (int i = 0; i < count; i++) order[i] = first + i;
    const Decoded decoded = {.features = dm_collect(g, &features, 1, order, count)};
    Tensor *rows = model->output.kind->log_probabilities(g, &model->output, &decoded);
    for (int id = 0; id < rows->cols; id++)
        if (id != model->output.blank && dm_search_is_banned(&rules, id))
            for (int i = 0; i < count; i++) dm_row(rows, i)[id] = -INFINITY;
    return rows;
}

static Found search_sentence(Graph *g, const SearchJob *job, const Tensor *features, int first, int count)
{
    const dm_translate_options *o = job->options;
    const size_t width = (size_t)o->beam_size;
    Arena *arena = g->arena;
    Text *empty = dm_arena_take(arena, sizeof *empty);
    *empty = (Text){0};
    PrefixBeam b = {.arena = arena,
                    .rows = rows_of(g, job, features, first, count),
                    .blank = job->models[0]->output.blank,
                    .last = count,
                    .width = o->beam_size,
                    .now = dm_arena_take(arena, 2 * width * sizeof(Entry)),
                    .best = dm_arena_take(arena, (width + 1) * sizeof(int)),
                    .count = 1};
    b.next = b.now + width;
    b.now[0] = (Entry){.text = empty, .blank = 0, .piece = -INFINITY, .total = 0};
    for (int t = 0; t < count && b.count; t++) read_row(&b, t);
    if (!b.count) b.now[0] = (Entry){.text = empty}, b.count = 1;  // of what is no number, nothing is likely
    return found_of(&b, o->n_best > 1 ? o->n_best : 1);
}

static bool run(Graph *g, const SearchJob *job, Found *found)
{
    const Model *model = job->models[0];
    const Architecture *a = model->architecture;
    const Memory memory = a->encode(g, model, job->source);
    const Tokens places = dm_places_at_once(g->arena, &model->config, memory.spans);
    const Tensor *features = a->decode(g, model, memory, places);
    for (int s = 0; s < places.spans.n; s++) {
        if (dm_search_is_stopped(job->options)) return false;
        found[s] = search_sentence(g, job, features, places.spans.start[s], places.spans.length[s]);
    }
    return true;
}

static bool is_wanted(const SearchJob *job)
{
    return job->models && job->options->beam_size > 1 &&
           job->models[0]->architecture->writing(&job->models[0]->config) == DM_AT_ONCE;
}

const Strategy dm_prefix_beam_strategy = {"prefix-beam", is_wanted, run};
