// tokenizer.json: a model of words, or SentencePiece's as Hugging Face's tokenizers compute it, with the same ids.
#include "text/tokenizer_json.h"

#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/json.h"
#include "core/memory.h"
#include "text/segmenter_files.h"

// An object from JSON that is written here.
static void add_parsed(cJSON *json, const char *key, const char *text)
{
    cJSON_AddItemToObject(json, key, cJSON_Parse(text));
}

static void add_special(cJSON *list, int id, const char *piece)
{
    cJSON *token = cJSON_CreateObject();
    cJSON_AddNumberToObject(token, "id", id);
    cJSON_AddStringToObject(token, "content", piece);
    cJSON_AddBoolToObject(token, "single_word", false);
    cJSON_AddBoolToObject(token, "lstrip", false);
    cJSON_AddBoolToObject(token, "rstrip", false);
    cJSON_AddBoolToObject(token, "normalized", false);
    cJSON_AddBoolToObject(token, "special", true);
    cJSON_AddItemToArray(list, token);
}

// ---- Around a text --------------------------------------------------------------------------------------------------

static void add_part(cJSON *list, const char *kind, const char *id)
{
    cJSON *part = cJSON_CreateObject(), *what = cJSON_AddObjectToObject(part, kind);
    cJSON_AddStringToObject(what, "id", id);
    cJSON_AddNumberToObject(what, "type_id", 0);
    cJSON_AddItemToArray(list, part);
}

static void add_piece_of(cJSON *pieces, const TokenizerJson *t, const char *piece)
{
    const int id = dm_vocabulary_id(t->vocabulary, piece);
    cJSON *special = cJSON_AddObjectToObject(pieces, piece);
    cJSON_AddStringToObject(special, "id", piece);
    cJSON_AddItemToObject(special, "ids", cJSON_CreateIntArray(&id, 1));
    cJSON_AddItemToObject(special, "tokens", cJSON_CreateStringArray(&piece, 1));
}

static void add_template(cJSON *json, const TokenizerJson *t)
{
    cJSON *template = cJSON_AddObjectToObject(json, "post_processor");
    cJSON_AddStringToObject(template, "type", "TemplateProcessing");
    for (int texts = 1; texts <= 2; texts++) {
        cJSON *list = cJSON_AddArrayToObject(template, texts == 1 ? "single" : "pair");
        if (t->before) add_part(list, "SpecialToken", t->before);
        add_part(list, "Sequence", "A");
        if (texts == 2) add_part(list, "Sequence", "B");
        if (t->behind) add_part(list, "SpecialToken", t->behind);
    }
    cJSON *pieces = cJSON_AddObjectToObject(template, "special_tokens");
    if (t->before) add_piece_of(pieces, t, t->before);
    if (t->behind && !(t->before && strcmp(t->before, t->behind) == 0)) add_piece_of(pieces, t, t->behind);
}

// ---- Text in pieces -------------------------------------------------------------------------------------------------

// Cut at blanks, looked up; and back: put together with spaces, joins undone.
static void add_words(cJSON *json, const TokenizerJson *t)
{
    const Vocabulary *vocabulary = t->vocabulary;
    cJSON_AddNullToObject(json, "normalizer");
    add_parsed(json, "pre_tokenizer",  // DM_BLANKS
               "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"[ \\\\t\\\\n\\\\x0B\\\\f\\\\r]+\"}, "
               "\"behavior\": \"Removed\", \"invert\": false}");
    add_template(json, t);
    // A decoder that puts spaces between pieces is one of WordPiece, whose mark no piece has.
    add_parsed(json, "decoder",
               "{\"type\": \"Sequence\", \"decoders\": [{\"type\": \"WordPiece\", \"prefix\": \"\\uE000\\uE000\", "
               "\"cleanup\": false}, {\"type\": \"Fuse\"}, {\"type\": \"Replace\", \"pattern\": {\"Regex\": "
               "\"@@( |$)\"}, \"content\": \"\"}]}");
    cJSON *model = cJSON_AddObjectToObject(json, "model"), *pieces;
    cJSON_AddStringToObject(model, "type", "WordLevel");
    pieces = cJSON_AddObjectToObject(model, "vocab");
    for (int id = 0; id < dm_vocabulary_size(vocabulary); id++)
        cJSON_AddItemToObjectCS(pieces, dm_vocabulary_piece(vocabulary, id), cJSON_CreateNumber(id));
    cJSON_AddStringToObject(model, "unk_token", "<unk>");
}

// ---- SentencePiece: its normaliser ----------------------------------------------------------------------------------

