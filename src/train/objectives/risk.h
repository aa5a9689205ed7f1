// The settings of training on the metric (minimum_risk.c), as options say them.
#pragma once
#include "options/options.h"
#include "score/tokenize.h"
#include "text/segmenter.h"

typedef struct RiskSettings {
    int cost;  // of dm_risk_cost_choice
    int candidates;
    bool from_beam;
    double sharpness, mix;
    const Segmenter *segmenter;
    const Tokenizer *tokenizer;  // of BLEU
} RiskSettings;

Choice dm_risk_cost_choice(int index);
Choice dm_risk_candidates_choice(int index);
// What is usual with the candidates that were chosen is filled in. DM_USAGE where options do not go together.
Status dm_risk_of_options(RiskSettings *risk, dm_options *options, Error *error);

// Of candidates with these sharpened log probabilities (each up to the same constant) and costs: their shares Q, which
// add up to 1, and the expected cost R, which is returned. slope [n] (or NULL): dR / d log_probabilities.
double dm_expected_cost(int n, const double *log_probabilities, const double *costs, double *slope);
