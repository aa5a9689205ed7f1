// tokenizer.json to a SentencePiece model, which then computes the same: its pieces with their scores, and what is done
// with spaces.
#include "text/tokenizer_read.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "core/json.h"
#include "core/memory.h"

static const char mark[] = "\xE2\x96\x81";  // U+2581

// ---- A protocol buffer ----------------------------------------------------------------------------------------------

typedef struct Message {
    char *bytes;
    size_t size, room;
} Message;

static void put(Message *m, const void *bytes, size_t size)
{
    if (m->size + size > m->room) m->bytes = dm_reallocate(m->bytes, m->room = 2 * (m->size + size) + 64, 1);
    if (size) memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static void put_varint(Message *m, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) put(m, &(unsigned char){(unsigned char)(value | 0x80)}, 1);
    put(m, &(unsigned char){(unsigned char)value}, 1);
}

static void put_whole(Message *m, int field, int64_t value)
{
    put_varint(m, (uint64_t)field << 3);
    put_varint(m, (uint64_t)value);
}

static void put_bytes(Message *m, int field, const void *bytes, size_t size)
{
    put_varint(m, (uint64_t)field << 3 | 2);
    put_varint(m, size);
    put(m, bytes, size);
}

static void put_float(Message *m, int field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_varint(m, (uint64_t)field << 3 | 5);
    for (int i = 0; i < 4; i++) put(m, &(unsigned char){(unsigned char)(bits >> 8 * i)}, 1);
}

// Takes the part over.
static void put_message(Message *m, int field, Message *part)
{
    put_bytes(m, field, part->bytes, part->size);
    dm_free(part->bytes);
}

// ---- What the file says ---------------------------------------------------------------------------------------------

typedef enum PieceKind { NORMAL = 1, UNKNOWN, CONTROL, BYTE = 6 } PieceKind;

typedef struct Piece {
    const char *text;  // in the JSON
    float score;
    PieceKind kind;
    int rank;  // of the last merge that makes it, by BPE; -1: none does
} Piece;

typedef struct Source {
    JsonFile file;
    const cJSON *model;
    Piece *piece;  // [count] by id
    int count, unknown;
    bool bpe, bytes, tidies, marks_beginning;
    char *map;  // [map_size]
    size_t map_size;
} Source;

static const cJSON *item_of(const cJSON *json, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(json, key);
}

static const char *text_of(const cJSON *json, const char *key)
{
    const char *text = cJSON_GetStringValue(item_of(json, key));
    return text ? text : "";
}

static void refuse(Source *s, const char *part, const char *what)
{
    dm_json_complain(
        &s->file,
        "%s: \"%s\" has %.80s, which this program cannot compute: it understands Unigram and BPE models whose "
        "words begin with U+2581, as SentencePiece makes them; if this was made of a SentencePiece model, put that "
        "beside it (source.spm and target.spm, with vocab.json), else train a model with such pieces",
        s->file.path, part, what);
}

// Pieces of bytes, as GPT-2 and Llama 3 have them: the words are cut in ways of their own before, so that there is no
// SentencePiece model that does the same.
static bool is_of_bytes(const cJSON *step)
{
    const cJSON *each;
    bool found = strcmp(text_of(step, "type"), "ByteLevel") == 0;
    cJSON_ArrayForEach(each, item_of(step, "pretokenizers")) found = found || is_of_bytes(each);
    return found;
}

static void check_bytes(Source *s)
{
    if (!is_of_bytes(dm_json_find(&s->file, "pre_tokenizer")) && !is_of_bytes(dm_json_find(&s->file, "decoder")))
        return;
    dm_json_complain(
        &s->file,
        "%s: its pieces are of bytes (ByteLevel, as in GPT-2 and Llama 3), into which this program cannot "
        "cut text, and no SentencePiece model does the same: take a model whose pieces are SentencePiece's "
        "(as in Llama 2 and Mixtral), or train one here (dragoman train --type lm)",
        s->file.path);
}

// ---- Normaliser -----------------------------------------------------------------------------------------------------

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static void read_map(Source *s, const char *base64)
{
    s->map = dm_allocate(strlen(base64) / 4 * 3 + 3, 1);
    unsigned value = 0;
    int bits = 0;
    for (; digit_of(*base64) >= 0; base64++) {
        value = value << 6 | (unsigned)digit_of(*base64);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        s->map[s->map_size++] = (char)(value >> bits);
    }
}

