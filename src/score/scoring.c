// The public side of scoring: from lines and options to figures.
#include "score/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/scope.h"
#include "core/utf8.h"
#include "options/options.h"
#include "score/resample.h"

// ---- What the options ask for ---------------------------------------------------------------------------------------

// What can be said about chance: at most one of these.
typedef struct Test {
    const char *option, *trials_option;
    const char *field;  // of the signature, for the trials
    bool paired, bootstrap;
} Test;

static const Test tests[] = {
    {"confidence", "confidence-n", "bs", .bootstrap = true},
    {"paired-bs", "paired-bs-n", "bs", .paired = true, .bootstrap = true},
    {"paired-ar", "paired-ar-n", "ar", .paired = true},
};

static Status choose_test(const dm_options *options, int system_count, const Test **chosen, Error *error)
{
    *chosen = NULL;
    for (const Test *test = tests; test < tests + DM_COUNT(tests); test++) {
        bool asked = dm_options_flag(options, test->option);
        if (!asked) continue;
        if (*chosen)
            return dm_misuse(error,
                             "--%s and --%s cannot be done at once: choose one (--paired-bs has the intervals of "
                             "--confidence, too)",
                             (*chosen)->option, test->option);
        if (test->paired && system_count < 2)
            return dm_misuse(error, "--%s compares systems: name two files of translations or more, the baseline first",
                             test->option);
        *chosen = test;
    }
    return DM_OK;
}

static Status check_metrics(const dm_options *options, Error *error)
{
    for (int i = 0; i < dm_options_count(options, "metrics"); i++) {
        const char *name = dm_options_text(options, "metrics", i);
        for (int before = 0; before < i; before++)
            if (!strcmp(name, dm_options_text(options, "metrics", before)))
                return dm_misuse(error, "--metrics has %s twice", name);
    }
    return dm_options_count_all(options, error);
}

// The tokenizer that the user named, or the one that fits the first references.
static const Tokenizer *choose_tokenizer(const dm_options *options, const dm_lines *reference)
{
    if (dm_options_given(options, "tok")) return dm_tokenizer(dm_options_text(options, "tok", 0));
    return dm_tokenizer_for((const char *const *)reference->line, reference->count);
}

static MeasureSettings settings_of(const dm_options *options, const dm_lines *reference)
{
    return (MeasureSettings){.tokenizer = choose_tokenizer(options, reference),
                             .lower_case = dm_options_flag(options, "lowercase"),
                             .word_order = (int)dm_options_number(options, "chrf-word-order")};
}

// ---- What is compared -----------------------------------------------------------------------------------------------

static Status check_text(const dm_lines *lines, const char *what, Error *error)
{
    for (size_t i = 0; i < lines->count; i++) {
        size_t size = strlen(lines->line[i]);
        if (dm_utf8_valid(lines->line[i], size) != size)
            return dm_fail(error, "line %zu of the %s is not valid UTF-8", i + 1, what);
    }
    return DM_OK;
}

static Status check_lines(const dm_lines *hypotheses, const dm_lines *references, int reference_count, Error *error)
{
    if (reference_count < 1)
        return dm_misuse(error, "there is no reference to score against: name one with --ref FILE");
    if (!hypotheses->count) return dm_fail(error, "there is nothing to score: the hypotheses are empty");
    Status status = check_text(hypotheses, "hypotheses", error);
    for (int r = 0; !status && r < reference_count; r++) {
        if (references[r].count != hypotheses->count)
            return dm_fail(error, "the hypotheses have %zu line%s and reference %d has %zu: they must have as many",
                           hypotheses->count, dm_plural(hypotheses->count), r + 1, references[r].count);
        status = check_text(&references[r], "references", error);
    }
    return status;
}

typedef struct Compared {
    const dm_lines *systems, *references;
    int system_count, reference_count;
} Compared;

// Of what is not text: all lines of systems and references, by the measure that can read them.
static Status check_readable(const Measure *measure, const dm_lines *lines, const char *what, Error *error)
{
    Error reason;
    for (size_t i = 0; i < lines->count; i++)
        if (measure->check(measure, lines->line[i], &reason))
            return dm_fail(error, "line %zu of the %s: %s", i + 1, what, reason.message);
    return DM_OK;
}

static Status check_by_measure(const Measure *measure, const char *name, const Compared *c, int measure_count,
                               Error *error)
{
    if (!measure->check) return DM_OK;
    if (measure_count > 1)
        return dm_misuse(error,
                         "--metrics %s compares word links, and the others compare text: score the links by themselves",
                         name);
    if (c->reference_count > 1)
        return dm_misuse(error, "--metrics %s takes one reference, with sure and possible links: name one --ref", name);
    Status status = DM_OK;
    for (int s = 0; s < c->system_count && !status; s++)
        status = check_readable(measure, &c->systems[s], "hypotheses", error);
    return status ? status : check_readable(measure, &c->references[0], "reference", error);
}

// ---- Scoring --------------------------------------------------------------------------------------------------------

// All systems by all measures, system by system.
typedef struct Table {
    const dm_options *options;
    const Test *test;  // NULL: none
    int system_count, measure_count, reference_count;
    size_t lines;
    Measure *measures;   // [measure_count]
    Sample *samples;     // [system_count][measure_count]
    dm_metric *metrics;  // likewise; the caller's
} Table;

