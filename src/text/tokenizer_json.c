// A tokenizer.json of Hugging Face's tokenizers for text in pieces: cut at blanks, looked up, the end of sentence
// behind it; and back: put together with spaces, joins undone.
#include "text/word_tokenizer.h"

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

static void add_special(cJSON *list, const Vocabulary *vocabulary, const char *piece)
{
    cJSON *token = cJSON_CreateObject();
    cJSON_AddNumberToObject(token, "id", dm_vocabulary_id(vocabulary, piece));
    cJSON_AddStringToObject(token, "content", piece);
    cJSON_AddBoolToObject(token, "single_word", false);
    cJSON_AddBoolToObject(token, "lstrip", false);
    cJSON_AddBoolToObject(token, "rstrip", false);
    cJSON_AddBoolToObject(token, "normalized", false);
    cJSON_AddBoolToObject(token, "special", true);
    cJSON_AddItemToArray(list, token);
}

static cJSON *tokenizer_json(const Vocabulary *vocabulary)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "version", "1.0");
    cJSON_AddNullToObject(json, "truncation");
    cJSON_AddNullToObject(json, "padding");
    cJSON *special = cJSON_AddArrayToObject(json, "added_tokens");
    add_special(special, vocabulary, "</s>");
    add_special(special, vocabulary, "<unk>");
    add_special(special, vocabulary, "<pad>");
    cJSON_AddNullToObject(json, "normalizer");
    add_parsed(json, "pre_tokenizer",  // DM_BLANKS
               "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"[ \\\\t\\\\n\\\\x0B\\\\f\\\\r]+\"}, "
               "\"behavior\": \"Removed\", \"invert\": false}");
    char *end = dm_format("{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\", \"type_id\": "
                          "0}}, {\"SpecialToken\": {\"id\": \"</s>\", \"type_id\": 0}}], \"pair\": [{\"Sequence\": "
                          "{\"id\": \"A\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"B\", \"type_id\": 0}}, "
                          "{\"SpecialToken\": {\"id\": \"</s>\", \"type_id\": 0}}], \"special_tokens\": {\"</s>\": "
                          "{\"id\": \"</s>\", \"ids\": [%d], \"tokens\": [\"</s>\"]}}}",
                          dm_vocabulary_id(vocabulary, "</s>"));
    add_parsed(json, "post_processor", end);
    dm_free(end);
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
    return json;
}

Status dm_word_tokenizer_write(const Vocabulary *vocabulary, const char *folder, Error *error)
{
    Status status = dm_json_write_in(tokenizer_json(vocabulary), folder, DM_WORD_TOKENIZER, error);
    cJSON *settings = cJSON_Parse("{\"tokenizer_class\": \"PreTrainedTokenizerFast\", \"eos_token\": \"</s>\", "
                                  "\"unk_token\": \"<unk>\", \"pad_token\": \"<pad>\", \"model_max_length\": 512, "
                                  "\"clean_up_tokenization_spaces\": false}");
    if (!status) return dm_json_write_in(settings, folder, DM_TOKENIZER, error);
    cJSON_Delete(settings);
    return status;
}
