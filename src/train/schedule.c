// The learning rate as a function of the update n: a linear rise over the warm-up w, then
//   constant: peak,  inv-sqrt: peak sqrt(w / n) (Vaswani et al. 2017, section 5.3),
//   linear and cosine: from peak at w to 0 at the end; while nobody knows where that is, the peak.
#include <math.h>
#include <string.h>

#include "train/optimizer.h"

bool dm_schedule_ends(const char *kind)
{
    return !strcmp(kind, "linear") || !strcmp(kind, "cosine");
}

double dm_learn_rate(const Schedule *s, long update)
{
    double n = (double)update, warmup = (double)s->warmup;
    if (update < s->warmup) return s->peak * n / warmup;
    if (!strcmp(s->kind, "inv-sqrt")) return s->peak * sqrt((s->warmup ? warmup : 1) / n);
    if (!strcmp(s->kind, "constant") || !s->end) return s->peak;
    double length = (double)(s->end - s->warmup);
    double done = length > 0 ? (n - warmup) / length : 1;
    if (done > 1) done = 1;
    return s->peak * (strcmp(s->kind, "linear") == 0 ? 1 - done : 0.5 * (1 + cos(done * acos(-1.0))));
}