static void read_step(Source *s, const char *part, const cJSON *step)
{
    const char *type = text_of(step, "type");
    const cJSON *pattern = item_of(step, "pattern"),
                *list = item_of(step, part[0] == 'n' ? "normalizers" : "pretokenizers"), *each;
    const char *regex = text_of(pattern, "Regex"), *string = text_of(pattern, "String"),
               *content = text_of(step, "content");
    if (strcmp(type, "Sequence") == 0) {
        cJSON_ArrayForEach(each, list) read_step(s, part, each);
    } else if (strcmp(type, "Precompiled") == 0 && !s->map) {
        read_map(s, text_of(step, "precompiled_charsmap"));
    } else if (strcmp(type, "Strip") == 0 || strcmp(type, "WhitespaceSplit") == 0 ||
               (strcmp(type, "Replace") == 0 && strcmp(regex, " {2,}") == 0)) {
        s->tidies = true;
    } else if (strcmp(type, "Prepend") == 0 && strcmp(text_of(step, "prepend"), mark) == 0) {
        s->marks_beginning = true;
    } else if (strcmp(type, "Metaspace") == 0) {
        s->marks_beginning = strcmp(text_of(step, "prepend_scheme"), "never") != 0;
    } else if (!(strcmp(type, "Replace") == 0 && strcmp(string, " ") == 0 && strcmp(content, mark) == 0)) {
        refuse(s, part, type);
    }
}

static void read_spaces(Source *s)
{
    static const char *const parts[] = {"normalizer", "pre_tokenizer"};
    for (size_t i = 0; i < DM_COUNT(parts); i++)
        if (dm_json_find(&s->file, parts[i])) read_step(s, parts[i], dm_json_find(&s->file, parts[i]));
}

// ---- Pieces ---------------------------------------------------------------------------------------------------------

static bool is_byte(const char *text)
{
    return strlen(text) == 6 && strncmp(text, "<0x", 3) == 0 && text[5] == '>';
}

static void read_unigram(Source *s)
{
    const cJSON *list = item_of(s->model, "vocab"), *pair;
    s->piece = dm_allocate((size_t)cJSON_GetArraySize(list), sizeof *s->piece);
    s->unknown = dm_json_is_whole(item_of(s->model, "unk_id"), 0, INT_MAX) ? item_of(s->model, "unk_id")->valueint : -1;
    cJSON_ArrayForEach(pair, list)
    {
        const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
        const cJSON *score = cJSON_GetArrayItem(pair, 1);
        if (!text || !*text || !cJSON_IsNumber(score)) {
            refuse(s, "model", "a vocabulary that is no list of pieces and scores");
            return;
        }
        s->piece[s->count++] = (Piece){.text = text, .score = (float)score->valuedouble, .kind = NORMAL};
    }
}

// Ids 0 ... count-1, each once.
static void read_ids(Source *s)
{
    const cJSON *all = item_of(s->model, "vocab"), *entry;
    const int count = cJSON_GetArraySize(all);
    s->piece = dm_allocate((size_t)count, sizeof *s->piece);
    cJSON_ArrayForEach(entry, all)
    {
        if (!dm_json_is_whole(entry, 0, count - 1) || s->piece[entry->valueint].text || !*entry->string) {
            refuse(s, "model", "a vocabulary without an id for every piece");
            return;
        }
        s->piece[entry->valueint] = (Piece){.text = entry->string, .kind = NORMAL, .rank = -1};
    }
    s->count = count;
}

// Both halves of a merge, which older files have as one text.
static bool halves(const cJSON *merge, char **left, char **right)
{
    const char *text = cJSON_GetStringValue(merge), *space = text ? strchr(text, ' ') : NULL;
    const char *a = cJSON_GetStringValue(cJSON_GetArrayItem(merge, 0)),
               *b = cJSON_GetStringValue(cJSON_GetArrayItem(merge, 1));
    if (!space && !(a && b)) return false;
    *left = space ? dm_format("%.*s", (int)(space - text), text) : dm_copy_string(a);
    *right = dm_copy_string(space ? space + 1 : b);
    return true;
}

static int ways_to_cut(const Source *s, const Vocabulary *known, const char *piece)
{
    int ways = 0;
    for (size_t cut = 1; cut < strlen(piece); cut++) {
        if ((piece[cut] & 0xC0) == 0x80) continue;
        char *left = dm_format("%.*s", (int)cut, piece);
        const int a = dm_vocabulary_id(known, left), b = dm_vocabulary_id(known, piece + cut);
        ways += a >= 0 && b >= 0 && s->piece[a].kind == NORMAL && s->piece[b].kind == NORMAL;
        dm_free(left);
    }
    return ways;
}

