// Runs for tests: dm_train on a corpus of thirty sentences of ten words, to be reversed, and looks at what it left.
#pragma once
#include <cjson/cJSON.h>
#include <math.h>

#include "core/memory.h"
#include "core/random.h"
#include "core/scratch.h"
#include "folder/folder.h"
#include "test.h"
#include "folder/folder_guard.h"

// ---- The corpus and the runs ------------------------------------------------------------------------------------

static inline char *path_of(const char *name)
{
    return dm_copy_string(scratch(name));
}

// Thirty lines; reversed: those of the other side.
static void write_side(const char *name, bool reversed, uint64_t seed)
{
    static const char *const words[] = {"red", "blue", "green", "gold", "pink", "grey", "teal", "lime", "navy", "rust"};
    char text[4096] = "";
    Random random = dm_random(seed, 0, 0, 0);
    for (int line = 0; line < 30; line++) {
        int length = 2 + (int)dm_random_below(&random, 4), word[8];
        for (int i = 0; i < length; i++) word[i] = (int)dm_random_below(&random, 10);
        for (int i = 0; i < length; i++) {
            strcat(text, words[word[reversed ? length - 1 - i : i]]);
            strcat(text, i + 1 < length ? " " : "\n");
        }
    }
    scratch_file(name, text, strlen(text));
}

static void set(dm_options *options, const char *name, const char *values)
{
    char copy[256], *value[8];
    int count = 0;
    snprintf(copy, sizeof copy, "%s", values);
    for (char *at = strtok(copy, " "); at; at = strtok(NULL, " ")) value[count++] = at;
    dm_error error;
    if (dm_options_set(options, name, count, (const char *const *)value, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
}

// What the runs have in common. changes: "name values", ..., NULL
static dm_options *settings(const char *folder, const char *const *changes)
{
    write_side("src", false, 1), write_side("trg", true, 1);
    dm_options *options = dm_options_new("train");
    char *source = path_of("src"), *target = path_of("trg"), *model = path_of(folder);
    char *both = dm_format("%s %s", source, target);
    set(options, "train-sets", both);
    set(options, "model", model);
    static const char *const common[] = {"segmenter space",
                                         "dim-emb 16",
                                         "dim-ffn 32",
                                         "enc-depth 1",
                                         "dec-depth 1",
                                         "heads 2",
                                         "mini-batch-words 40",
                                         "after 10e",
                                         "dropout 0.1",
                                         "lr-warmup 10",
                                         "lr-schedule inv-sqrt",
                                         "learn-rate 0.01",
                                         "save-freq 7u",
                                         "disp-freq 5u",
                                         "cpu-threads 1",
                                         NULL};
    set(options, "gemm", test_backend);
    for (int list = 0; list < 2; list++) {
        for (const char *const *at = list ? changes : common; at && *at; at++) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)strcspn(*at, " "), *at);
            set(options, name, *at + strlen(name));
        }
    }
    // A model that is taken over has its shape and segmenter.
    static const char *const own[] = {"segmenter", "dim-emb", "dim-ffn", "enc-depth", "dec-depth", "heads"};
    for (size_t i = 0; i < DM_COUNT(own) && dm_options_given(options, "pretrained-model"); i++)
        dm_options_unset(options, own[i], NULL);
    dm_free(source), dm_free(target), dm_free(model), dm_free(both);
    return options;
}
#define CHANGES(...) ((const char *const[]){__VA_ARGS__, NULL})

typedef struct Watcher {
    int updates;     // seen
    int stop_after;  // 0: never
    const char *until;  // or once a line has these words; NULL: never
    bool said;          // they were
    char last[512];  // line
} Watcher;

static void see_line(void *context, const char *line)
{
    Watcher *watcher = context;
    snprintf(watcher->last, sizeof watcher->last, "%s", line);
    if (watcher->until && strstr(line, watcher->until)) watcher->said = true;
}

