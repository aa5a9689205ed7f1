// Facts about prepared texts: they are the corpus that the text itself would be, and whatever else lies in such a
// folder is refused with a sentence.
#include "core/memory.h"
#include "test.h"

#include "core/json.h"
#include "data/prepared_files.h"
#include "data/letters.h"

enum { PIECES = 6 };

static const char source_text[] = "a b\nc\n\nx a x\na b c a b\nb b\n",
                  target_text[] = "b\nc c c\na\nx\n\nb c b c b a\n";

// Writes the text, in blocks of so many pairs, into a folder of that name, which the caller frees.
static char *write_folder(const char *name, bool alone, bool copies, size_t block_pairs)
{
    Segmenter *segmenter = letters();
    char *source = scratch_write("train.zh", source_text), *target = scratch_write("train.en", target_text),
         *folder = scratch_path(name);
    BitextStream stream;
    PreparedWriter writer;
    PreparedText text = {.alone = alone,
                         .tokenizer = dm_copy_string("13a"),
                         .segmenter = dm_copy_string("space"),
                         .vocabulary = {PIECES, PIECES}};
    Error error = {.message = ""};
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, &error), DM_OK);
    char *from = scratch_path("model");
    CU_ASSERT_EQUAL_FATAL(dm_segmenter_copy(from, folder, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_segmenter_hash(&text.segmenter_hash, folder, &error), DM_OK);
    dm_free(from);
    CU_ASSERT_EQUAL_FATAL(
        dm_bitext_stream_open(&stream, &(BitextFiles){.path = {source, target}, .alone = alone}, NULL, &error), DM_OK);
    dm_prepared_text_name(&text, &stream.whole);
    CU_ASSERT_EQUAL_FATAL(dm_prepared_begin(&writer, folder, copies, &error), DM_OK);
    for (size_t count = block_pairs; count == block_pairs;) {
        Bitext block;
        Corpus corpus;
        CU_ASSERT_EQUAL_FATAL(dm_bitext_stream_next(&stream, block_pairs, &block, &error), DM_OK);
        count = dm_bitext_count(&block);
        const CorpusRules all = {.copies = copies, .threads = 2};
        if (count) {
            CU_ASSERT_EQUAL_FATAL(dm_corpus_make(&corpus, &block, &all, segmenter, &error), DM_OK);
            CU_ASSERT_EQUAL_FATAL(dm_prepared_add(&writer, &corpus, &error), DM_OK);
            dm_corpus_free(&corpus);
        }
        dm_bitext_free(&block);
    }
    CU_ASSERT_EQUAL_FATAL(dm_prepared_finish(&writer, &text, folder, &error), DM_OK);
    dm_prepared_discard(&writer);
    dm_prepared_text_free(&text);
    dm_bitext_stream_close(&stream);
    dm_segmenter_close(segmenter);
    dm_free(source);
    dm_free(target);
    return folder;
}

static void same_numbers(const int *a, const int *b, int count)
{
    CU_ASSERT(!memcmp(a, b, (size_t)count * sizeof *a));
}

static void compare(const Corpus *a, const Corpus *b)
{
    CU_ASSERT_EQUAL_FATAL(a->pairs, b->pairs);
    CU_ASSERT(a->skipped_empty == b->skipped_empty && a->skipped_long == b->skipped_long);
    CU_ASSERT(a->skipped_unsaid == b->skipped_unsaid && a->cut == b->cut);
    for (int i = 0; i < a->pairs; i++) {
        CU_ASSERT_EQUAL(a->line[i], b->line[i]);
        CU_ASSERT_EQUAL_FATAL(a->source_length[i], b->source_length[i]);
        CU_ASSERT_EQUAL_FATAL(a->target_length[i], b->target_length[i]);
        same_numbers(a->ids + a->source[i], b->ids + b->source[i], a->source_length[i]);
        same_numbers(a->ids + a->target[i], b->ids + b->target[i], a->target_length[i]);
        CU_ASSERT_EQUAL_FATAL(!a->copies, !b->copies);
        if (!a->copies) continue;
        same_numbers(a->copies + a->source[i], b->copies + b->source[i], a->source_length[i]);
        same_numbers(a->copies + a->target[i], b->copies + b->target[i], a->target_length[i]);
    }
}

