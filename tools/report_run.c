// A run as its folder tells it: train.jsonl line by line, config.json, and what they come to. The run may be going on:
// its last line may not be whole, and its model may not be there yet.
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report.h"

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
    FILE *file;
    dm_status status = open_folder_file(&file, path, error);
    if (!status && !file)
        return failure(error, "there is no %s: a report needs a folder that dragoman train has written", path);
    if (status) return status;
    char *line = NULL;
    size_t room = 0;
    bool whole = false;
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

dm_status report_read_run(Run *run, const char *folder, dm_error *error)
{
    *run = (Run){.folder = folder, .name = folder_name(folder), .events = cJSON_CreateArray()};
    struct stat info;
    if (stat(folder, &info) != 0) return failure(error, "cannot open %s: %s", folder, strerror(errno));
    if (!S_ISDIR(info.st_mode)) return failure(error, "%s is not a folder", folder);
    char *log = format_text("%s/train.jsonl", folder), *config = format_text("%s/config.json", folder);
    dm_status status = read_events(run->events, log, error);
    if (!status) status = json_read(&run->config, config, error);
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

const char *report_event_kind(const cJSON *event)
{
    return json_string(event, "event");
}

const cJSON *report_settings(const Run *run)
{
    const cJSON *training = json_find(json_find(run->config, "dragoman"), "training");
    return cJSON_IsObject(training) ? training : NULL;
}

// ---- What they come to ----------------------------------------------------------------------------------------------

// Every validation tells these as well, of itself.
static bool is_metric(const cJSON *figure)
{
    static const char *const others[] = {"epoch", "update", "best", "stalled", "seconds"};
    if (!cJSON_IsNumber(figure)) return false;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(figure->string, others[i]) == 0) return false;
    return true;
}

cJSON *report_metrics(const Run *run)
{
    cJSON *metrics = cJSON_CreateObject();
    const cJSON *event, *figure;
    cJSON_ArrayForEach(event, run->events)
    {
        if (strcmp(report_event_kind(event), "valid") != 0) continue;
        cJSON_ArrayForEach(figure, event)
        {
            if (!is_metric(figure) || json_find(metrics, figure->string)) continue;
            cJSON *metric = cJSON_AddObjectToObject(metrics, figure->string);
            cJSON_AddBoolToObject(metric, "falls", dm_metric_falls(figure->string));
        }
    }
    return metrics;
}

static void add_best(cJSON *json, const Run *run, const cJSON *metric)
{
    const bool falls = cJSON_IsTrue(json_find(metric, "falls"));
    const cJSON *event, *best = NULL;
    cJSON_ArrayForEach(event, run->events)
    {
        if (strcmp(report_event_kind(event), "anew") == 0) best = NULL;  // by another text: it cannot be compared
        const double value = json_number(event, metric->string), until_now = json_number(best, metric->string);
        if (strcmp(report_event_kind(event), "valid") != 0 || !isfinite(value)) continue;
        if (!best || (falls ? value < until_now : value > until_now)) best = event;
    }
    if (!best) return;
    cJSON *figures = cJSON_AddObjectToObject(json, metric->string);
    cJSON_AddNumberToObject(figures, "value", json_number(best, metric->string));
    cJSON_AddNumberToObject(figures, "update", json_number(best, "update"));
}

// The last figure of this name in the log, or null.
static void add_last(cJSON *json, const char *name, const Run *run, const char *event_name)
{
    double last = (double)NAN;
    const cJSON *event;
    cJSON_ArrayForEach(event, run->events)
    {
        const double number = json_number(event, event_name);
        if (!isnan(number)) last = number;
    }
    cJSON_AddNumberToObject(json, name, last);  // cJSON writes NaN as null
}

cJSON *report_summary(const Run *run)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *metrics = report_metrics(run);
    const cJSON *event, *metric, *end = NULL, *files = json_find(report_settings(run), "train-sets");
    cJSON_ArrayForEach(event, run->events)
    {
        if (strcmp(report_event_kind(event), "end") == 0) end = event;
        if (strcmp(report_event_kind(event), "train") == 0) end = NULL;  // it went on
    }
    add_last(json, "updates", run, "update");
    add_last(json, "epoch", run, "epoch");
    add_last(json, "seconds", run, "seconds");
    cJSON *best = cJSON_AddObjectToObject(json, "best");
    cJSON_ArrayForEach(metric, metrics) add_best(best, run, metric);
    cJSON_Delete(metrics);
    json_copy_string(json, "ended", json_find(end, "reason"));
    json_copy_string(json, "kept", json_find(end, "kept"));
    cJSON_AddItemToObject(json, "train-sets", files ? cJSON_Duplicate(files, true) : cJSON_CreateNull());
    json_copy_string(json, "prepared", json_find(report_settings(run), "prepared"));
    json_copy_string(json, "ranks", json_find(json_find(run->config, "dragoman"), "ranks"));
    json_copy_string(json, "version", json_find(json_find(run->config, "dragoman"), "version"));
    return json;
}
