// Reading a bitext, and what to say where its sides are out of step.
#include "data/bitext.h"

#include <limits.h>
#include <string.h>

#include "core/hash.h"
#include "core/memory.h"
#include "core/observer.h"
#include "core/text_stream.h"
#include "core/utf8.h"

size_t dm_bitext_odd_pair(const Bitext *bitext, Side *blank)
{
    const dm_lines *source = &bitext->lines[DM_SOURCE], *target = &bitext->lines[DM_TARGET];
    for (size_t i = 0; i < source->count && i < target->count; i++) {
        const bool no_source = dm_is_blank(source->line[i]), no_target = dm_is_blank(target->line[i]);
        if (no_source == no_target) continue;
        *blank = no_source ? DM_SOURCE : DM_TARGET;
        return i + 1;
    }
    return 0;
}

// At the first line where one side is empty and the other is not, a line may have slipped in.
static Status unequal(const BitextStream *read, Error *error)
{
    const char *const *file = read->whole.file;
    char a[32], b[32], c[32];
    dm_with_commas(read->lines[DM_SOURCE], a);
    dm_with_commas(read->lines[DM_TARGET], b);
    if (!read->odd)
        return dm_fail(error, "%s has %s line%s and %s %s: line by line, one must be the translation of the other",
                       file[DM_SOURCE], a, dm_plural(read->lines[DM_SOURCE]), file[DM_TARGET], b);
    return dm_fail(
        error, "%s has %s line%s and %s %s: the first pair that may be out of step is at line %s (%s is empty there)",
        file[DM_SOURCE], a, dm_plural(read->lines[DM_SOURCE]), file[DM_TARGET], b, dm_with_commas(read->odd, c),
        file[read->blank]);
}

// Of a text that was read to its end.
static Status check_lines(const BitextStream *read, Error *error)
{
    const bool alone = read->files.alone, tsv = read->files.tsv;
    const size_t target = read->lines[DM_TARGET], source = alone ? target : read->lines[DM_SOURCE];
    const char *const *file = read->whole.file;
    if (source == 0 && target == 0)
        return dm_fail(error, "%s %s empty: give it text, one sentence%s a line", read->whole.name,
                       alone || tsv ? "is" : "are", tsv && !alone ? " pair" : "");
    if (source == 0 || target == 0)
        return dm_fail(error, "%s is empty, but %s is not: give it text, one sentence a line",
                       file[source ? DM_TARGET : DM_SOURCE], file[source ? DM_SOURCE : DM_TARGET]);
    if (source != target) return unequal(read, error);
    if (source > INT_MAX / 2) return dm_fail(error, "%s has more than %d lines: divide it", file[0], INT_MAX / 2);
    return DM_OK;
}

// The language that a file's name ends with, as in train.en or train.en.gz.
static void language_of(const char *path, char language[4])
{
    char *name = dm_copy_string(path), *dot = strrchr(name, '.');
    if (dot && (strcmp(dot, ".gz") == 0 || strcmp(dot, ".zst") == 0)) {
        *dot = '\0';
        dot = strrchr(name, '.');
    }
    size_t size = dot ? strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz") : 0;
    bool named = size >= 2 && size <= 3 && dot[1 + size] == '\0' && strcmp(dot, ".txt") != 0;
    strcpy(language, named ? dot + 1 : "und");
    dm_free(name);
}

// How messages call its files, and its languages.
static void name_texts(Bitext *bitext, const BitextFiles *files)
{
    const char *const path[2] = {files->tsv ? files->tsv : files->path[files->alone ? DM_TARGET : DM_SOURCE],
                                 files->tsv ? files->tsv : files->path[DM_TARGET]};
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        bitext->file[side] = dm_text_name(path[side]);
        strcpy(bitext->language[side], "und");
        if (!files->tsv) language_of(path[side], bitext->language[side]);
    }
    bitext->name = files->alone || files->tsv
                       ? dm_copy_string(bitext->file[DM_TARGET])
                       : dm_format("%s and %s", bitext->file[DM_SOURCE], bitext->file[DM_TARGET]);
}

