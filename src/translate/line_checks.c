// Lines that a model can take: valid, not too long, and no language code or beginning that it does not know.
#include "translate/line_checks.h"

#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"

// A line of fewer bytes than this does not have too many pieces (normalisation makes at most 18 characters of one of 3
// bytes), so only longer ones are segmented to be counted. Where a model knows fewer places, a piece more would have
// none: no character can be worth so much that it is missed, though each of its bytes were a piece.
static size_t surely_short(const LineCheck *check)
{
    return (size_t)check->most / (check->most == DM_MOST_PIECES ? 8 : 24);
}

int dm_most_pieces(const ModelConfig *config)
{
    const int longest = config->architecture->longest(config);
    return longest < DM_MOST_PIECES ? longest : DM_MOST_PIECES;
}

// "line 17 is ...", or where there is only one, which the caller knows the number of: "the line is ...".
static Status refuse_line(const LineCheck *check, size_t index, size_t count, const char *complaint, Error *error)
{
    if (count == 1) return dm_fail(error, "the %s %s", check->what, complaint);
    return dm_fail(error, "%s %zu %s", check->what, index + 1, complaint);
}

// A language code that the model does not have, or in a prefix a piece, would be <unk>: into which language, or that a
// translation begins so, would be asked in vain.
static bool asks_in_vain(const LineCheck *check, const char *line, char complaint[512])
{
    const Segmenter *segmenter = check->segmenter;
    char codes[256];
    const size_t size = check->side == DM_SOURCE ? dm_unknown_code(segmenter, line, codes) : 0;
    if (size && *codes)
        snprintf(complaint, 512, "begins with %.*s, but the language codes of this model are %s", (int)size, line,
                 codes);
    else if (size)
        snprintf(complaint, 512, "begins with %.*s, but this model has no language codes: take it out", (int)size,
                 line);
    if (size || !check->has_to_be_known) return size > 0;
    Ids ids;
    char **pieces = dm_encode_pieces(segmenter, check->side, line, &ids);
    int unknown = 0;
    while (unknown < ids.count && !dm_is_unknown(segmenter, check->side, ids.id[unknown])) unknown++;
    if (unknown < ids.count)
        snprintf(complaint, 512, "has '%.100s', which the model's vocabulary does not know: no translation begins so",
                 pieces[unknown]);
    const bool vain = unknown < ids.count;
    dm_pieces_free(pieces, ids.count);
    dm_free(ids.id);
    return vain;
}

static int pieces_of(const LineCheck *check, const char *line)
{
    Ids ids = {0};
    if (check->side == DM_SOURCE)
        dm_encode_source(check->segmenter, line, &ids, NULL);
    else
        dm_encode(check->segmenter, check->side, line, &ids);
    dm_free(ids.id);
    return ids.count;
}

static Status check_line(const LineCheck *check, const char *const *lines, size_t index, size_t count, Error *error)
{
    const char *line = lines[index];
    size_t size = strlen(line), good = dm_utf8_valid(line, size);
    char complaint[512];
    if (good < size) {
        snprintf(complaint, sizeof complaint,
                 "is not valid UTF-8 (byte %zu is 0x%02x): turn the text into UTF-8 "
                 "first, for example with iconv",
                 good + 1, (unsigned char)line[good]);
        return refuse_line(check, index, count, complaint, error);
    }
    if (asks_in_vain(check, line, complaint)) return refuse_line(check, index, count, complaint, error);
    if (size < surely_short(check)) return DM_OK;
    const int pieces = pieces_of(check, line);
    if (pieces <= check->most) return DM_OK;
    snprintf(complaint, sizeof complaint, "has %d pieces, and more than %d are not taken: break it into sentences",
             pieces, check->most);
    return refuse_line(check, index, count, complaint, error);
}

Status dm_lines_check(const LineCheck *check, const char *const *lines, size_t count, Error *error)
{
    Status status = DM_OK;
    for (size_t i = 0; i < count && !status; i++) status = check_line(check, lines, i, count, error);
    return status;
}

static Status refuse_labels(size_t index, size_t count, const char *complaint, Error *error)
{
    const LineCheck check = {.what = "target line"};
    return refuse_line(&check, index, count, complaint, error);
}

Status dm_lines_check_labels(const Segmenter *segmenter, const char *const *sources, const char *const *targets,
                             size_t count, Error *error)
{
    const Labels labels = dm_segmenter_labels(segmenter);
    Status status = DM_OK;
    for (size_t i = 0; i < count && labels && !status; i++) {
        const int words = dm_count_words(sources[i]), given = dm_count_words(targets[i]),
                  wanted = labels == DM_LABEL_OF_SENTENCE && words ? 1 : words;
        char *unknown = dm_unknown_label(segmenter, targets[i]), complaint[256];
        if (given != wanted)
            snprintf(complaint, sizeof complaint, "has %d label%s, but its source line needs %d: one for each %s",
                     given, dm_plural((size_t)given), wanted, labels == DM_LABEL_OF_SENTENCE ? "sentence" : "word");
        else if (unknown)
            snprintf(complaint, sizeof complaint, "has the label %.100s, which this model does not have", unknown);
        if (given != wanted || unknown) status = refuse_labels(i, count, complaint, error);
        dm_free(unknown);
    }
    return status;
}

// Whether the first `size` bytes of a line, or a few less where these end within a character, are few enough.
static bool fits(const LineCheck *check, const char *line, size_t size)
{
    char *part = dm_copy_string(line);
    part[dm_utf8_valid(line, size)] = '\0';
    const bool fit = pieces_of(check, part) <= check->most;
    dm_free(part);
    return fit;
}

// Twice as much as fits until that is too much, then halving: of a very long line only the beginning is segmented.
void dm_line_crop(const LineCheck *check, char *line)
{
    const size_t size = dm_utf8_valid(line, strlen(line));
    line[size] = '\0';
    size_t least = surely_short(check), most = least ? least : 1;  // what fits; what may not
    if (size < least) return;
    while (most < size && fits(check, line, most)) {
        least = most;
        most *= 2;
    }
    if (most >= size && fits(check, line, size)) return;
    if (most > size) most = size;
    while (most - least > 1) {
        const size_t middle = least + (most - least) / 2;
        if (fits(check, line, middle))
            least = middle;
        else
            most = middle;
    }
    line[dm_utf8_valid(line, least)] = '\0';
}
