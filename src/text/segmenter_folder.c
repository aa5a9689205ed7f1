// The files of a segmenter in a folder: read, copied, compared by their hash, removed.
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/hash.h"
#include "core/memory.h"
#include "text/segmenter.h"
#include "text/segmenter_files.h"

Status dm_segmenter_no_file(const char *folder, const char *path, Error *error)
{
    bool there;
    if (dm_look_for(&there, path, error)) return DM_FAILURE;
    if (!dm_exists(folder)) return dm_fail(error, "there is no model folder %s: check the name", folder);
    if (!dm_is_folder(folder)) return dm_fail(error, "%s is a file, but a model folder is needed", folder);
    return dm_fail(error,
                   "%s is missing: copy it from where the model comes from (a MarianMT folder holds vocab.json, "
                   "source.spm and target.spm beside config.json and model.safetensors)",
                   path);
}

Status dm_segmenter_read_file(char **bytes, size_t *size, const char *folder, const char *name, Error *error)
{
    char *path = dm_join_path(folder, name);
    Status status =
        dm_exists(path) ? dm_read_file(path, bytes, size, error) : dm_segmenter_no_file(folder, path, error);
    dm_free(path);
    return status;
}

bool dm_segmenter_is_tokenizer(const char *folder)
{
    char *tokenizer = dm_join_path(folder, DM_TOKENIZER_JSON), *model = dm_join_path(folder, DM_SOURCE_SEGMENTER);
    const bool alone = dm_exists(tokenizer) && !dm_exists(model);
    dm_free(tokenizer);
    dm_free(model);
    return alone;
}

// What decides how text is cut, and the others.
static const char *const files[] = {DM_VOCABULARY,   DM_TARGET_VOCABULARY, DM_SOURCE_SEGMENTER, DM_TARGET_SEGMENTER,
                                    DM_ADDED_TOKENS, DM_TOKENIZER_JSON,    DM_TOKENIZER,        DM_SPECIAL_TOKENS};
enum { CUTTING_FILES = 5 };

Status dm_segmenter_copy(const char *from, const char *to, Error *error)
{
    Status status = DM_OK;
    for (size_t i = 0; i < DM_COUNT(files) && !status; i++) {
        char *source = dm_join_path(from, files[i]), *target = dm_join_path(to, files[i]), *bytes = NULL;
        size_t size;
        const bool must = i == 0 && !dm_segmenter_is_tokenizer(from);  // without a vocabulary it is no model folder
        if (dm_exists(source) || must) {
            status = dm_segmenter_read_file(&bytes, &size, from, files[i], error);
            if (!status) status = dm_write_file(target, bytes, size, error);
        }
        dm_free(bytes);
        dm_free(source);
        dm_free(target);
    }
    return status;
}

// tokenizer.json counts where it is all there is; else it is for other programs.
Status dm_segmenter_hash(uint64_t *hash, const char *folder, Error *error)
{
    const size_t count = CUTTING_FILES + dm_segmenter_is_tokenizer(folder);
    Status status = DM_OK;
    *hash = DM_HASH;
    for (size_t i = 0; i < count && !status; i++) {
        char *path = dm_join_path(folder, files[i]), *bytes = NULL;
        size_t size = 0;
        if (dm_exists(path)) status = dm_segmenter_read_file(&bytes, &size, folder, files[i], error);
        *hash = dm_hash(*hash, bytes ? dm_hash_text(bytes, size) : 0);
        dm_free(bytes);
        dm_free(path);
    }
    return status;
}

void dm_segmenter_remove(const char *folder)
{
    for (size_t i = 0; i < DM_COUNT(files); i++) {
        char *path = dm_join_path(folder, files[i]);
        unlink(path);
        dm_free(path);
    }
}
