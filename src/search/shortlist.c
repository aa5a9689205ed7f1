// Shortlists: reading a file of them, and the output layer of a batch.
#include "search/shortlist.h"

#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/lines.h"
#include "core/memory.h"

// Lists have a multiple of STEP pieces, so that products of few different sizes are asked for.
enum { STEP = 256 };

struct Shortlist {
    int sources;   // pieces of the source vocabulary
    size_t *list;  // [sources + 2] targets of source piece s: list[s] ... list[s + 1] - 1; the last are always there
    int *target;
};

// ---- Reading --------------------------------------------------------------------------------------------------------

typedef struct Reading {
    const Vocabulary *source, *target;
    const char *path;
    Shortlist *shortlist;
    int *row;  // [lines] source piece of the line; `sources`: the empty one; -1: passed over
    size_t *used;
} Reading;

// Takes a word from the front of *text, up to any of the ends; *end is what it ended with.
static char *take_word(char **text, const char *ends, char *end)
{
    char *word = *text;
    const size_t length = strcspn(word, ends);
    *end = word[length];
    *text += length + (*end != '\0');
    word[length] = '\0';
    return word;
}

// The targets of a line. Where there is no table yet they are only counted.
static Status read_targets(Reading *r, char *text, size_t line, int row, Error *error)
{
    Shortlist *s = r->shortlist;
    for (char end; *text;) {
        const char *piece = take_word(&text, " ", &end);
        const int id = dm_vocabulary_id(r->target, piece);
        if (!*piece) continue;
        if (id < 0)
            return dm_fail(error,
                           "%s, line %zu: the model has no piece '%s': make the list again, with dragoman shortlist",
                           r->path, line, piece);
        if (s->target) s->target[s->list[row] + r->used[row]] = id;
        r->used[row]++;
    }
    return DM_OK;
}

static Status read_line(Reading *r, char *text, size_t line, Error *error)
{
    char end;
    const char *key = take_word(&text, "\t", &end);
    if (end != '\t')
        return dm_fail(
            error, "%s, line %zu has no tab between source and targets: make the list again, with dragoman shortlist",
            r->path, line);
    const int row = *key ? dm_vocabulary_id(r->source, key) : r->shortlist->sources;
    return row < 0 ? DM_OK : read_targets(r, text, line, row, error);  // several source pieces, or one of another model
}

// Of a list of ours: whether the bytes that its first line counts are there. Only the very last end of line may be
// gone.
static Status check_whole(const Reading *r, const dm_lines *lines, Error *error)
{
    const char *first = lines->count ? lines->line[0] : "";
    const size_t prefix = strlen(DM_SHORTLIST_BYTES);
    if (strncmp(first, DM_SHORTLIST_BYTES, prefix) != 0) return DM_OK;
    const unsigned long long said = strtoull(first + prefix, NULL, 10);
    unsigned long long found = 0;
    for (size_t i = 1; i < lines->count; i++) found += strlen(lines->line[i]) + 1;
    if (found == said) return DM_OK;
    return dm_fail(error,
                   "%s is not whole: of %llu bytes behind its first line %llu are there: copy it again, or make it "
                   "again, with dragoman shortlist",
                   r->path, said, found);
}

// Once to count and once to fill.
static Status read_lines(Reading *r, const dm_lines *lines, Error *error)
{
    Shortlist *s = r->shortlist;
    const size_t rows = (size_t)s->sources + 1;
    Status status = DM_OK;
    for (int turn = 0; turn < 2 && !status; turn++) {
        memset(r->used, 0, rows * sizeof *r->used);
        for (size_t i = 0; i < lines->count && !status; i++) {
            char *text = dm_copy_string(lines->line[i]);
            status = read_line(r, text, i + 1, error);
            dm_free(text);
        }
        if (turn || status) continue;
        for (size_t row = 0; row < rows; row++) s->list[row + 1] = s->list[row] + r->used[row];
        if (!s->list[rows])
            return dm_fail(error, "%s %s: make it again, with dragoman shortlist, or translate without --shortlist",
                           r->path, lines->count ? "has no target for any piece of the model" : "is empty");
        s->target = dm_allocate(s->list[rows] + 1, sizeof *s->target);
    }
    return status;
}

