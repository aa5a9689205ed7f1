// Making a segmenter from training text: what SentencePiece gets to read, how large the vocabulary may be, and the
// files of the model folder.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "text/piece_counter.h"
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

// ---- Counting -------------------------------------------------------------------------------------------------------

static bool is_special(const char *piece, size_t length)
{
    return (length == 4 && memcmp(piece, "</s>", 4) == 0) ||
           (length == 5 && (memcmp(piece, "<unk>", 5) == 0 || memcmp(piece, "<pad>", 5) == 0));
}

static void count_between_blanks(PieceCounter *counter, const char *line, bool special_too)
{
    for (line += strspn(line, DM_BLANKS); *line; line += strspn(line, DM_BLANKS)) {
        size_t length = strcspn(line, DM_BLANKS);
        if (special_too || !is_special(line, length)) dm_piece_count(counter, line, length);
        line += length;
    }
}

void dm_text_count(TextCounts *counts, const char *line, bool words)
{
    const size_t code = dm_language_code(line);
    counts->bytes += strlen(line);
    if (words) count_between_blanks(&counts->words, line, false);
    if (code && !words) dm_piece_count(&counts->codes, line, code);
}

void dm_text_counts_free(TextCounts *counts)
{
    dm_piece_counter_free(&counts->codes);
    dm_piece_counter_free(&counts->words);
}

// ---- What is asked for ---------------------------------------------------------------------------------------------

// What a vocabulary is made of, and the files that it goes into: of both sides, or of one where each has its own.
typedef struct Text {
    const SegmenterTraining *training;
    const dm_lines *sides;
    int count;
    TextCounts *counts;
    size_t step;            // every so manieth line is read
    const char *name;       // how messages call it
    const char *given;      // the SentencePiece model that is there already, or NULL
    const char *models[2];  // of the same bytes; NULL: there is only one
    const char *vocabulary;
} Text;

size_t dm_segmenter_step(size_t bytes)
{
    return bytes / text_limit + 1;
}

// own: zeros, for the counts where nobody has given them; freed by the caller.
static Text text_of(const SegmenterTraining *training, int side, TextCounts *own)
{
    Text text = {
        .training = training,
        .sides = training->text + side,
        .count = training->separate ? 1 : training->text_count,
        .name = training->separate ? training->file[side] : training->text_name,
        .given = training->given[side],
        .models = {side ? DM_TARGET_SEGMENTER : DM_SOURCE_SEGMENTER, training->separate ? NULL : DM_TARGET_SEGMENTER},
        .vocabulary = side ? DM_TARGET_VOCABULARY : DM_VOCABULARY};
    const bool words = strcmp(training->kind, "space") == 0;
    for (int i = 0; i < text.count && !training->counts; i++)
        for (size_t k = 0; k < text.sides[i].count; k++) dm_text_count(own, text.sides[i].line[k], words);
    text.counts = training->counts ? training->counts + side : own;
    text.step = training->counts ? 1 : dm_segmenter_step(own->bytes);
    return text;
}

static Status wrong_size(const Text *text, int allowed, Error *error)
{
    char size[32], bound[32];
    const int asked = text->training->size;
    bool large = allowed < asked;
    return dm_fail(error, "the vocabulary of %s is %s than this text allows: %s %s (--vocab-size; text: %s)",
                   dm_with_commas((size_t)asked, size), large ? "larger" : "smaller",
                   large ? "at most" : "its characters alone need at least", dm_with_commas((size_t)allowed, bound),
                   text->name);
}

static Status no_words(const Text *text, Error *error)
{
    return dm_fail(error, "%s: there are no words to make a vocabulary of", text->name);
}

// ---- The files ------------------------------------------------------------------------------------------------------

static Status write_in(const char *folder, const char *name, const void *bytes, size_t size, Error *error)
{
    char *path = dm_join_path(folder, name);
    Status status = dm_write_file(path, bytes, size, error);
    dm_free(path);
    return status;
}

// </s> 0, <unk> 1, the pieces, <pad> last, or, where the other side has as many pieces as it likes, 2: it is one id on
// both. pieces: room for three more, the pieces themselves from index 3.
static Status write_vocabulary(const Text *text, const char **pieces, int piece_count, Error *error)
{
    const SegmenterTraining *training = text->training;
    const bool words = !strcmp(training->kind, "space");
    const char **list = training->separate ? pieces : pieces + 1;
    list[0] = "</s>";
    list[1] = "<unk>";
    pieces[training->separate ? 2 : 3 + piece_count] = "<pad>";
    Vocabulary *vocabulary = dm_vocabulary_create(list, piece_count + 3);
    char *path = dm_join_path(training->folder, text->vocabulary);
    Status status = dm_vocabulary_write(vocabulary, path, error);
    // Of plain words transformers has no tokenizer of its own.
    if (!status && words && !training->separate)
        status = dm_tokenizer_json_write(&(TokenizerJson){.vocabulary = vocabulary, .behind = "</s>"}, training->folder,
                                         error);
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
                           "  \"separate_vocabs\": %s,\n"
                           "  \"sp_model_kwargs\": {},\n"
                           "  \"clean_up_tokenization_spaces\": false\n"
                           "}\n",
                           training->languages[0], training->languages[1], training->separate ? "true" : "false");
    Status status = write_in(training->folder, DM_TOKENIZER, text, strlen(text), error);
    dm_free(text);
    return status;
}

