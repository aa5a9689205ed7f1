// The kinds of examples: sentences one after another, without padding.
#include "data/examples.h"

#include <string.h>

static Tokens side(Arena *arena, const Corpus *corpus, const size_t *start, const int *length, const int *order,
                   int count)
{
    int *lengths = dm_arena_take(arena, (size_t)count * sizeof(int));
    size_t rows = 0;
    for (int i = 0; i < count; i++) rows += (size_t)(lengths[i] = length[order[i]]);
    int *ids = dm_arena_take(arena, rows * sizeof(int)), *at = ids;
    for (int i = 0; i < count; at += lengths[i++])
        memcpy(at, corpus->ids + start[order[i]], (size_t)lengths[i] * sizeof(int));
    return dm_tokens(arena, count, lengths, ids);
}

// What the pieces of a side are copied as.
static const int *copies_of(Arena *arena, const Corpus *corpus, const size_t *start, const int *order, Spans spans)
{
    size_t rows = 0;
    if (!corpus->copies) return NULL;
    for (int i = 0; i < spans.n; i++) rows += (size_t)spans.length[i];
    int *copies = dm_arena_take(arena, rows * sizeof(int));
    for (int i = 0; i < spans.n; i++)
        memcpy(copies + spans.start[i], corpus->copies + start[order[i]], (size_t)spans.length[i] * sizeof(int));
    return copies;
}

// A row is what writes its piece: those of a pair are in order, and so are its links.
static RowLinks links_of(Arena *arena, const Corpus *c, const int *order, Tokens written)
{
    const PieceLinks *all = &c->links;
    size_t count = 0;
    if (!all->first) return (RowLinks){0};
    for (int s = 0; s < written.spans.n; s++) count += all->first[order[s] + 1] - all->first[order[s]];
    int *first = dm_arena_take(arena, ((size_t)written.n + 1 + count) * sizeof(int)), *source = first + written.n + 1,
        used = 0;
    for (int s = 0; s < written.spans.n; s++) {
        size_t at = all->first[order[s]];
        for (int i = 0; i < written.spans.length[s]; i++) {
            first[written.spans.start[s] + i] = used;
            while (at < all->first[order[s] + 1] && all->target[at] == i) source[used++] = all->source[at++];
        }
    }
    first[written.n] = used;
    return (RowLinks){first, source};
}

static Example make_pairs(Arena *arena, const Corpus *c, const int *order, int count, int start)
{
    const Tokens source = side(arena, c, c->source, c->source_length, order, count),
                 written = side(arena, c, c->target, c->target_length, order, count);
    const int *copies = copies_of(arena, c, c->target, order, written.spans);
    return (Example){.source = source,
                     .copies = copies_of(arena, c, c->source, order, source.spans),
                     .read = dm_shifted(arena, written, start),
                     .written = copies ? copies : written.ids,
                     .links = links_of(arena, c, order, written)};
}

const ExampleKind dm_pairs = {"pairs", "a source and its translation", 2, make_pairs};

// Windows of a line stand one behind the other, and each but the first reads the last piece of the one before it: so
// does the first where there is a start; else its first piece is given, and only what comes after it is predicted.
static Example make_text(Arena *arena, const Corpus *c, const int *order, int count, int start)
{
    int *lengths = dm_arena_take(arena, (size_t)count * sizeof(int)), rows = 0;
    for (int i = 0; i < count; i++) {
        const int k = order[i];
        const bool given = start < 0 && !(k && c->line[k - 1] == c->line[k]);
        rows += lengths[i] = c->target_length[k] - given;
    }
    int *read = dm_arena_take(arena, 2 * (size_t)rows * sizeof(int)), *written = read + rows, at = 0;
    for (int i = 0; i < count; at += lengths[i++]) {
        const int k = order[i], *pieces = c->ids + c->target[k];
        const bool first = !(k && c->line[k - 1] == c->line[k]), given = start < 0 && first;
        for (int j = 0; j < lengths[i]; j++) {
            read[at + j] = j + given ? pieces[j + given - 1] : first ? start : pieces[-1];
            written[at + j] = pieces[j + given];
        }
    }
    int *nothing = dm_arena_take(arena, (size_t)count * sizeof(int));
    for (int i = 0; i < count; i++) nothing[i] = 0;
    return (Example){.source = dm_tokens(arena, count, nothing, NULL),
                     .read = dm_tokens(arena, count, lengths, read),
                     .written = written};
}

const ExampleKind dm_text = {"text", "text alone, each piece from those before it", 1, make_text};

