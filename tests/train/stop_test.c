// Facts about runs that are stopped: wherever that is, nothing is damaged, nothing is left behind, and the run goes on
// to the same bytes. A place is the number of times that the run has asked before, so that no clock has a say.
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include "core/apart.h"
#include "folder/folder_files.h"
#include "runs.h"

typedef struct Asked {
    int times, stop_at;  // 0: never
    char line[128];      // the last one that was said before the run was stopped
    bool stopped;
} Asked;

static void hear(void *context, const char *line)
{
    Asked *asked = context;
    if (!asked->stopped) snprintf(asked->line, sizeof asked->line, "%s", line);
}

static bool count_and_stop(void *context)
{
    Asked *asked = context;
    asked->stopped = ++asked->times == asked->stop_at;
    return asked->stopped;
}

// Everything that a run does: a segmenter, cutting, updates, validation by cost and translation, an average, heads.
static bool run_all(const char *folder, const char *segmenter, Asked *asked)
{
    char *valid = validation_on_itself(), *kind = dm_format("segmenter %s", segmenter);
    const char *size = strcmp(segmenter, "space") ? "vocab-size 30" : "disp-freq 5u";
    dm_options *options = settings(folder, CHANGES(kind, size, valid, "after 2e", "valid-freq 3u", "average 2",
                                                   "max-length 0", "mini-batch-words 60", "save-freq 3u"));
    const dm_observer observer = {asked, hear, NULL, count_and_stop};
    bool stopped = false;
    dm_error error = {.message = ""};
    if (dm_train(options, &observer, &stopped, &error)) {
        fprintf(stderr, "%s\n", error.message);
        CU_FAIL("training failed");
    }
    dm_options_free(options);
    dm_free(valid), dm_free(kind);
    return stopped;
}

static bool no_children(void)
{
    return waitpid(-1, NULL, WNOHANG) < 0;
}

static void expect_the_same(const char *folder, const char *whole)
{
    static const char *const files[] = {"model.safetensors", "vocab.json", "epoch-0002.safetensors", "source.spm"};
    const size_t count = dm_folder_has(scratch(whole), DM_SOURCE_SEGMENTER_FILE) ? 4 : 3;
    for (size_t i = 0; i < count; i++) CU_ASSERT(same_file(folder, whole, files[i]));
    CU_ASSERT(same_journal(folder, whole));
}

// Making a segmenter asks ten times a second, the rest as often on every machine: so the first few places are in it or
// in what comes next, and of others in it there is nothing to know.
static void a_run_that_is_stopped_before_it_begins_leaves_nothing(void)
{
    Asked nobody = {0};
    int in_segmenter = 0;
    run_all("whole", "unigram", &nobody);
    for (int at = 1; at <= 3; at++) {
        Asked asked = {.stop_at = at};
        char folder[32];
        snprintf(folder, sizeof folder, "early%d", at);
        CU_ASSERT(run_all(folder, "unigram", &asked));
        CU_ASSERT_FALSE(dm_exists(scratch(folder)));
        CU_ASSERT(no_children());
        in_segmenter += strncmp(asked.line, "Training a segmenter", 20) == 0;
        CU_ASSERT_FALSE(run_all(folder, "unigram", &(Asked){0}));
        expect_the_same(folder, "whole");
    }
    CU_ASSERT(in_segmenter > 0);
}

static bool has(const char *folder, const char *name, const char *words)
{
    char *path = dm_format("%s/%s", scratch(folder), name), *bytes = NULL;
    size_t size = 0;
    const bool found = !dm_read_file(path, &bytes, &size, NULL) && memmem(bytes, size, words, strlen(words));
    dm_free(bytes), dm_free(path);
    return found;
}

