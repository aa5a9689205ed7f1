// The table that dragoman info --experts prints: a line for every expert, with its share as a bar and the pieces that
// it gets most often.
#include <math.h>
#include <stdio.h>

#include "info.h"
#include "json_values.h"
#include "numbers.h"

enum { BAR = 20, MOST_PIECES = 8 };

// As many blocks as it has of twice the even share.
static void print_bar(double share, double even)
{
    const int full = (int)lround(fmin(BAR, BAR * share / (2 * even)));
    for (int i = 0; i < BAR; i++) fputs(i < full ? "█" : "░", stdout);
}

static void draw_expert(const cJSON *expert, int number, double even)
{
    const cJSON *pieces = json_find(expert, "pieces"), *piece;
    const double share = json_number(expert, "share");
    int shown = 0;
    printf("  %3d%7.1f%%  ", number, 100 * share);
    print_bar(share, even);
    cJSON_ArrayForEach(piece, pieces)
    {
        if (shown++ == MOST_PIECES) break;
        printf(" %s", json_string(piece, "piece"));
    }
    putchar('\n');
}

void info_draw_experts(const cJSON *json)
{
    const cJSON *router, *expert;
    cJSON_ArrayForEach(router, json_find(json, "routers"))
    {
        const cJSON *experts = json_find(router, "experts");
        const int count = cJSON_GetArraySize(experts);
        int number = 0;
        printf("%s%s: %s piece%s, entropy %.2f of at most %.2f\n", router->prev->next ? "\n" : "",
               json_string(router, "layer"), grouped_of(router, "tokens").text, plural(json_number(router, "tokens")),
               json_number(router, "entropy"), log(count));
        cJSON_ArrayForEach(expert, experts) draw_expert(expert, number++, 1.0 / count);
    }
    printf("\nexpert, share of the choices (half a bar is an even one), and its most frequent pieces\n");
}
