// dm_prepare: a text is numbered once, into a folder that training maps (data/prepared.h). It is never in memory as a
// whole: it is read once for what is to be known of all of it, once for the lines that a segmenter is learnt from, and
// once to be cut and numbered, block by block, on all threads.
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/observer.h"
#include "core/scope.h"
#include "core/text_stream.h"
#include "core/threads.h"
#include "core/utf8.h"
#include "data/inputs.h"
#include "data/prepared.h"
#include "folder/folder.h"
#include "score/tokenize.h"
#include "train/defaults.h"
#include "train/prepared_draft.h"

enum { BLOCK_PAIRS = 1 << 14 };  // read at once: some megabytes

// Lines that a segmenter is learnt from: of each so many bytes that its learner takes, every so manieth.
typedef struct Sample {
    char *text;  // the lines, each with its NUL
    size_t used, room;
    size_t *start;  // [count] into the text
    size_t count, slots;
} Sample;

typedef struct Preparing {
    dm_options *options;
    const dm_observer *observer;
    Stop stop;
    int threads;
    PreparedDraft draft;
    BitextFiles files;
    char *copies[2];  // of texts that can be read only once
    PreparedText text;
    unsigned char *seen;  // characters
    ScriptCounts scripts;
    TextCounts counts[2];  // of each vocabulary
    size_t step[2];        // of each Side: every so manieth line is learnt from
    Sample sample[2];
    Segmenter *segmenter;
    PreparedWriter writer;
} Preparing;

static const char *option(const Preparing *p, const char *name)
{
    return dm_options_text(p->options, name, 0);
}

static bool is_space(const Preparing *p)
{
    return !strcmp(option(p, "segmenter"), "space");
}

// Takes the sentence over.
static void say(const Preparing *p, char *line)
{
    if (line) dm_observer_line(p->observer, line);
    dm_free(line);
}

static Status say_stopped(const char *text, Error *error)
{
    dm_fail(error, "%s: stopped while it was prepared", text);
    return DM_STOPPED;
}

// ---- Reading --------------------------------------------------------------------------------------------------------

typedef Status Look(Preparing *p, const Bitext *block, size_t before, Error *error);  // before: pairs before the block

static Status read_blocks(Preparing *p, BitextStream *stream, Look *look, Error *error)
{
    Status status = DM_OK;
    for (size_t count = BLOCK_PAIRS; count == BLOCK_PAIRS && !status;) {
        const size_t before = stream->lines[DM_TARGET];
        Bitext block;
        status = dm_bitext_stream_next(stream, BLOCK_PAIRS, &block, error);
        count = dm_bitext_count(&block);
        if (!status && dm_stop_asked(&p->stop)) status = say_stopped(stream->whole.name, error);
        if (!status && count) status = look(p, &block, before, error);
        dm_bitext_free(&block);
    }
    return status;
}

static Status read_text(Preparing *p, Look *look, Error *error)
{
    BitextStream stream;
    Status status = dm_bitext_stream_open(&stream, &p->files, (const char *const *)p->copies, error);
    if (status) return status;
    status = read_blocks(p, &stream, look, error);
    if (!status && !p->text.pairs) {
        p->text.pairs = (int)stream.lines[DM_TARGET];
        dm_prepared_text_name(&p->text, &stream.whole);
        dm_bitext_say_mended(&stream.whole, p->observer);
    } else if (!status && (size_t)p->text.pairs != stream.lines[DM_TARGET]) {
        status = dm_fail(error, "%s has changed while it was read: give the same command again", stream.whole.name);
    }
    dm_bitext_stream_close(&stream);
    return status;
}

