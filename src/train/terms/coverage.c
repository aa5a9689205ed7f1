// Coverage (See et al. 2017, "Get to the point: summarization with pointer-generator networks", equations 10, 12 and
// 13): what a piece looks at is not to be what those before it have looked at, so that nothing is said twice,
//   loss = weight * sum_i sum_j min(a_ij, c_ij),  c_ij = sum over the pieces i' before i of a_i'j
// That attention reads c beforehand (their equation 11) is not among this: it is a term, for any attention there is.
// They add it for the last updates alone (--change --add-loss coverage).
#include "train/terms/term.h"

// Of one source piece. The slope by a_ij: 1 where a_ij is the less, and 1 more for each later piece whose c is the
// less, which grows with it.
static double cover(const TermInput *in, int sequence, int j, double weight)
{
    const int rows = in->view->queries.length[sequence];
    double all = 0, sum = 0, later = 0;
    for (int i = 0; i < rows; i++) all += dm_seen(in->view, in->gaze.head, sequence, i, j);
    for (int i = rows - 1; i >= 0; i--) {
        const double a = dm_seen(in->view, in->gaze.head, sequence, i, j);
        all -= a;  // from here on what those before i have seen of it
        dm_send_back(in->view, in->gaze.head, sequence, i, j, weight * (later + (a < all)));
        later += a >= all;
        sum += a < all ? a : all;
    }
    return weight * sum;
}

static double add(const TermInput *in, double weight)
{
    double sum = 0;
    for (int s = 0; s < in->view->queries.n; s++)
        for (int j = 0; j < in->view->keys.length[s]; j++) sum += cover(in, s, j, weight);
    return sum;
}

const Term dm_coverage = {.name = "coverage",
                          .about = "no piece is to look where those before it have looked (See et al. 2017)",
                          .usual = "1",
                          .copies = 1,
                          .looks = true,
                          .add = add};