static char *base64(const char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = dm_allocate((size + 2) / 3 * 4 + 1, 1), *to = text;
    for (size_t i = 0; i < size; i += 3) {
        const size_t some = size - i < 3 ? size - i : 3;
        unsigned value = 0;
        for (size_t k = 0; k < 3; k++) value = value << 8 | (k < some ? (unsigned char)bytes[i + k] : 0);
        for (size_t k = 0; k < 4; k++) *to++ = k <= some ? digits[value >> (18 - 6 * k) & 63] : '=';
    }
    *to = '\0';
    return text;
}

static void add_to_sequence(cJSON *list, const char *text)
{
    cJSON_AddItemToArray(list, cJSON_Parse(text));
}

// What it strips on the left is what Metaspace puts there again.
static void add_normaliser(cJSON *json, const SentencePieceRules *rules)
{
    cJSON *normaliser = cJSON_AddObjectToObject(json, "normalizer");
    cJSON_AddStringToObject(normaliser, "type", "Sequence");
    cJSON *list = cJSON_AddArrayToObject(normaliser, "normalizers");
    if (rules->map_size) {
        cJSON *precompiled = cJSON_CreateObject();
        char *map = base64(rules->map, rules->map_size);
        cJSON_AddStringToObject(precompiled, "type", "Precompiled");
        cJSON_AddStringToObject(precompiled, "precompiled_charsmap", map);
        cJSON_AddItemToArray(list, precompiled);
        dm_free(map);
    }
    if (!rules->tidies) return;
    add_to_sequence(list, "{\"type\": \"Strip\", \"strip_left\": false, \"strip_right\": true}");
    add_to_sequence(list, "{\"type\": \"Replace\", \"pattern\": {\"Regex\": \" {2,}\"}, \"content\": \"\\u2581\"}");
}

static void add_metaspace(cJSON *json, const char *key, const SentencePieceRules *rules)
{
    char *metaspace = dm_format("{\"type\": \"Metaspace\", \"replacement\": \"\\u2581\", \"prepend_scheme\": \"%s\", "
                                "\"split\": true}",
                                rules->marks_beginning ? "always" : "never");
    cJSON *part = cJSON_Parse(metaspace);
    dm_free(metaspace);
    if (rules->bytes && strcmp(key, "decoder") == 0) {
        cJSON *sequence = cJSON_Parse("{\"type\": \"Sequence\", \"decoders\": [{\"type\": \"ByteFallback\"}]}");
        cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(sequence, "decoders"), part);
        part = sequence;
    }
    cJSON_AddItemToObject(json, key, part);
}

// ---- SentencePiece: its model ---------------------------------------------------------------------------------------

static void add_unigram(cJSON *model, const TokenizerJson *t)
{
    cJSON_AddNumberToObject(model, "unk_id", dm_vocabulary_id(t->vocabulary, "<unk>"));
    cJSON *list = cJSON_AddArrayToObject(model, "vocab");
    for (int id = 0; id < dm_vocabulary_size(t->vocabulary); id++) {
        const char *piece = dm_vocabulary_piece(t->vocabulary, id);
        const int known = dm_sentencepiece_id(t->model, piece);
        cJSON *pair = cJSON_CreateArray();
        cJSON_AddItemToArray(pair, cJSON_CreateString(piece));
        cJSON_AddItemToArray(pair, cJSON_CreateNumber(known < 0 ? 0 : (double)dm_sentencepiece_score(t->model, known)));
        cJSON_AddItemToArray(list, pair);
    }
}

typedef struct Merge {
    int left, right;
    float score;  // of what they make
} Merge;

static int best_first(const void *left, const void *right)
{
    const Merge *a = left, *b = right;
    if (a->score < b->score || a->score > b->score) return a->score < b->score ? 1 : -1;
    return a->left != b->left ? (a->left < b->left ? -1 : 1) : (a->right > b->right) - (a->right < b->right);
}

static int piece_in_model(const TokenizerJson *t, const char *piece, size_t size)
{
    char *copy = dm_format("%.*s", (int)size, piece);
    const int id = dm_sentencepiece_id(t->model, copy) < 0 ? -1 : dm_vocabulary_id(t->vocabulary, copy);
    dm_free(copy);
    return id;
}

// Every way to cut a piece into two.
static int list_merges(const TokenizerJson *t, Merge **merges)
{
    int count = 0, room = 0;
    *merges = NULL;
    for (int id = 0; id < dm_vocabulary_size(t->vocabulary); id++) {
        const char *piece = dm_vocabulary_piece(t->vocabulary, id);
        const int known = dm_sentencepiece_id(t->model, piece);
        if (known < 0 || !dm_sentencepiece_is_merged(t->model, known)) continue;
        for (size_t cut = 1; cut < strlen(piece); cut++) {
            if ((piece[cut] & 0xC0) == 0x80) continue;
            const int left = piece_in_model(t, piece, cut), right = piece_in_model(t, piece + cut, strlen(piece + cut));
            if (left < 0 || right < 0) continue;
            if (count == room)
                *merges = dm_reallocate(*merges, (size_t)(room = room ? 2 * room : 256), sizeof **merges);
            (*merges)[count++] = (Merge){left, right, dm_sentencepiece_score(t->model, known)};
        }
    }
    if (count) qsort(*merges, (size_t)count, sizeof **merges, best_first);
    return count;
}

