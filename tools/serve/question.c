// What a client of `dragoman serve` may ask: JSON becomes lines and options. The options are those of `dragoman
// translate`, with its ranges.
#include <stdlib.h>
#include <string.h>

#include "serve.h"

// ---- Options --------------------------------------------------------------------------------------------------------

static const struct {
    const char *key, *option;
    bool of_attention;
} known[] = {
    {"beam_size", "beam-size", true},
    {"normalize", "normalize", true},
    {"max_length_factor", "max-length-factor", true},
    {"n_best", "n-best", false},
    {"alignment", "alignment", false},
};

// Sets an option of "translate"; its errors speak of the key.
static dm_status set(dm_options *options, size_t which, const char *value, dm_error *error)
{
    dm_error reason;
    if (!dm_options_set(options, known[which].option, 1, &value, &reason)) return DM_OK;
    const char *rest = reason.message + strlen("--") + strlen(known[which].option);
    return misuse(error, "%s%.1500s", known[which].key, rest);
}

static dm_status set_alignment(dm_options *options, size_t which, const cJSON *value, dm_error *error)
{
    if (cJSON_IsFalse(value)) return DM_OK;
    if (cJSON_IsTrue(value)) return set(options, which, "soft", error);
    if (cJSON_IsString(value)) return set(options, which, value->valuestring, error);
    return misuse(error, "alignment must be true, false, \"soft\" or \"hard\"");
}

static dm_status set_number(dm_options *options, size_t which, const cJSON *value, dm_error *error)
{
    if (!cJSON_IsNumber(value)) return misuse(error, "%s must be a number", known[which].key);
    char *text = cJSON_PrintUnformatted(value);
    dm_status status = text ? set(options, which, text, error) : failure(error, "out of memory");
    cJSON_free(text);
    return status;
}

static dm_status set_option(QuestionKind kind, dm_options *options, const cJSON *value, dm_error *error)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].key, value->string) != 0 || (kind == SHOW_ATTENTION && !known[i].of_attention)) continue;
        return (strcmp(known[i].key, "alignment") == 0 ? set_alignment : set_number)(options, i, value, error);
    }
    if (kind == SHOW_ATTENTION)
        return misuse(error,
                      "there is no '%.60s' here: a request has \"line\", and may have beam_size, normalize and "
                      "max_length_factor",
                      value->string);
    return misuse(error,
                  "there is no '%.60s' here: a request has \"lines\", and may have beam_size, normalize, "
                  "max_length_factor, n_best and alignment",
                  value->string);
}

// What the models cannot do, or has no effect, is said of the key, not of the option; of what would help, a request has
// not all that a command line has.
static dm_status say_of_key(const dm_error *reason, dm_error *error)
{
    const char *said = reason->message + (strncmp(reason->message, "--", 2) == 0 ? 2 : 0),
               *more = strstr(said, " has no effect ") ? strstr(said, " and without ") : NULL;
    return misuse(error, "%.*s", more ? (int)(more - said) : 1500, said);
}

static dm_status read_options(Question *q, dm_error *error)
{
    const char *lines = q->kind == SHOW_ATTENTION ? "line" : "lines";
    dm_options *options = dm_options_new("translate");
    if (!options) return failure(error, "out of memory");  // of this answer: the server goes on
    // The scores stand in the answer, so that what is about them counts.
    dm_status status = q->kind == TRANSLATE_LINES ? dm_options_set(options, "json", 0, NULL, error) : DM_OK;
    for (const cJSON *value = cJSON_IsObject(q->body) ? q->body->child : NULL; value && !status; value = value->next)
        if (strcmp(value->string, lines) != 0) status = set_option(q->kind, options, value, error);
    dm_error reason;
    if (!status && dm_translate_options_read(&q->options, options, &reason)) status = say_of_key(&reason, error);
    q->format = format_of(options);
    dm_options_free(options);
    return status;
}