static Status read_sides(Bitext *bitext, const BitextFiles *files, Error *error)
{
    Status status = DM_OK;
    for (int side = files->alone ? DM_TARGET : DM_SOURCE; side <= DM_TARGET && !status; side++)
        status = dm_lines_read_all(&bitext->lines[side], files->path[side], &bitext->bad[side], error);
    return status;
}

// Of text alone both are the target's.
static void choose_columns(int columns[2], const BitextFiles *files)
{
    columns[DM_SOURCE] = files->columns[files->alone ? DM_TARGET : DM_SOURCE];
    columns[DM_TARGET] = files->columns[DM_TARGET];
}

static Status read_tsv(Bitext *bitext, const BitextFiles *files, Error *error)
{
    int columns[2];
    choose_columns(columns, files);
    Status status = dm_lines_read_all_tsv(bitext->lines, files->tsv, columns, &bitext->bad[0], error);
    if (files->alone) dm_lines_free(&bitext->lines[DM_SOURCE]);
    return status;
}

// Of a pair with a bad line the other one goes as well.
static void skip_pairs(Bitext *bitext)
{
    for (int file = 0; file < 2; file++)
        for (size_t i = 0; i < bitext->bad[file].count; i++)
            for (int side = DM_SOURCE; side <= DM_TARGET; side++)
                if (bitext->lines[side].count) bitext->lines[side].line[bitext->bad[file].line[i]][0] = '\0';
}

char *dm_bitext_mended(const Bitext *bitext)
{
    char *said = NULL, count[32], first[32];
    for (int file = 0; file < 2; file++) {
        const dm_bad_lines *bad = &bitext->bad[file];
        if (!bad->count) continue;
        char *both = dm_format("%s%s%s bad line%s of %s (the first is line %s)", said ? said : "", said ? ", " : "",
                               dm_with_commas(bad->count, count), dm_plural(bad->count), bitext->file[file],
                               dm_with_commas(bad->line[0] + 1, first));
        dm_free(said);
        said = both;
    }
    if (!said) return NULL;
    char *sentence = dm_format("%s: %s", bitext->bad[0].on == DM_SKIP_LINE ? "Left out" : "Cropped", said);
    dm_free(said);
    return sentence;
}

void dm_bitext_say_mended(const Bitext *bitext, const dm_observer *observer)
{
    char *mended = dm_bitext_mended(bitext);
    if (mended) dm_observer_line(observer, mended);
    dm_free(mended);
}

Status dm_bitext_read(Bitext *bitext, const BitextFiles *files, Error *error)
{
    *bitext = (Bitext){.alone = files->alone, .bad = {{.on = files->on}, {.on = files->on}}};
    name_texts(bitext, files);
    Status status = files->tsv ? read_tsv(bitext, files, error) : read_sides(bitext, files, error);
    BitextStream read = {.files = *files, .whole = *bitext};
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) read.lines[side] = bitext->lines[side].count;
    if (!status && read.lines[DM_SOURCE] != read.lines[DM_TARGET]) read.odd = dm_bitext_odd_pair(bitext, &read.blank);
    if (!status) status = check_lines(&read, error);
    if (!status && files->on == DM_SKIP_LINE) skip_pairs(bitext);
    if (status) dm_bitext_free(bitext);
    return status;
}

long dm_bitext_fingerprint(const Bitext *bitext)
{
    uint64_t hash = DM_HASH;
    for (int side = DM_SOURCE; side <= DM_TARGET; side++)
        for (size_t i = 0; i < bitext->lines[side].count; i++) {
            const char *line = bitext->lines[side].line[i];
            hash = dm_hash(hash, dm_hash_text(line, strlen(line)));
        }
    return dm_bitext_count(bitext) ? (long)(hash >> 1) | 1 : 0;
}

size_t dm_bitext_count(const Bitext *bitext)
{
    return bitext->lines[DM_TARGET].count;
}

void dm_bitext_drop_lines(Bitext *bitext)
{
    dm_lines_free(&bitext->lines[DM_SOURCE]);
    dm_lines_free(&bitext->lines[DM_TARGET]);
}

void dm_bitext_free(Bitext *bitext)
{
    dm_bitext_drop_lines(bitext);
    dm_bad_lines_free(&bitext->bad[0]);
    dm_bad_lines_free(&bitext->bad[1]);
    dm_free(bitext->name);
    *bitext = (Bitext){0};
}

