// The table of objectives.
#include <string.h>

#include "train/objectives/objective.h"

const Objective *const dm_objectives[] = {
    &dm_teacher_forcing, &dm_scheduled_sampling, &dm_minimum_risk, &dm_self_critical, &dm_masked, NULL};

const Objective *dm_objective(const char *name)
{
    for (int i = 0; dm_objectives[i]; i++)
        if (strcmp(dm_objectives[i]->name, name) == 0) return dm_objectives[i];
    return NULL;
}

Choice dm_objective_choice(int index)
{
    const Objective *objective = dm_objectives[index];
    return objective ? (Choice){objective->name, objective->about} : (Choice){0};
}
