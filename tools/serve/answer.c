// What `dragoman serve` answers: translations as `dragoman translate --json` writes them, attention, errors, how it is,
// and which model this is. All of it is JSON.
#include <stdlib.h>
#include <string.h>

#include "json_values.h"
#include "serve.h"

static const char json[] = "application/json";

static FILE *open_text(Reply *reply)
{
    *reply = (Reply){.status = 200, .type = json};
    return text_stream(&reply->text, &reply->size);
}

// Takes the object; NULL: there was no memory for it.
static void put_line(Reply *reply, cJSON *object)
{
    FILE *stream = open_text(reply);
    char *text = cJSON_PrintUnformatted(object);
    fprintf(stream, "%s\n", text ? text : "{\"error\":\"out of memory\"}");
    fclose(stream);
    cJSON_free(text);
    cJSON_Delete(object);
}

// The message may repeat a part of what was sent, cut anywhere: only ASCII of it is sure to be UTF-8.
Reply reply_error(unsigned status, size_t line, const char *message)
{
    Reply reply;
    char *plain = line ? format_text("line %zu: %s", line, message) : format_text("%s", message);
    for (char *at = plain; *at; at++)
        if ((unsigned char)*at >= 0x80) *at = '?';
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "error", plain);
    if (line) cJSON_AddNumberToObject(object, "line", (double)line);
    put_line(&reply, object);
    free(plain);
    reply.status = status;
    return reply;
}

// Of a job that has ended without an answer.
static Reply reply_failure(const Job *job)
{
    if (job->abandoned) return reply_error(503, 0, "nobody waits for this answer any more");
    if (job->status == DM_STOPPED) return reply_error(503, 0, "the server is ending: it takes no new requests");
    return reply_error(job->status == DM_USAGE ? 400 : 500, 0, job->error.message);
}

// ---- Translations ---------------------------------------------------------------------------------------------------

static bool put_translation(FILE *stream, const Job *job, size_t line)
{
    fputs(line ? ",\n" : "", stream);
    const bool made = print_translation_json(stream, &job->question->format, &job->translations[line]);
    dm_translations_free(&job->translations[line], 1);
    return made && ftello(stream) <= MOST_ANSWER;
}

// Lines are written as they come: what is written is freed, and an answer that grows too large is noticed early.
Reply reply_translations(Queue *queue, Job *job)
{
    Reply reply;
    FILE *stream = open_text(&reply);
    const size_t count = job->question->count;
    bool fits = true;
    fputc('[', stream);
    for (size_t line = 0, done = 0; fits && line < count; line++) {
        if (line == done) done = queue_wait(queue, job, done);
        if (line == done) break;  // it has ended, with an error
        fits = put_translation(stream, job, line);
    }
    fputs("]\n", stream);
    fclose(stream);
    if (!fits) queue_abandon(queue, job);
    queue_wait(queue, job, count);
    if (fits && !job->status) return reply;
    free(reply.text);
    if (fits) return reply_failure(job);
    return reply_error(413, 0, "the answer has more than 32 MiB: send fewer lines at once, or ask for less of each");
}

// ---- Attention ------------------------------------------------------------------------------------------------------

Reply reply_attention(Queue *queue, Job *job)
{
    Reply reply;
    const dm_attended *seen = &job->attended;
    queue_wait(queue, job, job->question->count);
    if (job->status) return reply_failure(job);
    if (seen->source_pieces > MOST_PICTURE_PIECES || seen->target_pieces > MOST_PICTURE_PIECES)
        return reply_error(400, 1, "the line or its translation has more than 64 pieces: no picture that can be read");
    put_line(&reply, attention_json(seen));
    return reply;
}

// ---- How it is ------------------------------------------------------------------------------------------------------

Reply reply_health(Queue *queue, const char *models)
{
    Reply reply;
    const QueueState state = queue_state(queue);
    cJSON *health = cJSON_CreateObject();
    cJSON_AddStringToObject(health, "status", state.ending ? "ending" : "ok");
    cJSON_AddStringToObject(health, "model", models);
    cJSON_AddStringToObject(health, "version", dm_version());
    cJSON_AddNumberToObject(health, "waiting", (double)state.waiting);
    cJSON_AddNumberToObject(health, "translated", (double)state.translated);
    put_line(&reply, health);
    if (state.ending) reply.status = 503;
    return reply;
}