// A pipe can be read only once: what comes out of it is kept beside the rest for as long as it is needed.
static Status copy_text(Preparing *p, const char *path, char **copy, const char *name, Error *error)
{
    enum { ROOM = 1 << 16 };
    struct stat info;
    if (strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISREG(info.st_mode)) return DM_OK;
    dm_text_stream *stream;
    FileWriter writer;
    Status status = dm_text_stream_open(&stream, path, error);
    if (status) return status;
    *copy = dm_join_path(p->draft.path, name);
    status = dm_writer_open(&writer, *copy, error);
    char *bytes = dm_allocate(ROOM, 1);
    for (size_t got = 1; got && !status && !ferror(writer.stream);) {
        status = dm_text_stream_read(stream, bytes, ROOM, &got, error);
        if (!status && dm_stop_asked(&p->stop)) status = say_stopped(dm_text_name(path), error);
        if (!status) fwrite(bytes, 1, got, writer.stream);
    }
    if (status)
        dm_writer_discard(&writer);
    else
        status = dm_writer_commit(&writer, error);
    dm_free(bytes);
    dm_text_stream_close(stream);
    return status;
}

static Status copy_texts(Preparing *p, Error *error)
{
    const BitextFiles *f = &p->files;
    if (f->tsv) return copy_text(p, f->tsv, &p->copies[0], dm_prepared_copies[0], error);
    Status status = DM_OK;
    for (int side = f->alone ? DM_TARGET : DM_SOURCE; side <= DM_TARGET && !status; side++)
        status = copy_text(p, f->path[side], &p->copies[side], dm_prepared_copies[side], error);
    return status;
}

// ---- What is to be known of all of it -------------------------------------------------------------------------------

static Status count_block(Preparing *p, const Bitext *block, size_t before, Error *error)
{
    (void)before;
    (void)error;
    for (int side = DM_SOURCE; side <= DM_TARGET; side++)
        for (size_t i = 0; i < block->lines[side].count; i++) {
            const char *line = block->lines[side].line[i];
            p->text.bytes += (int64_t)strlen(line);
            p->text.characters += dm_utf8_mark(p->seen, line);
            if (!p->text.of_model) dm_text_count(&p->counts[p->text.separate ? side : 0], line, is_space(p));
            if (side == DM_TARGET) dm_scripts_count(&p->scripts, line);
        }
    return DM_OK;
}

static Status count_text(Preparing *p, Error *error)
{
    p->seen = dm_allocate(0x110000 / 8, 1);
    for (int i = 0; i < 2; i++) p->counts[i].codes.keeps = p->counts[i].words.keeps = true;
    const Status status = read_text(p, count_block, error);
    p->text.tokenizer = dm_copy_string(dm_tokenizer_of_scripts(&p->scripts)->name);
    dm_free(p->seen);
    return status;
}

// ---- The segmenter --------------------------------------------------------------------------------------------------

static void take_line(Sample *s, const char *line)
{
    const size_t size = strlen(line) + 1;
    if (s->count == s->slots) s->start = dm_reallocate(s->start, s->slots = 2 * s->slots + 1024, sizeof *s->start);
    if (s->used + size > s->room) s->text = dm_reallocate(s->text, s->room = 2 * (s->used + size), 1);
    memcpy(s->text + s->used, line, size);
    s->start[s->count++] = s->used;
    s->used += size;
}

static Status sample_block(Preparing *p, const Bitext *block, size_t before, Error *error)
{
    (void)error;
    for (int side = DM_SOURCE; side <= DM_TARGET; side++)
        for (size_t i = 0; i < block->lines[side].count; i++)
            if ((before + i) % p->step[side] == 0) take_line(&p->sample[side], block->lines[side].line[i]);
    return DM_OK;
}

// As dm_lines_free takes them.
static dm_lines lines_of(Sample *s)
{
    dm_lines lines = {(char **)dm_allocate(s->count + 1, sizeof *lines.line) + 1, s->count};
    lines.line[-1] = s->text;
    for (size_t i = 0; i < s->count; i++) lines.line[i] = s->text + s->start[i];
    dm_free(s->start);
    *s = (Sample){0};
    return lines;
}

