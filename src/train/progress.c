// Where a run stands: the plan of its epoch, how much is done, and whether it is at its end.
#include "train/run.h"

void dm_run_plan(Run *run)
{
    RunState *state = &run->state;
    if (run->plan_epoch == state->epoch && state->position >= run->plan.updates) {
        state->epoch++;
        state->position = 0;
    }
    if (run->plan_epoch == state->epoch) return;
    dm_plan_free(&run->plan);
    PlanBudget *budget = &run->settings.budget;
    budget->epoch = (uint32_t)state->epoch;
    if (run->noise) {
        dm_corpus_free(&run->noisy);
        dm_corpus_noisy(&run->noisy, &run->corpus,
                        &(CorpusNoise){.noise = run->noise,
                                       .seed = budget->seed,
                                       .epoch = budget->epoch,
                                       .max_length = (int)dm_options_number(run->options, "max-length"),
                                       .threads = run->settings.threads});
    }
    dm_plan_make(&run->plan, dm_run_corpus(run), budget);
    run->plan_epoch = state->epoch;
}

const Corpus *dm_run_corpus(const Run *run)
{
    return run->noise ? &run->noisy : &run->corpus;
}

double dm_run_epochs(const Run *run)
{
    return run->state.epoch - 1 + (run->plan.updates ? (double)run->state.position / run->plan.updates : 0);
}

double dm_run_measure(const Run *run, char unit)
{
    return unit == 'e' ? dm_run_epochs(run) : unit == 'u' ? (double)run->state.update : run->state.seconds;
}

bool dm_run_stalled(const Run *run)
{
    return run->validator && run->settings.patience > 0 && run->state.best[0].stalled >= run->settings.patience;
}

bool dm_run_needs_end(const Run *run)
{
    return dm_schedule_ends(run->settings.schedule.kind);
}

// How much of --after is done. A time at whose end the learning rate is to be 0 is as many updates, once they are
// known.
static double done(const Run *run)
{
    const Duration *after = &run->settings.after;
    const bool counts_updates = after->unit == 's' && run->state.schedule_end && dm_run_needs_end(run);
    if (counts_updates) return (double)run->state.update / (double)run->state.schedule_end;
    return after->amount > 0 ? dm_run_measure(run, after->unit) / after->amount : 1;
}

bool dm_run_finished(const Run *run)
{
    return dm_run_stalled(run) || done(run) >= 1;
}

double dm_run_fraction(const Run *run)
{
    const double fraction = done(run);
    return fraction < 1 ? fraction : 1;
}

// Whatever time decides, all ranks decide alike.
double dm_run_seconds(const Run *run)
{
    double seconds = dm_clock() - run->started;
    dm_exchange_broadcast(run->exchange, &seconds, sizeof seconds);
    return seconds;
}

const float *dm_run_weights(const Run *run)
{
    return run->optimizer.average ? run->optimizer.average : run->model->parameters.data;
}
