// Facts about runs that go on: what they take over, what may change on the way and is written down, and what is known
// of their texts.
#include "runs.h"

static bool journal_has(const char *folder, const char *words)
{
    char *text = read_text(folder, "train.jsonl");
    const bool has = strstr(text, words) != NULL;
    if (!has) fprintf(stderr, "\nthe log of %s does not have %s\n", folder, words);
    dm_free(text);
    return has;
}

// A setting as config.json has it recorded, in JSON; "" where there is none. Good until the next call.
static const char *recorded(const char *folder, const char *option)
{
    static char value[256];
    char *text = read_text(folder, "config.json");
    cJSON *json = cJSON_Parse(text), *ours = cJSON_GetObjectItem(json, "dragoman");
    char *said = cJSON_PrintUnformatted(cJSON_GetObjectItem(cJSON_GetObjectItem(ours, "training"), option));
    snprintf(value, sizeof value, "%s", said ? said : "");
    cJSON_free(said);
    cJSON_Delete(json);
    dm_free(text);
    return value;
}

// dragoman train --model FOLDER, and nothing but this.
static dm_status go_on(const char *folder, const char *const *more, Watcher *watcher, dm_error *error)
{
    dm_options *options = dm_options_new("train");
    char *model = path_of(folder);
    set(options, "model", model);
    for (; more && *more; more++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*more, " "), *more);
        if ((*more)[strlen(name)])
            set(options, name, *more + strlen(name));
        else
            dm_options_set(options, name, 0, NULL, NULL);
    }
    Watcher nobody = {0};
    dm_observer observer = {watcher ? watcher : &nobody, see_line, see_update, enough};
    const dm_status status = dm_train(options, &observer, NULL, error);
    if (status && strcmp(error->message, "") == 0) CU_FAIL("a failure without a word");
    dm_options_free(options);
    dm_free(model);
    return status;
}

static void the_folder_alone_is_enough_to_go_on(void)
{
    char *valid = validation_on_itself();
    const char *const changes[] = {"after 6e", valid, "dropout 0.2", "keep-best bleu", "lr-schedule linear", NULL};
    dm_error error = {.message = ""};
    train("whole", changes, NULL, NULL);
    train("alone", changes, &(Watcher){.stop_after = 7}, NULL);
    CU_ASSERT_EQUAL(go_on("alone", NULL, NULL, &error), DM_OK);
    CU_ASSERT(same_file("alone", "whole", "model.safetensors") && same_journal("alone", "whole"));
    CU_ASSERT(same_file("alone", "whole", "best-bleu.safetensors"));
    CU_ASSERT_EQUAL(go_on("nothing_there", NULL, NULL, &error), DM_USAGE);
    CU_ASSERT(strstr(error.message, "--train-sets") && !dm_exists(scratch("nothing_there")));
    CU_ASSERT_EQUAL(go_on("alone", CHANGES("overwrite"), NULL, &error), DM_USAGE);
    CU_ASSERT(strstr(error.message, "--train-sets") && same_file("alone", "whole", "model.safetensors"));
    dm_free(valid);
}

static void another_end_is_recorded(void)
{
    dm_error error = {.message = ""};
    train("further", CHANGES("after 4u"), NULL, NULL);
    CU_ASSERT_STRING_EQUAL(recorded("further", "after"), "\"4u\"");
    CU_ASSERT_EQUAL(go_on("further", CHANGES("after 6u"), NULL, &error), DM_OK);
    CU_ASSERT_STRING_EQUAL(recorded("further", "after"), "\"6u\"");
    CU_ASSERT(journal_has("further", "--after 6u is reached"));
}

