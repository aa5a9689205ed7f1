// The segmenter: a sentence to ids and back, in the way of a MarianMT folder.
// SentencePiece knows pieces only; ids are those of vocab.json. Training makes its files in segmenter_train.c.
#include "text/segmenter.h"

#include <stdint.h>
#include <string.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "text/added_tokens.h"
#include "text/segmenter_files.h"
#include "text/sentencepiece.h"
#include "text/tokenizer_read.h"

struct Segmenter {
    bool spaces;  // text in pieces: no SentencePiece models
    Labels labels;
    SentencePiece *model[2];    // by Side; the same one twice where both files are alike
    Vocabulary *vocabulary[2];  // the same one twice unless separate
    AddedTokens added;          // behind the vocabulary, which both sides share then
    int eos[2], unknown[2];
    int pad[2];  // -1: the vocabulary has none
    int first;   // piece of what is labelled; -1: none
};

// ---- Opening --------------------------------------------------------------------------------------------------------

static const char *const model_files[2] = {DM_SOURCE_SEGMENTER, DM_TARGET_SEGMENTER};

static Status open_vocabulary(Vocabulary **vocabulary, const char *folder, const char *name,
                              Status (*read)(Vocabulary **, const char *, Error *), Error *error)
{
    char *path = dm_join_path(folder, name);
    Status status = dm_exists(path) ? read(vocabulary, path, error) : dm_segmenter_no_file(folder, path, error);
    dm_free(path);
    return status;
}

// Folders of ours, and many others, hold the same model twice: then it is kept once.
static Status open_models(Segmenter *segmenter, const char *folder, Error *error)
{
    char *bytes[2] = {NULL, NULL};
    size_t size[2];
    Status status = dm_segmenter_read_file(&bytes[0], &size[0], folder, model_files[0], error);
    if (!status) status = dm_segmenter_read_file(&bytes[1], &size[1], folder, model_files[1], error);
    for (int side = DM_SOURCE; side <= DM_TARGET && !status; side++) {
        if (side == DM_TARGET && size[0] == size[1] && memcmp(bytes[0], bytes[1], size[0]) == 0) {
            segmenter->model[DM_TARGET] = segmenter->model[DM_SOURCE];
            break;
        }
        char *path = dm_join_path(folder, model_files[side]);
        status = dm_sentencepiece_open(&segmenter->model[side], bytes[side], size[side], path, error);
        dm_free(path);
    }
    dm_free(bytes[0]);
    dm_free(bytes[1]);
    return status;
}

// What is labelled is read as it was there: with the piece that begins it, if there is one, and its end.
static Status take_first(Segmenter *s, const TokenizerRead *read, const char *path, int eos, Error *error)
{
    s->first = read->before;
    if (!s->labels || (read->before != DM_NOT_ONE && read->behind == eos)) return DM_OK;
    return dm_fail(
        error,
        "%s: \"post_processor\" has to put eos_token_id (%d) behind a text, and one piece or none before it: "
        "what is labelled cannot be read with other pieces around it",
        path, eos);
}

// tokenizer.json has both: vocabulary and model.
static Status open_tokenizer(Segmenter *s, const SegmenterFiles *files, Error *error)
{
    TokenizerRead read;
    char *path = dm_join_path(files->folder, DM_TOKENIZER_JSON);
    Status status = dm_tokenizer_read(&read, path, files->eos, error);
    s->vocabulary[DM_SOURCE] = s->vocabulary[DM_TARGET] = read.vocabulary;
    s->added = read.added;
    if (!status) status = dm_added_tokens_settle(&s->added, &s->vocabulary[DM_SOURCE], files->folder, error);
    if (!status) status = dm_sentencepiece_open(&s->model[DM_SOURCE], read.model, read.size, path, error);
    s->vocabulary[DM_TARGET] = s->vocabulary[DM_SOURCE];
    s->model[DM_TARGET] = s->model[DM_SOURCE];
    s->unknown[DM_SOURCE] = s->unknown[DM_TARGET] = read.unknown;
    if (!status) status = take_first(s, &read, path, files->eos, error);
    dm_free(read.model);
    dm_free(path);
    return status;
}