static Status learn_segmenter(Preparing *p, Error *error)
{
    const PreparedText *t = &p->text;
    const bool learns = !is_space(p) && !option(p, "sentencepiece"),
               adapts = !dm_options_given(p->options, "vocab-size");
    char *said = NULL;
    const TextSize size = dm_text_size_of((size_t)t->pairs, (size_t)t->bytes, t->characters, t->alone);
    Status status = dm_default_vocabulary(p->options, &size, &said, error);
    say(p, said);
    for (int side = DM_SOURCE; side <= DM_TARGET; side++)
        p->step[side] = dm_segmenter_step(p->counts[t->separate ? side : 0].bytes);
    if (learns) say(p, dm_format("Training a segmenter on %s", t->name));
    if (!status && learns) status = read_text(p, sample_block, error);
    if (status) return status;
    dm_lines lines[2] = {lines_of(&p->sample[DM_SOURCE]), lines_of(&p->sample[DM_TARGET])};
    status = dm_segmenter_train(
        &(SegmenterTraining){.folder = p->draft.path,
                             .kind = option(p, "segmenter"),
                             .text = lines + t->alone,
                             .text_count = t->alone ? 1 : 2,
                             .counts = p->counts,
                             .text_name = t->name,
                             .file = {t->file[DM_SOURCE], t->file[DM_TARGET]},
                             .separate = t->separate,
                             .given = {option(p, "sentencepiece"), dm_options_text(p->options, "sentencepiece", 1)},
                             .languages = {t->language[DM_SOURCE], t->language[DM_TARGET]},
                             .size = is_space(p) && adapts ? 0 : (int)dm_options_number(p->options, "vocab-size"),
                             .stop = &p->stop,
                             .adapts = adapts},
        error);
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        dm_lines_free(&lines[side]);
        dm_text_counts_free(&p->counts[side]);
    }
    if (status) return status;
    const SegmenterFiles files = {
        .folder = p->draft.path, .kind = is_space(p) ? "space" : "sentencepiece", .separate = t->separate};
    return dm_segmenter_open(&p->segmenter, &files, error);
}

static Status take_segmenter(Preparing *p, const char *from, Error *error)
{
    ModelConfig config = {0};
    cJSON *extra = NULL;
    Status status = dm_config_read(&config, &extra, from, error);
    if (status) return status;
    if (config.architecture->labels(&config))
        status = dm_misuse(error, "%s is a model of labels, and they are learnt from text: train --train-sets", from);
    if (!status) status = dm_segmenter_of(&p->segmenter, &config, extra, from, error);
    if (!status) status = dm_segmenter_copy(from, p->draft.path, error);
    cJSON_Delete(extra);
    dm_config_free(&config);
    return status;
}

static Status make_segmenter(Preparing *p, Error *error)
{
    const char *from = option(p, "pretrained-model");
    PreparedText *t = &p->text;
    Status status = from ? take_segmenter(p, from, error) : learn_segmenter(p, error);
    if (status) return status;
    const Vocabulary *vocabulary[2];
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        vocabulary[side] = dm_segmenter_vocabulary(p->segmenter, (Side)side);
        t->vocabulary[side] = dm_vocabulary_size(vocabulary[side]);
    }
    t->separate = vocabulary[DM_SOURCE] != vocabulary[DM_TARGET];
    const bool spaces = !dm_segmenter_model(p->segmenter, DM_SOURCE), given = from || option(p, "sentencepiece");
    t->segmenter = dm_copy_string(spaces ? "space" : given ? "given" : option(p, "segmenter"));
    return dm_segmenter_hash(&t->segmenter_hash, p->draft.path, error);
}

// ---- Numbering ------------------------------------------------------------------------------------------------------

static Status number_block(Preparing *p, const Bitext *block, size_t before, Error *error)
{
    (void)before;
    Corpus corpus;
    const CorpusRules all = {.copies = dm_options_flag(p->options, "copies"), .threads = p->threads, .stop = &p->stop};
    Status status = dm_corpus_make(&corpus, block, &all, p->segmenter, error);
    if (status) return status;
    status = dm_prepared_add(&p->writer, &corpus, error);
    dm_corpus_free(&corpus);
    return status;
}

