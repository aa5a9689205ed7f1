// Facts about validations: what can be the best, what stalls, when they are made, and how BLEU cuts their text.
#include "runs.h"
#include "train/validate.h"

// ---- The best ---------------------------------------------------------------------------------------------------

// A validation that measured this alone, at the next update; was it a new best?
static bool measured(Best best[DM_MOST_METRICS], const char *metric, double value)
{
    static long update;
    const Validation validation = {.metrics = 1, .metric = {dm_metric_of(metric)}, .value = {value}};
    return dm_best_update(best, &validation, ++update);
}

static void a_score_of_nothing_is_not_the_best_and_nothing_stalls_against_it(void)
{
    Best best[DM_MOST_METRICS] = {0};
    for (int i = 0; i < 12; i++) CU_ASSERT_FALSE(measured(best, "bleu", 0));
    CU_ASSERT_EQUAL(best[0].update, 0);
    CU_ASSERT_EQUAL(best[0].stalled, 0);
    CU_ASSERT(measured(best, "bleu", 0.1));
    CU_ASSERT_FALSE(measured(best, "bleu", 0));
    CU_ASSERT_FALSE(measured(best, "bleu", 0.1));
    CU_ASSERT_EQUAL(best[0].stalled, 2);
    CU_ASSERT(measured(best, "bleu", 0.2));
    CU_ASSERT_EQUAL(best[0].stalled, 0);
}

static void what_is_no_number_is_not_the_best(void)
{
    static const double none[] = {INFINITY, NAN};
    for (int i = 0; i < 2; i++) {
        Best best[DM_MOST_METRICS] = {0};
        CU_ASSERT_FALSE(measured(best, "perplexity", none[i]));
        CU_ASSERT_EQUAL(best[0].stalled, 0);
        CU_ASSERT(measured(best, "perplexity", 1e30));
        CU_ASSERT_FALSE(measured(best, "perplexity", none[i]));
        CU_ASSERT_EQUAL(best[0].stalled, 1);
        CU_ASSERT(measured(best, "perplexity", 5));
    }
}

// A model that has learnt nothing yet translates into nothing that the reference has: patience is not spent on it.
static void a_run_whose_scores_are_nothing_goes_on_and_says_so(void)
{
    scratch_file("foreign.src", "red blue\ngold pink\n", 19);
    scratch_file("foreign.trg", "uno due tre quattro\ncinque sei sette otto\n", 42);
    char *source = path_of("foreign.src"), *target = path_of("foreign.trg");
    char *valid = dm_format("valid-sets %s %s", source, target);
    Watcher watcher = {0};
    train("nothing", CHANGES("after 6u", valid, "valid-freq 1u", "valid-metrics bleu", "early-stopping 2"), &watcher,
          NULL);
    CU_ASSERT_EQUAL(watcher.updates, 6);
    CU_ASSERT(strstr(watcher.last, "no validation found anything good") != NULL);
    train("nothing_six", CHANGES("after 6u"), NULL, NULL);
    CU_ASSERT(same_file("nothing", "nothing_six", "model.safetensors"));
    char *log = read_text("nothing", "train.jsonl");
    CU_ASSERT(strstr(log, "\"bleu\":0,") && strstr(log, "\"best\":null,\"stalled\":0"));
    dm_free(log), dm_free(source), dm_free(target), dm_free(valid);
}

// ---- When -------------------------------------------------------------------------------------------------------

// Where a value begins in the state of a checkpoint, "name":"VALUE". *bytes: the file, which the caller frees.
static char *in_state(const char *folder, const char *name, char **bytes, size_t *size)
{
    char *path = dm_format("%s/training.safetensors", scratch(folder)), *key = dm_format("\"%s\":\"", name);
    if (dm_read_file(path, bytes, size, NULL)) abort();
    char *at = memmem(*bytes, *size, key, strlen(key));
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    at += strlen(key);
    dm_free(path), dm_free(key);
    return at;
}

static long saved_update(const char *folder)
{
    char *bytes;
    size_t size;
    const long update = strtol(in_state(folder, "update", &bytes, &size), NULL, 10);
    dm_free(bytes);
    return update;
}

// Sets a clock of the checkpoint: the run takes it for what its last session left.
static void set_clock(const char *folder, const char *name, double seconds)
{
    char *bytes, text[17], *file = dm_format("%s/training.safetensors", folder);
    size_t size;
    unsigned long long bits;
    memcpy(&bits, &seconds, sizeof bits);
    snprintf(text, sizeof text, "%016llx", bits);
    memcpy(in_state(folder, name, &bytes, &size), text, 16);
    scratch_file(file, bytes, size);
    dm_free(bytes), dm_free(file);
}

