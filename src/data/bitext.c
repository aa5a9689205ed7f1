// Reading a bitext, and what to say where its sides are out of step.
#include "data/bitext.h"

#include <limits.h>
#include <string.h>

#include "core/hash.h"
#include "core/memory.h"
#include "core/observer.h"
#include "core/text_stream.h"
#include "core/utf8.h"

// The first line where one side is empty and the other is not: there a line may have slipped in.
static Status unequal(const Bitext *bitext, Error *error)
{
    const dm_lines *source = &bitext->lines[DM_SOURCE], *target = &bitext->lines[DM_TARGET];
    const char *const *file = bitext->file;
    char a[32], b[32], c[32];
    size_t both = source->count < target->count ? source->count : target->count;
    dm_with_commas(source->count, a);
    dm_with_commas(target->count, b);
    for (size_t i = 0; i < both; i++) {
        bool no_source = dm_is_blank(source->line[i]), no_target = dm_is_blank(target->line[i]);
        if (no_source != no_target)
            return dm_fail(error,
                           "%s has %s line%s and %s %s: the first pair that may be out of step is at line %s (%s is "
                           "empty there)",
                           file[DM_SOURCE], a, dm_plural(source->count), file[DM_TARGET], b, dm_with_commas(i + 1, c),
                           file[no_source ? DM_SOURCE : DM_TARGET]);
    }
    return dm_fail(error, "%s has %s line%s and %s %s: line by line, one must be the translation of the other",
                   file[DM_SOURCE], a, dm_plural(source->count), file[DM_TARGET], b);
}

static Status check_lines(const Bitext *bitext, bool tsv, Error *error)
{
    const size_t target = bitext->lines[DM_TARGET].count,
                 source = bitext->alone ? target : bitext->lines[DM_SOURCE].count;
    const char *const *file = bitext->file;
    const bool one = bitext->alone || tsv;
    if (source == 0 && target == 0)
        return dm_fail(error, "%s %s empty: give it text, one sentence%s a line", bitext->name, one ? "is" : "are",
                       tsv && !bitext->alone ? " pair" : "");
    if (source == 0 || target == 0)
        return dm_fail(error, "%s is empty, but %s is not: give it text, one sentence a line",
                       file[source ? DM_TARGET : DM_SOURCE], file[source ? DM_SOURCE : DM_TARGET]);
    if (source != target) return unequal(bitext, error);
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

static Status read_sides(Bitext *bitext, const BitextFiles *files, Error *error)
{
    Status status = DM_OK;
    for (int side = files->alone ? DM_TARGET : DM_SOURCE; side <= DM_TARGET; side++) {
        bitext->file[side] = dm_text_name(files->path[side]);
        language_of(files->path[side], bitext->language[side]);
        if (!status) status = dm_lines_read_all(&bitext->lines[side], files->path[side], &bitext->bad[side], error);
    }
    if (files->alone) bitext->file[DM_SOURCE] = bitext->file[DM_TARGET];
    if (files->alone) strcpy(bitext->language[DM_SOURCE], bitext->language[DM_TARGET]);
    bitext->name = files->alone ? dm_copy_string(bitext->file[DM_TARGET])
                                : dm_format("%s and %s", bitext->file[DM_SOURCE], bitext->file[DM_TARGET]);
    return status;
}

static Status read_tsv(Bitext *bitext, const BitextFiles *files, Error *error)
{
    bitext->file[DM_SOURCE] = bitext->file[DM_TARGET] = dm_text_name(files->tsv);
    bitext->name = dm_copy_string(dm_text_name(files->tsv));
    strcpy(bitext->language[DM_SOURCE], "und");
    strcpy(bitext->language[DM_TARGET], "und");
    const int columns[2] = {files->columns[files->alone ? DM_TARGET : DM_SOURCE], files->columns[DM_TARGET]};
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
    Status status = files->tsv ? read_tsv(bitext, files, error) : read_sides(bitext, files, error);
    if (!status) status = check_lines(bitext, files->tsv, error);
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
