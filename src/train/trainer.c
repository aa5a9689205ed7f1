// dm_train: the loop, and what happens at its end.
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/scope.h"
#include "train/checkpoint.h"
#include "train/diverged.h"
#include "train/heads.h"
#include "train/ranks.h"

// What an update has to know of the time before it, to tell what is due.
typedef struct Before {
    double epochs;
    long update;
} Before;

// Did this update step over a multiple of the frequency? Where that is a time: is it long enough since `last`?
static bool due(const Run *run, const Duration *frequency, const Before *before, double last)
{
    double every = frequency->amount;
    if (every <= 0) return false;
    if (frequency->unit == 's') return run->state.seconds - last >= every;
    double from = frequency->unit == 'e' ? before->epochs : (double)before->update;
    return floor(dm_run_measure(run, frequency->unit) / every) > floor(from / every);
}

// ---- An update --------------------------------------------------------------------------------------------------

// Experts that had much to do in this update are to be chosen less often in the next (--balance bias).
static void even_out_loads(Run *run, long update)
{
    Parameters *p = &run->model->parameters;
    if (run->terms.balance_rate <= 0) return;
    dm_expert_loads_even_out(&run->workers.loads, p, run->terms.balance_rate);
    for (int router = 0; router < run->workers.loads.routers; router++)
        dm_optimizer_follow(&run->optimizer, p, dm_router_bias(p, router), update);
}

// Forward and backward through the shards of the next --optimizer-delay batches, and a step of the optimizer. Whether
// the update is shown is settled before the step, for only then does it look at the norms of single layers.
static Status update_once(Run *run, const Before *before, Error *error)
{
    RunState *state = &run->state;
    const RunSettings *s = &run->settings;
    const Plan *plan = &run->plan;
    double clock = dm_clock();
    long update = state->update + 1;
    int last = state->position + s->delay < plan->updates ? state->position + s->delay : plan->updates;
    ShardRange range = {dm_run_corpus(run), plan, plan->update_start[state->position], plan->update_start[last]};
    Loss loss = dm_shards_train(&run->workers, &range, update, &run->optimizer);
    if (!dm_is_cost(&loss)) return dm_run_diverged(run, update, &range, error);
    state->update = update;
    state->position = last;
    state->sentences += plan->shard_start[range.last] - plan->shard_start[range.first];
    state->seconds = dm_run_seconds(run);
    run->shows = due(run, &s->show, before, state->shown_at);
    Step step = {dm_learn_rate(&s->schedule, update), s->clip_norm, loss.count ? loss.count : 1, update,
                 run->shows ? run->squares : NULL};
    StepResult result = dm_optimizer_step(&run->optimizer, &run->model->parameters, &step);
    if (!isfinite(result.gradient_norm)) return dm_run_diverged(run, update, &range, error);

    even_out_loads(run, update);
    state->seconds = dm_run_seconds(run);
    const double copies = run->terms.copies;
    state->shown.objective += loss.objective / copies;
    state->shown.nll += loss.nll / copies;
    state->shown.count += loss.count / run->terms.copies;
    state->shown.seconds += dm_clock() - clock;
    state->shown.norm = result.gradient_norm;
    return DM_OK;
}

// Validates weights other than those being trained: the two change places for that time.
static bool validate_these(Run *run, float *weights, Validation *validation)
{
    Parameters *p = &run->model->parameters;
    bool done = false;
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < p->size; i++) {
            float kept = p->data[i];
            p->data[i] = weights[i];
            weights[i] = kept;
        }
        if (turn == 0) done = dm_validate(run->validator, &run->workers, validation);
    }
    return done;
}

static Status validate(Run *run, Error *error)
{
    RunState *state = &run->state;
    Validation validation;
    const bool done = run->optimizer.average ? validate_these(run, run->optimizer.average, &validation)
                                             : dm_validate(run->validator, &run->workers, &validation);
    if (!done) return DM_STOPPED;
    state->owes_validation = false;
    state->seconds = dm_run_seconds(run);
    state->validated_update = state->update;
    state->validated_at = state->seconds;
    if (dm_best_update(state->best, &validation, state->update)) state->kept_update = state->update;
    Status status = dm_report_validation(run, &validation, error);
    dm_validation_free(&validation);
    return status ? status : dm_checkpoint_save(run, error);
}