// What a folder holds after each update: which was saved and which was validated last.
typedef struct Seen {
    const char *folder;
    int updates, stop_after;
    long saved[8], validated[8];
} Seen;

static void look_now(void *context, const char *status)
{
    (void)status;
    Seen *seen = context;
    seen->saved[seen->updates] = saved_update(seen->folder);
    seen->validated[seen->updates++] = (long)last_figure(seen->folder, "valid", "update");
}

static bool seen_enough(void *context)
{
    const Seen *seen = context;
    return seen->updates == seen->stop_after;
}

static void watch(Seen *seen, const char *const *changes)
{
    dm_options *options = settings(seen->folder, changes);
    const dm_observer observer = {seen, NULL, look_now, seen_enough};
    CU_ASSERT_EQUAL(dm_train(options, &observer, NULL, NULL), DM_OK);
    dm_options_free(options);
}

// A validation saves; a checkpoint does not validate.
static void validations_and_checkpoints_have_frequencies_of_their_own(void)
{
    static const long saved[] = {0, 2, 3, 4, 4, 6}, validated[] = {-1, -1, 3, 3, 3, 6};
    char *valid = validation_on_itself();
    Seen seen = {.folder = "often", .stop_after = 6};
    watch(&seen, CHANGES("after 100u", valid, "valid-freq 3u", "save-freq 2u"));
    for (int i = 0; i < 6; i++) CU_ASSERT(seen.saved[i] == saved[i] && seen.validated[i] == validated[i]);
    dm_free(valid);
}

// Both frequencies are an hour: what was done ten seconds ago waits, what was done more than an hour ago is due, and
// the sessions before count.
static void time_goes_on_from_one_session_to_the_next(void)
{
    static const struct {
        double validated_ago, saved_ago;
        long validated, saved;
    } cases[] = {{10, 10, -1, 2}, {4000, 10, 3, 3}, {10, 4000, -1, 3}, {4000, 4000, 3, 3}};
    char *valid = validation_on_itself();
    const char *const changes[] = {"after 100u", valid, "valid-freq 1h", "save-freq 1h", NULL};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char folder[16];
        snprintf(folder, sizeof folder, "hourly%zu", i);
        train(folder, changes, &(Watcher){.stop_after = 2}, NULL);
        set_clock(folder, "seconds", 1e6);
        set_clock(folder, "validated_at", 1e6 - cases[i].validated_ago);
        set_clock(folder, "saved_at", 1e6 - cases[i].saved_ago);
        Seen seen = {.folder = folder, .stop_after = 2};
        watch(&seen, changes);
        for (int k = 0; k < 2; k++)  // and once done, it waits again
            CU_ASSERT(seen.validated[k] == cases[i].validated && seen.saved[k] == cases[i].saved);
    }
    dm_free(valid);
}

// ---- The end in the warm-up ---------------------------------------------------------------------------------------

static char *note_of(const char *folder, const char *const *changes)
{
    train(folder, changes, NULL, NULL);
    char *text = read_text(folder, "train.jsonl"), *note = strstr(text, "\"event\":\"note\"");
    if (!note) note = "";
    note = dm_format("%.*s", (int)strcspn(note, "\n"), note);
    dm_free(text);
    return note;
}

static void a_run_that_ends_in_its_warm_up_is_told_what_helps(void)
{
    write_side("other", false, 3);
    char *valid = validation_on_itself(), *other = path_of("other"),
         *hard = dm_format("valid-sets %s %s", other, other);
    const struct {
        const char *const changes[8];
        const char *words[2];  // of the note; none: there is none
    } cases[] = {
        {{"after 8u", valid, "lr-warmup 20"}, {"--after 100u)", "--lr-warmup 1)"}},
        {{"after 25u", valid, "lr-warmup 20"}, {"at its highest after the 20", "--after 100u)"}},
        {{"after 26u", valid, "lr-warmup 20"}, {NULL}},
        {{"after 8u", "lr-warmup 20", "lr-schedule cosine"}, {"--after 100u --change)"}},
        {{"after 8u", valid, "lr-warmup 0"}, {NULL}},
        // The cost stalls, but something else gets better ...
        {{"after 400u", hard, "lr-warmup 400", "valid-freq 3u", "early-stopping 1", "valid-metrics ce-mean-words chrf"},
         {"--early-stopping 3)"}},
        // ... and nothing does.
        {{"after 400u", hard, "lr-warmup 400", "valid-freq 3u", "early-stopping 4", "valid-metrics ce-mean-words"},
         {NULL}},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char folder[16];
        snprintf(folder, sizeof folder, "warm%zu", i);
        char *note = note_of(folder, cases[i].changes);
        CU_ASSERT(!cases[i].words[0] == !*note);
        for (int k = 0; k < 2 && cases[i].words[k]; k++) CU_ASSERT_PTR_NOT_NULL(strstr(note, cases[i].words[k]));
        dm_free(note);
    }
    dm_free(valid), dm_free(other), dm_free(hard);
}