static Status number_text(Preparing *p, Error *error)
{
    char pairs[32];
    say(p, dm_format("Cutting and numbering %s %s", dm_with_commas((size_t)p->text.pairs, pairs),
                     p->text.alone ? "lines" : "pairs"));
    Status status = dm_prepared_begin(&p->writer, p->draft.path, dm_options_flag(p->options, "copies"), error);
    if (status) return status;
    status = read_text(p, number_block, error);
    if (!status) status = dm_prepared_finish(&p->writer, &p->text, p->draft.path, error);
    dm_prepared_discard(&p->writer);
    return status;
}

// ---- The command ----------------------------------------------------------------------------------------------------

static Status check_options(const Preparing *p, Error *error)
{
    const int given = dm_options_count(p->options, "sentencepiece");
    if (p->text.separate && p->text.alone)
        return dm_misuse(error, "--separate-vocabs is for two languages, and this is text alone: leave it out");
    if (p->text.separate && given == 1)
        return dm_misuse(error,
                         "--separate-vocabs needs two files of --sentencepiece, that of the source and that of the "
                         "target");
    if (!p->text.separate && given == 2)
        return dm_misuse(error,
                         "--sentencepiece has a second file, which counts with --separate-vocabs alone: leave it "
                         "out");
    if (p->text.alone && dm_options_flag(p->options, "copies"))
        return dm_misuse(error, "--copies is about pieces of a source, and text alone has none: leave it out");
    return DM_OK;
}

static void free_what_was_made(Preparing *p)
{
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        dm_free(p->copies[side]);
        dm_free(p->sample[side].text);
        dm_free(p->sample[side].start);
        dm_text_counts_free(&p->counts[side]);
    }
    dm_prepared_text_free(&p->text);
    dm_segmenter_close(p->segmenter);
}

static Status make(Preparing *p, Error *error)
{
    char pairs[32], pieces[32];
    Status status = copy_texts(p, error);
    if (!status) status = count_text(p, error);
    if (!status) status = make_segmenter(p, error);
    if (!status) status = number_text(p, error);
    if (!status) status = dm_prepared_draft_install(&p->draft, error);
    if (!status)
        say(p,
            dm_format("Wrote %s: %s %s, %s pieces", option(p, "output"), dm_with_commas((size_t)p->text.pairs, pairs),
                      p->text.alone ? "lines" : "pairs", dm_with_commas((size_t)p->text.pieces, pieces)));
    free_what_was_made(p);
    return status;
}

static Status prepare(const dm_options *options, const dm_observer *observer, Error *error)
{
    Preparing p = {.options = dm_options_create_copy(options), .observer = observer};
    dm_stop_begin(&p.stop, observer ? observer->stop : NULL, observer ? observer->context : NULL);
    Status status = dm_options_complete(p.options, error);
    if (!status) status = dm_options_count_all(p.options, error);
    if (!status) status = dm_inputs_check(p.options, (const char *const[]){"train-sets", "tsv", NULL}, error);
    if (!status) {
        const int threads = (int)dm_options_number(p.options, "cpu-threads");
        p.threads = threads ? threads : dm_processors();
        p.files = dm_bitext_files_of_options(p.options, "train-sets", "tsv");
        p.text.alone = p.files.alone;
        p.text.separate = dm_options_flag(p.options, "separate-vocabs");
        p.text.of_model = option(&p, "pretrained-model") != NULL;
        status = check_options(&p, error);
    }
    if (!status)
        status = dm_prepared_draft_make(&p.draft, option(&p, "output"), dm_options_flag(p.options, "overwrite"), error);
    if (!status) {
        // In a scope of its own: where memory runs out, the draft can still be removed.
        DM_SCOPE(status, error, make(&p, error));
        dm_prepared_draft_remove(&p.draft);
    }
    dm_options_free(p.options);
    return status;
}

dm_status dm_prepare(const dm_options *options, const dm_observer *observer, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, prepare(options, observer, error));
    return status;
}
