// The table of objectives.
#include <string.h>

#include "train/objectives/objective.h"

const Objective *const dm_objectives[] = {&dm_teacher_forcing, NULL};

const Objective *dm_objective(const char *name)
{
    for (int i = 0; dm_objectives[i]; i++)
        if (strcmp(dm_objectives[i]->name, name) == 0) return dm_objectives[i];
    return NULL;
}

const char *dm_objective_name(int index)
{
    return dm_objectives[index] ? dm_objectives[index]->name : NULL;
}

const char *dm_objective_about(int index)
{
    return dm_objectives[index]->about;
}
