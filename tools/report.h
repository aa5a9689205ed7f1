// What the files of `dragoman report` share: a run as its folder tells it (which `dragoman info` reads, too), what its
// model is asked, and how figures and text become a page.
#pragma once
#include <cjson/cJSON.h>

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
dm_status report_read_json(cJSON **json, const char *path, dm_error *error);  // an object; untouched: no such file
void report_free_run(Run *run);
void report_measure(Run *run, const dm_options *options);
char *report_name(const char *folder);  // what a page calls it; the caller frees it

const char *report_event_kind(const cJSON *event);                 // "train", "valid", "sample", "end"; "" if unsaid
double report_number(const cJSON *object, const char *name);       // NAN: there is none
const char *report_string(const cJSON *object, const char *name);  // "": there is none
const cJSON *report_settings(const Run *run);                      // config.json's dragoman.training, or NULL

typedef enum Figure { COST, PERPLEXITY, BLEU, CHRF, LEARN_RATE, GRADIENT_NORM, SPEED, FIGURES } Figure;

typedef struct Point {
    double update, minutes, value;
} Point;

typedef struct Curve {
    Point *points;  // the caller frees them
    int count;
} Curve;

Curve report_curve(const Run *run, Figure figure, bool validation);

// ---- Pictures (report_plot.c) ---------------------------------------------------------------------------------------

typedef struct Series {
    Curve curve;
    int run;  // decides the colour
    bool validation;
} Series;

typedef struct Plot {
    const char *title;
    bool logarithmic, minutes;  // of y; what x is: minutes or updates
    const Series *series;
    int count;
} Plot;
void report_plot(FILE *page, const Plot *plot);

typedef struct HeatMap {
    const char *id;  // of the cells, which the large picture uses again
    const float *weights;
    int rows, columns;
    const char *const *row_names, *const *column_names;
} HeatMap;
void report_cells(FILE *page, const HeatMap *map);     // the small picture: cells alone
void report_labelled(FILE *page, const HeatMap *map);  // the large one, with the pieces; stands behind the small one

// ---- The page -------------------------------------------------------------------------------------------------------

void report_page(FILE *page, const Run *runs, int count);
void report_attention_page(FILE *page, const Run *runs, int count);  // the attention alone
// Draws it into a file, or where the path is -, to standard output. A file of that name is replaced only when all is there
// to be written.
dm_status report_write(const char *path, void (*draw)(FILE *page, const Run *runs, int count), const Run *runs,
                       int count, dm_error *error);
void report_overview(FILE *page, const Run *runs, int count);       // report_overview.c: results, and what differs
void report_configuration(FILE *page, const Run *runs, int count);  // all settings
void report_attention(FILE *page, const Run *run, int index);
extern const char *const report_style[];  // CSS, in parts; ends with NULL

void report_text(FILE *page, const char *text);  // escaped: nothing in it is markup
#define RUN_COLOURS 8                            // of the style; further runs begin again

// ---- Memory ---------------------------------------------------------------------------------------------------------

void *report_allocate(size_t count, size_t size);  // zeroed; ends the program with a message where there is none left
char *report_format(const char *format, ...) __attribute__((format(printf, 1, 2)));  // the caller frees it
