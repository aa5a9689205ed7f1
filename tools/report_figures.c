// What is known of the runs as one JSON object, {version, runs}, of which page/report.js draws the page. What it shows
// of a run comes from the log (training, speed, curves, samples), from the model (lengths, attention) and from
// config.json.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "report.h"

// ---- Curves ---------------------------------------------------------------------------------------------------------

enum { MOST_POINTS = 500, MOST_COLUMNS = 100 };  // of a curve in the page, and of a map, about

typedef struct Point {
    double update, seconds, value;
} Point;

typedef struct Curve {
    Point *points;  // the caller frees them
    int count;
} Curve;

static Curve curve_of(const Run *run, const char *kind, const char *figure)
{
    Curve curve = {allocate((size_t)cJSON_GetArraySize(run->events), sizeof(Point)), 0};
    const cJSON *event;
    cJSON_ArrayForEach(event, run->events)
    {
        if (strcmp(report_event_kind(event), kind) != 0) continue;
        const Point p = {json_number(event, "update"), json_number(event, "seconds"), json_number(event, figure)};
        if (isfinite(p.update) && isfinite(p.seconds) && isfinite(p.value)) curve.points[curve.count++] = p;
    }
    return curve;
}

static void add_point(cJSON *points, const Point *p)
{
    cJSON_AddItemToArray(points, cJSON_CreateDoubleArray((double[]){p->update, p->seconds, p->value}, 3));
}

// [[update, seconds, value], ...]. A long curve keeps the lowest and the highest point of each stretch, so that no peak
// is lost.
static cJSON *points_of(const Curve *curve)
{
    const int stretch = curve->count > MOST_POINTS ? 2 * curve->count / MOST_POINTS + 1 : 1;
    cJSON *points = cJSON_CreateArray();
    for (int from = 0; from < curve->count; from += stretch) {
        int low = from, high = from;
        for (int i = from; i < from + stretch && i < curve->count; i++) {
            if (curve->points[i].value < curve->points[low].value) low = i;
            if (curve->points[i].value > curve->points[high].value) high = i;
        }
        add_point(points, &curve->points[low < high ? low : high]);
        if (low != high) add_point(points, &curve->points[low < high ? high : low]);
    }
    return points;
}

static void add_curve(cJSON *curves, const Run *run, const char *kind, const char *figure)
{
    Curve curve = curve_of(run, kind, figure);
    cJSON_AddItemToObject(curves, figure, points_of(&curve));
    free(curve.points);
}

// {train: {cost: points, ...}, valid: {...}}, under the names of train.jsonl.
static cJSON *curves_of(const Run *run, const cJSON *metrics)
{
    static const char *const figures[] = {
        "cost", "ppl", "learn_rate", "gradient_norm", "target_tokens_per_second", "busiest_expert", "router_entropy"};
    cJSON *curves = cJSON_CreateObject();
    cJSON *train = cJSON_AddObjectToObject(curves, "train"), *valid = cJSON_AddObjectToObject(curves, "valid");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) add_curve(train, run, "train", figures[i]);
    const cJSON *metric;
    cJSON_ArrayForEach(metric, metrics) add_curve(valid, run, "valid", metric->string);
    return curves;
}