static void a_run_that_is_stopped_anywhere_goes_on_to_the_same_bytes(void)
{
    Asked whole = {0};
    run_all("spaces", "space", &whole);
    int cutting = 0, validating = 0, between = 0, at_the_end = 0;
    for (int at = 1; at <= whole.times; at += at < 8 || at > whole.times - 2 ? 1 : 23) {
        Asked asked = {.stop_at = at};
        char folder[32];
        snprintf(folder, sizeof folder, "stopped%d", at);
        CU_ASSERT(run_all(folder, "space", &asked));
        CU_ASSERT_EQUAL(asked.times, at);  // a yes is a yes
        if (!dm_exists(scratch(folder)))
            cutting++;
        else if (has(folder, "training.safetensors", "owes_validation\":\"1"))
            validating++;
        else if (last_figure(folder, "valid", "update") == last_figure("spaces", "end", "update"))
            at_the_end++;  // all is learnt and validated, but the heads are not chosen
        else
            between++;
        CU_ASSERT(last_figure(folder, "alignment", "layer") == -1);
        CU_ASSERT_FALSE(run_all(folder, "space", &(Asked){0}));
        expect_the_same(folder, "spaces");
    }
    CU_ASSERT(cutting > 0 && validating > 0 && between > 0 && at_the_end > 0);
}

// Nobody who could stop it: no child, and the same bytes.
static void without_anybody_to_ask_it_is_done_here(void)
{
    char *valid = validation_on_itself();
    dm_options *options = settings("unasked", CHANGES("segmenter unigram", "vocab-size 30", "after 1u"));
    CU_ASSERT_EQUAL(dm_train(options, NULL, NULL, NULL), DM_OK);
    CU_ASSERT(same_file("unasked", "whole", "source.spm"));
    dm_options_free(options);
    dm_free(valid);
}

// ---- Work apart -------------------------------------------------------------------------------------------------

static void write_much(void *context, FILE *result)
{
    for (int i = 0; i < *(int *)context; i++) fprintf(result, "%d ", i);
}

static void forever(void *context, FILE *result)
{
    (void)context, (void)result;
    for (;;) pause();
}

static void die(void *context, FILE *result)
{
    (void)context;
    fputs("half", result);
    fflush(result);
    raise(SIGKILL);
}

static bool at_the_third(void *context)
{
    return ++*(int *)context == 3;
}

static int open_files(void)
{
    int count = 0;
    DIR *listing = opendir("/proc/self/fd");
    while (listing && readdir(listing)) count++;
    if (listing) closedir(listing);
    return count;
}

static void work_that_is_done_apart_comes_back_or_is_given_up(void)
{
    const int files = open_files();
    int numbers = 100000, times = 0;
    char *bytes = NULL;
    size_t size = 0;
    dm_error error = {.message = ""};
    Stop stop;
    dm_stop_begin(&stop, at_the_third, &times);
    CU_ASSERT_EQUAL(dm_work_apart(write_much, &numbers, NULL, "counting", &bytes, &size, &error), DM_OK);
    CU_ASSERT(size == 588890 && memcmp(bytes + size - 6, "99999 ", 6) == 0);
    dm_free(bytes);
    CU_ASSERT_EQUAL(dm_work_apart(forever, NULL, &stop, "waiting", &bytes, &size, &error), DM_STOPPED);
    CU_ASSERT_EQUAL(times, 3);
    CU_ASSERT_EQUAL(dm_work_apart(die, NULL, NULL, "dying", &bytes, &size, &error), DM_FAILURE);
    CU_ASSERT(!bytes && strstr(error.message, "dying: ") && strstr(error.message, strsignal(SIGKILL)));
    CU_ASSERT(no_children());
    CU_ASSERT_EQUAL(open_files(), files);
}

const Fact facts[] = {
    FACT(a_run_that_is_stopped_before_it_begins_leaves_nothing),
    FACT(a_run_that_is_stopped_anywhere_goes_on_to_the_same_bytes),
    FACT(without_anybody_to_ask_it_is_done_here),
    FACT(work_that_is_done_apart_comes_back_or_is_given_up),
    {NULL, NULL},
};