static dm_status check_abilities(const Question *q, dm_model *model, dm_error *error)
{
    dm_error reason;
    dm_status status = dm_translate(model, NULL, 0, &q->options, NULL, &reason);
    return status ? say_of_key(&reason, error) : DM_OK;
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

double question_work(const Question *q, size_t line)
{
    const int beam = q->options.beam_size ? q->options.beam_size : 5;  // what the model says is not much else
    const int hypotheses = beam > q->options.n_best ? beam : q->options.n_best;
    return (q->options.max_length_factor * (double)strlen(q->lines[line]) + 10) * hypotheses;
}

static dm_status check_line(const Question *q, size_t line, dm_model *model, dm_error *error)
{
    const size_t size = strlen(q->lines[line]);
    if (q->lines[line][strcspn(q->lines[line], "\r\n")])
        return misuse(error, "the line has a newline in it: send each line as one of its own");
    if (q->kind == SHOW_ATTENTION && size > MOST_PICTURE_BYTES)
        return misuse(error, "the line has %zu bytes, and more than %d make no picture that can be read", size,
                      (int)MOST_PICTURE_BYTES);
    if (question_work(q, line) > MOST_LINE_WORK)
        return misuse(error,
                      "the line is too long, with %zu bytes, for such a beam, n-best list or length: break it into "
                      "sentences, or ask for less",
                      size);
    return dm_check_lines(model, &q->lines[line], 1, error) ? DM_USAGE : DM_OK;
}

static dm_status read_lines(Question *q, const cJSON *list, dm_error *error)
{
    const cJSON *item;
    q->lines = allocate((size_t)cJSON_GetArraySize(list), sizeof *q->lines);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return misuse(error, "\"lines\" must be strings, and number %zu is not", q->count + 1);
        q->lines[q->count++] = item->valuestring;
    }
    return DM_OK;
}

static dm_status find_lines(Question *q, dm_error *error)
{
    if (q->kind == TRANSLATE_LINES) {
        const cJSON *list = cJSON_IsArray(q->body) ? q->body : cJSON_GetObjectItemCaseSensitive(q->body, "lines");
        if (cJSON_IsArray(list)) return read_lines(q, list, error);
        return misuse(error, "send a list of sentences, or an object with such a list as \"lines\": "
                             "[\"good morning\", \"how are you ?\"]");
    }
    const char *line = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(q->body, "line"));
    if (!line) return misuse(error, "send an object with a sentence as \"line\": {\"line\": \"good morning\"}");
    q->lines = allocate(1, sizeof *q->lines);
    q->lines[q->count++] = line;
    return DM_OK;
}

// ---- The body -------------------------------------------------------------------------------------------------------

// A NUL as such, or escaped: the strings of C would end there.
static bool holds_nul(const char *body, size_t size)
{
    if (strlen(body) < size) return true;
    for (const char *at = body; (at = strchr(at, '\\')); at += at[1] ? 2 : 1)  // past what it escapes
        if (strncmp(at, "\\u0000", 6) == 0) return true;
    return false;
}

static dm_status parse(Question *q, const char *body, size_t size, dm_error *error)
{
    const char *end = body;
    if (holds_nul(body, size)) return misuse(error, "the request has a NUL in it: it is not a text");
    q->body = cJSON_ParseWithLengthOpts(body, size + 1, &end, true);
    if (q->body) return DM_OK;
    return misuse(error, "the request is not JSON: what stands at byte %zu cannot be read", (size_t)(end - body) + 1);
}

dm_status question_read(Question *q, const char *body, size_t size, dm_model *model, size_t *line, dm_error *error)
{
    *line = 0;
    dm_status status = parse(q, body, size, error);
    if (!status) status = find_lines(q, error);
    if (!status) status = read_options(q, error);
    if (!status) status = check_abilities(q, model, error);
    for (size_t i = 0; i < q->count && !status; i++) {
        status = check_line(q, i, model, error);
        if (status) *line = i + 1;
    }
    return status;
}

void question_free(Question *question)
{
    cJSON_Delete(question->body);
    free(question->lines);
}

bool question_like(const Question *a, const Question *b)
{
    const dm_translate_options *x = &a->options, *y = &b->options;
    return a->kind == TRANSLATE_LINES && b->kind == TRANSLATE_LINES && x->beam_size == y->beam_size &&
           !(x->normalize < y->normalize || x->normalize > y->normalize) &&
           !(x->max_length_factor < y->max_length_factor || x->max_length_factor > y->max_length_factor) &&
           x->n_best == y->n_best && x->alignment == y->alignment;
}
