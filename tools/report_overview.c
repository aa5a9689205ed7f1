// What a run came to and what it was told: figures at a glance, for several runs in one table with the settings that
// differ, and all settings at the end of the page.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

// ---- Results --------------------------------------------------------------------------------------------------------

typedef struct Fact {
    char value[32], note[64];  // "" where the run has none
    double rank;               // of runs, the one with the lowest rank is the best; NAN: no ranking
} Fact;

typedef struct FactRow {
    const char *name;
    Fact (*of)(const Run *run);
} FactRow;

static Fact best_of(const Run *run, Figure figure, bool lower, const char *format)
{
    Fact fact = {"", "", (double)NAN};
    Curve curve = report_curve(run, figure, true);
    const Point *best = NULL;
    for (int i = 0; i < curve.count; i++) {
        const Point *p = &curve.points[i];
        if (!best || (lower ? p->value < best->value : p->value > best->value)) best = p;
    }
    if (best) {
        snprintf(fact.value, sizeof fact.value, format, best->value);
        snprintf(fact.note, sizeof fact.note, "best, at update %.0f", best->update);
        fact.rank = lower ? best->value : -best->value;
    }
    free(curve.points);
    return fact;
}

static Fact cost_of(const Run *run)
{
    return best_of(run, COST, true, "%.3f");
}

static Fact perplexity_of(const Run *run)
{
    return best_of(run, PERPLEXITY, true, "%.2f");
}

static Fact bleu_of(const Run *run)
{
    return best_of(run, BLEU, false, "%.1f");
}

static Fact chrf_of(const Run *run)
{
    return best_of(run, CHRF, false, "%.1f");
}

static double last_number(const Run *run, const char *name)
{
    double last = (double)NAN;
    const cJSON *event;
    cJSON_ArrayForEach(event, run->events)
    {
        double number = report_number(event, name);
        if (!isnan(number)) last = number;
    }
    return last;
}

static Fact updates_of(const Run *run)
{
    Fact fact = {"", "", (double)NAN};
    double updates = last_number(run, "update"), epoch = last_number(run, "epoch");
    if (isnan(updates)) return fact;
    snprintf(fact.value, sizeof fact.value, "%.0f", updates);
    if (!isnan(epoch)) snprintf(fact.note, sizeof fact.note, "in epoch %.0f", epoch);
    return fact;
}

static Fact time_of(const Run *run)
{
    Fact fact = {"", "", (double)NAN};
    double seconds = last_number(run, "seconds");
    if (isnan(seconds)) return fact;
    if (seconds < 600)
        snprintf(fact.value, sizeof fact.value, "%.1f min", seconds / 60);
    else if (seconds < 36000)
        snprintf(fact.value, sizeof fact.value, "%.0f min", seconds / 60);
    else
        snprintf(fact.value, sizeof fact.value, "%.1f h", seconds / 3600);
    snprintf(fact.note, sizeof fact.note, "of training");
    return fact;
}

