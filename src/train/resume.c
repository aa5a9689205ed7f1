// A run that goes on: what its folder has recorded holds where the call says nothing else, and what is other than it
// was is said, written into train.jsonl, and recorded from then on.
#include <string.h>

#include "core/json.h"
#include "core/memory.h"
#include "folder/folder.h"
#include "folder/folder_files.h"
#include "train/checkpoint.h"
#include "train/ranks.h"

// Of a call of the program, not of the run.
static const char *const of_a_call[] = {"model", "overwrite", "change", "quiet", NULL};

// Standard input was read once, and is not there again by itself.
static Status check_standard_input(const Run *run, const char *option, Error *error)
{
    for (int i = 0; i < dm_options_count(run->options, option); i++)
        if (strcmp(dm_options_text(run->options, option, i), "-") == 0)
            return dm_misuse(error,
                             "%s: the run there was begun with text from standard input (--%s -): give it that again, "
                             "or a file",
                             run->settings.folder, option);
    return DM_OK;
}

Status dm_run_recall(Run *run, Error *error)
{
    static const char *const texts[] = {"train-sets", "tsv", "valid-sets", "valid-tsv", "guided-alignment"};
    const char *folder = run->settings.folder;
    bool given[DM_COUNT(texts)];
    for (size_t i = 0; i < DM_COUNT(texts); i++) given[i] = dm_options_given(run->options, texts[i]);
    char *path = dm_folder_path(folder, DM_CONFIG_FILE), *recalled = NULL;
    JsonFile file;
    Status status = dm_json_open(&file, path, error);
    const cJSON *record = cJSON_GetObjectItemCaseSensitive(dm_json_find(&file, "dragoman"), "training");
    if (!status) status = dm_options_recall(run->options, record, of_a_call, folder, &recalled, error);
    if (!status && *recalled) dm_say(run, "%s: not given, so as the run has it: %s", folder, recalled);
    for (size_t i = 0; i < DM_COUNT(texts) && !status; i++)
        if (!given[i]) status = check_standard_input(run, texts[i], error);
    dm_json_close(&file);
    dm_free(recalled);
    dm_free(path);
    return status;
}

bool dm_run_changes(const Run *run, const char *option)
{
    const cJSON *change;
    cJSON_ArrayForEach(change, run->changes)
    {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(change, "option")), option) == 0) return true;
    }
    return false;
}

// What was the best by one text or metric is not to be compared with what comes by another.
void dm_run_judge_anew(Run *run, long valid_text)
{
    RunState *state = &run->state;
    const char *why = NULL;
    if (state->valid_text && state->valid_text != valid_text)
        why = valid_text ? "the validation text is another one" : "there is no validation text any more";
    else if (dm_run_changes(run, "valid-metrics") || dm_run_changes(run, "valid-tok") ||
             dm_run_changes(run, "keep-best"))
        why = "the validation looks for something else";
    state->valid_text = valid_text;
    if (!why) return;
    memset(state->best, 0, sizeof state->best);
    run->anew = why;
}

static Status report_changes(Run *run, Error *error)
{
    Status status = DM_OK;
    const cJSON *change;
    cJSON_ArrayForEach(change, run->changes)
    {
        if (!status) status = dm_report_change(run, change, error);
    }
    if (!status && run->anew) status = dm_report_anew(run, run->anew, error);
    return status;
}

Status dm_run_record(Run *run, Error *error)
{
    cJSON *now = dm_options_json(run->options, true);
    const bool same = cJSON_Compare(now, cJSON_GetObjectItemCaseSensitive(run->extra, "training"), true);
    const bool reported = dm_exchange_any(run->exchange, run->anew || cJSON_GetArraySize(run->changes));
    Status status = report_changes(run, error);
    if (!status && reported) status = dm_checkpoint_save(run, error);  // the log as far as this belongs to it
    if (!status && !same && dm_run_leads(run)) return dm_config_store(run->settings.folder, "training", now, error);
    cJSON_Delete(now);
    return status;
}
