// The vocabulary: pieces <-> ids, kept in a vocab.json that other programs read too.
// All pieces lie behind one another in one buffer; a hash table of ids (open addressing) finds a piece.
#include "text/segmenter.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"

struct Vocabulary {
    char *text;          // the pieces, each with its NUL
    const char **piece;  // [count] into text
    int count;
    int *slot;       // [slots] an id, or -1
    uint32_t slots;  // a power of two, at least twice count
};

// The slot of a piece, or the free slot where it belongs.
static int *find_slot(const Vocabulary *vocabulary, const char *piece)
{
    uint32_t mask = vocabulary->slots - 1, at = (uint32_t)dm_hash_text(piece, strlen(piece)) & mask;
    while (vocabulary->slot[at] >= 0 && strcmp(vocabulary->piece[vocabulary->slot[at]], piece) != 0)
        at = (at + 1) & mask;
    return &vocabulary->slot[at];
}

// Copies the pieces and fills the table. *twice: the first piece that stands there twice, or NULL.
static Vocabulary *build(const char *const *pieces, int count, const char **twice)
{
    Vocabulary *vocabulary = dm_allocate(1, sizeof *vocabulary);
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += strlen(pieces[i]) + 1;
    vocabulary->text = dm_allocate(bytes, 1);
    vocabulary->piece = dm_allocate((size_t)count, sizeof *vocabulary->piece);
    vocabulary->count = count;
    vocabulary->slots = 16;
    while (vocabulary->slots < 2 * (uint32_t)count) vocabulary->slots *= 2;
    vocabulary->slot = dm_allocate(vocabulary->slots, sizeof *vocabulary->slot);
    memset(vocabulary->slot, -1, vocabulary->slots * sizeof *vocabulary->slot);
    *twice = NULL;
    char *end = vocabulary->text;
    for (int i = 0; i < count; i++) {
        size_t size = strlen(pieces[i]) + 1;
        vocabulary->piece[i] = memcpy(end, pieces[i], size);
        end += size;
        int *slot = find_slot(vocabulary, pieces[i]);
        if (*slot < 0)
            *slot = i;
        else if (!*twice)
            *twice = pieces[i];
    }
    return vocabulary;
}

Vocabulary *dm_vocabulary_create(const char *const *pieces, int count)
{
    const char *twice;
    Vocabulary *vocabulary = build(pieces, count, &twice);
    assert(!twice && "a piece stands in the vocabulary twice");
    return vocabulary;
}

// Puts the keys of a JSON object where their ids say; pieces: [count], all NULL at first.
static void place_pieces(const char **pieces, int count, JsonFile *file)
{
    for (const cJSON *entry = file->json->child; entry && !file->status; entry = entry->next) {
        const double id = entry->valuedouble;
        if (!dm_json_is_whole(entry, 0, INT_MAX))
            dm_json_complain(file, "%s: the piece \"%.80s\" has no whole number as its id", file->path, entry->string);
        else if (id >= count)
            dm_json_complain(file, "%s: the piece \"%.80s\" has the id %d, but %d pieces have the ids 0 to %d",
                             file->path, entry->string, (int)id, count, count - 1);
        else if (pieces[(int)id])
            dm_json_complain(file, "%s: the pieces \"%.80s\" and \"%.80s\" have the same id %d", file->path,
                             pieces[(int)id], entry->string, (int)id);
        else
            pieces[(int)id] = entry->string;
    }
}

// needed: pieces that must be among them, ending with NULL.
static Status read(Vocabulary **vocabulary, const char *path, const char *const *needed, Error *error)
{
    JsonFile file;
    *vocabulary = NULL;
    dm_json_open(&file, path, error);
    const int count = cJSON_GetArraySize(file.json);
    const char **pieces = dm_allocate((size_t)count, sizeof *pieces), *twice = NULL;
    if (!file.status && !count)
        dm_json_complain(
            &file, "%s must be a JSON object of pieces and their ids, like {\"</s>\": 0, \"<unk>\": 1, ...}", path);
    if (!file.status) place_pieces(pieces, count, &file);  // as many ids as places: none is empty
    if (!file.status) *vocabulary = build(pieces, count, &twice);
    if (twice) dm_json_complain(&file, "%s: the piece \"%.80s\" stands there twice", path, twice);
    for (; *needed && !file.status; needed++)
        if (dm_vocabulary_id(*vocabulary, *needed) < 0)
            dm_json_complain(&file, "%s: the piece \"%s\" is missing: this is no vocabulary of a translation model",
                             path, *needed);
    if (file.status) {
        dm_vocabulary_free(*vocabulary);
        *vocabulary = NULL;
    }
    dm_json_close(&file);
    dm_free(pieces);
    return file.status;
}

Status dm_vocabulary_read(Vocabulary **vocabulary, const char *path, Error *error)
{
    return read(vocabulary, path, (const char *const[]){"</s>", "<unk>", NULL}, error);
}

Status dm_labels_read(Vocabulary **vocabulary, const char *path, Error *error)
{
    return read(vocabulary, path, (const char *const[]){NULL}, error);
}

Status dm_vocabulary_write(const Vocabulary *vocabulary, const char *path, Error *error)
{
    cJSON *object = cJSON_CreateObject();
    for (int i = 0; i < vocabulary->count; i++)
        cJSON_AddItemToObjectCS(object, vocabulary->piece[i], cJSON_CreateNumber(i));
    return dm_json_write(path, object, error);
}

int dm_vocabulary_size(const Vocabulary *vocabulary)
{
    return vocabulary->count;
}

int dm_vocabulary_id(const Vocabulary *vocabulary, const char *piece)
{
    return *find_slot(vocabulary, piece);
}

const char *dm_vocabulary_piece(const Vocabulary *vocabulary, int id)
{
    assert(id >= 0 && id < vocabulary->count);
    return vocabulary->piece[id];
}

void dm_vocabulary_free(Vocabulary *vocabulary)
{
    if (!vocabulary) return;
    dm_free(vocabulary->text);
    dm_free(vocabulary->piece);
    dm_free(vocabulary->slot);
    dm_free(vocabulary);
}
