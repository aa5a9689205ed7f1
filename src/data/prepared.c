// Opening a prepared text. Anybody may have written it: nothing in it is used before it is checked.
#include "data/prepared.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json.h"
#include "core/memory.h"
#include "core/scope.h"
#include "data/prepared_files.h"
#include "data/windows.h"
#include "text/segmenter.h"

bool dm_is_prepared(const char *folder)
{
    char *path = dm_join_path(folder, DM_PREPARED_FILE);
    const bool there = dm_exists(path);
    dm_free(path);
    return there;
}

// ---- What it says ---------------------------------------------------------------------------------------------------

static int64_t count_of(JsonFile *file, const char *key, int64_t least)
{
    const cJSON *item = dm_json_find(file, key);
    const double most = 1e15, value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (value >= (double)least && value <= most && value == (double)(int64_t)value) return (int64_t)value;
    dm_json_refuse(file, key, item, "a whole number from %lld on", (long long)least);
    return least;
}

static char *text_of(JsonFile *file, const char *key)
{
    const char *said = dm_json_text(file, key, NULL);
    if (!said) dm_json_refuse(file, key, dm_json_find(file, key), "text");
    return dm_copy_string(said ? said : "");
}

static uint64_t hash_of(JsonFile *file, const char *key)
{
    const char *said = dm_json_text(file, key, "");
    if (strlen(said) != 16 || strspn(said, "0123456789abcdef") != 16)
        dm_json_refuse(file, key, dm_json_find(file, key), "a hash, 16 digits from 0 to f");
    return strtoull(said, NULL, 16);
}

static const cJSON *item_of_two(JsonFile *file, const char *key, Side side)
{
    const cJSON *list = dm_json_find(file, key);
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != 2) {
        dm_json_refuse(file, key, list, "a list of two");
        return NULL;
    }
    return cJSON_GetArrayItem(list, side);
}

static char *text_of_two(JsonFile *file, const char *key, Side side)
{
    const char *said = cJSON_GetStringValue(item_of_two(file, key, side));
    if (!said) dm_json_refuse(file, key, dm_json_find(file, key), "a list of two texts");
    return dm_copy_string(said ? said : "");
}

static int pieces_of(JsonFile *file, Side side)
{
    const cJSON *item = item_of_two(file, "vocabulary", side);
    if (dm_json_is_whole(item, 1, INT_MAX / 2)) return item->valueint;
    dm_json_refuse(file, "vocabulary", dm_json_find(file, "vocabulary"), "two numbers of pieces");
    return 1;
}

static void check_format(JsonFile *file)
{
    const char *format = dm_json_text(file, "format", "");
    const cJSON *version = dm_json_find(file, "version");
    if (file->status) return;
    if (strcmp(format, DM_PREPARED_FORMAT) != 0)
        dm_json_refuse(file, "format", dm_json_find(file, "format"), "\"%s\"", DM_PREPARED_FORMAT);
    else if (!dm_json_is_whole(version, DM_PREPARED_VERSION, DM_PREPARED_VERSION))
        dm_json_refuse(file, "version", version, "%d, which is what this version of dragoman writes: prepare it anew",
                       DM_PREPARED_VERSION);
}

Status dm_prepared_read(Prepared *prepared, const char *folder, Error *error)
{
    *prepared = (Prepared){.folder = dm_copy_string(folder)};
    PreparedText *t = &prepared->text;
    if (!dm_is_prepared(folder)) {
        const Status status = dm_fail(error, "%s: there is no %s: it is not a folder that dragoman prepare has written",
                                      folder, DM_PREPARED_FILE);
        dm_prepared_close(prepared);
        return status;
    }
    char *path = dm_join_path(folder, DM_PREPARED_FILE);
    JsonFile file;
    dm_json_open(&file, path, error);
    check_format(&file);
    const char *examples = dm_json_text(&file, "examples", "");
    t->alone = strcmp(examples, "text") == 0;
    if (!t->alone && strcmp(examples, "pairs") != 0)
        dm_json_refuse(&file, "examples", dm_json_find(&file, "examples"), "\"pairs\" or \"text\"");
    t->pairs = dm_json_integer(&file, "pairs", 1, INT_MAX / 2, 0);
    if (!t->pairs) dm_json_refuse(&file, "pairs", NULL, "a number of pairs");
    t->pieces = count_of(&file, "pieces", 1);
    t->bytes = count_of(&file, "bytes", 0);
    t->characters = dm_json_integer(&file, "characters", 0, 0x110000, 0);
    t->name = text_of(&file, "name");
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        t->file[side] = text_of_two(&file, "texts", (Side)side);
        t->language[side] = text_of_two(&file, "languages", (Side)side);
        t->vocabulary[side] = pieces_of(&file, (Side)side);
    }
    t->tokenizer = text_of(&file, "tokenizer");
    t->segmenter = text_of(&file, "segmenter");
    t->separate = dm_json_flag(&file, "separate_vocabs", false);
    t->of_model = dm_json_flag(&file, "of_model", false);
    t->copies = dm_json_flag(&file, "copies", false);
    t->segmenter_hash = hash_of(&file, "segmenter_hash");
    t->hash = hash_of(&file, "hash");
    dm_json_close(&file);
    dm_free(path);
    if (file.status) dm_prepared_close(prepared);
    return file.status;
}

