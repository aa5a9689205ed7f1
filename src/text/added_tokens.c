// Added tokens: read, and split off a text as transformers' tokenizers in Python do it.
#include "text/added_tokens.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "text/segmenter_files.h"

// ---- Reading --------------------------------------------------------------------------------------------------------

void dm_added_tokens_add(AddedTokens *added, AddedToken token)
{
    added->list = dm_reallocate(added->list, (size_t)added->count + 1, sizeof *added->list);
    added->list[added->count++] = token;
}

static bool is_true(const cJSON *token, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(token, key));
}

// "1200": {"content": "<name>", "lstrip": false, ..., "special": false}
static void read_decoder(AddedTokens *added, JsonFile *file, const cJSON *decoder)
{
    const cJSON *token;
    cJSON_ArrayForEach(token, decoder)
    {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(token, "content"));
        char *end;
        const long id = strtol(token->string, &end, 10);
        if (!text || !*text || end == token->string || *end || id < 0 || id > INT_MAX) {
            dm_json_complain(file, "%s: \"added_tokens_decoder\": \"%.60s\" is no id with a \"content\"", file->path,
                             token->string);
            return;
        }
        dm_added_tokens_add(added, (AddedToken){.text = dm_copy_string(text),
                                                .id = (int)id,
                                                .special = is_true(token, "special"),
                                                .left = is_true(token, "lstrip"),
                                                .right = is_true(token, "rstrip"),
                                                .word = is_true(token, "single_word")});
    }
}

// Among the lists of special tokens of tokenizer_config.json or special_tokens_map.json, under whatever key, as text or
// as an object with a "content".
static bool names_it(const cJSON *json, const char *text)
{
    static const char *const keys[] = {
        "additional_special_tokens", "extra_special_tokens", "bos_token", "sep_token", "cls_token", "mask_token"};
    for (size_t i = 0; i < DM_COUNT(keys); i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, keys[i]), *item = value;
        if (cJSON_IsArray(value)) item = value->child;
        for (; item; item = cJSON_IsArray(value) ? item->next : NULL) {
            const char *name =
                cJSON_GetStringValue(cJSON_IsObject(item) ? cJSON_GetObjectItemCaseSensitive(item, "content") : item);
            if (name && strcmp(name, text) == 0) return true;
        }
    }
    return false;
}

// Opens a file of the folder if it is there.
static Status open_part(JsonFile *file, const char *folder, const char *name, Error *error)
{
    char *path = dm_join_path(folder, name);
    *file = (JsonFile){.error = error};
    Status status = dm_exists(path) ? dm_json_open(file, path, error) : DM_OK;
    dm_free(path);
    return status;
}

// {"<name>": 1200, ...}
static Status read_legacy(AddedTokens *added, const JsonFile *settings, const char *folder, Error *error)
{
    JsonFile file, special = {0};
    Status status = open_part(&file, folder, DM_ADDED_TOKENS, error);
    if (!status) status = open_part(&special, folder, DM_SPECIAL_TOKENS, error);
    for (const cJSON *token = file.json && !status ? file.json->child : NULL; token; token = token->next) {
        const char *text = token->string;
        if (!*text || !dm_json_is_whole(token, 0, INT_MAX)) {
            dm_json_complain(&file, "%s: the token \"%.80s\" has no whole number as its id", file.path, text);
            status = file.status;
            break;
        }
        const bool is_special = names_it(settings->json, text) || names_it(special.json, text);
        dm_added_tokens_add(added,
                            (AddedToken){.text = dm_copy_string(text), .id = token->valueint, .special = is_special});
    }
    dm_json_close(&file);
    dm_json_close(&special);
    return status;
}

// </s>, <unk> and <pad> are among them too, but in a text these are text.
static bool is_of_every_vocabulary(const AddedToken *token)
{
    static const char *const names[] = {"</s>", "<unk>", "<pad>"};
    for (size_t i = 0; i < DM_COUNT(names); i++)
        if (strcmp(token->text, names[i]) == 0) return true;
    return false;
}

static void drop_usual(AddedTokens *added)
{
    int kept = 0;
    for (int i = 0; i < added->count; i++) {
        if (is_of_every_vocabulary(&added->list[i]))
            dm_free(added->list[i].text);
        else
            added->list[kept++] = added->list[i];
    }
    added->count = kept;
}

// The vocabulary with the tokens behind it: each id once, none left out.
static Status extend(Vocabulary **vocabulary, const AddedTokens *added, const char *folder, Error *error)
{
    const int old = dm_vocabulary_size(*vocabulary), most = old + added->count;
    const char **pieces = dm_allocate((size_t)most, sizeof *pieces);
    int count = old;
    Status status = DM_OK;
    for (int id = 0; id < old; id++) pieces[id] = dm_vocabulary_piece(*vocabulary, id);
    for (int i = 0; i < added->count && !status; i++) {
        const AddedToken *token = &added->list[i];
        const int known = dm_vocabulary_id(*vocabulary, token->text);
        if (known == token->id) continue;
        if (known >= 0 || token->id < old || token->id >= most || pieces[token->id])
            status =
                dm_fail(error,
                        "%s: the added token \"%.80s\" has the id %d, but %s has %d pieces and the added ones have "
                        "to have the ids behind them, each one: these files do not belong together",
                        folder, token->text, token->id, DM_VOCABULARY, old);
        else
            pieces[token->id] = token->text, count++;
    }
    for (int id = old; id < count && !status; id++)
        if (!pieces[id])
            status = dm_fail(error, "%s: no added token has the id %d, but a later one is there", folder, id);
    if (!status && count > old) {
        Vocabulary *longer = dm_vocabulary_create(pieces, count);
        dm_vocabulary_free(*vocabulary);
        *vocabulary = longer;
    }
    dm_free(pieces);
    return status;
}