static void see_update(void *context, const char *status)
{
    (void)status;
    ((Watcher *)context)->updates++;
}

static bool enough(void *context)
{
    const Watcher *watcher = context;
    return watcher->said || (watcher->stop_after && watcher->updates >= watcher->stop_after);
}

// Trains; returns whether it was stopped. error: NULL if it must not fail.
static inline bool train(const char *folder, const char *const *changes, Watcher *watcher, dm_error *error)
{
    Watcher nobody = {0};
    if (!watcher) watcher = &nobody;
    dm_error unexpected = {.message = ""};
    dm_options *options = settings(folder, changes);
    dm_observer observer = {watcher, see_line, see_update, enough};
    bool stopped = false;
    dm_status status = dm_train(options, &observer, &stopped, error ? error : &unexpected);
    if (status && !error) {
        fprintf(stderr, "%s\n", unexpected.message);
        CU_FAIL("training failed");
    }
    if (!status && error) error->message[0] = '\0';
    dm_options_free(options);
    return stopped;
}

static char *read_text(const char *folder, const char *name)
{
    char *path = dm_format("%s/%s", scratch(folder), name), *text = NULL;
    if (dm_read_file(path, &text, NULL, NULL)) text = dm_copy_string("");
    dm_free(path);
    return text;
}

static inline bool same_file(const char *a, const char *b, const char *name)
{
    char *path[2] = {dm_format("%s/%s", scratch(a), name), dm_format("%s/%s", scratch(b), name)}, *text[2] = {0};
    size_t size[2] = {0, 1};
    for (int i = 0; i < 2; i++) dm_read_file(path[i], &text[i], &size[i], NULL);
    bool same = text[0] && text[1] && size[0] == size[1] && memcmp(text[0], text[1], size[0]) == 0;
    for (int i = 0; i < 2; i++) dm_free(path[i]), dm_free(text[i]);
    return same;
}

static inline void append(const char *folder, const char *name, const char *text)
{
    char *path = dm_format("%s/%s", scratch(folder), name);
    FILE *file = fopen(path, "a");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) abort();
    dm_free(path);
}

// train.jsonl without what the clock says.
static char *timeless_journal(const char *folder)
{
    char *text = read_text(folder, "train.jsonl"), *rest = NULL, *result = dm_copy_string("");
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *event = cJSON_Parse(line);
        CU_ASSERT(event != NULL);
        cJSON_DeleteItemFromObjectCaseSensitive(event, "seconds");
        cJSON_DeleteItemFromObjectCaseSensitive(event, "target_tokens_per_second");
        char *plain = cJSON_PrintUnformatted(event), *longer = dm_format("%s%s\n", result, plain);
        cJSON_free(plain);
        cJSON_Delete(event);
        dm_free(result);
        result = longer;
    }
    dm_free(text);
    return result;
}

static inline bool same_journal(const char *a, const char *b)
{
    char *one = timeless_journal(a), *other = timeless_journal(b);
    bool same = *one && strcmp(one, other) == 0;
    dm_free(one), dm_free(other);
    return same;
}

// A figure of the last event of a kind in train.jsonl; -1: there is none.
static inline double last_figure(const char *folder, const char *kind, const char *name)
{
    double figure = -1;
    char *text = read_text(folder, "train.jsonl"), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *event = cJSON_Parse(line);
        const char *said = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"));
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, name);
        if (said && strcmp(said, kind) == 0 && cJSON_IsNumber(item)) figure = item->valuedouble;
        cJSON_Delete(event);
    }
    dm_free(text);
    return figure;
}

static inline Model *open_model(const char *folder)
{
    Model *model = NULL;
    dm_error error = {.message = ""};
    if (dm_model_read(&model, NULL, scratch(folder), &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return model;
}

static inline char *validation_on_itself(void)
{
    char *source = path_of("src"), *target = path_of("trg"), *text = dm_format("valid-sets %s %s", source, target);
    dm_free(source), dm_free(target);
    return text;
}