static Status open_parts(Segmenter *s, const SegmenterFiles *files, Error *error)
{
    Status status = open_vocabulary(&s->vocabulary[DM_SOURCE], files->folder, DM_VOCABULARY, dm_vocabulary_read, error);
    if (!status && files->separate && !s->labels)
        status =
            open_vocabulary(&s->vocabulary[DM_TARGET], files->folder, DM_TARGET_VOCABULARY, dm_vocabulary_read, error);
    if (!status && !s->spaces && !files->separate)
        status = dm_added_tokens_read(&s->added, &s->vocabulary[DM_SOURCE], files->folder, error);
    if (!files->separate) s->vocabulary[DM_TARGET] = s->vocabulary[DM_SOURCE];
    if (!status && !s->spaces) status = open_models(s, files->folder, error);
    for (int side = DM_SOURCE; side <= DM_TARGET && !status && !(s->labels && side == DM_TARGET); side++)
        s->unknown[side] = dm_vocabulary_id(s->vocabulary[side], "<unk>");
    return status;
}

static Status open_labels(Segmenter *s, const SegmenterFiles *files, Error *error)
{
    s->vocabulary[DM_TARGET] = NULL;
    s->unknown[DM_TARGET] = -1;
    if (!files->label_names)
        return open_vocabulary(&s->vocabulary[DM_TARGET], files->folder, DM_TARGET_VOCABULARY, dm_labels_read, error);
    s->vocabulary[DM_TARGET] = dm_vocabulary_create(files->label_names, files->label_count);
    return DM_OK;
}

// The configuration's id is one of the target's, which with separate vocabularies are not the source's; but labels have
// none.
static Side side_of_eos(const Segmenter *s)
{
    return s->labels ? DM_SOURCE : DM_TARGET;
}

static Status check_eos(const Segmenter *s, const SegmenterFiles *files, Error *error)
{
    const int pieces = dm_vocabulary_size(s->vocabulary[side_of_eos(s)]);
    if (files->eos >= 0 && files->eos < pieces) return DM_OK;
    return dm_fail(error, "%s/config.json: eos_token_id %d is not in the vocabulary, whose ids are 0 to %d",
                   files->folder, files->eos, pieces - 1);
}

static void find_special(Segmenter *s, const SegmenterFiles *files)
{
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        const bool none = s->labels && side == DM_TARGET;
        const Vocabulary *vocabulary = s->vocabulary[side];
        s->pad[side] = none ? -1 : dm_vocabulary_id(vocabulary, "<pad>");
        s->eos[side] = none                                              ? -1
                       : side == (int)side_of_eos(s) || !files->separate ? files->eos
                                                                         : dm_vocabulary_id(vocabulary, "</s>");
    }
}

Status dm_segmenter_open(Segmenter **opened, const SegmenterFiles *files, Error *error)
{
    *opened = NULL;
    Segmenter *s = dm_allocate(1, sizeof *s);
    s->spaces = strcmp(files->kind, "space") == 0;
    s->labels = files->labels;
    s->first = -1;
    Status status = DM_OK;
    if (!s->spaces && strcmp(files->kind, "sentencepiece") != 0)
        status = dm_fail(error, "%s/config.json: there is no segmenter \"%s\": it is \"sentencepiece\" or \"space\"",
                         files->folder, files->kind);
    const bool alone = !s->spaces && (!files->separate || s->labels) && dm_segmenter_is_tokenizer(files->folder);
    if (!status) status = alone ? open_tokenizer(s, files, error) : open_parts(s, files, error);
    if (!status && s->labels) status = open_labels(s, files, error);
    if (!status) status = check_eos(s, files, error);
    if (status) {
        dm_segmenter_close(s);
        return status;
    }
    find_special(s, files);
    *opened = s;
    return DM_OK;
}

void dm_segmenter_close(Segmenter *segmenter)
{
    if (!segmenter) return;
    if (segmenter->model[DM_TARGET] != segmenter->model[DM_SOURCE]) dm_sentencepiece_close(segmenter->model[DM_TARGET]);
    dm_sentencepiece_close(segmenter->model[DM_SOURCE]);
    if (segmenter->vocabulary[DM_TARGET] != segmenter->vocabulary[DM_SOURCE])
        dm_vocabulary_free(segmenter->vocabulary[DM_TARGET]);
    dm_vocabulary_free(segmenter->vocabulary[DM_SOURCE]);
    dm_added_tokens_free(&segmenter->added);
    dm_free(segmenter);
}

const Vocabulary *dm_segmenter_vocabulary(const Segmenter *segmenter, Side side)
{
    return segmenter->vocabulary[side];
}

Labels dm_segmenter_labels(const Segmenter *segmenter)
{
    return segmenter->labels;
}

int dm_segmenter_first(const Segmenter *segmenter)
{
    return segmenter->first;
}

const SentencePiece *dm_segmenter_model(const Segmenter *segmenter, Side side)
{
    return segmenter->model[side];
}