static int by_value(const void *a, const void *b)
{
    const Point *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static Fact speed_of(const Run *run)
{
    Fact fact = {"", "", (double)NAN};
    Curve curve = report_curve(run, SPEED, false);
    if (curve.count) {
        qsort(curve.points, (size_t)curve.count, sizeof *curve.points, by_value);
        snprintf(fact.value, sizeof fact.value, "%.0f", curve.points[curve.count / 2].value);
        snprintf(fact.note, sizeof fact.note, "target pieces a second, median");
    }
    free(curve.points);
    return fact;
}

static const FactRow facts[] = {
    {"BLEU", bleu_of},       {"chrF", chrf_of}, {"Validation cost", cost_of}, {"Perplexity", perplexity_of},
    {"Updates", updates_of}, {"Time", time_of}, {"Speed", speed_of},
};
enum { FACTS = sizeof facts / sizeof facts[0] };

// How the run ended, in a sentence, as train.jsonl has it.
static void put_state(FILE *page, const Run *run)
{
    const cJSON *event, *end = NULL;
    cJSON_ArrayForEach(event, run->events)
    {
        if (strcmp(report_event_kind(event), "end") == 0) end = event;
        if (strcmp(report_event_kind(event), "train") == 0) end = NULL;  // it went on
    }
    if (!end) {
        fprintf(page, "Not at its end: it is being trained, or was stopped.");
        return;
    }
    fprintf(page, "Ended: ");
    report_text(page, report_string(end, "reason"));
    fprintf(page, ". Kept: ");
    report_text(page, report_string(end, "kept"));
    fprintf(page, ".");
}

static void put_tiles(FILE *page, const Run *run)
{
    fprintf(page, "<p>");
    put_state(page, run);
    fprintf(page, "</p>\n<dl class=\"tiles\">\n");
    for (int f = 0; f < FACTS; f++) {
        const Fact fact = facts[f].of(run);
        if (*fact.value)
            fprintf(page, "<div><dt>%s</dt><dd>%s</dd><dd class=\"note\">%s</dd></div>\n", facts[f].name, fact.value,
                    fact.note);
    }
    fprintf(page, "</dl>\n");
}

// ---- Settings -------------------------------------------------------------------------------------------------------

// A setting as a command line would have it; the caller frees it.
static char *setting_text(const cJSON *item)
{
    if (!item || cJSON_IsNull(item)) return report_format("–");
    if (cJSON_IsString(item)) return report_format("%s", item->valuestring);
    if (cJSON_IsNumber(item)) return report_format("%.12g", item->valuedouble);
    if (cJSON_IsBool(item)) return report_format("%s", cJSON_IsTrue(item) ? "yes" : "no");
    char *text = report_format("%s", "");
    const cJSON *element;
    cJSON_ArrayForEach(element, item)
    {
        char *next = setting_text(element), *both = report_format("%s%s%s", text, *text ? " " : "", next);
        free(text);
        free(next);
        text = both;
    }
    return text;
}

static bool is_same(const Run *runs, int count, const char *name)
{
    char *first = setting_text(cJSON_GetObjectItemCaseSensitive(report_settings(&runs[0]), name));
    bool same = true;
    for (int i = 1; i < count && same; i++) {
        char *other = setting_text(cJSON_GetObjectItemCaseSensitive(report_settings(&runs[i]), name));
        same = strcmp(first, other) == 0;
        free(other);
    }
    free(first);
    return same;
}

static void put_setting_row(FILE *page, const Run *runs, int count, const char *name)
{
    fprintf(page, "<tr><th>");
    report_text(page, name);
    fprintf(page, "</th>");
    for (int i = 0; i < count; i++) {
        char *text = setting_text(cJSON_GetObjectItemCaseSensitive(report_settings(&runs[i]), name));
        fprintf(page, "<td>");
        report_text(page, text);
        fprintf(page, "</td>");
        free(text);
    }
    fprintf(page, "</tr>\n");
}

// Settings that are not the same in all runs, each once, whichever run it was found in. Every folder is another one.
static int put_different_settings(FILE *page, const Run *runs, int count)
{
    int different = 0;
    for (int i = 0; i < count; i++) {
        const cJSON *item;
        cJSON_ArrayForEach(item, report_settings(&runs[i]))
        {
            bool shown = strcmp(item->string, "model") == 0 || is_same(runs, count, item->string);
            for (int j = 0; j < i; j++)
                shown = shown || cJSON_GetObjectItemCaseSensitive(report_settings(&runs[j]), item->string);
            if (!shown) put_setting_row(page, runs, count, item->string);
            different += !shown;
        }
    }
    return different;
}

static void put_fact_row(FILE *page, const Run *runs, int count, const FactRow *row)
{
    double best = INFINITY;
    bool any = false;
    for (int i = 0; i < count; i++) {
        const Fact fact = row->of(&runs[i]);
        any = any || *fact.value;
        if (fact.rank < best) best = fact.rank;
    }
    if (!any) return;
    fprintf(page, "<tr><th>%s</th>", row->name);
    for (int i = 0; i < count; i++) {
        const Fact fact = row->of(&runs[i]);
        fprintf(page, "<td%s>%s <span class=\"note\">%s</span></td>", fact.rank <= best ? " class=\"best\"" : "",
                *fact.value ? fact.value : "–", fact.note);
    }
    fprintf(page, "</tr>\n");
}

static void put_comparison(FILE *page, const Run *runs, int count)
{
    fprintf(page, "<div class=\"scroll\"><table class=\"runs\"><tr><th></th>");
    for (int i = 0; i < count; i++) {
        fprintf(page, "<th class=\"c%d\"><i class=\"chip\"></i>", i % RUN_COLOURS);
        report_text(page, runs[i].name);
        fprintf(page, "</th>");
    }
    fprintf(page, "</tr>\n");
    for (int f = 0; f < FACTS; f++) put_fact_row(page, runs, count, &facts[f]);
    fprintf(page, "<tr><th>End</th>");
    for (int i = 0; i < count; i++) {
        fprintf(page, "<td class=\"note\">");
        put_state(page, &runs[i]);
        fprintf(page, "</td>");
    }
    fprintf(page, "</tr>\n<tr class=\"part\"><th colspan=\"%d\">Settings that differ</th></tr>\n", count + 1);
    if (!put_different_settings(page, runs, count))
        fprintf(page, "<tr><td colspan=\"%d\">None: the runs were told the same.</td></tr>\n", count + 1);
    fprintf(page, "</table></div>\n");
}

void report_overview(FILE *page, const Run *runs, int count)
{
    fprintf(page, "<section id=\"overview\">\n");
    if (count == 1)
        put_tiles(page, runs);
    else
        put_comparison(page, runs, count);
    fprintf(page, "</section>\n");
}

static void put_object(FILE *page, const char *title, const cJSON *object)
{
    const cJSON *item;
    fprintf(page, "<table><caption>%s</caption>\n", title);
    cJSON_ArrayForEach(item, object)
    {
        if (cJSON_IsObject(item)) continue;
        char *text = setting_text(item);
        fprintf(page, "<tr><th>");
        report_text(page, item->string);
        fprintf(page, "</th><td>");
        report_text(page, text);
        fprintf(page, "</td></tr>\n");
        free(text);
    }
    fprintf(page, "</table>\n");
}

void report_configuration(FILE *page, const Run *runs, int count)
{
    fprintf(page, "<section id=\"settings\"><h2>Settings</h2>\n");
    for (int i = 0; i < count; i++) {
        const Run *run = &runs[i];
        fprintf(page, "<details%s><summary>", count == 1 ? " open" : "");
        report_text(page, run->folder);
        fprintf(page, "</summary>\n");
        if (run->config) {
            fprintf(page, "<div class=\"settings\">\n");
            if (report_settings(run)) put_object(page, "dragoman train", report_settings(run));
            put_object(page, "config.json", run->config);
            fprintf(page, "</div>\n");
        } else {
            fprintf(page, "<p class=\"note\">The folder has no config.json yet.</p>\n");
        }
        fprintf(page, "</details>\n");
    }
    fprintf(page, "</section>\n");
}
