// The same model, with a search that decodes all pieces anew for every one that comes.
#pragma once
#include "model/model.h"

void dm_bench_forget(Model *model);  // for one model at a time