static void what_may_change_does_with_change(void)
{
    dm_error error = {.message = ""};
    char *valid = validation_on_itself();
    train("changed", CHANGES("after 4e", valid), &(Watcher){.stop_after = 5}, NULL);
    train("same", CHANGES("after 4e", valid), NULL, NULL);
    const char *const other[] = {"dropout 0", "learn-rate 0.002", "save-freq 1u", "valid-freq 2u", "change", NULL};
    CU_ASSERT_EQUAL(go_on("changed", CHANGES("dropout 0"), NULL, &error), DM_USAGE);
    CU_ASSERT(strstr(error.message, "--dropout: begun with 0.1, now 0 (possible from here on, with --change)") != NULL);
    CU_ASSERT_EQUAL(go_on("changed", CHANGES("dim-emb 32", "change"), NULL, &error), DM_USAGE);
    CU_ASSERT(strstr(error.message, "--dim-emb: begun with 16, now 32 (it stays: ") != NULL);
    CU_ASSERT_STRING_EQUAL(recorded("changed", "dropout"), "0.1");
    CU_ASSERT_EQUAL(go_on("changed", other, &(Watcher){.stop_after = 1}, &error), DM_OK);
    CU_ASSERT(journal_has("changed", "{\"event\":\"change\",\"epoch\":2,\"update\":5,\"option\":\"dropout\",\"from\":"
                                     "\"0.1\",\"to\":\"0\"}"));
    CU_ASSERT_STRING_EQUAL(recorded("changed", "dropout"), "0");
    CU_ASSERT_STRING_EQUAL(recorded("changed", "valid-freq"), "\"2u\"");
    CU_ASSERT_STRING_EQUAL(recorded("changed", "change"), "false");
    CU_ASSERT_EQUAL(go_on("changed", NULL, NULL, &error), DM_OK);  // and with nothing said, so it stays
    CU_ASSERT(journal_has("changed", "\"learn_rate\":0.002") && !same_file("changed", "same", "model.safetensors"));
    CU_ASSERT(journal_has("changed", "{\"event\":\"valid\",\"epoch\":2,\"update\":6,"));
    train("fresh", CHANGES("change"), NULL, &error);
    CU_ASSERT(strstr(error.message, "--change is for a run that goes on") && !dm_exists(scratch("fresh")));
    dm_free(valid);
}

// A rate that falls to 0 at the end does so at the end that is moved.
static void a_schedule_ends_where_the_end_is_moved_to(void)
{
    dm_error error = {.message = ""};
    train("linear", CHANGES("after 4e", "lr-schedule linear", "lr-warmup 0", "disp-freq 1u", "mini-batch-words 100000"),
          NULL, NULL);
    CU_ASSERT(last_figure("linear", "train", "learn_rate") == 0);
    CU_ASSERT_EQUAL(go_on("linear", CHANGES("after 6e"), NULL, &error), DM_USAGE);
    CU_ASSERT_EQUAL(go_on("linear", CHANGES("after 6e", "change"), &(Watcher){.stop_after = 1}, &error), DM_OK);
    CU_ASSERT_DOUBLE_EQUAL(last_figure("linear", "train", "learn_rate"), 0.01 / 6, 1e-8);
    CU_ASSERT_EQUAL(go_on("linear", NULL, NULL, &error), DM_OK);
    CU_ASSERT(last_figure("linear", "train", "learn_rate") == 0);
    CU_ASSERT_DOUBLE_EQUAL(last_figure("linear", "end", "update"), 6, 0);
}

// ---- Texts ------------------------------------------------------------------------------------------------------

static void copy(const char *from, const char *to)
{
    char *source = path_of(from), *bytes;
    size_t size;
    if (dm_read_file(source, &bytes, &size, NULL)) abort();
    scratch_file(to, bytes, size);
    dm_free(source), dm_free(bytes);
}

static char *two(const char *option, const char *source, const char *target)
{
    char *a = path_of(source), *b = path_of(target), *text = dm_format("%s %s %s", option, a, b);
    dm_free(a), dm_free(b);
    return text;
}