// ---- Text to ids ----------------------------------------------------------------------------------------------------

typedef struct Encoding {
    const Segmenter *segmenter;
    Side side;
    Ids *ids;
    int room;
    bool wanted;    // the pieces too
    char **pieces;  // [ids->count]
} Encoding;

static void add_id(Encoding *encoding, int id, const char *piece)
{
    Ids *ids = encoding->ids;
    if (ids->count == encoding->room || !ids->id) {
        encoding->room = encoding->room ? 2 * encoding->room : 32;
        ids->id = dm_reallocate(ids->id, (size_t)encoding->room, sizeof *ids->id);
        if (encoding->wanted)
            encoding->pieces = dm_reallocate(encoding->pieces, (size_t)encoding->room, sizeof *encoding->pieces);
    }
    if (encoding->wanted) encoding->pieces[ids->count] = dm_copy_string(piece);
    ids->id[ids->count++] = id;
}

// Text that spells "</s>" or "<pad>" is text: it must not end a sentence or be an id that no model reads. Where there
// is no piece for what is unknown, it is left out; an unknown label is -1.
static void take_piece(Encoding *encoding, const char *piece)
{
    const Segmenter *s = encoding->segmenter;
    Side side = encoding->side;
    int id = dm_vocabulary_id(s->vocabulary[side], piece);
    if (id < 0 || id == s->eos[side] || id == s->pad[side]) id = s->unknown[side];
    if (id >= 0 || (s->labels && side == DM_TARGET)) add_id(encoding, id, piece);
}

static void take_copy(Encoding *encoding, const char *text, size_t size)
{
    char small[64], *piece = size < sizeof small ? small : dm_allocate(size + 1, 1);
    memcpy(piece, text, size);
    piece[size] = '\0';
    take_piece(encoding, piece);
    if (piece != small) dm_free(piece);
}

static void encode_spaces(Encoding *encoding, const char *line)
{
    while (*(line += strspn(line, DM_BLANKS))) {
        size_t size = strcspn(line, DM_BLANKS);
        take_copy(encoding, line, size);
        line += size;
    }
}

// ">>deu<< text": the language code is one piece, the rest goes to SentencePiece. Returns the rest.
static const char *take_language_code(Encoding *encoding, const char *line)
{
    if (strncmp(line, ">>", 2) != 0) return line;
    const char *end = strstr(line, "<<");
    if (!end) return line;
    take_copy(encoding, line, (size_t)(end + 2 - line));
    return end + 2;
}

static void take_part(void *context, const char *part, const AddedToken *token)
{
    Encoding *encoding = context;
    if (token) {
        add_id(encoding, token->id, token->text);
        return;
    }
    part = take_language_code(encoding, part);
    int count;
    char *pieces = dm_sentencepiece_encode(encoding->segmenter->model[encoding->side], part, strlen(part), &count);
    for (const char *piece = pieces; count > 0; count--, piece += strlen(piece) + 1) take_piece(encoding, piece);
    dm_free(pieces);
}

static void encode(Encoding *encoding, const char *line)
{
    const Segmenter *s = encoding->segmenter;
    const bool labels = s->labels && encoding->side == DM_TARGET;
    *encoding->ids = (Ids){0};
    if (s->spaces || labels)
        encode_spaces(encoding, line);
    else
        dm_added_tokens_split(&s->added, line, take_part, encoding);
    if (!labels) add_id(encoding, s->eos[encoding->side], "</s>");
}

void dm_encode(const Segmenter *segmenter, Side side, const char *line, Ids *ids)
{
    encode(&(Encoding){.segmenter = segmenter, .side = side, .ids = ids}, line);
}

char **dm_encode_pieces(const Segmenter *segmenter, Side side, const char *line, Ids *ids)
{
    Encoding encoding = {.segmenter = segmenter, .side = side, .ids = ids, .wanted = true};
    encode(&encoding, line);
    return encoding.pieces;
}

void dm_pieces_free(char **pieces, int count)
{
    for (int i = 0; i < count; i++) dm_free(pieces[i]);
    dm_free(pieces);
}

int dm_unknown_piece(const Segmenter *segmenter, Side side)
{
    return segmenter->unknown[side];
}

bool dm_is_unknown(const Segmenter *segmenter, Side side, int id)
{
    return id == segmenter->unknown[side];
}

// ---- Ids to text ----------------------------------------------------------------------------------------------------

