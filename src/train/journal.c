// What a run says of itself. A line is printed and written to train.jsonl at once; the file is synced with a
// checkpoint, which remembers its length.
#include "train/journal.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cjson.h"
#include "core/memory.h"
#include "core/observer.h"
#include "core/scope.h"
#include "folder/folder_files.h"
#include "model/parts.h"
#include "train/heads.h"
#include "train/run.h"

static void close_stream(void *stream)
{
    fclose(stream);
}

Status dm_journal_open(Journal *journal, const char *folder, long bytes, Error *error)
{
    journal->path = dm_folder_path(folder, DM_LOG_FILE);
    journal->stream = fopen(journal->path, "ab");
    if (journal->stream) dm_guard(close_stream, journal->stream);
    struct stat info;
    if (!journal->stream) return dm_fail(error, "cannot write %s: %s", journal->path, strerror(errno));
    if (fstat(fileno(journal->stream), &info) != 0 ||
        (info.st_size > bytes && ftruncate(fileno(journal->stream), bytes) != 0))
        return dm_fail(error, "cannot cut %s to where the run stands: %s", journal->path, strerror(errno));
    return DM_OK;
}

Status dm_journal_sync(Journal *journal, long *bytes, Error *error)
{
    struct stat info;
    int file = fileno(journal->stream);
    if (fflush(journal->stream) != 0 || fsync(file) != 0 || fstat(file, &info) != 0)
        return dm_fail(error, "cannot write %s: %s", journal->path, strerror(errno));
    *bytes = (long)info.st_size;
    return DM_OK;
}

void dm_journal_close(Journal *journal)
{
    if (journal->stream) {
        dm_unguard(journal->stream);
        fclose(journal->stream);
    }
    dm_free(journal->path);
    *journal = (Journal){0};
}

// Writes the object as one line, and deletes it. Of ranks, the first alone has a journal.
static Status write_event(Journal *journal, cJSON *event, Error *error)
{
    char *text = journal->stream ? cJSON_PrintUnformatted(event) : NULL;
    cJSON_Delete(event);
    if (!text) return DM_OK;
    bool good = fprintf(journal->stream, "%s\n", text) > 0 && fflush(journal->stream) == 0;
    int reason = errno;
    cJSON_free(text);
    return good ? DM_OK : dm_fail(error, "cannot write %s: %s", journal->path, strerror(reason));
}

static cJSON *new_event(const Run *run, const char *kind)
{
    cJSON *event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "event", kind);
    cJSON_AddNumberToObject(event, "epoch", run->state.epoch);
    cJSON_AddNumberToObject(event, "update", (double)run->state.update);
    return event;
}

// Six figures say all there is to say; JSON has no word for what is not finite.
static void add_figure(cJSON *event, const char *name, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.6g", value);
    cJSON_AddRawToObject(event, name, isfinite(value) ? text : "null");
}

void dm_say(const Run *run, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    dm_observer_line(run->observer, line);
}