// ---- How BLEU cuts ----------------------------------------------------------------------------------------------

static void bleu_cuts_as_it_is_told_to(void)
{
    char *valid = validation_on_itself();
    static const char *const toks[] = {"valid-tok none", "valid-tok char"};
    double bleu[3];
    for (int i = 0; i < 3; i++) {
        train("cut", CHANGES("after 8e", "overwrite", valid, i < 2 ? toks[i] : "disp-freq 5u"), NULL, NULL);
        bleu[i] = last_figure("cut", "valid", "bleu");
    }
    CU_ASSERT(bleu[0] == bleu[2]);  // in pieces already
    CU_ASSERT(bleu[1] > bleu[0]);
    dm_error error;
    train("cut", CHANGES("overwrite", "valid-tok char"), NULL, &error);
    CU_ASSERT(strstr(error.message, "--valid-sets") != NULL);
    train("cut", CHANGES("overwrite", valid, "valid-metrics chrf", "valid-tok char"), NULL, &error);
    CU_ASSERT(strstr(error.message, "--valid-metrics") != NULL);
    dm_free(valid);
}

static void hear_notes(void *context, const char *line)
{
    char *heard = context;
    if (strstr(line, "--valid-tok")) snprintf(heard, 128, "%s", line);
}

// Where most of the text is in a script without spaces, the tokenizer that can compare it is taken, and said.
static void the_tokenizer_fits_the_validation_text_and_is_said(void)
{
    static const struct {
        const char *text, *given, *said;
    } cases[] = {{"昨日買った本はとても面白い。\n", NULL, "no spaces between words, so bleu takes --valid-tok char"},
                 {"我昨天买的书很有意思。\n", NULL, "Chinese, so bleu takes --valid-tok zh"},
                 {"我昨天买的书很有意思。\n", "valid-tok char", ""},
                 {"the book of yesterday\n", NULL, ""}};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char heard[128] = "", name[16], folder[16];
        snprintf(name, sizeof name, "text%zu", i), snprintf(folder, sizeof folder, "spoken%zu", i);
        char *path = dm_copy_string(scratch_file(name, cases[i].text, strlen(cases[i].text)));
        char *text = dm_format("train-sets %s %s", path, path), *valid = dm_format("valid-sets %s %s", path, path);
        dm_options *options = settings(folder, CHANGES(text, valid, "segmenter bpe", "vocab-size 25", "after 1u",
                                                       cases[i].given ? cases[i].given : "disp-freq 1u"));
        const dm_observer observer = {heard, hear_notes, NULL, NULL};
        dm_error error = {.message = ""};
        CU_ASSERT_EQUAL(dm_train(options, &observer, NULL, &error), DM_OK);
        if (*error.message) fprintf(stderr, "%s\n", error.message);
        CU_ASSERT(strstr(heard, cases[i].said) && !*heard == !*cases[i].said);
        dm_options_free(options);
        dm_free(path), dm_free(text), dm_free(valid);
    }
}

const Fact facts[] = {
    FACT(a_score_of_nothing_is_not_the_best_and_nothing_stalls_against_it),
    FACT(what_is_no_number_is_not_the_best),
    FACT(a_run_whose_scores_are_nothing_goes_on_and_says_so),
    FACT(validations_and_checkpoints_have_frequencies_of_their_own),
    FACT(time_goes_on_from_one_session_to_the_next),
    FACT(a_run_that_ends_in_its_warm_up_is_told_what_helps),
    FACT(the_tokenizer_fits_the_validation_text_and_is_said),
    FACT(bleu_cuts_as_it_is_told_to),
    {NULL, NULL},
};
