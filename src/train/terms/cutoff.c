// Cutoff (Shen et al. 2020, "A simple but tough-to-beat data augmentation approach for natural language understanding
// and generation", section 3): of a sentence's second copy, pieces are cut off (train/blotting.h), and what the two
// copies say is to be alike:
//   loss = (CE(p) + CE(q)) / 2 + weight * D(p, q),  q of the copy that is cut
// D is R-Drop's (KL(p || q) + KL(q || p)) / 2. The paper has the Jensen-Shannon divergence, which is a quarter of it
// where the two are close. The losses of both copies are summed, and divided by the rows of both: so the term counts
// twice.
#include "train/terms/term.h"

static double add(const TermInput *in, double weight)
{
    return dm_r_drop.add(in, weight);
}

const Term dm_cutoff = {.name = "cutoff",
                        .about =
                            "what is made of a sentence is to be alike with pieces of it cut off (Shen et al. 2020)",
                        .usual = "1",
                        .copies = 2,
                        .add = add};