// Lines, validation and checkpoints.
static Status do_what_is_due(Run *run, const Before *before, Error *error)
{
    const RunSettings *s = &run->settings;
    RunState *state = &run->state;
    Status status = DM_OK;
    if (run->shows) status = dm_report_update(run, error);
    if (!status && s->average && state->position >= run->plan.updates) status = dm_epoch_save(run, error);
    state->owes_validation = run->validator && due(run, &s->validate, before, state->validated_at);
    if (!status && state->owes_validation) status = validate(run, error);
    if (!status && due(run, &s->save, before, state->saved_at) && state->saved_update != state->update)
        status = dm_checkpoint_save(run, error);
    return status;
}

// ---- The end ----------------------------------------------------------------------------------------------------

// Puts the average of the last epochs into model.safetensors; the run's own weights stay as they are.
// *kept: what to say of it, or "" where no epoch has been completed.
static Status keep_average(Run *run, char kept[512], Error *error)
{
    int count = 0;
    float *average = dm_allocate(run->model->parameters.size, sizeof(float));
    Status status = dm_epochs_average(run, average, &count, error);
    kept[0] = '\0';
    if (status || !count) goto done;
    int length = snprintf(kept, 512, "the average of the last %d epoch checkpoint%s (--average %d)", count,
                          dm_plural((size_t)count), run->settings.average);
    Validation validation;
    if (run->validator && !validate_these(run, average, &validation)) status = DM_STOPPED;
    if (run->validator && !status) {
        length +=
            snprintf(kept + length, 512 - (size_t)length, ": %s %.5g", validation.metric[0]->name, validation.value[0]);
        const Best *best = &run->state.best[0];
        if (best->update)
            length += snprintf(kept + length, 512 - (size_t)length,
                               "; the best single checkpoint, of update %ld, has %.5g", best->update, best->value);
        const double gain = validation.value[0] - best->value;
        if (best->update && (validation.metric[0]->falls ? gain > 0 : gain < 0))
            snprintf(kept + length, 512 - (size_t)length,
                     ", which is better: try fewer epochs, as dragoman average --last 1");
        dm_validation_free(&validation);
    }
    if (!status) status = dm_checkpoint_model(run, average, error);
done:
    dm_free(average);
    return status;
}

static void why_it_ends(const Run *run, char reason[160])
{
    if (dm_run_stalled(run))
        snprintf(reason, 160, "no better %s in %ld validations (--early-stopping)",
                 dm_options_text(run->options, "valid-metrics", 0), run->state.best[0].stalled);
    else
        snprintf(reason, 160, "--after %s is reached", dm_options_text(run->options, "after", 0));
}

// By any metric of the validation that ended it; where there is none, who can tell?
static bool is_improving(const Run *run)
{
    bool best = !run->validator;
    for (int i = 0; i < DM_MOST_METRICS; i++)
        best = best || (run->state.best[i].update && run->state.best[i].update == run->state.update);
    return best;
}

// A run that ends before the peak of its warm-up, or soon after, has learnt little yet: what would help it?
static Status advise(Run *run, Error *error)
{
    const RunSettings *s = &run->settings;
    const long update = run->state.update, peak = s->schedule.warmup;
    const bool near_peak = peak > 0 && 4 * update <= 5 * peak;
    if (!near_peak || !is_improving(run)) return DM_OK;
    char longer[128];
    if (dm_run_stalled(run))
        snprintf(longer, sizeof longer, "go on with more patience (--early-stopping %ld)", 3 * s->patience);
    else
        snprintf(longer, sizeof longer, "go on for longer (--after %.0f%c%s)",
                 ceil(s->after.amount * 5 * (double)peak / (double)update), s->after.unit,
                 dm_schedule_ends(s->schedule.kind) ? " --change" : "");
    return dm_report_note(
        run, error,
        "The learning rate was %s after the %ld update%s of --lr-warmup, and this run ended after %ld, "
        "still getting better: %s, or begin anew with a shorter warm-up (--lr-warmup %ld)",
        update < peak ? "to be at its highest" : "at its highest", peak, dm_plural((size_t)peak), update, longer,
        update / 5 > 0 ? update / 5 : 1);
}

static bool looks_at_source(const Run *run)
{
    return run->model->architecture->source_attention(&run->model->config).layers > 0;
}

