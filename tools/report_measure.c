// What a report asks the model itself: what its heads look at in the sample sentences, and BLEU of its greedy
// translation of the validation text, by length of the source. Where it cannot, a note says why.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "numbers.h"
#include "report.h"

// Larger pictures cannot be read; larger texts take longer than one waits for a page.
enum { MOST_PIECES = 64, MOST_BYTES = 1000, MOST_TRANSLATED = 2000, FEWEST_IN_BUCKET = 10 };

// ---- Attention ------------------------------------------------------------------------------------------------------

static bool is_new(const Run *run, const char *line)
{
    for (int i = 0; i < run->attended_count; i++)
        if (strcmp(run->attended_line[i], line) == 0) return false;
    return true;
}

// The sources of the samples, as far as they can be shown.
static void attend(Run *run, dm_model *model)
{
    const cJSON *event;
    dm_error error = {.message = "train.jsonl has no samples of a validation yet"};
    cJSON_ArrayForEach(event, run->events)
    {
        const char *line = json_string(event, "source");
        if (strcmp(report_event_kind(event), "sample") != 0 || !is_new(run, line)) continue;
        if (run->attended_count == MOST_SENTENCES) break;
        snprintf(error.message, sizeof error.message, "the sample sentences are too long for a picture");
        if (strlen(line) > MOST_BYTES) continue;
        dm_attended *seen = &run->attended[run->attended_count];
        if (dm_attend(model, line, NULL, seen, &error)) continue;
        if (seen->source_pieces <= MOST_PIECES && seen->target_pieces <= MOST_PIECES)
            run->attended_line[run->attended_count++] = line;
        else
            dm_attended_free(seen);
    }
    if (!run->attended_count) run->attention_note = format_text("No attention: %s.", error.message);
}

// ---- BLEU by length -------------------------------------------------------------------------------------------------

// Undoes `@@ `, as translating does.
static void join_pieces(const dm_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        char *out = lines->line[i];
        for (const char *in = out; *in;) {
            if (strncmp(in, "@@ ", 3) == 0 || strcmp(in, "@@") == 0)
                in += in[2] ? 3 : 2;
            else
                *out++ = *in++;
        }
        *out = '\0';
    }
}

static size_t words_in(const char *line)
{
    size_t words = 0;
    for (line += strspn(line, " \t"); *line; line += strspn(line, " \t")) {
        words++;
        line += strcspn(line, " \t");
    }
    return words;
}

static size_t characters_in(const char *line)
{
    size_t characters = 0;
    for (; *line; line++) characters += ((unsigned char)*line & 0xC0) != 0x80;
    return characters;
}

// Words, or where words are not written apart (as in Chinese) characters.
static const char *unit_of(const dm_lines *lines)
{
    size_t words = 0, characters = 0;
    for (size_t i = 0; i < lines->count; i++) {
        words += words_in(lines->line[i]);
        characters += characters_in(lines->line[i]);
    }
    return words * 8 < characters ? "characters" : "words";
}

static int bucket_of(size_t length)
{
    static const size_t most[MOST_BUCKETS - 1] = {5, 10, 15, 20, 30, 50};
    int bucket = 0;
    while (bucket < MOST_BUCKETS - 1 && length > most[bucket]) bucket++;
    return bucket;
}

typedef struct Lengths {
    size_t *length;           // [lines]
    int place[MOST_BUCKETS];  // which of the run's buckets a range of lengths belongs to
} Lengths;

