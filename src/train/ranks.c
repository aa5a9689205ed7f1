// Joining a run, and finding out whether all ranks would do the same: a rank that has other text, another version or
// another processor is found before the first update.
#include "train/ranks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/scope.h"
#include "folder/folder.h"
#include "folder/folder_files.h"

bool dm_run_leads(const Run *run)
{
    return dm_rank(run->exchange) == 0;
}

// ---- Options and files ----------------------------------------------------------------------------------------------

typedef struct Opening {
    bool anything;
    size_t options;                // bytes that follow
    size_t file[DM_FOLDER_FILES];  // the same of each file, and one more; 0: there is none, or it is not sent
} Opening;

static bool is_sent(FolderFile file)
{
    return file <= DM_SPECIAL_TOKENS_FILE && file != DM_WEIGHTS_FILE;
}

static Status send_opening(Run *run, bool anything, Error *error)
{
    Opening opening = {.anything = anything};
    char *files[DM_FOLDER_FILES] = {0};
    cJSON *json = dm_options_hand_over(run->options);
    char *options = cJSON_PrintUnformatted(json);
    opening.options = strlen(options) + 1;
    Status status = DM_OK;
    for (int i = 0; i < DM_FOLDER_FILES && anything && !status; i++) {
        if (!is_sent((FolderFile)i) || !dm_folder_has(run->settings.folder, (FolderFile)i)) continue;
        char *path = dm_folder_path(run->settings.folder, (FolderFile)i);
        status = dm_read_file(path, &files[i], &opening.file[i], error);
        opening.file[i]++;  // with the NUL
        dm_free(path);
    }
    if (status) return status;
    dm_exchange_broadcast(run->exchange, &opening, sizeof opening);
    dm_exchange_broadcast(run->exchange, options, anything ? opening.options : 0);
    for (int i = 0; i < DM_FOLDER_FILES; i++) dm_exchange_broadcast(run->exchange, files[i], opening.file[i]);
    for (int i = 0; i < DM_FOLDER_FILES; i++) dm_free(files[i]);
    cJSON_free(options);
    cJSON_Delete(json);
    return DM_OK;
}

// They are removed when all is read, and before if it comes to nothing.
static void leave_own_folder(void *folder)
{
    for (int i = 0; i < DM_FOLDER_FILES; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", (char *)folder, dm_folder_rows[i].name);
        if (is_sent((FolderFile)i)) unlink(path);
    }
    rmdir(folder);
}

