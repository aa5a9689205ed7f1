// The table of objectives.
#include "train/objectives/objective.h"

#include <stddef.h>

const Objective *const dm_objectives[] = {&dm_teacher_forcing, NULL};
