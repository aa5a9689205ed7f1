// The page: an overview, curves, samples, BLEU by length, attention, settings. All text that comes from elsewhere goes
// through report_text.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

void report_text(FILE *page, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': fputs("&amp;", page); break;
        case '<': fputs("&lt;", page); break;
        case '>': fputs("&gt;", page); break;
        case '"': fputs("&quot;", page); break;
        case '\'': fputs("&#39;", page); break;
        default: fputc(*text, page);
        }
    }
}

// <TAG>text</TAG>; the tag is ours.
static void put_element(FILE *page, const char *tag, const char *text)
{
    fprintf(page, "<%s>", tag);
    report_text(page, text);
    fprintf(page, "</%.*s>", (int)strcspn(tag, " "), tag);
}

// Where there are several runs: whose part begins here.
static void put_run_title(FILE *page, const Run *run, int index, int runs)
{
    if (runs == 1) return;
    fprintf(page, "<h3 class=\"c%d\"><i class=\"chip\"></i>", index % RUN_COLOURS);
    report_text(page, run->name);
    fprintf(page, "</h3>\n");
}

static void begin_section(FILE *page, const char *id, const char *title)
{
    fprintf(page, "<section id=\"%s\"><h2>%s</h2>\n", id, title);
}

// ---- Curves ---------------------------------------------------------------------------------------------------------

static const struct {
    const char *title, *note;
    bool logarithmic;
} figures[FIGURES] = {
    [COST] = {"Cost", "nats a piece", false},
    [PERPLEXITY] = {"Perplexity", "e to the cost", true},
    [BLEU] = {"BLEU", "validation text, greedy", false},
    [CHRF] = {"chrF", "validation text, greedy", false},
    [LEARN_RATE] = {"Learning rate", "", false},
    [GRADIENT_NORM] = {"Gradient norm", "before clipping", false},
    [SPEED] = {"Speed", "target pieces a second", false},
};

static void put_figure(FILE *page, const Run *runs, int count, Figure figure)
{
    Series *series = report_allocate(2 * (size_t)count, sizeof *series);
    int points[2] = {0, 0};
    for (int i = 0; i < 2 * count; i++) {  // validation lies above training
        bool validation = i >= count;
        series[i] = (Series){report_curve(&runs[i % count], figure, validation), i % count, validation};
        points[validation] += series[i].curve.count;
    }
    if (points[0] || points[1]) {
        fprintf(page, "<figure%s><figcaption>%s <span class=\"note\">%s</span></figcaption>\n",
                points[1] ? "" : " class=\"alone\"", figures[figure].title, figures[figure].note);
        for (int minutes = 0; minutes < 2; minutes++)
            report_plot(page, &(Plot){figures[figure].title, figures[figure].logarithmic, minutes, series, 2 * count});
        fprintf(page, "</figure>\n");
    }
    for (int i = 0; i < 2 * count; i++) free(series[i].curve.points);
    free(series);
}

static void put_curves(FILE *page, const Run *runs, int count)
{
    int events = 0;
    begin_section(page, "curves", "Curves");
    for (int i = 0; i < count; i++) events += cJSON_GetArraySize(runs[i].events);
    if (!events) {
        fprintf(page, "<p class=\"note\">train.jsonl has no figures yet.</p></section>\n");
        return;
    }
    fprintf(page, "<input type=\"radio\" name=\"x\" id=\"updates\" checked><label for=\"updates\">updates</label>"
                  "<input type=\"radio\" name=\"x\" id=\"minutes\"><label for=\"minutes\">minutes</label>\n"
                  "<p class=\"legend\">");
    for (int i = 0; i < count && count > 1; i++) {
        fprintf(page, "<span class=\"c%d\"><i class=\"chip\"></i>", i % RUN_COLOURS);
        report_text(page, runs[i].name);
        fprintf(page, "</span> ");
    }
    fprintf(page,
            "<span class=\"c0\"><svg viewBox=\"0 0 30 8\"><g class=\"train\"><path class=\"curve\" d=\"M0 4H30\"/>"
            "</g></svg> training</span> <span class=\"c0\"><svg viewBox=\"0 0 30 8\"><g class=\"valid\">"
            "<path class=\"curve\" d=\"M0 4H30\"/><circle cx=\"15\" cy=\"4\" r=\"3\"/></g></svg> validation</span>"
            "</p>\n<div class=\"figures\">\n");
    for (int figure = 0; figure < FIGURES; figure++) put_figure(page, runs, count, (Figure)figure);
    fprintf(page, "</div></section>\n");
}