// Of model.safetensors as it is from now on.
static Status keep_heads(Run *run, Error *error)
{
    const Status status = dm_run_leads(run) ? dm_heads_keep(run, error) : DM_OK;
    if (status && status != DM_STOPPED) return status;
    return dm_exchange_any(run->exchange, status == DM_STOPPED) ? DM_STOPPED : DM_OK;
}

static Status finish_run(Run *run, Error *error)
{
    RunState *state = &run->state;
    Status status = DM_OK;
    char kept[512] = "", reason[160];
    if (run->validator && state->validated_update != state->update)
        status = validate(run, error);
    else if (state->saved_update != state->update)
        status = dm_checkpoint_save(run, error);
    if (!status && run->settings.average) status = keep_average(run, kept, error);
    if (!status && run->settings.average && !*kept)
        dm_say(run, "--average %d has averaged nothing: no epoch came to its end", run->settings.average);
    if (!status && run->validator && looks_at_source(run)) status = keep_heads(run, error);
    if (status) return status;
    if (!*kept && state->best[0].update)
        snprintf(kept, sizeof kept, "the best checkpoint, of update %ld: %s %.5g", state->best[0].update,
                 dm_options_text(run->options, "valid-metrics", 0), state->best[0].value);
    else if (!*kept)
        snprintf(kept, sizeof kept, "the last checkpoint, of update %ld (%s)", state->update,
                 run->validator ? "no validation found anything good in any" : "there was no validation to choose by");
    why_it_ends(run, reason);
    status = advise(run, error);
    state->seconds = dm_run_seconds(run);
    if (!status) status = dm_report_end(run, kept, reason, error);
    state->complete = true;
    return status ? status : dm_checkpoint_save(run, error);
}

// ---- dm_train ---------------------------------------------------------------------------------------------------

// BLEU of text that was cut in another way than usual is another figure, and is easily taken for the usual one.
static void say_tokenizer(const Run *run)
{
    const char *tok = run->validator ? dm_validator_tok(run->validator) : NULL;
    if (!tok || dm_options_given(run->options, "valid-tok")) return;
    if (strcmp(tok, "none") == 0)
        dm_say(run, "bleu is of the words as the validation text has them (tok:none): not to be compared with BLEU of "
                    "plain text");
    else if (strcmp(tok, "zh") == 0)
        dm_say(run, "The validation text is Chinese, so bleu takes --valid-tok zh");
    else if (strcmp(tok, "char") == 0)
        dm_say(run, "The validation text has no spaces between words, so bleu takes --valid-tok char");
}

static void say_what_begins(const Run *run)
{
    const RunState *state = &run->state;
    const ModelConfig *c = &run->model->config;
    const char *what = !run->text.alone ? "pair" : run->corpus.cut ? "window" : "line";
    const Name labels = run->labels
                            ? dm_name(", %d label%s", c->target_vocabulary, dm_plural((size_t)c->target_vocabulary))
                            : dm_name("%s", "");
    const Name ranks =
        dm_ranks(run->exchange) > 1 ? dm_name("%d ranks of ", dm_ranks(run->exchange)) : dm_name("%s", "");
    dm_say(run, "%s in %s: %d %s%s, %d pieces%s, %.2f million weights; %s%d thread%s, %s",
           run->resumed ? "Going on" : "Training", run->settings.folder, run->corpus.pairs, what,
           dm_plural((size_t)run->corpus.pairs), run->labels ? c->source_vocabulary : c->target_vocabulary, labels.text,
           1e-6 * (double)run->model->parameters.size, ranks.text, run->settings.threads,
           dm_plural((size_t)run->settings.threads), run->gemm->name);
    say_tokenizer(run);
    if (run->resumed) dm_say(run, "From update %ld, in epoch %d", state->update, state->epoch);
}

static void say_complete(const Run *run)
{
    char reason[160];
    why_it_ends(run, reason);
    dm_say(run, "%s: this run is complete after %ld update%s: %s. To go on with it, give a larger %s%s",
           run->settings.folder, run->state.update, dm_plural((size_t)run->state.update), reason,
           dm_run_stalled(run) ? "--early-stopping" : "--after",
           !dm_run_stalled(run) && dm_run_needs_end(run) ? " with --change" : "");
}

