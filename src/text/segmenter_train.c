// Making a segmenter from training text: what SentencePiece gets to read, how large the vocabulary may be, and the
// files of the model folder.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "text/segmenter_files.h"
#include "text/sentencepiece.h"
#include "text/sentencepiece_apart.h"
#include "text/tokenizer_json.h"
#include "text/segmenter.h"

// SentencePiece's own limit is on sentences that it leaves out; longer lines are cut here instead. Some of its counts
// within a sentence have 16 bits.
enum { SENTENCE_BYTES = 4096 };
// Its suffix array takes 20 bytes a character. More text than this is thinned out evenly: it makes no better pieces.
static const size_t text_limit = 100u << 20;

typedef struct Text {
    const dm_lines *sides;
    int count;
    size_t step;  // every so manieth line is read
} Text;

static Text text_of(const SegmenterTraining *training)
{
    size_t bytes = 0;
    for (int i = 0; i < training->text_count; i++)
        for (size_t k = 0; k < training->text[i].count; k++) bytes += strlen(training->text[i].line[k]);
    return (Text){training->text, training->text_count, bytes / text_limit + 1};
}

static Status wrong_size(const SegmenterTraining *training, int allowed, Error *error)
{
    char size[32], bound[32];
    bool large = allowed < training->size;
    return dm_fail(error, "the vocabulary of %s is %s than this text allows: %s %s (--vocab-size; text: %s)",
                   dm_with_commas((size_t)training->size, size), large ? "larger" : "smaller",
                   large ? "at most" : "its characters alone need at least", dm_with_commas((size_t)allowed, bound),
                   training->text_name);
}

static Status no_words(const SegmenterTraining *training, Error *error)
{
    return dm_fail(error, "%s: there are no words to make a vocabulary of", training->text_name);
}

// ---- Counting pieces ------------------------------------------------------------------------------------------------

typedef struct Counted {
    const char *piece;  // in the text, which goes on behind it
    size_t length;
    int64_t times;
} Counted;

// A hash table (open addressing) of what stands between spaces.
typedef struct Counter {
    Counted *slot;
    size_t slots, used;
} Counter;

static bool is_piece(const Counted *slot, const char *piece, size_t length)
{
    return slot->length == length && memcmp(slot->piece, piece, length) == 0;
}

static Counted *find(const Counter *counter, const char *piece, size_t length)
{
    size_t at = dm_hash_text(piece, length) & (counter->slots - 1);
    while (counter->slot[at].piece && !is_piece(&counter->slot[at], piece, length))
        at = (at + 1) & (counter->slots - 1);
    return &counter->slot[at];
}

static void count(Counter *counter, const char *piece, size_t length)
{
    if (2 * counter->used >= counter->slots) {
        Counter old = *counter;
        counter->slots = old.slots ? 2 * old.slots : 1024;
        counter->slot = dm_allocate(counter->slots, sizeof *counter->slot);
        for (size_t i = 0; i < old.slots; i++)
            if (old.slot[i].piece) *find(counter, old.slot[i].piece, old.slot[i].length) = old.slot[i];
        dm_free(old.slot);
    }
    Counted *found = find(counter, piece, length);
    if (!found->piece) {
        *found = (Counted){piece, length, 0};
        counter->used++;
    }
    found->times++;
}

