// Translations on paper. The formats are Marian's: text ||| alignment ||| WordScores= ..., and for n-best lists
// line ||| text ||| ... ||| F0= log-probability ||| score.
#include "print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

Format format_of(const dm_options *options)
{
    const char *alignment = dm_options_has(options, "alignment") ? dm_options_text(options, "alignment", 0) : NULL;
    return (Format){.n_best = dm_options_given(options, "n-best"),
                    .word_scores = dm_options_flag(options, "word-scores"),
                    .json = dm_options_flag(options, "json"),
                    .hard = alignment && strcmp(alignment, "hard") == 0,
                    .soft = alignment && strcmp(alignment, "soft") == 0};
}

// ---- Alignment ------------------------------------------------------------------------------------------------------

static const float *looks_of(const dm_translation *t, const dm_hypothesis *h, int word)
{
    return h->alignment + word * (t->source_words + 1);
}

int aligned_word(const dm_translation *t, const dm_hypothesis *h, int word)
{
    const float *looks = looks_of(t, h, word);
    int best = t->source_words ? 0 : -1;
    for (int source = 1; source < t->source_words; source++)
        if (looks[source] > looks[best]) best = source;
    return best;
}

void print_hard_alignment(FILE *stream, const dm_translation *t, const dm_hypothesis *h)
{
    const char *between = "";
    for (int source = 0; source < t->source_words; source++)
        for (int word = 0; word < h->words; word++) {
            if (aligned_word(t, h, word) != source) continue;
            fprintf(stream, "%s%d-%d", between, source, word);
            between = " ";
        }
}

static void print_soft_alignment(FILE *stream, const dm_translation *t, const dm_hypothesis *h)
{
    for (int word = 0; word < h->words; word++)
        for (int source = 0; source <= t->source_words; source++)
            fprintf(stream, "%s%.6g", source ? "," : word ? " " : "", (double)looks_of(t, h, word)[source]);
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

static void print_hypothesis(FILE *stream, const Format *format, const dm_translation *t, const dm_hypothesis *h)
{
    fputs(h->text, stream);
    if (format->hard || format->soft) fputs(" ||| ", stream);
    if (format->hard) print_hard_alignment(stream, t, h);
    if (format->soft) print_soft_alignment(stream, t, h);
    if (!format->word_scores) return;
    fputs(" ||| WordScores=", stream);
    for (int i = 0; i < h->pieces; i++) fprintf(stream, " %.6g", h->piece_scores[i]);
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

// Of an empty line there are no pieces and no words: [], which cJSON does not make of no array.
static cJSON *strings(const char *const *texts, int count)
{
    return count ? cJSON_CreateStringArray(texts, count) : cJSON_CreateArray();
}

static cJSON *numbers(const double *values, int count)
{
    return count ? cJSON_CreateDoubleArray(values, count) : cJSON_CreateArray();
}

static cJSON *links(const dm_translation *t, const dm_hypothesis *h)
{
    cJSON *all = cJSON_CreateArray();
    for (int word = 0; word < h->words; word++) {
        const int source = aligned_word(t, h, word);
        if (source >= 0) cJSON_AddItemToArray(all, cJSON_CreateIntArray((int[]){source, word}, 2));
    }
    return all;
}

static cJSON *soft_rows(const dm_translation *t, const dm_hypothesis *h)
{
    cJSON *rows = cJSON_CreateArray();
    for (int word = 0; word < h->words; word++)
        cJSON_AddItemToArray(rows, cJSON_CreateFloatArray(looks_of(t, h, word), t->source_words + 1));
    return rows;
}

static cJSON *hypothesis_json(const Format *format, const dm_translation *t, const dm_hypothesis *h)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "text", h->text);
    cJSON_AddNumberToObject(object, "score", h->score);
    cJSON_AddNumberToObject(object, "log_probability", h->log_probability);
    cJSON_AddItemToObject(object, "pieces", strings((const char *const *)h->piece, h->pieces));
    cJSON_AddItemToObject(object, "piece_scores", numbers(h->piece_scores, h->pieces));
    if (h->passes) {
        cJSON_AddNumberToObject(object, "passes", h->passes);
        cJSON_AddNumberToObject(object, "drafted", h->drafted);
        cJSON_AddItemToObject(object, "accepted", cJSON_CreateIntArray(h->accepted, h->passes));
    }
    if (!format->hard && !format->soft) return object;
    cJSON_AddItemToObject(object, "source_words", strings((const char *const *)t->source_word, t->source_words));
    cJSON_AddItemToObject(object, "words", strings((const char *const *)h->word, h->words));
    cJSON_AddItemToObject(object, "alignment", format->hard ? links(t, h) : soft_rows(t, h));
    return object;
}

