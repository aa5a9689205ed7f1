// Statistics: what is added to a lane, and what comes of its sum.
#include "tensor/running_statistics.h"

size_t dm_lane_size(const Parameters *parameters)
{
    return dm_parameters_of_kind(parameters, DM_TRAINED) + 2 * dm_parameters_of_kind(parameters, DM_STATISTIC);
}

void dm_statistic_add(Graph *g, const Tensor *statistic, const float *mean, int rows)
{
    float *sum = dm_gradient(g, statistic);
    for (int j = 0; sum && j < statistic->cols; j++) {
        sum[j] += (float)rows * mean[j];
        sum[g->statistics + (size_t)j] += (float)rows;
    }
}

void dm_statistics_follow(const Parameters *p, float *sum)
{
    float *running = p->data + p->trained_size, *rows = sum + p->statistic_size;
    for (size_t i = 0; i < p->statistic_size; i++) {
        if (rows[i] > 0) running[i] += DM_STATISTIC_SHARE * (sum[i] / rows[i] - running[i]);
        sum[i] = rows[i] = 0;
    }
}
