// A result as sacreBLEU prints it: the signature, a line of text, a JSON object.
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "score/score.h"
#include "score/unicode.h"

static void put(Text *text, const char *string)
{
    dm_text_put(text, string, strlen(string));
}

static char *signature_of(const Field *fields, int count)
{
    Text text = {0};
    for (int i = 0; i < count; i++) {
        if (i) put(&text, "|");
        put(&text, fields[i].key);
        put(&text, ":");
        put(&text, fields[i].value);
    }
    return text.bytes;
}

static void put_member(Text *text, const char *key, const char *value)
{
    put(text, ",\n \"");
    put(text, key);
    put(text, "\": \"");
    put(text, value);
    put(text, "\"");
}

// A JSON object as Python prints it with an indent of one; no string in it needs an escape.
static char *json_of(const dm_metric *metric, const Field *fields, int count)
{
    char *head = dm_format("{\n \"name\": \"%s\",\n \"score\": %.1f", metric->name, metric->score);
    Text text = {0};
    put(&text, head);
    free(head);
    put_member(&text, "signature", metric->signature);
    if (*metric->verbose) put_member(&text, "verbose_score", metric->verbose);
    for (int i = 0; i < count; i++) put_member(&text, fields[i].key, fields[i].value);
    put(&text, "\n}");
    return text.bytes;
}

void dm_describe(dm_metric *metric, const Field *fields, int count)
{
    metric->signature = signature_of(fields, count);
    metric->line = dm_format("%s|%s = %.1f%s%s", metric->name, metric->signature, metric->score,
                             *metric->verbose ? " " : "", metric->verbose);
    metric->json = json_of(metric, fields, count);
}