// To four decimals: nobody sees more. As text, which takes a tenth of the memory that nodes would. The brackets follow
// from where a weight stands.
static void add_maps(cJSON *object, const char *key, const dm_attention_maps *maps)
{
    const size_t row = (size_t)maps->columns, head = row * (size_t)maps->rows, layer = head * (size_t)maps->heads,
                 all = layer * (size_t)maps->layers;
    char *text;
    size_t size;
    FILE *stream = text_stream(&text, &size);
    fputc('[', stream);
    for (size_t i = 0; i < all; i++) {
        fprintf(stream, "%s%s%s%s%.4g", i ? "," : "", i % layer ? "" : "[", i % head ? "" : "[", i % row ? "" : "[",
                round(1e4 * (double)maps->weights[i]) / 1e4);
        fprintf(stream, "%s%s%s", (i + 1) % row ? "" : "]", (i + 1) % head ? "" : "]", (i + 1) % layer ? "" : "]");
    }
    fputc(']', stream);
    fclose(stream);
    cJSON_AddRawToObject(object, key, text);
    free(text);
}

cJSON *attention_json(const dm_attended *seen)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "text", seen->text);
    cJSON_AddItemToObject(object, "source", strings((const char *const *)seen->source, seen->source_pieces));
    cJSON_AddItemToObject(object, "target", strings((const char *const *)seen->target, seen->target_pieces));
    add_maps(object, "encoder", &seen->encoder);
    add_maps(object, "decoder", &seen->decoder);
    add_maps(object, "cross", &seen->cross);
    return object;
}

bool print_translation_json(FILE *stream, const Format *format, const dm_translation *t)
{
    cJSON *object = hypothesis_json(format, t, &t->hypotheses[0]);
    if (format->n_best) {
        cJSON *list = cJSON_AddArrayToObject(object, "n_best");
        for (int i = 0; i < t->count; i++) cJSON_AddItemToArray(list, hypothesis_json(format, t, &t->hypotheses[i]));
    }
    char *text = cJSON_PrintUnformatted(object);
    if (text) fputs(text, stream);
    cJSON_free(text);
    cJSON_Delete(object);
    return text != NULL;
}

bool print_translation(FILE *stream, const Format *format, size_t number, const dm_translation *t)
{
    if (format->json) {
        const bool made = print_translation_json(stream, format, t);
        putc('\n', stream);
        return made;
    }
    for (int i = 0; i < t->count && (i == 0 || format->n_best); i++) {
        const dm_hypothesis *h = &t->hypotheses[i];
        if (format->n_best) fprintf(stream, "%zu ||| ", number);
        print_hypothesis(stream, format, t, h);
        if (format->n_best) fprintf(stream, " ||| F0= %.6g ||| %.6g", h->log_probability, h->score);
        putc('\n', stream);
    }
    return true;
}

// ---- Streaming ------------------------------------------------------------------------------------------------------

void stream_text(Stream *stream, const char *text)
{
    const size_t length = stream->shown ? strlen(stream->shown) : 0;
    char *copy = strdup(text);
    if (!copy) return;  // the next time, then
    const bool further = length == 0 || strncmp(stream->shown, text, length) == 0;
    fprintf(stream->file, "%s%s", further ? "" : "\n", text + (further ? length : 0));
    fflush(stream->file);
    free(stream->shown);
    stream->shown = copy;
}

void stream_part(void *stream, size_t line, const char *text)
{
    (void)line;
    stream_text(stream, text);
}