// ---- Samples --------------------------------------------------------------------------------------------------------

static bool has_word(const char *sentence, const char *word, size_t length)
{
    for (const char *w = sentence; *w; w += strcspn(w, " "), w += strspn(w, " "))
        if (strcspn(w, " ") == length && strncmp(w, word, length) == 0) return true;
    return false;
}

// The hypothesis, its words that the reference does not have marked, where it has words.
static void put_hypothesis(FILE *page, const char *hypothesis, const char *reference)
{
    const bool words = strchr(reference, ' ') != NULL;
    for (const char *w = hypothesis; *w;) {
        size_t spaces = strspn(w, " "), length = strcspn(w + spaces, " ");
        char *word = report_format("%.*s", (int)length, w + spaces);
        if (w != hypothesis) fputc(' ', page);
        if (*word) {
            const bool strange = words && !has_word(reference, word, length);
            if (strange) fprintf(page, "<span class=\"off\">");
            report_text(page, word);
            if (strange) fprintf(page, "</span>");
        }
        free(word);
        w += spaces + length;
    }
    if (!*hypothesis) fprintf(page, "<span class=\"note\">(empty)</span>");
}

// One row for as long as the translation stays the same: from update `first` to update `last`.
typedef struct Sample {
    long first, last;
    const char *hypothesis;
} Sample;

static void put_sample(FILE *page, const Sample *sample, const char *reference)
{
    fprintf(page, "<tr><th>%ld", sample->first);
    if (sample->last > sample->first) fprintf(page, "–%ld", sample->last);
    fprintf(page, "</th><td dir=\"auto\">");
    put_hypothesis(page, sample->hypothesis, reference);
    fprintf(page, "</td></tr>\n");
}

static void put_rows(FILE *page, const Sample *samples, int count, int shown, const char *reference)
{
    fprintf(page, "<table class=\"samples\"><tr><th>update</th><th>translation</th></tr>\n");
    for (int i = 0; i < shown; i++) {
        int which = shown > 1 ? (int)((long)i * (count - 1) / (shown - 1)) : 0;
        put_sample(page, &samples[which], reference);
    }
    fprintf(page, "</table>\n");
}

static void put_sentence(FILE *page, const Run *run, const cJSON *first)
{
    enum { MOST_ROWS = 10 };
    const char *source = report_string(first, "source"), *reference = report_string(first, "reference");
    Sample *samples = report_allocate((size_t)cJSON_GetArraySize(run->events), sizeof *samples);
    int count = 0;
    for (const cJSON *event = first; event; event = event->next) {
        if (strcmp(report_event_kind(event), "sample") != 0 || strcmp(report_string(event, "source"), source) != 0)
            continue;
        const char *hypothesis = report_string(event, "hypothesis");
        const double update = report_number(event, "update");
        const long at = update > 0 && update < 1e15 ? (long)update : 0;
        if (!count || strcmp(samples[count - 1].hypothesis, hypothesis) != 0)
            samples[count++] = (Sample){at, at, hypothesis};
        samples[count - 1].last = at;
    }
    fprintf(page, "<article><p class=\"source\" dir=\"auto\">");
    report_text(page, source);
    fprintf(page, "</p><p class=\"reference\" dir=\"auto\">");
    report_text(page, reference);
    fprintf(page, " <span class=\"note\">reference</span></p>\n");
    put_rows(page, samples, count, count < MOST_ROWS ? count : MOST_ROWS, reference);
    if (count > MOST_ROWS) {
        fprintf(page, "<details><summary>all %d different translations</summary>\n", count);
        put_rows(page, samples, count, count, reference);
        fprintf(page, "</details>\n");
    }
    fprintf(page, "</article>\n");
    free(samples);
}

static bool seen_before(const Run *run, const cJSON *sample)
{
    const cJSON *event;
    cJSON_ArrayForEach(event, run->events)
    {
        if (event == sample) return false;
        if (strcmp(report_event_kind(event), "sample") == 0 &&
            strcmp(report_string(event, "source"), report_string(sample, "source")) == 0)
            return true;
    }
    return false;
}

