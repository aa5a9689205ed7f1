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

static const struct {
    const char *name;
    bool lower_is_better;
} metrics[] = {{"ce-mean-words", true}, {"perplexity", true}, {"bleu", false}, {"chrf", false}};
enum { METRICS = sizeof metrics / sizeof metrics[0] };

static cJSON *best_validation(const Run *run, int metric)
{
    const cJSON *event, *best = NULL;
    double highest = -INFINITY;
    cJSON_ArrayForEach(event, run->events)
    {
        const double value = json_number(event, metrics[metric].name);
        const double rank = metrics[metric].lower_is_better ? -value : value;
        if (strcmp(report_event_kind(event), "valid") != 0 || !(rank > highest)) continue;
        highest = rank;
        best = event;
    }
    if (!best) return NULL;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "value", json_number(best, metrics[metric].name));
    cJSON_AddNumberToObject(json, "update", json_number(best, "update"));
    return json;
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
    const cJSON *event, *end = NULL, *files = json_find(report_settings(run), "train-sets");
    cJSON_ArrayForEach(event, run->events)
    {
        if (strcmp(report_event_kind(event), "end") == 0) end = event;
        if (strcmp(report_event_kind(event), "train") == 0) end = NULL;  // it went on
    }
    add_last(json, "updates", run, "update");
    add_last(json, "epoch", run, "epoch");
    add_last(json, "seconds", run, "seconds");
    cJSON *best = cJSON_AddObjectToObject(json, "best");
    for (int i = 0; i < METRICS; i++) {
        cJSON *figures = best_validation(run, i);
        if (figures) cJSON_AddItemToObject(best, metrics[i].name, figures);
    }
    json_copy_string(json, "ended", json_find(end, "reason"));
    json_copy_string(json, "kept", json_find(end, "kept"));
    cJSON_AddItemToObject(json, "train-sets", files ? cJSON_Duplicate(files, true) : cJSON_CreateNull());
    json_copy_string(json, "version", json_find(json_find(run->config, "dragoman"), "version"));
    return json;
}