static void add_bpe(cJSON *model, const TokenizerJson *t)
{
    Merge *merges;
    const int count = list_merges(t, &merges);
    cJSON_AddStringToObject(model, "unk_token", "<unk>");
    cJSON_AddBoolToObject(model, "fuse_unk", true);
    cJSON *pieces = cJSON_AddObjectToObject(model, "vocab"), *list = cJSON_AddArrayToObject(model, "merges");
    for (int id = 0; id < dm_vocabulary_size(t->vocabulary); id++)
        cJSON_AddItemToObjectCS(pieces, dm_vocabulary_piece(t->vocabulary, id), cJSON_CreateNumber(id));
    for (int i = 0; i < count; i++) {
        const char *const pair[] = {dm_vocabulary_piece(t->vocabulary, merges[i].left),
                                    dm_vocabulary_piece(t->vocabulary, merges[i].right)};
        cJSON_AddItemToArray(list, cJSON_CreateStringArray(pair, 2));
    }
    dm_free(merges);
}

static void add_sentencepiece(cJSON *json, const TokenizerJson *t)
{
    const SentencePieceRules rules = dm_sentencepiece_rules(t->model);
    add_normaliser(json, &rules);
    add_metaspace(json, "pre_tokenizer", &rules);
    add_template(json, t);
    add_metaspace(json, "decoder", &rules);
    cJSON *model = cJSON_AddObjectToObject(json, "model");
    cJSON_AddStringToObject(model, "type", rules.bpe ? "BPE" : "Unigram");
    if (rules.bpe)
        add_bpe(model, t);
    else
        add_unigram(model, t);
    cJSON_AddBoolToObject(model, "byte_fallback", rules.bytes);
}

// ---- The files ------------------------------------------------------------------------------------------------------

// What SentencePiece's model does not know is no text.
static void add_specials(cJSON *list, const TokenizerJson *t)
{
    static const char *const usual[] = {"</s>", "<unk>", "<pad>"};
    for (size_t i = 0; i < DM_COUNT(usual); i++)
        if (dm_vocabulary_id(t->vocabulary, usual[i]) >= 0)
            add_special(list, dm_vocabulary_id(t->vocabulary, usual[i]), usual[i]);
    for (int id = 0; t->model && id < dm_vocabulary_size(t->vocabulary); id++) {
        const char *piece = dm_vocabulary_piece(t->vocabulary, id);
        bool named = dm_sentencepiece_id(t->model, piece) >= 0;
        for (size_t i = 0; i < DM_COUNT(usual); i++) named = named || strcmp(piece, usual[i]) == 0;
        if (!named) add_special(list, id, piece);
    }
}

static cJSON *tokenizer_json(const TokenizerJson *t)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "version", "1.0");
    cJSON_AddNullToObject(json, "truncation");
    cJSON_AddNullToObject(json, "padding");
    add_specials(cJSON_AddArrayToObject(json, "added_tokens"), t);
    if (t->model)
        add_sentencepiece(json, t);
    else
        add_words(json, t);
    return json;
}

static cJSON *settings_json(const TokenizerJson *t)
{
    cJSON *settings = cJSON_CreateObject();
    cJSON_AddStringToObject(settings, "tokenizer_class", "PreTrainedTokenizerFast");
    if (t->before) cJSON_AddStringToObject(settings, "bos_token", t->before);
    cJSON_AddStringToObject(settings, "eos_token", "</s>");
    cJSON_AddStringToObject(settings, "unk_token", "<unk>");
    if (dm_vocabulary_id(t->vocabulary, "<pad>") >= 0) cJSON_AddStringToObject(settings, "pad_token", "<pad>");
    if (t->before) cJSON_AddStringToObject(settings, "padding_side", "left");  // what is written, stands on the right
    cJSON_AddNumberToObject(settings, "model_max_length", 512);
    cJSON_AddBoolToObject(settings, "clean_up_tokenization_spaces", false);
    return settings;
}

Status dm_tokenizer_json_write(const TokenizerJson *t, const char *folder, Error *error)
{
    const Status status = dm_json_write_in(tokenizer_json(t), folder, DM_TOKENIZER_JSON, error);
    return status ? status : dm_json_write_in(settings_json(t), folder, DM_TOKENIZER, error);
}
