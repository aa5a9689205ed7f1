// The results of several systems, as sacreBLEU lays them out.
#pragma once
#include "tools.h"

// metrics: those of dm_compare with these options, metric_count of each system. names: [system_count].
typedef struct ScoreTable {
    const dm_options *options;
    const char **names;
    const dm_metric *metrics;
    int system_count, metric_count;
} ScoreTable;

void score_table_print(const ScoreTable *table);  // with what the p-values mean, and the signatures
void score_table_print_json(const ScoreTable *table);
