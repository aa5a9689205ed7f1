// The table of objectives.
#include <string.h>

#include "train/objectives/objective.h"

const Objective *const dm_objectives[] = {
    &dm_teacher_forcing, &dm_scheduled_sampling, &dm_minimum_risk, &dm_self_critical, &dm_masked, &dm_all_paths, NULL};

const Objective *dm_objective(const char *name)
{
    for (int i = 0; dm_objectives[i]; i++)
        if (strcmp(dm_objectives[i]->name, name) == 0) return dm_objectives[i];
    return NULL;
}

const Objective *dm_usual_objective(Writing writing)
{
    int i = 0;
    while (dm_objectives[i]->writing != writing) i++;
    return dm_objectives[i];
}

Choice dm_objective_choice(int index)
{
    const Objective *objective = dm_objectives[index];
    return objective ? (Choice){objective->name, objective->about} : (Choice){0};
}