// Counts what falls into each range; ranges with few sentences, whose BLEU says nothing, join their neighbour.
static Lengths fill_buckets(Run *run, const dm_lines *sources)
{
    Lengths lengths = {.length = allocate(sources->count, sizeof(size_t))};
    size_t counted[MOST_BUCKETS] = {0};
    for (size_t i = 0; i < sources->count; i++) {
        const char *line = sources->line[i];
        lengths.length[i] = run->unit[0] == 'w' ? words_in(line) : characters_in(line);
        counted[bucket_of(lengths.length[i])]++;
    }
    size_t later = sources->count;
    for (int b = 0; b < MOST_BUCKETS; b++) {
        lengths.place[b] = run->bucket_count;
        run->buckets[run->bucket_count].sentences += counted[b];
        later -= counted[b];
        if (run->buckets[run->bucket_count].sentences >= FEWEST_IN_BUCKET && later >= FEWEST_IN_BUCKET)
            run->bucket_count++;
    }
    run->bucket_count++;
    for (int b = 0; b < run->bucket_count; b++) run->buckets[b].least = SIZE_MAX;
    for (size_t i = 0; i < sources->count; i++) {
        Bucket *bucket = &run->buckets[lengths.place[bucket_of(lengths.length[i])]];
        if (lengths.length[i] < bucket->least) bucket->least = lengths.length[i];
        if (lengths.length[i] > bucket->most) bucket->most = lengths.length[i];
    }
    return lengths;
}

typedef struct Scored {
    const dm_lines *references;
    const dm_translation *translations;
    const dm_options *options;  // of "score"
} Scored;

static dm_status score_bucket(Run *run, const Lengths *lengths, int bucket, const Scored *scored, dm_error *error)
{
    const size_t count = scored->references->count;
    dm_lines hypotheses = {allocate(count, sizeof(char *)), 0};
    dm_lines references = {allocate(count, sizeof(char *)), 0};
    for (size_t i = 0; i < count; i++) {
        if (lengths->place[bucket_of(lengths->length[i])] != bucket) continue;
        hypotheses.line[hypotheses.count++] = scored->translations[i].hypotheses[0].text;
        references.line[references.count++] = scored->references->line[i];
    }
    dm_metric metric;
    dm_status status = dm_score(&hypotheses, &references, 1, scored->options, &metric, error);
    if (!status) {
        run->buckets[bucket].bleu = metric.score;
        dm_metrics_free(&metric, 1);
    }
    free(hypotheses.line);
    free(references.line);
    return status;
}

static dm_status translate_and_score(Run *run, dm_model *model, const dm_options *options, dm_lines *sources,
                                     dm_lines *references, dm_error *error)
{
    const bool pieces = strcmp(json_string(report_settings(run), "segmenter"), "space") == 0;
    dm_options *scoring = new_options("score");
    dm_translate_options translating;
    dm_translation *translations = allocate(sources->count, sizeof *translations);
    dm_status status = dm_translate_options_read(&translating, NULL, error);
    translating.beam_size = 1;
    translating.threads = (int)dm_options_number(options, "cpu-threads");
    const char *named = json_string(report_settings(run), "valid-tok"), *tok = *named ? named : pieces ? "none" : NULL;
    if (!status && tok) status = dm_options_set(scoring, "tok", 1, &tok, error);
    if (!status)
        status =
            dm_translate(model, (const char *const *)sources->line, sources->count, &translating, translations, error);
    if (!status) {
        if (pieces) join_pieces(sources);
        if (pieces) join_pieces(references);
        run->unit = unit_of(sources);
        Lengths lengths = fill_buckets(run, sources);
        for (int b = 0; b < run->bucket_count && !status; b++)
            status = score_bucket(run, &lengths, b, &(Scored){references, translations, scoring}, error);
        free(lengths.length);
        dm_translations_free(translations, sources->count);
    }
    free(translations);
    dm_options_free(scoring);
    return status;
}

// Only the first lines count where there are very many.
static void cut(dm_lines *lines)
{
    if (lines->count > MOST_TRANSLATED) lines->count = MOST_TRANSLATED;
}

// The validation text, as the options of the run name it: two files, or columns of one.
typedef struct Validation {
    const char *path[2];
    bool tsv;
    int columns[2];
} Validation;