static void count_statistics(Table *table, const dm_lines *systems, const dm_lines *references)
{
    const int count = table->system_count * table->measure_count;
    const char *const **streams = dm_allocate((size_t)table->reference_count, sizeof *streams);
    for (int r = 0; r < table->reference_count; r++) streams[r] = (const char *const *)references[r].line;
    for (int k = 0; k < 2 * count; k++) {
        const dm_lines *hypotheses = &systems[k % count / table->measure_count];
        Measure *measure = &table->measures[k % table->measure_count];
        Comparison comparison = {(const char *const *)hypotheses->line, streams, table->lines, table->reference_count};
        if (k < count)
            dm_measure_look(measure, &comparison);
        else
            table->samples[k - count] = (Sample){.measure = measure, .statistics = dm_statistics(measure, &comparison)};
    }
    dm_free(streams);
}

static void score_all(Table *table)
{
    for (int k = 0; k < table->system_count * table->measure_count; k++) {
        const Measure *measure = table->samples[k].measure;
        double *sums = dm_allocate((size_t)measure->width, sizeof *sums);
        dm_add_up(measure, table->samples[k].statistics, table->lines, sums);
        table->metrics[k] =
            (dm_metric){.name = measure->name,
                        .score = measure->score(measure, sums),
                        .mean = NAN,
                        .interval = NAN,
                        .p_value = NAN,
                        .verbose = measure->verbose ? measure->verbose(measure, sums) : dm_copy_string("")};
        dm_free(sums);
    }
}

static void run_test(Table *table)
{
    int count = table->system_count * table->measure_count;
    int trials = (int)dm_options_number(table->options, table->test->trials_option);
    uint64_t seed = (uint64_t)dm_options_number(table->options, "seed");
    if (table->test->bootstrap) dm_bootstrap(table->samples, count, table->lines, trials, seed);
    for (int k = table->measure_count; k < count && table->test->paired; k++) {
        const Sample *baseline = &table->samples[k % table->measure_count], *system = &table->samples[k];
        double difference = fabs(table->metrics[k].score - table->metrics[k % table->measure_count].score);
        table->metrics[k].p_value = table->test->bootstrap
                                        ? dm_bootstrap_p(baseline, system, trials, difference)
                                        : dm_randomization_p(baseline, system, table->lines, trials, seed, difference);
    }
    for (int k = 0; k < count && table->test->bootstrap; k++)
        dm_interval(&table->samples[k], trials, &table->metrics[k].mean, &table->metrics[k].interval);
}

static void describe_all(const Table *table)
{
    char *references = dm_format("%d", table->reference_count);
    for (int k = 0; k < table->system_count * table->measure_count; k++) {
        Field fields[DM_MOST_FIELDS + 4] = {{"nrefs", references}};
        int count = 1;
        if (table->test) {
            const char *trials = dm_options_text(table->options, table->test->trials_option, 0);
            fields[count++] = (Field){table->test->field, trials};
            fields[count++] = (Field){"seed", dm_options_text(table->options, "seed", 0)};
        }
        for (const Field *field = table->samples[k].measure->fields; field->key; field++) fields[count++] = *field;
        fields[count++] = (Field){"version", "dragoman-" DM_VERSION};
        dm_describe(&table->metrics[k], fields, count);
    }
    dm_free(references);
}

static Status compare(const dm_lines *systems, int system_count, const dm_lines *references, int reference_count,
                      const dm_options *options, dm_metric *metrics, Error *error)
{
    Table table = {options,
                   .system_count = system_count,
                   .measure_count = dm_options_count(options, "metrics"),
                   .reference_count = reference_count,
                   .lines = system_count > 0 ? systems[0].count : 0,
                   .metrics = metrics};
    size_t count = (size_t)table.system_count * (size_t)table.measure_count;
    memset(metrics, 0, count * sizeof *metrics);
    Status status = check_metrics(options, error);
    if (!status) status = choose_test(options, system_count, &table.test, error);
    for (int s = 0; !status && s < system_count; s++)
        status = check_lines(&systems[s], references, reference_count, error);
    if (status) return status;

    table.measures = dm_allocate((size_t)table.measure_count, sizeof *table.measures);
    const MeasureSettings settings = settings_of(options, &references[0]);
    const Compared compared = {systems, references, system_count, reference_count};
    for (int m = 0; m < table.measure_count && !status; m++) {
        const char *name = dm_options_text(options, "metrics", m);
        table.measures[m] = dm_measure_of(name)->measure(settings);
        status = check_by_measure(&table.measures[m], name, &compared, table.measure_count, error);
    }
    if (status) {
        dm_free(table.measures);
        return status;
    }
    table.samples = dm_allocate(count, sizeof *table.samples);
    count_statistics(&table, systems, references);
    score_all(&table);
    if (table.test) run_test(&table);
    describe_all(&table);

    for (size_t k = 0; k < count; k++) {
        dm_free(table.samples[k].statistics);
        dm_free(table.samples[k].scores);
    }
    for (int m = 0; m < table.measure_count; m++) dm_measure_forget(&table.measures[m]);
    dm_free(table.samples);
    dm_free(table.measures);
    return DM_OK;
}

dm_status dm_compare(const dm_lines *systems, int system_count, const dm_lines *references, int reference_count,
                     const dm_options *options, dm_metric *metrics, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, compare(systems, system_count, references, reference_count, options, metrics, error));
    if (status) memset(metrics, 0, (size_t)(system_count * dm_options_count(options, "metrics")) * sizeof *metrics);
    return status;
}

dm_status dm_score(const dm_lines *hypotheses, const dm_lines *references, int reference_count,
                   const dm_options *options, dm_metric *metrics, dm_error *error)
{
    return dm_compare(hypotheses, 1, references, reference_count, options, metrics, error);
}

void dm_metrics_free(dm_metric *metrics, int count)
{
    for (int i = 0; i < count; i++) {
        dm_free(metrics[i].signature);
        dm_free(metrics[i].verbose);
        dm_free(metrics[i].line);
        dm_free(metrics[i].json);
        metrics[i] = (dm_metric){0};
    }
}
