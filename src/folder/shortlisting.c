// dm_shortlist: which target pieces may translate a source piece, by the lexicon of the training text, into vmap.txt.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/observer.h"
#include "core/scope.h"
#include "core/threads.h"
#include "data/inputs.h"
#include "data/lexicon.h"
#include "folder/folder_files.h"
#include "folder/folder.h"
#include "folder/folder_guard.h"
#include "search/shortlist.h"

typedef struct Ranked {
    int id;
    double worth;
} Ranked;

static int better_first(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    return x->worth != y->worth ? (x->worth < y->worth) - (x->worth > y->worth) : x->id - y->id;
}

// Spaces and tabs are what stands between the pieces of the file.
static bool can_be_written(const char *piece)
{
    return *piece && !strpbrk(piece, " \t\n");
}

static void write_best(FILE *stream, const Vocabulary *target, Ranked *ranked, int count, int most)
{
    if (count) qsort(ranked, (size_t)count, sizeof *ranked, better_first);
    const char *between = "";
    for (int i = 0; i < count && i < most && ranked[i].worth > 0; i++) {
        const char *piece = dm_vocabulary_piece(target, ranked[i].id);
        if (!can_be_written(piece)) continue;
        fprintf(stream, "%s%s", between, piece);
        between = " ";
    }
    fputc('\n', stream);
}

// The line that always counts: the most frequent pieces of the target.
static void write_frequent(FILE *stream, const Corpus *corpus, const Vocabulary *target, int most)
{
    const int size = dm_vocabulary_size(target);
    Ranked *ranked = dm_allocate((size_t)size, sizeof *ranked);
    for (int id = 0; id < size; id++) ranked[id].id = id;
    for (int p = 0; p < corpus->pairs; p++)
        for (int i = 0; i < corpus->target_length[p]; i++) ranked[corpus->ids[corpus->target[p] + (size_t)i]].worth++;
    fputc('\t', stream);
    write_best(stream, target, ranked, size, most);
    dm_free(ranked);
}

static void write_rows(FILE *stream, const Lexicon *lexicon, const Segmenter *segmenter, int most)
{
    const Vocabulary *source = dm_segmenter_vocabulary(segmenter, DM_SOURCE),
                     *target = dm_segmenter_vocabulary(segmenter, DM_TARGET);
    Ranked *ranked = dm_allocate((size_t)dm_vocabulary_size(target), sizeof *ranked);
    const Meetings *m = &lexicon->meetings;
    for (int s = 0; s < m->sources; s++) {
        if (m->row[s] == m->row[s + 1] || !can_be_written(dm_vocabulary_piece(source, s))) continue;
        int count = 0;
        for (size_t e = m->row[s]; e < m->row[s + 1]; e++)
            if (m->target[e] < m->targets) ranked[count++] = (Ranked){m->target[e], lexicon->chance[e].of[DM_TARGET]};
        fprintf(stream, "%s\t", dm_vocabulary_piece(source, s));
        write_best(stream, target, ranked, count, most);
    }
    dm_free(ranked);
}

// A folder's segmenter, without its weights.
static Status open_segmenter(Segmenter **segmenter, const char *folder, Error *error)
{
    ModelConfig config = {0};
    cJSON *extra = NULL;
    Status status = dm_config_read(&config, &extra, folder, error);
    if (!status && config.architecture->labels(&config))
        status =
            dm_misuse(error, "%s has a model of labels, which looks at all of them: a shortlist has no effect", folder);
    if (!status && config.architecture->writing(&config) != DM_PIECE_BY_PIECE)
        status = dm_misuse(error, "%s has a model that writes %s, for which a shortlist is not: it has no effect",
                           folder, dm_writing_name(config.architecture->writing(&config)));
    if (!status && dm_outputs[config.output]->copies)
        status =
            dm_misuse(error,
                      "%s has a model that also copies (output layer %s), and a shortlist is of a softmax over the "
                      "vocabulary alone: it has no effect",
                      folder, dm_outputs[config.output]->name);
    if (!status && dm_is_text_model(&config))
        status = dm_fail(error,
                         "%s holds a model of text alone, which translates nothing: a shortlist says which pieces "
                         "translate which",
                         folder);
    if (!status) status = dm_segmenter_of(segmenter, &config, extra, folder, error);
    dm_config_free(&config);
    cJSON_Delete(extra);
    return status;
}

