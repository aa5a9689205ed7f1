// The keys by which generation_config.json changes what transformers' generate() writes: those that our search obeys,
// and a table of those that it cannot. Lengths there count the piece that the decoder starts with, ours do not.
#include "folder/search_config.h"

#include <string.h>

#include "core/memory.h"

enum {
    MOST_BEAM = 1000,
    MOST_LENGTH = 1 << 24,
    MOST_PENALTY = 10,
    USUAL_MAX_LENGTH = 511,  // what is written where the configuration says nothing
    USUAL_BEAM = 5,
};

// ---- What cannot be obeyed ------------------------------------------------------------------------------------------

// Keys whose value, unless it is the one that changes nothing, gives a text that this search does not find. Those of
// drawing (temperature, top_k, ...) count only with do_sample, those of speed (use_cache, ...) never.
// clang-format off
static const struct {
    const char *key;
    double off;        // a number that changes nothing; as do null, false, [] and {}
    const char *does;  // what transformers does
} refused[] = {
    {"do_sample", 0, "draws its translations (take the key out, and ask for draws with --output-sampling)"},
    {"repetition_penalty", 1, "makes pieces that were there less probable"},
    {"encoder_repetition_penalty", 1, "makes pieces of the source more probable"},
    {"encoder_no_repeat_ngram_size", 0, "keeps n-grams of the source out of translations"},
    {"num_beam_groups", 1, "searches in groups of beams"},
    {"diversity_penalty", 0, "searches in groups of beams"},
    {"penalty_alpha", 0, "searches contrastively"},
    {"guidance_scale", 1, "weighs the source by classifier-free guidance"},
    {"sequence_bias", 0, "adds to the scores of some pieces"},
    {"exponential_decay_length_penalty", 0, "makes the end of sentence more probable as a translation grows"},
    {"force_words_ids", 0, "searches for translations with certain words in them"},
    {"constraints", 0, "searches under constraints"},
    {"stop_strings", 0, "ends a translation at certain strings"},
    {"max_time", 0, "ends a translation when its time is over"},
    {"dola_layers", 0, "compares the layers of the decoder"},
    {"watermarking_config", 0, "hides a mark in its translations"},
};
// clang-format on

static bool is_off(const cJSON *item, double off)
{
    if (!item || cJSON_IsFalse(item)) return true;
    if (cJSON_IsArray(item) || cJSON_IsObject(item)) return !item->child;
    return cJSON_IsNumber(item) && item->valuedouble == off;
}

static void refuse_the_rest(JsonFile *file)
{
    for (size_t i = 0; i < DM_COUNT(refused); i++) {
        const cJSON *item = dm_json_find(file, refused[i].key);
        if (is_off(item, refused[i].off)) continue;
        char *value = cJSON_PrintUnformatted(item);
        dm_json_complain(file,
                         "%s: \"%s\" is %.60s, by which transformers %s: this search would find another text. To open "
                         "the folder all the same, take that key out of the file",
                         file->path, refused[i].key, value ? value : "something", refused[i].does);
        cJSON_free(value);
    }
}

// ---- Pieces ---------------------------------------------------------------------------------------------------------

static void add(int **ids, int *count, int id)
{
    for (int i = 0; i < *count; i++)
        if ((*ids)[i] == id) return;
    *ids = dm_reallocate(*ids, (size_t)*count + 1, sizeof **ids);
    (*ids)[(*count)++] = id;
}

static void add_bad_word(ModelConfig *config, int id)
{
    add(&config->search.bad_words, &config->search.bad_word_count, id);
}

// [[58100], ...]: lists of one id each. End of sentence among them is left out, as transformers does: without it no
// sentence would end.
static void read_bad_words(ModelConfig *config, JsonFile *file)
{
    const cJSON *list = dm_json_find(file, "bad_words_ids"), *item;
    if (list && !cJSON_IsArray(list))
        dm_json_complain(file, "%s: \"bad_words_ids\" must be a list of lists", file->path);
    cJSON_ArrayForEach(item, list)
    {
        const bool one = cJSON_IsArray(item) && cJSON_GetArraySize(item) == 1;
        if (!one || !dm_json_is_whole(item->child, 0, config->target_vocabulary - 1)) {
            char *value = cJSON_PrintUnformatted(item);
            dm_json_complain(file,
                             "%s: \"bad_words_ids\" holds %.60s, but only lists of one id of the vocabulary (0 to %d) "
                             "can be kept out of translations",
                             file->path, value, config->target_vocabulary - 1);
            cJSON_free(value);
            return;
        }
        if ((int)item->child->valuedouble != config->eos) add_bad_word(config, (int)item->child->valuedouble);
    }
}

// What lies behind the vocabulary is no piece of the model, and never comes anyway.
static const cJSON *list_of_ids(JsonFile *file, const char *key)
{
    const cJSON *list = dm_json_find(file, key), *item;
    if (list && !cJSON_IsArray(list)) dm_json_refuse(file, key, list, "a list of ids");
    cJSON_ArrayForEach(item, list) if (!dm_json_is_whole(item, 0, INT_MAX))
        dm_json_refuse(file, key, item, "a list of ids");
    return file->status ? NULL : list;
}

static void read_suppressed(ModelConfig *config, JsonFile *file)
{
    SearchDefaults *d = &config->search;
    const cJSON *item;
    cJSON_ArrayForEach(item, list_of_ids(file, "suppress_tokens"))
    {
        if (item->valueint == config->eos)
            dm_json_complain(file,
                             "%s: \"suppress_tokens\" holds the end of sentence, %d, without which no translation "
                             "ends: take it out of the list",
                             file->path, config->eos);
        if (item->valueint < config->target_vocabulary) add_bad_word(config, item->valueint);
    }
    cJSON_ArrayForEach(item, list_of_ids(file, "begin_suppress_tokens")) if (item->valueint < config->target_vocabulary)
        add(&d->bad_first, &d->bad_first_count, item->valueint);
}

