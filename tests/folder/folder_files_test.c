// The table of a folder's files, row by row: what a run leaves and --overwrite removes, what a copy of the model takes
// along, what a translation needs. A row without a case here fails.
#include "test.h"

#include "core/memory.h"
#include "core/scratch.h"
#include "folder/folder.h"
#include "folder/folder_files.h"

// An example of a file, and what becomes of it.
static const struct {
    const char *name;
    bool cleared, copied, needed;
} cases[DM_FOLDER_FILES] = {
    [DM_CONFIG_FILE] = {"config.json", .cleared = true, .copied = true},
    [DM_GENERATION_FILE] = {"generation_config.json", .cleared = true, .copied = true},
    [DM_WEIGHTS_FILE] = {"model.safetensors", .cleared = true, .copied = true, .needed = true},
    [DM_VOCABULARY_FILE] = {"vocab.json", .cleared = true, .copied = true, .needed = true},
    [DM_TARGET_VOCABULARY_FILE] = {"target_vocab.json", .cleared = true, .copied = true},
    [DM_SOURCE_SEGMENTER_FILE] = {"source.spm", .cleared = true, .copied = true, .needed = true},
    [DM_TARGET_SEGMENTER_FILE] = {"target.spm", .cleared = true, .copied = true, .needed = true},
    [DM_TOKENIZER_FILE] = {"tokenizer_config.json", .cleared = true, .copied = true},
    [DM_ADDED_TOKENS_FILE] = {"added_tokens.json", .cleared = true, .copied = true},
    [DM_SPECIAL_TOKENS_FILE] = {"special_tokens_map.json", .cleared = true, .copied = true},
    [DM_TOKENIZER_JSON_FILE] = {"tokenizer.json", .cleared = true, .copied = true},
    [DM_SHORTLIST_FILE] = {"vmap.txt", .cleared = true, .copied = true},
    [DM_LOG_FILE] = {"train.jsonl", .cleared = true, .copied = true},
    [DM_TRAINING_FILE] = {"training.safetensors", .cleared = true},
    [DM_LOCK_FILE] = {"train.lock"},
    [DM_DRAFT_FOLDER] = {"train.new"},
    [DM_REPORT_FILE] = {"report.html", .cleared = true},
    [DM_EPOCH_FILES] = {"epoch-0012.safetensors", .cleared = true},
    [DM_BEST_FILES] = {"best-bleu.safetensors", .cleared = true},
};

static bool has(const char *folder, const char *name)
{
    char *path = dm_join_path(folder, name);
    const bool there = dm_exists(path);
    dm_free(path);
    return there;
}

static void expect(int row, const char *what, bool expected, bool found)
{
    if (expected != found) fprintf(stderr, "\n%s: %s: %s\n", cases[row].name, what, found ? "yes" : "no");
    CU_ASSERT_EQUAL(found, expected);
}

// With all that can lie there, and two files of somebody's own.
static char *full_folder(const char *name)
{
    char *folder = dm_copy_string(scratch(name)), file[64];
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    for (int i = 0; i < DM_FOLDER_FILES; i++) {
        snprintf(file, sizeof file, "%s/%s", name, cases[i].name);
        scratch_file(file, "{}", 2);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "%s/%s", name, i ? "epoch-of.safetensors" : "mine.txt");
        scratch_file(file, "{}", 2);
    }
    return folder;
}

static void every_row_has_a_name_of_its_own_and_says_what_it_is(void)
{
    for (int i = 0; i < DM_FOLDER_FILES; i++) {
        const FolderRow *row = &dm_folder_rows[i];
        CU_ASSERT_PTR_NOT_NULL_FATAL(row->name);
        CU_ASSERT_PTR_NOT_NULL_FATAL(cases[i].name);
        CU_ASSERT(row->what && strlen(row->what) > 10);
        if (i < DM_EPOCH_FILES) CU_ASSERT_STRING_EQUAL(row->name, cases[i].name);
        for (int j = 0; j < i; j++) CU_ASSERT_STRING_NOT_EQUAL(row->name, dm_folder_rows[j].name);
    }
}