// ---- Its files ------------------------------------------------------------------------------------------------------

static size_t numbers_of(const PreparedText *text, PreparedPart part)
{
    return part == DM_PREPARED_LENGTHS ? 2 * (size_t)text->pairs : (size_t)text->pieces;
}

static const int **place_of(Prepared *prepared, PreparedPart part)
{
    return part == DM_PREPARED_IDS       ? &prepared->ids
           : part == DM_PREPARED_LENGTHS ? &prepared->lengths
                                         : &prepared->copies;
}

static void unmap(void *what)
{
    Prepared *p = what;
    for (int part = 0; part < DM_PREPARED_PARTS; part++) {
        const int **at = place_of(p, (PreparedPart)part);
        if (*at) munmap((void *)*at, numbers_of(&p->text, (PreparedPart)part) * sizeof(int));
        *at = NULL;
    }
}

void dm_prepared_unmap(Prepared *prepared)
{
    if (prepared->ids) dm_unguard(prepared);
    unmap(prepared);
}

void dm_prepared_close(Prepared *prepared)
{
    dm_prepared_unmap(prepared);
    dm_prepared_text_free(&prepared->text);
    dm_free(prepared->folder);
    *prepared = (Prepared){0};
}

static Status map_part(Prepared *prepared, PreparedPart part, Error *error)
{
    const size_t bytes = numbers_of(&prepared->text, part) * sizeof(int);
    char *path = dm_join_path(prepared->folder, dm_prepared_names[part]), a[32], b[32];
    struct stat info;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    Status status = DM_OK;
    void *mapped = MAP_FAILED;
    if (file < 0 || fstat(file, &info) != 0)
        status = dm_fail(error, "cannot open %s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        status = dm_fail(error, "%s is not an ordinary file, but one is needed", path);
    else if ((size_t)info.st_size != bytes)
        status = dm_fail(error,
                         "%s has %s bytes, but %s speaks of %s: it was not copied to its end; copy or prepare it "
                         "again",
                         path, dm_with_commas((size_t)info.st_size, a), DM_PREPARED_FILE, dm_with_commas(bytes, b));
    else if ((mapped = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0)) == MAP_FAILED)
        status = dm_fail(error, "cannot map %s: %s", path, strerror(errno));
    else
        *place_of(prepared, part) = mapped;
    if (file >= 0) close(file);
    dm_free(path);
    return status;
}

static Status altered(const Prepared *prepared, PreparedPart part, int64_t at, const char *what, Error *error)
{
    char number[32];
    return dm_fail(error, "%s/%s: %s (pair %s): it is damaged, or not of this text; copy or prepare it again",
                   prepared->folder, dm_prepared_names[part], what, dm_with_commas((size_t)at + 1, number));
}

// From 0 up to here: one comparison for both ends.
static bool are_below(const int *ids, int count, int limit)
{
    unsigned most = 0;
    for (int i = 0; i < count; i++) most = (unsigned)ids[i] > most ? (unsigned)ids[i] : most;
    return count == 0 || most < (unsigned)limit;
}

static Status check_pairs(const Prepared *p, Error *error)
{
    const PreparedText *t = &p->text;
    int64_t at = 0;
    for (int i = 0; i < t->pairs; i++) {
        const int source = p->lengths[2 * (size_t)i], target = p->lengths[2 * (size_t)i + 1];
        if (target < 1 || (t->alone ? source != 0 : source < 1) || source > INT_MAX / 2 ||
            at + source + target > t->pieces)
            return altered(p, DM_PREPARED_LENGTHS, i, "a length that no pair has", error);
        const int *ids = p->ids + at, *copies = p->copies ? p->copies + at : NULL;
        const int most = t->vocabulary[DM_TARGET] + source;  // places in the source come behind the vocabulary
        if (!are_below(ids, source, t->vocabulary[DM_SOURCE]) ||
            !are_below(ids + source, target, t->vocabulary[DM_TARGET]))
            return altered(p, DM_PREPARED_IDS, i, "an id that the vocabulary does not have", error);
        if (copies && !(are_below(copies, source, most) && are_below(copies + source, target, most)))
            return altered(p, DM_PREPARED_COPIES, i, "a copy of what is not there", error);
        at += source + target;
    }
    return at == t->pieces ? DM_OK : altered(p, DM_PREPARED_LENGTHS, t->pairs - 1, "ids behind the last pair", error);
}