// As of pairs: start s1 ... sn t1 ... tm, where sn and tm are the ends; but all of it is written.
static Example make_joined(Arena *arena, const Corpus *c, const int *order, int count, int start)
{
    int *lengths = dm_arena_take(arena, (size_t)count * sizeof(int)), rows = 0;
    for (int i = 0; i < count; i++) rows += lengths[i] = c->source_length[order[i]] + c->target_length[order[i]];
    int *ids = dm_arena_take(arena, (size_t)rows * sizeof(int)), *at = ids;
    for (int i = 0; i < count; at += lengths[i++]) {
        const int k = order[i], source = c->source_length[k];
        memcpy(at, c->ids + c->source[k], (size_t)source * sizeof(int));
        memcpy(at + source, c->ids + c->target[k], (size_t)c->target_length[k] * sizeof(int));
    }
    int *nothing = dm_arena_take(arena, (size_t)count * sizeof(int));
    for (int i = 0; i < count; i++) nothing[i] = 0;
    const Tokens written = dm_tokens(arena, count, lengths, ids);
    return (Example){.source = dm_tokens(arena, count, nothing, NULL),
                     .read = dm_shifted(arena, written, start),
                     .written = written.ids};
}

const ExampleKind dm_joined = {"joined", "a source and its translation as one text", 2, make_joined};

// A label that the model does not know does not count.
static const float *weights_of(Arena *arena, Tokens labels)
{
    bool known = true;
    float *weights = dm_arena_take(arena, (size_t)labels.n * sizeof(float));
    for (int i = 0; i < labels.n; i++) {
        weights[i] = labels.ids[i] < 0 ? 0 : 1;
        known = known && labels.ids[i] >= 0;
    }
    return known ? NULL : weights;
}

static Example make_labelled(Arena *arena, const Corpus *c, const int *order, int count, int start)
{
    (void)start;
    const Tokens labels = side(arena, c, c->target, c->target_length, order, count);
    return (Example){.source = side(arena, c, c->source, c->source_length, order, count),
                     .read = side(arena, c, c->places, c->target_length, order, count),
                     .written = labels.ids,
                     .weights = weights_of(arena, labels)};
}

const ExampleKind dm_labelled = {"labels", "a source and labels of places in it", 2, make_labelled};

const ExampleKind *const dm_example_kinds[] = {&dm_pairs, &dm_text, &dm_joined, &dm_labelled, NULL};

Tokens dm_without_ends(Arena *arena, const Example *e)
{
    const Spans spans = e->read.spans;
    int *lengths = dm_arena_take(arena, (size_t)(spans.n + e->read.n) * sizeof(int)), *ids = lengths + spans.n,
        *at = ids;
    for (int s = 0; s < spans.n; at += lengths[s++]) {
        lengths[s] = spans.length[s] - 1;
        memcpy(at, e->written + spans.start[s], (size_t)lengths[s] * sizeof(int));
    }
    return dm_tokens(arena, spans.n, lengths, ids);
}

static const void *doubled(Arena *arena, const void *from, size_t bytes)
{
    char *to = dm_arena_take(arena, 2 * bytes);
    memcpy(to, from, bytes);
    memcpy(to + bytes, from, bytes);
    return to;
}

static Tokens tokens_twice(Arena *arena, Tokens t)
{
    const int *lengths = doubled(arena, t.spans.length, (size_t)t.spans.n * sizeof(int)),
              *ids = doubled(arena, t.ids, (size_t)t.n * sizeof(int));
    return dm_tokens(arena, 2 * t.spans.n, lengths, ids);
}

static RowLinks links_twice(Arena *arena, RowLinks links, int rows)
{
    if (!links.first) return links;
    const int count = links.first[rows];
    int *first = dm_arena_take(arena, (2 * (size_t)rows + 1) * sizeof(int));
    for (int i = 0; i <= rows; i++) first[i] = links.first[i], first[rows + i] = count + links.first[i];
    return (RowLinks){first, doubled(arena, links.source, (size_t)count * sizeof(int))};
}

Example dm_example_twice(Arena *arena, const Example *e)
{
    const size_t rows = (size_t)e->read.n;
    return (Example){.source = tokens_twice(arena, e->source),
                     .copies = e->copies ? doubled(arena, e->copies, (size_t)e->source.n * sizeof(int)) : NULL,
                     .read = tokens_twice(arena, e->read),
                     .written = doubled(arena, e->written, rows * sizeof(int)),
                     .weights = e->weights ? doubled(arena, e->weights, rows * sizeof(float)) : NULL,
                     .links = links_twice(arena, e->links, e->read.n)};
}