static int threads_of(const dm_options *options)
{
    const int threads = (int)dm_options_number(options, "cpu-threads");
    return threads ? threads : dm_processors();
}

// The line that says how many bytes there are behind it, which is known when they are written.
static void write_bytes(FILE *stream, long bytes)
{
    fprintf(stream, DM_SHORTLIST_BYTES "%012ld\t\n", bytes);
}

static Status write_list(const char *folder, const Corpus *corpus, const Segmenter *segmenter, const dm_options *o,
                         Error *error)
{
    char *path = dm_folder_path(folder, DM_SHORTLIST_FILE);
    FileWriter writer;
    Status status = dm_writer_open(&writer, path, error);
    if (!status) {
        int count;
        PiecePair *pairs = dm_lexicon_pairs(corpus, &count);
        Lexicon lexicon;
        dm_lexicon_fit(&lexicon, pairs, count, threads_of(o), NULL);
        write_bytes(writer.stream, 0);
        const long begin = ftell(writer.stream);
        write_frequent(writer.stream, corpus, dm_segmenter_vocabulary(segmenter, DM_TARGET),
                       (int)dm_options_number(o, "first"));
        write_rows(writer.stream, &lexicon, segmenter, (int)dm_options_number(o, "best"));
        dm_lexicon_free(&lexicon);
        dm_free(pairs);
        const long bytes = ftell(writer.stream) - begin;
        rewind(writer.stream);
        write_bytes(writer.stream, bytes);
        status = dm_writer_commit(&writer, error);
    }
    dm_free(path);
    return status;
}

// The list must not take the place of the text that it is made from.
static Status check_text(const char *folder, const dm_options *o, Error *error)
{
    static const char *const options[] = {"train-sets", "tsv"};
    char *list = dm_folder_path(folder, DM_SHORTLIST_FILE);
    Status status = DM_OK;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < dm_options_count(o, options[i]) && !status; j++) {
            const char *text = dm_options_text(o, options[i], j);
            if (dm_is_same_file(text, list))
                status = dm_fail(error, "%s and the list to be written, %s, are the same file, which would be lost",
                                 text, list);
        }
    dm_free(list);
    return status;
}

static Status list_translations(const dm_options *options, const dm_observer *observer, Error *error)
{
    const char *folder = dm_options_text(options, "model", 0);
    int lock = -1;
    Segmenter *segmenter = NULL;
    Bitext text = {0};
    Corpus corpus = {0};
    Status status = dm_options_complete(options, error);
    if (!status) status = check_text(folder, options, error);
    if (!status) status = open_segmenter(&segmenter, folder, error);
    if (!status) status = dm_folder_lock(&lock, folder, "shortlist", error);
    if (!status) status = dm_bitext_of_options(&text, options, "train-sets", "tsv", error);
    if (!status)
        status = dm_corpus_make(&corpus, &text, &(CorpusRules){.threads = threads_of(options)}, segmenter, error);
    if (!status) dm_bitext_say_mended(&text, observer);
    if (!status) status = write_list(folder, &corpus, segmenter, options, error);
    dm_corpus_free(&corpus);
    dm_bitext_free(&text);
    dm_segmenter_close(segmenter);
    dm_folder_unlock(&lock, folder);
    return status;
}

dm_status dm_shortlist(const dm_options *options, const dm_observer *observer, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, list_translations(options, observer, error));
    return status;
}
