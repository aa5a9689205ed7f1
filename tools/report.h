// What the files of `dragoman report` share: a run as its folder tells it (which `dragoman info` reads, too), what its
// model is asked, and the page that shows it.
#pragma once
#include "json_values.h"
#include "tools.h"

// ---- A run (report_run.c) -------------------------------------------------------------------------------------------

enum { MOST_BUCKETS = 7, MOST_SENTENCES = 3 };

typedef struct Bucket {
    size_t least, most;  // length of the source
    size_t sentences;
    double bleu;
} Bucket;

typedef struct Run {
    const char *folder;
    char *name;     // what the page calls it
    cJSON *events;  // an array: the lines of train.jsonl
    cJSON *config;  // config.json; NULL: there is none yet
    // What the model says (report_measure.c). A note says in one sentence why there is nothing, else it is NULL.
    Bucket buckets[MOST_BUCKETS];
    int bucket_count;
    const char *unit;  // of the buckets: "words" or "characters"
    char *length_note;
    dm_attended attended[MOST_SENTENCES];
    const char *attended_line[MOST_SENTENCES];
    int attended_count;
    char *attention_note;
} Run;

dm_status report_read_run(Run *run, const char *folder, dm_error *error);
void report_free_run(Run *run);
void report_measure(Run *run, const dm_options *options);

const char *report_event_kind(const cJSON *event);  // "train", "valid", "sample", "end"; "" if unsaid
const cJSON *report_settings(const Run *run);       // config.json's dragoman.training, or NULL
cJSON *report_metrics(const Run *run);  // {name: {falls}, ...}: what its validations measured, whether less is better
cJSON *report_summary(const Run *run);  // how far it is, its best validations, how it ended; null where it does not say

// ---- The page -------------------------------------------------------------------------------------------------------

// Everything that is known of the runs, as page/report.js reads it (report_figures.c).
cJSON *report_figures(Run *runs, int count);
cJSON *report_attention_figures(const char *name, const char *line, const dm_attended *seen);  // the attention alone
// Takes the figures, and writes the page with them into a file, or where the path is -, to standard output
// (report_page.c). A file of that name is replaced only when all is there to be written.
dm_status report_write(const char *path, cJSON *figures, dm_error *error);