// ---- Text that is already in pieces ---------------------------------------------------------------------------------

// The most frequent first, as pieces are.
static Status write_labels(const SegmenterTraining *training, Error *error)
{
    PieceCounter counter = {0};
    for (size_t k = 0; k < training->labels->count; k++)
        count_between_blanks(&counter, training->labels->line[k], true);
    dm_pieces_sort(&counter);
    const int count = (int)counter.used;
    char **labels = dm_pieces_copy(&counter, count);
    Vocabulary *vocabulary = dm_vocabulary_create((const char *const *)labels, count);
    char *path = dm_join_path(training->folder, DM_TARGET_VOCABULARY);
    const Status status = count ? dm_vocabulary_write(vocabulary, path, error)
                                : dm_fail(error, "%s: there are no labels", training->text_name);
    dm_vocabulary_free(vocabulary);
    dm_pieces_free(labels, count);
    dm_piece_counter_free(&counter);
    dm_free(path);
    return status;
}

static Status train_spaces(const Text *text, Error *error)
{
    const SegmenterTraining *training = text->training;
    PieceCounter *counter = &text->counts->words;
    dm_pieces_sort(counter);
    int pieces = (int)counter->used;
    Status status = DM_OK;
    if (pieces == 0)
        status = no_words(text, error);
    else if (training->size && training->size < 4)
        status =
            dm_fail(error, "the vocabulary of %d leaves no room for words: at least 4 (--vocab-size)", training->size);
    else if (training->size - 3 > pieces)
        status = wrong_size(text, pieces + 3, error);
    if (!status) {
        if (training->size) pieces = training->size - 3;
        char **words = dm_pieces_copy(counter, pieces);
        const char **list = dm_allocate((size_t)pieces + 4, sizeof *list);
        for (int i = 0; i < pieces; i++) list[3 + i] = words[i];
        status = write_vocabulary(text, list, pieces, error);
        dm_free(list);
        dm_pieces_free(words, pieces);
    }
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

// Language codes, then SentencePiece's pieces.
static Status write_pieces(const Text *text, const PieceCounter *codes, const char *bytes, size_t size, Error *error)
{
    SentencePiece *model;
    Status status = dm_sentencepiece_open(&model, bytes, size, text->given ? text->given : "the trained model", error);
    if (status) return status;
    int in_model = dm_sentencepiece_size(model), used = 3;
    const char **list = dm_allocate(codes->used + (size_t)in_model + 4, sizeof *list);
    char **names = dm_pieces_copy(codes, (int)codes->used);
    for (size_t i = 0; i < codes->used; i++) list[used++] = names[i];
    for (int i = 0; i < in_model; i++) {
        const char *piece = dm_sentencepiece_piece(model, i);
        if (piece && !is_special(piece, strlen(piece))) list[used++] = piece;
    }
    status = write_vocabulary(text, list, used - 3, error);
    dm_pieces_free(names, (int)codes->used);
    dm_free(list);
    dm_sentencepiece_close(model);
    return status;
}

// A model of the text, which the caller frees. around: pieces of the vocabulary that it does not have.
static Status train_model(char **bytes, size_t *size, const Text *text, int around, Error *error)
{
    const SegmenterTraining *training = text->training;
    bool visible;
    int distinct = distinct_characters(text, &visible), allowed;
    if (!visible) return no_words(text, error);
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
    Status status = dm_sentencepiece_train_apart(bytes, size, &allowed, &request, training->stop, error);
    if (status && allowed && training->adapts) {
        request.size = allowed;
        walk = (Walk){.text = text};
        status = dm_sentencepiece_train_apart(bytes, size, &allowed, &request, training->stop, error);
    }
    return status && allowed ? wrong_size(text, allowed + around, error) : status;
}

static Status make_sentencepiece(const Text *text, Error *error)
{
    const char *folder = text->training->folder;
    char *bytes = NULL;
    size_t size;
    PieceCounter *codes = &text->counts->codes;  // which SentencePiece does not see
    dm_pieces_sort(codes);
    Status status = text->given ? dm_read_file(text->given, &bytes, &size, error)
                                : train_model(&bytes, &size, text, 2 + (int)codes->used, error);
    for (int i = 0; i < 2 && text->models[i] && !status; i++)
        status = write_in(folder, text->models[i], bytes, size, error);
    if (!status) status = write_pieces(text, codes, bytes, size, error);
    dm_free(bytes);
    return status;
}

Status dm_segmenter_train(const SegmenterTraining *training, Error *error)
{
    Status status = dm_make_folder(training->folder, error);
    if (status) return status;
    const bool spaces = strcmp(training->kind, "space") == 0;
    if (training->labels) status = write_labels(training, error);
    for (int side = DM_SOURCE; side <= (training->separate ? DM_TARGET : DM_SOURCE) && !status; side++) {
        TextCounts own = {0};
        const Text text = text_of(training, side, &own);
        status = spaces ? train_spaces(&text, error) : make_sentencepiece(&text, error);
        dm_text_counts_free(&own);
    }
    return status || spaces ? status : write_tokenizer_config(training, error);
}