static Validation validation_of(const Run *run)
{
    const cJSON *settings = report_settings(run);
    const cJSON *sets = cJSON_GetObjectItemCaseSensitive(settings, "valid-sets");
    const cJSON *columns = cJSON_GetObjectItemCaseSensitive(settings, "tsv-columns");
    const char *tsv = json_string(settings, "valid-tsv");
    Validation validation = {.tsv = *tsv};
    for (int i = 0; i < 2; i++) {
        const double column = cJSON_GetNumberValue(cJSON_GetArrayItem(columns, i));
        validation.path[i] = *tsv ? tsv : cJSON_GetStringValue(cJSON_GetArrayItem(sets, i));
        validation.columns[i] = column >= 1 && column <= 1e6 ? (int)column : i + 1;
    }
    return validation;
}

// Why the text cannot be read; NULL: it can be tried.
static char *why_not(const Validation *v)
{
    if (!v->path[0] || !v->path[1]) return format_text("No BLEU by length: the run has no validation text.");
    if (strcmp(v->path[0], "-") == 0 || strcmp(v->path[1], "-") == 0)
        return format_text("No BLEU by length: the validation text came from standard input.");
    if (access(v->path[0], R_OK) == 0 && access(v->path[1], R_OK) == 0) return NULL;
    return format_text("No BLEU by length: the validation text, %s%s%s, is not there any more "
                       "(relative names count from the folder that the report is started in).",
                       v->path[0], v->tsv ? "" : " and ", v->tsv ? "" : v->path[1]);
}

// Labels, which are right or wrong, and have no BLEU.
static bool writes_labels(const Run *run)
{
    char *text = NULL;
    dm_error error;
    if (dm_model_describe(run->folder, 0, &text, &error)) return false;
    cJSON *described = cJSON_Parse(text);
    free(text);
    const bool labels = *json_string(json_find(described, "vocabulary"), "labels");
    cJSON_Delete(described);
    return labels;
}

static void measure_lengths(Run *run, dm_model *model, const dm_options *options)
{
    const Validation v = validation_of(run);
    run->length_note = writes_labels(run) ? format_text("No BLEU by length: the model writes labels.") : why_not(&v);
    if (run->length_note) return;
    dm_lines lines[2] = {{0}, {0}};
    dm_error error = {.message = ""};
    dm_status status =
        v.tsv ? dm_lines_read_tsv(lines, v.path[0], v.columns, &error) : dm_lines_read(&lines[0], v.path[0], &error);
    if (!status && !v.tsv) status = dm_lines_read(&lines[1], v.path[1], &error);
    if (!status && (lines[0].count != lines[1].count || !lines[0].count)) {
        run->length_note =
            format_text("No BLEU by length: the validation text has changed: %s has %zu line%s, %s %zu.", v.path[0],
                        lines[0].count, plural((double)lines[0].count), v.path[1], lines[1].count);
    } else {
        cut(&lines[0]);
        cut(&lines[1]);
        if (!status) status = translate_and_score(run, model, options, &lines[0], &lines[1], &error);
        if (status) run->length_note = format_text("No BLEU by length: %s.", error.message);
    }
    if (status) run->bucket_count = 0;
    dm_lines_free(&lines[0]);
    dm_lines_free(&lines[1]);
}

void report_measure(Run *run, const dm_options *options)
{
    char *weights = format_text("%s/model.safetensors", run->folder);
    dm_error error = {.message = ""};
    dm_model *model = NULL;
    if (access(weights, F_OK) != 0)
        snprintf(error.message, sizeof error.message,
                 "the folder holds no model yet; model.safetensors comes with the first checkpoint");
    else
        (void)dm_model_open(&model, run->folder, NULL, &error);
    free(weights);
    if (model && !dm_generate(model, NULL, 0, NULL, NULL, &error)) {
        run->attention_note = format_text("No attention to a source: the model has learnt from text alone.");
        run->length_note =
            format_text("No BLEU by length: the model has learnt from text alone, and translates nothing.");
        dm_model_close(model);
        return;
    }
    if (model) {
        attend(run, model);
        measure_lengths(run, model, options);
        dm_model_close(model);
        return;
    }
    run->attention_note = format_text("No attention: %s.", error.message);
    run->length_note = format_text("No BLEU by length: %s.", error.message);
}