// 250 seconds -> "4m10s"
static const char *duration(double seconds, char text[32])
{
    long s = isfinite(seconds) && seconds < 1e9 ? lround(seconds) : 0;
    if (s >= 3600)
        snprintf(text, 32, "%ldh%02ldm", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(text, 32, "%ldm%02lds", s / 60, s % 60);
    else
        snprintf(text, 32, "%lds", s);
    return text;
}

// From the share of the run that this session has done, and the time it took.
static double seconds_left(const Run *run)
{
    if (run->settings.after.unit == 's') return fmax(run->settings.after.amount - run->state.seconds, 0);
    double fraction = dm_run_fraction(run), done = fraction - run->first_fraction;
    return done > 0 ? (run->state.seconds - run->first_seconds) * (1 - fraction) / done : 0;
}

static double per_token(const Shown *shown, double sum)
{
    return sum / (double)(shown->count ? shown->count : 1);
}

static double speed(const Shown *shown)
{
    return shown->seconds > 0 ? (double)shown->count / shown->seconds : 0;
}

// {"embeddings": 0.1, "encoder.0": 0.2, ...}: their squares add up to that of the whole gradient.
static void add_norms_of_layers(cJSON *event, const Run *run)
{
    const Parameters *p = &run->model->parameters;
    cJSON *squares = cJSON_CreateObject(), *norms = cJSON_AddObjectToObject(event, "gradient_norms");
    const cJSON *layer;
    for (int i = 0; i < p->count; i++) {
        if (p->list[i].kind != DM_TRAINED) continue;
        const Name name = dm_layer_of(&p->list[i]);
        cJSON *sum = cJSON_GetObjectItemCaseSensitive(squares, name.text);
        if (!sum) sum = cJSON_AddNumberToObject(squares, name.text, 0);
        sum->valuedouble += run->squares[i];
    }
    cJSON_ArrayForEach(layer, squares) add_figure(norms, layer->string, sqrt(layer->valuedouble));
    cJSON_Delete(squares);
}

// Of the update that was just made: what each router sent where, and of all of them how far that is from even (the
// busiest expert, in times its even share), and how undecided they are.
static void add_loads(cJSON *event, const Run *run)
{
    const ExpertLoads *loads = &run->workers.loads;
    if (!loads->routers) return;
    cJSON *routers = cJSON_AddArrayToObject(event, "routers");
    double busiest = 0, entropy = 0;
    for (int i = 0; i < loads->routers; i++) {
        cJSON *router = cJSON_CreateObject();
        cJSON_AddStringToObject(router, "layer", dm_router_layer(dm_router_bias(&run->model->parameters, i)).text);
        cJSON *list = cJSON_AddArrayToObject(router, "load");
        for (int e = 0; e < loads->experts; e++) {
            const double load = dm_expert_load(loads, i, e);
            cJSON_AddItemToArray(list, cJSON_CreateNumber(round(1e4 * load) / 1e4));
            busiest = fmax(busiest, load * loads->experts);
        }
        add_figure(router, "entropy", dm_router_entropy(loads, i));
        entropy += dm_router_entropy(loads, i) / loads->routers;
        cJSON_AddItemToArray(routers, router);
    }
    add_figure(event, "busiest_expert", busiest);
    add_figure(event, "router_entropy", entropy);
}

Status dm_report_update(Run *run, Error *error)
{
    RunState *state = &run->state;
    Shown *shown = &state->shown;
    double cost = per_token(shown, shown->nll), rate = dm_learn_rate(&run->settings.schedule, state->update);
    char sentences[32], left[32];
    dm_say(run, "Ep. %d : Up. %ld : Sen. %s : Cost %.2f : PPL %.1f : %.0f words/s : gNorm %.2f : L.r. %.1e : ETA %s",
           state->epoch, state->update, dm_with_commas((size_t)state->sentences, sentences), cost, exp(cost),
           speed(shown), shown->norm, rate, duration(seconds_left(run), left));
    cJSON *event = new_event(run, "train");
    cJSON_AddNumberToObject(event, "sentences", (double)state->sentences);
    add_figure(event, "cost", cost);
    add_figure(event, "objective", per_token(shown, shown->objective));
    add_figure(event, "ppl", exp(cost));
    add_figure(event, "target_tokens_per_second", speed(shown));
    add_figure(event, "gradient_norm", shown->norm);
    add_norms_of_layers(event, run);
    add_figure(event, "learn_rate", rate);
    add_figure(event, "seconds", state->seconds);
    add_loads(event, run);
    run->recent = *shown;
    *shown = (Shown){.norm = shown->norm};
    state->shown_at = state->seconds;
    return write_event(&run->journal, event, error);
}

void dm_report_progress(const Run *run)
{
    const RunState *state = &run->state;
    const Shown *shown = state->shown.count ? &state->shown : &run->recent;
    char line[160], left[32];
    int length = snprintf(line, sizeof line, "%.1f%% : Ep. %d : Up. %ld", 100 * dm_run_fraction(run), state->epoch,
                          state->update);
    if (shown->count)
        length += snprintf(line + length, sizeof line - (size_t)length, " : Cost %.2f : %.0f words/s",
                           per_token(shown, shown->nll), speed(shown));
    snprintf(line + length, sizeof line - (size_t)length, " : ETA %s", duration(seconds_left(run), left));
    dm_observer_progress(run->observer, line);
}

static Status report_samples(Run *run, const Validation *v, Error *error)
{
    Status status = DM_OK;
    for (int i = 0; i < v->samples && !status; i++) {
        dm_say(run, "  source     : %s", v->source[i]);
        dm_say(run, "  reference  : %s", v->reference[i]);
        dm_say(run, "  hypothesis : %s", v->hypothesis[i]);
        cJSON *event = new_event(run, "sample");
        cJSON_AddStringToObject(event, "source", v->source[i]);
        cJSON_AddStringToObject(event, "reference", v->reference[i]);
        cJSON_AddStringToObject(event, "hypothesis", v->hypothesis[i]);
        status = write_event(&run->journal, event, error);
    }
    return status;
}

Status dm_report_validation(Run *run, const Validation *v, Error *error)
{
    const RunState *state = &run->state;
    const Best *best = &state->best[0];
    cJSON *event = new_event(run, "valid");
    for (int i = 0; i < v->metrics; i++) {
        char standing[80] = "";
        if (i == 0 && best->update == state->update)
            snprintf(standing, sizeof standing, " : new best");
        else if (i == 0 && !best->update)
            snprintf(standing, sizeof standing, " : no best yet");
        else if (i == 0)
            snprintf(standing, sizeof standing, " : stalled %ld time%s (last best: %.5g)", best->stalled,
                     dm_plural((size_t)best->stalled), best->value);
        dm_say(run, "Ep. %d : Up. %ld : %s : %.5g%s", state->epoch, state->update, v->metric[i]->name, v->value[i],
               standing);
        add_figure(event, v->metric[i]->name, v->value[i]);
    }
    cJSON_AddBoolToObject(event, "epoch_done", state->position >= run->plan.updates);
    add_figure(event, "best", best->update ? best->value : NAN);
    cJSON_AddNumberToObject(event, "stalled", (double)best->stalled);
    add_figure(event, "seconds", state->seconds);
    Status status = write_event(&run->journal, event, error);
    return status ? status : report_samples(run, v, error);
}

Status dm_report_heads(Run *run, const FoundHeads *found, Error *error)
{
    const AlignmentHeads *heads = &found->heads;
    char list[256] = "", links[32];
    for (int i = 0, length = 0; i < heads->head_count && length < 200; i++)
        length += snprintf(list + length, sizeof list - (size_t)length, "%s%d", i ? ", " : "", heads->heads[i]);
    dm_say(run,
           "Alignment: decoder layer %d, head%s %s (from 0), shift %d : agreement with the lexicon %.1f%% of %s links",
           heads->layer, dm_plural((size_t)heads->head_count), list, heads->shift, 100 * found->agreement,
           dm_with_commas((size_t)found->links, links));
    cJSON *event = new_event(run, "alignment");
    cJSON_AddNumberToObject(event, "layer", heads->layer);
    cJSON_AddItemToObject(event, "heads", cJSON_CreateIntArray(heads->heads, heads->head_count));
    cJSON_AddNumberToObject(event, "shift", heads->shift);
    add_figure(event, "agreement", found->agreement);
    add_figure(event, "mass", found->mass);
    cJSON_AddNumberToObject(event, "links", (double)found->links);
    return write_event(&run->journal, event, error);
}

Status dm_report_change(Run *run, const cJSON *change, Error *error)
{
    static const char *const keys[] = {"option", "from", "to"};
    const char *text[3];
    cJSON *event = new_event(run, "change");
    for (int i = 0; i < 3; i++) {
        text[i] = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(change, keys[i]));
        cJSON_AddStringToObject(event, keys[i], text[i]);
    }
    dm_say(run, "Up. %ld : --%s : %s until here, %s from here on", run->state.update, text[0], text[1], text[2]);
    return write_event(&run->journal, event, error);
}