// One folder for every rule, and however the text came in.
static void a_corpus_of_it_is_that_of_the_text(void)
{
    static const struct {
        bool alone, copies;
        CorpusRules rules;
    } cases[] = {
        {.rules = {.shortest = 2}},
        {.rules = {.shortest = 2, .max_length = 4}},
        {.rules = {.shortest = 2, .upsample = 1}},
        {.rules = {.shortest = 1}},
        {.copies = true, .rules = {.shortest = 2, .copies = true}},
        {.alone = true, .rules = {.shortest = 2}},
        {.alone = true, .rules = {.shortest = 2, .max_length = 3}},
    };
    Segmenter *segmenter = letters();
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (size_t block = 1; block <= 10; block += 3) {
            char *folder = write_folder("folder", cases[i].alone, cases[i].copies, block);
            char *source = scratch_path("train.zh"), *target = scratch_path("train.en");
            CorpusRules rules = cases[i].rules;
            rules.threads = 1;
            Bitext bitext;
            Corpus whole, mapped;
            Prepared prepared;
            const BitextFiles files = {.path = {source, target}, .alone = cases[i].alone};
            CU_ASSERT_EQUAL_FATAL(dm_bitext_read(&bitext, &files, NULL), DM_OK);
            CU_ASSERT_EQUAL_FATAL(dm_corpus_make(&whole, &bitext, &rules, segmenter, NULL), DM_OK);
            CU_ASSERT_EQUAL_FATAL(dm_prepared_read(&prepared, folder, NULL), DM_OK);
            CU_ASSERT_EQUAL_FATAL(dm_prepared_map(&prepared, NULL), DM_OK);
            CU_ASSERT_EQUAL_FATAL(dm_prepared_corpus(&mapped, &prepared, &rules, NULL), DM_OK);
            CU_ASSERT_EQUAL(prepared.text.pairs, 6);
            CU_ASSERT_STRING_EQUAL(prepared.text.name, bitext.name);
            compare(&whole, &mapped);
            dm_corpus_free(&whole);
            dm_corpus_free(&mapped);
            dm_prepared_close(&prepared);
            dm_bitext_free(&bitext);
            dm_prepared_clear(folder);
            dm_free(folder);
            dm_free(source);
            dm_free(target);
        }
    dm_segmenter_close(segmenter);
}

// ---- What others write ----------------------------------------------------------------------------------------------

static Status open_folder(const char *folder, Error *error)
{
    Prepared prepared;
    Status status = dm_prepared_read(&prepared, folder, error);
    if (!status) status = dm_prepared_map(&prepared, error);
    dm_prepared_close(&prepared);
    return status;
}

static void refused(const char *folder, const char *why)
{
    Error error = {.message = ""};
    CU_ASSERT_EQUAL(open_folder(folder, &error), DM_FAILURE);
    CU_ASSERT(contains(error.message, why));
}

// Writes a number over one that is there; with `right`, whoever did it knows how to make the hash.
static void set_number(const char *folder, PreparedPart part, long at, int value, bool right)
{
    char *path = dm_join_path(folder, dm_prepared_names[part]);
    FILE *file = fopen(path, "r+b");
    if (!file || fseek(file, at * (long)sizeof value, at < 0 ? SEEK_END : SEEK_SET)) abort();
    fwrite(&value, sizeof value, 1, file);
    fclose(file);
    dm_free(path);
    if (!right) return;
    Prepared prepared;
    uint64_t hash[DM_PREPARED_PARTS];
    CU_ASSERT_EQUAL_FATAL(dm_prepared_read(&prepared, folder, NULL), DM_OK);
    for (int i = 0; i < DM_PREPARED_PARTS; i++) {
        char *bytes = NULL, *name = dm_join_path(folder, dm_prepared_names[i]);
        size_t size = 0;
        hash[i] = DM_HASH;
        if (!dm_read_file(name, &bytes, &size, NULL))
            hash[i] = dm_prepared_hash(DM_HASH, (const int *)(const void *)bytes, size / sizeof(int));
        dm_free(bytes);
        dm_free(name);
    }
    cJSON *json = dm_prepared_json(&prepared.text);
    dm_prepared_add_hash(json, "hash", dm_prepared_hash_all(&prepared.text, hash));
    dm_json_write_in(json, folder, DM_PREPARED_FILE, NULL);
    dm_prepared_close(&prepared);
}

