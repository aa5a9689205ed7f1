// Outlines: what encoder-decoders have in common.
#include "model/outline.h"

#include <stdio.h>

#include "core/error.h"
#include "model/ahead.h"

cJSON *dm_outline(const char *text)
{
    cJSON *outline = cJSON_CreateObject();
    cJSON_AddStringToObject(outline, "text", text);
    return outline;
}

void dm_outline_add(cJSON *outline, cJSON *part)
{
    cJSON *parts = cJSON_GetObjectItemCaseSensitive(outline, "parts");
    cJSON_AddItemToArray(parts ? parts : cJSON_AddArrayToObject(outline, "parts"), part);
}

static void add_table(cJSON *list, int pieces, int width, const char *users, const char *rest)
{
    char text[256], number[32];
    snprintf(text, sizeof text, "embedding %s x %d of %s%s", dm_with_commas((size_t)pieces, number), width, users,
             rest);
    cJSON_AddItemToArray(list, dm_outline(text));
}

cJSON *dm_outline_of_embeddings(const ModelConfig *c, const char *rest)
{
    cJSON *list = cJSON_CreateArray();
    if (c->shared_embeddings) {
        add_table(list, c->source_vocabulary, c->width,
                  c->tied_output ? "source, target and output" : "source and target", rest);
    } else {
        add_table(list, c->source_vocabulary, c->width, "source", rest);
        if (c->architecture->labels(c)) return list;
        add_table(list, c->target_vocabulary, c->width, c->tied_output ? "target and output" : "target", rest);
    }
    return list;
}

cJSON *dm_outline_of_output(const ModelConfig *c)
{
    char text[160], number[32];
    snprintf(text, sizeof text, "output %d - %s%s%s", c->width, dm_with_commas((size_t)c->target_vocabulary, number),
             c->tied_output ? ", by the embedding of the target" : "", c->biases == DM_BIASES ? ", plus bias" : "");
    cJSON *outline = dm_outline(text);
    if (dm_outputs[c->output]->copies)
        dm_outline_add(
            outline,
            dm_outline(
                dm_name("or a piece of the source, as head 1 of layer %d looks at it", dm_usual_gaze(c).layer).text));
    const AheadForm *ahead = dm_ahead_form(c);
    if (ahead)
        dm_outline_add(outline,
                       dm_outline(dm_name("%d head%s that look%s ahead, %s: %s", c->ahead, dm_plural((size_t)c->ahead),
                                          c->ahead == 1 ? "s" : "", ahead->name, ahead->outline(c).text)
                                      .text));
    return outline;
}
