// dragoman info: what a model folder holds, or a prepared text, as JSON, and the same drawn for people.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "info.h"
#include "report.h"

// ---- The folder -----------------------------------------------------------------------------------------------------

static bool has_file(const char *folder, const char *name)
{
    struct stat info;
    char *path = format_text("%s/%s", folder, name);
    const bool there = stat(path, &info) == 0;
    free(path);
    return there;
}

static dm_status add_training(cJSON *json, const char *folder, dm_error *error)
{
    Run run = {0};
    dm_status status = DM_OK;
    if (has_file(folder, "train.jsonl")) {
        status = report_read_run(&run, folder, error);
        if (!status) cJSON_AddItemToObject(json, "training", report_summary(&run));
        report_free_run(&run);
    } else {
        cJSON_AddNullToObject(json, "training");
    }
    return status;
}

static void add_language(cJSON *json, const char *name, const cJSON *said)
{
    const bool known = cJSON_IsString(said) && strcmp(said->valuestring, "und") != 0;  // undetermined, in ISO 639
    json_copy_string(json, name, known ? said : NULL);
}

static dm_status add_languages(cJSON *json, const char *folder, dm_error *error)
{
    cJSON *tokenizer = NULL, *languages = cJSON_AddObjectToObject(json, "languages");
    char *path = format_text("%s/tokenizer_config.json", folder);
    dm_status status = json_read(&tokenizer, path, error);
    add_language(languages, "source", json_find(tokenizer, "source_lang"));
    add_language(languages, "target", json_find(tokenizer, "target_lang"));
    cJSON_Delete(tokenizer);
    free(path);
    return status;
}

static dm_status add_files(cJSON *json, const char *folder, dm_error *error)
{
    struct dirent **entries;
    const int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) {
        return failure(error, "cannot read the folder %s: %s", folder, strerror(errno));
    }
    cJSON *files = cJSON_AddArrayToObject(json, "files");
    for (int i = 0; i < count; i++) {
        struct stat info;
        char *path = format_text("%s/%s", folder, entries[i]->d_name);
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
            cJSON *file = cJSON_CreateObject();
            cJSON_AddStringToObject(file, "name", entries[i]->d_name);
            cJSON_AddNumberToObject(file, "bytes", (double)info.st_size);
            cJSON_AddItemToArray(files, file);
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
    return DM_OK;
}

static dm_status describe(cJSON **json, const char *folder, int length, dm_error *error)
{
    char *model = NULL;
    dm_status status = dm_model_describe(folder, length, &model, error);
    if (status) return status;
    *json = cJSON_Parse(model);
    free(model);
    cJSON_AddItemToObject(*json, "folder", cJSON_CreateString(folder));
    status = add_languages(*json, folder, error);
    if (!status) status = add_training(*json, folder, error);
    if (!status) status = add_files(*json, folder, error);
    return status;
}

// ---- A text that is prepared ----------------------------------------------------------------------------------------

static dm_status describe_prepared(cJSON **json, const char *folder, dm_error *error)
{
    char *text = NULL;
    dm_status status = dm_prepared_describe(folder, &text, error);
    if (status) return status;
    *json = cJSON_Parse(text);
    free(text);
    cJSON_AddItemToObject(*json, "folder", cJSON_CreateString(folder));
    return add_files(*json, folder, error);
}

// ---- Its experts ----------------------------------------------------------------------------------------------------

static dm_status ask_experts(cJSON **json, dm_model *model, const dm_lines *lines, dm_error *error)
{
    dm_translate_options greedy;
    char *uses = NULL;
    dm_status status = dm_translate_options_read(&greedy, NULL, error);
    greedy.beam_size = 1;
    if (!status) status = dm_expert_uses(model, (const char *const *)lines->line, lines->count, &greedy, &uses, error);
    if (!status) *json = cJSON_Parse(uses);
    free(uses);
    return status;
}

static dm_status describe_experts(cJSON **json, const dm_options *options, dm_error *error)
{
    dm_lines lines = {0};
    dm_model *model = NULL;
    dm_status status = dm_model_open(&model, dm_options_text(options, "model", 0), NULL, error);
    if (!status) status = dm_lines_read(&lines, dm_options_text(options, "input", 0), error);
    if (!status) status = ask_experts(json, model, &lines, error);
    dm_lines_free(&lines);
    dm_model_close(model);
    return status;
}

// ---- The command ----------------------------------------------------------------------------------------------------

int info_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    cJSON *json = NULL;
    const bool experts = dm_options_flag(options, "experts");
    const char *folder = dm_options_text(options, "model", 0);
    const bool prepared = !experts && has_file(folder, "prepared.json");
    const int length = (int)dm_options_number(options, "length");
    dm_status status = experts    ? describe_experts(&json, options, &error)
                       : prepared ? describe_prepared(&json, folder, &error)
                                  : describe(&json, folder, length, &error);
    if (!status && dm_options_flag(options, "json")) {
        char *text = cJSON_Print(json);
        puts(text);
        cJSON_free(text);
    } else if (!status) {
        (experts ? info_draw_experts : prepared ? info_draw_prepared : info_draw)(json);
    }
    cJSON_Delete(json);
    return status ? complain(status, &error) : close_output(stdout);
}