static int more_often(const void *left, const void *right)
{
    const Counted *a = left, *b = right;
    if (a->times != b->times) return a->times < b->times ? 1 : -1;
    int order = memcmp(a->piece, b->piece, a->length < b->length ? a->length : b->length);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

// The pieces, the most frequent first (among equals by their bytes), lie in front afterwards.
static void sort_counter(Counter *counter)
{
    size_t kept = 0;
    for (size_t i = 0; i < counter->slots; i++)
        if (counter->slot[i].piece) counter->slot[kept++] = counter->slot[i];
    if (kept) qsort(counter->slot, kept, sizeof *counter->slot, more_often);
}

static bool is_special(const char *piece, size_t length)
{
    return (length == 4 && memcmp(piece, "</s>", 4) == 0) ||
           (length == 5 && (memcmp(piece, "<unk>", 5) == 0 || memcmp(piece, "<pad>", 5) == 0));
}

// The first pieces, each by itself.
static char **copy_pieces(const Counter *counter, int count)
{
    char **pieces = dm_allocate((size_t)count, sizeof *pieces);
    for (int i = 0; i < count; i++) pieces[i] = dm_format("%.*s", (int)counter->slot[i].length, counter->slot[i].piece);
    return pieces;
}

// ---- The files ------------------------------------------------------------------------------------------------------

static Status write_in(const char *folder, const char *name, const void *bytes, size_t size, Error *error)
{
    char *path = dm_join_path(folder, name);
    Status status = dm_write_file(path, bytes, size, error);
    dm_free(path);
    return status;
}

// </s> 0, <unk> 1, the pieces, <pad> last. pieces: room for three more, the pieces themselves from index 2.
// words: they are plain words, for which transformers has no tokenizer of its own.
static Status write_vocabulary(const char *folder, const char **pieces, int piece_count, bool words, Error *error)
{
    pieces[0] = "</s>";
    pieces[1] = "<unk>";
    pieces[2 + piece_count] = "<pad>";
    Vocabulary *vocabulary = dm_vocabulary_create(pieces, piece_count + 3);
    char *path = dm_join_path(folder, DM_VOCABULARY);
    Status status = dm_vocabulary_write(vocabulary, path, error);
    if (!status && words)
        status = dm_tokenizer_json_write(&(TokenizerJson){.vocabulary = vocabulary, .behind = "</s>"}, folder, error);
    dm_vocabulary_free(vocabulary);
    dm_free(path);
    return status;
}

static Status write_tokenizer_config(const SegmenterTraining *training, Error *error)
{
    char *text = dm_format("{\n"
                           "  \"tokenizer_class\": \"MarianTokenizer\",\n"
                           "  \"source_lang\": \"%s\",\n"
                           "  \"target_lang\": \"%s\",\n"
                           "  \"eos_token\": \"</s>\",\n"
                           "  \"unk_token\": \"<unk>\",\n"
                           "  \"pad_token\": \"<pad>\",\n"
                           "  \"model_max_length\": 512,\n"
                           "  \"separate_vocabs\": false,\n"
                           "  \"sp_model_kwargs\": {},\n"
                           "  \"clean_up_tokenization_spaces\": false\n"
                           "}\n",
                           training->languages[0], training->languages[1]);
    Status status = write_in(training->folder, DM_TOKENIZER, text, strlen(text), error);
    dm_free(text);
    return status;
}

// ---- Text that is already in pieces ---------------------------------------------------------------------------------

static void count_between_blanks(Counter *counter, const char *line, bool special_too)
{
    for (line += strspn(line, DM_BLANKS); *line; line += strspn(line, DM_BLANKS)) {
        size_t length = strcspn(line, DM_BLANKS);
        if (special_too || !is_special(line, length)) count(counter, line, length);
        line += length;
    }
}

// The most frequent first, as pieces are.
static Status write_labels(const SegmenterTraining *training, Error *error)
{
    Counter counter = {0};
    for (size_t k = 0; k < training->labels->count; k++)
        count_between_blanks(&counter, training->labels->line[k], true);
    sort_counter(&counter);
    const int count = (int)counter.used;
    char **labels = copy_pieces(&counter, count);
    Vocabulary *vocabulary = dm_vocabulary_create((const char *const *)labels, count);
    char *path = dm_join_path(training->folder, DM_TARGET_VOCABULARY);
    const Status status = count ? dm_vocabulary_write(vocabulary, path, error)
                                : dm_fail(error, "%s: there are no labels", training->text_name);
    dm_vocabulary_free(vocabulary);
    dm_pieces_free(labels, count);
    dm_free(counter.slot);
    dm_free(path);
    return status;
}

static Status train_spaces(const SegmenterTraining *training, const Text *text, Error *error)
{
    Counter counter = {0};
    for (int i = 0; i < text->count; i++)
        for (size_t k = 0; k < text->sides[i].count; k++) count_between_blanks(&counter, text->sides[i].line[k], false);
    sort_counter(&counter);
    int pieces = (int)counter.used;
    Status status = DM_OK;
    if (pieces == 0)
        status = no_words(training, error);
    else if (training->size && training->size < 4)
        status =
            dm_fail(error, "the vocabulary of %d leaves no room for words: at least 4 (--vocab-size)", training->size);
    else if (training->size - 3 > pieces)
        status = wrong_size(training, pieces + 3, error);
    if (!status) {
        if (training->size) pieces = training->size - 3;
        char **words = copy_pieces(&counter, pieces);
        const char **list = dm_allocate((size_t)pieces + 3, sizeof *list);
        for (int i = 0; i < pieces; i++) list[2 + i] = words[i];
        status = write_vocabulary(training->folder, list, pieces, true, error);
        dm_free(list);
        dm_pieces_free(words, pieces);
    }
    dm_free(counter.slot);
    return status;
}

// ---- Raw text: SentencePiece ----------------------------------------------------------------------------------------

// A walk through the text, sentence by sentence.
typedef struct Walk {
    const Text *text;
    int side;
    size_t line;       // of the side
    const char *rest;  // of the line that is being cut; NULL: take the next one
    char sentence[SENTENCE_BYTES + 1];
} Walk;

static const char *next_line(Walk *walk)
{
    while (walk->side < walk->text->count) {
        const dm_lines *lines = &walk->text->sides[walk->side];
        if (walk->line < lines->count) {
            const char *line = lines->line[walk->line];
            walk->line += walk->text->step;
            return line;
        }
        walk->line = 0;
        walk->side++;
    }
    return NULL;
}

// How much of a long line the next sentence takes: up to the last space that fits, else as many whole characters.
static size_t sentence_size(const char *rest)
{
    size_t size = strnlen(rest, SENTENCE_BYTES + 1);
    if (size <= SENTENCE_BYTES) return size;
    for (size = SENTENCE_BYTES; size > 0 && rest[size] != ' '; size--) continue;
    if (size > 0) return size;
    for (size = SENTENCE_BYTES; (rest[size] & 0xC0) == 0x80; size--) continue;
    return size;
}

// SentencePiece leaves out sentences with U+2585, which it uses itself: here it is a blank.
static const char *next_sentence(void *context)
{
    Walk *walk = context;
    if (!walk->rest || !*walk->rest) {
        walk->rest = next_line(walk);
        if (!walk->rest) return NULL;
        walk->rest += dm_language_code(walk->rest);
    }
    size_t size = sentence_size(walk->rest);
    memcpy(walk->sentence, walk->rest, size);
    walk->sentence[size] = '\0';
    walk->rest += size;
    for (char *block = walk->sentence; (block = strstr(block, "\xE2\x96\x85"));) memset(block, ' ', 3);
    return walk->sentence;
}

// *visible: whether something certainly remains after normalisation. SentencePiece ends the program when nothing is
// left of the text, so it must not get a text of blanks, control characters and the like.
static int distinct_characters(const Text *text, bool *visible)
{
    unsigned char *seen = dm_allocate(0x110000 / 8, 1);
    int distinct = 0;
    Walk walk = {.text = text};
    *visible = false;
    for (const char *at; (at = next_sentence(&walk));) {
        distinct += dm_utf8_mark(seen, at);
        while (*at && !*visible) *visible = dm_is_visible(dm_utf8_next(&at));
    }
    dm_free(seen);
    return distinct;
}

// The language codes of the text, which SentencePiece does not see.
static void count_codes(Counter *codes, const Text *text)
{
    for (int i = 0; i < text->count; i++)
        for (size_t k = 0; k < text->sides[i].count; k++) {
            const char *line = text->sides[i].line[k];
            size_t size = dm_language_code(line);
            if (size) count(codes, line, size);
        }
    sort_counter(codes);
}

// vocab.json: </s>, <unk>, language codes, SentencePiece's pieces, <pad>.
static Status write_joint_vocabulary(const SegmenterTraining *training, const Counter *codes, const char *bytes,
                                     size_t size, Error *error)
{
    SentencePiece *model;
    Status status = dm_sentencepiece_open(&model, bytes, size, "the trained model", error);
    if (status) return status;
    int in_model = dm_sentencepiece_size(model), used = 2;
    const char **list = dm_allocate(codes->used + (size_t)in_model + 3, sizeof *list);
    char **names = copy_pieces(codes, (int)codes->used);
    for (size_t i = 0; i < codes->used; i++) list[used++] = names[i];
    for (int i = 0; i < in_model; i++) {
        const char *piece = dm_sentencepiece_piece(model, i);
        if (piece) list[used++] = piece;
    }
    status = write_vocabulary(training->folder, list, used - 2, false, error);
    dm_pieces_free(names, (int)codes->used);
    dm_free(list);
    dm_sentencepiece_close(model);
    return status;
}

static Status train_sentencepiece(const SegmenterTraining *training, const Text *text, Error *error)
{
    char *bytes = NULL;
    size_t size;
    Counter codes = {0};
    count_codes(&codes, text);
    bool visible;
    int distinct = distinct_characters(text, &visible), around = 2 + (int)codes.used, allowed;
    Status status = DM_OK;
    if (!visible) {
        status = no_words(training, error);
        goto done;
    }
    // Every character is a piece where that leaves half of the vocabulary to longer ones. In texts with more of them
    // (thousands of Chinese characters, most of the last ones seen once or twice) the rarest 0.05% of the text stay
    // unknown.
    Walk walk = {.text = text};
    SentencePieceTraining request = {.kind = training->kind,
                                     .size = training->size - around > 0 ? training->size - around : 1,
                                     .coverage = distinct <= training->size / 2 ? 1 : 0.9995,
                                     .sentence_bytes = SENTENCE_BYTES,
                                     .next = next_sentence,
                                     .context = &walk};
    status = dm_sentencepiece_train_apart(&bytes, &size, &allowed, &request, training->stop, error);
    if (status && allowed && training->adapts) {
        request.size = allowed;
        walk = (Walk){.text = text};
        status = dm_sentencepiece_train_apart(&bytes, &size, &allowed, &request, training->stop, error);
    }
    if (status && allowed) status = wrong_size(training, allowed + around, error);
    if (!status) status = write_in(training->folder, DM_SOURCE_SEGMENTER, bytes, size, error);
    if (!status) status = write_in(training->folder, DM_TARGET_SEGMENTER, bytes, size, error);
    if (!status) status = write_joint_vocabulary(training, &codes, bytes, size, error);
    if (!status) status = write_tokenizer_config(training, error);
done:
    dm_free(codes.slot);
    dm_free(bytes);
    return status;
}

Status dm_segmenter_train(const SegmenterTraining *training, Error *error)
{
    Status status = dm_make_folder(training->folder, error);
    if (status) return status;
    const Text text = text_of(training);
    const bool spaces = strcmp(training->kind, "space") == 0;
    if (training->labels) status = write_labels(training, error);
    if (status) return status;
    return spaces ? train_spaces(training, &text, error) : train_sentencepiece(training, &text, error);
}
