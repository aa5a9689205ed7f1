// Objectives: how a shard is run, from the example to gradients. An objective is a file of this folder and a row of
// dm_objectives.
#pragma once
#include "data/examples.h"
#include "model/model.h"
#include "train/objectives/risk.h"
#include "train/objectives/scheduled_sampling.h"
#include "train/terms/term.h"

typedef struct ShardRun {
    Graph *graph;  // recording, or not: then the shard is only evaluated, and nothing is added to the loss
    const Model *model;
    const Example *example;
    float smoothing;  // of labels
    const ChosenTerms *terms;
    const ScheduledSampling *sampling;  // of the objective of this name; others do not look
    const RiskSettings *risk;           // of those that train on a metric
    int unknown;                        // piece, which stands for one that is masked
} ShardRun;

typedef struct Objective {
    const char *name, *about;
    Writing writing;  // of the models that it trains
    // Where the graph records, dm_backward comes next. A copy of the graph that does not record may look at what the
    // model says beforehand.
    Loss (*run)(const ShardRun *shard);
} Objective;

extern const Objective dm_teacher_forcing, dm_scheduled_sampling, dm_minimum_risk, dm_self_critical, dm_masked, dm_all_paths;
extern const Objective *const dm_objectives[];    // ends with NULL
const Objective *dm_objective(const char *name);  // NULL: no such name
const Objective *dm_usual_objective(Writing writing);  // of models that write so
Choice dm_objective_choice(int index);