static void put_samples(FILE *page, const Run *runs, int count)
{
    begin_section(page, "samples", "Sample translations through time");
    fprintf(page, "<p class=\"note\">Greedy, at every validation. <span class=\"off\">Marked</span>: words that the "
                  "reference does not have.</p>\n");
    for (int i = 0; i < count; i++) {
        put_run_title(page, &runs[i], i, count);
        int sentences = 0;
        const cJSON *event;
        cJSON_ArrayForEach(event, runs[i].events)
        {
            if (strcmp(report_event_kind(event), "sample") != 0 || seen_before(&runs[i], event)) continue;
            put_sentence(page, &runs[i], event);
            sentences++;
        }
        if (!sentences) fprintf(page, "<p class=\"note\">No samples yet: they come with a validation.</p>\n");
    }
    fprintf(page, "</section>\n");
}

// ---- BLEU by length, attention --------------------------------------------------------------------------------------

// What a whole bar stands for: the same in all runs.
static double whole_bar(const Run *runs, int count)
{
    double best = 0;
    for (int i = 0; i < count; i++)
        for (int b = 0; b < runs[i].bucket_count; b++) best = fmax(best, runs[i].buckets[b].bleu);
    return best <= 20 ? 20 : best <= 50 ? 50 : 100;
}

static void put_lengths(FILE *page, const Run *runs, int count)
{
    const double whole = whole_bar(runs, count);
    begin_section(page, "lengths", "BLEU by length of the source");
    for (int i = 0; i < count; i++) {
        const Run *run = &runs[i];
        put_run_title(page, run, i, count);
        if (run->length_note) put_element(page, "p class=\"note\"", run->length_note);
        if (run->length_note) continue;
        fprintf(page, "<table class=\"bars c%d\">\n", i % RUN_COLOURS);
        for (int b = 0; b < run->bucket_count; b++) {
            const Bucket *bucket = &run->buckets[b];
            fprintf(page,
                    "<tr><th>%zu–%zu %s</th><td class=\"bar\"><i style=\"width:%.1f%%\"></i></td><td>%.1f</td>"
                    "<td class=\"note\">%zu sentences</td></tr>\n",
                    bucket->least, bucket->most, run->unit, 100 * bucket->bleu / whole, bucket->bleu,
                    bucket->sentences);
        }
        fprintf(page, "</table>\n");
    }
    fprintf(page, "<p class=\"note\">The validation text, translated greedily by model.safetensors as it is now.</p>"
                  "</section>\n");
}

static void put_attention(FILE *page, const Run *runs, int count)
{
    begin_section(page, "attention", "Attention");
    fprintf(page, "<p class=\"note\">Each row sums to 1: <span class=\"scale\">0 <i></i> 1</span>. Select a head to see "
                  "it large.</p>\n");
    for (int i = 0; i < count; i++) {
        put_run_title(page, &runs[i], i, count);
        if (runs[i].attention_note) put_element(page, "p class=\"note\"", runs[i].attention_note);
        report_attention(page, &runs[i], i);
    }
    fprintf(page, "</section>\n");
}

// ---- The whole ------------------------------------------------------------------------------------------------------

static void put_head(FILE *page, const Run *runs, int count)
{
    fprintf(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    for (int i = 0; i < count; i++) {
        report_text(page, runs[i].name);
        fprintf(page, i + 1 < count ? ", " : " – Dragoman</title>\n<style>\n");
    }
    for (const char *const *part = report_style; *part; part++) fputs(*part, page);
    fprintf(page, "</style>\n</head>\n<body>\n<header><h1>");
    for (int i = 0; i < count; i++) {
        fprintf(page, "%s<span>", i ? " <span class=\"note\">and</span> " : "");
        report_text(page, runs[i].name);
        fprintf(page, "</span>");
    }
    fprintf(page, "</h1>\n");
}

static void put_foot(FILE *page)
{
    fprintf(page, "</main>\n<footer>dragoman %s</footer>\n</body>\n</html>\n", dm_version());
}

void report_page(FILE *page, const Run *runs, int count)
{
    put_head(page, runs, count);
    fprintf(page, "<nav><a href=\"#overview\">Overview</a> <a href=\"#curves\">Curves</a> "
                  "<a href=\"#samples\">Samples</a> <a href=\"#lengths\">Lengths</a> "
                  "<a href=\"#attention\">Attention</a> <a href=\"#settings\">Settings</a></nav></header>\n<main>\n");
    report_overview(page, runs, count);
    put_curves(page, runs, count);
    put_samples(page, runs, count);
    put_lengths(page, runs, count);
    put_attention(page, runs, count);
    report_configuration(page, runs, count);
    put_foot(page);
}

void report_attention_page(FILE *page, const Run *runs, int count)
{
    put_head(page, runs, count);
    fprintf(page, "</header>\n<main>\n");
    put_attention(page, runs, count);
    put_foot(page);
}
