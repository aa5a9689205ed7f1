// A result as sacreBLEU prints it: the signature, a line of text, a JSON object.
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
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
    for (const char *at = value; *at; at++) {
        char escaped[8];
        if (*at == '"' || *at == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", *at);
        else if ((unsigned char)*at < ' ')
            snprintf(escaped, sizeof escaped, "\\u%04x", *at);
        else
            snprintf(escaped, sizeof escaped, "%c", *at);
        put(text, escaped);
    }
    put(text, "\"");
}

static char *confidence_of(const dm_metric *metric)
{
    return dm_format("μ = %.1f ± %.1f", metric->mean, metric->interval);
}

// A JSON object as Python prints it with an indent of one. Only labels may need an escape.
static char *json_of(const dm_metric *metric, const Field *fields, int count)
{
    char *head = dm_format("{\n \"name\": \"%s\",\n \"score\": %.1f", metric->name, metric->score);
    Text text = {0};
    put(&text, head);
    dm_free(head);
    put_member(&text, "signature", metric->signature);
    if (!isnan(metric->mean)) {
        char *confidence =
            dm_format(",\n \"confidence_mean\": %.1f,\n \"confidence_var\": %.1f", metric->mean, metric->interval);
        put(&text, confidence);
        dm_free(confidence);
        confidence = confidence_of(metric);
        put_member(&text, "confidence", confidence);
        dm_free(confidence);
    }
    if (*metric->verbose) put_member(&text, "verbose_score", metric->verbose);
    for (int i = 0; i < count; i++) put_member(&text, fields[i].key, fields[i].value);
    put(&text, "\n}");
    return text.bytes;
}

// BLEU|nrefs:1|... = 20.8 (μ = 20.8 ± 0.7) 54.4/26.6/14.9/8.7 (BP = 1.000 ...
static char *line_of(const dm_metric *metric)
{
    char *confidence = isnan(metric->mean) ? NULL : confidence_of(metric);
    char *line =
        dm_format("%s|%s = %.1f%s%s%s%s%s", metric->name, metric->signature, metric->score, confidence ? " (" : "",
                  confidence ? confidence : "", confidence ? ")" : "", *metric->verbose ? " " : "", metric->verbose);
    dm_free(confidence);
    return line;
}

void dm_describe(dm_metric *metric, const Field *fields, int count)
{
    metric->signature = signature_of(fields, count);
    metric->line = line_of(metric);
    metric->json = json_of(metric, fields, count);
}
