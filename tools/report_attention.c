// The attention of one run: for each sample sentence the mean over all heads with its pieces, then every head of every
// layer as a small picture that opens into a large one.
#include <stdlib.h>
#include <string.h>

#include "report.h"

typedef struct Kind {
    const char *id, *title, *rows, *columns;
    bool open;
} Kind;

// What the maps of one kind have at their sides.
typedef struct Sides {
    const char *const *rows, *const *columns;
} Sides;

static const float *map_at(const dm_attention_maps *maps, int layer, int head)
{
    return maps->weights + (size_t)(layer * maps->heads + head) * (size_t)maps->rows * (size_t)maps->columns;
}

static void put_mean(FILE *page, const dm_attention_maps *maps, const char *id, const Sides *sides)
{
    const size_t cells = (size_t)maps->rows * (size_t)maps->columns;
    const int heads = maps->layers * maps->heads;
    float *mean = report_allocate(cells, sizeof(float));
    for (int h = 0; h < heads; h++)
        for (size_t i = 0; i < cells; i++) mean[i] += maps->weights[(size_t)h * cells + i] / (float)heads;
    const HeatMap map = {id, mean, maps->rows, maps->columns, sides->rows, sides->columns};
    fprintf(page, "<figure class=\"mean\"><figcaption>mean of all %d heads</figcaption><div class=\"scroll\">", heads);
    fprintf(page, "<span class=\"away\">");
    report_cells(page, &map);
    fprintf(page, "</span>");
    report_labelled(page, &map);
    fprintf(page, "</div></figure>\n");
    free(mean);
}

static void put_heads(FILE *page, const dm_attention_maps *maps, const char *id, const Sides *sides)
{
    fprintf(page, "<div class=\"layers\">\n");
    for (int layer = 0; layer < maps->layers; layer++) {
        fprintf(page, "<div class=\"layer\"><h5>layer %d</h5><div class=\"heads\">\n", layer + 1);
        for (int head = 0; head < maps->heads; head++) {
            char *own = report_format("%s-%d-%d", id, layer + 1, head + 1);
            const HeatMap map = {own,           map_at(maps, layer, head), maps->rows, maps->columns, sides->rows,
                                 sides->columns};
            fprintf(page, "<details class=\"head\"><summary>");
            report_cells(page, &map);
            fprintf(page, "<span>head %d</span></summary><div class=\"scroll\">\n", head + 1);
            report_labelled(page, &map);
            fprintf(page, "</div></details>\n");
            free(own);
        }
        fprintf(page, "</div></div>\n");
    }
    fprintf(page, "</div>\n");
}

static void put_kind(FILE *page, const Kind *kind, const dm_attention_maps *maps, const char *sentence,
                     const Sides *sides)
{
    if (!maps->layers) return;
    char *id = report_format("%s-%s", sentence, kind->id), *mean = report_format("%s-mean", id);
    fprintf(page, "<details class=\"kind\"%s><summary>%s <span class=\"note\">rows: %s; columns: %s</span></summary>\n",
            kind->open ? " open" : "", kind->title, kind->rows, kind->columns);
    fprintf(page, "<div class=\"maps\">\n");
    put_mean(page, maps, mean, sides);
    put_heads(page, maps, id, sides);
    fprintf(page, "</div></details>\n");
    free(id);
    free(mean);
}

void report_attention(FILE *page, const Run *run, int index)
{
    static const Kind cross = {"cross", "Cross-attention", "the piece that is written", "the source piece looked at",
                               true},
                      encoder = {"encoder", "Encoder self-attention", "the source piece that looks",
                                 "the source piece looked at", false},
                      decoder = {"decoder", "Decoder self-attention", "the piece that is written",
                                 "what was written before it", false};
    for (int i = 0; i < run->attended_count; i++) {
        const dm_attended *seen = &run->attended[i];
        const char *const *source = (const char *const *)seen->source, *const *target =
                                                                           (const char *const *)seen->target;
        const char **before = report_allocate((size_t)seen->target_pieces, sizeof *before);
        before[0] = "start";
        for (int j = 1; j < seen->target_pieces; j++) before[j] = target[j - 1];
        char *sentence = report_format("a%d-%d", index + 1, i + 1);
        fprintf(page, "<article class=\"sentence\"><p class=\"pair\"><span dir=\"auto\">");
        report_text(page, run->attended_line[i]);
        fprintf(page, "</span> <span class=\"arrow\">→</span> <span dir=\"auto\">");
        report_text(page, seen->text);
        fprintf(page, "</span></p>\n");
        put_kind(page, &cross, &seen->cross, sentence, &(Sides){target, source});
        put_kind(page, &encoder, &seen->encoder, sentence, &(Sides){source, source});
        put_kind(page, &decoder, &seen->decoder, sentence, &(Sides){target, before});
        fprintf(page, "</article>\n");
        free(sentence);
        free(before);
    }
}