static bool is_one_character(const char *text)
{
    for (text++; *text; text++)
        if ((*text & 0xC0) != 0x80) return false;
    return true;
}

// SentencePiece joins whatever makes a piece, the piece with the best score first: that is the same where every way to
// make a piece is among the merges, all of them together.
static void read_merges(Source *s, const Vocabulary *known)
{
    int rank = 0, made = -1, merges = 0, ways = 0;
    const cJSON *merge;
    cJSON_ArrayForEach(merge, item_of(s->model, "merges"))
    {
        char *left, *right;
        if (!halves(merge, &left, &right)) {
            refuse(s, "model", "merges that are no pairs");
            return;
        }
        char *both = dm_format("%s%s", left, right);
        const int id = dm_vocabulary_id(known, both);
        dm_free(left), dm_free(right), dm_free(both);
        if (id < 0 || (id != made && s->piece[id].rank >= 0)) {
            refuse(s, "model", "merges in another order than that of the pieces");
            return;
        }
        if (id != made) rank++;
        made = id;
        s->piece[id].rank = rank;
        s->piece[id].score = (float)-rank;
        merges++;
    }
    for (int i = 0; i < s->count; i++) {
        Piece *p = &s->piece[i];
        if (is_byte(p->text) && s->bytes)
            p->kind = BYTE;
        else if (p->rank < 0 && !is_one_character(p->text))
            p->kind = CONTROL;
        if (p->rank < 0) p->score = (float)-(rank + 1 + i);
    }
    for (int i = 0; i < s->count; i++)
        if (s->piece[i].rank >= 0) ways += ways_to_cut(s, known, s->piece[i].text);
    if (ways != merges) refuse(s, "model", "merges that leave out some ways to make a piece");
}

static Vocabulary *vocabulary_of(Source *s)
{
    const char **texts = dm_allocate((size_t)s->count, sizeof *texts);
    for (int i = 0; i < s->count; i++) texts[i] = s->piece[i].text;
    Vocabulary *made = dm_vocabulary_create(texts, s->count);
    dm_free(texts);
    return made;
}

static void read_model(Source *s, Vocabulary **vocabulary)
{
    const char *type = text_of(s->model, "type");
    s->bytes = cJSON_IsTrue(item_of(s->model, "byte_fallback"));
    s->bpe = strcmp(type, "BPE") == 0 || (!*type && item_of(s->model, "merges"));
    if (!s->bpe && strcmp(type, "Unigram") != 0) {
        refuse(s, "model", *type ? type : "no type");
        return;
    }
    if (s->bpe)
        read_ids(s);
    else
        read_unigram(s);
    if (s->file.status) return;
    *vocabulary = vocabulary_of(s);
    if (s->bpe) s->unknown = dm_vocabulary_id(*vocabulary, text_of(s->model, "unk_token"));
    if (s->bpe) read_merges(s, *vocabulary);
    for (int i = 0; i < s->count && !s->bpe && s->bytes; i++)
        if (is_byte(s->piece[i].text)) s->piece[i].kind = BYTE;
    if (s->unknown >= s->count || (s->unknown >= 0 && s->piece[s->unknown].kind == BYTE)) s->unknown = -1;
    if (s->unknown >= 0) s->piece[s->unknown].kind = UNKNOWN;
}

// ---- Around a text --------------------------------------------------------------------------------------------------

static void take_around(int *place, const cJSON *id)
{
    *place = *place == -1 && dm_json_is_whole(id, 0, INT_MAX) ? id->valueint : DM_NOT_ONE;
}

static void read_template(TokenizerRead *read, const cJSON *processor)
{
    const cJSON *part, *specials = item_of(processor, "special_tokens");
    int *place = &read->before;
    cJSON_ArrayForEach(part, item_of(processor, "single"))
    {
        const cJSON *ids = item_of(item_of(specials, text_of(item_of(part, "SpecialToken"), "id")), "ids");
        if (item_of(part, "Sequence"))
            place = &read->behind;
        else
            take_around(place, cJSON_GetArraySize(ids) == 1 ? cJSON_GetArrayItem(ids, 0) : NULL);
    }
}

