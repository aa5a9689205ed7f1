// Memory that runs out anywhere in making a segmenter, in opening one, in C++ below it too, or in using it.
#include "core/failing.h"
#include "core/scope.h"
#include "text/trained_folder.h"

static Status use(const char *folder, Error *error)
{
    Segmenter *segmenter;
    Status status = dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = "sentencepiece"}, error);
    if (status) return status;
    Ids ids;
    char **pieces = dm_encode_pieces(segmenter, DM_SOURCE, ">>deu<< I love <sep> China. \xE9\xBE\x98", &ids);
    char *text = dm_decode(segmenter, ids.id, ids.count);
    dm_free(text);
    dm_pieces_free(pieces, ids.count);
    dm_free(ids.id);
    dm_segmenter_close(segmenter);
    return DM_OK;
}

static dm_status open_and_use(void *folder, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, use(folder, error));
    return status;
}

static void opening_and_using(void)
{
    static const char *const names[] = {"new", "old"};
    for (size_t i = 0; i < DM_COUNT(names); i++) {
        char *folder = folder_with(names[i]);
        fail_in_turn(open_and_use, NULL, folder, 3);
        dm_free(folder);
    }
}

static dm_status make(void *training, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, dm_segmenter_train(training, error));
    return status;
}

static void making(void)
{
    static const char *const kinds[] = {"space", "bpe"};
    char *path = scratch_write("text", ">>deu<< a rose is a rose\nis a rose\na nose is red\n"),
         *folder = scratch_path("made");
    dm_lines lines;
    CU_ASSERT_EQUAL_FATAL(dm_lines_read(&lines, path, NULL), DM_OK);
    for (size_t i = 0; i < DM_COUNT(kinds); i++) {
        SegmenterTraining training = {.folder = folder,
                                      .kind = kinds[i],
                                      .text = &lines,
                                      .text_count = 1,
                                      .text_name = "text",
                                      .languages = {"und", "und"},
                                      .size = i ? 20 : 0};
        fail_in_turn(make, NULL, &training, i ? 5 : 1);
    }
    dm_lines_free(&lines);
    dm_free(path);
    dm_free(folder);
}

const Fact facts[] = {FACT(opening_and_using), FACT(making), {NULL, NULL}};
