// What a model costs, part by part: parameters, and the products of a piece.
#pragma once
#include "model/model.h"

// Adds "operations" and "parts" of sentences of `length` pieces (0: 20) to what is described of the model, of which the
// parameters need be declared alone.
Status dm_costs_add(cJSON *json, const Model *model, int length, Error *error);