static void read_around(TokenizerRead *read, const cJSON *processor)
{
    const char *type = text_of(processor, "type");
    const cJSON *each;
    if (strcmp(type, "TemplateProcessing") == 0) {
        read_template(read, processor);
    } else if (strcmp(type, "BertProcessing") == 0 || strcmp(type, "RobertaProcessing") == 0) {
        take_around(&read->before, cJSON_GetArrayItem(item_of(processor, "cls"), 1));
        take_around(&read->behind, cJSON_GetArrayItem(item_of(processor, "sep"), 1));
    } else if (strcmp(type, "Sequence") == 0) {
        cJSON_ArrayForEach(each, item_of(processor, "processors")) read_around(read, each);
    } else if (*type) {
        read->before = read->behind = DM_NOT_ONE;
    }
}

// ---- The model ------------------------------------------------------------------------------------------------------

static void add_piece(Message *to, const char *text, float score, PieceKind kind)
{
    Message piece = {0};
    put_bytes(&piece, 1, text, strlen(text));
    put_float(&piece, 2, score);
    put_whole(&piece, 3, kind);
    put_message(to, 1, &piece);
}

static Message model_of(const Source *s)
{
    static const char no_piece[] = "\xEF\xBF\xBE<unk>";  // SentencePiece needs one for what it does not know
    Message model = {0}, trainer = {0}, normaliser = {0};
    for (int i = 0; i < s->count; i++) add_piece(&model, s->piece[i].text, s->piece[i].score, s->piece[i].kind);
    if (s->unknown < 0) add_piece(&model, no_piece, 0, UNKNOWN);
    put_whole(&trainer, 3, s->bpe ? 2 : 1);
    put_whole(&trainer, 35, s->bytes);
    put_bytes(&trainer, 45, s->unknown < 0 ? no_piece : s->piece[s->unknown].text,
              strlen(s->unknown < 0 ? no_piece : s->piece[s->unknown].text));
    put_message(&model, 2, &trainer);
    put_bytes(&normaliser, 1, "tokenizer.json", strlen("tokenizer.json"));
    put_bytes(&normaliser, 2, s->map, s->map_size);
    put_whole(&normaliser, 3, s->marks_beginning);
    put_whole(&normaliser, 4, s->tidies);
    put_message(&model, 3, &normaliser);
    return model;
}

// What stands behind the vocabulary, or in it and is no text.
static void read_added(TokenizerRead *read, Source *s, int eos)
{
    const cJSON *list = dm_json_find(&s->file, "added_tokens"), *token;
    int behind = 0;
    cJSON_ArrayForEach(token, list)
    {
        const cJSON *id = item_of(token, "id");
        const char *text = text_of(token, "content");
        if (!dm_json_is_whole(id, 0, INT_MAX) || !*text) {
            refuse(s, "added_tokens", "a token without \"id\" or \"content\"");
            return;
        }
        if (id->valueint < s->count && s->piece[id->valueint].kind == NORMAL && cJSON_IsTrue(item_of(token, "special")))
            s->piece[id->valueint].kind = CONTROL;
        behind += id->valueint >= s->count;
        if (id->valueint != eos && id->valueint != read->unknown)
            dm_added_tokens_add(&read->added, (AddedToken){.text = dm_copy_string(text),
                                                           .id = id->valueint,
                                                           .special = cJSON_IsTrue(item_of(token, "special")),
                                                           .left = cJSON_IsTrue(item_of(token, "lstrip")),
                                                           .right = cJSON_IsTrue(item_of(token, "rstrip")),
                                                           .word = cJSON_IsTrue(item_of(token, "single_word"))});
    }
}

Status dm_tokenizer_read(TokenizerRead *read, const char *path, int eos, Error *error)
{
    Source s = {.unknown = -1};
    *read = (TokenizerRead){.unknown = -1, .before = -1, .behind = -1};
    dm_json_open(&s.file, path, error);
    s.model = dm_json_find(&s.file, "model");
    if (!s.file.status) check_bytes(&s);
    if (!s.file.status) read_spaces(&s);
    if (!s.file.status) read_model(&s, &read->vocabulary);
    read->unknown = s.unknown;
    read_around(read, dm_json_find(&s.file, "post_processor"));
    if (!s.file.status) read_added(read, &s, eos);
    if (!s.file.status) {
        const Message model = model_of(&s);
        read->model = model.bytes;
        read->size = model.size;
    }
    dm_json_close(&s.file);
    dm_free(s.piece);
    dm_free(s.map);
    return s.file.status;
}
