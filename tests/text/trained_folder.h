// A folder with a segmenter, and whether it makes of a text what MarianTokenizer makes of it.
#pragma once
#include "test.h"

#include <cjson/cJSON.h>

#include "core/lines.h"
#include "core/memory.h"
#include "text/scratch.h"
#include "text/segmenter.h"

// A folder with a BPE model, whose training knows no rounding: the same on every machine. Language codes and text
// of both scripts.
static inline char *trained_folder(void)
{
    static const char *const sentences[] = {
        ">>deu<< Ich liebe China.",   "我爱中国。",           ">>deu<< Maschinelles Lernen macht Spaß.",
        "机器学习很有意思。",         "I love China.",        "I love machine learning.",
        "Machine learning is fun!",   "你好，世界！",         "Where is the capital of China?",
        "中国的首都是哪里？",         "The capital is here.", "我们学习中国的语言。",
        "half-width ?!,. \"quotes\"", "2024 3.14 1,000",      "left over, here and there",
    };
    char *text = dm_allocate(1, 1);
    for (size_t i = 0; i < DM_COUNT(sentences); i++) {
        char *longer = dm_format("%s%s\n", text, sentences[i]);
        dm_free(text);
        text = longer;
    }
    char *folder = scratch_path("bpe");
    Error error = {""};
    dm_lines lines;
    if (dm_lines_cut(&lines, text, strlen(text), "text", NULL, &error)) abort();
    SegmenterTraining training = {.folder = folder,
                                  .kind = "bpe",
                                  .text = &lines,
                                  .text_count = 1,
                                  .text_name = "text",
                                  .languages = {"und", "und"},
                                  .size = 160};
    if (!dm_exists(folder) && dm_segmenter_train(&training, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    dm_lines_free(&lines);
    return folder;
}

// The trained folder with the added tokens of tests/golden/added_tokens/NAME beside it.
static inline char *folder_with(const char *name)
{
    char *trained = trained_folder(), *folder = scratch_path(name);
    static const char *const files[] = {"tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"};
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_segmenter_copy(trained, folder, NULL), DM_OK);
    for (size_t i = 0; i < DM_COUNT(files); i++) {
        char *from = dm_format("%s/golden/added_tokens/%s/%s", TEST_DATA, name, files[i]), *bytes,
             *to = dm_join_path(folder, files[i]);
        size_t size;
        if (!dm_read_file(from, &bytes, &size, NULL)) {
            CU_ASSERT_EQUAL_FATAL(dm_write_file(to, bytes, size, NULL), DM_OK);
            dm_free(bytes);
        }
        dm_free(from);
        dm_free(to);
    }
    dm_free(trained);
    return folder;
}

static inline Segmenter *opened(const char *folder, const char *kind, bool separate)
{
    Segmenter *segmenter;
    Error error = {""};
    if (dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = kind, .separate = separate}, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return segmenter;
}

static inline bool same_ids(const Ids *ids, const cJSON *expected)
{
    if (cJSON_GetArraySize(expected) != ids->count) return false;
    int i = 0;
    for (const cJSON *id = expected->child; id; id = id->next, i++)
        if (ids->id[i] != id->valueint) return false;
    return true;
}

static inline bool same_as_marian_tokenizer(const Segmenter *segmenter, const cJSON *expected)
{
    const char *text = cJSON_GetObjectItemCaseSensitive(expected, "text")->valuestring;
    Ids source, target;
    dm_encode(segmenter, DM_SOURCE, text, &source);
    dm_encode(segmenter, DM_TARGET, text, &target);
    char *decoded = dm_decode(segmenter, target.id, target.count);
    bool same = same_ids(&source, cJSON_GetObjectItemCaseSensitive(expected, "source")) &&
                same_ids(&target, cJSON_GetObjectItemCaseSensitive(expected, "target")) &&
                strcmp(decoded, cJSON_GetObjectItemCaseSensitive(expected, "decoded")->valuestring) == 0;
    if (!same) fprintf(stderr, "\n    differs: \"%s\", decoded \"%s\"\n", text, decoded);
    dm_free(decoded);
    dm_free(source.id);
    dm_free(target.id);
    return same;
}