static void the_same_text_under_another_name_goes_on(void)
{
    dm_error error = {.message = ""};
    char *valid = validation_on_itself();
    const char *const changes[] = {"after 6e", valid, NULL};
    train("stayed", changes, NULL, NULL);
    train("moving", changes, &(Watcher){.stop_after = 5}, NULL);
    copy("src", "elsewhere.src"), copy("trg", "elsewhere.trg");
    char *from = path_of("moving"), *to = path_of("moved");
    CU_ASSERT_EQUAL(rename(from, to), 0);
    char *text = two("train-sets", "elsewhere.src", "elsewhere.trg");
    char *held_out = two("valid-sets", "elsewhere.src", "elsewhere.trg");
    CU_ASSERT_EQUAL(go_on("moved", CHANGES(text, held_out), NULL, &error), DM_OK);
    CU_ASSERT(same_file("moved", "stayed", "model.safetensors") && same_journal("moved", "stayed"));
    CU_ASSERT(strstr(recorded("moved", "train-sets"), "elsewhere.src") != NULL);
    dm_free(valid), dm_free(text), dm_free(held_out), dm_free(from), dm_free(to);
}

static void another_validation_text_forgets_what_was_the_best(void)
{
    dm_error error = {.message = ""};
    char *valid = validation_on_itself();
    train("judged", CHANGES("after 100u", valid, "valid-freq 3u", "early-stopping 2"), &(Watcher){.stop_after = 30},
          NULL);
    const double before = last_figure("judged", "valid", "best");
    write_side("other.src", false, 5), write_side("other.trg", false, 6);  // a hard text: no cost is as low
    char *other = two("valid-sets", "other.src", "other.trg");
    Watcher watcher = {.stop_after = 3};
    CU_ASSERT_EQUAL(go_on("judged", CHANGES(other), &watcher, &error), DM_OK);
    CU_ASSERT(journal_has("judged", "\"event\":\"anew\"") && journal_has("judged", "validation text is another one"));
    CU_ASSERT(last_figure("judged", "valid", "update") == 33 && last_figure("judged", "valid", "stalled") == 0);
    CU_ASSERT(last_figure("judged", "valid", "best") > before);
    CU_ASSERT(last_figure("judged", "valid", "best") == last_figure("judged", "valid", "ce-mean-words"));
    const double best = last_figure("judged", "valid", "best");
    watcher = (Watcher){.stop_after = 3};
    CU_ASSERT_EQUAL(go_on("judged", NULL, &watcher, &error), DM_OK);  // the same text: nothing is forgotten
    CU_ASSERT(last_figure("judged", "anew", "update") == 30 && last_figure("judged", "valid", "best") <= best);
    dm_free(valid), dm_free(other);
}

static void another_metric_forgets_what_was_the_best(void)
{
    dm_error error = {.message = ""};
    char *valid = validation_on_itself();
    train("by_cost", CHANGES("after 12u", valid, "valid-freq 3u"), &(Watcher){.stop_after = 6}, NULL);
    CU_ASSERT_EQUAL(go_on("by_cost", CHANGES("valid-metrics perplexity bleu", "change"), NULL, &error), DM_OK);
    CU_ASSERT(journal_has("by_cost", "\"event\":\"anew\""));
    CU_ASSERT(last_figure("by_cost", "valid", "best") >= 1 && last_figure("by_cost", "valid", "ce-mean-words") > 0);
    CU_ASSERT(journal_has("by_cost", "\"perplexity\":"));
    dm_free(valid);
}

const Fact facts[] = {
    FACT(the_folder_alone_is_enough_to_go_on),      FACT(another_end_is_recorded),
    FACT(what_may_change_does_with_change),         FACT(a_schedule_ends_where_the_end_is_moved_to),
    FACT(the_same_text_under_another_name_goes_on), FACT(another_validation_text_forgets_what_was_the_best),
    FACT(another_metric_forgets_what_was_the_best), {NULL, NULL},
};