// ---- Block by block -------------------------------------------------------------------------------------------------

Status dm_bitext_stream_open(BitextStream *stream, const BitextFiles *files, const char *const copies[2], Error *error)
{
    *stream = (BitextStream){.files = *files,
                             .whole = {.alone = files->alone, .bad = {{.on = files->on}, {.on = files->on}}}};
    name_texts(&stream->whole, files);
    Status status = DM_OK;
    for (int side = files->alone && !files->tsv ? DM_TARGET : DM_SOURCE; side <= DM_TARGET && !status; side++) {
        if (files->tsv && side == DM_TARGET) break;
        const char *path = files->tsv ? files->tsv : files->path[side];
        if (copies && copies[side]) path = copies[side];
        status = dm_line_stream_open(&stream->in[side], path, stream->whole.file[side], error);
    }
    if (status) dm_bitext_stream_close(stream);
    return status;
}

void dm_bitext_stream_close(BitextStream *stream)
{
    dm_line_stream_close(stream->in[DM_SOURCE]);
    dm_line_stream_close(stream->in[DM_TARGET]);
    dm_bitext_free(&stream->whole);
    *stream = (BitextStream){0};
}

static Status read_block(BitextStream *stream, size_t most, Bitext *block, Error *error)
{
    if (stream->files.tsv) {
        int columns[2];
        choose_columns(columns, &stream->files);
        const Status status =
            dm_line_stream_next_tsv(stream->in[DM_SOURCE], most, block->lines, columns, &block->bad[0], error);
        if (block->alone) dm_lines_free(&block->lines[DM_SOURCE]);
        return status;
    }
    Status status = DM_OK;
    for (int side = block->alone ? DM_TARGET : DM_SOURCE; side <= DM_TARGET && !status; side++)
        status = dm_line_stream_next(stream->in[side], most, &block->lines[side], &block->bad[side], error);
    return status;
}

// Bad lines of a block, as they stand in the whole text.
static void add_bad(dm_bad_lines *to, const dm_bad_lines *from, size_t before)
{
    if (!from->count) return;
    to->line = dm_reallocate(to->line, to->count + from->count, sizeof *to->line);
    for (size_t i = 0; i < from->count; i++) to->line[to->count++] = before + from->line[i];
}

// One side has ended: the lines of the other are counted, for the message.
static Status count_rest(BitextStream *stream, size_t most, Error *error)
{
    const Side longer = stream->lines[DM_SOURCE] > stream->lines[DM_TARGET] ? DM_SOURCE : DM_TARGET;
    Status status = DM_OK;
    for (size_t count = 1; count && !status;) {
        dm_lines rest;
        dm_bad_lines bad = {.on = stream->files.on};
        status = dm_line_stream_next(stream->in[longer], most, &rest, &bad, error);
        stream->lines[longer] += count = rest.count;
        dm_lines_free(&rest);
        dm_bad_lines_free(&bad);
    }
    return status;
}

Status dm_bitext_stream_next(BitextStream *stream, size_t most, Bitext *block, Error *error)
{
    const size_t before = stream->lines[DM_TARGET];
    *block = (Bitext){.alone = stream->whole.alone, .bad = {{.on = stream->files.on}, {.on = stream->files.on}}};
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) block->file[side] = stream->whole.file[side];
    block->name = dm_copy_string(stream->whole.name);
    Status status = read_block(stream, most, block, error);
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        stream->lines[side] += block->lines[side].count;
        add_bad(&stream->whole.bad[side], &block->bad[side], before);
    }
    const dm_lines *source = &block->lines[DM_SOURCE], *target = &block->lines[DM_TARGET];
    if (!status && !stream->odd) {
        const size_t odd = dm_bitext_odd_pair(block, &stream->blank);
        stream->odd = odd ? before + odd : 0;
    }
    const bool unequal_sides = !block->alone && source->count != target->count;
    if (!status && unequal_sides) status = count_rest(stream, most, error);
    if (!status && (unequal_sides || target->count < most)) status = check_lines(stream, error);
    if (!status && stream->files.on == DM_SKIP_LINE) skip_pairs(block);
    if (status) dm_bitext_free(block);
    return status;
}
