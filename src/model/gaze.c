// Where a model's attention to the source is looked at, if nobody says otherwise.
#include "model/model.h"

Gaze dm_usual_gaze(const ModelConfig *config)
{
    const int layers = config->architecture->source_attention(config).layers;
    return (Gaze){.layer = layers > 1 ? layers - 1 : layers};
}