static void clearing_removes_what_a_run_leaves_and_nothing_else(void)
{
    char *folder = full_folder("cleared");
    dm_folder_clear(folder);
    for (int i = 0; i < DM_FOLDER_FILES; i++) expect(i, "cleared", cases[i].cleared, !has(folder, cases[i].name));
    CU_ASSERT(has(folder, "mine.txt") && has(folder, "epoch-of.safetensors"));
    dm_free(folder);
}

// What kills left of these files is swept, of others not: a report is written without the lock, so by somebody who
// lives.
static void sweeping_knows_the_files_of_a_run(void)
{
    char *folder = full_folder("swept"), file[64];
    for (int i = 0; i < DM_FOLDER_FILES; i++) {
        snprintf(file, sizeof file, "swept/%s.12-0.tmp", cases[i].name);
        scratch_file(file, "", 0);
    }
    dm_folder_sweep(folder);
    for (int i = 0; i < DM_FOLDER_FILES; i++) {
        snprintf(file, sizeof file, "%s.12-0.tmp", cases[i].name);
        expect(i, "swept", cases[i].cleared && i != DM_REPORT_FILE, !has(folder, file));
        CU_ASSERT(has(folder, cases[i].name));
    }
    dm_free(folder);
}

static void a_copy_takes_along_what_goes_with_the_model(void)
{
    char *folder = full_folder("whole"), *copy = dm_copy_string(scratch("copy")), *bytes = NULL;
    static const char *const files[] = {"config.json", "model.safetensors"};
    size_t size;
    for (int i = 0; i < 2; i++) {  // of a model that opens; the others need not be right to be copied
        char *from = dm_join_path(TEST_DATA "/golden/marian/separate", files[i]), *to = dm_join_path(folder, files[i]);
        CU_ASSERT_EQUAL_FATAL(dm_read_file(from, &bytes, &size, NULL), DM_OK);
        CU_ASSERT_EQUAL_FATAL(dm_write_file(to, bytes, size, NULL), DM_OK);
        dm_free(bytes);
        dm_free(from);
        dm_free(to);
    }
    dm_options *options = dm_options_new("quantize");
    const char *from = folder, *to = copy;
    dm_error error = {""};
    CU_ASSERT_EQUAL(dm_options_set(options, "model", 1, &from, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_options_set(options, "output", 1, &to, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_quantize(options, &error), DM_OK);
    CU_ASSERT_STRING_EQUAL(error.message, "");
    for (int i = 0; i < DM_FOLDER_FILES; i++) expect(i, "copied", cases[i].copied, has(copy, cases[i].name));
    dm_options_free(options);
    dm_free(folder);
    dm_free(copy);
}

static void what_a_translation_needs_is_missed(void)
{
    char *folder = full_folder("poor"), *text = NULL;
    for (int i = 0; i < DM_FOLDER_FILES; i++) {
        char *path = dm_join_path(folder, cases[i].name),
             *from = dm_join_path(TEST_DATA "/golden/marian/separate", cases[i].name), *bytes = NULL;
        size_t size;
        if (i != DM_CONFIG_FILE)
            unlink(path);
        else if (!dm_read_file(from, &bytes, &size, NULL))
            dm_write_file(path, bytes, size, NULL);
        dm_free(bytes);
        dm_free(from);
        dm_free(path);
    }
    CU_ASSERT_EQUAL_FATAL(dm_model_describe(folder, 0, &text, NULL), DM_OK);
    cJSON *json = cJSON_Parse(text);
    const cJSON *missing = cJSON_GetObjectItemCaseSensitive(json, "missing"), *name;
    for (int i = 0; i < DM_FOLDER_FILES; i++) {
        bool missed = false;
        cJSON_ArrayForEach(name, missing) missed = missed || strcmp(name->valuestring, cases[i].name) == 0;
        expect(i, "needed", cases[i].needed, missed);
    }
    cJSON_Delete(json);
    free(text);
    dm_free(folder);
}

const Fact facts[] = {
    FACT(every_row_has_a_name_of_its_own_and_says_what_it_is),
    FACT(clearing_removes_what_a_run_leaves_and_nothing_else),
    FACT(sweeping_knows_the_files_of_a_run),
    FACT(a_copy_takes_along_what_goes_with_the_model),
    FACT(what_a_translation_needs_is_missed),
    {NULL, NULL},
};
