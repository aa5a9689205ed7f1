// The text that dragoman info prints: a tree of the architecture, and tables. It reads the JSON alone, so that what
// people see and what programs get is the same.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "info.h"
#include "json_values.h"
#include "numbers.h"

// 1234567 -> "1.23 M"
static Text scaled(double number)
{
    static const char *const units[] = {"", " k", " M", " G", " T"};
    Text out;
    size_t unit = 0;
    for (; number >= 999.5 && unit + 1 < sizeof units / sizeof units[0]; unit++) number /= 1000;
    snprintf(out.text, sizeof out.text, "%.3g%s", number, units[unit]);
    return out;
}

static Text duration(double seconds)
{
    Text out;
    const long s = isfinite(seconds) ? lround(seconds) : 0;
    if (s >= 3600)
        snprintf(out.text, sizeof out.text, "%ld h %02ld min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(out.text, sizeof out.text, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(out.text, sizeof out.text, "%.1f s", isfinite(seconds) ? seconds : 0);
    return out;
}

// "source, target and output"
static void print_list(const cJSON *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        const char *before = item == list->child ? "" : item->next ? ", " : " and ";
        printf("%s%s", before, cJSON_IsString(item) ? item->valuestring : "");
    }
}

// ---- The architecture -----------------------------------------------------------------------------------------------

// before: what stands in front of every line
static void draw_outlines(const cJSON *outlines, const char *before)
{
    const cJSON *outline;
    cJSON_ArrayForEach(outline, outlines)
    {
        char deeper[64];
        printf("%s%s %s\n", before, outline->next ? "├─" : "└─", json_string(outline, "text"));
        snprintf(deeper, sizeof deeper, "%s%s  ", before, outline->next ? "│" : " ");
        draw_outlines(json_find(outline, "parts"), deeper);
    }
}

static bool learns_text_alone(const cJSON *json)
{
    return strcmp(json_string(json_find(json, "architecture"), "examples"), "text") == 0;
}

// Its decoder sees whole targets, or as many places.
static bool writes_by_passes(const cJSON *json)
{
    return strcmp(json_string(json_find(json, "architecture"), "decoder_mask"), "none") == 0;
}

static void draw_architecture(const cJSON *json)
{
    const cJSON *architecture = json_find(json, "architecture"),
                *total = json_find(json_find(json, "parameters"), "total");
    printf("%s: %s%s, %s parameters\n", json_string(json, "folder"), json_string(architecture, "name"),
           learns_text_alone(json) ? ", of text alone" : "", grouped_of(total, "count").text);
    draw_outlines(json_find(architecture, "outline"), "");
}

// ---- Parameters, vocabulary, operations -----------------------------------------------------------------------------

static void draw_part(const cJSON *parameters, const char *name)
{
    const cJSON *part = json_find(parameters, name), *table;
    if (!part) return;
    printf("  %-12s%14s%16s", name, grouped_of(part, "count").text, grouped_of(part, "bytes").text);
    cJSON_ArrayForEach(table, json_find(part, "tables"))
    {
        if (cJSON_GetArraySize(json_find(table, "used_by")) < 2) continue;
        printf("  counted once: one table for ");
        print_list(json_find(table, "used_by"));
    }
    if (json_number(part, "active") < json_number(part, "count"))
        printf("  %s of them active for a token", grouped_of(part, "active").text);
    if (json_find(part, "trained")) printf("  %s of them trained", grouped_of(part, "trained").text);
    putchar('\n');
}

static void draw_parameters(const cJSON *json)
{
    static const char *const parts[] = {"embeddings", "encoder", "decoder", "ahead", "output", "total"};
    const char *precision = json_string(json_find(json, "parameters"), "precision");
    printf("\n%-14s%14s%16s\n", "parameters", "count", "bytes");
    if (*precision && strcmp(precision, "fp32") != 0) printf("  matrices are stored as %s\n", precision);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) draw_part(json_find(json, "parameters"), parts[i]);
}

static void draw_vocabulary(const cJSON *json)
{
    const cJSON *vocabulary = json_find(json, "vocabulary"), *languages = json_find(json, "languages");
    const char *segmenter = json_string(vocabulary, "segmenter");
    const char *source = json_string(languages, "source"), *target = json_string(languages, "target");
    const char *labels = json_string(vocabulary, "labels");
    printf("\nvocabulary\n  %s source pieces, %s %s%s\n", grouped_of(vocabulary, "source").text,
           grouped_of(vocabulary, "target").text, *labels ? "labels of " : "target pieces", labels);
    if (strcmp(segmenter, "space") == 0)
        printf("  no segmenter: the text is in pieces already, which spaces separate\n");
    else if (strcmp(segmenter, "sentencepiece") == 0)
        printf("  segmenter: SentencePiece\n");
    else
        printf("  segmenter: SentencePiece (%s)\n", segmenter);
    if (*source || *target) printf("  from %s to %s\n", *source ? source : "?", *target ? target : "?");
}

