// A run as its folder tells it: train.jsonl line by line, config.json, and what they come to. The run may be going on:
// its last line may not be whole, and its model may not be there yet.
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report.h"

// ---- Memory ---------------------------------------------------------------------------------------------------------

void *report_allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (memory) return memory;
    fprintf(stderr, "dragoman: out of memory\n");
    exit(1);
}

char *report_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length >= 0) return text;
    fprintf(stderr, "dragoman: out of memory\n");
    exit(1);
}

FILE *report_stream(char **text, size_t *size)
{
    FILE *stream = open_memstream(text, size);
    if (stream) return stream;
    fprintf(stderr, "dragoman: out of memory\n");
    exit(1);
}

// ---- Reading --------------------------------------------------------------------------------------------------------

// The next line without its end. *whole: it has one. False: there is no further line.
static bool next_line(FILE *file, char **line, size_t *room, bool *whole)
{
    ssize_t length = getline(line, room, file);
    if (length < 0) return false;
    *whole = length && (*line)[length - 1] == '\n';
    if (*whole) (*line)[length - 1] = '\0';
    return true;
}

// A last line without its end is one that is being written, or that a power failure cut: it is left out.
static dm_status read_events(cJSON *events, const char *path, dm_error *error)
{
    FILE *file = fopen(path, "rb");
    if (!file && errno == ENOENT)
        return failure(error, "there is no %s: a report needs a folder that dragoman train has written", path);
    if (!file) return failure(error, "cannot open %s: %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    bool whole = false;
    dm_status status = DM_OK;
    for (int number = 1; !status && next_line(file, &line, &room, &whole) && whole; number++) {
        cJSON *event = cJSON_Parse(line);
        if (cJSON_IsObject(event)) {
            cJSON_AddItemToArray(events, event);
        } else {
            cJSON_Delete(event);
            status = failure(error, "%s: line %d is not a JSON object: the file is damaged", path, number);
        }
    }
    if (!status && ferror(file)) status = failure(error, "cannot read %s: %s", path, strerror(errno));
    free(line);
    fclose(file);
    return status;
}

dm_status report_read_json(cJSON **json, const char *path, dm_error *error)
{
    FILE *file = fopen(path, "rb");
    if (!file && errno == ENOENT) return DM_OK;
    if (!file) return failure(error, "cannot open %s: %s", path, strerror(errno));
    char *text = NULL;
    size_t room = 0;
    dm_status status = DM_OK;
    if (getdelim(&text, &room, '\0', file) >= 0) *json = cJSON_Parse(text);
    if (!cJSON_IsObject(*json)) status = failure(error, "%s is not valid JSON", path);
    free(text);
    fclose(file);
    return status;
}

// The last part of the folder's path; of "." and the like, of where that is.
char *report_name(const char *folder)
{
    char *path = realpath(folder, NULL);
    const char *slash = path ? strrchr(path, '/') : NULL;
    char *name = report_format("%s", slash && slash[1] ? slash + 1 : folder);
    free(path);
    return name;
}

dm_status report_read_run(Run *run, const char *folder, dm_error *error)
{
    *run = (Run){.folder = folder, .name = report_name(folder), .events = cJSON_CreateArray()};
    struct stat info;
    if (stat(folder, &info) != 0) return failure(error, "cannot open %s: %s", folder, strerror(errno));
    if (!S_ISDIR(info.st_mode)) return failure(error, "%s is not a folder", folder);
    char *log = report_format("%s/train.jsonl", folder), *config = report_format("%s/config.json", folder);
    dm_status status = read_events(run->events, log, error);
    if (!status) status = report_read_json(&run->config, config, error);
    free(log);
    free(config);
    return status;
}

void report_free_run(Run *run)
{
    for (int i = 0; i < run->attended_count; i++) dm_attended_free(&run->attended[i]);
    cJSON_Delete(run->events);
    cJSON_Delete(run->config);
    free(run->name);
    free(run->length_note);
    free(run->attention_note);
}

// ---- What they say --------------------------------------------------------------------------------------------------

static const cJSON *find(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

double report_number(const cJSON *object, const char *name)
{
    const cJSON *item = find(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

const char *report_string(const cJSON *object, const char *name)
{
    const cJSON *item = find(object, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

const char *report_event_kind(const cJSON *event)
{
    return report_string(event, "event");
}

const cJSON *report_settings(const Run *run)
{
    const cJSON *training = find(find(run->config, "dragoman"), "training");
    return cJSON_IsObject(training) ? training : NULL;
}

// ---- What they come to ----------------------------------------------------------------------------------------------

static cJSON *best_validation(const Run *run, const char *metric)
{
    const cJSON *event, *best = NULL;
    double highest = -INFINITY;
    cJSON_ArrayForEach(event, run->events)
    {
        const double value = report_number(event, metric);
        const double rank = dm_metric_falls(metric) ? -value : value;
        if (strcmp(report_event_kind(event), "valid") != 0 || !(rank > highest)) continue;
        highest = rank;
        best = event;
    }
    if (!best) return NULL;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "value", report_number(best, metric));
    cJSON_AddNumberToObject(json, "update", report_number(best, "update"));
    return json;
}

// The last figure of this name in the log, or null.
static void add_last(cJSON *json, const char *name, const Run *run, const char *event_name)
{
    double last = (double)NAN;
    const cJSON *event;
    cJSON_ArrayForEach(event, run->events)
    {
        const double number = report_number(event, event_name);
        if (!isnan(number)) last = number;
    }
    cJSON_AddNumberToObject(json, name, last);  // cJSON writes NaN as null
}

static void add_text(cJSON *json, const char *name, const cJSON *text)
{
    cJSON_AddItemToObject(json, name, cJSON_IsString(text) ? cJSON_Duplicate(text, true) : cJSON_CreateNull());
}

cJSON *report_summary(const Run *run)
{
    cJSON *json = cJSON_CreateObject();
    const cJSON *event, *end = NULL, *files = find(report_settings(run), "train-sets");
    cJSON_ArrayForEach(event, run->events)
    {
        if (strcmp(report_event_kind(event), "end") == 0) end = event;
        if (strcmp(report_event_kind(event), "train") == 0) end = NULL;  // it went on
    }
    add_last(json, "updates", run, "update");
    add_last(json, "epoch", run, "epoch");
    add_last(json, "seconds", run, "seconds");
    cJSON *best = cJSON_AddObjectToObject(json, "best");
    for (int i = 0; dm_metric_name(i); i++) {
        cJSON *figures = best_validation(run, dm_metric_name(i));
        if (figures) cJSON_AddItemToObject(best, dm_metric_name(i), figures);
    }
    add_text(json, "ended", find(end, "reason"));
    add_text(json, "kept", find(end, "kept"));
    cJSON_AddItemToObject(json, "train-sets", files ? cJSON_Duplicate(files, true) : cJSON_CreateNull());
    add_text(json, "version", find(find(run->config, "dragoman"), "version"));
    return json;
}
