// The options of score: the metrics, how they cut and compare text, and the tests of significance.
#include "catalogue/catalogue.h"
#include "score/score.h"

// clang-format off
const OptionRow dm_rows_scoring[] = {
    {DM_SCORE, &(const Option){.name = "metrics", .aliases = "m", .type = DM_CHOICE, .values_min = 1, .values_max = 8,
     .initial = "bleu", .choice = dm_measure_choice, .argument = "NAME ...",
     .help = "what to compute."}},
    {DM_SCORE, &(const Option){.name = "tok", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "13a",
     .choice = dm_tokenizer_choice, .argument = "NAME", .needs = "metrics=bleu",
     .help = "how BLEU cuts text into words; zh for Chinese and char for other languages without spaces between words, "
             "which are taken by themselves where most of the references is in such a script; none for text that is in "
             "words already"}},
    {DM_SCORE, &(const Option){.name = "lowercase", .aliases = "lc", .type = DM_FLAG,
     .needs = "metrics=bleu,chrf,exact,wer,cer",
     .help = "compare without regard to case, as TER always does"}},
    {DM_SCORE, &(const Option){.name = "chrf-word-order", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 2, .argument = "N", .needs = "metrics=chrf",
     .help = "longest n-grams of words that chrF counts beside those of characters; 2 is chrF++"}},
    {DM_SCORE, &(const Option){.name = "confidence", .type = DM_FLAG,
     .help = "also print the mean of bootstrap resamples and half the width of their 95% interval. Resamples are drawn "
             "otherwise than sacreBLEU draws them, so that these figures agree with its within chance, not to the "
             "digit"}},
    {DM_SCORE, &(const Option){.name = "confidence-n", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1000", .low = 2,
     .high = 1000000, .argument = "N", .needs = "confidence",
     .help = "resamples of --confidence"}},
    {DM_SCORE, &(const Option){.name = "paired-bs", .type = DM_FLAG,
     .help = "compare each system with the first by paired bootstrap resampling: is the difference more than chance?"}},
    {DM_SCORE, &(const Option){.name = "paired-bs-n", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1000", .low = 2,
     .high = 1000000, .argument = "N", .needs = "paired-bs",
     .help = "resamples of --paired-bs"}},
    {DM_SCORE, &(const Option){.name = "paired-ar", .type = DM_FLAG,
     .help = "the same by approximate randomization: translations are exchanged at random between the two"}},
    {DM_SCORE, &(const Option){.name = "paired-ar-n", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "10000", .low = 2,
     .high = 1000000, .argument = "N", .needs = "paired-ar",
     .help = "exchanges of --paired-ar"}},
    {DM_SCORE, &(const Option){.name = "seed", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "12345", .low = 0,
     .high = 999999999999999, .argument = "N", .needs = "confidence|paired-bs|paired-ar",
     .help = "of the random numbers of these tests: the same seed gives the same figures"}},
    {DM_SCORE, &(const Option){.name = "json", .type = DM_FLAG,
     .help = "print JSON with sacreBLEU's keys"}},
    {0, NULL},
};
