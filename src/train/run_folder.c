// The folder of a run, from the lock to the moment at which what the run has made stands in it.
#include <unistd.h>

#include "core/files.h"
#include "data/inputs.h"
#include "folder/draft.h"
#include "folder/folder.h"
#include "folder/folder_files.h"
#include "folder/folder_guard.h"
#include "train/checkpoint.h"
#include "train/ranks.h"

static Status check_pretrained(const Run *run, Error *error)
{
    const char *start = dm_options_text(run->options, "pretrained-model", 0);
    if (!start) return DM_OK;
    if (!dm_is_folder(start))
        return dm_fail(error, "%s is not a folder: --pretrained-model needs a model folder", start);
    if (dm_is_same_file(start, run->settings.folder))
        return dm_misuse(error,
                         "--pretrained-model and --model are the same folder, %s: give the new model a folder of its "
                         "own",
                         start);
    return DM_OK;
}

Status dm_run_say_missing(const Run *run, Error *error)
{
    const Error missing = *error;
    return dm_fail(error, "%.1500s: %s", missing.message,
                   dm_run_leads(run) ? "the run goes on with the text that it was begun with: say where that is now"
                                     : "every rank reads it itself, under the same name, so copy that of rank 0 to "
                                       "all machines");
}

Status dm_run_check_inputs(const Run *run, Error *error)
{
    const char *const inputs[] = {
        "train-sets", "tsv", "valid-sets", "valid-tsv", dm_run_links_itself(run) ? NULL : "guided-alignment", NULL};
    const dm_options *o = run->options;
    if (!dm_options_count(o, "train-sets") && !dm_options_count(o, "tsv") && !run->prepared.folder)
        return dm_options_missing(o, "train-sets", error);
    if (!run->resumed && dm_options_flag(o, "change"))
        return dm_misuse(error, "--change is for a run that goes on, and there is none in %s: leave it out",
                         dm_options_text(o, "model", 0));
    Status status = dm_inputs_check(o, inputs, error);
    if (status == DM_FAILURE && (run->resumed || !dm_run_leads(run))) return dm_run_say_missing(run, error);
    return status || run->resumed ? status : check_pretrained(run, error);
}

Status dm_run_claim_folder(Run *run, Error *error)
{
    const char *folder = run->settings.folder;
    FolderContent content = DM_FOLDER_FREE;
    run->made_folder = !dm_exists(folder);
    Status status = dm_folder_lock(&run->lock, folder, "train", error);
    bool installed = false;
    if (!status) status = dm_draft_settle(&installed, folder, error);
    if (installed && !status)
        dm_say(run, "%s: the run that was about to begin there when it was interrupted is in its place now", folder);
    bool overwrite = dm_options_flag(run->options, "overwrite");
    if (!status) status = overwrite ? dm_folder_check_ours(folder, error) : dm_folder_inspect(&content, folder, error);
    run->resumed = content == DM_FOLDER_BEGUN;
    if (status || run->resumed) return status;
    status = dm_draft_make(&run->draft, folder, error);
    run->settings.folder = run->draft;
    return status;
}

// The first checkpoint and the configuration, with which the draft is whole; it then takes the place of what was there.
Status dm_run_install(Run *run, Error *error)
{
    const char *folder = dm_options_text(run->options, "model", 0);
    Status status = dm_journal_open(&run->journal, run->draft, 0, error);
    if (!status) status = dm_checkpoint_save(run, error);
    dm_journal_close(&run->journal);
    if (!status) status = dm_config_write(&run->model->config, run->extra, run->draft, error);
    if (!status) status = dm_draft_install(folder, error);
    if (!status) run->settings.folder = folder;
    return status;
}

// A run that could not begin leaves the folder as it was: no draft, and where nothing of a run stands, no lock and no
// folder of its making. (A draft that is whole was being installed, and is left to the next command.)
void dm_run_abandon(Run *run)
{
    const char *folder = dm_options_text(run->options, "model", 0);
    if (run->lock < 0) return;
    if (run->draft && !dm_folder_has(run->draft, DM_CONFIG_FILE)) dm_draft_remove(folder);
    if (run->resumed || dm_folder_has(folder, DM_CONFIG_FILE)) return;
    dm_folder_unlock(&run->lock, folder);
    if (run->made_folder) rmdir(folder);
}
