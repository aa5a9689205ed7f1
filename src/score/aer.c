// Alignment error rate, of texts whose lines are word links (text/links.h). With A the links of the hypothesis, S the
// sure ones of the reference and P these and its possible ones (Och and Ney 2003, "A systematic comparison of various
// statistical alignment models", eq. 20):
//   AER = 100 * (1 - (|A and S| + |A and P|) / (|A| + |S|))
// A link of the hypothesis counts whether it is sure or possible there.
#include "core/memory.h"
#include "score/score.h"
#include "text/links.h"

enum { SURE_FOUND, POSSIBLE_FOUND, LINKS, SURE, WIDTH };  // statistics: |A and S|, |A and P|, |A|, |S|

static Status check(const Measure *measure, const char *line, Error *error)
{
    (void)measure;
    LinkedPairs pairs = {0};
    Status status = dm_links_parse(&pairs, line, error);
    dm_links_free(&pairs);
    return status;
}

static bool is_before(const Link *a, const Link *b)
{
    return a->source != b->source ? a->source < b->source : a->target < b->target;
}

static void count(const Measure *measure, const Comparison *comparison, size_t line, double *statistics)
{
    (void)measure;
    LinkedPairs pairs = {0};
    dm_links_parse(&pairs, comparison->hypotheses[line], NULL);
    dm_links_parse(&pairs, comparison->references[0][line], NULL);
    const Links found = dm_links_of(&pairs, 0), wanted = dm_links_of(&pairs, 1);
    statistics[LINKS] = found.count;
    for (int k = 0; k < wanted.count; k++) statistics[SURE] += !wanted.link[k].possible;
    for (int i = 0, k = 0; i < found.count && k < wanted.count;) {
        const Link *a = &found.link[i], *b = &wanted.link[k];
        const bool a_first = is_before(a, b), b_first = is_before(b, a);
        if (!a_first && !b_first) {
            statistics[POSSIBLE_FOUND]++;
            statistics[SURE_FOUND] += !b->possible;
        }
        i += !b_first;
        k += !a_first;
    }
    dm_links_free(&pairs);
}

static double score(const Measure *measure, const double *sums)
{
    (void)measure;
    const double all = sums[LINKS] + sums[SURE];
    return all > 0 ? 100 * (1 - (sums[SURE_FOUND] + sums[POSSIBLE_FOUND]) / all) : 0;
}

static double share(double part, double all)
{
    return all > 0 ? 100 * part / all : 100;
}

static char *verbose(const Measure *measure, const double *sums)
{
    (void)measure;
    return dm_format("(precision = %.1f recall = %.1f links = %.0f sure = %.0f)",
                     share(sums[POSSIBLE_FOUND], sums[LINKS]), share(sums[SURE_FOUND], sums[SURE]), sums[LINKS],
                     sums[SURE]);
}

Measure dm_aer_measure(MeasureSettings settings)
{
    return (Measure){.name = "AER",
                     .width = WIDTH,
                     .check = check,
                     .count = count,
                     .score = score,
                     .verbose = verbose,
                     .settings = settings};
}
