// What a model learns from, and what a search therefore begins with.
#include "model/model.h"

const ExampleKind *const dm_only_pairs[] = {&dm_pairs, NULL};

const ExampleKind *dm_examples_of(const ModelConfig *config)
{
    return config->examples ? config->examples : config->architecture->examples[0];
}

bool dm_is_text_model(const ModelConfig *config)
{
    return dm_examples_of(config)->sides == 1;
}

int dm_first_read(const ModelConfig *config, Tokens source, int sentence)
{
    const int length = source.spans.length[sentence];
    const bool goes_on = dm_is_text_model(config) && length;
    return goes_on ? source.ids[source.spans.start[sentence] + length - 1] : config->decoder_start;
}