static int by_value(const void *a, const void *b)
{
    const Point *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

// The median of target pieces a second; NAN: there is none yet.
static double speed_of(const Run *run)
{
    Curve curve = curve_of(run, "train", "target_tokens_per_second");
    if (curve.count) qsort(curve.points, (size_t)curve.count, sizeof *curve.points, by_value);
    const double median = curve.count ? curve.points[curve.count / 2].value : (double)NAN;
    free(curve.points);
    return median;
}

// Cost and perplexity say the same, perplexity = exp(cost): a validation that has one of them gets the other.
static void complete_validations(Run *run)
{
    cJSON *event;
    cJSON_ArrayForEach(event, run->events)
    {
        const double cost = json_number(event, "ce-mean-words"), perplexity = json_number(event, "perplexity");
        if (strcmp(report_event_kind(event), "valid") != 0 || isnan(cost) == isnan(perplexity)) continue;
        const char *missing = isnan(cost) ? "ce-mean-words" : "perplexity";
        cJSON_DeleteItemFromObjectCaseSensitive(event, missing);  // null: it was no number then
        cJSON_AddNumberToObject(event, missing, isnan(cost) ? log(perplexity) : exp(cost));
    }
}

// ---- Layers ---------------------------------------------------------------------------------------------------------

static bool has_norms(const cJSON *event)
{
    return cJSON_IsObject(json_find(event, "gradient_norms")) && isfinite(json_number(event, "update")) &&
           isfinite(json_number(event, "seconds"));
}

static double highest_norm(const cJSON *const *events, int count, const char *layer)
{
    double highest = (double)NAN;
    for (int i = 0; i < count; i++) highest = fmax(highest, json_number(json_find(events[i], "gradient_norms"), layer));
    return highest;
}

// {columns: [[update, seconds], ...], rows: [{layer, norms: [of each column]}, ...]}: the norm of the gradient of every
// layer. A column ends a stretch of displayed updates and has the highest norms of it, so that no peak is lost. Runs of
// earlier versions have none.
static cJSON *layers_of(const Run *run)
{
    cJSON *layers = cJSON_CreateObject(), *columns = cJSON_AddArrayToObject(layers, "columns"),
          *rows = cJSON_AddArrayToObject(layers, "rows");
    const cJSON **events = allocate((size_t)cJSON_GetArraySize(run->events) + 1, sizeof *events), *event, *layer;
    int count = 0;
    cJSON_ArrayForEach(event, run->events) if (has_norms(event)) events[count++] = event;
    const int stretch = (count + MOST_COLUMNS - 1) / MOST_COLUMNS;
    for (int from = 0; from < count; from += stretch) {
        const cJSON *last = events[(from + stretch < count ? from + stretch : count) - 1];
        const double place[] = {json_number(last, "update"), json_number(last, "seconds")};
        cJSON_AddItemToArray(columns, cJSON_CreateDoubleArray(place, 2));
    }
    const cJSON *first = count ? json_find(events[0], "gradient_norms") : NULL;
    cJSON_ArrayForEach(layer, first)
    {
        cJSON *row = cJSON_CreateObject(), *norms;
        cJSON_AddItemToArray(rows, row);
        cJSON_AddStringToObject(row, "layer", layer->string);
        norms = cJSON_AddArrayToObject(row, "norms");
        for (int from = 0; from < count; from += stretch) {
            const int here = from + stretch < count ? stretch : count - from;
            cJSON_AddItemToArray(norms, cJSON_CreateNumber(highest_norm(events + from, here, layer->string)));
        }
    }
    free(events);
    return layers;
}

// ---- Samples --------------------------------------------------------------------------------------------------------

static cJSON *sentence_of(cJSON *sentences, const cJSON *sample)
{
    const char *source = json_string(sample, "source");
    cJSON *sentence;
    cJSON_ArrayForEach(sentence, sentences)
    {
        if (strcmp(json_string(sentence, "source"), source) == 0) return sentence;
    }
    sentence = cJSON_CreateObject();
    cJSON_AddStringToObject(sentence, "source", source);
    cJSON_AddStringToObject(sentence, "reference", json_string(sample, "reference"));
    cJSON_AddArrayToObject(sentence, "translations");
    cJSON_AddItemToArray(sentences, sentence);
    return sentence;
}

// [{source, reference, translations: [[update, text], ...]}, ...]
static cJSON *samples_of(const Run *run)
{
    cJSON *sentences = cJSON_CreateArray();
    const cJSON *event;
    cJSON_ArrayForEach(event, run->events)
    {
        if (strcmp(report_event_kind(event), "sample") != 0) continue;
        cJSON *translation = cJSON_CreateArray();
        cJSON_AddItemToArray(translation, cJSON_CreateNumber(json_number(event, "update")));
        cJSON_AddItemToArray(translation, cJSON_CreateString(json_string(event, "hypothesis")));
        cJSON_AddItemToArray(cJSON_GetObjectItem(sentence_of(sentences, event), "translations"), translation);
    }
    return sentences;
}

// ---- What the model says --------------------------------------------------------------------------------------------

// {unit, buckets: [{least, most, sentences, bleu}, ...]}, or {note}
static cJSON *lengths_of(const Run *run)
{
    cJSON *lengths = cJSON_CreateObject();
    if (run->length_note) {
        cJSON_AddStringToObject(lengths, "note", run->length_note);
        return lengths;
    }
    cJSON_AddStringToObject(lengths, "unit", run->unit);
    cJSON *buckets = cJSON_AddArrayToObject(lengths, "buckets");
    for (const Bucket *b = run->buckets; b < run->buckets + run->bucket_count; b++) {
        cJSON *bucket = cJSON_CreateObject();
        cJSON_AddNumberToObject(bucket, "least", (double)b->least);
        cJSON_AddNumberToObject(bucket, "most", (double)b->most);
        cJSON_AddNumberToObject(bucket, "sentences", (double)b->sentences);
        cJSON_AddNumberToObject(bucket, "bleu", b->bleu);
        cJSON_AddItemToArray(buckets, bucket);
    }
    return lengths;
}

static void add_attended(cJSON *sentences, const char *line, const dm_attended *seen)
{
    cJSON *sentence = cJSON_CreateObject();
    cJSON_AddStringToObject(sentence, "line", line);
    cJSON_AddItemToObject(sentence, "seen", attention_json(seen));
    cJSON_AddItemToArray(sentences, sentence);
}

// {sentences: [{line, seen}, ...]}, or with a note instead
static cJSON *attention_of(const Run *run)
{
    cJSON *attention = cJSON_CreateObject(), *sentences = cJSON_AddArrayToObject(attention, "sentences");
    if (run->attention_note) cJSON_AddStringToObject(attention, "note", run->attention_note);
    for (int i = 0; i < run->attended_count; i++) add_attended(sentences, run->attended_line[i], &run->attended[i]);
    return attention;
}

// The experts of every layer that has some, in the last update that the log tells of: [{layer, load, entropy}, ...]
static void add_experts(cJSON *figures, const Run *run)
{
    const cJSON *event, *routers = NULL;
    cJSON_ArrayForEach(event, run->events)
    {
        if (cJSON_IsArray(json_find(event, "routers"))) routers = json_find(event, "routers");
    }
    if (routers) cJSON_AddItemToObject(figures, "experts", cJSON_Duplicate(routers, true));
}

// ---- The whole ------------------------------------------------------------------------------------------------------

static cJSON *new_figures(cJSON **runs)
{
    cJSON *figures = cJSON_CreateObject();
    cJSON_AddStringToObject(figures, "version", dm_version());
    *runs = cJSON_AddArrayToObject(figures, "runs");
    return figures;
}

static cJSON *figures_of(Run *run)
{
    complete_validations(run);
    cJSON *figures = cJSON_CreateObject(), *metrics = report_metrics(run);
    cJSON_AddStringToObject(figures, "name", run->name);
    cJSON_AddStringToObject(figures, "folder", run->folder);
    cJSON_AddItemToObject(figures, "training", report_summary(run));
    cJSON_AddNumberToObject(figures, "speed", speed_of(run));
    cJSON_AddItemToObject(figures, "curves", curves_of(run, metrics));
    cJSON_AddItemToObject(figures, "layers", layers_of(run));
    cJSON_AddItemToObject(figures, "metrics", metrics);
    add_experts(figures, run);
    cJSON_AddItemToObject(figures, "samples", samples_of(run));
    cJSON_AddItemToObject(figures, "lengths", lengths_of(run));
    cJSON_AddItemToObject(figures, "attention", attention_of(run));
    cJSON_AddItemToObject(figures, "config", run->config ? cJSON_Duplicate(run->config, true) : cJSON_CreateNull());
    return figures;
}

cJSON *report_figures(Run *runs, int count)
{
    cJSON *list, *figures = new_figures(&list);
    for (int i = 0; i < count; i++) cJSON_AddItemToArray(list, figures_of(&runs[i]));
    return figures;
}

cJSON *report_attention_figures(const char *name, const char *line, const dm_attended *seen)
{
    cJSON *list, *figures = new_figures(&list), *run = cJSON_CreateObject();
    cJSON_AddStringToObject(run, "name", name);
    add_attended(cJSON_AddArrayToObject(cJSON_AddObjectToObject(run, "attention"), "sentences"), line, seen);
    cJSON_AddItemToArray(list, run);
    return figures;
}
