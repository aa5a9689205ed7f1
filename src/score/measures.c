// The table of measures.
#include <string.h>

#include "score/score.h"

const MeasureRow dm_measures[] = {
    {"bleu", "matches of runs of 1 to 4 words (Papineni et al. 2002)", dm_bleu_measure},
    {"chrf", "F-score of runs of 1 to 6 characters (Popović 2015)", dm_chrf_measure},
    {"ter", "edits and moves of phrases by words of the reference, less is better (Snover et al. 2006)",
     dm_ter_measure},
    {"exact", "lines that are equal to a reference", dm_exact_measure},
    {"wer", "edits by words of the reference, less is better", dm_wer_measure},
    {"cer", "the same by characters", dm_cer_measure},
    {"accuracy", "labels, word by word, that are the reference's", dm_accuracy_measure},
    {"f1",
     "of labels the mean of precision and recall: where they are B-, I-, E-, S- and O, of entities, all together, as "
     "conlleval and seqeval count them; else of each label, and the mean of these",
     dm_f1_measure},
    {"aer", "wrong links of words, by the reference's sure and possible ones, less is better (Och and Ney 2003)",
     dm_aer_measure},
    {.name = NULL},
};

const MeasureRow *dm_measure_of(const char *name)
{
    for (const MeasureRow *row = dm_measures; row->name; row++)
        if (strcmp(row->name, name) == 0) return row;
    return NULL;
}

Choice dm_measure_choice(int index)
{
    return (Choice){dm_measures[index].name, dm_measures[index].about};
}