Status dm_shortlist_read(Shortlist **shortlist, const char *path, const Segmenter *segmenter, Error *error)
{
    dm_lines lines = {0};
    char *bytes;
    size_t size;
    *shortlist = NULL;
    Status status = dm_read_file(path, &bytes, &size, error);
    if (!status) status = dm_lines_cut(&lines, bytes, size, path, NULL, error);
    if (!status) {
        const Vocabulary *source = dm_segmenter_vocabulary(segmenter, DM_SOURCE);
        const size_t rows = (size_t)dm_vocabulary_size(source) + 1;
        *shortlist = dm_allocate(1, sizeof **shortlist);
        **shortlist = (Shortlist){.sources = (int)rows - 1, .list = dm_allocate(rows + 1, sizeof(size_t))};
        Reading reading = {.source = source,
                           .target = dm_segmenter_vocabulary(segmenter, DM_TARGET),
                           .path = path,
                           .shortlist = *shortlist,
                           .used = dm_allocate(rows, sizeof(size_t))};
        status = check_whole(&reading, &lines, error);
        if (!status) status = read_lines(&reading, &lines, error);
        dm_free(reading.used);
    }
    if (status) {
        dm_shortlist_free(*shortlist);
        *shortlist = NULL;
    }
    dm_lines_free(&lines);
    return status;
}

void dm_shortlist_free(Shortlist *shortlist)
{
    if (!shortlist) return;
    dm_free(shortlist->list);
    dm_free(shortlist->target);
    dm_free(shortlist);
}

// ---- The output layer of a batch ------------------------------------------------------------------------------------

static int mark_row(const Shortlist *s, int row, bool *listed)
{
    int fresh = 0;
    for (size_t i = s->list[row]; i < s->list[row + 1]; i++) {
        fresh += !listed[s->target[i]];
        listed[s->target[i]] = true;
    }
    return fresh;
}

// Marks the pieces of the list; returns how many, or 0 where it would be all of them.
static int mark(const Shortlist *s, const Model *model, Tokens source, bool *listed)
{
    const int vocabulary = model->output.weight.rows, eos = model->config.eos;
    memset(listed, 0, (size_t)vocabulary * sizeof *listed);
    listed[eos] = true;
    int count = 1 + mark_row(s, s->sources, listed);
    for (int i = 0; i < source.n; i++) count += mark_row(s, source.ids[i], listed);
    const int wanted = (count + STEP - 1) / STEP * STEP;
    if (wanted >= vocabulary) return 0;
    for (int id = 0; count < wanted; id++) {  // filled up with the lowest ids, mostly those of frequent pieces
        count += !listed[id];
        listed[id] = true;
    }
    return count;
}

OutputLayer *dm_shortlist_output(const Shortlist *s, Graph *g, const Model *model, Tokens source)
{
    const OutputLayer *whole = &model->output;
    const int vocabulary = whole->weight.rows, width = whole->weight.cols;
    bool *listed = dm_arena_take(g->arena, (size_t)vocabulary * sizeof *listed);
    const int count = mark(s, model, source, listed);
    if (!count) return NULL;
    OutputLayer *output = dm_arena_take(g->arena, sizeof *output);
    float *weight = dm_arena_take(g->arena, (size_t)count * (size_t)width * sizeof(float)),
          *bias = dm_arena_take(g->arena, (size_t)count * sizeof(float));
    int *ids = dm_arena_take(g->arena, (size_t)count * sizeof(int));
    for (int id = 0, at = 0; id < vocabulary; id++) {
        if (!listed[id]) continue;
        memcpy(weight + (size_t)at * (size_t)width, dm_row(&whole->weight, id), (size_t)width * sizeof(float));
        bias[at] = whole->bias.data[id];
        ids[at++] = id;
    }
    *output = (OutputLayer){.kind = whole->kind,
                            .weight = {.rows = count, .cols = width, .stride = width, .data = weight},
                            .bias = {.rows = 1, .cols = count, .stride = count, .data = bias},
                            .pad = whole->pad,
                            .ids = ids};
    if (g->packs) output->packs = dm_packs_create(g->gemm, dm_packs_precision(g->packs));
    return output;
}

void dm_short_output_free(OutputLayer *output)
{
    if (output) dm_packs_destroy(output->packs);
}