Status dm_report_anew(Run *run, const char *why, Error *error)
{
    dm_say(run, "Up. %ld : what was the best until here is forgotten: %s", run->state.update, why);
    cJSON *event = new_event(run, "anew");
    cJSON_AddStringToObject(event, "reason", why);
    return write_event(&run->journal, event, error);
}

Status dm_report_note(Run *run, Error *error, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dm_say(run, "%s", text);
    cJSON *event = new_event(run, "note");
    cJSON_AddStringToObject(event, "text", text);
    return write_event(&run->journal, event, error);
}

Status dm_report_end(Run *run, const char *kept, const char *reason, Error *error)
{
    const RunState *state = &run->state;
    char sentences[32], time[32];
    dm_say(run, "Done: %s, after %ld update%s, %.4g epochs, %s sentence%s, %s", reason, state->update,
           dm_plural((size_t)state->update), dm_run_epochs(run), dm_with_commas((size_t)state->sentences, sentences),
           dm_plural((size_t)state->sentences), duration(state->seconds, time));
    dm_say(run, "%s/%s: %s", run->settings.folder, dm_folder_rows[DM_WEIGHTS_FILE].name, kept);
    cJSON *event = new_event(run, "end");
    cJSON_AddStringToObject(event, "reason", reason);
    cJSON_AddStringToObject(event, "kept", kept);
    add_figure(event, "seconds", state->seconds);
    return write_event(&run->journal, event, error);
}