// The piece that translations begin with, and whether those that reach the greatest length end with the end of
// sentence.
static void read_forced(ModelConfig *config, JsonFile *file)
{
    SearchDefaults *d = &config->search;
    const int first = dm_json_id(file, "forced_bos_token_id", config->target_vocabulary),
              last = dm_json_id(file, "forced_eos_token_id", config->target_vocabulary);
    if (first >= 0 && (first == config->eos || first == config->pad))
        dm_json_complain(file,
                         "%s: \"forced_bos_token_id\" is %d, the id of %s: with that no translation begins. Give the "
                         "id of a piece, or take the key out",
                         file->path, first, first == config->eos ? "the end of sentence" : "pad");
    if (last >= 0 && last != config->eos)
        dm_json_complain(file,
                         "%s: \"forced_eos_token_id\" is %d, but the end of sentence %d: make them the same, or take "
                         "the key out",
                         file->path, last, config->eos);
    d->says_first = first >= 0;
    d->first = first >= 0 ? first : 0;
    d->ends_at_limit = last >= 0;
}

// ---- Numbers --------------------------------------------------------------------------------------------------------

static void read_lengths(SearchDefaults *d, JsonFile *file)
{
    const int most = dm_json_integer(file, "max_length", 1, MOST_LENGTH, 0),
              least = dm_json_integer(file, "min_length", 0, MOST_LENGTH, 0);
    d->max_length = dm_json_integer(file, "max_new_tokens", 1, MOST_LENGTH, most > 2 ? most - 1 : most ? 1 : 0);
    d->min_length = dm_json_integer(file, "min_new_tokens", 0, MOST_LENGTH, least ? least - 1 : 0);
}

static void read_normalize(SearchDefaults *d, JsonFile *file)
{
    const cJSON *item = dm_json_find(file, "length_penalty");
    d->says_normalize = item != NULL;
    if (!item) return;
    d->normalize = cJSON_GetNumberValue(item);
    if (!(d->normalize >= 0 && d->normalize <= MOST_PENALTY))
        dm_json_refuse(file, "length_penalty", item, "a number from 0 to %d", MOST_PENALTY);
}

// Where nothing is said, transformers goes on while a better one may come.
static void read_end(SearchDefaults *d, JsonFile *file)
{
    const cJSON *item = dm_json_find(file, "early_stopping");
    const char *word = cJSON_GetStringValue(item);
    if (cJSON_IsTrue(item))
        d->end = DM_END_WHEN_FULL;
    else if (!item || cJSON_IsFalse(item))
        d->end = DM_END_WHEN_WORSE;
    else if (word && strcmp(word, "never") == 0)
        d->end = DM_END_AT_LIMIT;
    else
        dm_json_refuse(file, "early_stopping", item, "true, false or \"never\"");
}

void dm_search_read(ModelConfig *config, JsonFile *file)
{
    SearchDefaults *d = &config->search;
    if (config->pad >= 0) add_bad_word(config, config->pad);
    d->beam_size = dm_json_integer(file, "num_beams", 1, MOST_BEAM, 0);
    d->no_repeat_ngram = dm_json_integer(file, "no_repeat_ngram_size", 0, MOST_LENGTH, 0);
    d->renormalize = dm_json_flag(file, "renormalize_logits", false);
    read_lengths(d, file);
    read_normalize(d, file);
    read_end(d, file);
    read_forced(config, file);
    read_bad_words(config, file);
    read_suppressed(config, file);
    refuse_the_rest(file);
}

// ---- Writing --------------------------------------------------------------------------------------------------------

void dm_search_write(cJSON *json, const ModelConfig *config, bool news)
{
    const SearchDefaults *d = &config->search;
    const int start = news ? 0 : 1, least = d->min_length, most = d->max_length ? d->max_length : USUAL_MAX_LENGTH;
    cJSON *list = cJSON_AddArrayToObject(json, "bad_words_ids");
    for (int i = 0; i < d->bad_word_count; i++) cJSON_AddItemToArray(list, cJSON_CreateIntArray(d->bad_words + i, 1));
    if (!d->bad_word_count && config->pad >= 0) cJSON_AddItemToArray(list, cJSON_CreateIntArray(&config->pad, 1));
    if (d->bad_first_count)
        cJSON_AddItemToObject(json, "begin_suppress_tokens", cJSON_CreateIntArray(d->bad_first, d->bad_first_count));
    if (d->says_first) cJSON_AddNumberToObject(json, "forced_bos_token_id", d->first);
    cJSON_AddNumberToObject(json, news ? "max_new_tokens" : "max_length", start + most);
    if (least) cJSON_AddNumberToObject(json, news ? "min_new_tokens" : "min_length", start + least);
    if (d->no_repeat_ngram) cJSON_AddNumberToObject(json, "no_repeat_ngram_size", d->no_repeat_ngram);
    cJSON_AddNumberToObject(json, "num_beams", d->beam_size ? d->beam_size : USUAL_BEAM);
    if (d->says_normalize) cJSON_AddNumberToObject(json, "length_penalty", d->normalize);
    if (d->renormalize) cJSON_AddBoolToObject(json, "renormalize_logits", true);
    if (d->end == DM_END_AT_LIMIT)
        cJSON_AddStringToObject(json, "early_stopping", "never");
    else
        cJSON_AddBoolToObject(json, "early_stopping", d->end == DM_END_WHEN_FULL);
}