// Lengths and ids index memory, whatever the hash says; all else that has changed it finds.
static Status check(const Prepared *p, Error *error)
{
    const PreparedText *t = &p->text;
    uint64_t hash[DM_PREPARED_PARTS] = {DM_HASH, DM_HASH, DM_HASH};
    const int *const parts[] = {p->ids, p->lengths, p->copies};
    const Status status = check_pairs(p, error);
    if (status) return status;
    for (int part = 0; part < DM_PREPARED_PARTS; part++)
        if (parts[part]) hash[part] = dm_prepared_hash(DM_HASH, parts[part], numbers_of(t, (PreparedPart)part));
    if (dm_prepared_hash_all(t, hash) == t->hash) return DM_OK;
    return dm_fail(error,
                   "%s: its files are not as dragoman prepare has written them (their hash is another one): copy "
                   "or prepare them again",
                   p->folder);
}

// Of the segmenter there is a hash alone.
static Status check_segmenter(const Prepared *p, Error *error)
{
    uint64_t hash;
    const Status status = dm_segmenter_hash(&hash, p->folder, error);
    if (status || hash == p->text.segmenter_hash) return status;
    return dm_fail(error,
                   "%s: the files of its segmenter (vocab.json and so on) are not those that the text was prepared "
                   "with: copy or prepare all of it again",
                   p->folder);
}

Status dm_prepared_map(Prepared *prepared, Error *error)
{
    Status status = check_segmenter(prepared, error);
    for (int part = 0; part < DM_PREPARED_PARTS && !status; part++)
        if (part != DM_PREPARED_COPIES || prepared->text.copies) status = map_part(prepared, (PreparedPart)part, error);
    if (status) {
        unmap(prepared);
        return status;
    }
    dm_guard(unmap, prepared);
    return check(prepared, error);
}

void dm_prepared_shuffle(const Prepared *prepared)
{
    if (prepared->ids)
        madvise((void *)prepared->ids, numbers_of(&prepared->text, DM_PREPARED_IDS) * sizeof(int), MADV_RANDOM);
    if (prepared->copies)
        madvise((void *)prepared->copies, numbers_of(&prepared->text, DM_PREPARED_COPIES) * sizeof(int), MADV_RANDOM);
}

// ---- The corpus -----------------------------------------------------------------------------------------------------

static PairIds pair_of(const Prepared *p, int pair, size_t at)
{
    const int *length = p->lengths + 2 * (size_t)pair;
    return (PairIds){.id = p->ids + at,
                     .at = at,
                     .source = length[DM_SOURCE],
                     .target = length[DM_TARGET],
                     .line = pair + 1,
                     .alone = p->text.alone};
}

// Pairs, or the windows of all lines, at most.
static int64_t count_places(const Prepared *p, const CorpusRules *rules)
{
    int64_t count = 0;
    for (int i = 0; i < p->text.pairs; i++)
        count += p->text.alone ? dm_windows(p->lengths[2 * (size_t)i + 1], rules->max_length) : 1;
    return count;
}

Status dm_prepared_corpus(Corpus *corpus, const Prepared *prepared, const CorpusRules *rules, Error *error)
{
    const PreparedText *t = &prepared->text;
    const int64_t places = count_places(prepared, rules);
    *corpus = (Corpus){0};
    if (places > INT_MAX / 2) return dm_fail(error, "%s makes more than %d windows: divide it", t->name, INT_MAX / 2);
    dm_corpus_make_index(corpus, (size_t)places);
    corpus->mapped = true;
    corpus->ids = (int *)prepared->ids;  // nobody writes into a corpus
    corpus->copies = rules->copies ? (int *)prepared->copies : NULL;
    size_t at = 0;
    for (int i = 0; i < t->pairs; i++) {
        const PairIds pair = pair_of(prepared, i, at);
        if (dm_corpus_takes(corpus, &pair, rules)) dm_corpus_index(corpus, &pair, rules);
        at += (size_t)pair.source + (size_t)pair.target;
    }
    const Status status = dm_corpus_check_rest(corpus, t->alone, rules, t->name, error);
    if (status) dm_corpus_free(corpus);
    return status;
}

// ---- Describing -----------------------------------------------------------------------------------------------------

static Status describe(const char *folder, char **text, Error *error)
{
    Prepared prepared;
    Status status = dm_prepared_read(&prepared, folder, error);
    if (status) return status;
    status = dm_prepared_map(&prepared, error);
    if (!status) {
        cJSON *json = dm_prepared_json(&prepared.text);
        dm_prepared_add_hash(json, "hash", prepared.text.hash);
        char *printed = cJSON_PrintUnformatted(json);
        *text = dm_copy_for_caller(printed);
        cJSON_free(printed);
        cJSON_Delete(json);
    }
    dm_prepared_close(&prepared);
    return status;
}

dm_status dm_prepared_describe(const char *folder, char **json, dm_error *error)
{
    Status status;
    *json = NULL;
    DM_SCOPE(status, error, describe(folder, json, error));
    return status;
}
