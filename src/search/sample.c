// Sampling: the next piece is drawn, not searched for.
#include "search/lots.h"
#include "search/stepwise.h"

// From the start, which all samples share, each draws its first piece; later each has a slot of its own.
static void choose(Stepwise *s, Sentence *sentence, const Scores *scores)
{
    const int draws = s->length == 1 ? s->width : sentence->open;
    Lots *lots = s->own;
    for (int i = 0; i < draws; i++) {
        const int slot = s->length == 1 ? sentence->first : sentence->first + i;
        const int sample = s->length == 1 ? i : s->now.sample[slot];
        const float *row = dm_row(scores->rows, slot);
        dm_lots_weigh(lots, row, scores->rows->cols);
        if (!lots->count) {
            dm_stepwise_cut_off(s, sentence, slot);
            continue;
        }
        Random random = dm_lots_random(s->job, sentence->index, sample, s->length);
        const int id = dm_lots_draw(lots, dm_random_uniform(&random));
        const double total = s->now.total[slot] + (double)row[id];
        const Candidate drawn = {total, total, row[id], slot, id};
        if (dm_search_ends(s->job, id))
            dm_stepwise_end(s, sentence, &drawn);
        else
            dm_stepwise_continue(s, &drawn, sample);
    }
}

static bool run(Graph *g, const SearchJob *job, Found *found)
{
    static const Manner manner = {.choose = choose, .whole_rows = true};
    Lots lots = dm_lots(g->arena, job);
    const int samples = job->options->n_best > 1 ? job->options->n_best : 1;
    return dm_stepwise_run(g, &(Stepwise){.job = job, .manner = &manner, .width = samples, .own = &lots}, found);
}

static bool is_wanted(const SearchJob *job)
{
    return job->options->sampling != DM_NO_SAMPLING;
}

const Strategy dm_sample_strategy = {"sample", is_wanted, run};