static void draw_operations(const cJSON *json)
{
    static const struct {
        const char *name, *of_pairs, *of_labels, *of_text, *of_whole;  // NULL: they have none, or the first
    } rows[] = {
        {"encode", "a source piece", "a piece", NULL, NULL},
        {"decode", "a target piece, greedy, keys and values kept", "a label", "a piece, greedy, keys and values kept",
         "a target piece, in a pass over all of them"},
        {"train", "a target piece, with as many source pieces", "a label, with as many pieces", "a piece", NULL}};
    const cJSON *operations = json_find(json, "operations");
    const bool labels = *json_string(json_find(json, "vocabulary"), "labels"), alone = learns_text_alone(json);
    printf("\n%-10s%12s%12s%12s  floating-point operations\n", "operations", "weights", "attention", "total");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *meaning = labels ? rows[i].of_labels : alone ? rows[i].of_text : rows[i].of_pairs;
        if (writes_by_passes(json) && rows[i].of_whole) meaning = rows[i].of_whole;
        const cJSON *row = json_find(operations, rows[i].name);
        if (!meaning) continue;
        printf("  %-8s%12s%12s%12s  %s\n", rows[i].name, scaled(json_number(row, "weights")).text,
               scaled(json_number(row, "attention")).text, scaled(json_number(row, "total")).text, meaning);
    }
    printf("  of matrix products alone, a multiplication and an addition counted as two; %s of %.0f pieces\n",
           alone ? "texts" : "sentences", json_number(operations, "length"));
}

static double sum_of(const cJSON *parts, const char *figure)
{
    double sum = 0;
    const cJSON *part;
    cJSON_ArrayForEach(part, parts) sum += json_number(part, figure);
    return sum;
}

static void draw_parts(const cJSON *json)
{
    static const char *const figures[] = {"parameters", "encode", "decode", "train"};
    const cJSON *parts = json_find(json, "parts"), *part;
    printf("\n%-28s%12s%10s%10s%10s  %% of all\n", "by part", figures[0], figures[1], figures[2], figures[3]);
    cJSON_ArrayForEach(part, parts)
    {
        printf("  %-26s", json_string(part, "name"));
        for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
            const double sum = sum_of(parts, figures[i]);
            printf("%*.1f", i ? 10 : 12, sum > 0 ? 100 * json_number(part, figures[i]) / sum : 0);
        }
        putchar('\n');
    }
}

// ---- Training and files ---------------------------------------------------------------------------------------------

static void draw_training(const cJSON *json)
{
    const cJSON *training = json_find(json, "training"), *best;
    printf("\ntraining\n");
    if (!cJSON_IsObject(training)) {
        printf("  unknown: the folder has no train.jsonl, so this model was made elsewhere\n");
        return;
    }
    printf("  %s update%s, in epoch %s, %s", grouped_of(training, "updates").text,
           plural(json_number(training, "updates")), grouped_of(training, "epoch").text,
           duration(json_number(training, "seconds")).text);
    if (cJSON_IsArray(json_find(training, "train-sets"))) {
        printf(", on ");
        print_list(json_find(training, "train-sets"));
    } else if (cJSON_IsString(json_find(training, "prepared"))) {
        printf(", on %s", json_string(training, "prepared"));
    }
    printf("\n");
    if (cJSON_IsString(json_find(training, "ranks"))) printf("  ranks: %s\n", json_string(training, "ranks"));
    cJSON_ArrayForEach(best, json_find(training, "best")) printf(
        "  best %s %.5g, at update %s\n", best->string, json_number(best, "value"), grouped_of(best, "update").text);
    if (cJSON_IsString(json_find(training, "ended")))
        printf("  ended: %s\n  kept: %s\n", json_string(training, "ended"), json_string(training, "kept"));
    else
        printf("  not at its end: it is being trained, or was stopped\n");
}

static void draw_files(const cJSON *json)
{
    const cJSON *file, *missing = json_find(json, "missing");
    double total = 0;
    printf("\n%-28s%14s\n", "files", "bytes");
    cJSON_ArrayForEach(file, json_find(json, "files"))
    {
        printf("  %-26s%14s\n", json_string(file, "name"), grouped_of(file, "bytes").text);
        total += json_number(file, "bytes");
    }
    printf("  %-26s%14s\n", "total", grouped(total, 0).text);
    if (!cJSON_GetArraySize(missing)) return;
    printf("  missing, so that no text can be translated: ");
    print_list(missing);
    putchar('\n');
}

void info_draw_prepared(const cJSON *json)
{
    const bool alone = strcmp(json_string(json, "examples"), "text") == 0,
               separate = cJSON_IsTrue(json_find(json, "separate_vocabs"));
    const cJSON *vocabulary = json_find(json, "vocabulary"), *languages = json_find(json, "languages");
    const char *segmenter = json_string(json, "segmenter");
    const double source = cJSON_GetNumberValue(cJSON_GetArrayItem(vocabulary, 0)),
                 target = cJSON_GetNumberValue(cJSON_GetArrayItem(vocabulary, 1));
    printf("%s: a prepared text, %s\n", json_string(json, "folder"), json_string(json, "name"));
    printf("  %-14s%s\n", alone ? "lines" : "pairs", grouped_of(json, "pairs").text);
    printf("  %-14s%s, ends of sentences counted\n", "pieces", grouped_of(json, "pieces").text);
    printf("  %-14s%s, ", "segmenter", strcmp(segmenter, "given") ? segmenter : "a SentencePiece model that was given");
    if (separate)
        printf("%s pieces of the source and %s of the target\n", grouped(source, 0).text, grouped(target, 0).text);
    else
        printf("%s pieces\n", grouped(target, 0).text);
    printf("  %-14s", "languages");
    print_list(languages);
    printf("\n  %-14s%s\n  %-14s%s (of all that is in it, and found right)\n", "copies",
           cJSON_IsTrue(json_find(json, "copies")) ? "yes" : "no", "hash", json_string(json, "hash"));
    draw_files(json);
}

void info_draw(const cJSON *json)
{
    draw_architecture(json);
    draw_parameters(json);
    draw_vocabulary(json);
    draw_operations(json);
    draw_parts(json);
    draw_training(json);
    draw_files(json);
}