// ---- The models -----------------------------------------------------------------------------------------------------

// NULL, or what is no object, of a file that cannot be read.
static cJSON *read_json(const char *folder, const char *name)
{
    dm_error error;
    cJSON *read = NULL;
    char *path = format_text("%s/%s", folder, name);
    (void)json_read(&read, path, &error);
    free(path);
    return read;
}

static void copy(cJSON *to, const char *key, const cJSON *from)
{
    if (from) cJSON_AddItemToObject(to, key, cJSON_Duplicate(from, true));
}

// "en" of "corpus/train.en"; NULL: the name does not say it.
static const char *ending(const char *path)
{
    const char *dot = path ? strrchr(path, '.') : NULL;
    const size_t size = dot ? strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz") : 0;
    return (size == 2 || size == 3) && !dot[1 + size] && strcmp(dot, ".txt") != 0 ? dot + 1 : NULL;
}

// What tokenizer_config.json says, or else the names of the texts that it learnt from. NULL: nobody says it.
static const char *language_of(const cJSON *tokenizer, const cJSON *ours, int side)
{
    const cJSON *training = json_find(ours, "training"), *sets = json_find(training, "train-sets");
    const char *said = json_string(tokenizer, side ? "target_lang" : "source_lang");
    if (*said && strcmp(said, "und") != 0) return said;
    return ending(cJSON_GetStringValue(cJSON_GetArrayItem(sets, side)));
}

static cJSON *describe(const char *folder)
{
    static const char *const keys[] = {"encoder_layers", "decoder_layers", "encoder_attention_heads",
                                       "decoder_attention_heads", "d_model"};
    dm_error error;
    char *name = folder_name(folder), *text = NULL;
    (void)dm_model_describe(folder, 0, &text, &error);
    cJSON *model = cJSON_CreateObject(), *described = cJSON_Parse(text), *config = read_json(folder, "config.json"),
          *tokenizer = read_json(folder, "tokenizer_config.json");
    const cJSON *ours = json_find(config, "dragoman"), *architecture = json_find(described, "architecture");
    const char *source = language_of(tokenizer, ours, 0), *target = language_of(tokenizer, ours, 1);
    cJSON_AddStringToObject(model, "name", name);
    if (source) cJSON_AddStringToObject(model, "source_language", source);
    if (target) cJSON_AddStringToObject(model, "target_language", target);
    copy(model, "segmenter", json_find(ours, "segmenter"));
    copy(model, "architecture", json_find(architecture, "name"));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) copy(model, keys[i], json_find(architecture, keys[i]));
    copy(model, "vocab_size", json_find(config, "vocab_size"));
    cJSON_Delete(described);
    cJSON_Delete(config);
    cJSON_Delete(tokenizer);
    free(text);
    free(name);
    return model;
}

// Whether they can say which words belong together.
static bool can_align(dm_model *model)
{
    dm_error error;
    dm_translate_options options;
    (void)dm_translate_options_read(&options, NULL, &error);
    options.alignment = true;
    return dm_translate(model, NULL, 0, &options, NULL, &error) == DM_OK;
}

char *name_models(const dm_options *options)
{
    char *names = folder_name(dm_options_text(options, "model", 0));
    for (int i = 1; i < dm_options_count(options, "model"); i++) {
        char *before = names, *name = folder_name(dm_options_text(options, "model", i));
        names = format_text("%s + %s", before, name);
        free(before);
        free(name);
    }
    return names;
}

char *describe_models(const dm_options *options, dm_model *model)
{
    cJSON *info = cJSON_CreateObject(), *models = cJSON_AddArrayToObject(info, "models");
    cJSON_AddStringToObject(info, "version", dm_version());
    cJSON_AddBoolToObject(info, "alignment", can_align(model));
    for (int i = 0; i < dm_options_count(options, "model"); i++)
        cJSON_AddItemToArray(models, describe(dm_options_text(options, "model", i)));
    char *text = cJSON_PrintUnformatted(info);
    cJSON_Delete(info);
    return text;
}