static int longer_first(const void *a, const void *b)
{
    const AddedToken *x = a, *y = b;
    const size_t one = strlen(x->text), other = strlen(y->text);
    return one != other ? (one < other ? 1 : -1) : strcmp(x->text, y->text);
}

Status dm_added_tokens_settle(AddedTokens *added, Vocabulary **vocabulary, const char *folder, Error *error)
{
    drop_usual(added);
    if (added->count) qsort(added->list, (size_t)added->count, sizeof *added->list, longer_first);
    for (int i = 1; i < added->count; i++)
        if (strcmp(added->list[i].text, added->list[i - 1].text) == 0)
            return dm_fail(error, "%s: the added token \"%.80s\" stands there twice", folder, added->list[i].text);
    return extend(vocabulary, added, folder, error);
}

Status dm_added_tokens_read(AddedTokens *added, Vocabulary **vocabulary, const char *folder, Error *error)
{
    JsonFile settings;
    *added = (AddedTokens){0};
    Status status = open_part(&settings, folder, DM_TOKENIZER, error);
    const cJSON *decoder = dm_json_find(&settings, "added_tokens_decoder");
    if (!status && decoder) {
        read_decoder(added, &settings, decoder);
        status = settings.status;
    } else if (!status) {
        status = read_legacy(added, &settings, folder, error);
    }
    dm_json_close(&settings);
    if (!status) status = dm_added_tokens_settle(added, vocabulary, folder, error);
    if (status) dm_added_tokens_free(added);
    return status;
}

void dm_added_tokens_free(AddedTokens *added)
{
    for (int i = 0; i < added->count; i++) dm_free(added->list[i].text);
    dm_free(added->list);
    *added = (AddedTokens){0};
}

const AddedToken *dm_added_token_of(const AddedTokens *added, int id)
{
    for (int i = 0; i < added->count; i++)
        if (added->list[i].id == id) return &added->list[i];
    return NULL;
}

// ---- Splitting ------------------------------------------------------------------------------------------------------

// What a line falls into; a part that went into its neighbour is empty.
typedef struct Parts {
    char **part;
    int count;
} Parts;

static const AddedToken *token_at(const AddedTokens *added, const char *text)
{
    for (int i = 0; i < added->count; i++)
        if (strncmp(text, added->list[i].text, strlen(added->list[i].text)) == 0) return &added->list[i];
    return NULL;
}

static const AddedToken *token_of(const AddedTokens *added, const char *part)
{
    for (int i = 0; i < added->count; i++)
        if (strcmp(part, added->list[i].text) == 0) return &added->list[i];
    return NULL;
}

static void add_part(Parts *parts, const char *text, size_t size)
{
    if (!size) return;
    parts->part = dm_reallocate(parts->part, (size_t)parts->count + 1, sizeof *parts->part);
    parts->part[parts->count] = dm_allocate(size + 1, 1);
    memcpy(parts->part[parts->count], text, size);
    parts->part[parts->count++][size] = '\0';
}

// At the tokens that stand there, the leftmost first, of several the longest.
static Parts cut(const AddedTokens *added, const char *line)
{
    Parts parts = {0};
    const char *from = line, *at = line;
    while (*at) {
        const AddedToken *token = token_at(added, at);
        if (!token) {
            at++;
            continue;
        }
        add_part(&parts, from, (size_t)(at - from));
        add_part(&parts, at, strlen(token->text));
        from = at += strlen(token->text);
    }
    add_part(&parts, from, (size_t)(at - from));
    return parts;
}

static void strip_left(char *text)
{
    const char *at = text, *from = text;
    while (*at && dm_white_space(dm_utf8_next(&at))) from = at;
    memmove(text, from, strlen(from) + 1);
}

static void strip_right(char *text)
{
    char *end = text;
    for (const char *at = text; *at;)
        if (!dm_white_space(dm_utf8_next(&at))) end = text + (at - text);
    *end = '\0';
}

// `into` becomes what both spell.
static void join(char **into, const char *left, const char *right)
{
    char *both = dm_format("%s%s", left, right);
    dm_free(*into);
    *into = both;
}

// A token takes white space beside it away, and one that is a word goes into the text where it is none.
static void settle(Parts *parts, int i, const AddedToken *token)
{
    char **left = i > 0 ? &parts->part[i - 1] : NULL, **right = i + 1 < parts->count ? &parts->part[i + 1] : NULL;
    if (token->right && right) strip_left(*right);
    if (token->left && left) strip_right(*left);
    if (!token->word) return;
    if (left && **left && (*left)[strlen(*left) - 1] != ' ') {
        join(left, *left, token->text);
        parts->part[i][0] = '\0';
    } else if (right && **right && (*right)[0] != ' ') {
        join(right, token->text, *right);
        parts->part[i][0] = '\0';
    }
}

void dm_added_tokens_split(const AddedTokens *added, const char *line, TakePart *take, void *context)
{
    if (!added->count) {
        take(context, line, NULL);
        return;
    }
    Parts parts = cut(added, line);
    for (int i = 0; i < parts.count; i++) {
        const AddedToken *token = token_of(added, parts.part[i]);
        if (token) settle(&parts, i, token);
    }
    for (int i = 0; i < parts.count; i++) {
        if (*parts.part[i]) take(context, parts.part[i], token_of(added, parts.part[i]));
        dm_free(parts.part[i]);
    }
    dm_free(parts.part);
}