void dm_undo_joins(char *line)
{
    char *to = line;
    for (const char *from = line; *from;) {
        if (from[0] == '@' && from[1] == '@' && (from[2] == ' ' || from[2] == '\0'))
            from += from[2] ? 3 : 2;
        else
            *to++ = *from++;
    }
    *to = '\0';
}

static char *with_spaces(const char *const *pieces, int count)
{
    size_t size = 1;
    for (int i = 0; i < count; i++) size += strlen(pieces[i]) + 1;
    char *text = dm_allocate(size, 1), *end = text;
    for (int i = 0; i < count; i++) {
        if (i) *end++ = ' ';
        end = stpcpy(end, pieces[i]);
    }
    return text;
}

// Pieces that the model does not know keep their mark U+2581 where a word begins: it becomes the space it stands for.
// White space at both ends goes. In place.
static void tidy(char *text)
{
    char *to = text, *last = text;
    for (const char *from = text; *from;) {
        const char *start = from;
        uint32_t c = dm_utf8_next(&from);
        if (c == 0x2581) c = ' ', start = " ";
        if (dm_white_space(c) && to == text) continue;
        size_t size = c == ' ' ? 1 : (size_t)(from - start);
        memmove(to, start, size);
        to += size;
        if (!dm_white_space(c)) last = to;
    }
    *last = '\0';
}

char *dm_join_pieces(const Segmenter *segmenter, const char *const *pieces, int count)
{
    if (segmenter->labels) return with_spaces(pieces, count);
    char *text = segmenter->spaces ? with_spaces(pieces, count)
                                   : dm_sentencepiece_decode(segmenter->model[DM_TARGET], pieces, count);
    if (segmenter->spaces)
        dm_undo_joins(text);
    else
        tidy(text);
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r') *c = ' ';
    return text;
}

// Special pieces are left out as by MarianTokenizer.decode(skip_special_tokens=True), save that text in pieces shows
// where a word was unknown.
char *dm_decode_copies(const Segmenter *segmenter, const int *ids, int count, char *const *copied)
{
    const Segmenter *s = segmenter;
    const int vocabulary = dm_vocabulary_size(s->vocabulary[DM_TARGET]);
    const char **pieces = dm_allocate((size_t)count, sizeof *pieces);
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (ids[i] >= vocabulary) {
            pieces[kept++] = copied[ids[i] - vocabulary];
            continue;
        }
        if (ids[i] == s->eos[DM_TARGET] || ids[i] == s->pad[DM_TARGET]) continue;
        if (ids[i] == s->unknown[DM_TARGET] && !s->spaces) continue;
        const AddedToken *added = s->labels ? NULL : dm_added_token_of(&s->added, ids[i]);  // which are the source's
        if (added && added->special) continue;
        pieces[kept++] = dm_vocabulary_piece(s->vocabulary[DM_TARGET], ids[i]);
    }
    char *text = dm_join_pieces(s, pieces, kept);
    dm_free(pieces);
    return text;
}

char *dm_decode(const Segmenter *segmenter, const int *ids, int count)
{
    return dm_decode_copies(segmenter, ids, count, NULL);
}

// ---- Words ----------------------------------------------------------------------------------------------------------

static const char word_mark[] = "\xE2\x96\x81";  // U+2581, before the first piece of a word

// Chinese, Japanese, Thai, Lao, Burmese, Khmer, and the punctuation of East Asia.
static bool without_spaces(const char *piece)
{
    if (dm_utf8_valid(piece, strlen(piece)) < strlen(piece)) return false;  // a model file can spell anything
    while (*piece) {
        const uint32_t c = dm_utf8_next(&piece);
        if ((c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF01 && c <= 0xFF60) ||
            (c >= 0x20000 && c <= 0x3FFFF) || (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) ||
            (c >= 0x1780 && c <= 0x17FF))
            return true;
    }
    return false;
}

static bool begins_word(const Segmenter *segmenter, const char *before, const char *piece)
{
    const size_t length = strlen(before);
    if (segmenter->spaces) return length < 2 || strcmp(before + length - 2, "@@") != 0;
    if (strcmp(before, word_mark) == 0) return false;
    return strncmp(piece, word_mark, sizeof word_mark - 1) == 0 || without_spaces(piece) || without_spaces(before);
}

int dm_pieces_to_words(const Segmenter *segmenter, const char *const *pieces, int count, int *word_of)
{
    int words = 0;
    for (int i = 0; i < count; i++) {
        words += i == 0 || begins_word(segmenter, pieces[i - 1], pieces[i]);
        word_of[i] = words - 1;
    }
    return words;
}

// ---- Copying --------------------------------------------------------------------------------------------------------