static Status make_own_folder(Run *run, Error *error)
{
    const char *temporary = getenv("TMPDIR");
    char *folder = dm_format("%s/dragoman-rank-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (!mkdtemp(folder)) return dm_fail(error, "cannot make the folder %s", folder);
    dm_guard(leave_own_folder, folder);
    run->settings.folder = run->own_folder = folder;
    return DM_OK;
}

Status dm_ranks_join(Run *run, bool *anything, Error *error)
{
    Opening opening;
    dm_exchange_broadcast(run->exchange, &opening, sizeof opening);
    *anything = opening.anything;
    if (!opening.anything) return DM_OK;
    char *options = dm_allocate(opening.options, 1);
    dm_exchange_broadcast(run->exchange, options, opening.options);
    cJSON *json = cJSON_Parse(options);
    dm_options_take_over(run->options, json, "cpu-threads");
    cJSON_Delete(json);
    dm_free(options);
    Status status = make_own_folder(run, error);
    for (int i = 0; i < DM_FOLDER_FILES && !status; i++) {
        if (!opening.file[i]) continue;
        char *bytes = dm_allocate(opening.file[i], 1), *path = dm_folder_path(run->own_folder, (FolderFile)i);
        dm_exchange_broadcast(run->exchange, bytes, opening.file[i]);
        status = dm_write_file(path, bytes, opening.file[i] - 1, error);
        dm_free(bytes);
        dm_free(path);
    }
    run->resumed = true;
    return status;
}

// ---- What they work on ----------------------------------------------------------------------------------------------

// What has to be the same everywhere.
typedef struct Sameness {
    long text, valid_text, links;
    long shards;
    uint64_t gradients;  // of the first shard: products, libraries, the processor
} Sameness;

// The gradients of the first shard of the plan, with the weights as they are: where they are the same to the bit, all
// that goes into them is.
static uint64_t hash_of_gradients(Run *run)
{
    const Plan *plan = &run->plan;
    const Lanes *lanes = &run->optimizer.lanes;
    const ShardRange range = {dm_run_corpus(run), plan, 0, plan->shards};
    float *gradients = lanes->lane[lanes->first];
    if (!plan->shards) return DM_HASH;
    dm_shard_again(&run->workers, &range, run->state.update + 1, 0, gradients, NULL);
    const uint64_t hash = dm_hash_floats(DM_HASH, gradients, lanes->size);
    memset(gradients, 0, lanes->size * sizeof *gradients);
    return hash;
}

// Rank 0 finds the first that differs and says so: then the others hear of it.
static const char *difference(const Sameness *one, const Sameness *other)
{
    if (one->text != other->text)
        return "reads another text to learn from than rank 0: every rank reads it itself, under the same name, so copy "
               "that of rank 0 to all machines";
    if (one->valid_text != other->valid_text)
        return "reads another validation text than rank 0: copy that of rank 0 to all machines";
    if (one->links != other->links)
        return "reads other links than rank 0: copy the file of --guided-alignment to all machines";
    if (one->shards != other->shards || one->gradients != other->gradients)
        return "computes other numbers than rank 0 from the same weights and sentences, for its processor or a library "
               "is another one: the result would depend on who does what. Take machines of one kind, or have OpenBLAS "
               "take the same kernels on all of them (--gemm openblas, and OPENBLAS_CORETYPE in the environment)";
    return NULL;
}

static void check_sameness(Run *run, const Sameness *own)
{
    const int ranks = dm_ranks(run->exchange);
    Sameness *all = dm_allocate((size_t)ranks, sizeof *all);
    all[dm_rank(run->exchange)] = *own;
    dm_exchange_gather_each(run->exchange, all, sizeof *all);
    for (int i = 1; i < ranks && dm_run_leads(run); i++) {
        const char *what = difference(&all[i], &all[0]);
        if (what) dm_give_up(dm_format("%s %s", dm_rank_name(run->exchange, i), what));
    }
    dm_free(all);
}

// State, weights, their average and moments, from rank 0 to the others. Before the first update moments are zero.
static void share_state(Run *run)
{
    Parameters *p = &run->model->parameters;
    Optimizer *o = &run->optimizer;
    const RunState *state = &run->state;
    check_sameness(run, &(Sameness){.text = state->text, .valid_text = state->valid_text, .links = state->links});
    dm_exchange_broadcast(run->exchange, &run->state, sizeof run->state);
    dm_exchange_broadcast(run->exchange, p->data, p->size * sizeof *p->data);
    if (o->average) dm_exchange_broadcast(run->exchange, o->average, p->size * sizeof *o->average);
    for (int i = 0; i < 2 && o->adam; i++) {
        if (state->update) dm_slices_deal(&o->slices, run->moments[i], i ? o->second : o->first);
        dm_free(run->moments[i]);
        run->moments[i] = NULL;
    }
}

void dm_ranks_receive(Run *run)
{
    share_state(run);
}

void dm_ranks_leave(Run *run)
{
    if (!run->own_folder) return;
    dm_unguard(run->own_folder);
    leave_own_folder(run->own_folder);
    dm_free(run->own_folder);
    run->own_folder = NULL;
    run->settings.folder = dm_options_text(run->options, "model", 0);
}

void dm_ranks_begin(Run *run)
{
    check_sameness(run, &(Sameness){.shards = run->plan.shards, .gradients = hash_of_gradients(run)});
    dm_exchange_broadcast(run->exchange, &run->resumed, sizeof run->resumed);  // to the others, all runs went on
    run->joined = true;
    dm_ranks_leave(run);
}

Status dm_ranks_share(Run *run, bool anything, Error *error)
{
    if (!run->exchange) return DM_OK;
    const Status status = send_opening(run, anything, error);
    if (status || !anything) return status;
    share_state(run);
    dm_ranks_begin(run);
    return DM_OK;
}

Status dm_ranks_record(const Run *run, Error *error)
{
    const char *before = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->extra, "ranks"));
    const int ranks = dm_ranks(run->exchange), threads = run->settings.threads;
    const Name now = dm_name("%d of %d thread%s", ranks, threads, dm_plural((size_t)threads));
    if (!dm_run_leads(run) || (!before && ranks == 1) || (before && strcmp(before, now.text) == 0)) return DM_OK;
    return dm_config_store(run->settings.folder, "ranks", cJSON_CreateString(now.text), error);
}