static void what_indexes_memory_is_checked_whatever_the_hash_says(void)
{
    static const struct {
        PreparedPart part;
        long at;
        int value;
        const char *why;
    } cases[] = {
        {DM_PREPARED_IDS, 0, PIECES, "an id that the vocabulary does not have"},
        {DM_PREPARED_IDS, -1, -1, "an id that the vocabulary does not have"},
        {DM_PREPARED_IDS, 7, 0x7FFFFFFF, "(pair 2)"},
        {DM_PREPARED_LENGTHS, 0, 0, "a length that no pair has"},
        {DM_PREPARED_LENGTHS, 1, -3, "a length that no pair has"},
        {DM_PREPARED_LENGTHS, 2, 0x7FFFFFFF, "a length that no pair has"},
        {DM_PREPARED_LENGTHS, -1, 6, "ids behind the last pair"},
        {DM_PREPARED_LENGTHS, -1, 8, "a length that no pair has"},
        {DM_PREPARED_COPIES, 0, PIECES + 3, "a copy of what is not there"},
        {DM_PREPARED_COPIES, -1, -1, "a copy of what is not there"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char *folder = write_folder("folder", false, true, 4);
        CU_ASSERT_EQUAL(open_folder(folder, NULL), DM_OK);
        set_number(folder, cases[i].part, cases[i].at, cases[i].value, true);
        refused(folder, cases[i].why);
        dm_prepared_clear(folder);
        dm_free(folder);
    }
    char *folder = write_folder("folder", true, false, 4);
    set_number(folder, DM_PREPARED_LENGTHS, 0, 1, true);
    refused(folder, "a length that no pair has");
    dm_prepared_clear(folder);
    dm_free(folder);
}

static void what_is_altered_within_its_bounds_is_found_by_its_hash(void)
{
    static const PreparedPart parts[] = {DM_PREPARED_IDS, DM_PREPARED_COPIES};
    for (size_t i = 0; i < DM_COUNT(parts); i++)
        for (long at = -1; at <= 0; at++) {
            char *folder = write_folder("folder", false, true, 4);
            set_number(folder, parts[i], at, 4, false);
            refused(folder, "their hash is another one");
            dm_prepared_clear(folder);
            dm_free(folder);
        }
}

static void files_of_another_size_are_refused(void)
{
    for (int part = 0; part < DM_PREPARED_PARTS; part++)
        for (int bytes = 0; bytes < 3; bytes++) {
            static const long sizes[] = {0, 7, 4096};
            char *folder = write_folder("folder", false, true, 4),
                 *path = dm_join_path(folder, dm_prepared_names[part]);
            if (truncate(path, sizes[bytes])) abort();
            refused(folder, "it was not copied to its end");
            unlink(path);
            refused(folder, dm_prepared_names[part]);
            if (mkdir(path, 0777)) abort();
            refused(folder, "is not an ordinary file");
            rmdir(path);
            dm_prepared_clear(folder);
            dm_free(folder);
            dm_free(path);
        }
}

// Each thing that prepared.json says, missing and of another kind.
static void what_it_says_of_itself_is_read_strictly(void)
{
    static const struct {
        const char *key, *value, *why;
    } cases[] = {
        {"format", "\"another\"", "\"format\""},
        {"version", "2", "prepare it anew"},
        {"version", "\"1\"", "prepare it anew"},
        {"examples", "\"labels\"", "\"pairs\" or \"text\""},
        {"pairs", "0", "\"pairs\""},
        {"pairs", "7", "it was not copied to its end"},
        {"pairs", "2e9", "\"pairs\""},
        {"pieces", "-1", "\"pieces\""},
        {"pieces", "1e300", "\"pieces\""},
        {"pieces", "3.5", "\"pieces\""},
        {"pieces", "999999999999999", "it was not copied to its end"},
        {"bytes", "1", "their hash is another one"},
        {"characters", "2000000000", "\"characters\""},
        {"name", "{}", "\"name\""},
        {"texts", "[\"one\"]", "\"texts\""},
        {"texts", "[1, 2]", "\"texts\""},
        {"languages", "7", "\"languages\""},
        {"vocabulary", "[6, 1]", "an id that the vocabulary does not have"},
        {"vocabulary", "[0, 6]", "\"vocabulary\""},
        {"vocabulary", "[6, 7]", "their hash is another one"},
        {"separate_vocabs", "1", "\"separate_vocabs\""},
        {"copies", "true", "pairs.copies"},
        {"hash", "\"abc\"", "\"hash\""},
        {"hash", "\"0123456789abcdef\"", "their hash is another one"},
        {"segmenter_hash", "12", "\"segmenter_hash\""},
        {"pairs", NULL, "\"pairs\""},
        {"pieces", NULL, "\"pieces\""},
        {"tokenizer", NULL, "\"tokenizer\""},
        {"hash", NULL, "\"hash\""},
        {"vocabulary", NULL, "\"vocabulary\""},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char *folder = write_folder("folder", false, false, 4), *path = dm_join_path(folder, DM_PREPARED_FILE);
        JsonFile file;
        CU_ASSERT_EQUAL_FATAL(dm_json_open(&file, path, NULL), DM_OK);
        cJSON_DeleteItemFromObject(file.json, cases[i].key);
        if (cases[i].value) cJSON_AddItemToObject(file.json, cases[i].key, cJSON_Parse(cases[i].value));
        dm_json_write(path, file.json, NULL);
        file.json = NULL;
        dm_json_close(&file);
        refused(folder, cases[i].why);
        dm_prepared_clear(folder);
        dm_free(folder);
        dm_free(path);
    }
}

static void a_folder_without_its_header_is_none(void)
{
    char *folder = write_folder("folder", false, false, 4), *path = dm_join_path(folder, DM_PREPARED_FILE);
    unlink(path);
    refused(folder, "not a folder that dragoman prepare has written");
    dm_free(scratch_write("folder/" DM_PREPARED_FILE, "{\"format\": "));
    refused(folder, "not valid JSON");
    dm_free(scratch_write("folder/" DM_PREPARED_FILE, "[]"));
    refused(folder, DM_PREPARED_FILE);
    refused("nowhere", "not a folder that dragoman prepare has written");
    dm_prepared_clear(folder);
    dm_free(folder);
    dm_free(path);
}

const Fact facts[] = {
    FACT(a_corpus_of_it_is_that_of_the_text),
    FACT(what_indexes_memory_is_checked_whatever_the_hash_says),
    FACT(what_is_altered_within_its_bounds_is_found_by_its_hash),
    FACT(files_of_another_size_are_refused),
    FACT(what_it_says_of_itself_is_read_strictly),
    FACT(a_folder_without_its_header_is_none),
    {NULL, NULL},
};