// A run that goes on makes good what a kill between the files of the last checkpoint has left undone, says what is
// other than it was, and validates where it was stopped in that.
static Status go_on(Run *run, Error *error)
{
    run->state.complete = false;
    Status status = dm_checkpoint_keep(run, error);
    if (!status) status = dm_run_record(run, error);
    if (!status && run->state.owes_validation && run->validator) status = validate(run, error);
    return status;
}

// Where --after is a time and the learning rate is to be 0 at its end, the speed so far says how many updates it is.
// That holds from then on, on whatever machine the run goes on, and so it is in a checkpoint before anything comes of
// it.
static Status settle_end(Run *run, Error *error)
{
    const double minute = 60, time = run->settings.after.amount, left = time - run->state.seconds,
                 measured = run->state.seconds - run->first_seconds, enough = time / 10 < minute ? time / 10 : minute;
    if (run->state.schedule_end || run->settings.after.unit != 's' || !dm_run_needs_end(run)) return DM_OK;
    if (measured < enough && left > 0) return DM_OK;
    const double speed = (double)(run->state.update - run->first_update) / measured;
    run->state.schedule_end = run->settings.schedule.end =
        run->state.update + (left > 0 ? (long)ceil(left * speed) : 0);
    Status status = dm_report_note(run, error,
                                   "%.3g updates a second: --after %s is %ld update%s from here on, and the "
                                   "learning rate is 0 at the last",
                                   speed, dm_options_text(run->options, "after", 0), run->state.schedule_end,
                                   dm_plural((size_t)run->state.schedule_end));
    return status ? status : dm_checkpoint_save(run, error);
}

// To the end of the run, or DM_STOPPED.
static Status train(Run *run, Error *error)
{
    Status status = run->resumed ? go_on(run, error) : DM_OK;
    if (!status) status = dm_ranks_record(run, error);
    run->first_seconds = dm_run_seconds(run);
    run->first_update = run->state.update;
    run->first_fraction = dm_run_fraction(run);
    while (!status && !dm_run_finished(run)) {
        dm_run_plan(run);
        Before before = {dm_run_epochs(run), run->state.update};
        status = update_once(run, &before, error);
        if (!status) status = settle_end(run, error);
        if (!status) status = do_what_is_due(run, &before, error);
        if (!status) dm_report_progress(run);
        if (!status && dm_exchange_any(run->exchange, dm_stop_asked(&run->stop))) status = DM_STOPPED;
    }
    return status ? status : finish_run(run, error);
}

// What is stopped in the middle of something has not done it: it is done when the run goes on.
static Status leave(Run *run, Error *error)
{
    Status status = DM_OK;
    if (run->state.saved_update != run->state.update) status = dm_checkpoint_save(run, error);
    if (!status)
        dm_say(run,
               "Stopped after update %ld; everything is saved. To go on: the same command again, or dragoman train "
               "--model %s",
               run->state.update, run->settings.folder);
    return status;
}

static Status train_as_said(const dm_options *options, const dm_observer *observer, Exchange *exchange, bool *stopped,
                            Error *error)
{
    Run run;
    bool anything;
    Status status = dm_run_open(&run, &anything, options, observer, exchange, error);
    *stopped = status == DM_STOPPED;
    if (*stopped) {
        dm_say(&run, "Stopped before the first update: %s is as it was", dm_options_text(options, "model", 0));
        status = DM_OK;
    } else if (!status && !anything) {
        if (dm_run_leads(&run)) say_complete(&run);
    } else if (!status) {
        say_what_begins(&run);
        status = train(&run, error);
        *stopped = status == DM_STOPPED;
        if (*stopped) status = leave(&run, error);
    }
    *stopped = *stopped && !status;
    dm_run_close(&run);
    return status;
}

static Status train_in_scope(const dm_options *options, const dm_observer *observer, Exchange *exchange, bool *stopped,
                             Error *error)
{
    Status status;
    DM_SCOPE(status, error, train_as_said(options, observer, exchange, stopped, error));
    return status;
}

dm_status dm_train(const dm_options *options, const dm_observer *observer, bool *stopped, dm_error *error)
{
    bool has_stopped = false;
    Error why;
    Exchange *exchange;
    Status status = dm_exchange_open(&exchange, dm_options_number(options, "rank-timeout"), &why);
    if (!status) status = train_in_scope(options, observer, exchange, &has_stopped, &why);
    status = dm_exchange_close(exchange, status, &why);
    if (stopped) *stopped = has_stopped && !status;
    if (status && error) *error = why;
    return status;
}
